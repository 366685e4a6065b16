/** Nothing depends on where 0 is, and what has left the data has not converged: the numbers that once were wrong. */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
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
  type Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw,
  type Recipe as R
} from '../../../src/index.js'

const shifted = (by: number, points: Points.Points): Points.Points => ({
  ...points,
  values: points.values.map(x => x + by)
})

describe('a mixture far from 0', () => {
  const at = (c: number): Mixture.Mixture => Mixture.of({ means: [[c], [c + 3]], variances: [1, 1.5] })
  const row = (c: number): Points.Points => ({ rows: 1, dim: 1, values: Float64Array.of(c + 0.5) })
  // Sums of two exponentials about 0, where nothing cancels. c + ½ and c + 3 are exact at every c here.
  const parts = [Math.exp(-0.125) / 2, Math.exp(-6.25 / 3) / (2 * Math.sqrt(1.5))]
  const density = Math.log((parts[0] + parts[1]) / Math.sqrt(2 * Math.PI))
  const slope = (parts[0] * -0.5 + (parts[1] * 2.5) / 1.5) / (parts[0] + parts[1])

  it.each([0, 1e5, 1e8, 1e9, 2 ** 40])('%d has the density and the score that it has at 0', c => {
    expect(Mixture.logDensity(row(c))(at(c))[0]).toBeCloseTo(density, 13)
    // α⟨p, c⟩ − bx is rounded at the size of c, as the row itself was.
    expect(Math.abs(Mixture.score(row(c))(at(c)).values[0] - slope)).toBeLessThan(1e-14 + 4 * c * Number.EPSILON)
  })
})

describe('a fit of data far from 0', () => {
  const data = Mixture.sample(400)(Key.fromSeed(3))(
    Mixture.of({ means: [[0], [2.4]], weights: [0.4, 0.6], variances: [1, 0.8] })
  )
  const fit = (recipe: R.Recipe, c: number): Mixture.Mixture & { readonly rule: unknown } => {
    const points = shifted(c, data)
    const score = Score.isotropic({ components: 2 })
    const program = Problem.orThrow(Compile.pipeline(recipe(score)(points))(points))
    const { params, status } = Run.last(program)(Key.fromSeed(1))
    const mixture = O.toNullable(Score.toMixture(score)(params)) ?? expect.fail('no mixture')
    return { ...mixture, rule: status }
  }
  it.each(
    (['expectationMaximization', 'spectral', 'annealed'] as const).flatMap(name =>
      [2000, 1e5, 1e6, 1e8].map(c => [name, c] as const)
    )
  )('by %s at %d is that at 0', (name, c) => {
    const here = fit(Recipe[name], 0)
    const there = fit(Recipe[name], c)
    expect(there.rule).toEqual(here.rule)
    // Rows are rounded by c 2⁻⁵³ each. Overlapping components magnify that by 1/(1 − rate), as they do what the rule leaves,
    // 1e-8 of a step: the rate of these data is 0.99.
    const tolerance = 100 * (1e-8 + c * Number.EPSILON)
    there.weights.forEach((w, k) => expect(Math.abs(w - here.weights[k])).toBeLessThan(tolerance))
    there.variances.forEach((v, k) => expect(Math.abs(v - here.variances[k])).toBeLessThan(10 * tolerance))
    there.means.values.forEach((m, k) => expect(Math.abs(m - c - here.means.values[k])).toBeLessThan(10 * tolerance))
  })
})

describe('a descent in steps that are too large', () => {
  const data = Mixture.sample(500)(Key.fromSeed(1))(Mixture.symmetricPair([1.5, 2]))
  const run = <P extends string>(score: Score.Score<P>, rate: number, expectation: Expectation.Expectation) => {
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score,
          initializer: Initializer.gaussian({ scale: 1 }),
          stages: [
            Stage.descend({
              objective: Objective.denoising(TimeLaw.at(0.5)),
              expectation,
              optimizer: Optimizer.gradientDescent({ rate }),
              steps: 300,
              gradientNorm: 1e-6,
              relativeChange: 1e-10
            })
          ]
        })
      )(data)
    )
    return Run.last(program)(Key.fromSeed(2))
  }
  // A step of expectation–maximization is ½/α² for the pair, K/(2α²) for K spherical components.
  const em = Math.exp(1) / 2
  it.each([
    ['the pair', Score.symmetricPair, em],
    ['two spheres', Score.spherical({ components: 2 }), 2 * em],
    ['two isotropic components', Score.isotropic({ components: 2 }), 2 * em]
  ] as const)('of %s fails with a problem, and does not end as converged', (_, score, rate) => {
    const { status, params } = run(score as Score.Score<string>, 3 * rate, Expectation.monteCarlo())
    expect(status._tag).toBe('Failed')
    if (status._tag === 'Failed') expect(status.problem.remedy).toContain('try a smaller rate')
    // The last good state is one that the data can explain: they reach 6 and the noise adds 1.8, ten times over.
    Object.values<{ values: Float64Array }>(params).forEach(({ values }) =>
      values.forEach(value => expect(Math.abs(value)).toBeLessThan(200))
    )
  })
  it('goes on where the steps are right', () => {
    expect(run(Score.symmetricPair, em, Expectation.quadrature()).status).toMatchObject({
      _tag: 'Finished'
    })
  })
})

it('the pair far out has the score ±m − x, whatever |m|² would round', () => {
  const score = Score.evaluate(Score.symmetricPair, Schedule.varianceExploding({ sigmaMin: 1e-3, sigmaMax: 1 }))
  const found = score(Params.of({ mean: [2 ** 60] }))(0)({ rows: 2, dim: 1, values: Float64Array.of(0.5, -0.5) })
  const u = 1 + 1e-6
  expect(found.values[0] / (2 ** 60 / u)).toBeCloseTo(1, 14)
  expect(found.values[1] / (2 ** 60 / u)).toBeCloseTo(-1, 14)
})
