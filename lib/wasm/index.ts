/**
 * Arithmetic, elementary functions, reductions, matrix products and random draws in double precision: in WebAssembly SIMD, or in
 * plain JavaScript if the engine has none. Arrays of `allocateDoubles` are processed in place; others are copied in and out, which costs
 * more than a single operation.
 *
 * | | maximum error | |
 * |---|---|---|
 * | exp, expm1, log, log1p, tanh, sigmoid, softplus, erf | 2 ulp | on the whole domain; NaN, ±0, ±∞ as in `Math` |
 * | sum | 1 ulp of Σ\|xᵢ\| | for any length |
 * | matMul | k ulp of Σ\|aᵢₚbₚⱼ\| | entry (i, j) depends on row i of A and column j of B only, not on m, n or the rest |
 * | uniforms, normals | none | the bits of lib/random/draws.ts |
 *
 * Both paths agree to 10⁻¹³ of those magnitudes. The module is compiled on first use. Functions are not re-entrant; each worker has a
 * module and memory of its own.
 */
import type { Kernels } from './kernels/kernels.js'
import { plainKernels } from './kernels/plain.js'
import { compileKernels } from './kernelModule.js'
import type { SimdEStep } from './kernels/gaussianEStep.js'
import { simdKernels, type SimdKernels } from './kernels/simd.js'

/** SIMD kernels; undefined before first use, null if the engine has no SIMD or forbids compilation here. */
let cachedKernels: SimdKernels | null | undefined

const simdKernelsIfAny = (): SimdKernels | null => {
  if (cachedKernels !== undefined) return cachedKernels
  try {
    cachedKernels = simdKernels(compileKernels())
  } catch {
    // No WebAssembly, no SIMD, a forbidding content policy, or a browser's limit on synchronous compilation.
    cachedKernels = null
  }
  return cachedKernels
}

/** The kernels in SIMD if there is SIMD, otherwise as plain loops. */
export const simdOrPlainKernels = (): Kernels => simdKernelsIfAny() ?? plainKernels

/** True if the kernels run in SIMD. */
export const hasSimd = (): boolean => simdKernelsIfAny() !== null

/** Shorter arrays are faster in the heap and in a plain loop. */
const MIN_ARENA_LENGTH = 64

/** Allocates an array of arbitrary contents, in the kernels' memory if there is room; valid until `releaseUnkept` unless kept. */
export const allocateDoubles = (length: number): Float64Array =>
  (length < MIN_ARENA_LENGTH ? null : simdKernelsIfAny()?.room.take(length)) ?? new Float64Array(length)
/** Keeps an array of `allocateDoubles` until `giveBack`; returns its address, or 0 if it is not in the kernels' memory. */
export const keepDoubles = (values: Float64Array): number => simdKernelsIfAny()?.room.keep(values) ?? 0
/** View of the array kept at an address. Earlier views have length 0 once `releaseUnkept` has grown the memory. */
export const viewOf = (at: number, length: number): Float64Array =>
  simdKernelsIfAny()?.room.view(at, length) ?? new Float64Array(length)
/** Frees a kept array. */
export const giveBack = (at: number, length: number): void => {
  simdKernelsIfAny()?.room.give(at, length)
}
/** Number of allocated arrays. */
export const arraysInUse = (): number => simdKernelsIfAny()?.room.held() ?? 0
/** Frees all arrays that were not kept; grows the memory if an allocation failed. */
export const releaseUnkept = (): void => {
  simdKernelsIfAny()?.room.settle()
}

/** Fills `out` with the uniform draws first, first + 1, … of the key (k0, k1). Returns false and writes nothing without SIMD. */
export const uniforms = (k0: number, k1: number, first: number, out: Float64Array): boolean => {
  const simd = simdKernelsIfAny()
  simd?.uniforms(k0, k1, first, out)
  return simd !== null
}

/** Fills `out` with the normal draws first, first + 1, … of the key (k0, k1). Returns false and writes nothing without SIMD. */
export const normals = (k0: number, k1: number, first: number, out: Float64Array): boolean => {
  const simd = simdKernelsIfAny()
  simd?.normals(k0, k1, first, out)
  return simd !== null
}

/** E-step of Gaussian components; returns false and writes nothing without SIMD or room. */
export const simdEStep: SimdEStep = (...args) => simdKernelsIfAny()?.expectation(...args) ?? false
