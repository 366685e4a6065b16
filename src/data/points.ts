/**
 * Data in memory: n rows of d finite numbers, each row with an optional weight and label.
 *
 * In messages rows and columns are counted from 1, in programs (`row`, `select`) rows from 0.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import * as ByColumn from '../../lib/rows/byColumn.js'
import { meanDistance } from '../../lib/rows/energy.js'
import { hashNumbers as bitsOf } from '../../lib/rows/fingerprint.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Stretches from '../../lib/rows/stretches.js'
import { compute, fromNdArray, matMul, type Tensor } from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import { fail, moreLikeThis, pluralized } from './dataProblems.js'
import { rowsAt, tabulate } from '../../lib/arrays/entries.js'
import type { Points } from './pointsData.js'
import { pointsArgument, pointsFromLists, toPoints, type PointsLike } from './rowsArgument.js'
import { isObject } from '../core/record.js'
import { rememberedIfOwned, snapshot } from './snapshot.js'
import { problemInside, type Problem } from '../core/problem.js'
import { typeAndValue } from '../core/spelling.js'

export type { Points } from './pointsData.js'

/** First fault of the data, and the number of others like it. */
export type DataError = Problem

const countWhere = (xs: Float64Array, isFault: (x: number) => boolean): number =>
  xs.reduce((sum, x) => sum + (isFault(x) ? 1 : 0), 0)

/** Returns a user's rows as points; errors name the function. */
const rowsOf = (name: string, given: PointsLike): Points => pointsArgument(given, `Points.${name}(points)`)

const numbersOrNaN = (list: ArrayLike<number> | undefined): ReadonlyArray<number> =>
  Array.from(Object(list ?? []) as ArrayLike<unknown>, x => (typeof x === 'number' ? x : NaN))

const isNotFinite = (x: number): boolean => !Number.isFinite(x)
const isInvalidWeight = (w: number): boolean => !(w >= 0 && w < Infinity)

const checkWeights = (rows: number, weights: Float64Array): Either.Either<DataError, Float64Array> => {
  const at = weights.findIndex(isInvalidWeight)
  const total = weights.reduce((sum, w) => sum + w, 0)
  return weights.length !== rows
    ? fail('weights', pluralized(weights.length, 'weight'), `${rows}, one for each row`, 'give every row a weight')
    : at >= 0
      ? fail(
          `weight of row ${at + 1}`,
          weights[at],
          'a finite number ≥ 0',
          `give it 0 to leave the row out${moreLikeThis(countWhere(weights, isInvalidWeight))}`
        )
      : !(total > 0 && total < Infinity)
        ? fail('weights', `a sum of ${total}`, 'finite and > 0', 'scale the weights; integers count repetitions')
        : Either.right(weights)
}

/** True unless the label is −1 (none) or a class from 0. */
const isInvalidLabel = (label: number): boolean => !(Number.isInteger(label) && label >= -1 && label <= MAX_LABEL)
const MAX_LABEL = 0x7fffffff

const checkLabels = (rows: number, labels: ArrayLike<number>): Either.Either<DataError, Int32Array> => {
  const all = Float64Array.from(labels)
  const at = all.findIndex(isInvalidLabel)
  return all.length !== rows
    ? fail('labels', pluralized(all.length, 'label'), `${rows}, one for each row`, 'give every row a label, or -1')
    : at >= 0
      ? fail(
          `label of row ${at + 1}`,
          all[at],
          'a whole number ≥ 0, nor -1 for a row without one',
          `count classes from 0${moreLikeThis(countWhere(all, isInvalidLabel))}`
        )
      : Either.right(Int32Array.from(all))
}

