/**
 * Where programs run: one memory for all of them, with the kernels of lib/simd, and the threads that share it. Data stay
 * there from step to step, as panels; what a call needs is taken and given back.
 */
import { arena as arenaOf } from '../simd/arena.js'
import { binary, memoryFlags } from '../simd/binary.js'
import { crew as crewOf, type Crew, type Loaded } from '../simd/crew.js'
import { type Dense } from '../kernels/dense.js'
import { Word } from './code.js'
import { valueOf, width, type Node } from './graph.js'
import { LANES, LINE } from './layout.js'
import { meaning } from './meaning.js'

/** Of WebAssembly: 4 GB. */
export const MOST_PAGES = 65536
/** Data stay up to this, those used last. */
const KEPT = 0x10000000
/** Data larger than this are copied in by segments at each call. */
const SEGMENT = 0x40000000
/** So many instances are kept; a program that is no longer among them is instantiated anew. */
const MOST_INSTANCES = 64
/** Strands have 512 rows at least, and there are at most 64 of them: the sums of more would be slow to join. */
const LEAST_PANELS = 64
const MOST_STRANDS = 64
/** Calls that take the caller alone less than this, in rows × operations, are over before another thread is awake. */
export const WORTH_THREADS = 4e6

export const isShared = (crew: Crew): boolean => crew.memory.buffer.constructor.name === 'SharedArrayBuffer'

/** Draws of a key, or numbers row after row. */
export type RowsGiven = Float64Array | { readonly k0: number; readonly k1: number }

/** What a machine needs to know of a program. */
export interface Runnable {
  readonly module: WebAssembly.Module
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
  /** The pairs of doubles of all strands, added. */
  readonly sums: Float64Array
  readonly outputs: Readonly<Record<string, Float64Array>>
}

export interface Machine {
  readonly shared: boolean
  readonly run: (
    program: Runnable,
    rows: number,
    given: Readonly<Record<string, RowsGiven>>,
    parameters: ReadonlyArray<{ readonly at: number; readonly values: Float64Array }>,
    parameterBytes: number
  ) => Ran
  /** Bytes that are taken when no call is in progress, and instances that are kept. */
  readonly held: () => { readonly arrays: number; readonly instances: number }
}

interface Resident {
  readonly at: number
  readonly length: number
}

/** How rows are cut: by their number alone, so that the bits do not depend on the threads. */
const cut = (rows: number): { readonly panels: number; readonly strandPanels: number; readonly strands: number } => {
  const panels = Math.ceil(rows / LANES)
  const even = Math.ceil(panels / MOST_STRANDS / LANES) * LANES
  const strandPanels = Math.max(LEAST_PANELS, even)
  return { panels, strandPanels, strands: Math.ceil(panels / strandPanels) }
}

