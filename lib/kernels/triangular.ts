/** Triangular factors of stacks of small matrices, [..., n, n], and systems solved by them. */
import { type Tensor } from '../arrays/ndarray.js'
import { factorGram, factorSymmetric, solveLower, solveLowerTransposed } from '../arrays/linalg.js'
import {
  broadcastShape,
  broadcastStrides,
  copyStrided,
  denseDoubles,
  filledOutcome,
  filledReal,
  kernel,
  matricesOf,
  productOfSizes,
  type ArrayForm
} from './dense.js'
import { shapeText as list } from '../arrays/ndarray.js'
import { shrink, type Operations, type TensorVocabulary } from './operation.js'

/** Sizes of the matrices and their number. */
const matrixStack = (x: ArrayForm, op: string): { readonly m: number; readonly n: number; readonly count: number } => {
  if (x.shape.length < 2) throw new Error(`${op}: ${list(x.shape)} is no stack of matrices; give it two axes or more`)
  const [m, n] = x.shape.slice(-2)
  return { m, n, count: productOfSizes(x.shape.slice(0, -2)) }
}

/** Lower Cholesky factors; NaN for a matrix that is not positive definite. */
const choleskyKernel = kernel(({ x }) => {
  const { m, n } = matrixStack(x, 'cholesky')
  if (m !== n) throw new Error(`cholesky: the matrices of ${list(x.shape)} are not square`)
  return filledReal(x.shape, out => {
    const source = denseDoubles(x)
    out.fill(0)
    for (let at = 0; at < out.length; at += n * n)
      if (!factorSymmetric(source, at, n, out, at)) out.fill(NaN, at, at + n * n)
  })
})

const gramCholeskyKernel = kernel(({ x }) => {
  const { m, n, count } = matrixStack(x, 'gramCholesky')
  if (m < n)
    throw new Error(`gramCholesky: the matrices of ${list(x.shape)} have fewer rows than columns, and no factor`)
  return filledReal([...x.shape.slice(0, -2), n, n], out => {
    const source = denseDoubles(x)
    out.fill(0)
    for (let i = 0; i < count; i++) factorGram(source, i * m * n, m, n, out, i * n * n)
  })
})

interface Solve {
  readonly transposed?: boolean
}

/** L⁻¹B or L⁻ᵀB for [..., n, n] and [..., n, m]; stacks broadcast. */
const triangularSolve = kernel(({ l, b }, { transposed = false }: Solve) => {
  const { m, n } = matrixStack(l, 'solveTriangular')
  const { m: rows, n: columns } = matrixStack(b, 'solveTriangular')
  if (m !== n || rows !== n)
    throw new Error(`solveTriangular: ${list(l.shape)} and ${list(b.shape)} are not [..., n, n] and [..., n, m]`)
  const stack = broadcastShape(l.shape.slice(0, -2), b.shape.slice(0, -2), 'solveTriangular')
  const shape = [...stack, n, columns]
  return filledReal(shape, out => {
    copyStrided(b.values, out, shape, { strides: broadcastStrides(b.shape, shape) })
    const factors = denseDoubles(l)
    const solveStep = transposed ? solveLowerTransposed : solveLower
    matricesOf(l, stack).forEach((which, i) => {
      solveStep(factors, which * n * n, n, out, i * n * columns, columns)
    })
  })
})

/** n, given n(n + 1)/2. */
const sideOf = (length: number): number => Math.round((Math.sqrt(8 * length + 1) - 1) / 2)

/** [..., n(n + 1)/2], row by row, to the lower triangle of [..., n, n]. */
const fromTriangle = kernel(({ x }, { constantValue = 0 }: { constantValue?: number }) => {
  const length = x.shape.at(-1) ?? 0
  const n = sideOf(length)
  if (x.shape.length === 0 || (n * (n + 1)) / 2 !== length)
    throw new Error(`lowerTriangle: the last axis of ${list(x.shape)} is not n(n + 1)/2 long for a whole n`)
  const lead = x.shape.slice(0, -1)
  return filledOutcome([...lead, n, n], x.dtype, out => {
    out.fill(constantValue)
    for (let k = 0, at = 0; k < productOfSizes(lead); k++)
      for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) out[(k * n + i) * n + j] = x.values[at++]
  })
})

