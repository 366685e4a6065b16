/** A mixture as a list of its components, and back. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Factor from '../../lib/arrays/factor.js'
import { tabulate } from '../../lib/arrays/entries.js'
import { concatenated, type NdArray, scalarArray } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Problem from '../core/problem.js'
import type { Mixture } from './mixtureData.js'

/** π N(m, F Fᵀ), with F as `Factor` has it: a number, a diagonal, or a lower triangle. */
export interface Component {
  /** π ≥ 0 */
  readonly weight: number
  /** m, [dim] */
  readonly mean: Float64Array
  readonly factor: NdArray
  /** ν of a multivariate t with the scale F Fᵀ; absent of a Gaussian. */
  readonly nu?: number
  /** That of rows of no component, of which nothing is learned but its weight: a t, or uniform on the box m ± diag F. */
  readonly background?: 'cauchy' | 'box'
}

/** log π, −∞ of a weight 0. */
export const logWeight = (weight: number): number => (weight === 0 ? -Infinity : Elementary.log(weight))

/** Rounding of a number that was stored as its logarithm: that of a number of size 745 at most, and of its exponential. */
export const STORED = 1e-12

/** log π_k of all components as parameters have it: that of a weight 0 is finite, −745, since a gradient step starts from it. */
export const logWeights = (weights: Float64Array): Float64Array =>
  weights.map(weight => Elementary.log(Math.max(weight, Number.MIN_VALUE)))

/** Weights that sum to 1. Those that do except for rounding stay as they are: to normalize is to do it once. */
export const normalizedWeights = (weights: ReadonlyArray<number>): Float64Array => {
  const sum = weights.reduce((sum, weight) => sum + weight, 0)
  const total = Math.abs(sum - 1) <= weights.length * Number.EPSILON ? 1 : sum
  return Float64Array.from(weights, weight => weight / total)
}

/** A background as JSON has it. */
export const backgroundCodec = t.type({
  share: t.number,
  shape: t.keyof({ cauchy: null, box: null }),
  centre: t.readonlyArray(t.number),
  scale: t.readonlyArray(t.number)
})

interface Lists {
  readonly tails?: ReadonlyArray<number | null> | undefined
  readonly background?: t.TypeOf<typeof backgroundCodec> | undefined
}

/** What is beside Gaussians, from lists: tails of which one at least is finite, and a background. */
export const besideOfLists = ({ tails, background }: Lists): Pick<Mixture, 'tails' | 'background'> => ({
  ...(tails?.some(nu => nu !== null) === true && { tails: Float64Array.from(tails, nu => nu ?? Infinity) }),
  ...(background && {
    background: {
      ...background,
      centre: Float64Array.from(background.centre),
      scale: Float64Array.from(background.scale)
    }
  })
})

/** The factor of a component's covariance: a number, a vector, or a triangle, as far as columns differ or hang together. */
export const covarianceFactor = ({ means: { shape }, variances, factors }: Mixture, k: number): NdArray => {
  const [count, dim] = shape
  if (factors !== null)
    return { shape: [dim, dim], values: factors.values.subarray(k * dim * dim, (k + 1) * dim * dim) }
  return variances.length === count
    ? scalarArray(Math.sqrt(variances[k]))
    : { shape: [dim], values: tabulate(dim, j => Math.sqrt(variances[k * dim + j])) }
}

/** The factor of each component's covariance. */
export const factorsOf = (mixture: Mixture): ReadonlyArray<NdArray> =>
  Array.from({ length: mixture.means.shape[0] }, (_, k) => covarianceFactor(mixture, k))

/** The components of a mixture; means and triangles are views of its own. */
export const componentsOf = (mixture: Mixture): ReadonlyArray<Component> => {
  const [, dim] = mixture.means.shape
  const { tails, background } = mixture
  const rest = background === undefined ? 1 : 1 - background.share
  return factorsOf(mixture).map((factor, k) => {
    const mean = mixture.means.values.subarray(k * dim, (k + 1) * dim)
    const gaussian = { weight: rest * mixture.weights[k], mean, factor }
    return tails !== undefined && tails[k] < Infinity ? { ...gaussian, nu: tails[k] } : gaussian
  })
}

