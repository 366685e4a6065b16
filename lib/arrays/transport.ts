import type { NdArray } from './ndarray.js'

/** Share of the mass that may be left over by rounding. */
const MASS_TOLERANCE = 1e-15

/**
 * Plan P ≥ 0, [m, n], that minimizes Σ P C with row sums `from` and column sums `to`, each of sum 1 (Kantorovich's problem), by shortest
 * augmenting paths (Ford & Fulkerson 1962). For few points: takes about O((m + n)³) steps.
 */
export const transportPlan = (
  { shape: [m, n], values: cost }: NdArray,
  from: Float64Array,
  to: Float64Array
): Float64Array => {
  const moved = new Float64Array(m * n)
  const left = from.slice()
  const wanted = to.slice()
  const count = m + n
  const distance = new Float64Array(count)
  const before = new Int32Array(count)
  // Each path exhausts a row, fills a column or clears a cell; the bound guards against rounding.
  for (let path = 0; path < 8 * count * count; path++) {
    // From any row with mass left, forward over cells, and backward over cells with mass.
    for (let v = 0; v < count; v++) distance[v] = v < m && left[v] > MASS_TOLERANCE ? 0 : Infinity
    before.fill(-1)
    for (let isShorter = true, pass = 0; isShorter && pass < count; pass++) {
      isShorter = false
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          const c = cost[i * n + j]
          const slack = 1e-14 * (1 + Math.abs(c))
          if (distance[i] + c < distance[m + j] - slack) {
            distance[m + j] = distance[i] + c
            before[m + j] = i
            isShorter = true
          }
          if (moved[i * n + j] > MASS_TOLERANCE && distance[m + j] - c < distance[i] - slack) {
            distance[i] = distance[m + j] - c
            before[i] = m + j
            isShorter = true
          }
        }
    }
    let end = -1
    for (let j = 0; j < n; j++)
      if (wanted[j] > MASS_TOLERANCE && distance[m + j] < (end < 0 ? Infinity : distance[end])) end = m + j
    if (end < 0) break
    let amount = wanted[end - m]
    let start = end
    for (let hops = 0; before[start] >= 0 && hops < count; start = before[start], hops++)
      if (start < m) amount = Math.min(amount, moved[start * n + before[start] - m])
    amount = Math.min(amount, left[start])
    for (let v = end; v !== start; v = before[v])
      if (v >= m) moved[before[v] * n + v - m] += amount
      else {
        const at = v * n + before[v] - m
        moved[at] = amount >= moved[at] ? 0 : moved[at] - amount
      }
    left[start] -= amount
    wanted[end - m] -= amount
  }
  return moved
}
