/** The minimum variance: set by what most rows say, and told where a component sits on it. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { Compile, Key, Pipeline, type Points, Problem, Recipe, Run, Score } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import { page } from '../../../src/report/report.js'
import { planted, two } from '../report/fits.js'

const score = Score.isotropic({ components: 3 })

const fit = (
  recipe: Recipe.Recipe,
  points: Points.Points
): { readonly mixture: Mixture.Mixture; readonly floor: number } => {
  const pipeline = recipe(score)(points)
  const { params } = Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(0))
  return {
    mixture: O.toNullable(Score.toMixture(score)(params)) ?? expect.fail('not a mixture'),
    floor: pipe(
      Pipeline.varianceFloor(pipeline),
      O.getOrElse(() => NaN)
    )
  }
}

describe('one row a million standard deviations off', () => {
  const groups = Mixture.sample(400)(Key.fromSeed(1))(
    Mixture.of({
      means: [
        [-5, 0],
        [5, 0]
      ]
    })
  )
  const points = { rows: 401, dim: 2, values: Float64Array.of(...groups.values, 1e6, 1e6) }

  it.each<readonly [string, Recipe.Recipe]>([
    ['annealed', Recipe.annealed],
    ['expectation–maximization', Recipe.expectationMaximization],
    ['spectral', Recipe.spectral]
  ])('%s: has a component, which is told to be on the floor, and leaves the others as they are', (_, recipe) => {
    const { mixture, floor } = fit(recipe, points)
    const [wild] = Mixture.atMinimumVariance(floor)(mixture)
    expect(Mixture.atMinimumVariance(floor)(mixture)).toEqual([wild])
    expect(mixture.means.values[2 * wild]).toBeCloseTo(1e6, 6)
    mixture.variances.forEach((variance, k) => {
      // A variance of 200 rows in 2 coordinates has a standard error of √(2/400); five of them.
      if (k !== wild) expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 400))
    })
  })

  it('and the floor is that of the data without it, in any unit', () => {
    const floorOf = (points: Points.Points): number =>
      pipe(
        Recipe.annealed(score)(points),
        Pipeline.varianceFloor,
        O.getOrElse(() => NaN)
      )
    // Pairs are drawn, and one row of 401 is in a two-hundredth of them.
    expect(Math.abs(floorOf(points) / floorOf(groups) - 1)).toBeLessThan(0.1)
    const scaled = { ...points, values: points.values.map(x => 1e-6 * x) }
    // Three digits are written.
    expect(Math.abs((1e12 * floorOf(scaled)) / floorOf(points) - 1)).toBeLessThan(0.01)
  })
})

it('the report tells them', () => {
  const text = page(planted(two, 20, { floored: [1] }), '0.0.0')
  expect(text).toContain('<li class="doubt">Component 2 is at the minimum variance: ')
  expect(page(planted(two, 20), '0.0.0')).not.toContain('Component 2 is at the minimum variance')
})
