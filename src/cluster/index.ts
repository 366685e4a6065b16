/**
 * Evaluates sums over rows on many machines: a leader sends requests to workers over a queue of BullMQ, on Redis or Valkey, and adds
 * results in the order of the chunks, which gives the bits of a single process.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { MessageChannel, receiveMessageOnPort, Worker as Thread } from 'node:worker_threads'
import { addChunkSums } from '../../lib/rows/reduction.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type * as Backend from '../data/reductionBackend.js'
import * as Source from '../data/source/source.js'
import { code } from './codeHash.js'
import { splitIntoRanges, hashRange } from './rowRanges.js'
import type { Connection } from './queue.js'
import type { ThreadAnswer, ThreadInput, ThreadReply, ThreadRequest } from './leaderThread.js'

export { requestedReduction } from '../compile/remoteSums.js'
export type { EvaluationRequest, Described, Backend } from '../data/reductionBackend.js'
export type { Connection } from './queue.js'
export { storeSums } from './storedSums.js'
export { inThread, serve, type Open } from './taskComputer.js'
export { worker, type Worker } from './worker.js'
export { code }

export interface Options {
  readonly connection: Connection
  /**
   * Description of the data that workers open, as JSON. For `ornstein worker`: `{ path, options }`, a table in the worker's folder and its
   * options. For custom workers: the argument of their `open`.
   */
  readonly data: unknown
  /**
   * Called with the reason when a sum has to wait because no worker takes it, and with null once the sum has arrived. Default: writes to
   * standard error.
   */
  readonly onWait?: (why: string | null) => void
}

export interface Cluster {
  /** Evaluates sums of the source for which the cluster was made. Throws, as `Problem.orThrow` does, if they cannot be computed. */
  readonly backend: Backend.Backend
  readonly close: () => void
}

/** Returns the hash of each range of rows, which identify a source. */
export const hashesOf = (source: Source.Source): ReadonlyArray<string> =>
  splitIntoRanges(source.rows).map(range => hashRange(source, range))

const writeToStderr = (why: string | null): void => {
  if (why !== null) writeSync(2, `${why}\n`)
}

/**
 * Returns the workers at a queue as the backend for sums over the rows of a source, to be passed to `Fit.mixture` or `Compile.pipeline`.
 * Reads the rows once, for the hashes by which each worker's rows are verified. The thread blocks while a sum is evaluated. A problem if no
 * server answers, or `bullmq` or `ioredis` is not installed.
 */
export const bullmq =
  ({ connection, data, onWait = writeToStderr }: Options) =>
  (source: Source.Source): E.Either<Problem.Problem, Cluster> => {
    const problems = Source.problems(source)
    if (problems.length > 0) return E.left(problems[0])
    const hashes = hashesOf(source)
    const flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const { port1, port2 } = new MessageChannel()
    const given: ThreadInput = {
      connection,
      session: { code: code(), data, rows: source.rows, hashes },
      flag,
      port: port2
    }
    const thread = new Thread(new URL('./leaderThread.js', import.meta.url), {
      workerData: given,
      transferList: [port2]
    })
    thread.unref()
    port1.unref()
    let seen = 0
    /** Blocks the thread until the next answer arrives. */
    const awaitAnswer = (): ThreadAnswer => {
      let waits = false
      for (;;) {
        Atomics.wait(flag, 0, seen)
        seen += 1
        const { message } = receiveMessageOnPort(port1) as { readonly message: ThreadReply }
        if (message._tag !== 'Waits') {
          if (waits) onWait(null)
          return message
        }
        waits = true
        onWait(message.line)
      }
    }
    const asked = (request: ThreadRequest): ThreadAnswer => {
      port1.postMessage(request)
      return awaitAnswer()
    }
    const started = awaitAnswer()
    if (E.isLeft(started)) return started
    return E.right({
      backend: {
        evaluate: (sum, question) => {
          const { sum: program, numbers } = question()
          const parts = Problem.orThrow(asked({ _tag: 'Ask', question: { program, numbers }, width: sum.width }))
          const sums = new Float64Array(sum.width)
          for (const part of parts) addChunkSums(sums, part)
          return sum.finish(sums)
        }
      },
      close: () => {
        asked({ _tag: 'Close' })
      }
    })
  }
