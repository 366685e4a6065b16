/** Triangular factors of stacks of small matrices, [..., n, n], and what is solved by them. */
import { factorGram, factorSymmetric, solveLower } from '../arrays/linalg.js'
import { room } from '../simd/index.js'
import {
  allocate,
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

/** The last two sizes, and how many such matrices there are. */
const matrices = (x: Dense, op: string): { readonly m: number; readonly n: number; readonly count: number } => {
  if (x.shape.length < 2) throw new Error(`${op}: ${list(x.shape)} is no stack of matrices; give it two axes or more`)
  const [m, n] = x.shape.slice(-2)
  return { m, n, count: product(x.shape.slice(0, -2)) }
}

const cholesky = (x: Dense): Dense => {
  const { m, n, count } = matrices(x, 'cholesky')
  if (m !== n) throw new Error(`cholesky: the matrices of ${list(x.shape)} are not square`)
  const source = doubles(x)
  const values = new Float64Array(count * n * n)
  for (let at = 0; at < values.length; at += n * n)
    if (!factorSymmetric(source, at, n, values, at)) values.fill(NaN, at, at + n * n)
  return { shape: x.shape, dtype: 'float32', values }
}

const gramCholesky = (x: Dense): Dense => {
  const { m, n, count } = matrices(x, 'gramCholesky')
  if (m < n)
    throw new Error(`gramCholesky: the matrices of ${list(x.shape)} have fewer rows than columns, and no factor`)
  const source = doubles(x)
  const values = new Float64Array(count * n * n)
  for (let i = 0; i < count; i++) factorGram(source, i * m * n, m, n, values, i * n * n)
  return { shape: [...x.shape.slice(0, -2), n, n], dtype: 'float32', values }
}

/** L⁻¹B or L⁻ᵀB for [..., n, n] and [..., n, m]; stacks broadcast. */
const triangularSolve = (l: Dense, b: Dense, transposed: boolean): Dense => {
  const { m, n } = matrices(l, 'solveTriangular')
  const { m: rows, n: columns } = matrices(b, 'solveTriangular')
  if (m !== n || rows !== n)
    throw new Error(`solveTriangular: ${list(l.shape)} and ${list(b.shape)} are not [..., n, n] and [..., n, m]`)
  const own = l.shape.slice(0, -2)
  const stack = broadcastShape(own, b.shape.slice(0, -2), 'solveTriangular')
  const count = product(stack)
  const shape = [...stack, n, columns]
  const values = room(count * n * columns)
  copyStrided(b.values, values, shape, broadcastStrides(b.shape, shape))
  const which = new Float64Array(count)
  const numbers = Float64Array.from({ length: product(own) }, (_, i) => i)
  copyStrided(numbers, which, stack, broadcastStrides(own, stack))
  const factors = doubles(l)
  for (let i = 0; i < count; i++) solveLower(factors, which[i] * n * n, n, values, i * n * columns, columns, transposed)
  return { shape, dtype: 'float32', values }
}

/** n of n(n + 1)/2 */
const sideOf = (length: number): number => Math.round((Math.sqrt(8 * length + 1) - 1) / 2)

/** [..., n(n + 1)/2], row by row, to the lower triangle of [..., n, n]. */
const fromTriangle = (x: Dense, constantValue: number): Dense => {
  const length = x.shape.at(-1) ?? 0
  const n = sideOf(length)
  if (x.shape.length === 0 || (n * (n + 1)) / 2 !== length)
    throw new Error(`lowerTriangle: the last axis of ${list(x.shape)} is not n(n + 1)/2 long for a whole n`)
  const count = product(x.shape.slice(0, -1))
  const values = allocate(count * n * n, x.dtype).fill(constantValue)
  for (let k = 0; k < count; k++)
    for (let i = 0, at = k * length; i < n; i++)
      for (let j = 0; j <= i; j++) values[(k * n + i) * n + j] = x.values[at++]
  return { shape: [...x.shape.slice(0, -1), n, n], dtype: x.dtype, values }
}

/** The lower triangle of [..., n, n], row by row, as [..., n(n + 1)/2]. */
const toTriangle = (x: Dense): Dense => {
  const { m, n, count } = matrices(x, 'packTriangle')
  if (m !== n) throw new Error(`packTriangle: the matrices of ${list(x.shape)} are not square`)
  const length = (n * (n + 1)) / 2
  const values = allocate(count * length, x.dtype)
  for (let k = 0, at = 0; k < count; k++)
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) values[at++] = x.values[(k * n + i) * n + j]
  return { shape: [...x.shape.slice(0, -2), length], dtype: x.dtype, values }
}

export const factor: KernelTable = {
  Cholesky: kernel(({ x }) => cholesky(x)),
  FromTriangle: kernel(({ x }, { constantValue = 0 }: { constantValue?: number }) => fromTriangle(x, constantValue)),
  GramCholesky: kernel(({ x }) => gramCholesky(x)),
  ToTriangle: kernel(({ x }) => toTriangle(x)),
  TriangularSolve: kernel(({ l, b }, { transposed = false }: { transposed?: boolean }) =>
    triangularSolve(l, b, transposed)
  )
}
