/** Converts a user's data argument, rows in memory or a source, or returns its problem with the remedy. */
import * as Either from 'fp-ts/lib/Either.js'
import { refuseWith } from '../../lib/plain/refuse.js'
import { mistaken } from '../core/order.js'
import * as Problem from '../core/problem.js'
import { isObject } from '../core/record.js'
import { isMisplaced, readPointsLike, toPoints, type PointsLike, type RowLists } from './rowsArgument.js'
import type { Data, Source } from './source/source.js'

export type { PointsLike, RowLists } from './rowsArgument.js'

/** Rows that a user gives: in memory, or a source. */
export type DataLike = Data | PointsLike

const isSourceLike = (u: unknown): u is Source => isObject(u) && 'read' in u && typeof u.read === 'function'

/** Returns points, rows or a source, or the problem of an argument that is none of these. */
export const readData = (data: unknown): Either.Either<Problem.Problem, Data | RowLists> =>
  isSourceLike(data) ? Either.right(data) : readPointsLike(data)

/**
 * Returns points or a source, themselves if given; otherwise the problem.
 *
 * @throws TypeError, naming the call, if the argument belongs to another place
 */
export const toData = (given: DataLike, call: string): Either.Either<Problem.Problem, Data> =>
  isSourceLike(given) ? Either.right(given) : isMisplaced(given) ? mistaken('data', given, call) : toPoints(given)

/**
 * Returns points or a source; errors begin with the call.
 *
 * @throws TypeError if the argument belongs to another place; RangeError, with the problem, if it is not data
 */
export const dataArgument = (given: DataLike, call: string): Data => {
  const read = toData(given, call)
  return Either.isRight(read) ? read.right : refuseWith(read.left, `${call}: ${Problem.show(read.left)}`)
}
