/** Laws of noise schedules. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/elementary.js'
import { Quadrature } from '../../lib/index.js'
import { Mixture, Schedule } from '../index.js'
import { anyTimes } from './arbitraries.js'
import { agree, claim, held, holds, over } from './check.js'
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
  /** Times at which α and σ have no derivative, rising; by default where its case says so. */
  readonly kinks?: ReadonlyArray<number>
  /** Times with signal and noise, none a kink; unless given (0, 4] and well before the end, and of one time alone near both ends too. */
  readonly times?: fc.Arbitrary<number>
  /** Whether α² + σ² = 1 is claimed; by default where `Schedule.preservesVariance` says so. */
  readonly variancePreserving?: boolean
  /**
   * Whether the process is the same at all times, so that diffusing for s and then for t is diffusing for s + t; by
   * default where `Schedule.isHomogeneous` says so.
   */
  readonly homogeneous?: boolean
  /** Of what is found by differences, beside their own error. Relative to 1 + |derivative|. */
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

interface Slope {
  readonly value: number
  /** What two of its estimates differ by. */
  readonly error: number
}

/** How often the step is halved: 2⁻⁵²/(h/2⁶) is still 1e-12. */
const HALVINGS = 6

/**
 * f′ by central differences at steps h, h/2, h/4, …, extrapolated to 0 as polynomials in h²: of the extrapolations the one
 * that is nearest to its neighbours. Ridders 1982, Advances in Engineering Software 4:75–76.
 */
const slopeWithin =
  (reach: number) =>
  (f: (x: number) => number, x: number): Slope => {
    const difference = (k: number): number => {
      const h = (0.1 * reach) / Elementary.powerOfTwo(k)
      return (f(x + h) - f(x - h)) / (2 * h)
    }
    const best = (a: Slope, b: Slope): Slope => (b.error < a.error ? b : a)
    return Array.from({ length: HALVINGS }, (_, k) => difference(k + 1)).reduce<{
      readonly row: ReadonlyArray<number>
      readonly found: Slope
    }>(
      ({ row: above, found }, first) => {
        const row = above.reduce<ReadonlyArray<number>>(
          (row, value, j) => [...row, row[j] + (row[j] - value) / (Elementary.powerOfTwo(2 * (j + 1)) - 1)],
          [first]
        )
        return {
          row,
          found: row
            .slice(1)
            .map((value, j): Slope => ({
              value,
              error: Math.max(Math.abs(value - row[j]), Math.abs(value - above[j]))
            }))
            .reduce(best, found)
        }
      },
      { row: [difference(0)], found: { value: NaN, error: Infinity } }
    ).found
  }

/** ∫ f by Gauss–Legendre nodes. */
const integral = (f: (x: number) => number, lo: number, hi: number, count: number): number => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return nodes.reduce((sum, node, i) => sum + weights[i] * f(node), 0)
}

/** Times s < t inside the pieces between kinks, in one piece or with one or two kinks between them. */
const betweenKinks = (
  schedule: Schedule.Schedule,
  kinks: ReadonlyArray<number>
): fc.Arbitrary<{ readonly s: number; readonly t: number }> => {
  const until = Schedule.until(schedule)
  const edges = [0, ...kinks, ...(until === Infinity ? [] : [until])]
  const inside = (piece: number, tenths: number): number =>
    edges[piece] + (tenths / 10) * (edges[piece + 1] - edges[piece])
  return fc
    .record({
      first: fc.nat({ max: edges.length - 2 }),
      pieces: fc.nat({ max: 2 }),
      lo: fc.integer({ min: 1, max: 8 }),
      hi: fc.integer({ min: 1, max: 9 })
    })
    .map(({ first, pieces, lo, hi }) => {
      const last = Math.min(first + pieces, edges.length - 2)
      return { s: inside(first, lo), t: inside(last, last > first || hi > lo ? hi : lo + 1) }
    })
}

