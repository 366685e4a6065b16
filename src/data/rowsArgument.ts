/** Converts what a user gives for points, by one rule for all public functions: points, a list for each row, or numbers with their shape. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { NdArray } from '../../lib/arrays/ndarray.js'
import { tabulate } from '../../lib/arrays/entries.js'
import { refuseWith } from '../../lib/plain/refuse.js'
import { mistaken } from '../core/order.js'
import * as Problem from '../core/problem.js'
import { isObject, isRecord } from '../core/record.js'
import { typeAndValue } from '../core/spelling.js'
import { fail, moreLikeThis, pluralized } from './dataProblems.js'
import type { Points } from './pointsData.js'

export type RowLists = ReadonlyArray<ReadonlyArray<number>>

/** Rows in memory: points, a list for each row, or all numbers with their shape, `{ shape: [rows, columns], values }`. */
export type PointsLike = Points | RowLists | NdArray

type Result<A> = Either.Either<Problem.Problem, A>

/** Converts a list of numbers of any type and realm to a local Float64Array; undefined if it is none. */
const asFloat64Array = (u: unknown): Float64Array | undefined =>
  u instanceof Float64Array
    ? u
    : isListLike(u) && typeof u[0] !== 'bigint'
      ? Float64Array.from(u, x => (typeof x === 'number' ? x : NaN))
      : undefined

const isListLike = (u: unknown): u is ArrayLike<unknown> => Array.isArray(u) || (ArrayBuffer.isView(u) && 'length' in u)

const describeValue = (u: unknown): string =>
  u === null || u === undefined
    ? String(u)
    : isListLike(u)
      ? 'a list'
      : typeof u === 'object'
        ? 'an object'
        : typeof u === 'string'
          ? JSON.stringify(u.length > 40 ? `${u.slice(0, 40)}…` : u)
          : `a ${typeof u}`

const GIVE_ROWS = 'give a list for each row, [[1, 2], [3, 4]], or Points'

/** Converts an object with the fields of points; arrays of other types are copied. */
const pointsFromFields = ({
  rows,
  dim,
  values,
  weights,
  labels,
  partner,
  errors
}: Record<keyof Points, unknown>): Result<Points> => {
  const numbers = asFloat64Array(values)
  const own = weights === undefined ? undefined : asFloat64Array(weights)
  const classes =
    labels === undefined || labels instanceof Int32Array ? labels : isListLike(labels) ? asFloat64Array(labels) : null
  if (typeof rows !== 'number' || typeof dim !== 'number')
    return fail('data', 'an object', 'of so many rows and dim', GIVE_ROWS)
  if (numbers === undefined)
    return fail('values', describeValue(values), 'a Float64Array', 'give it the numbers of all rows')
  if (weights !== undefined && own === undefined)
    return fail('weights', describeValue(weights), 'a Float64Array', 'leave it out')
  const others = partner === undefined ? undefined : asFloat64Array(partner)
  if (partner !== undefined && others === undefined)
    return fail('partner', describeValue(partner), 'a Float64Array', 'leave it out')
  const covariances = errors === undefined ? undefined : asFloat64Array(errors)
  if (errors !== undefined && covariances === undefined)
    return fail('errors', describeValue(errors), 'a Float64Array', 'give them by Points.withErrors')
  return classes === null
    ? fail('labels', describeValue(labels), 'an Int32Array', 'leave it out')
    : Either.right({
        rows,
        dim,
        values: numbers,
        ...(own !== undefined && { weights: own }),
        ...(classes !== undefined && { labels: classes instanceof Int32Array ? classes : Int32Array.from(classes) }),
        ...(others !== undefined && { partner: others }),
        ...(covariances !== undefined && { errors: covariances })
      })
}

/** Converts numbers with their shape, [rows, columns]. */
const pointsFromShape = (shape: unknown, values: unknown): Result<Points> => {
  const [rows, dim] = Array.isArray(shape) && shape.length === 2 ? (shape as ReadonlyArray<unknown>) : []
  const numbers = asFloat64Array(values)
  return typeof rows !== 'number' || typeof dim !== 'number'
    ? fail(
        'shape',
        Array.isArray(shape) ? `[${shape.map(typeAndValue).join(', ')}]` : describeValue(shape),
        '[rows, columns]',
        'give two whole numbers'
      )
    : numbers === undefined
      ? fail('values', describeValue(values), 'a Float64Array', 'give it the numbers of all rows')
      : Either.right({ rows, dim, values: numbers })
}

/** Entries of a row as a list, of any type; a problem if it is not list-like. */
const rowAsList = (row: unknown, i: number): Result<ReadonlyArray<number>> =>
  isListLike(row)
    ? // entries that are not numbers are rejected when the rows become points
      Either.right(Array.from(row) as ReadonlyArray<number>)
    : typeof row === 'number'
      ? fail('data', 'a list of numbers', 'a list of rows', 'give each number a row: numbers.map(x => [x])')
      : fail(
          `row ${i + 1}`,
          describeValue(row),
          'a list of numbers',
          'list those of each row in one order: rows.map(({ a, b }) => [a, b])'
        )

const areRowLists = (rows: ArrayLike<unknown>): rows is RowLists =>
  // unlike `every`, `findIndex` visits the holes of a list
  Array.isArray(rows) && rows.findIndex(row => !Array.isArray(row)) < 0

