/** Tables of JSON lines: an object a line, whose keys are the names of columns (jsonlines.org). */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as Limits from '../core/Limits.js'
import * as Problem from '../core/Problem.js'
import { fail, sized } from './parts.js'

type Row = Readonly<Record<string, unknown>>

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

const rowOf = (line: string): Either.Either<unknown, Row> =>
  pipe(
    Json.parse(line),
    Either.flatMap((value: unknown) => (isRow(value) ? Either.right(value) : Either.left(value)))
  )

/** A value as a cell is written: what is null or left out is an empty one. Undefined for a list or an object. */
const cellOf = (value: unknown): string | undefined =>
  value === null || value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : undefined

const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** Whether a text is one of JSON lines: its first line that is not blank is an object of numbers and texts. */
export const isJsonLines = (text: string): boolean => {
  const start = text.trimStart()
  return (
    start.startsWith('{') &&
    pipe(
      rowOf(start.split('\n', 1)[0]),
      Either.exists(row => Object.values(row).every(value => cellOf(value) !== undefined))
    )
  )
}

/** The names of all lines, in the order in which they come, and below them the cells of each. */
export const cellsOfJsonLines = (
  text: string
): Either.Either<Problem.Problem, ReadonlyArray<ReadonlyArray<string>>> => {
  const large = sized(text, '\n,')
  if (Either.isLeft(large)) return large
  const lines = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ line, number: i + 1 }]))
  return pipe(
    lines,
    Either.traverseArray(({ line, number }) =>
      pipe(
        rowOf(line),
        Either.bimap(
          () =>
            Problem.of(
              `line ${number}`,
              shown(line.trim()),
              'an object of JSON',
              'write one on each line, as on the first'
            ),
          row => ({ row, number })
        )
      )
    ),
    Either.flatMap(rows => {
      const names = [...new Set(rows.flatMap(({ row }) => Object.keys(row)))]
      if (names.length * rows.length > Limits.cells)
        return fail(
          'text',
          `one of ${rows.length} lines with ${names.length} names`,
          `of at most ${Limits.cells} cells`,
          'give each line the same names'
        )
      return pipe(
        rows,
        Either.traverseArray(({ row, number }) =>
          pipe(
            names,
            Either.traverseArray(name => {
              const cell = cellOf(Object.hasOwn(row, name) ? row[name] : null)
              return cell === undefined
                ? fail(
                    `line ${number}, ${name}`,
                    shown(JSON.stringify(row[name])),
                    'a number or a text',
                    'give each of its values a name of its own'
                  )
                : Either.right(cell)
            })
          )
        ),
        Either.map(cells => [names, ...cells])
      )
    })
  )
}
