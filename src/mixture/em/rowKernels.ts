/**
 * Kernels of the E-step: short functions of one block of rows, which JavaScript engines compile once; longer functions, or new closures,
 * would be interpreted for too long.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { lazy } from '../../../lib/plain/iterate.js'
import { simdOrPlainKernels } from '../../../lib/wasm/index.js'
import type { Moments, Second } from '../family.js'
import type { ConditionedComponents, Pattern } from './patterns.js'

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

/** Maximum size of a block [K, rows, dim], in numbers, to fit the cache. */
const BLOCK_NUMBERS = 1 << 13

/** Maximum size: even, so that a row's lane is fixed. */
export const maxBlockRows = (count: number, dim: number): number =>
  Math.max(2, Math.floor(BLOCK_NUMBERS / (count * dim)) & -2)

/** Number of partial sums, of rows at even and odd indices, as in lib/wasm/kernels/assembly/expectation.ts. */
export const LANES = 2

/** Buffers of a block of n rows, some in shared memory. */
interface BlockBuffers {
  /** Observed columns first, [n, dim]; unused if all rows have one pattern. */
  readonly gathered: Float64Array
  /** x − c_k, [K, n, dim], or its conditional mean in missing columns. With errors: E[x_0 | x] − c_k. */
  readonly deviations: Float64Array
  /** |L⁻¹(x − c_k)|², [K, n] */
  readonly squaredDistances: Float64Array
  /** log π_k p(x | k), [K, n] */
  readonly logJoint: Float64Array
  /** π_k p(x | k)/max_k π_k p(x | k), [K, n]. Overwrites `logJoint`. */
  readonly relativeJoint: Float64Array
  /** w p(k | x), [K, n]. Overwrites `relativeJoint`. */
  readonly responsibilities: Float64Array
  /** r, or r E[g | x] if components are Student-t, [K, n]. Overwrites `responsibilities`. */
  readonly momentWeights: Float64Array
  /** max_k log π_k p(x | k), [n] */
  readonly rowMax: Float64Array
  /** Σ_k of `relativeJoint`, [n] */
  readonly relativeDensity: Float64Array
  /** log of `relativeDensity`, [n]. */
  readonly logRelativeDensity: Float64Array
  /** w over `relativeDensity`, [n]. Overwrites `relativeDensity`. */
  readonly rowFactors: Float64Array
}

const allocateBuffers = (length: number): BlockBuffers => {
  const joint = new Float64Array(length)
  const density = new Float64Array(length)
  return {
    gathered: new Float64Array(length),
    deviations: new Float64Array(length),
    squaredDistances: new Float64Array(length),
    logJoint: joint,
    relativeJoint: joint,
    responsibilities: joint,
    momentWeights: joint,
    rowMax: new Float64Array(length),
    relativeDensity: density,
    logRelativeDensity: new Float64Array(length),
    rowFactors: density
  }
}

const sharedBuffers = lazy(() => allocateBuffers(BLOCK_NUMBERS))

/** Returns the shared buffers; new ones if a row per lane does not fit. */
export const blockBuffers = (count: number, dim: number): BlockBuffers =>
  LANES * count * dim <= BLOCK_NUMBERS ? sharedBuffers() : allocateBuffers(LANES * count * dim)

export interface PatternRows {
  readonly pattern: Pattern
  /** [rows, dim] */
  readonly values: Float64Array
  /** [rows] */
  readonly weights: Float64Array
  /** [rows, dim, dim] */
  readonly errors: Float64Array | null
}

export interface RowBlock {
  readonly source: PatternRows
  readonly buffers: BlockBuffers
  /** Index of the first row within the pattern. */
  readonly first: number
  readonly n: number
  readonly count: number
  /** Number of components before a background. */
  readonly learned: number
  readonly dim: number
  /** Conditional second moments with errors, [K, n, secondMomentWidth]; otherwise empty. */
  readonly rowCovariances: Float64Array
}

/** Views of one array, with the sums over the rows of one lane. */
export interface LaneSums extends Moments {
  /** Rows lane, lane + LANES, … of a block. */
  readonly lane: number
  /** −Σ w log p(x) and the assignment entropy, [2]. */
  readonly values: Float64Array
  /** Σ r E[g | x], [K]; empty without Student-t components. */
  readonly weighed: Float64Array
  /** Σ r (E[log g | x] − E[g | x]), [K]; empty without Student-t components. */
  readonly logs: Float64Array
}

