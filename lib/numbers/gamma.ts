/** log Γ and its derivative ψ, on plain numbers. */
import { bisect } from './bisect.js'
import { exp, log } from './elementary.js'
import { SERIES, stirlingRemainder } from './stirling.js'

/** From here on Stirling's series has the digits of a double. */
const STIRLING_FROM = 10

/**
 * log Γ(x) of x > 0: Stirling's series from 10 on, to which Γ(x + 1) = xΓ(x) leads (Abramowitz & Stegun 6.1.40), to about 1e-15 of the
 * greater of 1 and what it is.
 */
export const logGamma = (x: number): number => {
  let at = x
  let product = 1
  while (at < STIRLING_FROM) product *= at++
  return (at - 0.5) * log(at) - at + log(2 * Math.PI) / 2 + stirlingRemainder(at) - log(product)
}

/** ψ(x) = (log Γ)′(x) of x > 0 (Abramowitz & Stegun 6.3.18 and 6.3.5). */
export const digamma = (x: number): number => {
  let at = x
  let sum = 0
  while (at < STIRLING_FROM) sum -= 1 / at++
  const square = 1 / (at * at)
  const rest = SERIES.reduceRight((sum, b, j) => sum * square + (2 * j + 1) * b, 0) * square
  return sum + log(at) - 0.5 / at - rest
}

/** log x − ψ(x) of x > 0, without the digits that the two have in common: about 1/2x. */
export const logLessDigamma = (x: number): number => {
  if (x < STIRLING_FROM) return log(x) - digamma(x)
  const square = 1 / (x * x)
  return 0.5 / x + SERIES.reduceRight((sum, b, j) => sum * square + (2 * j + 1) * b, 0) * square
}

/**
 * The shape a of which log a − ψ(a) is so much: of a Gamma with such a difference between the logarithm of its mean and the mean of its
 * logarithms, the likeliest. It falls from ∞, for 0 and below, as the difference grows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Gamma } from 'ornstein/float64'
 *
 * // Of 1, 2 and 4: the logarithm of their mean less the mean of their logarithms.
 * const shape = Gamma.shape(Math.log(7 / 3) - Math.log(2))
 * assert.ok(Math.abs(Gamma.logLessDigamma(shape) - Math.log(7 / 6)) < 1e-14)
 */
export const shape = (difference: number): number =>
  difference > 0 ? exp(bisect(l => logLessDigamma(exp(l)) > difference, -700, 700)) : difference <= 0 ? Infinity : NaN
