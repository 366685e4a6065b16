/** Isotropic Gaussian mixtures, Σ π_i N(c_i, v_i I), as plain data: the truth that a score is to learn. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import { compute, fromNdArray, Key, log, type NdArray, type Tensor } from '../../lib/index.js'
import { size } from '../../lib/ndarray.js'
import { refuse } from '../../lib/refuse.js'
import * as Components from './Components.js'
import * as Params from '../score/Params.js'
import type { Points } from '../data/Points.js'
import * as Problem from '../core/Problem.js'
import type { Level } from '../schedule/Schedule.js'

export interface Mixture {
  /** [K, dim] */
  readonly means: NdArray
  /** [K], positive or zero, summing to 1 */
  readonly weights: Float64Array
  /** [K], positive */
  readonly variances: Float64Array
}

/** A Gaussian mixture with any covariances: as such families are carried over into each other. */
export interface Gaussians {
  /** [K, dim] */
  readonly means: NdArray
  /** [K], positive or zero, summing to 1 */
  readonly weights: Float64Array
  /** Of each component a variance, [K], that of every direction; or a symmetric positive definite matrix, [K, dim, dim]. */
  readonly covariances: NdArray
}

export interface Description {
  readonly means: ReadonlyArray<ReadonlyArray<number>>
  /** Equal unless given; normalized to sum to 1. */
  readonly weights?: ReadonlyArray<number>
  /** One for each component; 1 unless given. */
  readonly variances?: ReadonlyArray<number>
}

export const components = ({ means }: Mixture): number => means.shape[0]
export const dim = ({ means }: Mixture): number => means.shape[1]

/** The centres as points, one row a component. */
export const centres = (mixture: Mixture): Points => ({
  rows: components(mixture),
  dim: dim(mixture),
  values: mixture.means.values
})

const problemsOf = ({ means, weights, variances }: Description): ReadonlyArray<Problem.Problem> => {
  const array = Params.ndArray(means)
  const perComponent = (field: string, values: ReadonlyArray<number> | undefined): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      values === undefined || values.length === means.length,
      field,
      `a list of ${values?.length ?? 0}`,
      `a list of ${means.length}, one for each mean`,
      'give one for each component'
    )
  return [
    ...Problem.unless(
      array !== null && array.shape.length === 2 && size(array.shape) > 0 && array.values.every(Number.isFinite),
      'means',
      JSON.stringify(means),
      'a rectangular list of finite centres',
      'give each component the same number of coordinates'
    ),
    ...perComponent('weights', weights),
    ...perComponent('variances', variances),
    ...Problem.unless(
      weights === undefined || (weights.every(w => w >= 0 && w < Infinity) && weights.some(w => w > 0)),
      'weights',
      JSON.stringify(weights ?? null),
      '≥ 0 and finite, some > 0',
      'leave them out for equal weights'
    ),
    ...(variances ?? []).flatMap((variance, i) => Problem.positive(`variances[${i}]`, variance, 1))
  ]
}

/** A mixture from a description that comes from outside. */
export const parse = (description: Description): E.Either<ReadonlyArray<Problem.Problem>, Mixture> => {
  const problems = problemsOf(description)
  const { means, weights, variances } = description
  const array = Params.ndArray(means)
  if (problems.length > 0 || array === null) return E.left(problems)
  const sum = weights?.reduce((sum, weight) => sum + weight, 0) ?? means.length
  // Weights that sum to 1 but for rounding stay as they are: to normalize is to do it once.
  const total = Math.abs(sum - 1) <= means.length * Number.EPSILON ? 1 : sum
  return E.right({
    means: array,
    weights: Float64Array.from(means, (_, i) => (weights?.[i] ?? 1) / total),
    variances: Float64Array.from(means, (_, i) => variances?.[i] ?? 1)
  })
}