const checkPartner = (points: Points, partner: Float64Array): Either.Either<DataError, Float64Array> => {
  const { rows, dim } = points
  const at = ByColumn.firstNotFinite(partner)
  return !(partner instanceof Float64Array) || partner.length !== rows * dim
    ? fail(
        'partner',
        pluralized(partner.length, 'number'),
        `${rows} rows of ${dim}`,
        'give every row a partner of as many columns'
      )
    : at >= 0
      ? fail(
          `partner of row ${Math.floor(at / dim) + 1}, column ${(at % dim) + 1}`,
          partner[at],
          'a finite number',
          `correct it or leave the row out${moreLikeThis(countWhere(partner, isNotFinite))}`
        )
      : Either.right(partner)
}

const checkErrors = ({ rows, dim }: Points, errors: Float64Array): Either.Either<DataError, Float64Array> => {
  if (!(errors instanceof Float64Array) || errors.length !== rows * dim * dim)
    return fail(
      'errors',
      pluralized(errors.length, 'number'),
      `${rows} covariances of ${dim} × ${dim}`,
      'give Points.withErrors'
    )
  const wrong = tabulate(rows, i =>
    isCovarianceMatrix(errors.subarray(i * dim * dim, (i + 1) * dim * dim), dim) ? 0 : 1
  )
  const at = wrong.indexOf(1)
  return at >= 0
    ? fail(
        `error of row ${at + 1}`,
        `[${Array.from(errors.subarray(at * dim * dim, (at + 1) * dim * dim)).join(', ')}]`,
        'a covariance: symmetric, finite, and nowhere less than 0',
        `give standard deviations ≥ 0, or covariances${moreLikeThis(countWhere(wrong, x => x === 1))}`
      )
    : Either.right(errors)
}

/** True if a matrix is symmetric without an eigenvalue below 0, up to rounding relative to its largest entry. */
const isCovarianceMatrix = (own: Float64Array, dim: number): boolean => {
  const values = Float64Array.from(own)
  if (!values.every((x, at) => Number.isFinite(x) && x === own[(at % dim) * dim + Math.floor(at / dim)])) return false
  const most = values.reduce((sofar, x) => Math.max(sofar, Math.abs(x)), 0)
  return symmetricEigen({ shape: [dim, dim], values }).values.every(x => x >= -8 * dim * Number.EPSILON * most)
}

/**
 * Checks points: n ≥ 1, d ≥ 1, n·d finite values, and, if present, n finite weights ≥ 0, not all 0, and n whole labels ≥ −1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points, Problem } from 'ornstein'
 *
 * const checked = Points.validate({ rows: 2, dim: 2, values: Float64Array.of(1, 2, 3, NaN) })
 * assert.deepEqual(
 *   Either.mapLeft(Problem.show)(checked),
 *   Either.left('row 2, column 2: NaN is not a finite number; correct it or leave the row out')
 * )
 */
export const validate = (points: PointsLike): Either.Either<DataError, Points> =>
  hasPointsFields(points) ? validateFields(points) : pipe(toPoints(points), Either.flatMap(validateFields))

const hasPointsFields = (given: unknown): given is Points =>
  isObject(given) && 'rows' in given && 'dim' in given && 'values' in given

const validateFields: (points: Points) => Either.Either<DataError, Points> = rememberedIfOwned(points => {
  const { rows, dim, values, weights, labels, partner, errors } = points
  // an array of another realm (frame or worker) has another class, which kernels reject
  if (!(values instanceof Float64Array))
    return fail('values', 'another list', 'a Float64Array', 'give Float64Array.from(values)')
  const at = ByColumn.firstNotFinite(values)
  return !(Number.isSafeInteger(rows) && rows > 0)
    ? fail('rows', rows, 'a whole number ≥ 1', 'give at least one row')
    : !(Number.isSafeInteger(dim) && dim > 0)
      ? fail('dim', dim, 'a whole number ≥ 1', 'give each row at least one number')
      : values.length !== rows * dim
        ? fail('values', pluralized(values.length, 'value'), `rows x dim = ${rows * dim}`, 'give every row dim values')
        : at >= 0
          ? fail(
              `row ${Math.floor(at / dim) + 1}, column ${(at % dim) + 1}`,
              values[at],
              'a finite number',
              `correct it or leave the row out${moreLikeThis(countWhere(values, isNotFinite))}`
            )
          : pipe(
              Either.right(points),
              Either.flatMap(weights === undefined ? Either.right : weighted(weights)),
              Either.flatMap(labels === undefined ? Either.right : labelled(labels)),
              Either.flatMap(() => (partner === undefined ? Either.right(partner) : checkPartner(points, partner))),
              Either.flatMap(() => (errors === undefined ? Either.right(errors) : checkErrors(points, errors))),
              Either.map(() => points)
            )
})

