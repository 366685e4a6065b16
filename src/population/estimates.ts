/** Closed forms over small arrays, for estimates and errors. */
import { symmetricPart, symmetricEigen } from '../../lib/arrays/linalg.js'
import type { NdArray } from '../../lib/index.js'
import { exp, log } from '../../lib/numbers/elementary.js'
import { meanAndError } from '../../lib/numbers/mean.js'

// —— matrices ——

/** Share of the largest eigenvalue below which an eigenvalue counts as 0; rounding leaves about 1e-12. */
export const NULL_EIGENVALUE_SHARE = 1e-11

export type SquareMatrix = Float64Array

/** Product of square matrices [n, n]. */
export const matrixProduct = (a: SquareMatrix, b: SquareMatrix, n: number): SquareMatrix =>
  new Float64Array(n * n).map((_, at) => {
    let total = 0
    for (let k = 0; k < n; k++) total += a[Math.floor(at / n) * n + k] * b[k * n + (at % n)]
    return total
  })

/** Pseudo-inverse of a symmetric matrix [n, n]. */
export const pseudoInverse = (matrix: SquareMatrix, n: number): SquareMatrix => {
  const { values, vectors } = symmetricEigen({ shape: [n, n], values: matrix })
  const most = Math.max(...values.map(Math.abs))
  const out = new Float64Array(n * n)
  values.forEach((value, k) => {
    if (!(Math.abs(value) > NULL_EIGENVALUE_SHARE * most)) return
    for (let at = 0; at < n * n; at++)
      out[at] += (vectors.values[k * n + Math.floor(at / n)] * vectors.values[k * n + (at % n)]) / value
  })
  return out
}

/** Σ w g gᵀ over rows g. */
export const weightedOuterProducts = (
  { shape: [rows, n], values: g }: NdArray,
  weights: Float64Array
): SquareMatrix => {
  const out = new Float64Array(n * n)
  for (let i = 0; i < rows; i++)
    for (let at = 0; at < n * n; at++) out[at] += weights[i] * g[i * n + Math.floor(at / n)] * g[i * n + (at % n)]
  return out
}

/** Weights of f(x + kh) − f(x − kh), k = 1, 2, 3, over 60h: f′(x) with error O(h⁶). */
const SIXTH_ORDER_WEIGHTS = [45, -9, 1]
const DIFFERENCE_STEP_SHARE = 0.02

/** Symmetric part of the Jacobian of a gradient, by differences. */
export const differenceJacobian = (gradient: (x: Float64Array) => Float64Array, x: Float64Array): SquareMatrix => {
  const rows = Array.from(x, (at, j) => {
    const h = DIFFERENCE_STEP_SHARE * Math.max(1, Math.abs(at))
    const moved = (by: number): Float64Array => gradient(x.map((v, i) => (i === j ? v + by : v)))
    return SIXTH_ORDER_WEIGHTS.map((c, k) => {
      const up = moved((k + 1) * h)
      const down = moved(-(k + 1) * h)
      return up.map((u, i) => (c * (u - down[i])) / (60 * h))
    }).reduce((a, b) => a.map((v, i) => v + b[i]))
  })
  return symmetricPart(rows).values
}

/** ½ Σ w (g hᵀ + h gᵀ) over rows g and h. */
export const symmetrizedCrossProduct = (
  { shape: [rows, n], values: g }: NdArray,
  { values: h }: NdArray,
  weights: Float64Array
): SquareMatrix => {
  const out = new Float64Array(n * n)
  for (let i = 0; i < rows; i++)
    for (let at = 0; at < n * n; at++) {
      const a = i * n + Math.floor(at / n)
      const b = i * n + (at % n)
      out[at] += (weights[i] * (g[a] * h[b] + h[a] * g[b])) / 2
    }
  return out
}

/** Largest difference |a_i − b_i| of the entries of two matrices, relative to 1 + max |b_i|. */
export const relativeMatrixDistance = (a: SquareMatrix, b: SquareMatrix): number =>
  Math.max(...b.map((x, at) => Math.abs(x - a[at]))) / (1 + Math.max(...b.map(Math.abs)))

