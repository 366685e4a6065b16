/**
 * Isotropic Gaussian mixtures in the tensor vocabulary. At level (α, σ) a component N(c, v I) is N(αc, u I), u = α²v + σ². Points enter
 * only by squared distances from the centres; noise orthogonal to the centres' span adds its squared length to all.
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import {
  add,
  div,
  expandDims,
  log,
  logSumExp,
  matMul,
  mul,
  softmax,
  square,
  squaredDistances as distances,
  sub,
  sum,
  tanh,
  tensor,
  withDerivativeOf,
  type Operand,
  type Tensor
} from '../../lib/index.js'
import type { IsotropicComponents, NoiseInSpan, ComponentNoise } from './mixtureData.js'
import * as Gaussian from './families/gaussian.js'

export type { IsotropicComponents, NoiseInSpan, ComponentNoise }

/** Each a number, or [rows, 1]. */
export interface LevelOperands {
  readonly alpha: Operand
  readonly sigma: Operand
}

/** Points [rows, dim] under the noised components. */
interface EvaluatedComponents {
  readonly dim: number
  /** α² */
  readonly energy: Operand
  /** u, [rows | 1, K | 1] */
  readonly noisedVariance: Operand
  /** |x − αc_i|², [rows, K] */
  readonly squaredDistances: Tensor
  /** log N(x; αc_i, u_i I) up to a common term, [rows, K] */
  readonly logDensity: Tensor
  /** The common term: a number or [rows | 1, 1], without the orthogonal part. */
  readonly common: () => Operand
  /** log π_i + `logDensity`, [rows, K] */
  readonly logJoint: Tensor
}

/** |x|² of each row, [rows, 1]. */
export const squaredRowNorms = (x: Tensor): Tensor => sum(square(x), 1, true)

const asRow = (x: Tensor): Tensor => expandDims(x, 0)

const addOperands = (a: Operand, b: Operand): Operand =>
  typeof a === 'number' && typeof b === 'number' ? a + b : add(a, b)

const squareOperand = (a: Operand): Operand => (typeof a === 'number' ? a * a : square(a))

/** `orthogonal`: squared length of x outside its coordinates, a number or [rows, 1]. */
const evaluateComponents = (
  components: IsotropicComponents,
  x: Tensor,
  level: LevelOperands,
  orthogonal: Operand = 0
): EvaluatedComponents => {
  const { centres, mirrored } = components
  const { alpha } = level
  const along = mirrored === undefined ? null : mul(alpha, matMul(x, centres, { transposeB: true }))
  const coordinateDistances = distances(x, centres, alpha)
  const lengths = (): Tensor => add(squaredRowNorms(x), mul(squareOperand(alpha), mul(0.5, sum(square(centres)))))
  return evaluateAtDistances(components, x.shape[1] ?? 0, level, {
    coordinateDistances,
    orthogonal,
    ...(along !== null && { pair: { along, lengths } })
  })
}

/**
 * Evaluates components from squared distances within the coordinates and orthogonal to them. For the pair ±c, `along` is α⟨x, ±c⟩, [rows,
 * 2], and `lengths` returns |x|² + α²|c|².
 */
const evaluateAtDistances = (
  { logits, variances }: IsotropicComponents,
  dim: number,
  { alpha, sigma }: LevelOperands,
  {
    coordinateDistances,
    orthogonal,
    pair
  }: {
    readonly coordinateDistances: Tensor
    readonly orthogonal: Operand
    readonly pair?: { readonly along: Tensor; readonly lengths: () => Tensor }
  }
): EvaluatedComponents => {
  const energy = squareOperand(alpha)
  const noise = squareOperand(sigma)
  const noisedVariance = variances === null ? addOperands(energy, noise) : add(mul(energy, asRow(variances)), noise)
  const squaredDistances = orthogonal === 0 ? coordinateDistances : add(coordinateDistances, orthogonal)
  // With equal variances the orthogonal part and log u are common.
  const logDensity =
    pair !== undefined
      ? div(pair.along, noisedVariance)
      : variances === null
        ? mul(-0.5, div(coordinateDistances, noisedVariance))
        : Gaussian.logShape(div(squaredDistances, noisedVariance), mul(-dim / 2, log(noisedVariance)))
  const common = (): Operand =>
    variances === null
      ? mul(-0.5, add(pair === undefined ? 0 : div(pair.lengths(), noisedVariance), mul(dim, log(noisedVariance))))
      : 0
  return {
    dim,
    energy,
    noisedVariance,
    squaredDistances,
    logDensity,
    common,
    logJoint: logits === null ? logDensity : add(logDensity, asRow(logits))
  }
}

