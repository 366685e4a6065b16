/**
 * Tables of separated cells, quoted or not, read from bytes as they come: numbers go where they stay, and only what is no plain number
 * becomes a string. Who reads gives up where a line ends in a quote, or has more or fewer cells than the first: that is a matter for
 * a whole grammar.
 */

import { joinedBytes } from './joinedBytes.js'

/** 10⁰ … 10²², which are doubles. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
/** Dekker's 2²⁷ + 1: x · SPLIT − (x · SPLIT − x) is the upper half of x's bits. */
const SPLIT = 134217729

const decimalBits = new Float64Array(1)
const decimalWords = new Uint32Array(decimalBits.buffer)
/** Of the two words of a double, the one with its exponent. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0

/** How near to the middle between two doubles a quotient may be told from it: its error is some 2⁻¹⁰⁰ of it. */
const CLEAR = 1 - 1 / 1048576

/** a·b − fl(a·b), exactly (Dekker 1971). */
const productRoundingError = (a: number, b: number, product: number): number => {
  let t = SPLIT * a
  const a1 = t - (t - a)
  const a2 = a - a1
  t = SPLIT * b
  const b1 = t - (t - b)
  const b2 = b - b1
  return a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2
}

/**
 * (high · 10^(digits − 9) + low) / 10^fraction, rounded to the nearest double, for 16 to 19 digits, high their first nine; NaN
 * where it is too near to the middle of two doubles to tell.
 */
const decimalQuotient = (high: number, low: number, digits: number, fraction: number): number => {
  const ten = POWERS_OF_TEN[digits - 9]
  const product = high * ten
  // the numerator, as a sum of two doubles
  const m = product + low
  const rounded = m - product
  const rest = product - (m - rounded) + (low - rounded) + productRoundingError(high, ten, product)
  const power = POWERS_OF_TEN[fraction]
  const q = m / power
  const back = q * power
  const correction = (m - back - productRoundingError(q, power, back) + rest) / power
  const value = q + correction
  const left = q - value + correction
  decimalBits[0] = value
  const exponent = (decimalWords[HIGH] >>> 20) & 2047
  const isPower = decimalWords[1 - HIGH] === 0 && (decimalWords[HIGH] & 0xfffff) === 0
  decimalWords[HIGH] = (exponent - 53) << 20
  decimalWords[1 - HIGH] = 0
  // Half of what is between two doubles here; below a power of two they are twice as dense.
  const half = isPower ? decimalBits[0] / 2 : decimalBits[0]
  return Math.abs(left) < half * CLEAR ? value : NaN
}

const LINE_FEED = 10
const RETURN = 13
const SPACE = 32
const QUOTE = 34
const PLUS = 43
const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57
const CAPITAL_E = 69
const SMALL_E = 101

/** A number's end, where it was read: one reader reads one number at a time. */
let end = 0

/**
 * The decimal number that begins at a byte, with blanks before it or not, the nearest double; its end is left in `end`. NaN
 * where there is none, or none that can be told so.
 */
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

/** A table of as many cells in each line. */
export interface NumericSheet {
  readonly width: number
  /** Lines that are not blank. */
  readonly rows: number
  /** The cells of the first line, as they stand. */
  readonly first: ReadonlyArray<string>
  /** How many lines, none or one, come before those of `numbers`. */
  readonly above: number
  /** [rows − above, width], row by row; NaN for a cell that is no number. */
  readonly numbers: Float64Array
  /** The text of a cell of `numbers` that is no number, its row counted from that of `above`. */
  readonly text: (row: number, column: number) => string
}

export interface Reader {
  /** Takes the next bytes, which are its own to read until it returns; false: a matter for a whole grammar. */
  readonly push: (bytes: Uint8Array) => boolean
  /** The table, when all has come; null for that matter, or where there is none. */
  readonly sheet: () => NumericSheet | null
}

/** Whether cells apart by a character may be read so: one that is no part of a number, nor of the white around it. */
const separates = (character: string): boolean => /^[,;\t|:]$/.test(character)

/** How a table is read. */
export interface Grammar {
  /** What separates cells, by the lines at the beginning, of all there are or not; null: a matter for a whole grammar. */
  readonly separator: (head: string, isAll: boolean) => string | null
  /** The number in a cell that is no plain decimal, NaN where there is none. */
  readonly read: (cell: string) => number
}

/** So many bytes at the beginning are looked at before a table is read. */
const SNIFFED_BYTES = 1048576
/** A text is encoded so many characters at a time. */
const ENCODED_CHARACTERS = 1048576

