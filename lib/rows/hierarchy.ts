/**
 * Model-based agglomerative clustering (Banfield & Raftery 1993; Fraley 1998): every row starts as a cluster; the merge that decreases the
 * classification likelihood of a Gaussian mixture least comes next, until one cluster is left.
 */
import { tabulate } from '../arrays/entries.js'
import * as Elementary from '../numbers/elementary.js'
import { principalComponents } from './principal.js'
import { simdOrPlainKernels } from '../wasm/index.js'
import { refuse } from '../plain/refuse.js'

/** Rows [rows, dim] and their multiplicities > 0. */
export interface CountedRows {
  readonly rows: number
  readonly dim: number
  readonly values: Float64Array
  readonly counts: Float64Array
}

/** Merges in their order: cluster `absorbed[i]` into `kept[i]` < `absorbed[i]`; clusters are identified by their first row. */
export interface Hierarchy {
  readonly rows: number
  readonly kept: Int32Array
  readonly absorbed: Int32Array
}

/** Rows of positive count, sorted by column; at most `most`, evenly spaced. */
export const thinnedRows = (
  values: Float64Array,
  dim: number,
  weights: Float64Array | null,
  most: number
): CountedRows => {
  const all = weights?.some(weight => weight > 0) === true ? weights : null
  const order = Array.from({ length: values.length / dim }, (_, i) => i).filter(i => all === null || all[i] > 0)
  const compare = (a: number, b: number): number => {
    for (let j = 0; j < dim; j++)
      if (values[a * dim + j] !== values[b * dim + j]) return values[a * dim + j] - values[b * dim + j]
    return all === null ? 0 : all[a] - all[b]
  }
  order.sort(compare)
  const rows = Math.min(order.length, most)
  const out = { rows, dim, values: new Float64Array(rows * dim), counts: new Float64Array(rows) }
  for (let k = 0; k < rows; k++) {
    const i = order[Math.floor(((2 * k + 1) * order.length) / (2 * rows))]
    out.values.set(values.subarray(i * dim, (i + 1) * dim), k * dim)
    out.counts[k] = all === null ? 1 : all[i]
  }
  return out
}

/** Directions with less than this share of the largest variance count as constant. */
const RANK_VARIANCE_SHARE = Elementary.powerOfTwo(-40)

/**
 * Partially whitened rows [rows, directions]: columns are standardized and rotated to their principal directions, each divided by the
 * fourth root of its variance; then the mean square of all coordinates is scaled to 1. Omits constant directions and those beyond `most`.
 */
export const halfWhitened = ({ rows, dim, values, counts }: CountedRows, most: number): Omit<CountedRows, 'counts'> => {
  const total = counts.reduce((sum, n) => sum + n, 0)
  const z = new Float64Array(rows * dim)
  for (let j = 0; j < dim; j++) {
    // Relative to the first row, so a distant origin costs no digits.
    const origin = values[j]
    let mean = 0
    for (let i = 0; i < rows; i++) mean += (counts[i] / total) * (values[i * dim + j] - origin)
    let largest = 0
    for (let i = 0; i < rows; i++) {
      z[i * dim + j] = values[i * dim + j] - origin - mean
      largest = Math.max(largest, Math.abs(z[i * dim + j]))
    }
    // Scaled by the largest, so no square under- or overflows. Columns that differ by rounding are constant.
    const isConstant = largest <= 8 * Number.EPSILON * Math.abs(origin)
    let square = 0
    for (let i = 0; i < rows && !isConstant; i++)
      square += (counts[i] / total) * Elementary.square(z[i * dim + j] / largest)
    for (let i = 0; i < rows; i++)
      z[i * dim + j] = isConstant || square === 0 ? 0 : z[i * dim + j] / largest / Math.sqrt(square)
  }
  const table = { rows, dim, values: z, weights: counts.map(n => n / total) }
  const { values: variances, vectors } = principalComponents(table, new Float64Array(dim), Math.min(dim, most))
  const directions = variances.filter(v => v > RANK_VARIANCE_SHARE * variances[0]).length
  const spread = Math.sqrt(variances.subarray(0, directions).reduce((sum, v) => sum + Math.sqrt(v), 0) / directions)
  const out = new Float64Array(rows * directions)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < directions; k++) {
      let along = 0
      for (let j = 0; j < dim; j++) along += z[i * dim + j] * vectors[k * dim + j]
      out[i * directions + k] = along / Math.sqrt(Math.sqrt(variances[k])) / spread
    }
  return { rows, dim: directions, values: out }
}

