/**
 * Graph of a computation. A node is computed for each row of the data, or once per call; its shape is that for one row. Axes of size 1
 * broadcast. Equal nodes are the same object.
 */
import { exactText } from '../plain/said.js'
import { productOfSizes, type Attrs, type FoldOperation } from '../kernels/dense.js'

export type { Attrs, FoldOperation } from '../kernels/dense.js'

export type Shape = ReadonlyArray<number>

/** 'rows': for each row; 'once': once per call, from parameters, constants and sums over the rows. */
export type NodeScope = 'rows' | 'once'

export type NodeOperation =
  | { readonly kind: 'constant'; readonly value: number }
  /** Numbers equal in every call. */
  | { readonly kind: 'array'; readonly values: Float64Array }
  /** Parameters and constants may have equal names. */
  | { readonly kind: 'input'; readonly name: string; readonly isParameter?: true }
  | { readonly kind: 'count' }
  /** Entrywise kernel; shapes align from the right. */
  | { readonly kind: 'entrywise'; readonly kernel: string; readonly attrs: Attrs }
  /** Axes are kept with size 1. */
  | { readonly kind: 'reduce'; readonly fold: FoldOperation; readonly axes: ReadonlyArray<number> }
  | { readonly kind: 'reshape' }
  /** Entry i is entry table[i] of the concatenated inputs. */
  | { readonly kind: 'pick'; readonly table: ReadonlyArray<number> }
  /** [..., k] · [k, n], or the transpose of [n, k]; the second factor is computed once per call. */
  | { readonly kind: 'product'; readonly transposed: boolean }
  /** |x − m|² to each row m of a matrix: [..., k], [n, k] → [..., n]. The matrix is computed once per call. */
  | { readonly kind: 'distances' }
  | { readonly kind: 'rowSum' }
  /** Σ over the rows of aᵢ bⱼ: [m], [n] → [m, n]; or also over q for [q, m], [q, n]. */
  | { readonly kind: 'rowDot' }
  /** Output of an interpreted kernel; its attributes name axes of the shape for one row. */
  | { readonly kind: 'kernel'; readonly kernel: string; readonly attrs: Attrs; readonly output: number }

/** Operation of a node computed from its inputs alone. */
export type ComputedOperation = Exclude<NodeOperation, { readonly kind: 'input' | 'count' | 'rowSum' | 'rowDot' }>

/** True unless the operation is an input, the number of rows or a sum over rows; constants count as computed. */
export const isComputed = (does: NodeOperation): does is ComputedOperation =>
  does.kind !== 'input' && does.kind !== 'count' && does.kind !== 'rowSum' && does.kind !== 'rowDot'

export interface GraphNode {
  readonly id: number
  readonly does: NodeOperation
  readonly ins: ReadonlyArray<GraphNode>
  readonly shape: Shape
  readonly scope: NodeScope
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** Number of entries of a node, per row or per call. */
export const nodeWidth = ({ shape }: GraphNode): number => productOfSizes(shape)

/** Value of a constant node; undefined for other nodes. */
export const constantValue = ({ does }: GraphNode): number | undefined =>
  does.kind === 'constant' ? does.value : undefined

/** True for one number that all rows share. */
export const isScalar = (node: GraphNode): boolean => node.scope === 'once' && nodeWidth(node) === 1

const attributesText = (attrs: Attrs): string =>
  Object.entries(attrs)
    .map(
      ([name, value]) =>
        ` ${name} ${typeof value === 'object' ? `[${value.join(', ')}]` : typeof value === 'number' ? exactText(value) : value}`
    )
    .join('')

/** Text that identifies an operation; nodes with equal text and inputs are one node. */
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

export interface Graph {
  readonly node: (does: NodeOperation, ins: ReadonlyArray<GraphNode>, shape: Shape, scope: NodeScope) => GraphNode
}

export type UnaryNode = (x: GraphNode) => GraphNode
export type BinaryNode = (a: GraphNode, b: GraphNode) => GraphNode

/** Constructors of the nodes of a graph. */
export interface Algebra extends Graph {
  readonly constant: (value: number) => GraphNode
  readonly entrywise: (kernel: string, ins: ReadonlyArray<GraphNode>, attrs?: Attrs) => GraphNode
  readonly add: BinaryNode
  readonly sub: BinaryNode
  readonly mul: BinaryNode
  readonly div: BinaryNode
  readonly neg: UnaryNode
  readonly square: UnaryNode
  readonly reciprocal: UnaryNode
  /** Sum over axes, which are kept with size 1. */
  readonly sum: (x: GraphNode, axes: ReadonlyArray<number>) => GraphNode
  readonly reduce: (fold: FoldOperation, x: GraphNode, axes: ReadonlyArray<number>) => GraphNode
  readonly reshaped: (x: GraphNode, shape: Shape) => GraphNode
  readonly stretched: (x: GraphNode, shape: Shape) => GraphNode
  readonly pick: (sources: ReadonlyArray<GraphNode>, table: ReadonlyArray<number>, shape: Shape) => GraphNode
  /** Transpose. */
  readonly flipped: (matrix: GraphNode) => GraphNode
  readonly product: (x: GraphNode, matrix: GraphNode, transposed: boolean) => GraphNode
  readonly distances: (x: GraphNode, matrix: GraphNode) => GraphNode
  readonly rowSum: (x: GraphNode) => GraphNode
  readonly rowDot: (a: GraphNode, b: GraphNode) => GraphNode
  /** c · x. */
  readonly times: (c: number, x: GraphNode) => GraphNode
  /** True if a node depends on an input that differs between versions. */
  readonly varies: (x: GraphNode) => boolean
}

/** Returns an empty graph. */
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

/** Nodes on which the outputs depend, each after its inputs. */
export const topologicalOrder = (outputs: ReadonlyArray<GraphNode>): ReadonlyArray<GraphNode> => {
  const live = new Set<GraphNode>()
  const pending = [...outputs]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (live.has(node)) continue
    live.add(node)
    pending.push(...node.ins)
  }
  // A node has a larger id than its inputs.
  return [...live].sort((a, b) => a.id - b.id)
}

export const isSumOverRows = ({ does }: GraphNode): boolean => does.kind === 'rowSum' || does.kind === 'rowDot'

/** Nodes that are or depend on sums over the rows; `nodes` are in topological order. */
export const nodesAfterRows = (nodes: ReadonlyArray<GraphNode>): ReadonlySet<GraphNode> => {
  const after = new Set<GraphNode>()
  for (const node of nodes) if (isSumOverRows(node) || node.ins.some(input => after.has(input))) after.add(node)
  return after
}

const ellipsized = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text)

/** Text of a graph, one node a line. Unabridged text identifies the graph. Default: abridged. */
export const printGraph = (
  outputs: Readonly<Record<string, GraphNode>>,
  { isAbridged = true }: { readonly isAbridged?: boolean } = {}
): string => {
  const textOf = (does: NodeOperation): string => (isAbridged ? ellipsized(operationText(does)) : operationText(does))
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
      .map(node => `${refer(node)} = ${[textOf(node.does), ...node.ins.map(refer)].join(' ')} : ${shapeOf(node)}`),
    ...Object.entries(outputs).map(([name, node]) => `${name} = ${refer(node)}`)
  ].join('\n')
}
