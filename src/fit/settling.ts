/**
 * Candidates taken to their ends: the best that has not converged is learned on, again and again, until none that may be the best is left.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Key } from '../../lib/index.js'
import * as Compile from '../compile/compile.js'
import * as Run from '../compile/run.js'
import type * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import type * as Place from '../data/place.js'
import type * as Source from '../data/source/source.js'
import { bothMaps } from '../mixture/family.js'
import * as Statistics from '../mixture/statistics.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Stage from '../pipeline/stage.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import { isSound, isThin, SHOWN, valueBy, type Criterion, type Learned, type Refused } from './candidates.js'
import { foundOf, isAlike, ROUNDING, type Judged } from './found.js'

/** Where learning a candidate led, on the data as they were scaled, and in how many steps. */
interface Result {
  readonly params: Params.Params<string>
  readonly steps: number
  /** Whether what the seed draws had a part in it; true where that is not known. */
  readonly isDrawn?: boolean
}

export type Outcome = E.Either<Problem.Problem, Result>

/** What takes passes over the rows: candidates as they stand after each of them, and at the end a result. */
export type Passes<A> = Generator<Step, A>

/** Their result, whatever lies before it. */
export const ended = <A>(passes: Passes<A>): A => {
  for (;;) {
    const { done, value } = passes.next()
    if (done) return value
  }
}

type Arrays = Params.Params<string>

/** What is to be learned. */
export interface Request {
  readonly score: Score.Score<string>
  readonly components: number
  /** No variance falls below it; absent where variances are not learned. */
  readonly floor?: number
}

/** A candidate that was learned, and its parameters on the data as they were scaled. */
export interface Fitted {
  readonly request: Request
  readonly candidate: Learned
  readonly params: Arrays
  /** Whether its moves were patient ones. */
  readonly isSearched?: boolean
}

export type Attempt = Fitted | { readonly request: Request; readonly candidate: Refused }

/** Whether an attempt ended with a fitted candidate, and not with a problem. */
export const isFitted = (one: Attempt): one is Fitted => one.candidate._tag === 'Learned'

/** All, with what became of one of them in its place. */
const exchanged = (all: ReadonlyArray<Attempt>, one: Fitted, better: Attempt): ReadonlyArray<Attempt> =>
  all.map(other => (other === one ? better : other))

/** An attempt that could not be made, with its problem. */
export const refused = (request: Request, problem: Problem.Problem): Attempt => ({
  request,
  candidate: { _tag: 'Refused', family: Score.nameOf(request.score), components: request.components, problem }
})

/** How far learning has come: what is learned next, where that is a candidate, and all that are. */
export interface Step {
  readonly next: Request | null
  readonly all: ReadonlyArray<Attempt>
  /** Of a single candidate that is found except for its last steps: the pipeline that takes them. */
  readonly rest: Pipeline.Pipeline<string> | null
}

/** How far learning has come where nothing is learned next. */
export const waiting = (all: ReadonlyArray<Attempt>): Step => ({ next: null, all, rest: null })

/** Where a pipeline leads on rows, pass by pass, the candidates standing as they do meanwhile. */
export const leading = (data: Source.Data, key: Key.Key, place: Place.Place) =>
  function* (pipeline: Pipeline.Pipeline<string>, progress: Step): Passes<Outcome> {
    const compiled = Compile.pipeline(pipeline, { place })(data)
    if (E.isLeft(compiled)) return E.left(compiled.left[0])
    let outcome = nowhere
    let steps = 0
    for (const state of Run.states(compiled.right)(key)) {
      if (state.status._tag === 'Running') yield progress
      // A state that ends a stage stands for it.
      else steps += state.step
      const { params } = state
      outcome = state.status._tag === 'Failed' ? E.left(state.status.problem) : E.right({ params, steps })
    }
    return outcome
  }

const nowhere: Outcome = E.left(Problem.of('fit', 'no step', 'taken', 'let it take one'))

/** What was learned where a pipeline led. */
export const fittedBy = (
  data: Judged,
  isSettled: boolean,
  request: Request,
  pipeline: Pipeline.Pipeline<string>,
  outcome: Outcome
): E.Either<Problem.Problem, Fitted> => {
  if (E.isLeft(outcome)) return outcome
  const { params, steps, isDrawn = true } = outcome.right
  const { score, components } = request
  const mixture = Score.toMixture(score)(params)
  if (O.isNone(mixture))
    return E.left(Problem.of('family', Score.show(score), 'one of Gaussian mixtures', 'give the family toMixture'))
  // Which components few rows support is asked of what has converged.
  const found = foundOf(isSettled ? data : { ...data, points: null }, pipeline, request.floor)(mixture.value)
  if (data.held !== undefined && found.statistics.crossValidated === undefined)
    return E.left(
      Problem.of(
        'components',
        String(components),
        'learnable from the rows without a part of them, which cross-validation asks',
        'take fewer, or --criterion bic'
      )
    )
  if (!Number.isFinite(found.statistics.logLikelihood))
    return E.left(Problem.of('log-likelihood', 'it', 'finite', 'give the columns in units nearer to each other'))
  const family = Score.nameOf(score)
  return E.right({
    request,
    params,
    candidate: { _tag: 'Learned', family, components, pipeline, steps, isSettled, isDrawn, ...found }
  })
}