/** Reads a table; `length` says how many bytes it may be, so that its place is taken at once. */
export const cellReader = ({ separator, read }: Grammar, length = 0): Reader => {
  let behind: Reader | null = null
  let head: Uint8Array[] = []
  let held = 0
  const begin = (isAll: boolean): boolean => {
    const all = joinedBytes(head)
    head = []
    // Lines that are whole; a mark of the order of bytes before the first is no part of it.
    const text = new TextDecoder().decode(isAll ? all : all.subarray(0, lastLineEnd(all)))
    const found = separator(text, isAll)
    behind = found === null || !separates(found) ? never : separatedReader(found.charCodeAt(0), read, length)
    return behind.push(all)
  }
  return {
    push: bytes => {
      if (behind !== null) return behind.push(bytes)
      head.push(bytes.slice())
      held += bytes.length
      return held < SNIFFED_BYTES || begin(false)
    },
    sheet: () => {
      if (behind === null) begin(true)
      return behind?.sheet() ?? null
    }
  }
}

/** The table in a text; null for a matter of a whole grammar. */
export const sheetOf = (text: string, grammar: Grammar): NumericSheet | null => {
  const into = cellReader(grammar, text.length)
  const bytes = new Uint8Array(Math.min(text.length, ENCODED_CHARACTERS) * 3)
  const encoder = new TextEncoder()
  for (let from = 0; from < text.length;) {
    const { read, written } = encoder.encodeInto(text.slice(from, from + ENCODED_CHARACTERS), bytes)
    // Half of a letter at the end of a piece belongs to the next.
    const isCut = from + ENCODED_CHARACTERS < text.length && /[\ud800-\udbff]/.test(text[from + ENCODED_CHARACTERS - 1])
    from += isCut ? read - 1 : read
    if (!into.push(bytes.subarray(0, isCut ? written - 3 : written))) return null
  }
  return into.sheet()
}

/** Reads nothing. */
const never: Reader = { push: () => false, sheet: () => null }

/** Where the last whole line ends. */
const lastLineEnd = (bytes: Uint8Array): number => {
  let at = bytes.length
  while (at > 0 && bytes[at - 1] !== LINE_FEED && bytes[at - 1] !== RETURN) at--
  return at
}

