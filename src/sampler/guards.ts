/** What is asked of points and scores that a sampler is given: thrown where it is not so, since nothing can go on. */
import { allFinite } from '../../lib/arrays/ndarray.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { argumentWithFields, mistaken } from '../core/index.js'
import { isRecord } from '../core/record.js'
import { typeAndValue } from '../core/spelling.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Points from '../data/points.js'
import * as Problem from '../core/problem.js'
import type { ScoreFunction } from './step.js'

/** How samplers are called. */
export const SAMPLER_CALL = 'Sampler.…(program)(score)(…)(key)'

/** The points, if they are such. */
export const samplerPoints = (points: Points.Points, call = SAMPLER_CALL): Points.Points =>
  argumentWithFields(
    points,
    ['rows', 'dim', 'values'],
    'points: make them by Problem.orThrow(Points.fromRows(rows))',
    call
  )

/** Fields by name, where problems are given back. */
export const noRecord = (u: unknown, call: string): ReadonlyArray<Problem.Problem> =>
  isRecord(u) ? [] : [Problem.of('description', typeAndValue(u), 'a record', `write ${call}`)]

/** The mixture, if it has the dimension: throws a RangeError otherwise, as the two come from the same program. */
export const ofDimension = (name: string, mixture: Mixture.Mixture, dim: number): Mixture.Mixture =>
  Mixture.dimension(mixture) === dim
    ? mixture
    : refuse(
        `dim: ${dim} is not ${Mixture.dimension(mixture)}, that of ${name}; let points and mixture have one dimension`
      )

/** Points as they must be: a problem thrown as a RangeError that carries it, since there are no good ones to go on with. */
export const requireFiniteValues = (field: string, remedy: string, values: Float64Array): Float64Array => {
  if (allFinite(values)) return values
  const bad = values.findIndex(value => !Number.isFinite(value))
  const problem = Problem.of(field, values[bad], 'finite', remedy)
  return refuseWith(problem, Problem.show(problem))
}

/** As many numbers as points have; thrown, if not, as above. */
export const as = (points: Points.Points, field: string, remedy: string, found: Points.Points): Points.Points => {
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

/** A score that gives each point a finite vector, or says at which time it did not. */
export const guardedScore =
  (score: ScoreFunction): ScoreFunction =>
  (points, time) => {
    if (typeof score !== 'function')
      return mistaken('a score: make it by Sampler.learned or Sampler.exact', score, SAMPLER_CALL)
    const place = `score at time ${time}`
    const found = as(points, place, 'return a vector for each point', score(points, time))
    requireFiniteValues(place, 'look at its parameters, and whether it was learned down to this noise', found.values)
    return found
  }
