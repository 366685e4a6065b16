/** Noise level distributions: what is drawn has the mean of the quadrature, and both that of the published law. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Quadrature, square, sub, sum } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Objective,
  Parametrization,
  Params,
  Problem,
  Schedule,
  Score,
  Weighting
} from '../../../src/index.js'
import { flattenParams } from '../../../src/laws/check.js'
import * as NoiseLevels from '../../../src/objective/noiseLevels.js'
import { isSlow, spread, once } from '../../cases.js'
import { said } from '../../said.js'

/** Two-sided: a right estimator fails one comparison with probability 6e-7; there are some 100. */
const DEVIATIONS = 5

const ou = Schedule.ornsteinUhlenbeck
const few = Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 2 })

interface Row {
  readonly schedule: Schedule.Schedule
  readonly law: NoiseLevels.NoiseLevels
}
/** Draws that are weighed; of plain ones the laws of test/laws compare draws, density and nodes. */
const rows: ReadonlyArray<Row> = [
  { schedule: ou, law: NoiseLevels.uniformLogSnr(-3, 5) },
  {
    schedule: few,
    law: NoiseLevels.importance({ proposal: NoiseLevels.uniform(1e-9, 1), target: NoiseLevels.uniformLogSnr(-1, 4) })
  },
  {
    schedule: Schedule.edm,
    law: NoiseLevels.importance({
      proposal: NoiseLevels.logNormal({ mean: -0.2, deviation: 1 }),
      target: NoiseLevels.logNormal({ mean: -0.5, deviation: 0.7 })
    })
  },
  {
    schedule: Schedule.rectifiedFlow,
    law: NoiseLevels.importance({
      proposal: NoiseLevels.logitNormal({ mean: 0, deviation: 1.2 }),
      target: NoiseLevels.logitNormal({ mean: 0.5, deviation: 0.8 })
    })
  },
  {
    schedule: ou,
    law: NoiseLevels.importance({
      proposal: NoiseLevels.logitNormal({ deviation: 1.4, until: 2 }),
      target: NoiseLevels.likelihood({ until: 2, nodes: 48 })
    })
  }
]

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, v) => sum + v, 0) / values.length

const exact = ({ schedule, law }: Row, f: (time: number) => number): number =>
  NoiseLevels.quadrature(schedule, 600)(law).reduce((sum, { time, weight }) => sum + weight * f(time), 0)

/** weight · f(time) of every row of one draw. */
const values = ({ schedule, law }: Row, rows: number, seed: number, f: (time: number) => number): number[] => {
  const [{ time, weight }] = NoiseLevels.draw(schedule, rows)(Key.fromSeed(seed))(law)
  if (typeof time === 'number') throw new Error('one time for all rows')
  return Array.from(time, (t, i) => f(t) * (typeof weight === 'number' ? weight : weight[i]))
}

const named = rows.map(row => ({ ...row, name: `${NoiseLevels.show(row.law)} on ${Schedule.show(row.schedule)}` }))

it.each(spread(2)(named))(
  '$name: drawn, has the mean of its quadrature, in every row where it is drawn evenly',
  row => {
    const near = (sample: ReadonlyArray<number>, wanted: number): void => {
      const found = mean(sample)
      const error = Math.sqrt(mean(sample.map(v => (v - found) ** 2)) / sample.length)
      // The quadrature of a law with tails is good to 1e-5 at 600 nodes.
      expect(Math.abs(found - wanted), `${found} ± ${error} for ${wanted}`).toBeLessThan(DEVIATIONS * error + 2e-5)
    }
    const wave = (time: number): number => Math.sqrt(time) * Math.cos(2 * time)
    near(values(row, 20_000, 7, wave), exact(row, wave))
    const weights = [3, -1, 0.5, 2, -2.5]
    const even = { ...row, law: NoiseLevels.stratified(row.law) }
    const sums = Array.from({ length: 1000 }, (_, seed) =>
      mean(values(even, 5, seed, t => t).map((v, i) => v * weights[i]))
    )
    near(sums, mean(weights) * exact(row, t => t))
  }
)

