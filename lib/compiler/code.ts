/**
 * Phase 5. From a layout to WebAssembly: a function for each item, run panel after panel, and a function for a strand, which
 * runs over its tiles, draws noise, and multiplies over the rows. Where anything lies, and how many rows there are, it reads
 * from the words of a job, so that a program serves any data.
 */
import { assemble, Code, type Imported } from './assembler.js'
import { emit, isReaching, mapNames, mapOf } from './entrywise.js'
import { valueOf, width, type Fold, type Node, type Shape } from './graph.js'
import { ROWS, type Lanes } from './lanes.js'
import { foldedAxes, isSymmetric, sourceOf, unrolled, type Item, type Layout, type Location } from './layout.js'
import { addDoubles, blockOf, dotBlock, rowProduct, transpose } from './products.js'
import { isUpper } from './zeros.js'
import { product as sizeOf } from '../kernels/dense.js'

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
const IMPORTS: ReadonlyArray<Imported> = [
  ...mapNames.map(([kernel, name]): Imported => ({
    name,
    parameters: ['i32', 'i32', 'i32'],
    ...(isReaching(kernel) && { returns: 'i32' })
  })),
  NORMALS,
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
  if (fold === 'Prod') return code.op('mul')
  const x = code.local('v128')
  code.tee(x).op(fold === 'Max' ? 'pmax' : 'pmin')
  return code.get(x).get(x).op('ne').op('or')
}
const NEUTRAL: Readonly<Record<Fold, number>> = { Sum: 0, Max: -Infinity, Min: Infinity, Prod: 1 }

