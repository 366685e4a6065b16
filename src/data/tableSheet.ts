/** Formats points as tables. */
import { exactText } from '../../lib/plain/said.js'
import * as Either from '../core/either.js'
import type { Columns, Type } from '../../lib/formats/columns.js'
import type { DataError, Points } from './points.js'
import { pointsArgument, type PointsLike } from './rowsArgument.js'

/** Position of a part in its table; only the first is written with a header. */
export interface PartPosition {
  readonly isFirst: boolean
}

export const FIRST_PART: PartPosition = { isFirst: true }

/** Rows of a table that can be written in any format. */
export interface TableSheet {
  /** One line for each row, below a header for the first rows. Null: the table's own delimiter. */
  readonly text: (delimiter: string | null) => string
  /** Typed columns; `known` are the types of earlier rows, null for the first. */
  readonly columns: (known: ReadonlyArray<Type> | null) => Either.Either<DataError, Columns>
}

/** Puts an apostrophe before a name that a spreadsheet would take for a formula. */
const guardFormula = (name: string): string => (/^'*[=+\-@\t\r]/.test(name) ? `'${name}` : name)

/** Quotes a name that would otherwise be split or lose blanks at its ends (RFC 4180). */
const csvQuoted = (name: string): string =>
  /[",\t\r\n\ufeff]|^ | $/.test(name) ? `"${name.replaceAll('"', '""')}"` : name

/** Appends `_` to a name until no other has it. */
export const unusedName = (name: string, names: ReadonlyArray<string>): string =>
  names.includes(name) ? unusedName(`${name}_`, names) : name

/**
 * Points as a CSV text that reads back as the same doubles: a header (default: `x1`, `x2`, …), then one line for each row. Weights are a
 * last column, `weight`. A name that a spreadsheet would take for a formula has an apostrophe before it (OWASP, CSV injection), which
 * `readCsv` removes. Names that are all numbers need `header: true` to be read as names.
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
export const toCsv = (given: PointsLike, columns: ReadonlyArray<string> = []): string =>
  sheetOfPoints(pointsArgument(given, 'Points.toCsv(points, columns)'), columns).text(',')

/** Sheet of points. Default: with a header. */
export const sheetOfPoints = (
  points: Points,
  columns: ReadonlyArray<string> = [],
  { isFirst } = FIRST_PART
): TableSheet => {
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
