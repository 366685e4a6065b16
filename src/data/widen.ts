/** A table as text again, with columns added on the right. */
import Papa from 'papaparse'
import type { Grid } from './grid.js'
import { digits, unused } from './write.js'

/** Cells as they are written, under names. */
export interface Written {
  readonly names: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly delimiter: string
}

/** The cells of a grid, its numbers by the shortest digits. */
export const writtenOfGrid = ({ names, rows, numbers, text }: Grid): Written => ({
  names,
  rows: Array.from({ length: rows }, (_, i) =>
    names.map((_, j) => {
      const x = numbers[i * names.length + j]
      return Number.isNaN(x) ? text(i, j) : digits(x)
    })
  ),
  delimiter: ','
})

/** A part of a table, with its cells as they are written. */
export type Copied = readonly [grid: Grid, written: Written]

/** The text of cells with columns added on the right, below a line of names or not: see `withColumns`. */
export const extended =
  ({ names, rows, delimiter }: Written, isBelowNames = true) =>
  (rowNumbers: Uint32Array, added: ReadonlyArray<readonly [name: string, cells: ReadonlyArray<string>]>): string => {
    const places = new Map(Array.from(rowNumbers, (number, at) => [number, at]))
    const found = rows.map((row, i) => {
      const at = places.get(i + 1)
      return [...row, ...added.map(([, cells]) => (at === undefined ? '' : cells[at]))]
    })
    const header = isBelowNames ? [[...names, ...added.map(([name]) => unused(name, names))]] : []
    const lines = [...header, ...found]
    return lines.length === 0 ? '' : `${Papa.unparse(lines, { delimiter, newline: '\n' })}\n`
  }
