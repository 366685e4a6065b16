/**
 * Noise level distributions: noise levels of an objective's mean, with their weights.
 *
 * A random expectation draws times by their quantile function; a deterministic one uses Gauss–Legendre nodes in it.
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

export interface Density {
  readonly at: (time: number) => number
  readonly support: readonly [number, number]
}

interface LawCapabilities {
  /** Capability, checked by laws: density in time, which `importance` requires. Its total need not be 1. */
  readonly density?: ((schedule: Schedule.Schedule) => Density) | undefined
  /** True if there is no noise: x_t = x_0. */
  readonly isClean?: true | undefined
  /** Capability: end of the times that are uniform from 0 on, where the mean of an unbounded loss may not exist. */
  readonly fromClean?: number | undefined
  /** True if the nodes suit only components of variance 1 or more, not learned variances. */
  readonly assumesUnitVariance?: boolean | undefined
  /** Problems on a schedule, by field. Times are checked in any case. */
  readonly requirements?: (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>
}

/** A distribution from which each row draws a time. */
export interface Drawn extends LawCapabilities {
  /** Quantile function: the time below (or above) which the share u in [0, 1) of the distribution lies. */
  readonly quantile: (schedule: Schedule.Schedule) => (u: number) => number
  /** Weight of a drawn time. Default: 1. */
  readonly weight?: (schedule: Schedule.Schedule) => (time: number) => number
  /** True if [0, 1) is cut into one stratum per row, and each row draws u from one. Default: false. */
  readonly isStratified?: boolean
  /** Weighted times for a deterministic expectation. Default: Gauss–Legendre nodes in u, each weighted as a draw. */
  readonly nodes?: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

export interface Listed extends LawCapabilities {
  readonly quantile?: never
  /** Weighted times, `count` unless the distribution has its own number. */
  readonly nodes: (schedule: Schedule.Schedule, count: number) => ReadonlyArray<Node>
}

export type Meaning = Drawn | Listed

export interface NoiseLevels extends Case.Value<'NoiseLevels', Meaning> {}

/** Gauss–Legendre times and weights, `count` on [lo, hi]. */
export const gaussLegendreTimes = (count: number, lo: number, hi: number): ReadonlyArray<Node> => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return Array.from(nodes, (time, i) => ({ time, weight: weights[i] }))
}

const quantileNodes =
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
 * Defines a custom noise level distribution by the quantile function of its times, or by weighted times.
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

export const field: Field.Field<NoiseLevels> = Field.of(concept)

/** Field for any number. */
export const realField = (domain: string, suggestion: number): Field.Field<number> =>
  Field.number({
    holds: () => true,
    domain,
    suggestion,
    arbitrary: fc => fc.double({ min: 0.01, max: 0.9, noNaN: true })
  })

export const timeField = realField('a time', 0.3)

export const interval = {
  lo: timeField,
  hi: timeField
}

type Requirement = (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>

/** Problems of a time that is outside a schedule. */
export const timeRequirement = (field: string, time: number): Requirement => Schedule.timeProblems(field, time)

/** Problem of an interval that ends before it begins. */
export const intervalProblems = ({
  lo,
  hi
}: {
  readonly lo: number
  readonly hi: number
}): ReadonlyArray<Problem.Problem> =>
  Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')

/** Problems of a distribution's own requirements on a schedule; none if its fields are invalid. */
export const requirementProblems =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): ReadonlyArray<Problem.Problem> =>
    isValidLaw(law) ? (concept.meaning(law).requirements?.(schedule) ?? []) : []

const isValidLaw = (law: NoiseLevels): boolean => Case.isSound(law) && Case.parts(law).every(Case.isSound)

/** Problem of a distribution that draws no times. */
export const notDrawnProblem = (field: string, law: NoiseLevels, remedy: string): ReadonlyArray<Problem.Problem> => [
  Problem.of(field, show(law), 'a law that draws a time for each row', remedy)
]

/** Quantile function and weight; undefined if no times are drawn. */
export const quantileForm = (law: NoiseLevels): Drawn | undefined => {
  const meaning = concept.meaning(law)
  return meaning.quantile === undefined ? undefined : meaning
}

/** Weighted times as a function of the schedule and the number of nodes. */
export const nodesOf = (law: NoiseLevels): Listed['nodes'] => {
  const meaning = concept.meaning(law)
  return meaning.quantile === undefined ? meaning.nodes : (meaning.nodes ?? quantileNodes(meaning))
}

/** Density of the times, 0 outside its support; undefined if there is none. */
export const densityOf = (schedule: Schedule.Schedule, law: NoiseLevels): Density | undefined => {
  const density = concept.meaning(law).density?.(schedule)
  return density && densityOnSupport(density)
}

