import { coefficient, step } from './polynomial'

/*
 * e^x and what is made of it, two lanes at a time, without branches.
 *
 * All share one reduction: k = round(x / ln 2), r = x − k ln 2 in [−ln 2 / 2, ln 2 / 2] as a sum r + c of two doubles,
 * and e^r = 1 + r + r² q(r). ln 2 is split as in fdlibm (`e_exp`): k·LN2_HIGH is exact.
 */

@inline const LN2_HIGH: f64 = 6.93147180369123816490e-1
@inline const LN2_LOW: f64 = 1.90821492927058770002e-10
@inline const LOG2_E: f64 = 1.4426950408889634

/**
 * Adding 1.5·2⁵² rounds to an integer, which the low bits then hold; the 2046 more bias it, so that halves and
 * differences of those bits are exponents of doubles as they stand.
 */
@inline const SHIFT: f64 = 6755399441057790

@inline const SIGN: i64 = 0x8000000000000000

/** The bits of the result hold k + 2046, and as a double it is k + SHIFT. */
@inline
function shifted(x: v128): v128 {
  return f64x2.add(f64x2.mul(x, f64x2.splat(LOG2_E)), f64x2.splat(SHIFT))
}

/** x − k·LN2_HIGH, exact. */
@inline
function high(x: v128, k: v128): v128 {
  return f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HIGH)))
}

@inline
function low(k: v128): v128 {
  return f64x2.mul(k, f64x2.splat(LN2_LOW))
}

/**
 * q of e^r = 1 + r + r² q(r), the leading coefficient first: our own minimax (Remez) polynomial of degree 10 for
 * |r| ≤ 0.34661, within 2⁻⁶⁰ of e^r with the coefficients rounded to doubles.
 */
const Q = memory.data<f64>([
  2.081568645637111e-9, 2.511216042467789e-8, 2.755761755413466e-7, 2.755723451150958e-6, 2.4801586883828416e-5,
  1.984126989673034e-4, 1.3888888889138473e-3, 8.333333333316897e-3, 4.166666666666604e-2, 1.6666666666666682e-1, 0.5
])

/** r² q(r) = e^r − 1 − r. */
@inline
function rest(r: v128): v128 {
  let q = step(coefficient(Q, 0), r, Q, 1)
  q = step(q, r, Q, 2)
  q = step(q, r, Q, 3)
  q = step(q, r, Q, 4)
  q = step(q, r, Q, 5)
  q = step(q, r, Q, 6)
  q = step(q, r, Q, 7)
  q = step(q, r, Q, 8)
  q = step(q, r, Q, 9)
  q = step(q, r, Q, 10)
  return f64x2.mul(f64x2.mul(r, r), q)
}

/**
 * The ends are clamped where the result is already ∞ or 0 (pmin and pmax let NaN pass, and are one instruction where min and
 * max are six). 2^k is applied in two halves, so that a subnormal result is rounded once.
 */
@inline
export function exp(x: v128): v128 {
  x = v128.pmax<f64>(v128.pmin<f64>(x, f64x2.splat(710)), f64x2.splat(-746))
  const t = shifted(x)
  const k = f64x2.sub(t, f64x2.splat(SHIFT))
  const r = f64x2.sub(high(x, k), low(k))
  const y = f64x2.add(f64x2.splat(1), f64x2.add(r, rest(r)))
  const half = i64x2.shr_u(t, 1)
  return f64x2.mul(f64x2.mul(y, i64x2.shl(half, 52)), i64x2.shl(i64x2.sub(t, half), 52))
}

/**
 * 2^k(e^r − 1) + (2^k − 1), the largest parts first: where those cancel, for k = ±1, their sum is exact. Everything is
 * halved until the last step, as 2^1024 is no double. Below 2⁻⁵⁴, x itself: halving would lose a bit of a subnormal, and
 * −0 its sign.
 */
