/** Samplers: from noise to data along a score, by the reverse SDE, the probability-flow ODE, or Langevin moves. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { fill, Key, vjp, type Tensor } from '../../lib/index.js'
import { iterate, unfold } from '../../lib/plain/iterate.js'
import { allFinite } from '../../lib/arrays/ndarray.js'
import * as Ode from '../../lib/numbers/ode.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { Case, Field, given, mistaken, Vocabulary, words } from '../core/index.js'
import { isRecord } from '../core/record.js'
import { typed } from '../core/spelling.js'
import * as Limits from '../core/limits.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Parametrization from '../schedule/parametrization.js'
import * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as TimeGrid from './timeGrid.js'

// -- what a sampler is -----------------------------------------------------------------------------------------------

/** ∇log p_t at each point: as many rows, of the same dimension. */
export type ScoreFunction = (points: Points.Points, time: number) => Points.Points

/** A time of the grid and what a step needs to know of it. */
export interface Node extends Schedule.Level {
  readonly time: number
  /** ς = σ/α */
  readonly ratio: number
  /** θ = arctan ς */
  readonly angle: number
  /** √(α² + σ²) */
  readonly size: number
}

/** One step of a program: from where, to where, along which score, with which randomness. */
export interface Step {
  readonly schedule: Schedule.Schedule
  readonly score: ScoreFunction
  readonly from: Node
  readonly to: Node
  readonly points: Points.Points
  /** What the step before it left; null at first. */
  readonly memory: unknown
  readonly key: Key.Key
}

/** Where a step leads, and what the next one is to know of it. */
export interface Moved {
  readonly points: Points.Points
  readonly memory?: unknown
}

export interface Meaning {
  /** Where a step leads: as many points. It sees the schedule by the levels of its two nodes. */
  readonly step: (step: Step) => Moved
  /** Whether it looks at the key: laws ask the same points of one that does not, and a law of one that does. */
  readonly draws: boolean
  /** Capability: it moves points at a level, and so may stand on a grid that stays at one. */
  readonly movesAtLevel?: boolean
  /** Capability, which laws hold it to: the order in the length of the steps that it converges with, where it draws nothing. */
  readonly order?: number
  /** Capability, which laws hold it to: the local error, relative to 1 + |x|, where it chooses its own steps. */
  readonly tolerance?: number
  /** How it solves the probability flow, where it does: then it also gives the likelihood. */
  readonly solver?: Ode.Solver
}

export interface Sampler extends Case.Value<'Sampler', Meaning> {}

/** Solvers of the probability-flow ODE, which also give the likelihood. */
export interface Flow extends Case.Value<'Sampler', Meaning & { readonly solver: Ode.Solver }> {}

export const { concept, define, show, formula, problems } = words<Sampler>(
  'Sampler',
  'from noise to data along a score'
)

/**
 * What solves the probability flow, given as a solver of dy/dt = f(t, y): from y at one t to y at another, which may be earlier.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Sampler } from 'ornstein'
 *
 * const euler = Sampler.define({
 *   name: 'plainEuler',
 *   about: 'the probability flow by steps along its slope',
 *   meaning: () => ({
 *     ...Sampler.alongFlow(field => (from, to, y) => {
 *       const slope = field(from, y)
 *       return y.map((value, i) => value + (to - from) * slope[i])
 *     }),
 *     order: 1
 *   })
 * })
 * assert.equal(Sampler.show(euler), 'Sampler.plainEuler')
 */
export const alongFlow = (solver: Ode.Solver): Pick<Meaning, 'step' | 'draws'> & { readonly solver: Ode.Solver } => ({
  step: carried(solver),
  draws: false,
  solver
})

// -- steps -----------------------------------------------------------------------------------------------------------

const nodeAt =
  (schedule: Schedule.Schedule) =>
  (time: number): Node => {
    const { alpha, sigma } = pipe(schedule, Schedule.level(time))
    return {
      time,
      alpha,
      sigma,
      ratio: sigma / alpha,
      angle: Elementary.atan2(sigma, alpha),
      size: Elementary.hypot(alpha, sigma)
    }
  }

const at = ({ rows, dim }: Points.Points, values: Float64Array): Points.Points => ({ rows, dim, values })

/** Points that are a combination of vectors, with noise of the given size: none is drawn where that is 0. */
const combined = (
  { points, key }: Pick<Step, 'points' | 'key'>,
  terms: ReadonlyArray<readonly [number, Float64Array]>,
  noise: number
): Points.Points => {
  const drawn = noise === 0 ? [] : [[noise, Key.normal(points.values.length)(key)] as const]
  return at(points, Ode.combine([...terms, ...drawn]))
}

/** x_s = α_s/α_t (x + weight σ_t² ∇log p) + noise z */
const linear = (step: Step, weight: number, noise: number): Moved => {
  const { score, from, to, points } = step
  const growth = to.alpha / from.alpha
  const terms = [
    [growth, points.values],
    [growth * weight * Elementary.square(from.sigma), score(points, from.time).values]
  ] as const
  return { points: combined(step, terms, noise) }
}

