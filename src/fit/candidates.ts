/**
 * The candidates of a fit: families of mixtures and numbers of components, each learned from the same data in the same
 * way, and what an information criterion says of them.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { largest } from '../../lib/arrays/linalg.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { mapped } from '../../lib/plain/iterate.js'
import * as Compile from '../compile/compile.js'
import * as Run from '../compile/run.js'
import * as Case from '../core/case.js'
import * as Problem from '../core/problem.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import * as Support from '../mixture/em/support.js'
import * as Mixture from '../mixture/mixture.js'
import { redundancies as redundanciesOf, type Redundancy } from '../mixture/overlap.js'
import * as Statistics from '../mixture/statistics.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Recipe from '../pipeline/recipe.js'
import * as Stage from '../pipeline/stage.js'
import * as Schedule from '../schedule/schedule.js'
import { bothMaps, type MStep } from '../mixture/family.js'
import type * as Params from '../core/params.js'
import * as Score from '../score/score.js'
import type * as Points from '../data/points.js'
import * as Place from '../data/place.js'
import * as Source from '../data/source/source.js'
import { nameOf, type Data } from './scaledData.js'
import * as Floor from './floor.js'
import { climb, foot, grown, serves, type Growth } from './grown.js'
import { show, type Table } from './table.js'

/** A family of mixtures: what makes its score for a number of components. `Score.isotropic` is one. */
export type Constructor = (options: { readonly components: number }) => Score.Score<string>

/** By which criterion a candidate is chosen (see `Statistics`): less is better. */
export type Criterion = 'bic' | 'icl' | 'aic' | 'crossValidated'

/** A criterion of statistics: NaN of cross-validation that was not asked. */
export const valueBy =
  (criterion: Criterion) =>
  (statistics: Statistics.Statistics): number =>
    statistics[criterion] ?? NaN

/** What a criterion is called in a sentence or a heading. */
export const titleOf = (criterion: Criterion): string =>
  criterion === 'crossValidated' ? 'cross-validated deviance' : criterion.toUpperCase()

/** Where learning a candidate led, on the data as they were scaled, and in how many steps. */
export interface Led {
  readonly params: Params.Params<string>
  readonly steps: number
  /** Whether what the seed draws had a part in it; true where that is not known. */
  readonly isDrawn?: boolean
}

export type Outcome = E.Either<Problem.Problem, Led>

/**
 * Learns a part of a fit, or hands back what it led to before: the name is the part's own among all of the same data and options, and
 * the same bits come of it whenever it is learned.
 */
export type Recall = (name: string, learn: () => Outcome) => Outcome

/** By what candidates are learned and chosen. */
export interface Terms {
  readonly criterion: Criterion
  /** Under a prior whose mean counts as so many rows (see `Stage.underPrior`); null for the likelihood. */
  readonly prior: number | null
  /** Null where nothing is remembered. */
  readonly recall: Recall | null
}

/** What takes passes over the rows: candidates as they stand after each of them, and at the end a result. */
type Passes<A> = Generator<Step, A>

/** Its result, whatever lies before it. */
const ended = <A>(passes: Passes<A>): A => {
  for (;;) {
    const { done, value } = passes.next()
    if (done) return value
  }
}

/** The same at once. */
const known = (recall: Recall | null, name: string, learn: () => Outcome): Outcome =>
  recall === null ? learn() : recall(name, learn)

/** What learning came to, in the data's own units. */
export interface Found {
  /** In the order of its means. */
  readonly mixture: Mixture.Mixture
  readonly statistics: Statistics.Statistics
  /** Components that fewer would do without. */
  readonly redundancies: ReadonlyArray<Redundancy>
  /** Below which no variance fell where it was learned, in the units that it was learned in; null where none was set. */
  readonly minimumVariance: number | null
  /** Components with rows that are as narrow as the floor of the variances lets them be in some direction, from 0. */
  readonly floored: ReadonlyArray<number>
  /** Those of them that are so in more directions than the data are: without the floor the likelihood would have no bound. */
  readonly collapsed: ReadonlyArray<number>
  /** The columns of these directions, from 0; none of components that are so in all directions. */
  readonly narrow: ReadonlyArray<number>
  /**
   * Other components that few rows hold up, each for the others (see `Unsupported`): told of rows without missing cells, where
   * covariances are those of rows, without a prior.
   */
  readonly unsupported: ReadonlyArray<Support.Unsupported>
  /** Components that were known, whole or in part, in the order in which they were given (see `Score.withFixed`). */
  readonly fixed: ReadonlyArray<number>
}

/** A mixture that a pipeline learned on the scaled data, as it is on the data themselves; sums are taken at a place. */
export const found = <P extends string>(
  data: Pick<Data, 'own' | 'scaling' | 'held'>,
  pipeline: Pipeline.Pipeline<P>,
  place = Place.here
): ((learned: Mixture.Mixture) => Found) => foundOf(judged(data, place), pipeline)

/** How a mixture is judged on data. */
interface Judged {
  readonly rows: number
  readonly dim: number
  readonly scaling: Points.Scaling | null
  /** On the data themselves. */
  readonly statistics: (parameters: number) => (mixture: Mixture.Mixture) => Statistics.Statistics
  /** Null where they miss cells. */
  readonly points: Source.Data | null
  readonly held: Data['held']
}

const judged = ({ own, scaling, held }: Pick<Data, 'own' | 'scaling' | 'held'>, place = Place.here): Judged => ({
  rows: own.rows,
  dim: own.dim,
  scaling,
  statistics: parameters => Statistics.of(own, parameters, place),
  points: Missing.has(own) ? null : own,
  held
})

const foundOf = <P extends string>(
  data: Judged,
  pipeline: Pipeline.Pipeline<P>,
  floor = Pipeline.varianceFloor(pipeline)
): ((learned: Mixture.Mixture) => Found) =>
  foundAbove(O.isSome(Pipeline.prior(pipeline)) ? { ...data, points: null } : data, pipeline.score, floor)

/** The score that another is made of; undefined where it is made of none. */
const scoreIn = (score: Score.Score<string>): Score.Score<string> | undefined =>
  Case.parts(score).slice(1).find(Score.concept.is)

/** Beside a background components are estimated as without it, from the rows that they take. */
const besideBackground = (score: Score.Score<string>): Score.Score<string> =>
  hasFamily(score, ({ hasBackground }) => hasBackground) ? (scoreIn(score) ?? score) : score

/** How a component's own covariance is estimated, and how many parameters are its own; none where it is not that of its rows. */
const ownOf = (score: Score.Score<string>, dim: number): O.Option<Support.Own> => {
  const { family } = Score.interpret(score)
  if (family?.mStep === undefined || family.mirrored || family.mStep.isGeneralized) return O.none
  const { second, isShared = false } = family.mStep
  return O.some(
    isShared || family.unitVariance
      ? { second: 'none', parameters: dim + 1 }
      : { second, parameters: (Score.degreesOfFreedom(dim)(score) + 1) / family.count(dim) }
  )
}

