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
 * | uniforms, normals | none | the bits of lib/key.ts |
 *
 * Both paths agree to 10⁻¹³ of those magnitudes. The module is compiled on first use. Functions are not re-entrant, and
 * each worker has a module and memory of its own.
 */
import type { Elementwise, Kernels, Zip } from './kernels.js'
import { plain } from './plain.js'
import { compile, simd, type SimdKernels } from './wasm.js'

export type { Elementwise, Grid, Kernels, Zip } from './kernels.js'

/** Undefined before first use; null where the engine has no SIMD or may not compile here. */
let found: SimdKernels | null | undefined

const accelerator = (): SimdKernels | null => {
  if (found !== undefined) return found
  try {
    found = simd(compile())
  } catch {
    // No WebAssembly, no SIMD, a content policy against it, or an old browser's limit on compiling at once.
    found = null
  }
  return found
}

const kernels = (): Kernels => accelerator() ?? plain

/** Whether the kernels run in SIMD here. */
export const accelerated = (): boolean => accelerator() !== null

export const exp: Elementwise = (x, out) => kernels().exp(x, out)
export const expm1: Elementwise = (x, out) => kernels().expm1(x, out)
export const log: Elementwise = (x, out) => kernels().log(x, out)
export const log1p: Elementwise = (x, out) => kernels().log1p(x, out)
export const tanh: Elementwise = (x, out) => kernels().tanh(x, out)
/** 1/(1 + e^{−x}) */
export const sigmoid: Elementwise = (x, out) => kernels().sigmoid(x, out)
/** ln(1 + e^x) */
export const softplus: Elementwise = (x, out) => kernels().softplus(x, out)
export const erf: Elementwise = (x, out) => kernels().erf(x, out)

/** −x, |x|, x², √x, 1/x and 1/√x, rounded as in a plain loop */
export const neg: Elementwise = (x, out) => kernels().neg(x, out)
export const abs: Elementwise = (x, out) => kernels().abs(x, out)
export const square: Elementwise = (x, out) => kernels().square(x, out)
export const sqrt: Elementwise = (x, out) => kernels().sqrt(x, out)
export const reciprocal: Elementwise = (x, out) => kernels().reciprocal(x, out)
export const rsqrt: Elementwise = (x, out) => kernels().rsqrt(x, out)

/** a ∘ b over a grid, rounded as in a plain loop */
export const add: Zip = (a, b, out, grid) => {
  kernels().add(a, b, out, grid)
}
export const sub: Zip = (a, b, out, grid) => {
  kernels().sub(a, b, out, grid)
}
export const multiply: Zip = (a, b, out, grid) => {
  kernels().multiply(a, b, out, grid)
}
export const divide: Zip = (a, b, out, grid) => {
  kernels().divide(a, b, out, grid)
}
export const maximum: Zip = (a, b, out, grid) => {
  kernels().maximum(a, b, out, grid)
}
export const minimum: Zip = (a, b, out, grid) => {
  kernels().minimum(a, b, out, grid)
}
export const squaredDifference: Zip = (a, b, out, grid) => {
  kernels().squaredDifference(a, b, out, grid)
}
export const stretch: Kernels['stretch'] = (x, from, out, at, rows, columns) => {
  kernels().stretch(x, from, out, at, rows, columns)
}
export const rowSums: Kernels['rowSums'] = (x, rows, n, out) => {
  kernels().rowSums(x, rows, n, out)
}
export const columnSums: Kernels['columnSums'] = (x, blocks, n, width, out) => {
  kernels().columnSums(x, blocks, n, width, out)
}
export const softmaxRows: Kernels['softmaxRows'] = (x, rows, n, out) => {
  kernels().softmaxRows(x, rows, n, out)
}

/** Shorter arrays are quicker to make anew, and to run over in a plain loop. */
const SMALL = 64

/** An array of so many doubles, anything in it, in the kernels' memory while there is room: the caller's until `settle`. */
export const room = (length: number): Float64Array =>
  (length < SMALL ? null : accelerator()?.room.take(length)) ?? new Float64Array(length)
/** An array's address, if it is from `room`, and then the caller's until it is given back; else 0. */
export const keep = (values: Float64Array): number => accelerator()?.room.keep(values) ?? 0
/** The array kept at an address. One got earlier may be empty, as the memory grows when it is settled. */
export const viewOf = (at: number, length: number): Float64Array =>
  accelerator()?.room.view(at, length) ?? new Float64Array(length)
/** Gives back what was kept. */
export const giveBack = (at: number, length: number): void => {
  accelerator()?.room.give(at, length)
}
/** How many arrays of the kernels' memory are in use. */
export const held = (): number => accelerator()?.room.held() ?? 0
/** Takes back what came from `room` and was not kept, and makes room for more. */
export const settle = (): void => {
  accelerator()?.room.settle()
}

/** Σ xᵢ for from ≤ i < to, all of x unless given; compensated. */
export const sum: Kernels['sum'] = (x, from, to) => kernels().sum(x, from, to)

/**
 * The m × n product of an m × k and a k × n matrix, row-major. With `transposeA`, `a` holds the k × m transpose, with
 * `transposeB`, `b` the n × k. `out` is a new array unless given, is not `a` or `b`, and is returned.
 */
export const matMul: Kernels['matMul'] = (a, b, m, k, n, transposeA, transposeB, out) =>
  kernels().matMul(a, b, m, k, n, transposeA, transposeB, out)

/**
 * Writes the uniform draws first … first + count − 1 of the key (k0, k1) to the beginning of `out`. Returns false, and
 * writes nothing, where there is no SIMD: the loop of lib/key.ts is the plain path.
 */
export const uniforms = (k0: number, k1: number, first: number, count: number, out: Float64Array): boolean => {
  const simd = accelerator()
  simd?.uniforms(k0, k1, first, count, out)
  return simd !== null
}

/** The same for normal draws; draw i is half of pair ⌊i/2⌋, as in lib/key.ts. */
export const normals = (k0: number, k1: number, first: number, count: number, out: Float64Array): boolean => {
  const simd = accelerator()
  simd?.normals(k0, k1, first, count, out)
  return simd !== null
}
