/**
 * Time grids: the times of a sampler's steps, from the noisy end `from` down to the clean end `to`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Schedule, TimeGrid } from 'ornstein'
 *
 * // A grid of your own: each time a half of the last. At one level a corrector only mixes.
 * const schedule = Schedule.ornsteinUhlenbeck
 * assert.deepEqual([...TimeGrid.times(schedule)(TimeGrid.constant({ time: 0.1, steps: 2 }))], [0.1, 0.1, 0.1])
 * const halves = TimeGrid.define({
 *   name: 'halves',
 *   about: 'each time a half of the last',
 *   meaning: () => ({ times: () => [1, 0.5, 0.25, 0.125] })
 * })
 * assert.deepEqual([...TimeGrid.times(schedule)(halves)], [1, 0.5, 0.25, 0.125])
 */
export {
  concept,
  constant,
  type Coordinate,
  define,
  karras,
  listed,
  logSnr,
  type Meaning,
  problems,
  show,
  type TimeGrid,
  times,
  uniform
} from '../sampler/timeGrid.js'
