/**
 * Worker's side of the queue: registers the worker and passes its jobs to another thread, so that the registration is renewed however long
 * a sum takes.
 */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import * as Messages from './messages.js'
import {
  HEARTBEAT_MILLISECONDS,
  connectServer,
  loadQueueEngine,
  EXPIRY_MILLISECONDS,
  REDIS_KEYS,
  ALIVE_MILLISECONDS,
  CONNECT_MILLISECONDS,
  waitBriefly,
  serverWatch,
  type Connection
} from './queue.js'

/** One range of a step. */
export interface WorkerTask {
  readonly id: string
  readonly session: Messages.Session
  readonly range: number
  readonly question: Messages.StepRequest
}

/** Sums of a task, chunk after chunk. `Refused` if the worker's data differ from the leader's, `Failed` if these rows cannot be summed. */
export type TaskResult =
  | { readonly _tag: 'Sums'; readonly sums: Float64Array }
  | { readonly _tag: 'Refused'; readonly problem: Problem.Problem }
  | { readonly _tag: 'Failed'; readonly problem: Problem.Problem }

export type ComputeTask = (task: WorkerTask) => Promise<TaskResult>

export interface Worker {
  readonly name: string
  /** Waits for the current job if the server is available. */
  readonly close: () => Promise<void>
}

/** Starts a worker; `code` is the hash of its code. */
export const worker = async (
  connection: Connection,
  code: string,
  compute: ComputeTask,
  say: (line: string) => void
): Promise<E.Either<Problem.Problem, Worker>> => {
  const found = await loadQueueEngine(connection)
  if (E.isLeft(found)) return found
  const reached = await connectServer(found.right, connection, CONNECT_MILLISECONDS)
  if (E.isLeft(reached)) return reached
  const redis = reached.right
  const name = `${hostname().replace(/[^\w.-]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`
  let isBeating = false
  const beat = (): void => {
    // At most one reply is awaited.
    if (isBeating) return
    isBeating = true
    redis
      .multi()
      .set(REDIS_KEYS.alive(name), code, 'PX', ALIVE_MILLISECONDS)
      .sadd(REDIS_KEYS.workers, name)
      .exec()
      .then(server.recordReply, server.recordLoss)
      .finally(() => (isBeating = false))
  }
  const server = serverWatch(connection, say)
  const take = jobHandler({ redis, name, code, compute, lost: server.recordLoss })
  let underWay = Promise.resolve()
  const queue = found.right.work(name, redis, data => (underWay = take(data)))
  redis.on('error', server.recordLoss)
  // The heartbeat sees the same errors.
  queue.on('error', () => undefined)
  await queue.waitUntilReady()
  beat()
  const beating = setInterval(beat, HEARTBEAT_MILLISECONDS)
  return E.right({
    name,
    close: async () => {
      clearInterval(beating)
      if (!server.isAway()) {
        // Unregistered first, so that the leader assigns nothing more.
        await waitBriefly(redis.multi().del(REDIS_KEYS.alive(name)).srem(REDIS_KEYS.workers, name).exec())
        // A job that does not end in time is taken by other workers.
        await Promise.race([underWay.catch(() => undefined), setTimeout(CONNECT_MILLISECONDS, null, { ref: false })])
      }
      // Otherwise it waits some seconds for the next job.
      await waitBriefly(queue.close(true))
      if (!server.isAway()) {
        const own = found.right.queue(name, redis)
        // the connection sees the same errors
        own.on('error', () => undefined)
        await waitBriefly(own.obliterate({ force: true }))
        await waitBriefly(own.close())
      }
      redis.disconnect()
    }
  })
}

interface JobContext {
  readonly redis: Redis
  readonly name: string
  readonly code: string
  readonly compute: ComputeTask
  /** Called if the server cannot be reached. */
  readonly lost: (error: unknown) => void
}

/** Returns a function that computes the ranges of a job and sends their sums, or the problem, to the leader. */
const jobHandler = ({ redis, name, code, compute, lost }: JobContext): ((data: unknown) => Promise<void>) => {
  const known = new Map<string, Messages.Session>()
  const sessionOf = async (id: string): Promise<Messages.Session | null> => {
    const before = known.get(id)
    if (before !== undefined) return before
    const text = await redis.get(REDIS_KEYS.session(id))
    const read = text === null ? null : Messages.readSession(text)
    if (read !== null) known.set(id, read)
    return read
  }
  return async data => {
    const order = Messages.readOrder(data)
    if (order === null) return
    const { session: id, step, ranges } = order
    const session = await sessionOf(id)
    const bytes = await redis.getBuffer(REDIS_KEYS.question(id))
    const question = bytes === null ? null : Messages.readStepRequest(bytes)
    // The leader has ended, or is at a later step.
    if (session === null || question === null || question.step !== step) return
    const sums = REDIS_KEYS.sums(id, step)
    const notes = REDIS_KEYS.notes(id, step)
    const noted = (note: Messages.Note): Promise<unknown> =>
      redis.multi().rpush(notes, Messages.writeNote(note)).pexpire(notes, EXPIRY_MILLISECONDS).exec()
    if (session.code !== code) {
      const problem = Problem.of('code', code, `the leader's, ${session.code}`, 'install the same version on both')
      await noted({ _tag: 'Refused', worker: name, problem })
      return
    }
    const said = (answer: TaskResult, range: number): Promise<unknown> =>
      answer._tag === 'Sums'
        ? redis
            .multi()
            .hsetnx(sums, String(range), Messages.bytesOfDoubles(answer.sums))
            .pexpire(sums, EXPIRY_MILLISECONDS)
            .rpush(notes, Messages.writeNote({ _tag: 'Done', worker: name, range }))
            .pexpire(notes, EXPIRY_MILLISECONDS)
            .exec()
        : noted(answer._tag === 'Failed' ? { ...answer, worker: name, range } : { ...answer, worker: name })
    // A range is summed while the previous sums are in transit; those that the server did not store are requested again.
    const sent: Promise<unknown>[] = []
    for (const range of ranges) {
      const answer = await compute({ id, session, range, question })
      sent.push(said(answer, range).catch(lost))
      if (answer._tag === 'Refused') break
    }
    await Promise.all(sent)
  }
}
