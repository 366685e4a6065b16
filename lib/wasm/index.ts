/**
 * Arithmetic, elementary functions, reductions, matrix products and random draws in double precision, two lanes at a time in
 * WebAssembly SIMD; plain JavaScript where that is missing. Arrays from `room` are worked on where they lie; others are
 * copied in and out, which for single operations costs more than they do.
 *
 * | | error, at most | |
 * |---|---|---|
 * | exp, expm1, log, log1p, tanh, sigmoid, softplus, erf | 2 ulp | the whole domain; NaN, ±0, ±∞ as `Math` has them |
 * | sum | 1 ulp of Σ\|xᵢ\| | whatever the length |
 * | matMul | k ulp of Σ\|aᵢₚbₚⱼ\| | entry (i, j) depends on row i of A and column j of B only, not on m, n or the rest |
 * | uniforms, normals | none | the bits of lib/random/draws.ts |
 *
 * Both paths agree to 10⁻¹³ of those magnitudes. The module is compiled on first use. Functions are not re-entrant, and
 * each worker has a module and memory of its own.
 */
import type { Kernels } from './kernels/kernels.js'
import { plainKernels } from './kernels/plain.js'
import { compileKernels, simd, type SimdExpectation, type SimdKernels } from './kernels/wasm.js'

/** Undefined before first use; null where the engine has no SIMD or may not compile here. */
let foundKernels: SimdKernels | null | undefined

const accelerator = (): SimdKernels | null => {
  if (foundKernels !== undefined) return foundKernels
  try {
    foundKernels = simd(compileKernels())
  } catch {
    // No WebAssembly, no SIMD, a content policy against it, or an old browser's limit on compiling at once.
    foundKernels = null
  }
  return foundKernels
}

/** The kernels: in SIMD, or plain loops where there is none. */
export const simdOrPlainKernels = (): Kernels => accelerator() ?? plainKernels

/** Whether the kernels run in SIMD here. */
export const accelerated = (): boolean => accelerator() !== null

/** Shorter arrays are quicker to make again, and to run over in a plain loop. */
const MIN_ARENA_LENGTH = 64

/** An array of so many doubles, anything in it, in the kernels' memory while there is room: the caller's until `settle`. */
export const allocateDoubles = (length: number): Float64Array =>
  (length < MIN_ARENA_LENGTH ? null : accelerator()?.room.take(length)) ?? new Float64Array(length)
/** An array's address, if it is from `room`, and then the caller's until it is given back; else 0. */
export const keepDoubles = (values: Float64Array): number => accelerator()?.room.keep(values) ?? 0
/** The array kept at an address. One got earlier may be empty, as the memory grows when it is settled. */
export const viewOf = (at: number, length: number): Float64Array =>
  accelerator()?.room.view(at, length) ?? new Float64Array(length)
/** Gives back what was kept. */
export const giveBack = (at: number, length: number): void => {
  accelerator()?.room.give(at, length)
}
/** How many arrays of the kernels' memory are in use. */
export const arraysInUse = (): number => accelerator()?.room.held() ?? 0
/** Takes back what came from `room` and was not kept, and makes room for more. */
export const releaseUnkept = (): void => {
  accelerator()?.room.settle()
}

/**
 * Writes the uniform draws first … first + count − 1 of the key (k0, k1) to the beginning of `out`. Returns false, and
 * writes nothing, where there is no SIMD: lib/random/draws.ts is the plain path.
 */
export const uniforms = (k0: number, k1: number, first: number, count: number, out: Float64Array): boolean => {
  const simd = accelerator()
  simd?.uniforms(k0, k1, first, count, out)
  return simd !== null
}

/** The same for normal draws. */
export const normals = (k0: number, k1: number, first: number, count: number, out: Float64Array): boolean => {
  const simd = accelerator()
  simd?.normals(k0, k1, first, count, out)
  return simd !== null
}

/** Writes what rows sum of Gaussian components, in two lanes; false, and nothing is done, where there is no SIMD, or no room. */
export const simdExpectation: SimdExpectation = (...given) => accelerator()?.expectation(...given) ?? false
