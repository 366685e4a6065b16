/** Compiled sampling programs: trajectories, samples, variations and likelihoods; integration along a velocity. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import { isIterable, iterate, lastElement, unfoldIterable } from '../../lib/plain/iterate.js'
import type * as Ode from '../../lib/numbers/ode.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { Case, argumentWithFields, mistaken } from '../core/index.js'
import type { Explanation } from '../compile/index.js'
import * as Limits from '../core/limits.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import type { PointsLike } from '../data/rowsArgument.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import {
  requireSameSize,
  SAMPLER_CALL,
  requireFiniteValues,
  guardedScore,
  noRecord,
  ofDimension,
  samplerPoints
} from './guards.js'
import { euler, movesAtLevel } from './samplers.js'
import type { Differentiable, Smooth } from './scores.js'
import {
  pointsLike,
  combinePoints,
  concept,
  nodeAtTime,
  nodeOfAngle,
  problems,
  show,
  flowVelocity,
  type Flow,
  type Node,
  type Sampler,
  type ScoreFunction
} from './step.js'
import * as TimeGrid from './timeGrid.js'

export interface Description<S extends Sampler = Sampler> {
  readonly sampler: S
  readonly grid: TimeGrid.TimeGrid
  readonly schedule: Schedule.Schedule
  /**
   * Approximate distribution of the data, diffused to the noisy end, where points start. Default: N(0, I), so that points start from N(0,
   * (α² + σ²) I).
   */
  readonly prior?: Mixture.Mixture
}

export interface Program<S extends Sampler = Sampler> extends Description<S> {
  /** Nodes of the grid, the noisy end first. */
  readonly nodes: ReadonlyArray<Node>
}

export interface State {
  /** Number of steps so far. */
  readonly step: number
  readonly time: number
  readonly points: Points.Points
  readonly memory: unknown
}

/**
 * Checks a description. Returns a program, or all problems.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Problem, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const compiled = Sampler.compile({
 *   sampler: Sampler.ddim({ eta: 2 }),
 *   grid: TimeGrid.uniform({ from: 0.1, to: 6, steps: 0 }),
 *   schedule: Schedule.ornsteinUhlenbeck
 * })
 * assert.ok(E.isLeft(compiled))
 * assert.deepEqual(compiled.left.map(Problem.show), [
 *   'sampler.eta: 2 is not in [0, 1]; try 0, or 1 for Sampler.ancestral',
 *   'grid.to: 6 is not < 0.1: times fall from noise to data; swap the two',
 *   'grid.steps: 0 is not a whole number ≥ 1; try 100'
 * ])
 */
export const compile = <S extends Sampler>(description: Description<S>): E.Either<Problem.Problems, Program<S>> => {
  const amiss = noRecord(description, 'Sampler.compile({ sampler, grid, schedule })')
  if (amiss.length > 0) return Problem.faultless(amiss, { ...description, nodes: [] })
  const { sampler, grid, schedule } = description
  const own = problems(sampler)
  const found = [
    ...Schedule.problems(schedule).map(Problem.within('schedule')),
    ...own.map(Problem.within('sampler')),
    ...TimeGrid.problems(schedule)(grid).map(Problem.within('grid')),
    ...Problem.unless(
      own.length > 0 || !TimeGrid.isOneLevel(schedule)(grid) || movesAtLevel(sampler),
      'sampler',
      `${show(sampler)} on ${TimeGrid.show(grid)}`,
      'one that moves at a level',
      'use Sampler.langevin, or a grid that falls'
    )
  ]
  return pipe(
    Problem.faultless(found, description),
    E.map(right => ({ ...right, nodes: Array.from(TimeGrid.times(schedule)(grid), nodeAtTime(schedule)) }))
  )
}

// -- running ---------------------------------------------------------------------------------------------------------

const samplerProgram = <S extends Sampler>(program: Program<S>): Program<S> =>
  argumentWithFields(program, ['sampler', 'schedule', 'nodes'], 'a program made by Sampler.compile', SAMPLER_CALL)

const standardNormalMixture = (dim: number): Mixture.Mixture => ({
  means: { shape: [1, dim], values: new Float64Array(dim) },
  weights: Float64Array.of(1),
  variances: Float64Array.of(1),
  factors: null
})

