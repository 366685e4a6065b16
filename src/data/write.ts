/** Points as text. */
import type { Points } from './Points.js'

/** What a spreadsheet would take for a formula is written with an apostrophe before it. */
const guarded = (name: string): string => (/^'*[=+\-@\t\r]/.test(name) ? `'${name}` : name)

/** In quotes where a reader would else find other cells, or lose space at the ends (RFC 4180). */
const quoted = (name: string): string => (/[",\r\n\ufeff]|^ | $/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)

/** The shortest digits that read back as the same double, the sign of 0 included. */
export const digits = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))
/** A name that no other has: with `_` after it where it is taken. */
export const unused = (name: string, names: ReadonlyArray<string>): string =>
  names.includes(name) ? unused(`${name}_`, names) : name

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
export const toCsv = (points: Points, columns: ReadonlyArray<string> = []): string => {
  const { rows, dim, values, weights } = points
  const names = Array.from({ length: dim }, (_, j) => (j < columns.length ? columns[j] : `x${j + 1}`))
  const header = weights === undefined ? names : [...names, unused('weight', names)]
  const line = (i: number): string =>
    Array.from({ length: header.length }, (_, j) =>
      digits(weights !== undefined && j === dim ? weights[i] : values[i * dim + j])
    ).join(',')
  return [header.map(guarded).map(quoted).join(','), ...Array.from({ length: rows }, (_, i) => line(i)), ''].join('\n')
}
