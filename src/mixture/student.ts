/**
 * Multivariate t: N(c, Σ/g) with a precision g for each row, Gamma distributed with shape ν/2 and mean 1. Its density is Γ((ν +
 * d)/2)/Γ(ν/2) |Σ|^{−1/2} (νπ)^{−d/2} (1 + q/ν)^{−(ν + d)/2}, q = (x − c)ᵀΣ⁻¹(x − c); E[g | x] = (ν + d)/(ν + q), and E[log g | x] = ψ((ν +
 * d)/2) − log((ν + q)/2) (Lange, Little & Taylor 1989). With noise a trapezoid rule in log g converges to all digits, as the integrand is
 * analytic and vanishes at both ends.
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import * as ChiSquared from '../../lib/numbers/chiSquared.js'
import * as Normal from '../../lib/numbers/normal.js'
import { logGamma, logLessDigamma } from '../../lib/numbers/gamma.js'
import { EXPANSION_FROM, logGammaDeficit, logGammaRatio } from '../../lib/numbers/gammaRatio.js'
import { isGaussian, ofComponents, componentsAndBackground, type Component } from './component.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Mixture } from './mixtureData.js'

/** Lower bound on ν. */
export const MIN_DEGREES = 0.5

/** Upper bound on ν, above which a t is indistinguishable from a Gaussian. */
export const MAX_DEGREES = 300

/** Log-ratio of a t's peak density to that of the Gaussian with equal scale. */
export const logPeakRatio = (nu: number, dim: number): number => logGammaRatio(nu / 2, dim / 2)

/** Returns ψ((ν + d)/2) − log((ν + d)/2) = E[log g | x] − log E[g | x]. */
export const meanLogPrecisionGap = (nu: number, dim: number): number => -logLessDigamma((nu + dim) / 2)

/** Relative tolerance of ν. */
const DEGREES_TOLERANCE = 1e-12

/**
 * Returns the maximum-likelihood ν, in [½, 300], from the mean of E[log g] − E[g] over rows: the root of log(ν/2) − ψ(ν/2) + 1 + mean,
 * which decreases.
 */
export const likeliestNu = (mean: number): number => {
  const slope = (nu: number): number => logLessDigamma(nu / 2) + 1 + mean
  if (!(slope(MIN_DEGREES) > 0)) return MIN_DEGREES
  if (!(slope(MAX_DEGREES) < 0)) return MAX_DEGREES
  let below = MIN_DEGREES
  let above = MAX_DEGREES
  while (above - below > DEGREES_TOLERANCE * above) {
    const middle = (below + above) / 2
    if (slope(middle) > 0) below = middle
    else above = middle
  }
  return (below + above) / 2
}

/** log g above which its prior density is negligible. */
const upperLogPrecision = (nu: number): number => Elementary.log1p(55 / nu + 10.5 / Math.sqrt(nu))

/** Distance in log g below its last change of slope at which a density that decreases like e^{exponent·y/2} is negligible. */
const logPrecisionDepth = (exponent: number): number => 55 / exponent + 10.5 / Math.sqrt(exponent)

/** Step for ten digits, from experiments with ν from 1 to 100 in 2 and 8 columns. */
const logPrecisionStep = (nu: number, dim: number): number => 1 / Math.sqrt(10 + 0.65 * nu + 0.35 * dim)

/** Squared distance, in standard deviations, up to which rows are evaluated to ten digits. */
const MAX_SQUARED_DISTANCE = 1e6

/** e^y − 1 − y without cancellation for small |y|. */
const expm1Excess = (y: number): number => {
  if (Math.abs(y) > 0.1) return Elementary.expm1(y) - y
  let sum = 0
  for (let n = 12; n >= 2; n--) sum = (1 + sum * y) / n
  return sum * y * y
}

/** Log-density of y = log g as a function of (y, g), plus a constant. */
const logPriorOf = (nu: number, constant: number): ((y: number, g: number) => number) => {
  const half = nu / 2
  if (half > EXPANSION_FROM) {
    const front = logGammaDeficit(half) + constant
    return y => front - half * expm1Excess(y)
  }
  const front = half * Elementary.log(half) - logGamma(half) + constant
  return (y, g) => front + half * (y - g)
}

/** The mixture of N(c, Σ/g) with the weights `shares` is a t. */
export interface Precisions {
  readonly g: Float64Array
  readonly shares: Float64Array
}

