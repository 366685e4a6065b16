/**
 * The moments that rows without noise are expected to have, given those with it and the old parameters: with K = αΣS⁻¹, S = α²Σ + σ²I, W about
 * the mean becomes KWKᵀ + nσ²ΣS⁻¹. An M-step at time 0 on them is one at the level, whatever the covariances (Dempster, Laird & Rubin 1977).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import type { At } from '../family.js'
import { changedAlong } from './axes.js'

/** Of masses n [K] and W [K, d, d], by the old triangles [K, d, d]. */
export const moments = (
  triangles: Float64Array,
  n: Float64Array,
  w: Float64Array,
  { level: { alpha, sigma }, dim }: At
): Float64Array => {
  const size = dim * dim
  const out = new Float64Array(w.length)
  for (let k = 0; k < n.length; k++) {
    const own = (values: Float64Array): Float64Array => values.subarray(k * size, (k + 1) * size)
    const { values: covariance } = Factor.covariance({ shape: [dim, dim], values: own(triangles) }, dim)
    const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: covariance })
    const gains = values.map(v => (alpha * v) / (Elementary.square(alpha) * v + Elementary.square(sigma)))
    const there = changedAlong(
      vectors.values,
      own(w),
      dim,
      (x, i, j) => gains[i] * gains[j] * x + (i === j ? (n[k] * Elementary.square(sigma) * gains[i]) / alpha : 0)
    )
    out.set(there, k * size)
  }
  return out
}
