/**
 * Clocks: a change of time, with a schedule's own time τ as an increasing function of a new time t.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Clock, Schedule } from 'ornstein'
 *
 * // A schedule by another clock, τ = 2t and τ = √t: the same levels at other times.
 * const { ornsteinUhlenbeck } = Schedule
 * const level = Schedule.level(0.5)(ornsteinUhlenbeck)
 * assert.deepEqual(Schedule.level(0.25)(Schedule.reparametrized(Clock.affine({ scale: 2 }))(ornsteinUhlenbeck)), level)
 * assert.deepEqual(Schedule.level(0.25)(Schedule.reparametrized(Clock.power(0.5))(ornsteinUhlenbeck)), level)
 */
export {
  affine,
  type Clock,
  concept,
  define,
  evenLogSnr,
  type Meaning,
  power,
  problems,
  show,
  type Ticking
} from '../schedule/clock.js'
