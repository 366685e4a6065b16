/** Data as a mixture is learned from them, and what mixtures can be learned from at all. */
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Problem from '../core/Problem.js'
import * as Points from '../data/index.js'
import * as Source from '../data/Source.js'
import * as Missing from '../mixture/kernels/missing.js'
import { show } from './table.js'

/** The data as they are learned from, and what they were. */
export interface Data {
  readonly own: Points.Points
  readonly points: Points.Points
  /** The origin and unit of each column; null where they are learned from as they are. */
  readonly scaling: Points.Scaling | null
}

/** The same of a source. */
export interface Scaled {
  readonly own: Source.Source
  readonly points: Source.Source
  readonly scaling: Points.Scaling | null
  /** Gives back what was taken to bring them there. */
  readonly close: () => void
}

/** Squares of numbers up to it, and down to its inverse, are doubles of full precision, sums of many of them too. */
const REACH = 1e150

/** By the cells that are there. */
const standardized = (points: Points.Points): ReturnType<typeof Points.standardize> =>
  Missing.has(points) ? Missing.standardize(points) : Points.standardize(points)

/** Columns whose spreads have no squares in double precision. */
export const problems =
  (columns: ReadonlyArray<string>) =>
  (points: Points.Points): ReadonlyArray<Problem.Problem> => {
    const { rows, dim, values } = points
    const { scale } = standardized(points)
    return columns.flatMap((column, j) => {
      const cells = Float64Array.from({ length: rows }, (_, i) => values[i * dim + j]).filter(x => !Number.isNaN(x))
      const most = cells.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      // of a constant column the unit is 1
      return beyond(column, most, scale[j])
    })
  }

/** A column whose largest number or standard deviation has no square. */
const beyond = (column: string, largest: number, deviation: number): ReadonlyArray<Problem.Problem> => {
  const domain = 'within reach of squares in double precision'
  const remedy = 'give the column in another unit'
  return [
    ...Problem.unless(largest <= REACH, `column ${column}`, `a number of size ${show(largest, 3)}`, domain, remedy),
    ...Problem.unless(
      deviation >= 1 / REACH,
      `column ${column}`,
      `a standard deviation of ${show(deviation, 3)}`,
      domain,
      remedy
    )
  ]
}

const tooFew = ({ rows }: { readonly rows: number }): ReadonlyArray<Problem.Problem> =>
  Problem.unless(rows > 1, 'rows', rows, 'at least 2, which a variance needs', 'give more rows')

/** The data, brought to mean 0 and standard deviation 1 in each column or left as they are. */
export const brought =
  (standardize: boolean) =>
  (own: Points.Points): Data => {
    if (!standardize) return { own, points: own, scaling: null }
    const { points, ...scaling } = standardized(own)
    return { own, points, scaling }
  }

/** A source, with mean 0 and standard deviation 1 in each column if it is to be so; or what is wrong with its columns. */
export const scaledSource =
  (standardize: boolean, columns: ReadonlyArray<string>) =>
  (own: Source.Source): E.Either<Problem.Problems, Scaled> => {
    const { source, ...scaling } = Source.standardize(own)
    const largest = Source.largest(own)
    const wrong = [...tooFew(own), ...columns.flatMap((column, j) => beyond(column, largest[j], scaling.scale[j]))]
    if (RA.isNonEmpty(wrong)) return E.left([wrong[0], ...wrong.slice(1)])
    if (!standardize) return E.right({ own, points: own, scaling: null, close: () => undefined })
    const points = Source.kept()(source)
    return E.right({ own, points, scaling, close: points.close })
  }

/** The data, with mean 0 and standard deviation 1 in each column if they are to be so. */
export const scaled =
  (standardize: boolean, columns: ReadonlyArray<string>) =>
  (own: Points.Points): E.Either<Problem.Problems, Data> => {
    const wrong = [...tooFew(own), ...problems(columns)(own)]
    return RA.isNonEmpty(wrong) ? E.left([wrong[0], ...wrong.slice(1)]) : E.right(brought(standardize)(own))
  }
