/** What commands share that read a table, compute columns for its rows, add them on the right, and write it. */
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type * as Points from '../data/index.js'
import type { Added } from '../data/widen.js'
import type { TableSheet } from '../data/write.js'
import { formed, fileFormOf } from './forms.js'
import { ofItsWidth } from './models.js'
import * as options from './options.js'
import type { OutputForm } from './tableOptions.js'
import { Ended, type CommandFailure, type World } from './world.js'

/** What is added to which rows, and where they go. */
export interface Adding {
  readonly argument: 'FILE' | 'OTHER'
  readonly file: string
  readonly how: Points.CsvOptions
  readonly inPieces: boolean
  /** What new columns are computed of: a table has as many, or is refused. */
  readonly columns: ReadonlyArray<string>
  /** The new columns of a part of the rows. */
  readonly added: (table: Points.Table) => Added
  readonly flags: { readonly out: string; readonly to: OutputForm | undefined }
}

async function* sheets(
  copies: ReturnType<World['readCopies']>,
  { file, columns, added }: Adding
): AsyncGenerator<TableSheet> {
  for await (const read of copies) {
    const copy = options.asRead(options.named(file))(read)
    if (E.isLeft(copy)) throw new Ended(copy.left)
    const { table, withColumns } = copy.right
    const fits = await ofItsWidth({ columns })(table)()
    if (E.isLeft(fits)) throw new Ended(fits.left)
    yield withColumns(added(table))
  }
}

export const adding =
  (of: Adding) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    const { argument, file, how, inPieces, flags } = of
    const output = { option: '--out', path: flags.out }
    const text = formed(
      fileFormOf(flags.out, flags.to),
      output,
      sheets(world.readCopies(argument, file, how, inPieces), of)
    )
    return options.writeOutputs(world)([{ ...output, text }])
  }
