/** Mixtures as lists of numbers, for code and JSON. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Factor from '../../lib/arrays/factor.js'
import type { NdArray } from '../../lib/index.js'
import { nestedRows, shapeSize } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import { isRecord } from '../core/record.js'
import { quotedValue, typeAndValue } from '../core/spelling.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import * as Maps from './families/maps.js'
import { backgroundCodec, tailsAndBackgroundOfLists, normalizedWeights } from './component.js'
import type { Mixture } from './mixtureData.js'

type NestedRows = ReadonlyArray<ReadonlyArray<number>>

export interface Description {
  readonly means: NestedRows
  /** One per component; normalized. Default: equal. */
  readonly weights?: ReadonlyArray<number>
  /** One per component, or per column of each component. Default: 1. */
  readonly variances?: ReadonlyArray<number> | NestedRows
  /** One symmetric, positive definite matrix per component; instead of `variances`. */
  readonly covariances?: ReadonlyArray<NestedRows>
  /** Lower Cholesky triangles, which round-trip to the same bits; instead of both. */
  readonly factors?: ReadonlyArray<NestedRows>
  /** ν of each multivariate t, whose covariance is then its scale matrix; null if Gaussian. */
  readonly tails?: ReadonlyArray<number | null>
  /** Density of rows that belong to no component; `share` is its weight, `weights` are conditional on a component. */
  readonly background?: t.TypeOf<typeof backgroundCodec>
}

const isNestedRows = (list: ReadonlyArray<number> | NestedRows): list is NestedRows => list.every(Array.isArray)

/** Maximum relative asymmetry of a covariance. */
const ASYMMETRY = 1e-10

/** Left: the required form, for the message. */
const flatSquareMatrix = (matrix: NestedRows, dim: number): E.Either<string, Float64Array> => {
  const flat = Float64Array.from(matrix.flat())
  return matrix.length === dim && matrix.every(row => row.length === dim) && flat.every(Number.isFinite)
    ? E.right(flat)
    : E.left(`a ${dim} × ${dim} matrix of finite numbers`)
}

const parseLowerTriangle = (matrix: NestedRows, dim: number): E.Either<string, NdArray> =>
  pipe(
    flatSquareMatrix(matrix, dim),
    E.filterOrElse(
      flat => flat.every((x, at) => (at % (dim + 1) === 0 ? x > 0 : at % dim < Math.floor(at / dim) || x === 0)),
      () => 'lower triangular with a positive diagonal'
    ),
    E.map(values => ({ shape: [dim, dim], values }))
  )

const covarianceTriangle = (matrix: NestedRows, dim: number): E.Either<string, NdArray> =>
  pipe(
    flatSquareMatrix(matrix, dim),
    E.flatMap(flat => checkedCholesky(flat, dim))
  )

/** Left: the required property, for the message. */
const checkedCholesky = (flat: Float64Array, dim: number): E.Either<string, NdArray> => {
  const skewed = flat.some((x, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    const scale = Math.sqrt(Math.abs(flat[i * dim + i] * flat[j * dim + j]))
    return Math.abs(x - flat[j * dim + i]) > ASYMMETRY * scale
  })
  return skewed ? E.left('symmetric') : E.fromNullable('positive definite')(Factor.choleskyOfCovariance(flat, dim))
}

/** Triangles from `covariances` or `factors`; empty if there are variances. */
const trianglesOf = (
  { covariances, factors }: Description,
  dim: number
): ReadonlyArray<E.Either<Problem.Problem, NdArray>> => {
  const read = (
    name: string,
    matrices: ReadonlyArray<NestedRows>,
    of: (matrix: NestedRows, dim: number) => E.Either<string, NdArray>
  ): ReadonlyArray<E.Either<Problem.Problem, NdArray>> =>
    matrices.map((matrix, k) =>
      pipe(
        of(matrix, dim),
        E.mapLeft(domain =>
          Problem.of(`${name}[${k}]`, quotedValue(matrix), domain, 'give variances where columns are independent')
        )
      )
    )
  return [
    ...read('covariances', covariances ?? [], covarianceTriangle),
    ...read('factors', factors ?? [], parseLowerTriangle)
  ]
}

const varianceProblems = (variances: ReadonlyArray<number> | NestedRows, dim: number): ReadonlyArray<Problem.Problem> =>
  isNestedRows(variances)
    ? variances.flatMap((row, k) =>
        row.length === dim
          ? row.flatMap((variance, j) => Problem.requirePositive(`variances[${k}][${j}]`, variance, 1))
          : [
              Problem.of(
                `variances[${k}]`,
                quotedValue(row),
                `a list of ${dim}, one for each column`,
                'give one for each column, or one number for each component'
              )
            ]
      )
    : variances.flatMap((variance, k) => Problem.requirePositive(`variances[${k}]`, variance, 1))

