import { CHUNK_DOUBLES, copyDoubles, visitBlocks, type KernelMemory } from '../kernelMemory.js'
import type { WasmFill } from '../kernelModule.js'

/** Fills `out` with the draws first, first + 1, … of the key (k0, k1). */
export type FillDraws = (k0: number, k1: number, first: number, out: Float64Array) => void

/** Kernel of draws for arrays inside or outside the memory; `fill` writes draws to the memory. */
export const drawKernel =
  ({ isInside, fixed: { chunk } }: KernelMemory, fill: WasmFill): FillDraws =>
  (k0, k1, first, out) => {
    const count = out.length
    const skip = first % 4
    // Groups of sixteen draws are made in place if the array is in the memory.
    const whole = skip === 0 && isInside(out) ? count & -16 : 0
    if (whole > 0) fill(k0 | 0, k1 | 0, first, whole, out.byteOffset)
    visitBlocks(count + skip - whole, CHUNK_DOUBLES, (from, size) => {
      fill(k0 | 0, k1 | 0, first - skip + whole + from, (size + 15) & -16, chunk.at)
      const before = from === 0 ? skip : 0
      copyDoubles(chunk.view, before, out, whole + from + before - skip, size - before)
    })
  }
