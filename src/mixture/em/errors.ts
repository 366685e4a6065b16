/**
 * E-step for rows x = αx_0 + αe + σz with measurement errors e of known covariances R: extreme deconvolution (Bovy, Hogg & Roweis 2011).
 * With T = α²(Σ + R) + σ²I, in the observed columns, and K = αΣT⁻¹, component k has the row density N(αc, T), and x_0 given x the mean c +
 * K(x − αc) and the covariance Σ − αKΣ, so the M-step applies unchanged. O(K d³) per row.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { dot, factorSymmetric, solveLower } from '../../../lib/arrays/linalg.js'
import { refuse } from '../../../lib/plain/refuse.js'
import type { Second } from '../family.js'
import type { Level } from '../../schedule/dynamics.js'
import { logWeight, type Component } from '../component.js'
import { secondMomentWidth, type RowBlock } from './rowKernels.js'
import type { Pattern, ConditionedComponents } from './patterns.js'

export interface ErrorStatistics {
  /** Centres αc, common to the rows of a pattern. */
  readonly centresAt: (pattern: Pattern) => ConditionedComponents
  /**
   * Replaces `deviations` from the centre of component k by E[x_0 | x] − c_k; writes `squaredDistances`, `logJoint`, and the second moments
   * of x_0's covariance to `rowCovariances`.
   */
  readonly conditionRows: (block: RowBlock, k: number) => void
}

const NO_NUMBERS = new Float64Array(0)

/** Conditions components at time 0 on rows at a noise level. Throws for Student-t components and backgrounds. */
export const errorStatistics = (
  components: ReadonlyArray<Component>,
  second: Second,
  dim: number,
  level: Level
): ErrorStatistics => {
  if (components.some(({ nu, background }) => nu !== undefined || background !== undefined))
    return refuse('errors: rows with errors are not learned with tails or beside a background; leave out `robust`')
  const covariances = components.map(({ factor }) => Factor.covarianceOfFactor(factor, dim).values)
  const logWeights = components.map(({ weight }) => logWeight(weight))
  const work = rowWorkspace(dim, level)
  const { y, v } = work
  const per = secondMomentWidth(second, dim)
  return {
    centresAt: ({ order }) => ({
      constants: NO_NUMBERS,
      centres: Float64Array.from(components.flatMap(({ mean }) => Array.from(order, j => level.alpha * mean[j]))),
      isTriangular: false,
      roots: NO_NUMBERS,
      gains: NO_NUMBERS,
      rests: NO_NUMBERS
    }),
    conditionRows: ({ source: { pattern, errors }, first, n, buffers, rowCovariances }, k) => {
      if (errors === null) return
      const { rows, observed: o } = pattern
      const { deviations, squaredDistances, logJoint } = buffers
      const out: RowCovariances = { second, per, values: rowCovariances }
      work.covariance = covariances[k]
      for (let row = 0; row < n; row++) {
        const at = (k * n + row) * dim
        const to = k * n + row
        for (let i = 0; i < o; i++) y[i] = deviations[at + i]
        const error = (rows === null ? first + row : rows[first + row]) * dim * dim
        const logRoot = factorRow(work, pattern, errors, error)
        squaredDistances[to] = dot(y, 0, y, 0, o)
        // NaN if T is no covariance.
        logJoint[to] = logWeights[k] - logRoot - (o / 2) * Elementary.log(2 * Math.PI) - squaredDistances[to] / 2
        for (let j = 0; j < dim; j++) {
          let mean = 0
          for (let i = 0; i < o; i++) mean += v[i * dim + j] * y[i]
          deviations[at + j] = mean
        }
        if (second !== 'none') writeCovariance(work, pattern, out, to * per)
      }
    }
  }
}

/** Overwritten by each row. */
interface RowWorkspace {
  readonly dim: number
  readonly level: Level
  /** Σ of the component, [dim, dim] */
  covariance: Float64Array
  /** T and its Cholesky factor L, in the observed columns. */
  readonly t: Float64Array
  readonly l: Float64Array
  /** δ in the observed columns, then y = L⁻¹δ. */
  readonly y: Float64Array
  /** V = L⁻¹αΣ[o, ·]: Kδ = Vᵀy, and the conditional covariance is Σ − VᵀV. */
  readonly v: Float64Array
}

const rowWorkspace = (dim: number, level: Level): RowWorkspace => ({
  dim,
  level,
  covariance: NO_NUMBERS,
  t: new Float64Array(dim * dim),
  l: new Float64Array(dim * dim),
  y: new Float64Array(dim),
  v: new Float64Array(dim * dim)
})

/** Writes T, L, V and y of a row with errors from index `error`. Returns log |L|; NaN if T is no covariance. */
const factorRow = (
  { dim, level: { alpha, sigma }, covariance, t, l, y, v }: RowWorkspace,
  { order, observed: o }: Pattern,
  errors: Float64Array,
  error: number
): number => {
  for (let i = 0; i < o; i++) {
    for (let j = 0; j <= i; j++) {
      const entry = order[i] * dim + order[j]
      t[i * o + j] = Elementary.square(alpha) * (covariance[entry] + errors[error + entry])
    }
    t[i * (o + 1)] += Elementary.square(sigma)
    for (let j = 0; j < dim; j++) v[i * dim + j] = alpha * covariance[order[i] * dim + order[j]]
  }
  const isFound = factorSymmetric(t, 0, o, l, 0)
  solveLower(l, 0, o, y, 0, 1)
  solveLower(l, 0, o, v, 0, dim)
  let logRoot = 0
  for (let i = 0; i < o; i++) logRoot += Elementary.log(l[i * (o + 1)])
  return isFound ? logRoot : NaN
}

/** Second moments of conditional covariances, `per` numbers for each row and component. */
interface RowCovariances {
  readonly second: Second
  readonly per: number
  readonly values: Float64Array
}

/** Writes the second moments of Σ − VᵀV, in the pattern's column order, from index `to` on. */
const writeCovariance = (
  { dim, covariance, v }: RowWorkspace,
  { order, observed: o }: Pattern,
  { second, per, values }: RowCovariances,
  to: number
): void => {
  values.fill(0, to, to + per)
  for (let i = 0; i < dim; i++)
    for (let j = second === 'full' ? 0 : i; j <= i; j++) {
      let left = covariance[order[i] * dim + order[j]]
      for (let a = 0; a < o; a++) left -= v[a * dim + i] * v[a * dim + j]
      values[to + (second === 'full' ? i * dim + j : second === 'diagonal' ? i : 0)] += left
    }
}