/** p(i | x), [rows, K] */
export const componentResponsibilities = (components: IsotropicComponents, x: Tensor, level: LevelOperands): Tensor =>
  softmax(evaluateComponents(components, x, level).logJoint)

/** ⟨c, x⟩, t = tanh(α⟨c, x⟩/u), the difference of the pair's responsibilities, [rows, 1] each, and u. */
const pairProjection = (
  centre: Tensor,
  x: Tensor,
  { alpha, sigma }: LevelOperands
): { readonly noisedVariance: Operand; readonly along: Tensor; readonly t: Tensor } => {
  const noisedVariance = addOperands(squareOperand(alpha), squareOperand(sigma))
  const along = matMul(x, centre, { transposeB: true })
  return { noisedVariance, along, t: tanh(div(mul(alpha, along), noisedVariance)) }
}

/** s(x) = −Σ w_i (x − αc_i)/u_i, [rows, dim] */
export const isotropicScore = (components: IsotropicComponents, x: Tensor, level: LevelOperands): Tensor => {
  const { mirrored } = components
  if (mirrored !== undefined) {
    const { t, noisedVariance } = pairProjection(mirrored, x, level)
    return div(sub(mul(level.alpha, matMul(t, mirrored)), x), noisedVariance)
  }
  const { logJoint, noisedVariance } = evaluateComponents(components, x, level)
  const shareOverVariance = div(softmax(logJoint), noisedVariance)
  return sub(mul(level.alpha, matMul(shareOverVariance, components.centres)), mul(sum(shareOverVariance, 1, true), x))
}

interface ScoreMoments {
  /** |s|² */
  readonly squaredScore: Tensor
  readonly divergence: Tensor
  /** Σ w_i/u_i, [rows, 1] or a number */
  readonly total: Operand
  /** Σ w_i/u_i ⟨c_i, z⟩, [rows, 1] */
  readonly onCentres: (z: Tensor) => Tensor
}

/** Pair ±c: |s|² = (|x|² + αt (αt |c|² − 2⟨c, x⟩))/u² and div s = (α²|c|²(1 − t²)/u − d)/u. */
const pairMoments = (centre: Tensor, x: Tensor, level: LevelOperands, orthogonal: Operand): ScoreMoments => {
  const { alpha } = level
  const { noisedVariance, along, t } = pairProjection(centre, x, level)
  const towards = mul(alpha, t)
  const length = sum(square(centre))
  const norms = orthogonal === 0 ? squaredRowNorms(x) : add(squaredRowNorms(x), orthogonal)
  const squaredDistance = add(norms, mul(towards, sub(mul(length, towards), mul(2, along))))
  const bend = mul(div(mul(squareOperand(alpha), length), noisedVariance), sub(1, square(t)))
  return {
    squaredScore: div(squaredDistance, squareOperand(noisedVariance)),
    divergence: div(sub(bend, x.shape[1] ?? 0), noisedVariance),
    total: typeof noisedVariance === 'number' ? 1 / noisedVariance : div(1, noisedVariance),
    onCentres: z => div(mul(t, matMul(z, centre, { transposeB: true })), noisedVariance)
  }
}

