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
 * assert.deepEqual(Schedule.breakpoints(Schedule.betas([0.1, 0.2, 0.3])), [1, 2])
 */
import type { Vocabulary } from '../core/index.js'
import { custom, ornsteinUhlenbeck } from './schedule.js'
import { cosine, edm, rectifiedFlow, subVp, varianceExploding, vpLinear } from './continuous.js'
import { reparametrized } from './reparametrized.js'
import { betas } from './betas.js'

export * from './schedule.js'
export { affine, evenLogSnr, power, type Clock } from './clock.js'
export * from './continuous.js'
export * from './reparametrized.js'
export * from './betas.js'

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
