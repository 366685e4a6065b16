/**
 * A mean of two forms of one loss, D + c (I − D), that varies least: c is told by blocks of the rows, each block's by those of the
 * other parity, so that no block's own noise is in its coefficient and the mean is that of either form.
 * Source: Lavenberg & Welch 1981, Management Science 27 (3).
 */
import { Key } from '../../lib/index.js'
import { column, stretch, type Numbers } from '../../lib/stretches.js'
import * as Points from '../data/Points.js'
import type * as Source from '../data/Source.js'
import * as Pass from '../mixture/kernels/pass.js'
import type * as Matching from './Matching.js'

/** So many blocks of rows at most tell the variance of the gradient. */
const BLOCKS = 16

/** Rows of the data, those of one block. */
interface Block {
  readonly points: Points.Points
  readonly rows: ReadonlyArray<number>
  /** Its part of the weight of all rows. */
  readonly share: number
}

/** Every so-many-th row: blocks are alike even where the rows are in some order. */
export const blocksOf = (points: Points.Points): ReadonlyArray<Block> => {
  const count = Math.min(BLOCKS, points.rows)
  const weights = Points.weightsOf(points)
  return Array.from({ length: count }, (_, b) => {
    const rows = Array.from({ length: Math.ceil((points.rows - b) / count) }, (_, i) => b + i * count)
    return {
      rows,
      share: rows.reduce((sum, row) => sum + weights[row], 0),
      points: Points.select(rows)(points)
    }
  }).filter(({ share }) => share > 0)
}

const gather = (values: Float64Array, width: number, rows: ReadonlyArray<number>): Float64Array =>
  Float64Array.from(
    { length: rows.length * width },
    (_, k) => values[rows[Math.floor(k / width)] * width + (k % width)]
  )

/** A sample with its noise in full, and the part of it that belongs to some of the rows. */
export const restricted = (
  { rows, dim }: Source.Data,
  sample: Matching.Sample
): ((rows: ReadonlyArray<number>) => Matching.Sample) => {
  const { noise } = sample
  // `Compile` refuses a control variate of other noise.
  if (noise._tag !== 'Full') return () => sample
  const values = Pass.isGiven(noise.values) ? stretch(noise.values, dim, 0, rows) : Key.normal(rows * dim)(noise.values)
  const own = (perRow: Numbers, chosen: ReadonlyArray<number>): Float64Array => {
    const all = column(perRow, 0, rows)
    return all.length === 1 ? all : gather(all, 1, chosen)
  }
  return rows => ({
    ...sample,
    alpha: own(sample.alpha, rows),
    sigma: own(sample.sigma, rows),
    weight: own(sample.weight, rows),
    labels: sample.labels && own(sample.labels, rows),
    ofTime: f => own(sample.ofTime(f), rows),
    noise: { ...noise, values: gather(values, dim, rows), passing: true }
  })
}

/** The gradients of the two forms on a block, their entries one after another. */
interface Gradients {
  readonly denoising: Float64Array
  readonly implicit: Float64Array
}

/** A variance below this share of the squares is one of roundings: opposite draws may cancel all that differs. */
const TELLS = 1e-20

/** Cov(∂D, ∂D − ∂I)/Var(∂D − ∂I) over blocks, traces over the parameters; 1 where nothing tells. */
const coefficient = (blocks: ReadonlyArray<Gradients>): number => {
  const gradients = blocks.map(({ denoising: d, implicit }) => ({ d, h: d.map((value, at) => value - implicit[at]) }))
  const centred = (pick: (of: (typeof gradients)[number]) => Float64Array): ReadonlyArray<number> => {
    const all = gradients.map(pick)
    const mean = Array.from(all[0] ?? [], (_, at) => all.reduce((sum, row) => sum + row[at], 0) / all.length)
    return all.flatMap(row => Array.from(row, (value, at) => value - mean[at]))
  }
  const [d, h] = [centred(({ d }) => d), centred(({ h }) => h)]
  const [covariance, variance] = [d, h].map(one => one.reduce((sum, value, at) => sum + value * h[at], 0))
  const size = gradients.reduce(
    (sum, { d, h }) => d.reduce((sum, value, at) => sum + value * value + h[at] * h[at], sum),
    0
  )
  return variance > TELLS * size ? Math.min(Math.max(covariance / variance, -1), 2) : 1
}

/** c of each block, from the blocks of the other parity: (1 − c) D + c I. Of fewer than four blocks, 1. */
export const coefficients = (blocks: ReadonlyArray<Gradients>): ReadonlyArray<number> => {
  const of = [1, 0].map(parity => (blocks.length < 4 ? 1 : coefficient(blocks.filter((_, b) => b % 2 === parity))))
  return blocks.map((_, b) => of[b % 2])
}
