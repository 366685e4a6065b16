/**
 * Leader's side of the queue: assigns ranges of rows to workers and returns the sums in the order of the ranges. Lost jobs and lost ranges
 * are requested again, and the first sums received for a range count, so a worker, the server or both may end at any moment.
 */
import { setTimeout } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { splitIntoRanges, rangeName, type RowRange } from './rowRanges.js'
import * as Messages from './messages.js'
import {
  connectServer,
  loadQueueEngine,
  EXPIRY_MILLISECONDS,
  REDIS_KEYS,
  removeMistypedKeys,
  CONNECT_MILLISECONDS,
  connectionText,
  waitBriefly,
  watchServer,
  type Connection
} from './queue.js'

export interface Leader {
  /** Returns the sums of each range, in the order of the ranges; `width` numbers for each chunk. */
  readonly ask: (
    question: Messages.SumRequest,
    width: number
  ) => Promise<E.Either<Problem.Problem, ReadonlyArray<Float64Array>>>
  /** Ends the session: workers discard its data. */
  readonly close: () => Promise<void>
}

/** Failures at a range, and ends of workers that have it, after which a step fails. */
const MAX_FAILURES = 3
const MAX_WORKER_LOSSES = 10
const WORKER_CHECK_MILLISECONDS = 200
/** Time to wait for another worker if all were rejected. */
const ALL_REFUSED_MILLISECONDS = 2000
const NO_WORKER_NOTICE_MILLISECONDS = 2000

/** Assigns ranges to workers: each keeps those that it has already read, up to its share; the others go to the least loaded worker. */
export const assignRanges = (
  count: number,
  owners: ReadonlyMap<number, string>,
  workers: ReadonlyArray<string>
): ReadonlyMap<number, string> => {
  const most = Math.ceil(count / workers.length)
  const loads = new Map(workers.map(worker => [worker, 0]))
  const loadOf = (worker: string): number => loads.get(worker) ?? Infinity
  const all = Array.from({ length: count }, (_, range) => range)
  const kept = new Map<number, string>()
  const give = (range: number, worker: string): void => {
    kept.set(range, worker)
    loads.set(worker, loadOf(worker) + 1)
  }
  for (const range of all) {
    const owner = owners.get(range)
    if (owner !== undefined && loadOf(owner) < most) give(range, owner)
  }
  for (const range of all)
    if (!kept.has(range))
      give(
        range,
        workers.reduce((least, worker) => (loadOf(worker) < loadOf(least) ? worker : least))
      )
  return kept
}

interface LeaderStep {
  readonly number: number
  readonly question: Buffer
  readonly missing: Set<number>
  /** Job in progress, by worker. */
  readonly jobs: Map<string, { readonly id: string; readonly ranges: ReadonlyArray<number>; readonly wasGone: boolean }>
  readonly failures: Map<number, number>
  readonly ends: Map<number, number>
}

/** Adds the name of the range to the field of a problem. */
const rangeProblem = (range: RowRange, problem: Problem.Problem): Problem.Problem => ({
  ...problem,
  field: `${rangeName(range)}, ${problem.field}`
})

const incrementCount = (counts: Map<number, number>, range: number): number => {
  const count = (counts.get(range) ?? 0) + 1
  counts.set(range, count)
  return count
}

/** Reports a line to the user; `waits` is true if no sum is computed until the condition changes. */
export type Notify = (line: string, waits: boolean) => void

/** Connects the leader of a session; a problem if no server answers within `patience` milliseconds. */
export const connectLeader = async (
  connection: Connection,
  session: Messages.Session,
  say: Notify,
  patience = CONNECT_MILLISECONDS
): Promise<E.Either<Problem.Problem, Leader>> => {
  const found = await loadQueueEngine(connection)
  if (E.isLeft(found)) return found
  const reached = await connectServer(found.right, connection, patience)
  if (E.isLeft(reached)) return reached
  const waiting = await connectServer(found.right, connection, patience)
  if (E.isLeft(waiting)) return waiting
  return E.right(
    startLeader({
      redis: reached.right,
      blocking: waiting.right,
      queueOf: found.right.queue,
      connection,
      session,
      say
    })
  )
}

interface LeaderContext {
  readonly redis: Redis
  /** Connection for messages, without its password. */
  readonly where: string
  /** Hash of the leader's code. */
  readonly code: string
  readonly say: Notify
  readonly queueOf: (worker: string, connection: Redis) => Queue
  readonly queues: Map<string, Queue>
  /** Renews the expiry of the session's keys. */
  readonly keep: () => Promise<void>
}

