/** Groups of rows by the column of `--by`, each fitted separately. */
import * as E from 'fp-ts/lib/Either.js'
import type { Points } from '../index.js'
import type { FitFlags } from './fitOptions.js'
import { tableRowsAt, learningRows, type TableRows } from './tableRows.js'
import { rejectUsage, type CommandFailure } from './world.js'

/** Rows that are fitted together, and the flags with the group's output files. */
export interface RowGroup {
  /** Value in the column of `--by`; null for all rows. */
  readonly value: string | null
  readonly table: TableRows
  readonly flags: FitFlags
}

/** Inserts a group's name: `model-group.json`. */
const groupPath = (path: string | undefined, group: string): string | undefined =>
  path?.replace(/(\.[^./\\]*)?$/, ending => `-${group}${ending}`)

/** A column with more values is probably an identifier. */
const MAX_GROUPS = 1000

/** Returns one group per value of the column of `--by`, sorted; without it, all rows as one. */
export const rowGroups =
  (flags: FitFlags) =>
  (table: Points.Table): E.Either<CommandFailure, ReadonlyArray<RowGroup>> => {
    const { by, figures } = flags
    const [column, ...kept] = table.kept ?? []
    if (by === undefined) return E.right([{ value: null, table: learningRows(table), flags }])
    const values = [...new Set(column.cells)].sort()
    if (values.length > MAX_GROUPS)
      return rejectUsage('--by', by, `a column of few values (it has ${values.length})`, 'name one that has groups')
    // Characters that file systems may reject are replaced; equal names are numbered.
    // A name of dots alone would be a folder.
    const safeNames = values.map(value => value.replace(/[^\p{L}\p{N}.]+|^\.+$/gu, '_') || 'empty')
    return E.right(
      values.map((value, g): RowGroup => {
        const isUnique = safeNames.indexOf(safeNames[g]) === safeNames.lastIndexOf(safeNames[g])
        const name = isUnique ? safeNames[g] : `${safeNames[g]}-${g + 1}`
        return {
          value,
          table: learningRows(
            tableRowsAt(column.cells.flatMap((cell, i) => (cell === value ? [i] : [])))({ ...table, kept })
          ),
          flags: {
            ...flags,
            out: groupPath(flags.out, name),
            report: groupPath(flags.report, name),
            figures: figures === undefined ? undefined : `${figures}/${name}`
          }
        }
      })
    )
  }
