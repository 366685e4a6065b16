/**
 * Fast reader of tables of separated cells from bytes as they arrive: only cells that are no plain decimals become strings. A line that
 * ends inside a quote, or has more or fewer cells than the first, needs a full parser.
 */

import { joinedBytes } from './joinedBytes.js'

/** 10⁰ … 10²², all exact. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
/** Dekker's 2²⁷ + 1: x · SPLIT − (x · SPLIT − x) is the upper half of x's bits. */
const SPLIT = 134217729

const decimalBits = new Float64Array(1)
const decimalWords = new Uint32Array(decimalBits.buffer)
const EXPONENT_WORD_INDEX = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0

/** Largest remainder, in half ulps, at which rounding is certain: the error of the quotient is about 2⁻¹⁰⁰ of it. */
const MAX_CERTAIN_REMAINDER = 1 - 1 / 1048576

/** a·b − fl(a·b), exactly (Dekker 1971). */
const dekkerProductError = (a: number, b: number, product: number): number => {
  let t = SPLIT * a
  const a1 = t - (t - a)
  const a2 = a - a1
  t = SPLIT * b
  const b1 = t - (t - b)
  const b2 = b - b1
  return a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2
}

/**
 * Decimal number of `digits` (16 to 19) digits, `high` (the first nine) followed by `low`, over 10^fraction, rounded to the nearest double;
 * NaN if it is too near to the middle of two doubles.
 */
