/** The problems of words and values from outside: problems, or the value. */
import type * as E from '../core/either.js'
import type * as Problem from '../core/problem.js'

export { faultless, problemInside } from '../core/problem.js'

export type OrProblems<A> = E.Either<Problem.Problems, A>
