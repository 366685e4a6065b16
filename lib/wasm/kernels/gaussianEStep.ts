import { copyDoubles, DOUBLE_BYTES, visitBlocks, type KernelMemory } from '../kernelMemory.js'

/** Gaussian components and their moments to be summed; fields as in kernels/assembly/expectation.ts. */
export interface SimdComponents {
  readonly dim: number
  /** K. */
  readonly count: number
  /** Number of components, from the first on, whose first and second moments are summed. */
  readonly learned: number
  /** Kind of second moments: 0 none, 1 their trace, 2 their diagonal, 3 their lower triangle. */
  readonly second: number
  readonly isTriangular: boolean
  /** Constants [K], centres [K, dim] and roots [K, dim, dim] if triangular, otherwise [K, dim]. */
  readonly numbers: ReadonlyArray<Float64Array>
}

/** Rows [n, dim] and their weights [n]. */
export interface EStepRows {
  readonly values: Float64Array
  readonly weights: Float64Array
}

/**
 * Writes weighted sums over the rows to `laneSums`, [2, numbers]: over rows of even index, then over the others. With `perRow` also
 * log-densities, squared distances and responsibilities, each [n, K], and log p(x), [n]. Returns false and writes nothing if there is no
 * room.
 */
export type SimdEStep = (
  components: SimdComponents,
  rows: EStepRows,
  laneSums: Float64Array,
  perRow: ReadonlyArray<Float64Array> | null
) => boolean

/** E-step over blocks of rows that are copied into the memory. */
export const gaussianEStep =
  ({ wasm, fixed: { blockA, blockB, panels, blockC } }: KernelMemory): SimdEStep =>
  ({ dim, count, learned, second, isTriangular, numbers }, { values: x, weights }, laneSums, perRow) => {
    const maxRows = perRow === null ? Infinity : Math.floor(blockB.length / (3 * count + 1))
    const blockRows = Math.min(maxRows, Math.floor(blockA.length / (dim + 1))) & -4
    const length = numbers.reduce((sum, { length }) => sum + length, 0)
    const scratch = 4 * (dim + count * (dim + 2))
    if (blockRows < 4 || length > panels.length || scratch + laneSums.length > blockC.length) return false
    let at = 0
    for (const own of numbers) {
      copyDoubles(own, 0, panels.view, at, own.length)
      at += own.length
    }
    const sums = blockC.view.subarray(scratch, scratch + laneSums.length)
    sums.fill(0)
    visitBlocks(weights.length, blockRows, (first, n) => {
      // Rows of weight 0 fill up to a multiple of four.
      const padded = (n + 3) & -4
      copyDoubles(x, first * dim, blockA.view, 0, n * dim)
      blockA.view.fill(0, n * dim, padded * dim)
      copyDoubles(weights, first, blockA.view, padded * dim, n)
      blockA.view.fill(0, padded * dim + n, padded * (dim + 1))
      wasm.expectation(
        blockA.at,
        blockA.at + padded * dim * DOUBLE_BYTES,
        padded,
        dim,
        count,
        learned,
        second,
        isTriangular,
        panels.at,
        blockC.at,
        blockC.at + scratch * DOUBLE_BYTES,
        perRow === null ? 0 : blockB.at
      )
      perRow?.forEach((out, i) => {
        const width = i < 3 ? count : 1
        copyDoubles(blockB.view, i * padded * count, out, first * width, n * width)
      })
    })
    const half = laneSums.length / 2
    for (let i = 0; i < half; i++) {
      laneSums[i] = sums[2 * i]
      laneSums[half + i] = sums[2 * i + 1]
    }
    return true
  }