/** Prior diffused to the noisy end. */
const noisyEndPrior = (noisy: Node, prior: Mixture.Mixture | undefined, dim: number): Mixture.Mixture => {
  const wrong = Problem.requireCount('dim', dim, { least: 1, suggestion: 2, most: Limits.maxColumns })
  if (wrong.length > 0) return refuseWith(wrong[0], `${SAMPLER_CALL}: ${Problem.show(wrong[0])}`)
  return pipe(ofDimension('the prior', prior ?? standardNormalMixture(dim), dim), Mixture.diffuse(noisy))
}

/** Returns the next state; null after the last. Step i draws from the i-th child of `key`. */
const nextSamplerState = (
  { sampler, schedule, nodes }: Program,
  score: ScoreFunction,
  key: Key.Key
): ((s: State) => State | null) => {
  const run = concept.meaning(sampler).step
  const checked = guardedScore(score)
  return ({ step, points, memory }) => {
    if (step + 1 >= nodes.length) return null
    const from = nodes[step]
    const to = nodes[step + 1]
    const moved = run({ schedule, score: checked, from, to, points, memory, key: pipe(key, Key.child(step)) })
    const place = `points after step ${step + 1}, at time ${to.time}`
    requireSameSize(points, place, 'lead every point somewhere', moved.points)
    requireFiniteValues(place, 'take more steps, or smaller moves', moved.points.values)
    return { step: step + 1, time: to.time, points: moved.points, memory: moved.memory ?? null }
  }
}

const firstSamplerState = (program: Program, { rows, dim, values }: Points.Points): State => ({
  step: 0,
  time: samplerProgram(program).nodes[0].time,
  points: { rows, dim, values },
  memory: null
})

/**
 * Runs a program from given points at the noisy end, such as the end of another chain, or noised data. Returns the states lazily, one for
 * each time of the grid.
 */
export const transport =
  (program: Program) =>
  (score: ScoreFunction) =>
  (points: PointsLike) =>
  (key: Key.Key): Iterable<State> =>
    unfoldIterable(
      firstSamplerState(program, samplerPoints(points, 'Sampler.transport(program)(score)(points)(key)')),
      nextSamplerState(program, score, pipe(key, Key.named('steps')).steps)
    )

/**
 * Last state of `transport`, `trajectory` or `integrateVelocity`; earlier states are not kept.
 *
 * @throws RangeError if there are no states
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Mixture, Problem, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const grid = TimeGrid.logSnr({ from: 4, to: 0.001, steps: 40 })
 * const program = Problem.orThrow(Sampler.compile({ sampler: Sampler.heun, grid, schedule }))
 * const score = Sampler.exact(Mixture.of({ means: [[-2], [2]], variances: [0.01, 0.01] }), schedule)
 * const start = { rows: 2, dim: 1, values: Float64Array.of(-1, 1) }
 * const { time, points } = Sampler.finalState(Sampler.transport(program)(score)(start)(Key.fromSeed(1)))
 * assert.ok(Math.abs(time - 0.001) < 1e-12 && Math.abs(points.values[0] + 2) < 0.3)
 */
export const finalState = (states: Iterable<State>): State =>
  lastElement(isIterable(states) ? states : mistaken('the states of points', states, 'Sampler.finalState(states)')) ??
  refuse('Sampler.finalState: there are no states; give those of Sampler.transport')

const beginSampling = (program: Program, rows: number, dim: number, key: Key.Key): State =>
  firstSamplerState(
    program,
    pipe(
      noisyEndPrior(samplerProgram(program).nodes[0], program.prior, dim),
      Mixture.sample(rows)(pipe(key, Key.named('start')).start)
    )
  )

/**
 * Explains the steps, and how the score is computed for these points at the first step. `Compile.explain` prints it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Mixture, Problem, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const grid = TimeGrid.logSnr({ from: 4, to: 0.001, steps: 40 })
 * const program = Problem.orThrow(Sampler.compile({ sampler: Sampler.heun, grid, schedule }))
 * const how = Sampler.how(program)(Sampler.exact(Mixture.of({ means: [[-2], [2]] }), schedule))
 * assert.match(Compile.explain(how(10, 1)), /^by interpreted: 40 steps of Sampler.heun; the score: 10 rows are over before/)
 * assert.match(Compile.explain(how(100_000, 1)), /^by compiled: 40 steps of Sampler.heun; the score: one program over the rows/)
 */
export const how =
  (program: Program) =>
  (score: ScoreFunction & Pick<Smooth, 'how'>) =>
  (rows: number, dim: number): Explanation => {
    const { points, time } = beginSampling(program, rows, dim, Key.fromSeed(0))
    const { engine, reason, parts } = score.how?.(points, time) ?? {
      engine: 'interpreted',
      reason: 'a function of your own',
      parts: () => []
    }
    return {
      engine,
      parts,
      reason: `${program.nodes.length - 1} steps of ${show(program.sampler)}; the score: ${reason}`
    }
  }

