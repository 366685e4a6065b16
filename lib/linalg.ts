/** The little linear algebra that is not autodiff, by ml-matrix. */
import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix'
import type { NdArray } from './ndarray.js'

const matrix = ({ shape: [rows, columns], values }: NdArray): Matrix => Matrix.from1DArray(rows, columns, values)

const toNdArray = (m: Matrix): NdArray => ({ shape: [m.rows, m.columns], values: Float64Array.from(m.to1DArray()) })

/** An orthonormal basis [rank, n] of the span of the rows of an [m, n] array; rank by the usual tolerance. */
export const rowSpace = (rows: NdArray): NdArray => {
  const { rightSingularVectors, diagonal } = new SingularValueDecomposition(matrix(rows), {
    computeLeftSingularVectors: false,
    autoTranspose: true
  })
  const tolerance = Math.max(...rows.shape) * Number.EPSILON * Math.max(...diagonal)
  const kept = diagonal.map((value, i) => ({ value, i })).filter(({ value }) => value > tolerance)
  return kept.length === 0
    ? { shape: [0, rows.shape[1]], values: new Float64Array(0) }
    : toNdArray(rightSingularVectors.transpose().subMatrixRow(kept.map(({ i }) => i)))
}

export interface Eigen {
  /** Falling. */
  readonly values: Float64Array
  /** One a row, orthonormal, [n, n]. */
  readonly vectors: NdArray
}

/** Eigenvalues and eigenvectors of a symmetric [n, n] array, the largest first. */
export const symmetricEigen = (symmetric: NdArray): Eigen => {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix(symmetric), {
    assumeSymmetric: true
  })
  const order = realEigenvalues.map((_, i) => i).sort((i, j) => realEigenvalues[j] - realEigenvalues[i])
  return {
    values: Float64Array.from(order, i => realEigenvalues[i]),
    vectors: toNdArray(eigenvectorMatrix.transpose().subMatrixRow(order))
  }
}
