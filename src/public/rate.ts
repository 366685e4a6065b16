/**
 * Learning rates, as functions of the number of steps already taken.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Rate } from 'ornstein'
 *
 * // Wherever a rate is asked for, a number is a constant one; the field of a rate takes both, and so prints them.
 * assert.deepEqual(Optimizer.scaleByRate(0.1), Optimizer.scaleByRate(Rate.constant(0.1)))
 * assert.equal(Optimizer.show(Optimizer.scaleByRate(0.1)), 'Optimizer.scaleByRate(0.1)')
 * assert(Rate.field.is(Rate.constant(0.1)) && !Rate.field.is('fast'))
 */
export {
  at,
  concept,
  constant,
  cosine,
  define,
  exponential,
  field,
  inverseSquareRoot,
  linear,
  oneCycle,
  piecewise,
  problems,
  type Rate,
  show,
  step
} from '../optimizer/rate.js'
