/**
 * Projection pursuit: directions along which two Gaussians with a common covariance have a higher likelihood than one. With D between their
 * centres, the projection Σ⁻¹D determines a row's half, so an EM step takes O(n·dim).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { cumulative } from '../../../lib/arrays/entries.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { simdOrPlainKernels } from '../../../lib/wasm/index.js'
import { select } from '../../data/points.js'
import type { Second } from '../family.js'

/** Rows of a component, whitened about its centre. */
export interface Cloud {
  readonly rows: number
  readonly dim: number
  /** Number of columns of the data; more than `dim` if rows are coordinates in their span. */
  readonly columns: number
  readonly values: Float64Array
  /** Sum to 1. */
  readonly weights: Float64Array
}

/** Halves with common covariance I − e·DDᵀ, e = (1 − common)·pq, or the part that the covariance model keeps. */
export interface HalfPair {
  /** Weight p of the first half. */
  readonly share: number
  readonly centres: readonly [Float64Array, Float64Array]
  readonly e: number
  /** Gain of the mean log-likelihood. */
  readonly gain: number
}

export interface Pursuit {
  readonly second: Second
  /** Share of the covariance that is fixed. */
  readonly common: number
  /** Lower bound on the weight of each half. */
  readonly least: number
  readonly narrowest: number
}

/**
 * Number of starts. After `SCREENING.steps` EM steps a share `part` of them runs `SECOND_ROUND.steps`, and the best `kept` up to
 * `MAX_PURSUIT_STEPS`.
 */
const startCount = (dim: number): number => 32 + Math.min(2 * dim, 24)
const SCREENING = { steps: 2, part: 0.5 }
const SECOND_ROUND = { steps: 4, kept: 12 }
const MAX_PURSUIT_STEPS = 16

/** Pairs with closer gains count as one; pairs with a smaller gain are dropped. */
const MIN_GAIN_DIFFERENCE = 1e-4

const MAX_PAIRS = 6

/** Minimum size of a subsample; more rows hardly improve directions. */
const MIN_PURSUIT_ROWS = 512

const ROWS_PER_DIMENSION = 24

const thinnedClouds = (cloud: Cloud, seen: Cloud): readonly [Cloud, Cloud] => {
  const most = Math.max(MIN_PURSUIT_ROWS, ROWS_PER_DIMENSION * cloud.dim)
  if (cloud.rows <= most) return [cloud, seen]
  const at = Array.from({ length: most }, (_, i) => Math.floor((i * cloud.rows) / most))
  const total = at.reduce((sum, row) => sum + cloud.weights[row], 0)
  const weights = Float64Array.from(at, row => cloud.weights[row] / total)
  const of = (rows: Cloud): Cloud => ({ ...select(at)(rows), columns: rows.columns, weights })
  return [of(cloud), of(seen)]
}

/** First row at which the cumulative weight exceeds the share u of the total; otherwise the last row. */
const rowAtShare = (u: number, cumulativeWeights: Float64Array): number => {
  const last = cumulativeWeights.length - 1
  const wanted = u * cumulativeWeights[last]
  let low = 0
  for (let high = last; low < high;) {
    const middle = (low + high) >> 1
    if (cumulativeWeights[middle] > wanted) high = middle
    else low = middle + 1
  }
  return low
}

/** Root g of g³ = g + 1: multiples of (1/g, 1/g²) modulo 1 fill the unit square evenly (Roberts 2018). */
const PLASTIC = 1.324717957244746
const plasticSequence = (s: number): readonly [number, number] => {
  const fraction = (x: number): number => x - Math.floor(x)
  return [fraction(0.5 + s / PLASTIC), fraction(0.5 + s / (PLASTIC * PLASTIC))]
}

interface ProductTable {
  /** Rows (y, 1), [rows, dim + 1]; then multiplied by the weights. */
  readonly lifted: Float64Array
  readonly weighted: Float64Array
}

const productTable = ({ rows, dim, values, weights }: Cloud): ProductTable => {
  const width = dim + 1
  const lifted = new Float64Array(rows * width)
  const weighted = new Float64Array(rows * width)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < dim; j++) {
      lifted[i * width + j] = values[i * dim + j]
      weighted[i * width + j] = weights[i] * values[i * dim + j]
    }
    lifted[i * width + dim] = 1
    weighted[i * width + dim] = weights[i]
  }
  return { lifted, weighted }
}

