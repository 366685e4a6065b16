/**
 * Phase 5. Code generation, from a layout to WebAssembly: a function for each item, run panel after panel, and a function for a strand, which
 * runs over its tiles, draws noise, and multiplies over the rows. Where anything lies, and how many rows there are, it reads
 * from the words of a job, so that a program serves any data.
 */
import { assemble, Code, type Imported } from './assembler.js'
import { emit, isReaching, mapNames, mapOf } from './entrywise.js'
import { valueOf, width, type Attrs, type Fold, type Node, type Shape } from './graph.js'
import { ROWS, type Lanes } from './lanes.js'
import {
  foldedAxes,
  fullOf,
  isSymmetric,
  sourceOf,
  stepsOver,
  turnsOf,
  type Item,
  type Layout,
  type Location,
  type Turns
} from './placement.js'
import { addDoubles, blockOf, dotBlock, rowProduct, transpose } from './products.js'
import { type Access, type Place } from './verify.js'
import { isUpper } from './zeros.js'

/** The words of a job. */
export const Word = {
  Panels: 0,
  /** Of a strand. */
  StrandPanels: 1,
  Parameters: 2,
  /** Where the sums of the first strand go, and bytes to those of the next. */
  Results: 3,
  ResultBytes: 4,
  /** How many panels of the data come before the first of this job. */
  FirstPanel: 5,
  /** The panel whose last lanes are no rows, or −1; and where ones stand for those that are. */
  PartialPanel: 6,
  PartialMask: 7,
  FullMask: 8,
  /** Two for each input of rows, given ones first: where it lies, or a key; then one for each output of rows. */
  First: 9
} as const

export interface Emitted {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Kernels that run in JavaScript, be it where others do not reach, by the number with which they are called. */
  readonly kernels: ReadonlyArray<Node>
  readonly words: number
}

/** Operands of a kernel in JavaScript, and its result. */
const MOST_OPERANDS = 3
const KERNEL: Imported = { name: 'kernel', parameters: new Array<'i32'>(MOST_OPERANDS + 2).fill('i32') }
const NORMALS: Imported = { name: 'normals', parameters: ['i32', 'i32', 'f64', 'i32', 'i32'] }
const CHI_SQUARED: Imported = { name: 'chiSquared', parameters: ['i32', 'i32', 'f64', 'i32', 'f64', 'i32'] }
const IMPORTS: ReadonlyArray<Imported> = [
  ...mapNames.map(([kernel, name]): Imported => ({
    name,
    parameters: ['i32', 'i32', 'i32'],
    ...(isReaching(kernel) && { returns: 'i32' })
  })),
  NORMALS,
  CHI_SQUARED,
  KERNEL
]
const importOf = (name: string): number => IMPORTS.findIndex(imported => imported.name === name)

/** The parameters of an item's function. */
const [JOB, SCRATCH, INDEX, PANEL, MASK, RESULTS] = [0, 1, 2, 3, 4, 5]
const item = (lanes: Lanes): Code => new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')

/** What is on the stack and one more: an extreme is NaN where one of them is, in a third of the engine's instructions for max. */
const combine = (code: Code, fold: Fold, push: () => Code): Code => {
  push()
  if (fold === 'Sum') return code.op('add')
  const x = code.local('v128')
  code.tee(x).op(fold === 'Max' ? 'pmax' : 'pmin')
  return code.get(x).get(x).op('ne').op('or')
}
const NEUTRAL: Readonly<Record<Fold, number>> = { Sum: 0, Max: -Infinity, Min: Infinity }

/** What the functions of one program ask of it. */
interface Environment {
  readonly layout: Layout
  /** The words of a job that say where an input and an output of rows lie. */
  readonly wordOf: (input: string) => number
  readonly outputWord: (output: number) => number
  /** Kernels in JavaScript, and functions that others call, by their numbers. */
  readonly kernelOf: (node: Node) => number
  readonly block: (m: number, n: number) => number
  readonly transposed: (columns: number) => number
  /** Told what the code of a loop reads and makes. */
  readonly see: (access: Access) => void
}

