/** Rows with normalized weights. */
import { remembered } from '../../lib/plain/remembered.js'
import { constantStretches, type RowNumbers } from '../../lib/rows/stretches.js'
import * as Points from '../data/points.js'
import { pointsHaveMissing } from '../data/snapshot.js'
import * as Source from '../data/source/source.js'

/** In memory, or read block by block from a source. */
export interface WeightedRows<N extends RowNumbers = RowNumbers> {
  readonly rows: number
  readonly dim: number
  readonly x: N
  /** Sum to 1; null if equal. */
  readonly weights: N | null
  /** Present if rows are used once (a mini-batch) and not cached; otherwise x must not change. */
  readonly passing?: true
  /** Present if cells are missing (NaN). */
  readonly misses?: true
  /** Covariances of measurement errors, [rows, d · d]; absent if all are 0. */
  readonly errors?: Float64Array
}

const weightedRowsOfPoints = remembered((points: Points.Points): WeightedRows<Float64Array> => ({
  rows: points.rows,
  dim: points.dim,
  x: points.values,
  weights: points.weights === undefined ? null : Points.weightsOf(points),
  ...(pointsHaveMissing(points) && { misses: true as const }),
  ...(points.errors?.some(e => e !== 0) && { errors: points.errors })
}))

const weightedRowsOfSource = remembered((data: Source.Source): WeightedRows => ({
  rows: data.rows,
  dim: data.dim,
  x: data,
  weights: Source.normalizedRowWeights(data),
  ...(data.misses && { misses: data.misses })
}))

/** Returns a snapshot of points, unaffected by later changes to the caller's buffers, or the source itself. */
export const snapshotOfData = <D extends Source.Data>(data: D): D =>
  // A snapshot of points has their type.
  (Source.isSource(data) ? data : Points.snapshot(data)) as D

/** Rows of points in memory, the same object for equal points. */
export const rowsInMemory = (points: Points.Points): WeightedRows<Float64Array> =>
  weightedRowsOfPoints(Points.snapshot(points))

/** Rows of points or of a source, the same object for equal data. */
export const weightedRowsOf = (data: Source.Data): WeightedRows =>
  Source.isSource(data) ? weightedRowsOfSource(data) : rowsInMemory(data)

/** 1/rows without weights. */
export const rowWeights = ({ rows, weights }: Pick<WeightedRows, 'rows' | 'weights'>): RowNumbers =>
  weights ?? constantStretches(rows, 1 / rows)
