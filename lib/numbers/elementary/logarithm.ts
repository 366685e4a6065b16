/** ln x and functions of it, with the operations of lib/wasm/math/assembly/logarithm.ts in equal order. */
import { exp, LN2_HIGH, LN2_LOW } from './exponential.js'
import { highWord, powerOfTwo } from './words.js'

/** Added to a high word, the difference of these carries to the exponent if the significand exceeds √2. */
const HIGH_WORD_OF_ONE = 0x3ff00000
const HIGH_WORD_OF_SQRT_HALF = 0x3fe6a09e
const SMALLEST_NORMAL = 2.2250738585072014e-308
const TWO_54 = 18014398509481984

/** ln x + correction for a positive, normal, finite x; `offset` is added to the exponent k. */
const correctedLn = (x: number, correction: number, offset: number): number => {
  const shifted = highWord(x) + (HIGH_WORD_OF_ONE - HIGH_WORD_OF_SQRT_HALF)
  const own = (shifted >> 20) - 1023
  const k = own + offset
  // The product is exact. Replacing the high word of x instead would stall the processor.
  const f = x * powerOfTwo(-own) - 1
  const halfSquare = 0.5 * f * f
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1))
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)))
  return s * (halfSquare + (odd + even)) + (k * LN2_LOW + correction) - halfSquare + f + k * LN2_HIGH
}

/**
 * ln x for a positive, normal, finite double. x = 2^k·m with m in [√½, √2), f = m − 1, s = f/(2 + f) and ln m = f − f²/2 + s(f²/2 + R(s²)).
 */
export const ln = (x: number): number => correctedLn(x, 0, 0)

/** ln x for subnormal, zero, negative, infinite x and NaN. */
const lnAtEdge = (x: number): number =>
  x === 0 ? -Infinity : x > 0 && x < 1 ? correctedLn(x * TWO_54, 0, -54) : x > 0 ? x : NaN

/**
 * ln x, within 1 ulp; −∞ at ±0 and NaN below.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * assert.equal(Elementary.log(2), Math.LN2)
 */
export const log = (x: number): number => (x >= SMALLEST_NORMAL && x < Infinity ? ln(x) : lnAtEdge(x))

/** ln u + c/u for u = fl(1 + x) with rounding error c. */
const lnOfSum = (u: number, x: number): number => correctedLn(u, (x - (u - 1)) / u, 0)

/** ln(1 + x), within 1 ulp. */
export const log1p = (x: number): number => {
  if (x === 0) return x
  const u = 1 + x
  return u >= SMALLEST_NORMAL && u < Infinity ? lnOfSum(u, x) : lnAtEdge(u)
}

/** ln(1 + e^x), within 2 ulp and without overflow. */
export const softplus = (x: number): number => {
  const e = exp(-Math.abs(x))
  return (x < 0 ? 0 : x) + lnOfSum(1 + e, e)
}
