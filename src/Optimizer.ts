/**
 * Optimizers: descriptions of how a gradient becomes a step. Parts compose with `chain`, in which each part receives
 * what the one before it made of the gradient; recipes such as `adam` are chains of parts. A step is added to the
 * parameters, so that plain descent is `scaleByRate`, −rate · gradient. Parts that speak of iterates (`project`,
 * `average`, `lookahead`, `lineSearch`) come after the rate. In the equations g is what a part receives, and θ the
 * parameters where the step starts; squares, roots and quotients are taken entry by entry.
 */
import * as t from 'io-ts'
import { unfold } from '../lib/iterate.js'
import * as Chained from './optimizers/chain.js'
import * as Curvature from './optimizers/curvature.js'
import * as Elementwise from './optimizers/elementwise.js'
import type {
  AnyState,
  Average,
  Chain,
  ClipByGlobalNorm,
  ClipByNorm,
  ClipByValue,
  ContextOf,
  LineSearch,
  Lookahead,
  Moments,
  MovingAverage,
  MovingRoot,
  NesterovTrace,
  Only,
  Optimizer,
  Partition,
  Project,
  ReduceOnPlateau,
  Scale,
  ScaleByAdadelta,
  ScaleByAdagrad,
  ScaleByAdam,
  ScaleByAmsGrad,
  ScaleByLbfgs,
  ScaleByLion,
  ScaleByNAdam,
  ScaleByNewton,
  ScaleByPolyak,
  ScaleByRAdam,
  ScaleByRate,
  ScaleByRms,
  ScaleByStandardDeviation,
  Sign,
  State,
  Trace,
  Transformation,
  WeightDecay,
  Zero
} from './optimizers/description.js'
import * as Iterates from './optimizers/iterates.js'
import * as Search from './optimizers/lineSearch.js'
import * as Named from './optimizers/named.js'
import { plus, unknownObjective, type Context, type Evaluation, type Part } from './optimizers/part.js'
import * as Value from './optimizers/value.js'
import { Vocabulary } from './core/index.js'
import * as Params from './Params.js'
import * as Problem from './Problem.js'
import * as Rate from './Rate.js'
import * as Region from './Region.js'
import * as Tagged from './Tagged.js'

export type * from './optimizers/description.js'
export type { Context, Evaluation }

// —— parts ——

/** Applies its parts in turn; `chain()` leaves a gradient as it is. */
export const chain = <Parts extends ReadonlyArray<Optimizer>>(...parts: Parts): Chain<Parts> => ({
  _tag: 'Chain',
  parts
})

/** factor · g */
export const scale = (factor: number): Scale => ({ _tag: 'Scale', factor })

/** 0, whatever the gradient. */
export const zero: Zero = { _tag: 'Zero' }

/** −rate(step) · g */
export const scaleByRate = (rate: number | Rate.Rate): ScaleByRate => ({ _tag: 'ScaleByRate', rate: Rate.from(rate) })

/** The decaying sum v ← decay · v + g (Polyak 1964). */
export const trace = (decay: number): Trace => ({ _tag: 'Trace', decay })

/** g + decay · v after v ← decay · v + g: the sum as it will be, were the gradient to stay (Nesterov 1983). */
export const nesterovTrace = (decay: number): NesterovTrace => ({ _tag: 'NesterovTrace', decay })

/** sign g */
export const sign: Sign = { _tag: 'Sign' }

const withMoments = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Partial<Moments>): Moments => ({
  beta1,
  beta2,
  epsilon
})

/**
 * m̂/(√v̂ + ε), with m ← β_1 m + (1 − β_1) g, m̂ = m/(1 − β_1ⁿ) after n gradients, and v, v̂ likewise of g² with β_2
 * (Kingma & Ba 2015).
 */
export const scaleByAdam = (moments: Partial<Moments> = {}): ScaleByAdam => ({
  _tag: 'ScaleByAdam',
  ...withMoments(moments)
})

/** m̂/(√w + ε), w the largest v̂ so far; otherwise as Adam (Reddi, Kale & Kumar 2018, with bias correction). */
export const scaleByAmsGrad = (moments: Partial<Moments> = {}): ScaleByAmsGrad => ({
  _tag: 'ScaleByAmsGrad',
  ...withMoments(moments)
})

/** (β_1 m/(1 − β_1ⁿ⁺¹) + (1 − β_1) g/(1 − β_1ⁿ))/(√v̂ + ε): Adam with the momentum of the next step (Dozat 2016). */
export const scaleByNAdam = (moments: Partial<Moments> = {}): ScaleByNAdam => ({
  _tag: 'ScaleByNAdam',
  ...withMoments(moments)
})

