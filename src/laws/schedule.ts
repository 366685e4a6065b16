/** Laws of noise schedules. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Quadrature } from '../../lib/index.js'
import { Mixture } from '../index.js'
import * as Schedule from '../schedule/index.js'
import type { Dynamics } from '../schedule/dynamics.js'
import { timesBeforeEnd } from './arbitraries.js'
import { maxAbs, collectLaws, noProblemsLaw } from './check.js'
import type { Laws } from './law.js'
import { measuredSlope, evaluationNoise, SHORTEST_STEP_SHARE, extrapolatedSlope } from './differences.js'
import { forAll, ofRows, equals, atMost, below, above, areFinite, atLeast, type LawBuilder } from './lawRows.js'

export interface ScheduleOptions {
  /** Ascending times at which α or σ has no derivative. Default: as declared. */
  readonly kinks?: ReadonlyArray<number>
  /** True if α² + σ² = 1. Default: as declared. */
  readonly variancePreserving?: boolean
  /** True if diffusing for s and then for t is diffusing for s + t. Default: as declared. */
  readonly homogeneous?: boolean
}

const SONG_2021 = 'Song et al. 2021, arXiv 2011.13456, §3 and appendix B'
const KINGMA_2021 = 'Kingma et al. 2021, arXiv 2107.00630, §3.1'
const oneGaussian = Mixture.of({ means: [[1]], variances: [0.5] })
const { exp, log, powerOfTwo, square } = Elementary

/** Tolerance of numerical derivatives beyond their own error, relative to 1 + |derivative|. */
const DERIVATIVE_TOLERANCE = 1e-7

/**
 * Returns the laws of a schedule: levels, log-SNR and its inverse, forward process dx = f x dt + g dW.
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
export const schedule = (schedule: Schedule.Schedule, options: ScheduleOptions = {}): Laws => {
  const problems = Schedule.problems(schedule)
  if (problems.length > 0) return collectLaws([noProblemsLaw(Schedule.show(schedule), problems)])
  const subject = scheduleSubject(schedule, options)
  return ofRows(
    Schedule.show(schedule),
    [
      goesFromEndToEnd(subject),
      levelsAreContinuous(subject),
      logSnrIsThatOfLevel(subject),
      timeInvertsLogSnr(subject),
      varianceIsPreserved(subject),
      driftIsSlopeOfLogAlpha(subject),
      diffusionIsGrowthLessDrift(subject),
      diffusingComposes(subject),
      processIsHomogeneous(subject)
    ],
    options
  )
}

const scheduleSubject = (
  schedule: Schedule.Schedule,
  {
    kinks = Schedule.breakpoints(schedule),
    variancePreserving = Schedule.preservesVariance(schedule),
    homogeneous = Schedule.isHomogeneous(schedule)
  }: ScheduleOptions
) => {
  const { edges, ...onTimes } = scheduleTimes(schedule, kinks)
  return {
    ...onTimes,
    meaning: Schedule.interpret(schedule),
    claims: { kinks, variancePreserving, homogeneous },
    /** Distance to the nearest edge, the longest step of a difference. */
    reach: (x: number): number => edges.reduce((least, edge) => Math.min(least, Math.abs(x - edge)), x)
  }
}
type ScheduleSubject = ReturnType<typeof scheduleSubject>

const scheduleTimes = (schedule: Schedule.Schedule, kinks: ReadonlyArray<number>) => {
  const until = Schedule.endTime(schedule)
  const edges = [0, ...kinks, ...(until === Infinity ? [] : [until])]
  const isWhole = kinks.length === 0
  const times = isWhole ? timesBeforeEnd(schedule) : betweenEdges(edges).map(({ s }) => s)
  const near = isWhole ? fc.oneof({ weight: 2, arbitrary: times }, { weight: 1, arbitrary: nearEnds(schedule) }) : times
  const two = fc
    .tuple(times, times)
    .filter(([s, t]) => s !== t)
    .map(([s, t]) => ({ s: Math.min(s, t), t: Math.max(s, t) }))
  const last = Math.min(8, until)
  const any = fc.double({ min: 1e-6, max: 1, noNaN: true }).map(share => share * last)
  const wide = fc.oneof({ weight: 4, arbitrary: any }, { weight: 1, arbitrary: fc.constant(last) })
  const atOne = forAll(near.map(time => ({ time })))
  const atTwo = forAll(two)
  const upTo = forAll(fc.record({ time: wide, halvings: fc.integer({ min: 1, max: 10 }) }))
  const inPieces = forAll(kinks.length === 0 ? two : betweenEdges(edges))
  return { edges: [...edges, until], atOne, atTwo, upTo, inPieces }
}

