/** Types of samplers, and parts of steps. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import * as Ode from '../../lib/numbers/ode.js'
import { Case, conceptModule } from '../core/index.js'
import type * as Points from '../data/points.js'
import * as Schedule from '../schedule/schedule.js'

/** ∇log p_t at each point. */
export type ScoreFunction = (points: Points.Points, time: number) => Points.Points

/** A time of the grid, with the quantities that steps use. */
export interface Node extends Schedule.Level {
  readonly time: number
  /** ς = σ/α. */
  readonly ratio: number
  /** θ = arctan ς. */
  readonly angle: number
  /** n = √(α² + σ²). */
  readonly size: number
}

/** Arguments of one step. */
export interface Step {
  readonly schedule: Schedule.Schedule
  readonly score: ScoreFunction
  readonly from: Node
  readonly to: Node
  readonly points: Points.Points
  /** Memory of the previous step; null in the first. */
  readonly memory: unknown
  readonly key: Key.Key
}

/** Points after a step, and the memory for the next. */
export interface Moved {
  readonly points: Points.Points
  readonly memory?: unknown
}

export interface Meaning {
  readonly step: (step: Step) => Moved
  /** True if the step depends on the key. */
  readonly draws: boolean
  /** Capability: moves points within a level, so the grid may stay at one. */
  readonly movesAtLevel?: boolean
  /** Capability, checked by laws: order of convergence in the step length of a deterministic sampler. */
  readonly order?: number
  /** Capability, checked by laws: local error, relative to 1 + |x|, of adaptive steps. */
  readonly tolerance?: number
  /** Solver of the probability flow, for samplers that also compute the likelihood. */
  readonly solver?: Ode.Solver
}

export interface Sampler extends Case.Value<'Sampler', Meaning> {}

/** A sampler by the probability-flow ODE. */
export interface Flow extends Case.Value<'Sampler', Meaning & { readonly solver: Ode.Solver }> {}

export const { concept, define, show, formula, problems } = conceptModule<Sampler>(
  'Sampler',
  'from noise to data along a score'
)

/**
 * Sampler from a solver of dy/dt = f(t, y), which maps y at one t to y at another, possibly earlier, t.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Sampler } from 'ornstein'
 *
 * const euler = Sampler.define({
 *   name: 'plainEuler',
 *   about: 'the probability flow by steps along its slope',
 *   meaning: () => ({
 *     ...Sampler.probabilityFlow(field => (from, to, y) => {
 *       const slope = field(from, y)
 *       return y.map((value, i) => value + (to - from) * slope[i])
 *     }),
 *     order: 1
 *   })
 * })
 * assert.equal(Sampler.show(euler), 'Sampler.plainEuler')
 */
export const probabilityFlow = (
  solver: Ode.Solver
): Pick<Meaning, 'step' | 'draws'> & { readonly solver: Ode.Solver } => ({
  step: solveFlow(solver),
  draws: false,
  solver
})

// -- steps -----------------------------------------------------------------------------------------------------------

/** Node at a time of a schedule. */
export const nodeAtTime =
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

/** Points of the same size with other values. */
export const pointsLike = ({ rows, dim }: Points.Points, values: Float64Array): Points.Points => ({ rows, dim, values })

/** Linear combination of vectors, plus noise of the given size; none is drawn if the size is 0. */
export const combinePoints = (
  { points, key }: Pick<Step, 'points' | 'key'>,
  terms: ReadonlyArray<readonly [number, Float64Array]>,
  noise: number
): Points.Points => {
  const drawn = noise === 0 ? [] : [[noise, Key.normal(points.values.length)(key)] as const]
  return pointsLike(points, Ode.linearCombination([...terms, ...drawn]))
}

/** x_s = α_s/α_t (x + weight σ_t² ∇log p) + noise z. */
export const linearStep = (step: Step, weight: number, noise: number): Moved => {
  const { score, from, to, points } = step
  const growth = to.alpha / from.alpha
  const terms = [
    [growth, points.values],
    [growth * weight * Elementary.square(from.sigma), score(points, from.time).values]
  ] as const
  return { points: combinePoints(step, terms, noise) }
}