/** The same of a score that was learned above a floor of variances. */
const foundAbove =
  <P extends string>(
    { rows, dim, scaling, statistics, points, held: without }: Judged,
    score: Score.Score<P>,
    floor: O.Option<number>
  ) =>
  (learned: Mixture.Mixture): Found => {
    const order = Mixture.order(learned)
    const ordered = Mixture.relabelled(order)(learned)
    const mixture = scaling === null ? ordered : pipe(ordered, Mixture.rescaled(scaling))
    const redundancies = redundanciesOf(rows)(mixture)
    const empty = redundancies.flatMap(one => (one._tag === 'Empty' ? [one.component] : []))
    const held = pipe(
      floor,
      O.match(
        () => Floor.none,
        floor => Floor.held(floor, rows)(ordered)
      )
    )
    const known = [...empty, ...held.floored]
    const crossValidated = without?.get(
      nameOf({ family: Score.nameOf(score), components: Mixture.components(mixture) })
    )
    return {
      mixture,
      statistics: {
        ...pipe(mixture, statistics(parametersOf(score, scaling, mixture))),
        ...(crossValidated !== undefined && { crossValidated })
      },
      redundancies,
      minimumVariance: O.toNullable(floor),
      ...held,
      fixed: (Score.interpret(score).family?.held ?? []).map(k => order.indexOf(k)),
      unsupported: pipe(
        O.fromNullable(points),
        O.bindTo('points'),
        O.bind('own', () => ownOf(besideBackground(score), dim)),
        O.match(
          () => [],
          ({ points, own }) =>
            Support.unsupported(points, mixture, own).filter(({ component }) => !known.includes(component))
        )
      )
    }
  }

/** A family and a number of components that were learned. */
export interface Learned extends Found {
  readonly _tag: 'Learned'
  readonly family: string
  readonly components: number
  /** What learned it, on the data as they were scaled: with the same key it does so again, bit for bit. */
  readonly pipeline: Pipeline.Pipeline<string>
  /** How many steps that took last. */
  readonly steps: number
  /**
   * False if EM was not run to convergence because the candidate could not win. Its likelihood is then a lower bound; of many rows
   * an estimate from a sample of them.
   */
  readonly isSettled: boolean
  /** Whether what the seed draws had a part in it: if not, several starts are one. */
  readonly isDrawn: boolean
}

/** A family and a number of components that could not be learned, and why. */
export interface Refused {
  readonly _tag: 'Refused'
  readonly family: string
  readonly components: number
  readonly problem: Problem.Problem
}

export type Candidate = Learned | Refused

/** Beside a uniform background of no more rows than its range has ends, which are these rows: it is no candidate. */
const isThin = ({ mixture, statistics }: Learned): boolean =>
  mixture.background?.shape === 'box' && (statistics.beyond ?? 0) <= 2 * Mixture.dim(mixture)

/** Candidates whose likelihood says something: no component is empty, and none is held up by the floor alone. */
export const isSound = ({ collapsed, redundancies }: Learned): boolean =>
  collapsed.length === 0 && redundancies.every(({ _tag }) => _tag !== 'Empty')

/** The warnings about a candidate in a few words. */
const warnings = ({ floored, redundancies, unsupported, isSettled }: Learned): string => {
  const numbers = (list: ReadonlyArray<number>): string => list.map(k => k + 1).join(', ')
  return [
    ...(floored.length > 0 ? [`at the minimum variance: ${numbers(floored)}`] : []),
    ...(unsupported.length > 0
      ? [
          `component${unsupported.length > 1 ? 's' : ''} ${numbers(unsupported.map(({ component }) => component))} ${unsupported.length > 1 ? 'have' : 'has'} few rows`
        ]
      : []),
    ...redundancies.flatMap(one => (one._tag === 'Empty' ? [`empty: ${one.component + 1}`] : [])),
    ...alike(redundancies).map(group => `all but the same: ${numbers(group)}`),
    ...(isSettled ? [] : ['not converged'])
  ].join('; ')
}

/** Pairs that are all but the same, those with one in common together. */
const alike = (redundancies: ReadonlyArray<Redundancy>): ReadonlyArray<ReadonlyArray<number>> =>
  redundancies.reduce<ReadonlyArray<ReadonlyArray<number>>>((groups, one) => {
    if (one._tag === 'Empty') return groups
    const isOf = (group: ReadonlyArray<number>): boolean => one.components.some(k => group.includes(k))
    const joined = new Set([...groups.filter(isOf).flat(), ...one.components])
    return [...groups.filter(group => !isOf(group)), [...joined].sort((a, b) => a - b)]
  }, [])

type Arrays = Params.Params<string>

/** Data in memory. */
type Held = Data<Points.Points>

/** What is to be learned. */
export interface Candidacy {
  readonly score: Score.Score<string>
  readonly components: number
  /** No variance falls below it; none where variances are not learned. */
  readonly floor: O.Option<number>
}

const leastOf = ({ floor }: Candidacy): number => O.getOrElse(() => Number.MIN_VALUE)(floor)

/** A candidate that was learned, and its parameters on the data as they were scaled. */
interface Reached {
  readonly asked: Candidacy
  readonly candidate: Learned
  readonly params: Arrays
  /** Whether its moves were patient ones. */
  readonly isSearched?: boolean
}

type Standing = Reached | { readonly asked: Candidacy; readonly candidate: Refused }

/** All, with what became of one of them in its place. */
const exchanged = (all: ReadonlyArray<Standing>, one: Reached, better: Standing): ReadonlyArray<Standing> =>
  all.map(other => (other === one ? better : other))

const isReached = (one: Standing): one is Reached => one.candidate._tag === 'Learned'

/**
 * Whether there are fewer parameters than numbers, and each component may have the rows that bound its likelihood; a prior bounds it with
 * one.
 */
const isWithin = (score: Score.Score<string>, { rows, dim }: Source.Data, prior: number | null): boolean =>
  (prior !== null || Score.degreesOfFreedom(dim)(score) < rows * dim) && bounds(score, { rows, dim }, prior)

const bounds = (
  score: Score.Score<string>,
  { rows, dim }: Pick<Source.Data, 'rows' | 'dim'>,
  prior: number | null
): boolean => {
  const { family } = Score.interpret(score)
  if (family === undefined) return true
  const { leastRows, count, mStep } = family
  if (prior !== null) return count(dim) <= rows
  return count(dim) * leastRows(dim) <= rows && (!isWhole(mStep) || count(dim) + dim <= rows)
}

