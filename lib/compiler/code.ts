/**
 * Phase 5: code generation, from a layout to WebAssembly. Each item becomes a function of one panel; the function of a chunk loops over
 * panels, makes random draws, and computes products over the rows. Addresses and numbers of rows are read from the job's words.
 */
import { assemble, Code, type Imported } from './assembler.js'
import { hasLimitedDomain, panelMapNames, panelMapName } from './entrywise.js'
import { constantValue, nodeWidth, type GraphNode } from './graph.js'
import {
  itemFunction,
  offsetOf,
  PANEL_LOCAL,
  pushLocation,
  pushPanel,
  pushParameters,
  pushWord,
  SCRATCH_LOCAL,
  vectorAt,
  JOB_WORDS,
  type CodeEnvironment
} from './job.js'
import { PANEL_ROWS } from './lanes.js'
import { fusedLoopCode } from './fusedLoops.js'
import { isSymmetricProduct, type Item, type MemoryLayout, type Location } from './placement.js'
import { productBlockSize, productBlockCode, emitRowsTimesMatrix, panelTransposeCode } from './products.js'
import { type ColumnAccess } from './verify.js'
import { isUpperTriangular } from './zeros.js'

export interface Emitted {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Nodes that the interpreter may compute, by call index. */
  readonly kernels: ReadonlyArray<GraphNode>
  readonly words: number
}

/** Maximum number of operands of an interpreted kernel. */
const MAX_KERNEL_OPERANDS = 3
const KERNEL_IMPORT: Imported = { name: 'kernel', parameters: new Array<'i32'>(MAX_KERNEL_OPERANDS + 2).fill('i32') }
const NORMALS_IMPORT: Imported = { name: 'normals', parameters: ['i32', 'i32', 'f64', 'i32', 'i32'] }
const CHI_SQUARED_IMPORT: Imported = { name: 'chiSquared', parameters: ['i32', 'i32', 'f64', 'i32', 'f64', 'i32'] }
const IMPORTS: ReadonlyArray<Imported> = [
  ...panelMapNames.map(([kernel, name]): Imported => ({
    name,
    parameters: ['i32', 'i32', 'i32'],
    ...(hasLimitedDomain(kernel) && { returns: 'i32' })
  })),
  NORMALS_IMPORT,
  CHI_SQUARED_IMPORT,
  KERNEL_IMPORT
]
const importIndex = (name: string): number => IMPORTS.findIndex(imported => imported.name === name)

const callInterpreter = (code: Code, node: GraphNode, environment: CodeEnvironment): Code => {
  const { layout, kernelOf } = environment
  const to = layout.locate(node)
  const { ins } = node
  code.i32(kernelOf(node))
  for (let i = 0; i < MAX_KERNEL_OPERANDS; i++) {
    const operand = ins.at(i)
    if (i >= ins.length || operand === undefined || constantValue(operand) !== undefined) code.i32(0)
    else if (operand.scope === 'once') pushParameters(code).plus(layout.parameter(operand))
    else {
      const from = layout.locate(operand)
      pushLocation(code, from, environment)
    }
  }
  pushLocation(code, to, environment)
  return code.call(importIndex('kernel'))
}

/** Applies a function of lib/wasm to a panel, or the interpreter if entries are outside its domain. */
const mapPanel = (code: Code, node: GraphNode, kernel: string, environment: CodeEnvironment): void => {
  const { layout } = environment
  const { lanes } = layout
  for (const location of [node.ins[0], node].map(layout.locate)) pushLocation(code, location, environment)
  code.i32(nodeWidth(node) * PANEL_ROWS).call(importIndex(panelMapName(kernel, lanes)))
  if (hasLimitedDomain(kernel)) code.when(() => callInterpreter(code, node, environment))
}

/** Emits the address of a location's buffer in the current panel; returns its local. */
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
      isUpper: does.kind === 'product' && isUpperTriangular(matrix, { transposed: isTransposed })
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

/** Function that copies output i of the current panel to its address. */
const outputCode = (node: GraphNode, i: number, environment: CodeEnvironment): Code => {
  const { layout, outputWord } = environment
  const code = itemFunction(layout.lanes)
  const from = layout.locate(node)
  const bytes = nodeWidth(node) * layout.lanes.line
  pushWord(code, outputWord(i)).plusEach(PANEL_LOCAL, bytes)
  return pushLocation(code, from, environment).i32(bytes).copy()
}

