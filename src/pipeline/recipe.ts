/**
 * Recipes: ready pipelines for a score on data, with times, rates and steps chosen from the data and from what the score can do.
 * `Pipeline.show` says what was chosen. The pair and spherical components have variance 1, so that the unit of the data matters
 * to them; families whose variances are learned are learned alike in any unit common to the columns.
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
import * as Source from '../data/source/source.js'
import * as SplitAndMerge from '../mixture/em/splitAndMerge.js'
import { snapshotOfData } from '../mixture/dataRows.js'
import * as Stage from './stage.js'
import * as NoiseLevels from '../objective/noiseLevels.js'

/** A recipe makes a pipeline for a score from data: the same from rows that are in memory, and from a source of them. */
export type Recipe = <P extends string>(score: Score.Score<P>) => (data: Source.Data) => Pipeline.Pipeline<P>

// —— what a score can do ——

/** What its family says; nothing of a network. */
const familyQuery =
  <R>(none: R, of: <P extends string>(family: Score.Family<P>) => R) =>
  <P extends string>(score: Score.Score<P>): R => {
    const { family } = Score.interpret(score)
    return family === undefined ? none : of(family)
  }

/** ±c with unit variances. */
const isSymmetricPair = familyQuery(false, ({ mirrored }) => mirrored)

/** Variance 1 in the unit of the data: what does not say so is taken to have a unit of its own. */
const familyHasUnitVariance = familyQuery(false, ({ unitVariance }) => unitVariance)

const maximises = familyQuery(false, family => ExpectationMaximization.supportsEM(family))

const maximisesWithNoise = familyQuery(false, family => ExpectationMaximization.servesNoise(family))

const supportsMoves = familyQuery(false, family => SplitAndMerge.supportsSplitAndMerge(family))

const projects = familyQuery(false, ({ projection }) => projection !== undefined)

const startsAtCentres = <P extends string>(score: Score.Score<P>, { dim }: Source.Data): boolean =>
  familyQuery(false, family => Score.familyStart(family, dim) !== undefined)(score)

const hasParameter = <P extends string>(name: string, score: Score.Score<P>, { dim }: Source.Data): boolean =>
  Params.names<string>(Score.shapes(dim)(score)).includes(name)

const numberOfComponents = <P extends string>(score: Score.Score<P>, { dim }: Source.Data): number =>
  familyQuery(1, ({ count }) => count(dim))(score)

// —— lengths ——

const weightedTable = (data: Source.Data): WeightedRowTable => {
  const { rows, dim } = data
  return Source.isSource(data)
    ? { rows, dim, values: data, weights: Source.normalizedRowWeights(data) ?? constantStretches(rows, 1 / rows) }
    : { rows, dim, values: data.values, weights: Points.weightsOf(data) }
}

/** The variance of each column; of a source, whose passes take time, computed once. */
const variancesOf = Source.rememberedOfSources(Source.variances)

/**
 * The time at which noise has about the size of the widest direction of the data: e^{2t} = e^{1.4} λ_max of the second
 * moment. There the loss is that of power iteration.
 */
const highNoiseTime = (data: Source.Data): number => {
  const { values } = principalComponents(weightedTable(data), new Float64Array(data.dim), 1)
  return Math.max(0.3, Elementary.log(values[0]) / 2 + 0.7)
}

const LOW_NOISE = 0.1

/** Pairs of rows that a length is taken from: enough that a thousandth of them still says it to a tenth or so. */
const PAIRS = 4096

/** The quantile at 1/2K of the squared distance between rows, remembered: many families ask for that of the same numbers. */
const nearnessOf = remembered((data: Source.Data) => {
  const quantile = squaredDistanceQuantile(weightedTable(data))
  return remembered((components: number) => quantile(1 / (2 * components), PAIRS + 64 * components))
})

/**
 * The standard deviation of the components, about: s² = q/2m, q the quantile at 1/2K of the squared distance between rows, m ≈
 * d(1 − 2/9d)³ the median of χ²_d (Wilson & Hilferty 1931). Of all pairs at least 1/K share one of K components, wherever these
 * lie, since Σπ² ≥ 1/K; so half of those in equal ones are nearer than q, whose mean square is 2v χ²_d. Rows far away do not
 * move the quantile until they are 1 − √½ of all, nor of an origin, nor of how far apart the components are. 1 for the scores
 * whose components have variance 1, and for rows that are all the same.
 */
