/** `ornstein worker`: sums rows for the fits of a queue, until it is told to stop. */
import { resolve } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Cluster from '../../cluster/index.js'
import type { WorkerFlags } from '../usage.js'
import { usageFailure, type CommandFailure, type Signal, type World } from '../world.js'

/** Signals are looked for that often, in milliseconds. */
const WORKER_SIGNAL_CHECK_MILLISECONDS = 100

export const runWorker =
  (flags: WorkerFlags) =>
  (world: World): TE.TaskEither<CommandFailure, Signal | null> => {
    const folder = resolve(flags.data ?? '.')
    const say = (line: string): void => {
      world.stderr(`${line}\n`)
    }
    return pipe(
      () =>
        Cluster.worker(
          flags.queue,
          Cluster.code(),
          Cluster.inThread(new URL('../sumThread.js', import.meta.url), folder),
          say
        ),
      TE.mapLeft(problem => usageFailure(problem)),
      TE.flatMapTask(worker => async () => {
        const stopped = await world.untilSignal(async heard => {
          // who reads it may tell the worker to go at once
          say(`worker ${worker.name} is ready`)
          for (;;) {
            const signal = await heard()
            if (signal !== null) return signal
            await new Promise(resolve => setTimeout(resolve, WORKER_SIGNAL_CHECK_MILLISECONDS))
          }
        })
        await worker.close()
        return stopped
      })
    )
  }
