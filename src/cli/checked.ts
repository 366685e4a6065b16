/** The problems of words and values from outside: problems, or the value. */
import type * as E from '../core/either.js'
import type * as Problem from '../core/problem.js'

export { faultless } from '../core/problem.js'

export type Checked<A> = E.Either<Problem.Problems, A>

/** A problem seen from outside of the file, or the group, that it is in. */
export const inside =
  (place: string) =>
  (problem: Problem.Problem): Problem.Problem => ({ ...problem, field: `${place}, ${problem.field}` })