const isNumber = (u: unknown): boolean => typeof u === 'number'

const isList = (u: unknown): u is ArrayLike<unknown> => Array.isArray(u) || (ArrayBuffer.isView(u) && 'length' in u)

/** True for typed arrays, and lists without holes, whose entries satisfy `is`. */
const isListOf =
  (is: (u: unknown) => boolean) =>
  (u: unknown): boolean =>
    isList(u) && Array.from(u).every(is)

const isPresent = (u: unknown): boolean => u !== undefined

const fieldTypes: Readonly<
  Record<keyof Description, readonly [is: (u: unknown) => boolean, domain: string, remedy: string]>
> = {
  means: [
    isListOf(isListOf(isNumber)),
    'a rectangular list of finite centres',
    'give each component the same number of coordinates'
  ],
  weights: [isListOf(isNumber), 'a list of numbers', 'give one for each component'],
  variances: [
    isListOf(u => isPresent(u) && (!isList(u) || isListOf(isPresent)(u))),
    'a list of numbers, or of such lists',
    'give one for each component'
  ],
  covariances: [isListOf(isListOf(isListOf(isNumber))), 'a list of matrices', 'give one for each component'],
  factors: [isListOf(isListOf(isListOf(isNumber))), 'a list of matrices', 'give one for each component'],
  tails: [isListOf(isPresent), 'a list of numbers and nulls', 'give one for each component'],
  background: [
    u => isRecord(u) && isNumber(u.share) && isListOf(isNumber)(u.centre) && isListOf(isNumber)(u.scale),
    'a share, a centre and a scale',
    'leave it out where all rows are of components'
  ]
}

const fieldTypeProblems = (description: Readonly<Record<string, unknown>>): ReadonlyArray<Problem.Problem> =>
  Object.entries(fieldTypes).flatMap(([field, [is, domain, remedy]]) =>
    Problem.unless(
      description[field] === undefined || is(description[field]),
      field,
      quotedValue(description[field]),
      domain,
      remedy
    )
  )

const backgroundProblems = (
  background: NonNullable<Description['background']>,
  dim: number
): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    background.share >= 0 &&
      background.share < 1 &&
      [background.centre, background.scale].every(list => list.length === dim && list.every(Number.isFinite)) &&
      background.scale.every(s => s > 0),
    'background',
    quotedValue(background),
    `a share in [0, 1), a centre and a scale > 0, each a list of ${dim}`,
    'leave it out where all rows are of components'
  )

const descriptionProblems = (description: Description): ReadonlyArray<Problem.Problem> => {
  const { means, weights, variances, covariances, factors, tails, background } = description
  const array = Params.ndArray(means)
  const perComponent = (field: string, values: ReadonlyArray<unknown> | undefined): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      values === undefined || values.length === means.length,
      field,
      `a list of ${values?.length ?? 0}`,
      `a list of ${means.length}, one for each mean`,
      'give one for each component'
    )
  const dim = array?.shape[1] ?? 0
  return [
    ...Problem.unless(
      array !== null && array.shape.length === 2 && shapeSize(array.shape) > 0 && array.values.every(Number.isFinite),
      'means',
      quotedValue(means),
      'a rectangular list of finite centres',
      'give each component the same number of coordinates'
    ),
    ...perComponent('weights', weights),
    ...perComponent('variances', variances),
    ...perComponent('covariances', covariances),
    ...perComponent('factors', factors),
    ...perComponent('tails', tails),
    ...(tails ?? []).flatMap((nu, k) => (nu === null ? [] : Problem.requirePositive(`tails[${k}]`, nu, 4))),
    ...(background === undefined ? [] : backgroundProblems(background, dim)),
    ...Problem.unless(
      [variances, covariances, factors].filter(given => given !== undefined).length <= 1,
      'variances, covariances, factors',
      'more than one of them',
      'one',
      'say once how wide the components are'
    ),
    ...Problem.unless(
      weights === undefined || (weights.every(w => w >= 0 && w < Infinity) && weights.some(w => w > 0)),
      'weights',
      quotedValue(weights ?? null),
      '≥ 0 and finite, some > 0',
      'leave them out for equal weights'
    ),
    ...varianceProblems(variances ?? [], dim),
    ...trianglesOf(description, dim).flatMap(
      E.match(
        problem => [problem],
        () => []
      )
    )
  ]
}

/** Parses untrusted input; Left: its problems. */
export const parse = (description: Description): E.Either<Problem.Problems, Mixture> => {
  const given: unknown = description
  if (!(isRecord(given) && Array.isArray(given.means)))
    return E.left(
      Problem.singleProblem(
        Problem.of(
          'description',
          typeAndValue(given),
          'one with means',
          'give the means, a list for each: Mixture.of({ means: [[0, 0], [3, 1]] })'
        )
      )
    )
  const problems = fieldTypeProblems(given)
  if (problems.length > 0) return E.left(problems as Problem.Problems)
  return parseLists(description)
}

