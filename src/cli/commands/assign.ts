/** `ornstein assign`: which component each row of a table belongs to. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../../../lib/index.js'
import { MANY } from '../../../lib/compiler/rowwise.js'
import { ASSIGNED, CLUSTER } from '../../formats/grid.js'
import type { Added } from '../../formats/widen.js'
import type { Sheet } from '../../formats/write.js'
import * as Problem from '../../core/problem.js'
import * as Merging from '../../comparison/merging.js'
import * as Mixture from '../../mixture/mixture.js'
import { asLearned, ofItsWidth, readModel } from './evaluate.js'
import { formed, formOf } from '../forms.js'
import * as Model from '../model.js'
import * as options from '../options.js'
import { csvOf } from '../tableOptions.js'
import type { Assigning } from '../usage.js'
import { Ended, refused, type Copy, type Failure, type World } from '../world.js'

/** Rows that are drawn from a model, to tell which of its components belong together. */
const DRAWN = 20_000

/** The clusters that components are merged into: so many, or those at the elbow of the entropies; null where nobody asked. */
const clustersOf = (
  { merged, clusters }: Assigning,
  mixture: Mixture.Mixture
): E.Either<Failure, Merging.Clusters | null> => {
  if (!merged && clusters === undefined) return E.right(null)
  const { steps, chosen } = pipe(mixture, Merging.of(pipe(mixture, Mixture.sample(DRAWN)(Key.fromSeed(0)))))
  const found = clusters === undefined ? chosen : steps.at(clusters - 1)
  return found === undefined
    ? E.left(
        refused(
          Problem.of(
            '--clusters',
            String(clusters),
            `at most ${steps.length}, as many as there are components`,
            'take fewer'
          )
        )
      )
    : E.right(found)
}

/** What is said of rows of a component, said of the cluster that it is in: rows of a background stay in none. */
const merged =
  (clusters: Merging.Clusters, { points }: Copy['table'], mixture: Mixture.Mixture) =>
  (found: ReadonlyArray<Mixture.Membership>): ReadonlyArray<Mixture.Membership> => {
    const of = pipe(mixture, Merging.assign(clusters)(points))
    return found.map((one, i) =>
      one.component < 0
        ? one
        : {
            ...one,
            component: of[i].cluster,
            probability: of[i].probability,
            uncertainty: 1 - of[i].probability
          }
    )
  }

/** The new columns, in the order of a membership. */
const columnsOf = (first: string, found: ReadonlyArray<Mixture.Membership>, { background }: Mixture.Mixture): Added => [
  [
    first,
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
  model: Model.Model,
  clusters: Merging.Clusters | null
): AsyncGenerator<Sheet> {
  const mixture = Model.toMixture(model)
  let rows = 0
  let waiting: Copy[] = []
  const sheet = ({ table, withColumns }: Copy): Sheet => {
    const found = Mixture.memberships(table.points, rows)(mixture)
    return withColumns(
      clusters === null
        ? columnsOf(ASSIGNED[0], found, mixture)
        : columnsOf(CLUSTER, merged(clusters, table, mixture)(found), mixture)
    )
  }
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
      TE.bindTo('model'),
      TE.bind('clusters', ({ model }) => TE.fromEither(clustersOf(flags, Model.toMixture(model)))),
      TE.flatMap(({ model, clusters }) => {
        const copies = world.readCopies('FILE', file, asLearned(csvOf(flags), model), flags.stream)
        const sheets = assigned(copies, options.named(file), model, clusters)
        return options.write(world)([{ ...output, text: formed(formOf(flags.out, flags.to), output, sheets) }])
      })
    )
  }
