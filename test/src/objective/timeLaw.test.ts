/** Time laws: what is drawn has the mean of the quadrature, and both that of the published law. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Quadrature } from '../../../lib/index.js'
import { Key, Problem, Schedule } from '../../../src/index.js'
import * as TimeLaw from '../../../src/objective/timeLaw.js'
import { spread } from '../../cases.js'

/** Two-sided: a right estimator fails one comparison with probability 6e-7; there are some 100. */
const DEVIATIONS = 5

const ou = Schedule.ornsteinUhlenbeck
const few = Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 2 })

interface Row {
  readonly schedule: Schedule.Schedule
  readonly law: TimeLaw.TimeLaw
}
/** Draws that are weighed; of plain ones the laws of test/laws compare draws, density and nodes. */
const rows: ReadonlyArray<Row> = [
  { schedule: ou, law: TimeLaw.uniformLogSnr(-3, 5) },
  {
    schedule: few,
    law: TimeLaw.importance({ proposal: TimeLaw.uniform(1e-9, 1), target: TimeLaw.uniformLogSnr(-1, 4) })
  },
  {
    schedule: Schedule.edm,
    law: TimeLaw.importance({
      proposal: TimeLaw.logNormal({ mean: -0.2, deviation: 1 }),
      target: TimeLaw.logNormal({ mean: -0.5, deviation: 0.7 })
    })
  },
  {
    schedule: Schedule.rectifiedFlow,
    law: TimeLaw.importance({
      proposal: TimeLaw.logitNormal({ mean: 0, deviation: 1.2 }),
      target: TimeLaw.logitNormal({ mean: 0.5, deviation: 0.8 })
    })
  },
  {
    schedule: ou,
    law: TimeLaw.importance({
      proposal: TimeLaw.logitNormal({ deviation: 1.4, until: 2 }),
      target: TimeLaw.likelihood({ until: 2, nodes: 48 })
    })
  }
]

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, v) => sum + v, 0) / values.length

const exact = ({ schedule, law }: Row, f: (time: number) => number): number =>
  TimeLaw.quadrature(schedule, 600)(law).reduce((sum, { time, weight }) => sum + weight * f(time), 0)

/** weight · f(time) of every row of one draw. */
const values = ({ schedule, law }: Row, rows: number, seed: number, f: (time: number) => number): number[] => {
  const [{ time, weight }] = TimeLaw.draw(schedule, rows)(Key.fromSeed(seed))(law)
  if (typeof time === 'number') throw new Error('one time for all rows')
  return Array.from(time, (t, i) => f(t) * (typeof weight === 'number' ? weight : weight[i]))
}

const named = rows.map(row => ({ ...row, name: `${TimeLaw.show(row.law)} on ${Schedule.show(row.schedule)}` }))

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
    const even = { ...row, law: TimeLaw.stratified(row.law) }
    const sums = Array.from({ length: 1000 }, (_, seed) =>
      mean(values(even, 5, seed, t => t).map((v, i) => v * weights[i]))
    )
    near(sums, mean(weights) * exact(row, t => t))
  }
)

