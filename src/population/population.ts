/**
 * Populations: a mixture in place of points, so that losses are exact integrals, with Hessians, stationary points and gradient flows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Mixture, Population } from 'ornstein'
 *
 * // A mixture as weighted rows; one that would ask for too many is a value that says so.
 * assert(E.isRight(Population.parse(Mixture.of({ means: [[-2], [2]] }))))
 * const wide = Mixture.of({
 *   means: [
 *     [0, 0, 0, 0, 0, 0],
 *     [9, 9, 9, 9, 9, 9]
 *   ],
 *   variances: [
 *     [1, 2, 3, 4, 5, 6],
 *     [6, 5, 4, 3, 2, 1]
 *   ]
 * })
 * assert(E.isLeft(Population.parse(wide)))
 */
export {
  type Population,
  type Lattice,
  parse,
  of,
  type Estimate,
  estimate,
  type Loss,
  type Description,
  loss,
  type Hessian,
  hessian
} from './losses.js'
export {
  type End,
  type StationaryPoint,
  type Stationary,
  type Plane,
  type Starts,
  type SearchProgress,
  type SearchOptions,
  type StationaryOptions,
  stationary
} from './stationaryPoints.js'
export {
  type Moment,
  type Step,
  type FlowOptions,
  expectationMaximization,
  flow,
  type BranchPoint,
  type Branch,
  type FollowOptions,
  follow,
  type BasinOptions,
  type Basin,
  basin
} from './flows.js'
