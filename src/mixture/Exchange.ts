/**
 * Mixtures as others write them: scikit-learn's `GaussianMixture` by the names of its arrays, and the `parameters` of R's mclust. Both
 * are plain JSON, which Python's `json` and R's `jsonlite` read: setting the arrays on a `GaussianMixture`, or giving the list to
 * `mclust::dens` and `estep`, has the same densities there.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Factor from '../../lib/factor.js'
import type { NdArray } from '../../lib/index.js'
import * as Problem from '../core/Problem.js'
import { factorOf } from './draw.js'
import * as Mixture from './Mixture.js'

type Row = ReadonlyArray<number>
type Rows = ReadonlyArray<Row>

/** Fitted attributes of `sklearn.mixture.GaussianMixture(covariance_type='full')`, by their names. */
export interface ScikitLearn {
  readonly covariance_type: 'full'
  readonly weights_: Row
  readonly means_: Rows
  /** [K, d, d] */
  readonly covariances_: ReadonlyArray<Rows>
  /** The upper triangles U with Σ⁻¹ = U Uᵀ, [K, d, d], from which scikit-learn takes its densities. */
  readonly precisions_cholesky_: ReadonlyArray<Rows>
}

/** `parameters` of mclust's `Mclust` and `me`, model VVV. */
export interface Mclust {
  readonly pro: Row
  /** [d, K]: a column for each component. */
  readonly mean: Rows
  readonly variance: {
    readonly modelName: 'VVV'
    readonly d: number
    readonly G: number
    /** [d, d, K], as R indexes it: the last index is that of the component. */
    readonly sigma: ReadonlyArray<Rows>
  }
}

const nested = (values: Float64Array, width: number): Rows =>
  RA.makeBy(values.length / width, i => Array.from(values.subarray(i * width, (i + 1) * width)))

const matrices = ({ shape: [count, dim], values }: NdArray): ReadonlyArray<Rows> =>
  RA.makeBy(count, k => nested(values.subarray(k * dim * dim, (k + 1) * dim * dim), dim))

/** L⁻ᵀ of a factor, [d, d]: upper triangular. */
const inverseTransposed = (factor: NdArray, dim: number): Rows =>
  // Rows e_i become (L⁻¹ e_i)ᵀ: the columns of L⁻¹, one a row.
  nested(
    Factor.solve(
      Factor.triangle(factor, dim),
      dim,
      new Float64Array(dim * dim).map((_, at) => (at % (dim + 1) === 0 ? 1 : 0))
    ),
    dim
  )

/**
 * The mixture as scikit-learn's arrays.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Exchange, Mixture } from 'ornstein'
 *
 * const { means_, precisions_cholesky_ } = Exchange.toScikitLearn(Mixture.of({ means: [[0], [3]], variances: [1, 4] }))
 * assert.deepEqual(means_, [[0], [3]])
 * assert.deepEqual(precisions_cholesky_, [[[1]], [[0.5]]])
 */
export const toScikitLearn = (mixture: Mixture.Mixture): ScikitLearn => {
  const [count, dim] = mixture.means.shape
  return {
    covariance_type: 'full',
    weights_: Array.from(mixture.weights),
    means_: nested(mixture.means.values, dim),
    covariances_: matrices(Mixture.covariances(mixture)),
    precisions_cholesky_: RA.makeBy(count, k => inverseTransposed(factorOf(mixture, k), dim))
  }
}

/**
 * The mixture as mclust's list.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Exchange, Mixture } from 'ornstein'
 *
 * const { mean, variance } = Exchange.toMclust(Mixture.of({ means: [[0, 1], [3, 4]] }))
 * assert.deepEqual(mean, [[0, 3], [1, 4]])
 * assert.deepEqual(variance.sigma, [[[1, 1], [0, 0]], [[0, 0], [1, 1]]])
 */
export const toMclust = (mixture: Mixture.Mixture): Mclust => {
  const [count, dim] = mixture.means.shape
  const means = nested(mixture.means.values, dim)
  const sigmas = matrices(Mixture.covariances(mixture))
  return {
    pro: Array.from(mixture.weights),
    mean: RA.makeBy(dim, j => means.map(row => row[j])),
    variance: {
      modelName: 'VVV',
      d: dim,
      G: count,
      sigma: RA.makeBy(dim, i => RA.makeBy(dim, j => sigmas.map(matrix => matrix[i][j])))
    }
  }
}

