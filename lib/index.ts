/**
 * The numerical ground: tensors and derivatives in double precision, random keys, quadrature. It knows nothing of diffusion
 * or mixtures, and runs unchanged in a browser and in Node.
 */
export * from './tensors/autodiff.js'
export * as Elementary from './numbers/elementary.js'
export * as Compiler from './compiler/index.js'
export { rowwise } from './compiler/rowwise.js'
export * as Key from './random/key.js'
export { type NdArray } from './arrays/ndarray.js'
export * as Npz from './formats/npz.js'
export * as Quadrature from './numbers/quadrature.js'
export { opened, sealed } from './tensors/seal.js'
export * from './tensors/tensor.js'
export { threads, useThreads } from './simd/crew.js'
