/** Checks of a sampler's points and scores. They throw, since sampling cannot continue. */
import { allFinite } from '../../lib/arrays/ndarray.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { argumentWithFields, mistaken } from '../core/index.js'
import { isRecord } from '../core/record.js'
import { typeAndValue } from '../core/spelling.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Points from '../data/points.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import * as Problem from '../core/problem.js'
import type { ScoreFunction } from './step.js'

/** Call in messages. */
export const SAMPLER_CALL = 'Sampler.…(program)(score)(…)(key)'

/** Returns rows as points; throws, naming the call, if they are none. */
export const samplerPoints = (points: PointsLike, call: string): Points.Points => pointsArgument(points, call)

/** Problem of an argument that is no record. */
export const noRecord = (u: unknown, call: string): ReadonlyArray<Problem.Problem> =>
  isRecord(u) ? [] : [Problem.of('description', typeAndValue(u), 'a record', `write ${call}`)]

/** Returns the mixture if it has the dimension; throws a RangeError otherwise. */
export const ofDimension = (name: string, mixture: Mixture.Mixture, dim: number): Mixture.Mixture =>
  Mixture.dimension(mixture) === dim
    ? mixture
    : refuse(
        `dim: ${dim} is not ${Mixture.dimension(mixture)}, that of ${name}; let points and mixture have one dimension`
      )

/** Returns the values if all are finite; throws a RangeError with the problem otherwise. */
export const requireFiniteValues = (field: string, remedy: string, values: Float64Array): Float64Array => {
  if (allFinite(values)) return values
  const bad = values.findIndex(value => !Number.isFinite(value))
  const problem = Problem.of(field, values[bad], 'finite', remedy)
  return refuseWith(problem, Problem.show(problem))
}

/** Returns the points found if they have the size of `points`; throws otherwise. */
export const requireSameSize = (
  points: Points.Points,
  field: string,
  remedy: string,
  found: Points.Points
): Points.Points => {
  const { rows, dim, values } = argumentWithFields(found, ['rows', 'dim', 'values'], 'points', field)
  if (rows === points.rows && dim === points.dim && values.length === points.values.length) return found
  const problem = Problem.of(
    field,
    `${rows} × ${dim}, ${values.length} numbers,`,
    `${points.rows} × ${points.dim}, as the points are`,
    remedy
  )
  return refuseWith(problem, Problem.show(problem))
}

/** Wraps a score, which then throws a RangeError with the time if it does not return a finite vector for each point. */
export const guardedScore =
  (score: ScoreFunction): ScoreFunction =>
  (points, time) => {
    if (typeof score !== 'function')
      return mistaken('a score: make it by Sampler.learned or Sampler.exact', score, SAMPLER_CALL)
    const place = `score at time ${time}`
    const found = requireSameSize(points, place, 'return a vector for each point', score(points, time))
    requireFiniteValues(place, 'look at its parameters, and whether it was learned down to this noise', found.values)
    return found
  }