const asRowLists = (rows: ArrayLike<unknown>): Result<RowLists> =>
  areRowLists(rows)
    ? Either.right(rows)
    : pipe(
        Array.from(rows),
        Either.traverseReadonlyArrayWithIndex((i, row: unknown) => rowAsList(row, i))
      )

/** Returns points or lists, or the problem of an argument that is neither. Numbers are not checked. */
export const readPointsLike = (data: unknown): Result<Points | RowLists> =>
  typeof data === 'string'
    ? fail(
        'data',
        describeValue(data),
        'rows',
        `read the file: Points.fromCsv(text) of its text, or Source.fromCsv of its bytes`
      )
    : isListLike(data)
      ? asRowLists(data)
      : !isObject(data)
        ? fail('data', describeValue(data), 'rows', GIVE_ROWS)
        : 'rows' in data && 'dim' in data && 'values' in data
          ? pointsFromFields({
              weights: undefined,
              labels: undefined,
              partner: undefined,
              errors: undefined,
              ...data
            })
          : 'shape' in data && 'values' in data
            ? pointsFromShape(data.shape, data.values)
            : 'then' in data
              ? fail('data', 'a promise', 'rows', 'await it')
              : '_tag' in data
                ? fail('data', 'an Either', 'rows', 'take what is right in it: Problem.orThrow, or E.isRight')
                : 'points' in data || 'source' in data
                  ? fail('data', 'a table', 'rows', `give its ${'points' in data ? 'points' : 'source'}`)
                  : fail('data', 'an object', 'rows', GIVE_ROWS)

/** Converts lists of one length to points. Cells are numbers, NaN if missing. */
export const pointsFromLists = (rows: RowLists): Result<Points> => {
  const dim = rows.length === 0 ? 0 : rows[0].length
  const isRagged = (row: ReadonlyArray<number>): boolean => row.length !== dim
  const at = rows.findIndex(isRagged)
  return rows.length === 0
    ? fail('rows', 'an empty list', 'at least one row', 'give one row for each observation')
    : dim === 0
      ? fail('row 1', 'an empty row', 'at least one number', 'give each row one number for each dimension')
      : at >= 0
        ? fail(
            `row ${at + 1}`,
            pluralized(rows[at].length, 'number'),
            `${pluralized(dim, 'number')}, as in row 1`,
            `give every row the same length${moreLikeThis(rows.filter(isRagged).length)}`,
            `${pluralized(rows[at].length, 'number')}, but row 1 has ${dim}`
          )
        : pointsOfCells(rows, dim)
}

const pointsOfCells = (rows: ReadonlyArray<ReadonlyArray<unknown>>, dim: number): Result<Points> => {
  const isNone = (x: unknown): boolean => typeof x !== 'number'
  // unlike `some`, `findIndex` visits the holes of a list
  const at = rows.findIndex(row => row.findIndex(isNone) >= 0)
  if (at < 0)
    return Either.right({
      rows: rows.length,
      dim,
      values: tabulate(rows.length * dim, k => Number(rows[Math.floor(k / dim)][k % dim]))
    })
  const column = rows[at].findIndex(isNone)
  const cells = rows.reduce((sum, row) => sum + row.filter(isNone).length, 0)
  return fail(
    `row ${at + 1}, column ${column + 1}`,
    typeAndValue(rows[at][column]),
    'a finite number',
    `correct it or leave the row out${moreLikeThis(cells)}`
  )
}

/** True if the argument has the fields of points, of the right types and sizes. */
const arePoints = (u: unknown): u is Points =>
  isObject(u) &&
  'rows' in u &&
  'dim' in u &&
  'values' in u &&
  typeof u.rows === 'number' &&
  typeof u.dim === 'number' &&
  u.values instanceof Float64Array &&
  u.values.length === u.rows * u.dim

const requireSize = (points: Points): Result<Points> => {
  const { rows, dim, values } = points
  return values.length === rows * dim
    ? Either.right(points)
    : fail('values', pluralized(values.length, 'value'), `rows x dim = ${rows * dim}`, 'give every row dim values')
}

/** Returns an argument as points, themselves if it is points; otherwise its problem. Missing cells are allowed. */
export const toPoints = (given: unknown): Result<Points> =>
  arePoints(given)
    ? Either.right(given)
    : pipe(
        readPointsLike(given),
        Either.flatMap(data => ('rows' in data ? requireSize(data) : pointsFromLists(data)))
      )

const DATA_FIELDS = ['values', 'then', 'points', 'source']

/** True if the argument was meant for another place: a function, or an object without any field of data. */
export const isMisplaced = (given: unknown): boolean =>
  typeof given === 'function' ||
  (isRecord(given) && !DATA_FIELDS.some(name => name in given) && !(given._tag === 'Left' || given._tag === 'Right'))

/**
 * Returns a user's rows as points; errors begin with the call.
 *
 * @throws TypeError if the argument belongs to another place; RangeError, with the problem, if it is not rows
 */
export const pointsArgument = (given: PointsLike, call: string): Points => {
  if (isMisplaced(given)) return mistaken('points', given, call)
  const read = toPoints(given)
  return Either.isRight(read) ? read.right : refuseWith(read.left, `${call}: ${Problem.show(read.left)}`)
}
