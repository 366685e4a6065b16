/**
 * Loops of the E-step over rows (`moments.ts`), each a short function of arrays and numbers only, so that the JavaScript engine compiles it
 * once, from the first rows on. A long function per row, or one created at each step, would be compiled again for every family, and
 * interpreted until then, which takes longer than a few hundred rows. Rows are processed in blocks; the arrays of a block are component-major:
 * [K, rows], or [K, rows, dim] for deviations.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { lazy } from '../../../lib/plain/iterate.js'
import type { Second } from '../family.js'

/** Returns the number of second moments of a component. */
export const secondMomentWidth = (second: Second, dim: number): number =>
  ({ none: 0, trace: 1, diagonal: dim, full: dim * dim })[second]

/** Posteriors of each row, given its observed columns. */
export interface RowPosteriors {
  /** log π_k N(x; c_k, Σ_k), [rows, K] */
  readonly logs: Float64Array
  /** |L⁻¹(x − c_k)|², [rows, K] */
  readonly squared: Float64Array
  /** p(k | x), [rows, K]; all 0 if the density of the row is 0. */
  readonly shares: Float64Array
  /** log p(x), [rows] */
  readonly logDensity: Float64Array
  /** Number of observed columns, [rows]. */
  readonly columns: Uint32Array
}

/** Maximum size of a block [K, rows, dim] in numbers, which fits the processor's cache. */
const BLOCK_NUMBERS = 1 << 13

/** Returns the maximum number of rows of a block. It is even, so that a row is in the same lane wherever blocks begin. */
export const maxBlockRows = (count: number, dim: number): number =>
  Math.max(2, Math.floor(BLOCK_NUMBERS / (count * dim)) & -2)

/**
 * Number of partial sums: rows at even indices and rows at odd ones are summed separately, as lib/wasm/kernels/assembly/expectation.ts does with two
 * rows in a vector. So both give the same bits.
 */
export const LANES = 2

/** Buffers for one block. */
interface BlockWorkspace {
  /** Rows of a pattern, [rows, dim], with their columns in its order. */
  readonly x: Float64Array
  readonly delta: Float64Array
  /** |L⁻¹δ|² */
  readonly squares: Float64Array
  /** log π N, then its exponentials after subtracting the row's maximum, then the responsibilities. */
  readonly logs: Float64Array
  /** Row maximum of `logs`; `totals`: sum of the exponentials; `lengths`: logarithm of that sum; each [rows]. */
  readonly tops: Float64Array
  readonly totals: Float64Array
  readonly lengths: Float64Array
}

const allocateWorkspace = (length: number): BlockWorkspace => ({
  x: new Float64Array(length),
  delta: new Float64Array(length),
  squares: new Float64Array(length),
  logs: new Float64Array(length),
  tops: new Float64Array(length),
  totals: new Float64Array(length),
  lengths: new Float64Array(length)
})

/** Shared by all E-steps, since nothing in it outlives a block. */
const sharedWorkspace = lazy(() => allocateWorkspace(BLOCK_NUMBERS))

/** Returns the buffers for a block: the shared ones, or new ones if a row per lane does not fit. */
export const blockWorkspace = (count: number, dim: number): BlockWorkspace =>
  LANES * count * dim <= BLOCK_NUMBERS ? sharedWorkspace() : allocateWorkspace(LANES * count * dim)

/** Copies the observed columns of a pattern's rows, in its order, into `x`. */
export const gatherRows = (
  values: Float64Array,
  rows: Int32Array,
  first: number,
  n: number,
  order: Int32Array,
  columns: number,
  x: Float64Array
): Float64Array => {
  const dim = order.length
  for (let i = 0; i < n; i++)
    for (let j = 0, from = rows[first + i] * dim; j < columns; j++) x[i * dim + j] = values[from + order[j]]
  return x
}

/** Writes the deviations of rows from the k-th centre to `delta`: in the observed columns; 0 in the others. */
export const subtractCentre = (
  x: Float64Array,
  from: number,
  centres: Float64Array,
  k: number,
  delta: Float64Array,
  at: number,
  n: number,
  columns: number,
  dim: number
): void => {
  for (let i = 0; i < n * dim; i += dim) {
    for (let j = 0; j < columns; j++) delta[at + i + j] = x[from + i + j] - centres[k * dim + j]
    for (let j = columns; j < dim; j++) delta[at + i + j] = 0
  }
}

/** Writes |L⁻¹δ|² of the k-th component to `squares`. */
type Whiten = (
  delta: Float64Array,
  at: number,
  roots: Float64Array,
  k: number,
  squares: Float64Array,
  to: number,
  n: number,
  columns: number,
  dim: number
) => void

