/** What the SIMD path and the plain path both offer. */

/** y[i] = f(x[i]). `out`, a new array unless given, has at least x's length, may be x itself, and is returned. */
export type Elementwise = (x: Float64Array, out?: Float64Array) => Float64Array

export interface Kernels {
  readonly exp: Elementwise
  readonly expm1: Elementwise
  readonly log: Elementwise
  readonly log1p: Elementwise
  readonly tanh: Elementwise
  readonly sigmoid: Elementwise
  readonly softplus: Elementwise
  readonly erf: Elementwise
  /** Of x[from], …, x[to − 1]; of all of x unless given. */
  readonly sum: (x: Float64Array, from?: number, to?: number) => number
  readonly dot: (x: Float64Array, y: Float64Array) => number
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