it('drawn evenly, has one time in each stratum, and far less variance', () => {
  const law = TimeLaw.uniform(0.2, 2)
  const times = (of: TimeLaw.TimeLaw, rows: number, seed: number): ReadonlyArray<number> =>
    values({ schedule: ou, law: of }, rows, seed, t => t)
  const strata = times(TimeLaw.stratified(law), 50, 3).map(time => Math.floor((50 * (time - 0.2)) / 1.8))
  expect(strata.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  const variance = (of: TimeLaw.TimeLaw): number => {
    const means = Array.from({ length: 200 }, (_, seed) => mean(times(of, 64, seed).map(t => Math.exp(-t))))
    return mean(means.map(m => (m - mean(means)) ** 2))
  }
  expect(variance(TimeLaw.stratified(law))).toBeLessThan(variance(law) / 15)
})

describe('published laws', () => {
  // Moments of log(σ/α) by Gauss–Hermite, which knows nothing of quantiles.
  it('EDM: log σ is normal', () => {
    const row = { schedule: Schedule.edm, law: TimeLaw.logNormal() }
    for (const power of [1, 2, 3, 4]) {
      const { nodes, weights } = Quadrature.gaussHermite(20)
      const wanted = nodes.reduce((sum, z, i) => sum + weights[i] * (-1.2 + 1.2 * z) ** power, 0)
      expect(Math.abs(exact(row, time => Math.log(time) ** power) - wanted)).toBeLessThan(1e-3 * Math.abs(wanted))
    }
  })

  it('is the same law of noise on every schedule', () => {
    const ratio = (schedule: Schedule.Schedule): number =>
      exact({ schedule, law: TimeLaw.logNormal() }, time => Math.tanh(pipe(schedule, Schedule.logSnr(time)) / 4))
    const wanted = ratio(Schedule.edm)
    for (const schedule of [ou, Schedule.cosine(), Schedule.rectifiedFlow, Schedule.subVp({ betaMax: 200 })])
      expect(Math.abs(ratio(schedule) - wanted), Schedule.show(schedule)).toBeLessThan(1e-9)
  })

  it('stays on a schedule with few ratios, each as likely as before', () => {
    const law = TimeLaw.logNormal({ mean: -1, deviation: 1 })
    // log σ ~ N(−1, 1) restricted to [log 0.1, log 2]: −1 + (φ(a) − φ(b))/(Φ(b) − Φ(a)), a = log 0.1 + 1, b = log 2 + 1.
    const wanted = -0.9118805810895455
    const found = exact({ schedule: few, law }, time => Math.log(pipe(few, Schedule.level(time)).sigma))
    expect(Math.abs(found - wanted)).toBeLessThan(1e-12)
  })

  it('log-SNR is even', () => {
    const nodes = TimeLaw.quadrature(ou, 3)(TimeLaw.uniformLogSnr(-2, 4))
    const { nodes: u } = Quadrature.gaussLegendre(3)(-2, 4)
    nodes.forEach(({ time }, i) => {
      expect(pipe(ou, Schedule.logSnr(time))).toBeCloseTo(u[2 - i], 13)
    })
  })

  it('logit-normal: the logit is normal', () => {
    const row = { schedule: ou, law: TimeLaw.logitNormal({ mean: 0.4, deviation: 0.9, until: 2 }) }
    const logit = (time: number): number => Math.log(time / (2 - time))
    expect(exact(row, logit)).toBeCloseTo(0.4, 5)
    expect(exact(row, time => (logit(time) - 0.4) ** 2)).toBeCloseTo(0.81, 2)
  })
})

it('nodes of a law of one’s own count by its weight, as its draws do', () => {
  // Uniform on [0.1, 2] by log-uniform draws: the weight is the ratio of the densities, t log(hi/lo)/(hi − lo).
  const lo = 0.1
  const hi = 2
  const uniform = TimeLaw.define({
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
      TimeLaw.quadrature(ou, 24)(uniform).reduce((sum, { time, weight }) => sum + weight * f(time), 0)
    ).toBeCloseTo(mean, 12)
})

it('Gauss nodes are the same whatever the key, and as many as asked for', () => {
  const law = TimeLaw.gauss(4)(TimeLaw.uniform(0, 1))
  const at = (seed: number): unknown => TimeLaw.draw(ou, 10)(Key.fromSeed(seed))(law)
  expect(at(1)).toEqual(at(2))
  expect(at(1)).toEqual(TimeLaw.quadrature(ou, 99)(law))
  expect(at(1)).toEqual(TimeLaw.quadrature(ou, 4)(TimeLaw.uniform(0, 1)))
})

/** Of single numbers test/golden/words.txt says what is refused. */
it.each<[TimeLaw.TimeLaw, Schedule.Schedule, ReadonlyArray<string>]>([
  [
    TimeLaw.uniformLogSnr(5, 3),
    Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }),
    [
      'lo: 5 is not a finite log-SNR of Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }), in [0, 0]; try 0',
      'hi: 3 is not a finite log-SNR of Schedule.varianceExploding({ sigmaMin: 1, sigmaMax: 1 }), in [0, 0]; try 0',
      'hi: 3 is not > lo = 5; give the interval in rising order'
    ]
  ],
  [
    TimeLaw.uniformLogSnr(-Infinity, 3),
    ou,
    ['lo: -Infinity is not a finite log-SNR of Schedule.ornsteinUhlenbeck, in [-Infinity, Infinity]; try 0']
  ],
  [
    TimeLaw.logNormal({ mean: 9, deviation: 1 }),
    few,
    [
      'mean: 9 is not within reach of log(σ/α) of Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 2 }); bring it nearer, or raise deviation = 1'
    ]
  ],
  [
    TimeLaw.logitNormal({ until: 2 }),
    Schedule.cosine(),
    ['until: 2 is not a time of Schedule.cosine({ offset: 0.008 }) with noise, in (0, 1]; try 0.1']
  ],
  [
    TimeLaw.importance({ proposal: TimeLaw.at(1), target: TimeLaw.nodes([{ time: 0, weight: 1 }]) }),
    ou,
    [
      'target.nodes[0].time: 0 is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1',
      'proposal: TimeLaw.at(1) is not a law that draws a time for each row; try TimeLaw.uniform',
      'target: TimeLaw.nodes([{ time: 0, weight: 1 }]) is not a law with a density; draw from it directly, or try TimeLaw.likelihood'
    ]
  ],
  [
    TimeLaw.importance({ proposal: TimeLaw.uniform(0.5, 1), target: TimeLaw.uniform(0.2, 1) }),
    ou,
    ['proposal: TimeLaw.uniform(0.5, 1) is not one that draws all times of the target, in [0.2, 1]; widen it']
  ],
  [
    TimeLaw.stratified(TimeLaw.at(1)),
    ou,
    ['law: TimeLaw.at(1) is not a law that draws a time for each row; leave it as it is, there is nothing to stratify']
  ],
  [
    TimeLaw.gauss(0)(TimeLaw.uniform(-1, 1)),
    ou,
    [
      'nodes: 0 is not a whole number ≥ 1; try 16',
      'law.lo: -1 is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1'
    ]
  ],
  [TimeLaw.uniform(1, 2), ou, []],
  [TimeLaw.uniform(1, 1), ou, ['hi: 1 is not > lo = 1; give the interval in rising order']],
  [TimeLaw.uniformLogSnr(1, 1), ou, ['hi: 1 is not > lo = 1; give the interval in rising order']],
  [TimeLaw.nodes([]), ou, ['nodes: [] is not a list with at least one node; add { time, weight }']],
  [TimeLaw.nodes([{ time: 1, weight: NaN }]), ou, ['nodes[0].weight: NaN is not finite; try 1']],
  [TimeLaw.nodes([{ time: 1, weight: -2 }]), ou, []],
  [TimeLaw.oneOf([]), ou, ['times: [] is not a list with at least one time; add a time']],
  [
    TimeLaw.oneOf([0.5, 7]),
    Schedule.rectifiedFlow,
    ['times[1]: 7 is not a time of Schedule.rectifiedFlow with noise, in (0, 1]; try 0.1']
  ]
])('%j: what is wrong with it', (law, schedule, wanted) => {
  expect(TimeLaw.problems(schedule)(law).map(Problem.show)).toEqual(wanted)
})

