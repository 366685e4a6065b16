/**
 * Test for the usual local optimum of Gaussian mixtures (Chen, Song, Xi & Zhang 2024): two components share a cluster, another covers two,
 * and moving one of the two to split the third raises the likelihood.
 */
import { Key } from '../../lib/index.js'
import * as Points from '../data/points.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import * as SplitAndMerge from '../mixture/em/splitAndMerge.js'
import { familyWithConversions } from '../mixture/family.js'
import * as Mixture from '../mixture/index.js'
import type * as Score from '../score/score.js'
import { toScaledUnits, subsample, parameterOrder } from './scaledFit.js'
import { minVarianceForContinuing } from './minVariance.js'
import { initialState, runEM } from './runEM.js'

/** Component indices count from 0. */
export interface LocalOptimum {
  /** Components that share one cluster. */
  readonly shared: readonly [number, number]
  /** Component that covers two clusters. */
  readonly over: number
  /** Minimum gain in log-likelihood, over all rows, from the move. */
  readonly gain: number
}

/** Fit in the original units. */
export interface TestedFit {
  readonly score: Score.Score<string>
  readonly mixture: Mixture.Mixture
  readonly points: Points.Points
  readonly scaling: Points.Scaling | null
  readonly prior: number | null
  /** In the scaled units; null if there was none. */
  readonly minimumVariance: number | null
  /** Fixed components, in the order of the score. */
  readonly fixed: ReadonlyArray<number>
}

const MAX_TESTED_ROWS = 4000

/** Maximum number of EM iterations that converge on the sampled rows. */
const ITERATIONS_BEFORE_MOVE = 100

const MOVE_SETTINGS = { attempts: 5, polish: 50 }

/** Minimum gain reported, in nats over all rows; starts differ by less. */
const MIN_TOTAL_GAIN = 5
/** Minimum gain reported, in nats per row. */
const MIN_GAIN_PER_ROW = 1e-3

/**
 * Returns the local optimum of a fit; null if no move raises the log-likelihood by 5 and by 0.001 per row, with missing cells, and for
 * families without such moves. Uses at most 4000 rows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit } from 'ornstein'
 *
 * const rows = Array.from({ length: 90 }, (_, i) => [(i % 3) * 9 + ((i * 7) % 10) / 5])
 * assert.equal(fit(rows, { components: 3, family: 'isotropic' }).localOptimum(), null)
 */
export const findLocalOptimum = (fit: TestedFit): LocalOptimum | null => {
  const { score, mixture, points: allRows, scaling, prior, minimumVariance, fixed } = fit
  if (Missing.hasMissingCells(allRows) || mixture.weights.length < 3) return null
  const maps = familyWithConversions(score)
  if (
    maps === null ||
    !ExpectationMaximization.supportsEM(maps.family) ||
    !SplitAndMerge.supportsSplitAndMerge(maps.family)
  )
    return null
  const { family, fromMixture, toMixture } = maps
  const sample = subsample(allRows, MAX_TESTED_ROWS)
  const points = scaling === null ? sample : Points.pointsInUnits(scaling)(sample)
  const scaled = toScaledUnits(mixture, scaling, fixed)
  const varianceFloor = minVarianceForContinuing({ minVariance: minimumVariance, score, mixture: scaled }, points)
  const step = ExpectationMaximization.step(family, varianceFloor, points, prior)
  const before = runEM(step, initialState(fromMixture(scaled)), { maxIterations: ITERATIONS_BEFORE_MOVE }).params
  const moves = SplitAndMerge.step(family, { ...MOVE_SETTINGS, varianceFloor, prior }, points)
  const { params: after, move } = moves(before, Key.fromSeed(0))
  if (move === null) return null
  const { removed, split } = move
  const withoutMove = runEM(step, initialState(before), { maxIterations: MOVE_SETTINGS.polish }).params
  const gain = step(withoutMove).value - step(after).value
  const totalGain = gain * Points.totalWeight(allRows)
  if (!(gain > MIN_GAIN_PER_ROW && totalGain > MIN_TOTAL_GAIN)) return null
  // From the order of the parameters to that of the mixture.
  const order = parameterOrder(mixture, fixed)
  const nearest = nearestComponent(toMixture(before), removed, split)
  const [a, b] = [order[removed], order[nearest]].sort((a, b) => a - b)
  return { shared: [a, b], over: order[split], gain: totalGain }
}

/** Returns the component nearest to `component`, except `excluded`; the first of equally near ones. */
const nearestComponent = (mixture: Mixture.Mixture, component: number, excluded: number): number => {
  const distance = Mixture.distance(mixture, component)
  return Array.from(mixture.weights.keys())
    .filter(k => k !== component && k !== excluded)
    .reduce((nearest, k) => (distance(mixture, k) < distance(mixture, nearest) ? k : nearest))
}

const RECIPES_WITH_MOVES = ['grown', 'annealed']

/** “Compare with the recipe annealed.” */
const recipeAdvice = (recipe: string): string => {
  const others = RECIPES_WITH_MOVES.filter(other => other !== recipe)
  return others.length === RECIPES_WITH_MOVES.length
    ? `Use the recipe ${others.join(' or ')}, which make such moves.`
    : `Compare with the recipe ${others.join(' or ')}.`
}

/** “Components 1 and 2 share one cluster, while component 4 covers two …” */
export const localOptimumSentence = ({ shared: [a, b], over, gain }: LocalOptimum, recipe: string): string =>
  `The fit is stuck: components ${a + 1} and ${b + 1} share one cluster, while component ${over + 1} covers two. ` +
  `Moving one of them raises the log-likelihood by about ${gain.toFixed(0)}. ${recipeAdvice(recipe)}`