/** Steps through a node of shape `own`, in entries, along the axes of a loop over `full` that are longer than 1. */
const stepsOver = (own: Shape, full: Shape): ReadonlyArray<number> => {
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

interface Environment {
  readonly layout: Layout
  readonly wordOf: (input: string) => number
  readonly kernelOf: (node: Node) => number
}

/** Pushes the address of the panel of a location; entries are at an offset from it. */
const pushPanel = (code: Code, { buffer }: Location, { wordOf }: Environment): Code => {
  switch (buffer.kind) {
    case 'given':
      return code
        .get(JOB)
        .word(4 * wordOf(buffer.input))
        .get(PANEL)
        .i32(buffer.width * code.lanes.line)
        .op('times')
        .op('plus')
    case 'panel':
      return code.get(SCRATCH)
    case 'tile':
      return code
        .get(SCRATCH)
        .get(INDEX)
        .i32(buffer.width * code.lanes.line)
        .op('times')
        .op('plus')
  }
}
const offsetOf = ({ buffer, entry }: Location, { line }: Lanes): number =>
  (buffer.kind === 'given' ? 0 : buffer.at) + entry * line
const pushParameters = (code: Code): Code => code.get(JOB).word(4 * Word.Parameters)

/** One function for a loop: nodes of one space, fused. */
const loop = (space: Shape, nodes: ReadonlyArray<Node>, environment: Environment): Code => {
  const { layout } = environment
  const { lanes } = layout
  const { bytes, line } = lanes
  const code = item(lanes)
  const flat = unrolled(space)
  const outer = space.slice(0, space.length - flat)
  const inner = space.slice(space.length - flat)
  const columns = sizeOf(inner)
  // as many independent chains as hide an instruction's latency, and not many more than there are registers
  const vectors = Math.min(lanes.vectors, columns >= 4 ? 1 : columns >= 2 ? 2 : 4)
  const inLoop = new Set(nodes)
  /** The coordinates of the entries written out. */
  const coordinates = Array.from({ length: columns }, (_, c) => {
    const at: number[] = []
    for (let axis = inner.length - 1, rest = c; axis >= 0; axis--) {
      at.unshift(rest % inner[axis])
      rest = Math.floor(rest / inner[axis])
    }
    return at
  })
  const along = (steps: ReadonlyArray<number>, c: number): number =>
    coordinates[c].reduce((sum, x, axis) => sum + x * steps[outer.length + axis], 0)

  // pointers move along the loops by their own steps; what they start from is known by its name
  const before = code.fragment()
  const vector = vectors === lanes.vectors ? undefined : code.local('i32')
  const pointers = new Map<
    string,
    { readonly local: number; readonly start: () => void; readonly steps: ReadonlyArray<number> }
  >()
  const bases = new Map<string, number>()
  const based = (name: string, push: (code: Code) => Code): number => {
    const known = bases.get(name)
    if (known !== undefined) return known
    const local = code.local('i32')
    push(before).set(local)
    bases.set(name, local)
    return local
  }
  const pointer = (
    name: string,
    push: (code: Code) => Code,
    bytes: ReadonlyArray<number>,
    movesByVector: boolean
  ): number => {
    const base = based(name, push)
    const steps = bytes.slice(0, outer.length)
    const key = `${name} ${steps.join()}`
    const known = pointers.get(key)
    if (known !== undefined) return known.local
    const local = code.local('i32')
    pointers.set(key, {
      local,
      steps,
      start: () => {
        code.get(base)
        if (movesByVector && vector !== undefined) code.get(vector).op('plus')
        code.set(local)
      }
    })
    return local
  }
  const panelPointer = (location: Location, steps: ReadonlyArray<number>): number => {
    const { buffer } = location
    const name =
      buffer.kind === 'given' ? `given ${buffer.input}` : buffer.kind === 'panel' ? 'scratch' : `tile ${buffer.width}`
    return pointer(
      name,
      part => pushPanel(part, location, environment),
      steps.map(step => step * line),
      true
    )
  }
  const masks = Array.from({ length: vectors }, () => code.local('v128'))
  let isMasked = false

  const body = code.fragment()
  const registers = new Map<string, number>()
  const scalars = new Map<Node, number>()
  /** Numbers computed once that the vectors of one node share. */
  const spread = new Map<string, number>()
  const keyOf = (node: Node, entry: number, v: number): string => `${node.id} ${entry} ${v}`
  const fullOf = (node: Node): Shape => (node.does.kind === 'entrywise' ? node.shape : node.ins[0].shape)

  const push = (operand: Node, user: Node, c: number, v: number): Code => {
    const value = valueOf(operand)
    if (value !== undefined) return body.every(value)
    const steps = stepsOver(operand.shape, fullOf(user))
    const entry = along(steps, c)
    if (operand.place === 'once') {
      const at = layout.parameter(operand)
      if (width(operand) > 1) {
        const key = keyOf(operand, entry, 0)
        const known = spread.get(key)
        if (known !== undefined) return body.get(known)
        const from = pointer(
          'parameters',
          pushParameters,
          steps.map(step => step * bytes),
          false
        )
        body.get(from).loadEvery(at + entry * bytes)
        if (vectors === 1) return body
        const local = code.local('v128')
        spread.set(key, local)
        return body.tee(local)
      }
      let local = scalars.get(operand)
      if (local === undefined) {
        local = code.local('v128')
        scalars.set(operand, local)
        pushParameters(before).loadEvery(at).set(local)
      }
      return body.get(local)
    }
    const source = sourceOf(operand)
    const register = inLoop.has(source.node) ? registers.get(keyOf(source.node, entry, v)) : undefined
    if (register !== undefined) return body.get(register)
    const location = layout.locate(operand)
    return body.get(panelPointer(location, steps)).load(offsetOf(location, lanes) + entry * line + v * 16)
  }
  const keep = (node: Node, steps: ReadonlyArray<number>, entry: number, v: number, register: number): void => {
    if (!layout.isStored(node)) return
    const location = layout.locate(node)
    body
      .get(panelPointer(location, steps))
      .get(register)
      .store(offsetOf(location, lanes) + entry * line + v * 16)
  }

  /** Reductions along the loops: in registers where the loops they fold are the innermost, else in memory. */
  interface Running {
    readonly level: number
    readonly registers: ReadonlyMap<number, ReadonlyArray<number>>
    readonly start: number
    readonly finish: () => void
  }
  const running: Running[] = []
  const opening = code.fragment()

  const reduceAtOnce = (node: Node, fold: Fold): void => {
    const steps = stepsOver(node.shape, fullOf(node))
    const groups = new Map<number, number[]>()
    for (let c = 0; c < columns; c++) groups.set(along(steps, c), [...(groups.get(along(steps, c)) ?? []), c])
    for (let v = 0; v < vectors; v++)
      for (const [entry, members] of groups) {
        members.forEach((c, i) => {
          if (i === 0) push(node.ins[0], node, c, v)
          else combine(body, fold, () => push(node.ins[0], node, c, v))
        })
        const register = code.local('v128')
        registers.set(keyOf(node, entry, v), register)
        body.set(register)
        keep(node, steps, entry, v, register)
      }
  }
  const reduceAlong = (node: Node, fold: Fold): void => {
    const steps = stepsOver(node.shape, fullOf(node))
    const folded = foldedAxes(node).filter(axis => axis < outer.length)
    const level = outer.length - folded.length
    const location = layout.locate(node)
    const isInnermost = folded.every((axis, i) => axis === level + i)
    const to = panelPointer(location, steps)
    const entries = new Set(coordinates.map((_, c) => along(steps, c)))
    const at = (entry: number, v: number): number => offsetOf(location, lanes) + entry * line + v * 16
    if (!isInnermost) {
      const start = code.local('i32')
      pushPanel(opening, location, environment).i32(offsetOf(location, lanes)).op('plus').set(start)
      opening.times(width(node), () => {
        for (let v = 0; v < lanes.vectors; v++)
          opening
            .get(start)
            .every(NEUTRAL[fold])
            .store(v * 16)
        opening.advance(start, line)
      })
      for (let v = 0; v < vectors; v++)
        for (let c = 0; c < columns; c++) {
          const entry = along(steps, c)
          body.get(to).get(to).load(at(entry, v))
          combine(body, fold, () => push(node.ins[0], node, c, v)).store(at(entry, v))
        }
      return
    }
    const sums = new Map([...entries].map(entry => [entry, Array.from({ length: vectors }, () => code.local('v128'))]))
    for (let v = 0; v < vectors; v++)
      for (let c = 0; c < columns; c++) {
        const sum = sums.get(along(steps, c))?.[v] ?? 0
        body.get(sum)
        combine(body, fold, () => push(node.ins[0], node, c, v)).set(sum)
      }
    running.push({
      level,
      registers: sums,
      start: NEUTRAL[fold],
      finish: () => {
        // the loops that were folded moved nothing of this pointer
        for (const [entry, all] of sums) all.forEach((sum, v) => code.get(to).get(sum).store(at(entry, v)))
      }
    })
  }
  const sumOverRows = (node: Node): void => {
    const steps = stepsOver(node.shape, node.ins[0].shape)
    const at = layout.sumAt(node)
    const to = pointer(
      'results',
      part => part.get(RESULTS),
      steps.map(step => step * 16),
      false
    )
    isMasked = true
    for (let c = 0; c < columns; c++) {
      const offset = at + along(steps, c) * 16
      body.get(to).get(to).load(offset)
      for (let v = 0; v < vectors; v++) {
        push(node.ins[0], node, c, v).get(masks[v]).op('and')
        if (v > 0) body.op('add')
      }
      addDoubles(body).store(offset)
    }
  }

  for (const node of nodes) {
    const { does } = node
    spread.clear()
    if (does.kind === 'rowSum') sumOverRows(node)
    else if (does.kind === 'reduce') {
      if (foldedAxes(node).every(axis => axis >= outer.length)) reduceAtOnce(node, does.fold)
      else reduceAlong(node, does.fold)
    } else if (does.kind === 'entrywise') {
      const steps = stepsOver(node.shape, node.shape)
      for (let v = 0; v < vectors; v++)
        for (let c = 0; c < columns; c++) {
          emit(does.kernel, body, operand => push(node.ins[operand], node, c, v), does.attrs)
          const register = code.local('v128')
          const entry = along(steps, c)
          registers.set(keyOf(node, entry, v), register)
          body.set(register)
          keep(node, steps, entry, v, register)
        }
    }
  }

  const nest = (level: number): void => {
    const here = running.filter(({ level: own }) => own === level)
    for (const { registers: sums, start } of here)
      for (const all of sums.values()) for (const sum of all) code.every(start).set(sum)
    if (level === outer.length) code.append(body)
    else
      code.times(outer[level], () => {
        nest(level + 1)
        for (const { local, steps } of pointers.values()) {
          const moved = level + 1 < outer.length ? steps[level + 1] * outer[level + 1] : 0
          code.advance(local, steps[level] - moved)
        }
      })
    for (const { finish } of here) finish()
  }
  const turn = (): void => {
    for (const { start } of pointers.values()) start()
    if (isMasked)
      masks.forEach((mask, v) => {
        code.get(MASK)
        if (vector !== undefined) code.get(vector).op('plus')
        code.load(v * 16).set(mask)
      })
    nest(0)
  }
  code.append(before).append(opening)
  if (vector === undefined) turn()
  else
    code
      .i32(0)
      .set(vector)
      .times(lanes.vectors / vectors, () => {
        turn()
        code.advance(vector, vectors * 16)
      })
  return code
}

/** A kernel in JavaScript: addresses of its operands, then of its result. */
const byInterpreter = (code: Code, node: Node, environment: Environment): Code => {
  const { layout, kernelOf } = environment
  const to = layout.locate(node)
  const { ins } = node
  code.i32(kernelOf(node))
  for (let i = 0; i < MOST_OPERANDS; i++) {
    const operand = ins.at(i)
    if (i >= ins.length || operand === undefined || valueOf(operand) !== undefined) code.i32(0)
    else if (operand.place === 'once') pushParameters(code).i32(layout.parameter(operand)).op('plus')
    else {
      const from = layout.locate(operand)
      pushPanel(code, from, environment).i32(offsetOf(from, layout.lanes)).op('plus')
    }
  }
  pushPanel(code, to, environment).i32(offsetOf(to, layout.lanes)).op('plus')
  return code.call(importOf('kernel'))
}

/** One function for an item that is no loop. */
const single = (kind: Exclude<Item, { kind: 'loop' }>['kind'], node: Node, environment: Environment): Code => {
  const { layout } = environment
  const { lanes } = layout
  const code = item(lanes)
  const to = layout.locate(node)
  const address = (location: Location): number => {
    const local = code.local('i32')
    pushPanel(code, location, environment).set(local)
    return local
  }
  const { does, ins } = node
  if (kind === 'map' && does.kind === 'entrywise') {
    const from = layout.locate(ins[0])
    pushPanel(code, from, environment).i32(offsetOf(from, lanes)).op('plus')
    pushPanel(code, to, environment).i32(offsetOf(to, lanes)).op('plus')
    code.i32(width(node) * ROWS).call(importOf(mapOf(does.kernel, lanes)))
    return isReaching(does.kernel) ? code.when(() => byInterpreter(code, node, environment)) : code
  }
  if (does.kind === 'product' || does.kind === 'distances') {
    const [x, matrix] = ins
    const from = layout.locate(x)
    const k = x.shape.at(-1) ?? 1
    const columns = node.shape.at(-1) ?? 1
    const shared = code.local('i32')
    pushParameters(code).set(shared)
    const [a, out] = [address(from), address(to)]
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
        transposed: does.kind === 'distances' || does.transposed,
        isDistance: does.kind === 'distances',
        isUpper: does.kind === 'product' && isUpper(matrix, does.transposed)
      })
      code.advance(a, k * lanes.line).advance(out, columns * lanes.line)
    })
    return code
  }
  if (does.kind === 'pick') {
    const out = address(to)
    const entries = ins.flatMap(input => Array.from({ length: width(input) }, (_, i) => [input, i] as const))
    const pointers = new Map<Node, number>()
    const from = (input: Node): number => {
      const local = pointers.get(input) ?? address(layout.locate(input))
      pointers.set(input, local)
      return local
    }
    const shared = code.local('i32')
    pushParameters(code).set(shared)
    does.table.forEach((i, at) => {
      const [input, entry] = entries[i]
      const value = valueOf(input)
      for (let v = 0; v < lanes.vectors; v++) {
        if (input.place === 'rows') {
          const location = layout.locate(input)
          const local = from(input)
          code
            .get(out)
            .get(local)
            .load(offsetOf(location, lanes) + entry * lanes.line + v * 16)
        } else if (value !== undefined) code.get(out).every(value)
        else
          code
            .get(out)
            .get(shared)
            .loadEvery(layout.parameter(input) + entry * lanes.bytes)
        code.store(offsetOf(to, lanes) + at * lanes.line + v * 16)
      }
    })
    return code
  }
  return byInterpreter(code, node, environment)
}

