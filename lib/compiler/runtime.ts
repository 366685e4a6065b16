/** Runtime of compiled programs: one memory for all, with the kernels of lib/wasm, and the threads that share it. */
import { mapLeft, toUnion, tryCatch, type Either } from 'fp-ts/lib/Either.js'
import { arena as arenaOf, type Arena } from '../wasm/arena.js'
import { binary, memoryFlags } from '../wasm/binary.js'
import * as Reductions from '../rows/reduction.js'
import { numbersFrom, type RowNumbers } from '../rows/stretches.js'
import { threadPool as poolOf, type ChunkedJob, type ThreadPool, type Loaded } from '../wasm/threadPool.js'
import { compilationObstacle } from '../wasm/kernelModule.js'
import { type Dense } from '../kernels/dense.js'
import { JOB_WORDS } from './job.js'
import { constantValue, nodeWidth, type GraphNode } from './graph.js'
import { PANEL_ROWS, type Lanes } from './lanes.js'
import { evaluateNode } from './evaluateNode.js'
import { bufferCache, type BufferCache } from './bufferCache.js'

/** 4 GB, in pages of 64 kB. */
export const MAX_PAGES = 65536
/** Maximum number of doubles of data that stay in memory: 256 MB. */
const MAX_KEPT_DOUBLES = 0x2000000
/** Size of data above which each call copies them segment by segment. */
const SEGMENT_BYTES = 0x40000000
const MAX_INSTANCES = 64
/** Size of a mask: that of an entry of a panel. */
const MASK_BYTES = 64
/** Number of panels packed at a time if rows are read from a source. */
const READ_PANELS = 512
/** Rows × operations from which other threads take part; less takes one about .25 ms. */
export const MIN_THREADED_WORK = 1e6

const isShared = (pool: ThreadPool): boolean => pool.memory.buffer.constructor.name === 'SharedArrayBuffer'

/** Rows in memory or read in blocks, or the key whose draws they are. */
export type RowsGiven = RowNumbers | { readonly k0: number; readonly k1: number }

export interface Runnable {
  /** @internal */
  readonly module: WebAssembly.Module
  readonly lanes: Lanes
  readonly words: number
  /** Nodes that the interpreter may compute, by call index. */
  readonly kernels: ReadonlyArray<GraphNode>
  /** True if some of them run in every panel, so only in one thread. */
  readonly isFallback: boolean
  /** Inputs of rows; kept ones stay in memory from call to call. */
  readonly given: ReadonlyArray<{ readonly name: string; readonly width: number; readonly isKept: boolean }>
  readonly drawn: ReadonlyArray<{ readonly name: string }>
  readonly outputs: ReadonlyArray<{ readonly name: string; readonly width: number }>
  readonly sumBytes: number
  readonly scratchBytes: number
  readonly work: number
}

export interface RunResult {
  /** Sums of one chunk after another. */
  readonly numbers: Float64Array
  /** Outputs for the rows of these chunks. */
  readonly outputs: Readonly<Record<string, Float64Array>>
}

/** Chunks [from, to) of a partition of the rows. */
export interface ChunkRange {
  readonly rows: number
  readonly from: number
  readonly to: number
}

/** Rows, and numbers that all rows share. */
export interface CallInputs {
  readonly given: Readonly<Record<string, RowsGiven>>
  /** Numbers from index `at` on are parameters of the program from `byte` on. */
  readonly numbers: Float64Array
  readonly shared: ReadonlyArray<{ readonly at: number; readonly width: number; readonly byte: number }>
}

export interface CompilerRuntime {
  readonly shared: boolean
  /** Runs a program over the chunks of several calls with equal numbers of rows. */
  readonly run: (
    program: Runnable,
    range: ChunkRange,
    calls: ReadonlyArray<CallInputs>,
    parameterBytes: number
  ) => ReadonlyArray<RunResult>
  /** Numbers of allocated arrays and of instantiated programs. */
  readonly held: () => { readonly arrays: number; readonly instances: number }
}

