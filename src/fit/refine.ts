/** Refinement of a model selection: runs EM to convergence for trials that may win, and searches thoroughly from the best. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as Params from '../core/params.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Statistics from '../mixture/statistics.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import * as Stage from '../pipeline/stage.js'
import * as Score from '../score/score.js'
import { isDegenerate, MAX_CANDIDATES_LISTED, type Criterion } from './candidates.js'
import { equalUpToRounding, ROUNDING_TOLERANCE, type EvaluationData } from './evaluation.js'
import { withPredictedLikelihood } from './prediction.js'
import {
  evaluateFit,
  fittedTrials,
  logLikelihoodOf,
  pipelineAt,
  selectionValue,
  snapshotOf,
  type CandidateSpec,
  type FittedTrial,
  type TrialSearch,
  type SearchSnapshot,
  type CandidateTrial,
  type TrialResult
} from './trial.js'

export interface Refinement {
  readonly criterion: Criterion
  readonly evaluationData: EvaluationData
  /** Continues EM until it converges, yielding `snapshot` meanwhile. */
  readonly converge: (trial: FittedTrial, snapshot: SearchSnapshot) => TrialSearch<TrialResult>
  /** Null to omit the thorough search. */
  readonly searchThoroughly: ((trial: FittedTrial) => TrialSearch<TrialResult>) | null
  /** Minimum number of trials, best first, that are run to convergence. */
  readonly minConverged: number
  /** True if likelihoods before convergence are predictions, false if lower bounds. */
  readonly isPredicted: boolean
}

/** In units of the criterion, the difference from the best that rules a trial out: its posterior is e⁻⁷ of the best's. */
export const CONTENDER_MARGIN = 14

/**
 * Repeats until nothing changes:
 *
 * 1. Run the best unconverged trial that may win to convergence.
 * 2. Continue a trial from a nested one that is more likely.
 * 3. Search thoroughly from the best trial.
 */
export function* refineContenders(
  refinement: Refinement,
  initial: ReadonlyArray<CandidateTrial>
): TrialSearch<ReadonlyArray<CandidateTrial>> {
  const { criterion, isPredicted, searchThoroughly } = refinement
  const checkedPairs = new Set<string>()
  let trials = initial
  let largestGain = 0
  for (;;) {
    if (isPredicted) trials = enforceNesting(trials)
    const snapshot = snapshotOf(trials)
    yield snapshot
    const ranked = byCriterion(criterion, trials)
    const contender = nextContender(refinement, ranked, largestGain)
    if (contender !== null) {
      const converged = yield* convergeOrKeep(refinement, contender, snapshot)
      const gain = selectionValue(criterion, contender) - selectionValue(criterion, converged)
      if (!isPredicted && Number.isFinite(gain)) largestGain = Math.max(largestGain, gain)
      trials = replaceTrial(trials, contender, converged)
      continue
    }
    const comparable = isPredicted ? ranked.filter(({ candidate }) => candidate.isConverged) : ranked
    const violation = findNestingViolation(comparable, (larger, nested) => !checkedPairs.has(pairKey(larger, nested)))
    if (violation !== null) {
      const { larger, nested } = violation
      checkedPairs.add(pairKey(larger, nested))
      trials = replaceTrial(trials, larger, yield* continueFromNested(refinement, violation, snapshot))
      continue
    }
    const best = ranked.find(trial => selectionValue(criterion, trial) < Infinity)
    if (searchThoroughly === null || best === undefined || best.isThoroughlySearched === true) return trials
    const searched = yield* searchThoroughly(best)
    const better = E.isRight(searched) && isMoreLikely(searched.right, best) ? searched.right : best
    trials = replaceTrial(trials, best, { ...better, isThoroughlySearched: true })
  }
}

const replaceTrial = (
  trials: ReadonlyArray<CandidateTrial>,
  old: FittedTrial,
  replacement: CandidateTrial
): ReadonlyArray<CandidateTrial> => trials.map(trial => (trial === old ? replacement : trial))

