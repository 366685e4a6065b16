/**
 * Allocator of arrays in a module's memory, where its kernels find them without a copy. Freed blocks are reused for equal sizes, so a
 * repeated computation takes no fresh pages, which would cost more than its arithmetic. Before the memory grows, adjacent free blocks are
 * merged and cut as needed.
 */
import { exponentOf, powerOfTwo } from '../numbers/elementary.js'

export interface Arena {
  /** The current buffer; another object after the memory grew. */
  readonly buffer: () => ArrayBuffer
  /** Returns the address of a new block of `length` doubles; 0 if there is no room now. */
  readonly take: (length: number) => number
  /** Number of allocated blocks. */
  readonly held: () => number
  /** Frees the block of `length` doubles at an address. */
  readonly give: (at: number, length: number) => void
  /** Grows the memory if an allocation failed since the last call; growth invalidates all views. */
  readonly settle: () => void
}

const PAGE_BYTES = 65536
const DOUBLE_SIZE = 8
/** Maximum number of bytes that kernels read beyond their operands. */
const READ_MARGIN = 4096
/** Maximum growth of the memory in bytes, unless more are needed at once. */
const MAX_GROWTH_BYTES = 0x4000000

/** Bytes of a block for `length` doubles, rounded up by at most an eighth, so that few sizes occur. */
export const bytesFor = (length: number): number => {
  const bytes = Math.max(64, length * DOUBLE_SIZE)
  const step = Math.max(64, powerOfTwo(exponentOf(bytes) - 3))
  return Math.ceil(bytes / step) * step
}

interface Hole {
  at: number
  bytes: number
}

/** Free blocks: lists by size, and holes of any size left by merges. */
interface FreeBlocks {
  /** Returns the address of a block of exactly this size; 0 if there is none. */
  readonly reuse: (bytes: number) => number
  /** Returns the address of a block cut from the smallest hole that is large enough; 0 if there is none. */
  readonly cut: (bytes: number) => number
  readonly add: (at: number, bytes: number) => void
  /** True if blocks were added since the last merge. */
  readonly isMergeable: () => boolean
  /** Merges adjacent free ranges. If one ends at `top`, removes it and returns its start; otherwise returns `top`. */
  readonly merge: (top: number) => number
}

const freeBlocks = (): FreeBlocks => {
  const bySize = new Map<number, number[]>()
  /** Total bytes in `bySize`. */
  let looseBytes = 0
  /** Sorted by address; no two are adjacent. */
  let holes: Hole[] = []
  return {
    reuse: bytes => {
      const at = bySize.get(bytes)?.pop()
      if (at === undefined) return 0
      looseBytes -= bytes
      return at
    },
    cut: bytes => {
      let best: Hole | undefined
      for (const hole of holes) if (hole.bytes >= bytes && hole.bytes < (best?.bytes ?? Infinity)) best = hole
      if (best === undefined) return 0
      const { at } = best
      best.at += bytes
      best.bytes -= bytes
      if (best.bytes === 0) holes.splice(holes.indexOf(best), 1)
      return at
    },
    add: (at, bytes) => {
      looseBytes += bytes
      const blocks = bySize.get(bytes)
      if (blocks === undefined) bySize.set(bytes, [at])
      else blocks.push(at)
    },
    isMergeable: () => looseBytes > 0,
    merge: top => {
      const parts = [...holes, ...[...bySize].flatMap(([bytes, all]) => all.map((at): Hole => ({ at, bytes })))]
      parts.sort((a, b) => a.at - b.at)
      bySize.clear()
      looseBytes = 0
      holes = []
      for (const part of parts) {
        const last = holes.at(-1)
        if (last !== undefined && last.at + last.bytes === part.at) last.bytes += part.bytes
        else holes.push(part)
      }
      const last = holes.at(-1)
      if (last === undefined || last.at + last.bytes !== top) return top
      holes.pop()
      return last.at
    }
  }
}

export interface ArenaOptions {
  /** First address that may be allocated, in bytes. */
  readonly base: number
  /** Maximum size of the memory in bytes. */
  readonly maxBytes: number
  /** Called after the memory grew. Default: nothing. */
  readonly onGrowth?: () => void
}

/** New size of a memory of `size` bytes that needs `needed` bytes. */
const grownSize = (size: number, needed: number): number =>
  Math.max(Math.min(2 * size, size + MAX_GROWTH_BYTES), needed)

/** Allocator of the memory from `base` on, which grows as needed. */
export const arena = (memory: WebAssembly.Memory, { base, maxBytes, onGrowth }: ArenaOptions): Arena => {
  const free = freeBlocks()
  let buffer = memory.buffer
  /** First address that was never allocated, or was merged back. */
  let top = base
  let end = buffer.byteLength - READ_MARGIN
  let limit = maxBytes
  /** Bytes of allocations that failed since the last growth. */
  let missingBytes = 0
  let blocksHeld = 0

  const takeFromTop = (bytes: number): number => {
    if (top + bytes > end) return 0
    top += bytes
    return top - bytes
  }

  return {
    buffer: () => buffer,
    held: () => blocksHeld,
    take: length => {
      // NaN would spread to other addresses; views treat it as 0, the address of the kernels' constants.
      if (!(Number.isSafeInteger(length) && length >= 0))
        throw new RangeError(`${length} doubles is not a size; look for an axis without a length`)
      const bytes = bytesFor(length)
      let at = free.reuse(bytes) || free.cut(bytes) || takeFromTop(bytes)
      if (at === 0 && free.isMergeable()) {
        top = free.merge(top)
        at = free.cut(bytes) || takeFromTop(bytes)
      }
      if (at === 0) missingBytes += bytes
      else blocksHeld++
      return at
    },
    give: (at, length) => {
      blocksHeld--
      free.add(at, bytesFor(length))
    },
    settle: () => {
      if (missingBytes === 0) return
      top = free.merge(top)
      const size = grownSize(buffer.byteLength, top + missingBytes + READ_MARGIN)
      const pages = Math.ceil((Math.min(size, limit) - buffer.byteLength) / PAGE_BYTES)
      missingBytes = 0
      if (pages <= 0) return
      try {
        memory.grow(pages)
      } catch {
        // The engine cannot give this much, so the limit is lowered; later arrays are in the heap.
        limit = buffer.byteLength + Math.floor(pages / 2) * PAGE_BYTES
        return
      }
      buffer = memory.buffer
      end = buffer.byteLength - READ_MARGIN
      onGrowth?.()
    }
  }
}