const isNumbersGiven = (given: RowsGiven): given is RowNumbers => given instanceof Float64Array || 'read' in given
const isReadInBlocks = (given: RowsGiven): boolean => 'read' in given
const numbersLength = (numbers: RowNumbers): number =>
  numbers instanceof Float64Array ? numbers.length : numbers.rows * numbers.dim

/** Number of sums of a chunk, each a pair of doubles to be added. */
export const sumPairs = ({ sumBytes }: Runnable): number => sumBytes / 16

class OutOfMemory extends RangeError {}

interface RuntimeMemory extends Pick<Arena, 'buffer' | 'give' | 'held'> {
  /** Returns the address of `length` new doubles; throws OutOfMemory if there is no room. */
  readonly take: (length: number) => number
  /** Views of the whole memory; creating one takes longer than most calls. */
  readonly whole: () => { readonly words: Int32Array; readonly doubles: Float64Array }
}

const runtimeMemory = (pool: ThreadPool): RuntimeMemory => {
  const base = (pool.start + 63) & ~63
  const viewsOf = (memory: ArrayBufferLike) => ({ words: new Int32Array(memory), doubles: new Float64Array(memory) })
  let views = viewsOf(pool.memory.buffer)
  const arena = arenaOf(pool.memory, { base, maxBytes: MAX_PAGES * 65536 - 65536 })
  return {
    ...arena,
    whole: () => {
      const memory = arena.buffer()
      if (views.words.buffer !== memory) views = viewsOf(memory)
      return views
    },
    take: length => {
      const at = arena.take(length)
      if (at > 0) return at
      arena.settle()
      const again = arena.take(length)
      if (again === 0) throw new OutOfMemory(`no memory for ${length} doubles: give fewer rows at a time`)
      return again
    }
  }
}

/**
 * Function that programs import to run an interpreted kernel on a panel: index of the node, addresses of its operands and result. Rows are
 * the last axis for entrywise kernels; other kernels run row by row.
 */
const interpreterKernel =
  ({ buffer }: RuntimeMemory, nodes: ReadonlyArray<GraphNode>, lanes: Lanes) =>
  (index: number, ...addresses: ReadonlyArray<number>): void => {
    const { does, ins, shape } = nodes[index]
    const view = (i: number, length: number): Float32Array | Float64Array => lanes.view(buffer(), addresses[i], length)
    const rowsOf = (node: GraphNode): number => (node.scope === 'rows' ? PANEL_ROWS : 1)
    const operands = ins.map((node, i): Dense => {
      const value = constantValue(node)
      if (value !== undefined) return { shape: [], dtype: 'float32', values: Float64Array.of(value) }
      const rows = rowsOf(node)
      return {
        shape: [...node.shape, rows],
        dtype: 'float32',
        values: Float64Array.from(view(i, nodeWidth(node) * rows))
      }
    })
    const to = view(addresses.length - 1, nodeWidth(nodes[index]) * PANEL_ROWS)
    if (does.kind === 'entrywise') to.set(evaluateNode(does, operands, [...shape, PANEL_ROWS]).values)
    else if (does.kind === 'kernel')
      // attributes of these kernels refer to the last axes, so the rows cannot be one of them
      for (let row = 0; row < PANEL_ROWS; row++) {
        const own = ins.map((node, k): Dense => {
          const rows = rowsOf(node)
          const { values } = operands[k]
          const at = (i: number): number => (constantValue(node) === undefined ? i * rows + (row % rows) : 0)
          return {
            shape: node.shape,
            dtype: 'float32',
            values: Float64Array.from({ length: nodeWidth(node) }, (_, i) => values[at(i)])
          }
        })
        evaluateNode(does, own, shape).values.forEach((value, i) => (to[i * PANEL_ROWS + row] = value))
      }
  }

/** Instances of the most recently used programs. */
const instanceCache = (pool: ThreadPool, memory: RuntimeMemory) => {
  const known = new Map<Runnable, Loaded>()
  const of = (program: Runnable): Loaded => {
    const { module, kernels, lanes } = program
    const loaded = known.get(program) ?? pool.load(module, { kernel: interpreterKernel(memory, kernels, lanes) })
    // reinserted, so that insertion order is the order of last use
    known.delete(program)
    known.set(program, loaded)
    for (const [old, { unload }] of known) {
      if (known.size <= MAX_INSTANCES) break
      unload()
      known.delete(old)
    }
    return loaded
  }
  return { of, count: () => known.size }
}

