/** Memory of the SIMD kernels: allocated arrays, and fixed buffers for copied operands. */
import { arena as arenaOf } from './arena.js'
import { instantiate, type KernelModule } from './kernelModule.js'

export const DOUBLE_BYTES = 8
/** Doubles that an elementwise kernel processes at a time: 8 kB, half of a small L1 cache. */
export const CHUNK_DOUBLES = 1024
/** Doubles of a block of A or C: rows of A and a panel of B stay in the L1 cache. */
export const BLOCK_DOUBLES = 16384
/** Maximum number of rows of a block of B, which stays in the L2 cache. */
export const BLOCK_DEPTH = 256
/** Maximum number of columns of a block of B. */
export const BLOCK_WIDTH = 256
/** Doubles by which tiles and panels exceed a block: up to three rows or columns of at most 256. */
const OVERHANG = 3 * 256 + 8

/** Initial size in pages of 64 kB, of which the fixed buffers take 21. */
const INITIAL_KERNEL_PAGES = 24
/** Maximum number of pages of 64 kB: 1 GB. */
export const MAX_KERNEL_PAGES = 16384

/** Arrays in the kernels' memory. */
export interface Room {
  /** Allocates an array of arbitrary contents, valid until `settle` unless kept; null if there is no room now. */
  readonly take: (length: number) => Float64Array | null
  /** Keeps an array when `settle` frees the others; returns its address, or 0 if it is not from `take`. */
  readonly keep: (values: Float64Array) => number
  /** Array at an address. Views from before a growth of the memory have length 0. */
  readonly view: (at: number, length: number) => Float64Array
  readonly give: (at: number, length: number) => void
  /** Number of allocated arrays. */
  readonly held: () => number
  /** Frees all arrays that were not kept; grows the memory if an allocation failed. */
  readonly settle: () => void
}

/** Buffer at a fixed address; `view` is renewed if the memory grows. */
interface FixedBuffer {
  readonly at: number
  readonly length: number
  view: Float64Array
}

export interface KernelMemory {
  readonly wasm: KernelModule
  readonly room: Room
  readonly buffer: () => ArrayBuffer
  /** True if the array lies in this memory. */
  readonly isInside: (values: Float64Array) => boolean
  /** Address of the array, or of a copy that is valid until the next `settle`; 0 if there is no room for it. */
  readonly addressOf: (values: Float64Array) => number
  /** Buffers of a chunk, of the state of a sum, and of blocks of a product. */
  readonly fixed: Readonly<Record<'chunk' | 'state' | 'blockA' | 'blockB' | 'panels' | 'blockC', FixedBuffer>>
}

/** Memory of up to `maxPages` pages; without growth if the engine cannot reserve as many. */
const reserveMemory = (maxPages: number): WebAssembly.Memory => {
  try {
    return new WebAssembly.Memory({ initial: INITIAL_KERNEL_PAGES, maximum: maxPages })
  } catch {
    return new WebAssembly.Memory({ initial: INITIAL_KERNEL_PAGES, maximum: INITIAL_KERNEL_PAGES })
  }
}

/** Instantiates the module over a memory of its own, which grows up to `maxPages` pages of 64 kB. */
export const kernelMemory = (module: WebAssembly.Module, maxPages: number): KernelMemory => {
  const memory = reserveMemory(maxPages)
  const wasm = instantiate(module, memory)
  let next = wasm.start()
  const fixedBuffer = (length: number): FixedBuffer => {
    const at = next
    next += length * DOUBLE_BYTES
    return { at, length, view: new Float64Array(memory.buffer, at, length) }
  }
  const fixed = {
    chunk: fixedBuffer(CHUNK_DOUBLES),
    state: fixedBuffer(16),
    blockA: fixedBuffer(BLOCK_DOUBLES + OVERHANG),
    blockB: fixedBuffer(BLOCK_DEPTH * BLOCK_WIDTH + OVERHANG),
    panels: fixedBuffer(BLOCK_DEPTH * BLOCK_WIDTH),
    blockC: fixedBuffer(BLOCK_DOUBLES + OVERHANG)
  }
  const arena = arenaOf(memory, {
    base: Math.ceil(next / 64) * 64,
    maxBytes: maxPages * 65536,
    onGrowth: () => {
      for (const one of Object.values(fixed)) one.view = view(one.at, one.length)
    }
  })
  const view = (at: number, length: number): Float64Array => new Float64Array(arena.buffer(), at, length)
  // Reading `buffer` of a short array allocates it, so the offset is tested first; no array of the memory begins at 0.
  const isInside = (values: Float64Array): boolean => values.byteOffset > 0 && values.buffer === arena.buffer()
  /** Arrays of `take` that are not kept, which `settle` frees. */
  const borrowed: { readonly at: number; readonly length: number }[] = []
  const room: Room = {
    take: length => {
      const at = length === 0 ? 0 : arena.take(length)
      if (at === 0) return null
      borrowed.push({ at, length })
      return view(at, length)
    },
    view,
    keep: values => {
      const index = isInside(values) ? borrowed.findIndex(({ at }) => at === values.byteOffset) : -1
      if (index < 0) return 0
      borrowed.splice(index, 1)
      return values.byteOffset
    },
    give: arena.give,
    held: arena.held,
    settle: () => {
      for (const { at, length } of borrowed) arena.give(at, length)
      borrowed.length = 0
      arena.settle()
    }
  }
  const addressOf = (values: Float64Array): number => {
    if (isInside(values)) return values.byteOffset
    const copied = room.take(values.length)
    copied?.set(values)
    return copied?.byteOffset ?? 0
  }
  return { wasm, room, buffer: arena.buffer, isInside, addressOf, fixed }
}

/** Calls visit(first, size) for consecutive blocks of at most `step` indices below n. */
export const visitBlocks = (n: number, step: number, visit: (first: number, size: number) => void): void => {
  for (let first = 0; first < n; first += step) visit(first, Math.min(step, n - first))
}

/** Minimum number of elements for which a view is faster than a loop. */
const MIN_COPIED_LENGTH = 24

/** Copies source[from], …, source[from + count − 1] to target[to], … */
export const copyDoubles = (
  source: Float64Array,
  from: number,
  target: Float64Array,
  to: number,
  count: number
): void => {
  if (count < MIN_COPIED_LENGTH) for (let i = 0; i < count; i++) target[to + i] = source[from + i]
  else target.set(count === source.length ? source : source.subarray(from, from + count), to)
}

/** Copies source[from], …, source[from + count − 1] to a chunk; returns its length, padded with zeros to a multiple of 8. */
export const loadChunk = (source: Float64Array, from: number, count: number, chunk: Float64Array): number => {
  copyDoubles(source, from, chunk, 0, count)
  const padded = (count + 7) & -8
  if (padded > count) chunk.fill(0, count, padded)
  return padded
}
