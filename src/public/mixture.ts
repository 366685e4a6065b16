/**
 * Gaussian mixtures: their densities, samples and moments, and an algebra. Marginals, posteriors, products and images of mixtures are
 * mixtures.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[3], [-1]], weights: [0.25, 0.75], variances: [1, 4] })
 * assert.equal(Mixture.components(mixture), 2)
 * // What comes from outside is checked.
 * assert(E.isLeft(Mixture.parse({ means: [[0]], weights: [-1] })))
 *
 * // Components in the order of their means, wherever learning started.
 * assert.deepEqual(Mixture.order(mixture), [1, 0])
 * const ordered = Mixture.relabelled(Mixture.order(mixture))(mixture)
 * assert.deepEqual([...ordered.means.values], [-1, 3])
 * // The mixture in other units, 10 + 2 z.
 * const other = Mixture.rescaled({ centre: Float64Array.of(10), scale: Float64Array.of(2) })(ordered)
 * assert.deepEqual([...other.means.values], [8, 16])
 *
 * // Δ log p, here of one normal: −1/σ². A distance between components (Bhattacharyya).
 * const at = { rows: 1, dim: 1, values: Float64Array.of(1) }
 * assert.deepEqual([...Mixture.divergence(at)(Mixture.of({ means: [[0]], variances: [4] }))], [-0.25])
 * assert.equal(Mixture.distance(mixture, 0)(mixture, 0), 0)
 * assert(Math.abs(Mixture.distance(Mixture.of({ means: [[0]] }), 0)(Mixture.of({ means: [[2]] }), 0) - 0.5) < 1e-15)
 *
 * // A mixture as JSON, with what it has beside Gaussians: a background.
 * const background = { share: 0.1, shape: 'box', centre: [0], scale: [5] } as const
 * const open = Mixture.of({ means: [[0]], background })
 * const json: unknown = JSON.parse(JSON.stringify(Mixture.codec.encode(open)))
 * assert.deepEqual(Mixture.codec.decode(json), E.right(open))
 */
export {
  affine,
  type Affine,
  assign,
  type Bounds,
  cdf,
  centres,
  codec,
  components,
  convolve,
  covariances,
  type Description,
  diffuse,
  distance,
  divergence,
  entropyBounds,
  gaussians,
  given,
  impute,
  logDensity,
  logEvidence,
  logIntegral,
  marginal,
  meanLogDensity,
  type Membership,
  memberships,
  mix,
  type Mixture,
  moments,
  type Observation,
  of,
  order,
  overlap,
  parse,
  predict,
  type Prediction,
  product,
  quantile,
  redundancies,
  type Redundancy,
  relabelled,
  rescaled,
  responsibilities,
  sample,
  score,
  show,
  symmetricPair,
  type TensorLevel,
  tensorScore,
  withoutBackground
} from '../mixture/index.js'
export { of as merging, type Clusters, type Merging } from '../mixture/merging.js'
export { of as statistics, type Statistics } from '../mixture/statistics.js'
