/** What a part of an optimizer is to the interpreter: everything there is to it, for parameters of any names. */
import * as t from 'io-ts'
import { type NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/refuse.js'
import * as Params from '../Params.js'
import * as Problem from '../Problem.js'

/** An objective at some parameters. */
export interface Evaluation<P extends string> {
  readonly value: number
  readonly gradient: Params.Params<P>
}

/**
 * The objective, for parts that need more than what the parts before them made of its gradient: itself where the step
 * starts, and anywhere else. Within one step it is one function, its noise drawn once.
 */
export interface Context<P extends string> extends Evaluation<P> {
  readonly evaluate: (params: Params.Params<P>) => Evaluation<P>
}

/** Parameters of names that are known when it runs. */
export type Arrays = Params.Params<string>

/** What an optimizer is to work on. */
export interface Setting {
  /** The parameters' names and shapes. */
  readonly shapes: Params.Shapes<string>
  /** The factor that the parts before put on the gradient of a name: below 0 it has been turned downhill. */
  readonly gain: (name: string) => number
}

export interface Part<S, P extends string = string> {
  readonly init: (params: Params.Params<P>) => S
  readonly update: (
    gradient: Params.Params<P>,
    state: S,
    params: Params.Params<P>,
    context: Context<P>
  ) => readonly [Params.Params<P>, S]
  readonly state: t.Type<S, unknown>
  /** The factor that the part puts on a gradient, sign included; without a state, any number of that sign. */
  readonly gain: (state: S | null, name: string) => number
  /** What the part takes for the answer, where that is not the last iterate. */
  readonly estimate: (params: Params.Params<P>, state: S) => Params.Params<P>
  /** The objective at the parameters, where an update has met it. */
  readonly recall: (params: Params.Params<P>, state: S) => Evaluation<P> | null
  /** What of it needs an objective that is the same function at every step, printed. */
  readonly deterministic: ReadonlyArray<string>
  /** The names for which it has rules. */
  readonly names: ReadonlyArray<string>
  readonly misfits: (setting: Setting) => ReadonlyArray<Problem.Problem>
}

/** A part, with what most parts have: a gain of 1, the last iterate for an answer, no memory of values, no demands. */
export const part = <S>({
  init,
  update,
  state,
  gain = () => 1,
  estimate = params => params,
  recall = () => null,
  deterministic = [],
  names = [],
  misfits = () => []
}: Pick<Part<S>, 'init' | 'update' | 'state'> & Partial<Part<S>>): Part<unknown> => {
  const whole: Part<S> = { init, update, state, gain, estimate, recall, deterministic, names, misfits }
  // A state reaches a part only from its own `init` or codec: the interpreters of `Optimizer` see to it.
  return whole as Part<unknown>
}

/** A part that remembers nothing. */
export const stateless = (
  update: (gradient: Arrays, params: Arrays) => Arrays,
  rest: Partial<Part<null>> = {}
): Part<unknown> =>
  part<null>({
    init: () => null,
    update: (gradient, _, params) => [update(gradient, params), null],
    state: t.null,
    ...rest
  })

/** Stands for the objective where it was not given, and says so when it is asked for. */
export const unknownObjective = <P extends string>(gradient: Params.Params<P>): Context<P> => {
  const ask = (): never =>
    refuse(
      'context: undefined is not the objective, which this optimizer needs; give it to `update` as fourth argument'
    )
  return {
    get value() {
      return ask()
    },
    gradient,
    evaluate: ask
  }
}

export const zeros = (params: Arrays): Arrays => Params.zeros(Params.shapes(params))

export const plus = Params.zipWith((a, b) => a + b)

export const minus = Params.zipWith((a, b) => a - b)

/** a · x + y */
export const axpy = (a: number, x: Arrays, y: Arrays): Arrays => Params.zipWith((x, y) => a * x + y)(x, y)

export const scaled = (factor: number): ((x: Arrays) => Arrays) => Params.mapValues(x => factor * x)

/** ⟨a, b⟩ over all names together. */
export const dot = (a: Arrays, b: Arrays): number =>
  Object.entries<NdArray>(a).reduce(
    (total, [name, { values }]) => values.reduce((sum, value, i) => sum + value * b[name].values[i], total),
    0
  )

/** A part that speaks of iterates, not gradients, is of use only after the rate. */
export const afterRate =
  (printed: string) =>
  ({ shapes, gain }: Setting): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      Params.names(shapes).every(name => gain(name) <= 0),
      'optimizer',
      printed,
      'after a rate, where gradients have become steps',
      'put it last in the chain'
    )
