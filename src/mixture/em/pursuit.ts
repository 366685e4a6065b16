/**
 * Projection pursuit: along which directions rows that one Gaussian describes are likelier two of one covariance. Such a pair is
 * its own projection: with D between its centres, Σ⁻¹D tells all of which half a row is of, so that a step of
 * expectation–maximization takes O(n·dim), whatever the covariance. Many starts cost what a step or two of free covariances
 * would, and in many dimensions few of them lead to the likeliest pair.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { simdOrPlainKernels } from '../../../lib/simd/index.js'
import { select } from '../../data/points.js'
import type { Second } from '../family.js'

/** Rows of one component, about its centre and in its own coordinates, where it is round. */
export interface Cloud {
  readonly rows: number
  /** Number of coordinates of a row. */
  readonly dim: number
  /** Number of columns of the data: more than `dim` if rows are given by coordinates in their span. */
  readonly columns: number
  readonly values: Float64Array
  /** Of sum 1. */
  readonly weights: Float64Array
}

/** Two halves of one covariance I − e·DDᵀ, e = (1 − common)·pq, or what a kind keeps of it. */
export interface HalfPair {
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
const SCREENING = { steps: 2, part: 0.5 }
const SECOND = { steps: 4, kept: 12 }
const MAX_PURSUIT_STEPS = 16

/** Pairs whose gains differ by less are one; and one that gains less is none. */
const MIN_GAIN_DIFFERENCE = 1e-4

/** So many of the likeliest are told. */
const MAX_PAIRS = 6

/** More rows than these, evenly chosen, tell no more of directions. */
const MIN_PURSUIT_ROWS = 512
const ROWS_PER_DIMENSION = 24

/** At most so many rows, one of every few. */
const thinnedClouds = (cloud: Cloud, seen: Cloud): readonly [Cloud, Cloud] => {
  const most = Math.max(MIN_PURSUIT_ROWS, ROWS_PER_DIMENSION * cloud.dim)
  if (cloud.rows <= most) return [cloud, seen]
  const at = Array.from({ length: most }, (_, i) => Math.floor((i * cloud.rows) / most))
  const total = at.reduce((sum, row) => sum + cloud.weights[row], 0)
  const weights = Float64Array.from(at, row => cloud.weights[row] / total)
  const of = (rows: Cloud): Cloud => ({ ...select(at)(rows), columns: rows.columns, weights })
  return [of(cloud), of(seen)]
}

/** The row at which a share u of the weights is reached. */
const rowAtWeightShare = (u: number, weights: Float64Array): number => {
  let total = 0
  for (let i = 0; i < weights.length; i++) total += weights[i]
  let below = 0
  for (let i = 0; i < weights.length; i++) {
    below += weights[i]
    if (below > u * total) return i
  }
  return weights.length - 1
}

/** The plane's points that are spread most evenly, one after another (Roberts 2018): 1/g and 1/g², g³ = g + 1. */
const PLASTIC = 1.324717957244746
const plasticSequence = (s: number): readonly [number, number] => {
  const fraction = (x: number): number => x - Math.floor(x)
  return [fraction(0.5 + s / PLASTIC), fraction(0.5 + s / (PLASTIC * PLASTIC))]
}

/** Rows as products read them. */
interface ProductTable {
  /** (y, 1), and the same times the row's weight, [rows, dim + 1]. */
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

/** Where steps are: of each row y the log-odds of the first half are ⟨odds, (y, 1)⟩. */
interface Spot {
  readonly odds: Float64Array
}

/** Log-odds of all rows, [places, rows]. */
const products = (all: ReadonlyArray<Spot>, { lifted }: ProductTable, rows: number): Float64Array =>
  simdOrPlainKernels().matMul(
    concatenated(all.map(({ odds }) => odds)),
    lifted,
    all.length,
    lifted.length / rows,
    rows,
    false,
    true
  )

const withLastEntry = (y: Float64Array, last: number): Float64Array => concatenated([y, Float64Array.of(last)])

/** Of each column. */
const sumColumns = (values: Float64Array, width: number): Float64Array => {
  const sums = new Float64Array(width)
  for (let at = 0; at < values.length; at += width) for (let j = 0; j < width; j++) sums[j] += values[at + j]
  return sums
}

/** |y|² of all rows. */
const squaresOf = (values: Float64Array, dim: number): Float64Array => {
  const out = new Float64Array(values.length / dim)
  for (let i = 0, at = 0; i < out.length; i++) for (let j = 0; j < dim; j++, at++) out[i] += values[at] * values[at]
  return out
}

/** w |y − c|² of all rows, from |c|² − 2⟨y, c⟩ and |y|². */
const weightedDistances = (
  far: Float64Array,
  from: number,
  squares: Float64Array,
  weights: Float64Array,
  out: Float64Array
): void => {
  for (let i = 0; i < out.length; i++) out[i] = weights[i] * Math.max(far[from + i] + squares[i], 0)
}

/**
 * Log-odds by two rows as centres, the second drawn as by k-means++ (Arthur & Vassilvitskii 2007).
 * Where the component is round, groups along its widest direction are no farther apart than along one that says nothing about them; where
 * it is as wide as it is, groups along a narrow one are not. So starts are from both.
 */
const startingSpots = (
  { rows, dim, values, weights }: Cloud,
  table: ProductTable,
  count: number
): ReadonlyArray<Spot> => {
  const at = (row: number): Float64Array => values.subarray(row * dim, (row + 1) * dim)
  const squares = squaresOf(values, dim)
  const places = Array.from({ length: count }, (_, start) => plasticSequence(start))
  const firsts = places.map(([u]) => rowAtWeightShare(u, weights))
  const far = products(
    firsts.map(row => ({
      odds: withLastEntry(
        at(row).map(x => -2 * x),
        squares[row]
      )
    })),
    table,
    rows
  )
  const chances = new Float64Array(rows)
  return places.map(([, v], start) => {
    const first = firsts[start]
    weightedDistances(far, start * rows, squares, weights, chances)
    const other = rowAtWeightShare(v, chances)
    const a = at(first)
    const b = at(other)
    return {
      odds: withLastEntry(
        a.map((x, j) => x - b[j]),
        (squares[other] - squares[first]) / 2
      )
    }
  })
}

/** Where steps stand: a pair, and the log-odds by it. */
interface PairCandidate extends Spot {
  readonly pair: Omit<HalfPair, 'gain'>
  /** The pair's, except for the mean of log(1 + e^odds). */
  readonly single: number
}

/** What a step makes of the mean of r(y, 1), r the shares of the first half; null where a half is left with too few rows. */
const stepped =
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
    // Σ⁻¹D, log|Σ| and tr Σ⁻¹ of what the kind keeps of I − e DDᵀ.
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
      // The width of a half along D, or in all directions.
      const width = second === 'full' ? 1 : columns
      logDet = width * Elementary.log(one)
      trace = columns - width + width / one
    }
    // less ⟨c, Σ⁻¹D⟩ of the middle between the two
    odds[dim] = Elementary.log(p / q) - (ofCentre + ofOther) / 2
    return {
      odds,
      pair: { share: p, centres: [centre, other], e },
      // E log(q N(y; c', Σ)) less that of N(0, I), where E yyᵀ = I and c' = −pD
      single: Elementary.log(q) - (logDet + trace + p * p * ofD - columns) / 2
    }
  }

