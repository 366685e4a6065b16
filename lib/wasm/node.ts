/* oxlint-disable no-restricted-globals -- the one file that tests for Node; elsewhere nothing of Node is used */
/** Parts of Node that threads need, found at run time, so bundles for browsers contain none. */

/**
 * Starts a thread that does not keep the process alive. Returns the function that posts to its message port, which it reads by
 * `receiveMessageOnPort`, since it never returns to its event loop.
 */
export type Spawn = (source: string, data: object) => (message: unknown) => void

interface NodeEnvironment {
  /** Number of threads that the machine runs at once, or ORNSTEIN_THREADS if set. */
  readonly threads: number
  readonly maxThreads: number
  readonly spawn: Spawn
}

/** Default maximum: each thread has scratch space, and fewer than eight million rows have no more chunks than this. */
const DEFAULT_MAX_THREADS = 64

const readEnvironment = (): NodeEnvironment | null => {
  // In spite of the types, `process` is missing in browsers and `getBuiltinModule` in Node before 20.16.
  const here = (globalThis as { readonly process?: Partial<typeof process> }).process
  const workers = here?.getBuiltinModule?.('node:worker_threads')
  const machine = here?.getBuiltinModule?.('node:os')
  if (workers === undefined || machine === undefined) return null
  const requested = Number(here?.env?.ORNSTEIN_THREADS)
  // Defined only under `node --permission`.
  const isForbidden = here?.permission?.has('worker') === false
  const available = machine.availableParallelism()
  return {
    threads: isForbidden ? 1 : Number.isSafeInteger(requested) && requested > 0 ? requested : available,
    maxThreads: Math.max(DEFAULT_MAX_THREADS, available),
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

let cachedEnvironment: NodeEnvironment | null | undefined

/** The environment of Node, read once; null outside Node. */
export const node = (): NodeEnvironment | null => {
  if (cachedEnvironment === undefined) cachedEnvironment = readEnvironment()
  return cachedEnvironment
}
