/** Laws of covariances: those of a step of expectation–maximization of a mixture that has them. */
import { Covariance, Score } from '../index.js'
import { freedom } from './freedom.js'
import type { Laws } from './law.js'
import { ofRows } from './lawRows.js'
import { maximization } from './maximization.js'

/**
 * The laws of covariances, of a mixture of two components that has them: their degrees of freedom, and that `fit` takes what is likeliest of
 * the moments that it asks for, with noise and without.
 *
 * @example
 * import fc from 'fast-check'
 * import { Covariance } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.covariance(Covariance.named('VEV')).forEach(({ property }) => {
 *   fc.assert(property, { numRuns: 10 })
 * })
 */
export const covariance = <Q extends string>(covariance: Covariance.Covariance<Q>): Laws => {
  const score = Score.mixture({ components: 2, covariance })
  return ofRows(Covariance.show(covariance), [freedom(score), maximization(score)])
}