/** Checks points whose cells may be NaN. */
export const validateAllowingMissing = (points: Points): Either.Either<DataError, Points> =>
  pipe(
    validateFields({ ...points, values: points.values.map(x => (Number.isNaN(x) ? 0 : x)) }),
    Either.map(() => points)
  )

/**
 * Points from rows of numbers, all of one length ≥ 1. A problem if there are none, or lengths differ, or a number is not finite.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Points, Problem } from 'ornstein'
 *
 * assert.deepEqual(
 *   Points.fromRows([[1, 2], [3, 4]]),
 *   Either.right({ rows: 2, dim: 2, values: Float64Array.of(1, 2, 3, 4) })
 * )
 * assert.deepEqual(
 *   Either.mapLeft(Problem.show)(Points.fromRows([[1, 2], [3]])),
 *   Either.left('row 2: 1 number, but row 1 has 2; give every row the same length')
 * )
 */
export const fromRows = (rows: ReadonlyArray<ReadonlyArray<number>>): Either.Either<DataError, Points> => {
  const given: unknown = rows
  if (!Array.isArray(given))
    return fail('rows', typeAndValue(given), 'a list of rows', 'give a list for each row: [[1, 2], [3, 4]]')
  // unlike `every`, `findIndex` visits the holes of a list
  const none = given.findIndex(row => !(Array.isArray(row) || ArrayBuffer.isView(row)))
  if (none >= 0)
    return fail(
      `row ${none + 1}`,
      typeAndValue(given[none]),
      'a list of numbers',
      'give a list for each row: [[1, 2], [3, 4]]'
    )
  return pipe(pointsFromLists(rows), Either.flatMap(validate))
}

/**
 * Returns the points with these weights, one for each row, in place of any others.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(Points.fromRows([[1], [4]]), Either.chain(Points.weighted([2, 1])), Either.map(Points.mean)),
 *   Either.right(Float64Array.of(2))
 * )
 */
export const weighted =
  (weights: ArrayLike<number>) =>
  (points: PointsLike): Either.Either<DataError, Points> =>
    pipe(
      toPoints(points),
      Either.flatMap(points =>
        pipe(
          checkWeights(points.rows, Float64Array.from(numbersOrNaN(weights))),
          Either.map(checked => ({ ...points, weights: checked }))
        )
      )
    )

/**
 * Returns the points with these labels, the class of each row from 0 (−1: none), in place of any others. Class-conditional networks and
 * custom objectives read them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points, Problem } from 'ornstein'
 *
 * const points = Points.fromRows([[1], [4], [2]])
 * assert.deepEqual(
 *   pipe(points, Either.flatMap(Points.labelled([0, 1, -1])), Either.map(Points.select([2, 1])), Either.map(p => p.labels)),
 *   Either.right(Int32Array.of(-1, 1))
 * )
 * assert.deepEqual(
 *   pipe(points, Either.flatMap(Points.labelled([0, 0.5, 1])), Either.mapLeft(Problem.show)),
 *   Either.left('label of row 2: 0.5 is not a whole number ≥ 0, nor -1 for a row without one; count classes from 0')
 * )
 */
export const labelled =
  (labels: ArrayLike<number>) =>
  (points: PointsLike): Either.Either<DataError, Points> =>
    pipe(
      toPoints(points),
      Either.flatMap(points =>
        pipe(
          checkLabels(points.rows, numbersOrNaN(labels)),
          Either.map(checked => ({ ...points, labels: checked }))
        )
      )
    )