const otherCodeProblem = (found: string, own: string): Problem.Problem =>
  Problem.of(
    'code',
    Messages.printableMessage(found),
    `the leader's, ${own}`,
    'install the same version of ornstein on both'
  )

/** Returns the names of the registered workers, and the code of each; null if the worker has ended. */
const registeredWorkers = async (redis: Redis) => {
  const names = (await redis.smembers(REDIS_KEYS.workers)).sort()
  return { names, codes: names.length === 0 ? [] : await redis.mget(names.map(REDIS_KEYS.alive)) }
}

/** Finds, rejects and removes the workers of a session. */
const workerRegistry = ({ redis, where, code, say, queueOf, queues, keep }: LeaderContext) => {
  const refused = new Map<string, Problem.Problem>()

  const queue = (worker: string): Queue => {
    const known = queues.get(worker)
    if (known !== undefined) return known
    const made = queueOf(worker, redis)
    // the client reconnects
    made.on('error', () => undefined)
    queues.set(worker, made)
    return made
  }

  const refuse = (worker: string, problem: Problem.Problem): void => {
    if (refused.has(worker)) return
    refused.set(worker, problem)
    say(`worker ${Messages.printableMessage(worker)} is refused: ${Problem.show(problem)}`, false)
  }

  /** Removes the keys of a worker that has ended; its name last, so that the next check tries again if this one is cut off. */
  const remove = async (worker: string): Promise<void> => {
    try {
      await queue(worker).obliterate({ force: true })
    } catch {
      return
    }
    await redis.srem(REDIS_KEYS.workers, worker)
    queues.delete(worker)
  }

  /** Returns the workers that are alive and accepted; removes the keys of those that have ended. */
  const look = async (): Promise<ReadonlyArray<string>> => {
    const { names, codes } = await registeredWorkers(redis)
    const isGone = (worker: string): boolean => (codes[names.indexOf(worker)] ?? null) === null
    for (const worker of new Set([...names, ...queues.keys()].filter(isGone))) await remove(worker)
    names.forEach((worker, i) => {
      if (codes[i] !== null && codes[i] !== code) refuse(worker, otherCodeProblem(codes[i] ?? '', code))
    })
    return names.filter((worker, i) => codes[i] === code && !refused.has(worker))
  }

  /** Waits until there are workers and returns them; a problem if all of them were rejected. */
  const present = async (): Promise<E.Either<Problem.Problem, ReadonlyArray<string>>> => {
    const start = performance.now()
    for (let isSaid = false; ;) {
      const workers = await look()
      if (workers.length > 0) return E.right(workers)
      const waited = performance.now() - start
      const [first] = refused.values()
      if (refused.size > 0 && waited > ALL_REFUSED_MILLISECONDS) return E.left(first)
      if (waited > NO_WORKER_NOTICE_MILLISECONDS && !isSaid) {
        isSaid = true
        say(`no worker at ${where} yet; start some: ornstein worker --queue ${where}`, true)
      }
      await keep()
      await setTimeout(WORKER_CHECK_MILLISECONDS / 4)
    }
  }

  return { queue, refuse, look, present }
}

const beginStep = (number: number, question: Buffer, ranges: ReadonlyArray<RowRange>): LeaderStep => ({
  number,
  question,
  missing: new Set(ranges.keys()),
  jobs: new Map(),
  failures: new Map(),
  ends: new Map()
})

/** Returns the problem of the first range whose workers ended too often while they had it; null if there is none. */
const exhaustedRangeProblem = (
  step: LeaderStep,
  lost: ReadonlyArray<number>,
  ranges: ReadonlyArray<RowRange>
): Problem.Problem | null => {
  const worn = lost.find(range => step.missing.has(range) && incrementCount(step.ends, range) >= MAX_WORKER_LOSSES)
  return worn === undefined
    ? null
    : rangeProblem(
        ranges[worn],
        Problem.of(
          'worker',
          `the ${MAX_WORKER_LOSSES}th that ended while it had them`,
          'able to sum them',
          'look at what workers say, and give them more memory'
        )
      )
}

/** Removes the jobs of workers that have ended; returns a problem if that has failed the step, otherwise null. */
const removeEndedWorkers = (
  step: LeaderStep,
  workers: ReadonlyArray<string>,
  ranges: ReadonlyArray<RowRange>
): Problem.Problem | null => {
  for (const [worker, { ranges: lost }] of [...step.jobs])
    if (!workers.includes(worker)) {
      step.jobs.delete(worker)
      const worn = exhaustedRangeProblem(step, lost, ranges)
      if (worn !== null) return worn
    }
  return null
}

