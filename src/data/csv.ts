/**
 * Tables of text: read into points, and written.
 *
 * In messages rows and columns are counted from 1, as in a spreadsheet; the header is not a row, and blank lines are not
 * counted.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import Papa from 'papaparse'
import * as Limits from '../Limits.js'
import { validate, type DataError, type Points } from '../Points.js'
import { fail, more, plural, sumOver, tabulate } from './parts.js'

export interface CsvOptions {
  /**
   * Whether the first row holds names. `'auto'`, the default: it does when a cell of it is not a number; but a first row
   * of numbers and words where no word stands over numbers could be either, and is refused.
   */
  readonly header?: boolean | 'auto'
  /**
   * The columns to take, by name or by position from 1, in this order; a text that is no name but a number is a position.
   * The default is every column of numbers but the weights'. A column is one of numbers when at least half of its cells
   * that are not missing are numbers or misspelt ones; then a cell that is not is an error, and does not silently cost
   * the column.
   */
  readonly columns?: ReadonlyArray<string | number>
  /** The column of weights, by name or position. */
  readonly weights?: string | number
  /** What to do with a row with a missing cell (empty, `NA`, `N/A`, `NaN`, `null` or `?`) in a column that is taken. */
  readonly missing?: 'refuse' | 'drop'
  /** What separates cells; found out from the text when absent: a tab, a semicolon or a comma. */
  readonly delimiter?: string
}

/** Points read from a table, and what was left behind. */
export interface Table {
  readonly points: Points
  /** The names of the columns taken, one for each dimension; `column 3` where there is no name. */
  readonly columns: ReadonlyArray<string>
  /** How many rows were dropped for a missing cell. */
  readonly dropped: number
  /** The names of the columns not taken; the weights' is neither here nor in `columns`. */
  readonly ignored: ReadonlyArray<string>
}

type Cells = ReadonlyArray<ReadonlyArray<string>>

/** Cells under names; all rows are of the same length. */
interface Grid {
  readonly names: ReadonlyArray<string>
  readonly hasHeader: boolean
  readonly cells: Cells
  /** Row-major; NaN for a cell that is not a number. */
  readonly numbers: Float64Array
}

/**
 * The number in a cell, or NaN. `Number` reads decimal literals and nothing else but blanks and 0x, 0o and 0b literals,
 * which are refused: no decimal literal has a letter other than e.
 */
const read = (cell: string): number => {
  const x = Number(cell)
  return Number.isFinite(x) && cell.trim() !== '' && !/[xob]/i.test(cell) ? x : NaN
}

/** `almost`: a number to a person, which must not be passed over as a word. */
type Kind = 'number' | 'missing' | 'almost' | 'word'
// Blanks are cut off first: a pattern that looks for their end from each of them takes the square of their number.
const isMissing = (cell: string): boolean => /^(na|n\/a|nan|null|\?)?$/i.test(cell.trim())
const hasDecimalComma = (cell: string): boolean => /^[+-]?[\d.]*,[\d.,]*\d$/.test(cell.trim())
const kind = (cell: string): Kind =>
  !Number.isNaN(read(cell))
    ? 'number'
    : isMissing(cell)
      ? 'missing'
      : hasDecimalComma(cell) ||
          /^([+-]?(inf|infinity)|0[xob][\da-f]+)$/i.test(cell.trim()) ||
          !Number.isNaN(Number(cell))
        ? 'almost'
        : 'word'

const isOfNumbers = (cells: Cells, column: number): boolean => {
  const kinds = cells.map(row => kind(row[column])).filter(k => k !== 'missing')
  return kinds.length > 0 && 2 * kinds.filter(k => k !== 'word').length >= kinds.length
}

const isBlank = (record: ReadonlyArray<string>): boolean => record.length === 1 && record[0].trim() === ''

const records = (text: string, delimiter: string, preview = 0): Papa.ParseResult<ReadonlyArray<string>> =>
  Papa.parse<ReadonlyArray<string>>(text, { delimiter, newline: '\n', preview })

/**
 * A tab or a semicolon that cuts the first lines into the same number of cells is the delimiter, even where commas do
 * too: those are decimal commas then.
 */
