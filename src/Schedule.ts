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
import * as t from 'io-ts'
import * as Elementary from '../lib/elementary.js'
import { unfold } from '../lib/iterate.js'
import * as Params from './Params.js'
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

/** A rate of noise that grows from `betaMin` at time 0 to `betaMax` at time 1. */
interface LinearRate {
  readonly betaMin: number
  readonly betaMax: number
}

export interface VpLinear extends LinearRate {
  readonly _tag: 'VpLinear'
}

export interface SubVp extends LinearRate {
  readonly _tag: 'SubVp'
}

export interface Cosine {
  readonly _tag: 'Cosine'
  readonly offset: number
}

export interface VarianceExploding {
  readonly _tag: 'VarianceExploding'
  readonly sigmaMin: number
  readonly sigmaMax: number
}

export interface Edm {
  readonly _tag: 'Edm'
}

export interface RectifiedFlow {
  readonly _tag: 'RectifiedFlow'
}

export interface Betas {
  readonly _tag: 'Betas'
  readonly betas: ReadonlyArray<number>
}

export interface Reparametrized {
  readonly _tag: 'Reparametrized'
  readonly clock: Clock
  readonly schedule: Schedule
}

export interface Custom {
  readonly _tag: 'Custom'
  readonly name: string
  readonly alpha: (time: number) => number
  readonly sigma: (time: number) => number
  /** The last time at which the schedule is defined; the first is 0. */
  readonly until: number
}

export type Schedule =
  | OrnsteinUhlenbeck
  | VpLinear
  | Cosine
  | SubVp
  | VarianceExploding
  | Edm
  | RectifiedFlow
  | Betas
  | Reparametrized
  | Custom

/** What a schedule means. Times run over [0, until]. */
export interface Dynamics {
  readonly until: number
  readonly level: (time: number) => Level
  readonly logSnr: (time: number) => number
  readonly timeOfLogSnr: (logSnr: number) => number
  /** d log α / dt */
  readonly drift: (time: number) => number
  /** g² = dσ²/dt − 2 (d log α/dt) σ² */
  readonly diffusion: (time: number) => number
  /** Whether α² + σ² = 1 at all times. */
  readonly preservesVariance: boolean
  readonly formula: string
  readonly code: string
}

// —— clocks ——

export interface Affine {
  readonly _tag: 'Affine'
  readonly scale: number
  readonly shift: number
}

export interface Power {
  readonly _tag: 'Power'
  readonly exponent: number
}

export interface LogSnr {
  readonly _tag: 'LogSnr'
  readonly from: number
  readonly to: number
}

/** A change of time: τ, the schedule's own time, as a growing function of a new time t. */
export type Clock = Affine | Power | LogSnr

/** τ = scale · t + shift; a shift > 0 starts the schedule later. */
export const affine = ({ scale, shift = 0 }: { readonly scale: number; readonly shift?: number }): Clock => ({
  _tag: 'Affine',
  scale,
  shift
})

/** τ = t^exponent: above 1, time dwells where there is little noise. */
export const power = (exponent: number): Clock => ({ _tag: 'Power', exponent })

/** The log-SNR falls evenly from `from` at t = 0 to `to` at t = 1 (Kingma et al. 2021, arXiv 2107.00630, §3). */
export const evenLogSnr = ({ from, to }: { readonly from: number; readonly to: number }): Clock => ({
  _tag: 'LogSnr',
  from,
  to
})

const foldClock = Tagged.fold<Clock>()

// —— constructors ——

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
export const vpLinear = ({ betaMin = 0.1, betaMax = 20 }: Partial<LinearRate> = {}): Schedule => ({
  _tag: 'VpLinear',
  betaMin,
  betaMax
})

/**
 * ᾱ = α² = f(t)/f(0), f(t) = cos²(½π (t + s)/(1 + s)), σ² = 1 − α², t in [0, 1], with offset s (Nichol & Dhariwal 2021,
 * arXiv 2102.09672, equation 17). Continuous in time, so no β is clipped: α = 0 at t = 1.
 */
