/**
 * Whether a program reads entries that are there, proved of each program alone: the code of its loops tells what it reads and makes, from
 * which register or address, in its order; here all turns of all loops are walked, and every place holds the name of the entry that was put
 * there last. An entry that is read must be the one that the graph asks for, and a value that is left must be left whole.
 *
 * It shares with layout and code only how many axes of a loop are written out (`unrolled`), and where a value is said to lie: which entry an
 * operand's is, through slices and reshapes, it works out on its own.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { topologicalOrder, nodeWidth, type GraphNode, type Shape } from './graph.js'
import { PANEL_ROWS } from './lanes.js'
import { isSymmetricProduct, unrolledAxes, type MemoryLayout } from './placement.js'

/** An address as the code has it: bytes from a base, and bytes for each turn along the axes that are loops. */
export interface CodeAddress {
  /** 'given x' for the panel of an input, 'parameters', 'results', and all else for the scratch space. */
  readonly base: string
  readonly offset: number
  readonly steps: Shape
}

/** What the code of a loop does in one column of each turn. */
export interface ColumnAccess {
  readonly node: GraphNode
  /** What it reads for the node; undefined where it puts the node itself. */
  readonly operand?: GraphNode
  readonly column: number
  readonly vector: number
  readonly register?: number
  readonly place?: CodeAddress
  /** Put there when the loop is over. */
  readonly isLate?: boolean
}

/** What is told of programs that are refused; programs are verified while somebody listens. */
let listener: ((fault: string) => void) | null = null

/**
 * Verifies every program that is compiled from now on, which takes up to as long again as compiling it. A program that reads an entry before
 * it is written is refused, so the interpreter does its work, and the listener hears why: please report it. `null` ends this.
 *
 * @example
 * import { Compiler } from 'ornstein/float64'
 *
 * Compiler.useVerifier(fault => console.warn(fault))
 * // … compile and run
 * Compiler.useVerifier(null)
 */
export const useVerifier = (tell: ((fault: string) => void) | null): void => {
  listener = tell
}

/** Tells the listener, if there is one and something is wrong; what is wrong. */
export const reportFaults = (find: () => ReadonlyArray<string>): ReadonlyArray<string> => {
  if (listener === null) return []
  const faults = find()
  faults.forEach(listener)
  return faults
}

export const isVerifying = (): boolean => listener !== null

/** All coordinates of a shape, in their order. */
const coordinatesOf = (shape: Shape): ReadonlyArray<Shape> =>
  shape.reduce<ReadonlyArray<Shape>>(
    (all, n) => all.flatMap(at => Array.from({ length: n }, (_, i) => [...at, i])),
    [[]]
  )

/** The entry of a node of shape `own` that is read at coordinates of a space of shape `full`: sizes align from the right, 1 stretches. */
const broadcastEntry = (own: Shape, full: Shape, at: Shape): number =>
  own.reduce((entry, n, axis) => entry * n + (n === 1 ? 0 : at[full.length - own.length + axis]), 0)

/** Entries are numbered, so many of each node; a register holds one vector of one, of at most eight. */
const ENTRIES = 16777216
const entryName = ({ id }: GraphNode, entry: number): number => id * ENTRIES + entry

