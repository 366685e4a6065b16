/**
 * Gaussian mixtures as a whole: what `mixture/mixture.ts` knows of one, and the algebra of several. Marginals, posteriors, products and images
 * of mixtures are mixtures again.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[3], [-1]], weights: [0.25, 0.75], variances: [1, 4] })
 * assert.equal(Mixture.components(mixture), 2)
 * assert(Math.abs(Mixture.logWeights(mixture.weights)[0] - Math.log(0.25)) < 1e-15)
 * // What comes from outside is checked.
 * assert(E.isLeft(Mixture.parse({ means: [[0]], weights: [-1] })))
 *
 * // Components in the order of their means, wherever learning started.
 * assert.deepEqual(Mixture.order(mixture), [1, 0])
 * const ordered = Mixture.relabelled(Mixture.order(mixture))(mixture)
 * assert.deepEqual([...ordered.means.values], [-1, 3])
 * // A table of it, and the mixture in other units, 10 + 2 z.
 * assert.deepEqual(Mixture.marginals(ordered), { weights: [0.75, 0.25], means: [[-1], [3]], variances: [[4], [1]] })
 * const other = Mixture.rescaled({ centre: Float64Array.of(10), scale: Float64Array.of(2) })(ordered)
 * assert.deepEqual(Mixture.marginals(other).variances, [[16], [4]])
 *
 * // Δ log p, here of one normal: −1/σ². Squared distances by the covariance, and one between components (Bhattacharyya).
 * const at = { rows: 1, dim: 1, values: Float64Array.of(1) }
 * assert.deepEqual([...Mixture.divergence(at)(Mixture.of({ means: [[0]], variances: [4] }))], [-0.25])
 * assert.deepEqual([...Mixture.squaredDistances(at)(ordered).values], [1, 4])
 * assert.equal(Mixture.distance(mixture, 0)(mixture, 0), 0)
 * assert(Math.abs(Mixture.distance(Mixture.of({ means: [[0]] }), 0)(Mixture.of({ means: [[2]] }), 0) - 0.5) < 1e-15)
 *
 * // What a mixture has beside Gaussians: a background, as lists and as JSON.
 * const background = { share: 0.1, shape: 'box', centre: [0], scale: [5] } as const
 * const open = Mixture.of({ means: [[0]], background })
 * assert.deepEqual(Mixture.besides(open).background, background)
 * assert(E.isRight(Mixture.backgroundCodec.decode(pipe(background, JSON.stringify, JSON.parse))))
 * const json: unknown = JSON.parse(JSON.stringify(Mixture.codec.encode(open)))
 * assert.deepEqual(Mixture.codec.decode(json), E.right(open))
 */
export * from './mixture.js'
export {
  affine,
  cdf,
  convolve,
  given,
  mix,
  logEvidence,
  logIntegral,
  marginal,
  moments,
  product,
  quantile,
  type Affine,
  type Observation
} from './calculus.js'
export { distance, entropyBounds, overlap, redundancies, type Bounds, type Redundancy } from './overlap.js'
export { impute, predict, type Prediction } from './predict.js'
