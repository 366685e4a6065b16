/**
 * Covariances of a mixture as values: shared by its components, free for each, or absent. With `Score.mixture` each is a family, learned by
 * the algorithms of all families.
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
