import * as Statistics from '../mixture/statistics.js'
import { criterionValue, type Criterion, type FittedCandidate } from './candidates.js'

interface SampleSize {
  readonly rows: number
  /** Σ wᵢ; `rows` without weights. */
  readonly totalWeight: number
}

interface PredictedFit extends SampleSize {
  /** Mean over the rows. */
  readonly logLikelihood: number
}

/** Rows on which candidates are compared, with the predicted mean log-likelihood of a candidate. */
export interface PredictionTarget extends SampleSize {
  readonly predictLogLikelihood: (candidate: FittedCandidate) => number
}

/** Returns a candidate with statistics predicted on other rows, marked as not converged, without unsupported components. */
export const withPredictedLikelihood = (
  candidate: FittedCandidate,
  { logLikelihood, rows, totalWeight }: PredictedFit
): FittedCandidate => {
  const { parameters, cells, bic, icl, sizes, backgroundCount, crossValidated } = candidate.statistics
  const ratio = totalWeight / (Statistics.totalRowWeight(candidate.statistics) || 1)
  return {
    ...candidate,
    isConverged: false,
    unsupported: [],
    statistics: {
      ...Statistics.statisticsFrom({
        rows,
        total: totalWeight,
        cells: ratio * cells,
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

/** Returns the predicted criterion of a candidate on the target. */
export const predictedCriterion = (
  criterion: Criterion,
  candidate: FittedCandidate,
  { predictLogLikelihood, rows, totalWeight }: PredictionTarget
): number => {
  const logLikelihood = predictLogLikelihood(candidate)
  return criterionValue(criterion, withPredictedLikelihood(candidate, { logLikelihood, rows, totalWeight }).statistics)
}
