/** Samplers: their orders and their equations, their laws at every time, and the likelihood that the flow gives. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { matMul, sub } from '../../../lib/index.js'
import {
  Field,
  Key,
  Mixture,
  Params,
  Problem,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  type Points
} from '../../../src/index.js'
import * as Case from '../../../src/core/case.js'
import { at, carried, density, DEVIATIONS, deviation, end, largest, order, schedules } from '../samplers.js'
import { isSlow, spread, once } from '../../cases.js'
import { there } from '../../there.js'

const ou = Schedule.ornsteinUhlenbeck
const line = Mixture.of({ means: [[-2], [1.5], [0.3]], weights: [1, 2, 1], variances: [0.3, 0.5, 0.2] })
const plane = Mixture.of({
  means: [
    [-2, 0.5],
    [2, 0],
    [0.5, 1.5]
  ],
  weights: [1, 2, 1],
  variances: [0.3, 0.5, 0.2]
})
const key = Key.fromSeed(11)
const compiled = <S extends Sampler.Sampler>(description: Sampler.Description<S>): Sampler.Program<S> =>
  Problem.orThrow(Sampler.compile(description))

describe('orders on the exact score', () => {
  // On two of the schedules in turn: in y and ς they are all the same to a solver.
  const cases = [
    { sampler: Sampler.euler, wanted: 1 },
    { sampler: Sampler.heun, wanted: 2 },
    { sampler: Sampler.dpmSolver2M, wanted: 2 },
    { sampler: Sampler.rungeKutta4, wanted: 4 }
  ].flatMap((solver, i) =>
    [i, i + 1].map(j => ({ ...schedules[j % schedules.length], ...solver, code: Sampler.show(solver.sampler) }))
  )

  it.each(spread(8)(cases))('$code is of order $wanted on $name', ({ schedule, from, sampler, wanted }) => {
    const noisy = at(line, schedule, from)
    const start = Mixture.sample(12)(key)(noisy)
    const truth = start.values.map(carried(noisy, line))
    const steps = [32, 64, 128]
    const errors = steps.map(count => {
      const grid = TimeGrid.karras({ from, to: 0, steps: count })
      return largest(end({ sampler, grid, schedule }, Sampler.exact(line, schedule), start, key).values, truth)
    })
    // error = C h^p (1 + c h + …): the slope is off by about c/32 here, c being of order 5; the orders next to it by 1.
    expect(Math.abs(order(steps, errors) - wanted)).toBeLessThan(0.2)
    expect(errors[2]).toBeLessThan(0.05)
  })

  it.each(spread(8)(schedules))('Dormand–Prince meets its tolerance on $name', ({ schedule, from }) => {
    const noisy = at(line, schedule, from)
    const start = Mixture.sample(12)(key)(noisy)
    const truth = start.values.map(carried(noisy, line))
    // Mass is kept: the flow expands distances by p_T/p_0, and errors with them.
    const expansion = Math.max(...start.values.map((x, i) => Math.max(1, density(noisy)(x) / density(line)(truth[i]))))
    const size = 1 + Math.max(...truth.map(Math.abs))
    const exact = Sampler.exact(line, schedule)
    for (const tolerance of [1e-3, 1e-6, 1e-9]) {
      const sampler = Sampler.dormandPrince({ tolerance })
      let scores = 0
      const counted: Sampler.ScoreFunction = (points, time) => {
        scores += 1
        return exact(points, time)
      }
      const grid = TimeGrid.uniform({ from, to: 0, steps: 1 })
      const found = end({ sampler, grid, schedule }, counted, start, key).values
      // Each of the steps, six scores each, may err by the tolerance.
      expect(largest(found, truth)).toBeLessThan(tolerance * size * expansion * (scores / 6))
      // A method of order 5 takes about tolerance^(−1/5) steps.
      expect(scores).toBeLessThan(60 * tolerance ** (-1 / 5))
    }
  })

  once('one step of Euler in t, which is ddim without noise, reaches a point mass; one in the angle does not', () => {
    const schedule = Schedule.rectifiedFlow
    const score = Sampler.exact(Mixture.of({ means: [[3]], variances: [1e-12] }), schedule)
    const grid = TimeGrid.uniform({ from: 0.999, to: 1e-4, steps: 1 })
    const [euler, ddim] = [Sampler.euler, Sampler.ddim({ eta: 0 })].map(
      sampler => Sampler.sample(compiled({ sampler, grid, schedule }))(score)(1, 1)(key).values[0]
    )
    // What is left of the noise at the last time is 1e-4 of it.
    expect(Math.abs(ddim - 3)).toBeLessThan(1e-3)
    expect(Math.abs(euler - 3)).toBeGreaterThan(0.5)
  })
})

describe('marginals', () => {
  // The moments of all of them are a law of test/laws/vocabulary.test.ts; here are one of each kind, with their CDFs.
  const cases = [
    { sampler: Sampler.ddim({ eta: 0.5 }), steps: 60 },
    { sampler: Sampler.eulerMaruyama, steps: 100 },
    { sampler: Sampler.dormandPrince({ tolerance: 1e-4 }), steps: 8 },
    { sampler: Sampler.predictorCorrector({ predictor: Sampler.dpmSolver2M, moves: 2, snr: 0.1 }), steps: 30 }
  ].map((row, i) => ({ ...schedules[i], ...row, code: Sampler.show(row.sampler) }))

  // Some 50 times, 2 means, 4 covariances and 3 CDFs each, 4 cases: a right sampler is refused with probability below
  // 2000 · 2e-9 = 4e-6. The bias of so many steps is below the bounds of so many points.
  it.each(spread(4)(cases))(
    '$code has the law of the level at every time, on $name',
    ({ schedule, from, sampler, steps }) => {
      const grid = TimeGrid.karras({ from, to: 0.01, steps })
      const program = compiled({ sampler, grid, schedule, prior: plane })
      const states = [...Sampler.trajectory(program)(Sampler.exact(plane, schedule))(3000, 2)(key)]
      expect(states.map(({ time }) => time)).toEqual(Array.from(TimeGrid.times(schedule)(grid)))
      states.forEach(({ time, points }) => {
        const { mean, covariance, cdf } = deviation(points, at(plane, schedule, time))
        expect({ time, beyond: Math.max(mean, covariance, cdf) > 0, mean, covariance, cdf }).toMatchObject({
          beyond: false
        })
      })
    }
  )

  once.each([
    { schedule: ou, from: 3, wide: 1 },
    { ...schedules[3], wide: 65 }
  ])('start from N(0, I) at the noisy end, diffused where the variance is not kept: $wide', row => {
    const grid = TimeGrid.uniform({ from: row.from, to: 1, steps: 1 })
    const program = compiled({ sampler: Sampler.ancestral, grid, schedule: row.schedule })
    const [begin] = Sampler.trajectory(program)(Sampler.exact(plane, ou))(20_000, 2)(key)
    expect(begin.time).toBe(row.from)
    const { mean, covariance, cdf } = deviation(begin.points, Mixture.of({ means: [[0, 0]], variances: [row.wide] }))
    expect(Math.max(mean, covariance, cdf)).toBeLessThan(0)
  })

  once('of Langevin’s algorithm, unadjusted, are N(c, u/(1 − δ/2u))', () => {
    const truth = Mixture.of({ means: [new Array<number>(20).fill(1)], variances: [0.5] })
    const time = 0.4
    const [u] = at(truth, ou, time).variances
    const centre = Math.exp(-time)
    const step = 0.4 * u
    const grid = TimeGrid.constant({ time, steps: 60 })
    // After 60 moves the start is forgotten to 0.6^60 = 5e-14.
    const program = compiled({ sampler: Sampler.langevin({ step }), grid, schedule: ou })
    const { values } = Sampler.sample(program)(Sampler.exact(truth, ou))(2000, 20)(key)
    const n = values.length
    const mean = values.reduce((sum, x) => sum + x, 0) / n
    const variance = values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / n
    const wanted = u / (1 - step / (2 * u))
    expect(Math.abs(mean - centre)).toBeLessThan(DEVIATIONS * Math.sqrt(wanted / n))
    // 0.042: the level's own variance, which is less by a fifth, would be refused.
    expect(Math.abs(variance / wanted - 1)).toBeLessThan(DEVIATIONS * Math.sqrt(2 / n))
  })
})

// —— one step, as its paper writes it ——

/** From (α_a, σ_a) to (α_b, σ_b): where x with the score s is led by the noise z. */
type Equation = (x: number, s: number, z: number, a: Schedule.Level, b: Schedule.Level) => number
const ofDdim =
  (eta: number): Equation =>
  (x, s, z, a, b) => {
    // The paper's v cancels: for a step of a thousandth, √v loses three digits of sixteen and a half.
    const v = (b.sigma / a.sigma) ** 2 * (a.sigma ** 2 - (a.alpha / b.alpha) ** 2 * b.sigma ** 2)
    const predicted = (x + a.sigma ** 2 * s) / a.alpha
    return b.alpha * predicted - Math.sqrt(b.sigma ** 2 - eta ** 2 * v) * a.sigma * s + eta * Math.sqrt(v) * z
  }
