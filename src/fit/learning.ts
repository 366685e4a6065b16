/** Candidates learned: each family along its numbers of components, and what may be the best taken to its end. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { mapped } from '../../lib/plain/iterate.js'
import * as Problem from '../core/problem.js'
import * as Place from '../data/place.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Missing from '../mixture/em/missing.js'
import type * as Mixture from '../mixture/mixture.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Recipe from '../pipeline/recipe.js'
import * as Stage from '../pipeline/stage.js'
import * as Score from '../score/score.js'
import {
  isSound,
  isThin,
  valueBy,
  type Candidate,
  type Constructor,
  type Criterion,
  type Learned
} from './candidates.js'
import * as Floor from './floor.js'
import { hasFamily, judged, problemOf, withoutPrior, type Judged } from './found.js'
import { grown, iterated, serves, started, type Grown, type Growth } from './grown.js'
import type { Data } from './scaledData.js'
import {
  above,
  asItStands,
  asPipeline,
  ended,
  extrapolated,
  fittedBy,
  isFitted,
  leading,
  logLikelihoodOf,
  onlyOne,
  refused,
  RIVAL,
  settledAll,
  settling,
  waiting,
  worth,
  type Attempt,
  type Fitted,
  type Outcome,
  type Passes,
  type Request,
  type Settling
} from './settling.js'

/** By what candidates are learned and chosen. */
export interface Terms {
  readonly criterion: Criterion
  /** Under a prior whose mean counts as so many rows (see `Stage.underPrior`); null for the likelihood. */
  readonly prior: number | null
}

/** Data in memory. */
type Held = Data<Points.Points>

/** Where a pipeline leads on rows in memory. */
const outcomeOf = (data: Held, key: Key.Key, pipeline: Pipeline.Pipeline<string>): Outcome =>
  ended(leading(data.points, key, Place.here)(pipeline, waiting([])))

/** Learns a candidate by `Recipe.annealed` on the scaled data. */
const learn = (data: Held, key: Key.Key, prior: number | null, request: Request): Attempt => {
  const problem = problemOf(request, data.points, prior)
  if (problem !== null) return refused(request, problem)
  const annealed = Recipe.annealed(request.score)(data.points)
  const pipeline = prior === null ? annealed : Pipeline.underPrior(prior)(annealed)
  // A recipe may descend, which knows no prior.
  if (prior !== null && O.isNone(Pipeline.prior(pipeline))) return refused(request, withoutPrior(request.score))
  const floor = O.toUndefined(Pipeline.varianceFloor(pipeline))
  const own = { score: request.score, components: request.components, ...(floor !== undefined && { floor }) }
  const fitted = fittedBy(judged(data), true, own, pipeline, outcomeOf(data, key, pipeline))
  return E.isRight(fitted) ? fitted.right : refused(request, fitted.left)
}

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

/** From this least number of components on, growing from one component is not worth while. */
const GROWN = 16

/** A candidate, or a step of a family's growth between the numbers that were asked for. */
interface Job {
  readonly request: Request
  readonly isRequested: boolean
  readonly how: 'grown' | 'from others' | 'alone'
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
        request: { score, components, ...(learnsVariances && { floor }) },
        isRequested: true,
        how
      }
    })
  if (!serves(family({ components: counts[0] ?? 1 }))) return jobs(counts, 'alone')
  if (partOf !== undefined) return jobs(counts, 'from others').map(job => ({ ...job, partOf }))
  const { left: tooMany, right: grown } = RA.partition((count: number) => count <= rows)(counts)
  const least = grown.reduce((a, b) => Math.min(a, b), Infinity)
  const most = grown.reduce((a, b) => Math.max(a, b), 0)
  const first = least > GROWN || isGrown(family({ components: least }), least - 1) ? least : 1
  return [
    ...jobs(
      RA.makeBy(Math.max(0, most - first + 1), i => first + i),
      'grown'
    ).map(job => ({ ...job, isRequested: grown.includes(job.request.components) })),
    ...jobs(tooMany, 'alone')
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
  { score, components }: Request,
  whole: string,
  all: ReadonlyArray<Attempt>,
  dim: number,
  criterion: Criterion,
  scale: Scale
): boolean => {
  const valued = valuedOn(criterion, scale)
  const fitted = all.filter(isFitted).map(({ candidate }) => candidate)
  const other = fitted.find(one => one.components === components && one.family === whole)
  if (other === undefined) return false
  const parameters = Score.degreesOfFreedom(dim)(score)
  // No row is less sure of its component than by BIC.
  const bound = valued({ ...other, statistics: { ...other.statistics, parameters, bic: 0, icl: 0 } })
  const best = fitted.filter(isSound).reduce((least, one) => Math.min(least, valued(one)), Infinity)
  return bound > best + RIVAL
}

/**
 * Which families go on, and to how many components: where the best of all has the most of an open range, those whose own best has.
 */
