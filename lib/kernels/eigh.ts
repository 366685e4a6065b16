import { symmetricEigen } from '../arrays/linalg.js'
import { shapeText as list } from '../arrays/ndarray.js'
import { denseDoubles, filledReal, kernel } from './dense.js'
import { type Operations } from './operation.js'
import { transposedTensor } from './triangular.js'

/** Symmetric matrix [n, n] from the lower triangle of the matrix that starts at `from`. */
const symmetricFromLower = (values: ArrayLike<number>, from: number, n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n]
    return values[from + Math.max(i, j) * n + Math.min(i, j)]
  })

/** Sign of the entry of largest magnitude, by which the sign of an eigenvector is fixed. */
const leadingSign = (vector: Float64Array): number =>
  vector.reduce((largest, x) => (Math.abs(x) > Math.abs(largest) ? x : largest), 0) < 0 ? -1 : 1

/** [..., n + 1, n]: ascending eigenvalues in the first row, and below them the eigenvectors as columns. */
const eigh = kernel(({ x }) => {
  const [m, n] = x.shape.slice(-2)
  if (x.shape.length < 2 || m !== n) throw new Error(`eigh: ${list(x.shape)} is no stack of square matrices`)
  return filledReal([...x.shape.slice(0, -2), n + 1, n], out => {
    const source = denseDoubles(x)
    for (let from = 0, to = 0; to < out.length; from += n * n, to += (n + 1) * n) {
      const { values, vectors } = symmetricEigen({ shape: [n, n], values: symmetricFromLower(source, from, n) })
      for (let k = 0; k < n; k++) {
        // Ascending here; `symmetricEigen` sorts descending.
        const row = n - 1 - k
        const vector = vectors.values.subarray(row * n, (row + 1) * n)
        const sign = leadingSign(vector)
        out[to + k] = values[row]
        for (let i = 0; i < n; i++) out[to + (i + 1) * n + k] = sign * vector[i]
      }
    }
  })
})

export const eigen: Operations = {
  // Ā = V(diag λ̄ + F ∘ B)Vᵀ with F_ij = 1/(λ_j − λ_i) and B = (VᵀV̄ − V̄ᵀV)/2 (Giles 2008, An extended collection of matrix derivative
  // results): the symmetric one. With equal eigenvalues there is no derivative unless B is 0.
  Eigh: {
    operands: ['x'],
    kernel: eigh,
    pulls: [
      (T, dy, [x]) => {
        const n = x.shape[x.rank - 1]
        const { values, vectors } = T.eigh(x)
        const [ofValues, ofVectors] = T.split(dy, [1, n], x.rank - 2)
        const product = T.matMul(vectors, ofVectors, { transposeA: true })
        const rotation = T.mul(0.5, T.sub(product, transposedTensor(T, product)))
        const row = T.expandDims(values, x.rank - 2)
        const gaps = T.sub(row, transposedTensor(T, row))
        const areEqual = T.equal(gaps, 0)
        const quotient = T.where(
          areEqual,
          T.where(T.equal(rotation, 0), 0, NaN),
          T.div(rotation, T.where(areEqual, 1, gaps))
        )
        const inner = T.add(quotient, T.mul(ofValues, T.eye(n)))
        return T.matMul(T.matMul(vectors, inner), vectors, { transposeB: true })
      }
    ],
    lowering: { kind: 'matrices' }
  }
}
