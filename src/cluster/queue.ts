/** The queue: BullMQ on Redis or Valkey, which are loaded when somebody asks for them, and how their keys are called. */
import { setTimeout } from 'node:timers/promises'
import type { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { reason } from '../../lib/plain/said.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { printableMessage } from './messages.js'

/** Where the queue is: a URL (`redis://host:port`, `rediss://` for TLS, with user and password), or what ioredis takes. */
export type Connection = string | Readonly<Record<string, unknown>>

/** All keys begin with it. */
const PREFIX = 'ornstein'

export const REDIS_KEYS = {
  /** Who has said to be there. */
  workers: `${PREFIX}:workers`,
  /** Holds the hash of a worker's code as long as it is there. */
  alive: (worker: string): string => `${PREFIX}:alive:${worker}`,
  session: (id: string): string => `${PREFIX}:session:${id}`,
  /** What is asked at the step that is under way. */
  question: (id: string): string => `${PREFIX}:question:${id}`,
  /** Sums by range. */
  sums: (id: string, step: number): string => `${PREFIX}:sums:${id}:${step}`,
  /** Notes, as they come. */
  notes: (id: string, step: number): string => `${PREFIX}:notes:${id}:${step}`
}

/** A worker is there for so long after it has said so, and says so every `beat`. Milliseconds, as all below. */
export const ALIVE_MILLISECONDS = 1200
export const HEARTBEAT_MILLISECONDS = 300
/** A server that is not there at the start may come within so long. */
export const CONNECT_MILLISECONDS = 10_000
/** What a leader that is no more has left is gone after so long. */
export const EXPIRY_MILLISECONDS = 120_000
/** A connection that owes an answer for so long is made again: the longest that a queue waits for a job is 10 s. */
const SOCKET_TIMEOUT_MILLISECONDS = 15_000
/** What is told at the end to a server that is away is left untold after so long: keys lapse without help. */
const CLOSE_TIMEOUT_MILLISECONDS = 2000

/** Everything that is asked of the two packages. */
export interface QueueEngine {
  readonly connect: () => Redis
  readonly queue: (worker: string, connection: Redis) => Queue
  readonly work: (worker: string, connection: Redis, take: (data: unknown) => Promise<void>) => Worker
}

const MISSING_PACKAGES = Problem.of(
  'queue',
  'it',
  'usable without BullMQ and ioredis',
  'install them beside ornstein: npm install bullmq ioredis'
)

/** What stands for the connection in messages: without its password. */
export const connectionText = (connection: Connection): string =>
  typeof connection === 'string'
    ? connection.replace(/\/\/[^@/]*@/, '//…@')
    : `${String(connection.host)}:${String(connection.port)}`

/** The packages; a problem where they are not installed. */
export const loadQueueEngine = async (connection: Connection): Promise<E.Either<Problem.Problem, QueueEngine>> => {
  try {
    const [{ Queue, Worker }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')])
    const common = { prefix: PREFIX, streams: { events: { maxLen: 100 } } }
    return E.right({
      connect: () =>
        typeof connection === 'string'
          ? new Redis(connection, RETRY_OPTIONS)
          : new Redis({ ...connection, ...RETRY_OPTIONS }),
      queue: (worker, connection) => new Queue(worker, { ...common, connection }),
      work: (worker, connection, take) =>
        new Worker(worker, async ({ data }) => take(data), {
          ...common,
          connection,
          // what a worker has begun and nobody hears of is begun again
          lockDuration: 5000,
          stalledInterval: 1000,
          maxStalledCount: 5
        })
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_MODULE_NOT_FOUND') return E.left(MISSING_PACKAGES)
    throw error
  }
}

/** Commands wait for a server that is away. */
const RETRY_OPTIONS = {
  maxRetriesPerRequest: null,
  retryStrategy: (times: number): number => Math.min(50 * times, 500),
  socketTimeout: SOCKET_TIMEOUT_MILLISECONDS
} as const

/** What a server answers that is full, begins or follows another, and what to do: it may pass. */
const TRANSIENT_ERRORS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^OOM/, 'raise its maxmemory'],
  [/^MISCONF/, 'look at its disk and its log'],
  [/^(READONLY|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN)/, 'look at its log'],
  [/^Command aborted due to connection close/, 'look whether it runs']
]
const transientRemedy = (reason: string): string | undefined => TRANSIENT_ERRORS.find(([of]) => of.test(reason))?.[1]

/** Why a server has not done what it was asked; of a transaction, its first reason: it is the error itself where a connection ends. */
const serverReason = (error: unknown): string => {
  const all: unknown = error instanceof Error && 'previousErrors' in error ? error.previousErrors : []
  const first: unknown = Array.isArray(all) && all.length > 0 ? all[0] : error
  return printableMessage(reason(first))
}

/** What a key holds, where it is there. */
type KeyKind = 'set' | 'hash' | 'list'

/**
 * After an error, whether it came of keys that somebody has given another kind: they are removed, as what is in them is of no use to
 * anybody, and said.
 */
export const removeMistypedKeys = async (
  redis: Redis,
  kinds: Readonly<Record<string, KeyKind>>,
  error: unknown,
  say: (line: string) => void
): Promise<boolean> => {
  if (!/\bWRONGTYPE\b/.test(serverReason(error))) return false
  let isAny = false
  for (const [key, kind] of Object.entries(kinds)) {
    const found = await redis.type(key)
    if (found === kind || found === 'none') continue
    await redis.del(key)
    isAny = true
    say(`the key ${key} was no ${kind} but a ${found}: it is removed`)
  }
  return isAny
}

/** That a server has not done what it was asked. */
export const serverProblem = (connection: Connection, error: unknown): Problem.Problem =>
  Problem.of(
    'queue',
    `${connectionText(connection)} (${serverReason(error)})`,
    'a server that does what it is asked',
    'look at its log, and at what its user may do'
  )

/** Whether a server serves: each change of it is said once. */
export interface ServerWatch {
  readonly isAway: () => boolean
  /** It cannot be reached. */
  readonly lost: (error: unknown) => void
  /** It has not done what it was asked: thrown again where that does not pass. */
  readonly failed: (error: unknown) => void
  readonly served: () => void
}

/** Watches a server; `say` hears where it is waited for. */
export const watchServer = (connection: Connection, say: (line: string, waits: boolean) => void): ServerWatch => {
  let isAway = false
  const away = (reason: string, remedy = 'look whether it runs'): void => {
    if (!isAway) say(`${connectionText(connection)} does not serve (${reason}); waiting for it: ${remedy}`, true)
    isAway = true
  }
  return {
    isAway: () => isAway,
    lost: error => {
      const reason = serverReason(error)
      away(reason, transientRemedy(reason))
    },
    failed: error => {
      const reason = serverReason(error)
      const remedy = transientRemedy(reason)
      if (remedy === undefined) throw error
      away(reason, remedy)
    },
    served: () => {
      if (isAway) say(`${connectionText(connection)} serves again`, false)
      isAway = false
    }
  }
}

/** What is told at the end, as long as somebody listens. */
export const waitBriefly = (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work.catch(() => undefined), setTimeout(CLOSE_TIMEOUT_MILLISECONDS, null, { ref: false })])

/** A connection that answers; or why there is none after so long. */
export const connectServer = async (
  { connect }: QueueEngine,
  connection: Connection,
  patience: number
): Promise<E.Either<Problem.Problem, Redis>> => {
  const redis = connect()
  const waited = new AbortController()
  let reason = 'no answer'
  redis.on('error', (error: Error) => {
    reason = serverReason(error)
  })
  const answered = await Promise.race([
    redis.ping().then(
      () => true,
      (error: unknown) => {
        reason = serverReason(error)
        return false
      }
    ),
    setTimeout(patience, false, { signal: waited.signal })
  ])
  // else the process lives as long as that
  waited.abort()
  if (answered) return E.right(redis)
  redis.disconnect()
  return E.left(
    Problem.of(
      'queue',
      `${connectionText(connection)} (${reason})`,
      'a Redis or Valkey server that lets you in',
      'check the address and the password, or start one: valkey-server --appendonly yes'
    )
  )
}