const SHARE_DENOMINATOR = Elementary.powerOfTwo(20)

/** Ordered times, uniform in one interval between edges or around one or two kinks. */
const betweenEdges = (edges: ReadonlyArray<number>): fc.Arbitrary<{ readonly s: number; readonly t: number }> => {
  const last = edges.length - 2
  const share = fc.nat({ max: SHARE_DENOMINATOR }).map(k => 0.02 + (0.96 * k) / SHARE_DENOMINATOR)
  const inside = (piece: number, share: number): number => edges[piece] + share * (edges[piece + 1] - edges[piece])
  return fc
    .tuple(fc.nat(last), fc.nat(2), share, share)
    .map(([piece, more, a, b]) => [inside(piece, a), inside(Math.min(piece + more, last), b)])
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => ({ s: Math.min(a, b), t: Math.max(a, b) }))
}

/** Times near either end, at 0.1 to 1e-5 of the duration from it; without an end, up to a log-SNR of −40. */
const nearEnds = (schedule: Schedule.Schedule): fc.Arbitrary<number> => {
  const until = Schedule.endTime(schedule)
  const seen = (time: number): number => (time <= 1 || Schedule.logSnr(time)(schedule) > -40 ? time : seen(time / 2))
  return fc.tuple(fc.boolean(), fc.double({ min: 1, max: 5, noNaN: true })).map(([isFirst, power]) => {
    const share = Elementary.pow(10, -power)
    if (isFirst) return share * Math.min(1, until)
    return until === Infinity ? seen(4 * Elementary.pow(2, power)) : (1 - share) * until
  })
}

const goesFromEndToEnd = ({ meaning: { level, logSnr }, upTo }: ScheduleSubject): LawBuilder =>
  upTo({
    name: 'goes from its one end to the other',
    quantity: 'level at an end',
    statement:
      '∀ t of [0, until], s = (1 − 2⁻ᵏ) t, k ≤ 10: 0 ≤ α, σ < ∞ at both, log-SNR(s) > log-SNR(t), and α(0) > 0; without end, to t = 8. Exactly.',
    source: KINGMA_2021,
    maxCases: 60,
    says: ({ time: t, halvings }) => {
      const s = t * (1 - powerOfTwo(-halvings))
      const levels = [0, s, t].map(level)
      const falls = s === t ? [] : [below(logSnr(t), logSnr(s))]
      return [areFinite(levels), atLeast(levels, 0), above(levels[0].alpha, 0), ...falls]
    }
  })

const levelsAreContinuous = ({ meaning: { level }, upTo }: ScheduleSubject): LawBuilder =>
  upTo({
    name: 'levels have no jumps',
    quantity: 'change of the level',
    statement:
      '∀ s < t of [0, until]: halved 40 times, each time to the half in which α and σ change more, the interval has a change of 1e-4 (1 + α + σ) at most, or half of that after 20: of t^p it falls by 2^−p each time, that of a jump stays.',
    source: 'x_t is a process with continuous paths',
    maxCases: 60,
    says: ({ time, halvings }) => {
      const change = (lo: number, hi: number): number =>
        Math.abs(level(lo).alpha - level(hi).alpha) + Math.abs(level(lo).sigma - level(hi).sigma)
      type Interval = readonly [lo: number, hi: number]
      const halved = (interval: Interval): Interval =>
        Array.from({ length: 20 }).reduce<Interval>(([lo, hi]) => {
          const middle = (lo + hi) / 2
          return change(lo, middle) > change(middle, hi) ? [lo, middle] : [middle, hi]
        }, interval)
      const some = halved([time * (1 - powerOfTwo(1 - halvings)), time])
      const [lo, hi] = halved(some)
      const least = 1e-4 * (1 + level(hi).alpha + level(hi).sigma)
      return atMost(change(lo, hi), Math.max(least, change(...some) / 2))
    }
  })

const logSnrIsThatOfLevel = ({ meaning: { level, logSnr }, reach, atOne }: ScheduleSubject): LawBuilder =>
  atOne({
    name: 'log-SNR is that of the level',
    quantity: 'log-SNR',
    statement:
      '∀ t: λ(t) = 2 log α(t) − 2 log σ(t), to 1e-12 (1 + |λ|): rounding of α and σ, whose relative errors are a few 2⁻⁵², and to 2⁻⁵⁰ t |λ′(t)|, that of t.',
    source: 'definition',
    says: ({ time }) => {
      const wanted = 2 * (log(level(time).alpha) - log(level(time).sigma))
      const ofTime = powerOfTwo(-50) * time * Math.abs(extrapolatedSlope(reach(time))(logSnr, time).value)
      return equals(logSnr(time), wanted, 1e-12 * (1 + Math.abs(wanted)) + ofTime)
    }
  })

