/**
 * Phase 4: scheduling and buffer assignment. Nodes per row become items: fused loops over the entries of a row, and other operations.
 *
 * Rows lie in panels of 8, along the lanes: entry j of a panel is 64 consecutive bytes, or 32 in float32. Values passed between items are
 * in a chunk's scratch space, at one address for all panels; operands of products over the rows are kept for a tile of panels.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { isPanelMap, isNative } from './entrywise.js'
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

const MAX_UNROLLED_ENTRIES = 4

export type Item =
  | { readonly kind: 'loop'; readonly space: Shape; readonly nodes: GraphNode[] }
  | { readonly kind: 'product' | 'distances' | 'map' | 'pick' | 'kernel'; readonly node: GraphNode }

export type Buffer =
  /** Panels of an input, for all rows. */
  | { readonly kind: 'given'; readonly input: string; readonly width: number }
  /** Scratch space at byte `at`, for one panel or each panel of a tile. */
  | { readonly kind: 'panel' | 'tile'; readonly at: number; readonly width: number }

/** Normal, or χ² with this number of degrees of freedom. */
export type DrawDistribution = 'normal' | number

export interface Location {
  readonly buffer: Buffer
  /** Index of the first entry in the buffer. */
  readonly entry: number
}

export interface MemoryLayout {
  readonly lanes: Lanes
  readonly before: ReadonlyArray<GraphNode>
  readonly after: ReadonlyArray<GraphNode>
  readonly items: ReadonlyArray<Item>
  /** Sums over the rows, with their byte in a chunk's results. */
  readonly sums: ReadonlyArray<{ readonly node: GraphNode; readonly at: number }>
  readonly sumBytes: number
  readonly scratchBytes: number
  /** Nodes per call that rows read, with their byte among the parameters. */
  readonly parameters: ReadonlyArray<{ readonly node: GraphNode; readonly at: number }>
  readonly parameterBytes: number
  readonly given: ReadonlyArray<{ readonly name: string; readonly width: number }>
  readonly drawn: ReadonlyArray<{
    readonly name: string
    readonly distribution: DrawDistribution
    readonly buffer: Buffer
    /** Byte of the scratch space where draws are made, row after row, before they are packed. */
    readonly staging: number
  }>
  readonly outputs: ReadonlyArray<{ readonly name: string; readonly node: GraphNode }>
  readonly locate: (node: GraphNode) => Location
  /** Byte of a node among the parameters. */
  readonly parameter: (node: GraphNode) => number
  readonly sumAt: (node: GraphNode) => number
  readonly isStored: (node: GraphNode) => boolean
}

/** First entry if a node picks consecutive entries of one input; otherwise undefined. */
const firstOfRun = ({ does, ins, scope }: GraphNode): number | undefined =>
  does.kind === 'pick' && scope === 'rows' && ins.length === 1 && does.table.every((i, at) => i === does.table[0] + at)
    ? does.table[0]
    : undefined

/** Node whose entries a node shares by reshapes and consecutive picks, and the first of them. */
export const sourceEntry = (node: GraphNode): { readonly node: GraphNode; readonly entry: number } => {
  if (node.scope !== 'rows') return { node, entry: 0 }
  const start = node.does.kind === 'reshape' ? 0 : firstOfRun(node)
  if (start === undefined) return { node, entry: 0 }
  const source = sourceEntry(node.ins[0])
  return { node: source.node, entry: source.entry + start }
}