const equations: ReadonlyArray<readonly [name: string, Sampler.Sampler, Equation]> = [
  ...[0, 0.3, 1].map(
    eta => [`DDIM’s equation 12, η = ${eta}`, Sampler.ddim({ eta }), ofDdim(eta)] satisfies (typeof equations)[number]
  ),
  // Algorithm 2 with the smaller variance, where α_t is α_a/α_b; 1 − κ² in place of β is the same where variance is kept.
  [
    'DDPM’s algorithm 2',
    Sampler.ancestral,
    (x, s, z, a, b) => {
      const lost = 1 - ((b.sigma * a.alpha) / (b.alpha * a.sigma)) ** 2
      return (b.alpha / a.alpha) * (x + lost * a.sigma ** 2 * s) + b.sigma * Math.sqrt(lost) * z
    }
  ],
  // Equation 6 in the Brownian time ς² = σ²/α² of y = x/α, whose score is αs.
  [
    'Euler–Maruyama of the reverse SDE',
    Sampler.eulerMaruyama,
    (x, s, z, a, b) => {
      const time = (a.sigma / a.alpha) ** 2 - (b.sigma / b.alpha) ** 2
      return b.alpha * (x / a.alpha + time * a.alpha * s + Math.sqrt(time) * z)
    }
  ]
]

