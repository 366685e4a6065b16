/** Time grids: times of a sampler, from the noisy end `from` down to the clean end `to`. */
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case, Field, Problem, Vocabulary, conceptModule } from '../core/index.js'
import * as Limits from '../core/limits.js'
import * as Schedule from '../schedule/schedule.js'

/** Function of level and time in which steps are equal. */
export type Coordinate = (level: Schedule.Level, time: number) => number

export interface Meaning {
  /** Times, decreasing or all at one level. */
  readonly times: (schedule: Schedule.Schedule) => ReadonlyArray<number> | Float64Array
  /** Problems on a schedule, by field. Times are checked in any case. */
  readonly requirements?: (schedule: Schedule.Schedule) => ReadonlyArray<Problem.Problem>
  /** Capability, checked by laws: coordinate in which steps are equal. */
  readonly evenIn?: Coordinate
}

export interface TimeGrid extends Case.Value<'TimeGrid', Meaning> {}

export const { concept, define, show, formula } = conceptModule<TimeGrid>(
  'TimeGrid',
  'the times at which a sampler stops, from noise to data'
)

/** σ/α. */
const noiseRatio = (schedule: Schedule.Schedule, time: number): number => {
  const { alpha, sigma } = pipe(schedule, Schedule.level(time))
  return sigma / alpha
}

const noisyEndProblems = (schedule: Schedule.Schedule, field: string, time: number): ReadonlyArray<Problem.Problem> => {
  const outside = pipe(schedule, Schedule.timeProblems(field, time))
  return outside.length > 0
    ? outside
    : Problem.unless(
        noiseRatio(schedule, time) < Infinity,
        field,
        time,
        'a time with signal left: alpha is 0 there, and a score says nothing about the data',
        `try ${0.999 * time}`
      )
}

const cleanEndProblems = (
  schedule: Schedule.Schedule,
  field: string,
  time: number,
  before: number
): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    time >= 0 && time <= Schedule.endTime(schedule),
    field,
    time,
    `a time of ${Schedule.show(schedule)}, ≥ 0`,
    'try 0.001'
  ),
  ...Problem.unless(!(time >= before), field, time, `< ${before}: times fall from noise to data`, 'swap the two')
]

const timeOrderProblems = (schedule: Schedule.Schedule, times: Float64Array): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(times.length > 1, 'times', `a list of ${times.length}`, 'at least two times', 'add the clean end'),
  ...Array.from(times).flatMap((time, i) =>
    i === 0
      ? noisyEndProblems(schedule, 'times[0]', time)
      : cleanEndProblems(schedule, `times[${i}]`, time, times[i - 1])
  )
]

/** True for two or more times that are all equal: sampling at one level. */
const areEqualTimes = (times: Float64Array): boolean => times.length > 1 && times.every(time => time === times[0])

interface Span {
  readonly from: number
  readonly to: number
  readonly steps: number
}

const gridTimeField = Field.number({
  holds: () => true,
  domain: 'a time',
  suggestion: 0.1,
  arbitrary: fc => fc.double({ min: 0, max: 1, noNaN: true })
})
const gridStepsField = Field.count({ suggestion: 100, most: Limits.maxTimes })
/** Fields of a grid; time 0 is the data if the schedule has no noise there. */
const span = {
  /** First time, with the most noise. */
  from: gridTimeField,
  /** Last time. */
  to: gridTimeField,
  /** Number of steps. */
  steps: gridStepsField
}
const EXAMPLE_SPAN = { from: 0.9, to: 0.001, steps: 20 }

const spanProblems =
  ({ from, to }: Span) =>
  (schedule: Schedule.Schedule): ReadonlyArray<Problem.Problem> => [
    ...noisyEndProblems(schedule, 'from', from),
    ...cleanEndProblems(schedule, 'to', to, from)
  ]

/** Ends of the span without rounding, and `at` of the shares 1/steps, 2/steps, … between them. */
const interpolatedTimes = ({ from, to, steps }: Span, at: (share: number) => number): Float64Array =>
  new Float64Array(steps + 1).map((_, i) => (i === 0 ? from : i === steps ? to : at(i / steps)))

const interpolate = (a: number, b: number, share: number): number => a + (b - a) * share

/**
 * Equal steps in time. If σ grows like √t, as in Ornstein–Uhlenbeck, the last steps to σ = 0 are long in σ, and a solver loses part of its
 * order; `karras` avoids this.
 */
export const uniform = define({
  name: 'uniform',
  about: 'equal steps in time',
  fields: span,
  example: EXAMPLE_SPAN,
  formula: ({ from, to, steps }) => `t from ${from} to ${to} in ${steps} equal steps`,
  meaning: span => ({
    requirements: spanProblems(span),
    evenIn: (_, time) => time,
    times: () => interpolatedTimes(span, share => interpolate(span.from, span.to, share))
  })
})

