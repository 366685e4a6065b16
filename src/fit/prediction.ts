/** Predicted statistics: of a candidate on more rows than it was fitted to. */
import * as Statistics from '../mixture/statistics.js'
import { criterionValue, type Criterion, type FittedCandidate } from './candidates.js'

interface SampleSize {
  readonly rows: number
  /** Σ wᵢ; `rows` if they have no weights. */
  readonly totalWeight: number
}

interface PredictedFit extends SampleSize {
  /** Mean over the rows. */
  readonly logLikelihood: number
}

/** The rows on which candidates are compared, and how to predict a candidate's mean log-likelihood on them. */
export interface PredictionTarget extends SampleSize {
  readonly predictLogLikelihood: (candidate: FittedCandidate) => number
}

/** Returns a candidate with the statistics that it would have on other rows. It counts as not converged, and has no unsupported components. */
export const withPredictedLikelihood = (
  candidate: FittedCandidate,
  { logLikelihood, rows, totalWeight }: PredictedFit
): FittedCandidate => {
  const { parameters, bic, icl, sizes, backgroundCount, crossValidated } = candidate.statistics
  const ratio = totalWeight / (Statistics.totalRowWeight(candidate.statistics) || 1)
  return {
    ...candidate,
    isConverged: false,
    unsupported: [],
    statistics: {
      ...Statistics.statisticsFrom({
        rows,
        total: totalWeight,
        logLikelihood,
        parameters,
        assignmentEntropy: (ratio * (icl - bic)) / 2,
        sizes: sizes.map(size => ratio * size),
        ...(backgroundCount !== undefined && { backgroundCount: ratio * backgroundCount })
      }),
      ...(crossValidated !== undefined && { crossValidated })
    }
  }
}

/** Returns the criterion that a candidate is predicted to have on the target. */
export const predictedCriterion = (
  criterion: Criterion,
  candidate: FittedCandidate,
  { predictLogLikelihood, rows, totalWeight }: PredictionTarget
): number => {
  const logLikelihood = predictLogLikelihood(candidate)
  return criterionValue(criterion, withPredictedLikelihood(candidate, { logLikelihood, rows, totalWeight }).statistics)
}
