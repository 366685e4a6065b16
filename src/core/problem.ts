/**
 * A problem with an input: which field holds which value, what its domain is, and what to do about it.
 * Every error of the language is a value of this type, or a non-empty list of them.
 */
import type * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import { isRight, type Either } from './either.js'
import { nearest } from './spelling.js'

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
}

export type Problems = NEA.NonEmptyArray<Problem>

/** A problem from its four parts; a number as value is printed. */
export const of = (field: string, value: string | number, domain: string, remedy: string): Problem => ({
  _tag: 'Problem',
  field,
  value: String(value),
  domain,
  remedy
})

/** The same problem, seen from further out: `within('optimizer')` turns `rate` into `optimizer.rate`. */
export const within =
  (path: string) =>
  (problem: Problem): Problem => ({ ...problem, field: problem.field === '' ? path : `${path}.${problem.field}` })

/**
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Problem } from 'ornstein'
 *
 * assert.equal(
 *   Problem.show(Problem.of('optimizer.rate', -1, '> 0', 'try 0.1')),
 *   'optimizer.rate: -1 is not > 0; try 0.1'
 * )
 */
export const show = ({ field, value, domain, remedy }: Problem): string =>
  `${field}: ${value} is not ${domain}; ${remedy}`

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

/** No problem when `holds`, else the one described: problems are collected, not thrown. */
export const unless = (
  holds: boolean,
  field: string,
  value: string | number,
  domain: string,
  remedy: string
): ReadonlyArray<Problem> => (holds ? [] : [of(field, value, domain, remedy)])

/** A finite number above zero. */
export const positive = (field: string, value: number, suggestion: number): ReadonlyArray<Problem> =>
  unless(value > 0 && value < Infinity, field, value, '> 0 and finite', `try ${suggestion}`)

/** A whole number of at least `least`, and at most `most` where that is given. */
export const count = (
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
        value,
        `a whole number ≥ ${least}`,
        `try ${suggestion}`
      )

/** One of a few words. */
export const oneOf = (field: string, value: string, words: ReadonlyArray<string>): ReadonlyArray<Problem> =>
  unless(words.includes(value), field, value, `one of ${words.join(', ')}`, `try ${nearest(value, words)[0]}`)

/** Names that options do not have: what is misspelt must not be passed over. */
export const strangers = <K extends string>(
  options: Readonly<Partial<Record<K, unknown>>>,
  known: Readonly<Record<K, true>>
): ReadonlyArray<Problem> =>
  Object.keys(options)
    .filter(name => !Object.hasOwn(known, name))
    .flatMap(name => oneOf('options', name, Object.keys(known)))

/** Each problem once, and at most so many: how many more there are is the last. */
export const listed =
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