once('drawn evenly, has one time in each stratum, and far less variance', () => {
  const law = NoiseLevels.uniform(0.2, 2)
  const times = (of: NoiseLevels.NoiseLevels, rows: number, seed: number): ReadonlyArray<number> =>
    values({ schedule: ou, law: of }, rows, seed, t => t)
  const strata = times(NoiseLevels.stratified(law), 50, 3).map(time => Math.floor((50 * (time - 0.2)) / 1.8))
  expect(strata.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  const variance = (of: NoiseLevels.NoiseLevels): number => {
    const means = Array.from({ length: 200 }, (_, seed) => mean(times(of, 64, seed).map(t => Math.exp(-t))))
    return mean(means.map(m => (m - mean(means)) ** 2))
  }
  expect(variance(NoiseLevels.stratified(law))).toBeLessThan(variance(law) / 15)
})

// Moments of log(σ/α) by Gauss–Hermite, which knows nothing of quantiles.
once('published laws: EDM: log σ is normal', () => {
  const row = { schedule: Schedule.edm, law: NoiseLevels.logNormal() }
  for (const power of [1, 2, 3, 4]) {
    const { nodes, weights } = Quadrature.gaussHermite(20)
    const wanted = nodes.reduce((sum, z, i) => sum + weights[i] * (-1.2 + 1.2 * z) ** power, 0)
    expect(Math.abs(exact(row, time => Math.log(time) ** power) - wanted)).toBeLessThan(1e-3 * Math.abs(wanted))
  }
})

once('published laws: is the same law of noise on every schedule', () => {
  const ratio = (schedule: Schedule.Schedule): number =>
    exact({ schedule, law: NoiseLevels.logNormal() }, time => Math.tanh(pipe(schedule, Schedule.logSnr(time)) / 4))
  const wanted = ratio(Schedule.edm)
  for (const schedule of [ou, Schedule.cosine(), Schedule.rectifiedFlow, Schedule.subVp({ betaMax: 200 })])
    expect(Math.abs(ratio(schedule) - wanted), Schedule.show(schedule)).toBeLessThan(1e-9)
})

once('published laws: stays on a schedule with few ratios, each as likely as before', () => {
  const law = NoiseLevels.logNormal({ mean: -1, deviation: 1 })
  // log σ ~ N(−1, 1) restricted to [log 0.1, log 2]: −1 + (φ(a) − φ(b))/(Φ(b) − Φ(a)), a = log 0.1 + 1, b = log 2 + 1.
  const wanted = -0.9118805810895455
  const found = exact({ schedule: few, law }, time => Math.log(pipe(few, Schedule.level(time)).sigma))
  expect(Math.abs(found - wanted)).toBeLessThan(1e-12)
})

once('published laws: log-SNR is even', () => {
  const nodes = NoiseLevels.quadrature(ou, 3)(NoiseLevels.uniformLogSnr(-2, 4))
  const { nodes: u } = Quadrature.gaussLegendre(3)(-2, 4)
  nodes.forEach(({ time }, i) => {
    expect(pipe(ou, Schedule.logSnr(time))).toBeCloseTo(u[2 - i], 13)
  })
})

once('published laws: logit-normal: the logit is normal', () => {
  const row = { schedule: ou, law: NoiseLevels.logitNormal({ mean: 0.4, deviation: 0.9, until: 2 }) }
  const logit = (time: number): number => Math.log(time / (2 - time))
  expect(exact(row, logit)).toBeCloseTo(0.4, 5)
  expect(exact(row, time => (logit(time) - 0.4) ** 2)).toBeCloseTo(0.81, 2)
})

once('nodes of a law of one’s own count by its weight, as its draws do', () => {
  // Uniform on [0.1, 2] by log-uniform draws: the weight is the ratio of the densities, t log(hi/lo)/(hi − lo).
  const lo = 0.1
  const hi = 2
  const uniform = NoiseLevels.define({
    name: 'uniformByLog',
    about: 'uniform times by log-uniform draws',
    meaning: () => ({
      quantile: () => u => lo * (hi / lo) ** u,
      weight: () => t => (t * Math.log(hi / lo)) / (hi - lo)
    })
  })
  // The integrands are entire in u; 24 Gauss–Legendre nodes leave rounding alone.
  for (const [f, mean] of [
    [() => 1, 1],
    [(t: number) => t, (lo + hi) / 2],
    [(t: number) => Math.exp(-t), (Math.exp(-lo) - Math.exp(-hi)) / (hi - lo)]
  ] as const)
    expect(
      NoiseLevels.quadrature(ou, 24)(uniform).reduce((sum, { time, weight }) => sum + weight * f(time), 0)
    ).toBeCloseTo(mean, 12)
})

once('Gauss nodes are the same whatever the key, and as many as asked for', () => {
  const law = NoiseLevels.gauss(4)(NoiseLevels.uniform(0, 1))
  const at = (seed: number): unknown => NoiseLevels.draw(ou, 10)(Key.fromSeed(seed))(law)
  expect(at(1)).toEqual(at(2))
  expect(at(1)).toEqual(NoiseLevels.quadrature(ou, 99)(law))
  expect(at(1)).toEqual(NoiseLevels.quadrature(ou, 4)(NoiseLevels.uniform(0, 1)))
})

/** Of single numbers test/golden/words.txt says what is refused. */
once.each<[NoiseLevels.NoiseLevels, Schedule.Schedule, ReadonlyArray<string>]>([
  [
    NoiseLevels.uniformLogSnr(5, 3),
    Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }),
    [
      'lo: 5 is not a finite log-SNR of Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }), in [0, 0]; try 0',
      'hi: 3 is not a finite log-SNR of Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }), in [0, 0]; try 0',
      'hi: 3 is not > lo = 5; give the interval in rising order'
    ]
  ],
  [
    NoiseLevels.uniformLogSnr(-Infinity, 3),
    ou,
    ['lo: -Infinity is not a finite log-SNR of Schedule.ornsteinUhlenbeck, in [-Infinity, Infinity]; try 0']
  ],
  [
    NoiseLevels.logNormal({ mean: 9, deviation: 1 }),
    few,
    [
      'mean: 9 is not within reach of log(σ/α) of Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 2 }); bring it nearer, or raise deviation = 1'
    ]
  ],
  [
    NoiseLevels.logitNormal({ until: 2 }),
    Schedule.cosine(),
    ['until: 2 is not a time of Schedule.cosine({ offset: 0.008 }) with noise, in (0, 1]; try 0.1']
  ],
  [
    NoiseLevels.importance({ proposal: NoiseLevels.at(1), target: NoiseLevels.nodes([{ time: 0, weight: 1 }]) }),
    ou,
    [
      'target.nodes[0].time: 0 is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1',
      'proposal: NoiseLevels.at(1) is not a law that draws a time for each row; try NoiseLevels.uniform',
      'target: NoiseLevels.nodes([{ time: 0, weight: 1 }]) is not a law with a density; draw from it directly, or try NoiseLevels.likelihood'
    ]
  ],
  [
    NoiseLevels.importance({ proposal: NoiseLevels.uniform(0.5, 1), target: NoiseLevels.uniform(0.2, 1) }),
    ou,
    ['proposal: NoiseLevels.uniform(0.5, 1) is not one that draws all times of the target, in [0.2, 1]; widen it']
  ],
  [
    NoiseLevels.stratified(NoiseLevels.at(1)),
    ou,
    [
      'law: NoiseLevels.at(1) is not a law that draws a time for each row; leave it as it is, there is nothing to stratify'
    ]
  ],
  [
    NoiseLevels.gauss(0)(NoiseLevels.uniform(-1, 1)),
    ou,
    [
      'nodes: 0 is not a whole number ≥ 1; try 16',
      'law.lo: -1 is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1'
    ]
  ],
  [NoiseLevels.uniform(1, 2), ou, []],
  [NoiseLevels.uniform(1, 1), ou, ['hi: 1 is not > lo = 1; give the interval in rising order']],
  [NoiseLevels.uniformLogSnr(1, 1), ou, ['hi: 1 is not > lo = 1; give the interval in rising order']],
  [NoiseLevels.nodes([]), ou, ['nodes: [] is not a list with at least one node; add { time, weight }']],
  [NoiseLevels.nodes([{ time: 1, weight: NaN }]), ou, ['nodes[0].weight: NaN is not finite; try 1']],
  [NoiseLevels.nodes([{ time: 1, weight: -2 }]), ou, []],
  [NoiseLevels.oneOf([]), ou, ['times: [] is not a list with at least one time; add a time']],
  [
    NoiseLevels.oneOf([0.5, 7]),
    Schedule.rectifiedFlow,
    ['times[1]: 7 is not a time of Schedule.rectifiedFlow with noise, in (0, 1]; try 0.1']
  ]
])('%j: what is wrong with it', (law, schedule, wanted) => {
  expect(NoiseLevels.problems(schedule)(law).map(Problem.show)).toEqual(wanted)
})