const row = t.readonlyArray(t.number)
const rows = t.readonlyArray(row)

const scikitLearn = t.type({
  covariance_type: t.union([t.literal('full'), t.literal('tied'), t.literal('diag'), t.literal('spherical')]),
  weights_: row,
  means_: rows,
  covariances_: t.unknown
})

const mclust = t.type({
  pro: t.union([row, t.number]),
  mean: rows,
  variance: t.type({ sigma: t.readonlyArray(rows) })
})

const read = <A>(codec: t.Type<A, unknown>, json: unknown, name: string): E.Either<Problem.Problems, A> =>
  pipe(
    codec.decode(json),
    E.mapLeft(([{ context }]): Problem.Problems => {
      const actual = context.at(-1)?.actual
      return [
        Problem.of(
          context
            .map(({ key }) => key)
            .filter(key => key !== '')
            .join('.') || name,
          actual === undefined ? 'missing' : JSON.stringify(actual),
          `what ${name} writes`,
          'write it as JSON, arrays as nested lists'
        )
      ]
    })
  )

const parsed = (description: Mixture.Description): E.Either<Problem.Problems, Mixture.Mixture> =>
  pipe(
    Mixture.parse(description),
    // `parse` has a problem where it fails.
    E.mapLeft(([first, ...rest]): Problem.Problems => [first, ...rest])
  )

/** Of each covariance type what a `Description` takes. */
const shapes: Readonly<
  Record<
    t.TypeOf<typeof scikitLearn>['covariance_type'],
    (found: unknown, count: number) => E.Either<Problem.Problems, Omit<Mixture.Description, 'means'>>
  >
> = {
  full: found =>
    pipe(
      read(t.readonlyArray(rows), found, 'covariances_'),
      E.map(covariances => ({ covariances }))
    ),
  tied: (found, count) =>
    pipe(
      read(rows, found, 'covariances_'),
      E.map(covariance => ({ covariances: RA.replicate(count, covariance) }))
    ),
  diag: found =>
    pipe(
      read(rows, found, 'covariances_'),
      E.map(variances => ({ variances }))
    ),
  spherical: found =>
    pipe(
      read(row, found, 'covariances_'),
      E.map(variances => ({ variances }))
    )
}

/**
 * A mixture from scikit-learn's arrays, of any covariance type, as JSON has them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Exchange } from 'ornstein'
 *
 * const fitted = { covariance_type: 'diag', weights_: [0.5, 0.5], means_: [[0, 0], [3, 3]], covariances_: [[1, 2], [3, 4]] }
 * const read = Exchange.fromScikitLearn(fitted)
 * assert.ok(E.isRight(read))
 * assert.deepEqual([...read.right.variances], [1, 2, 3, 4])
 */
export const fromScikitLearn = (json: unknown): E.Either<Problem.Problems, Mixture.Mixture> =>
  pipe(
    read(scikitLearn, json, 'GaussianMixture'),
    E.flatMap(({ covariance_type: type, covariances_: found, weights_: weights, means_: means }) =>
      pipe(
        shapes[type](found, means.length),
        E.flatMap(spread => parsed({ means, weights, ...spread }))
      )
    )
  )

/**
 * A mixture from mclust's list of parameters, of any model that has `sigma`, as `jsonlite::toJSON` writes it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Exchange, Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[0, 1], [3, 4]], covariances: [[[1, 0.5], [0.5, 1]], [[2, 0], [0, 2]]] })
 * const read = Exchange.fromMclust(Exchange.toMclust(mixture))
 * assert.ok(E.isRight(read))
 * assert.deepEqual(Mixture.toDescription(read.right), Mixture.toDescription(mixture))
 */
export const fromMclust = (json: unknown): E.Either<Problem.Problems, Mixture.Mixture> =>
  pipe(
    read(mclust, json, 'mclust'),
    E.flatMap(({ pro, mean, variance: { sigma } }) => {
      const weights = typeof pro === 'number' ? [pro] : pro
      return parsed({
        weights,
        means: weights.map((_, k) => mean.map(row => row[k])),
        covariances: weights.map((_, k) => sigma.map(row => row.map(entries => entries[k])))
      })
    })
  )
