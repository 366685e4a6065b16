import {
  broadcastShape,
  denseDoubles,
  filledReal,
  kernel,
  matricesOf,
  productOfSizes,
  type Dense,
  type Outcome
} from './dense.js'
import { shapeText as list } from '../arrays/ndarray.js'
import { simdOrPlainKernels } from '../wasm/index.js'
import { shrink, type Operations } from './operation.js'

interface MatMul {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}

/** [… m, k] · [… k, n] → [… m, n], batches broadcast. */
const batchedProduct = (a: Dense, b: Dense, { transposeA = false, transposeB = false }: MatMul): Outcome => {
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
  return filledReal([...batch, m, n], out => {
    const x = denseDoubles(a)
    const y = denseDoubles(b)
    const count = productOfSizes(batch)
    const { matMul: multiply } = simdOrPlainKernels()
    const sizes = { m, k, n, transposeA, transposeB }
    if (count === 1) {
      multiply(x, y, sizes, out)
      return
    }
    const first = matricesOf(a, batch)
    const second = matricesOf(b, batch)
    for (let q = 0; q < count; q++)
      multiply(
        x.subarray(first[q] * m * k, (first[q] + 1) * m * k),
        y.subarray(second[q] * k * n, (second[q] + 1) * k * n),
        sizes,
        out.subarray(q * m * n, (q + 1) * m * n)
      )
  })
}

/** Σ_j (x_ij − s_i c_kj)², [n, d], [k, d], [n | 1, 1] → [n, k]: by differences, since expanded squares would cancel. */
const squaredDistancesKernel = (x: Dense, centres: Dense, scale: Dense): Outcome => {
  const [n, d] = x.shape
  const [k, d2] = centres.shape
  const scales = productOfSizes(scale.shape)
  if (x.shape.length !== 2 || centres.shape.length !== 2 || d !== d2 || (scales !== 1 && scales !== n))
    throw new Error(
      `squaredDistances: ${list(x.shape)}, ${list(centres.shape)} and ${list(scale.shape)} are not [n, d], [k, d] and [n | 1, 1]`
    )
  return filledReal([n, k], out => {
    const from = denseDoubles(x)
    const to = denseDoubles(centres)
    const by = denseDoubles(scale)
    for (let i = 0; i < n; i++) {
      const s = by[scales === 1 ? 0 : i]
      for (let m = 0; m < k; m++) {
        let sum = 0
        for (let j = 0; j < d; j++) {
          const difference = from[i * d + j] - s * to[m * d + j]
          sum += difference * difference
        }
        out[i * k + m] = sum
      }
    }
  })
}

export const matmul: Operations = {
  BatchMatMul: {
    operands: ['a', 'b'],
    kernel: kernel(({ a, b }, attrs: MatMul) => batchedProduct(a, b, attrs)),
    pulls: [
      (T, dy, [a, b], { transposeA = false, transposeB = false }: MatMul) =>
        shrink(
          T,
          transposeA
            ? T.matMul(b, dy, { transposeA: transposeB, transposeB: true })
            : T.matMul(dy, b, { transposeB: !transposeB }),
          a.shape
        ),
      (T, dy, [a, b], { transposeA = false, transposeB = false }: MatMul) =>
        shrink(
          T,
          transposeB
            ? T.matMul(dy, a, { transposeA: true, transposeB: transposeA })
            : T.matMul(a, dy, { transposeA: !transposeA }),
          b.shape
        )
    ]
  },
  // ∂/∂x_i = 2 Σ_k (x_i − s_i c_k), and so on: linear in the differences, so only the rounding of x cancels.
  SquaredDistances: {
    operands: ['x', 'centres', 'scale'],
    kernel: kernel(({ x, centres, scale }) => squaredDistancesKernel(x, centres, scale)),
    pulls: [
      (T, dy, [x, centres, scale]) =>
        T.mul(2, T.sub(T.mul(T.sum(dy, 1, true), x), T.matMul(T.mul(scale, dy), centres))),
      (T, dy, [x, centres, scale]) => {
        const scaled = T.mul(scale, dy)
        const weight = T.reshape(T.sum(T.mul(scale, scaled), 0), [-1, 1])
        return T.mul(2, T.sub(T.mul(weight, centres), T.matMul(scaled, x, { transposeA: true })))
      },
      (T, dy, [x, centres, scale]) => {
        const lengths = T.expandDims(T.sum(T.square(centres), 1), 0)
        const slope = T.sub(T.mul(scale, lengths), T.matMul(x, centres, { transposeB: true }))
        return shrink(T, T.mul(2, T.sum(T.mul(dy, slope), 1, true)), scale.shape)
      }
    ]
  }
}