const decimalQuotient = (high: number, low: number, digits: number, fraction: number): number => {
  const ten = POWERS_OF_TEN[digits - 9]
  const product = high * ten
  const m = product + low
  const rounded = m - product
  const rest = product - (m - rounded) + (low - rounded) + dekkerProductError(high, ten, product)
  const power = POWERS_OF_TEN[fraction]
  const q = m / power
  const back = q * power
  const correction = (m - back - dekkerProductError(q, power, back) + rest) / power
  const value = q + correction
  const left = q - value + correction
  decimalBits[0] = value
  const exponent = (decimalWords[EXPONENT_WORD_INDEX] >>> 20) & 2047
  const isPower = decimalWords[1 - EXPONENT_WORD_INDEX] === 0 && (decimalWords[EXPONENT_WORD_INDEX] & 0xfffff) === 0
  decimalWords[EXPONENT_WORD_INDEX] = (exponent - 53) << 20
  decimalWords[1 - EXPONENT_WORD_INDEX] = 0
  // Half the gap to the next double, halved again below a power of two.
  const half = isPower ? decimalBits[0] / 2 : decimalBits[0]
  return Math.abs(left) < half * MAX_CERTAIN_REMAINDER ? value : NaN
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const QUOTE_BYTE = 34
const PLUS = 43
const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57
const CAPITAL_E = 69
const SMALL_E = 101

/** Position after the number or quoted cell that was read last. */
let end = 0

/** Parses the decimal number at a position, after optional blanks, and sets `end`; NaN if there is none or its rounding is uncertain. */
const decimalAt = (bytes: Uint8Array, from: number): number => {
  let at = from
  let c = bytes[at]
  while (c === SPACE) c = bytes[++at]
  const isNegative = c === MINUS
  if (isNegative || c === PLUS) c = bytes[++at]
  let high = 0
  let low = 0
  let digits = 0
  let fraction = 0
  const first = at
  for (; c >= ZERO && c <= NINE; c = bytes[++at]) {
    if (digits < 9) high = high * 10 + (c - ZERO)
    else low = low * 10 + (c - ZERO)
    if (digits > 0 || c !== ZERO) digits++
  }
  let figures = at - first
  if (c === POINT) {
    const point = at
    c = bytes[++at]
    for (; c >= ZERO && c <= NINE; c = bytes[++at]) {
      if (digits < 9) high = high * 10 + (c - ZERO)
      else low = low * 10 + (c - ZERO)
      if (digits > 0 || c !== ZERO) digits++
    }
    fraction = at - point - 1
    figures += fraction
  }
  if (figures === 0) return NaN
  if (c === SMALL_E || c === CAPITAL_E) {
    c = bytes[++at]
    const isDown = c === MINUS
    if (isDown || c === PLUS) c = bytes[++at]
    const start = at
    let exponent = 0
    for (; c >= ZERO && c <= NINE; c = bytes[++at]) exponent = Math.min(exponent * 10 + (c - ZERO), 9999)
    if (at === start) return NaN
    fraction += isDown ? exponent : -exponent
  }
  end = at
  let value = 0
  if (digits > 0) {
    if (fraction > 22 || fraction < -22 || digits > 19) return NaN
    if (digits <= 15) {
      const whole = digits <= 9 ? high : high * POWERS_OF_TEN[digits - 9] + low
      value = fraction >= 0 ? whole / POWERS_OF_TEN[fraction] : whole * POWERS_OF_TEN[-fraction]
    } else if (fraction <= 0) return NaN
    else value = decimalQuotient(high, low, digits, fraction)
  }
  return isNegative ? -value : value
}

/** Table with an equal number of cells in each line. */
export interface NumericSheet {
  readonly width: number
  readonly rows: number
  /** Texts of the cells of the first line. */
  readonly first: ReadonlyArray<string>
  /** 1 if the first line is a header, otherwise 0. */
  readonly above: number
  /** Cells below the header, [rows − above, width]; NaN if not a number. */
  readonly numbers: Float64Array
  /** Text of a cell that is not a number, by its row in `numbers`. */
  readonly text: (row: number, column: number) => string
}

export interface Reader {
  /** Reads the next bytes; returns false if the table needs a full parser. */
  readonly push: (bytes: Uint8Array) => boolean
  /** The table, after all bytes; null if it needs a full parser or is empty. */
  readonly sheet: () => NumericSheet | null
}

/** True for characters that are neither part of a number nor a blank: comma, semicolon, tab, bar, colon. */
const isSupportedSeparator = (character: string): boolean => /^[,;\t|:]$/.test(character)

export interface Grammar {
  /** Separator of the cells, given the first lines, or all if `isAll`; null if the table needs a full parser. */
  readonly separator: (head: string, isAll: boolean) => string | null
  /** Number in a cell that is not a plain decimal; NaN if it is none. */
  readonly read: (cell: string) => number
}

/** Number of first bytes from which the separator is determined. */
const SNIFFED_BYTES = 1048576
/** Maximum number of characters that are encoded at a time. */
const ENCODED_CHARACTERS = 1048576

/** Reader of a table of about `length` bytes, for which memory is allocated at once. Default: unknown. */
export const cellReader = ({ separator, read }: Grammar, length = 0): Reader => {
  let behind: Reader | null = null
  let head: Uint8Array[] = []
  let held = 0
  /** Chooses the reader from the bytes so far, and reads them. */
  const begin = ({ isAll }: { readonly isAll: boolean }): boolean => {
    const all = joinedBytes(head)
    head = []
    // Complete lines only; the decoder removes a byte order mark.
    const text = new TextDecoder().decode(isAll ? all : all.subarray(0, lastLineEnd(all)))
    const found = separator(text, isAll)
    behind =
      found === null || !isSupportedSeparator(found)
        ? unsupportedReader
        : separatedReader(found.charCodeAt(0), read, length)
    return behind.push(all)
  }
  return {
    push: bytes => {
      if (behind !== null) return behind.push(bytes)
      head.push(bytes.slice())
      held += bytes.length
      return held < SNIFFED_BYTES || begin({ isAll: false })
    },
    sheet: () => {
      if (behind === null) begin({ isAll: true })
      return behind?.sheet() ?? null
    }
  }
}

/** The table in a text; null if it needs a full parser. */
export const sheetOf = (text: string, grammar: Grammar): NumericSheet | null => {
  const into = cellReader(grammar, text.length)
  const bytes = new Uint8Array(Math.min(text.length, ENCODED_CHARACTERS) * 3)
  const encoder = new TextEncoder()
  for (let from = 0; from < text.length;) {
    const { read, written } = encoder.encodeInto(text.slice(from, from + ENCODED_CHARACTERS), bytes)
    // A surrogate pair is not split between pieces.
    const isCut = from + ENCODED_CHARACTERS < text.length && /[\ud800-\udbff]/.test(text[from + ENCODED_CHARACTERS - 1])
    from += isCut ? read - 1 : read
    if (!into.push(bytes.subarray(0, isCut ? written - 3 : written))) return null
  }
  return into.sheet()
}

/** Reader that leaves every table to a full parser. */
const unsupportedReader: Reader = { push: () => false, sheet: () => null }

/** Position after the last complete line; 0 if there is none. */
const lastLineEnd = (bytes: Uint8Array): number => {
  let at = bytes.length
  while (at > 0 && bytes[at - 1] !== LINE_FEED && bytes[at - 1] !== CARRIAGE_RETURN) at--
  return at
}

const cellParsers = (separator: number) => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  const decoded = (bytes: Uint8Array, from: number, to: number): string | null => {
    try {
      return decoder.decode(bytes.subarray(from, to))
    } catch {
      return null
    }
  }

  /** Position after the closing quote of a cell that opens at `from`; −1 if the line ends first. */
  const quotedEnd = (bytes: Uint8Array, from: number, to: number): number => {
    for (let at = from + 1; at < to && bytes[at] !== LINE_FEED && bytes[at] !== CARRIAGE_RETURN; at++) {
      if (bytes[at] !== QUOTE_BYTE) continue
      // Two quotes are an escaped quote.
      if (bytes[at + 1] === QUOTE_BYTE && at + 1 < to) at++
      else return at + 1
    }
    return -1
  }

  /** Text between quotes; null if the bytes are not UTF-8. */
  const unquoted = (bytes: Uint8Array, from: number, to: number): string | null =>
    decoded(bytes, from + 1, to - 1)?.replaceAll('""', '"') ?? null

  /** Texts of the cells of a line; null if the bytes are not UTF-8 or a quote does not close at the end of a cell. */
  const split = (bytes: Uint8Array, from: number, to: number): string[] | null => {
    const found: string[] = []
    for (let start = from; start <= to;) {
      const isQuoted = start < to && bytes[start] === QUOTE_BYTE
      let at = isQuoted ? quotedEnd(bytes, start, to) : start
      if (at < 0) return null
      if (!isQuoted) while (at < to && bytes[at] !== separator) at++
      const text = isQuoted ? unquoted(bytes, start, at) : decoded(bytes, start, at)
      if (text === null || (at < to && bytes[at] !== separator)) return null
      found.push(text)
      start = at + 1
    }
    return found
  }

  const isBlank = (bytes: Uint8Array, from: number, to: number): boolean => {
    for (let at = from; at < to; at++) if (bytes[at] === separator) return false
    return decoded(bytes, from, to)?.trim() === ''
  }

  return { decoded, quotedEnd, unquoted, split, isBlank }
}

