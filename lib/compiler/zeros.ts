/** What is known to be 0 in every call: products over it are left out. */
import { type Dense } from '../kernels/dense.js'
import { isComputed, sameShape, nodeWidth, type GraphNode } from './graph.js'
import { evaluateNode } from './evaluateNode.js'

const constantEntriesByNode = new WeakMap<GraphNode, Dense | null>()

/** What is the same in every call; null of what is not. */
export const constantEntries = (node: GraphNode): Dense | null => {
  const found = constantEntriesByNode.get(node)
  if (found !== undefined) return found
  const { does, ins, shape, scope } = node
  const values: Dense[] = []
  if (scope === 'once' && isComputed(does))
    for (const input of ins) {
      const value = constantEntries(input)
      if (value === null) break
      values.push(value)
    }
  const same =
    scope === 'once' && isComputed(does) && values.length === ins.length ? evaluateNode(does, values, shape) : null
  constantEntriesByNode.set(node, same)
  return same
}

/** Whether an entry of a node computed once is 0 in every call, as far as can be seen. */
const zeroEntries = (node: GraphNode): ((at: number) => boolean) => {
  const { does, ins, shape } = node
  const same = constantEntries(node)
  if (same !== null) return at => same.values[at] === 0
  if (does.kind === 'reshape') return zeroEntries(ins[0])
  if (does.kind === 'pick' && ins.length === 1) {
    const of = zeroEntries(ins[0])
    return at => of(does.table[at])
  }
  if (does.kind === 'kernel' && does.kernel === 'TriangularSolve' && does.attrs.transposed !== true) {
    // forward: a row of the solution is of the rows of b down to it
    const [, b] = ins
    const of = zeroEntries(b)
    const [high, wide] = shape.slice(-2)
    if (nodeWidth(b) !== high * wide || !sameShape(b.shape.slice(-2), [high, wide])) return () => false
    return at => {
      const i = Math.floor(at / wide) % high
      const j = at % wide
      return Array.from({ length: i + 1 }, (_, row) => row * wide + j).every(of)
    }
  }
  return () => false
}

/**
 * Whether each column of x M takes only terms of x up to its own number: M [k, k], or its transpose, has nothing below its
 * diagonal. Where x is not finite, a term left out would be NaN: who leaves it out looks at the last column, which takes all.
 */
export const isUpper = (matrix: GraphNode, transposed: boolean): boolean => {
  const [high, wide] = matrix.shape
  if (matrix.shape.length !== 2 || high !== wide) return false
  const of = zeroEntries(matrix)
  return Array.from({ length: high * wide }, (_, at) => at).every(at => {
    const row = Math.floor(at / wide)
    const column = at % wide
    return (transposed ? column <= row : row <= column) || of(at)
  })
}
