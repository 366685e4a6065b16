/** Coordinates of rows in the subspace that they span: shorter than the rows if these are fewer than the columns. */
import { dot } from '../arrays/linalg.js'
import { powerOfTwo } from '../numbers/elementary.js'

export interface RowSpan {
  readonly rank: number
  /** Orthonormal basis, one vector a row, [rank, dim]. */
  readonly basis: Float64Array
  /** Coordinates of each row, [rows, rank]. Lower trapezoidal: row i uses only basis vectors found in rows 0 to i. */
  readonly coordinates: Float64Array
}

/** A residual shorter than this share of its row counts as rounding. */
const RANK_TOLERANCE = powerOfTwo(-40)

/**
 * Orthonormal basis of rows [rows, dim] and their coordinates in it, by Gram–Schmidt with each row reduced twice, so orthonormal to
 * rounding (Giraud, Langou & Rozložník 2005). Takes O(rows² dim) operations.
 */
export const rowSpan = (values: Float64Array, dim: number): RowSpan => {
  const rows = values.length / dim
  const basis = new Float64Array(Math.min(rows, dim) * dim)
  const projections = new Float64Array(rows * rows)
  let rank = 0
  for (let i = 0; i < rows; i++) {
    const residual = values.slice(i * dim, (i + 1) * dim)
    const squaredNorm = dot(residual, 0, residual, 0, dim)
    for (let pass = 0; pass < 2; pass++)
      for (let k = 0; k < rank; k++) {
        const projection = dot(residual, 0, basis, k * dim, dim)
        for (let j = 0; j < dim; j++) residual[j] -= projection * basis[k * dim + j]
        projections[i * rows + k] += projection
      }
    const norm = Math.sqrt(dot(residual, 0, residual, 0, dim))
    if (rank === dim || !(norm > RANK_TOLERANCE * Math.sqrt(squaredNorm))) continue
    for (let j = 0; j < dim; j++) basis[rank * dim + j] = residual[j] / norm
    projections[i * rows + rank++] = norm
  }
  const coordinates = new Float64Array(rows * rank)
  for (let i = 0; i < rows; i++) coordinates.set(projections.subarray(i * rows, i * rows + rank), i * rank)
  return { rank, basis: basis.slice(0, rank * dim), coordinates }
}

/** Vector [dim] with the given coordinates [rank] in the span. */
export const fromCoordinates = ({ rank, basis }: RowSpan, coordinates: Float64Array): Float64Array => {
  const dim = basis.length / rank
  const out = new Float64Array(dim)
  for (let k = 0; k < rank; k++) for (let j = 0; j < dim; j++) out[j] += coordinates[k] * basis[k * dim + j]
  return out
}
