/** The score of a mixture in the vocabulary, against that of its own and differences of its log-density; the last state of samplers. */
import { describe, expect, it } from 'vitest'
import { compute, square, sub, sum, tensor } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Problem,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  NoiseLevels
} from '../../../src/index.js'

const means = [
  [-1, 0.5],
  [2, 1],
  [0, -2]
]
const weights = [0.2, 0.5, 0.3]
const kinds: ReadonlyArray<readonly [string, Mixture.Mixture]> = [
  ['round', Mixture.of({ means, weights, variances: [1, 0.5, 2] })],
  ['diagonal', Mixture.of({ means, weights, variances: means.map((_, k) => [1 + k, 0.4]) })],
  [
    'full',
    Mixture.of({
      means,
      weights,
      covariances: means.map((_, k) => [
        [2, 0.3 * k],
        [0.3 * k, 1]
      ])
    })
  ]
]
const points = { rows: 5, dim: 2, values: Key.normal(10)(Key.fromSeed(3)) }
const x = () => tensor(points.values, [5, 2])

describe.each(kinds)('of a mixture of %s components', (_, mixture) => {
  it('is that of the diffused mixture, whether all rows have one level or each its own', () => {
    const teacher = Mixture.tensorScore(mixture)
    const levels = [0, 0.3, 2].map(time => Schedule.level(time)(Schedule.ornsteinUhlenbeck))
    levels.forEach(level => {
      const wanted = Mixture.score(points)(Mixture.diffuse(level)(mixture)).values
      const each = (n: number) => tensor(new Float64Array(5).fill(n), [5, 1])
      const found = [
        compute(() => teacher(x(), level)),
        compute(() => teacher(x(), { alpha: each(level.alpha), sigma: each(level.sigma) }))
      ]
      found.forEach(({ values }) => {
        // Some tens of roundings of numbers below 10.
        values.forEach((s, i) => expect(Math.abs(s - wanted[i])).toBeLessThan(1e-13))
      })
    })
  })
  it('is the gradient of the log-density, without noise unless a level is given', () => {
    const { values } = compute(() => Mixture.tensorScore(mixture)(x()))
    const h = 1e-4
    values.forEach((s, at) => {
      const moved = (by: number) => ({ ...points, values: points.values.map((v, i) => (i === at ? v + by : v)) })
      const [up, down] = [h, -h].map(by => Mixture.logDensity(moved(by))(mixture)[Math.floor(at / 2)])
      // h² times the third derivative, below 100, over 6, and rounding over h.
      expect(Math.abs(s - (up - down) / (2 * h))).toBeLessThan(1e-6)
    })
  })
  it('is the teacher of Objective.fisherDivergence, compiled', () => {
    const law = NoiseLevels.uniform(0.1, 1)
    const teacher = Mixture.tensorScore(mixture)
    const own = Objective.custom('own', law, ({ score, noisy, level }) =>
      sum(square(sub(score, teacher(noisy, level))), 1, true)
    )
    const [wanted, found] = [Objective.fisherDivergence(mixture, law), own].map(objective => {
      const loss = { schedule: Schedule.ornsteinUhlenbeck, score: Score.spherical({ components: 2 }), objective }
      const [plan] = Problem.orThrow(Compile.plans({ ...loss, expectation: Expectation.monteCarlo() })(points))
      expect(plan.engine).toBe('compiled')
      return plan.evaluate(
        Params.of({
          means: [
            [-1, 0],
            [1, 0.5]
          ]
        }),
        Key.fromSeed(1)
      )
    })
    expect(Math.abs(found.value - wanted.value)).toBeLessThan(1e-12 * wanted.value)
    found.gradient.means.values.forEach((g, i) => {
      expect(Math.abs(g - wanted.gradient.means.values[i])).toBeLessThan(1e-11)
    })
  })
})

it('has no part of a component of weight 0', () => {
  const mixture = Mixture.of({ means: [[0], [1000]], weights: [1, 0], variances: [1, 1] })
  expect([...compute(() => Mixture.tensorScore(mixture)(tensor([1000], [1, 1]))).values]).toEqual([-1000])
})

it('is refused of a mixture that is not made of Gaussians, as is its objective', () => {
  const heavy = Mixture.of({ means: [[-1], [1]], tails: [4, 4] })
  expect(() => Mixture.tensorScore(heavy)).toThrow(/tails or a background is not made of Gaussians alone/)
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    objective: Objective.fisherDivergence(heavy, NoiseLevels.at(0.3)),
    expectation: Expectation.monteCarlo()
  }
  expect(() => Problem.orThrow(Compile.plans(loss)({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) }))).toThrow(
    /objective.truth: a mixture with tails/
  )
})

describe('the last state', () => {
  const schedule = Schedule.ornsteinUhlenbeck
  const grid = TimeGrid.logSnr({ from: 4, to: 0.01, steps: 7 })
  const program = Problem.orThrow(Sampler.compile({ sampler: Sampler.ancestral, grid, schedule }))
  const score = Sampler.exact(Mixture.of({ means: [[-2], [2]] }), schedule)
  const key = Key.fromSeed(4)
  it('is that of transport and of a trajectory', () => {
    const start = { rows: 3, dim: 1, values: Float64Array.of(-1, 0, 1) }
    expect(Sampler.finalState(Sampler.transport(program)(score)(start)(key))).toEqual(
      [...Sampler.transport(program)(score)(start)(key)].at(-1)
    )
    const { points, step } = Sampler.finalState(Sampler.trajectory(program)(score)(6, 1)(key))
    expect(points).toEqual(Sampler.sample(program)(score)(6, 1)(key))
    expect(step).toBe(7)
  })
  it('of no states is refused', () => {
    expect(() => Sampler.finalState([])).toThrow(/there are no states; give those of Sampler.transport/)
  })
})
