/** Data as a mixture is learned from them, and what mixtures can be learned from at all. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as ByColumn from '../../lib/byColumn.js'
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

/** Data with mean 0 and standard deviation 1 in each column. */
export interface Standardized extends Data {
  readonly scaling: Points.Scaling
}

/** The data with mean 0 and standard deviation 1 in each column, by the cells that are there. */
export const standardized = (own: Points.Points): Standardized => {
  if (Missing.has(own)) {
    const scaling = Missing.scalingOf(own)
    return { own, points: Points.inUnits(scaling)(own), scaling }
  }
  const { points, ...scaling } = Points.standardize(own)
  return { own, points, scaling }
}

/** The data in their own units. */
export const asTheyAre = (own: Points.Points): Data => ({ own, points: own, scaling: null })

/** Columns whose spreads have no squares in double precision. */
export const problems =
  (columns: ReadonlyArray<string>) =>
  ({ own, scaling: { scale } }: Standardized): ReadonlyArray<Problem.Problem> => {
    const values = Missing.has(own) ? own.values.map(x => (Number.isNaN(x) ? 0 : x)) : own.values
    const most = ByColumn.greatest(ByColumn.plain(values, own.dim))
    // of a constant column the unit is 1
    return columns.flatMap((column, j) => beyond(column, most[j], scale[j]))
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

const standardizedSource = (own: Source.Source): ReturnType<typeof Source.standardize> => {
  if (!Missing.has(own)) return Source.standardize(own)
  const scaling = Missing.scalingOf(own)
  return { source: Source.inUnits(scaling)(own), ...scaling }
}

/** A source, with mean 0 and standard deviation 1 in each column if it is to be so; or what is wrong with its columns. */
export const scaledSource =
  (standardize: boolean, columns: ReadonlyArray<string>) =>
  (own: Source.Source): E.Either<Problem.Problems, Scaled> => {
    const { source, ...scaling } = standardizedSource(own)
    const largest = Source.largest(
      pipe(
        own,
        Source.map(x => (Number.isNaN(x) ? 0 : x))
      )
    )
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
    const data = standardized(own)
    const wrong = [...tooFew(own), ...problems(columns)(data)]
    return RA.isNonEmpty(wrong) ? E.left([wrong[0], ...wrong.slice(1)]) : E.right(standardize ? data : asTheyAre(own))
  }
