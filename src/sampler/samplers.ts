/** Built-in samplers. */
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import * as Ode from '../../lib/numbers/ode.js'
import { Field, Vocabulary } from '../core/index.js'
import * as Limits from '../core/limits.js'
import { adamsBashforth, dpmSolver3M } from './multistep.js'
import {
  probabilityFlow,
  concept,
  define,
  formula,
  linearStep,
  langevinMove,
  langevinMoves,
  multistep,
  shrinkage,
  type Sampler
} from './step.js'

/**
 * Ancestral sampling, x_s ~ q(x_s | x_t, x̂_0), the posterior of the forward process: mean α_s/α_t (x + (1 − κ²) σ_t²
 * ∇log p), variance (1 − κ²) σ_s² (Ho, Jain & Abbeel 2020, arXiv 2006.11239, algorithm 2).
 */
export const ancestral = define({
  name: 'ancestral',
  about: 'DDPM (arXiv 2006.11239)',
  formula: () => 'x_s ~ q(x_s | x_t, x̂_0), mean α_s/α_t (x + (1 − κ²) σ_t² ∇log p), variance (1 − κ²) σ_s²',
  meaning: () => ({
    draws: true,
    step: step => {
      const { lost } = shrinkage(step)
      return linearStep(step, lost, step.to.sigma * Math.sqrt(lost))
    }
  })
})

/**
 * DDIM: x_s = α_s x̂_0 + √(σ_s² − η²v) ε + η√v z with v = (1 − κ²) σ_s² (Song, Meng & Ermon 2020, arXiv 2010.02502, eq. 12). η = 1 is
 * `ancestral`, η = 0 the exponential Euler step of the probability flow, Euler's method for dy/dς = ε.
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
    /** η, 0 if deterministic, 1 for DDPM's noise. */
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
      // 1 − κ √(1 − η²(1 − κ²)) without cancellation at small steps.
      const weight =
        (lost * (1 + Elementary.square(eta * kappa))) / (1 + kappa * Math.sqrt(1 - Elementary.square(eta) * lost))
      return linearStep(step, weight, eta * step.to.sigma * Math.sqrt(lost))
    }
  })
})

/**
 * Euler–Maruyama of the reverse SDE in the Brownian time ς²: x_s = α_s/α_t (x + (1 − κ²) σ_t² ∇log p + √(1 − κ²) σ_t z) (Song et al. 2021,
 * arXiv 2011.13456, eq. 6). On a variance preserving schedule the variance of its noise is β/(1 − β), not DDPM's larger choice β. Weak
 * order 1; overestimates the variance if ς_t/ς_s is far from 1, so it needs many steps.
 */
export const eulerMaruyama = define({
  name: 'eulerMaruyama',
  about: 'the reverse SDE (arXiv 2011.13456)',
  formula: () => 'x_s = α_s/α_t (x + (1 − κ²) σ_t² ∇log p + √(1 − κ²) σ_t z)',
  meaning: () => ({
    draws: true,
    step: step => {
      const { lost } = shrinkage(step)
      return linearStep(step, lost, (step.to.alpha / step.from.alpha) * step.from.sigma * Math.sqrt(lost))
    }
  })
})

/**
 * Euler's method for the probability flow in the angle. Order 1, one score evaluation per step. In σ/α it is `ddim({ eta: 0 })`, which is
 * better for few steps and narrow data.
 */
export const euler = define({
  name: 'euler',
  about: 'the probability flow, order 1',
  formula: () => 'dz/dθ = cos θ ε − sin θ x̂_0 by Euler',
  meaning: () => ({ ...probabilityFlow(Ode.step(Ode.EULER)), order: 1 })
})

/** Heun's method for the probability flow in the angle, not in t or σ. Order 2, two score evaluations per step. */
export const heun = define({
  name: 'heun',
  about: 'the probability flow, order 2',
  formula: () => 'dz/dθ = cos θ ε − sin θ x̂_0 by Heun',
  meaning: () => ({ ...probabilityFlow(Ode.step(Ode.HEUN)), order: 2 })
})

/** Classical Runge–Kutta method for the probability flow in the angle. Order 4, four score evaluations per step. */
export const rungeKutta4 = define({
  name: 'rungeKutta4',
  about: 'the probability flow, order 4',
  formula: () => 'dz/dθ = cos θ ε − sin θ x̂_0 by Runge–Kutta 4',
  meaning: () => ({ ...probabilityFlow(Ode.step(Ode.RUNGE_KUTTA_4)), order: 4 })
})

/**
 * Dormand–Prince 5(4) for the probability flow in the angle, with adaptive steps between times of the grid, for a local error of at most
 * tolerance · (1 + |z|) in each coordinate.
 */
export const dormandPrince = define({
  name: 'dormandPrince',
  about: 'the probability flow, steps by tolerance',
  fields: {
    /** Local error, relative and absolute. */
    tolerance: Field.number({
      holds: tolerance => tolerance > 0 && tolerance < 1,
      domain: 'in (0, 1)',
      suggestion: 1e-6,
      arbitrary: fc => fc.double({ min: 1e-12, max: 0.99, noNaN: true })
    })
  },
  formula: ({ tolerance }) => `dz/dθ = cos θ ε − sin θ x̂_0 by Dormand–Prince 5(4), tolerance ${tolerance}`,
  meaning: ({ tolerance }) => ({ ...probabilityFlow(Ode.dormandPrinceSolver(tolerance)), tolerance })
})

