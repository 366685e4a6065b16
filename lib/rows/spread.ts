/** Spread of a table by distances between its rows, independent of the origin and robust to a few outliers. */
import { rowsAt, tabulate } from '../arrays/entries.js'
import { lazy } from '../plain/iterate.js'
import * as Key from '../random/key.js'
import * as Stretches from './stretches.js'
import type { WeightedRowTable } from './principal.js'

/** Relative difference up to which coordinates are equal. */
const COORDINATE_ROUNDING = 4 * Number.EPSILON

const squaredRowDistance = (x: Float64Array, i: number, j: number, dim: number): number => {
  let sum = 0
  for (let k = 0; k < dim; k++) {
    const a = x[i * dim + k]
    const b = x[j * dim + k]
    const gap = Math.abs(a - b)
    if (gap > COORDINATE_ROUNDING * Math.max(Math.abs(a), Math.abs(b))) sum += gap * gap
  }
  return sum
}

/** |x_i − x_j|² of pairs of rows drawn by their weights; fewer pairs are a prefix of more. */
const drawnDistances = ({ dim, values, weights }: WeightedRowTable, pairs: number): Float64Array => {
  const drawn = Stretches.atParts(Stretches.asStretches(weights), Key.uniform(2 * pairs)(Key.fromSeed(0)))
  const x = values instanceof Float64Array ? rowsAt(values, dim, drawn) : Stretches.selected(values, drawn)
  return tabulate(pairs, k => squaredRowDistance(x, 2 * k, 2 * k + 1, dim))
}

interface WeightedDistance {
  readonly squared: number
  readonly weight: number
}

/** Distances of all pairs of different rows, ascending. */
const allPairs = ({ rows, dim, values, weights }: WeightedRowTable): ReadonlyArray<WeightedDistance> => {
  const found: WeightedDistance[] = []
  const x = Stretches.stretch(values, dim, 0, rows)
  const p = Stretches.stretch(weights, 1, 0, rows)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      const squared = squaredRowDistance(x, i, j, dim)
      const weight = p[i] * p[j]
      if (weight > 0 && squared > 0) found.push({ squared, weight })
    }
  return found.sort((a, b) => a.squared - b.squared)
}

/** Distance² at a share of the total weight; distances ascend. */
const distanceQuantile = (found: ReadonlyArray<WeightedDistance>, share: number): number => {
  const total = found.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { squared, weight } of found) {
    below += weight
    if (below >= share * total) return squared
  }
  return 0
}

/**
 * Quantile at `share` of |x_i − x_j|² over pairs of different rows, weighted by p_i p_j: over all pairs if there are at most `pairs`,
 * otherwise over that many drawn with a fixed key. 0 if all rows are equal. Generalizes Q_n (Rousseeuw & Croux 1993), of share ¼.
 */
export const squaredDistanceQuantile = (table: WeightedRowTable): ((share: number, pairs: number) => number) => {
  const all = lazy(() => allPairs(table))
  let drawn: Float64Array = new Float64Array(0)
  return (share, pairs) => {
    if ((table.rows * (table.rows - 1)) / 2 <= pairs) return distanceQuantile(all(), share)
    if (drawn.length < pairs) drawn = drawnDistances(table, pairs)
    const apart = drawn.subarray(0, pairs).filter(squared => squared > 0)
    return apart.sort()[Math.max(1, Math.ceil(share * apart.length)) - 1] ?? 0
  }
}

/**
 * Within-cluster scatter Σ p_i (x − m)(x − m)ᵀ, [dim, dim], or its diagonal, [dim]: a cluster has the rows of one nearest centre of [K,
 * dim], and mean m. Computed from differences to the centres, so a distant origin costs no digits.
 */
export const scatterWithin = (
  x: Stretches.Stretches,
  weights: Stretches.Stretches,
  centres: Float64Array,
  { isDiagonal }: { readonly isDiagonal: boolean }
): Float64Array => {
  const { dim } = x
  const count = centres.length / dim
  const mass = new Float64Array(count)
  const sums = new Float64Array(count * dim)
  const scatter = new Float64Array(isDiagonal ? dim : dim * dim)
  const add = (weight: number, y: Float64Array, from: number): void => {
    for (let i = 0; i < dim; i++) {
      const yi = weight * y[from + i]
      if (isDiagonal) scatter[i] += yi * y[from + i]
      else for (let j = 0, to = i * dim; j <= i; j++) scatter[to + j] += yi * y[from + j]
    }
  }
  Stretches.visitStretches(x, (rows, first, own) => {
    const p = Stretches.numbersFrom(weights, first, own)
    const least = new Float64Array(dim)
    for (let row = 0; row < own; row++) {
      const at = row * dim
      let nearest = 0
      let shortest = Infinity
      for (let k = 0; k < count; k++) {
        let squared = 0
        for (let j = 0, c = k * dim; j < dim && squared < shortest; j++, c++) {
          const away = rows[at + j] - centres[c]
          squared += away * away
        }
        if (squared < shortest) {
          nearest = k
          shortest = squared
        }
      }
      const c = nearest * dim
      mass[nearest] += p[row]
      for (let j = 0; j < dim; j++) {
        least[j] = rows[at + j] - centres[c + j]
        sums[c + j] += p[row] * least[j]
      }
      add(p[row], least, 0)
    }
  })
  for (let k = 0; k < count; k++) if (mass[k] > 0) add(-1 / mass[k], sums, k * dim)
  if (!isDiagonal) for (let i = 0; i < dim; i++) for (let j = 0; j < i; j++) scatter[j * dim + i] = scatter[i * dim + j]
  return scatter
}