const precisionsByKey = new Map<string, Precisions>()

/**
 * Nodes and weights of the trapezoid rule in log g. `noise` bounds the noise variance relative to the smallest variance. Default: Infinity.
 */
export const studentPrecisions = (nu: number, dim: number, noise = Infinity): Precisions => {
  const word = `${nu} ${dim} ${noise}`
  const before = precisionsByKey.get(word)
  if (before !== undefined) return before
  const far = Elementary.log((nu + dim) / (nu + MAX_SQUARED_DISTANCE))
  const hidden = noise > 1 ? -Elementary.log(noise) : 0
  // If noise dominates, the range is that of g's density alone.
  const from = Math.max(Math.min(far, hidden) - logPrecisionDepth(nu + dim), far - logPrecisionDepth(nu))
  const h = logPrecisionStep(nu, dim)
  const logPrior = logPriorOf(nu, Elementary.log(h))
  const logs = new Float64Array(Math.ceil((upperLogPrecision(nu) - from) / h) + 1).map((_, j) => from + j * h)
  const g = logs.map(Elementary.exp)
  const shares = logs.map((y, j) => Elementary.exp(logPrior(y, g[j])))
  // Smaller precisions are so wide that no row distinguishes them: their mass is added to the first node. The density decreases there by
  // at least this slope; the quadrature error would otherwise dominate for distant rows.
  const below = shares[0] / (h * (nu / 2) * (1 - g[0]))
  shares[0] += Math.min(below, Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0)))
  const found = { g, shares }
  if (precisionsByKey.size < 256) precisionsByKey.set(word, found)
  return found
}

/** Component as Gaussians, one for each precision; a Gaussian as itself, with g = 1. Throws for a box background. */
export const componentAsGaussians = (
  component: Component,
  noise?: number
): ReadonlyArray<Component & { readonly g: number }> => {
  const { weight, mean, factor, nu, background } = component
  if (background === 'box')
    return refuse("background: 'box' is not made of Gaussians; give shape 'cauchy', or ask at noise level 0")
  if (nu === undefined) return [{ weight, mean, factor, g: 1 }]
  const { g, shares } = studentPrecisions(nu, mean.length, noise)
  return Array.from(g, (at, j) => ({
    weight: weight * shares[j],
    mean,
    factor: { shape: factor.shape, values: factor.values.map(f => f / Math.sqrt(at)) },
    g: at
  }))
}

/** Returns the same density by Gaussians alone: about a hundred for each t. */
export const asGaussians = (mixture: Mixture): Mixture => {
  if (isGaussian(mixture)) return mixture
  const all = componentsAndBackground(mixture).flatMap(part => componentAsGaussians(part))
  const total = all.reduce((sum, { weight }) => sum + weight, 0)
  return ofComponents(all.map(({ weight, mean, factor }) => ({ weight: weight / total, mean, factor })))
}

const FRACTION_TOLERANCE = Elementary.powerOfTwo(-53)
const MAX_FRACTION_TERMS = 500

/** Continued fraction of a B_x(a, b)/(x^a (1 − x)^b), fast up to x = (a + 1)/(a + b + 2) (Lentz 1976; DLMF 8.17.22). */
const incompleteBetaFraction = (a: number, b: number, x: number): number => {
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1))
  let found = d
  for (let m = 1; m <= MAX_FRACTION_TERMS; m++) {
    for (const step of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    ]) {
      d = 1 / (1 + step * d)
      c = 1 + step / c
      found *= c * d
    }
    if (Math.abs(c * d - 1) <= FRACTION_TOLERANCE) break
  }
  return found
}

/** ν from which the tail is expanded about the normal one. */
export const NEARLY_NORMAL = 1e5

/** log(1 + x²/ν), without overflow for any x. */
const logWidening = (nu: number, x: number): number => {
  const q = (x * x) / nu
  return q < Infinity ? Elementary.log1p(q) : 2 * Elementary.log(Math.abs(x)) - Elementary.log(nu)
}

/** log of Γ(a + ½)/Γ(a). */
const logTailFactor = (a: number): number =>
  a > EXPANSION_FROM ? logGammaRatio(a, 0.5) + Elementary.log(a) / 2 : logGamma(a + 0.5) - logGamma(a)

