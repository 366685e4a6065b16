/** Laws of noise schedules. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/elementary.js'
import { Quadrature } from '../../lib/index.js'
import * as Mixture from '../Mixture.js'
import * as Schedule from '../Schedule.js'
import { anyTimes } from './arbitraries.js'
import { agree, holds, law } from './check.js'
import type { Law } from './Law.js'

/** What a schedule says of itself; the laws hold each against the others. */
export interface Meaning {
  readonly level: (time: number) => Schedule.Level
  readonly logSnr: (time: number) => number
  readonly timeOfLogSnr: (logSnr: number) => number
  readonly drift: (time: number) => number
  readonly diffusion: (time: number) => number
  readonly diffuse: (level: Schedule.Level) => (mixture: Mixture.Mixture) => Mixture.Mixture
}

export interface ScheduleOptions {
  /** Times with signal and noise; (0, 4] unless the schedule ends earlier, and well before its end. */
  readonly times?: fc.Arbitrary<number>
  /** Whether α² + σ² = 1 is claimed; by default where `Schedule.preservesVariance` says so. */
  readonly variancePreserving?: boolean
  /**
   * Whether the process is the same at all times, so that diffusing for s and then for t is diffusing for s + t; by
   * default of Ornstein–Uhlenbeck alone.
   */
  readonly homogeneous?: boolean
  /**
   * Of what is found by differences of fourth order: truncation (h/t)⁴ at h/t = 1e-3, and rounding 2⁻⁵²/1e-3, both
   * below 1e-9 where the derivatives of α and σ are of order 1. Relative to 1 + |derivative|.
   */
  readonly tolerance?: number
  /** What is believed to be the meaning of the schedule; by default what `Schedule` makes of it. */
  readonly meaning?: Partial<Meaning>
}

const meaningOf = (schedule: Schedule.Schedule): Meaning => ({
  level: time => Schedule.level(time)(schedule),
  logSnr: time => Schedule.logSnr(time)(schedule),
  timeOfLogSnr: logSnr => Schedule.timeOfLogSnr(logSnr)(schedule),
  drift: time => Schedule.drift(time)(schedule),
  diffusion: time => Schedule.diffusion(time)(schedule),
  diffuse: Mixture.diffuse
})

/** f′ by central differences of fourth order. */
const slope = (f: (x: number) => number, x: number): number => {
  const h = 2e-3 * x
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
}

/** ∫ f by Gauss–Legendre nodes. */
const integral = (f: (x: number) => number, lo: number, hi: number): number => {
  const { nodes, weights } = Quadrature.gaussLegendre(24)(lo, hi)
  return nodes.reduce((sum, node, i) => sum + weights[i] * f(node), 0)
}

const sde = 'Song et al. 2021, arXiv 2011.13456, §3 and appendix B'

/**
 * The laws of a schedule: levels, their log-SNR and its inverse, and the forward process dx = f x dt + g dW that they
 * solve.
 *
 * @example
 * import fc from 'fast-check'
 * import { Schedule } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const straight = Schedule.custom({ name: 'straight', alpha: t => 1 - t, sigma: t => t, until: 1 })
 * laws.schedule(straight).forEach(({ property }) => {
 *   fc.assert(property)
 * })
 */
