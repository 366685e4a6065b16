/**
 * Noise schedules: x_t = α(t) x_0 + σ(t) z with z standard normal.
 *
 * Schedules are compared by the log-SNR λ = log(α²/σ²), which falls in time. Formulas keep their digits at both ends: small σ² and α are
 * not computed as 1 minus a number near 1.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { reason } from '../../lib/plain/said.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case, concept as Concept, Field, mistaken, Problem, Vocabulary } from '../core/index.js'
import * as Dynamics_ from './dynamics.js'
import type { Dynamics, Level, Levels } from './dynamics.js'

export type { Dynamics, Level, Levels } from './dynamics.js'

export interface Meaning {
  readonly dynamics: Dynamics
  readonly isRight: () => boolean
}

export interface Schedule extends Case.Value<'Schedule', Meaning> {}

export const concept = Concept<Schedule>(
  'Schedule',
  'how the signal falls and the noise grows: x_t = α(t) x_0 + σ(t) z'
)

export interface Spec<
  N extends string,
  F extends Field.Fields,
  A extends Case.Call,
  On extends string | null = null
> extends Omit<Case.Spec<N, F, never, A, On>, 'meaning'> {
  /**
   * Last time and levels, and optional closed forms. Without the time of a log-SNR, which bisection then finds, the log-SNR is checked to
   * decrease; with it, a law compares the two.
   */
  readonly meaning: (fields: Field.Of<F>) => Levels
}

/** Number of equal parts of the time range if bisection finds times; levels are checked at midpoints and both ends. */
const CHECKED_TIMES = 4225

/** Number of equal parts if the time of a log-SNR is in closed form. */
const FEW_CHECKED_TIMES = 65

/**
 * Problems of levels at the checked times: a negative or non-finite α or σ, an error, or, if bisection finds times, a log-SNR that does not
 * fall. An endless range is checked at t = u/(1 − u), where a vanished signal need not fall.
 */
const levelProblems = (name: string, levels: Levels): ReadonlyArray<Problem.Problem> => {
  const { until } = levels
  const isHalved = levels.timeOfLogSnr === undefined
  const looks = isHalved ? CHECKED_TIMES : FEW_CHECKED_TIMES
  if (!(until > 0)) return [Problem.of(`until of ${name}`, until, '> 0', 'let time end later than it begins')]
  const { logSnr } = Dynamics_.of(levels)
  const at = (time: number): TimedLevel => ({ ...levels.level(time), time })
  return pipe(
    E.tryCatch(
      () => ({
        ends: until === Infinity ? [at(0)] : [at(0), at(until)],
        between: Array.from({ length: looks }, (_, i) => {
          const time = until === Infinity ? (i + 0.5) / (looks - i - 0.5) : (until * (i + 0.5)) / looks
          return { ...at(time), logSnr: logSnr(time) }
        })
      }),
      error => [
        Problem.of(
          `alpha, sigma of ${name}`,
          `an error, "${reason(error)}",`,
          'a number ≥ 0 and finite',
          'return one for every time in [0, until]'
        )
      ]
    ),
    E.map(({ ends, between }) => {
      const invalid = invalidLevelProblems(name, [...between, ...ends])
      return invalid.length > 0 || !isHalved ? invalid : risingLogSnrProblems(name, between, until)
    }),
    E.fold(
      problems => problems,
      problems => problems
    )
  )
}

type TimedLevel = { readonly time: number } & Level

/** Problem of the first negative or non-finite α or σ. */
const invalidLevelProblems = (name: string, levels: ReadonlyArray<TimedLevel>): ReadonlyArray<Problem.Problem> => {
  const isLevel = (x: unknown): boolean => typeof x === 'number' && x >= 0 && x < Infinity
  return levels
    .filter(({ alpha, sigma }) => !isLevel(alpha) || !isLevel(sigma))
    .slice(0, 1)
    .map(({ time, alpha, sigma }) =>
      Problem.of(
        `alpha, sigma of ${name} at time ${time}`,
        `${alpha}, ${sigma}`,
        '≥ 0 and finite',
        'return a number ≥ 0 for every time in [0, until]'
      )
    )
}

