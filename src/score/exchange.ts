/**
 * Files of mixtures for other programs: scikit-learn's `GaussianMixture` as JSON or NumPy `.npz`, and `parameters` of R's mclust as JSON
 * (`jsonlite`).
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Factor from '../../lib/arrays/factor.js'
import { nestedRows } from '../../lib/arrays/ndarray.js'
import type { NdArray } from '../../lib/index.js'
import * as Npz from '../../lib/formats/npz.js'
import { parsedJson } from '../../lib/formats/declared.js'
import * as Safetensors from '../../lib/formats/safetensors.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Problem from '../core/problem.js'
import type * as Covariance from '../mixture/families/covariance.js'
import { gaussianComponents, gaussianProblems } from '../mixture/component.js'
import * as Mixture from '../mixture/mixture.js'
import { covarianceNameOf } from './covarianceOf.js'

type ExchangeRow = ReadonlyArray<number>
type NestedRows = ReadonlyArray<ExchangeRow>

/** Fitted attributes of `sklearn.mixture.GaussianMixture(covariance_type='full')`. */
export interface ScikitLearn {
  readonly covariance_type: 'full'
  readonly weights_: ExchangeRow
  readonly means_: NestedRows
  /** [K, d, d]. */
  readonly covariances_: ReadonlyArray<NestedRows>
  /** Upper triangular U with Σ⁻¹ = U Uᵀ, [K, d, d], for scikit-learn's densities. */
  readonly precisions_cholesky_: ReadonlyArray<NestedRows>
}

/** `parameters` of mclust's `Mclust` and `me`: model VVV, or V for one column. */
export interface Mclust {
  readonly pro: ExchangeRow
  /** [d, K]. */
  readonly mean: NestedRows
  readonly variance: {
    readonly modelName: 'VVV' | 'V'
    readonly d: number
    readonly G: number
    /** [d, d, K], the component last as in R. */
    readonly sigma: ReadonlyArray<NestedRows>
    /** Upper triangular U with Σ = UᵀU, [d, d, K], for mclust's densities. */
    readonly cholsigma: ReadonlyArray<NestedRows>
    /** Variances, [K], for one column. */
    readonly sigmasq?: ExchangeRow
    readonly scale?: ExchangeRow
  }
}

const squareMatrices = ({ shape: [count, dim], values }: NdArray): ReadonlyArray<NestedRows> =>
  RA.makeBy(count, k => nestedRows(values.subarray(k * dim * dim, (k + 1) * dim * dim), dim))

/** L⁻ᵀ of a Cholesky factor L, [d, d]. */
const inverseTransposed = (factor: NdArray, dim: number): NestedRows =>
  // The columns of L⁻¹, solved for as rows.
  nestedRows(
    Factor.solve(
      Factor.triangleOfFactor(factor, dim),
      dim,
      new Float64Array(dim * dim).map((_, at) => (at % (dim + 1) === 0 ? 1 : 0))
    ),
    dim
  )

