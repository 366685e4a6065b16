/** Problem with an input: field, value, domain, remedy. */
import type * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import { isRight, left, right, type Either } from './either.js'
import { shortened } from '../../lib/plain/said.js'
import { nearestWords, typeAndValue } from './spelling.js'

export interface Problem {
  readonly _tag: 'Problem'
  /** Path in the description or the data: `stages[0].optimizer.rate`, `row 17, column 2`. */
  readonly field: string
  /** Offending value, printed. */
  readonly value: string
  /** End of the sentence "it is not …": `> 0`, `a finite number`. */
  readonly domain: string
  readonly remedy: string
  /** Replaces the sentence `value is not domain`: `900 exceeds the 150 rows of the table`. */
  readonly says?: string
  /** Domain and remedy, if parts differ in code and on the command line (see `rephrase`). */
  readonly phrases?: { readonly domain: Phrase; readonly remedy: Phrase }
}

export type Problems = NEA.NonEmptyArray<Problem>

/** Part of a phrase that code and the command line word differently. */
export type Part =
  /** Setting by its name: `'columns'`, `--columns`. */
  | { readonly _tag: 'Named'; readonly name: string }
  /**
   * Value for a setting: `set 'missing' to 'drop'`, `use --missing drop`; null for a flag, undefined for the setting alone. `rest` is a
   * value in words.
   */
  | {
      readonly _tag: 'Set'
      readonly name: string
      readonly value: string | null | undefined
      readonly rest: string | undefined
    }
  /** Word of the language: `symmetricPair`, `symmetric-pair`. */
  | { readonly _tag: 'Word'; readonly name: string }
  /** Text for code only; the command line omits it. */
  | { readonly _tag: 'InCode'; readonly text: string }

export type Phrase = string | ReadonlyArray<string | Part>

/** Wording of the parts of phrases. */
export type Speaker = (part: Part) => string

/** Refers to a setting by its name. */
export const named = (name: string): Part => ({ _tag: 'Named', name })
/**
 * Refers to a setting and its remedying value, null for a flag. Without a value: to the setting alone, or with `rest`, a value in words.
 */
export const set = (name: string, value?: string | null, rest?: string): Part => ({ _tag: 'Set', name, value, rest })
/** Refers to a word of the language, such as a family. */
export const wordPhrase = (name: string): Part => ({ _tag: 'Word', name })
/** Text for code only; the command line omits it. */
export const inCode = (text: string): Part => ({ _tag: 'InCode', text })

const coder: Speaker = part => {
  switch (part._tag) {
    case 'Named':
      return `'${part.name}'`
    case 'Set': {
      const { name, value, rest } = part
      const to = value === undefined ? rest : value === null ? 'true or false' : `'${value}'`
      return `set '${name}'${to === undefined ? '' : ` to ${to}`}`
    }
    case 'Word':
      return part.name
    case 'InCode':
      return part.text
  }
}

/** Maximum number of characters of a field or a value; longer texts are truncated. */
const MAX_QUOTED = 300
/** Maximum number of characters of a domain or a remedy, such as a list of names. */
const MAX_PHRASE = 2000

const phraseText = (phrase: Phrase, speaker: Speaker): string =>
  shortened(
    typeof phrase === 'string'
      ? phrase
      : phrase.map(part => (typeof part === 'string' ? part : speaker(part))).join(''),
    MAX_PHRASE
  )

/** Problem from its four parts. `says` replaces `value is not domain`. */
export const of = (field: string, value: string | number, domain: Phrase, remedy: Phrase, says?: string): Problem => ({
  _tag: 'Problem',
  field: shortened(field, MAX_QUOTED),
  value: shortened(String(value), MAX_QUOTED),
  domain: phraseText(domain, coder),
  remedy: phraseText(remedy, coder),
  ...(says !== undefined && { says: shortened(says, MAX_PHRASE) }),
  ...((typeof domain !== 'string' || typeof remedy !== 'string') && { phrases: { domain, remedy } })
})

/** Rewords the phrases of a problem, for instance for the command line. */
export const rephrase =
  (speaker: Speaker) =>
  ({ phrases, ...problem }: Problem): Problem =>
    phrases === undefined
      ? problem
      : { ...problem, domain: phraseText(phrases.domain, speaker), remedy: phraseText(phrases.remedy, speaker) }

/** Adds an outer path to a problem: `within('optimizer')` changes `rate` to `optimizer.rate`. */
export const within =
  (path: string) =>
  (problem: Problem): Problem => ({ ...problem, field: problem.field === '' ? path : `${path}.${problem.field}` })

/** Adds the file or group that contains the field to a problem. */
export const problemInside =
  (place: string) =>
  (problem: Problem): Problem => ({ ...problem, field: `${place}, ${problem.field}` })

