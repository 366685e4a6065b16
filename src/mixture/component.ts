/** Conversion between a mixture and its list of components. */
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Factor from '../../lib/arrays/factor.js'
import { tabulate } from '../../lib/arrays/entries.js'
import { concatenated, type NdArray, scalarArray } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Problem from '../core/problem.js'
import type { Mixture } from './mixtureData.js'

/** π N(m, F Fᵀ), F a factor: a number, a diagonal, or a lower triangle. */
export interface Component {
  /** π ≥ 0 */
  readonly weight: number
  /** m, [dim] */
  readonly mean: Float64Array
  readonly factor: NdArray
  /** ν of a multivariate t with scale F Fᵀ. */
  readonly nu?: number
  /** The background: a multivariate t, or uniform on m ± diag F. */
  readonly background?: 'cauchy' | 'box'
}

/** −∞ for a weight of 0. */
export const logWeight = (weight: number): number => (weight === 0 ? -Infinity : Elementary.log(weight))

/** Relative rounding error of a number stored as its logarithm, of size at most 745. */
export const LOG_STORAGE_ROUNDING = 1e-12

/** log π_k as parameters store it: −745 for a weight of 0, from which a gradient step can start. */
export const logWeights = (weights: Float64Array): Float64Array =>
  weights.map(weight => Elementary.log(Math.max(weight, Number.MIN_VALUE)))

/** Returns weights that sum to 1; unchanged if they already do up to rounding. */
export const normalizedWeights = (weights: ReadonlyArray<number>): Float64Array => {
  const sum = weights.reduce((sum, weight) => sum + weight, 0)
  const total = Math.abs(sum - 1) <= weights.length * Number.EPSILON ? 1 : sum
  return Float64Array.from(weights, weight => weight / total)
}

export const backgroundCodec = t.type({
  share: t.number,
  shape: t.keyof({ cauchy: null, box: null }),
  centre: t.readonlyArray(t.number),
  scale: t.readonlyArray(t.number)
})

interface TailsAndBackgroundLists {
  readonly tails?: ReadonlyArray<number | null> | undefined
  readonly background?: t.TypeOf<typeof backgroundCodec> | undefined
}

/** Tails and background from lists; tails are left out if all are infinite (Gaussian). */
export const tailsAndBackgroundOfLists = ({
  tails,
  background
}: TailsAndBackgroundLists): Pick<Mixture, 'tails' | 'background'> => ({
  ...(tails?.some(nu => nu !== null) === true && { tails: Float64Array.from(tails, nu => nu ?? Infinity) }),
  ...(background && {
    background: {
      ...background,
      centre: Float64Array.from(background.centre),
      scale: Float64Array.from(background.scale)
    }
  })
})

/** A number if isotropic, a vector if diagonal, otherwise a triangle. */
export const covarianceFactor = ({ means: { shape }, variances, factors }: Mixture, k: number): NdArray => {
  const [count, dim] = shape
  if (factors !== null)
    return { shape: [dim, dim], values: factors.values.subarray(k * dim * dim, (k + 1) * dim * dim) }
  return variances.length === count
    ? scalarArray(Math.sqrt(variances[k]))
    : { shape: [dim], values: tabulate(dim, j => Math.sqrt(variances[k * dim + j])) }
}

/** Covariance factor of each component. */
export const factorsOf = (mixture: Mixture): ReadonlyArray<NdArray> =>
  Array.from({ length: mixture.means.shape[0] }, (_, k) => covarianceFactor(mixture, k))

/** Components without the background; means and triangles are views. */
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

/** Returns the mixture without components of weight 0. */
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

/** True if every component is isotropic. */
export const isRound = ({ factors, variances, weights }: Mixture): boolean =>
  factors === null && variances.length === weights.length

/** True without Student-t components or a background. */
export const isGaussian = ({ tails, background }: Mixture): boolean => tails === undefined && background === undefined

/** Problems if a mixture has tails or a background. */
export const gaussianProblems = (mixture: Mixture): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    isGaussian(mixture),
    'model',
    'a mixture with tails or a background',
    'made of Gaussians alone',
    'learn it without `robust`, or give Mixture.gaussians(mixture), which has the same density'
  )

/**
 * Components of a purely Gaussian mixture.
 * @throws RangeError if the mixture has tails or a background
 */
export const gaussianComponents = (mixture: Mixture): ReadonlyArray<Component> => {
  const wrong = gaussianProblems(mixture)
  return wrong.length === 0 ? componentsOf(mixture) : refuse(wrong.map(Problem.show).join('; '))
}

/**
 * Returns the mixture of the components alone: the distribution of a row of a component.
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

/** Components, then the background if there is one; weights sum to 1. */
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

/** Mixture of components with triangles if a factor is one, otherwise diagonals, otherwise single variances; weights sum to 1. */
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
