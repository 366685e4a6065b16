/**
 * Noise schedules: x_t = α(t) x_0 + σ(t) z with z standard normal.
 *
 * A schedule is compared with another by its log signal-to-noise ratio λ = log(α²/σ²), which falls as time grows: at
 * equal λ two schedules show the same data through the same noise, on another scale and at another time.
 *
 * Formulas are those that keep their digits at both ends: where σ² → 0 it is not 1 minus something, and where α → 0
 * neither is α.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const { ornsteinUhlenbeck, varianceExploding } = Schedule
 * const cosine = Schedule.cosine()
 *
 * // What is true of a schedule, by its meaning and not by its name.
 * assert(Schedule.preservesVariance(cosine) && !Schedule.preservesVariance(varianceExploding()))
 * assert(Schedule.isHomogeneous(ornsteinUhlenbeck) && !Schedule.isHomogeneous(cosine))
 *
 * // Worked out once for many times: d log α/dt and g², and the time of a log-SNR.
 * const { level, drift, diffusion, logSnr, timeOfLogSnr } = Schedule.interpret(ornsteinUhlenbeck)
 * const { alpha, sigma } = level(0.5)
 * assert(Math.abs(alpha ** 2 + sigma ** 2 - 1) < 1e-15)
 * assert.deepEqual([drift(0.5), diffusion(0.5)], [-1, 2])
 * assert(Math.abs(timeOfLogSnr(logSnr(0.5)) - 0.5) < 1e-12)
 *
 * // The same noise on another schedule: as large beside the signal.
 * const { time } = Schedule.equalNoise(cosine)({ alpha, sigma })
 * assert(Math.abs(pipe(cosine, Schedule.logSnr(time)) - logSnr(0.5)) < 1e-9)
 *
 * // Another clock, τ = 2t and τ = t²: the same levels at other times. A table of β bends from step to step.
 * const faster = pipe(ornsteinUhlenbeck, Schedule.reparametrized(Schedule.affine({ scale: 2 })))
 * const slower = pipe(ornsteinUhlenbeck, Schedule.reparametrized(Schedule.power(2)))
 * assert.deepEqual(Schedule.level(0.25)(faster), level(0.5))
 * assert.deepEqual(Schedule.level(0.5)(slower), level(0.25))
 * assert.deepEqual(Schedule.kinks(Schedule.betas([0.1, 0.2, 0.3])), [1, 2])
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { reason } from '../../lib/plain/said.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { unfold } from '../../lib/plain/iterate.js'
import * as Clock from './clock.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../core/index.js'
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
   * not, it is found by halving, and the log-SNR is looked at: it has to fall.
   */
  readonly meaning: (fields: Field.Of<F>) => Levels
}

/** Where levels are looked at: the middles of so many equal parts, and both ends. */
const LOOKS = 4225

/**
 * The problems of levels at `LOOKS` times and at both ends: an α or σ that is negative, not finite or not a number, a
 * log-SNR that does not fall from one time to the next, or an error. Between these times nobody looks. Of endless time
 * the shares u stand for t = u/(1 − u), and a signal that has vanished need not fall.
 */
