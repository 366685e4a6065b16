/**
 * Populations: a mixture stands where points stand, and a loss is the exact integral in place of a mean over a sample. What theory asks
 * of a loss then has an answer in numbers: its Hessian, its stationary points with their indices, the course of its gradient flow.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Mixture, Population } from 'ornstein'
 *
 * // A mixture as weighted rows; one that would ask for too many is a value that says so.
 * assert(E.isRight(Population.parse(Mixture.of({ means: [[-2], [2]] }))))
 * const wide = Mixture.of({
 *   means: [
 *     [0, 0, 0, 0, 0, 0],
 *     [9, 9, 9, 9, 9, 9]
 *   ],
 *   variances: [
 *     [1, 2, 3, 4, 5, 6],
 *     [6, 5, 4, 3, 2, 1]
 *   ]
 * })
 * assert(E.isLeft(Population.parse(wide)))
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key, type NdArray } from '../../lib/index.js'
import { norm } from '../../lib/numbers/elementary.js'
import { lazy } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import { remembered } from '../../lib/plain/remembered.js'
import { symmetric, symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Compile from '../derivatives/index.js'
import * as Problem from '../core/problem.js'
import * as Params from '../family/params.js'
import * as EM from '../mixture/em/expectationMaximization.js'
import * as Mixture from '../mixture/mixture.js'
import * as Nodes from '../mixture/nodes.js'
import * as NodesOf from './nodesOf.js'
import * as Expectation from '../objective/expectation.js'
import * as Objective from '../objective/objective.js'
import * as TimeLaw from '../objective/timeLaw.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Continuation from './continuation.js'
import * as Courses from './courses.js'
import { standardError } from './estimates.js'

/** A mixture as weighted rows at every noise level, which meet no noise; `Compile` takes it where it takes points. */
export type Population = Nodes.Population

/** Points of randomly shifted lattices, in place of quadrature. */
export type Lattice = NodesOf.Lattice

/** The population of a mixture, or what is wrong: without a lattice, components that are not round in more than three dimensions need too many rows. */
export const parse = (mixture: Mixture.Mixture, lattice?: Lattice): E.Either<Problem.Problem, Population> =>
  NodesOf.of(mixture, lattice)

/**
 * The population of a mixture: Σ_j π_j N(αc_j, α²Σ_j + σ²I) as quadrature nodes at whatever noise levels a loss has. It stands where
 * points stand, in losses, pipelines and expectation–maximization. No noise is drawn, whatever the expectation says.
 *
 * Nodes are chosen at each evaluation, from the distances of the components of teacher and student: 40 + 22 D an axis, for errors
 * below 1e-10. Where all components are round, axes are those of the span of the centres, and a χ² radius; any covariances are served
 * in up to three dimensions. Too many rows are refused. So are batches, networks, and objectives that read the noise itself, or x_0.
 *
 * With a `lattice` given, so many points of a lattice for each component, randomly shifted so many times, take the place of quadrature: any
 * covariances in up to 60 dimensions, components that span many. Means of smooth functions are then unbiased, with an error that falls faster
 * than n^(−1/2), and `estimate` tells their standard error. Do not use it where quadrature serves: there 1e-10 costs no more.
 * Cools, Kuo & Nuyens 2006; Hickernell 2002.
 *
 * @throws RangeError with the remedy
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Mixture, Objective, Params, Population, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.denoising(TimeLaw.at(0.3)),
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)(Population.of(Mixture.symmetricPair([2]))))
 * const { gradient } = evaluate(Params.of({ mean: [2] }), Key.fromSeed(0))
 * assert.ok(Math.abs(gradient.mean.values[0]) < 1e-12) // the truth is stationary
 */
export const of = (mixture: Mixture.Mixture, lattice?: Lattice): Population =>
  pipe(
    parse(mixture, lattice),
    E.getOrElse((problem): Population => refuse(`Population.of: ${Problem.show(problem)}`))
  )

