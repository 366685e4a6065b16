/**
 * Conjugate prior of Fraley & Raftery (2007), estimated from the data: a component's mean is that of its n_k rows and κ pseudo-rows at the
 * data's mean μ; its covariance is inverse Wishart with ν = d + 2 and scale Λ, the data's covariance over K^{2/d}, so it cannot collapse on
 * one row.
 */
import { scalarArray } from '../../../lib/arrays/ndarray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'
import * as Missing from './missing.js'
import { momentReduction } from './eStepLoops.js'
import * as Source from '../../data/source/source.js'
import { weightedRowsOf } from '../dataRows.js'
import { factorsOf } from '../component.js'
import type { Mixture } from '../mixtureData.js'
import type { Moments, MStep } from '../family.js'

export interface Prior {
  /** κ, in pseudo-rows. */
  readonly shrinkage: number
  /** μ, [dim]. */
  readonly mean: Float64Array
  /** Covariance of the data with divisor n − 1, [dim, dim]. */
  readonly covariance: Float64Array
  /** Sum of the rows' weights. */
  readonly rows: number
}

/** Estimates the prior, missing cells imputed; its mean counts as `shrinkage` rows. */
export const of = (data: Source.Data, shrinkage: number): Prior => {
  const whole = Missing.completed(data)
  const mean = Source.mean(whole)
  const rows = Source.sumOfWeights(data)
  const about = { weight: 1, mean, factor: scalarArray(1) }
  const { second } = Reductions.evaluate(momentReduction([about], 'full', weightedRowsOf(whole)))
  // Below two rows the divisor is half the sum of the weights.
  const unbiased = rows / Math.max(rows - 1, rows / 2)
  return { shrinkage, mean, rows, covariance: second.map(c => unbiased * c) }
}

type CovarianceModel = Pick<MStep<string>, 'second' | 'isShared' | 'isVolumeShared' | 'fixedMeans'>

/** Components per covariance prior: all if they have one volume, otherwise 1. */
const priorShareCount = (
  { isShared = false, isVolumeShared = isShared }: CovarianceModel,
  components: number
): number => (isVolumeShared ? components : 1)

/** Returns the divisor of a component's covariance for n rows; a shared covariance has the sum. */
const covarianceDivisor = (step: CovarianceModel, dim: number, components: number): ((n: number) => number) => {
  const { second } = step
  const freedom = dim + 2
  const own = priorShareCount(step, components)
  switch (second) {
    case 'full':
      return n => n + 1 + (freedom + dim + 1) / own
    case 'diagonal':
      return n => n + 1 + (freedom + 2) / own
    case 'trace':
      return n => n + 1 + (freedom + 2) / (dim * own)
    case 'none':
      return n => n
  }
}