/** Returns P(T > x) = ½ I_{ν/(ν + x²)}(ν/2, ½) for Student's t, to a relative 10⁻¹² (Abramowitz & Stegun 26.7.1). Normal if ν = ∞. */
export const studentTail = (nu: number, x: number): number => {
  if (nu === Infinity) return Normal.normalTail(x)
  if (x < 0) return 1 - studentTail(nu, -x)
  if (nu > NEARLY_NORMAL) return tailNearNormal(nu, x)
  const a = nu / 2
  const q = (x * x) / nu
  if (!(x > 0)) return 0.5
  if (x === Infinity) return 0
  const logQ = q > 0 && q < Infinity ? Elementary.log(q) : 2 * Elementary.log(x) - Elementary.log(nu)
  // x^a (1 − x)^½/B(a, ½) of x = 1/(1 + q)
  const front = Elementary.exp(logTailFactor(a) + (logQ - Elementary.log(Math.PI)) / 2 - (a + 0.5) * logWidening(nu, x))
  return 1 / (1 + q) < (a + 1) / (a + 2.5)
    ? (front / a) * incompleteBetaFraction(a, 0.5, 1 / (1 + q)) * 0.5
    : 0.5 - front * incompleteBetaFraction(0.5, a, q / (1 + q === Infinity ? q : 1 + q))
}

/**
 * Returns log P(T > x) far from the centre, x² > 3 (see `studentTail`), also if the probability has no double; for ν up to 10⁵.
 */
export const logStudentTail = (nu: number, x: number): number => {
  const a = nu / 2
  const q = (x * x) / nu
  const logQ = q < Infinity ? Elementary.log(q) : 2 * Elementary.log(x) - Elementary.log(nu)
  return (
    logTailFactor(a) +
    (logQ - Elementary.log(Math.PI)) / 2 -
    (a + 0.5) * logWidening(nu, x) +
    Elementary.log(incompleteBetaFraction(a, 0.5, 1 / (1 + q)) / nu)
  )
}

/**
 * Returns P(T > x) for large ν. In w = √((ν − ½) log(1 + x²/ν)) the density is e^{logPeak} φ(w) √(v/sinh v)/√(1 − 1/2ν), v = w²/(2ν − 1),
 * whose series 1 − v²/12 + v⁴/160 − … is integrated term by term.
 */
const tailNearNormal = (nu: number, x: number): number => {
  const w = Math.sqrt((nu - 0.5) * logWidening(nu, x))
  const density = Elementary.exp((-w * w) / 2) / Math.sqrt(2 * Math.PI)
  // ∫ t^{2n} φ(t) dt from w to ∞, by parts
  let moment = Normal.normalTail(w)
  let power = w
  const moments = [moment]
  for (let n = 1; n <= 4; n++) {
    moment = power * density + (2 * n - 1) * moment
    power *= w * w
    moments.push(moment)
  }
  const scale = 1 / (2 * nu - 1) / (2 * nu - 1)
  const front = Elementary.exp(logPeakRatio(nu, 1)) / Math.sqrt(1 - 0.5 / nu)
  return front * (moments[0] - scale * (moments[2] / 12 - (scale * moments[4]) / 160))
}

/** Density of Student's t with ν degrees of freedom; normal if ν = ∞. */
export const studentDensity = (nu: number, x: number): number =>
  Elementary.exp(nu === Infinity ? (-x * x) / 2 : logPeakRatio(nu, 1) - ((nu + 1) / 2) * logWidening(nu, x)) /
  Math.sqrt(2 * Math.PI)

/**
 * Returns the squared distance q, relative to the scale matrix, that a share p of the rows of a multivariate t exceeds; of a Gaussian if ν
 * = ∞.
 */
export const studentQuantile = (nu: number, dim: number, p: number): number => {
  const gaussian = ChiSquared.chiSquaredQuantile(dim, p)
  if (nu === Infinity) return gaussian
  const { g, shares } = studentPrecisions(nu, dim, 1)
  const tail = (q: number): number =>
    g.reduce((sum, at, j) => sum + shares[j] * ChiSquared.chiSquaredTail(dim, at * q), 0)
  let below = 0
  let above = gaussian
  while (tail(above) > p) [below, above] = [above, 2 * above]
  while (above - below > DEGREES_TOLERANCE * above) {
    const middle = (below + above) / 2
    if (tail(middle) > p) below = middle
    else above = middle
  }
  return above
}
