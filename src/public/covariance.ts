/**
 * Covariances of a mixture as values: what is common to its components, what is each one's own, and what there is none of. With
 * `Score.mixture` each is a family, which is learned by whatever the others are.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Covariance, Score } from 'ornstein'
 *
 * // The fourteen of mclust by name, and by what their volume, shape and orientation have in common.
 * assert.equal(Covariance.names.length, 14)
 * const round = Covariance.of({ volume: 'own', shape: 'none' })
 * assert.deepEqual(Covariance.named('VII'), round)
 * // A family takes both.
 * assert.equal(
 *   Score.show(Score.mixture({ components: 2, covariance: 'VII' })),
 *   "Score.mixture({ components: 2, covariance: 'VII' })"
 * )
 */
export {
  codec,
  concept,
  type Covariance,
  define,
  type FactorName,
  factors,
  formula,
  type Meaning,
  type Name,
  named,
  names,
  of,
  type ParametersOf,
  type Parts,
  problems,
  type Scatters,
  show,
  type Spec
} from '../mixture/families/covariance.js'