const byCriterion = (criterion: Criterion, trials: ReadonlyArray<CandidateTrial>): ReadonlyArray<FittedTrial> => {
  const value = (trial: CandidateTrial): number => selectionValue(criterion, trial)
  // Infinity − Infinity is no order.
  return [...fittedTrials(trials)].sort((a, b) => (value(a) === value(b) ? 0 : value(a) - value(b)))
}

/**
 * Returns the best unconverged trial that may win; null if there is none. The margin grows by the largest gain so far. If likelihoods are
 * lower bounds, the first `MAX_CANDIDATES_LISTED` may win too.
 */
const nextContender = (
  { criterion, minConverged, isPredicted }: Refinement,
  ranked: ReadonlyArray<FittedTrial>,
  largestGain: number
): FittedTrial | null => {
  const value = (trial: CandidateTrial): number => selectionValue(criterion, trial)
  const best = ranked.reduce((least, trial) => Math.min(least, value(trial)), Infinity)
  const converged = ranked.filter(({ candidate }) => candidate.isConverged).length
  const mayWin = (trial: FittedTrial, rank: number): boolean =>
    best === Infinity ||
    value(trial) <= best + CONTENDER_MARGIN + largestGain ||
    converged < minConverged ||
    (!isPredicted && rank < MAX_CANDIDATES_LISTED && value(trial) < Infinity)
  return ranked.find((trial, rank) => !trial.candidate.isConverged && mayWin(trial, rank)) ?? null
}

/** Runs a trial to convergence; keeps one that fails, marked as converged. */
function* convergeOrKeep(
  { converge }: Refinement,
  trial: FittedTrial,
  snapshot: SearchSnapshot
): TrialSearch<FittedTrial> {
  const result = yield* converge(trial, snapshot)
  return E.isRight(result) ? result.right : { ...trial, candidate: { ...trial.candidate, isConverged: true } }
}

const isMoreLikely = (trial: FittedTrial, previous: FittedTrial): boolean =>
  !isDegenerate(trial.candidate) && logLikelihoodOf(trial) > logLikelihoodOf(previous) + ROUNDING_TOLERANCE

/** Trial less likely than a special case of it, with that case's parameters in its own family. */
interface NestingViolation {
  readonly larger: FittedTrial
  readonly nested: FittedTrial
  readonly params: Params.Params<string>
}

const pairKey = (larger: FittedTrial, nested: FittedTrial): string =>
  `${larger.spec.components} ${Score.nameOf(larger.spec.score)} from ${Score.nameOf(nested.spec.score)}`

/** Returns the first considered pair of which the larger family is less likely; null if there is none. */
const findNestingViolation = (
  trials: ReadonlyArray<FittedTrial>,
  isConsidered: (larger: FittedTrial, nested: FittedTrial) => boolean
): NestingViolation | null => {
  for (const larger of trials)
    for (const nested of trials) {
      const isSuspect =
        nested.spec.components === larger.spec.components &&
        nested.candidate.statistics.parameters < larger.candidate.statistics.parameters &&
        !isDegenerate(nested.candidate) &&
        logLikelihoodOf(nested) > logLikelihoodOf(larger) + ROUNDING_TOLERANCE &&
        isConsidered(larger, nested)
      const params = isSuspect ? embedIn(larger.spec, nested) : null
      if (params !== null) return { larger, nested, params }
    }
  return null
}

/** Embeds a trial's mixture in a larger family; null if that cannot represent it. */
const embedIn = ({ score }: CandidateSpec, { spec, params }: FittedTrial): Params.Params<string> | null => {
  const mixture = O.toNullable(Score.toMixture(spec.score)(params))
  const maps = familyWithConversions(score)
  if (mixture === null || maps === null) return null
  const embedded = maps.fromMixture(mixture)
  return equalUpToRounding(maps.toMixture(embedded), mixture) ? embedded : null
}