/** Whether a score is of a family that is so. */
const hasFamily = (score: Score.Score<string>, is: (family: Score.Family<string>) => boolean): boolean => {
  const { family } = Score.interpret(score)
  return family !== undefined && is(family)
}

/** Whether a score has whole covariances, and rows are not more than columns: about one mean they have no width in some direction. */
const isOfMoreColumns = (score: Score.Score<string>, { rows, dim }: Source.Data): boolean =>
  rows <= dim && dim > 1 && isWhole(Score.interpret(score).family?.mStep)

/** Whether all of a covariance is learned, also where components have it in common: about their centres rows span no more than rows less components. */
const isWhole = (mStep: MStep<string> | undefined): boolean =>
  mStep !== undefined && mStep.second === 'full' && mStep.isGeneralized !== true

const withoutPrior = (score: Score.Score<string>): Problem.Problem =>
  Problem.of(
    'family',
    Score.nameOf(score),
    'one that is learned under a prior',
    'choose another, or leave out the prior'
  )

const withoutValue = ({ components }: Candidacy): Problem.Problem =>
  Problem.of(
    'components',
    String(components),
    'learnable from the rows without a part of them, which cross-validation asks',
    'take fewer, or --criterion bic'
  )

/** Whether a score can be learned from such rows at all. */
const sound =
  (points: Points.Points, prior: number | null) =>
  ({ score, components }: Candidacy): E.Either<Problem.Problem, void> =>
    pipe(
      E.fromPredicate(
        (problems: ReadonlyArray<Problem.Problem>) => problems.length === 0,
        ([problem]) => problem
      )(Score.problems(points)(score)),
      E.filterOrElse(
        () => prior !== null || !isOfMoreColumns(score, points),
        () =>
          Problem.of(
            'family',
            Score.nameOf(score),
            `one that ${points.rows} row${points.rows === 1 ? '' : 's'} of ${points.dim} columns can fix`,
            'give more rows than columns, or take a family without correlations'
          )
      ),
      E.filterOrElse(
        () => isWithin(score, points, prior),
        () =>
          Problem.of(
            'components',
            components,
            [
              `few enough for ${points.rows} row${points.rows === 1 ? '' : 's'} and the family `,
              Problem.word(Score.nameOf(score))
            ],
            components === 1
              ? 'give more rows, or take a family with fewer parameters'
              : 'ask for fewer components, or for a family with fewer parameters'
          )
      ),
      E.filterOrElse(
        () => prior === null || hasFamily(score, ExpectationMaximization.servesPrior),
        () => withoutPrior(score)
      ),
      E.map(() => undefined)
    )

/** The pipeline to the mode of the posterior, where there is a prior. */
const underPrior = (
  prior: number | null
): (<P extends string>(pipeline: Pipeline.Pipeline<P>) => Pipeline.Pipeline<P>) =>
  prior === null ? pipeline => pipeline : Pipeline.underPrior(prior)

/** Where a pipeline leads on rows, pass by pass, candidates standing as they do meanwhile. */
const leading = (data: Source.Data, key: Key.Key, place: Place.Place) =>
  function* (pipeline: Pipeline.Pipeline<string>, standing: Step): Passes<Outcome> {
    const compiled = Compile.pipeline(pipeline, { place })(data)
    if (E.isLeft(compiled)) return E.left(compiled.left[0])
    let outcome = nowhere
    let steps = 0
    for (const state of Run.states(compiled.right)(key)) {
      if (state.status._tag === 'Running') yield standing
      // A state that ends a stage stands for it.
      else steps += state.step
      const { params } = state
      outcome = state.status._tag === 'Failed' ? E.left(state.status.problem) : E.right({ params, steps })
    }
    return outcome
  }

/** Where it leads. */
const led =
  (data: Source.Data, key: Key.Key) =>
  (pipeline: Pipeline.Pipeline<string>): Outcome =>
    ended(leading(data, key, Place.here)(pipeline, stand([])))

const nowhere: Outcome = E.left(Problem.of('fit', 'no step', 'taken', 'let it take one'))

/** What is learned where a pipeline leads. */
const reachedBy =
  (data: Judged, isSettled: boolean, lead: (pipeline: Pipeline.Pipeline<string>) => Outcome) =>
  (asked: Candidacy, pipeline: Pipeline.Pipeline<string>): E.Either<Problem.Problem, Reached> => {
    const { score, components } = asked
    return pipe(
      lead(pipeline),
      E.bind('mixture', ({ params }) =>
        pipe(
          Score.toMixture(score)(params),
          E.fromOption(() =>
            Problem.of('family', Score.show(score), 'one of Gaussian mixtures', 'give the family toMixture')
          )
        )
      ),
      E.map(({ params, steps, isDrawn = true, mixture }) => ({
        asked,
        params,
        candidate: {
          _tag: 'Learned' as const,
          family: Score.nameOf(score),
          components,
          pipeline,
          steps,
          isSettled,
          isDrawn,
          // Which components few rows hold up is asked of what has converged.
          ...foundOf(isSettled ? data : { ...data, points: null }, pipeline, asked.floor)(mixture)
        }
      })),
      E.filterOrElse(
        ({ candidate: { statistics } }) => data.held === undefined || statistics.crossValidated !== undefined,
        () => withoutValue(asked)
      ),
      E.filterOrElse(
        ({ candidate: { statistics } }) => Number.isFinite(statistics.logLikelihood),
        () => Problem.of('log-likelihood', 'it', 'finite', 'give the columns in units nearer to each other')
      )
    )
  }

/** A candidate as parameters are that no step is taken from. */
const asItStands =
  (data: Judged): Settling['at'] =>
  ({ asked }, params) =>
    reachedBy(data, true, () => E.right({ params, steps: 0 }))(asked, asPipeline(asked.score, params))

const refused = (asked: Candidacy, problem: Problem.Problem): Standing => ({
  asked,
  candidate: { _tag: 'Refused', family: Score.nameOf(asked.score), components: asked.components, problem }
})

/** A candidate's part of a fit, by what is done to it. */
const part = (
  what: 'learned' | 'grown' | 'settled' | 'searched' | 'polished' | 'seen',
  { score, components }: Candidacy,
  from: string | null = null
): string => `${what} ${components} ${Score.nameOf(score)}${from === null ? '' : ` from ${from}`}`

/** Learns a candidate by `Recipe.annealed` on the scaled data. */
const learn =
  (data: Held, key: Key.Key, { prior, recall }: Terms) =>
  (asked: Candidacy): Standing =>
    pipe(
      asked,
      sound(data.points, prior),
      E.map(() => underPrior(prior)(Recipe.annealed(asked.score)(data.points))),
      // A recipe may descend, which knows no prior.
      E.filterOrElse(
        pipeline => prior === null || O.isSome(Pipeline.prior(pipeline)),
        () => withoutPrior(asked.score)
      ),
      E.flatMap(pipeline =>
        reachedBy(judged(data), true, pipeline =>
          known(recall, part('learned', asked), () => led(data.points, key)(pipeline))
        )({ ...asked, floor: Pipeline.varianceFloor(pipeline) }, pipeline)
      ),
      E.getOrElse((problem): Standing => refused(asked, problem))
    )