/**
 * Problem as one sentence.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Problem } from 'ornstein'
 *
 * assert.equal(
 *   Problem.show(Problem.of('optimizer.rate', -1, '> 0', 'try 0.1')),
 *   'optimizer.rate: -1 is not > 0; try 0.1'
 * )
 */
export const show = ({ field, value, domain, remedy, says = `${value} is not ${domain}` }: Problem): string =>
  `${field}: ${says}; ${remedy}`

/**
 * Returns the value, or throws a RangeError with all problems. Functions that check external input (data, files, options, descriptions)
 * return `Either`; errors in code (an invalid literal, a wrong shape) throw; functions in `OrThrow`, and `fit`, throw for both.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Points, Problem } from 'ornstein'
 *
 * assert.equal(Problem.orThrow(Points.fromRows([[1], [2]])).rows, 2)
 * assert.throws(() => Problem.orThrow(Points.fromRows([])), /rows: an empty list is not at least one row/)
 */
export const orThrow = <A>(either: Either<Problem | ReadonlyArray<Problem>, A>): A => {
  if (isRight(either)) return either.right
  const problems = '_tag' in either.left ? [either.left] : either.left
  throw Object.assign(new RangeError(problems.map(show).join('\n')), { problems })
}

/**
 * Returns the result of a call if it has no problem.
 *
 * @throws RangeError with the `problem`, named after the call
 */
export const valueOrThrow = <A extends { readonly problem?: Problem }>(result: A, call: string): A => {
  const { problem } = result
  if (problem === undefined) return result
  throw Object.assign(new RangeError(`${call}: ${show(problem)}`), { problem })
}

/** Returns no problem if `holds`, otherwise the given one. */
export const unless = (
  holds: boolean,
  field: string,
  value: string | number,
  domain: Phrase,
  remedy: Phrase,
  says?: string
): ReadonlyArray<Problem> => (holds ? [] : [of(field, value, domain, remedy, says)])

/** Returns the value if there are no problems, otherwise all problems. */
export const faultless = <A>(problems: ReadonlyArray<Problem>, value: A): Either<Problems, A> => {
  const [first, ...rest] = problems
  return problems.length === 0 ? right(value) : left([first, ...rest])
}

/** List of a single problem. */
export const singleProblem = (problem: Problem): Problems => [problem]

const isNumber = (u: unknown): u is number => typeof u === 'number'

/** Requires a finite number > 0. */
export const requirePositive = (field: string, value: number, suggestion: number): ReadonlyArray<Problem> =>
  unless(
    isNumber(value) && value > 0 && value < Infinity,
    field,
    typeAndValue(value),
    '> 0 and finite',
    `try ${suggestion}`
  )

/** Requires a whole number in [least, most]. Default of `most`: the largest safe integer. */
export const requireCount = (
  field: string,
  value: number,
  {
    least,
    suggestion,
    most = Number.MAX_SAFE_INTEGER
  }: { readonly least: number; readonly suggestion: number; readonly most?: number | undefined }
): ReadonlyArray<Problem> =>
  Number.isSafeInteger(value) && value > most
    ? [of(field, value, `≤ ${most}`, `try ${suggestion}`)]
    : unless(
        Number.isSafeInteger(value) && value >= least,
        field,
        typeAndValue(value),
        `a whole number ≥ ${least}`,
        `try ${suggestion}`
      )

/** Requires one of a few words. */
export const requireOneOf = (field: string, value: string, words: ReadonlyArray<string>): ReadonlyArray<Problem> =>
  isText(value)
    ? unless(words.includes(value), field, value, `one of ${words.join(', ')}`, `try ${nearestWords(value, words)[0]}`)
    : [of(field, typeAndValue(value), `one of ${words.join(', ')}`, `try ${words[0]}`)]

// Plain JavaScript may pass any value as a word.
const isText = (u: unknown): u is string => typeof u === 'string'

/** Problems of unknown options, with the nearest known names. */
export const unknownOptions = <K extends string>(
  options: Readonly<Partial<Record<K, unknown>>>,
  known: Readonly<Record<K, unknown>>
): ReadonlyArray<Problem> =>
  Object.keys(options)
    .filter(name => !Object.hasOwn(known, name))
    .flatMap(name => requireOneOf('options', name, Object.keys(known)))

/** Removes duplicates and truncates to `most` problems, followed by the number of others. */
export const listedProblems =
  (most: number) =>
  (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
    const different = [...new Map(problems.map(problem => [show(problem), problem])).values()]
    return different.length <= most
      ? different
      : [
          ...different.slice(0, most),
          of('the rest', `a list of ${different.length - most} more`, 'shown', 'correct these first')
        ]
  }
