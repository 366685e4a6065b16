/** Mixtures of Gaussians by covariance structure and weights. */
import { Case, Field } from '../../core/index.js'
import type { Score } from '../family.js'
import { family } from './define.js'
import * as Covariance from './covariance.js'
import * as Derive from './derive.js'

type WeightSharing = 'free' | 'equal'

/** `covariance`: a value, or its name in mclust or McNicholas & Murphy. */
export interface Options<C, W> {
  readonly components: number
  readonly covariance: C
  /** Default: 'free'. */
  readonly weights?: W
}

/** Parameter names; equal weights have no logits. */
export type MixtureParametersOf<C, W> = 'means' | (W extends 'equal' ? never : 'logits') | Covariance.ParametersOf<C>

export type CovarianceArgument = Covariance.Covariance<string> | Covariance.Name | Covariance.FactorName

const mixtureFields = {
  /** Number of components. */
  components: Field.count({ suggestion: 2 }),
  /** Covariance structure. */
  covariance: Covariance.field,
  /** Weights: free, or equal. */
  weights: Field.quiet(Field.oneOf(['free', 'equal']))
}

const mixtureOfCovariance = family({
  name: 'mixture',
  about: 'Gaussians by their covariances and weights',
  fields: mixtureFields,
  formula: ({ components, covariance, weights }) =>
    `s(x) = −Σ w_i S_i⁻¹(x − m_i) over ${components} components, S_i = α²Σ_i + σ²I, Σ_i = ${Covariance.concept.meaning(covariance).formula}, ` +
    `w = softmax(${weights === 'free' ? 'logits_i ' : ''}− ½ log|S_i| − ½(x − m_i)ᵀS_i⁻¹(x − m_i)), m_i = α means_i`,
  made: ({ components, covariance, weights }) => ({
    ...Derive.deriveFamily({ components, weights, covariance: Covariance.interpret(covariance) }),
    called: weights === 'free' ? (Covariance.covarianceName(covariance) ?? covariance._tag) : null
  })
})

export interface MixtureCaseFields {
  readonly _tag: 'mixture'
  readonly components: number
  readonly covariance: Covariance.Covariance<string>
  readonly weights: WeightSharing
}

/**
 * A mixture Σ_k π_k N(c_k, Σ_k) with any covariance structure: a `Covariance`, or its name in mclust.
 *
 * s(x) = −Σ w_k S_k⁻¹(x − αc_k), S_k = α²Σ_k + σ²I, w = softmax(log π_k − ½ log|S_k| − ½(x − αc_k)ᵀS_k⁻¹(x − αc_k)). With weights 'equal',
 * π_k = 1/K is fixed.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Covariance, Score } from 'ornstein'
 *
 * const score = Score.mixture({ components: 2, covariance: 'VEE' })
 * assert.equal(Score.show(score), "Score.mixture({ components: 2, covariance: 'VEE' })")
 * assert.deepEqual(
 *   score,
 *   Score.mixture({
 *     components: 2,
 *     covariance: Covariance.of({ volume: 'own', shape: 'common', orientation: 'common' })
 *   })
 * )
 */
export const mixture = Case.caseCalledBy(
  mixtureOfCovariance,
  <const C extends CovarianceArgument, const W extends WeightSharing = 'free'>(options: Options<C, W>) =>
    // Its parameters are those of its covariances and weights.
    mixtureOfCovariance(options) as unknown as Score<MixtureParametersOf<C, W>> & MixtureCaseFields
)