/** Current clusters, each identified by its first row. No closures, so engines compile its functions once. */
interface LinkageState {
  readonly d: number
  readonly alpha: number
  readonly mass: Float64Array
  readonly means: Float64Array
  /** Lower triangles of the scatters W_k, row by row. */
  readonly scatter: Float64Array
  /** Term of each cluster in the criterion. */
  readonly terms: Float64Array
  readonly isAlive: Uint8Array
  /** Cost of merging i and j < i, or a lower bound of it, at `pairIndex(i, j)`. */
  readonly costs: Float64Array
  /** 1 if the entry of `costs` is exact. */
  readonly isKnown: Uint8Array
  /** For each i the j < i of smallest cost. */
  readonly nearest: Int32Array
  /** Smallest cost for each i. */
  readonly least: Float64Array
  /** Workspace: scatter of two merged clusters. */
  readonly joined: Float64Array
  /** Workspace: Cholesky factor of `joined`. */
  readonly lower: Float64Array
  /** Workspace: a number per cluster. */
  readonly widths: Float64Array
}

/** Writes the scatter of clusters i and j together to `joined`. */
const mergeScatter = ({ d, mass, means, scatter, joined }: LinkageState, i: number, j: number): void => {
  const size = joined.length
  const share = (mass[i] * mass[j]) / (mass[i] + mass[j])
  for (let p = 0, at = 0; p < d; p++) {
    const gap = share * (means[i * d + p] - means[j * d + p])
    for (let q = 0; q <= p; q++, at++)
      joined[at] = scatter[i * size + at] + scatter[j * size + at] + gap * (means[i * d + q] - means[j * d + q])
  }
}

/**
 * Sets `widths` of clusters j in [from, to) to (tr W + α)/n, with W the scatter of clusters i and j together and n their count; to 1 if j
 * is merged or i itself.
 */
const setMergedWidths = (state: LinkageState, i: number, from: number, to: number): void => {
  const { d, alpha, mass, means, scatter, isAlive, joined, widths } = state
  const size = joined.length
  for (let j = from; j < to; j++) {
    widths[j] = 1
    if (isAlive[j] === 0 || j === i) continue
    const share = (mass[i] * mass[j]) / (mass[i] + mass[j])
    let trace = 0
    for (let p = 0, at = 0; p < d; p++, at += p + 1) {
      const gap = means[i * d + p] - means[j * d + p]
      trace += scatter[i * size + at] + scatter[j * size + at] + share * gap * gap
    }
    widths[j] = (trace + alpha) / (mass[i] + mass[j])
  }
}

/** Determinant |W/n| of `joined`, 0 if it is not positive definite; overwrites `lower`. */
const mergedDeterminant = ({ d, joined, lower }: LinkageState, count: number): number => {
  let product = 1
  for (let p = 0, row = 0; p < d; row += ++p)
    for (let q = 0, other = 0; q <= p; other += ++q) {
      let rest = joined[row + q]
      for (let k = 0; k < q; k++) rest -= lower[row + k] * lower[other + k]
      if (q < p) lower[row + q] = rest / lower[other + q]
      else if (rest > RANK_VARIANCE_SHARE * joined[row + p]) {
        lower[row + p] = Math.sqrt(rest)
        product *= rest / count
      } else return 0
    }
  return product
}

/** Increase of the criterion if clusters i and j merge; overwrites `joined` and `widths[j]`. */
const mergeCost = (state: LinkageState, i: number, j: number): number => {
  const { d, mass, terms, widths } = state
  const count = mass[i] + mass[j]
  setMergedWidths(state, i, j, j + 1)
  const width = widths[j]
  if (count <= d) return count * Elementary.log(width) - (terms[i] + terms[j])
  mergeScatter(state, i, j)
  return count * Elementary.log(mergedDeterminant(state, count) + width) - (terms[i] + terms[j])
}

