/**
 * Components with tails, and a background. Reference values: scipy 1.15.3, `stats.multivariate_t.logpdf`, `special.gammaln` and `digamma`; with
 * noise by `integrate.quad` over log g, to 1e-12.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runtimeOrNull } from '../../../lib/compiler/runtime.js'
import { compute, Key, scalar, tensor } from '../../../lib/index.js'
import { digamma, logGamma, logLessDigamma } from '../../../lib/numbers/gamma.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { type Covariance, Divergence, Population, Vocabulary } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import * as Params from '../../../src/core/params.js'
import * as Score from '../../../src/score/score.js'
import { componentsAndBackground } from '../../../src/mixture/component.js'
import { compiledEStep, eStep } from '../../../src/mixture/em/eStep.js'
import * as EM from '../../../src/mixture/em/expectationMaximization.js'
import { rowResponsibilities } from '../../../src/mixture/em/eStepLoops.js'
import { rowsInMemory } from '../../../src/mixture/dataRows.js'
import * as Student from '../../../src/mixture/student.js'
import * as laws from '../../../src/laws/index.js'
import { allHold, holds } from '../../laws/holds.js'
import { there } from '../../there.js'

const rows = [[0, 0], [5, 5], [-100, 3], [1000, 1000]] // prettier-ignore
const points = { rows: 4, dim: 2, values: Float64Array.from(rows.flat()) }
const covariance = [[1, 0.5], [0.5, 2]] // prettier-ignore
const single = Mixture.of({ means: [[0, 1]], covariances: [covariance], tails: [2.5] })

const familyOf = (score: Score.Score<string>): Score.Family<string> => there(Score.interpret(score).family)

/** Parameters of a mixture, and back. */
const paramsOf = (score: Score.Score<string>, mixture: Mixture.Mixture): Params.Params<string> =>
  there(familyOf(score).fromMixture)(mixture)

const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  Array.from(wanted).forEach((x, i) => {
    expect(Math.abs(found[i] - x)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(x)))
  })
}

const wild = Mixture.of({
  means: [[0, 1], [6, -3]], // prettier-ignore
  weights: [0.4, 0.6],
  covariances: [
    covariance,
    [[0.5, 0], [0, 0.8]] // prettier-ignore
  ],
  tails: [2.5, 9],
  background: { share: 0.1, shape: 'cauchy', centre: [1, 1], scale: [3, 2] }
})

const drawn = Mixture.sample(300)(Key.fromSeed(3))(wild)

const both = (covariance: Covariance.Name, nu: 'own' | 'common' | number): Score.Score<string> =>
  pipe(
    Score.mixture({ components: 2, covariance }),
    Score.withTails({ nu }),
    Score.withBackground()
  ) as Score.Score<string>

it('functions of Γ are those of scipy', () => {
  const at = [0.25, 1.5, 9.9, 150.25]
  close(at.map(logGamma), [1.2880225246980774, -0.12078223763524526, 12.57717990421988, 601.2615040324997], 1e-14)
  const psi = [-4.2274535333762655, 0.03648997397857652, 2.2411803166063815, 5.008969095021217]
  close(at.map(digamma), psi, 1e-14)
  const less = at.map((x, i) => Math.log(x) - psi[i])
  close(at.map(logLessDigamma), less, 1e-14)
})

