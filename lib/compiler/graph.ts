/**
 * What a program computes, as a graph of a few kinds of nodes. A node is computed for each row of the data, or once a call.
 * Rows are not an axis: the shape of a node of rows is that of what one row holds. Axes of size 1 stretch, and a stretched
 * value is kept unstretched. Equal nodes are one node, so that a graph can be compared by identity.
 */
import { exactText } from '../plain/said.js'
import { productOfSizes } from '../kernels/dense.js'
import { type FoldOperation } from '../kernels/operation.js'

export type { FoldOperation } from '../kernels/operation.js'

export type Shape = ReadonlyArray<number>

/** Computed for each row, or once a call: from parameters, constants, and sums over the rows. */
export type NodeScope = 'rows' | 'once'

/** What a node does with its inputs. */
export type NodeOperation =
  /** A number. */
  | { readonly kind: 'constant'; readonly value: number }
  /** Numbers that are the same in every call. */
  | { readonly kind: 'array'; readonly values: Float64Array }
  /** Parameters have names of their own: a constant may be called the same. */
  | { readonly kind: 'input'; readonly name: string; readonly isParameter?: true }
  /** How many rows there are. */
  | { readonly kind: 'count' }
  /** The kernel of this name, entry by entry; sizes align from the right. */
  | { readonly kind: 'entrywise'; readonly kernel: string; readonly attrs: Attrs }
  /** Folds axes, which stay with size 1. */
  | { readonly kind: 'reduce'; readonly fold: FoldOperation; readonly axes: ReadonlyArray<number> }
  /** Entries in the same order under another shape. */
  | { readonly kind: 'reshape' }
  /** Entry i is entry table[i] of all inputs, one after the other. */
  | { readonly kind: 'pick'; readonly table: ReadonlyArray<number> }
  /** [..., k] · [k, n], or its transpose; the second is computed once. */
  | { readonly kind: 'product'; readonly transposed: boolean }
  /** |x − m|² for each row m of a matrix: [..., k], [n, k] → [..., n]; the second is computed once. */
  | { readonly kind: 'distances' }
  /** Σ over the rows. */
  | { readonly kind: 'rowSum' }
  /** Σ over the rows of aᵢ bⱼ: [m], [n] → [m, n]; of several of each row, [q, m], [q, n], over these too. */
  | { readonly kind: 'rowDot' }
  /** An output of a kernel that has no code of its own; axes of its attributes are those of one row. */
  | { readonly kind: 'kernel'; readonly kernel: string; readonly attrs: Attrs; readonly output: number }

/** What a node does that is computed from its inputs alone. */
export type ComputedOperation = Exclude<NodeOperation, { readonly kind: 'input' | 'count' | 'rowSum' | 'rowDot' }>

/** Whether it is neither brought by a call nor a sum over its rows. */
export const isComputed = (does: NodeOperation): does is ComputedOperation =>
  does.kind !== 'input' && does.kind !== 'count' && does.kind !== 'rowSum' && does.kind !== 'rowDot'

export type Attrs = Readonly<Record<string, number | boolean | ReadonlyArray<number>>>

