/**
 * Arbitraries that the laws are checked on, edge cases included. All shrink towards few, small and plain values.
 *
 * @example Numbers, data, and what a score takes
 * import { strict as assert } from 'node:assert'
 * import fc from 'fast-check'
 * import { Expectation, Objective, Parametrization, Schedule, Score, NoiseLevels } from 'ornstein'
 * import { arbitraries } from 'ornstein/laws'
 *
 * const some = <A>(arbitrary: fc.Arbitrary<A>): A[] => fc.sample(arbitrary, { seed: 1, numRuns: 20 })
 *
 * // Plain numbers, which a shrunk counterexample shows: hundredths, 64ths, seeds and keys, dimensions.
 * assert(some(arbitraries.real(2)).every(x => Math.abs(x) <= 2 && Math.abs(x * 100 - Math.round(x * 100)) < 1e-9))
 * assert(some(arbitraries.dyadic(0, 1)).every(x => Number.isInteger(64 * x)))
 * assert(
 *   some(arbitraries.seeds).every(Number.isInteger) && some(arbitraries.keys).every(({ k0 }) => Number.isInteger(k0))
 * )
 * assert(some(arbitraries.dims).every(dim => dim <= 3))
 *
 * // Levels, schedules and their times, parametrizations.
 * const [schedule] = some(arbitraries.schedules)
 * assert(Schedule.concept.is(schedule) && some(arbitraries.times(schedule)).every(time => time > 0))
 * assert(some(arbitraries.levels).every(({ alpha, sigma }) => alpha + sigma > 0))
 * assert(some(arbitraries.parametrizations).every(Parametrization.concept.is))
 *
 * // Points, parameters of a score, and expectations that fit both.
 * const score = Score.spherical({ components: 2 })
 * const [points] = some(arbitraries.points()(2))
 * assert(some(arbitraries.params(score)(2)).every(({ means }) => means.shape.join() === '2,2'))
 * const fitting = arbitraries.expectations(score, Objective.denoising(NoiseLevels.at(0.3)))(points)
 * assert(some(fitting).every(Expectation.concept.is))
 *
 * // For optimizers: parameters to start from, and up to eight gradients of their shapes.
 * assert(some(arbitraries.walks).every(({ gradients }) => gradients.length <= 8))
 */
export {
  dims,
  dyadic,
  expectations,
  keys,
  levels,
  of,
  parametrizations,
  params,
  points,
  real,
  schedules,
  seeds,
  times,
  walks,
  type Walk
} from './arbitraries.js'
