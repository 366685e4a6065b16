/** Public module of objectives. */
import { mean, mul, ones, reshape, slice, square, sub, sum as total, type Tensor } from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import { Case, Field, Problem, type Vocabulary } from '../core/index.js'
import * as Mixture from '../mixture/mixture.js'
import {
  concept,
  custom,
  define,
  denoising,
  implicit,
  isMatching,
  likelihood,
  show,
  sum,
  terms,
  weight,
  type Form,
  type Matching,
  type Objective,
  type Parts,
  type Row
} from './objective.js'
import { objectiveForm, isValidObjective } from './term.js'
import { fisherDivergence } from './against.js'
import { directionalDerivative, innerObjectiveField } from './along.js'
import { regularizer } from './regularizer.js'
import * as NoiseLevels from './noiseLevels.js'

export * from './objective.js'
export { fisherDivergence } from './against.js'
export { directionalDerivative } from './along.js'
export { regularizer } from './regularizer.js'

/** uᵢ as [n, 1, k], and the others of each row as [n, n − 1, k], for row i in the order i + 1, i + 2, … */
const pairsOf = (u: Tensor): { readonly one: Tensor; readonly others: Tensor } => {
  const [n, k] = u.shape
  // All rows n + 1 times, in n blocks of n + 1: block i begins and ends with row i.
  const again = reshape(mul(ones([n + 1, 1, 1]), reshape(u, [1, n, k])), [n, n + 1, k])
  return { one: reshape(u, [n, 1, k]), others: slice(again, [0, 1, 0], [n, n - 1, k]) }
}

const squaredTensorDistance = (a: Tensor, b: Tensor): Tensor => total(square(sub(a, b)), 2)

/**
 * Objective over pairs of rows, 1/(n(n − 1)) Σ_{i ≠ j} h(uᵢ, uⱼ). `perRow` returns u, [rows, k]; `between` returns h, [n, n − 1], of u [n,
 * 1, k] and the others [n, n − 1, k]. On independent data, or batches of them, it is an unbiased estimate of E h(u, u′) (Hoeffding 1948).
 * `over` replaces the mean over the others: it maps the pairs [n, n − 1] and u to [n], as contrastive losses need.
 *
 * `perRow` is compiled with its gradient; the pairs are interpreted, all n(n − 1)k ≤ 4 194 304 numbers in memory: 1448 rows for k = 2.
 * Supports a single noise level, and rows without weights.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * // E|x − x′|² is twice the variance, by the divisor n − 1.
 * const spread = Objective.pairwise('spread', NoiseLevels.clean, ({ clean }) => clean, (a, b) => sum(square(sub(a, b)), 2))
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: spread,
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)({ rows: 3, dim: 1, values: Float64Array.of(1, 2, 6) }))
 * assert.ok(Math.abs(evaluate(Params.of({ mean: [1] }), Key.fromSeed(0)).value - 2 * 7) < 1e-14)
 */
export const pairwise = define({
  name: 'pairwise',
  about: 'your own, over pairs of rows of a batch: MMD, energy scores, contrastive losses',
  fields: {
    /** Name in printed formulas. */
    name: Field.text({ remedy: 'name it' }),
    /** Single noise level. */
    noiseLevels: NoiseLevels.field,
    /** u of each row, [rows, k]. */
    perRow: Field.code(({ score }: Row): Tensor => score),
    /** h(u, u′) of each pair, [n, n − 1]. */
    between: Field.code(squaredTensorDistance),
    /** Reduces a row's pairs to one number. Default: their mean. */
    over: Field.optional(Field.code<(pairs: Tensor, others: Tensor) => Tensor>(pairs => mean(pairs, 1)))
  },
  call: ['name', 'noiseLevels', 'perRow', 'between', '{}'],
  example: { noiseLevels: NoiseLevels.at(0.3) },
  formula: ({ name, noiseLevels }) => `E ${name}(uᵢ, uⱼ), i ≠ j, ${NoiseLevels.formula(noiseLevels)}`,
  meaning: ({ noiseLevels, perRow, between, over }) => ({
    noiseLevels,
    perRow,
    pairs: (u: Tensor) => {
      const { one, others } = pairsOf(u)
      const pairs = reshape(between(one, others), [u.shape[0], u.shape[0] - 1])
      return mean(over === null ? mean(pairs, 1) : over(pairs, u))
    }
  })
})