describe('steps', () => {
  const start = (schedule: Schedule.Schedule, from: number): Points.Points =>
    Mixture.sample(40)(key)(at(plane, schedule, from))
  const scoreOf = (schedule: Schedule.Schedule, time: number, points: Points.Points): Float64Array =>
    pipe(at(plane, schedule, time), Mixture.score(points)).values
  const levels = (schedule: Schedule.Schedule, ...times: ReadonlyArray<number>): ReadonlyArray<Schedule.Level> =>
    times.map(time => Schedule.level(time)(schedule))
  const [first] = pipe(key, Key.named('steps'), ({ steps }) => [Key.child(0)(steps)])

  once.each(equations.flatMap(([name, sampler, of]) => schedules.map(row => ({ name, sampler, of, on: row }))))(
    'are $name, on $on.name',
    ({ sampler, of, on: { schedule, from } }) => {
      const points = start(schedule, from)
      const s = scoreOf(schedule, from, points)
      const z = Key.normal(80)(first)
      for (const to of [0, 0.001, 0.7, 0.999].map(share => share * from)) {
        const grid = TimeGrid.listed([from, to])
        const found = end({ sampler, grid, schedule }, Sampler.exact(plane, schedule), points, key)
        const [a, b] = levels(schedule, from, to)
        const wanted = points.values.map((x, i) => of(x, s[i], z[i], a, b))
        expect(largest(found.values, wanted)).toBeLessThan(1e-12 * (1 + Math.max(...wanted.map(Math.abs))))
      }
    }
  )

  once('of DDPM, where variance is kept, have the paper’s β', () => {
    const { schedule, from } = schedules[0]
    const [a, b] = levels(schedule, from, 0.7 * from)
    // In the paper's letters ᾱ = α².
    const keep = (a.alpha / b.alpha) ** 2
    const variance = ((1 - keep) * (1 - b.alpha ** 2)) / (1 - a.alpha ** 2)
    const [, , , [, , ancestral]] = equations
    expect(ancestral(2, -1, 3, a, b)).toBeCloseTo((2 - (1 - keep)) / Math.sqrt(keep) + 3 * Math.sqrt(variance), 13)
  })

  once.each(schedules)('of DPM-Solver++ 2M are algorithm 2 of its paper, on $name', ({ schedule, from }) => {
    const times = [from, 0.6 * from, 0.1 * from]
    const program = compiled({ sampler: Sampler.dpmSolver2M, grid: TimeGrid.listed(times), schedule })
    const [begin, middle, found] = Sampler.transport(program)(Sampler.exact(plane, schedule))(start(schedule, from))(
      key
    )
    const [r, s, t] = levels(schedule, ...times).map(level => ({
      ...level,
      lambda: Math.log(level.alpha / level.sigma)
    }))
    const predicted = ({ time, points }: Sampler.State, { alpha, sigma }: Schedule.Level): Float64Array => {
      const score = scoreOf(schedule, time, points)
      return points.values.map((x, i) => (x + sigma ** 2 * score[i]) / alpha)
    }
    const before = predicted(begin, r)
    const now = predicted(middle, s)
    const h = t.lambda - s.lambda
    const share = (s.lambda - r.lambda) / h
    const wanted = middle.points.values.map((x, i) => {
      const d = (1 + 1 / (2 * share)) * now[i] - before[i] / (2 * share)
      return (t.sigma / s.sigma) * x - t.alpha * Math.expm1(-h) * d
    })
    expect(largest(found.points.values, wanted)).toBeLessThan(1e-12)
  })

  once('of a corrector, and of annealed Langevin, are moves at the new level, with keys of their own', () => {
    const from = 2
    const to = 1.4
    const delta = 2 * (0.2 * Math.sqrt(-Math.expm1(-2 * to))) ** 2
    const led = (points: Points.Points, moves: Key.Key): Points.Points =>
      Key.split(2)(moves).reduce((points, key) => {
        const score = scoreOf(ou, to, points)
        const z = Key.normal(80)(key)
        return { ...points, values: points.values.map((x, i) => x + delta * score[i] + Math.sqrt(2 * delta) * z[i]) }
      }, points)
    const points = start(ou, from)
    const keys = Key.named('predictor', 'corrector')(first)
    const [a, b] = levels(ou, from, to)
    const s = scoreOf(ou, from, points)
    const z = Key.normal(80)(keys.predictor)
    const predicted = points.values.map((x, i) => ofDdim(1)(x, s[i], z[i], a, b))
    const size = { moves: 2, snr: 0.2 }
    const found = [
      Sampler.predictorCorrector({ predictor: Sampler.ancestral, ...size }),
      Sampler.annealedLangevin(size)
    ].map(sampler =>
      end({ sampler, grid: TimeGrid.listed([from, to]), schedule: ou }, Sampler.exact(plane, ou), points, key)
    )
    expect(largest(found[0].values, led({ ...points, values: predicted }, keys.corrector).values)).toBeLessThan(1e-13)
    expect(largest(found[1].values, led(points, first).values)).toBeLessThan(1e-13)
  })

  // Euler–Maruyama's last noise is of the size of ς, up to 1e6 here, and Langevin's moves have no time to bring the points in:
  // the others end near the data, however coarse the steps.
  once.each([
    ...[Sampler.ancestral, Sampler.ddim({ eta: 0.5 }), Sampler.euler, Sampler.heun, Sampler.rungeKutta4],
    ...[Sampler.dpmSolver2M, Sampler.dormandPrince({ tolerance: 1e-3 })],
    ...[Sampler.predictorCorrector({ predictor: Sampler.ancestral }), Sampler.eulerMaruyama],
    Sampler.annealedLangevin({ moves: 1 })
  ])('are finite from almost no signal to no noise, where no score is asked for: $_tag', sampler => {
    const bound = ['eulerMaruyama', 'annealedLangevin'].includes(sampler._tag) ? Infinity : 20
    const froms = [30, 1 - 1e-9, 1 - 1e-9, 80]
    schedules.forEach(({ schedule }, i) => {
      const between = { from: froms[i], to: 0, steps: 12 }
      const exact = Sampler.exact(plane, schedule)
      const score: Sampler.ScoreFunction = (points, time) =>
        time > 0 ? exact(points, time) : { ...points, values: points.values.fill(NaN) }
      for (const grid of [TimeGrid.karras(between), TimeGrid.uniform(between)]) {
        const { values } = Sampler.sample(compiled({ sampler, grid, schedule }))(score)(20, 2)(key)
        expect(values.every(value => Math.abs(value) < bound)).toBe(true)
      }
    })
  })
})

