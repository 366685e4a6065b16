/**
 * A dense, row-major array of doubles, which public functions take and return instead of tensors.
 *
 * `values.length` is the product of `shape`; `shape: []` is a scalar.
 */
export interface NdArray {
  readonly shape: ReadonlyArray<number>
  readonly values: Float64Array
}

/** A scalar array, of shape []. */
export const scalarArray = (x: number): NdArray => ({ shape: [], values: Float64Array.of(x) })

/** Number of entries of a shape, 1 for a scalar. */
export const shapeSize = (shape: ReadonlyArray<number>): number =>
  shape.reduce((product, length) => product * length, 1)

/** Concatenates arrays. */
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
 * An array inside a computation, which can be differentiated. Freed when the surrounding `compute` or `valueAndGrad` ends.
 *
 * It is a tensor of tfjs; this minimal type keeps those of tfjs out of programs that do not use them.
 */
export interface Tensor {
  readonly shape: number[]
  readonly rank: number
  readonly size: number
  /** Type by its name in tfjs: doubles are 'float32'. */
  readonly dtype: 'float32' | 'int32' | 'bool' | 'complex64' | 'string'
  /** Key of the entries in the engine. */
  readonly dataId: object
}

/** True if all numbers are finite, without a branch: x − x is 0 for finite x and NaN otherwise. */
export const allFinite = (values: Float64Array): boolean => {
  let rest = 0
  for (let i = 0; i < values.length; i++) rest += values[i] - values[i]
  return rest === 0
}

/** Text of a shape, such as `[2, 3]`. */
export const shapeText = (shape: ReadonlyArray<number>): string => `[${shape.join(', ')}]`

/** Numbers as rows of `width` numbers. */
export const nestedRows = (values: Float64Array, width: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: values.length / width }, (_, k) => Array.from(values.subarray(k * width, (k + 1) * width)))
