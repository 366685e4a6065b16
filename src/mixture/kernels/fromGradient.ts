/**
 * What an E-step finds, read off the gradient of −E log p at time 0. By Fisher's identity that gradient is the one of the expected
 * log-likelihood of the rows with their components, which is linear in the moments: ∂logits_k = π_k − W_k, ∂c_k = −Σ_k⁻¹ E[r_k δ_k] and
 * ∂Σ_k = −½ Σ_k⁻¹(M_k − W_k Σ_k)Σ_k⁻¹, W_k = E r_k, M_k = E[r_k δ_k δ_kᵀ]. So an M-step is a step along the natural gradient.
 */
import * as Factor from '../../../lib/factor.js'
import type { NdArray } from '../../../lib/ndarray.js'
import type { Moments } from '../../score/family.js'
import { concatenated } from '../../../lib/ndarray.js'
import { factorsOf, type Drawable } from '../draw.js'

/** Σ r and Σ r δ, of the derivatives by centres [K, dim] and logits [K]. */
export const first = (
  mixture: Drawable,
  { means, logits }: { readonly means: NdArray; readonly logits: NdArray }
): Pick<Moments, 'mass' | 'sums'> => {
  const [, dim] = means.shape
  return {
    mass: mixture.weights.map((weight, k) => weight - logits.values[k]),
    sums: concatenated(
      factorsOf(mixture).map((factor, k) => {
        const { values } = Factor.covariance(factor, dim)
        const own = means.values.subarray(k * dim, (k + 1) * dim)
        return own.map((_, i) => own.reduce((sum, g, j) => sum - values[i * dim + j] * g, 0))
      })
    )
  }
}

/** Σ r δ∘δ or what of it is summed, v(n W − 2 ∂log v) of n columns, of a variance v, its derivative, and a mass W. */
export const ofVariance = (variance: number, derivative: number, mass: number, columns = 1): number =>
  variance * (columns * mass - 2 * derivative)

/** An array of as many parts as there are components, of what all of them share: each by its mass. */
export const shared = (mass: Float64Array, whole: Float64Array): Float64Array => {
  const total = mass.reduce((sum, m) => sum + m, 0)
  return concatenated(Array.from(mass, m => whole.map(x => (m / total) * x)))
}

/**
 * Σ r δδᵀ = L(W I − T)Lᵀ of a triangle L [d, d] and the derivatives by the logarithms of its diagonal and by what is below: T = 2LᵀGL,
 * whose lower half is that of Lᵀ tril(2GL).
 */
export const ofTriangle = (
  triangle: Float64Array,
  logScales: Float64Array,
  lower: Float64Array,
  mass: number
): Float64Array => {
  const dim = logScales.length
  const x = (i: number, j: number): number =>
    i === j ? logScales[i] / triangle[i * dim + i] : lower[(i * (i - 1)) / 2 + j]
  const along = new Float64Array(dim).map((_, i) => i)
  const half = (i: number, j: number): number =>
    along.subarray(i).reduce((sum, l) => sum + triangle[l * dim + i] * x(l, j), 0)
  const inner = new Float64Array(dim * dim).map((_, at) => {
    const [i, j] = [Math.floor(at / dim), at % dim]
    return (i === j ? mass : 0) - half(Math.max(i, j), Math.min(i, j))
  })
  // Rows y of a symmetric Y become L y: L Y, turned; and once more.
  const factor: NdArray = { shape: [dim, dim], values: triangle }
  const turned = (values: Float64Array): Float64Array =>
    values.map((_, at) => values[(at % dim) * dim + Math.floor(at / dim)])
  return Factor.multiply(factor, dim, turned(Factor.multiply(factor, dim, inner)))
}