describe('likelihood by the flow', () => {
  const points = Mixture.sample(20)(key)(plane)
  // Some hundred steps of error 1e-10 each, most of it far less.
  const exactly = Sampler.dormandPrince({ tolerance: 1e-10 })

  it.runIf(isSlow)('by random directions it is unbiased, and of one round Gaussian exact with one', () => {
    const grid = TimeGrid.logSnr({ from: 6, to: 0.01, steps: 20 })
    const program = compiled({ sampler: Sampler.heun, grid, schedule: ou })
    const of = (mixture: Mixture.Mixture, probes?: Sampler.Probes): Float64Array =>
      (probes === undefined ? Sampler.logDensity(program) : Sampler.logDensity(program, probes))(
        Sampler.exact(mixture, ou)
      )(points)
    const round = Mixture.of({ means: [[1, -1]], variances: [0.5] })
    expect(largest(of(round, { probes: 1, key: Key.fromSeed(1) }), of(round))).toBeLessThan(1e-12)
    const runs = 24
    const found = Array.from({ length: runs }, (_, i) => of(plane, { probes: 2, key: Key.fromSeed(i) }))
    of(plane).forEach((value, row) => {
      const off = found.map(each => each[row] - value)
      const mean = off.reduce((sum, x) => sum + x, 0) / runs
      const error = Math.sqrt(off.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (runs - 1) / runs)
      // Student's of 23 degrees of freedom is beyond 5.5 in 1e-5 of cases.
      expect(Math.abs(mean)).toBeLessThan(5.5 * error)
      expect(error).toBeGreaterThan(0)
    })
    expect(() => of(plane, { probes: 0, key: Key.fromSeed(1) })).toThrow(/probes: 0 is not a whole number ≥ 1/)
  })

  it.each(spread(4)(schedules))(
    'is that of any level of $name, from the exact law of the noisy end',
    ({ schedule, from }) => {
      const level = at(plane, schedule, 0.3 * from)
      const xs = Mixture.sample(10)(key)(level)
      const grid = TimeGrid.uniform({ from, to: 0.3 * from, steps: 3 })
      const program = compiled({ sampler: exactly, grid, schedule, prior: plane })
      const found = Sampler.logDensity(program)(Sampler.exact(plane, schedule))(xs)
      expect(largest(found, pipe(level, Mixture.logDensity(xs)))).toBeLessThan(1e-8)
    }
  )

  once('of a learned score is that of its mixture, and of a custom score that of its own divergence', () => {
    // α² is 1e-22 at the noisy end, and the law there N(0, I) up to α times the means.
    const program = compiled({
      sampler: exactly,
      grid: TimeGrid.uniform({ from: 25, to: 0, steps: 1 }),
      schedule: ou
    })
    const isotropic = Score.isotropic({ components: 2 })
    const params = Params.of({
      means: [
        [1, 0],
        [-1, 2]
      ],
      logits: [0, 1],
      logVariances: [-1, 0.3]
    })
    const found = Score.toMixture(isotropic)(params)
    const mixture = there(found._tag === 'Some' ? found.value : undefined)
    const xs = Mixture.sample(5)(key)(mixture)
    // N(c, I) stays of covariance I where the schedule preserves variance: s(x) = αc − x.
    const centred = Score.custom({
      name: 'centred',
      shapes: dim => ({ centre: [1, dim] }),
      apply: ({ centre }, x, { alpha }) => sub(matMul(alpha, centre), x)
    })
    for (const [score, law] of [
      [Sampler.learned(isotropic, ou, params), mixture],
      [Sampler.learned(centred, ou, Params.of({ centre: [[1, -2]] })), Mixture.of({ means: [[1, -2]] })]
    ] as const)
      expect(largest(Sampler.logDensity(program)(score)(xs), pipe(law, Mixture.logDensity(xs)))).toBeLessThan(1e-8)
  })
})

