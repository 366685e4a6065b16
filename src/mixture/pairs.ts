/** Distances of two Gaussians from factors L and N of their covariances, so that small differences keep their digits. */
import * as Factor from '../../lib/arrays/factor.js'
import { dot, multiplySquare, singular, symmetricEigen, transposed } from '../../lib/arrays/linalg.js'
import type { NdArray } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Normal from '../../lib/numbers/normal.js'
import type { Component } from './component.js'
import { probabilityBelow } from './quadraticForm.js'

export type GaussianComponent = Omit<Component, 'weight'>

const meanDifference = (p: GaussianComponent, q: GaussianComponent): Float64Array => p.mean.map((m, j) => m - q.mean[j])

const squaredNorm = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)

/** Below this |t|, t − log(1 + t) is summed as a series. */
const SERIES_BELOW = 0.1
const SERIES_TERMS = 18

/** t − log(1 + t) ≥ 0 */
const lessLog1p = (t: number): number => {
  if (Math.abs(t) > SERIES_BELOW) return t - Elementary.log1p(t)
  let sum = 0
  for (let n = SERIES_TERMS; n >= 2; n--) sum = (n % 2 === 0 ? 1 : -1) / n + t * sum
  return t * t * sum
}

/** null for a triangle. */
const diagonalOf = ({ shape, values }: NdArray, d: number): Float64Array | null =>
  shape.length === 2 ? null : shape.length === 1 ? values : new Float64Array(d).fill(values[0])

/** null unless both are diagonal. */
const diagonalFactors = (l: NdArray, n: NdArray, d: number): readonly [Float64Array, Float64Array] | null => {
  const one = diagonalOf(l, d)
  const other = diagonalOf(n, d)
  return one === null || other === null ? null : [one, other]
}

const isSameFactor = (l: NdArray, n: NdArray): boolean =>
  l.shape.length === n.shape.length && l.values.every((x, at) => x === n.values[at])

/**
 * Returns KL(N(m, LLᵀ) ‖ N(n, NNᵀ)) = ½|N⁻¹(m − n)|² + ½|strictly lower E|² + Σ (½t² + t − log(1 + t)), t the diagonal of E = N⁻¹(L − N).
 * No term is negative.
 */
export const relativeEntropy = (p: GaussianComponent, q: GaussianComponent): number => {
  const d = p.mean.length
  const entropy = (diagonal: ArrayLike<number>): number =>
    Array.from(diagonal).reduce((sum, t) => sum + lessLog1p(t), 0)
  const both = diagonalFactors(p.factor, q.factor, d)
  if (both !== null) {
    const t = both[0].map((x, j) => (x - both[1][j]) / both[1][j])
    return squaredNorm(Factor.solve(q.factor, d, meanDifference(p, q))) / 2 + squaredNorm(t) / 2 + entropy(t)
  }
  const l = Factor.triangleOfFactor(p.factor, d)
  const n = Factor.triangleOfFactor(q.factor, d)
  // row j is column j of E
  const e = Factor.solve(
    n,
    d,
    transposed(
      l.values.map((x, at) => x - n.values[at]),
      d
    )
  )
  const diagonal = Array.from({ length: d }, (_, i) => e[i * (d + 1)])
  return squaredNorm(Factor.solve(n, d, meanDifference(p, q))) / 2 + squaredNorm(e) / 2 + entropy(diagonal)
}

/** Up to this number of columns sweeps give the singular values of N⁻¹L; above it, roots of eigenvalues take a hundredth of the time. */
const MAX_SINGULAR_COLUMNS = 16

/** Above this ratio of variances sweeps are always used: eigenvalues would lose the small ones. */
const MAX_EIGENVALUE_RATIO = 1e6

/** N⁻¹L = U diag(s) Vᵀ. */
interface FactorRatio {
  readonly singularValues: Float64Array
  /** s² − 1 */
  readonly excesses: Float64Array
  /** log |N⁻¹L| */
  readonly log: number
  /** Returns Uᵀx. */
  readonly rotate: (x: Float64Array) => Float64Array
}

const ratioOfSingularValues = (singularValues: Float64Array, rotate: FactorRatio['rotate']): FactorRatio => ({
  singularValues,
  excesses: singularValues.map(s => (s - 1) * (s + 1)),
  log: singularValues.reduce((sum, s) => sum + Elementary.log(s), 0),
  rotate
})