/** True for a product over the rows of equal factors, or of factors that differ by a number for each line. */
export const isSymmetricProduct = ({ does, ins, shape }: GraphNode): boolean => {
  const [length, breadth] = shape
  // parts of one value that begin at the same entry may differ in length
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

const spaceOf = (shape: Shape): Shape => shape.filter(n => n !== 1)

/** Number of innermost axes that are unrolled. */
export const unrolledAxes = (space: Shape): number => {
  if (sizeOf(space) <= MAX_UNROLLED_ENTRIES) return space.length
  return (space.at(-1) ?? 1) <= MAX_UNROLLED_ENTRIES ? 1 : 0
}

/** Steps, in entries, through a node of shape `own` along the axes of `full` longer than 1. */
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

/** Shape over which a node's loop runs: its own, or that of the input it reduces. */
export const iterationShape = (node: GraphNode): Shape =>
  node.does.kind === 'entrywise' ? node.shape : node.ins[0].shape

/** Iteration over a loop's space: outer axes are loops, inner axes of few entries are unrolled as columns. */
export interface Turns {
  readonly outer: Shape
  readonly columns: number
  /** Entry of a column, from the value's steps along all axes. */
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

/** Axes of the loop's space that a reduction folds. */
export const foldedAxes = (node: GraphNode): ReadonlyArray<number> => {
  const { does, ins } = node
  if (does.kind !== 'reduce') return []
  const long = ins[0].shape.map((n, i) => [n, i]).filter(([n]) => n !== 1)
  return long.flatMap(([, axis], at) => (does.axes.includes(axis) ? [at] : []))
}

export const isFoldedInRegisters = (node: GraphNode, space: Shape): boolean =>
  foldedAxes(node).every(axis => axis >= space.length - unrolledAxes(space))

/**
 * True if `user` reads, in each iteration of a common loop, entries computed in that iteration. Otherwise the loop of the source must end
 * first, as in p₀ x, where each iteration reads the entry p₀.
 */
const isMadeInSameTurn = (operand: GraphNode, user: GraphNode, space: Shape): boolean => {
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

const scheduleItems = (
  nodes: ReadonlyArray<GraphNode>
): { readonly items: ReadonlyArray<Item>; readonly itemOf: ReadonlyMap<GraphNode, number> } => {
  const items: Item[] = []
  const itemOf = new Map<GraphNode, number>()
  /** First item in which a loop's node may read an operand. */
  const readyFrom = (operand: GraphNode, user: GraphNode, space: Shape): number => {
    const { node: source } = sourceEntry(operand)
    const at = itemOf.get(source)
    if (at === undefined) return 0
    return loopsOver(items[at], space) && isFoldedInRegisters(source, space) && isMadeInSameTurn(operand, user, space)
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
          ? isPanelMap(does.kernel)
            ? 'map'
            : 'kernel'
          : refuseToCompile(`a node of rows that is ${does.kind}`)
    items.push({ kind, node })
    itemOf.set(node, items.length - 1)
  }
  return { items, itemOf }
}

/** Nodes that need a buffer; `dotted` are the factors of products over the rows. */
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
    // only within a loop do values stay in registers
    if (node.scope === 'rows' && at !== undefined && items[at].kind !== 'loop') stored.add(node)
    // a reduction along loops is known when its loop ends
    const item = at === undefined ? undefined : items[at]
    if (item?.kind === 'loop' && node.does.kind === 'reduce' && !isFoldedInRegisters(node, item.space)) stored.add(node)
  }
  for (const { node } of rowsOut) stored.add(sourceEntry(node).node)
  return { stored, dotted }
}

/** Refuses nodes without entries, and rows that depend on a sum over all rows. */
const checkRows = (nodes: ReadonlyArray<GraphNode>, later: ReadonlySet<GraphNode>): void => {
  for (const node of nodes) {
    if (node.scope === 'rows' && nodeWidth(node) === 0) refuseToCompile('a value of no entries')
    if (node.scope === 'rows' && node.ins.some(input => later.has(input)))
      refuseToCompile(
        `${operationText(node.does)}: what a row computes depends on a sum over all rows: it would take a second pass over them`
      )
  }
}

/** Places values one after another at multiples of 64 bytes. */
const placeInOrder = (
  nodes: ReadonlyArray<GraphNode>,
  entryBytes: number
): { readonly placed: MemoryLayout['sums']; readonly bytes: number } => {
  let bytes = 0
  const placed = nodes.map(node => {
    const at = bytes
    bytes = alignTo64(bytes + nodeWidth(node) * entryBytes)
    return { node, at }
  })
  return { placed, bytes }
}

interface AssignedBuffers extends Pick<MemoryLayout, 'given' | 'drawn' | 'scratchBytes'> {
  readonly buffers: ReadonlyMap<GraphNode, Buffer>
}

const assignBuffers = (
  nodes: ReadonlyArray<GraphNode>,
  { stored, dotted }: ReturnType<typeof storedNodes>,
  distributionOf: (input: string) => DrawDistribution | null,
  { line, tile }: Lanes
): AssignedBuffers => {
  let scratchBytes = 0
  const allocate = (bytes: number): number => {
    const at = scratchBytes
    scratchBytes = alignTo64(scratchBytes + bytes)
    return at
  }
  const buffers = new Map<GraphNode, Buffer>()
  const scratchBuffer = (node: GraphNode): Buffer => {
    const kind = dotted.has(node) ? 'tile' : 'panel'
    return { kind, width: nodeWidth(node), at: allocate(nodeWidth(node) * line * (kind === 'tile' ? tile : 1)) }
  }
  const given: { name: string; width: number }[] = []
  const drawn: MemoryLayout['drawn'][number][] = []
  for (const node of nodes) {
    if (node.scope !== 'rows') continue
    if (node.does.kind === 'input') {
      const { name } = node.does
      const distribution = distributionOf(name)
      if (distribution !== null) {
        const buffer = scratchBuffer(node)
        drawn.push({ name, distribution, buffer, staging: allocate(nodeWidth(node) * PANEL_ROWS * 8 * tile) })
        buffers.set(node, buffer)
      } else {
        given.push({ name, width: nodeWidth(node) })
        buffers.set(node, { kind: 'given', input: name, width: nodeWidth(node) })
      }
    } else if (stored.has(node) && sourceEntry(node).node === node) buffers.set(node, scratchBuffer(node))
  }
  return { given, drawn, scratchBytes, buffers }
}

/** Schedules a graph and assigns its buffers. `distributionOf` returns null for inputs that are not drawn. */
export const layoutGraph = (
  outputs: Readonly<Record<string, GraphNode>>,
  distributionOf: (input: string) => DrawDistribution | null,
  lanes: Lanes
): MemoryLayout => {
  const nodes = topologicalOrder(Object.values(outputs))
  const later = nodesAfterRows(nodes)
  checkRows(nodes, later)
  const once = nodes.filter(node => node.scope === 'once' && !isSumOverRows(node))
  const { items, itemOf } = scheduleItems(nodes)
  const rowsOut = Object.entries(outputs).flatMap(([name, node]) => (node.scope === 'rows' ? [{ name, node }] : []))
  const stored = storedNodes(nodes, items, itemOf, rowsOut)
  const { buffers, ...assigned } = assignBuffers(nodes, stored, distributionOf, lanes)
  const { placed: sums, bytes: sumBytes } = placeInOrder(nodes.filter(isSumOverRows), 16)
  const read = new Set(
    nodes
      .filter(node => node.scope === 'rows' || isSumOverRows(node))
      .flatMap(({ ins }) => ins.filter(({ scope }) => scope === 'once'))
  )
  const { placed: parameters, bytes: parameterBytes } = placeInOrder(
    [...read].filter(({ does }) => does.kind !== 'constant'),
    lanes.bytes
  )
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
    parameters,
    parameterBytes,
    ...assigned,
    outputs: rowsOut,
    locate,
    parameter: node => parameterAt.get(node) ?? refuseToCompile('a parameter that is nowhere'),
    sumAt: node => sumAt.get(node) ?? refuseToCompile('a sum that is nowhere'),
    isStored: node => buffers.has(node)
  }
}

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
