/**
 * Sine, cosine, tangent and their inverses. The minimax coefficients are those of fdlibm (`k_sin`, `k_cos`, `s_atan`, `e_asin`), good to 1
 * ulp on their domains.
 */
import { leading21Bits, sumError, significandAndExponent } from './words.js'

/**
 * sin(a + tail) for a in [−π/4, π/4] and a tail below an ulp of it. Without a tail, the bits are those of
 * lib/wasm/random/assembly/draws.ts.
 */
export const sinNear = (a: number, tail = 0): number => {
  const z = a * a
  const w = z * z
  const r =
    8.33333333332248946124e-3 +
    z * (-1.98412698298579493134e-4 + z * 2.75573137070700676789e-6) +
    z * w * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)
  const third = -1.66666666666666324348e-1 + z * r
  return tail === 0 ? a + z * a * third : a + (z * a * third + (tail - 0.5 * z * tail))
}

/** cos(a + tail) for a in [−π/4, π/4] and a tail below an ulp of it. */
export const cosNear = (a: number, tail = 0): number => {
  const z = a * a
  const w = z * z
  const r =
    z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * 2.48015872894767294178e-5)) +
    w * w * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11))
  const half = 0.5 * z
  const rest = 1 - half
  return tail === 0 ? rest + (1 - rest - half + z * r) : rest + (1 - rest - half + (z * r - a * tail))
}

// —— reduction to [−π/4, π/4] ——

/** x = (4m + quarter)·π/2 + high + low for an integer m. */
interface Reduced {
  readonly quarter: number
  readonly high: number
  readonly low: number
}

/** π/2 in parts of 33 bits, whose products with numbers of up to 20 bits are exact. */
const HALF_PI = [1.57079632673412561417, 6.0771005063039659766e-11, 2.0222662487111664558e-21] as const
/** π/2 minus the sum of its parts. */
const HALF_PI_REST = 8.47842766036889956997e-32
/** π minus the nearest double. */
const PI_LOW = 1.2246467991473532e-16

/** Reduction for |x| < 10⁶, by the parts of π/2 (Cody & Waite). */
const reduceNearby = (x: number): Reduced => {
  const n = Math.floor(x * (2 / Math.PI) + 0.5)
  const first = x - n * HALF_PI[0]
  const second = first - n * HALF_PI[1]
  const lost = sumError(first, -n * HALF_PI[1])
  const third = second - n * HALF_PI[2]
  const rest = lost + sumError(second, -n * HALF_PI[2]) - n * HALF_PI_REST
  const high = third + rest
  return { quarter: n & 3, high, low: third - high + rest }
}

/** 2/π in units of 2⁻¹²⁰⁰, which leaves 120 bits for the largest double. */
const TWO_OVER_PI = BigInt(
  '0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a7' +
    '3ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb' +
    '09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b'
)

/** Reduction in integers, for any exponent (Payne & Hanek). */
const reduceExactly = (x: number): Reduced => {
  const { significand, exponent } = significandAndExponent(x)
  // Quarter turns in units of 2⁻¹²⁰⁰; `short` in units of 2⁻²⁰⁰.
  const turns =
    exponent < 0 ? (significand * TWO_OVER_PI) >> BigInt(-exponent) : (significand * TWO_OVER_PI) << BigInt(exponent)
  const short = turns >> 1000n
  const n = (short + (1n << 199n)) >> 200n
  const fraction = short - (n << 200n)
  // Sixty bits of the fraction suffice for the product with π/2.
  const high = Number(BigInt.asIntN(1100, fraction)) * 6.223015277861142e-61
  const low = Number(fraction - BigInt(high * 1.6069380442589903e60)) * 6.223015277861142e-61
  const lead = leading21Bits(high)
  const product = high * (Math.PI / 2)
  const halfPi = leading21Bits(Math.PI / 2)
  const error =
    lead * halfPi -
    product +
    lead * (Math.PI / 2 - halfPi) +
    (high - lead) * halfPi +
    (high - lead) * (Math.PI / 2 - halfPi)
  const tail = error + low * (Math.PI / 2) + high * (PI_LOW / 2)
  return { quarter: Number(n & 3n), high: product + tail, low: product - (product + tail) + tail }
}

const reduceAngle = (x: number): Reduced =>
  Math.abs(x) <= Math.PI / 4 ? { quarter: 0, high: x, low: 0 } : Math.abs(x) < 1e6 ? reduceNearby(x) : reduceExactly(x)

/** Sine of high + low plus `quarter` quarter turns. */
const afterQuarterTurns = (quarter: number, { high, low }: Reduced): number => {
  const value = (quarter & 1) === 0 ? sinNear(high, low) : cosNear(high, low)
  return (quarter & 2) === 0 ? value : -value
}

/**
 * sin x, within 1 ulp for every double.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * assert.equal(Elementary.sin(1e22), -0.8522008497671888)
 */
export const sin = (x: number): number => {
  if (!Number.isFinite(x)) return NaN
  // Keeps −0.
  if (x === 0) return x
  const reduced = reduceAngle(x)
  return afterQuarterTurns(reduced.quarter, reduced)
}

/** cos x, within 1 ulp for every double. */
export const cos = (x: number): number => {
  if (!Number.isFinite(x)) return NaN
  const reduced = reduceAngle(x)
  return afterQuarterTurns(reduced.quarter + 1, reduced)
}

