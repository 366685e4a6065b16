/** Data as sums over their rows read them. */
import { remembered } from '../../lib/plain/remembered.js'
import { constantStretches, type RowNumbers } from '../../lib/rows/stretches.js'
import * as Points from '../data/points.js'
import { misses } from '../data/snapshot.js'
import * as Source from '../data/source/source.js'

/** Rows in memory, or read a stretch at a time and never held whole. */
export interface WeightedRows<N extends RowNumbers = RowNumbers> {
  readonly rows: number
  readonly dim: number
  readonly x: N
  /** Weights that sum to 1; null for equal ones. */
  readonly weights: N | null
  /** Of use for one step, as a batch is: no copy of them is kept. Absent, one may be, and x must not change. */
  readonly passing?: true
  /** That some cells are missing, and hold NaN. */
  readonly misses?: true
  /** The covariance of each row's error, [rows, d · d]; absent where there are none, or all are 0. */
  readonly errors?: Float64Array
}

const weightedRowsOfPoints = remembered((points: Points.Points): WeightedRows<Float64Array> => ({
  rows: points.rows,
  dim: points.dim,
  x: points.values,
  weights: points.weights === undefined ? null : Points.weightsOf(points),
  ...(misses(points) && { misses: true as const }),
  ...(points.errors?.some(e => e !== 0) && { errors: points.errors })
}))

const weightedRowsOfSource = remembered((data: Source.Source): WeightedRows => ({
  rows: data.rows,
  dim: data.dim,
  x: data,
  weights: Source.normalizedRowWeights(data),
  ...(data.misses && { misses: data.misses })
}))

/** Data that do not change when a buffer is filled with other numbers. */
export const asTheyAre = <D extends Source.Data>(data: D): D =>
  // What is made of points are points.
  (Source.isSource(data) ? data : Points.snapshot(data)) as D

/** The same rows for the same points, so that a program copies them to its memory once. */
export const rowsInMemory = (points: Points.Points): WeightedRows<Float64Array> =>
  weightedRowsOfPoints(Points.snapshot(points))

/** The same of a source too. */
export const weightedRowsOf = (data: Source.Data): WeightedRows =>
  Source.isSource(data) ? weightedRowsOfSource(data) : rowsInMemory(data)

/** The weight of each row. */
export const rowWeights = ({ rows, weights }: Pick<WeightedRows, 'rows' | 'weights'>): RowNumbers =>
  weights ?? constantStretches(rows, 1 / rows)
