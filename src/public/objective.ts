/**
 * Objectives to be minimised, as means over the rows of the data and over the noise.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Objective, NoiseLevels } from 'ornstein'
 *
 * const denoising = Objective.denoising(NoiseLevels.at(0.3))
 * const objective = Objective.sum([denoising, pipe(Objective.regularizer({ norm: 'l2' }), Objective.weight(0.1))])
 *
 * // The same objective at another noise level.
 * const later = Objective.retimed(NoiseLevels.at(2))(objective)
 * assert.match(Objective.formula(later), /t = 2/)
 */
export {
  fisherDivergence,
  directionalDerivative,
  concept,
  custom,
  type Datum,
  define,
  denoising,
  type Estimate,
  type Form,
  formula,
  implicit,
  labelDropout,
  likelihood,
  type Matching,
  type Meaning,
  type Noiseless,
  type Objective,
  underModel,
  pairwise,
  type Part,
  type Parts,
  type Penalty,
  problems,
  recipes,
  regularizer,
  retimed,
  type Row,
  type RowLevel,
  seeing,
  type SeenNoise,
  show,
  sum,
  type Term,
  type Time,
  weight
} from '../objective/index.js'
