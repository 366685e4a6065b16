/** `ornstein assign`: which component each row of a table belongs to. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { MANY } from '../../../lib/compiler/rowwise.js'
import { ASSIGNED } from '../../data/grid.js'
import type { Added } from '../../data/widen.js'
import type { Sheet } from '../../data/write.js'
import * as Mixture from '../../mixture/mixture.js'
import { asLearned, ofItsWidth, readModel } from './evaluate.js'
import { formed, formOf } from '../forms.js'
import * as Model from '../model.js'
import * as options from '../options.js'
import { csvOf } from '../tableOptions.js'
import type { Assigning } from '../usage.js'
import { Ended, type Copy, type Failure, type World } from '../world.js'

/** The new columns, in the order of a membership. */
const columnsOf = (found: ReadonlyArray<Mixture.Membership>, { background }: Mixture.Mixture): Added => [
  [
    ASSIGNED[0],
    background === undefined
      ? found.map(({ component }) => component + 1)
      : found.map(({ component }) => (component < 0 ? 'background' : String(component + 1)))
  ],
  [ASSIGNED[1], found.map(({ probability }) => probability)],
  [ASSIGNED[2], found.map(({ uncertainty }) => uncertainty)],
  [ASSIGNED[3], found.map(({ logDensity }) => logDensity)],
  [ASSIGNED[4], found.map(({ isOutlier }) => (isOutlier ? 'yes' : 'no'))]
]

/**
 * The rows of a table and what the model says of each. What is said of few rows differs from what is said of them among many
 * by rounding: the first wait until they are many, or all.
 */
async function* assigned(
  copies: ReturnType<World['readCopies']>,
  source: string,
  model: Model.Model
): AsyncGenerator<Sheet> {
  const mixture = Model.toMixture(model)
  let rows = 0
  let waiting: Copy[] = []
  const sheet = ({ table, withColumns }: Copy): Sheet =>
    withColumns(columnsOf(Mixture.memberships(table.points, rows)(mixture), mixture))
  for await (const read of copies) {
    const copy = await pipe(
      TE.fromEither(options.asRead(source)(read)),
      TE.tap(({ table }) => ofItsWidth(model)(table))
    )()
    if (E.isLeft(copy)) throw new Ended(copy.left)
    rows += copy.right.table.points.rows
    waiting.push(copy.right)
    if (rows < MANY) continue
    yield* waiting.map(sheet)
    waiting = []
  }
  yield* waiting.map(sheet)
}

export const assign =
  (modelFile: string, file: string, flags: Assigning) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const output = { option: '--out', path: flags.out }
    return pipe(
      options.checkOutputs(world, [modelFile, file])([output]),
      TE.flatMap(() => readModel(world, flags)(modelFile)),
      TE.flatMap(model => {
        const copies = world.readCopies('FILE', file, asLearned(csvOf(flags), model), flags.stream)
        const sheets = assigned(copies, options.named(file), model)
        return options.write(world)([{ ...output, text: formed(formOf(flags.out, flags.to), output, sheets) }])
      })
    )
  }
