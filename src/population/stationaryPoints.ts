/** Stationary points of losses on a population, each with its index. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { norm } from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Params from '../core/params.js'
import type * as Problem from '../core/problem.js'
import * as Mixture from '../mixture/mixture.js'
import * as Objective from '../objective/objective.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Courses from './courses.js'

import { type Loss, hessianMatrixOf, hessian, holdParameters } from './losses.js'

/** End of a search: index of a stationary point; 'escaped' away from the population; 'unfinished' after the maximum number of steps. */
export type End = number | 'escaped' | 'unfinished'

export interface StationaryPoint<P extends string> {
  readonly params: Params.Params<P>
  readonly value: number
  /** Standard error of the value over the shifts of a lattice; 0 for quadrature. */
  readonly standardError: number
  readonly gradientNorm: number
  /** Eigenvalues of the Hessian, ascending. */
  readonly spectrum: Float64Array
  /** Number of negative eigenvalues. */
  readonly index: number
  /** Number of eigenvalues that are 0 to rounding, so that the second derivative is inconclusive. */
  readonly flat: number
  /** Number of starts that led here. */
  readonly starts: number
  /** Number of images under relabelling and, if requested, reflection. */
  readonly images: number
}

export interface Stationary<P extends string> {
  readonly points: ReadonlyArray<StationaryPoint<P>>
  /** Number of starts that left the population, where the gradient vanishes without a stationary point. */
  readonly escaped: number
  /** Number of starts whose gradient did not vanish. */
  readonly failed: number
  /** Reason why the first of them has no value, if there is one. */
  readonly problem?: Problem.Problem
  /**
   * Σ(−1)^index over all images (Poincaré & Hopf); null if a point is flat. It is 1 if the loss grows without bound in all directions and
   * no point is missing; losses bounded as a student escapes have another sum.
   */
  readonly morse: number | null
  readonly table: () => string
}

/** Starts in a plane of parameters: origin + u · across + v · up, u and v in [−reach, reach], `count` of each. */
export interface Plane<P extends string> {
  readonly origin: Params.Params<P>
  readonly across: Params.Params<P>
  readonly up: Params.Params<P>
  readonly reach: number
  readonly count: number
}

/** A list of starts, a plane of them, or a number of random ones in addition to students at centres and midpoints of two. */
export type Starts<P extends string> = number | ReadonlyArray<Params.Params<P>> | Plane<P>

/** Finished and total starts. */
export interface SearchProgress {
  readonly done: number
  readonly of: number
}

export interface SearchOptions<P extends string> {
  /** Starts of the searches. Default: 100 random starts. */
  readonly starts?: Starts<P>
  /** Largest standard deviation of random starts; each start draws its own from a fifth of it upwards. Default: 4. */
  readonly spread?: number
  /** Seed of random starts. Default: 0. */
  readonly seed?: number
  /** Points that count as the same; with reflection also x → −x, for a symmetric teacher. Default: 'relabelling'. */
  readonly modulo?: 'relabelling' | 'relabelling and reflection'
  /**
   * Known parameters, in addition to those of the loss: names, or parameters with values. With names alone, given starts keep their values
   * and random starts use the population's. Default: none.
   */
  readonly known?: ReadonlyArray<P> | Partial<Params.Params<P>>
  /** Called before each start, and at the end. */
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined
}

export type StationaryOptions<P extends string = string> = SearchOptions<P>

/** Gradient norm up to which a point counts as stationary. */
export const VANISHED_GRADIENT_NORM = 1e-9
/** Magnitude below which an eigenvalue is 0, relative to the largest or 1; degenerate points are located only to the root of rounding. */
const ZERO_EIGENVALUE_SHARE = 1e-6
/** Distance below which two points are one: isolated, or with a flat direction. */
const SAME_POINT_DISTANCES = { isolated: 3e-4, flat: 3e-2 }
/** Distance to all of the teacher's components, in standard deviations, beyond which a student has escaped. */
const ESCAPE_DISTANCE = 8
/** Multiple of `ESCAPE_DISTANCE` at which a search ends; a nearer student may return. */
const SEARCH_END_FACTOR = 1.5
const MAX_ALLOCATIONS = 120

const mixtureCentres = (mixture: Mixture.Mixture): ReadonlyArray<ReadonlyArray<number>> =>
  Mixture.toDescription(mixture).means

