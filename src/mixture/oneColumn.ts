/** Distribution function and quantiles of a mixture of one column. */
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Normal from '../../lib/numbers/normal.js'
import { iterate } from '../../lib/plain/iterate.js'
import * as Problem from '../core/problem.js'
import { sumOfNumbers } from '../../lib/numbers/mean.js'
import { checkedMixture, mixtureDim, throwProblems } from './calculus.js'
import { componentsAndBackground } from './component.js'
import type { Mixture } from './mixtureData.js'
import * as Student from './student.js'

export interface StandardDistribution {
  /** P(X > z) */
  readonly tail: (z: number) => number
  readonly density: (z: number) => number
  /** `scale` times the p-quantile; ±Infinity if no double can hold the product. Default of `scale`: 1. */
  readonly quantile: (p: number, scale?: number) => number
}

export interface UnivariateComponent {
  readonly weight: number
  readonly mean: number
  /** Standard deviation, a t's scale, or half a box's width. */
  readonly deviation: number
  readonly standard: StandardDistribution
}

const normalDistribution: StandardDistribution = {
  tail: Normal.normalTail,
  density: x => Student.studentDensity(Infinity, x),
  quantile: (p, scale = 1) => Normal.normalQuantile(p) * scale
}

const uniformDistribution: StandardDistribution = {
  tail: z => Math.min(1, Math.max(0, (1 - z) / 2)),
  density: z => (Math.abs(z) < 1 ? 0.5 : 0),
  quantile: (p, scale = 1) => (2 * p - 1) * scale
}

/** Quantiles above this size, or of a smaller share than MIN_TAIL_SHARE, are roots on a logarithmic scale. */
const MAX_LINEAR_QUANTILE = Number.MAX_VALUE / 8
/** Smallest tail whose relative error is still that of a double. */
const MIN_TAIL_SHARE = 1e-290
/** log z from which the tail of t is a power of z to all digits. */
const POWER_LAW_FROM = 345
/** e to this power is still a double. */
const MAX_EXPONENT = 700

/** Returns scale · z where P(T > z) = `share`, a share so small that z is far out; Infinity if no double can hold the product. */
const distantStudentQuantile = (nu: number, share: number, scale: number): number => {
  const logShare = Elementary.log(share)
  const logTail = (logZ: number): number => Student.logStudentTail(nu, Elementary.exp(logZ))
  const excess = logTail(POWER_LAW_FROM) - logShare
  const logZ =
    excess >= 0
      ? POWER_LAW_FROM + excess / nu
      : iterate<readonly [low: number, high: number]>([1, POWER_LAW_FROM], ([low, high]) => {
          const middle = (low + high) / 2
          if (!(middle > low && middle < high)) return null
          return logTail(middle) > logShare ? [middle, high] : [low, middle]
        })[1]
  return logZ < MAX_EXPONENT ? scale * Elementary.exp(logZ) : Elementary.exp(logZ + Elementary.log(scale))
}

const studentDistribution = (nu: number): StandardDistribution => {
  const tail = (z: number): number => Student.studentTail(nu, z)
  const density = (z: number): number => Student.studentDensity(nu, z)
  return {
    tail,
    density,
    quantile: (p, scale = 1) => {
      const share = Math.min(p, 1 - p)
      const sign = Math.sign(p - 0.5)
      const most = iterate(1, z => (z > MAX_LINEAR_QUANTILE || tail(z) <= share ? null : 2 * z))
      return (share < MIN_TAIL_SHARE && nu <= Student.NEARLY_NORMAL) || most > MAX_LINEAR_QUANTILE
        ? sign * distantStudentQuantile(nu, share, scale)
        : sign * bracketedRoot(0, most, z => [share - tail(z), density(z)]) * scale
    }
  }
}

/** Standard t with ν degrees of freedom; normal if ν = ∞. */
export const standardDistributionOf = (nu: number): StandardDistribution =>
  nu === Infinity ? normalDistribution : studentDistribution(nu)

/** Throws if the mixture has more than one column. */
const univariateComponents = (mixture: Mixture, where: string): ReadonlyArray<UnivariateComponent> => {
  const d = mixtureDim(checkedMixture(mixture, `${where}(…)(mixture)`))
  throwProblems(
    where,
    Problem.unless(
      d === 1,
      'mixture',
      `of ${d} columns`,
      'of one',
      'take the Mixture.marginal([column]) of one of them'
    )
  )
  return componentsAndBackground(mixture).map(({ weight, mean, factor, nu = Infinity, background }) => ({
    weight,
    mean: mean[0],
    deviation: factor.values[0],
    standard: background === 'box' ? uniformDistribution : standardDistributionOf(nu)
  }))
}

