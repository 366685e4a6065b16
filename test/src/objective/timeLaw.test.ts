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

const drawn: ReadonlyArray<Row> = [
  { schedule: ou, law: TimeLaw.uniform(0.2, 2) },
  { schedule: ou, law: TimeLaw.uniformLogSnr(-3, 5) },
  { schedule: Schedule.rectifiedFlow, law: TimeLaw.uniformLogSnr(-3, 5) },
  { schedule: Schedule.edm, law: TimeLaw.logNormal({ mean: -0.5, deviation: 0.7 }) },
  { schedule: Schedule.cosine(), law: TimeLaw.logNormal({ mean: -0.5, deviation: 0.7 }) },
  { schedule: few, law: TimeLaw.logNormal({ mean: -2, deviation: 1.2 }) },
  { schedule: ou, law: TimeLaw.logitNormal({ mean: -0.3, deviation: 0.8, until: 3 }) },
  { schedule: Schedule.rectifiedFlow, law: TimeLaw.logitNormal() }
]

const weighed: ReadonlyArray<Row> = [
  {
    schedule: ou,
    law: TimeLaw.importance({ proposal: TimeLaw.uniform(0.1, 3), target: TimeLaw.uniform(0.2, 2) })
  },
  {
    schedule: ou,
    law: TimeLaw.importance({ proposal: TimeLaw.uniformLogSnr(-8, 14), target: TimeLaw.uniform(0.01, 2) })
  },
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
    schedule: few,
    law: TimeLaw.importance({
      proposal: TimeLaw.logNormal({ mean: 0, deviation: 2 }),
      target: TimeLaw.logNormal({ mean: -1, deviation: 1 })
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

const functions: Readonly<Record<string, (time: number) => number>> = {
  one: () => 1,
  time: time => time,
  'root and wave': time => Math.sqrt(time) * Math.cos(2 * time)
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, v) => sum + v, 0) / values.length

const exact = ({ schedule, law }: Row, f: (time: number) => number): number =>
  TimeLaw.quadrature(schedule, 600)(law).reduce((sum, { time, weight }) => sum + weight * f(time), 0)

/** weight · f(time) of every row of one draw. */
const values = ({ schedule, law }: Row, rows: number, seed: number, f: (time: number) => number): number[] => {
  const [{ time, weight }] = TimeLaw.draw(schedule, rows)(Key.fromSeed(seed))(law)
  if (typeof time === 'number') throw new Error('one time for all rows')
  return Array.from(time, (t, i) => f(t) * (typeof weight === 'number' ? weight : weight[i]))
}

const named = (rows: ReadonlyArray<Row>): ReadonlyArray<Row & { readonly name: string }> =>
  rows.map(row => ({ ...row, name: `${TimeLaw.show(row.law)} on ${Schedule.show(row.schedule)}` }))

describe.each(named([...drawn, ...weighed]))('$name', row => {
  it.each(spread(4)(Object.keys(functions)))('drawn, has the mean of its quadrature: %s', name => {
    const sample = values(row, 20_000, 7, functions[name])
    const found = mean(sample)
    const error = Math.sqrt(mean(sample.map(v => (v - found) ** 2)) / sample.length)
    const wanted = exact(row, functions[name])
    // The quadrature of a law with tails is good to 1e-5 at 600 nodes.
    expect(Math.abs(found - wanted), `${found} ± ${error} for ${wanted}`).toBeLessThan(DEVIATIONS * error + 2e-5)
  })

  it('drawn evenly, gives every row the same mean', () => {
    const stratified = { ...row, law: TimeLaw.stratified(row.law) }
    const weights = [3, -1, 0.5, 2, -2.5]
    const repeats = 1000
    const sums = Array.from({ length: repeats }, (_, seed) =>
      mean(values(stratified, 5, seed, functions.time).map((v, i) => v * weights[i]))
    )
    const found = mean(sums)
    const error = Math.sqrt(mean(sums.map(v => (v - found) ** 2)) / repeats)
    const wanted = mean(weights) * exact(row, functions.time)
    expect(Math.abs(found - wanted), `${found} ± ${error} for ${wanted}`).toBeLessThan(DEVIATIONS * error + 2e-5)
  })

  it('has no problems, and is random', () => {
    expect(TimeLaw.problems(row.schedule)(row.law)).toEqual([])
    expect(TimeLaw.problems(row.schedule)(TimeLaw.stratified(row.law))).toEqual([])
    expect([row.law, TimeLaw.stratified(row.law), TimeLaw.gauss(3)(row.law)].map(TimeLaw.isDeterministic)).toEqual([
      false,
      false,
      true
    ])
  })
})

describe.each(spread(4)(named(drawn)))('$name', row => {
  it('drawn evenly, leaves no gap', () => {
    const rows = 50
    const [{ time }] = TimeLaw.draw(row.schedule, rows)(Key.fromSeed(3))(TimeLaw.stratified(row.law))
    // One time in each stratum of the law: in order they interlace with the strata's bounds.
    const bounds = Array.from({ length: rows - 1 }, (_, i) => (i + 1) / rows)
    const sorted = Array.from(typeof time === 'number' ? [] : time).sort((a, b) => a - b)
    const independent = values(row, 200_000, 11, t => t).sort((a, b) => a - b)
    bounds.forEach((u, i) => {
      // Bounds by the empirical quantiles, known to 5/√200000 of the law.
      const [before, after] = [u - 0.012, u + 0.012].map(
        at => independent[Math.max(0, Math.min(199_999, Math.floor(at * 200_000)))]
      )
      expect(sorted[i]).toBeLessThanOrEqual(after)
      expect(sorted[i + 1]).toBeGreaterThanOrEqual(before)
    })
  })

  it('drawn evenly, has far less variance', () => {
    const variance = (law: TimeLaw.TimeLaw): number => {
      const means = Array.from({ length: 200 }, (_, seed) => mean(values({ ...row, law }, 64, seed, t => Math.exp(-t))))
      return mean(means.map(m => (m - mean(means)) ** 2))
    }
    expect(variance(TimeLaw.stratified(row.law))).toBeLessThan(variance(row.law) / 15)
  })
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

describe('problems', () => {
  const messages: ReadonlyArray<readonly [TimeLaw.TimeLaw, Schedule.Schedule, ReadonlyArray<string>]> = [
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
      [
        'law: TimeLaw.at(1) is not a law that draws a time for each row; leave it as it is, there is nothing to stratify'
      ]
    ],
    [
      TimeLaw.gauss(0)(TimeLaw.uniform(-1, 1)),
      ou,
      [
        'nodes: 0 is not a whole number ≥ 1; try 16',
        'law.lo: -1 is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1'
      ]
    ]
  ]
  it.each(messages.map(([law, schedule, wanted]) => ({ name: TimeLaw.show(law), law, schedule, wanted })))(
    '$name',
    ({ law, schedule, wanted }) => {
      expect(TimeLaw.problems(schedule)(law).map(Problem.show)).toEqual(wanted)
    }
  )
})