/** κ and 1 − κ², the latter without cancellation beyond that of the ratios. */
const shrinkage = ({ from, to }: Pick<Step, 'from' | 'to'>): { readonly kappa: number; readonly lost: number } => {
  const kappa = to.ratio / from.ratio
  return { kappa, lost: ((from.ratio - to.ratio) / from.ratio) * (1 + kappa) }
}

/** What a multistep method keeps of its last step. */
export interface Memory {
  /** x̂_0 */
  readonly predicted: Float64Array
  /** −log κ */
  readonly length: number
}

const isMemory = (u: unknown): u is Memory =>
  Case.field(u, 'predicted') instanceof Float64Array && typeof Case.field(u, 'length') === 'number'

const multistep = (step: Step): Moved => {
  const { score, from, to, points } = step
  const memory = isMemory(step.memory) ? step.memory : null
  const { kappa } = shrinkage(step)
  const length = -Elementary.log(kappa)
  const predicted = Ode.combine([
    [1 / from.alpha, points.values],
    [Elementary.square(from.sigma) / from.alpha, score(points, from.time).values]
  ])
  const slope = memory === null || kappa === 0 ? 0 : length / (2 * memory.length)
  const terms = [
    [(to.alpha / from.alpha) * kappa, points.values],
    [to.alpha * (1 - kappa) * (1 + slope), predicted],
    [-to.alpha * (1 - kappa) * slope, memory?.predicted ?? predicted]
  ] as const
  return { points: combined(step, terms, 0), memory: { predicted, length } }
}

/** One Langevin move at the step's new level. */
const move = (size: number, { score, to, points, key }: Pick<Step, 'score' | 'to' | 'points' | 'key'>): Points.Points =>
  size === 0
    ? points
    : combined(
        { points, key },
        [
          [1, points.values],
          [size, score(points, to.time).values]
        ],
        Math.sqrt(2 * size)
      )

const moves = (
  { moves, snr }: { readonly moves: number; readonly snr: number },
  step: Pick<Step, 'score' | 'to' | 'points' | 'key'>
): Points.Points =>
  Key.split(moves)(step.key).reduce(
    (points, key) => move(2 * Elementary.square(snr * step.to.sigma), { ...step, points, key }),
    step.points
  )

/** The node of any angle between those of two others, which are known exactly. */
const nodeOfAngle = (schedule: Schedule.Schedule, a: Node, b: Node): ((angle: number) => Node) => {
  const nodeOf = nodeAt(schedule)
  return angle =>
    angle === a.angle
      ? a
      : angle === b.angle
        ? b
        : // log(α²/σ²) = −2 log ς
          nodeOf(pipe(schedule, Schedule.timeOfLogSnr(-2 * Elementary.log(Elementary.tan(angle)))))
}

/** dz/dθ = (ε − sin θ z)/cos θ; rounding leaves 2⁻⁵²/cos θ of it, which is much only where a step is short. */
const velocity = ({ alpha, sigma, size }: Node, z: Float64Array, score: Float64Array): Float64Array =>
  Ode.combine([
    [-sigma / alpha, z],
    [(-sigma * size) / alpha, score]
  ])

const carried =
  (solve: Ode.Solver) =>
  ({ schedule, score, from, to, points }: Step): Moved => {
    const nodeOf = nodeOfAngle(schedule, from, to)
    const scaled = (z: Float64Array, factor: number): Float64Array => z.map(value => factor * value)
    const end = solve((angle, z) => {
      const node = nodeOf(angle)
      return node.sigma === 0
        ? new Float64Array(z.length)
        : velocity(node, z, score(at(points, scaled(z, node.size)), node.time).values)
    })(from.angle, to.angle, scaled(points.values, 1 / from.size))
    return { points: at(points, scaled(end, to.size)) }
  }

// -- samplers --------------------------------------------------------------------------------------------------------

/**
 * x_s ~ q(x_s | x_t, x̂_0), the posterior of the forward process: mean α_s/α_t (x + (1 − κ²) σ_t² ∇log p), variance
 * (1 − κ²) σ_s² (Ho, Jain & Abbeel 2020, arXiv 2006.11239, algorithm 2).
 */
export const ancestral = define({
  name: 'ancestral',
  about: 'DDPM (arXiv 2006.11239)',
  formula: () => 'x_s ~ q(x_s | x_t, x̂_0), mean α_s/α_t (x + (1 − κ²) σ_t² ∇log p), variance (1 − κ²) σ_s²',
  meaning: () => ({
    draws: true,
    step: step => {
      const { lost } = shrinkage(step)
      return linear(step, lost, step.to.sigma * Math.sqrt(lost))
    }
  })
})

/**
 * x_s = α_s x̂_0 + √(σ_s² − η²v) ε + η√v z with v = (1 − κ²) σ_s² (Song, Meng & Ermon 2020, arXiv 2010.02502, eq. 12).
 * η = 1 is `ancestral`, η = 0 the exponential Euler step of the probability flow, Euler's of dy/dς = ε.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key, Mixture, Points, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const truth = Mixture.of({ means: [[-3], [3]], weights: [1, 3], variances: [0.25, 0.25] })
 * const points = pipe(
 *   Sampler.compile({
 *     sampler: Sampler.ddim({ eta: 0 }),
 *     grid: TimeGrid.logSnr({ from: 6, to: 1e-3, steps: 50 }),
 *     schedule
 *   }),
 *   E.map(program => Sampler.sample(program)(Sampler.exact(truth, schedule))(1000, 1)(Key.fromSeed(7)))
 * )
 * assert.ok(E.isRight(points))
 * assert.ok(Math.abs(Points.mean(points.right)[0] - 1.5) < 0.4) // a standard error is 0.08
 */
