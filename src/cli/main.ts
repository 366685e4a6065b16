#!/usr/bin/env node
/** The command `ornstein` in a terminal: the one place that touches the process. */
import { createRequire } from 'node:module'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { run } from './commandLine.js'
import { terminalOf } from './terminal.js'
import { type Failure, type Files, type Signal, type World } from './world.js'

const version = (): string => {
  const read: unknown = createRequire(import.meta.url)('ornstein/package.json')
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown'
}

/** Who reads may stop reading (`ornstein … | head`): then there is nothing left to do, and nothing to complain about. */
const onError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`error: standard output: ${error.message}\n`)
  process.exit(1)
}
process.stdout.on('error', onError)
process.stderr.on('error', () => process.exit(1))

/** Files by the module that knows them, which is loaded when the first is asked for: help and wrong words wait for none. */
const byFiles =
  <A>(work: (files: Files) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  async () => {
    const { files } = await import('./files.js')
    return work(files(process.stdin))()
  }

const world: World = {
  readText: (...asked) => byFiles(({ readText }) => readText(...asked)),
  readBytes: (...asked) => byFiles(({ readBytes }) => readBytes(...asked)),
  exists: path => async () => (await import('./files.js')).files(process.stdin).exists(path)(),
  isLarge: path => async () => (await import('./files.js')).files(process.stdin).isLarge(path)(),
  readSource: (...asked) => byFiles(({ readSource }) => readSource(...asked)),
  readTable: (...asked) => byFiles(({ readTable }) => readTable(...asked)),
  readCopies: async function* (...asked) {
    yield* (await import('./files.js')).files(process.stdin).readCopies(...asked)
  },
  load: (...asked) => byFiles(({ load }) => load(...asked)),
  checkOutputs: (...asked) => byFiles(({ checkOutputs }) => checkOutputs(...asked)),
  makeFolder: (...asked) => byFiles(({ makeFolder }) => makeFolder(...asked)),
  writeFiles: (...asked) => byFiles(({ writeFiles }) => writeFiles(...asked)),
  version: version(),
  stdout: content => () =>
    new Promise(resolve => {
      process.stdout.write(content, () => {
        resolve()
      })
    }),
  stderr: text => {
    process.stderr.write(text)
  },
  isTTY: process.stderr.isTTY,
  terminal: terminalOf(process.stdout, process.stderr, process.env),
  untilSignal: async work => {
    let first: Signal | null = null
    const signals = ['SIGINT', 'SIGTERM'] as const
    const hear = (signal: Signal): void => {
      first ??= signal
      ignore()
    }
    const ignore = (): void => {
      for (const signal of signals) process.off(signal, hear)
    }
    for (const signal of signals) process.on(signal, hear)
    try {
      return await work(async () => {
        await new Promise(resolve => setImmediate(resolve))
        return first
      })
    } finally {
      ignore()
    }
  },
  now: () => performance.now()
}

// A fit of a sweep ends with who began it, however that ended.
if (process.env.ORNSTEIN_WITH === 'stdin')
  process.stdin
    .on('end', () => process.exit(1))
    .resume()
    .unref()

process.exitCode = await run(world)(process.argv.slice(2))().catch((error: unknown) => {
  // Not a user's mistake but ours.
  process.stderr.write(`ornstein: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
})