const mixtureOfScoreParams = <P extends string>(
  score: Score.Score<P>
): ((params: Params.Params<P>) => Mixture.Mixture) => {
  const mixture = Score.toMixture(score)
  return params =>
    pipe(
      mixture(params),
      O.getOrElse((): Mixture.Mixture => refuse(`Population: ${Score.show(score)} is no mixture`))
    )
}

const sortedComponents = (mixture: Mixture.Mixture, sign: 1 | -1): ReadonlyArray<ReadonlyArray<number>> => {
  const { means, weights, variances } = Mixture.marginals(mixture)
  const all = RA.makeBy(weights.length, k => [...means[k].map(c => sign * c + 0), ...variances[k], weights[k]])
  return sortedRows(all)
}

const sortedRows = (rows: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<ReadonlyArray<number>> =>
  [...rows].sort((a, b) => {
    const j = a.findIndex((x, j) => Math.abs(x - b[j]) > SAME_POINT_DISTANCES.isolated)
    return j < 0 ? 0 : a[j] - b[j]
  })

const areNearRows = (
  a: ReadonlyArray<ReadonlyArray<number>>,
  b: ReadonlyArray<ReadonlyArray<number>>,
  tolerance: number
): boolean => a.every((row, k) => row.every((x, j) => Math.abs(x - b[k][j]) <= tolerance))

const factorial = (n: number): number => RA.makeBy(n, i => i + 1).reduce((all, i) => all * i, 1)

/** Number of orders that leave sorted rows unchanged: Π m! over groups of m equal ones. */
const countEqualOrders = (rows: ReadonlyArray<ReadonlyArray<number>>): number => {
  const groups = rows.reduce<ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>>((groups, one) => {
    const last = groups.at(-1)
    return last !== undefined && areNearRows([one], [last[0]], SAME_POINT_DISTANCES.isolated)
      ? [...groups.slice(0, -1), [...last, one]]
      : [...groups, [one]]
  }, [])
  return groups.reduce((all, group) => all * factorial(group.length), 1)
}

/** Known numbers of each component, as sorted rows; relabelling must preserve them. */
const knownNumbersByComponent = <P extends string>(
  params: Params.Params<P>,
  known: ReadonlyArray<P>,
  count: number
): ReadonlyArray<ReadonlyArray<number>> =>
  sortedRows(
    RA.makeBy(count, k =>
      known.flatMap(name => {
        const { shape, values } = params[name]
        const width = values.length / count
        return shape[0] === count ? Array.from(values.subarray(k * width, (k + 1) * width)) : []
      })
    )
  )

const multisets = <A>(count: number, of: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  count === 0
    ? [[]]
    : of.flatMap((first, i) => multisets(count - 1, of.slice(i)).map((rest): ReadonlyArray<A> => [first, ...rest]))

const centreAllocations = (
  truth: Mixture.Mixture,
  count: number
): ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>> => {
  const centres = mixtureCentres(truth)
  const middles = centres.flatMap((a, i) => centres.slice(i + 1).map(b => a.map((x, j) => (x + b[j]) / 2)))
  return multisets(count, [...centres, ...middles]).slice(0, MAX_ALLOCATIONS)
}

/** Loss on packed parameters; a Hessian without a value is NaN. */
export const smoothPackedLoss = <P extends string>(
  loss: Loss<P>
): Courses.SmoothFunction & { readonly unpacked: (x: Float64Array) => Params.Params<P> } => {
  const unpacked = Params.unpacked(loss.shapes)
  return {
    unpacked,
    at: x => {
      const { value, gradient, problem } = loss.evaluate(unpacked(x))
      return { value, gradient: Params.packed(gradient), ...(problem !== undefined && { problem }) }
    },
    hessian: x =>
      pipe(
        hessianMatrixOf(loss, unpacked(x)),
        E.match(
          () => new Float64Array(x.length * x.length).fill(NaN),
          ({ values }) => values
        )
      )
  }
}

interface PackedLoss<P extends string> extends ReturnType<typeof smoothPackedLoss<P>> {
  /** True if a student is farther than `ESCAPE_DISTANCE` from all of the teacher's components. */
  readonly hasEscaped: (x: Float64Array) => boolean
  /** Stationary point near the start, or the last point of an unfinished search. */
  readonly refineStart: (start: Float64Array) => Courses.EndedCourse
  /** Distinct stationary points, by value, and the end of each search. */
  readonly collectPoints: (ends: ReadonlyArray<Courses.EndedCourse>) => CollectedPoints<P>
}

interface CollectedPoints<P extends string> {
  readonly points: ReadonlyArray<StationaryPoint<P>>
  readonly ends: ReadonlyArray<End>
  readonly problem: Problem.Problem | undefined
}

/** Returns the loss on packed parameters, with searches for stationary points up to relabelling, and reflection if requested. */
export const packedLoss = <P extends string>(
  loss: Loss<P>,
  { reflects }: { readonly reflects: boolean }
): PackedLoss<P> => {
  const { score, data } = loss
  const truth = data.mixture
  const mixtureOf = mixtureOfScoreParams(score)
  const smooth = smoothPackedLoss(loss)
  const { at, hessian: curved, unpacked } = smooth
  if (reflects && !areNearRows(sortedComponents(truth, 1), sortedComponents(truth, -1), 1e-9))
    return refuse(`Population: ${Mixture.show(truth)} is not symmetric; leave reflection out of modulo`)
  // In units of the widest deviation of the data at the smallest noise level.
  const wide = widestDeviation(loss)
  const farthest = (x: Float64Array): number =>
    Math.max(
      ...mixtureCentres(mixtureOf(unpacked(x))).map(c =>
        Math.min(...mixtureCentres(truth).map(m => norm(Float64Array.from(c, (v, j) => v - m[j]))))
      )
    ) / wide
  const refineStart = (start: Float64Array): Courses.EndedCourse =>
    Courses.converge({ at, hessian: curved }, start, {
      steps: 100,
      left: x => !(farthest(x) <= SEARCH_END_FACTOR * ESCAPE_DISTANCE)
    })
  const hasEscaped = (x: Float64Array): boolean => !(farthest(x) <= ESCAPE_DISTANCE)
  const resultOf = (before: ReadonlyArray<SearchResult<P>>, end: Courses.EndedCourse): SearchResult<P> => {
    if (hasEscaped(end.x)) return 'escaped'
    if (!(norm(end.gradient) <= VANISHED_GRADIENT_NORM)) return 'unfinished'
    const mixture = mixtureOf(unpacked(end.x))
    const known = before.find(point => {
      if (typeof point === 'string') return false
      const tolerance = point.flat > 0 ? SAME_POINT_DISTANCES.flat : SAME_POINT_DISTANCES.isolated
      const there = sortedComponents(mixtureOf(point.params), 1)
      return (
        areNearRows(sortedComponents(mixture, 1), there, tolerance) ||
        (reflects && areNearRows(sortedComponents(mixture, -1), there, tolerance))
      )
    })
    return known ?? stationaryPoint(loss, unpacked(end.x), end, { reflects })
  }
  return { ...smooth, hasEscaped, refineStart, collectPoints: ends => collectEnds(ends, resultOf) }
}

type SearchResult<P extends string> = StationaryPoint<P> | Exclude<End, number>

const stationaryPoint = <P extends string>(
  loss: Loss<P>,
  params: Params.Params<P>,
  { value, gradient }: Courses.EndedCourse,
  { reflects }: { readonly reflects: boolean }
): StationaryPoint<P> => {
  const { spectrum } = hessian(loss)(params)
  const least = ZERO_EIGENVALUE_SHARE * Math.max(1, ...spectrum.map(Math.abs))
  const mixture = mixtureOfScoreParams(loss.score)(params)
  const own = sortedComponents(mixture, 1)
  return {
    params,
    value,
    standardError: loss.standardErrors(params).value,
    gradientNorm: norm(gradient),
    spectrum,
    index: spectrum.filter(e => e < -least).length,
    flat: spectrum.filter(e => Math.abs(e) <= least).length,
    starts: 0,
    images:
      (countEqualOrders(knownNumbersByComponent(params, loss.known, own.length)) / countEqualOrders(own)) *
      (reflects && !areNearRows(own, sortedComponents(mixture, -1), SAME_POINT_DISTANCES.isolated) ? 2 : 1)
  }
}

const collectEnds = <P extends string>(
  ends: ReadonlyArray<Courses.EndedCourse>,
  resultOf: (before: ReadonlyArray<SearchResult<P>>, end: Courses.EndedCourse) => SearchResult<P>
): CollectedPoints<P> => {
  const results = ends.reduce<ReadonlyArray<SearchResult<P>>>((before, end) => [...before, resultOf(before, end)], [])
  const points = [...new Set(results)]
    .flatMap(one => (typeof one === 'string' ? [] : [one]))
    .sort((a, b) => a.value - b.value)
  return {
    points: points.map(point => ({ ...point, starts: results.filter(one => one === point).length })),
    ends: results.map(one => (typeof one === 'string' ? one : points.indexOf(one))),
    problem: ends.find((end, i) => results[i] === 'unfinished' && end.problem !== undefined)?.problem
  }
}

/** One line per point, its centres last. */
export const stationaryTable = <P extends string>(
  score: Score.Score<P>,
  points: ReadonlyArray<StationaryPoint<P>>
): string => {
  const mixtureOf = mixtureOfScoreParams(score)
  const isEstimate = points.some(({ standardError }) => standardError > 0)
  return [
    `value        ${isEstimate ? '± error     ' : ''}index  flat  starts  centres`,
    ...points.map(({ value, standardError, index, flat, starts, params }) =>
      [
        value.toPrecision(8).padEnd(12),
        ...(isEstimate ? [`± ${standardError.toPrecision(2)}`.padEnd(11)] : []),
        String(index).padEnd(6),
        String(flat).padEnd(5),
        String(starts).padEnd(7),
        mixtureCentres(mixtureOf(params))
          .map(c => (c.length === 1 ? '' : '(') + c.map(x => x.toFixed(4)).join(' ') + (c.length === 1 ? '' : ')'))
          .join(', ')
      ].join(' ')
    )
  ].join('\n')
}

/**
 * Stationary points of a loss on a population, up to relabelling: by Levenberg–Marquardt on |∇L|², which also converges to saddles, from
 * random starts and from students at the teacher's centres and midpoints. No list is guaranteed complete: the Morse sum is a necessary
 * condition. `known` parameters are held, also in spectra.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Population, Score, NoiseLevels } from 'ornstein'
 *
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.fisherDivergence(Mixture.of({ means: [[-2], [2]] }), NoiseLevels.at(0.1))
 * })
 * const { points } = Population.stationary(loss, { starts: 10, modulo: 'relabelling and reflection' })
 * assert.deepEqual([points[0].index, points[0].flat], [0, 0]) // the truth, a minimum
 */
export const stationary = <P extends string>(loss: Loss<P>, options: StationaryOptions<P> = {}): Stationary<P> => {
  const { score } = loss
  const { held, starts } = searchFrom(loss, options, 'Population.stationary')
  const { refineStart, collectPoints } = packedLoss(held, {
    reflects: options.modulo === 'relabelling and reflection'
  })
  const { points, ends, problem } = collectPoints(mapWithProgress(starts, options.onProgress, refineStart))
  return {
    points,
    escaped: ends.filter(end => end === 'escaped').length,
    failed: ends.filter(end => end === 'unfinished').length,
    ...(problem !== undefined && { problem }),
    morse: points.some(({ flat }) => flat > 0)
      ? null
      : points.reduce((sum, { index, images }) => sum + (index % 2 === 0 ? images : -images), 0),
    table: () => stationaryTable(score, points)
  }
}

/** Maps each start, reporting progress before each and at the end. */
export const mapWithProgress = <A>(
  starts: ReadonlyArray<Float64Array>,
  onProgress: SearchOptions<string>['onProgress'],
  search: (start: Float64Array) => A
): ReadonlyArray<A> => {
  const found = starts.map((start, done) => {
    onProgress?.({ done, of: starts.length })
    return search(start)
  })
  onProgress?.({ done: starts.length, of: starts.length })
  return found
}

interface Search<P extends string> {
  readonly held: Loss<P>
  readonly starts: ReadonlyArray<Float64Array>
}

/** True if starts are a plane. */
export const isPlane = <P extends string>(starts: Starts<P> | undefined): starts is Plane<P> =>
  typeof starts === 'object' && 'origin' in starts

/** Returns the loss with its known parameters held, and the packed starts of a search. */
export const searchFrom = <P extends string>(
  loss: Loss<P>,
  { starts = 100, spread = 4, seed = 0, known = [] }: SearchOptions<P>,
  call: string
): Search<P> => {
  const isNamed = (given: typeof known): given is ReadonlyArray<P> => Array.isArray(given)
  const names = isNamed(known) ? known : Params.names<P>(known as Params.Params<P>)
  const held = holdParameters(loss, names, call)
  const given = isNamed(known) ? {} : known
  const replaced =
    (values: Partial<Params.Params<P>>) =>
    (start: Params.Params<P>): Float64Array =>
      Params.packed(Params.checkedParams(loss.shapes)({ ...start, ...values }))
  if (isPlane(starts)) return { held, starts: planeStarts(loss.shapes, starts).map(replaced(given)) }
  if (typeof starts !== 'number') return { held, starts: starts.map(replaced(given)) }
  const without = held.known.filter(name => !(name in given))
  const values = { ...(without.length === 0 ? {} : populationParams(loss, without, call)), ...given }
  const unpacked = Params.unpacked(loss.shapes)
  return {
    held,
    starts: [...allocatedStarts(loss), ...randomStarts(loss, starts, { spread, seed })].map(x =>
      replaced(values)(unpacked(x))
    )
  }
}

const populationParams = <P extends string>(
  { score, data, shapes }: Loss<P>,
  names: ReadonlyArray<P>,
  call: string
): Partial<Params.Params<P>> => {
  const found = pipe(
    data.mixture,
    Score.fromMixture(score),
    E.filterOrElseW(
      params => names.every(name => String(params[name].shape) === String(shapes[name])),
      () => null
    )
  )
  if (E.isLeft(found))
    return refuse(
      `${call}: known: ${names.join(', ')} of ${Score.show(score)} have no values in the population's mixture; give them, known: Params.of({ ${names.map(name => `${name}: …`).join(', ')} }), or give starts`
    )
  // A part of the parameters.
  return Object.fromEntries(names.map(name => [name, found.right[name]])) as Partial<Params.Params<P>>
}

const planeStarts = <P extends string>(
  shapes: Params.Shapes<P>,
  { origin, across, up, reach, count }: Plane<P>
): ReadonlyArray<Params.Params<P>> => {
  const [from, right, above] = [origin, across, up].map(Params.packed)
  const along = (i: number): number => reach * ((2 * i) / Math.max(1, count - 1) - 1)
  return RA.makeBy(count * count, i =>
    Params.unpacked(shapes)(
      from.map((x, j) => x + along(i % count) * right[j] + along(Math.floor(i / count)) * above[j])
    )
  )
}

const randomStarts = <P extends string>(
  { shapes }: Loss<P>,
  count: number,
  { spread, seed }: { readonly spread: number; readonly seed: number }
): ReadonlyArray<Float64Array> =>
  RA.makeBy(count, i => {
    const keys = pipe(Key.fromSeed(seed), Key.child(i), Key.named('size', 'values'))
    const [u] = Key.uniform(1)(keys.size)
    return Key.normal(Params.paramsSize(shapes))(keys.values).map(z => spread * (0.2 + 0.8 * u) * z)
  })

/** Packed starts with students at each multiset of the population's centres and midpoints; none if the family has no such start. */
const allocatedStarts = <P extends string>({ score, data }: Loss<P>): ReadonlyArray<Float64Array> => {
  const { family } = Score.interpret(score)
  const start = family && Score.familyStart(family, data.dim)
  return start === undefined
    ? []
    : centreAllocations(data.mixture, start.count).map(means => {
        const centres = { shape: [start.count, data.dim], values: Float64Array.from(means.flat()) }
        return Params.packed(start.fromCentres(centres, meanVariance(data.mixture)))
      })
}

const meanVariance = ({ weights, variances }: Mixture.Mixture): number => {
  const per = variances.length / weights.length
  return variances.reduce((sum, v, i) => sum + (weights[Math.floor(i / per)] * v) / per, 0)
}

/** Standard deviation of x_t/α at the smallest noise level, for the widest component. */
export const widestDeviation = <P extends string>({ schedule, objective, data }: Loss<P>): number => {
  const noise = Objective.terms(objective).flatMap(({ term }) =>
    Objective.isMatching(term)
      ? NoiseLevels.quadrature(
          schedule,
          NoiseLevels.DEFAULT_NODES
        )(term.noiseLevels).map(({ time }) => {
          const { alpha, sigma } = Schedule.level(time)(schedule)
          return sigma / alpha
        })
      : [0]
  )
  const least = Math.min(...noise)
  return Math.sqrt(Math.max(...data.mixture.variances) + least * least)
}
