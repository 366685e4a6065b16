/**
 * Nonparametric bootstrap of a mixture's parameters (Efron 1979; O'Hagan, Murphy, Scrucca & Gormley 2019): EM from the fit, with its
 * family, scaling, minimum variance and prior, on n of n rows drawn with replacement.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { lastElement } from '../../lib/plain/iterate.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import * as Stretches from '../../lib/rows/stretches.js'
import * as Problem from '../core/problem.js'
import * as Setting from '../core/setting.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import * as Metric from '../mixture/metric.js'
import * as Mixture from '../mixture/mixture.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Params from '../core/params.js'
import * as Score from '../score/score.js'
import { toScaledUnits } from './scaledFit.js'
import { minVarianceForContinuing } from './minVariance.js'
import { initialState, runEM } from './runEM.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Settings from './fitSettings.js'

export interface Progress {
  readonly done: number
  readonly of: number
}

export interface Options {
  /** At least 2/(1 − level). Default: 200. */
  readonly resamples?: number | undefined
  /** Share of resamples inside an interval, in (0, 1). Default: 0.95. */
  readonly level?: number | undefined
  /** Default: 0. */
  readonly seed?: number | undefined
  /** Called before each resample and at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface Interval {
  readonly estimate: number
  readonly standardError: number
  /** Quantile (1 − level)/2 of the resamples; `upper` is the quantile (1 + level)/2. */
  readonly lower: number
  readonly upper: number
}

type IntervalRow = ReadonlyArray<Interval>
type IntervalRows = ReadonlyArray<IntervalRow>

type Reason = 'empty' | 'atMinVariance' | 'failed'

/** Intervals in the units of the data and the order of the fit's components. */
export interface Bootstrap {
  readonly level: number
  readonly seed: number
  readonly resamples: number
  /** Number of resamples in the intervals. */
  readonly used: number
  /**
   * Number of resamples in which a component lost its rows (`empty`) or reached the minimum variance, or values were not finite (`failed`).
   */
  readonly leftOut: Readonly<Record<Reason, number>>
  /** Number of used resamples in which EM reached the step limit. */
  readonly unsettled: number
  /** [K] */
  readonly weights: IntervalRow
  /** [K][dim] */
  readonly means: IntervalRows
  /** [K][dim] */
  readonly variances: IntervalRows
  /** [K][dim][dim]; null if columns are uncorrelated within components. */
  readonly covariances: ReadonlyArray<IntervalRows> | null
  /** [K][dim][dim], 1 on the diagonal; null if columns are uncorrelated within components. */
  readonly correlations: ReadonlyArray<IntervalRows> | null
}

export interface Fitted {
  /** In the units of the data. */
  readonly mixture: Mixture.Mixture
  readonly pipeline: Pipeline.Pipeline<string>
  readonly scaling: Points.Scaling | null
  /** In rows; null for maximum likelihood. */
  readonly prior: number | null
  /** In the scaled units. Default: the pipeline's. */
  readonly minimumVariance?: number | null
  /** Indices of fixed components, in the score's order. Default: none. */
  readonly fixed?: ReadonlyArray<number>
}

type AnyParams = Params.Params<string>

const MAX_RESAMPLE_ITERATIONS = 1000

/** In nats over all rows: parameters are then within hundredths of a standard error. */
const MIN_RESAMPLE_GAIN = 1e-6

interface ResampleResult {
  readonly reason: Reason | null
  readonly isConverged: boolean
  readonly numbers: Float64Array
}

/**
 * Returns a function that draws rows, weighted by their number of draws and scaled to the data's total weight; from a source, into a file.
 */
const resampler = (data: Source.Data): ((key: Key.Key) => ReturnType<ReturnType<typeof Source.filterRows>>) => {
  const source = Source.asSource(data)
  const { rows, total } = source
  const count = Math.max(1, Math.round(total))
  return key => {
    const draws = Stretches.computedStretches(count, (first, out) => {
      pipe(key, Key.fillUniform(first, out))
    })
    const times = Stretches.timesDrawn(source.weights ?? Stretches.constantStretches(rows, 1), draws)
    const weights = Stretches.mapStretches(times, times => (times * total) / count)
    return Source.filterRows(Source.rowCounts)(
      Source.isSource(data) ? { ...data, weights } : { ...data, weights: Stretches.numbersFrom(weights, 0, rows) }
    )
  }
}

/** Weights, means and covariances, concatenated. */
const mixtureNumbers = (mixture: Mixture.Mixture): Float64Array =>
  concatenated([mixture.weights, mixture.means.values, Mixture.covariances(mixture).values])

/** EM from the fit, in the scaled units. */
interface ResampleFitSetup {
  readonly family: Score.Family<string>
  readonly toMixture: (params: AnyParams) => Mixture.Mixture
  readonly initialParams: AnyParams
  readonly minVariance: number
  readonly toOriginalUnits: (mixture: Mixture.Mixture) => Mixture.Mixture
}

