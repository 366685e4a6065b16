/**
 * What is computed once a call, before the rows or after them: a few hundred numbers, by the interpreter's kernels, whose
 * calls would cost more than what most of them do. So arithmetic on a few has loops of its own here.
 */
import { broadcastStrides, product as sizeOf, type Dense } from '../kernels/dense.js'
import { width, type Node, type Shape } from './graph.js'
import { meaning } from './meaning.js'

/** Rounded as in the kernels, each one operation. */
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  Neg: a => -a,
  Reciprocal: a => 1 / a,
  Square: a => a * a,
  Sqrt: a => Math.sqrt(a),
  Stretch: a => a
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
  const apply = does.kind === 'entrywise' ? arithmetic[does.kernel] : undefined
  const length = width(node)
  if (apply === undefined || length > FEW) return values => meaning(does, values, shape)
  const [ofA, ofB] = [0, 1].map(i => entriesOf(ins[Math.min(i, ins.length - 1)].shape, shape))
  return ([{ values: a }, { values: b } = { values: a }]) => {
    const out = new Float64Array(length)
    for (let i = 0; i < length; i++) out[i] = apply(a[ofA[i]], b[ofB[i]])
    return { shape, dtype: 'float32', values: out }
  }
}
