/**
 * An option is one value: what it may be, what it is unless given, and what is said of it. Its type, how it is read and refused, and help
 * follow.
 */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { oneOfSetting as among, type SettingDomain, type SettingWithDefault } from '../core/setting.js'
import type { Vocabulary } from '../core/index.js'
import { faultless, type OrProblems } from './orProblems.js'

/** What words are read by, beside themselves. */
export interface ReadContext {
  /** The vocabulary of the command line: loaded once, and where it is asked for. */
  readonly vocabulary: () => Promise<OrProblems<Vocabulary.Vocabulary>>
}

/** The word after an option: what it is called, how it is read, and what may stand there. */
export interface Argument<A> {
  readonly name: string
  readonly read: (text: string, option: string, known: ReadContext) => OrProblems<A> | Promise<OrProblems<A>>
  /** Whether it names a file or a folder of this machine. */
  readonly isPath?: boolean
  /** Where they are few: all that it may be. */
  readonly words?: ReadonlyArray<string>
}

/** An option whose value is an A. Its name is its key: `printPipeline` is `--print-pipeline`. */
export interface Option<A> {
  readonly about: string
  /** Its letter. */
  readonly short?: string
  /** Null of a flag, which is given or not. */
  readonly argument: Argument<unknown> | null
  /** What is said of its opposite, `--no-…`, where there is one. */
  readonly opposite?: string
  readonly isRequired?: boolean
  /** What it is unless given, as help says it. */
  readonly otherwise?: string
  /** The keys of options that it does not go with. */
  readonly conflicts?: ReadonlyArray<string>
  /** What was given, as commander has it: nothing, whether, a text, or several. */
  readonly read: (given: unknown, option: string, known: ReadContext) => OrProblems<A> | Promise<OrProblems<A>>
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type OptionValues<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer A> ? A : never }

// -- arguments ---------------------------------------------------------------------------------------------------------

/** Any text. */
export const textArgument = (name: string): Argument<string> => ({ name, read: E.right })

/** The path of a file, or of another thing by the name that it has. */
export const pathArgument = (name = 'file'): Argument<string> => ({ name, read: E.right, isPath: true })

/** A file to be written: `-` is standard output. */
export const outputArgument: Argument<string> = {
  ...pathArgument(),
  read: (text, option) =>
    faultless(Problem.unless(text !== '', option, '""', 'the name of a file', 'name one; - is standard output'), text)
}

/** The same of what has no way to standard output. */
export const nameArgument = (name: string, example: string): Argument<string> => ({
  ...pathArgument(name),
  read: (text, option) =>
    faultless(
      Problem.unless(
        text !== '' && text !== '-',
        option,
        JSON.stringify(text),
        `the name of a ${name}`,
        `name one${example === '' ? '' : `: ${example}`}`
      ),
      text
    )
})

/** A text as the value that it stands for, refused by a domain; what is typed is what is told of. */
const readByDomain =
  <A>(domain: SettingDomain<A>, valueOf: (text: string) => A) =>
  (text: string, option: string): OrProblems<A> => {
    const value = valueOf(text)
    const problems = domain.problems(option, value)
    return faultless(
      problems.map(problem => (typeof value === 'number' ? { ...problem, value: text } : problem)),
      value
    )
  }

/** A whole number in digits alone. */
export const wholeNumberArgument = (domain: SettingDomain<number>): Argument<number> => ({
  name: 'number',
  read: readByDomain(domain, text => (/^\d+$/.test(text) ? Number(text) : NaN))
})

/** A number as people write it. */
export const numberArgument = (domain: SettingDomain<number>, name = 'number'): Argument<number> => ({
  name,
  read: readByDomain(domain, text => (text.trim() === '' ? NaN : Number(text)))
})

/** A text of a domain, which may have few. */
export const domainArgument = <A extends string>(domain: SettingDomain<A>, name: string): Argument<A> => ({
  name,
  ...(domain.words.length > 0 && { words: domain.words }),
  // as far as the domain does not refuse it
  read: readByDomain(domain, text => text as A)
})

