/**
 * Time laws: over which noise levels an objective is taken, and with which weight each counts.
 *
 * A law that is spread over times is known by its quantile function: a random expectation draws a uniform number for
 * each row, a deterministic one takes Gauss–Legendre nodes in the quantile.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as t from 'io-ts'
import { Key } from '../../lib/index.js'
import * as Stretches from '../../lib/rows/stretches.js'
import { Case, Problem, Vocabulary } from '../core/index.js'
import * as Schedule from '../schedule/schedule.js'
import {
  concept,
  define,
  densityOf,
  drawnOf,
  GREATEST,
  interval,
  LEAST,
  misfitsOf,
  nodesOf,
  onSchedule,
  rising,
  rule,
  show,
  time,
  type Density,
  type Node,
  type TimeLaw
} from './law.js'

export { concept, define, field, formula, show } from './law.js'
export type { Density, Drawn, Listed, Meaning, Node, TimeLaw } from './law.js'

// —— laws ——

/** One noise level: L = L_t. */
export const at = define({
  name: 'at',
  about: 'one noise level',
  fields: {
    /** The time of every row. */
    time
  },
  call: ['time'],
  formula: ({ time }) => `at t = ${time}`,
  meaning: ({ time }) => ({ nodes: () => [{ time, weight: 1 }], requirements: onSchedule('time', time) })
})

/**
 * No noise: x_t = x_0, as the data have it. For losses of the data themselves, such as discrepancies of their score, contrastive divergence, or
 * score matching as it was first written (Hyvärinen 2005): what a row draws beside (`noises`, `directions`) is there, its noise is not. A schedule
 * whose time 0 has noise is refused.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * // Score matching of N(m, 1) on rows 1 and 3: s = m − x, and the mean of s² − 2 at m = 2 is 1 − 2.
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.spherical({ components: 1 }),
 *   objective: Objective.implicit(TimeLaw.clean),
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.value(loss)({ rows: 2, dim: 1, values: Float64Array.of(1, 3) }))
 * assert.equal(evaluate(Params.of({ means: [[2]] }), Key.fromSeed(0)), -1)
 * assert.ok(TimeLaw.isClean(TimeLaw.clean) && !TimeLaw.isClean(TimeLaw.at(0.1)))
 */
export const clean = define({
  name: 'clean',
  about: 'no noise: rows as the data have them',
  formula: () => 'without noise',
  meaning: () => ({
    nodes: () => [{ time: 0, weight: 1 }],
    isClean: true,
    requirements: schedule =>
      Problem.unless(
        Schedule.level(0)(schedule).sigma === 0,
        '',
        `TimeLaw.clean on ${Schedule.show(schedule)}`,
        'of a schedule whose time 0 has no noise',
        'use TimeLaw.at(0), the least noise of this one'
      )
  })
})

/**
 * Every time in [lo, hi] alike: L = E_t L_t, t uniform. A random expectation draws one time a row; a deterministic one
 * (`quadrature`, `fixed`) takes Gauss–Legendre nodes. From `lo` = 0 on where the mean is finite: that of the noise, of the
 * data or of the implicit form, not that of the score, which grows like 1/σ².
 */
export const uniform = define({
  name: 'uniform',
  about: 'every time of an interval alike',
  fields: interval,
  call: ['lo', 'hi'],
  example: { lo: 0.1, hi: 0.9 },
  formula: ({ lo, hi }) => `mean over t uniform in [${lo}, ${hi}]`,
  meaning: ({ lo, hi }) => ({
    requirements: schedule => [
      // The clean end is never drawn. Whether the mean is finite there, the objective says.
      ...(lo === 0 ? [] : onSchedule('lo', lo)(schedule)),
      ...onSchedule('hi', hi)(schedule),
      ...rising({ lo, hi })
    ],
    // Never at the end itself: at time 0 there is no noise.
    quantile: () => u => lo + (hi - lo) * Math.max(u, LEAST),
    density: () => ({ at: () => 1 / (hi - lo), support: [lo, hi] }),
    nodes: (_, count) => rule(count, lo, hi).map(({ time, weight }) => ({ time, weight: weight / (hi - lo) })),
    fromClean: lo === 0 ? hi : undefined
  })
})

// —— meaning ——

/** How many times stand for a law that names no number, where nobody says another. */
export const NODES = 16

/** The law as weighted times, without randomness; `count` nodes where the law itself names none. */
export const quadrature =
  (schedule: Schedule.Schedule, count: number) =>
  (law: TimeLaw): ReadonlyArray<Node> =>
    nodesOf(law)(schedule, count)

/** The times of one random evaluation, with their weights: shared by all rows, or one for each. */
export interface Times<N = Float64Array> {
  readonly time: number | N
  readonly weight: number | N
}

