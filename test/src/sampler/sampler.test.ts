/** Samplers: their orders, their laws at every time, and the likelihood that the flow gives. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { matMul, sub } from '../../../lib/index.js'
import {
  Compile,
  Field,
  Key,
  Metric,
  Mixture,
  Params,
  Problem,
  Recipe,
  Run,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  type Points
} from '../../../src/index.js'
import * as Case from '../../../src/core/case.js'
import {
  at,
  carried,
  density,
  DEVIATIONS,
  deviation,
  dkw,
  end,
  kolmogorov,
  largest,
  order,
  schedules
} from '../samplers.js'
import { isSlow, spread } from '../../cases.js'

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

/** The noise that step `i` of a program draws: from the i-th child of the key of the steps. */
const noise = (i: number, count: number): Float64Array =>
  pipe(key, Key.named('steps'), ({ steps }) => pipe(steps, Key.child(i), Key.normal(count)))

describe('orders on the exact score', () => {
  // On two of the schedules in turn: in y and ς they are all the same to a solver.
  const cases = [
    { sampler: Sampler.euler, wanted: 1, steps: [32, 64, 128] },
    { sampler: Sampler.heun, wanted: 2, steps: [32, 64, 128] },
    { sampler: Sampler.dpmSolver2M, wanted: 2, steps: [32, 64, 128] },
    { sampler: Sampler.rungeKutta4, wanted: 4, steps: [32, 64, 128] }
  ].flatMap((solver, i) =>
    [i, i + 1].map(j => ({ ...schedules[j % schedules.length], ...solver, code: Sampler.show(solver.sampler) }))
  )

  it.each(spread(8)(cases))('$code is of order $wanted on $name', ({ schedule, from, sampler, wanted, steps }) => {
    const noisy = at(line, schedule, from)
    const clean = line
    const start = Mixture.sample(12)(key)(noisy)
    const truth = start.values.map(carried(noisy, clean))
    const errors = steps.map(count => {
      const grid = TimeGrid.karras({ from, to: 0, steps: count })
      return largest(end({ sampler, grid, schedule }, Sampler.exact(line, schedule), start, key).values, truth)
    })
    // error = C h^p (1 + c h + …): the slope is off by about c/32 here, c being of order 5; the orders next to it by 1.
    expect(Math.abs(order(steps, errors) - wanted)).toBeLessThan(0.2)
    expect(errors[2]).toBeLessThan(0.05)
  })

  it('DPM-Solver++ 2M is of order 2 on steps of unequal length too', () => {
    const { schedule, from } = schedules[0]
    const to = 0.02
    const noisy = at(line, schedule, from)
    const clean = at(line, schedule, to)
    const start = Mixture.sample(12)(key)(noisy)
    const truth = start.values.map(carried(noisy, clean))
    const steps = [64, 128, 256]
    const errors = steps.map(count => {
      // Pairs of steps of log-SNR, the second three times as long as the first.
      const even = TimeGrid.times(schedule)(TimeGrid.logSnr({ from, to, steps: 2 * count }))
      const grid = TimeGrid.listed(Array.from(even).filter((_, i) => i % 4 === 0 || i % 4 === 1))
      return largest(
        end({ sampler: Sampler.dpmSolver2M, grid, schedule }, Sampler.exact(line, schedule), start, key).values,
        truth
      )
    })
    expect(Math.abs(order(steps, errors) - 2)).toBeLessThan(0.15)
  })

  it.each(spread(8)(schedules))('Dormand–Prince meets its tolerance on $name', ({ schedule, from }) => {
    const noisy = at(line, schedule, from)
    const clean = line
    const start = Mixture.sample(12)(key)(noisy)
    const truth = start.values.map(carried(noisy, clean))
    // Mass is kept: the flow expands distances by p_T/p_0, and errors with them.
    const expansion = Math.max(...start.values.map((x, i) => Math.max(1, density(noisy)(x) / density(clean)(truth[i]))))
    const size = 1 + Math.max(...truth.map(Math.abs))
    const exact = Sampler.exact(line, schedule)
    for (const tolerance of [1e-3, 1e-6, 1e-9]) {
      const sampler = Sampler.dormandPrince({ tolerance })
      const times: number[] = []
      const counted: Sampler.ScoreFunction = (points, time) => {
        times.push(time)
        return exact(points, time)
      }
      const grid = TimeGrid.uniform({ from, to: 0, steps: 1 })
      const found = end({ sampler, grid, schedule }, counted, start, key).values
      // Each of the steps, six scores each, may err by the tolerance.
      expect(largest(found, truth)).toBeLessThan(tolerance * size * expansion * (times.length / 6))
      // A method of order 5 takes about tolerance^(−1/5) steps.
      expect(times.length).toBeLessThan(60 * tolerance ** (-1 / 5))
    }
  })

  it.each([Sampler.eulerMaruyama, Sampler.ancestral].map(sampler => ({ sampler, code: Sampler.show(sampler) })))(
    '$code is of weak order 1',
    ({ sampler }) => {
      const truth = Mixture.of({ means: [new Array<number>(10).fill(0)], variances: [0.25] })
      const score = Sampler.exact(truth, ou)
      const counts = [8, 16, 32]
      const [wanted] = at(truth, ou, 0.02).variances
      const errors = counts.map(steps => {
        const grid = TimeGrid.karras({ from: 2, to: 0.02, steps })
        const program = Problem.orThrow(Sampler.compile({ sampler, grid, schedule: ou, prior: truth }))
        const { values } = Sampler.sample(program)(score)(6000, 10)(Key.fromSeed(steps))
        return Math.abs(values.reduce((sum, x) => sum + x * x, 0) / values.length / wanted - 1)
      })
      // The errors are known to 6 √(2/60 000) = 0.035, and the smallest is some 0.1: ± 0.25 in the slope, and c/16 more.
      expect(Math.abs(order(counts, errors) - 1)).toBeLessThan(0.45)
      expect(errors[2]).toBeLessThan(0.2)
    }
  )
})