/** A family whose numbers of components are compared. */
export interface Line {
  readonly family: Constructor
  /** Rising. */
  readonly counts: ReadonlyArray<number>
  /**
   * Where it is learned beside others, each number of components from where those before have come: the name of a family of which it is a
   * part, so that it is left out where it could not win even if it were as likely as that; null where nothing is left out.
   */
  readonly partOf?: string | null
  /** Whether it goes on to more components while the best of all has the most; false unless given. */
  readonly isOpen?: boolean
}

/** So many numbers of components are added at a time, and up to so many components. */
const MORE = 3
const MOST = 36

/** A candidate whose criterion is this much greater than the best's cannot win: its belief is a thousandth of the best's. */
const RIVAL = 14

/** From this least number of components on, growing from one component is not worth while. */
const GROWN = 16

/** The pipeline that starts at these parameters and takes no step. */
const asPipeline = (score: Score.Score<string>, params: Arrays): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(params),
    stages: []
  })

/** Expectation–maximization until it converges. */
const STILL = { steps: 500, relativeChange: 1e-8 }

/** At most so many moves. */
const MOVES = 1000

/** Moves of the candidate that is chosen are given up only where they have all but converged: it is one, and its maximum is what is told. */
const PATIENT = { attempts: 8, polish: 90, patience: 100 }

const above = ({ floor }: Candidacy): { readonly varianceFloor?: number } =>
  O.isSome(floor) ? { varianceFloor: floor.value } : {}

/** From where a candidate stands by expectation–maximization and moves, until both converge; the last moves are patient ones. */
const settling = (
  prior: number | null,
  { asked, params }: Reached,
  ...moves: ReadonlyArray<'quick' | 'patient'>
): Pipeline.Pipeline<string> => {
  const still = Stage.expectationMaximization({ ...STILL, ...above(asked), prior })
  return {
    ...asPipeline(asked.score, params),
    stages: [
      still,
      ...moves.map(how =>
        Stage.splitAndMerge({ steps: MOVES, ...(how === 'patient' && PATIENT), ...above(asked), prior })
      ),
      still
    ]
  }
}

/** How far learning has come: what is learned next, where that is a candidate, and all that are. */
interface Step {
  readonly next: Candidacy | null
  readonly all: ReadonlyArray<Standing>
  /** Of a single candidate that is found except for its last steps: the pipeline that takes them. */
  readonly rest: Pipeline.Pipeline<string> | null
}

/** How far learning has come where nothing is learned next. */
const stand = (all: ReadonlyArray<Standing>): Step => ({ next: null, all, rest: null })

/** A candidate, or a step of a family's growth between the numbers that were asked for. */
interface Job {
  readonly asked: Candidacy
  readonly isAsked: boolean
  readonly how: 'grown' | 'beside' | 'by itself'
  readonly partOf?: string | null
}

/**
 * What there is to do for a family on so many rows: it grows to no more components than rows, from where it was grown before, and more are
 * refused as they are.
 */
const jobsOf = (
  { family, counts, partOf }: Line,
  floor: number,
  rows: number,
  isGrown: (score: Score.Score<string>, components: number) => boolean
): ReadonlyArray<Job> => {
  const jobs = (counts: ReadonlyArray<number>, how: Job['how']): ReadonlyArray<Job> =>
    counts.map(components => {
      const score = family({ components })
      const learnsVariances = Score.interpret(score).family?.unitVariance === false
      return {
        asked: { score, components, floor: learnsVariances ? O.some(floor) : O.none },
        isAsked: true,
        how
      }
    })
  if (!serves(family({ components: counts[0] ?? 1 }))) return jobs(counts, 'by itself')
  if (partOf !== undefined) return jobs(counts, 'beside').map(job => ({ ...job, partOf }))
  const { left: tooMany, right: grown } = RA.partition((count: number) => count <= rows)(counts)
  const least = grown.reduce((a, b) => Math.min(a, b), Infinity)
  const most = grown.reduce((a, b) => Math.max(a, b), 0)
  const first = least > GROWN || isGrown(family({ components: least }), least - 1) ? least : 1
  return [
    ...jobs(
      RA.makeBy(Math.max(0, most - first + 1), i => first + i),
      'grown'
    ).map(job => ({ ...job, isAsked: grown.includes(job.asked.components) })),
    ...jobs(tooMany, 'by itself')
  ]
}

/** Rows to which a criterion is taken, and how likely a candidate is expected to be on them. */
interface Scale extends Pick<Whole, 'rows' | 'total'> {
  readonly expected: (learned: Learned) => number
}

/** The criterion of a candidate on those rows. */
const valuedOn =
  (criterion: Criterion, { expected, ...scale }: Scale) =>
  (learned: Learned): number =>
    valueBy(criterion)(extrapolated(learned, expected(learned), scale).statistics)

/**
 * Whether a candidate that is a part of another could not win even if it were as likely as that one: its criterion, with the other's
 * likelihood and its own parameters, would be more than `RIVAL` above the best's. It is no likelier than the other's maximum; if the other
 * has not come near that, one that is left out might have won.
 */
const isLost = (
  { score, components }: Candidacy,
  whole: string,
  all: ReadonlyArray<Standing>,
  dim: number,
  criterion: Criterion,
  scale: Scale
): boolean => {
  const valued = valuedOn(criterion, scale)
  const reached = all.filter(isReached).map(({ candidate }) => candidate)
  const other = reached.find(one => one.components === components && one.family === whole)
  if (other === undefined) return false
  const parameters = Score.degreesOfFreedom(dim)(score)
  // No row is less sure of its component than by BIC.
  const bound = valued({ ...other, statistics: { ...other.statistics, parameters, bic: 0, icl: 0 } })
  const best = reached.filter(isSound).reduce((least, one) => Math.min(least, valued(one)), Infinity)
  return bound > best + RIVAL
}

/**
 * Which families go on, and to how many components: where the best of all has the most of an open range, those whose own best has.
 */