/** Weighted means of consecutive groups of rows. */
export const groupMeans = ({ shape: [rows, n], values: g }: NdArray, weights: Float64Array): NdArray => {
  const groups = rows / weights.length
  const values = new Float64Array(groups * n)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < n; j++)
      values[Math.floor(i / weights.length) * n + j] += weights[i % weights.length] * g[i * n + j]
  return { shape: [groups, n], values }
}

/** Standard error of the mean; 0 for fewer than two numbers. */
export const standardError = (all: ReadonlyArray<number>): number =>
  all.length < 2 ? 0 : meanAndError(all).standardError

// —— regressions ——

/** Ridge penalty on the slope, which perfectly separated runs do not bound. */
const SLOPE_RIDGE_PENALTY = 0.01

export interface LogisticTrial {
  readonly x: number
  readonly successes: number
  readonly runs: number
}

/** Midpoint of a logistic curve in log x by regularized maximum likelihood, with its standard error (delta method). */
export const logisticMidpoint = (
  trials: ReadonlyArray<LogisticTrial>
): { readonly log: number; readonly error: number; readonly slope: number } => {
  const u = trials.map(({ x }) => log(x))
  const centre = u.reduce((a, b) => a + b, 0) / u.length
  let a = 0
  let b = 0
  let inverse = [0, 0, 0]
  for (let i = 0; i < 200; i++) {
    let g0 = 0
    let g1 = -b * SLOPE_RIDGE_PENALTY
    let h00 = 1e-9
    let h01 = 0
    let h11 = SLOPE_RIDGE_PENALTY
    trials.forEach(({ successes, runs }, k) => {
      const z = u[k] - centre
      const p = 1 / (1 + exp(-(a + b * z)))
      const r = successes - runs * p
      const w = runs * p * (1 - p)
      g0 += r
      g1 += r * z
      h00 += w
      h01 += w * z
      h11 += w * z * z
    })
    const det = h00 * h11 - h01 * h01
    inverse = [h11 / det, -h01 / det, h00 / det]
    const da = inverse[0] * g0 + inverse[1] * g1
    const db = inverse[1] * g0 + inverse[2] * g1
    // Steps are limited, since second derivatives vanish far from the midpoint.
    const size = Math.sqrt(da * da + db * db)
    const scale = Math.min(1, 2 / size)
    a += scale * da
    b += scale * db
    if (size < 1e-12) break
  }
  const at = -a / b
  return {
    log: centre + at,
    error: Math.sqrt(inverse[0] + 2 * at * inverse[1] + at * at * inverse[2]) / Math.abs(b),
    slope: b
  }
}

/** Weighted least squares: coefficients, the inverse of the normal matrix, and χ². */
export const leastSquares = (
  rows: ReadonlyArray<ReadonlyArray<number>>,
  y: ReadonlyArray<number>,
  weights: ReadonlyArray<number>
): {
  readonly coefficients: ReadonlyArray<number>
  readonly inverse: (i: number, j: number) => number
  readonly chiSquared: number
} => {
  const n = rows[0].length
  const normal = new Float64Array(n * n).map((_, at) =>
    rows.reduce((sum, row, k) => sum + weights[k] * row[Math.floor(at / n)] * row[at % n], 0)
  )
  const right = rows[0].map((_, i) => rows.reduce((sum, row, k) => sum + weights[k] * row[i] * y[k], 0))
  const { values, vectors } = symmetricEigen({ shape: [n, n], values: normal })
  const inverse = (i: number, j: number): number =>
    values.reduce((sum, value, k) => sum + (vectors.values[k * n + i] * vectors.values[k * n + j]) / value, 0)
  const coefficients = right.map((_, i) => right.reduce((sum, r, j) => sum + inverse(i, j) * r, 0))
  const chiSquared = rows.reduce((sum, row, k) => {
    const off = y[k] - row.reduce((total, x, j) => total + x * coefficients[j], 0)
    return sum + weights[k] * off * off
  }, 0)
  return { coefficients, inverse, chiSquared }
}