/**
 * Returns the points with a partner for each row, in place of any others: for example the noise from which a sample was made. Objectives
 * read it as `row.partner`. A change of units does not affect it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * const samples = { rows: 2, dim: 1, values: Float64Array.of(5, 7) }
 * const paired = pipe(samples, Points.paired({ rows: 2, dim: 1, values: Float64Array.of(0.5, 0.7) }))
 * assert.deepEqual(pipe(paired, Either.map(Points.select([1])), Either.map(p => p.partner)), Either.right(Float64Array.of(0.7)))
 */
export const paired =
  (partners: PointsLike) =>
  (points: PointsLike): Either.Either<DataError, Points> =>
    pipe(
      Either.Do,
      Either.bind('others', () => pipe(toPoints(partners), Either.mapLeft(problemInside('partner')))),
      Either.bind('points', () => toPoints(points)),
      Either.flatMap(({ others, points }) =>
        others.rows === points.rows && others.dim === points.dim
          ? pipe(
              checkPartner(points, others.values),
              Either.map(partner => ({ ...points, partner }))
            )
          : fail(
              'partner',
              `${others.rows} rows of ${others.dim}`,
              `${points.rows} rows of ${points.dim}`,
              'give every row a partner of as many columns'
            )
      )
    )

/** Returns the partners as points; null if there are none. */
export const partners = ({ rows, dim, partner }: Points): Points | null =>
  partner === undefined ? null : { rows, dim, values: partner }

/**
 * Points with the errors of their measurement: x = x_0 + e, and the mixture of x_0 is learned (Bovy, Hogg & Roweis 2011). Each row has a
 * standard deviation for each column, or a covariance [d, d], in the units of the columns; 0 is exact. Supported by `fit`,
 * expectation–maximization, `Mixture.logDensity`, `responsibilities` and `assign`, not by stages of descent.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Mixture, Points } from 'ornstein'
 *
 * const points = pipe(
 *   Points.fromRows([[0], [3]]),
 *   Either.flatMap(Points.withErrors([[0], [2]])),
 *   Either.getOrElseW(problem => { throw new Error(problem.field) })
 * )
 * const [exact, rough] = Mixture.logDensity(points)(Mixture.of({ means: [[0]], variances: [1] }))
 * assert.equal(exact, -Math.log(2 * Math.PI) / 2)
 * // N(3; 0, 1 + 4)
 * assert.ok(Math.abs(rough - (-Math.log(2 * Math.PI * 5) / 2 - 9 / 10)) < 1e-15)
 */
export const withErrors =
  (errors: ReadonlyArray<ReadonlyArray<number> | ReadonlyArray<ReadonlyArray<number>>>) =>
  (given: PointsLike): Either.Either<DataError, Points> => {
    const read = toPoints(given)
    if (Either.isLeft(read)) return read
    const points = read.right
    const { rows, dim } = points
    // narrowing by `Array.isArray` would lose the element type
    const isList: boolean = Array.isArray(errors)
    if (!isList) return fail('errors', typeAndValue(errors), `a list of ${pluralized(rows, 'row')}`, ERRORS_REMEDY)
    const isWrong = (row: ReadonlyArray<number | ReadonlyArray<number>>): boolean =>
      row.length !== dim || row.some(x => (typeof x === 'number' ? !(x >= 0 && x < Infinity) : x.length !== dim))
    if (errors.length !== rows)
      return fail('errors', pluralized(errors.length, 'row'), `${rows}, one for each row`, ERRORS_REMEDY)
    const at = errors.findIndex(isWrong)
    if (at >= 0)
      return fail(
        `error of row ${at + 1}`,
        JSON.stringify(errors[at]),
        `${pluralized(dim, 'standard deviation')} ≥ 0, or a covariance of ${dim} × ${dim}`,
        ERRORS_REMEDY
      )
    const all = tabulate(rows * dim * dim, k => {
      const i = Math.floor(k / (dim * dim))
      const j = Math.floor(k / dim) % dim
      const l = k % dim
      const own = errors[i][j]
      return typeof own === 'number' ? (j === l ? own * own : 0) : own[l]
    })
    return pipe(
      checkErrors(points, all),
      Either.map(errors => ({ ...points, errors }))
    )
  }

