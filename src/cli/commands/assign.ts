/** `ornstein assign`: appends to each row its most probable component. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../../../lib/index.js'
import { assigned } from '../../fit/addedColumns.js'
import * as Merging from '../../mixture/merging.js'
import * as Mixture from '../../mixture/mixture.js'
import { appendColumns } from '../appendColumns.js'
import * as Model from '../../fit/model.js'
import { withModelColumns, readModel } from '../models.js'
import * as steps from '../commandSteps.js'
import { csvOptions } from '../tableOptions.js'
import type { AssignFlags } from '../tableCommandOptions.js'
import { rejectUsage, type CommandFailure, type World } from '../world.js'

/** Number of rows drawn to estimate the entropies of merges. */
const MERGE_SAMPLE_ROWS = 20_000

/** Merges components into `--clusters` clusters, or by the elbow of the entropies; null without either option. */
const mergedClusters = (
  { merged, clusters }: AssignFlags,
  mixture: Mixture.Mixture
): E.Either<CommandFailure, Merging.Clusters | null> => {
  if (!merged && clusters === undefined) return E.right(null)
  const { steps, chosen } = pipe(mixture, Merging.of(pipe(mixture, Mixture.sample(MERGE_SAMPLE_ROWS)(Key.fromSeed(0)))))
  const mergedInto = clusters === undefined ? chosen : steps.at(clusters - 1)
  return mergedInto === undefined
    ? rejectUsage(
        '--clusters',
        String(clusters),
        `at most ${steps.length}, as many as there are components`,
        'take fewer'
      )
    : E.right(mergedInto)
}

/** Runs `ornstein assign`. */
export const runAssign =
  (modelFile: string, file: string, flags: AssignFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
    pipe(
      steps.checkWritableOutputs(world, [modelFile, file])([{ option: '--out', path: flags.out }]),
      TE.flatMap(() => readModel(world, flags, modelFile)),
      TE.bindTo('model'),
      TE.let('mixture', ({ model }) => Model.toMixture(model)),
      TE.bind('clusters', ({ mixture }) => TE.fromEither(mergedClusters(flags, mixture))),
      TE.flatMap(({ model, mixture, clusters }) =>
        appendColumns({
          argument: 'FILE',
          file,
          flags,
          csv: withModelColumns(csvOptions(flags), model),
          inPieces: flags.stream,
          columns: model.columns,
          newColumns: ({ points }) => assigned(points, clusters)(mixture)
        })(world)
      )
    )