// —— rows as panels ——

/** Panels `panel`, …, panel + panels − 1 of rows [rows, columns]. */
interface PanelRange {
  readonly rows: number
  readonly columns: number
  readonly panel: number
  readonly panels: number
}

/** Packs rows in memory as panels; lanes beyond the last row are 0. */
const packPanels = (
  { buffer }: RuntimeMemory,
  values: Float64Array,
  { rows, columns, panel, panels }: PanelRange,
  { at, lanes }: { readonly at: number; readonly lanes: Lanes }
): void => {
  const out = lanes.view(buffer(), at, panels * PANEL_ROWS * columns)
  const first = panel * PANEL_ROWS
  const count = Math.max(0, Math.min(rows - first, panels * PANEL_ROWS))
  if (columns === 1) {
    out.set(values.subarray(first, first + count))
    out.fill(0, count)
    return
  }
  if (count < panels * PANEL_ROWS) out.fill(0, (panels - 1) * PANEL_ROWS * columns)
  for (let i = 0, from = first * columns; i < count; i++)
    for (let j = 0, to = (i >> 3) * PANEL_ROWS * columns + (i & 7); j < columns; j++, to += PANEL_ROWS)
      out[to] = values[from++]
}

/** Packs rows as panels, reading blocks if they are not in memory. */
const packRows = (
  memory: RuntimeMemory,
  numbers: RowNumbers,
  range: PanelRange,
  { at, lanes }: { readonly at: number; readonly lanes: Lanes }
): void => {
  if (numbers instanceof Float64Array) {
    packPanels(memory, numbers, range, { at, lanes })
    return
  }
  const { rows, columns, panel, panels } = range
  for (let done = 0; done < panels; done += READ_PANELS) {
    const own = Math.min(READ_PANELS, panels - done)
    const first = (panel + done) * PANEL_ROWS
    const count = Math.max(0, Math.min(rows - first, own * PANEL_ROWS))
    const block = { rows: count, columns, panel: 0, panels: own }
    packPanels(memory, numbersFrom(numbers, first, count), block, { at: at + done * lanes.line * columns, lanes })
  }
}

/** Copies the first `count` rows of panels to `out`, from row `first` on. */
const unpackRows = (
  { buffer }: RuntimeMemory,
  { at, count, columns }: { readonly at: number; readonly count: number; readonly columns: number },
  out: Float64Array,
  { first, lanes }: { readonly first: number; readonly lanes: Lanes }
): void => {
  const from = lanes.view(buffer(), at, Math.ceil(count / PANEL_ROWS) * PANEL_ROWS * columns)
  for (let i = 0, to = first * columns; i < count; i++)
    for (let j = 0, p = (i >> 3) * PANEL_ROWS * columns + (i & 7); j < columns; j++, p += PANEL_ROWS)
      out[to++] = from[p]
}

const panelDoubles = (panels: number, columns: number, { line }: Lanes): number => (panels * line * columns) / 8

// —— a run ——

/** Segments of a run: a single one if all rows are in memory, otherwise as many chunks as fit. */
interface SegmentPlan {
  readonly chunkPanels: number
  readonly panels: number
  /** Chunks are panels [start, end). */
  readonly start: number
  readonly end: number
  /** True if there is a single segment. */
  readonly isWhole: boolean
  readonly chunksPerSegment: number
  readonly panelsPerSegment: number
}

const planSegments = (
  program: Runnable,
  { rows, from, to }: ChunkRange,
  calls: ReadonlyArray<CallInputs>
): SegmentPlan => {
  const panels = Math.ceil(rows / PANEL_ROWS)
  const chunkPanels = Reductions.partitionRows(rows).chunkRows / PANEL_ROWS
  const start = from * chunkPanels
  const end = Math.min(panels, to * chunkPanels)
  const bytes = program.given.reduce((sum, { width }) => sum + width * program.lanes.line, 0)
  const isWhole =
    panels * bytes <= SEGMENT_BYTES &&
    calls.every(({ given }) => program.given.every(({ name }) => !isReadInBlocks(given[name])))
  const chunksPerSegment = isWhole ? to - from : Math.max(1, Math.floor(SEGMENT_BYTES / 8 / (chunkPanels * bytes)))
  const panelsPerSegment = Math.min(end - start, chunksPerSegment * chunkPanels)
  return { chunkPanels, panels, start, end, isWhole, chunksPerSegment, panelsPerSegment }
}