/** Problem of the first log-SNR that is not below the one before; −∞ may repeat in an endless range. */
const risingLogSnrProblems = (
  name: string,
  levels: ReadonlyArray<TimedLevel & { readonly logSnr: number }>,
  until: number
): ReadonlyArray<Problem.Problem> => {
  const rising = levels.find(
    ({ logSnr }, i) =>
      i > 0 && !(logSnr < levels[i - 1].logSnr) && !(until === Infinity && levels[i - 1].logSnr === -Infinity)
  )
  if (rising === undefined) return []
  return [
    Problem.of(
      `log-SNR of ${name} at time ${rising.time}`,
      rising.logSnr,
      'falling',
      'let the noise grow relative to the signal as time goes on'
    )
  ]
}

const isValidSchedule = (schedule: Schedule): boolean => Case.isSound(schedule) && concept.meaning(schedule).isRight()

/** True if fields and nested descriptions, except schedules, are valid. */
const hasValidFields = (fields: Field.Fields, of: object): boolean =>
  Object.entries(fields).every(([name, field]) => {
    const own = Case.field(of, name)
    return (
      field.problems(name, own).length === 0 &&
      field
        .nested(own)
        .every(
          ({ value }) => concept.is(value) || (Case.isValue(value) && hasValidFields(value[Case.ofCase].fields, value))
        )
    )
  })

/** Defines a schedule's case; `called` names it in problems of its levels. */
function scheduleCase<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(
  { meaning, check, ...spec }: Spec<N, F, A, On>,
  called: (fields: Field.Of<F>) => string
): Case.Constructor<Schedule, N, F, A, On> {
  const fields: Field.Fields = spec.fields ?? {}
  const knownProblems = new WeakMap<object, ReadonlyArray<Problem.Problem>>()
  /** True if the nested schedules are valid, so that the whole can be checked. */
  const hasRightParts = (of: Field.Of<F>): boolean =>
    Object.entries(fields).every(([name, field]) =>
      field.nested(Case.field(of, name)).every(({ value }) => !concept.is(value) || isValidSchedule(value))
    )
  const own = (of: Field.Of<F>): ReadonlyArray<Problem.Problem> => {
    const found = knownProblems.get(of)
    if (found !== undefined) return found
    const said = check?.(of) ?? []
    const all = said.length > 0 || !hasValidFields(fields, of) ? said : levelProblems(called(of), meaning(of))
    if (Object.isFrozen(of)) knownProblems.set(of, all)
    return all
  }
  return Case.define('Schedule', {
    ...spec,
    check: of => (hasRightParts(of) ? own(of) : []),
    meaning: (of: Field.Of<F>): Meaning => ({
      dynamics: Dynamics_.of(meaning(of)),
      isRight: () => hasValidFields(fields, of) && hasRightParts(of) && own(of).length === 0
    })
  })
}

