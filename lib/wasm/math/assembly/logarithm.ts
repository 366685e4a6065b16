import { exp } from './exponential'
import { coefficient, either, every, places, plusBits, polynomial, shiftRight } from './lanes'

/**
 * ln x: x = 2^k m with m in [√½, √2), f = m − 1, s = f/(2 + f), and ln m = f − f²/2 + s(f²/2 + R(s²)) (after fdlibm's `e_log`; for floats,
 * `e_logf`). For doubles, bits are those of `ln` in lib/numbers/elementary.ts, also for random normals.
 */

/**
 * Constants as bits: the difference of 1 and √½, which carries to the exponent if the significand exceeds √2; the mask of the significand;
 * √½; and 2⁵² (floats: 2²³), whose low bits hold an integer.
 */
const BITS = memory.data<u64>([0x00095f6200000000, 0x000fffffffffffff, 0x3fe6a09e00000000, 0x4330000000000000])
const BITS_SINGLE = memory.data<u32>([0x004afb0d, 0x007fffff, 0x3f3504f3, 0x4b000000])

/** 1, ½, 2, and ln 2 as a sum of two numbers, the low one first. */
const NUMBERS = memory.data<f64>([1, 0.5, 2, 1.90821492927058770002e-10, 6.9314718036912381649e-1])
const NUMBERS_SINGLE = memory.data<f32>([1, 0.5, 2, 9.0580006145e-6, 6.9313812256e-1])

/** R(s²) = s⁴ even(s⁴) + s² odd(s⁴), leading coefficients first: fdlibm's Lg6, Lg4, Lg2 and Lg7, Lg5, Lg3, Lg1. */
const EVEN = memory.data<f64>([1.531383769920937332e-1, 2.222219843214978396e-1, 3.999999999940941908e-1])
const EVEN_SINGLE = memory.data<f32>([0.24279078841, 0.40000972152])
const ODD = memory.data<f64>([
  1.479819860511658591e-1, 1.818357216161805012e-1, 2.857142874366239149e-1, 6.66666666666673513e-1
])
const ODD_SINGLE = memory.data<f32>([0.28498786688, 0.66666662693])

@inline
function bits<T>(i: usize): v128 {
  return coefficient<T>(sizeof<T>() == 8 ? BITS : BITS_SINGLE, i)
}

@inline
function number<T>(i: usize): v128 {
  return coefficient<T>(sizeof<T>() == 8 ? NUMBERS : NUMBERS_SINGLE, i)
}

/** ln x + correction for a positive, normal, finite x; `offset` is added to the exponent k. */
@inline
function reduced<T>(x: v128, correction: v128, corrected: bool, offset: f64): v128 {
  const moved = plusBits<T>(x, bits<T>(0))
  // 2⁵² (2²³) and the exponent bias.
  const biased = either<T>(4503599627371519 - offset, 8388735 - offset)
  const k = v128.sub<T>(v128.or(shiftRight<T>(moved, places<T>()), bits<T>(3)), biased)
  const m = plusBits<T>(v128.and(moved, bits<T>(1)), bits<T>(2))
  const f = v128.sub<T>(m, number<T>(0))
  const halfSquare = v128.mul<T>(v128.mul<T>(number<T>(1), f), f)
  const s = v128.div<T>(f, v128.add<T>(number<T>(2), f))
  const z = v128.mul<T>(s, s)
  const w = v128.mul<T>(z, z)
  const even = v128.mul<T>(w, sizeof<T>() == 8 ? polynomial<T>(w, EVEN, 2) : polynomial<T>(w, EVEN_SINGLE, 1))
  const odd = v128.mul<T>(z, sizeof<T>() == 8 ? polynomial<T>(w, ODD, 3) : polynomial<T>(w, ODD_SINGLE, 1))
  let low = v128.mul<T>(k, number<T>(3))
  if (corrected) low = v128.add<T>(low, correction)
  const tail = v128.add<T>(v128.mul<T>(s, v128.add<T>(halfSquare, v128.add<T>(odd, even))), low)
  return v128.add<T>(v128.add<T>(v128.sub<T>(tail, halfSquare), f), v128.mul<T>(k, number<T>(4)))
}

/** ln x for a positive, normal, finite x. */
@inline
export function ln<T>(x: v128): v128 {
  return reduced<T>(x, x, false, 0)
}

@inline
function smallestNormal<T>(): v128 {
  return either<T>(2.2250738585072014e-308, 1.1754943508222875e-38)
}

/** Mask of positive, normal, finite lanes. */
@inline
export function ordinary<T>(x: v128): v128 {
  return v128.and(v128.ge<T>(x, smallestNormal<T>()), v128.lt<T>(x, every<T>(Infinity)))
}

/** ln x in lanes that are not `ordinary`, `otherwise` in the others. */
export function lnAtEdges<T>(x: v128, otherwise: v128): v128 {
  const zero = every<T>(0)
  // Scaled by 2^54 (2^24), all subnormal numbers are normal.
  const scaled = v128.mul<T>(x, either<T>(18014398509481984, 16777216))
  let y = v128.bitselect(
    reduced<T>(scaled, x, false, sizeof<T>() == 8 ? -54 : -24),
    otherwise,
    v128.lt<T>(x, smallestNormal<T>())
  )
  y = v128.bitselect(every<T>(-Infinity), y, v128.eq<T>(x, zero))
  y = v128.bitselect(every<T>(NaN), y, v128.or(v128.lt<T>(x, zero), v128.ne<T>(x, x)))
  return v128.bitselect(x, y, v128.eq<T>(x, every<T>(Infinity)))
}

/**
 * ln(1 + x) as ln u + c/u for u = fl(1 + x) with rounding error c. u − 1 is exact, and so is c, unless u is so large that c is negligible.
 */
@inline
function lnOfSum<T>(u: v128, x: v128): v128 {
  const c = v128.sub<T>(x, v128.sub<T>(u, every<T>(1)))
  return reduced<T>(u, v128.div<T>(c, u), true, 0)
}

/** ln(1 + x) if 1 + x is `ordinary`; −0 gives −0. */
@inline
export function log1p<T>(x: v128): v128 {
  const y = lnOfSum<T>(v128.add<T>(every<T>(1), x), x)
  return v128.or(y, v128.and(x, v128.eq<T>(x, every<T>(0))))
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^{−|x|}). */
@inline
export function softplus<T>(x: v128): v128 {
  const e = exp<T>(v128.neg<T>(v128.abs<T>(x)))
  return v128.add<T>(v128.pmax<T>(x, every<T>(0)), lnOfSum<T>(v128.add<T>(every<T>(1), e), e))
}