it('Euler–Maruyama adds β/(1 − β) where variance is preserved, and no β', () => {
  const from = 1
  const to = 0.8
  const { alpha } = Schedule.level(from)(ou)
  const ratio = Schedule.level(to)(ou).alpha / alpha
  const beta = 1 - 1 / ratio ** 2
  const grid = TimeGrid.uniform({ from, to, steps: 1 })
  const program = Problem.orThrow(Sampler.compile({ sampler: Sampler.eulerMaruyama, grid, schedule: ou, prior: plane }))
  const blind: Sampler.ScoreFunction = points => ({ ...points, values: points.values.map(() => 0) })
  const [start, stop] = [...Sampler.trajectory(program)(blind)(20_000, 2)(key)]
  const noise = stop.points.values.map((x, i) => x - ratio * start.points.values[i])
  const variance = noise.reduce((sum, z) => sum + z * z, 0) / noise.length
  // Of 40 000 numbers, to 4 standard deviations; β would be 33 % off.
  expect(Math.abs(variance / (beta / (1 - beta)) - 1)).toBeLessThan(4 * Math.sqrt(2 / noise.length))
  expect(beta).toBeGreaterThan(0.2)
})

describe('marginals', () => {
  const samplers: ReadonlyArray<{ readonly sampler: Sampler.Sampler; readonly steps: number }> = [
    { sampler: Sampler.ancestral, steps: 60 },
    { sampler: Sampler.ddim({ eta: 0 }), steps: 60 },
    { sampler: Sampler.ddim({ eta: 0.5 }), steps: 60 },
    { sampler: Sampler.eulerMaruyama, steps: 100 },
    { sampler: Sampler.euler, steps: 60 },
    { sampler: Sampler.heun, steps: 30 },
    { sampler: Sampler.rungeKutta4, steps: 15 },
    { sampler: Sampler.dormandPrince({ tolerance: 1e-4 }), steps: 8 },
    { sampler: Sampler.dpmSolver2M, steps: 40 },
    { sampler: Sampler.predictorCorrector({ predictor: Sampler.ddim() }), steps: 40 },
    { sampler: Sampler.predictorCorrector({ predictor: Sampler.dpmSolver2M, moves: 2, snr: 0.1 }), steps: 30 }
  ]
  const cases = samplers.map(({ sampler, steps }, i) => ({
    ...schedules[i % schedules.length],
    sampler,
    steps,
    code: Sampler.show(sampler)
  }))

  // Some 50 times, 2 means, 4 covariances and 3 CDFs each, 11 cases: a right sampler is refused with probability below
  // 5000 · 2e-9 = 1e-5. The bias of so many steps is below the bounds of so many points.
  it.each(spread(8)(cases))(
    '$code has the law of the level at every time, on $name',
    ({ schedule, from, sampler, steps }) => {
      const grid = TimeGrid.karras({ from, to: 0.01, steps })
      const program = Problem.orThrow(Sampler.compile({ sampler, grid, schedule, prior: plane }))
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

  it('annealed Langevin has the law of each level, where its moves have time to mix', () => {
    const { schedule, from } = schedules[3]
    const sampler = Sampler.annealedLangevin({ moves: 20, snr: 0.25 })
    const grid = TimeGrid.karras({ from, to: 0.1, steps: 20 })
    const program = Problem.orThrow(Sampler.compile({ sampler, grid, schedule, prior: plane }))
    for (const { time, points } of Sampler.trajectory(program)(Sampler.exact(plane, schedule))(1000, 2)(key)) {
      const { mean, covariance, cdf } = deviation(points, at(plane, schedule, time))
      // Unadjusted moves widen a law of variance u by 1/(1 − δ/2u), δ = 2 snr² σ² < 2 snr² u.
      expect(Math.max(mean, covariance - 0.25 ** 2, cdf - 0.25 ** 2 / 2)).toBeLessThan(0)
    }
  })

  it('starts from the prior, diffused to the noisy end: N(0, I) where nothing is known and the variance is kept', () => {
    const grid = TimeGrid.uniform({ from: 3, to: 1, steps: 1 })
    const [begin] = Sampler.trajectory(
      Problem.orThrow(Sampler.compile({ sampler: Sampler.ancestral, grid, schedule: ou }))
    )(Sampler.exact(plane, ou))(
      20_000,
      2
    )(key)
    expect(begin.time).toBe(3)
    const { mean, covariance, cdf } = deviation(begin.points, Mixture.of({ means: [[0, 0]] }))
    expect(Math.max(mean, covariance, cdf)).toBeLessThan(0)

    const wide = Sampler.compile({
      sampler: Sampler.ancestral,
      grid: TimeGrid.uniform({ from: 8, to: 1, steps: 1 }),
      schedule: schedules[3].schedule
    })
    const [first] = Sampler.trajectory(Problem.orThrow(wide))(Sampler.exact(plane, ou))(20_000, 2)(key)
    const found = deviation(first.points, Mixture.of({ means: [[0, 0]], variances: [65] }))
    expect(Math.max(found.mean, found.covariance, found.cdf)).toBeLessThan(0)
  })
})

describe('Langevin', () => {
  it('has the stationary law of the unadjusted algorithm, N(c, u/(1 − δ/2u))', () => {
    const u = 0.5
    const truth = Mixture.of({ means: [new Array<number>(20).fill(1)], variances: [u] })
    const time = 0.4
    const spread = at(truth, ou, time).variances[0]
    const centre = Math.exp(-time)
    const step = 0.4 * spread
    const program = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.langevin({ step }),
        grid: TimeGrid.constant({ time, steps: 60 }),
        schedule: ou
      })
    )
    // After 60 moves the start is forgotten to 0.6^60 = 5e-14.
    const { values } = Sampler.sample(program)(Sampler.exact(truth, ou))(2000, 20)(key)
    const n = values.length
    const mean = values.reduce((sum, x) => sum + x, 0) / n
    const variance = values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / n
    const wanted = spread / (1 - step / (2 * spread))
    expect(Math.abs(mean - centre)).toBeLessThan(DEVIATIONS * Math.sqrt(wanted / n))
    // 0.042: the level's own variance, which is less by a fifth, would be refused.
    expect(Math.abs(variance / wanted - 1)).toBeLessThan(DEVIATIONS * Math.sqrt(2 / n))
  })
})

