/** log Γ of large numbers less what it has in common with elementary functions, without cancellation. */
import { log, log1p } from './elementary.js'
import { logGamma } from './gamma.js'
import { stirlingRemainder } from './stirling.js'

/** From here on a difference of values of log Γ has fewer digits than its expansion. */
export const EXPANDED = 150

/**
 * log Γ(x + h) − log Γ(x) − h log x of x > 0 and h ≥ 0, about h(h − 1)/2x: beyond x = 150 as (x + h − ½) log(1 + h/x) − h and the difference of
 * Stirling's series, in which nothing of the size of log Γ(x) cancels.
 */
export const logGammaRatio = (x: number, h: number): number =>
  x > EXPANDED
    ? (x + h - 0.5) * log1p(h / x) - h + (stirlingRemainder(x + h) - stirlingRemainder(x))
    : logGamma(x + h) - logGamma(x) - h * log(x)

/** x log x − x − log Γ(x) of x ≥ 10, about ½ log(x/2π). */
export const logGammaDeficit = (x: number): number => (log(x) - log(2 * Math.PI)) / 2 - stirlingRemainder(x)
