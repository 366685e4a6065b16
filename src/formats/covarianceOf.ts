/** Which covariances a mixture has: of mclust's fourteen by what its matrices have in common, to rounding. */
import * as Factor from '../../lib/arrays/factor.js'
import { multiplied, symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Covariance from '../families/covariance.js'
import { factorsOf } from '../mixture/component.js'
import * as Mixture from '../mixture/mixture.js'
import * as Score from '../score/score.js'

/** What 15 digits leave of equations between matrices: half of them. */
const ROUNDING = 1e-8

/** The same of four decimals, as `jsonlite::toJSON` writes them unless told otherwise: of variances from 0.005 on. */
const FEW_DECIMALS = 0.02

/** Of those with as many parameters the first is meant: the plainest, and with what is each one's own where there is one component. */
const order = [
  ...(['VII', 'EII'] as const),
  ...(['VVI', 'EVI', 'VEI', 'EEI'] as const),
  ...(['VVV', 'EVV', 'VEV', 'EEV', 'VVE', 'EVE', 'VEE', 'EEE'] as const)
]

/** Whether the mixture has the covariances of a name, to a relative error `by`. */
const has = (mixture: Mixture.Mixture): ((by: number) => (name: Covariance.Name) => boolean) => {
  const dim = Mixture.dim(mixture)
  const size = dim * dim
  // Of volume |Σ|^{1/d}: what is left of Σ is of determinant 1.
  const logVolumes = factorsOf(mixture).map(factor => (2 / dim) * Factor.logDeterminant(factor, dim))
  const { values } = Mixture.covariances(mixture)
  const units = logVolumes.map((log, k) => values.subarray(k * size, (k + 1) * size).map(x => x / Elementary.exp(log)))
  const [first] = units
  /** What an entry is measured by. */
  const scale = (matrix: Float64Array, at: number): number =>
    Math.sqrt(matrix[Math.floor(at / dim) * (dim + 1)] * matrix[(at % dim) * (dim + 1)])
  const isOffDiagonal = (at: number): boolean => at % (dim + 1) !== 0
  const spectrumOf = (values: Float64Array): Float64Array => symmetricEigen({ shape: [dim, dim], values }).values
  return by => {
    const isDiagonal = units.every(unit =>
      unit.every((x, at) => !isOffDiagonal(at) || Math.abs(x) <= by * scale(unit, at))
    )
    const isOne = units.every(unit => unit.every((x, at) => Math.abs(x - first[at]) <= by * scale(first, at)))
    /** All have the same axes: they commute, to the rounding of products. */
    const commute = (a: Float64Array, b: Float64Array): boolean => {
      const sizes = multiplied(a.map(Math.abs), b.map(Math.abs), dim)
      const product = multiplied(a, b, dim)
      // B A is the transpose of A B.
      return product.every((x, at) => {
        const other = (at % dim) * dim + Math.floor(at / dim)
        return Math.abs(x - product[other]) <= by * (sizes[at] + sizes[other])
      })
    }
    const holds: Readonly<Record<string, () => boolean>> = {
      II: () => isDiagonal && units.every(unit => unit.every((x, at) => isOffDiagonal(at) || Math.abs(x - 1) <= by)),
      EI: () => isDiagonal && isOne,
      VI: () => isDiagonal,
      EE: () => isOne,
      VE: () => units.every((a, k) => units.slice(0, k).every(b => commute(a, b))),
      EV: () => {
        const spectrum = spectrumOf(first)
        // Eigenvalues are known to the rounding of the greatest.
        return units.every(unit =>
          spectrumOf(unit).every(
            (x, j) => Math.abs(x - spectrum[j]) <= by * spectrum[j] + dim * Number.EPSILON * spectrum[0]
          )
        )
      },
      VV: () => true
    }
    return name =>
      (name.startsWith('V') || logVolumes.every(log => Math.abs(log - logVolumes[0]) <= by)) && holds[name.slice(1)]()
  }
}

/**
 * The covariances, of mclust's fourteen, with the fewest parameters that the mixture has; but those that it is `said` to have, where they are
 * not any at all and the mixture has them to a few decimals.
 */
export const covarianceOf = (mixture: Mixture.Mixture, said: string | null): Covariance.Name => {
  const [components, dim] = mixture.means.shape
  const names = dim === 1 ? order.slice(0, 2) : order
  const within = has(mixture)
  const named = names.find(name => name === said && name !== 'VVV')
  if (named !== undefined && within(FEW_DECIMALS)(named)) return named
  const parameters = (covariance: Covariance.Name): number =>
    Score.degreesOfFreedom(dim)(Score.mixture({ components, covariance }))
  return names.filter(within(ROUNDING)).reduce((best, name) => (parameters(name) < parameters(best) ? name : best))
}
