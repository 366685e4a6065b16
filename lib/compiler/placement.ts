/**
 * Phase 4. What runs where, and where values lie. Nodes computed once a call are hoisted out of the rows, before or after them;
 * those of rows become items: loops over the entries of a row, into which as many nodes as can share one are fused, and others.
 *
 * Rows lie in panels of 8, along the lanes: entry j of the rows of a panel are 64 bytes side by side, or 32 of floats. There are
 * no tails and no shuffles: what is one number a row is a vector, and a sum over entries adds vectors. What an item leaves for another is
 * in the scratch space of a chunk, at a fixed address for every panel; operands of products over the rows are kept for a
 * tile of panels.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { isMap, isNative } from './entrywise.js'
import {
  nodesAfterRows,
  operationText,
  isSumOverRows,
  topologicalOrder,
  sameShape,
  nodeWidth,
  type GraphNode,
  type Shape
} from './graph.js'
import { PANEL_ROWS, type Lanes } from './lanes.js'
import { refuseToCompile } from './refusal.js'

/** So many entries of a row are written out one by one. */
const MAX_UNROLLED_ENTRIES = 4

export type Item =
  | { readonly kind: 'loop'; readonly space: Shape; readonly nodes: GraphNode[] }
  | { readonly kind: 'product' | 'distances' | 'map' | 'pick' | 'kernel'; readonly node: GraphNode }

/** Where the entries of a panel are. */
export type Buffer =
  /** An input's, in memory for all rows. */
  | { readonly kind: 'given'; readonly input: string; readonly width: number }
  /** In the scratch space, for one panel or for each of a tile. */
  | { readonly kind: 'panel' | 'tile'; readonly at: number; readonly width: number }

/** What is drawn: normals, or χ² of so many degrees. */
export type DrawDistribution = 'normal' | number

export interface Location {
  readonly buffer: Buffer
  /** The first of its entries there. */
  readonly entry: number
}

export interface MemoryLayout {
  readonly lanes: Lanes
  readonly before: ReadonlyArray<GraphNode>
  readonly after: ReadonlyArray<GraphNode>
  readonly items: ReadonlyArray<Item>
  /** Σ over the rows, each with its bytes from the start of a chunk's results. */
  readonly sums: ReadonlyArray<{ readonly node: GraphNode; readonly at: number }>
  readonly sumBytes: number
  readonly scratchBytes: number
  /** Nodes computed once that rows read, each with its bytes from the start of the parameters. */
  readonly parameters: ReadonlyArray<{ readonly node: GraphNode; readonly at: number }>
  readonly parameterBytes: number
  readonly given: ReadonlyArray<{ readonly name: string; readonly width: number }>
  readonly drawn: ReadonlyArray<{
    readonly name: string
    readonly law: DrawDistribution
    readonly buffer: Buffer
    readonly staging: number
  }>
  readonly outputs: ReadonlyArray<{ readonly name: string; readonly node: GraphNode }>
  readonly locate: (node: GraphNode) => Location
  /** Where a node computed once is, among the parameters. */
  readonly parameter: (node: GraphNode) => number
  readonly sumAt: (node: GraphNode) => number
  readonly isStored: (node: GraphNode) => boolean
}

/** Entries that are a run of those of one input, which need not be moved. */
const firstOfRun = ({ does, ins, scope }: GraphNode): number | undefined =>
  does.kind === 'pick' && scope === 'rows' && ins.length === 1 && does.table.every((i, at) => i === does.table[0] + at)
    ? does.table[0]
    : undefined

/** The node whose entries a node shows under another shape, and the first of them. */
export const sourceEntry = (node: GraphNode): { readonly node: GraphNode; readonly entry: number } => {
  if (node.scope !== 'rows') return { node, entry: 0 }
  const start = node.does.kind === 'reshape' ? 0 : firstOfRun(node)
  if (start === undefined) return { node, entry: 0 }
  const source = sourceEntry(node.ins[0])
  return { node: source.node, entry: source.entry + start }
}

