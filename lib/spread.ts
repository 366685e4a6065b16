/** The spread of a table by the distances between its rows: in any unit, from any origin, and deaf to a few wild rows. */
import * as Key from './key.js'
import type { Table } from './principal.js'

/** Coordinates that differ by no more than the rounding of a few operations are equal. */
const ROUNDING = 4 * Number.EPSILON

const squaredDistance = (x: Float64Array, i: number, j: number, dim: number): number => {
  let sum = 0
  for (let k = 0; k < dim; k++) {
    const [a, b] = [x[i * dim + k], x[j * dim + k]]
    const gap = Math.abs(a - b)
    if (gap > ROUNDING * Math.max(Math.abs(a), Math.abs(b))) sum += gap * gap
  }
  return sum
}

/**
 * The quantile at `share` of |x_i − x_j|² over pairs of rows that differ, pairs weighted by p_i p_j: over all of them where
 * they are no more than `pairs`, else over so many drawn independently, the same for every table of that size. 0 where no
 * rows differ. Time pairs × dim; a generalization of Q_n (Rousseeuw & Croux 1993), whose share is ¼.
 */
export const squaredDistanceQuantile = (
  { rows, dim, values, weights }: Table<Float64Array>,
  share: number,
  pairs: number
): number => {
  const found: Array<{ readonly squared: number; readonly weight: number }> = []
  const add = (i: number, j: number, weight: number): void => {
    const squared = squaredDistance(values, i, j, dim)
    if (weight > 0 && squared > 0) found.push({ squared, weight })
  }
  if ((rows * (rows - 1)) / 2 <= pairs)
    for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) add(i, j, weights[i] * weights[j])
  else {
    const drawn = Key.categorical(weights)(2 * pairs)(Key.fromSeed(0))
    for (let k = 0; k < pairs; k++) add(drawn[2 * k], drawn[2 * k + 1], 1)
  }
  found.sort((a, b) => a.squared - b.squared)
  const total = found.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { squared, weight } of found) {
    below += weight
    if (below >= share * total) return squared
  }
  return 0
}
