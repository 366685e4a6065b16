/** Copies of tables with the text of all cells, for appended columns. */
import { scanned } from '../../lib/plain/gather.js'
import * as E from '../core/either.js'
import type { DataError } from '../data/points.js'
import { type CsvOptions } from '../data/grid.js'
import { tablesWithParts } from '../data/tableParts.js'
import { appendedSheet, type CopiedPart, type WrittenTable } from '../data/appendedTable.js'
import type { TableCopy } from './world.js'

/** Names and delimiter of the first part, and the rows so far. */
interface CopyProgress extends Omit<WrittenTable, 'rows'> {
  readonly count: number
}

/** Returns for each part a copy to which columns can be appended; the first has the names. */
export const copyTableParts =
  (options: CsvOptions) =>
  (parts: AsyncIterable<E.Either<DataError, CopiedPart>>): AsyncIterable<E.Either<DataError, TableCopy>> =>
    scanned(
      tablesWithParts(options)(parts),
      null,
      (before: CopyProgress | null, found): readonly [CopyProgress | null, E.Either<DataError, TableCopy>] => {
        if (E.isLeft(found)) return [before, found]
        const [table, [grid, { rows, ...style }]] = found.right
        const { names, delimiter, count } = before ?? { ...style, count: 0 }
        const copy: TableCopy = {
          table,
          withColumns: added =>
            appendedSheet([grid, { names, delimiter, rows }], { isFirst: before === null })(
              table.rowNumbers.map(number => number - count),
              added
            )
        }
        return [{ names, delimiter, count: count + rows.length }, E.right(copy)]
      }
    )