/** The log-SNR beyond which of an endless schedule nothing is left to see. */
const FAINTEST = -40

/** Times from a tenth to 1e-5 of the way from either end; without end, far out. */
const nearEnds = (schedule: Schedule.Schedule): fc.Arbitrary<number> => {
  const until = Schedule.until(schedule)
  const seen = (time: number): number =>
    time <= 1 || Schedule.logSnr(time)(schedule) > FAINTEST ? time : seen(time / 2)
  return fc
    .record({ isFirst: fc.boolean(), power: fc.double({ min: 1, max: 5, noNaN: true }) })
    .map(({ isFirst, power }) => {
      const share = Elementary.pow(10, -power)
      if (isFirst) return share * Math.min(1, until)
      return until === Infinity ? seen(4 * Elementary.pow(2, power)) : (1 - share) * until
    })
}

const sde = 'Song et al. 2021, arXiv 2011.13456, §3 and appendix B'

/** What the laws of a schedule share: what it says of itself, and at which times it is asked. */
const settingOf = (
  schedule: Schedule.Schedule,
  {
    kinks = Schedule.kinks(schedule),
    times: given,
    variancePreserving = Schedule.preservesVariance(schedule),
    homogeneous = Schedule.isHomogeneous(schedule),
    tolerance = 1e-7,
    meaning = {}
  }: ScheduleOptions = {}
) => {
  const { level, logSnr, timeOfLogSnr, drift, diffusion, diffuse } = { ...meaningOf(schedule), ...meaning }
  const code = Schedule.show(schedule)
  const times = given ?? (kinks.length === 0 ? anyTimes(schedule) : betweenKinks(schedule, kinks).map(({ s }) => s))
  const isWhole = given === undefined && kinks.length === 0
  // The schedule goes along, so that a report may tell which ends were met.
  const one = fc
    .record({
      time: isWhole ? fc.oneof({ weight: 2, arbitrary: times }, { weight: 1, arbitrary: nearEnds(schedule) }) : times
    })
    .map(({ time }) => ({ schedule, time }))
  const { greatest, least } = Schedule.logSnrRange(schedule)
  const meets = isWhole ? [...(greatest > 4 ? ['clean end'] : []), ...(least < -4 ? ['noisy end'] : [])] : []
  const showOne = ({ time }: { readonly time: number }): string => `${code} at t = ${time}`
  const two = fc
    .tuple(times, times)
    .filter(([s, t]) => s !== t)
    .map(([s, t]) => ({ s: Math.min(s, t), t: Math.max(s, t) }))
  /** What lies between them in one piece or three: integrals are over pieces. */
  const close = kinks.length === 0 ? two : betweenKinks(schedule, kinks)
  /** A tenth of the way to the next time without a derivative. */
  const slope = (f: (x: number) => number, x: number): Slope =>
    slopeWithin(
      [0, ...kinks, Schedule.until(schedule)].reduce((least, edge) => Math.min(least, Math.abs(x - edge)), x)
    )(f, x)
  /** Of all times that there are, the ends included, as doubles. */
  const last = Math.min(8, Schedule.until(schedule))
  const wide = fc.record({
    time: fc.oneof(
      { weight: 4, arbitrary: fc.double({ min: 1e-6, max: 1, noNaN: true }).map(share => share * last) },
      { weight: 1, arbitrary: fc.constant(last) }
    ),
    halvings: fc.integer({ min: 1, max: 10 })
  })
  const showTwo = ({ s, t }: { readonly s: number; readonly t: number }): string => `${code} at s = ${s} and t = ${t}`

  const atOne = over(one, showOne)
  const atTwo = over(two, showTwo)
  const upTo = over(
    wide,
    ({ time, halvings }) => `${code} at t = ${time} and the ${Elementary.powerOfTwo(halvings)}th part of it before`
  )
  return {
    atOne,
    atTwo,
    close,
    diffuse,
    diffusion,
    drift,
    homogeneous,
    kinks,
    level,
    logSnr,
    meets,
    showTwo,
    slope,
    timeOfLogSnr,
    tolerance,
    upTo,
    variancePreserving
  }
}

