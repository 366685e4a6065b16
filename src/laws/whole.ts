/** A mixture with its noise as weighted points, for population means. */
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
  /** True if means are accurate to 1e-10, which equal steps are not. */
  readonly isExact: boolean
}

/** Gaussians of a mixture in one dimension or with isotropic components. */
export const mixtureToGaussians = (mixture: Mixture.Mixture): Density.IsotropicGaussians => {
  const { weights, means, variances } = Mixture.marginals(mixture)
  return weights.map((weight, k) => ({ weight, mean: means[k], variance: variances[k][0] }))
}

export const gaussiansToMixture = (gaussians: Density.IsotropicGaussians): Mixture.Mixture =>
  Mixture.of({
    means: gaussians.map(({ mean }) => mean),
    weights: gaussians.map(({ weight }) => weight),
    variances: gaussians.map(({ variance }) => variance)
  })

/**
 * True if populations are exact for the loss: it depends on x_t alone, and its score is that of a mixture. False for custom objectives,
 * which may read x_0.
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
 * Population of a mixture, whose nodes of x_t include the noise. If a loss reads the noise, or the score has no mixture: `steps` equal
 * steps of x_0 and of z, in one dimension.
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
