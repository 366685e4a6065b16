/** Tables of JSON: an object a line (jsonlines.org), or a list of objects, whose keys are column names. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { parseJson } from '../../lib/plain/jsonText.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import { isRecord } from '../core/record.js'
import { fail, textBeginning, requireFewCells } from './dataProblems.js'

type JsonRow = Readonly<Record<string, unknown>>

/** Parses the object of a line. Left: the fault in parentheses, empty for JSON that is no object. */
const jsonRow = (line: string): Either.Either<string, JsonRow> => {
  const found = parseJson(line, Limits.maxDepth)
  return 'fault' in found
    ? Either.left(` (${found.fault})`)
    : isRecord(found.value)
      ? Either.right(found.value)
      : Either.left('')
}

/** Returns a value as cell text, empty for null; undefined for a list or an object. */
const cellText = (value: unknown): string | undefined =>
  value === null || value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : undefined

/** True if the first line that is not blank is a JSON object without lists and objects. */
export const isJsonLines = (text: string): boolean => {
  const start = text.trimStart()
  return (
    start.startsWith('{') &&
    pipe(
      jsonRow(start.split('\n', 1)[0]),
      Either.exists(row => Object.values(row).every(value => cellText(value) !== undefined))
    )
  )
}

const beginsListOfObjects = (text: string): boolean => /^\s*\[\s*\{/.test(text)

/** True if a text is, or begins, a table of JSON objects. */
export const isJson = (text: string): boolean => isJsonLines(text) || beginsListOfObjects(text)

interface PlacedRow {
  readonly row: JsonRow
  readonly place: string
}

type JsonCells = Either.Either<Problem.Problem, ReadonlyArray<ReadonlyArray<string>>>

const cellsOfRows = (rows: ReadonlyArray<PlacedRow>, known: ReadonlyArray<string>): JsonCells => {
  const names = [...new Set([...known, ...rows.flatMap(({ row }) => Object.keys(row))])]
  if (names.length * rows.length > Limits.cells)
    return fail(
      'text',
      `one of ${rows.length} rows with ${names.length} names`,
      `of at most ${Limits.cells} cells`,
      'give each row the same names'
    )
  return pipe(
    rows,
    Either.traverseArray(({ row, place }) =>
      pipe(
        names,
        Either.traverseArray(name => {
          const cell = cellText(Object.hasOwn(row, name) ? row[name] : null)
          return cell === undefined
            ? fail(
                `${place}, ${name}`,
                textBeginning(JSON.stringify(row[name])),
                'a number or a text',
                'give each of its values a name of its own'
              )
            : Either.right(cell)
        })
      )
    ),
    Either.map(cells => [names, ...cells])
  )
}

const rowsOfJsonLines = (text: string): Either.Either<Problem.Problem, ReadonlyArray<PlacedRow>> =>
  pipe(
    text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ line, place: `line ${i + 1}` }])),
    Either.traverseArray(({ line, place }) =>
      pipe(
        jsonRow(line),
        Either.bimap(
          fault =>
            Problem.of(
              place,
              textBeginning(line.trim()),
              `an object of JSON${fault}`,
              'write one on each line, as on the first'
            ),
          row => ({ row, place })
        )
      )
    )
  )

const rowsOfJsonList = (text: string): Either.Either<Problem.Problem, ReadonlyArray<PlacedRow>> => {
  const found = parseJson(text, Limits.maxDepth)
  if ('fault' in found)
    return fail('text', `JSON (${found.fault})`, 'a whole list', 'correct it, or write an object on each line')
  return pipe(
    Array.isArray(found.value) ? found.value : [],
    Either.traverseReadonlyArrayWithIndex((i, row: unknown) =>
      isRecord(row)
        ? Either.right({ row, place: `row ${i + 1}` })
        : fail(`row ${i + 1}`, textBeginning(JSON.stringify(row)), 'an object of JSON', 'give one for each row')
    )
  )
}

/** Parses a text of JSON objects into a line of names (those in `known`, then new keys in order), and a line of cells for each object. */
export const cellsOfJson = (text: string, known: ReadonlyArray<string> = []): JsonCells =>
  pipe(
    requireFewCells(text, '\n,'),
    Either.flatMap(beginsListOfObjects(text) ? rowsOfJsonList : rowsOfJsonLines),
    Either.flatMap(rows => cellsOfRows(rows, known))
  )
