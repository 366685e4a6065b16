/**
 * Noise schedules: x_t = α(t) x_0 + σ(t) z with z standard normal.
 *
 * A schedule is compared with another by its log signal-to-noise ratio λ = log(α²/σ²), which falls as time grows: at
 * equal λ two schedules show the same data through the same noise, on another scale and at another time.
 *
 * Formulas are those that keep their digits at both ends: where σ² → 0 it is not 1 minus something, and where α → 0
 * neither is α.
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
  /** Whether nothing is wrong with it, in all its parts. */
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
   * The last time and the levels; what follows from them may be said too, in closed form. Where the time of a log-SNR is
   * not, it is found by halving, and the log-SNR is looked at: it has to fall. Where it is, a law compares the two.
   */
  readonly meaning: (fields: Field.Of<F>) => Levels
}

/** Where levels are looked at: the middles of so many equal parts, and both ends. */
const CHECKED_TIMES = 4225

/** The same where the time of a log-SNR is stated, and nothing is found by halving. */
const FEW_LOOKS = 65

/**
 * The problems of levels at so many times and at both ends: an α or σ that is negative, not finite or not a number, an error, or a
 * log-SNR that does not fall from one time to the next and whose time is to be found by halving. Between these times nobody
 * looks. Of endless time the shares u stand for t = u/(1 − u), and a signal that has vanished need not fall.
 */
const levelProblems = (name: string, levels: Levels): ReadonlyArray<Problem.Problem> => {
  const { until } = levels
  const isHalved = levels.timeOfLogSnr === undefined
  const looks = isHalved ? CHECKED_TIMES : FEW_LOOKS
  if (!(until > 0)) return [Problem.of(`until of ${name}`, until, '> 0', 'let time end later than it begins')]
  const { logSnr } = Dynamics_.of(levels)
  const at = (time: number): { readonly time: number } & Level => ({ ...levels.level(time), time })
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
      const isLevel = (x: unknown): boolean => typeof x === 'number' && x >= 0 && x < Infinity
      const bad = [...between, ...ends].find(({ alpha, sigma }) => !isLevel(alpha) || !isLevel(sigma))
      const rising = between.findIndex(
        ({ logSnr }, i) =>
          isHalved &&
          i > 0 &&
          !(logSnr < between[i - 1].logSnr) &&
          !(until === Infinity && between[i - 1].logSnr === -Infinity)
      )
      return bad !== undefined
        ? [
            Problem.of(
              `alpha, sigma of ${name} at time ${bad.time}`,
              `${bad.alpha}, ${bad.sigma}`,
              '≥ 0 and finite',
              'return a number ≥ 0 for every time in [0, until]'
            )
          ]
        : rising >= 0
          ? [
              Problem.of(
                `log-SNR of ${name} at time ${between[rising].time}`,
                between[rising].logSnr,
                'falling',
                'let the noise grow relative to the signal as time goes on'
              )
            ]
          : []
    }),
    E.fold(
      problems => problems,
      problems => problems
    )
  )
}

/** Whether nothing is wrong with a schedule. */
const isValidSchedule = (schedule: Schedule): boolean => Case.isSound(schedule) && concept.meaning(schedule).isRight()

/** Whether fields hold what is of their domains; those of descriptions in them too, schedules left out. */
const hold = (fields: Field.Fields, of: object): boolean =>
  Object.entries(fields).every(([name, field]) => {
    const own = Case.field(of, name)
    return (
      field.problems(name, own).length === 0 &&
      field
        .nested(own)
        .every(({ value }) => concept.is(value) || (Case.isValue(value) && hold(value[Case.ofCase].fields, value)))
    )
  })

/** A case, with what it is called when its levels are wrong. */
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
  /** The problems of a schedule do not change: to look at one that was met takes no time. */
  const known = new WeakMap<object, ReadonlyArray<Problem.Problem>>()
  /** A schedule is looked at as a whole where the schedules in it are right: each of them is asked once. */
  const hasRightParts = (of: Field.Of<F>): boolean =>
    Object.entries(fields).every(([name, field]) =>
      field.nested(Case.field(of, name)).every(({ value }) => !concept.is(value) || isValidSchedule(value))
    )
  const own = (of: Field.Of<F>): ReadonlyArray<Problem.Problem> => {
    const found = known.get(of)
    if (found !== undefined) return found
    const said = check?.(of) ?? []
    const all = said.length > 0 || !hold(fields, of) ? said : levelProblems(called(of), meaning(of))
    if (Object.isFrozen(of)) known.set(of, all)
    return all
  }
  return Case.define('Schedule', {
    ...spec,
    check: of => (hasRightParts(of) ? own(of) : []),
    meaning: (of: Field.Of<F>): Meaning => ({
      dynamics: Dynamics_.of(meaning(of)),
      isRight: () => hold(fields, of) && hasRightParts(of) && own(of).length === 0
    })
  })
}

