/** Products of matrices, and distances between their rows. */
import {
  broadcastShape,
  broadcastStrides,
  copyStrided,
  doubles,
  kernel,
  product,
  type Dense,
  type KernelTable
} from './dense.js'
import { shown as list } from '../arrays/ndarray.js'
import { kernels, room } from '../simd/index.js'

/** [… m, k] · [… k, n] → [… m, n], batches broadcast. */
const matMul = (a: Dense, b: Dense, transposeA: boolean, transposeB: boolean): Dense => {
  if (a.shape.length < 2 || b.shape.length < 2)
    throw new Error(
      `matMul: ${list(a.shape)} and ${list(b.shape)} are not both matrices; reshape a vector to [n, 1] or [1, n]`
    )
  const rows = a.shape.slice(-2)
  const columns = b.shape.slice(-2)
  const [m, k] = transposeA ? rows.reverse() : rows
  const [k2, n] = transposeB ? columns.reverse() : columns
  if (k !== k2) throw new Error(`matMul: inner sizes ${k} and ${k2} of ${list(a.shape)} and ${list(b.shape)} differ`)
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2), 'matMul')
  const count = product(batch)
  const values = room(count * m * n)
  const which = (x: Dense): Float64Array => {
    // the index of the matrix that each batch entry reads
    const own = x.shape.slice(0, -2)
    const index = new Float64Array(count)
    copyStrided(
      Float64Array.from({ length: product(own) }, (_, i) => i),
      index,
      batch,
      broadcastStrides(own, batch)
    )
    return index
  }
  const [x, y] = [doubles(a), doubles(b)]
  const { matMul: multiply } = kernels()
  if (count === 1) multiply(x, y, m, k, n, transposeA, transposeB, values)
  else {
    const [i, j] = [which(a), which(b)]
    for (let q = 0; q < count; q++)
      multiply(
        x.subarray(i[q] * m * k, (i[q] + 1) * m * k),
        y.subarray(j[q] * k * n, (j[q] + 1) * k * n),
        m,
        k,
        n,
        transposeA,
        transposeB,
        values.subarray(q * m * n, (q + 1) * m * n)
      )
  }
  return { shape: [...batch, m, n], dtype: 'float32', values }
}

/** Σ_j (x_ij − s_i c_kj)², [n, d], [k, d], [n | 1, 1] → [n, k]: by the differences, which the squares would lose. */
const squaredDistances = (x: Dense, centres: Dense, scale: Dense): Dense => {
  const [n, d] = x.shape
  const [k, d2] = centres.shape
  const scales = product(scale.shape)
  if (x.shape.length !== 2 || centres.shape.length !== 2 || d !== d2 || (scales !== 1 && scales !== n))
    throw new Error(
      `squaredDistances: ${list(x.shape)}, ${list(centres.shape)} and ${list(scale.shape)} are not [n, d], [k, d] and [n | 1, 1]`
    )
  const [from, to, by] = [doubles(x), doubles(centres), doubles(scale)]
  const values = room(n * k)
  for (let i = 0; i < n; i++) {
    const s = by[scales === 1 ? 0 : i]
    for (let m = 0; m < k; m++) {
      let sum = 0
      for (let j = 0; j < d; j++) {
        const difference = from[i * d + j] - s * to[m * d + j]
        sum += difference * difference
      }
      values[i * k + m] = sum
    }
  }
  return { shape: [n, k], dtype: 'float32', values }
}

export const matmul: KernelTable = {
  SquaredDistances: kernel(({ x, centres, scale }) => squaredDistances(x, centres, scale)),
  BatchMatMul: kernel(({ a, b }, { transposeA, transposeB }: { transposeA?: boolean; transposeB?: boolean }) =>
    matMul(a, b, transposeA ?? false, transposeB ?? false)
  )
}
