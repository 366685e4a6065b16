/**
 * Moments of the E-step from the gradient of −E log p at time 0, which by Fisher's identity is linear in W_k = E r_k, E[r_k δ_k] and M_k =
 * E[r_k δ_k δ_kᵀ]: ∂logits_k = π_k − W_k, ∂c_k = −Σ_k⁻¹ E[r_k δ_k], ∂Σ_k = −½ Σ_k⁻¹(M_k − W_k Σ_k)Σ_k⁻¹. So an M-step is a step along the
 * natural gradient.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { multiplySquare, symmetricEigen, transposed } from '../../../lib/arrays/linalg.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'
import type { Level } from '../../schedule/schedule.js'
import type { Moments, Second } from '../family.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { factorsOf } from '../component.js'
import type { Mixture } from '../mixtureData.js'

/** Returns Σ r [K] and Σ r δ [K, dim] from the derivatives by centres [K, dim] and logits [K]. */
export const firstMoments = (
  mixture: Mixture,
  { means, logits }: { readonly means: NdArray; readonly logits: NdArray }
): Pick<Moments, 'mass' | 'sums'> => {
  const [, dim] = means.shape
  return {
    mass: mixture.weights.map((weight, k) => weight - logits.values[k]),
    sums: concatenated(
      factorsOf(mixture).map((factor, k) => {
        const { values } = Factor.covarianceOfFactor(factor, dim)
        const own = means.values.subarray(k * dim, (k + 1) * dim)
        return own.map((_, i) => own.reduce((sum, g, j) => sum - values[i * dim + j] * g, 0))
      })
    )
  }
}

/** Second moment v(n W − 2 ∂log v) of a variance v that n columns share, from its derivative and the effective count W. */
export const ofVariance = (variance: number, derivative: number, mass: number, columns = 1): number =>
  variance * (columns * mass - 2 * derivative)

/** Divides pooled moments among the components by their effective counts. */
export const sharedByMass = (mass: Float64Array, whole: Float64Array): Float64Array => {
  const total = mass.reduce((sum, m) => sum + m, 0)
  return concatenated(Array.from(mass, m => whole.map(x => (m / total) * x)))
}

/**
 * Σ r δδᵀ = L(W I − T)Lᵀ for a lower triangle L [d, d], from the derivatives by its log diagonal and by the entries below: the lower half
 * of T = 2LᵀGL is that of Lᵀ tril(2GL).
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
    const i = Math.floor(at / dim)
    const j = at % dim
    return (i === j ? mass : 0) - half(Math.max(i, j), Math.min(i, j))
  })
  // L (L Y)ᵀ for symmetric Y, row by row.
  const factor: NdArray = { shape: [dim, dim], values: triangle }
  return Factor.multiplyFactor(factor, dim, transposed(Factor.multiplyFactor(factor, dim, inner), dim))
}

const conjugated = (basis: Float64Array, x: Float64Array, dim: number): Float64Array =>
  multiplySquare(multiplySquare(basis, x, dim), transposed(basis, dim), dim)

/**
 * Moments at a noise level from the score-matching gradient, given the moments (`likelihood`) that it would imply as the gradient of −E log
 * p at time 0. With P = S⁻¹, S = α²Σ + σ², and X = M − W S, EM follows the part −½∂L/∂m = W P²(m' − m) and −½∂L/∂S = ½(P Z + Z P), Z = P X
 * P. In the axes of Σ, with eigenvalues λ and s, Σ r δ is ½(s²/λα) and X_ij = (s_i s_j)² / (2α² λ_i λ_j (s_i + s_j)) times the value at
 * time 0. The rest, from overlapping components, is the correction of Shah, Chen & Klivans (2023).
 */
export const matched = (second: Second, mixture: Mixture, likelihood: Moments, { alpha, sigma }: Level): Moments => {
  const [count, dim] = mixture.means.shape
  const at = (variance: number): number => Elementary.square(alpha) * variance + Elementary.square(sigma)
  const width = likelihood.second.length / count
  const ofOne = factorsOf(mixture).map((factor, k) => {
    const mass = mixture.weights[k]
    const { values: covariance } = Factor.covarianceOfFactor(factor, dim)
    const { values: axes, vectors } = symmetricEigen({ shape: [dim, dim], values: covariance })
    const own = likelihood.sums.subarray(k * dim, (k + 1) * dim)
    const along = axes.map((variance, i) => {
      let sum = 0
      for (let j = 0; j < dim; j++) sum += vectors.values[i * dim + j] * own[j]
      return (Elementary.square(at(variance)) / (2 * variance * alpha)) * sum
    })
    const sums = own.map((_, j) => along.reduce((sum, y, i) => sum + y * vectors.values[i * dim + j], 0))
    const gain = (v: number, w: number): number =>
      Elementary.square(at(v) * at(w)) / (2 * Elementary.square(alpha) * v * w * (at(v) + at(w)))
    const found = likelihood.second.subarray(k * width, (k + 1) * width)
    const had = likelihood.mass[k]
    if (second !== 'full') {
      const columns = second === 'trace' ? dim : 1
      return {
        sums,
        second: found.map((m, j) => {
          const v = covariance[j * (dim + 1)]
          return mass * columns * at(v) + gain(v, v) * (m - had * columns * v)
        })
      }
    }
    const excess = found.map((m, entry) => m - had * covariance[entry])
    const inAxes = conjugated(vectors.values, excess, dim).map((x, entry) => {
      const i = Math.floor(entry / dim)
      const j = entry % dim
      return gain(axes[i], axes[j]) * x + (i === j ? mass * at(axes[i]) : 0)
    })
    return { sums, second: conjugated(transposed(vectors.values, dim), inAxes, dim) }
  })
  return {
    mass: mixture.weights,
    sums: concatenated(ofOne.map(({ sums }) => sums)),
    second: concatenated(ofOne.map(({ second }) => second))
  }
}