/** Numbers with their standard errors. */
export interface Estimate {
  readonly values: Float64Array
  /** Over the shifts of a lattice; 0 of quadrature, which compares rules instead. */
  readonly standardErrors: Float64Array
}

/**
 * What is computed on a population, with its standard error: √(Σ(f_s − f̄)²/(m(m − 1))) over its m random shifts, each a population of its
 * own. It serves whatever takes a population: values and gradients, a step of expectation–maximization, the end of a pipeline, `Efficiency`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'
 *
 * // Five dimensions, full covariances: E|s − s*|² of N(0, I) under N(m, I) is α²|m|², whatever the level.
 * const covariances = [[0, 1, 2, 3, 4].map(i => [0, 1, 2, 3, 4].map(j => (i === j ? 1 : 0)))]
 * const truth = Mixture.of({ means: [[1, 1, 1, 1, 0]], covariances })
 * const found = Population.estimate(data => [
 *   Population.loss({ score: Score.spherical({ components: 1 }), objective: Objective.against(truth, TimeLaw.at(0.1)), data })
 *     .evaluate(Params.of({ means: [[0, 0, 0, 0, 0]] })).value
 * ])(Population.of(truth, { points: 256 }))
 * assert.ok(Math.abs(found.values[0] - 4 * Math.exp(-0.2)) < 1e-9) // a constant has no error
 * assert.ok(found.standardErrors[0] < 1e-9)
 */
export const estimate =
  (of: (population: Population) => ArrayLike<number>) =>
  (population: Population): Estimate => {
    const values = Float64Array.from(of(population))
    const each = (population.shifts?.() ?? []).map(of)
    return { values, standardErrors: values.map((_, j) => standardError(each.map(own => own[j]))) }
  }

// —— losses ——

/** A loss of a population as a function of parameters alone. */
export interface Loss<P extends string> {
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  readonly schedule: Schedule.Schedule
  readonly data: Population
  readonly shapes: Params.Shapes<P>
  readonly evaluate: (params: Params.Params<P>) => Compile.ValueAndGradient<P>
  /** The standard errors of value and gradient, over the shifts of a lattice; 0 of quadrature. */
  readonly standardErrors: (params: Params.Params<P>) => Compile.ValueAndGradient<P>
  /** The product of the Hessian with a direction. */
  readonly curvature: (params: Params.Params<P>, direction: Params.Params<P>) => Params.Params<P>
}

export interface Description<P extends string> {
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  /** The mixture that the objective knows unless given. */
  readonly data?: Population | Mixture.Mixture
  /** `Schedule.ornsteinUhlenbeck` unless given. */
  readonly schedule?: Schedule.Schedule
}

const truthOf = (objective: Objective.Objective): Mixture.Mixture =>
  pipe(
    Objective.terms(objective),
    RA.findFirstMap(({ term }) => O.fromNullable(Objective.isMatching(term) ? term.truth : undefined)),
    O.getOrElse((): Mixture.Mixture =>
      refuse(`Population.loss: ${Objective.show(objective)} knows no mixture; give data: Population.of(mixture)`)
    )
  )

const key = Key.fromSeed(0)

/**
 * The loss of a score on a population.
 *
 * @throws RangeError with all problems and their remedies
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'
 *
 * const truth = Mixture.of({ means: [[-2], [2]] })
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.against(truth, TimeLaw.at(0.1))
 * })
 * assert.ok(loss.evaluate(Params.of({ means: [[-2], [2]] })).value < 1e-28)
 */
