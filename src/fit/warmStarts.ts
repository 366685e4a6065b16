/**
 * Fits a candidate from warm starts: splits of the fit with one component less, mixtures of other families, k-means++ and hierarchical
 * clustering. Continues the best after a few EM iterations: near the best known optimum at a small part of the cost of random starts.
 */
import * as E from 'fp-ts/lib/Either.js'
import { Key, type NdArray } from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Seeding from '../mixture/em/seeding.js'
import * as SplitAndMerge from '../mixture/em/splitAndMerge.js'
import { familyWithConversions } from '../mixture/family.js'
import type { Mixture } from '../mixture/mixture.js'
import * as Initializer from '../pipeline/initializer.js'
import { startAtCentres } from '../pipeline/start.js'
import * as Score from '../score/score.js'
import { diagnoseMinVariance } from './minVariance.js'
import { initialState, runEM, type EMState, type EMStep } from './runEM.js'

const KMEANS_STARTS = 4

/** EM iterations before starts are compared. */
const TRIAL_ITERATIONS = 12
const FINAL_ITERATIONS = 60

/** Number of other families' starts kept after `SCREENING_ITERATIONS`. */
const SCREENED_STARTS = 2
const SCREENING_ITERATIONS = 3

interface StartingPoint {
  readonly params: Params.Params<string>
  /** False if every seed gives this start. */
  readonly dependsOnSeed: boolean
}

export interface SmallerFit extends StartingPoint {
  readonly score: Score.Score<string>
}

export type WarmStart =
  | { readonly from: 'smallerFit'; readonly fit: SmallerFit }
  | { readonly from: 'otherFamilies'; readonly mixtures: ReadonlyArray<Mixture> }

export interface WarmStartedFit extends EMState {
  readonly dependsOnSeed: boolean
}

/** Null without a mixture family, or if no start leads to finite numbers. */
export type FitFromStarts = (
  target: { readonly score: Score.Score<string>; readonly minVariance: number },
  warmStart: WarmStart | null
) => WarmStartedFit | null

/** True if a family supports EM and converts from and to mixtures. */
export const supportsWarmStarts = (score: Score.Score<string>): boolean => {
  const maps = familyWithConversions(score)
  return maps !== null && ExpectationMaximization.supportsEM(maps.family) && !maps.family.mirrored
}

/** Returns a function that fits scores to the same rows. The k-means++ centres depend on the key alone. */
export const prepareFitFromStarts = (points: Points.Points, key: Key.Key, prior: number | null): FitFromStarts => {
  const keys = Key.split(KMEANS_STARTS)(key)
  const spread = Seeding.cachedStartingSpread(points)
  const kMeansCentres = remembered((count: number) => keys.map(Seeding.greedyKMeansPlusPlus(points, count)))
  return ({ score, minVariance }, warmStart) => {
    const { family } = Score.interpret(score)
    if (family === undefined) return null
    const paramsAt = startAtCentres(score, points, spread)
    const startAt = (centres: NdArray): ReadonlyArray<StartingPoint['params']> => {
      const params = paramsAt(centres, key)
      return params === null ? [] : [params]
    }
    const hierarchical = Initializer.interpret(score, points)(Initializer.hierarchical())
    const centreCount = Score.familyStart(family, points.dim)?.count
    const kMeans =
      warmStart?.from === 'otherFamilies' || centreCount === undefined
        ? []
        : kMeansCentres(centreCount).flatMap(startAt)
    const step = ExpectationMaximization.step(family, minVariance, points, prior)
    const problem: EMProblem = { family, points, minVariance, prior, step }
    const clustered = { kMeans, hierarchical: E.isRight(hierarchical) ? [hierarchical.right(key)] : [] }
    const starts = startsInOrder(problem, clustered, warmStart)
    const best = bestStart(problem, warmStart?.from === 'otherFamilies' ? screenStarts(step, starts) : starts)
    return best && { ...runEMWithRestart(problem, best, FINAL_ITERATIONS), dependsOnSeed: best.dependsOnSeed }
  }
}

type ClusteredStarts = Readonly<Record<'kMeans' | 'hierarchical', ReadonlyArray<StartingPoint['params']>>>

interface EMProblem {
  readonly family: Score.Family<string>
  readonly points: Points.Points
  readonly minVariance: number
  readonly prior: number | null
  readonly step: EMStep
}

