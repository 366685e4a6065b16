/**
 * Where programs run: one memory for all of them, with the kernels of lib/wasm, and the threads that share it. Data stay
 * there from step to step, as panels; what a call needs is taken and given back.
 */
import { mapLeft, toUnion, tryCatch, type Either } from 'fp-ts/lib/Either.js'
import { arena as arenaOf, type Arena } from '../wasm/arena.js'
import { binary, memoryFlags } from '../wasm/binary.js'
import * as Chunks from '../rows/reduction.js'
import { numbersFrom, type RowNumbers } from '../rows/stretches.js'
import { threadPool as poolOf, type ThreadPool, type Loaded } from '../wasm/threadPool.js'
import { compilationObstacle } from '../wasm/kernelModule.js'
import { type Dense } from '../kernels/dense.js'
import { JOB_WORDS } from './job.js'
import { constantValue, nodeWidth, type GraphNode } from './graph.js'
import { PANEL_ROWS, type Lanes } from './lanes.js'
import { evaluateNode } from './evaluateNode.js'
import { bufferCache } from './bufferCache.js'

/** Of WebAssembly: 4 GB. */
export const MAX_PAGES = 65536
/** Doubles of data that stay, those used last: 256 MB. */
const MAX_KEPT_DOUBLES = 0x2000000
/** Data larger than this are copied in by segments at each call. */
const SEGMENT_BYTES = 0x40000000
/** So many instances are kept; a program that is no longer among them is instantiated again. */
const MAX_INSTANCES = 64
/** Bytes of a mask, enough for a panel of doubles. */
const MASK_BYTES = 64
/** Rows that are read are packed so many panels at a time. */
const READ_PANELS = 512
/** Calls that take the caller alone less than this, in rows × operations, a quarter of a millisecond, gain nothing by another thread. */
export const MIN_THREADED_WORK = 1e6

const isShared = (pool: ThreadPool): boolean => pool.memory.buffer.constructor.name === 'SharedArrayBuffer'

/** Draws of a key, or numbers row after row, in memory or read a stretch at a time. */
export type RowsGiven = RowNumbers | { readonly k0: number; readonly k1: number }

/** What a machine needs to know of a program. */
export interface Runnable {
  /** @internal */
  readonly module: WebAssembly.Module
  readonly lanes: Lanes
  readonly words: number
  readonly kernels: ReadonlyArray<GraphNode>
  /** Whether some of them run in every panel, so that no other thread can help. */
  readonly isFallback: boolean
  readonly given: ReadonlyArray<{ readonly name: string; readonly width: number; readonly isKept: boolean }>
  readonly drawn: ReadonlyArray<{ readonly name: string }>
  readonly outputs: ReadonlyArray<{ readonly name: string; readonly width: number }>
  readonly sumBytes: number
  readonly scratchBytes: number
  /** Operations a row. */
  readonly work: number
}

export interface RunResult {
  /** What chunks sum, one after another. */
  readonly numbers: Float64Array
  /** Of the rows of these chunks. */
  readonly outputs: Readonly<Record<string, Float64Array>>
}

/** Chunks [from, to) of all rows. */
export interface ChunkRange {
  readonly rows: number
  readonly from: number
  readonly to: number
}

/** What a call is given: of rows, and numbers for all of them. */
export interface CallInputs {
  readonly given: Readonly<Record<string, RowsGiven>>
  /** Some of these numbers, from `at` on, lie at bytes from `there` on. */
  readonly numbers: Float64Array
  readonly shared: ReadonlyArray<{ readonly at: number; readonly width: number; readonly there: number }>
}

export interface CompilerRuntime {
  readonly shared: boolean
  /** What each of several numbers given comes to, over the same number of rows. */
  readonly run: (
    program: Runnable,
    asked: ChunkRange,
    all: ReadonlyArray<CallInputs>,
    parameterBytes: number
  ) => ReadonlyArray<RunResult>
  /** Bytes that are taken when no call is in progress, and instances that are kept. */
  readonly held: () => { readonly arrays: number; readonly instances: number }
}

const isNumbersGiven = (given: RowsGiven): given is RowNumbers => given instanceof Float64Array || 'read' in given
const isReadGiven = (given: RowsGiven): boolean => 'read' in given
const numbersLength = (numbers: RowNumbers): number =>
  numbers instanceof Float64Array ? numbers.length : numbers.rows * numbers.dim

/** Numbers that a chunk of a program sums: pairs of doubles, added. */
export const sumPairs = ({ sumBytes }: Runnable): number => sumBytes / 16

// —— memory ——

class OutOfMemory extends RangeError {}