const ERRORS_REMEDY = 'give every row its error; 0 where it is exact'

/** Rejects points with errors, for methods that do not support them. */
export const requireExact = (points: Points): Either.Either<DataError, Points> =>
  points.errors === undefined
    ? Either.right(points)
    : fail('points', 'rows with errors', 'exact rows', 'leave the errors out: this does not take them into account')

/** Covariances of errors, entry (i, j) multiplied by `of(i) · of(j)`. */
const scaledErrors = ({ dim, errors }: Points, of: (column: number) => number): Pick<Points, 'errors'> =>
  errors === undefined ? {} : { errors: errors.map((e, at) => e * of(Math.floor(at / dim) % dim) * of(at % dim)) }

export { snapshot }

/** Arrays that identify data; null if the data lack one. */
interface IdentifyingArrays {
  readonly rows: number
  readonly dim: number
  readonly values: Stretches.RowNumbers
  readonly weights: Stretches.RowNumbers | null
  readonly labels: Stretches.RowNumbers | null
  readonly partner: Stretches.RowNumbers | null
  readonly errors: Stretches.RowNumbers | null
}

/** Arrays of a fingerprint, in the order in which they are hashed. */
export const fingerprintParts = ({
  rows,
  dim,
  values,
  weights,
  labels,
  partner,
  errors
}: IdentifyingArrays): ReadonlyArray<Stretches.RowNumbers> => [
  Float64Array.of(rows, dim),
  values,
  // the number of empty arrays before each identifies it, since the others may be absent
  ...[weights, labels, partner, errors].flatMap((one, before) =>
    one === null ? [] : [...Array.from({ length: before }, () => new Float64Array(0)), one]
  )
]

/** Returns a hash of the numbers, shape, weights, labels, partners and errors: 64 bits, in hexadecimal digits. */
export const pointsFingerprint = (points: Points): string => ownedFingerprint(snapshot(points))

const ownedFingerprint = remembered(({ rows, dim, values, weights, labels, partner, errors }: Points) => {
  return bitsOf(
    fingerprintParts({
      rows,
      dim,
      values,
      weights: weights ?? null,
      labels: labels === undefined ? null : Float64Array.from(labels),
      partner: partner ?? null,
      errors: errors ?? null
    })
  )
})

const rowAtIndex = ({ dim, values }: Points, i: number): ReadonlyArray<number> =>
  Array.from(values.subarray(i * dim, (i + 1) * dim))

/** Returns row i, counted from 0, as a list. */
export const rowOfPoints =
  (i: number) =>
  (points: Points): ReadonlyArray<number> =>
    rowAtIndex(points, i)

/**
 * Returns all rows as lists of numbers: the inverse of `fromRows`, without weights.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(Points.fromRows([[1, 2], [3, 4]]), Either.map(Points.toRows)),
 *   Either.right([[1, 2], [3, 4]])
 * )
 */
export const toRows = (points: PointsLike): ReadonlyArray<ReadonlyArray<number>> => {
  const all = rowsOf('toRows', points)
  return Array.from({ length: all.rows }, (_, i) => rowAtIndex(all, i))
}

/** Weighted mean of x xᵀ, [dim, dim]. */
export const secondMoment = (given: PointsLike): Float64Array => {
  const points = rowsOf('secondMoment', given)
  const centre = mean(points)
  return covariance(points).map((c, at) => c + centre[Math.floor(at / points.dim)] * centre[at % points.dim])
}

/** Values as a [rows, dim] tensor, without a copy; for use inside `compute`. */
export const pointsTensor = ({ rows, dim, values }: Points): Tensor => fromNdArray({ shape: [rows, dim], values })