const timeInvertsLogSnr = ({ meaning: { logSnr, timeOfLogSnr, until }, reach, atOne }: ScheduleSubject): LawBuilder =>
  atOne({
    name: 'timeOfLogSnr inverts logSnr',
    quantity: 'time',
    statement:
      '∀ t: timeOfLogSnr(λ(t)) = t, to 1e-13 t, 2⁻⁴⁶ of the last time, twenty times the noise of its evaluation, found from third differences, and what λ is known to over its slope: 1e-13 (1 + |λ|) and twenty times its own noise (of σ = √(1 − α²) much near α = 1).',
    source: 'definition; Moré & Wild 2011, SIAM J. Sci. Comput. 33:1292–1314',
    says: ({ time }) => {
      const noise = evaluationNoise(timeOfLogSnr, logSnr(time), 1)
      // Beyond an end the noise may be NaN.
      const ofInverse = (Number.isFinite(noise) ? 20 * noise : 0) + (until < Infinity ? powerOfTwo(-46) * until : 0)
      return equals(timeOfLogSnr(logSnr(time)), time, 1e-13 * time + blurOfTime(logSnr, reach)(time) + ofInverse)
    }
  })

/** Error of a time computed from λ, given the noise of evaluating λ. */
const blurOfTime =
  (logSnr: (time: number) => number, reach: (time: number) => number) =>
  (time: number): number =>
    (1e-13 * (1 + Math.abs(logSnr(time))) + 20 * evaluationNoise(logSnr, time, reach(time))) /
    Math.abs(extrapolatedSlope(reach(time))(logSnr, time).value)

const varianceIsPreserved = ({
  meaning: { level },
  claims: { variancePreserving },
  atOne
}: ScheduleSubject): LawBuilder =>
  atOne({
    name: 'variance is preserved',
    quantity: 'α² + σ²',
    statement: '∀ t: α(t)² + σ(t)² = 1, to 1e-14: a few roundings of numbers ≤ 1.',
    source: SONG_2021,
    claim: variancePreserving,
    option: 'variancePreserving',
    says: ({ time }) => equals(square(level(time).alpha) + square(level(time).sigma), 1, 1e-14)
  })

const logAlpha = ({ alpha }: Schedule.Level): number => log(alpha)

/** Derivative in time of a function of the noise level, with an error bound that includes cancellation near the end. */
const slopeOf = (
  { meaning: { level }, reach }: Pick<ScheduleSubject, 'meaning' | 'reach'>,
  of: (level: Schedule.Level) => number,
  time: number
): { readonly value: number; readonly within: number } => {
  const f = (h: number): number => of(level(time + h))
  const { value, within } = measuredSlope(f, reach(time), time)
  return {
    value,
    within: within + (20 * evaluationNoise(f, 0, reach(time), [16])) / SHORTEST_STEP_SHARE / reach(time)
  }
}

const driftIsSlopeOfLogAlpha = ({ meaning, reach, atOne }: ScheduleSubject): LawBuilder =>
  atOne({
    name: 'drift is the slope of log α',
    quantity: 'drift',
    statement: `∀ t: f(t) = d log α/dt, to ${DERIVATIVE_TOLERANCE.toExponential()} (1 + |f|), ten times the error that extrapolated differences find of themselves, and twenty times the noise of α over the shortest.`,
    source: SONG_2021,
    says: ({ time }) => {
      const { value, within } = slopeOf({ meaning, reach }, logAlpha, time)
      return equals(meaning.drift(time), value, DERIVATIVE_TOLERANCE * (1 + Math.abs(value)) + within)
    }
  })

const diffusionIsGrowthLessDrift = ({ meaning, reach, atOne }: ScheduleSubject): LawBuilder =>
  atOne({
    name: 'diffusion is what the drift leaves of the growth of σ²',
    quantity: 'g²',
    statement: `∀ t: g(t)² = dσ²/dt − 2 f(t) σ(t)² ≥ 0, to ${DERIVATIVE_TOLERANCE.toExponential()} (1 + |dσ²/dt| + |2fσ²|) and the errors of differences.`,
    source: SONG_2021,
    says: ({ time }) => {
      const growth = slopeOf({ meaning, reach }, ({ sigma }) => square(sigma), time)
      const falls = slopeOf({ meaning, reach }, logAlpha, time)
      const twice = 2 * square(meaning.level(time).sigma)
      const size = 1 + Math.abs(growth.value) + Math.abs(twice * falls.value)
      const off = DERIVATIVE_TOLERANCE * size + growth.within + twice * falls.within
      return [
        equals(meaning.diffusion(time), growth.value - twice * falls.value, off),
        atLeast(meaning.diffusion(time), 0, off)
      ]
    }
  })

