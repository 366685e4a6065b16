/** Objectives over pairs of rows: MMD in closed form, losses by loops over all pairs, refusals. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { add, concat, exp, log, mul, neg, slice, sqrt, square, sub, sum, type Tensor } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Weighting
} from '../../../src/index.js'
import { said } from '../../said.js'

const score = Score.spherical({ components: 1 })
const at = NoiseLevels.at(0.5)
const width = 1.3

/** k(x, x′) + k(y, y′) − k(x, y′) − k(x′, y), k(a, b) = exp(−|a − b|²/(2 · 1.3²)), u = (x, y) of two columns each. */
const kernel = (a: Tensor, b: Tensor): Tensor => {
  const part = (u: Tensor, from: number): Tensor => slice(u, [0, 0, from], [u.shape[0], u.shape[1], 2])
  const k = (i: number, j: number): Tensor => exp(mul(-0.5 / width ** 2, sum(square(sub(part(a, i), part(b, j))), 2)))
  return sub(add(k(0, 0), k(2, 2)), add(k(0, 2), k(2, 0)))
}

/** Between the data and N(m, I), whose rows are drawn by further noise. */
const mmd = Objective.pairwise(
  'MMD²',
  at,
  ({ clean, noises, params: { means } }) => concat([clean, add(means, noises(1)[0])], 1),
  kernel
)

const rowsOf = (seed: number, rows: number): Points.Points =>
  Mixture.sample(rows)(Key.fromSeed(seed))(Mixture.of({ means: [[0, 0]] }))
const lossOf = (objective: Objective.Objective) => ({
  schedule: Schedule.ornsteinUhlenbeck,
  score,
  objective,
  expectation: Expectation.monteCarlo()
})
const plansOn = (objective: Objective.Objective, points: Points.Points) =>
  Problem.orThrow(Compile.plans(lossOf(objective))(points))

it.each([
  [0, 0],
  [1, -0.5]
])('MMD: of N(0, I) and N((%d, %d), I) has the mean of the closed form', (a, b) => {
  // E k = (h²/(h² + 2))^(d/2) exp(−|m − m′|²/(2(h² + 2))) of unit normals in two dimensions
  const scale = width ** 2 + 2
  const wanted = ((2 * width ** 2) / scale) * (1 - Math.exp(-(a * a + b * b) / (2 * scale)))
  const found = Array.from({ length: 40 }, (_, seed) => {
    const [{ evaluate }] = plansOn(mmd, rowsOf(100 + seed, 32))
    return evaluate(Params.of({ means: [[a, b]] }), Key.fromSeed(seed)).value
  })
  const mean = found.reduce((x, y) => x + y) / found.length
  const error = Math.sqrt(found.reduce((total, x) => total + (x - mean) ** 2, 0) / 39 / 40)
  // Four standard errors of 40 samples of their own.
  expect(Math.abs(mean - wanted)).toBeLessThan(4 * error)
  // An unbiased estimate of 0 is below it half of the time.
  if (a === 0) expect(found.some(x => x < 0)).toBe(true)
})

/** The energy score's second part, which has a corner where rows are equal: E|u − u′|, u = x + m. */
const distances = Objective.pairwise(
  'distances',
  at,
  ({ noisy, params: { means } }) => mul(noisy, add(means, 1)),
  (a, b) => sqrt(sum(square(sub(a, b)), 2))
)

/** InfoNCE of a row and its noisy self: −log e^{sᵢᵢ}/Σⱼ e^{sᵢⱼ}, s = ⟨uᵢ, vⱼ⟩. */
const contrastive = Objective.pairwise(
  'InfoNCE',
  at,
  ({ clean, noisy, params: { means } }) => concat([mul(clean, means), noisy], 1),
  (a, b) => {
    const n = b.shape[0]
    const m = b.shape[1]
    return sum(mul(slice(a, [0, 0, 0], [n, 1, 2]), slice(b, [0, 0, 2], [n, m, 2])), 2)
  },
  {
    over: (others, u) => {
      const n = u.shape[0]
      const own = sum(mul(slice(u, [0, 0], [n, 2]), slice(u, [0, 2], [n, 2])), 1)
      return sub(log(add(exp(own), sum(exp(others), 1))), own)
    }
  }
)

