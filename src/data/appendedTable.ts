/** A table to be written again, with columns added on the right. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import Papa from 'papaparse'
import type { TypedCells, Type } from '../../lib/formats/columns.js'
import { isMissing } from './cell.js'
import type { CellGrid } from './grid.js'
import { fail } from './dataProblems.js'
import type { DataError } from './points.js'
import { exactText } from '../../lib/plain/said.js'
import { unusedName, type TableSheet } from './tableSheet.js'

/** Cells as they are written, under names. */
export interface WrittenTable {
  readonly names: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly delimiter: string
}

/** The cells of a grid, its numbers by the shortest digits. */
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

/** A part of a table, with its cells as they are written. */
export type CopiedPart = readonly [grid: CellGrid, written: WrittenTable]

/** Columns that are added: a cell for each row of some. */
export type AddedColumns = ReadonlyArray<readonly [name: string, cells: ReadonlyArray<string | number>]>

/** For each of so many rows, its place among those of these numbers, from 1. */
const indexByRow = (rowNumbers: Uint32Array, rows: number): ReadonlyArray<number | undefined> => {
  const places = new Map(Array.from(rowNumbers, (number, at) => [number, at]))
  return Array.from({ length: rows }, (_, i) => places.get(i + 1))
}

/** The text of cells with columns added on the right, below a line of names or not: see `withColumns`. */
export const appendedText =
  ({ names, rows, delimiter }: WrittenTable, isBelowNames = true) =>
  (rowNumbers: Uint32Array, added: AddedColumns): string => {
    const places = indexByRow(rowNumbers, rows.length)
    const found = rows.map((row, i) => {
      const at = places[i]
      return [...row, ...added.map(([, cells]) => (at === undefined ? '' : cells[at]))]
    })
    const header = isBelowNames ? [[...names, ...added.map(([name]) => unusedName(name, names))]] : []
    const lines = [...header, ...found]
    return lines.length === 0 ? '' : `${Papa.unparse(lines, { delimiter, newline: '\n' })}\n`
  }

/** What a cell of a column of numbers holds: null where it is missing, undefined where it is none. */
const cellNumber = ({ names, numbers, text }: CellGrid, row: number, column: number): number | null | undefined => {
  const x = numbers[row * names.length + column]
  if (!Number.isNaN(x)) return x
  const word = text(row, column)
  return isMissing(word) ? null : /^-?Infinity$/.test(word) ? Number(word) : undefined
}

/**
 * A column with its type: one of numbers, where each cell that is not missing is one, else of texts as they are written. What the first
 * part of a table says holds for those after it.
 */
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

/** A part of a table with columns added on the right, for the rows of these numbers in it; the first has the line of names. */
export const appendedSheet =
  (copied: CopiedPart, isFirst: boolean) =>
  (rowNumbers: Uint32Array, added: AddedColumns): TableSheet => {
    const [, written] = copied
    const { names, rows } = written
    return {
      text: delimiter =>
        appendedText({ ...written, delimiter: delimiter ?? written.delimiter }, isFirst)(rowNumbers, added),
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
