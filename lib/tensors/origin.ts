import type { NdArray } from '../arrays/ndarray.js'

/** An operation whose result is not finite although its inputs are, with these inputs. */
export interface Origin {
  readonly operation: string
  readonly inputs: Readonly<Record<string, NdArray>>
  readonly output: NdArray
}
