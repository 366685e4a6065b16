/** Derivatives by differences, what autodiff is held to: of given steps, to either side of a kink, and extrapolated with the error that they find of themselves. */
import * as Elementary from '../../lib/numbers/elementary.js'
import { equals, type Relation } from './lawRows.js'

/** The derivative at 0 by central differences of fourth order. */
export const centralDifference = (f: (step: number) => number, h: number): number =>
  (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

/** The derivative at 0 by one-sided differences of fourth order: to the right if h > 0, to the left if h < 0. */
export const oneSidedDifference = (f: (step: number) => number, h: number): number =>
  (48 * f(h) - 25 * f(0) - 36 * f(2 * h) + 16 * f(3 * h) - 3 * f(4 * h)) / (12 * h)

/** What a slope is to lie between, at one length of the steps, and by how much it may be off. */
export interface SlopeBounds {
  readonly least: number
  readonly most: number
  readonly tolerance: number
}

/** Within a step of a kink the longer ones see it from the wrong side. */
const LENGTHS = [1e-3, 1e-4, 1e-5]

/**
 * The slopes of Σ f_j to the left and to the right of 0, by one-sided differences of second order, at three lengths of the steps, each
 * over r². They are off by h² times the third derivative, F r⁶ at most, and round by 2⁻⁵² F/h, F the size of the values.
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

/** That a slope lies between those to either side, at that length of the steps at which it is nearest. */
export const slopeIsWithinBounds = (found: number, sides: ReadonlyArray<SlopeBounds>): Relation =>
  sides
    .map(({ least, most, tolerance }) => equals(found, Math.max(least, Math.min(most, found)), tolerance))
    .map(relation => ({ relation, over: Math.abs(found - Number(relation.right)) / relation.within }))
    .reduce((best, other) => (other.over < best.over ? other : best)).relation

// —— extrapolated ——

export interface DifferenceSlope {
  readonly value: number
  /** What two of its estimates differ by. */
  readonly error: number
}

/** How often the step is halved: 2⁻⁵²/(h/2⁶) is still 1e-12. */
const STEP_HALVINGS = 6

/**
 * f′ by central differences of steps h, h/2, h/4, …, extrapolated as polynomials in h²: of the extrapolations the one that is nearest to
 * its neighbours. Ridders 1982, Advances in Engineering Software 4:75–76.
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
 * The noise of evaluating f at x: the root mean square of third differences over √20, the most of steps from 2⁻²⁰ to 2⁻⁴⁴ of the
 * reach (unless others are given), of which a smooth f tells nothing. Moré & Wild 2011, SIAM J. Sci. Comput. 33:1292–1314.
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

/** The shortest step of a slope, as a share of its reach. */
export const SHORTEST_STEP_SHARE = 0.1 / Elementary.powerOfTwo(STEP_HALVINGS)

/** How large the rounding of an evaluation is that shows no noise. */
const ULP = Elementary.powerOfTwo(-52)

/** What f(0) may be off by: twenty times the noise of f, or of the rounding of its value. */
export const evaluationError = (f: (x: number) => number, reach: number): number =>
  20 * Math.max(evaluationNoise(f, 0, reach, [28, 40]), ULP * Math.abs(f(0)))

/**
 * f′(0), and what it may be off by: ten times what extrapolations differ by, and over the shortest of their steps the blur of f and the rounding
 * of what is moved, of that size. It is as sharp as f is smooth and its evaluation exact.
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