describe('randomness', () => {
  const grid = TimeGrid.karras({ from: 2, to: 0.01, steps: 5 })
  const score = Sampler.exact(plane, ou)
  const program = (sampler: Sampler.Sampler, times: TimeGrid.TimeGrid = grid) =>
    compiled({ sampler, grid: times, schedule: ou })

  once('is the key: same key, same bits; the end of the trajectory is the sample', () => {
    const ancestral = program(Sampler.ancestral)
    const sample = Sampler.sample(ancestral)(score)(30, 2)
    expect(sample(key)).toEqual(sample(key))
    expect(sample(key)).not.toEqual(sample(Key.fromSeed(12)))
    const states = Sampler.trajectory(ancestral)(score)(30, 2)(key)
    expect([...states]).toEqual([...states])
    const [first, ...rest] = states
    expect(rest[rest.length - 1].points).toEqual(sample(key))
    expect([...Sampler.transport(ancestral)(score)(first.points)(key)]).toEqual([...states])
  })

  once('is labelled: another sampler, or more steps to come, shift nobody else', () => {
    const begin = (sampler: Sampler.Sampler): Points.Points => {
      const [first] = Sampler.trajectory(program(sampler))(score)(10, 2)(key)
      return first.points
    }
    expect(begin(Sampler.heun)).toEqual(begin(Sampler.predictorCorrector({ predictor: Sampler.ancestral })))
    const states = (times: ReadonlyArray<number>): ReadonlyArray<Sampler.State> => [
      ...Sampler.trajectory(program(Sampler.ancestral, TimeGrid.listed(times)))(score)(10, 2)(key)
    ]
    expect(states([2, 1, 0.5, 0.1]).slice(0, 3)).toEqual(states([2, 1, 0.5]))
  })

  once('and what one’s own sampler remembers is handed from step to step', () => {
    const counting = Sampler.define({
      name: 'counting',
      about: 'stays where it is, and counts',
      fields: { from: Field.count({ default: 1 }) },
      meaning: ({ from }) => ({
        draws: false,
        step: ({ points, memory }) => ({ points, memory: { taken: Number(Case.field(memory, 'taken') ?? from) + 1 } })
      })
    })
    const states = [...Sampler.trajectory(program(counting({ from: 3 })))(score)(3, 2)(key)]
    expect(states.map(({ memory }) => memory)).toEqual([null, ...[4, 5, 6, 7, 8].map(taken => ({ taken }))])
  })
})

