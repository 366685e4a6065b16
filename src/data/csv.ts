/**
 * Tables of text: read into points, and written.
 *
 * In messages rows and columns are counted from 1, as in a spreadsheet; the header is not a row, and blank lines are not
 * counted.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import Papa from 'papaparse'
import { reader, sheetOf, sheets, type Grammar, type Sheet } from '../../lib/cells.js'
import { scanned } from '../../lib/gather.js'
import * as Limits from '../core/Limits.js'
import * as Problem from '../core/Problem.js'
import { cellsOfJsonLines, isJsonLines } from './jsonLines.js'
import { validate, type DataError, type Points } from './Points.js'
import { toCsv, unused } from './write.js'
import { fail, firstOf, more, numbered, plural, sumOver, tabulate } from './parts.js'

export interface CsvOptions {
  /**
   * Whether the first row holds names. `'auto'`, the default: it does when a cell of it is not a number. What could be
   * either is refused: numbers and words where no word stands over numbers, and numbers that count the columns or the
   * years (`0,1,2`, `2019,2020`) over numbers of another kind.
   */
  readonly header?: boolean | 'auto'
  /**
   * The columns to take, by name or by position from 1, in this order; a text that is no name but a number is a position,
   * and `2-5` stands for the positions 2 to 5, `2-` for all from 2 on. The default is every column of numbers but the weights' and those that by their names number or label the rows
   * (see `Ignored`). A column is one of numbers when at least half of its cells that are not missing are numbers or
   * misspelt ones; then a cell that is not is an error, and does not silently cost the column.
   */
  readonly columns?: ReadonlyArray<string | number>
  /** Columns that are not taken, written as those of `columns`, and out of those where they are given too. */
  readonly exclude?: ReadonlyArray<string | number>
  /** Columns that are kept beside the points as they are written; nothing unless given. */
  readonly keep?: {
    /** By name or position; they are not taken. */
    readonly columns: ReadonlyArray<string | number>
    /** Ignored columns of at least two different cells, but no more than this: classes, by the looks of them. */
    readonly classes: number
  }
  /** The column of weights, by name or position. */
  readonly weights?: string | number
  /**
   * What to do with a row with a missing cell in a column that is taken: one that is empty, or says `NA`, `#N/A`, `<NA>`,
   * `n.a.`, `NaN`, `None`, `null`, `nil`, `missing`, `?`, `.` or a dash, however capitalized. `keep` leaves NaN in such a cell,
   * which `fit(points, { missing: 'em' })` and `Mixture`'s densities take, and nothing else.
   */
  readonly missing?: 'refuse' | 'drop' | 'keep'
  /** What separates cells; found out from the text when absent: a tab, a semicolon or a comma. */
  readonly delimiter?: string
  /** What stands before the decimals, `.` unless given; with `,`, a point separates thousands: 1.234,5 is 1234.5. */
  readonly decimal?: '.' | ','
  /** So many lines at the top are no part of the table; 0 unless given. */
  readonly skip?: number
  /** A character that begins lines that are no part of the table. */
  readonly comment?: string
  /** Cells that are missing beside those that `missing` lists, such as `-999`; compared without the blanks around them. */
  readonly na?: ReadonlyArray<string>
}

/** A column that is not taken. */
export interface Ignored {
  readonly name: string
  /**
   * Why: `words`, `dates`, `empty`; `row numbers` of a nameless column or an `id`; `labels`, whole numbers under `class`,
   * `label`, `target`, `cluster` and the like; `excluded` by name; or `not asked for`.
   */
  readonly why: 'words' | 'dates' | 'empty' | 'row numbers' | 'labels' | 'not asked for' | 'excluded'
}

/** A column that is taken, and may be meant otherwise. */
export interface Doubtful {
  readonly name: string
  /** Few different whole numbers may be labels; a column called `weight` or `count` may be one of weights. */
  readonly why: 'labels' | 'weights'
}

/** Points read from a table, and what was left behind. */
export interface Table {
  readonly points: Points
  /** The names of the columns taken, one for each dimension; `column 3` where there is no name. */
  readonly columns: ReadonlyArray<string>
  /** The number in the table, from 1, of each of the points' rows. */
  readonly rowNumbers: Uint32Array
  /** How many rows were dropped for a missing cell. */
  readonly dropped: number
  /** The columns not taken; the weights' is neither here nor in `columns`. */
  readonly ignored: ReadonlyArray<Ignored>
  /** Of the columns taken by themselves, those that may be meant otherwise. */
  readonly doubtful: ReadonlyArray<Doubtful>
  /** What `keep` asked for: first the columns it names, then classes. */
  readonly kept?: ReadonlyArray<Kept>
}

/** A column as it is written. */
export interface Kept {
  readonly name: string
  /** One for each of the points' rows. */
  readonly cells: ReadonlyArray<string>
}

type Cells = ReadonlyArray<ReadonlyArray<string>>