/** Bound on the relative error of a kernel's logarithm. */
const LOG_ERROR = 8 * Number.EPSILON

const pairIndex = (i: number, j: number): number => (i > j ? (i * (i - 1)) / 2 + j : (j * (j - 1)) / 2 + i)

/** Sets `costs` of cluster i and each cluster before `end` to lower bounds without determinants, which are most of the work. */
const setLowerBounds = (state: LinkageState, i: number, end: number): void => {
  const { d, mass, terms, isAlive, costs, isKnown, widths } = state
  setMergedWidths(state, i, 0, end)
  const logs = widths.subarray(0, end)
  simdOrPlainKernels().log(logs, logs)
  for (let j = 0; j < end; j++) {
    if (isAlive[j] === 0 || j === i) continue
    const at = pairIndex(i, j)
    const count = mass[i] + mass[j]
    const ofBoth = terms[i] + terms[j]
    const least = count * logs[j]
    isKnown[at] = count <= d ? 1 : 0
    costs[at] = least - ofBoth - (count <= d ? 0 : LOG_ERROR * (Math.abs(least) + Math.abs(ofBoth)))
  }
}

/** Cost of merging j < i and i, computed and stored if it may be at most `most`; otherwise a lower bound. */
const exactCostBelow = (state: LinkageState, i: number, j: number, most: number): number => {
  const { costs, isKnown } = state
  const at = pairIndex(i, j)
  if (isKnown[at] === 0 && costs[at] <= most) {
    costs[at] = mergeCost(state, i, j)
    isKnown[at] = 1
  }
  return costs[at]
}

/** Sets `nearest[i]` to the j < i of smallest cost, and `least[i]` to this cost. */
const findNearest = (state: LinkageState, i: number): void => {
  const { isAlive, nearest, least } = state
  least[i] = Infinity
  nearest[i] = -1
  for (let j = 0; j < i; j++) {
    if (isAlive[j] === 0) continue
    const own = exactCostBelow(state, i, j, least[i])
    if (nearest[i] < 0 || own < least[i]) {
      least[i] = own
      nearest[i] = j
    }
  }
}

/** Cluster whose merge with an earlier one has the smallest cost. */
const cheapestMerge = ({ isAlive, nearest, least }: LinkageState): number => {
  let from = -1
  for (let i = 1; i < least.length; i++)
    if (isAlive[i] === 1 && nearest[i] >= 0 && (from < 0 || least[i] < least[from])) from = i
  return from
}

/** Merges cluster `from` into cluster `to`; updates costs and nearest clusters. */
const absorb = (state: LinkageState, from: number, to: number): void => {
  const { d, mass, means, scatter, terms, isAlive, nearest, least, joined } = state
  terms[to] += terms[from] + mergeCost(state, from, to)
  mergeScatter(state, from, to)
  scatter.set(joined, to * joined.length)
  const count = mass[from] + mass[to]
  for (let p = 0; p < d; p++) means[to * d + p] += (mass[from] / count) * (means[from * d + p] - means[to * d + p])
  mass[to] = count
  isAlive[from] = 0
  setLowerBounds(state, to, mass.length)
  for (let i = 0; i < mass.length; i++) {
    if (isAlive[i] === 0 || i === to) continue
    if (nearest[i] === to || nearest[i] === from) findNearest(state, i)
    else if (i > to) {
      const own = exactCostBelow(state, i, to, least[i])
      if (own < least[i] || (own === least[i] && to < nearest[i])) {
        least[i] = own
        nearest[i] = to
      }
    }
  }
  findNearest(state, to)
}

/**
 * Hierarchy of merges that each increase least −2 times the classification log-likelihood up to constants,
 *
 * Σ_k n_k log(|W_k/n_k| + (tr W_k + α)/n_k),   α = tr W/(n d),
 *
 * with W_k the scatter of cluster k and n_k its count, W and n those of all rows; |W_k/n_k| is left out if n_k ≤ d, where W_k is singular
 * (Fraley 1998, §4; mclust's `hcVVV`). Ties go to the earlier rows. Takes O(n² d³) time and n²/2 + O(n d²) numbers of memory.
 */
