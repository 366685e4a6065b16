/**
 * Split and merge moves of components of any covariance. A half of N(c, Σ) along a direction √λ v is N(c ± a√λ v, Σ − a²λ vvᵀ),
 * with equal weights: together they keep its mean and covariance. Halves that fit the rows as they stand promise most; what they
 * come to is seen after steps of expectation–maximization.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../lib/elementary.js'
import { symmetricEigen } from '../../lib/linalg.js'
import * as Points from '../data/Points.js'
import * as Mixture from './Mixture.js'

/** Halves of a uniform density on an interval lie at ±√(3/4) standard deviations. */
const APART = 0.87

/** Directions tried in many dimensions: the widest. */
const DIRECTIONS = 4

interface Component {
  readonly mean: ReadonlyArray<number>
  readonly covariance: ReadonlyArray<ReadonlyArray<number>>
  readonly weight: number
}

export interface Split {
  /** What the mean log-likelihood gains by the halves as they stand, the others as they are. */
  readonly gain: number
  readonly halves: readonly [Component, Component]
}

export interface Survey {
  /** What the mean log-likelihood loses without the component, the others as they are: Σ w log(1 − r) − log(1 − π). */
  readonly cost: Float64Array
  /** Null for a component whose halves would hold fewer rows than fix their parameters. */
  readonly splits: ReadonlyArray<Split | null>
}

const componentsOf = (mixture: Mixture.Mixture): ReadonlyArray<Component> => {
  const [count, dim] = mixture.means.shape
  const { values } = Mixture.covariances(mixture)
  return RA.makeBy(count, k => ({
    mean: Array.from(mixture.means.values.subarray(k * dim, (k + 1) * dim)),
    covariance: RA.makeBy(dim, i => Array.from(values.subarray((k * dim + i) * dim, (k * dim + i + 1) * dim))),
    weight: mixture.weights[k]
  }))
}

const mixtureOf = (components: ReadonlyArray<Component>): Mixture.Mixture =>
  Mixture.of({
    means: components.map(({ mean }) => mean),
    weights: components.map(({ weight }) => weight),
    covariances: components.map(({ covariance }) => covariance)
  })

/** The halves along each of the widest principal directions. */
const halvesOf = ({ mean, covariance, weight }: Component): ReadonlyArray<readonly [Component, Component]> => {
  const dim = mean.length
  const { vectors } = symmetricEigen({ shape: [dim, dim], values: Float64Array.from(covariance.flat()) })
  return RA.makeBy(Math.min(dim, DIRECTIONS), i => {
    const v = vectors.values.subarray(i * dim, (i + 1) * dim)
    const along = covariance.map(row => row.reduce((sum, x, j) => sum + x * v[j], 0))
    const deviation = Math.sqrt(
      Math.max(
        0,
        along.reduce((sum, x, j) => sum + x * v[j], 0)
      )
    )
    const step = Array.from(v, x => APART * deviation * x)
    const half = (sign: 1 | -1): Component => ({
      mean: mean.map((c, j) => c + sign * step[j]),
      covariance: covariance.map((row, a) => row.map((x, b) => x - step[a] * step[b])),
      weight: weight / 2
    })
    return [half(1), half(-1)]
  })
}

/** What each component costs, and what its halves would gain. A half holds at least `leastRows` rows. */
export const survey = (points: Points.Points, mixture: Mixture.Mixture, leastRows: number): Survey => {
  const all = componentsOf(mixture)
  const count = all.length
  const w = Points.weightsOf(points)
  const { values: r } = Mixture.responsibilities(points)(mixture)
  const before = Mixture.meanLogDensity(points)(mixture)
  const share = (i: number, k: number): number => Math.min(r[i * count + k], 1 - Number.EPSILON)
  const masses = RA.makeBy(count, k => w.reduce((sum, weight, i) => sum + weight * r[i * count + k], 0))
  return {
    cost: Float64Array.from(
      masses,
      (mass, k) =>
        // A row that no other component answers for is lost at a price that is high, and finite.
        Elementary.log1p(-Math.min(mass, 1 - Number.EPSILON)) -
        w.reduce((sum, weight, i) => sum + weight * Elementary.log1p(-share(i, k)), 0)
    ),
    splits: all.map((component, k) =>
      masses[k] * points.rows >= 2 * leastRows
        ? halvesOf(component)
            .map(halves => ({
              halves,
              gain: Mixture.meanLogDensity(points)(mixtureOf([...all.filter((_, l) => l !== k), ...halves])) - before
            }))
            .reduce<Split | null>((best, next) => (best === null || next.gain > best.gain ? next : best), null)
        : null
    )
  }
}

/** The mixture with `removed` put to halve `split`. */
export const moved = (
  mixture: Mixture.Mixture,
  removed: number,
  split: number,
  [first, second]: Split['halves']
): Mixture.Mixture =>
  mixtureOf(componentsOf(mixture).map((component, k) => (k === split ? first : k === removed ? second : component)))
