/** Mixtures of Gaussians with diagonal covariances, own or common. */
import {
  add,
  div,
  exp,
  expandDims,
  log,
  mul,
  reciprocal,
  rsqrt,
  square,
  squaredDistances,
  sum,
  type Tensor
} from '../../../lib/index.js'
import type { RowLevel } from '../family.js'
import * as Covariances from './covariances.js'
import * as Derive from './derive.js'
import * as Gaussian from './gaussian.js'

/** u = α²v + σ², [rows | 1, …, dim]. */
const diagonalAtLevel = (variances: Tensor, level: RowLevel): Tensor => {
  const { alpha, sigma } = Gaussian.appendLevelAxes(level, variances.rank)
  return add(mul(square(alpha), expandDims(variances, 0)), square(sigma))
}

interface DiagonalTensors {
  readonly means: Tensor
  readonly logits?: Tensor
  readonly logVariances: Tensor
}

/** Variances u are [rows | 1, K | 1, dim]. */
export const evaluateDiagonal = (means: Tensor, u: Tensor, x: Tensor, level: RowLevel): Gaussian.GaussianEvaluation => {
  const r = Gaussian.residuals(x, means, level)
  const pulls = div(r, u)
  return Gaussian.evaluationOfSeparate(
    Gaussian.logNormalTensor(x.shape[1] ?? 0, sum(mul(r, pulls), 2), mul(-0.5, sum(log(u), 2))),
    pulls,
    sum(reciprocal(u), 2)
  )
}

const ownDiagonalDensities = Gaussian.evaluatedGaussians(({ means, logVariances }: DiagonalTensors, x, level) =>
  evaluateDiagonal(means, diagonalAtLevel(exp(logVariances), level), x, level)
)

/** Variances are [K, dim]. */
export const evaluatedVariances = Gaussian.evaluatedGaussians(
  ({ means, variances }: Pick<DiagonalTensors, 'means' | 'logits'> & { readonly variances: Tensor }, x, level) =>
    evaluateDiagonal(means, diagonalAtLevel(variances, level), x, level)
)

/** Scales rows and centres once, so that distances are Euclidean. */
const evaluatedCommonDiagonal = Gaussian.evaluatedGaussians(({ means, logVariances }: DiagonalTensors, x, level) => {
  const u = diagonalAtLevel(exp(logVariances), level)
  if (!Gaussian.hasCommonLevel(level)) return evaluateDiagonal(means, expandDims(u, 1), x, level)
  const root = rsqrt(u)
  const squared = squaredDistances(mul(x, root), mul(means, root), level.alpha)
  return Gaussian.evaluationOfShared(
    Gaussian.logNormalTensor(x.shape[1] ?? 0, squared, mul(-0.5, sum(log(u), 1, true))),
    div(x, u),
    div(mul(level.alpha, means), u),
    sum(reciprocal(u), 1, true)
  )
})

/** One variance for each component and column (VVI). */
export const ownVariances = Covariances.diagonalModel({
  name: 'logVariances',
  isShared: false,
  isRound: false,
  densities: ownDiagonalDensities
})

/** One variance for each column, common to the components (EEI). */
export const commonVariances = Covariances.diagonalModel({
  name: 'logVariances',
  isShared: true,
  isRound: false,
  densities: evaluatedCommonDiagonal
})

/**
 * A mixture with free weights and diagonal covariances: Σ_k = diag exp(logVariances_k), [K, dim].
 *
 * s(x) = −Σ w_k (x − αc_k)/u_k by columns, u_k = α²v_k + σ², w = softmax(log π_k − ½Σ_j(log u_kj + (x − αc_k)_j²/u_kj)). The M-step is
 * exact at any level, with variances above a lower bound.
 */
export const diagonal = Derive.mixtureCase({
  name: 'diagonal',
  about: 'Gaussians with free weights and a variance for each column, their columns independent',
  formula: ({ components }) =>
    `s(x) = −Σ w_i (x − m_i)/u_i by columns over ${components} components, u_i = α² exp(logVariances_i) + σ², ` +
    'w = softmax(logits_i − ½Σ_j(log u_ij + (x − m_i)_j²/u_ij)), m_i = α means_i',
  covariance: ownVariances
})

/**
 * A mixture with free weights and a common diagonal covariance: Σ = diag exp(logVariances), [dim].
 *
 * s(x) = Σ w_k αc_k/u − x/u by columns, u = α²v + σ², w = softmax(log π_k − ½Σ_j (x − αc_k)_j²/u_j). The M-step is exact at any level, with
 * variances above a lower bound.
 */
export const tiedDiagonal = Derive.mixtureCase({
  name: 'tiedDiagonal',
  about: 'Gaussians with free weights and one variance for each column, common to them, their columns independent',
  formula: ({ components }) =>
    `s(x) = (Σ w_i m_i − x)/u by columns over ${components} components, u = α² exp(logVariances) + σ², ` +
    'w = softmax(logits_i − ½Σ_j (x − m_i)_j²/u_j), m_i = α means_i',
  covariance: commonVariances
})
