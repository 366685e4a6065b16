/**
 * The kernels, over the module's imported memory. They store nothing in it but constant tables and take every operand as an address, so
 * several instances may share one memory.
 */
export { expectation } from '../kernels/assembly/expectation'
// The order of exports and the names of functions that are not inlined decide the layout; with another, networks took 3 to 5 % longer.
export {
  mapAbs,
  mapErf,
  mapErfSingle,
  mapExp,
  mapExpm1,
  mapExpm1Single,
  mapLog,
  mapLog1p,
  mapLog1pSingle,
  mapLogSingle,
  mapNeg,
  mapReciprocal,
  mapRsqrt,
  mapSigmoid,
  mapSoftplus,
  mapSoftplusSingle,
  mapSqrt,
  mapSquare,
  mapTanh,
  mapTanhSingle
} from '../math/assembly/map'
export { multiply, pack } from '../kernels/assembly/product'
import { afterLayers } from '../random/assembly/draws'

export { chiSquared, normals, uniforms } from '../random/assembly/draws'
export { addSum, total } from '../kernels/assembly/reduce'
export { columnSums, rowSums, softmaxRows } from '../kernels/assembly/rows'
export { mapCos, mapCosSingle, mapSin, mapSinSingle } from '../math/assembly/trigonometric'
export { stretch, zip } from '../kernels/assembly/zip'

/** First address that is free for operands. */
export function start(): usize {
  return afterLayers()
}
