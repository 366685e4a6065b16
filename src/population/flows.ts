/** Where gradient flow and maps lead, along branches of stationary points, and from the starts of a plane. */
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { norm } from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as Problem from '../core/problem.js'
import type { NdArray } from '../../lib/index.js'
import * as Params from '../core/params.js'
import * as EM from '../mixture/em/expectationMaximization.js'
import * as Objective from '../objective/objective.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Continuation from './continuation.js'
import * as Courses from './courses.js'

import { type Loss, holding } from './losses.js'
import {
  VANISHED,
  type End,
  type StationaryPoint,
  type SearchOptions,
  isPlane,
  reported,
  searchFrom,
  smoothOf,
  packedLoss,
  stationaryTable,
  widestDeviation
} from './stationaryPoints.js'

/** A moment of a gradient flow, or of a map that is repeated: then time counts its steps, and the norm is the length of the next. */
export interface Moment<P extends string> {
  readonly time: number
  readonly params: Params.Params<P>
  readonly value: number
  readonly gradientNorm: number
  /** The reason if a course ends here since what follows needs more rows than are allowed; the value is NaN if this moment does. */
  readonly problem?: Problem.Problem
}

/** A step from parameters, with the value of what it lowers there. */
export type Step<P extends string> = (params: Params.Params<P>) => {
  readonly value: number
  readonly params: Params.Params<P>
  /** The reason if the value is NaN since the parameters need more rows than are allowed. */
  readonly problem?: Problem.Problem
}

export interface FlowOptions<P extends string = string> {
  readonly until?: Partial<Courses.Until>
  /** The error of a step that is accepted, as a share of its length; 1e-4 unless given. */
  readonly tolerance?: number
  /** A map that is repeated in place of the gradient's flow, such as `expectationMaximization(loss)`. */
  readonly map?: Step<P>
  /** Parameters that keep their value, beside those that are known to the loss. Not with a map: give the loss these, and take its map. */
  readonly known?: ReadonlyArray<P>
}

/** No component's variance falls below this by expectation–maximization, as in its stage. */
const EM_VARIANCE_FLOOR = 1e-6

/**
 * The map of expectation–maximization on the population of a loss, at its noise level: θ⁺ = argmax E Σ_k p(k | x_t; θ) log p_t(x_t, k; θ⁺),
 * an integral. Its value is −E log p_t(x_t; θ), which it never raises (Dempster, Laird & Rubin 1977). For `Objective.likelihood` t = 0.
 * Parameters that need more rows than are allowed stay, with the value NaN and the `problem` beside it.
 *
 * Weights that are known to the loss (`known: ['logits']`) stay.
 *
 * @throws RangeError where the family has no M-step, the loss several noise levels, or other parameters than weights are known
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score } from 'ornstein'
 *
 * const truth = Mixture.of({ means: [[-2], [2]] })
 * const loss = Population.loss({ score: Score.spherical({ components: 2 }), objective: Objective.likelihood, data: truth })
 * const { params } = Population.expectationMaximization(loss)(Params.of({ means: [[-2], [2]] }))
 * assert.ok(Math.abs(params.means.values[0] + 2) < 1e-12) // the truth stays
 */