/**
 * Converts a mixture to scikit-learn's arrays.
 *
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
    means_: nestedRows(mixture.means.values, dim),
    covariances_: squareMatrices(Mixture.covariances(mixture)),
    precisions_cholesky_: RA.makeBy(count, k => inverseTransposed(gaussianComponents(mixture)[k].factor, dim))
  }
}

/**
 * Converts a mixture to mclust's list.
 *
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
  const means = nestedRows(mixture.means.values, dim)
  const covariances = Mixture.covariances(mixture)
  const lastOf = (of: ReadonlyArray<NestedRows>): ReadonlyArray<NestedRows> =>
    RA.makeBy(dim, i => RA.makeBy(dim, j => of.map(matrix => matrix[i][j])))
  const uppers = RA.makeBy(count, k => {
    const { values } = Factor.triangleOfFactor(gaussianComponents(mixture)[k].factor, dim)
    return RA.makeBy(dim, i => RA.makeBy(dim, j => values[j * dim + i]))
  })
  const variances = Array.from(covariances.values)
  return {
    pro: Array.from(mixture.weights),
    mean: RA.makeBy(dim, j => means.map(row => row[j])),
    variance: {
      modelName: dim === 1 ? 'V' : 'VVV',
      d: dim,
      G: count,
      sigma: lastOf(squareMatrices(covariances)),
      cholsigma: lastOf(uppers),
      ...(dim === 1 && { sigmasq: variances, scale: variances })
    }
  }
}

const rowCodec = t.readonlyArray(t.number)
const rowsOfNumbersCodec = t.readonlyArray(rowCodec)

const scikitLearnCodec = t.type({
  covariance_type: t.union([t.literal('full'), t.literal('tied'), t.literal('diag'), t.literal('spherical')]),
  weights_: rowCodec,
  means_: rowsOfNumbersCodec,
  covariances_: t.unknown
})

const rowOrNumberCodec = t.union([rowCodec, t.number])
const mclustCodec = t.type({
  pro: rowOrNumberCodec,
  // A vector for one column, a number for one column and one component.
  mean: t.union([rowsOfNumbersCodec, rowOrNumberCodec]),
  // One column has no sigma.
  variance: t.partial({ sigma: t.readonlyArray(rowsOfNumbersCodec), sigmasq: rowOrNumberCodec }),
  // A number if the model has noise, otherwise NULL, in JSON {}.
  Vinv: t.unknown
})

const decodedField = <A>(codec: t.Type<A, unknown>, json: unknown, name: string): E.Either<Problem.Problems, A> =>
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
          name === 'GaussianMixture'
            ? 'give covariance_type, weights_, means_ and covariances_, by numpy.savez or as JSON, arrays as nested lists'
            : 'write it as JSON, arrays as nested lists'
        )
      ]
    })
  )

/** Converts each covariance type to the fields of a `Description`. */
const COVARIANCE_TYPES: Readonly<
  Record<
    t.TypeOf<typeof scikitLearnCodec>['covariance_type'],
    (found: unknown, count: number) => E.Either<Problem.Problems, Omit<Mixture.Description, 'means'>>
  >
> = {
  full: found =>
    pipe(
      decodedField(t.readonlyArray(rowsOfNumbersCodec), found, 'covariances_'),
      E.map(covariances => ({ covariances }))
    ),
  tied: (found, count) =>
    pipe(
      decodedField(rowsOfNumbersCodec, found, 'covariances_'),
      E.map(covariance => ({ covariances: RA.replicate(count, covariance) }))
    ),
  diag: found =>
    pipe(
      decodedField(rowsOfNumbersCodec, found, 'covariances_'),
      E.map(variances => ({ variances }))
    ),
  spherical: found =>
    pipe(
      decodedField(rowCodec, found, 'covariances_'),
      E.map(variances => ({ variances }))
    )
}

/**
 * Reads a mixture from scikit-learn's arrays as JSON, for any covariance type.
 *
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
    decodedField(scikitLearnCodec, json, 'GaussianMixture'),
    E.flatMap(({ covariance_type: type, covariances_: found, weights_: weights, means_: means }) =>
      pipe(
        COVARIANCE_TYPES[type](found, means.length),
        E.flatMap(spread => Mixture.parse({ means, weights, ...spread }))
      )
    )
  )

/**
 * Reads a mixture from mclust's parameters, for any model without noise, as written by `jsonlite::toJSON`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Exchange, Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[0, 1], [3, 4]], covariances: [[[1, 0.5], [0.5, 1]], [[2, 0], [0, 2]]] })
 * const read = Exchange.fromMclust(Exchange.toMclust(mixture))
 * assert.ok(E.isRight(read))
 * assert.equal(Mixture.show(read.right), Mixture.show(mixture))
 */
export const fromMclust = (json: unknown): E.Either<Problem.Problems, Mixture.Mixture> =>
  pipe(
    decodedField(mclustCodec, json, 'mclust'),
    E.flatMap(({ pro, mean, variance, Vinv }) => {
      const list = (found: ExchangeRow | number): ExchangeRow => (typeof found === 'number' ? [found] : found)
      if (rowOrNumberCodec.is(Vinv) && list(Vinv).length > 0)
        return E.left<Problem.Problems>([
          Problem.of(
            'Vinv',
            list(Vinv).join(', '),
            'left out, as where there is no noise: that of mclust has one density everywhere, and a background here is of a box, which the list does not have',
            'learn one here by a robust fit, or leave Vinv out, and the last number of pro, to have the components alone'
          )
        ])
      const weights = list(pro)
      const means: NestedRows = typeof mean !== 'number' && rowsOfNumbersCodec.is(mean) ? mean : [list(mean)]
      const ofOthers = (name: string, count: number): E.Either<Problem.Problems, never> =>
        E.left([
          Problem.of(
            name,
            `of ${count} components`,
            `of ${weights.length}, as many as pro has numbers`,
            'give the list as mclust has it'
          )
        ])
      const odd = means.find(row => row.length !== weights.length)
      if (odd !== undefined) return ofOthers('mean', odd.length)
      const common = { weights, means: weights.map((_, k) => means.map(row => row[k])) }
      const { sigma, sigmasq } = variance
      const slice = sigma?.flat().find(entries => entries.length !== weights.length)
      if (slice !== undefined) return ofOthers('variance.sigma', slice.length)
      if (sigma !== undefined)
        return Mixture.parse({
          ...common,
          covariances: weights.map((_, k) => sigma.map(row => row.map(entries => entries[k])))
        })
      if (sigmasq === undefined)
        return E.left<Problem.Problems>([
          Problem.of('variance.sigma', 'missing', 'what mclust writes', 'give the list as it is')
        ])
      // One column has a variance for each component, or one for all.
      const variances = list(sigmasq)
      return Mixture.parse({
        ...common,
        variances: variances.length === 1 ? weights.map(() => variances[0]) : variances
      })
    })
  )

