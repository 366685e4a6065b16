/**
 * Optimizers: descriptions of how a gradient becomes a step. Parts compose with `chain`, in which each part receives
 * what the one before it made of the gradient; recipes such as `adam` are chains of parts. A step is added to the
 * parameters, so that plain descent is `scaleByRate`, −rate · gradient. Parts that speak of iterates (`project`,
 * `average`, `lookahead`, `lineSearch`) come after the rate. In the equations g is what a part receives, and θ the
 * parameters where the step starts; squares, roots and quotients are taken entry by entry.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as O from 'fp-ts/lib/Option.js'
 * import { Optimizer } from 'ornstein'
 *
 * const { adam, chain, lbfgs, movingAverage, scaleByPolyak, scaleByRate } = Optimizer
 * // What an optimizer needs of the objective: its value, or that it is the same function at every step.
 * assert(
 *   Optimizer.needsObjective(chain(scaleByPolyak(), scaleByRate(1))) && !Optimizer.needsObjective(adam({ rate: 0.1 }))
 * )
 * assert(Optimizer.needsDeterminism(lbfgs()) && !Optimizer.needsDeterminism(adam({ rate: 0.1 })))
 * const random = { shapes: { mean: [2] }, random: 'Expectation.monteCarlo()' }
 * assert.deepEqual(Optimizer.incompatibilities(random)(adam({ rate: 0.1 })), [])
 * assert(Optimizer.incompatibilities(random)(lbfgs()).length > 0)
 * // Its answer may be an average of the iterates.
 * assert(Optimizer.averages(chain(adam({ rate: 0.1 }), movingAverage())) && !Optimizer.averages(adam({ rate: 0.1 })))
 * // In a few words, for a report.
 * assert.deepEqual(
 *   O.map(({ methods }: Optimizer.Brief) => methods)(Optimizer.brief(adam({ rate: 0.1 }))),
 *   O.some(['Adam'])
 * )
 */
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { unfold } from '../../lib/plain/iterate.js'
import { Case, Vocabulary } from '../core/index.js'
import { chain, type Chain } from './chain.js'
import { scaleByLbfgs, scaleByNewton } from './curvature.js'
import {
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  nesterovTrace,
  scale,
  scaleByAdadelta,
  scaleByAdagrad,
  scaleByAdam,
  scaleByAmsGrad,
  scaleByLion,
  scaleByNAdam,
  scaleByRAdam,
  scaleByRate,
  scaleByRms,
  scaleByStandardDeviation,
  sign,
  trace,
  weightDecay,
  zero
} from './perParameter.js'
import { average, lookahead, movingAverage, project } from './iterates.js'
import { lineSearch } from './lineSearch.js'
import { freeze, only, partition } from './named.js'
import {
  concept,
  meaning,
  placed,
  plus,
  unknownObjective,
  type Brief,
  type Context,
  type Evaluation,
  type LooksOf,
  type MemoryOf,
  type Named,
  type Optimizer,
  type Part,
  type Subject,
  type Watch
} from './part.js'
import { reduceOnPlateau, scaleByPolyak } from './value.js'
import * as Params from '../family/params.js'
import * as Problem from '../core/problem.js'
import type * as Rate from './rate.js'

export { concept, define } from './part.js'
export type { Brief, Context, Evaluation, MemoryOf, Optimizer, Part, Point, Spec, Subject, Watch } from './part.js'
/** @deprecated Its name is `Point`. */
export type { Point as Place } from './part.js'
export { chain, type Chain } from './chain.js'
export * from './perParameter.js'
export * from './value.js'
export { scaleByLbfgs, scaleByNewton } from './curvature.js'
export { lineSearch } from './lineSearch.js'
export { average, lookahead, movingAverage, project } from './iterates.js'
export { freeze, only, partition, type Only, type Partition } from './named.js'

// —— what recipes are made of ——

