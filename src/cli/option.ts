/** Options of commands as values, which define parsing, messages, help and types. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { oneOfSetting as among, type SettingDomain, type SettingWithDefault } from '../core/setting.js'
import type { Vocabulary } from '../core/index.js'
import { faultless, type OrProblems } from './orProblems.js'

export interface ReadContext {
  /** Loads the vocabulary, with the custom one of `--vocabulary`. */
  readonly vocabulary: () => Promise<OrProblems<Vocabulary.Vocabulary>>
}

/** Argument of an option, whose value is an A. */
export interface Argument<A> {
  /** Placeholder in help: `--out <file>`. */
  readonly name: string
  /** Parses the text; messages name `option`. */
  readonly read: (text: string, option: string, context: ReadContext) => OrProblems<A> | Promise<OrProblems<A>>
  readonly isPath?: boolean
  /** All valid texts, if they are few. */
  readonly words?: ReadonlyArray<string>
}

/** Option whose value is an A; the key `printPipeline` is `--print-pipeline`. */
export interface Option<A> {
  readonly about: string
  /** One letter. */
  readonly short?: string
  /** Null for a flag. */
  readonly argument: Argument<unknown> | null
  /** Description of the negated flag, `--no-…`; absent if there is none. */
  readonly opposite?: string
  readonly isRequired?: boolean
  /** Default, as help shows it. */
  readonly otherwise?: string
  readonly conflicts?: ReadonlyArray<string>
  /** Converts the value of commander: undefined, a boolean or a text. */
  readonly read: (given: unknown, option: string, context: ReadContext) => OrProblems<A> | Promise<OrProblems<A>>
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type OptionValues<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer A> ? A : never }

// -- arguments ---------------------------------------------------------------------------------------------------------

/** Any text. */
export const textArgument = (name: string): Argument<string> => ({ name, read: E.right })

/** Path of a file, or of the object in `name`. */
export const pathArgument = (name = 'file'): Argument<string> => ({ name, read: E.right, isPath: true })

/** Path of a file to be written; `-` is standard output. */
export const outputArgument: Argument<string> = {
  ...pathArgument(),
  read: (text, option) =>
    faultless(Problem.unless(text !== '', option, '""', 'the name of a file', 'name one; - is standard output'), text)
}

/** Path of a file or folder, not standard output; the remedy shows `example`. */
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

/** Converts a text and checks the value; problems show the typed text. */
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

/** Whole number in decimal digits. */
export const wholeNumberArgument = (domain: SettingDomain<number>): Argument<number> => ({
  name: 'number',
  read: readByDomain(domain, text => (/^\d+$/.test(text) ? Number(text) : NaN))
})

/** Decimal number. */
export const numberArgument = (domain: SettingDomain<number>, name = 'number'): Argument<number> => ({
  name,
  read: readByDomain(domain, text => (text.trim() === '' ? NaN : Number(text)))
})

/** Text that satisfies a setting of the library. */
export const domainArgument = <A extends string>(domain: SettingDomain<A>, name: string): Argument<A> => ({
  name,
  ...(domain.words.length > 0 && { words: domain.words }),
  // The domain rejects all other texts.
  read: readByDomain(domain, text => text as A)
})

/** Text that must be one of `words`. */
export const oneOfWords = <const A extends string>(words: ReadonlyArray<A>, name: string): Argument<A> =>
  domainArgument(among(words), name)

/** Text that must be one of a list of words loaded on demand. */
export const loadedWordArgument = <A extends string>(
  words: () => Promise<ReadonlyArray<A>>,
  name: string
): Argument<A> => ({
  name,
  read: async (text, option, context) => oneOfWords(await words(), name).read(text, option, context)
})

/** Comma-separated list of `one`. */
export const listArgument = <A>(one: Argument<A>, name: string): Argument<ReadonlyArray<A>> => ({
  name,
  read: async (text, option, context) => {
    const all = await Promise.all(text.split(',').map(async word => one.read(word.trim(), option, context)))
    return faultless(
      all.flatMap(word => (E.isLeft(word) ? word.left : [])).slice(0, 1),
      all.flatMap(word => (E.isRight(word) ? [word.right] : []))
    )
  }
})

/** Applies `f`, which may reject the value, to the parsed value. */
export const mapArgument = <A, B>(
  one: Argument<A>,
  f: (value: A, text: string, option: string) => OrProblems<B>
): Argument<B> => ({
  ...one,
  read: async (text, option, context) => {
    const read = await one.read(text, option, context)
    return E.isLeft(read) ? read : f(read.right, text, option)
  }
})

// -- options -----------------------------------------------------------------------------------------------------------

type OptionDetails = Pick<Option<unknown>, 'short' | 'conflicts' | 'otherwise'>

/** Option whose value is undefined if it is not given. */
export const option = <A>(
  argument: Argument<A>,
  about: string,
  details: OptionDetails = {}
): Option<A | undefined> => ({
  ...details,
  about,
  argument,
  read: (given, name, context) =>
    given === undefined ? E.right(undefined) : argument.read(given as string, name, context)
})

/** Option with a default, parsed from `text`; help shows `details.otherwise`. Default: `text`. */
export const optionOr = <A>(
  argument: Argument<A>,
  text: string,
  about: string,
  details: OptionDetails = {}
): Option<A> => ({
  otherwise: text,
  ...details,
  about,
  argument,
  read: (given, name, context) => argument.read((given as string | undefined) ?? text, name, context)
})

/** Option for a setting of the library, with its domain and default. */
export const settingOption = <A extends string | number>(
  setting: SettingWithDefault<A>,
  argument: (setting: SettingWithDefault<A>) => Argument<A>,
  about: string,
  details: OptionDetails = {}
): Option<A> => optionOr(argument(setting), String(setting.otherwise), about, details)

/** Option that must be given. */
export const requiredOption = <A>(argument: Argument<A>, about: string): Option<A> => ({
  about,
  argument,
  isRequired: true,
  read: (given, name, context) => argument.read(given as string, name, context)
})

/** Flag: true if it is given. */
export const flagOption = (about: string, details: OptionDetails = {}): Option<boolean> => ({
  ...details,
  about,
  argument: null,
  read: given => E.right(given === true)
})

/** Flag with a negated form, `--no-…`; undefined if neither is given. */
export const eitherFlagOption = (
  about: string,
  opposite: string,
  details: OptionDetails = {}
): Option<boolean | undefined> => ({
  ...details,
  about,
  opposite,
  argument: null,
  read: given => E.right(given as boolean | undefined)
})

// -- parsing -----------------------------------------------------------------------------------------------------------

/** Name of the option with this key: `--print-pipeline` for `printPipeline`. */
export const optionName = (key: string): string => `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** Parses all options into the values of the valid ones and the problems of the others. */
export const readOptions = async <O extends Options>(
  options: O,
  given: Readonly<Record<string, unknown>>,
  context: ReadContext
): Promise<{ readonly values: Partial<OptionValues<O>>; readonly problems: ReadonlyArray<Problem.Problem> }> => {
  const all = await Promise.all(
    Object.entries(options).map(
      async ([key, option]) => [key, await option.read(given[key], optionName(key), context)] as const
    )
  )
  return {
    // Each key has the type that its option reads.
    values: Object.fromEntries(
      all.flatMap(([key, value]) => (E.isRight(value) ? [[key, value.right]] : []))
    ) as Partial<OptionValues<O>>,
    problems: all.flatMap(([, value]) => (E.isLeft(value) ? value.left : []))
  }
}
