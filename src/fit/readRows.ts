import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Problem from '../core/problem.js'
import { readData as checkInput, type RowLists } from '../data/dataArgument.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import type { FitOptions } from './resolveOptions.js'

/** True if rows are streamed, not in memory. */
export const isStreamed = (data: Source.Data | RowLists): data is Source.Source =>
  'rows' in data && Source.isSource(data)

/** Returns the rows that a fit uses: those with positive weight and at least one cell. */
export const readRows = (
  { missing, weights }: Pick<FitOptions, 'missing' | 'weights'>,
  given: Source.Data | RowLists
): E.Either<Problem.Problems, Source.Data> =>
  pipe(
    checkInput(given),
    E.mapLeft(Problem.singleProblem),
    E.flatMap((data): E.Either<Problem.Problems, Source.Data> =>
      isStreamed(data)
        ? Problem.faultless(sourceProblems(data, { missing, weights }), data)
        : E.mapLeft(Problem.singleProblem)(readPoints(data, { missing, weights }))
    ),
    E.map(Source.onlyCountedRows),
    E.flatMap(data => Problem.faultless(missing === 'em' ? emptyColumnProblems(data) : [], data))
  )

/** Returns rows as points. Option `missing: 'em'` allows NaN for a missing cell. */
export const readPoints = (
  data: Points.Points | RowLists,
  { missing, weights }: Pick<FitOptions, 'missing' | 'weights'>
): E.Either<Problem.Problem, Points.Points> =>
  pipe(
    missing === 'em' ? readWithMissing(data) : 'rows' in data ? Points.validate(data) : Points.fromRows(data),
    E.flatMap(points => (weights === undefined ? E.right(points) : Points.weighted(weights)(points)))
  )

const readWithMissing = (data: Points.Points | RowLists): E.Either<Problem.Problem, Points.Points> =>
  'rows' in data
    ? Points.validateAllowingMissing(data)
    : pipe(
        Points.fromRows(data.map(row => row.map(x => (Number.isNaN(x) ? 0 : x)))),
        E.map(points => ({ ...points, values: Float64Array.from(data.flat()) }))
      )

const sourceProblems = (
  source: Source.Source,
  { missing = 'refuse', weights }: Pick<FitOptions, 'missing' | 'weights'>
): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    weights === undefined,
    'weights',
    'a list',
    'those that the source carries',
    'leave the option out'
  ),
  ...(missing === 'em' ? [] : Source.problems(source))
]

const emptyColumnProblems = (data: Source.Data): ReadonlyArray<Problem.Problem> =>
  Missing.emptyColumns(data).map(j =>
    Problem.of(`column ${j + 1}`, 'all missing', 'a column with a number', 'leave the column out')
  )

/** Returns the names of all columns. Default: x1, x2, … */
export const columnNames = (
  columns: FitOptions['columns'],
  dim: number
): E.Either<Problem.Problems, ReadonlyArray<string>> =>
  Problem.faultless(
    Problem.unless(
      columns === undefined || columns.length === dim,
      'columns',
      `a list of ${columns?.length ?? 0}`,
      `a list of ${dim}, a name for each column`,
      'leave it out'
    ),
    columns ?? RA.makeBy(dim, j => `x${j + 1}`)
  )