/** mpmath 1.3.0 to 50 digits: log-densities in one and three columns at |z| = 0, 1 and 30, and P(T > 1), P(T > 6) and P(T > 30). */
const large = [
  { nu: 301, one: [-0.91976909646086604, -1.4205987429859464, -209.87350225345815], three: [-2.7543294102442176, -3.2584758093952919, -213.09186212457261], tail: [0.15905686463073237, 2.8289845040657058e-9, 9.4726888404348273e-93] },
  { nu: 1e3, one: [-0.919188533163006125, -1.41943844987131448, -322.167058562446592], three: [-2.75606609923926808, -3.25731551628065996, -324.645790014695248], tail: [0.15877620904233615, 1.3776845866887346e-9, 7.6873437220217411e-142] },
  { nu: 1e5, one: [-0.9189410332046727, -1.41894353319633941, -448.910489477485631], three: [-2.75680809966401785, -3.25682059960568489, -450.757316285316448], tail: [0.15865646378205501, 9.8996472780088128e-10, 3.6892684361111168e-197] },
  { nu: 2e5, one: [-0.918939783204672737, -1.41894103320258941, -449.911712021046359], three: [-2.75681184962651818, -3.25681809961193489, -451.754073992741057], tail: [0.15865585885751219, 9.8827494396740285e-10, 1.3495022110932609e-197] },
  { nu: 1e9, one: [-0.918938533454672742, -1.41893853370467274, -450.91873648357597], three: [-2.75681559886401823, -3.25681560011401823, -452.756614448984911], tail: [0.15865525405244241, 9.8658798224924594e-10, 4.9077098439837308e-198] },
  { nu: 1e12, one: [-0.918938533204922742, -1.41893853320517274, -450.918938331154923], three: [-2.75681559961326823, -3.25681559961451823, -452.756815398463268], tail: [0.15865525393157804, 9.8658764537490964e-10, 4.9067149229646632e-198] },
  { nu: 1e15, one: [-0.918938533204672992, -1.41893853320467324, -450.918938533002623], three: [-2.75681559961401748, -3.25681559961401873, -452.756815599412867], tail: [0.15865525393145717, 9.8658764503803535e-10, 4.9067139281440034e-198] },
  { nu: 1e36, one: [-0.918938533204672742, -1.41893853320467274, -450.918938533204673], three: [-2.75681559961401823, -3.25681559961401823, -452.756815599614018], tail: [0.15865525393145705, 9.8658764503769814e-10, 4.9067139271481871e-198] },
  { nu: 1e300, one: [-0.918938533204672742, -1.41893853320467274, -450.918938533204673], three: [-2.75681559961401823, -3.25681559961401823, -452.756815599614018], tail: [0.15865525393145705, 9.8658764503769814e-10, 4.9067139271481871e-198] }
] // prettier-ignore

describe.each(large)('with ν = $nu', ({ nu, one, three, tail }) => {
  const at = { rows: 3, dim: 1, values: Float64Array.of(0, 1, 30) }
  const inSpace = { rows: 3, dim: 3, values: Float64Array.of(0, 0, 0, 0, 0, 1, 0, 30, 0) }
  const line = Mixture.of({ means: [[0]], tails: [nu] })
  const space = Mixture.of({ means: [[0, 0, 0]], tails: [nu] })
  // A density is that of a double ν at 30: of 450 a few roundings.
  it('the log-density is that of mpmath, by rows and by memberships', () => {
    close(Mixture.logDensity(at)(line), one, 4e-15)
    close(Mixture.logDensity(inSpace)(space), three, 4e-15)
    const all = Mixture.memberships(inSpace)(space).map(({ logDensity }) => logDensity)
    close(all, three, 4e-15)
  })

  it('the score is −(ν + d)z/(ν + z²)', () => {
    const wanted = [0, 1, 30].map(z => -((nu + 1) / (nu + z * z)) * z)
    close(Mixture.score(at)(line).values, wanted, 1e-12)
  })

  it('the distribution function is that of mpmath, and the quantile its inverse', () => {
    ;[-1, -6, -30].forEach((x, i) => {
      // An exponential of a number of size 450.
      expect(Math.abs(Mixture.cdf(x)(line) / tail[i] - 1)).toBeLessThan(1e-12)
      expect(Math.abs(Mixture.quantile(tail[i])(line) / x - 1)).toBeLessThan(1e-12)
    })
    expect(Mixture.cdf(0)(line)).toBeCloseTo(0.5, 15)
    expect(Mixture.cdf(1)(line)).toBeCloseTo(1 - tail[0], 14)
  })

  it('as Gaussians it has the same density', () => {
    close(Mixture.logDensity(at)(Mixture.gaussians(line)), one, 1e-9)
    const noisy = Mixture.logDensity(at)(Mixture.diffuse({ alpha: 0.6, sigma: 0.8 })(line))
    // With noise too it is a normal distribution for large ν, up to 1/ν.
    if (nu >= 1e12) close(noisy, one, 1e-9)
  })
})