/** Reads complete lines from `start` to `stop` of bytes that follow `taken` others; false if the table needs a full parser. */
type ReadLines = (bytes: Uint8Array, start: number, stop: number, taken: number) => boolean

/** Position after a byte order mark; 0 if there is none. */
const byteOrderMarkEnd = (bytes: Uint8Array): number =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0

/** Passes on complete lines of bytes that arrive in pieces. */
const wholeLines = (lines: ReadLines) => {
  let carried: Uint8Array = new Uint8Array(0)
  let taken = 0
  const push = (bytes: Uint8Array): boolean => {
    const stop = lastLineEnd(bytes)
    if (stop === 0) {
      carried = joinedBytes([carried, bytes])
      return true
    }
    let start = taken === 0 && carried.length === 0 ? byteOrderMarkEnd(bytes) : 0
    if (carried.length > 0) {
      // Only the line that spans two pieces is copied.
      while (bytes[start] !== LINE_FEED && bytes[start] !== CARRIAGE_RETURN) start++
      const line = joinedBytes([carried, bytes.subarray(0, start + 1)])
      const isRead = lines(line, taken === 0 ? byteOrderMarkEnd(line) : 0, line.length, taken + carried.length)
      taken += carried.length
      carried = new Uint8Array(0)
      if (!isRead) return false
    }
    const isRead = lines(bytes, start, stop, taken)
    taken += stop
    carried = bytes.slice(stop)
    return isRead
  }
  return { push, isOpen: () => carried.length > 0 }
}