/**
 * r m̂/(√v̂ + ε) with r² = (ρ − 4)(ρ − 2)ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2)ρ), ρ_∞ = 2/(1 − β_2) − 1 and
 * ρ = ρ_∞ − 2n β_2ⁿ/(1 − β_2ⁿ); m̂ alone while ρ < 5 (Liu et al. 2020).
 */
export const scaleByRAdam = (moments: Partial<Moments> = {}): ScaleByRAdam => ({
  _tag: 'ScaleByRAdam',
  ...withMoments(moments)
})

/** g/(√v + ε), v ← decay · v + (1 − decay) g² (Tieleman & Hinton 2012). */
export const scaleByRms = ({ decay = 0.9, epsilon = 1e-8 }: Partial<MovingRoot> = {}): ScaleByRms => ({
  _tag: 'ScaleByRms',
  decay,
  epsilon
})

/** g/(√(v − m²) + ε), with m and v the moving means of g and g² (Graves 2013). */
export const scaleByStandardDeviation = ({
  decay = 0.9,
  epsilon = 1e-8
}: Partial<MovingRoot> = {}): ScaleByStandardDeviation => ({ _tag: 'ScaleByStandardDeviation', decay, epsilon })

/** g/(√s + ε), s ← s + g² from `start` (Duchi, Hazan & Singer 2011). */
export const scaleByAdagrad = ({
  start = 0,
  epsilon = 1e-10
}: Partial<Omit<ScaleByAdagrad, '_tag'>> = {}): ScaleByAdagrad => ({ _tag: 'ScaleByAdagrad', start, epsilon })

/** u = √(x + ε)/√(v + ε) · g, with v the moving mean of g², and x that of the u² before (Zeiler 2012). */
export const scaleByAdadelta = ({ decay = 0.9, epsilon = 1e-6 }: Partial<MovingRoot> = {}): ScaleByAdadelta => ({
  _tag: 'ScaleByAdadelta',
  decay,
  epsilon
})

/** sign(β_1 m + (1 − β_1) g), and then m ← β_2 m + (1 − β_2) g (Chen et al. 2023). */
export const scaleByLion = ({ beta1 = 0.9, beta2 = 0.99 }: Partial<Omit<ScaleByLion, '_tag'>> = {}): ScaleByLion => ({
  _tag: 'ScaleByLion',
  beta1,
  beta2
})

/** r g, r = (f(θ) − lowerBound)/|g|², between 0 and `largest` (Polyak 1987; Loizou et al. 2021). Sees the value. */
export const scaleByPolyak = ({
  lowerBound = 0,
  largest = 1
}: Partial<Omit<ScaleByPolyak, '_tag'>> = {}): ScaleByPolyak => ({ _tag: 'ScaleByPolyak', lowerBound, largest })

/**
 * scale · g; the scale, at first 1, is multiplied by `factor` when more than `patience` values in a row
 * have not improved on the best. Sees the value. */
export const reduceOnPlateau = ({
  factor = 0.5,
  patience = 10,
  tolerance = 1e-4,
  cooldown = 0,
  least = 0,
  window = 1
}: Partial<Omit<ReduceOnPlateau, '_tag'>> = {}): ReduceOnPlateau => ({
  _tag: 'ReduceOnPlateau',
  factor,
  patience,
  tolerance,
  cooldown,
  least,
  window
})

/**
 * H g, H the inverse matrix of second derivatives as the last `memory` steps tell it (Nocedal 1980); without any, g
 * shortened to at most unit length. Needs a deterministic objective.
 */
export const scaleByLbfgs = ({ memory = 10 }: Partial<Omit<ScaleByLbfgs, '_tag'>> = {}): ScaleByLbfgs => ({
  _tag: 'ScaleByLbfgs',
  memory
})

/**
 * |∇²f|⁻¹ g: eigenvalues in absolute value, so that a step leads downhill at a saddle too (Dauphin et al. 2014), and at
 * least `floor` times the largest. The matrix is made of central differences of the exact gradient, two evaluations a
 * parameter, and so for at most 64 parameters. Needs a deterministic objective.
 */
export const scaleByNewton = ({ floor = 1e-8 }: Partial<Omit<ScaleByNewton, '_tag'>> = {}): ScaleByNewton => ({
  _tag: 'ScaleByNewton',
  floor
})

/**
 * r d for a direction d: r satisfies the strong Wolfe conditions f(θ + r d) ≤ f(θ) + c_1 r ⟨∇f, d⟩ (`decrease`) and
 * |⟨∇f(θ + r d), d⟩| ≤ c_2 |⟨∇f, d⟩| (`curvature`), r = 1 tried first (Nocedal & Wright 2006, algorithms 3.5 and 3.6).
 * The last value and gradient it meets serve the next step. Needs a deterministic objective.
 */
