/**
 * Rows that were measured with errors, as the E-step (`moments.ts`) sees them: extreme deconvolution (Bovy, Hogg & Roweis 2011). Row x_i is x_0 + e_i, x_0
 * of the mixture and e_i normal with a covariance R_i that is known. With T_ik = Σ_k + R_i a row is N(c_k, T_ik) of component k, and x_0 given it has the
 * mean c_k + K(x − c_k), K = Σ_k T_ik⁻¹, and the covariance Σ_k − KΣ_k. These moments of x_0 are those of rows without errors, of which the M-step at time 0
 * is one here, whatever the covariances. At a level (α, σ) x is αx_0 + αe + σz, T = α²(Σ + R) + σ²I and K = αΣT⁻¹. Of missing cells T has no
 * rows. Each row has triangles of its own, O(K d³), so that there is no program of it.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { dot, factorSymmetric, solveLower } from '../../../lib/arrays/linalg.js'
import { refuse } from '../../../lib/plain/refuse.js'
import type { Second } from '../family.js'
import type { Level } from '../../schedule/dynamics.js'
import { logWeight, type Component } from '../component.js'
import { secondMomentWidth } from './loops.js'
import type { Pattern, ConditionedComponents } from './patterns.js'

/** How rows see components by errors of their own. */
export interface ErrorStatistics {
  /** What is common to the rows of a pattern: αc. */
  readonly seen: (pattern: Pattern) => ConditionedComponents
  /**
   * Of the n rows from the first on, whose deviations from the k-th centre are given: |L⁻¹δ|² and log π N, then in the place of δ the mean of x_0 less its
   * own centre, and of its covariance what second moments count, a row after the other. Errors are [rows, d, d].
   */
  readonly see: (
    pattern: Pattern,
    errors: Float64Array,
    first: number,
    n: number,
    k: number,
    delta: Float64Array,
    squares: Float64Array,
    logs: Float64Array,
    rests: Float64Array
  ) => void
}

const NO_NUMBERS = new Float64Array(0)

/** Components, at time 0, as rows at a level see them. */
export const errorStatistics = (
  components: ReadonlyArray<Component>,
  second: Second,
  dim: number,
  { alpha, sigma }: Level
): ErrorStatistics => {
  if (components.some(({ nu, background }) => nu !== undefined || background !== undefined))
    return refuse('errors: rows with errors are not learned with tails or beside a background; leave out `robust`')
  const covariances = components.map(({ factor }) => Factor.covarianceOfFactor(factor, dim).values)
  const logWeights = components.map(({ weight }) => logWeight(weight))
  const t = new Float64Array(dim * dim)
  const l = new Float64Array(dim * dim)
  const y = new Float64Array(dim)
  /** V = L⁻¹αΣ[o, ·], so that Kδ = Vᵀ(L⁻¹δ) and what is left of Σ is Σ − VᵀV. */
  const v = new Float64Array(dim * dim)
  const per = secondMomentWidth(second, dim)
  return {
    seen: ({ order }) => ({
      centres: Float64Array.from(components.flatMap(({ mean }) => Array.from(order, j => alpha * mean[j]))),
      isTriangular: false,
      constants: NO_NUMBERS,
      roots: NO_NUMBERS,
      gains: NO_NUMBERS,
      rests: NO_NUMBERS
    }),
    see: ({ order, observed: o, rows }, errors, first, n, k, delta, squares, logs, rests) => {
      const own = covariances[k]
      for (let row = 0; row < n; row++) {
        const error = (rows === null ? first + row : rows[first + row]) * dim * dim
        const at = (k * n + row) * dim
        const to = k * n + row
        for (let i = 0; i < o; i++) {
          y[i] = delta[at + i]
          for (let j = 0; j <= i; j++) {
            const entry = order[i] * dim + order[j]
            t[i * o + j] = Elementary.square(alpha) * (own[entry] + errors[error + entry])
          }
          t[i * (o + 1)] += Elementary.square(sigma)
          for (let j = 0; j < dim; j++) v[i * dim + j] = alpha * own[order[i] * dim + order[j]]
        }
        const isFound = factorSymmetric(t, 0, o, l, 0)
        solveLower(l, 0, o, y, 0, 1, false)
        solveLower(l, 0, o, v, 0, dim, false)
        let logRoot = 0
        for (let i = 0; i < o; i++) logRoot += Elementary.log(l[i * (o + 1)])
        squares[to] = dot(y, 0, y, 0, o)
        // A covariance without a triangle is none: then there is no value.
        logs[to] = isFound ? logWeights[k] - logRoot - (o / 2) * Elementary.log(2 * Math.PI) - squares[to] / 2 : NaN
        for (let j = 0; j < dim; j++) {
          let mean = 0
          for (let i = 0; i < o; i++) mean += v[i * dim + j] * y[i]
          delta[at + j] = mean
        }
        if (second === 'none') continue
        rests.fill(0, to * per, (to + 1) * per)
        for (let i = 0; i < dim; i++)
          for (let j = second === 'full' ? 0 : i; j <= i; j++) {
            let left = own[order[i] * dim + order[j]]
            for (let a = 0; a < o; a++) left -= v[a * dim + i] * v[a * dim + j]
            rests[to * per + (second === 'full' ? i * dim + j : second === 'diagonal' ? i : 0)] += left
          }
      }
    }
  }
}