/** Writes x − c_k in the observed columns, 0 in the others. */
export const subtractCentre = (block: RowBlock, { centres }: ConditionedComponents, k: number): void => {
  const {
    source: { pattern, values },
    first,
    n,
    dim,
    buffers: { gathered, deviations }
  } = block
  const isWhole = pattern.rows === null
  const x = isWhole ? values : gathered
  const from = isWhole ? first * dim : 0
  const at = k * n * dim
  const columns = pattern.observed
  for (let i = 0; i < n * dim; i += dim) {
    for (let j = 0; j < columns; j++) deviations[at + i + j] = x[from + i + j] - centres[k * dim + j]
    for (let j = columns; j < dim; j++) deviations[at + i + j] = 0
  }
}

/** Copies the observed columns in the pattern's order, unless the pattern has all rows. */
export const gatherRows = ({
  source: {
    pattern: { rows, order, observed },
    values
  },
  first,
  n,
  buffers: { gathered }
}: RowBlock): void => {
  if (rows === null) return
  const dim = order.length
  for (let i = 0; i < n; i++)
    for (let j = 0, from = rows[first + i] * dim; j < observed; j++) gathered[i * dim + j] = values[from + order[j]]
}

type Whiten = (block: RowBlock, components: ConditionedComponents, k: number) => void

const whitenByTriangle: Whiten = (
  {
    source: {
      pattern: { observed }
    },
    n,
    dim,
    buffers: { deviations, squaredDistances }
  },
  { roots },
  k
) => {
  for (let row = 0, of = k * n * dim; row < n; row++, of += dim) {
    let squared = 0
    for (let i = 0, from = k * observed * observed; i < observed; i++, from += observed) {
      let y = 0
      for (let j = 0; j <= i; j++) y += roots[from + j] * deviations[of + j]
      squared += y * y
    }
    squaredDistances[k * n + row] = squared
  }
}

const whitenByDiagonal: Whiten = (
  {
    source: {
      pattern: { observed }
    },
    n,
    dim,
    buffers: { deviations, squaredDistances }
  },
  { roots },
  k
) => {
  for (let row = 0, of = k * n * dim; row < n; row++, of += dim) {
    let squared = 0
    for (let j = 0; j < observed; j++) {
      const y = roots[k * observed + j] * deviations[of + j]
      squared += y * y
    }
    squaredDistances[k * n + row] = squared
  }
}

/** Writes |L⁻¹δ|². */
export const whiten: Whiten = (block, components, k) => {
  if (components.isTriangular) whitenByTriangle(block, components, k)
  else whitenByDiagonal(block, components, k)
}

/** Writes log π N(x; c, Σ) = constant − |L⁻¹δ|²/2. */
export const logGaussian = (
  { n, buffers: { squaredDistances, logJoint } }: RowBlock,
  { constants }: ConditionedComponents,
  k: number
): void => {
  const constant = constants[k]
  for (let i = k * n; i < k * n + n; i++) logJoint[i] = constant - squaredDistances[i] / 2
}

/** Writes log π t_ν(x; c, Σ) = constant − (ν + o)/2 · log(1 + |L⁻¹δ|²/ν) for o observed columns. */
export const logStudent = (
  {
    source: {
      pattern: { observed }
    },
    n,
    buffers: { squaredDistances, logJoint }
  }: RowBlock,
  { constants }: ConditionedComponents,
  k: number,
  nu: number
): void => {
  const constant = constants[k]
  const power = (nu + observed) / 2
  for (let i = k * n; i < k * n + n; i++) logJoint[i] = constant - power * Elementary.log1p(squaredDistances[i] / nu)
}

/** Writes the log-density of a uniform box with inverse half widths L⁻¹; −∞ outside it. */
export const logUniform = (
  {
    source: {
      pattern: { observed }
    },
    n,
    dim,
    buffers: { deviations, logJoint }
  }: RowBlock,
  { constants, isTriangular, roots }: ConditionedComponents,
  k: number
): void => {
  for (let row = 0, of = k * n * dim; row < n; row++, of += dim) {
    let isWithin = true
    for (let j = 0; j < observed; j++) {
      const root = roots[isTriangular ? (k * observed + j) * observed + j : k * observed + j]
      if (Math.abs(root * deviations[of + j]) > 1) isWithin = false
    }
    logJoint[k * n + row] = isWithin ? constants[k] : -Infinity
  }
}

