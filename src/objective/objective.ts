/** Objectives: means over the rows and the noise, to be minimised. */
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import { mean, neg, reshape, square, sub, sum as total, type Tensor } from '../../lib/index.js'
import { Case, Field, Problem, Vocabulary } from '../core/index.js'
import { withoutField } from '../core/record.js'
import * as Parametrization from '../schedule/parametrization.js'
import { concept as ofScore, type Score } from '../mixture/family.js'
import { remembered } from '../../lib/plain/remembered.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Subject } from '../optimizer/optimizer.js'
import { level, type Schedule } from '../schedule/schedule.js'
import { denoising, denoisingRow, implicit, implicitRow } from './denoising.js'
import {
  concept,
  define,
  isMatching,
  isPenalty,
  isValidObjective,
  terms,
  type Matching,
  type Noiseless,
  type Objective,
  type Row,
  type Term
} from './term.js'
import * as NoiseLevels from './noiseLevels.js'
import * as Weighting from './weighting.js'

export { denoising, implicit } from './denoising.js'
export { concept, define, isMatching, isPenalty, terms } from './term.js'
export type {
  Datum,
  Estimate,
  Form,
  Matching,
  Meaning,
  Noiseless,
  Objective,
  Part,
  Parts,
  Penalty,
  Row,
  RowLevel,
  SeenNoise,
  Term,
  Time,
  WeightedTerm
} from './term.js'

const negativeLogDensity: Noiseless['perDatum'] = ({ logDensity }) => neg(logDensity())

/** Mean negative log-likelihood of the data at time 0, −E log p(x_0), constants included. */
export const likelihood = define({
  name: 'likelihood',
  about: 'the mean negative log-likelihood, for mixtures',
  formula: () => '−E log p(x_0)',
  meaning: () => ({ perDatum: negativeLogDensity, translationInvariant: true, proper: true })
})

/** w · L. A weighting multiplies the loss at each noise level by its weight. */
export const weight = define({
  name: 'weight',
  about: 'times a number or a Weighting',
  fields: {
    /** A number, or a `Weighting` by noise level. */
    weight: Weighting.field,
    /** Objective that is weighted. */
    objective: Field.of(concept)
  },
  call: ['weight'],
  on: 'objective',
  example: { weight: Weighting.minSnr(), objective: denoising(NoiseLevels.at(0.3)) },
  formula: ({ weight, objective }) => `${Weighting.formula(weight)} · (${Case.formula(objective)})`,
  // Only a number can weight a term without noise levels.
  check: ({ weight, objective }) =>
    Weighting.everywhere(weight) !== undefined || !isValidObjective(objective)
      ? []
      : terms(objective)
          .filter(({ term }) => !isMatching(term))
          .map(({ term }) =>
            Problem.of(
              'weight',
              `${Weighting.show(weight)} of ${show(term.of)}`,
              'a number, as a term without noise levels needs',
              'weight it by a number of its own'
            )
          ),
  meaning: ({ weight, objective }) => ({ parts: [{ at: 'objective', weight, objective }] })
})

const objectiveList = Field.list(concept)
const nonEmptyObjectives: typeof objectiveList = {
  ...objectiveList,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one objective', 'add one')]
      : objectiveList.problems(name, given)
}

/** L_1 + L_2 + … */
export const sum = define({
  name: 'sum',
  about: 'several at once',
  fields: {
    /** Terms, at least one. */
    objectives: nonEmptyObjectives
  },
  call: ['objectives'],
  example: { objectives: [denoising(NoiseLevels.at(0.3)), implicit(NoiseLevels.at(0.3))] },
  formula: ({ objectives }) => objectives.map(objective => Case.formula(objective)).join(' + '),
  meaning: ({ objectives }) => ({
    parts: objectives.map((objective, i) => ({ at: `objectives[${i}]`, objective }))
  })
})

/**
 * Custom objective: a function of a row in the tensor vocabulary that returns the loss, [rows] or [rows, 1], differentiated like the
 * built-in ones. `Row` lists its inputs, computed only if they are read. docs/objectives.md shows six from the literature.
 *
 * `float32` claims that no loss is a small difference of large numbers. `bounded` claims that the loss stays finite as the noise vanishes,
 * so that times may begin at 0; a loss that reads its target, −z/σ, does not. `holdsConstant` claims a part held constant by
 * `stopGradient`: the gradient is then not the derivative of the value, and no law checks it. Defaults: false.
 *
 * @example
 * import { mean, sqrt, square, sub, add } from 'ornstein/float64'
 * import { Objective, NoiseLevels } from 'ornstein'
 *
 * export const pseudoHuber = Objective.custom('pseudo-Huber', NoiseLevels.at(0.3), ({ score, target }) =>
 *   mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
 * )
 */