// —— products over the rows ——

/** Emits the address of a factor's first column in the tile at `firstPanel`; returns its local. */
const tileAddress = (
  code: Code,
  { buffer, entry }: Location,
  firstPanel: number,
  { wordOf }: CodeEnvironment
): number => {
  const { line } = code.lanes
  const local = code.local('i32')
  if (buffer.kind === 'given') pushWord(code, wordOf(buffer.input)).plusEach(firstPanel, buffer.width * line)
  else code.get(SCRATCH_LOCAL).plus(buffer.at)
  code.plus(entry * line).set(local)
  return local
}

/** Function (job, scratch, first panel, panels, results) that adds a tile's product over the rows at byte `at` of the results. */
const rowProductCode = (node: GraphNode, at: number, environment: CodeEnvironment): Code => {
  const { layout, productBlock } = environment
  const { lanes } = layout
  const { line } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32')
  const first = 2
  const panels = 3
  const results = 4
  const [m, n] = node.shape
  const [x, y] = node.ins.map(layout.locate)
  const [firstX, firstY] = [x, y].map(factor => tileAddress(code, factor, first, environment))
  const [a, b0, row, b, sum] = Array.from({ length: 5 }, () => code.local('i32'))
  const repeats = node.ins[0].shape.length === 2 ? node.ins[0].shape[0] : 1
  const [high, wide] = productBlockSize(m, n)
  const downX = x.buffer.width * line
  const downY = y.buffer.width * line
  const down = n * 16
  const call = (count: number, columns: number): void => {
    code.get(a).get(b).i32(downX).i32(downY).get(panels).get(sum).i32(down).call(productBlock(count, columns))
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
  // a symmetric product is computed only up to its diagonal
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

interface CalledFunctions {
  readonly items: ReadonlyArray<number>
  readonly dots: ReadonlyArray<number>
}

interface ChunkCode {
  readonly environment: CodeEnvironment
  readonly code: Code
  /** First panel of the tile. */
  readonly panel: number
  /** Panel at which the chunk ends. */
  readonly end: number
  /** Number of panels of the tile. */
  readonly count: number
  /** Current panel in the tile. */
  readonly index: number
  /** Current panel in the job. */
  readonly here: number
  readonly mask: number
  readonly results: number
}

const CHUNK_JOB_LOCAL = 0
const CHUNK_INDEX_LOCAL = 1
const CHUNK_SCRATCH_LOCAL = 2

/** Emits `then`, run if lanes of the current panel hold no rows. */
const ifPartialPanel = ({ code, here }: ChunkCode, then: () => void): void => {
  code.get(here)
  pushWord(code, JOB_WORDS.PartialPanel).op('equals').when(then)
}

/** Emits the draws of a tile, doubles row after row. */
const emitDraws = ({ environment: { layout, wordOf }, code, panel, count }: ChunkCode): void => {
  for (const { name, distribution, buffer, staging } of layout.drawn) {
    const numbers = buffer.width * PANEL_ROWS
    pushWord(code, wordOf(name))
    pushWord(code, wordOf(name) + 1)
    pushWord(code, JOB_WORDS.FirstPanel).get(panel).op('plus').i32(numbers).op('times').toDouble()
    code.get(count).i32(numbers).op('times')
    if (distribution !== 'normal') code.double(distribution)
    code
      .get(CHUNK_SCRATCH_LOCAL)
      .plus(staging)
      .call(importIndex(distribution === 'normal' ? 'normals' : 'chiSquared'))
  }
}

/** Emits the packing of the current panel's draws. */
const emitDrawPacking = ({ environment: { layout, panelTranspose }, code, index }: ChunkCode): void => {
  for (const { buffer, staging } of layout.drawn) {
    if (buffer.kind === 'given') continue
    code
      .get(CHUNK_SCRATCH_LOCAL)
      .plus(staging)
      .plusEach(index, buffer.width * PANEL_ROWS * 8)
    code.get(CHUNK_SCRATCH_LOCAL).plus(buffer.at)
    if (buffer.kind === 'tile') code.plusEach(index, buffer.width * layout.lanes.line)
    code.call(panelTranspose(buffer.width))
  }
}

/** Sets factors of products to 0 in lanes without rows; packed inputs are 0 there already. */
const clearPartialFactors = ({ environment: { layout }, code, count, index, mask }: ChunkCode): void => {
  const { line } = layout.lanes
  pushWord(code, JOB_WORDS.PartialMask).set(mask)
  const factors = layout.sums.flatMap(({ node }) => (node.does.kind === 'rowDot' ? node.ins : []))
  for (const buffer of new Set(factors.map(input => layout.locate(input).buffer))) {
    if (buffer.kind === 'given') continue
    const bytes = buffer.width * line
    code
      .get(CHUNK_SCRATCH_LOCAL)
      .plus(buffer.at - bytes)
      .plusEach(count, bytes)
      .set(index)
    code.times(buffer.width, () => {
      for (let at = 0; at < line; at += 16) code.get(index).get(index).load(at).get(mask).load(at).op('and').store(at)
      code.advance(index, line)
    })
  }
}

/** Clears the results and sets the first panel and the end. */
const beginChunk = ({ environment: { layout }, code, panel, end, results }: ChunkCode): void => {
  pushWord(code, JOB_WORDS.Results).get(CHUNK_INDEX_LOCAL)
  pushWord(code, JOB_WORDS.ResultBytes).op('times').op('plus').set(results)
  code.get(results).i32(0).i32(layout.sumBytes).clear()
  code.get(CHUNK_INDEX_LOCAL)
  pushWord(code, JOB_WORDS.ChunkPanels).op('times').set(panel)
  code.get(panel)
  pushWord(code, JOB_WORDS.ChunkPanels).op('plus').set(end)
  pushWord(code, JOB_WORDS.Panels).get(end)
  pushWord(code, JOB_WORDS.Panels).get(end).op('below').op('choose').set(end)
}

/** Function (job, chunk, scratch) that loops over a chunk's tiles and panels. */
const chunkCode = (environment: CodeEnvironment, { items, dots }: CalledFunctions): Code => {
  const { lanes } = environment.layout
  const { tile } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32')
  const [panel, end, count, index, here, mask, results] = Array.from({ length: 7 }, () => code.local('i32'))
  const chunk: ChunkCode = { environment, code, panel, end, count, index, here, mask, results }
  beginChunk(chunk)
  return code.loop(() => {
    code.get(end).get(panel).op('minus').tee(count).i32(tile).get(count).i32(tile).op('below').op('choose').set(count)
    emitDraws(chunk)
    code.i32(0).set(index)
    code.loop(() => {
      code.get(panel).get(index).op('plus').set(here)
      pushWord(code, JOB_WORDS.FullMask).set(mask)
      ifPartialPanel(chunk, () => pushWord(code, JOB_WORDS.PartialMask).set(mask))
      emitDrawPacking(chunk)
      for (const each of items)
        code.get(CHUNK_JOB_LOCAL).get(CHUNK_SCRATCH_LOCAL).get(index).get(here).get(mask).get(results).call(each)
      code.get(index).i32(1).op('plus').tee(index).get(count).op('differs').again()
    })
    if (dots.length > 0)
      ifPartialPanel(chunk, () => {
        clearPartialFactors(chunk)
      })
    for (const dot of dots)
      code.get(CHUNK_JOB_LOCAL).get(CHUNK_SCRATCH_LOCAL).get(panel).get(count).get(results).call(dot)
    code.get(panel).get(count).op('plus').tee(panel).get(end).op('differs').again()
  })
}

/** Returns the module of a layout; `onAccessOf` receives the accesses of each item's loop. */
export const emitModule = (
  layout: MemoryLayout,
  memory: { readonly shared: boolean; readonly maximum: number },
  onAccessOf?: (item: number) => (access: ColumnAccess) => void
): Emitted => {
  const { lanes } = layout
  const functions: { readonly code: Code; readonly name?: string }[] = []
  const define = (code: Code): number => IMPORTS.length + functions.push({ code }) - 1
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
    productBlock: shared((m, n) => productBlockCode(lanes, m, n)),
    panelTranspose: shared(columns => panelTransposeCode(lanes, columns)),
    onAccess: undefined
  }
  const items = layout.items.map((one, i) =>
    define(
      one.kind === 'loop'
        ? fusedLoopCode(one.space, one.nodes, { ...environment, onAccess: onAccessOf?.(i) })
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
