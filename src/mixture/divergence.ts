/**
 * Distances between two mixtures p and q, exact between single Gaussians; otherwise `kl` and `hellinger` are estimated on a randomly
 * shifted lattice rule.
 */
import * as Factor from '../../lib/arrays/factor.js'
import { transportPlan } from '../../lib/arrays/transport.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { meanAndError } from '../../lib/numbers/mean.js'
import * as Normal from '../../lib/numbers/normal.js'
import { iterate } from '../../lib/plain/iterate.js'

import * as Key from '../../lib/random/key.js'
import * as Problem from '../core/problem.js'
import { requireSameDim, throwProblems } from './calculus.js'
import { gaussianComponents, isGaussian } from './component.js'
import * as Mixture from './index.js'
import * as Pairs from './pairs.js'

export interface Estimate {
  readonly value: number
  /** Standard error of the mean over random shifts; 0 if exact. */
  readonly standardError: number
}

export interface Options {
  /** Total number of rows. Default: 32768. */
  readonly rows?: number
  /** Default: `Key.fromSeed(0)`. */
  readonly key?: Key.Key
}

const DEFAULT_ROWS = 32768

const exactEstimate = (value: number): Estimate => ({ value, standardError: 0 })

const isSingle = (mixture: Mixture.Mixture): boolean => Mixture.components(mixture) === 1 && isGaussian(mixture)

const LATTICE_SHIFTS = 16

/** 1/φ, 1/φ², … with φ^{d + 1} = φ + 1, whose lattice fills the d-dimensional cube evenly (Roberts 2018). */
const latticeGenerators = (d: number): ReadonlyArray<number> => {
  const root = iterate<readonly [number, number]>([2, 60], ([x, left]) =>
    left === 0 ? null : [Elementary.pow(1 + x, 1 / (d + 1)), left - 1]
  )[0]
  return Array.from({ length: d }, (_, j) => Elementary.pow(root, -(j + 1)))
}

/**
 * Estimates the mean of f(log p − log q) over ½(p + q), equally many rows per component, by normal quantiles of a randomly shifted lattice
 * (Cranley & Patterson 1976).
 */
const stratifiedMean =
  (p: Mixture.Mixture, q: Mixture.Mixture, { rows = DEFAULT_ROWS, key = Key.fromSeed(0) }: Options) =>
  (of: (log: number) => number): Estimate => {
    const d = Mixture.dimension(p)
    const strata = [p, q].flatMap(gaussianComponents).filter(({ weight }) => weight > 0)
    const each = Math.max(1, Math.ceil(rows / (LATTICE_SHIFTS * strata.length)))
    const along = latticeGenerators(d)
    const parts = strata.map(({ weight, mean, factor }, k) => {
      const shifts = Key.uniform(LATTICE_SHIFTS * d)(Key.child(k)(key))
      const z = new Float64Array(LATTICE_SHIFTS * each * d).map((_, at) => {
        const row = Math.floor(at / d)
        const j = at % d
        const place = shifts[Math.floor(row / each) * d + j] + ((row % each) + 1) * along[j]
        return Normal.normalQuantile(Math.max(place - Math.floor(place), Number.EPSILON))
      })
      const values = Factor.multiplyFactor(factor, d, z).map((x, at) => mean[at % d] + x)
      const points = { rows: LATTICE_SHIFTS * each, dim: d, values }
      const here = Mixture.logDensity(points)(p)
      const there = Mixture.logDensity(points)(q)
      return { share: weight / (2 * each), found: here.map((log, i) => of(log - there[i])) }
    })
    const means = Array.from({ length: LATTICE_SHIFTS }, (_, shift) =>
      parts.reduce(
        (sum, { share, found }) =>
          sum + share * found.subarray(shift * each, (shift + 1) * each).reduce((all, x) => all + x, 0),
        0
      )
    )
    return meanAndError(means)
  }

/**
 * Returns the relative entropy ∫ p log(p/q) ≥ 0 of the last argument p from q (Kullback & Leibler 1951). Between mixtures it is estimated
 * by the mean of (p log(p/q) − p + q)/½(p + q), which has no negative term, over rows of ½(p + q).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Divergence, Mixture } from 'ornstein'
 *
 * const [p, q] = [0, 1].map(c => Mixture.of({ means: [[c]] }))
 * assert.deepEqual(Divergence.kl(q)(p), { value: 0.5, standardError: 0 })
 * const two = Mixture.of({ means: [[-1], [1]] })
 * const { value, standardError } = Divergence.kl(Mixture.of({ means: [[0]], variances: [2] }))(two)
 * // 0.009743 by quadrature
 * assert.ok(Math.abs(value - 0.009743) < 4 * standardError && standardError < 0.001)
 */
export const kl =
  (q: Mixture.Mixture, options: Options = {}) =>
  (p: Mixture.Mixture): Estimate => {
    requireSameDim('Divergence.kl', p, q)
    if (isSingle(p) && isSingle(q))
      return exactEstimate(Pairs.relativeEntropy(gaussianComponents(p)[0], gaussianComponents(q)[0]))
    // p = 2σ(r) and q = 2σ(−r) relative to ½(p + q), r = log(p/q)
    return stratifiedMean(p, q, options)(r => 2 * (Elementary.sigmoid(r) * (r - 1) + Elementary.sigmoid(-r)))
  }