export const custom = define({
  name: 'custom',
  about: 'your own, row by row in the tensor vocabulary',
  fields: {
    /** Name in printed formulas. */
    name: Field.text({ remedy: 'name it' }),
    /** Noise levels of the mean. */
    noiseLevels: NoiseLevels.field,
    /** Loss of each row, [rows] or [rows, 1]. */
    perRow: Field.code(({ score, target }: Row): Tensor => mean(square(sub(score, target)), 1)),
    /** True if single precision is enough. */
    float32: Field.quiet(Field.boolean({ default: false })),
    /** True if the loss stays finite as the noise vanishes. */
    bounded: Field.quiet(Field.boolean({ default: false })),
    /** True if a part is held constant by `stopGradient`. */
    holdsConstant: Field.quiet(Field.boolean({ default: false }))
  },
  call: ['name', 'noiseLevels', 'perRow', '{}'],
  example: { noiseLevels: NoiseLevels.at(0.3) },
  formula: ({ name, noiseLevels }) => `E ${name}(s(x_t), −z/σ), ${NoiseLevels.formula(noiseLevels)}`,
  meaning: ({ noiseLevels, perRow, float32, bounded, holdsConstant }) => ({
    noiseLevels,
    perRow,
    ...(float32 && { float32 }),
    ...(bounded && { bounded }),
    ...(holdsConstant && { holdsConstant })
  })
})

/**
 * Returns the function of a row, typed for one score of any family: unknown names of parameters and heads, also in `under` and
 * `underModel`, do not compile. Throws if `score` is no score.
 *
 * @example
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Net, Objective, Parametrization, Score, NoiseLevels } from 'ornstein'
 *
 * // One head learns the noise, the other the square of the error of the first.
 * const heads = { noise: Net.output(), error: Net.output() }
 * const score = Score.network(Net.mlp({ hidden: [16], heads }), { heads: { noise: Parametrization.noise } })
 * export const both = Objective.custom(
 *   'noise and error',
 *   NoiseLevels.uniform(0.01, 1),
 *   Objective.seeing(score)(({ heads: { noise: found, error }, noise }) => {
 *     const off = square(sub(found, noise))
 *     return sum(sub(off, square(sub(error, off))), 1)
 *   })
 * )
 */
export const seeing =
  <P extends string, H extends string>(score: Score<P, H>) =>
  (perRow: (row: Row<P, H>) => Tensor): Matching['perRow'] =>
    // At run time unknown names throw.
    ofScore.is(score) ? perRow : refuse('Objective.seeing: give the score whose rows it sees')

const summedOverEntries = remembered(
  (perRow: Matching['perRow']): Matching['perRow'] =>
    row =>
      total(reshape(perRow(row), [row.noisy.shape[0], -1]), 1)
)

/** Replaces the loss over pairs by the sum of each row's u, to locate rows that are not finite. Returns other terms unchanged. */
export const withRowwiseLoss = (term: Term): Term => {
  if (!isMatching(term) || term.pairs === undefined) return term
  return { ...withoutField(term, 'pairs'), perRow: summedOverEntries(term.perRow) }
}

/** True if the integrand is built in, not the user's code. */
export const isBuiltIn = (term: Matching | Noiseless): boolean =>
  isMatching(term) ? term.perRow === denoisingRow || term.perRow === implicitRow : term.perDatum === negativeLogDensity

/**
 * Classifies the objective by its meaning for the optimizer's guarantees: the noise level for denoising or implicit score matching at one
 * level, 'likelihood', or 'another'.
 */
export const subject =
  (schedule: Schedule) =>
  (objective: Objective): Subject => {
    const all = terms(objective)
    if (all.length !== 1) return 'another'
    const [{ weight, weightings, labelDropout, term }] = all
    if (weight !== 1 || weightings.length > 0 || labelDropout > 0 || isPenalty(term)) return 'another'
    if (!isMatching(term)) return isBuiltIn(term) ? 'likelihood' : 'another'
    if (term.exact !== undefined) return subject(schedule)(term.exact)
    const { measuredIn = Parametrization.score, noiseLevels } = term
    const isOfScore = Parametrization.weightFormula(Parametrization.score, measuredIn) === '1'
    const time = NoiseLevels.singleTime(schedule)(noiseLevels)
    return !isBuiltIn(term) || !isOfScore || time === undefined ? 'another' : level(time)(schedule)
  }