/** The faults of a program, of which `accesses` are those of its items: nothing, unless the compiler errs. */
export const findFaults = (
  layout: MemoryLayout,
  accesses: ReadonlyArray<ReadonlyArray<ColumnAccess>>
): ReadonlyArray<string> => {
  const { items, sums, outputs, given, drawn, parameters, lanes } = layout
  const wrong: string[] = []
  const made = new Set(items.flatMap(item => (item.kind === 'loop' ? item.nodes : [item.node])))

  /** The names of a node's entries: one that no item makes shows those of another, under another shape. */
  const known = new Map<GraphNode, ReadonlyArray<number>>()
  const names = (node: GraphNode): ReadonlyArray<number> => {
    const found = known.get(node)
    if (found !== undefined) return found
    const { does, ins, scope } = node
    const isOwn = scope === 'once' || does.kind === 'input' || made.has(node)
    if (!isOwn && (ins.length !== 1 || (does.kind !== 'pick' && does.kind !== 'reshape')))
      wrong.push(`${node.id} (${does.kind}) is made by no item`)
    const source = isOwn ? [] : names(ins[0])
    const own = Array.from({ length: nodeWidth(node) }, (_, i) =>
      isOwn ? entryName(node, i) : source[does.kind === 'pick' ? does.table[i] : i]
    )
    known.set(node, own)
    return own
  }

  // one address space: scratch, then the panel of each input, parameters and results
  const bases = new Map<string, number>()
  let end = layout.scratchBytes
  const base = (name: string, bytes: number): void => {
    bases.set(name, end)
    end += bytes
  }
  for (const { name, width } of given) base(`given ${name}`, width * lanes.line)
  base('parameters', layout.parameterBytes)
  base('results', layout.sumBytes)
  const baseOf = (name: string): number => bases.get(name) ?? 0
  /** Where a value of rows is said to lie. */
  const addressOf = (node: GraphNode): number => {
    const { buffer, entry } = layout.locate(node)
    return (buffer.kind === 'given' ? baseOf(`given ${buffer.input}`) : buffer.at) + entry * lanes.line
  }
  const memory = new Map<number, number>()
  const write = (node: GraphNode, from: number, step: number): void => {
    names(node).forEach((name, i) => memory.set(from + i * step, name))
  }
  const holds = (node: GraphNode, from: number, step: number, who: string): void => {
    names(node).forEach((name, i) => {
      if (memory.get(from + i * step) !== name)
        wrong.push(`${who}: entry ${i} of ${node.id} is not where it is said to be`)
    })
  }
  /** What is read whole by an item that is no loop. */
  const readWhole = (operand: GraphNode, who: string): void => {
    if (operand.scope === 'rows') holds(operand, addressOf(operand), lanes.line, who)
  }

  const roots = [...made, ...sums.map(({ node }) => node), ...outputs.map(({ node }) => node)]
  for (const node of topologicalOrder(roots))
    if (node.scope === 'rows' && node.does.kind === 'input') write(node, addressOf(node), lanes.line)
  for (const { node, at } of parameters) write(node, baseOf('parameters') + at, lanes.bytes)

  const walk = (
    space: Shape,
    nodes: ReadonlyArray<GraphNode>,
    all: ReadonlyArray<ColumnAccess>,
    number: number
  ): void => {
    const flat = space.length - unrolledAxes(space)
    const columns = coordinatesOf(space.slice(flat))
    const registers = new Map<number, number>()
    const late = new Map<number, number>()
    const reads = new Map<GraphNode, number>()
    for (const outer of coordinatesOf(space.slice(0, flat)))
      for (const { node, operand, column, vector, register, place, isLate } of all) {
        const full = node.does.kind === 'entrywise' ? node.shape : node.ins[0].shape
        // coordinates of the space are those of axes that are longer than 1
        const short = [...outer, ...columns[column]]
        let axis = 0
        const at = full.map(n => (n === 1 ? 0 : short[axis++]))
        const address =
          place && outer.reduce((sum, x, i) => sum + x * place.steps[i], baseOf(place.base) + place.offset)
        if (operand === undefined) {
          const name = entryName(node, broadcastEntry(node.shape, full, at))
          if (register !== undefined) registers.set(register, name + vector / 8)
          if (address !== undefined) (isLate === true ? late : memory).set(address, name)
          continue
        }
        const name = names(operand)[broadcastEntry(operand.shape, full, at)]
        const found = address === undefined ? registers.get(register ?? NaN) : memory.get(address)
        if (found !== (address !== undefined || operand.scope === 'once' ? name : name + vector / 8))
          wrong.push(
            `item ${number}: ${node.id} (${node.does.kind}) reads ${operand.id} at [${at.join()}] before it is there`
          )
        if (vector === 0) reads.set(node, (reads.get(node) ?? 0) + 1)
        // a number that all vectors share goes into a register as it is read
        if (address !== undefined && register !== undefined) registers.set(register, name)
      }
    for (const [address, name] of late) memory.set(address, name)
    for (const node of nodes) {
      if (node.does.kind !== 'entrywise' && reads.get(node) !== sizeOf(space))
        wrong.push(`item ${number}: ${node.id} folds ${reads.get(node) ?? 0} of ${sizeOf(space)} entries`)
      if (node.does.kind === 'rowSum') holds(node, baseOf('results') + layout.sumAt(node), 16, `item ${number}`)
      else if (layout.isStored(node)) holds(node, addressOf(node), lanes.line, `item ${number}`)
    }
  }
  items.forEach((item, number) => {
    if (item.kind === 'loop') {
      walk(item.space, item.nodes, accesses[number], number)
      return
    }
    for (const input of item.node.ins) readWhole(input, `item ${number} (${item.kind})`)
    write(item.node, addressOf(item.node), lanes.line)
  })
  for (const { node } of outputs) readWhole(node, 'output')

  // —— products over the rows ——
  const byId = new Map(Array.from(made, node => [node.id, node]))
  /** Whether the first factor is the second, each line perhaps times a number of its own. */
  const isMirrored = (x: GraphNode, y: GraphNode): boolean => {
    const length = x.shape.at(-1) ?? 1
    const own = names(x)
    const other = names(y)
    if (own.every((name, i) => name === other[i])) return true
    const scaled = byId.get(Math.floor(own[0] / ENTRIES))
    const isScaled = scaled?.does.kind === 'entrywise' && scaled.does.kernel === 'Multiply'
    if (!isScaled || own.some(name => Math.floor(name / ENTRIES) !== scaled.id)) return false
    const coordinates = coordinatesOf(scaled.shape)
    const [a, b] = scaled.ins.map(operand =>
      own.map(name => names(operand)[broadcastEntry(operand.shape, scaled.shape, coordinates[name % ENTRIES])])
    )
    const isOther = (all: ReadonlyArray<number>): boolean => all.every((name, i) => name === other[i])
    const isOfLines = (all: ReadonlyArray<number>): boolean => all.every((name, i) => name === all[i - (i % length)])
    return (isOther(a) && isOfLines(b)) || (isOther(b) && isOfLines(a))
  }
  for (const { node } of sums)
    if (node.does.kind === 'rowDot') {
      const [x, y] = node.ins
      for (const input of node.ins) {
        readWhole(input, 'product over rows')
        if (input.scope === 'rows' && layout.locate(input).buffer.kind === 'panel')
          wrong.push(`${node.id}: a factor that is kept for one panel`)
      }
      if (isSymmetricProduct(node) && (x.shape.at(-1) !== y.shape.at(-1) || !(isMirrored(x, y) || isMirrored(y, x))))
        wrong.push(`${node.id}: mirrored, and not symmetric`)
    }

  // —— what lies in the scratch space, in all panels of a tile, has room of its own ——
  const kept = [...made].filter(node => node.scope === 'rows' && layout.isStored(node))
  const rooms = [...new Set(kept.map(node => layout.locate(node).buffer)), ...drawn.map(({ buffer }) => buffer)]
    .flatMap(buffer =>
      buffer.kind === 'given'
        ? []
        : [{ at: buffer.at, bytes: buffer.width * lanes.line * (buffer.kind === 'tile' ? lanes.tile : 1) }]
    )
    .concat(drawn.map(({ buffer, staging }) => ({ at: staging, bytes: buffer.width * PANEL_ROWS * 8 * lanes.tile })))
    .sort((a, b) => a.at - b.at)
  rooms.forEach(({ at, bytes }, i) => {
    const next = rooms[i + 1]?.at ?? layout.scratchBytes
    if (at + bytes > next) wrong.push(`scratch: ${at} + ${bytes} is over ${next}`)
  })
  return wrong
}
