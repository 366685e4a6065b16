/** What a mixture that was learned is on the data themselves, and what speaks against it. */
import * as O from 'fp-ts/lib/Option.js'
import { largest } from '../../lib/arrays/linalg.js'
import * as Case from '../core/case.js'
import * as Place from '../data/place.js'
import type * as Points from '../data/points.js'
import type * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import * as Support from '../mixture/em/support.js'
import { bothMaps, type MStep } from '../mixture/family.js'
import * as Mixture from '../mixture/mixture.js'
import { redundancies as redundanciesOf, type Redundancy } from '../mixture/overlap.js'
import * as Statistics from '../mixture/statistics.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import * as Floor from './floor.js'
import { nameOf, type Data } from './scaledData.js'
import * as Problem from '../core/problem.js'
import { plural } from '../data/parts.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'

/** What speaks against a mixture that was learned: its components that say little of the rows, from 0. */
export interface Diagnosis extends Floor.Held {
  /** Components that fewer would do without. */
  readonly redundancies: ReadonlyArray<Redundancy>
  /**
   * Other components that few rows support, each for the others (see `Unsupported`): told of rows without missing cells, where
   * covariances are those of rows, without a prior.
   */
  readonly unsupported: ReadonlyArray<Support.Unsupported>
}

/** What learning came to, in the data's own units. */
export interface Found extends Diagnosis {
  /** In the order of its means. */
  readonly mixture: Mixture.Mixture
  readonly statistics: Statistics.Statistics
  /** Below which no variance fell where it was learned, in the units that it was learned in; null where none was set. */
  readonly minimumVariance: number | null
  /** Components that were known, whole or in part, in the order in which they were given (see `Score.withFixed`). */
  readonly fixed: ReadonlyArray<number>
}

/** How a mixture is judged on data. */
export interface Judged {
  readonly rows: number
  readonly dim: number
  readonly scaling: Points.Scaling | null
  /** On the data themselves. */
  readonly statistics: (parameters: number) => (mixture: Mixture.Mixture) => Statistics.Statistics
  /** Null where they miss cells. */
  readonly points: Source.Data | null
  readonly held: Data['held']
}

/** The data as candidates are judged on them: in their own units, all of them. */
export const judged = ({ own, scaling, held }: Pick<Data, 'own' | 'scaling' | 'held'>, place = Place.here): Judged => ({
  rows: own.rows,
  dim: own.dim,
  scaling,
  statistics: parameters => Statistics.of(own, parameters, place),
  points: Missing.has(own) ? null : own,
  held
})

/** A mixture that a pipeline learned on the scaled data, as it is on the data themselves; sums are taken at a place. */
export const found = <P extends string>(
  data: Pick<Data, 'own' | 'scaling' | 'held'>,
  pipeline: Pipeline.Pipeline<P>,
  place = Place.here
): ((learned: Mixture.Mixture) => Found) =>
  foundOf(judged(data, place), pipeline, O.toUndefined(Pipeline.varianceFloor(pipeline)))

/** The score that another is made of; undefined where it is made of none. */
const scoreIn = (score: Score.Score<string>): Score.Score<string> | undefined =>
  Case.parts(score).slice(1).find(Score.concept.is)

/** Beside a background components are estimated as without it, from the rows that they take. */
const besideBackground = (score: Score.Score<string>): Score.Score<string> =>
  hasFamily(score, ({ hasBackground }) => hasBackground) ? (scoreIn(score) ?? score) : score

/** How a component's own covariance is estimated, and how many parameters are its own; null where it is not that of its rows. */
const ownOf = (score: Score.Score<string>, dim: number): Support.Own | null => {
  const { family } = Score.interpret(score)
  if (family?.mStep === undefined || family.mirrored || family.mStep.isGeneralized) return null
  const { second, isShared = false } = family.mStep
  return isShared || family.unitVariance
    ? { second: 'none', parameters: dim + 1 }
    : { second, parameters: (Score.degreesOfFreedom(dim)(score) + 1) / family.count(dim) }
}

/** What speaks against a mixture that was learned above a floor; `scaled` is as it was learned, `mixture` as it is on the data. */
const diagnosisOf = (
  { rows, dim }: Judged,
  points: Source.Data | null,
  score: Score.Score<string>,
  floor: number | undefined,
  scaled: Mixture.Mixture,
  mixture: Mixture.Mixture
): Diagnosis => {
  const redundancies = redundanciesOf(rows)(mixture)
  const held = floor === undefined ? Floor.none : Floor.held(floor, rows)(scaled)
  const known = [...redundancies.flatMap(one => (one._tag === 'Empty' ? [one.component] : [])), ...held.floored]
  const own = points === null ? null : ownOf(besideBackground(score), dim)
  return {
    ...held,
    redundancies,
    unsupported:
      points === null || own === null
        ? []
        : Support.unsupported(points, mixture, own).filter(({ component }) => !known.includes(component))
  }
}

/** The same of one that was learned above a floor of variances, or of none. */
export const foundOf =
  <P extends string>(data: Judged, pipeline: Pipeline.Pipeline<P>, floor: number | undefined) =>
  (learned: Mixture.Mixture): Found => {
    const { scaling, statistics, held } = data
    const { score } = pipeline
    const order = Mixture.order(learned)
    const scaled = Mixture.relabelled(order)(learned)
    const mixture = scaling === null ? scaled : Mixture.rescaled(scaling)(scaled)
    const crossValidated = held?.get(nameOf({ family: Score.nameOf(score), components: Mixture.components(mixture) }))
    const points = O.isSome(Pipeline.prior(pipeline)) ? null : data.points
    return {
      mixture,
      statistics: {
        ...statistics(parametersOf(score, scaling, mixture))(mixture),
        ...(crossValidated !== undefined && { crossValidated })
      },
      ...diagnosisOf(data, points, score, floor, scaled, mixture),
      minimumVariance: floor ?? null,
      fixed: (Score.interpret(score).family?.held ?? []).map(k => order.indexOf(k))
    }
  }

