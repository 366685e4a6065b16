/** e^x and functions of it, with the operations of lib/wasm/math/assembly/exponential.ts in equal order, so with equal bits. */
import { leading26Bits, powerOfTwo } from './words.js'

/** High part of ln 2, with 32 low zero bits: k·LN2_HIGH is exact for every exponent k. */
export const LN2_HIGH = 6.9314718036912381649e-1
/** ln 2 − LN2_HIGH. */
export const LN2_LOW = 1.90821492927058770002e-10
export const LOG2_E = 1.4426950408889634
/** Adding and then subtracting it rounds to an integer. */
export const ROUNDING_SHIFT = 6755399441057790

// Q0 to Q9: coefficients of (e^r − 1 − r)/r², the highest power first; its constant is ½. For exp and expm1.
export const Q0 = 2.081568645637111e-9
export const Q1 = 2.511216042467789e-8
export const Q2 = 2.755761755413466e-7
export const Q3 = 2.755723451150958e-6
export const Q4 = 2.4801586883828416e-5
export const Q5 = 1.984126989673034e-4
export const Q6 = 1.3888888889138473e-3
export const Q7 = 8.333333333316897e-3
export const Q8 = 4.166666666666604e-2
export const Q9 = 1.6666666666666682e-1

/** Integer nearest to x/ln 2. */
export const nearestExponent = (x: number): number => x * LOG2_E + ROUNDING_SHIFT - ROUNDING_SHIFT

/** e^r − 1 − r for |r| ≤ ln 2 / 2. */
export const expRemainder = (r: number): number =>
  r *
  r *
  ((((((((((Q0 * r + Q1) * r + Q2) * r + Q3) * r + Q4) * r + Q5) * r + Q6) * r + Q7) * r + Q8) * r + Q9) * r + 0.5)

/** y·2^k for k in [−2044, 2046], in two halves, so a subnormal result is rounded once. */
export const scaleByPowerOfTwo = (y: number, k: number): number => {
  const first = k >> 1
  return y * powerOfTwo(first) * powerOfTwo(k - first)
}

/**
 * e^x, within 1 ulp.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * // 1.5 units in the last place, at most.
 * assert.ok(Math.abs(Elementary.exp(1) - Math.E) <= 1.5 * 2 ** -51)
 */
export const exp = (x: number): number => {
  const drawn = x > 710 ? 710 : x < -746 ? -746 : x
  const k = nearestExponent(drawn)
  const r = drawn - k * LN2_HIGH - k * LN2_LOW
  const y = 1 + (r + expRemainder(r))
  // One factor suffices for a normal result.
  return k > -1022 && k < 1024 ? y * powerOfTwo(k) : scaleByPowerOfTwo(y, k)
}

/** e^x − 1, within 2 ulp. */
export const expm1 = (x: number): number => {
  if (Math.abs(x) < 5.551115123125783e-17) return x
  const drawn = x > 710 ? 710 : x < -40 ? -40 : x
  const k = nearestExponent(drawn)
  const high = drawn - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const s = expRemainder(r) + (high - r - low)
  const power = powerOfTwo(k - 1)
  const y = power - 0.5 + power * r + power * s
  return y + y
}

/** tanh x, within 2 ulp: E/(E + 2), E = e^{2|x|} − 1 as a sum of two doubles. */
export const tanh = (x: number): number => {
  const twice = x > 22 || x < -22 ? 44 : Math.abs(x) + Math.abs(x)
  const k = nearestExponent(twice)
  const high = twice - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const s = expRemainder(r) + (high - r - low)
  const power = powerOfTwo(k)
  const whole = power - 1
  const part = power * r
  const sum = whole + part
  const tail = part - (sum - whole) + power * s
  const e = sum + tail
  const eLow = tail - (e - sum)
  const d = e + 2
  const dLow = 2 - d + e + eLow
  const reciprocal = 1 / d
  const q = leading26Bits(e * reciprocal)
  const dTop = leading26Bits(d)
  const remainder = e - q * dTop - q * (d - dTop) + (eLow - q * dLow)
  const size = q + remainder * reciprocal
  return x < 0 || Object.is(x, -0) ? -size : size
}

/** 1/(1 + e^{−x}), within 2 ulp on both sides. */
export const sigmoid = (x: number): number => {
  const e = exp(-Math.abs(x))
  const d = 1 + e
  const q = (x < 0 ? e : 1) / d
  return q - q * (e - (d - 1))
}