const componentDeviation = <P extends string>(score: Score.Score<P>, data: Source.Data): number => {
  if (familyHasUnitVariance(score)) return 1
  const squared = nearnessOf(snapshotOfData(data))(numberOfComponents(score, data))
  const root = 1 - 2 / (9 * data.dim)
  const median = data.dim * root * root * root
  return squared > 0 ? Math.sqrt(squared / (2 * median)) : 1
}

/** Three digits of a choice that needs no more, to be readable in `Pipeline.show`. */
const legible = (x: number): number => Number(x.toPrecision(3))

/**
 * No component is narrower than a hundredth of their typical deviation: on too few rows, or on equal ones, the likelihood has
 * no bound. Where variances are not learned, nothing needs bounding.
 */
const bounded = <P extends string>(score: Score.Score<P>, data: Source.Data): { readonly varianceFloor?: number } =>
  familyHasUnitVariance(score)
    ? {}
    : { varianceFloor: legible(Elementary.square(RELATIVE_FLOOR * componentDeviation(score, data))) }

const RELATIVE_FLOOR = 0.01

// —— starts and stages ——

/** One start is often wrong, the likeliest of ten seldom; clustering costs little beside what follows. */
const clustered = Initializer.bestOf(10)(Initializer.kMeans({ steps: 10 }))

/** At centres as given; of a score that has none, or does not say how it starts there, all parameters normal. */
const startAt = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>,
  data: Source.Data
): Initializer.Initializer => (startsAtCentres(score, data) ? initializer : Initializer.gaussian({ scale: 1 }))

/** The pair learns by plain descent on a deterministic loss, in steps of ½ in m = α·mean: that of expectation–maximization. */
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

/** Steps of the means in a unit of length. */
const inUnit = <P extends string>(score: Score.Score<P>, data: Source.Data): ReadonlyArray<Optimizer.Optimizer> => {
  const unit = columnUnit(score, data)
  return unit === 1 || !hasParameter('means', score, data) ? [] : [Optimizer.only(['means'], Optimizer.scale(unit))]
}

/** Opposite draws of what noise the score sees. */
const opposite = <P extends string>(score: Score.Score<P>): Expectation.Expectation =>
  projects(score) ? Expectation.projected({ antithetic: true }) : Expectation.monteCarlo({ antithetic: true })

/**
 * Adam on such noise, whose variance is `noise` times that of the data where these have their own unit. The parameters that are
 * lengths take steps in that unit.
 */
const mixtureStage = <P extends string>(
  score: Score.Score<P>,
  data: Source.Data,
  noise: number,
  steps: number,
  ...extra: ReadonlyArray<Optimizer.Optimizer>
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
    expectation: opposite(score),
    optimizer: Optimizer.chain(
      Optimizer.scaleByAdam(),
      ...inUnit(score, data),
      ...extra,
      Optimizer.scaleByRate(Rate.cosine({ rate: 0.05, steps, final: 0.0005 }))
    ),
    steps
  })

/** Adam on the likelihood. */
const likelihoodStage = <P extends string>(score: Score.Score<P>, data: Source.Data, steps = 500): Stage.Stage =>
  Stage.descend({
    objective: Objective.likelihood,
    optimizer: Optimizer.chain(
      Optimizer.scaleByAdam(),
      ...inUnit(score, data),
      Optimizer.scaleByRate(Rate.cosine({ rate: 0.1, steps, final: 1e-4 }))
    ),
    steps,
    relativeChange: 1e-8
  })

/**
 * Centres and variances at low noise. Where components are apart, the score at one noise level hides their weights: free weights
 * are read off before the descent, by a step of expectation–maximization, and held during it. Where components overlap, weights
 * that are held wrong lead the centres astray. All noise levels together, which are the likelihood, know both: so the weights,
 * the centres and the variances end at a maximum of it, by expectation–maximization until it converges. A family without an
 * M-step descends on the likelihood instead, before and after.
 */
const lowNoise = <P extends string>(score: Score.Score<P>, data: Source.Data): ReadonlyArray<Stage.Stage> => {
  if (!hasParameter('logits', score, data)) return [mixtureStage(score, data, 0.2, 300)]
  const bound = bounded(score, data)
  return [
    maximises(score) ? Stage.expectationMaximization({ steps: 1, ...bound }) : likelihoodStage(score, data, 100),
    mixtureStage(score, data, 0.2, 300, Optimizer.freeze('logits')),
    maximises(score) ? convergeByEM(bound) : likelihoodStage(score, data)
  ]
}

