/**
 * What is computed once a call, before the rows or after them: a few hundred numbers, by the interpreter's kernels, whose
 * calls would cost more than what most of them do. So arithmetic on a few has loops of its own here.
 */
import { broadcastStrides, product as sizeOf, type Dense } from '../kernels/dense.js'
import { width, type Node, type Shape } from './graph.js'
import { meaning } from './meaning.js'

/** Fills `out` with what is made of entries of a and b, those at the given places. */
type Fill = (out: Float64Array, a: Dense['values'], ofA: Int32Array, b: Dense['values'], ofB: Int32Array) => void

/** Rounded as in the kernels, each one operation. Each is a loop of its own: a function called for each entry would cost more than it does. */
const arithmetic: Readonly<Record<string, Fill>> = {
  Add: (out, a, ofA, b, ofB) => {
    for (let i = 0; i < out.length; i++) out[i] = a[ofA[i]] + b[ofB[i]]
  },
  Sub: (out, a, ofA, b, ofB) => {
    for (let i = 0; i < out.length; i++) out[i] = a[ofA[i]] - b[ofB[i]]
  },
  Multiply: (out, a, ofA, b, ofB) => {
    for (let i = 0; i < out.length; i++) out[i] = a[ofA[i]] * b[ofB[i]]
  },
  RealDiv: (out, a, ofA, b, ofB) => {
    for (let i = 0; i < out.length; i++) out[i] = a[ofA[i]] / b[ofB[i]]
  },
  Neg: (out, a, ofA) => {
    for (let i = 0; i < out.length; i++) out[i] = -a[ofA[i]]
  },
  Reciprocal: (out, a, ofA) => {
    for (let i = 0; i < out.length; i++) out[i] = 1 / a[ofA[i]]
  },
  Square: (out, a, ofA) => {
    for (let i = 0; i < out.length; i++) out[i] = a[ofA[i]] * a[ofA[i]]
  },
  Sqrt: (out, a, ofA) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(a[ofA[i]])
  },
  Stretch: (out, a, ofA) => {
    for (let i = 0; i < out.length; i++) out[i] = a[ofA[i]]
  }
}

/** More are left to the kernels. */
const FEW = 10000

export type Compute = (ins: ReadonlyArray<Dense>) => Dense

/** Which entry of what stretches to a shape is each entry there. */
const entriesOf = (own: Shape, shape: Shape): Int32Array => {
  const steps = broadcastStrides(own, shape)
  return Int32Array.from({ length: sizeOf(shape) }, (_, i) => {
    let entry = 0
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      entry += (rest % shape[axis]) * steps[axis]
      rest = Math.floor(rest / shape[axis])
    }
    return entry
  })
}

/** The value of a node computed once, from those of its inputs; null for what a call brings, and for sums over its rows. */
export const once = (node: Node): Compute | null => {
  const { does, ins, shape } = node
  if (does.kind === 'input' || does.kind === 'count' || does.kind === 'rowSum' || does.kind === 'rowDot') return null
  const fill = does.kind === 'entrywise' ? arithmetic[does.kernel] : undefined
  const length = width(node)
  if (fill === undefined || length > FEW) return values => meaning(does, values, shape)
  const [ofA, ofB] = [0, 1].map(i => entriesOf(ins[Math.min(i, ins.length - 1)].shape, shape))
  return ([{ values: a }, { values: b } = { values: a }]) => {
    const out = new Float64Array(length)
    fill(out, a, ofA, b, ofB)
    return { shape, dtype: 'float32', values: out }
  }
}
