/**
 * Projected noise for isotropic mixtures: responsibilities depend on noise only by its projection on the centres' differences and, with
 * unequal variances, its squared length.
 */
import { exp, log, norm } from '../../lib/numbers/elementary.js'
import { type NdArray } from '../../lib/index.js'
import { rowSpace } from '../../lib/arrays/linalg.js'
import type * as Params from '../core/params.js'
import type * as Family from './family.js'
import type { Mixture } from './mixtureData.js'
import type { Level } from '../schedule/schedule.js'
import * as Components from './components.js'

/** Orthonormal basis [rank, dim] of the centres' differences, and the centres' part outside it. */
export interface Basis {
  readonly rank: number
  readonly vectors: Float64Array
  /** [dim]; not used for full noise. */
  readonly origin: Float64Array
}

/** Basis of the rows' span, and the part of `point` orthogonal to it. */
export const basisOf = (span: NdArray, point: Float64Array): Basis => {
  const dim = point.length
  const { shape, values } = rowSpace(span)
  const vectors = Array.from({ length: shape[0] }, (_, j) => values.subarray(j * dim, (j + 1) * dim))
  const origin = vectors.reduce((rest, vector) => {
    const length = rest.reduce((sum, x, j) => sum + x * vector[j], 0)
    return rest.map((x, j) => x - length * vector[j])
  }, point)
  return { rank: shape[0], vectors: values, origin }
}

/** Differences from the first centre; for a pair ±c they span c. */
const centreDifferences = ({ means: { shape, values } }: Mixture): NdArray => {
  const [count, dim] = shape
  return { shape: [count - 1, dim], values: values.map((c, at) => values[at % dim] - c).subarray(dim) }
}

const meanCentre = ({ means: { shape, values } }: Mixture): Float64Array => {
  const [count, dim] = shape
  const each = Array.from({ length: count }, (_, k) => k * dim)
  return values.subarray(0, dim).map((_, j) => each.reduce((sum, at) => sum + values[at + j], 0) / count)
}

/** Returns b = ασ|c|/(α²v + σ²): the pair's responsibilities depend on noise by ⟨αc, x⟩/u, u = α²v + σ². */
export const pairSlope = ({ means: { values }, variances }: Mixture): ((level: Level) => number) => {
  const length = norm(values.subarray(0, values.length / 2))
  return ({ alpha, sigma }) => (alpha * sigma * length) / (alpha * alpha * variances[0] + sigma * sigma)
}

/** `free`: weights and variances are parameters; otherwise they are equal. */
interface NoiseDraw {
  readonly free: boolean
  readonly dim: number
  readonly rank: number
  readonly antithetic: boolean
}

/**
 * Returns c = 1 − h, the weight of the denoising form in |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ, for which projected noise gives the gradient
 * the least variance, if components are well separated and the mixture is the true one. For a component with u = α²v + σ², p = α²v/u, q =
 * σ²/u, the summed variance of the derivatives by the mean (in units of √v) and by log v is, up to a factor,
 *
 *     (v/u³) [(r u + 2dpσ²)(c − q)² + dp²u (c − 2q)²],
 *
 * r the number of directions drawn, and d = r if the length of the rest is not drawn. The terms with u cancel for antithetic draws. c
 * minimizes the mean over the components: q for unit variances.
 */
export const denoisingShare = (
  { weights, variances }: Mixture,
  { free, dim, rank, antithetic }: NoiseDraw
): ((level: Level) => number) => {
  const logits = weights.map(log)
  const greatest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity)
  const masses = logits.map(logit => exp(logit - greatest))
  return ({ alpha, sigma }) => {
    const signal = alpha * alpha
    const noise = sigma * sigma
    const all = Array.from(variances, (v, k) => {
      const u = signal * v + noise
      const p = (signal * v) / u
      const q = noise / u
      if (!free) return { once: 1, twice: 0, q }
      const scale = (masses[k] * v) / (u * u * u)
      // For antithetic draws the common factor α²σ², 0 at the ends of a schedule, is left out.
      return antithetic
        ? { once: (scale * v) / u, twice: 0, q }
        : { once: scale * (rank * u + 2 * dim * p * noise), twice: scale * dim * p * p * u, q }
    })
    const total = (of: (one: (typeof all)[number]) => number): number => all.reduce((sum, one) => sum + of(one), 0)
    return Math.min(1, total(({ once, twice, q }) => (once + 2 * twice) * q) / total(({ once, twice }) => once + twice))
  }
}

/** Projection of an isotropic family. */
export const isotropicProjection = <P extends string>(
  { free, seesNorm }: Pick<NoiseDraw, 'free'> & { readonly seesNorm: boolean },
  components: (params: Params.Tensors<P>) => Components.IsotropicComponents,
  mixtureOf: (params: Params.Params<P>) => Mixture
): Omit<Family.Projection<P>, 'slope'> => ({
  span: params => centreDifferences(mixtureOf(params)),
  origin: params => meanCentre(mixtureOf(params)),
  seesNorm,
  denoisingShare: (params, { dim, rank, antithetic }) => {
    const drawn = Math.max(1, rank)
    return denoisingShare(mixtureOf(params), { free, dim: seesNorm ? dim : drawn, rank: drawn, antithetic })
  },
  implicit: (params, x, level, orthogonal) => Components.implicitLoss(components(params), x, level, orthogonal),
  mixed: (params, clean, level, noise) => Components.steinMixedLoss(components(params), clean, level, noise)
})
