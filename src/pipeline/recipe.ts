/**
 * Recipes: ready pipelines for a score on data, with times, rates and steps chosen from the data and the capabilities of the score, which
 * `Pipeline.show` prints. The symmetric pair and spherical components have variance 1, so they depend on the unit of the data; families
 * with learned variances give equivalent fits in any unit common to the columns.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Key, Metric, Mixture, Problem, Recipe, Run, Score } from 'ornstein'
 *
 * // Three ways to the same two clusters: from the principal directions by EM, by descent over all noise levels, and from
 * // near the truth by descent at low noise.
 * const truth = Mixture.of({
 *   means: [
 *     [-2, 0],
 *     [2, 0]
 *   ]
 * })
 * const points = Mixture.sample(400)(Key.fromSeed(1))(truth)
 * const near = Recipe.warmStart({
 *   centres: [
 *     [-1.5, 0.5],
 *     [1.5, 0.5]
 *   ],
 *   radius: 0.1
 * })
 * for (const recipe of [Recipe.spectral, Recipe.maximumLikelihood, near]) {
 *   const program = Problem.orThrow(Compile.pipeline(recipe(Score.spherical({ components: 2 }))(points))(points))
 *   const { params } = Run.last(program)(Key.fromSeed(2))
 *   assert(Metric.centreError(params, truth) < 0.2)
 * }
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { principalComponents, type WeightedRowTable } from '../../lib/rows/principal.js'
import { squaredDistanceQuantile } from '../../lib/rows/spread.js'
import { constantStretches } from '../../lib/rows/stretches.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as Expectation from '../objective/expectation.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Initializer from './initializer.js'
import * as Objective from '../objective/objective.js'
import * as Optimizer from '../optimizer/index.js'
import * as Params from '../core/params.js'
import * as Pipeline from './pipeline.js'
import * as Points from '../data/points.js'
import * as Rate from '../optimizer/rate.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import { dataArgument, type DataLike } from '../data/dataArgument.js'
import * as Source from '../data/source/source.js'
import * as SplitAndMerge from '../mixture/em/splitAndMerge.js'
import { snapshotOfData } from '../mixture/dataRows.js'
import * as Stage from './stage.js'
import * as NoiseLevels from '../objective/noiseLevels.js'

/** Returns a pipeline for a score on data, in memory or as a source. */
export type Recipe = <P extends string>(score: Score.Score<P>) => (data: DataLike) => Pipeline.Pipeline<P>

/** Makes a recipe of a function of data; errors of a user's data begin with its name. */
const recipeOn =
  (name: string, of: <P extends string>(score: Score.Score<P>, data: Source.Data) => Pipeline.Pipeline<P>): Recipe =>
  score =>
  data =>
    of(score, dataArgument(data, `Recipe.${name}(score)(data)`))

/** Reads a property of the score's family; returns `none` for a network. */
const familyQuery =
  <R>(none: R, of: <P extends string>(family: Score.Family<P>) => R) =>
  <P extends string>(score: Score.Score<P>): R => {
    const { family } = Score.interpret(score)
    return family === undefined ? none : of(family)
  }

const isSymmetricPair = familyQuery(false, ({ mirrored }) => mirrored)

const familyHasUnitVariance = familyQuery(false, ({ unitVariance }) => unitVariance)

const scoreSupportsEM = familyQuery(false, family => ExpectationMaximization.supportsEM(family))

const scoreSupportsNoisyEM = familyQuery(false, family => ExpectationMaximization.supportsNoise(family))

const scoreSupportsMoves = familyQuery(false, family => SplitAndMerge.supportsSplitAndMerge(family))

const hasProjection = familyQuery(false, ({ projection }) => projection !== undefined)

const startsAtCentres = <P extends string>(score: Score.Score<P>, { dim }: Source.Data): boolean =>
  familyQuery(false, family => Score.familyStart(family, dim) !== undefined)(score)

const hasParameter = <P extends string>(name: string, score: Score.Score<P>, { dim }: Source.Data): boolean =>
  Params.names<string>(Score.shapes(dim)(score)).includes(name)

const numberOfComponents = <P extends string>(score: Score.Score<P>, { dim }: Source.Data): number =>
  familyQuery(1, ({ count }) => count(dim))(score)

