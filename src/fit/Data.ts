/** Data as a mixture is learned from them, and what mixtures can be learned from at all. */
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Problem from '../core/Problem.js'
import * as Points from '../data/index.js'
import { show } from './table.js'

/** The data as they are learned from, and what they were. */
export interface Data {
  readonly own: Points.Points
  readonly points: Points.Points
  /** The origin and unit of each column; null where they are learned from as they are. */
  readonly scaling: Points.Scaling | null
}

/** Squares of numbers up to it, and down to its inverse, are doubles of full precision, sums of many of them too. */
const REACH = 1e150

/** Columns whose spreads have no squares in double precision. */
export const problems =
  (columns: ReadonlyArray<string>) =>
  (points: Points.Points): ReadonlyArray<Problem.Problem> => {
    const { rows, dim, values } = points
    const { scale } = Points.standardize(points)
    return columns.flatMap((column, j) => {
      const cells = Float64Array.from({ length: rows }, (_, i) => values[i * dim + j])
      const most = cells.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      const isConstant = cells.every(x => x === cells[0])
      const domain = 'within reach of squares in double precision'
      const remedy = 'give the column in another unit'
      return [
        ...Problem.unless(most <= REACH, `column ${column}`, `a number of size ${show(most, 3)}`, domain, remedy),
        ...Problem.unless(
          isConstant || scale[j] >= 1 / REACH,
          `column ${column}`,
          `a standard deviation of ${show(scale[j], 3)}`,
          domain,
          remedy
        )
      ]
    })
  }

/** The data, brought to mean 0 and standard deviation 1 in each column or left as they are. */
export const brought =
  (standardize: boolean) =>
  (own: Points.Points): Data => {
    if (!standardize) return { own, points: own, scaling: null }
    const { points, ...scaling } = Points.standardize(own)
    return { own, points, scaling }
  }

/** The data, with mean 0 and standard deviation 1 in each column if they are to be so. */
export const scaled =
  (standardize: boolean, columns: ReadonlyArray<string>) =>
  (own: Points.Points): E.Either<Problem.Problems, Data> => {
    const wrong = [
      ...Problem.unless(own.rows > 1, 'rows', own.rows, 'at least 2, which a variance needs', 'give more rows'),
      ...problems(columns)(own)
    ]
    return RA.isNonEmpty(wrong) ? E.left([wrong[0], ...wrong.slice(1)]) : E.right(brought(standardize)(own))
  }
