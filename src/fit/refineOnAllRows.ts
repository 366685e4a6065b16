/** Refinement on all rows after a search on a sample, or on rows with completed cells. */
import * as E from 'fp-ts/lib/Either.js'
import type * as Problem from '../core/problem.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import { withPredictedLikelihood, type PredictionTarget } from './prediction.js'
import { refineContenders, type Refinement } from './refine.js'
import {
  failedTrial,
  isFitted,
  logLikelihoodOf,
  selectionValue,
  snapshotOf,
  soleUnconverged,
  type CandidateSpec,
  type FittedTrial,
  type TrialSearch,
  type CandidateTrial
} from './trial.js'

export interface FinalRefinement extends Pick<
  Refinement,
  'criterion' | 'evaluationData' | 'converge' | 'minConverged'
> {
  readonly target: PredictionTarget
  /** Returns why a candidate cannot be fitted to all rows. Default: null. */
  readonly problemOf?: (spec: CandidateSpec) => Problem.Problem | null
  /** Pipeline that `converge` runs. Default: none. */
  readonly finalPipeline?: (trial: FittedTrial) => Pipeline.Pipeline<string>
}

/**
 * Runs a search and refines its best candidates on all rows. The first such fit corrects the predicted likelihoods of the others, which
 * share its error.
 */
export function* refineOnAllRows(
  preliminary: TrialSearch<ReadonlyArray<CandidateTrial>>,
  { criterion, converge, minConverged, evaluationData, target, problemOf, finalPipeline }: FinalRefinement
): TrialSearch<ReadonlyArray<CandidateTrial>> {
  const predict =
    (correction: number) =>
    (trial: CandidateTrial): CandidateTrial => {
      if (!isFitted(trial)) return trial
      const logLikelihood = target.predictLogLikelihood(trial.candidate) + correction
      return { ...trial, candidate: withPredictedLikelihood(trial.candidate, { ...target, logLikelihood }) }
    }
  let found: ReadonlyArray<CandidateTrial> = []
  for (const { next, trials } of preliminary) {
    found = trials
    yield { next, trials: trials.map(predict(0)), remainingPipeline: null }
  }
  const feasible = found.map(trial => {
    const problem = problemOf?.(trial.spec) ?? null
    return problem === null ? trial : failedTrial(trial.spec, problem)
  })
  const predicted = snapshotOf(feasible.map(predict(0)))
  const sole = soleUnconverged(predicted.trials)
  if (sole !== null && finalPipeline !== undefined) yield { ...predicted, remainingPipeline: finalPipeline(sole) }
  const value = (trial: CandidateTrial): number => selectionValue(criterion, trial)
  const best = feasible.reduce((best, trial) => (value(trial) < value(best) ? trial : best), feasible[0])
  if (!isFitted(best)) {
    yield predicted
    return predicted.trials
  }
  const reference = yield* converge(best, predicted)
  const correction = E.isRight(reference)
    ? logLikelihoodOf(reference.right) - target.predictLogLikelihood(best.candidate)
    : 0
  return yield* refineContenders(
    {
      criterion,
      converge,
      searchThoroughly: null,
      evaluationData,
      minConverged,
      isPredicted: true
    },
    feasible.map(trial => (trial === best && E.isRight(reference) ? reference.right : predict(correction)(trial)))
  )
}
