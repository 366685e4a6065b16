/** Regions: closed sets to which parameters can be restricted, of rows or of matrices, each with its nearest-point map. */
export {
  type ArrayKind,
  ball,
  box,
  concept,
  define,
  nonNegative,
  orthonormal,
  positiveDefinite,
  problems,
  project,
  type Region,
  show,
  simplex
} from '../optimizer/region.js'
