/** Tables with all their cells, to be written again with columns added on the right. */
import { scanned } from '../../lib/plain/gather.js'
import * as E from '../core/either.js'
import type { DataError } from '../data/points.js'
import { type CsvOptions } from '../data/grid.js'
import { tablesWithParts } from '../data/tableParts.js'
import { appendedSheet, type CopiedPart, type WrittenTable } from '../data/appendedTable.js'
import type { TableCopy } from './world.js'

/** How a table is written again, after so many rows. */
interface CopyProgress extends Omit<WrittenTable, 'rows'> {
  readonly count: number
}

/** The tables of parts that come one after another, and their cells as they are written. */
export const copiedTables =
  (options: CsvOptions) =>
  (parts: AsyncIterable<E.Either<DataError, CopiedPart>>): AsyncIterable<E.Either<DataError, TableCopy>> =>
    scanned(
      tablesWithParts(options)(parts),
      null,
      (before: CopyProgress | null, found): readonly [CopyProgress | null, E.Either<DataError, TableCopy>] => {
        if (E.isLeft(found)) return [before, found]
        const [table, [grid, { rows, ...own }]] = found.right
        const { names, delimiter, count } = before ?? { ...own, count: 0 }
        const copy: TableCopy = {
          table,
          withColumns: added =>
            appendedSheet([grid, { names, delimiter, rows }], before === null)(
              table.rowNumbers.map(number => number - count),
              added
            )
        }
        return [{ names, delimiter, count: count + rows.length }, E.right(copy)]
      }
    )