/** κ and 1 − κ², the latter without further cancellation. */
export const shrinkage = ({
  from,
  to
}: Pick<Step, 'from' | 'to'>): { readonly kappa: number; readonly lost: number } => {
  const kappa = to.ratio / from.ratio
  return { kappa, lost: ((from.ratio - to.ratio) / from.ratio) * (1 + kappa) }
}

/** Memory of a multistep method from its last step. */
export interface MultistepMemory {
  /** x̂_0. */
  readonly predicted: Float64Array
  /** h = −log κ. */
  readonly length: number
}

const isMemory = (u: unknown): u is MultistepMemory =>
  Case.field(u, 'predicted') instanceof Float64Array && typeof Case.field(u, 'length') === 'number'

/** DPM-Solver++(2M) step: see `dpmSolver2M`. */
export const multistep = (step: Step): Moved => {
  const { score, from, to, points } = step
  const memory = isMemory(step.memory) ? step.memory : null
  const { kappa } = shrinkage(step)
  const length = -Elementary.log(kappa)
  const predicted = Ode.linearCombination([
    [1 / from.alpha, points.values],
    [Elementary.square(from.sigma) / from.alpha, score(points, from.time).values]
  ])
  const slope = memory === null || kappa === 0 ? 0 : length / (2 * memory.length)
  const terms = [
    [(to.alpha / from.alpha) * kappa, points.values],
    [to.alpha * (1 - kappa) * (1 + slope), predicted],
    [-to.alpha * (1 - kappa) * slope, memory?.predicted ?? predicted]
  ] as const
  return { points: combinePoints(step, terms, 0), memory: { predicted, length } }
}

/** One Langevin move at the new level of the step. */
export const langevinMove = (
  size: number,
  { score, to, points, key }: Pick<Step, 'score' | 'to' | 'points' | 'key'>
): Points.Points =>
  size === 0
    ? points
    : combinePoints(
        { points, key },
        [
          [1, points.values],
          [size, score(points, to.time).values]
        ],
        Math.sqrt(2 * size)
      )

/** Langevin moves at the new level of the step, each with its own key. */
export const langevinMoves = (
  { moves, snr }: { readonly moves: number; readonly snr: number },
  step: Pick<Step, 'score' | 'to' | 'points' | 'key'>
): Points.Points =>
  Key.split(moves)(step.key).reduce(
    (points, key) => langevinMove(2 * Elementary.square(snr * step.to.sigma), { ...step, points, key }),
    step.points
  )

/** Node at an angle between two nodes; these themselves, without rounding, at the ends. */
export const nodeOfAngle = (schedule: Schedule.Schedule, a: Node, b: Node): ((angle: number) => Node) => {
  const nodeOf = nodeAtTime(schedule)
  return angle =>
    angle === a.angle
      ? a
      : angle === b.angle
        ? b
        : // log(α²/σ²) = −2 log ς
          nodeOf(pipe(schedule, Schedule.timeOfLogSnr(-2 * Elementary.log(Elementary.tan(angle)))))
}

/** dz/dθ = (ε − sin θ z)/cos θ. Rounding adds 2⁻⁵²/cos θ, large only if steps are short. */
export const flowVelocity = ({ alpha, sigma, size }: Node, z: Float64Array, score: Float64Array): Float64Array =>
  Ode.linearCombination([
    [-sigma / alpha, z],
    [(-sigma * size) / alpha, score]
  ])

const solveFlow =
  (solve: Ode.Solver) =>
  ({ schedule, score, from, to, points }: Step): Moved => {
    const nodeOf = nodeOfAngle(schedule, from, to)
    const scaled = (z: Float64Array, factor: number): Float64Array => z.map(value => factor * value)
    const end = solve((angle, z) => {
      const node = nodeOf(angle)
      return node.sigma === 0
        ? new Float64Array(z.length)
        : flowVelocity(node, z, score(pointsLike(points, scaled(z, node.size)), node.time).values)
    })(from.angle, to.angle, scaled(points.values, 1 / from.size))
    return { points: pointsLike(points, scaled(end, to.size)) }
  }
