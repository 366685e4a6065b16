/** Which covariances a mixture has: of mclust's fourteen the smallest family that gives it back, to rounding. */
import type * as Covariance from '../mixture/families/covariance.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Mixture from '../mixture/mixture.js'
import * as Score from './score.js'

/** What 15 digits leave of equations between matrices: half of them. */
const MATRIX_ROUNDING = 1e-8

/** The same of four decimals, as `jsonlite::toJSON` writes them unless told otherwise: of variances from 0.005 on. */
const FEW_DECIMALS = 0.02

/** Of those with as many parameters the first is meant: the plainest, and with what is each one's own where there is one component. */
const COVARIANCE_ORDER = [
  ...(['VII', 'EII'] as const),
  ...(['VVI', 'EVI', 'VEI', 'EEI'] as const),
  ...(['VVV', 'EVV', 'VEV', 'EEV', 'VVE', 'EVE', 'VEE', 'EEE'] as const)
]

/** How far covariances are from those that the family has, relative to their own. */
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

/** The name that a file says, where it is so within few decimals; else the name with least parameters. */
export const covarianceNameOf = (mixture: Mixture.Mixture, said: string | null): Covariance.Name => {
  const [components, dim] = mixture.means.shape
  const scoreOf = (covariance: Covariance.Name): Score.Score<string> => Score.mixture({ components, covariance })
  const names = dim === 1 ? COVARIANCE_ORDER.slice(0, 2) : COVARIANCE_ORDER
  const named = names.find(name => name === said && name !== 'VVV')
  if (named !== undefined && covarianceMismatch(mixture, scoreOf(named)) <= FEW_DECIMALS) return named
  const parameters = (name: Covariance.Name): number => Score.degreesOfFreedom(dim)(scoreOf(name))
  return names
    .filter(name => covarianceMismatch(mixture, scoreOf(name)) <= MATRIX_ROUNDING)
    .reduce((best, name) => (parameters(name) < parameters(best) ? name : best), dim === 1 ? 'VII' : 'VVV')
}
