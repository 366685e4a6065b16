/** Fisher divergence from a known mixture. */
import { square, sub, sum, type Tensor } from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import { gaussianProblems } from '../mixture/component.js'
import { mixtureConstants, scoreOfConstants } from '../mixture/tensorScore.js'
import { Case, Field, Problem } from '../core/index.js'
import * as Mixture from '../mixture/mixture.js'
import { define, type Row } from './term.js'
import * as NoiseLevels from './noiseLevels.js'

type TeacherRow = Pick<Row, 'score' | 'noisy' | 'level' | 'constants'>

const squaredDifference = (score: Tensor, target: Tensor): Tensor => sum(square(sub(score, target)), 1, true)

/** |s(x_t) − s*(x_t)|², [rows, 1]; memoized, so mixtures of one kind share a compiled program. */
const fisherRow = remembered(
  (teacher: ReturnType<typeof scoreOfConstants>) =>
    ({ score, noisy, level, constants }: TeacherRow): Tensor =>
      squaredDifference(score, teacher(constants, noisy, level.common ?? level))
)

const mixtureField: Field.Field<Mixture.Mixture> = Field.codec(Mixture.codec, {
  domain: 'a mixture',
  remedy: 'give Mixture.of({ means: … })',
  show: Mixture.show,
  arbitrary: fc =>
    fc.constantFrom(
      Mixture.of({ means: [[-1], [2]], weights: [1, 3], variances: [0.5, 2] }),
      Mixture.of({ means: [[0]] })
    ),
  sample: Mixture.of({ means: [[-2], [2]] })
})

const againstCase = define({
  name: 'fisherDivergence',
  about: 'the squared distance from the score of a known mixture (the Fisher divergence)',
  fields: {
    /** Mixture whose score is matched. */
    truth: mixtureField,
    /** Noise levels of the mean. */
    noiseLevels: NoiseLevels.field
  },
  call: ['truth', 'noiseLevels'],
  example: { noiseLevels: NoiseLevels.at(0.3) },
  formula: ({ noiseLevels }) => `E |s(x_t) − s*(x_t)|², ${NoiseLevels.formula(noiseLevels)}`,
  meaning: ({ truth, noiseLevels }) => ({
    noiseLevels,
    truth,
    bounded: true,
    constants: mixtureConstants(truth),
    unfit: (_, __, dim) => [
      ...Problem.unless(
        Mixture.dimension(truth) === dim,
        'objective.truth',
        `a mixture in ${Mixture.dimension(truth)} dimensions`,
        `one in ${dim}, as the data are`,
        'give the truth as many columns as the data'
      ),
      ...gaussianProblems(truth).map(problem => ({ ...problem, field: 'objective.truth' }))
    ],
    perRow: fisherRow(scoreOfConstants(truth))
  })
})

/**
 * Fisher divergence from a known mixture: L = E|s(x_t) − s*(x_t)|², s* its score at the level. On rows of that mixture, or on
 * `Population.of` it, gradient and Hessian equal those of `implicit`. The value is 0 at the truth, and accurate also near it, where
 * `implicit` less its minimum cancels.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Mixture, Objective, Params, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.fisherDivergence(Mixture.symmetricPair([2]), NoiseLevels.at(0.3)),
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)({ rows: 2, dim: 1, values: Float64Array.of(-2.5, 1) }))
 * assert.ok(evaluate(Params.of({ mean: [2] }), Key.fromSeed(0)).value < 1e-30)
 */
export const fisherDivergence = Case.caseCalledBy(
  againstCase,
  (truth: Mixture.Mixture | { readonly mixture: Mixture.Mixture }, noiseLevels: NoiseLevels.NoiseLevels) =>
    againstCase('mixture' in truth ? truth.mixture : truth, noiseLevels)
)
