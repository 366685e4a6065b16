/** Growth phase: fits each candidate of a grid from that with one component less, or from other families. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type { Key } from '../../lib/index.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Recipe from '../pipeline/recipe.js'
import * as Score from '../score/score.js'
import { tasksOf, type FamilyGrid, type FitTask } from './candidateGrid.js'
import { isDegenerate, type Criterion } from './candidates.js'
import type { EvaluationData } from './evaluation.js'
import { fittingProblem, priorProblem } from './feasibility.js'
import { predictedCriterion, type PredictionTarget } from './prediction.js'
import { CONTENDER_MARGIN } from './refine.js'
import type { TrainingData } from './trainingData.js'
import {
  evaluateFit,
  failedTrial,
  fitByPipeline,
  fittedTrials,
  snapshotOf,
  type CandidateSpec,
  type TrialSearch,
  type CandidateTrial
} from './trial.js'
import { prepareFitFromStarts, type SmallerFit, type WarmStart, type WarmStartedFit } from './warmStarts.js'

export interface SearchContext {
  readonly data: TrainingData<Points.Points>
  readonly evaluationData: EvaluationData
  readonly key: Key.Key
  readonly criterion: Criterion
  /** In rows; null for maximum likelihood. */
  readonly prior: number | null
  /** The data, or the population of a sample. */
  readonly target: PredictionTarget
}

interface GrowthOptions {
  readonly minVariance: number
  readonly earlier: ReadonlyArray<CandidateTrial>
}

/** Fits the candidates of a grid, family by family. Returns the earlier trials and the new ones; candidates may be skipped. */
export function* growFamilies(
  context: SearchContext,
  grid: ReadonlyArray<FamilyGrid>,
  { minVariance, earlier }: GrowthOptions
): TrialSearch<ReadonlyArray<CandidateTrial>> {
  const { key, prior } = context
  const points = context.data.scaled
  const fit = prepareFitFromStarts(points, key, prior)
  const isTried = (score: Score.Score<string>, components: number): boolean =>
    earlier.some(({ spec }) => isSameCandidate(spec, { score, components }))
  const tasks = grid.flatMap(family => tasksOf(family, { minVariance, rows: points.rows, isTried }))
  let trials = earlier
  let previous: SmallerFit | null = null
  for (const task of tasks) {
    const { spec, isCandidate, method } = task
    yield { ...snapshotOf(trials), next: isCandidate ? spec : null }
    if (method === 'recipe') {
      trials = [...trials, yield* fitByRecipe(context, spec)]
      previous = null
      continue
    }
    if (cannotWin(context, task, trials)) {
      previous = null
      continue
    }
    const smaller: SmallerFit | null = method === 'growth' ? smallerFitOf(spec, previous, earlier) : null
    const problem = fittingProblem(spec, points, prior)
    const target = { score: spec.score, minVariance: spec.minVariance ?? Number.MIN_VALUE }
    const start: WarmStart | null =
      method === 'growth' ? startFromSmaller(smaller) : startFromOtherFamilies(spec, trials)
    const result: WarmStartedFit | null = problem === null ? fit(target, start) : null
    previous = result === null ? smaller : { ...result, score: spec.score }
    if (isCandidate) trials = [...trials, toTrial(context, spec, result ?? problem)]
  }
  yield snapshotOf(trials)
  return trials
}

const isSameCandidate = (
  one: Pick<CandidateSpec, 'score' | 'components'>,
  other: Pick<CandidateSpec, 'score' | 'components'>
): boolean => one.components === other.components && Score.nameOf(one.score) === Score.nameOf(other.score)

/** Returns the fit to grow from: the previous task's in the same family, or that of an earlier batch; null if there is none. */
const smallerFitOf = (
  { score, components }: CandidateSpec,
  previous: SmallerFit | null,
  earlier: ReadonlyArray<CandidateTrial>
): SmallerFit | null => {
  if (previous !== null && Score.nameOf(previous.score) === Score.nameOf(score)) return previous
  const trial = fittedTrials(earlier).find(({ spec }) => isSameCandidate(spec, { score, components: components - 1 }))
  return trial === undefined
    ? null
    : { score: trial.spec.score, params: trial.params, dependsOnSeed: trial.candidate.dependsOnSeed }
}