const rangesByOwner = (
  owners: ReadonlyMap<number, string>,
  some: Iterable<number>
): ReadonlyMap<string, ReadonlyArray<number>> => {
  const found = new Map<string, ReadonlyArray<number>>()
  for (const range of some) {
    const owner = owners.get(range)
    if (owner !== undefined) found.set(owner, [...(found.get(owner) ?? []), range])
  }
  return found
}

interface SumsLocation {
  readonly redis: Redis
  readonly id: string
  readonly ranges: ReadonlyArray<RowRange>
  readonly say: Notify
}

/** Returns the sums that have arrived; marks ranges as missing if their sums were lost or have the wrong width. */
const gatherSums = async (
  { redis, id, ranges, say }: SumsLocation,
  step: LeaderStep,
  width: number
): Promise<ReadonlyArray<Float64Array>> => {
  const key = REDIS_KEYS.sums(id, step.number)
  const found = await redis.hmgetBuffer(key, ...ranges.map((_, range) => String(range)))
  const sums = found.map(bytes => (bytes === null ? new Float64Array(0) : Messages.doublesOfBytes(bytes)))
  for (const [range, values] of sums.entries()) {
    const due = ranges[range].chunks * width
    if (values.length === due) continue
    if (found[range] !== null)
      say(
        `sums of ${rangeName(ranges[range])} are ${values.length} numbers and not ${due}: they are asked for again`,
        false
      )
    step.missing.add(range)
    await redis.hdel(key, String(range))
  }
  return sums
}

const otherWorker = (
  workers: ReadonlyArray<string>,
  { worker, range }: { readonly worker: string; readonly range: number }
): string | undefined => {
  const others = workers.filter(one => one !== worker)
  return (others.length > 0 ? others : workers).at(range % Math.max(1, others.length))
}

interface DispatchContext extends Pick<ReturnType<typeof workerRegistry>, 'queue' | 'refuse' | 'look' | 'present'> {
  /** Id of the session. */
  readonly id: string
  readonly ranges: ReadonlyArray<RowRange>
  readonly keep: (question: Buffer) => Promise<void>
}

/** Sends the ranges of each step to workers, and sends again those that are lost or failed. */
const jobDispatcher = ({ id, ranges, queue, refuse, look, present, keep }: DispatchContext) => {
  let owners: ReadonlyMap<number, string> = new Map()
  let jobs = 0

  const send = async (step: LeaderStep, worker: string, asked: ReadonlyArray<number>): Promise<void> => {
    jobs += 1
    const job = `${id}-${step.number}-${jobs}`
    step.jobs.set(worker, { id: job, ranges: asked, wasGone: false })
    const data: Messages.JobOrder = { session: id, step: step.number, ranges: asked }
    await queue(worker).add('sums', data, { jobId: job, removeOnComplete: true, removeOnFail: true })
  }

  /** Reassigns missing ranges whose workers have ended. */
  const reassign = async (step: LeaderStep, workers: ReadonlyArray<string>): Promise<void> => {
    const homeless = [...step.missing].filter(range => !workers.includes(owners.get(range) ?? ''))
    owners = assignRanges(ranges.length, owners, workers)
    for (const [worker, own] of rangesByOwner(owners, homeless)) await send(step, worker, own)
  }

  /** Requests lost jobs and ranges again; returns a problem if the step has failed, otherwise null. */
  const mend = async (step: LeaderStep): Promise<Problem.Problem | null> => {
    await keep(step.question)
    const found = await present()
    if (E.isLeft(found)) return found.left
    const workers = found.right
    const worn = removeEndedWorkers(step, workers, ranges)
    if (worn !== null) return worn
    await reassign(step, workers)
    for (const [worker, own] of rangesByOwner(owners, step.missing)) {
      const job = step.jobs.get(worker)
      const isThere = job !== undefined && (await queue(worker).getJobState(job.id)) !== 'unknown'
      // the notes of a job that has just ended may still be in transit
      if (!isThere && (job === undefined || job.wasGone)) await send(step, worker, own)
      else step.jobs.set(worker, { ...job, wasGone: !isThere })
    }
    return null
  }

  /** Processes a note of a worker; returns a problem if the step has failed, otherwise null. */
  const receive = async (step: LeaderStep, text: string): Promise<Problem.Problem | null> => {
    const note = Messages.readNote(text)
    if (note === null) return null
    if (note._tag === 'Refused') {
      refuse(note.worker, note.problem)
      return null
    }
    if (!step.missing.has(note.range)) return null
    if (note._tag === 'Done') {
      step.missing.delete(note.range)
      return null
    }
    const range = ranges[note.range]
    if (incrementCount(step.failures, note.range) >= MAX_FAILURES) return rangeProblem(range, note.problem)
    // tried by another worker if there is one
    const next = otherWorker(await look(), note)
    if (next === undefined) return null
    owners = new Map(owners).set(note.range, next)
    await send(step, next, [note.range])
    return null
  }

  return { mend, receive }
}

