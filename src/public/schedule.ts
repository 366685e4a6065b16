/**
 * Noise schedules: x_t = α(t) x_0 + σ(t) z with z standard normal.
 *
 * Schedules are compared by the log signal-to-noise ratio λ = log(α²/σ²), which decreases in time: at equal λ two schedules have the same
 * data and noise, up to scale, at different times.
 *
 * Formulas keep their digits at both ends: small σ² and α are not computed as 1 minus a number near 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Clock, Schedule } from 'ornstein'
 *
 * const { ornsteinUhlenbeck } = Schedule
 * // Worked out once for many times: d log α/dt and g², and the time of a log-SNR.
 * const { level, drift, diffusion, logSnr, timeOfLogSnr } = Schedule.interpret(ornsteinUhlenbeck)
 * const { alpha, sigma } = level(0.5)
 * assert(Math.abs(alpha ** 2 + sigma ** 2 - 1) < 1e-15)
 * assert.deepEqual([drift(0.5), diffusion(0.5)], [-1, 2])
 * assert(Math.abs(timeOfLogSnr(logSnr(0.5)) - 0.5) < 1e-12)
 *
 * // Another clock, τ = 2t and τ = t²: the same levels at other times.
 * const faster = pipe(ornsteinUhlenbeck, Schedule.reparametrized(Clock.affine({ scale: 2 })))
 * const slower = pipe(ornsteinUhlenbeck, Schedule.reparametrized(Clock.power(2)))
 * assert.deepEqual(Schedule.level(0.25)(faster), level(0.5))
 * assert.deepEqual(Schedule.level(0.5)(slower), level(0.25))
 */
export {
  betas,
  type Clock,
  concept,
  cosine,
  cosineBetas,
  custom,
  define,
  diffusion,
  drift,
  type Dynamics,
  edm,
  endTime,
  interpret,
  level,
  type Level,
  type Levels,
  linearBetas,
  logSnr,
  logSnrRange,
  type Meaning,
  ornsteinUhlenbeck,
  problems,
  recipes,
  rectifiedFlow,
  reparametrized,
  sameNoise,
  type SameNoise,
  scaledLinearBetas,
  type Schedule,
  show,
  type Spec,
  subVp,
  timeOfLogSnr,
  timeProblems,
  varianceExploding,
  vpLinear
} from '../schedule/index.js'
