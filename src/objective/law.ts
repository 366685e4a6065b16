/**
 * Noise level distributions: over which noise levels an objective is taken, and with which weight each counts.
 *
 * A law that is spread over times is known by its quantile function: a random expectation draws a uniform number for
 * each row, a deterministic one takes Gauss–Legendre nodes in the quantile.
 */
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import { Key, Quadrature } from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Stretches from '../../lib/rows/stretches.js'
import { Case, Field, Problem, Vocabulary, conceptModule } from '../core/index.js'
import * as Schedule from '../schedule/schedule.js'

export interface Node {
  readonly time: number
  readonly weight: number
}

/** A density in time, 0 but between two times. */
export interface Density {
  readonly at: (time: number) => number
  readonly support: readonly [number, number]
}

interface LawCapabilities {
  /** Capability, which laws hold it to: the density of the law in time; it may then stand in `importance`. Its total need not be 1. */
  readonly density?: ((schedule: Schedule.Schedule) => Density) | undefined
  /** Whether it has no noise: rows are those of the data. */
  readonly isClean?: true | undefined
  /** Capability: the time up to which every time from the clean end on counts alike, where losses without bound have no mean. */
  readonly fromClean?: number | undefined
  /** Its nodes lie where they do for components of variance 1 or more: it does not suit variances that are learned. */
  readonly assumesUnitVariance?: boolean | undefined
  /** Its problems on a schedule, by the names of its fields; its times are looked at in any case. */
  readonly requirements?: (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>
}

/** A law that is drawn: one time for each row. */
export interface Drawn extends LawCapabilities {
  /** The quantile function: the time below (or above) which a share u of the law lies, u in [0, 1). */
  readonly quantile: (schedule: Schedule.Schedule) => (u: number) => number
  /** The weight of a drawn time; 1 unless given. */
  readonly weight?: (schedule: Schedule.Schedule) => (time: number) => number
  /** Whether [0, 1) is cut into as many equal parts as there are rows, and each row draws its u from one of them. */
  readonly isStratified?: boolean
  /** Weighted times in place of the draws, for an expectation without randomness; unless given, Gauss–Legendre nodes in u, each weighted as a draw. */
  readonly nodes?: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

/** A law of weighted times, the same at every step. */
export interface Listed extends LawCapabilities {
  readonly quantile?: never
  /** The times; `count` of them where the law itself says no number. */
  readonly nodes: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

/** How times are drawn, or which they are. */
export type Meaning = Drawn | Listed

export interface NoiseLevels extends Case.Value<'NoiseLevels', Meaning> {}

/** Times and weights of a rule of so many nodes on [lo, hi] (Gauss–Legendre). */
export const gaussLegendreTimes = (count: number, lo: number, hi: number): ReadonlyArray<Node> => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return Array.from(nodes, (time, i) => ({ time, weight: weights[i] }))
}

const inQuantile =
  ({ quantile, weight }: Drawn): Listed['nodes'] =>
  (schedule, count) => {
    const timeOf = quantile(schedule)
    const weightOf = weight?.(schedule) ?? (() => 1)
    return gaussLegendreTimes(count, 0, 1).map(({ time: u, weight: share }) => {
      const time = timeOf(u)
      return { time, weight: share * weightOf(time) }
    })
  }

const densityOnSupport = ({ at, support: [lo, hi] }: Density): Density => ({
  at: time => (time >= lo && time <= hi ? at(time) : 0),
  support: [lo, hi]
})

/**
 * A law of one's own: the quantile function by which times are drawn, or a list of weighted times.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Key, Schedule, NoiseLevels } from 'ornstein'
 *
 * // The later, the more often: a density 2t/until².
 * const late = NoiseLevels.define({
 *   name: 'late',
 *   about: 'a density that rises with time',
 *   fields: { until: Field.positive({ default: 1 }) },
 *   meaning: ({ until }) => ({
 *     quantile: () => u => until * Math.sqrt(u),
 *     density: () => ({ at: time => (2 * time) / until ** 2, support: [0, until] })
 *   })
 * })
 * const law = NoiseLevels.stratified(late({ until: 2 }))
 * const [{ time }] = pipe(law, NoiseLevels.draw(Schedule.ornsteinUhlenbeck, 100)(Key.fromSeed(1)))
 * const times = typeof time === 'number' ? [time] : Array.from(time)
 * assert(Math.abs(times.reduce((sum, t) => sum + t, 0) / 100 - 4 / 3) < 0.01)
 */
export const { concept, define, show, formula } = conceptModule<NoiseLevels>(
  'NoiseLevels',
  'over which noise levels an objective is taken, and how much each counts'
)

/** A field for a noise level distribution. */
export const field: Field.Field<NoiseLevels> = Field.of(concept)

// —— fields ——

/** Any number, with its domain in words. */
export const realField = (domain: string, suggestion: number): Field.Field<number> =>
  Field.number({
    holds: () => true,
    domain,
    suggestion,
    arbitrary: fc => fc.double({ min: 0.01, max: 0.9, noNaN: true })
  })

export const timeField = realField('a time', 0.3)

export const interval = {
  /** The earliest time. */
  lo: timeField,
  /** The latest. */
  hi: timeField
}

// —— what is wrong on a schedule ——

type Misfits = (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>

/** The problems of a time that a schedule does not have. */
export const timeMisfits = (field: string, time: number): Misfits => Schedule.timeProblems(field, time)

/** The problems of an interval that ends before it begins. */
export const rising = ({ lo, hi }: { readonly lo: number; readonly hi: number }): ReadonlyArray<Problem.Problem> =>
  Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')

/** The problems of a law on a schedule that its fields alone do not show. */
export const misfitsOf =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): ReadonlyArray<Problem.Problem> =>
    isSoundLaw(law) ? (concept.meaning(law).requirements?.(schedule) ?? []) : []

/** Whether a law and all that stand in it have a meaning. */
const isSoundLaw = (law: NoiseLevels): boolean => Case.isSound(law) && Case.parts(law).every(Case.isSound)

/** The problem of a law that draws no times. */
export const notDrawn = (field: string, law: NoiseLevels, remedy: string): ReadonlyArray<Problem.Problem> => [
  Problem.of(field, show(law), 'a law that draws a time for each row', remedy)
]

/** How a law draws a time for each row, where it does. */
export const drawnOf = (law: NoiseLevels): Drawn | undefined => {
  const meaning = concept.meaning(law)
  return meaning.quantile === undefined ? undefined : meaning
}

/** The law as weighted times. */
export const nodesOf = (law: NoiseLevels): Listed['nodes'] => {
  const meaning = concept.meaning(law)
  return meaning.quantile === undefined ? meaning.nodes : (meaning.nodes ?? inQuantile(meaning))
}

/** The density of the times of a law on a schedule, where it has one. */
export const densityOf = (schedule: Schedule.Schedule, law: NoiseLevels): Density | undefined => {
  const density = concept.meaning(law).density?.(schedule)
  return density && densityOnSupport(density)
}

/** The smallest number that a uniform draw of 53 bits may stand for, where 0 has no quantile. */
export const SMALLEST_QUANTILE = Elementary.powerOfTwo(-54)

/** The greatest number below 1: 1 has no quantile either. */
export const GREATEST = 1 - Elementary.powerOfTwo(-53)

// —— a law on a schedule ——

/** How many times stand for a law that names no number, where nobody says another. */
export const DEFAULT_NODES = 16

/** The law as weighted times, without randomness; `count` nodes where the law itself names none. */
export const quadrature =
  (schedule: Schedule.Schedule, count: number) =>
  (law: NoiseLevels): ReadonlyArray<Node> =>
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
  (law: NoiseLevels): ReadonlyArray<Times> =>
    pipe(law, drawing(schedule, rows, numbers => Stretches.numbersFrom(numbers, 0, rows))(key))

/** The same of rows that need not be there all at once; `own` says how drawn numbers are held. */
export const drawing =
  <N extends Stretches.RowNumbers>(
    schedule: Schedule.Schedule,
    rows: number,
    own: (numbers: Stretches.Stretches) => N
  ) =>
  (key: Key.Key) =>
  (law: NoiseLevels): ReadonlyArray<Times<N>> => {
    const meaning = drawnOf(law)
    if (meaning === undefined) return quadrature(schedule, DEFAULT_NODES)(law)
    const { quantile, weight, isStratified = false } = meaning
    const drawn = isStratified
      ? Stretches.ofArray(evenly(rows)(key), 1)
      : Stretches.computedStretches(rows, (first, out) => {
          Key.fillUniform(first, out)(key)
        })
    const time = own(Stretches.mapStretches(drawn, quantile(schedule)))
    return [{ time, weight: weight === undefined ? 1 : Stretches.mapNumbers(time, weight(schedule)) }]
  }

/** The one time that it is at, where there is one that counts 1. */
export const onlyTime =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): number | undefined => {
    const nodes = nodesOf(law)(schedule, 2)
    return drawnOf(law) === undefined && nodes.length === 1 && nodes[0].weight === 1 ? nodes[0].time : undefined
  }

/** Whether a random expectation takes the same times at every step. */
export const isDeterministicLaw = (law: NoiseLevels): boolean => drawnOf(law) === undefined

/**
 * Whether the nodes of a law lie where they do for components of variance 1 or more, because it names no least variance: those
 * of maximum likelihood. Times that are drawn suit any.
 */
export const assumesUnitVariance =
  (isDeterministic: boolean) =>
  (law: NoiseLevels): boolean =>
    concept.meaning(law).assumesUnitVariance === true && (isDeterministic || drawnOf(law) === undefined)

/** Whether rows meet no noise. */
export const isCleanLaw = (law: NoiseLevels): boolean => concept.meaning(law).isClean === true

/** The latest time up to which every time from the clean end on is drawn alike; undefined where the clean end is not reached. */
export const fromClean = (law: NoiseLevels): number | undefined => concept.meaning(law).fromClean

/** The shares at which a quantile function is looked at: both ends too. */
const QUANTILE_SHARES = [0, 0.1, 0.5, 0.9, GREATEST]

/** The problems of the times of a law, whatever its case says of its fields. */
const lawTimeProblems = (law: NoiseLevels, schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => {
  const until = Schedule.endTime(schedule)
  const meaning = drawnOf(law)
  const drawn =
    meaning === undefined
      ? []
      : QUANTILE_SHARES.map(u => {
          const time = meaning.quantile(schedule)(u)
          return { time, weight: !(u > 0 && u < 1) ? 1 : (meaning.weight?.(schedule)(time) ?? 1) }
        })
  const bad = [...drawn, ...quadrature(schedule, QUANTILE_SHARES.length)(law)].find(
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
export const lawIncompatibilities =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): ReadonlyArray<Problem.Problem> => {
    const said = misfitsOf(schedule)(law)
    return said.length + Case.problems(law).length > 0 ? said : lawTimeProblems(law, schedule)
  }

/** The problems of a law on a schedule. */
export const problems =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): ReadonlyArray<Problem.Problem> => [...Case.problems(law), ...lawIncompatibilities(schedule)(law)]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<NoiseLevels, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
