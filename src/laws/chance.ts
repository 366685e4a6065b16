/** Statistical relations; a correct sample of any size is rejected with probability at most 1e-9. */
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Normal from '../../lib/numbers/normal.js'
import { meanNumber, sampleMoments } from './check.js'
import { equals, atMost, type Relation, atLeast } from './lawRows.js'

type NumericValues = ArrayLike<number>

/** log(2/1e-9): the exponent of a two-sided bound. */
const EXPONENT = 21.5

/**
 * KL divergence of coins p from q. The mean of n independent numbers in [0, 1] with mean q is p or farther with probability ≤ e^{−n KL}
 * (Hoeffding 1963).
 */
const coinDivergence = (p: number, q: number): number => {
  const part = (a: number, b: number): number => (a === 0 ? 0 : a * Elementary.log(a / b))
  return part(p, q) + part(1 - p, 1 - q)
}

/** Relation of the share of `count` independent cases to its probability. */
export const shareIsProbability = (found: number, wanted: number, count: number): Relation => {
  const p = Math.min(1, Math.max(0, found))
  return wanted <= 0 || wanted >= 1 ? equals(p, wanted, 1e-12) : atMost(count * coinDivergence(p, wanted), EXPONENT)
}

/** Arguments at which distribution functions are compared. */
const CDF_POINTS = [-3.5, -2.5, -1.5, -0.7, 0, 0.7, 1.5, 2.5, 3.5]

/** Numbers, or several weighted numbers for each case, such as the nodes of one noise draw. */
export interface WeightedSample {
  readonly values: NumericValues
  readonly weights: NumericValues
}

const sampleMean =
  (cases: ReadonlyArray<WeightedSample> | Float64Array) =>
  (f: (x: number) => number): number =>
    cases instanceof Float64Array
      ? cases.reduce((sum, value) => sum + f(value), 0) / cases.length
      : meanNumber(
          cases.map(({ values, weights }) =>
            Array.from(values).reduce((sum, value, i) => sum + weights[i] * f(value), 0)
          )
        )

/**
 * Relations that independent weighted means are standard normal: the distribution function at nine points, and the mean square (Laurent &
 * Massart 2000: n χ² deviates by more than 2√(nx) + 2x with probability e^{−x}).
 */
export const areStandardNormal = (cases: ReadonlyArray<WeightedSample> | Float64Array): ReadonlyArray<Relation> => {
  const mean = sampleMean(cases)
  const square = mean(z => z * z)
  const n = cases.length
  const least = 2 * Math.sqrt(EXPONENT / n)
  return [
    ...CDF_POINTS.map(place =>
      shareIsProbability(
        mean(z => (z <= place ? 1 : 0)),
        Normal.normalCdf(place),
        n
      )
    ),
    atMost(square - 1, least + (2 * EXPONENT) / n),
    atLeast(square - 1, -least)
  ]
}

/** Relation of the mean of independent cases, within 7 standard errors and rounding; their sum must be close to normal. */
export const hasMean = (values: NumericValues, wanted: number): Relation => {
  const { mean, variance } = sampleMoments(values)
  return equals(mean, wanted, 7 * Math.sqrt(variance / values.length) + 1e-9)
}

/** Relation of the means of two samples, within `errors` standard errors and rounding. */
export const sameMean = (a: NumericValues, b: NumericValues, errors = 7): Relation => {
  const [found, wanted] = [a, b].map(sampleMoments)
  const error = Math.sqrt(found.variance / a.length + wanted.variance / b.length)
  return equals(found.mean, wanted.mean, errors * error + 1e-9 * (1 + Math.abs(wanted.mean)))
}

/** Relations of the means of two samples of rows, by column. */
export const sameMeans = (a: ReadonlyArray<NumericValues>, b: ReadonlyArray<NumericValues>): ReadonlyArray<Relation> =>
  Array.from(b[0], (_, i) =>
    sameMean(
      a.map(row => row[i]),
      b.map(row => row[i])
    )
  )

const UNIFORM_VARIANCE = 1 / 12

/** Bound on the mean of n products 4uv, which lie in [−1, 1] and have variance 16/144 (Bernstein 1924). */
const meanProductBound = (n: number): number => {
  const variance = 16 * UNIFORM_VARIANCE * UNIFORM_VARIANCE
  const a = EXPONENT / (3 * n)
  return a + Math.sqrt(a * a + (2 * EXPONENT * variance) / n)
}

const centredCdf = (z: number): number => Normal.normalCdf(z) - 0.5
const foldedCdf = (z: number): number => 2 * Math.abs(centredCdf(z)) - 0.5

type NumberFunction = (z: number) => number
/** Mean of 4 f(a_i) g(b_i), in [−1, 1]; 0 in expectation if a and b are independent. */
const association = (a: NumericValues, b: NumericValues, of: NumberFunction, other: NumberFunction = of): number =>
  meanNumber(Array.from(a, (z, i) => 4 * of(z) * other(b[i])))

/** Relation that pairs of two standard normal samples are independent, by ranks and absolute values. */
export const areUnassociated = (a: NumericValues, b: NumericValues): Relation =>
  equals(
    [centredCdf, foldedCdf].flatMap(of => [centredCdf, foldedCdf].map(other => association(a, b, of, other))),
    0,
    meanProductBound(a.length)
  )

/** Relation that two standard normal samples do not correlate positively. */
export const areNotPositivelyAssociated = (a: NumericValues, b: NumericValues): Relation =>
  atMost(association(a, b, centredCdf), meanProductBound(a.length))
