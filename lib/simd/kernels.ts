/** What the SIMD path and the plain path both offer. */

/** y[i] = f(x[i]). `out`, a new array unless given, has at least x's length, may be x itself, and is returned. */
export type Elementwise = (x: Float64Array, out?: Float64Array) => Float64Array

/**
 * out[at + i·columns + j] = f(a[pa + i·ra + j·ca], b[pb + i·rb + j·cb]) for i < rows, j < columns. Strides of 0 stretch a
 * scalar, a row or a column, so one loop serves every broadcast.
 */
export type Zip = (a: Float64Array, b: Float64Array, out: Float64Array, grid: Grid) => void
export interface Grid {
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

export interface Kernels {
  readonly exp: Elementwise
  readonly expm1: Elementwise
  readonly log: Elementwise
  readonly log1p: Elementwise
  readonly tanh: Elementwise
  readonly sigmoid: Elementwise
  readonly softplus: Elementwise
  readonly erf: Elementwise
  readonly neg: Elementwise
  readonly abs: Elementwise
  readonly square: Elementwise
  readonly sqrt: Elementwise
  readonly reciprocal: Elementwise
  readonly rsqrt: Elementwise
  readonly add: Zip
  readonly sub: Zip
  readonly multiply: Zip
  readonly divide: Zip
  readonly maximum: Zip
  readonly minimum: Zip
  readonly squaredDifference: Zip
  /** out[at + i·columns + j] = x[from + i] for i < rows, j < columns. */
  readonly stretch: (
    x: Float64Array,
    from: number,
    out: Float64Array,
    at: number,
    rows: number,
    columns: number
  ) => void
  /** Of x[from], …, x[to − 1]; of all of x unless given. */
  readonly sum: (x: Float64Array, from?: number, to?: number) => number
  /** out[i] = Σ_j x[i, j] for each of so many rows of n. */
  readonly rowSums: (x: Float64Array, rows: number, n: number, out: Float64Array) => void
  /** out[b, j] = Σ_i x[b, i, j], x of so many blocks of n rows of `width`, pairwise. */
  readonly columnSums: (x: Float64Array, blocks: number, n: number, width: number, out: Float64Array) => void
  /** out[i, j] = e^x[i, j]/Σ_k e^x[i, k], so many rows of n. */
  readonly softmaxRows: (x: Float64Array, rows: number, n: number, out: Float64Array) => void
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
