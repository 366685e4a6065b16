/**
 * Noise schedules: x_t = α(t) x_0 + σ(t) z with z standard normal.
 *
 * A schedule is compared with another by its log signal-to-noise ratio, log(α²/σ²), which falls as time grows.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Problem from './Problem.js'
import * as Tagged from './Tagged.js'

/** How much signal and how much noise: x = alpha · x_0 + sigma · z. */
export interface Level {
  readonly alpha: number
  readonly sigma: number
}

export interface OrnsteinUhlenbeck {
  readonly _tag: 'OrnsteinUhlenbeck'
}

export interface Custom {
  readonly _tag: 'Custom'
  readonly name: string
  readonly alpha: (time: number) => number
  readonly sigma: (time: number) => number
  /** The last time at which the schedule is defined; the first is 0. */
  readonly until: number
}

export type Schedule = OrnsteinUhlenbeck | Custom

/** What a schedule means. Times run over [0, until]. */
interface Dynamics {
  readonly until: number
  readonly level: (time: number) => Level
  readonly logSnr: (time: number) => number
  readonly timeOfLogSnr: (logSnr: number) => number
  /** d log α / dt */
  readonly drift: (time: number) => number
  /** g² = dσ²/dt − 2 (d log α/dt) σ² */
  readonly diffusion: (time: number) => number
  readonly formula: string
  readonly code: string
}

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
export const ornsteinUhlenbeck: Schedule = { _tag: 'OrnsteinUhlenbeck' }

/**
 * A schedule of one's own from α and σ as functions of time on [0, until]. Its log-SNR must fall strictly; its
 * derivatives are taken by differences.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const cosine = Schedule.custom({
 *   name: 'cosine',
 *   alpha: t => Math.cos((Math.PI / 2) * t),
 *   sigma: t => Math.sin((Math.PI / 2) * t),
 *   until: 1
 * })
 * assert.ok(Math.abs(pipe(cosine, Schedule.logSnr(0.5))) < 1e-15)
 * assert.ok(Math.abs(pipe(cosine, Schedule.timeOfLogSnr(0)) - 0.5) < 1e-12)
 */
export const custom = (description: Omit<Custom, '_tag'>): Schedule => ({ _tag: 'Custom', ...description })

export const fold = Tagged.fold<Schedule>()

/** The middle of an interval is halved until doubles can halve it no more: monotone functions only, never fails. */
const bisect = (above: (x: number) => boolean, lo: number, hi: number): number => {
  const middle = lo + (hi - lo) / 2
  return middle <= lo || middle >= hi ? middle : above(middle) ? bisect(above, middle, hi) : bisect(above, lo, middle)
}

/** A derivative by central differences of fourth order, its points kept inside [lo, hi]. */
const derivative =
  (f: (x: number) => number, lo: number, hi: number) =>
  (x: number): number => {
    const h = Math.min(1e-3 * Math.max(1e-3, Math.abs(x)), (hi - lo) / 8)
    const c = Math.min(Math.max(x, lo + 2 * h), hi - 2 * h)
    const at = (k: number): number => f(c + k * h)
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)
  }

const interpret = fold<Dynamics>({
  OrnsteinUhlenbeck: () => ({
    until: Infinity,
    level: time => ({ alpha: Math.exp(-time), sigma: Math.sqrt(-Math.expm1(-2 * time)) }),
    logSnr: time => -Math.log(Math.expm1(2 * time)),
    timeOfLogSnr: logSnr => Math.log1p(Math.exp(-logSnr)) / 2,
    drift: () => -1,
    diffusion: () => 2,
    formula: 'α = exp(−t), σ² = 1 − exp(−2t)',
    code: 'Schedule.ornsteinUhlenbeck'
  }),
  Custom: ({ name, alpha, sigma, until }) => {
    const logSnr = (time: number): number => 2 * (Math.log(alpha(time)) - Math.log(sigma(time)))
    const drift = derivative(time => Math.log(alpha(time)), 0, until)
    const growth = derivative(time => sigma(time) ** 2, 0, until)
    return {
      until,
      level: time => ({ alpha: alpha(time), sigma: sigma(time) }),
      logSnr,
      timeOfLogSnr: target => bisect(time => logSnr(time) > target, 0, until),
      drift,
      diffusion: time => growth(time) - 2 * drift(time) * sigma(time) ** 2,
      formula: `α, σ of ${name}`,
      code: `Schedule.custom({ name: ${JSON.stringify(name)}, … })`
    }
  }
})

/** α and σ at a time. */
export const level =
  (time: number) =>
  (schedule: Schedule): Level =>
    interpret(schedule).level(time)

/** log(α²/σ²); +∞ where there is no noise. */
export const logSnr =
  (time: number) =>
  (schedule: Schedule): number =>
    interpret(schedule).logSnr(time)

/** The time at which the log-SNR has the given value, the inverse of `logSnr`. */
export const timeOfLogSnr =
  (logSnr: number) =>
  (schedule: Schedule): number =>
    interpret(schedule).timeOfLogSnr(logSnr)

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
export const until = (schedule: Schedule): number => interpret(schedule).until

export const show = (schedule: Schedule): string => interpret(schedule).code
export const formula = (schedule: Schedule): string => interpret(schedule).formula

/** What is wrong with the use of a time on a schedule: outside [0, until], or without noise where noise is needed. */
export const timeProblems =
  (field: string, time: number) =>
  (schedule: Schedule): ReadonlyArray<Problem.Problem> => {
    const last = until(schedule)
    return Problem.unless(
      time > 0 && time <= last && time < Infinity,
      field,
      time,
      `a time of ${show(schedule)} with noise, in (0, ${last === Infinity ? '∞' : last}${last === Infinity ? ')' : ']'}`,
      'try 0.1'
    )
  }

export const problems = fold<ReadonlyArray<Problem.Problem>>({
  OrnsteinUhlenbeck: () => [],
  Custom: schedule => {
    const { until, name } = schedule
    const grid = Array.from({ length: 65 }, (_, i) => (until * (i + 0.5)) / 65)
    const levels = grid.map(time => ({ time, ...pipe(schedule, level(time)), logSnr: pipe(schedule, logSnr(time)) }))
    const bad = levels.find(({ alpha, sigma }) => !(alpha >= 0 && sigma >= 0 && alpha < Infinity && sigma < Infinity))
    const rising = levels.find(({ logSnr }, i) => i > 0 && !(logSnr < levels[i - 1].logSnr))
    return [
      ...Problem.positive('until', until, 1),
      ...(bad === undefined
        ? []
        : [
            Problem.of(
              `alpha, sigma of ${name} at time ${bad.time}`,
              `${bad.alpha}, ${bad.sigma}`,
              '≥ 0 and finite',
              'return a number ≥ 0 for every time in [0, until]'
            )
          ]),
      ...(bad !== undefined || rising === undefined
        ? []
        : [
            Problem.of(
              `log-SNR of ${name} at time ${rising.time}`,
              rising.logSnr,
              'falling',
              'let the noise grow relative to the signal as time goes on'
            )
          ])
    ]
  }
})

export const codec: t.Type<Schedule, unknown> = t.union([
  t.type({ _tag: t.literal('OrnsteinUhlenbeck') }),
  Tagged.code<Custom>('Custom', 'schedule')
])
