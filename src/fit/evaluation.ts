/** Statistics, criteria and warnings of a mixture on the data. */
import * as O from 'fp-ts/lib/Option.js'
import { largestEntry } from '../../lib/arrays/linalg.js'
import * as Case from '../core/case.js'
import * as Backend from '../data/reductionBackend.js'
import type * as Points from '../data/points.js'
import type * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import * as Support from '../mixture/em/support.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Mixture from '../mixture/mixture.js'
import { redundancies as findRedundancies, type Redundancy } from '../mixture/overlap.js'
import * as Statistics from '../mixture/statistics.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import { diagnoseMinVariance, noneAtMinVariance, type MinVarianceDiagnostics } from './minVariance.js'
import { candidateKey, type TrainingData } from './trainingData.js'

/** Warnings about components, which count from 0. */
export interface Diagnostics extends MinVarianceDiagnostics {
  readonly redundancies: ReadonlyArray<Redundancy>
  /** Probable outlier components. Empty with missing cells, under a prior, and if covariances are not estimated from rows. */
  readonly unsupported: ReadonlyArray<Support.Unsupported>
}

export interface MixtureEvaluation extends Diagnostics {
  /** In the original units, sorted by means. */
  readonly mixture: Mixture.Mixture
  readonly statistics: Statistics.Statistics
  /** In the scaled units; null if there was none. */
  readonly minimumVariance: number | null
  /** Components given by `Score.withFixed`, in the given order. */
  readonly fixed: ReadonlyArray<number>
}

export interface EvaluationData
  extends Pick<Source.Data, 'rows' | 'dim'>, Pick<TrainingData, 'scaling' | 'crossValidatedDeviances'> {
  readonly statisticsOf: (mixture: Mixture.Mixture, parameters: number) => Statistics.Statistics
  /** Null if cells are missing. */
  readonly completeRows: Source.Data | null
}

/** Prepares the original data for evaluations. Default backend: this process. */
export const evaluationData = (
  {
    original,
    scaling,
    crossValidatedDeviances
  }: Pick<TrainingData, 'original' | 'scaling' | 'crossValidatedDeviances'>,
  backend: Backend.Backend = Backend.localBackend
): EvaluationData => ({
  rows: original.rows,
  dim: original.dim,
  scaling,
  statisticsOf: (mixture, parameters) => Statistics.of(original, parameters, backend)(mixture),
  completeRows: Missing.hasMissingCells(original) ? null : original,
  ...(crossValidatedDeviances !== undefined && { crossValidatedDeviances })
})

export interface MixtureEvaluationOptions<P extends string> {
  readonly pipeline: Pipeline.Pipeline<P>
  /** In the scaled units; undefined if there was none. */
  readonly minVariance: number | undefined
  /** Tests for unsupported components, which requires convergence. Default: true. */
  readonly testsSupport?: boolean
}

/** Evaluates a mixture given in the scaled units; results are in the original units. */
export const evaluateScaledMixture = <P extends string>(
  fitted: Mixture.Mixture,
  data: EvaluationData,
  { pipeline, minVariance, testsSupport = true }: MixtureEvaluationOptions<P>
): MixtureEvaluation => {
  const { scaling, crossValidatedDeviances } = data
  const { score } = pipeline
  const order = Mixture.order(fitted)
  const scaled = Mixture.relabelled(order)(fitted)
  const mixture = scaling === null ? scaled : Mixture.rescaled(scaling)(scaled)
  const crossValidated = crossValidatedDeviances?.get(
    candidateKey({ family: Score.nameOf(score), components: Mixture.components(mixture) })
  )
  const redundancies = findRedundancies(data.rows)(mixture)
  const atMinimum =
    minVariance === undefined ? noneAtMinVariance : diagnoseMinVariance(scaled, { minVariance, rows: data.rows })
  const empty = redundancies.flatMap(one => (one._tag === 'Empty' ? [one.component] : []))
  const rows = testsSupport && O.isNone(Pipeline.pipelinePrior(pipeline)) ? data.completeRows : null
  return {
    mixture,
    statistics: {
      ...data.statisticsOf(mixture, countParameters(score, mixture, scaling)),
      ...(crossValidated !== undefined && { crossValidated })
    },
    ...atMinimum,
    redundancies,
    unsupported: findUnsupported(score, mixture, rows).filter(
      ({ component }) => !empty.includes(component) && !atMinimum.atMinVariance.includes(component)
    ),
    minimumVariance: minVariance ?? null,
    fixed: (Score.interpret(score).family?.fixedComponents ?? []).map(k => order.indexOf(k))
  }
}