/**
 * |s(x)|² and div s(x), [rows, 1] each, from the squared distances q_i: with p = w/u, |s|² = Σp_i Σp_i q_i − ½α² Σ p_i p_j |c_i − c_j|² and
 * div s = Σ p_i q_i/u_i − |s|² − d Σp_i.
 */
const scoreMoments = (
  components: IsotropicComponents,
  x: Tensor,
  level: LevelOperands,
  orthogonal: Operand
): ScoreMoments =>
  components.mirrored !== undefined
    ? pairMoments(components.mirrored, x, level, orthogonal)
    : isotropicScoreMoments(components, evaluateComponents(components, x, level, orthogonal))

/** Score moments by components; `shareOverVariance` is p_i/u_i, [rows, K]. */
const isotropicScoreMoments = (
  { centres }: IsotropicComponents,
  { dim, energy, noisedVariance, squaredDistances, logJoint }: EvaluatedComponents
): ScoreMoments & { readonly shareOverVariance: Tensor } => {
  const shareOverVariance = div(softmax(logJoint), noisedVariance)
  const total = sum(shareOverVariance, 1, true)
  const apart = matMul(shareOverVariance, distances(centres, centres))
  const squaredScore = sub(
    mul(total, sum(mul(shareOverVariance, squaredDistances), 1, true)),
    mul(mul(0.5, energy), sum(mul(shareOverVariance, apart), 1, true))
  )
  const curvature = sum(mul(shareOverVariance, div(squaredDistances, noisedVariance)), 1, true)
  return {
    shareOverVariance,
    squaredScore,
    divergence: sub(sub(curvature, squaredScore), mul(dim, total)),
    total,
    onCentres: z => sum(mul(shareOverVariance, matMul(z, centres, { transposeB: true })), 1, true)
  }
}

/** div s(x), [rows, 1] */
export const isotropicDivergence = (components: IsotropicComponents, x: Tensor, level: LevelOperands): Tensor =>
  scoreMoments(components, x, level, 0).divergence

/**
 * Returns |s(x)|² + 2 div s(x), [rows, 1]. `orthogonal`: squared length of the part of x outside its coordinates, a number or [rows, 1].
 * Default: 0.
 */
export const implicitLoss = (
  components: IsotropicComponents,
  x: Tensor,
  level: LevelOperands,
  orthogonal: Operand = 0
): Tensor => {
  const { squaredScore, divergence } = scoreMoments(components, x, level, orthogonal)
  return add(squaredScore, mul(2, divergence))
}

/**
 * Returns |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ at x_t = αx_0 + σz, [rows, 1]: its mean over z is E|s + z/σ|² − d/σ² for any h (Stein).
 * `denoising` is 1 − h, [rows, 1].
 */
export const steinMixedLoss = (
  components: IsotropicComponents,
  clean: Tensor,
  level: LevelOperands,
  { drawn, orthogonal, inSpan, denoising }: ComponentNoise & { readonly denoising: Tensor }
): Tensor => {
  const beyond = mul(squareOperand(level.sigma), orthogonal)
  const { squaredScore, divergence, cross } =
    inSpan !== undefined && components.mirrored === undefined
      ? momentsWithCrossInSpan(components, clean, level, { ...inSpan, orthogonal, beyond })
      : momentsWithCross(components, add(mul(level.alpha, clean), mul(level.sigma, drawn)), level, {
          drawn,
          orthogonal,
          beyond
        })
  return add(
    add(squaredScore, mul(mul(2, sub(1, denoising)), divergence)),
    div(mul(mul(2, denoising), cross), level.sigma)
  )
}

type ScoreMomentsWithCross = Pick<ScoreMoments, 'squaredScore' | 'divergence'> & { readonly cross: Tensor }

/** Squared length of the part of z that is not drawn; σ² times that. */
interface OrthogonalNoise {
  readonly orthogonal: Operand
  readonly beyond: Operand
}

