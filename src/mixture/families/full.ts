/**
 * Mixtures of Gaussians with full covariances. The factor of S_k = α²Σ_k + σ²I is the triangle of the stack [αL_kᵀ; σI], whose condition
 * number is the root of that of S_k.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import {
  add,
  concat,
  diagonal,
  exp,
  expandDims,
  eye,
  gramCholesky,
  log,
  lowerTriangle,
  matMul,
  mul,
  neg,
  ones,
  pad,
  reshape,
  solveTriangular,
  square,
  squaredDistances,
  squeeze,
  sum,
  transpose,
  type Tensor
} from '../../../lib/index.js'
import type { RowLevel } from '../family.js'
import * as Covariances from './covariances.js'
import * as Derive from './derive.js'
import * as Gaussian from './gaussian.js'

/** L, [..., d, d], from its log diagonal, [..., d], and the entries below, row by row, [..., d(d − 1)/2]. */
const triangleTensor = (logScales: Tensor, lower: Tensor): Tensor => {
  const { shape, rank } = logScales
  const dim = shape[rank - 1]
  const scales = mul(reshape(exp(logScales), [...shape, 1]), eye(dim))
  const lead = RA.makeBy(rank - 1, () => [0, 0] as const)
  return dim === 1 ? scales : add(pad(lowerTriangle(lower), [...lead, [1, 0], [0, 1]]), scales)
}

/** Factor of α²LLᵀ + σ²I, [rows | 1, …, d, d], for L [..., d, d]. */
const factorAtLevel = (l: Tensor, level: RowLevel): Tensor => {
  const { alpha, sigma } = Gaussian.appendLevelAxes(level, l.rank)
  const [dim] = l.shape.slice(-1)
  const noise = mul(mul(sigma, eye(dim)), ones([...l.shape.slice(0, -2), 1, 1]))
  return gramCholesky(concat([mul(alpha, expandDims(Gaussian.transposeEach(l), 0)), noise], l.rank - 1))
}

const negLogDeterminant = (factor: Tensor): Tensor => neg(sum(log(diagonal(factor)), -1))

const inverseTriangle = (factor: Tensor): Tensor => solveTriangular(factor, eye(factor.shape[factor.rank - 1]))

/** Evaluates with a level per row; factors are [rows, K | 1, d, d]. */
const evaluatePerRow = (means: Tensor, factor: Tensor, x: Tensor, level: RowLevel): Gaussian.GaussianEvaluation => {
  const white = solveTriangular(factor, expandDims(Gaussian.residuals(x, means, level), 3))
  return Gaussian.evaluationOfSeparate(
    Gaussian.logNormalTensor(x.shape[1] ?? 0, sum(square(white), [2, 3]), negLogDeterminant(factor)),
    squeeze(solveTriangular(factor, white, { transposed: true }), 3),
    sum(square(inverseTriangle(factor)), [2, 3])
  )
}

interface FullTensors {
  readonly means: Tensor
  readonly logits?: Tensor
  readonly logScales: Tensor
  readonly lower: Tensor
}

/** R_k, P_k = R_kᵀR_k, [K, d, d], and log |R_k|, [K]. */
interface PrecisionRoots {
  readonly root: Tensor
  readonly logRoot: Tensor
}

const rootsOf = (factor: Tensor): PrecisionRoots => ({
  root: inverseTriangle(factor),
  logRoot: negLogDeterminant(factor)
})

/** Evaluates Gaussians with own covariances. */
export const evaluateFull = (
  means: Tensor,
  { root, logRoot }: PrecisionRoots,
  x: Tensor,
  level: RowLevel
): Gaussian.GaussianEvaluation => {
  // [K, rows, d], one product per component
  const white = matMul(transpose(Gaussian.residuals(x, means, level), [1, 0, 2]), root, { transposeB: true })
  return Gaussian.evaluationOfSeparate(
    Gaussian.logNormalTensor(x.shape[1] ?? 0, Gaussian.swapAxes(sum(square(white), 2)), expandDims(logRoot, 0)),
    transpose(matMul(white, root), [1, 0, 2]),
    expandDims(sum(square(root), [1, 2]), 0)
  )
}

/** Evaluates Gaussians at a level from triangles at time 0, [K, d, d]. */
export const evaluateTriangles = (
  means: Tensor,
  triangles: Tensor,
  x: Tensor,
  level: RowLevel
): Gaussian.GaussianEvaluation => {
  const factors = factorAtLevel(triangles, level)
  return Gaussian.hasCommonLevel(level)
    ? evaluateFull(means, rootsOf(squeeze(factors, 0)), x, level)
    : evaluatePerRow(means, factors, x, level)
}

