/** Data types of mixtures: as arrays, and as tensors for isotropic ones. The operations are in `mixture`. */
import { type NdArray, type Operand, type Tensor } from '../../lib/index.js'

export interface Mixture {
  /** [K, dim] */
  readonly means: NdArray
  /** [K], positive or zero, summing to 1 */
  readonly weights: Float64Array
  /** Positive. [K] if Σ_k = v_k I; otherwise the diagonals of Σ_k, [K · dim] row-major. */
  readonly variances: Float64Array
  /** Lower triangles L_k with Σ_k = L_k L_kᵀ, [K, dim, dim], if columns are correlated; otherwise null. */
  readonly factors: NdArray | null
  /** ν_k, [K], if some components are multivariate t, whose Σ_k are then scale matrices; ∞ for Gaussian ones. Absent if all are Gaussian. */
  readonly tails?: Float64Array
  /** Density of rows that belong to no component; absent if there is none. */
  readonly background?: Background
}

/**
 * A fixed density for rows that belong to no component. Its weight is `share`; `weights` are those of the components given a row is not
 * from it.
 */
export interface Background {
  /** In [0, 1) */
  readonly share: number
  /** A multivariate t with one degree of freedom (Cauchy) about the centre, or uniform on the box centre ± scale. */
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
  /**
   * c, [1, dim], if the two centres are c and −c. Their responsibilities depend on ⟨c, x⟩ alone; computed from distances, it would lose
   * digits to |c|².
   */
  readonly mirrored?: Tensor
}

/** Noise z = ζB + s(x_0 − o − yB), y = x_0 Bᵀ, for centres c = o + c̃B: coordinates in the span, plus s times the row's part outside it. */
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
 * Noise z: a part `drawn`, [rows | 1, dim], and the squared length of the rest, which is orthogonal to the data less the centres: a number
 * or [rows, 1].
 */
export interface ComponentNoise {
  readonly drawn: Tensor
  readonly orthogonal: Operand
  /** `drawn` by its coordinates, if the differences of the centres lie in the span of a known basis. */
  readonly inSpan?: NoiseInSpan
}
