/** Data to which candidates are fitted: without constant columns, standardized. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import { show } from './table.js'

/** −2 Σ w log p(x), each row by a fit without its fold, by `candidateKey`; absent if the candidate could not be fitted to all folds. */
export type CrossValidatedDeviances = ReadonlyMap<string, number>

/** Returns the key of a candidate in `CrossValidatedDeviances`. */
export const candidateKey = ({
  family,
  components
}: {
  readonly family: string
  readonly components: number
}): string => `${components} ${family}`

export interface TrainingData<D extends Source.Data = Source.Data> {
  readonly original: D
  /** (original − centre)/scale; the original data if `scaling` is null. */
  readonly scaled: D
  readonly scaling: Points.Scaling | null
  readonly crossValidatedDeviances?: CrossValidatedDeviances
  /** Removes the temporary file of a source's scaled rows. */
  readonly close: () => void
}

export interface StandardizedData extends TrainingData {
  readonly scaling: Points.Scaling
}

const doNothing = (): void => undefined

/** Sums of squares of numbers in [1/this, this] neither overflow nor lose precision. */
const MAX_SQUARABLE = 1e150

/** max_i |x_ij| for each column j, [d], over the present cells. */
const columnMaxima = Source.memoizedForSources(data =>
  Source.largestMagnitudes(Source.map(x => (Number.isNaN(x) ? 0 : x))(Source.asSource(data)))
)

/** Indices of the columns with at least two different numbers; of all if there is none. */
export const nonConstantColumns = (data: Source.Data): ReadonlyArray<number> => {
  const all = RA.makeBy(data.dim, j => j)
  // The mean of equal cells is exactly their value; without missing cells the first row suffices.
  const reference = Missing.hasMissingCells(data)
    ? Missing.observedScaling(data).centre
    : Source.selectedRows([0])(data).values
  const deviations = Source.largestMagnitudes(
    Source.map((x, j) => (Number.isNaN(x) ? 0 : x - reference[j]))(Source.asSource(data))
  )
  const varying = all.filter(j => deviations[j] > 0)
  return varying.length === 0 ? all : varying
}

/** Reports columns whose values or deviations cannot be squared in double precision. */
export const magnitudeProblems = (
  { original, scaling }: Pick<StandardizedData, 'original' | 'scaling'>,
  columns: ReadonlyArray<string>
): ReadonlyArray<Problem.Problem> => {
  const maxima = columnMaxima(original)
  const domain = 'within reach of squares in double precision'
  const remedy = 'give the column in another unit'
  return columns.flatMap((column, j) => {
    const largest = maxima[j]
    // 1 for a constant column
    const deviation = scaling.scale[j]
    return [
      ...Problem.unless(
        largest <= MAX_SQUARABLE,
        `column ${column}`,
        `a number of size ${show(largest, 3)}`,
        domain,
        remedy
      ),
      ...Problem.unless(
        deviation >= 1 / MAX_SQUARABLE,
        `column ${column}`,
        `a standard deviation of ${show(deviation, 3)}`,
        domain,
        remedy
      )
    ]
  })
}

/** Scales columns to mean 0 and standard deviation 1 over the present cells; a source's at each reading. */
export const standardizeColumns = Source.memoizedForSources((original): StandardizedData => {
  const scaling = Missing.hasMissingCells(original) ? Missing.observedScaling(original) : Source.dataScaling(original)
  return { original, scaled: Source.dataInUnits(scaling)(original), scaling, close: doNothing }
})

/** Returns data to fit in their original units. */
export const withoutScaling = <D extends Source.Data>(data: D): TrainingData<D> => ({
  original: data,
  scaled: data,
  scaling: null,
  close: doNothing
})

/** Checks and scales the data; a source's scaled rows are in a temporary file until `close`. */
export const prepareTrainingData = (
  data: Source.Data,
  options: { readonly columns: ReadonlyArray<string>; readonly standardize: boolean }
): E.Either<Problem.Problems, TrainingData> => {
  const standardized = standardizeColumns(data)
  const problems = [
    ...Problem.unless(data.rows > 1, 'rows', data.rows, 'at least 2, which a variance needs', 'give more rows'),
    ...magnitudeProblems(standardized, options.columns)
  ]
  return pipe(
    Problem.faultless(problems, standardized),
    E.map(standardized => {
      if (!options.standardize) return withoutScaling(data)
      const { points, close } = Source.storedData(standardized.scaled)
      return { ...standardized, scaled: points, close }
    })
  )
}

/** Draws rows without replacement, into memory. */
export const sampleRows = (data: TrainingData, count: number, key: Key.Key): TrainingData<Points.Points> =>
  selectRows(data, pipe(key, Key.subset(data.original.rows, count)))

const selectRows = (data: TrainingData, rows: ArrayLike<number>): TrainingData<Points.Points> => ({
  ...data,
  original: Source.selectedRows(rows)(data.original),
  scaled: Source.selectedRows(rows)(data.scaled)
})

/** Returns the data with all rows in memory. */
export const toMemory = (data: TrainingData): TrainingData<Points.Points> => {
  const { original, scaled } = data
  return Source.isInMemory(original) && Source.isInMemory(scaled)
    ? { ...data, original, scaled }
    : selectRows(
        data,
        RA.makeBy(original.rows, i => i)
      )
}

/**
 * Returns rows without missing cells, in memory or as a source until `close`: the complete rows if at least half are, otherwise all, with
 * missing cells drawn from the maximum-likelihood Gaussian.
 */
export const completeRows = (data: TrainingData, key: Key.Key): TrainingData => {
  const { scaled, scaling } = data
  const hasEnough = 2 * Missing.completeRowCount(scaled) >= scaled.rows
  const { points, close } = hasEnough
    ? Source.filterRows(Missing.isCompleteRow)(scaled)
    : Source.storedData(pipe(scaled, Missing.drawMissing(key)))
  const original = scaling === null ? points : Source.dataInOriginalUnits(scaling)(points)
  return { ...data, original, scaled: points, close }
}
