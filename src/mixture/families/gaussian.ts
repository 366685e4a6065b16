/**
 * Functions shared by families of Gaussian mixtures. At level (α, σ) component k is N(αc_k, S_k), S_k = α²Σ_k + σ²I, P_k = S_k⁻¹; r_k = x −
 * αc_k. A level is common, with one entry, or [rows, 1].
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  add,
  expandDims,
  fill,
  logSoftmax,
  matMul,
  mul,
  neg,
  reshape,
  softmax,
  square,
  squaredDistances,
  sub,
  sum,
  transpose,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { tabulate } from '../../../lib/arrays/entries.js'
import { shapeSize } from '../../../lib/arrays/ndarray.js'
import type { MStepContext, ComponentsOf, RowLevel, Moments } from '../family.js'
import * as Params from '../../core/params.js'
import type { Mixture } from '../mixtureData.js'

// —— in the tensor vocabulary ——

export interface GaussianEvaluation {
  /** log N(x; αc_k, S_k), [rows, K] */
  readonly logDensity: Tensor
  /** Σ_k w_k P_k r_k for weights [rows, K], [rows, dim] */
  readonly pull: (shares: Tensor) => Tensor
  /** Σ_k w_k (|δ_k|² − tr P_k), δ_k = P_k r_k − Σ_l w_l P_l r_l, [rows, 1]; Σ w|P r|² − |Σ w P r|² would cancel for distant rows. */
  readonly curvature: (shares: Tensor) => Tensor
}

/** Without logits weights are equal. */
interface MeansAndLogits {
  readonly means: Tensor
  readonly logits?: Tensor
}

const logWeightsOfLogits = ({ means, logits }: MeansAndLogits): Tensor => {
  const [count] = means.shape
  return logits === undefined ? fill([count], -Elementary.log(count)) : logSoftmax(logits)
}

export interface Evaluated<T> {
  readonly components: (params: T) => ComponentsOf
  readonly score: (params: T, x: Tensor, level: RowLevel) => Tensor
  readonly divergence: (params: T, x: Tensor, level: RowLevel) => Tensor
  readonly logDensity?: (params: T, x: Tensor, level: RowLevel) => Tensor
}

/** Returns components, score s = −Σ w_k P_k r_k and div s = Σ w_k(|δ_k|² − tr P_k), w the responsibilities. */
export const evaluatedGaussians = <T extends MeansAndLogits>(
  evaluate: (params: T, x: Tensor, level: RowLevel) => GaussianEvaluation
): Evaluated<T> => {
  const shares = (params: T, { logDensity }: GaussianEvaluation): Tensor =>
    softmax(add(logDensity, expandDims(logWeightsOfLogits(params), 0)))
  return {
    components: params => ({
      logWeights: logWeightsOfLogits(params),
      centres: params.means,
      logDensity: (x, level) => evaluate(params, x, level).logDensity
    }),
    score: (params, x, level) => {
      const evaluated = evaluate(params, x, level)
      return neg(evaluated.pull(shares(params, evaluated)))
    },
    divergence: (params, x, level) => {
      const evaluated = evaluate(params, x, level)
      return evaluated.curvature(shares(params, evaluated))
    }
  }
}

/** (d/2) log 2π */
export const logNormalConstant = (dim: number): number => (dim / 2) * Elementary.log(2 * Math.PI)

/** Returns log N without −(d/2) log 2π, from |R r|² and log |R|, P_k = R_kᵀR_k, which broadcast to [rows, K]. */
export const logShape = (squared: Tensor, logRoot: Tensor, constant = 0): Tensor => {
  const half = mul(0.5, squared)
  return sub(logRoot, constant === 0 ? half : add(half, constant))
}

/** log N as a tensor. */
export const logNormalTensor = (dim: number, squared: Tensor, logRoot: Tensor): Tensor =>
  logShape(squared, logRoot, logNormalConstant(dim))

/** True if all rows share one level. */
export const hasCommonLevel = ({ alpha, sigma }: RowLevel): boolean => alpha.size === 1 && sigma.size === 1

/** Reshapes α and σ to [rows | 1, 1, …] with `axes` last axes. */
export const appendLevelAxes = ({ alpha, sigma }: RowLevel, axes: number): RowLevel => {
  const over = (x: Tensor): Tensor => reshape(x, [x.size, ...new Array<number>(axes).fill(1)])
  return { alpha: over(alpha), sigma: over(sigma) }
}

