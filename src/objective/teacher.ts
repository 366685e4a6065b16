/** A known mixture as the target of an objective: its score at a row's level, from constants. */
import { square, sub, sum, type Tensor } from '../../lib/index.js'
import * as Components from '../mixture/components.js'
import { factorsOf, isRound } from '../mixture/component.js'
import { ofOwn } from '../mixture/gaussians/full.js'
import { logShares, vector } from '../mixture/gaussians/gaussian.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import * as Factor from '../../lib/arrays/factor.js'
import type * as Mixture from '../mixture/mixture.js'
import type * as Params from '../family/params.js'
import type { Row } from './objective.js'

/** A mixture as the constants of a teacher: means, log weights, and variances where it is round, else factors of covariances. */
export const constants = (truth: Mixture.Mixture): Params.Params<string> => {
  const { means, weights, variances } = truth
  const [count, dim] = means.shape
  const shared = { means, logits: logShares(weights) }
  return isRound(truth)
    ? { ...shared, variances: vector(variances) }
    : {
        ...shared,
        factors: {
          shape: [count, dim, dim],
          values: concatenated(factorsOf(truth).map(factor => Factor.triangle(factor, dim).values))
        }
      }
}

type Sees = Pick<Row, 'score' | 'noisy' | 'level' | 'constants'>

const apart = (score: Tensor, target: Tensor): Tensor => sum(square(sub(score, target)), 1, true)

const round = ({ score, noisy, level, constants }: Sees): Tensor =>
  apart(
    score,
    Components.score(
      { centres: constants.means, logits: constants.logits, variances: constants.variances },
      noisy,
      level.common ?? level
    )
  )

const any = ({ score, noisy, level, constants: { means, logits, factors } }: Sees): Tensor =>
  apart(score, ofOwn.score({ means, logits, factors }, noisy, level.common ?? level))

/** |s(x_t) − s*(x_t)|², [rows, 1]: one function for all mixtures of a kind. */
export const perRow = (truth: Mixture.Mixture): ((row: Sees) => Tensor) => (isRound(truth) ? round : any)
