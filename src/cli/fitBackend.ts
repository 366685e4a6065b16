/** Backend of a fit's sums: this process or the workers of a queue, with stored sums if requested. */
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as Cluster from '../cluster/index.js'
import * as Backend from '../data/reductionBackend.js'
import { scratchFolderOf } from '../../lib/rows/scratch.js'
import * as Source from '../data/source/source.js'
import type { FitChoices, CheckpointOptions } from './fitChoices.js'
import type { FitFlags } from './fitOptions.js'
import { checkpointExists, warnUnwritable } from './fitCheckpoint.js'
import { problemsOfError, fileSystemProblem } from './fileProblem.js'
import { releaseStored } from './tableRows.js'
import { workFailure, usageFailure, type CommandFailure, type World } from './world.js'

export type SumBackend = Pick<Cluster.Cluster, 'backend' | 'close'>

/** Backend of this process, or of the workers of `--queue`, which read the table in `file`. */
const queueBackend = (
  world: World,
  { flags: { queue }, file, choices: { csv } }: FitInput,
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
              data: shared.sharedTable(file, csv),
              onWait: reason => {
                world.setWaiting(reason !== null)
                if (reason !== null) world.stderr(`${reason}\n`)
              }
            }),
            E.mapLeft(problem => usageFailure(problem))
          )
        )
      )

/** Stores each sum in the file of `--checkpoint`, from which the fit resumes. */
const withStoredSums = (
  world: World,
  options: CheckpointOptions | null,
  identify: (cluster: typeof Cluster) => unknown,
  { backend, close }: SumBackend
): TE.TaskEither<CommandFailure, SumBackend> =>
  options === null
    ? TE.right({ backend, close })
    : pipe(
        checkpointExists(world, options),
        TE.flatMapTask(() => () => import('../cluster/index.js')),
        TE.flatMapEither(cluster =>
          pipe(
            backend,
            cluster.storeSums(options.path, identify(cluster), error => {
              warnUnwritable(world, fileSystemProblem('--checkpoint', options.path, error))
            }),
            E.bimap(
              problem => usageFailure(problem),
              stored => ({
                backend: stored.backend,
                close: () => {
                  stored.close()
                  close()
                }
              })
            )
          )
        )
      )

/** Identity of a fit, which stored sums must match: hashes of rows, and options that change sums. */
const fitIdentity = (
  hashes: ReadonlyArray<string>,
  { standardize }: FitFlags,
  { search, seed, prior, recipe }: FitChoices
): unknown => {
  const { families, components, criterion, starts, robust, background } = search
  return [
    hashes,
    families?.map(({ word }) => word),
    ...[components, criterion, seed, prior, standardize ?? null, recipe, starts, robust, background]
  ]
}

/** Converts an error with problems, or of temporary files; rethrows others. */
const failureOfThrown = (error: unknown): E.Either<CommandFailure, never> => {
  if (problemsOfError(error) === null && scratchFolderOf(error) === null) throw error
  return E.left(workFailure(problemsOfError(error) ?? fileSystemProblem('', '', error)))
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

interface FitInput {
  readonly file: string
  readonly flags: FitFlags
  readonly choices: FitChoices
}

/** Returns the backend of a fit, to be closed after it. Stores each sum of a search on a source. */
export const fitBackend = (
  world: World,
  input: FitInput,
  data: Source.Data
): TE.TaskEither<CommandFailure, SumBackend> => {
  if (Source.isInMemory(data)) return TE.right({ backend: Backend.localBackend, close: () => undefined })
  const source = data
  const { flags, choices } = input
  return pipe(
    queueBackend(world, input, source),
    TE.flatMap(sums =>
      flags.pipeline !== undefined
        ? TE.right(sums)
        : withStoredSums(
            world,
            choices.checkpointOptions,
            cluster => fitIdentity(cluster.hashesOf(source), flags, choices),
            sums
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