const weightedTable = (data: Source.Data): WeightedRowTable => {
  const { rows, dim } = data
  return Source.isSource(data)
    ? { rows, dim, values: data, weights: Source.normalizedRowWeights(data) ?? constantStretches(rows, 1 / rows) }
    : { rows, dim, values: data.values, weights: Points.weightsOf(data) }
}

const variancesOf = Source.memoizedForSources(Source.variances)

/**
 * Time at which the noise has about the variance of the data's widest direction, e^{2t} = e^{1.4} λ_max of the second moment, where descent
 * on the loss is power iteration.
 */
const highNoiseTime = (data: Source.Data): number => {
  const { values } = principalComponents(weightedTable(data), new Float64Array(data.dim), 1)
  return Math.max(0.3, Elementary.log(values[0]) / 2 + 0.7)
}

const LOW_NOISE_TIME = 0.1

/** Number of sampled pairs of rows; a quantile of a thousandth then has a relative error of about a tenth. */
const SAMPLED_PAIRS = 4096

/** Quantile at 1/2K of the squared distance between rows; cached for the families with the same K. */
const pairDistanceQuantile = remembered((data: Source.Data) => {
  const quantile = squaredDistanceQuantile(weightedTable(data))
  return remembered((components: number) => quantile(1 / (2 * components), SAMPLED_PAIRS + 64 * components))
})

/**
 * Estimate of the standard deviation of the components: s² = q/2m, with q the quantile at 1/2K of the squared distance between rows and m ≈
 * d(1 − 2/9d)³ the median of χ²_d (Wilson & Hilferty 1931). At least 1/K of all pairs share one of K components, since Σπ² ≥ 1/K; for equal
 * weights, half of these pairs are closer than √q, and their squared distance is distributed as 2v χ²_d. Outliers do not move the quantile
 * until they are 1 − √½ of all rows. Returns 1 if the score's components have variance 1, or if all rows are equal.
 */
const componentDeviation = <P extends string>(score: Score.Score<P>, data: Source.Data): number => {
  if (familyHasUnitVariance(score)) return 1
  const squared = pairDistanceQuantile(snapshotOfData(data))(numberOfComponents(score, data))
  const root = 1 - 2 / (9 * data.dim)
  const median = data.dim * root * root * root
  return squared > 0 ? Math.sqrt(squared / (2 * median)) : 1
}

/** Rounds to three digits, to be readable in `Pipeline.show`. */
const toThreeDigits = (x: number): number => Number(x.toPrecision(3))

/**
 * Variance floor: the square of a hundredth of the components' typical deviation; without it the likelihood is unbounded on few or equal
 * rows. Empty if variances are not learned.
 */
const varianceFloorFor = <P extends string>(
  score: Score.Score<P>,
  data: Source.Data
): { readonly varianceFloor?: number } =>
  familyHasUnitVariance(score)
    ? {}
    : { varianceFloor: toThreeDigits(Elementary.square(RELATIVE_DEVIATION_FLOOR * componentDeviation(score, data))) }

const RELATIVE_DEVIATION_FLOOR = 0.01

/** Likeliest of ten k-means clusterings, since a single start is often poor. */
const bestOfKMeans = Initializer.bestOf(10)(Initializer.kMeans({ steps: 10 }))

/** Returns the initializer if the score starts at centres; otherwise a normal draw of all parameters. */
const startAt = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>,
  data: Source.Data
): Initializer.Initializer => (startsAtCentres(score, data) ? initializer : Initializer.gaussian({ scale: 1 }))

/** Descent for the symmetric pair on a deterministic loss; steps of ½ in m = α·mean equal those of expectation–maximization. */
const pairStage = (time: number, steps: number): Stage.Stage => {
  const { alpha } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(time))
  return Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation: Expectation.quadrature(),
    optimizer: Optimizer.gradientDescent({ rate: 0.5 / Elementary.square(alpha) }),
    steps,
    relativeChange: 1e-7
  })
}

/** Scales the steps of the means to a unit of length. */
const stepsInUnit = <P extends string>(
  score: Score.Score<P>,
  data: Source.Data
): ReadonlyArray<Optimizer.Optimizer> => {
  const unit = columnUnit(score, data)
  return unit === 1 || !hasParameter('means', score, data) ? [] : [Optimizer.only(['means'], Optimizer.scale(unit))]
}

