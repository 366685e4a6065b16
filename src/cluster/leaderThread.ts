/** Thread of the leader, which serves the queue while the requesting thread is blocked. */
import { workerData, type MessagePort } from 'node:worker_threads'
import { writeSync } from 'node:fs'
import * as E from '../core/either.js'
import type * as Problem from '../core/problem.js'
import { connectLeader } from './leader.js'
import type { SumRequest, Session } from './messages.js'
import { serverProblem, type Connection } from './queue.js'

/** Input of the thread; `flag` wakes the blocked thread. */
export interface ThreadInput {
  readonly connection: Connection
  readonly session: Session
  readonly flag: Int32Array
  readonly port: MessagePort
}

export type ThreadRequest =
  | { readonly _tag: 'Ask'; readonly question: SumRequest; readonly width: number }
  | { readonly _tag: 'Close' }
export type ThreadAnswer = E.Either<Problem.Problem, ReadonlyArray<Float64Array>>
/** Answer, or a line for the user if the sum has to wait because no worker computes. */
export type ThreadReply = ThreadAnswer | { readonly _tag: 'Waits'; readonly line: string }

// As index.ts starts the thread.
const { connection, session, flag, port } = workerData as ThreadInput

const reply = (answer: ThreadReply): void => {
  port.postMessage(answer)
  Atomics.add(flag, 0, 1)
  Atomics.notify(flag, 0)
}
const unservedProblem = (error: unknown): E.Either<Problem.Problem, never> => E.left(serverProblem(connection, error))
const replyFailure = (error: unknown): void => {
  reply(unservedProblem(error))
}
process.on('uncaughtException', replyFailure)

const connectedLeader = await connectLeader(connection, session, (line, waits) => {
  if (waits) reply({ _tag: 'Waits', line })
  // Written directly, since the thread that would forward standard error is blocked.
  else writeSync(2, `${line}\n`)
}).catch(unservedProblem)
if (E.isLeft(connectedLeader)) reply(connectedLeader)
else {
  port.on('message', (request: ThreadRequest) => {
    if (request._tag === 'Ask') connectedLeader.right.ask(request.question, request.width).then(reply, replyFailure)
    else
      connectedLeader.right.close().then(() => {
        reply(E.right([]))
        port.close()
      }, replyFailure)
  })
  reply(E.right([]))
}