/** Returns P(X ≤ x), or P(X > x) if `isUpper`, with small relative error. */
const mixtureTail = (
  components: ReadonlyArray<UnivariateComponent>,
  x: number,
  { isUpper }: { readonly isUpper: boolean }
): number =>
  sumOfNumbers(
    components.map(({ weight, mean, deviation, standard }) => {
      const z = (x - mean) / deviation
      return weight * standard.tail(isUpper ? z : -z)
    })
  )

/**
 * Returns P(X ≤ x) = Σ π Φ((x − c)/√v) for one column, with a relative error of 10⁻¹³ (10⁻¹² with tails), including a background. Throws a
 * RangeError for more columns: take a `marginal` first.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[-3, 0], [3, 0]], weights: [0.25, 0.75] })
 * assert.equal(pipe(mixture, Mixture.marginal([0]), Mixture.cdf(-3)).toFixed(6), '0.125000')
 */
export const cdf =
  (x: number) =>
  (mixture: Mixture): number =>
    mixtureTail(univariateComponents(mixture, 'Mixture.cdf'), x, { isUpper: false })

/** (a + b)/2, also if the sum has no double. */
const midpoint = (a: number, b: number): number => (Math.abs(a + b) < Infinity ? (a + b) / 2 : a / 2 + b / 2)

/** Bisection alone ends within 1100 halvings. */
const MAX_ROOT_STEPS = 2200

/**
 * Root in [low, high] to the last bits, by Newton steps and bisection. `of` returns the value, positive right of the root, and its
 * derivative.
 */
const bracketedRoot = (low: number, high: number, of: (x: number) => readonly [value: number, slope: number]): number =>
  iterate<{ readonly low: number; readonly high: number; readonly x: number; readonly left: number }>(
    { low, high, x: midpoint(low, high), left: MAX_ROOT_STEPS },
    ({ low, high, x, left }) => {
      const [value, slope] = of(x)
      const a = value > 0 ? low : x
      const b = value > 0 ? x : high
      const newton = x - value / slope
      // Bisects every fourth step: Newton steps may approach from one side.
      const next = newton > a && newton < b && left % 4 !== 0 ? newton : midpoint(a, b)
      return value === 0 || left === 0 || !(next > a && next < b) ? null : { low: a, high: b, x: next, left: left - 1 }
    }
  ).x

/**
 * Returns the x with P(X ≤ x) = p for one column; −∞ at 0 and ∞ at 1, and if x exceeds the range of doubles. Throws a RangeError for more columns (take a `marginal` first), or a
 * p outside [0, 1].
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[-3], [3]] })
 * assert.ok(Math.abs(Mixture.quantile(0.5)(mixture)) < 1e-14)
 * assert.ok(Math.abs(Mixture.cdf(Mixture.quantile(0.1)(mixture))(mixture) - 0.1) < 1e-15)
 */
export const quantile =
  (p: number) =>
  (mixture: Mixture): number => {
    const components = univariateComponents(mixture, 'Mixture.quantile').filter(({ weight }) => weight > 0)
    throwProblems('Mixture.quantile', probabilityProblems(p))
    return mixtureQuantile(components, p)
  }

/** A problem unless p is in [0, 1]. */
export const probabilityProblems = (p: number): ReadonlyArray<Problem.Problem> =>
  Problem.unless(p >= 0 && p <= 1, 'p', String(p), 'between 0 and 1', 'try 0.5, the median')

/** p-quantile of components with positive weight; ±∞ at 0 and 1. */
export const mixtureQuantile = (components: ReadonlyArray<UnivariateComponent>, p: number): number => {
  const z = Normal.normalQuantile(p)
  if (!Number.isFinite(z)) return z
  const own = components.map(({ mean, deviation, standard }) => mean + standard.quantile(p, deviation))
  const low = Math.max(-Number.MAX_VALUE, Math.min(...own))
  const high = Math.min(Number.MAX_VALUE, Math.max(...own))
  if (!(low < high)) return own[0]
  // The smaller tail has no cancellation.
  const isUpper = p > 0.5
  const share = isUpper ? 1 - p : p
  const excess = (x: number): number => (isUpper ? -1 : 1) * (mixtureTail(components, x, { isUpper }) - share)
  if (low === -Number.MAX_VALUE && excess(low) > 0) return -Infinity
  if (high === Number.MAX_VALUE && excess(high) < 0) return Infinity
  return bracketedRoot(low, high, x => [
    excess(x),
    sumOfNumbers(
      components.map(
        ({ weight, mean, deviation, standard }) => (weight / deviation) * standard.density((x - mean) / deviation)
      )
    )
  ])
}