/** The mixture without components of weight 0, which has the same density; the mixture itself if there are none. */
export const withoutEmpty = (mixture: Mixture): Mixture => {
  const { means, weights, variances, factors, tails, background } = mixture
  if (weights.every(weight => weight > 0)) return mixture
  const picked = (values: Float64Array): Float64Array => {
    const width = values.length / weights.length
    return values.filter((_, at) => weights[Math.floor(at / width)] > 0)
  }
  const present = picked(weights)
  const [, ...rest] = factors?.shape ?? []
  return {
    means: { shape: [present.length, means.shape[1]], values: picked(means.values) },
    weights: present,
    variances: picked(variances),
    factors: factors === null ? null : { shape: [present.length, ...rest], values: picked(factors.values) },
    ...(tails && { tails: picked(tails) }),
    ...(background && { background })
  }
}

/** Whether each component has one variance in all directions. */
export const isRound = ({ factors, variances, weights }: Mixture): boolean =>
  factors === null && variances.length === weights.length

/** Whether all that a mixture has are Gaussians. */
export const isGaussian = ({ tails, background }: Mixture): boolean => tails === undefined && background === undefined

/** Why a mixture is not served by whoever knows Gaussians alone. */
export const gaussianProblems = (mixture: Mixture): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    isGaussian(mixture),
    'model',
    'a mixture with tails or a background',
    'made of Gaussians alone',
    'learn it without `robust`, or give Mixture.gaussians(mixture), which has the same density'
  )

/**
 * The components, for whoever knows what to do with Gaussians alone.
 *
 * @throws RangeError of a mixture with tails or a background
 */
export const gaussianComponents = (mixture: Mixture): ReadonlyArray<Component> => {
  const wrong = gaussianProblems(mixture)
  return wrong.length === 0 ? componentsOf(mixture) : refuse(wrong.map(Problem.show).join('; '))
}

/**
 * The mixture of its components alone: the distribution of a row that is of one of them, and not of the background.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const background = { share: 0.2, shape: 'cauchy', centre: [0], scale: [5] } as const
 * const mixture = Mixture.of({ means: [[-1], [1]], tails: [4, 4], background })
 * assert.deepEqual(Mixture.withoutBackground(mixture), Mixture.of({ means: [[-1], [1]], tails: [4, 4] }))
 */
export const withoutBackground = ({ means, weights, variances, factors, tails }: Mixture): Mixture => ({
  means,
  weights,
  variances,
  factors,
  ...(tails && { tails })
})

/** The same, and the background after them where there is one. */
export const componentsAndBackground = (mixture: Mixture): ReadonlyArray<Component> => {
  const { background } = mixture
  if (background === undefined) return componentsOf(mixture)
  const { share, shape, centre, scale } = background
  const factor = { shape: [scale.length], values: scale }
  return [
    ...componentsOf(mixture),
    { weight: share, mean: centre, factor, background: shape, ...(shape === 'cauchy' && { nu: 1 }) }
  ]
}

/** The mixture of components, whose weights sum to 1; of triangles, if a factor is one, and else of diagonals, if one is. */
export const ofComponents = (components: ReadonlyArray<Component>): Mixture => {
  const tails = Float64Array.from(components, ({ nu = Infinity }) => nu)
  const found = mixtureFromGaussians(components)
  return tails.every(nu => nu === Infinity) ? found : { ...found, tails }
}

const mixtureFromGaussians = (components: ReadonlyArray<Component>): Mixture => {
  const count = components.length
  const [{ mean: { length: dim } }] = components // prettier-ignore
  const means = { shape: [count, dim], values: concatenated(components.map(({ mean }) => mean)) }
  const weights = Float64Array.from(components, ({ weight }) => weight)
  const rank = components.reduce((most, { factor }) => Math.max(most, factor.shape.length), 0)
  if (rank === 2) {
    const values = concatenated(components.map(({ factor }) => Factor.triangleOfFactor(factor, dim).values))
    return {
      means,
      weights,
      variances: Factor.triangleVariances(values, dim),
      factors: { shape: [count, dim, dim], values }
    }
  }
  const diagonal = ({ factor: { values } }: Component): Float64Array =>
    new Float64Array(rank === 0 ? 1 : dim).map((_, j) => Elementary.square(values[values.length === 1 ? 0 : j]))
  return { means, weights, variances: concatenated(components.map(diagonal)), factors: null }
}