export const ddim = define({
  name: 'ddim',
  about: 'from deterministic (η = 0) to ancestral (η = 1) (arXiv 2010.02502)',
  fields: {
    /** 0 without noise, 1 as much as DDPM. */
    eta: Field.number({
      holds: eta => eta >= 0 && eta <= 1,
      domain: 'in [0, 1]',
      remedy: 'try 0, or 1 for Sampler.ancestral',
      suggestion: 0,
      default: 0,
      arbitrary: fc => fc.double({ min: 0, max: 1, noNaN: true })
    })
  },
  formula: ({ eta }) => `x_s = α_s x̂_0 + √(σ_s² − ${eta}² v) ε + ${eta} √v z, v = (1 − κ²) σ_s²`,
  meaning: ({ eta }) => ({
    draws: eta > 0,
    ...(eta === 0 && { order: 1 }),
    step: step => {
      const { kappa, lost } = shrinkage(step)
      // 1 − κ √(1 − η²(1 − κ²)), rid of its cancellation at small steps
      const weight =
        (lost * (1 + Elementary.square(eta * kappa))) / (1 + kappa * Math.sqrt(1 - Elementary.square(eta) * lost))
      return linear(step, weight, eta * step.to.sigma * Math.sqrt(lost))
    }
  })
})

/**
 * The reverse SDE by Euler–Maruyama in the Brownian time ς²: x_s = α_s/α_t (x + (1 − κ²) σ_t² ∇log p + √(1 − κ²) σ_t z)
 * (Song et al. 2021, arXiv 2011.13456, eq. 6). Where variance is preserved, that of its noise is β/(1 − β), for
 * DDPM's larger one, β. Weak order 1; it widens the law where ς_t/ς_s is far from 1, so give it many steps.
 */
export const eulerMaruyama = define({
  name: 'eulerMaruyama',
  about: 'the reverse SDE (arXiv 2011.13456)',
  formula: () => 'x_s = α_s/α_t (x + (1 − κ²) σ_t² ∇log p + √(1 − κ²) σ_t z)',
  meaning: () => ({
    draws: true,
    step: step => {
      const { lost } = shrinkage(step)
      return linear(step, lost, (step.to.alpha / step.from.alpha) * step.from.sigma * Math.sqrt(lost))
    }
  })
})

/**
 * The probability flow in the angle by Euler's method. Order 1, a score a step. It is not Euler's method in t or in σ/α, which is
 * `ddim({ eta: 0 })` and is the better one where steps are few and the data are narrow.
 */
export const euler = define({
  name: 'euler',
  about: 'the probability flow, order 1',
  formula: () => 'dz/dθ = cos θ ε − sin θ x̂_0 by Euler',
  meaning: () => ({ ...alongFlow(Ode.step(Ode.euler)), order: 1 })
})

/** The probability flow in the angle, not in t or in σ, by Heun's method. Order 2, two scores a step. */
export const heun = define({
  name: 'heun',
  about: 'the probability flow, order 2',
  formula: () => 'dz/dθ = cos θ ε − sin θ x̂_0 by Heun',
  meaning: () => ({ ...alongFlow(Ode.step(Ode.heun)), order: 2 })
})

/** The probability flow in the angle by the classical method of Runge and Kutta. Order 4, four scores a step. */
export const rungeKutta4 = define({
  name: 'rungeKutta4',
  about: 'the probability flow, order 4',
  formula: () => 'dz/dθ = cos θ ε − sin θ x̂_0 by Runge–Kutta 4',
  meaning: () => ({ ...alongFlow(Ode.step(Ode.rungeKutta4)), order: 4 })
})

/**
 * The probability flow in the angle by Dormand–Prince 5(4): between two times of the grid it takes as many steps as it
 * needs for a local error of at most tolerance · (1 + |z|) in each coordinate of each point.
 */
export const dormandPrince = define({
  name: 'dormandPrince',
  about: 'the probability flow, steps by tolerance',
  fields: {
    /** The error of a step, relative and absolute. */
    tolerance: Field.number({
      holds: tolerance => tolerance > 0 && tolerance < 1,
      domain: 'in (0, 1)',
      suggestion: 1e-6,
      arbitrary: fc => fc.double({ min: 1e-12, max: 0.99, noNaN: true })
    })
  },
  formula: ({ tolerance }) => `dz/dθ = cos θ ε − sin θ x̂_0 by Dormand–Prince 5(4), tolerance ${tolerance}`,
  meaning: ({ tolerance }) => ({ ...alongFlow(Ode.dormandPrince(tolerance)), tolerance })
})

/**
 * DPM-Solver++(2M): x_s = σ_s/σ_t x + α_s (1 − κ) D, with D = x̂_0 + (h/2h') (x̂_0 − x̂_0') from this step's predicted
 * datum and length h = −log κ and the last step's (Lu et al. 2022, arXiv 2211.01095, algorithm 2). D = x̂_0 at first,
 * and in a step to no noise. Order 2, one score a step.
 */
