/**
 * Elementary functions with equal bits on every machine and in every engine.
 *
 * `Math.exp` and its kin, and `**`, may differ in the last bit. These use only + − × ÷ √ and operations on the words of a double, exactly
 * specified by IEEE 754, in the order written, as do the kernels of lib/wasm/math/assembly. Nothing here may be fused, reassociated or
 * simplified.
 *
 * NaN, ±0 and ±∞ are as in `Math`, except for `pow`, which follows IEEE 754.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Elementary as e } from 'ornstein/float64'
 *
 * // The same bits on every machine, within a few roundings of the number: compared in units of the last place.
 * const near = (a: number, b: number): boolean => Math.abs(a - b) <= 4 * Number.EPSILON * Math.max(1, Math.abs(b))
 * for (const x of [0.1, 0.5, 0.9]) {
 *   assert(near(e.tan(e.atan(x)), x))
 *   assert(near(e.asin(x) + e.acos(x), Math.PI / 2))
 *   assert(near(e.sinh(e.asinh(x)), x) && near(e.tanh(e.atanh(x)), x))
 *   assert(near(e.acosh(e.cosh(1 + x)), 1 + x))
 *   assert(near(e.log1p(e.expm1(x)), x))
 *   assert(near(e.softplus(x) - e.softplus(-x), x))
 *   assert(near(e.sigmoid(x) + e.sigmoid(-x), 1))
 * }
 * assert.equal(e.erf(0.5), 0.5204998778130465)
 * assert.equal(e.erf(-6), -1)
 * // Without overflow, although the squares would be infinite.
 * assert(near(e.hypot(3e200, 4e200) / 5e200, 1))
 * assert.equal(e.softplus(1000), 1000)
 *
 * // What the generator of random normals is built on: logarithms of normal doubles, and angles below π/4.
 * assert(near(e.ln(10), Math.LN10))
 * assert(near(e.sinNear(0.5) ** 2 + e.cosNear(0.5) ** 2, 1))
 * assert.deepEqual([e.exponentOf(1023), e.exponentOf(1024)], [9, 10])
 */
export { erf } from './elementary/erf.js'
export { exp, expm1, sigmoid, tanh } from './elementary/exponential.js'
export { acosh, asinh, atanh, cosh, sinh } from './elementary/hyperbolic.js'
export { ln, log, log1p, softplus } from './elementary/logarithm.js'
export { hypot, norm, pow, square } from './elementary/power.js'
export { acos, asin, atan, atan2, cos, cosNear, sin, sinNear, tan } from './elementary/trigonometric.js'
export { exponentOf, powerOfTwo } from './elementary/words.js'