const onward = (
  lines: ReadonlyArray<Line>,
  all: ReadonlyArray<Standing>,
  rows: number,
  criterion: Criterion,
  scale: Scale
): ReadonlyArray<Line> => {
  const valued = valuedOn(criterion, scale)
  const reached = all.filter(isReached).map(({ candidate }) => candidate)
  const best = (ones: ReadonlyArray<Learned>): number =>
    ones
      .filter(one => isSound(one) && !isThin(one))
      .reduce<{ readonly components: number; readonly value: number }>(
        (best, one) => {
          const value = valued(one)
          return value < best.value ? { components: one.components, value } : best
        },
        { components: 0, value: Infinity }
      ).components
  const open = lines.filter(({ isOpen }) => isOpen)
  const end = Math.max(0, ...open.flatMap(({ counts }) => counts))
  const counts = RA.makeBy(MORE, i => end + 1 + i).filter(count => count <= Math.min(rows, MOST))
  return criterion === 'crossValidated' || counts.length === 0 || best(reached) !== end
    ? []
    : open
        .filter(({ family }) => {
          const name = Score.nameOf(family({ components: end }))
          return best(reached.filter(one => one.family === name)) === end
        })
        .map(line => ({ ...line, counts }))
}

/** All candidates on the same rows, one after the other; each family along its numbers of components. */
function* learnedInTurn(
  data: Held,
  key: Key.Key,
  terms: Terms,
  lines: ReadonlyArray<Line>,
  scale: Scale,
  floor: number,
  earlier: ReadonlyArray<Standing>
): Passes<ReadonlyArray<Standing>> {
  const { prior, recall, criterion } = terms
  const { points } = data
  const isOne = (score: Score.Score<string>, components: number, other: Standing): boolean =>
    other.asked.components === components && Score.nameOf(other.asked.score) === Score.nameOf(score)
  const grow = grown(points, key, prior)
  /** One of a component less, where its family has come so far. */
  const fewerThan = ({ score, components }: Candidacy, before: Growth | null): Growth | null => {
    if (before !== null && Score.nameOf(before.score) === Score.nameOf(score)) return before
    const one = earlier.filter(isReached).find(one => isOne(score, components - 1, one))
    return one === undefined ? null : { score: one.asked.score, params: one.params, isDrawn: one.candidate.isDrawn }
  }
  const jobs = lines.flatMap(line =>
    jobsOf(line, floor, points.rows, (score, components) => earlier.some(one => isOne(score, components, one)))
  )
  let all = earlier
  let before: Growth | null = null
  for (const { asked, isAsked, how, partOf } of jobs) {
    yield { ...stand(all), next: isAsked ? asked : null }
    if (how === 'by itself') {
      all = [...all, learn(data, key, terms)(asked)]
      before = null
      continue
    }
    const from: Growth | null = how === 'grown' ? fewerThan(asked, before) : null
    // Under a prior the likelihood of the whole is no bound: it is not what is greatest there.
    if (typeof partOf === 'string' && prior === null && isLost(asked, partOf, all, points.dim, criterion, scale)) {
      before = null
      continue
    }
    const beside =
      partOf === undefined ? [] : all.filter(isReached).filter(one => one.asked.components === asked.components)
    const made: E.Either<Problem.Problem, Led> = pipe(
      asked,
      sound(points, prior),
      E.flatMap(() =>
        known(recall, part('grown', asked, beside.length > 0 ? 'others' : null), () =>
          pipe(
            grow(asked.score, beside.length > 0 ? beside.flatMap(mixtureOf) : from, leastOf(asked)),
            E.fromNullable(Problem.of('family', Score.nameOf(asked.score), 'learnable from these rows', 'try another'))
          )
        )
      )
    )
    before = E.isRight(made) ? { isDrawn: true, ...made.right, score: asked.score } : from
    if (!isAsked) continue
    const reached = E.flatMap((led: Led) =>
      reachedBy(judged(data), false, () => E.right(led))(asked, asPipeline(asked.score, led.params))
    )(made)
    all = [...all, E.isRight(reached) ? reached.right : refused(asked, reached.left)]
  }
  yield stand(all)
  return all
}

const mixtureOf = ({ asked, params }: Reached): ReadonlyArray<Mixture.Mixture> =>
  RA.fromOption(Score.toMixture(asked.score)(params))

/** The criterion of a sound candidate, ∞ of any other: the less the better. */
const worth =
  (criterion: Criterion) =>
  ({ candidate }: Standing): number =>
    candidate._tag === 'Learned' && isSound(candidate) && !isThin(candidate)
      ? valueBy(criterion)(candidate.statistics)
      : Infinity

/** So many candidates are shown unless all are asked for. */
export const SHOWN = 8

/** A mean log-likelihood is known to so much. */
const ROUNDING = 1e-9

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

/** A mixture as a family has it, where it is one of the family's own. */
const within = ({ score }: Candidacy, { asked, params }: Reached): Arrays | null => {
  const mixture = O.toNullable(Score.toMixture(asked.score)(params))
  const maps = bothMaps(score)
  if (mixture === null || maps === null) return null
  const own = maps.fromMixture(mixture)
  return isAlike(maps.toMixture(own), mixture) ? own : null
}

const NONE = new Float64Array(0)

/** [K, d], of components without correlations. */
const variancesOf = ({ variances, means: { shape, values } }: Mixture.Mixture): Float64Array =>
  variances.length === shape[0] ? values.map((_, at) => variances[Math.floor(at / shape[1])]) : variances

const isAlike = (one: Mixture.Mixture, other: Mixture.Mixture): boolean =>
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

/** How candidates are taken to their ends. */
interface Settling {
  readonly criterion: Criterion
  /** From where it stands; `from` names the family of another that it was put at the end of. What stands meanwhile is the step. */
  readonly settle: (one: Reached, from: string | null, standing: Step) => Passes<E.Either<Problem.Problem, Reached>>
  /** Patiently, one that may be chosen; null where that was done elsewhere. */
  readonly search: ((one: Reached) => E.Either<Problem.Problem, Reached>) | null
  /** As it stands, its parameters being others. */
  readonly at: (one: Reached, params: Arrays) => E.Either<Problem.Problem, Reached>
  /** At least so many of the best are settled. */
  readonly atLeast: number
  /** Whether those that are not settled have likelihoods that are expected rather than their own. */
  readonly isExpected: boolean
}

/** A candidate that is less likely than one whose end it could have, and the parameters of that end. */
interface Behind {
  readonly one: Reached
  readonly ahead: Reached
  readonly params: Arrays
}

const logLikelihoodOf = ({ candidate }: Reached): number => candidate.statistics.logLikelihood

/** The first candidate that is behind another that is nested in it, except for those that were looked at before; null where none is. */
const behind = (
  reached: ReadonlyArray<Reached>,
  isLookedAt: (one: Reached, ahead: Reached) => boolean
): Behind | null => {
  for (const one of reached)
    for (const ahead of reached) {
      const isAhead =
        ahead.asked.components === one.asked.components &&
        ahead.candidate.statistics.parameters < one.candidate.statistics.parameters &&
        isSound(ahead.candidate) &&
        logLikelihoodOf(ahead) > logLikelihoodOf(one) + ROUNDING &&
        !isLookedAt(one, ahead)
      const params = isAhead ? within(one.asked, ahead) : null
      if (params !== null) return { one, ahead, params }
    }
  return null
}

