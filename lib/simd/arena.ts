/**
 * Room for arrays in a module's memory, where its kernels find them without a copy. What is given back is given out again,
 * so that a computation repeated takes no fresh pages from the system, which cost more than the arithmetic on them.
 */
import { exponentOf, powerOfTwo } from '../elementary.js'

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
const DOUBLE = 8
/** Kernels read a little beyond their operands. */
const MARGIN = 4096

/** Bytes of a place: sizes are rounded up by an eighth at most, so that there are few of them, and places are used again. */
export const bytesFor = (length: number): number => {
  const bytes = Math.max(64, length * DOUBLE)
  const step = Math.max(64, powerOfTwo(exponentOf(bytes) - 3))
  return Math.ceil(bytes / step) * step
}

/** The memory from `base` on, grown as needed up to `most` bytes. */
export const arena = (memory: WebAssembly.Memory, base: number, most: number, grown: () => void): Arena => {
  let buffer = memory.buffer
  let top = base
  let end = buffer.byteLength - MARGIN
  let limit = most
  /** Bytes that found no room. */
  let missing = 0
  let taken = 0
  const free = new Map<number, number[]>()

  return {
    buffer: () => buffer,
    held: () => taken,
    take: length => {
      // Else every place from here on would be at NaN, which a view reads as 0: where the kernels' constants are.
      if (!(Number.isSafeInteger(length) && length >= 0))
        throw new RangeError(`${length} doubles is not a size; look for an axis without a length`)
      const bytes = bytesFor(length)
      const again = free.get(bytes)?.pop()
      if (again !== undefined) {
        taken++
        return again
      }
      if (top + bytes > end) {
        missing += bytes
        return 0
      }
      const at = top
      top += bytes
      taken++
      return at
    },
    give: (at, length) => {
      taken--
      const bytes = bytesFor(length)
      const places = free.get(bytes)
      if (places === undefined) free.set(bytes, [at])
      else places.push(at)
    },
    settle: () => {
      if (missing === 0) return
      if (taken === 0) {
        // Nobody holds a place: sizes that are no longer asked for make room.
        free.clear()
        top = base
      }
      const size = Math.min(Math.max(2 * buffer.byteLength, top + missing + MARGIN), limit)
      const pages = Math.ceil((size - buffer.byteLength) / PAGE)
      missing = 0
      if (pages <= 0) return
      try {
        memory.grow(pages)
      } catch {
        // As much as the engine has to give; arrays beyond it are ordinary ones.
        limit = buffer.byteLength
        return
      }
      buffer = memory.buffer
      end = buffer.byteLength - MARGIN
      grown()
    }
  }
}