const looked = (name: string, levels: Levels): ReadonlyArray<Problem.Problem> => {
  const { until } = levels
  if (levels.timeOfLogSnr !== undefined) return []
  if (!(until > 0)) return [Problem.of(`until of ${name}`, until, '> 0', 'let time end later than it begins')]
  const { logSnr } = Dynamics_.of(levels)
  const at = (time: number): { readonly time: number } & Level => ({ ...levels.level(time), time })
  return pipe(
    E.tryCatch(
      () => ({
        ends: until === Infinity ? [at(0)] : [at(0), at(until)],
        between: Array.from({ length: LOOKS }, (_, i) => {
          const time = until === Infinity ? (i + 0.5) / (LOOKS - i - 0.5) : (until * (i + 0.5)) / LOOKS
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
          i > 0 && !(logSnr < between[i - 1].logSnr) && !(until === Infinity && between[i - 1].logSnr === -Infinity)
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
const isRight = (schedule: Schedule): boolean => Case.isSound(schedule) && concept.meaning(schedule).isRight()

/** A case, with what it is called when its levels are wrong. */
function made<
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
      field.nested(Case.field(of, name)).every(({ value }) => !concept.is(value) || isRight(value))
    )
  const own = (of: Field.Of<F>): ReadonlyArray<Problem.Problem> => {
    const found = known.get(of)
    if (found !== undefined) return found
    const said = check?.(of) ?? []
    const all = said.length > 0 ? said : looked(called(of), meaning(of))
    if (Object.isFrozen(of)) known.set(of, all)
    return all
  }
  return Case.define('Schedule', {
    ...spec,
    check: of => (hasRightParts(of) ? own(of) : []),
    meaning: (of: Field.Of<F>): Meaning => ({
      dynamics: Dynamics_.of(meaning(of)),
      isRight: () =>
        Object.entries(fields).every(([name, field]) => field.problems(name, Case.field(of, name)).length === 0) &&
        hasRightParts(of) &&
        own(of).length === 0
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
  return made(spec, () => spec.name)
}

// —— clocks ——

export { affine, power, evenLogSnr } from './clock.js'
export type { Clock } from './clock.js'

// —— what is decided by ∫β ——

/** √(1/(1 + e^{−x})): α at the log-SNR x where α² + σ² = 1. */
const rootSigmoid = (x: number): number => Elementary.exp(-Elementary.softplus(-x) / 2)

/** What is decided by B(t) = ∫β, its slope and its inverse. */
interface Accumulated {
  readonly until: number
  readonly total: (time: number) => number
  readonly rate: (time: number) => number
  readonly timeOf: (total: number) => number
}

/** dx = −½β x dt + √β dW: α² = e^{−B}, σ² = 1 − e^{−B}. */
const preserving = ({ until, total, rate, timeOf }: Accumulated): Levels => ({
  until,
  level: time => {
    const B = total(time)
    return { alpha: Elementary.exp(-B / 2), sigma: Math.sqrt(-Elementary.expm1(-B)) }
  },
  logSnr: time => {
    const B = total(time)
    return -(B + Elementary.log(-Elementary.expm1(-B)))
  },
  timeOfLogSnr: logSnr => timeOf(Elementary.softplus(-logSnr)),
  drift: time => -rate(time) / 2,
  diffusion: rate,
  preservesVariance: true
})

/** A rate of noise that grows from `betaMin` at time 0 to `betaMax` at time 1. */
const betaFields = {
  /** β at time 0. */
  betaMin: Field.notNegative({ default: 0.1 }),
  /** β at time 1. */
  betaMax: Field.positive({ default: 20 })
}

const grows = ({ betaMin, betaMax }: Field.Of<typeof betaFields>): ReadonlyArray<Problem.Problem> =>
  Problem.unless(betaMax >= betaMin, 'betaMax', betaMax, `≥ betaMin = ${betaMin}`, `try ${Math.max(20, betaMin)}`)

const linearRate = ({ betaMin, betaMax }: Field.Of<typeof betaFields>): Accumulated => {
  const slope = betaMax - betaMin
  return {
    until: 1,
    total: time => time * (betaMin + (slope * time) / 2),
    rate: time => betaMin + slope * time,
    timeOf: B => (B > 0 ? (2 * B) / (betaMin + Math.sqrt(betaMin * betaMin + 2 * slope * B)) : 0)
  }
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
    ...preserving({ until: Infinity, total: time => 2 * time, rate: () => 2, timeOf: B => B / 2 }),
    homogeneous: true
  })
})

/**
 * Variance preserving with a linear rate: dx = −½β x dt + √β dW, β(t) = β_min + t (β_max − β_min), t in [0, 1], so
 * α = exp(−½∫β), σ² = 1 − exp(−∫β) (Song et al. 2021, arXiv 2011.13456, appendix C; the continuous DDPM).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const { alpha, sigma } = pipe(Schedule.vpLinear({ betaMin: 0.1, betaMax: 20 }), Schedule.level(1))
 * assert.ok(Math.abs(alpha - Math.exp(-10.05 / 2)) < 1e-15)
 * assert.ok(Math.abs(alpha ** 2 + sigma ** 2 - 1) < 1e-15)
 */
export const vpLinear = define({
  name: 'vpLinear',
  about: 'variance preserving, a linear rate: continuous DDPM (arXiv 2011.13456)',
  fields: betaFields,
  check: grows,
  formula: ({ betaMin, betaMax }) => `α² = exp(−∫β), σ² = 1 − exp(−∫β), β = ${betaMin} + ${betaMax - betaMin} t`,
  meaning: rate => preserving(linearRate(rate))
})

/**
 * ᾱ = α² = f(t)/f(0), f(t) = cos²(½π (t + s)/(1 + s)), σ² = 1 − α², t in [0, 1], with offset s (Nichol & Dhariwal 2021,
 * arXiv 2102.09672, equation 17). Continuous in time, so no β is clipped: α = 0 at t = 1.
 */
export const cosine = define({
  name: 'cosine',
  about: 'improved DDPM (arXiv 2102.09672)',
  fields: {
    /** Keeps the noise near time 0 from being too small. */
    offset: Field.notNegative({ default: 0.008 })
  },
  formula: ({ offset }) => `α = cos(½π (t + ${offset})/${1 + offset}) / cos(½π ${offset}/${1 + offset}), σ² = 1 − α²`,
  meaning: ({ offset }) => {
    // θ = (t + s)c is the angle, (1 − t)c what is left of it to ½π, sc where it starts.
    const c = Math.PI / 2 / (1 + offset)
    const start = Elementary.cos(offset * c)
    const alphaOf = (time: number): number => Elementary.sin((1 - time) * c) / start
    // cos²θ_0 − cos²θ = sin(θ − θ_0) sin(θ + θ_0)
    const noise = (time: number): number => Elementary.sin(time * c) * Elementary.sin((time + 2 * offset) * c)
    // tan θ, from whichever end is nearer.
    const tangent = (time: number): number =>
      time < 0.5 ? Elementary.tan((time + offset) * c) : 1 / Elementary.tan((1 - time) * c)
    const [sine, cosine] = [Elementary.sin(2 * offset * c), Elementary.cos(2 * offset * c)]
    return {
      until: 1,
      level: time => ({ alpha: alphaOf(time), sigma: Math.sqrt(noise(time)) / start }),
      logSnr: time => 2 * Elementary.log(Elementary.sin((1 - time) * c)) - Elementary.log(noise(time)),
      timeOfLogSnr: logSnr => {
        if (logSnr < 0) return 1 - Elementary.asin(start * rootSigmoid(logSnr)) / c
        // sin δ sin(δ + 2θ_0) = q for δ = θ − θ_0, a quadratic equation in tan δ.
        const q = Elementary.square(start * rootSigmoid(-logSnr))
        return Elementary.atan2(2 * q, sine + Math.sqrt(sine * sine + 4 * q * (cosine - q))) / c
      },
      drift: time => -c * tangent(time),
      diffusion: time => 2 * c * tangent(time),
      preservesVariance: true
    }
  }
})

/**
 * Below variance preserving: α = exp(−½∫β), σ = 1 − exp(−∫β), β as in `vpLinear`, t in [0, 1], so
 * g² = β (1 − exp(−2∫β)) (Song et al. 2021, arXiv 2011.13456, §3.4).
 */
export const subVp = define({
  name: 'subVp',
  about: 'below variance preserving (arXiv 2011.13456)',
  fields: betaFields,
  check: grows,
  formula: ({ betaMin, betaMax }) => `α² = exp(−∫β), σ = 1 − exp(−∫β), β = ${betaMin} + ${betaMax - betaMin} t`,
  meaning: ({ betaMin, betaMax }) => {
    const { until, total, rate, timeOf } = linearRate({ betaMin, betaMax })
    return {
      until,
      level: time => ({ alpha: Elementary.exp(-total(time) / 2), sigma: -Elementary.expm1(-total(time)) }),
      logSnr: time => -total(time) - 2 * Elementary.log(-Elementary.expm1(-total(time))),
      // σ/α = 2 sinh(B/2), solved without overflow where it is great.
      timeOfLogSnr: logSnr =>
        timeOf(
          logSnr > 0
            ? 2 * Elementary.asinh(Elementary.exp(-logSnr / 2) / 2)
            : 2 * Elementary.log((1 + Math.sqrt(1 + 4 * Elementary.exp(logSnr))) / 2) - logSnr
        ),
      drift: time => -rate(time) / 2,
      diffusion: time => -rate(time) * Elementary.expm1(-2 * total(time))
    }
  }
})

/**
 * The signal stays and the noise grows geometrically: α = 1, σ = σ_min (σ_max/σ_min)^t, t in [0, 1] (Song et al. 2021,
 * arXiv 2011.13456, §3.4). At time 0 there is already the noise σ_min.
 */
export const varianceExploding = define({
  name: 'varianceExploding',
  about: 'geometric noise, the signal stays (arXiv 2011.13456)',
  fields: {
    /** σ at time 0. */
    sigmaMin: Field.positive({ default: 0.01 }),
    /** σ at time 1. */
    sigmaMax: Field.positive({ default: 50 })
  },
  check: ({ sigmaMin, sigmaMax }) =>
    Problem.unless(
      sigmaMax > sigmaMin,
      'sigmaMax',
      sigmaMax,
      `> sigmaMin = ${sigmaMin}`,
      `try ${Math.max(50, 2 * sigmaMin)}`
    ),
  formula: ({ sigmaMin, sigmaMax }) => `α = 1, σ = ${sigmaMin} · ${sigmaMax / sigmaMin}^t`,
  meaning: ({ sigmaMin, sigmaMax }) => {
    const growth = Elementary.log(sigmaMax / sigmaMin)
    const sigma = (time: number): number => sigmaMin * Elementary.exp(growth * time)
    return {
      until: 1,
      level: time => ({ alpha: 1, sigma: sigma(time) }),
      logSnr: time => -2 * (Elementary.log(sigmaMin) + growth * time),
      timeOfLogSnr: logSnr => (-logSnr / 2 - Elementary.log(sigmaMin)) / growth,
      drift: () => 0,
      diffusion: time => 2 * growth * Elementary.square(sigma(time))
    }
  }
})

/** Time is the noise itself: α = 1, σ = t, t ≥ 0 (Karras et al. 2022, arXiv 2206.00364, table 1). */
export const edm = define({
  name: 'edm',
  about: 'time is the noise itself (arXiv 2206.00364)',
  formula: () => 'α = 1, σ = t',
  meaning: () => ({
    until: Infinity,
    level: time => ({ alpha: 1, sigma: time }),
    logSnr: time => -2 * Elementary.log(time),
    timeOfLogSnr: logSnr => Elementary.exp(-logSnr / 2),
    drift: () => 0,
    diffusion: time => 2 * time
  })
})

/** The straight line from data to noise: α = 1 − t, σ = t, t in [0, 1] (Liu et al. 2022, arXiv 2209.03003). */
export const rectifiedFlow = define({
  name: 'rectifiedFlow',
  about: 'a straight line from data to noise (arXiv 2209.03003)',
  formula: () => 'α = 1 − t, σ = t',
  meaning: () => ({
    until: 1,
    level: time => ({ alpha: 1 - time, sigma: time }),
    logSnr: time => 2 * (Elementary.log1p(-time) - Elementary.log(time)),
    timeOfLogSnr: logSnr => 1 / (1 + Elementary.exp(logSnr / 2)),
    drift: time => -1 / (1 - time),
    diffusion: time => (2 * time) / (1 - time)
  })
})

/** The last of rising numbers that is at most x, by halving [lo, hi): the first, if none is. */
const lastAtMost = (rising: Float64Array, x: number, lo: number, hi: number): number => {
  const middle = (lo + hi) >> 1
  return hi - lo <= 1 ? lo : rising[middle] <= x ? lastAtMost(rising, x, middle, hi) : lastAtMost(rising, x, lo, middle)
}

/** B is the sum of −log(1 − β_i), and linear between whole times. */
const stepwise = (betas: ReadonlyArray<number>): Accumulated => {
  const rates = Float64Array.from(betas, beta => -Elementary.log1p(-beta))
  const sums = Float64Array.from(
    unfold({ step: 0, total: 0 }, ({ step, total }) =>
      step < rates.length ? { step: step + 1, total: total + rates[step] } : null
    ),
    ({ total }) => total
  )
  const stepAt = (time: number): number => Math.max(0, Math.min(Math.floor(time), rates.length - 1))
  return {
    until: rates.length,
    total: time => {
      const n = stepAt(time)
      return sums[n] + (time - n) * rates[n]
    },
    rate: time => rates[stepAt(time)],
    timeOf: B => {
      const n = lastAtMost(sums, B, 0, rates.length)
      return n + (B - sums[n]) / rates[n]
    }
  }
}

const showList = (values: ReadonlyArray<number>): string =>
  values.length <= 8 ? values.join(', ') : `${values.slice(0, 3).join(', ')}, …, ${values[values.length - 1]}`

const beta = Field.leaf({
  is: (u): u is number => typeof u === 'number',
  holds: beta => beta > 0 && beta < 1,
  domain: 'in (0, 1)',
  remedy: 'keep some of the signal, and add some noise',
  arbitrary: fc => fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
  sample: 0.1
})
const each = Field.array(beta)
const table: typeof each = {
  ...each,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one β', 'try Schedule.linearBetas')]
      : each.problems(name, given),
  show: given => (each.is(given) ? `[${showList(given)}]` : JSON.stringify(given))
}

/**
 * The discrete DDPM of a table β_1 … β_N: after n steps α² = Π_{i ≤ n} (1 − β_i), σ² = 1 − α² (Ho et al. 2020, arXiv
 * 2006.11239). Time counts steps, t in [0, N]; between whole numbers log α is linear, which is the process whose rate
 * is constant through a step. (Libraries that count from 0 call t = 1 their step 0.)
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const ddpm = Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))
 * const { alpha } = pipe(ddpm, Schedule.level(1))
 * assert.ok(Math.abs(alpha ** 2 - (1 - 1e-4)) < 1e-15)
 */
export const betas = define({
  name: 'betas',
  about: 'the discrete DDPM of a table of β (arXiv 2006.11239)',
  fields: {
    /** β of each step of the chain. */
    betas: table
  },
  call: ['betas'],
  example: { betas: [0.1, 0.2, 0.3] },
  formula: ({ betas }) => `α² = Π (1 − β_i) over the first t of ${betas.length} steps, σ² = 1 − α²`,
  meaning: ({ betas }) => ({
    ...preserving(stepwise(betas)),
    // Where one rate follows another.
    kinks: () => betas.slice(1).map((_, i) => i + 1)
  })
})

interface Table {
  readonly steps: number
  readonly first: number
  readonly last: number
}

const spaced = ({ steps, first, last }: Table): ReadonlyArray<number> =>
  Array.from({ length: steps }, (_, i) => (steps === 1 ? first : first + ((last - first) * i) / (steps - 1)))

/** Evenly spaced β, as in DDPM: 1000 steps from 1e-4 to 0.02 (Ho et al. 2020). */
export const linearBetas = spaced

/** Evenly spaced √β, as in latent diffusion: 1000 steps from 0.00085 to 0.012 (Rombach et al. 2022). */
export const scaledLinearBetas = ({ steps, first, last }: Table): ReadonlyArray<number> =>
  spaced({ steps, first: Math.sqrt(first), last: Math.sqrt(last) }).map(root => root * root)

/** β_i = min(1 − ᾱ_i/ᾱ_{i−1}, 0.999) of the cosine schedule (Nichol & Dhariwal 2021, equation 17). */
export const cosineBetas = ({
  steps,
  offset = 0.008
}: {
  readonly steps: number
  readonly offset?: number
}): ReadonlyArray<number> => {
  const smooth = cosine({ offset })
  const signals = Array.from({ length: steps + 1 }, (_, i) => Elementary.square(pipe(smooth, level(i / steps)).alpha))
  return Array.from({ length: steps }, (_, i) => Math.min(1 - signals[i + 1] / signals[i], 0.999))
}

/**
 * The same levels of noise at other times: at time t those of `schedule` at τ(t), τ the clock.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule } from 'ornstein'
 *
 * const even = pipe(Schedule.cosine(), Schedule.reparametrized(Schedule.evenLogSnr({ from: 10, to: -10 })))
 * assert.equal(pipe(even, Schedule.logSnr(0.75)), -5)
 */
export const reparametrized = define({
  name: 'reparametrized',
  about: 'the same levels on another clock: Schedule.affine, Schedule.power, Schedule.evenLogSnr or your own',
  fields: {
    /** Which time of the schedule is met when. */
    clock: Field.of(Clock.concept),
    /** Whose time runs otherwise. */
    schedule: Field.of(concept)
  },
  call: ['clock'],
  on: 'schedule',
  example: { clock: Clock.affine({ scale: 2, shift: 0.01 }) },
  formula: ({ clock, schedule }) => `${Case.formula(schedule)}, at ${Clock.formula(clock)} in place of t`,
  check: ({ clock, schedule }) =>
    Case.isSound(clock) ? Case.meaning(clock).misfits(interpret(schedule)).map(Problem.within('clock')) : [],
  meaning: ({ clock, schedule }) => {
    const own = interpret(schedule)
    const { until, time, rate, inverse, logSnr } = Clock.interpret(own)(clock)
    const timeOf = logSnr?.inverse ?? ((logSnr: number): number => inverse(own.timeOfLogSnr(logSnr)))
    return {
      until,
      level: t => own.level(time(t)),
      // By the clock's own words where it speaks of log-SNR.
      logSnr: logSnr?.at ?? (t => own.logSnr(time(t))),
      timeOfLogSnr: timeOf,
      drift: t => rate(t) * own.drift(time(t)),
      // dλ/dt = −g²/σ²
      diffusion:
        logSnr === undefined
          ? t => rate(t) * own.diffusion(time(t))
          : t => -logSnr.slope(t) * Elementary.square(own.level(time(t)).sigma),
      kinks: () =>
        own
          .kinks()
          .map(time => timeOf(own.logSnr(time)))
          // The clock need not reach them all.
          .filter(time => time > 0 && time < until),
      preservesVariance: own.preservesVariance
    }
  },
  // The first version called a clock by another name.
  earlier: json => {
    const clock = Case.field(json, 'clock')
    return typeof json === 'object' && typeof clock === 'object' && Case.field(clock, '_tag') === 'LogSnr'
      ? { ...json, clock: { ...clock, _tag: 'evenLogSnr' } }
      : json
  }
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
export const custom = made(
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
  (schedule: Schedule): Level =>
    interpret(schedule).level(time)

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
  Dynamics_.logSnrRange(interpret(schedule))

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

/** Whether α² + σ² = 1 at all times; false of one's own that does not say so. */
export const preservesVariance = (schedule: Schedule): boolean => interpret(schedule).preservesVariance

/** The times at which α and σ have no derivative, rising; none of one's own that does not say so. */
export const kinks = (schedule: Schedule): ReadonlyArray<number> => interpret(schedule).kinks()

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
    const last = until(schedule)
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

export const all: ReadonlyArray<Vocabulary.Entry> = [
  ornsteinUhlenbeck,
  vpLinear,
  cosine,
  subVp,
  varianceExploding,
  edm,
  rectifiedFlow,
  betas,
  reparametrized,
  custom
]

/** Tables of β, each with the schedule that it gives: a thousand levels, computed for whoever looks at them. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Schedule>> = [
  {
    name: 'Schedule.linearBetas',
    about: 'a table of β: even, as in DDPM (arXiv 2006.11239)',
    get example() {
      return betas(linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))
    },
    code: 'Schedule.betas(Schedule.linearBetas({ steps: 1000, first: 1e-4, last: 0.02 }))'
  },
  {
    name: 'Schedule.scaledLinearBetas',
    about: 'a table of β: even √β, as in latent diffusion (arXiv 2112.10752)',
    get example() {
      return betas(scaledLinearBetas({ steps: 1000, first: 0.00085, last: 0.012 }))
    },
    code: 'Schedule.betas(Schedule.scaledLinearBetas({ steps: 1000, first: 0.00085, last: 0.012 }))'
  },
  {
    name: 'Schedule.cosineBetas',
    about: 'a table of β: that of the cosine schedule, clipped (arXiv 2102.09672)',
    get example() {
      return betas(cosineBetas({ steps: 1000 }))
    },
    code: 'Schedule.betas(Schedule.cosineBetas({ steps: 1000 }))'
  }
]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Schedule, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