/** A candidate as parameters are that no step is taken from. */
export const asItStands =
  (data: Judged): Settling['at'] =>
  ({ request }, params) =>
    fittedBy(data, true, request, asPipeline(request.score, params), E.right({ params, steps: 0 }))

/** The pipeline that starts at these parameters and takes no step. */
export const asPipeline = (score: Score.Score<string>, params: Arrays): Pipeline.Pipeline<string> =>
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

/** The option of a stage that keeps variances above the floor of a request, where it has one. */
export const above = ({ floor }: Request): { readonly varianceFloor?: number } =>
  floor === undefined ? {} : { varianceFloor: floor }

/** From where a candidate stands by expectation–maximization and moves, until both converge; the last moves are patient ones. */
export const settling = (
  prior: number | null,
  { request, params }: Fitted,
  ...moves: ReadonlyArray<'quick' | 'patient'>
): Pipeline.Pipeline<string> => {
  const still = Stage.expectationMaximization({ ...STILL, ...above(request), prior })
  return {
    ...asPipeline(request.score, params),
    stages: [
      still,
      ...moves.map(how =>
        Stage.splitAndMerge({ steps: MOVES, ...(how === 'patient' && PATIENT), ...above(request), prior })
      ),
      still
    ]
  }
}

/** A candidate whose criterion is this much greater than the best's cannot win: its belief is a thousandth of the best's. */
export const RIVAL = 14

/** The criterion of a sound candidate, ∞ of any other: the less the better. */
export const worth =
  (criterion: Criterion) =>
  ({ candidate }: Attempt): number =>
    candidate._tag === 'Learned' && isSound(candidate) && !isThin(candidate)
      ? valueBy(criterion)(candidate.statistics)
      : Infinity

/** The log-likelihood of a fitted candidate, of all rows in their own units. */
export const logLikelihoodOf = ({ candidate }: Fitted): number => candidate.statistics.logLikelihood

/** A mixture as a family has it, where it is one of the family's own. */
const within = ({ score }: Request, { request, params }: Fitted): Arrays | null => {
  const mixture = O.toNullable(Score.toMixture(request.score)(params))
  const maps = bothMaps(score)
  if (mixture === null || maps === null) return null
  const own = maps.fromMixture(mixture)
  return isAlike(maps.toMixture(own), mixture) ? own : null
}

/** How candidates are taken to their ends. */
export interface Settling {
  readonly criterion: Criterion
  /** From where it stands; `progress` is what stands meanwhile. */
  readonly settle: (one: Fitted, progress: Step) => Passes<E.Either<Problem.Problem, Fitted>>
  /** Patiently, one that may be chosen; null where that was done elsewhere. */
  readonly search: ((one: Fitted) => E.Either<Problem.Problem, Fitted>) | null
  /** As it stands, its parameters being others. */
  readonly at: (one: Fitted, params: Arrays) => E.Either<Problem.Problem, Fitted>
  /** At least so many of the best are settled. */
  readonly atLeast: number
  /** Whether those that are not settled have likelihoods that are expected rather than their own. */
  readonly isExpected: boolean
}

/** A candidate that is less likely than one whose end it could have, and the parameters of that end. */
interface Behind {
  readonly one: Fitted
  readonly ahead: Fitted
  readonly params: Arrays
}

/** The first candidate that is behind another that is nested in it, except for those that were looked at before; null where none is. */
const behind = (fitted: ReadonlyArray<Fitted>, isLookedAt: (one: Fitted, ahead: Fitted) => boolean): Behind | null => {
  for (const one of fitted)
    for (const ahead of fitted) {
      const isAhead =
        ahead.request.components === one.request.components &&
        ahead.candidate.statistics.parameters < one.candidate.statistics.parameters &&
        isSound(ahead.candidate) &&
        logLikelihoodOf(ahead) > logLikelihoodOf(one) + ROUNDING &&
        !isLookedAt(one, ahead)
      const params = isAhead ? within(one.request, ahead) : null
      if (params !== null) return { one, ahead, params }
    }
  return null
}