export const schedule = (
  schedule: Schedule.Schedule,
  {
    times = anyTimes(schedule),
    variancePreserving = Schedule.preservesVariance(schedule),
    homogeneous = schedule._tag === 'OrnsteinUhlenbeck',
    tolerance = 1e-7,
    meaning = {}
  }: ScheduleOptions = {}
): ReadonlyArray<Law> => {
  const { level, logSnr, timeOfLogSnr, drift, diffusion, diffuse } = { ...meaningOf(schedule), ...meaning }
  const code = Schedule.show(schedule)
  const one = fc.record({ time: times })
  const showOne = ({ time }: { readonly time: number }): string => `${code} at t = ${time}`
  const two = fc
    .tuple(times, times)
    .filter(([s, t]) => s !== t)
    .map(([s, t]) => ({ s: Math.min(s, t), t: Math.max(s, t) }))
  const showTwo = ({ s, t }: { readonly s: number; readonly t: number }): string => `${code} at s = ${s} and t = ${t}`

  return [
    law(
      {
        name: 'levels are finite and not negative',
        statement: '∀ t: 0 ≤ α(t) < ∞ and 0 ≤ σ(t) < ∞. Exactly.',
        source: 'definition of x_t = α x_0 + σ z'
      },
      one,
      showOne,
      ({ time }) => {
        const { alpha, sigma } = level(time)
        return holds(
          alpha >= 0 && sigma >= 0 && alpha < Infinity && sigma < Infinity,
          () => `α = ${alpha}, σ = ${sigma}`
        )
      }
    ),
    law(
      {
        name: 'log-SNR falls strictly',
        statement: '∀ s < t: log α(s)²/σ(s)² > log α(t)²/σ(t)². Exactly.',
        source: 'Kingma et al. 2021, arXiv 2107.00630, §3.1'
      },
      two,
      showTwo,
      ({ s, t }) => holds(logSnr(s) > logSnr(t), () => `log-SNR goes from ${logSnr(s)} to ${logSnr(t)}`)
    ),
    law(
      {
        name: 'log-SNR is that of the level',
        statement:
          '∀ t: logSnr(t) = 2 log α(t) − 2 log σ(t), to 1e-12 (1 + |log-SNR|): rounding of α and σ, whose relative errors are a few 2⁻⁵².',
        source: 'definition'
      },
      one,
      showOne,
      ({ time }) => {
        const { alpha, sigma } = level(time)
        const wanted = 2 * (Elementary.log(alpha) - Elementary.log(sigma))
        return agree('log-SNR', [logSnr(time)], [wanted], 1e-12 * (1 + Math.abs(wanted)))
      }
    ),
    law(
      {
        name: 'timeOfLogSnr inverts logSnr',
        statement:
          '∀ t: timeOfLogSnr(logSnr(t)) = t, to 1e-13 · (t + (1 + |λ|)/|λ′(t)|), λ the log-SNR: the rounding of λ divided by its slope.',
        source: 'definition'
      },
      one,
      showOne,
      ({ time }) => {
        const value = logSnr(time)
        const condition = (1 + Math.abs(value)) / Math.abs(slope(logSnr, time))
        return agree('time', [timeOfLogSnr(value)], [time], 1e-13 * (time + condition))
      }
    ),
    ...(variancePreserving
      ? [
          law(
            {
              name: 'variance is preserved',
              statement: '∀ t: α(t)² + σ(t)² = 1, to 1e-14: a few roundings of numbers ≤ 1.',
              source: sde
            },
            one,
            showOne,
            ({ time }) => {
              const { alpha, sigma } = level(time)
              return agree('α² + σ²', [Elementary.square(alpha) + Elementary.square(sigma)], [1], 1e-14)
            }
          )
        ]
      : []),
    law(
      {
        name: 'drift is the slope of log α',
        statement: `∀ t: f(t) = d log α/dt, to ${tolerance.toExponential()} (1 + |f|): differences of fourth order at relative step 2e-3.`,
        source: sde
      },
      one,
      showOne,
      ({ time }) => {
        const wanted = slope(t => Elementary.log(level(t).alpha), time)
        return agree('drift', [drift(time)], [wanted], tolerance * (1 + Math.abs(wanted)))
      }
    ),
    law(
      {
        name: 'diffusion is what the drift leaves of the growth of σ²',
        statement: `∀ t: g(t)² = dσ²/dt − 2 f(t) σ(t)² ≥ 0, to ${tolerance.toExponential()} (1 + |dσ²/dt| + |2fσ²|): differences of fourth order.`,
        source: sde
      },
      one,
      showOne,
      ({ time }) => {
        const growth = slope(t => Elementary.square(level(t).sigma), time)
        const loss = 2 * slope(t => Elementary.log(level(t).alpha), time) * Elementary.square(level(time).sigma)
        const scale = tolerance * (1 + Math.abs(growth) + Math.abs(loss))
        return (
          agree('diffusion', [diffusion(time)], [growth - loss], scale) &&
          holds(diffusion(time) >= -scale, () => `diffusion ${diffusion(time)} is negative`)
        )
      }
    ),
    law(
      {
        name: 'diffusing to s and then on to t is diffusing to t',
        statement:
          '∀ s < t: with a = exp ∫f and b² = ∫ g(r)² exp(2∫_r^t f) dr over [s, t], ' +
          `N(α_s c, α_s²v + σ_s²) becomes N(aα_s c, a²(α_s²v + σ_s²) + b²) = N(α_t c, α_t²v + σ_t²), to ${(10 * tolerance).toExponential()} ` +
          'relative: the tolerance of f and g² integrated over times of order 1 (Gauss–Legendre, 24 nodes).',
        source: 'semigroup of the forward process'
      },
      two,
      showTwo,
      ({ s, t }) => {
        // Nodes in √t: near 0 some schedules have drift and diffusion that change fast.
        const over = (f: (time: number) => number, lo: number): number =>
          integral(r => 2 * r * f(r * r), Math.sqrt(lo), Math.sqrt(t))
        const step = {
          alpha: Elementary.exp(over(drift, s)),
          sigma: Math.sqrt(over(r => diffusion(r) * Elementary.exp(2 * over(drift, r)), s))
        }
        const origin = Mixture.of({ means: [[1]], variances: [0.5] })
        const [twice, once] = [pipe(origin, diffuse(level(s)), diffuse(step)), pipe(origin, diffuse(level(t)))]
        const scale = 10 * tolerance * (1 + once.variances[0])
        return (
          agree('mean', twice.means.values, once.means.values, scale) &&
          agree('variance', twice.variances, once.variances, scale)
        )
      }
    ),
    ...(homogeneous
      ? [
          law(
            {
              name: 'diffusing for s and then for t is diffusing for s + t',
              statement:
                '∀ s, t: levels compose as α(s)α(t) = α(s + t), α(t)²σ(s)² + σ(t)² = σ(s + t)², to 1e-14: a few roundings.',
              source: 'semigroup of Ornstein–Uhlenbeck'
            },
            two,
            showTwo,
            ({ s, t }) => {
              const origin = Mixture.of({ means: [[1]], variances: [0.5] })
              const [twice, once] = [pipe(origin, diffuse(level(s)), diffuse(level(t))), diffuse(level(s + t))(origin)]
              return (
                agree('mean', twice.means.values, once.means.values, 1e-14) &&
                agree('variance', twice.variances, once.variances, 1e-14)
              )
            }
          )
        ]
      : [])
  ]
}
