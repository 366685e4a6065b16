/**
 * The inner loops that dominate: everything else in this folder arranges its arrays so that these few run over long
 * contiguous stretches of doubles. What SIMD does better is left to `../simd`, which has a plain path of its own.
 */
import * as simd from '../simd/index.js'

/** `out[i] = f(x[i])` for every i; `out` and `x` have one length. */
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

/** By tfjs kernel name; a kernel that is absent runs its scalar function. */
export const maps: Readonly<Partial<Record<string, MapLoop>>> = {
  Erf: simd.erf,
  Exp: simd.exp,
  Expm1: simd.expm1,
  Log: simd.log,
  Log1p: simd.log1p,
  Neg: neg,
  Sigmoid: simd.sigmoid,
  Softplus: simd.softplus,
  Square: square,
  Tanh: simd.tanh
}

export const zips: Readonly<Partial<Record<string, ZipLoop>>> = { Add: add, Sub: sub, Multiply: mul, RealDiv: div }

/** Σ x[i] for from ≤ i < to: compensated where long, in eight running sums where that is exact enough and quicker. */
export const sum = (x: Float64Array, from: number, to: number): number => {
  if (to - from > 128) return simd.sum(x, from, to)
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