interface RuntimeMemory extends Pick<Arena, 'buffer' | 'give' | 'held'> {
  /** A place for so many doubles, as all memory is counted; throws where there is none. */
  readonly take: (length: number) => number
  /** All of it: a view of a part takes longer to make than most calls to fill. */
  readonly whole: () => { readonly words: Int32Array; readonly doubles: Float64Array }
}

const runtimeMemory = (pool: ThreadPool): RuntimeMemory => {
  const base = (pool.start + 63) & ~63
  const viewed = (memory: ArrayBufferLike) => ({ words: new Int32Array(memory), doubles: new Float64Array(memory) })
  let views = viewed(pool.memory.buffer)
  const arena = arenaOf(pool.memory, { base, maxBytes: MAX_PAGES * 65536 - 65536 })
  return {
    ...arena,
    whole: () => {
      const memory = arena.buffer()
      if (views.words.buffer !== memory) views = viewed(memory)
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

// —— kernels in JavaScript ——

/** The interpreter's kernel on a panel; its rows are one more axis, the last, which it treats alike. */
const interpreterKernel =
  ({ buffer }: RuntimeMemory, nodes: ReadonlyArray<GraphNode>, lanes: Lanes) =>
  (which: number, ...addresses: ReadonlyArray<number>): void => {
    const { does, ins, shape } = nodes[which]
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
    const to = view(addresses.length - 1, nodeWidth(nodes[which]) * PANEL_ROWS)
    if (does.kind === 'entrywise') to.set(evaluateNode(does, operands, [...shape, PANEL_ROWS]).values)
    else if (does.kind === 'kernel')
      // the last axes are spoken of: each row alone
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

/** Programs over the memory, those used last. */
const instanceCache = (pool: ThreadPool, memory: RuntimeMemory) => {
  const known = new Map<Runnable, Loaded>()
  const of = (program: Runnable): Loaded => {
    const { module, kernels, lanes } = program
    const loaded = known.get(program) ?? pool.load(module, { kernel: interpreterKernel(memory, kernels, lanes) })
    // the one used last is the last
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

/** Rows [rows, columns], of which so many panels are meant, from one on. */
interface PanelRange {
  readonly rows: number
  readonly columns: number
  readonly panel: number
  readonly panels: number
}

/** Rows in memory as panels, lanes that are no rows at 0. */
const packPanels = (
  { buffer }: RuntimeMemory,
  values: Float64Array,
  { rows, columns, panel, panels }: PanelRange,
  at: number,
  lanes: Lanes
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

/** The same, of those that are read a stretch at a time. */
const packRows = (memory: RuntimeMemory, numbers: RowNumbers, stretch: PanelRange, at: number, lanes: Lanes): void => {
  if (numbers instanceof Float64Array) {
    packPanels(memory, numbers, stretch, at, lanes)
    return
  }
  const { rows, columns, panel, panels } = stretch
  for (let done = 0; done < panels; done += READ_PANELS) {
    const own = Math.min(READ_PANELS, panels - done)
    const first = (panel + done) * PANEL_ROWS
    const count = Math.max(0, Math.min(rows - first, own * PANEL_ROWS))
    const to = at + done * lanes.line * columns
    packPanels(memory, numbersFrom(numbers, first, count), { rows: count, columns, panel: 0, panels: own }, to, lanes)
  }
}

/** So many rows of panels, one after another from a row of `out` on. */
const unpackRows = (
  { buffer }: RuntimeMemory,
  at: number,
  count: number,
  columns: number,
  out: Float64Array,
  first: number,
  lanes: Lanes
): void => {
  const from = lanes.view(buffer(), at, Math.ceil(count / PANEL_ROWS) * PANEL_ROWS * columns)
  for (let i = 0, to = first * columns; i < count; i++)
    for (let j = 0, p = (i >> 3) * PANEL_ROWS * columns + (i & 7); j < columns; j++, p += PANEL_ROWS)
      out[to++] = from[p]
}

/** Doubles that so many panels of so many columns take. */
const panelDoubles = (panels: number, columns: number, { line }: Lanes): number => (panels * line * columns) / 8

// —— a call ——

/** How chunks are run: all at once where their rows are in memory, else some after others. */
interface ChunkPlan {
  readonly chunkPanels: number
  /** Of all rows; and those of the chunks. */
  readonly panels: number
  readonly start: number
  readonly end: number
  readonly isWhole: boolean
  readonly chunksAtOnce: number
  readonly panelsAtOnce: number
}

const chunkPlan = (program: Runnable, { rows, from, to }: ChunkRange, all: ReadonlyArray<CallInputs>): ChunkPlan => {
  const panels = Math.ceil(rows / PANEL_ROWS)
  const chunkPanels = Chunks.partitionRows(rows).chunkRows / PANEL_ROWS
  const start = from * chunkPanels
  const end = Math.min(panels, to * chunkPanels)
  const bytes = program.given.reduce((sum, { width }) => sum + width * program.lanes.line, 0)
  const isWhole =
    panels * bytes <= SEGMENT_BYTES &&
    all.every(({ given }) => program.given.every(({ name }) => !isReadGiven(given[name])))
  const chunksAtOnce = isWhole ? to - from : Math.max(1, Math.floor(SEGMENT_BYTES / 8 / (chunkPanels * bytes)))
  const panelsAtOnce = Math.min(end - start, chunksAtOnce * chunkPanels)
  return { chunkPanels, panels, start, end, isWhole, chunksAtOnce, panelsAtOnce }
}

/** What a job says of itself, once for all chunks. */
const writeJob = (
  words: Int32Array,
  at: number,
  job: Readonly<Record<'chunkPanels' | 'sharedAt' | 'resultBytes' | 'full', number>> &
    Readonly<Record<'atGiven' | 'keys' | 'atOutputs', ReadonlyArray<number>>>
): void => {
  words[at + JOB_WORDS.ChunkPanels] = job.chunkPanels
  words[at + JOB_WORDS.Parameters] = job.sharedAt
  words[at + JOB_WORDS.ResultBytes] = job.resultBytes
  words[at + JOB_WORDS.PartialMask] = job.full + MASK_BYTES
  words[at + JOB_WORDS.FullMask] = job.full
  let next = at + JOB_WORDS.First
  for (const place of job.atGiven) {
    words[next] = place
    words[next + 1] = 0
    next += 2
  }
  for (const word of job.keys) words[next++] = word
  for (const place of job.atOutputs) words[next++] = place
}

/** Throws where the engine has no SIMD, or refuses to compile in this place. */
const startRuntime = (): CompilerRuntime => {
  const pool = poolOf({ binary, memoryFlags })
  const memory = runtimeMemory(pool)
  const loaded = instanceCache(pool, memory)
  const stay = bufferCache(memory, MAX_KEPT_DOUBLES)
  let masks = 0
  /** Where a mask of all lanes is; that of a last panel follows. */
  const maskAt = (): number => {
    if (masks === 0) {
      masks = memory.take((2 * MASK_BYTES) / 8)
      new Int32Array(memory.buffer(), masks, MASK_BYTES / 4).fill(-1)
    }
    return masks
  }

  /** Runs chunks with places in memory that are given back afterwards. */
  const runIn = (
    place: (length: number) => number,
    program: Runnable,
    asked: ChunkRange,
    all: ReadonlyArray<CallInputs>,
    parameterBytes: number,
    ran: ReadonlyArray<RunResult>
  ): void => {
    const { lanes } = program
    const { rows, from, to } = asked
    const plan = chunkPlan(program, asked, all)
    const { chunkPanels, panels, start, end, isWhole, chunksAtOnce, panelsAtOnce } = plan
    const instance = loaded.of(program)
    const here = Math.min(rows, end * PANEL_ROWS) - start * PANEL_ROWS
    const isAlone = program.isFallback || all.length * here * program.work < MIN_THREADED_WORK
    const full = maskAt()
    const { words: masked } = memory.whole()
    for (let i = 0, at = (full + MASK_BYTES) / 4; i < MASK_BYTES / 4; i++)
      masked[at + i] = 4 * i < (rows % PANEL_ROWS) * lanes.bytes ? -1 : 0
    const resultBytes = Math.max(64, program.sumBytes)
    const results = place((resultBytes / 8) * Math.min(to - from, chunksAtOnce) * all.length)
    const bytes = (program.scratchBytes + 127) & ~63
    const scratch = { at: place((bytes / 8) * pool.spaces()), bytes }
    const jobLength = Math.ceil(program.words / 2)
    const jobs = place(jobLength * all.length)
    const placed = all.map(({ given, numbers: own, shared }, i) => {
      const sharedAt = place(parameterBytes / 8)
      const atGiven = program.given.map(({ name, width: columns, isKept }) => {
        const values = given[name]
        if (!isNumbersGiven(values) || numbersLength(values) !== rows * columns)
          throw new RangeError(`${name}: not ${rows} rows of ${columns}`)
        return isWhole && isKept && values instanceof Float64Array
          ? start * lanes.line * columns +
              stay.at(values, lanes.precision, panelDoubles(panels, columns, lanes), at => {
                packPanels(memory, values, { rows, columns, panel: 0, panels }, at, lanes)
              })
          : place(panelDoubles(panelsAtOnce, columns, lanes))
      })
      const atOutputs = program.outputs.map(({ width: columns }) => place(panelDoubles(panelsAtOnce, columns, lanes)))
      const keys = program.drawn.flatMap(({ name }) => {
        const key = given[name]
        if (isNumbersGiven(key)) throw new RangeError(`${name}: not a key`)
        return [key.k0, key.k1]
      })
      const job = jobs + 8 * jobLength * i
      return { given, own, shared, sharedAt, atGiven, atOutputs, keys, job, ...ran[i] }
    })
    // No more memory is taken from here on, so that it stays where it is.
    const { words, doubles } = memory.whole()
    for (const { own, shared, sharedAt, atGiven, atOutputs, keys, job } of placed) {
      const all = lanes.view(memory.buffer(), sharedAt, parameterBytes / lanes.bytes)
      for (const { at, width, there } of shared)
        for (let i = 0, to = there / lanes.bytes; i < width; i++) all[to + i] = own[at + i]
      writeJob(words, job / 4, { chunkPanels, sharedAt, resultBytes, full, atGiven, keys, atOutputs })
    }
    for (let chunk = 0; chunk < to - from; chunk += chunksAtOnce) {
      const first = start + chunk * chunkPanels
      const count = Math.min(end - first, panelsAtOnce)
      const chunks = Math.ceil(count / chunkPanels)
      placed.forEach(({ given, atGiven, job }, j) => {
        program.given.forEach(({ name, width: columns, isKept }, i) => {
          const values = given[name]
          if ((!isWhole || !isKept) && isNumbersGiven(values))
            packRows(memory, values, { rows, columns, panel: first, panels: count }, atGiven[i], lanes)
        })
        const at = job / 4
        words[at + JOB_WORDS.Results] = results + j * chunks * resultBytes
        words[at + JOB_WORDS.Panels] = count
        words[at + JOB_WORDS.FirstPanel] = first
        words[at + JOB_WORDS.PartialPanel] = first + count === panels && rows % PANEL_ROWS > 0 ? count - 1 : -1
      })
      pool.run(
        {
          name: 'chunk',
          args: jobs,
          chunks: chunks * all.length,
          scratch,
          each: { bytes: 8 * jobLength, chunks },
          isAlone
        },
        instance
      )
      const total = sumPairs(program)
      const rowsHere = Math.min(rows - first * PANEL_ROWS, count * PANEL_ROWS)
      placed.forEach(({ numbers, outputs, atOutputs }, j) => {
        for (let i = 0, out = chunk * total; i < chunks; i++) {
          const at = (results + (j * chunks + i) * resultBytes) / 8
          for (let k = 0; k < total; k++) numbers[out++] = doubles[at + 2 * k] + doubles[at + 2 * k + 1]
        }
        program.outputs.forEach(({ name, width: columns }, i) => {
          unpackRows(memory, atOutputs[i], rowsHere, columns, outputs[name], (first - start) * PANEL_ROWS, lanes)
        })
      })
    }
  }

  const run: CompilerRuntime['run'] = (program, asked, all, parameterBytes) => {
    const { rows, from, to } = asked
    const { count } = Chunks.rowsOfChunks(Chunks.partitionRows(rows), from, to)
    const ran = all.map((): RunResult => {
      const outputs: Record<string, Float64Array> = {}
      for (const { name, width: columns } of program.outputs) outputs[name] = new Float64Array(count * columns)
      return { numbers: new Float64Array((to - from) * sumPairs(program)), outputs }
    })
    if (to <= from) return ran
    const attempt = (): void => {
      const taken: { readonly at: number; readonly length: number }[] = []
      const place = (asked: number): number => {
        const length = Math.max(asked, 1)
        const at = memory.take(length)
        taken.push({ at, length })
        return at
      }
      stay.begin()
      try {
        runIn(place, program, asked, all, parameterBytes, ran)
      } finally {
        for (const { at, length } of taken) memory.give(at, length)
      }
    }
    try {
      attempt()
    } catch (error) {
      // data of earlier calls make room before a call has none
      stay.begin()
      if (!(error instanceof OutOfMemory && stay.clear())) throw error
      attempt()
    }
    return ran
  }
  return { shared: isShared(pool), run, held: () => ({ arrays: memory.held(), instances: loaded.count() }) }
}

let cachedRuntime: Either<string, CompilerRuntime> | undefined

/** The machine, made when it is first asked for, or why there can be none here. */
export const runtimeOrReason = (): Either<string, CompilerRuntime> =>
  (cachedRuntime ??= tryCatch(startRuntime, compilationObstacle))

/** The machine, null where there can be none. */
export const runtimeOrNull = (): CompilerRuntime | null => toUnion(mapLeft(() => null)(runtimeOrReason()))