export interface GraphNode {
  readonly id: number
  readonly does: NodeOperation
  readonly ins: ReadonlyArray<GraphNode>
  readonly shape: Shape
  readonly scope: NodeScope
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** How many numbers a node is, one row of it if it is of rows. */
export const nodeWidth = ({ shape }: GraphNode): number => productOfSizes(shape)

/** The number that a node is in every call; undefined if it is none. */
export const constantValue = ({ does }: GraphNode): number | undefined =>
  does.kind === 'constant' ? does.value : undefined

/** Whether a node is one number for all rows. */
export const isScalar = (node: GraphNode): boolean => node.scope === 'once' && nodeWidth(node) === 1

const attributesText = (attrs: Attrs): string =>
  Object.entries(attrs)
    .map(
      ([name, value]) =>
        ` ${name} ${typeof value === 'object' ? `[${value.join(', ')}]` : typeof value === 'number' ? exactText(value) : value}`
    )
    .join('')

/** What a node does, in words: two nodes that do the same with the same inputs are one. */
export const operationText = (does: NodeOperation): string => {
  switch (does.kind) {
    case 'constant':
      return exactText(does.value)
    case 'array':
      return `array ${Array.from(does.values, exactText).join(' ')}`
    case 'input':
      return `${does.isParameter === true ? 'parameter' : 'input'} ${does.name}`
    case 'count':
      return 'number of rows'
    case 'entrywise':
      return does.kernel.toLowerCase() + attributesText(does.attrs)
    case 'reduce':
      return `${does.fold.toLowerCase()} over ${does.axes.join(', ')}`
    case 'pick':
      return `pick ${does.table.join(' ')}`
    case 'product':
      return does.transposed ? 'product ᵀ' : 'product'
    case 'distances':
      return 'squared distances'
    case 'rowSum':
      return 'sum over rows'
    case 'rowDot':
      return 'product over rows'
    case 'kernel':
      return `kernel ${does.kernel}${attributesText(does.attrs)}${does.output > 0 ? ` output ${does.output}` : ''}`
    case 'reshape':
      return 'reshape'
  }
}

/** Makes nodes, each once. */
export interface Graph {
  readonly node: (does: NodeOperation, ins: ReadonlyArray<GraphNode>, shape: Shape, scope: NodeScope) => GraphNode
}

export const graph = (): Graph => {
  const known = new Map<string, GraphNode>()
  return {
    node: (does, ins, shape, scope) => {
      const key = `${scope} [${shape.join()}] ${operationText(does)} (${ins.map(({ id }) => id).join()})`
      const old = known.get(key)
      if (old !== undefined) return old
      const fresh: GraphNode = { id: known.size, does, ins, shape, scope }
      known.set(key, fresh)
      return fresh
    }
  }
}

/** The nodes that the outputs are made of, every one after its inputs. */
export const topologicalOrder = (outputs: ReadonlyArray<GraphNode>): ReadonlyArray<GraphNode> => {
  const live = new Set<GraphNode>()
  const pending = [...outputs]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (live.has(node)) continue
    live.add(node)
    pending.push(...node.ins)
  }
  // a node is made after its inputs
  return [...live].sort((a, b) => a.id - b.id)
}

export const isSumOverRows = ({ does }: GraphNode): boolean => does.kind === 'rowSum' || does.kind === 'rowDot'

/** Of nodes in their order those that are sums over the rows, or made of such. */
export const nodesAfterRows = (nodes: ReadonlyArray<GraphNode>): ReadonlySet<GraphNode> => {
  const after = new Set<GraphNode>()
  for (const node of nodes) if (isSumOverRows(node) || node.ins.some(input => after.has(input))) after.add(node)
  return after
}

const ellipsized = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text)

/** A graph as text, a node a line; in full, it is that of no other graph. */
export const printGraph = (outputs: Readonly<Record<string, GraphNode>>, inFull = false): string => {
  const told = (does: NodeOperation): string => (inFull ? operationText(does) : ellipsized(operationText(does)))
  const nodes = topologicalOrder(Object.values(outputs))
  const numbers = new Map(nodes.map((node, i) => [node, i]))
  const refer = (node: GraphNode): string => {
    const value = constantValue(node)
    return value === undefined ? `%${numbers.get(node) ?? -1}` : exactText(value)
  }
  const shapeOf = ({ scope, shape }: GraphNode): string =>
    `[${[...(scope === 'rows' ? ['rows'] : []), ...shape].join(', ')}]`
  return [
    ...nodes
      .filter(node => node.does.kind !== 'constant')
      .map(node => `${refer(node)} = ${[told(node.does), ...node.ins.map(refer)].join(' ')} : ${shapeOf(node)}`),
    ...Object.entries(outputs).map(([name, node]) => `${name} = ${refer(node)}`)
  ].join('\n')
}
