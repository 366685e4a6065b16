/** Points of any numbers, with weights or none, and what reading gives: what it is, or what it says. */
import fc from 'fast-check'
import * as Either from 'fp-ts/lib/Either.js'
import * as Points from '../../../src/data/index.js'
import * as Problem from '../../../src/core/problem.js'

type Read<A> = Either.Either<Points.DataError, A>

export const right: <A>(read: Read<A>) => A = Problem.orThrow
export const message = (either: Read<unknown>): string =>
  Either.isLeft(either) ? Problem.show(either.left) : 'no problem'

export const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
export const matrix = (cell: fc.Arbitrary<number>): fc.Arbitrary<number[][]> =>
  fc
    .integer({ min: 1, max: 5 })
    .chain(dim => fc.array(fc.array(cell, { minLength: dim, maxLength: dim }), { minLength: 1, maxLength: 12 }))
export const points = (cell: fc.Arbitrary<number>): fc.Arbitrary<Points.Points> =>
  matrix(cell)
    .chain(rows =>
      fc.tuple(
        fc.constant(rows),
        fc.option(
          fc
            .array(fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e3, noNaN: true })), {
              minLength: rows.length,
              maxLength: rows.length
            })
            .filter(weights => weights.some(w => w > 0))
        )
      )
    )
    .map(([rows, weights]) => {
      const plain = right(Points.fromRows(rows))
      return weights === null ? plain : right(Points.weighted(weights)(plain))
    })
