/**
 * Many machines as the place where sums over rows are taken: a leader asks workers over a queue of BullMQ, on Redis or Valkey, and
 * adds what they have summed in the order of the chunks. So the bits are those of one process, whoever took which sums, and
 * whoever ended on the way.
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
export { kept } from './storedSums.js'
export { inThread, serve, type Open } from './taskComputer.js'
export { worker, type Worker } from './worker.js'
export { code }

export interface Options {
  readonly connection: Connection
  /**
   * What workers are to open, as JSON: of `ornstein worker` `{ path, options }`, a table in its folder and how it is read, which has
   * the rows of the source; of workers of one's own what their `open` takes.
   */
  readonly data: unknown
  /**
   * Told why a sum has to be waited for, as nobody takes it, and null when it is there: this thread hears nothing meanwhile. Standard
   * error has it unless given.
   */
  readonly onWait?: (why: string | null) => void
}

/** A place that is there until it is closed. */
export interface Cluster {
  /** Sums of the source that the cluster was made for. Throws, as `Problem.orThrow` does, where they cannot be had. */
  readonly backend: Backend.Backend
  readonly close: () => void
}

/** What tells the rows of a source from others: the hash of each range of them. */
export const hashesOf = (source: Source.Source): ReadonlyArray<string> =>
  splitIntoRanges(source.rows).map(range => hashRange(source, range))

const writeToStderr = (why: string | null): void => {
  if (why !== null) writeSync(2, `${why}\n`)
}

/**
 * The workers at a queue as the place of sums over the rows of a source. It reads them once, for the hashes by which workers are
 * held to the same rows, and gives the place to `Fit.mixture` or `Compile.pipeline`. While a sum is taken this thread waits.
 * A problem where no server answers, or where `bullmq` and `ioredis` are not installed.
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
    /** The next answer: this thread does nothing else until it is there. */
    const replied = (): ThreadAnswer => {
      let waits = false
      for (;;) {
        Atomics.wait(flag, 0, seen)
        seen += 1
        // the thread has answered, and sends nothing else
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
      return replied()
    }
    const started = replied()
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
