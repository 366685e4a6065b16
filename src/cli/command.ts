/** A command is one value: its words, its arguments and options, what must hold between them, and what it does. */
import type { Command as CommanderCommand } from '@commander-js/extra-typings'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import { quoted, wrapped } from '../fit/text.js'
import type * as Problem from '../core/problem.js'
import { faultless } from './checked.js'
import { commanders, nameOf, read, type Known, type Options, type Values } from './option.js'
import type { Terminal } from './terminal.js'
import { refused, type Failure, type Signal, type World } from './world.js'

/** What a command does, and which signal has stopped it. */
export type Work = (world: World) => TE.TaskEither<Failure, Signal | null>

/** A word that is no option: `FILE`. */
export interface Operand {
  readonly name: string
  readonly about: string
  readonly isOptional?: boolean
}

/** The words of a command: what help shows. */
export interface Described {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly operands: ReadonlyArray<Operand>
  readonly options: Options
  /** Lines for a shell, without the program; those that begin with # say what follows. */
  readonly examples: ReadonlyArray<string>
  /** Options that are not of every day, by the title under which all of help has them: help names them, and describes the others. */
  readonly groups?: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface Command extends Described {
  /** Tells commander of it; who has read its words is given the work. */
  readonly declare: (program: CommanderCommand, terminal: Terminal, isAll: boolean, does: (work: Work) => void) => void
}

interface Definition<O extends Options> extends Omit<Described, 'options'> {
  readonly options: O
  /** The problems of values that are each right, as far as they are. */
  readonly rules?: (
    values: Partial<Values<O>>
  ) => ReadonlyArray<Problem.Problem> | Promise<ReadonlyArray<Problem.Problem>>
  /** Loads what does the work when the words have been understood: help and wrong words wait for none. */
  readonly run: (
    operands: ReadonlyArray<string>,
    values: Values<O>,
    /** The options as they were typed. */
    typed: ReadonlyArray<string>
  ) => Promise<(world: World) => TE.TaskEither<Failure, unknown>>
}

/** No line of help is longer, however wide the terminal. */
const WIDE = 100

/** Options that help names and does not describe. */
const named =
  (groups: Readonly<Record<string, ReadonlyArray<string>>>, { out, err }: Terminal) =>
  ({ error }: { readonly error: boolean }): string => {
    const within = Math.min(error ? err : out, 80)
    const lines = Object.entries(groups).map(([title, keys]) =>
      wrapped(`  ${title.toLowerCase()}: ${keys.map(nameOf).join(' ')}`, within, '    ')
    )
    return `\nMore options, described by --help all:\n${lines.join('\n')}\n`
  }

/** Examples, which a shell takes though they go on in the next line. */
export const examples =
  (lines: ReadonlyArray<string>, { out, err }: Terminal) =>
  ({ error }: { readonly error: boolean }): string => {
    const within = Math.min(error ? err : out, WIDE)
    const shown = lines.map(line =>
      line.startsWith('#')
        ? wrapped(`  ${line}`, within, '  # ')
        : wrapped(`  $ ornstein ${line}`, within - 2, '      ').replaceAll('\n', ' \\\n')
    )
    return `\nExamples:\n${shown.join('\n')}\n`
  }

/** The signal that has stopped a command; of one that tells of none, none has. */
const signalOf = (done: unknown): Signal | null => (done === 'SIGINT' || done === 'SIGTERM' ? done : null)

/** What a user's own words add to the language. */
const knownOf = (world: World, given: Readonly<Record<string, unknown>>): Known => {
  const path = given['vocabulary'] as string | undefined
  return {
    vocabulary: async () => {
      const found = await (await import('./ownWords.js')).words(world, { vocabulary: path })()
      return E.isLeft(found) ? E.left(found.left.problems) : found
    }
  }
}

/** Options as they were typed, but for their letters. */
const typedOf = (flags: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(flags).map(([key, value]) =>
    value === true ? nameOf(key) : value === false ? nameOf(`no-${key}`) : `${nameOf(key)} ${quoted(String(value))}`
  )

export const command = <O extends Options>({
  options,
  rules = () => [],
  examples: lines,
  run,
  ...described
}: Definition<O>): Command => ({
  ...described,
  options,
  examples: lines,
  declare: (program, terminal, isAll, does) => {
    const { name, summary, description, operands, groups = {} } = described
    const made = program.command(name).summary(summary).description(description)
    for (const { name, about, isOptional } of operands)
      made.argument(isOptional === true ? `[${name}]` : `<${name}>`, about)
    const titled = Object.entries(groups)
    for (const option of commanders(options)) {
      const [title] = titled.find(([, keys]) => keys.includes(option.attributeName())) ?? []
      made.addOption(title === undefined ? option : isAll ? option.helpGroup(`${title}:`) : option.hideHelp())
    }
    if (titled.length > 0 && !isAll) made.addHelpText('after', named(groups, terminal))
    made.addHelpText('after', examples(lines, terminal)).action((...given: ReadonlyArray<unknown>) => {
      // as commander has them: the operands, then the options by their keys
      const words = given.slice(0, operands.length) as ReadonlyArray<string>
      const flags = given[operands.length] as Readonly<Record<string, unknown>>
      does(world => async () => {
        const { values, problems } = await read(options, flags, knownOf(world, flags))
        const right = faultless([...problems, ...(await rules(values))], values as Values<O>)
        if (E.isLeft(right)) {
          const [first, ...rest] = right.left
          return E.left(refused(first, ...rest))
        }
        const done = await (await run(words, right.right, typedOf(flags)))(world)()
        return E.isLeft(done) ? done : E.right(signalOf(done.right))
      })
    })
  }
})
