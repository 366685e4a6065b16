/** The command line run in-process, in a folder of its own, with what it prints in hand. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { nodeFiles } from '../../../src/cli/files.js'
import { run } from '../../../src/cli/commandLine.js'
import { PLAIN_TERMINAL } from '../../../src/cli/terminal.js'
import { type World } from '../../../src/cli/world.js'
import type { Bootstrap } from '../../../src/fit/bootstrap.js'

export const example = (name: string): string =>
  fileURLToPath(new URL(`../../../examples/data/${name}`, import.meta.url))

export interface Outcome {
  readonly exit: number
  /** Bytes that are no text as Latin 1 has them. */
  readonly stdout: string
  readonly stderr: string
}

export interface Candidate {
  readonly family: string
  readonly components: number
  readonly bic: number
  readonly iclc: number
  readonly selectable?: boolean
  readonly redundancies: ReadonlyArray<{ readonly _tag: string }>
  readonly atMinVariance: ReadonlyArray<number>
}

/** What commands print by `--json`, as far as tests read it; each command has a part of it. */
export interface Told {
  readonly group: string
  readonly family: string
  readonly recipe: string
  readonly standardized: boolean
  readonly components: number
  readonly dim: number
  readonly columns: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<{ readonly name: string; readonly why: string }>
  readonly rows: number
  readonly dropped: number
  readonly missing: number
  readonly weights: ReadonlyArray<number>
  readonly means: ReadonlyArray<ReadonlyArray<number>>
  readonly variances: ReadonlyArray<ReadonlyArray<number>>
  readonly fixed: ReadonlyArray<number>
  readonly atMinVariance: ReadonlyArray<number>
  readonly redundancies: ReadonlyArray<{ readonly _tag: string }>
  readonly sizes: ReadonlyArray<number>
  readonly logLikelihood: number
  readonly bic: number
  readonly parameters: number
  readonly prior?: number
  readonly steps: number
  readonly converged: boolean
  readonly stages: ReadonlyArray<{ readonly formula: string; readonly steps: number; readonly endedBy: string }>
  readonly choice: { readonly criterion: string; readonly candidates: ReadonlyArray<Candidate> }
  readonly compared: ReadonlyArray<Told>
  readonly labels: {
    readonly column: string
    readonly classes: ReadonlyArray<string>
    readonly counts: ReadonlyArray<ReadonlyArray<number>>
    readonly adjustedRand: number
    readonly adjustedRandMerged?: number
  }
  readonly by: string
  readonly groups: ReadonlyArray<Told>
  readonly bootstrap: Bootstrap
  readonly componentTests: unknown
  /** Of two models. */
  readonly statistics: ReadonlyArray<{ readonly logLikelihood: number }>
  readonly difference: number
  readonly standardError: number
  readonly agreement: number
}

export interface Place {
  /** The path of a name in the folder. */
  readonly at: (name: string) => string
  readonly write: (name: string, content: string | Uint8Array) => string
  readonly read: (name: string) => string
  readonly bytes: (name: string) => Uint8Array
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
  /** What a line tells by `--json`, in silence. */
  readonly told: (line: string, input?: Partial<World> & { readonly stdin?: string }) => Promise<Told>
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
      ...nodeFiles(
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
      terminal: PLAIN_TERMINAL,
      untilSignal: work => work(() => Promise.resolve(null)),
      setWaiting: () => undefined,
      now: () => 0,
      ...input
    }
    const argv = words.map(word =>
      word.replace(/^@/, `${folder}/`).replace(/^%(.*)/, (_, name: string) => example(name))
    )
    return { exit: await run(world)(argv)(), stdout, stderr }
  }
  const named = (text: string): string => text.replaceAll(`${folder}/`, '').replaceAll(example(''), '')
  const ornstein: Place['ornstein'] = async (line, input) => {
    const words = line.split(' ').filter(word => word !== '')
    const { exit, stdout, stderr } = await ran(
      words.map(word => (word === "''" ? '' : word)),
      input
    )
    return { exit, stdout: named(stdout), stderr: named(stderr) }
  }
  return {
    at,
    write: (name, content) => {
      writeFileSync(at(name), content)
      return at(name)
    },
    read: name => readFileSync(at(name), 'utf8'),
    bytes: name => readFileSync(at(name)),
    list: () => readdirSync(folder),
    remove: () => {
      rmSync(folder, { recursive: true })
    },
    ornstein,
    told: async (line, input) => {
      const { stdout, ...rest } = await ornstein(`${line} --json`, input)
      expect(rest).toEqual({ exit: 0, stderr: '' })
      return JSON.parse(stdout) as Told
    },
    run: ran
  }
}