/** Antithetic draws of the noise on which the score depends. */
const antitheticExpectation = <P extends string>(score: Score.Score<P>): Expectation.Expectation =>
  hasProjection(score) ? Expectation.projected({ antithetic: true }) : Expectation.monteCarlo({ antithetic: true })

interface MixtureStageOptions {
  /** Variance of the noise relative to that of the data. */
  readonly noise: number
  readonly steps: number
  /** Parts of the optimizer before the rate. Default: none. */
  readonly extra?: ReadonlyArray<Optimizer.Optimizer>
}

/** Adam at the noise level σ²/α² = `noise` · u², u = `columnUnit`; parameters that are lengths take steps in that unit. */
const mixtureStage = <P extends string>(
  score: Score.Score<P>,
  data: Source.Data,
  { noise, steps, extra = [] }: MixtureStageOptions
): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(
      NoiseLevels.at(
        pipe(
          Schedule.ornsteinUhlenbeck,
          Schedule.timeOfLogSnr(-Elementary.log(noise * Elementary.square(columnUnit(score, data))))
        )
      )
    ),
    expectation: antitheticExpectation(score),
    optimizer: Optimizer.chain(
      Optimizer.scaleByAdam(),
      ...stepsInUnit(score, data),
      ...extra,
      Optimizer.scaleByRate(Rate.cosine({ rate: 0.05, steps, final: 0.0005 }))
    ),
    steps
  })

const likelihoodStage = <P extends string>(score: Score.Score<P>, data: Source.Data, steps = 500): Stage.Stage =>
  Stage.descend({
    objective: Objective.likelihood,
    optimizer: Optimizer.chain(
      Optimizer.scaleByAdam(),
      ...stepsInUnit(score, data),
      Optimizer.scaleByRate(Rate.cosine({ rate: 0.1, steps, final: 1e-4 }))
    ),
    steps,
    relativeChange: 1e-8
  })

/**
 * Stages for centres and variances at low noise, where the score hardly depends on the weights of separated components: free weights are
 * set by a step of expectation–maximization and held during the descent. Since wrong weights bias the centres of overlapping components,
 * expectation–maximization on the likelihood then runs until convergence. A family without an M-step descends on the likelihood instead.
 */
const lowNoiseStages = <P extends string>(score: Score.Score<P>, data: Source.Data): ReadonlyArray<Stage.Stage> => {
  if (!hasParameter('logits', score, data)) return [mixtureStage(score, data, { noise: 0.2, steps: 300 })]
  const bound = varianceFloorFor(score, data)
  return [
    scoreSupportsEM(score) ? Stage.expectationMaximization({ steps: 1, ...bound }) : likelihoodStage(score, data, 100),
    mixtureStage(score, data, { noise: 0.2, steps: 300, extra: [Optimizer.freeze('logits')] }),
    scoreSupportsEM(score) ? convergeByEM(bound) : likelihoodStage(score, data)
  ]
}

/** Root of the mean variance of the columns; 1 if the score's components have variance 1. */
const columnUnit = <P extends string>(score: Score.Score<P>, data: Source.Data): number => {
  if (familyHasUnitVariance(score)) return 1
  const total = variancesOf(data).reduce((sum, v) => sum + v, 0)
  return total > 0 ? Math.sqrt(total / data.dim) : 1
}

/**
 * Algorithm of the paper (Shah, Chen & Klivans 2023): descent on the DDPM objective at high noise, then at low noise. The symmetric pair
 * starts at random; K components of equal weights start at the best of several k-means clusterings, as the warm start.
 * The paper assumes equal weights and variance 1. Otherwise, free weights are set by a step of expectation–maximization and held during the
 * descent at low noise, and expectation–maximization on the likelihood follows until convergence: one noise level hardly determines the
 * weights of separated components, and held weights bias the centres of overlapping ones.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Key, Metric, Mixture, Recipe, Run, Score } from 'ornstein'
 *
 * const truth = Mixture.symmetricPair([1.5, 2])
 * const data = Mixture.sample(2000)(Key.fromSeed(1))(truth)
 * const program = pipe(data, Compile.pipeline(Recipe.twoStage(Score.symmetricPair)(data)))
 * assert.ok(E.isRight(program))
 * const { params } = Run.last(program.right)(Key.fromSeed(2))
 * assert.ok(Metric.centreError(params, truth) < 0.1)
 */
