#!/usr/bin/env node
/** The command `ornstein` in a terminal: the one place that touches the process. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import { mayThread } from './mayThread.js'
import { terminalOf } from './terminal.js'
import type { Signal } from './world.js'

/** Who reads may stop reading (`ornstein … | head`): then there is nothing left to do, and nothing to complain about. */
const onError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`error: standard output: ${error.message}\n`)
  process.exit(1)
}
process.stdout.on('error', onError)
process.stderr.on('error', () => process.exit(1))

// A fit of a sweep ends with who began it, however that ended.
if (process.env.ORNSTEIN_WITH === 'stdin')
  process.stdin
    .on('end', () => process.exit(1))
    .resume()
    .unref()

/** The first signal is heard, and the next ends the process, as it does before and after. */
const signalListener = (told: (signal: Signal) => void): { readonly begin: () => void; readonly end: () => void } => {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const hear = (signal: Signal): void => {
    end()
    if (signal === 'SIGINT')
      process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[2K' : ''}stopping … press Ctrl-C again to quit\n`)
    told(signal)
  }
  const end = (): void => {
    for (const signal of signals) process.off(signal, hear)
  }
  return {
    begin: () => {
      for (const signal of signals) process.on(signal, hear)
    },
    end
  }
}

const terminal = terminalOf(process.stdout, process.stderr, process.env)
const argv = process.argv.slice(2)

/** A command in this thread. */
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

/** V8's flags for a fit, by V8's major version: Node 20 has 11, Node 22 and 24 have 12 and 13. An engine prints what it does not know. */
const FIT_FLAGS: Readonly<Record<string, ReadonlyArray<string>>> = {
  11: ['--interrupt-budget=1000000', '--min-semi-space-size=16'],
  12: ['--invocation-count-for-turbofan=20000', '--min-semi-space-size=16'],
  13: ['--invocation-count-for-turbofan=20000', '--min-semi-space-size=16']
}

/**
 * Lets V8 optimize a function only after several times as many steps as by default, and begin with a larger young generation. Most fits
 * end within a second or two, in which optimizing took a third of the processor time, more than it saved.
 */
const tuneForShortRuns = (): void => {
  if ('bun' in process.versions) return
  const [major] = process.versions.v8.split('.')
  for (const flag of FIT_FLAGS[major] ?? []) setFlagsFromString(flag)
}

/** One in a thread of its own: its steps may take long, and meanwhile signals are heard. */
const runInOwnThread = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const reads = argv.some(word => word === '-' || word.endsWith('=-'))
    // A channel of its own: Deno cannot receive from the thread's parent port between steps.
    const { port1, port2 } = new MessageChannel()
    tuneForShortRuns()
    const thread = new Worker(new URL('./fitThread.js', import.meta.url), {
      workerData: { argv, terminal, isTTY: process.stderr.isTTY, signals: port2 },
      transferList: [port2],
      stdin: reads,
      resourceLimits: { maxOldGenerationSizeMb: getHeapStatistics().heap_size_limit / (1 << 20) }
    })
    if (reads && thread.stdin !== null) process.stdin.pipe(thread.stdin)
    const { begin, end } = signalListener(signal => {
      port1.postMessage(signal)
    })
    thread.on('message', (said: 'begin' | 'end' | number) => {
      if (said === 'begin') begin()
      else if (said === 'end') end()
      else {
        // what is left unread of it keeps no process
        if (reads) process.stdin.destroy()
        resolve(said)
      }
    })
    thread.on('error', reject)
  })

process.exitCode = await (argv[0] === 'fit' && mayThread() ? runInOwnThread() : runInThisThread()).catch(
  (error: unknown) => {
    // Not a user's mistake but ours.
    process.stderr.write(`ornstein: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 1
  }
)
