/**
 * Search for the best candidate: grow all families, refine the contenders, extend the grid while its end wins. If rows are more than 4000
 * or miss cells, this uses a sample or completed rows; the best are then refined on all rows.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../../lib/index.js'
import * as Problem from '../core/problem.js'
import * as Backend from '../data/reductionBackend.js'
import * as Source from '../data/source/source.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import * as Score from '../score/score.js'
import { extendGrid, type FamilyGrid } from './candidateGrid.js'
import { evaluationData, hasFamily } from './evaluation.js'
import { growFamilies, type SearchContext } from './growth.js'
import { commonMinVariance } from './minVariance.js'
import type { PredictionTarget } from './prediction.js'
import { convergencePipeline, refineContenders, shortPipeline, type SearchKinds, type Refinement } from './refine.js'
import { refineOnAllRows } from './refineOnAllRows.js'
import { initialState, runEM } from './runEM.js'
import { completeRows, sampleRows, toMemory, type TrainingData } from './trainingData.js'
import {
  evaluateFit,
  fitByPipeline,
  snapshotOf,
  soleUnconverged,
  type CandidateSpec,
  type FittedTrial,
  type TrialSearch,
  type CandidateTrial,
  type TrialResult
} from './trial.js'

export interface SearchOptions extends Pick<SearchContext, 'key' | 'criterion' | 'prior'> {
  /** Default: this process. */
  readonly backend?: Backend.Backend | undefined
}

const MAX_SEARCHED_ROWS = 4000

/** Numbers of candidates run to convergence on all rows; completed cells rank less reliably than a sample. */
const MIN_CONVERGED = { afterSample: 3, afterCompletion: 6 }

/** EM on the observed cells; gain in nats per row. */
const MISSING_CELLS_EM = { maxIterations: 500, minGain: 1e-9 }

/** A sole candidate wins, so it is searched thoroughly at once. */
const SOLE_MOVES: SearchKinds = ['quick', 'thorough']

/** Searches a grid for the best candidate, yielding the trials after each step. A source gives the bits of its rows in memory. */
export const search = (
  data: TrainingData,
  grid: ReadonlyArray<FamilyGrid>,
  options: SearchOptions
): TrialSearch<ReadonlyArray<CandidateTrial>> =>
  Missing.hasMissingCells(data.original)
    ? searchWithMissingCells(data, grid, options)
    : searchCompleteRows(data, grid, options)

const searchCompleteRows: typeof search = (data, grid, options) => {
  if (data.original.rows > MAX_SEARCHED_ROWS) return searchOnSample(data, grid, options)
  const inMemory = toMemory(data)
  const target = targetOf(data)
  return searchInMemory({ ...options, data: inMemory, evaluationData: evaluationData(inMemory), target }, grid)
}

/** Grows all families and refines the contenders, with larger numbers of components while the largest wins. */
export function* searchInMemory(
  context: SearchContext,
  grid: ReadonlyArray<FamilyGrid>
): TrialSearch<ReadonlyArray<CandidateTrial>> {
  const { data, criterion, target } = context
  const { rows } = data.scaled
  const counts = grid.flatMap(({ componentCounts }) => componentCounts).filter(count => count <= rows)
  const minVariance = commonMinVariance(data.scaled, Math.max(0, ...counts))
  let trials: ReadonlyArray<CandidateTrial> = []
  for (let batch = grid; batch.length > 0; batch = extendGrid(batch, trials, { rows, criterion, target })) {
    trials = yield* growFamilies(context, batch, { minVariance, earlier: trials })
    const sole = soleUnconverged(trials)
    if (sole !== null)
      yield { ...snapshotOf(trials), remainingPipeline: convergencePipeline(sole, context.prior, SOLE_MOVES) }
    trials = yield* refineContenders(inMemoryRefinement(context, { isSole: trials.length === 1 }), trials)
  }
  return trials
}