export type Sign = typeof sign
export type Scale = ReturnType<typeof scale>
export type ScaleByRate = ReturnType<typeof scaleByRate>
export type Trace = ReturnType<typeof trace>
export type NesterovTrace = ReturnType<typeof nesterovTrace>
export type ScaleByAdam = ReturnType<typeof scaleByAdam>
export type ScaleByAmsGrad = ReturnType<typeof scaleByAmsGrad>
export type ScaleByNAdam = ReturnType<typeof scaleByNAdam>
export type ScaleByRAdam = ReturnType<typeof scaleByRAdam>
export type ScaleByRms = ReturnType<typeof scaleByRms>
export type ScaleByStandardDeviation = ReturnType<typeof scaleByStandardDeviation>
export type ScaleByAdagrad = ReturnType<typeof scaleByAdagrad>
export type ScaleByAdadelta = ReturnType<typeof scaleByAdadelta>
export type ScaleByLion = ReturnType<typeof scaleByLion>
export type ScaleByPolyak = ReturnType<typeof scaleByPolyak>
export type ScaleByLbfgs = ReturnType<typeof scaleByLbfgs>
export type ScaleByNewton = ReturnType<typeof scaleByNewton>
export type LineSearch = ReturnType<typeof lineSearch>
export type WeightDecay = ReturnType<typeof weightDecay>

// —— recipes ——

interface WithRate {
  /** The length of a step: a number, or a `Rate` that changes with the steps. */
  readonly rate: number | Rate.Rate
}

interface WithDecay {
  /** What is kept from step to step, in [0, 1); of `adamW`, the share of θ that every step takes away. */
  readonly decay?: number
}

/** A rate and options, as one record: errors and hints show what may be given, once. */
type Rated<A = unknown> = { readonly [K in keyof (WithRate & A)]: (WithRate & A)[K] }

/** The options of a part. */
type Options<Made> = Made extends (options?: infer O) => unknown ? NonNullable<O> : never

/** θ ← θ − rate · g */
export const gradientDescent = ({ rate }: WithRate): ScaleByRate => scaleByRate(rate)

/** v ← decay · v + g, θ ← θ − rate · v: the heavy ball (Polyak 1964). */
export const momentum = ({ rate, decay = 0.9 }: Rated<WithDecay>): Chain<[Trace, ScaleByRate]> =>
  chain(trace(decay), scaleByRate(rate))

/** v ← decay · v + g, θ ← θ − rate · (g + decay · v) (Nesterov 1983, as Sutskever et al. 2013 write it). */
export const nesterov = ({ rate, decay = 0.9 }: Rated<WithDecay>): Chain<[NesterovTrace, ScaleByRate]> =>
  chain(nesterovTrace(decay), scaleByRate(rate))

/** θ ← θ − rate · sign g */
export const signDescent = ({ rate }: WithRate): Chain<[Sign, ScaleByRate]> => chain(sign, scaleByRate(rate))

/**
 * Adam: θ ← θ − rate · m̂/(√v̂ + ε) (Kingma & Ba 2015).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const { init, update } = Optimizer.interpret(Optimizer.adam({ rate: 0.1 }))<'x'>()
 * const start = Params.of({ x: [1, -2] })
 * const [step, [{ count }]] = update(start, init(start), start)
 * assert.ok(Math.abs(step.x.values[0] + 0.1) < 1e-8) // the first step has the length of the rate in each coordinate
 * assert.equal(count, 1)
 */
export const adam = ({ rate, ...moments }: Rated<Options<typeof scaleByAdam>>): Chain<[ScaleByAdam, ScaleByRate]> =>
  chain(scaleByAdam(moments), scaleByRate(rate))

/** Adam with decoupled weight decay: θ ← θ − rate · (m̂/(√v̂ + ε) + decay · θ) (Loshchilov & Hutter 2019). */
export const adamW = ({
  rate,
  decay = 1e-4,
  ...moments
}: Rated<WithDecay & Options<typeof scaleByAdam>>): Chain<[ScaleByAdam, WeightDecay, ScaleByRate]> =>
  chain(scaleByAdam(moments), weightDecay(decay), scaleByRate(rate))

/** Adam whose second moment never falls (Reddi, Kale & Kumar 2018). */
export const amsGrad = ({
  rate,
  ...moments
}: Rated<Options<typeof scaleByAmsGrad>>): Chain<[ScaleByAmsGrad, ScaleByRate]> =>
  chain(scaleByAmsGrad(moments), scaleByRate(rate))

