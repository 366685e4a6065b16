/** What commands share that read a table, compute columns for its rows, add them on the right, and write it. */
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type * as Points from '../data/index.js'
import type { AddedColumns } from '../data/appendedTable.js'
import type { TableSheet } from '../data/tableSheet.js'
import { encodeTable, fileFormat } from './outputFormat.js'
import { requireModelWidth } from './models.js'
import * as options from './commandSteps.js'
import type { OutputFormat } from './tableOptions.js'
import { FailureError, type CommandFailure, type World } from './world.js'

/** What is added to which rows, and where they go. */
export interface ColumnAppend {
  readonly argument: 'FILE' | 'OTHER'
  readonly file: string
  readonly csv: Points.CsvOptions
  readonly inPieces: boolean
  /** What new columns are computed of: a table has as many, or is refused. */
  readonly columns: ReadonlyArray<string>
  /** The new columns of a part of the rows. */
  readonly newColumns: (table: Points.Table) => AddedColumns
  readonly flags: { readonly out: string; readonly to: OutputFormat | undefined }
}

async function* appendedSheets(
  copies: ReturnType<World['readCopies']>,
  { file, columns, newColumns: added }: ColumnAppend
): AsyncGenerator<TableSheet> {
  for await (const read of copies) {
    const copy = options.mapReadProblem(options.inputName(file))(read)
    if (E.isLeft(copy)) throw new FailureError(copy.left)
    const { table, withColumns } = copy.right
    const fits = await requireModelWidth({ columns })(table)()
    if (E.isLeft(fits)) throw new FailureError(fits.left)
    yield withColumns(added(table))
  }
}

export const appendColumns =
  (of: ColumnAppend) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    const { argument, file, csv: how, inPieces, flags } = of
    const output = { option: '--out', path: flags.out }
    const text = encodeTable(
      fileFormat(flags.out, flags.to),
      output,
      appendedSheets(world.readCopies(argument, file, how, inPieces), of)
    )
    return options.writeOutputs(world)([{ ...output, text }])
  }
