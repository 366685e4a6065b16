/** Tables in parts: joined, or one after another with the columns of the first. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import { scanned } from '../../lib/plain/gather.js'
import * as Problem from '../core/problem.js'
import { ALL_ROWS_MISSING, gridRowName, gridToTable, type CsvOptions, type CellGrid, type Table } from './grid.js'
import { fail, pluralized } from './dataProblems.js'
import type { DataError } from './points.js'

/** Counts the rows of a part from the number of preceding rows, for messages. */
export const offsetRowNames =
  (rows: number) =>
  (grid: CellGrid): CellGrid => ({ ...grid, rowName: row => gridRowName(grid, row + rows) })

/** Adds the file of a part to the names of its rows and to its problems. */
export const partInFile =
  (file: string) =>
  (part: Either.Either<DataError, CellGrid>): Either.Either<DataError, CellGrid> =>
    pipe(
      part,
      Either.bimap(
        problem => ({
          ...problem,
          field: problem.field === 'text' ? file : problem.field.replace(/^((?:row|line) \d+|header)/, `$1 of ${file}`)
        }),
        grid => ({ ...grid, file, rowName: row => `${gridRowName(grid, row)} of ${file}` })
      )
    )

/** Properties in which all parts must agree. */
type PartHead = Pick<CellGrid, 'names' | 'hasHeader' | 'file'>

const partHead = ({ names, hasHeader, file }: CellGrid): PartHead => ({
  names,
  hasHeader,
  ...(file !== undefined && { file })
})

const requireColumnsOf =
  (first: PartHead) =>
  (grid: CellGrid): Either.Either<DataError, CellGrid> => {
    const { names, hasHeader } = grid
    const file = grid.file ?? 'text'
    const as = first.file ?? 'the first part'
    const remedy = 'give files of equal columns, in the same order'
    const other = names.findIndex((name, j) => name !== first.names[j])
    return names.length !== first.names.length
      ? fail(
          file,
          pluralized(names.length, 'column'),
          `${pluralized(first.names.length, 'column')}, as in ${as}`,
          remedy
        )
      : hasHeader !== first.hasHeader
        ? fail(file, hasHeader ? 'a line of names' : 'a first line of data', `what ${as} begins with`, [
            Problem.set('header', null)
          ])
        : other >= 0
          ? fail(`column ${other + 1} of ${file}`, names[other], `${first.names[other]}, as in ${as}`, remedy)
          : Either.right(grid)
  }

/** Joins the parts of a table, at least one. */
export const joinGrids = (parts: ReadonlyArray<CellGrid>): Either.Either<DataError, CellGrid> => {
  const [first, ...rest] = parts
  if (rest.length === 0) return Either.right(first)
  const starts = parts.reduce<ReadonlyArray<number>>((all, { rows }, p) => [...all, all[p] + rows], [0])
  const at = (row: number): readonly [CellGrid, number] => {
    const p = starts.findIndex(start => start > row) - 1
    return [parts[p], row - starts[p]]
  }
  return pipe(
    rest,
    Either.traverseArray(requireColumnsOf(first)),
    Either.map(() => ({
      ...first,
      rows: starts[parts.length],
      numbers: parts.length === 1 ? parts[0].numbers : concatenated(parts.map(({ numbers }) => numbers)),
      text: (row, column) => {
        const [part, own] = at(row)
        return part.text(own, column)
      },
      rowName: row => gridRowName(...at(row))
    }))
  )
}

/** Head and columns of the first part, and the number of rows so far. */
interface PreviousParts {
  readonly rows: number
  readonly head: PartHead
  readonly columns: ReadonlyArray<string>
}

/** Option of parts after the first, which do not show the classes of the whole table. */
const KEEP_NOTHING = { columns: [], classes: 0 }

const emptyTable = (columns: ReadonlyArray<string>, dropped: number): Table => ({
  points: { rows: 0, dim: columns.length, values: new Float64Array(0) },
  columns,
  rowNumbers: new Uint32Array(0),
  dropped,
  ignored: [],
  doubtful: []
})

/** Returns the findings for the next part, and the table of this one. */
const nextPartTable =
  (options: CsvOptions) =>
  (
    before: PreviousParts | null,
    part: Either.Either<DataError, CellGrid>
  ): readonly [PreviousParts | null, Either.Either<DataError, Table>] => {
    const found = pipe(
      part,
      Either.chain(grid => (before === null ? Either.right(grid) : requireColumnsOf(before.head)(grid))),
      Either.bindTo('grid'),
      Either.bind('table', ({ grid }) =>
        before === null
          ? gridToTable(options)(grid)
          : pipe(
              grid,
              gridToTable({ ...options, columns: before.columns, exclude: [], keep: KEEP_NOTHING }),
              Either.orElse(problem =>
                problem.value === ALL_ROWS_MISSING.value
                  ? Either.right(emptyTable(before.columns, grid.rows))
                  : Either.left(problem)
              )
            )
      )
    )
    if (Either.isLeft(found)) return [before, found]
    const { grid, table } = found.right
    const rows = before?.rows ?? 0
    return [
      { rows: rows + grid.rows, head: before?.head ?? partHead(grid), columns: table.columns },
      Either.right({ ...table, rowNumbers: table.rowNumbers.map(i => i + rows) })
    ]
  }

/** Reads the parts of a table as they arrive; the columns are chosen by the first. */
export const tablesOfGrids =
  (options: CsvOptions) =>
  (parts: AsyncIterable<Either.Either<DataError, CellGrid>>): AsyncIterable<Either.Either<DataError, Table>> =>
    scanned(parts, null, nextPartTable(options))

/** Reads the parts of a table as they arrive, and returns each table with its part. */
export const tablesWithParts =
  (options: CsvOptions) =>
  <P extends readonly [CellGrid, unknown]>(
    parts: AsyncIterable<Either.Either<DataError, P>>
  ): AsyncIterable<Either.Either<DataError, readonly [Table, P]>> =>
    scanned(
      parts,
      null,
      (
        before: PreviousParts | null,
        part
      ): readonly [PreviousParts | null, Either.Either<DataError, readonly [Table, P]>] => {
        if (Either.isLeft(part)) return [before, part]
        const [known, found] = nextPartTable(options)(before, Either.right(part.right[0]))
        return [
          known,
          pipe(
            found,
            Either.map(table => [table, part.right])
          )
        ]
      }
    )