/** Adam with Nesterov's momentum (Dozat 2016). */
export const nAdam = ({ rate, ...moments }: Rated<Options<typeof scaleByNAdam>>): Chain<[ScaleByNAdam, ScaleByRate]> =>
  chain(scaleByNAdam(moments), scaleByRate(rate))

/** Adam, rectified for the few gradients it has seen at first (Liu et al. 2020). */
export const rAdam = ({ rate, ...moments }: Rated<Options<typeof scaleByRAdam>>): Chain<[ScaleByRAdam, ScaleByRate]> =>
  chain(scaleByRAdam(moments), scaleByRate(rate))

/** θ ← θ − rate · g/(√v + ε) (Tieleman & Hinton 2012). */
export const rmsProp = ({ rate, ...root }: Rated<Options<typeof scaleByRms>>): Chain<[ScaleByRms, ScaleByRate]> =>
  chain(scaleByRms(root), scaleByRate(rate))

/** θ ← θ − rate · g/(√(v − m²) + ε) (Graves 2013, without his momentum: chain a `trace`). */
export const centredRmsProp = ({
  rate,
  ...root
}: Rated<Options<typeof scaleByStandardDeviation>>): Chain<[ScaleByStandardDeviation, ScaleByRate]> =>
  chain(scaleByStandardDeviation(root), scaleByRate(rate))

/** θ ← θ − rate · g/(√Σg² + ε) (Duchi, Hazan & Singer 2011). */
export const adagrad = ({
  rate,
  ...sum
}: Rated<Options<typeof scaleByAdagrad>>): Chain<[ScaleByAdagrad, ScaleByRate]> =>
  chain(scaleByAdagrad(sum), scaleByRate(rate))

/** Steps as long as earlier ones, relative to the size of the gradients, so that no rate is needed (Zeiler 2012). */
export const adadelta = ({ rate = 1, ...root }: Partial<WithRate> & Options<typeof scaleByAdadelta> = {}): Chain<
  [ScaleByAdadelta, ScaleByRate]
> => chain(scaleByAdadelta(root), scaleByRate(rate))

/** θ ← θ − rate · (sign(β_1 m + (1 − β_1) g) + decay · θ) (Chen et al. 2023). */
export const lion = ({
  rate,
  decay = 0,
  ...betas
}: Rated<WithDecay & Options<typeof scaleByLion>>): Chain<[ScaleByLion, WeightDecay, ScaleByRate]> =>
  chain(scaleByLion(betas), weightDecay(decay), scaleByRate(rate))

/** θ ← θ − (f(θ) − lowerBound)/|g|² · g, the rate no more than `largest` (Polyak 1987; Loizou et al. 2021). */
export const polyak = (options: Options<typeof scaleByPolyak> = {}): Chain<[ScaleByPolyak, Scale]> =>
  chain(scaleByPolyak(options), scale(-1))

/**
 * L-BFGS with a line search (Liu & Nocedal 1989).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * // f = ½(x² + 100 y²)
 * const objective = ({ x: { shape, values: [x, y] } }: Params.Params<'x'>) => ({
 *   value: (x * x + 100 * y * y) / 2,
 *   gradient: { x: { shape, values: Float64Array.of(x, 100 * y) } }
 * })
 * const [, , , , , , , , { params }] = Optimizer.iterates(Optimizer.lbfgs(), objective)(Params.of({ x: [1, 1] }))
 * assert.ok(Params.norm(params) < 1e-5)
 */
export const lbfgs = ({
  memory = 10,
  ...search
}: Options<typeof scaleByLbfgs> & Options<typeof lineSearch> = {}): Chain<[ScaleByLbfgs, Scale, LineSearch]> =>
  chain(scaleByLbfgs({ memory }), scale(-1), lineSearch(search))

