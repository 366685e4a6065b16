/** A mixture with all of its noise as data: on it a loss is the mean that theory speaks of. */
import * as E from 'fp-ts/lib/Either.js'
import type { Loss } from '../compile/loss.js'
import type { Points } from '../data/points.js'
import { Compile, Expectation, Population } from '../index.js'
import * as Mixture from '../mixture/index.js'
import * as Density from './density.js'
import { isBuiltByCode } from './script.js'

export interface PopulationPoints {
  readonly points: Points
  readonly expectation: Expectation.Expectation
  /** Whether means are right to 1e-10, as on a population; else they are as fine as equal steps. */
  readonly isExact: boolean
}

/** Gaussians of a mixture in one dimension, or of one whose components are round. */
export const mixtureToGaussians = (mixture: Mixture.Mixture): Density.IsotropicGaussians => {
  const { weights, means, variances } = Mixture.marginals(mixture)
  return weights.map((weight, k) => ({ weight, mean: means[k], variance: variances[k][0] }))
}

/** A mixture of round components. */
export const gaussiansToMixture = (gaussians: Density.IsotropicGaussians): Mixture.Mixture =>
  Mixture.of({
    means: gaussians.map(({ mean }) => mean),
    weights: gaussians.map(({ weight }) => weight),
    variances: gaussians.map(({ variance }) => variance)
  })

/**
 * Whether a loss takes populations: one of x_t alone, of the score of a mixture. What is one's own may look at x_0, which nodes of x_t do not
 * have and nothing tells.
 */
export const acceptsPopulations = <P extends string>(
  loss: Omit<Loss<P>, 'expectation'>,
  on = Population.of(Mixture.of({ means: [[0]] }))
): boolean =>
  isBuiltByCode(loss.objective) &&
  E.isRight(
    Compile.valueAndGrad({ ...loss, expectation: Expectation.monteCarlo() }, { evaluations: 1, isTried: true })(on)
  )

/**
 * The population of a mixture, whose nodes are of x_t and meet no noise. Of a loss that reads the noise itself, or whose score is no
 * mixture, so many equal steps of x_0 and of z, in one dimension.
 */
export const populationPoints = <P extends string>(
  loss: Omit<Loss<P>, 'expectation'>,
  truth: Mixture.Mixture,
  steps: number
): PopulationPoints => {
  const points = Population.of(truth)
  if (acceptsPopulations(loss, points)) return { points, expectation: Expectation.monteCarlo(), isExact: true }
  const rule = Density.equalStepRule(steps)
  const both = Density.pairWithNoiseNodes(Density.quadraturePoints(mixtureToGaussians(truth), rule), rule)
  return { points: both.points, expectation: Expectation.fixed(both.noise), isExact: false }
}