/** Removes the step's keys that have another type; true if the error came from them. */
const removeMistypedStepKeys = (
  { redis, id, say }: SumsLocation,
  { number }: LeaderStep,
  error: unknown
): Promise<boolean> => {
  const kinds = {
    [REDIS_KEYS.workers]: 'set',
    [REDIS_KEYS.sums(id, number)]: 'hash',
    [REDIS_KEYS.notes(id, number)]: 'list'
  } as const
  return removeMistypedKeys(redis, kinds, error, line => {
    say(line, false)
  }).catch(() => false)
}

/** Keeps the keys of a session from expiring until `stop` is called. */
const sessionKeeper = (redis: Redis, id: string, description: string) => {
  const keeping = setInterval(
    () => void redis.pexpire(REDIS_KEYS.session(id), EXPIRY_MILLISECONDS).catch(() => undefined),
    EXPIRY_MILLISECONDS / 4
  )
  keeping.unref()
  return {
    /** Writes the keys again, since they may have been lost. */
    keep: async (question: Buffer | null): Promise<void> => {
      const writing = redis.multi().set(REDIS_KEYS.session(id), description, 'PX', EXPIRY_MILLISECONDS)
      await (
        question === null ? writing : writing.set(REDIS_KEYS.question(id), question, 'PX', EXPIRY_MILLISECONDS)
      ).exec()
    },
    stop: (): void => {
      clearInterval(keeping)
    }
  }
}

/** Waits for notes, up to `WORKER_CHECK_MILLISECONDS`, and removes them from the queue; empty if none have arrived. */
const nextNotes = async (blocking: Redis, key: string, most: number): Promise<ReadonlyArray<string>> =>
  (await blocking.blmpop(WORKER_CHECK_MILLISECONDS / 1000, 1, key, 'LEFT', 'COUNT', most))?.[1] ?? []

interface LeaderSetup {
  readonly redis: Redis
  /** Second connection to the server, which waits for notes. */
  readonly blocking: Redis
  readonly queueOf: (worker: string, connection: Redis) => Queue
  readonly connection: Connection
  readonly session: Messages.Session
  readonly say: Notify
}

const startLeader = ({ redis, blocking, queueOf, connection, session, say }: LeaderSetup): Leader => {
  const id = randomUUID()
  const where = connectionText(connection)
  const server = watchServer(connection, say)
  redis.on('error', server.lost)
  const ranges = splitIntoRanges(session.rows)
  const { keep, stop } = sessionKeeper(redis, id, Messages.writeSession(session))
  const queues = new Map<string, Queue>()
  let steps = 0
  const registry = workerRegistry({
    redis,
    where,
    code: session.code,
    say,
    queueOf,
    queues,
    keep: () => keep(null)
  })

  const { mend, receive } = jobDispatcher({ ...registry, id, ranges, keep })
  const arrival: SumsLocation = { redis, id, ranges, say }
  const ask: Leader['ask'] = async (question, width) => {
    steps += 1
    const step = beginStep(steps, Messages.writeStepRequest({ ...question, step: steps }), ranges)
    const notes = REDIS_KEYS.notes(id, step.number)
    for (let looked = -Infinity; ;)
      try {
        while (step.missing.size > 0) {
          if (performance.now() - looked > WORKER_CHECK_MILLISECONDS) {
            const problem = await mend(step)
            if (problem !== null) return E.left(problem)
            looked = performance.now()
            server.served()
          }
          for (const text of await nextNotes(blocking, notes, ranges.length)) {
            const problem = await receive(step, text)
            if (problem !== null) return E.left(problem)
          }
        }
        const sums = await gatherSums(arrival, step, width)
        if (step.missing.size === 0) {
          await redis.del(REDIS_KEYS.sums(id, step.number), notes)
          return E.right(sums)
        }
      } catch (error) {
        if (!(await removeMistypedStepKeys(arrival, step, error))) server.failed(error)
        looked = -Infinity
        await setTimeout(WORKER_CHECK_MILLISECONDS)
      }
  }

  return {
    ask,
    close: async () => {
      stop()
      await waitBriefly(redis.del(REDIS_KEYS.session(id), REDIS_KEYS.question(id)))
      for (const queue of queues.values()) await waitBriefly(queue.close())
      redis.disconnect()
      blocking.disconnect()
    }
  }
}
