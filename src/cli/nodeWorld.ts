/** The world as Node has it, except for what a thread has otherwise than the process. */
import { createRequire } from 'node:module'
import type * as T from 'fp-ts/lib/Task.js'
import type { Files, World } from './world.js'

const packageVersion = (): string => {
  const read: unknown = createRequire(import.meta.url)('ornstein/package.json')
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown'
}

/** Files by the module that knows them, which is loaded when the first is asked for: help and wrong words wait for none. */
const withFiles =
  <A>(work: (files: Files) => T.Task<A>): T.Task<A> =>
  async () => {
    const { nodeFiles: files } = await import('./files.js')
    return work(files(process.stdin))()
  }

export const nodeWorld = (own: Pick<World, 'stderr' | 'isTTY' | 'terminal' | 'untilSignal' | 'setWaiting'>): World => ({
  ...own,
  readText: (...asked) => withFiles(({ readText }) => readText(...asked)),
  readBytes: (...asked) => withFiles(({ readBytes }) => readBytes(...asked)),
  exists: path => withFiles(({ exists }) => exists(path)),
  isLarge: path => withFiles(({ isLarge }) => isLarge(path)),
  readSource: (...asked) => withFiles(({ readSource }) => readSource(...asked)),
  readTable: (...asked) => withFiles(({ readTable }) => readTable(...asked)),
  readCopies: async function* (...asked) {
    yield* (await import('./files.js')).nodeFiles(process.stdin).readCopies(...asked)
  },
  loadModule: (...asked) => withFiles(({ loadModule: load }) => load(...asked)),
  checkOutputs: (...asked) => withFiles(({ checkOutputs }) => checkOutputs(...asked)),
  makeFolder: (...asked) => withFiles(({ makeFolder }) => makeFolder(...asked)),
  writeFiles: (...asked) => withFiles(({ writeFiles }) => writeFiles(...asked)),
  version: packageVersion(),
  stdout: content => () =>
    new Promise(resolve => {
      process.stdout.write(content, () => {
        resolve()
      })
    }),
  now: () => performance.now()
})
