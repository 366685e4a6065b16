/**
 * A problem with an input: which field holds which value, what its domain is, and what to do about it.
 * Every error of the language is a value of this type, or a non-empty list of them.
 */
import type * as NEA from 'fp-ts/lib/NonEmptyArray.js'

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