export const cosine = ({ offset = 0.008 }: { readonly offset?: number } = {}): Schedule => ({ _tag: 'Cosine', offset })

/**
 * Below variance preserving: α = exp(−½∫β), σ = 1 − exp(−∫β), β as in `vpLinear`, t in [0, 1], so
 * g² = β (1 − exp(−2∫β)) (Song et al. 2021, arXiv 2011.13456, §3.4).
 */
export const subVp = ({ betaMin = 0.1, betaMax = 20 }: Partial<LinearRate> = {}): Schedule => ({
  _tag: 'SubVp',
  betaMin,
  betaMax
})

/**
 * The signal stays and the noise grows geometrically: α = 1, σ = σ_min (σ_max/σ_min)^t, t in [0, 1] (Song et al. 2021,
 * arXiv 2011.13456, §3.4). At time 0 there is already the noise σ_min.
 */
export const varianceExploding = ({
  sigmaMin = 0.01,
  sigmaMax = 50
}: Partial<Omit<VarianceExploding, '_tag'>> = {}): Schedule => ({ _tag: 'VarianceExploding', sigmaMin, sigmaMax })

/** Time is the noise itself: α = 1, σ = t, t ≥ 0 (Karras et al. 2022, arXiv 2206.00364, table 1). */
export const edm: Schedule = { _tag: 'Edm' }

/** The straight line from data to noise: α = 1 − t, σ = t, t in [0, 1] (Liu et al. 2022, arXiv 2209.03003). */
export const rectifiedFlow: Schedule = { _tag: 'RectifiedFlow' }

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
export const betas = (betas: ReadonlyArray<number>): Schedule => ({ _tag: 'Betas', betas })

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
  const signal = (i: number): number => Elementary.square(pipe(cosine({ offset }), level(i / steps)).alpha)
  return Array.from({ length: steps }, (_, i) => Math.min(1 - signal(i + 1) / signal(i), 0.999))
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
export const reparametrized =
  (clock: Clock) =>
  (schedule: Schedule): Schedule => ({ _tag: 'Reparametrized', clock, schedule })

/**
 * A schedule of one's own from α and σ as functions of time on [0, until], both ≥ 0 and finite. Its log-SNR must fall
 * strictly, which is checked at 4225 times, the signs at both ends too, and nowhere else. Drift and diffusion are taken
 * by differences of α and σ², to 10⁻⁷ of themselves and of 1/`until` where these are smooth, up to both ends and at them.
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
export const custom = (description: Omit<Custom, '_tag'>): Schedule => ({ _tag: 'Custom', ...description })

export const fold = Tagged.fold<Schedule>()

// —— meaning ——

/** The middle of an interval is halved until doubles can halve it no more: monotone functions only, never fails. */
const bisect = (above: (x: number) => boolean, lo: number, hi: number): number => {
  const middle = lo + (hi - lo) / 2
  return middle <= lo || middle >= hi ? middle : above(middle) ? bisect(above, middle, hi) : bisect(above, lo, middle)
}

/**
 * The derivative at x in [0, until] of the quartic through five points around x: error h⁴ f⁗′/30 and ε f/h. Steps are a
 * share of the distance δ to the nearer end, where f may be a power of δ; nearer to it than 2h, the points stay inside
 * and the derivative is taken off their centre.
 */