/** Σ wᵢ; the number of rows if there are no weights. */
export const totalWeight = ({ rows, weights }: Points): number =>
  weights === undefined ? rows : weights.reduce((sum, w) => sum + w, 0)

/** Weights scaled to sum 1, [n]; 1/n each if there are none. */
export const weightsOf = (given: PointsLike): Float64Array => {
  const points = rowsOf('weightsOf', given)
  const { rows, weights } = points
  const total = totalWeight(points)
  return weights === undefined ? new Float64Array(rows).fill(1 / rows) : weights.map(w => w / total)
}

const stretchesOfRows = (points: Points): Stretches.Stretches => Stretches.ofArray(points.values, points.dim)

/** Weights that sum to 1: 1/n for all rows, or one for each. */
const normalizedWeights = (points: Points): number | Stretches.Stretches =>
  points.weights === undefined ? 1 / points.rows : Stretches.ofArray(weightsOf(points), 1)

const mapCells = (points: Points, f: (x: number, column: number) => number): Float64Array =>
  Stretches.numbersFrom(Stretches.mapStretches(stretchesOfRows(points), f), 0, points.rows)

/**
 * Weighted mean m = Σ wᵢ xᵢ / Σ wᵢ, [d]. A second sum adds the mean of the residuals, so that a large offset costs no digits and the mean
 * of equal numbers is exact.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(Points.fromRows([[1, 10], [3, 30]]), Either.map(Points.mean)),
 *   Either.right(Float64Array.of(2, 20))
 * )
 */
export const mean = (given: PointsLike): Float64Array => {
  const points = rowsOf('mean', given)
  return Stretches.columnMeans(stretchesOfRows(points), normalizedWeights(points))
}

/**
 * Weighted covariance Σ wᵢ (xᵢ − m)(xᵢ − m)ᵀ / Σ wᵢ about the mean m, [d, d] row-major and exactly symmetric; the divisor is the total
 * weight, not one less.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(Points.fromRows([[1, 10], [3, 30]]), Either.map(Points.covariance)),
 *   Either.right(Float64Array.of(1, 10, 10, 100))
 * )
 */
export const covariance = (given: PointsLike): Float64Array => {
  const points = rowsOf('covariance', given)
  const { rows, dim } = points
  const p = weightsOf(points)
  const z = ByColumn.subtractColumns(points.values, mean(points))
  const { values } = compute(() => {
    const shape = [rows, dim]
    const weighted = fromNdArray({ shape, values: z.map((x, k) => p[Math.floor(k / dim)] * x) })
    return matMul(weighted, fromNdArray({ shape, values: z }), { transposeA: true })
  })
  // both entries of a pair take the same value; they differ by rounding
  return values.map((c, k) => (Math.floor(k / dim) > k % dim ? values[(k % dim) * dim + Math.floor(k / dim)] : c))
}

/**
 * Energy distance of two samples (Székely & Rizzo 2013), 2 E|X − Y| − E|X − X′| − E|Y − Y′| ≥ 0; 0 if they are equal. Weights are ignored.
 * For n and m rows of one distribution its mean is E|X − X′| (1/n + 1/m), so compare it with that of two samples of the distribution
 * itself.
 *
 * @throws RangeError if their dimensions differ
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Points } from 'ornstein'
 *
 * const at = (...values: ReadonlyArray<number>) => ({ rows: values.length, dim: 1, values: Float64Array.from(values) })
 * assert.equal(Points.energyDistance(at(0, 2), at(5)), 2 * 4 - 1)
 * assert.equal(Points.energyDistance(at(0, 2), at(2, 0)), 0)
 */
