/** Drawing from a mixture, which asks neither for tensors nor for the rest of the language. */
import * as Factor from '../../lib/arrays/factor.js'
import * as Key from '../../lib/random/key.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import type { Points } from '../data/points.js'
import { factorsOf } from './component.js'
import type { Mixture } from '../family/mixtureData.js'

/** Independent rows drawn from the mixture. */
export const sample =
  (rows: number) =>
  (key: Key.Key) =>
  (mixture: Mixture): Points => {
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