// —— files ——

/** A mixture with the names of its columns, if known. */
export interface Named {
  readonly mixture: Mixture.Mixture
  readonly columns: ReadonlyArray<string> | null
}

export interface Found extends Named {
  /** mclust's named covariance family if the mixture agrees with it, otherwise the one of fourteen with the fewest parameters. */
  readonly covariance: Covariance.Name
}

/** Formats that `write` supports. */
export const EXCHANGE_FORMS = ['sklearn', 'npz', 'safetensors', 'mclust', 'json'] as const
export type Form = (typeof EXCHANGE_FORMS)[number]

const scikitLearnArrays = (mixture: Mixture.Mixture) => {
  const { covariances_, precisions_cholesky_ } = toScikitLearn(mixture)
  const [count, dim] = mixture.means.shape
  const cube = (list: ReadonlyArray<NestedRows>) => ({
    shape: [count, dim, dim],
    values: Float64Array.from(list.flat(2))
  })
  return {
    weights_: { shape: [count], values: mixture.weights },
    means_: mixture.means,
    covariances_: cube(covariances_),
    precisions_cholesky_: cube(precisions_cholesky_)
  }
}

const toNpz = (mixture: Mixture.Mixture, columns: ReadonlyArray<string>): Uint8Array =>
  Npz.write({
    covariance_type: { shape: [], texts: ['full'] },
    ...scikitLearnArrays(mixture),
    feature_names_in_: { shape: [columns.length], texts: columns }
  })

/** The npz arrays as safetensors, with column names as metadata. */
const toSafetensors = (mixture: Mixture.Mixture, columns: ReadonlyArray<string>): Uint8Array =>
  Safetensors.write(scikitLearnArrays(mixture), { covariance_type: 'full', feature_names_in_: JSON.stringify(columns) })

/** Problems of writing a mixture; formats hold Gaussian components only. */
export const problems = gaussianProblems

/**
 * Writes a mixture: scikit-learn's arrays as JSON (`sklearn`), for `numpy.load` (`npz`) or as `safetensors`, mclust's `parameters` as JSON
 * (`mclust`), or weights, means and covariances alone (`json`).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Exchange, Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[0], [3]], variances: [1, 4] })
 * assert.match(String(Exchange.write('mclust')({ mixture, columns: ['x'] })), /"sigmasq":\[1,4\]/)
 */
export const write =
  (form: Form) =>
  ({ mixture, columns }: Named): string | Uint8Array => {
    const wrong = problems(mixture)
    if (wrong.length > 0) return refuse(`Exchange.write: ${wrong.map(Problem.show).join('; ')}`)
    const names = columns ?? RA.makeBy(Mixture.dimension(mixture), j => `x${j + 1}`)
    switch (form) {
      case 'npz':
        return toNpz(mixture, names)
      case 'safetensors':
        return toSafetensors(mixture, names)
      case 'mclust':
        return `${JSON.stringify({ ...toMclust(mixture), columns: names })}\n`
      case 'sklearn':
        return `${JSON.stringify({ ...toScikitLearn(mixture), feature_names_in_: names })}\n`
      case 'json': {
        const { weights_: weights, means_: means, covariances_: covariances } = toScikitLearn(mixture)
        return `${JSON.stringify({ columns: names, weights, means, covariances })}\n`
      }
      default:
        return refuse(
          Problem.requireOneOf('form', form satisfies never, EXCHANGE_FORMS)
            .map(Problem.show)
            .join('; ')
        )
    }
  }

