/** Sampling from a mixture, without tensors. */
import * as Factor from '../../lib/arrays/factor.js'
import * as Key from '../../lib/random/key.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import type { Points } from '../data/points.js'
import { factorsOf, componentsAndBackground } from './component.js'
import type { Mixture } from './mixtureData.js'

/** Draws independent rows from the mixture. */
export const sample =
  (rows: number) =>
  (key: Key.Key) =>
  (mixture: Mixture): Points => {
    if (mixture.tails !== undefined || mixture.background !== undefined) return drawFromParts(rows, key, mixture)
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
            Array.from(chosen, (k, row) => Factor.multiplyFactor(factors[k], d, drawn.subarray(row * d, (row + 1) * d)))
          )
    return {
      rows,
      dim: d,
      values: spread.map((x, at) => mixture.means.values[chosen[Math.floor(at / d)] * d + (at % d)] + x)
    }
  }

const drawFromParts = (rows: number, key: Key.Key, mixture: Mixture): Points => {
  const parts = componentsAndBackground(mixture)
  const keys = Key.named('component', 'noise', 'precision')(key)
  const d = mixture.means.shape[1]
  const chosen = Key.categorical(parts.map(({ weight }) => weight))(rows)(keys.component)
  const noise = Key.normal(rows * d)(keys.noise)
  const within = Key.uniform(rows * d)(Key.child(1)(keys.noise))
  // Gamma precisions with mean 1, one draw for each distinct ν.
  const nus = [...new Set(parts.flatMap(({ nu }) => (nu === undefined ? [] : [nu])))]
  const precisions = new Map(
    nus.map((nu, i) => [nu, Key.gamma(nu / 2)(rows)(Key.child(i)(keys.precision)).map(g => g / (nu / 2))] as const)
  )
  const drawn = Array.from(chosen, (k, row) => {
    const { mean, factor, nu, background } = parts[k]
    const own = (values: Float64Array): Float64Array => values.subarray(row * d, (row + 1) * d)
    if (background === 'box') return mean.map((m, j) => m + factor.values[j] * (2 * own(within)[j] - 1))
    const root = nu === undefined ? 1 : Math.sqrt(precisions.get(nu)?.[row] ?? 1)
    const spread =
      factor.shape.length === 2
        ? Factor.multiplyFactor(factor, d, own(noise))
        : own(noise).map((z, j) => factor.values[factor.values.length === 1 ? 0 : j] * z)
    return mean.map((m, j) => m + spread[j] / root)
  })
  return { rows, dim: d, values: concatenated(drawn) }
}
