/** Laws of covariance structures: degrees of freedom, and the M-step. */
import * as fc from 'fast-check'
import { Covariance, Score } from '../index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import * as Covariances from '../mixture/families/covariance.js'
import * as Arbitrary from './arbitraries.js'
import { degreesOfFreedomLaw } from './freedom.js'
import type { Laws } from './law.js'
import { equals, forAll, ofRows, type LawBuilder } from './lawRows.js'
import { emStepLaws } from './maximization.js'

const COMPONENTS = 2

const countsOneCovariancePerComponent = <Q extends string>(
  covariance: Covariance.Covariance<Q>,
  score: Score.Score<'means' | 'logits' | Q>
): LawBuilder =>
  forAll(
    Arbitrary.dimsFor(score).chain(dim =>
      fc.record({ dim: fc.constant(dim), params: Arbitrary.params(score)(dim), seed: Arbitrary.seeds })
    )
  )({
    name: 'has a covariance for each component, or one for all if it says so',
    statement: `∀ θ: of ${COMPONENTS} components there are as many covariances, of one variance, or of one for each column; and as many triangles, if it is made of triangles. Exactly.`,
    source: 'definition of `isShared`',
    maxCases: 5,
    says: ({ dim, params }) => {
      const { variances, factors } = Covariances.interpret(covariance).factors(params, COMPONENTS, dim)
      // One variance for all columns.
      const isRound = factors === null && variances.length === COMPONENTS
      return [
        equals({ 'number of variances': variances.length }, COMPONENTS * (isRound ? 1 : dim)),
        factors !== null &&
          equals({ 'number of entries of triangles': factors.values.length }, shapeSize(factors.shape))
      ]
    }
  })

/**
 * Returns the laws of a covariance structure in a mixture of two components: degrees of freedom, and that `fit` maximizes the likelihood.
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
  const score = Score.mixture({ components: COMPONENTS, covariance })
  return ofRows(Covariance.show(covariance), [
    countsOneCovariancePerComponent(covariance, score),
    degreesOfFreedomLaw(score),
    emStepLaws(score)
  ])
}
