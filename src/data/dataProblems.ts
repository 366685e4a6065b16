import * as Either from 'fp-ts/lib/Either.js'
import { occurrences } from '../../lib/formats/records.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'

/** Left of a problem. */
export const fail = (...of: Parameters<typeof Problem.of>): Either.Either<Problem.Problem, never> =>
  Either.left(Problem.of(...of))
/** First 40 characters of a text. */
export const textBeginning = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)
/** `1 row`, `2 rows`. */
export const pluralized = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`
/** ` (2 more like this)` for 3 faults; empty for one. */
export const moreLikeThis = (count: number): string =>
  count > 2 ? ` (${count - 1} more like this)` : count > 1 ? ' (1 more like this)' : ''
/** Σ_{i < n} f(i). */
export const sumOver = (n: number, f: (i: number) => number): number =>
  new Uint8Array(n).reduce((sum, _, i) => sum + f(i), 0)
/** Smallest i < n for which `is(i)`; −1 if there is none. */
export const firstIndexWhere = (n: number, is: (i: number) => boolean): number =>
  new Uint8Array(n).findIndex((_, i) => is(i))

/** Renames the row in a problem's field: `row 3` becomes `name(3)`. */
export const withRowName =
  (name: (row: number) => string) =>
  (problem: Problem.Problem): Problem.Problem => ({
    ...problem,
    field: problem.field.replace(/\brow (\d+)/, (_, row: string) => name(Number(row)))
  })

/** Adds the number of preceding rows to the row of a problem. */
export const withRowOffset = (before: number): ((problem: Problem.Problem) => Problem.Problem) =>
  withRowName(row => `row ${row + before}`)

/** Rejects a text with more than `Limits.cells` cells, counted by the separators `marks`. */
export const requireFewCells = (text: string, marks: string): Either.Either<Problem.Problem, string> =>
  text.length <= Limits.cells || occurrences(text, marks) <= Limits.cells
    ? Either.right(text)
    : fail(
        'text',
        `one of ${occurrences(text, marks)} cells`,
        `of at most ${Limits.cells}, as it is where cells are quoted or lines are of unequal length`,
        'write it plainly, or as Parquet or Arrow, or give a part of it'
      )
