#!/usr/bin/env node
/** The command `ornstein`. Only this module and `fitThread` access the process. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import { mayThread } from './mayThread.js'
import { terminalOf } from './terminal.js'
import type { Signal } from './world.js'

/** Exits without an error when the reader of standard output closes it, as in `ornstein … | head`. */
const onStdoutError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`error: standard output: ${error.message}\n`)
  process.exit(1)
}
process.stdout.on('error', onStdoutError)
process.stderr.on('error', () => process.exit(1))

// Ends a fit of a sweep with the sweep, which closes its standard input.
if (process.env.ORNSTEIN_WITH === 'stdin')
  process.stdin
    .on('end', () => process.exit(1))
    .resume()
    .unref()

/** Catches one signal between `begin` and `end`. All others end the process. */
const signalListener = (
  onSignal: (signal: Signal) => void
): { readonly begin: () => void; readonly end: () => void } => {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const receive = (signal: Signal): void => {
    end()
    if (signal === 'SIGINT')
      process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[2K' : ''}stopping … press Ctrl-C again to quit\n`)
    onSignal(signal)
  }
  const end = (): void => {
    for (const signal of signals) process.off(signal, receive)
  }
  return {
    begin: () => {
      for (const signal of signals) process.on(signal, receive)
    },
    end
  }
}

const terminal = terminalOf(process.stdout, process.stderr, process.env)
const argv = process.argv.slice(2)

/** Runs the command in this thread and returns its exit code. */
const runInThisThread = async (): Promise<number> => {
  const [{ run }, { nodeWorld: worldOf }] = await Promise.all([import('./commandLine.js'), import('./nodeWorld.js')])
  return run(
    worldOf({
      stderr: text => {
        process.stderr.write(text)
      },
      isTTY: process.stderr.isTTY,
      terminal,
      setWaiting: () => undefined,
      untilSignal: async work => {
        let first: Signal | null = null
        const { begin, end } = signalListener(signal => {
          first = signal
        })
        begin()
        try {
          return await work(async () => {
            await new Promise(resolve => setImmediate(resolve))
            return first
          })
        } finally {
          end()
        }
      }
    })
  )(argv)()
}

/** V8 flags for a fit, by the major version of V8 (Node 20: 11, Node 22: 12, Node 24: 13), which prints an error for unknown flags. */
const FIT_FLAGS: Readonly<Record<string, ReadonlyArray<string>>> = {
  11: ['--interrupt-budget=1000000', '--min-semi-space-size=16'],
  12: ['--invocation-count-for-turbofan=20000', '--min-semi-space-size=16'],
  13: ['--invocation-count-for-turbofan=20000', '--min-semi-space-size=16']
}

/**
 * Raises V8's call count before optimization, and the initial size of its young generation: in fits of two seconds, optimization took a
 * third of the processor time and saved less.
 */
const tuneForShortRuns = (): void => {
  if ('bun' in process.versions) return
  const [major] = process.versions.v8.split('.')
  for (const flag of FIT_FLAGS[major] ?? []) setFlagsFromString(flag)
}

/** Runs the command in another thread, so that this one receives signals during long steps. Returns the exit code. */
const runInOwnThread = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const readsStdin = argv.some(word => word === '-' || word.endsWith('=-'))
    // A separate channel, since Deno cannot receive from the thread's parent port between steps.
    const { port1, port2 } = new MessageChannel()
    tuneForShortRuns()
    const thread = new Worker(new URL('./fitThread.js', import.meta.url), {
      workerData: { argv, terminal, isTTY: process.stderr.isTTY, signals: port2 },
      transferList: [port2],
      stdin: readsStdin,
      resourceLimits: { maxOldGenerationSizeMb: getHeapStatistics().heap_size_limit / (1 << 20) }
    })
    if (readsStdin && thread.stdin !== null) process.stdin.pipe(thread.stdin)
    const { begin, end } = signalListener(signal => {
      port1.postMessage(signal)
    })
    thread.on('message', (message: 'begin' | 'end' | number) => {
      if (message === 'begin') begin()
      else if (message === 'end') end()
      else {
        // unread input would keep the process alive
        if (readsStdin) process.stdin.destroy()
        resolve(message)
      }
    })
    thread.on('error', reject)
  })

process.exitCode = await (argv[0] === 'fit' && mayThread() ? runInOwnThread() : runInThisThread()).catch(
  (error: unknown) => {
    // a defect of this program, not a usage error
    process.stderr.write(`ornstein: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 1
  }
)