export const dpmSolver2M = define({
  name: 'dpmSolver2M',
  about: 'DPM-Solver++(2M), order 2 (arXiv 2211.01095)',
  formula: () => 'x_s = σ_s/σ_t x + α_s (1 − κ) (x̂_0 + (h/2h′) (x̂_0 − x̂_0′)), h = −log κ',
  meaning: () => ({ draws: false, order: 2, step: multistep })
})

const correction = {
  /** How many moves at each time. */
  moves: Field.count({ default: 1, most: Limits.times }),
  /** The size of a move, as a share of that of the noise. */
  // At δ = 2σ² a move overshoots as far as it came: beyond, a chain without signal diverges.
  snr: Field.inside({ default: 0.16 })
}

/**
 * A step of the predictor, then `moves` Langevin moves x ← x + δ ∇log p + √(2δ) z at the new level, δ = 2 snr² σ²
 * (Song et al. 2021, arXiv 2011.13456, algorithms 4 and 5, with |∇log p| taken as |z|/σ, so that no point's step depends
 * on the others'). Without noise there is nothing to correct.
 */
export const predictorCorrector = define({
  name: 'predictorCorrector',
  about: 'a step, then Langevin moves (arXiv 2011.13456)',
  fields: {
    /** What goes from one time to the next. */
    predictor: Field.of(concept),
    ...correction
  },
  formula: ({ predictor, moves, snr }) =>
    `${formula(predictor)}; then ${moves} × x ← x + δ ∇log p + √(2δ) z, δ = 2 (${snr} σ_s)²`,
  meaning: ({ predictor, ...corrector }) => ({
    draws: true,
    step: step => {
      const keys = pipe(step.key, Key.named('predictor', 'corrector'))
      // Its memory is that of its predictor.
      const { points, memory = null } = concept.meaning(predictor).step({ ...step, key: keys.predictor })
      return { points: moves(corrector, { ...step, points, key: keys.corrector }), memory }
    }
  })
})

/**
 * The unadjusted Langevin algorithm: one move x ← x + δ ∇log p + √(2δ) z for each step of the grid, with δ = `step`. On
 * `TimeGrid.constant` it is a Markov chain whose stationary law tends to that of the level as δ → 0: for a normal law of
 * variance u it is normal with variance u/(1 − δ/2u), and it needs δ < 2u.
 */
export const langevin = define({
  name: 'langevin',
  about: 'the unadjusted Langevin algorithm',
  fields: {
    /** δ: a move is δ times the score, and √(2δ) z. */
    step: Field.positive({ suggestion: 0.01 })
  },
  formula: ({ step }) => `x ← x + δ ∇log p + √(2δ) z, δ = ${step}`,
  meaning: ({ step: size }) => ({ draws: true, movesAtLevel: true, step: step => ({ points: move(size, step) }) })
})

/** `moves` Langevin moves at each level of the grid in turn, δ = 2 snr² σ² (Song & Ermon 2019, arXiv 1907.05600). */
export const annealedLangevin = define({
  name: 'annealedLangevin',
  about: 'Langevin at each level in turn (arXiv 1907.05600)',
  fields: {
    ...correction,
    /** How many moves at each time. */
    moves: Field.count({ suggestion: 1, most: Limits.times })
  },
  example: { moves: 3 },
  formula: ({ moves, snr }) => `${moves} × x ← x + δ ∇log p + √(2δ) z, δ = 2 (${snr} σ_s)²`,
  meaning: annealed => ({ draws: true, movesAtLevel: true, step: step => ({ points: moves(annealed, step) }) })
})

// -- scores to sample from -------------------------------------------------------------------------------------------

/** A score that knows its divergence, one number a point: what the likelihood needs. */
export interface Differentiable extends ScoreFunction {
  readonly divergence: (points: Points.Points, time: number) => Float64Array
}

/** A number of the time that a field is asked at, [1, 1], which counts as constant: f(t). */
export type OfTime = (f: (time: number) => number) => Tensor

/**
 * s(x, t) in the tensor vocabulary, [rows, dim] in and out. It sees the time by the numbers of it that it asks for, always the
 * same in the same order: so one program serves all times.
 */
export type Field = (x: Tensor, ofTime: OfTime) => Tensor

/** α and σ of the time that a field is asked at, [1, 1]. */
export const levelOf =
  (schedule: Schedule.Schedule) =>
  (ofTime: OfTime): Parametrization.Levels => {
    if (typeof ofTime !== 'function')
      return mistaken('a function of the time', ofTime, 'Sampler.levelOf(schedule)(ofTime)')
    return {
      alpha: ofTime(time => Schedule.level(time)(schedule).alpha),
      sigma: ofTime(time => Schedule.level(time)(schedule).sigma)
    }
  }

/** A score that can be differentiated: `Guidance` makes others of it. */
export interface Smooth extends Differentiable {
  /** vᵀ ∂s/∂x for each point, v as long as the points. */
  readonly vjp: (points: Points.Points, time: number, v: Float64Array) => Points.Points
  readonly field: Field
}

/** How samplers are called. */
const CALL = 'Sampler.…(program)(score)(…)(key)'

