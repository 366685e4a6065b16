/**
 * The candidates of a fit: families of mixtures and numbers of components, each learned from the same data in the same
 * way, and what an information criterion says of them.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/elementary.js'
import { type Key } from '../../lib/index.js'
import * as Compile from '../compile/Compile.js'
import * as Run from '../compile/Run.js'
import * as Problem from '../core/Problem.js'
import * as Mixture from '../mixture/Mixture.js'
import * as Statistics from '../mixture/Statistics.js'
import * as Pipeline from '../pipeline/Pipeline.js'
import * as Recipe from '../pipeline/Recipe.js'
import * as Score from '../score/Score.js'
import type { Points } from '../data/index.js'
import type { Data } from './Data.js'

/** A family of mixtures: what makes its score for a number of components. `Score.isotropic` is one. */
export type Family = (options: { readonly components: number }) => Score.Score<string>

/** By which criterion a candidate is chosen (see `Statistics`): less is better. */
export type Criterion = 'bic' | 'icl' | 'aic'

/** What learning came to, in the data's own units. */
export interface Found {
  /** In the order of its means. */
  readonly mixture: Mixture.Mixture
  readonly statistics: Statistics.Statistics
  /** Components that fewer would do without. */
  readonly redundancies: ReadonlyArray<Mixture.Redundancy>
  /**
   * Components with rows that are as narrow as the floor of the variances lets them be, from 0: without it the likelihood
   * would have no bound.
   */
  readonly floored: ReadonlyArray<number>
}

/** What a pipeline's mixture, learned on the scaled data, is on the data themselves. */
export const found =
  <P extends string>({ own, points, scaling }: Data, pipeline: Pipeline.Pipeline<P>) =>
  (learned: Mixture.Mixture): Found => {
    const standing = Mixture.permuted(Mixture.order(learned))(learned)
    const mixture = scaling === null ? standing : pipe(standing, Mixture.inUnits(scaling))
    const redundancies = Mixture.redundancies(points.rows)(mixture)
    const empty = redundancies.flatMap(one => (one._tag === 'Empty' ? [one.component] : []))
    return {
      mixture,
      statistics: pipe(mixture, Statistics.of(own, Score.degreesOfFreedom(points.dim)(pipeline.score))),
      redundancies,
      floored: pipe(
        Pipeline.varianceFloor(pipeline),
        O.match(
          () => [],
          floor => Mixture.floored(floor)(standing).filter(k => !empty.includes(k))
        )
      )
    }
  }

/** A family and a number of components that were learned. */
export interface Learned extends Found {
  readonly _tag: 'Learned'
  readonly family: string
  readonly components: number
  /** What learned it, on the data as they were scaled: with the same key it does so again, to the bit. */
  readonly pipeline: Pipeline.Pipeline<string>
}

/** A family and a number of components that could not be learned, and why. */
export interface Refused {
  readonly _tag: 'Refused'
  readonly family: string
  readonly components: number
  readonly problem: Problem.Problem
}

export type Candidate = Learned | Refused

/** Candidates whose likelihood says something: no component is empty, and none is held up by the floor alone. */
export const isSound = ({ floored, redundancies }: Learned): boolean =>
  floored.length === 0 && redundancies.every(({ _tag }) => _tag !== 'Empty')

/** What is to be said against a candidate, in a few words. */
export const doubts = ({ floored, redundancies }: Learned): string => {
  const numbers = (list: ReadonlyArray<number>): string => list.map(k => k + 1).join(', ')
  return [
    ...(floored.length > 0 ? [`as narrow as may be: ${numbers(floored)}`] : []),
    ...redundancies.map(one =>
      one._tag === 'Empty' ? `empty: ${one.component + 1}` : `all but the same: ${numbers(one.components)}`
    )
  ].join('; ')
}

/** What is to be learned. */
export interface Asked {
  readonly score: Score.Score<string>
  readonly components: number
}

