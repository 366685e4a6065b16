/** Test by a few EM iterations, on few rows, if heavy tails or a background would lower the criterion. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { pluralized } from '../data/dataProblems.js'
import * as Points from '../data/points.js'
import * as Component from '../mixture/component.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Mixture from '../mixture/mixture.js'
import * as Statistics from '../mixture/statistics.js'
import * as Score from '../score/score.js'
import { toScaledUnits, subsample } from './scaledFit.js'
import { bestExcluded, criterionValue, isDegenerate, type Criterion, type RankedCandidate } from './candidates.js'
import { countParameters } from './evaluation.js'
import { diagnoseMinVariance, minVarianceForContinuing } from './minVariance.js'
import { initialState, runEM } from './runEM.js'

export interface Hint {
  readonly beside: 'tails' | 'background'
  readonly components: number
  /** Decrease of the criterion on the sampled rows. */
  readonly less: number
  /** Weighted number of rows of the background; 0 for tails. */
  readonly rows: number
  /** Number of components with at most d rows, which the background would replace. */
  readonly lone: number
}

/** In the original units. */
interface ScoredMixture {
  readonly score: Score.Score<string>
  readonly mixture: Mixture.Mixture
}

export interface HintInput {
  readonly chosen: ScoredMixture
  /** Best first; empty if the fit was not selected from several. */
  readonly ranked: ReadonlyArray<RankedCandidate>
  readonly points: Points.Points
  readonly scaling: Points.Scaling | null
  readonly criterion: Criterion
  readonly prior: number | null
  /** In the scaled units; null if there was none. */
  readonly minimumVariance: number | null
  /** True if a component of the fit or of the excluded candidate is at the minimum variance; there is then no hint. */
  readonly involvesMinVariance: boolean
}

/** True if a component of the excluded candidate, if there is one, otherwise of the best is at the minimum variance. */
export const involvesMinVariance = (criterion: Criterion, ranked: ReadonlyArray<RankedCandidate>): boolean =>
  ranked.length > 0 && (bestExcluded(criterion, ranked) ?? ranked[0]).atMinVariance.length > 0

const MAX_HINT_ROWS = 2000
const MAX_HINT_ITERATIONS = 30

/** Minimum decrease reported: the fit then has a posterior probability below e⁻⁵. */
const MIN_DECREASE = 10

/** Share of the rows: no estimate is robust against a majority of outliers (Donoho & Huber 1983). */
const MAX_BACKGROUND_SHARE = 1 / 2

/** Components with less weight may represent outliers. */
const SMALL_WEIGHT = 0.05

/** A component of d rows may have this much more weight, its responsibility for rows of other components. */
const ROW_TOLERANCE = 0.5

/**
 * Returns the extension with the lowest criterion, if lower by ten, or at all if components have at most d rows. Uses at most 30 EM
 * iterations on 2000 rows, so a hint can be missed and is no proof; compare by `fit(rows, { robust: true })`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit } from 'ornstein'
 *
 * const near = Array.from({ length: 60 }, (_, i) => [(i % 2) * 9 + ((i * 7) % 10) / 10, ((i * 3) % 11) / 5])
 * const model = fit([...near, [12, -6], [-6, 9], [14, 12]], { components: 2, family: 'full' })
 * assert.equal(model.robustnessHint()?.beside, 'background')
 */
export const findHint = (input: HintInput): Hint | null => {
  const { chosen, ranked, points } = input
  const { mixture } = chosen
  const isExtended = mixture.tails !== undefined || mixture.background !== undefined
  if (input.involvesMinVariance || isExtended || Missing.hasMissingCells(points)) return null
  const sample = subsample(points, MAX_HINT_ROWS)
  const alternatives = bestOfOtherCounts(ranked)
  if (alternatives.length === 0 && !hasManyOutliers(sample, mixture)) return null
  const test = prepareExtensionTest(input, sample)
  if (hasConstantColumn(test.scaled)) return null
  const isLone = (weight: number): boolean => weight * Points.totalWeight(points) < points.dim + ROW_TOLERANCE
  const lone = mixture.weights.filter(isLone).length
  const baseline = criterionOfFit(test, chosen)
  // Under common covariances a criterion may favour components of one or two rows.
  const withoutLone = lone === 0 ? [] : withoutComponents(mixture, isLone, familyScores(ranked))
  const replacements = extensionHints(test, withoutLone, { baseline, lone, extensions: ['background'] })
  const replacement = largestDecrease(replacements, 0)
  if (replacement !== null) return replacement
  const withoutSmall = withoutComponents(mixture, weight => weight < SMALL_WEIGHT, [chosen.score])
  const starts = [chosen, ...withoutSmall, ...alternatives]
  const hints = extensionHints(test, starts, { baseline, lone: 0, extensions: ['tails', 'background'] })
  return largestDecrease(hints, MIN_DECREASE)
}