const somePoints = (points: Points.Points, call = CALL): Points.Points =>
  given(points, ['rows', 'dim', 'values'], 'points: make them by Problem.orThrow(Points.fromRows(rows))', call)

const aProgram = <S extends Sampler>(program: Program<S>): Program<S> =>
  given(program, ['sampler', 'schedule', 'nodes'], 'a program, which Sampler.compile makes,', CALL)

/** Fields by name, where problems are given back. */
const noRecord = (u: unknown, call: string): ReadonlyArray<Problem.Problem> =>
  isRecord(u) ? [] : [Problem.of('description', typed(u), 'a record', `write ${call}`)]

/** The mixture, if it has the dimension: throws a RangeError otherwise, as the two come from the same program. */
const ofDimension = (name: string, mixture: Mixture.Mixture, dim: number): Mixture.Mixture =>
  Mixture.dim(mixture) === dim
    ? mixture
    : refuse(`dim: ${dim} is not ${Mixture.dim(mixture)}, that of ${name}; let points and mixture have one dimension`)

/** Points as they must be: a problem thrown as a RangeError that carries it, since there are no good ones to go on with. */
const finite = (field: string, remedy: string, values: Float64Array): Float64Array => {
  if (allFinite(values)) return values
  const bad = values.findIndex(value => !Number.isFinite(value))
  const problem = Problem.of(field, values[bad], 'finite', remedy)
  return refuseWith(problem, Problem.show(problem))
}

/** As many numbers as points have; thrown, if not, as above. */
const as = (points: Points.Points, field: string, remedy: string, found: Points.Points): Points.Points => {
  const { rows, dim, values } = given(found, ['rows', 'dim', 'values'], 'points', field)
  if (rows === points.rows && dim === points.dim && values.length === points.values.length) return found
  const problem = Problem.of(
    field,
    `${rows} × ${dim}, ${values.length} numbers,`,
    `${points.rows} × ${points.dim}, as the points are`,
    remedy
  )
  return refuseWith(problem, Problem.show(problem))
}

/** A score that gives each point a finite vector, or says at which time it did not. */
const guarded =
  (score: ScoreFunction): ScoreFunction =>
  (points, time) => {
    if (typeof score !== 'function')
      return mistaken('a score: make it by Sampler.learned or Sampler.exact', score, CALL)
    const place = `score at time ${time}`
    const found = as(points, place, 'return a vector for each point', score(points, time))
    finite(place, 'look at its parameters, and whether it was learned down to this noise', found.values)
    return found
  }

const smooth = (
  score: ScoreFunction,
  { divergence, vjp, field }: Pick<Smooth, 'divergence' | 'vjp' | 'field'>
): Smooth =>
  Object.assign((points: Points.Points, time: number) => score(somePoints(points, 'score(points, time)'), time), {
    divergence,
    vjp,
    field
  })

/** vᵀ ∂s/∂x of a model at a time of the schedule. */
const pulledBy =
  <P extends string>(
    model: Score.Model<P>,
    schedule: Schedule.Schedule,
    params: (dim: number) => Params.Params<P>,
    labelled: (points: Points.Points) => Points.Points
  ): Smooth['vjp'] =>
  (points, time, v) => {
    const { rows, dim } = points
    const { values } = Score.atLevel(model, model, (own, x, level, beside) =>
      vjp(at => model.score(own, at, level))(x, beside.v)
    )(params(dim), Schedule.level(time)(schedule), labelled(points), { v: { shape: [rows, dim], values: v } })
    return { rows, dim, values }
  }

/** A model's score in the vocabulary, at a time of the schedule. */
const fieldOf =
  <P extends string>(
    score: Score.Score<P>,
    schedule: Schedule.Schedule,
    params: (dim: number) => Params.Params<P>,
    label: number | null
  ): Field =>
  (x, ofTime) => {
    const model = Score.interpret(score)
    const [rows, dim] = x.shape
    const level = Score.levelFor(model, rows, levelOf(schedule)(ofTime))
    return model.score(
      Score.tensors(params(dim)),
      x,
      label === null ? level : { ...level, label: fill([rows, 1], label) }
    )
  }

/**
 * The score of a mixture as the schedule diffuses it: what a perfect student would have learned.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Sampler, Schedule } from 'ornstein'
 *
 * const score = Sampler.exact(Mixture.of({ means: [[0]] }), Schedule.ornsteinUhlenbeck)
 * assert.ok(Math.abs(score({ rows: 1, dim: 1, values: Float64Array.of(2) }, 0.5).values[0] + 2) < 1e-15)
 */
export const exact = (mixture: Mixture.Mixture, schedule: Schedule.Schedule): Smooth => {
  const family = Score.full({ components: Mixture.components(mixture) })
  const made = Problem.orThrow(Score.fromMixture(family)(mixture))
  const params = (dim: number): typeof made => {
    ofDimension('the mixture', mixture, dim)
    return made
  }
  const at = (points: Points.Points, time: number): Mixture.Mixture =>
    pipe(ofDimension('the mixture', mixture, points.dim), Mixture.diffuse(pipe(schedule, Schedule.level(time))))
  return smooth(
    ({ rows, dim, values }, time) => {
      const points = { rows, dim, values }
      return pipe(at(points, time), Mixture.score(points))
    },
    {
      divergence: (points, time) => pipe(at(points, time), Mixture.divergence(points)),
      vjp: pulledBy(Score.interpret(family), schedule, params, ({ rows, dim, values }) => ({ rows, dim, values })),
      field: fieldOf(family, schedule, params, null)
    }
  )
}

