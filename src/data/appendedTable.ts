/** Writes a table with columns added on the right. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import Papa from 'papaparse'
import type { TypedCells, Type } from '../../lib/formats/columns.js'
import { isMissing } from './cell.js'
import type { CellGrid } from './grid.js'
import { fail } from './dataProblems.js'
import type { DataError } from './points.js'
import { exactText } from '../../lib/plain/said.js'
import { FIRST_PART, unusedName, type PartPosition, type TableSheet } from './tableSheet.js'

export interface WrittenTable {
  readonly names: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly delimiter: string
}

/** Cells of a grid as text; numbers have the fewest digits that identify them. */
export const writtenOfGrid = ({ names, rows, numbers, text }: CellGrid): WrittenTable => ({
  names,
  rows: Array.from({ length: rows }, (_, i) =>
    names.map((_, j) => {
      const x = numbers[i * names.length + j]
      return Number.isNaN(x) ? text(i, j) : exactText(x)
    })
  ),
  delimiter: ','
})

export type CopiedPart = readonly [grid: CellGrid, written: WrittenTable]

/** Added columns, with a cell for each selected row. */
export type AddedColumns = ReadonlyArray<readonly [name: string, cells: ReadonlyArray<string | number>]>

/** Index in `rowNumbers`, which count from 1, of each of `rows` rows; undefined for absent ones. */
const indexByRow = (rowNumbers: Uint32Array, rows: number): ReadonlyArray<number | undefined> => {
  const places = new Map(Array.from(rowNumbers, (number, at) => [number, at]))
  return Array.from({ length: rows }, (_, i) => places.get(i + 1))
}

/** Text of a table with columns added for the rows `rowNumbers`, counted from 1; other rows have empty cells. */
export const appendedText =
  ({ names, rows, delimiter }: WrittenTable, { isFirst } = FIRST_PART) =>
  (rowNumbers: Uint32Array, added: AddedColumns): string => {
    const places = indexByRow(rowNumbers, rows.length)
    const found = rows.map((row, i) => {
      const at = places[i]
      return [...row, ...added.map(([, cells]) => (at === undefined ? '' : cells[at]))]
    })
    const header = isFirst ? [[...names, ...added.map(([name]) => unusedName(name, names))]] : []
    const lines = [...header, ...found]
    return lines.length === 0 ? '' : `${Papa.unparse(lines, { delimiter, newline: '\n' })}\n`
  }

/** Number of a cell; null if it is missing, undefined if it is not a number. */
const cellNumber = ({ names, numbers, text }: CellGrid, row: number, column: number): number | null | undefined => {
  const x = numbers[row * names.length + column]
  if (!Number.isNaN(x)) return x
  const word = text(row, column)
  return isMissing(word) ? null : /^-?Infinity$/.test(word) ? Number(word) : undefined
}

/** Column of numbers if each cell is a number or missing, otherwise of texts; in later parts of the type `known`. */
const typedColumn =
  ([grid, { names, rows }]: CopiedPart, known: ReadonlyArray<Type> | null) =>
  (j: number): Either.Either<DataError, TypedCells> => {
    const name = names[j]
    const type = known?.[j] ?? grid.types?.[j]
    const numbers = type === undefined || type === 'numbers' ? rows.map((_, i) => cellNumber(grid, i, j)) : []
    const word = numbers.indexOf(undefined)
    return word < 0 && (type === 'numbers' || numbers.some(x => x !== null))
      ? Either.right({ name, type: 'numbers', cells: numbers })
      : known?.[j] === 'numbers'
        ? fail(
            `column ${j + 1} (${name})`,
            rows[word][j],
            'a number, as those before it',
            'write it as text, as CSV is'
          )
        : Either.right({
            name,
            type: type === undefined || type === 'numbers' ? 'text' : type,
            cells: rows.map(row => (row[j] === '' ? null : row[j]))
          })
  }

/** Sheet of a part of a table with columns added; `rowNumbers` count from 1 in the part. */
export const appendedSheet =
  (copied: CopiedPart, { isFirst }: PartPosition) =>
  (rowNumbers: Uint32Array, added: AddedColumns): TableSheet => {
    const [, written] = copied
    const { names, rows } = written
    return {
      text: delimiter =>
        appendedText({ ...written, delimiter: delimiter ?? written.delimiter }, { isFirst })(rowNumbers, added),
      columns: known =>
        pipe(
          names.map((_, j) => j),
          Either.traverseArray(typedColumn(copied, known)),
          Either.map(found => {
            const places = indexByRow(rowNumbers, rows.length)
            return {
              rows: rows.length,
              columns: [
                ...found,
                ...added.map(([name, cells]): TypedCells => {
                  const type = typeof cells[0] === 'string' ? 'text' : 'numbers'
                  return {
                    name: unusedName(name, names),
                    type,
                    cells: places.map(at => (at === undefined ? null : cells[at]))
                  }
                })
              ]
            }
          })
        )
    }
  }
