import { bias, either, every, minusBits, polynomial, powerOfTwo, shiftRight, signed } from './lanes'

/**
 * e^x and functions of it, without branches.
 *
 * All share one reduction: k = round(x / ln 2), r = x − k ln 2 in [−ln 2 / 2, ln 2 / 2] as a sum of two numbers, and e^r = 1 + r + r² q(r).
 */

/** First part of ln 2 as a sum of two numbers (fdlibm, `e_exp`); products of exponents with it are exact. */
@inline
function ln2High<T>(): v128 {
  return either<T>(6.93147180369123816490e-1, 0.693359375)
}

@inline
function ln2Low<T>(): v128 {
  return either<T>(1.90821492927058770002e-10, -2.12194440e-4)
}

/**
 * Adding 1.5·2⁵² (floats: 1.5·2²³) rounds to an integer in the low bits; the additional 2046 (254) is twice the exponent bias, so that
 * halves and differences of these bits are biased exponents.
 */
@inline
function shift<T>(): v128 {
  return either<T>(6755399441057790, 12583166)
}

/** k + shift, with k = round(x / ln 2) plus twice the bias in the low bits. */
@inline
function shifted<T>(x: v128): v128 {
  return v128.add<T>(v128.mul<T>(x, every<T>(1.4426950408889634)), shift<T>())
}

/** x − k·ln2High, exact. */
@inline
function highRemainder<T>(x: v128, k: v128): v128 {
  return v128.sub<T>(x, v128.mul<T>(k, ln2High<T>()))
}

@inline
function lowRemainder<T>(k: v128): v128 {
  return v128.mul<T>(k, ln2Low<T>())
}

/**
 * q of e^r = 1 + r + r² q(r), leading coefficient first: minimax (Remez) polynomials for |r| ≤ 0.34661, of degree 10 within 2⁻⁶⁰ of e^r
 * with coefficients rounded to doubles, of degree 4 within 2⁻²⁶ of e^r − 1 with floats.
 */
const Q = memory.data<f64>([
  2.081568645637111e-9, 2.511216042467789e-8, 2.755761755413466e-7, 2.755723451150958e-6, 2.4801586883828416e-5,
  1.984126989673034e-4, 1.3888888889138473e-3, 8.333333333316897e-3, 4.166666666666604e-2, 1.6666666666666682e-1, 0.5
])
const Q_SINGLE = memory.data<f32>([0.0013882521, 0.008366519, 0.0416672, 0.16666543, 0.49999997])

/** r² q(r) = e^r − 1 − r. */
@inline
function expRemainder<T>(r: v128): v128 {
  const q = sizeof<T>() == 8 ? polynomial<T>(r, Q, 10) : polynomial<T>(r, Q_SINGLE, 4)
  return v128.mul<T>(v128.mul<T>(r, r), q)
}

/**
 * Arguments are clamped where the result is ∞ or 0 (pmin and pmax keep NaN and are one instruction, min and max six). 2^k is applied in two
 * halves, so a subnormal result is rounded once.
 */
@inline
export function exp<T>(x: v128): v128 {
  x = v128.pmax<T>(v128.pmin<T>(x, either<T>(710, 89)), either<T>(-746, -104))
  const t = shifted<T>(x)
  const k = v128.sub<T>(t, shift<T>())
  const r = v128.sub<T>(highRemainder<T>(x, k), lowRemainder<T>(k))
  const y = v128.add<T>(every<T>(1), v128.add<T>(r, expRemainder<T>(r)))
  const half = shiftRight<T>(t, 1)
  return v128.mul<T>(v128.mul<T>(y, powerOfTwo<T>(half)), powerOfTwo<T>(minusBits<T>(t, half)))
}

/**
 * 2^k(e^r − 1) + (2^k − 1), largest parts first: if they cancel, for k = ±1, their sum is exact. Terms are halved until the last step,
 * since 2^1024 is not a double. For |x| below half an ulp of 1 the result is x: halving would lose a bit of a subnormal, and the sign of
 * −0.
 */