/** r_k, [rows, K, dim], for centres [K, dim]. */
export const residuals = (x: Tensor, centres: Tensor, level: RowLevel): Tensor =>
  sub(expandDims(x, 1), mul(appendLevelAxes(level, 2).alpha, expandDims(centres, 0)))

/** Evaluation with own P_k, from P_k r_k [rows, K, dim] and traces that broadcast to [rows, K]. */
export const evaluationOfSeparate = (logDensity: Tensor, pulls: Tensor, traces: Tensor): GaussianEvaluation => {
  const pull = (shares: Tensor): Tensor => sum(mul(expandDims(shares, 2), pulls), 1)
  return {
    logDensity,
    pull,
    curvature: shares => {
      const apart = sum(square(sub(pulls, expandDims(pull(shares), 1))), 2)
      return sum(mul(shares, sub(apart, traces)), 1, true)
    }
  }
}

/** Evaluation with one P: P_k r_k = Px − αPc_k, so δ_k does not depend on x, and no array exceeds [rows, dim] or [rows, K]. */
export const evaluationOfShared = (
  logDensity: Tensor,
  pointPull: Tensor,
  centrePulls: Tensor,
  trace: Tensor
): GaussianEvaluation => {
  const pullOf = (shares: Tensor): Tensor => matMul(shares, centrePulls)
  return {
    logDensity,
    pull: shares => sub(pointPull, pullOf(shares)),
    curvature: shares => sub(sum(mul(shares, squaredDistances(pullOf(shares), centrePulls)), 1, true), trace)
  }
}

// —— as arrays ——

/** Lets the compiler infer parameter names, as an annotation of `parameters`' argument. */
export interface ComponentCount {
  readonly components: number
}

/** Returns an array with one axis. */
export const vectorArray = (values: Float64Array): NdArray => ({ shape: [values.length], values })

/** Permutes arrays along the axis of the components. */
export const permuteFirstAxis =
  (order: ReadonlyArray<number>) =>
  ({ shape, values }: NdArray): NdArray => {
    const width = values.length / shape[0]
    return { shape, values: values.map((_, at) => values[order[Math.floor(at / width)] * width + (at % width)]) }
  }

/** Permutes components if all arrays have one row per component. */
export const permuteComponents =
  (order: ReadonlyArray<number>) =>
  <P extends string>(params: Params.Params<P>): Params.Params<P> =>
    Params.map<NdArray, NdArray>(permuteFirstAxis(order))(params)

/** Permutes components, except in arrays of the same size for one component more (`more`). */
export const relabelledAs =
  <P extends string>(now: Params.Shapes<P>, more: Params.Shapes<P>) =>
  (order: ReadonlyArray<number>) =>
  (params: Params.Params<P>): Params.Params<P> =>
    Params.map<NdArray, NdArray>((array, name) => {
      const isFixed = shapeSize(now[name as P]) === shapeSize(more[name as P])
      return isFixed ? array : permuteFirstAxis(order)(array)
    })(params)

/** Adds a vector to the means. */
export const shiftMeans =
  (by: Float64Array) =>
  <A extends { readonly means: NdArray }>(params: A): A => {
    const { shape, values } = params.means
    const moved = new Float64Array(values.length)
    for (let at = 0; at < moved.length;) for (let j = 0; j < by.length; j++, at++) moved[at] = values[at] + by[j]
    return { ...params, means: { shape, values: moved } }
  }

/** Multiplies the rows of [K, dim] by a vector. */
export const scaleRows =
  (by: Float64Array) =>
  ({ shape, values }: NdArray): NdArray => ({ shape, values: values.map((c, at) => c * by[at % by.length]) })

/** Log variances of columns times `by`. */
export const scaleLogVariances =
  (by: Float64Array) =>
  ({ shape, values }: NdArray): NdArray => ({
    shape,
    values: values.map((l, at) => l + 2 * Elementary.log(by[at % by.length]))
  })

/** Applies a map of points to the rows of [K, dim]. */
export const mapMeanRows =
  (map: (row: ReadonlyArray<number>) => ReadonlyArray<number>) =>
  ({ shape, values }: NdArray): NdArray => {
    const width = shape[shape.length - 1]
    return {
      shape,
      values: Float64Array.from(
        RA.makeBy(values.length / width, row => map(Array.from(values.subarray(row * width, (row + 1) * width)))).flat()
      )
    }
  }

