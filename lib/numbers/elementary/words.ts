/** Words of a double, and arithmetic with rounding errors. */

/** Read as little-endian on every machine: the high word of a double is at byte 4. */
const wordView = new DataView(new ArrayBuffer(8))

/** High 32 bits: sign, exponent and the first 20 bits of the significand. */
export const highWord = (x: number): number => {
  wordView.setFloat64(0, x, true)
  return wordView.getInt32(4, true)
}

/** x with its high word replaced. */
export const withHighWord = (x: number, high: number): number => {
  wordView.setFloat64(0, x, true)
  wordView.setInt32(4, high, true)
  return wordView.getFloat64(0, true)
}

/** x with its low word masked. */
const withMaskedLowWord = (x: number, mask: number): number => {
  wordView.setFloat64(0, x, true)
  wordView.setInt32(0, wordView.getInt32(0, true) & mask, true)
  return wordView.getFloat64(0, true)
}

/** First 21 bits of the significand: the product with a number of up to 32 bits is exact. */
export const leading21Bits = (x: number): number => withMaskedLowWord(x, 0)

/** First 26 bits of the significand: the product of two such, or of one with the other 27 bits, is exact. */
export const leading26Bits = (x: number): number => withMaskedLowWord(x, 0xf8000000)

/** A finite double as significand · 2^exponent, exactly. */
export const significandAndExponent = (x: number): { readonly significand: bigint; readonly exponent: number } => {
  wordView.setFloat64(0, x, true)
  const bits = wordView.getBigInt64(0, true)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const size = biased === 0 ? fraction : fraction + 0x10000000000000n
  return { significand: bits < 0n ? -size : size, exponent: Math.max(biased, 1) - 1075 }
}

/** ⌊log₂ |x|⌋ of a normal finite x. */
export const exponentOf = (x: number): number => ((highWord(x) >> 20) & 0x7ff) - 1023

/** Powers of two from 2^−1024 on. */
const POWERS_OF_TWO = /* @__PURE__ */ Float64Array.from({ length: 2048 }, (_, i) =>
  withHighWord(0, i < 2 ? 0x40000 << i : (i - 1) << 20)
)

/**
 * 2^k for an integer k in [−1024, 1023], exactly.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * assert.equal(Elementary.powerOfTwo(-3), 0.125)
 */
export const powerOfTwo = (k: number): number => POWERS_OF_TWO[k + 1024]

/** a + b − fl(a + b), exactly (Knuth). */
export const sumError = (a: number, b: number): number => {
  const sum = a + b
  const part = sum - a
  return a - (sum - part) + (b - part)
}

/** a · b − fl(a · b), to 2⁻¹⁰⁶ a b, if nothing overflows or underflows (Dekker). */
export const productRoundingError = (a: number, b: number): number => {
  const aHigh = leading26Bits(a)
  const bHigh = leading26Bits(b)
  const aLow = a - aHigh
  const bLow = b - bHigh
  return aLow * bLow - (a * b - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

/** Polynomial by Horner's rule, with the coefficient of the highest power first. */
export const hornerPolynomial = (coefficients: Float64Array, x: number): number => {
  let sum = coefficients[0]
  for (let i = 1; i < coefficients.length; i++) sum = sum * x + coefficients[i]
  return sum
}
