/** Whether tails or a background would be chosen beside what was: a few steps from where a fit ended, on few rows. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Points from '../data/points.js'
import * as Component from '../mixture/component.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import * as Mixture from '../mixture/mixture.js'
import * as Statistics from '../mixture/statistics.js'
import * as Score from '../score/score.js'
import * as Floor from './floor.js'
import { isSound, setAside, valueBy, type Criterion, type Ranked } from './candidates.js'
import { parametersOf } from './found.js'
import { iterated, started } from './grown.js'
import { bothMaps } from '../mixture/family.js'
import { asLearned, fewOf } from './asLearned.js'
import { plural } from '../data/parts.js'

/** What would be chosen. */
export interface Hint {
  readonly beside: 'tails' | 'background'
  readonly components: number
  /** By so much its criterion is lower than that of what was chosen, on the rows that were looked at. */
  readonly less: number
  /** How many rows the background has, weighted; 0 of tails. */
  readonly rows: number
  /** How many components of what was chosen rest on at most d rows, which the background takes. */
  readonly lone: number
}

/** A family and its mixture, in the data's own units. */
export interface Start {
  readonly score: Score.Score<string>
  readonly mixture: Mixture.Mixture
}

/** What was learned: what was chosen, and beside it the best of other numbers of components. */
export interface Learned {
  readonly chosen: Start
  /** None where nothing was chosen from: a hint is then looked for only where rows are far from all components. */
  readonly others: ReadonlyArray<Start>
  /** Scores of the families that it was chosen from, each of any number of components. */
  readonly families: ReadonlyArray<Score.Score<string>>
  readonly points: Points.Points
  /** The origin and unit of each column in which it was learned. */
  readonly scaling: Points.Scaling | null
  readonly criterion: Criterion
  readonly prior: number | null
  /** Below which no variance fell, in the units of `scaling`; null where none was set. */
  readonly minimumVariance: number | null
  /** Whether it supports a component of what was chosen, or of what was excluded: what is beside them would then describe it. */
  readonly isHeld: boolean
}

/** Of ranked candidates the best of each number of components, the first without. */
export const others = (candidates: ReadonlyArray<Ranked>): ReadonlyArray<Start> =>
  candidates
    .filter(
      (one, i) =>
        i > 0 &&
        isSound(one) &&
        candidates.findIndex(other => other.components === one.components && isSound(other)) === i
    )
    .map(({ pipeline: { score }, mixture }) => ({ score, mixture }))

/** Whether the minimum variance holds up the first of ranked candidates, or one that was excluded for it and has less of the criterion. */
export const isHeld = (criterion: Criterion, candidates: ReadonlyArray<Ranked>): boolean =>
  candidates.length > 0 && (setAside(criterion, candidates) ?? candidates[0]).floored.length > 0

/** Of ranked candidates a score of each family. */
export const families = (candidates: ReadonlyArray<Ranked>): ReadonlyArray<Score.Score<string>> =>
  candidates
    .filter(({ family }, i) => candidates.findIndex(other => other.family === family) === i)
    .map(({ pipeline: { score } }) => score)

/** So many rows are looked at, and so many steps are taken: a part of what it takes to choose. */
const ROWS = 2000
const STEPS = 30

/** By less the criterion does not decide: its belief is then more than a hundredth. */
const CLEAR = 10

/** Whether more rows are beyond all components than five times as many as would be of the mixture. */
const isFar = (points: Points.Points, mixture: Mixture.Mixture): boolean =>
  Mixture.memberships(points)(mixture).filter(({ isOutlier }) => isOutlier).length > Math.max(1, points.rows / 200)

/** A background is of the few: of half the rows on it is they that are to be described (no estimate withstands more; Donoho & Huber 1983). */
const MOST = 1 / 2

/** Components of a smaller share may stand for rows of none. */
const SMALL = 0.05

/** A mixture without some components, in families of which each is a start. */
const without = (
  mixture: Mixture.Mixture,
  isLeftOut: (weight: number) => boolean,
  scores: ReadonlyArray<Score.Score<string>>
): ReadonlyArray<Start> => {
  const all = Component.componentsOf(mixture)
  const left = all.filter(({ weight }) => !isLeftOut(weight))
  return left.length === all.length || left.length === 0
    ? []
    : scores
        .filter(score => 'components' in score)
        .map(score => ({
          score: { ...score, components: left.length } as Score.Score<string>,
          mixture: Component.ofComponents(left)
        }))
}

/**
 * What the criterion would choose of what was learned with tails, or beside a background of less than half of the rows; null where nothing is lower by ten, or, where components rest on
 * at most d rows, by anything. Each starts where
 * learning ended, and takes at most thirty steps on at most two thousand rows: so a hint may be missed, and is no proof. Compare by
 * `fit(rows, { robust: true })`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { fit } from 'ornstein'
 *
 * const near = Array.from({ length: 60 }, (_, i) => [(i % 2) * 9 + ((i * 7) % 10) / 10, ((i * 3) % 11) / 5])
 * const model = fit([...near, [12, -6], [-6, 9], [14, 12]], { components: 2, family: 'full' })
 * assert.equal(model.hint()?.beside, 'background')
 */