export const lineSearch = ({
  decrease = 1e-4,
  curvature = 0.9,
  evaluations = 25
}: Partial<Omit<LineSearch, '_tag'>> = {}): LineSearch => ({ _tag: 'LineSearch', decrease, curvature, evaluations })

/** Entries between −most and most. */
export const clipByValue = (most: number): ClipByValue => ({ _tag: 'ClipByValue', most })

/** min(1, most/|g|) g, each name for itself (Pascanu, Mikolov & Bengio 2013). */
export const clipByNorm = (most: number): ClipByNorm => ({ _tag: 'ClipByNorm', most })

/** min(1, most/|g|) g, |g| over all names together (Pascanu, Mikolov & Bengio 2013). */
export const clipByGlobalNorm = (most: number): ClipByGlobalNorm => ({ _tag: 'ClipByGlobalNorm', most })

/** g + decay · θ; before the rate, and after what rescales gradients: decoupled decay (Loshchilov & Hutter 2019). */
export const weightDecay = (decay: number): WeightDecay => ({ _tag: 'WeightDecay', decay })

/**
 * The step to Π(θ + step), the nearest point of a region, up to the rounding of a sum: every row of every array, a vector
 * being one row.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params, Region } from 'ornstein'
 *
 * const held = Optimizer.chain(Optimizer.gradientDescent({ rate: 1 }), Optimizer.project(Region.nonNegative))
 * const { init, update } = Optimizer.interpret(held)<'x'>()
 * const start = Params.of({ x: [1, 1] })
 * const [step] = update(Params.of({ x: [0.5, 3] }), init(start), start)
 * assert.deepEqual(step, Params.of({ x: [-0.5, -1] }))
 */
export const project = (region: Region.Region): Project => ({ _tag: 'Project', region })

/**
 * Leaves steps alone and remembers the mean of the iterates, those of the first `after` steps left out (Polyak & Juditsky
 * 1992). The mean is the optimizer's `estimate`, and what a stage ends with.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const averaged = Optimizer.chain(Optimizer.gradientDescent({ rate: 1 }), Optimizer.average())
 * const { init, update } = Optimizer.interpret(averaged)<'x'>()
 * const start = Params.of({ x: 0 })
 * const [, once] = update(Params.of({ x: -2 }), init(start), start)
 * const [, twice] = update(Params.of({ x: 1 }), once, Params.of({ x: 2 }))
 * assert.deepEqual(Optimizer.estimate(averaged, Params.of({ x: 1 }), twice), Params.of({ x: 1.5 })) // of 2 and 1
 */
export const average = ({ after = 0 }: Partial<Omit<Average, '_tag'>> = {}): Average => ({ _tag: 'Average', after })

/** As `average`, the weights falling by `decay` for every step back, and summing to 1. */
export const movingAverage = ({ decay = 0.99 }: Partial<Omit<MovingAverage, '_tag'>> = {}): MovingAverage => ({
  _tag: 'MovingAverage',
  decay
})

/**
 * Slow parameters φ follow the fast ones: every `every` steps φ ← φ + share (θ + step − φ), and the fast ones go on from
 * there (Zhang et al. 2019). The optimizer's `estimate` is φ.
 */
export const lookahead = ({ every = 5, share = 0.5 }: Partial<Omit<Lookahead, '_tag'>> = {}): Lookahead => ({
  _tag: 'Lookahead',
  every,
  share
})

/**
 * A part that sees only the parameters of these names; the others' gradients pass as they are. Names that are not
 * parameters are refused when a pipeline is compiled. An optimizer for each name is a `partition`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer } from 'ornstein'
 *
 * const optimizer = Optimizer.chain(Optimizer.only('logits', Optimizer.clipByValue(1)), Optimizer.adam({ rate: 0.1 }))
 * assert.match(Optimizer.show(optimizer), /^Optimizer.chain\(Optimizer.only\('logits', Optimizer.clipByValue\(1\)\), /)
 */
export const only = <N extends string, Part extends Optimizer>(
  names: N | ReadonlyArray<N>,
  part: Part
): Only<N, Part> => ({ _tag: 'Only', names: typeof names === 'string' ? [names] : names, part })

/** Parameters of these names stay where they are: put it last. */
export const freeze = <N extends string>(...names: ReadonlyArray<N>): Only<N, Zero> => only(names, zero)

/**
 * An optimizer for each name; parameters without one stay where they are.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const optimizer = Optimizer.partition({ means: Optimizer.gradientDescent({ rate: 0.5 }) })
 * const { init, update } = Optimizer.interpret(optimizer)<'means' | 'logits'>()
 * const params = Params.of({ means: [[2]], logits: [3] })
 * const [step, state] = update(params, init(params), params)
 * assert.deepEqual(step, Params.of({ means: [[-1]], logits: [0] }))
 * assert.deepEqual(state, { means: { count: 1 } })
 */
