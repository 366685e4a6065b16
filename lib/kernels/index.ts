import { computedDense, type Dense, type KernelInputs, type Kernel } from './dense.js'
import { eigen } from './eigh.js'
import { elementwiseOperations } from './elementwise.js'
import { factor } from './triangular.js'
import { indexing } from './indexing.js'
import { matmul } from './matmul.js'
import { type Operations } from './operation.js'
import { reduceOperations } from './reduce.js'
import { shapeOperations } from './shape.js'

/** Every operation, by the name tfjs knows it by. */
export const operations: Operations = {
  ...eigen,
  ...elementwiseOperations,
  ...factor,
  ...indexing,
  ...matmul,
  ...reduceOperations,
  ...shapeOperations
}

export const kernelsByName: Readonly<Record<string, Kernel>> = Object.fromEntries(
  Object.entries(operations).map(([name, { kernel }]) => [name, kernel])
)

/** An output of a kernel, computed. */
export const computeKernel = (kernel: string, inputs: KernelInputs, attrs: object, output = 0): Dense =>
  computedDense([kernelsByName[kernel](inputs, attrs)].flat()[output])
