import * as Elementary from '../numbers/elementary.js'
import {
  add,
  greater,
  log,
  maximum,
  minimum,
  mul,
  ones,
  reciprocal,
  square,
  sub,
  where,
  type Tensor
} from './tensor.js'

/** Amount by which Γ(x + 1) = xΓ(x) raises x, so that Stirling's series has all digits. */
const RECURRENCE_STEPS = 9
/** Beyond it only the leading terms matter, and the product over the recurrence would overflow. */
const FAR = 1e17
const GAMMA_SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188]

/**
 * log Γ(x) for x > 0, entry by entry, with an error of about 4e-15 of max(15, |log Γ(x)|); its derivative is ψ(x). For numbers:
 * `Gamma.logGamma`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, Gamma, logGamma, tensor } from 'ornstein/float64'
 *
 * const { values } = compute(() => logGamma(tensor([0.5, 5], [2])))
 * assert.ok([0.5, 5].every((x, i) => Math.abs(values[i] - Gamma.logGamma(x)) < 6e-14))
 */
export const logGamma = (x: Tensor): Tensor => {
  const far = maximum(x, FAR)
  const leading = add(sub(mul(sub(far, 0.5), log(far)), far), Elementary.log(2 * Math.PI) / 2)
  return where(greater(x, FAR), leading, logGammaByRecurrence(minimum(x, FAR)))
}

/** log Γ(x + 9), by Stirling's series, minus log(x(x + 1)⋯(x + 8)). */
const logGammaByRecurrence = (x: Tensor): Tensor => {
  const at = add(x, RECURRENCE_STEPS)
  const inverse = reciprocal(at)
  const squared = square(inverse)
  const [last, ...others] = [...GAMMA_SERIES].reverse()
  const series = others.reduce((sum, b) => add(mul(sum, squared), b), mul(last, ones([])))
  const product = Array.from({ length: RECURRENCE_STEPS }, (_, j) => add(x, j)).reduce((all, one) => mul(all, one))
  const stirling = add(sub(mul(sub(at, 0.5), log(at)), at), add(mul(series, inverse), Elementary.log(2 * Math.PI) / 2))
  return sub(stirling, log(product))
}
