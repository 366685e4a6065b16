/**
 * Noise level distributions: the noise levels of an objective, with the weight of each.
 *
 * A distribution over times is given by its quantile function: a random expectation draws a uniform number for each row, a deterministic
 * one uses Gauss–Legendre nodes in the quantile.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Schedule, NoiseLevels } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const spread = NoiseLevels.uniform(0.1, 0.5)
 *
 * // The times of four rows.
 * const [{ time }] = NoiseLevels.draw(schedule, 4)(Key.fromSeed(1))(spread)
 * assert(typeof time !== 'number' && time.every(t => t > 0.1 && t < 0.5))
 */
export {
  at,
  clean,
  concept,
  define,
  type Density,
  draw,
  type Drawn,
  field,
  gauss,
  importance,
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
  type NoiseLevels,
  type Times,
  uniform,
  uniformLogSnr
} from '../objective/noiseLevels.js'