/** tan x, within 2 ulp for every double. */
export const tan = (x: number): number => {
  if (!Number.isFinite(x)) return NaN
  if (x === 0) return x
  const { quarter, high, low } = reduceAngle(x)
  const sine = sinNear(high, low)
  const cosine = cosNear(high, low)
  return (quarter & 1) === 0 ? sine / cosine : -cosine / sine
}

/** arctan at ½, 1, 3⁄2 and ∞, as sums of two doubles. */
const ARCTAN_VALUES = [
  [4.63647609000806093515e-1, 2.26987774529616870924e-17],
  [7.85398163397448278999e-1, 3.06161699786838301793e-17],
  [9.82793723247329054082e-1, 1.39033110312309984516e-17],
  [1.570796326794896558, 6.12323399573676603587e-17]
] as const

/** (x − arctan x)/x for a small x. */
const arctanRest = (x: number): number => {
  const z = x * x
  const w = z * z
  const odd =
    z *
    (3.33333333333329318027e-1 +
      w *
        (1.42857142725034663711e-1 +
          w *
            (9.09088713343650656196e-2 +
              w * (6.66107313738753120669e-2 + w * (4.97687799461593236017e-2 + w * 1.62858201153657823623e-2)))))
  const even =
    w *
    (-1.99999999998764832476e-1 +
      w *
        (-1.1111110405462355788e-1 +
          w * (-7.69187620504482999495e-2 + w * (-5.83357013379057348645e-2 + w * -3.6531572744216915527e-2))))
  return odd + even
}

/** arctan a for a ≥ 0, reduced by the nearest of 0, ½, 1, 3⁄2 and ∞. */
const arctanOf = (a: number): number => {
  if (a < 0.4375) return a - a * arctanRest(a)
  const [from, t] =
    a < 0.6875
      ? [0, (2 * a - 1) / (2 + a)]
      : a < 1.1875
        ? [1, (a - 1) / (a + 1)]
        : a < 2.4375
          ? [2, (a - 1.5) / (1 + 1.5 * a)]
          : [3, -1 / a]
  const [high, low] = ARCTAN_VALUES[from]
  return high - (t * arctanRest(t) - low - t)
}

/** arctan x, within 1 ulp. */
export const atan = (x: number): number => (x < 0 ? -arctanOf(-x) : x === 0 ? x : arctanOf(x))

/**
 * Angle of the point (x, y), in [−π, π], within 2 ulp; signs of zeros as in `Math.atan2`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary } from 'ornstein/float64'
 *
 * assert.equal(Elementary.atan2(1, -1), (3 * Math.PI) / 4)
 */
export const atan2 = (y: number, x: number): number => {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN
  const up = Math.abs(y)
  const along = Math.abs(x)
  const angle = up === along ? (up === 0 ? 0 : Math.PI / 4) : arctanOf(up / along)
  // At a slope beyond 1e18 the angle to the axis rounds to π/2 on both sides.
  const isLeft = (x < 0 || Object.is(x, -0)) && !(up / along > 1e18)
  const size = isLeft ? Math.PI - (angle - PI_LOW) : angle
  return y < 0 || Object.is(y, -0) ? -size : size
}

/** (arcsin √z − √z)/√z for z ≤ ¼. */
const arcsinRest = (z: number): number =>
  (z *
    (1.66666666666666657415e-1 +
      z *
        (-3.25565818622400915405e-1 +
          z *
            (2.01212532134862925881e-1 +
              z * (-4.00555345006794114027e-2 + z * (7.91534994289814532176e-4 + z * 3.4793310759602116757e-5)))))) /
  (1 +
    z *
      (-2.40339491173441421878 +
        z * (2.02094576023350569471 + z * (-6.8828397160545329303e-1 + z * 7.70381505559019352791e-2))))

/** arcsin a for a in [½, 1], as ½π − 2 arcsin √((1 − a)/2). */
const arcsinOf = (a: number): number => {
  const z = (1 - a) / 2
  const s = Math.sqrt(z)
  const top = leading21Bits(s)
  const rest = (z - top * top) / (s + top)
  const tail = 2 * s * arcsinRest(z) - (PI_LOW / 2 - 2 * rest)
  return a >= 0.975
    ? Math.PI / 2 - (2 * (s + s * arcsinRest(z)) - PI_LOW / 2)
    : Math.PI / 4 - (tail - (Math.PI / 4 - 2 * top))
}

/** arcsin x, within 1 ulp; NaN outside [−1, 1]. */
export const asin = (x: number): number => {
  const a = Math.abs(x)
  if (!(a <= 1)) return NaN
  if (a < 0.5) return x + x * arcsinRest(x * x)
  return x < 0 ? -arcsinOf(a) : arcsinOf(a)
}

/** arccos x, within 1 ulp; NaN outside [−1, 1]. */
export const acos = (x: number): number => {
  if (!(Math.abs(x) <= 1)) return NaN
  if (Math.abs(x) < 0.5) return Math.PI / 2 - (x - (PI_LOW / 2 - x * arcsinRest(x * x)))
  const z = (1 - Math.abs(x)) / 2
  const s = Math.sqrt(z)
  if (x < 0) return Math.PI - 2 * (s + (s * arcsinRest(z) - PI_LOW / 2))
  const top = leading21Bits(s)
  const rest = z === 0 ? 0 : (z - top * top) / (s + top)
  return 2 * (top + (s * arcsinRest(z) + rest))
}
