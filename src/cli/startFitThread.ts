import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import { signalListener, type SignalListener } from './signalListener.js'
import type { Terminal } from './terminal.js'

/** V8 flags for a fit, by major version (Node 20: 11, Node 22: 12, Node 24: 13), which rejects unknown flags. */
const FIT_FLAGS: Readonly<Record<string, ReadonlyArray<string>>> = {
  11: ['--interrupt-budget=1000000', '--min-semi-space-size=16'],
  12: ['--invocation-count-for-turbofan=20000', '--min-semi-space-size=16'],
  13: ['--invocation-count-for-turbofan=20000', '--min-semi-space-size=16']
}

/**
 * Delays V8's optimization and enlarges its young generation: in fits of two seconds, optimization took a third of the processor time and
 * saved less.
 */
const tuneForShortRuns = (): void => {
  if ('bun' in process.versions) return
  const [major] = process.versions.v8.split('.')
  for (const flag of FIT_FLAGS[major] ?? []) setFlagsFromString(flag)
}

/** Runs the command in another thread, so that this one receives signals. Returns the exit code. */
export const runInOwnThread = (argv: ReadonlyArray<string>, terminal: Terminal): Promise<number> =>
  new Promise((resolve, reject) => {
    const readsStdin = argv.some(word => word === '-' || word.endsWith('=-'))
    // A separate channel: Deno cannot receive from the parent port between steps.
    const { port1, port2 } = new MessageChannel()
    tuneForShortRuns()
    const thread = new Worker(new URL('./fitThread.js', import.meta.url), {
      workerData: { argv, terminal, isTTY: process.stderr.isTTY, signals: port2 },
      transferList: [port2],
      stdin: readsStdin,
      resourceLimits: { maxOldGenerationSizeMb: getHeapStatistics().heap_size_limit / (1 << 20) }
    })
    if (readsStdin && thread.stdin !== null) process.stdin.pipe(thread.stdin)
    const listener = signalListener(signal => {
      port1.postMessage(signal)
    })
    thread.on('message', (message: keyof SignalListener | number) => {
      if (typeof message === 'string') listener[message]()
      else {
        // Unread input would keep the process alive.
        if (readsStdin) process.stdin.destroy()
        resolve(message)
      }
    })
    thread.on('error', reject)
  })