/**
 * A schedule of one's own: the last time, the levels, and what is known of them in closed form.
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
 * The paper's schedule: dx = −x dt + √2 dW, so α = e^{−t}, σ² = 1 − e^{−2t}, t ≥ 0.
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
 * A schedule of one's own from α and σ as functions of time on [0, until], both ≥ 0 and finite. The short form of
 * `define`, for a schedule without fields. Its log-SNR must fall strictly, which is checked at 4225 times, the signs at
 * both ends too, and nowhere else. Drift and diffusion are taken by differences of α and σ², to 10⁻⁷ of themselves and of
 * 1/`until` where these are smooth, up to both ends and at them.
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
      /** How it is printed. */
      name: Field.text({ remedy: 'name it' }),
      /** α of a time. */
      alpha: Field.code((time: number): number => Elementary.cos((Math.PI / 2) * time)),
      /** σ of a time. */
      sigma: Field.code((time: number): number => Elementary.sin((Math.PI / 2) * time)),
      /** The last time. */
      until: Field.positive({ suggestion: 1 })
    },
    example: { name: 'circle' },
    formula: ({ name }) => `α, σ of ${name}`,
    meaning: ({ alpha, sigma, until }) => ({ until, level: time => ({ alpha: alpha(time), sigma: sigma(time) }) })
  },
  ({ name }) => name
)

// —— meaning ——

/** What a schedule means, worked out once for many times. */
export const interpret = (schedule: Schedule): Dynamics => concept.meaning(schedule).dynamics

/** α and σ at a time. */
export const level =
  (time: number) =>
  (schedule: Schedule): Level => {
    const found = interpret(schedule)
    return typeof time === 'number' ? found.level(time) : mistaken('a time', time, 'Schedule.level(time)(schedule)')
  }

/** λ = log(α²/σ²); +∞ where there is no noise, −∞ where there is no signal. */
export const logSnr =
  (time: number) =>
  (schedule: Schedule): number =>
    interpret(schedule).logSnr(time)

/** The time at which the log-SNR has the given value, the inverse of `logSnr`; an end, if the schedule never has it. */
export const timeOfLogSnr =
  (logSnr: number) =>
  (schedule: Schedule): number => {
    const { timeOfLogSnr, until } = interpret(schedule)
    return Math.min(Math.max(timeOfLogSnr(logSnr), 0), until)
  }

/** The greatest and the least log-SNR, at the first and the last time. */
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

/** The last time of the schedule; the first is 0. */
export const endTime = (schedule: Schedule): number => interpret(schedule).until

/** Whether α² + σ² = 1 at all times; false of one's own that does not say so. */
export const preservesVariance = (schedule: Schedule): boolean => interpret(schedule).preservesVariance

/** The times at which α and σ have no derivative, rising; none of one's own that does not say so. */
export const breakpoints = (schedule: Schedule): ReadonlyArray<number> => interpret(schedule).kinks()

/** Whether to diffuse for s and then for t is to diffuse for s + t; false of one's own that does not say so. */
export const isHomogeneous = (schedule: Schedule): boolean => interpret(schedule).homogeneous

/** A level that shows the same noise as another: a point is `scale` times as large there. */
export interface SameNoise {
  readonly time: number
  readonly level: Level
  readonly scale: number
}

/** The level of a schedule with the log-SNR of another one, or with the nearest that the schedule has. */
export const equalNoise = (schedule: Schedule): ((other: Level) => SameNoise) => {
  const own = interpret(schedule)
  return ({ alpha, sigma }) => {
    const time = Math.min(Math.max(own.timeOfLogSnr(2 * (Elementary.log(alpha) - Elementary.log(sigma))), 0), own.until)
    const level = own.level(time)
    // By whichever is larger: the other may have vanished.
    return { time, level, scale: alpha > sigma ? level.alpha / alpha : level.sigma / sigma }
  }
}

/**
 * The same noise on another schedule: the time at which `to` has the log-SNR that this schedule has at `time`, and the
 * scale c = α′/α = σ′/σ by which its points are larger, x′ = c x. A score is carried over by s′(x′) = s(x′/c)/c.
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

/** The schedule as the code that builds it. */
export const show = (schedule: Schedule): string => Case.show(schedule)

/** The schedule as mathematics. */
export const formula = (schedule: Schedule): string => Case.formula(schedule)

/** The problems of the use of a time on a schedule: outside [0, until], or without noise where noise is needed. */
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

/** The problems of a schedule, in all its parts. A clock is read against its schedule, which has to be right first. */
export const problems = (schedule: Schedule): ReadonlyArray<Problem.Problem> => Case.problems(schedule)

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Schedule, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