@inline
export function expm1<T>(x: v128): v128 {
  const clamped = v128.pmax<T>(v128.pmin<T>(x, either<T>(710, 89)), either<T>(-40, -20))
  const t = shifted<T>(clamped)
  const k = v128.sub<T>(t, shift<T>())
  const h = highRemainder<T>(clamped, k)
  const l = lowRemainder<T>(k)
  const r = v128.sub<T>(h, l)
  const s = v128.add<T>(expRemainder<T>(r), v128.sub<T>(v128.sub<T>(h, r), l))
  const power = powerOfTwo<T>(minusBits<T>(t, bias<T>(1)))
  const sum = v128.add<T>(v128.sub<T>(power, every<T>(0.5)), v128.mul<T>(power, r))
  const y = v128.add<T>(sum, v128.mul<T>(power, s))
  const isSmall = v128.lt<T>(v128.abs<T>(x), either<T>(5.551115123125783e-17, 2.9802322387695312e-8))
  return v128.bitselect(x, v128.add<T>(y, y), isSmall)
}

/** x cut to 26 bits: the product of two such numbers, or of one with the other 27 bits, is exact. */
@inline
function truncated(x: v128): v128 {
  return v128.and(x, i64x2.splat(0xfffffffff8000000))
}

/** (e + eLow)/(d + dLow), within 0.6 ulp: the quotient of the parts of 26 bits has an exact remainder. */
@inline
function quotient(e: v128, eLow: v128, d: v128, dLow: v128): v128 {
  const reciprocal = f64x2.div(f64x2.splat(1), d)
  const q = truncated(f64x2.mul(e, reciprocal))
  const dTop = truncated(d)
  const exact = f64x2.sub(f64x2.sub(e, f64x2.mul(q, dTop)), f64x2.mul(q, f64x2.sub(d, dTop)))
  const remainder = f64x2.add(exact, f64x2.sub(eLow, f64x2.mul(q, dLow)))
  return f64x2.add(q, f64x2.mul(remainder, reciprocal))
}

/** (e + eLow)/(d + dLow) for floats, within 1 ulp; division is faster than as many multiplications. */
@inline
function quotientSingle(e: v128, eLow: v128, d: v128, dLow: v128): v128 {
  const q = f32x4.div(e, d)
  return f32x4.add(q, f32x4.div(f32x4.sub(eLow, f32x4.mul(q, dLow)), d))
}

/**
 * E/(E + 2) with E = e^{2|x|} − 1. A quotient of rounded numbers would exceed 2 ulp, so E and E + 2 are sums of two numbers. Beyond 22
 * (floats: 10) tanh is ±1.
 */
@inline
export function tanh<T>(x: v128): v128 {
  const a = v128.pmin<T>(v128.abs<T>(x), either<T>(22, 10))
  const twice = v128.add<T>(a, a)
  const t = shifted<T>(twice)
  const k = v128.sub<T>(t, shift<T>())
  const h = highRemainder<T>(twice, k)
  const l = lowRemainder<T>(k)
  const r = v128.sub<T>(h, l)
  const s = v128.add<T>(expRemainder<T>(r), v128.sub<T>(v128.sub<T>(h, r), l))
  const power = powerOfTwo<T>(minusBits<T>(t, bias<T>(0)))
  const whole = v128.sub<T>(power, every<T>(1))
  const part = v128.mul<T>(power, r)
  const sum = v128.add<T>(whole, part)
  const tail = v128.add<T>(v128.sub<T>(part, v128.sub<T>(sum, whole)), v128.mul<T>(power, s))
  const e = v128.add<T>(sum, tail)
  const eLow = v128.sub<T>(tail, v128.sub<T>(e, sum))
  const d = v128.add<T>(e, every<T>(2))
  const dLow = v128.add<T>(v128.add<T>(v128.sub<T>(every<T>(2), d), e), eLow)
  return signed<T>(x, sizeof<T>() == 8 ? quotient(e, eLow, d, dLow) : quotientSingle(e, eLow, d, dLow))
}

/**
 * 1/(1 + e^{−x}), from e = e^{−|x|} on both sides, so the small side keeps its relative precision. The quotient is corrected for most of
 * the rounding error of 1 + e, for all of it if e is small.
 */
@inline
export function sigmoid<T>(x: v128): v128 {
  const one = every<T>(1)
  const e = exp<T>(v128.neg<T>(v128.abs<T>(x)))
  const d = v128.add<T>(one, e)
  const q = v128.div<T>(v128.bitselect(e, one, v128.lt<T>(x, every<T>(0))), d)
  return v128.sub<T>(q, v128.mul<T>(q, v128.sub<T>(e, v128.sub<T>(d, one))))
}
