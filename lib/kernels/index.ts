import { computed, type Dense, type Inputs, type Kernel } from './dense.js'
import { eigen } from './eigh.js'
import { elementwise } from './elementwise.js'
import { factor } from './triangular.js'
import { indexing } from './indexing.js'
import { matmul } from './matmul.js'
import { type Operations } from './operation.js'
import { reduce } from './reduce.js'
import { shape } from './shape.js'

/** Every operation, by the name tfjs knows it by. */
export const operations: Operations = {
  ...eigen,
  ...elementwise,
  ...factor,
  ...indexing,
  ...matmul,
  ...reduce,
  ...shape
}

export const kernels: Readonly<Record<string, Kernel>> = Object.fromEntries(
  Object.entries(operations).map(([name, { kernel }]) => [name, kernel])
)

/** An output of a kernel, computed. */
export const compute = (kernel: string, inputs: Inputs, attrs: object, output = 0): Dense =>
  computed([kernels[kernel](inputs, attrs)].flat()[output])
