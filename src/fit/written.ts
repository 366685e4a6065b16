/** A fit as the file of a model has it. */
import type * as Points from '../data/points.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Statistics from '../mixture/statistics.js'
import { MODEL_FORMAT, MODEL_VERSION } from './format.js'
import type { Body } from './modelBody.js'

/** What is written of a fit; its pipeline as it is, or encoded. */
export interface Writable<P> {
  /** As the command line writes it. */
  readonly family: string
  readonly columns: ReadonlyArray<string>
  readonly mixture: Mixture.Mixture
  readonly scaling: Points.Scaling | null
  readonly seed: number
  /** How many rows the mean of the prior counts as; null where there was none. */
  readonly prior: number | null
  readonly recipe: string
  readonly pipeline: P
  readonly statistics: Statistics.Statistics
  readonly steps: number
  readonly converged: boolean
  /** The numbers of components that were known. */
  readonly fixed: ReadonlyArray<number>
}

/** The form of the file. */
export interface WrittenModel<P> extends Body {
  readonly pipeline: P
}

/** A mixture in the form of its file. */
export const writtenMixture = (mixture: Mixture.Mixture): WrittenModel<unknown>['mixture'] => ({
  ...Mixture.marginals(mixture),
  ...(mixture.factors !== null && { factors: Mixture.toDescription(mixture).factors }),
  ...Mixture.tailsAndBackground(mixture)
})

/** A fit in the form of its file; doubles have the digits that read back to the same bits. */
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
