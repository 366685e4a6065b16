/** `ornstein worker`: computes sums for the fits of a queue, until a signal. */
import { resolve } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Cluster from '../../cluster/index.js'
import type { WorkerFlags } from '../commandOptions.js'
import { usageFailure, type CommandFailure, type Signal, type World } from '../world.js'

const WORKER_SIGNAL_CHECK_MILLISECONDS = 100

/** Runs `ornstein worker`. */
export const runWorker =
  (flags: WorkerFlags) =>
  (world: World): TE.TaskEither<CommandFailure, Signal | null> => {
    const folder = resolve(flags.data ?? '.')
    const printLine = (line: string): void => {
      world.stderr(`${line}\n`)
    }
    return pipe(
      () =>
        Cluster.worker(
          flags.queue,
          Cluster.code(),
          Cluster.inThread(new URL('../sumThread.js', import.meta.url), folder),
          printLine
        ),
      TE.mapLeft(problem => usageFailure(problem)),
      TE.flatMapTask(worker => async () => {
        const stopped = await world.untilSignal(async pollSignal => {
          // Caught first: a reader of this line may send a signal at once.
          printLine(`worker ${worker.name} is ready`)
          for (;;) {
            const signal = await pollSignal()
            if (signal !== null) return signal
            await new Promise(resolve => setTimeout(resolve, WORKER_SIGNAL_CHECK_MILLISECONDS))
          }
        })
        await worker.close()
        return stopped
      })
    )
  }