type Setting = ReturnType<typeof settingOf>

const finiteLevels = ({ atOne, level, meets }: Setting): Law =>
  atOne({
    name: 'levels are finite and not negative',
    statement: '∀ t: 0 ≤ α(t) < ∞ and 0 ≤ σ(t) < ∞. Exactly.',
    source: 'definition of x_t = α x_0 + σ z',
    meets,
    check: ({ time }) => {
      const { alpha, sigma } = level(time)
      return holds(alpha >= 0 && sigma >= 0 && alpha < Infinity && sigma < Infinity, () => `α = ${alpha}, σ = ${sigma}`)
    }
  })

const falls = ({ atTwo, logSnr }: Setting): Law =>
  atTwo({
    name: 'log-SNR falls strictly',
    statement: '∀ s < t: log α(s)²/σ(s)² > log α(t)²/σ(t)². Exactly.',
    source: 'Kingma et al. 2021, arXiv 2107.00630, §3.1',
    check: ({ s, t }) => holds(logSnr(s) > logSnr(t), () => `log-SNR goes from ${logSnr(s)} to ${logSnr(t)}`)
  })

const endToEnd = ({ level, logSnr, upTo }: Setting): Law =>
  upTo({
    name: 'goes from its one end to the other',
    statement:
      '∀ t of [0, until], of any double, s = (1 − 2⁻ᵏ) t, k ≤ 10: 0 ≤ α, σ < ∞ at both, log-SNR(s) > log-SNR(t), and α(0) > 0; without end, to t = 8. Exactly.',
    source: 'Kingma et al. 2021, arXiv 2107.00630, §3.1',
    enough: 60,
    check: ({ time: t, halvings }) => {
      const s = t * (1 - Elementary.powerOfTwo(-halvings))
      const levels = [0, s, t].map(level)
      return (
        holds(
          levels.every(({ alpha, sigma }) => alpha >= 0 && sigma >= 0 && alpha < Infinity && sigma < Infinity),
          () => `levels ${levels.map(({ alpha, sigma }) => `α = ${alpha}, σ = ${sigma}`).join('; ')}`
        ) &&
        holds(levels[0].alpha > 0, () => `α(0) = ${levels[0].alpha}: there is no signal at first`) &&
        (s === t ||
          holds(logSnr(s) > logSnr(t), () => `log-SNR goes from ${logSnr(s)} at ${s} to ${logSnr(t)} at ${t}`))
      )
    }
  })

const noJumps = ({ level, upTo }: Setting): Law =>
  upTo({
    name: 'levels have no jumps',
    statement:
      '∀ s < t of [0, until]: halved 40 times, each time to the half in which α and σ change more, the interval has a change of 1e-4 (1 + α + σ) at most: of t^p, p ≥ ½, 1e-5.',
    source: 'x_t is a process with continuous paths',
    enough: 60,
    check: ({ time, halvings }) => {
      const change = (lo: number, hi: number): number => {
        const [a, b] = [lo, hi].map(level)
        return Math.abs(a.alpha - b.alpha) + Math.abs(a.sigma - b.sigma)
      }
      const { lo, hi } = Array.from({ length: 40 }).reduce<{ readonly lo: number; readonly hi: number }>(
        ({ lo, hi }) => {
          const middle = (lo + hi) / 2
          return change(lo, middle) > change(middle, hi) ? { lo, hi: middle } : { lo: middle, hi }
        },
        { lo: time * (1 - Elementary.powerOfTwo(1 - halvings)), hi: time }
      )
      const { alpha, sigma } = level(hi)
      return holds(
        change(lo, hi) <= 1e-4 * (1 + alpha + sigma),
        () => `between ${lo} and ${hi} the levels change by ${change(lo, hi)}`
      )
    }
  })