const largestDecrease = (hints: ReadonlyArray<Hint>, minDecrease: number): Hint | null =>
  hints.reduce<Hint | null>((best, hint) => (hint.less > (best?.less ?? minDecrease) ? hint : best), null)

/** Returns the best non-degenerate candidate of each number of components, except the first of all. */
const bestOfOtherCounts = (ranked: ReadonlyArray<RankedCandidate>): ReadonlyArray<ScoredMixture> =>
  ranked
    .filter(
      (one, i) =>
        i > 0 &&
        !isDegenerate(one) &&
        ranked.findIndex(other => other.components === one.components && !isDegenerate(other)) === i
    )
    .map(({ pipeline: { score }, mixture }) => ({ score, mixture }))

const familyScores = (ranked: ReadonlyArray<RankedCandidate>): ReadonlyArray<Score.Score<string>> =>
  ranked
    .filter(({ family }, i) => ranked.findIndex(other => other.family === family) === i)
    .map(({ pipeline: { score } }) => score)

/** True if there are more than five times as many outliers as in a sample of the mixture. */
const hasManyOutliers = (points: Points.Points, mixture: Mixture.Mixture): boolean =>
  Mixture.memberships(points)(mixture).filter(({ isOutlier }) => isOutlier).length > Math.max(1, points.rows / 200)

/** True if a column is constant: densities along it depend on the minimum variance alone. */
const hasConstantColumn = ({ dim, values }: Points.Points): boolean =>
  RA.makeBy(dim, j => j).some(j => values.every((x, at) => at % dim !== j || x === values[j]))

/**
 * Returns the mixture without the components whose weight `isLeftOut`, for each score with a free number of components; none if all or none are
 * left out.
 */
const withoutComponents = (
  mixture: Mixture.Mixture,
  isLeftOut: (weight: number) => boolean,
  scores: ReadonlyArray<Score.Score<string>>
): ReadonlyArray<ScoredMixture> => {
  const all = Component.componentsOf(mixture)
  const kept = all.filter(({ weight }) => !isLeftOut(weight))
  if (kept.length === all.length || kept.length === 0) return []
  return scores
    .filter(score => 'components' in score)
    .map(score => ({
      score: { ...score, components: kept.length } as Score.Score<string>,
      mixture: Component.ofComponents(kept)
    }))
}

interface ExtensionTest extends Pick<HintInput, 'scaling' | 'criterion' | 'prior'> {
  /** In the original units. */
  readonly sample: Points.Points
  readonly scaled: Points.Points
  /** In the scaled units. */
  readonly minVariance: number
  /** Sum over all rows, sampled or not. */
  readonly totalWeight: number
}

const prepareExtensionTest = (input: HintInput, sample: Points.Points): ExtensionTest => {
  const { chosen, points, scaling, criterion, prior, minimumVariance } = input
  const scaled = scaling === null ? sample : Points.pointsInUnits(scaling)(sample)
  const fit = { minVariance: minimumVariance, score: chosen.score, mixture: toScaledUnits(chosen.mixture, scaling) }
  const minVariance = minVarianceForContinuing(fit, scaled)
  return { scaling, criterion, prior, sample, scaled, minVariance, totalWeight: Points.totalWeight(points) }
}

const criterionOnSample = ({ criterion }: ExtensionTest, statistics: Statistics.Statistics): number =>
  criterionValue(criterion === 'crossValidated' ? 'bic' : criterion, statistics)

const statisticsOnSample = (
  { sample, scaling }: ExtensionTest,
  { score, mixture }: ScoredMixture
): Statistics.Statistics => Statistics.of(sample, countParameters(score, mixture, scaling))(mixture)

/** Returns the criterion on the sample, the lower of before and after the EM iterations that extensions get. */
const criterionOfFit = (test: ExtensionTest, fit: ScoredMixture): number => {
  const continued = fitBriefly(test, fit, Infinity)
  const current = criterionOnSample(test, statisticsOnSample(test, fit))
  return continued === null ? current : Math.min(current, criterionOnSample(test, continued))
}

interface ExtensionOptions {
  readonly baseline: number
  /** Number of components that the background would replace. */
  readonly lone: number
  readonly extensions: ReadonlyArray<Hint['beside']>
}

