/**
 * Elementary functions that give the same bits on every machine and in every engine.
 *
 * `Math.exp` and its kin, and `**`, may differ in the last bit from one engine to the next, and from one processor to the
 * next. These use only + − × ÷ √ and operations on the words of a double, all exactly specified by IEEE 754, in the order
 * written; the kernels of lib/simd/assembly, two lanes at a time, keep the order and so the bits. Nothing here may be
 * fused, reassociated or "simplified".
 *
 * Arguments and results are plain numbers; NaN, ±0 and ±∞ as `Math` has them, except for `pow`, which follows IEEE 754.
 */
export { erf } from './elementary/erf.js'
export { exp, expm1, sigmoid, tanh } from './elementary/exponential.js'
export { acosh, asinh, atanh, cosh, sinh } from './elementary/hyperbolic.js'
export { ln, log, log1p, softplus } from './elementary/logarithm.js'
export { hypot, norm, pow, square } from './elementary/power.js'
export { acos, asin, atan, atan2, cos, cosNear, sin, sinNear, tan } from './elementary/trigonometric.js'
export { exponentOf, powerOfTwo } from './elementary/words.js'