export const expectationMaximization = <P extends string>({
  score,
  objective,
  schedule,
  data,
  known
}: Loss<P>): Step<P> => {
  const fixed = known.filter(name => name !== 'logits')
  // An M-step maximizes in all parameters at once; weights alone have no part in the maximum of the others.
  if (fixed.length > 0)
    return refuse(
      `Population.expectationMaximization: known ${fixed.join(', ')}, whose values an M-step has no use for; know the logits alone, or take the gradient's flow`
    )
  const times = Objective.terms(objective).flatMap(({ term }) =>
    Objective.isMatching(term)
      ? NoiseLevels.quadrature(schedule, NoiseLevels.DEFAULT_NODES)(term.noiseLevels).map(({ time }) => time)
      : []
  )
  if (times.length > 1)
    return refuse(
      `Population.expectationMaximization: ${Objective.show(objective)} has ${times.length} noise levels; take NoiseLevels.at(t), or Objective.likelihood`
    )
  const { family } = Score.interpret(score)
  if (family === undefined || !EM.supportsPrior(family))
    return refuse(`Population.expectationMaximization: ${Score.show(score)} has no M-step; take the gradient's flow`)
  const step = EM.integratedStep(
    family,
    EM_VARIANCE_FLOOR,
    data,
    times.length === 0 ? null : Schedule.level(times[0])(schedule)
  )
  if (known.length === 0) return step
  const kept: ReadonlyArray<string> = known
  return params => {
    const taken = step(params)
    const held = Params.map<NdArray, NdArray>((value, name) =>
      // The names of `taken.params` are those of `params`.
      kept.includes(name) ? params[name as P] : value
    )
    return { ...taken, params: held(taken.params) }
  }
}

/**
 * Gradient flow, θ′ = −∇L, from parameters: its moments, by exponential steps of order 3 whose size follows from their error (Hochbruck,
 * Ostermann & Schweitzer 2009). It ends where the gradient is small, at a time, or after so many steps; and, with the `problem` at its last
 * moment, where what follows needs more rows than are allowed. With a `map`, that is repeated instead.
 *
 * @throws RangeError, with the number, if the start needs more rows than are allowed
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.fisherDivergence(Mixture.of({ means: [[-4], [4]] }), NoiseLevels.at(0.1))
 * })
 * const start = Params.of({ means: [[-3], [3.5]] })
 * const course = Population.flow(loss, { until: { gradientNorm: 1e-6 } })(start)
 * assert.ok(course.every(({ value }, i) => i === 0 || value <= course[i - 1].value))
 * assert.ok(Math.abs(course[course.length - 1].params.means.values[0] + 4) < 1e-5)
 * const byEM = Population.flow(loss, { map: Population.expectationMaximization(loss) })(start)
 * assert.ok(byEM[byEM.length - 1].value < byEM[0].value)
 */
export const flow =
  <P extends string>(loss: Loss<P>, options: FlowOptions<P> = {}) =>
  (start: Params.Params<P>): ReadonlyArray<Moment<P>> =>
    pipe(followedFlow(heldFor(loss, options, 'Population.flow'), options, () => false)(start), course =>
      course.length > 1 ? course : [Problem.valueOrThrow(course[0], 'Population.flow')]
    )

/** The loss with the known parameters of a flow held. */
const heldFor = <P extends string>(loss: Loss<P>, { map, known = [] }: FlowOptions<P>, call: string): Loss<P> => {
  refuseKnownBesideMap(map, known, call)
  return holding(loss, known, call)
}

/** Refuses known parameters beside a map, which may move them. */
const refuseKnownBesideMap = <P extends string>(
  map: FlowOptions<P>['map'],
  known: SearchOptions<P>['known'] & object,
  call: string
): void => {
  const names = Array.isArray(known) ? known : Object.keys(known)
  if (map === undefined || names.length === 0) return
  refuse(
    `${call}: known ${names.join(', ')} beside a map, which may move them; give a map that keeps them, such as that of Population.loss({ …, known: ['logits'] })`
  )
}