describe('steps', () => {
  const sizes = { rows: 40, dim: 2 }
  const one = (sampler: Sampler.Sampler, { schedule, from }: (typeof schedules)[number], to = 0.7 * from) => {
    const points = Mixture.sample(sizes.rows)(key)(at(plane, schedule, from))
    const grid = TimeGrid.listed([from, to])
    const score = Sampler.exact(plane, schedule)
    const [a, b] = [from, to].map(time => pipe(schedule, Schedule.level(time)))
    const s = score(points, from).values
    const x = points.values
    return { x, s, a, b, z: noise(0, x.length), found: end({ sampler, grid, schedule }, score, points, key).values }
  }

  it.each(schedules)('DDIM is equation 12 of its paper on $name', schedule => {
    for (const eta of [0, 0.3, 1])
      for (const to of [0, 0.001, 0.7, 0.999].map(share => share * schedule.from)) {
        const { x, s, a, b, z, found } = one(Sampler.ddim({ eta }), schedule, to)
        const v = (b.sigma / a.sigma) ** 2 * (a.sigma ** 2 - (a.alpha / b.alpha) ** 2 * b.sigma ** 2)
        const wanted = x.map((value, i) => {
          const predicted = (value + a.sigma ** 2 * s[i]) / a.alpha
          return (
            b.alpha * predicted - Math.sqrt(b.sigma ** 2 - eta ** 2 * v) * a.sigma * s[i] + eta * Math.sqrt(v) * z[i]
          )
        })
        // The paper's v cancels: for a step of a thousandth, √v loses three digits of sixteen and a half.
        expect(largest(found, wanted)).toBeLessThan(1e-12)
      }
  })

  it('ancestral sampling is algorithm 2 of the DDPM paper, with the smaller variance', () => {
    const { x, s, a, b, z, found } = one(Sampler.ancestral, schedules[0])
    // In the paper's letters ᾱ = α².
    const keep = (a.alpha / b.alpha) ** 2
    const beta = 1 - keep
    const variance = (beta * (1 - b.alpha ** 2)) / (1 - a.alpha ** 2)
    const wanted = x.map((value, i) => (value + beta * s[i]) / Math.sqrt(keep) + Math.sqrt(variance) * z[i])
    expect(largest(found, wanted)).toBeLessThan(1e-13)
  })

  it.each(schedules)(
    'DDIM with η = 1 is ancestral sampling on $name, and with η = 0 the Euler step of dy/dς = ε',
    ({ schedule, from }) => {
      const grid = TimeGrid.karras({ from, to: 0, steps: 20 })
      const all = (sampler: Sampler.Sampler): Float64Array =>
        Sampler.sample(Problem.orThrow(Sampler.compile({ sampler, grid, schedule })))(Sampler.exact(plane, schedule))(
          50,
          2
        )(key).values
      // 20 steps, some ten roundings each, of numbers up to 10, spread by the flow.
      expect(largest(all(Sampler.ddim({ eta: 1 })), all(Sampler.ancestral))).toBeLessThan(1e-12)

      const [x, ...states] = Sampler.trajectory(
        Problem.orThrow(Sampler.compile({ sampler: Sampler.ddim(), grid, schedule }))
      )(Sampler.exact(plane, schedule))(
        50,
        2
      )(key)
      states.reduce((before, after) => {
        const [a, b] = [before, after].map(({ time }) => pipe(schedule, Schedule.level(time)))
        const s = pipe(at(plane, schedule, before.time), Mixture.score(before.points)).values
        const y = before.points.values.map((value, i) => {
          const epsilon = -a.sigma * s[i]
          return value / a.alpha + (b.sigma / b.alpha - a.sigma / a.alpha) * epsilon
        })
        expect(
          largest(
            after.points.values,
            y.map(value => b.alpha * value)
          )
        ).toBeLessThan(1e-13)
        return after
      }, x)
    }
  )

  it.each(schedules)('short steps follow the reverse SDE and the flow of $name', ({ schedule, from }) => {
    const time = 0.5 * from
    const h = 1e-6 * from
    const f = pipe(schedule, Schedule.drift(time))
    const g2 = pipe(schedule, Schedule.diffusion(time))
    const slope = (sampler: Sampler.Sampler, size: number) => {
      const { x, s, z, found } = one(sampler, { name: '', schedule, from: time }, time - h)
      return { x, s, slope: found.map((value, i) => (value - size * Math.sqrt(h * g2) * z[i] - x[i]) / -h) }
    }
    // h/t of the slope and its derivatives; the noise's size is known to h/t of √h, which is 1e-3 of the slope.
    const flow = slope(Sampler.heun, 0)
    expect(
      largest(
        flow.slope,
        flow.x.map((x, i) => f * x - 0.5 * g2 * flow.s[i])
      )
    ).toBeLessThan(1e-3)
    const reverse = slope(Sampler.eulerMaruyama, 1)
    expect(
      largest(
        reverse.slope,
        reverse.x.map((x, i) => f * x - g2 * reverse.s[i])
      )
    ).toBeLessThan(2e-2)
  })

  it.each(schedules)('DPM-Solver++ 2M is algorithm 2 of its paper on $name', ({ schedule, from }) => {
    const times = [from, 0.6 * from, 0.1 * from]
    const points = Mixture.sample(sizes.rows)(key)(at(plane, schedule, from))
    const program = Problem.orThrow(
      Sampler.compile({ sampler: Sampler.dpmSolver2M, grid: TimeGrid.listed(times), schedule })
    )
    const [start, middle, found] = Sampler.transport(program)(Sampler.exact(plane, schedule))(points)(key)
    const [r, s, t] = times.map(time => {
      const { alpha, sigma } = pipe(schedule, Schedule.level(time))
      return { alpha, sigma, lambda: Math.log(alpha / sigma) }
    })
    const predicted = (state: Sampler.State, { alpha, sigma }: Schedule.Level): Float64Array => {
      const score = pipe(at(plane, schedule, state.time), Mixture.score(state.points)).values
      return state.points.values.map((x, i) => (x + sigma ** 2 * score[i]) / alpha)
    }
    const before = predicted(start, r)
    const now = predicted(middle, s)
    const h = t.lambda - s.lambda
    const share = (s.lambda - r.lambda) / h
    const wanted = middle.points.values.map((x, i) => {
      const d = (1 + 1 / (2 * share)) * now[i] - before[i] / (2 * share)
      return (t.sigma / s.sigma) * x - t.alpha * Math.expm1(-h) * d
    })
    expect(largest(found.points.values, wanted)).toBeLessThan(1e-12)
  })

  it('a corrector adds Langevin moves at the new level, with keys of its own', () => {
    const [schedule] = schedules
    const { x, s, a, b } = one(Sampler.ancestral, schedule)
    const keys = pipe(key, Key.named('steps'), ({ steps }) =>
      pipe(steps, Key.child(0), Key.named('predictor', 'corrector'))
    )
    const z = Key.normal(x.length)(keys.predictor)
    // The DDPM step, as above.
    const keep = (a.alpha / b.alpha) ** 2
    const variance = ((1 - keep) * b.sigma ** 2) / a.sigma ** 2
    const predicted = x.map((value, i) => (value + (1 - keep) * s[i]) / Math.sqrt(keep) + Math.sqrt(variance) * z[i])
    const [first, second] = Key.split(2)(keys.corrector)
    const delta = 2 * (0.2 * b.sigma) ** 2
    const move = (values: Float64Array, key: Key.Key): Float64Array => {
      const score = pipe(at(plane, ou, 0.7 * schedule.from), Mixture.score({ ...sizes, values })).values
      const z = Key.normal(values.length)(key)
      return values.map((value, i) => value + delta * score[i] + Math.sqrt(2 * delta) * z[i])
    }
    const { found } = one(Sampler.predictorCorrector({ predictor: Sampler.ancestral, moves: 2, snr: 0.2 }), schedule)
    expect(largest(found, move(move(predicted, first), second))).toBeLessThan(1e-13)
  })

  // The bounded ones end near the data, however coarse the steps. Euler–Maruyama's last noise is of the size of ς, up to
  // 1e6 here, and Langevin's moves have no time to bring the points in.
  it.each([
    { sampler: Sampler.ancestral, bound: 20 },
    { sampler: Sampler.ddim({ eta: 0.5 }), bound: 20 },
    { sampler: Sampler.euler, bound: 20 },
    { sampler: Sampler.dpmSolver2M, bound: 20 },
    { sampler: Sampler.dormandPrince({ tolerance: 1e-3 }), bound: 20 },
    { sampler: Sampler.predictorCorrector({ predictor: Sampler.ancestral }), bound: 20 },
    { sampler: Sampler.heun, bound: 20 },
    { sampler: Sampler.rungeKutta4, bound: 20 },
    { sampler: Sampler.eulerMaruyama, bound: Infinity },
    { sampler: Sampler.annealedLangevin({ moves: 1 }), bound: Infinity }
  ])(
    'are finite from almost no signal to no noise, where no score is asked for: $sampler._tag',
    ({ sampler, bound }) => {
      const ends = [
        { schedule: ou, from: 30 },
        { schedule: schedules[1].schedule, from: 1 - 1e-9 },
        { schedule: schedules[2].schedule, from: 1 - 1e-9 },
        { schedule: schedules[3].schedule, from: 80 }
      ]
      for (const { schedule, from } of ends)
        for (const grid of [
          TimeGrid.karras({ from, to: 0, steps: 12 }),
          TimeGrid.uniform({ from, to: 0, steps: 12 })
        ]) {
          const exact = Sampler.exact(plane, schedule)
          const program = Problem.orThrow(Sampler.compile({ sampler, grid, schedule }))
          const score: Sampler.ScoreFunction = (points, time) =>
            time > 0 ? exact(points, time) : { ...points, values: points.values.fill(NaN) }
          const { values } = Sampler.sample(program)(score)(20, 2)(key)
          expect(values.every(value => Math.abs(value) < bound)).toBe(true)
        }
    }
  )
})

