/* oxlint-disable no-restricted-globals -- the one place that asks whether this is Node, and does without elsewhere */
/** What threads need of Node, where there is Node: found at run time, so that a bundle for the browser holds none of it. */

/**
 * Starts a thread that keeps no process alive, its data with a port beside them; returns how to post to that port, which
 * the thread reads by `receiveMessageOnPort`, as it never gets to its event loop.
 */
export type Spawn = (source: string, data: object) => (message: unknown) => void

interface NodeEnvironment {
  /** How many threads the machine runs at once, or the user asks for in ORNSTEIN_THREADS. */
  readonly threads: number
  /** More are never started. */
  readonly most: number
  readonly spawn: Spawn
}

/** Each thread has a scratch space, be it used or not; of fewer than eight million rows there are no more chunks than these. */
const MOST_THREADS = 64

const readEnvironment = (): NodeEnvironment | null => {
  // In browsers, and in Node before 20.16, one or the other is missing, whatever the types say.
  const here = (globalThis as { readonly process?: Partial<typeof process> }).process
  const workers = here?.getBuiltinModule?.('node:worker_threads')
  const machine = here?.getBuiltinModule?.('node:os')
  if (workers === undefined || machine === undefined) return null
  const asked = Number(here?.env?.ORNSTEIN_THREADS)
  // Under `node --permission` there is an answer; without it there is nobody to ask.
  const forbidden = here?.permission?.has('worker') === false
  const own = machine.availableParallelism()
  return {
    threads: forbidden ? 1 : Number.isSafeInteger(asked) && asked > 0 ? asked : own,
    most: Math.max(MOST_THREADS, own),
    spawn: (source, data) => {
      const { port1, port2 } = new workers.MessageChannel()
      const workerData = { ...data, port: port2 }
      new workers.Worker(source, { eval: true, workerData, transferList: [port2], execArgv: [] }).unref()
      port1.unref()
      return message => {
        port1.postMessage(message)
      }
    }
  }
}

let foundEnvironment: NodeEnvironment | null | undefined

/** What there is of Node, as it was at the first look: every program that runs asks. */
export const node = (): NodeEnvironment | null => {
  if (foundEnvironment === undefined) foundEnvironment = readEnvironment()
  return foundEnvironment
}
