/**
 * Projection pursuit: along which directions rows that one Gaussian describes are likelier two of one covariance. Such a pair is
 * its own projection: with D between its centres, Σ⁻¹D tells all of which half a row is of, so that a step of
 * expectation–maximization takes O(n·dim), whatever the covariance. Many starts cost what a step or two of free covariances
 * would, and in many dimensions few of them lead to the likeliest pair.
 */
import * as Elementary from '../../../lib/elementary.js'
import { select } from '../../data/Points.js'
import type { Second } from '../../score/family.js'

/** Rows of one component, about its centre and in its own coordinates, where it is round. */
export interface Cloud {
  readonly rows: number
  readonly dim: number
  readonly values: Float64Array
  /** Of sum 1. */
  readonly weights: Float64Array
}

/** Two halves of one covariance I − e·DDᵀ, e = (1 − common)·pq, or what a kind keeps of it. */
export interface Pair {
  /** p, of the first half. */
  readonly share: number
  /** Of the first half, and of the other. */
  readonly centres: readonly [Float64Array, Float64Array]
  readonly e: number
  /** What the mean log-likelihood of the rows gains by them. */
  readonly gain: number
}

export interface Pursuit {
  readonly second: Second
  /** How much of the covariance is given, as where it is common to other components. */
  readonly common: number
  /** Neither half has less of the rows. */
  readonly least: number
  /** No half is narrower. */
  readonly narrowest: number
}

/** Starts; and steps of theirs, and how many of the best of them, or which part, go on. */
const startsIn = (dim: number): number => 32 + Math.min(2 * dim, 24)
const FIRST = { steps: 2, part: 0.5 }
const SECOND = { steps: 4, kept: 12 }
const STEPS = 16

/** Pairs whose gains differ by less are one; and one that gains less is none. */
const SAME = 1e-4

/** So many of the likeliest are told. */
const TOLD = 6

/** More rows than these, evenly chosen, tell no more of directions. */
const ROWS = 512
const ROWS_PER_DIMENSION = 24

/** At most so many rows, one of every few. */
const thinned = (cloud: Cloud, seen: Cloud): readonly [Cloud, Cloud] => {
  const most = Math.max(ROWS, ROWS_PER_DIMENSION * cloud.dim)
  if (cloud.rows <= most) return [cloud, seen]
  const at = Array.from({ length: most }, (_, i) => Math.floor((i * cloud.rows) / most))
  const total = at.reduce((sum, row) => sum + cloud.weights[row], 0)
  const weights = Float64Array.from(at, row => cloud.weights[row] / total)
  const of = (rows: Cloud): Cloud => ({ ...select(at)(rows), weights })
  return [of(cloud), of(seen)]
}

/** The row at which a share u of the weights is reached. */
const rowAt = (u: number, weights: Float64Array): number => {
  const total = weights.reduce((sum, w) => sum + w, 0)
  let below = 0
  const found = weights.findIndex(w => (below += w) > u * total)
  return found < 0 ? weights.length - 1 : found
}

/** The plane's points that are spread most evenly, one after another (Roberts 2018): 1/g and 1/g², g³ = g + 1. */
const PLASTIC = 1.324717957244746
const spread = (s: number): readonly [number, number] => {
  const fraction = (x: number): number => x - Math.floor(x)
  return [fraction(0.5 + s / PLASTIC), fraction(0.5 + s / (PLASTIC * PLASTIC))]
}

/**
 * Shares of the first half for two rows as centres, the second drawn as by k-means++ (Arthur & Vassilvitskii 2007). Where the
 * component is round, groups along its widest direction are no farther apart than along one that says nothing of them; where
 * it is as wide as it is, groups along a narrow one are not. So starts are from both, in turn.
 */
const startOf = ({ rows, dim, values, weights }: Cloud, start: number): Float64Array => {
  const [u, v] = spread(start)
  const first = rowAt(u, weights)
  const between = (row: number, other: number): number => {
    let sum = 0
    for (let j = 0; j < dim; j++) sum += Elementary.square(values[row * dim + j] - values[other * dim + j])
    return sum
  }
  const far = Float64Array.from({ length: rows }, (_, i) => between(i, first))
  const other = rowAt(
    v,
    far.map((q, i) => q * weights[i])
  )
  return far.map((q, i) => Elementary.sigmoid((between(i, other) - q) / 2))
}

/** Where steps stand. */
interface Standing {
  readonly shares: Float64Array
  readonly pair: Pair | null
}