/** Converts a fit to the start of EM on its resamples; fails if the family does not support that. */
const prepareResampleFit = (
  { mixture, pipeline, scaling, prior, minimumVariance, fixed = [] }: Fitted,
  data: Source.Data
): E.Either<Problem.Problems, ResampleFitSetup> => {
  const { score } = pipeline
  const standing = toScaledUnits(mixture, scaling, fixed)
  const own = minimumVariance ?? O.toNullable(Pipeline.varianceFloor(pipeline))
  const maps = familyWithConversions(score)
  const isServed =
    maps !== null &&
    ExpectationMaximization.supportsEM(maps.family) &&
    !maps.family.mirrored &&
    (prior === null || ExpectationMaximization.supportsPrior(maps.family)) &&
    (!Missing.hasMissingCells(data) || ExpectationMaximization.supportsMissingCells(maps.family))
  if (!isServed)
    return E.left([
      Problem.of(
        'family',
        Score.nameOf(score),
        'one with an M-step and the way from and to mixtures, as a bootstrap needs',
        'take one of the families that have a name'
      )
    ])
  return E.right({
    family: maps.family,
    toMixture: maps.toMixture,
    minVariance: minVarianceForContinuing({ minVariance: own, score, mixture: standing }, Missing.completed(data)),
    initialParams: maps.fromMixture(standing),
    toOriginalUnits: scaling === null ? found => found : Mixture.rescaled(scaling)
  })
}

/** Returns a function that fits a resample: its parameters, relabelled and in the original units, and why it is discarded, if it is. */
const fitResample =
  ({ family, toMixture, initialParams, minVariance, toOriginalUnits }: ResampleFitSetup, { mixture, prior }: Fitted) =>
  (rows: Source.Data): ResampleResult => {
    const total = Source.sumOfWeights(rows)
    const step = ExpectationMaximization.step(family, minVariance, rows, prior)
    const minGain = MIN_RESAMPLE_GAIN / total
    const { params, loss, gain } = runEM(step, initialState(initialParams), {
      maxIterations: MAX_RESAMPLE_ITERATIONS,
      minGain
    })
    const isConverged = gain < minGain
    if (!Number.isFinite(loss) || !Params.isFiniteParams(params))
      return { reason: 'failed', isConverged, numbers: new Float64Array(0) }
    const found = toMixture(params)
    const least = prior === null ? family.leastRows(rows.dim) : 1
    const own = toOriginalUnits(found)
    return {
      reason: found.weights.some(weight => weight * total < least)
        ? 'empty'
        : !family.unitVariance && Mixture.atMinimumVariance(minVariance)(found).length > 0
          ? 'atMinVariance'
          : null,
      isConverged,
      numbers: mixtureNumbers(Mixture.relabelled(Metric.matching(own, mixture))(own))
    }
  }

/** Interpolated order statistic at rank (n + 1)p (Hyndman & Fan 1996, type 6). */
const orderStatistic = (sorted: Float64Array, p: number): number => {
  const rank = Math.min(Math.max((sorted.length + 1) * p, 1), sorted.length)
  const below = Math.floor(rank)
  const low = sorted[below - 1]
  const high = sorted[Math.min(below, sorted.length - 1)]
  return low + (rank - below) * (high - low)
}

const percentileInterval =
  (level: number) =>
  (estimate: number, values: ReadonlyArray<number>): Interval => {
    const sorted = Float64Array.from(values).sort()
    const mean = sorted.reduce((sum, x) => sum + x, 0) / sorted.length
    const squared = sorted.reduce((sum, x) => sum + (x - mean) * (x - mean), 0)
    return {
      estimate,
      standardError: Math.sqrt(squared / (sorted.length - 1)),
      lower: orderStatistic(sorted, (1 - level) / 2),
      upper: orderStatistic(sorted, (1 + level) / 2)
    }
  }

const summarizeResamples = (
  { level, seed, mixture }: { readonly level: number; readonly seed: number; readonly mixture: Mixture.Mixture },
  all: ReadonlyArray<ResampleResult>
): E.Either<Problem.Problems, Bootstrap> => {
  const used = all.filter(({ reason }) => reason === null)
  const least = Settings.minResamples(level)
  if (used.length < least)
    return E.left([
      Problem.of(
        'bootstrap',
        `${used.length} of ${all.length} resamples that keep all components`,
        `at least ${least}, as intervals of level ${level} need`,
        all.length < least
          ? 'draw more'
          : 'the fit does not hold on other rows like these: ask for fewer components, or learn under a prior'
      )
    ])
  const [count, dim] = mixture.means.shape
  const own = mixtureNumbers(mixture)
  const interval = percentileInterval(level)
  const at = (of: (numbers: Float64Array) => number): Interval =>
    interval(
      of(own),
      used.map(({ numbers }) => of(numbers))
    )
  const table = (of: (k: number, j: number) => Interval): IntervalRows =>
    RA.makeBy(count, k => RA.makeBy(dim, j => of(k, j)))
  const covariance =
    (k: number, i: number, j: number) =>
    (numbers: Float64Array): number =>
      numbers[count + count * dim + (k * dim + i) * dim + j]
  const correlation =
    (k: number, i: number, j: number) =>
    (numbers: Float64Array): number =>
      i === j
        ? 1
        : covariance(k, i, j)(numbers) / Math.sqrt(covariance(k, i, i)(numbers) * covariance(k, j, j)(numbers))
  const matrices = (
    of: (k: number, i: number, j: number) => (numbers: Float64Array) => number
  ): ReadonlyArray<IntervalRows> => RA.makeBy(count, k => RA.makeBy(dim, i => RA.makeBy(dim, j => at(of(k, i, j)))))
  const leftOut = (reason: Reason): number => all.filter(one => one.reason === reason).length
  return E.right({
    level,
    seed,
    resamples: all.length,
    used: used.length,
    leftOut: { empty: leftOut('empty'), atMinVariance: leftOut('atMinVariance'), failed: leftOut('failed') },
    unsettled: used.filter(({ isConverged }) => !isConverged).length,
    weights: RA.makeBy(count, k => at(numbers => numbers[k])),
    means: table((k, j) => at(numbers => numbers[count + k * dim + j])),
    variances: table((k, j) => at(covariance(k, j, j))),
    covariances: mixture.factors === null ? null : matrices(covariance),
    correlations: mixture.factors === null ? null : matrices(correlation)
  })
}