/** Throws where the engine has no SIMD, or refuses to compile in this place. */
export const machine = (): Machine => {
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
  const residents = new Map<Float64Array, Resident>()
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
    const loaded = crew.load(program.module, { kernel: byHand(program.kernels) })
    instances.set(program, loaded)
    for (const [old, { unload }] of instances) {
      if (instances.size <= MOST_INSTANCES) break
      unload()
      instances.delete(old)
    }
    return loaded
  }

  /** The interpreter's kernel on a panel; lanes are one more axis, the last, which it treats alike. */
  const byHand =
    (nodes: ReadonlyArray<Node>) =>
    (which: number, ...addresses: ReadonlyArray<number>): void => {
      const { does, ins, shape } = nodes[which]
      const dense = (node: Node, i: number): Dense => {
        const value = valueOf(node)
        if (value !== undefined) return { shape: [], dtype: 'float32', values: Float64Array.of(value) }
        const lanes = node.place === 'rows' ? LANES : 1
        const values = doubles(addresses[i], width(node) * lanes).slice()
        return { shape: [...node.shape, lanes], dtype: 'float32', values }
      }
      const to = doubles(addresses[addresses.length - 1], width(nodes[which]) * LANES)
      if (does.kind === 'entrywise') to.set(meaning(does, ins.map(dense), [...shape, LANES]).values)
      else if (does.kind === 'kernel') {
        // the last axes are spoken of: each lane by itself
        const all = ins.map(dense)
        for (let lane = 0; lane < LANES; lane++) {
          const own = ins.map((node, k): Dense => {
            const { values } = all[k]
            const length = width(node)
            const lanes = node.place === 'rows' ? LANES : 1
            const at = (i: number): number => (valueOf(node) === undefined ? i * lanes + (lane % lanes) : 0)
            return {
              shape: node.shape,
              dtype: 'float32',
              values: Float64Array.from({ length }, (_, i) => values[at(i)])
            }
          })
          const { values } = meaning(does, own, shape)
          values.forEach((value, i) => (to[i * LANES + lane] = value))
        }
      }
    }

  /** Rows [first, first + count) as panels, lanes that are no rows at 0. */
  const pack = (
    values: Float64Array,
    rows: number,
    columns: number,
    panel: number,
    panels: number,
    at: number
  ): void => {
    const out = doubles(at, panels * LANES * columns)
    const first = panel * LANES
    const count = Math.max(0, Math.min(rows - first, panels * LANES))
    if (columns === 1) {
      out.set(values.subarray(first, first + count))
      out.fill(0, count)
      return
    }
    if (count < panels * LANES) out.fill(0, (panels - 1) * LANES * columns)
    for (let i = 0, from = first * columns; i < count; i++)
      for (let j = 0, to = (i >> 3) * LANES * columns + (i & 7); j < columns; j++, to += LANES) out[to] = values[from++]
  }
  const unpack = (at: number, count: number, columns: number, out: Float64Array, first: number): void => {
    const from = doubles(at, Math.ceil(count / LANES) * LANES * columns)
    for (let i = 0, to = first * columns; i < count; i++)
      for (let j = 0, p = (i >> 3) * LANES * columns + (i & 7); j < columns; j++, p += LANES) out[to++] = from[p]
  }

  const resident = (values: Float64Array, rows: number, columns: number, panels: number): number => {
    const known = residents.get(values)
    if (known !== undefined) {
      residents.delete(values)
      residents.set(values, known)
      return known.at
    }
    const length = panels * LANES * columns
    for (const [old, { at, length: size }] of residents) {
      if ((kept + length) * 8 <= KEPT) break
      arena.give(at, size)
      kept -= size
      residents.delete(old)
    }
    const at = take(length)
    pack(values, rows, columns, 0, panels, at)
    residents.set(values, { at, length })
    kept += length
    return at
  }

  const maskAt = (): number => {
    if (masks === 0) {
      masks = take(2 * LANES)
      new BigInt64Array(arena.buffer(), masks, LANES).fill(-1n)
    }
    return masks
  }

  const run: Machine['run'] = (program, rows, given, parameters, parameterBytes) => {
    const { panels, strandPanels, strands } = cut(rows)
    const total = program.sumBytes / 8
    const sums = new Float64Array(total / 2)
    const outputs = Object.fromEntries(
      program.outputs.map(({ name, width: columns }) => [name, new Float64Array(rows * columns)])
    )
    if (rows === 0) return { sums, outputs }
    const loaded = instance(program)
    const isAlone = program.isByHand || rows * program.work < WORTH_THREADS
    const taken: { readonly at: number; readonly length: number }[] = []
    const place = (length: number): number => {
      const at = take(Math.max(length, 1))
      taken.push({ at, length: Math.max(length, 1) })
      return at
    }
    try {
      const full = maskAt()
      new BigInt64Array(arena.buffer(), full + LINE, LANES).fill(0n).fill(-1n, 0, rows % LANES)
      const bytesOfPanel = program.given.reduce((sum, { width }) => sum + width * LINE, 0)
      const isWhole = panels * bytesOfPanel <= SEGMENT
      const atOnce = isWhole ? strands : Math.max(1, Math.floor(SEGMENT / 8 / (strandPanels * bytesOfPanel)))
      const shared = place(parameterBytes / 8)
      const resultBytes = Math.max(64, program.sumBytes)
      const results = place((resultBytes / 8) * Math.min(strands, atOnce))
      const bytes = (program.scratchBytes + 127) & ~63
      const scratch = place((bytes / 8) * crew.spaces())
      const job = place(Math.ceil(program.words / 2))
      const atGiven = program.given.map(({ name, width: columns, isKept }) => {
        const values = given[name]
        if (!(values instanceof Float64Array) || values.length !== rows * columns)
          throw new RangeError(`${name}: not ${rows} rows of ${columns}`)
        if (isWhole && isKept) return resident(values, rows, columns, panels)
        return place(Math.min(panels, atOnce * strandPanels) * LANES * columns)
      })
      const atOutputs = program.outputs.map(({ width: columns }) =>
        place(Math.min(panels, atOnce * strandPanels) * LANES * columns)
      )
      for (const { at, values } of parameters) doubles(shared + at, values.length).set(values)
      const words = new Int32Array(arena.buffer(), job, program.words)
      for (let strand = 0; strand < strands; strand += atOnce) {
        const first = strand * strandPanels
        const count = Math.min(panels - first, atOnce * strandPanels)
        program.given.forEach(({ name, width: columns, isKept }, i) => {
          const values = given[name]
          if ((!isWhole || !isKept) && values instanceof Float64Array)
            pack(values, rows, columns, first, count, atGiven[i])
        })
        const isLast = first + count === panels && rows % LANES > 0
        words[Word.Panels] = count
        words[Word.StrandPanels] = strandPanels
        words[Word.Parameters] = shared
        words[Word.Results] = results
        words[Word.ResultBytes] = resultBytes
        words[Word.FirstPanel] = first
        words[Word.PartialPanel] = isLast ? count - 1 : -1
        words[Word.PartialMask] = full + LINE
        words[Word.FullMask] = full
        let word: number = Word.First
        for (const at of atGiven) {
          words[word] = at
          word += 2
        }
        for (const { name } of program.drawn) {
          const key = given[name]
          if (key instanceof Float64Array) throw new RangeError(`${name}: not a key`)
          words[word] = key.k0
          words[word + 1] = key.k1
          word += 2
        }
        for (const at of atOutputs) words[word++] = at
        const own = Math.ceil(count / strandPanels)
        crew.run('strand', job, own, { at: scratch, bytes }, isAlone, loaded)
        for (let i = 0; i < own; i++) {
          const from = doubles(results + i * resultBytes, total)
          for (let k = 0; k < sums.length; k++) sums[k] += from[2 * k] + from[2 * k + 1]
        }
        program.outputs.forEach(({ name, width: columns }, i) => {
          const rowsHere = Math.min(rows - first * LANES, count * LANES)
          unpack(atOutputs[i], rowsHere, columns, outputs[name], first * LANES)
        })
      }
    } finally {
      for (const { at, length } of taken) arena.give(at, length)
    }
    return { sums, outputs }
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
