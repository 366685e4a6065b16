import type { NdArray } from '../arrays/ndarray.js'

/** What an operation made that is not finite, of numbers that are: where such a number comes from. */
export interface Origin {
  readonly operation: string
  readonly inputs: Readonly<Record<string, NdArray>>
  readonly output: NdArray
}
