/** A problem with an input: which field holds which value, what its domain is, and what to do about it. */
import type * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import { isRight, left, right, type Either } from './either.js'
import { shortened } from '../../lib/plain/said.js'
import { nearestWords, typeAndValue } from './spelling.js'

export interface Problem {
  readonly _tag: 'Problem'
  /** Where the value stands, as a path into the description or the data: `stages[0].optimizer.rate`, `row 17, column 2`. */
  readonly field: string
  /** The offending value, printed. */
  readonly value: string
  /** What the value must be, as the end of the sentence "it is not …": `> 0`, `a finite number`. */
  readonly domain: string
  /** What to do instead. */
  readonly remedy: string
  /** What is wrong in a plainer sentence than `value is not domain`: `900 exceeds the 150 rows of the table`. */
  readonly says?: string
  /** Domain and remedy where a part of them is said otherwise elsewhere: see `spoken`. */
  readonly phrases?: { readonly domain: Phrase; readonly remedy: Phrase }
}

export type Problems = NEA.NonEmptyArray<Problem>

/** A part of a phrase that code and a command line say in their own ways. */
export type Part =
  /** A setting by its name: `'columns'`, `--columns`. */
  | { readonly _tag: 'Named'; readonly name: string }
  /** A setting to be set: `set 'missing' to 'drop'`, `use --missing drop`. Of a flag the value is null; `rest` says it in words. */
  | {
      readonly _tag: 'Set'
      readonly name: string
      readonly value: string | null | undefined
      readonly rest: string | undefined
    }
  /** A word of the language: `symmetricPair`, `symmetric-pair`. */
  | { readonly _tag: 'Word'; readonly name: string }
  /** What only code can do, or look at. */
  | { readonly _tag: 'InCode'; readonly text: string }

export type Phrase = string | ReadonlyArray<string | Part>

/** How the parts of phrases are said. */
export type Speaker = (part: Part) => string

/** A setting by its name. */
export const named = (name: string): Part => ({ _tag: 'Named', name })
/** A setting and the value that cures, null for true or false; without one the setting alone, or what its value is in words. */
export const set = (name: string, value?: string | null, rest?: string): Part => ({ _tag: 'Set', name, value, rest })
/** A word of the language, such as the name of a family. */
export const wordPhrase = (name: string): Part => ({ _tag: 'Word', name })
/** What only code can do or look at; a command line leaves it out. */
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

/** Letters of a field or a value, which may hold the name of a column or a cell of any length; of a longer one the beginning is told. */
const MAX_QUOTED = 300
/** Letters of what is said of it, which may list names. */
const MAX_PHRASE = 2000

const phraseText = (phrase: Phrase, speaker: Speaker): string =>
  shortened(
    typeof phrase === 'string'
      ? phrase
      : phrase.map(part => (typeof part === 'string' ? part : speaker(part))).join(''),
    MAX_PHRASE
  )

/** A problem from its four parts; a number as value is printed. `says` stands in place of `value is not domain`. */
export const of = (field: string, value: string | number, domain: Phrase, remedy: Phrase, says?: string): Problem => ({
  _tag: 'Problem',
  field: shortened(field, MAX_QUOTED),
  value: shortened(String(value), MAX_QUOTED),
  domain: phraseText(domain, coder),
  remedy: phraseText(remedy, coder),
  ...(says !== undefined && { says: shortened(says, MAX_PHRASE) }),
  ...((typeof domain !== 'string' || typeof remedy !== 'string') && { phrases: { domain, remedy } })
})

/** The problem as another speaker says it. */
export const spoken =
  (speaker: Speaker) =>
  ({ phrases, ...problem }: Problem): Problem =>
    phrases === undefined
      ? problem
      : { ...problem, domain: phraseText(phrases.domain, speaker), remedy: phraseText(phrases.remedy, speaker) }

/** The same problem, seen from further out: `within('optimizer')` turns `rate` into `optimizer.rate`. */
export const within =
  (path: string) =>
  (problem: Problem): Problem => ({ ...problem, field: problem.field === '' ? path : `${path}.${problem.field}` })

/** The same problem, seen from outside of the file, or the group, that it is in. */
export const problemInside =
  (place: string) =>
  (problem: Problem): Problem => ({ ...problem, field: `${place}, ${problem.field}` })

/**
 * The problem as one sentence.
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
 * The value, or its problems thrown as a RangeError that tells them all: for those who prefer exceptions. The rule of the
 * library: what comes from outside (data, files, options, descriptions) is checked by functions that return `Either`; a fault
 * in code (a literal that cannot be, an array of another shape) throws; and what ends in `OrThrow`, with `fit`, throws both.
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
 * A result that may have its problem beside it, if it has none.
 *
 * @throws RangeError with the `problem`, named after the call
 */
export const valueOrThrow = <A extends { readonly problem?: Problem }>(result: A, call: string): A => {
  const { problem } = result
  if (problem === undefined) return result
  throw Object.assign(new RangeError(`${call}: ${show(problem)}`), { problem })
}

/** No problem when `holds`, else the one described: problems are collected, not thrown. */
export const unless = (
  holds: boolean,
  field: string,
  value: string | number,
  domain: Phrase,
  remedy: Phrase,
  says?: string
): ReadonlyArray<Problem> => (holds ? [] : [of(field, value, domain, remedy, says)])

/** All problems, or the value of what has none. */
export const faultless = <A>(problems: ReadonlyArray<Problem>, value: A): Either<Problems, A> => {
  const [first, ...rest] = problems
  return problems.length === 0 ? right(value) : left([first, ...rest])
}

/** A list of one problem, which is all there is. */
export const singleProblem = (problem: Problem): Problems => [problem]

const isNumber = (u: unknown): u is number => typeof u === 'number'

/** A finite number above zero. */
export const requirePositive = (field: string, value: number, suggestion: number): ReadonlyArray<Problem> =>
  unless(
    isNumber(value) && value > 0 && value < Infinity,
    field,
    typeAndValue(value),
    '> 0 and finite',
    `try ${suggestion}`
  )

/** A whole number of at least `least`, and at most `most` where that is given. */
export const requireCount = (
  field: string,
  value: number,
  least: number,
  suggestion: number,
  most = Number.MAX_SAFE_INTEGER
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

/** One of a few words. */
export const requireOneOf = (field: string, value: string, words: ReadonlyArray<string>): ReadonlyArray<Problem> =>
  isText(value)
    ? unless(words.includes(value), field, value, `one of ${words.join(', ')}`, `try ${nearestWords(value, words)[0]}`)
    : [of(field, typeAndValue(value), `one of ${words.join(', ')}`, `try ${words[0]}`)]

// What plain JavaScript gives for a word may be anything.
const isText = (u: unknown): u is string => typeof u === 'string'

/** Names that options do not have: what is misspelt must not be passed over. */
export const unknownOptions = <K extends string>(
  options: Readonly<Partial<Record<K, unknown>>>,
  known: Readonly<Record<K, unknown>>
): ReadonlyArray<Problem> =>
  Object.keys(options)
    .filter(name => !Object.hasOwn(known, name))
    .flatMap(name => requireOneOf('options', name, Object.keys(known)))

/** Each problem once, and at most so many: how many more there are is the last. */
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