/** Pushes the address of the panel of a location; entries are at an offset from it. */
const pushPanel = (code: Code, { buffer }: Location, { wordOf }: Environment): Code => {
  const bytes = buffer.width * code.lanes.line
  switch (buffer.kind) {
    case 'given':
      return pushWord(code, wordOf(buffer.input)).plusEach(PANEL, bytes)
    case 'panel':
      return code.get(SCRATCH)
    case 'tile':
      return code.get(SCRATCH).plusEach(INDEX, bytes)
  }
}
const offsetOf = ({ buffer, entry }: Location, { line }: Lanes): number =>
  (buffer.kind === 'given' ? 0 : buffer.at) + entry * line
/** Pushes the address of a location in the panel. */
const pushLocation = (code: Code, location: Location, environment: Environment): Code =>
  pushPanel(code, location, environment).plus(offsetOf(location, code.lanes))
/** Pushes a word of the job. */
const pushWord = (code: Code, word: number): Code => code.get(JOB).word(4 * word)
const pushParameters = (code: Code): Code => pushWord(code, Word.Parameters)

// —— loops ——

/** A pointer that moves along the loops by its own steps. */
interface Pointer {
  readonly local: number
  readonly base: number
  readonly steps: Shape
  readonly movesByVector: boolean
}

/** A reduction along the innermost loops, which it folds, in registers. */
interface Running {
  /** The loop around those. */
  readonly level: number
  readonly sums: ReadonlyArray<number>
  readonly start: number
  readonly finish: () => void
}

/** A function for a loop, being written. */
interface Loop {
  readonly environment: Environment
  readonly space: Turns
  readonly nodes: ReadonlySet<Node>
  readonly code: Code
  /** What is done once: pointers' bases and numbers that all entries share, then reductions in memory; and at each entry. */
  readonly before: Code
  readonly opening: Code
  readonly body: Code
  /** So many vectors of a line at a time, at this distance from its start where they are not all. */
  readonly vectors: number
  readonly vector: number | undefined
  /** Which lanes are rows; undefined while nobody asks. */
  masks: ReadonlyArray<number> | undefined
  readonly bases: Map<string, number>
  readonly pointers: Map<string, Pointer>
  /** The registers of entries, by node, entry and vector. */
  readonly registers: Map<string, number>
  readonly scalars: Map<Node, number>
  /** Numbers computed once that the vectors of one node share. */
  readonly spread: Map<string, number>
  readonly running: Running[]
}

const begin = (environment: Environment, space: Shape, nodes: ReadonlyArray<Node>): Loop => {
  const { lanes } = environment.layout
  const code = item(lanes)
  const own = turnsOf(space)
  // as many independent chains as hide an instruction's latency, and not many more than there are registers
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
    spread: new Map(),
    running: []
  }
}

/** For each vector of each column. */
const eachEntry = ({ vectors, space }: Loop, visit: (column: number, vector: number) => void): void => {
  for (let v = 0; v < vectors; v++) for (let c = 0; c < space.columns; c++) visit(c, v)
}

/** The pointer of these steps, in bytes, from what is known by a name. */
const pointer = (
  { code, before, space, bases, pointers }: Loop,
  name: string,
  push: (code: Code) => Code,
  bytes: Shape,
  movesByVector: boolean
): number => {
  const base = bases.get(name) ?? code.local('i32')
  if (!bases.has(name)) push(before).set(base)
  bases.set(name, base)
  const steps = bytes.slice(0, space.outer.length)
  const key = `${name} ${steps.join()}`
  const { local } = pointers.get(key) ?? { local: code.local('i32') }
  pointers.set(key, { local, base, steps, movesByVector })
  return local
}

const nameOf = ({ buffer }: Location): string =>
  buffer.kind === 'given' ? `given ${buffer.input}` : buffer.kind === 'panel' ? 'scratch' : `tile ${buffer.width}`