/**
 * Defines a custom schedule: last time, levels, and optional closed forms.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Schedule } from 'ornstein'
 *
 * // α = 1/(1 + t/pace), σ = 1 − α: log-SNR, its inverse, drift and diffusion follow.
 * const fading = Schedule.define({
 *   name: 'fading',
 *   about: 'signal and noise in equal measure at t = pace',
 *   fields: { pace: Field.positive({ default: 1 }) },
 *   formula: ({ pace }) => `α = 1/(1 + t/${pace}), σ = 1 − α`,
 *   meaning: ({ pace }) => ({
 *     until: Infinity,
 *     level: time => ({ alpha: pace / (pace + time), sigma: time / (pace + time) })
 *   })
 * })
 * assert.deepEqual(pipe(fading({ pace: 2 }), Schedule.level(6)), { alpha: 0.25, sigma: 0.75 })
 * assert.ok(Math.abs(pipe(fading({ pace: 2 }), Schedule.timeOfLogSnr(0)) - 2) < 1e-14)
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>(spec: Spec<N, F, A, On>): Case.Constructor<Schedule, N, F, A, On> {
  return scheduleCase(spec, () => spec.name)
}

// —— cases ——

/**
 * Ornstein–Uhlenbeck schedule: dx = −x dt + √2 dW, so α = e^{−t}, σ² = 1 − e^{−2t}, t ≥ 0.
 *
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const { alpha, sigma } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(Math.log(2)))
 * assert.equal(alpha, 0.5)
 * assert.ok(Math.abs(sigma ** 2 - 0.75) < 1e-15)
 */
export const ornsteinUhlenbeck = define({
  name: 'ornsteinUhlenbeck',
  about: "the paper's: dx = −x dt + √2 dW",
  formula: () => 'α = exp(−t), σ² = 1 − exp(−2t)',
  meaning: () => ({
    ...Dynamics_.preserving({ until: Infinity, total: time => 2 * time, rate: () => 2, timeOf: B => B / 2 }),
    homogeneous: true
  })
})

/**
 * Custom schedule from α and σ as functions of time on [0, until], ≥ 0 and finite. The log-SNR must be strictly decreasing, which is
 * checked at 4225 times. Drift and diffusion are computed by differences of α and σ², to a relative error of 10⁻⁷, or 10⁻⁷ of 1/`until`, if
 * these are smooth up to both ends.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const circle = Schedule.custom({
 *   name: 'circle',
 *   alpha: t => Math.cos((Math.PI / 2) * t),
 *   sigma: t => Math.sin((Math.PI / 2) * t),
 *   until: 1
 * })
 * assert.ok(Math.abs(pipe(circle, Schedule.logSnr(0.5))) < 1e-15)
 * assert.ok(Math.abs(pipe(circle, Schedule.timeOfLogSnr(0)) - 0.5) < 1e-12)
 */
export const custom = scheduleCase(
  {
    name: 'custom',
    about: 'your own α and σ as functions of time',
    fields: {
      /** Name in printed code. */
      name: Field.text({ remedy: 'name it' }),
      /** α(t). */
      alpha: Field.code((time: number): number => Elementary.cos((Math.PI / 2) * time)),
      /** σ(t). */
      sigma: Field.code((time: number): number => Elementary.sin((Math.PI / 2) * time)),
      until: Field.positive({ suggestion: 1 })
    },
    example: { name: 'circle' },
    formula: ({ name }) => `α, σ of ${name}`,
    meaning: ({ alpha, sigma, until }) => ({ until, level: time => ({ alpha: alpha(time), sigma: sigma(time) }) })
  },
  ({ name }) => name
)

// —— meaning ——

/** Returns the dynamics of a schedule. */
export const interpret = (schedule: Schedule): Dynamics => concept.meaning(schedule).dynamics

/** Returns α and σ at a time. */
export const level =
  (time: number) =>
  (schedule: Schedule): Level => {
    const found = interpret(schedule)
    return typeof time === 'number' ? found.level(time) : mistaken('a time', time, 'Schedule.level(time)(schedule)')
  }

/** λ = log(α²/σ²); +∞ without noise, −∞ without signal. */
export const logSnr =
  (time: number) =>
  (schedule: Schedule): number =>
    interpret(schedule).logSnr(time)

/** Time of a log-SNR, the inverse of `logSnr`; the nearer end outside the schedule's range. */
export const timeOfLogSnr =
  (logSnr: number) =>
  (schedule: Schedule): number => {
    const { timeOfLogSnr, until } = interpret(schedule)
    return Math.min(Math.max(timeOfLogSnr(logSnr), 0), until)
  }

