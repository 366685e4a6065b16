/** Reductions and rankings along axes: the input is read as [outer, n, inner], along n. */
import * as Elementary from '../numbers/elementary.js'
import {
  sortedAxes,
  axisOf,
  computedDense,
  filledOutcome,
  filledReal,
  kernel,
  permute,
  productOfSizes,
  type DType,
  type Kernel,
  type TypedValues
} from './dense.js'
import {
  type FoldOperation,
  type KernelOperation,
  type Operations,
  type Pull,
  type TensorVocabulary
} from './operation.js'
import { type Tensor } from '../arrays/ndarray.js'
import { simdOrPlainKernels, allocateDoubles } from '../wasm/index.js'
import { larger } from '../wasm/kernels/plain.js'

interface Fibres {
  readonly outer: number
  readonly n: number
  readonly inner: number
}

const fibres = (shape: ReadonlyArray<number>, axis: number): Fibres => ({
  outer: productOfSizes(shape.slice(0, axis)),
  n: shape[axis],
  inner: productOfSizes(shape.slice(axis + 1))
})

/** Reduces `x`, [outer, n, inner], into `out`, [outer, inner]. */
type Accumulate = (x: TypedValues, out: TypedValues, along: Fibres) => void

interface Folded {
  axis?: number | ReadonlyArray<number> | null
  reductionIndices?: number | ReadonlyArray<number> | null
  keepDims?: boolean
}

/** Axes of a reduction, and the input's shape with size 1 at these axes. */
const foldedOf = (
  shape: ReadonlyArray<number>,
  { axis, reductionIndices }: Folded,
  name: string
): { readonly axes: ReadonlyArray<number>; readonly sides: ReadonlyArray<number> } => {
  const axes = sortedAxes(axis ?? reductionIndices, shape.length, name)
  return { axes, sides: shape.map((length, i) => (axes.includes(i) ? 1 : length)) }
}

const accumulateSum: Accumulate = (x, out, { outer, n, inner }) => {
  if (n === 0) {
    out.fill(0)
    return
  }
  const doubles = x instanceof Float64Array ? x : Float64Array.from(x)
  const sums = out instanceof Float64Array ? out : new Float64Array(out.length)
  if (inner === 1) simdOrPlainKernels().rowSums(doubles, outer, n, sums)
  else simdOrPlainKernels().columnSums(doubles, { blocks: outer, rows: n, width: inner }, sums)
  if (sums !== out) out.set(sums)
}

const accumulateMean: Accumulate = (x, out, along) => {
  accumulateSum(x, out, along)
  for (let i = 0; i < out.length; i++) out[i] /= along.n
}

const accumulating =
  (start: number, f: (sum: number, x: number) => number): Accumulate =>
  (x, out, { outer, n, inner }) => {
    out.fill(start)
    for (let i = 0, p = 0; i < outer; i++)
      for (let j = 0; j < n; j++) for (let k = 0, o = i * inner; k < inner; k++, p++, o++) out[o] = f(out[o], x[p])
  }

/** The smaller of m and v; NaN if either is NaN. */
const smaller = (m: number, v: number): number => (v < m || Number.isNaN(v) ? v : m)

/** Index of the largest entry along the axis, the first of equal ones; of the first NaN if there is one. */
const argMaxKernel = kernel(({ x }, { axis }: { axis: number | ReadonlyArray<number> }) => {
  const at = axisOf(typeof axis === 'number' ? axis : axis[0], x.shape.length, 'argMax')
  const { outer, n, inner } = fibres(x.shape, at)
  if (n === 0) throw new Error(`argMax: axis ${at} is empty`)
  const shape = x.shape.filter((_, i) => i !== at)
  return filledOutcome(shape, 'int32', out => {
    const { values } = x
    for (let i = 0; i < outer; i++)
      for (let k = 0; k < inner; k++) {
        const from = i * n * inner + k
        let best = 0
        for (let j = 1; j < n; j++) {
          const v = values[from + j * inner]
          const most = values[from + best * inner]
          if (v > most || (Number.isNaN(v) && !Number.isNaN(most))) best = j
        }
        out[i * inner + k] = best
      }
  })
})

/**
 * Softmax along one axis, or its logarithm, shifted by the maximum so that nothing overflows; NaN if all entries are −∞. Default: the last
 * axis.
 */
const softmaxKernel = ({ name, isLog }: { readonly name: string; readonly isLog: boolean }): Kernel =>
  kernel(({ logits: x }, { dim, axis }: { dim?: number; axis?: number }) => {
    const { outer, n, inner } = fibres(x.shape, axisOf(dim ?? axis ?? -1, x.shape.length, name))
    return filledReal(x.shape, out => {
      if (!isLog && inner === 1 && x.values instanceof Float64Array) {
        simdOrPlainKernels().softmaxRows(x.values, outer, n, out)
        return
      }
      const shifted = allocateDoubles(out.length)
      const visit = (fibre: (from: number, to: number) => void): void => {
        for (let i = 0; i < outer; i++)
          for (let k = 0; k < inner; k++) fibre(i * n * inner + k, (i + 1) * n * inner + k)
      }
      visit((from, to) => {
        let top = -Infinity
        for (let p = from; p < to; p += inner) top = larger(top, x.values[p])
        for (let p = from; p < to; p += inner) shifted[p] = x.values[p] - top
      })
      simdOrPlainKernels().exp(shifted, out)
      visit((from, to) => {
        let total = 0
        for (let p = from; p < to; p += inner) total += out[p]
        const log = Elementary.log(total)
        if (isLog) for (let p = from; p < to; p += inner) out[p] = shifted[p] - log
        else for (let p = from; p < to; p += inner) out[p] /= total
      })
    })
  })

