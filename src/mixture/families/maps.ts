/** Parts of a family from conversions between parameters and mixtures. */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { symmetricEigen, transposed } from '../../../lib/arrays/linalg.js'
import { concatenated, type NdArray } from '../../../lib/arrays/ndarray.js'
import type { MStepContext, Learned, Moments, MStep, Second, CentreConversion } from '../family.js'
import type * as Params from '../../core/params.js'
import { factorsOf } from '../component.js'
import type { Mixture } from '../mixtureData.js'
import * as Gaussian from './gaussian.js'

export interface MixtureMaps<P extends string> {
  readonly toMixture: (params: Params.Params<P>) => Mixture
  /** Returns the nearest parameters by Σ_k π_k KL(N_k ‖ ·): the maximum-likelihood ones for an E-step's moments. */
  readonly fromMixture: (mixture: Mixture) => Params.Params<P>
}

/** Σ r(x − c)(x − c)ᵀ about the new means, in the form of `second`, from moments about the old ones; rounding may make them negative. */
export const scatterAboutNewMeans = (second: Second, moments: Moments, dim: number): Float64Array => {
  const { mass, second: about } = moments
  if (second === 'none') return about
  const moved = Gaussian.meanSteps(moments, dim)
  switch (second) {
    case 'trace':
      return traceAboutNewMeans(about, mass, moved, dim)
    case 'diagonal':
      return diagonalAboutNewMeans(about, mass, moved, dim)
    case 'full':
      return scatterInFull(about, mass, moved, dim)
  }
}

/** Moves second moments to means displaced by `moved`. */
type ShiftMoments = (about: Float64Array, mass: Float64Array, moved: Float64Array, dim: number) => Float64Array

const traceAboutNewMeans: ShiftMoments = (about, mass, moved, dim) => {
  const out = new Float64Array(about.length)
  for (let k = 0, at = 0; k < out.length; k++) {
    let squared = 0
    for (let j = 0; j < dim; j++, at++) squared += moved[at] * moved[at]
    out[k] = about[k] - mass[k] * squared
  }
  return out
}

const diagonalAboutNewMeans: ShiftMoments = (about, mass, moved, dim) => {
  const out = new Float64Array(about.length)
  for (let k = 0, at = 0; k < mass.length; k++)
    for (let j = 0; j < dim; j++, at++) out[at] = about[at] - mass[k] * (moved[at] * moved[at])
  return out
}

const scatterInFull: ShiftMoments = (about, mass, moved, dim) => {
  const out = new Float64Array(about.length)
  for (let k = 0, at = 0; k < mass.length; k++)
    for (let i = k * dim; i < (k + 1) * dim; i++)
      for (let j = k * dim; j < (k + 1) * dim; j++, at++) out[at] = about[at] - mass[k] * moved[i] * moved[j]
  return out
}

/** Σ_k in the form of `second`, [K, …]. */
export const secondMomentsOf = (second: Second, mixture: Mixture): Float64Array => {
  const [count, dim] = mixture.means.shape
  const variances = Gaussian.diagonalsOf(mixture)
  switch (second) {
    case 'none':
      return new Float64Array(0)
    case 'trace':
      return new Float64Array(count).map((_, k) => Gaussian.sumValues(variances.subarray(k * dim, (k + 1) * dim)))
    case 'diagonal':
      return variances
    case 'full':
      return concatenated(factorsOf(mixture).map(factor => Factor.covarianceOfFactor(factor, dim).values))
  }
}

/** Mixture with equal weights and one variance. */
export const isotropicMixture = (means: NdArray, variance: number): Mixture => {
  const [count] = means.shape
  return {
    means,
    weights: new Float64Array(count).fill(1 / count),
    variances: new Float64Array(count).fill(variance),
    factors: null
  }
}

/** Converts centres through an isotropic mixture. */
export const startFromMaps = <P extends string>(
  { fromMixture }: Pick<MixtureMaps<P>, 'fromMixture'>,
  count: number,
  centres: (params: Params.Params<P>) => NdArray
): CentreConversion<P> => ({
  count,
  centres,
  fromCentres: (means, variance) => fromMixture(isotropicMixture(means, variance))
})