/**
 * Settles the best candidate that is not settled yet, again and again, until all that may be the best are, and at least so many.
 * One that is less likely than another whose end it could have goes on from there. What may be the best is within `RIVAL` of it, and
 * the more the more settling one has gained.
 */
function* settledAll(
  { criterion, settle, search, at, atLeast, isExpected }: Settling,
  start: ReadonlyArray<Standing>
): Passes<ReadonlyArray<Standing>> {
  const worthOf = worth(criterion)
  let all = start
  let gained = 0
  const looked = new Set<string>()
  for (;;) {
    if (isExpected) all = agreed(all)
    yield stand(all)
    const sorted = all.filter(isReached).sort((a, b) => (worthOf(a) === worthOf(b) ? 0 : worthOf(a) - worthOf(b)))
    const best = sorted.reduce((least, one) => Math.min(least, worthOf(one)), Infinity)
    const done = sorted.filter(({ candidate }) => candidate.isSettled).length
    const next = sorted.find(
      (one, i) =>
        !one.candidate.isSettled &&
        (worthOf(one) <= best + RIVAL + gained ||
          best === Infinity ||
          done < atLeast ||
          (!isExpected && i < SHOWN && worthOf(one) < Infinity))
    )
    if (next !== undefined) {
      const found = yield* settle(next, null, stand(all))
      // What cannot be taken further stays as it stands.
      const settled = E.isRight(found) ? found.right : { ...next, candidate: { ...next.candidate, isSettled: true } }
      const gain = worthOf(next) - worthOf(settled)
      if (!isExpected && Number.isFinite(gain)) gained = Math.max(gained, gain)
      all = exchanged(all, next, settled)
      continue
    }
    const named = (one: Reached, ahead: Reached): string =>
      `${one.asked.components} ${Score.nameOf(one.asked.score)} from ${Score.nameOf(ahead.asked.score)}`
    const compared = isExpected ? sorted.filter(({ candidate }) => candidate.isSettled) : sorted
    const found = behind(compared, (one, ahead) => looked.has(named(one, ahead)))
    if (found !== null) {
      const { one, ahead, params } = found
      looked.add(named(one, ahead))
      const led = yield* settle({ ...one, params }, Score.nameOf(ahead.asked.score), stand(all))
      const isLikelier = (other: Reached): boolean =>
        (isSound(other.candidate) || !isSound(one.candidate)) &&
        logLikelihoodOf(other) >= logLikelihoodOf(ahead) - ROUNDING
      // Where steps lead off, the end that it could have is its own.
      const better = E.isRight(led) && isLikelier(led.right) ? led : at(one, params)
      all = exchanged(all, one, E.isRight(better) ? better.right : one)
      continue
    }
    const chosen = sorted.find(one => worthOf(one) < Infinity)
    if (search === null || chosen === undefined || chosen.isSearched === true) return all
    const led = search(chosen)
    const isBetter = (other: Reached): boolean =>
      isSound(other.candidate) && logLikelihoodOf(other) > logLikelihoodOf(chosen) + ROUNDING
    const better = E.isRight(led) && isBetter(led.right) ? led.right : chosen
    all = exchanged(all, chosen, { ...better, isSearched: true })
  }
}

/** The only one of candidates that is not settled: what is left to it is a pipeline. */
const onlyOne = (all: ReadonlyArray<Standing>): Reached | null => {
  const [one] = all
  return all.length === 1 && isReached(one) && !one.candidate.isSettled ? one : null
}

/** All candidates on all rows of the data. */
function* onAll(
  data: Held,
  key: Key.Key,
  terms: Terms,
  lines: ReadonlyArray<Line>,
  scale: Scale = {
    rows: data.own.rows,
    total: Source.totalOf(data.own),
    expected: ({ statistics: { logLikelihood } }) => logLikelihood
  }
): Passes<void> {
  const { criterion, prior, recall } = terms
  const taken = (name: string, one: Reached, pipeline: Pipeline.Pipeline<string>): E.Either<Problem.Problem, Reached> =>
    pipe(
      reachedBy(judged(data), true, pipeline => known(recall, name, () => led(data.points, key)(pipeline)))(
        one.asked,
        pipeline
      ),
      E.map(led => ({ ...led, candidate: { ...led.candidate, isDrawn: one.candidate.isDrawn } }))
    )
  /** One that is alone is what is chosen. */
  const alone = (one: Reached): Pipeline.Pipeline<string> => settling(prior, one, 'quick', 'patient')
  const floor = Floor.common(
    data.points,
    Math.max(0, ...lines.flatMap(({ counts }) => counts).filter(count => count <= data.points.rows))
  )
  let all: ReadonlyArray<Standing> = []
  for (let going = lines; going.length > 0; going = onward(going, all, data.points.rows, criterion, scale)) {
    all = yield* learnedInTurn(data, key, terms, going, scale, floor, all)
    const isAlone = all.length === 1
    const only = onlyOne(all)
    if (only !== null) yield { ...stand(all), rest: alone(only) }
    all = yield* settledAll(
      {
        ...{ criterion, at: asItStands(judged(data)), atLeast: 0, isExpected: false },
        settle: function* (one, from) {
          return taken(part('settled', one.asked, from), one, isAlone ? alone(one) : settling(prior, one, 'quick'))
        },
        search: isAlone ? null : one => taken(part('searched', one.asked), one, settling(prior, one, 'patient'))
      },
      all
    )
  }
}

/**
 * Up to so many rows, all of them are used; of more, so many are drawn at random, and the best candidates are polished on all.
 */
const SAMPLE = 4000

/** At least so many of the best by a sample are compared on all rows: a sample does not tell near ones apart. */
const POLISHED = 3

/** Steps on all rows, from where a sample led: they end well below the standard error of what so many rows say, 1/√n. */
const POLISH = { steps: 50, relativeChange: 1e-4 }

/** Statistics as they would be of more rows on which the mean log-likelihood is as given. */
const extrapolated = (
  { statistics, ...rest }: Learned,
  logLikelihood: number,
  { rows, total }: Pick<Whole, 'rows' | 'total'>
): Learned => {
  const share = total / (Statistics.totalOf(statistics) || 1)
  const { parameters, bic, icl, crossValidated } = statistics
  const fitted = -2 * total * logLikelihood
  const whole = fitted + parameters * Elementary.log(total)
  return {
    ...rest,
    isSettled: false,
    // which these say nothing of
    unsupported: [],
    statistics: {
      rows,
      logLikelihood,
      parameters,
      bic: whole,
      aic: fitted + 2 * parameters,
      icl: whole + share * (icl - bic),
      sizes: statistics.sizes.map(size => share * size),
      ...(crossValidated !== undefined && { crossValidated }),
      ...(statistics.beyond !== undefined && { beyond: share * statistics.beyond })
    }
  }
}