export const loss = <P extends string>({
  score,
  objective,
  data = truthOf(objective),
  schedule = Schedule.ornsteinUhlenbeck
}: Description<P>): Loss<P> => {
  const population = Nodes.isPopulation(data) ? data : of(data)
  const shapes = Score.shapes(population.dim)(score)
  const own = { schedule, score, objective, expectation: Expectation.monteCarlo() }
  const evaluate = Problem.orThrow(Compile.valueAndGrad(own)(population))
  const product = lazy(() => Problem.orThrow(Compile.hessianVector(own, { isTried: true })(population)))
  const shifts = lazy(() => (population.shifts?.() ?? []).map(data => Problem.orThrow(Compile.valueAndGrad(own)(data))))
  return {
    score,
    objective,
    schedule,
    data: population,
    shapes,
    evaluate: params => evaluate(params, key),
    standardErrors: params => {
      const found = shifts().map(evaluate => evaluate(params, key))
      const gradients = found.map(({ gradient }) => Params.packed(gradient))
      return {
        value: standardError(found.map(({ value }) => value)),
        gradient: Params.unpacked(shapes)(
          Float64Array.from({ length: Params.sizeOf(shapes) }, (_, j) => standardError(gradients.map(g => g[j])))
        )
      }
    },
    curvature: (params, direction) => product()(params, direction, key)
  }
}

/** Second derivatives in packed parameters. */
export interface Hessian {
  /** [n, n], symmetric. */
  readonly matrix: NdArray
  /** Eigenvalues, ascending. */
  readonly spectrum: Float64Array
  /** Their eigenvectors, one a row, [n, n]. */
  readonly vectors: NdArray
}

const matrixOf = <P extends string>(loss: Loss<P>, params: Params.Params<P>): NdArray =>
  symmetric(
    RA.makeBy(Params.sizeOf(loss.shapes), j => Params.packed(loss.curvature(params, Params.unit(loss.shapes, j))))
  )

/**
 * The Hessian of a population's loss, exact to rounding: `Compile.hessian` of a population.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'
 *
 * const loss = Population.loss({
 *   score: Score.symmetricPair,
 *   objective: Objective.against(Mixture.symmetricPair([2]), TimeLaw.at(0.3))
 * })
 * // Centre 0 is a saddle of the pair.
 * assert.ok(Population.hessian(loss)(Params.of({ mean: [0] })).spectrum[0] < 0)
 */
export const hessian =
  <P extends string>(loss: Loss<P>) =>
  (params: Params.Params<P>): Hessian => {
    const size = Params.sizeOf(loss.shapes)
    const matrix = matrixOf(loss, Params.checked(loss.shapes)(params))
    const found = symmetricEigen(matrix)
    return {
      matrix,
      spectrum: found.values.slice().reverse(),
      vectors: {
        shape: [size, size],
        values: found.vectors.values.map(
          (_, at) => found.vectors.values[(size - 1 - Math.floor(at / size)) * size + (at % size)]
        )
      }
    }
  }

// —— stationary points ——

export interface StationaryPoint<P extends string> {
  readonly params: Params.Params<P>
  readonly value: number
  /** Of the value, over the shifts of a lattice; 0 of quadrature. The place is that of all shifts together. */
  readonly standardError: number
  readonly gradientNorm: number
  /** Eigenvalues of the Hessian, ascending. */
  readonly spectrum: Float64Array
  /** How many of them are negative. */
  readonly index: number
  /** How many are 0 except for rounding: directions in which the second derivative decides nothing. */
  readonly flat: number
  /** How many starts led here. */
  readonly starts: number
  /** How many points it stands for: its images under relabelling and, where asked for, reflection. */
  readonly images: number
}

export interface Stationary<P extends string> {
  /** By value. */
  readonly points: ReadonlyArray<StationaryPoint<P>>
  /** Starts that left the reach of the population, where the gradient vanishes without a stationary point. */
  readonly escaped: number
  /** Starts whose gradient did not vanish. */
  readonly failed: number
  /**
   * Σ(−1)^index over all images (Poincaré & Hopf); null where a point is flat. It is 1 if a loss grows without bound in all directions
   * and no point is missing. Objectives that average over the teacher are bounded along directions on which a student escapes: then
   * another number is right.
   */
  readonly morse: number | null
  /** One line a point. */
  readonly table: () => string
}