export interface State extends Progress {
  /** Computes the intervals so far; fails if there are too few resamples. */
  readonly bootstrap: () => E.Either<Problem.Problems, Bootstrap>
}

/** Draws are counted one by one. */
const MAX_COUNTED_DRAWS = 1e8

const bootstrapOptions = ({
  level = Settings.levelSetting.otherwise,
  resamples = Settings.resamplesSetting(level).otherwise,
  seed = Settings.seedSetting.otherwise
}: Options) => ({ resamples, level, seed })

const problems = (options: Options, total: number): ReadonlyArray<Problem.Problem> => [
  ...Setting.problems<Options>(
    {
      resamples: Settings.resamplesSetting(bootstrapOptions(options).level),
      level: Settings.levelSetting,
      seed: Settings.seedSetting,
      onProgress: null
    },
    options
  ),
  ...Problem.unless(
    total <= MAX_COUNTED_DRAWS,
    'weights',
    total,
    `at most ${MAX_COUNTED_DRAWS} in all, which are drawn one by one`,
    'give weights that say how often a row counts'
  )
]

/** Yields the state after each resample; the last has the result of `of`. */
export const states =
  (options: Options = {}) =>
  (fitted: Fitted, own: Source.Data): E.Either<Problem.Problems, Iterable<State>> => {
    const { resamples, level, seed } = bootstrapOptions(options)
    const { mixture, scaling } = fitted
    const data = scaling === null ? own : Source.dataInUnits(scaling)(own)
    return pipe(
      Problem.faultless(problems(options, Source.sumOfWeights(own)), undefined),
      E.flatMap(() => prepareResampleFit(fitted, data)),
      E.map(learner => {
        const draw = resampler(data)
        const learn = (key: Key.Key): ResampleResult => {
          const { points, close } = draw(key)
          const result = fitResample(learner, fitted)(points)
          close()
          return result
        }
        const { bootstrap: key } = pipe(Key.fromSeed(seed), Key.named('bootstrap'))
        return {
          *[Symbol.iterator]() {
            for (let all: ReadonlyArray<ResampleResult> = []; ; all = [...all, learn(Key.child(all.length)(key))]) {
              const results = all
              const progress = { done: all.length, of: resamples }
              yield { ...progress, bootstrap: () => summarizeResamples({ level, seed, mixture }, results) }
              options.onProgress?.(progress)
              if (all.length === resamples) return
            }
          }
        }
      })
    )
  }

/**
 * Percentile intervals (Efron & Tibshirani 1993, §13.3) and standard errors of weights, means and covariances. Rows are drawn with
 * probabilities proportional to their weights; components are matched with the fit's by Bhattacharyya distance (`Metric.matching`). A
 * source gives the bits of its rows in memory.
 *
 * Accurate to first order, 1/√n: coverage is slightly low for parameters that few rows determine, above all variances.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit, Key, Mixture } from 'ornstein'
 *
 * const rows = Mixture.sample(300)(Key.fromSeed(1))(Mixture.of({ means: [[-3], [3]] }))
 * const { means, used } = fit(rows, { components: 2, family: 'isotropic' }).bootstrap({ resamples: 100 })
 * assert.equal(used, 100)
 * // About 1/√150.
 * assert.ok(Math.abs(means[0][0].standardError - 0.08) < 0.02)
 */
export const of =
  (options: Options = {}) =>
  (fitted: Fitted, data: Source.Data): E.Either<Problem.Problems, Bootstrap> =>
    pipe(
      states(options)(fitted, data),
      E.flatMap(states => lastElement(states)?.bootstrap() ?? E.left<Problem.Problems, Bootstrap>([NO_RESAMPLES]))
    )

const NO_RESAMPLES = Problem.of('bootstrap', 'no resample', 'drawn', 'let it go on')
