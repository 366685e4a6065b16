/** Linear assignment: who gets what, at the least cost in all. */
import type { NdArray } from './ndarray.js'

/**
 * The column π(i) of each row that makes Σ_i cost[i, π(i)] least, no column taken twice: cost is [m, n], m ≤ n, finite.
 * Where several are least, always the same one.
 *
 * Rows come one by one, each by a cheapest chain of exchanges, found as shortest paths are with costs kept from falling
 * below 0 by a price on each row and column: O(m² n). Source: Jonker & Volgenant 1987, the augmentation.
 *
 * @throws RangeError when there are more rows than columns, or a cost is not finite
 */
export const assignment = ({ shape: [m, n], values: cost }: NdArray): ReadonlyArray<number> => {
  if (m > n) throw new RangeError(`assignment: ${m} rows for ${n} columns; transpose the costs`)
  if (!cost.every(Number.isFinite)) throw new RangeError('assignment: a cost is not finite')
  const none = -1
  /** The row that holds each column; in the place after the last, the row that looks for one. */
  const holder = new Int32Array(n + 1).fill(none)
  const rowPrice = new Float64Array(m)
  const columnPrice = new Float64Array(n + 1)
  for (let row = 0; row < m; row++) {
    const distance = new Float64Array(n + 1).fill(Infinity)
    const before = new Int32Array(n + 1).fill(n)
    const isDone = new Uint8Array(n + 1)
    holder[n] = row
    let at = n
    while (holder[at] !== none) {
      isDone[at] = 1
      const i = holder[at]
      let nearest = none
      let step = Infinity
      for (let j = 0; j < n; j++) {
        if (isDone[j] === 1) continue
        const reduced = cost[i * n + j] - rowPrice[i] - columnPrice[j]
        if (reduced < distance[j]) [distance[j], before[j]] = [reduced, at]
        if (nearest === none || distance[j] < step) [step, nearest] = [distance[j], j]
      }
      for (let j = 0; j <= n; j++) {
        if (isDone[j] === 1) {
          rowPrice[holder[j]] += step
          columnPrice[j] -= step
        } else distance[j] -= step
      }
      at = nearest
    }
    while (at !== n) {
      holder[at] = holder[before[at]]
      at = before[at]
    }
  }
  const columns = new Array<number>(m)
  holder.subarray(0, n).forEach((row, column) => {
    if (row !== none) columns[row] = column
  })
  return columns
}