/** Call with its addresses, and the result that the run fills. */
interface LaunchedCall {
  readonly inputs: CallInputs
  readonly parametersAt: number
  /** Addresses of inputs of rows. */
  readonly givenAt: ReadonlyArray<number>
  /** Addresses of outputs of rows. */
  readonly outputsAt: ReadonlyArray<number>
  readonly keys: ReadonlyArray<number>
  readonly jobAt: number
  readonly result: RunResult
}

interface Launch {
  readonly program: Runnable
  readonly range: ChunkRange
  readonly plan: SegmentPlan
  readonly parameterBytes: number
  readonly calls: ReadonlyArray<LaunchedCall>
  readonly instance: Loaded
  readonly isAlone: boolean
  readonly scratch: ChunkedJob['scratch']
  readonly resultsAt: number
  readonly resultBytes: number
  readonly jobsAt: number
  readonly jobDoubles: number
  readonly fullMaskAt: number
}

interface RuntimeParts {
  readonly pool: ThreadPool
  readonly memory: RuntimeMemory
  readonly loaded: ReturnType<typeof instanceCache>
  readonly residents: BufferCache
  /** Address of the full mask; the last panel's mask follows it. */
  readonly fullMask: () => number
}

type Allocate = (length: number) => number

/** Addresses of a call's inputs of rows. Packs kept data that are not in memory yet. */
const placeInputs = (
  { memory, residents }: RuntimeParts,
  allocate: Allocate,
  { program, range, plan }: Pick<Launch, 'program' | 'range' | 'plan'>,
  given: CallInputs['given']
): ReadonlyArray<number> => {
  const { lanes } = program
  const { rows } = range
  const { panels, start, isWhole, panelsPerSegment } = plan
  return program.given.map(({ name, width: columns, isKept }) => {
    const values = given[name]
    if (!isNumbersGiven(values) || numbersLength(values) !== rows * columns)
      throw new RangeError(`${name}: not ${rows} rows of ${columns}`)
    if (!isWhole || !isKept || !(values instanceof Float64Array))
      return allocate(panelDoubles(panelsPerSegment, columns, lanes))
    const size = { precision: lanes.precision, length: panelDoubles(panels, columns, lanes) }
    const at = residents.at(values, size, at => {
      packPanels(memory, values, { rows, columns, panel: 0, panels }, { at, lanes })
    })
    return start * lanes.line * columns + at
  })
}

const prepareLaunch = (
  parts: RuntimeParts,
  allocate: Allocate,
  request: Pick<Launch, 'program' | 'range' | 'parameterBytes'> & { readonly inputs: ReadonlyArray<CallInputs> },
  results: ReadonlyArray<RunResult>
): Launch => {
  const { pool, memory, loaded, fullMask } = parts
  const { program, range, inputs, parameterBytes } = request
  const { lanes } = program
  const { rows, from, to } = range
  const plan = planSegments(program, range, inputs)
  const { start, end, chunksPerSegment, panelsPerSegment } = plan
  const instance = loaded.of(program)
  const rowsOfRange = Math.min(rows, end * PANEL_ROWS) - start * PANEL_ROWS
  const isAlone = program.isFallback || inputs.length * rowsOfRange * program.work < MIN_THREADED_WORK
  const fullMaskAt = fullMask()
  const { words: masked } = memory.whole()
  for (let i = 0, at = (fullMaskAt + MASK_BYTES) / 4; i < MASK_BYTES / 4; i++)
    masked[at + i] = 4 * i < (rows % PANEL_ROWS) * lanes.bytes ? -1 : 0
  const resultBytes = Math.max(64, program.sumBytes)
  const resultsAt = allocate((resultBytes / 8) * Math.min(to - from, chunksPerSegment) * inputs.length)
  const bytes = (program.scratchBytes + 127) & ~63
  const scratch = { at: allocate((bytes / 8) * pool.spaces()), bytes }
  const jobDoubles = Math.ceil(program.words / 2)
  const jobsAt = allocate(jobDoubles * inputs.length)
  const calls = inputs.map((own, i): LaunchedCall => {
    const { given } = own
    const parametersAt = allocate(parameterBytes / 8)
    const givenAt = placeInputs(parts, allocate, { program, range, plan }, given)
    const outputsAt = program.outputs.map(({ width: columns }) =>
      allocate(panelDoubles(panelsPerSegment, columns, lanes))
    )
    const keys = program.drawn.flatMap(({ name }) => {
      const key = given[name]
      if (isNumbersGiven(key)) throw new RangeError(`${name}: not a key`)
      return [key.k0, key.k1]
    })
    const jobAt = jobsAt + 8 * jobDoubles * i
    return { inputs: own, parametersAt, givenAt, outputsAt, keys, jobAt, result: results[i] }
  })
  const memoryOfRun = { scratch, resultsAt, resultBytes, jobsAt, jobDoubles, fullMaskAt }
  return { program, range, plan, parameterBytes, calls, instance, isAlone, ...memoryOfRun }
}