/** Texts in a line of cells that are apart by one byte. */
const textsOf = (separator: number) => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  const decoded = (bytes: Uint8Array, from: number, to: number): string | null => {
    try {
      return decoder.decode(bytes.subarray(from, to))
    } catch {
      return null
    }
  }

  /** Where the cell ends whose quote opens at a place, past the quote that closes it; −1 where none does before the line ends. */
  const closed = (bytes: Uint8Array, from: number, to: number): number => {
    for (let at = from + 1; at < to && bytes[at] !== LINE_FEED && bytes[at] !== RETURN; at++) {
      if (bytes[at] !== QUOTE) continue
      // Two quotes in a cell stand for one.
      if (bytes[at + 1] === QUOTE && at + 1 < to) at++
      else return at + 1
    }
    return -1
  }

  /** What stands in quotes; null for bytes that are no text. */
  const unquoted = (bytes: Uint8Array, from: number, to: number): string | null =>
    decoded(bytes, from + 1, to - 1)?.replaceAll('""', '"') ?? null

  /** The cells of a line, as strings; null for bytes that are no text, and for a quote that does not close at the end of a cell. */
  const split = (bytes: Uint8Array, from: number, to: number): string[] | null => {
    const found: string[] = []
    for (let start = from; start <= to;) {
      const isQuoted = start < to && bytes[start] === QUOTE
      let at = isQuoted ? closed(bytes, start, to) : start
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

  return { decoded, closed, unquoted, split, isBlank }
}

/** Reads whole lines from `start` to `stop` of bytes that come after so many others; whether they could be read. */
type ReadLines = (bytes: Uint8Array, start: number, stop: number, taken: number) => boolean

/** After the mark of the order of bytes, if they begin with it. */
const withoutMark = (bytes: Uint8Array): number => (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)

/** Hands on whole lines of bytes that come in pieces. */
const wholeLines = (lines: ReadLines) => {
  let carried: Uint8Array = new Uint8Array(0)
  let taken = 0
  const push = (bytes: Uint8Array): boolean => {
    const stop = lastLineEnd(bytes)
    if (stop === 0) {
      carried = joinedBytes([carried, bytes])
      return true
    }
    let start = taken === 0 && carried.length === 0 ? withoutMark(bytes) : 0
    if (carried.length > 0) {
      // Only the line that was cut is put together.
      while (bytes[start] !== LINE_FEED && bytes[start] !== RETURN) start++
      const line = joinedBytes([carried, bytes.subarray(0, start + 1)])
      const isRead = lines(line, taken === 0 ? withoutMark(line) : 0, line.length, taken + carried.length)
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

/** Texts that stand in some rows of some columns; each is kept once, and a row has its number. */
const textsInRows = () => {
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
    /** The text in a row of a column. */
    at: (row: number, column: number): string => strings[columns[column]?.[row] ?? 0]
  }
}

/** Reads cells apart by one byte. */
const separatedReader = (separator: number, read: Grammar['read'], length: number): Reader => {
  const { decoded, closed, unquoted, split, isBlank } = textsOf(separator)
  const texts = textsInRows()
  let first: ReadonlyArray<string> = []
  let width = 0
  let above = 0
  /** Lines that `numbers` has, and may have. */
  let rows = 0
  let room = 0
  let numbers = new Float64Array(0)
  let failed = false
  // Asked by a call, since what is called in between may set it.
  const hasFailed = (): boolean => failed

  /** More room, after so many bytes. */
  const grow = (seen: number): void => {
    const expected = Math.ceil((rows / Math.max(1, seen)) * length * 1.02)
    room = Math.max(1024, length > seen ? Math.max(expected, Math.ceil(1.05 * rows)) : 2 * rows)
    const larger = new Float64Array(room * width)
    larger.set(numbers.subarray(0, rows * width))
    numbers = larger
    texts.grow(rows, room)
  }

  /** A cell that is no plain decimal. */
  const odd = (bytes: Uint8Array, from: number, to: number, column: number): number => {
    const text = decoded(bytes, from, to)
    if (text === null) {
      failed = true
      return NaN
    }
    const number = read(text)
    if (Number.isNaN(number)) texts.put(text, rows, column, room)
    return number
  }

  const endsCell = (c: number): boolean => c === separator || c === LINE_FEED || c === RETURN

  /** A cell in quotes, of a line that ends before `stop`; its end is left in `end`. */
  const quoted = (bytes: Uint8Array, from: number, stop: number, column: number): number => {
    const plain = decimalAt(bytes, from + 1)
    if (plain === plain && bytes[end] === QUOTE && endsCell(bytes[end + 1])) {
      end++
      return plain
    }
    const to = closed(bytes, from, stop)
    const text = to < 0 || !endsCell(bytes[to]) ? null : unquoted(bytes, from, to)
    if (text === null || (width === 1 && text.trim() === '')) {
      failed = true
      return NaN
    }
    end = to
    const number = read(text)
    if (Number.isNaN(number) && column < width) texts.put(text, rows, column, room)
    return number
  }

  /** The first line; whether it is a row of numbers. */
  const begin = (bytes: Uint8Array, from: number, to: number): boolean => {
    const cells = split(bytes, from, to)
    // A line of nothing but a cell of nothing is a blank one.
    failed = cells === null || (cells.length === 1 && cells[0].trim() === '')
    if (cells === null || failed) return false
    first = cells
    width = cells.length
    texts.widen(width)
    above = cells.some(cell => Number.isNaN(read(cell))) ? 1 : 0
    return above === 0
  }

  /** Lines of bytes, of which `stop` is the end of one, after so many others; whether they could be read. */
  const lines: ReadLines = (bytes, start, stop, taken) => {
    let at = start
    while (at < stop) {
      let c = bytes[at]
      if (c === LINE_FEED || c === RETURN) {
        at++
        continue
      }
      // The first line is looked at whole, and so is what may be a blank one.
      if (width === 0 || c <= SPACE || c > 127) {
        let to = at
        while (to < stop && bytes[to] !== LINE_FEED && bytes[to] !== RETURN) to++
        if (isBlank(bytes, at, to)) {
          at = to
          continue
        }
        if (width === 0 && !begin(bytes, at, to)) {
          if (failed) return false
          at = to
          continue
        }
      }
      if (rows === room) grow(taken + at)
      let column = 0
      let to = rows * width
      for (; ; at++) {
        const from = at
        const isQuoted = bytes[at] === QUOTE
        let value = isQuoted ? quoted(bytes, at, stop, column) : decimalAt(bytes, at)
        if (failed) return false
        let isPlain = isQuoted || value === value
        if (isPlain) {
          at = end
          c = bytes[at]
          if (!isQuoted) while (c === SPACE) c = bytes[++at]
          isPlain = endsCell(c)
        }
        if (!isPlain) {
          at = from
          c = bytes[at]
          while (!endsCell(c)) c = bytes[++at]
          if (column < width) value = odd(bytes, from, at, column)
          if (hasFailed()) return false
        }
        if (column === width) {
          failed = true
          return false
        }
        numbers[to++] = value
        column++
        if (c !== separator) break
      }
      if (column !== width) {
        failed = true
        return false
      }
      rows++
    }
    return true
  }
  const pieces = wholeLines(lines)

  const push = (bytes: Uint8Array): boolean => {
    if (failed) return false
    if (bytes.includes(0)) {
      failed = true
      return false
    }
    return pieces.push(bytes)
  }

  const found = (): NumericSheet | null => {
    if (failed || width === 0) return null
    const all = numbers.length === rows * width ? numbers : numbers.slice(0, rows * width)
    return { width, rows: rows + above, first, above, numbers: all, text: texts.at }
  }

  return {
    push,
    sheet: () => {
      if (pieces.isOpen()) push(Uint8Array.of(LINE_FEED))
      return found()
    }
  }
}