export interface StationaryOptions {
  /** Random starts, beside those at allocations of students to centres and to midpoints of two. */
  readonly starts?: number
  /** Their standard deviation. */
  readonly spread?: number
  readonly seed?: number
  /** Which points are the same: with reflection also x → −x, for a teacher that is symmetric. */
  readonly modulo?: 'relabelling' | 'relabelling and reflection'
}

/** A gradient that has vanished, beside the largest eigenvalue or 1. */
const VANISHED = 1e-9
/** Eigenvalues that are 0 beside the largest or 1: those of degenerate points, which are found to a root of rounding. */
const FLAT = 1e-6
/** Points that are one, and the same where a direction is flat. */
const SAME = { isolated: 3e-4, flat: 3e-2 }
/** A student that is so many standard deviations from all of the teacher's components has escaped. */
const REACH = 8
/** A search ends that has gone so many times as far; one that is nearer may come back. */
const LEFT = 1.5
/** Allocations that are tried as starts. */
const ALLOCATIONS = 120

const centresOf = (mixture: Mixture.Mixture): ReadonlyArray<ReadonlyArray<number>> =>
  Mixture.toDescription(mixture).means

const mixtureIn = <P extends string>(score: Score.Score<P>): ((params: Params.Params<P>) => Mixture.Mixture) => {
  const mixture = Score.toMixture(score)
  return params =>
    pipe(
      mixture(params),
      O.getOrElse((): Mixture.Mixture => refuse(`Population: ${Score.show(score)} is no mixture`))
    )
}

/** Components as lists of numbers, in an order of their own. */
const listed = (mixture: Mixture.Mixture, sign: 1 | -1): ReadonlyArray<ReadonlyArray<number>> => {
  const { means, weights, variances } = Mixture.marginals(mixture)
  const all = RA.makeBy(weights.length, k => [...means[k].map(c => sign * c + 0), ...variances[k], weights[k]])
  return [...all].sort((a, b) => {
    const j = a.findIndex((x, j) => Math.abs(x - b[j]) > SAME.isolated)
    return j < 0 ? 0 : a[j] - b[j]
  })
}

const near = (
  a: ReadonlyArray<ReadonlyArray<number>>,
  b: ReadonlyArray<ReadonlyArray<number>>,
  tolerance: number
): boolean => a.every((row, k) => row.every((x, j) => Math.abs(x - b[k][j]) <= tolerance))

const factorial = (n: number): number => RA.makeBy(n, i => i + 1).reduce((all, i) => all * i, 1)

/** How many points relabelling makes of one: n! over the orders of components that are equal. */
const relabellings = (components: ReadonlyArray<ReadonlyArray<number>>): number => {
  const groups = components.reduce<ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>>((groups, one) => {
    const last = groups.at(-1)
    return last !== undefined && near([one], [last[0]], SAME.isolated)
      ? [...groups.slice(0, -1), [...last, one]]
      : [...groups, [one]]
  }, [])
  return groups.reduce((all, group) => all / factorial(group.length), factorial(components.length))
}

