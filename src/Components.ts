/**
 * The algebra of an isotropic Gaussian mixture at a noise level, in the tensor vocabulary: what `Score`, `Mixture` and
 * expectation–maximization share. A component N(c, v I) at time 0 is N(αc, u I), u = α²v + σ², at level (α, σ).
 *
 * A point enters only by the numbers ⟨c_i, x⟩ and |x|²; |x|² may therefore be given apart from x, which is how noise
 * orthogonal to everything is accounted for without being drawn.
 */
import * as Elementary from '../lib/elementary.js'
import {
  add,
  div,
  expandDims,
  log,
  logSumExp,
  matMul,
  mul,
  neg,
  softmax,
  square,
  sub,
  sum,
  tensor,
  type Operand,
  type Tensor
} from '../lib/index.js'

export interface Components {
  /** [K, dim], at time 0 */
  readonly centres: Tensor
  /** [K], up to a common constant; null for equal weights */
  readonly logits: Tensor | null
  /** [K], at time 0; null for unit variances */
  readonly variances: Tensor | null
}

/** Each a number, or [rows, 1]. */
export interface Level {
  readonly alpha: Operand
  readonly sigma: Operand
}

/** A point as the mixture sees it. */
interface View {
  readonly dim: number
  readonly squaredNorm: Tensor
  /** α⟨c_i, x⟩, [rows, K] */
  readonly dots: Tensor
  /** u, [rows | 1, K | 1] */
  readonly spread: Operand
  /** |x − αc_i|², [rows, K] */
  readonly squaredDistances: Tensor
  /** log(π_i N(x; αc_i, u_i I)) up to a constant common to the components, [rows, K] */
  readonly logJoint: Tensor
}

const normsOf = (x: Tensor): Tensor => sum(square(x), 1, true)

const row = (x: Tensor): Tensor => expandDims(x, 0)

const view = (
  { centres, logits, variances }: Components,
  x: Tensor,
  { alpha, sigma }: Level,
  squaredNorm: Tensor
): View => {
  const dim = x.shape[1] ?? 0
  const energy = typeof alpha === 'number' ? alpha * alpha : square(alpha)
  const noise = typeof sigma === 'number' ? sigma * sigma : square(sigma)
  const dots = mul(alpha, matMul(x, centres, { transposeB: true }))
  const lengths = mul(energy, row(sum(square(centres), 1)))
  const spread = variances === null ? plus(energy, noise) : add(mul(energy, row(variances)), noise)
  const squaredDistances = add(sub(squaredNorm, mul(2, dots)), lengths)
  // With equal variances |x|² and log u are common to the components: left out, they cost no precision far from 0.
  const logDensity =
    variances === null
      ? div(sub(dots, mul(0.5, lengths)), spread)
      : neg(add(mul(0.5, div(squaredDistances, spread)), mul(dim / 2, log(spread))))
  return {
    dim,
    squaredNorm,
    dots,
    spread,
    squaredDistances,
    logJoint: logits === null ? logDensity : add(logDensity, row(logits))
  }
}

const plus = (a: Operand, b: Operand): Operand => (typeof a === 'number' && typeof b === 'number' ? a + b : add(a, b))

/** p(i | x), [rows, K] */
export const responsibilities = (components: Components, x: Tensor, level: Level): Tensor =>
  softmax(view(components, x, level, normsOf(x)).logJoint)

/** |x − αc_i|², [rows, K] */
export const squaredDistances = (components: Components, x: Tensor, level: Level): Tensor =>
  view(components, x, level, normsOf(x)).squaredDistances

/** s(x) = −Σ w_i (x − αc_i)/u_i, [rows, dim] */
export const score = (components: Components, x: Tensor, level: Level): Tensor => {
  const { logJoint, spread } = view(components, x, level, normsOf(x))
  const precision = div(softmax(logJoint), spread)
  return sub(mul(level.alpha, matMul(precision, components.centres)), mul(sum(precision, 1, true), x))
}