/** The same, as long as it has not left. */
const followedFlow = <P extends string>(
  loss: Loss<P>,
  { until = {}, tolerance = 1e-4, map }: FlowOptions<P>,
  left: (x: Float64Array) => boolean
): ((start: Params.Params<P>) => ReadonlyArray<Moment<P>>) => {
  const { unpacked, ...smooth } = smoothOf(loss)
  const whole = { gradientNorm: 1e-8, time: Infinity, steps: 10_000, ...until }
  const courseFrom = (start: Float64Array): ReadonlyArray<Courses.FlowMoment> =>
    map === undefined
      ? Courses.gradientFlow(smooth, start, tolerance, whole, left)
      : Courses.iterateMap(
          x => {
            const { value, params, problem } = map(unpacked(x))
            return { value, x: Params.packed(params), ...(problem !== undefined && { problem }) }
          },
          start,
          whole,
          left
        )
  return start =>
    courseFrom(Params.packed(Params.checkedParams(loss.shapes)(start))).map(
      ({ time, x, value, gradient, problem }) => ({
        time,
        params: unpacked(x),
        value,
        gradientNorm: norm(gradient),
        ...(problem !== undefined && { problem })
      })
    )
}

// —— branches ——

/** A stationary point that is followed, at one value of the number. */
export interface BranchPoint<P extends string> {
  readonly at: number
  readonly params: Params.Params<P>
  readonly value: number
  /** Eigenvalues of the Hessian, ascending. */
  readonly spectrum: Float64Array
}

/** The course of a stationary point in a number, such as the noise level. */
export interface Branch<P extends string> {
  readonly path: ReadonlyArray<BranchPoint<P>>
  /**
   * `fold`: the point met another and both vanish; `pitchfork`: an eigenvalue passed 0 and another branch crosses this one; `until`: the number came
   * to its end; `lost`: no step was short enough; `steps`: there were too many.
   */
  readonly end: Continuation.CourseEnd
  /** Where it ended. */
  readonly at: number
  /** The direction of parameters whose curvature vanishes at a fold or a pitchfork. */
  readonly vanishing?: Params.Params<P>
}

export interface FollowOptions<P extends string> {
  /** A value of the number, and parameters near a stationary point there. */
  readonly from: { readonly at: number; readonly params: Params.Params<P> }
  /** The first step of the number, with its sign; later ones follow from how well they are foreseen. */
  readonly by: number
  /** The value at which it ends at the latest; a hundred first steps on unless given. */
  readonly until?: number
  /** 500 unless given. */
  readonly steps?: number
}

/**
 * Follows a stationary point of a loss in a number that the loss depends on, as its noise level, a separation or a weight, until it ends in a fold or
 * another branch crosses it. By arc length (Allgower & Georg 1990), so that folds are located as well as pitchforks. Differences that would ask for
 * the loss beyond `from` and `until` are taken on the other side.
 *
 * @throws RangeError where `from` is near no stationary point
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score } from 'ornstein'
 *
 * // A pair of unit variance whose centres coincide is the best of its kind for N(0, v) until v passes 1; there they part.
 * const lossAt = (v: number) =>
 *   Population.loss({
 *     score: Score.symmetricPair,
 *     objective: Objective.likelihood,
 *     data: Mixture.of({ means: [[0]], variances: [v] })
 *   })
 * const { end, at } = Population.follow(lossAt, { from: { at: 0.5, params: Params.of({ mean: [0] }) }, by: 0.1 })
 * assert.deepEqual([end, at.toFixed(6)], ['pitchfork', '1.000000'])
 */
export const follow = <P extends string>(
  loss: (at: number) => Loss<P>,
  { from, by, until = from.at + 100 * by, steps = 500 }: FollowOptions<P>
): Branch<P> => {
  if (!(Number.isFinite(by) && (until - from.at) * by > 0))
    return refuse(
      `Population.follow: by ${by} does not lead from ${from.at} to ${until}; give a step of the other sign`
    )
  const lossAt = remembered(loss)
  const begin = lossAt(from.at)
  const { unpacked, refined } = packedLoss(begin, false)
  const start = Problem.valueOrThrow(
    refined(Params.packed(Params.checkedParams(begin.shapes)(from.params))),
    'Population.follow'
  )
  if (!(norm(start.gradient) <= VANISHED))
    return refuse(
      `Population.follow: no stationary point near params at ${from.at}, gradient ${norm(start.gradient).toPrecision(2)}; take one of Population.stationary`
    )
  const { path, end, vanishing } = Continuation.followCurve(
    at => {
      const own = smoothOf(lossAt(at))
      return { gradient: x => own.at(x).gradient, hessian: own.hessian }
    },
    { at: from.at, x: start.x },
    { by, until, steps, scale: widestDeviation(begin) }
  )
  return {
    path: path.map(({ at, x, values }) => ({
      at,
      params: unpacked(x),
      value: lossAt(at).evaluate(unpacked(x)).value,
      spectrum: values.slice().reverse()
    })),
    end,
    at: path[path.length - 1].at,
    ...(vanishing && { vanishing: unpacked(vanishing) })
  }
}

