/** What a graph means, node by node and row by row. */
import { productOfSizes, type Dense } from '../../../lib/kernels/dense.js'
import { type GraphNode, type Shape } from '../../../lib/compiler/graph.js'
import { evaluateNode } from '../../../lib/compiler/evaluateNode.js'

/** What a graph gives on named inputs, row after row: slow, and written to be seen to be right. */
export const evaluate = (
  nodes: ReadonlyArray<GraphNode>,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  rows: number
): ReadonlyMap<GraphNode, Dense> => {
  const values = new Map<GraphNode, Dense>()
  const dense = (shape: Shape, numbers: ArrayLike<number>): Dense => ({
    shape,
    dtype: 'float32',
    values: Float64Array.from(numbers)
  })
  /** The rows of a value, each as a value of its own. */
  const each = (node: GraphNode, row: number): Dense => {
    const found = values.get(node)
    if (found === undefined) throw new Error('a node before its inputs')
    if (node.scope === 'once') return found
    const length = productOfSizes(node.shape)
    return dense(node.shape, found.values.slice(row * length, (row + 1) * length))
  }
  const overRows = (node: GraphNode, term: (row: number) => ReadonlyArray<number>): Dense => {
    const sum = new Float64Array(productOfSizes(node.shape))
    for (let row = 0; row < rows; row++) term(row).forEach((x, i) => (sum[i] += x))
    return dense(node.shape, sum)
  }
  for (const node of nodes) {
    const { does, ins, shape } = node
    const whole = node.scope === 'rows' ? [rows, ...shape] : shape
    switch (does.kind) {
      case 'input':
        values.set(node, dense(whole, inputs[does.name]))
        break
      case 'count':
        values.set(node, dense([], [rows]))
        break
      case 'rowSum':
        values.set(
          node,
          overRows(node, row => Array.from(each(ins[0], row).values))
        )
        break
      case 'rowDot':
        values.set(
          node,
          overRows(node, row => {
            const [a, b] = ins.map(x => each(x, row).values)
            const [m, n] = shape
            return Array.from({ length: m * n }, (_, at) => {
              const i = Math.floor(at / n)
              const j = at % n
              let sum = 0
              for (let q = 0; q < a.length / m; q++) sum += a[q * m + i] * b[q * n + j]
              return sum
            })
          })
        )
        break
      case 'array':
      case 'constant':
      case 'distances':
      case 'entrywise':
      case 'kernel':
      case 'pick':
      case 'product':
      case 'reduce':
      case 'reshape': {
        const parts = Array.from({ length: node.scope === 'rows' ? rows : 1 }, (_, row) =>
          evaluateNode(
            does,
            ins.map(x => each(x, row)),
            shape
          )
        )
        values.set(
          node,
          dense(
            whole,
            parts.flatMap(({ values }) => Array.from(values))
          )
        )
      }
    }
  }
  return values
}
