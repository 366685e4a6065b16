/**
 * Nodes computed once per call: a few hundred numbers. A call of an interpreted kernel costs more than their arithmetic, so few entries
 * have loops of their own.
 */
import { broadcastStrides, productOfSizes as sizeOf, type Dense } from '../kernels/dense.js'
import { exp, log } from '../numbers/elementary.js'
import { simdOrPlainKernels } from '../wasm/index.js'
import { plainKernels } from '../wasm/kernels/plain.js'
import { isComputed, nodeWidth, type GraphNode, type Shape } from './graph.js'
import { evaluateNode } from './evaluateNode.js'

/** Writes f of the numbers at indices a and b from `at` on. */
type FillNumbers = (numbers: Float64Array, at: number, a: Int32Array, b: Int32Array) => void

/** Arithmetic with the rounding of the kernels. */
const PER_CALL_ARITHMETIC: Readonly<Record<string, FillNumbers>> = {
  Add: (x, at, a, b) => {
    for (let i = 0; i < a.length; i++) x[at + i] = x[a[i]] + x[b[i]]
  },
  Sub: (x, at, a, b) => {
    for (let i = 0; i < a.length; i++) x[at + i] = x[a[i]] - x[b[i]]
  },
  Multiply: (x, at, a, b) => {
    for (let i = 0; i < a.length; i++) x[at + i] = x[a[i]] * x[b[i]]
  },
  RealDiv: (x, at, a, b) => {
    for (let i = 0; i < a.length; i++) x[at + i] = x[a[i]] / x[b[i]]
  },
  Neg: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = -x[a[i]]
  },
  Reciprocal: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = 1 / x[a[i]]
  },
  Square: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = x[a[i]] * x[a[i]]
  },
  Sqrt: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = Math.sqrt(x[a[i]])
  },
  Exp: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = exp(x[a[i]])
  },
  Log: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = log(x[a[i]])
  },
  Stretch: (x, at, a) => {
    for (let i = 0; i < a.length; i++) x[at + i] = x[a[i]]
  }
}

/** Maximum number of entries for these loops; the kernels are faster for more. */
const MAX_PER_CALL_ENTRIES = 10000

export type ComputeNode = (numbers: Float64Array) => void

/** Indices of the entries of a broadcast value that begins at `at`. */
const broadcastEntries = (own: Shape, shape: Shape, at: number): Int32Array => {
  const steps = broadcastStrides(own, shape)
  return Int32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let entry = at
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      entry += (rest % shape[axis]) * steps[axis]
      rest = Math.floor(rest / shape[axis])
    }
    return entry
  })
}

/** Length of the runs of neighbours that a sum over the last axes adds; null for other nodes. */
const neighbourSumLength = ({ does, ins: [x], shape }: GraphNode): number | null =>
  does.kind === 'reduce' &&
  does.fold === 'Sum' &&
  does.axes.every((axis, i) => axis === x.shape.length - does.axes.length + i)
    ? sizeOf(x.shape) / sizeOf(shape)
    : null

interface BatchedProduct {
  readonly count: number
  readonly m: number
  readonly k: number
  readonly n: number
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/** Node as products [m, k] · [k, n] without broadcasting; null for other nodes. */
const asBatchedProduct = ({ does, ins: [a, b], shape }: GraphNode): BatchedProduct | null => {
  if (does.kind === 'product') {
    const k = a.shape.at(-1) ?? 1
    return { count: 1, m: nodeWidth(a) / k, k, n: nodeWidth(b) / k, transposeA: false, transposeB: does.transposed }
  }
  if (does.kind !== 'kernel' || does.kernel !== 'BatchMatMul') return null
  const [m, n] = shape.slice(-2)
  const transposeA = does.attrs.transposeA === true
  const transposeB = does.attrs.transposeB === true
  const k = a.shape[a.shape.length - (transposeA ? 2 : 1)]
  const count = sizeOf(shape) / (m * n)
  return nodeWidth(a) === count * m * k && nodeWidth(b) === count * k * n
    ? { count, m, k, n, transposeA, transposeB }
    : null
}

/** Returns the function that computes a node; null for inputs and sums over the rows. */
export const perCall = (node: GraphNode, placeOf: (node: GraphNode) => number): ComputeNode | null => {
  const { does, ins, shape } = node
  if (!isComputed(does)) return null
  const at = placeOf(node)
  const length = nodeWidth(node)
  const fill = does.kind === 'entrywise' ? PER_CALL_ARITHMETIC[does.kernel] : undefined
  if (fill !== undefined && length <= MAX_PER_CALL_ENTRIES) {
    const [a, b] = [ins[0], ins[ins.length - 1]].map(of => broadcastEntries(of.shape, shape, placeOf(of)))
    return numbers => {
      fill(numbers, at, a, b)
    }
  }
  const places = ins.map(of => ({ shape: of.shape, from: placeOf(of), to: placeOf(of) + nodeWidth(of) }))
  const each = neighbourSumLength(node)
  if (each !== null && each * length <= MAX_PER_CALL_ENTRIES)
    return numbers => {
      simdOrPlainKernels().rowSums(
        numbers.subarray(places[0].from, places[0].to),
        length,
        each,
        numbers.subarray(at, at + length)
      )
    }
  if (does.kind === 'pick') {
    const all = places.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))
    const table = Int32Array.from(does.table, i => all[i])
    return numbers => {
      for (let i = 0; i < table.length; i++) numbers[at + i] = numbers[table[i]]
    }
  }
  const product = asBatchedProduct(node)
  if (product !== null && length * product.k <= MAX_PER_CALL_ENTRIES) {
    const { count, m, k, n } = product
    const [a, b] = places
    return numbers => {
      for (let i = 0; i < count; i++) {
        const x = numbers.subarray(a.from + i * m * k, a.from + (i + 1) * m * k)
        const y = numbers.subarray(b.from + i * k * n, b.from + (i + 1) * k * n)
        // in the order of the kernels, whose calls cost more
        plainKernels.matMul(x, y, product, numbers.subarray(at + i * m * n, at + (i + 1) * m * n))
      }
    }
  }
  return numbers => {
    const values = places.map(({ shape, from, to }): Dense => ({
      shape,
      dtype: 'float32',
      values: numbers.subarray(from, to)
    }))
    numbers.set(evaluateNode(does, values, shape).values, at)
  }
}
