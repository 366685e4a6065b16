/** Rows with normalized weights, as reductions over rows take them. */
import { remembered } from '../../lib/plain/remembered.js'
import { constantStretches, type RowNumbers } from '../../lib/rows/stretches.js'
import * as Points from '../data/points.js'
import { pointsHaveMissing } from '../data/snapshot.js'
import * as Source from '../data/source/source.js'

/** Rows with weights, in memory or read block by block from a source. */
export interface WeightedRows<N extends RowNumbers = RowNumbers> {
  readonly rows: number
  readonly dim: number
  readonly x: N
  /** Weights that sum to 1; null if equal. */
  readonly weights: N | null
  /**
   * Present if the rows are used for one step only, such as a mini-batch, so that copies of them are not cached. If absent, copies are
   * cached, and x must not change.
   */
  readonly passing?: true
  /** Present if cells are missing; they hold NaN. */
  readonly misses?: true
  /** Covariance of each row's measurement error, [rows, d · d]; absent if there are none, or all are 0. */
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

/** Returns data that do not change when the caller overwrites its buffers: a snapshot of points, or the source itself. */
export const snapshotOfData = <D extends Source.Data>(data: D): D =>
  // A snapshot of points has their type.
  (Source.isSource(data) ? data : Points.snapshot(data)) as D

/** Rows of points in memory. Equal points return the same object, so that a program copies them to its memory once. */
export const rowsInMemory = (points: Points.Points): WeightedRows<Float64Array> =>
  weightedRowsOfPoints(Points.snapshot(points))

/** Rows of points or of a source. Equal data return the same object. */
export const weightedRowsOf = (data: Source.Data): WeightedRows =>
  Source.isSource(data) ? weightedRowsOfSource(data) : rowsInMemory(data)

/** Weight of each row; 1/rows if the rows have none. */
export const rowWeights = ({ rows, weights }: Pick<WeightedRows, 'rows' | 'weights'>): RowNumbers =>
  weights ?? constantStretches(rows, 1 / rows)
