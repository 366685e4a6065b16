/** Gradient flow, iterated maps, branches of stationary points, and basins of attraction. */
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

import { type Loss, holdParameters } from './losses.js'
import {
  VANISHED_GRADIENT_NORM,
  type End,
  type StationaryPoint,
  type SearchOptions,
  isPlane,
  mapWithProgress,
  searchFrom,
  smoothPackedLoss,
  packedLoss,
  stationaryTable,
  widestDeviation
} from './stationaryPoints.js'

/**
 * A point in time of a gradient flow, or of an iterated map, whose time is the number of steps and whose norm is the length of the next
 * step.
 */
export interface Moment<P extends string> {
  readonly time: number
  readonly params: Params.Params<P>
  readonly value: number
  readonly gradientNorm: number
  /** Reason why the flow ends: the next step, or this one if its value is NaN, needs too many rows. */
  readonly problem?: Problem.Problem
}

/** One step of a map, with the value at its start of the objective that it lowers. */
export type Step<P extends string> = (params: Params.Params<P>) => {
  readonly value: number
  readonly params: Params.Params<P>
  /** Reason if the value is NaN: the parameters need too many rows. */
  readonly problem?: Problem.Problem
}

export interface FlowOptions<P extends string = string> {
  readonly until?: Partial<Courses.Until>
  /** Error of a step, as a share of its length. Default: 1e-4. */
  readonly tolerance?: number
  /** Map to iterate in place of the flow, such as `expectationMaximization(loss)`. */
  readonly map?: Step<P>
  /** Held parameters, in addition to those of the loss. Not allowed with a map; its loss must hold them. */
  readonly known?: ReadonlyArray<P>
}

const EM_VARIANCE_FLOOR = 1e-6

/**
 * EM map on the population of a loss, at its noise level: θ⁺ = argmax E Σ_k p(k | x_t; θ) log p_t(x_t, k; θ⁺), an integral. Its value is −E
 * log p_t(x_t; θ), which it never increases (Dempster, Laird & Rubin 1977). For `Objective.likelihood` t = 0. Parameters that need too many
 * rows are returned unchanged, with the value NaN and the `problem`.
 *
 * @throws RangeError if the family has no M-step, the loss has several noise levels, or parameters other than weights
 * are known
 *
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
  // Only weights separate from the other parameters in the M-step, so only they may be held.
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
  const step = EM.integratedStep(family, EM_VARIANCE_FLOOR, data, {
    level: times.length === 0 ? null : Schedule.level(times[0])(schedule)
  })
  if (known.length === 0) return step
  const kept: ReadonlyArray<string> = known
  return params => {
    const taken = step(params)
    const held = Params.map<NdArray, NdArray>((value, name) =>
      // `taken.params` has the names of `params`.
      kept.includes(name) ? params[name as P] : value
    )
    return { ...taken, params: held(taken.params) }
  }
}

/**
 * Gradient flow θ′ = −∇L from given parameters, or an iterated `map`. Returns its moments, by exponential steps of order 3 with error
 * control (Hochbruck, Ostermann & Schweitzer 2009). Ends if the gradient is small, at a given time, or after a number of steps; and, with a
 * `problem`, if the next step needs too many rows.
 *
 * @throws RangeError, with the number, if the start needs more rows than allowed
 *
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
    pipe(flowMomentsFrom(holdKnownForFlow(loss, options, 'Population.flow'), options, () => false)(start), course =>
      course.length > 1 ? course : [Problem.valueOrThrow(course[0], 'Population.flow')]
    )

const holdKnownForFlow = <P extends string>(
  loss: Loss<P>,
  { map, known = [] }: FlowOptions<P>,
  call: string
): Loss<P> => {
  refuseKnownBesideMap(map, known, call)
  return holdParameters(loss, known, call)
}

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

const flowMomentsFrom = <P extends string>(
  loss: Loss<P>,
  { until = {}, tolerance = 1e-4, map }: FlowOptions<P>,
  left: (x: Float64Array) => boolean
): ((start: Params.Params<P>) => ReadonlyArray<Moment<P>>) => {
  const { unpacked, ...smooth } = smoothPackedLoss(loss)
  const whole = { gradientNorm: 1e-8, time: Infinity, steps: 10_000, ...until }
  const courseFrom = (start: Float64Array): ReadonlyArray<Courses.FlowMoment> =>
    map === undefined
      ? Courses.gradientFlow(smooth, start, { tolerance, until: whole, left })
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

/** A stationary point on a branch. */
export interface BranchPoint<P extends string> {
  readonly at: number
  readonly params: Params.Params<P>
  readonly value: number
  /** Eigenvalues of the Hessian, ascending. */
  readonly spectrum: Float64Array
}