const logSnrOfLevel = ({ atOne, level, logSnr, meets, slope }: Setting): Law =>
  atOne({
    name: 'log-SNR is that of the level',
    statement:
      '∀ t: λ(t) = 2 log α(t) − 2 log σ(t), to 1e-12 (1 + |λ|): rounding of α and σ, whose relative errors are a few 2⁻⁵², and to 2⁻⁵⁰ t |λ′(t)|, that of t.',
    source: 'definition',
    meets,
    check: ({ time }) => {
      const { alpha, sigma } = level(time)
      const wanted = 2 * (Elementary.log(alpha) - Elementary.log(sigma))
      const ofTime = Elementary.powerOfTwo(-50) * time * Math.abs(slope(logSnr, time).value)
      return agree('log-SNR', [logSnr(time)], [wanted], 1e-12 * (1 + Math.abs(wanted)) + ofTime)
    }
  })

const inverse = ({ atOne, logSnr, meets, slope, timeOfLogSnr }: Setting): Law =>
  atOne({
    name: 'timeOfLogSnr inverts logSnr',
    statement:
      '∀ t: timeOfLogSnr(logSnr(t)) = t, to 1e-13 · (t + (1 + |λ|)/|λ′(t)|), λ the log-SNR: the rounding of λ divided by its slope.',
    source: 'definition',
    meets,
    check: ({ time }) => {
      const value = logSnr(time)
      const condition = (1 + Math.abs(value)) / Math.abs(slope(logSnr, time).value)
      return agree('time', [timeOfLogSnr(value)], [time], 1e-13 * (time + condition))
    }
  })

const preserved = ({ atOne, level, meets, variancePreserving }: Setting): Law | false =>
  variancePreserving &&
  atOne({
    name: 'variance is preserved',
    statement: '∀ t: α(t)² + σ(t)² = 1, to 1e-14: a few roundings of numbers ≤ 1.',
    source: sde,
    meets,
    check: ({ time }) => {
      const { alpha, sigma } = level(time)
      return agree('α² + σ²', [Elementary.square(alpha) + Elementary.square(sigma)], [1], 1e-14)
    }
  })

const driftIsSlope = ({ atOne, drift, level, meets, slope, tolerance }: Setting): Law =>
  atOne({
    name: 'drift is the slope of log α',
    statement: `∀ t: f(t) = d log α/dt, to ${tolerance.toExponential()} (1 + |f|) and ten times the error that extrapolated differences find of themselves.`,
    source: sde,
    meets,
    check: ({ time }) => {
      const wanted = slope(t => Elementary.log(level(t).alpha), time)
      return agree('drift', [drift(time)], [wanted.value], tolerance * (1 + Math.abs(wanted.value)) + 10 * wanted.error)
    }
  })

const diffusionIsRest = ({ atOne, diffusion, level, meets, slope, tolerance }: Setting): Law =>
  atOne({
    name: 'diffusion is what the drift leaves of the growth of σ²',
    statement: `∀ t: g(t)² = dσ²/dt − 2 f(t) σ(t)² ≥ 0, to ${tolerance.toExponential()} (1 + |dσ²/dt| + |2fσ²|) and ten times the error of differences.`,
    source: sde,
    meets,
    check: ({ time }) => {
      const growth = slope(t => Elementary.square(level(t).sigma), time)
      const fall = slope(t => Elementary.log(level(t).alpha), time)
      const twice = 2 * Elementary.square(level(time).sigma)
      const loss = twice * fall.value
      const scale = tolerance * (1 + Math.abs(growth.value) + Math.abs(loss)) + 10 * (growth.error + twice * fall.error)
      return (
        agree('diffusion', [diffusion(time)], [growth.value - loss], scale) &&
        holds(diffusion(time) >= -scale, () => `diffusion ${diffusion(time)} is negative`)
      )
    }
  })

