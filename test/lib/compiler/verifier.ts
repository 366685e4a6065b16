/**
 * What a layout promises, proved of one program: every entry that is read was written before, by an item that is over, or in the same turn
 * of the same loop, where it is in a register. It follows the entries one by one, through all turns of all loops, and shares with the
 * layout only how many axes of a loop are written out (`unrolled`) and where it says that values lie.
 */
import { width, type Node, type Shape } from '../../../lib/compiler/graph.js'
import { ROWS } from '../../../lib/compiler/lanes.js'
import { unrolled, type Layout } from '../../../lib/compiler/placement.js'

const sizeOf = (shape: Shape): number => shape.reduce((n, length) => n * length, 1)

/** All coordinates of a shape, in their order. */
const coordinatesOf = (shape: Shape): ReadonlyArray<ReadonlyArray<number>> =>
  shape.reduce<ReadonlyArray<ReadonlyArray<number>>>(
    (all, n) => all.flatMap(at => Array.from({ length: n }, (_, i) => [...at, i])),
    [[]]
  )

/** The entry of a node of shape `own` that is read at coordinates of a space of shape `full`: sizes align from the right, 1 stretches. */
const entryAt = (own: Shape, full: Shape, at: ReadonlyArray<number>): number =>
  own.reduce((entry, n, axis) => entry * n + (n === 1 ? 0 : at[full.length - own.length + axis]), 0)

/** Whether a fold is over an axis of the space, which has those of the shape that are longer than 1. */
const foldsAxis = ({ does, ins }: Node, axis: number): boolean =>
  does.kind === 'reduce' && does.axes.includes(ins[0].shape.flatMap((n, i) => (n === 1 ? [] : [i]))[axis])

export const unwritten = (layout: Layout): ReadonlyArray<string> => {
  const { items, sums, outputs, drawn, lanes } = layout
  const wrong: string[] = []
  const made = new Set(items.flatMap(item => (item.kind === 'loop' ? item.nodes : [item.node])))
  const isShown = (node: Node): boolean => node.place === 'rows' && node.does.kind !== 'input' && !made.has(node)

  /** Whose entries a node shows, and which, in its order: nodes that no item makes are others' under another shape. */
  const seen = new Map<Node, readonly [Node, ReadonlyArray<number>]>()
  const shownBy = (node: Node): readonly [Node, ReadonlyArray<number>] => {
    const known = seen.get(node)
    if (known !== undefined) return known
    const all = Array.from({ length: width(node) }, (_, i) => i)
    const [source, entries] = isShown(node) ? shownBy(node.ins[0]) : [node, all]
    const { does } = node
    const own: readonly [Node, ReadonlyArray<number>] = !isShown(node)
      ? [node, all]
      : [source, all.map(i => entries[does.kind === 'pick' ? does.table[i] : i])]
    if (isShown(node)) {
      if ((does.kind !== 'pick' && does.kind !== 'reshape') || node.ins.length !== 1)
        wrong.push(`${node.id}: made by no item`)
      const { entry } = layout.isStored(source) ? layout.locate(node) : { entry: own[1][0] }
      if (own[1].some((e, i) => e !== entry + i))
        wrong.push(`${node.id}: ${own[1].join()} of ${source.id} are no run from ${entry}`)
    }
    seen.set(node, own)
    return own
  }

  /** What is in memory: entries of a node that an item wrote which is over; all of an input. */
  const memory = new Map<Node, Set<number>>()
  const isThere = (source: Node, entry: number): boolean =>
    layout.isStored(source) && (source.does.kind === 'input' || memory.get(source)?.has(entry) === true)
  const readAll = (user: Node, operand: Node): void => {
    if (operand.place !== 'rows') return
    const [source, entries] = shownBy(operand)
    for (const entry of entries)
      if (!isThere(source, entry)) wrong.push(`${user.id} (${user.does.kind}) reads entry ${entry} of ${source.id}`)
  }

  items.forEach((item, number) => {
    if (item.kind !== 'loop') {
      for (const input of item.node.ins) readAll(item.node, input)
      memory.set(item.node, new Set(Array.from({ length: width(item.node) }, (_, i) => i)))
      return
    }
    const { space, nodes } = item
    const flat = space.length - unrolled(space)
    const all = coordinatesOf(space)
    const columns = sizeOf(space.slice(flat))
    const own = new Set(nodes)
    const fulls = new Map(nodes.map(node => [node, node.does.kind === 'entrywise' ? node.shape : node.ins[0].shape]))
    const written = new Map(nodes.map(node => [node, new Set<number>()]))
    for (let turn = 0; turn < all.length; turn += columns) {
      /** Entries in registers, by node. */
      const registers = new Map<Node, Set<number>>()
      for (const node of nodes) {
        const full = fulls.get(node) ?? []
        const fresh = new Set<number>()
        for (const short of all.slice(turn, turn + columns)) {
          // coordinates of the space are those of axes that are longer than 1
          let axis = 0
          const at = full.map(n => (n === 1 ? 0 : short[axis++]))
          if (axis !== space.length) wrong.push(`${node.id} is of another space than item ${number}`)
          for (const operand of node.ins) {
            if (operand.place !== 'rows') continue
            const [source, entries] = shownBy(operand)
            const entry = entries[entryAt(operand.shape, full, at)]
            const isRead = own.has(source) ? registers.get(source)?.has(entry) === true : isThere(source, entry)
            if (!isRead)
              wrong.push(
                `item ${number}: ${node.id} (${node.does.kind}) reads entry ${entry} of ${source.id} at [${at.join()}]`
              )
          }
          fresh.add(entryAt(node.shape, full, at))
        }
        // a fold over turns is there when the loop is over
        const isAlong = space.some((_, i) => i < flat && foldsAxis(node, i))
        if (!isAlong) registers.set(node, fresh)
        for (const entry of fresh) written.get(node)?.add(entry)
      }
    }
    for (const [node, entries] of written) {
      if (entries.size !== width(node))
        wrong.push(`item ${number}: ${node.id} has ${entries.size} of ${width(node)} entries`)
      memory.set(node, entries)
    }
  })
  for (const { node } of sums)
    if (node.does.kind === 'rowDot')
      for (const input of node.ins) {
        readAll(node, input)
        if (input.place === 'rows' && layout.locate(input).buffer.kind === 'panel')
          wrong.push(`${node.id}: a factor that is kept for one panel`)
      }
  for (const { node } of outputs) readAll(node, node)

  // what lies in the scratch space has room of its own
  const rooms = [
    ...new Set(
      [...made].filter(node => node.place === 'rows' && layout.isStored(node)).map(node => layout.locate(node).buffer)
    )
  ]
    .concat(drawn.map(({ buffer }) => buffer))
    .flatMap(buffer =>
      buffer.kind === 'given'
        ? []
        : [{ at: buffer.at, bytes: buffer.width * lanes.line * (buffer.kind === 'tile' ? lanes.tile : 1) }]
    )
    .concat(drawn.map(({ buffer, staging }) => ({ at: staging, bytes: buffer.width * ROWS * 8 * lanes.tile })))
    .sort((a, b) => a.at - b.at)
  rooms.forEach(({ at, bytes }, i) => {
    const end = rooms[i + 1]?.at ?? layout.scratchBytes
    if (at + bytes > end) wrong.push(`scratch: ${at} + ${bytes} is over ${end}`)
  })
  return wrong
}