export const partition = <Rules extends Readonly<Record<string, Optimizer>>>(rules: Rules): Partition<Rules> => ({
  _tag: 'Partition',
  rules
})

// —— recipes ——

interface WithRate {
  readonly rate: number | Rate.Rate
}

/** θ ← θ − rate · g */
export const gradientDescent = ({ rate }: WithRate): ScaleByRate => scaleByRate(rate)

/** v ← decay · v + g, θ ← θ − rate · v: the heavy ball (Polyak 1964). */
export const momentum = ({ rate, decay = 0.9 }: WithRate & { readonly decay?: number }): Chain<[Trace, ScaleByRate]> =>
  chain(trace(decay), scaleByRate(rate))

/** v ← decay · v + g, θ ← θ − rate · (g + decay · v) (Nesterov 1983, as Sutskever et al. 2013 write it). */
export const nesterov = ({
  rate,
  decay = 0.9
}: WithRate & { readonly decay?: number }): Chain<[NesterovTrace, ScaleByRate]> =>
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
export const adam = ({ rate, ...moments }: WithRate & Partial<Moments>): Chain<[ScaleByAdam, ScaleByRate]> =>
  chain(scaleByAdam(moments), scaleByRate(rate))

/** Adam with decoupled weight decay: θ ← θ − rate · (m̂/(√v̂ + ε) + decay · θ) (Loshchilov & Hutter 2019). */
export const adamW = ({
  rate,
  decay = 1e-4,
  ...moments
}: WithRate & Partial<Moments> & { readonly decay?: number }): Chain<[ScaleByAdam, WeightDecay, ScaleByRate]> =>
  chain(scaleByAdam(moments), weightDecay(decay), scaleByRate(rate))

/** Adam whose second moment never falls (Reddi, Kale & Kumar 2018). */
export const amsGrad = ({ rate, ...moments }: WithRate & Partial<Moments>): Chain<[ScaleByAmsGrad, ScaleByRate]> =>
  chain(scaleByAmsGrad(moments), scaleByRate(rate))

/** Adam with Nesterov's momentum (Dozat 2016). */
export const nAdam = ({ rate, ...moments }: WithRate & Partial<Moments>): Chain<[ScaleByNAdam, ScaleByRate]> =>
  chain(scaleByNAdam(moments), scaleByRate(rate))

/** Adam, rectified for the few gradients it has seen at first (Liu et al. 2020). */
export const rAdam = ({ rate, ...moments }: WithRate & Partial<Moments>): Chain<[ScaleByRAdam, ScaleByRate]> =>
  chain(scaleByRAdam(moments), scaleByRate(rate))

/** θ ← θ − rate · g/(√v + ε) (Tieleman & Hinton 2012). */
export const rmsProp = ({ rate, ...root }: WithRate & Partial<MovingRoot>): Chain<[ScaleByRms, ScaleByRate]> =>
  chain(scaleByRms(root), scaleByRate(rate))

/** θ ← θ − rate · g/(√(v − m²) + ε) (Graves 2013, without his momentum: chain a `trace`). */
export const centredRmsProp = ({
  rate,
  ...root
}: WithRate & Partial<MovingRoot>): Chain<[ScaleByStandardDeviation, ScaleByRate]> =>
  chain(scaleByStandardDeviation(root), scaleByRate(rate))

/** θ ← θ − rate · g/(√Σg² + ε) (Duchi, Hazan & Singer 2011). */
export const adagrad = ({
  rate,
  ...sum
}: WithRate & Partial<Omit<ScaleByAdagrad, '_tag'>>): Chain<[ScaleByAdagrad, ScaleByRate]> =>
  chain(scaleByAdagrad(sum), scaleByRate(rate))

/** Steps as long as those before, over the size of the gradients: it needs no rate (Zeiler 2012). */
export const adadelta = ({ rate = 1, ...root }: Partial<WithRate & MovingRoot> = {}): Chain<
  [ScaleByAdadelta, ScaleByRate]
> => chain(scaleByAdadelta(root), scaleByRate(rate))

/** θ ← θ − rate · (sign(β_1 m + (1 − β_1) g) + decay · θ) (Chen et al. 2023). */
export const lion = ({
  rate,
  decay = 0,
  ...betas
}: WithRate & Partial<Omit<ScaleByLion, '_tag'>> & { readonly decay?: number }): Chain<
  [ScaleByLion, WeightDecay, ScaleByRate]
> => chain(scaleByLion(betas), weightDecay(decay), scaleByRate(rate))

/** θ ← θ − (f(θ) − lowerBound)/|g|² · g, the rate no more than `largest` (Polyak 1987; Loizou et al. 2021). */
export const polyak = (options: Partial<Omit<ScaleByPolyak, '_tag'>> = {}): Chain<[ScaleByPolyak, Scale]> =>
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
}: Partial<Omit<ScaleByLbfgs, '_tag'> & Omit<LineSearch, '_tag'>> = {}): Chain<[ScaleByLbfgs, Scale, LineSearch]> =>
  chain(scaleByLbfgs({ memory }), scale(-1), lineSearch(search))

