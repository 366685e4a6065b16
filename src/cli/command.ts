/** A command is one value: its words, its arguments and options, what must hold between them, and what it does. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import { quoted } from '../fit/text.js'
import type * as Problem from '../core/problem.js'
import { faultless } from './checked.js'
import { nameOf, read, type Known, type Options, type Values } from './option.js'
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
  /** What its words mean: the operands, then what was given of each option by its key. */
  readonly work: (words: ReadonlyArray<string>, given: Readonly<Record<string, unknown>>) => Work
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

/** Options as they were typed, except for their letters. */
const typedOf = (flags: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(flags).map(([key, value]) =>
    value === true ? nameOf(key) : value === false ? nameOf(`no-${key}`) : `${nameOf(key)} ${quoted(String(value))}`
  )

export const command = <O extends Options>({ rules = () => [], run, ...described }: Definition<O>): Command => ({
  ...described,
  work: (words, given) => world => async () => {
    const { values, problems } = await read(described.options, given, knownOf(world, given))
    // without a problem each option has its value
    const right = faultless([...problems, ...(await rules(values))], values as Values<O>)
    if (E.isLeft(right)) return E.left(refused(right.left))
    const done = await (await run(words, right.right, typedOf(given)))(world)()
    return E.isLeft(done) ? done : E.right(signalOf(done.right))
  }
})
