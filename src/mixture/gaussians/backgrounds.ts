/** Densities that belong to no component, in the tensor vocabulary: of a Cauchy about a centre, and uniform on a box. */
import {
  add,
  div,
  erf,
  fill,
  lessEqual,
  log,
  max,
  maximum,
  mul,
  neg,
  abs,
  square,
  sub,
  sum,
  where,
  min,
  stopGradient,
  split,
  type Tensor
} from '../../../lib/index.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import type { RowLevel } from '../../family/family.js'
import * as Gaussian from './gaussian.js'
import * as Terms from './precisions.js'

/** Centre and scale, [2, dim]. */
type Place = Tensor

const placeOf = (place: Place): readonly [centre: Tensor, scale: Tensor] => {
  const [centre, scale] = split(place, 2, 0)
  return [centre, scale]
}

/** N(x; αc, α² diag s² + σ²I), as t components are made of them. */
const normal = (place: Place): Terms.Gaussians => {
  const [centre, scale] = placeOf(place)
  const of = (deviation: Tensor | null, { alpha, sigma }: RowLevel): Tensor => {
    const [, dim] = scale.shape
    const u = add(mul(square(alpha), square(scale)), square(sigma))
    const logRoot = mul(-0.5, sum(log(u), 1, true))
    const squared = deviation === null ? fill([1, 1], 0) : sum(div(square(deviation), u), 1, true)
    return Gaussian.logNormal(dim, squared, logRoot)
  }
  return {
    logDensity: (x, level) => of(sub(x, mul(level.alpha, centre)), level),
    atCentre: (_, level) => of(null, level),
    least: () => stopGradient(min(square(scale)))
  }
}

const NU = (): Tensor => fill([1], 1)

/** What is left of a share of nothing. */
const LEAST = 1e-300

/** log of the density of a box with noise: Π (Φ((y + s)/σ) − Φ((y − s)/σ))/2αs by columns; it counts as nothing from some eight σ off on. */
const boxed =
  (place: Place) =>
  (x: Tensor, { alpha, sigma }: RowLevel): Tensor => {
    const [centre, scale] = placeOf(place)
    const [y, s] = [sub(x, mul(alpha, centre)), mul(alpha, scale)]
    const width = mul(Math.SQRT2, maximum(sigma, LEAST))
    const edge = (at: Tensor): Tensor => erf(div(at, width))
    const inside = mul(0.5, sub(edge(add(y, s)), edge(sub(y, s))))
    return sum(sub(log(maximum(inside, LEAST)), log(mul(2, s))), 1, true)
  }

/** log-densities at any level, [rows, 1]. */
export const atLevel = (shape: 'cauchy' | 'box', place: Place): ((x: Tensor, level: RowLevel) => Tensor) =>
  shape === 'box' ? boxed(place) : Terms.logDensity(normal(place), NU())

const cleanBox =
  (place: Place) =>
  (x: Tensor): Tensor => {
    const [centre, scale] = placeOf(place)
    const out = max(div(abs(sub(x, centre)), scale), 1, true)
    const [, dim] = scale.shape
    const peak = neg(add(sum(log(scale)), dim * Elementary.log(2)))
    // Outside it is constant too: the logarithm of a 0 that depends on x would have no derivative.
    return where(lessEqual(out, 1), add(peak, mul(0, out)), fill([x.shape[0], 1], -Infinity))
  }

/** The same at time 0. */
export const clean = ({
  cauchy,
  box
}: Readonly<Partial<Record<'cauchy' | 'box', Tensor>>>): ((x: Tensor) => Tensor) => {
  if (box !== undefined) return cleanBox(box)
  if (cauchy === undefined) return x => fill([x.shape[0], 1], -Infinity)
  const { logDensity } = { logDensity: (x: Tensor) => Terms.clean(normal(cauchy), NU())(x).logDensity }
  return logDensity
}