const inMemoryRefinement = (
  { data, evaluationData, key, criterion, prior }: SearchContext,
  { isSole }: { readonly isSole: boolean }
): Refinement => {
  const converge = (trial: FittedTrial, moves: SearchKinds): TrialSearch<TrialResult> =>
    fitByPipeline({
      spec: trial.spec,
      pipeline: convergencePipeline(trial, prior, moves),
      data: data.scaled,
      evaluationData,
      key,
      dependsOnSeed: trial.candidate.dependsOnSeed
    })
  return {
    criterion,
    evaluationData,
    converge: trial => converge(trial, isSole ? SOLE_MOVES : ['quick']),
    searchThoroughly: isSole ? null : trial => converge(trial, ['thorough']),
    minConverged: 0,
    isPredicted: false
  }
}

/**
 * Searches on a random sample and refines the best on all rows. With p parameters, the mean log-likelihood on n sampled rows is expected to
 * be too high by p/n.
 */
const searchOnSample: typeof search = (data, grid, { key, criterion, prior, backend = Backend.localBackend }) => {
  const keys = pipe(key, Key.named('sample', 'fit'))
  const sample = sampleRows(data, MAX_SEARCHED_ROWS, keys.sample)
  const target: PredictionTarget = {
    ...targetOf(data),
    predictLogLikelihood: ({ statistics: { logLikelihood, parameters } }) =>
      logLikelihood - parameters / MAX_SEARCHED_ROWS
  }
  const context = { data: sample, evaluationData: evaluationData(sample), key: keys.fit, criterion, prior, target }
  const allRows = evaluationData(data, backend)
  const finalPipeline = (trial: FittedTrial) => shortPipeline(trial, prior)
  return refineOnAllRows(searchInMemory(context, grid), {
    criterion,
    evaluationData: allRows,
    target,
    finalPipeline,
    minConverged: MIN_CONVERGED.afterSample,
    converge: (trial, snapshot) =>
      fitByPipeline({
        spec: trial.spec,
        pipeline: finalPipeline(trial),
        data: data.scaled,
        evaluationData: allRows,
        key: keys.fit,
        backend: data.scaling === null ? backend : Backend.scaledBackend(data.scaling, backend),
        snapshot
      })
  })
}

/** Searches on completed rows (see `completeRows`) and refines the best by EM on the observed cells. */
function* searchWithMissingCells(
  data: TrainingData,
  grid: ReadonlyArray<FamilyGrid>,
  { key, criterion, prior, backend }: SearchOptions
): TrialSearch<ReadonlyArray<CandidateTrial>> {
  const keys = pipe(key, Key.named('cells', 'fit'))
  const allRows = evaluationData(data, backend)
  const completed = completeRows(data, keys.cells)
  try {
    return yield* refineOnAllRows(searchCompleteRows(completed, grid, { key: keys.fit, criterion, prior }), {
      criterion,
      evaluationData: allRows,
      target: targetOf(data),
      problemOf: missingCellsProblem,
      minConverged: MIN_CONVERGED.afterCompletion,
      *converge({ spec, params: start }) {
        const { family } = Score.interpret(spec.score)
        if (family === undefined) return E.left(needsCompleteRowsProblem(spec))
        const step = ExpectationMaximization.step(family, spec.minVariance ?? Number.MIN_VALUE, data.scaled, prior)
        const { params, iterations } = runEM(step, initialState(start), MISSING_CELLS_EM)
        return evaluateFit({ spec, params, iterations, isConverged: true }, allRows)
      }
    })
  } finally {
    completed.close()
  }
}

const missingCellsProblem = (spec: CandidateSpec): Problem.Problem | null =>
  hasFamily(spec.score, ExpectationMaximization.supportsMissingCells) ? null : needsCompleteRowsProblem(spec)

const needsCompleteRowsProblem = ({ score }: CandidateSpec): Problem.Problem =>
  Problem.of(
    'family',
    Score.nameOf(score),
    'one that is learned from missing cells',
    'choose another, or leave out the rows that miss some'
  )

/** Uses the data as the target, with their exact likelihood. */
const targetOf = ({ original }: TrainingData): PredictionTarget => ({
  rows: original.rows,
  totalWeight: Source.sumOfWeights(original),
  predictLogLikelihood: ({ statistics: { logLikelihood } }) => logLikelihood
})