/** The root mean variance of the columns; 1 for the scores whose components have variance 1. */
const columnUnit = <P extends string>(score: Score.Score<P>, data: Source.Data): number => {
  if (familyHasUnitVariance(score)) return 1
  const total = variancesOf(data).reduce((sum, v) => sum + v, 0)
  return total > 0 ? Math.sqrt(total / data.dim) : 1
}

/**
 * The paper's algorithm (Shah, Chen & Klivans 2023): descent on the DDPM objective at high noise, then at low. The pair
 * starts at random, K components of equal weights at the likeliest of several k-means clusterings, the warm start.
 *
 * Past the paper, whose components have equal weights and variance 1: where weights are free, the descent at low noise holds them
 * at what a step of expectation–maximization says, and expectation–maximization until it converges follows, on the likelihood,
 * which is the DDPM objective over all noise levels. One noise level hides the weights of components that are apart, and the
 * weights that it holds bias the centres of components that overlap; all levels together do neither.
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
export const twoStage: Recipe = score => data =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: isSymmetricPair(score) ? Initializer.gaussian({ scale: 1 }) : startAt(clustered, score, data),
    stages: isSymmetricPair(score)
      ? [pairStage(highNoiseTime(data), 300), pairStage(LOW_NOISE, 200)]
      : [mixtureStage(score, data, 2, 150), ...lowNoise(score, data)]
  })

/** Noise next to the signal in standard deviations of the components, halved to where it no longer matters. */
const NOISE_RATIOS = [4, 2, 1, 0.5]

/** Times of the paper's schedule at which noise next to the signal, σ/α, is as given. */
const timesOfNoise = (noise: ReadonlyArray<number>): ReadonlyArray<number> =>
  noise.map(noise => legible(pipe(Schedule.ornsteinUhlenbeck, Schedule.timeOfLogSnr(-2 * Elementary.log(noise)))))

/** Expectation–maximization until it converges. */
const convergeByEM = (bound: ReturnType<typeof bounded>): Stage.Stage =>
  Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, ...bound })

/** A move among more components than these needs more steps to settle: judged after 20, it is often given up too early. */
const MANY_COMPONENTS = 16
const patience = <P extends string>(score: Score.Score<P>, data: Source.Data): { readonly polish?: number } =>
  numberOfComponents(score, data) > MANY_COMPONENTS ? { polish: 40 } : {}

/** Of more rows than these, the way to a maximum is found on a sample. */
const SAMPLED_ABOVE_ROWS = 20_000

/** So many rows a free parameter, and at least so many in all: what so few say of the way is what all do. */
const PER_PARAMETER = 5
const LEAST_SAMPLE = 4000

/** How many of the rows show the way. */
const sampleOf = <P extends string>(score: Score.Score<P>, { rows, dim }: Source.Data): number =>
  rows <= SAMPLED_ABOVE_ROWS
    ? rows
    : Math.min(rows, Math.max(LEAST_SAMPLE, PER_PARAMETER * Score.degreesOfFreedom(dim)(score)))

/** Steps on all rows from where a sample led: they end well below the standard error of what so many rows say, 1/√n. */
const polish = (bound: ReturnType<typeof bounded>): Stage.Stage =>
  Stage.expectationMaximization({ steps: 50, relativeChange: 1e-4, ...bound })

