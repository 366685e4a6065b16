/** What is wrong, as one text; none of what is right. */
import * as E from 'fp-ts/lib/Either.js'
import * as Problem from '../src/core/problem.js'

export const said = (found: E.Either<Problem.Problem | Problem.Problems, unknown>): string =>
  E.isLeft(found) ? [found.left].flat().map(Problem.show).join('; ') : ''