/** Candidate with its gain; by falling gain. */
type Pursued = ReadonlyArray<PairCandidate & { readonly pair: HalfPair }>

const distinctBestPairs = (found: Pursued, most: number): Pursued =>
  found
    .filter(
      ({ pair }, i) =>
        pair.gain > MIN_GAIN_DIFFERENCE && (i === 0 || found[i - 1].pair.gain - pair.gain > MIN_GAIN_DIFFERENCE)
    )
    .slice(0, most)

/** The likeliest pairs of halves that were found, the likeliest first. `seen` are the same rows where distances are told, in standard deviations. */
export const likeliestPairs = (cloud: Cloud, seen: Cloud, pursuit: Pursuit): ReadonlyArray<HalfPair> => {
  const [own, places] = thinnedClouds(cloud, seen)
  const { rows, dim, columns, weights } = own
  const width = dim + 1
  const table = productTable(own)
  const around = productTable(places)
  const middle = sumColumns(table.weighted, width).subarray(0, dim)
  const next = stepped(pursuit, middle, columns)
  const step = (all: ReadonlyArray<Spot>, from = table): ReadonlyArray<PairCandidate> => {
    const logits = products(all, from, rows)
    const sums = simdOrPlainKernels().matMul(
      simdOrPlainKernels().sigmoid(logits, logits),
      table.weighted,
      all.length,
      rows,
      width
    )
    return all.flatMap((_, s) => next(sums.subarray(s * width, (s + 1) * width)) ?? [])
  }
  const after = (all: ReadonlyArray<PairCandidate>, steps: number): Pursued => {
    let candidates = all
    for (let i = 0; i < steps; i++) candidates = step(candidates)
    const logits = products(candidates, table, rows)
    const means = simdOrPlainKernels().matMul(
      simdOrPlainKernels().softplus(logits, logits),
      weights,
      candidates.length,
      rows,
      1
    )
    return candidates
      .map((one, s) => ({ ...one, pair: { ...one.pair, gain: one.single + means[s] } }))
      .sort((a, b) => b.pair.gain - a.pair.gain)
  }
  const half = startsIn(columns) / 2
  const started = [...step(startingSpots(places, around, half), around), ...step(startingSpots(own, table, half))]
  const first = after(started, SCREENING.steps - 1).slice(0, SCREENING.part * 2 * half)
  const kept = after(distinctBestPairs(after(first, SECOND.steps), SECOND.kept), MAX_PURSUIT_STEPS)
  return distinctBestPairs(kept, MAX_PAIRS).map(({ pair }) => pair)
}
