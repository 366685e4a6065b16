/**
 * Verifier: proves that a program's loops read only entries that are there. The code of a loop reports its reads and writes in order; the
 * verifier walks all turns of all loops and records the entry written last to each register and address. An entry that is read must be the
 * one that the graph requires, and a stored value must be complete.
 *
 * It shares with layout and code only `unrolledAxes` and the declared addresses of values.
 */
import { productOfSizes as sizeOf } from '../kernels/dense.js'
import { topologicalOrder, nodeWidth, type GraphNode, type Shape } from './graph.js'
import { PANEL_ROWS } from './lanes.js'
import { isSymmetricProduct, unrolledAxes, type Item, type MemoryLayout } from './placement.js'

/** Address in a loop: bytes from a base, and bytes per turn along each loop. */
export interface CodeAddress {
  /** 'given x' (panel of an input), 'parameters' or 'results'; any other name is the scratch space. */
  readonly base: string
  readonly offset: number
  readonly steps: Shape
}

/** Read or write in a loop, in one column of each turn. */
export interface ColumnAccess {
  readonly node: GraphNode
  /** Operand that is read; undefined if the node is written. */
  readonly operand?: GraphNode
  readonly column: number
  readonly vector: number
  readonly register?: number
  readonly place?: CodeAddress
  /** True if the write takes effect when the loop ends. */
  readonly isLate?: boolean
}

/** Receives the faults of refused programs; null if programs are not verified. */
let listener: ((fault: string) => void) | null = null

/**
 * Verifies every program that is compiled from now on, which takes up to as long again as compiling it. A program that reads an entry
 * before it is written is refused, so the interpreter does its work, and the listener gets the fault: please report it. `null` ends this.
 *
 * @example
 * import { Compiler } from 'ornstein/float64'
 *
 * Compiler.useVerifier(fault => console.warn(fault))
 * // … compile and run
 * Compiler.useVerifier(null)
 */
export const useVerifier = (onFault: ((fault: string) => void) | null): void => {
  listener = onFault
}

/** Returns the faults that `find` finds, after reporting them; none if programs are not verified. */
export const reportFaults = (find: () => ReadonlyArray<string>): ReadonlyArray<string> => {
  if (listener === null) return []
  const faults = find()
  faults.forEach(listener)
  return faults
}

export const isVerifying = (): boolean => listener !== null

const coordinatesOf = (shape: Shape): ReadonlyArray<Shape> =>
  shape.reduce<ReadonlyArray<Shape>>(
    (all, n) => all.flatMap(at => Array.from({ length: n }, (_, i) => [...at, i])),
    [[]]
  )

/** Entry of a node of shape `own` at coordinates of `full`: sizes align from the right, axes of size 1 broadcast. */
const broadcastEntry = (own: Shape, full: Shape, at: Shape): number =>
  own.reduce((entry, n, axis) => entry * n + (n === 1 ? 0 : at[full.length - own.length + axis]), 0)

/** Upper bound on the entries of a node. In a register, an entry's name adds v/8 for its vector v < 8. */
const MAX_NODE_ENTRIES = 16777216
const entryName = ({ id }: GraphNode, entry: number): number => id * MAX_NODE_ENTRIES + entry

interface Verification {
  readonly layout: MemoryLayout
  readonly computed: ReadonlySet<GraphNode>
  /** Names of a node's entries; a pick or reshape has those of the entries that it shows. */
  readonly names: (node: GraphNode) => ReadonlyArray<number>
  /** First address of a base, in one address space. */
  readonly baseOf: (name: string) => number
  /** Name of the entry written last to each address. */
  readonly memory: Map<number, number>
  readonly faults: string[]
}

const namesOfEntries = (
  computed: ReadonlySet<GraphNode>,
  faults: string[]
): ((node: GraphNode) => ReadonlyArray<number>) => {
  const known = new Map<GraphNode, ReadonlyArray<number>>()
  const names = (node: GraphNode): ReadonlyArray<number> => {
    const found = known.get(node)
    if (found !== undefined) return found
    const { does, ins, scope } = node
    const isOwn = scope === 'once' || does.kind === 'input' || computed.has(node)
    if (!isOwn && (ins.length !== 1 || (does.kind !== 'pick' && does.kind !== 'reshape')))
      faults.push(`${node.id} (${does.kind}) is made by no item`)
    const source = isOwn ? [] : names(ins[0])
    const own = Array.from({ length: nodeWidth(node) }, (_, i) =>
      isOwn ? entryName(node, i) : source[does.kind === 'pick' ? does.table[i] : i]
    )
    known.set(node, own)
    return own
  }
  return names
}

