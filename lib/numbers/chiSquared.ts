/** The law of |z|² for z of d standard normals, on plain numbers. */
import { erf, exp, log } from './elementary.js'

/**
 * P(|z|² > q) = Q(d/2, q/2), to about 1e-15 absolutely (Abramowitz & Stegun 26.4.4 and 26.4.5): with x = q/2, a sum over j of
 * e^{−x} x^j/Γ(j + 1), whose steps are whole, from 0 where d is even; from ½, beside erfc(√x), where it is odd.
 */
export const chiSquaredTail = (d: number, q: number): number => {
  if (!(q > 0)) return 1
  if (q === Infinity) return 0
  const x = q / 2
  const isOdd = d % 2 === 1
  const logX = log(x)
  let sum = isOdd ? 1 - erf(Math.sqrt(x)) : 0
  // log of e^{−x} x^j/Γ(j + 1), from j = ½ with Γ(3/2) = √π/2, or from j = 0.
  let term = isOdd ? logX / 2 - x - log(Math.PI) / 2 + log(2) : -x
  for (let j = isOdd ? 0.5 : 0; j < d / 2 - 0.75; j++) {
    sum += exp(term)
    term += logX - log(j + 1)
  }
  return Math.min(1, sum)
}

/** The q that a share p of |z|² exceeds: P(|z|² > q) = p, for p in (0, 1); to the last bits, by bisection. */
export const chiSquaredQuantile = (d: number, p: number): number => {
  let below = 0
  let above = 1
  while (chiSquaredTail(d, above) > p) [below, above] = [above, 2 * above]
  for (;;) {
    const middle = (below + above) / 2
    if (middle <= below || middle >= above) return above
    if (chiSquaredTail(d, middle) > p) below = middle
    else above = middle
  }
}
