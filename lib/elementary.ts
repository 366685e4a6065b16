/**
 * ln, exp, sin and cos that give the same bits on every machine and in every engine.
 *
 * `Math.log` and its kin may differ in the last bit from one engine to the next. These use only + − × ÷ and integer
 * operations on the words of a double, all exactly specified by IEEE 754, in the order written, without branches on the
 * value; so a kernel in another language (WebAssembly, two lanes at a time) that keeps the order keeps the bits.
 * Nothing here may be fused, reassociated or "simplified".
 *
 * Source: the reductions and minimax coefficients are those of fdlibm (`e_log`, `e_exp`, `k_sin`, `k_cos`), good to
 * 1 ulp on the domains stated.
 */

/** Little-endian by argument, not by machine: the high word of the double is at byte 4 everywhere. */
const word = new DataView(new ArrayBuffer(8))
const highWord = (x: number): number => {
  word.setFloat64(0, x, true)
  return word.getInt32(4, true)
}
/** x with its high word replaced. */
const withHighWord = (x: number, high: number): number => {
  word.setFloat64(0, x, true)
  word.setInt32(4, high, true)
  return word.getFloat64(0, true)
}

/** The high part has 32 low zero bits, so that k·LN2_HIGH is exact for every exponent k. */
const LN2_HIGH = 6.9314718036912381649e-1
const LN2_LOW = 1.90821492927058770002e-10
/** High words of 1 and of √½: adding their difference makes the exponent carry where the mantissa passes √2. */
const ONE = 0x3ff00000
const SQRT_HALF = 0x3fe6a09e

/**
 * Natural logarithm of a positive, normal, finite double. x = 2^k·m with m in [√½, √2), f = m − 1, s = f/(2 + f) and
 * ln m = f − f²/2 + s(f²/2 + R(s²)).
 */
export const ln = (x: number): number => {
  const shifted = highWord(x) + (ONE - SQRT_HALF)
  const k = (shifted >> 20) - 1023
  const f = withHighWord(x, (shifted & 0xfffff) + SQRT_HALF) - 1
  const halfSquare = 0.5 * f * f
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1))
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)))
  return s * (halfSquare + (odd + even)) + k * LN2_LOW - halfSquare + f + k * LN2_HIGH
}

/** 2^k for an integer k in [−1022, 1023]. */
const powerOfTwo = (k: number): number => withHighWord(0, (k + 1023) << 20)

/**
 * Exponential of x in [−1400, 709]; below −745.13 it underflows to 0. x = k ln 2 + r with |r| ≤ ln 2 / 2, then
 * e^r = 1 + r + r c/(2 − c). The power 2^k is applied in two halves, so that a subnormal result is rounded once.
 */
export const exp = (x: number): number => {
  const k = Math.floor(x * 1.442695040888963387 + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const t = r * r
  const c =
    r -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))))
  const y = 1 + ((r * c) / (2 - c) - low + high)
  const half = k >> 1
  return y * powerOfTwo(half) * powerOfTwo(k - half)
}

/** sin a for a in [−π/4, π/4]. */
export const sin = (a: number): number => {
  const z = a * a
  const w = z * z
  const r =
    8.33333333332248946124e-3 +
    z * (-1.98412698298579493134e-4 + z * 2.75573137070700676789e-6) +
    z * w * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)
  return a + z * a * (-1.66666666666666324348e-1 + z * r)
}

/** cos a for a in [−π/4, π/4]. */
export const cos = (a: number): number => {
  const z = a * a
  const w = z * z
  const r =
    z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * 2.48015872894767294178e-5)) +
    w * w * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11))
  const half = 0.5 * z
  const rest = 1 - half
  return rest + (1 - rest - half + z * r)
}