/** Smallest u for which a quantile is evaluated, since 0 may have none: half the spacing of 53-bit uniform draws. */
export const SMALLEST_QUANTILE = Elementary.powerOfTwo(-54)

/** Largest number below 1, since 1 may have no quantile either. */
export const LARGEST_BELOW_ONE = 1 - Elementary.powerOfTwo(-53)

export const DEFAULT_NODES = 16

/** Weighted times without randomness, `count` unless the distribution has its own number. */
export const quadrature =
  (schedule: Schedule.Schedule, count: number) =>
  (law: NoiseLevels): ReadonlyArray<Node> =>
    nodesOf(law)(schedule, count)

/** Times of one evaluation and their weights: one number for all rows, or one for each. */
export interface Times<N = Float64Array> {
  readonly time: number | N
  readonly weight: number | N
}

/** Returns (π(i) + U)/rows for each row i, with a random permutation π and one random shift U. */
const stratifiedUniforms =
  (rows: number) =>
  (key: Key.Key): Float64Array => {
    const keys = pipe(key, Key.named('shift', 'order'))
    const [shift] = Key.uniform(1)(keys.shift)
    return Float64Array.from(Key.permutation(rows)(keys.order), stratum => (stratum + shift) / rows)
  }

/** Draws a time for each row; returns the weighted times of a distribution that draws none. */
export const draw =
  (schedule: Schedule.Schedule, rows: number) =>
  (key: Key.Key) =>
  (law: NoiseLevels): ReadonlyArray<Times> =>
    pipe(law, drawTimes(schedule, rows, numbers => Stretches.numbersFrom(numbers, 0, rows))(key))

/** Draws the times of rows that need not be in memory together; `own` stores the drawn numbers. */
export const drawTimes =
  <N extends Stretches.RowNumbers>(
    schedule: Schedule.Schedule,
    rows: number,
    own: (numbers: Stretches.Stretches) => N
  ) =>
  (key: Key.Key) =>
  (law: NoiseLevels): ReadonlyArray<Times<N>> => {
    const meaning = quantileForm(law)
    if (meaning === undefined) return quadrature(schedule, DEFAULT_NODES)(law)
    const { quantile, weight, isStratified = false } = meaning
    const drawn = isStratified
      ? Stretches.ofArray(stratifiedUniforms(rows)(key), 1)
      : Stretches.computedStretches(rows, (first, out) => {
          Key.fillUniform(first, out)(key)
        })
    const time = own(Stretches.mapStretches(drawn, quantile(schedule)))
    return [{ time, weight: weight === undefined ? 1 : Stretches.mapNumbers(time, weight(schedule)) }]
  }

/** The single time of weight 1; undefined for other distributions. */
export const singleTime =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): number | undefined => {
    const nodes = nodesOf(law)(schedule, 2)
    return quantileForm(law) === undefined && nodes.length === 1 && nodes[0].weight === 1 ? nodes[0].time : undefined
  }

/** True if a random expectation uses the same times at every step. */
export const isDeterministicLaw = (law: NoiseLevels): boolean => quantileForm(law) === undefined

/** True if the nodes assume variances ≥ 1. Drawn times suit any variance, so it depends on the expectation. */
export const assumesUnitVariance = (
  law: NoiseLevels,
  { isDeterministic }: { readonly isDeterministic: boolean }
): boolean => concept.meaning(law).assumesUnitVariance === true && (isDeterministic || quantileForm(law) === undefined)

/** True if there is no noise. */
export const isCleanLaw = (law: NoiseLevels): boolean => concept.meaning(law).isClean === true

/** End of the times that are uniform from 0 on; undefined if there are none. */
export const uniformFromClean = (law: NoiseLevels): number | undefined => concept.meaning(law).fromClean

/** Values of u at which a quantile function is checked. */
const QUANTILE_SHARES = [0, 0.1, 0.5, 0.9, LARGEST_BELOW_ONE]

/** Problem of the first time outside the schedule or the first weight that is not finite. */
const lawTimeProblems = (law: NoiseLevels, schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => {
  const until = Schedule.endTime(schedule)
  const meaning = quantileForm(law)
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

/** Problems of a distribution on a schedule beyond those of its fields. */
export const lawIncompatibilities =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): ReadonlyArray<Problem.Problem> => {
    const said = requirementProblems(schedule)(law)
    return said.length + Case.problems(law).length > 0 ? said : lawTimeProblems(law, schedule)
  }

/** All problems of a distribution on a schedule. */
export const problems =
  (schedule: Schedule.Schedule) =>
  (law: NoiseLevels): ReadonlyArray<Problem.Problem> => [...Case.problems(law), ...lawIncompatibilities(schedule)(law)]

/** JSON codec of the distributions in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<NoiseLevels, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
