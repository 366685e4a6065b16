/** The tables of examples/data, by plain reading. */
import { readFileSync } from 'node:fs'

type Rows<A> = ReadonlyArray<ReadonlyArray<A>>

/** Cells of rows, as they are written. */
export const cellsOf = (name: string): Rows<string> =>
  readFileSync(new URL(`../examples/data/${name}.csv`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(','))

/** The columns of numbers of the rows that miss none. */
export const rowsOf = (name: string): Rows<number> => {
  const rows = cellsOf(name).map(cells => cells.filter(cell => Number.isFinite(Number(cell))).map(Number))
  return rows.filter(row => row.length === rows[0].length)
}

/** The last cell of each row: the class, of iris and penguins. */
export const classesOf = (name: string): ReadonlyArray<string> => cellsOf(name).map(cells => cells[cells.length - 1])
