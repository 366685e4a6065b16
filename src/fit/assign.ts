import { flatMapped } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Problem from '../core/problem.js'
import { readData as checkInput, type DataLike, type PointsLike } from '../data/dataArgument.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Mixture from '../mixture/mixture.js'
import type { FitOptions } from './resolveOptions.js'
import { isStreamed, readPoints } from './readRows.js'

/**
 * Returns the component of each row and its probability. Throws a RangeError unless rows have the columns of the mixture or of the fit's
 * data.
 */
export interface Assign {
  (data: PointsLike): ReadonlyArray<Mixture.Membership>
  /** Yields the memberships of a source in order, block by block. */
  (source: Source.Source): Iterable<Mixture.Membership>
}

export interface AssignOptions {
  readonly missing?: FitOptions['missing']
  /** Number of the fit's columns, and indices of those used. Default: all. */
  readonly columns?: { readonly given: number; readonly used: ReadonlyArray<number> }
}

/** Returns the assignment of rows to the components of a mixture. */
export const assignTo = (mixture: Mixture.Mixture, { missing, columns }: AssignOptions = {}): Assign => {
  const dim = Mixture.dimension(mixture)
  const memberships = (points: Points.Points): ReadonlyArray<Mixture.Membership> => {
    if (points.dim === dim) return Mixture.memberships(points)(mixture)
    return columns !== undefined && points.dim === columns.given
      ? Mixture.memberships(Source.columns(columns.used)(points))(mixture)
      : refuse(`points: ${points.dim} columns are not ${dim}; give those that the mixture is of`)
  }
  function assign(data: PointsLike): ReadonlyArray<Mixture.Membership>
  function assign(source: Source.Source): Iterable<Mixture.Membership>
  function assign(given: DataLike): Iterable<Mixture.Membership> {
    const data = Problem.orThrow(checkInput(given))
    return isStreamed(data)
      ? flatMapped(Source.pieces(data), memberships)
      : memberships(Problem.orThrow(readPoints(data, { missing })))
  }
  return assign
}