/** The log-odds of the first half are ⟨odds, (y, 1)⟩. */
interface SearchPoint {
  readonly odds: Float64Array
}

/** Returns [search points, rows]. */
const logOddsOfRows = (all: ReadonlyArray<SearchPoint>, { lifted }: ProductTable, rows: number): Float64Array =>
  simdOrPlainKernels().matMul(concatenated(all.map(({ odds }) => odds)), lifted, {
    m: all.length,
    k: lifted.length / rows,
    n: rows,
    transposeB: true
  })

/** factor · y, followed by `last`. */
const multipleAndLast = (factor: number, y: Float64Array, last: number): Float64Array => {
  const out = new Float64Array(y.length + 1)
  for (let j = 0; j < y.length; j++) out[j] = factor * y[j]
  out[y.length] = last
  return out
}

/** a − b, followed by `last`. */
const differenceAndLast = (a: Float64Array, b: Float64Array, last: number): Float64Array => {
  const out = new Float64Array(a.length + 1)
  for (let j = 0; j < a.length; j++) out[j] = a[j] - b[j]
  out[a.length] = last
  return out
}

const sumColumns = (values: Float64Array, width: number): Float64Array => {
  const sums = new Float64Array(width)
  for (let at = 0; at < values.length; at += width) for (let j = 0; j < width; j++) sums[j] += values[at + j]
  return sums
}

const squaredNorms = (values: Float64Array, dim: number): Float64Array => {
  const out = new Float64Array(values.length / dim)
  for (let i = 0, at = 0; i < out.length; i++) for (let j = 0; j < dim; j++, at++) out[i] += values[at] * values[at]
  return out
}

/** Writes the cumulative sums of w |y − c|² to `out`, from `offsets` |c|² − 2⟨y, c⟩ and `squares` |y|². */
const writeCumulativeDistances = (
  offsets: Float64Array,
  squares: Float64Array,
  weights: Float64Array,
  out: Float64Array
): void => {
  let sum = 0
  for (let i = 0; i < out.length; i++) {
    sum += weights[i] * Math.max(offsets[i] + squares[i], 0)
    out[i] = sum
  }
}

/**
 * Initial log-odds with two rows as centres, drawn as by k-means++ (Arthur & Vassilvitskii 2007), by whitened distances, which miss groups
 * along wide directions, and by original ones, which miss groups along narrow ones.
 */
const startingSpots = (
  { rows, dim, values, weights }: Cloud,
  table: ProductTable,
  count: number
): ReadonlyArray<SearchPoint> => {
  const at = (row: number): Float64Array => values.subarray(row * dim, (row + 1) * dim)
  const squares = squaredNorms(values, dim)
  const places = Array.from({ length: count }, (_, start) => plasticSequence(start))
  const cumulativeWeights = cumulative(weights)
  const firsts = places.map(([u]) => rowAtShare(u, cumulativeWeights))
  const offsets = logOddsOfRows(
    firsts.map(row => ({ odds: multipleAndLast(-2, at(row), squares[row]) })),
    table,
    rows
  )
  const distances = new Float64Array(rows)
  return places.map(([, v], start) => {
    const first = firsts[start]
    writeCumulativeDistances(offsets.subarray(start * rows, (start + 1) * rows), squares, weights, distances)
    const other = rowAtShare(v, distances)
    return { odds: differenceAndLast(at(first), at(other), (squares[other] - squares[first]) / 2) }
  })
}

interface PairCandidate extends SearchPoint {
  readonly pair: Omit<HalfPair, 'gain'>
  /** Gain of the pair without the mean of log(1 + e^odds). */
  readonly single: number
}

