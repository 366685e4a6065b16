/**
 * What is computed once a call, before the rows or after them: a few hundred numbers, by the interpreter's kernels, whose
 * calls would cost more than what most of them do. So numbers, and arrays with numbers, have loops of their own here.
 */
import { type Dense } from '../kernels/dense.js'
import { sameShape, width, type Node } from './graph.js'
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
  Sqrt: a => Math.sqrt(a)
}

export type Compute = (ins: ReadonlyArray<Dense>) => Dense

/** The value of a node computed once, from those of its inputs; null for what a call brings, and for sums over its rows. */
export const once = (node: Node): Compute | null => {
  const { does, ins, shape } = node
  if (does.kind === 'input' || does.kind === 'count' || does.kind === 'rowSum' || does.kind === 'rowDot') return null
  const apply = does.kind === 'entrywise' ? arithmetic[does.kernel] : undefined
  const isPlain = ins.every(input => width(input) === 1 || sameShape(input.shape, shape))
  if (apply === undefined || !isPlain) return values => meaning(does, values, shape)
  const length = width(node)
  const [stepA, stepB] = [0, 1].map(i => (width(ins[Math.min(i, ins.length - 1)]) === 1 ? 0 : 1))
  return ([{ values: a }, { values: b } = { values: a }]) => {
    const out = new Float64Array(length)
    for (let i = 0; i < length; i++) out[i] = apply(a[i * stepA], b[i * stepB])
    return { shape, dtype: 'float32', values: out }
  }
}
