/** Dynamics of a schedule: noise levels and derived quantities. */
import { bisect } from '../../lib/numbers/bisect.js'
import * as Elementary from '../../lib/numbers/elementary.js'

/** Coefficients in x = alpha · x_0 + sigma · z. */
export interface Level {
  readonly alpha: number
  readonly sigma: number
}

/** Level without noise. */
export const CLEAN: Level = { alpha: 1, sigma: 0 }

/** Levels and derived quantities at times in [0, until]. */
export interface Dynamics {
  /** Last time, possibly ∞. */
  readonly until: number
  readonly level: (time: number) => Level
  /** λ = log(α²/σ²). */
  readonly logSnr: (time: number) => number
  /** Inverse of `logSnr`. */
  readonly timeOfLogSnr: (logSnr: number) => number
  /** d log α/dt. */
  readonly drift: (time: number) => number
  /** g² = dσ²/dt − 2 (d log α/dt) σ². */
  readonly diffusion: (time: number) => number
  /** Times at which α and σ are not differentiable, ascending. */
  readonly kinks: () => ReadonlyArray<number>
  /** True if α² + σ² = 1 at all times; false if unknown. */
  readonly preservesVariance: boolean
  /** True if diffusing for s and then for t equals diffusing for s + t; false if unknown. */
  readonly homogeneous: boolean
}

/** Definition of a schedule: levels, and optional closed forms and claims, which laws check. */
export type Levels = Pick<Dynamics, 'until' | 'level'> & Partial<Dynamics>

/** Interval around a time without an inner kink. */
type PieceOf = (time: number) => readonly [lo: number, hi: number]

/**
 * Derivative at x of the quartic through five points near x, with error h⁴ f⁗′/30 and ε f/h. The step h is a share of the distance to the
 * nearer end of x's piece, near which f may be a power of that distance. Within 2h of the end the points stay inside, off centre.
 */
const quarticDerivative =
  (f: (x: number) => number, pieceOf: PieceOf) =>
  (x: number): number => {
    const [lo, hi] = pieceOf(x)
    const apart = Math.min(x - lo, hi - x)
    const unit = Math.min(hi - lo, 1)
    const h = Math.min(
      Math.max(1e-3 * Math.min(apart, 2), Math.min(1e-2 * apart, 1e-6 * unit), 1e-8 * unit),
      (hi - lo) / 8
    )
    const centre = Math.min(Math.max(x, lo + 2 * h), hi - 2 * h)
    const s = (x - centre) / h
    const at = (k: number): number => f(centre + k * h)
    // Derivatives at s of the Lagrange polynomials on −2, …, 2.
    const s2 = s * s
    const s3 = s * s * s
    const outer = (2 * s3 - s) * (at(2) + at(-2)) + (3 * s2 - 1) * (at(2) - at(-2))
    const inner = (4 * s3 - 8 * s) * (at(1) + at(-1)) + (3 * s2 - 4) * (at(1) - at(-1))
    return (outer / 12 - inner / 6 + (s3 - 2.5 * s) * at(0)) / h
  }

/** First of 1, 2, 4, … at which the predicate fails; the largest finite power of 2 if none does. */
const firstNotAbove = (above: (x: number) => boolean, x = 1): number =>
  above(x) && x < Elementary.powerOfTwo(1023) ? firstNotAbove(above, 2 * x) : x

/**
 * Derives the quantities that a definition omits: the log-SNR by its formula, its inverse by bisection, drift and diffusion by differences
 * of α and σ², to a relative error of 10⁻⁷, or 10⁻⁷ of 1/`until`, if these are smooth.
 */
export const of = ({ until, level, ...said }: Levels): Dynamics => {
  const logSnr =
    said.logSnr ??
    ((time: number): number => {
      const { alpha, sigma } = level(time)
      return 2 * (Elementary.log(alpha) - Elementary.log(sigma))
    })
  const alpha = (time: number): number => level(time).alpha
  const variance = (time: number): number => Elementary.square(level(time).sigma)
  const kinks = said.kinks ?? (() => [])
  const pieceOf: PieceOf = time => [
    kinks().reduce((lo, kink) => (kink <= time && kink < until ? Math.max(lo, kink) : lo), 0),
    kinks().reduce((hi, kink) => (kink > time ? Math.min(hi, kink) : hi), until)
  ]
  const slope = quarticDerivative(alpha, pieceOf)
  const logSlope = quarticDerivative(time => Elementary.log(alpha(time)), pieceOf)
  const growth = quarticDerivative(variance, pieceOf)
  // log α is nearer to a polynomial where α falls fast, but infinite at an end without signal.
  const drift =
    said.drift ??
    ((time: number): number =>
      Math.min(time, until - time) > 1e-6 * Math.min(until, 1) ? logSlope(time) : slope(time) / alpha(time))
  return {
    until,
    level,
    logSnr,
    timeOfLogSnr:
      said.timeOfLogSnr ??
      (target => {
        const above = (time: number): boolean => logSnr(time) > target
        return bisect(above, 0, until === Infinity ? firstNotAbove(above) : until)
      }),
    drift,
    diffusion: said.diffusion ?? (time => growth(time) - 2 * drift(time) * variance(time)),
    kinks,
    preservesVariance: said.preservesVariance ?? false,
    homogeneous: said.homogeneous ?? false
  }
}

/** Largest and smallest log-SNR, at the first and the last time. */
export const logSnrExtremes = ({ logSnr, until }: Dynamics): { readonly greatest: number; readonly least: number } => ({
  greatest: logSnr(0),
  least: until === Infinity ? -Infinity : logSnr(until)
})

/** B(t) = ∫β, its derivative and its inverse, for a variance preserving schedule. */
export interface Accumulated {
  readonly until: number
  readonly total: (time: number) => number
  readonly rate: (time: number) => number
  readonly timeOf: (total: number) => number
}

/** Variance preserving levels: dx = −½β x dt + √β dW, α² = e^{−B}, σ² = 1 − e^{−B}. */
export const preserving = ({ until, total, rate, timeOf }: Accumulated): Levels => ({
  until,
  level: time => {
    const B = total(time)
    return { alpha: Elementary.exp(-B / 2), sigma: Math.sqrt(-Elementary.expm1(-B)) }
  },
  logSnr: time => {
    const B = total(time)
    return -(B + Elementary.log(-Elementary.expm1(-B)))
  },
  timeOfLogSnr: logSnr => timeOf(Elementary.softplus(-logSnr)),
  drift: time => -rate(time) / 2,
  diffusion: rate,
  preservesVariance: true
})