/** EM step: returns the next pair from the mean of r(y, 1), r the first half's responsibilities; null if a half has too few rows. */
const nextPair =
  ({ second, common, least, narrowest }: Pursuit, middle: Float64Array, columns: number) =>
  (sums: Float64Array): PairCandidate | null => {
    const dim = middle.length
    const p = sums[dim]
    const q = 1 - p
    if (!(p >= least && q >= least)) return null
    const centre = new Float64Array(dim)
    const other = new Float64Array(dim)
    const odds = new Float64Array(dim + 1)
    let length = 0
    for (let j = 0; j < dim; j++) {
      centre[j] = sums[j] / p
      other[j] = (middle[j] - sums[j]) / q
      length += Elementary.square(centre[j] - other[j])
    }
    const e = (1 - common) * p * q
    // Σ⁻¹D, log|Σ| and tr Σ⁻¹ of the kept part of I − e DDᵀ.
    const one = second === 'none' ? 1 : Math.max(1 - (e * length) / (second === 'trace' ? columns : 1), narrowest)
    let logDet = 0
    let trace = 0
    let ofCentre = 0
    let ofOther = 0
    let ofD = 0
    for (let j = 0; j < dim; j++) {
      const d = centre[j] - other[j]
      const own = second === 'diagonal' ? Math.max(1 - e * d * d, narrowest) : one
      odds[j] = d / own
      ofCentre += centre[j] * odds[j]
      ofOther += other[j] * odds[j]
      ofD += d * odds[j]
      if (second !== 'diagonal') continue
      logDet += Elementary.log(own)
      trace += 1 / own
    }
    if (second !== 'diagonal') {
      // Variance of a half along D, or in all directions.
      const width = second === 'full' ? 1 : columns
      logDet = width * Elementary.log(one)
      trace = columns - width + width / one
    }
    // Minus ⟨c, Σ⁻¹D⟩ at the midpoint c of the two centres.
    odds[dim] = Elementary.log(p / q) - (ofCentre + ofOther) / 2
    return {
      odds,
      pair: { share: p, centres: [centre, other], e },
      // E log(q N(y; c', Σ)) − E log N(y; 0, I), with E yyᵀ = I and c' = −pD.
      single: Elementary.log(q) - (logDet + trace + p * p * ofD - columns) / 2
    }
  }

/** In descending order of the gain. */
type RankedPairs = ReadonlyArray<PairCandidate & { readonly pair: HalfPair }>

const distinctBestPairs = (found: RankedPairs, most: number): RankedPairs =>
  found
    .filter(
      ({ pair }, i) =>
        pair.gain > MIN_GAIN_DIFFERENCE && (i === 0 || found[i - 1].pair.gain - pair.gain > MIN_GAIN_DIFFERENCE)
    )
    .slice(0, most)

/** Returns the distinct pairs of halves, the best first. `seen`: the rows in standard deviations, for distances. */
export const likeliestPairs = (cloud: Cloud, seen: Cloud, pursuit: Pursuit): ReadonlyArray<HalfPair> => {
  const [own, places] = thinnedClouds(cloud, seen)
  const { rows, dim, columns, weights } = own
  const width = dim + 1
  const table = productTable(own)
  const around = productTable(places)
  const middle = sumColumns(table.weighted, width).subarray(0, dim)
  const next = nextPair(pursuit, middle, columns)
  const step = (all: ReadonlyArray<SearchPoint>, from = table): ReadonlyArray<PairCandidate> => {
    const logits = logOddsOfRows(all, from, rows)
    const sums = simdOrPlainKernels().matMul(simdOrPlainKernels().sigmoid(logits, logits), table.weighted, {
      m: all.length,
      k: rows,
      n: width
    })
    return all.flatMap((_, s) => next(sums.subarray(s * width, (s + 1) * width)) ?? [])
  }
  const after = (all: ReadonlyArray<PairCandidate>, steps: number): RankedPairs => {
    let candidates = all
    for (let i = 0; i < steps; i++) candidates = step(candidates)
    const logits = logOddsOfRows(candidates, table, rows)
    const means = simdOrPlainKernels().matMul(simdOrPlainKernels().softplus(logits, logits), weights, {
      m: candidates.length,
      k: rows,
      n: 1
    })
    return candidates
      .map((one, s) => ({ ...one, pair: { ...one.pair, gain: one.single + means[s] } }))
      .sort((a, b) => b.pair.gain - a.pair.gain)
  }
  const half = startCount(columns) / 2
  const started = [...step(startingSpots(places, around, half), around), ...step(startingSpots(own, table, half))]
  const first = after(started, SCREENING.steps - 1).slice(0, SCREENING.part * 2 * half)
  const kept = after(distinctBestPairs(after(first, SECOND_ROUND.steps), SECOND_ROUND.kept), MAX_PURSUIT_STEPS)
  return distinctBestPairs(kept, MAX_PAIRS).map(({ pair }) => pair)
}