/** Writes the parameters of each call, and the words of its job that segments share. */
const writeJobs = (memory: RuntimeMemory, launch: Launch): void => {
  const { lanes } = launch.program
  const { words } = memory.whole()
  for (const { inputs, parametersAt, givenAt, outputsAt, keys, jobAt } of launch.calls) {
    const parameters = lanes.view(memory.buffer(), parametersAt, launch.parameterBytes / lanes.bytes)
    for (const { at, width, byte } of inputs.shared)
      for (let i = 0, to = byte / lanes.bytes; i < width; i++) parameters[to + i] = inputs.numbers[at + i]
    const at = jobAt / 4
    words[at + JOB_WORDS.ChunkPanels] = launch.plan.chunkPanels
    words[at + JOB_WORDS.Parameters] = parametersAt
    words[at + JOB_WORDS.ResultBytes] = launch.resultBytes
    words[at + JOB_WORDS.PartialMask] = launch.fullMaskAt + MASK_BYTES
    words[at + JOB_WORDS.FullMask] = launch.fullMaskAt
    let next = at + JOB_WORDS.First
    for (const address of givenAt) {
      words[next] = address
      words[next + 1] = 0
      next += 2
    }
    for (const word of keys) words[next++] = word
    for (const address of outputsAt) words[next++] = address
  }
}

/** Packs the rows of the segment that begins at a chunk, runs it, and stores its results in those of the calls. */
const runSegment = ({ pool, memory }: RuntimeParts, launch: Launch, chunk: number): void => {
  const { program, range, plan, calls, resultsAt, resultBytes } = launch
  const { lanes } = program
  const { rows } = range
  const { words, doubles } = memory.whole()
  const first = plan.start + chunk * plan.chunkPanels
  const count = Math.min(plan.end - first, plan.panelsPerSegment)
  const chunks = Math.ceil(count / plan.chunkPanels)
  calls.forEach(({ inputs, givenAt, jobAt }, j) => {
    program.given.forEach(({ name, width: columns, isKept }, i) => {
      const values = inputs.given[name]
      if ((!plan.isWhole || !isKept) && isNumbersGiven(values))
        packRows(memory, values, { rows, columns, panel: first, panels: count }, { at: givenAt[i], lanes })
    })
    const at = jobAt / 4
    words[at + JOB_WORDS.Results] = resultsAt + j * chunks * resultBytes
    words[at + JOB_WORDS.Panels] = count
    words[at + JOB_WORDS.FirstPanel] = first
    words[at + JOB_WORDS.PartialPanel] = first + count === plan.panels && rows % PANEL_ROWS > 0 ? count - 1 : -1
  })
  const each = { bytes: 8 * launch.jobDoubles, chunks }
  const { scratch, isAlone, instance } = launch
  pool.run({ name: 'chunk', args: launch.jobsAt, chunks: chunks * calls.length, scratch, each, isAlone }, instance)
  const total = sumPairs(program)
  const rowsOfSegment = Math.min(rows - first * PANEL_ROWS, count * PANEL_ROWS)
  calls.forEach(({ result: { numbers, outputs }, outputsAt }, j) => {
    for (let i = 0, out = chunk * total; i < chunks; i++) {
      const at = (resultsAt + (j * chunks + i) * resultBytes) / 8
      for (let k = 0; k < total; k++) numbers[out++] = doubles[at + 2 * k] + doubles[at + 2 * k + 1]
    }
    program.outputs.forEach(({ name, width: columns }, i) => {
      const from = { at: outputsAt[i], count: rowsOfSegment, columns }
      unpackRows(memory, from, outputs[name], { first: (first - plan.start) * PANEL_ROWS, lanes })
    })
  })
}

