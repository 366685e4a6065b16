/** Drawing from a mixture, which asks neither for tensors nor for the rest of the language. */
import * as Factor from '../../lib/arrays/factor.js'
import * as Key from '../../lib/random/key.js'
import { concatenated, type NdArray } from '../../lib/arrays/ndarray.js'
import type { Points } from '../data/points.js'

/** A `Mixture`, whose fields have their shapes there. */
export interface Drawable {
  readonly means: NdArray
  readonly weights: Float64Array
  readonly variances: Float64Array
  readonly factors: NdArray | null
}

/** Weights that sum to 1. Those that do but for rounding stay as they are: to normalize is to do it once. */
export const normalized = (weights: ReadonlyArray<number>): Float64Array => {
  const sum = weights.reduce((sum, weight) => sum + weight, 0)
  const total = Math.abs(sum - 1) <= weights.length * Number.EPSILON ? 1 : sum
  return Float64Array.from(weights, weight => weight / total)
}

/** The factor of a component's covariance: a number, a vector, or a triangle, as far as columns differ or hang together. */
export const factorOf = ({ means: { shape }, variances, factors }: Drawable, k: number): NdArray => {
  const [count, dim] = shape
  if (factors !== null)
    return { shape: [dim, dim], values: factors.values.subarray(k * dim * dim, (k + 1) * dim * dim) }
  return variances.length === count
    ? { shape: [], values: Float64Array.of(Math.sqrt(variances[k])) }
    : { shape: [dim], values: variances.slice(k * dim, (k + 1) * dim).map(Math.sqrt) }
}

/** The factor of each component's covariance. */
export const factorsOf = (mixture: Drawable): ReadonlyArray<NdArray> =>
  Array.from({ length: mixture.means.shape[0] }, (_, k) => factorOf(mixture, k))

/** Independent rows drawn from the mixture. */
export const sample =
  (rows: number) =>
  (key: Key.Key) =>
  (mixture: Drawable): Points => {
    const { component, noise } = Key.named('component', 'noise')(key)
    const d = mixture.means.shape[1]
    const chosen = Key.categorical(mixture.weights)(rows)(component)
    const drawn = Key.normal(rows * d)(noise)
    const factors = factorsOf(mixture)
    const spread =
      mixture.factors === null
        ? drawn.map((z, at) => {
            const { values } = factors[chosen[Math.floor(at / d)]]
            return values[values.length === 1 ? 0 : at % d] * z
          })
        : concatenated(
            Array.from(chosen, (k, row) => Factor.multiply(factors[k], d, drawn.subarray(row * d, (row + 1) * d)))
          )
    return {
      rows,
      dim: d,
      values: spread.map((x, at) => mixture.means.values[chosen[Math.floor(at / d)] * d + (at % d)] + x)
    }
  }
