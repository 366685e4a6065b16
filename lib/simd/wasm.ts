/** The SIMD path: the module of assembly/ over a memory, and the copies in and out of it. */
import { binary, memoryFlags } from './binary.js'
import type { Elementwise, Kernels } from './kernels.js'

type Map = (x: number, y: number, n: number) => void

/** assembly/index.ts, as seen from here: addresses in bytes, lengths in doubles. */
export interface Module {
  readonly start: () => number
  readonly mapExp: Map
  readonly mapExpm1: Map
  readonly mapLog: Map
  readonly mapLog1p: Map
  readonly mapTanh: Map
  readonly mapSigmoid: Map
  readonly mapSoftplus: Map
  readonly mapErf: Map
  readonly addSum: (x: number, n: number, state: number) => void
  readonly addDot: (x: number, y: number, n: number, state: number) => void
  readonly total: (state: number) => number
  readonly pack: (b: number, stride: number, transposed: boolean, k: number, n: number, panels: number) => void
  readonly multiply: (
    a: number,
    down: number,
    along: number,
    panels: number,
    c: number,
    m: number,
    k: number,
    n: number,
    adding: boolean
  ) => void
  readonly uniforms: Draws
  readonly normals: Draws
}

/** The key's words as signed integers; first, n and out as in assembly/random.ts. */
type Draws = (k0: number, k1: number, first: number, n: number, out: number) => void

export interface SimdKernels extends Kernels {
  readonly uniforms: Fill
  readonly normals: Fill
}

/** Writes draws first … first + count − 1 of the key (k0, k1) to the beginning of `out`. */
export type Fill = (k0: number, k1: number, first: number, count: number, out: Float64Array) => void

/** A module as build.mjs embeds it. */
export interface Embedded {
  readonly binary: string
  readonly memoryFlags: number
}

const kernels: Embedded = { binary, memoryFlags }

const bytes = ({ binary, memoryFlags }: Embedded, shared: boolean): Uint8Array<ArrayBuffer> => {
  const decoded = Uint8Array.from(atob(binary), letter => letter.charCodeAt(0))
  // Shared and unshared memories differ in this byte of the import only, as no kernel uses atomics.
  if (shared) decoded[memoryFlags] = 3
  return decoded
}

/** Compiles at once; throws where the engine has no SIMD, or refuses to compile in this place. */
export const compile = (shared = false, embedded = kernels): WebAssembly.Module =>
  new WebAssembly.Module(bytes(embedded, shared))

/** Compiles in the background: old browsers refuse modules of over 4 kB at once on the main thread. */
export const compileLater = async (shared = false): Promise<WebAssembly.Module> =>
  WebAssembly.compile(bytes(kernels, shared))

/** The kernels over a memory of the caller's, which is shared if the module was compiled so. */
export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Module =>
  // An instance's exports have no type of their own; assembly/index.ts is what this module exports.
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Module

const DOUBLE = 8
/** Doubles that an elementwise kernel handles at a time: 8 kB, half of a small L1 cache. */
const CHUNK = 1024
/**
 * Doubles of a block of A and of C, and of B: rows of A and a panel of B stay in L1, all of B's block in L2. Depth and
 * width are the most columns and rows a block of B has.
 */
const BLOCK = 16384
const DEPTH = 256
const WIDTH = 256
/** Tiles and panels reach up to three rows or columns over a block's end, each of at most DEPTH or WIDTH doubles. */
const OVERHANG = 3 * 256 + 8

/** 64 kB each; the arena takes 21 of them. */
const PAGES = 24

/** Blocks of consecutive indices below n, `step` at a time: calls visit(first, size). */
const blocks = (n: number, step: number, visit: (first: number, size: number) => void): void => {
  for (let first = 0; first < n; first += step) visit(first, Math.min(step, n - first))
}

/** Below this length, a loop is faster than a view to copy from. */
const SHORT = 24

/** Copies source[from], …, source[from + count − 1] to target[to], … */
const copy = (source: Float64Array, from: number, target: Float64Array, to: number, count: number): void => {
  if (count < SHORT) for (let i = 0; i < count; i++) target[to + i] = source[from + i]
  else target.set(count === source.length ? source : source.subarray(from, from + count), to)
}

/** A block of a row-major matrix with `length` columns: `rows` from `top`, `columns` from `left`. */
interface Block {
  readonly length: number
  readonly top: number
  readonly rows: number
  readonly left: number
  readonly columns: number
}

/** Calls visit(at, packed, count) for stretches of a block: where in the matrix, and where if packed row after row. */
const stretches = (block: Block, visit: (at: number, packed: number, count: number) => void): void => {
  const { length, top, rows, left, columns } = block
  if (columns === length) visit(top * length, 0, rows * length)
  else for (let i = 0; i < rows; i++) visit((top + i) * length + left, i * columns, columns)
}

const copyIn = (matrix: Float64Array, block: Block, packed: Float64Array): void => {
  stretches(block, (at, to, count) => {
    copy(matrix, at, packed, to, count)
  })
}