/** Lines of cells as they are meant, none of them blank. */
interface Lines {
  readonly count: number
  readonly first: ReadonlyArray<string>
  /** The first line is known to be one of names. */
  readonly isNamed?: boolean
  /** How many cells a line has. */
  readonly widthOf: (line: number) => number
  /** NaN for a cell that is not a number. */
  readonly numberAt: (line: number, column: number) => number
  /** The text of a cell of the first line, or of one that is not a number. */
  readonly textAt: (line: number, column: number) => string
  /** The numbers of all lines or of all but the first, row-major, where all are of the same length. */
  readonly numbers: (from: 0 | 1) => Float64Array
}

/** Cells under names; all rows are of the same length. */
interface Grid {
  readonly names: ReadonlyArray<string>
  readonly isNamed: ReadonlyArray<boolean>
  readonly hasHeader: boolean
  readonly rows: number
  /** The text of a cell that is not a number. */
  readonly text: (row: number, column: number) => string
  /** Row-major; NaN for a cell that is not a number. */
  readonly numbers: Float64Array
}

/** No number is longer; what is, is a word, and no pattern is tried on it. */
const LONGEST = 200

/**
 * The number in a cell, or NaN. `Number` reads decimal literals and nothing else but blanks and 0x, 0o and 0b literals,
 * which are refused: no decimal literal has a letter other than e.
 */
const read = (cell: string): number => {
  const text = cell.trim()
  const x = text === '' ? NaN : Number(text)
  return Number.isFinite(x) && !/[xob]/i.test(text) ? x : NaN
}

