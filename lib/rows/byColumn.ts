/** Sums and maps over the columns of a table, [n, d] row by row: each column's sum in the order of the rows, in one pass over memory. */
import { rowSum } from '../simd/plain.js'

/** Numbers x_ij as u_j x_ij − c_j, [n, d], u one number a column: where nobody holds them they need not be written down. */
export interface Shifted {
  readonly values: Float64Array
  readonly unit: Float64Array
  readonly centre: Float64Array
}

/** The numbers themselves. */
export const plain = (values: Float64Array, dim: number): Shifted => ({
  values,
  unit: new Float64Array(dim).fill(1),
  centre: new Float64Array(dim)
})

/** Σᵢ pᵢ (u_j x_ij − c_j), [d]. */
export const weightedSums = (p: Float64Array, { values, unit, centre }: Shifted): Float64Array => {
  const dim = unit.length
  const sums = new Float64Array(dim)
  for (let i = 0, at = 0; i < p.length; i++)
    for (let j = 0; j < dim; j++, at++) sums[j] += p[i] * (unit[j] * values[at] - centre[j])
  return sums
}

/** Σᵢ pᵢ (v_j (u_j x_ij − c_j))², [d]. */
export const weightedSquares = (
  p: Float64Array,
  { values, unit, centre }: Shifted,
  v: Float64Array = new Float64Array(unit.length).fill(1)
): Float64Array => {
  const dim = unit.length
  const sums = new Float64Array(dim)
  for (let i = 0, at = 0; i < p.length; i++)
    for (let j = 0; j < dim; j++, at++) {
      const z = v[j] * (unit[j] * values[at] - centre[j])
      sums[j] += p[i] * (z * z)
    }
  return sums
}

/** max |u_j x_ij − c_j|, [d]. */
export const greatest = ({ values, unit, centre }: Shifted): Float64Array => {
  const dim = unit.length
  const most = new Float64Array(dim)
  for (let at = 0, j = 0; at < values.length; at++) {
    const size = Math.abs(unit[j] * values[at] - centre[j])
    if (size > most[j] || Number.isNaN(size)) most[j] = size
    if (++j === dim) j = 0
  }
  return most
}

/** Whether one of them is NaN. */
export const hasNaN = (values: Float64Array): boolean => {
  for (let at = 0; at < values.length; at++) if (Number.isNaN(values[at])) return true
  return false
}

/** Whether they hold the same numbers: NaN is NaN, and −0 is not 0. */
export const sameNumbers = (a: Float64Array | Int32Array, b: Float64Array | Int32Array): boolean => {
  if (a === b) return true
  if (a.length !== b.length) return false
  // Object.is alone is three times as slow.
  for (let at = 0; at < a.length; at++) if ((a[at] !== b[at] || a[at] === 0) && !Object.is(a[at], b[at])) return false
  return true
}

/** Where the first is that is not finite; −1 where all are. */
export const firstNotFinite = (values: Float64Array): number => {
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return at
  return -1
}

/** The least of each of `out`, [n], and Σ_j (x_ij − c_j)² for some centres c, [any, d]: the bits that the tensor vocabulary has. */
export const nearer = (values: Float64Array, dim: number, centres: Float64Array, out: Float64Array): void => {
  const squares = new Float64Array(dim)
  for (let c = 0; c < centres.length; c += dim)
    for (let i = 0, at = 0; i < out.length; i++) {
      for (let j = 0; j < dim; j++, at++) {
        const apart = values[at] - centres[c + j]
        squares[j] = apart * apart
      }
      out[i] = Math.min(out[i], rowSum(squares, 0, dim))
    }
}

/** x_ij − c_j, [n, d]. */
export const less = (values: Float64Array, by: Float64Array): Float64Array => {
  const out = new Float64Array(values.length)
  for (let at = 0, j = 0; at < values.length; at++) {
    out[at] = values[at] - by[j]
    if (++j === by.length) j = 0
  }
  return out
}

/** x_ij / u_j, [n, d]. */
export const over = (values: Float64Array, by: Float64Array): Float64Array => {
  const out = new Float64Array(values.length)
  for (let at = 0, j = 0; at < values.length; at++) {
    out[at] = values[at] / by[j]
    if (++j === by.length) j = 0
  }
  return out
}

/** (v_j (u_j x_ij − c_j)) / w_j, [n, d]. */
export const brought = ({ values, unit, centre }: Shifted, v: Float64Array, w: Float64Array): Float64Array => {
  const out = new Float64Array(values.length)
  for (let at = 0, j = 0; at < values.length; at++) {
    out[at] = (v[j] * (unit[j] * values[at] - centre[j])) / w[j]
    if (++j === w.length) j = 0
  }
  return out
}
