/** `ornstein assign`: which component each row of a table belongs to. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { MANY } from '../../lib/compiler/rowwise.js'
import * as Mixture from '../mixture/Mixture.js'
import { asLearned, ofItsWidth, readModel } from './evaluate.js'
import * as Model from './Model.js'
import * as options from './options.js'
import type * as words from './words.js'
import { Ended, type Copy, type Failure, type World } from './World.js'

export interface Flags extends options.TableFlags, words.Flags {
  readonly out: string
  readonly stream?: boolean | undefined
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

/**
 * The rows of a table and what the model says of each, as text. What is said of few rows differs from what is said of them among many
 * by rounding: the first wait until they are many, or all.
 */
async function* assigned(
  copies: ReturnType<World['readCopies']>,
  source: string,
  model: Model.Model
): AsyncGenerator<string> {
  const mixture = Model.toMixture(model)
  let rows = 0
  let waiting: Copy[] = []
  const text = ({ table, withColumns }: Copy): string =>
    withColumns(columnsOf(Mixture.memberships(table.points, rows)(mixture)))
  for await (const read of copies) {
    const copy = await pipe(
      TE.fromEither(options.asRead(source)(read)),
      TE.tap(({ table }) => ofItsWidth(model)(table))
    )()
    if (E.isLeft(copy)) throw new Ended(copy.left)
    rows += copy.right.table.points.rows
    waiting.push(copy.right)
    if (rows < MANY) continue
    yield* waiting.map(text)
    waiting = []
  }
  yield* waiting.map(text)
}

export const assign =
  (modelFile: string, file: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const output = { option: '--out', path: flags.out }
    return pipe(
      options.checked(options.all({ table: options.table(flags), outputs: options.outputs([output], false) })),
      TE.bindTo('choices'),
      TE.tap(() => options.checkOutputs(world, [modelFile, file])([output])),
      TE.bind('model', () => readModel(world, flags)(modelFile)),
      TE.flatMap(({ choices, model }) => {
        const copies = world.readCopies('FILE', file, asLearned(choices.table, model), flags.stream === true)
        return options.write(world)([{ ...output, text: assigned(copies, options.named(file), model) }])
      })
    )
  }
