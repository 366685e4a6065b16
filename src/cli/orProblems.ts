/** Checked input: the value, or its problems. */
import type * as E from '../core/either.js'
import type * as Problem from '../core/problem.js'

export { faultless, problemInside } from '../core/problem.js'

export type OrProblems<A> = E.Either<Problem.Problems, A>