/** Whether a product over the rows is of the same twice, one perhaps times a number for each line: it is symmetric. */
export const isSymmetricProduct = ({ does, ins, shape }: GraphNode): boolean => {
  const [length, breadth] = shape
  // parts of one value that begin together need not end together
  if (does.kind !== 'rowDot' || length !== breadth) return false
  const [a, b] = ins.map(sourceEntry)
  const isTimes = (scaled: typeof a, plain: typeof a): boolean => {
    const { does, ins, shape } = scaled.node
    const other = ins.find(x => x !== plain.node)
    return (
      does.kind === 'entrywise' &&
      does.kernel === 'Multiply' &&
      ins.includes(plain.node) &&
      sameShape(shape, plain.node.shape) &&
      shape.at(-1) === length &&
      scaled.entry === plain.entry &&
      scaled.entry % length === 0 &&
      (other?.shape.at(-1) ?? 1) === 1
    )
  }
  return (a.node === b.node && a.entry === b.entry) || isTimes(a, b) || isTimes(b, a)
}

/** Sizes that a loop runs over: an axis of size 1 is none. */
const spaceOf = (shape: Shape): Shape => shape.filter(n => n !== 1)

/** Axes of a loop's space that are written out, the innermost ones. */
export const unrolledAxes = (space: Shape): number => {
  if (sizeOf(space) <= MAX_UNROLLED_ENTRIES) return space.length
  return (space.at(-1) ?? 1) <= MAX_UNROLLED_ENTRIES ? 1 : 0
}

/** Steps through a node of shape `own`, in entries, along the axes of a loop over `full` that are longer than 1. */
export const stepsOver = (own: Shape, full: Shape): ReadonlyArray<number> => {
  const lead = full.length - own.length
  const steps: number[] = []
  let step = 1
  for (let axis = full.length - 1; axis >= 0; axis--) {
    const length = axis < lead ? 1 : own[axis - lead]
    if (full[axis] !== 1) steps.unshift(length === 1 ? 0 : step)
    step *= length
  }
  return steps
}

/** The shape of what a loop runs over for a node: its entries, or those that it folds. */
export const iterationShape = (node: GraphNode): Shape =>
  node.does.kind === 'entrywise' ? node.shape : node.ins[0].shape

/** The entries of a loop: its outer axes are loops, the inner ones, few entries, are written out as columns. */
export interface Turns {
  readonly outer: Shape
  readonly columns: number
  /** The entry of a column, by the steps of what is read along the axes. */
  readonly entry: (steps: Shape, column: number) => number
}

export const turnsOf = (space: Shape): Turns => {
  const flat = space.length - unrolledAxes(space)
  const outer = space.slice(0, flat)
  const inner = space.slice(flat)
  const columns = sizeOf(inner)
  const coordinates = Array.from({ length: columns }, (_, c) => {
    const at: number[] = []
    for (let axis = inner.length - 1, rest = c; axis >= 0; axis--) {
      at.unshift(rest % inner[axis])
      rest = Math.floor(rest / inner[axis])
    }
    return at
  })
  return {
    outer,
    columns,
    entry: (steps, c) => coordinates[c].reduce((sum, x, axis) => sum + x * steps[flat + axis], 0)
  }
}

/** The axes of the space that a reduction folds. */
export const foldedAxes = (node: GraphNode): ReadonlyArray<number> => {
  const { does, ins } = node
  if (does.kind !== 'reduce') return []
  const long = ins[0].shape.map((n, i) => [n, i]).filter(([n]) => n !== 1)
  return long.flatMap(([, axis], at) => (does.axes.includes(axis) ? [at] : []))
}

/** Whether the result of a reduction is there while its loop runs. */
export const isFoldedInRegisters = (node: GraphNode, space: Shape): boolean =>
  foldedAxes(node).every(axis => axis >= space.length - unrolledAxes(space))

/**
 * Whether the entries of its source that a user reads in a turn of their loop are those that the same turn makes. Of others, as
 * of p₀ in p₀ x, the source's loop is to be over first.
 */
const isAtHand = (operand: GraphNode, user: GraphNode, space: Shape): boolean => {
  const { node: source, entry } = sourceEntry(operand)
  const { outer, columns, entry: entryOf } = turnsOf(space)
  const made = stepsOver(source.shape, iterationShape(source))
  const read = stepsOver(operand.shape, iterationShape(user))
  const all = Array.from({ length: columns }, (_, c) => c)
  const there = new Set(all.map(c => entryOf(made, c)))
  return outer.every((_, axis) => made[axis] === read[axis]) && all.every(c => there.has(entry + entryOf(read, c)))
}

const alignTo64 = (bytes: number): number => (bytes + 63) & ~63

const isInput = ({ does }: GraphNode): boolean => does.kind === 'input'

