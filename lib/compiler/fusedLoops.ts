/** Code of fused loops over the entries of a row, a vector of rows at a time. */
import { type Code } from './assembler.js'
import { emit } from './entrywise.js'
import { constantValue, nodeWidth, type Attrs, type FoldOperation, type GraphNode, type Shape } from './graph.js'
import {
  itemFunction,
  MASK_LOCAL,
  offsetOf,
  pushLocation,
  pushPanel,
  pushParameters,
  RESULTS_LOCAL,
  vectorAt,
  type CodeEnvironment
} from './job.js'
import {
  foldedAxes,
  iterationShape,
  isFoldedInRegisters,
  sourceEntry,
  stepsOver,
  turnsOf,
  type Location,
  type Turns
} from './placement.js'
import { addDoubles } from './products.js'
import { type ColumnAccess, type CodeAddress } from './verify.js'

/** Combines the vector on the stack with another. An extreme is NaN if either is, in a third of the engine's instructions. */
const emitCombine = (code: Code, fold: FoldOperation, push: () => Code): Code => {
  push()
  if (fold === 'Sum') return code.op('add')
  const x = code.local('v128')
  code.tee(x).op(fold === 'Max' ? 'pmax' : 'pmin')
  return code.get(x).get(x).op('ne').op('or')
}
const NEUTRAL_ELEMENTS: Readonly<Record<FoldOperation, number>> = { Sum: 0, Max: -Infinity, Min: Infinity }

interface Pointer {
  readonly local: number
  readonly base: number
  readonly steps: Shape
  readonly movesByVector: boolean
}

/** Reduction along the innermost loops, in registers. */
interface RegisterReduction {
  /** Number of loops outside the folded ones. */
  readonly level: number
  readonly sums: ReadonlyArray<number>
  readonly start: number
  readonly finish: () => void
}

interface LoopCode {
  readonly environment: CodeEnvironment
  readonly space: Turns
  readonly nodes: ReadonlySet<GraphNode>
  readonly code: Code
  /** Code that runs once: pointer bases and shared numbers. */
  readonly before: Code
  /** Code that sets start values of reductions in memory. */
  readonly opening: Code
  readonly body: Code
  /** Number of vectors of a line processed at a time; if not all, `vector` is the local with their byte offset. */
  readonly vectors: number
  readonly vector: number | undefined
  /** Locals with the masks of lanes that hold rows, if a sum over the rows needs them. */
  masks: ReadonlyArray<number> | undefined
  readonly bases: Map<string, number>
  readonly pointers: Map<string, Pointer>
  readonly registers: Map<string, number>
  readonly scalars: Map<GraphNode, number>
  /** Registers of numbers per call, shared by the vectors of the current node. */
  readonly sharedRegisters: Map<string, number>
  readonly running: RegisterReduction[]
}

const beginLoop = (environment: CodeEnvironment, space: Shape, nodes: ReadonlyArray<GraphNode>): LoopCode => {
  const { lanes } = environment.layout
  const code = itemFunction(lanes)
  const own = turnsOf(space)
  // enough independent chains to hide the latency of an instruction, but not many more than there are registers
  const running = nodes.filter(node => foldedAxes(node).some(axis => axis < own.outer.length)).length
  const vectors = Math.min(lanes.vectors, own.columns >= 4 ? 1 : own.columns >= 2 || running >= 4 ? 2 : 4)
  return {
    environment,
    space: own,
    nodes: new Set(nodes),
    code,
    before: code.fragment(),
    opening: code.fragment(),
    body: code.fragment(),
    vectors,
    vector: vectors === lanes.vectors ? undefined : code.local('i32'),
    masks: undefined,
    bases: new Map(),
    pointers: new Map(),
    registers: new Map(),
    scalars: new Map(),
    sharedRegisters: new Map(),
    running: []
  }
}

const forEachColumnVector = ({ vectors, space }: LoopCode, visit: (column: number, vector: number) => void): void => {
  for (let v = 0; v < vectors; v++) for (let c = 0; c < space.columns; c++) visit(c, v)
}

interface PointerBase {
  readonly name: string
  readonly push: (code: Code) => Code
  readonly movesByVector: boolean
}

