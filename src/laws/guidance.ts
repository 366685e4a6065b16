/** Laws of scores built from scores: classifier-free guidance, and posteriors against closed forms. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { Points } from '../data/points.js'
import { Guidance, Mixture, type Params, Sampler, Schedule, Score } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { flattenParams, sumNumbers, maxAbs, dotProduct } from './check.js'
import { forAll, ofRows, equals, atMost, type LawRelations, type LawBuilder } from './lawRows.js'
import type { Laws } from './law.js'

/** Functions of `Guidance` under test. */
export type Guide = Pick<typeof Guidance, 'classifierFree' | 'posterior'>

const MAX_GUIDANCE_CASES = 50

export interface GuidanceOptions {
  readonly guide?: Guide
}

interface GuidanceCase<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly time: number
  readonly points: Points
  readonly params: Params.Params<P>
  readonly others: Params.Params<P>
  readonly weight: number
}

type SmoothScoreValues = Readonly<Record<string, Float64Array>>

const smoothScoreValues = (score: Sampler.Smooth, points: Points, time: number): SmoothScoreValues => ({
  s: score(points, time).values,
  'div s': score.divergence(points, time),
  'vᵀ∂s/∂x': score.vjp(
    points,
    time,
    points.values.map((_, i) => 1 + i)
  ).values
})

/** Returns the laws of classifier-free guidance. */
export const guidance = <P extends string>(score: Score.Score<P>, { guide = Guidance }: GuidanceOptions = {}): Laws => {
  const subject = guidanceSubject(score, guide)
  return ofRows(Score.show(score), [nullLabelChangesNothing(subject), guidedScoreIsLinear(subject)])
}

const guidanceSubject = <P extends string>(score: Score.Score<P>, guide: Guide) => {
  const params = Arbitrary.params(score)
  const cases: fc.Arbitrary<GuidanceCase<P>> = fc
    .tuple(Arbitrary.schedulesFor(score), Arbitrary.dimsFor(score))
    .chain(([schedule, dim]) =>
      fc.record({
        schedule: fc.constant(schedule),
        time: Arbitrary.timesFor(score)(schedule),
        points: Arbitrary.points({ maxRows: 3, weights: false })(dim),
        params: params(dim),
        others: params(dim),
        weight: fc.constantFrom(-1, 0, 0.5, 1, 3)
      })
    )
  return {
    guide,
    onCases: forAll(cases),
    /** −1, the null label, for a network; a family ignores labels. */
    nullLabel: Score.interpret(score).family === undefined ? -1 : 0,
    scoreWith: ({ schedule, params }: GuidanceCase<P>, label: number | null): Sampler.Smooth =>
      Sampler.learned(score, schedule, params, { label })
  }
}
type GuidanceSubject<P extends string> = ReturnType<typeof guidanceSubject<P>>

const nullLabelChangesNothing = <P extends string>({
  guide,
  onCases,
  nullLabel,
  scoreWith
}: GuidanceSubject<P>): LawBuilder =>
  onCases({
    name: 'a label that says nothing changes nothing, whatever the weight',
    statement: `∀ θ, t, x, w: given the label ${nullLabel} in every row it is the score without; guided towards that, too, to 1e-14 (1 + |w|)(1 + size): two products and a sum round.`,
    source: 'p(x | y) = p(x) where y is constant',
    maxCases: MAX_GUIDANCE_CASES,
    says: each => {
      const { points, time, params, weight } = each
      const free = scoreWith(each, null)
      const given = scoreWith(each, nullLabel)
      const guided = guide.classifierFree({ free, given, weight })
      const [wanted, labelled, found] = [free, given, guided].map(score => smoothScoreValues(score, points, time))
      const size = 1 + maxAbs([...points.values, ...flattenParams(params)])
      const sameAs = (found: SmoothScoreValues, tolerance: (values: ArrayLike<number>) => number): LawRelations =>
        Object.keys(wanted).map(name =>
          equals({ [name]: found[name] }, { [name]: wanted[name] }, tolerance(wanted[name]))
        )
      return [
        sameAs(labelled, () => 0),
        sameAs(found, values => 1e-14 * (1 + Math.abs(weight)) * (size + maxAbs(values)))
      ]
    }
  })

