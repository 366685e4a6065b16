/**
 * Where programs run: one memory for all of them, with the kernels of lib/simd, and the threads that share it. Data stay
 * there from step to step, as panels; what a call needs is taken and given back.
 */
import { arena as arenaOf } from '../simd/arena.js'
import { binary, memoryFlags } from '../simd/binary.js'
import * as Strands from '../strands.js'
import { part, type Numbers } from '../stretches.js'
import { crew as crewOf, type Crew, type Loaded } from '../simd/crew.js'
import { type Dense } from '../kernels/dense.js'
import { Word } from './code.js'
import { valueOf, width, type Node } from './graph.js'
import { ROWS, type Lanes, type Precision } from './lanes.js'
import { meaning } from './meaning.js'

/** Of WebAssembly: 4 GB. */
export const MOST_PAGES = 65536
/** Data stay up to this, those used last. */
const KEPT = 0x10000000
/** Data larger than this are copied in by segments at each call. */
const SEGMENT = 0x40000000
/** So many instances are kept; a program that is no longer among them is instantiated anew. */
const MOST_INSTANCES = 64
/** Bytes of a mask, enough for a panel of doubles. */
const MASK = 64
/** Rows that are read are packed so many panels at a time. */
const READ = 512
/** Calls that take the caller alone less than this, in rows × operations, a quarter of a millisecond, gain nothing by another thread. */
export const WORTH_THREADS = 1e6

const isShared = (crew: Crew): boolean => crew.memory.buffer.constructor.name === 'SharedArrayBuffer'

/** Draws of a key, or numbers row after row, in memory or read a stretch at a time. */
export type RowsGiven = Numbers | { readonly k0: number; readonly k1: number }

/** What a machine needs to know of a program. */
export interface Runnable {
  readonly module: WebAssembly.Module
  readonly lanes: Lanes
  readonly words: number
  readonly kernels: ReadonlyArray<Node>
  /** Whether some of them run in every panel, so that no other thread can help. */
  readonly isByHand: boolean
  readonly given: ReadonlyArray<{ readonly name: string; readonly width: number; readonly isKept: boolean }>
  readonly drawn: ReadonlyArray<{ readonly name: string }>
  readonly outputs: ReadonlyArray<{ readonly name: string; readonly width: number }>
  readonly sumBytes: number
  readonly scratchBytes: number
  /** Operations a row. */
  readonly work: number
}

export interface Ran {
  /** What strands sum, one after another. */
  readonly numbers: Float64Array
  /** Of the rows of these strands. */
  readonly outputs: Readonly<Record<string, Float64Array>>
}

/** Strands [from, to) of all rows. */
export interface Asked {
  readonly rows: number
  readonly from: number
  readonly to: number
}

export interface Machine {
  readonly shared: boolean
  readonly run: (
    program: Runnable,
    asked: Asked,
    given: Readonly<Record<string, RowsGiven>>,
    parameters: ReadonlyArray<{ readonly at: number; readonly values: Float64Array }>,
    parameterBytes: number
  ) => Ran
  /** Bytes that are taken when no call is in progress, and instances that are kept. */
  readonly held: () => { readonly arrays: number; readonly instances: number }
}

const isNumbers = (given: RowsGiven): given is Numbers => given instanceof Float64Array || 'read' in given
const isRead = (given: RowsGiven): boolean => 'read' in given
const lengthOf = (numbers: Numbers): number =>
  numbers instanceof Float64Array ? numbers.length : numbers.rows * numbers.dim

interface Resident {
  readonly at: number
  /** In doubles, as all memory is counted. */
  readonly length: number
}

/** Numbers that a strand of a program sums: pairs of doubles, added. */
export const widthOf = ({ sumBytes }: Runnable): number => sumBytes / 16

