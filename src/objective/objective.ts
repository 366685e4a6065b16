/**
 * Objectives: what is minimised, as a mean over the rows of the data and over the noise.
 */
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
import { level, type Level, type Schedule } from '../schedule/schedule.js'
import { denoising, denoisingRow, implicit, implicitRow } from './denoising.js'
import {
  concept,
  define,
  isMatching,
  isPenalty,
  isSoundObjective,
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

// —— objectives ——

const unlikelihood: Noiseless['perDatum'] = ({ logDensity }) => neg(logDensity())

/** The mean negative log-likelihood of the data at time 0, −E log p(x_0), constants included. */
export const likelihood = define({
  name: 'likelihood',
  about: 'the mean negative log-likelihood, for mixtures',
  formula: () => '−E log p(x_0)',
  meaning: () => ({ perDatum: unlikelihood, translationInvariant: true, proper: true })
})

/** w · L; a weighting multiplies the loss of each noise level by its own weight. */
export const weight = define({
  name: 'weight',
  about: 'times a number or a Weighting',
  fields: {
    /** A number, or a `Weighting` by noise level. */
    weight: Weighting.field,
    /** What counts so much. */
    objective: Field.of(concept)
  },
  call: ['weight'],
  on: 'objective',
  example: { weight: Weighting.minSnr(), objective: denoising(NoiseLevels.at(0.3)) },
  formula: ({ weight, objective }) => `${Weighting.formula(weight)} · (${Case.formula(objective)})`,
  // A weighting needs noise levels to weigh.
  check: ({ weight, objective }) =>
    Weighting.everywhere(weight) !== undefined || !isSoundObjective(objective)
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
  meaning: ({ weight, objective }) => ({ parts: [{ at: 'objective', weight, objective }] }),
  // The first version wrote a number as such.
  earlier: json => {
    const given = Case.field(json, 'weight')
    return typeof json === 'object' && (typeof given === 'number' || typeof given === 'string')
      ? { ...json, weight: { _tag: 'constant', value: given } }
      : json
  }
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
    /** The terms. */
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
 * An objective of one's own: a function of a row in the tensor vocabulary, [rows] or [rows, 1] out, differentiated like
 * the built-in ones. `Row` says what it may look at: the model at other points and times, its divergence, its parameters,
 * more noise; only what is read is computed. docs/objectives.md shows six that are in the literature.
 * `{ float32: true }` says that single precision is enough for it: that its rows are no small differences of large numbers.
 * `{ bounded: true }` says that it stays finite as the noise vanishes, so that a noise level distribution may begin at 0: one that reads its
 * target, −z/σ, does not. `{ holdsConstant: true }` says that it holds a part of itself constant by `stopGradient`, such as a
 * weight: its gradient is then not the derivative of its value, and no law asks that.
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
    /** How it is printed. */
    name: Field.text({ remedy: 'name it' }),
    /** Over which noise levels. */
    noiseLevels: NoiseLevels.field,
    /** The loss of each row, [rows] or [rows, 1]. */
    perRow: Field.code(({ score, target }: Row): Tensor => mean(square(sub(score, target)), 1)),
    /** Whether single precision is enough for it. */
    float32: Field.quiet(Field.boolean({ default: false })),
    /** Whether it stays finite as the noise vanishes, so that times may begin at 0. */
    bounded: Field.quiet(Field.boolean({ default: false })),
    /** Whether a part of it is held constant, so that its gradient is not the derivative of its value. */
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
 * A function of a row of this score, of any family: its parameters and heads are known by name, and so are those of `under` and of the
 * student’s own row, so that a name that is not there does not compile. It is the function itself, whose names the compiler then
 * checks.
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
    // A row has what the score has; of another score names that are not there are refused.
    ofScore.is(score) ? perRow : refuse('Objective.seeing: give the score whose rows it sees')

// —— meaning ——

const summedOverEntries = remembered(
  (perRow: Matching['perRow']): Matching['perRow'] =>
    row =>
      total(reshape(perRow(row), [row.noisy.shape[0], -1]), 1)
)

/** A term over pairs as one of rows, of all that each says: where to look for a row that is not finite. Other terms as they are. */
export const rowByRow = (term: Term): Term => {
  if (!isMatching(term) || term.pairs === undefined) return term
  return { ...withoutField(term, 'pairs'), perRow: summedOverEntries(term.perRow) }
}

/** Whether what a term computes of a row is of the language itself, and not code of the user's. */
export const isBuiltIn = (term: Matching | Noiseless): boolean =>
  isMatching(term) ? term.perRow === denoisingRow || term.perRow === implicitRow : term.perDatum === unlikelihood

/** What the objective is to an optimizer: by its meaning, so that what has the same mean is the same. */
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
    const time = NoiseLevels.onlyTime(schedule)(noiseLevels)
    return !isBuiltIn(term) || !isOfScore || time === undefined ? 'another' : level(time)(schedule)
  }

/** The objective with another noise level distribution in the place of each of its own. */
export const retimed = (noiseLevels: NoiseLevels.NoiseLevels): ((objective: Objective) => Objective) =>
  Case.mapInner(inner =>
    NoiseLevels.concept.is(inner) ? noiseLevels : concept.is(inner) ? retimed(noiseLevels)(inner) : inner
  )

/** The objective as the code that builds it. */
export function show(objective: Objective): string {
  return Case.show(objective)
}

/** The objective in mathematics. */
export const formula = (objective: Objective): string => Case.formula(objective)

/** The problems of the objective on a schedule that its fields alone do not show. */
export const objectiveIncompatibilities =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => {
    if (!isSoundObjective(objective)) return []
    const levelAt = (time: number): Level => pipe(schedule, level(time))
    /** Near the clean end, the loss is of the size of its target: 1/σ² for the score. */
    const sizeOf =
      (parametrization: Parametrization.Parametrization = Parametrization.score) =>
      (time: number): number => {
        const { alpha, sigma } = levelAt(time)
        return (
          Parametrization.conversionWeight(Parametrization.score, parametrization)({ alpha, sigma }) / (sigma * sigma)
        )
      }
    const size = ({ bounded, measuredIn }: Matching): ((time: number) => number) =>
      // What a user's own row does with its target is not known: it is taken to be as large.
      bounded === true ? () => 1 : sizeOf(measuredIn)
    /**
     * A mean over every time from 0 on is finite where t · weight · size falls towards t = 0, by a power of t: here over
     * four decades.
     */
    const inNoiseLevels = (
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
      const until = NoiseLevels.fromClean(term.noiseLevels)
      // A term with problems of its own cannot be judged further.
      if (inLaw.length > 0 || until === undefined || Case.problems(term.of).length > 0) return inLaw
      const weights = weightings
        .filter(weighting => Weighting.problems(weighting).length === 0)
        .map(Weighting.interpret(schedule))
      const sizeAt = size(term)
      const mass = (time: number): number => weights.reduce((all, weight) => all * weight(time), time * sizeAt(time))
      const [outer, inner] = [1e-4, 1e-8].map(share => Math.abs(mass(share * until)))
      const isKnown = isBuiltIn(term) || term.measuredIn !== undefined || term.bounded === true
      return Problem.unless(
        inner <= outer / 2,
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
    return terms(objective).flatMap(({ path, term, weightings }) =>
      isMatching(term)
        ? inNoiseLevels(term, weightings).map(problem => (path === '' ? problem : Problem.within(path)(problem)))
        : []
    )
  }

/** The problems of the objective on a schedule, wherever in the description it stands. */
export const problems =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => [
    ...Case.problems(objective),
    ...objectiveIncompatibilities(schedule)(objective)
  ]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Objective, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
