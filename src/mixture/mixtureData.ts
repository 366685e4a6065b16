/** Data types of mixtures, as arrays and, for isotropic ones, as tensors. */
import { type NdArray, type Operand, type Tensor } from '../../lib/index.js'

export interface Mixture {
  /** [K, dim] */
  readonly means: NdArray
  /** [K], ≥ 0, summing to 1 */
  readonly weights: Float64Array
  /** > 0. [K] if Σ_k = v_k I; otherwise the diagonals of Σ_k, [K · dim] row-major. */
  readonly variances: Float64Array
  /** Lower triangles L_k, Σ_k = L_k L_kᵀ, [K, dim, dim]; null if no columns are correlated. */
  readonly factors: NdArray | null
  /** ν_k, [K], of multivariate t components with scale matrices Σ_k; ∞ for Gaussian ones. Absent if all are Gaussian. */
  readonly tails?: Float64Array
  readonly background?: Background
}

/** A fixed density for rows that belong to no component; the mixture's `weights` are conditional on a component. */
export interface Background {
  /** In [0, 1) */
  readonly share: number
  /** A multivariate t with ν = 1 about the centre, or uniform on centre ± scale. */
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
  /** c, [1, dim], if the centres are ±c: distances would lose digits to |c|², so responsibilities use ⟨c, x⟩. */
  readonly mirrored?: Tensor
}

/** Noise z = ζB + s(x_0 − o − yB), y = x_0 Bᵀ, for centres c = o + c̃B. */
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

/**
 * Noise z: a part `drawn`, [rows | 1, dim], and the squared length of the rest, orthogonal to the data less the centres, a number or [rows,
 * 1].
 */
export interface ComponentNoise {
  readonly drawn: Tensor
  readonly orthogonal: Operand
  /** `drawn` by coordinates, if a basis of the centres' differences is known. */
  readonly inSpan?: NoiseInSpan
}
