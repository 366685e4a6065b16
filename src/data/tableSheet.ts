/** Points to be written. */
import { exactText } from '../../lib/plain/said.js'
import * as Either from '../core/either.js'
import type { Columns, Type } from '../../lib/formats/columns.js'
import type { DataError, Points } from './points.js'

/** Some rows of a table, to be written in any form. */
export interface TableSheet {
  /** A line for each row, below one of names where none were written before; cells separated as told, else as the table has it. */
  readonly text: (delimiter: string | null) => string
  /** The same as columns of types: those that the rows before them had, where there are some. */
  readonly columns: (known: ReadonlyArray<Type> | null) => Either.Either<DataError, Columns>
}

/** What a spreadsheet would take for a formula is written with an apostrophe before it. */
const guardFormula = (name: string): string => (/^'*[=+\-@\t\r]/.test(name) ? `'${name}` : name)

/** In quotes where a reader would else find other cells, or lose space at the ends (RFC 4180). */
const csvQuoted = (name: string): string =>
  /[",\t\r\n\ufeff]|^ | $/.test(name) ? `"${name.replaceAll('"', '""')}"` : name

/** A name that no other has: with `_` after it where it is taken. */
export const unusedName = (name: string, names: ReadonlyArray<string>): string =>
  names.includes(name) ? unusedName(`${name}_`, names) : name

/**
 * The points as a CSV text that reads back as the same doubles: a line of names (`x1`, `x2`, … where none are given),
 * then a line for each row. A name that a spreadsheet would take for a formula has an apostrophe before it (OWASP, CSV
 * injection), which `readCsv` takes away. Weights are a last column, `weight`. Names that are all numbers need `header: true` to read
 * back as names.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(
 *     Points.fromRows([[0.1, 2], [1e-7, 4]]),
 *     Either.map(points => Points.toCsv(points, ['length', 'width']))
 *   ),
 *   Either.right('length,width\n0.1,2\n1e-7,4\n')
 * )
 */
export const toCsv = (points: Points, columns: ReadonlyArray<string> = []): string =>
  sheetOfPoints(points, columns).text(',')

/** Points in any form; the line of names stands above the first rows. */
export const sheetOfPoints = (points: Points, columns: ReadonlyArray<string> = [], isFirst = true): TableSheet => {
  const { rows, dim, values, weights } = points
  const names = Array.from({ length: dim }, (_, j) => (j < columns.length ? columns[j] : `x${j + 1}`))
  const header = weights === undefined ? names : [...names, unusedName('weight', names)]
  const at = (i: number, j: number): number => (weights !== undefined && j === dim ? weights[i] : values[i * dim + j])
  return {
    text: separator => {
      const delimiter = separator ?? ','
      const line = (i: number): string => header.map((_, j) => exactText(at(i, j))).join(delimiter)
      const above = isFirst ? [header.map(guardFormula).map(csvQuoted).join(delimiter)] : []
      return [...above, ...Array.from({ length: rows }, (_, i) => line(i)), ''].join('\n')
    },
    columns: () =>
      Either.right({
        rows,
        columns: header.map((name, j) => ({
          name,
          type: 'numbers',
          cells: Float64Array.from({ length: rows }, (_, i) => at(i, j))
        }))
      })
  }
}
