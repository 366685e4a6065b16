/** Settings: domains of options with defaults, for code and the command line. */
import * as Problem from './problem.js'

export interface SettingDomain<A> {
  /** Domain as the end of the sentence "it is not …". */
  readonly says: string
  /** All values, if there are only a few. */
  readonly words: ReadonlyArray<A>
  readonly problems: (field: string, value: A) => ReadonlyArray<Problem.Problem>
}

export interface SettingWithDefault<A> extends SettingDomain<A> {
  readonly otherwise: A
}

/** Adds a default to a domain. */
export const withDefaultSetting =
  <A>(otherwise: A) =>
  (domain: SettingDomain<A>): SettingWithDefault<A> => ({ ...domain, otherwise })

/** Whole numbers in [least, most]; unbounded without `most`. */
export const wholeSetting = (least: number, suggestion: number, most?: number): SettingDomain<number> => ({
  says: most === undefined ? `a whole number ≥ ${least}` : `a whole number in [${least}, ${most}]`,
  words: [],
  problems: (field, value) => Problem.requireCount(field, value, { least, suggestion, most })
})

/** Finite numbers > 0. */
export const positiveSetting = (suggestion: number): SettingDomain<number> => ({
  says: '> 0 and finite',
  words: [],
  problems: (field, value) => Problem.requirePositive(field, value, suggestion)
})

/** One of a few words. */
export const oneOfSetting = <A extends string>(words: ReadonlyArray<A>): SettingDomain<A> => ({
  says: `one of ${words.join(', ')}`,
  words,
  problems: (field, value) => Problem.requireOneOf(field, value, words)
})

/** Values that satisfy a test; a text is quoted in its problem. */
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

/** One value, or a non-empty list of values, each in the domain. */
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

/** Domain of each option by name; null if its type suffices. */
export type Settings<O> = {
  readonly [K in keyof O]-?: Pick<SettingDomain<Exclude<O[K], undefined>>, 'problems'> | null
}

/** Problems of options: unknown names, and values outside their domains. */
export const problems = <O extends object>(settings: Settings<O>, options: O): ReadonlyArray<Problem.Problem> => {
  // Each option's setting has the option's name.
  const known = settings as Readonly<Record<string, Pick<SettingDomain<unknown>, 'problems'> | null>>
  const given = options as Readonly<Record<string, unknown>>
  return [
    ...Problem.unknownOptions(given, known),
    ...Object.entries(known).flatMap(([name, setting]) =>
      setting === null || given[name] === undefined ? [] : setting.problems(name, given[name])
    )
  ]
}