const guessDelimiter = (text: string): string =>
  ['\t', ';'].find(delimiter => {
    const lines = records(text.replace(/^(?:[^\S\n]*\n)+/, ''), delimiter, 50).data.filter(record => !isBlank(record))
    return lines.every(line => line.length > 1 && line.length === lines[0].length)
  }) ?? ','

/** Cells of a text, a rectangle, without blank lines. */
const cellsOf = (source: string, options: CsvOptions): Either.Either<DataError, Cells> => {
  const text = source.replace(/\r\n?/g, '\n')
  const { delimiter } = options
  if (delimiter !== undefined && (delimiter === '' || /["\r\n\uFEFF]/.test(delimiter)))
    return fail('delimiter', JSON.stringify(delimiter), 'a separator of cells', "try ',' or leave it out")
  const { data, errors } = records(text, delimiter ?? guessDelimiter(text))
  const quote = errors.find(({ type }) => type === 'Quotes')
  if (quote !== undefined)
    return quote.code === 'MissingQuotes'
      ? fail(
          `line ${text.slice(0, quote.index).split('\n').length}`,
          'a quoted cell without an end',
          'a whole cell',
          'close the quote; if the file was cut short, fetch it again'
        )
      : fail(
          `line ${text.slice(0, quote.index).split('\n').length}`,
          'a quote inside a quoted cell',
          'a whole cell',
          'double a quote that belongs to the cell: ""'
        )
  const cells = data.filter(record => !isBlank(record))
  return cells.length === 0 || text.trim() === ''
    ? fail('text', 'an empty text', 'a table', 'give a line for each row, such as 1.5,2')
    : Either.right(cells)
}

/** Splits the header off. */
const headed = (cells: Cells, { header = 'auto' }: CsvOptions): Either.Either<DataError, boolean> => {
  const kinds = cells[0].map(kind)
  const rest = cells.slice(1)
  return header !== 'auto'
    ? Either.right(header)
    : !kinds.includes('word')
      ? Either.right(false)
      : kinds.every(k => k === 'word' || k === 'missing') ||
          kinds.some(
            (k, column) =>
              k === 'word' &&
              isOfNumbers(
                rest.filter(row => column < row.length),
                column
              )
          )
        ? Either.right(true)
        : fail('header', 'a first line of words and numbers', 'clearly names or data', "set 'header' to true or false")
}

const grid = (cells: Cells, hasHeader: boolean): Either.Either<DataError, Grid> => {
  const width = cells[0].length
  const rows = hasHeader ? cells.slice(1) : cells
  const isRagged = (row: ReadonlyArray<string>): boolean => row.length !== width
  const ragged = rows.findIndex(isRagged)
  const names = cells[0].map((name, j) => (hasHeader && name.trim() !== '' ? name.trim() : `column ${j + 1}`))
  const repeated = names.findIndex((name, j) => names.indexOf(name) < j)
  return rows.length === 0
    ? fail('text', 'a header alone', 'a table', 'give at least one row of numbers')
    : ragged >= 0
      ? fail(
          `row ${ragged + 1}`,
          plural(rows[ragged].length, 'cell'),
          `${plural(width, 'cell')}, as in the ${hasHeader ? 'header' : 'first row'}`,
          `complete the row, or set 'delimiter'${more(rows.filter(isRagged).length)}`
        )
      : repeated >= 0
        ? fail(
            `header, column ${repeated + 1}`,
            names[repeated],
            'a name of its own',
            `rename it: column ${names.indexOf(names[repeated]) + 1} has the same`
          )
        : Either.right({
            names,
            hasHeader,
            cells: rows,
            numbers: tabulate(rows.length * width, k => read(rows[Math.floor(k / width)][k % width]))
          })
}

/**
 * The edits (insert, delete, replace) that turn one word into another: Levenshtein's distance, by the first letters of
 * words that are longer than names are.
 */
const edits = (from: string, to: string): number => {
  const [letters, others] = [from, to].map(word => Array.from(word.slice(0, Limits.letters)))
  return letters.reduce(
    (above, letter, i) =>
      others.reduce(
        (row, other, j) => [...row, Math.min(above[j + 1] + 1, row[j] + 1, above[j] + (letter === other ? 0 : 1))],
        [i + 1]
      ),
    Array.from({ length: others.length + 1 }, (_, j) => j)
  )[others.length]
}

/** The position, from 0, of a column by name or by position from 1. */
const position =
  ({ names }: Grid) =>
  (field: string, wanted: string | number): Either.Either<DataError, number> => {
    const named = typeof wanted === 'string' ? names.indexOf(wanted.trim()) : -1
    const at = named >= 0 ? named : read(String(wanted)) - 1
    if (Number.isSafeInteger(at) && at >= 0 && at < names.length) return Either.right(at)
    const lower = (name: string): string => name.toLowerCase()
    const [, nearest] = names
      .map((name): [number, string] => [edits(lower(String(wanted)), lower(name)), name])
      .reduce((best, next) => (next[0] < best[0] ? next : best))
    return typeof wanted === 'string' && Number.isNaN(at)
      ? fail(field, wanted, 'a column of the table', `try ${nearest}; the columns are ${names.join(', ')}`)
      : fail(field, wanted, `a position from 1 to ${names.length}`, `the columns are ${names.join(', ')}`)
  }

const columnsOf = (
  table: Grid,
  options: CsvOptions,
  weights: number | undefined
): Either.Either<DataError, ReadonlyArray<number>> => {
  const { names, cells, numbers } = table
  const all = names.map((_, j) => j)
  const isTaken = (j: number): boolean =>
    j !== weights && (cells.every((_, i) => !Number.isNaN(numbers[i * names.length + j])) || isOfNumbers(cells, j))
  const taken = options.columns === undefined ? all.filter(isTaken) : []
  return options.columns === undefined
    ? taken.length > 0
      ? Either.right(taken)
      : fail(
          'columns',
          `none of ${names.join(', ')}`,
          'a column of numbers',
          "write numbers as 1.5 or 2e3; if cells are separated otherwise, set 'delimiter'"
        )
    : options.columns.length === 0
      ? fail('columns', 'an empty list', 'at least one column', `choose from ${names.join(', ')}`)
      : pipe(
          options.columns,
          Either.traverseArray((wanted: string | number) => position(table)('columns', wanted))
        )
}

/** What to do about a cell that is not a number. */
const cellRemedy = (cell: string): string =>
  isMissing(cell)
    ? "fill it in, or set 'missing' to 'drop' to leave out rows with missing cells"
    : hasDecimalComma(cell)
      ? 'write numbers with a decimal point and no thousands separators: 1234.5'
      : kind(cell) === 'almost'
        ? 'write it as a decimal number, such as 1.5 or 2e3'
        : "correct it, or choose the columns of numbers with 'columns'"

const extract = (
  { names, hasHeader, cells, numbers }: Grid,
  columns: ReadonlyArray<number>,
  weights: number | undefined,
  { missing = 'refuse' }: CsvOptions
): Either.Either<DataError, Table> => {
  const width = names.length
  const at = (i: number, j: number): number => numbers[i * width + j]
  const place = (i: number, j: number): string => `row ${i + 1}, column ${j + 1}${hasHeader ? ` (${names[j]})` : ''}`
  const used = weights === undefined ? columns : [...columns, weights]
  const isFault = (i: number, j: number): boolean =>
    Number.isNaN(at(i, j)) && (missing === 'refuse' || !isMissing(cells[i][j]))

  const badRow = cells.findIndex((_, i) => used.some(j => isFault(i, j)))
  if (badRow >= 0) {
    const column = Math.min(...used.filter(j => isFault(badRow, j)))
    const cell = cells[badRow][column]
    const alike = sumOver(
      cells.length,
      i => used.filter(j => isFault(i, j) && isMissing(cells[i][j]) === isMissing(cell)).length
    )
    return fail(
      place(badRow, column),
      cell.trim() === '' ? 'an empty cell' : cell.trim(),
      'a finite number',
      `${cellRemedy(cell)}${more(alike)}`
    )
  }
  if (weights !== undefined) {
    const isNegative = (i: number): boolean => at(i, weights) < 0
    const negative = cells.findIndex((_, i) => isNegative(i))
    if (negative >= 0)
      return fail(
        place(negative, weights),
        at(negative, weights),
        'a weight ≥ 0',
        `give it 0 to leave the row out${more(sumOver(cells.length, i => (isNegative(i) ? 1 : 0)))}`
      )
  }
  const kept = Uint32Array.from(cells.keys()).filter(i => used.every(j => !Number.isNaN(at(i, j))))
  if (kept.length === 0)
    return fail('rows', 'none without a missing cell', 'at least one row', "choose fuller columns with 'columns'")
  const dim = columns.length
  return pipe(
    validate({
      rows: kept.length,
      dim,
      values: tabulate(kept.length * dim, k => at(kept[Math.floor(k / dim)], columns[k % dim])),
      ...(weights === undefined ? {} : { weights: tabulate(kept.length, i => at(kept[i], weights)) })
    }),
    Either.map(points => ({
      points,
      columns: columns.map(j => names[j]),
      dropped: cells.length - kept.length,
      ignored: names.filter((_, j) => !used.includes(j))
    }))
  )
}

/**
 * Reads a table of comma-, semicolon- or tab-separated values, and tells which columns were taken, which were ignored and
 * how many rows were dropped. `fromCsv` gives the points alone.
 *
 * Cells may be quoted and padded with blanks; a byte-order mark, any line ends and blank lines are allowed. Numbers are
 * decimal, with a point: `1.5`, `-2`, `1e5`. A decimal comma, `Infinity` and `0x10` are refused, never guessed at. So are
 * rows of unequal length, a quote that is not closed, repeated names, and columns that do not exist.
 *
 * Source of the grammar: RFC 4180, read by papaparse.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   Points.readCsv('name,length,width\nfirst,1,2\nsecond,NA,3\n', { missing: 'drop' }),
 *   Either.right({
 *     points: { rows: 1, dim: 2, values: Float64Array.of(1, 2) },
 *     columns: ['length', 'width'],
 *     dropped: 1,
 *     ignored: ['name']
 *   })
 * )
 */
export const readCsv = (text: string, options: CsvOptions = {}): Either.Either<DataError, Table> =>
  pipe(
    cellsOf(text, options),
    Either.bindTo('cells'),
    Either.bind('hasHeader', ({ cells }) => headed(cells, options)),
    Either.bind('table', ({ cells, hasHeader }) => grid(cells, hasHeader)),
    Either.bind('weights', ({ table }) =>
      options.weights === undefined ? Either.right(undefined) : position(table)('weights', options.weights)
    ),
    Either.bind('columns', ({ table, weights }) => columnsOf(table, options, weights)),
    Either.chain(({ table, columns, weights }) => extract(table, columns, weights, options))
  )

/**
 * Points from the text of a CSV table: see `readCsv`, which also tells what was left behind.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points, Problem } from 'ornstein'
 *
 * assert.deepEqual(
 *   Points.fromCsv('eruptions,waiting\n3.6,79\n1.8,54\n'),
 *   Either.right({ rows: 2, dim: 2, values: Float64Array.of(3.6, 79, 1.8, 54) })
 * )
 * assert.deepEqual(
 *   Either.mapLeft(Problem.show)(Points.fromCsv('eruptions;waiting\n3,6;79\n')),
 *   Either.left(
 *     'row 1, column 1 (eruptions): 3,6 is not a finite number; ' +
 *       'write numbers with a decimal point and no thousands separators: 1234.5'
 *   )
 * )
 */
export const fromCsv = (text: string, options: CsvOptions = {}): Either.Either<DataError, Points> =>
  pipe(
    readCsv(text, options),
    Either.map(({ points }) => points)
  )

// -- out ------------------------------------------------------------------------------------------------------------

/** The shortest digits that read back as the same double, the sign of 0 included. */
const digits = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))
const unused = (name: string, names: ReadonlyArray<string>): string =>
  names.includes(name) ? unused(`${name}_`, names) : name

/**
 * The points as a CSV text that reads back as the same doubles: a line of names (`x1`, `x2`, … where none are given),
 * then a line for each row. Weights are a last column, `weight`. Names that are all numbers need `header: true` to read
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
  return [Papa.unparse([header]), ...Array.from({ length: rows }, (_, i) => line(i)), ''].join('\n')
}
