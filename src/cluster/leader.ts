/**
 * Leader's side of the queue: assigns ranges of rows to workers and returns the sums in the order of the ranges. Lost jobs and ranges are
 * requested again, and the first sums received for a range count, so worker and server may end at any moment.
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
  serverWatch,
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

/** A step fails after this many failures at one range. */
const MAX_RANGE_FAILURES = 3

/** A step fails after one range was lost with this many workers. */
const MAX_RANGE_WORKER_LOSSES = 10
const WORKER_CHECK_MILLISECONDS = 200
/** Time to wait for another worker if all were rejected. */
const ALL_REFUSED_MILLISECONDS = 2000
const NO_WORKER_NOTICE_MILLISECONDS = 2000

/** Returns the worker of each range: its owner, which has read the rows, up to an equal share; otherwise the least loaded one. */
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
  readonly workerLosses: Map<number, number>
}

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

/** Connects the leader of a session; a problem if no server answers in time. */
export const connectLeader = async (
  connection: Connection,
  session: Messages.Session,
  say: Notify,
  timeoutMilliseconds = CONNECT_MILLISECONDS
): Promise<E.Either<Problem.Problem, Leader>> => {
  const found = await loadQueueEngine(connection)
  if (E.isLeft(found)) return found
  const reached = await connectServer(found.right, connection, timeoutMilliseconds)
  if (E.isLeft(reached)) return reached
  const waiting = await connectServer(found.right, connection, timeoutMilliseconds)
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

/** Returns the names of registered workers, and the code of each; null if the worker has ended. */
const registeredWorkers = async (redis: Redis) => {
  const names = (await redis.smembers(REDIS_KEYS.workers)).sort()
  return { names, codes: names.length === 0 ? [] : await redis.mget(names.map(REDIS_KEYS.alive)) }
}

/** Looks up, waits for and rejects workers, with a queue for each. */
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

  /** Removes the name last, so that the next check tries again if this one is cut off. */
  const removeWorkerKeys = async (worker: string): Promise<void> => {
    try {
      await queue(worker).obliterate({ force: true })
    } catch {
      return
    }
    await redis.srem(REDIS_KEYS.workers, worker)
    queues.delete(worker)
  }

  /** Returns the workers that are alive and accepted; removes the keys of those that have ended. */
  const acceptedWorkers = async (): Promise<ReadonlyArray<string>> => {
    const { names, codes } = await registeredWorkers(redis)
    const isGone = (worker: string): boolean => (codes[names.indexOf(worker)] ?? null) === null
    for (const worker of new Set([...names, ...queues.keys()].filter(isGone))) await removeWorkerKeys(worker)
    names.forEach((worker, i) => {
      if (codes[i] !== null && codes[i] !== code) refuse(worker, otherCodeProblem(codes[i] ?? '', code))
    })
    return names.filter((worker, i) => codes[i] === code && !refused.has(worker))
  }

  /** Waits until there are workers; a problem if all were rejected. */
  const awaitWorkers = async (): Promise<E.Either<Problem.Problem, ReadonlyArray<string>>> => {
    const start = performance.now()
    for (let isSaid = false; ;) {
      const workers = await acceptedWorkers()
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

  return { queue, refuse, acceptedWorkers, awaitWorkers }
}

const beginStep = (number: number, question: Buffer, ranges: ReadonlyArray<RowRange>): LeaderStep => ({
  number,
  question,
  missing: new Set(ranges.keys()),
  jobs: new Map(),
  failures: new Map(),
  workerLosses: new Map()
})

/** Counts the loss of a worker for each of its missing ranges; returns a problem if a range was lost too often, otherwise null. */
const recordWorkerLoss = (
  step: LeaderStep,
  lost: ReadonlyArray<number>,
  ranges: ReadonlyArray<RowRange>
): Problem.Problem | null => {
  const worn = lost.find(
    range => step.missing.has(range) && incrementCount(step.workerLosses, range) >= MAX_RANGE_WORKER_LOSSES
  )
  return worn === undefined
    ? null
    : rangeProblem(
        ranges[worn],
        Problem.of(
          'worker',
          `the ${MAX_RANGE_WORKER_LOSSES}th that ended while it had them`,
          'able to sum them',
          'look at what workers say, and give them more memory'
        )
      )
}

/** Drops the jobs of workers that have ended and counts these ends; returns a problem if the step has failed, otherwise null. */
const forgetEndedWorkers = (
  step: LeaderStep,
  workers: ReadonlyArray<string>,
  ranges: ReadonlyArray<RowRange>
): Problem.Problem | null => {
  for (const [worker, { ranges: lost }] of [...step.jobs])
    if (!workers.includes(worker)) {
      step.jobs.delete(worker)
      const exhausted = recordWorkerLoss(step, lost, ranges)
      if (exhausted !== null) return exhausted
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

/** Returns another worker for a range that `worker` failed to sum; the same if it is the only one, undefined if there is none. */
const nextWorkerFor = (
  workers: ReadonlyArray<string>,
  { worker, range }: { readonly worker: string; readonly range: number }
): string | undefined => {
  const others = workers.filter(one => one !== worker)
  return (others.length > 0 ? others : workers).at(range % Math.max(1, others.length))
}

interface DispatchContext extends Pick<
  ReturnType<typeof workerRegistry>,
  'queue' | 'refuse' | 'acceptedWorkers' | 'awaitWorkers'
> {
  readonly id: string
  readonly ranges: ReadonlyArray<RowRange>
  readonly keep: (question: Buffer) => Promise<void>
}

/** Returns handlers that request a step's missing ranges from workers, and process the notes of workers: lost or failed ranges are requested again. */
const jobDispatcher = ({ id, ranges, queue, refuse, acceptedWorkers, awaitWorkers, keep }: DispatchContext) => {
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
  const requestMissing = async (step: LeaderStep): Promise<Problem.Problem | null> => {
    await keep(step.question)
    const found = await awaitWorkers()
    if (E.isLeft(found)) return found.left
    const workers = found.right
    const exhausted = forgetEndedWorkers(step, workers, ranges)
    if (exhausted !== null) return exhausted
    await reassign(step, workers)
    for (const [worker, own] of rangesByOwner(owners, step.missing)) {
      const job = step.jobs.get(worker)
      const isThere = job !== undefined && (await queue(worker).getJobState(job.id)) !== 'unknown'
      // A job that has just ended may have notes in transit, so only its second absence counts.
      if (!isThere && (job === undefined || job.wasGone)) await send(step, worker, own)
      else step.jobs.set(worker, { ...job, wasGone: !isThere })
    }
    return null
  }

  /** Processes a note of a worker; returns a problem if the step has failed, otherwise null. */
  const processNote = async (step: LeaderStep, text: string): Promise<Problem.Problem | null> => {
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
    if (incrementCount(step.failures, note.range) >= MAX_RANGE_FAILURES) return rangeProblem(range, note.problem)
    const next = nextWorkerFor(await acceptedWorkers(), note)
    if (next === undefined) return null
    owners = new Map(owners).set(note.range, next)
    await send(step, next, [note.range])
    return null
  }

  return { requestMissing, processNote }
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

/** Takes notes from the queue, after a wait of up to `WORKER_CHECK_MILLISECONDS`; empty if none have arrived. */
const nextNotes = async (blocking: Redis, key: string, most: number): Promise<ReadonlyArray<string>> =>
  (await blocking.blmpop(WORKER_CHECK_MILLISECONDS / 1000, 1, key, 'LEFT', 'COUNT', most))?.[1] ?? []

interface LeaderSetup {
  readonly redis: Redis
  /** Second connection, which waits for notes. */
  readonly blocking: Redis
  readonly queueOf: (worker: string, connection: Redis) => Queue
  readonly connection: Connection
  readonly session: Messages.Session
  readonly say: Notify
}

const startLeader = ({ redis, blocking, queueOf, connection, session, say }: LeaderSetup): Leader => {
  const id = randomUUID()
  const where = connectionText(connection)
  const server = serverWatch(connection, say)
  redis.on('error', server.recordLoss)
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

  const { requestMissing, processNote } = jobDispatcher({ ...registry, id, ranges, keep })
  const arrival: SumsLocation = { redis, id, ranges, say }
  const ask: Leader['ask'] = async (question, width) => {
    steps += 1
    const step = beginStep(steps, Messages.writeStepRequest({ ...question, step: steps }), ranges)
    const notes = REDIS_KEYS.notes(id, step.number)
    for (let looked = -Infinity; ;)
      try {
        while (step.missing.size > 0) {
          if (performance.now() - looked > WORKER_CHECK_MILLISECONDS) {
            const problem = await requestMissing(step)
            if (problem !== null) return E.left(problem)
            looked = performance.now()
            server.recordReply()
          }
          for (const text of await nextNotes(blocking, notes, ranges.length)) {
            const problem = await processNote(step, text)
            if (problem !== null) return E.left(problem)
          }
        }
        const sums = await gatherSums(arrival, step, width)
        if (step.missing.size === 0) {
          await redis.del(REDIS_KEYS.sums(id, step.number), notes)
          return E.right(sums)
        }
      } catch (error) {
        if (!(await removeMistypedStepKeys(arrival, step, error))) server.recordFailure(error)
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