const startFromSmaller = (fit: SmallerFit | null): WarmStart | null => fit && { from: 'smallerFit', fit }

/** Null if other families have no fit with as many components. */
const startFromOtherFamilies = (
  { components }: CandidateSpec,
  trials: ReadonlyArray<CandidateTrial>
): WarmStart | null => {
  const mixtures = fittedTrials(trials)
    .filter(({ spec }) => spec.components === components)
    .flatMap(({ spec, params }) => RA.fromOption(Score.toMixture(spec.score)(params)))
  return mixtures.length === 0 ? null : { from: 'otherFamilies', mixtures }
}

/**
 * True if the criterion exceeds the best's by `CONTENDER_MARGIN` even with the enclosing family's likelihood. Misses a winner if EM did not
 * find that family's maximum.
 */
const cannotWin = (
  { criterion, prior, data, target }: SearchContext,
  { spec, enclosingFamily }: FitTask,
  trials: ReadonlyArray<CandidateTrial>
): boolean => {
  // Under a prior the likelihood is not maximal, so it is no bound.
  if (enclosingFamily === null || prior !== null) return false
  const fitted = fittedTrials(trials).map(({ candidate }) => candidate)
  const enclosing = fitted.find(one => one.components === spec.components && one.family === enclosingFamily)
  if (enclosing === undefined) return false
  const parameters = Score.degreesOfFreedom(data.scaled.dim)(spec.score)
  // Equal bic and icl mean entropy 0: the predicted criterion is a lower bound.
  const bounded = { ...enclosing, statistics: { ...enclosing.statistics, parameters, bic: 0, icl: 0 } }
  const best = fitted
    .filter(one => !isDegenerate(one))
    .reduce((least, one) => Math.min(least, predictedCriterion(criterion, one, target)), Infinity)
  return predictedCriterion(criterion, bounded, target) > best + CONTENDER_MARGIN
}

const toTrial = (
  { evaluationData }: SearchContext,
  spec: CandidateSpec,
  result: WarmStartedFit | Problem.Problem | null
): CandidateTrial => {
  if (result === null || !('params' in result))
    return failedTrial(
      spec,
      result ?? Problem.of('family', Score.nameOf(spec.score), 'learnable from these rows', 'try another')
    )
  const { params, iterations, dependsOnSeed } = result
  const fit = evaluateFit({ spec, params, iterations, dependsOnSeed, isConverged: false }, evaluationData)
  return E.isRight(fit) ? fit.right : failedTrial(spec, fit.left)
}

/** Runs `Recipe.annealed` with its own minimum variance. */
function* fitByRecipe(
  { data, evaluationData, key, prior }: SearchContext,
  spec: CandidateSpec
): TrialSearch<CandidateTrial> {
  const { score, components } = spec
  const problem = fittingProblem(spec, data.scaled, prior)
  if (problem !== null) return failedTrial(spec, problem)
  const annealed = Recipe.annealed(score)(data.scaled)
  const pipeline = prior === null ? annealed : Pipeline.pipelineUnderPrior(prior)(annealed)
  // Stages of gradient descent do not take a prior.
  if (prior !== null && O.isNone(Pipeline.pipelinePrior(pipeline))) return failedTrial(spec, priorProblem(score))
  const minVariance = O.toUndefined(Pipeline.varianceFloor(pipeline))
  const fittedSpec = { score, components, ...(minVariance !== undefined && { minVariance }) }
  const fit = yield* fitByPipeline({ spec: fittedSpec, pipeline, data: data.scaled, evaluationData, key })
  return E.isRight(fit) ? fit.right : failedTrial(spec, fit.left)
}