/**
 * Objective with labels left out at random: each row's with probability `share`, newly drawn at every evaluation. The network learns the
 * scores of each class and of all classes together (classifier-free guidance, Ho & Salimans 2022, arXiv 2207.12598).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, NoiseLevels } from 'ornstein'
 *
 * const trained = Objective.labelDropout(0.1)(Objective.denoising(NoiseLevels.uniform(0.01, 3)))
 * assert.match(Objective.show(trained), /labelDropout\(0.1\)/)
 */
export const labelDropout = define({
  name: 'labelDropout',
  about: 'without the label of some rows, for guidance (arXiv 2207.12598)',
  fields: {
    /** Probability of leaving out a row's label. */
    share: Field.fraction({ suggestion: 0.1 }),
    /** Objective that is trained. */
    objective: Field.of(concept)
  },
  call: ['share'],
  on: 'objective',
  example: { share: 0.1, objective: denoising(NoiseLevels.at(0.3)) },
  formula: ({ share, objective }) => `${Case.formula(objective)}, without the label of ${share} of the rows`,
  meaning: ({ share, objective }) => ({ parts: [{ at: 'objective', objective, labelDropout: share }] })
})

/** The integrand at rows of the student's distribution, memoized. */
const integrandUnderModel = remembered((integrand: Matching['perRow']): Matching['perRow'] => row => {
  const { row: there, share } = row.underModel()
  return mul(share, reshape(integrand(there), [row.noisy.shape[0], 1]))
})

/**
 * Objective with its mean over the student's own distribution at each level, not the data's; of `fisherDivergence` it is the reverse Fisher
 * divergence. The gradient is pathwise, exact in means, weights and variances, for spherical components on a `Population`.
 *
 * A dropped mode costs almost nothing (1.6e-3 for components at ±4): judge a fit by its centres, not by this value.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * const reverse = Objective.underModel(Objective.fisherDivergence(Mixture.of({ means: [[-2], [2]] }), NoiseLevels.at(0.1)))
 * const loss = Population.loss({ score: Score.spherical({ components: 2 }), objective: reverse })
 * assert.ok(loss.evaluate(Params.of({ means: [[-2], [2]] })).value < 1e-28)
 */
export const underModel = define({
  name: 'underModel',
  about: 'with the mean over the student’s own distribution (reverse divergences)',
  fields: {
    /** Objective whose mean is taken over the student's own distribution. */
    objective: innerObjectiveField
  },
  call: ['objective'],
  example: { objective: fisherDivergence(Mixture.of({ means: [[-2], [2]] }), NoiseLevels.at(0.3)) },
  formula: ({ objective }) => `over the student (${Case.formula(objective)})`,
  check: ({ objective }) =>
    !isValidObjective(objective)
      ? []
      : terms(objective).flatMap(({ term }) =>
          Problem.unless(
            isMatching(term) &&
              term.measuredIn === undefined &&
              term.exact === undefined &&
              term.underModel !== true &&
              term.pairs === undefined,
            'objective',
            show(term.of),
            'a function of x_t at noise levels',
            'use Objective.fisherDivergence, or Objective.custom of score and noisy'
          )
        ),
  meaning: ({ objective }): Form | Parts => {
    const form = objectiveForm(objective)
    if ('parts' in form) return { parts: form.parts.map(part => ({ ...part, objective: underModel(part.objective) })) }
    if (!('noiseLevels' in form)) return form
    return { ...form, proper: false, underModel: true, perRow: integrandUnderModel(form.perRow) }
  }
})

/** Built-in objectives, for a vocabulary. */
export const all: ReadonlyArray<Vocabulary.Entry> = [
  denoising,
  implicit,
  likelihood,
  regularizer,
  weight,
  sum,
  labelDropout,
  pairwise,
  fisherDivergence,
  directionalDerivative,
  underModel,
  custom
]

export const recipes: ReadonlyArray<Vocabulary.Recipe<Objective>> = (
  [
    ['hutchinson', 'the divergence from random directions v (Hutchinson 1990)'],
    ['sliced', 'the score along them too: sliced (arXiv 1905.07088)']
  ] as const
).map(([divergence, about]) => {
  const example = implicit(NoiseLevels.at(0.3), { divergence })
  return { name: 'Objective.implicit', about, example, code: show(example) }
})
