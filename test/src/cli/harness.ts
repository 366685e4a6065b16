/** The command line run in-process, in a folder of its own, with what it prints in hand. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { files } from '../../../src/cli/files.js'
import { run } from '../../../src/cli/commandLine.js'
import { plain } from '../../../src/cli/terminal.js'
import { type World } from '../../../src/cli/world.js'

export const example = (name: string): string =>
  fileURLToPath(new URL(`../../../examples/data/${name}`, import.meta.url))

export interface Outcome {
  readonly exit: number
  /** Bytes that are no text as Latin 1 has them. */
  readonly stdout: string
  readonly stderr: string
}

export interface Place {
  /** The path of a name in the folder. */
  readonly at: (name: string) => string
  readonly write: (name: string, content: string | Uint8Array) => string
  readonly read: (name: string) => string
  readonly list: () => ReadonlyArray<string>
  readonly remove: () => void
  /**
   * Runs the command line. In arguments `@name` is a file of the folder, `%name` one of the examples; in what is printed
   * the folders' paths are left out.
   */
  readonly ornstein: (
    line: string,
    input?: Partial<World> & { readonly stdin?: string | Uint8Array }
  ) => Promise<Outcome>
  /** The same by words, which may have spaces; what is printed as it is. */
  readonly run: (
    words: ReadonlyArray<string>,
    input?: Partial<World> & { readonly stdin?: string | Uint8Array }
  ) => Promise<Outcome>
}

export const place = (): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-cli-'))
  const at = (name: string): string => join(folder, name)
  const ran: Place['run'] = async (words, { stdin = '', ...input } = {}) => {
    let stdout = ''
    let stderr = ''
    const world: World = {
      ...files(
        (async function* () {
          yield await Promise.resolve(stdin)
        })()
      ),
      version: '1.2.3',
      stdout: content => () => {
        stdout += typeof content === 'string' ? content : Buffer.from(content).toString('latin1')
        return Promise.resolve()
      },
      stderr: text => {
        stderr += text
      },
      isTTY: false,
      terminal: plain,
      untilSignal: work => work(() => Promise.resolve(null)),
      waits: () => undefined,
      now: () => 0,
      ...input
    }
    const argv = words.map(word =>
      word.replace(/^@/, `${folder}/`).replace(/^%(.*)/, (_, name: string) => example(name))
    )
    return { exit: await run(world)(argv)(), stdout, stderr }
  }
  return {
    at,
    write: (name, content) => {
      writeFileSync(at(name), content)
      return at(name)
    },
    read: name => readFileSync(at(name), 'utf8'),
    list: () => readdirSync(folder),
    remove: () => {
      rmSync(folder, { recursive: true })
    },
    ornstein: async (line, input) => {
      const words = line.split(' ').filter(word => word !== '')
      const { exit, stdout, stderr } = await ran(
        words.map(word => (word === "''" ? '' : word)),
        input
      )
      const named = (text: string): string => text.replaceAll(`${folder}/`, '').replaceAll(example(''), '')
      return { exit, stdout: named(stdout), stderr: named(stderr) }
    },
    run: ran
  }
}