/**
 * Trajectory from noise to data: the state at each time of the grid, lazily, the noisy end first. Equal keys give equal bits.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key, Mixture, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const score = Sampler.exact(Mixture.symmetricPair([2, 0]), schedule)
 * const times = pipe(
 *   Sampler.compile({ sampler: Sampler.ancestral, grid: TimeGrid.uniform({ from: 4, to: 0, steps: 4 }), schedule }),
 *   E.map(program => Array.from(Sampler.trajectory(program)(score)(10, 2)(Key.fromSeed(7)), ({ time }) => time))
 * )
 * assert.deepEqual(times, E.right([4, 3, 2, 1, 0]))
 */
export const trajectory =
  (program: Program) =>
  (score: ScoreFunction) =>
  (rows: number, dim: number) =>
  (key: Key.Key): Iterable<State> =>
    unfoldIterable(
      beginSampling(program, rows, dim, key),
      nextSamplerState(program, score, pipe(key, Key.named('steps')).steps)
    )

/**
 * Samples points at the clean end.
 *
 * @throws RangeError with the `problem` if a score does not return a finite vector for each point, or points overflow,
 * as in `trajectory` and `transport`
 */
export const sample =
  (program: Program) =>
  (score: ScoreFunction) =>
  (rows: number, dim: number) =>
  (key: Key.Key): Points.Points =>
    iterate(
      beginSampling(program, rows, dim, key),
      nextSamplerState(program, score, pipe(key, Key.named('steps')).steps)
    ).points

/**
 * Variations of given points: adds noise of the grid's first level, and runs to the clean end. Less noise keeps them nearer (SDEdit: Meng
 * et al. 2021, arXiv 2108.01073).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key, Mixture, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const score = Sampler.exact(Mixture.of({ means: [[-5], [5]], variances: [0.01, 0.01] }), schedule)
 * const grid = TimeGrid.logSnr({ from: 0.3, to: 1e-3, steps: 20 })
 * const program = Sampler.compile({ sampler: Sampler.heun, grid, schedule })
 * assert.ok(E.isRight(program))
 * const sketch = { rows: 2, dim: 1, values: Float64Array.of(-4, 6) }
 * const { values } = Sampler.sdEdit(program.right)(score)(sketch)(Key.fromSeed(1))
 * assert.ok(Math.abs(values[0] + 5) < 0.5 && Math.abs(values[1] - 5) < 0.5)
 */
export const sdEdit =
  (program: Program) =>
  (score: ScoreFunction) =>
  (given: PointsLike) =>
  (key: Key.Key): Points.Points => {
    const [{ alpha, sigma }] = samplerProgram(program).nodes
    const points = samplerPoints(given, 'Sampler.sdEdit(program)(score)(points)(key)')
    const keys = pipe(key, Key.named('noise', 'steps'))
    const noise = Key.normal(points.values.length)(keys.noise)
    const noisy = pointsLike(
      points,
      points.values.map((x, i) => alpha * x + sigma * noise[i])
    )
    return iterate(firstSamplerState(program, noisy), nextSamplerState(program, score, keys.steps)).points
  }

/**
 * Log-density of a score at the clean end of the grid, by the instantaneous change of variables along the probability flow dz/dθ = v, z =
 * x/n, n = √(α² + σ²): log p(x) = log p_T(x_T) + d log(n_T/n) + ∫ div v dθ from the clean end to the noisy, with div v = −σ/α (n² div ∇log
 * p + d) (Chen et al. 2018, arXiv 1806.07366, theorem 1; Song et al. 2021, arXiv 2011.13456, §4.3). Exact up to the solver and to p_T, the
 * program's diffused prior. In many dimensions `{ probes, key }` estimates the divergence without bias by `probes` random directions v for
 * each row, with entries ±1, fixed along the way (Grathwohl et al. 2019, arXiv 1810.01367).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Mixture, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const truth = Mixture.symmetricPair([1, 1])
 * const points = { rows: 2, dim: 2, values: Float64Array.of(0, 0, 1, 3) }
 * const found = pipe(
 *   Sampler.compile({
 *     sampler: Sampler.dormandPrince({ tolerance: 1e-9 }),
 *     grid: TimeGrid.uniform({ from: 12, to: 0, steps: 1 }),
 *     schedule
 *   }),
 *   E.map(program => Sampler.logDensity(program)(Sampler.exact(truth, schedule))(points))
 * )
 * assert.ok(E.isRight(found))
 * pipe(truth, Mixture.logDensity(points)).forEach((wanted, i) => {
 *   assert.ok(Math.abs(found.right[i] - wanted) < 1e-7)
 * })
 */
