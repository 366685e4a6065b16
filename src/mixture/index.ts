/** The `Mixture` namespace: operations on one mixture, and the algebra of several. */
export * from './mixture.js'
export {
  affine,
  convolve,
  given,
  mix,
  logEvidence,
  logIntegral,
  marginal,
  moments,
  product,
  type Affine,
  type Observation
} from './calculus.js'
export { cdf, quantile } from './oneColumn.js'
export { distance, entropyBounds, overlap, redundancies, type Bounds, type Redundancy } from './overlap.js'
export { tensorScore, type TensorLevel } from './tensorScore.js'
export { impute, predict, type Prediction } from './predict.js'
