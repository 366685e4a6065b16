/** The queue: BullMQ on Redis or Valkey, loaded on demand, and the names of its keys. */
import { setTimeout } from 'node:timers/promises'
import type { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { reason } from '../../lib/plain/said.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { printableMessage } from './messages.js'

/** Address: a URL (`redis://host:port`, `rediss://` for TLS, with user and password), or the options of ioredis. */
export type Connection = string | Readonly<Record<string, unknown>>

const KEY_PREFIX = 'ornstein'

export const REDIS_KEYS = {
  workers: `${KEY_PREFIX}:workers`,
  /** Hash of a worker's code; expires when the worker ends. */
  alive: (worker: string): string => `${KEY_PREFIX}:alive:${worker}`,
  session: (id: string): string => `${KEY_PREFIX}:session:${id}`,
  /** Request of the current step. */
  question: (id: string): string => `${KEY_PREFIX}:question:${id}`,
  /** Hash from range to sums. */
  sums: (id: string, step: number): string => `${KEY_PREFIX}:sums:${id}:${step}`,
  /** Notes, in order of arrival. */
  notes: (id: string, step: number): string => `${KEY_PREFIX}:notes:${id}:${step}`
}

/** Lifetime of a worker's registration. */
export const ALIVE_MILLISECONDS = 1200
/** Interval at which a registration is renewed. */
export const HEARTBEAT_MILLISECONDS = 300
/** Maximum wait for a server at the start. */
export const CONNECT_MILLISECONDS = 10_000
/** Lifetime of the keys of a leader that has ended. */
export const EXPIRY_MILLISECONDS = 120_000
/** A connection without a reply for this time is reopened; a queue waits at most 10 s for a job. */
const SOCKET_TIMEOUT_MILLISECONDS = 15_000
/** Maximum wait for the last messages to a server that is unavailable. */
const CLOSE_TIMEOUT_MILLISECONDS = 2000

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

/** Returns the connection for messages, without its password. */
export const connectionText = (connection: Connection): string =>
  typeof connection === 'string'
    ? connection.replace(/\/\/[^@/]*@/, '//…@')
    : `${String(connection.host)}:${String(connection.port)}`

/** Loads the packages; a problem if they are not installed. */
export const loadQueueEngine = async (connection: Connection): Promise<E.Either<Problem.Problem, QueueEngine>> => {
  try {
    const [{ Queue, Worker }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')])
    const common = { prefix: KEY_PREFIX, streams: { events: { maxLen: 100 } } }
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
          // A job is started again after this time without renewal.
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

/** Makes commands wait for a server that is unavailable. */
const RETRY_OPTIONS = {
  maxRetriesPerRequest: null,
  retryStrategy: (times: number): number => Math.min(50 * times, 500),
  socketTimeout: SOCKET_TIMEOUT_MILLISECONDS
} as const

/** Replies, which may be temporary, of a server that is full, starting or a replica; each with a remedy. */
const TRANSIENT_ERRORS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^OOM/, 'raise its maxmemory'],
  [/^MISCONF/, 'look at its disk and its log'],
  [/^(READONLY|LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN)/, 'look at its log'],
  [/^Command aborted due to connection close/, 'look whether it runs']
]
const transientRemedy = (reason: string): string | undefined => TRANSIENT_ERRORS.find(([of]) => of.test(reason))?.[1]

/** Returns the reason of an error; for a transaction, that of the first command that failed. */
const serverReason = (error: unknown): string => {
  const all: unknown = error instanceof Error && 'previousErrors' in error ? error.previousErrors : []
  const first: unknown = Array.isArray(all) && all.length > 0 ? all[0] : error
  return printableMessage(reason(first))
}

type KeyKind = 'set' | 'hash' | 'list'

/** Removes keys whose type another program has changed, and reports it. True if the error came from such keys. */
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

/** Problem of a server that rejects commands. */
export const serverProblem = (connection: Connection, error: unknown): Problem.Problem =>
  Problem.of(
    'queue',
    `${connectionText(connection)} (${serverReason(error)})`,
    'a server that does what it is asked',
    'look at its log, and at what its user may do'
  )

/** Record of a server's availability; each change is reported once. */
export interface ServerWatch {
  readonly isAway: () => boolean
  /** Called when the connection fails; counts the server as away. */
  readonly recordLoss: (error: unknown) => void
  /** Called when a command has failed; rethrows the error unless it is temporary. */
  readonly recordFailure: (error: unknown) => void
  /** Called when the server has replied. */
  readonly recordReply: () => void
}

/** Records whether a server is available, as it is at first; calls `say` when commands begin or cease to wait for it. */
export const serverWatch = (connection: Connection, say: (line: string, waits: boolean) => void): ServerWatch => {
  let isAway = false
  const away = (reason: string, remedy = 'look whether it runs'): void => {
    if (!isAway) say(`${connectionText(connection)} does not serve (${reason}); waiting for it: ${remedy}`, true)
    isAway = true
  }
  return {
    isAway: () => isAway,
    recordLoss: error => {
      const reason = serverReason(error)
      away(reason, transientRemedy(reason))
    },
    recordFailure: error => {
      const reason = serverReason(error)
      const remedy = transientRemedy(reason)
      if (remedy === undefined) throw error
      away(reason, remedy)
    },
    recordReply: () => {
      if (isAway) say(`${connectionText(connection)} serves again`, false)
      isAway = false
    }
  }
}

/** Waits for the last messages, up to `CLOSE_TIMEOUT_MILLISECONDS`. */
export const waitBriefly = (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work.catch(() => undefined), setTimeout(CLOSE_TIMEOUT_MILLISECONDS, null, { ref: false })])

/** Connects to a server; a problem if it does not answer in time. */
export const connectServer = async (
  { connect }: QueueEngine,
  connection: Connection,
  timeoutMilliseconds: number
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
    setTimeout(timeoutMilliseconds, false, { signal: waited.signal })
  ])
  // The timer would keep the process alive.
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
