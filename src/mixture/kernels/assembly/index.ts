/*
 * The passes of ../pass.ts over tiles of rows, by strands: runs of tiles whose sums are joined in the order of the strands,
 * whichever thread took which. Nothing here is of the size of the data but the data.
 */
import { rowDots, transpose } from './tiles'

export { expectation } from './expectation'
export { pair } from './pair'
export { score } from './score'

/** The quads of 64 rows of `columns` doubles one after the other, and where `norms` is not 0 their squared norms. */
export function pack(rows: usize, columns: i32, tile: usize, width: i32, norms: usize): void {
  transpose(rows, columns, tile, width)
  if (norms != 0) rowDots(tile, tile, width, norms)
}

/** The first address that is free for operands. */
export function start(): usize {
  return (__heap_base + 63) & ~63
}
