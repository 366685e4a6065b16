/** Densities of backgrounds in the tensor vocabulary. */
import {
  abs,
  add,
  div,
  erf,
  exp,
  expandDims,
  fill,
  less,
  lessEqual,
  log,
  max,
  maximum,
  min,
  minimum,
  mul,
  neg,
  split,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tensor,
  type Tensor,
  where
} from '../../../lib/index.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Quadrature from '../../../lib/numbers/quadrature.js'
import type { RowLevel } from '../family.js'
import * as Gaussian from './gaussian.js'
import * as Terms from './precisions.js'

/** [2, dim] */
type CentreAndScale = Tensor

const splitCentreAndScale = (place: CentreAndScale): readonly [centre: Tensor, scale: Tensor] => {
  const [centre, scale] = split(place, 2, 0)
  return [centre, scale]
}

/** N(αc, α² diag s² + σ²I), of which the Cauchy is a scale mixture. */
const singleGaussian = (place: CentreAndScale): Terms.PrecisionGaussians => {
  const [centre, scale] = splitCentreAndScale(place)
  const of = (deviation: Tensor | null, { alpha, sigma }: RowLevel): Tensor => {
    const [, dim] = scale.shape
    const u = add(mul(square(alpha), square(scale)), square(sigma))
    const logRoot = mul(-0.5, sum(log(u), 1, true))
    const squared = deviation === null ? fill([1, 1], 0) : sum(div(square(deviation), u), 1, true)
    return Gaussian.logNormalTensor(dim, squared, logRoot)
  }
  return {
    logDensity: (x, level) => of(sub(x, mul(level.alpha, centre)), level),
    atCentre: (_, level) => of(null, level),
    least: () => stopGradient(min(square(scale)))
  }
}

const cauchyDegrees = (): Tensor => fill([1], 1)

/** Lower bound that keeps quotients finite. */
const MIN_EDGE_NOISE = 1e-300

/** Upper bound that keeps squares finite. */
const MAX_STANDARDIZED_DISTANCE = 1e100

/** Maximum decrease of the integrand, by e⁻³⁸, for which 24 nodes are exact to rounding. */
const MAX_LOG_DECAY = 38

/**
 * Log-density of a box with noise, Π (Φ((y + s)/σ) − Φ((y − s)/σ))/2αs over columns, with small relative error. Inside it is a sum of
 * positive terms. Outside, at a = (|y| − s)/σ, it is φ(a) ∫ exp(−at − t²/2) dt over 0 ≤ t ≤ 2s/σ, by Gauss–Legendre quadrature of the part
 * that is not negligible.
 */
const noisedBoxLogDensity =
  (place: CentreAndScale) =>
  (x: Tensor, { alpha, sigma }: RowLevel): Tensor => {
    const [centre, scale] = splitCentreAndScale(place)
    const y = sub(x, mul(alpha, centre))
    const s = mul(alpha, scale)
    const deviation = maximum(sigma, MIN_EDGE_NOISE)
    const isInside = less(abs(y), s)
    const near = where(isInside, y, 0)
    const edge = (at: Tensor): Tensor => erf(div(at, mul(Math.SQRT2, deviation)))
    const inside = mul(0.5, add(edge(add(s, near)), edge(sub(s, near))))
    const away = where(isInside, 0, minimum(div(sub(abs(y), s), deviation), MAX_STANDARDIZED_DISTANCE))
    const whole = minimum(div(mul(2, s), deviation), MAX_STANDARDIZED_DISTANCE)
    const reach = minimum(
      whole,
      stopGradient(div(2 * MAX_LOG_DECAY, add(away, sqrt(add(square(away), 2 * MAX_LOG_DECAY)))))
    )
    const { nodes, weights } = Quadrature.gaussLegendre(24)(0, 1)
    const t = mul(expandDims(reach, 2), tensor(nodes, [nodes.length]))
    const falling = exp(neg(mul(t, add(expandDims(away, 2), mul(0.5, t)))))
    const integral = mul(reach, sum(mul(falling, tensor(weights, [weights.length])), 2))
    const outside = sub(log(integral), mul(0.5, add(square(away), Elementary.log(2 * Math.PI))))
    return sum(sub(where(isInside, log(inside), outside), log(mul(2, s))), 1, true)
  }

/** Log-densities at any level, [rows, 1]. */
export const backgroundLogDensity = (
  shape: 'cauchy' | 'box',
  place: CentreAndScale
): ((x: Tensor, level: RowLevel) => Tensor) =>
  shape === 'box' ? noisedBoxLogDensity(place) : Terms.studentLogDensity(singleGaussian(place), cauchyDegrees())

const cleanBox =
  (place: CentreAndScale) =>
  (x: Tensor): Tensor => {
    const [centre, scale] = splitCentreAndScale(place)
    const out = max(div(abs(sub(x, centre)), scale), 1, true)
    const [, dim] = scale.shape
    const peak = neg(add(sum(log(scale)), dim * Elementary.log(2)))
    // The logarithm of a 0 that depends on x has no derivative.
    return where(lessEqual(out, 1), add(peak, mul(0, out)), fill([x.shape[0], 1], -Infinity))
  }

/** Log-densities at time 0, [rows, 1]; −∞ without a background. */
export const cleanBackgroundLogDensity = ({
  cauchy,
  box
}: Readonly<Partial<Record<'cauchy' | 'box', Tensor>>>): ((x: Tensor) => Tensor) => {
  if (box !== undefined) return cleanBox(box)
  if (cauchy === undefined) return x => fill([x.shape[0], 1], -Infinity)
  return x => Terms.cleanStudent(singleGaussian(cauchy), cauchyDegrees())(x).logDensity
}
