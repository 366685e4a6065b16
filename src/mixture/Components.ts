/**
 * The algebra of an isotropic Gaussian mixture at a noise level, in the tensor vocabulary: what `Score`, `Mixture` and
 * expectation–maximization share. A component N(c, v I) at time 0 is N(αc, u I), u = α²v + σ², at level (α, σ).
 *
 * A point enters only by its squared distances from the centres, which are taken from the differences: nothing depends on
 * where 0 is. Noise orthogonal to everything adds its squared length to all of them, and need not be drawn.
 */
import * as Elementary from '../../lib/elementary.js'
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
  squaredDistances as distances,
  sub,
  sum,
  tensor,
  type Operand,
  type Tensor
} from '../../lib/index.js'

export interface Components {
  /** [K, dim], at time 0 */
  readonly centres: Tensor
  /** [K], up to a common constant; null for equal weights */
  readonly logits: Tensor | null
  /** [K], at time 0; null for unit variances */
  readonly variances: Tensor | null
  /** The two centres are c and −c: what tells them apart is ⟨c, x⟩ alone, beside which |c|² must not be held. */
  readonly mirrored?: boolean
}

/** Each a number, or [rows, 1]. */
export interface Level {
  readonly alpha: Operand
  readonly sigma: Operand
}

/** A point as the mixture sees it. */
interface View {
  readonly dim: number
  /** α² */
  readonly energy: Operand
  /** u, [rows | 1, K | 1] */
  readonly spread: Operand
  /** |x − αc_i|², [rows, K] */
  readonly squaredDistances: Tensor
  /** log(π_i N(x; αc_i, u_i I)) up to a constant common to the components, [rows, K] */
  readonly logJoint: Tensor
}

const normsOf = (x: Tensor): Tensor => sum(square(x), 1, true)

const row = (x: Tensor): Tensor => expandDims(x, 0)

const plus = (a: Operand, b: Operand): Operand => (typeof a === 'number' && typeof b === 'number' ? a + b : add(a, b))

const squared = (a: Operand): Operand => (typeof a === 'number' ? a * a : square(a))

/** `orthogonal` is |x|² beyond that of `x` itself: [rows, 1] or a number. */
const view = (
  { centres, logits, variances, mirrored = false }: Components,
  x: Tensor,
  { alpha, sigma }: Level,
  orthogonal: Operand = 0
): View => {
  const dim = x.shape[1] ?? 0
  const energy = squared(alpha)
  const noise = squared(sigma)
  const spread = variances === null ? plus(energy, noise) : add(mul(energy, row(variances)), noise)
  const fromDrawn = distances(x, centres, alpha)
  const squaredDistances = orthogonal === 0 ? fromDrawn : add(fromDrawn, orthogonal)
  // With equal variances the orthogonal part and log u are common to the components.
  const logDensity = mirrored
    ? div(mul(alpha, matMul(x, centres, { transposeB: true })), spread)
    : variances === null
      ? mul(-0.5, div(fromDrawn, spread))
      : neg(add(mul(0.5, div(squaredDistances, spread)), mul(dim / 2, log(spread))))
  return {
    dim,
    energy,
    spread,
    squaredDistances,
    logJoint: logits === null ? logDensity : add(logDensity, row(logits))
  }
}

/** p(i | x), [rows, K] */
export const responsibilities = (components: Components, x: Tensor, level: Level): Tensor =>
  softmax(view(components, x, level).logJoint)

/** s(x) = −Σ w_i (x − αc_i)/u_i, [rows, dim] */
export const score = (components: Components, x: Tensor, level: Level): Tensor => {
  const { logJoint, spread } = view(components, x, level)
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

/**
 * |s(x)|² and div s(x), each [rows, 1], from the squared distances q_i and those between the centres: with p = w/u,
 * |s|² = Σp_i Σp_i q_i − ½α² Σ p_i p_j |c_i − c_j|², and div s = Σ p_i q_i/u_i − |s|² − d Σp_i.
 */
const moments = (components: Components, x: Tensor, level: Level, orthogonal: Operand): Moments => {
  const { dim, energy, spread, squaredDistances, logJoint } = view(components, x, level, orthogonal)
  const precision = div(softmax(logJoint), spread)
  const total = sum(precision, 1, true)
  const apart = matMul(precision, distances(components.centres, components.centres))
  const squaredScore = sub(
    mul(total, sum(mul(precision, squaredDistances), 1, true)),
    mul(mul(0.5, energy), sum(mul(precision, apart), 1, true))
  )
  const curvature = sum(mul(precision, div(squaredDistances, spread)), 1, true)
  return { squaredScore, divergence: sub(sub(curvature, squaredScore), mul(dim, total)), precision }
}

/** div s(x), [rows, 1] */
export const divergence = (components: Components, x: Tensor, level: Level): Tensor =>
  moments(components, x, level, 0).divergence

/** |s(x)|² + 2 div s(x), [rows, 1]; `orthogonal` is |x|² beyond that of `x` itself: [rows, 1] or a number. */
export const implicit = (components: Components, x: Tensor, level: Level, orthogonal: Operand = 0): Tensor => {
  const { squaredScore, divergence } = moments(components, x, level, orthogonal)
  return add(squaredScore, mul(2, divergence))
}

/** Noise z of which `drawn` is a part, [rows | 1, dim], and |z|² beyond it, orthogonal to the data less the centres: a number or [rows, 1]. */
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
  const { squaredScore, divergence, precision } = moments(components, noisy, level, beyond)
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

/** log N(x; αc_i, u_i I) of each component, [rows, K] */
export const logDensities = (components: Components, x: Tensor, level: Level): Tensor => {
  const { dim, spread, squaredDistances } = view(components, x, level)
  return neg(add(mul(0.5, div(squaredDistances, spread)), mul(dim / 2, log(mul(2 * Math.PI, spread)))))
}

/** log p(x), [rows, 1] */
export const logDensity = (components: Components, x: Tensor, level: Level): Tensor => {
  const { dim, energy, spread, logJoint } = view(components, x, level)
  const { centres, logits, variances, mirrored = false } = components
  const lengths = (): Tensor => add(normsOf(x), mul(energy, mul(0.5, sum(square(centres)))))
  const common = variances === null ? mul(-0.5, add(mirrored ? div(lengths(), spread) : 0, mul(dim, log(spread)))) : 0
  const mass = logits === null ? Elementary.log(components.centres.shape[0]) : logSumExp(logits)
  const constant = (dim / 2) * Elementary.log(2 * Math.PI)
  return sub(sub(add(logSumExp(logJoint, 1, true), common), mass), constant)
}

/** The two components ±c of the symmetric pair. */
export const pair = (mean: Tensor): Components => ({
  centres: mul(tensor([1, -1], [2, 1]), row(mean)),
  logits: null,
  variances: null,
  mirrored: true
})