/**
 * A mixture written in code. A wrong literal throws a RangeError with the remedy; use `parse` for what comes from
 * outside.
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

/** ½N(c, I) + ½N(−c, I) */
export const symmetricPair = (centre: ReadonlyArray<number>): Mixture =>
  of({ means: [centre, centre.map(value => -value)] })

/** The law of αx + σz for x from the mixture: means αc_i, variances α²v_i + σ². */
export const diffuse =
  ({ alpha, sigma }: Level) =>
  ({ means, weights, variances }: Mixture): Mixture => ({
    means: { shape: means.shape, values: means.values.map(value => alpha * value) },
    weights,
    variances: variances.map(variance => alpha * alpha * variance + sigma * sigma)
  })

/** Independent rows drawn from the mixture. */
export const sample =
  (rows: number) =>
  (key: Key.Key) =>
  (mixture: Mixture): Points => {
    const { component, noise } = pipe(key, Key.named('component', 'noise'))
    const d = dim(mixture)
    const chosen = Key.categorical(mixture.weights)(rows)(component)
    const deviations = mixture.variances.map(Math.sqrt)
    const values = Key.normal(rows * d)(noise).map((z, at) => {
      const k = chosen[Math.floor(at / d)]
      return mixture.means.values[k * d + (at % d)] + deviations[k] * z
    })
    return { rows, dim: d, values }
  }

/** The mixture itself: the level without noise. */
const clean = { alpha: 1, sigma: 0 }

const evaluate =
  (f: (components: Components.Components, x: Tensor, level: Level) => Tensor) =>
  ({ rows, dim, values }: Points) =>
  ({ means, weights, variances }: Mixture): NdArray =>
    compute(() =>
      f(
        {
          centres: fromNdArray(means),
          logits: log(fromNdArray({ shape: [weights.length], values: weights })),
          variances: fromNdArray({ shape: [variances.length], values: variances })
        },
        fromNdArray({ shape: [rows, dim], values }),
        clean
      )
    )

/** log p(x) for each row. */
export const logDensity =
  (points: Points) =>
  (mixture: Mixture): Float64Array =>
    pipe(mixture, evaluate(Components.logDensity)(points)).values

/** ∇ log p(x) for each row. */
export const score =
  (points: Points) =>
  (mixture: Mixture): Points => ({ ...points, values: pipe(mixture, evaluate(Components.score)(points)).values })

/** p(i | x) for each row and component, [rows, K]. */
export const responsibilities: (points: Points) => (mixture: Mixture) => NdArray = evaluate(Components.responsibilities)

/** The mean of log p(x) over the rows, weighted where the points carry weights. */
export const meanLogDensity =
  (points: Points) =>
  (mixture: Mixture): number => {
    const { weights } = points
    const densities = pipe(mixture, logDensity(points))
    return weights === undefined
      ? densities.reduce((sum, value) => sum + value, 0) / points.rows
      : densities.reduce((sum, value, i) => sum + weights[i] * value, 0) / weights.reduce((sum, w) => sum + w, 0)
  }

/** A component that a smaller mixture could do without. */
export type Redundancy =
  | { readonly _tag: 'Empty'; readonly component: number; readonly rows: number }
  | { readonly _tag: 'Merged'; readonly components: readonly [number, number]; readonly overlap: number }

/** Rounding of a number that was stored as its logarithm: that of a number of size 745 at most, and of its exponential. */
const STORED = 1e-12

/** Overlap from which two components count as one: that of equal variances, 0.64 standard deviations apart. */
const MERGED = 0.95

/** ∫ √(p q) of two components' densities, 1 for equal ones (Bhattacharyya 1943). */
const overlap = ({ means: { shape, values }, variances }: Mixture, k: number, l: number): number => {
  const [a, b] = [values.subarray(k * shape[1], (k + 1) * shape[1]), values.subarray(l * shape[1], (l + 1) * shape[1])]
  const [v, w] = [variances[k], variances[l]]
  const squared = a.reduce((sum, x, j) => sum + Elementary.square(x - b[j]), 0)
  return Elementary.pow((2 * Math.sqrt(v * w)) / (v + w), shape[1] / 2) * Elementary.exp(-squared / (4 * (v + w)))
}