/** log w, finite for a component without mass. */
export const logShares = (weights: Float64Array): NdArray =>
  vectorArray(tabulate(weights.length, k => Elementary.log(Math.max(weights[k], Number.MIN_VALUE))))

/** Sum of the values, added in order. */
export const sumValues = (values: Float64Array): number => {
  let sum = 0
  for (let at = 0; at < values.length; at++) sum += values[at]
  return sum
}

// —— the common part of M-steps ——

/** Displacement of each centre to the mean of its rows, at their level, [K, dim]; 0 without mass. */
export const meanSteps = ({ mass, sums }: Moments, dim: number): Float64Array => {
  const moved = new Float64Array(sums.length)
  for (let k = 0, at = 0; k < mass.length; k++)
    for (let j = 0; j < dim; j++, at++) moved[at] = mass[k] > 0 ? sums[at] / mass[k] : 0
  return moved
}

/** Maximizing centres at time 0 and logits. */
export const maximizingCentres = (
  { means }: { readonly means: NdArray },
  moments: Moments,
  { level, dim }: MStepContext
): { readonly means: NdArray; readonly logits: NdArray } => {
  const centres = meanSteps(moments, dim)
  for (let at = 0; at < centres.length; at++) centres[at] = means.values[at] + centres[at] / level.alpha
  const all = sumValues(moments.mass)
  return {
    means: { shape: means.shape, values: centres },
    logits: logShares(tabulate(moments.mass.length, k => moments.mass[k] / all))
  }
}

/** α²φ + σ² for the lower bound φ at time 0. */
export const minVarianceAtLevel = ({ level, floor }: MStepContext): number =>
  Elementary.square(level.alpha) * floor + Elementary.square(level.sigma)

/** Converts a variance at a level to time 0, clipped from below. */
export const varianceAtTimeZero =
  (at: MStepContext) =>
  (variance: number): number =>
    Math.max(
      (Math.max(variance, minVarianceAtLevel(at)) - Elementary.square(at.level.sigma)) /
        Elementary.square(at.level.alpha),
      at.floor,
      Number.MIN_VALUE
    )

/** Diagonals of the covariances, [K · dim]. */
export const diagonalsOf = ({ means: { shape }, variances }: Mixture): Float64Array => {
  const [count, dim] = shape
  const width = variances.length / count
  const all = new Float64Array(count * dim)
  for (let k = 0, at = 0; k < count; k++)
    for (let j = 0; j < dim; j++, at++) all[at] = variances[k * width + (width === 1 ? 0 : j)]
  return all
}

/** log π_k from logits. */
const logsOf = ({ values }: NdArray): Float64Array => {
  let top = -Infinity
  for (let k = 0; k < values.length; k++) top = Math.max(top, values[k])
  let sum = 0
  for (let k = 0; k < values.length; k++) sum += Elementary.exp(values[k] - top)
  const all = top + Elementary.log(sum)
  return tabulate(values.length, k => values[k] - all)
}

/** π_k = e^{l_k}/Σ_m e^{l_m}, [K]. */
export const softmaxWeights = (logits: NdArray): Float64Array => {
  const logs = logsOf(logits)
  return tabulate(logs.length, k => Elementary.exp(logs[k]))
}

/**
 * Distance by Fisher's metric, √Σ_k π_k(ρ_k + (δ log π_k)²), √2 times the root of the relative entropy of row and component; `apart`
 * returns ρ_k = δcᵀ Σ⁻¹ δc + ½ tr (Σ⁻¹δΣ)².
 */
export const fisherDistance = (from: NdArray, to: NdArray, apart: (component: number) => number): number => {
  const before = logsOf(from)
  const after = logsOf(to)
  return Math.sqrt(
    before.reduce((sum, log, k) => {
      const share = Elementary.exp(log)
      return share > 0 ? sum + share * (apart(k) + Elementary.square(after[k] - log)) : sum
    }, 0)
  )
}

/** [K, rows] → [rows, K] */
export const swapAxes = (x: Tensor): Tensor => transpose(x, [1, 0])

/** Transposes each matrix of a stack. */
export const transposeEach = (x: Tensor): Tensor =>
  transpose(
    x,
    x.shape.map((_, i) => (i < x.rank - 2 ? i : 2 * x.rank - 3 - i))
  )
