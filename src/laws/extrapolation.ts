/** Limits of what is evaluated with rounding: extrapolated, with the error that they find of themselves; and the noise of an evaluation. */
import * as Elementary from '../../lib/numbers/elementary.js'

export interface Slope {
  readonly value: number
  /** What two of its estimates differ by. */
  readonly error: number
}

/** How often the step is halved: 2⁻⁵²/(h/2⁶) is still 1e-12. */
const HALVINGS = 6

/**
 * lim f(h) for h → 0, from h, h/2, h/4, …, extrapolated as polynomials in h^p: of the extrapolations the one that is nearest to its
 * neighbours. Ridders 1982, Advances in Engineering Software 4:75–76.
 */
export const limit = (f: (h: number) => number, h: number, p = 2): Slope => {
  const best = (a: Slope, b: Slope): Slope => (b.error < a.error ? b : a)
  const at = (k: number): number => f(h / Elementary.powerOfTwo(k))
  return Array.from({ length: HALVINGS }, (_, k) => at(k + 1)).reduce<{
    readonly row: ReadonlyArray<number>
    readonly found: Slope
  }>(
    ({ row: above, found }, first) => {
      const row = above.reduce<ReadonlyArray<number>>(
        (row, value, j) => [...row, row[j] + (row[j] - value) / (Elementary.powerOfTwo(p * (j + 1)) - 1)],
        [first]
      )
      const slopes = row.slice(1).map((value, j): Slope => ({
        value,
        error: Math.max(Math.abs(value - row[j]), Math.abs(value - above[j]))
      }))
      return { row, found: slopes.reduce(best, found) }
    },
    { row: [at(0)], found: { value: NaN, error: Infinity } }
  ).found
}

/** f′ by central differences whose steps go to 0. */
export const slopeWithin =
  (reach: number) =>
  (f: (x: number) => number, x: number): Slope =>
    limit(h => (f(x + h) - f(x - h)) / (2 * h), 0.1 * reach)

/**
 * The noise of evaluating f at x: the root mean square of third differences over √20, the most of steps from 2⁻²⁰ to 2⁻⁴⁴ of the
 * reach (unless others are given), of which a smooth f tells nothing. Moré & Wild 2011, SIAM J. Sci. Comput. 33:1292–1314.
 */
export const noiseOf = (f: (x: number) => number, x: number, reach: number, scales = [20, 28, 36, 44]): number =>
  scales.reduce((most, halvings) => {
    const h = reach / Elementary.powerOfTwo(halvings)
    const differences = (values: ReadonlyArray<number>): ReadonlyArray<number> =>
      values.slice(1).map((value, i) => value - values[i])
    const thirds = differences(differences(differences([-4, -3, -2, -1, 0, 1, 2, 3, 4].map(i => f(x + i * h)))))
    return Math.max(most, Math.sqrt(thirds.reduce((sum, d) => sum + d * d, 0) / (20 * thirds.length)))
  }, 0)

/** The shortest step of a slope, as a share of its reach. */
export const SHORTEST = 0.1 / Elementary.powerOfTwo(HALVINGS)

/** How large the rounding of an evaluation is that shows no noise. */
const ULP = Elementary.powerOfTwo(-52)

/** What f(0) may be off by: twenty times the noise of f, or of the rounding of its value. */
export const blurOf = (f: (x: number) => number, reach: number): number =>
  20 * Math.max(noiseOf(f, 0, reach, [28, 40]), ULP * Math.abs(f(0)))

/**
 * f′(0), and what it may be off by: ten times what extrapolations differ by, and over the shortest of their steps the blur of f and the rounding
 * of what is moved, of that size. It is as sharp as f is smooth and its evaluation exact.
 */
export const measuredSlope = (
  f: (x: number) => number,
  reach: number,
  size: number
): { readonly value: number; readonly within: number } => {
  const { value, error } = slopeWithin(reach)(f, 0)
  const shortest = SHORTEST * reach
  return { value, within: 10 * error + (blurOf(f, reach) + ULP * size * Math.abs(value)) / shortest }
}
