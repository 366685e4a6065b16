/** Tables with more columns than a component has rows: plain clusters are found there too, in time and memory linear in the table. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Initializer,
  Key,
  Metric,
  Pipeline,
  Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage
} from '../../src/index.js'
import * as Mixture from '../../src/mixture/index.js'
import { isSlow, spread } from '../cases.js'
import { there } from '../there.js'

type Isotropic = 'means' | 'logits' | 'logVariances'

const fit = (pipeline: Pipeline.Pipeline<Isotropic>, points: Points.Points, seed: number): Mixture.Mixture => {
  const { params } = Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(seed))
  return there(O.toUndefined(Score.toMixture(pipeline.score)(params)))
}

const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)

/** Spheres of variance 1 about centres of variance 0.49 a coordinate, so 0.99 √d apart: 22 for d = 500. */
const clusters = (components: number, dim: number, seed: number): Mixture.Mixture => {
  const z = Key.normal(components * dim)(Key.fromSeed(1000 + seed))
  return Mixture.of({ means: range(components).map(k => range(dim).map(j => 0.7 * z[k * dim + j])) })
}

describe.each(
  spread(2)([
    { rows: 60, dim: 500, components: 3 },
    { rows: 60, dim: 200, components: 3 },
    { rows: 60, dim: 100, components: 3 },
    { rows: 300, dim: 200, components: 8 },
    { rows: 100, dim: 50, components: 4 }
  ])
)('$components clusters of $rows rows in dimension $dim', ({ rows, dim, components }) => {
  const score = Score.isotropic({ components })
  it.each(spread(12)(range(12)))('are found by one run of the default, seed %i', seed => {
    const truth = clusters(components, dim, seed)
    const points = Mixture.sample(rows)(Key.fromSeed(seed))(truth)
    const found = fit(Recipe.annealed(score)(points), points, seed)
    // Means of rows / K rows are off by √(dim K / rows), give or take a tenth; two clusters taken for one by 0.35 √dim and more in each.
    expect(Metric.centreError(found, truth)).toBeLessThan(1.5 * Math.sqrt((dim * components) / rows))
    const fromTruth = fit(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        initializer: Initializer.values(Mixture.toDescription(truth).means),
        stages: [Stage.expectationMaximization({ steps: 500, relativeChange: 1e-10 })]
      }),
      points,
      seed
    )
    const likelihood = Mixture.meanLogDensity(points)
    // Both have converged to 1e-8 of the parameters, and the likelihood is flat there.
    expect(likelihood(found)).toBeGreaterThan(likelihood(fromTruth) - 1e-9 * dim)
  })
})

describe('a table of 3 rows and 40 000 columns', () => {
  // dim² numbers would be 12.8 GB: no part of a fit may ask for them.
  const dim = 40_000
  const noise = Key.normal(3 * dim)(Key.fromSeed(1))
  const points = { rows: 3, dim, values: noise.map((z, at) => z + (at < 2 * dim ? 3 : -3)) }
  const score = Score.isotropic({ components: 2 })

  it.each(
    spread(2)<readonly [string, Recipe.Recipe]>([
      ['annealed', Recipe.annealed],
      ['expectation–maximization', Recipe.expectationMaximization],
      ['spectral', Recipe.spectral]
    ])
  )('is fitted: %s', (_, recipe) => {
    const { weights } = fit(recipe(score)(points), points, 0)
    expect([...weights].sort().map(w => Math.round(3 * w))).toEqual([1, 2])
  })

  it.runIf(isSlow)('has times, rates and units', () => {
    for (const recipe of [Recipe.twoStage, Recipe.maximumLikelihood, Recipe.annealed]) {
      // The pair has variance 1, and its quadrature bears rows of length 136.
      const nearer = { ...points, values: points.values.map(x => x / 8) }
      // Two stages start it at a standard normal centre, √40 000 long, for which the rule would need more nodes than it may have.
      const isTooLong = recipe === Recipe.twoStage
      expect(E.isRight(Compile.pipeline(recipe(Score.symmetricPair)(nearer))(nearer))).toBe(!isTooLong)
      expect(E.isRight(Compile.pipeline(recipe(score)(points))(points))).toBe(true)
    }
  })

  it.runIf(isSlow)('starts, has its power iteration and its scales', () => {
    const started = (initializer: Initializer.Initializer, ...stages: ReadonlyArray<Stage.Stage>): number => {
      const asked = { schedule: Schedule.ornsteinUhlenbeck, score: Score.symmetricPair, initializer, stages }
      const { values } = Run.last(Problem.orThrow(Compile.pipeline(Pipeline.of(asked))(points)))(Key.fromSeed(0)).params
        .mean
      return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0))
    }
    // The second moment of three rows, as three by three: |x_i|² ≈ 10 dim, and its top is nearly that.
    expect(started(Initializer.spectral) / Math.sqrt(dim)).toBeGreaterThan(2.9)
    expect(started(Initializer.momentsMatched)).toBeGreaterThan(0)
    const power = Stage.powerIteration({ steps: 30 })
    expect(started(Initializer.gaussian({ scale: 1 }), power) / started(Initializer.spectral)).toBeCloseTo(1, 9)
    expect(Points.standardize(points).scale.length).toBe(dim)
  })
})
