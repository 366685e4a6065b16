/** What a time law is: how times are drawn, or which they are, and its problems on a schedule. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { Quadrature } from '../../lib/index.js'
import { Case, Field, Problem, words } from '../core/index.js'
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

interface Known {
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
export interface Drawn extends Known {
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
export interface Listed extends Known {
  readonly quantile?: never
  /** The times; `count` of them where the law itself says no number. */
  readonly nodes: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

/** How times are drawn, or which they are. */
export type Meaning = Drawn | Listed

export interface TimeLaw extends Case.Value<'TimeLaw', Meaning> {}

/** Times and weights of a rule of so many nodes on [lo, hi] (Gauss–Legendre). */
export const rule = (count: number, lo: number, hi: number): ReadonlyArray<Node> => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return Array.from(nodes, (time, i) => ({ time, weight: weights[i] }))
}

const inQuantile =
  ({ quantile, weight }: Drawn): Listed['nodes'] =>
  (schedule, count) => {
    const timeOf = quantile(schedule)
    const weightOf = weight?.(schedule) ?? (() => 1)
    return rule(count, 0, 1).map(({ time: u, weight: share }) => {
      const time = timeOf(u)
      return { time, weight: share * weightOf(time) }
    })
  }

const within = ({ at, support: [lo, hi] }: Density): Density => ({
  at: time => (time >= lo && time <= hi ? at(time) : 0),
  support: [lo, hi]
})

/**
 * A law of one's own: the quantile function by which times are drawn, or a list of weighted times.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Key, Schedule, TimeLaw } from 'ornstein'
 *
 * // The later, the more often: a density 2t/until².
 * const late = TimeLaw.define({
 *   name: 'late',
 *   about: 'a density that rises with time',
 *   fields: { until: Field.positive({ default: 1 }) },
 *   meaning: ({ until }) => ({
 *     quantile: () => u => until * Math.sqrt(u),
 *     density: () => ({ at: time => (2 * time) / until ** 2, support: [0, until] })
 *   })
 * })
 * const law = TimeLaw.stratified(late({ until: 2 }))
 * const [{ time }] = pipe(law, TimeLaw.draw(Schedule.ornsteinUhlenbeck, 100)(Key.fromSeed(1)))
 * const times = typeof time === 'number' ? [time] : Array.from(time)
 * assert(Math.abs(times.reduce((sum, t) => sum + t, 0) / 100 - 4 / 3) < 0.01)
 */
export const { concept, define, show, formula } = words<TimeLaw>(
  'TimeLaw',
  'over which noise levels an objective is taken, and how much each counts'
)

/** A field for a time law. */
export const field: Field.Field<TimeLaw> = Field.of(concept)

// —— fields ——

/** Any number, with its domain in words. */
export const real = (domain: string, suggestion: number): Field.Field<number> =>
  Field.number({
    holds: () => true,
    domain,
    suggestion,
    arbitrary: fc => fc.double({ min: 0.01, max: 0.9, noNaN: true })
  })

export const time = real('a time', 0.3)

export const interval = {
  /** The earliest time. */
  lo: time,
  /** The latest. */
  hi: time
}

// —— what is wrong on a schedule ——

type Misfits = (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>

/** The problems of a time that a schedule does not have. */
export const onSchedule = (field: string, time: number): Misfits => Schedule.timeProblems(field, time)

/** The problems of an interval that ends before it begins. */
export const rising = ({ lo, hi }: { readonly lo: number; readonly hi: number }): ReadonlyArray<Problem.Problem> =>
  Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')

/** The problems of a law on a schedule that its fields alone do not show. */
export const misfitsOf =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw): ReadonlyArray<Problem.Problem> =>
    isSound(law) ? (concept.meaning(law).requirements?.(schedule) ?? []) : []

/** Whether a law and all that stand in it have a meaning. */
const isSound = (law: TimeLaw): boolean => Case.isSound(law) && Case.parts(law).every(Case.isSound)

/** The problem of a law that draws no times. */
export const notDrawn = (field: string, law: TimeLaw, remedy: string): ReadonlyArray<Problem.Problem> => [
  Problem.of(field, show(law), 'a law that draws a time for each row', remedy)
]

/** How a law draws a time for each row, where it does. */
export const drawnOf = (law: TimeLaw): Drawn | undefined => {
  const meaning = concept.meaning(law)
  return meaning.quantile === undefined ? undefined : meaning
}

/** The law as weighted times. */
export const nodesOf = (law: TimeLaw): Listed['nodes'] => {
  const meaning = concept.meaning(law)
  return meaning.quantile === undefined ? meaning.nodes : (meaning.nodes ?? inQuantile(meaning))
}

/** The density of the times of a law on a schedule, where it has one. */
export const densityOf = (schedule: Schedule.Schedule, law: TimeLaw): Density | undefined => {
  const density = concept.meaning(law).density?.(schedule)
  return density && within(density)
}

/** The smallest number that a uniform draw of 53 bits may stand for, where 0 has no quantile. */
export const LEAST = Elementary.powerOfTwo(-54)

/** The greatest number below 1: 1 has no quantile either. */
export const GREATEST = 1 - Elementary.powerOfTwo(-53)