/** Largest and smallest log-SNR, at the first and the last time. */
export const logSnrRange = (schedule: Schedule): { readonly greatest: number; readonly least: number } =>
  Dynamics_.logSnrExtremes(interpret(schedule))

/** f = d log α/dt of the forward process dx = f x dt + g dW. */
export const drift =
  (time: number) =>
  (schedule: Schedule): number =>
    interpret(schedule).drift(time)

/** g² = dσ²/dt − 2 f σ² of the forward process dx = f x dt + g dW. */
export const diffusion =
  (time: number) =>
  (schedule: Schedule): number =>
    interpret(schedule).diffusion(time)

/** Last time of the schedule; the first is 0. */
export const endTime = (schedule: Schedule): number => interpret(schedule).until

/** True if α² + σ² = 1 at all times; false if it is not declared. */
export const preservesVariance = (schedule: Schedule): boolean => interpret(schedule).preservesVariance

/** Times at which α and σ are not differentiable, ascending; empty if none are declared. */
export const breakpoints = (schedule: Schedule): ReadonlyArray<number> => interpret(schedule).kinks()

/** True if diffusing for s and then for t equals diffusing for s + t; false if it is not declared. */
export const isHomogeneous = (schedule: Schedule): boolean => interpret(schedule).homogeneous

/** A level of equal log-SNR, whose points are larger by `scale`. */
export interface SameNoise {
  readonly time: number
  readonly level: Level
  readonly scale: number
}

/** Finds the level of a schedule with the log-SNR of another level, or the nearest one. */
export const equalNoise = (schedule: Schedule): ((other: Level) => SameNoise) => {
  const own = interpret(schedule)
  return ({ alpha, sigma }) => {
    const time = Math.min(Math.max(own.timeOfLogSnr(2 * (Elementary.log(alpha) - Elementary.log(sigma))), 0), own.until)
    const level = own.level(time)
    // By the larger of α and σ, since the other may be 0.
    return { time, level, scale: alpha > sigma ? level.alpha / alpha : level.sigma / sigma }
  }
}

/**
 * Same noise on another schedule: the time at which `to` has the log-SNR of this schedule at `time`, and the scale c = α′/α = σ′/σ of its
 * points, x′ = c x. A score is converted by s′(x′) = s(x′/c)/c.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * // α = e^{−t}, σ/α = √(e^{2t} − 1): seen by EDM at that σ, e^t times as large.
 * const { time, scale } = pipe(Schedule.ornsteinUhlenbeck, Schedule.sameNoise(Schedule.edm)(0.5))
 * assert.ok(Math.abs(time - Math.sqrt(Math.E - 1)) < 1e-14)
 * assert.ok(Math.abs(scale - Math.exp(0.5)) < 1e-14)
 */
export const sameNoise =
  (to: Schedule) =>
  (time: number) =>
  (from: Schedule): SameNoise =>
    equalNoise(to)(level(time)(from))

/** Returns the code that builds the schedule. */
export const show = (schedule: Schedule): string => Case.show(schedule)

/** Returns the schedule as a formula. */
export const formula = (schedule: Schedule): string => Case.formula(schedule)

/** Problems of a time on a schedule: not in (0, until], or not finite. */
export const timeProblems =
  (field: string, time: number) =>
  (schedule: Schedule): ReadonlyArray<Problem.Problem> => {
    const last = endTime(schedule)
    return Problem.unless(
      time > 0 && time <= last && time < Infinity,
      field,
      time,
      `a time of ${show(schedule)} with noise, in (0, ${last === Infinity ? '∞' : last}${last === Infinity ? ')' : ']'}`,
      'try 0.1'
    )
  }

/** Problems of a schedule and its parts. A clock is checked only on a valid schedule. */
export const problems = (schedule: Schedule): ReadonlyArray<Problem.Problem> => Case.problems(schedule)

/** JSON codec of the schedules in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Schedule, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