const baseAddresses = (layout: MemoryLayout): ((name: string) => number) => {
  const bases = new Map<string, number>()
  let end = layout.scratchBytes
  const base = (name: string, bytes: number): void => {
    bases.set(name, end)
    end += bytes
  }
  for (const { name, width } of layout.given) base(`given ${name}`, width * layout.lanes.line)
  base('parameters', layout.parameterBytes)
  base('results', layout.sumBytes)
  return name => bases.get(name) ?? 0
}

/** Declared address of a value of rows. */
const addressOf = ({ layout, baseOf }: Verification, node: GraphNode): number => {
  const { buffer, entry } = layout.locate(node)
  return (buffer.kind === 'given' ? baseOf(`given ${buffer.input}`) : buffer.at) + entry * layout.lanes.line
}

interface EntryRange {
  readonly node: GraphNode
  readonly from: number
  readonly step: number
}

const writeEntries = ({ names, memory }: Verification, { node, from, step }: EntryRange): void => {
  names(node).forEach((name, i) => memory.set(from + i * step, name))
}

/** Reports a fault for each entry of a node that is not at its address. */
const checkEntries = ({ names, memory, faults }: Verification, { node, from, step }: EntryRange, who: string): void => {
  names(node).forEach((name, i) => {
    if (memory.get(from + i * step) !== name)
      faults.push(`${who}: entry ${i} of ${node.id} is not where it is said to be`)
  })
}

/** Reports a fault unless all entries of a value are at its declared address. */
const checkValue = (verification: Verification, node: GraphNode, who: string): void => {
  const step = verification.layout.lanes.line
  if (node.scope === 'rows') checkEntries(verification, { node, from: addressOf(verification, node), step }, who)
}

type LoopItem = Extract<Item, { readonly kind: 'loop' }>

/** Walks all turns of a loop, then checks that its nodes are complete. */
const walkLoop = (
  verification: Verification,
  { space, nodes }: LoopItem,
  accesses: ReadonlyArray<ColumnAccess>,
  number: number
): void => {
  const { names, baseOf, memory, faults } = verification
  const flat = space.length - unrolledAxes(space)
  const columns = coordinatesOf(space.slice(flat))
  const registers = new Map<number, number>()
  const late = new Map<number, number>()
  const reads = new Map<GraphNode, number>()
  for (const outer of coordinatesOf(space.slice(0, flat)))
    for (const { node, operand, column, vector, register, place, isLate } of accesses) {
      const full = node.does.kind === 'entrywise' ? node.shape : node.ins[0].shape
      // the loop's space has no axes of size 1
      const short = [...outer, ...columns[column]]
      let axis = 0
      const at = full.map(n => (n === 1 ? 0 : short[axis++]))
      const address = place && outer.reduce((sum, x, i) => sum + x * place.steps[i], baseOf(place.base) + place.offset)
      if (operand === undefined) {
        const name = entryName(node, broadcastEntry(node.shape, full, at))
        if (register !== undefined) registers.set(register, name + vector / 8)
        if (address !== undefined) (isLate === true ? late : memory).set(address, name)
        continue
      }
      const name = names(operand)[broadcastEntry(operand.shape, full, at)]
      const found = address === undefined ? registers.get(register ?? NaN) : memory.get(address)
      if (found !== (address !== undefined || operand.scope === 'once' ? name : name + vector / 8))
        faults.push(
          `item ${number}: ${node.id} (${node.does.kind}) reads ${operand.id} at [${at.join()}] before it is there`
        )
      if (vector === 0) reads.set(node, (reads.get(node) ?? 0) + 1)
      // a number that all vectors share stays in its register once read
      if (address !== undefined && register !== undefined) registers.set(register, name)
    }
  for (const [address, name] of late) memory.set(address, name)
  checkLoopResults(verification, { space, nodes }, reads, number)
}

/** Reports a fault unless reductions folded all entries, and sums and stored values are complete. */
const checkLoopResults = (
  verification: Verification,
  { space, nodes }: Pick<LoopItem, 'space' | 'nodes'>,
  reads: ReadonlyMap<GraphNode, number>,
  number: number
): void => {
  const { layout, baseOf, faults } = verification
  for (const node of nodes) {
    if (node.does.kind !== 'entrywise' && reads.get(node) !== sizeOf(space))
      faults.push(`item ${number}: ${node.id} folds ${reads.get(node) ?? 0} of ${sizeOf(space)} entries`)
    if (node.does.kind === 'rowSum')
      checkEntries(verification, { node, from: baseOf('results') + layout.sumAt(node), step: 16 }, `item ${number}`)
    else if (layout.isStored(node)) checkValue(verification, node, `item ${number}`)
  }
}