export const of = (learned: Learned): Hint | null => {
  const { chosen, others, families, points: all, scaling, criterion, prior, isHeld } = learned
  const { mixture } = chosen
  if (isHeld || mixture.tails !== undefined || mixture.background !== undefined || Missing.has(all)) return null
  const { dim } = all
  const own = fewOf(all, ROWS)
  if (others.length === 0 && !isFar(own, mixture)) return null
  const points = scaling === null ? own : Points.inUnits(scaling)(own)
  const floor = Floor.above(learned.minimumVariance, chosen.score, points, asLearned(mixture, scaling))
  const value = valueBy(criterion === 'crossValidated' ? 'bic' : criterion)
  const statisticsOf = (score: Score.Score<string>, mixture: Mixture.Mixture): Statistics.Statistics =>
    Statistics.of(own, parametersOf(score, scaling, mixture))(mixture)
  // Where a column has one number only, densities are of the floor.
  const isVarying = (j: number): boolean => points.values.some((x, at) => at % dim === j && x !== points.values[j])
  if (!RA.makeBy(dim, isVarying).every(varies => varies)) return null
  const total = Points.totalWeight(own)
  const logUnits = scaling === null ? 0 : scaling.scale.reduce((sum, unit) => sum + Elementary.log(unit), 0)
  /** The mean of −log p in the units of the steps at which the criterion is `most`, were no row in doubt. */
  const lossAt = (score: Score.Score<string>, most: number): number => {
    const charge = Score.degreesOfFreedom(dim)(score) * (criterion === 'aic' ? 2 : Elementary.log(total))
    // Under a prior its own density is in what steps say.
    return prior === null ? (most - charge) / (2 * total) - logUnits : Infinity
  }
  /** What a few steps lead to, as far as there is hope to come below `most`; none where the family cannot be learned so. */
  const reached = (
    score: Score.Score<string>,
    from: Mixture.Mixture,
    most = Infinity
  ): Statistics.Statistics | null => {
    const maps = Score.problems(points)(score).length > 0 ? null : bothMaps(score)
    if (maps === null || !ExpectationMaximization.serves(maps.family)) return null
    const { family, fromMixture, toMixture } = maps
    const start = fromMixture(asLearned(from, scaling))
    const placed = family.placed?.(points)(start) ?? start
    const step = ExpectationMaximization.step(family, floor, points, prior)
    const found = toMixture(iterated(step, STEPS, started(placed), undefined, lossAt(score, most)).params)
    // A comparison excludes it.
    if (Floor.held(floor, total)(found).collapsed.length > 0) return null
    return statisticsOf(score, scaling === null ? found : Mixture.rescaled(scaling)(found))
  }
  // It may have steps left, and on few of the rows all are fitted to these.
  const further = reached(chosen.score, mixture)
  const asItStands = value(statisticsOf(chosen.score, mixture))
  const before = further === null ? asItStands : Math.min(asItStands, value(further))
  const share = Points.totalWeight(all) / Points.totalWeight(own)
  const most = MOST * Points.totalWeight(all)
  const hintsOf = (starts: ReadonlyArray<Start>, lone = 0): ReadonlyArray<Hint> =>
    starts
      .flatMap(({ score, mixture }) =>
        (lone > 0 ? (['background'] as const) : (['tails', 'background'] as const)).flatMap((beside): Hint | [] => {
          const wider = (beside === 'tails' ? Score.withTails({ nu: 'common' }) : Score.withBackground())(score)
          const statistics = reached(wider, mixture, lone > 0 ? Infinity : before - CLEAR)
          if (statistics === null) return []
          const less = before - value(statistics)
          return { beside, components: Mixture.components(mixture), less, rows: share * (statistics.beyond ?? 0), lone }
        })
      )
      .filter(({ beside, rows }) => beside === 'tails' || (rows >= Math.max(1, lone / 2) && rows < most))
  const best = (hints: ReadonlyArray<Hint>, least: number): Hint | null =>
    hints.reduce<Hint | null>((best, one) => (one.less > (best?.less ?? least) ? one : best), null)
  const isLone = (weight: number): boolean => weight * Points.totalWeight(all) < dim + LEAST
  const lone = mixture.weights.filter(isLone).length
  return (
    // A criterion finds components of a row or two cheap where covariances are common, and they are no clusters.
    (lone === 0 ? null : best(hintsOf(without(mixture, isLone, families), lone), 0)) ??
    best(hintsOf([chosen, ...without(mixture, weight => weight < SMALL, [chosen.score]), ...others]), CLEAR)
  )
}

/** Of rows of one component, such a part of one may be another's. */
const LEAST = 0.5

/** “Beside a background the ICL of 2 components is 63 lower …” */
export const sentence = (hint: Hint, criterion: string): string =>
  hint.lone === 0 ? gained(hint, criterion) : rested(hint, criterion)

/** “3 components rest on a row or two alone …” */
const rested = ({ components, less, rows, lone }: Hint, criterion: string): string =>
  `${lone === 1 ? 'A component rests' : `${lone} components rest`} on too few rows for a cluster. ` +
  `Beside a background, which takes about ${Math.round(rows)} rows, ${plural(components, 'component')} describe${components === 1 ? 's' : ''} the others, ` +
  `with an ${criterion} about ${less.toFixed(0)} lower. Compare with --robust -k ${components}.`

const gained = ({ beside, components, less, rows }: Hint, criterion: string): string =>
  (beside === 'tails'
    ? `With heavy tails the ${criterion} of ${plural(components, 'component')} is about ${less.toFixed(0)} lower.`
    : `Beside a background, which has about ${Math.round(rows)} rows, the ${criterion} of ${plural(components, 'component')} is about ${less.toFixed(0)} lower.`) +
  ' Compare with --robust.'
