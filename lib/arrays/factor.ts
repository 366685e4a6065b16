/**
 * Factors F of covariances Σ = F Fᵀ: a number (Σ = f² I), a vector (Σ is diagonal with its squares), or a lower triangle [d, d] (Cholesky).
 * All quantities are computed from F, since Σ has the square of its condition number.
 */
import { scalarArray } from './ndarray.js'
import * as Elementary from '../numbers/elementary.js'
import { factorGram, symmetricEigen } from './linalg.js'
import type { NdArray } from './ndarray.js'

type FlatRows = Float64Array

/** F r for each row r of [rows, dim]. */
export const multiplyFactor = ({ shape, values }: NdArray, dim: number, rows: FlatRows): FlatRows => {
  if (shape.length === 0) return rows.map(x => values[0] * x)
  if (shape.length === 1) return rows.map((x, at) => values[at % dim] * x)
  const out = new Float64Array(rows.length)
  for (let row = 0; row < rows.length; row += dim)
    for (let i = 0; i < dim; i++) {
      let sum = 0
      for (let j = 0; j <= i; j++) sum += values[i * dim + j] * rows[row + j]
      out[row + i] = sum
    }
  return out
}

/** c + F r for a single row r, summed from c on in the order of the columns of F. */
export const applyAffine = ({ shape, values }: NdArray, centre: FlatRows, row: FlatRows): FlatRows => {
  if (shape.length < 2) return centre.map((c, j) => c + values[shape.length === 0 ? 0 : j] * row[j])
  const dim = row.length
  return centre.map((c, i) => {
    let sum = c
    for (let j = 0; j <= i; j++) sum += values[i * dim + j] * row[j]
    return sum
  })
}

/** F G: a triangle if either is one, otherwise a diagonal if either is one, otherwise a number. */
export const multiplyFactors = (left: NdArray, right: NdArray, dim: number): NdArray => {
  if (left.shape.length === 0) return { shape: right.shape, values: right.values.map(x => left.values[0] * x) }
  if (right.shape.length === 0) return { shape: left.shape, values: left.values.map(x => x * right.values[0]) }
  if (left.shape.length === 1 && right.shape.length === 1)
    return { shape: [dim], values: left.values.map((x, j) => x * right.values[j]) }
  const { values: outer } = triangleOfFactor(left, dim)
  const { values: inner } = triangleOfFactor(right, dim)
  const out = new Float64Array(dim * dim)
  for (let i = 0; i < dim; i++)
    for (let k = 0; k <= i; k++)
      for (let j = 0; j <= k; j++) out[i * dim + j] += outer[i * dim + k] * inner[k * dim + j]
  return { shape: [dim, dim], values: out }
}

/** Trace of the covariance, tr Σ = |F|². */
export const covarianceTrace = ({ shape, values }: NdArray, dim: number): number => {
  if (shape.length === 0) return dim * Elementary.square(values[0])
  return values.reduce((sum, f) => sum + f * f, 0)
}

/** F⁻¹ r for each row r, by forward substitution, which whitens rows of covariance Σ. */
export const solve = ({ shape, values }: NdArray, dim: number, rows: FlatRows): FlatRows => {
  if (shape.length === 0) return rows.map(x => x / values[0])
  if (shape.length === 1) return rows.map((x, at) => x / values[at % dim])
  const out = new Float64Array(rows.length)
  for (let row = 0; row < rows.length; row += dim)
    for (let i = 0; i < dim; i++) {
      let rest = rows[row + i]
      for (let j = 0; j < i; j++) rest -= values[i * dim + j] * out[row + j]
      out[row + i] = rest / values[i * dim + i]
    }
  return out
}

/** F as a triangle [d, d]. */
export const triangleOfFactor = (factor: NdArray, dim: number): NdArray => {
  const { shape, values } = factor
  if (shape.length === 2) return factor
  const out = new Float64Array(dim * dim)
  for (let i = 0; i < dim; i++) out[i * dim + i] = values[shape.length === 0 ? 0 : i]
  return { shape: [dim, dim], values: out }
}

/** Σ = F Fᵀ, [d, d]. */
export const covarianceOfFactor = (factor: NdArray, dim: number): NdArray => {
  const { values } = triangleOfFactor(factor, dim)
  const out = new Float64Array(dim * dim)
  for (let i = 0; i < dim; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0; k <= j; k++) sum += values[i * dim + k] * values[j * dim + k]
      out[i * dim + j] = out[j * dim + i] = sum
    }
  return { shape: [dim, dim], values: out }
}

/** Diagonals of L Lᵀ, [K · d], for triangles [K, d, d]. */
export const triangleVariances = (triangles: FlatRows, dim: number): FlatRows => {
  const out = new Float64Array(triangles.length / dim)
  for (let row = 0; row < out.length; row++)
    for (let j = 0; j <= row % dim; j++) out[row] += triangles[row * dim + j] * triangles[row * dim + j]
  return out
}

/** log |F| = ½ log |Σ| */
export const logDeterminant = ({ shape, values }: NdArray, dim: number): number => {
  if (shape.length === 0) return dim * Elementary.log(values[0])
  let sum = 0
  for (let j = 0; j < dim; j++) sum += Elementary.log(values[shape.length === 1 ? j : j * dim + j])
  return sum
}