/** Steps from shares of the rows; no pair where a half is left with too few rows. */
const steps = (
  { rows, dim, values, weights }: Cloud,
  { second, common, least, narrowest }: Pursuit,
  count: number,
  start: Float64Array
): Standing => {
  const shares = Float64Array.from(start)
  const middle = new Float64Array(dim)
  for (let i = 0; i < rows; i++) for (let j = 0; j < dim; j++) middle[j] += weights[i] * values[i * dim + j]
  let pair: Pair | null = null
  for (let step = 0; step < count; step++) {
    const sums = new Float64Array(dim)
    let p = 0
    for (let i = 0; i < rows; i++) {
      const r = weights[i] * shares[i]
      p += r
      for (let j = 0, at = i * dim; j < dim; j++, at++) sums[j] += r * values[at]
    }
    const q = 1 - p
    if (!(p >= least && q >= least)) return { shares, pair: null }
    const centre = sums.map(sum => sum / p)
    const other = sums.map((sum, j) => (middle[j] - sum) / q)
    const d = centre.map((c, j) => c - other[j])
    const e = (1 - common) * p * q
    const length = d.reduce((sum, x) => sum + x * x, 0)
    // Σ⁻¹D, log|Σ| and tr Σ⁻¹ of what the kind keeps of I − e DDᵀ.
    const own = d.map(x => Math.max(1 - e * x * x, narrowest))
    const one = Math.max(1 - (e * length) / (second === 'trace' ? dim : 1), narrowest)
    const isOne = second === 'full' || second === 'trace'
    const slope = d.map((x, j) => (second === 'none' ? x : x / (isOne ? one : own[j])))
    const [logDet, trace] =
      second === 'none'
        ? [0, dim]
        : second === 'full'
          ? [Elementary.log(one), dim - 1 + 1 / one]
          : second === 'trace'
            ? [dim * Elementary.log(one), dim / one]
            : [own.reduce((sum, s) => sum + Elementary.log(s), 0), own.reduce((sum, s) => sum + 1 / s, 0)]
    const square = (c: Float64Array): number => c.reduce((sum, x, j) => sum + x * slope[j], 0)
    // ⟨c, Σ⁻¹D⟩ of the middle between the two
    const offset = (square(centre) + square(other)) / 2 - Elementary.log(p / q)
    const isLast = step === count - 1
    let odds = 0
    for (let i = 0; i < rows; i++) {
      let z = -offset
      for (let j = 0, at = i * dim; j < dim; j++, at++) z += slope[j] * values[at]
      if (isLast) odds += weights[i] * Elementary.softplus(z)
      shares[i] = Elementary.sigmoid(z)
    }
    // E log(q N(y; c', Σ)) less that of N(0, I), where E yyᵀ = I and c' = −pD
    const single = Elementary.log(q) - (logDet + trace + p * p * square(d) - dim) / 2
    pair = { share: p, centres: [centre, other], e, gain: single + odds }
  }
  return { shares, pair }
}

const gain = ({ pair }: Standing): number => pair?.gain ?? -Infinity

const byGain = (found: ReadonlyArray<Standing>): ReadonlyArray<Standing> =>
  found.filter(({ pair }) => pair !== null).sort((a, b) => gain(b) - gain(a))

const likeliest = (found: ReadonlyArray<Standing>, most: number): ReadonlyArray<Standing> =>
  byGain(found)
    .filter((one, i, sorted) => gain(one) > SAME && (i === 0 || gain(sorted[i - 1]) - gain(one) > SAME))
    .slice(0, most)

/** The likeliest pairs of halves that were found, the likeliest first. `seen` are the same rows where distances are told, in standard deviations. */
export const pairs = (cloud: Cloud, seen: Cloud, pursuit: Pursuit): ReadonlyArray<Pair> => {
  const [rows, places] = thinned(cloud, seen)
  const count = startsIn(rows.dim)
  const after = (standing: ReadonlyArray<Pick<Standing, 'shares'>>, count: number): ReadonlyArray<Standing> =>
    standing.map(({ shares }) => steps(rows, pursuit, count, shares))
  const starts = Array.from({ length: count }, (_, s) => ({
    shares: startOf(s % 2 === 0 ? places : rows, Math.floor(s / 2))
  }))
  const first = byGain(after(starts, FIRST.steps)).slice(0, FIRST.part * count)
  const kept = after(likeliest(after(first, SECOND.steps), SECOND.kept), STEPS)
  return likeliest(kept, TOLD).flatMap(({ pair }) => (pair === null ? [] : [pair]))
}
