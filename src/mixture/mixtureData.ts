/** The data that mixtures are of: as arrays, and as tensors of the round ones. What is done with them stands in `mixture`. */
import { type NdArray, type Operand, type Tensor } from '../../lib/index.js'

export interface Mixture {
  /** [K, dim] */
  readonly means: NdArray
  /** [K], positive or zero, summing to 1 */
  readonly weights: Float64Array
  /** Positive: [K] where Σ_k = v_k I; else the diagonals of Σ_k, [K · dim] row-major. */
  readonly variances: Float64Array
  /** Where columns are correlated, the lower triangles L_k, Σ_k = L_k L_kᵀ, [K, dim, dim]; else null. */
  readonly factors: NdArray | null
  /** ν_k, [K], of components that are multivariate t, ∞ of Gaussian ones: Σ_k are then scales, not covariances. Absent: all are Gaussian. */
  readonly tails?: Float64Array
  /** What rows of no component come from; absent: there is nothing such. */
  readonly background?: Background
}

/** A density, given and not learned, whose rows belong to no component: they make up `share` of all, and `weights` are those of the rest. */
export interface Background {
  /** In [0, 1) */
  readonly share: number
  /** A multivariate t of one degree of freedom (Cauchy) about a centre, or uniform on the box centre ± scale. */
  readonly shape: 'cauchy' | 'box'
  /** [dim] */
  readonly centre: Float64Array
  /** [dim], each > 0 */
  readonly scale: Float64Array
}

export interface IsotropicComponents {
  /** [K, dim], at time 0 */
  readonly centres: Tensor
  /** [K], up to a common constant; null for equal weights */
  readonly logits: Tensor | null
  /** [K], at time 0; null for unit variances */
  readonly variances: Tensor | null
  /** c, [1, dim], of two centres c and −c: what tells them apart is ⟨c, x⟩ alone, beside which |c|² must not be held. */
  readonly mirrored?: Tensor
}

/** z = ζB + s(x_0 − o − yB), y = x_0 Bᵀ, of centres c = o + c̃B: coordinates in the span, and s times what a row has outside it. */
export interface NoiseInSpan {
  /** B, orthonormal, [rank, dim] */
  readonly basis: Tensor
  /** o, [1, dim] */
  readonly origin: Tensor
  /** ζ, [rows, rank] */
  readonly coordinates: Tensor
  /** y, [rows, rank] */
  readonly along: Tensor
  /** |x_0 − o − yB|², [rows, 1] */
  readonly outside: Tensor
  /** s, [rows, 1]; null for 0 */
  readonly share: Tensor | null
}

/** Noise z of which `drawn` is a part, [rows | 1, dim], and |z|² beyond it, orthogonal to the data less the centres: a number or [rows, 1]. */
export interface ComponentNoise {
  readonly drawn: Tensor
  readonly orthogonal: Operand
  /** What is drawn by its coordinates, where the centres differ in the span of a basis alone. */
  readonly inSpan?: NoiseInSpan
}