/** log w N(r; 0, Σ) = log w − log|F| − (d/2) log 2π − ½|F⁻¹r|², given log w and |F⁻¹r|². Default: 0 for both. */
export const logNormalDensity = (factor: NdArray, dim: number, logWeight = 0, squared = 0): number =>
  logWeight - logDeterminant(factor, dim) - (dim / 2) * Elementary.log(2 * Math.PI) - squared / 2

/** tr Σ⁻¹ = |F⁻¹|² */
export const tracePrecision = (factor: NdArray, dim: number): number => {
  if (factor.shape.length === 0) return dim / Elementary.square(factor.values[0])
  if (factor.shape.length === 1) return factor.values.reduce((sum, f) => sum + 1 / (f * f), 0)
  const unit = triangleOfFactor(scalarArray(1), dim).values
  return solve(factor, dim, unit).reduce((sum, x) => sum + x * x, 0)
}

/**
 * Factor of the sum of covariances F Fᵀ, of the most general kind among them; a triangle is Rᵀ of the QR decomposition of the stacked Fᵀ,
 * by Householder reflections (Golub & Van Loan, §5.2.2).
 */
export const sumOfFactors = (factors: ReadonlyArray<NdArray>, dim: number): NdArray => {
  if (factors.every(({ shape }) => shape.length === 0))
    return {
      shape: [],
      values: Float64Array.of(Math.sqrt(factors.reduce((sum, { values: [f] }) => sum + f * f, 0)))
    }
  if (factors.every(({ shape }) => shape.length < 2))
    return {
      shape: [dim],
      values: new Float64Array(dim).map((_, j) =>
        Math.sqrt(factors.reduce((sum, { values }) => sum + Elementary.square(values[values.length === 1 ? 0 : j]), 0))
      )
    }
  const m = factors.length * dim
  const a = new Float64Array(m * dim)
  factors.forEach((factor, which) => {
    const { values } = triangleOfFactor(factor, dim)
    for (let i = 0; i < dim; i++) for (let j = 0; j < dim; j++) a[(which * dim + j) * dim + i] = values[i * dim + j]
  })
  const lower = new Float64Array(dim * dim)
  for (let k = 0; k < dim; k++) {
    let squared = 0
    for (let i = k; i < m; i++) squared += a[i * dim + k] * a[i * dim + k]
    const length = Math.sqrt(squared)
    const head = a[k * dim + k]
    const pivot = head > 0 ? -length : length
    // v = column − pivot e; the reflection subtracts 2 v⟨v, ·⟩/|v|² from each column.
    a[k * dim + k] = head - pivot
    const half = length * (length + Math.abs(head))
    for (let j = k + 1; j < dim && half > 0; j++) {
      let dot = 0
      for (let i = k; i < m; i++) dot += a[i * dim + k] * a[i * dim + j]
      for (let i = k; i < m; i++) a[i * dim + j] -= (dot / half) * a[i * dim + k]
    }
    const sign = pivot < 0 ? -1 : 1
    lower[k * dim + k] = length
    for (let j = k + 1; j < dim; j++) lower[j * dim + k] = sign * a[k * dim + j]
  }
  return { shape: [dim, dim], values: lower }
}

/** Cholesky factor of a covariance [d, d] minus `less` · I; null if that is not positive definite. Default: `less` 0. */
export const choleskyOfCovariance = (covariance: Float64Array, dim: number, less = 0): NdArray | null => {
  const values = new Float64Array(dim * dim)
  for (let i = 0; i < dim; i++)
    for (let j = 0; j <= i; j++) {
      let rest = i === j ? covariance[i * dim + j] - less : covariance[i * dim + j]
      for (let k = 0; k < j; k++) rest -= values[i * dim + k] * values[j * dim + k]
      if (i === j && !(rest > 0)) return null
      values[i * dim + j] = i === j ? Math.sqrt(rest) : rest / values[j * dim + j]
    }
  return { shape: [dim, dim], values }
}

/**
 * Triangle of S − less · I, [d, d], with eigenvalues clipped from below at `above` > 0: the maximum-likelihood covariance for scatter S
 * under this bound.
 */
export const ofClipped = (
  scatter: Float64Array,
  dim: number,
  { less, above }: { readonly less: number; readonly above: number }
): NdArray => {
  // If S − (less + above) · I is positive definite, no eigenvalue is clipped.
  const own =
    choleskyOfCovariance(scatter, dim, less + above) === null ? null : choleskyOfCovariance(scatter, dim, less)
  if (own !== null) return own
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: scatter })
  return triangleOfRows(
    vectors.values.map((v, at) => Math.sqrt(Math.max(values[Math.floor(at / dim)] - less, above)) * v),
    dim
  )
}

/** Triangle of RᵀR for any number of rows R [m, d], without forming RᵀR. */
export const triangleOfRows = (rows: Float64Array, dim: number): NdArray => {
  const values = new Float64Array(dim * dim)
  const m = Math.max(dim, rows.length / dim)
  const padded = rows.length < dim * dim ? new Float64Array(dim * dim) : rows
  if (padded !== rows) padded.set(rows)
  factorGram(padded, 0, m, dim, values, 0)
  return { shape: [dim, dim], values }
}

/** Factor of D Σ D, D = diag(scale). */
export const scaledFactor = (factor: NdArray, scale: Float64Array): NdArray => {
  const dim = scale.length
  if (factor.shape.length === 2)
    return { shape: factor.shape, values: factor.values.map((x, at) => scale[Math.floor(at / dim)] * x) }
  return { shape: [dim], values: scale.map((s, j) => s * factor.values[factor.shape.length === 0 ? 0 : j]) }
}