/** Copies log π_k p(x | k) and squared distances. */
export const copyLogJoint = (block: RowBlock, posteriors: RowPosteriors): void => {
  const {
    source: { pattern },
    first,
    n,
    count,
    buffers: { logJoint, squaredDistances }
  } = block
  const { rows, observed } = pattern
  for (let i = 0; i < n; i++) {
    const row = rows === null ? first + i : rows[first + i]
    posteriors.columns[row] = observed
    for (let k = 0; k < count; k++) {
      posteriors.logs[row * count + k] = logJoint[k * n + i]
      posteriors.squared[row * count + k] = squaredDistances[k * n + i]
    }
  }
}

/** Subtracts each row's maximum from `logJoint`, in place, and writes it to `rowMax`; differences from −∞ become 0. */
const subtractRowMax = ({ n, count, buffers: { logJoint, rowMax } }: RowBlock): void => {
  for (let i = 0; i < n; i++) {
    let top = -Infinity
    for (let at = i; at < count * n; at += n) if (logJoint[at] > top) top = logJoint[at]
    rowMax[i] = top
    for (let at = i; at < count * n; at += n) logJoint[at] = top === -Infinity ? 0 : logJoint[at] - top
  }
}

const sumOverComponents = ({ n, count, buffers: { relativeJoint, relativeDensity } }: RowBlock): void => {
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let at = i; at < count * n; at += n) sum += relativeJoint[at]
    relativeDensity[i] = sum
  }
}

/** Replaces `logJoint` by `relativeJoint`; writes maxima, sums and their logarithms. */
export const exponentiateJoint = (block: RowBlock): void => {
  const {
    n,
    count,
    buffers: { relativeJoint, relativeDensity, logRelativeDensity }
  } = block
  subtractRowMax(block)
  const all = relativeJoint.subarray(0, count * n)
  simdOrPlainKernels().exp(all, all)
  sumOverComponents(block)
  simdOrPlainKernels().log(relativeDensity.subarray(0, n), logRelativeDensity)
}

/** Writes log p(x) and p(k | x) to the posteriors. */
export const writeShares = (block: RowBlock, posteriors: RowPosteriors): void => {
  const {
    source: { pattern },
    first,
    n,
    count,
    buffers: { relativeJoint, rowMax, relativeDensity, logRelativeDensity }
  } = block
  const { rows } = pattern
  for (let i = 0; i < n; i++) {
    const row = rows === null ? first + i : rows[first + i]
    posteriors.logDensity[row] = rowMax[i] === -Infinity ? -Infinity : rowMax[i] + logRelativeDensity[i]
    if (rowMax[i] > -Infinity)
      for (let k = 0; k < count; k++) posteriors.shares[row * count + k] = relativeJoint[k * n + i] / relativeDensity[i]
  }
}

/** −(1 − b) log max_k p(k | x, not background) of row i, b the probability of the background. */
const entropyBesidesBackground = (
  { n, learned, buffers: { relativeJoint, relativeDensity } }: RowBlock,
  i: number
): number => {
  let most = 0
  let sum = 0
  for (let at = i; at < learned * n; at += n) {
    most = Math.max(most, relativeJoint[at])
    sum += relativeJoint[at]
  }
  return most > 0 ? (sum / relativeDensity[i]) * Elementary.log(sum / most) : 0
}

/** Adds −Σ w log p(x) and the assignment entropy over a lane; replaces `relativeDensity` by `rowFactors`. */
export const addLogLikelihood = (block: RowBlock, { lane, values }: LaneSums): void => {
  const {
    source: { pattern, weights },
    first,
    n,
    count,
    learned,
    buffers: { rowMax, relativeDensity, logRelativeDensity, rowFactors }
  } = block
  const { rows } = pattern
  for (let i = lane; i < n; i += LANES) {
    const weight = weights[rows === null ? first + i : rows[first + i]]
    if (rowMax[i] === -Infinity) {
      // All densities are 0.
      if (weight > 0) values[0] = Infinity
      rowFactors[i] = 0
    } else {
      values[0] -= weight * (rowMax[i] + logRelativeDensity[i])
      values[1] += weight * (learned < count ? entropyBesidesBackground(block, i) : logRelativeDensity[i])
      rowFactors[i] = weight / relativeDensity[i]
    }
  }
}

