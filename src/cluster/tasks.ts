/**
 * Whole tasks by the workers of a queue, each by one of them: JSON goes there, and JSON comes back. A task whose worker ends is
 * begun again by another; the first result counts. Workers of other code have a queue of their own, and meet none of these.
 */
import { setTimeout } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import * as Messages from './messages.js'
import {
  connected,
  engine,
  KEPT,
  keys,
  keysMended,
  PATIENCE,
  shown,
  tasksOf,
  told,
  unserved,
  watched,
  type Connection
} from './queue.js'

/** What comes of a task; whoever does it ends with the signal. */
export type Perform = (task: unknown, ended: AbortSignal) => Promise<unknown>

/** A task, by a name that no other of its kind has. */
export interface Task {
  readonly name: string
  readonly task: unknown
}

/** Looks for results that often, in milliseconds; and for what was lost. */
const LOOK = 200
const MEND = 1000
/** Without any worker, it is said after so long. */
const SILENT = 2000
/** So many tasks stand in the queue at a time: what is in it is done though nobody asks any more. */
const AHEAD = 64
/** A task that so many workers have begun and none has ended is given up. */
const MOST_BEGUN = 5

const parsed = (text: string): E.Either<null, unknown> => {
  try {
    return E.right(JSON.parse(text))
  } catch {
    return E.left(null)
  }
}

/** Does the tasks that come, one after another; what nobody waits for is passed over. */
export const performing =
  (redis: Redis, perform: Perform, ended: AbortSignal) =>
  async (data: unknown): Promise<void> => {
    const order = Messages.readTask(data)
    if (order === null) return
    const { id, name, task } = order
    if ((await redis.exists(keys.asking(id))) === 0) return
    await redis.multi().hincrby(keys.begun(id), name, 1).pexpire(keys.begun(id), KEPT).exec()
    // nor is what nobody waits for any more gone on with; a server that has lost all is told again in the meantime
    const left = new AbortController()
    let missed = 0
    const looking = setInterval(() => {
      redis.exists(keys.asking(id)).then(
        count => {
          missed = count === 0 ? missed + 1 : 0
          if (missed > 1) left.abort()
        },
        () => undefined
      )
    }, MEND)
    const either = AbortSignal.any([ended, left.signal])
    const result = JSON.stringify(
      await perform(task, either).finally(() => {
        clearInterval(looking)
      })
    )
    if (either.aborted) throw new Error('ended')
    await redis.multi().hsetnx(keys.results(id), name, result).pexpire(keys.results(id), KEPT).exec()
  }

/**
 * Has tasks done by the workers of this code, and hears of each as soon as it is done, until none is left or `stopped` says so. `id`
 * tells these tasks from others: who asks again under it finds what was done meanwhile.
 */
export const performed = async (
  connection: Connection,
  code: string,
  id: string,
  tasks: ReadonlyArray<Task>,
  done: (name: string, result: E.Either<Problem.Problem, unknown>) => void,
  say: (line: string) => void,
  stopped: () => Promise<boolean>
): Promise<E.Either<Problem.Problem, null>> => {
  const found = await engine(connection)
  if (E.isLeft(found)) return found
  const reached = await connected(found.right, connection, PATIENCE)
  if (E.isLeft(reached)) return reached
  const redis = reached.right
  const queue = found.right.queue(tasksOf(code), redis)
  const server = watched(connection, say)
  redis.on('error', server.lost)
  // heard by the connection
  queue.on('error', () => undefined)
  const missing = new Map(tasks.map(one => [one.name, one]))
  const all = [keys.asking(id), keys.results(id), keys.begun(id)]

  const over = (name: string, result: E.Either<Problem.Problem, unknown>): void => {
    missing.delete(name)
    done(name, result)
  }
  const gather = async (): Promise<void> => {
    const names = [...missing.keys()]
    if (names.length === 0) return
    const results = await redis.hmget(keys.results(id), ...names)
    for (const [i, name] of names.entries()) {
      const text = results[i]
      if (text === null) continue
      const read = parsed(text)
      if (E.isRight(read)) over(name, read)
      else {
        say(`the result of a task is no JSON (${Messages.printable(text)}): it is asked for again`)
        await redis.hdel(keys.results(id), name)
      }
    }
  }
  const lost = Problem.of(
    'worker',
    `the ${MOST_BEGUN}th that ended over it`,
    'able to do it',
    'look at what workers say, and give them more memory'
  )
  const mend = async (): Promise<void> => {
    await redis.set(keys.asking(id), code, 'PX', KEPT)
    const next = [...missing.values()].slice(0, AHEAD)
    const begun = await redis.hmget(keys.begun(id), ...next.map(({ name }) => name))
    for (const [i, one] of next.entries()) {
      const job = `${id}-${one.name}`
      if ((await queue.getJobState(job)) !== 'unknown') continue
      // a result is there before its task leaves the queue: this one was done since results were last gathered
      if ((await redis.hexists(keys.results(id), one.name)) === 1) continue
      if (Number(begun[i]) >= MOST_BEGUN) over(one.name, E.left(lost))
      else await queue.add('task', { id, ...one }, { jobId: job, removeOnComplete: true, removeOnFail: true })
    }
  }
  const isThere = async (): Promise<boolean> => {
    const names = await redis.smembers(keys.workers)
    return names.length > 0 && (await redis.mget(names.map(keys.alive))).includes(code)
  }

  try {
    const start = performance.now()
    let [mended, isSaid] = [-Infinity, false]
    const looked = async (): Promise<void> => {
      const now = performance.now()
      if (now - mended > MEND) {
        await mend()
        mended = now
        server.served()
        if (!isSaid && now - start > SILENT && !(await isThere())) {
          isSaid = true
          say(
            `no worker of this version at ${shown(connection)} yet; start some: ornstein worker --queue ${shown(connection)}`
          )
        }
      }
      await gather()
    }
    let looking = Promise.resolve()
    let isLooking = false
    while (missing.size > 0 && !(await stopped())) {
      // a server that is away keeps nobody from being stopped
      if (!isLooking) {
        isLooking = true
        looking = looked()
          .catch(async (error: unknown) => {
            const kinds = { [keys.workers]: 'set', [keys.results(id)]: 'hash', [keys.begun(id)]: 'hash' } as const
            if (!(await keysMended(redis, kinds, error, say).catch(() => false))) server.failed(error)
          })
          .finally(() => (isLooking = false))
      }
      await Promise.race([looking, setTimeout(LOOK)])
      if (missing.size > 0) await setTimeout(LOOK)
    }
    // workers leave what is under way; what they have done is there until it lapses
    await told(redis.del(missing.size > 0 ? [keys.asking(id), keys.begun(id)] : all))
    return E.right(null)
  } catch (error) {
    return E.left(unserved(connection, error))
  } finally {
    await told(queue.close())
    redis.disconnect()
  }
}