const semigroup = ({ close, diffuse, diffusion, drift, kinks, level, showTwo, tolerance }: Setting): Law =>
  claim({
    name: 'diffusing to s and then on to t is diffusing to t',
    statement: `∀ s < t: with a = exp ∫f and b² = ∫ g(r)² exp(2∫_r^t f) dr over [s, t], N(α_s c, α_s²v + σ_s²) becomes N(aα_s c, a²(α_s²v + σ_s²) + b²) = N(α_t c, α_t²v + σ_t²), to ${(10 * tolerance).toExponential()} relative: the tolerance of f and g² integrated over times of order 1 (Gauss–Legendre, 48 nodes; 16 between kinks, over three of them at most), and to ten times what half as many nodes find otherwise.`,
    source: 'semigroup of the forward process',
    cases: close,
    show: showTwo,
    check: ({ s, t }) => {
      const edges = [s, ...kinks.filter(kink => kink > s && kink < t), t]
      const origin = Mixture.of({ means: [[1]], variances: [0.5] })
      const inTwo = (nodes: number): Mixture.Mixture => {
        const step = edges.slice(1).reduce(
          ({ alpha, variance }, hi, i) => {
            // Nodes in √t: near 0 some schedules have drift and diffusion that change fast.
            const over = (f: (time: number) => number, lo: number): number =>
              integral(r => 2 * r * f(r * r), Math.sqrt(lo), Math.sqrt(hi), nodes)
            const kept = Elementary.exp(over(drift, edges[i]))
            return {
              alpha: kept * alpha,
              variance: kept * kept * variance + over(r => diffusion(r) * Elementary.exp(2 * over(drift, r)), edges[i])
            }
          },
          { alpha: 1, variance: 0 }
        )
        return pipe(origin, diffuse(level(s)), diffuse({ alpha: step.alpha, sigma: Math.sqrt(step.variance) }))
      }
      const [half, twice] = (kinks.length === 0 ? [24, 48] : [8, 16]).map(inTwo)
      const once = pipe(origin, diffuse(level(t)))
      const scale = 10 * tolerance * (1 + once.variances[0])
      const spread = (of: (mixture: Mixture.Mixture) => Float64Array): number =>
        scale + 10 * Math.abs(of(half)[0] - of(twice)[0])
      return (
        agree(
          'mean',
          twice.means.values,
          once.means.values,
          spread(({ means }) => means.values)
        ) &&
        agree(
          'variance',
          twice.variances,
          once.variances,
          spread(({ variances }) => variances)
        )
      )
    }
  })

const homogeneousSemigroup = ({ atTwo, diffuse, homogeneous, level }: Setting): Law | false =>
  homogeneous &&
  atTwo({
    name: 'diffusing for s and then for t is diffusing for s + t',
    statement:
      '∀ s, t: levels compose as α(s)α(t) = α(s + t), α(t)²σ(s)² + σ(t)² = σ(s + t)², to 1e-14: a few roundings.',
    source: 'semigroup of Ornstein–Uhlenbeck',
    check: ({ s, t }) => {
      const origin = Mixture.of({ means: [[1]], variances: [0.5] })
      const [twice, once] = [pipe(origin, diffuse(level(s)), diffuse(level(t))), diffuse(level(s + t))(origin)]
      return (
        agree('mean', twice.means.values, once.means.values, 1e-14) &&
        agree('variance', twice.variances, once.variances, 1e-14)
      )
    }
  })

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
export const schedule = (schedule: Schedule.Schedule, options: ScheduleOptions = {}): ReadonlyArray<Law> => {
  const setting = settingOf(schedule, options)

  return held([
    finiteLevels(setting),
    falls(setting),
    endToEnd(setting),
    noJumps(setting),
    logSnrOfLevel(setting),
    inverse(setting),
    preserved(setting),
    driftIsSlope(setting),
    diffusionIsRest(setting),
    semigroup(setting),
    homogeneousSemigroup(setting)
  ])
}