/** Decomposition for diagonal or equal factors, or few columns; otherwise null. */
const directRatio = (l: NdArray, n: NdArray, d: number): FactorRatio | null => {
  const both = diagonalFactors(l, n, d)
  if (both !== null) return ratioOfSingularValues(both[0].map((x, j) => x / both[1][j]), x => x) // prettier-ignore
  if (isSameFactor(l, n)) return ratioOfSingularValues(new Float64Array(d).fill(1), x => x)
  return d > MAX_SINGULAR_COLUMNS ? null : singularRatio(l, n, d)
}

const singularRatio = (l: NdArray, n: NdArray, d: number): FactorRatio => {
  const { values, left } = singular({ shape: [d, d], values: applyInverse(n, d, Factor.triangleOfFactor(l, d).values) })
  return ratioOfSingularValues(values, matrixVectorProduct(left.values))
}

/** N⁻¹ times rows, for a lower triangle N. */
const applyInverse = (n: NdArray, d: number, values: Float64Array): Float64Array =>
  transposed(Factor.solve(n, d, transposed(values, d)), d)

const matrixVectorProduct =
  (vectors: Float64Array): FactorRatio['rotate'] =>
  x =>
    x.map((_, i) => dot(vectors, i * x.length, x, 0, x.length))

/** E = N⁻¹(L − N), and N⁻¹LLᵀN⁻ᵀ − 1 = E + Eᵀ + EEᵀ, accurate for nearly equal factors. */
const excessOf = (l: NdArray, n: NdArray, d: number): { readonly e: Float64Array; readonly excess: NdArray } => {
  const of = Factor.triangleOfFactor(n, d)
  const e = applyInverse(
    n,
    d,
    Factor.triangleOfFactor(l, d).values.map((x, at) => x - of.values[at])
  )
  const values = new Float64Array(d * d)
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++)
      values[i * d + j] = values[j * d + i] =
        e[i * d + j] + (i === j ? e[i * d + i] : 0) + dot(e, i * d, e, j * d, j + 1)
  return { e, excess: { shape: [d, d], values } }
}

const covarianceRatio = (l: NdArray, n: NdArray, d: number): FactorRatio => {
  const found = directRatio(l, n, d)
  if (found !== null) return found
  const { e, excess } = excessOf(l, n, d)
  const { values: excesses, vectors } = symmetricEigen(excess)
  // A large eigenvalue costs the small ones their digits.
  if (!(excesses[0] < MAX_EIGENVALUE_RATIO)) return singularRatio(l, n, d)
  return {
    excesses,
    // |(1 + E)ᵀu|, since √(1 + (s² − 1)) has half the digits
    singularValues: excesses.map((_, i) => {
      const u = vectors.values.slice(i * d, (i + 1) * d)
      for (let row = 0; row < d; row++) {
        const share = vectors.values[i * d + row]
        for (let j = 0; j <= row; j++) u[j] += share * e[row * d + j]
      }
      return Math.sqrt(squaredNorm(u))
    }),
    log: Factor.logDeterminant(l, d) - Factor.logDeterminant(n, d),
    rotate: matrixVectorProduct(vectors.values)
  }
}

/**
 * Returns −log ∫√(pq) = ⅛ |M⁻¹(m − n)|² + ½ Σ log(1 + (s − 1)²/2s), MMᵀ the mean of the covariances and s the singular values of N⁻¹L
 * (Bhattacharyya 1943); the sum as 2 log|M| − log|N| − log|L| if nothing cancels.
 */
export const bhattacharyya = (p: GaussianComponent, q: GaussianComponent): number => {
  const l = p.factor
  const n = q.factor
  const d = p.mean.length
  const both = Factor.sumOfFactors([l, n], d)
  const spread = (): number => {
    const found = directRatio(l, n, d)
    if (found !== null)
      return found.singularValues.reduce((sum, s) => sum + Elementary.log1p(((s - 1) * (s - 1)) / (2 * s)), 0)
    const { excess } = excessOf(l, n, d)
    if (!(squaredNorm(excess.values) < 0.25))
      return (
        2 * Factor.logDeterminant(both, d) - d * Math.LN2 - Factor.logDeterminant(l, d) - Factor.logDeterminant(n, d)
      )
    return symmetricEigen(excess).values.reduce((sum, c) => {
      const s = Math.sqrt(1 + c)
      return sum + Elementary.log1p((c * c) / (2 * s * (1 + s) * (1 + s)))
    }, 0)
  }
  // `both` is the factor of 2MMᵀ.
  return squaredNorm(Factor.solve(both, d, meanDifference(p, q))) / 4 + spread() / 2
}

