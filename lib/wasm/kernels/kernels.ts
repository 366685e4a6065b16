/** The kernels that the SIMD path and the plain path share. */

/** y[i] = f(x[i]). Returns `out`, at least as long as x, which it may be. Default: a new array. */
export type Elementwise = (x: Float64Array, out?: Float64Array) => Float64Array

/** out[at + i·columns + j] = f(a[pa + i·ra + j·ca], b[pb + i·rb + j·cb]) for i < rows, j < columns. Strides of 0 broadcast. */
export type Zip = (a: Float64Array, b: Float64Array, out: Float64Array, grid: ZipGrid) => void
export interface ZipGrid {
  readonly rows: number
  readonly columns: number
  readonly ra: number
  readonly ca: number
  readonly rb: number
  readonly cb: number
  pa: number
  pb: number
  at: number
}

/** Elementary functions: sigmoid = 1/(1 + e^{−x}), softplus = ln(1 + e^x). From neg on, results are rounded as in a plain loop. */
export const MAPS = [
  ...(['exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf'] as const),
  ...(['neg', 'abs', 'square', 'sqrt', 'reciprocal', 'rsqrt'] as const)
] as const
/** Binary operations, rounded as in a plain loop, in the order of assembly/zip.ts. */
export const ZIPS = ['add', 'sub', 'multiply', 'divide', 'maximum', 'minimum'] as const
export type MapName = (typeof MAPS)[number]
export type ZipName = (typeof ZIPS)[number]

/** Sizes of the product of an m × k and a k × n matrix; a transposed operand is stored as k × m or n × k. */
export interface ProductShape {
  readonly m: number
  readonly k: number
  readonly n: number
  /** Default: false. */
  readonly transposeA?: boolean
  /** Default: false. */
  readonly transposeB?: boolean
}

/** Shape [blocks, rows, width]. */
export interface BlockShape {
  readonly blocks: number
  readonly rows: number
  readonly width: number
}

export interface Kernels extends Readonly<Record<MapName, Elementwise>>, Readonly<Record<ZipName, Zip>> {
  /** out[at + i·columns + j] = x[from + i] for i < rows, j < columns. */
  readonly stretch: (
    x: Float64Array,
    from: number,
    out: Float64Array,
    target: { readonly at: number; readonly rows: number; readonly columns: number }
  ) => void
  /** Compensated sum of xᵢ for from ≤ i < to. Default: all of x. */
  readonly sum: (x: Float64Array, from?: number, to?: number) => number
  /** out[i] = Σ_j x[i, j], x [rows, n]. */
  readonly rowSums: (x: Float64Array, rows: number, n: number, out: Float64Array) => void
  /** out[b, j] = Σ_i x[b, i, j], by pairwise summation. */
  readonly columnSums: (x: Float64Array, shape: BlockShape, out: Float64Array) => void
  /** out[i, j] = e^x[i, j]/Σ_k e^x[i, k], x [rows, n]. */
  readonly softmaxRows: (x: Float64Array, rows: number, n: number, out: Float64Array) => void
  /** Product of row-major matrices. Returns `out`, which is neither `a` nor `b`. Default: a new array. */
  readonly matMul: (a: Float64Array, b: Float64Array, shape: ProductShape, out?: Float64Array) => Float64Array
}
