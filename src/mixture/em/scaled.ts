/**
 * E-step for noised rows of Student-t components, Gaussian given the precision g: x_0 has the mean c + K r, K = (α/g)Σ S⁻¹, S = α²Σ/g +
 * σ²I, and the covariance (σ²/g)ΣS⁻¹. These moments, weighted by g, replace those of rows without noise.
 */
import { scalarArray } from '../../../lib/arrays/ndarray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { symmetricEigen, type Eigen } from '../../../lib/arrays/linalg.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import type { Mixture } from '../mixtureData.js'
import type { Second } from '../family.js'
import type { Level } from '../../schedule/schedule.js'
import { componentsOf, componentsAndBackground, type Component } from '../component.js'
import { changeAlongAxes } from '../families/axes.js'
import type { WeightedRows } from '../dataRows.js'
import * as Student from '../student.js'
import { secondMomentWidth } from './rowKernels.js'
import {
  asGaussian,
  momentReduction as ofGaussians,
  type MomentSums,
  type PrecisionWeightedMoments
} from './eStepLoops.js'

interface PrecisionPart {
  readonly k: number
  readonly g: number
  readonly there: Component
}

/** N(αc, α²FFᵀ + σ²I) */
const componentAtLevel = ({ weight, mean, factor }: Component, { alpha, sigma }: Level): Component => ({
  weight,
  mean: mean.map(c => alpha * c),
  factor: Factor.sumOfFactors(
    [{ shape: factor.shape, values: factor.values.map(f => alpha * f) }, scalarArray(sigma)],
    mean.length
  )
})

/** σ²/α² over the least eigenvalue of Σ. */
const noiseToVarianceRatio = ({ factor, mean }: Component, { alpha, sigma }: Level): number => {
  const { values } = symmetricEigen(Factor.covarianceOfFactor(factor, mean.length))
  return Elementary.square(sigma / alpha) / values[values.length - 1]
}

/** Mixture at a level as Gaussians, one for each precision. */
export const gaussiansAt = (mixture: Mixture, level: Level): ReadonlyArray<PrecisionPart> =>
  componentsAndBackground(mixture).flatMap((part, k) =>
    Student.componentAsGaussians(part, noiseToVarianceRatio(part, level)).map(({ g, ...own }) => ({
      k,
      g,
      there: componentAtLevel(own, level)
    }))
  )

/** E-step on rows at a noise level: moments of x_0 as clean Gaussian components would have them. */
export const momentsAtLevel = (
  mixture: Mixture,
  level: Level,
  second: Second,
  rows: WeightedRows
): Reductions.Reduction<MomentSums> => {
  const { dim } = rows
  const own = componentsOf(mixture)
  const count = own.length
  const parts = gaussiansAt(mixture, level)
  const spectra = own.map(({ factor }) => symmetricEigen(Factor.covarianceOfFactor(factor, dim)))
  return Reductions.mapReduction(({ value, mass, sums, second: about }: MomentSums): MomentSums => {
    const whole = emptyCleanMoments(second, count, dim)
    let backgroundCount = 0
    parts.forEach(({ k, g }, at) => {
      const m = mass[at]
      if (k >= count) {
        backgroundCount += m
        return
      }
      const part: NoisedPart = {
        k,
        g,
        mass: m,
        sums: sums.subarray(at * dim, (at + 1) * dim),
        second: about.subarray(at * dim * dim, (at + 1) * dim * dim)
      }
      addCleanMoments(whole, part, spectra[k], { level, second })
    })
    return {
      value,
      ...asGaussian(second, dim, whole),
      isDenoised: true,
      ...(mixture.background && { backgroundCount })
    }
  })(
    ofGaussians(
      parts.map(({ there }) => there),
      second === 'none' ? 'none' : 'full',
      rows
    )
  )
}

/** Moments of x_t about a part's centre: Σ r, Σ r δ [dim], and Σ r δδᵀ [dim, dim], empty if not needed. */
interface NoisedPart extends Pick<PrecisionPart, 'k' | 'g'> {
  readonly mass: number
  readonly sums: Float64Array
  readonly second: Float64Array
}

/** Zero sums for the moments of the rows without their noise. */
const emptyCleanMoments = (second: Second, count: number, dim: number): PrecisionWeightedMoments => ({
  mass: new Float64Array(count),
  weighed: new Float64Array(count),
  logs: new Float64Array(count),
  sums: new Float64Array(count * dim),
  second: new Float64Array(count * secondMomentWidth(second, dim))
})

/** Adds a part's moments of x_0 to its component in `whole`; `spectrum` is Σ_k's. */
const addCleanMoments = (
  whole: PrecisionWeightedMoments,
  { k, g, mass: m, sums, second: about }: NoisedPart,
  { values, vectors }: Eigen,
  { level: { alpha, sigma }, second }: { readonly level: Level; readonly second: Second }
): void => {
  const dim = values.length
  whole.mass[k] += m
  whole.weighed[k] += m * g
  whole.logs[k] += m * (Elementary.log(g) - g)
  const axes = vectors.values
  const u = values.map(v => Elementary.square(alpha) * (v / g) + Elementary.square(sigma))
  const gains = values.map((v, i) => (alpha * v) / (g * u[i]))
  const rest = values.map((v, i) => (Elementary.square(sigma) * v) / (g * u[i]))
  for (let i = 0; i < dim; i++) {
    let along = 0
    for (let j = 0; j < dim; j++) along += axes[i * dim + j] * sums[j]
    for (let j = 0; j < dim; j++) whole.sums[k * dim + j] += g * gains[i] * along * axes[i * dim + j]
  }
  if (second === 'none') return
  const back = changeAlongAxes(
    axes,
    about,
    dim,
    (s, i, j) => g * (gains[i] * gains[j] * s + (i === j ? m * rest[i] : 0))
  )
  for (let i = 0; i < dim; i++) {
    if (second === 'trace') whole.second[k] += back[i * (dim + 1)]
    else if (second === 'diagonal') whole.second[k * dim + i] += back[i * (dim + 1)]
    else for (let j = 0; j < dim; j++) whole.second[(k * dim + i) * dim + j] += back[i * dim + j]
  }
}