/** The lower triangle of [..., n, n], row by row, as [..., n(n + 1)/2]. */
const toTriangle = kernel(({ x }) => {
  const { m, n, count } = matrixStack(x, 'packTriangle')
  if (m !== n) throw new Error(`packTriangle: the matrices of ${list(x.shape)} are not square`)
  return filledOutcome([...x.shape.slice(0, -2), (n * (n + 1)) / 2], x.dtype, out => {
    for (let k = 0, at = 0; k < count; k++)
      for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) out[at++] = x.values[(k * n + i) * n + j]
  })
})

/** Transposes the last two axes: [..., m, n] → [..., n, m]. */
export const transposedTensor = (T: TensorVocabulary, x: Tensor): Tensor =>
  T.transpose(
    x,
    x.shape.map((_, i) => (i < x.rank - 2 ? i : 2 * x.rank - 3 - i))
  )

/** Lower triangle of square matrices, with the diagonal times `onDiagonal`. */
const lowerOf = (T: TensorVocabulary, x: Tensor, onDiagonal: number): Tensor => {
  const n = x.shape[x.rank - 1]
  const mask = Float64Array.from({ length: n * n }, (_, at) => {
    const i = Math.floor(at / n)
    const j = at % n
    return i > j ? 1 : i === j ? onDiagonal : 0
  })
  return T.mul(x, T.tensor(mask, [n, n]))
}

/** L⁻ᵀ(Φ + Φᵀ) with Φ the lower triangle of LᵀL̄ and half of its diagonal: the common part of both Cholesky pullbacks. */
const choleskyPullCore = (T: TensorVocabulary, l: Tensor, dy: Tensor): Tensor => {
  const half = lowerOf(T, T.matMul(l, dy, { transposeA: true }), 0.5)
  return T.solveTriangular(l, T.add(half, transposedTensor(T, half)), { transposed: true })
}

export const factor: Operations = {
  // S̄ = ½L⁻ᵀ(Φ + Φᵀ)L⁻¹, of all matrices of equal product with a symmetric dS the symmetric one (Murray 2016, arXiv 1602.07527)
  Cholesky: {
    operands: ['x'],
    kernel: choleskyKernel,
    pulls: [
      (T, dy, [x]) => {
        const l = T.cholesky(x)
        return T.mul(0.5, T.solveTriangular(l, transposedTensor(T, choleskyPullCore(T, l, dy)), { transposed: true }))
      }
    ],
    lowering: { kind: 'matrices' }
  },
  FromTriangle: {
    operands: ['x'],
    kernel: fromTriangle,
    pulls: [(T, dy) => T.packTriangle(dy)],
    lowering: { kind: 'move', pads: true },
    keepsNone: true
  },
  // Ā = 2AS̄ = Q(Φ + Φᵀ)L⁻¹ with Q = AL⁻ᵀ, which is orthonormal
  GramCholesky: {
    operands: ['x'],
    kernel: gramCholeskyKernel,
    pulls: [
      (T, dy, [x]) => {
        const l = T.gramCholesky(x)
        const orthonormal = T.solveTriangular(l, transposedTensor(T, x))
        return T.matMul(orthonormal, choleskyPullCore(T, l, dy), { transposeA: true, transposeB: true })
      }
    ],
    lowering: { kind: 'matrices' }
  },
  ToTriangle: {
    operands: ['x'],
    kernel: toTriangle,
    pulls: [(T, dy) => T.lowerTriangle(dy)],
    lowering: { kind: 'move', pads: false },
    keepsNone: true
  },
  // X = L⁻¹B: B̄ = L⁻ᵀX̄, L̄ = −B̄Xᵀ; X = L⁻ᵀB: B̄ = L⁻¹X̄, L̄ = −XB̄ᵀ; of L the lower triangle
  TriangularSolve: {
    operands: ['l', 'b'],
    kernel: triangularSolve,
    pulls: [
      (T, dy, [l, b], { transposed = false }: Solve) => {
        const x = T.solveTriangular(l, b, { transposed })
        const back = T.solveTriangular(l, dy, { transposed: !transposed })
        const outer = transposed ? T.matMul(x, back, { transposeB: true }) : T.matMul(back, x, { transposeB: true })
        return shrink(T, T.neg(lowerOf(T, outer, 1)), l.shape)
      },
      (T, dy, [l, b], { transposed = false }: Solve) =>
        shrink(T, T.solveTriangular(l, dy, { transposed: !transposed }), b.shape)
    ],
    lowering: { kind: 'matrices' }
  }
}