/** Texts of some cells by row and column, as indices into a list of distinct texts. */
const cellTexts = () => {
  const strings = ['']
  const codeOf = new Map<string, number>()
  const columns: (Int32Array | null)[] = []
  return {
    widen: (width: number): void => {
      for (let j = 0; j < width; j++) columns.push(null)
    },
    grow: (rows: number, room: number): void => {
      columns.forEach((codes, j) => {
        if (codes === null) return
        const more = new Int32Array(room)
        more.set(codes.subarray(0, rows))
        columns[j] = more
      })
    },
    put: (text: string, row: number, column: number, room: number): void => {
      let code = codeOf.get(text)
      if (code === undefined) {
        code = strings.length
        strings.push(text)
        codeOf.set(text, code)
      }
      const codes = (columns[column] ??= new Int32Array(room))
      codes[row] = code
    },
    /** Text of a cell; empty if it has none. */
    at: (row: number, column: number): string => strings[columns[column]?.[row] ?? 0]
  }
}

interface OpenSheet {
  readonly separator: number
  readonly read: Grammar['read']
  readonly length: number
  readonly parsers: ReturnType<typeof cellParsers>
  readonly texts: ReturnType<typeof cellTexts>
  first: ReadonlyArray<string>
  width: number
  above: number
  /** Number of rows in `numbers`. */
  rows: number
  /** Number of rows for which there is memory. */
  room: number
  numbers: Float64Array
  column: number
  failed: boolean
}

/** Marks a table as one that needs a full parser; returns false. */
const giveUp = (sheet: OpenSheet): false => {
  sheet.failed = true
  return false
}

/** True if the table needs a full parser; a function, since TypeScript assumes that calls do not change the field. */
const hasFailed = ({ failed }: OpenSheet): boolean => failed

const endsCell = (separator: number, c: number): boolean => c === separator || c === LINE_FEED || c === CARRIAGE_RETURN

/** Makes room for more rows: as many as expected if `seen` bytes of the table have been read. */
const growSheet = (sheet: OpenSheet, seen: number): void => {
  const { rows, length, width } = sheet
  const expected = Math.ceil((rows / Math.max(1, seen)) * length * 1.02)
  sheet.room = Math.max(1024, length > seen ? Math.max(expected, Math.ceil(1.05 * rows)) : 2 * rows)
  const larger = new Float64Array(sheet.room * width)
  larger.set(sheet.numbers.subarray(0, rows * width))
  sheet.numbers = larger
  sheet.texts.grow(rows, sheet.room)
}

/** Returns the number of a text; if it is none, stores the text and returns NaN. */
const readCellText = (sheet: OpenSheet, text: string): number => {
  const number = sheet.read(text)
  if (Number.isNaN(number) && sheet.column < sheet.width) sheet.texts.put(text, sheet.rows, sheet.column, sheet.room)
  return number
}

/** Returns the number in a cell that is not a plain decimal, or stores its text and returns NaN. Gives up if it is not UTF-8. */
const readUnquotedCell = (sheet: OpenSheet, bytes: Uint8Array, from: number, to: number): number => {
  const text = sheet.parsers.decoded(bytes, from, to)
  if (text !== null) return readCellText(sheet, text)
  giveUp(sheet)
  return NaN
}

/** Returns the number in a quoted cell of a line that ends before `stop`, or stores its text and returns NaN; sets `end`. */
const readQuotedCell = (sheet: OpenSheet, bytes: Uint8Array, from: number, stop: number): number => {
  const plain = decimalAt(bytes, from + 1)
  if (plain === plain && bytes[end] === QUOTE_BYTE && endsCell(sheet.separator, bytes[end + 1])) {
    end++
    return plain
  }
  const to = sheet.parsers.quotedEnd(bytes, from, stop)
  const text = to < 0 || !endsCell(sheet.separator, bytes[to]) ? null : sheet.parsers.unquoted(bytes, from, to)
  if (text === null || (sheet.width === 1 && text.trim() === '')) {
    giveUp(sheet)
    return NaN
  }
  end = to
  return readCellText(sheet, text)
}

