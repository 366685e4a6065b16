/**
 * Computes a worker's sums in a thread of its own. A session's data are opened once, and each range is verified by the leader's hash before
 * it is first summed.
 */
import { parentPort, Worker } from 'node:worker_threads'
import { reason } from '../../lib/plain/said.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type * as Source from '../data/source/source.js'
import * as RemoteSums from '../compile/remoteSums.js'
import * as Vocabulary from '../standard.js'
import { splitIntoRanges, hashRange, rangeName } from './rowRanges.js'
import { isProblem } from './messages.js'
import type { TaskResult, ComputeTask, WorkerTask } from './worker.js'

/** Opens the rows of a session's `data`. */
export type Open = (data: unknown) => Promise<E.Either<Problem.Problem, Source.Source>>

/** Maximum number of sessions whose data stay open. */
const MAX_OPEN_SESSIONS = 2
/** Per session; a program keeps the rows that it has read. */
const MAX_KEPT_PROGRAMS = 4

type PreparedSum = ReturnType<ReturnType<ReturnType<typeof RemoteSums.requestedReduction>>>

/** Removes the oldest entries until `most` are left, and calls `end` for each. */
const evictOldest = <A>(kept: Map<string, A>, most: number, end: (one: A) => void): void => {
  for (const [name, one] of [...kept].slice(0, Math.max(0, kept.size - most))) {
    kept.delete(name)
    end(one)
  }
}

const failedAnswer = (problem: Problem.Problem): TaskResult => ({ _tag: 'Failed', problem })

/** Computes tasks one after another; programs are resolved in the vocabulary. */
export const taskComputer = (open: Open, vocabulary = Vocabulary.standard): ComputeTask => {
  interface Opened {
    readonly source: E.Either<Problem.Problem, Source.Source>
    readonly checked: Set<number>
    /** By description of the program. */
    readonly programs: Map<string, PreparedSum>
  }
  const sessions = new Map<string, Opened>()
  let last: { readonly step: string; readonly sum: ReturnType<RemoteSums.SumAtNumbers> } | null = null
  const opened = async ({ id, session }: WorkerTask): Promise<Opened> => {
    const known = sessions.get(id)
    if (known !== undefined) return known
    const made = {
      source: await open(session.data),
      checked: new Set<number>(),
      programs: new Map<string, PreparedSum>()
    }
    // A source that could not be opened is tried again by the next task.
    if (E.isLeft(made.source)) return made
    sessions.set(id, made)
    evictOldest(sessions, MAX_OPEN_SESSIONS, ({ source }) => {
      if (E.isRight(source)) source.right.close()
    })
    return made
  }
  return async task => {
    const { question, session } = task
    const { source, checked, programs } = await opened(task)
    if (E.isLeft(source)) return failedAnswer(source.left)
    const data = source.right
    if (data.rows !== session.rows)
      return { _tag: 'Refused', problem: otherDataProblem('rows', data.rows, session.rows) }
    const range = splitIntoRanges(data.rows).at(task.range)
    if (range === undefined) return failedAnswer(Problem.of('range', task.range, 'one of the rows', 'ask for another'))
    if (!checked.has(task.range)) {
      const hash = hashRange(data, range)
      const own = session.hashes.at(task.range) ?? 'none'
      if (hash !== own) return { _tag: 'Refused', problem: otherDataProblem(rangeName(range), hash, own) }
      checked.add(task.range)
    }
    const name = JSON.stringify(question.program)
    const sum = programs.get(name) ?? RemoteSums.requestedReduction(vocabulary)(question.program)(data)
    programs.delete(name)
    programs.set(name, sum)
    evictOldest(programs, MAX_KEPT_PROGRAMS, () => undefined)
    if (E.isLeft(sum)) return failedAnswer(sum.left)
    // One sum for all ranges of a step, since they may share its random draws.
    const step = `${task.id} ${question.step}`
    if (last?.step !== step) last = { step, sum: sum.right(question.numbers) }
    const { firstChunk, chunks } = range
    return { _tag: 'Sums', sums: last.sum.chunks(firstChunk, firstChunk + chunks) }
  }
}

const otherDataProblem = (field: string, value: string | number, own: string | number): Problem.Problem =>
  Problem.of(field, value, `the leader's, ${own}`, 'give the worker the same data')

/**
 * Answers the tasks that `inThread` sends, in the thread started for it. A custom vocabulary must equal the leader's: its entries are
 * identified by name, and no code is sent.
 */
export const serve = (open: Open, vocabulary = Vocabulary.standard): void => {
  const compute = taskComputer(open, vocabulary)
  let before: Promise<unknown> = Promise.resolve()
  parentPort?.on('message', (task: WorkerTask) => {
    before = before.then(async () => {
      const answer = await compute(task).catch((error: unknown) => failedAnswer(problemOfThrown(error)))
      // The sums own their memory, so it can be transferred.
      parentPort?.postMessage(answer, answer._tag === 'Sums' ? [answer.sums.buffer as ArrayBuffer] : [])
    })
  })
}

const problemOfThrown = (error: unknown): Problem.Problem =>
  error instanceof Error && 'problem' in error && isProblem(error.problem)
    ? error.problem
    : Problem.of('sums', reason(error), 'what a sum ends with', 'look at the data')

/**
 * Computes tasks in a thread that runs the module `entry`, which calls `serve`; `own` is the thread's data. A thread that ends is replaced.
 */
export const inThread = (entry: { readonly href: string }, own: unknown): ComputeTask => {
  let thread: Worker | null = null
  let waiting: ((answer: TaskResult) => void) | null = null
  const answered = (answer: TaskResult): void => {
    waiting?.(answer)
    waiting = null
  }
  const started = (): Worker => {
    const made = new Worker(new URL(entry.href), { workerData: own })
    made.on('message', answered)
    made.on('error', (error: unknown) => {
      thread = null
      answered(failedAnswer(problemOfThrown(error)))
    })
    made.unref()
    return made
  }
  return task =>
    new Promise(resolve => {
      waiting = resolve
      thread ??= started()
      thread.postMessage(task)
    })
}