/** Uses triangles L⁻¹, [K, columns, columns]. */
export const whitenByTriangle: Whiten = (delta, at, roots, k, squares, to, n, columns, dim) => {
  for (let row = 0, of = at; row < n; row++, of += dim) {
    let squared = 0
    for (let i = 0, from = k * columns * columns; i < columns; i++, from += columns) {
      let y = 0
      for (let j = 0; j <= i; j++) y += roots[from + j] * delta[of + j]
      squared += y * y
    }
    squares[to + row] = squared
  }
}

/** Uses diagonals of L⁻¹, [K, columns]. */
export const whitenByDiagonal: Whiten = (delta, at, roots, k, squares, to, n, columns, dim) => {
  for (let row = 0, of = at; row < n; row++, of += dim) {
    let squared = 0
    for (let j = 0; j < columns; j++) {
      const y = roots[k * columns + j] * delta[of + j]
      squared += y * y
    }
    squares[to + row] = squared
  }
}

/** Writes log π N(x; c, Σ) = constant − |L⁻¹δ|²/2 to `logs`. */
export const logGaussian = (
  constant: number,
  squares: Float64Array,
  to: number,
  n: number,
  logs: Float64Array
): void => {
  for (let i = to; i < to + n; i++) logs[i] = constant - squares[i] / 2
}

/** Writes log π t_ν(x; c, Σ) = constant − (ν + columns)/2 · log(1 + |L⁻¹δ|²/ν) to `logs`. */
export const logStudent = (
  constant: number,
  nu: number,
  columns: number,
  squares: Float64Array,
  to: number,
  n: number,
  logs: Float64Array
): void => {
  const power = (nu + columns) / 2
  for (let i = to; i < to + n; i++) logs[i] = constant - power * Elementary.log1p(squares[i] / nu)
}

/** Writes the log-density of a uniform box to `logs`; −∞ outside it. `roots` are the inverse half widths. */
export const logUniform = (
  constant: number,
  delta: Float64Array,
  at: number,
  roots: Float64Array,
  k: number,
  logs: Float64Array,
  to: number,
  n: number,
  columns: number,
  dim: number,
  isTriangular: boolean
): void => {
  for (let row = 0, of = at; row < n; row++, of += dim) {
    let isWithin = true
    for (let j = 0; j < columns; j++) {
      const root = roots[isTriangular ? (k * columns + j) * columns + j : k * columns + j]
      if (Math.abs(root * delta[of + j]) > 1) isWithin = false
    }
    logs[to + row] = isWithin ? constant : -Infinity
  }
}

/** Copies the log-densities and squared distances of a block to the posteriors. */
export const writePosteriors = (
  posteriors: RowPosteriors,
  rows: Int32Array | null,
  first: number,
  n: number,
  count: number,
  columns: number,
  logs: Float64Array,
  squares: Float64Array
): void => {
  for (let i = 0; i < n; i++) {
    const row = rows === null ? first + i : rows[first + i]
    posteriors.columns[row] = columns
    for (let k = 0; k < count; k++) {
      posteriors.logs[row * count + k] = logs[k * n + i]
      posteriors.squared[row * count + k] = squares[k * n + i]
    }
  }
}

/** Subtracts the maximum of each row from its `logs` and writes it to `tops`; if it is −∞ the logs become 0. */
export const subtractRowMax = (logs: Float64Array, count: number, n: number, tops: Float64Array): void => {
  for (let i = 0; i < n; i++) {
    let top = -Infinity
    for (let at = i; at < count * n; at += n) if (logs[at] > top) top = logs[at]
    tops[i] = top
    for (let at = i; at < count * n; at += n) logs[at] = top === -Infinity ? 0 : logs[at] - top
  }
}

/** Writes the sum over the components of each row to `totals`. */
export const sumOverComponents = (parts: Float64Array, count: number, n: number, totals: Float64Array): void => {
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let at = i; at < count * n; at += n) sum += parts[at]
    totals[i] = sum
  }
}

/** Writes log p(x) and p(k | x) of each row to the posteriors. */
export const writeShares = (
  posteriors: RowPosteriors,
  rows: Int32Array | null,
  first: number,
  n: number,
  count: number,
  parts: Float64Array,
  tops: Float64Array,
  totals: Float64Array,
  lengths: Float64Array
): void => {
  for (let i = 0; i < n; i++) {
    const row = rows === null ? first + i : rows[first + i]
    posteriors.logDensity[row] = tops[i] === -Infinity ? -Infinity : tops[i] + lengths[i]
    if (tops[i] > -Infinity)
      for (let k = 0; k < count; k++) posteriors.shares[row * count + k] = parts[k * n + i] / totals[i]
  }
}