const evaluatedOwnFull = Gaussian.evaluatedGaussians(({ means, logScales, lower }: FullTensors, x, level) =>
  evaluateTriangles(means, triangleTensor(logScales, lower), x, level)
)

/** Gaussians with triangles [K, d, d], at any level. */
export const evaluatedTriangles = Gaussian.evaluatedGaussians(
  ({ means, factors }: Pick<FullTensors, 'means' | 'logits'> & { readonly factors: Tensor }, x, level) =>
    evaluateTriangles(means, factors, x, level)
)

/** Gaussians with factors [K, d, d], without noise. */
export const evaluatedFactors = Gaussian.evaluatedGaussians(
  ({ means, factors }: Pick<FullTensors, 'means' | 'logits'> & { readonly factors: Tensor }, x, level) =>
    evaluateFull(means, rootsOf(factors), x, level)
)

/** Evaluates with one factor, [1, d, d]; rows and centres are whitened once. */
const evaluateCommonFactor = (means: Tensor, factor: Tensor, x: Tensor, alpha: Tensor): Gaussian.GaussianEvaluation => {
  const root = inverseTriangle(factor)
  const rows = matMul(x, root, { transposeB: true })
  const centres = matMul(means, root, { transposeB: true })
  return Gaussian.evaluationOfShared(
    Gaussian.logNormalTensor(x.shape[1] ?? 0, squaredDistances(rows, centres, alpha), negLogDeterminant(factor)),
    matMul(rows, root),
    mul(alpha, matMul(centres, root)),
    sum(square(root))
  )
}

const evaluatedCommonFull = Gaussian.evaluatedGaussians(({ means, logScales, lower }: FullTensors, x, level) => {
  const factors = factorAtLevel(triangleTensor(logScales, lower), level)
  return Gaussian.hasCommonLevel(level)
    ? evaluateCommonFactor(means, squeeze(factors, 0), x, level.alpha)
    : evaluatePerRow(means, expandDims(factors, 1), x, level)
})

/** Gaussians with a common factor, [d, d], without noise. */
export const evaluatedCommonFactor = Gaussian.evaluatedGaussians(
  ({ means, factor }: Pick<FullTensors, 'means' | 'logits'> & { readonly factor: Tensor }, x, level) =>
    evaluateCommonFactor(means, factor, x, level.alpha)
)

/** Own full covariances (VVV). */
export const ownTriangles = Covariances.triangular({ isShared: false, densities: evaluatedOwnFull })

/** A common full covariance (EEE). */
export const commonTriangle = Covariances.triangular({ isShared: true, densities: evaluatedCommonFull })

/**
 * A mixture with free weights and own full covariances: Σ_k = L_k L_kᵀ, L_k lower triangular with exp(logScales_k) on its diagonal, [K, d],
 * and `lower` below it, row by row, [K, d(d − 1)/2].
 *
 * s(x) = −Σ w_k S_k⁻¹(x − αc_k), S_k = α²Σ_k + σ²I, w = softmax(log π_k − ½ log|S_k| − ½(x − αc_k)ᵀS_k⁻¹(x − αc_k)). The M-step is exact at
 * any level, with eigenvalues above a lower bound.
 */
export const full = Derive.mixtureCase({
  name: 'full',
  about: 'Gaussians with free weights and a covariance of any shape for each',
  formula: ({ components }) =>
    `s(x) = −Σ w_i S_i⁻¹(x − m_i) over ${components} components, S_i = α² L_i L_iᵀ + σ²I, ` +
    'w = softmax(logits_i − ½ log|S_i| − ½(x − m_i)ᵀS_i⁻¹(x − m_i)), m_i = α means_i',
  covariance: ownTriangles
})

/**
 * A mixture with free weights and one full covariance: Σ = LLᵀ, L lower triangular with exp(logScales) on its diagonal, [d], and `lower`
 * below it, row by row, [d(d − 1)/2].
 *
 * s(x) = S⁻¹(Σ w_k αc_k − x), S = α²Σ + σ²I, w = softmax(log π_k − ½(x − αc_k)ᵀS⁻¹(x − αc_k)). The M-step is exact at any level, with
 * eigenvalues above a lower bound.
 */
export const tied = Derive.mixtureCase({
  name: 'tied',
  about: 'Gaussians with free weights and one covariance of any shape, common to them',
  formula: ({ components }) =>
    `s(x) = S⁻¹(Σ w_i m_i − x) over ${components} components, S = α² L Lᵀ + σ²I, ` +
    'w = softmax(logits_i − ½(x − m_i)ᵀS⁻¹(x − m_i)), m_i = α means_i',
  covariance: commonTriangle
})
