/** Cache of data in the memory of programs: the most recently used arrays, and those of the current call. */
import { type Precision } from './lanes.js'

export interface BufferCache {
  readonly begin: () => void
  /** Returns the address of `length` doubles; calls `write` with it first if they are not in the cache. */
  readonly at: (
    values: Float64Array,
    size: { readonly precision: Precision; readonly length: number },
    write: (at: number) => void
  ) => number
  /** Drops all arrays that the current call does not use; true if there were any. */
  readonly clear: () => boolean
}

interface Resident {
  readonly at: number
  readonly length: number
  call: number
}

export const bufferCache = (
  memory: { readonly take: (length: number) => number; readonly give: (at: number, length: number) => void },
  maxDoubles: number
): BufferCache => {
  /** In the order of last use; callers' arrays are held weakly. */
  const all = new Set<Resident>()
  const known: Readonly<Record<Precision, WeakMap<Float64Array, Resident>>> = {
    float64: new WeakMap(),
    float32: new WeakMap()
  }
  let doublesHeld = 0
  let calls = 0
  const drop = (resident: Resident): void => {
    if (!all.delete(resident)) return
    dropped.unregister(resident)
    memory.give(resident.at, resident.length)
    doublesHeld -= resident.length
  }
  const dropped = new FinalizationRegistry<Resident>(drop)
  const makeRoom = (length: number): void => {
    for (const resident of all) {
      if (doublesHeld + length <= maxDoubles) break
      if (resident.call < calls) drop(resident)
    }
  }
  return {
    begin: () => {
      calls++
    },
    at: (values, { precision, length }, write) => {
      const own = known[precision]
      const found = own.get(values)
      if (found !== undefined && all.delete(found)) {
        found.call = calls
        all.add(found)
        return found.at
      }
      makeRoom(length)
      const fresh: Resident = { at: memory.take(length), length, call: calls }
      write(fresh.at)
      own.set(values, fresh)
      all.add(fresh)
      dropped.register(values, fresh, fresh)
      doublesHeld += length
      return fresh.at
    },
    clear: () => {
      const before = doublesHeld
      makeRoom(Infinity)
      return doublesHeld < before
    }
  }
}