/** All rows, in memory or not, as what learns from a sample of them asks. */
interface Whole extends Judged {
  /** Σ wᵢ */
  readonly total: number
  /** The rows at these places, and all of them. */
  readonly sample: (places: ArrayLike<number>) => Held
  readonly all: () => Held
  /** Where a pipeline leads on all rows. */
  readonly polish: (key: Key.Key) => ReturnType<typeof leading>
}

const wholeOf = (data: Data, place: Place.Place): Whole => {
  const { own, points, scaling } = data
  const { rows } = own
  const sample: Whole['sample'] = places => ({
    ...data,
    own: Source.chosen(places)(own),
    points: Source.chosen(places)(points)
  })
  return {
    ...judged(data, place),
    total: Source.totalOf(own),
    sample,
    all: () =>
      Source.isHeld(own) && Source.isHeld(points) ? { ...data, own, points } : sample(RA.makeBy(rows, i => i)),
    polish: key => leading(points, key, scaling === null ? place : Place.scaled(scaling, place))
  }
}

/**
 * Candidates as they are expected to do on all rows: `expected`, corrected by `shift`, which one that was taken to all rows has
 * shown.
 */
const expectedOn =
  (whole: Pick<Whole, 'rows' | 'total'>, expected: (learned: Learned) => number) =>
  (shift: number) =>
  (one: Standing): Standing =>
    isReached(one) ? { ...one, candidate: extrapolated(one.candidate, expected(one.candidate) + shift, whole) } : one

/** A candidate with another likelihood. */
const withLogLikelihood = (one: Reached, logLikelihood: number): Reached => {
  const { statistics } = one.candidate
  const total = Statistics.totalOf(statistics)
  const more = -2 * total * (logLikelihood - statistics.logLikelihood)
  const bic = statistics.bic + more
  const aic = statistics.aic + more
  const icl = statistics.icl + more
  return { ...one, candidate: { ...one.candidate, statistics: { ...statistics, logLikelihood, bic, aic, icl } } }
}

/** Candidates of which none is expected to be less likely than one that is nested in it. */
const agreed = (all: ReadonlyArray<Standing>): ReadonlyArray<Standing> => {
  let agreed = all
  for (let left = all.length; left > 0; left--) {
    const reached = agreed.filter(isReached).sort((a, b) => logLikelihoodOf(b) - logLikelihoodOf(a))
    const found = behind(reached, (one, ahead) => one.candidate.isSettled && ahead.candidate.isSettled)
    if (found === null) break
    const { one, ahead } = found
    agreed = one.candidate.isSettled
      ? exchanged(agreed, ahead, withLogLikelihood(ahead, logLikelihoodOf(one)))
      : exchanged(agreed, one, withLogLikelihood(one, logLikelihoodOf(ahead)))
  }
  return agreed
}

/** What is learned on a part of the rows, or on rows completed, and then judged on all. */
interface Part extends Pick<Settling, 'settle' | 'atLeast'> {
  readonly steps: Passes<void>
  /** How likely a candidate is expected to be on all rows. */
  readonly expected: (learned: Learned) => number
  /** Those that can be judged on all; others are refused. */
  readonly serves: (one: Standing) => Standing
  /** What is left to a single candidate; null where that is no pipeline. */
  readonly rest: ((one: Reached) => Pipeline.Pipeline<string>) | null
}

/**
 * Candidates learned on a part, and the best of them, at least so many, taken to all rows. What is left between what is expected
 * of one there and what comes of it is common to the candidates: the first that is taken to all rows shows it.
 */
function* judgedOnAll(
  whole: Pick<Whole, 'rows' | 'total'>,
  judged: Judged,
  criterion: Criterion,
  { steps, expected, settle, atLeast, serves, rest }: Part
): Passes<void> {
  const expectedOf = expectedOn(whole, expected)
  let few: ReadonlyArray<Standing> = []
  for (const { next, all } of steps) {
    few = all
    yield { next, all: all.map(expectedOf(0)), rest: null }
  }
  few = few.map(serves)
  const before = stand(few.map(expectedOf(0)))
  const only = onlyOne(before.all)
  if (only !== null && rest !== null) yield { ...before, rest: rest(only) }
  const worthOf = worth(criterion)
  const first = few.reduce((best, one) => (worthOf(one) < worthOf(best) ? one : best), few[0])
  if (!isReached(first)) {
    yield before
    return
  }
  const reference = yield* settle(first, null, before)
  const shift = E.isRight(reference) ? logLikelihoodOf(reference.right) - expected(first.candidate) : 0
  const corrected = expectedOf(shift)
  yield* settledAll(
    { criterion, settle, search: null, at: asItStands(judged), atLeast, isExpected: true },
    few.map(one => (one === first && E.isRight(reference) ? reference.right : corrected(one)))
  )
}

/**
 * Candidates learned from a sample of the rows, and the best of them from all rows. On its sample of n rows a candidate of p
 * parameters has a mean log-likelihood about p/n above that on all rows.
 */
const bySample = (whole: Whole, key: Key.Key, terms: Terms, lines: ReadonlyArray<Line>): Passes<void> => {
  const { criterion, prior, recall } = terms
  const keys = pipe(key, Key.named('sample', 'fit'))
  const sample = pipe(keys.sample, Key.subset(whole.rows, SAMPLE), whole.sample)
  const polisher = whole.polish(keys.fit)
  const rest = ({ asked, params }: Reached): Pipeline.Pipeline<string> => ({
    ...asPipeline(asked.score, params),
    stages: [Stage.expectationMaximization({ ...POLISH, ...above(asked), prior })]
  })
  const expected = ({ statistics: { logLikelihood, parameters } }: Learned): number =>
    logLikelihood - parameters / SAMPLE
  return judgedOnAll(whole, whole, criterion, {
    steps: onAll(sample, keys.fit, terms, lines, { rows: whole.rows, total: whole.total, expected }),
    expected,
    serves: one => one,
    rest,
    atLeast: POLISHED,
    settle: function* (one, from, standing) {
      const pipeline = rest(one)
      const passes = polisher(pipeline, standing)
      const led = recall === null ? yield* passes : recall(part('polished', one.asked, from), () => ended(passes))
      return reachedBy(whole, true, () => led)(one.asked, pipeline)
    }
  })
}

/** Steps on rows with missing cells, and the gain a row below which they end. */
const SEEN = { steps: 500, least: 1e-9 }

/** So many of the best by rows completed, at least, are looked at: what was drawn tells less of them than a sample does. */
const LOOKED_AT = 6

const unseen = ({ score }: Candidacy): Problem.Problem =>
  Problem.of(
    'family',
    Score.nameOf(score),
    'one that is learned from missing cells',
    'choose another, or leave out the rows that miss some'
  )