/** Returns −(1 − b) log max_k p(k | x, not background) of row i, with b the probability of the background, which is the last component. */
const entropyBesidesBackground = (
  parts: Float64Array,
  learned: number,
  n: number,
  i: number,
  total: number
): number => {
  let most = 0
  let sum = 0
  for (let at = i; at < learned * n; at += n) {
    most = Math.max(most, parts[at])
    sum += parts[at]
  }
  return most > 0 ? (sum / total) * Elementary.log(sum / most) : 0
}

/**
 * Adds −Σ w log p(x) and −Σ w log max_k p(k | x) over the rows of a lane to `into`; replaces `totals` by weight/total. A row's probability of
 * being background does not count towards the assignment entropy.
 */
export const addLogLikelihood = (
  parts: Float64Array,
  count: number,
  learned: number,
  weights: Float64Array,
  rows: Int32Array | null,
  first: number,
  lane: number,
  n: number,
  tops: Float64Array,
  totals: Float64Array,
  lengths: Float64Array,
  into: Float64Array
): void => {
  for (let i = lane; i < n; i += LANES) {
    const weight = weights[rows === null ? first + i : rows[first + i]]
    if (tops[i] === -Infinity) {
      // Beyond the reach of all components: nobody answers for it.
      if (weight > 0) into[0] = Infinity
      totals[i] = 0
    } else {
      into[0] -= weight * (tops[i] + lengths[i])
      into[1] += weight * (learned < count ? entropyBesidesBackground(parts, learned, n, i, totals[i]) : lengths[i])
      totals[i] = weight / totals[i]
    }
  }
}

/** Replaces the exponentials by responsibilities for the rows of a lane, and adds these to `mass`. */
export const addResponsibilities = (
  parts: Float64Array,
  to: number,
  lane: number,
  n: number,
  shares: Float64Array,
  mass: Float64Array,
  k: number
): void => {
  for (let i = lane; i < n; i += LANES) {
    parts[to + i] *= shares[i]
    mass[k] += parts[to + i]
  }
}

/** Replaces responsibilities r by r g, with g = E[g | x] the expected precision, and adds Σ r g and Σ r (E[log g | x] − g). */
export const addPrecisionWeights = (
  r: Float64Array,
  to: number,
  lane: number,
  n: number,
  squares: Float64Array,
  nu: number,
  columns: number,
  below: number,
  into: Float64Array,
  ofPrecisions: number,
  ofLogs: number
): void => {
  for (let i = to + lane; i < to + n; i += LANES) {
    if (r[i] === 0) continue
    const g = nu < Infinity ? (nu + columns) / (nu + squares[i]) : 1
    into[ofLogs] += r[i] * (Elementary.log(g) - g + below)
    r[i] *= g
    into[ofPrecisions] += r[i]
  }
}

/** Writes the conditional mean deviations of missing cells: the k-th gains times the observed δ. */
export const predictMissingDeviations = (
  delta: Float64Array,
  at: number,
  gains: Float64Array,
  k: number,
  n: number,
  columns: number,
  dim: number
): void => {
  const missed = dim - columns
  for (let row = 0, of = at; row < n; row++, of += dim)
    for (let i = 0; i < missed; i++) {
      let mean = 0
      for (let j = 0; j < columns; j++) mean += gains[(k * missed + i) * columns + j] * delta[of + j]
      delta[of + columns + i] = mean
    }
}

/** Adds Σ r δ of a component over the rows of a lane to `sums` (from index `to` on), and the second moments to `out`. */
type Add = (
  r: Float64Array,
  of: number,
  delta: Float64Array,
  at: number,
  sums: Float64Array,
  to: number,
  out: Float64Array,
  second: number,
  lane: number,
  n: number,
  dim: number
) => void

