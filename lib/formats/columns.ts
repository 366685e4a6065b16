/** Tables with typed columns, as of Parquet and Arrow files, and their conversion to rows of numbers. */

/** `nested` are lists, maps and records. */
export type Type = 'numbers' | 'text' | 'dates' | 'nested'

export interface TypedCells {
  readonly name: string
  readonly type: Type
  /** One cell for each row; null and undefined are missing. Dates are texts. Empty if the column was not read. */
  readonly cells: ArrayLike<unknown>
}

export interface Columns {
  readonly rows: number
  readonly columns: ReadonlyArray<TypedCells>
}

/** Minimum number of rows of a written group, since readers read a group at a time. */
const MIN_GROUP_ROWS = 1 << 16

/** Concatenates the cells of parts. */
export const concatenatedCells = (parts: ReadonlyArray<ArrayLike<unknown>>): ArrayLike<unknown> => {
  if (parts.length === 1) return parts[0]
  const all: unknown[] = []
  for (const part of parts) for (let i = 0; i < part.length; i++) all.push(part[i])
  return all
}

const joinColumns = (parts: ReadonlyArray<Columns>): Columns => ({
  rows: parts.reduce((sum, { rows }) => sum + rows, 0),
  columns: parts[0].columns.map((column, j) => ({
    ...column,
    cells: concatenatedCells(parts.map(({ columns }) => columns[j].cells))
  }))
})

/** Regroups rows into groups of at least MIN_GROUP_ROWS except for the last; yields one empty group if there are no rows. */
export async function* groupColumns(parts: AsyncIterable<Columns>): AsyncGenerator<Columns> {
  let held: Columns[] = []
  let rows = 0
  let isAny = false
  for await (const part of parts) {
    held.push(part)
    rows += part.rows
    if (rows < MIN_GROUP_ROWS) continue
    yield joinColumns(held)
    isAny = true
    held = []
    rows = 0
  }
  if (held.length > 0 && (rows > 0 || !isAny)) yield joinColumns(held)
}

/** Cells of typed columns as numbers and texts. */
export interface Typed {
  readonly rows: number
  readonly names: ReadonlyArray<string>
  readonly types: ReadonlyArray<Type>
  /** [rows, columns], row by row; NaN for a cell that is neither a finite number nor an integer that a double represents. */
  readonly numbers: Float64Array
  /** Text of a cell that is NaN in `numbers`; empty if missing. */
  readonly text: (row: number, column: number) => string
}

export interface ColumnarReadOptions {
  /** True if the cells of nested columns are read. Default: false. */
  readonly readsNested?: boolean
}

/** An optional package that a file needs is not installed. */
export class Absent extends Error {
  readonly library: string
  constructor(library: string) {
    super(`${library} is not installed`)
    this.library = library
  }
}

const cellAsText = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
        ? String(value)
        : value instanceof Uint8Array
          ? Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('')
          : JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))

/** Copy that can be posted to another thread: cells in arrays of their own, objects as texts. */
export const sent = ({ rows, columns }: Columns): Columns => ({
  rows,
  columns: columns.map(column => {
    const { cells } = column
    if (ArrayBuffer.isView(cells)) return { ...column, cells: (cells as Float64Array).slice() }
    const plain: unknown[] = []
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]
      plain.push(typeof cell === 'object' && cell !== null ? cellAsText(cell) : cell)
    }
    return { ...column, cells: plain }
  })
})

/** Writes the numbers of a column; returns true if every cell is a number. */
const writeNumbers = (cells: ArrayLike<unknown>, into: Float64Array, from: number, stride: number): boolean => {
  let isFull = true
  for (let i = 0, to = from; to < into.length; i++, to += stride) {
    const cell = cells[i]
    const x = typeof cell === 'number' ? cell : typeof cell === 'bigint' ? Number(cell) : NaN
    if (x - x === 0 && (typeof cell === 'number' || Number.isSafeInteger(x))) into[to] = x
    else {
      into[to] = NaN
      isFull = false
    }
  }
  return isFull
}

/** Converts columns to rows; cells with a text in `absent` count as missing. */
export const typedRows = ({ rows, columns }: Columns, absent: ReadonlyArray<string> = []): Typed => {
  const width = columns.length
  const numbers = new Float64Array(rows * width)
  const missing = new Set(absent.flatMap(text => [text.trim(), String(Number(text))]))
  const isMissing = (text: string): boolean => missing.size > 0 && missing.has(text.trim())
  const texts = columns.map(({ type, cells }, j) => {
    if (type === 'numbers') {
      const isFull = writeNumbers(cells, numbers, j, width)
      if (missing.size === 0) return isFull ? null : cells
      for (let at = j; at < numbers.length; at += width) if (isMissing(String(numbers[at]))) numbers[at] = NaN
    } else for (let at = j; at < numbers.length; at += width) numbers[at] = NaN
    return cells
  })
  return {
    rows,
    names: columns.map(({ name }) => name),
    types: columns.map(({ type }) => type),
    numbers,
    text: (row, column) => {
      const text = cellAsText(texts[column]?.[row])
      return isMissing(text) ? '' : text
    }
  }
}

/** Text of a day, given its number since 1970. */
export const day = (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10)

/** Exact text of a time in UTC, given the number of units since 1970 and the units per second. */
export const moment = (count: bigint, perSecond: 1n | 1_000n | 1_000_000n | 1_000_000_000n): string => {
  const rest = ((count % perSecond) + perSecond) % perSecond
  const seconds = new Date(Number((count - rest) / perSecond) * 1000).toISOString().slice(0, 19)
  const digits = String(perSecond).length - 1
  return rest === 0n ? seconds : `${seconds}.${String(rest).padStart(digits, '0')}`
}
