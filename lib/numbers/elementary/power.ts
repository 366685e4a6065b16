/** x^y from a logarithm of some 65 bits, and Euclidean lengths. */
import { LN2_HIGH, LN2_LOW, nearestExponent, expRemainder, scaleByPowerOfTwo } from './exponential.js'
import {
  exponentOf,
  highWord,
  hornerPolynomial,
  powerOfTwo,
  productRoundingError,
  sumError,
  withHighWord
} from './words.js'

const TWO_THIRDS = 2 / 3
/** 2/3 minus the nearest double. */
const TWO_THIRDS_LOW = 3.700743415417188e-17

/** Coefficients 3/(2n + 1) of s^{2n} in (3/s) artanh s, n = 13, …, 2. */
const ARTANH_COEFFICIENTS = Float64Array.from({ length: 12 }, (_, i) => 3 / (27 - 2 * i))

interface DoubleDouble {
  readonly high: number
  readonly low: number
}

/**
 * ln x for a positive finite x, as a sum of two doubles good to 2⁻⁶⁴ of it: x = 2^k m, s = (m − 1)/(m + 1), and
 * ln m = 2 artanh s = ⅔ s (3 + s² + R(s²)).
 */
const lnSum = (given: number): DoubleDouble => {
  const isSubnormal = given < powerOfTwo(-1022)
  const x = isSubnormal ? given * powerOfTwo(54) : given
  const shifted = highWord(x) + (0x3ff00000 - 0x3fe6a09e)
  const k = (shifted >> 20) - 1023 - (isSubnormal ? 54 : 0)
  const f = withHighWord(x, (shifted & 0xfffff) + 0x3fe6a09e) - 1
  const d = 2 + f
  const s = f / d
  const sLow = (f - s * d - productRoundingError(s, d) - s * (f - (d - 2))) / d
  const z = s * s
  const zLow = productRoundingError(s, s) + 2 * s * sLow
  const t = 3 + z
  const tLow = z - (t - 3) + (zLow + z * z * hornerPolynomial(ARTANH_COEFFICIENTS, z))
  const p = s * t
  const pLow = productRoundingError(s, t) + s * tLow + sLow * t
  const y = p * TWO_THIRDS
  const yLow = productRoundingError(p, TWO_THIRDS) + p * TWO_THIRDS_LOW + pLow * TWO_THIRDS
  const sum = k * LN2_HIGH + y
  const tail = sumError(k * LN2_HIGH, y) + (yLow + k * LN2_LOW)
  return { high: sum + tail, low: tail - (sum + tail - sum) }
}

/** e^(high + low) for |high| < 800. */
const expSum = ({ high, low }: DoubleDouble): number => {
  const k = nearestExponent(high)
  const top = high - k * LN2_HIGH
  const bottom = k * LN2_LOW - low
  const r = top - bottom
  const whole = 1 + r
  const y = whole + (r - (whole - 1) + (expRemainder(r) + (top - r - bottom) * whole))
  return scaleByPowerOfTwo(y, k)
}

/** x^y for a positive finite x and a finite y. */
const positivePower = (x: number, y: number): number => {
  const { high, low } = lnSum(x)
  const product = y * high
  if (!(Math.abs(product) < 800)) return product > 0 ? Infinity : 0
  const error = productRoundingError(y, high) + y * low
  return expSum({ high: product, low: error })
}

const isOdd = (y: number): boolean => Math.abs(y % 2) === 1

/**
 * x^y, within 1 ulp, and exact if x^y is a double; special cases as in IEEE 754's `pow`: 1^y and (−1)^±∞ are 1, unlike those of `**`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * assert.equal(Elementary.pow(3, 5), 243)
 * assert.equal(Elementary.pow(1, Infinity), 1)
 */
export const pow = (x: number, y: number): number => {
  if (y === 0 || x === 1) return 1
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN
  const size = Math.abs(x)
  if (Math.abs(y) === Infinity) return size === 1 ? 1 : size > 1 === y > 0 ? Infinity : 0
  const isNegative = (x < 0 || Object.is(x, -0)) && isOdd(y)
  if (size === 0 || size === Infinity) {
    const value = (size === 0) === y > 0 ? 0 : Infinity
    return isNegative ? -value : value
  }
  if (x < 0 && !Number.isInteger(y)) return NaN
  return isNegative ? -positivePower(size, y) : positivePower(size, y)
}

/** x². */
export const square = (x: number): number => x * x

/** Power of two by which numbers up to `most` are scaled before they are squared, against overflow and underflow. */
const squareScale = (most: number): number => {
  const exponent = exponentOf(most)
  return exponent > 480 ? powerOfTwo(-600) : exponent < -450 ? powerOfTwo(600) : 1
}

/** √(x² + y²), within 2 ulp, without overflow; ∞ if either is infinite, even if the other is NaN. */
export const hypot = (x: number, y: number): number => {
  const a = Math.abs(x)
  const b = Math.abs(y)
  if (a === Infinity || b === Infinity) return Infinity
  const most = a > b ? a : b
  if (most === 0) return a + b
  const scale = squareScale(most)
  return Math.sqrt(a * scale * (a * scale) + b * scale * (b * scale)) / scale
}

/**
 * √(Σ xᵢ²), within 2 ulp for any length, without overflow if the result is a double. ∞ if any number is infinite, even if another is NaN.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * assert.ok(Math.abs(Elementary.norm([3e200, 4e200]) / 5e200 - 1) < 1e-15)
 * assert.equal(Elementary.norm(new Float64Array(1_000_000).fill(1)), 1000)
 */
export const norm = (values: ArrayLike<number>): number => {
  let most = 0
  let isNaN = false
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i])
    if (size > most) most = size
    else if (size !== size) isNaN = true
  }
  if (most === Infinity) return Infinity
  if (isNaN) return NaN
  if (most === 0) return 0
  const scale = squareScale(most)
  let sum = 0
  let lost = 0
  for (let i = 0; i < values.length; i++) {
    const x = values[i] * scale
    const term = x * x
    const next = sum + term
    lost += sum >= term ? sum - next + term : term - next + sum
    sum = next
  }
  return Math.sqrt(sum + lost) / scale
}