/**
 * DPM-Solver++(2M): x_s = σ_s/σ_t x + α_s (1 − κ) D, D = x̂_0 + (h/2h') (x̂_0 − x̂_0'), h = −log κ, with x̂_0' and h' of the last step (Lu
 * et al. 2022, arXiv 2211.01095, algorithm 2). D = x̂_0 in the first step and in a step to zero noise. Order 2, one score evaluation per
 * step.
 */
export const dpmSolver2M = define({
  name: 'dpmSolver2M',
  about: 'DPM-Solver++(2M), order 2 (arXiv 2211.01095)',
  formula: () => 'x_s = σ_s/σ_t x + α_s (1 − κ) (x̂_0 + (h/2h′) (x̂_0 − x̂_0′)), h = −log κ',
  meaning: () => ({ draws: false, order: 2, step: multistep })
})

const correction = {
  /** Number of moves at each time. Default: 1. */
  moves: Field.count({ default: 1, most: Limits.maxTimes }),
  /** Size of a move, as a share of that of the noise. */
  // At δ = 2σ² a move overshoots by its whole distance; beyond, a chain without signal diverges.
  snr: Field.inside({ default: 0.16 })
}

/**
 * Predictor–corrector: a step of the predictor, then `moves` Langevin moves x ← x + δ ∇log p + √(2δ) z at the new level, δ = 2 snr² σ²;
 * none at a level without noise (Song et al. 2021, arXiv 2011.13456, algorithms 4 and 5, with |z|/σ for |∇log p|, so that points are
 * independent).
 */
export const predictorCorrector = define({
  name: 'predictorCorrector',
  about: 'a step, then Langevin moves (arXiv 2011.13456)',
  fields: {
    /** Sampler of the step from one time to the next. */
    predictor: Field.of(concept),
    ...correction
  },
  formula: ({ predictor, moves, snr }) =>
    `${formula(predictor)}; then ${moves} × x ← x + δ ∇log p + √(2δ) z, δ = 2 (${snr} σ_s)²`,
  meaning: ({ predictor, ...corrector }) => ({
    draws: true,
    step: step => {
      const keys = pipe(step.key, Key.named('predictor', 'corrector'))
      const { points, memory = null } = concept.meaning(predictor).step({ ...step, key: keys.predictor })
      return { points: langevinMoves(corrector, { ...step, points, key: keys.corrector }), memory }
    }
  })
})

/**
 * Unadjusted Langevin algorithm: one move x ← x + δ ∇log p + √(2δ) z for each step of the grid, δ = `step`. On `TimeGrid.constant` it is a
 * Markov chain whose stationary distribution tends to that of the level as δ → 0: for N(0, u) it is normal with variance u/(1 − δ/2u), if δ
 * < 2u.
 */
export const langevin = define({
  name: 'langevin',
  about: 'the unadjusted Langevin algorithm',
  fields: {
    /** δ. */
    step: Field.positive({ suggestion: 0.01 })
  },
  formula: ({ step }) => `x ← x + δ ∇log p + √(2δ) z, δ = ${step}`,
  meaning: ({ step: size }) => ({
    draws: true,
    movesAtLevel: true,
    step: step => ({ points: langevinMove(size, step) })
  })
})

/** Annealed Langevin: `moves` Langevin moves at each level of the grid, δ = 2 snr² σ² (Song & Ermon 2019, arXiv 1907.05600). */
export const annealedLangevin = define({
  name: 'annealedLangevin',
  about: 'Langevin at each level in turn (arXiv 1907.05600)',
  fields: {
    ...correction,
    /** Number of moves at each time. */
    moves: Field.count({ suggestion: 1, most: Limits.maxTimes })
  },
  example: { moves: 3 },
  formula: ({ moves, snr }) => `${moves} × x ← x + δ ∇log p + √(2δ) z, δ = 2 (${snr} σ_s)²`,
  meaning: annealed => ({ draws: true, movesAtLevel: true, step: step => ({ points: langevinMoves(annealed, step) }) })
})

export { adamsBashforth, dpmSolver3M } from './multistep.js'

/** True if the result depends on the key. */
export const samplerDraws = (sampler: Sampler): boolean => concept.meaning(sampler).draws

/** True if the sampler moves points within a level, not only from one level to the next. */
export const movesAtLevel = (sampler: Sampler): boolean => concept.meaning(sampler).movesAtLevel === true

export const all: ReadonlyArray<Vocabulary.Entry> = [
  ancestral,
  ddim,
  eulerMaruyama,
  euler,
  heun,
  rungeKutta4,
  dormandPrince,
  dpmSolver2M,
  dpmSolver3M,
  adamsBashforth,
  predictorCorrector,
  langevin,
  annealedLangevin
]

/** JSON codec of the samplers in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Sampler, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