const diffusingComposes = ({ meaning, claims: { kinks }, inPieces }: ScheduleSubject): LawBuilder =>
  inPieces({
    name: 'diffusing to s and then on to t is diffusing to t',
    statement: `∀ s < t: with a = exp ∫f and b² = ∫ g(r)² exp(2∫_r^t f) dr over [s, t], N(α_s c, α_s²v + σ_s²) becomes N(aα_s c, a²(α_s²v + σ_s²) + b²) = N(α_t c, α_t²v + σ_t²), to ${(10 * DERIVATIVE_TOLERANCE).toExponential()} relative: the tolerance of f and g² integrated over times of order 1 (Gauss–Legendre, 48 nodes; 16 between kinks, over three of them at most), and to ten times what a half and three quarters as many nodes find otherwise, which is much where α and σ are once differentiable.`,
    source: 'semigroup of the forward process',
    says: ({ s, t }) => {
      const [finest, ...others] = (kinks.length === 0 ? [48, 36, 24] : [16, 12, 8]).map(count =>
        integrateMoments(meaning, kinks, [s, t], count)
      )
      const once = Mixture.diffuse(meaning.level(t))(oneGaussian)
      return [({ means }: Mixture.Mixture) => means.values, ({ variances }: Mixture.Mixture) => variances].map(of => {
        const apart = maxAbs(others.map(other => of(other)[0] - of(finest)[0]))
        return equals(of(finest), of(once), 10 * DERIVATIVE_TOLERANCE * (1 + once.variances[0]) + 10 * apart)
      })
    }
  })

/** Diffuses a Gaussian from s to t by quadrature of f and g² in √t, as some schedules change fast near 0. */
const integrateMoments = (
  { level, drift, diffusion }: Pick<Dynamics, 'level' | 'drift' | 'diffusion'>,
  kinks: ReadonlyArray<number>,
  [s, t]: readonly [number, number],
  count: number
): Mixture.Mixture => {
  const inside = [s, ...kinks.filter(kink => kink > s && kink < t), t]
  const end = inside.slice(1).reduce(
    ({ alpha, variance }, hi, i) => {
      const { nodes, weights } = Quadrature.gaussLegendre(count)(Math.sqrt(inside[i]), Math.sqrt(hi))
      const ends = [Math.sqrt(inside[i]), ...nodes, Math.sqrt(hi)]
      const pieces = ends.slice(1).map((end, k) => {
        const piece = Quadrature.gaussLegendre(6)(ends[k], end)
        return piece.nodes.reduce((sum, r, j) => sum + piece.weights[j] * 2 * r * drift(r * r), 0)
      })
      const rest = pieces.map((_, k) => pieces.slice(k).reduce((sum, piece) => sum + piece))
      const kept = exp(rest[0])
      const added = nodes.reduce((sum, r, k) => sum + weights[k] * 2 * r * diffusion(r * r) * exp(2 * rest[k + 1]), 0)
      return { alpha: kept * alpha, variance: kept * kept * variance + added }
    },
    { alpha: 1, variance: 0 }
  )
  return pipe(
    oneGaussian,
    Mixture.diffuse(level(s)),
    Mixture.diffuse({ alpha: end.alpha, sigma: Math.sqrt(end.variance) })
  )
}

const processIsHomogeneous = ({ meaning: { level }, claims: { homogeneous }, atTwo }: ScheduleSubject): LawBuilder =>
  atTwo({
    name: 'diffusing for s and then for t is diffusing for s + t',
    quantity: 'moments',
    statement:
      '∀ s, t: levels compose as α(s)α(t) = α(s + t), α(t)²σ(s)² + σ(t)² = σ(s + t)², to 1e-14: a few roundings.',
    source: 'semigroup of Ornstein–Uhlenbeck',
    claim: homogeneous,
    option: 'homogeneous',
    says: ({ s, t }) => {
      const twice = pipe(oneGaussian, Mixture.diffuse(level(s)), Mixture.diffuse(level(t)))
      const once = Mixture.diffuse(level(s + t))(oneGaussian)
      return equals([twice.means.values, twice.variances], [once.means.values, once.variances], 1e-14)
    }
  })