/** Returns all starts, in order of trial; a single one if there is one component. */
const startsInOrder = (
  { family, points }: EMProblem,
  { kMeans, hierarchical }: ClusteredStarts,
  warmStart: WarmStart | null
): ReadonlyArray<StartingPoint> => {
  // One component has a single optimum.
  if (family.count(points.dim) === 1)
    return [...kMeans, ...hierarchical].slice(0, 1).map(params => ({ params, dependsOnSeed: false }))
  const groups = [
    ...(warmStart?.from === 'smallerFit'
      ? [{ list: splitsOf(warmStart.fit, family, points), dependsOnSeed: warmStart.fit.dependsOnSeed }]
      : []),
    ...(warmStart?.from === 'otherFamilies'
      ? [{ list: startsFromMixtures(warmStart.mixtures, family), dependsOnSeed: true }]
      : []),
    { list: kMeans, dependsOnSeed: true },
    { list: hierarchical, dependsOnSeed: false }
  ]
  return groups.flatMap(({ list, dependsOnSeed }) => list.map(params => ({ params, dependsOnSeed })))
}

/** Returns parameters with one component more, one set per split component. */
const splitsOf = (
  { score, params }: SmallerFit,
  family: Score.Family<string>,
  points: Points.Points
): ReadonlyArray<StartingPoint['params']> => {
  const { family: smaller } = Score.interpret(score)
  return smaller === undefined ? [] : SplitAndMerge.splitStarts(smaller, family, points)(params)
}

const startsFromMixtures = (
  mixtures: ReadonlyArray<Mixture>,
  { fromMixture }: Score.Family<string>
): ReadonlyArray<StartingPoint['params']> =>
  fromMixture === undefined ? [] : mixtures.map(mixture => fromMixture(mixture))

/** Returns the best starts after `SCREENING_ITERATIONS` of EM each. */
const screenStarts = (step: EMStep, starts: ReadonlyArray<StartingPoint>): ReadonlyArray<StartingPoint> =>
  starts
    .map(({ params, dependsOnSeed }) => ({
      ...runEM(step, initialState(params), { maxIterations: SCREENING_ITERATIONS }),
      dependsOnSeed
    }))
    .filter(({ loss }) => Number.isFinite(loss))
    .sort((a, b) => a.loss - b.loss)
    .slice(0, SCREENED_STARTS)

interface TriedStart extends EMState {
  readonly dependsOnSeed: boolean
  /** True if only the minimum variance bounds the likelihood of a component. */
  readonly isCollapsed: boolean
}

/** Returns the best start after a few iterations each; a collapsed one only if all are, null if none is finite. */
const bestStart = (problem: EMProblem, starts: ReadonlyArray<StartingPoint>): TriedStart | null => {
  const { family, minVariance, points } = problem
  const isCollapsed = (params: StartingPoint['params']): boolean =>
    family.toMixture !== undefined &&
    diagnoseMinVariance(family.toMixture(params), { minVariance, rows: points.rows }).collapsed.length > 0
  const isBetter = (one: TriedStart, other: TriedStart): boolean =>
    one.isCollapsed === other.isCollapsed ? one.loss < other.loss : other.isCollapsed
  return starts.reduce<TriedStart | null>((best, { params, dependsOnSeed }) => {
    // An M-step with several maxima can gain much later: such runs are not abandoned.
    const abandonAbove =
      best === null || best.isCollapsed || family.mStep?.multistart !== undefined ? Infinity : best.loss
    const tried = runEMWithRestart(problem, initialState(params), TRIAL_ITERATIONS, abandonAbove)
    if (!Number.isFinite(tried.loss) || !Params.isFiniteParams(tried.params)) return best
    const next = { ...tried, dependsOnSeed, isCollapsed: isCollapsed(tried.params) }
    return best === null || isBetter(next, best) ? next : best
  }, null)
}

/**
 * Runs EM; if the M-step has several maxima, again from a multi-start M-step (`MStep.multistart`) at the result, and returns the better.
 */
const runEMWithRestart = (
  { family, points, minVariance, prior, step }: EMProblem,
  initial: EMState,
  maxIterations: number,
  abandonAbove = Infinity
): EMState => {
  const result = runEM(step, initial, { maxIterations, abandonAbove })
  const { mStep } = family
  if (mStep?.multistart === undefined) return result
  const multiStart = { ...family, mStep: { ...mStep, maximise: mStep.multistart } }
  const restarted = ExpectationMaximization.step(multiStart, minVariance, points, prior)(result.params).params
  const other = runEM(step, { ...initialState(restarted), iterations: result.iterations + 1 }, { maxIterations })
  return other.loss < result.loss && Params.isFiniteParams(other.params) ? other : result
}