/** Newton–Raphson with a line search, which takes the whole step wherever it can: θ ← θ − |∇²f|⁻¹ ∇f. */
export const newton = ({
  floor = 1e-8,
  ...search
}: Options<typeof scaleByNewton> & Options<typeof lineSearch> = {}): Chain<[ScaleByNewton, Scale, LineSearch]> =>
  chain(scaleByNewton({ floor }), scale(-1), lineSearch(search))

const recipe = (
  name: string,
  example: Optimizer,
  about: string,
  options = '{ rate: 0.1 }'
): Vocabulary.Recipe<Optimizer> => ({
  name: `Optimizer.${name}`,
  about,
  example,
  code: `Optimizer.${name}(${options})`
})

/** Names of optimizers that are made of others, each with an example. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Optimizer>> = [
  recipe('gradientDescent', gradientDescent({ rate: 0.1 }), 'θ ← θ − rate · g'),
  recipe('momentum', momentum({ rate: 0.1 }), 'the heavy ball (Polyak 1964)'),
  recipe('nesterov', nesterov({ rate: 0.1 }), "Nesterov's momentum (1983)"),
  recipe('signDescent', signDescent({ rate: 0.1 }), 'θ ← θ − rate · sign g'),
  recipe('adam', adam({ rate: 0.1 }), 'Kingma & Ba 2015'),
  recipe('adamW', adamW({ rate: 0.1 }), 'decoupled weight decay (Loshchilov & Hutter 2019)'),
  recipe('amsGrad', amsGrad({ rate: 0.1 }), 'a second moment that never falls (Reddi et al. 2018)'),
  recipe('nAdam', nAdam({ rate: 0.1 }), "Adam with Nesterov's momentum (Dozat 2016)"),
  recipe('rAdam', rAdam({ rate: 0.1 }), 'Adam, rectified at first (Liu et al. 2020)'),
  recipe('rmsProp', rmsProp({ rate: 0.1 }), 'Tieleman & Hinton 2012'),
  recipe('centredRmsProp', centredRmsProp({ rate: 0.1 }), 'Graves 2013'),
  recipe('adagrad', adagrad({ rate: 0.1 }), 'Duchi, Hazan & Singer 2011'),
  recipe('adadelta', adadelta(), 'needs no rate (Zeiler 2012)', ''),
  recipe('lion', lion({ rate: 0.1 }), 'the sign of a momentum (Chen et al. 2023)'),
  recipe('polyak', polyak(), 'rate (f − lowerBound)/|g|² (Polyak 1987)', ''),
  recipe('lbfgs', lbfgs(), 'L-BFGS with a strong-Wolfe line search (Liu & Nocedal 1989)', ''),
  recipe('newton', newton(), 'Newton–Raphson for few parameters, downhill at saddles', '')
]

/** The parts, in the order of the reference. */
export const all: ReadonlyArray<Vocabulary.Entry> = [
  scaleByRate,
  chain,
  scale,
  zero,
  trace,
  nesterovTrace,
  sign,
  scaleByAdam,
  scaleByAmsGrad,
  scaleByNAdam,
  scaleByRAdam,
  scaleByRms,
  scaleByStandardDeviation,
  scaleByAdagrad,
  scaleByAdadelta,
  scaleByLion,
  scaleByPolyak,
  reduceOnPlateau,
  scaleByLbfgs,
  scaleByNewton,
  lineSearch,
  clipByValue,
  clipByNorm,
  clipByGlobalNorm,
  weightDecay,
  project,
  average,
  movingAverage,
  lookahead,
  only,
  freeze,
  partition
]

// —— interpreters ——

/**
 * What an optimizer remembers of parameters named `P`; that of a chain is the list of what its parts remember, that of a
 * partition has one for each name, and a part that sees only some names remembers only them.
 */
export type State<T, P extends string> = Named<MemoryOf<T>, P>

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
const typed = <P extends string, T extends Optimizer>(optimizer: T): Part<State<T, P>, boolean, P> =>
  // A part works with whatever names its parameters have.
  meaning(optimizer) as unknown as Part<State<T, P>, boolean, P>