/** Whether a score is of a family that is so. */
export const hasFamily = (score: Score.Score<string>, is: (family: Score.Family<string>) => boolean): boolean => {
  const { family } = Score.interpret(score)
  return family !== undefined && is(family)
}

/** A mean log-likelihood is known to so much. */
export const ROUNDING = 1e-9

/**
 * Parameters that a criterion counts of a mixture in the data's units: those of its score, and, where columns were standardized and the
 * family is not one that has the mixture in other units, the scales of the columns too. Of these one is that of its variances. The ends of
 * a uniform background are numbers of the rows, two a column, of which its score counts one, the volume, as mclust does: so that it is no
 * cheap description of a few rows far away.
 */
export const parametersOf = (
  score: Score.Score<string>,
  scaling: Points.Scaling | null,
  mixture: Mixture.Mixture
): number => {
  const dim = Mixture.dim(mixture)
  const own = Score.degreesOfFreedom(dim)(score) + (mixture.background?.shape === 'box' ? 2 * dim - 1 : 0)
  // What is known of components is in the units of the steps.
  const isFixed = hasFamily(score, ({ held }) => held.length > 0)
  const maps = bothMaps((isFixed ? scoreIn(score) : undefined) ?? score)
  if (scaling === null || maps === null || maps.family.scaled !== undefined) return own
  const { family, fromMixture, toMixture } = maps
  return isAlike(toMixture(fromMixture(mixture)), mixture) ? own : own + dim - (family.unitVariance ? 0 : 1)
}

const NONE = new Float64Array(0)

/** [K, d], of components without correlations. */
const variancesOf = ({ variances, means: { shape, values } }: Mixture.Mixture): Float64Array =>
  variances.length === shape[0] ? values.map((_, at) => variances[Math.floor(at / shape[1])]) : variances

/** Whether two mixtures are the same except for rounding. */
export const isAlike = (one: Mixture.Mixture, other: Mixture.Mixture): boolean =>
  Mixture.components(one) === Mixture.components(other) &&
  (one.tails === undefined) === (other.tails === undefined) &&
  one.background?.shape === other.background?.shape &&
  [
    [one.tails ?? NONE, other.tails ?? NONE],
    ...(['centre', 'scale'] as const).map(
      name => [one.background?.[name] ?? NONE, other.background?.[name] ?? NONE] as const
    ),
    [one, other].map(({ background }) => Float64Array.of(background?.share ?? 0)),
    [one.weights, other.weights],
    [one.means.values, other.means.values],
    one.factors === null && other.factors === null
      ? [variancesOf(one), variancesOf(other)]
      : [Mixture.covariances(one).values, Mixture.covariances(other).values]
  ].every(([a, b]) => {
    const size = largest(b)
    return a.every((x, at) => Math.abs(x - b[at]) <= ROUNDING * size)
  })

// —— whether a score can be learned from rows at all ——

type Table = Pick<Points.Points, 'rows' | 'dim'>

/** Whether all of a covariance is learned, also where components have it in common: about their centres rows span no more than rows less components. */
const isWhole = (mStep: MStep<string> | undefined): boolean =>
  mStep !== undefined && mStep.second === 'full' && mStep.isGeneralized !== true

/** Whether a score has whole covariances, and rows are not more than columns: about one mean they have no width in some direction. */
const isOfMoreColumns = (score: Score.Score<string>, { rows, dim }: Table): boolean =>
  rows <= dim && dim > 1 && hasFamily(score, ({ mStep }) => isWhole(mStep))

/**
 * Whether there are fewer parameters than numbers, and each component may have the rows that bound its likelihood; a prior bounds it with
 * one.
 */
const isWithin = (score: Score.Score<string>, { rows, dim }: Table, prior: number | null): boolean => {
  if (prior === null && Score.degreesOfFreedom(dim)(score) >= rows * dim) return false
  const { family } = Score.interpret(score)
  if (family === undefined) return true
  const { leastRows, count, mStep } = family
  if (prior !== null) return count(dim) <= rows
  return count(dim) * leastRows(dim) <= rows && (!isWhole(mStep) || count(dim) + dim <= rows)
}

/** The problem of a score that is not learned under a prior. */
export const withoutPrior = (score: Score.Score<string>): Problem.Problem =>
  Problem.of(
    'family',
    Score.nameOf(score),
    'one that is learned under a prior',
    'choose another, or leave out the prior'
  )

/** The first problem of learning a score of so many components from rows, under a prior or not; null where there is none. */
export const problemOf = (
  { score, components }: { readonly score: Score.Score<string>; readonly components: number },
  points: Points.Points,
  prior: number | null
): Problem.Problem | null => {
  const problems = Score.problems(points)(score)
  if (problems.length > 0) return problems[0]
  const { rows, dim } = points
  if (prior === null && isOfMoreColumns(score, points))
    return Problem.of(
      'family',
      Score.nameOf(score),
      `one that ${plural(rows, 'row')} of ${dim} columns can fix`,
      'give more rows than columns, or take a family without correlations'
    )
  if (!isWithin(score, points, prior))
    return Problem.of(
      'components',
      components,
      [`few enough for ${plural(rows, 'row')} and the family `, Problem.word(Score.nameOf(score))],
      components === 1
        ? 'give more rows, or take a family with fewer parameters'
        : 'ask for fewer components, or for a family with fewer parameters'
    )
  return prior === null || hasFamily(score, ExpectationMaximization.servesPrior) ? null : withoutPrior(score)
}