/** Adds the prior's pseudo-rows to moments about centres [K, dim]. */
export const momentsWithPrior =
  ({ shrinkage, mean, covariance, rows }: Prior, step: CovarianceModel, centres: Float64Array) =>
  ({ mass, sums, second }: Moments): Moments => {
    const dim = mean.length
    const count = mass.length
    const per = second.length / count
    const shares = Elementary.exp((2 / dim) * Elementary.log(count)) * priorShareCount(step, count)
    const variance = mean.reduce((sum, _, j) => sum + covariance[j * (dim + 1)], 0) / dim
    const divided = covarianceDivisor(step, dim, count)
    const all = new Float64Array(count)
    const allSums = new Float64Array(count * dim)
    const allSecond = new Float64Array(second.length)
    for (let k = 0; k < count; k++) {
      const n = mass[k] * rows
      const total = divided(n)
      const at = (j: number): number => k * dim + j
      /** Shift from the old centre to the rows' mean; `apart`: from μ to that mean; `next`: from the old to the new centre. */
      const moved = mean.map((_, j) => (mass[k] > 0 ? sums[at(j)] / mass[k] : 0))
      const apart = mean.map((m, j) => centres[at(j)] + moved[j] - m)
      const isStill = step.fixedMeans?.includes(k) === true
      const next = mean.map((m, j) =>
        isStill ? 0 : (n * moved[j] + shrinkage * (m - centres[at(j)])) / (n + shrinkage)
      )
      const pull = (shrinkage * n) / (shrinkage + n)
      /** Contribution to Σ r δδᵀ, moved from the new centre to the old one. */
      const product = (i: number, j: number): number =>
        isStill
          ? shrinkage * (centres[at(i)] - mean[i]) * (centres[at(j)] - mean[j])
          : pull * apart[i] * apart[j] - n * moved[i] * moved[j] + total * next[i] * next[j]
      all[k] = total / rows
      next.forEach((step, j) => {
        allSums[at(j)] = (total * step) / rows
      })
      for (let entry = 0; entry < per; entry++) {
        const [i, j] = step.second === 'full' ? [Math.floor(entry / dim), entry % dim] : [entry, entry]
        const between = step.second === 'trace' ? mean.reduce((sum, _, l) => sum + product(l, l), 0) : product(i, j)
        const scale = step.second === 'full' ? covariance[entry] : variance
        allSecond[k * per + entry] = second[k * per + entry] + (scale / shares + between) / rows
      }
    }
    return { mass: all, sums: allSums, second: allSecond }
  }

/** Σ xᵀΣ⁻¹y over rows x and y, [rows, dim]. */
const sumMahalanobisProducts = (factor: NdArray, dim: number, x: Float64Array, y: Float64Array): number => {
  const left = Factor.solve(factor, dim, x)
  const right = Factor.solve(factor, dim, y)
  return left.reduce((sum, a, at) => sum + a * right[at], 0)
}

const identityMatrix = (dim: number): Float64Array =>
  new Float64Array(dim * dim).map((_, at) => (at % (dim + 1) === 0 ? 1 : 0))

/** log p(Σ) up to a constant: inverse Wishart, or inverse gamma for each variance. */
const logCovariancePrior = (
  { mean: { length: dim }, covariance }: Prior,
  second: CovarianceModel['second'],
  count: number,
  factor: NdArray
): number => {
  const shares = Elementary.exp((2 / dim) * Elementary.log(count))
  const freedom = dim + 2
  const log = 2 * Factor.logDeterminant(factor, dim)
  const zeta = identityMatrix(dim).reduce((sum, one, at) => sum + one * covariance[at], 0) / (dim * shares)
  switch (second) {
    case 'full':
      return (
        (-(freedom + dim + 1) * log - sumMahalanobisProducts(factor, dim, identityMatrix(dim), covariance) / shares) / 2
      )
    case 'diagonal':
      return (-(freedom + 2) * log - zeta * Factor.tracePrecision(factor, dim)) / 2
    case 'trace':
      return (-(freedom + 2) * log - zeta * Factor.tracePrecision(factor, dim)) / (2 * dim)
    case 'none':
      return 0
  }
}

/**
 * log p(θ) up to a constant: Σ log N(c_k; μ, Σ_k/κ) + log p(Σ_k), the latter once if all share one covariance, averaged if all have one
 * volume. The M-step on `momentsWithPrior` raises its sum with the log-likelihood.
 */
export const logPriorDensity =
  (prior: Prior, step: CovarianceModel) =>
  (mixture: Mixture): number => {
    const { second, isShared = false } = step
    const dim = prior.mean.length
    const share = isShared ? 1 : priorShareCount(step, mixture.weights.length)
    return factorsOf(mixture).reduce((sum, factor, k) => {
      const apart = mixture.means.values.subarray(k * dim, (k + 1) * dim).map((c, j) => c - prior.mean[j])
      const ofMean =
        -Factor.logDeterminant(factor, dim) - (prior.shrinkage / 2) * sumMahalanobisProducts(factor, dim, apart, apart)
      const own = isShared && k > 0 ? 0 : logCovariancePrior(prior, second, mixture.weights.length, factor) / share
      return sum + ofMean + own
    }, 0)
  }