/** Reads the first line, which fixes the width; returns true if it is a row of numbers, not a header. */
const readFirstLine = (sheet: OpenSheet, bytes: Uint8Array, from: number, to: number): boolean => {
  const cells = sheet.parsers.split(bytes, from, to)
  // A line with a single blank cell is a blank line.
  if (cells === null || (cells.length === 1 && cells[0].trim() === '')) return giveUp(sheet)
  sheet.first = cells
  sheet.width = cells.length
  sheet.texts.widen(cells.length)
  sheet.above = cells.some(cell => Number.isNaN(sheet.read(cell))) ? 1 : 0
  return sheet.above === 0
}

/** Reads the cells of one row; returns the position of its end, or −1 if the table needs a full parser. */
const readRow = (sheet: OpenSheet, bytes: Uint8Array, start: number, stop: number): number => {
  const { numbers, width, separator } = sheet
  let at = start
  let to = sheet.rows * width
  for (sheet.column = 0; ; at++) {
    const from = at
    const isQuoted = bytes[at] === QUOTE_BYTE
    let value = isQuoted ? readQuotedCell(sheet, bytes, at, stop) : decimalAt(bytes, at)
    if (sheet.failed) return -1
    let c = 0
    let isPlain = isQuoted || value === value
    if (isPlain) {
      at = end
      c = bytes[at]
      if (!isQuoted) while (c === SPACE) c = bytes[++at]
      isPlain = endsCell(separator, c)
    }
    if (!isPlain) {
      at = from
      c = bytes[at]
      while (!endsCell(separator, c)) c = bytes[++at]
      if (sheet.column < width) value = readUnquotedCell(sheet, bytes, from, at)
      if (hasFailed(sheet)) return -1
    }
    if (sheet.column === width) return -1
    numbers[to++] = value
    sheet.column++
    if (c !== separator) return sheet.column === width ? at : -1
  }
}

const readLines = (
  sheet: OpenSheet,
  bytes: Uint8Array,
  start: number,
  range: { readonly stop: number; readonly taken: number }
): boolean => {
  const { stop, taken } = range
  let at = start
  while (at < stop) {
    const c = bytes[at]
    if (c === LINE_FEED || c === CARRIAGE_RETURN) {
      at++
      continue
    }
    // The first line, and any that may be blank, is parsed as a whole.
    if (sheet.width === 0 || c <= SPACE || c > 127) {
      let to = at
      while (to < stop && bytes[to] !== LINE_FEED && bytes[to] !== CARRIAGE_RETURN) to++
      if (sheet.parsers.isBlank(bytes, at, to)) {
        at = to
        continue
      }
      if (sheet.width === 0 && !readFirstLine(sheet, bytes, at, to)) {
        if (sheet.failed) return false
        at = to
        continue
      }
    }
    if (sheet.rows === sheet.room) growSheet(sheet, taken + at)
    at = readRow(sheet, bytes, at, stop)
    if (at < 0) return giveUp(sheet)
    sheet.rows++
  }
  return true
}

/** Reader of cells that one byte separates. */
const separatedReader = (separator: number, read: Grammar['read'], length: number): Reader => {
  const sheet: OpenSheet = {
    separator,
    read,
    length,
    parsers: cellParsers(separator),
    texts: cellTexts(),
    first: [],
    width: 0,
    above: 0,
    rows: 0,
    room: 0,
    numbers: new Float64Array(0),
    column: 0,
    failed: false
  }
  const pieces = wholeLines((bytes, start, stop, taken) => readLines(sheet, bytes, start, { stop, taken }))
  const push = (bytes: Uint8Array): boolean => {
    if (sheet.failed) return false
    return bytes.includes(0) ? giveUp(sheet) : pieces.push(bytes)
  }
  return {
    push,
    sheet: () => {
      if (pieces.isOpen()) push(Uint8Array.of(LINE_FEED))
      const { failed, width, rows, above, first, numbers, texts } = sheet
      if (failed || width === 0) return null
      const all = numbers.length === rows * width ? numbers : numbers.slice(0, rows * width)
      return { width, rows: rows + above, first, above, numbers: all, text: texts.at }
    }
  }
}
