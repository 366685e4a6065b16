/* eslint-disable no-restricted-globals -- the one place that asks whether this is Node, and does without elsewhere */
/** What threads need of Node, where there is Node: found at run time, so that a bundle for the browser holds none of it. */

/** A thread that keeps no process alive. */
export type Spawn = (source: string, data: unknown) => void

interface Environment {
  /** How many threads the machine runs at once, or the user asks for in ORNSTEIN_THREADS. */
  readonly threads: number
  readonly spawn: Spawn
}

export const node = (): Environment | null => {
  // In browsers, and in Node before 20.16, one or the other is missing, whatever the types say.
  const here = (globalThis as { readonly process?: Partial<typeof process> }).process
  const workers = here?.getBuiltinModule?.('node:worker_threads')
  const machine = here?.getBuiltinModule?.('node:os')
  if (workers === undefined || machine === undefined) return null
  const asked = Number(here?.env?.ORNSTEIN_THREADS)
  // Under `node --permission` there is an answer; without it there is nobody to ask.
  const forbidden = here?.permission?.has('worker') === false
  return {
    threads: forbidden ? 1 : Number.isSafeInteger(asked) && asked > 0 ? asked : machine.availableParallelism(),
    spawn: (source, data) => {
      new workers.Worker(source, { eval: true, workerData: data, execArgv: [] }).unref()
    }
  }
}