const guidedScoreIsLinear = <P extends string>({ guide, onCases, scoreWith }: GuidanceSubject<P>): LawBuilder =>
  onCases({
    name: 'it goes along the line from the one to the other',
    quantity: 'coordinates along the grid',
    statement:
      '∀ θ, θ′, t, x, w: from s(x; θ) towards s(x; θ′) it is s(x; θ) + w (s(x; θ′) − s(x; θ)), and so are its divergence and its products with the Jacobian. To 1e-14 (1 + |w|)(1 + size): two products and a sum round.',
    source: 'Ho & Salimans 2022, arXiv 2207.12598',
    maxCases: MAX_GUIDANCE_CASES,
    says: each => {
      const { weight, points, time } = each
      const free = scoreWith(each, null)
      const given = scoreWith({ ...each, params: each.others }, null)
      const [from, to] = [free, given].map(score => smoothScoreValues(score, points, time))
      return Object.entries(smoothScoreValues(guide.classifierFree({ free, given, weight }), points, time)).map(
        ([name, values]) => {
          const a = from[name]
          const b = to[name]
          return equals(
            values,
            a.map((x, at) => x + weight * (b[at] - x)),
            1e-14 * (1 + Math.abs(weight)) * (1 + maxAbs(a) + maxAbs(b))
          )
        }
      )
    }
  })

// —— posteriors ——

interface Guided {
  readonly prior: ReadonlyArray<{
    readonly weight: number
    readonly mean: ReadonlyArray<number>
    readonly variance: number
  }>
  readonly seen: ReadonlyArray<{
    readonly row: readonly [number, number]
    readonly observed: number
    readonly deviation: number
  }>
  readonly schedule: Schedule.Schedule
  readonly points: Points
}

/** Returns the laws of a posterior's score, against the exact posterior of a mixture. */
export const posterior = ({ guide = Guidance }: GuidanceOptions = {}): Laws =>
  ofRows('Guidance.posterior', [posteriorScoreConverges(guide), posteriorScoreIsExactForNormalData(guide)])

const guidedCases: fc.Arbitrary<Guided> = fc.record({
  prior: fc
    .array(fc.record({ weight: fc.constantFrom(1, 2, 3), mean: fc.tuple(Arbitrary.real(2), Arbitrary.real(2)) }), {
      minLength: 2,
      maxLength: 3
    })
    .chain(parts =>
      fc.constantFrom(0.5, 1).map(variance => {
        const total = parts.reduce((sum, { weight }) => sum + weight, 0)
        return parts.map(({ weight, mean }) => ({ weight: weight / total, mean, variance }))
      })
    ),
  seen: fc.array(
    fc.record({
      row: fc.tuple(fc.constantFrom(-1, 0.5, 1), fc.constantFrom(0, 0.5, 1)),
      observed: Arbitrary.real(2),
      deviation: fc.constantFrom(0.5, 1)
    }),
    { minLength: 1, maxLength: 2 }
  ),
  schedule: fc.constantFrom(Schedule.ornsteinUhlenbeck, Schedule.edm),
  points: fc
    .array(Arbitrary.real(2), { minLength: 10, maxLength: 10 })
    .map(values => ({ rows: 5, dim: 2, values: Float64Array.from(values) }))
})

/** Adds all measurements of a case to a score. */
const guidedBy = (guide: Guide, { seen, schedule }: Guided): ReturnType<Guide['posterior']> =>
  guide.posterior(
    {
      matrix: seen.map(({ row }) => row),
      observed: seen.map(({ observed }) => observed),
      deviation: seen.map(({ deviation }) => deviation)
    },
    schedule
  )