export function logDensity(program: Program<Flow>): (score: Differentiable) => (points: PointsLike) => Float64Array
export function logDensity(
  program: Program<Flow>,
  estimate: Probes
): (score: Smooth) => (points: PointsLike) => Float64Array
export function logDensity(
  program: Program<Flow>,
  estimate?: Probes
): (score: Smooth) => (points: PointsLike) => Float64Array {
  const { sampler, schedule, nodes, prior } = samplerProgram(program)
  const call = 'Sampler.logDensity(program)(score)(points)'
  return score => given => {
    const points = samplerPoints(given, call)
    const { rows, dim, values } = points
    if (typeof score !== 'function' || !((estimate === undefined ? 'divergence' : 'vjp') in score))
      return mistaken('a score that can be differentiated: make it by Sampler.learned or Sampler.exact', score, call)
    const divergence = estimate === undefined ? score.divergence : hutchinsonDivergence(score, estimate, points)
    const count = rows * dim
    const noisy = nodes[0]
    const clean = nodes[nodes.length - 1]
    const solve = Case.meaning(sampler).solver
    const begin = new Float64Array(count + rows).map((_, i) => (i < count ? values[i] / clean.size : 0))
    const { state: end } = nodes.slice(0, -1).reduceRight<{ readonly state: Float64Array; readonly from: Node }>(
      ({ state, from }, to) => ({
        state: solve(likelihoodField(score, divergence, points, nodeOfAngle(schedule, from, to)))(
          from.angle,
          to.angle,
          state
        ),
        from: to
      }),
      { state: begin, from: clean }
    )
    const grown = dim * Elementary.log(noisy.size / clean.size)
    return pipe(noisyEndPrior(noisy, prior, dim), Mixture.logDensity(pointsOfState(points, end, noisy))).map(
      (value, i) => value + grown + end[count + i]
    )
  }
}

/** x at a node from the solver's state: z of every point, then the integral of every point. */
const pointsOfState = ({ rows, dim }: Points.Points, state: Float64Array, { size }: Node): Points.Points => ({
  rows,
  dim,
  values: state.subarray(0, rows * dim).map(z => size * z)
})

/** dz/dθ of every point, then div v of every point. */
const likelihoodField =
  (
    score: ScoreFunction,
    divergence: Differentiable['divergence'],
    points: Points.Points,
    nodeOf: (angle: number) => Node
  ): Ode.VectorField =>
  (angle, state) => {
    const count = points.rows * points.dim
    const node = nodeOf(angle)
    const { time, alpha, sigma, size } = node
    if (sigma === 0) return new Float64Array(state.length)
    const x = pointsOfState(points, state, node)
    const slopes = flowVelocity(node, state.subarray(0, count), guardedScore(score)(x, time).values)
    const divergences = requireFiniteValues(
      `divergence of the score at time ${time}`,
      'look at its parameters',
      divergence(x, time)
    )
    return state.map((_, i) =>
      i < count ? slopes[i] : (-sigma / alpha) * (size * size * divergences[i - count] + points.dim)
    )
  }

/** Random directions for estimating a divergence. */
export interface Probes {
  readonly probes: number
  readonly key: Key.Key
}

/** div s ≈ the mean of vᵀ∂s/∂x v, all directions at once. */
const hutchinsonDivergence = (
  { vjp }: Smooth,
  { probes, key }: Probes,
  { rows, dim }: Points.Points
): Differentiable['divergence'] => {
  const wrong = Problem.requireCount('probes', probes, { least: 1, suggestion: 1 })
  if (wrong.length > 0) return refuseWith(wrong[0], `Sampler.logDensity: ${Problem.show(wrong[0])}`)
  const size = rows * dim
  const uniform = new Float64Array(probes * size)
  Key.fillUniform(0, uniform)(key)
  const v = uniform.map(u => (u < 0.5 ? -1 : 1))
  return (x, time) => {
    const all = { rows: probes * rows, dim, values: v.map((_, i) => x.values[i % size]) }
    const product = vjp(all, time, v).values
    /** Index into v, whose rows repeat the points once for each direction. */
    const place = (row: number, i: number): number => (Math.floor(i / dim) * rows + row) * dim + (i % dim)
    return new Float64Array(rows).map(
      (_, row) =>
        Array.from({ length: probes * dim }, (_, i) => place(row, i)).reduce(
          (sum, at) => sum + product[at] * v[at],
          0
        ) / probes
    )
  }
}