const PARAMETERS: PointerBase = { name: 'parameters', push: pushParameters, movesByVector: false }

/** Returns a local that starts at a base and advances by these bytes along each loop. */
const pointer = (
  { code, before, space, bases, pointers }: LoopCode,
  { name, push: pushBase, movesByVector }: PointerBase,
  bytes: Shape
): number => {
  const base = bases.get(name) ?? code.local('i32')
  if (!bases.has(name)) pushBase(before).set(base)
  bases.set(name, base)
  const steps = bytes.slice(0, space.outer.length)
  const key = `${name} ${steps.join()}`
  const { local } = pointers.get(key) ?? { local: code.local('i32') }
  pointers.set(key, { local, base, steps, movesByVector })
  return local
}

/** Name of the base from which a location is addressed. */
const addressBase = ({ buffer }: Location): string =>
  buffer.kind === 'given' ? `given ${buffer.input}` : buffer.kind === 'panel' ? 'scratch' : `tile ${buffer.width}`

const panelPointer = (loop: LoopCode, location: Location, steps: Shape): number => {
  const { environment } = loop
  const { line } = environment.layout.lanes
  const bytes = steps.map(step => step * line)
  const push = (part: Code): Code => pushPanel(part, location, environment)
  return pointer(loop, { name: addressBase(location), push, movesByVector: true }, bytes)
}

const codeAddress = ({ environment }: LoopCode, location: Location, steps: Shape, entry: number): CodeAddress => {
  const { lanes } = environment.layout
  const { line } = lanes
  return {
    base: addressBase(location),
    offset: offsetOf(location, lanes) + entry * line,
    steps: steps.map(step => step * line)
  }
}

const registerKey = (node: GraphNode, entry: number, v: number): string => `${node.id} ${entry} ${v}`

interface SteppedEntry {
  readonly steps: Shape
  readonly entry: number
}

/** Pushes an entry of a node computed once per call; `onAccess` receives the access. */
const pushOnce = (
  loop: LoopCode,
  operand: GraphNode,
  { steps, entry }: SteppedEntry,
  onAccess: ((access: Partial<ColumnAccess>) => void) | undefined
): Code => {
  const { environment, code, before, body, vectors, scalars, sharedRegisters } = loop
  const { layout } = environment
  const { bytes } = layout.lanes
  const at = layout.parameter(operand)
  const moves = steps.map(step => step * bytes)
  const place = { base: 'parameters', offset: at + entry * bytes, steps: moves }
  if (nodeWidth(operand) === 1) {
    onAccess?.({ place })
    const known = scalars.get(operand)
    if (known !== undefined) return body.get(known)
    const local = code.local('v128')
    scalars.set(operand, local)
    pushParameters(before).loadEvery(at).set(local)
    return body.get(local)
  }
  const key = registerKey(operand, entry, 0)
  const known = sharedRegisters.get(key)
  if (known !== undefined) {
    onAccess?.({ register: known })
    return body.get(known)
  }
  body.get(pointer(loop, PARAMETERS, moves)).loadEvery(at + entry * bytes)
  if (vectors === 1) {
    onAccess?.({ place })
    return body
  }
  const local = code.local('v128')
  sharedRegisters.set(key, local)
  onAccess?.({ place, register: local })
  return body.tee(local)
}

interface ColumnVector {
  readonly c: number
  readonly v: number
}

/** Pushes a vector of the operand's entry that `user` reads in a column. */
const pushOperand = (loop: LoopCode, operand: GraphNode, user: GraphNode, { c, v }: ColumnVector): Code => {
  const { environment, space, nodes, body, registers } = loop
  const { layout } = environment
  const value = constantValue(operand)
  if (value !== undefined) return body.every(value)
  const steps = stepsOver(operand.shape, iterationShape(user))
  const entry = space.entry(steps, c)
  const report = environment.onAccess
  const onAccess =
    report &&
    ((access: Partial<ColumnAccess>): void => {
      report({ node: user, operand, column: c, vector: v, ...access })
    })
  if (operand.scope === 'once') return pushOnce(loop, operand, { steps, entry }, onAccess)
  const source = sourceEntry(operand)
  const register = nodes.has(source.node) ? registers.get(registerKey(source.node, source.entry + entry, v)) : undefined
  if (register !== undefined) {
    onAccess?.({ register })
    return body.get(register)
  }
  const location = layout.locate(operand)
  onAccess?.({ place: codeAddress(loop, location, steps, entry) })
  const offset = offsetOf(location, layout.lanes) + vectorAt(layout.lanes, entry, v)
  return body.get(panelPointer(loop, location, steps)).load(offset)
}