/** Newton–Raphson with a line search, which takes the whole step wherever it can: θ ← θ − |∇²f|⁻¹ ∇f. */
export const newton = ({
  floor = 1e-8,
  ...search
}: Partial<Omit<ScaleByNewton, '_tag'> & Omit<LineSearch, '_tag'>> = {}): Chain<[ScaleByNewton, Scale, LineSearch]> =>
  chain(scaleByNewton({ floor }), scale(-1), lineSearch(search))

// —— interpreters ——

export const fold = Tagged.fold<Optimizer>()

/** Everything there is to an optimizer: adding a part does not compile until all of it is there. */
const meaning: (optimizer: Optimizer) => Part<unknown> = fold<Part<unknown>>({
  Scale: ({ factor }) => Elementwise.scale(factor),
  Zero: () => Elementwise.zero,
  ScaleByRate: ({ rate }) => Elementwise.scaleByRate(rate),
  Trace: ({ decay }) => Elementwise.trace(decay),
  NesterovTrace: ({ decay }) => Elementwise.nesterovTrace(decay),
  Sign: () => Elementwise.sign,
  ScaleByAdam: Elementwise.adam,
  ScaleByAmsGrad: Elementwise.amsGrad,
  ScaleByNAdam: Elementwise.nAdam,
  ScaleByRAdam: Elementwise.rAdam,
  ScaleByRms: Elementwise.rms,
  ScaleByStandardDeviation: Elementwise.standardDeviation,
  ScaleByAdagrad: Elementwise.adagrad,
  ScaleByAdadelta: Elementwise.adadelta,
  ScaleByLion: Elementwise.lion,
  ScaleByPolyak: Value.polyak,
  ReduceOnPlateau: Value.reduceOnPlateau,
  ScaleByLbfgs: o => Curvature.lbfgs(o.memory, show(o)),
  ScaleByNewton: o => Curvature.newton(o.floor, show(o)),
  LineSearch: o => Search.lineSearch(o, show(o)),
  ClipByValue: ({ most }) => Elementwise.clipByValue(most),
  ClipByNorm: ({ most }) => Elementwise.clipByNorm(most),
  ClipByGlobalNorm: ({ most }) => Elementwise.clipByGlobalNorm(most),
  WeightDecay: ({ decay }) => Elementwise.weightDecay(decay),
  Project: o => Iterates.project(o.region, show(o)),
  Average: o => Iterates.average(o.after, show(o)),
  MovingAverage: o => Iterates.movingAverage(o.decay, show(o)),
  Lookahead: o => Iterates.lookahead(o, show(o)),
  Only: ({ names, part }) => Named.only(names, meaning(part)),
  Partition: ({ rules }) => Named.partition(Params.map(meaning)(rules)),
  Chain: ({ parts }) => Chained.chain(parts.map(meaning))
})

/** The meaning with its types, which `State` computes case by case and `meaning` forgets. */
const typed = <P extends string, O extends Optimizer>(optimizer: O): Part<State<O, P>, P> =>
  // A part works with whatever names its parameters have.
  meaning(optimizer) as unknown as Part<State<O, P>, P>

/** The optimizer as functions, for parameters named `P`: `interpret(optimizer)<'mean'>()`. */
export const interpret =
  <O extends Optimizer>(optimizer: O) =>
  <P extends string>(): Transformation<P, State<O, P>, ContextOf<O, P>> => {
    const { init, update } = typed<P, O>(optimizer)
    const transformation: Transformation<P, State<O, P>> = {
      init,
      update: (gradient, state, params, context = unknownObjective(gradient)) =>
        update(gradient, state, params, context)
    }
    return transformation
  }

/** As `interpret`, for an optimizer that is not known to the compiler. */
export const anyInterpret = <P extends string>(optimizer: Optimizer): Transformation<P, AnyState<P>> =>
  interpret(optimizer)<P>()

/** The JSON codec of the optimizer's state: states of another optimizer are refused. */
export const stateCodec = <P extends string>(optimizer: Optimizer): t.Type<AnyState<P>, unknown> =>
  typed<P, Optimizer>(optimizer).state

/** Where an optimizer stands, with all that it remembers. */
export interface Iterate<P extends string, S = AnyState<P>> {
  readonly params: Params.Params<P>
  readonly state: S
}

/** A step taken: where it led, and the objective where it started. */
export interface Taken<P extends string, S = AnyState<P>> extends Iterate<P, S>, Evaluation<P> {}