@inline
export function expm1(x: v128): v128 {
  const clamped = v128.pmax<f64>(v128.pmin<f64>(x, f64x2.splat(710)), f64x2.splat(-40))
  const t = shifted(clamped)
  const k = f64x2.sub(t, f64x2.splat(SHIFT))
  const h = high(clamped, k)
  const l = low(k)
  const r = f64x2.sub(h, l)
  const s = f64x2.add(rest(r), f64x2.sub(f64x2.sub(h, r), l))
  const power = i64x2.shl(i64x2.sub(t, i64x2.splat(1024)), 52)
  const sum = f64x2.add(f64x2.sub(power, f64x2.splat(0.5)), f64x2.mul(power, r))
  const y = f64x2.add(sum, f64x2.mul(power, s))
  return v128.bitselect(x, f64x2.add(y, y), f64x2.lt(f64x2.abs(x), f64x2.splat(5.551115123125783e-17)))
}

/** Keeps 26 bits of the significand: the product of two such, or of one with the 27 bits cut off, is exact. */
@inline
function truncated(x: v128): v128 {
  return v128.and(x, i64x2.splat(0xfffffffff8000000))
}

/**
 * E/(E + 2) with E = e^{2|x|} − 1. A quotient of rounded doubles would miss 2 ulp: E and E + 2 are sums of two doubles,
 * and the quotient of the leading parts, cut to 26 bits, is corrected by its exact remainder. Beyond 22, tanh is ±1.
 */
@inline
export function tanh(x: v128): v128 {
  const a = v128.pmin<f64>(f64x2.abs(x), f64x2.splat(22))
  const twice = f64x2.add(a, a)
  const t = shifted(twice)
  const k = f64x2.sub(t, f64x2.splat(SHIFT))
  const h = high(twice, k)
  const l = low(k)
  const r = f64x2.sub(h, l)
  const s = f64x2.add(rest(r), f64x2.sub(f64x2.sub(h, r), l))
  const power = i64x2.shl(i64x2.sub(t, i64x2.splat(1023)), 52)
  const whole = f64x2.sub(power, f64x2.splat(1))
  const part = f64x2.mul(power, r)
  const sum = f64x2.add(whole, part)
  const tail = f64x2.add(f64x2.sub(part, f64x2.sub(sum, whole)), f64x2.mul(power, s))
  const e = f64x2.add(sum, tail)
  const eLow = f64x2.sub(tail, f64x2.sub(e, sum))
  const d = f64x2.add(e, f64x2.splat(2))
  const dLow = f64x2.add(f64x2.add(f64x2.sub(f64x2.splat(2), d), e), eLow)
  const reciprocal = f64x2.div(f64x2.splat(1), d)
  const q = truncated(f64x2.mul(e, reciprocal))
  const dTop = truncated(d)
  const exact = f64x2.sub(f64x2.sub(e, f64x2.mul(q, dTop)), f64x2.mul(q, f64x2.sub(d, dTop)))
  const remainder = f64x2.add(exact, f64x2.sub(eLow, f64x2.mul(q, dLow)))
  return v128.bitselect(x, f64x2.add(q, f64x2.mul(remainder, reciprocal)), i64x2.splat(SIGN))
}

/**
 * 1/(1 + e^{−x}), from e = e^{−|x|} on both sides: neither overflows, and the small side keeps its relative precision.
 * The quotient by 1 + e, rounded, is corrected for most of the rounding error, all of it where e is small.
 */
@inline
export function sigmoid(x: v128): v128 {
  const one = f64x2.splat(1)
  const e = exp(f64x2.neg(f64x2.abs(x)))
  const d = f64x2.add(one, e)
  const q = f64x2.div(v128.bitselect(e, one, f64x2.lt(x, f64x2.splat(0))), d)
  return f64x2.sub(q, f64x2.mul(q, f64x2.sub(e, f64x2.sub(d, one))))
}