once('one of several is drawn as often as it stands there; where nothing is drawn it is the mean over all', () => {
  const law = NoiseLevels.oneOf([0.7, 0.2, 0.2, 1.1])
  const drawn = values({ schedule: ou, law }, 4000, 3, t => t)
  const times = (t: number): number => drawn.filter(x => x === t).length
  expect(times(0.2) + times(0.7) + times(1.1)).toBe(4000)
  // Five standard errors of a binomial.
  expect(Math.abs(times(0.2) - 2000)).toBeLessThan(5 * Math.sqrt(1000))
  expect(Math.abs(times(1.1) - 1000)).toBeLessThan(5 * Math.sqrt(750))
  const even = values({ schedule: ou, law: NoiseLevels.stratified(law) }, 400, 3, t => t)
  expect(even.filter(x => x === 0.7).length).toBe(100)
  expect(exact({ schedule: ou, law }, t => t)).toBeCloseTo(0.55, 14)
})

once('fixed levels are not random', () => {
  const nodes = NoiseLevels.nodes([{ time: 0.1, weight: 1 }])
  const fixed = [
    NoiseLevels.at(0.3),
    nodes,
    NoiseLevels.likelihood({ until: 4, nodes: 8 }),
    NoiseLevels.gauss(3)(rows[0].law)
  ]
  expect([...fixed, rows[0].law, NoiseLevels.stratified(rows[0].law)].map(NoiseLevels.isDeterministicLaw)).toEqual([
    ...[true, true, true, true],
    ...[false, false]
  ])
})