/**
 * Returns the Hellinger distance √(1 − ∫ √(pq)), from 0 to 1. Between mixtures the integral is estimated by the mean of 1/cosh(½ log(p/q))
 * over rows of ½(p + q).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Divergence, Mixture } from 'ornstein'
 *
 * const [p, q] = [0, 2].map(c => Mixture.of({ means: [[c]] }))
 * assert.ok(Math.abs(Divergence.hellinger(q)(p).value - Math.sqrt(1 - Math.exp(-0.5))) < 1e-15)
 */
export const hellinger =
  (q: Mixture.Mixture, options: Options = {}) =>
  (p: Mixture.Mixture): Estimate => {
    requireSameDim('Divergence.hellinger', p, q)
    if (isSingle(p) && isSingle(q))
      return exactEstimate(
        Math.sqrt(-Elementary.expm1(-Pairs.bhattacharyya(gaussianComponents(p)[0], gaussianComponents(q)[0])))
      )
    // 1 − 1/cosh(r/2) = tanh(r/4) tanh(r/2), without cancellation
    const { value, standardError } = stratifiedMean(p, q, options)(r => Elementary.tanh(r / 4) * Elementary.tanh(r / 2))
    const distance = Math.sqrt(value)
    return { value: distance, standardError: distance === 0 ? 0 : standardError / (2 * distance) }
  }

export interface Bounded {
  readonly value: number
  /** Gelbrich's lower bound (1990): W₂ of the normals with equal moments. */
  readonly lower: number
}

/**
 * Returns Wasserstein's W₂ = √(|m − n|² + Bures² of the covariances) of single Gaussians. Between mixtures it is MW₂, the cost of the
 * optimal plan that transports components to components (Delon & Desolneux 2020): a distance, and an upper bound of W₂.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Divergence, Mixture } from 'ornstein'
 *
 * const p = Mixture.of({ means: [[0, 0], [9, 0]], variances: [1, 4] })
 * const q = Mixture.of({ means: [[9, 3], [0, 3]], variances: [4, 1] })
 * assert.ok(Math.abs(Divergence.bures(q)(p).value - 3) < 1e-14)
 */
export const bures =
  (q: Mixture.Mixture) =>
  (p: Mixture.Mixture): Bounded => {
    requireSameDim('Divergence.bures', p, q)
    const here = gaussianComponents(p)
    const there = gaussianComponents(q)
    const cost = {
      shape: [here.length, there.length],
      values: Float64Array.from(here.flatMap(one => there.map(other => Pairs.squaredWasserstein(one, other))))
    }
    const moved = transportPlan(cost, p.weights, q.weights)
    const one = Mixture.moments(p)
    const other = Mixture.moments(q)
    return {
      value: Math.sqrt(moved.reduce((sum, share, at) => sum + share * cost.values[at], 0)),
      lower: Math.sqrt(Pairs.squaredWasserstein(one, other))
    }
  }

/**
 * Returns the maximum mean discrepancy √(E k(x, x′) − 2 E k(x, y) + E k(y, y′)), x and x′ from p, y and y′ from q, k = exp(−|x − y|²/2h²)
 * (Gretton et al. 2012), in closed form. It is sensitive to differences on the scale of the bandwidth h, in the units of the columns.
 * @throws RangeError if the bandwidth is not > 0
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Divergence, Mixture } from 'ornstein'
 *
 * const [p, q] = [0, 1].map(c => Mixture.of({ means: [[c]] }))
 * // E k = √(1/3) e^{−Δ²/6} for h = 1
 * const wanted = Math.sqrt(2 * Math.sqrt(1 / 3) * (1 - Math.exp(-1 / 6)))
 * assert.ok(Math.abs(Divergence.mmd(q, { bandwidth: 1 })(p).value - wanted) < 1e-14)
 */
export const mmd =
  (q: Mixture.Mixture, { bandwidth }: { readonly bandwidth: number }) =>
  (p: Mixture.Mixture): Estimate => {
    requireSameDim('Divergence.mmd', p, q)
    throwProblems('Divergence.mmd', Problem.requirePositive('bandwidth', bandwidth, 1))
    const d = Mixture.dimension(p)
    const noise = Mixture.of({ means: [Array.from({ length: d }, () => 0)], variances: [bandwidth * bandwidth] })
    // k = (2πh²)^{d/2} N(x − y; 0, h²I)
    const scale = (d / 2) * Elementary.log(2 * Math.PI * bandwidth * bandwidth)
    const ofP = Mixture.convolve(noise)(p)
    const ofQ = Mixture.convolve(noise)(q)
    const expected = (a: Mixture.Mixture, b: Mixture.Mixture): number =>
      Elementary.exp(scale + Mixture.logIntegral(b)(a))
    return exactEstimate(Math.sqrt(Math.max(0, expected(p, ofP) - 2 * expected(p, ofQ) + expected(q, ofQ))))
  }