/** Multisets of so many of these. */
const multisets = <A>(count: number, of: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  count === 0
    ? [[]]
    : of.flatMap((first, i) => multisets(count - 1, of.slice(i)).map((rest): ReadonlyArray<A> => [first, ...rest]))

const allocations = (truth: Mixture.Mixture, count: number): ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>> => {
  const centres = centresOf(truth)
  const middles = centres.flatMap((a, i) => centres.slice(i + 1).map(b => a.map((x, j) => (x + b[j]) / 2)))
  return multisets(count, [...centres, ...middles]).slice(0, ALLOCATIONS)
}

/** A loss as a function of packed parameters. */
const smoothOf = <P extends string>(
  loss: Loss<P>
): Courses.Smooth & { readonly unpacked: (x: Float64Array) => Params.Params<P> } => {
  const unpacked = Params.unpacked(loss.shapes)
  return {
    unpacked,
    at: x => {
      const { value, gradient } = loss.evaluate(unpacked(x))
      return { value, gradient: Params.packed(gradient) }
    },
    hessian: x => matrixOf(loss, unpacked(x)).values
  }
}

/** The same, and points of it that are told apart up to relabelling, and reflection where asked. */
const packed = <P extends string>(loss: Loss<P>, reflects: boolean) => {
  const { score, data } = loss
  const truth = data.mixture
  const mixtureOf = mixtureIn(score)
  const { at, hessian: curved, unpacked } = smoothOf(loss)
  if (reflects && !near(listed(truth, 1), listed(truth, -1), 1e-9))
    return refuse(`Population: ${Mixture.show(truth)} is not symmetric; leave reflection out of modulo`)
  // Where noise is least the reach is least, in units of the data.
  const wide = widthOf(loss)
  const farthest = (x: Float64Array): number =>
    Math.max(
      ...centresOf(mixtureOf(unpacked(x))).map(c =>
        Math.min(...centresOf(truth).map(m => norm(Float64Array.from(c, (v, j) => v - m[j]))))
      )
    ) / wide
  /** The stationary point near parameters, or how far the search came. */
  const refined = (start: Float64Array): Courses.Ended =>
    Courses.converge({ at, hessian: curved }, start, {
      steps: 100,
      left: x => !(farthest(x) <= LEFT * REACH)
    })
  const left = (x: Float64Array): boolean => !(farthest(x) <= REACH)
  const pointAt = ({ x, value, gradient }: Courses.Ended): StationaryPoint<P> => {
    const { spectrum } = hessian(loss)(unpacked(x))
    const least = FLAT * Math.max(1, ...spectrum.map(Math.abs))
    const mixture = mixtureOf(unpacked(x))
    const own = listed(mixture, 1)
    return {
      params: unpacked(x),
      value,
      standardError: loss.standardErrors(unpacked(x)).value,
      gradientNorm: norm(gradient),
      spectrum,
      index: spectrum.filter(e => e < -least).length,
      flat: spectrum.filter(e => Math.abs(e) <= least).length,
      starts: 0,
      images: relabellings(own) * (reflects && !near(own, listed(mixture, -1), SAME.isolated) ? 2 : 1)
    }
  }
  /** The points where searches ended, by value, each once; and of each search which. */
  const collected = (ends: ReadonlyArray<Courses.Ended>): Pick<Basin<P>, 'points' | 'ends'> => {
    type Led = StationaryPoint<P> | Exclude<End, number>
    const ledTo = (led: ReadonlyArray<Led>, end: Courses.Ended): Led => {
      if (left(end.x)) return 'escaped'
      if (!(norm(end.gradient) <= VANISHED)) return 'unfinished'
      const mixture = mixtureOf(unpacked(end.x))
      const known = led.find(point => {
        if (typeof point === 'string') return false
        const tolerance = point.flat > 0 ? SAME.flat : SAME.isolated
        const there = listed(mixtureOf(point.params), 1)
        return near(listed(mixture, 1), there, tolerance) || (reflects && near(listed(mixture, -1), there, tolerance))
      })
      return known ?? pointAt(end)
    }
    const led = ends.reduce<ReadonlyArray<Led>>((before, end) => [...before, ledTo(before, end)], [])
    const points = [...new Set(led)]
      .flatMap(one => (typeof one === 'string' ? [] : [one]))
      .sort((a, b) => a.value - b.value)
    return {
      points: points.map(point => ({ ...point, starts: led.filter(one => one === point).length })),
      ends: led.map(one => (typeof one === 'string' ? one : points.indexOf(one)))
    }
  }
  return { at, unpacked, left, refined, collected }
}

/** One line a point, its centres last. */
const tableOf = <P extends string>(score: Score.Score<P>, points: ReadonlyArray<StationaryPoint<P>>): string => {
  const mixtureOf = mixtureIn(score)
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
        centresOf(mixtureOf(params))
          .map(c => (c.length === 1 ? '' : '(') + c.map(x => x.toFixed(4)).join(' ') + (c.length === 1 ? '' : ')'))
          .join(', ')
      ].join(' ')
    )
  ].join('\n')
}

