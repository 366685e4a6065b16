/** A setting is one value: what it may be, and what it is unless given. Code and the command line refuse by it in the same words. */
import * as Problem from './problem.js'

/** What a setting may be. */
export interface SettingDomain<A> {
  /** The end of the sentence "it is not …". */
  readonly says: string
  /** Where they are few: all that it may be. */
  readonly words: ReadonlyArray<A>
  readonly problems: (field: string, value: A) => ReadonlyArray<Problem.Problem>
}

export interface SettingWithDefault<A> extends SettingDomain<A> {
  readonly otherwise: A
}

/** A domain with what the setting is unless given. */
export const withDefaultSetting =
  <A>(otherwise: A) =>
  (domain: SettingDomain<A>): SettingWithDefault<A> => ({ ...domain, otherwise })

/** Whole numbers of at least `least`, and at most `most` where that is given. */
export const wholeSetting = (least: number, suggestion: number, most?: number): SettingDomain<number> => ({
  says: `a whole number ≥ ${least}`,
  words: [],
  problems: (field, value) => Problem.requireCount(field, value, least, suggestion, most)
})

/** Finite numbers above zero. */
export const positiveSetting = (suggestion: number): SettingDomain<number> => ({
  says: '> 0 and finite',
  words: [],
  problems: (field, value) => Problem.requirePositive(field, value, suggestion)
})

/** A few words. */
export const oneOfSetting = <A extends string>(words: ReadonlyArray<A>): SettingDomain<A> => ({
  says: `one of ${words.join(', ')}`,
  words,
  problems: (field, value) => Problem.requireOneOf(field, value, words)
})

/** What is so; a text is quoted where it is refused. */
export const suchSetting = <A extends string | number>(
  is: (value: A) => boolean,
  says: string,
  remedy: string
): SettingDomain<A> => ({
  says,
  words: [],
  problems: (field, value) =>
    Problem.unless(is(value), field, typeof value === 'string' ? JSON.stringify(value) : value, says, remedy)
})

/** The same of each of a list of at least one, or of one alone. */
export const eachSetting = <A>(
  domain: SettingDomain<A>,
  none: Problem.Phrase
): Pick<SettingDomain<A | ReadonlyArray<A>>, 'problems'> => ({
  problems: (field, given) => {
    const isList = (given: A | ReadonlyArray<A>): given is ReadonlyArray<A> => Array.isArray(given)
    if (!isList(given)) return domain.problems(field, given)
    return given.length === 0
      ? [Problem.of(field, '[]', 'one, or a list of at least one', none)]
      : given.flatMap(one => domain.problems(field, one))
  }
})

/** What each option may be, by its name; null where its type says it all. */
export type Settings<O> = {
  readonly [K in keyof O]-?: Pick<SettingDomain<Exclude<O[K], undefined>>, 'problems'> | null
}

/** The problems of options: names that are none, and values that may not be. */
export const problems = <O extends object>(settings: Settings<O>, options: O): ReadonlyArray<Problem.Problem> => {
  // By their types each setting is that of the option of its name.
  const known = settings as Readonly<Record<string, Pick<SettingDomain<unknown>, 'problems'> | null>>
  const given = options as Readonly<Record<string, unknown>>
  return [
    ...Problem.unknownOptions(given, known),
    ...Object.entries(known).flatMap(([name, setting]) =>
      setting === null || given[name] === undefined ? [] : setting.problems(name, given[name])
    )
  ]
}