const parseLists = (description: Description): E.Either<Problem.Problems, Mixture> => {
  const problems = descriptionProblems(description)
  const { means, weights, variances } = description
  const array = Params.ndArray(means)
  // Then `problems` is not empty.
  if (array === null || problems.length > 0) return E.left(problems as Problem.Problems)
  const first = { means: array, weights: normalizedWeights(weights ?? means.map(() => 1)) }
  const [count, dim] = array.shape
  return pipe(
    RA.sequence(E.Applicative)(trianglesOf(description, dim)),
    E.bimap(Problem.singleProblem, triangles =>
      triangles.length > 0
        ? Maps.mixtureOfTriangles(
            first,
            triangles.map(({ values }) => values)
          )
        : {
            ...first,
            variances:
              variances === undefined
                ? new Float64Array(count).fill(1)
                : Float64Array.from(isNestedRows(variances) ? variances.flat() : variances),
            factors: null
          }
    ),
    E.map(found => ({ ...found, ...tailsAndBackgroundOfLists(description) }))
  )
}

/**
 * Returns the mixture. Throws a RangeError if it is not valid; use `parse` for untrusted input.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Key } from 'ornstein/float64'
 * import { Mixture } from 'ornstein'
 *
 * const points = pipe(
 *   Mixture.of({ means: [[-2, 0], [2, 0]], variances: [0.25, 1] }),
 *   Mixture.diffuse({ alpha: 0.6, sigma: 0.8 }),
 *   Mixture.sample(100)(Key.fromSeed(1))
 * )
 * assert.equal(points.rows, 100)
 */
export const of = (description: Description): Mixture =>
  pipe(
    parse(description),
    E.getOrElse((problems): Mixture => refuse(`Mixture.of: ${problems.map(Problem.show).join('\n')}`))
  )

const rowsCodec = t.readonlyArray(t.readonlyArray(Params.numberCodec))

const descriptionCodec = t.intersection([
  t.type({ means: rowsCodec }),
  t.partial({
    weights: t.readonlyArray(t.number),
    variances: t.union([t.readonlyArray(t.number), rowsCodec]),
    covariances: t.readonlyArray(rowsCodec),
    factors: t.readonlyArray(rowsCodec),
    tails: t.readonlyArray(t.union([t.number, t.null])),
    background: backgroundCodec
  })
])

const stackedMatrices = ({ shape: [, rows, columns], values }: NdArray): ReadonlyArray<NestedRows> =>
  nestedRows(values, rows * columns).map(matrix => nestedRows(Float64Array.from(matrix), columns))

/** Lists variances, or Cholesky triangles if columns are correlated. */
export const toDescription = (
  mixture: Mixture
): Omit<Description, 'weights'> & { readonly weights: ReadonlyArray<number> } => {
  const { means, weights, variances, factors } = mixture
  const [count, d] = means.shape
  return {
    means: nestedRows(means.values, d),
    weights: Array.from(weights),
    ...(factors !== null
      ? { factors: stackedMatrices(factors) }
      : { variances: variances.length === count ? Array.from(variances) : nestedRows(variances, d) }),
    ...tailsAndBackground(mixture)
  }
}

/** Tails and background as lists; empty if there are none. */
export const tailsAndBackground = ({ tails, background }: Mixture): Pick<Description, 'tails' | 'background'> => ({
  ...(tails && { tails: Array.from(tails, nu => (nu === Infinity ? null : nu)) }),
  ...(background && {
    background: { ...background, centre: Array.from(background.centre), scale: Array.from(background.scale) }
  })
})

/** Returns code that builds the mixture. */
export const show = (mixture: Mixture): string =>
  `Mixture.of({ ${Object.entries(toDescription(mixture))
    .map(([name, list]) => `${name}: ${JSON.stringify(list)}`)
    .join(', ')} })`

/** JSON codec by `Description`, which round-trips to the same bits. */
export const codec: t.Type<Mixture, unknown> = new t.Type<Mixture, unknown>(
  'Mixture',
  (u): u is Mixture => typeof u === 'object' && u !== null && 'means' in u && 'weights' in u && 'variances' in u,
  (u, context) =>
    pipe(
      descriptionCodec.validate(u, context),
      E.chain(found =>
        pipe(
          parse(found),
          E.fold(problems => t.failure(u, context, problems.map(Problem.show).join('\n')), t.success)
        )
      )
    ),
  mixture => descriptionCodec.encode(toDescription(mixture))
)