/** Evaluates a mixture in the scaled units with its pipeline's minimum variance. */
export const evaluatePipelineResult = <P extends string>(
  fitted: Mixture.Mixture,
  data: EvaluationData,
  pipeline: Pipeline.Pipeline<P>
): MixtureEvaluation =>
  evaluateScaledMixture(fitted, data, { pipeline, minVariance: O.toUndefined(Pipeline.varianceFloor(pipeline)) })

/** Returns the components that few rows support; none if `rows` is null or covariances are not estimated from rows. */
const findUnsupported = (
  score: Score.Score<string>,
  mixture: Mixture.Mixture,
  rows: Source.Data | null
): ReadonlyArray<Support.Unsupported> => {
  if (rows === null) return []
  const estimation = componentEstimation(innerScoreOfBackground(score), Mixture.dimension(mixture))
  return estimation === null ? [] : Support.unsupportedComponents(rows, mixture, estimation)
}

/** Returns the estimator of a component's covariance and its number of parameters; null if it is not estimated from rows. */
const componentEstimation = (score: Score.Score<string>, dim: number): Support.CovarianceEstimate | null => {
  const { family } = Score.interpret(score)
  if (family?.mStep === undefined || family.mirrored || family.mStep.isGeneralized) return null
  const { second, isShared = false } = family.mStep
  return isShared || family.unitVariance
    ? { second: 'none', parameters: dim + 1 }
    : { second, parameters: (Score.degreesOfFreedom(dim)(score) + 1) / family.count(dim) }
}

const innerScore = (score: Score.Score<string>): Score.Score<string> | undefined =>
  Case.parts(score).slice(1).find(Score.concept.is)

const innerScoreOfBackground = (score: Score.Score<string>): Score.Score<string> =>
  hasFamily(score, family => family.hasBackground) ? (innerScore(score) ?? score) : score

/** True if a score has a mixture family that satisfies a predicate. */
export const hasFamily = (
  score: Score.Score<string>,
  predicate: (family: Score.Family<string>) => boolean
): boolean => {
  const { family } = Score.interpret(score)
  return family !== undefined && predicate(family)
}

/** Absolute tolerance of mean log-likelihoods, relative tolerance of parameters. */
export const ROUNDING_TOLERANCE = 1e-9

/**
 * Counts the free parameters of a mixture in the original units.
 *
 * - Standardization adds d scales if the family is not closed under scaling, less one for a free variance, a common scale.
 * - A uniform background adds 2d − 1 for its bounds; the score counts the volume alone, as mclust does.
 */
export const countParameters = (
  score: Score.Score<string>,
  mixture: Mixture.Mixture,
  scaling: Points.Scaling | null
): number => {
  const dim = Mixture.dimension(mixture)
  const parameters = Score.degreesOfFreedom(dim)(score) + (mixture.background?.shape === 'box' ? 2 * dim - 1 : 0)
  // Fixed components are in the scaled units.
  const hasFixed = hasFamily(score, ({ fixedComponents }) => fixedComponents.length > 0)
  const maps = familyWithConversions((hasFixed ? innerScore(score) : undefined) ?? score)
  if (scaling === null || maps === null || maps.family.scaled !== undefined) return parameters
  const { family, fromMixture, toMixture } = maps
  if (equalUpToRounding(toMixture(fromMixture(mixture)), mixture)) return parameters
  return parameters + dim - (family.unitVariance ? 0 : 1)
}

const ABSENT_PARAMETERS = new Float64Array(0)

/** Variances [K, d] of components with diagonal covariances. */
const diagonalVariances = ({ variances, means: { shape, values } }: Mixture.Mixture): Float64Array =>
  variances.length === shape[0] ? values.map((_, at) => variances[Math.floor(at / shape[1])]) : variances

/** True if parameters agree to `ROUNDING_TOLERANCE`, relative to the largest of each kind. */
export const equalUpToRounding = (one: Mixture.Mixture, other: Mixture.Mixture): boolean => {
  if (
    Mixture.components(one) !== Mixture.components(other) ||
    (one.tails === undefined) !== (other.tails === undefined) ||
    one.background?.shape !== other.background?.shape
  )
    return false
  const areDiagonal = one.factors === null && other.factors === null
  const parameters = (mixture: Mixture.Mixture): ReadonlyArray<Float64Array> => [
    mixture.tails ?? ABSENT_PARAMETERS,
    mixture.background?.centre ?? ABSENT_PARAMETERS,
    mixture.background?.scale ?? ABSENT_PARAMETERS,
    Float64Array.of(mixture.background?.share ?? 0),
    mixture.weights,
    mixture.means.values,
    areDiagonal ? diagonalVariances(mixture) : Mixture.covariances(mixture).values
  ]
  const others = parameters(other)
  return parameters(one).every((values, kind) => {
    const tolerance = ROUNDING_TOLERANCE * largestEntry(others[kind])
    return values.every((x, at) => Math.abs(x - others[kind][at]) <= tolerance)
  })
}
