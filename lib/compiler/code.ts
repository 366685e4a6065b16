/**
 * Phase 5. Code generation, from a layout to WebAssembly: a function for each item, run panel after panel, and a function for a chunk, which
 * runs over its tiles, draws noise, and multiplies over the rows. Where anything lies, and how many rows there are, it reads
 * from the words of a job, so that a program serves any data.
 */
import { assemble, Code, type Imported } from './assembler.js'
import { isReaching, mapNames, panelMapName } from './entrywise.js'
import { constantValue, nodeWidth, type GraphNode } from './graph.js'
import {
  itemFunction,
  offsetOf,
  PANEL,
  pushLocation,
  pushPanel,
  pushParameters,
  pushWord,
  SCRATCH,
  vectorAt,
  JOB_WORDS,
  type CodeEnvironment
} from './job.js'
import { PANEL_ROWS } from './lanes.js'
import { fusedLoopCode } from './fusedLoops.js'
import { isSymmetricProduct, type Item, type MemoryLayout, type Location } from './placement.js'
import { productBlockSize, productBlockCode, emitRowsTimesMatrix, panelTransposeCode } from './products.js'
import { type ColumnAccess } from './verify.js'
import { isUpper } from './zeros.js'

export interface Emitted {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Kernels that run in JavaScript, be it where others do not reach, by the number with which they are called. */
  readonly kernels: ReadonlyArray<GraphNode>
  readonly words: number
}

/** Operands of a kernel in JavaScript, and its result. */
const MOST_OPERANDS = 3
const KERNEL: Imported = { name: 'kernel', parameters: new Array<'i32'>(MOST_OPERANDS + 2).fill('i32') }
const NORMALS_IMPORT: Imported = { name: 'normals', parameters: ['i32', 'i32', 'f64', 'i32', 'i32'] }
const CHI_SQUARED: Imported = { name: 'chiSquared', parameters: ['i32', 'i32', 'f64', 'i32', 'f64', 'i32'] }
const IMPORTS: ReadonlyArray<Imported> = [
  ...mapNames.map(([kernel, name]): Imported => ({
    name,
    parameters: ['i32', 'i32', 'i32'],
    ...(isReaching(kernel) && { returns: 'i32' })
  })),
  NORMALS_IMPORT,
  CHI_SQUARED,
  KERNEL
]
const importOf = (name: string): number => IMPORTS.findIndex(imported => imported.name === name)

/** A kernel in JavaScript: addresses of its operands, then of its result. */
const callInterpreter = (code: Code, node: GraphNode, environment: CodeEnvironment): Code => {
  const { layout, kernelOf } = environment
  const to = layout.locate(node)
  const { ins } = node
  code.i32(kernelOf(node))
  for (let i = 0; i < MOST_OPERANDS; i++) {
    const operand = ins.at(i)
    if (i >= ins.length || operand === undefined || constantValue(operand) !== undefined) code.i32(0)
    else if (operand.scope === 'once') pushParameters(code).plus(layout.parameter(operand))
    else {
      const from = layout.locate(operand)
      pushLocation(code, from, environment)
    }
  }
  pushLocation(code, to, environment)
  return code.call(importOf('kernel'))
}

/** A function of lib/wasm over all entries of a panel; where it says that some are beyond it, the interpreter does it all. */
const mapPanel = (code: Code, node: GraphNode, kernel: string, environment: CodeEnvironment): void => {
  const { layout } = environment
  const { lanes } = layout
  for (const location of [node.ins[0], node].map(layout.locate)) pushLocation(code, location, environment)
  code.i32(nodeWidth(node) * PANEL_ROWS).call(importOf(panelMapName(kernel, lanes)))
  if (isReaching(kernel)) code.when(() => callInterpreter(code, node, environment))
}

/** A local with the address of the panel of a location. */
const panelAddress = (code: Code, location: Location, environment: CodeEnvironment): number => {
  const local = code.local('i32')
  pushPanel(code, location, environment).set(local)
  return local
}