export const twoStage: Recipe = recipeOn('twoStage', (score, data) =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: isSymmetricPair(score) ? Initializer.gaussian({ scale: 1 }) : startAt(bestOfKMeans, score, data),
    stages: isSymmetricPair(score)
      ? [pairStage(highNoiseTime(data), 300), pairStage(LOW_NOISE_TIME, 200)]
      : [mixtureStage(score, data, { noise: 2, steps: 150 }), ...lowNoiseStages(score, data)]
  })
)

/** Noise-to-signal ratios σ/α in standard deviations of the components. */
const NOISE_RATIOS = [4, 2, 1, 0.5]

/** Times of the Ornstein–Uhlenbeck schedule at which σ/α has the given values. */
const timesOfNoise = (noise: ReadonlyArray<number>): ReadonlyArray<number> =>
  noise.map(noise => toThreeDigits(pipe(Schedule.ornsteinUhlenbeck, Schedule.timeOfLogSnr(-2 * Elementary.log(noise)))))

const convergeByEM = (bound: ReturnType<typeof varianceFloorFor>): Stage.Stage =>
  Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, ...bound })

/** With more components, a move that is judged after the default number of EM iterations is often rejected too early. */
const MANY_COMPONENTS = 16
/** Number of EM iterations after which a move is judged; the stage's default, 20, for few components. */
const iterationsPerMove = <P extends string>(score: Score.Score<P>, data: Source.Data): { readonly polish?: number } =>
  numberOfComponents(score, data) > MANY_COMPONENTS ? { polish: 40 } : {}

const SAMPLED_ABOVE_ROWS = 20_000

const SAMPLE_ROWS_PER_PARAMETER = 5
const MIN_SAMPLE_ROWS = 4000

const sampleSize = <P extends string>(score: Score.Score<P>, { rows, dim }: Source.Data): number =>
  rows <= SAMPLED_ABOVE_ROWS
    ? rows
    : Math.min(rows, Math.max(MIN_SAMPLE_ROWS, SAMPLE_ROWS_PER_PARAMETER * Score.degreesOfFreedom(dim)(score)))

/** Steps on all rows after a fit to a sample; they end well below the parameters' standard error, of order 1/√n. */
const polishStage = (bound: ReturnType<typeof varianceFloorFor>): Stage.Stage =>
  Stage.expectationMaximization({ steps: 50, relativeChange: 1e-4, ...bound })

/**
 * Expectation–maximization from k-means++ centres; then at falling noise levels, which is the DDPM gradient divided by the
 * responsibilities, kept if it leads to a higher likelihood; then split-and-merge moves. No step lowers the likelihood, so the result is at
 * least as likely as that of expectation–maximization from the same start. A family without an M-step descends on the likelihood instead,
 * and on the DDPM objective at falling noise. Noise is omitted if the M-step does not support it (as with a background box), the moves if
 * the family cannot be converted from and to mixtures. The symmetric pair starts small and descends on the DDPM objective at falling noise
 * levels.
 * More than 20 000 rows are first sampled: 5 for each free parameter, at least 4000; a few steps of expectation–maximization on all rows
 * follow.
 * Centres start among the data, since tiny ones at high noise merge separate groups. docs/performance.md has measurements of each part.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Key, Metric, Mixture, Recipe, Run, Score } from 'ornstein'
 *
 * const grid = [0, 6, 12, 18].flatMap(x => [0, 6, 12, 18].map(y => [x, y]))
 * const truth = Mixture.of({ means: grid })
 * const data = Mixture.sample(1600)(Key.fromSeed(1))(truth)
 * const program = pipe(data, Compile.pipeline(Recipe.annealed(Score.isotropic({ components: 16 }))(data)))
 * assert.ok(E.isRight(program))
 * const { params } = Run.last(program.right)(Key.fromSeed(2))
 * assert.ok(Metric.centreError(params, truth) < 0.3)
 */