const onward = (
  lines: ReadonlyArray<Line>,
  all: ReadonlyArray<Attempt>,
  rows: number,
  criterion: Criterion,
  scale: Scale
): ReadonlyArray<Line> => {
  const valued = valuedOn(criterion, scale)
  const fitted = all.filter(isFitted).map(({ candidate }) => candidate)
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
  return criterion === 'crossValidated' || counts.length === 0 || best(fitted) !== end
    ? []
    : open
        .filter(({ family }) => {
          const name = Score.nameOf(family({ components: end }))
          return best(fitted.filter(one => one.family === name)) === end
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
  leastVariance: number,
  earlier: ReadonlyArray<Attempt>
): Passes<ReadonlyArray<Attempt>> {
  const { prior, criterion } = terms
  const { points } = data
  const isOne = (score: Score.Score<string>, components: number, other: Attempt): boolean =>
    other.request.components === components && Score.nameOf(other.request.score) === Score.nameOf(score)
  const grow = grown(points, key, prior)
  /** One of a component less, where its family has come so far. */
  const fewerThan = ({ score, components }: Request, before: Growth | null): Growth | null => {
    if (before !== null && Score.nameOf(before.score) === Score.nameOf(score)) return before
    const one = earlier.filter(isFitted).find(one => isOne(score, components - 1, one))
    return one === undefined ? null : { score: one.request.score, params: one.params, isDrawn: one.candidate.isDrawn }
  }
  const jobs = lines.flatMap(line =>
    jobsOf(line, leastVariance, points.rows, (score, components) => earlier.some(one => isOne(score, components, one)))
  )
  let all = earlier
  let before: Growth | null = null
  for (const { request, isRequested, how, partOf } of jobs) {
    yield { ...waiting(all), next: isRequested ? request : null }
    if (how === 'alone') {
      all = [...all, learn(data, key, prior, request)]
      before = null
      continue
    }
    const from: Growth | null = how === 'grown' ? fewerThan(request, before) : null
    // Under a prior the likelihood of the whole is no bound: it is not what is greatest there.
    if (typeof partOf === 'string' && prior === null && isLost(request, partOf, all, points.dim, criterion, scale)) {
      before = null
      continue
    }
    const others =
      partOf === undefined ? [] : all.filter(isFitted).filter(one => one.request.components === request.components)
    const problem = problemOf(request, points, prior)
    const floor = request.floor ?? Number.MIN_VALUE
    const result: Grown | null =
      problem === null ? grow(request.score, others.length > 0 ? others.flatMap(mixtureOf) : from, floor) : null
    before = result === null ? from : { ...result, score: request.score }
    if (!isRequested) continue
    const unlearnable = (): Problem.Problem =>
      problem ?? Problem.of('family', Score.nameOf(request.score), 'learnable from these rows', 'try another')
    const fitted =
      result === null
        ? E.left(unlearnable())
        : fittedBy(judged(data), false, request, asPipeline(request.score, result.params), E.right(result))
    all = [...all, E.isRight(fitted) ? fitted.right : refused(request, fitted.left)]
  }
  yield waiting(all)
  return all
}

const mixtureOf = ({ request, params }: Fitted): ReadonlyArray<Mixture.Mixture> =>
  RA.fromOption(Score.toMixture(request.score)(params))

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
  const { criterion, prior } = terms
  const taken = (one: Fitted, pipeline: Pipeline.Pipeline<string>): E.Either<Problem.Problem, Fitted> =>
    pipe(
      fittedBy(judged(data), true, one.request, pipeline, outcomeOf(data, key, pipeline)),
      E.map(found => ({ ...found, candidate: { ...found.candidate, isDrawn: one.candidate.isDrawn } }))
    )
  /** One that is alone is what is chosen. */
  const alone = (one: Fitted): Pipeline.Pipeline<string> => settling(prior, one, 'quick', 'patient')
  const floor = Floor.common(
    data.points,
    Math.max(0, ...lines.flatMap(({ counts }) => counts).filter(count => count <= data.points.rows))
  )
  let all: ReadonlyArray<Attempt> = []
  for (let going = lines; going.length > 0; going = onward(going, all, data.points.rows, criterion, scale)) {
    all = yield* learnedInTurn(data, key, terms, going, scale, floor, all)
    const isAlone = all.length === 1
    const only = onlyOne(all)
    if (only !== null) yield { ...waiting(all), rest: alone(only) }
    all = yield* settledAll(
      {
        criterion,
        at: asItStands(judged(data)),
        atLeast: 0,
        isExpected: false,
        settle: function* (one) {
          return taken(one, isAlone ? alone(one) : settling(prior, one, 'quick'))
        },
        search: isAlone ? null : one => taken(one, settling(prior, one, 'patient'))
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
    own: Source.select(places)(own),
    points: Source.select(places)(points)
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

/** What is learned on a part of the rows, or on rows completed, and then judged on all. */
interface Part extends Pick<Settling, 'settle' | 'atLeast'> {
  readonly steps: Passes<void>
  /** How likely a candidate is expected to be on all rows. */
  readonly expected: (learned: Learned) => number
  /** Those that can be judged on all; others are refused. */
  readonly serves: (one: Attempt) => Attempt
  /** What is left to a single candidate; null where that is no pipeline. */
  readonly rest: ((one: Fitted) => Pipeline.Pipeline<string>) | null
}

/**
 * Candidates learned on a part, and the best of them, at least so many, taken to all rows. What is left between what is expected
 * of one there and what comes of it is common to the candidates: the first that is taken to all rows shows it.
 */
function* judgedOnAll(
  whole: Whole,
  criterion: Criterion,
  { steps, expected, settle, atLeast, serves, rest }: Part
): Passes<void> {
  /** As a candidate is expected to do on all rows, corrected by a shift, which one that was taken to all rows has shown. */
  const expectedOf =
    (shift: number) =>
    (one: Attempt): Attempt =>
      isFitted(one) ? { ...one, candidate: extrapolated(one.candidate, expected(one.candidate) + shift, whole) } : one
  let few: ReadonlyArray<Attempt> = []
  for (const { next, all } of steps) {
    few = all
    yield { next, all: all.map(expectedOf(0)), rest: null }
  }
  few = few.map(serves)
  const before = waiting(few.map(expectedOf(0)))
  const only = onlyOne(before.all)
  if (only !== null && rest !== null) yield { ...before, rest: rest(only) }
  const worthOf = worth(criterion)
  const first = few.reduce((best, one) => (worthOf(one) < worthOf(best) ? one : best), few[0])
  if (!isFitted(first)) {
    yield before
    return
  }
  const reference = yield* settle(first, before)
  const shift = E.isRight(reference) ? logLikelihoodOf(reference.right) - expected(first.candidate) : 0
  const corrected = expectedOf(shift)
  yield* settledAll(
    { criterion, settle, search: null, at: asItStands(whole), atLeast, isExpected: true },
    few.map(one => (one === first && E.isRight(reference) ? reference.right : corrected(one)))
  )
}

/**
 * Candidates learned from a sample of the rows, and the best of them from all rows. On its sample of n rows a candidate of p
 * parameters has a mean log-likelihood about p/n above that on all rows.
 */
const bySample = (whole: Whole, key: Key.Key, terms: Terms, lines: ReadonlyArray<Line>): Passes<void> => {
  const { criterion, prior } = terms
  const keys = pipe(key, Key.named('sample', 'fit'))
  const sample = pipe(keys.sample, Key.subset(whole.rows, SAMPLE), whole.sample)
  const polisher = whole.polish(keys.fit)
  const rest = ({ request, params }: Fitted): Pipeline.Pipeline<string> => ({
    ...asPipeline(request.score, params),
    stages: [Stage.expectationMaximization({ ...POLISH, ...above(request), prior })]
  })
  const expected = ({ statistics: { logLikelihood, parameters } }: Learned): number =>
    logLikelihood - parameters / SAMPLE
  return judgedOnAll(whole, criterion, {
    steps: onAll(sample, keys.fit, terms, lines, { rows: whole.rows, total: whole.total, expected }),
    expected,
    serves: one => one,
    rest,
    atLeast: POLISHED,
    settle: function* (one, progress) {
      const pipeline = rest(one)
      return fittedBy(whole, true, one.request, pipeline, yield* polisher(pipeline, progress))
    }
  })
}

/** Steps on rows with missing cells, and the gain a row below which they end. */
const SEEN = { steps: 500, least: 1e-9 }

/** So many of the best by rows completed, at least, are looked at: what was drawn tells less of them than a sample does. */
const LOOKED_AT = 6

const unseen = ({ score }: Request): Problem.Problem =>
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
  const { criterion, prior } = terms
  const keys = pipe(key, Key.named('cells', 'fit'))
  const { learnedFrom, close } = completedBy(data, keys.cells)
  const serves = ({ score }: Request): boolean => hasFamily(score, ExpectationMaximization.servesMissing)
  try {
    yield* judgedOnAll(whole, criterion, {
      steps: stepsOf(learnedFrom, keys.fit, terms, lines),
      expected: ({ statistics: { logLikelihood } }) => logLikelihood,
      serves: one => (serves(one.request) ? one : refused(one.request, unseen(one.request))),
      rest: null,
      atLeast: LOOKED_AT,
      settle: function* ({ request, params }) {
        const { family } = Score.interpret(request.score)
        if (family === undefined) return E.left(unseen(request))
        const step = ExpectationMaximization.step(family, request.floor ?? Number.MIN_VALUE, data.points, prior)
        const { params: found, steps } = iterated(step, SEEN.steps, started(params), SEEN.least)
        const pipeline = asPipeline(request.score, found)
        return fittedBy(whole, true, request, pipeline, E.right({ params: found, steps }))
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