export const oneOfWords = <const A extends string>(words: ReadonlyArray<A>, name: string): Argument<A> =>
  domainArgument(among(words), name)

/** A few words that are loaded when they are asked for. */
export const loadedWordArgument = <A extends string>(
  words: () => Promise<ReadonlyArray<A>>,
  name: string
): Argument<A> => ({
  name,
  read: async (text, option, known) => oneOfWords(await words(), name).read(text, option, known)
})

/** Words with commas between them. */
export const listArgument = <A>(one: Argument<A>, name: string): Argument<ReadonlyArray<A>> => ({
  name,
  read: async (text, option, known) => {
    const all = await Promise.all(text.split(',').map(async word => one.read(word.trim(), option, known)))
    return faultless(
      all.flatMap(word => (E.isLeft(word) ? word.left : [])).slice(0, 1),
      all.flatMap(word => (E.isRight(word) ? [word.right] : []))
    )
  }
})

/** What is made of a word that was read, or refused. */
export const mapArgument = <A, B>(
  one: Argument<A>,
  f: (value: A, text: string, option: string) => OrProblems<B>
): Argument<B> => ({
  ...one,
  read: async (text, option, known) => {
    const read = await one.read(text, option, known)
    return E.isLeft(read) ? read : f(read.right, text, option)
  }
})

// -- options -----------------------------------------------------------------------------------------------------------

type OptionDetails = Pick<Option<unknown>, 'short' | 'conflicts' | 'otherwise'>

/** An option that may be left out. */
export const option = <A>(argument: Argument<A>, about: string, rest: OptionDetails = {}): Option<A | undefined> => ({
  ...rest,
  about,
  argument,
  read: (given, name, known) => (given === undefined ? E.right(undefined) : argument.read(given as string, name, known))
})

/** One that has a value unless given: what is read of a text, which help says unless another. */
export const optionOr = <A>(
  argument: Argument<A>,
  text: string,
  about: string,
  rest: OptionDetails = {}
): Option<A> => ({
  otherwise: text,
  ...rest,
  about,
  argument,
  read: (given, name, known) => argument.read((given as string | undefined) ?? text, name, known)
})

/** One that is a setting of the language, with its default. */
export const settingOption = <A extends string | number>(
  setting: SettingWithDefault<A>,
  argument: (setting: SettingWithDefault<A>) => Argument<A>,
  about: string,
  rest: OptionDetails = {}
): Option<A> => optionOr(argument(setting), String(setting.otherwise), about, rest)

export const requiredOption = <A>(argument: Argument<A>, about: string): Option<A> => ({
  about,
  argument,
  isRequired: true,
  read: (given, name, known) => argument.read(given as string, name, known)
})

export const flagOption = (about: string, rest: OptionDetails = {}): Option<boolean> => ({
  ...rest,
  about,
  argument: null,
  read: given => E.right(given === true)
})

/** A flag with an opposite, and undefined where neither is given. */
export const eitherFlagOption = (
  about: string,
  opposite: string,
  rest: OptionDetails = {}
): Option<boolean | undefined> => ({
  ...rest,
  about,
  opposite,
  argument: null,
  read: given => E.right(given as boolean | undefined)
})

// -- what follows ------------------------------------------------------------------------------------------------------

/** `--print-pipeline` */
export const optionName = (key: string): string => `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** What was given as values: those that could be read, and all that is wrong with the others. */
export const readOptions = async <O extends Options>(
  options: O,
  given: Readonly<Record<string, unknown>>,
  known: ReadContext
): Promise<{ readonly values: Partial<OptionValues<O>>; readonly problems: ReadonlyArray<Problem.Problem> }> => {
  const all = await Promise.all(
    Object.entries(options).map(
      async ([key, option]) => [key, await option.read(given[key], optionName(key), known)] as const
    )
  )
  return {
    // of each key what its option reads
    values: Object.fromEntries(
      all.flatMap(([key, value]) => (E.isRight(value) ? [[key, value.right]] : []))
    ) as Partial<OptionValues<O>>,
    problems: all.flatMap(([, value]) => (E.isLeft(value) ? value.left : []))
  }
}
