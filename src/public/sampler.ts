/**
 * Samplers: from noise to data along a score, by the reverse SDE, the probability-flow ODE, or Langevin moves.
 *
 * A step goes from level (α_t, σ_t) to the cleaner (α_s, σ_s), and depends on the schedule by these numbers alone. In y = x/α and the
 * noise-to-signal ratio ς = σ/α all schedules are one process: y = y_0 + ς z, the reverse SDE is dy = 2ς ε dς + √(2ς) dW and the
 * probability flow dy/dς = ε, with the predicted noise ε = −σ ∇log p(x). So no step needs a derivative of the schedule or divides by the σ
 * it goes to, and a grid may end without noise, where ε = 0 and only a Langevin move evaluates the score.
 *
 * Below, κ = ς_s/ς_t < 1, and x̂_0 = (x + σ_t² ∇log p(x))/α_t is the predicted datum. Multi-step solvers write the flow in θ = arctan ς and
 * z = x/√(α² + σ²), which are bounded at both ends: dz/dθ = cos θ ε − sin θ x̂_0, the predicted velocity (Salimans & Ho 2022, arXiv
 * 2202.00512, appendix D).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { compute, scalar } from 'ornstein/float64'
 * import { Key, Mixture, Problem, Sampler, Schedule, TimeGrid } from 'ornstein'
 *
 * // Points of one's own at the noisy end, carried to the data: without noise on the way, the same points each time.
 * const schedule = Schedule.ornsteinUhlenbeck
 * const program = Problem.orThrow(
 *   Sampler.compile({ sampler: Sampler.heun, grid: TimeGrid.logSnr({ from: 4, to: 0.001, steps: 40 }), schedule })
 * )
 * const score = Sampler.exact(Mixture.of({ means: [[-2], [2]], variances: [0.01, 0.01] }), schedule)
 * const begin = { rows: 2, dim: 1, values: Float64Array.of(-1, 1) }
 * const ends = Sampler.finalState(Sampler.transport(program)(score)(begin)(Key.fromSeed(1))).points.values
 * assert(Math.abs(ends[0] + 2) < 0.3 && Math.abs(ends[0] + ends[1]) < 1e-9)
 *
 * // A field of one's own asks for the level of its time: α and σ, as tensors that count as constant.
 * const asked: number[] = []
 * compute(
 *   () =>
 *     Sampler.levelOf(schedule)(f => {
 *       asked.push(f(0.5))
 *       return scalar(f(0.5))
 *     }).alpha
 * )
 * assert.deepEqual(asked, Object.values(Schedule.level(0.5)(schedule)))
 */
export {
  adamsBashforth,
  integrateVelocity,
  type VelocityIntegration,
  probabilityFlow,
  ancestral,
  annealedLangevin,
  compile,
  concept,
  ddim,
  define,
  type Description,
  type Differentiable,
  dormandPrince,
  dpmSolver2M,
  dpmSolver3M,
  euler,
  eulerMaruyama,
  exact,
  type Field,
  finalState,
  type Flow,
  headVelocity,
  heun,
  how,
  langevin,
  learned,
  levelOf,
  logDensity,
  type Meaning,
  type Moved,
  type Node,
  type OfTime,
  predictorCorrector,
  type Probes,
  problems,
  type Program,
  rungeKutta4,
  sample,
  type Sampler,
  type ScoreExplanation,
  type ScoreFunction,
  sdEdit,
  show,
  type Smooth,
  type State,
  type Step,
  trajectory,
  transport,
  type VelocityFunction
} from '../sampler/sampler.js'