// Loops that differ in their innermost line: a function in its place would not be fast from the first rows on.
export const adds: Readonly<Record<Second, Add>> = {
  none: (r, of, delta, at, sums, to, _out, _second, lane, n, dim) => {
    for (let row = lane, from = at + lane * dim; row < n; row += LANES, from += LANES * dim)
      if (r[of + row] !== 0) for (let i = 0; i < dim; i++) sums[to + i] += r[of + row] * delta[from + i]
  },
  trace: (r, of, delta, at, sums, to, out, second, lane, n, dim) => {
    for (let row = lane, from = at + lane * dim; row < n; row += LANES, from += LANES * dim)
      if (r[of + row] !== 0)
        for (let i = 0; i < dim; i++) {
          const pulled = r[of + row] * delta[from + i]
          sums[to + i] += pulled
          out[second] += pulled * delta[from + i]
        }
  },
  diagonal: (r, of, delta, at, sums, to, out, second, lane, n, dim) => {
    for (let row = lane, from = at + lane * dim; row < n; row += LANES, from += LANES * dim)
      if (r[of + row] !== 0)
        for (let i = 0; i < dim; i++) {
          const pulled = r[of + row] * delta[from + i]
          sums[to + i] += pulled
          out[second + i] += pulled * delta[from + i]
        }
  },
  full: (r, of, delta, at, sums, to, out, second, lane, n, dim) => {
    for (let row = lane, from = at + lane * dim; row < n; row += LANES, from += LANES * dim)
      if (r[of + row] !== 0)
        for (let i = 0, here = second; i < dim; i++, here += dim) {
          const pulled = r[of + row] * delta[from + i]
          sums[to + i] += pulled
          for (let j = 0; j <= i; j++) out[here + j] += pulled * delta[from + j]
        }
  }
}

/** Adds the conditional covariance of missing cells, which all rows of a pattern share: effective count times L_mm L_mmᵀ. */
type AddRests = (
  mass: Float64Array,
  rests: Float64Array,
  learned: number,
  columns: number,
  dim: number,
  out: Float64Array
) => void

const restsBy =
  (isPaired: boolean, place: (k: number, i: number, j: number, dim: number) => number): AddRests =>
  (mass, rests, learned, columns, dim, out) => {
    const m = dim - columns
    for (let k = 0; k < learned; k++)
      for (let i = 0; i < m; i++)
        for (let j = isPaired ? 0 : i; j <= i; j++) {
          let covariance = 0
          for (let a = 0; a <= j; a++) covariance += rests[(k * m + i) * m + a] * rests[(k * m + j) * m + a]
          out[place(k, columns + i, columns + j, dim)] += mass[k] * covariance
        }
  }

export const addRests: Readonly<Record<Second, AddRests>> = {
  none: () => {},
  trace: restsBy(false, k => k),
  diagonal: restsBy(false, (k, i, _, dim) => k * dim + i),
  full: restsBy(true, (k, i, j, dim) => (k * dim + i) * dim + j)
}

/** Adds conditional covariances that differ between rows to the second moments of a component, weighted by responsibility. */
export const addEach = (
  r: Float64Array,
  of: number,
  rests: Float64Array,
  lane: number,
  n: number,
  out: Float64Array,
  second: number,
  per: number
): void => {
  for (let row = of + lane; row < of + n; row += LANES)
    if (r[row] !== 0) for (let e = 0; e < per; e++) out[second + e] += r[row] * rests[row * per + e]
}

/** Adds sums with columns in a pattern's order to those with columns in the original order. */
type Join = (
  order: Int32Array,
  count: number,
  dim: number,
  sums: Float64Array,
  out: Float64Array,
  toSums: Float64Array,
  toSecond: Float64Array
) => void

const joinSums = (order: Int32Array, count: number, dim: number, sums: Float64Array, to: Float64Array): void => {
  for (let at = 0; at < count * dim; at += dim) for (let i = 0; i < dim; i++) to[at + order[i]] += sums[at + i]
}

export const joinMoments: Readonly<Record<Second, Join>> = {
  none: (order, count, dim, sums, _out, toSums) => {
    joinSums(order, count, dim, sums, toSums)
  },
  trace: (order, count, dim, sums, out, toSums, toSecond) => {
    joinSums(order, count, dim, sums, toSums)
    for (let k = 0; k < count; k++) toSecond[k] += out[k]
  },
  diagonal: (order, count, dim, sums, out, toSums, toSecond) => {
    joinSums(order, count, dim, sums, toSums)
    joinSums(order, count, dim, out, toSecond)
  },
  full: (order, count, dim, sums, out, toSums, toSecond) => {
    joinSums(order, count, dim, sums, toSums)
    for (let at = 0; at < count * dim * dim; at += dim * dim)
      for (let i = 0; i < dim; i++)
        for (let j = 0; j <= i; j++) {
          const [above, below] = order[i] < order[j] ? [order[i], order[j]] : [order[j], order[i]]
          toSecond[at + below * dim + above] += out[at + i * dim + j]
        }
  }
}
