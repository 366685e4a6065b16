import type { NdArray } from './ndarray.js'

/**
 * Column π(i) of each row that minimizes Σ_i cost[i, π(i)] with all columns different; cost is [m, n], m ≤ n, finite. Deterministic even if
 * the minimum is not unique. By shortest augmenting paths, in O(m² n) time (Jonker & Volgenant 1987).
 *
 * @throws RangeError if there are more rows than columns, or a cost is not finite
 */
export const assignment = ({ shape: [m, n], values: cost }: NdArray): ReadonlyArray<number> => {
  if (m > n) throw new RangeError(`assignment: ${m} rows for ${n} columns; transpose the costs`)
  if (!cost.every(Number.isFinite)) throw new RangeError('assignment: a cost is not finite')
  const none = -1
  /** Row assigned to each column; the last entry is the row being assigned. */
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
