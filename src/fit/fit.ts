/** Fits of Gaussian mixtures, with family and number of components selected by a criterion. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { lastElement, lazy } from '../../lib/plain/iterate.js'
import * as Problem from '../core/problem.js'
import type { RowLists } from '../data/dataArgument.js'
import * as Source from '../data/source/source.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import { asList, buildGrid, type FamilyGrid } from './candidateGrid.js'
import { rankCandidates, type FailedCandidate } from './candidates.js'
import { crossValidate, MAX_FOLDS } from './crossValidation.js'
import { toFit, type Fit, type FitContext } from './fitResult.js'
import * as FixedComponents from './fixedComponents.js'
import { optionProblems, resolveOptions, type FitOptions, type Progress } from './resolveOptions.js'
import { columnNames, readRows } from './readRows.js'
import { bestOfStarts } from './restarts.js'
import { bestSingleCluster, type SingleCluster } from './singleCluster.js'
import { search } from './search.js'
import { nonConstantColumns, prepareTrainingData } from './trainingData.js'
import type { CandidateSpec, CandidateTrial } from './trial.js'

export type { Unsupported } from '../mixture/em/support.js'
export type { Assign } from './assign.js'
export type {
  AnyCandidate,
  Criterion,
  FailedCandidate,
  FittedCandidate,
  RankedCandidate as Ranked,
  ScoreConstructor as Constructor
} from './candidates.js'
export { families, familyByName, isFamilyName, type FamilyName } from './familyNames.js'
export type { Fit } from './fitResult.js'
export type { GroupEvidence } from './groupEvidence.js'
export type { Hint } from './hint.js'
export type { LocalOptimum } from './localOptimum.js'
export type { FitOptions as Options, Progress } from './resolveOptions.js'
export type { Starts } from './restarts.js'
export type { SingleCluster } from './singleCluster.js'
export { fromJSON, type StoredModel as Kept } from './storedModel.js'

export interface State {
  /** Null if fitted candidates are refined. */
  readonly next: Progress | null
  /**
   * Pipeline, on the scaled data, of a sole candidate's last iterations; null if more remains. Run with the seed's key it gives the result
   * of the next states, and can be stopped and resumed.
   */
  readonly rest: Pipeline.Pipeline<string> | null
  /** Returns the best fit so far, computed on the first call, or problems. */
  readonly fit: () => E.Either<Problem.Problems, Fit>
}

const abortedProblem = Problem.of(
  'signal',
  'aborted',
  'one that lets the fit go on',
  'take the last of Fit.states for the best until then'
)

const noCandidateProblem = Problem.of('fit', 'no candidate', 'learned yet', 'let it go on')

/** Fits a mixture; throws a RangeError with all problems, which `Fit.mixture` returns. */
export const fit = (data: Source.Data | RowLists, options: FitOptions = {}): Fit =>
  Problem.orThrow(mixture(options)(data))

/**
 * Fits a mixture to data, or returns all problems. A criterion selects family and number of components. Families grow from one component,
 * and those that may win are refined by EM with split-and-merge moves; families without EM are fitted by `Recipe.annealed`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Fit, Key, Mixture, Source } from 'ornstein'
 *
 * const truth = Mixture.of({ means: [[-4, 0], [4, 0], [0, 6]] })
 * const points = Mixture.sample(300)(Key.fromSeed(1))(truth)
 * const found = pipe(points, Fit.mixture({ components: [2, 3] }))
 * assert.ok(E.isRight(found))
 * assert.equal(found.right.components, 3)
 *
 * // rows that need not be in memory: the same bits
 * const streamed = pipe(Source.of(points), Fit.mixture({ components: [2, 3] }))
 * assert.ok(E.isRight(streamed))
 * assert.deepEqual(streamed.right.mixture, found.right.mixture)
 */
export const mixture =
  (options: FitOptions = {}) =>
  (data: Source.Data | RowLists): E.Either<Problem.Problems, Fit> =>
    pipe(
      states(options)(data),
      E.map(lastElement),
      E.flatMap(state =>
        options.signal?.aborted === true
          ? E.left<Problem.Problems, Fit>([abortedProblem])
          : (state?.fit() ?? E.left<Problem.Problems, Fit>([noCandidateProblem]))
      )
    )