// —— all noise levels: the likelihood ——

const UNTIL = 12

/**
 * One Gaussian N(0, v), the mean m of the model at 0 and a row at x: the implicit loss is α²(x − m)²/u² + σ²/u² − 2/u, u = α²v + σ², and
 * its derivative by m, times −½, is α²(x − m)/u². With ½g² = 1, α²/u² is the derivative by t of −½/(v + e^{2t} − 1), so that the
 * integral to T is ½(1/v − 1/(v + e^{2T} − 1)).
 */
const overAllNoise = (v: number): number => (1 / v - 1 / (v + Math.expm1(2 * UNTIL))) / 2

const integral = (v: number, nodes: number): number =>
  pipe(
    NoiseLevels.likelihood({ until: UNTIL, nodes, leastVariance: v }),
    NoiseLevels.quadrature(Schedule.ornsteinUhlenbeck, 1)
  ).reduce((sum, { time, weight }) => {
    const { alpha, sigma } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(time))
    const u = alpha ** 2 * v + sigma ** 2
    return sum + weight * (alpha / u) ** 2
  }, 0)

/** The nodes of NoiseLevels.likelihood reach thin components. */
once.each([
  // v, and the published relative errors of 16 and 32 nodes, twice which are allowed.
  [1, 1e-8, 4e-11],
  [1e-1, 7e-8, 3e-11],
  [1e-2, 8e-7, 9e-12],
  [1e-3, 1e-6, 3e-12],
  [1e-4, 2e-6, 2e-12],
  [1e-6, 2e-5, 2e-11]
])('nodes of the likelihood, of variance %d', (v, by16, by32) => {
  expect(Math.abs(integral(v, 16) / overAllNoise(v) - 1)).toBeLessThan(2 * by16)
  expect(Math.abs(integral(v, 32) / overAllNoise(v) - 1)).toBeLessThan(2 * by32)
})