describe('the density of a t', () => {
  it('is that of its Gaussians as far out as it is above the least doubles, and far less than their rounding', () => {
    for (const [nu, most] of [
      [3, 1000],
      [30, 1000],
      [300, 40]
    ]) {
      // prettier-ignore
      const far = { rows: 2, dim: 1, values: Float64Array.of(most / 10, most) }
      const t = Mixture.of({ means: [[0]], tails: [nu] })
      close(Mixture.logDensity(far)(Mixture.gaussians(t)), Mixture.logDensity(far)(t), 1e-9)
    }
  })

  it('is that of scipy, row by row and in the vocabulary', () => {
    const wanted = [-2.5808520823363916, -7.615759086405913, -21.10306319401225, -31.440255971033032]
    close(Mixture.logDensity(points)(single), wanted, 1e-13)
    close(Mixture.logDensity(points)(Student.asGaussians(single)), wanted, 1e-9)
  })

  it('with noise is the integral over its precisions, in mixtures to ten digits', () => {
    const score = Score.withTails({ nu: 'own' })(Score.full({ components: 1 })) as Score.Score<string>
    const params = paramsOf(score, single)
    const wanted: ReadonlyArray<readonly [time: number, logs: ReadonlyArray<number>]> = [
      [0.1, [-2.5151256981321364, -7.797455681212126, -21.353858334050294, -31.690360936401134]],
      [1, [-2.0944909479343963, -9.816171887632642, -23.608950236742764, -33.94095713026383]],
      [3, [-1.849361333988206, -14.834467109056247, -28.612450907073022, -38.941313454522025]]
    ]
    wanted.forEach(([time, logs]) => {
      const level = { alpha: Math.exp(-time), sigma: Math.sqrt(-Math.expm1(-2 * time)) }
      const found = compute(() =>
        familyOf(score).logDensity(Score.tensors(params), tensor(points.values, [4, 2]), {
          alpha: tensor([level.alpha], [1, 1]),
          sigma: tensor([level.sigma], [1, 1])
        })
      ).values
      close(found, logs, 1e-13)
      close(Mixture.logDensity(points)(Mixture.diffuse(level)(single)), logs, 1e-9)
    })
  })

  // log p and its derivatives under the integral, by mpmath's Gauss–Legendre rule of 40 digits, of Σ = diag(1, ¼).
  it.each([
    [0.5, [0.8, 0.6], [0.5, -1], -3.1875869297561525, [-0.5161548069429691, 1.7163057412236515], -2.1142212938752647],
    [0.5, [0.1, 0.995], [100, 50], -15.541429436065851, [-0.012508043341695956, -0.02499936968678584], -1.8274446888556722e-7], // prettier-ignore
    [1.5, [0.8, 0.6], [10, -3], -9.357433029473523, [-0.26159854826634243, 0.30067520354847543], -0.037986731388958216],
    [30, [0.995, 0.1], [2, 1], -4.8970589362796435, [-1.6957034659770795, -3.3023443509776382], -3.3316195764039582],
    [300, [0.8, 0.6], [2, 1], -4.466320728970706, [-1.9875735010329416, -1.915990449630112], -2.896510608686782]
  ] as const)(
    'of ν = %d at level %j and row %j has all digits of two derivatives',
    (nu, [alpha, sigma], x, logDensity, slope, divergence) => {
      const score = Score.withTails({ nu })(Score.diagonal({ components: 1 })) as Score.Score<string>
      const model = Score.interpret(score)
      const params = Params.of({ means: [[0, 0]], logits: [0], logVariances: [[0, Math.log(1 / 4)]] }) // prettier-ignore
      const found = compute(() => {
        const own = Score.tensors(params)
        const row = tensor(x, [1, 2])
        const level = Score.levelFor(model, 1, { alpha: scalar(alpha), sigma: scalar(sigma) })
        return {
          logDensity: familyOf(score).logDensity(own, row, level),
          score: model.score(own, row, level),
          divergence: model.divergence(own, row, level)
        }
      })
      close(found.logDensity.values, [logDensity], 1e-13)
      const inUnits = (of: ArrayLike<number>, unit: number): ReadonlyArray<number> => Array.from(of, x => x / unit)
      const size = Math.hypot(...slope)
      close(inUnits(found.score.values, size), inUnits(slope, size), 1e-13)
      // The divergence is what is left of |s|².
      close(inUnits(found.divergence.values, size * size), [divergence / (size * size)], 1e-13)
    }
  )

  it('is made of its mixture as it is, up to ν = 300', () => {
    const score = Score.withTails()(Score.diagonal({ components: 3 })) as Score.Score<string>
    const mixture = Mixture.of({ means: [[0], [1], [2]], tails: [0.3, 4, null] })
    const found = Array.from(paramsOf(score, mixture).logNu.values, Math.exp)
    expect(found.map((nu, k) => Math.abs(nu / [0.3, 4, 300][k] - 1) < 1e-12)).toEqual([true, true, true])
  })

  it('is exceeded as far out as its own rows are', () => {
    const many = Mixture.sample(20_000)(Key.fromSeed(7))(single)
    const squared = rowResponsibilities(componentsAndBackground(single), many).squared
    const limit = Student.studentQuantile(2.5, 2, 0.05)
    const share = squared.filter(q => q > limit).length / many.rows
    // five standard errors of a share of one in twenty
    expect(Math.abs(share - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / many.rows))
  })
})