/** A learned score, with its parameters at time 0; of the class `label` where one is given, else of none. */
export const learned = <P extends string>(
  score: Score.Score<P>,
  schedule: Schedule.Schedule,
  params: Params.Params<P>,
  { label = null }: { readonly label?: number | null } = {}
): Smooth => {
  const fitting = (dim: number): Params.Params<P> => pipe(params, Params.checked(Score.shapes(dim)(score)))
  const labelled = ({ rows, dim, values }: Points.Points): Points.Points => ({
    rows,
    dim,
    values,
    ...(label !== null && { labels: new Int32Array(rows).fill(label) })
  })
  const model = Score.interpret(score)
  return smooth((points, time) => Score.evaluate(score, schedule)(fitting(points.dim))(time)(labelled(points)), {
    divergence: (points, time) =>
      Score.atLevel(model, model.divergence, model.divergence)(
        fitting(points.dim),
        pipe(schedule, Schedule.level(time)),
        labelled(points)
      ).values,
    vjp: pulledBy(model, schedule, fitting, labelled),
    field: fieldOf(score, schedule, fitting, label)
  })
}

// -- from description to program -------------------------------------------------------------------------------------

/** How to sample: by which steps, at which times, of which noise. */
export interface Description<S extends Sampler = Sampler> {
  readonly sampler: S
  readonly grid: TimeGrid.TimeGrid
  readonly schedule: Schedule.Schedule
  /**
   * What the data are taken for at the noisy end, where they hardly matter: points start from this mixture, diffused to
   * that level. N(0, I) if absent, so that they start from N(0, (α² + σ²) I), which is N(0, I) where the schedule
   * preserves variance.
   */
  readonly prior?: Mixture.Mixture
}

/** A description without fault, ready to run. */
export interface Program<S extends Sampler = Sampler> extends Description<S> {
  /** From noise to data. */
  readonly nodes: ReadonlyArray<Node>
}

/** Points at a time of the grid. */
export interface State {
  /** How many steps were taken. */
  readonly step: number
  readonly time: number
  readonly points: Points.Points
  /** What its sampler is to know of the last step; null for nothing. */
  readonly memory: unknown
}

/**
 * A description, checked: a program that runs, or all that is wrong.
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
    E.map(right => ({ ...right, nodes: Array.from(TimeGrid.times(schedule)(grid), nodeAt(schedule)) }))
  )
}

// -- running ---------------------------------------------------------------------------------------------------------

const standard = (dim: number): Mixture.Mixture => ({
  means: { shape: [1, dim], values: new Float64Array(dim) },
  weights: Float64Array.of(1),
  variances: Float64Array.of(1),
  factors: null
})

/** The law at the noisy end: the prior, diffused. */
const noisyLaw = (noisy: Node, prior: Mixture.Mixture | undefined, dim: number): Mixture.Mixture => {
  const wrong = Problem.count('dim', dim, 1, 2, Limits.columns)
  if (wrong.length > 0) return refuseWith(wrong[0], `${CALL}: ${Problem.show(wrong[0])}`)
  return pipe(ofDimension('the prior', prior ?? standard(dim), dim), Mixture.diffuse(noisy))
}

/** The state after a state; null after the last. Step i draws from the i-th child of `key`. */
const next = (
  { sampler, schedule, nodes }: Program,
  score: ScoreFunction,
  key: Key.Key
): ((s: State) => State | null) => {
  const run = concept.meaning(sampler).step
  const checked = guarded(score)
  return ({ step, points, memory }) => {
    if (step + 1 >= nodes.length) return null
    const from = nodes[step]
    const to = nodes[step + 1]
    const moved = run({ schedule, score: checked, from, to, points, memory, key: pipe(key, Key.child(step)) })
    const place = `points after step ${step + 1}, at time ${to.time}`
    as(points, place, 'lead every point somewhere', moved.points)
    finite(place, 'take more steps, or smaller moves', moved.points.values)
    return { step: step + 1, time: to.time, points: moved.points, memory: moved.memory ?? null }
  }
}

const first = (program: Program, points: Points.Points): State => {
  const { rows, dim, values } = somePoints(points)
  return { step: 0, time: aProgram(program).nodes[0].time, points: { rows, dim, values }, memory: null }
}

/**
 * The states that begin at given points at the noisy end: one for each time of the grid, lazily. The points may come
 * from a chain of one's own, or be data with noise added, of which the program then makes variations.
 */
export const transport =
  (program: Program) =>
  (score: ScoreFunction) =>
  (points: Points.Points) =>
  (key: Key.Key): Iterable<State> =>
    unfold(first(program, points), next(program, score, pipe(key, Key.named('steps')).steps))

const begin = (program: Program, rows: number, dim: number, key: Key.Key): State =>
  first(
    program,
    pipe(
      noisyLaw(aProgram(program).nodes[0], program.prior, dim),
      Mixture.sample(rows)(pipe(key, Key.named('start')).start)
    )
  )