/** Mixture with covariances L_k L_kᵀ. */
export const mixtureOfTriangles = (
  { means, weights }: Pick<Mixture, 'means' | 'weights'>,
  triangles: ReadonlyArray<Float64Array>
): Mixture => {
  const [count, dim] = means.shape
  const values = concatenated(triangles)
  return {
    means,
    weights,
    variances: Factor.triangleVariances(values, dim),
    factors: { shape: [count, dim, dim], values }
  }
}

/** Mixture on columns times `by`. */
export const scaledMixture = (by: Float64Array, mixture: Mixture): Mixture => {
  const first = { means: Gaussian.scaleRows(by)(mixture.means), weights: mixture.weights }
  if (mixture.factors !== null)
    return mixtureOfTriangles(
      first,
      factorsOf(mixture).map(factor => Factor.scaledFactor(factor, by).values)
    )
  const variances = Gaussian.diagonalsOf(mixture).map((v, at) => v * Elementary.square(by[at % by.length]))
  return { ...first, variances, factors: null }
}

/** Parameters on columns times `by`, of a family closed under scaling. */
export const scaleParams =
  <P extends string>({ toMixture, fromMixture }: MixtureMaps<P>) =>
  (by: Float64Array) =>
  (params: Params.Params<P>): Params.Params<P> =>
    fromMixture(scaledMixture(by, toMixture(params)))

/** Parameters shifted by a vector, of a family closed under shifts. */
export const shiftParams =
  <P extends string>({ toMixture, fromMixture }: MixtureMaps<P>) =>
  (by: Float64Array) =>
  (params: Params.Params<P>): Params.Params<P> =>
    fromMixture(Gaussian.shiftMeans(by)(toMixture(params)))

interface Sharing {
  readonly isShared: boolean
}

/** ½Σ log² of the eigenvalues of Σ⁻¹Σ′: to second order ½ tr (Σ⁻¹δΣ)², and symmetric. */
const covarianceDistance = (from: NdArray, to: NdArray, dim: number): number => {
  /** Rows are the columns of L⁻¹L′. */
  const between = Factor.solve(from, dim, transposed(to.values, dim))
  const both = new Float64Array(dim * dim)
  for (let c = 0; c < between.length; c += dim)
    for (let i = 0, at = 0; i < dim; i++)
      for (let j = 0; j < dim; j++, at++) both[at] += between[c + i] * between[c + j]
  return symmetricEigen({ shape: [dim, dim], values: both }).values.reduce(
    (sum, e) => sum + Elementary.square(Elementary.log(e)) / 2,
    0
  )
}

/** `covarianceDistance` plus δcᵀΣ⁻¹δc for diagonal covariances. */
const diagonalDistances = (before: Mixture, after: Mixture): ((component: number) => number) => {
  const [, dim] = before.means.shape
  const from = Gaussian.diagonalsOf(before)
  const to = Gaussian.diagonalsOf(after)
  return k => {
    let sum = 0
    for (let at = k * dim; at < (k + 1) * dim; at++) {
      const shift = Elementary.square(after.means.values[at] - before.means.values[at]) / from[at]
      const width = to[at] === from[at] ? 0 : Elementary.square(Elementary.log(to[at]) - Elementary.log(from[at])) / 2
      sum += shift + width
    }
    return sum
  }
}

/** `covarianceDistance` plus δcᵀΣ⁻¹δc; a common covariance is compared once. */
const triangularDistances = (
  before: Mixture,
  after: Mixture,
  { isShared }: Sharing
): ((component: number) => number) => {
  const [, dim] = before.means.shape
  const trianglesOf = (mixture: Mixture): ReadonlyArray<NdArray> =>
    factorsOf(mixture).map(factor => Factor.triangleOfFactor(factor, dim))
  const from = trianglesOf(before)
  const to = trianglesOf(after)
  const common = isShared ? covarianceDistance(from[0], to[0], dim) : null
  return k => {
    const step = before.means.values.slice(k * dim, (k + 1) * dim).map((c, j) => after.means.values[k * dim + j] - c)
    const shift = Factor.solve(from[k], dim, step).reduce((sum, y) => sum + y * y, 0)
    return shift + (common ?? covarianceDistance(from[k], to[k], dim))
  }
}