export const emitModule = (layout: Layout, memory: { readonly shared: boolean; readonly maximum: number }): Emitted => {
  const { lanes } = layout
  const { line, tile } = lanes
  const functions: { readonly code: Code; readonly name?: string }[] = []
  const define = (code: Code, name?: string): number =>
    IMPORTS.length + functions.push(name === undefined ? { code } : { code, name }) - 1
  const inputs = [...layout.given.map(({ name }) => name), ...layout.drawn.map(({ name }) => name)]
  const wordOf = (input: string): number => Word.First + 2 * inputs.indexOf(input)
  const outputWord = (i: number): number => Word.First + 2 * inputs.length + i
  const kernels: Node[] = []
  const environment: Environment = { layout, wordOf, kernelOf: node => kernels.push(node) - 1 }

  const items = layout.items.map(item =>
    define(item.kind === 'loop' ? loop(item.space, item.nodes, environment) : single(item.kind, item.node, environment))
  )
  const outputs = layout.outputs.map(({ node }, i) => {
    const code = item(lanes)
    const from = layout.locate(node)
    const bytes = width(node) * line
    code
      .get(JOB)
      .word(4 * outputWord(i))
      .get(PANEL)
      .i32(bytes)
      .op('times')
      .op('plus')
    pushPanel(code, from, environment).i32(offsetOf(from, lanes)).op('plus').i32(bytes).copy()
    return define(code)
  })

  // —— products over the rows ——
  const blocks = new Map<string, number>()
  const block = (m: number, n: number): number => {
    const key = `${m} ${n}`
    const known = blocks.get(key) ?? define(dotBlock(lanes, m, n))
    blocks.set(key, known)
    return known
  }
  const dots = layout.sums.filter(({ node }) => node.does.kind === 'rowDot')
  /** (job, scratch, first panel, panels, results) */
  const dotFunctions = dots.map(({ node, at }) => {
    const code = new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32')
    const [first, panels, results] = [2, 3, 4]
    const [m, n] = node.shape
    const [x, y] = node.ins.map(layout.locate)
    const start = (location: Location): number => {
      const local = code.local('i32')
      const { buffer } = location
      if (buffer.kind === 'given')
        code
          .get(JOB)
          .word(4 * wordOf(buffer.input))
          .get(first)
          .i32(buffer.width * line)
          .op('times')
          .op('plus')
      else code.get(SCRATCH).i32(buffer.at).op('plus')
      code
        .i32(location.entry * line)
        .op('plus')
        .set(local)
      return local
    }
    const [firstX, firstY] = [start(x), start(y)]
    const [a, b0, row, b, sum] = Array.from({ length: 5 }, () => code.local('i32'))
    const repeats = node.ins[0].shape.length === 2 ? node.ins[0].shape[0] : 1
    const [high, wide] = blockOf(m, n)
    const call = (count: number, columns: number): void => {
      code
        .get(a)
        .get(b)
        .i32(x.buffer.width * line)
        .i32(y.buffer.width * line)
        .get(panels)
      code
        .get(sum)
        .i32(n * 16)
        .call(block(count, columns))
    }
    const across = (count: number): void => {
      code.get(b0).set(b).get(row).set(sum)
      const whole = Math.floor(n / wide)
      code.times(whole, () => {
        call(count, wide)
        code.advance(b, wide * line).advance(sum, wide * 16)
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
        .i32(high / wide)
        .op('plus')
        .tee(blocks)
        .set(left)
      code.loop(() => {
        call(high, wide)
        code.advance(b, wide * line).advance(sum, wide * 16)
        code.get(left).i32(1).op('minus').tee(left).again()
      })
    }
    code.times(repeats, () => {
      code.get(firstX).set(a).get(firstY).set(b0).get(results).i32(at).op('plus').set(row)
      if (isHalf) code.i32(0).set(blocks)
      code.times(Math.floor(m / high), () => {
        if (isHalf) upToDiagonal()
        else across(high)
        code.advance(a, high * line).advance(row, high * n * 16)
      })
      if (m % high > 0) across(m % high)
      code.advance(firstX, m * line).advance(firstY, n * line)
    })
    return define(code)
  })
  const transposes = new Map<number, number>()
  const transposed = (columns: number): number => {
    const known = transposes.get(columns) ?? define(transpose(lanes, columns))
    transposes.set(columns, known)
    return known
  }

  // —— a strand: (job, which, scratch) ——
  const code = new Code(lanes, 'i32', 'i32', 'i32')
  const [job, strand, scratch] = [0, 1, 2]
  const [panel, end, count, index, here, mask, results] = Array.from({ length: 7 }, () => code.local('i32'))
  const word = (at: number): Code => code.get(job).word(4 * at)
  word(Word.Results).get(strand)
  word(Word.ResultBytes).op('times').op('plus').set(results)
  code.get(results).i32(0).i32(layout.sumBytes).clear()
  code.get(strand)
  word(Word.StrandPanels).op('times').set(panel)
  code.get(panel)
  word(Word.StrandPanels).op('plus').set(end)
  word(Word.Panels).get(end)
  word(Word.Panels).get(end).op('below').op('choose').set(end)
  const isPartial = (of: () => Code): Code => {
    of()
    return word(Word.PartialPanel).op('equals')
  }
  code.loop(() => {
    code.get(end).get(panel).op('minus').tee(count).i32(tile).get(count).i32(tile).op('below').op('choose').set(count)
    for (const { name, buffer, staging } of layout.drawn) {
      const columns = buffer.width
      word(wordOf(name))
      word(wordOf(name) + 1)
      word(Word.FirstPanel)
        .get(panel)
        .op('plus')
        .i32(columns * ROWS)
        .op('times')
        .toDouble()
      code
        .get(count)
        .i32(columns * ROWS)
        .op('times')
        .get(scratch)
        .i32(staging)
        .op('plus')
        .call(importOf('normals'))
    }
    code.i32(0).set(index)
    code.loop(() => {
      code.get(panel).get(index).op('plus').set(here)
      word(Word.FullMask).set(mask)
      isPartial(() => code.get(here)).when(() => word(Word.PartialMask).set(mask))
      for (const { buffer, staging } of layout.drawn) {
        if (buffer.kind === 'given') continue
        const panels = (bytes: number): Code =>
          code
            .get(index)
            .i32(buffer.width * bytes)
            .op('times')
            .op('plus')
        code.get(scratch).i32(staging).op('plus')
        // what is drawn are doubles
        panels(ROWS * 8)
        code.get(scratch).i32(buffer.at).op('plus')
        if (buffer.kind === 'tile') panels(line)
        code.call(transposed(buffer.width))
      }
      for (const each of [...items, ...outputs])
        code.get(job).get(scratch).get(index).get(here).get(mask).get(results).call(each)
      code.get(index).i32(1).op('plus').tee(index).get(count).op('differs').again()
    })
    if (dots.length > 0)
      // rows that are none count nothing: factors are 0 there, as those that are given are from the start
      isPartial(() => code.get(here)).when(() => {
        word(Word.PartialMask).set(mask)
        for (const buffer of new Set(dots.flatMap(({ node }) => node.ins.map(input => layout.locate(input).buffer)))) {
          if (buffer.kind === 'given') continue
          const bytes = buffer.width * line
          code
            .get(scratch)
            .i32(buffer.at)
            .op('plus')
            .get(count)
            .i32(1)
            .op('minus')
            .i32(bytes)
            .op('times')
            .op('plus')
            .set(index)
          code.times(buffer.width, () => {
            for (let v = 0; v < lanes.vectors; v++)
              code
                .get(index)
                .get(index)
                .load(v * 16)
                .get(mask)
                .load(v * 16)
                .op('and')
                .store(v * 16)
            code.advance(index, line)
          })
        }
      })
    for (const dot of dotFunctions) code.get(job).get(scratch).get(panel).get(count).get(results).call(dot)
    code.get(panel).get(count).op('plus').tee(panel).get(end).op('differs').again()
  })
  define(code, 'strand')
  return {
    bytes: assemble(IMPORTS, functions, memory),
    kernels,
    words: Word.First + 2 * inputs.length + layout.outputs.length
  }
}
