/**
 * Loops over the entries of arrays, several times as fast as a call for each entry. Each operation is rounded separately, in the order
 * written.
 */

type EntryLoop = (x: Float64Array, y: Float64Array) => Float64Array

/** x + y */
export const sums: EntryLoop = (x, y) => {
  const out = new Float64Array(x.length)
  for (let i = 0; i < out.length; i++) out[i] = x[i] + y[i]
  return out
}

/** factor · x */
export const multiples = (factor: number, x: Float64Array): Float64Array => {
  const out = new Float64Array(x.length)
  for (let i = 0; i < out.length; i++) out[i] = factor * x[i]
  return out
}

/** a x + b y */
export const combinations =
  (a: number, b: number): EntryLoop =>
  (x, y) => {
    const out = new Float64Array(x.length)
    for (let i = 0; i < out.length; i++) out[i] = a * x[i] + b * y[i]
    return out
  }

/** a x + b y y */
export const combinationsOfSquares =
  (a: number, b: number): EntryLoop =>
  (x, y) => {
    const out = new Float64Array(x.length)
    for (let i = 0; i < out.length; i++) out[i] = a * x[i] + b * y[i] * y[i]
    return out
  }

/** (x/a)/(√(y/b) + ε); 0 if x/a is 0, even with ε = 0. */
export const overRoots =
  (a: number, b: number, epsilon: number): EntryLoop =>
  (x, y) => {
    const out = new Float64Array(x.length)
    for (let i = 0; i < out.length; i++) {
      const numerator = x[i] / a
      out[i] = numerator === 0 ? numerator : numerator / (Math.sqrt(y[i] / b) + epsilon)
    }
    return out
  }

/** f(0), …, f(length − 1), ten times as fast as `Float64Array.from`. */
export const tabulate = (length: number, f: (k: number) => number): Float64Array => {
  const out = new Float64Array(length)
  for (let k = 0; k < length; k++) out[k] = f(k)
  return out
}

/** Cumulative sums. */
export const cumulative = (x: Float64Array): Float64Array => {
  const out = new Float64Array(x.length)
  for (let i = 0, sum = 0; i < out.length; i++) out[i] = sum += x[i]
  return out
}

/** Sums of the values with equal keys, in the order of the keys' first occurrences. */
export const sumsBy = (keys: ReadonlyArray<number>, valueOf: (i: number) => number): ReadonlyArray<number> => {
  const sums = new Map<number, number>()
  keys.forEach((key, i) => sums.set(key, (sums.get(key) ?? 0) + valueOf(i)))
  return [...sums.values()]
}

/** Rows of a matrix at these indices, in their order. */
export const rowsAt = (values: Float64Array, dim: number, rows: ArrayLike<number>): Float64Array => {
  const out = new Float64Array(rows.length * dim)
  for (let i = 0, at = 0; i < rows.length; i++) for (let j = 0; j < dim; j++, at++) out[at] = values[rows[i] * dim + j]
  return out
}