it('one of several is drawn as often as it stands there; where nothing is drawn it is the mean over all', () => {
  const law = TimeLaw.oneOf([0.7, 0.2, 0.2, 1.1])
  const drawn = values({ schedule: ou, law }, 4000, 3, t => t)
  const times = (t: number): number => drawn.filter(x => x === t).length
  expect(times(0.2) + times(0.7) + times(1.1)).toBe(4000)
  // Five standard errors of a binomial.
  expect(Math.abs(times(0.2) - 2000)).toBeLessThan(5 * Math.sqrt(1000))
  expect(Math.abs(times(1.1) - 1000)).toBeLessThan(5 * Math.sqrt(750))
  const even = values({ schedule: ou, law: TimeLaw.stratified(law) }, 400, 3, t => t)
  expect(even.filter(x => x === 0.7).length).toBe(100)
  expect(exact({ schedule: ou, law }, t => t)).toBeCloseTo(0.55, 14)
})

it('fixed levels are not random', () => {
  const nodes = TimeLaw.nodes([{ time: 0.1, weight: 1 }])
  const fixed = [TimeLaw.at(0.3), nodes, TimeLaw.likelihood({ until: 4, nodes: 8 }), TimeLaw.gauss(3)(rows[0].law)]
  expect([...fixed, rows[0].law, TimeLaw.stratified(rows[0].law)].map(TimeLaw.isDeterministic)).toEqual([
    ...[true, true, true, true],
    ...[false, false]
  ])
})
