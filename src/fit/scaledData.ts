/** Data as a mixture is learned from them, and what mixtures can be learned from at all. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import { show } from './table.js'

/** −2 Σ w log p(x) of rows by what was learned without them, by the name of a candidate; none of what could not be learned so. */
export type Held = ReadonlyMap<string, number>

/** The name of a candidate there. */
export const nameOf = ({ family, components }: { readonly family: string; readonly components: number }): string =>
  `${components} ${family}`

/** The data as they are learned from, and what they were. */
export interface Data<D extends Source.Data = Source.Data> {
  readonly own: D
  readonly points: D
  /** The origin and unit of each column; null where they are learned from as they are. */
  readonly scaling: Points.Scaling | null
  /** What cross-validation says of candidates, where it was asked. */
  readonly held?: Held
  /** Gives back what was taken to bring them there. */
  readonly close: () => void
}

/** Squares of numbers up to it, and down to its inverse, are doubles of full precision, sums of many of them too. */
const REACH = 1e150

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

const tooFew = ({ rows }: Source.Data): ReadonlyArray<Problem.Problem> =>
  Problem.unless(rows > 1, 'rows', rows, 'at least 2, which a variance needs', 'give more rows')

/**
 * The columns that do not hold the same number in every row, by their places, from 0: those that say something of components. All of
 * them where there is none.
 */
export const varying = (own: Source.Data): ReadonlyArray<number> => {
  const all = RA.makeBy(own.dim, j => j)
  // Of cells that are missing the mean of equal numbers, of others any, which is one of them exactly.
  const centre = Missing.has(own) ? Missing.scalingOf(own).centre : Source.select([0])(own).values
  const most = Source.largest(Source.map((x, j) => (Number.isNaN(x) ? 0 : x - centre[j]))(Source.from(own)))
  const some = all.filter(j => most[j] > 0)
  return some.length === 0 ? all : some
}

/** Columns whose spreads have no squares in double precision. */
export const problems =
  (columns: ReadonlyArray<string>) =>
  ({ own, scaling }: Pick<Standardized, 'own' | 'scaling'>): ReadonlyArray<Problem.Problem> => {
    const most = largestOf(own)
    // of a constant column the unit is 1
    return columns.flatMap((column, j) => beyond(column, most[j], scaling.scale[j]))
  }

/** Data with mean 0 and standard deviation 1 in each column. */
export interface Standardized extends Data {
  readonly scaling: Points.Scaling
}

const nothing = (): void => undefined

/** max_i |x_ij| for each column, over the cells that are there. */
const largestOf = Source.rememberedOfSources(own =>
  Source.largest(Source.map(x => (Number.isNaN(x) ? 0 : x))(Source.from(own)))
)

/**
 * The data with mean 0 and standard deviation 1 in each column, by the cells that are there. Rows of a source are brought there each
 * time they are read.
 */
export const standardized = Source.rememberedOfSources((own): Standardized => {
  const scaling = Missing.has(own) ? Missing.scalingOf(own) : Source.scalingOf(own)
  return { own, points: Source.inUnits(scaling)(own), scaling, close: nothing }
})

/** The data in their own units. */
export const asTheyAre = <D extends Source.Data>(own: D): Data<D> => ({
  own,
  points: own,
  scaling: null,
  close: nothing
})

/** The data, with mean 0 and standard deviation 1 in each column if they are to be so; or the problems of their columns. */
export const scaled =
  (standardize: boolean, columns: ReadonlyArray<string>) =>
  (own: Source.Data): E.Either<Problem.Problems, Data> => {
    const data = standardized(own)
    return pipe(
      Problem.faultless([...tooFew(own), ...problems(columns)(data)], data),
      E.map(data => (standardize ? { ...data, ...Source.written(data.points) } : asTheyAre(own)))
    )
  }
