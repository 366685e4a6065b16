/** Tables that come in parts: as one, or one after another, each with the columns of the first. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import { scanned } from '../../lib/plain/gather.js'
import * as Problem from '../core/problem.js'
import { ALL_ROWS_MISSING, gridRowName, gridToTable, type CsvOptions, type CellGrid, type Table } from './grid.js'
import { fail, pluralized } from './dataProblems.js'
import type { DataError } from './points.js'

/** A part of a table, after so many rows of it. */
export const gridAfterRows =
  (rows: number) =>
  (grid: CellGrid): CellGrid => ({ ...grid, rowName: row => gridRowName(grid, row + rows) })

/** A part of a table that stands in a file of its own, as its rows and problems say. */
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

/** What a part says of the columns of all. */
type PartHead = Pick<CellGrid, 'names' | 'hasHeader' | 'file'>

const partHead = ({ names, hasHeader, file }: CellGrid): PartHead => ({
  names,
  hasHeader,
  ...(file !== undefined && { file })
})

/** A part whose columns are those of the first. */
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

/** The parts of a table as one, at least one of them. */
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

/** What the first part of a table says of those that follow. */
interface FirstPartFindings {
  /** Rows so far. */
  readonly rows: number
  readonly head: PartHead
  readonly columns: ReadonlyArray<string>
}

/** What is kept of parts after the first, whose classes say nothing of those of all. */
const KEEP_NOTHING = { columns: [], classes: 0 }

/** A part of which all rows were dropped. */
const emptyTable = (columns: ReadonlyArray<string>, dropped: number): Table => ({
  points: { rows: 0, dim: columns.length, values: new Float64Array(0) },
  columns,
  rowNumbers: new Uint32Array(0),
  dropped,
  ignored: [],
  doubtful: []
})

/** The table that a part comes to after those before it. */
const nextPartTable =
  (options: CsvOptions) =>
  (
    before: FirstPartFindings | null,
    part: Either.Either<DataError, CellGrid>
  ): readonly [FirstPartFindings | null, Either.Either<DataError, Table>] => {
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

/** Tables of the parts of one, as they come: what the first says of the columns holds for all of them. */
export const tablesOfGrids =
  (options: CsvOptions) =>
  (parts: AsyncIterable<Either.Either<DataError, CellGrid>>): AsyncIterable<Either.Either<DataError, Table>> =>
    scanned(parts, null, nextPartTable(options))

/** The same of parts with something extra to each: each table and the part that it is of. */
export const tablesWithParts =
  (options: CsvOptions) =>
  <P extends readonly [CellGrid, unknown]>(
    parts: AsyncIterable<Either.Either<DataError, P>>
  ): AsyncIterable<Either.Either<DataError, readonly [Table, P]>> =>
    scanned(
      parts,
      null,
      (
        before: FirstPartFindings | null,
        part
      ): readonly [FirstPartFindings | null, Either.Either<DataError, readonly [Table, P]>] => {
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
