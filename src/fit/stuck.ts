/**
 * Whether a fit is at a local maximum of the kind that mixtures have (Chen, Song, Xi & Zhang 2024): two components share one cluster, while
 * another covers two. It is told by its remedy: one of the two is put to halve the third, and expectation–maximization then leads higher.
 */
import { Key } from '../../lib/index.js'
import type * as Params from '../core/params.js'
import * as Points from '../data/points.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import * as SplitAndMerge from '../mixture/em/splitAndMerge.js'
import * as Mixture from '../mixture/index.js'
import type * as Score from '../score/score.js'
import * as Floor from './floor.js'
import { iterated, started } from './grown.js'
import { bothMaps } from '../mixture/family.js'
import { asLearned, fewOf, orderOf } from './asLearned.js'

/** Components by number, from 0. */
export interface Stuck {
  /** Two that share one cluster. */
  readonly shared: readonly [number, number]
  /** The one that covers two. */
  readonly over: number
  /** What the log-likelihood of all rows gains, at least, where one of the two is put to halve it, beyond what steps without that gain. */
  readonly gain: number
}

/** A fit, in the units of the data. */
export interface Fitted {
  readonly score: Score.Score<string>
  readonly mixture: Mixture.Mixture
  readonly points: Points.Points
  readonly scaling: Points.Scaling | null
  readonly prior: number | null
  /** Below which no variance fell, in the units of `scaling`; null where none was set. */
  readonly minimumVariance: number | null
  /** The numbers of components that were known, in the order in which the score has them. */
  readonly fixed: ReadonlyArray<number>
}

/** So many rows are looked at; steps that settle a fit on these, and that follow a move. */
const ROWS = 4000
const SETTLING = 100
const POLISH = 50
const ATTEMPTS = 5

/** Less is no structure: of few rows in nats, of many in nats a row, as near as starts agree. */
const CLEAR = 5
const CLEAR_PER_ROW = 1e-3

type Arrays = Params.Params<string>

/**
 * Where a fit is stuck; null where no such move raises the log-likelihood by 5 and by 0.001 a row, of rows with missing cells, and of
 * families that are not moved. On at most 4000 rows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit } from 'ornstein'
 *
 * const rows = Array.from({ length: 90 }, (_, i) => [(i % 3) * 9 + ((i * 7) % 10) / 5])
 * assert.equal(fit(rows, { components: 3, family: 'isotropic' }).stuck(), null)
 */
export const of = ({ score, mixture, points: all, scaling, prior, minimumVariance, fixed }: Fitted): Stuck | null => {
  if (Missing.has(all) || mixture.weights.length < 3) return null
  const own = fewOf(all, ROWS)
  const points = scaling === null ? own : Points.inUnits(scaling)(own)
  const order = orderOf(mixture, fixed)
  const standing = asLearned(mixture, scaling, fixed)
  const maps = bothMaps(score)
  if (maps === null || !ExpectationMaximization.serves(maps.family) || !SplitAndMerge.serves(maps.family)) return null
  const { family, fromMixture, toMixture } = maps
  // Another would have likelihoods of its own.
  const floor = Floor.above(minimumVariance, score, points, standing)
  const step = ExpectationMaximization.step(family, floor, points, prior)
  // A fit may have steps left, and rows of a sample have a maximum of their own.
  const settled: Arrays = iterated(step, SETTLING, started(fromMixture(standing))).params
  const moves = SplitAndMerge.step(family, { attempts: ATTEMPTS, polish: POLISH, varianceFloor: floor, prior }, points)
  const { params, move } = moves(settled, Key.fromSeed(0))
  if (move === null) return null
  const { removed, split } = move
  const alone = iterated(step, POLISH, started(settled)).params
  const gain = step(alone).value - step(params).value
  const before = toMixture(settled)
  const apart = (k: number): number => Mixture.distance(before, removed)(before, k)
  const beside = order
    .map((_, k) => k)
    .filter(k => k !== removed && k !== split)
    .reduce((near, k) => (apart(k) < apart(near) ? k : near))
  const [a, b] = [order[removed], order[beside]].sort((a, b) => a - b)
  return gain > CLEAR_PER_ROW && gain * Points.totalWeight(all) > CLEAR
    ? { shared: [a, b], over: order[split], gain: gain * Points.totalWeight(all) }
    : null
}

/** Recipes that make such moves. */
const MOVING = ['grown', 'annealed']

/** What was not done yet. */
const remedy = (recipe: string): string => {
  const others = MOVING.filter(other => other !== recipe)
  return others.length === MOVING.length
    ? `Use the recipe ${others.join(' or ')}, which make such moves.`
    : `Compare with the recipe ${others.join(' or ')}.`
}

/** “Components 1 and 2 share one cluster, while component 4 covers two …”, of a fit by a recipe or a pipeline. */
export const sentence = ({ shared: [a, b], over, gain }: Stuck, recipe: string): string =>
  `The fit is stuck: components ${a + 1} and ${b + 1} share one cluster, while component ${over + 1} covers two. ` +
  `Moving one of them raises the log-likelihood by about ${gain.toFixed(0)}. ${remedy(recipe)}`
