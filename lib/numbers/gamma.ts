import { bisect } from './bisect.js'
import { exp, log } from './elementary.js'
import { STIRLING_COEFFICIENTS, stirlingRemainder } from './stirling.js'

/** Argument from which Stirling's series has the accuracy of a double. */
const MIN_STIRLING_ARGUMENT = 10

/**
 * log Γ(x) for x > 0, by Stirling's series from 10 on and Γ(x + 1) = xΓ(x) below (Abramowitz & Stegun 6.1.40), with an error of about 1e-15
 * of max(1, |log Γ(x)|).
 */
export const logGamma = (x: number): number => {
  let at = x
  let product = 1
  while (at < MIN_STIRLING_ARGUMENT) product *= at++
  return (at - 0.5) * log(at) - at + log(2 * Math.PI) / 2 + stirlingRemainder(at) - log(product)
}

/** ψ(x) = (log Γ)′(x) for x > 0 (Abramowitz & Stegun 6.3.18 and 6.3.5). */
export const digamma = (x: number): number => {
  let at = x
  let sum = 0
  while (at < MIN_STIRLING_ARGUMENT) sum -= 1 / at++
  const square = 1 / (at * at)
  const rest = STIRLING_COEFFICIENTS.reduceRight((sum, b, j) => sum * square + (2 * j + 1) * b, 0) * square
  return sum + log(at) - 0.5 / at - rest
}

/** log x − ψ(x) for x > 0, about 1/2x, without cancellation. */
export const logLessDigamma = (x: number): number => {
  if (x < MIN_STIRLING_ARGUMENT) return log(x) - digamma(x)
  const square = 1 / (x * x)
  return 0.5 / x + STIRLING_COEFFICIENTS.reduceRight((sum, b, j) => sum * square + (2 * j + 1) * b, 0) * square
}

/**
 * Shape a with log a − ψ(a) = difference: the maximum-likelihood shape of a gamma distribution, given the logarithm of the mean minus the
 * mean of the logarithms. ∞ if it is ≤ 0.
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