// -- along a velocity ------------------------------------------------------------------------------------------------

/** dx/dt at each point, as learned by flow matching, a rectified flow or an interpolant. */
export type VelocityFunction = (points: Points.Points, time: number) => { readonly values: Float64Array }

/** Velocity from a head of a score, with parameters at time 0. */
export const headVelocity =
  <P extends string, H extends string>(
    score: Score.Score<P, H>,
    schedule: Schedule.Schedule,
    params: Params.Params<P>,
    name: H
  ): VelocityFunction =>
  (points, time) =>
    Score.heads(score, schedule)(params)(time)(points)[name]

/** Integration from one time to another, possibly earlier, in equal steps. */
export interface VelocityIntegration {
  /** Solver: `euler`, `heun`, `rungeKutta4`, `dormandPrince`, or a custom one. */
  readonly by: Flow
  readonly from: number
  readonly to: number
  readonly steps: number
  /** Noise on the way, for `euler` only: dx = v dt + size(t) dW. */
  readonly diffusion?: { readonly size: (time: number) => number; readonly key: Key.Key }
}

/**
 * Integrates points along a velocity, dx/dt = v(x, t), without a schedule or a score; `headVelocity` is that of a network. Returns the
 * states lazily, the first with the given points.
 *
 * @throws RangeError with the `problem` if a velocity does not return a finite vector for each point
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Problem, Sampler } from 'ornstein'
 *
 * // dx/dt = −x, from 0 to 1: e⁻¹ of what it was.
 * const decay = Problem.orThrow(Sampler.integrateVelocity({ by: Sampler.dormandPrince({ tolerance: 1e-10 }), from: 0, to: 1, steps: 2 }))
 * const states = [...decay(({ values }) => ({ values: values.map(x => -x) }))({ rows: 1, dim: 1, values: Float64Array.of(1) })]
 * assert.deepEqual(states.map(({ time }) => time), [0, 0.5, 1])
 * assert.ok(Math.abs(states[2].points.values[0] - Math.exp(-1)) < 1e-9)
 */
export const integrateVelocity = (
  way: VelocityIntegration
): E.Either<Problem.Problems, (velocity: VelocityFunction) => (points: PointsLike) => Iterable<State>> => {
  const amiss = noRecord(way, 'Sampler.integrateVelocity({ by, from, to, steps })')
  if (amiss.length > 0) return Problem.faultless(amiss, () => () => [])
  const { by, from, to, steps, diffusion } = way
  const found = [
    ...problems(by).map(Problem.within('by')),
    ...Problem.unless(Number.isFinite(from), 'from', from, 'finite', 'try 0'),
    ...Problem.unless(Number.isFinite(to) && to !== from, 'to', to, `finite, and not ${from}`, 'try 1'),
    ...Problem.requireCount('steps', steps, { least: 1, suggestion: 20, most: Limits.maxTimes }),
    ...Problem.unless(
      diffusion === undefined || Case.isMadeBy(euler)(by),
      'by',
      show(by),
      'Sampler.euler, the solver with noise on the way',
      'use it, or leave the diffusion out'
    )
  ]
  const timeAt = (step: number): number => (step === steps ? to : from + ((to - from) * step) / steps)
  return Problem.faultless(found, velocity => {
    const { solver: solve } = Case.meaning(by)
    const next = ({ step, time, points }: State): State | null => {
      if (step === steps) return null
      const field: Ode.VectorField = (t, y) => {
        const place = `velocity at time ${t}`
        const { values } = velocity({ ...points, values: y }, t)
        requireSameSize(points, place, 'return a vector for each point', { ...points, values })
        return requireFiniteValues(place, 'look at its parameters', values)
      }
      const later = timeAt(step + 1)
      const carried = solve(field)(time, later, points.values)
      const size = diffusion === undefined ? 0 : diffusion.size(time) * Math.sqrt(Math.abs(later - time))
      const key = pipe(diffusion?.key ?? Key.fromSeed(0), Key.child(step))
      const values = combinePoints({ points, key }, [[1, carried]], size)
      return { step: step + 1, time: later, points: values, memory: null }
    }
    return given => {
      const points = samplerPoints(given, 'Sampler.integrateVelocity(options)(velocity)(points)')
      return unfoldIterable<State>({ step: 0, time: from, points, memory: null }, next)
    }
  })
}
