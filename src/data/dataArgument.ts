/** Converts a user's data argument to data or rows, or to a problem with its remedy. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { isObject } from '../core/record.js'
import { fail } from './dataProblems.js'
import type { DataError, Points } from './points.js'
import type { Data, Source } from './source/source.js'

export type RowLists = ReadonlyArray<ReadonlyArray<number>>

type DataOrError = Either.Either<DataError, Data | RowLists>

/** Converts a list of numbers of any type and realm to a local Float64Array; undefined if it is none. */
const asFloat64Array = (u: unknown): Float64Array | undefined =>
  u instanceof Float64Array
    ? u
    : isListLike(u) && typeof u[0] !== 'bigint'
      ? Float64Array.from(u, x => (typeof x === 'number' ? x : NaN))
      : undefined

const isListLike = (u: unknown): u is ArrayLike<unknown> => Array.isArray(u) || (ArrayBuffer.isView(u) && 'length' in u)

const isSourceLike = (u: object): u is Source => 'read' in u && typeof u.read === 'function'

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
}: Record<keyof Points, unknown>): DataOrError => {
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

/** Entries of a row as a list, of any type; a problem if it is not list-like. */
const rowAsList = (row: unknown, i: number): Either.Either<DataError, ReadonlyArray<number>> =>
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

const asRowLists = (rows: ArrayLike<unknown>): DataOrError =>
  areRowLists(rows)
    ? Either.right(rows)
    : pipe(
        Array.from(rows),
        Either.traverseReadonlyArrayWithIndex((i, row: unknown) => rowAsList(row, i))
      )

/** Returns points, rows or a source, or the problem of an argument that is none of these. */
export const readData = (data: unknown): DataOrError =>
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
        : isSourceLike(data)
          ? Either.right(data)
          : 'rows' in data && 'dim' in data && 'values' in data
            ? pointsFromFields({
                weights: undefined,
                labels: undefined,
                partner: undefined,
                errors: undefined,
                ...data
              })
            : 'then' in data
              ? fail('data', 'a promise', 'rows', 'await it')
              : '_tag' in data
                ? fail('data', 'an Either', 'rows', 'take what is right in it: Problem.orThrow, or E.isRight')
                : 'points' in data || 'source' in data
                  ? fail('data', 'a table', 'rows', `give its ${'points' in data ? 'points' : 'source'}`)
                  : fail('data', 'an object', 'rows', GIVE_ROWS)