/** Moves the vector on the stack to an entry's register, and to the node's buffer if it has one. */
const keepInRegister = (
  loop: LoopCode,
  node: GraphNode,
  { steps, entry }: SteppedEntry,
  { c, v }: ColumnVector
): void => {
  const { environment, code, body, registers } = loop
  const { layout } = environment
  const register = code.local('v128')
  registers.set(registerKey(node, entry, v), register)
  body.set(register)
  const made = { node, column: c, vector: v, register }
  if (!layout.isStored(node)) {
    environment.onAccess?.(made)
    return
  }
  const location = layout.locate(node)
  environment.onAccess?.({ ...made, place: codeAddress(loop, location, steps, entry) })
  const at = offsetOf(location, layout.lanes) + vectorAt(layout.lanes, entry, v)
  body
    .get(panelPointer(loop, location, steps))
    .get(register)
    .store(at)
}

const mapEntries = (loop: LoopCode, node: GraphNode, kernel: string, attrs: Attrs): void => {
  const steps = stepsOver(node.shape, node.shape)
  forEachColumnVector(loop, (c, v) => {
    emit(kernel, loop.body, operand => pushOperand(loop, node.ins[operand], node, { c, v }), attrs)
    keepInRegister(loop, node, { steps, entry: loop.space.entry(steps, c) }, { c, v })
  })
}

/** Emits a reduction that folds columns only. */
const reduceColumns = (loop: LoopCode, node: GraphNode, fold: FoldOperation): void => {
  const { vectors, space, body } = loop
  const steps = stepsOver(node.shape, iterationShape(node))
  const groups = new Map<number, number[]>()
  for (let c = 0; c < space.columns; c++) {
    const entry = space.entry(steps, c)
    groups.set(entry, [...(groups.get(entry) ?? []), c])
  }
  for (let v = 0; v < vectors; v++)
    for (const [entry, [first, ...others]] of groups) {
      pushOperand(loop, node.ins[0], node, { c: first, v })
      for (const c of others) emitCombine(body, fold, () => pushOperand(loop, node.ins[0], node, { c, v }))
      keepInRegister(loop, node, { steps, entry }, { c: first, v })
    }
}

/** Emits a reduction that folds loops: in registers if these are the innermost ones, otherwise in memory. */
const reduceAlongLoops = (loop: LoopCode, node: GraphNode, fold: FoldOperation): void => {
  const { environment, space, code, opening, body, vectors, running } = loop
  const { layout } = environment
  const { lanes } = layout
  const steps = stepsOver(node.shape, iterationShape(node))
  const folded = foldedAxes(node).filter(axis => axis < space.outer.length)
  const level = space.outer.length - folded.length
  const location = layout.locate(node)
  const to = panelPointer(loop, location, steps)
  const offset = offsetOf(location, lanes)
  for (let column = 0; column < space.columns; column++) {
    const entry = space.entry(steps, column)
    environment.onAccess?.({ node, column, vector: 0, place: codeAddress(loop, location, steps, entry), isLate: true })
  }
  if (folded.every((axis, i) => axis === level + i)) {
    const sums = new Map<number, ReadonlyArray<number>>()
    for (let c = 0; c < space.columns; c++) {
      const entry = space.entry(steps, c)
      if (!sums.has(entry))
        sums.set(
          entry,
          Array.from({ length: vectors }, () => code.local('v128'))
        )
    }
    forEachColumnVector(loop, (c, v) => {
      const sum = sums.get(space.entry(steps, c))?.[v] ?? 0
      body.get(sum)
      emitCombine(body, fold, () => pushOperand(loop, node.ins[0], node, { c, v })).set(sum)
    })
    running.push({
      level,
      sums: [...sums.values()].flat(),
      start: NEUTRAL_ELEMENTS[fold],
      finish: () => {
        for (const [entry, all] of sums)
          all.forEach((sum, v) => {
            const at = offset + vectorAt(lanes, entry, v)
            code.get(to).get(sum).store(at)
          })
      }
    })
    return
  }
  const start = code.local('i32')
  pushLocation(opening, location, environment).set(start)
  opening.times(nodeWidth(node), () => {
    for (let at = 0; at < lanes.line; at += 16) opening.get(start).every(NEUTRAL_ELEMENTS[fold]).store(at)
    opening.advance(start, lanes.line)
  })
  forEachColumnVector(loop, (c, v) => {
    const at = offset + vectorAt(lanes, space.entry(steps, c), v)
    body.get(to).get(to).load(at)
    emitCombine(body, fold, () => pushOperand(loop, node.ins[0], node, { c, v })).store(at)
  })
}

