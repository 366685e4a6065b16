/** Differences between log Γ and its elementary approximations at large arguments, without cancellation. */
import { log, log1p } from './elementary.js'
import { logGamma } from './gamma.js'
import { stirlingRemainder } from './stirling.js'

/** Argument from which the expansion is more accurate than a difference of log Γ. */
export const EXPANSION_FROM = 150

/**
 * log Γ(x + h) − log Γ(x) − h log x for x > 0 and h ≥ 0, about h(h − 1)/2x. From x = 150 on it is (x + h − ½) log(1 + h/x) − h plus the
 * difference of Stirling's series, without cancellation.
 */
export const logGammaRatio = (x: number, h: number): number =>
  x > EXPANSION_FROM
    ? (x + h - 0.5) * log1p(h / x) - h + (stirlingRemainder(x + h) - stirlingRemainder(x))
    : logGamma(x + h) - logGamma(x) - h * log(x)

/** x log x − x − log Γ(x) for x ≥ 10, about ½ log(x/2π). */
export const logGammaDeficit = (x: number): number => (log(x) - log(2 * Math.PI)) / 2 - stirlingRemainder(x)