describe('objectives over pairs', () => {
  const points = rowsOf(5, 9)
  const params = Params.of({ means: [[0.7, -0.4]] })

  it.each([
    ['MMD', mmd],
    ['distances', distances],
    ['InfoNCE', contrastive]
  ] as const)('of %s: compiled as interpreted, the gradient as differences have it', (_, objective) => {
    const plans = plansOn(objective, points)
    expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    const [a, b] = plans.map(({ evaluate }) => evaluate(params, Key.fromSeed(3)))
    expect(Math.abs(a.value - b.value)).toBeLessThan(1e-12 * (1 + Math.abs(b.value)))
    const value = (means: ReadonlyArray<number>) =>
      plans[1].evaluate(Params.of({ means: [means] }), Key.fromSeed(3)).value
    const h = 1e-5
    ;[0, 1].forEach(j => {
      const moved = (by: number) => value([0.7, -0.4].map((m, i) => (i === j ? m + by : m)))
      // h²|f‴|/6 + 2⁻⁵²/h
      expect(Math.abs((moved(h) - moved(-h)) / (2 * h) - b.gradient.means.values[j])).toBeLessThan(1e-9)
      expect(Math.abs(a.gradient.means.values[j] - b.gradient.means.values[j])).toBeLessThan(1e-12)
    })
  })

  it('are what loops over all pairs say', () => {
    const own = Objective.pairwise(
      'own',
      at,
      ({ clean }) => clean,
      (a, b) => sum(mul(a, add(b, neg(square(a)))), 2)
    )
    const rows = Points.toRows(points)
    const h = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) => a.reduce((s, x, j) => s + x * (b[j] - x * x), 0)
    const total = rows.reduce((s, a, i) => s + rows.reduce((s, b, j) => (i === j ? s : s + h(a, b)), 0), 0)
    const [{ evaluate }] = plansOn(own, points)
    expect(Math.abs(evaluate(params, Key.fromSeed(0)).value - total / 72)).toBeLessThan(1e-13)
    const twice = plansOn(Objective.weight(-2)(Objective.sum([own, Objective.regularizer({ norm: 'l2' })])), points)
    expect(Math.abs(twice[0].evaluate(params, Key.fromSeed(0)).value + (2 * total) / 72 + 2 * 0.65)).toBeLessThan(1e-12)
  })

  const refused = (objective: Objective.Objective, on: Points.Points): string =>
    said(Compile.valueAndGrad(lossOf(objective))(on))

  it('are refused beyond so many rows, with the number', () => {
    expect(refused(distances, rowsOf(1, 3000))).toMatch(
      /on 3000 rows of 2 numbers, 17994000 at once, is not of 2 to 1448 rows.*give the stage a batch of at most 1448 rows/
    )
    expect(refused(distances, rowsOf(1, 1))).toMatch(/on 1 rows/)
    const staged = (batch: number) =>
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score,
          initializer: Initializer.values(params),
          stages: [Stage.descend({ objective: distances, optimizer: Optimizer.adam({ rate: 0.01 }), steps: 1, batch })]
        })
      )(rowsOf(1, 3000))
    expect(E.isRight(staged(64))).toBe(true)
    expect(E.isLeft(staged(2000))).toBe(true)
  })

  it('are refused of weights, several levels, weightings, populations, and along directions', () => {
    expect(refused(distances, { ...points, weights: new Float64Array(9).fill(2) })).toMatch(/of rows with weights/)
    const several = Objective.pairwise(
      'several',
      NoiseLevels.uniform(0.1, 1),
      ({ score }) => score,
      (a, b) => sum(mul(a, b), 2)
    )
    expect(refused(several, points)).toMatch(/over several noise levels/)
    expect(refused(Objective.weight(Weighting.minSnr())(distances), points)).toMatch(/with a weighting/)
    const population = Compile.valueAndGrad(lossOf(distances))(Population.of(Mixture.of({ means: [[0, 0]] })))
    expect(E.isLeft(population)).toBe(true)
    expect(
      Objective.problems(Schedule.ornsteinUhlenbeck)(Objective.directionalDerivative(params)(distances))
    ).toHaveLength(1)
    expect(Objective.problems(Schedule.ornsteinUhlenbeck)(Objective.underModel(distances))).toHaveLength(1)
    expect(E.isLeft(Compile.rowGradients(lossOf(distances))(points))).toBe(true)
  })

  it('name a row that is not finite, in a run', () => {
    const bad = Objective.pairwise(
      'bad',
      at,
      ({ clean, params: { means } }) => log(add(clean, means)),
      (a, b) => sum(mul(a, b), 2)
    )
    const program = Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        initializer: Initializer.values(Params.of({ means: [[9, 9]] })),
        stages: [Stage.descend({ objective: bad, optimizer: Optimizer.gradientDescent({ rate: 15 }), steps: 20 })]
      })
    )(points)
    const { status } = pipe(Run.last(Problem.orThrow(program))(Key.fromSeed(0)))
    expect(JSON.stringify(status, null, 1)).toMatch(/bad/)
  })
})