/**
 * The whole way from noise to data: the state at each time of the grid, lazily, the noisy end first. The same key gives
 * the same bits; the start and each step have keys of their own.
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
    unfold(begin(program, rows, dim, key), next(program, score, pipe(key, Key.named('steps')).steps))

/**
 * Points at the clean end, the last of the trajectory.
 *
 * @throws RangeError with the `problem` where a score gives something else than a finite vector for each point, or points
 * leave the doubles: as `trajectory` and `transport` do on the way
 */
export const sample =
  (program: Program) =>
  (score: ScoreFunction) =>
  (rows: number, dim: number) =>
  (key: Key.Key): Points.Points =>
    iterate(begin(program, rows, dim, key), next(program, score, pipe(key, Key.named('steps')).steps)).points

/**
 * Variations on given points: noise of the first level of the grid is put on them, and they are carried from there; the less
 * noise, the nearer they stay (SDEdit: Meng et al. 2021, arXiv 2108.01073).
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
  (points: Points.Points) =>
  (key: Key.Key): Points.Points => {
    const [{ alpha, sigma }] = aProgram(program).nodes
    somePoints(points)
    const keys = pipe(key, Key.named('noise', 'steps'))
    const noise = Key.normal(points.values.length)(keys.noise)
    const noisy = at(
      points,
      points.values.map((x, i) => alpha * x + sigma * noise[i])
    )
    return iterate(first(program, noisy), next(program, score, keys.steps)).points
  }

/**
 * The log-density of a score at the clean end of the grid, by the instantaneous change of variables along the
 * probability flow dz/dθ = v, z = x/n, n = √(α² + σ²): log p(x) = log p_T(x_T) + d log(n_T/n) + ∫ div v dθ from the
 * clean end to the noisy, with div v = −σ/α (n² div ∇log p + d) (Chen et al. 2018, arXiv 1806.07366, theorem 1; Song et
 * al. 2021, arXiv 2011.13456, §4.3). The divergence is exact. So is the result, up to the solver and to p_T being the
 * program's prior, diffused. In many dimensions `{ probes, key }` estimates the divergence instead, by so many random directions v of entries ±1
 * a row that stay along the way, all in one product vᵀ∂s/∂x: the result is then unbiased (Grathwohl et al. 2019, arXiv 1810.01367).
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
export function logDensity(program: Program<Flow>): (score: Differentiable) => (points: Points.Points) => Float64Array
export function logDensity(
  program: Program<Flow>,
  estimate: Probes
): (score: Smooth) => (points: Points.Points) => Float64Array
export function logDensity(
  program: Program<Flow>,
  estimate?: Probes
): (score: Smooth) => (points: Points.Points) => Float64Array {
  const { sampler, schedule, nodes, prior } = aProgram(program)
  const call = 'Sampler.logDensity(program)(score)(points)'
  return score => points => {
    const { rows, dim, values } = somePoints(points, call)
    if (typeof score !== 'function' || !((estimate === undefined ? 'divergence' : 'vjp') in score))
      return mistaken('a score that can be differentiated: make it by Sampler.learned or Sampler.exact', score, call)
    const divergence = estimate === undefined ? score.divergence : probed(score, estimate, points)
    const count = rows * dim
    const noisy = nodes[0]
    const clean = nodes[nodes.length - 1]
    const solve = Case.meaning(sampler).solver
    /** x, from a state of the solver: z for every point, then the integral for every point. */
    const pointsOf = (state: Float64Array, { size }: Node): Points.Points => ({
      rows,
      dim,
      values: state.subarray(0, count).map(z => size * z)
    })
    const field =
      (nodeOf: (angle: number) => Node): Ode.Field =>
      (angle, state) => {
        const node = nodeOf(angle)
        const { time, alpha, sigma, size } = node
        if (sigma === 0) return new Float64Array(state.length)
        const x = pointsOf(state, node)
        const slopes = velocity(node, state.subarray(0, count), guarded(score)(x, time).values)
        const divergences = finite(
          `divergence of the score at time ${time}`,
          'look at its parameters',
          divergence(x, time)
        )
        return state.map((_, i) =>
          i < count ? slopes[i] : (-sigma / alpha) * (size * size * divergences[i - count] + dim)
        )
      }
    const begin = new Float64Array(count + rows).map((_, i) => (i < count ? values[i] / clean.size : 0))
    const { state: end } = nodes.slice(0, -1).reduceRight<{ readonly state: Float64Array; readonly from: Node }>(
      ({ state, from }, to) => ({
        state: solve(field(nodeOfAngle(schedule, from, to)))(from.angle, to.angle, state),
        from: to
      }),
      { state: begin, from: clean }
    )
    const grown = dim * Elementary.log(noisy.size / clean.size)
    return pipe(noisyLaw(noisy, prior, dim), Mixture.logDensity(pointsOf(end, noisy))).map(
      (value, i) => value + grown + end[count + i]
    )
  }
}

/** Directions by which a divergence is estimated. */
export interface Probes {
  /** How many a row. */
  readonly probes: number
  readonly key: Key.Key
}