describe('a least variance', () => {
  const points = { rows: 2, dim: 1, values: Float64Array.of(-1, 1) }
  const fixed = Expectation.fixed(points)
  const refused = (score: Score.Score<string>, objective: Objective.Objective, expectation: Expectation.Expectation) =>
    said(Compile.plans({ schedule: ou, score, objective, expectation })(points))
  const isotropic = Score.isotropic({ components: 2 }) as unknown as Score.Score<string>
  const spherical = Score.spherical({ components: 2 }) as unknown as Score.Score<string>
  const without = NoiseLevels.likelihood({ until: 4, nodes: 8 })
  const asked = (law: NoiseLevels.NoiseLevels): string =>
    `objective.noiseLevels: ${NoiseLevels.show(law)} of Score.isotropic({ components: 2 }) is not one with leastVariance, since variances are ` +
    'learned and its nodes lie by the least of them; give NoiseLevels.likelihood the minimum variance, such as leastVariance: 1e-3'

  once('is asked for where variances are learned, however deep', () => {
    const deep = Objective.weight(2)(Objective.sum([Objective.likelihood, Objective.implicit(without)]))
    expect(refused(isotropic, deep, fixed)).toBe(asked(without))
    expect(refused(spherical, deep, fixed)).toBe('')
    const given = NoiseLevels.likelihood({ until: 4, nodes: 8, leastVariance: 1e-3 })
    expect(refused(isotropic, Objective.implicit(given), fixed)).toBe('')
  })

  once('is asked for of a target whose nodes are taken, not of one that weighs what is drawn', () => {
    const law = NoiseLevels.importance({ proposal: NoiseLevels.uniform(1e-4, 4), target: without })
    expect(refused(isotropic, Objective.implicit(law), fixed)).toBe(asked(law))
    expect(refused(isotropic, Objective.implicit(law), Expectation.projected())).toBe('')
    const gauss = NoiseLevels.gauss(3)(law)
    expect(refused(isotropic, Objective.implicit(gauss), Expectation.projected())).toBe(asked(gauss))
  })
})

once.each([
  ['a straight line', Schedule.rectifiedFlow, 1],
  ['one of our own', Schedule.custom({ name: 'mine', alpha: t => 1 - t, sigma: t => t, until: 1 }), 1]
])('a likelihood to an end without signal is refused: %s', (_, schedule, until) => {
  expect(NoiseLevels.problems(schedule)(NoiseLevels.likelihood({ until, nodes: 8 })).map(Problem.show)).toEqual([
    'until: 1 is not a time with signal, α > 0, before which ∫ ½ g² dt is finite; try 0.99'
  ])
  expect(NoiseLevels.problems(schedule)(NoiseLevels.likelihood({ until: 0.99, nodes: 8 }))).toEqual([])
})

once('nodes of the likelihood weigh as ½ g² on a schedule of another clock', () => {
  // Variance exploding: ½ g² dt = ½ dσ², so that all together they are ½(σ(T)² − σ(0)²).
  const schedule = Schedule.varianceExploding({ sigmaMin: 0.01, sigmaMax: 5 })
  const total = pipe(
    NoiseLevels.likelihood({ until: 1, nodes: 48, leastVariance: 1 }),
    NoiseLevels.quadrature(schedule, 1)
  ).reduce((sum, { weight }) => sum + weight, 0)
  expect(Math.abs(total / ((25 - 1e-4) / 2) - 1)).toBeLessThan(1e-9)
})

// —— from the clean end on: means are taken where they are finite, and refused where they are not ——

const fromClean = NoiseLevels.uniform(0, 1)
const score = Score.isotropic({ components: 2 })
const four = { rows: 4, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2) }
const params = Params.of({ means: [[1, 0], [-1, 1]], logits: [0, 0.5], logVariances: [0, -1] }) // prettier-ignore

const compiled = (
  schedule: Schedule.Schedule,
  objective: Objective.Objective,
  expectation: Expectation.Expectation = Expectation.monteCarlo()
): ReturnType<ReturnType<typeof Compile.valueAndGrad<'means' | 'logits' | 'logVariances'>>> =>
  Compile.valueAndGrad({ schedule, score, objective, expectation })(four)

