/** The standard normal distribution function and its inverse, on plain numbers. */
import { erf, exp, log } from './elementary.js'

/** Φ(x) = ½(1 + erf(x/√2)), with an absolute error of 2⁻⁵³, so it is 0 below about −8.3. */
export const normalCdf = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2

/** Argument from which Laplace's continued fraction is used. */
const MIN_FRACTION_ARGUMENT = 3
/** Number of terms; more change no bit. */
const FRACTION_TERMS = 80

/**
 * P(Z > x) = 1 − Φ(x), with a relative error of 10⁻¹³: from 3 on by the continued fraction φ(x)/(x + 1/(x + 2/(x + 3/(x + …)))) (Laplace
 * 1805; Abramowitz & Stegun 26.2.14).
 */
export const normalTail = (x: number): number => {
  if (x < MIN_FRACTION_ARGUMENT) return (1 - erf(x / Math.SQRT2)) / 2
  let below = x
  for (let n = FRACTION_TERMS; n > 0; n--) below = x + n / below
  return exp((-x * x) / 2) / (below * Math.sqrt(2 * Math.PI))
}

/** Polynomial with the constant coefficient first. */
const risingPolynomial = (coefficients: ReadonlyArray<number>, r: number): number =>
  coefficients.reduceRight((sum, c) => sum * r + c, 0)

/** Numerator and denominator of Wichura's approximation for |u − ½| ≤ 0.425. */
const CENTRE_COEFFICIENTS = [
  [
    3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
    67265.770927008700853, 33430.575583588128105, 2509.0809287301226727
  ],
  [
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
    28729.085735721942674, 5226.495278852854561
  ]
] as const
/** For tails with √(−log p) ≤ 5. */
const NEAR_TAIL_COEFFICIENTS = [
  [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 2.4178072517745061177e-1, 2.27238449892691845833e-2, 7.7454501427834140764e-4
  ],
  [
    1, 2.05319162663775882187, 1.6763848301838038494, 6.8976733498510000455e-1, 1.4810397642748007459e-1,
    1.51986665636164571966e-2, 5.475938084995344946e-4, 1.05075007164441684324e-9
  ]
] as const
/** For tails with √(−log p) > 5. */
const FAR_TAIL_COEFFICIENTS = [
  [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 2.9656057182850489123e-1,
    2.6532189526576123093e-2, 1.2426609473880784386e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7
  ],
  [
    1, 5.9983220655588793769e-1, 1.3692988092273580531e-1, 1.48753612908506148525e-2, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15
  ]
] as const

/** Φ⁻¹(u), with a relative error of 10⁻¹⁵ for u in (0, 1); −∞ at 0 and ∞ at 1 (Wichura 1988, algorithm AS 241). */
export const normalQuantile = (u: number): number => {
  const q = u - 0.5
  const ratio = ([above, below]: readonly [ReadonlyArray<number>, ReadonlyArray<number>], r: number): number =>
    risingPolynomial(above, r) / risingPolynomial(below, r)
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE_COEFFICIENTS, 0.180625 - q * q)
  const p = q < 0 ? u : 1 - u
  if (p === 0) return q < 0 ? -Infinity : Infinity
  const r = Math.sqrt(-log(p))
  const size = r <= 5 ? ratio(NEAR_TAIL_COEFFICIENTS, r - 1.6) : ratio(FAR_TAIL_COEFFICIENTS, r - 5)
  return q < 0 ? -size : size
}