/**
 * Stationary points of a population's loss: by Levenberg–Marquardt on |∇L|², which saddles attract too, from random starts and from
 * allocations of students to the teacher's centres and the midpoints between them; collected up to relabelling. No list is known to be
 * complete: the Morse sum is a necessary condition, and few starts for a point say that others may be missing.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Population, Score, TimeLaw } from 'ornstein'
 *
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.against(Mixture.of({ means: [[-2], [2]] }), TimeLaw.at(0.1))
 * })
 * const { points } = Population.stationary(loss, { starts: 10, modulo: 'relabelling and reflection' })
 * assert.deepEqual([points[0].index, points[0].flat], [0, 0]) // the truth, a minimum
 */
export const stationary = <P extends string>(
  loss: Loss<P>,
  { starts = 100, spread = 4, seed = 0, modulo = 'relabelling' }: StationaryOptions = {}
): Stationary<P> => {
  const { score, data, shapes } = loss
  const truth = data.mixture
  const { refined, collected } = packed(loss, modulo === 'relabelling and reflection')
  const random = RA.makeBy(starts, i => {
    const keys = pipe(Key.fromSeed(seed), Key.child(i), Key.named('size', 'values'))
    const [u] = Key.uniform(1)(keys.size)
    return Key.normal(Params.sizeOf(shapes))(keys.values).map(z => spread * (0.2 + 0.8 * u) * z)
  })
  const { family } = Score.interpret(score)
  const start = family && Score.startOf(family, data.dim)
  const begin =
    start === undefined
      ? []
      : allocations(truth, start.count).map(means => {
          const centres = { shape: [start.count, data.dim], values: Float64Array.from(means.flat()) }
          return Params.packed(start.fromCentres(centres, meanVariance(truth)))
        })
  const { points, ends } = collected([...begin, ...random].map(refined))
  return {
    points,
    escaped: ends.filter(end => end === 'escaped').length,
    failed: ends.filter(end => end === 'unfinished').length,
    morse: points.some(({ flat }) => flat > 0)
      ? null
      : points.reduce((sum, { index, images }) => sum + (index % 2 === 0 ? images : -images), 0),
    table: () => tableOf(score, points)
  }
}

const meanVariance = ({ weights, variances }: Mixture.Mixture): number => {
  const per = variances.length / weights.length
  return variances.reduce((sum, v, i) => sum + (weights[Math.floor(i / per)] * v) / per, 0)
}

/** The standard deviation of x_t/α at the least noise of a loss, that of the widest component. */
const widthOf = <P extends string>({ schedule, objective, data }: Loss<P>): number => {
  const noise = Objective.terms(objective).flatMap(({ term }) =>
    Objective.isMatching(term)
      ? TimeLaw.quadrature(
          schedule,
          TimeLaw.NODES
        )(term.timeLaw).map(({ time }) => {
          const { alpha, sigma } = Schedule.level(time)(schedule)
          return sigma / alpha
        })
      : [0]
  )
  const least = Math.min(...noise)
  return Math.sqrt(Math.max(...data.mixture.variances) + least * least)
}

// —— flows ——

/** A moment of a gradient flow, or of a map that is repeated: then time counts its steps, and the norm is the length of the next. */
export interface Moment<P extends string> {
  readonly time: number
  readonly params: Params.Params<P>
  readonly value: number
  readonly gradientNorm: number
}

/** A step from parameters, with the value of what it lowers there. */
export type Step<P extends string> = (params: Params.Params<P>) => {
  readonly value: number
  readonly params: Params.Params<P>
}

export interface FlowOptions<P extends string = string> {
  readonly until?: Partial<Courses.Until>
  /** The error of a step that is accepted, as a share of its length; 1e-4 unless given. */
  readonly tolerance?: number
  /** A map that is repeated in place of the gradient's flow, such as `expectationMaximization(loss)`. */
  readonly map?: Step<P>
}