/** Whether ∫ E|target|² w dt is finite at 0: |z/σ|² is 1/(2t) for Ornstein–Uhlenbeck and 1/t² where σ = t. */
const table: ReadonlyArray<readonly [string, Schedule.Schedule, Objective.Objective, finite: boolean]> = [
  ['flow matching', Schedule.rectifiedFlow, Objective.denoising(fromClean, Parametrization.flow), true],
  ['the noise', Schedule.rectifiedFlow, Objective.denoising(fromClean, Parametrization.noise), true],
  ['the noise, Ornstein–Uhlenbeck', ou, Objective.denoising(fromClean, Parametrization.noise), true],
  ['the data', Schedule.edm, Objective.denoising(fromClean, Parametrization.data), true],
  ['the velocity', ou, Objective.denoising(fromClean, Parametrization.velocity), true],
  ['EDM', Schedule.edm, Objective.denoising(fromClean, Parametrization.edm()), true],
  ['the implicit form', ou, Objective.implicit(fromClean), true],
  ['the score, by σ²', Schedule.edm, Objective.weight(Weighting.noiseVariance)(Objective.denoising(fromClean)), true],
  [
    'stratified',
    Schedule.rectifiedFlow,
    Objective.denoising(NoiseLevels.stratified(fromClean), Parametrization.flow),
    true
  ],
  ['the score', ou, Objective.denoising(fromClean), false],
  ['the score, σ = t', Schedule.edm, Objective.denoising(fromClean), false],
  ['stratified, the score', Schedule.edm, Objective.denoising(NoiseLevels.stratified(fromClean)), false],
  ['the implicit form, by SNR', ou, Objective.weight(Weighting.snr)(Objective.implicit(fromClean)), false],
  ['the data, by SNR²', Schedule.edm, Objective.weight(Weighting.snr)(Objective.weight(Weighting.snr)(Objective.denoising(fromClean, Parametrization.data))), false], // prettier-ignore
  ['one of two', Schedule.edm, Objective.sum([Objective.implicit(fromClean), Objective.denoising(fromClean)]), false],
  ["one's own, said to be bounded", ou, Objective.custom('mine', fromClean, ({ score }) => sum(square(score), 1), { bounded: true }), true], // prettier-ignore
  [
    "one's own",
    Schedule.edm,
    Objective.custom('mine', fromClean, ({ score, target }) => sum(square(sub(score, target)), 1)),
    false
  ]
]

once.each(table)('from the clean end on: %s', (_, schedule, objective, finite) => {
  const result = compiled(schedule, objective)
  expect(E.isRight(result)).toBe(finite)
  if (E.isLeft(result)) {
    expect(result.left.map(Problem.show).join('\n')).toMatch(
      /noiseLevels: NoiseLevels.* is not a law over which this loss/
    )
    return
  }
  const { value, gradient } = result.right(params, Key.fromSeed(1))
  expect([value, ...flattenParams(gradient)].every(Number.isFinite)).toBe(true)
})

once("one's own that does not look at the noise is told how to say so", () => {
  const mine = Objective.custom('mine', fromClean, ({ score }) => sum(square(score), 1))
  const result = compiled(ou, mine)
  expect(E.isLeft(result) && Problem.show(result.left[0])).toBe(
    'objective.noiseLevels: NoiseLevels.uniform(0, 1) is not a law over which this loss is known to have a finite mean: towards time 0 it is ' +
      'taken to grow as its target, −z/σ, does; begin at 0.001, or say bounded: true of a loss that stays finite as the noise vanishes'
  )
})

once("one's own that says so of its target is found out", () => {
  const squares = Objective.custom('mine', fromClean, ({ target }) => sum(square(target), 1), { bounded: true })
  const result = compiled(ou, squares)
  expect(E.isLeft(result) && result.left.map(Problem.show)).toEqual([
    expect.stringMatching(
      /^objective: Objective.custom.* is not finite as the noise vanishes, as bounded: true says; leave/
    )
  ])
})

it.runIf(isSlow)('a mean from the clean end on is that of its levels', () => {
  const noise = { rows: 4, dim: 2, values: Key.normal(8)(Key.fromSeed(3)) }
  const at = (law: NoiseLevels.NoiseLevels): number => {
    const loss = compiled(
      Schedule.rectifiedFlow,
      Objective.denoising(law, Parametrization.flow),
      Expectation.fixed(noise)
    )
    if (E.isLeft(loss)) throw new Error(loss.left.map(Problem.show).join('\n'))
    return loss.right(params, Key.fromSeed(1)).value
  }
  // Simpson's rule on 64 intervals, its first time a little off the end, where the loss is smooth: off by h⁴ |L⁗| / 180.
  const n = 64
  const hi = 0.75
  const levels = Array.from({ length: n + 1 }, (_, i) => at(NoiseLevels.at(Math.max((hi * i) / n, 1e-9))))
  const simpson =
    levels.reduce((total, value, i) => total + value * (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2), 0) / (3 * n)
  expect(Math.abs(at(NoiseLevels.gauss(64)(NoiseLevels.uniform(0, hi))) - simpson)).toBeLessThan(1e-6 * simpson)
})