const derivative =
  (f: (x: number) => number, until: number) =>
  (x: number): number => {
    const apart = Math.min(x, until - x)
    const unit = Math.min(until, 1)
    const h = Math.min(Math.max(1e-3 * Math.min(apart, 2), Math.min(1e-2 * apart, 1e-6 * unit), 1e-8 * unit), until / 8)
    const centre = Math.min(Math.max(x, 2 * h), until - 2 * h)
    const s = (x - centre) / h
    const at = (k: number): number => f(centre + k * h)
    // The derivatives at s of Lagrange's polynomials on −2, …, 2.
    const [s2, s3] = [s * s, s * s * s]
    const outer = (2 * s3 - s) * (at(2) + at(-2)) + (3 * s2 - 1) * (at(2) - at(-2))
    const inner = (4 * s3 - 8 * s) * (at(1) + at(-1)) + (3 * s2 - 4) * (at(1) - at(-1))
    return (outer / 12 - inner / 6 + (s3 - 2.5 * s) * at(0)) / h
  }

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
const preserving = ({ until, total, rate, timeOf }: Accumulated): Omit<Dynamics, 'formula' | 'code'> => ({
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

const linearRate = ({ betaMin, betaMax }: LinearRate): Accumulated => {
  const slope = betaMax - betaMin
  return {
    until: 1,
    total: time => time * (betaMin + (slope * time) / 2),
    rate: time => betaMin + slope * time,
    timeOf: B => (B > 0 ? (2 * B) / (betaMin + Math.sqrt(betaMin * betaMin + 2 * slope * B)) : 0)
  }
}

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

/** A clock on a schedule: τ(t), its slope, and t(τ). */
interface Ticking {
  readonly until: number
  readonly time: (t: number) => number
  readonly rate: (t: number) => number
  readonly inverse: (time: number) => number
  readonly formula: string
  readonly code: string
}

const ticking = ({ until, level, diffusion, logSnr, timeOfLogSnr }: Dynamics): ((clock: Clock) => Ticking) =>
  foldClock<Ticking>({
    Affine: ({ scale, shift }) => ({
      until: (until - shift) / scale,
      time: t => scale * t + shift,
      rate: () => scale,
      inverse: time => (time - shift) / scale,
      formula: shift === 0 ? `${scale} t` : `${scale} t + ${shift}`,
      code: `Schedule.affine({ scale: ${scale}, shift: ${shift} })`
    }),
    Power: ({ exponent }) => ({
      until: Elementary.pow(until, 1 / exponent),
      time: t => Elementary.pow(t, exponent),
      rate: t => exponent * Elementary.pow(t, exponent - 1),
      inverse: time => Elementary.pow(time, 1 / exponent),
      formula: `t^${exponent}`,
      code: `Schedule.power(${exponent})`
    }),
    LogSnr: ({ from, to }) => {
      const time = (t: number): number => timeOfLogSnr(from + (to - from) * t)
      return {
        until: 1,
        time,
        // dλ/dτ = −g²/σ²
        rate: t => ((from - to) * Elementary.square(level(time(t)).sigma)) / diffusion(time(t)),
        inverse: time => (logSnr(time) - from) / (to - from),
        formula: `the time of log-SNR ${from} + ${to - from} t`,
        code: `Schedule.evenLogSnr({ from: ${from}, to: ${to} })`
      }
    }
  })

const showList = (values: ReadonlyArray<number>): string =>
  values.length <= 8 ? values.join(', ') : `${values.slice(0, 3).join(', ')}, …, ${values[values.length - 1]}`

/** What a schedule means, worked out once for many times. */
export const interpret: (schedule: Schedule) => Dynamics = fold<Dynamics>({
  OrnsteinUhlenbeck: () => ({
    ...preserving({ until: Infinity, total: time => 2 * time, rate: () => 2, timeOf: B => B / 2 }),
    formula: 'α = exp(−t), σ² = 1 − exp(−2t)',
    code: 'Schedule.ornsteinUhlenbeck'
  }),
  VpLinear: ({ betaMin, betaMax }) => ({
    ...preserving(linearRate({ betaMin, betaMax })),
    formula: `α² = exp(−∫β), σ² = 1 − exp(−∫β), β = ${betaMin} + ${betaMax - betaMin} t`,
    code: `Schedule.vpLinear({ betaMin: ${betaMin}, betaMax: ${betaMax} })`
  }),
  Cosine: ({ offset }) => {
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
      preservesVariance: true,
      formula: `α = cos(½π (t + ${offset})/${1 + offset}) / cos(½π ${offset}/${1 + offset}), σ² = 1 − α²`,
      code: `Schedule.cosine({ offset: ${offset} })`
    }
  },
  SubVp: ({ betaMin, betaMax }) => {
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
      diffusion: time => -rate(time) * Elementary.expm1(-2 * total(time)),
      preservesVariance: false,
      formula: `α² = exp(−∫β), σ = 1 − exp(−∫β), β = ${betaMin} + ${betaMax - betaMin} t`,
      code: `Schedule.subVp({ betaMin: ${betaMin}, betaMax: ${betaMax} })`
    }
  },
  VarianceExploding: ({ sigmaMin, sigmaMax }) => {
    const growth = Elementary.log(sigmaMax / sigmaMin)
    const sigma = (time: number): number => sigmaMin * Elementary.exp(growth * time)
    return {
      until: 1,
      level: time => ({ alpha: 1, sigma: sigma(time) }),
      logSnr: time => -2 * (Elementary.log(sigmaMin) + growth * time),
      timeOfLogSnr: logSnr => (-logSnr / 2 - Elementary.log(sigmaMin)) / growth,
      drift: () => 0,
      diffusion: time => 2 * growth * Elementary.square(sigma(time)),
      preservesVariance: false,
      formula: `α = 1, σ = ${sigmaMin} · ${sigmaMax / sigmaMin}^t`,
      code: `Schedule.varianceExploding({ sigmaMin: ${sigmaMin}, sigmaMax: ${sigmaMax} })`
    }
  },
  Edm: () => ({
    until: Infinity,
    level: time => ({ alpha: 1, sigma: time }),
    logSnr: time => -2 * Elementary.log(time),
    timeOfLogSnr: logSnr => Elementary.exp(-logSnr / 2),
    drift: () => 0,
    diffusion: time => 2 * time,
    preservesVariance: false,
    formula: 'α = 1, σ = t',
    code: 'Schedule.edm'
  }),
  RectifiedFlow: () => ({
    until: 1,
    level: time => ({ alpha: 1 - time, sigma: time }),
    logSnr: time => 2 * (Elementary.log1p(-time) - Elementary.log(time)),
    timeOfLogSnr: logSnr => 1 / (1 + Elementary.exp(logSnr / 2)),
    drift: time => -1 / (1 - time),
    diffusion: time => (2 * time) / (1 - time),
    preservesVariance: false,
    formula: 'α = 1 − t, σ = t',
    code: 'Schedule.rectifiedFlow'
  }),
  Betas: ({ betas }) => ({
    ...preserving(stepwise(betas)),
    formula: `α² = Π (1 − β_i) over the first t of ${betas.length} steps, σ² = 1 − α²`,
    code: `Schedule.betas([${showList(betas)}])`
  }),
  Reparametrized: ({ clock, schedule }) => {
    const own = interpret(schedule)
    const { until, time, rate, inverse, formula, code } = ticking(own)(clock)
    return {
      until,
      level: t => own.level(time(t)),
      // By the clock's own words where it speaks of log-SNR.
      logSnr: clock._tag === 'LogSnr' ? t => clock.from + (clock.to - clock.from) * t : t => own.logSnr(time(t)),
      timeOfLogSnr:
        clock._tag === 'LogSnr'
          ? logSnr => (logSnr - clock.from) / (clock.to - clock.from)
          : logSnr => inverse(own.timeOfLogSnr(logSnr)),
      drift: t => rate(t) * own.drift(time(t)),
      diffusion:
        clock._tag === 'LogSnr'
          ? t => (clock.from - clock.to) * Elementary.square(own.level(time(t)).sigma)
          : t => rate(t) * own.diffusion(time(t)),
      preservesVariance: own.preservesVariance,
      formula: `${own.formula}, at ${formula} in place of t`,
      code: `Schedule.reparametrized(${code})(${own.code})`
    }
  },
  Custom: ({ name, alpha, sigma, until }) => {
    const logSnr = (time: number): number => 2 * (Elementary.log(alpha(time)) - Elementary.log(sigma(time)))
    const [slope, logSlope] = [derivative(alpha, until), derivative(time => Elementary.log(alpha(time)), until)]
    // log α is nearer to a polynomial where α falls fast, and has no value at an end without signal.
    const drift = (time: number): number =>
      Math.min(time, until - time) > 1e-6 * Math.min(until, 1) ? logSlope(time) : slope(time) / alpha(time)
    const growth = derivative(time => Elementary.square(sigma(time)), until)
    return {
      until,
      level: time => ({ alpha: alpha(time), sigma: sigma(time) }),
      logSnr,
      timeOfLogSnr: target => bisect(time => logSnr(time) > target, 0, until),
      drift,
      diffusion: time => growth(time) - 2 * drift(time) * Elementary.square(sigma(time)),
      preservesVariance: false,
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
export const logSnrRange = (schedule: Schedule): { readonly greatest: number; readonly least: number } => {
  const { logSnr, until } = interpret(schedule)
  return { greatest: logSnr(0), least: until === Infinity ? -Infinity : logSnr(until) }
}

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

/** Whether α² + σ² = 1 at all times; of a custom schedule, which alone knows, false. */
export const preservesVariance = (schedule: Schedule): boolean => interpret(schedule).preservesVariance

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
export const show = (schedule: Schedule): string => interpret(schedule).code
/** The schedule as mathematics. */
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

const linearRateProblems = ({ betaMin, betaMax }: LinearRate): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(betaMin >= 0 && betaMin < Infinity, 'betaMin', betaMin, '≥ 0 and finite', 'try 0.1'),
  ...Problem.unless(
    betaMax > 0 && betaMax >= betaMin && betaMax < Infinity,
    'betaMax',
    betaMax,
    `> 0, ≥ betaMin = ${betaMin} and finite`,
    'try 20'
  )
]

const clockProblems = (schedule: Schedule): ((clock: Clock) => ReadonlyArray<Problem.Problem>) =>
  foldClock<ReadonlyArray<Problem.Problem>>({
    Affine: ({ scale, shift }) => {
      const last = until(schedule)
      return [
        ...Problem.positive('scale', scale, 1),
        ...Problem.unless(
          shift >= 0 && shift < last,
          'shift',
          shift,
          `in [0, ${last}), the schedule's own times`,
          'leave it out'
        )
      ]
    },
    Power: ({ exponent }) => Problem.positive('exponent', exponent, 2),
    LogSnr: ({ from, to }) => {
      const { greatest, least } = logSnrRange(schedule)
      return [
        ...Problem.unless(
          from <= greatest && from < Infinity,
          'from',
          from,
          `finite and ≤ ${greatest}, the log-SNR at time 0`,
          `try ${Math.min(10, greatest)}`
        ),
        ...Problem.unless(
          to >= least && to > -Infinity,
          'to',
          to,
          `finite and ≥ ${least}, the log-SNR at the last time`,
          `try ${Math.max(-10, least)}`
        ),
        ...Problem.unless(to < from, 'to', to, `< from = ${from}`, 'let the log-SNR fall')
      ]
    }
  })

/** Where a custom schedule is looked at: the middles of so many equal parts, and both ends. */
const LOOKS = 4225

/**
 * What is wrong with a custom schedule at `LOOKS` times and at both ends: an α or σ that is negative, not finite or not
 * a number, a log-SNR that does not fall from one time to the next, or an error. Between these times nobody looks.
 */
const customProblems = (schedule: Custom): ReadonlyArray<Problem.Problem> => {
  const { until, name, alpha, sigma } = schedule
  const own = Problem.positive('until', until, 1)
  if (own.length > 0) return own
  const at = (time: number): { readonly time: number } & Level => ({ time, alpha: alpha(time), sigma: sigma(time) })
  return pipe(
    E.tryCatch(
      () => ({
        ends: [at(0), at(until)],
        between: Array.from({ length: LOOKS }, (_, i) => at((until * (i + 0.5)) / LOOKS))
      }),
      error => [
        Problem.of(
          `alpha, sigma of ${name}`,
          `an error, "${error instanceof Error ? error.message : String(error)}",`,
          'a number ≥ 0 and finite',
          'return one for every time in [0, until]'
        )
      ]
    ),
    E.map(({ ends, between }) => {
      const isLevel = (x: unknown): boolean => typeof x === 'number' && x >= 0 && x < Infinity
      const bad = [...between, ...ends].find(({ alpha, sigma }) => !isLevel(alpha) || !isLevel(sigma))
      const logSnrs = between.map(({ alpha, sigma }) => 2 * (Elementary.log(alpha) - Elementary.log(sigma)))
      const rising = logSnrs.findIndex((logSnr, i) => i > 0 && !(logSnr < logSnrs[i - 1]))
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
                logSnrs[rising],
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

export const problems: (schedule: Schedule) => ReadonlyArray<Problem.Problem> = fold<ReadonlyArray<Problem.Problem>>({
  OrnsteinUhlenbeck: () => [],
  VpLinear: linearRateProblems,
  SubVp: linearRateProblems,
  Cosine: ({ offset }) =>
    Problem.unless(offset >= 0 && offset < Infinity, 'offset', offset, '≥ 0 and finite', 'try 0.008'),
  VarianceExploding: ({ sigmaMin, sigmaMax }) => [
    ...Problem.positive('sigmaMin', sigmaMin, 0.01),
    ...Problem.unless(
      sigmaMax > sigmaMin && sigmaMax < Infinity,
      'sigmaMax',
      sigmaMax,
      `> sigmaMin = ${sigmaMin} and finite`,
      'try 50'
    )
  ],
  Edm: () => [],
  RectifiedFlow: () => [],
  Betas: ({ betas }) => [
    ...Problem.unless(betas.length > 0, 'betas', '[]', 'a list with at least one β', 'try Schedule.linearBetas'),
    ...betas.flatMap((beta, i) =>
      Problem.unless(
        beta > 0 && beta < 1,
        `betas[${i}]`,
        beta,
        'in (0, 1)',
        'keep some of the signal, and add some noise'
      )
    )
  ],
  Reparametrized: ({ clock, schedule }) => {
    const inside = problems(schedule)
    // A clock is read against its schedule, which has to be right first.
    return inside.length > 0
      ? inside.map(Problem.within('schedule'))
      : clockProblems(schedule)(clock).map(Problem.within('clock'))
  },
  Custom: customProblems
})

const clockCodec: t.Type<Clock, unknown> = t.union([
  t.type({ _tag: t.literal('Affine'), scale: t.number, shift: Params.numberCodec }),
  t.type({ _tag: t.literal('Power'), exponent: t.number }),
  t.type({ _tag: t.literal('LogSnr'), from: Params.numberCodec, to: Params.numberCodec })
])

export const codec: t.Type<Schedule, unknown> = t.recursion('Schedule', () =>
  t.union([
    t.type({ _tag: t.literal('OrnsteinUhlenbeck') }),
    t.type({ _tag: t.literal('VpLinear'), betaMin: Params.numberCodec, betaMax: t.number }),
    t.type({ _tag: t.literal('Cosine'), offset: Params.numberCodec }),
    t.type({ _tag: t.literal('SubVp'), betaMin: Params.numberCodec, betaMax: t.number }),
    t.type({ _tag: t.literal('VarianceExploding'), sigmaMin: t.number, sigmaMax: t.number }),
    t.type({ _tag: t.literal('Edm') }),
    t.type({ _tag: t.literal('RectifiedFlow') }),
    t.type({ _tag: t.literal('Betas'), betas: t.readonlyArray(t.number) }),
    t.type({ _tag: t.literal('Reparametrized'), clock: clockCodec, schedule: codec }),
    Tagged.code<Custom>('Custom', 'schedule')
  ])
)
