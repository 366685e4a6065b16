/** Numerical derivatives, the reference for autodiff. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { equals, type Relation } from './lawRows.js'

/** Derivative at 0 by central differences of fourth order. */
export const centralDifference = (f: (step: number) => number, h: number): number =>
  (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

/** One-sided derivative at 0 of fourth order: right if h > 0, left if h < 0. */
export const oneSidedDifference = (f: (step: number) => number, h: number): number =>
  (48 * f(h) - 25 * f(0) - 36 * f(2 * h) + 16 * f(3 * h) - 3 * f(4 * h)) / (12 * h)

export interface SlopeBounds {
  readonly least: number
  readonly most: number
  readonly tolerance: number
}

/** Step lengths: the longer ones may cross a kink. */
const LENGTHS = [1e-3, 1e-4, 1e-5]

/**
 * Slopes of Σ f_j on either side of 0, by one-sided differences of second order, over r². Error ≤ h² F r⁶ + 2⁻⁵² F/h, with F r⁶ bounding
 * the third derivative and F the size of the values.
 */
export const oneSidedSlopeBounds = (
  fs: ReadonlyArray<(step: number) => number>,
  { r, size }: { readonly r: number; readonly size: number }
): ReadonlyArray<SlopeBounds> => {
  const here = fs.map(f => f(0))
  return LENGTHS.map(length => {
    const h = length / (r * r)
    const slopes = fs.map((f, j) => {
      const one = (by: number): number => (4 * f(by) - f(2 * by) - 3 * here[j]) / (2 * by)
      return [one(-h), one(h)]
    })
    const total = (of: (...sides: ReadonlyArray<number>) => number): number =>
      slopes.reduce((sum, sides) => sum + of(...sides), 0)
    return {
      least: total(Math.min),
      most: total(Math.max),
      tolerance: size * r * r * (10 * length * length + 1e-15 / h)
    }
  })
}

/** Relation that a slope lies between the one-sided slopes, at the step length at which it deviates least. */
export const slopeIsWithinBounds = (found: number, sides: ReadonlyArray<SlopeBounds>): Relation =>
  sides
    .map(({ least, most, tolerance }) => equals(found, Math.max(least, Math.min(most, found)), tolerance))
    .map(relation => ({ relation, over: Math.abs(found - Number(relation.right)) / relation.within }))
    .reduce((best, other) => (other.over < best.over ? other : best)).relation

// —— extrapolated ——

export interface DifferenceSlope {
  readonly value: number
  /** Estimated error: the difference of two extrapolations. */
  readonly error: number
}

/** Number of halvings; the rounding 2⁻⁵²/(h/2⁶) is still 1e-12. */
const STEP_HALVINGS = 6

/**
 * f′ by central differences of steps h, h/2, h/4, …, extrapolated in h²; returns the extrapolation nearest to its neighbours. Ridders 1982,
 * Advances in Engineering Software 4:75–76.
 */
export const extrapolatedSlope =
  (reach: number) =>
  (f: (x: number) => number, x: number): DifferenceSlope => {
    const best = (a: DifferenceSlope, b: DifferenceSlope): DifferenceSlope => (b.error < a.error ? b : a)
    const at = (k: number): number => {
      const h = (0.1 * reach) / Elementary.powerOfTwo(k)
      return (f(x + h) - f(x - h)) / (2 * h)
    }
    return Array.from({ length: STEP_HALVINGS }, (_, k) => at(k + 1)).reduce<{
      readonly row: ReadonlyArray<number>
      readonly found: DifferenceSlope
    }>(
      ({ row: above, found }, first) => {
        const row = above.reduce<ReadonlyArray<number>>(
          (row, value, j) => [...row, row[j] + (row[j] - value) / (Elementary.powerOfTwo(2 * (j + 1)) - 1)],
          [first]
        )
        const slopes = row.slice(1).map((value, j): DifferenceSlope => ({
          value,
          error: Math.max(Math.abs(value - row[j]), Math.abs(value - above[j]))
        }))
        return { row, found: slopes.reduce(best, found) }
      },
      { row: [at(0)], found: { value: NaN, error: Infinity } }
    ).found
  }

/**
 * Noise of evaluating f at x: root mean square of third differences over √20 (Moré & Wild 2011, SIAM J. Sci. Comput. 33:1292–1314). The
 * maximum over steps too short for a smooth f to contribute; default: 2⁻²⁰ to 2⁻⁴⁴ of the reach.
 */
export const evaluationNoise = (
  f: (x: number) => number,
  x: number,
  reach: number,
  scales = [20, 28, 36, 44]
): number =>
  scales.reduce((most, halvings) => {
    const h = reach / Elementary.powerOfTwo(halvings)
    const differences = (values: ReadonlyArray<number>): ReadonlyArray<number> =>
      values.slice(1).map((value, i) => value - values[i])
    const thirds = differences(differences(differences([-4, -3, -2, -1, 0, 1, 2, 3, 4].map(i => f(x + i * h)))))
    return Math.max(most, Math.sqrt(thirds.reduce((sum, d) => sum + d * d, 0) / (20 * thirds.length)))
  }, 0)

export const SHORTEST_STEP_SHARE = 0.1 / Elementary.powerOfTwo(STEP_HALVINGS)

/** Relative rounding of an evaluation without measured noise. */
const ULP = Elementary.powerOfTwo(-52)

/** Error bound of f(0): twenty times its noise or rounding. */
export const evaluationError = (f: (x: number) => number, reach: number): number =>
  20 * Math.max(evaluationNoise(f, 0, reach, [28, 40]), ULP * Math.abs(f(0)))

/**
 * f′(0) with an error bound: ten times the difference of extrapolations, plus the noise of f and the rounding of an argument of the given
 * size over the shortest step.
 */
export const measuredSlope = (
  f: (x: number) => number,
  reach: number,
  size: number
): { readonly value: number; readonly within: number } => {
  const { value, error } = extrapolatedSlope(reach)(f, 0)
  const shortest = SHORTEST_STEP_SHARE * reach
  return { value, within: 10 * error + (evaluationError(f, reach) + ULP * size * Math.abs(value)) / shortest }
}