/**
 * From k-means++ centres by expectation–maximization on the data; then at falling noise levels, which is the DDPM gradient
 * divided by the responsibilities, and kept where that leads to a likelier mixture; then split and merge moves out of what
 * local maxima are left. No step lowers the likelihood: the answer is never less likely than that of
 * expectation–maximization from the same start. A family without an M-step descends on the likelihood instead, and on the DDPM
 * objective where noise falls; one whose M-step knows no noise (beside a box) leaves that out; one that does not go from and to mixtures is left where that leads. For the pair, from a small
 * start by descent on the DDPM objective at falling noise levels.
 *
 * Of more than 20 000 rows all that is done on a sample of 5 rows a free parameter, at least 4000, and a few steps of
 * expectation–maximization on all rows follow: they end below what so many rows say of the parameters.
 *
 * What each part does is measured in docs/performance.md: the moves do nearly all, and noise helps where many dimensions overlap.
 * Centres start among the data, since tiny ones at high noise merge what lies in groups.
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
export const annealed: Recipe = score => data => {
  if (isSymmetricPair(score)) {
    const high = highNoiseTime(data)
    return Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: Initializer.nearZero,
      stages: [1, 0.5, 0.25, 0].map(share => pairStage(share * (high - LOW_NOISE) + LOW_NOISE, 200))
    })
  }
  const bound = bounded(score, data)
  const deviation = bound.varianceFloor === undefined ? 1 : Math.sqrt(bound.varianceFloor) / RELATIVE_FLOOR
  const times = timesOfNoise(NOISE_RATIOS.map(noise => noise * deviation))
  const sample = sampleOf(score, data)
  const onRows = (stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<Stage.Stage> =>
    sample < data.rows ? [Stage.onSample({ rows: sample })(Stage.sequence(stages)), polish(bound)] : stages
  return Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: startAt(Initializer.kMeansPlusPlus, score, data),
    stages: maximises(score)
      ? onRows([
          convergeByEM(bound),
          ...(maximisesWithNoise(score)
            ? [
                Stage.guarded(
                  Stage.sequence([
                    Stage.anneal(times)(Stage.expectationMaximization({ steps: 5, ...bound })),
                    Stage.expectationMaximization({ steps: 100, relativeChange: 1e-4, ...bound })
                  ])
                )
              ]
            : []),
          ...(supportsMoves(score)
            ? [Stage.splitAndMerge({ steps: 1000, ...patience(score, data), ...bound }), convergeByEM(bound)]
            : [])
        ])
      : [
          likelihoodStage(score, data),
          Stage.guarded(
            Stage.sequence([Stage.anneal(times)(mixtureStage(score, data, 1, 50)), likelihoodStage(score, data)])
          )
        ]
  })
}

/**
 * The paper's second algorithm, for K components of equal weights and variance 1: descent at one low noise level from near the
 * truth, say from what an expert knows; each start lies `radius` from the centre that is given. In m = α·mean the step is K/2,
 * that of expectation–maximization. Where weights are free, expectation–maximization follows until it converges, as after
 * `twoStage`.
 */
export const warmStart =
  ({
    centres,
    radius = 0
  }: {
    readonly centres: ReadonlyArray<ReadonlyArray<number>>
    readonly radius?: number
  }): Recipe =>
  score =>
  data => {
    const { alpha } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(LOW_NOISE))
    return Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: Initializer.warmStart({ centres, radius }),
      stages: isSymmetricPair(score)
        ? [pairStage(LOW_NOISE, 200)]
        : !familyHasUnitVariance(score) || hasParameter('logits', score, data)
          ? lowNoise(score, data)
          : [
              Stage.descend({
                objective: Objective.denoising(NoiseLevels.at(LOW_NOISE)),
                expectation: opposite(score),
                optimizer: Optimizer.gradientDescent({
                  rate: Rate.cosine({ rate: centres.length / 2 / Elementary.square(alpha), steps: 150 })
                }),
                steps: 150
              })
            ]
    })
  }

/**
 * The spectral method: for the pair the top eigenvector of Ĉ − I by power iteration, for K components k-means++ among the
 * data projected on the top K − 1 principal directions (Vempala & Wang 2004); then expectation–maximization.
 */
export const spectral: Recipe = score => data =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: isSymmetricPair(score) ? Initializer.gaussian({ scale: 1 }) : Initializer.spectral,
    stages: [
      ...(isSymmetricPair(score) ? [Stage.powerIteration({ steps: 500, relativeChange: 1e-10 })] : []),
      convergeByEM(bounded(score, data))
    ]
  })

/** A stage from the likeliest of several k-means clusterings (for the pair, from the spectral start). */
const fromClusters =
  (stage: <P extends string>(score: Score.Score<P>, data: Source.Data) => Stage.Stage): Recipe =>
  score =>
  data =>
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: isSymmetricPair(score) ? Initializer.spectral : startAt(clustered, score, data),
      stages: [stage(score, data)]
    })

/** Expectation–maximization from the likeliest of several k-means clusterings (for the pair, from the spectral start). */
export const expectationMaximization: Recipe = fromClusters((score, data) => convergeByEM(bounded(score, data)))

/** Descent on the likelihood, which is the DDPM objective over all noise levels, from the same starts. */
export const maximumLikelihood: Recipe = fromClusters(likelihoodStage)