/** div s ≈ the mean of vᵀ∂s/∂x v, of all directions at once. */
const probed = (
  { vjp }: Smooth,
  { probes, key }: Probes,
  { rows, dim }: Points.Points
): Differentiable['divergence'] => {
  const wrong = Problem.count('probes', probes, 1, 1)
  if (wrong.length > 0) return refuseWith(wrong[0], `Sampler.logDensity: ${Problem.show(wrong[0])}`)
  const size = rows * dim
  const uniform = new Float64Array(probes * size)
  Key.fillUniform(0, uniform)(key)
  const v = uniform.map(u => (u < 0.5 ? -1 : 1))
  return (x, time) => {
    const all = { rows: probes * rows, dim, values: v.map((_, i) => x.values[i % size]) }
    const product = vjp(all, time, v).values
    /** One of all that v has for a row. */
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

/** dx/dt at each point, as many numbers: what a flow matches, a rectified flow or an interpolant learns. */
export type VelocityFunction = (points: Points.Points, time: number) => { readonly values: Float64Array }

/** The velocity that a head of a score says, with its parameters at time 0. */
export const head =
  <P extends string, H extends string>(
    score: Score.Score<P, H>,
    schedule: Schedule.Schedule,
    params: Params.Params<P>,
    name: H
  ): VelocityFunction =>
  (points, time) =>
    Score.heads(score, schedule)(params)(time)(points)[name]

/** From one time to another, which may be earlier, in equal steps. */
export interface Along {
  /** A solver of ordinary differential equations: `euler`, `heun`, `rungeKutta4`, `dormandPrince`, or one's own. */
  readonly by: Flow
  readonly from: number
  readonly to: number
  readonly steps: number
  /** Noise on the way, of `euler` alone: dx = v dt + size(t) dW. */
  readonly diffusion?: { readonly size: (time: number) => number; readonly key: Key.Key }
}

/**
 * Points carried along a velocity of one's own, dx/dt = v(x, t): the state at each time, the first that of the points, lazily. No schedule
 * is asked for, and no score; `head` is the velocity that a network says.
 *
 * @throws RangeError with the `problem` where a velocity gives something else than a finite vector for each point
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Problem, Sampler } from 'ornstein'
 *
 * // dx/dt = −x, from 0 to 1: e⁻¹ of what it was.
 * const decay = Problem.orThrow(Sampler.along({ by: Sampler.dormandPrince({ tolerance: 1e-10 }), from: 0, to: 1, steps: 2 }))
 * const states = [...decay(({ values }) => ({ values: values.map(x => -x) }))({ rows: 1, dim: 1, values: Float64Array.of(1) })]
 * assert.deepEqual(states.map(({ time }) => time), [0, 0.5, 1])
 * assert.ok(Math.abs(states[2].points.values[0] - Math.exp(-1)) < 1e-9)
 */
export const along = (
  way: Along
): E.Either<Problem.Problems, (velocity: VelocityFunction) => (points: Points.Points) => Iterable<State>> => {
  const amiss = noRecord(way, 'Sampler.along({ by, from, to, steps })')
  if (amiss.length > 0) return Problem.faultless(amiss, () => () => [])
  const { by, from, to, steps, diffusion } = way
  const found = [
    ...problems(by).map(Problem.within('by')),
    ...Problem.unless(Number.isFinite(from), 'from', from, 'finite', 'try 0'),
    ...Problem.unless(Number.isFinite(to) && to !== from, 'to', to, `finite, and not ${from}`, 'try 1'),
    ...Problem.count('steps', steps, 1, 20, Limits.times),
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
      const field: Ode.Field = (t, y) => {
        const place = `velocity at time ${t}`
        const { values } = velocity({ ...points, values: y }, t)
        as(points, place, 'return a vector for each point', { ...points, values })
        return finite(place, 'look at its parameters', values)
      }
      const later = timeAt(step + 1)
      const carried = solve(field)(time, later, points.values)
      const size = diffusion === undefined ? 0 : diffusion.size(time) * Math.sqrt(Math.abs(later - time))
      const key = pipe(diffusion?.key ?? Key.fromSeed(0), Key.child(step))
      const values = combined({ points, key }, [[1, carried]], size)
      return { step: step + 1, time: later, points: values, memory: null }
    }
    return points => unfold<State>({ step: 0, time: from, points, memory: null }, next)
  })
}

/** Whether it looks at the key. */
export const draws = (sampler: Sampler): boolean => concept.meaning(sampler).draws

/** Whether it moves points at a level, where others only carry them from one to the next. */
export const movesAtLevel = (sampler: Sampler): boolean => concept.meaning(sampler).movesAtLevel === true

/** The order in the length of the steps that it converges with, where its case claims one. */
export const order = (sampler: Sampler): O.Option<number> => O.fromNullable(concept.meaning(sampler).order)

/** The local error of the steps that it chooses itself, where it does. */
export const tolerance = (sampler: Sampler): O.Option<number> => O.fromNullable(concept.meaning(sampler).tolerance)

export const all: ReadonlyArray<Vocabulary.Entry> = [
  ancestral,
  ddim,
  eulerMaruyama,
  euler,
  heun,
  rungeKutta4,
  dormandPrince,
  dpmSolver2M,
  predictorCorrector,
  langevin,
  annealedLangevin
]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Sampler, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
