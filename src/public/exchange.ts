/**
 * Exchange of mixtures with other programs: scikit-learn's `GaussianMixture` by the names of its arrays, as JSON or in a NumPy file
 * (`.npz`), and the `parameters` of R's mclust, as JSON (`jsonlite`). Densities are equal there.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Exchange, Mixture, Problem } from 'ornstein'
 *
 * // Written in each form and read back, where all is Gaussian.
 * const mixture = Mixture.of({
 *   means: [
 *     [0, 0],
 *     [4, 1]
 *   ],
 *   variances: [
 *     [1, 2],
 *     [3, 1]
 *   ]
 * })
 * for (const form of ['sklearn', 'npz', 'safetensors', 'mclust', 'json'] as const) {
 *   const file = Exchange.write(form)({ mixture, columns: ['x', 'y'] })
 *   const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file
 *   assert.deepEqual(Problem.orThrow(Exchange.read(bytes)).mixture.means, mixture.means)
 * }
 */
export {
  type Form,
  type Found,
  fromMclust,
  fromScikitLearn,
  type Mclust,
  type Named,
  read,
  type ScikitLearn,
  toMclust,
  toScikitLearn,
  write
} from '../score/exchange.js'
