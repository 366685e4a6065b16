/**
 * Data that stay in the memory of programs from call to call: those used last, up to so many doubles, and for as long as the
 * caller has them. What one call uses stays until it is over, however much it is.
 */
import { type Precision } from './lanes.js'

export interface BufferCache {
  /** A call begins: what earlier ones used may make room. */
  readonly begin: () => void
  /** Where the data are, of so many doubles; those that are not there are written to their place first. */
  readonly at: (values: Float64Array, precision: Precision, length: number, write: (at: number) => void) => number
  /** Gives back all that the call in progress does not use; whether there was any. */
  readonly clear: () => boolean
}

interface Resident {
  readonly at: number
  readonly length: number
  /** The call that used it last. */
  call: number
}

export const bufferCache = (
  memory: { readonly take: (length: number) => number; readonly give: (at: number, length: number) => void },
  most: number
): BufferCache => {
  /** In the order of their last use. Nothing here keeps the callers' arrays alive. */
  const all = new Set<Resident>()
  const known: Readonly<Record<Precision, WeakMap<Float64Array, Resident>>> = {
    float64: new WeakMap(),
    float32: new WeakMap()
  }
  let kept = 0
  let calls = 0
  const drop = (resident: Resident): void => {
    if (!all.delete(resident)) return
    dropped.unregister(resident)
    memory.give(resident.at, resident.length)
    kept -= resident.length
  }
  const dropped = new FinalizationRegistry<Resident>(drop)
  const makeRoom = (length: number): void => {
    for (const resident of all) {
      if (kept + length <= most) break
      if (resident.call < calls) drop(resident)
    }
  }
  return {
    begin: () => {
      calls++
    },
    at: (values, precision, length, write) => {
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
      kept += length
      return fresh.at
    },
    clear: () => {
      const before = kept
      makeRoom(Infinity)
      return kept < before
    }
  }
}