/** A candidate that is not settled, as it would be on so many rows of which the mean log-likelihood is as given. */
export const extrapolated = (
  learned: Learned,
  logLikelihood: number,
  { rows, total }: { readonly rows: number; readonly total: number }
): Learned => {
  const { parameters, bic, icl, sizes, beyond, crossValidated } = learned.statistics
  const share = total / (Statistics.totalOf(learned.statistics) || 1)
  return {
    ...learned,
    isSettled: false,
    // which these say nothing of
    unsupported: [],
    statistics: {
      ...Statistics.from({
        rows,
        total,
        logLikelihood,
        parameters,
        doubt: (share * (icl - bic)) / 2,
        sizes: sizes.map(size => share * size),
        ...(beyond !== undefined && { beyond: share * beyond })
      }),
      ...(crossValidated !== undefined && { crossValidated })
    }
  }
}

/** The same rows with another likelihood. */
const withLogLikelihood = (one: Fitted, logLikelihood: number): Fitted => {
  const { statistics } = one.candidate
  const all = { rows: statistics.rows, total: Statistics.totalOf(statistics) }
  return { ...one, candidate: extrapolated(one.candidate, logLikelihood, all) }
}

/** Candidates of which none is expected to be less likely than one that is nested in it. */
const agreed = (all: ReadonlyArray<Attempt>): ReadonlyArray<Attempt> => {
  let agreed = all
  for (let left = all.length; left > 0; left--) {
    const fitted = agreed.filter(isFitted).sort((a, b) => logLikelihoodOf(b) - logLikelihoodOf(a))
    const found = behind(fitted, (one, ahead) => one.candidate.isSettled && ahead.candidate.isSettled)
    if (found === null) break
    const { one, ahead } = found
    agreed = one.candidate.isSettled
      ? exchanged(agreed, ahead, withLogLikelihood(ahead, logLikelihoodOf(one)))
      : exchanged(agreed, one, withLogLikelihood(one, logLikelihoodOf(ahead)))
  }
  return agreed
}

/**
 * Settles the best candidate that is not settled yet, again and again, until all that may be the best are, and at least so many.
 * One that is less likely than another whose end it could have goes on from there. What may be the best is within `RIVAL` of it, and
 * the more the more settling one has gained.
 */
export function* settledAll(
  { criterion, settle, search, at, atLeast, isExpected }: Settling,
  start: ReadonlyArray<Attempt>
): Passes<ReadonlyArray<Attempt>> {
  const worthOf = worth(criterion)
  let all = start
  let gained = 0
  const looked = new Set<string>()
  for (;;) {
    if (isExpected) all = agreed(all)
    yield waiting(all)
    const sorted = all.filter(isFitted).sort((a, b) => (worthOf(a) === worthOf(b) ? 0 : worthOf(a) - worthOf(b)))
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
      const result = yield* settle(next, waiting(all))
      // What cannot be taken further stays as it stands.
      const settled = E.isRight(result) ? result.right : { ...next, candidate: { ...next.candidate, isSettled: true } }
      const gain = worthOf(next) - worthOf(settled)
      if (!isExpected && Number.isFinite(gain)) gained = Math.max(gained, gain)
      all = exchanged(all, next, settled)
      continue
    }
    const named = (one: Fitted, ahead: Fitted): string =>
      `${one.request.components} ${Score.nameOf(one.request.score)} from ${Score.nameOf(ahead.request.score)}`
    const compared = isExpected ? sorted.filter(({ candidate }) => candidate.isSettled) : sorted
    const found = behind(compared, (one, ahead) => looked.has(named(one, ahead)))
    if (found !== null) {
      const { one, ahead, params } = found
      looked.add(named(one, ahead))
      const settled = yield* settle({ ...one, params }, waiting(all))
      const isLikelier = (other: Fitted): boolean =>
        (isSound(other.candidate) || !isSound(one.candidate)) &&
        logLikelihoodOf(other) >= logLikelihoodOf(ahead) - ROUNDING
      // Where steps lead off, the end that it could have is its own.
      const better = E.isRight(settled) && isLikelier(settled.right) ? settled : at(one, params)
      all = exchanged(all, one, E.isRight(better) ? better.right : one)
      continue
    }
    const chosen = sorted.find(one => worthOf(one) < Infinity)
    if (search === null || chosen === undefined || chosen.isSearched === true) return all
    const searched = search(chosen)
    const isBetter = (other: Fitted): boolean =>
      isSound(other.candidate) && logLikelihoodOf(other) > logLikelihoodOf(chosen) + ROUNDING
    const better = E.isRight(searched) && isBetter(searched.right) ? searched.right : chosen
    all = exchanged(all, chosen, { ...better, isSearched: true })
  }
}

/** The only one of candidates that is not settled: what is left to it is a pipeline. */
export const onlyOne = (all: ReadonlyArray<Attempt>): Fitted | null => {
  const [one] = all
  return all.length === 1 && isFitted(one) && !one.candidate.isSettled ? one : null
}
