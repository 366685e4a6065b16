/**
 * Optimizers: descriptions of how a gradient becomes a step. Parts compose with `chain`, in which each part receives
 * what the one before it made of the gradient; recipes such as `adam` are chains of parts. A step is added to the
 * parameters, so that plain descent is `scaleByRate`, −rate · gradient. Parts that speak of iterates (`project`,
 * `average`, `lookahead`, `lineSearch`) come after the rate. In the equations g is what a part receives, and θ the
 * parameters where the step starts; squares, roots and quotients are taken entry by entry.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { unfoldIterable } from '../../lib/plain/iterate.js'
import { Case, Vocabulary } from '../core/index.js'
import {
  concept,
  partMeaning,
  pointAt,
  sumArrays,
  unknownObjective,
  type Brief,
  type Context,
  type Evaluation,
  type LooksOf,
  type MemoryOf,
  type MemoryNamed,
  type Optimizer,
  type Part,
  type Subject,
  type Watch
} from './part.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'

export { concept, define } from './part.js'
export type { Brief, Context, Evaluation, MemoryOf, Optimizer, Part, Point, Spec, Subject, Watch } from './part.js'

// —— interpreters ——

/**
 * What an optimizer remembers of parameters named `P`; that of a chain is the list of what its parts remember, that of a
 * partition has one for each name, and a part that sees only some names remembers only them.
 */
export type State<T, P extends string> = MemoryNamed<MemoryOf<T>, P>

/** What an optimizer remembers whose type is just `Optimizer`. */
export type AnyState<P extends string> = State<Optimizer, P>

/** What `update` must be given beside the gradient: the objective, if a part is known to look at it. */
export type ContextOf<T, P extends string> = [LooksOf<T>] extends [true]
  ? readonly [context: Context<P>]
  : readonly [context?: Context<P>]

export interface Transformation<
  P extends string,
  S,
  C extends ReadonlyArray<unknown> = readonly [context?: Context<P>]
> {
  readonly init: (params: Params.Params<P>) => S
  /**
   * The step to be added to the parameters, and the state after it. A part that looks at the objective throws a
   * RangeError where its context was left out.
   */
  readonly update: (
    gradient: Params.Params<P>,
    state: S,
    params: Params.Params<P>,
    ...context: C
  ) => readonly [Params.Params<P>, S]
}

/** The meaning for parameters of these names. */
const typedPart = <P extends string, T extends Optimizer>(optimizer: T): Part<State<T, P>, boolean, P> =>
  // A part works with whatever names its parameters have.
  partMeaning(optimizer) as unknown as Part<State<T, P>, boolean, P>

/** The optimizer as functions, for parameters named `P`: `interpret(optimizer)<'mean'>()`. */
export const interpret =
  <T extends Optimizer>(optimizer: T) =>
  <P extends string>(): Transformation<P, State<T, P>, ContextOf<T, P>> => {
    const { init, update } = typedPart<P, T>(optimizer)
    const transformation: Transformation<P, State<T, P>> = {
      init,
      update: (gradient, state, params, context = unknownObjective(gradient)) =>
        update(gradient, state, pointAt(params, context))
    }
    return transformation
  }

/** As `interpret`, for an optimizer whose type is just `Optimizer`. */
export const anyInterpret = <P extends string>(optimizer: Optimizer): Transformation<P, AnyState<P>> =>
  interpret(optimizer)<P>()

/** The JSON codec of the optimizer's state: states of another optimizer are refused. */
export const stateCodec = <P extends string, T extends Optimizer = Optimizer>(
  optimizer: T
): t.Type<State<T, P>, unknown> => {
  const { is, validate, encode } = typedPart<P, T>(optimizer)
  return new t.Type(`what ${show(optimizer)} remembers`, is, validate, encode)
}

/** Where an optimizer stands, with all that it remembers. */
export interface Iterate<P extends string, S = AnyState<P>> {
  readonly params: Params.Params<P>
  readonly state: S
}

/** A step taken: where it led, and the objective where it started. */
export interface Taken<P extends string, S = AnyState<P>> extends Iterate<P, S>, Evaluation<P> {}

/**
 * One step of an optimizer on an objective, whose value and gradient are taken where the step starts: from the
 * optimizer's memory, if a line search ended there. `subject` says what the objective is, to parts that ask; `watch` sees what
 * each part makes of what it received.
 */
export const step =
  <P extends string, T extends Optimizer>(
    optimizer: T,
    objective: (params: Params.Params<P>) => Evaluation<P>,
    subject?: Subject,
    watch?: Watch
  ) =>
  ({ params, state }: Iterate<P, State<T, P>>): Taken<P, State<T, P>> => {
    const { update, recall } = typedPart<P, T>(optimizer)
    const met = recall?.(params, state)
    const { value, gradient } = met ?? objective(params)
    const [step, after] = update(gradient, state, { params, value, gradient, evaluate: objective, subject, watch })
    return { value, gradient, params: sumArrays(params, step), state: after }
  }

