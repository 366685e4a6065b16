import { type KernelTable } from './dense.js'
import { elementwise } from './elementwise.js'
import { factor } from './triangular.js'
import { indexing } from './indexing.js'
import { matmul } from './matmul.js'
import { reduce } from './reduce.js'
import { shape } from './shape.js'

/** Every kernel, by the name tfjs knows it by. */
export const kernels: KernelTable = { ...elementwise, ...factor, ...indexing, ...matmul, ...reduce, ...shape }
