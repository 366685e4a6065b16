/** The world as Node has it, except for what a thread has otherwise than the process. */
import { createRequire } from 'node:module'
import type * as T from 'fp-ts/lib/Task.js'
import type { Files, World } from './world.js'

const packageVersion = (): string => {
  const read: unknown = createRequire(import.meta.url)('ornstein/package.json')
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown'
}

/** Files by the module that knows them, which is loaded when the first is asked for: help and wrong words wait for none. */
const byFiles =
  <A>(work: (files: Files) => T.Task<A>): T.Task<A> =>
  async () => {
    const { files } = await import('./files.js')
    return work(files(process.stdin))()
  }

export const worldOf = (own: Pick<World, 'stderr' | 'isTTY' | 'terminal' | 'untilSignal' | 'waits'>): World => ({
  ...own,
  readText: (...asked) => byFiles(({ readText }) => readText(...asked)),
  readBytes: (...asked) => byFiles(({ readBytes }) => readBytes(...asked)),
  exists: path => byFiles(({ exists }) => exists(path)),
  isLarge: path => byFiles(({ isLarge }) => isLarge(path)),
  readSource: (...asked) => byFiles(({ readSource }) => readSource(...asked)),
  readTable: (...asked) => byFiles(({ readTable }) => readTable(...asked)),
  readCopies: async function* (...asked) {
    yield* (await import('./files.js')).files(process.stdin).readCopies(...asked)
  },
  load: (...asked) => byFiles(({ load }) => load(...asked)),
  checkOutputs: (...asked) => byFiles(({ checkOutputs }) => checkOutputs(...asked)),
  makeFolder: (...asked) => byFiles(({ makeFolder }) => makeFolder(...asked)),
  writeFiles: (...asked) => byFiles(({ writeFiles }) => writeFiles(...asked)),
  version: packageVersion(),
  stdout: content => () =>
    new Promise(resolve => {
      process.stdout.write(content, () => {
        resolve()
      })
    }),
  now: () => performance.now()
})