describe('likelihood by the flow', () => {
  const points = Mixture.sample(20)(key)(plane)
  const wanted = pipe(plane, Mixture.logDensity(points))

  it('is the density of the mixture', () => {
    const program = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.dormandPrince({ tolerance: 1e-10 }),
        // α² is 1e-22 at the noisy end, and the law there N(0, I) up to α times the means.
        grid: TimeGrid.uniform({ from: 25, to: 0, steps: 1 }),
        schedule: ou
      })
    )
    // Some hundred steps of error 1e-10 each, most of it far less.
    expect(largest(Sampler.logDensity(program)(Sampler.exact(plane, ou))(points), wanted)).toBeLessThan(1e-8)
  })

  it.runIf(isSlow)('by random directions it is unbiased, and of one round Gaussian exact with one', () => {
    const grid = TimeGrid.logSnr({ from: 6, to: 0.01, steps: 20 })
    const program = Problem.orThrow(Sampler.compile({ sampler: Sampler.heun, grid, schedule: ou }))
    const of = (mixture: Mixture.Mixture, probes?: Sampler.Probes): Float64Array =>
      (probes === undefined ? Sampler.logDensity(program) : Sampler.logDensity(program, probes))(
        Sampler.exact(mixture, ou)
      )(points)
    const round = Mixture.of({ means: [[1, -1]], variances: [0.5] })
    expect(largest(of(round, { probes: 1, key: Key.fromSeed(1) }), of(round))).toBeLessThan(1e-12)
    const exact = of(plane)
    const runs = 24
    const found = Array.from({ length: runs }, (_, i) => of(plane, { probes: 2, key: Key.fromSeed(i) }))
    exact.forEach((value, row) => {
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
      const program = Problem.orThrow(
        Sampler.compile({
          sampler: Sampler.dormandPrince({ tolerance: 1e-10 }),
          grid: TimeGrid.uniform({ from, to: 0.3 * from, steps: 3 }),
          schedule,
          prior: plane
        })
      )
      const found = Sampler.logDensity(program)(Sampler.exact(plane, schedule))(xs)
      expect(largest(found, pipe(level, Mixture.logDensity(xs)))).toBeLessThan(1e-8)
    }
  )

  it.each(
    spread(6)([
      { sampler: Sampler.euler, wantedOrder: 1 },
      { sampler: Sampler.heun, wantedOrder: 2 },
      { sampler: Sampler.rungeKutta4, wantedOrder: 4 }
    ])
  )('converges with the order of its solver, $wantedOrder', ({ sampler, wantedOrder }) => {
    const steps = [48, 96, 192]
    const errors = steps.map(count => {
      const grid = TimeGrid.karras({ from: 2, to: 0, steps: count })
      const program = Problem.orThrow(Sampler.compile({ sampler, grid, schedule: ou, prior: plane }))
      return largest(Sampler.logDensity(program)(Sampler.exact(plane, ou))(points), wanted)
    })
    expect(Math.abs(order(steps, errors) - wantedOrder)).toBeLessThan(0.25)
  })

  it('of a learned score is that of its mixture, and of a custom score that of its own divergence', () => {
    const schedule = ou
    const program = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.dormandPrince({ tolerance: 1e-10 }),
        grid: TimeGrid.uniform({ from: 25, to: 0, steps: 1 }),
        schedule
      })
    )
    const isotropic = Score.isotropic({ components: 2 })
    const params = Params.of({
      means: [
        [1, 0],
        [-1, 2]
      ],
      logits: [0, 1],
      logVariances: [-1, 0.3]
    })
    const mixture = pipe(params, Score.toMixture(isotropic), O.toNullable)
    if (mixture === null) throw new Error('an isotropic score is that of a mixture')
    const xs = Mixture.sample(5)(key)(mixture)
    const learned = Sampler.logDensity(program)(Sampler.learned(isotropic, schedule, params))(xs)
    expect(largest(learned, pipe(mixture, Mixture.logDensity(xs)))).toBeLessThan(1e-8)

    // N(c, I) stays of covariance I where the schedule preserves variance: s(x) = αc − x.
    const centred = Score.custom({
      name: 'centred',
      shapes: dim => ({ centre: [1, dim] }),
      apply: ({ centre }, x, { alpha }) => sub(matMul(alpha, centre), x)
    })
    const custom = Sampler.learned(centred, schedule, Params.of({ centre: [[1, -2]] }))
    const normal = Mixture.of({ means: [[1, -2]] })
    expect(largest(Sampler.logDensity(program)(custom)(xs), pipe(normal, Mixture.logDensity(xs)))).toBeLessThan(1e-8)
  })
})

