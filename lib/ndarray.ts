/**
 * A dense, row-major array of doubles: what crosses the public boundary in place of a tensor.
 *
 * `values.length` is the product of `shape`; `shape: []` is a scalar.
 */
export interface NdArray {
  readonly shape: ReadonlyArray<number>
  readonly values: Float64Array
}

/** The number of entries of a shape: the product of its sizes, 1 for a scalar. */
export const size = (shape: ReadonlyArray<number>): number => shape.reduce((product, length) => product * length, 1)