describe('expectation–maximization with tails and a background', () => {
  it('takes the same moments in loops and by a program', () => {
    const runs = vi.spyOn(there(runtimeOrNull()), 'run')
    onTestFinished(() => {
      runs.mockRestore()
    })
    const score = both('VVV', 'own')
    const family = familyOf(score)
    const kind = { second: 'full' } as const
    const params = paramsOf(score, wild)
    const level = { alpha: 1, sigma: 0 }
    const loops = Reductions.evaluate(eStep(family, kind, 2)(params, level, rowsInMemory(drawn)))
    const written = Reductions.evaluate(
      compiledEStep(kind)(there(family.toMixture)(params), level, rowsInMemory(drawn))
    )
    expect(runs).toHaveBeenCalled()
    expect(written.backgroundCount).toBeCloseTo(loops.backgroundCount ?? NaN, 12)
    close([written.value], [loops.value], 1e-12)
    close(written.mass, loops.mass, 1e-12)
    close(written.sums, loops.sums, 1e-11)
    close(written.second, loops.second, 1e-11)
    close(written.meanLogPrecision ?? [], loops.meanLogPrecision ?? [NaN], 1e-11)
  })

  it('keeps the laws of scores: steps raise the likelihood, at a level too', () => {
    allHold(laws.score(both('VEE', 'common')).filter(({ name }) => /step/.test(name)), law => holds(law, 1)) // prettier-ignore
  })

  it('ends where the likelihood of a single t is greatest', () => {
    const score = Score.withTails()(Score.full({ components: 1 })) as Score.Score<string>
    const step = EM.step(familyOf(score), 1e-9, drawn)
    let params = paramsOf(score, single)
    for (let s = 0; s < 300; s++) params = step(params).params
    const { value } = step(params)
    // Along each parameter it falls to both sides.
    Object.entries(params).forEach(([name, { shape, values }]) => {
      values.forEach((x, at) => {
        for (const by of [-1e-3, 1e-3]) {
          const other = { ...params, [name]: { shape, values: values.map((y, i) => (i === at ? x + by : y)) } }
          expect(step(other).value).toBeGreaterThanOrEqual(value - 1e-13)
        }
      })
    })
  })
})

