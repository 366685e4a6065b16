/**
 * Expectation–maximization (Dempster, Laird & Rubin 1977) for mixture scores, on clean or noised data.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { ExpectationMaximization as EM, Key, Mixture, Params, Score } from 'ornstein'
 *
 * const score = Score.spherical({ components: 2 })
 * const { family } = Score.interpret(score)
 * assert(family !== undefined)
 * const truth = Mixture.of({ means: [[-2], [2]] })
 * const points = Mixture.sample(500)(Key.fromSeed(1))(truth)
 * const start = Params.of({ means: [[-1], [0.5]] })
 *
 * // A step never lowers the likelihood, and says how likely the parameters were that it began with.
 * const step = EM.step(family, 1e-6, points)
 * const loss = EM.loss(family, points)
 * const { value, params } = step(start)
 * assert(Math.abs(value - loss(start)) < 1e-12 && loss(params) < loss(start))
 *
 * // At a noise level, with the noise of a key.
 * const level = { alpha: 0.8, sigma: 0.6 }
 * const noisy = EM.noisyStep(family, 1e-6, points, level)(start, Key.fromSeed(2))
 * assert(noisy.params.means.values[1] > start.means.values[1])
 */
export {
  type ParamsEvaluation,
  loss,
  type Noise,
  noisyStep,
  type Pass,
  step,
  type EvaluatePass,
  type EMStepResult,
  type PosteriorStep
} from '../mixture/em/expectationMaximization.js'
