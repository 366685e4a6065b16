/** How far the components of a mixture are apart, as what is told by pairs of them. */
import * as Factor from '../../lib/arrays/factor.js'
import type { NdArray } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { sumOfNumbers } from '../../lib/numbers/mean.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Mixture } from './mixtureData.js'
import { componentsOf, gaussianComponents, STORED, type Component } from './component.js'
import * as Pairs from './pairs.js'

/**
 * How likely a row of the k-th component is taken for one of the l-th, if these two are asked alone, [K, K], 0 on the diagonal: P(π_l N_l(x) >
 * π_k N_k(x)) for x from N_k (Maitra & Melnykov 2010), right to its own size however small. What a row is lost to all others is at
 * most the sum of its line. Closed form in one column; otherwise an integral to a relative 1e-12.
 *
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
        components.map((q, l) => (k === l ? 0 : (Pairs.misclassified(p, q) ?? unresolved(k, l))))
      )
    )
  }
}

const unresolved = (k: number, l: number): never =>
  refuse(
    `Mixture.overlap: components ${k} and ${l}: the integral of their overlap does not converge to a relative 1e-12; estimate it from rows: draw them by Mixture.sample and count by Mixture.responsibilities`
  )

/** What a number is not below, and not above. */
export interface Bounds {
  readonly lower: number
  readonly upper: number
}

/** log Σ π e^{x} */
const logMean = (weights: ReadonlyArray<number>, logs: ReadonlyArray<number>): number => {
  const most = Math.max(...logs.filter((_, k) => weights[k] > 0))
  return most + Elementary.log(sumOfNumbers(logs.map((x, k) => weights[k] * Elementary.exp(x - most))))
}

/**
 * Bounds of the entropy −∫ p log p, which has no closed form. Below it lie Jensen's, −Σ π_k log ∫ p N_k, and the one of
 * Bhattacharyya's distances; above it that of relative entropies (Kolchinsky & Tracey 2017), which is at most the entropy of component and row
 * together. They meet where components are far apart, and where they are one.
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
          logMean(
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

/** A component that a smaller mixture could do without. */
export type Redundancy =
  | { readonly _tag: 'Empty'; readonly component: number; readonly rows: number }
  | { readonly _tag: 'Merged'; readonly components: readonly [number, number]; readonly overlap: number }

/** Overlap from which two components count as one: that of equal variances, 0.64 standard deviations apart. */
const MERGED_OVERLAP = 0.95

/** −log ∫ √(p q) of the k-th component's density and the l-th of another mixture, 0 for equal ones (Bhattacharyya 1943). */
export const distance =
  (mixture: Mixture, k: number) =>
  (other: Mixture, l: number): number =>
    Pairs.bhattacharyya(componentsOf(mixture)[k], componentsOf(other)[l])

const affinity = (p: Component, q: Component): number => Elementary.exp(-Pairs.bhattacharyya(p, q))

/** Farther apart than what counts as one, told without their whole covariances. */
const isApart = (p: Component, q: Component): boolean =>
  Elementary.exp(-Pairs.leastBhattacharyya(p, q)) < MERGED_OVERLAP - STORED

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
    const components = componentsOf(mixture)
    return [
      ...all
        .filter(isEmpty)
        .map((component): Redundancy => ({ _tag: 'Empty', component, rows: mixture.weights[component] * rows })),
      ...all.flatMap(l =>
        all
          .slice(0, l)
          .filter(k => !isEmpty(k) && !isEmpty(l) && !isApart(components[k], components[l]))
          .map((k): Extract<Redundancy, { _tag: 'Merged' }> => ({
            _tag: 'Merged',
            components: [k, l],
            overlap: affinity(components[k], components[l])
          }))
          .filter(({ overlap }) => overlap >= MERGED_OVERLAP)
      )
    ]
  }
