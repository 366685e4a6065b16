/** Schedules in closed form. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { Field, Problem } from '../core/index.js'
import { preserving, type Accumulated } from './dynamics.js'
import { define } from './schedule.js'

const betaFields = {
  /** β at time 0. Default: 0.1. */
  betaMin: Field.notNegative({ default: 0.1 }),
  /** β at time 1. Default: 20. */
  betaMax: Field.positive({ default: 20 })
}

const betaOrderProblems = ({ betaMin, betaMax }: Field.Of<typeof betaFields>): ReadonlyArray<Problem.Problem> =>
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

/**
 * Variance preserving schedule with a linear rate, the continuous DDPM: dx = −½β x dt + √β dW, β(t) = β_min + t (β_max − β_min), t in [0,
 * 1], so α = exp(−½∫β), σ² = 1 − exp(−∫β) (Song et al. 2021, arXiv 2011.13456, appendix C).
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
  check: betaOrderProblems,
  formula: ({ betaMin, betaMax }) => `α² = exp(−∫β), σ² = 1 − exp(−∫β), β = ${betaMin} + ${betaMax - betaMin} t`,
  meaning: rate => preserving(linearRate(rate))
})

/** √(1/(1 + e^{−x})): α at the log-SNR x if α² + σ² = 1. */
const rootSigmoid = (x: number): number => Elementary.exp(-Elementary.softplus(-x) / 2)

/**
 * Cosine schedule: ᾱ = α² = f(t)/f(0), f(t) = cos²(½π (t + s)/(1 + s)), σ² = 1 − α², t in [0, 1], with offset s (Nichol & Dhariwal 2021,
 * arXiv 2102.09672, equation 17). No β is clipped: α = 0 at t = 1.
 */
export const cosine = define({
  name: 'cosine',
  about: 'improved DDPM (arXiv 2102.09672)',
  fields: {
    /** Offset s, against too little noise near time 0. Default: 0.008. */
    offset: Field.notNegative({ default: 0.008 })
  },
  formula: ({ offset }) => `α = cos(½π (t + ${offset})/${1 + offset}) / cos(½π ${offset}/${1 + offset}), σ² = 1 − α²`,
  meaning: ({ offset }) => {
    // θ = (t + s)c is the angle, (1 − t)c its distance from ½π, sc the angle at t = 0.
    const c = Math.PI / 2 / (1 + offset)
    const start = Elementary.cos(offset * c)
    const alphaOf = (time: number): number => Elementary.sin((1 - time) * c) / start
    // cos²θ_0 − cos²θ = sin(θ − θ_0) sin(θ + θ_0)
    const noise = (time: number): number => Elementary.sin(time * c) * Elementary.sin((time + 2 * offset) * c)
    // tan θ, from the nearer end.
    const tangent = (time: number): number =>
      time < 0.5 ? Elementary.tan((time + offset) * c) : 1 / Elementary.tan((1 - time) * c)
    const sine = Elementary.sin(2 * offset * c)
    const cosine = Elementary.cos(2 * offset * c)
    return {
      until: 1,
      level: time => ({ alpha: alphaOf(time), sigma: Math.sqrt(noise(time)) / start }),
      logSnr: time => 2 * Elementary.log(Elementary.sin((1 - time) * c)) - Elementary.log(noise(time)),
      timeOfLogSnr: logSnr => {
        if (logSnr < 0) return 1 - Elementary.asin(start * rootSigmoid(logSnr)) / c
        // sin δ sin(δ + 2θ_0) = q for δ = θ − θ_0, quadratic in tan δ.
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
 * Sub-variance-preserving schedule: α = exp(−½∫β), σ = 1 − exp(−∫β), β as in `vpLinear`, t in [0, 1], so g² = β (1 −
 * exp(−2∫β)) (Song et al. 2021, arXiv 2011.13456, §3.4).
 */
export const subVp = define({
  name: 'subVp',
  about: 'below variance preserving (arXiv 2011.13456)',
  fields: betaFields,
  check: betaOrderProblems,
  formula: ({ betaMin, betaMax }) => `α² = exp(−∫β), σ = 1 − exp(−∫β), β = ${betaMin} + ${betaMax - betaMin} t`,
  meaning: ({ betaMin, betaMax }) => {
    const { until, total, rate, timeOf } = linearRate({ betaMin, betaMax })
    return {
      until,
      level: time => ({ alpha: Elementary.exp(-total(time) / 2), sigma: -Elementary.expm1(-total(time)) }),
      logSnr: time => -total(time) - 2 * Elementary.log(-Elementary.expm1(-total(time))),
      // σ/α = 2 sinh(B/2), inverted without overflow.
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
 * Variance exploding schedule: α = 1, σ = σ_min (σ_max/σ_min)^t, t in [0, 1] (Song et al. 2021, arXiv 2011.13456, §3.4). At time 0 the
 * noise is σ_min, not 0.
 */
export const varianceExploding = define({
  name: 'varianceExploding',
  about: 'geometric noise, the signal stays (arXiv 2011.13456)',
  fields: {
    /** σ at time 0. Default: 0.01. */
    sigmaMin: Field.positive({ default: 0.01 }),
    /** σ at time 1. Default: 50. */
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

/** EDM schedule: α = 1, σ = t, t ≥ 0 (Karras et al. 2022, arXiv 2206.00364, table 1). */
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

/** Straight line from data to noise: α = 1 − t, σ = t, t in [0, 1] (Liu et al. 2022, arXiv 2209.03003). */
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