const momentsWithCross = (
  components: IsotropicComponents,
  noisy: Tensor,
  level: LevelOperands,
  { drawn, orthogonal, beyond }: OrthogonalNoise & { readonly drawn: Tensor }
): ScoreMomentsWithCross => {
  const { total, onCentres, ...rest } = scoreMoments(components, noisy, level, beyond)
  const onPoint = add(sum(mul(noisy, drawn), 1, true), mul(level.sigma, orthogonal))
  return { ...rest, cross: sub(mul(level.alpha, onCentres(drawn)), mul(total, onPoint)) }
}

/** Moments of the score by coordinates in the span, x_t − αc = (αy + σζ − αc̃)B + (α + σs)(x_0 − o − yB), in `rank` operations per row. */
const momentsWithCrossInSpan = (
  components: IsotropicComponents,
  clean: Tensor,
  level: LevelOperands,
  { basis, origin, coordinates, along, outside, share, orthogonal, beyond }: NoiseInSpan & OrthogonalNoise
): ScoreMomentsWithCross => {
  const { centres } = components
  const { alpha, sigma } = level
  const onto = (x: Tensor): Tensor => matMul(x, centres, { transposeB: true })
  const there = matMul(centres, basis, { transposeB: true })
  const dataOn = onto(clean)
  const basisOn = onto(basis)
  const spanOn = matMul(coordinates, basisOn)
  const rest = (): Tensor => sub(sub(dataOn, onto(origin)), matMul(along, basisOn))
  const noiseOn = share === null ? spanOn : add(spanOn, mul(share, rest()))
  const noisy = add(mul(alpha, along), mul(sigma, coordinates))
  const lengths = asRow(mul(0.5, sum(square(centres), 1)))
  const onCentres = sub(add(mul(alpha, dataOn), mul(sigma, noiseOn)), mul(alpha, lengths))
  const coordinateDistances = withDerivativeOf(distances(noisy, there, alpha), mul(mul(-2, alpha), onCentres))
  const scale = share === null ? alpha : add(alpha, mul(sigma, share))
  const { shareOverVariance, total, ...moments } = isotropicScoreMoments(
    components,
    evaluateAtDistances(components, clean.shape[1] ?? 0, level, {
      coordinateDistances,
      orthogonal: add(mul(square(scale), outside), beyond)
    })
  )
  // ⟨x_t − αo, z⟩, and ⟨c − o, z⟩
  const own = sum(mul(noisy, coordinates), 1, true)
  const drawn = share === null ? own : add(own, mul(mul(scale, share), outside))
  const onPoint = add(drawn, mul(sigma, orthogonal))
  const onNoise = withDerivativeOf(matMul(coordinates, there, { transposeB: true }), noiseOn)
  return { ...moments, cross: sub(mul(alpha, sum(mul(shareOverVariance, onNoise), 1, true)), mul(total, onPoint)) }
}

/** log N(x; αc_i, u_i I) of each component, [rows, K] */
export const componentLogDensities = (components: IsotropicComponents, x: Tensor, level: LevelOperands): Tensor => {
  const { dim, logDensity, common } = evaluateComponents(components, x, level)
  return sub(add(logDensity, common()), Gaussian.logNormalConstant(dim))
}

/** log p(x), [rows, 1] */
export const isotropicLogDensity = (components: IsotropicComponents, x: Tensor, level: LevelOperands): Tensor => {
  const { dim, logJoint, common } = evaluateComponents(components, x, level)
  const { centres, logits } = components
  const mass = logits === null ? Elementary.log(centres.shape[0]) : logSumExp(logits)
  return sub(sub(add(logSumExp(logJoint, 1, true), common()), mass), Gaussian.logNormalConstant(dim))
}

/** Components ±c of the symmetric pair. */
export const symmetricComponents = (mean: Tensor): IsotropicComponents => ({
  centres: mul(tensor([1, -1], [2, 1]), asRow(mean)),
  logits: null,
  variances: null,
  mirrored: asRow(mean)
})