const loopsOver = (item: Item, space: Shape): boolean => item.kind === 'loop' && sameShape(item.space, space)

/** What is done one after another, and where each node is done. */
const scheduleItems = (
  nodes: ReadonlyArray<GraphNode>
): { readonly items: ReadonlyArray<Item>; readonly itemOf: ReadonlyMap<GraphNode, number> } => {
  const items: Item[] = []
  const itemOf = new Map<GraphNode, number>()
  /** The first item in which a node of a loop may read another. */
  const readyFrom = (operand: GraphNode, user: GraphNode, space: Shape): number => {
    const { node: source } = sourceEntry(operand)
    const at = itemOf.get(source)
    if (at === undefined) return 0
    return loopsOver(items[at], space) && isFoldedInRegisters(source, space) && isAtHand(operand, user, space)
      ? at
      : at + 1
  }
  for (const node of nodes) {
    const { does, ins, scope } = node
    if ((scope === 'once' && does.kind !== 'rowSum') || isInput(node) || sourceEntry(node).node !== node) continue
    const isLoop =
      does.kind === 'rowSum' || does.kind === 'reduce' || (does.kind === 'entrywise' && isNative(does.kernel))
    if (isLoop) {
      const space = spaceOf(iterationShape(node))
      const from = Math.max(0, ...ins.map(input => readyFrom(input, node, space)))
      let at = items.length - 1
      while (at >= from && !loopsOver(items[at], space)) at--
      const item = items[at] as Item | undefined
      if (at >= from && item?.kind === 'loop') item.nodes.push(node)
      else items.push({ kind: 'loop', space, nodes: [node] })
      itemOf.set(node, at >= from ? at : items.length - 1)
      continue
    }
    const kind =
      does.kind === 'product' || does.kind === 'distances' || does.kind === 'pick' || does.kind === 'kernel'
        ? does.kind
        : does.kind === 'entrywise'
          ? isMap(does.kernel)
            ? 'map'
            : 'kernel'
          : refuseToCompile(`a node of rows that is ${does.kind}`)
    items.push({ kind, node })
    itemOf.set(node, items.length - 1)
  }
  return { items, itemOf }
}

/** The nodes that an item leaves for others, and those of them that are multiplied over the rows. */
const storedNodes = (
  nodes: ReadonlyArray<GraphNode>,
  items: ReadonlyArray<Item>,
  itemOf: ReadonlyMap<GraphNode, number>,
  rowsOut: MemoryLayout['outputs']
): { readonly stored: ReadonlySet<GraphNode>; readonly dotted: ReadonlySet<GraphNode> } => {
  const stored = new Set<GraphNode>()
  const dotted = new Set<GraphNode>()
  for (const node of nodes) {
    if (node.scope !== 'rows' && !isSumOverRows(node)) continue
    for (const input of node.ins) {
      if (input.scope !== 'rows') continue
      const { node: source } = sourceEntry(input)
      if (node.does.kind === 'rowDot') dotted.add(source)
      const isShared = sourceEntry(node).node !== node
      if (!isShared && itemOf.get(source) !== itemOf.get(node)) stored.add(source)
      if (node.does.kind === 'rowDot') stored.add(source)
    }
    const at = itemOf.get(node)
    // only loops keep values in registers
    if (node.scope === 'rows' && at !== undefined && items[at].kind !== 'loop') stored.add(node)
    // so does a reduction that is known when its loop is over
    const item = at === undefined ? undefined : items[at]
    if (item?.kind === 'loop' && node.does.kind === 'reduce' && !isFoldedInRegisters(node, item.space)) stored.add(node)
  }
  for (const { node } of rowsOut) stored.add(sourceEntry(node).node)
  return { stored, dotted }
}

