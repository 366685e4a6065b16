/** The problems of words and values from outside: problems, or the value. */
import * as E from '../core/either.js'
import type * as Problem from '../core/problem.js'

export type Checked<A> = E.Either<Problem.Problems, A>

/** The value, if there are no problems with it. */
export const faultless = <A>(problems: ReadonlyArray<Problem.Problem>, value: A): Checked<A> => {
  const [first, ...rest] = problems
  return problems.length === 0 ? E.right(value) : E.left([first, ...rest])
}

/** A problem seen from outside of the file, or the group, that it is in. */
export const inside =
  (place: string) =>
  (problem: Problem.Problem): Problem.Problem => ({ ...problem, field: `${place}, ${problem.field}` })
