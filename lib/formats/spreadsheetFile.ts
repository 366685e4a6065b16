/**
 * Sheets of spreadsheets (xlsx, xls, ods) and tables of HTML, by SheetJS (`@e965/xlsx`), which is loaded on demand.
 *
 * A number is written with a decimal point, a date as ISO 8601, and a formula by its stored value; errors and empty cells are empty.
 */
import type * as SheetJs from '@e965/xlsx'
import { inflatedSize } from './zipSizes.js'

/** Table of cells; all records have the same length. */
export interface Sheet {
  readonly name: string
  readonly records: ReadonlyArray<ReadonlyArray<string>>
}

/** Limits on what is read: bytes that an archive unpacks to, and cells of a sheet with the empty ones. */
export interface SheetLimits {
  readonly bytes: number
  readonly cells: number
}

/** Default limits: SheetJS needs about ten times the unpacked bytes in memory. */
const DEFAULT_LIMITS: SheetLimits = { bytes: 1 << 27, cells: 1 << 25 }

type Cell = SheetJs.CellObject | undefined

const cellToText = (cell: Cell): string => {
  const value = cell?.v
  if (cell === undefined || value === undefined || cell.t === 'e' || cell.t === 'z') return ''
  if (!(value instanceof Date)) return typeof value === 'boolean' ? (value ? 'TRUE' : 'FALSE') : String(value)
  return Number.isNaN(value.getTime()) ? '' : value.toISOString().replace(/(T00:00:00)?\.000Z$/, '')
}

const sheetRecords = (rows: ReadonlyArray<ReadonlyArray<Cell> | undefined>): ReadonlyArray<ReadonlyArray<string>> => {
  const texts = Array.from(rows, row => Array.from(row ?? [], cellToText))
  const used = texts.map(row => row.flatMap((cell, j) => (cell.trim() === '' ? [] : [j])))
  const left = used.reduce((least, at) => Math.min(least, at[0] ?? least), Infinity)
  const right = used.reduce((most, at) => Math.max(most, at[at.length - 1] ?? most), -1)
  return texts.flatMap((row, i) =>
    used[i].length === 0 ? [] : [Array.from({ length: right - left + 1 }, (_, j) => row[left + j] ?? '')]
  )
}

/** Cells that a sheet would take, with the empty ones. */
const sheetCells = (rows: ReadonlyArray<ReadonlyArray<Cell> | undefined>): number =>
  rows.length * rows.reduce((most, row) => Math.max(most, row?.length ?? 0), 0)

const PARSING: SheetJs.ParsingOptions = {
  dense: true,
  cellDates: true,
  UTC: true,
  cellFormula: false,
  cellHTML: false,
  cellText: false
}

const readSheets = async (
  data: Uint8Array | string,
  { cells }: SheetLimits
): Promise<ReadonlyArray<Sheet> | { readonly fault: string }> => {
  const { read } = await import('@e965/xlsx')
  let book: SheetJs.WorkBook
  try {
    // Numbers of HTML are texts: their decimal mark is not known.
    book = typeof data === 'string' ? read(data, { ...PARSING, type: 'string', raw: true }) : read(data, PARSING)
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }
  const sheets: Sheet[] = []
  for (const name of book.SheetNames) {
    const sheet = book.Sheets[name] as SheetJs.DenseWorkSheet | undefined
    const rows = sheet?.['!data'] ?? []
    if (sheetCells(rows) > cells) return { fault: `sheet ${name} has more than ${cells} cells` }
    sheets.push({ name, records: sheetRecords(rows) })
  }
  return sheets
}

/** Reads the sheets of a spreadsheet. Returns the fault if it is damaged, no spreadsheet, or larger than `limits`. */
export const sheetsOfBook = async (
  bytes: Uint8Array,
  limits: SheetLimits = DEFAULT_LIMITS
): Promise<ReadonlyArray<Sheet> | { readonly fault: string }> => {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b
  const size = isZip ? inflatedSize(bytes, limits.bytes) : bytes.length
  if (typeof size === 'string') return { fault: size }
  return size > limits.bytes
    ? { fault: `it unpacks to more than ${Math.round(limits.bytes / (1 << 20))} MB` }
    : readSheets(bytes, limits)
}

/** Reads the tables of a web page, named by their positions; cells are texts as written. */
export const sheetsOfHtml = async (
  text: string,
  limits: SheetLimits = DEFAULT_LIMITS
): Promise<ReadonlyArray<Sheet> | { readonly fault: string }> => {
  if (text.length > limits.bytes) return { fault: `it has more than ${Math.round(limits.bytes / (1 << 20))} MB` }
  const found = await readSheets(text, limits)
  return 'fault' in found ? found : found.map(({ records }, i) => ({ name: String(i + 1), records }))
}
