/** Data as passes read them. */
import * as Points from '../data/Points.js'
import * as Source from '../data/Source.js'
import type * as Pass from './kernels/pass.js'

const held = (points: Points.Points): Pass.Rows<Float64Array> => ({
  rows: points.rows,
  dim: points.dim,
  x: points.values,
  weights: points.weights === undefined ? null : Points.weightsOf(points)
})

const known = new WeakMap<Points.Points, Pass.Rows<Float64Array>>()
const knownOf = new WeakMap<Source.Source, Pass.Rows>()

/** The same rows for the same points, so that a pass copies them to its memory once. */
export const inMemory = (points: Points.Points): Pass.Rows<Float64Array> => {
  const own = Points.snapshot(points)
  const found = known.get(own) ?? held(own)
  known.set(own, found)
  return found
}

/** The same of a source too. */
export const rowsOf = (data: Source.Data): Pass.Rows => {
  if (!Source.isSource(data)) return inMemory(data)
  const found = knownOf.get(data) ?? { rows: data.rows, dim: data.dim, x: data, weights: Source.weightsOf(data) }
  knownOf.set(data, found)
  return found
}

/** Rows that are used for one step. */
export const passing = (data: Source.Data): Pass.Rows => ({
  ...(Source.isSource(data) ? rowsOf(data) : held(data)),
  passing: true
})