const exchangeProblem = (value: string, domain: string, remedy: string): Problem.Problems =>
  Problem.singleProblem(Problem.of('file', value, domain, remedy))

const nestByShape = (values: ReadonlyArray<unknown>, shape: ReadonlyArray<number>): unknown =>
  shape.length === 0
    ? values[0]
    : RA.makeBy(shape[0], i => {
        const width = values.length / shape[0]
        return nestByShape(values.slice(i * width, (i + 1) * width), shape.slice(1))
      })

const columnNamesCodec = t.readonlyArray(t.string)

/** Column names under a key of a JSON object; null if there are none. */
const namesUnderKey = (json: unknown, key: string): ReadonlyArray<string> | null => {
  const found = t.UnknownRecord.is(json) ? json[key] : null
  return columnNamesCodec.is(found) ? found : null
}

/** Name of the model in mclust's JSON; null if there is none. */
const modelNameIn = (json: unknown): string | null => {
  const variance = t.UnknownRecord.is(json) ? json.variance : null
  const said = t.UnknownRecord.is(variance) ? variance.modelName : null
  // `jsonlite` writes a string as a list.
  const name: unknown = t.UnknownArray.is(said) ? said[0] : said
  return typeof name === 'string' ? name : null
}

const foundMixture = (json: unknown, mixture: Mixture.Mixture, columns: ReadonlyArray<string> | null): Found => ({
  mixture,
  columns,
  covariance: covarianceNameOf(mixture, modelNameIn(json))
})

const fromJson = (json: unknown): E.Either<Problem.Problems, Found> => {
  const has = (key: string): boolean => t.UnknownRecord.is(json) && Object.hasOwn(json, key)
  const [mixture, key] = has('weights_')
    ? [fromScikitLearn(json), 'feature_names_in_']
    : has('pro')
      ? [fromMclust(json), 'columns']
      : [
          pipe(
            Mixture.codec.decode(json),
            E.mapLeft(() =>
              exchangeProblem(
                'it',
                'a mixture',
                "give scikit-learn's arrays, mclust's parameters, or means, weights and covariances"
              )
            )
          ),
          'columns'
        ]
  return pipe(
    mixture,
    E.map(mixture => foundMixture(json, mixture, namesUnderKey(json, key)))
  )
}

const fromNpz = (bytes: Uint8Array): E.Either<Problem.Problems, Found> => {
  const arrays = Npz.read(bytes)
  return typeof arrays === 'string'
    ? E.left(exchangeProblem(arrays, 'a file of arrays', 'write it by numpy.savez'))
    : fromJson(
        Object.fromEntries(
          Object.entries(arrays).map(([name, entry]) => [
            name,
            nestByShape('texts' in entry ? entry.texts : Array.from(entry.values), entry.shape)
          ])
        )
      )
}

const fromSafetensors = (bytes: Uint8Array): E.Either<Problem.Problems, Found> => {
  const found = Safetensors.read(bytes)
  if (typeof found === 'string')
    return E.left(exchangeProblem(found, 'a mixture as safetensors', 'write it by Exchange.write'))
  const { feature_names_in_: columns, ...words } = found.metadata
  return fromJson({
    ...words,
    ...Object.fromEntries(
      Object.entries(found.arrays).map(([name, { shape, values }]) => [name, nestByShape(Array.from(values), shape)])
    ),
    ...('feature_names_in_' in found.metadata && { feature_names_in_: parsedJson(columns) })
  })
}

/**
 * Reads a mixture from a file by `write`, by scikit-learn's users with `numpy.savez` or `json.dump`, or by R's with
 * `jsonlite::write_json(model$parameters, file, digits = NA)`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Exchange } from 'ornstein'
 *
 * const text = '{"pro":[0.5,0.5],"mean":[0,3],"variance":{"modelName":["V"],"d":[1],"G":[2],"sigmasq":[1,4]}}'
 * const found = Exchange.read(new TextEncoder().encode(text))
 * assert.ok(E.isRight(found))
 * assert.deepEqual([...found.right.mixture.variances], [1, 4])
 * assert.equal(found.right.covariance, 'VII')
 */
export const read = (bytes: Uint8Array): E.Either<Problem.Problems, Found> => {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return fromNpz(bytes)
  // The header length of safetensors has a zero byte here, which text lacks.
  if (bytes[7] === 0) return fromSafetensors(bytes)
  return fromJson(parsedJson(new TextDecoder().decode(bytes)))
}
