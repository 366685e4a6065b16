/** Recipes on real data: near the likeliest fit, in any unit, weights included. */
import { readFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { Compile, Key, Metric, Mixture, Pipeline, Points, Problem, Recipe, Run, Score } from '../../../src/index.js'
import { isSlow, spread } from '../../cases.js'

const read = (name: string): Points.Points => {
  const text = readFileSync(new URL(`../../../examples/data/${name}.csv`, import.meta.url), 'utf8')
  const points = Points.fromCsv(text)
  if (E.isLeft(points)) throw new Error('not read')
  return points.right
}

const fit = (recipe: Recipe.Recipe, components: number, points: Points.Points, seed: number): Mixture.Mixture => {
  const score = Score.isotropic({ components })
  const program = Problem.orThrow(pipe(points, Compile.pipeline(recipe(score)(points))))
  const state = Run.last(program)(Key.fromSeed(seed))
  return pipe(
    state.params,
    Score.toMixture(score),
    O.getOrElse((): Mixture.Mixture => {
      throw new Error('not a mixture')
    })
  )
}

const data = [
  { name: 'faithful', components: 2 },
  { name: 'iris', components: 3 },
  { name: 'penguins', components: 3 }
]

describe.each(spread(4)(data))('$name', ({ name, components }) => {
  const raw = read(name)
  const { points } = Points.standardize(raw)
  const likelihood = (recipe: Recipe.Recipe, seed: number): number =>
    pipe(fit(recipe, components, points, seed), Mixture.meanLogDensity(points))
  const best = Math.max(...[0, 1, 2].map(seed => likelihood(Recipe.expectationMaximization, seed)))

  it.each(spread(6)([0, 1, 2]))('is fitted first time, seed %i', seed => {
    expect(likelihood(Recipe.expectationMaximization, seed)).toBeGreaterThan(best - 1e-6)
    expect(likelihood(Recipe.annealed, seed)).toBeGreaterThan(best - 1e-6)
    expect(likelihood(Recipe.maximumLikelihood, seed)).toBeGreaterThan(best - 1e-4)
    // Noise blurs what the objective at one level sees: its minimiser is another estimator, a little less likely.
    expect(likelihood(Recipe.twoStage, seed)).toBeGreaterThan(best - 0.01)
  })
})

describe('weights', () => {
  it.runIf(isSlow)('of separate components are read off, though their score does not see them', () => {
    const truth = Mixture.of({ means: [[-8], [8]], weights: [0.9, 0.1] })
    const points = Mixture.sample(1000)(Key.fromSeed(1))(truth)
    const { weights } = fit(Recipe.twoStage, 2, points, 0)
    const share = points.values.filter(x => x > 0).length / 1000
    expect(Math.abs(Math.min(...weights) - share)).toBeLessThan(0.01)
  })
})

describe('annealed', () => {
  const close = (name: string, means: ReadonlyArray<ReadonlyArray<number>>, rows: number): void => {
    it.each(spread(10)([0, 1, 2, 3, 4]))(`finds ${name}, seed %i`, seed => {
      const truth = Mixture.of({ means })
      const points = Mixture.sample(rows)(Key.fromSeed(1))(truth)
      const error = Metric.centreError(fit(Recipe.annealed, means.length, points, seed), truth)
      // √(dim K / rows) is the error of the means of the groups; one group missed would cost 6/√K and more.
      expect(error).toBeLessThan(1.5 * Math.sqrt((means[0].length * means.length) / rows))
    })
  }
  const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)
  close(
    'a grid of 25',
    range(25).map(k => [6 * (k % 5), 6 * Math.floor(k / 5)]),
    2500
  )
  close(
    'groups of groups',
    range(16).map(k => [60 * (k % 4) + 7 * (k % 8 < 4 ? 0 : 1), 7 * Math.floor(k / 8)]),
    1600
  )
  close(
    'the corners of a simplex',
    range(12).map(k => range(12).map(j => (j === k ? 4 : 0))),
    2400
  )

  it('starts the pair at high noise, and ends near maximum likelihood', () => {
    const truth = Mixture.symmetricPair([1, 0.5, 0])
    const points = Mixture.sample(4000)(Key.fromSeed(1))(truth)
    const error = (recipe: Recipe.Recipe): number => {
      const program = Problem.orThrow(pipe(points, Compile.pipeline(recipe(Score.symmetricPair)(points))))
      return Metric.centreError(Run.last(program)(Key.fromSeed(3)).params, truth)
    }
    const likeliest = error(Recipe.expectationMaximization)
    for (const recipe of [Recipe.annealed, Recipe.spectral, Recipe.warmStart({ centres: [[1.3, 0.3, 0.1]] })])
      expect(error(recipe)).toBeLessThan(1.1 * likeliest + 1e-3)
  })

  it('takes rows without any spread', () => {
    const points = { rows: 6, dim: 2, values: new Float64Array(12).fill(3) }
    const { means, variances } = fit(Recipe.annealed, 2, points, 0)
    expect(Array.from(means.values)).toEqual([3, 3, 3, 3].map(c => expect.closeTo(c, 6) as number))
    expect(variances.every(v => v > 0)).toBe(true)
  })
})

describe('what is known of data', () => {
  it('is of their numbers: a buffer may be filled with others', () => {
    const filled = (unit: number): Float64Array =>
      Float64Array.from({ length: 40 }, (_, i) => unit * ((i % 7) + (i < 20 ? 0 : 30)))
    const shown = (points: Points.Points): string =>
      Pipeline.show(Recipe.annealed(Score.isotropic({ components: 2 }))(points))
    const points = { rows: 20, dim: 2, values: filled(1) }
    const before = shown(points)
    points.values.set(filled(10))
    expect(shown(points)).not.toBe(before)
    expect(shown(points)).toBe(shown({ ...points, values: filled(10) }))
  })
})

describe('warm start', () => {
  it.runIf(isSlow)('from near the truth, ends near it, whatever the score', () => {
    const means = [
      [-4, 0],
      [4, 0],
      [0, 6]
    ]
    const truth = Mixture.of({ means })
    const points = Mixture.sample(3000)(Key.fromSeed(1))(truth)
    const recipe = Recipe.warmStart({ centres: means, radius: 1.5 })
    const learned = (score: Score.Score<'means'>): number => {
      const program = Problem.orThrow(pipe(points, Compile.pipeline(recipe(score)(points))))
      return Metric.centreError(Run.last(program)(Key.fromSeed(3)).params, truth)
    }
    expect(learned(Score.spherical({ components: 3 }))).toBeLessThan(2 * Math.sqrt(2 * (3 / 3000)))
    expect(Metric.centreError(fit(recipe, 3, points, 3), truth)).toBeLessThan(2 * Math.sqrt(2 * (3 / 3000)))
  })
})
