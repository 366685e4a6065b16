/**
 * Interpreters of optimizers: states, steps, iterates, rates and problems. A step is added to the parameters. In equations, g is the input
 * of a part and θ the parameters before the step; squares, roots and quotients are elementwise.
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

/**
 * State of an optimizer for parameters named `P`: for a chain the list of its parts' states, for a partition one by name, for a part on
 * some names its state for those.
 */
export type State<T, P extends string> = MemoryNamed<MemoryOf<T>, P>

export type AnyState<P extends string> = State<Optimizer, P>

/** Argument of `update` after the parameters: the objective, required if a part is known to use it. */
export type ContextOf<T, P extends string> = [LooksOf<T>] extends [true]
  ? readonly [context: Context<P>]
  : readonly [context?: Context<P>]

export interface Transformation<
  P extends string,
  S,
  C extends ReadonlyArray<unknown> = readonly [context?: Context<P>]
> {
  readonly init: (params: Params.Params<P>) => S
  /** Returns the step to add to the parameters, and the next state; throws a RangeError if a part uses an objective that was not given. */
  readonly update: (
    gradient: Params.Params<P>,
    state: S,
    params: Params.Params<P>,
    ...context: C
  ) => readonly [Params.Params<P>, S]
}

const typedPart = <P extends string, T extends Optimizer>(optimizer: T): Part<State<T, P>, boolean, P> =>
  // a part works with any parameter names
  partMeaning(optimizer) as unknown as Part<State<T, P>, boolean, P>

/** Returns the functions of an optimizer, for parameters named `P`: `interpret(optimizer)<'mean'>()`. */
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

/** Returns the functions of an optimizer whose type is not known. */
export const anyInterpret = <P extends string>(optimizer: Optimizer): Transformation<P, AnyState<P>> =>
  interpret(optimizer)<P>()

/** Returns the JSON codec of an optimizer's state, which rejects the states of other optimizers. */
export const stateCodec = <P extends string, T extends Optimizer = Optimizer>(
  optimizer: T
): t.Type<State<T, P>, unknown> => {
  const { is, validate, encode } = typedPart<P, T>(optimizer)
  return new t.Type(`what ${show(optimizer)} remembers`, is, validate, encode)
}

export interface Iterate<P extends string, S = AnyState<P>> {
  readonly params: Params.Params<P>
  readonly state: S
}

export interface Taken<P extends string, S = AnyState<P>> extends Iterate<P, S>, Evaluation<P> {}

/**
 * Takes one step on an objective. Value and gradient are evaluated before the step, or taken from the state if a line search ended there.
 * `subject` describes the objective for parts that require it; `watch` is called with the input and output of each part.
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

/** Returns the infinite sequence of an optimizer's iterates on an objective, from the start on, computed when read. */
export const iterates =
  <P extends string, T extends Optimizer>(optimizer: T, objective: (params: Params.Params<P>) => Evaluation<P>) =>
  (start: Params.Params<P>): Iterable<Iterate<P, State<T, P>>> =>
    unfoldIterable<Iterate<P, State<T, P>>>(
      { params: start, state: typedPart<P, T>(optimizer).init(start) },
      step(optimizer, objective)
    )

/** True if the estimate differs from the last iterate, for example an average. */
export const averagesIterates = (optimizer: Optimizer): boolean => partMeaning(optimizer).estimate !== undefined

/** Returns the average of the iterates if the optimizer has one, otherwise the last iterate. */
export const estimate = <P extends string, T extends Optimizer>(
  optimizer: T,
  params: Params.Params<P>,
  state: State<T, P>
): Params.Params<P> => {
  const { estimate } = typedPart<P, T>(optimizer)
  return estimate?.(params, state) ?? params
}

/**
 * Returns the rate of the next step. If the objective determines it (`scaleByPolyak`, `lineSearch`), that of the last step, 0 before the
 * first. If rules differ by name, that of the parameter `name`, by default of the first with a rule. NaN if the factor of a part is
 * unknown.
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

/** True if a part is known to use the objective beyond its gradient. */
export const needsObjective = (optimizer: Optimizer): boolean => partMeaning(optimizer).needsObjective === true

/** True if the objective must be the same function at every step, for a line search or differences of gradients. */
export const needsDeterminism = (optimizer: Optimizer): boolean => partMeaning(optimizer).deterministic.length > 0

/** Returns a short description if all parts have one: name, rates, and frozen parameters. */
export const optimizerBrief = (optimizer: Optimizer): O.Option<Brief> => O.fromNullable(partMeaning(optimizer).brief)

/** Returns the code that builds the optimizer from its parts. */
export const show = (optimizer: Optimizer): string => Case.show(optimizer)

/** Returns the formula of the optimizer if its case has one; otherwise its code. */
export const formula = (optimizer: Optimizer): string => Case.formula(optimizer)

/** Returns the problems that do not depend on the parameters. */
export const problems = (optimizer: Optimizer): ReadonlyArray<Problem.Problem> => Case.problems(optimizer)

export interface OptimizerUse {
  readonly shapes: Params.Shapes<string>
  /** Code of the expectation if the objective is another function at every step; otherwise null. */
  readonly random: string | null
  readonly subject?: Subject
}

/** Returns the problems of an optimizer with an objective: names, size, noise, and parameters that would ascend. */
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

/** Returns the JSON codec of optimizers in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Optimizer, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
