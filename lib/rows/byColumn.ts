/** Sums and maps over the columns of a table, [n, d], in the order of the rows. */
import { sumOfRow } from '../wasm/kernels/plain.js'

/** Σᵢ pᵢ x_ij, [d]. */
export const weightedSums = (p: Float64Array, values: Float64Array, dim: number): Float64Array => {
  const sums = new Float64Array(dim)
  for (let i = 0, at = 0; i < p.length; i++) for (let j = 0; j < dim; j++, at++) sums[j] += p[i] * values[at]
  return sums
}

/** Σᵢ pᵢ x_ij², [d]. */
export const weightedSquares = (p: Float64Array, values: Float64Array, dim: number): Float64Array => {
  const sums = new Float64Array(dim)
  for (let i = 0, at = 0; i < p.length; i++)
    for (let j = 0; j < dim; j++, at++) sums[j] += p[i] * (values[at] * values[at])
  return sums
}

/** True if one of the numbers is NaN. */
export const hasNaN = (values: Float64Array): boolean => {
  for (let at = 0; at < values.length; at++) if (Number.isNaN(values[at])) return true
  return false
}

/** True if both hold equal numbers; NaN equals NaN, and −0 differs from 0. */
export const sameNumbers = (a: Float64Array | Int32Array, b: Float64Array | Int32Array): boolean => {
  if (a === b) return true
  if (a.length !== b.length) return false
  // Object.is alone takes three times as long.
  for (let at = 0; at < a.length; at++) if ((a[at] !== b[at] || a[at] === 0) && !Object.is(a[at], b[at])) return false
  return true
}

/** Index of the first number that is not finite; −1 if there is none. */
export const firstNotFinite = (values: Float64Array): number => {
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return at
  return -1
}

/** Lowers entries of `out`, [n], to the smallest Σ_j (x_ij − c_j)² over centres c, [any, d], with the bits of the tensor kernel. */
export const updateNearestDistances = (
  values: Float64Array,
  dim: number,
  centres: Float64Array,
  out: Float64Array
): void => {
  const squares = new Float64Array(dim)
  for (let c = 0; c < centres.length; c += dim)
    for (let i = 0, at = 0; i < out.length; i++) {
      for (let j = 0; j < dim; j++, at++) {
        const apart = values[at] - centres[c + j]
        squares[j] = apart * apart
      }
      out[i] = Math.min(out[i], sumOfRow(squares, 0, dim))
    }
}

/** x_ij − c_j, [n, d]. */
export const subtractColumns = (values: Float64Array, by: Float64Array): Float64Array => {
  const out = new Float64Array(values.length)
  for (let at = 0, j = 0; at < values.length; at++) {
    out[at] = values[at] - by[j]
    if (++j === by.length) j = 0
  }
  return out
}
