/** Hyperbolic functions and their inverses, from e^x − 1 and ln(1 + x), which keep their digits near 0 (after fdlibm). */
import { exp, expm1 } from './exponential.js'
import { log, log1p } from './logarithm.js'

/** Extends f from x ≥ 0 to an odd function. */
const oddExtension =
  (f: (a: number) => number) =>
  (x: number): number =>
    x < 0 || Object.is(x, -0) ? -f(-x) : f(x)

/** e^x/2, without overflow of e^x. */
const halfExp = (x: number): number => {
  if (x < 709) return exp(x) / 2
  const root = exp(x / 2)
  return (root / 2) * root
}

/** sinh x, within 3 ulp. */
export const sinh = oddExtension(a => {
  if (a > 22) return halfExp(a)
  const e = expm1(a)
  return a < 1 ? (2 * e - (e * e) / (e + 1)) / 2 : (e + e / (e + 1)) / 2
})

/** cosh x, within 2 ulp. */
export const cosh = (x: number): number => {
  const a = Math.abs(x)
  if (a > 22) return halfExp(a)
  if (a > 0.34657359027997264) return exp(a) / 2 + 0.5 / exp(a)
  const e = expm1(a)
  return 1 + (e * e) / (2 * (1 + e))
}

const TWO_28 = 268435456

/** arsinh x, within 3 ulp. */
export const asinh = oddExtension(a =>
  a > TWO_28
    ? log(a) + Math.LN2
    : a > 2
      ? log(2 * a + 1 / (Math.sqrt(a * a + 1) + a))
      : log1p(a + (a * a) / (1 + Math.sqrt(1 + a * a)))
)

/** arcosh x, within 3 ulp; NaN below 1. */
export const acosh = (x: number): number => {
  if (!(x >= 1)) return NaN
  if (x > TWO_28) return log(x) + Math.LN2
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)))
  const t = x - 1
  return log1p(t + Math.sqrt(2 * t + t * t))
}

/** artanh x, within 3 ulp; ±∞ at ±1 and NaN beyond. */
export const atanh = oddExtension(a =>
  a < 0.5 ? log1p(2 * a + (2 * a * a) / (1 - a)) / 2 : log1p((2 * a) / (1 - a)) / 2
)