export const annealed: Recipe = recipeOn('annealed', (score, data) => {
  if (isSymmetricPair(score)) {
    const high = highNoiseTime(data)
    return Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: Initializer.nearZero,
      stages: [1, 0.5, 0.25, 0].map(share => pairStage(share * (high - LOW_NOISE_TIME) + LOW_NOISE_TIME, 200))
    })
  }
  const bound = varianceFloorFor(score, data)
  const deviation = bound.varianceFloor === undefined ? 1 : Math.sqrt(bound.varianceFloor) / RELATIVE_DEVIATION_FLOOR
  const times = timesOfNoise(NOISE_RATIOS.map(noise => noise * deviation))
  const sample = sampleSize(score, data)
  const onRows = (stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<Stage.Stage> =>
    sample < data.rows ? [Stage.onSample({ rows: sample })(Stage.sequence(stages)), polishStage(bound)] : stages
  return Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: startAt(Initializer.kMeansPlusPlus, score, data),
    stages: scoreSupportsEM(score)
      ? onRows([
          convergeByEM(bound),
          ...(scoreSupportsNoisyEM(score)
            ? [
                Stage.guarded(
                  Stage.sequence([
                    Stage.anneal(times)(Stage.expectationMaximization({ steps: 5, ...bound })),
                    Stage.expectationMaximization({ steps: 100, relativeChange: 1e-4, ...bound })
                  ])
                )
              ]
            : []),
          ...(scoreSupportsMoves(score)
            ? [Stage.splitAndMerge({ steps: 1000, ...iterationsPerMove(score, data), ...bound }), convergeByEM(bound)]
            : [])
        ])
      : [
          likelihoodStage(score, data),
          Stage.guarded(
            Stage.sequence([
              Stage.anneal(times)(mixtureStage(score, data, { noise: 1, steps: 50 })),
              likelihoodStage(score, data)
            ])
          )
        ]
  })
})

/**
 * Second algorithm of the paper, for K components of equal weights and variance 1: descent at one low noise level from near the truth; each
 * centre starts at distance `radius` from the given one. In m = α·mean the step is K/2, that of expectation–maximization, which follows
 * until convergence if weights are free.
 */
export const warmStart = ({
  centres,
  radius = 0
}: {
  readonly centres: ReadonlyArray<ReadonlyArray<number>>
  readonly radius?: number
}): Recipe =>
  recipeOn('warmStart', (score, data) => {
    const { alpha } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(LOW_NOISE_TIME))
    return Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: Initializer.warmStart({ centres, radius }),
      stages: isSymmetricPair(score)
        ? [pairStage(LOW_NOISE_TIME, 200)]
        : !familyHasUnitVariance(score) || hasParameter('logits', score, data)
          ? lowNoiseStages(score, data)
          : [
              Stage.descend({
                objective: Objective.denoising(NoiseLevels.at(LOW_NOISE_TIME)),
                expectation: antitheticExpectation(score),
                optimizer: Optimizer.gradientDescent({
                  rate: Rate.cosine({ rate: centres.length / 2 / Elementary.square(alpha), steps: 150 })
                }),
                steps: 150
              })
            ]
    })
  })

/**
 * Spectral method: for the symmetric pair the top eigenvector of Ĉ − I by power iteration, for K components k-means++ on the data projected
 * on the top K − 1 principal directions (Vempala & Wang 2004); then expectation–maximization.
 */
export const spectral: Recipe = recipeOn('spectral', (score, data) =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: isSymmetricPair(score) ? Initializer.gaussian({ scale: 1 }) : Initializer.spectral,
    stages: [
      ...(isSymmetricPair(score) ? [Stage.powerIteration({ steps: 500, relativeChange: 1e-10 })] : []),
      convergeByEM(varianceFloorFor(score, data))
    ]
  })
)

/** Recipe of one stage, from the best of several k-means clusterings (for the symmetric pair, from the spectral start). */
const fromClusters = (
  name: string,
  stage: <P extends string>(score: Score.Score<P>, data: Source.Data) => Stage.Stage
): Recipe =>
  recipeOn(name, (score, data) =>
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: isSymmetricPair(score) ? Initializer.spectral : startAt(bestOfKMeans, score, data),
      stages: [stage(score, data)]
    })
  )

/** Expectation–maximization from the best of several k-means clusterings (for the symmetric pair, from the spectral start). */
export const expectationMaximization: Recipe = fromClusters('expectationMaximization', (score, data) =>
  convergeByEM(varianceFloorFor(score, data))
)

/** Descent on the likelihood, the DDPM objective over all noise levels, from the starts of `expectationMaximization`. */
export const maximumLikelihood: Recipe = fromClusters('maximumLikelihood', likelihoodStage)