/** √Σ_k π_k(δcᵀΣ⁻¹δc + ½Σ log² eigenvalues of Σ⁻¹Σ′ + (δ log π_k)²) */
export const paramsDistance =
  <P extends string>({ toMixture }: Pick<MixtureMaps<P>, 'toMixture'>, { isShared = false }: Partial<Sharing> = {}) =>
  (from: Params.Params<P>, to: Params.Params<P>): number => {
    const before = toMixture(from)
    const after = toMixture(to)
    const apart =
      before.factors === null && after.factors === null
        ? diagonalDistances(before, after)
        : triangularDistances(before, after, { isShared })
    return Gaussian.fisherDistance(Gaussian.logShares(before.weights), Gaussian.logShares(after.weights), apart)
  }

/** Covariance [d, d] from W_k/n_k at the rows' level; entries without moments are old ones. */
const momentCovariance = (
  second: Exclude<Second, 'none'>,
  own: Float64Array,
  mass: number,
  dim: number
): Float64Array =>
  second === 'full'
    ? own.map(s => s / mass)
    : new Float64Array(dim * dim).map((_, at) => {
        if (at % (dim + 1) !== 0) return 0
        return second === 'trace' ? own[0] / (dim * mass) : own[at / (dim + 1)] / mass
      })

/** α²Σ + σ²I for a factor of Σ. */
const covarianceAtLevel = (factor: NdArray, { level: { alpha, sigma }, dim }: MStepContext): Float64Array =>
  Factor.covarianceOfFactor(factor, dim).values.map(
    (s, at) => Elementary.square(alpha) * s + (at % (dim + 1) === 0 ? Elementary.square(sigma) : 0)
  )

/**
 * M-step from the conversions: the mixture of the moments is converted to the family, its eigenvalues are clipped, max(·, α²φ + σ²), and
 * converted to time 0. Exact if S_k and the clipped covariances are in the family.
 */
export const mStep = <P extends string>(
  { toMixture, fromMixture }: MixtureMaps<P>,
  { second, isShared = false, isVolumeShared = false }: Learned
): MStep<P> => ({
  second,
  ...(isShared && { isShared }),
  ...(isVolumeShared && { isVolumeShared }),
  maximise: (params, moments, at) => {
    const { level, floor, dim } = at
    const { mass } = moments
    const old = toMixture(params)
    const moved = Gaussian.meanSteps(moments, dim)
    const all = Gaussian.sumValues(mass)
    const first = {
      means: { shape: old.means.shape, values: old.means.values.map((c, e) => c + moved[e] / level.alpha) },
      weights: mass.map(m => m / all)
    }
    if (second === 'none') return fromMixture({ ...old, ...first })
    const about = scatterAboutNewMeans(second, moments, dim)
    const width = about.length / mass.length
    const found = factorsOf(old).map((factor, k) =>
      mass[k] > 0
        ? momentCovariance(second, about.subarray(k * width, (k + 1) * width), mass[k], dim)
        : covarianceAtLevel(factor, at)
    )
    const clip = (covariances: ReadonlyArray<Float64Array>, less: number, above: number): ReadonlyArray<Float64Array> =>
      covariances.map(s => Factor.ofClipped(s, dim, { less, above }).values)
    const there = toMixture(fromMixture(mixtureOfTriangles(first, clip(found, 0, Number.MIN_VALUE))))
    const clipped = clip(
      factorsOf(there).map(factor => Factor.covarianceOfFactor(factor, dim).values),
      Elementary.square(level.sigma),
      Math.max(Elementary.square(level.alpha) * floor, Number.MIN_VALUE)
    )
    return fromMixture(
      mixtureOfTriangles(
        first,
        clipped.map(triangle => triangle.map(l => l / level.alpha))
      )
    )
  }
})