/** Variance |Fᵀx|² of the projection on x under the covariance FFᵀ. */
const projectedVariance = (factor: NdArray, d: number, x: Float64Array): number => {
  const { shape, values } = factor
  if (shape.length < 2) return squaredNorm(Factor.multiplyFactor(factor, d, x))
  const out = new Float64Array(d)
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) out[j] += values[i * d + j] * x[i]
  return squaredNorm(out)
}

/** Lower bound of `bhattacharyya` in O(d²), by projection on the difference of the means over the columns' variances. */
export const leastBhattacharyya = (p: GaussianComponent, q: GaussianComponent): number => {
  const d = p.mean.length
  const variances = ({ factor }: GaussianComponent): Float64Array =>
    diagonalOf(factor, d)?.map(x => x * x) ?? Factor.triangleVariances(factor.values, d)
  const far = meanDifference(p, q)
  const own = variances(p)
  const other = variances(q)
  const direction = far.map((x, j) => x / (own[j] + other[j]))
  const v = projectedVariance(p.factor, d, direction)
  const w = projectedVariance(q.factor, d, direction)
  const shift = dot(far, 0, direction, 0, d)
  // Equal means have no direction.
  return v > 0 && w > 0 ? (shift * shift) / (4 * (v + w)) : 0
}

/** Returns log ∫ p q = log N(m; n, LLᵀ + NNᵀ). */
export const logGaussianProductIntegral = (p: GaussianComponent, q: GaussianComponent): number => {
  const d = p.mean.length
  const both = Factor.sumOfFactors([p.factor, q.factor], d)
  return Factor.logNormalDensity(both, d, 0, squaredNorm(Factor.solve(both, d, meanDifference(p, q))))
}

/** Returns W₂² = |m − n|² + |LUVᵀ − N|², U S Vᵀ = LᵀN (Bures 1969; Dowson & Landau 1982). */
export const squaredWasserstein = (p: GaussianComponent, q: GaussianComponent): number => {
  const d = p.mean.length
  const both = diagonalFactors(p.factor, q.factor, d)
  if (both !== null) return squaredNorm(meanDifference(p, q)) + squaredNorm(both[0].map((x, j) => x - both[1][j]))
  const l = Factor.triangleOfFactor(p.factor, d).values
  const n = Factor.triangleOfFactor(q.factor, d).values
  const { left, right } = singular({ shape: [d, d], values: multiplySquare(transposed(l, d), n, d) })
  const turned = multiplySquare(l, multiplySquare(transposed(left.values, d), right.values, d), d)
  return squaredNorm(meanDifference(p, q)) + squaredNorm(turned.map((x, at) => x - n[at]))
}

/** Singular values within this distance of 1 count as 1. */
const EQUAL_TOLERANCE = 1e-12

/**
 * Probability that a row of p has the higher posterior for q, to a relative 1e-12; null if its integral does not converge. With x = m + Lz
 * and N⁻¹L = U diag(s) Vᵀ it is P(Σ (s² − 1)y² + 2sby + b² < 2 log(ρ/π) − 2 log(|N|/|L|)), b = Uᵀ N⁻¹(m − n).
 */
export const misclassified = (p: Component, q: Component): number | null => {
  if (q.weight === 0) return 0
  if (p.weight === 0) return 1
  const d = p.mean.length
  const { singularValues: s, excesses: a, log, rotate } = covarianceRatio(p.factor, q.factor, d)
  const b = rotate(Factor.solve(q.factor, d, meanDifference(p, q)))
  const c = 2 * (Elementary.log(q.weight / p.weight) + log)
  if (d > 1 && s.every(x => Math.abs(x - 1) <= EQUAL_TOLERANCE)) {
    const length = Elementary.norm(b)
    if (length === 0) return c > 0 ? 1 : c < 0 ? 0 : 0.5
    const z = (c - length * length) / (2 * length)
    return z < 0 ? Normal.normalTail(-z) : 1 - Normal.normalTail(z)
  }
  return probabilityBelow({ a, beta: s.map((x, i) => x * b[i]), b }, c)
}
