/**
 * A worker's sums, in a thread of their own: data that a session describes are opened once, and each range of them is held to the
 * leader's hash before it is summed the first time.
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

/** The rows that a description names; or why they cannot be had. */
export type Open = (data: unknown) => Promise<E.Either<Problem.Problem, Source.Source>>

/** Sessions whose data stay open, and programs of each that are kept with what they have read. */
const MAX_OPEN_SESSIONS = 2
const MAX_KEPT_PROGRAMS = 4

type PreparedSum = ReturnType<ReturnType<ReturnType<typeof RemoteSums.requestedReduction>>>

/** Those first that were put there first. */
const evictOldest = <A>(kept: Map<string, A>, most: number, end: (one: A) => void): void => {
  for (const [name, one] of [...kept].slice(0, Math.max(0, kept.size - most))) {
    kept.delete(name)
    end(one)
  }
}

const failedAnswer = (problem: Problem.Problem): TaskResult => ({ _tag: 'Failed', problem })

/** Computes tasks one after another, in the words of a vocabulary. */
export const taskComputer = (open: Open, vocabulary = Vocabulary.standard): ComputeTask => {
  interface Opened {
    readonly source: E.Either<Problem.Problem, Source.Source>
    readonly checked: Set<number>
    /** By description: passes keep what they have read of the rows. */
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
    // what could not be opened is tried again
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
    // One sum for all ranges of a step: what it draws may be for all rows.
    const step = `${task.id} ${question.step}`
    if (last?.step !== step) last = { step, sum: sum.right(question.numbers) }
    const { firstChunk, chunks } = range
    return { _tag: 'Sums', sums: last.sum.chunks(firstChunk, firstChunk + chunks) }
  }
}

const otherDataProblem = (field: string, value: string | number, own: string | number): Problem.Problem =>
  Problem.of(field, value, `the leader's, ${own}`, 'give the worker the same data')

/**
 * Answers, in the thread that was started for it, what `inThread` hands on. A worker of one's own may know words of one's own: as
 * those of its leader they are told by their names, and no code is sent.
 */
export const serve = (open: Open, vocabulary = Vocabulary.standard): void => {
  const compute = taskComputer(open, vocabulary)
  let before: Promise<unknown> = Promise.resolve()
  parentPort?.on('message', (task: WorkerTask) => {
    before = before.then(async () => {
      const answer = await compute(task).catch((error: unknown) => failedAnswer(problemOfThrown(error)))
      // sums are in memory of their own, which is not shared
      parentPort?.postMessage(answer, answer._tag === 'Sums' ? [answer.sums.buffer as ArrayBuffer] : [])
    })
  })
}

const problemOfThrown = (error: unknown): Problem.Problem =>
  error instanceof Error && 'problem' in error && isProblem(error.problem)
    ? error.problem
    : Problem.of('sums', reason(error), 'what a sum ends with', 'look at the data')

/** Computes in a thread that the module at the URL `entry` starts with `own` as its data, and that calls `serve`; one that ends is replaced. */
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
