/**
 * A family along its numbers of components, each from the one before: the component that gains most by halves is split, and a
 * few steps of expectation–maximization follow. Starts by k-means++ and one by joining rows to clusters stand beside the splits, and the
 * likeliest goes on. What comes of it is near the best there is, for a small part of the work of learning each from nothing.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { iterate } from '../../lib/plain/iterate.js'
import { remembered } from '../../lib/plain/remembered.js'
import type { Points } from '../data/points.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as SplitAndMerge from '../mixture/em/splitAndMerge.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Seeding from '../mixture/em/seeding.js'
import { bothMaps } from '../mixture/family.js'
import type { Mixture } from '../mixture/mixture.js'
import * as Score from '../score/score.js'
import * as Params from '../core/params.js'
import { held } from './floor.js'

type Arrays = Params.Params<string>

/** So many starts by k-means++ stand beside the splits. */
const DRAWN = 4

/** Steps after which starts are compared. */
const TRIAL = 12

/** Of starts at the ends of other families so many are kept after so few steps. */
const NEAR = 2
const FIRST = 3

/** Steps of the one that goes on, and the gain a row below which they end. */
const STEPS = 60
const LEAST_GAIN = 1e-5

/**
 * After so many steps a start is given up where all that are left to it, each gaining so many times what its last one did, would not take it
 * below the best before it: steps gain less and less, except on the way from where two components are nearly one.
 */
const HASTE = 4
const HOPE = 3

/** Where steps stand. */
export interface Iteration {
  readonly params: Arrays
  /** The mean negative log-likelihood before the last step; under a prior less log p(θ) a row. */
  readonly value: number
  /** How many were taken. */
  readonly steps: number
}

/** Parameters that no step was taken from. */
export const started = (params: Arrays): Iteration => ({ params, value: Infinity, steps: 0 })

/** Where growing led, and whether what the key drew had a part in it: if not, any seed leads there. */
export interface Grown extends Iteration {
  readonly isDrawn: boolean
}

interface Begun {
  readonly params: Arrays
  readonly isDrawn: boolean
}

/** Where a family that grows has come. */
export interface Growth extends Begun {
  readonly score: Score.Score<string>
}

interface Tried {
  readonly iteration: Iteration
  readonly isHeldUp: boolean
  readonly isDrawn: boolean
}

const isBetter = (one: Tried, other: Tried): boolean =>
  one.isHeldUp === other.isHeldUp ? one.iteration.value < other.iteration.value : other.isHeldUp

/** So many steps, or until one gains less than `least`, or there is no hope to come below a value; and what the last one gained. */
export const iterated = (
  step: (params: Arrays) => Pick<Iteration, 'params' | 'value'>,
  most: number,
  start: Iteration,
  least = LEAST_GAIN,
  below = Infinity
): Iteration & { readonly gain: number } =>
  iterate<Iteration & { readonly left: number; readonly gain: number }>(
    { ...start, left: most, gain: Infinity },
    ({ params, value, steps, left, gain }) => {
      const isHopeless = steps >= HASTE && value - HOPE * left * gain > below
      if (left === 0 || gain < least || isHopeless) return null
      const next = step(params)
      return { params: next.params, value: next.value, steps: steps + 1, left: left - 1, gain: value - next.value }
    }
  )

/** Whether a family can be grown so: it has steps, and goes from and to mixtures. */
export const serves = (score: Score.Score<string>): boolean => {
  const maps = bothMaps(score)
  return maps !== null && ExpectationMaximization.serves(maps.family) && !maps.family.mirrored
}

/**
 * Parameters near the likeliest of a score, from those of a score of one component less where there are such, or from where other families
 * of as many have come: mixtures that stand in the place of splits and draws. A start that leads to where the floor of the variances alone supports a component is taken only where all do: its likelihood is the floor's.
 */
export const grown = (
  points: Points,
  key: Key.Key,
  prior: number | null = null
): ((score: Score.Score<string>, from: Growth | ReadonlyArray<Mixture> | null, floor: number) => Grown | null) => {
  const keys = Key.split(DRAWN)(key)
  // They are the same for all families.
  const drawnCentres = remembered((count: number) =>
    keys
      .map(Seeding.spread(points, count))
      .map(drawn => Initializer.centres(RA.chunksOf(points.dim)(Array.from(drawn.values))))
  )
  return (score, from, floor) => {
    const { family } = Score.interpret(score)
    if (family === undefined) return null
    const step = ExpectationMaximization.step(family, floor, points, prior)
    const startsBy = (initializer: Initializer.Initializer): ReadonlyArray<Arrays> => {
      const start = Initializer.interpret(score, points)(initializer)
      return E.isRight(start) ? [start.right(key)] : []
    }
    const beside = from !== null && !('score' in from) ? from : null
    const less = from !== null && 'score' in from ? from : null
    const count = Score.startOf(family, points.dim)?.count
    const drawn = beside !== null || count === undefined ? [] : drawnCentres(count).flatMap(startsBy)
    const joined = startsBy(Initializer.hierarchical())
    const { fromMixture, toMixture, mStep } = family
    const entered = fromMixture === undefined ? [] : (beside ?? []).map(mixture => fromMixture(mixture))
    const lesser = less && Score.interpret(less.score).family
    const split = less && lesser ? SplitAndMerge.grown(lesser, family, points)(less.params) : []
    /** From the best of many M-steps too, where one has several maxima; the likelier of both. */
    const further =
      (steps: number) =>
      (found: Iteration): Iteration => {
        if (mStep?.anew === undefined) return found
        const thorough = { ...family, mStep: { ...mStep, maximise: mStep.anew } }
        const anew = ExpectationMaximization.step(thorough, floor, points, prior)
        const other = iterated(step, steps, { ...started(anew(found.params).params), steps: found.steps + 1 })
        return other.value < found.value && Params.isFinite(other.params) ? other : found
      }
    const isHeldUp = (params: Arrays): boolean =>
      toMixture !== undefined && held(floor, points.rows)(toMixture(params)).collapsed.length > 0
    const begun =
      (isDrawn: boolean) =>
      (params: Arrays): Begun => ({ params, isDrawn })
    const starts =
      family.count(points.dim) === 1
        ? // A single component is the same from wherever it starts.
          [...drawn, ...joined].slice(0, 1).map(begun(false))
        : [
            ...split.map(begun(less?.isDrawn === true)),
            ...[...entered, ...drawn].map(begun(true)),
            ...joined.map(begun(false))
          ]
    const kept =
      beside !== null
        ? starts
            .map(start => ({ ...start, ...iterated(step, FIRST, started(start.params)) }))
            .filter(({ value }) => Number.isFinite(value))
            .sort((a, b) => a.value - b.value)
            .slice(0, NEAR)
        : starts
    // What lies beyond steps of another kind is not foreseen.
    const isForeseen = mStep?.anew === undefined
    const likeliest = kept.reduce<Tried | null>((best, { params, isDrawn }) => {
      const below = best !== null && isForeseen && !best.isHeldUp ? best.iteration.value : Infinity
      const tried = further(TRIAL)(iterated(step, TRIAL, started(params), LEAST_GAIN, below))
      if (!Number.isFinite(tried.value) || !Params.isFinite(tried.params)) return best
      const next = { iteration: tried, isHeldUp: isHeldUp(tried.params), isDrawn }
      return best !== null && !isBetter(next, best) ? best : next
    }, null)
    return likeliest && { ...further(STEPS)(iterated(step, STEPS, likeliest.iteration)), isDrawn: likeliest.isDrawn }
  }
}