/**
 * Candidates of rows with missing cells: learned from the rows that miss nothing, where these are half of all, else from rows whose
 * missing cells are drawn from the single Gaussian that is likeliest; and the best of them from what the rows have, by
 * expectation–maximization over the conditional moments of what they have not.
 */
function* byCompletion(data: Data, whole: Whole, key: Key.Key, terms: Terms, lines: ReadonlyArray<Line>): Passes<void> {
  const { criterion, prior, recall } = terms
  const keys = pipe(key, Key.named('cells', 'fit'))
  const { learnedFrom, close } = completedBy(data, keys.cells)
  const serves = ({ score }: Candidacy): boolean => hasFamily(score, ExpectationMaximization.servesMissing)
  try {
    yield* judgedOnAll(whole, whole, criterion, {
      steps: stepsOf(learnedFrom, keys.fit, terms, lines),
      expected: ({ statistics: { logLikelihood } }) => logLikelihood,
      serves: one => (serves(one.asked) ? one : refused(one.asked, unseen(one.asked))),
      rest: null,
      atLeast: LOOKED_AT,
      settle: function* ({ asked, params }, from) {
        const { family } = Score.interpret(asked.score)
        if (family === undefined) return E.left(unseen(asked))
        const seen = known(recall, part('seen', asked, from), () => {
          const step = ExpectationMaximization.step(family, leastOf(asked), data.points, prior)
          return E.right(climb(step, SEEN.steps, foot(params), SEEN.least))
        })
        return pipe(
          seen,
          E.flatMap(({ params, steps }) =>
            reachedBy(whole, true, () => E.right({ params, steps }))(asked, asPipeline(asked.score, params))
          )
        )
      }
    })
  } finally {
    close()
  }
}

/** Rows without missing cells that stand for data with some, and what learns from them, until they are closed. */
const completedBy = (
  { points, scaling, held }: Data,
  cells: Key.Key
): { readonly learnedFrom: Whole; readonly close: () => void } => {
  const isEnough = 2 * Missing.countWhole(points) >= points.rows
  const { points: completed, close } = isEnough
    ? Source.filtered(Missing.isWhole)(points)
    : Source.written(pipe(points, Missing.drawn(cells)))
  const own = scaling === null ? completed : Source.unscaled(scaling)(completed)
  return {
    learnedFrom: wholeOf({ own, points: completed, scaling, close, ...(held !== undefined && { held }) }, Place.here),
    close
  }
}

/** How far learning has come. */
export interface Progress {
  /** The candidate that is learned next; null where those that are learned are taken further. */
  readonly next: { readonly family: string; readonly components: number } | null
  readonly candidates: ReadonlyArray<Candidate>
  readonly rest: Pipeline.Pipeline<string> | null
}

/**
 * All candidates, those that may be the best by the criterion learned to the end: a family is first grown along its numbers of
 * components; then the best is settled, time and again, until no rival of it is left that is not. Of more than 4000 rows that is
 * done on a sample, and what may be the best is polished on all of them, by sums that are taken at a place: the rows of a source lead to
 * the same bits as those rows in memory. Each element is what stands then; the last is the end.
 */
export const learning =
  (data: Data, key: Key.Key, terms: Terms, place = Place.here) =>
  (lines: ReadonlyArray<Line>): Iterable<Progress> => {
    const whole = wholeOf(data, place)
    const steps = Missing.has(data.own)
      ? byCompletion(data, whole, key, terms, lines)
      : stepsOf(whole, key, terms, lines)
    return mapped(steps, ({ next, all, rest }) => ({
      next: next && { family: Score.nameOf(next.score), components: next.components },
      candidates: all.map(({ candidate }) => candidate),
      rest
    }))
  }

const stepsOf = (whole: Whole, key: Key.Key, terms: Terms, lines: ReadonlyArray<Line>): Passes<void> =>
  whole.rows > SAMPLE ? bySample(whole, key, terms, lines) : onAll(whole.all(), key, terms, lines)

/** A candidate and how much of the belief is its own. */
export interface Ranked extends Learned {
  /** e^{−Δ/2} over its sum, Δ the difference of the criterion from the best: by BIC about the probability of the model (Kass & Raftery 1995). */
  readonly belief: number
}

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
    const every = candidates.filter((candidate): candidate is Learned => candidate._tag === 'Learned')
    const firm = every.filter(candidate => !isThin(candidate))
    const all = firm.length > 0 ? firm : every
    const learned = all.filter((candidate, i) => !all.slice(0, i).some(isSame(candidate)))
    const worth = ({ statistics }: Learned): number => valueBy(criterion)(statistics)
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

/**
 * Whether the first of ranked candidates has the most components that were compared, or the least and not one: beyond them there may be
 * better ones. Null of a single number, and where more were refused.
 */
export const atEnd = (
  candidates: ReadonlyArray<Pick<Ranked, 'components'>>,
  refused: ReadonlyArray<Pick<Refused, 'components'>>
): 'most' | 'least' | null => {
  const [{ components }] = candidates
  const counts = [...candidates, ...refused].map(one => one.components)
  const least = Math.min(...counts)
  const most = Math.max(...counts)
  return least === most ? null : components === most ? 'most' : components === least && least > 1 ? 'least' : null
}

/** What that is told by. */
export const endSentence = {
  most: 'It has the most components that were compared: more may be better.',
  least: 'It has the fewest components that were compared: fewer may be better.'
}

/**
 * Of ranked candidates, the one that has least of the criterion and less than the first, and was excluded; null where there is none, or
 * the first is no sounder.
 */
export const setAside = (criterion: Criterion, candidates: ReadonlyArray<Ranked>): Ranked | null => {
  const [best] = candidates
  const least = candidates
    .filter(one => !isSound(one))
    .reduce(
      (least, one) => (valueBy(criterion)(one.statistics) < valueBy(criterion)(least.statistics) ? one : least),
      best
    )
  return least === best || !isSound(best) ? null : least
}

/** Candidates in their order, a family by the word that is given for it. What is to be said against one stands last, where anything is. */
export const table = (
  criterion: Criterion,
  candidates: ReadonlyArray<Ranked>,
  named: (family: string) => string = family => family
): Table => {
  const isAnyDoubted = candidates.some(candidate => warnings(candidate) !== '')
  return {
    header: [
      ...['family', 'components', titleOf(criterion), 'posterior', 'log-likelihood per row', 'parameters'],
      ...(isAnyDoubted ? ['warnings'] : [])
    ],
    rows: candidates.map(candidate => {
      const { family, components, belief, statistics } = candidate
      return [
        named(family),
        String(components),
        show(valueBy(criterion)(statistics)),
        belief.toFixed(3),
        show(statistics.logLikelihood),
        String(statistics.parameters),
        ...(isAnyDoubted ? [warnings(candidate)] : [])
      ]
    })
  }
}