// —— basins ——

/** Flows of a tolerance of 1e-2 unless given, as near a border alone it matters. */
export interface BasinOptions<P extends string> extends Omit<FlowOptions<P>, 'known'>, SearchOptions<P> {}

/** To which stationary point each start flows. */
export interface Basin<P extends string> {
  /** By value; `starts` is how many led there. */
  readonly points: ReadonlyArray<StationaryPoint<P>>
  /** One an initial point, of a plane row by row, the least v first. */
  readonly ends: ReadonlyArray<End>
  /** The reason why the first of the unfinished starts came to no value; absent if none lacks one. */
  readonly problem?: Problem.Problem
  /** A letter a start, A for the first of the points; · escaped, ? unfinished. Of a plane a line for each v, the greatest first. */
  readonly picture: () => string
  /** One line a point. */
  readonly table: () => string
}

const letter = (end: End): string =>
  end === 'escaped' ? '·' : end === 'unfinished' ? '?' : String.fromCodePoint(65 + Math.min(end, 25))

/**
 * Basins of attraction: the flow is followed from each start, and where it ends is refined to a stationary point. A start on the border
 * between basins, such as one with two equal centres, may end at a saddle, whose index says so.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * // Two students of two Gaussians. Starts with equal centres stay so, and end at the saddle between.
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.fisherDivergence(Mixture.of({ means: [[-2], [2]] }), NoiseLevels.at(0.1))
 * })
 * const means = (a: number, b: number) => Params.of({ means: [[a], [b]] })
 * const found = Population.basin(loss, {
 *   starts: { origin: means(0, 0), across: means(1, 0), up: means(0, 1), reach: 3, count: 3 }
 * })
 * assert.equal(found.picture(), 'AAB\nABA\nBAA')
 * assert.deepEqual(found.points.map(({ index }) => index), [0, 1])
 */
export const basin = <P extends string>(loss: Loss<P>, options: BasinOptions<P>): Basin<P> => {
  const { starts, modulo = 'relabelling', until = {}, tolerance = 1e-2, map } = options
  refuseKnownBesideMap(map, options.known ?? [], 'Population.basin')
  const { held, starts: begin } = searchFrom(loss, options, 'Population.basin')
  const { unpacked, at, left, refined, collected } = packedLoss(held, modulo === 'relabelling and reflection')
  const gradientNorm = until.gradientNorm ?? 1e-7
  const courseFrom = followedFlow(held, { tolerance, until: { ...until, gradientNorm }, ...(map && { map }) }, left)
  const { points, ends, problem } = collected(
    reported(begin, options.onProgress, start => {
      const course = courseFrom(unpacked(start))
      const last = course[course.length - 1]
      const x = Params.packed(last.params)
      return last.gradientNorm <= gradientNorm ? refined(x) : { x, ...at(x) }
    })
  )
  return {
    points,
    ends,
    ...(problem !== undefined && { problem }),
    picture: () =>
      isPlane(starts)
        ? RA.makeBy(starts.count, i => {
            const row = starts.count - 1 - i
            return ends
              .slice(row * starts.count, (row + 1) * starts.count)
              .map(letter)
              .join('')
          }).join('\n')
        : ends.map(letter).join(''),
    table: () => stationaryTable(loss.score, points)
  }
}