/** Replaces `relativeJoint` of component k by `responsibilities` over a lane, and adds these. */
export const addResponsibilities = (block: RowBlock, k: number, { lane, mass }: LaneSums): void => {
  const {
    n,
    buffers: { relativeJoint, responsibilities, rowFactors }
  } = block
  const to = k * n
  for (let i = lane; i < n; i += LANES) {
    responsibilities[to + i] = relativeJoint[to + i] * rowFactors[i]
    mass[k] += responsibilities[to + i]
  }
}

export interface StudentComponents {
  /** ν, [K]; ∞ for a Gaussian. */
  readonly nu: Float64Array
  /** E[log g | x] − log E[g | x], [K]; 0 for a Gaussian. */
  readonly logGaps: Float64Array
}

/** Replaces r by `momentWeights` r g over a lane, g = E[g | x], and adds Σ r g and Σ r (E[log g | x] − g). */
export const addPrecisionWeights = (
  {
    source: {
      pattern: { observed }
    },
    n,
    buffers: { squaredDistances, responsibilities, momentWeights }
  }: RowBlock,
  k: number,
  { nu, logGaps }: StudentComponents,
  { lane, weighed, logs }: LaneSums
): void => {
  const to = k * n
  for (let i = to + lane; i < to + n; i += LANES) {
    const r = responsibilities[i]
    if (r === 0) continue
    const g = nu[k] < Infinity ? (nu[k] + observed) / (nu[k] + squaredDistances[i]) : 1
    logs[k] += r * (Elementary.log(g) - g + logGaps[k])
    momentWeights[i] = r * g
    weighed[k] += momentWeights[i]
  }
}

/** Writes the conditional mean deviations Gδ of the missing columns. */
export const predictMissingDeviations = (
  {
    source: {
      pattern: { observed }
    },
    n,
    dim,
    buffers: { deviations }
  }: RowBlock,
  { gains }: ConditionedComponents,
  k: number
): void => {
  const missed = dim - observed
  for (let row = 0, of = k * n * dim; row < n; row++, of += dim)
    for (let i = 0; i < missed; i++) {
      let mean = 0
      for (let j = 0; j < observed; j++) mean += gains[(k * missed + i) * observed + j] * deviations[of + j]
      deviations[of + observed + i] = mean
    }
}

/** Adds Σ r δ and the second moments of component k over a lane, r being `momentWeights`. */
type AddMoments = (block: RowBlock, k: number, sums: LaneSums) => void

// One loop each: a shared loop that calls a function per entry is slow until it is compiled.
export const addMoments: Readonly<Record<Second, AddMoments>> = {
  none: ({ n, dim, buffers: { deviations, momentWeights } }, k, { lane, sums }) => {
    const of = k * n
    const to = k * dim
    for (let row = lane, from = (of + lane) * dim; row < n; row += LANES, from += LANES * dim) {
      const r = momentWeights[of + row]
      if (r !== 0) for (let i = 0; i < dim; i++) sums[to + i] += r * deviations[from + i]
    }
  },
  trace: ({ n, dim, buffers: { deviations, momentWeights } }, k, { lane, sums, second }) => {
    const of = k * n
    const to = k * dim
    for (let row = lane, from = (of + lane) * dim; row < n; row += LANES, from += LANES * dim) {
      const r = momentWeights[of + row]
      if (r !== 0)
        for (let i = 0; i < dim; i++) {
          const pulled = r * deviations[from + i]
          sums[to + i] += pulled
          second[k] += pulled * deviations[from + i]
        }
    }
  },
  diagonal: ({ n, dim, buffers: { deviations, momentWeights } }, k, { lane, sums, second }) => {
    const of = k * n
    const to = k * dim
    for (let row = lane, from = (of + lane) * dim; row < n; row += LANES, from += LANES * dim) {
      const r = momentWeights[of + row]
      if (r !== 0)
        for (let i = 0; i < dim; i++) {
          const pulled = r * deviations[from + i]
          sums[to + i] += pulled
          second[to + i] += pulled * deviations[from + i]
        }
    }
  },
  full: ({ n, dim, buffers: { deviations, momentWeights } }, k, { lane, sums, second }) => {
    const of = k * n
    const to = k * dim
    for (let row = lane, from = (of + lane) * dim; row < n; row += LANES, from += LANES * dim) {
      const r = momentWeights[of + row]
      if (r !== 0)
        for (let i = 0, here = to * dim; i < dim; i++, here += dim) {
          const pulled = r * deviations[from + i]
          sums[to + i] += pulled
          for (let j = 0; j <= i; j++) second[here + j] += pulled * deviations[from + j]
        }
    }
  }
}

