/**
 * One call from data to a mixture: families and numbers of components are learned from the same data, and an information
 * criterion chooses. `mixture` returns problems as values; `fit` throws them, for those who prefer that.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Fit, Key, Mixture, Problem, Source } from 'ornstein'
 *
 * // The families by the name that an option has for them.
 * assert('tied' in Fit.families)
 * // A fit of a source is that of its rows.
 * const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[-3], [3]] }))
 * const options = { components: 2, family: 'isotropic' } as const
 * const fitted = Problem.orThrow(Fit.mixture(options)(Source.of(points)))
 * assert.equal(fitted.components, 2)
 * const states = [...Problem.orThrow(Fit.states(options)(Source.of(points)))]
 * assert(states.length > 0)
 */
export {
  type Assign,
  type Constructor,
  type Criterion,
  families,
  type FamilyName,
  type Fit,
  fromJSON,
  type Hint,
  type Kept,
  type Learned,
  mixture,
  type Options,
  type Progress,
  type Ranked,
  type Refused,
  type Starts,
  type State,
  states,
  type Stuck,
  type Unsupported
} from '../fit/fit.js'
export { of as bootstrap, type Bootstrap, type Interval } from '../fit/bootstrap.js'
export { of as componentTest, type Tests } from '../fit/componentTest.js'