/** The endless list of an optimizer's iterates on an objective, the start first, each computed when it is asked for. */
export const iterates =
  <P extends string, T extends Optimizer>(optimizer: T, objective: (params: Params.Params<P>) => Evaluation<P>) =>
  (start: Params.Params<P>): Iterable<Iterate<P, State<T, P>>> =>
    unfoldIterable<Iterate<P, State<T, P>>>(
      { params: start, state: typedPart<P, T>(optimizer).init(start) },
      step(optimizer, objective)
    )

/** Whether it takes something else for the answer than the last iterate: an average of the weights, say. */
export const averagesIterates = (optimizer: Optimizer): boolean => partMeaning(optimizer).estimate !== undefined

/** What an optimizer takes for the answer: the average of the iterates, if it has one, else the last iterate. */
export const estimate = <P extends string, T extends Optimizer>(
  optimizer: T,
  params: Params.Params<P>,
  state: State<T, P>
): Params.Params<P> => {
  const { estimate } = typedPart<P, T>(optimizer)
  return estimate?.(params, state) ?? params
}

/**
 * The rate with which the next step will be taken; where the objective decides (`scaleByPolyak`, `lineSearch`), that of
 * the last step, 0 before the first. Where rules differ by name it is that of the parameter `name`, else of the first
 * with a rule. NaN where a part does not say what it puts on a gradient.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params, Rate } from 'ornstein'
 *
 * const optimizer = Optimizer.adam({ rate: Rate.step({ rate: 0.1, factor: 0.5, every: 2 }) })
 * const { init, update } = Optimizer.interpret(optimizer)<'x'>()
 * const x = Params.of({ x: 1 })
 * const [, once] = update(x, init(x), x)
 * const [, twice] = update(x, once, x)
 * assert.deepEqual([once, twice].map(state => Optimizer.rateInForce(optimizer, state)), [0.1, 0.05])
 */
export const rateInForce = (optimizer: Optimizer, state: AnyState<never>, name?: string): number => {
  const { gain, names } = partMeaning(optimizer)
  return 0 - gain(state, name ?? names.at(0) ?? '')
}

/** Whether a part is known to look at the objective beyond its gradient. */
export const needsObjective = (optimizer: Optimizer): boolean => partMeaning(optimizer).needsObjective === true

/** Whether it needs an objective that is the same function at every step: a line search, or differences of gradients. */
export const needsDeterminism = (optimizer: Optimizer): boolean => partMeaning(optimizer).deterministic.length > 0

/** An optimizer in a few words, where all its parts have some: what it is called, its rates, and what it freezes. */
export const optimizerBrief = (optimizer: Optimizer): O.Option<Brief> => O.fromNullable(partMeaning(optimizer).brief)

/** The optimizer as the code that builds it, from its parts. */
export const show = (optimizer: Optimizer): string => Case.show(optimizer)

/** What it does to a gradient as a formula, where its case has one; else its code. */
export const formula = (optimizer: Optimizer): string => Case.formula(optimizer)

/** The problems of an optimizer, before any parameters. */
export const problems = (optimizer: Optimizer): ReadonlyArray<Problem.Problem> => Case.problems(optimizer)

/** What an optimizer is to be used on. */
export interface OptimizerUse {
  readonly shapes: Params.Shapes<string>
  /** The expectation, printed, if the objective is another function at every step; else null. */
  readonly random: string | null
  /** What is minimised, where that is known. */
  readonly subject?: Subject
}

/** The problems of an optimizer for an objective: names, size, noise, and parameters that would climb. */
export const optimizerIncompatibilities =
  ({ shapes, random, subject }: OptimizerUse) =>
  (optimizer: Optimizer): ReadonlyArray<Problem.Problem> => {
    const { deterministic, requirements, gain } = partMeaning(optimizer)
    const climbing = Params.names(shapes).filter(name => gain(null, name) > 0)
    return [
      ...(random === null || deterministic.length === 0
        ? []
        : [
            Problem.of(
              'expectation',
              random,
              `deterministic, as ${deterministic.join(' and ')} need${deterministic.length > 1 ? '' : 's'} it`,
              'use Expectation.fixed(noise), Expectation.quadrature() for the symmetric pair, or Optimizer.adam'
            )
          ]),
      ...requirements({ shapes, gain: () => 1, subject }),
      ...Problem.unless(
        climbing.length === 0,
        'optimizer',
        show(optimizer),
        `a descent of ${climbing.map(name => `'${name}'`).join(', ')}, whose gradient it leaves uphill`,
        'chain a rate: Optimizer.scaleByRate(0.1), or Optimizer.freeze what is to stay'
      )
    ]
  }

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Optimizer, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