/**
 * One step of an optimizer on an objective, whose value and gradient are taken where the step starts: from the
 * optimizer's memory, if a line search ended there.
 */
export const step =
  <P extends string, O extends Optimizer>(optimizer: O, objective: (params: Params.Params<P>) => Evaluation<P>) =>
  ({ params, state }: Iterate<P, State<O, P>>): Taken<P, State<O, P>> => {
    const { update, recall } = typed<P, O>(optimizer)
    const { value, gradient } = recall(params, state) ?? objective(params)
    const [step, after] = update(gradient, state, params, { value, gradient, evaluate: objective })
    return { value, gradient, params: plus(params, step), state: after }
  }

/** The endless list of an optimizer's iterates on an objective, the start first, each computed when it is asked for. */
export const iterates =
  <P extends string, O extends Optimizer>(optimizer: O, objective: (params: Params.Params<P>) => Evaluation<P>) =>
  (start: Params.Params<P>): Iterable<Iterate<P, State<O, P>>> =>
    unfold<Iterate<P, State<O, P>>>(
      { params: start, state: typed<P, O>(optimizer).init(start) },
      step(optimizer, objective)
    )

/** What an optimizer takes for the answer: the average of the iterates, if it has one, else the last iterate. */
export const estimate = <P extends string, O extends Optimizer>(
  optimizer: O,
  params: Params.Params<P>,
  state: State<O, P>
): Params.Params<P> => typed<P, O>(optimizer).estimate(params, state)

/**
 * The rate with which the next step will be taken; where the objective decides (`scaleByPolyak`, `lineSearch`), that of
 * the last step, 0 before the first. Where rules differ by name it is that of the parameter `name`, else of the first
 * with a rule.
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
  const { gain, names } = typed<never, Optimizer>(optimizer)
  return 0 - gain(state, name ?? names.at(0) ?? '')
}

/** Whether it needs an objective that is the same function at every step: a line search, or differences of gradients. */
export const needsDeterminism = (optimizer: Optimizer): boolean => meaning(optimizer).deterministic.length > 0

/** `Optimizer.name({ … })` with the fields of a description. */
const call =
  (name: string) =>
  (optimizer: { readonly _tag: string }): string => {
    const fields = Object.entries(optimizer).flatMap(([field, value]) =>
      field === '_tag' ? [] : [`${field}: ${value}`]
    )
    return `Optimizer.${name}({ ${fields.join(', ')} })`
  }

const quoted = (name: string): string => `'${name}'`

/** The optimizer as the code that builds it, from its parts. */
export const show: (optimizer: Optimizer) => string = fold<string>({
  Scale: ({ factor }) => `Optimizer.scale(${factor})`,
  Zero: () => 'Optimizer.zero',
  ScaleByRate: ({ rate }) => `Optimizer.scaleByRate(${Rate.field.show(rate, [Rate.show(rate)])})`,
  Trace: ({ decay }) => `Optimizer.trace(${decay})`,
  NesterovTrace: ({ decay }) => `Optimizer.nesterovTrace(${decay})`,
  Sign: () => 'Optimizer.sign',
  ScaleByAdam: call('scaleByAdam'),
  ScaleByAmsGrad: call('scaleByAmsGrad'),
  ScaleByNAdam: call('scaleByNAdam'),
  ScaleByRAdam: call('scaleByRAdam'),
  ScaleByRms: call('scaleByRms'),
  ScaleByStandardDeviation: call('scaleByStandardDeviation'),
  ScaleByAdagrad: call('scaleByAdagrad'),
  ScaleByAdadelta: call('scaleByAdadelta'),
  ScaleByLion: call('scaleByLion'),
  ScaleByPolyak: call('scaleByPolyak'),
  ReduceOnPlateau: call('reduceOnPlateau'),
  ScaleByLbfgs: call('scaleByLbfgs'),
  ScaleByNewton: call('scaleByNewton'),
  LineSearch: call('lineSearch'),
  ClipByValue: ({ most }) => `Optimizer.clipByValue(${most})`,
  ClipByNorm: ({ most }) => `Optimizer.clipByNorm(${most})`,
  ClipByGlobalNorm: ({ most }) => `Optimizer.clipByGlobalNorm(${most})`,
  WeightDecay: ({ decay }) => `Optimizer.weightDecay(${decay})`,
  Project: ({ region }) => `Optimizer.project(${Region.show(region)})`,
  Average: call('average'),
  MovingAverage: call('movingAverage'),
  Lookahead: call('lookahead'),
  Only: ({ names, part }) =>
    part._tag === 'Zero'
      ? `Optimizer.freeze(${names.map(quoted).join(', ')})`
      : `Optimizer.only(${names.length === 1 ? quoted(names[0]) : `[${names.map(quoted).join(', ')}]`}, ${show(part)})`,
  Partition: ({ rules }) =>
    `Optimizer.partition({ ${Object.entries(rules)
      .map(([name, rule]) => `${/^\w+$/.test(name) ? name : quoted(name)}: ${show(rule)}`)
      .join(', ')} })`,
  Chain: ({ parts }) => `Optimizer.chain(${parts.map(show).join(', ')})`
})