/** `almost`: a number to a person, which must not be passed over as a word. */
type Kind = 'number' | 'missing' | 'almost' | 'word'
const MISSING = /^(#?n\/?a|<na>|n\.a\.?|#n\/a n\/a|-?nan|none|null|nil|missing|[?.]|[-\u2010-\u2015]{1,3})$/i
const isMissing = (cell: string): boolean => {
  const text = cell.trim()
  return text === '' || (text.length < LONGEST && MISSING.test(text))
}
const hasDecimalComma = (text: string): boolean => /^[+-]?[\d.]*,[\d.,]*\d$/.test(text)
/** A number but for its dress: a currency, a percent sign, separated thousands, a typographic minus. */
const undressed = (text: string): string =>
  text
    .replace(/[\u2212\u2010-\u2013]/g, '-')
    .replace(/^([+-]?)\p{Sc}\s*/u, '$1')
    .replace(/\s*[%‰\p{Sc}]$/u, '')
    .replace(/^\((.*)\)$/, '-$1')
    .replace(/(\d)[\s_'’\u00A0\u2009\u202F](?=\d{3}(?!\d))/g, '$1')
const isAlmost = (text: string): boolean =>
  hasDecimalComma(text) ||
  /^([+-]?(inf|infinity)|0[xob][\da-f]+)$/i.test(text) ||
  !Number.isNaN(Number(text)) ||
  !Number.isNaN(read(undressed(text))) ||
  hasDecimalComma(undressed(text))
const kind = (cell: string): Kind => {
  if (!Number.isNaN(read(cell))) return 'number'
  if (isMissing(cell)) return 'missing'
  const text = cell.trim()
  return text.length < LONGEST && isAlmost(text) ? 'almost' : 'word'
}

/** Whether at least half of so many cells that are not missing are numbers to a person. */
const isOfNumbers = (count: number, kindOf: (i: number) => Kind): boolean => {
  const present = sumOver(count, i => (kindOf(i) === 'missing' ? 0 : 1))
  const words = sumOver(count, i => (kindOf(i) === 'word' ? 1 : 0))
  return present > 0 && 2 * (present - words) >= present
}

const isBlank = (record: ReadonlyArray<string>): boolean => record.length === 1 && record[0].trim() === ''

const records = (
  text: string,
  { delimiter, comment }: CsvOptions,
  preview = 0
): Papa.ParseResult<ReadonlyArray<string>> =>
  Papa.parse<ReadonlyArray<string>>(text, {
    newline: '\n',
    preview,
    comments: comment ?? false,
    ...(delimiter !== undefined && { delimiter })
  })

/** A number with a decimal comma, its thousands separated by points or not. */
const CONTINENTAL = /^\s*[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?(e[+-]?\d+)?\s*$/i

/** Cells as they are meant: what is missing is empty, and a decimal comma is a point. */
const meant = ({ decimal, na }: CsvOptions): ((cells: Cells) => Cells) => {
  const absent = new Set(na?.map(cell => cell.trim()))
  const cell = (text: string): string =>
    absent.has(text.trim())
      ? ''
      : decimal === ',' && text.length < LONGEST && CONTINENTAL.test(text)
        ? text.replaceAll('.', '').replace(',', '.')
        : text
  return cells => (absent.size === 0 && decimal !== ',' ? cells : cells.map(row => row.map(cell)))
}

const optionProblem = ({ delimiter, decimal, skip = 0, comment }: CsvOptions): Either.Either<DataError, null> =>
  delimiter !== undefined && (delimiter === '' || /["\r\n\uFEFF]/.test(delimiter))
    ? fail('delimiter', JSON.stringify(delimiter), 'a separator of cells', "try ',' or leave it out")
    : !Number.isSafeInteger(skip) || skip < 0
      ? fail('skip', String(skip), 'a whole number ≥ 0 of lines', 'try 1, or leave it out')
      : comment !== undefined && !/^[^\s"\d]$/.test(comment)
        ? fail('comment', JSON.stringify(comment), 'a character that begins a line', "try '#', or leave it out")
        : decimal === ',' && delimiter === ','
          ? fail('decimal', '","', 'another character than that which separates cells', "set 'delimiter' to ';'")
          : Either.right(null)

/** Lines end with \n, and no mark of the order of bytes stands before the first. */
const unified = (text: string): string => text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')

/** The text from the table on. */
const tableOf = (text: string, { skip = 0 }: CsvOptions): string => text.split('\n').slice(skip).join('\n')

/**
 * A tab or a semicolon that cuts the first lines into the same number of cells is the delimiter, even where commas do
 * too: those are decimal commas then.
 */
const guessDelimiter = (text: string, { comment }: CsvOptions): string =>
  ['\t', ';'].find(delimiter => {
    const of = { delimiter, ...(comment !== undefined && { comment }) }
    const lines = records(text.replace(/^(?:[^\S\n]*\n)+/, ''), of, TELLING).data.filter(record => !isBlank(record))
    return lines.every(line => line.length > 1 && line.length === lines[0].length)
  }) ?? ','

const others: ReadonlyArray<readonly [pattern: RegExp, name: string]> = [
  [/^\s*(\{\s*"|\[\s*[[{])/, 'JSON'],
  [/^\s*<(!doctype|html|\?xml|table)/i, 'a web page or XML']
]

/** Cells of a text, a rectangle, without blank lines. */
const cellsOf = (source: string, options: CsvOptions): Either.Either<DataError, Cells> => {
  const wrong = optionProblem(options)
  if (Either.isLeft(wrong)) return wrong
  const text = tableOf(unified(source), options)
  const other = others.find(([pattern]) => pattern.test(text))
  if (other !== undefined)
    return fail('text', other[1], 'a table of separated values', 'write it as CSV, a line for each row')
  const { data, errors } = records(text, { ...options, delimiter: options.delimiter ?? guessDelimiter(text, options) })
  const quote = errors.find(({ type }) => type === 'Quotes')
  if (quote !== undefined)
    return quote.code === 'MissingQuotes'
      ? fail(
          `line ${(options.skip ?? 0) + text.slice(0, quote.index).split('\n').length}`,
          'a quoted cell without an end',
          'a whole cell',
          'close the quote; if the file was cut short, fetch it again'
        )
      : fail(
          `line ${(options.skip ?? 0) + text.slice(0, quote.index).split('\n').length}`,
          'a quote inside a quoted cell',
          'a whole cell',
          'double a quote that belongs to the cell: ""'
        )
  const cells = data.filter(record => !isBlank(record))
  return cells.length === 0 || text.trim() === ''
    ? fail('text', 'an empty text', 'a table', 'give a line for each row, such as 1.5,2')
    : topped(cells)
}

/** The cells, unless lines stand above the table, or the names are one too few. */
const topped = (cells: Cells): Either.Either<DataError, Cells> => {
  const width = cells[Math.floor(cells.length / 2)].length
  const first = cells.findIndex(row => row.length === width)
  const above = cells.slice(0, first)
  return first > 0 && above.every(row => row.length === 1 || /^\s*[#%]/.test(row[0]))
    ? fail(
        'text',
        `${first === 1 ? 'a line' : `${first} lines`} above the table (${shown(cells[0].join(','))})`,
        'a table alone',
        "begin with the line of names, or with the first row, or set 'skip' to the number of lines above it"
      )
    : first === 1 && cells[0].length === width - 1 && cells[0].every(cell => kind(cell) === 'word')
      ? fail(
          'header',
          plural(width - 1, 'name'),
          `one for each of ${plural(width, 'column')}`,
          'name the first column too, or leave it out: row names as R writes them have no name'
        )
      : Either.right(cells)
}

const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** Numbers that count columns or years, over numbers of another kind: names, by the looks of them. */
const countsColumns = (first: ReadonlyArray<number>, { count, widthOf, numberAt }: Lines): boolean => {
  const isYear = (x: number): boolean => Number.isInteger(x) && x >= 1900 && x <= 2100
  const rises = (by: (step: number) => boolean): boolean => first.every((x, j) => j === 0 || by(x - first[j - 1]))
  const everyColumn = (holds: (cells: Float64Array) => boolean): boolean =>
    first.every((_, j) => holds(tabulate(count - 1, i => (j < widthOf(i + 1) ? numberAt(i + 1, j) : NaN))))
  return (
    first.length > 1 &&
    count > 1 &&
    (first.every(isYear)
      ? rises(step => step > 0) && everyColumn(cells => !cells.some(isYear))
      : (first[0] === 0 || first[0] === 1) &&
        rises(step => step === 1) &&
        everyColumn(cells => cells.some(x => Number.isFinite(x) && !Number.isInteger(x))))
  )
}

const kindAt = ({ numberAt, textAt }: Lines, line: number, column: number): Kind =>
  Number.isNaN(numberAt(line, column)) ? kind(textAt(line, column)) : 'number'

/** Whether the first line is a header. */
const headed = (lines: Lines, { header = 'auto' }: CsvOptions): Either.Either<DataError, boolean> => {
  const { first, count, widthOf } = lines
  const kinds = first.map(kind)
  /** A line that is too short has no say. */
  const standsOver =
    (column: number) =>
    (i: number): Kind =>
      column < widthOf(i + 1) ? kindAt(lines, i + 1, column) : 'missing'
  const unclear = (line: string): Either.Either<DataError, never> =>
    fail('header', line, 'clearly names or data', "set 'header' to true or false")
  return lines.isNamed === true || header !== 'auto'
    ? Either.right(lines.isNamed === true || header === true)
    : !kinds.includes('word')
      ? kinds.every(k => k === 'number') && countsColumns(first.map(read), lines)
        ? unclear(`a first line of ${shown(first.join(','))}`)
        : Either.right(false)
      : kinds.every(k => k === 'word' || k === 'missing') ||
          kinds.some((k, column) => k === 'word' && isOfNumbers(count - 1, standsOver(column)))
        ? Either.right(true)
        : unclear('a first line of words and numbers')
}

/** Lines in which a cell is quoted, or marked as a comment, or of a length of their own: cell by cell. */
const ofCells = (cells: Cells): Lines => ({
  count: cells.length,
  first: cells[0],
  widthOf: line => cells[line].length,
  numberAt: (line, column) => read(cells[line][column]),
  textAt: (line, column) => cells[line][column],
  numbers: from => {
    const width = cells[0].length
    return tabulate((cells.length - from) * width, k => read(cells[from + Math.floor(k / width)][k % width]))
  }
})

const ofSheet = ({ width, rows, first, above, numbers, text }: Sheet): Lines => ({
  count: rows,
  first,
  widthOf: () => width,
  numberAt: (line, column) => (line < above ? read(first[column]) : numbers[(line - above) * width + column]),
  textAt: (line, column) => (line === 0 ? first[column] : text(line - above, column)),
  numbers: from =>
    from === above
      ? numbers
      : from > above
        ? numbers.slice(width)
        : tabulate(rows * width, k => (k < width ? read(first[k]) : numbers[k - width]))
})

/** Whether cells are meant as they stand, in lines that are all of the table. */
const isPlain = ({ decimal, na = [], skip = 0, comment }: CsvOptions): boolean =>
  decimal !== ',' && na.length === 0 && skip === 0 && comment === undefined

/** So many lines tell what separates cells. */
const TELLING = 50

/** How plain numbers are read fast: as the whole grammar would, or not at all. */
const grammar = (options: CsvOptions): Grammar => ({
  separator: (head, isAll) => {
    const text = unified(head)
    return !isPlain(options) ||
      text.trim() === '' ||
      others.some(([pattern]) => pattern.test(text)) ||
      !(isAll || text.trimStart().split('\n', TELLING + 2).length > TELLING + 1)
      ? null
      : (options.delimiter ?? guessDelimiter(text, options))
  },
  read
})

/** The lines of a text. */
const linesOf = (text: string, options: CsvOptions): Either.Either<DataError, Lines> => {
  const wrong = optionProblem(options)
  if (Either.isLeft(wrong)) return wrong
  const own = tableOf(unified(text), options)
  if (isJsonLines(own))
    return pipe(
      cellsOfJsonLines(own),
      // Numbers of JSON have a point.
      Either.map(meant(options.na === undefined ? {} : { na: options.na })),
      Either.map(cells => ({ ...ofCells(cells), isNamed: true }))
    )
  const sheet = sheetOf(text, grammar(options))
  return sheet === null
    ? pipe(cellsOf(text, options), Either.map(meant(options)), Either.map(ofCells))
    : Either.right(ofSheet(sheet))
}

/** A name without the apostrophe that `toCsv` puts before a formula. */
const unguarded = (name: string): string => (/^'+[=+\-@\t\r]/.test(name) ? name.slice(1) : name)

const grid = (lines: Lines, hasHeader: boolean): Either.Either<DataError, Grid> => {
  const { first, count, widthOf, textAt } = lines
  const width = first.length
  const above = hasHeader ? 1 : 0
  const rows = count - above
  const isRagged = (row: number): boolean => widthOf(row + above) !== width
  const ragged = firstOf(rows, isRagged)
  const names = first.map((name, j) => (hasHeader && name.trim() !== '' ? unguarded(name.trim()) : `column ${j + 1}`))
  const firsts = new Map(names.map((name, j): [string, number] => [name, j]).reverse())
  const repeated = names.findIndex((name, j) => (firsts.get(name) ?? j) < j)
  return rows === 0
    ? fail('text', 'a header alone', 'a table', 'give at least one row of numbers')
    : ragged >= 0
      ? fail(
          `row ${ragged + 1}`,
          plural(widthOf(ragged + above), 'cell'),
          `${plural(width, 'cell')}, as in the ${hasHeader ? 'header' : 'first row'}`,
          `complete the row, or set 'delimiter'${more(sumOver(rows, i => (isRagged(i) ? 1 : 0)))}`
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
            isNamed: first.map(name => hasHeader && name.trim() !== ''),
            hasHeader,
            rows,
            text: (row, column) => textAt(row + above, column),
            numbers: lines.numbers(above)
          })
}

/** So many names as are read. */
const listed = (names: ReadonlyArray<string>): string =>
  names.length > 30 ? `${names.slice(0, 30).join(', ')}, … (${names.length} in all)` : names.join(', ')

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
      ? fail(field, wanted, 'a column of the table', `try ${nearest}; the columns are ${listed(names)}`)
      : fail(field, wanted, `a position from 1 to ${names.length}`, `the columns are ${listed(names)}`)
  }

/** The positions, from 0, that a name, a position or a range of positions stands for. */
const positions =
  (table: Grid) =>
  (field: string, wanted: string | number): Either.Either<DataError, ReadonlyArray<number>> => {
    const { names } = table
    const range = names.includes(String(wanted).trim()) ? null : /^\s*(\d+)\s*-\s*(\d*)\s*$/.exec(String(wanted))
    if (range === null)
      return pipe(
        position(table)(field, wanted),
        Either.map(at => [at])
      )
    const [, from, to] = range
    const [first, last] = [Number(from), to === '' ? names.length : Number(to)]
    return first >= 1 && first <= last && last <= names.length
      ? Either.right(names.flatMap((_, j) => (j >= first - 1 && j < last ? [j] : [])))
      : fail(field, String(wanted), `a rising range within 1-${names.length}`, `the columns are ${listed(names)}`)
  }

const column = ({ names, numbers, rows }: Grid, j: number): Float64Array =>
  tabulate(rows, i => numbers[i * names.length + j])

const NUMBERING = /^(id|index|row|row[ _.-]?(id|name|number|no|nr)s?|nr\.?|#|unnamed: 0|.*[ _.-]id)$/i
const LABELS = /^((class|label|target|cluster|group)(es|s)?|species|categor(y|ies)|ground[ _.-]?truth)$/i
const WEIGHTS = /^(weights?|wt|w|freq(uency|uencies)?|counts?)$/i
const isDate = (cell: string): boolean => /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]|$)/.test(cell.trim().slice(0, 20))

/** Why a column is not taken by itself; null: it is. */
const unfit =
  (table: Grid) =>
  (j: number): Ignored['why'] | null => {
    const { names, isNamed, rows, text } = table
    const xs = column(table, j)
    const kindOf = (i: number): Kind => (Number.isNaN(xs[i]) ? kind(text(i, j)) : 'number')
    if (!xs.every(x => !Number.isNaN(x)) && !isOfNumbers(rows, kindOf)) {
      const present = sumOver(rows, i => (kindOf(i) === 'missing' ? 0 : 1))
      const dates = sumOver(rows, i => (Number.isNaN(xs[i]) && !isMissing(text(i, j)) && isDate(text(i, j)) ? 1 : 0))
      return present === 0 ? 'empty' : 2 * dates > present ? 'dates' : 'words'
    }
    const isWhole = xs.every(Number.isInteger)
    const different = isWhole ? new Set(xs).size : Infinity
    return isNamed[j]
      ? NUMBERING.test(names[j]) && different === xs.length
        ? 'row numbers'
        : LABELS.test(names[j]) && 2 * different <= xs.length
          ? 'labels'
          : null
      : table.hasHeader && j === 0 && (xs[0] === 0 || xs[0] === 1) && xs.every((x, i) => x === xs[0] + i)
        ? 'row numbers'
        : null
  }

/** Why a column that is taken by itself may be meant otherwise. */
const doubt =
  (table: Grid, { weights }: CsvOptions) =>
  (j: number): ReadonlyArray<Doubtful> => {
    const name = table.names[j]
    const xs = column(table, j)
    const different = xs.every(Number.isInteger) ? new Set(xs).size : Infinity
    return weights === undefined && table.isNamed[j] && WEIGHTS.test(name) && xs.every(x => x >= 0)
      ? [{ name, why: 'weights' }]
      : different > 1 && different <= 10 && xs.length >= 10 * different
        ? [{ name, why: 'labels' }]
        : []
  }

interface Chosen {
  readonly columns: ReadonlyArray<number>
  readonly ignored: ReadonlyArray<Ignored>
  readonly doubtful: ReadonlyArray<Doubtful>
}

const byThemselves = (
  table: Grid,
  options: CsvOptions,
  weights: number | undefined,
  excluded: ReadonlyArray<number>
): Either.Either<DataError, Chosen> => {
  const { names } = table
  const all = names.flatMap((name, j) =>
    j === weights ? [] : [{ j, name, why: excluded.includes(j) ? ('excluded' as const) : unfit(table)(j) }]
  )
  const columns = all.flatMap(({ j, why }) => (why === null ? [j] : []))
  const ignored = all.flatMap(({ name, why }) => (why === null ? [] : [{ name, why }]))
  const others = all.filter(({ why }) => why !== 'excluded')
  const passedOver = ignored.find(({ why }) => why === 'row numbers' || why === 'labels')
  return columns.length > 0
    ? Either.right({ columns, ignored, doubtful: columns.flatMap(doubt(table, options)) })
    : passedOver !== undefined
      ? fail(
          'columns',
          `none but ${passedOver.name}, which holds ${passedOver.why}`,
          'a column of measurements',
          "if it is one, name it with 'columns'"
        )
      : fail(
          'columns',
          others.length === 0 ? 'nothing but what is excluded' : `none of ${listed(others.map(({ name }) => name))}`,
          'a column of numbers',
          "write numbers as 1.5 or 2e3; if cells are separated otherwise, set 'delimiter'"
        )
}

const asAsked = (
  table: Grid,
  asked: ReadonlyArray<string | number>,
  weights: number | undefined,
  excluded: ReadonlyArray<number>
): Either.Either<DataError, Chosen> =>
  pipe(
    asked,
    Either.traverseArray((wanted: string | number) =>
      pipe(
        positions(table)('columns', wanted),
        Either.map(found => found.filter(j => !excluded.includes(j)).map(j => ({ wanted, j })))
      )
    ),
    Either.chain(found => {
      const all = found.flat()
      const columns = all.map(({ j }) => j)
      const again = columns.findIndex((j, i) => columns.indexOf(j) < i)
      const { names } = table
      return columns.length === 0
        ? fail('exclude', 'all of the columns', 'some of them', 'leave one to learn from')
        : again >= 0
          ? fail(
              'columns',
              `${all[columns.indexOf(columns[again])].wanted} and ${all[again].wanted}`,
              `two columns but one (${names[columns[again]]})`,
              'name each column once'
            )
          : weights !== undefined && columns.includes(weights)
            ? fail('columns', names[weights], 'a column beside the weights', 'leave it out, or the weights')
            : Either.right({
                columns,
                ignored: names.flatMap((name, j) =>
                  columns.includes(j) || j === weights ? [] : [{ name, why: 'not asked for' as const }]
                ),
                doubtful: []
              })
    })
  )

const columnsOf = (table: Grid, options: CsvOptions, weights: number | undefined): Either.Either<DataError, Chosen> =>
  pipe(
    [
      ...(options.exclude ?? []).map(wanted => positions(table)('exclude', wanted)),
      ...(options.keep?.columns ?? []).map(wanted => positions(table)('keep', wanted))
    ],
    Either.sequenceArray,
    Either.chain(found =>
      options.columns === undefined
        ? byThemselves(table, options, weights, found.flat())
        : options.columns.length === 0
          ? fail('columns', 'an empty list', 'at least one column', `choose from ${listed(table.names)}`)
          : asAsked(table, options.columns, weights, found.flat())
    )
  )

/** What to do about a cell that is not a number. */
const cellRemedy = (cell: string): string =>
  isMissing(cell)
    ? "fill it in, or set 'missing' to 'drop' to leave out rows with missing cells"
    : hasDecimalComma(cell.trim())
      ? "set 'decimal' to ',' if the comma stands before decimals, or write numbers as 1234.5"
      : kind(cell) === 'almost'
        ? `write it as a decimal number, such as ${read(undressed(cell.trim())) || '1.5 or 2e3'}`
        : "correct it, or choose the columns of numbers with 'columns'"

const allMissing = Problem.of(
  'rows',
  'none without a missing cell',
  'at least one row',
  "choose fuller columns with 'columns'"
)

const extract = (
  { names, hasHeader, rows, text, numbers }: Grid,
  { columns, ignored, doubtful }: Chosen,
  weights: number | undefined,
  { missing = 'refuse' }: CsvOptions
): Either.Either<DataError, Table> => {
  const width = names.length
  const at = (i: number, j: number): number => numbers[i * width + j]
  const place = (i: number, j: number): string => `row ${i + 1}, column ${j + 1}${hasHeader ? ` (${names[j]})` : ''}`
  const used = weights === undefined ? columns : [...columns, weights]
  const isFault = (i: number, j: number): boolean =>
    Number.isNaN(at(i, j)) && (missing === 'refuse' || !isMissing(text(i, j)))

  const badRow = firstOf(rows, i => used.some(j => isFault(i, j)))
  if (badRow >= 0) {
    const column = Math.min(...used.filter(j => isFault(badRow, j)))
    const cell = text(badRow, column)
    const alike = sumOver(
      rows,
      i => used.filter(j => isFault(i, j) && isMissing(text(i, j)) === isMissing(cell)).length
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
    const negative = firstOf(rows, isNegative)
    if (negative >= 0)
      return fail(
        place(negative, weights),
        at(negative, weights),
        'a weight ≥ 0',
        `give it 0 to leave the row out${more(sumOver(rows, i => (isNegative(i) ? 1 : 0)))}`
      )
  }
  const needed = missing !== 'keep' ? used : weights === undefined ? [] : [weights]
  const kept = new Uint32Array(rows).map((_, i) => i).filter(i => needed.every(j => !Number.isNaN(at(i, j))))
  if (kept.length === 0) return Either.left(allMissing)
  const dim = columns.length
  const isAll = kept.length === rows && dim === width && columns.every((column, j) => column === j)
  const values = isAll ? numbers : tabulate(kept.length * dim, k => at(kept[Math.floor(k / dim)], columns[k % dim]))
  return pipe(
    validate({
      rows: kept.length,
      dim,
      // Each NaN is a missing cell that is to be kept: all else has been refused.
      values: missing === 'keep' ? values.map(x => (Number.isNaN(x) ? 0 : x)) : values,
      ...(weights === undefined ? {} : { weights: tabulate(kept.length, i => at(kept[i], weights)) })
    }),
    Either.map(points => ({
      points: { ...points, values },
      columns: columns.map(j => names[j]),
      rowNumbers: kept.map(i => i + 1),
      dropped: rows - kept.length,
      ignored,
      doubtful
    }))
  )
}

/**
 * Reads a table of comma-, semicolon- or tab-separated values, and tells which columns were taken, which were ignored and
 * how many rows were dropped. `fromCsv` gives the points alone.
 *
 * Cells may be quoted and padded with blanks; a byte-order mark, any line ends and blank lines are allowed. Numbers are
 * decimal, with a point: `1.5`, `-2`, `1e5`. A decimal comma, `$1.5`, `3%`, `1 000`, `1_000`, a typographic minus, `Infinity`
 * and `0x10` are refused, never guessed at. So are rows of unequal length, lines above the table, a quote that is not
 * closed, repeated names, and columns that do not exist or are asked for twice.
 *
 * JSON lines are read too: an object a line, its keys the names of columns, its values numbers or texts; one that is null or left
 * out is missing.
 *
 * An apostrophe before a name that begins with `=`, `+`, `-` or `@` guards it from spreadsheets, and is not part of it.
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
 *     rowNumbers: Uint32Array.of(1),
 *     dropped: 1,
 *     ignored: [{ name: 'name', why: 'words' }],
 *     doubtful: []
 *   })
 * )
 */
export const readCsv = (text: string, options: CsvOptions = {}): Either.Either<DataError, Table> =>
  pipe(linesOf(text, options), Either.flatMap(tableOfLines(options)))

/** Beside the points, what was asked to be kept. */
const keeping =
  (table: Grid, { keep }: CsvOptions) =>
  (read: Table): Either.Either<DataError, Table> => {
    if (keep === undefined) return Either.right(read)
    const { names, numbers } = table
    const cellsOf = (j: number): Kept => ({
      name: names[j],
      cells: Array.from(read.rowNumbers, row => {
        const x = numbers[(row - 1) * names.length + j]
        return Number.isNaN(x) ? table.text(row - 1, j).trim() : String(x)
      })
    })
    return pipe(
      keep.columns,
      Either.traverseArray((wanted: string | number) => position(table)('keep', wanted)),
      Either.map(named => ({
        ...read,
        kept: [
          ...named.map(cellsOf),
          ...read.ignored
            .filter(({ why }) => why !== 'empty' && why !== 'dates' && why !== 'row numbers')
            .map(({ name }) => names.indexOf(name))
            .filter(j => !named.includes(j))
            .map(cellsOf)
            .filter(({ cells }) => {
              const different = new Set(cells).size
              return different > 1 && different <= keep.classes && 2 * different <= cells.length
            })
        ]
      }))
    )
  }

/** The table that lines come to. */
const tableOfLines =
  (options: CsvOptions) =>
  (lines: Lines): Either.Either<DataError, Table> =>
    pipe(
      headed(lines, options),
      Either.bindTo('hasHeader'),
      Either.bind('table', ({ hasHeader }) => grid(lines, hasHeader)),
      Either.bind('weights', ({ table }) =>
        options.weights === undefined ? Either.right(undefined) : position(table)('weights', options.weights)
      ),
      Either.bind('chosen', ({ table, weights }) => columnsOf(table, options, weights)),
      Either.chain(({ table, chosen, weights }) =>
        pipe(extract(table, chosen, weights, options), Either.chain(keeping(table, options)))
      )
    )

/** A table that is read from bytes as they come. */
export interface CsvReader {
  /** Takes the next bytes; false: they are to be read as one text, by `readCsv`, as where cells are quoted. */
  readonly push: (bytes: Uint8Array) => boolean
  /** What has come, when all has; null where it is to be read as one text. */
  readonly table: () => Either.Either<DataError, Table> | null
}

/**
 * Reads a table of numbers from its bytes, in UTF-8, piece by piece, of any length: what comes of it is what `readCsv` makes of
 * the text, to the bit, without the text ever being whole. `length` says how many bytes there will be about.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Points } from 'ornstein'
 *
 * const reader = Points.csvReader()
 * for (const piece of ['x,y\n1,', '2\n3,4\n']) assert.ok(reader.push(new TextEncoder().encode(piece)))
 * assert.deepEqual(reader.table(), Points.readCsv('x,y\n1,2\n3,4\n'))
 */
export const csvReader = (options: CsvOptions = {}, length = 0): CsvReader => {
  const { push, sheet } = reader(grammar(options), length)
  return {
    push,
    table: () =>
      pipe(optionProblem(options), wrong => {
        const found = Either.isLeft(wrong) ? null : sheet()
        return found === null ? null : tableOfLines(options)(ofSheet(found))
      })
  }
}

/** What the first piece of a table says of those that follow. */
interface Known {
  /** Rows so far. */
  readonly rows: number
  readonly names: ReadonlyArray<string>
  readonly columns: ReadonlyArray<string>
}

/** What is kept of pieces after the first, whose classes say nothing of those of all. */
const NOTHING = { columns: [], classes: 0 }

/** So many rows come at once. */
const ROWS = 1 << 16

/**
 * Tables of the rows of a text, some 65536 at once, from its bytes: what its first rows say of the columns holds for all of them.
 * Its cells are plain: a quoted one is an error here, and a table's end.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points } from 'ornstein'
 *
 * async function* bytes() {
 *   for (const piece of ['x,name\n1,', 'Ann\n3,Bob\n']) yield new TextEncoder().encode(piece)
 * }
 * for await (const table of Points.csvTables()(bytes()))
 *   assert.deepEqual(Either.isRight(table) && table.right.points.values, Float64Array.of(1, 3))
 */
export const csvTables =
  (options: CsvOptions = {}, rowsAtOnce: number = ROWS) =>
  (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Either.Either<DataError, Table>> =>
    scanned(
      sheets(bytes, grammar(options), rowsAtOnce),
      null,
      (before: Known | null, sheet): readonly [Known | null, Either.Either<DataError, Table>] => {
        if (sheet === null)
          return [
            before,
            pipe(
              optionProblem(options),
              Either.flatMap(() => Either.left(unplain))
            )
          ]
        const read =
          before === null
            ? pipe(ofSheet(sheet), lines =>
                pipe(
                  headed(lines, options),
                  Either.flatMap(hasHeader => grid(lines, hasHeader)),
                  Either.map(({ names }) => names),
                  Either.bindTo('names'),
                  Either.bind('table', () => tableOfLines(options)(lines))
                )
              )
            : pipe(
                // the names stand above each piece, whether they stand above the first or not
                ofSheet({ ...sheet, rows: sheet.rows - sheet.above + 1, first: before.names, above: 1 }),
                tableOfLines({ ...options, columns: before.columns, exclude: [], keep: NOTHING, header: true }),
                Either.orElse(problem =>
                  problem === allMissing
                    ? Either.right(nothing(before.columns, sheet.rows - sheet.above))
                    : Either.left(problem)
                ),
                Either.bimap(numbered(before.rows), table => ({ names: before.names, table }))
              )
        if (Either.isLeft(read)) return [before, read]
        const { names, table } = read.right
        const rows = (before?.rows ?? 0) + table.points.rows + table.dropped
        return [
          { rows, names, columns: table.columns },
          Either.right({ ...table, rowNumbers: table.rowNumbers.map(i => i + (before?.rows ?? 0)) })
        ]
      }
    )

/** A piece of which all rows were dropped. */
const nothing = (columns: ReadonlyArray<string>, dropped: number): Table => ({
  points: { rows: 0, dim: columns.length, values: new Float64Array(0) },
  columns,
  rowNumbers: new Uint32Array(0),
  dropped,
  ignored: [],
  doubtful: []
})

const unplain = Problem.of(
  'text',
  'cells in quotes, lines of unequal length, or no lines',
  'a table of plain cells, as is read in pieces',
  'read it whole, or write it plainly'
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
 *       "set 'decimal' to ',' if the comma stands before decimals, or write numbers as 1234.5"
 *   )
 * )
 */
export const fromCsv = (text: string, options: CsvOptions = {}): Either.Either<DataError, Points> =>
  pipe(
    readCsv(text, options),
    Either.map(({ points }) => points)
  )

// -- out ------------------------------------------------------------------------------------------------------------

export { toCsv }

/**
 * The text of a table with columns added on the right, a row for each of `rowNumbers`, and all that was there before
 * untouched: rows that were dropped, too, with nothing in the new cells. A name that is taken has `_` after it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * const text = 'name,height\nAnn,1.7\nBob,NA\nCem,1.8\n'
 * const options = { missing: 'drop' } as const
 * assert.deepEqual(
 *   pipe(
 *     Points.readCsv(text, options),
 *     Either.chain(table => Points.withColumns(text, options)(table.rowNumbers, [['component', ['1', '2']]]))
 *   ),
 *   Either.right('name,height,component\nAnn,1.7,1\nBob,NA,\nCem,1.8,2\n')
 * )
 */
export const withColumns =
  (text: string, options: CsvOptions = {}) =>
  (
    rowNumbers: Uint32Array,
    added: ReadonlyArray<readonly [name: string, cells: ReadonlyArray<string>]>
  ): Either.Either<DataError, string> =>
    pipe(
      cellsOf(text, options),
      Either.bindTo('cells'),
      Either.bind('hasHeader', ({ cells }) => headed(ofCells(meant(options)(cells)), options)),
      Either.map(({ cells, hasHeader }) => {
        const rows = hasHeader ? cells.slice(1) : cells
        const names = hasHeader ? cells[0] : cells[0].map((_, j) => `column ${j + 1}`)
        const places = new Map(Array.from(rowNumbers, (number, at) => [number, at]))
        const found = rows.map((row, i) => {
          const at = places.get(i + 1)
          return [...row, ...added.map(([, cells]) => (at === undefined ? '' : cells[at]))]
        })
        const delimiter = options.delimiter ?? guessDelimiter(tableOf(unified(text), options), options)
        const header = [...names, ...added.map(([name]) => unused(name, names))]
        return `${Papa.unparse([header, ...found], { delimiter, newline: '\n' })}\n`
      })
    )