/** Branch of a stationary point in a continuation parameter, such as the noise level. */
export interface Branch<P extends string> {
  readonly path: ReadonlyArray<BranchPoint<P>>
  /**
   * Reason of the end. `fold`: two points meet and vanish; `pitchfork`: an eigenvalue passes 0 and another branch crosses; `lost`: no step
   * is short enough; `until` and `steps`: the last value or number of steps is reached.
   */
  readonly end: Continuation.CourseEnd
  /** Value of the continuation parameter at the end. */
  readonly at: number
  /** Direction in parameter space whose curvature vanishes at a fold or a pitchfork. */
  readonly vanishing?: Params.Params<P>
}

export interface FollowOptions<P extends string> {
  /** A value of the continuation parameter, and parameters near its stationary point. */
  readonly from: { readonly at: number; readonly params: Params.Params<P> }
  /** First step of the continuation parameter, signed; later steps adapt. */
  readonly by: number
  /** Last value of the continuation parameter. Default: `from.at` + 100 `by`. */
  readonly until?: number
  /** Maximum number of steps. Default: 500. */
  readonly steps?: number
}

/**
 * Follows a stationary point in a parameter of the loss, such as its noise level, a separation or a weight, to a fold or a pitchfork, by
 * pseudo-arclength continuation (Allgower & Georg 1990). Never evaluates the loss beyond `from` or `until`.
 *
 * @throws RangeError if `from` is near no stationary point
 *
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
  const { unpacked, refineStart } = packedLoss(begin, { reflects: false })
  const start = Problem.valueOrThrow(
    refineStart(Params.packed(Params.checkedParams(begin.shapes)(from.params))),
    'Population.follow'
  )
  if (!(norm(start.gradient) <= VANISHED_GRADIENT_NORM))
    return refuse(
      `Population.follow: no stationary point near params at ${from.at}, gradient ${norm(start.gradient).toPrecision(2)}; take one of Population.stationary`
    )
  const { path, end, vanishing } = Continuation.followCurve(
    at => {
      const own = smoothPackedLoss(lossAt(at))
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

/** Options of `basin`. Flows have the default tolerance 1e-2, which matters only near a border. */
export interface BasinOptions<P extends string> extends Omit<FlowOptions<P>, 'known'>, SearchOptions<P> {}

/** Stationary point to which each start flows. */
export interface Basin<P extends string> {
  /** Stationary points, by value, with the number of `starts` that led to each. */
  readonly points: ReadonlyArray<StationaryPoint<P>>
  /** End of each start; of a plane row by row, the smallest v first. */
  readonly ends: ReadonlyArray<End>
  /** Reason why the first unfinished start has no value; absent if all have one. */
  readonly problem?: Problem.Problem
  /** A letter for each start, A for the first point; · escaped, ? unfinished. A plane has a line for each v, the largest first. */
  readonly picture: () => string
  readonly table: () => string
}

const endLetter = (end: End): string =>
  end === 'escaped' ? '·' : end === 'unfinished' ? '?' : String.fromCodePoint(65 + Math.min(end, 25))

/**
 * Basins of attraction: follows the flow from each start, and refines its end to a stationary point. A start on a border between basins,
 * such as one with two equal centres, may end at a saddle.
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
  const { unpacked, at, hasEscaped, refineStart, collectPoints } = packedLoss(held, {
    reflects: modulo === 'relabelling and reflection'
  })
  const gradientNorm = until.gradientNorm ?? 1e-7
  const courseFrom = flowMomentsFrom(
    held,
    { tolerance, until: { ...until, gradientNorm }, ...(map && { map }) },
    hasEscaped
  )
  const { points, ends, problem } = collectPoints(
    mapWithProgress(begin, options.onProgress, start => {
      const course = courseFrom(unpacked(start))
      const last = course[course.length - 1]
      const x = Params.packed(last.params)
      return last.gradientNorm <= gradientNorm ? refineStart(x) : { x, ...at(x) }
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
              .map(endLetter)
              .join('')
          }).join('\n')
        : ends.map(endLetter).join(''),
    table: () => stationaryTable(loss.score, points)
  }
}