/**
 * Fits a mixture step by step: states are computed on demand, and the last is the result of `mixture`. Above 4000 rows there is a state
 * after each pass over all; before, likelihoods are predicted from a sample.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Fit, Key, Mixture, Problem } from 'ornstein'
 *
 * const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[-4], [4]] }))
 * const states = [...Problem.orThrow(Fit.states({ components: [1, 2], family: 'isotropic' })(points))]
 * assert.equal(states[0].next?.components, 1)
 * assert.equal(Problem.orThrow(states[1].fit()).components, 1)
 * assert.equal(Problem.orThrow(states[states.length - 1].fit()).components, 2)
 */
export const states =
  (options: FitOptions = {}) =>
  (data: Source.Data | RowLists): E.Either<Problem.Problems, Iterable<State>> =>
    pipe(
      contextOf(options, data),
      E.map(context => ({
        *[Symbol.iterator]() {
          const { signal, starts } = context.options
          const isAborted = (): boolean => signal?.aborted === true
          try {
            if (isAborted()) return
            for (const state of starts === 1 ? statesOfStart(context) : statesOfStarts(context)) {
              yield state
              if (isAborted()) return
            }
          } finally {
            context.data.close()
          }
        }
      }))
    )

/** Checks the options and the data, and prepares the data. */
const contextOf = (options: FitOptions, given: Source.Data | RowLists): E.Either<Problem.Problems, FitContext> =>
  pipe(
    Problem.faultless(optionProblems(options), undefined),
    E.flatMap(() => readRows(options, given)),
    E.bindTo('rows'),
    E.tap(({ rows }) => Problem.faultless(fixedProblems(options, rows), undefined)),
    E.bind('columns', ({ rows }) => columnNames(options.columns, rows.dim)),
    E.let('options', () => resolveOptions(options)),
    E.let('usedColumns', ({ rows }) => nonConstantColumns(rows)),
    E.bind('data', ({ rows, columns, options: { standardize }, usedColumns }) =>
      prepareTrainingData(
        // A row may have cells only in constant columns.
        usedColumns.length === rows.dim ? rows : Source.onlyCountedRows(Source.columns(usedColumns)(rows)),
        { columns: usedColumns.map(j => columns[j]), standardize }
      )
    )
  )

const fixedProblems = ({ fixed, components }: FitOptions, { rows, dim }: Source.Data): ReadonlyArray<Problem.Problem> =>
  fixed === undefined ? [] : FixedComponents.problems(fixed, dim, asList(components ?? Math.max(1, rows)))

/** Yields the states of each start in turn, with the best fit of all so far. */
function* statesOfStarts(context: FitContext): Generator<State> {
  const { seed, starts, onProgress } = context.options
  let fits: ReadonlyArray<Fit> = []
  for (let start = 0; start < starts; start++) {
    const overall = (progress: Progress): Progress => ({
      ...progress,
      done: start * progress.of + progress.done,
      of: starts * progress.of
    })
    const options = {
      ...context.options,
      seed: seed + start,
      onProgress:
        onProgress &&
        ((progress: Progress) => {
          onProgress(overall(progress))
        })
    }
    const earlier = fits
    let latest: State['fit'] = () => E.left([noCandidateProblem])
    for (const { next, fit } of statesOfStart({ ...context, options })) {
      latest = fit
      yield { next: next && overall(next), rest: null, fit: lazy(() => withEarlier(earlier, fit())) }
    }
    const result = latest()
    if (E.isRight(result)) fits = [...fits, result.right]
  }
}

/** Returns the best of several fits; the latest problems if there is none. */
const withEarlier = (
  earlier: ReadonlyArray<Fit>,
  latest: E.Either<Problem.Problems, Fit>
): E.Either<Problem.Problems, Fit> => {
  const fits = E.isRight(latest) ? [...earlier, latest.right] : earlier
  return RA.isNonEmpty(fits) ? E.right(bestOfStarts(fits[0], fits.slice(1))) : latest
}

