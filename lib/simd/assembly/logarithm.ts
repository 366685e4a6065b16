import { exp } from './exponential'
import { coefficient, step } from './polynomial'

/*
 * ln x, two lanes at a time: x = 2^k m with m in [√½, √2), f = m − 1, s = f/(2 + f), and ln m = f − f²/2 + s(f²/2 + R(s²)).
 * Reduction, coefficients and the order of operations are those of `ln` in lib/numbers/elementary.ts (after fdlibm's `e_log`):
 * random normals have the same bits here and there.
 */

/**
 * Added to the bits of x, the exponent carries where the significand passes √2: the difference of 1 and √½. Then the
 * significand's bits; those of √½; and 2⁵², whose low bits hold an integer.
 */
const BITS = memory.data<u64>([0x00095f6200000000, 0x000fffffffffffff, 0x3fe6a09e00000000, 0x4330000000000000])

/** 1, ½, 2; ln 2 as the sum of two, the low one first. */
const NUMBERS = memory.data<f64>([1, 0.5, 2, 1.90821492927058770002e-10, 6.9314718036912381649e-1])

/** The value of 2⁵² and of the exponent's bias, to take off. */
@inline const BIASED: f64 = 4503599627371519

@inline const SMALLEST_NORMAL: f64 = 2.2250738585072014e-308
@inline const TWO_54: f64 = 18014398509481984

/** R(s²) = s⁴ even(s⁴) + s² odd(s⁴), the leading coefficients first: fdlibm's Lg6, Lg4, Lg2 and Lg7, Lg5, Lg3, Lg1. */
const EVEN = memory.data<f64>([1.531383769920937332e-1, 2.222219843214978396e-1, 3.999999999940941908e-1])
const ODD = memory.data<f64>([
  1.479819860511658591e-1, 1.818357216161805012e-1, 2.857142874366239149e-1, 6.66666666666673513e-1
])

/** ln x + correction for a positive, normal, finite x; `offset` is added to the exponent k. */
@inline
function reduced(x: v128, correction: v128, corrected: bool, offset: f64): v128 {
  const bits = i64x2.add(x, coefficient(BITS, 0))
  const k = f64x2.sub(v128.or(i64x2.shr_u(bits, 52), coefficient(BITS, 3)), f64x2.splat(BIASED - offset))
  const m = i64x2.add(v128.and(bits, coefficient(BITS, 1)), coefficient(BITS, 2))
  const f = f64x2.sub(m, coefficient(NUMBERS, 0))
  const halfSquare = f64x2.mul(f64x2.mul(coefficient(NUMBERS, 1), f), f)
  const s = f64x2.div(f, f64x2.add(coefficient(NUMBERS, 2), f))
  const z = f64x2.mul(s, s)
  const w = f64x2.mul(z, z)
  const even = f64x2.mul(w, step(step(coefficient(EVEN, 0), w, EVEN, 1), w, EVEN, 2))
  const odd = f64x2.mul(z, step(step(step(coefficient(ODD, 0), w, ODD, 1), w, ODD, 2), w, ODD, 3))
  let low = f64x2.mul(k, coefficient(NUMBERS, 3))
  if (corrected) low = f64x2.add(low, correction)
  const tail = f64x2.add(f64x2.mul(s, f64x2.add(halfSquare, f64x2.add(odd, even))), low)
  return f64x2.add(f64x2.add(f64x2.sub(tail, halfSquare), f), f64x2.mul(k, coefficient(NUMBERS, 4)))
}

/** ln x for a positive, normal, finite x. */
@inline
export function ln(x: v128): v128 {
  return reduced(x, x, false, 0)
}

/** Where `ln` holds: positive, normal, finite. */
@inline
export function ordinary(x: v128): v128 {
  return v128.and(f64x2.ge(x, f64x2.splat(SMALLEST_NORMAL)), f64x2.lt(x, f64x2.splat(Infinity)))
}

/** ln x in the lanes whose x is not `ordinary`, and `otherwise` in the rest. */
export function lnAtEdges(x: v128, otherwise: v128): v128 {
  const zero = f64x2.splat(0)
  let y = v128.bitselect(
    reduced(f64x2.mul(x, f64x2.splat(TWO_54)), x, false, -54),
    otherwise,
    f64x2.lt(x, f64x2.splat(SMALLEST_NORMAL))
  )
  y = v128.bitselect(f64x2.splat(-Infinity), y, f64x2.eq(x, zero))
  y = v128.bitselect(f64x2.splat(NaN), y, v128.or(f64x2.lt(x, zero), f64x2.ne(x, x)))
  return v128.bitselect(x, y, f64x2.eq(x, f64x2.splat(Infinity)))
}

/**
 * ln u + c/u for the double u nearest 1 + x, and the c that rounding took: ln(1 + x) to first order in c. u − 1 is exact,
 * and then c, unless u is so large that c does not count.
 */
@inline
function lnOfSum(u: v128, x: v128): v128 {
  const c = f64x2.sub(x, f64x2.sub(u, f64x2.splat(1)))
  return reduced(u, f64x2.div(c, u), true, 0)
}

/** ln(1 + x) where 1 + x is `ordinary`. −0 stays −0, which 1 + x forgets. */
@inline
export function log1p(x: v128): v128 {
  const y = lnOfSum(f64x2.add(f64x2.splat(1), x), x)
  return v128.or(y, v128.and(x, f64x2.eq(x, f64x2.splat(0))))
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^{−|x|}). */
@inline
export function softplus(x: v128): v128 {
  const e = exp(f64x2.neg(f64x2.abs(x)))
  return f64x2.add(v128.pmax<f64>(x, f64x2.splat(0)), lnOfSum(f64x2.add(f64x2.splat(1), e), e))
}
