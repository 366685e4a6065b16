/** Expectation–maximization as an optimizer part: the natural gradient of a mixture's objective. */
import { refuse } from '../../lib/plain/refuse.js'
import { Field } from '../core/index.js'
import * as Problem from '../core/problem.js'
import * as Score from '../score/score.js'
import { CLEAN } from '../schedule/dynamics.js'
import type { MStep } from '../mixture/family.js'
import { matched } from '../mixture/em/fromGradient.js'
import type { Mixture } from '../mixture/mixture.js'
import { define, differenceOfArrays, noMemory, ascentGain, type AnyParams } from './part.js'

interface NaturalStep {
  readonly mStep: MStep<string>
  readonly fromGradient: NonNullable<MStep<string>['fromGradient']>
  readonly toMixture: (params: AnyParams) => Mixture
}

const naturalStep = (score: Score.Score<string>): NaturalStep | null => {
  const { mStep, toMixture } = Score.interpret(score).family ?? {}
  const fromGradient = mStep?.fromGradient
  return mStep && toMixture && fromGradient ? { mStep, toMixture, fromGradient } : null
}

/**
 * Natural gradient of a mixture: θ − M(θ), with M the M-step on the moments that follow from the gradient of −E log p by Fisher's identity;
 * for the means it is −Σ_k ∂c_k/W_k. `scaleByRate(1)` is then expectation–maximization up to rounding; a smaller rate moves a fraction of
 * the way in the family's parameters.
 * For score matching at one noise level it is −½ S_k² ∂m_k/π_k, and correspondingly for covariances: the M-step at that level on the
 * moments of expectation–maximization plus the correction of Shah, Chen & Klivans (2023), which vanishes if components are separated.
 * Weights, which hardly affect that gradient, are unchanged. Other objectives are a problem. Variances stay above the floor.
 * The output of earlier parts is taken as the gradient. `Optimizer.step`, called directly, requires its `subject`. Bound to the parameters
 * of its score, it is not in the standard vocabulary; its JSON is read with `Vocabulary.extend(Vocabulary.standard, [Optimizer.natural])`.
 *
 * @example
 * import { Objective, Optimizer, Score, Stage } from 'ornstein'
 *
 * export const damped = Stage.descend({
 *   objective: Objective.likelihood,
 *   optimizer: Optimizer.chain(
 *     Optimizer.natural({ score: Score.full({ components: 3 }) }),
 *     Optimizer.scaleByRate(0.5)
 *   ),
 *   steps: 100
 * })
 */
export const natural = define({
  name: 'natural',
  about:
    'the gradient of a mixture in its own geometry: at rate 1 expectation–maximization, with the paper’s correction at a noise level',
  fields: {
    /** Score of the parameters. */
    score: Field.of(Score.concept),
    /** Lower bound on the variance of each component. */
    varianceFloor: Field.positive({ default: 1e-6 })
  },
  ...noMemory,
  update:
    ({ score, varianceFloor }) =>
    (gradient: AnyParams, _, { params, subject }) => {
      const { mStep, fromGradient, toMixture } =
        naturalStep(score) ?? refuse(`score: a gradient does not say the M-step of ${Score.show(score)}; compile it`)
      const found = fromGradient(params, gradient)
      if (subject === undefined)
        return refuse(
          "subject: Optimizer.step is not told what the gradient is of; give it 'likelihood', or the noise level"
        )
      if (subject === 'another')
        return refuse(`subject: '${subject}' is not an objective whose natural gradient is known; compile it`)
      const ofData = subject === 'likelihood'
      const level = ofData ? CLEAN : subject
      const moments = ofData ? found : matched(mStep.second, toMixture(params), found, subject)
      const at = { level, floor: varianceFloor, dim: params.means.shape[1] }
      return [differenceOfArrays(params, mStep.maximise(params, moments, at)), null]
    },
  gain: ascentGain,
  requirements:
    ({ score }) =>
    (shapes, printed, subject) => {
      if (naturalStep(score) === null)
        return [
          Problem.of(
            'optimizer',
            printed,
            'of a family with a natural gradient',
            'use Stage.expectationMaximization, or give its mStep fromGradient'
          )
        ]
      const dim = Object.hasOwn(shapes, 'means') ? shapes.means.at(1) : undefined
      const wanted = dim === undefined ? null : Score.shapes(dim)(score)
      return [
        ...Problem.unless(
          JSON.stringify(wanted) === JSON.stringify(shapes),
          'optimizer',
          printed,
          'of the score that is learned',
          'give it the same score'
        ),
        ...Problem.unless(
          subject !== undefined && subject !== 'another',
          'optimizer',
          printed,
          'for the likelihood, or for score matching at one noise level, alone and in the parametrization of the score',
          'use Objective.likelihood, Objective.denoising(NoiseLevels.at(t)) or Objective.implicit(NoiseLevels.at(t)), or Optimizer.adam'
        )
      ]
    }
})