const broadcastGradient = (T: TensorVocabulary, dy: Tensor, { shape }: Tensor, attrs: Folded): Tensor =>
  T.broadcastTo(T.reshape(dy, foldedOf(shape, attrs, 'gradient').sides), shape)
/** Pullback of an extreme, which equal entries share evenly. */
const extremePull =
  (name: 'max' | 'min'): Pull =>
  (T, dy, [x], attrs: Folded) => {
    const { axes, sides } = foldedOf(x.shape, attrs, 'gradient')
    const mask = T.cast(T.equal(x, T[name](x, axes, true)), 'float64')
    return T.mul(T.reshape(dy, sides), T.div(mask, T.sum(mask, axes, true)))
  }

/** A reduction: its accumulation, and the fold for the compiler. */
interface ReductionDefinition {
  readonly accumulate: Accumulate
  readonly fold: FoldOperation
  /** Undefined if the result is piecewise constant. */
  readonly pull?: Pull
  /** Default: the operand's type, or integers for truth values. */
  readonly dtype?: DType
}

/** Operation of a reduction. Adjacent axes are reduced in place; others are first moved to the end. */
const foldOperation = (name: string, { accumulate, fold, pull, dtype }: ReductionDefinition): KernelOperation => ({
  operands: ['x'],
  kernel: kernel(({ x }, attrs: Folded) => {
    const { axes, sides } = foldedOf(x.shape, attrs, name)
    const kept = x.shape.map((_, i) => i).filter(i => !axes.includes(i))
    const shape = attrs.keepDims === true ? sides : kept.map(i => x.shape[i])
    return filledOutcome(shape, dtype ?? (x.dtype === 'bool' ? 'int32' : x.dtype), out => {
      const isAdjacent = axes.every((a, i) => i === 0 || a === axes[i - 1] + 1)
      const first = isAdjacent ? (axes[0] ?? x.shape.length) : kept.length
      const source = isAdjacent ? x : computedDense(permute(x, [...kept, ...axes]))
      accumulate(source.values, out, {
        outer: productOfSizes(source.shape.slice(0, first)),
        n: productOfSizes(source.shape.slice(first, first + axes.length)),
        inner: productOfSizes(source.shape.slice(first + axes.length))
      })
    })
  }),
  pulls: [pull],
  lowering: { kind: 'fold', fold }
})
const accumulateAll = accumulating(1, (a, x) => (a !== 0 && x !== 0 ? 1 : 0))
const accumulateAny = accumulating(0, (a, x) => (a !== 0 || x !== 0 ? 1 : 0))

export const reduceOperations: Operations = {
  All: foldOperation('all', { accumulate: accumulateAll, fold: 'Min', dtype: 'bool' }),
  Any: foldOperation('any', { accumulate: accumulateAny, fold: 'Max', dtype: 'bool' }),
  ArgMax: { operands: ['x'], kernel: argMaxKernel, pulls: [undefined], lowering: { kind: 'axis' } },
  LogSoftmax: {
    operands: ['logits'],
    kernel: softmaxKernel({ name: 'logSoftmax', isLog: true }),
    pulls: [(T, dy, [x], { axis }: { axis: number }) => T.sub(dy, T.mul(T.sum(dy, axis, true), T.softmax(x, axis)))]
  },
  Max: foldOperation('max', { accumulate: accumulating(-Infinity, larger), fold: 'Max', pull: extremePull('max') }),
  Mean: foldOperation('mean', {
    accumulate: accumulateMean,
    fold: 'Sum',
    pull: (T, dy, [x], attrs: Folded) => {
      const { axes } = foldedOf(x.shape, attrs, 'gradient')
      return broadcastGradient(T, T.div(dy, productOfSizes(axes.map(i => x.shape[i]))), x, attrs)
    },
    dtype: 'float32'
  }),
  Min: foldOperation('min', { accumulate: accumulating(Infinity, smaller), fold: 'Min', pull: extremePull('min') }),
  Softmax: {
    operands: ['logits'],
    kernel: softmaxKernel({ name: 'softmax', isLog: false }),
    pulls: [
      (T, dy, [x], { dim }: { dim: number }) => {
        const y = T.softmax(x, dim)
        return T.mul(y, T.sub(dy, T.sum(T.mul(dy, y), dim, true)))
      }
    ]
  },
  Sum: foldOperation('sum', {
    accumulate: accumulateSum,
    fold: 'Sum',
    pull: (T, dy, [x], attrs: Folded) => broadcastGradient(T, dy, x, attrs)
  })
}