describe('what is refused', () => {
  const flow = compiled({
    sampler: Sampler.heun,
    grid: TimeGrid.uniform({ from: 2, to: 0.1, steps: 5 }),
    schedule: ou
  })
  const refused = (sampler: Sampler.Sampler, grid: TimeGrid.TimeGrid): ReadonlyArray<string> => {
    const found = Sampler.compile({ sampler, grid, schedule: ou })
    return E.isLeft(found) ? found.left.map(Problem.show) : []
  }

  once('is told of sampler and grid, every problem at once', () => {
    const wrong = TimeGrid.uniform({ from: -1, to: NaN, steps: 1.5 })
    expect(
      refused(Sampler.predictorCorrector({ predictor: Sampler.ddim({ eta: -0.1 }), moves: 0, snr: 1 }), wrong)
    ).toEqual([
      'sampler.moves: 0 is not a whole number ≥ 1; try 1',
      'sampler.snr: 1 is not in (0, 1); try 0.16',
      'sampler.predictor.eta: -0.1 is not in [0, 1]; try 0, or 1 for Sampler.ancestral',
      'grid.from: -1 is not a time of Schedule.ornsteinUhlenbeck with noise, in (0, ∞); try 0.1',
      'grid.to: NaN is not a time of Schedule.ornsteinUhlenbeck, ≥ 0; try 0.001',
      'grid.steps: 1.5 is not a whole number ≥ 1; try 100'
    ])
    expect(refused(Sampler.heun, TimeGrid.constant({ time: 1, steps: 3 }))).toEqual([
      'sampler: Sampler.heun on TimeGrid.constant({ time: 1, steps: 3 }) is not one that moves at a level; ' +
        'use Sampler.langevin, or a grid that falls'
    ])
  })

  const sample = (score: Sampler.ScoreFunction, dim: number, program: Sampler.Program = flow) =>
    Sampler.sample(program)(score)(4, dim)(key)
  const exact = Sampler.exact(line, ou)
  const failing = (value: number): Sampler.ScoreFunction & Pick<Sampler.Smooth, 'divergence'> =>
    Object.assign(
      (points: Points.Points, time: number) =>
        time < 1 ? { ...points, values: points.values.map(() => value) } : exact(points, time),
      { divergence: exact.divergence }
    )
  const losing = Sampler.define({
    name: 'losing',
    about: 'loses a point',
    meaning: () => ({
      draws: false,
      step: ({ points }) => ({ points: { ...points, rows: points.rows - 1, values: points.values.slice(1) } })
    })
  })
  once.each<[string, () => unknown, RegExp]>([
    ['points of another width', () => sample(Sampler.exact(plane, ou), 1), /^dim: 1 is not 2, that of the mixture/],
    [
      'parameters of another width',
      () => sample(Sampler.learned(Score.symmetricPair, ou, Params.of({ mean: [1, 2] })), 1),
      /^mean: shape \[2\] is not of shape \[1\]/
    ],
    [
      'a prior of another width',
      () => sample(Sampler.exact(plane, ou), 2, { ...flow, prior: line }),
      /^dim: 2 is not 1, that of the prior/
    ],
    ['a score that is no number', () => sample(failing(NaN), 1), /^score at time 0\.\d+: NaN is not finite/],
    ['a score without end', () => sample(failing(Infinity), 1), /^score at time 0\.\d+: Infinity is not finite/],
    [
      'a score of other points',
      () => sample(({ rows, values }) => ({ rows: rows - 1, dim: 1, values: values.slice(1) }), 1),
      /^score at time 2: 3 × 1, 3 numbers, is not 4 × 1, as the points are; /
    ],
    [
      'a density by such a score',
      () => Sampler.logDensity(flow)(failing(NaN))({ rows: 1, dim: 1, values: Float64Array.of(1) }),
      /^score at time .*: NaN is not finite; /
    ],
    [
      'a step that loses a point',
      () => sample(exact, 1, compiled({ ...flow, sampler: losing })),
      /^points after step 1.*3 × 1, 3 numbers, is not 4 × 1/
    ]
  ])('is told of %s', (_, run, message) => {
    expect(run).toThrow(
      expect.objectContaining({ name: 'RangeError', message: expect.stringMatching(message) as string })
    )
  })
})