// —— checks ——

const fraction = (field: string, value: number, suggestion: number): ReadonlyArray<Problem.Problem> =>
  Problem.unless(value >= 0 && value < 1, field, value, 'in [0, 1)', `try ${suggestion}`)

const notNegative = (field: string, value: number, suggestion: number): ReadonlyArray<Problem.Problem> =>
  Problem.unless(value >= 0 && value < Infinity, field, value, '≥ 0 and finite', `try ${suggestion}`)

const momentsProblems = ({ beta1, beta2, epsilon }: Moments): ReadonlyArray<Problem.Problem> => [
  ...fraction('beta1', beta1, 0.9),
  ...fraction('beta2', beta2, 0.999),
  ...notNegative('epsilon', epsilon, 1e-8)
]

const rootProblems = ({ decay, epsilon }: MovingRoot): ReadonlyArray<Problem.Problem> => [
  ...fraction('decay', decay, 0.9),
  ...notNegative('epsilon', epsilon, 1e-8)
]

/** What is wrong with an optimizer, before any parameters. */
export const problems: (optimizer: Optimizer) => ReadonlyArray<Problem.Problem> = fold<ReadonlyArray<Problem.Problem>>({
  Scale: ({ factor }) => Problem.unless(Number.isFinite(factor), 'factor', factor, 'finite', 'try -0.1'),
  Zero: () => [],
  ScaleByRate: ({ rate }) => Rate.problems(rate).map(Problem.within('rate')),
  Trace: ({ decay }) => fraction('decay', decay, 0.9),
  NesterovTrace: ({ decay }) => fraction('decay', decay, 0.9),
  Sign: () => [],
  ScaleByAdam: momentsProblems,
  ScaleByAmsGrad: momentsProblems,
  ScaleByNAdam: momentsProblems,
  ScaleByRAdam: momentsProblems,
  ScaleByRms: rootProblems,
  ScaleByStandardDeviation: rootProblems,
  ScaleByAdagrad: ({ start, epsilon }) => [
    ...notNegative('start', start, 0),
    ...notNegative('epsilon', epsilon, 1e-10)
  ],
  ScaleByAdadelta: ({ decay, epsilon }) => [
    ...fraction('decay', decay, 0.9),
    ...Problem.positive('epsilon', epsilon, 1e-6)
  ],
  ScaleByLion: ({ beta1, beta2 }) => [...fraction('beta1', beta1, 0.9), ...fraction('beta2', beta2, 0.99)],
  ScaleByPolyak: ({ lowerBound, largest }) => [
    ...Problem.unless(Number.isFinite(lowerBound), 'lowerBound', lowerBound, 'finite', 'try 0'),
    ...Problem.unless(largest > 0, 'largest', largest, '> 0', 'try 1, or Infinity for no limit')
  ],
  ReduceOnPlateau: ({ factor, patience, tolerance, cooldown, least, window }) => [
    ...Problem.unless(factor > 0 && factor < 1, 'factor', factor, 'in (0, 1)', 'try 0.5'),
    ...Problem.count('patience', patience, 0, 10),
    ...notNegative('tolerance', tolerance, 1e-4),
    ...Problem.count('cooldown', cooldown, 0, 0),
    ...Problem.unless(least >= 0 && least <= 1, 'least', least, 'in [0, 1]', 'try 0'),
    ...Problem.count('window', window, 1, 1)
  ],
  ScaleByLbfgs: ({ memory }) => Problem.count('memory', memory, 1, 10),
  ScaleByNewton: ({ floor }) => Problem.unless(floor > 0 && floor < 1, 'floor', floor, 'in (0, 1)', 'try 1e-8'),
  LineSearch: ({ decrease, curvature, evaluations }) => [
    ...Problem.unless(decrease > 0 && decrease < 0.5, 'decrease', decrease, 'in (0, 1/2)', 'try 0.0001'),
    ...Problem.unless(
      curvature > decrease && curvature < 1,
      'curvature',
      curvature,
      `in (${decrease}, 1), above decrease`,
      'try 0.9'
    ),
    ...Problem.count('evaluations', evaluations, 1, 25)
  ],
  ClipByValue: ({ most }) => Problem.positive('most', most, 1),
  ClipByNorm: ({ most }) => Problem.positive('most', most, 1),
  ClipByGlobalNorm: ({ most }) => Problem.positive('most', most, 1),
  WeightDecay: ({ decay }) => notNegative('decay', decay, 1e-4),
  Project: ({ region }) => Region.problems(region).map(Problem.within('region')),
  Average: ({ after }) => Problem.count('after', after, 0, 0),
  MovingAverage: ({ decay }) => fraction('decay', decay, 0.99),
  Lookahead: ({ every, share }) => [
    ...Problem.count('every', every, 1, 5),
    ...Problem.unless(share > 0 && share <= 1, 'share', share, 'in (0, 1]', 'try 0.5')
  ],
  Only: ({ part }) => problems(part),
  Partition: ({ rules }) =>
    Object.entries(rules).flatMap(([name, rule]) => problems(rule).map(Problem.within(`rules.${name}`))),
  Chain: ({ parts }) => parts.flatMap(part => problems(part))
})

