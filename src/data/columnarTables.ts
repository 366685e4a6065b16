/** Tables from files of typed columns: Parquet and Arrow. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { batches } from '../../lib/formats/arrow.js'
import { Absent, typedRows, type Columns } from '../../lib/formats/columns.js'
import { caught, collectAsync, scanned } from '../../lib/plain/gather.js'
import { rowGroupsOf, type Slices } from '../../lib/formats/parquet.js'
import { requireNamedRows, gridToTable, type CsvOptions, type CellGrid, type Table } from './grid.js'
import { offsetRowNames, joinGrids, tablesOfGrids } from './tableParts.js'
import { fail } from './dataProblems.js'
import type { DataError } from './points.js'

export type { Slices }

const PACKAGES = { Parquet: 'hyparquet hyparquet-compressors', Arrow: 'apache-arrow hyparquet-compressors' } as const

type ColumnarFormat = keyof typeof PACKAGES

/** Options of text files, which are a problem here. */
const TEXT_ONLY_OPTIONS = ['header', 'delimiter', 'decimal', 'skip', 'comment'] as const

const textOptionProblem = (format: ColumnarFormat, options: CsvOptions): Either.Either<DataError, null> => {
  const option = TEXT_ONLY_OPTIONS.find(name => options[name] !== undefined)
  return option === undefined
    ? Either.right(null)
    : fail(option, JSON.stringify(options[option]), `an option of ${format}, but of text`, 'leave it out')
}

const isFileSystemError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')

/** Message of a reader's error in parentheses; empty for errors of the JavaScript engine, on which a user cannot act. */
const readerMessage = (error: unknown): string =>
  error instanceof Error && error.name === 'Error' && !/\bundefined\b/.test(error.message) ? ` (${error.message})` : ''

/** Problem of a damaged file or a missing package; null for errors of the file system. */
const readerProblem =
  (format: ColumnarFormat) =>
  (error: unknown): Either.Either<DataError, never> | null =>
    isFileSystemError(error)
      ? null
      : error instanceof Absent
        ? fail(
            'text',
            `a file of ${format}`,
            `read without the package ${error.library}`,
            `install it: npm install ${PACKAGES[format]}`
          )
        : fail(
            'text',
            `a file of ${format}${readerMessage(error)}`,
            'whole and sound',
            'fetch it again, or write it again'
          )

const gridOfColumns = (columns: Columns, { na }: CsvOptions): Either.Either<DataError, CellGrid> => {
  const { names, ...found } = typedRows(columns, na)
  const own = names.map(name => name.trim())
  return requireNamedRows({
    ...found,
    names: own.map((name, j) => (name === '' ? `column ${j + 1}` : name)),
    isNamed: own.map(name => name !== ''),
    hasHeader: true
  })
}

/** Converts columns to a grid; exceptions are problems, since names and cells of a damaged file may have any type. */
const checkedGridOfColumns = (
  format: ColumnarFormat,
  columns: Columns,
  options: CsvOptions
): Either.Either<DataError, CellGrid> =>
  pipe(
    Either.tryCatch(() => gridOfColumns(columns, options), readerProblem(format)),
    Either.getOrElse(problem => problem ?? gridOfColumns(columns, options))
  )

/** Converts the parts of a file to grids, before their columns are chosen. */
export const columnGrids =
  (format: ColumnarFormat, options: CsvOptions) =>
  (parts: AsyncIterable<Columns>): AsyncIterable<Either.Either<DataError, CellGrid>> =>
    scanned(
      caught(parts, readerProblem(format)),
      0,
      (before: number, part): readonly [number, Either.Either<DataError, CellGrid>] =>
        '_tag' in part
          ? [before, part]
          : [
              before + part.rows,
              pipe(
                textOptionProblem(format, options),
                Either.flatMap(() => checkedGridOfColumns(format, part, options)),
                Either.map(offsetRowNames(before))
              )
            ]
    )

const parquetGrids =
  (options: CsvOptions) =>
  (file: Slices): AsyncIterable<Either.Either<DataError, CellGrid>> =>
    pipe(rowGroupsOf(file), columnGrids('Parquet', options))

const arrowGrids =
  (options: CsvOptions) =>
  (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Either.Either<DataError, CellGrid>> =>
    pipe(batches(bytes), columnGrids('Arrow', options))

/** Joins all parts into one grid. */
export const joinGridParts = async (
  parts: AsyncIterable<Either.Either<DataError, CellGrid>>
): Promise<Either.Either<DataError, CellGrid>> =>
  pipe(Either.sequenceArray(await collectAsync(parts)), Either.flatMap(joinGrids))

/**
 * Reads a Parquet file by the package hyparquet, loaded on demand. Columns are chosen as in `readCsv`, but by type; null is a missing cell.
 * A whole number beyond 2⁵³, which doubles do not hold, is a problem in a chosen column.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { parquetWriteBuffer } from 'hyparquet-writer'
 * import { Points } from 'ornstein'
 *
 * const file = parquetWriteBuffer({
 *   columnData: [
 *     { name: 'length', data: [1, 2.5], type: 'DOUBLE' },
 *     { name: 'name', data: ['Ann', 'Bob'] }
 *   ]
 * })
 * const table = await Points.readParquet(file)
 * assert.ok(Either.isRight(table))
 * assert.deepEqual(table.right.points, { rows: 2, dim: 1, values: Float64Array.of(1, 2.5) })
 * assert.deepEqual(table.right.ignored, [{ name: 'name', why: 'text' }])
 */
export const readParquet = async (file: Slices, options: CsvOptions = {}): Promise<Either.Either<DataError, Table>> =>
  pipe(await joinGridParts(parquetGrids(options)(file)), Either.flatMap(gridToTable(options)))

/**
 * Reads a table from the bytes of an Arrow file or stream (IPC) by the package apache-arrow, as `readParquet` does.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { tableFromArrays, tableToIPC } from 'apache-arrow'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points } from 'ornstein'
 *
 * async function* bytes() {
 *   yield tableToIPC(tableFromArrays({ length: Float64Array.of(1, 2.5), count: [3n, 4n] }))
 * }
 * const table = await Points.readArrow(bytes())
 * assert.ok(Either.isRight(table))
 * assert.deepEqual(table.right.points, { rows: 2, dim: 2, values: Float64Array.of(1, 3, 2.5, 4) })
 */
export const readArrow = async (
  bytes: AsyncIterable<Uint8Array>,
  options: CsvOptions = {}
): Promise<Either.Either<DataError, Table>> =>
  pipe(await joinGridParts(arrowGrids(options)(bytes)), Either.flatMap(gridToTable(options)))

/** Reads a Parquet file one row group at a time; the columns are chosen by the first. */
export const parquetTables =
  (options: CsvOptions = {}) =>
  (file: Slices): AsyncIterable<Either.Either<DataError, Table>> =>
    pipe(file, parquetGrids(options), tablesOfGrids(options))

/** Reads an Arrow file or stream one batch at a time; the columns are chosen by the first. */
export const arrowTables =
  (options: CsvOptions = {}) =>
  (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Either.Either<DataError, Table>> =>
    pipe(bytes, arrowGrids(options), tablesOfGrids(options))
