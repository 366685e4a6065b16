/**
 * The numerical ground: tensors and derivatives in double precision, random keys, quadrature. It knows nothing of diffusion
 * or mixtures, and runs unchanged in a browser and in Node.
 */
export * from './autodiff.js'
export * as Elementary from './elementary.js'
export * as Compiler from './compiler/index.js'
export { rowwise } from './compiler/rowwise.js'
export * as Key from './key.js'
export { type NdArray } from './ndarray.js'
export * as Npz from './npz.js'
export * as Quadrature from './quadrature.js'
export { opened, sealed } from './seal.js'
export * from './tensor.js'
export { threads, useThreads } from './simd/crew.js'
