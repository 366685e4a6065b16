/** Sources whose rows arrive in pieces: from code, text or files of columns. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { gatherPieces as gather, gatheredAsync, type Gathering } from '../../../lib/plain/gather.js'
import * as Problem from '../../core/problem.js'
import { csvTables } from '../csv.js'
import type { CsvOptions, Table } from '../grid.js'
import { fail, withRowOffset, pluralized } from '../dataProblems.js'
import * as Points from '../points.js'
import { sourceWriter, type Source } from './source.js'
import { arrowTables, parquetTables, type Slices } from '../columnarTables.js'

/** Gathers pieces of one width into a source; all or none have weights, and likewise labels. By default `check` rejects missing cells. */
const gathering = (
  folder: string | undefined,
  check: (points: Points.Points) => Either.Either<Problem.Problem, Points.Points> = Points.validate
): Gathering<Points.Points, Problem.Problem, Source> => {
  const { add, close } = sourceWriter(folder)
  return {
    close,
    add: (piece, before) => {
      const { dim, weights, labels, partner, errors } = piece
      const isOdd = (own: unknown, kept: unknown): boolean => before !== null && (own === undefined) !== (kept === null)
      const checked =
        before !== null && dim !== before.dim
          ? fail(
              'row 1',
              pluralized(dim, 'number'),
              `${pluralized(before.dim, 'number')}, as in row 1`,
              'give every row the same length',
              `${pluralized(dim, 'number')}, but row 1 has ${before.dim}`
            )
          : isOdd(weights, before?.weights)
            ? fail('weights', 'those of some rows', 'those of all', 'give every row a weight, or none')
            : isOdd(labels, before?.labels)
              ? fail('labels', 'those of some rows', 'those of all', 'give every row a label, -1 for none')
              : errors !== undefined
                ? fail('errors', 'given', 'of rows in memory', 'read the table whole, or leave them out')
                : partner !== undefined
                  ? fail(
                      'partner',
                      'those of pieces',
                      'those of rows in memory',
                      'leave them out, or draw pairs by Source.drawn'
                    )
                  : check(piece)
      return pipe(
        checked,
        Either.bimap(withRowOffset(before === null ? 0 : before.rows), () => add(piece, before))
      )
    }
  }
}

const NO_ROWS_PROBLEM = Problem.of('rows', 'none', 'at least one row', 'give at least one piece with rows')

/**
 * Rows of all pieces, of any lengths, in order, in a private temporary file of doubles (in a browser, in memory). A problem counts rows
 * from 1 across pieces.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Source } from 'ornstein'
 *
 * const pieces = [
 *   { rows: 2, dim: 1, values: Float64Array.of(1, 2) },
 *   { rows: 1, dim: 1, values: Float64Array.of(6) }
 * ]
 * const source = Source.gathered(pieces)
 * assert.deepEqual(pipe(source, Either.map(Source.mean)), Either.right(Float64Array.of(3)))
 */
export const gathered = (pieces: Iterable<Points.Points>, folder?: string): Either.Either<Problem.Problem, Source> =>
  pipe(gather(pieces, gathering(folder)), Either.flatMap(Either.fromNullable(NO_ROWS_PROBLEM)))

/** Gathers pieces as they arrive, such as those of a file or a network. */
export const gatheredFrom = async (
  pieces: AsyncIterable<Points.Points>,
  folder?: string
): Promise<Either.Either<Problem.Problem, Source>> =>
  pipe(await gatheredAsync(pieces, gathering(folder)), Either.flatMap(Either.fromNullable(NO_ROWS_PROBLEM)))

/** Table whose rows are a source; ignored and doubtful columns are those of its first part. */
export interface SourceTable extends Pick<Table, 'columns' | 'ignored' | 'doubtful' | 'dropped'> {
  readonly source: Source
}

/** Gathers the rows of the parts of a table, with one part in memory at a time. */
export const fromTables = async (
  tables: AsyncIterable<Either.Either<Problem.Problem, Table>>,
  folder?: string
): Promise<Either.Either<Problem.Problem, SourceTable>> => {
  // missing cells that may not be kept have been rejected before
  const rows = gathering(folder, Points.validateAllowingMissing)
  return pipe(
    await gatheredAsync(tables, {
      close: rows.close,
      add: (read, before: SourceTable | null) =>
        pipe(
          read,
          Either.flatMap(table =>
            pipe(
              before !== null && table.points.rows === 0
                ? Either.right(before.source)
                : rows.add(table.points, before?.source ?? null),
              Either.map(source => ({
                source,
                columns: table.columns,
                ignored: before?.ignored ?? table.ignored,
                doubtful: before?.doubtful ?? table.doubtful,
                dropped: (before?.dropped ?? 0) + table.dropped
              }))
            )
          )
        )
    }),
    Either.flatMap(Either.fromNullable(NO_ROWS_PROBLEM))
  )
}

/**
 * Rows of a CSV table from its bytes, of any length (see `Points.readCsv`).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Source } from 'ornstein'
 *
 * async function* bytes() {
 *   for (const piece of ['x,y\n1,', '2\n3,4\n']) yield new TextEncoder().encode(piece)
 * }
 * const read = await Source.fromCsv()(bytes())
 * assert.ok(Either.isRight(read))
 * assert.deepEqual(Source.mean(read.right.source), Float64Array.of(2, 3))
 */
export const fromCsv =
  (options: CsvOptions = {}, folder?: string) =>
  (bytes: AsyncIterable<Uint8Array>): Promise<Either.Either<Problem.Problem, SourceTable>> =>
    fromTables(csvTables(options)(bytes), folder)

/**
 * Rows of a Parquet file, which may be larger than memory: it is read a row group at a time (see `Points.readParquet`).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { parquetWriteBuffer } from 'hyparquet-writer'
 * import { Source } from 'ornstein'
 *
 * const file = parquetWriteBuffer({ columnData: [{ name: 'x', data: [1, 2, 6], type: 'DOUBLE' }], rowGroupSize: 2 })
 * const read = await Source.fromParquet()(file)
 * assert.ok(Either.isRight(read))
 * assert.deepEqual(Source.mean(read.right.source), Float64Array.of(3))
 */
export const fromParquet =
  (options: CsvOptions = {}, folder?: string) =>
  (file: Slices): Promise<Either.Either<Problem.Problem, SourceTable>> =>
    fromTables(parquetTables(options)(file), folder)

/** Rows of an Arrow file or stream, read a batch at a time (see `Points.readArrow`). */
export const fromArrow =
  (options: CsvOptions = {}, folder?: string) =>
  (bytes: AsyncIterable<Uint8Array>): Promise<Either.Either<Problem.Problem, SourceTable>> =>
    fromTables(arrowTables(options)(bytes), folder)
