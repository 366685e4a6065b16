/** Multivariate t in the tensor vocabulary: in closed form without noise, otherwise by the trapezoid rule in log g. */
import {
  add,
  div,
  exp,
  expandDims,
  greater,
  log,
  log1p,
  logGamma,
  logSumExp,
  max,
  maximum,
  min,
  minimum,
  mul,
  neg,
  ones,
  range,
  reciprocal,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  where,
  zeros,
  type Tensor
} from '../../../lib/index.js'
import { EXPANSION_FROM } from '../../../lib/numbers/gammaRatio.js'
import type { RowLevel } from '../family.js'

/** N(αc_k, α²Σ_k + σ²I) from which t components are built. */
export interface PrecisionGaussians {
  /** [rows, K] */
  readonly logDensity: (x: Tensor, level: RowLevel) => Tensor
  /** Log-densities at the centres, [rows | 1, K]. */
  readonly atCentre: (rows: number, level: RowLevel) => Tensor
  /** Lower bound of all variances, []. */
  readonly least: () => Tensor
}

/** ν as [1, K], or as [1, 1] if common. */
const asRowTensor = (nu: Tensor): Tensor => reshape(nu, [1, -1])

/** log Γ((ν + d)/2) − log Γ(ν/2) − (d/2) log(ν/2). */
const logPeakTensor = (nu: Tensor, dim: number): Tensor => {
  const most = 2 * EXPANSION_FROM
  // Both branches have finite derivatives, chosen or not.
  const small = minimum(nu, most)
  const plain = sub(
    sub(logGamma(mul(0.5, add(small, dim))), logGamma(mul(0.5, small))),
    mul(dim / 2, log(mul(0.5, small)))
  )
  return where(greater(nu, most), logPeakExpanded(maximum(nu, most), dim), plain)
}

/** (x + h − ½) log(1 + h/x) − h + r(x + h) − r(x), x = ν/2, h = d/2, r the remainder of Stirling's formula. */
const logPeakExpanded = (nu: Tensor, dim: number): Tensor => {
  const x = mul(0.5, nu)
  const h = dim / 2
  const remainder = (at: Tensor): Tensor => {
    const inverse = reciprocal(at)
    return mul(inverse, add(1 / 12, mul(square(inverse), add(-1 / 360, mul(1 / 1260, square(inverse))))))
  }
  const main = sub(mul(add(x, h - 0.5), log1p(div(h, x))), h)
  return add(main, sub(remainder(add(x, h)), remainder(x)))
}

const rowLevel = (alpha: Tensor, sigma: Tensor): RowLevel => ({ alpha, sigma })

const cleanLevel = (): RowLevel => rowLevel(ones([1, 1]), zeros([1, 1]))

/** Log-densities without noise, and E[g | x], [rows, K]. */
export const cleanStudent =
  ({ logDensity, atCentre }: Pick<PrecisionGaussians, 'logDensity' | 'atCentre'>, nus: Tensor) =>
  (x: Tensor): Readonly<Record<'logDensity' | 'counts', Tensor>> => {
    const dim = x.shape[1] ?? 0
    const nu = asRowTensor(nus)
    const peak = atCentre(1, cleanLevel())
    const squared = mul(2, sub(peak, logDensity(x, cleanLevel())))
    const more = add(nu, dim)
    return {
      logDensity: sub(add(peak, logPeakTensor(nu, dim)), mul(mul(0.5, more), log1p(div(squared, nu)))),
      counts: div(more, add(nu, squared))
    }
  }

/**
 * Number of precisions per row, for all digits of two derivatives, except for ν ≥ 100 and rows beyond 20 σ under noise far above α√Σ. The
 * trapezoid rule converges like e^{−π²/h} for integrands that decrease like e^{−e^y}, so steps are even in u, y = p + u − e^{−(u + 2)}, p
 * the density's last change of slope.
 */
const PRECISION_NODES = 128

/** The 2 in u − e^{−(u + 2)}. */
const BEND = 2

/** Distance in log g below which a density that decreases like e^{exponent·y/2} is negligible. */
const lowerTailDepth = (exponent: Tensor): Tensor => add(div(55, exponent), div(10.5, sqrt(exponent)))

/** Log-densities of t components at any level, [rows, K]. */
export const studentLogDensity =
  (gaussians: PrecisionGaussians, nus: Tensor) =>
  (x: Tensor, { alpha, sigma }: RowLevel): Tensor => {
    const [rows, dim] = x.shape
    const nu = asRowTensor(nus)
    const column = (of: Tensor): Tensor => mul(of, ones([rows, 1]))
    const a = column(alpha)
    const s = column(sigma)
    // No gradient flows through the rule's end points, which do not affect its value.
    const still = rowLevel(stopGradient(a), zeros([rows, 1]))
    const far = stopGradient(
      maximum(mul(2, sub(gaussians.atCentre(rows, still), gaussians.logDensity(stopGradient(x), still))), dim)
    )
    const n = stopGradient(nu)
    const tail = log(div(add(n, dim), add(n, far)))
    const ratio = div(
      mul(square(stopGradient(a)), stopGradient(gaussians.least())),
      maximum(square(stopGradient(s)), 1e-300)
    )
    const place = maximum(minimum(tail, log(minimum(ratio, 1))), sub(tail, lowerTailDepth(n)))
    const fall = lowerTailDepth(add(n, dim))
    const p = min(mul(place, ones([rows, 1])), 1, true)
    const first = min(maximum(sub(-BEND, log(add(1, fall))), neg(fall)), 1, true)
    const rise = sub(max(mul(log(add(1, lowerTailDepth(n))), ones([1, 1])), 1, true), p)
    const last = add(rise, exp(sub(-BEND, rise)))
    const h = mul(sub(last, first), 1 / (PRECISION_NODES - 1))
    // [rows, nodes]
    const u = add(first, mul(h, reshape(range(0, PRECISION_NODES), [1, PRECISION_NODES])))
    const bend = exp(sub(-BEND, u))
    const y = add(p, sub(u, bend))
    const g = exp(y)
    const flat = (of: Tensor): Tensor => reshape(mul(of, ones([rows, PRECISION_NODES])), [rows * PRECISION_NODES, 1])
    const there = rowLevel(flat(a), flat(mul(s, sqrt(g))))
    const again = reshape(mul(expandDims(x, 1), ones([1, PRECISION_NODES, 1])), [rows * PRECISION_NODES, dim])
    const nodes = (of: Tensor): Tensor => reshape(of, [rows, PRECISION_NODES, -1])
    // With S = α²Σ + gσ²I these are N(x; αc, S/g).
    const peak = gaussians.atCentre(rows * PRECISION_NODES, there)
    const deep = sub(peak, gaussians.logDensity(again, there))
    const yy = expandDims(y, 2)
    const gg = expandDims(g, 2)
    const normal = sub(add(nodes(peak), mul(dim / 2, yy)), mul(gg, nodes(deep)))
    const half = expandDims(mul(0.5, nu), 0)
    const prior = add(sub(mul(half, log(half)), logGamma(half)), mul(half, sub(yy, gg)))
    const steps = expandDims(add(log1p(bend), log(h)), 2)
    return logSumExp(add(add(normal, prior), steps), 1)
  }