/** Throws where the engine has no SIMD, or refuses to compile in this place. */
const machine = (): Machine => {
  const crew = crewOf({ binary, memoryFlags })
  const base = (crew.start + 63) & ~63
  const arena = arenaOf(crew.memory, base, MOST_PAGES * 65536 - 65536, () => undefined)
  const take = (length: number): number => {
    const at = arena.take(length)
    if (at > 0) return at
    arena.settle()
    const again = arena.take(length)
    if (again === 0) throw new RangeError(`no memory for ${length} doubles`)
    return again
  }
  const doubles = (at: number, length: number): Float64Array => new Float64Array(arena.buffer(), at, length)
  const residents: Readonly<Record<Precision, Map<Float64Array, Resident>>> = { float64: new Map(), float32: new Map() }
  let kept = 0
  const instances = new Map<Runnable, Loaded>()
  let masks = 0

  const instance = (program: Runnable): Loaded => {
    const known = instances.get(program)
    if (known !== undefined) {
      // the one used last is the last
      instances.delete(program)
      instances.set(program, known)
      return known
    }
    const loaded = crew.load(program.module, { kernel: byHand(program.kernels, program.lanes) })
    instances.set(program, loaded)
    for (const [old, { unload }] of instances) {
      if (instances.size <= MOST_INSTANCES) break
      unload()
      instances.delete(old)
    }
    return loaded
  }

  /** The interpreter's kernel on a panel; its rows are one more axis, the last, which it treats alike. */
  const byHand =
    (nodes: ReadonlyArray<Node>, lanes: Lanes) =>
    (which: number, ...addresses: ReadonlyArray<number>): void => {
      const { does, ins, shape } = nodes[which]
      const view = (i: number, length: number): Float32Array | Float64Array =>
        lanes.view(arena.buffer(), addresses[i], length)
      const dense = (node: Node, i: number): Dense => {
        const value = valueOf(node)
        if (value !== undefined) return { shape: [], dtype: 'float32', values: Float64Array.of(value) }
        const rows = node.place === 'rows' ? ROWS : 1
        const values = Float64Array.from(view(i, width(node) * rows))
        return { shape: [...node.shape, rows], dtype: 'float32', values }
      }
      const to = view(addresses.length - 1, width(nodes[which]) * ROWS)
      if (does.kind === 'entrywise') to.set(meaning(does, ins.map(dense), [...shape, ROWS]).values)
      else if (does.kind === 'kernel') {
        // the last axes are spoken of: each row by itself
        const all = ins.map(dense)
        for (let row = 0; row < ROWS; row++) {
          const own = ins.map((node, k): Dense => {
            const { values } = all[k]
            const length = width(node)
            const rows = node.place === 'rows' ? ROWS : 1
            const at = (i: number): number => (valueOf(node) === undefined ? i * rows + (row % rows) : 0)
            return {
              shape: node.shape,
              dtype: 'float32',
              values: Float64Array.from({ length }, (_, i) => values[at(i)])
            }
          })
          const { values } = meaning(does, own, shape)
          values.forEach((value, i) => (to[i * ROWS + row] = value))
        }
      }
    }

  /** Rows as panels, those that are read a stretch at a time. */
  const pack = (
    numbers: Numbers,
    rows: number,
    columns: number,
    panel: number,
    panels: number,
    at: number,
    lanes: Lanes
  ): void => {
    if (numbers instanceof Float64Array) {
      packed(numbers, rows, columns, panel, panels, at, lanes)
      return
    }
    for (let done = 0; done < panels; done += READ) {
      const own = Math.min(READ, panels - done)
      const first = (panel + done) * ROWS
      const count = Math.max(0, Math.min(rows - first, own * ROWS))
      packed(part(numbers, first, count), count, columns, 0, own, at + done * lanes.line * columns, lanes)
    }
  }
  /** Rows [first, first + count) as panels, lanes that are no rows at 0. */
  const packed = (
    values: Float64Array,
    rows: number,
    columns: number,
    panel: number,
    panels: number,
    at: number,
    lanes: Lanes
  ): void => {
    const out = lanes.view(arena.buffer(), at, panels * ROWS * columns)
    const first = panel * ROWS
    const count = Math.max(0, Math.min(rows - first, panels * ROWS))
    if (columns === 1) {
      out.set(values.subarray(first, first + count))
      out.fill(0, count)
      return
    }
    if (count < panels * ROWS) out.fill(0, (panels - 1) * ROWS * columns)
    for (let i = 0, from = first * columns; i < count; i++)
      for (let j = 0, to = (i >> 3) * ROWS * columns + (i & 7); j < columns; j++, to += ROWS) out[to] = values[from++]
  }
  const unpack = (at: number, count: number, columns: number, out: Float64Array, first: number, lanes: Lanes): void => {
    const from = lanes.view(arena.buffer(), at, Math.ceil(count / ROWS) * ROWS * columns)
    for (let i = 0, to = first * columns; i < count; i++)
      for (let j = 0, p = (i >> 3) * ROWS * columns + (i & 7); j < columns; j++, p += ROWS) out[to++] = from[p]
  }

  const resident = (values: Float64Array, rows: number, columns: number, panels: number, lanes: Lanes): number => {
    const own = residents[lanes.precision]
    const known = own.get(values)
    if (known !== undefined) {
      own.delete(values)
      own.set(values, known)
      return known.at
    }
    const length = (panels * lanes.line * columns) / 8
    for (const all of Object.values(residents))
      for (const [old, { at, length: size }] of all) {
        if ((kept + length) * 8 <= KEPT) break
        arena.give(at, size)
        kept -= size
        all.delete(old)
      }
    const at = take(length)
    pack(values, rows, columns, 0, panels, at, lanes)
    own.set(values, { at, length })
    kept += length
    return at
  }

  const maskAt = (): number => {
    if (masks === 0) {
      masks = take((2 * MASK) / 8)
      new Int32Array(arena.buffer(), masks, MASK / 4).fill(-1)
    }
    return masks
  }

  const run: Machine['run'] = (program, { rows, from, to }, given, parameters, parameterBytes) => {
    const { lanes } = program
    /** Doubles that so many panels of so many columns take. */
    const room = (panels: number, columns: number): number => (panels * lanes.line * columns) / 8
    const strandPanels = Strands.cut(rows).strandRows / ROWS
    const start = from * strandPanels
    const end = Math.min(Math.ceil(rows / ROWS), to * strandPanels)
    const here = Math.min(rows, end * ROWS) - start * ROWS
    const total = widthOf(program)
    const numbers = new Float64Array((to - from) * total)
    const outputs = Object.fromEntries(
      program.outputs.map(({ name, width: columns }) => [name, new Float64Array(Math.max(0, here) * columns)])
    )
    if (to <= from) return { numbers, outputs }
    const loaded = instance(program)
    const isAlone = program.isByHand || here * program.work < WORTH_THREADS
    const taken: { readonly at: number; readonly length: number }[] = []
    const place = (length: number): number => {
      const at = take(Math.max(length, 1))
      taken.push({ at, length: Math.max(length, 1) })
      return at
    }
    try {
      const full = maskAt()
      new Int32Array(arena.buffer(), full + MASK, MASK / 4).fill(0).fill(-1, 0, ((rows % ROWS) * lanes.bytes) / 4)
      const bytesOfPanel = program.given.reduce((sum, { width }) => sum + width * lanes.line, 0)
      const panels = Math.ceil(rows / ROWS)
      const isWhole = panels * bytesOfPanel <= SEGMENT && program.given.every(({ name }) => !isRead(given[name]))
      const strands = to - from
      const atOnce = isWhole ? strands : Math.max(1, Math.floor(SEGMENT / 8 / (strandPanels * bytesOfPanel)))
      const most = Math.min(end - start, atOnce * strandPanels)
      const shared = place(parameterBytes / 8)
      const resultBytes = Math.max(64, program.sumBytes)
      const results = place((resultBytes / 8) * Math.min(strands, atOnce))
      const bytes = (program.scratchBytes + 127) & ~63
      const scratch = place((bytes / 8) * crew.spaces())
      const job = place(Math.ceil(program.words / 2))
      const atGiven = program.given.map(({ name, width: columns, isKept }) => {
        const values = given[name]
        if (!isNumbers(values) || lengthOf(values) !== rows * columns)
          throw new RangeError(`${name}: not ${rows} rows of ${columns}`)
        return isWhole && isKept && values instanceof Float64Array
          ? resident(values, rows, columns, panels, lanes) + start * lanes.line * columns
          : place(room(most, columns))
      })
      const atOutputs = program.outputs.map(({ width: columns }) => place(room(most, columns)))
      for (const { at, values } of parameters) lanes.view(arena.buffer(), shared + at, values.length).set(values)
      const words = new Int32Array(arena.buffer(), job, program.words)
      for (let strand = 0; strand < strands; strand += atOnce) {
        const first = start + strand * strandPanels
        const count = Math.min(end - first, most)
        program.given.forEach(({ name, width: columns, isKept }, i) => {
          const values = given[name]
          if ((!isWhole || !isKept) && isNumbers(values)) pack(values, rows, columns, first, count, atGiven[i], lanes)
        })
        const isLast = first + count === panels && rows % ROWS > 0
        words[Word.Panels] = count
        words[Word.StrandPanels] = strandPanels
        words[Word.Parameters] = shared
        words[Word.Results] = results
        words[Word.ResultBytes] = resultBytes
        words[Word.FirstPanel] = first
        words[Word.PartialPanel] = isLast ? count - 1 : -1
        words[Word.PartialMask] = full + MASK
        words[Word.FullMask] = full
        let word: number = Word.First
        for (const at of atGiven) {
          words[word] = at
          word += 2
        }
        for (const { name } of program.drawn) {
          const key = given[name]
          if (isNumbers(key)) throw new RangeError(`${name}: not a key`)
          words[word] = key.k0
          words[word + 1] = key.k1
          word += 2
        }
        for (const at of atOutputs) words[word++] = at
        const own = Math.ceil(count / strandPanels)
        crew.run('strand', job, own, { at: scratch, bytes }, isAlone, loaded)
        for (let i = 0, to = strand * total; i < own; i++) {
          const pairs = doubles(results + i * resultBytes, 2 * total)
          for (let k = 0; k < total; k++) numbers[to++] = pairs[2 * k] + pairs[2 * k + 1]
        }
        program.outputs.forEach(({ name, width: columns }, i) => {
          const rowsHere = Math.min(rows - first * ROWS, count * ROWS)
          unpack(atOutputs[i], rowsHere, columns, outputs[name], (first - start) * ROWS, lanes)
        })
      }
    } finally {
      for (const { at, length } of taken) arena.give(at, length)
    }
    return { numbers, outputs }
  }
  return { shared: isShared(crew), run, held: () => ({ arrays: arena.held(), instances: instances.size }) }
}

/** Undefined before first use; null where the engine has no SIMD or may not compile here. */
let found: Machine | null | undefined

export const theMachine = (): Machine | null => {
  if (found !== undefined) return found
  try {
    found = machine()
  } catch {
    // No WebAssembly, no SIMD, a content policy against it, or an old browser's limit on compiling at once.
    found = null
  }
  return found
}