const emptyResult = (program: Runnable, { rows, from, to }: ChunkRange): RunResult => {
  const { count } = Reductions.rowsOfChunks(Reductions.partitionRows(rows), from, to)
  const outputs: Record<string, Float64Array> = {}
  for (const { name, width: columns } of program.outputs) outputs[name] = new Float64Array(count * columns)
  return { numbers: new Float64Array((to - from) * sumPairs(program)), outputs }
}

type RunRequest = Parameters<typeof prepareLaunch>[2]

/** Runs all segments of a request and frees their memory; throws OutOfMemory if there is no room. */
const launch = (parts: RuntimeParts, request: RunRequest, results: ReadonlyArray<RunResult>): void => {
  const { memory, residents } = parts
  const { from, to } = request.range
  const taken: { readonly at: number; readonly length: number }[] = []
  const allocate = (doubles: number): number => {
    const length = Math.max(doubles, 1)
    const at = memory.take(length)
    taken.push({ at, length })
    return at
  }
  residents.begin()
  try {
    const prepared = prepareLaunch(parts, allocate, request, results)
    // from here on no memory is allocated, so views stay valid
    writeJobs(memory, prepared)
    for (let chunk = 0; chunk < to - from; chunk += prepared.plan.chunksPerSegment) runSegment(parts, prepared, chunk)
  } finally {
    for (const { at, length } of taken) memory.give(at, length)
  }
}

/** Starts the runtime; throws if the engine has no SIMD or forbids compilation. */
const startRuntime = (): CompilerRuntime => {
  const pool = poolOf({ binary, memoryFlags })
  const memory = runtimeMemory(pool)
  const loaded = instanceCache(pool, memory)
  const residents = bufferCache(memory, MAX_KEPT_DOUBLES)
  let maskAt = 0
  const fullMask = (): number => {
    if (maskAt === 0) {
      maskAt = memory.take((2 * MASK_BYTES) / 8)
      new Int32Array(memory.buffer(), maskAt, MASK_BYTES / 4).fill(-1)
    }
    return maskAt
  }
  const parts: RuntimeParts = { pool, memory, loaded, residents, fullMask }

  const run: CompilerRuntime['run'] = (program, range, inputs, parameterBytes) => {
    const results = inputs.map(() => emptyResult(program, range))
    const { from, to } = range
    if (to <= from) return results
    const request = { program, range, inputs, parameterBytes }
    try {
      launch(parts, request, results)
    } catch (error) {
      // a call that finds no room is tried again without the data of earlier calls
      residents.begin()
      if (!(error instanceof OutOfMemory && residents.clear())) throw error
      launch(parts, request, results)
    }
    return results
  }
  return { shared: isShared(pool), run, held: () => ({ arrays: memory.held(), instances: loaded.count() }) }
}

/** Runtime, or the reason why it cannot start; undefined before the first use. */
let cachedRuntime: Either<string, CompilerRuntime> | undefined

/** The runtime, started on first use, or the reason why it cannot start. */
export const runtimeOrReason = (): Either<string, CompilerRuntime> =>
  (cachedRuntime ??= tryCatch(startRuntime, compilationObstacle))

/** The runtime, started on first use; null if it cannot start. */
export const runtimeOrNull = (): CompilerRuntime | null => toUnion(mapLeft(() => null)(runtimeOrReason()))
