/**
 * Largest double in [lo, hi] up to which a monotone condition holds, by bisection down to neighbouring doubles; an end of the interval if
 * the condition does not change.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { bisect } from 'ornstein/float64'
 *
 * assert.ok(Math.abs(bisect(x => x * x < 2, 0, 2) - Math.SQRT2) < 1e-15)
 */
export const bisect = (holds: (x: number) => boolean, lo: number, hi: number): number => {
  const middle = lo + (hi - lo) / 2
  return middle <= lo || middle >= hi ? middle : holds(middle) ? bisect(holds, middle, hi) : bisect(holds, lo, middle)
}