describe('a learned score', () => {
  it('samples what was learned, by a short run', () => {
    const truth = Mixture.symmetricPair([1.5, 2])
    const keys = pipe(key, Key.named('data', 'run', 'sample'))
    const data = Mixture.sample(2000)(keys.data)(truth)
    const { params } = Run.last(
      Problem.orThrow(pipe(data, Compile.pipeline(Recipe.twoStage(Score.symmetricPair)(data))))
    )(keys.run)
    const error = Metric.centreError(params, truth)
    expect(error).toBeLessThan(0.15)
    const program = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.dpmSolver2M,
        grid: TimeGrid.logSnr({ from: 5, to: 0.001, steps: 25 }),
        schedule: ou
      })
    )
    const rows = 4000
    const { values } = Sampler.sample(program)(Sampler.learned(Score.symmetricPair, ou, params))(rows, 2)(keys.sample)
    ;[0, 1].forEach(j => {
      const marginal = Mixture.of({ means: [[[1.5, 2][j]], [[-1.5, -2][j]]] })
      const column = Float64Array.from({ length: rows }, (_, i) => values[2 * i + j])
      // Sampling, and the shift of a normal CDF by the error of the centres, of slope at most 1/√(2π).
      expect(kolmogorov(column, marginal)).toBeLessThan(dkw(rows) + error / Math.sqrt(2 * Math.PI))
    })
  })
})

