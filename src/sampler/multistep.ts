/** Multi-step samplers of the probability flow: one score evaluation per step, and those of the steps before. */
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Ode from '../../lib/numbers/ode.js'
import { Case, Field } from '../core/index.js'
import { combinePoints, define, shrinkage, type Step } from './step.js'

/** Evaluation at an earlier step: its abscissa, and x̂_0 or ε there. */
interface Evaluated {
  readonly at: number
  readonly values: Float64Array
}

const isEvaluated = (u: unknown): u is Evaluated =>
  typeof Case.field(u, 'at') === 'number' && Case.field(u, 'values') instanceof Float64Array

/** Earlier evaluations of a step's memory, the latest first; none at the first step. */
const earlierEvaluations = (memory: unknown): ReadonlyArray<Evaluated> =>
  Array.isArray(memory) ? memory.filter(isEvaluated) : []

/** ∫ ℓ_i(u) du from the first abscissa to `to`, of the Lagrange basis of at most four abscissae: exact by two Gauss nodes. */
export const lagrangeIntegrals = (abscissae: ReadonlyArray<number>, to: number): ReadonlyArray<number> => {
  const [half, middle] = [(to - abscissae[0]) / 2, (to + abscissae[0]) / 2]
  const nodes = [-1, 1].map(sign => middle + (sign * half) / Math.sqrt(3))
  return abscissae.map((own, i) =>
    nodes.reduce(
      (sum, u) =>
        sum +
        half *
          abscissae.reduce((product, other, j) => (j === i ? product : (product * (u - other)) / (own - other)), 1),
      0
    )
  )
}

/**
 * Adams–Bashforth for dy/dς = ε, y = x/α, ς = σ/α, on unequal steps: y_s = y_t + Σ_i ε_i ∫ ℓ_i dς, with the last `order` predicted noises
 * ε_i and their Lagrange basis ℓ_i; of lower order in its first steps. The LMS sampler of k-diffusion, with exact integrals (Zhang & Chen
 * 2023, arXiv 2204.13902, ρAB). One score evaluation per step; order 1 is `ddim({ eta: 0 })`.
 */
export const adamsBashforth = define({
  name: 'adamsBashforth',
  about: 'multi-step in σ/α, LMS (arXiv 2204.13902)',
  fields: {
    /** Number of evaluations used, at most 4. */
    order: Field.count({ default: 3, most: 4 })
  },
  formula: ({ order }) => `dy/dς = ε by Adams–Bashforth ${order}, y = x/α, ς = σ/α`,
  meaning: ({ order }) => ({
    draws: false,
    // the first step is Euler's, whose error of order h² stays
    order: Math.min(order, 2),
    step: step => {
      const { score, from, to, points } = step
      const scores = score(points, from.time).values
      const latest = { at: from.ratio, values: scores.map(s => -from.sigma * s) }
      const known = [latest, ...earlierEvaluations(step.memory)].slice(0, order)
      const integrals = lagrangeIntegrals(
        known.map(({ at }) => at),
        to.ratio
      )
      const terms = [
        [to.alpha / from.alpha, points.values] as const,
        ...known.map(({ values }, i) => [to.alpha * integrals[i], values] as const)
      ]
      return { points: combinePoints(step, terms, 0), memory: known }
    }
  })
})

/** Predicted datum x̂_0 = (x + σ² ∇log p)/α. */
const predictedDatum = ({ score, from, points }: Step): Float64Array =>
  Ode.linearCombination([
    [1 / from.alpha, points.values],
    [Elementary.square(from.sigma) / from.alpha, score(points, from.time).values]
  ])

/** φ_1 = 1 − e^{−h}, ∫ u = 1 − φ_1/h and ∫ u² = 1 − 2 (1 − φ_1/h)/h, of e^{−h(1−u)} h du over [0, 1]. */
const exponentialMoments = (h: number): readonly [number, number, number] => {
  const zeroth = -Elementary.expm1(-h)
  // below 0.2, where the differences cancel: Σ_j (−h)^j h k!/(k + 1 + j)!, ten terms to rounding
  if (h < 0.2) {
    const series = (k: number): number =>
      Array.from({ length: 12 }).reduce<readonly [sum: number, term: number]>(
        ([sum, term], _, j) => [sum + term, (term * -h) / (k + 2 + j)],
        [0, h / (k + 1)]
      )[0]
    return [zeroth, series(1), series(2)]
  }
  const first = 1 - zeroth / h
  return [zeroth, first, 1 - (2 * first) / h]
}

/**
 * DPM-Solver++(3M): x_s = σ_s/σ_t x + α_s ∫ e^{λ−λ_s} q(λ) dλ, λ = −log(σ/α), with q the parabola through the last three predicted data x̂_0,
 * integrated exactly; a line or a constant in the first two steps, and a constant in a step to zero noise (Lu et al. 2022, arXiv
 * 2211.01095). One score evaluation per step.
 */
export const dpmSolver3M = define({
  name: 'dpmSolver3M',
  about: 'DPM-Solver++(3M), a parabola of predicted data (arXiv 2211.01095)',
  formula: () => 'x_s = σ_s/σ_t x + α_s ∫ exp(λ − λ_s) q dλ, q the parabola of the last three x̂_0',
  meaning: () => ({
    draws: false,
    // the first step is Euler's, whose error of order h² stays
    order: 2,
    step: step => {
      const { from, to, points } = step
      const { kappa } = shrinkage(step)
      const latest = { at: -Elementary.log(from.ratio), values: predictedDatum(step) }
      const known = [latest, ...earlierEvaluations(step.memory)].slice(0, 3)
      const used = kappa === 0 ? [latest] : known
      const weights = parabolaWeights(
        used.map(({ at }) => (at - latest.at) / -Elementary.log(kappa)),
        kappa === 0 ? [1, 0, 0] : exponentialMoments(-Elementary.log(kappa))
      )
      const terms = [
        [(to.alpha / from.alpha) * kappa, points.values] as const,
        ...used.map(({ values }, i) => [to.alpha * weights[i], values] as const)
      ]
      return { points: combinePoints(step, terms, 0), memory: known }
    }
  })
})

/** Weights w_i with Σ w_i q(u_i) = Σ_k m_k q_k for polynomials q = Σ q_k u^k through the abscissae u_0 = 0, u_1, u_2, or fewer. */
const parabolaWeights = (
  abscissae: ReadonlyArray<number>,
  [zeroth, first, second]: readonly [number, number, number]
): ReadonlyArray<number> => {
  const [a, b] = [abscissae.at(1), abscissae.at(2)]
  if (a === undefined) return [zeroth]
  if (b === undefined) return [zeroth - first / a, first / a]
  const one = (second - b * first) / (a * (a - b))
  const two = (second - a * first) / (b * (b - a))
  return [zeroth - one - two, one, two]
}
