import { computedDense, type Dense, type KernelInputs, type Kernel } from './dense.js'
import { eigen } from './eigh.js'
import { elementwiseOperations } from './elementwise.js'
import { factor } from './triangular.js'
import { indexing } from './indexing.js'
import { matmul } from './matmul.js'
import { type Operations } from './operation.js'
import { reduceOperations } from './reduce.js'
import { shapeOperations } from './shape.js'

/** All operations, by their names in tfjs. */
export const operations: Operations = {
  ...eigen,
  ...elementwiseOperations,
  ...factor,
  ...indexing,
  ...matmul,
  ...reduceOperations,
  ...shapeOperations
}

/** Kernels, by their names in tfjs. */
export const kernelsByName: Readonly<Record<string, Kernel>> = Object.fromEntries(
  Object.entries(operations).map(([name, { kernel }]) => [name, kernel])
)

/** Computes one output of a kernel. Default: the first. */
export const computeKernel = (kernel: string, inputs: KernelInputs, attrs: object, output = 0): Dense =>
  computedDense([kernelsByName[kernel](inputs, attrs)].flat()[output])