interface Moments {
  /** |s|² */
  readonly squaredScore: Tensor
  readonly divergence: Tensor
  /** w_i/u_i, [rows, K] */
  readonly precision: Tensor
}

/** |s(x)|² and div s(x), each [rows, 1], from the K numbers ⟨c_i, x⟩ and |x|². */
const moments = (components: Components, x: Tensor, level: Level, squaredNorm: Tensor): Moments => {
  const { dim, dots, spread, squaredDistances, logJoint } = view(components, x, level, squaredNorm)
  const precision = div(softmax(logJoint), spread)
  const total = sum(precision, 1, true)
  const pull = mul(level.alpha, matMul(precision, components.centres))
  const squaredScore = add(
    sub(mul(square(total), squaredNorm), mul(2, mul(total, sum(mul(precision, dots), 1, true)))),
    normsOf(pull)
  )
  const curvature = sum(mul(precision, div(squaredDistances, spread)), 1, true)
  return { squaredScore, divergence: sub(sub(curvature, squaredScore), mul(dim, total)), precision }
}

/** div s(x), [rows, 1] */
export const divergence = (components: Components, x: Tensor, level: Level): Tensor =>
  moments(components, x, level, normsOf(x)).divergence

/** |s(x)|² + 2 div s(x), [rows, 1]; `orthogonal` is |x|² beyond that of `x` itself: [rows, 1] or a number. */
export const implicit = (components: Components, x: Tensor, level: Level, orthogonal: Operand = 0): Tensor => {
  const { squaredScore, divergence } = moments(components, x, level, add(normsOf(x), orthogonal))
  return add(squaredScore, mul(2, divergence))
}

/** Noise z of which `drawn` is a part, [rows | 1, dim], and |z|² beyond it, orthogonal to data and centres: a number or [rows, 1]. */
export interface Noise {
  readonly drawn: Tensor
  readonly orthogonal: Operand
}

/**
 * |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ at x_t = αx_0 + σz, [rows, 1]: by Stein's identity its mean over z does not depend on h,
 * and is E|s + z/σ|² − d/σ². `denoising` is 1 − h, [rows, 1].
 */
export const mixed = (
  components: Components,
  clean: Tensor,
  level: Level,
  { drawn, orthogonal }: Noise,
  denoising: Tensor
): Tensor => {
  const noisy = add(mul(level.alpha, clean), mul(level.sigma, drawn))
  const beyond = mul(mul(level.sigma, level.sigma), orthogonal)
  const { squaredScore, divergence, precision } = moments(components, noisy, level, add(normsOf(noisy), beyond))
  const onCentres = mul(
    level.alpha,
    sum(mul(precision, matMul(drawn, components.centres, { transposeB: true })), 1, true)
  )
  const onPoint = add(sum(mul(noisy, drawn), 1, true), mul(level.sigma, orthogonal))
  const cross = sub(onCentres, mul(sum(precision, 1, true), onPoint))
  return add(
    add(squaredScore, mul(mul(2, sub(1, denoising)), divergence)),
    div(mul(mul(2, denoising), cross), level.sigma)
  )
}

/** log p(x), [rows, 1] */
export const logDensity = (components: Components, x: Tensor, level: Level): Tensor => {
  const { dim, squaredNorm, spread, logJoint } = view(components, x, level, normsOf(x))
  const { logits, variances } = components
  const common = variances === null ? mul(-0.5, add(div(squaredNorm, spread), mul(dim, log(spread)))) : 0
  const mass = logits === null ? Elementary.log(components.centres.shape[0]) : logSumExp(logits)
  const constant = (dim / 2) * Elementary.log(2 * Math.PI)
  return sub(sub(add(logSumExp(logJoint, 1, true), common), mass), constant)
}

/** The two components ±c of the symmetric pair. */
export const pair = (mean: Tensor): Components => ({
  centres: mul(tensor([1, -1], [2, 1]), row(mean)),
  logits: null,
  variances: null
})