/** Continues EM from the nested optimum; keeps that optimum if EM ends worse, and the old trial if both fail. */
function* continueFromNested(
  { converge, evaluationData }: Refinement,
  { larger, nested, params }: NestingViolation,
  snapshot: SearchSnapshot
): TrialSearch<FittedTrial> {
  const continued = yield* converge({ ...larger, params }, snapshot)
  const isAsGood = (trial: FittedTrial): boolean =>
    (!isDegenerate(trial.candidate) || isDegenerate(larger.candidate)) &&
    logLikelihoodOf(trial) >= logLikelihoodOf(nested) - ROUNDING_TOLERANCE
  const better =
    E.isRight(continued) && isAsGood(continued.right)
      ? continued
      : evaluateFit({ spec: larger.spec, params, iterations: 0, isConverged: true }, evaluationData)
  return E.isRight(better) ? better.right : larger
}

/**
 * Gives both trials of a violating pair the log-likelihood of the larger if that has converged, otherwise of the nested one; repeats until
 * none violates.
 */
const enforceNesting = (trials: ReadonlyArray<CandidateTrial>): ReadonlyArray<CandidateTrial> => {
  let corrected = trials
  for (let corrections = 0; corrections < trials.length; corrections++) {
    const ranked = [...fittedTrials(corrected)].sort((a, b) => logLikelihoodOf(b) - logLikelihoodOf(a))
    const violation = findNestingViolation(
      ranked,
      (larger, nested) => !(larger.candidate.isConverged && nested.candidate.isConverged)
    )
    if (violation === null) break
    const { larger, nested } = violation
    corrected = larger.candidate.isConverged
      ? replaceTrial(corrected, nested, predictLikelihoodOf(nested, larger))
      : replaceTrial(corrected, larger, predictLikelihoodOf(larger, nested))
  }
  return corrected
}

/** Returns a trial whose predicted log-likelihood is that of another. */
const predictLikelihoodOf = (trial: FittedTrial, other: FittedTrial): FittedTrial => {
  const { statistics } = trial.candidate
  return {
    ...trial,
    candidate: withPredictedLikelihood(trial.candidate, {
      logLikelihood: logLikelihoodOf(other),
      rows: statistics.rows,
      totalWeight: Statistics.totalRowWeight(statistics)
    })
  }
}

const CONVERGENCE_LIMITS = { steps: 500, relativeChange: 1e-8 }

const MAX_MOVES = 1000

/** More attempts, each of which is rarely abandoned within its 90 EM iterations. */
const THOROUGH_MOVE_SETTINGS = { attempts: 8, polish: 90, patience: 100 }

export type SearchKinds = ReadonlyArray<'quick' | 'thorough'>

/** Returns the pipeline that continues a trial: EM, split-and-merge moves, EM. */
export const convergencePipeline = (
  { spec, params }: FittedTrial,
  prior: number | null,
  moves: SearchKinds
): Pipeline.Pipeline<string> => {
  const limits = { ...varianceFloorOption(spec), prior }
  const em = Stage.expectationMaximization({ ...CONVERGENCE_LIMITS, ...limits })
  return {
    ...pipelineAt(spec.score, params),
    stages: [
      em,
      ...moves.map(effort =>
        Stage.splitAndMerge({ steps: MAX_MOVES, ...(effort === 'thorough' && THOROUGH_MOVE_SETTINGS), ...limits })
      ),
      em
    ]
  }
}

/** EM on many rows from the optimum on a sample: the last gains are far below the standard error 1/√n. */
const SHORT_EM_LIMITS = { steps: 50, relativeChange: 1e-4 }

/** Returns the pipeline that continues a trial on more rows. */
export const shortPipeline = ({ spec, params }: FittedTrial, prior: number | null): Pipeline.Pipeline<string> => ({
  ...pipelineAt(spec.score, params),
  stages: [Stage.expectationMaximization({ ...SHORT_EM_LIMITS, ...varianceFloorOption(spec), prior })]
})

const varianceFloorOption = ({ minVariance }: CandidateSpec): { readonly varianceFloor?: number } =>
  minVariance === undefined ? {} : { varianceFloor: minVariance }