/**
 * Components that answer for less than one of `rows` rows, and pairs that are all but the same: where a score was learned
 * with more components than the data show, or from equal centres, which equal gradients keep together.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const learned = Mixture.of({ means: [[0, 0], [0.1, 0], [5, 5]], weights: [0.5, 0.4999, 0.0001] })
 * assert.deepEqual(
 *   Mixture.redundancies(1000)(learned).map(({ _tag }) => _tag),
 *   ['Empty', 'Merged']
 * )
 */
export const redundancies =
  (rows: number) =>
  (mixture: Mixture): ReadonlyArray<Redundancy> => {
    // A weight that was stored as its logarithm, of exactly one row, may read a little less.
    const isEmpty = (k: number): boolean => mixture.weights[k] * rows < 1 - STORED
    const all = Array.from(mixture.weights, (_, k) => k)
    return [
      ...all
        .filter(isEmpty)
        .map((component): Redundancy => ({ _tag: 'Empty', component, rows: mixture.weights[component] * rows })),
      ...all.flatMap(l =>
        all
          .slice(0, l)
          .filter(k => !isEmpty(k) && !isEmpty(l))
          .map((k): Extract<Redundancy, { _tag: 'Merged' }> => ({
            _tag: 'Merged',
            components: [k, l],
            overlap: overlap(mixture, k, l)
          }))
          .filter(({ overlap }) => overlap >= MERGED)
      )
    ]
  }

/**
 * The components whose variance is no more than the floor that their stages kept them above (`Pipeline.varianceFloor`), by
 * number, rising: on fewer rows than fix a variance, or on equal ones, the likelihood would grow without bound, and says
 * little where only the floor stops it. A component without rows is among them: see `redundancies`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const learned = Mixture.of({ means: [[0], [1e6]], weights: [0.99, 0.01], variances: [1, 1e-4] })
 * assert.deepEqual(Mixture.floored(1e-4)(learned), [1])
 */
export const floored =
  (varianceFloor: number) =>
  ({ variances }: Mixture): ReadonlyArray<number> =>
    Array.from(variances, (_, k) => k).filter(k => variances[k] <= varianceFloor * (1 + STORED))

const written = t.intersection([
  t.type({ means: t.readonlyArray(t.readonlyArray(Params.numberCodec)) }),
  t.partial({ weights: t.readonlyArray(t.number), variances: t.readonlyArray(t.number) })
])

export const toDescription = ({ means, weights, variances }: Mixture): Required<Description> => ({
  means: Array.from({ length: means.shape[0] }, (_, k) =>
    Array.from(means.values.subarray(k * means.shape[1], (k + 1) * means.shape[1]))
  ),
  weights: Array.from(weights),
  variances: Array.from(variances)
})

export const show = (mixture: Mixture): string => {
  const { means, weights, variances } = toDescription(mixture)
  return `Mixture.of({ means: ${JSON.stringify(means)}, weights: ${JSON.stringify(weights)}, variances: ${JSON.stringify(variances)} })`
}

export const codec: t.Type<Mixture, unknown> = new t.Type<Mixture, unknown>(
  'Mixture',
  (u): u is Mixture => typeof u === 'object' && u !== null && 'means' in u && 'weights' in u && 'variances' in u,
  (u, context) =>
    pipe(
      written.validate(u, context),
      E.chain(({ means, weights, variances }) =>
        pipe(
          // An absent list stays absent: an explicit undefined is not one of the description's values.
          parse({ means, ...(weights && { weights }), ...(variances && { variances }) }),
          E.fold(problems => t.failure(u, context, problems.map(Problem.show).join('\n')), t.success)
        )
      )
    ),
  mixture => written.encode(toDescription(mixture))
)
