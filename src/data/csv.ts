/**
 * Reads tables of text.
 *
 * In messages rows and columns are counted from 1; the header is not a row, and blank lines are not counted.
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
import { offsetRowNames, tablesOfGrids } from './tableParts.js'
import { cellsOfJson, isJson, isJsonLines } from './jsonLines.js'
import type { ContainerTable } from './reading/containers.js'
import { beginsAsJson, tableOfNestedJson } from './reading/nestedJson.js'
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

/** Non-blank lines of a table; missing cells are empty. */
interface CellLines {
  readonly count: number
  readonly first: ReadonlyArray<string>
  /** True if the first line is known to be a header. */
  readonly isNamed?: boolean
  readonly widthOf: (line: number) => number
  /** NaN if the cell is not a number. */
  readonly numberAt: (line: number, column: number) => number
  /** Defined for the first line, and for cells that are not numbers. */
  readonly textAt: (line: number, column: number) => string
  /** Numbers of the lines from `from` on, row-major, if all have the same length. */
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

/** Number with a decimal comma: thousands separated by points, or an exponent without thousands. */
const DECIMAL_COMMA_PATTERN = /^\s*[+-]?([1-9]\d{0,2}(\.\d{3})+(,\d*)?|(\d+(,\d*)?|,\d+)(e[+-]?\d+)?)\s*$/i

/** Parses a number with a decimal comma; points may separate thousands only, so 1.5 gives NaN. */
const readDecimalComma = (cell: string): number =>
  cell.length < MAX_NUMBER_LENGTH && DECIMAL_COMMA_PATTERN.test(cell)
    ? readNumber(cell.replaceAll('.', '').replace(',', '.'))
    : NaN

const numberReader = ({ decimal }: CsvOptions): typeof readNumber => (decimal === ',' ? readDecimalComma : readNumber)

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
    ...(comment === undefined ? [] : Settings.commentSetting.problems('comment', comment)),
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

/** Removes the byte-order mark, and makes all line ends \n. */
const normalizeLineEnds = (text: string): string => withLineFeeds(text.replace(/^\uFEFF/, ''))

const textBelowSkippedLines = (text: string, { skip = 0 }: CsvOptions): string => text.slice(endOfLines(text, skip))

/** Header as R's `write.table` writes it: all names quoted and separated by single blanks. */
const R_HEADER_PATTERN = /^(?:[^\S\n]*\n)*"(?:[^"\n]|"")*"(?: "(?:[^"\n]|"")*")*(?:\n|$)/

/**
 * Guesses the delimiter: a tab or semicolon if it splits the first lines into equal numbers of cells (commas are then decimal); a blank for
 * tables of R; otherwise a comma.
 */
const guessDelimiter = (text: string, { comment }: CsvOptions): string => {
  const cut = (delimiter: string): WrittenCells => {
    const of = { delimiter, ...(comment !== undefined && { comment }) }
    return parseRecords(text.replace(/^(?:[^\S\n]*\n)+/, ''), of, MAX_SNIFFED_LINES).data.filter(
      record => !isBlank(record)
    )
  }
  const isEven = (lines: WrittenCells): boolean =>
    lines.every(line => line.length > 1 && line.length === lines[0].length)
  return (
    ['\t', ';'].find(delimiter => isEven(cut(delimiter))) ??
    (R_HEADER_PATTERN.test(text) && looksLikeR(cut(' ')) ? ' ' : ',')
  )
}

/** True if all lines below the names have as many cells as names, or one more (the row name). */
const looksLikeR = ([names, ...cells]: WrittenCells): boolean =>
  cells.length > 0 &&
  cells.every(line => line.length > 1 && line.length === cells[0].length) &&
  [0, 1].includes(cells[0].length - names.length)

const OTHER_FORMAT_PATTERNS: ReadonlyArray<readonly [pattern: RegExp, name: string]> = [
  [/^\s*(\{\s*"|\[\s*[[{])/, 'JSON'],
  [/^\s*<(!doctype|html|\?xml|table)/i, 'a web page or XML']
]

/** Parses a text into non-blank lines of cells. */
const cellsOfText = (source: string, options: CsvOptions): Either.Either<DataError, WrittenCells> => {
  const wrong = optionProblem(options)
  if (Either.isLeft(wrong)) return wrong
  const text = textBelowSkippedLines(normalizeLineEnds(source), options)
  const large = requireFewCells(text, `\n\t;,${options.delimiter ?? ''}`)
  if (Either.isLeft(large)) return large
  const other = OTHER_FORMAT_PATTERNS.find(([pattern]) => pattern.test(text))
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

/** Rejects lines above the table; names the first column `row.names` if R's header has no name for it. */
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

/** True if the cells are row names as R writes them: distinct words or whole numbers. */
const areRowNames = (cells: ReadonlyArray<string>): boolean =>
  new Set(cells).size === cells.length && cells.every(cell => cellKind(cell) === 'word' || /^\d+$/.test(cell))

/** True if the first line enumerates columns or years above other numbers, so that it may be a header. */
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

/** True if the first line is a header; a problem if that is unclear. */
const hasHeaderLine = (lines: CellLines, { header = 'auto' }: CsvOptions): Either.Either<DataError, boolean> => {
  const { first, count, widthOf, numberAt } = lines
  const kinds = first.map((_, column) => kindAt(lines, 0, column))
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

const cellLinesOfCells = (cells: WrittenCells, read: (cell: string) => number): CellLines => ({
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

/** Lines below a header; numbers have a decimal point whatever the options. */
const cellLinesOfJson =
  (options: CsvOptions) =>
  (cells: WrittenCells): CellLines => ({
    ...cellLinesOfCells(blankMissingCells(options)(cells), readNumber),
    isNamed: true
  })

const cellLinesOfSheet = ({ width, rows, first, above, numbers, text }: NumericSheet): CellLines => ({
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

/** True if no option changes cells or lines. */
const isPlainCsv = ({ decimal, na = [], skip = 0, comment }: CsvOptions): boolean =>
  decimal !== ',' && na.length === 0 && skip === 0 && comment === undefined

const MAX_SNIFFED_LINES = 50

/** Grammar for the fast reader; `separator` infers the separator from the text's head, and returns null if the text needs the full parser. */
const csvGrammar = (options: CsvOptions): Grammar => ({
  separator: (head, isAll) => {
    const text = normalizeLineEnds(head)
    return !isPlainCsv(options) ||
      text.trim() === '' ||
      OTHER_FORMAT_PATTERNS.some(([pattern]) => pattern.test(text)) ||
      !(isAll || text.trimStart().split('\n', MAX_SNIFFED_LINES + 2).length > MAX_SNIFFED_LINES + 1)
      ? null
      : (options.delimiter ?? guessDelimiter(text, options))
  },
  read: readNumber
})

/** Cells of a text of JSON, or of the table inside it; null if it is no JSON. */
const jsonCells = (text: string, { path }: CsvOptions): Either.Either<DataError, WrittenCells> | null =>
  path === undefined && isJson(text)
    ? cellsOfJson(text)
    : beginsAsJson(text)
      ? pipe(
          requireFewCells(text, '\n,'),
          Either.flatMap(whole => tableOfNestedJson(whole, path)),
          Either.map(({ records }) => records)
        )
      : null

/** Parses JSON, plain numbers by the fast reader, or any other table cell by cell. */
const parseCellLines = (text: string, options: CsvOptions): Either.Either<DataError, CellLines> => {
  const wrong = optionProblem(options)
  if (Either.isLeft(wrong)) return wrong
  const own = textBelowSkippedLines(normalizeLineEnds(text), options)
  const json = jsonCells(own, options)
  if (json !== null) return pipe(json, Either.map(cellLinesOfJson(options)))
  const sheet = sheetOf(text, csvGrammar(options))
  return sheet === null
    ? pipe(
        cellsOfText(text, options),
        Either.map(blankMissingCells(options)),
        Either.map(cells => cellLinesOfCells(cells, numberReader(options)))
      )
    : Either.right(cellLinesOfSheet(sheet))
}

const withoutFormulaGuard = (name: string): string => (/^'+[=+\-@\t\r]/.test(name) ? name.slice(1) : name)

const gridOfCellLines = (
  lines: CellLines,
  { hasHeader }: Pick<CellGrid, 'hasHeader'>
): Either.Either<DataError, CellGrid> => {
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

const gridOfLines =
  (options: CsvOptions) =>
  (lines: CellLines): Either.Either<DataError, CellGrid> =>
    pipe(
      hasHeaderLine(lines, options),
      Either.chain(hasHeader => gridOfCellLines(lines, { hasHeader }))
    )

/** Returns the grid of a container's table, before its columns are chosen. */
export const gridOfContainer =
  (options: CsvOptions) =>
  ({ format, records }: ContainerTable): Either.Either<DataError, CellGrid> =>
    pipe(
      cellLinesOfCells(blankMissingCells(options)(records), format === 'html' ? numberReader(options) : readNumber),
      gridOfLines(options)
    )

/** Parses a text into a grid, before its columns are chosen. */
export const gridOfCsv = (text: string, options: CsvOptions): Either.Either<DataError, CellGrid> =>
  typeof (text as unknown) === 'string'
    ? pipe(parseCellLines(text, options), Either.chain(gridOfLines(options)))
    : fail('text', typeAndValue(text), 'the text of a table', "read the file: readFileSync(path, 'utf8')")

/**
 * Reads a table of comma-, semicolon- or tab-separated values (RFC 4180, read by papaparse). Returns its points, the columns taken and
 * ignored, and the number of rows dropped.
 *
 * Cells may be quoted and padded with blanks; a byte-order mark, any line ends and blank lines are allowed. Numbers are written `1.5`,
 * `-2`, `1e5`, or `1.234,5` with `decimal: ','`. `$1.5`, `3%`, `1 000`, `1_000`, a typographic minus, `Infinity` and `0x10` are rejected,
 * never guessed; so are rows of unequal length, lines above the table, an unclosed quote, repeated names, and columns that do not exist or
 * are requested twice.
 *
 * Also reads JSON lines, or a list of objects: keys are column names, and null or absent values are missing. Tables of R's `write.table`
 * are read with their row names. An apostrophe that guards a name beginning with `=`, `+`, `-` or `@` from spreadsheets is removed.
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

/** Reader of a table from bytes as they arrive. */
export interface CsvReader {
  /** Takes the next bytes; false if they must be read as one text, for example for a quoted line end. */
  readonly push: (bytes: Uint8Array) => boolean
  /** Returns the table of all bytes; null if they must be read as one text. */
  readonly table: () => Either.Either<DataError, Table> | null
}

/**
 * Reads a table of numbers from UTF-8 bytes as they arrive, with the bits of `readCsv` on the text. `length` is the approximate number of
 * bytes.
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

/** Reads a grid from bytes as they arrive, before its columns are chosen; null if they must be read as one text. */
export const gridReader = (
  options: CsvOptions,
  length = 0
): Pick<CsvReader, 'push'> & { readonly grid: () => Either.Either<DataError, CellGrid> | null } => {
  const { push, sheet } = cellReader(csvGrammar(options), length)
  return {
    push,
    grid: () => {
      const found = Either.isLeft(optionProblem(options)) ? null : sheet()
      return found === null ? null : pipe(cellLinesOfSheet(found), gridOfLines(options))
    }
  }
}

/**
 * Points of a CSV table; `readCsv` also returns the columns ignored and the rows dropped.
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
 * Returns the text with columns added on the right for the rows `rowNumbers`, counted from 1; their cells are empty in other rows. A name
 * in use gets a `_`.
 */
export const withColumns =
  (text: string, options: CsvOptions = {}) =>
  (rowNumbers: Uint32Array, added: AddedColumns): Either.Either<DataError, string> =>
    pipe(
      writtenCells(text, options),
      Either.map(written => appendedText(written)(rowNumbers, added))
    )

const commaSeparatedTable = ([names, ...rows]: WrittenCells): WrittenTable => ({ names, rows, delimiter: ',' })

const writtenCells = (text: string, options: CsvOptions): Either.Either<DataError, WrittenTable> => {
  const json = jsonCells(textBelowSkippedLines(normalizeLineEnds(text), options), options)
  return json !== null
    ? pipe(json, Either.map(commaSeparatedTable))
    : pipe(
        cellsOfText(text, options),
        Either.bindTo('cells'),
        Either.bind('hasHeader', ({ cells }) =>
          hasHeaderLine(cellLinesOfCells(blankMissingCells(options)(cells), numberReader(options)), options)
        ),
        Either.map(({ cells, hasHeader }) => ({
          names: hasHeader ? cells[0] : cells[0].map((_, j) => `column ${j + 1}`),
          rows: hasHeader ? cells.slice(1) : cells,
          delimiter:
            options.delimiter ?? guessDelimiter(textBelowSkippedLines(normalizeLineEnds(text), options), options)
        }))
      )
}

interface CsvPiece {
  readonly grid: CellGrid
  readonly written: () => Either.Either<DataError, WrittenTable>
}

const copiedPartOfPiece = ({ grid, written }: CsvPiece): Either.Either<DataError, CopiedPart> =>
  pipe(
    written(),
    Either.map(found => [grid, found])
  )

const firstPiece = (text: string, options: CsvOptions): Either.Either<DataError, CsvPiece> =>
  pipe(
    gridOfCsv(text, options),
    Either.map(grid => ({ grid, written: () => writtenCells(text, options) }))
  )

/** Returns the grid of a text and its cells as written. */
export const copyOfText = (text: string, options: CsvOptions): Either.Either<DataError, CopiedPart> =>
  pipe(firstPiece(text, options), Either.flatMap(copiedPartOfPiece))

const CHARACTERS_PER_PIECE = 1 << 21

/** Findings of the first part that hold for all, and the numbers of rows and lines so far. */
interface CsvHead {
  readonly head: Pick<CellGrid, 'names' | 'isNamed' | 'hasHeader'>
  readonly delimiter: string
  readonly isJson: boolean
  readonly rows: number
  readonly lines: number
}

const offsetProblem =
  (rows: number, lines: number) =>
  (problem: Problem.Problem): Problem.Problem => {
    const own = withRowOffset(rows)(problem)
    return { ...own, field: own.field.replace(/^line (\d+)/, (_, line: string) => `line ${Number(line) + lines}`) }
  }

const nextJsonPiece = (
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
        cellLinesOfJson(options),
        gridOfLines(options),
        Either.map(grid => ({ grid: { ...grid, ...head }, written: () => Either.right(commaSeparatedTable(cells)) }))
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
  if (isJson) return nextJsonPiece(text, options, begun)
  // the header has a name for each column, and digits, since those begin no comment
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

/** Parses a text part by part; delimiter and names are those of the first part. */
const csvPieces = (
  options: CsvOptions,
  charactersAtOnce: number,
  texts: AsyncIterable<string>
): AsyncIterable<Either.Either<DataError, CsvPiece>> => {
  const separator = (text: string): string =>
    options.delimiter ?? guessDelimiter(textBelowSkippedLines(normalizeLineEnds(text), options), options)
  const marks = (head: string): Marks => ({
    // no separator: quotes of JSON do not enclose cells
    separator: isJson(textBelowSkippedLines(head, options)) ? '\0' : separator(head),
    comment: options.comment ?? null,
    skip: options.skip ?? 0
  })
  return scanned(
    cut(texts, marks, charactersAtOnce),
    null,
    (before: CsvHead | null, text): readonly [CsvHead | null, Either.Either<DataError, CsvPiece>] => {
      const found = before === null ? firstPiece(text, options) : nextPiece(text, options, before)
      if (Either.isLeft(found)) return [before, found]
      const { grid } = found.right
      const begun = before ?? {
        head: { names: grid.names, isNamed: grid.isNamed, hasHeader: grid.hasHeader },
        delimiter: separator(text),
        isJson: isJsonLines(textBelowSkippedLines(text, options)),
        rows: 0,
        lines: 0
      }
      return [
        { ...begun, rows: begun.rows + grid.rows, lines: begun.lines + linesIn(text) },
        Either.right({ ...found.right, grid: offsetRowNames(begun.rows)(grid) })
      ]
    }
  )
}

/** Returns the grids of a text in parts, before their columns are chosen. */
export const csvGrids = (
  options: CsvOptions,
  texts: AsyncIterable<string>,
  charactersAtOnce = CHARACTERS_PER_PIECE
): AsyncIterable<Either.Either<DataError, CellGrid>> =>
  mappedAsync(
    csvPieces(options, charactersAtOnce, texts),
    Either.map(({ grid }) => grid)
  )

/** Returns the grids of a text in parts, with its cells as written. */
export const copiesOfTexts = (
  options: CsvOptions,
  texts: AsyncIterable<string>,
  charactersAtOnce = CHARACTERS_PER_PIECE
): AsyncIterable<Either.Either<DataError, CopiedPart>> =>
  mappedAsync(csvPieces(options, charactersAtOnce, texts), Either.flatMap(copiedPartOfPiece))

/**
 * Reads a table from UTF-8 bytes in parts of about two million characters, which together equal the table of `readCsv`. The first part
 * chooses the columns.
 */
export const csvTables =
  (options: CsvOptions = {}, charactersAtOnce: number = CHARACTERS_PER_PIECE) =>
  (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Either.Either<DataError, Table>> =>
    caught(tablesOfGrids(options)(csvGrids(options, decodeUtf8(bytes), charactersAtOnce)), error =>
      error instanceof NoText ? fail('text', 'bytes', 'text in UTF-8', 'save it as UTF-8') : null
    )
