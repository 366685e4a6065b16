/** Detection of entries that are 0 in every call, whose terms products leave out. */
import { type Dense } from '../kernels/dense.js'
import { isComputed, sameShape, nodeWidth, type GraphNode } from './graph.js'
import { evaluateNode } from './evaluateNode.js'

const constantEntriesByNode = new WeakMap<GraphNode, Dense | null>()

/** Entries of a node equal in every call; null if it depends on inputs. */
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

/** Predicate for entries of a node that are 0 in every call. */
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
    // forward substitution: row i of the solution depends on rows 0, …, i of b
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
 * True if M, or its transpose, is known to be upper triangular, so column j of x M has terms up to j only. A term left out would be NaN if
 * x is not finite: the caller must check the last column, which has all terms.
 */
export const isUpperTriangular = (matrix: GraphNode, { transposed }: { readonly transposed: boolean }): boolean => {
  const [high, wide] = matrix.shape
  if (matrix.shape.length !== 2 || high !== wide) return false
  const of = zeroEntries(matrix)
  return Array.from({ length: high * wide }, (_, at) => at).every(at => {
    const row = Math.floor(at / wide)
    const column = at % wide
    return (transposed ? column <= row : row <= column) || of(at)
  })
}