const emitMatrixProduct = (code: Code, node: GraphNode, environment: CodeEnvironment): void => {
  const { layout } = environment
  const { lanes } = layout
  const { does, ins } = node
  const [x, matrix] = ins
  const [from, to] = [x, node].map(layout.locate)
  const k = x.shape.at(-1) ?? 1
  const columns = node.shape.at(-1) ?? 1
  const shared = code.local('i32')
  pushParameters(code).set(shared)
  const [a, out] = [from, to].map(location => panelAddress(code, location, environment))
  const isTransposed = does.kind === 'product' && does.transposed
  code.times(nodeWidth(x) / k, () => {
    emitRowsTimesMatrix(code, {
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

const pickEntries = (code: Code, node: GraphNode, table: ReadonlyArray<number>, environment: CodeEnvironment): void => {
  const { layout } = environment
  const { lanes } = layout
  const to = layout.locate(node)
  const out = panelAddress(code, to, environment)
  const entries = node.ins.flatMap(input => Array.from({ length: nodeWidth(input) }, (_, i) => [input, i] as const))
  const pointers = new Map<GraphNode, number>()
  const from = (input: GraphNode): number => {
    const local = pointers.get(input) ?? panelAddress(code, layout.locate(input), environment)
    pointers.set(input, local)
    return local
  }
  const shared = code.local('i32')
  pushParameters(code).set(shared)
  table.forEach((i, at) => {
    const [input, entry] = entries[i]
    const value = constantValue(input)
    for (let v = 0; v < lanes.vectors; v++) {
      if (input.scope === 'rows') {
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
const singleItemCode = (
  kind: Exclude<Item, { kind: 'loop' }>['kind'],
  node: GraphNode,
  environment: CodeEnvironment
): Code => {
  const code = itemFunction(environment.layout.lanes)
  const { does } = node
  if (kind === 'map' && does.kind === 'entrywise') mapPanel(code, node, does.kernel, environment)
  else if (does.kind === 'product' || does.kind === 'distances') emitMatrixProduct(code, node, environment)
  else if (does.kind === 'pick') pickEntries(code, node, does.table, environment)
  else callInterpreter(code, node, environment)
  return code
}

/** One function for an output of rows, the i-th: its panel, copied. */
const outputCode = (node: GraphNode, i: number, environment: CodeEnvironment): Code => {
  const { layout, outputWord } = environment
  const code = itemFunction(layout.lanes)
  const from = layout.locate(node)
  const bytes = nodeWidth(node) * layout.lanes.line
  pushWord(code, outputWord(i)).plusEach(PANEL, bytes)
  return pushLocation(code, from, environment).i32(bytes).copy()
}

// —— products over the rows ——

/** A function (job, scratch, first panel, panels, results) for a product over the rows of a tile. */
const rowProductCode = (node: GraphNode, at: number, environment: CodeEnvironment): Code => {
  const { layout, wordOf, block } = environment
  const { lanes } = layout
  const { line } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32')
  const first = 2
  const panels = 3
  const results = 4
  const [m, n] = node.shape
  const [x, y] = node.ins.map(layout.locate)
  const start = ({ buffer, entry }: Location): number => {
    const local = code.local('i32')
    if (buffer.kind === 'given') pushWord(code, wordOf(buffer.input)).plusEach(first, buffer.width * line)
    else code.get(SCRATCH).plus(buffer.at)
    code.plus(entry * line).set(local)
    return local
  }
  const firstX = start(x)
  const firstY = start(y)
  const [a, b0, row, b, sum] = Array.from({ length: 5 }, () => code.local('i32'))
  const repeats = node.ins[0].shape.length === 2 ? node.ins[0].shape[0] : 1
  const [high, wide] = productBlockSize(m, n)
  const downX = x.buffer.width * line
  const downY = y.buffer.width * line
  const down = n * 16
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
  const isHalf = isSymmetricProduct(node) && m > high && high % wide === 0
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

// —— a chunk ——

/** The functions that a chunk calls: those of a panel, and those of a tile. */
interface CalledFunctions {
  readonly items: ReadonlyArray<number>
  readonly dots: ReadonlyArray<number>
}

/** The function (job, which, scratch) of a chunk, which runs over its tiles. */
const chunkCode = (environment: CodeEnvironment, { items, dots }: CalledFunctions): Code => {
  const { layout, wordOf, transposed } = environment
  const { lanes } = layout
  const { line, tile } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32')
  const job = 0
  const chunk = 1
  const scratch = 2
  const [panel, end, count, index, here, mask, results] = Array.from({ length: 7 }, () => code.local('i32'))
  const word = (at: number): Code => pushWord(code, at)
  /** What is done if the panel at hand is the one that has lanes which are no rows. */
  const ifPartial = (then: () => void): void => {
    code.get(here)
    word(JOB_WORDS.PartialPanel).op('equals').when(then)
  }
  const draw = (): void => {
    for (const { name, law, buffer, staging } of layout.drawn) {
      const numbers = buffer.width * PANEL_ROWS
      word(wordOf(name))
      word(wordOf(name) + 1)
      word(JOB_WORDS.FirstPanel).get(panel).op('plus').i32(numbers).op('times').toDouble()
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
        .plusEach(index, buffer.width * PANEL_ROWS * 8)
      code.get(scratch).plus(buffer.at)
      if (buffer.kind === 'tile') code.plusEach(index, buffer.width * line)
      code.call(transposed(buffer.width))
    }
  }
  /** Rows that are none count nothing: factors are 0 there, as those that are given are from the start. */
  const clearFactors = (): void => {
    word(JOB_WORDS.PartialMask).set(mask)
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
  word(JOB_WORDS.Results).get(chunk)
  word(JOB_WORDS.ResultBytes).op('times').op('plus').set(results)
  code.get(results).i32(0).i32(layout.sumBytes).clear()
  code.get(chunk)
  word(JOB_WORDS.ChunkPanels).op('times').set(panel)
  code.get(panel)
  word(JOB_WORDS.ChunkPanels).op('plus').set(end)
  word(JOB_WORDS.Panels).get(end)
  word(JOB_WORDS.Panels).get(end).op('below').op('choose').set(end)
  return code.loop(() => {
    code.get(end).get(panel).op('minus').tee(count).i32(tile).get(count).i32(tile).op('below').op('choose').set(count)
    draw()
    code.i32(0).set(index)
    code.loop(() => {
      code.get(panel).get(index).op('plus').set(here)
      word(JOB_WORDS.FullMask).set(mask)
      ifPartial(() => word(JOB_WORDS.PartialMask).set(mask))
      toPanels()
      for (const each of items) code.get(job).get(scratch).get(index).get(here).get(mask).get(results).call(each)
      code.get(index).i32(1).op('plus').tee(index).get(count).op('differs').again()
    })
    if (dots.length > 0) ifPartial(clearFactors)
    for (const dot of dots) code.get(job).get(scratch).get(panel).get(count).get(results).call(dot)
    code.get(panel).get(count).op('plus').tee(panel).get(end).op('differs').again()
  })
}

/** The module of a layout; `see`, if there is one, is told of each item's loops what they read and make. */
export const emitModule = (
  layout: MemoryLayout,
  memory: { readonly shared: boolean; readonly maximum: number },
  see?: (item: number) => (access: ColumnAccess) => void
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
  const kernels: GraphNode[] = []
  const environment: CodeEnvironment = {
    layout,
    wordOf: input => JOB_WORDS.First + 2 * inputs.indexOf(input),
    outputWord: i => JOB_WORDS.First + 2 * inputs.length + i,
    kernelOf: node => kernels.push(node) - 1,
    block: shared((m, n) => productBlockCode(lanes, m, n)),
    transposed: shared(columns => panelTransposeCode(lanes, columns)),
    see: undefined
  }
  const items = layout.items.map((one, i) =>
    define(
      one.kind === 'loop'
        ? fusedLoopCode(one.space, one.nodes, { ...environment, see: see?.(i) })
        : singleItemCode(one.kind, one.node, environment)
    )
  )
  const outputs = layout.outputs.map(({ node }, i) => define(outputCode(node, i, environment)))
  const dots = layout.sums
    .filter(({ node }) => node.does.kind === 'rowDot')
    .map(({ node, at }) => define(rowProductCode(node, at, environment)))
  functions.push({ code: chunkCode(environment, { items: [...items, ...outputs], dots }), name: 'chunk' })
  return {
    bytes: assemble(IMPORTS, functions, memory),
    kernels,
    words: environment.outputWord(layout.outputs.length)
  }
}
