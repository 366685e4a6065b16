/** Sums and maps over the columns of a table, [n, d] row by row: each column's sum in the order of the rows, in one pass over memory. */

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

/** max |x_ij|, [d]. */
export const greatest = (values: Float64Array, dim: number): Float64Array => {
  const most = new Float64Array(dim)
  for (let at = 0, j = 0; at < values.length; at++) {
    const size = Math.abs(values[at])
    if (size > most[j] || Number.isNaN(size)) most[j] = size
    if (++j === dim) j = 0
  }
  return most
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
