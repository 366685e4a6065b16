/**
 * A dense, row-major array of doubles: what crosses the public boundary in place of a tensor.
 *
 * `values.length` is the product of `shape`; `shape: []` is a scalar.
 */
export interface NdArray {
  readonly shape: ReadonlyArray<number>
  readonly values: Float64Array
}

/** A number as an array, []. */
export const scalarArray = (x: number): NdArray => ({ shape: [], values: Float64Array.of(x) })

/** The number of entries of a shape: the product of its sizes, 1 for a scalar. */
export const shapeSize = (shape: ReadonlyArray<number>): number =>
  shape.reduce((product, length) => product * length, 1)

/** Arrays, one after another. */
export const concatenated = (parts: ReadonlyArray<Float64Array>): Float64Array => {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/**
 * An array inside a computation, which can be differentiated: what the functions of the tensor vocabulary take and give. It
 * lives until the `compute` or `valueAndGrad` around it ends.
 *
 * It is a tensor of tfjs. That this type says no more of it keeps the types of tfjs, and what these need, out of programs
 * that do without them.
 */
export interface Tensor {
  readonly shape: number[]
  /** The number of axes. */
  readonly rank: number
  /** The number of entries. */
  readonly size: number
  /** By the names of tfjs: doubles are 'float32'. */
  readonly dtype: 'float32' | 'int32' | 'bool' | 'complex64' | 'string'
  /** Where the entries are: the engine knows. */
  readonly dataId: object
}

/** Whether all are finite, by a sum without a branch: x − x is 0 for what is finite and NaN for what is not. */
export const allFinite = (values: Float64Array): boolean => {
  let rest = 0
  for (let i = 0; i < values.length; i++) rest += values[i] - values[i]
  return rest === 0
}

/** `[2, 3]` */
export const shapeText = (shape: ReadonlyArray<number>): string => `[${shape.join(', ')}]`

/** Numbers as rows of so many. */
export const nestedRows = (values: Float64Array, width: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: values.length / width }, (_, k) => Array.from(values.subarray(k * width, (k + 1) * width)))
