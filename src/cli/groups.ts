/** The groups of rows that `--by` asks for: each has a fit of its own. */
import * as E from 'fp-ts/lib/Either.js'
import type { Points } from '../index.js'
import type { FitFlags } from './fitOptions.js'
import { tableRowsAt, learningRows, type TableRows } from './tableRows.js'
import { rejectUsage, type CommandFailure } from './world.js'

/** The rows that are learned from together, and where what is found goes. */
export interface RowGroup {
  /** Its value in the column of `--by`; null for all rows. */
  readonly value: string | null
  readonly table: TableRows
  readonly flags: FitFlags
}

/** `model.json` of a group is `model-group.json`. */
const groupPath = (path: string | undefined, group: string): string | undefined =>
  path?.replace(/(\.[^./\\]*)?$/, ending => `-${group}${ending}`)

/** A column with more values than this numbers rows rather than grouping them. */
const MAX_GROUPS = 1000

/** All rows, or those of each value of the column of `--by`, in the order of their values. */
export const rowGroups =
  (flags: FitFlags) =>
  (table: Points.Table): E.Either<CommandFailure, ReadonlyArray<RowGroup>> => {
    const { by, figures } = flags
    const [column, ...kept] = table.kept ?? []
    if (by === undefined) return E.right([{ value: null, table: learningRows(table), flags }])
    const values = [...new Set(column.cells)].sort()
    if (values.length > MAX_GROUPS)
      return rejectUsage('--by', by, `a column of few values (it has ${values.length})`, 'name one that has groups')
    // Signs that a file system may not take are left out of names, which are numbered where that makes them equal.
    // A name of points alone is no file but a folder.
    const letters = values.map(value => value.replace(/[^\p{L}\p{N}.]+|^\.+$/gu, '_') || 'empty')
    return E.right(
      values.map((value, g): RowGroup => {
        const isAlone = letters.indexOf(letters[g]) === letters.lastIndexOf(letters[g])
        const name = isAlone ? letters[g] : `${letters[g]}-${g + 1}`
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
