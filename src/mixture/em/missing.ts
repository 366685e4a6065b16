/** Data with missing cells (NaN): counts, scales, and imputation by the maximum-likelihood single Gaussian. */
import { pipe } from 'fp-ts/lib/function.js'
import { scalarArray } from '../../../lib/arrays/ndarray.js'
import { hasNaN } from '../../../lib/rows/byColumn.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { iterate } from '../../../lib/plain/iterate.js'
import * as Key from '../../../lib/random/key.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import * as Stretches from '../../../lib/rows/stretches.js'
import * as Points from '../../data/points.js'
import { pointsHaveMissing } from '../../data/snapshot.js'
import * as Source from '../../data/source/source.js'
import type { Component } from '../component.js'
import { weightedRowsOf } from '../dataRows.js'
import { momentReduction } from './eStepLoops.js'
import { patternsOf, conditionOnPattern } from './patterns.js'

/** True if any cell is missing. */
export const hasMissingCells = (data: Source.Data): boolean =>
  Source.isSource(data) ? data.misses === true : pointsHaveMissing(data)

/** Returns the columns in which every cell is missing. */
export const emptyColumns = (data: Source.Data): ReadonlyArray<number> => {
  const { dim } = data
  const seen = new Uint8Array(dim)
  Stretches.visitStretches(Stretches.asStretches(Source.isSource(data) ? data : data.values, dim), values => {
    values.forEach((x, at) => {
      if (!Number.isNaN(x)) seen[at % dim] = 1
    })
  })
  return Array.from(seen.keys()).filter(j => seen[j] === 0)
}

/** Centre and scale of each column from its observed cells, at least one. */
export const observedScaling = (data: Source.Data): Points.Scaling => {
  const scalings = Array.from({ length: data.dim }, (_, j) => {
    const { points, close } = Source.filterRows(isCompleteRow)(Source.columns([j])(data))
    const scaling = Source.dataScaling(points)
    close()
    return scaling
  })
  return {
    centre: Float64Array.from(scalings, ({ centre }) => centre[0]),
    scale: Float64Array.from(scalings, ({ scale }) => scale[0])
  }
}

const MAX_IMPUTATION_STEPS = 200

/** Least gain of a step, in log-likelihood per row. */
const IMPUTATION_TOLERANCE = 1e-8

const MIN_IMPUTATION_VARIANCE = 1e-6

/** Estimates the Gaussian by EM on standardized points. */
const likeliestSingleGaussian = (data: Source.Data): Component => {
  const { dim } = data
  const rows = weightedRowsOf(data)
  const start = { weight: 1, mean: new Float64Array(dim), factor: scalarArray(1) }
  return iterate<{ readonly gaussian: Component; readonly last: number; readonly left: number }>(
    { gaussian: start, last: Infinity, left: MAX_IMPUTATION_STEPS },
    ({ gaussian, last, left }) => {
      if (left === 0) return null
      const { value, sums, second } = Reductions.evaluate(momentReduction([gaussian], 'full', rows))
      if (last - value < IMPUTATION_TOLERANCE) return null
      const scatter = second.map((s, at) => s - sums[Math.floor(at / dim)] * sums[at % dim])
      const mean = gaussian.mean.map((c, j) => c + sums[j])
      const factor = Factor.ofClipped(scatter, dim, { less: 0, above: MIN_IMPUTATION_VARIANCE })
      return { gaussian: { weight: 1, mean, factor }, last: value, left: left - 1 }
    }
  ).gaussian
}

/**
 * Returns a function that fills missing cells of rows from `first` on, in place, with their conditional mean, plus conditional `noise` if
 * given.
 */
const missingCellFiller = (
  data: Source.Data,
  noise: ((first: number, out: Float64Array) => void) | null
): ((values: Float64Array, first: number) => void) => {
  const { dim } = data
  const scaling = observedScaling(data)
  const { centre, scale } = scaling
  const gaussian = likeliestSingleGaussian(Source.dataInUnits(scaling)(data))
  return (values, first) => {
    const scaled = Points.pointsInUnits(scaling)({ rows: values.length / dim, dim, values }).values
    const z = new Float64Array(values.length)
    noise?.(first * dim, z)
    for (const pattern of patternsOf(scaled, dim)) {
      const { order, observed: o, rows } = pattern
      const m = dim - o
      const { centres, gains, rests } = conditionOnPattern([gaussian], pattern)
      rows?.forEach(row => {
        for (let i = 0; i < m; i++) {
          let x = centres[o + i]
          if (gains.length > 0)
            for (let j = 0; j < o; j++) x += gains[i * o + j] * (scaled[row * dim + order[j]] - centres[j])
          for (let j = 0; j <= i; j++) x += rests[i * m + j] * z[row * dim + order[o + j]]
          const at = row * dim + order[o + i]
          values[at] = centre[order[o + i]] + scale[order[o + i]] * x
        }
      })
    }
  }
}

const fillMissing = <D extends Source.Data>(data: D, noise: ((first: number, out: Float64Array) => void) | null): D => {
  if (!hasMissingCells(data)) return data
  const fill = missingCellFiller(data, noise)
  if (!Source.isSource(data)) {
    const values = data.values.slice()
    fill(values, 0)
    return { ...data, values }
  }
  const { rows, dim, weights, labels, total, close } = data
  return {
    rows,
    dim,
    weights,
    labels,
    total,
    close,
    read: (first: number, out: Float64Array): void => {
      data.read(first, out)
      fill(out, first)
    }
  } as D
}

/** Returns the data with missing cells replaced by conditional means, for plots: a fit to them is too narrow. */
export const completed = <D extends Source.Data>(data: D): D => fillMissing(data, null)

/** Returns the data with missing cells drawn from their conditional distribution. */
export const drawMissing =
  (key: Key.Key) =>
  <D extends Source.Data>(data: D): D =>
    fillMissing(data, (first, out) => {
      pipe(key, Key.fillNormal(first, out))
    })

/** Returns the number of missing cells. */
export const missingCellCount = (data: Source.Data): number => {
  if (!hasMissingCells(data)) return 0
  let found = 0
  Stretches.visitStretches(Source.asSource(data), values => {
    for (const x of values) if (Number.isNaN(x)) found++
  })
  return found
}

/** Returns the number of rows without missing cells. */
export const completeRowCount = (data: Source.Data): number => {
  let count = 0
  pipe(
    Source.asSource(data),
    Source.visitRows(points => {
      for (let i = 0; i < points.rows; i++) if (isCompleteRow(points, i)) count++
    })
  )
  return count
}

/** True if the row misses no cell. */
export const isCompleteRow = ({ dim, values }: Points.Points, row: number): boolean =>
  !hasNaN(values.subarray(row * dim, (row + 1) * dim))