export const agglomerated = ({ rows: n, dim: d, values, counts }: CountedRows): Hierarchy => {
  const size = (d * (d + 1)) / 2
  const alpha = Math.max(meanColumnVariance(values, counts, d), Number.EPSILON)
  const state: LinkageState = {
    d,
    alpha,
    mass: counts.slice(),
    means: values.slice(),
    scatter: new Float64Array(n * size),
    terms: tabulate(n, i => counts[i] * Elementary.log(alpha / counts[i])),
    isAlive: new Uint8Array(n).fill(1),
    costs: new Float64Array((n * (n - 1)) / 2),
    isKnown: new Uint8Array((n * (n - 1)) / 2),
    nearest: new Int32Array(n).fill(-1),
    least: new Float64Array(n).fill(Infinity),
    joined: new Float64Array(size),
    lower: new Float64Array(size),
    widths: new Float64Array(n)
  }
  for (let i = 1; i < n; i++) {
    setLowerBounds(state, i, i)
    findNearest(state, i)
  }
  const kept = new Int32Array(Math.max(n - 1, 0))
  const absorbed = new Int32Array(kept.length)
  for (let step = 0; step < kept.length; step++) {
    const from = cheapestMerge(state)
    const to = state.nearest[from]
    kept[step] = to
    absorbed[step] = from
    absorb(state, from, to)
  }
  return { rows: n, kept, absorbed }
}

const meanColumnVariance = (values: Float64Array, counts: Float64Array, d: number): number => {
  const total = counts.reduce((sum, n) => sum + n, 0)
  let trace = 0
  for (let j = 0; j < d; j++) {
    let mean = 0
    counts.forEach((n, i) => (mean += (n / total) * values[i * d + j]))
    counts.forEach((n, i) => (trace += n * Elementary.square(values[i * d + j] - mean)))
  }
  return d === 0 ? 0 : trace / total / d
}

/** Labels of the rows when `count` clusters are left, 1 ≤ count ≤ rows, numbered from 0 in the order of their first rows. */
export const clustersAt = ({ rows, kept, absorbed }: Hierarchy, count: number): Int32Array => {
  if (count < 1 || count > rows) return refuse(`cut: ${count} clusters are not 1 to ${rows}, the rows; ask for as many`)
  const first = Int32Array.from({ length: rows }, (_, i) => i)
  for (let step = 0; step < rows - count; step++) first[absorbed[step]] = kept[step]
  const labels = new Int32Array(rows)
  let found = 0
  // A cluster is merged into one with an earlier first row, which already has its label.
  for (let i = 0; i < rows; i++) labels[i] = first[i] === i ? found++ : labels[first[i]]
  return labels
}

/** Counts [K], means [K, dim] and scatters about the means of clusters, [K, dim, dim] or their diagonals [K, dim]. */
export interface ClusterMoments {
  readonly mass: Float64Array
  readonly means: Float64Array
  readonly scatters: Float64Array
}

/** Moments of the clusters with labels 0, …, count − 1. */
export const clusterMoments = (
  { rows, dim, values, counts }: CountedRows,
  labels: ArrayLike<number>,
  { count, isDiagonal }: { readonly count: number; readonly isDiagonal: boolean }
): ClusterMoments => {
  const width = isDiagonal ? 1 : dim
  const mass = new Float64Array(count)
  const means = new Float64Array(count * dim)
  const scatters = new Float64Array(count * dim * width)
  const away = new Float64Array(dim)
  for (let i = 0; i < rows; i++) {
    // Welford's update is exact for equal rows, and a distant origin costs no digits.
    const k = labels[i]
    mass[k] += counts[i]
    const share = counts[i] / mass[k]
    for (let j = 0; j < dim; j++) away[j] = values[i * dim + j] - means[k * dim + j]
    for (let j = 0; j < dim; j++) means[k * dim + j] += share * away[j]
    const weight = counts[i] * (1 - share)
    for (let j = 0; j < dim; j++)
      for (let l = 0; l < width; l++) scatters[(k * dim + j) * width + l] += weight * away[j] * away[isDiagonal ? j : l]
  }
  return { mass, means, scatters }
}
