import { erf, exp, log } from './elementary.js'

/**
 * P(|z|² > q) = Q(d/2, q/2) for z of d standard normals, to about 1e-15 absolutely (Abramowitz & Stegun 26.4.4 and 26.4.5): with x = q/2,
 * the sum of e^{−x} x^j/Γ(j + 1) over j = 0, 1, … if d is even, over j = ½, 3⁄2, … plus erfc(√x) if d is odd.
 */
export const chiSquaredTail = (d: number, q: number): number => {
  if (!(q > 0)) return 1
  if (q === Infinity) return 0
  const x = q / 2
  const isOdd = d % 2 === 1
  const logX = log(x)
  let sum = isOdd ? 1 - erf(Math.sqrt(x)) : 0
  // Logarithm of e^{−x} x^j/Γ(j + 1), from j = ½ or j = 0.
  let term = isOdd ? logX / 2 - x - log(Math.PI) / 2 + log(2) : -x
  for (let j = isOdd ? 0.5 : 0; j < d / 2 - 0.75; j++) {
    sum += exp(term)
    term += logX - log(j + 1)
  }
  return Math.min(1, sum)
}

/** Upper quantile: the q with P(|z|² > q) = p, for p in (0, 1). */
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
