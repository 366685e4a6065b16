/** What the SIMD path and the plain path both offer. */

/** y[i] = f(x[i]). `out`, a new array unless given, has at least x's length, may be x itself, and is returned. */
export type Elementwise = (x: Float64Array, out?: Float64Array) => Float64Array

/**
 * out[at + i·columns + j] = f(a[pa + i·ra + j·ca], b[pb + i·rb + j·cb]) for i < rows, j < columns. Strides of 0 stretch a
 * scalar, a row or a column, so one loop serves every broadcast.
 */
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

/** 1/(1 + e^{−x}) is sigmoid, ln(1 + e^x) softplus; those of the second line are rounded as in a plain loop. */
export const MAPS = [
  ...(['exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf'] as const),
  ...(['neg', 'abs', 'square', 'sqrt', 'reciprocal', 'rsqrt'] as const)
] as const
/** a ∘ b, rounded as in a plain loop, in the order of assembly/zip.ts. */
export const ZIPS = ['add', 'sub', 'multiply', 'divide', 'maximum', 'minimum'] as const
export type MapName = (typeof MAPS)[number]
export type ZipName = (typeof ZIPS)[number]

export interface Kernels extends Readonly<Record<MapName, Elementwise>>, Readonly<Record<ZipName, Zip>> {
  /** out[at + i·columns + j] = x[from + i] for i < rows, j < columns. */
  readonly stretch: (
    x: Float64Array,
    from: number,
    out: Float64Array,
    at: number,
    rows: number,
    columns: number
  ) => void
  /** Σ xᵢ for from ≤ i < to, of all of x unless given; compensated. */
  readonly sum: (x: Float64Array, from?: number, to?: number) => number
  /** out[i] = Σ_j x[i, j] for each of so many rows of n. */
  readonly rowSums: (x: Float64Array, rows: number, n: number, out: Float64Array) => void
  /** out[b, j] = Σ_i x[b, i, j], x of so many blocks of n rows of `width`, pairwise. */
  readonly columnSums: (x: Float64Array, blocks: number, n: number, width: number, out: Float64Array) => void
  /** out[i, j] = e^x[i, j]/Σ_k e^x[i, k], so many rows of n. */
  readonly softmaxRows: (x: Float64Array, rows: number, n: number, out: Float64Array) => void
  /**
   * The m × n product of an m × k and a k × n matrix, row-major. With `transposeA`, `a` holds the k × m transpose, with
   * `transposeB`, `b` the n × k. `out` is a new array unless given, is not `a` or `b`, and is returned.
   */
  readonly matMul: (
    a: Float64Array,
    b: Float64Array,
    m: number,
    k: number,
    n: number,
    transposeA?: boolean,
    transposeB?: boolean,
    out?: Float64Array
  ) => Float64Array
}
