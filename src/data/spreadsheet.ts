/** Tables of spreadsheets (xlsx, xls, ods) and web pages. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { sheetsOfBook, sheetsOfHtml } from '../../lib/formats/spreadsheetFile.js'
import { gridOfContainer } from './csv.js'
import { fail } from './dataProblems.js'
import { gridToTable, type CellGrid, type CsvOptions, type Table } from './grid.js'
import type { DataError } from './points.js'
import { chooseTable } from './reading/containers.js'

/** Reads the chosen sheet or table, before its columns are chosen. */
export const gridOfSheets = async (
  format: 'spreadsheet' | 'html',
  bytes: Uint8Array,
  options: CsvOptions
): Promise<Either.Either<DataError, CellGrid>> => {
  const sheets = await (format === 'html' ? sheetsOfHtml(new TextDecoder().decode(bytes)) : sheetsOfBook(bytes))
  return 'fault' in sheets
    ? fail(
        'text',
        `a ${format === 'html' ? 'web page' : 'spreadsheet or zip archive'} that cannot be read (${sheets.fault})`,
        'a spreadsheet with a table',
        'save the sheet as CSV'
      )
    : pipe(
        sheets.map(({ name, records }) => ({ format, place: name, records })),
        chooseTable('sheet', options.sheet),
        Either.flatMap(gridOfContainer(options))
      )
}

/**
 * Reads a sheet of a spreadsheet (xlsx, xls or ods) by SheetJS, which is loaded on demand. Columns are chosen as in `readCsv`. Several
 * sheets with numbers are a problem without `sheet`. Dates are text, errors are missing cells, and formulas have their stored value.
 * Archives that unpack to more than 128 MB are a problem.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points } from 'ornstein'
 *
 * const table = await Points.readSpreadsheet(Uint8Array.of(0x50, 0x4b, 3, 4))
 * assert.ok(Either.isLeft(table)) // an archive that is cut short
 */
export const readSpreadsheet = async (
  bytes: Uint8Array,
  options: CsvOptions = {}
): Promise<Either.Either<DataError, Table>> =>
  pipe(await gridOfSheets('spreadsheet', bytes, options), Either.flatMap(gridToTable(options)))
