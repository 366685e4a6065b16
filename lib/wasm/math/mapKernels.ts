import { CHUNK_DOUBLES, copyDoubles, loadChunk, type KernelMemory } from '../kernelMemory.js'
import type { WasmMap, WasmMaps } from '../kernelModule.js'
import type { Elementwise, MapName } from '../kernels/kernels.js'
import { plainKernels } from '../kernels/plain.js'

const wasmElementwise =
  ({ isInside, fixed: { chunk } }: KernelMemory, map: WasmMap): Elementwise =>
  (source, out = new Float64Array(source.length)) => {
    let done = 0
    if (isInside(out)) {
      // Entries of `out` beyond the last multiple of 8 may belong to another array.
      done = source.length & -8
      if (!isInside(source)) copyDoubles(source, 0, out, 0, done)
      map(isInside(source) ? source.byteOffset : out.byteOffset, out.byteOffset, done)
    }
    for (let from = done; from < source.length; from += CHUNK_DOUBLES) {
      const count = Math.min(CHUNK_DOUBLES, source.length - from)
      map(chunk.at, chunk.at, loadChunk(source, from, count, chunk.view))
      copyDoubles(chunk.view, 0, out, from, count)
    }
    return out
  }

/** Functions that cost less than copying their operands. */
const CHEAP_MAPS: ReadonlySet<MapName> = new Set<MapName>(['neg', 'abs', 'square', 'sqrt', 'reciprocal', 'rsqrt'])

/** Kernel of an elementary function; a cheap one is a plain loop if the result is not in the memory. */
export const wasmMapKernel = (memory: KernelMemory, name: MapName): Elementwise => {
  // TypeScript's `Capitalize` has the same result for these names.
  const fast = wasmElementwise(memory, memory.wasm[`map${name[0].toUpperCase()}${name.slice(1)}` as keyof WasmMaps])
  return CHEAP_MAPS.has(name)
    ? (source, out) => (out !== undefined && memory.isInside(out) ? fast : plainKernels[name])(source, out)
    : fast
}
