/**
 * The inner loops that dominate: everything else in this folder arranges its arrays so that these few run over long
 * contiguous stretches of doubles. A faster implementation (SIMD) replaces them one by one through {@link install}.
 */

/** `out[i] = f(x[i])` for every i; `out` and `x` have one length and do not overlap. */
export type MapLoop = (x: Float64Array, out: Float64Array) => void

/**
 * `out[at + i·columns + j] = f(a[pa + i·ra + j·ca], b[pb + i·rb + j·cb])` for i < rows, j < columns. Strides of 0 stretch a
 * scalar, a row or a column, so one loop serves every broadcast.
 */
export type ZipLoop = (a: Float64Array, b: Float64Array, out: Float64Array, grid: Grid) => void
export interface Grid {
  readonly rows: number
  readonly columns: number
  readonly ra: number
  readonly ca: number
  readonly rb: number
  readonly cb: number
  pa: number
  pb: number
  at: number
}

/** Σ x[i] for from ≤ i < to, pairwise: the error grows with log n, not n. */
export type SumLoop = (x: Float64Array, from: number, to: number) => number

/** `out[m, n] = a[m, k] · b[n, k]ᵀ`, all row-major and written over. `b` comes transposed so that both stream along k. */
export type MatMulLoop = (a: Float64Array, b: Float64Array, out: Float64Array, m: number, k: number, n: number) => void

export interface Loops {
  /** By tfjs kernel name; a kernel that is absent runs its scalar function. */
  readonly map: Readonly<Partial<Record<string, MapLoop>>>
  readonly zip: Readonly<Partial<Record<string, ZipLoop>>>
  readonly sum: SumLoop
  readonly matMul: MatMulLoop
}

// Four loops that differ in one operator: a callback in their place is not inlined, and costs five times the arithmetic.
const add: ZipLoop = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] + b[q]
}
const sub: ZipLoop = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] - b[q]
}
const mul: ZipLoop = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] * b[q]
}
const div: ZipLoop = (a, b, out, { rows, columns, ra, ca, rb, cb, pa, pb, at }) => {
  for (let i = 0, o = at; i < rows; i++)
    for (let j = 0, p = pa + i * ra, q = pb + i * rb; j < columns; j++, p += ca, q += cb) out[o++] = a[p] / b[q]
}

const neg: MapLoop = (x, out) => {
  for (let i = 0; i < x.length; i++) out[i] = -x[i]
}
const square: MapLoop = (x, out) => {
  for (let i = 0; i < x.length; i++) out[i] = x[i] * x[i]
}
const exp: MapLoop = (x, out) => {
  for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i])
}
const tanh: MapLoop = (x, out) => {
  for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i])
}

/** Leaves of 128 with eight running sums, halved down to: about log₂(n / 16) roundings on any path. */
const sum: SumLoop = (x, from, to) => {
  const n = to - from
  if (n > 128) {
    const middle = from + 8 * Math.ceil(n / 16)
    return sum(x, from, middle) + sum(x, middle, to)
  }
  let i = from
  let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0]
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

const dot = (a: Float64Array, b: Float64Array, p: number, q: number, k: number): number => {
  let s = 0
  for (let l = 0; l < k; l++) s += a[p + l] * b[q + l]
  return s
}

/** Tiles of 2 × 4 entries whose eight sums stay in registers. */
const matMul: MatMulLoop = (a, b, out, m, k, n) => {
  const m2 = m - (m % 2)
  const n4 = n - (n % 4)
  for (let i = 0; i < m2; i += 2)
    for (let j = 0; j < n4; j += 4) {
      const p0 = i * k
      const p1 = p0 + k
      const q0 = j * k
      const q1 = q0 + k
      const q2 = q1 + k
      const q3 = q2 + k
      let s00 = 0
      let s01 = 0
      let s02 = 0
      let s03 = 0
      let s10 = 0
      let s11 = 0
      let s12 = 0
      let s13 = 0
      for (let l = 0; l < k; l++) {
        const a0 = a[p0 + l]
        const a1 = a[p1 + l]
        const b0 = b[q0 + l]
        const b1 = b[q1 + l]
        const b2 = b[q2 + l]
        const b3 = b[q3 + l]
        s00 += a0 * b0
        s01 += a0 * b1
        s02 += a0 * b2
        s03 += a0 * b3
        s10 += a1 * b0
        s11 += a1 * b1
        s12 += a1 * b2
        s13 += a1 * b3
      }
      const o0 = i * n + j
      const o1 = o0 + n
      out[o0] = s00
      out[o0 + 1] = s01
      out[o0 + 2] = s02
      out[o0 + 3] = s03
      out[o1] = s10
      out[o1 + 1] = s11
      out[o1 + 2] = s12
      out[o1 + 3] = s13
    }
  for (let i = 0; i < m; i++) for (let j = i < m2 ? n4 : 0; j < n; j++) out[i * n + j] = dot(a, b, i * k, j * k, k)
}

/** The loops every machine can run. */
export const plain: Loops = {
  map: { Neg: neg, Square: square, Exp: exp, Tanh: tanh },
  zip: { Add: add, Sub: sub, Multiply: mul, RealDiv: div },
  sum,
  matMul
}

let current: Loops = plain

/** The loops in force. */
export const loops = (): Loops => current

/** Put faster loops in force; those not given stay plain. `install({})` goes back to plain ones. */
export const install = (faster: Partial<Loops>): void => {
  current = { ...plain, ...faster, map: { ...plain.map, ...faster.map }, zip: { ...plain.zip, ...faster.zip } }
}