describe('randomness', () => {
  const grid = TimeGrid.karras({ from: 2, to: 0.01, steps: 5 })
  const score = Sampler.exact(plane, ou)
  const program = (sampler: Sampler.Sampler, times: TimeGrid.TimeGrid = grid) =>
    Problem.orThrow(Sampler.compile({ sampler, grid: times, schedule: ou }))

  it('is the key: same key, same bits; the end of the trajectory is the sample', () => {
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

  it('is labelled: another sampler, more steps to come or a corrector shift nobody else', () => {
    const begin = (sampler: Sampler.Sampler): Points.Points => {
      const [first] = Sampler.trajectory(program(sampler))(score)(10, 2)(key)
      return first.points
    }
    expect(begin(Sampler.heun)).toEqual(begin(Sampler.predictorCorrector({ predictor: Sampler.ancestral })))
    const states = (times: ReadonlyArray<number>): ReadonlyArray<Sampler.State> => [
      ...Sampler.trajectory(program(Sampler.ancestral, TimeGrid.listed(times)))(score)(10, 2)(key)
    ]
    expect(states([2, 1, 0.5, 0.1]).slice(0, 3)).toEqual(states([2, 1, 0.5]))
    const corrected = (moves: number): Float64Array =>
      end(
        { sampler: Sampler.predictorCorrector({ predictor: Sampler.ancestral, moves, snr: 1e-9 }), grid, schedule: ou },
        score,
        Mixture.sample(10)(key)(plane),
        key
      ).values
    // Moves of almost no length: what is left is the predictor's noise.
    expect(largest(corrected(1), corrected(3))).toBeLessThan(1e-6)
  })
})

describe('one’s own', () => {
  // Its rate grows as it goes: a step remembers how many came before.
  const warming = Sampler.define({
    name: 'warming',
    about: 'ancestral, its noise below that of the posterior at first',
    fields: { steps: Field.count({ default: 3 }) },
    meaning: ({ steps }) => ({
      draws: true,
      step: ({ score, from, to, points, memory, key }) => {
        const taken = Number(Case.field(memory, 'taken') ?? 0)
        const lost = 1 - (to.ratio / from.ratio) ** 2
        const s = score(points, from.time).values
        const z = Key.normal(points.values.length)(key)
        const noise = Math.min(1, (taken + 1) / (steps + 1)) * to.sigma * Math.sqrt(lost)
        const values = points.values.map(
          (x, i) => (to.alpha / from.alpha) * (x + lost * from.sigma ** 2 * s[i]) + noise * z[i]
        )
        return { points: { ...points, values }, memory: { taken: taken + 1 } }
      }
    })
  })
  const midpoint = Sampler.define({
    name: 'midpoint',
    about: 'the probability flow by the midpoint rule',
    meaning: () => ({
      ...Sampler.alongFlow(field => (from, to, y) => {
        const h = to - from
        const slope = field(from, y)
        const middle = field(
          from + h / 2,
          y.map((value, i) => value + (h / 2) * slope[i])
        )
        return y.map((value, i) => value + h * middle[i])
      }),
      order: 2
    })
  })
  const grid = TimeGrid.karras({ from: 2, to: 0, steps: 12 })
  const along = (sampler: Sampler.Sampler): Float64Array =>
    end({ sampler, grid, schedule: ou }, Sampler.exact(line, ou), Mixture.sample(20)(key)(line), key).values

  it('remembers from step to step, inside ours too', () => {
    // Warm from the first step on, it is ancestral.
    expect(largest(along(warming({ steps: 1 })), along(Sampler.ancestral))).toBeGreaterThan(1e-3)
    const program = Problem.orThrow(Sampler.compile({ sampler: warming(), grid, schedule: ou }))
    const states = [...Sampler.trajectory(program)(Sampler.exact(line, ou))(3, 1)(key)]
    expect(states.map(({ memory }) => memory)).toEqual([
      null,
      ...Array.from({ length: 12 }, (_, i) => ({ taken: i + 1 }))
    ])
  })

  it('that leads to other points than it was given is refused', () => {
    const losing = Sampler.define({
      name: 'losing',
      about: 'loses a point',
      meaning: () => ({
        draws: false,
        step: ({ points }) => ({ points: { ...points, rows: points.rows - 1, values: points.values.slice(1) } })
      })
    })
    expect(() => along(losing)).toThrow(/points after step 1.*19 × 1, 19 numbers, is not 20 × 1/)
  })

  it('that solves the flow gives the likelihood, of order 2', () => {
    const points = { rows: 3, dim: 1, values: Float64Array.of(-2, 0, 1.5) }
    const truth = Mixture.logDensity(points)(line)
    const errors = [64, 128].map(steps => {
      const flow = Problem.orThrow(
        Sampler.compile({
          sampler: midpoint,
          grid: TimeGrid.karras({ from: 6, to: 0, steps }),
          schedule: ou,
          prior: line
        })
      )
      return largest(Sampler.logDensity(flow)(Sampler.exact(line, ou))(points), truth)
    })
    // Halved steps, a quarter of the error: ± 0.3 of the exponent, twice what the next term makes of it at 64 steps.
    expect(Math.abs(Math.log2(errors[0] / errors[1]) - 2)).toBeLessThan(0.3)
  })
})

describe('descriptions', () => {
  it('are refused with every problem at once', () => {
    const refused = (sampler: Sampler.Sampler, grid: TimeGrid.TimeGrid, schedule = ou): ReadonlyArray<string> => {
      const compiled = Sampler.compile({ sampler, grid, schedule })
      return E.isLeft(compiled) ? compiled.left.map(Problem.show) : []
    }
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

  it('dimensions that do not fit are refused', () => {
    const fine = Problem.orThrow(
      Sampler.compile({ sampler: Sampler.heun, grid: TimeGrid.uniform({ from: 2, to: 0, steps: 2 }), schedule: ou })
    )
    expect(() => Sampler.sample(fine)(Sampler.exact(plane, ou))(3, 1)(key)).toThrow(
      /dim: 1 is not 2, that of the mixture/
    )
    const learned = Sampler.learned(Score.symmetricPair, ou, Params.of({ mean: [1, 2] }))
    expect(() => Sampler.sample(fine)(learned)(3, 1)(key)).toThrow(/mean: shape \[2\] is not of shape \[1\]/)
    const program = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.heun,
        grid: TimeGrid.uniform({ from: 2, to: 0, steps: 2 }),
        schedule: ou,
        prior: line
      })
    )
    expect(() => Sampler.sample(program)(Sampler.exact(plane, ou))(3, 2)(key)).toThrow(
      /dim: 2 is not 1, that of the prior/
    )
  })
})

it('one step of Euler in t, which is ddim without noise, reaches a point mass; one in the angle does not', () => {
  const schedule = Schedule.rectifiedFlow
  const score = Sampler.exact(Mixture.of({ means: [[3]], variances: [1e-12] }), schedule)
  const [euler, ddim] = [Sampler.euler, Sampler.ddim({ eta: 0 })].map(sampler => {
    const program = Problem.orThrow(
      Sampler.compile({ sampler, grid: TimeGrid.uniform({ from: 0.999, to: 1e-4, steps: 1 }), schedule })
    )
    return Sampler.sample(program)(score)(1, 1)(Key.fromSeed(1)).values[0]
  })
  // What is left of the noise at the last time is 1e-4 of it.
  expect(Math.abs(ddim - 3)).toBeLessThan(1e-3)
  expect(Math.abs(euler - 3)).toBeGreaterThan(0.5)
})
