/** Tables inside containers (spreadsheets, web pages, JSON), and the choice of one of them. */
import * as Either from 'fp-ts/lib/Either.js'
import * as Problem from '../../core/problem.js'
import { readNumber } from '../cell.js'
import { fail, textBeginning } from '../dataProblems.js'
import type { DataError } from '../points.js'

/** Table of cells from a container. */
export interface ContainerTable {
  readonly format: 'spreadsheet' | 'html' | 'json'
  /** Name of the sheet, number of the table, or path in the JSON (`data.rows`; empty for all of it). */
  readonly place: string
  /** Cells as text, the names first. Typed numbers have a decimal point, missing cells are empty. */
  readonly records: ReadonlyArray<ReadonlyArray<string>>
}

/** Maximum number of tables named in a message. */
const MAX_LISTED_TABLES = 12

const hasNumbers = ({ records }: ContainerTable): boolean =>
  records.slice(1).some(record => record.some(cell => !Number.isNaN(readNumber(cell))))

const describePlace = ({ place, records }: ContainerTable): string =>
  `${JSON.stringify(place)} (${records.length} × ${records.length === 0 ? 0 : records[0].length})`

const listPlaces = (tables: ReadonlyArray<ContainerTable>): string =>
  tables.slice(0, MAX_LISTED_TABLES).map(describePlace).join(', ') +
  (tables.length > MAX_LISTED_TABLES ? `, … (${tables.length} in all)` : '')

/** Position of a table given by name or, for sheets and tables, by a number from 1; −1 if there is none. */
const indexOfPlace = (tables: ReadonlyArray<ContainerTable>, wanted: string): number => {
  const named = tables.findIndex(({ place }) => place === wanted)
  const isPosition = /^[1-9]\d*$/.test(wanted) && tables.every(({ format }) => format !== 'json')
  return named < 0 && isPosition && Number(wanted) <= tables.length ? Number(wanted) - 1 : named
}

/**
 * Chooses a table: the one at `wanted`, otherwise the only one with numbers. Several are a problem that lists them with their rows and
 * columns. `setting` is the name of the option that chooses.
 */
export const chooseTable =
  (setting: 'sheet' | 'path', wanted: string | undefined) =>
  (tables: ReadonlyArray<ContainerTable>): Either.Either<DataError, ContainerTable> => {
    const found = wanted === undefined ? -1 : indexOfPlace(tables, wanted)
    const numeric = tables.filter(hasNumbers)
    const thing = setting === 'sheet' ? 'sheet or table' : 'list of records'
    return found >= 0
      ? Either.right(tables[found])
      : wanted !== undefined
        ? fail(setting, textBeginning(wanted), `a ${thing} of the file`, `choose one of ${listPlaces(tables)}`)
        : numeric.length === 1
          ? Either.right(numeric[0])
          : numeric.length === 0
            ? fail(
                'text',
                tables.length === 0
                  ? `a file without a ${thing}`
                  : `a file whose tables hold no number (${listPlaces(tables)})`,
                'a table with numbers',
                setting === 'sheet' ? 'give another file' : 'give a list of records, one for each row, or CSV'
              )
            : fail('text', `a file of ${numeric.length} tables (${listPlaces(numeric)})`, 'one table', [
                Problem.set(setting, numeric[0].place),
                ', or the name of another'
              ])
  }
