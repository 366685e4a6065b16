/**
 * Tables of text: read into points, and written.
 *
 * In messages rows and columns are counted from 1, as in a spreadsheet; the header is not a row, and blank lines are not
 * counted.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import Papa from 'papaparse'
import { cellReader, sheetOf, type Grammar, type NumericSheet } from '../../lib/formats/cells.js'
import { caught, mappedAsync, scanned } from '../../lib/plain/gather.js'
import {
  endOfLines,
  decodeUtf8,
  linesIn,
  NoText,
  recordsOfPieces as cut,
  someLine,
  withLineFeeds,
  type Marks
} from '../../lib/formats/records.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import { typeAndValue } from '../core/spelling.js'
import { isNumericColumn, cellKind, MAX_NUMBER_LENGTH, readNumber, type CellKind } from './cell.js'
import { requireNamedRows, gridToTable as tableOfGrid, type CsvOptions, type CellGrid, type Table } from './grid.js'
import { gridAfterRows, tablesOfGrids } from './tableParts.js'
import { cellsOfJson, isJson, isJsonLines } from './jsonLines.js'
import { type DataError, type Points } from './points.js'
import { appendedText, type AddedColumns, type CopiedPart, type WrittenTable } from './appendedTable.js'
import {
  fail,
  firstIndexWhere,
  moreLikeThis,
  withRowOffset,
  pluralized,
  textBeginning,
  requireFewCells,
  sumOver
} from './dataProblems.js'
import { tabulate } from '../../lib/arrays/entries.js'
import * as Settings from './readerSettings.js'

type WrittenCells = WrittenTable['rows']

/** Lines of cells as they are meant, none of them blank. */
interface CellLines {
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

const isBlank = (record: ReadonlyArray<string>): boolean => record.length === 1 && record[0].trim() === ''

const parseRecords = (
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

/** A number with a decimal comma: its thousands separated by points, or with none and an exponent or not. */
const DECIMAL_COMMA_NUMBER = /^\s*[+-]?([1-9]\d{0,2}(\.\d{3})+(,\d*)?|(\d+(,\d*)?|,\d+)(e[+-]?\d+)?)\s*$/i

/** The number in a cell with a decimal comma, or NaN: a point that separates no thousands would be a decimal mark beside the other. */
const readDecimalComma = (cell: string): number =>
  cell.length < MAX_NUMBER_LENGTH && DECIMAL_COMMA_NUMBER.test(cell)
    ? readNumber(cell.replaceAll('.', '').replace(',', '.'))
    : NaN

const numberReader = ({ decimal }: CsvOptions): typeof readNumber => (decimal === ',' ? readDecimalComma : readNumber)

/** Cells as they are meant: what is missing is empty. */
const blankMissingCells = ({ na }: CsvOptions): ((cells: WrittenCells) => WrittenCells) => {
  const absent = new Set(na?.map(cell => cell.trim()))
  return cells => (absent.size === 0 ? cells : cells.map(row => row.map(cell => (absent.has(cell.trim()) ? '' : cell))))
}

const optionProblem = ({ delimiter, decimal, skip = 0, comment }: CsvOptions): Either.Either<DataError, null> => {
  const [wrong = null] = [
    ...Problem.unless(
      delimiter === undefined || (delimiter !== '' && !/["\r\n\uFEFF]/.test(delimiter)),
      'delimiter',
      JSON.stringify(delimiter),
      'a separator of cells',
      "try ',' or leave it out"
    ),
    ...Settings.skipSetting.problems('skip', skip),
    ...(comment === undefined ? [] : Settings.comment.problems('comment', comment)),
    ...Problem.unless(
      decimal !== ',' || delimiter !== ',',
      'decimal',
      '","',
      'another character than that which separates cells',
      [Problem.set('delimiter', ';')]
    )
  ]
  return wrong === null ? Either.right(null) : Either.left(wrong)
}

/** Lines end with \n, and no mark of the order of bytes stands before the first. */
const normalizeLineEnds = (text: string): string => withLineFeeds(text.replace(/^\uFEFF/, ''))

/** The text from the table on. */
const textOfTable = (text: string, { skip = 0 }: CsvOptions): string => text.slice(endOfLines(text, skip))

/** A line of names as R's `write.table` writes it: all in quotes, a blank between each two. */
const R_HEADER = /^(?:[^\S\n]*\n)*"(?:[^"\n]|"")*"(?: "(?:[^"\n]|"")*")*(?:\n|$)/

/**
 * A blank separates what R writes. A tab or a semicolon that cuts the first lines into the same number of cells is the delimiter, even where commas do
 * too: those are decimal commas then.
 */
const guessDelimiter = (text: string, { comment }: CsvOptions): string => {
  const cut = (delimiter: string): WrittenCells => {
    const of = { delimiter, ...(comment !== undefined && { comment }) }
    return parseRecords(text.replace(/^(?:[^\S\n]*\n)+/, ''), of, SNIFFED_LINES).data.filter(record => !isBlank(record))
  }
  const isEven = (lines: WrittenCells): boolean =>
    lines.every(line => line.length > 1 && line.length === lines[0].length)
  return (
    ['\t', ';'].find(delimiter => isEven(cut(delimiter))) ?? (R_HEADER.test(text) && looksLikeR(cut(' ')) ? ' ' : ',')
  )
}

/** Whether names stand over cells of one number, which may be one more: that of the row. */
const looksLikeR = ([names, ...cells]: WrittenCells): boolean =>
  cells.length > 0 &&
  cells.every(line => line.length > 1 && line.length === cells[0].length) &&
  [0, 1].includes(cells[0].length - names.length)

const OTHER_FORMATS: ReadonlyArray<readonly [pattern: RegExp, name: string]> = [
  [/^\s*(\{\s*"|\[\s*[[{])/, 'JSON'],
  [/^\s*<(!doctype|html|\?xml|table)/i, 'a web page or XML']
]

/** Cells of a text, a rectangle, without blank lines. */
const cellsOfText = (source: string, options: CsvOptions): Either.Either<DataError, WrittenCells> => {
  const wrong = optionProblem(options)
  if (Either.isLeft(wrong)) return wrong
  const text = textOfTable(normalizeLineEnds(source), options)
  const large = requireFewCells(text, `\n\t;,${options.delimiter ?? ''}`)
  if (Either.isLeft(large)) return large
  const other = OTHER_FORMATS.find(([pattern]) => pattern.test(text))
  if (other !== undefined)
    return fail('text', other[1], 'a table of separated values', 'write it as CSV, a line for each row')
  const { data, errors } = parseRecords(text, {
    ...options,
    delimiter: options.delimiter ?? guessDelimiter(text, options)
  })
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
  const wide = cells.find(({ length }) => length > Limits.maxColumns)
  if (wide !== undefined)
    return fail(
      'text',
      `a line of ${wide.length} cells`,
      `one of at most ${Limits.maxColumns}`,
      'give a line for each row, and some of the columns'
    )
  return cells.length === 0 || text.trim() === ''
    ? fail('text', 'an empty text', 'a table', 'give a line for each row, such as 1.5,2')
    : requireTableAlone(cells)
}

/** The cells, unless lines stand above the table, or the names are one too few. */
const requireTableAlone = (cells: WrittenCells): Either.Either<DataError, WrittenCells> => {
  const width = cells[Math.floor(cells.length / 2)].length
  const first = cells.findIndex(row => row.length === width)
  const above = cells.slice(0, first)
  return first > 0 && above.every(row => row.length === 1 || /^\s*[#%]/.test(row[0]))
    ? fail(
        'text',
        `${first === 1 ? 'a line' : `${first} lines`} above the table (${textBeginning(cells[0].join(','))})`,
        'a table alone',
        [
          'begin with the line of names, or with the first row, or ',
          Problem.set('skip', undefined, 'the number of lines above it')
        ]
      )
    : first === 1 && cells[0].length === width - 1 && cells[0].every(cell => cellKind(cell) === 'word')
      ? areRowNames(cells.slice(1).map(([name]) => name))
        ? Either.right([['row.names', ...cells[0]], ...cells.slice(1)])
        : fail(
            'header',
            pluralized(width - 1, 'name'),
            `one for each of ${pluralized(width, 'column')}`,
            'name the first column too, or leave it out'
          )
      : Either.right(cells)
}

/** Whether cells are names of rows as R gives them: each its own, and a word or a whole number. */
const areRowNames = (cells: ReadonlyArray<string>): boolean =>
  new Set(cells).size === cells.length && cells.every(cell => cellKind(cell) === 'word' || /^\d+$/.test(cell))

/** Numbers that count columns or years, over numbers of another kind: names, by the looks of them. */
const countsColumns = (first: ReadonlyArray<number>, { count, widthOf, numberAt }: CellLines): boolean => {
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

const kindAt = ({ numberAt, textAt }: CellLines, line: number, column: number): CellKind =>
  Number.isNaN(numberAt(line, column)) ? cellKind(textAt(line, column)) : 'number'

/** Whether the first line is a header. */
const hasHeaderLine = (lines: CellLines, { header = 'auto' }: CsvOptions): Either.Either<DataError, boolean> => {
  const { first, count, widthOf, numberAt } = lines
  const kinds = first.map((_, column) => kindAt(lines, 0, column))
  /** A line that is too short has no say. */
  const standsOver =
    (column: number) =>
    (i: number): CellKind =>
      column < widthOf(i + 1) ? kindAt(lines, i + 1, column) : 'missing'
  const unclear = (line: string): Either.Either<DataError, never> =>
    fail('header', line, 'clearly names or data', [Problem.set('header', null)])
  return lines.isNamed === true || header !== 'auto'
    ? Either.right(lines.isNamed === true || header === true)
    : !kinds.includes('word')
      ? kinds.every(k => k === 'number') &&
        countsColumns(
          first.map((_, column) => numberAt(0, column)),
          lines
        )
        ? unclear(`a first line of ${textBeginning(first.join(','))}`)
        : Either.right(false)
      : kinds.every(k => k === 'word' || k === 'missing') ||
          kinds.some((k, column) => k === 'word' && isNumericColumn(count - 1, standsOver(column)))
        ? Either.right(true)
        : unclear('a first line of words and numbers')
}

/** Lines in which a cell is quoted, or marked as a comment, or of a length of their own: cell by cell. */
const linesOfCells = (cells: WrittenCells, read: (cell: string) => number): CellLines => ({
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

/** Numbers of JSON have a point. */
const linesOfJson =
  (options: CsvOptions) =>
  (cells: WrittenCells): CellLines => ({
    ...linesOfCells(blankMissingCells(options)(cells), readNumber),
    isNamed: true
  })

const linesOfSheet = ({ width, rows, first, above, numbers, text }: NumericSheet): CellLines => ({
  count: rows,
  first,
  widthOf: () => width,
  numberAt: (line, column) => (line < above ? readNumber(first[column]) : numbers[(line - above) * width + column]),
  textAt: (line, column) => (line === 0 ? first[column] : text(line - above, column)),
  numbers: from =>
    from === above
      ? numbers
      : from > above
        ? numbers.slice(width)
        : tabulate(rows * width, k => (k < width ? readNumber(first[k]) : numbers[k - width]))
})

/** Whether cells are meant as they stand, in lines that are all of the table. */
const isPlainCsv = ({ decimal, na = [], skip = 0, comment }: CsvOptions): boolean =>
  decimal !== ',' && na.length === 0 && skip === 0 && comment === undefined

/** So many lines tell what separates cells. */
const SNIFFED_LINES = 50

/** How plain numbers are read fast: as the whole grammar would, or not at all. */
const csvGrammar = (options: CsvOptions): Grammar => ({
  separator: (head, isAll) => {
    const text = normalizeLineEnds(head)
    return !isPlainCsv(options) ||
      text.trim() === '' ||
      OTHER_FORMATS.some(([pattern]) => pattern.test(text)) ||
      !(isAll || text.trimStart().split('\n', SNIFFED_LINES + 2).length > SNIFFED_LINES + 1)
      ? null
      : (options.delimiter ?? guessDelimiter(text, options))
  },
  read: readNumber
})

/** The lines of a text. */
const linesOf = (text: string, options: CsvOptions): Either.Either<DataError, CellLines> => {
  const wrong = optionProblem(options)
  if (Either.isLeft(wrong)) return wrong
  const own = textOfTable(normalizeLineEnds(text), options)
  if (isJson(own)) return pipe(cellsOfJson(own), Either.map(linesOfJson(options)))
  const sheet = sheetOf(text, csvGrammar(options))
  return sheet === null
    ? pipe(
        cellsOfText(text, options),
        Either.map(blankMissingCells(options)),
        Either.map(cells => linesOfCells(cells, numberReader(options)))
      )
    : Either.right(linesOfSheet(sheet))
}

/** A name without the apostrophe that `toCsv` puts before a formula. */
const withoutFormulaGuard = (name: string): string => (/^'+[=+\-@\t\r]/.test(name) ? name.slice(1) : name)

const gridOfCellLines = (lines: CellLines, hasHeader: boolean): Either.Either<DataError, CellGrid> => {
  const { first, count, widthOf, textAt } = lines
  const width = first.length
  const above = hasHeader ? 1 : 0
  const rows = count - above
  const isRagged = (row: number): boolean => widthOf(row + above) !== width
  const ragged = firstIndexWhere(rows, isRagged)
  const names = first.map((name, j) =>
    hasHeader && name.trim() !== '' ? withoutFormulaGuard(name.trim()) : `column ${j + 1}`
  )
  return ragged >= 0
    ? fail(
        `row ${ragged + 1}`,
        pluralized(widthOf(ragged + above), 'cell'),
        `${pluralized(width, 'cell')}, as in the ${hasHeader ? 'header' : 'first row'}`,
        ['complete the row, or ', Problem.set('delimiter'), moreLikeThis(sumOver(rows, i => (isRagged(i) ? 1 : 0)))],
        `${pluralized(widthOf(ragged + above), 'cell')}, but the ${hasHeader ? 'header' : 'first row'} has ${width}`
      )
    : requireNamedRows({
        names,
        isNamed: first.map(name => hasHeader && name.trim() !== ''),
        hasHeader,
        rows,
        text: (row, column) => textAt(row + above, column),
        numbers: lines.numbers(above)
      })
}

/** The grid of lines, whose first may be one of names. */
const gridOfLines =
  (options: CsvOptions) =>
  (lines: CellLines): Either.Either<DataError, CellGrid> =>
    pipe(
      hasHeaderLine(lines, options),
      Either.chain(hasHeader => gridOfCellLines(lines, hasHeader))
    )

/** The grid of a text. */
export const gridOfCsv = (text: string, options: CsvOptions): Either.Either<DataError, CellGrid> =>
  typeof (text as unknown) === 'string'
    ? pipe(linesOf(text, options), Either.chain(gridOfLines(options)))
    : fail('text', typeAndValue(text), 'the text of a table', "read the file: readFileSync(path, 'utf8')")

/**
 * Reads a table of comma-, semicolon- or tab-separated values, and tells which columns were taken, which were ignored and
 * how many rows were dropped. `fromCsv` gives the points alone.
 *
 * Cells may be quoted and padded with blanks; a byte-order mark, any line ends and blank lines are allowed. Numbers are
 * decimal, with a point: `1.5`, `-2`, `1e5`; or, where asked for, with a comma: `1.234,5`, and then `1.5` is refused. A decimal comma else, `$1.5`, `3%`, `1 000`, `1_000`, a typographic minus, `Infinity`
 * and `0x10` are refused, never guessed at. So are rows of unequal length, lines above the table, a quote that is not
 * closed, repeated names, and columns that do not exist or are asked for twice.
 *
 * JSON lines are read too: an object a line, its keys the names of columns, its values numbers or texts; one that is null or left
 * out is missing. So is a list of such objects. What R's `write.table` writes is read, its names in quotes and between blanks, one fewer
 * than there are columns where the first holds the names of rows.
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
 *     ignored: [{ name: 'name', why: 'text' }],
 *     doubtful: []
 *   })
 * )
 */
export const readCsv = (text: string, options: CsvOptions = {}): Either.Either<DataError, Table> =>
  pipe(gridOfCsv(text, options), Either.flatMap(tableOfGrid(options)))

/** A table that is read from bytes as they come. */
export interface CsvReader {
  /** Takes the next bytes; false: they are to be read as one text, by `readCsv`, as where a line ends in a quoted cell. */
  readonly push: (bytes: Uint8Array) => boolean
  /** What has come, when all has; null where it is to be read as one text. */
  readonly table: () => Either.Either<DataError, Table> | null
}

/**
 * Reads a table of numbers from its bytes, in UTF-8, piece by piece, of any length: what comes of it is what `readCsv` makes of
 * the text, bit for bit, without the text ever being whole. `length` says how many bytes there will be about.
 */
export const csvReader = (options: CsvOptions = {}, length = 0): CsvReader => {
  const { push, grid } = gridReader(options, length)
  return {
    push,
    table: () => {
      const found = grid()
      return found === null ? null : pipe(found, Either.flatMap(tableOfGrid(options)))
    }
  }
}

/** The same, before its columns are chosen. */
export const gridReader = (
  options: CsvOptions,
  length = 0
): Pick<CsvReader, 'push'> & { readonly grid: () => Either.Either<DataError, CellGrid> | null } => {
  const { push, sheet } = cellReader(csvGrammar(options), length)
  return {
    push,
    grid: () => {
      const found = Either.isLeft(optionProblem(options)) ? null : sheet()
      return found === null ? null : pipe(linesOfSheet(found), gridOfLines(options))
    }
  }
}

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

/**
 * The text of a table with columns added on the right, a row for each of `rowNumbers`, and all that was there before
 * untouched: rows that were dropped, too, with nothing in the new cells. A name that is taken has `_` after it.
 */
export const withColumns =
  (text: string, options: CsvOptions = {}) =>
  (rowNumbers: Uint32Array, added: AddedColumns): Either.Either<DataError, string> =>
    pipe(
      writtenCells(text, options),
      Either.map(written => appendedText(written)(rowNumbers, added))
    )

const writtenOfJson = ([names, ...rows]: WrittenCells): WrittenTable => ({ names, rows, delimiter: ',' })

/** The cells of a text as they are written. */
const writtenCells = (text: string, options: CsvOptions): Either.Either<DataError, WrittenTable> =>
  isJson(textOfTable(normalizeLineEnds(text), options))
    ? pipe(cellsOfJson(textOfTable(normalizeLineEnds(text), options)), Either.map(writtenOfJson))
    : pipe(
        cellsOfText(text, options),
        Either.bindTo('cells'),
        Either.bind('hasHeader', ({ cells }) =>
          hasHeaderLine(linesOfCells(blankMissingCells(options)(cells), numberReader(options)), options)
        ),
        Either.map(({ cells, hasHeader }) => ({
          names: hasHeader ? cells[0] : cells[0].map((_, j) => `column ${j + 1}`),
          rows: hasHeader ? cells.slice(1) : cells,
          delimiter: options.delimiter ?? guessDelimiter(textOfTable(normalizeLineEnds(text), options), options)
        }))
      )

/** A part of a text: its grid, and its cells as they are written. */
interface CsvPiece {
  readonly grid: CellGrid
  readonly written: () => Either.Either<DataError, WrittenTable>
}

const copiedPiece = ({ grid, written }: CsvPiece): Either.Either<DataError, CopiedPart> =>
  pipe(
    written(),
    Either.map(found => [grid, found])
  )

/** A text that is all of a table, or begins one. */
const firstPiece = (text: string, options: CsvOptions): Either.Either<DataError, CsvPiece> =>
  pipe(
    gridOfCsv(text, options),
    Either.map(grid => ({ grid, written: () => writtenCells(text, options) }))
  )

/** A text and its cells as they are written. */
export const copyOfText = (text: string, options: CsvOptions): Either.Either<DataError, CopiedPart> =>
  pipe(firstPiece(text, options), Either.flatMap(copiedPiece))

// -- in pieces ------------------------------------------------------------------------------------------------------

/** So many characters of a text come at once. */
const CHARACTERS_PER_PIECE = 1 << 21

/** What the first of the pieces of a text says of all, after so many rows and lines. */
interface CsvHead {
  readonly head: Pick<CellGrid, 'names' | 'isNamed' | 'hasHeader'>
  readonly delimiter: string
  readonly isJson: boolean
  readonly rows: number
  readonly lines: number
}

/** A problem of a piece, its rows and lines counted from the first of all. */
const offsetProblem =
  (rows: number, lines: number) =>
  (problem: Problem.Problem): Problem.Problem => {
    const own = withRowOffset(rows)(problem)
    return { ...own, field: own.field.replace(/^line (\d+)/, (_, line: string) => `line ${Number(line) + lines}`) }
  }

/** The next of the pieces of JSON lines: their names are those of the first. */
const nextOfJsonLines = (
  text: string,
  options: CsvOptions,
  { head, rows, lines }: CsvHead
): Either.Either<DataError, CsvPiece> =>
  pipe(
    cellsOfJson(text, head.names),
    Either.filterOrElse(
      ([names]) => names.length === head.names.length,
      ([names]) =>
        Problem.of(
          'text',
          `a name that the first ${rows} lines do not have (${names[head.names.length]})`,
          'one of them, as in what is read in pieces',
          'give it in the first line, with null, or leave it out'
        )
    ),
    Either.flatMap(cells =>
      pipe(
        cells,
        linesOfJson(options),
        gridOfLines(options),
        Either.map(grid => ({ grid: { ...grid, ...head }, written: () => Either.right(writtenOfJson(cells)) }))
      )
    ),
    Either.mapLeft(offsetProblem(rows, lines))
  )

const nextPiece = (text: string, options: CsvOptions, begun: CsvHead): Either.Either<DataError, CsvPiece> => {
  const { head, delimiter, rows, lines, isJson } = begun
  const isRecord = (line: string): boolean =>
    line.trim() !== '' && (options.comment === undefined || !line.startsWith(options.comment))
  if (!someLine(text, isRecord))
    return Either.right({
      grid: { ...head, rows: 0, text: () => '', numbers: new Float64Array(0) },
      written: () => Either.right({ names: head.names, rows: [], delimiter })
    })
  if (isJson) return nextOfJsonLines(text, options, begun)
  // As many names as there are cells stand above each piece; a digit begins no comment.
  const all = `${head.names.map((_, j) => j + 1).join(delimiter)}\n${text}`
  const own = { ...options, delimiter, skip: 0, header: true }
  return pipe(
    gridOfCsv(all, own),
    Either.bimap(offsetProblem(rows, lines - 1), grid => ({
      grid: { ...grid, ...head },
      written: () => writtenCells(all, own)
    }))
  )
}

/** The parts of a text that comes in pieces: what its first two million characters say of separator and names holds for all. */
const csvPieces = (
  options: CsvOptions,
  atOnce: number,
  texts: AsyncIterable<string>
): AsyncIterable<Either.Either<DataError, CsvPiece>> => {
  const separator = (text: string): string =>
    options.delimiter ?? guessDelimiter(textOfTable(normalizeLineEnds(text), options), options)
  const marks = (head: string): Marks => ({
    // In JSON nothing is quoted as cells are.
    separator: isJson(textOfTable(head, options)) ? '\0' : separator(head),
    comment: options.comment ?? null,
    skip: options.skip ?? 0
  })
  return scanned(
    cut(texts, marks, atOnce),
    null,
    (before: CsvHead | null, text): readonly [CsvHead | null, Either.Either<DataError, CsvPiece>] => {
      const found = before === null ? firstPiece(text, options) : nextPiece(text, options, before)
      if (Either.isLeft(found)) return [before, found]
      const { grid } = found.right
      const begun = before ?? {
        head: { names: grid.names, isNamed: grid.isNamed, hasHeader: grid.hasHeader },
        delimiter: separator(text),
        isJson: isJsonLines(textOfTable(text, options)),
        rows: 0,
        lines: 0
      }
      return [
        { ...begun, rows: begun.rows + grid.rows, lines: begun.lines + linesIn(text) },
        Either.right({ ...found.right, grid: gridAfterRows(begun.rows)(grid) })
      ]
    }
  )
}

/** The parts of a text that comes in pieces, before their columns are chosen. */
export const csvGrids = (
  options: CsvOptions,
  texts: AsyncIterable<string>,
  atOnce = CHARACTERS_PER_PIECE
): AsyncIterable<Either.Either<DataError, CellGrid>> =>
  mappedAsync(
    csvPieces(options, atOnce, texts),
    Either.map(({ grid }) => grid)
  )

/** The same with their cells as they are written. */
export const copiesOfTexts = (
  options: CsvOptions,
  texts: AsyncIterable<string>,
  atOnce = CHARACTERS_PER_PIECE
): AsyncIterable<Either.Either<DataError, CopiedPart>> =>
  mappedAsync(csvPieces(options, atOnce, texts), Either.flatMap(copiedPiece))

/**
 * Tables of the rows of a text, from its bytes in UTF-8, some two million characters at once: what its first rows say of the columns holds
 * for all of them. Together they are the table of `readCsv`.
 */
export const csvTables =
  (options: CsvOptions = {}, charactersAtOnce: number = CHARACTERS_PER_PIECE) =>
  (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Either.Either<DataError, Table>> =>
    caught(tablesOfGrids(options)(csvGrids(options, decodeUtf8(bytes), charactersAtOnce)), error =>
      error instanceof NoText ? fail('text', 'bytes', 'text in UTF-8', 'save it as UTF-8') : null
    )
