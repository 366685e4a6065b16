/**
 * A mean of two forms of one loss, D + c (I − D), that varies least: c is told by blocks of the rows, each block's by those of the
 * other parity, so that no block's own noise is in its coefficient and the mean is that of either form.
 * Source: Lavenberg & Welch 1981, Management Science 27 (3).
 */
import { Key } from '../../lib/index.js'
import { average, computed, constant, dealt, spaced, type Numbers, type Stretches } from '../../lib/rows/stretches.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source.js'
import type * as Matching from './matching.js'
import * as Noise from './noise.js'

/** So many blocks of rows at most tell the variance of the gradient. */
const BLOCKS = 16

/** Every so-many-th row, from one on: blocks are alike even where the rows are in some order. */
interface Places {
  readonly from: number
  readonly by: number
}

/** Rows of the data, those of one block. */
interface Block extends Places {
  readonly data: Source.Data
  /** Its part of the weight of all rows. */
  readonly share: number
}

/** How many of so many rows are at such places. */
const countOf = ({ from, by }: Places, rows: number): number => Math.ceil((rows - from) / by)

const ofPoints = (points: Points.Points, by: number): ReadonlyArray<Block> => {
  const weights = Points.weightsOf(points)
  return Array.from({ length: by }, (_, from) => {
    const rows = Int32Array.from({ length: countOf({ from, by }, points.rows) }, (_, i) => from + i * by)
    return {
      from,
      by,
      share: rows.reduce((sum, row) => sum + weights[row], 0),
      data: Points.select(rows)(points)
    }
  })
}

/** Each block is written down alone, so that a step reads no row but its own. */
const ofSource = (source: Source.Source, by: number): ReadonlyArray<Block> => {
  const { weights, labels, total } = source
  const inTurn = (numbers: Stretches | null): ReadonlyArray<Stretches | null> =>
    numbers === null ? Array.from({ length: by }, () => null) : dealt(numbers, by)
  const [ownWeights, ownLabels, partners] = [inTurn(weights), inTurn(labels), inTurn(source.partner ?? null)]
  return dealt(source, by).map((rows, from): Block => {
    const counts = ownWeights[from] ?? constant(rows.rows, 1)
    const [share] = average(counts, 1, w => w / total)
    const [own] = average(counts, 1)
    return {
      from,
      by,
      share,
      data: {
        ...rows,
        weights: ownWeights[from],
        labels: ownLabels[from],
        ...(partners[from] && { partner: partners[from] }),
        total: own,
        close: () => undefined
      }
    }
  })
}

/** The blocks of the data that weigh anything. */
export const blocksOf = (data: Source.Data): ReadonlyArray<Block> => {
  const count = Math.min(BLOCKS, data.rows)
  return (Source.isSource(data) ? ofSource(data, count) : ofPoints(data, count)).filter(({ share }) => share > 0)
}

/** The numbers of the rows at some places: in memory where those of all are, else read as they are asked for. */
const at = (numbers: Numbers, width: number, rows: number, places: Places): Numbers => {
  if (!(numbers instanceof Float64Array)) return spaced(numbers, places.from, places.by)
  return Float64Array.from(
    { length: countOf(places, rows) * width },
    (_, k) => numbers[(places.from + Math.floor(k / width) * places.by) * width + (k % width)]
  )
}

/** A sample with its noise in full, and the part of it that belongs to some of the rows. */
export const restricted = (data: Source.Data, sample: Matching.Sample): ((places: Places) => Matching.Sample) => {
  const { rows, dim } = data
  const { noise } = sample
  // `Compile` refuses a control variate of other noise.
  if (noise._tag !== 'Full') return () => sample
  const drawn = noise.values
  const values: Numbers = Noise.isGiven(drawn)
    ? drawn
    : Source.isSource(data)
      ? computed(
          rows,
          (first, out) => {
            Key.fillNormal(first * dim, out)(drawn)
          },
          dim
        )
      : Key.normal(rows * dim)(drawn)
  const own = (perRow: Numbers, places: Places): Numbers =>
    perRow instanceof Float64Array && perRow.length === 1 ? perRow : at(perRow, 1, rows, places)
  return places => ({
    ...sample,
    alpha: own(sample.alpha, places),
    sigma: own(sample.sigma, places),
    weight: own(sample.weight, places),
    labels: sample.labels && own(sample.labels, places),
    ofTime: f => own(sample.ofTime(f), places),
    noise: { ...noise, values: at(values, dim, rows, places), passing: true }
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
