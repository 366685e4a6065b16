/**
 * Time laws: over which noise levels an objective is taken, and with which weight each counts.
 *
 * A law that is spread over times is known by its quantile function: a random expectation draws a uniform number for
 * each row, a deterministic one takes Gauss–Legendre nodes in the quantile.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Schedule, TimeLaw } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const one = TimeLaw.at(0.3)
 * const spread = TimeLaw.uniform(0.1, 0.5)
 *
 * // Whether it draws, and the times of four rows.
 * assert(TimeLaw.isDeterministic(one) && !TimeLaw.isDeterministic(spread))
 * const [{ time }] = TimeLaw.draw(schedule, 4)(Key.fromSeed(1))(spread)
 * assert(typeof time !== 'number' && time.every(t => t > 0.1 && t < 0.5))
 * // What a law's fields alone do not show: times that the schedule does not have.
 * assert.deepEqual(TimeLaw.incompatibilities(Schedule.cosine())(TimeLaw.at(0.5)), [])
 * assert.equal(TimeLaw.incompatibilities(Schedule.cosine())(TimeLaw.at(2)).length, 1)
 */
export {
  all,
  at,
  clean,
  codec,
  concept,
  define,
  type Density,
  draw,
  type Drawn,
  field,
  formula,
  gauss,
  importance,
  incompatibilities,
  isClean,
  isDeterministic,
  likelihood,
  type Listed,
  logitNormal,
  logNormal,
  type Meaning,
  type Node,
  nodes,
  oneOf,
  problems,
  quadrature,
  show,
  stratified,
  type TimeLaw,
  type Times,
  uniform,
  uniformLogSnr
} from '../objective/timeLaw.js'
