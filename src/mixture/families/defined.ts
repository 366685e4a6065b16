/** Custom covariance structures. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import { compute, fromNdArray, type Tensor } from '../../../lib/index.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import type { Field } from '../../core/index.js'
import * as Params from '../../core/params.js'
import type { MStepContext } from '../family.js'
import { changeAlongAxes } from './axes.js'
import { kthPart, pooled, type CovarianceModel } from './covariances.js'
import * as Full from './full.js'
import * as Gaussian from './gaussian.js'

export interface Scatters {
  /** W_k/n_k at time 0, row-major [d, d]; one pooled over the components if the covariance is shared. */
  readonly scatters: ReadonlyArray<Float64Array>
  readonly shares: Float64Array
  readonly dim: number
  /** Lower bound on the eigenvalues of Σ_k, which the scatters respect. */
  readonly floor: number
}

export interface CovarianceDefinition<F extends Field.Fields, Q extends string> {
  /** Per-component parameters have the components as first axis. */
  readonly shapes: (fields: Field.Of<F>) => (components: number, dim: number) => Params.Shapes<Q>
  /** L_k, Σ_k = L_k L_kᵀ, [K, d, d]; [1, d, d] if one for all. */
  readonly triangles: (fields: Field.Of<F>) => (own: Params.Tensors<NoInfer<Q>>, dim: number) => Tensor
  /**
   * Returns parameters that minimize Σ_k n_k(log|Σ_k| + tr Σ_k⁻¹S_k), or reduce it from the old ones; if these are null, the parameters
   * nearest to the scatters.
   */
  readonly fit: (
    fields: Field.Of<F>
  ) => (scatters: Scatters, old: Params.Params<NoInfer<Q>> | null) => Params.Params<NoInfer<Q>>
  /** True if all components have one covariance. */
  readonly isShared?: boolean
  /** Number of free parameters. Default: the number of entries. */
  readonly freedom?: (fields: Field.Of<F>) => (components: number, dim: number) => number
  /** Rows of a component below which its likelihood is unbounded. Default: d + 1, or 1 if the covariance is shared. */
  readonly leastRows?: (fields: Field.Of<F>) => (dim: number) => number
}

/**
 * Expected moments of noiseless rows, from masses n [K], moments W [K, d, d] of noised ones and old triangles [K, d, d]: with K = αΣS⁻¹, S
 * = α²Σ + σ²I, W about the mean becomes KWKᵀ + nσ²ΣS⁻¹ (Dempster, Laird & Rubin 1977).
 */
const denoisedMoments = (
  triangles: Float64Array,
  n: Float64Array,
  w: Float64Array,
  { level: { alpha, sigma }, dim }: MStepContext
): Float64Array => {
  const size = dim * dim
  return concatenated(
    Array.from(n, (mass, k) => {
      const own = (values: Float64Array): Float64Array => values.subarray(k * size, (k + 1) * size)
      const { values: covariance } = Factor.covarianceOfFactor({ shape: [dim, dim], values: own(triangles) }, dim)
      const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: covariance })
      const gains = values.map(v => (alpha * v) / (Elementary.square(alpha) * v + Elementary.square(sigma)))
      return changeAlongAxes(
        vectors.values,
        own(w),
        dim,
        (x, i, j) => gains[i] * gains[j] * x + (i === j ? (mass * Elementary.square(sigma) * gains[i]) / alpha : 0)
      )
    })
  )
}

/** Returns the model of a custom structure. */
export const modelOfDefinition = <F extends Field.Fields, Q extends string>(
  name: string,
  { isShared = false, ...spec }: CovarianceDefinition<F, Q>,
  fields: Field.Of<F>
): CovarianceModel<Q> => {
  const shapes = spec.shapes(fields)
  const triangles = spec.triangles(fields)
  const fit = spec.fit(fields)
  const freedom = spec.freedom?.(fields)
  const factorsOf = (own: Params.Params<Q>, count: number, dim: number): Float64Array => {
    const found = compute(() => triangles(Params.map(fromNdArray)(own), dim)).values
    return isShared ? concatenated(RA.makeBy(count, () => found)) : found
  }
  return {
    name,
    formula: name,
    second: 'full',
    isShared,
    leastRows: spec.leastRows?.(fields) ?? (dim => (isShared ? 1 : dim + 1)),
    shapes,
    ...(freedom && { freedom }),
    densities: Gaussian.evaluatedGaussians((params, x, level) =>
      Full.evaluateTriangles(params.means, triangles(params, x.shape[1] ?? 0), x, level)
    ),
    factors: (own, count, dim) => {
      const values = factorsOf(own, count, dim)
      return { variances: Factor.triangleVariances(values, dim), factors: { shape: [count, dim, dim], values } }
    },
    fit: (n, w, at, old) => {
      const { level, floor, dim } = at
      const count = n.length
      const factors = old && factorsOf(old, count, dim)
      const there =
        factors === null || (level.sigma === 0 && level.alpha === 1) ? w : denoisedMoments(factors, n, w, at)
      const total = Gaussian.sumValues(n)
      /** Old covariance of a component without mass. */
      const stays = (k: number): Float64Array =>
        factors === null
          ? kthPart(there, count, k)
          : Factor.covarianceOfFactor({ shape: [dim, dim], values: kthPart(factors, count, k) }, dim).values
      const scatters = isShared
        ? [pooled(n, there)]
        : RA.makeBy(count, k => (n[k] > 0 ? kthPart(there, count, k).map(s => s / n[k]) : stays(k)))
      const above = Math.max(floor, Number.MIN_VALUE)
      return fit(
        {
          scatters: scatters.map(
            s => Factor.covarianceOfFactor(Factor.ofClipped(s, dim, { less: 0, above }), dim).values
          ),
          shares: isShared ? Float64Array.of(1) : n.map(m => m / total),
          dim,
          floor
        },
        old
      )
    }
  }
}