/** The optimizer as functions, for parameters named `P`: `interpret(optimizer)<'mean'>()`. */
export const interpret =
  <T extends Optimizer>(optimizer: T) =>
  <P extends string>(): Transformation<P, State<T, P>, ContextOf<T, P>> => {
    const { init, update } = typed<P, T>(optimizer)
    const transformation: Transformation<P, State<T, P>> = {
      init,
      update: (gradient, state, params, context = unknownObjective(gradient)) =>
        update(gradient, state, placed(params, context))
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
  const { is, validate, encode } = typed<P, T>(optimizer)
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
    const { update, recall } = typed<P, T>(optimizer)
    const met = O.isSome(recall) ? recall.value(params, state) : null
    const { value, gradient } = met ?? objective(params)
    const [step, after] = update(gradient, state, { params, value, gradient, evaluate: objective, subject, watch })
    return { value, gradient, params: plus(params, step), state: after }
  }

/** The endless list of an optimizer's iterates on an objective, the start first, each computed when it is asked for. */
export const iterates =
  <P extends string, T extends Optimizer>(optimizer: T, objective: (params: Params.Params<P>) => Evaluation<P>) =>
  (start: Params.Params<P>): Iterable<Iterate<P, State<T, P>>> =>
    unfold<Iterate<P, State<T, P>>>(
      { params: start, state: typed<P, T>(optimizer).init(start) },
      step(optimizer, objective)
    )

/** Whether it takes something else for the answer than the last iterate: an average of the weights, say. */
export const averages = (optimizer: Optimizer): boolean => O.isSome(meaning(optimizer).estimate)

/** What an optimizer takes for the answer: the average of the iterates, if it has one, else the last iterate. */
export const estimate = <P extends string, T extends Optimizer>(
  optimizer: T,
  params: Params.Params<P>,
  state: State<T, P>
): Params.Params<P> => {
  const { estimate } = typed<P, T>(optimizer)
  return O.isSome(estimate) ? estimate.value(params, state) : params
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
  const { gain, names } = meaning(optimizer)
  return 0 - gain(state, name ?? names.at(0) ?? '')
}

/** Whether a part is known to look at the objective beyond its gradient. */
export const needsObjective = (optimizer: Optimizer): boolean =>
  O.getOrElse(() => false)(meaning(optimizer).needsObjective)

/** Whether it needs an objective that is the same function at every step: a line search, or differences of gradients. */
export const needsDeterminism = (optimizer: Optimizer): boolean => meaning(optimizer).deterministic.length > 0

/** An optimizer in a few words, where all its parts have some: what it is called, its rates, and what it freezes. */
export const brief = (optimizer: Optimizer): O.Option<Brief> => meaning(optimizer).brief

/** The optimizer as the code that builds it, from its parts. */
export const show = (optimizer: Optimizer): string => Case.show(optimizer)

/** What it does to a gradient as a formula, where its case has one; else its code. */
export const formula = (optimizer: Optimizer): string => Case.formula(optimizer)

/** The problems of an optimizer, before any parameters. */
export const problems = (optimizer: Optimizer): ReadonlyArray<Problem.Problem> => Case.problems(optimizer)

/** What an optimizer is to be used on. */
export interface Use {
  readonly shapes: Params.Shapes<string>
  /** The expectation, printed, if the objective is another function at every step; else null. */
  readonly random: string | null
  /** What is minimised, where that is known. */
  readonly subject?: Subject
}

/** The problems of an optimizer for an objective: names, size, noise, and parameters that would climb. */
export const incompatibilities =
  ({ shapes, random, subject }: Use) =>
  (optimizer: Optimizer): ReadonlyArray<Problem.Problem> => {
    const { deterministic, misfits, gain } = meaning(optimizer)
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
      ...misfits({ shapes, gain: () => 1, subject }),
      ...Problem.unless(
        climbing.length === 0,
        'optimizer',
        show(optimizer),
        `a descent of ${climbing.map(name => `'${name}'`).join(', ')}, whose gradient it leaves uphill`,
        'chain a rate: Optimizer.scaleByRate(0.1), or Optimizer.freeze what is to stay'
      )
    ]
  }

/** @deprecated It is `incompatibilities`. */
export const misfits = incompatibilities

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Optimizer, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