const sumOverRows = (loop: LoopCode, node: GraphNode): void => {
  const { environment, space, code, body, vectors } = loop
  const steps = stepsOver(node.shape, node.ins[0].shape)
  const moves = steps.map(step => step * 16)
  const to = pointer(loop, { name: 'results', push: part => part.get(RESULTS_LOCAL), movesByVector: false }, moves)
  const masks = loop.masks ?? Array.from({ length: vectors }, () => code.local('v128'))
  loop.masks = masks
  for (let c = 0; c < space.columns; c++) {
    const offset = environment.layout.sumAt(node) + space.entry(steps, c) * 16
    environment.onAccess?.({
      node,
      column: c,
      vector: 0,
      place: { base: 'results', offset, steps: moves },
      isLate: true
    })
    body.get(to).get(to).load(offset)
    masks.forEach((mask, v) => {
      pushOperand(loop, node.ins[0], node, { c, v }).get(mask).op('and')
      if (v > 0) body.op('add')
    })
    addDoubles(body).store(offset)
  }
}

/** Emits the loops from a level on. Reductions enclose the loops that they fold; pointers advance after each turn. */
const emitLoops = (loop: LoopCode, level: number): void => {
  const { space, code, body, running, pointers } = loop
  const { outer } = space
  const here = running.filter(({ level: own }) => own === level)
  for (const { sums, start } of here) for (const sum of sums) code.every(start).set(sum)
  if (level === outer.length) code.append(body)
  else
    code.times(outer[level], () => {
      emitLoops(loop, level + 1)
      for (const { local, steps } of pointers.values()) {
        const moved = level + 1 < outer.length ? steps[level + 1] * outer[level + 1] : 0
        code.advance(local, steps[level] - moved)
      }
    })
  for (const { finish } of here) finish()
}

const passOverEntries = (loop: LoopCode): void => {
  const { code, vector, masks, pointers } = loop
  const byVector = (): Code => (vector === undefined ? code : code.get(vector).op('plus'))
  for (const { local, base, movesByVector } of pointers.values()) {
    code.get(base)
    if (movesByVector) byVector()
    code.set(local)
  }
  masks?.forEach((mask, v) => {
    code.get(MASK_LOCAL)
    byVector()
      .load(v * 16)
      .set(mask)
  })
  emitLoops(loop, 0)
}

/** Function of a loop item. */
export const fusedLoopCode = (space: Shape, nodes: ReadonlyArray<GraphNode>, environment: CodeEnvironment): Code => {
  const { lanes } = environment.layout
  const loop = beginLoop(environment, space, nodes)
  const { code, vectors, vector } = loop
  for (const node of nodes) {
    const { does } = node
    loop.sharedRegisters.clear()
    if (does.kind === 'rowSum') sumOverRows(loop, node)
    else if (does.kind === 'entrywise') mapEntries(loop, node, does.kernel, does.attrs)
    else if (does.kind === 'reduce')
      (isFoldedInRegisters(node, space) ? reduceColumns : reduceAlongLoops)(loop, node, does.fold)
  }
  code.append(loop.before).append(loop.opening)
  if (vector === undefined) passOverEntries(loop)
  else
    code
      .i32(0)
      .set(vector)
      .times(lanes.vectors / vectors, () => {
        passOverEntries(loop)
        code.advance(vector, vectors * 16)
      })
  return code
}