/** Replaces every noise level distribution in the objective. */
export const retimed = (noiseLevels: NoiseLevels.NoiseLevels): ((objective: Objective) => Objective) =>
  Case.mapInner(inner =>
    NoiseLevels.concept.is(inner) ? noiseLevels : concept.is(inner) ? retimed(noiseLevels)(inner) : inner
  )

/** Returns the code that builds the objective. */
export function show(objective: Objective): string {
  return Case.show(objective)
}

/** Returns the objective as a formula. */
export const formula = (objective: Objective): string => Case.formula(objective)

/** Problems of the objective on a schedule beyond those of its fields; none if a part is invalid. */
export const objectiveIncompatibilities =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => {
    if (!isValidObjective(objective)) return []
    return terms(objective).flatMap(({ path, term, weightings }) =>
      isMatching(term)
        ? noiseLevelProblems(schedule, term, weightings).map(problem =>
            path === '' ? problem : Problem.within(path)(problem)
          )
        : []
    )
  }

/** Problems of a term's noise levels, and of the mean towards time 0. */
const noiseLevelProblems = (
  schedule: Schedule,
  term: Matching,
  weightings: ReadonlyArray<Weighting.Weighting>
): ReadonlyArray<Problem.Problem> => {
  const inLaw = [
    ...pipe(term.noiseLevels, NoiseLevels.lawIncompatibilities(schedule)).map(Problem.within('noiseLevels')),
    ...Problem.unless(
      term.measuredIn === undefined || !NoiseLevels.isCleanLaw(term.noiseLevels),
      'noiseLevels',
      NoiseLevels.show(term.noiseLevels),
      'a law with noise, which this loss has as its target',
      'use Objective.implicit(NoiseLevels.clean), or NoiseLevels.at(0.1)'
    )
  ]
  const until = NoiseLevels.uniformFromClean(term.noiseLevels)
  // A term with invalid fields cannot be evaluated.
  if (inLaw.length > 0 || until === undefined || Case.problems(term.of).length > 0) return inLaw
  const isKnown = isBuiltIn(term) || term.measuredIn !== undefined || term.bounded === true
  return Problem.unless(
    hasFiniteMean(schedule, term, weightings, until),
    'noiseLevels',
    NoiseLevels.show(term.noiseLevels),
    isKnown
      ? 'a law over which this loss has a finite mean: towards time 0 it grows too fast'
      : 'a law over which this loss is known to have a finite mean: towards time 0 it is taken to grow as its target, −z/σ, does',
    isKnown
      ? 'begin at 0.001, or take the loss of Parametrization.noise'
      : 'begin at 0.001, or say bounded: true of a loss that stays finite as the noise vanishes'
  )
}

/**
 * True if the mean over times uniform from 0 is finite: t · weight · magnitude of the loss falls by a power of t towards 0, tested over
 * four decades.
 */
const hasFiniteMean = (
  schedule: Schedule,
  term: Matching,
  weightings: ReadonlyArray<Weighting.Weighting>,
  until: number
): boolean => {
  const weights = weightings
    .filter(weighting => Weighting.problems(weighting).length === 0)
    .map(Weighting.interpret(schedule))
  const magnitude = lossMagnitude(schedule, term)
  const mass = (time: number): number => weights.reduce((all, weight) => all * weight(time), time * magnitude(time))
  const [outer, inner] = [1e-4, 1e-8].map(share => Math.abs(mass(share * until)))
  return inner <= outer / 2
}

/** Magnitude of a loss near time 0: that of its squared target, 1/σ² for the score; 1 if bounded. */
const lossMagnitude = (
  schedule: Schedule,
  { bounded, measuredIn = Parametrization.score }: Matching
): ((time: number) => number) => {
  if (bounded === true) return () => 1
  return time => {
    const { alpha, sigma } = level(time)(schedule)
    return Parametrization.conversionWeight(Parametrization.score, measuredIn)({ alpha, sigma }) / (sigma * sigma)
  }
}

/** All problems of the objective on a schedule, those of its fields first. */
export const problems =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => [
    ...Case.problems(objective),
    ...objectiveIncompatibilities(schedule)(objective)
  ]

/** JSON codec of the objectives in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Objective, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