/** True if x is y, or each line of x is that of y times a number. */
const isRowScaled = ({ names, computed }: Verification, x: GraphNode, y: GraphNode): boolean => {
  const length = x.shape.at(-1) ?? 1
  const own = names(x)
  const other = names(y)
  if (own.every((name, i) => name === other[i])) return true
  const id = Math.floor(own[0] / MAX_NODE_ENTRIES)
  const scaled = [...computed].find(node => node.id === id)
  const isProduct = scaled?.does.kind === 'entrywise' && scaled.does.kernel === 'Multiply'
  if (!isProduct || own.some(name => Math.floor(name / MAX_NODE_ENTRIES) !== scaled.id)) return false
  const coordinates = coordinatesOf(scaled.shape)
  const [a, b] = scaled.ins.map(operand =>
    own.map(name => names(operand)[broadcastEntry(operand.shape, scaled.shape, coordinates[name % MAX_NODE_ENTRIES])])
  )
  const isOther = (all: ReadonlyArray<number>): boolean => all.every((name, i) => name === other[i])
  const isSameAlongLines = (all: ReadonlyArray<number>): boolean =>
    all.every((name, i) => name === all[i - (i % length)])
  return (isOther(a) && isSameAlongLines(b)) || (isOther(b) && isSameAlongLines(a))
}

/** Reports faults of a product over the rows: a factor incomplete or not kept for a tile, or only half of a product computed that is not symmetric. */
const verifyRowProduct = (verification: Verification, node: GraphNode): void => {
  const { layout, faults } = verification
  const [x, y] = node.ins
  for (const input of node.ins) {
    checkValue(verification, input, 'product over rows')
    if (input.scope === 'rows' && layout.locate(input).buffer.kind === 'panel')
      faults.push(`${node.id}: a factor that is kept for one panel`)
  }
  const isSymmetric = (): boolean =>
    x.shape.at(-1) === y.shape.at(-1) && (isRowScaled(verification, x, y) || isRowScaled(verification, y, x))
  if (isSymmetricProduct(node) && !isSymmetric()) faults.push(`${node.id}: mirrored, and not symmetric`)
}

/** Reports scratch buffers that overlap, with all panels of a tile. */
const verifyScratch = ({ layout, computed, faults }: Verification): void => {
  const { lanes, drawn } = layout
  const kept = [...computed].filter(node => node.scope === 'rows' && layout.isStored(node))
  const ranges = [...new Set(kept.map(node => layout.locate(node).buffer)), ...drawn.map(({ buffer }) => buffer)]
    .flatMap(buffer =>
      buffer.kind === 'given'
        ? []
        : [{ at: buffer.at, bytes: buffer.width * lanes.line * (buffer.kind === 'tile' ? lanes.tile : 1) }]
    )
    .concat(drawn.map(({ buffer, staging }) => ({ at: staging, bytes: buffer.width * PANEL_ROWS * 8 * lanes.tile })))
    .sort((a, b) => a.at - b.at)
  ranges.forEach(({ at, bytes }, i) => {
    const next = ranges[i + 1]?.at ?? layout.scratchBytes
    if (at + bytes > next) faults.push(`scratch: ${at} + ${bytes} is over ${next}`)
  })
}

/** Faults of a program; empty unless the compiler is wrong. */
export const findFaults = (
  layout: MemoryLayout,
  accesses: ReadonlyArray<ReadonlyArray<ColumnAccess>>
): ReadonlyArray<string> => {
  const { items, sums, outputs, parameters, lanes } = layout
  const faults: string[] = []
  const computed = new Set(items.flatMap(item => (item.kind === 'loop' ? item.nodes : [item.node])))
  const names = namesOfEntries(computed, faults)
  const baseOf = baseAddresses(layout)
  const verification: Verification = { layout, computed, names, baseOf, memory: new Map(), faults }
  const roots = [...computed, ...sums.map(({ node }) => node), ...outputs.map(({ node }) => node)]
  const writeWhole = (node: GraphNode): void => {
    writeEntries(verification, { node, from: addressOf(verification, node), step: lanes.line })
  }
  for (const node of topologicalOrder(roots)) if (node.scope === 'rows' && node.does.kind === 'input') writeWhole(node)
  for (const { node, at } of parameters)
    writeEntries(verification, { node, from: baseOf('parameters') + at, step: lanes.bytes })
  items.forEach((item, number) => {
    if (item.kind === 'loop') {
      walkLoop(verification, item, accesses[number], number)
      return
    }
    for (const input of item.node.ins) checkValue(verification, input, `item ${number} (${item.kind})`)
    writeWhole(item.node)
  })
  for (const { node } of outputs) checkValue(verification, node, 'output')
  for (const { node } of sums) if (node.does.kind === 'rowDot') verifyRowProduct(verification, node)
  verifyScratch(verification)
  return faults
}
