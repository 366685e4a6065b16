/** The backend that computes the sums of a fit: this process or the workers of a queue, with each sum stored in a file if requested. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as Cluster from '../cluster/index.js'
import * as Backend from '../data/reductionBackend.js'
import { scratchFolderOf } from '../../lib/rows/scratch.js'
import * as Source from '../data/source/source.js'
import { type Points } from '../index.js'
import type { FitChoices, CheckpointOptions } from './fitChoices.js'
import type { FitFlags } from './fitOptions.js'
import { checkpointExists, warnUnwritable } from './fitCheckpoint.js'
import { problemsOfError, fileSystemProblem as problemOf } from './fileProblem.js'
import { releaseStored } from './tableRows.js'
import { workFailure, usageFailure, type CommandFailure, type World } from './world.js'

/** A backend and the function that releases it. */
export type SumBackend = Pick<Cluster.Cluster, 'backend' | 'close'>

/** Backend that computes sums in this process, or by the workers of `--queue`. */
const queueBackend = (
  world: World,
  { queue }: FitFlags,
  file: string,
  how: Points.CsvOptions,
  source: Source.Source
): TE.TaskEither<CommandFailure, SumBackend> =>
  queue === undefined
    ? TE.right({ backend: Backend.localBackend, close: () => undefined })
    : pipe(
        TE.fromTask<typeof Cluster, CommandFailure>(() => import('../cluster/index.js')),
        TE.bindTo('cluster'),
        TE.bind('shared', () => TE.fromTask(() => import('./sharedTable.js'))),
        TE.flatMapEither(({ cluster, shared }) =>
          pipe(
            source,
            cluster.bullmq({
              connection: queue,
              data: shared.sharedTable(file, how),
              onWait: why => {
                world.setWaiting(why !== null)
                if (why !== null) world.stderr(`${why}\n`)
              }
            }),
            E.mapLeft(problem => usageFailure(problem))
          )
        )
      )

/** Stores each sum in the file of `--checkpoint`, from which the fit can resume; `of` returns the value that identifies the fit. */
const withStoredSums = (
  world: World,
  keep: CheckpointOptions | null,
  of: (hashes: ReadonlyArray<string>) => unknown,
  source: Source.Source,
  { backend, close }: SumBackend
): TE.TaskEither<CommandFailure, SumBackend> =>
  keep === null
    ? TE.right({ backend, close })
    : pipe(
        checkpointExists(world, keep),
        TE.flatMapTask(() => () => import('../cluster/index.js')),
        TE.flatMapEither(cluster =>
          pipe(
            backend,
            cluster.kept(keep.path, of(cluster.hashesOf(source)), error => {
              warnUnwritable(world, problemOf('--checkpoint', keep.path, error))
            }),
            E.bimap(
              problem => usageFailure(problem),
              kept => ({
                backend: kept.backend,
                close: () => {
                  kept.close()
                  close()
                }
              })
            )
          )
        )
      )

/** Converts an error that has problems, or is of temporary files, to a failure; rethrows all others. */
const failureOfThrown = (error: unknown): E.Either<CommandFailure, never> => {
  if (problemsOfError(error) === null && scratchFolderOf(error) === null) throw error
  return E.left(workFailure(problemsOfError(error) ?? problemOf('', '', error)))
}

/** Calls `close` when the work ends, fails or throws. */
export const closeAfter =
  (close: () => void) =>
  <A>(work: TE.TaskEither<CommandFailure, A>): TE.TaskEither<CommandFailure, A> =>
  async () => {
    try {
      return await work()
    } catch (error) {
      return failureOfThrown(error)
    } finally {
      close()
    }
  }

/** Returns the backend of a fit, to be closed after it. A search on a source stores each sum. */
export const fitBackend = (
  world: World,
  file: string,
  flags: FitFlags,
  {
    search: { families, components, criterion, starts, robust, background },
    recipe,
    seed,
    prior,
    checkpoint: keep,
    csv: table
  }: FitChoices,
  data: Source.Data
): TE.TaskEither<CommandFailure, SumBackend> => {
  if (Source.isInMemory(data)) return TE.right({ backend: Backend.localBackend, close: () => undefined })
  const source = data
  return pipe(
    queueBackend(world, flags, file, table, source),
    TE.flatMap(there =>
      flags.pipeline !== undefined
        ? TE.right(there)
        : withStoredSums(
            world,
            keep,
            hashes => [
              hashes,
              families?.map(({ word }) => word),
              ...[components, criterion, seed, prior, flags.standardize ?? null, recipe],
              // Defaults are omitted: stored sums of earlier versions stay valid.
              ...(starts === 1 ? [] : [starts]),
              ...(robust ? ['robust'] : []),
              ...(background === null ? [] : [background])
            ],
            source,
            there
          )
    ),
    TE.bimap(
      failure => {
        source.close()
        return failure
      },
      ({ backend, close }) => ({
        backend,
        close: () => {
          close()
          releaseStored(source)
          source.close()
        }
      })
    )
  )
}
