/** Overlap of the components of a mixture, pair by pair. */
import * as Factor from '../../lib/arrays/factor.js'
import type { NdArray } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { sumOfNumbers } from '../../lib/numbers/mean.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Mixture } from './mixtureData.js'
import { componentsOf, gaussianComponents, LOG_STORAGE_ROUNDING, type Component } from './component.js'
import * as Pairs from './pairs.js'

/**
 * Returns misclassification probabilities, [K, K], 0 on the diagonal: entry (k, l) is P(π_l N_l(x) > π_k N_k(x)) for x from N_k (Maitra &
 * Melnykov 2010), with a relative error of 1e-12. A row's sum bounds the probability that a row of that component is assigned to any other.
 * @throws RangeError naming the pair if that integral does not converge
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * // two standard deviations on either side of the middle: P(Z > 2)
 * const { values } = Mixture.overlap(Mixture.of({ means: [[-2], [2]] }))
 * assert.ok([0, 0.022750131948, 0.022750131948, 0].every((p, at) => Math.abs(values[at] - p) < 1e-12))
 */
export const overlap = (mixture: Mixture): NdArray => {
  const components = gaussianComponents(mixture)
  return {
    shape: [components.length, components.length],
    values: Float64Array.from(
      components.flatMap((p, k) =>
        components.map((q, l) => (k === l ? 0 : (Pairs.misclassified(p, q) ?? throwUnresolved(k, l))))
      )
    )
  }
}

const throwUnresolved = (k: number, l: number): never =>
  refuse(
    `Mixture.overlap: components ${k} and ${l}: the integral of their overlap does not converge to a relative 1e-12; estimate it from rows: draw them by Mixture.sample and count by Mixture.responsibilities`
  )

export interface Bounds {
  readonly lower: number
  readonly upper: number
}

/** log Σ π e^{x} */
const logWeightedSumExp = (weights: ReadonlyArray<number>, logs: ReadonlyArray<number>): number => {
  const most = Math.max(...logs.filter((_, k) => weights[k] > 0))
  return most + Elementary.log(sumOfNumbers(logs.map((x, k) => weights[k] * Elementary.exp(x - most))))
}

/**
 * Returns bounds of the entropy −∫ p log p: the larger of Jensen's bound −Σ π_k log ∫ p N_k and the one from Bhattacharyya distances, and
 * an upper one from relative entropies (Kolchinsky & Tracey 2017).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const normal = Math.log(2 * Math.PI * Math.E) / 2
 * const { lower, upper } = Mixture.entropyBounds(Mixture.of({ means: [[-40], [40]] }))
 * assert.ok(Math.abs(lower - (normal + Math.LN2)) < 1e-12 && Math.abs(upper - lower) < 1e-12)
 */
export const entropyBounds = (mixture: Mixture): Bounds => {
  const components = gaussianComponents(mixture).filter(({ weight }) => weight > 0)
  const [{ mean }] = components // prettier-ignore
  const d = mean.length
  const weights = components.map(({ weight }) => weight)
  const own = components.map(({ factor }) => -Factor.logNormalDensity(factor, d) + d / 2)
  const over = (of: (p: Component, q: Component) => number): number =>
    sumOfNumbers(
      components.map(
        p =>
          -p.weight *
          logWeightedSumExp(
            weights,
            components.map(q => of(p, q))
          )
      )
    )
  const inAll = sumOfNumbers(own.map((h, k) => weights[k] * h))
  return {
    lower: Math.max(over(Pairs.logGaussianProductIntegral), inAll + over((p, q) => -Pairs.bhattacharyya(p, q))),
    upper: inAll + over((p, q) => -Pairs.relativeEntropy(p, q))
  }
}

export type Redundancy =
  | { readonly _tag: 'Empty'; readonly component: number; readonly rows: number }
  | { readonly _tag: 'Merged'; readonly components: readonly [number, number]; readonly overlap: number }

/** Affinity ∫√(p q) above which two components count as equal: that of equal variances 0.64 standard deviations apart. */
const MERGED_AFFINITY = 0.95

/** Returns −log ∫ √(p q) for component k of one mixture and component l of another (Bhattacharyya 1943). */
export const distance =
  (mixture: Mixture, k: number) =>
  (other: Mixture, l: number): number =>
    Pairs.bhattacharyya(componentsOf(mixture)[k], componentsOf(other)[l])

const affinity = (p: Component, q: Component): number => Elementary.exp(-Pairs.bhattacharyya(p, q))

/** True if a lower bound of the distance, cheaper than full covariances, shows that the components are not equal. */
const isClearlyDistinct = (p: Component, q: Component): boolean =>
  Elementary.exp(-Pairs.leastBhattacharyya(p, q)) < MERGED_AFFINITY - LOG_STORAGE_ROUNDING

/**
 * Returns the components with less than one of `rows` expected rows, and the pairs of almost equal components: signs of too many
 * components, or of equal centres at the start.
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
    // The weight of exactly one row may round below it.
    const isEmpty = (k: number): boolean => mixture.weights[k] * rows < 1 - LOG_STORAGE_ROUNDING
    const all = Array.from(mixture.weights, (_, k) => k)
    const components = componentsOf(mixture)
    return [
      ...all
        .filter(isEmpty)
        .map((component): Redundancy => ({ _tag: 'Empty', component, rows: mixture.weights[component] * rows })),
      ...all.flatMap(l =>
        all
          .slice(0, l)
          .filter(k => !isEmpty(k) && !isEmpty(l) && !isClearlyDistinct(components[k], components[l]))
          .map((k): Extract<Redundancy, { _tag: 'Merged' }> => ({
            _tag: 'Merged',
            components: [k, l],
            overlap: affinity(components[k], components[l])
          }))
          .filter(({ overlap }) => overlap >= MERGED_AFFINITY)
      )
    ]
  }