const panelPointer = (loop: Loop, location: Location, steps: Shape): number => {
  const { environment } = loop
  const { line } = environment.layout.lanes
  const bytes = steps.map(step => step * line)
  return pointer(loop, nameOf(location), part => pushPanel(part, location, environment), bytes, true)
}

/** Where an entry of a location lies, as the code has it. */
const placeOf = ({ environment }: Loop, location: Location, steps: Shape, entry: number): Place => {
  const { lanes } = environment.layout
  const { line } = lanes
  return {
    base: nameOf(location),
    offset: offsetOf(location, lanes) + entry * line,
    steps: steps.map(step => step * line)
  }
}

const keyOf = (node: Node, entry: number, v: number): string => `${node.id} ${entry} ${v}`
const vectorAt = ({ line }: Lanes, entry: number, v: number): number => entry * line + v * 16

/** Pushes an entry of a node that is computed once a call. */
const pushOnce = (
  loop: Loop,
  operand: Node,
  steps: Shape,
  entry: number,
  see: (access: Partial<Access>) => void
): Code => {
  const { environment, code, before, body, vectors, scalars, spread } = loop
  const { layout } = environment
  const { bytes } = layout.lanes
  const at = layout.parameter(operand)
  const moves = steps.map(step => step * bytes)
  const place = { base: 'parameters', offset: at + entry * bytes, steps: moves }
  if (width(operand) === 1) {
    see({ place })
    const known = scalars.get(operand)
    if (known !== undefined) return body.get(known)
    const local = code.local('v128')
    scalars.set(operand, local)
    pushParameters(before).loadEvery(at).set(local)
    return body.get(local)
  }
  const key = keyOf(operand, entry, 0)
  const known = spread.get(key)
  if (known !== undefined) {
    see({ register: known })
    return body.get(known)
  }
  body.get(pointer(loop, 'parameters', pushParameters, moves, false)).loadEvery(at + entry * bytes)
  if (vectors === 1) {
    see({ place })
    return body
  }
  const local = code.local('v128')
  spread.set(key, local)
  see({ place, register: local })
  return body.tee(local)
}

/** Pushes a vector of the entry of an operand that its user has in a column. */
const push = (loop: Loop, operand: Node, user: Node, c: number, v: number): Code => {
  const { environment, space, nodes, body, registers } = loop
  const { layout } = environment
  const value = valueOf(operand)
  if (value !== undefined) return body.every(value)
  const steps = stepsOver(operand.shape, fullOf(user))
  const entry = space.entry(steps, c)
  const see = (access: Partial<Access>): void => {
    environment.see({ node: user, operand, column: c, vector: v, ...access })
  }
  if (operand.place === 'once') return pushOnce(loop, operand, steps, entry, see)
  const source = sourceOf(operand)
  const register = nodes.has(source.node) ? registers.get(keyOf(source.node, source.entry + entry, v)) : undefined
  if (register !== undefined) {
    see({ register })
    return body.get(register)
  }
  const location = layout.locate(operand)
  see({ place: placeOf(loop, location, steps, entry) })
  const offset = offsetOf(location, layout.lanes) + vectorAt(layout.lanes, entry, v)
  return body.get(panelPointer(loop, location, steps)).load(offset)
}

/** Keeps what is on the stack in a register, and stores it where others need it. */
const keep = (loop: Loop, node: Node, steps: Shape, entry: number, c: number, v: number): void => {
  const { environment, code, body, registers } = loop
  const { layout } = environment
  const register = code.local('v128')
  registers.set(keyOf(node, entry, v), register)
  body.set(register)
  const made = { node, column: c, vector: v, register }
  if (!layout.isStored(node)) {
    environment.see(made)
    return
  }
  const location = layout.locate(node)
  environment.see({ ...made, place: placeOf(loop, location, steps, entry) })
  const at = offsetOf(location, layout.lanes) + vectorAt(layout.lanes, entry, v)
  body
    .get(panelPointer(loop, location, steps))
    .get(register)
    .store(at)
}

