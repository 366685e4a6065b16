/** Functions of one number for every engine: what each is in plain numbers, and where differences are taken of it. */
import * as T from '../../lib/index.js'

export type Unary = (x: T.Tensor) => T.Tensor

/** erf to 16 digits by mpmath; elsewhere 2/√π e^{−x²} Σ 2ⁿ x^{2n+1}/(2n + 1)!!, all of one sign, or its limits. */
const ERF = new Map([
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [1.5, 0.9661051464753108],
  [2.5, 0.999593047982555]
])
const erf = (x: number): number => {
  const known = ERF.get(Math.abs(x))
  if (known !== undefined) return Math.sign(x) * known
  if (x === 0 || Math.abs(x) > 6) return Math.sign(x)
  let sum = 0
  for (let n = 0, term = x; n < 120; n++, term *= (2 * x * x) / (2 * n + 1)) sum += term
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))
/** Φ to 16 digits by mpmath where x/√2 is none of the above. */
const PHI = new Map([
  [0.5, 0.6914624612740131],
  [-0.5, 0.3085375387259869],
  [1, 0.8413447460685429],
  [-1, 0.15865525393145705],
  [1.5, 0.9331927987311419],
  [2.5, 0.9937903346742238],
  [-2.5, 0.006209665325776132]
])
const normal = (x: number): number =>
  PHI.get(x) ?? (Math.abs(x) < 1e-7 ? 0.5 + x / Math.sqrt(2 * Math.PI) : x > 0 ? 1 : 0)
const even = (x: number): number => {
  const below = Math.floor(x)
  const rounded = x - below === 0.5 ? 2 * Math.round(below / 2) : Math.round(x)
  return rounded === 0 ? 0 * x : rounded
}

/** The function, what it is, and from where to where it has derivatives that are not 0; none of what is flat, or is a choice. */
export const functions: Readonly<
  Record<string, readonly [f: Unary, of: (x: number) => number, from?: number, to?: number]>
> = {
  abs: [T.abs, Math.abs, -2, 2],
  acos: [T.acos, Math.acos, -0.7, 0.7],
  acosh: [T.acosh, Math.acosh, 1.5, 3],
  asin: [T.asin, Math.asin, -0.7, 0.7],
  asinh: [T.asinh, Math.asinh, -2, 2],
  atan: [T.atan, Math.atan, -2, 2],
  atanh: [T.atanh, Math.atanh, -0.7, 0.7],
  ceil: [T.ceil, Math.ceil],
  cos: [T.cos, Math.cos, -2, 2],
  cosh: [T.cosh, Math.cosh, -2, 2],
  elu: [T.elu, x => (x < 0 ? Math.expm1(x) : x), -2, 2],
  erf: [T.erf, erf, -2, 2],
  exp: [T.exp, Math.exp, -2, 2],
  expm1: [T.expm1, Math.expm1, -2, 2],
  floor: [T.floor, Math.floor],
  gelu: [T.gelu, x => x * normal(x), -2, 2],
  isFinite: [T.isFinite, x => Number(Number.isFinite(x))],
  isInf: [T.isInf, x => Number(Math.abs(x) === Infinity)],
  isNaN: [T.isNaN, x => Number(Number.isNaN(x))],
  log: [T.log, Math.log, 0.5, 3],
  log1p: [T.log1p, Math.log1p, -0.5, 2],
  logicalNot: [T.logicalNot, x => Number(x === 0)],
  neg: [T.neg, x => -x, -2, 2],
  reciprocal: [T.reciprocal, x => 1 / x, 0.5, 2],
  relu: [T.relu, x => (x < 0 ? 0 : x), -2, 2],
  round: [T.round, even],
  rsqrt: [T.rsqrt, x => 1 / Math.sqrt(x), 0.5, 3],
  selu: [T.selu, x => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x), -2, 2],
  sigmoid: [T.sigmoid, sigmoid, -2, 2],
  sign: [T.sign, Math.sign],
  silu: [T.silu, x => x * sigmoid(x), -2, 2],
  sin: [T.sin, Math.sin, -2, 2],
  sinh: [T.sinh, Math.sinh, -2, 2],
  softplus: [T.softplus, x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), -2, 2],
  sqrt: [T.sqrt, Math.sqrt, 0.5, 3],
  square: [T.square, x => x * x, -2, 2],
  step: [T.step, x => (x > 0 ? 1 : x <= 0 ? 0 : x)],
  tan: [T.tan, Math.tan, -1, 1],
  tanh: [T.tanh, Math.tanh, -2, 2]
}

/** The kernel of a function. */
export const kernelOf = (name: string): string => `${name[0].toUpperCase()}${name.slice(1)}`