/**
 * Fits each extension from each start. Drops backgrounds with less than a row, with fewer than half as many rows as `lone`, or with half of
 * all rows.
 */
const extensionHints = (
  test: ExtensionTest,
  starts: ReadonlyArray<ScoredMixture>,
  { baseline, lone, extensions }: ExtensionOptions
): ReadonlyArray<Hint> => {
  const ratio = test.totalWeight / Points.totalWeight(test.sample)
  const maxCriterion = lone > 0 ? Infinity : baseline - MIN_DECREASE
  return starts
    .flatMap(({ score, mixture }) =>
      extensions.flatMap((beside): ReadonlyArray<Hint> => {
        const extend = beside === 'tails' ? Score.withTails({ nu: 'common' }) : Score.withBackground()
        const statistics = fitBriefly(test, { score: extend(score), mixture }, maxCriterion)
        if (statistics === null) return []
        const less = baseline - criterionOnSample(test, statistics)
        return [
          {
            beside,
            components: Mixture.components(mixture),
            less,
            rows: ratio * (statistics.backgroundCount ?? 0),
            lone
          }
        ]
      })
    )
    .filter(
      ({ beside, rows }) =>
        beside === 'tails' || (rows >= Math.max(1, lone / 2) && rows < MAX_BACKGROUND_SHARE * test.totalWeight)
    )
}

/**
 * Returns statistics after a few EM iterations from a mixture, which end if the criterion is not expected to fall below `maxCriterion`.
 * Null if the family does not support EM or a component collapses.
 */
const fitBriefly = (
  test: ExtensionTest,
  { score, mixture }: ScoredMixture,
  maxCriterion: number
): Statistics.Statistics | null => {
  const { sample, scaled, scaling, prior, minVariance } = test
  const maps = Score.problems(scaled)(score).length > 0 ? null : familyWithConversions(score)
  if (maps === null || !ExpectationMaximization.supportsEM(maps.family)) return null
  const { family, fromMixture, toMixture } = maps
  const embedded = fromMixture(toScaledUnits(mixture, scaling))
  const start = family.placed?.(scaled)(embedded) ?? embedded
  const step = ExpectationMaximization.step(family, minVariance, scaled, prior)
  const stopping = { maxIterations: MAX_HINT_ITERATIONS, abandonAbove: lossAt(test, score, maxCriterion) }
  const fitted = toMixture(runEM(step, initialState(start), stopping).params)
  const { collapsed } = diagnoseMinVariance(fitted, { minVariance, rows: Points.totalWeight(sample) })
  if (collapsed.length > 0) return null
  return statisticsOnSample(test, { score, mixture: scaling === null ? fitted : Mixture.rescaled(scaling)(fitted) })
}

/** Returns the EM loss that gives a criterion if assignments are certain. Infinity under a prior, whose density is in the loss. */
const lossAt = (
  { sample, scaling, criterion, prior }: ExtensionTest,
  score: Score.Score<string>,
  criterionLimit: number
): number => {
  if (prior !== null) return Infinity
  const total = Points.totalWeight(sample)
  const logScale = scaling === null ? 0 : scaling.scale.reduce((sum, unit) => sum + Elementary.log(unit), 0)
  const penalty = Score.degreesOfFreedom(sample.dim)(score) * (criterion === 'aic' ? 2 : Elementary.log(total))
  return (criterionLimit - penalty) / (2 * total) - logScale
}

/** Describes a hint in the text output. */
export const hintSentence = (hint: Hint, criterion: string): string =>
  hint.lone === 0 ? extensionSentence(hint, criterion) : replacementSentence(hint, criterion)

/** “3 components rest on a row or two alone …” */
const replacementSentence = ({ components, less, rows, lone }: Hint, criterion: string): string =>
  `${lone === 1 ? 'A component rests' : `${lone} components rest`} on too few rows for a cluster. ` +
  `Beside a background, which takes about ${Math.round(rows)} rows, ${pluralized(components, 'component')} describe${components === 1 ? 's' : ''} the others, ` +
  `with an ${criterion} about ${less.toFixed(0)} lower. Compare with --robust -k ${components}.`

/** “With heavy tails the ICL of 2 components is about 63 lower …” */
const extensionSentence = ({ beside, components, less, rows }: Hint, criterion: string): string =>
  (beside === 'tails'
    ? `With heavy tails the ${criterion} of ${pluralized(components, 'component')} is about ${less.toFixed(0)} lower.`
    : `Beside a background, which has about ${Math.round(rows)} rows, the ${criterion} of ${pluralized(components, 'component')} is about ${less.toFixed(0)} lower.`) +
  ' Compare with --robust.'
