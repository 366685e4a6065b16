import type * as Points from '../data/points.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Statistics from '../mixture/statistics.js'
import { MODEL_FORMAT, MODEL_VERSION } from './format.js'
import type { Body } from './modelBody.js'

/** Part of a fit that is written; its pipeline as a value or encoded. */
export interface Writable<P> {
  /** In the command line's spelling. */
  readonly family: string
  readonly columns: ReadonlyArray<string>
  readonly mixture: Mixture.Mixture
  readonly scaling: Points.Scaling | null
  readonly seed: number
  /** In rows; null for maximum likelihood. */
  readonly prior: number | null
  readonly recipe: string
  readonly pipeline: P
  readonly statistics: Statistics.Statistics
  readonly steps: number
  readonly converged: boolean
  readonly fixed: ReadonlyArray<number>
}

export interface WrittenModel<P> extends Body {
  readonly pipeline: P
}

/** Encodes a mixture. */
export const writtenMixture = (mixture: Mixture.Mixture): WrittenModel<unknown>['mixture'] => ({
  ...Mixture.marginals(mixture),
  ...(mixture.factors !== null && { factors: Mixture.toDescription(mixture).factors }),
  ...Mixture.tailsAndBackground(mixture)
})

/** Encodes a fit with all digits of its doubles, so that reading restores their bits. */
export const writtenFit = <P>(writable: Writable<P>): WrittenModel<P> => {
  const { family, columns, mixture, scaling, seed, prior, recipe, pipeline, statistics, steps, converged, fixed } =
    writable
  const { rows, logLikelihood, bic, parameters } = statistics
  return {
    format: MODEL_FORMAT,
    version: MODEL_VERSION,
    family,
    columns,
    mixture: { ...writtenMixture(mixture), ...(fixed.length > 0 && { fixed }) },
    standardization: scaling && { centre: Array.from(scaling.centre), scale: Array.from(scaling.scale) },
    seed,
    recipe,
    pipeline,
    fit: { rows, logLikelihood, bic, parameters, steps, converged, ...(prior !== null && { prior }) }
  }
}
