/** A command is one value: its words, its arguments and options, what must hold between them, and what it does. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import { shellQuoted } from '../fit/text.js'
import type * as Problem from '../core/problem.js'
import { faultless } from './orProblems.js'
import { problemsOfError } from './fileProblem.js'
import { optionName, readOptions, type ReadContext, type Options, type OptionValues } from './option.js'
import { workFailure, usageFailure, type CommandFailure, type Signal, type World } from './world.js'

/** What a command does, and which signal has stopped it. */
export type Work = (world: World) => TE.TaskEither<CommandFailure, Signal | null>

/** A word that is no option: `FILE`. */
export interface CommandOperand {
  readonly name: string
  readonly about: string
  readonly isOptional?: boolean
}

/** The words of a command: what help shows. */
export interface DescribedCommand {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly operands: ReadonlyArray<CommandOperand>
  readonly options: Options
  /** Lines for a shell, without the program; those that begin with # say what follows. */
  readonly examples: ReadonlyArray<string>
  /** Options that are not of every day, by the title under which all of help has them: help names them, and describes the others. */
  readonly groups?: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface Command extends DescribedCommand {
  /** What its words mean: the operands, then what was given of each option by its key. */
  readonly work: (words: ReadonlyArray<string>, given: Readonly<Record<string, unknown>>) => Work
}

interface CommandDefinition<O extends Options> extends Omit<DescribedCommand, 'options'> {
  readonly options: O
  /** The problems of values that are each right, as far as they are. */
  readonly rules?: (
    values: Partial<OptionValues<O>>
  ) => ReadonlyArray<Problem.Problem> | Promise<ReadonlyArray<Problem.Problem>>
  /** Loads what does the work when the words have been understood: help and wrong words wait for none. */
  readonly run: (
    operands: ReadonlyArray<string>,
    values: OptionValues<O>,
    /** The options as they were typed. */
    typed: ReadonlyArray<string>
  ) => Promise<(world: World) => TE.TaskEither<CommandFailure, unknown>>
}

/** The signal that has stopped a command; of one that tells of none, none has. */
const signalOf = (done: unknown): Signal | null => (done === 'SIGINT' || done === 'SIGTERM' ? done : null)

/** What a user's own words add to the language. */
const readContext = (world: World, given: Readonly<Record<string, unknown>>): ReadContext => {
  const path = given['vocabulary'] as string | undefined
  return {
    vocabulary: async () => {
      const found = await (await import('./customVocabulary.js')).customVocabulary(world, { vocabulary: path })()
      return E.isLeft(found) ? E.left(found.left.problems) : found
    }
  }
}

/** Options as they were typed, except for their letters. */
const typedOptions = (flags: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(flags).map(([key, value]) =>
    value === true
      ? optionName(key)
      : value === false
        ? optionName(`no-${key}`)
        : `${optionName(key)} ${shellQuoted(String(value))}`
  )

export const command = <O extends Options>({ rules = () => [], run, ...described }: CommandDefinition<O>): Command => ({
  ...described,
  work: (words, given) => world => async () => {
    const known = readContext(world, given)
    const { values, problems } = await readOptions(described.options, given, known)
    // without a problem each option has its value
    const right = faultless([...problems, ...(await rules(values))], values as OptionValues<O>)
    if (E.isLeft(right)) return E.left(usageFailure(right.left))
    // A module that cannot be read is a mistake of the command, whether or not it needs words of it.
    const vocabulary = given['vocabulary'] === undefined ? null : await known.vocabulary()
    if (vocabulary !== null && E.isLeft(vocabulary)) return E.left(usageFailure(vocabulary.left))
    try {
      const done = await (await run(words, right.right, typedOptions(given)))(world)()
      return E.isLeft(done) ? done : E.right(signalOf(done.right))
    } catch (error) {
      const problems = problemsOfError(error)
      if (problems === null) throw error
      return E.left(workFailure(problems))
    }
  }
})
