/** Commands as values: operands, options, rules, help texts, and work. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import { shellQuoted } from '../fit/text.js'
import type * as Problem from '../core/problem.js'
import { faultless } from './orProblems.js'
import { problemsOfError } from './fileProblem.js'
import { optionName, readOptions, type ReadContext, type Options, type OptionValues } from './option.js'
import { workFailure, usageFailure, type CommandFailure, type Signal, type World } from './world.js'

/** Work of a command; returns the signal that stopped it, or null. */
export type Work = (world: World) => TE.TaskEither<CommandFailure, Signal | null>

export interface CommandOperand {
  readonly name: string
  readonly about: string
  readonly isOptional?: boolean
}

export interface DescribedCommand {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly operands: ReadonlyArray<CommandOperand>
  readonly options: Options
  /** Command lines without the program's name; comments begin with #. */
  readonly examples: ReadonlyArray<string>
  /** Keys of less common options by title: `--help` lists names, `--help all` describes them. */
  readonly groups?: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface Command extends DescribedCommand {
  readonly work: (operands: ReadonlyArray<string>, given: Readonly<Record<string, unknown>>) => Work
}

interface CommandDefinition<O extends Options> extends Omit<DescribedCommand, 'options'> {
  readonly options: O
  /** Problems between options; called with the valid values. */
  readonly rules?: (
    values: Partial<OptionValues<O>>
  ) => ReadonlyArray<Problem.Problem> | Promise<ReadonlyArray<Problem.Problem>>
  /** Imports and runs the command's module, once the command line is checked. */
  readonly run: (
    operands: ReadonlyArray<string>,
    values: OptionValues<O>,
    typed: ReadonlyArray<string>
  ) => Promise<(world: World) => TE.TaskEither<CommandFailure, unknown>>
}

const signalOf = (result: unknown): Signal | null => (result === 'SIGINT' || result === 'SIGTERM' ? result : null)

const readContext = (world: World, given: Readonly<Record<string, unknown>>): ReadContext => {
  const path = given['vocabulary'] as string | undefined
  return {
    vocabulary: async () => {
      const loaded = await (await import('./customVocabulary.js')).customVocabulary(world, { vocabulary: path })()
      return E.isLeft(loaded) ? E.left(loaded.left.problems) : loaded
    }
  }
}

/** Given options as text, in their long form: `--components 3`. */
const typedOptions = (given: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(given).map(([key, value]) =>
    value === true
      ? optionName(key)
      : value === false
        ? optionName(`no-${key}`)
        : `${optionName(key)} ${shellQuoted(String(value))}`
  )

/** Defines a command: its work checks the options, then calls `run`. */
export const command = <O extends Options>({ rules = () => [], run, ...described }: CommandDefinition<O>): Command => ({
  ...described,
  work: (operands, given) => world => async () => {
    const context = readContext(world, given)
    const { values, problems } = await readOptions(described.options, given, context)
    // Without problems every option has its value.
    const checked = faultless([...problems, ...(await rules(values))], values as OptionValues<O>)
    if (E.isLeft(checked)) return E.left(usageFailure(checked.left))
    // A vocabulary that cannot be loaded is a usage error even if unused.
    const vocabulary = given['vocabulary'] === undefined ? null : await context.vocabulary()
    if (vocabulary !== null && E.isLeft(vocabulary)) return E.left(usageFailure(vocabulary.left))
    try {
      const result = await (await run(operands, checked.right, typedOptions(given)))(world)()
      return E.isLeft(result) ? result : E.right(signalOf(result.right))
    } catch (error) {
      const problems = problemsOfError(error)
      if (problems === null) throw error
      return E.left(workFailure(problems))
    }
  }
})