/** No component's variance falls below this by expectation–maximization, as in its stage. */
const FLOOR = 1e-6

/**
 * The map of expectation–maximization on the population of a loss, at its noise level: θ⁺ = argmax E Σ_k p(k | x_t; θ) log p_t(x_t, k; θ⁺),
 * an integral. Its value is −E log p_t(x_t; θ), which it never raises (Dempster, Laird & Rubin 1977). For `Objective.likelihood` t = 0.
 *
 * @throws RangeError where the family has no M-step, or the loss several noise levels
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score } from 'ornstein'
 *
 * const truth = Mixture.of({ means: [[-2], [2]] })
 * const loss = Population.loss({ score: Score.spherical({ components: 2 }), objective: Objective.likelihood, data: truth })
 * const { params } = Population.expectationMaximization(loss)(Params.of({ means: [[-2], [2]] }))
 * assert.ok(Math.abs(params.means.values[0] + 2) < 1e-12) // the truth stays
 */
export const expectationMaximization = <P extends string>({ score, objective, schedule, data }: Loss<P>): Step<P> => {
  const times = Objective.terms(objective).flatMap(({ term }) =>
    Objective.isMatching(term) ? TimeLaw.quadrature(schedule, TimeLaw.NODES)(term.timeLaw).map(({ time }) => time) : []
  )
  if (times.length > 1)
    return refuse(
      `Population.expectationMaximization: ${Objective.show(objective)} has ${times.length} noise levels; take TimeLaw.at(t), or Objective.likelihood`
    )
  const { family } = Score.interpret(score)
  if (family === undefined || !EM.servesPrior(family))
    return refuse(`Population.expectationMaximization: ${Score.show(score)} has no M-step; take the gradient's flow`)
  return EM.integratedStep(family, FLOOR, data, times.length === 0 ? null : Schedule.level(times[0])(schedule))
}

