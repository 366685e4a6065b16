/** Trials: candidates during the search, and their evaluation after a pipeline. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Key } from '../../lib/index.js'
import * as Compile from '../compile/compile.js'
import * as Run from '../compile/run.js'
import type * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import * as Backend from '../data/reductionBackend.js'
import type * as Source from '../data/source/source.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import { criterionValue, isEligible, type Criterion, type FailedCandidate, type FittedCandidate } from './candidates.js'
import { evaluateScaledMixture, type EvaluationData } from './evaluation.js'

export interface CandidateSpec {
  readonly score: Score.Score<string>
  readonly components: number
  /** In the scaled units; absent if variances are not estimated. */
  readonly minVariance?: number
}

export interface FittedTrial {
  readonly spec: CandidateSpec
  readonly candidate: FittedCandidate
  /** In the scaled units. */
  readonly params: Params.Params<string>
  readonly isThoroughlySearched?: boolean
}

export interface FailedTrial {
  readonly spec: CandidateSpec
  readonly candidate: FailedCandidate
}

export type CandidateTrial = FittedTrial | FailedTrial

/** True if a trial has a fit. */
export const isFitted = (trial: CandidateTrial): trial is FittedTrial => trial.candidate._tag === 'Fitted'

/** Returns the trials that have a fit, in order. */
export const fittedTrials = (trials: ReadonlyArray<CandidateTrial>): ReadonlyArray<FittedTrial> =>
  trials.filter(isFitted)

/** Returns a trial with a problem instead of a fit. */
export const failedTrial = (spec: CandidateSpec, problem: Problem.Problem): FailedTrial => ({
  spec,
  candidate: { _tag: 'Failed', family: Score.nameOf(spec.score), components: spec.components, problem }
})

/** Value of the criterion; Infinity if the trial failed or is not eligible. */
export const selectionValue = (criterion: Criterion, { candidate }: CandidateTrial): number =>
  candidate._tag === 'Fitted' && isEligible(candidate) ? criterionValue(criterion, candidate.statistics) : Infinity

/** Mean log-likelihood of a trial in the original units. */
export const logLikelihoodOf = ({ candidate }: FittedTrial): number => candidate.statistics.logLikelihood

/** Returns the trial if it is the only one and has not converged; otherwise null. */
export const soleUnconverged = (trials: ReadonlyArray<CandidateTrial>): FittedTrial | null => {
  const [trial] = trials
  return trials.length === 1 && isFitted(trial) && !trial.candidate.isConverged ? trial : null
}

export interface SearchSnapshot {
  /** Candidate fitted next; null at the end, and while fitted ones are refined. */
  readonly next: CandidateSpec | null
  readonly trials: ReadonlyArray<CandidateTrial>
  /** Pipeline, on the scaled data, if only the last iterations of a single candidate remain; otherwise null. */
  readonly remainingPipeline: Pipeline.Pipeline<string> | null
}

export type TrialSearch<A> = Generator<SearchSnapshot, A>

/** Returns the snapshot of a search without a next candidate. */
export const snapshotOf = (trials: ReadonlyArray<CandidateTrial>): SearchSnapshot => ({
  next: null,
  trials,
  remainingPipeline: null
})

export type TrialResult = E.Either<Problem.Problem, FittedTrial>

/** Returns a pipeline without stages that starts at given parameters. */
export const pipelineAt = (score: Score.Score<string>, params: Params.Params<string>): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(params),
    stages: []
  })

export interface FitOfSpec {
  readonly spec: CandidateSpec
  /** In the scaled units. */
  readonly params: Params.Params<string>
  readonly iterations: number
  readonly isConverged: boolean
  /** False if every seed gives these parameters. Default: true. */
  readonly dependsOnSeed?: boolean
  /** Default: one that starts at the parameters. */
  readonly pipeline?: Pipeline.Pipeline<string>
}

/** Evaluates parameters; a problem if there is no mixture, no finite likelihood, or no cross-validated one. */
export const evaluateFit = (fit: FitOfSpec, data: EvaluationData): TrialResult => {
  const { spec, params, iterations, isConverged, dependsOnSeed = true } = fit
  const { score, components, minVariance } = spec
  const pipeline = fit.pipeline ?? pipelineAt(score, params)
  const mixture = Score.toMixture(score)(params)
  if (O.isNone(mixture))
    return E.left(Problem.of('family', Score.show(score), 'one of Gaussian mixtures', 'give the family toMixture'))
  const evaluation = evaluateScaledMixture(mixture.value, data, { pipeline, minVariance, testsSupport: isConverged })
  const { statistics } = evaluation
  if (data.crossValidatedDeviances !== undefined && statistics.crossValidated === undefined)
    return E.left(
      Problem.of(
        'components',
        String(components),
        'learnable from the rows without a part of them, which cross-validation asks',
        'take fewer, or --criterion bic'
      )
    )
  if (!Number.isFinite(statistics.logLikelihood))
    return E.left(Problem.of('log-likelihood', 'it', 'finite', 'give the columns in units nearer to each other'))
  return E.right({
    spec,
    params,
    candidate: {
      _tag: 'Fitted',
      family: Score.nameOf(score),
      components,
      pipeline,
      steps: iterations,
      isConverged,
      dependsOnSeed,
      ...evaluation
    }
  })
}

export interface PipelineRun extends Pick<FitOfSpec, 'spec' | 'dependsOnSeed'> {
  readonly pipeline: Pipeline.Pipeline<string>
  readonly data: Source.Data
  readonly evaluationData: EvaluationData
  readonly key: Key.Key
  /** Default: this process. */
  readonly backend?: Backend.Backend
  /** Yielded after each pass over the data. Default: none. */
  readonly snapshot?: SearchSnapshot
}

/** Runs a pipeline to its end and evaluates the result; returns the first problem of compilation. */
export function* fitByPipeline(run: PipelineRun): TrialSearch<TrialResult> {
  const { pipeline, data, evaluationData, key, backend = Backend.localBackend, snapshot, ...fit } = run
  const program = Compile.pipeline(pipeline, { backend })(data)
  if (E.isLeft(program)) return E.left(program.left[0])
  let params: E.Either<Problem.Problem, Params.Params<string>> = E.left(
    Problem.of('fit', 'no step', 'taken', 'let it take one')
  )
  let iterations = 0
  for (const state of Run.states(program.right)(key)) {
    const { status } = state
    // `state.step` counts within a stage.
    if (status._tag !== 'Running') iterations += state.step
    else if (snapshot !== undefined) yield snapshot
    params = status._tag === 'Failed' ? E.left(status.problem) : E.right(state.params)
  }
  if (E.isLeft(params)) return params
  return evaluateFit({ ...fit, params: params.right, pipeline, iterations, isConverged: true }, evaluationData)
}