it('a background of no share at a noise level leaves the steps of its family as they are, to the noise that their rows are met with', () => {
  const family = Score.isotropic({ components: 2 })
  const step = (score: Score.Score<string>, share?: number): ReadonlyArray<number> => {
    const description = { means: [[-2, 0], [2, 1]], variances: [0.6, 1.2] } // prettier-ignore
    const rows = Mixture.sample(4000)(Key.fromSeed(1))(Mixture.of(description))
    const background = { share: share ?? 0, shape: 'cauchy', centre: [0, 0], scale: [9, 9] } as const
    const start = paramsOf(score, Mixture.of({ ...description, ...(share !== undefined && { background }) }))
    const { params } = EM.noisyStep(familyOf(score), 1e-6, rows, { alpha: 0.6, sigma: 0.8 })(start, Key.fromSeed(2))
    const { toMixture } = familyOf(score)
    return [...there(toMixture)(params).variances]
  }
  // The moments of a round family are denoised once, not twice: of 2000 rows each, u = .36 v + .64 to 3 %, is v to 3 % · u/.36 = .08 to .1.
  step(Score.withBackground()(family) as Score.Score<string>, 1e-9).forEach((v, k) => {
    expect(Math.abs(v - [0.6, 1.2][k])).toBeLessThan(0.25)
  })
  step(family).forEach((v, k) => {
    expect(Math.abs(v - [0.6, 1.2][k])).toBeLessThan(0.25)
  })
})

describe('what is told of them', () => {
  it('is read back from JSON to the same bits', () => {
    const json: unknown = JSON.parse(JSON.stringify(Mixture.codec.encode(wild)))
    expect(Mixture.codec.decode(json)).toEqual({ _tag: 'Right', right: wild })
    const score = both('VEE', 'common')
    const codec = Vocabulary.codec(Vocabulary.standard)(Score.concept)
    expect(codec.decode(JSON.parse(JSON.stringify(codec.encode(score))))).toEqual({ _tag: 'Right', right: score })
  })

  it('names the rows of the background', () => {
    expect(Mixture.assign(points)(wild)).toEqual([0, 0, -1, -1])
    const [, , far] = Mixture.memberships(points)(wild)
    expect(far.component).toBe(-1)
    expect(far.isOutlier).toBe(true)
  })

  it('refuses what is none of Gaussians', () => {
    const wrong = Score.withTails()(Score.spherical({ components: 2 }) as Score.Score<string>)
    expect(Score.problems({ rows: 10, dim: 2 })(wrong)).toHaveLength(1)
    const twice = Score.withTails()(both('VVV', 'own'))
    expect(Score.problems({ rows: 10, dim: 2 })(twice)).toHaveLength(1)
  })
})

describe('the algebra of mixtures', () => {
  const other = Mixture.of({ means: [[0, 0]] })
  const background = { share: 0.1, shape: 'cauchy', centre: [0, 0], scale: [1, 1] } as const

  it.each<readonly [string, (mixture: Mixture.Mixture) => unknown]>([
    ['convolve', Mixture.convolve(other)],
    ['product', Mixture.product(other)],
    ['logIntegral', Mixture.logIntegral(other)],
    ['kl', Divergence.kl(other)],
    ['hellinger', Divergence.hellinger(other)],
    ['bures', Divergence.bures(other)],
    ['mmd', Divergence.mmd(other, { bandwidth: 1 })],
    ['overlap', Mixture.overlap],
    ['entropyBounds', Mixture.entropyBounds],
    ['population', Population.of]
  ])('%s takes nothing with tails or a background for Gaussians', (_, ask) => {
    expect(() => ask(single)).toThrow(/tails.*Mixture\.gaussians\(mixture\)/)
    expect(() =>
      ask({ ...other, background: { ...background, centre: Float64Array.of(0, 0), scale: Float64Array.of(1, 1) } })
    ).toThrow(/background.*Mixture\.gaussians\(mixture\)/)
  })

  it('has of a t’s Gaussians the marginal, which is a t', () => {
    const one = Mixture.marginal([1])(Mixture.gaussians(single))
    const wanted = Mixture.of({ means: [[1]], covariances: [[[2]]], tails: [2.5] })
    const column = { rows: 4, dim: 1, values: Float64Array.of(0, 5, 3, 1000) }
    Mixture.logDensity(column)(one).forEach((log, i) => {
      expect(log).toBeCloseTo(Mixture.logDensity(column)(wanted)[i], 9)
    })
  })

  it('refuses a box where noise is added', () => {
    const boxed = Mixture.of({ means: [[0, 0]], background: { ...background, shape: 'box' } })
    expect(() => Mixture.diffuse({ alpha: 0.8, sigma: 0.6 })(boxed)).toThrow(/'box' is not made of Gaussians/)
  })
})