/** Adds Σ r times `rowCovariances` over a lane. */
export const addRowCovariances = (
  { n, rowCovariances, buffers: { momentWeights } }: RowBlock,
  k: number,
  { lane, mass, second }: LaneSums
): void => {
  const per = second.length / mass.length
  for (let row = k * n + lane; row < k * n + n; row += LANES)
    if (momentWeights[row] !== 0)
      for (let e = 0; e < per; e++) second[k * per + e] += momentWeights[row] * rowCovariances[row * per + e]
}

/** Adds Σ r L_mm L_mmᵀ, the covariance of missing cells. */
type AddMissingCovariances = (
  { order, observed }: Pattern,
  components: ConditionedComponents,
  learned: number,
  sums: Moments
) => void

/** `entries`: all (i, j), j ≤ i, or those with i = j; `indexOf` returns their index in `second`. */
const missingCovarianceAdder =
  (
    entries: 'all' | 'diagonal',
    indexOf: (k: number, i: number, j: number, dim: number) => number
  ): AddMissingCovariances =>
  ({ order, observed }, { rests }, learned, { mass, second }) => {
    const dim = order.length
    const m = dim - observed
    for (let k = 0; k < learned; k++)
      for (let i = 0; i < m; i++)
        for (let j = entries === 'all' ? 0 : i; j <= i; j++) {
          let covariance = 0
          for (let a = 0; a <= j; a++) covariance += rests[(k * m + i) * m + a] * rests[(k * m + j) * m + a]
          second[indexOf(k, observed + i, observed + j, dim)] += mass[k] * covariance
        }
  }

export const addMissingCovariances: Readonly<Record<Second, AddMissingCovariances>> = {
  none: () => {},
  trace: missingCovarianceAdder('diagonal', k => k),
  diagonal: missingCovarianceAdder('diagonal', (k, i, _, dim) => k * dim + i),
  full: missingCovarianceAdder('all', (k, i, j, dim) => (k * dim + i) * dim + j)
}

/** Adds sums [K, dim], from a pattern's to the original column order. */
const addReordered = (order: Int32Array, from: Float64Array, to: Float64Array): void => {
  const dim = order.length
  for (let at = 0; at < from.length; at += dim) for (let i = 0; i < dim; i++) to[at + order[i]] += from[at + i]
}

const addReorderedSecond: Readonly<Record<Second, (order: Int32Array, from: Float64Array, to: Float64Array) => void>> =
  {
    none: () => {},
    trace: (_, from, to) => {
      for (let k = 0; k < from.length; k++) to[k] += from[k]
    },
    diagonal: addReordered,
    full: (order, from, to) => {
      const dim = order.length
      for (let at = 0; at < from.length; at += dim * dim)
        for (let i = 0; i < dim; i++)
          for (let j = 0; j <= i; j++) {
            const [above, below] = order[i] < order[j] ? [order[i], order[j]] : [order[j], order[i]]
            to[at + below * dim + above] += from[at + i * dim + j]
          }
    }
  }

/** Adds moments, from a pattern's to the original column order. */
export const addReorderedMoments = (order: Int32Array, second: Second, from: Moments, to: Moments): void => {
  for (let k = 0; k < from.mass.length; k++) to.mass[k] += from.mass[k]
  addReordered(order, from.sums, to.sums)
  addReorderedSecond[second](order, from.second, to.second)
}
