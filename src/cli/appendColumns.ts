import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type * as Points from '../data/index.js'
import type { AddedColumns } from '../data/appendedTable.js'
import type { TableSheet } from '../data/tableSheet.js'
import { encodeTable, fileFormat } from './outputFormat.js'
import { requireModelWidth } from './models.js'
import * as steps from './commandSteps.js'
import type { OutputFormat } from './tableOptions.js'
import { FailureError, type CommandFailure, type World } from './world.js'

export interface ColumnAppend {
  readonly argument: 'FILE' | 'OTHER'
  readonly file: string
  readonly csv: Points.CsvOptions
  readonly inPieces: boolean
  /** Tables with another number of columns are rejected. */
  readonly columns: ReadonlyArray<string>
  readonly newColumns: (table: Points.Table) => AddedColumns
  readonly flags: { readonly out: string; readonly to: OutputFormat | undefined }
}

/** Writes the table in `file` with the new columns to `--out`. */
export const appendColumns =
  (request: ColumnAppend) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    const { argument, file, csv, inPieces, flags } = request
    const output = { option: '--out', path: flags.out }
    const copies = world.readCopies(argument, file, { csv, inPieces })
    const text = encodeTable(fileFormat(flags.out, flags.to), output, appendedSheets(copies, request))
    return steps.writeOutputs(world)([{ ...output, text }])
  }

async function* appendedSheets(
  copies: ReturnType<World['readCopies']>,
  { file, columns, newColumns }: ColumnAppend
): AsyncGenerator<TableSheet> {
  for await (const read of copies) {
    const copy = steps.mapReadProblem(steps.inputName(file))(read)
    if (E.isLeft(copy)) throw new FailureError(copy.left)
    const { table, withColumns } = copy.right
    const checked = await requireModelWidth({ columns })(table)()
    if (E.isLeft(checked)) throw new FailureError(checked.left)
    yield withColumns(newColumns(table))
  }
}