/** Equal steps in the log-SNR log(α²/σ²) (Lu et al. 2022, arXiv 2206.00927). The clean end needs noise, without which it is infinite. */
export const logSnr = define({
  name: 'logSnr',
  about: 'equal steps in log(α²/σ²) (arXiv 2206.00927)',
  fields: span,
  example: EXAMPLE_SPAN,
  formula: ({ from, to, steps }) => `t from ${from} to ${to} in ${steps} equal steps of log(α²/σ²)`,
  meaning: span => ({
    requirements: schedule => [
      ...spanProblems(span)(schedule),
      ...Problem.unless(
        !(noiseRatio(schedule, span.to) <= 0),
        'to',
        span.to,
        'a time with noise, where the log-SNR is finite',
        'try 0.001, or TimeGrid.karras'
      )
    ],
    evenIn: ({ alpha, sigma }) => 2 * Elementary.log(alpha / sigma),
    times: schedule => {
      const [noisy, clean] = [span.from, span.to].map(time => pipe(schedule, Schedule.logSnr(time)))
      return interpolatedTimes(span, share => pipe(schedule, Schedule.timeOfLogSnr(interpolate(noisy, clean, share))))
    }
  })
})

/**
 * Equal steps in (σ/α)^{1/ρ}. A larger ρ places more steps at low noise (Karras et al. 2022, arXiv 2206.00364, eq. 5,
 * where ρ = 7).
 *
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, TimeGrid } from 'ornstein'
 *
 * const exploding = Schedule.custom({ name: 'exploding', alpha: () => 1, sigma: t => t, until: 80 })
 * const times = pipe(TimeGrid.karras({ from: 80, to: 0, steps: 4 }), TimeGrid.times(exploding))
 * assert.deepEqual(Array.from(times, time => time.toPrecision(3)), ['80.0', '10.7', '0.625', '0.00488', '0.00'])
 */
export const karras = define({
  name: 'karras',
  about: 'equal steps in (σ/α)^(1/ρ), more at low noise (arXiv 2206.00364)',
  fields: {
    ...span,
    /** ρ. Default: 7. */
    rho: Field.positive({ default: 7 })
  },
  example: { ...EXAMPLE_SPAN, to: 0 },
  formula: ({ from, to, steps, rho }) => `t from ${from} to ${to} in ${steps} equal steps of (σ/α)^(1/${rho})`,
  meaning: span => ({
    requirements: spanProblems(span),
    evenIn: ({ alpha, sigma }) => Elementary.pow(sigma / alpha, 1 / span.rho),
    times: schedule => {
      const [noisy, clean] = [span.from, span.to].map(time => Elementary.pow(noiseRatio(schedule, time), 1 / span.rho))
      return interpolatedTimes(span, share =>
        // log(α²/σ²) = −2 log(σ/α)
        pipe(schedule, Schedule.timeOfLogSnr(-2 * span.rho * Elementary.log(interpolate(noisy, clean, share))))
      )
    }
  })
})

/** Given times, decreasing. */
export const listed = define({
  name: 'listed',
  about: 'the given times',
  fields: {
    /** Decreasing times, the last 0 or near it. */
    times: Field.codec(t.readonlyArray(t.number), {
      domain: 'a list of times',
      remedy: 'give them, the noisy end first',
      sample: [0.9, 0.5, 0.1],
      arbitrary: fc => fc.constant([0.9, 0.5, 0.1]),
      show: times => `[${times.join(', ')}]`
    })
  },
  call: ['times'],
  formula: ({ times }) => `t = ${times.join(', ')}`,
  meaning: ({ times }) => ({
    times: () => times,
    requirements: schedule => timeOrderProblems(schedule, Float64Array.from(times))
  })
})

/** A single noise level, for Langevin samplers. */
export const constant = define({
  name: 'constant',
  about: 'one noise level, for Sampler.langevin',
  fields: {
    /** Time of every step. */
    time: gridTimeField,
    /** Number of steps. */
    steps: gridStepsField
  },
  example: { time: 0.1, steps: 20 },
  formula: ({ time, steps }) => `t = ${time} for ${steps} steps`,
  meaning: ({ time, steps }) => ({
    requirements: schedule => noisyEndProblems(schedule, 'time', time),
    times: () => new Float64Array(steps + 1).fill(time)
  })
})

/** Returns the steps + 1 times, the noisy end first. */
export const times =
  (schedule: Schedule.Schedule) =>
  (grid: TimeGrid): Float64Array =>
    Float64Array.from(concept.meaning(grid).times(schedule))

/** Coordinate in which steps are equal; undefined if it is not declared. */
export const evenIn = (grid: TimeGrid): Coordinate | undefined => concept.meaning(grid).evenIn

/** Problems of a grid on a schedule: times outside it, rising times, no step, or a level without signal. */
export const problems =
  (schedule: Schedule.Schedule) =>
  (grid: TimeGrid): ReadonlyArray<Problem.Problem> => {
    const own = Case.problems(grid)
    if (!Case.isSound(grid)) return own
    const said = [...(concept.meaning(grid).requirements?.(schedule) ?? []), ...own]
    if (said.length > 0) return said
    const found = times(schedule)(grid)
    return areEqualTimes(found) ? noisyEndProblems(schedule, 'times[0]', found[0]) : timeOrderProblems(schedule, found)
  }

/** True if the grid is valid and stays at one level. */
export const isOneLevel =
  (schedule: Schedule.Schedule) =>
  (grid: TimeGrid): boolean =>
    // Problems first: the times of an invalid grid may not fit in memory.
    problems(schedule)(grid).length === 0 && areEqualTimes(times(schedule)(grid))

export const all: ReadonlyArray<Vocabulary.Entry> = [uniform, logSnr, karras, listed, constant]

/** JSON codec of the grids in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<TimeGrid, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