/** What an optimizer is to be used on. */
export interface Use {
  readonly shapes: Params.Shapes<string>
  /** The expectation, printed, if the objective is another function at every step; else null. */
  readonly random: string | null
}

/** What is wrong with an optimizer for an objective: names, size, noise, and parameters that would climb. */
export const misfits =
  ({ shapes, random }: Use) =>
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
      ...misfits({ shapes, gain: () => 1 }),
      ...Problem.unless(
        climbing.length === 0,
        'optimizer',
        show(optimizer),
        `a descent of ${climbing.map(quoted).join(', ')}, whose gradient it leaves uphill`,
        'chain a rate: Optimizer.scaleByRate(0.1), or Optimizer.freeze what is to stay'
      )
    ]
  }

const momentsCodec = { beta1: t.number, beta2: t.number, epsilon: t.number }

const rootCodec = { decay: t.number, epsilon: t.number }

const rates = Rate.codec(Vocabulary.of(Rate.all))
const regions = Region.codec(Vocabulary.of(Region.all))

/** The JSON codec. */
export const codec: t.Type<Optimizer, unknown> = t.recursion('Optimizer', () =>
  t.union([
    t.type({ _tag: t.literal('Scale'), factor: Params.numberCodec }),
    t.type({ _tag: t.literal('Zero') }),
    t.type({ _tag: t.literal('ScaleByRate'), rate: rates }),
    t.type({ _tag: t.literal('Trace'), decay: t.number }),
    t.type({ _tag: t.literal('NesterovTrace'), decay: t.number }),
    t.type({ _tag: t.literal('Sign') }),
    t.type({ _tag: t.literal('ScaleByAdam'), ...momentsCodec }),
    t.type({ _tag: t.literal('ScaleByAmsGrad'), ...momentsCodec }),
    t.type({ _tag: t.literal('ScaleByNAdam'), ...momentsCodec }),
    t.type({ _tag: t.literal('ScaleByRAdam'), ...momentsCodec }),
    t.type({ _tag: t.literal('ScaleByRms'), ...rootCodec }),
    t.type({ _tag: t.literal('ScaleByStandardDeviation'), ...rootCodec }),
    t.type({ _tag: t.literal('ScaleByAdagrad'), start: t.number, epsilon: t.number }),
    t.type({ _tag: t.literal('ScaleByAdadelta'), ...rootCodec }),
    t.type({ _tag: t.literal('ScaleByLion'), beta1: t.number, beta2: t.number }),
    t.type({ _tag: t.literal('ScaleByPolyak'), lowerBound: t.number, largest: Params.numberCodec }),
    t.type({
      _tag: t.literal('ReduceOnPlateau'),
      factor: t.number,
      patience: t.number,
      tolerance: t.number,
      cooldown: t.number,
      least: t.number,
      window: t.number
    }),
    t.type({ _tag: t.literal('ScaleByLbfgs'), memory: t.number }),
    t.type({ _tag: t.literal('ScaleByNewton'), floor: t.number }),
    t.type({ _tag: t.literal('LineSearch'), decrease: t.number, curvature: t.number, evaluations: t.number }),
    t.type({ _tag: t.literal('ClipByValue'), most: t.number }),
    t.type({ _tag: t.literal('ClipByNorm'), most: t.number }),
    t.type({ _tag: t.literal('ClipByGlobalNorm'), most: t.number }),
    t.type({ _tag: t.literal('WeightDecay'), decay: t.number }),
    t.type({ _tag: t.literal('Project'), region: regions }),
    t.type({ _tag: t.literal('Average'), after: t.number }),
    t.type({ _tag: t.literal('MovingAverage'), decay: t.number }),
    t.type({ _tag: t.literal('Lookahead'), every: t.number, share: t.number }),
    t.type({ _tag: t.literal('Only'), names: t.readonlyArray(t.string), part: codec }),
    t.type({ _tag: t.literal('Partition'), rules: t.record(t.string, codec) }),
    t.type({ _tag: t.literal('Chain'), parts: t.readonlyArray(codec) })
  ])
)
