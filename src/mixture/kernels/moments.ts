/**
 * The E-step of Gaussian components in plain loops, a row at a time: for families that say which mixture they are. In the
 * tensor vocabulary the same takes some ten to a hundred times as long on a few hundred rows; a law holds the two together.
 */
import * as Elementary from '../../../lib/elementary.js'
import type { Moments, Second } from '../../score/family.js'

/** N(c_k, F_k F_kᵀ): `factor` is a number, a diagonal [d], or a lower triangle [d·d], as its length says. */
export interface Component {
  /** log π_k − log |F_k| − (d/2) log 2π */
  readonly constant: number
  readonly centre: Float64Array
  readonly factor: Float64Array
}

/** y = F⁻¹ δ into `out`; returns |y|². */
const whiten = (factor: Float64Array, delta: Float64Array, at: number, dim: number, out: Float64Array): number => {
  let squared = 0
  for (let i = 0; i < dim; i++) {
    let y = delta[at + i]
    if (factor.length === dim * dim && dim > 1) {
      for (let j = 0; j < i; j++) y -= factor[i * dim + j] * out[j]
      y /= factor[i * dim + i]
    } else y /= factor[factor.length === 1 ? 0 : i]
    out[i] = y
    squared += y * y
  }
  return squared
}

/** −Σ w log p(x), and the moments of δ = x − c_k, for rows whose weights sum to 1. */
export const moments = (
  components: ReadonlyArray<Component>,
  second: Second,
  { rows, dim, values }: { readonly rows: number; readonly dim: number; readonly values: Float64Array },
  weights: Float64Array
): Moments & { readonly value: number } => {
  const count = components.length
  const per = { none: 0, trace: 1, diagonal: dim, full: dim * dim }[second]
  const mass = new Float64Array(count)
  const sums = new Float64Array(count * dim)
  const out = new Float64Array(count * per)
  const delta = new Float64Array(count * dim)
  const logs = new Float64Array(count)
  const white = new Float64Array(dim)
  let value = 0
  for (let row = 0; row < rows; row++) {
    let top = -Infinity
    for (let k = 0; k < count; k++) {
      const { constant, centre, factor } = components[k]
      for (let j = 0; j < dim; j++) delta[k * dim + j] = values[row * dim + j] - centre[j]
      logs[k] = constant - whiten(factor, delta, k * dim, dim, white) / 2
      if (logs[k] > top) top = logs[k]
    }
    let total = 0
    for (let k = 0; k < count; k++) total += logs[k] = Elementary.exp(logs[k] - top)
    value -= weights[row] * (top + Elementary.log(total))
    for (let k = 0; k < count; k++) {
      const r = (weights[row] * logs[k]) / total
      if (r === 0) continue
      mass[k] += r
      const at = k * dim
      for (let i = 0; i < dim; i++) {
        const pulled = r * delta[at + i]
        sums[at + i] += pulled
        if (second === 'trace') out[k] += pulled * delta[at + i]
        else if (second === 'diagonal') out[at + i] += pulled * delta[at + i]
        else if (second === 'full') for (let j = 0; j <= i; j++) out[(at + i) * dim + j] += pulled * delta[at + j]
      }
    }
  }
  if (second === 'full')
    for (let k = 0; k < count; k++)
      for (let i = 0; i < dim; i++)
        for (let j = 0; j < i; j++) out[(k * dim + j) * dim + i] = out[(k * dim + i) * dim + j]
  return { value, mass, sums, second: out }
}
