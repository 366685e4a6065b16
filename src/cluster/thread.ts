/** The leader in a thread of its own: it speaks with the queue while the thread that asks waits. */
import { workerData, type MessagePort } from 'node:worker_threads'
import { writeSync } from 'node:fs'
import * as E from '../core/either.js'
import * as Problem from '../core/Problem.js'
import { leader } from './leader.js'
import type { Question, Session } from './messages.js'
import type { Connection } from './queue.js'

/** What the thread is given: where the queue is, of what the leader is, and what wakes who waits. */
export interface Given {
  readonly connection: Connection
  readonly session: Session
  readonly flag: Int32Array
  readonly port: MessagePort
}

export type Request = { readonly _tag: 'Ask'; readonly question: Question } | { readonly _tag: 'Close' }
export type Reply = E.Either<Problem.Problem, ReadonlyArray<Float64Array>>

const { connection, session, flag, port } = workerData as Given

const reply = (answer: Reply): void => {
  port.postMessage(answer)
  Atomics.add(flag, 0, 1)
  Atomics.notify(flag, 0)
}
const problem = (error: unknown): E.Either<Problem.Problem, never> => {
  const reason = error instanceof Error ? error.message : String(error)
  return E.left(Problem.of('queue', reason, 'what a queue says', 'look at its server'))
}
/** Whoever waits hears of every end. */
const failed = (error: unknown): void => {
  reply(problem(error))
}
process.on('uncaughtException', failed)

// Standard error itself, as the thread that would hand it on waits.
const led = await leader(connection, session, line => {
  writeSync(2, `${line}\n`)
}).catch(problem)
if (E.isLeft(led)) reply(led)
else {
  port.on('message', (request: Request) => {
    if (request._tag === 'Ask') led.right.ask(request.question).then(reply, failed)
    else
      led.right.close().then(() => {
        reply(E.right([]))
        port.close()
      }, failed)
  })
  reply(E.right([]))
}