const copyOut = (packed: Float64Array, matrix: Float64Array, block: Block): void => {
  stretches(block, (at, from, count) => {
    copy(packed, from, matrix, at, count)
  })
}

/**
 * The kernels on arrays outside the memory: operands are copied in a chunk or block at a time, to a place that stays in
 * the cache, and results copied out.
 */
export const simd = (module: WebAssembly.Module): SimdKernels => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES })
  const wasm = instantiate(module, memory)
  let next = wasm.start()
  /** The arena: places for operands, laid out once and used by every call. */
  const place = (length: number): { readonly at: number; readonly view: Float64Array } => {
    const at = next
    next += length * DOUBLE
    return { at, view: new Float64Array(memory.buffer, at, length) }
  }
  const x = place(CHUNK)
  const y = place(CHUNK)
  const state = place(16)
  const blockA = place(BLOCK + OVERHANG)
  const blockB = place(DEPTH * WIDTH + OVERHANG)
  const panels = place(DEPTH * WIDTH)
  const blockC = place(BLOCK + OVERHANG)

  /** Copies elements [from, from + count) to a chunk, and zeros after them to a multiple of 8, which is returned. */
  const load = (source: Float64Array, from: number, count: number, chunk: Float64Array): number => {
    copy(source, from, chunk, 0, count)
    const padded = (count + 7) & -8
    if (padded > count) chunk.fill(0, count, padded)
    return padded
  }

  const elementwise =
    (map: Map): Elementwise =>
    (source, out = new Float64Array(source.length)) => {
      blocks(source.length, CHUNK, (from, count) => {
        map(x.at, x.at, load(source, from, count, x.view))
        copy(x.view, 0, out, from, count)
      })
      return out
    }

  const fill =
    (draws: Draws, alignment: number): Fill =>
    (k0, k1, first, count, out) => {
      const skip = first % alignment
      blocks(count + skip, CHUNK, (from, size) => {
        draws(k0 | 0, k1 | 0, first - skip + from, (size + 7) & -8, x.at)
        const before = from === 0 ? skip : 0
        copy(x.view, before, out, from + before - skip, size - before)
      })
    }

  return {
    exp: elementwise(wasm.mapExp),
    expm1: elementwise(wasm.mapExpm1),
    log: elementwise(wasm.mapLog),
    log1p: elementwise(wasm.mapLog1p),
    tanh: elementwise(wasm.mapTanh),
    sigmoid: elementwise(wasm.mapSigmoid),
    softplus: elementwise(wasm.mapSoftplus),
    erf: elementwise(wasm.mapErf),

    sum: (source, first = 0, end = source.length) => {
      state.view.fill(0)
      blocks(end - first, CHUNK, (from, count) => {
        wasm.addSum(x.at, load(source, first + from, count, x.view), state.at)
      })
      return wasm.total(state.at)
    },

    dot: (left, right) => {
      state.view.fill(0)
      blocks(left.length, CHUNK, (from, count) => {
        load(right, from, count, y.view)
        wasm.addDot(x.at, y.at, load(left, from, count, x.view), state.at)
      })
      return wasm.total(state.at)
    },

    matMul: (a, b, m, k, n, transposeA = false, transposeB = false, out = new Float64Array(m * n)) => {
      if (k === 0) return out.fill(0, 0, m * n)
      const depth = Math.min(k, DEPTH)
      const width = Math.min(n, WIDTH)
      const height = Math.max(4, Math.floor(BLOCK / Math.max(depth, width) / 4) * 4)
      blocks(n, width, (j, columns) => {
        blocks(k, depth, (p, inner) => {
          const [strideB, blockOfB] = transposeB
            ? [inner, { length: k, top: j, rows: columns, left: p, columns: inner }]
            : [columns, { length: n, top: p, rows: inner, left: j, columns }]
          copyIn(b, blockOfB, blockB.view)
          wasm.pack(blockB.at, strideB * DOUBLE, transposeB, inner, columns, panels.at)
          blocks(m, height, (i, rows) => {
            const [down, along, blockOfA] = transposeA
              ? [1, rows, { length: m, top: p, rows: inner, left: i, columns: rows }]
              : [inner, 1, { length: k, top: i, rows, left: p, columns: inner }]
            const blockOfC = { length: n, top: i, rows, left: j, columns }
            // A single block of rows stays in the memory from one p to the next; several go to `out` and back.
            const stays = rows === m
            copyIn(a, blockOfA, blockA.view)
            if (p > 0 && !stays) copyIn(out, blockOfC, blockC.view)
            wasm.multiply(blockA.at, down * DOUBLE, along * DOUBLE, panels.at, blockC.at, rows, inner, columns, p > 0)
            if (!stays || p + inner === k) copyOut(blockC.view, out, blockOfC)
          })
        })
      })
      return out
    },

    uniforms: fill(wasm.uniforms, 1),
    normals: fill(wasm.normals, 2)
  }
}