const mapEntries = (loop: Loop, node: Node, kernel: string, attrs: Attrs): void => {
  const steps = stepsOver(node.shape, node.shape)
  eachEntry(loop, (c, v) => {
    emit(kernel, loop.body, operand => push(loop, node.ins[operand], node, c, v), attrs)
    keep(loop, node, steps, loop.space.entry(steps, c), c, v)
  })
}

/** A reduction along columns alone. */
const reduceAtOnce = (loop: Loop, node: Node, fold: Fold): void => {
  const { vectors, space, body } = loop
  const steps = stepsOver(node.shape, fullOf(node))
  const groups = new Map<number, number[]>()
  for (let c = 0; c < space.columns; c++) {
    const entry = space.entry(steps, c)
    groups.set(entry, [...(groups.get(entry) ?? []), c])
  }
  for (let v = 0; v < vectors; v++)
    for (const [entry, [first, ...others]] of groups) {
      push(loop, node.ins[0], node, first, v)
      for (const c of others) combine(body, fold, () => push(loop, node.ins[0], node, c, v))
      keep(loop, node, steps, entry, first, v)
    }
}

/** A reduction along loops: in registers where the loops it folds are the innermost, else in memory. */
const reduceAlong = (loop: Loop, node: Node, fold: Fold): void => {
  const { environment, space, code, opening, body, vectors, running } = loop
  const { layout } = environment
  const { lanes } = layout
  const steps = stepsOver(node.shape, fullOf(node))
  const folded = foldedAxes(node).filter(axis => axis < space.outer.length)
  const level = space.outer.length - folded.length
  const location = layout.locate(node)
  const to = panelPointer(loop, location, steps)
  const offset = offsetOf(location, lanes)
  for (let column = 0; column < space.columns; column++) {
    const place = placeOf(loop, location, steps, space.entry(steps, column))
    environment.see({ node, column, vector: 0, place, isLate: true })
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
    eachEntry(loop, (c, v) => {
      const sum = sums.get(space.entry(steps, c))?.[v] ?? 0
      body.get(sum)
      combine(body, fold, () => push(loop, node.ins[0], node, c, v)).set(sum)
    })
    running.push({
      level,
      sums: [...sums.values()].flat(),
      start: NEUTRAL[fold],
      finish: () => {
        // the loops that were folded moved nothing of this pointer
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
  opening.times(width(node), () => {
    for (let at = 0; at < lanes.line; at += 16) opening.get(start).every(NEUTRAL[fold]).store(at)
    opening.advance(start, lanes.line)
  })
  eachEntry(loop, (c, v) => {
    const at = offset + vectorAt(lanes, space.entry(steps, c), v)
    body.get(to).get(to).load(at)
    combine(body, fold, () => push(loop, node.ins[0], node, c, v)).store(at)
  })
}

const sumOverRows = (loop: Loop, node: Node): void => {
  const { environment, space, code, body, vectors } = loop
  const steps = stepsOver(node.shape, node.ins[0].shape)
  const moves = steps.map(step => step * 16)
  const to = pointer(loop, 'results', part => part.get(RESULTS), moves, false)
  const masks = loop.masks ?? Array.from({ length: vectors }, () => code.local('v128'))
  loop.masks = masks
  for (let c = 0; c < space.columns; c++) {
    const offset = environment.layout.sumAt(node) + space.entry(steps, c) * 16
    environment.see({ node, column: c, vector: 0, place: { base: 'results', offset, steps: moves }, isLate: true })
    body.get(to).get(to).load(offset)
    masks.forEach((mask, v) => {
      push(loop, node.ins[0], node, c, v).get(mask).op('and')
      if (v > 0) body.op('add')
    })
    addDoubles(body).store(offset)
  }
}

/** The loops from this level on: reductions begin and end around those they fold, and pointers step at the end of each turn. */
const nest = (loop: Loop, level: number): void => {
  const { space, code, body, running, pointers } = loop
  const { outer } = space
  const here = running.filter(({ level: own }) => own === level)
  for (const { sums, start } of here) for (const sum of sums) code.every(start).set(sum)
  if (level === outer.length) code.append(body)
  else
    code.times(outer[level], () => {
      nest(loop, level + 1)
      for (const { local, steps } of pointers.values()) {
        const moved = level + 1 < outer.length ? steps[level + 1] * outer[level + 1] : 0
        code.advance(local, steps[level] - moved)
      }
    })
  for (const { finish } of here) finish()
}

/** Once over the entries, for as many vectors as are taken at a time. */
const turn = (loop: Loop): void => {
  const { code, vector, masks, pointers } = loop
  const byVector = (): Code => (vector === undefined ? code : code.get(vector).op('plus'))
  for (const { local, base, movesByVector } of pointers.values()) {
    code.get(base)
    if (movesByVector) byVector()
    code.set(local)
  }
  masks?.forEach((mask, v) => {
    code.get(MASK)
    byVector()
      .load(v * 16)
      .set(mask)
  })
  nest(loop, 0)
}

/** One function for a loop: nodes of one space, fused. */
const loopOf = (space: Shape, nodes: ReadonlyArray<Node>, environment: Environment): Code => {
  const { lanes } = environment.layout
  const loop = begin(environment, space, nodes)
  const { code, vectors, vector } = loop
  for (const node of nodes) {
    const { does } = node
    loop.spread.clear()
    if (does.kind === 'rowSum') sumOverRows(loop, node)
    else if (does.kind === 'entrywise') mapEntries(loop, node, does.kernel, does.attrs)
    else if (does.kind === 'reduce') {
      const isAtOnce = foldedAxes(node).every(axis => axis >= loop.space.outer.length)
      ;(isAtOnce ? reduceAtOnce : reduceAlong)(loop, node, does.fold)
    }
  }
  code.append(loop.before).append(loop.opening)
  if (vector === undefined) turn(loop)
  else
    code
      .i32(0)
      .set(vector)
      .times(lanes.vectors / vectors, () => {
        turn(loop)
        code.advance(vector, vectors * 16)
      })
  return code
}

// —— other items ——

/** A kernel in JavaScript: addresses of its operands, then of its result. */
const byInterpreter = (code: Code, node: Node, environment: Environment): Code => {
  const { layout, kernelOf } = environment
  const to = layout.locate(node)
  const { ins } = node
  code.i32(kernelOf(node))
  for (let i = 0; i < MOST_OPERANDS; i++) {
    const operand = ins.at(i)
    if (i >= ins.length || operand === undefined || valueOf(operand) !== undefined) code.i32(0)
    else if (operand.place === 'once') pushParameters(code).plus(layout.parameter(operand))
    else {
      const from = layout.locate(operand)
      pushLocation(code, from, environment)
    }
  }
  pushLocation(code, to, environment)
  return code.call(importOf('kernel'))
}

/** A function of lib/simd over all entries of a panel; where it says that some are beyond it, the interpreter does it all. */
const mapPanel = (code: Code, node: Node, kernel: string, environment: Environment): void => {
  const { layout } = environment
  const { lanes } = layout
  for (const location of [node.ins[0], node].map(layout.locate)) pushLocation(code, location, environment)
  code.i32(width(node) * ROWS).call(importOf(mapOf(kernel, lanes)))
  if (isReaching(kernel)) code.when(() => byInterpreter(code, node, environment))
}

/** A local with the address of the panel of a location. */
const address = (code: Code, location: Location, environment: Environment): number => {
  const local = code.local('i32')
  pushPanel(code, location, environment).set(local)
  return local
}

const multiply = (code: Code, node: Node, environment: Environment): void => {
  const { layout } = environment
  const { lanes } = layout
  const { does, ins } = node
  const [x, matrix] = ins
  const [from, to] = [x, node].map(layout.locate)
  const k = x.shape.at(-1) ?? 1
  const columns = node.shape.at(-1) ?? 1
  const shared = code.local('i32')
  pushParameters(code).set(shared)
  const [a, out] = [from, to].map(location => address(code, location, environment))
  const isTransposed = does.kind === 'product' && does.transposed
  code.times(width(x) / k, () => {
    rowProduct(code, {
      from: a,
      fromOffset: offsetOf(from, lanes),
      to: out,
      toOffset: offsetOf(to, lanes),
      matrix: shared,
      matrixOffset: layout.parameter(matrix),
      k,
      columns,
      transposed: does.kind === 'distances' || isTransposed,
      isDistance: does.kind === 'distances',
      isUpper: does.kind === 'product' && isUpper(matrix, isTransposed)
    })
    code.advance(a, k * lanes.line).advance(out, columns * lanes.line)
  })
}

const pickEntries = (code: Code, node: Node, table: ReadonlyArray<number>, environment: Environment): void => {
  const { layout } = environment
  const { lanes } = layout
  const to = layout.locate(node)
  const out = address(code, to, environment)
  const entries = node.ins.flatMap(input => Array.from({ length: width(input) }, (_, i) => [input, i] as const))
  const pointers = new Map<Node, number>()
  const from = (input: Node): number => {
    const local = pointers.get(input) ?? address(code, layout.locate(input), environment)
    pointers.set(input, local)
    return local
  }
  const shared = code.local('i32')
  pushParameters(code).set(shared)
  table.forEach((i, at) => {
    const [input, entry] = entries[i]
    const value = valueOf(input)
    for (let v = 0; v < lanes.vectors; v++) {
      if (input.place === 'rows') {
        const local = from(input)
        const offset = offsetOf(layout.locate(input), lanes) + vectorAt(lanes, entry, v)
        code.get(out).get(local).load(offset)
      } else if (value !== undefined) code.get(out).every(value)
      else {
        const offset = layout.parameter(input) + entry * lanes.bytes
        code.get(out).get(shared).loadEvery(offset)
      }
      code.store(offsetOf(to, lanes) + vectorAt(lanes, at, v))
    }
  })
}

/** One function for an item that is no loop. */
const single = (kind: Exclude<Item, { kind: 'loop' }>['kind'], node: Node, environment: Environment): Code => {
  const code = item(environment.layout.lanes)
  const { does } = node
  if (kind === 'map' && does.kind === 'entrywise') mapPanel(code, node, does.kernel, environment)
  else if (does.kind === 'product' || does.kind === 'distances') multiply(code, node, environment)
  else if (does.kind === 'pick') pickEntries(code, node, does.table, environment)
  else byInterpreter(code, node, environment)
  return code
}

/** One function for an output of rows, the i-th: its panel, copied. */
const outputOf = (node: Node, i: number, environment: Environment): Code => {
  const { layout, outputWord } = environment
  const code = item(layout.lanes)
  const from = layout.locate(node)
  const bytes = width(node) * layout.lanes.line
  pushWord(code, outputWord(i)).plusEach(PANEL, bytes)
  return pushLocation(code, from, environment).i32(bytes).copy()
}

// —— products over the rows ——

/** A function (job, scratch, first panel, panels, results) for a product over the rows of a tile. */
const dotOf = (node: Node, at: number, environment: Environment): Code => {
  const { layout, wordOf, block } = environment
  const { lanes } = layout
  const { line } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32')
  const [first, panels, results] = [2, 3, 4]
  const [m, n] = node.shape
  const [x, y] = node.ins.map(layout.locate)
  const start = ({ buffer, entry }: Location): number => {
    const local = code.local('i32')
    if (buffer.kind === 'given') pushWord(code, wordOf(buffer.input)).plusEach(first, buffer.width * line)
    else code.get(SCRATCH).plus(buffer.at)
    code.plus(entry * line).set(local)
    return local
  }
  const [firstX, firstY] = [start(x), start(y)]
  const [a, b0, row, b, sum] = Array.from({ length: 5 }, () => code.local('i32'))
  const repeats = node.ins[0].shape.length === 2 ? node.ins[0].shape[0] : 1
  const [high, wide] = blockOf(m, n)
  const [downX, downY, down] = [x.buffer.width * line, y.buffer.width * line, n * 16]
  const call = (count: number, columns: number): void => {
    code.get(a).get(b).i32(downX).i32(downY).get(panels).get(sum).i32(down).call(block(count, columns))
  }
  const next = (count: number): void => {
    call(count, wide)
    code.advance(b, wide * line).advance(sum, wide * 16)
  }
  const across = (count: number): void => {
    code.get(b0).set(b).get(row).set(sum)
    code.times(Math.floor(n / wide), () => {
      next(count)
    })
    if (n % wide > 0) call(count, n % wide)
  }
  // of a symmetric one the blocks up to the diagonal are enough
  const isHalf = isSymmetric(node) && m > high && high % wide === 0
  const [blocks, left] = isHalf ? [code.local('i32'), code.local('i32')] : [0, 0]
  const upToDiagonal = (): void => {
    code.get(b0).set(b).get(row).set(sum)
    code
      .get(blocks)
      .plus(high / wide)
      .tee(blocks)
      .set(left)
    code.loop(() => {
      next(high)
      code.countDown(left)
    })
  }
  return code.times(repeats, () => {
    code.get(firstX).set(a).get(firstY).set(b0).get(results).i32(at).op('plus').set(row)
    if (isHalf) code.i32(0).set(blocks)
    code.times(Math.floor(m / high), () => {
      if (isHalf) upToDiagonal()
      else across(high)
      code.advance(a, high * line).advance(row, high * down)
    })
    if (m % high > 0) across(m % high)
    code.advance(firstX, m * line).advance(firstY, n * line)
  })
}

// —— a strand ——

/** The functions that a strand calls: those of a panel, and those of a tile. */
interface Called {
  readonly items: ReadonlyArray<number>
  readonly dots: ReadonlyArray<number>
}

/** The function (job, which, scratch) of a strand, which runs over its tiles. */
const strandOf = (environment: Environment, { items, dots }: Called): Code => {
  const { layout, wordOf, transposed } = environment
  const { lanes } = layout
  const { line, tile } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32')
  const [job, strand, scratch] = [0, 1, 2]
  const [panel, end, count, index, here, mask, results] = Array.from({ length: 7 }, () => code.local('i32'))
  const word = (at: number): Code => pushWord(code, at)
  /** What is done if the panel at hand is the one that has lanes which are no rows. */
  const ifPartial = (then: () => void): void => {
    code.get(here)
    word(Word.PartialPanel).op('equals').when(then)
  }
  const draw = (): void => {
    for (const { name, law, buffer, staging } of layout.drawn) {
      const numbers = buffer.width * ROWS
      word(wordOf(name))
      word(wordOf(name) + 1)
      word(Word.FirstPanel).get(panel).op('plus').i32(numbers).op('times').toDouble()
      code.get(count).i32(numbers).op('times')
      if (law !== 'normal') code.double(law)
      code
        .get(scratch)
        .plus(staging)
        .call(importOf(law === 'normal' ? 'normals' : 'chiSquared'))
    }
  }
  /** What was drawn, doubles row after row, as panels. */
  const toPanels = (): void => {
    for (const { buffer, staging } of layout.drawn) {
      if (buffer.kind === 'given') continue
      code
        .get(scratch)
        .plus(staging)
        .plusEach(index, buffer.width * ROWS * 8)
      code.get(scratch).plus(buffer.at)
      if (buffer.kind === 'tile') code.plusEach(index, buffer.width * line)
      code.call(transposed(buffer.width))
    }
  }
  /** Rows that are none count nothing: factors are 0 there, as those that are given are from the start. */
  const clearFactors = (): void => {
    word(Word.PartialMask).set(mask)
    const factors = layout.sums.flatMap(({ node }) => (node.does.kind === 'rowDot' ? node.ins : []))
    for (const buffer of new Set(factors.map(input => layout.locate(input).buffer))) {
      if (buffer.kind === 'given') continue
      const bytes = buffer.width * line
      code
        .get(scratch)
        .plus(buffer.at - bytes)
        .plusEach(count, bytes)
        .set(index)
      code.times(buffer.width, () => {
        for (let at = 0; at < line; at += 16) code.get(index).get(index).load(at).get(mask).load(at).op('and').store(at)
        code.advance(index, line)
      })
    }
  }
  word(Word.Results).get(strand)
  word(Word.ResultBytes).op('times').op('plus').set(results)
  code.get(results).i32(0).i32(layout.sumBytes).clear()
  code.get(strand)
  word(Word.StrandPanels).op('times').set(panel)
  code.get(panel)
  word(Word.StrandPanels).op('plus').set(end)
  word(Word.Panels).get(end)
  word(Word.Panels).get(end).op('below').op('choose').set(end)
  return code.loop(() => {
    code.get(end).get(panel).op('minus').tee(count).i32(tile).get(count).i32(tile).op('below').op('choose').set(count)
    draw()
    code.i32(0).set(index)
    code.loop(() => {
      code.get(panel).get(index).op('plus').set(here)
      word(Word.FullMask).set(mask)
      ifPartial(() => word(Word.PartialMask).set(mask))
      toPanels()
      for (const each of items) code.get(job).get(scratch).get(index).get(here).get(mask).get(results).call(each)
      code.get(index).i32(1).op('plus').tee(index).get(count).op('differs').again()
    })
    if (dots.length > 0) ifPartial(clearFactors)
    for (const dot of dots) code.get(job).get(scratch).get(panel).get(count).get(results).call(dot)
    code.get(panel).get(count).op('plus').tee(panel).get(end).op('differs').again()
  })
}

/** The module of a layout; `see` is told of each item's loops what they read and make. */
export const emitModule = (
  layout: Layout,
  memory: { readonly shared: boolean; readonly maximum: number },
  see: (item: number) => (access: Access) => void
): Emitted => {
  const { lanes } = layout
  const functions: { readonly code: Code; readonly name?: string }[] = []
  const define = (code: Code): number => IMPORTS.length + functions.push({ code }) - 1
  /** Functions that are the same for the same numbers. */
  const shared = <A extends ReadonlyArray<number>>(of: (...numbers: A) => Code): ((...numbers: A) => number) => {
    const known = new Map<string, number>()
    return (...numbers) => {
      const index = known.get(numbers.join()) ?? define(of(...numbers))
      known.set(numbers.join(), index)
      return index
    }
  }
  const inputs = [...layout.given, ...layout.drawn].map(({ name }) => name)
  const kernels: Node[] = []
  const environment: Environment = {
    layout,
    wordOf: input => Word.First + 2 * inputs.indexOf(input),
    outputWord: i => Word.First + 2 * inputs.length + i,
    kernelOf: node => kernels.push(node) - 1,
    block: shared((m, n) => dotBlock(lanes, m, n)),
    transposed: shared(columns => transpose(lanes, columns)),
    see: () => {}
  }
  const items = layout.items.map((one, i) =>
    define(
      one.kind === 'loop'
        ? loopOf(one.space, one.nodes, { ...environment, see: see(i) })
        : single(one.kind, one.node, environment)
    )
  )
  const outputs = layout.outputs.map(({ node }, i) => define(outputOf(node, i, environment)))
  const dots = layout.sums
    .filter(({ node }) => node.does.kind === 'rowDot')
    .map(({ node, at }) => define(dotOf(node, at, environment)))
  functions.push({ code: strandOf(environment, { items: [...items, ...outputs], dots }), name: 'strand' })
  return {
    bytes: assemble(IMPORTS, functions, memory),
    kernels,
    words: environment.outputWord(layout.outputs.length)
  }
}
