/** Metrics: how far what was learned is from the truth. */
import * as Elementary from '../../lib/elementary.js'
import type * as Params from '../score/Params.js'
import type { Mixture } from './Mixture.js'
import { assignment } from '../../lib/assignment.js'
import { type NdArray } from '../../lib/index.js'

/** Anything that has centres: a mixture, the parameters of a score, or the centres themselves. */
export type Centred = Mixture | Params.Params<'mean'> | Params.Params<'means'> | ReadonlyArray<ReadonlyArray<number>>

const centres = (centred: Centred): ReadonlyArray<ReadonlyArray<number>> => {
  if (!('mean' in centred) && !('means' in centred)) return centred
  if ('mean' in centred) {
    const mean = Array.from(centred.mean.values)
    return [mean, mean.map(value => -value)]
  }
  const { shape, values }: NdArray = centred.means
  return Array.from({ length: shape[0] }, (_, k) => Array.from(values.subarray(k * shape[1], (k + 1) * shape[1])))
}

/**
 * The root mean square distance √(Σ_i |ĉ_π(i) − c_i|² / K) between learned and true centres under the best matching π
 * (linear assignment). The pair's parameter `mean` stands for ±mean, so that its error is min(|m − c|, |m + c|).
 * NaN when the numbers of centres differ, or a squared distance is not finite.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Metric, Mixture, Params } from 'ornstein'
 *
 * assert.equal(Metric.centreError(Params.of({ mean: [-3, 4] }), Mixture.symmetricPair([3, -4])), 0)
 * assert.equal(Metric.centreError([[0, 1], [5, 5]], [[5, 5], [0, 0]]), Math.SQRT1_2)
 */
export const centreError = (estimate: Centred, truth: Centred): number => {
  const [learned, wanted] = [centres(estimate), centres(truth)]
  if (learned.length !== wanted.length) return NaN
  const count = wanted.length
  const squares = Float64Array.from(
    wanted.flatMap(c => learned.map(e => e.reduce((sum, value, j) => sum + Elementary.square(value - c[j]), 0)))
  )
  if (!squares.every(Number.isFinite)) return NaN
  const matched = assignment({ shape: [count, count], values: squares })
  return Math.sqrt(matched.reduce((sum, j, i) => sum + squares[i * count + j], 0) / count)
}
