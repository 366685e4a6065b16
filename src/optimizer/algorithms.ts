import { refuse } from '../../lib/plain/refuse.js'
import { isRecord } from '../core/record.js'
import { chain, type Chain } from './chain.js'
import { scaleByLbfgs, scaleByNewton } from './curvature.js'
import { lineSearch } from './lineSearch.js'
import {
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
  weightDecay
} from './perEntry.js'
import { orthogonalize } from './orthogonalize.js'
import type * as Rate from './rate.js'
import { scaleByScheduleFree } from './scheduleFree.js'
import { scaleByProdigy, scaleByTrustRatio } from './distanceScaled.js'
import { scaleByPolyak } from './value.js'

export type ScaleByRate = ReturnType<typeof scaleByRate>
export type ScaleByAdam = ReturnType<typeof scaleByAdam>
export type Sign = typeof sign
export type Scale = ReturnType<typeof scale>
export type Trace = ReturnType<typeof trace>
export type NesterovTrace = ReturnType<typeof nesterovTrace>
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
export type ScaleByTrustRatio = ReturnType<typeof scaleByTrustRatio>
export type Orthogonalize = ReturnType<typeof orthogonalize>
export type ScaleByScheduleFree = ReturnType<typeof scaleByScheduleFree>
export type ScaleByProdigy = ReturnType<typeof scaleByProdigy>
export type WeightDecay = ReturnType<typeof weightDecay>

interface WithRate {
  /** Step size: a number, or a `Rate` that changes with the steps. */
  readonly rate: number | Rate.Rate
}

interface WithDecay {
  /** Decay per step, in [0, 1); for `adamW`, the fraction of θ subtracted at every step. */
  readonly decay?: number
}

interface WithMean {
  /** Share of the mean in the point at which gradients are taken. Default: 0.9. */
  readonly beta?: number
  /** Exponent of the rate in the weights of the mean. Default: 2. */
  readonly power?: number
}

/** Rate and options in one record type, so that messages list each option once. */
type Rated<A = unknown> = { readonly [K in keyof (WithRate & A)]: (WithRate & A)[K] }

type Options<Made> = Made extends (options?: infer O) => unknown ? NonNullable<O> : never

/** Names a recipe; JavaScript may call it without its rate, or with the rate alone. */
const recipeWithRate =
  <G extends WithRate, Made>(name: string, make: (options: G) => Made): ((options: G) => Made) =>
  options => {
    const given: unknown = options
    if (isRecord(given) && given.rate !== undefined) return make(options)
    const found = given === undefined ? 'it is missing' : 'it is not given by its name'
    const rate = typeof given === 'number' ? given : 0.1
    return refuse(`Optimizer.${name}: rate: ${found}; write Optimizer.${name}({ rate: ${rate} })`)
  }

/** θ ← θ − rate · g */
export const gradientDescent = recipeWithRate('gradientDescent', ({ rate }: WithRate): ScaleByRate => scaleByRate(rate))

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
export const adam = recipeWithRate(
  'adam',
  ({ rate, ...moments }: Rated<Options<typeof scaleByAdam>>): Chain<[ScaleByAdam, ScaleByRate]> =>
    chain(scaleByAdam(moments), scaleByRate(rate))
)

/** Momentum: v ← decay · v + g, θ ← θ − rate · v (heavy ball, Polyak 1964). */
export const momentum = recipeWithRate(
  'momentum',
  ({ rate, decay = 0.9 }: Rated<WithDecay>): Chain<[Trace, ScaleByRate]> => chain(trace(decay), scaleByRate(rate))
)

/** Nesterov momentum: v ← decay · v + g, θ ← θ − rate · (g + decay · v) (Nesterov 1983, in the form of Sutskever et al. 2013). */
export const nesterov = recipeWithRate(
  'nesterov',
  ({ rate, decay = 0.9 }: Rated<WithDecay>): Chain<[NesterovTrace, ScaleByRate]> =>
    chain(nesterovTrace(decay), scaleByRate(rate))
)

/** θ ← θ − rate · sign g */
export const signDescent = recipeWithRate('signDescent', ({ rate }: WithRate): Chain<[Sign, ScaleByRate]> =>
  chain(sign, scaleByRate(rate))
)

/** Adam with decoupled weight decay: θ ← θ − rate · (m̂/(√v̂ + ε) + decay · θ) (Loshchilov & Hutter 2019). */
export const adamW = recipeWithRate(
  'adamW',
  ({
    rate,
    decay = 1e-4,
    ...moments
  }: Rated<WithDecay & Options<typeof scaleByAdam>>): Chain<[ScaleByAdam, WeightDecay, ScaleByRate]> =>
    chain(scaleByAdam(moments), weightDecay(decay), scaleByRate(rate))
)

/** AMSGrad: Adam with a second moment that never decreases (Reddi, Kale & Kumar 2018). */
export const amsGrad = recipeWithRate(
  'amsGrad',
  ({ rate, ...moments }: Rated<Options<typeof scaleByAmsGrad>>): Chain<[ScaleByAmsGrad, ScaleByRate]> =>
    chain(scaleByAmsGrad(moments), scaleByRate(rate))
)

/** Adam with Nesterov's momentum (Dozat 2016). */
export const nAdam = recipeWithRate(
  'nAdam',
  ({ rate, ...moments }: Rated<Options<typeof scaleByNAdam>>): Chain<[ScaleByNAdam, ScaleByRate]> =>
    chain(scaleByNAdam(moments), scaleByRate(rate))
)

