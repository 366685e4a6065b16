/**
 * The number in [lo, hi] up to which something holds and beyond which it does not: the interval is halved until doubles can halve it no
 * more, for whatever is monotone; it never fails, and ends at an end where there is no such number.
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
