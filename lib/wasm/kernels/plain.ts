/** The kernels as scalar loops, for engines without WebAssembly SIMD. */
import * as Elementary from '../../numbers/elementary.js'
import type { Elementwise, Kernels, Zip } from './kernels.js'

const plainElementwise =
  (f: (x: number) => number): Elementwise =>
  (x, out = new Float64Array(x.length)) => {
    for (let i = 0; i < x.length; i++) out[i] = f(x[i])
    return out
  }

/** Neumaier's compensated sum of term(0), …, term(n − 1). */
const compensatedSum = (n: number, term: (i: number) => number): number => {
  let sum = 0
  let error = 0
  for (let i = 0; i < n; i++) {
    const x = term(i)
    const next = sum + x
    error += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum
    sum = next
  }
  // If the sum is not finite, the error is NaN or would make the sum NaN.
  return Number.isFinite(sum) ? sum + error : sum
}

// Loops that differ in one operator: a callback would not be inlined, at five times the cost.
const plainAdd: Zip = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] + b[q]
}
const plainSub: Zip = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] - b[q]
}
const plainMultiply: Zip = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] * b[q]
}
const plainDivide: Zip = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] / b[q]
}
const plainMaximum: Zip = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb)
      out[o++] = Math.max(a[p], b[q])
}
const plainMinimum: Zip = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb)
      out[o++] = Math.min(a[p], b[q])
}
const plainNeg: Elementwise = (x, out = new Float64Array(x.length)) => {
  for (let i = 0; i < x.length; i++) out[i] = -x[i]
  return out
}
const plainSquare: Elementwise = (x, out = new Float64Array(x.length)) => {
  for (let i = 0; i < x.length; i++) out[i] = x[i] * x[i]
  return out
}

/** Σ x[i] for from ≤ i < to, in eight running sums: fast, and exact enough for short rows. */
const eightfoldSum = (x: Float64Array, from: number, to: number): number => {
  let i = from
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let s4 = 0
  let s5 = 0
  let s6 = 0
  let s7 = 0
  // An array of eight would be allocated for every row.
  for (; i + 8 <= to; i += 8) {
    s0 += x[i]
    s1 += x[i + 1]
    s2 += x[i + 2]
    s3 += x[i + 3]
    s4 += x[i + 4]
    s5 += x[i + 5]
    s6 += x[i + 6]
    s7 += x[i + 7]
  }
  let rest = 0
  for (; i < to; i++) rest += x[i]
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7)) + rest
}

/** Maximum number of rows that are summed in order, not by halves. */
const MAX_SEQUENTIAL_ROWS = 16

/**
 * Writes the column sums of `n` rows of `width` entries from x[from] on to `out`, by pairwise summation; `scratch` holds a row for each
 * halving.
 */
const sumRowsPairwise = (
  x: Float64Array,
  { from, n, width }: { readonly from: number; readonly n: number; readonly width: number },
  out: Float64Array,
  scratch: ReadonlyArray<Float64Array>
): void => {
  if (n <= MAX_SEQUENTIAL_ROWS) {
    for (let j = 0; j < width; j++) out[j] = x[from + j]
    for (let i = 1, p = from + width; i < n; i++, p += width) for (let j = 0; j < width; j++) out[j] += x[p + j]
    return
  }
  const half = n >> 1
  const [other, ...rest] = scratch
  sumRowsPairwise(x, { from, n: half, width }, out, rest)
  sumRowsPairwise(x, { from: from + half * width, n: n - half, width }, other, rest)
  for (let j = 0; j < width; j++) out[j] += other[j]
}

/** Number of halvings of n rows until at most 16 are left. */
export const halvingCount = (n: number): number => (n <= 16 ? 0 : 32 - Math.clz32((n - 1) >> 4))

/** Maximum length of a row summed by `eightfoldSum`; longer ones are summed with compensation. */
export const SHORT_ROW = 128

/** Σ xᵢ for from ≤ i < to, with the bits of the kernel `rowSums`. */
export const sumOfRow = (x: Float64Array, from: number, to: number): number =>
  to - from > SHORT_ROW ? compensatedSum(to - from, j => x[from + j]) : eightfoldSum(x, from, to)

/** The larger of m and v; NaN if either is NaN. */
export const larger = (m: number, v: number): number => (v > m || Number.isNaN(v) ? v : m)

export const plainKernels: Kernels = {
  exp: plainElementwise(Elementary.exp),
  expm1: plainElementwise(Elementary.expm1),
  log: plainElementwise(Elementary.log),
  log1p: plainElementwise(Elementary.log1p),
  tanh: plainElementwise(Elementary.tanh),
  sigmoid: plainElementwise(Elementary.sigmoid),
  softplus: plainElementwise(Elementary.softplus),
  erf: plainElementwise(Elementary.erf),
  neg: plainNeg,
  abs: plainElementwise(Math.abs),
  square: plainSquare,
  sqrt: plainElementwise(Math.sqrt),
  reciprocal: plainElementwise(x => 1 / x),
  rsqrt: plainElementwise(x => 1 / Math.sqrt(x)),
  add: plainAdd,
  sub: plainSub,
  multiply: plainMultiply,
  divide: plainDivide,
  maximum: plainMaximum,
  minimum: plainMinimum,
  stretch: (x, from, out, { at, rows, columns }) => {
    for (let i = 0, o = at; i < rows; i++) for (let j = 0; j < columns; j++) out[o++] = x[from + i]
  },
  sum: (x, from = 0, to = x.length) => compensatedSum(to - from, i => x[from + i]),
  rowSums: (x, rows, n, out) => {
    for (let i = 0; i < rows; i++) out[i] = sumOfRow(x, i * n, (i + 1) * n)
  },
  columnSums: (x, { blocks, rows, width }, out) => {
    const scratch = Array.from({ length: halvingCount(rows) }, () => new Float64Array(width))
    for (let b = 0; b < blocks; b++) {
      const sums = out.subarray(b * width, (b + 1) * width)
      sumRowsPairwise(x, { from: b * rows * width, n: rows, width }, sums, scratch)
    }
  },
  softmaxRows: (x, rows, n, out) => {
    for (let i = 0, from = 0; i < rows; i++, from += n) {
      let top = -Infinity
      for (let p = from; p < from + n; p++) top = larger(top, x[p])
      let total = 0
      for (let p = from; p < from + n; p++) total += out[p] = Elementary.exp(x[p] - top)
      for (let p = from; p < from + n; p++) out[p] /= total
    }
  },
  matMul: (a, b, { m, k, n, transposeA = false, transposeB = false }, out = new Float64Array(m * n)) => {
    const [downA, alongA] = transposeA ? [1, m] : [k, 1]
    const [downB, alongB] = transposeB ? [1, k] : [n, 1]
    out.fill(0, 0, m * n)
    for (let i = 0; i < m; i++)
      for (let p = 0; p < k; p++) {
        const factor = a[i * downA + p * alongA]
        for (let j = 0; j < n; j++) out[i * n + j] += factor * b[p * downB + j * alongB]
      }
    return out
  }
}