/** Whether each component may have the rows that bound its likelihood, and there are fewer parameters than numbers. */
const isWithin = (score: Score.Score<string>, { rows, dim }: Points): boolean =>
  Score.degreesOfFreedom(dim)(score) < rows * dim &&
  pipe(
    Score.interpret(score).family,
    O.match(
      () => true,
      ({ leastRows, count }) => count(dim) * leastRows(dim) <= rows
    )
  )

/** Learns a candidate by `Recipe.annealed` on the scaled data. */
export const learn =
  (data: Data, key: Key.Key) =>
  ({ score, components }: Asked): Candidate => {
    const { points } = data
    return pipe(
      E.fromPredicate(
        (problems: ReadonlyArray<Problem.Problem>) => problems.length === 0,
        ([problem]) => problem
      )(Score.problems(points)(score)),
      E.filterOrElse(
        () => isWithin(score, points),
        () =>
          Problem.of(
            'components',
            components,
            `few enough for ${points.rows} rows of a ${score._tag} family`,
            'ask for fewer components, or for a family with fewer parameters'
          )
      ),
      E.flatMap(() => {
        const pipeline: Pipeline.Pipeline<string> = Recipe.annealed(score)(points)
        return pipe(
          Compile.pipeline(pipeline)(points),
          E.mapLeft(([problem]) => problem),
          E.flatMap(program =>
            pipe(
              Run.result(Run.last(program)(key)),
              E.mapLeft(({ problem }) => problem)
            )
          ),
          E.flatMap(({ params }) =>
            pipe(
              Score.mixture(score)(params),
              E.fromOption(() =>
                Problem.of('family', Score.show(score), 'one of Gaussian mixtures', 'give the family toMixture')
              )
            )
          ),
          E.map((mixture): Candidate => ({
            _tag: 'Learned',
            family: score._tag,
            components,
            pipeline,
            ...found(data, pipeline)(mixture)
          }))
        )
      }),
      E.filterOrElse(
        candidate => candidate._tag === 'Refused' || Number.isFinite(candidate.statistics.logLikelihood),
        () => Problem.of('log-likelihood', 'it', 'finite', 'give the columns in units nearer to each other')
      ),
      E.getOrElse((problem): Candidate => ({ _tag: 'Refused', family: score._tag, components, problem }))
    )
  }

/** A candidate and how much of the belief is its own. */
export interface Ranked extends Learned {
  /** e^{−Δ/2} over its sum, Δ the criterion less the best: by BIC about the probability of the model (Kass & Raftery 1995). */
  readonly belief: number
}

/** Rounding of a mean over rows. */
const ROUNDING = 1e-9

/** Families that are one with so few components or columns: a single round component is one of a common variance. */
const isSame =
  (a: Learned) =>
  (b: Learned): boolean =>
    a.components === b.components &&
    a.statistics.parameters === b.statistics.parameters &&
    Math.abs(a.statistics.logLikelihood - b.statistics.logLikelihood) <= ROUNDING

/**
 * Those that were learned, the best first: sound ones before others, then by the criterion, then by fewer parameters. What
 * is not sound is believed only where nothing is.
 */
export const ranked =
  (criterion: Criterion) =>
  (candidates: ReadonlyArray<Candidate>): ReadonlyArray<Ranked> => {
    const all = candidates.filter((candidate): candidate is Learned => candidate._tag === 'Learned')
    const learned = all.filter((candidate, i) => !all.slice(0, i).some(isSame(candidate)))
    const worth = ({ statistics }: Learned): number => statistics[criterion]
    const isAnySound = learned.some(isSound)
    const counts = (candidate: Learned): boolean => !isAnySound || isSound(candidate)
    const best = learned.filter(counts).reduce((least, candidate) => Math.min(least, worth(candidate)), Infinity)
    const weight = (candidate: Learned): number =>
      counts(candidate) ? Elementary.exp((best - worth(candidate)) / 2) : 0
    const total = learned.reduce((sum, candidate) => sum + weight(candidate), 0)
    return learned
      .map(candidate => ({ ...candidate, belief: weight(candidate) / total }))
      .sort(
        (a, b) =>
          Number(counts(b)) - Number(counts(a)) ||
          worth(a) - worth(b) ||
          a.statistics.parameters - b.statistics.parameters
      )
  }
