/** Infers the covariance family of a mixture: the smallest of mclust's fourteen that reproduces the covariances to rounding. */
import type * as Covariance from '../mixture/families/covariance.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Mixture from '../mixture/mixture.js'
import * as Score from './score.js'

/** Relative tolerance for matrices given with 15 digits; solving matrix equations loses half of them. */
const MATRIX_ROUNDING_TOLERANCE = 1e-8

/** Relative tolerance for numbers given with four decimals (default of R's `jsonlite::toJSON`) and variances ≥ 0.005. */
const FEW_DECIMALS_TOLERANCE = 0.02

/**
 * Order of preference among families with equally many parameters: the plainest first; for one component, those with parameters per
 * component.
 */
const COVARIANCE_ORDER = [
  ...(['VII', 'EII'] as const),
  ...(['VVI', 'EVI', 'VEI', 'EEI'] as const),
  ...(['VVV', 'EVV', 'VEV', 'EEV', 'VVE', 'EVE', 'VEE', 'EEE'] as const)
]

/** Largest relative deviation of the covariances from those that the family represents. */
const covarianceMismatch = (mixture: Mixture.Mixture, score: Score.Score<string>): number => {
  const maps = familyWithConversions(score)
  if (maps === null) return Infinity
  const dim = Mixture.dimension(mixture)
  const own = Mixture.covariances(mixture).values
  const found = Mixture.covariances(maps.toMixture(maps.fromMixture(mixture))).values
  const variance = (at: number, j: number): number => own[at - (at % (dim * dim)) + j * (dim + 1)]
  return found.reduce((most, x, at) => {
    const i = Math.floor(at / dim) % dim
    const j = at % dim
    return Math.max(most, Math.abs(x - own[at]) / Math.sqrt(variance(at, i) * variance(at, j)))
  }, 0)
}

/** Returns the family named in a file if the mixture agrees with it to few decimals, otherwise the one with the fewest parameters. */
export const covarianceNameOf = (mixture: Mixture.Mixture, said: string | null): Covariance.Name => {
  const [components, dim] = mixture.means.shape
  const scoreOf = (covariance: Covariance.Name): Score.Score<string> => Score.mixture({ components, covariance })
  const names = dim === 1 ? COVARIANCE_ORDER.slice(0, 2) : COVARIANCE_ORDER
  const named = names.find(name => name === said && name !== 'VVV')
  if (named !== undefined && covarianceMismatch(mixture, scoreOf(named)) <= FEW_DECIMALS_TOLERANCE) return named
  const parameters = (name: Covariance.Name): number => Score.degreesOfFreedom(dim)(scoreOf(name))
  return names
    .filter(name => covarianceMismatch(mixture, scoreOf(name)) <= MATRIX_ROUNDING_TOLERANCE)
    .reduce((best, name) => (parameters(name) < parameters(best) ? name : best), dim === 1 ? 'VII' : 'VVV')
}
