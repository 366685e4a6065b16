/** Environment of a command under Node, for the main thread and a fit's. */
import { createRequire } from 'node:module'
import type * as T from 'fp-ts/lib/Task.js'
import type { Files, World } from './world.js'

/** Environment of this process; `files.ts` is loaded on first use. */
export const nodeWorld = (
  thread: Pick<World, 'stderr' | 'isTTY' | 'terminal' | 'untilSignal' | 'setWaiting'>
): World => ({
  ...thread,
  readText: (...args) => withFiles(({ readText }) => readText(...args)),
  readBytes: (...args) => withFiles(({ readBytes }) => readBytes(...args)),
  exists: path => withFiles(({ exists }) => exists(path)),
  isLarge: path => withFiles(({ isLarge }) => isLarge(path)),
  readSource: (...args) => withFiles(({ readSource }) => readSource(...args)),
  readTable: (...args) => withFiles(({ readTable }) => readTable(...args)),
  readCopies: async function* (...args) {
    yield* (await import('./files.js')).nodeFiles(process.stdin).readCopies(...args)
  },
  loadModule: (...args) => withFiles(({ loadModule }) => loadModule(...args)),
  checkOutputs: (...args) => withFiles(({ checkOutputs }) => checkOutputs(...args)),
  makeFolder: (...args) => withFiles(({ makeFolder }) => makeFolder(...args)),
  writeFiles: (...args) => withFiles(({ writeFiles }) => writeFiles(...args)),
  version: packageVersion(),
  stdout: content => () =>
    new Promise(resolve => {
      process.stdout.write(content, () => {
        resolve()
      })
    }),
  // `performance` would load a dozen modules of Node.
  now: () => Number(process.hrtime.bigint()) / 1e6
})

/** Loads `files.ts` on first use: help and usage errors do without it. */
const withFiles =
  <A>(work: (files: Files) => T.Task<A>): T.Task<A> =>
  async () => {
    const { nodeFiles } = await import('./files.js')
    return work(nodeFiles(process.stdin))()
  }

const packageVersion = (): string => {
  const json: unknown = createRequire(import.meta.url)('ornstein/package.json')
  return typeof json === 'object' && json !== null && 'version' in json ? String(json.version) : 'unknown'
}
