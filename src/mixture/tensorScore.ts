import * as Factor from '../../lib/arrays/factor.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import { fill, fromNdArray, type Operand, type Tensor } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import { factorsOf, gaussianProblems, isRound, withoutEmpty } from './component.js'
import * as Components from './components.js'
import { evaluatedTriangles } from './families/full.js'
import { logShares, vectorArray } from './families/gaussian.js'
import type { Mixture } from './mixtureData.js'

/**
 * Means, log weights, and variances [K] if all are isotropic, otherwise triangles [K, dim, dim], of the components with positive weight.
 */
export const mixtureConstants = (mixture: Mixture): Params.Params<string> => {
  const present = withoutEmpty(mixture)
  const { means, weights, variances } = present
  const [count, dim] = means.shape
  const shared = { means, logits: logShares(weights) }
  return isRound(present)
    ? { ...shared, variances: vectorArray(variances) }
    : {
        ...shared,
        factors: {
          shape: [count, dim, dim],
          values: concatenated(factorsOf(present).map(factor => Factor.triangleOfFactor(factor, dim).values))
        }
      }
}

/** Points are [rows, dim]; levels [rows, 1] or [1, 1]. */
type ScoreOfConstants = (
  constants: Params.Tensors<string>,
  x: Tensor,
  level: { readonly alpha: Tensor; readonly sigma: Tensor }
) => Tensor

const roundScore: ScoreOfConstants = ({ means, logits, variances }, x, level) =>
  Components.isotropicScore({ centres: means, logits, variances }, x, level)

const fullScore: ScoreOfConstants = ({ means, logits, factors }, x, level) =>
  evaluatedTriangles.score({ means, logits, factors }, x, level)

/** Returns one function for all isotropic mixtures, and one for all others. */
export const scoreOfConstants = (mixture: Mixture): ScoreOfConstants =>
  isRound(withoutEmpty(mixture)) ? roundScore : fullScore

/** Numbers, or [rows, 1] as an objective's `row.level`. */
export interface TensorLevel {
  readonly alpha: Operand
  readonly sigma: Operand
  /** Level of all rows, [1, 1], so that its terms are computed once. */
  readonly common?: { readonly alpha: Tensor; readonly sigma: Tensor }
}

const asTensor = (x: Operand): Tensor => (typeof x === 'number' ? fill([1, 1], x) : x)

/**
 * Returns the score ∇log p_t(x) in the tensor vocabulary at points [rows, dim], as a teacher. Derivatives by x are exact to any order; the
 * mixture counts as constant. Default level: no noise.
 *
 * @throws RangeError if the mixture has tails or a background: with noise they have no closed form
 * @example
 * import { strict as assert } from 'node:assert'
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * // `Objective.fisherDivergence`, written by hand.
 * const truth = Mixture.of({ means: [[-2], [2]] })
 * const teacher = Mixture.tensorScore(truth)
 * const law = NoiseLevels.at(0.3)
 * const own = Objective.custom('own', law, ({ score, noisy, level }) => sum(square(sub(score, teacher(noisy, level))), 1, true))
 * const [wanted, found] = [Objective.fisherDivergence(truth, law), own].map(objective =>
 *   Population.loss({ score: Score.spherical({ components: 2 }), objective, data: truth }).evaluate(Params.of({ means: [[-1], [1]] }))
 * )
 * assert.ok(Math.abs(found.value - wanted.value) < 1e-12)
 */
export const tensorScore = (mixture: Mixture): ((x: Tensor, level?: TensorLevel) => Tensor) => {
  const wrong = gaussianProblems(mixture)
  if (wrong.length > 0) return refuse(`Mixture.tensorScore(mixture): ${wrong.map(Problem.show).join('\n')}`)
  const constants = mixtureConstants(mixture)
  const score = scoreOfConstants(mixture)
  return (x, level = { alpha: 1, sigma: 0 }) => {
    const { alpha, sigma } = level.common ?? level
    return score(Params.map(fromNdArray)(constants), x, { alpha: asTensor(alpha), sigma: asTensor(sigma) })
  }
}