/** RAdam: Adam with a rectified step size while few gradients have been averaged (Liu et al. 2020). */
export const rAdam = recipeWithRate(
  'rAdam',
  ({ rate, ...moments }: Rated<Options<typeof scaleByRAdam>>): Chain<[ScaleByRAdam, ScaleByRate]> =>
    chain(scaleByRAdam(moments), scaleByRate(rate))
)

/** θ ← θ − rate · g/(√v + ε) (Tieleman & Hinton 2012). */
export const rmsProp = recipeWithRate(
  'rmsProp',
  ({ rate, ...root }: Rated<Options<typeof scaleByRms>>): Chain<[ScaleByRms, ScaleByRate]> =>
    chain(scaleByRms(root), scaleByRate(rate))
)

/** θ ← θ − rate · g/(√(v − m²) + ε) (Graves 2013, without his momentum; for it, chain a `trace`). */
export const centredRmsProp = recipeWithRate(
  'centredRmsProp',
  ({
    rate,
    ...root
  }: Rated<Options<typeof scaleByStandardDeviation>>): Chain<[ScaleByStandardDeviation, ScaleByRate]> =>
    chain(scaleByStandardDeviation(root), scaleByRate(rate))
)

/** θ ← θ − rate · g/(√Σg² + ε) (Duchi, Hazan & Singer 2011). */
export const adagrad = recipeWithRate(
  'adagrad',
  ({ rate, ...sum }: Rated<Options<typeof scaleByAdagrad>>): Chain<[ScaleByAdagrad, ScaleByRate]> =>
    chain(scaleByAdagrad(sum), scaleByRate(rate))
)

/** Adadelta: the step size follows that of earlier steps relative to the gradients, without a rate (Zeiler 2012). */
export const adadelta = ({ rate = 1, ...root }: Partial<WithRate> & Options<typeof scaleByAdadelta> = {}): Chain<
  [ScaleByAdadelta, ScaleByRate]
> => chain(scaleByAdadelta(root), scaleByRate(rate))

/** θ ← θ − rate · (sign(β_1 m + (1 − β_1) g) + decay · θ) (Chen et al. 2023). */
export const lion = recipeWithRate(
  'lion',
  ({
    rate,
    decay = 0,
    ...betas
  }: Rated<WithDecay & Options<typeof scaleByLion>>): Chain<[ScaleByLion, WeightDecay, ScaleByRate]> =>
    chain(scaleByLion(betas), weightDecay(decay), scaleByRate(rate))
)

/**
 * LAMB: θ ← θ − rate · |θ|/|u| · u for each parameter, with u = m̂/(√v̂ + ε) + decay · θ (You et al. 2020).
 */
export const lamb = recipeWithRate(
  'lamb',
  ({
    rate,
    decay = 0,
    ...moments
  }: Rated<WithDecay & Options<typeof scaleByAdam>>): Chain<
    [ScaleByAdam, WeightDecay, ScaleByTrustRatio, ScaleByRate]
  > => chain(scaleByAdam({ epsilon: 1e-6, ...moments }), weightDecay(decay), scaleByTrustRatio(), scaleByRate(rate))
)

/**
 * Muon: Nesterov's momentum of matrices, orthogonalised; other parameters need a rule of their own, by `partition` (Jordan et al. 2024).
 */
export const muon = recipeWithRate(
  'muon',
  ({
    rate,
    decay = 0.95,
    ...newtonSchulz
  }: Rated<WithDecay & Options<typeof orthogonalize>>): Chain<[NesterovTrace, Orthogonalize, ScaleByRate]> =>
    chain(nesterovTrace(decay), orthogonalize(newtonSchulz), scaleByRate(rate))
)

/** Prodigy: Adam whose rate is an estimate of the distance to the minimum (Mishchenko & Defazio 2023). */
export const prodigy = (options: Options<typeof scaleByProdigy> = {}): ScaleByProdigy => scaleByProdigy(options)

/**
 * Schedule-free Adam: gradients are scaled as by Adam without momentum, and a stage ends at a mean of the iterates, so that the rate need
 * not fall (Defazio et al. 2024).
 */
export const scheduleFree = recipeWithRate(
  'scheduleFree',
  ({
    rate,
    beta = 0.9,
    power = 2,
    ...moments
  }: Rated<Omit<Options<typeof scaleByAdam>, 'beta1'> & WithMean>): Chain<[ScaleByAdam, ScaleByScheduleFree]> =>
    chain(scaleByAdam({ beta1: 0, ...moments }), scaleByScheduleFree({ rate, beta, power }))
)

/**
 * Polyak step size: θ ← θ − (f(θ) − lowerBound)/|g|² · g, with a rate of at most `largest` (Polyak 1987; Loizou et
 * al. 2021).
 */
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

/** Newton–Raphson with a line search that tries the whole step first: θ ← θ − |∇²f|⁻¹ ∇f. */
export const newton = ({
  floor = 1e-8,
  ...search
}: Options<typeof scaleByNewton> & Options<typeof lineSearch> = {}): Chain<[ScaleByNewton, Scale, LineSearch]> =>
  chain(scaleByNewton({ floor }), scale(-1), lineSearch(search))
