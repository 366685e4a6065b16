/** `ornstein assign`: which component each row of a table belongs to. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Mixture from '../mixture/Mixture.js'
import { asLearned, ofItsWidth, readModel } from './evaluate.js'
import * as Model from './Model.js'
import * as options from './options.js'
import type * as words from './words.js'
import { type Failure, type World } from './World.js'

export interface Flags extends options.TableFlags, words.Flags {
  readonly out: string
}

/** The new columns, in the order of a membership. */
const columnsOf = (
  found: ReadonlyArray<Mixture.Membership>
): ReadonlyArray<readonly [string, ReadonlyArray<string>]> => [
  ['component', found.map(({ component }) => String(component + 1))],
  ['probability', found.map(({ probability }) => String(probability))],
  ['uncertainty', found.map(({ uncertainty }) => String(uncertainty))],
  ['log density', found.map(({ logDensity }) => String(logDensity))],
  ['outlier', found.map(({ isOutlier }) => (isOutlier ? 'yes' : 'no'))]
]

export const assign =
  (modelFile: string, file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const output = { option: '--out', path: flags.out }
    const source = options.named(file)
    return pipe(
      options.checked(options.all({ table: options.table(flags), outputs: options.outputs([output], false) })),
      TE.bindTo('choices'),
      TE.tap(() => options.checkOutputs(world, [modelFile, file])([output])),
      TE.bind('model', () => readModel(world, flags)(modelFile)),
      TE.bind('copy', ({ choices, model }) =>
        pipe(world.readCopy('FILE', file, asLearned(choices.table, model)), TE.flatMapEither(options.asRead(source)))
      ),
      TE.tap(({ model, copy }) => ofItsWidth(model)(copy.table)),
      TE.map(({ model, copy: { table, withColumns } }) =>
        withColumns(columnsOf(pipe(Model.toMixture(model), Mixture.memberships(table.points))))
      ),
      TE.flatMap(text => options.write(world)([{ ...output, text }]))
    )
  }