export const energyDistance = (first: PointsLike, second: PointsLike): number => {
  const [a, b] = [first, second].map(sample => pointsArgument(sample, 'Points.energyDistance(points, others)'))
  return a.dim === b.dim
    ? // for equal samples in another order the sums differ by rounding
      Math.max(
        0,
        2 * meanDistance(a.values, b.values, a.dim) -
          meanDistance(a.values, a.values, a.dim) -
          meanDistance(b.values, b.values, a.dim)
      )
    : refuse(`Points.energyDistance: ${a.dim} and ${b.dim} columns are not as many; give both samples the same`)
}

/** Numbers of a column, counted from 0. */
export const columnOfPoints =
  (j: number) =>
  ({ rows, dim, values }: Pick<Points, 'rows' | 'dim' | 'values'>): Float64Array =>
    Float64Array.from({ length: rows }, (_, i) => values[i * dim + j])

/**
 * Returns the rows at these indices (from 0, less than n, repeats allowed), in this order, with their weights, labels, partners and errors.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(Points.fromRows([[1], [2], [3]]), Either.map(Points.select([2, 0])), Either.map(Points.toRows)),
 *   Either.right([[3], [1]])
 * )
 */
export const select =
  (indices: ArrayLike<number>) =>
  (points: PointsLike): Points => {
    const { dim, values, weights, labels, partner, errors } = pointsArgument(points, 'Points.select(indices)(points)')
    return {
      rows: indices.length,
      dim,
      values: rowsAt(values, dim, indices),
      ...(partner && { partner: rowsAt(partner, dim, indices) }),
      ...(errors && { errors: rowsAt(errors, dim * dim, indices) }),
      ...(weights && { weights: tabulate(indices.length, i => weights[indices[i]]) }),
      ...(labels && { labels: Int32Array.from(indices, row => labels[row]) })
    }
  }

/** Origin and unit of each column, [d] each: x = centre + scale · z. */
export interface Scaling {
  readonly centre: Float64Array
  readonly scale: Float64Array
}

/**
 * Points in units of their spread, z = (x − centre) / scale, with the weighted mean as centre and the weighted standard deviation (divisor
 * Σ wᵢ) as scale. A constant column has scale 1. Sums are in units of the largest number, so that no square overflows or underflows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * assert.deepEqual(
 *   pipe(Points.fromRows([[10, 7], [30, 7]]), Either.map(Points.standardize)),
 *   Either.right({
 *     points: { rows: 2, dim: 2, values: Float64Array.of(-1, 0, 1, 0) },
 *     centre: Float64Array.of(20, 7),
 *     scale: Float64Array.of(10, 1)
 *   })
 * )
 */
export const standardize = (given: PointsLike): Scaling & { readonly points: Points } => {
  const points = rowsOf('standardize', given)
  const { centre, scale, of } = Stretches.standardOfColumns(stretchesOfRows(points), normalizedWeights(points))
  return {
    points: { ...points, values: mapCells(points, of), ...scaledErrors(points, j => 1 / scale[j]) },
    centre,
    scale
  }
}

/** Returns the points in the units of a scaling, z = (x − centre) / scale. */
export const pointsInUnits =
  ({ centre, scale }: Scaling) =>
  (points: Points): Points => ({
    ...points,
    values: mapCells(points, (x, j) => (x - centre[j]) / scale[j]),
    ...scaledErrors(points, j => 1 / scale[j])
  })

/**
 * Returns points in the original units, x = centre + scale · z: standardized points, or centres learned from them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Points } from 'ornstein'
 *
 * const data = Points.fromRows([[10, 7], [30, 7]])
 * const back = pipe(
 *   data,
 *   Either.map(Points.standardize),
 *   Either.map(({ points, ...scaling }) => Points.unstandardize(scaling)(points))
 * )
 * assert.deepEqual(back, data)
 */
export const unstandardize =
  ({ centre, scale }: Scaling) =>
  (given: PointsLike): Points => {
    const points = pointsArgument(given, 'Points.unstandardize(scaling)(points)')
    return {
      ...points,
      values: mapCells(points, (z, j) => centre[j] + scale[j] * z),
      ...scaledErrors(points, j => scale[j])
    }
  }