const posteriorScoreConverges = (guide: Guide): LawBuilder =>
  forAll(guidedCases)({
    name: 'the score of a posterior tends to that of the exact posterior',
    statement:
      '∀ mixtures, measurements, x: of the exact score of the prior it is the score of the posterior, a mixture in closed form, except for an error of order σ⁴: over 5 points it falls by at least a factor 8 from σ/α = min(0.1, v/10D) to half of it, until it is below 1e-12; v is the variance of the components and D how far they are apart, as from one to the next x goes in v/D. What takes the covariance of x_0 for 0 is off by order σ².',
    source: 'Rozet et al. 2024, arXiv 2405.13712; Bayes',
    says: each => {
      const { prior, schedule, points } = each
      const mixture = Mixture.of({
        weights: prior.map(({ weight }) => weight),
        means: prior.map(({ mean }) => mean),
        variances: prior.map(({ variance }) => variance)
      })
      const exact = Sampler.exact(exactPosterior(each), schedule)
      const guided = guidedBy(guide, each)(Sampler.exact(mixture, schedule))
      const apart = prior.flatMap(({ mean: [a, b] }) =>
        prior.map(({ mean: [c, d], variance }) => Elementary.hypot(a - c, b - d) / variance)
      )
      const from = Math.min(0.1, 0.1 / maxAbs(apart))
      const [coarse, fine] = [from, from / 2].map(ratio => {
        const time = Schedule.timeOfLogSnr(-2 * Elementary.log(ratio))(schedule)
        const wanted = exact(points, time).values
        return Math.sqrt(guided(points, time).values.reduce((sum, s, i) => sum + Elementary.square(s - wanted[i]), 0))
      })
      return atMost({ 'distance at half of σ/α': fine }, Math.max(1e-12, coarse / 8))
    }
  })

const posteriorScoreIsExactForNormalData = (guide: Guide): LawBuilder =>
  forAll(fc.record({ case: guidedCases, ratio: fc.constantFrom(0.1, 1 / 2, 1, 2, 10) }))({
    name: 'of normal data the score of a posterior is exact',
    quantity: 'score',
    statement:
      '∀ normal priors, measurements, x, σ/α from 0.1 to 10: of the exact score of the prior it is the score of the posterior. To 1e-9 (1 + |s|) (1 + σ²/α²).',
    source: 'conjugacy; x̂_0 is linear in x, and (σ²/α) ∂x̂_0/∂x is the covariance of x_0 given x',
    maxCases: 40,
    says: ({ case: { prior, points, ...rest }, ratio }) => {
      const each = { ...rest, points, prior: [{ ...prior[0], weight: 1 }] }
      const [{ mean, variance }] = prior
      const time = Schedule.timeOfLogSnr(-2 * Elementary.log(ratio))(each.schedule)
      const wanted = Sampler.exact(exactPosterior(each), each.schedule)(points, time).values
      const own = Sampler.exact(Mixture.of({ means: [mean], variances: [variance] }), each.schedule)
      const found = guidedBy(guide, each)(own)(points, time).values
      return equals(found, wanted, 1e-9 * (1 + maxAbs(wanted)) * (1 + ratio * ratio))
    }
  })

/**
 * Posterior of a mixture of isotropic components, one measurement aᵀx + noise at a time: weights ∝ π N(y; aᵀc, s), means c + k (y − aᵀc)/s
 * and covariances C − k kᵀ/s, with k = Ca and s = aᵀCa + d².
 */
const exactPosterior = ({ prior, seen }: Guided): Mixture.Mixture => {
  const parts = prior.map(({ weight, mean, variance }) =>
    seen.reduce(
      ({ logWeight, mean, covariance }, { row, observed, deviation }) => {
        const k = covariance.map(along => dotProduct(along, row))
        const s = dotProduct(k, row) + deviation * deviation
        const off = observed - dotProduct(row, mean)
        return {
          logWeight: logWeight - 0.5 * Elementary.log(s) - (off * off) / (2 * s),
          mean: mean.map((c, i) => c + (k[i] * off) / s),
          covariance: covariance.map((along, i) => along.map((c, j) => c - (k[i] * k[j]) / s))
        }
      },
      {
        logWeight: Elementary.log(weight),
        mean,
        covariance: [
          [variance, 0],
          [0, variance]
        ]
      }
    )
  )
  const most = parts.reduce((most, { logWeight }) => Math.max(most, logWeight), -Infinity)
  const shares = parts.map(({ logWeight }) => Elementary.exp(logWeight - most))
  const total = sumNumbers(shares)
  return Mixture.of({
    weights: shares.map(share => share / total),
    means: parts.map(({ mean }) => mean),
    covariances: parts.map(({ covariance }) => covariance)
  })
}