export const layoutGraph = (
  outputs: Readonly<Record<string, GraphNode>>,
  lawOf: (input: string) => DrawDistribution | null,
  lanes: Lanes
): MemoryLayout => {
  const { bytes, line, tile } = lanes
  const nodes = topologicalOrder(Object.values(outputs))
  const later = nodesAfterRows(nodes)
  for (const node of nodes) {
    if (node.scope === 'rows' && nodeWidth(node) === 0) refuseToCompile('a value of no entries')
    if (node.scope === 'rows' && node.ins.some(input => later.has(input)))
      refuseToCompile(
        `${operationText(node.does)}: what a row computes depends on a sum over all rows: it would take a second pass over them`
      )
  }
  const once = nodes.filter(node => node.scope === 'once' && !isSumOverRows(node))

  const { items, itemOf } = scheduleItems(nodes)
  const rowsOut = Object.entries(outputs).flatMap(([name, node]) => (node.scope === 'rows' ? [{ name, node }] : []))
  const { stored, dotted } = storedNodes(nodes, items, itemOf, rowsOut)

  // —— memory ——
  let scratch = 0
  const room = (bytes: number): number => {
    const at = scratch
    scratch = alignTo64(scratch + bytes)
    return at
  }
  const buffers = new Map<GraphNode, Buffer>()
  const placed = (node: GraphNode): Buffer => {
    const kind = dotted.has(node) ? 'tile' : 'panel'
    return { kind, width: nodeWidth(node), at: room(nodeWidth(node) * line * (kind === 'tile' ? tile : 1)) }
  }
  const given: { name: string; width: number }[] = []
  const drawn: { name: string; law: DrawDistribution; buffer: Buffer; staging: number }[] = []
  for (const node of nodes) {
    if (node.scope !== 'rows') continue
    if (node.does.kind === 'input') {
      const { name } = node.does
      const law = lawOf(name)
      if (law !== null) {
        const buffer = placed(node)
        drawn.push({ name, law, buffer, staging: room(nodeWidth(node) * PANEL_ROWS * 8 * tile) })
        buffers.set(node, buffer)
      } else {
        given.push({ name, width: nodeWidth(node) })
        buffers.set(node, { kind: 'given', input: name, width: nodeWidth(node) })
      }
    } else if (stored.has(node) && sourceEntry(node).node === node) buffers.set(node, placed(node))
  }
  let sumBytes = 0
  const sums = nodes.filter(isSumOverRows).map(node => {
    const at = sumBytes
    sumBytes = alignTo64(sumBytes + nodeWidth(node) * 16)
    return { node, at }
  })
  const read = new Set(
    nodes
      .filter(node => node.scope === 'rows' || isSumOverRows(node))
      .flatMap(({ ins }) => ins.filter(({ scope }) => scope === 'once'))
  )
  let parameterBytes = 0
  const parameters = [...read]
    .filter(({ does }) => does.kind !== 'constant')
    .map(node => {
      const at = parameterBytes
      parameterBytes = alignTo64(parameterBytes + nodeWidth(node) * bytes)
      return { node, at }
    })
  const parameterAt = new Map(parameters.map(({ node, at }) => [node, at]))
  const sumAt = new Map(sums.map(({ node, at }) => [node, at]))
  const locate = (node: GraphNode): Location => {
    const { node: source, entry } = sourceEntry(node)
    return { buffer: buffers.get(source) ?? refuseToCompile('a value that is nowhere'), entry }
  }
  return {
    lanes,
    before: once.filter(node => !later.has(node)),
    after: once.filter(node => later.has(node)),
    items,
    sums,
    sumBytes,
    scratchBytes: scratch,
    parameters,
    parameterBytes,
    given,
    drawn,
    outputs: rowsOut,
    locate,
    parameter: node => parameterAt.get(node) ?? refuseToCompile('a parameter that is nowhere'),
    sumAt: node => sumAt.get(node) ?? refuseToCompile('a sum that is nowhere'),
    isStored: node => buffers.has(node)
  }
}

/** What runs where, as text. */
export const printLayout = ({ before, items, sums, after, scratchBytes }: MemoryLayout): string => {
  const name = ({ does }: GraphNode): string =>
    does.kind === 'entrywise' ? does.kernel : does.kind === 'reduce' ? does.fold.toLowerCase() : does.kind
  return [
    `before the rows: ${before.length} nodes`,
    ...items.map((item, i) =>
      item.kind === 'loop'
        ? `item ${i}: loop over [${item.space.join(', ')}]: ${item.nodes.map(name).join(', ')}`
        : `item ${i}: ${item.kind} [${item.node.shape.join(', ')}]${item.kind === 'map' || item.kind === 'kernel' ? ` ${name(item.node)}` : ''}`
    ),
    ...sums
      .filter(({ node }) => node.does.kind === 'rowDot')
      .map(({ node }) => `for each tile: product over rows [${node.shape.join(', ')}]`),
    `after the rows: ${after.length} nodes`,
    `scratch space of a chunk: ${scratchBytes} bytes`
  ].join('\n')
}