/**
 * Gradient flow, θ′ = −∇L, from parameters: its moments, by exponential steps of order 3 whose size follows from their error (Hochbruck,
 * Ostermann & Schweitzer 2009). It ends where the gradient is small, at a time, or after so many steps. With a `map`, that is repeated instead.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'
 *
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.against(Mixture.of({ means: [[-4], [4]] }), TimeLaw.at(0.1))
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
    followed(loss, options, () => false)(start)

/** The same, as long as it has not left. */
const followed = <P extends string>(
  loss: Loss<P>,
  { until = {}, tolerance = 1e-4, map }: FlowOptions<P>,
  left: (x: Float64Array) => boolean
): ((start: Params.Params<P>) => ReadonlyArray<Moment<P>>) => {
  const { unpacked, ...smooth } = smoothOf(loss)
  const whole = { gradientNorm: 1e-8, time: Infinity, steps: 10_000, ...until }
  const courseFrom = (start: Float64Array): ReadonlyArray<Courses.Moment> =>
    map === undefined
      ? Courses.descend(smooth, start, tolerance, whole, left)
      : Courses.repeat(
          x => {
            const { value, params } = map(unpacked(x))
            return { value, x: Params.packed(params) }
          },
          start,
          whole,
          left
        )
  return start =>
    courseFrom(Params.packed(Params.checked(loss.shapes)(start))).map(({ time, x, value, gradient }) => ({
      time,
      params: unpacked(x),
      value,
      gradientNorm: norm(gradient)
    }))
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
  readonly end: Continuation.End
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
  const { unpacked, refined } = packed(begin, false)
  const start = refined(Params.packed(Params.checked(begin.shapes)(from.params)))
  if (!(norm(start.gradient) <= VANISHED))
    return refuse(
      `Population.follow: no stationary point near params at ${from.at}, gradient ${norm(start.gradient).toPrecision(2)}; take one of Population.stationary`
    )
  const { path, end, vanishing } = Continuation.follow(
    at => {
      const own = smoothOf(lossAt(at))
      return { gradient: x => own.at(x).gradient, hessian: own.hessian }
    },
    { at: from.at, x: start.x },
    { by, until, steps, scale: widthOf(begin) }
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

/** Where a start led: a stationary point by its place in the list; away from the population; or nowhere within the steps. */
export type End = number | 'escaped' | 'unfinished'

/** Starts in a plane of parameters: origin + u · across + v · up, u and v from −reach to reach, so many of each. */
export interface Plane<P extends string> {
  readonly origin: Params.Params<P>
  readonly across: Params.Params<P>
  readonly up: Params.Params<P>
  readonly reach: number
  readonly count: number
}

/** Flows of a tolerance of 1e-2 unless given, as near a border alone it matters. */
export interface BasinOptions<P extends string> extends FlowOptions<P> {
  readonly starts: ReadonlyArray<Params.Params<P>> | Plane<P>
  /** Which points are the same. */
  readonly modulo?: StationaryOptions['modulo']
}

/** To which stationary point each start flows. */
export interface Basin<P extends string> {
  /** By value; `starts` is how many led there. */
  readonly points: ReadonlyArray<StationaryPoint<P>>
  /** One an initial point, of a plane row by row, the least v first. */
  readonly ends: ReadonlyArray<End>
  /** A letter a start, A for the first of the points; · escaped, ? unfinished. Of a plane a line for each v, the greatest first. */
  readonly picture: () => string
  /** One line a point. */
  readonly table: () => string
}

const isPlane = <P extends string>(starts: BasinOptions<P>['starts']): starts is Plane<P> => 'origin' in starts

const letter = (end: End): string =>
  end === 'escaped' ? '·' : end === 'unfinished' ? '?' : String.fromCodePoint(65 + Math.min(end, 25))

/**
 * Basins of attraction: the flow is followed from each start, and where it ends is refined to a stationary point. A start on the border
 * between basins, such as one with two equal centres, may end at a saddle, whose index says so.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'
 *
 * // Two students of two Gaussians. Starts with equal centres stay so, and end at the saddle between.
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.against(Mixture.of({ means: [[-2], [2]] }), TimeLaw.at(0.1))
 * })
 * const means = (a: number, b: number) => Params.of({ means: [[a], [b]] })
 * const found = Population.basin(loss, {
 *   starts: { origin: means(0, 0), across: means(1, 0), up: means(0, 1), reach: 3, count: 3 }
 * })
 * assert.equal(found.picture(), 'AAB\nABA\nBAA')
 * assert.deepEqual(found.points.map(({ index }) => index), [0, 1])
 */
export const basin = <P extends string>(
  loss: Loss<P>,
  { starts, modulo = 'relabelling', until = {}, tolerance = 1e-2, map }: BasinOptions<P>
): Basin<P> => {
  const { unpacked, at, left, refined, collected } = packed(loss, modulo === 'relabelling and reflection')
  const begin = isPlane(starts)
    ? pipe([starts.origin, starts.across, starts.up].map(Params.packed), ([origin, across, up]) => {
        const along = (i: number): number => starts.reach * ((2 * i) / Math.max(1, starts.count - 1) - 1)
        return RA.makeBy(starts.count * starts.count, i =>
          unpacked(
            origin.map((x, j) => x + along(i % starts.count) * across[j] + along(Math.floor(i / starts.count)) * up[j])
          )
        )
      })
    : starts
  const gradientNorm = until.gradientNorm ?? 1e-7
  const courseFrom = followed(loss, { tolerance, until: { ...until, gradientNorm }, ...(map && { map }) }, left)
  const { points, ends } = collected(
    begin.map(start => {
      const course = courseFrom(start)
      const last = course[course.length - 1]
      const x = Params.packed(last.params)
      return last.gradientNorm <= gradientNorm ? refined(x) : { x, ...at(x) }
    })
  )
  return {
    points,
    ends,
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
    table: () => tableOf(loss.score, points)
  }
}
