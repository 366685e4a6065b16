/**
 * Room for arrays in a module's memory, where its kernels find them without a copy. What is given back is given out again,
 * so that a computation repeated takes no fresh pages from the system, which cost more than the arithmetic on them.
 *
 * A place goes to the next of its size, at once. Where there is none, and no end of the memory is left, what is free is put
 * together again, and cut as needed: sizes that are no longer asked for keep no room from others, before the memory grows.
 */
import { exponentOf, powerOfTwo } from '../numbers/elementary.js'

export interface Arena {
  /** The memory as it is now; another object after it grew. */
  readonly buffer: () => ArrayBuffer
  /** The address of a place for so many doubles, or 0 where there is no room now. What it holds is anything. */
  readonly take: (length: number) => number
  /** How many places are taken. */
  readonly held: () => number
  /** Gives the place at an address, for so many doubles, back. */
  readonly give: (at: number, length: number) => void
  /** Makes room for what found none. Views of the memory end here, so nobody may be in the middle of using one. */
  readonly settle: () => void
}

const PAGE = 65536
const BYTES_PER_DOUBLE = 8
/** Kernels read a little beyond their operands. */
const READ_MARGIN = 4096
/** The memory is doubled when it grows, up to so many bytes more at a time. */
const MAX_GROWTH = 0x4000000

/** Bytes of a place: sizes are rounded up by an eighth at most, so that there are few of them, and places are used again. */
export const bytesFor = (length: number): number => {
  const bytes = Math.max(64, length * BYTES_PER_DOUBLE)
  const step = Math.max(64, powerOfTwo(exponentOf(bytes) - 3))
  return Math.ceil(bytes / step) * step
}

/** Bytes from an address on that nobody holds. */
interface Hole {
  at: number
  bytes: number
}

/** The memory from `base` on, grown as needed up to `most` bytes. */
export const arena = (memory: WebAssembly.Memory, base: number, most: number, grown: () => void): Arena => {
  let buffer = memory.buffer
  let top = base
  let end = buffer.byteLength - READ_MARGIN
  let limit = most
  /** Bytes that found no room. */
  let missing = 0
  let taken = 0
  /** Addresses given back, by size, since what is free was put together; and how many bytes they are. */
  const free = new Map<number, number[]>()
  let loose = 0
  /** What is free beside, by address: none is next to another. */
  let holes: Hole[] = []

  /** Puts together what is free and side by side, and gives the end of it back to the end of the memory. */
  const join = (): void => {
    const parts = [...holes, ...[...free].flatMap(([bytes, all]) => all.map((at): Hole => ({ at, bytes })))]
    parts.sort((a, b) => a.at - b.at)
    free.clear()
    loose = 0
    holes = []
    for (const part of parts) {
      const last = holes.at(-1)
      if (last !== undefined && last.at + last.bytes === part.at) last.bytes += part.bytes
      else holes.push(part)
    }
    const last = holes.at(-1)
    if (last !== undefined && last.at + last.bytes === top) {
      top = last.at
      holes.pop()
    }
  }

  /** From the smallest hole that is large enough; 0 if there is none. */
  const cut = (bytes: number): number => {
    let best: Hole | undefined
    for (const hole of holes) if (hole.bytes >= bytes && hole.bytes < (best?.bytes ?? Infinity)) best = hole
    if (best === undefined) return 0
    const { at } = best
    best.at += bytes
    best.bytes -= bytes
    if (best.bytes === 0) holes.splice(holes.indexOf(best), 1)
    return at
  }

  /** From the end, if so much is left. */
  const atEnd = (bytes: number): number => {
    if (top + bytes > end) return 0
    top += bytes
    return top - bytes
  }

  return {
    buffer: () => buffer,
    held: () => taken,
    take: length => {
      // Else every place from here on would be at NaN, which a view reads as 0: where the kernels' constants are.
      if (!(Number.isSafeInteger(length) && length >= 0))
        throw new RangeError(`${length} doubles is not a size; look for an axis without a length`)
      const bytes = bytesFor(length)
      const again = free.get(bytes)?.pop()
      if (again !== undefined) loose -= bytes
      let at = again ?? (cut(bytes) || atEnd(bytes))
      if (at === 0 && loose > 0) {
        join()
        at = cut(bytes) || atEnd(bytes)
      }
      if (at === 0) missing += bytes
      else taken++
      return at
    },
    give: (at, length) => {
      taken--
      const bytes = bytesFor(length)
      loose += bytes
      const places = free.get(bytes)
      if (places === undefined) free.set(bytes, [at])
      else places.push(at)
    },
    settle: () => {
      if (missing === 0) return
      join()
      const size = Math.min(
        Math.max(Math.min(2 * buffer.byteLength, buffer.byteLength + MAX_GROWTH), top + missing + READ_MARGIN),
        limit
      )
      const pages = Math.ceil((size - buffer.byteLength) / PAGE)
      missing = 0
      if (pages <= 0) return
      try {
        memory.grow(pages)
      } catch {
        // More than the engine has to give: less is asked for from now on, and arrays beyond it are ordinary ones.
        limit = buffer.byteLength + Math.floor(pages / 2) * PAGE
        return
      }
      buffer = memory.buffer
      end = buffer.byteLength - READ_MARGIN
      grown()
    }
  }
}