/** Yields the states of any cross-validation, then of the search on all rows. */
function* statesOfStart(context: FitContext): Generator<State> {
  const { options, columns, usedColumns } = context
  const { seed, criterion, prior, backend, standardize } = options
  const grid = buildGrid(options, context.data, usedColumns)
  const key = Key.fromSeed(seed)
  const report = progressReporter(grid, options)
  let { data } = context
  if (criterion === 'crossValidated') {
    const settings = { columns: usedColumns.map(j => columns[j]), standardize, key, prior, backend }
    for (const { fold, next, deviances } of crossValidate(data.original, grid, settings)) {
      data = { ...data, crossValidatedDeviances: deviances }
      yield { next: report(next, fold), rest: null, fit: () => E.left([noCandidateProblem]) }
    }
  }
  const folds = criterion === 'crossValidated' ? MAX_FOLDS : 0
  const singleCluster = lazy(() =>
    bestSingleCluster(context.data.original, Key.named('singleCluster')(key).singleCluster)
  )
  for (const { next, trials, remainingPipeline } of search(data, grid, { key, criterion, prior, backend }))
    yield {
      next: report(next, folds, trials.length),
      rest: remainingPipeline,
      fit: lazy(() => bestFit(context, trials, singleCluster))
    }
}

/** Returns a function that reports the next candidate by `onProgress`, given the finished passes and the trials in this one. */
const progressReporter = (
  grid: ReadonlyArray<FamilyGrid>,
  { criterion, onProgress }: Pick<FitContext['options'], 'criterion' | 'onProgress'>
) => {
  const nameOf = ({ score, components }: CandidateSpec): Pick<Progress, 'family' | 'components'> => ({
    family: Score.nameOf(score),
    components
  })
  const requested = grid.flatMap(({ makeScore, componentCounts }) =>
    componentCounts.map(components => nameOf({ score: makeScore({ components }), components }))
  )
  const total = (criterion === 'crossValidated' ? MAX_FOLDS + 1 : 1) * requested.length
  return (spec: CandidateSpec | null, passes: number, trials = 0): Progress | null => {
    if (spec === null) return null
    const name = nameOf(spec)
    const index = requested.findIndex(one => one.family === name.family && one.components === name.components)
    // An extended grid has more candidates than requested.
    const beyond = Math.max(total, trials)
    const progress =
      index < 0
        ? { ...name, done: beyond, of: beyond + 1 }
        : { ...name, done: passes * requested.length + index, of: total }
    onProgress?.(progress)
    return progress
  }
}

/** Compares several components with one cluster if ICLc chooses their number. */
const bestFit = (
  context: FitContext,
  trials: ReadonlyArray<CandidateTrial>,
  singleCluster: () => SingleCluster | null
): E.Either<Problem.Problems, Fit> => {
  const { criterion } = context.options
  const candidates = trials.map(({ candidate }) => candidate)
  const failed = candidates.filter((candidate): candidate is FailedCandidate => candidate._tag === 'Failed')
  const isCounted =
    criterion === 'iclc' &&
    candidates.some(({ components }) => components === 1) &&
    candidates.some(({ _tag, components }) => _tag === 'Fitted' && components > 1)
  const reference = isCounted ? singleCluster() : null
  const ranked = rankCandidates(criterion, candidates, reference?.value)
  const [first = noCandidateProblem, ...others] = distinctProblems(failed)
  return RA.isNonEmpty(ranked)
    ? E.right(toFit(context, { candidates: ranked, refused: failed, singleCluster: reference }))
    : E.left([first, ...others])
}

/** Returns the problems of the failed candidates with fewest components, one of those that differ only in the family. */
const distinctProblems = (failed: ReadonlyArray<FailedCandidate>): ReadonlyArray<Problem.Problem> => {
  const fewest = failed.reduce((count, { components }) => Math.min(count, components), Infinity)
  const smallest = failed.filter(({ components }) => components === fewest)
  const reason = ({ family, problem }: FailedCandidate): string => problem.domain.replace(family, '')
  return smallest
    .filter((one, i) => smallest.findIndex(other => reason(other) === reason(one)) === i)
    .map(({ problem }) => problem)
}