/** A number in [0, 1) for each row, each uniform, together without gaps: an order of all rows is held. */
const evenly =
  (rows: number) =>
  (key: Key.Key): Float64Array => {
    const keys = pipe(key, Key.named('shift', 'order'))
    const [shift] = Key.uniform(1)(keys.shift)
    return Float64Array.from(Key.permutation(rows)(keys.order), stratum => (stratum + shift) / rows)
  }

/** The law with its randomness drawn: nodes stay nodes, a law spread over times draws one for each row. */
export const draw =
  (schedule: Schedule.Schedule, rows: number) =>
  (key: Key.Key) =>
  (law: TimeLaw): ReadonlyArray<Times> =>
    pipe(law, drawing(schedule, rows, numbers => Stretches.part(numbers, 0, rows))(key))

/** The same of rows that need not be there all at once; `own` says how drawn numbers are held. */
export const drawing =
  <N extends Stretches.Numbers>(schedule: Schedule.Schedule, rows: number, own: (numbers: Stretches.Stretches) => N) =>
  (key: Key.Key) =>
  (law: TimeLaw): ReadonlyArray<Times<N>> => {
    const meaning = drawnOf(law)
    if (meaning === undefined) return quadrature(schedule, NODES)(law)
    const { quantile, weight, isStratified = false } = meaning
    const drawn = isStratified
      ? Stretches.ofArray(evenly(rows)(key), 1)
      : Stretches.computed(rows, (first, out) => {
          Key.fillUniform(first, out)(key)
        })
    const time = own(Stretches.mapped(drawn, quantile(schedule)))
    return [{ time, weight: weight === undefined ? 1 : Stretches.every(time, weight(schedule)) }]
  }

/** The one time that it is at, where there is one that counts 1. */
export const only =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): O.Option<number> => {
    const nodes = nodesOf(law)(schedule, 2)
    return drawnOf(law) === undefined && nodes.length === 1 && nodes[0].weight === 1 ? O.some(nodes[0].time) : O.none
  }

/** Whether a random expectation takes the same times at every step. */
export const isDeterministic = (law: TimeLaw): boolean => drawnOf(law) === undefined

/** The density of the law in time on a schedule, where its case says it. */
export const density =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): O.Option<Density> =>
    O.fromNullable(densityOf(schedule, law))

/**
 * Whether the nodes of a law lie where they do for components of variance 1 or more, because it names no least variance: those
 * of maximum likelihood. Times that are drawn suit any.
 */
export const assumesUnitVariance =
  (isDeterministic: boolean) =>
  (law: TimeLaw): boolean =>
    concept.meaning(law).assumesUnitVariance === true && (isDeterministic || drawnOf(law) === undefined)

/** Whether rows meet no noise. */
export const isClean = (law: TimeLaw): boolean => concept.meaning(law).isClean === true

/** The latest time up to which every time from the clean end on is drawn alike; none where the clean end is not reached. */
export const fromClean = (law: TimeLaw): O.Option<number> => O.fromNullable(concept.meaning(law).fromClean)

/** The shares at which a quantile function is looked at: both ends too. */
const LOOKS = [0, 0.1, 0.5, 0.9, GREATEST]

/** The problems of the times of a law, whatever its case says of its fields. */
const looked = (law: TimeLaw, schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => {
  const until = Schedule.endTime(schedule)
  const meaning = drawnOf(law)
  const drawn =
    meaning === undefined
      ? []
      : LOOKS.map(u => {
          const time = meaning.quantile(schedule)(u)
          return { time, weight: !(u > 0 && u < 1) ? 1 : (meaning.weight?.(schedule)(time) ?? 1) }
        })
  const bad = [...drawn, ...quadrature(schedule, LOOKS.length)(law)].find(
    ({ time, weight }) => !(time >= 0 && time <= until && time < Infinity && Number.isFinite(weight))
  )
  return bad === undefined
    ? []
    : [
        Problem.of(
          `times of ${show(law)}`,
          `${bad.time}, of weight ${bad.weight}`,
          `a time of ${Schedule.show(schedule)} with a finite weight`,
          'let it give times from 0 on, up to the last of the schedule'
        )
      ]
}

/** The problems of a law on a schedule that its fields alone do not show. */
export const incompatibilities =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): ReadonlyArray<Problem.Problem> => {
    const said = misfitsOf(schedule)(law)
    return said.length + Case.problems(law).length > 0 ? said : looked(law, schedule)
  }

/** The problems of a law on a schedule. */
export const problems =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): ReadonlyArray<Problem.Problem> => [...Case.problems(law), ...incompatibilities(schedule)(law)]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<TimeLaw, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
