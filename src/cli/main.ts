#!/usr/bin/env node
/** The command `ornstein`. Only this module and those of a fit's thread access the process. */
import { mayThread } from './mayThread.js'
import { signalListener } from './signalListener.js'
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

const terminal = terminalOf(process.stdout, process.stderr, process.env)
const argv = process.argv.slice(2)

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

/** Only a fit loads the module that starts the thread. */
const runInOwnThread = async (): Promise<number> => (await import('./startFitThread.js')).runInOwnThread(argv, terminal)

process.exitCode = await (argv[0] === 'fit' && mayThread() ? runInOwnThread() : runInThisThread()).catch(
  (error: unknown) => {
    // A defect of this program, not a usage error.
    process.stderr.write(`ornstein: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return 1
  }
)
