/** Pipelines that recover what is planted, and those that do not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Initializer, Key, Mixture, Pipeline, Recipe, Schedule, Score, Stage } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'

const pipeline = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer: Initializer.kMeansPlusPlus,
    stages
  })
const fails = (name: string, held: ReadonlyArray<laws.Law>): boolean =>
  fc.check(laws.named(name)(held).property, { seed: 1, numRuns: 1, endOnFailure: true }).failed

describe('laws.recovers', () => {
  /** Of Theorem 2's setting all but the equal weights: 1 : 10 between the least and the greatest, C√log min(K, d) apart. */
  const simplex = (components: number, dim: number, constant: number): Mixture.Mixture => {
    const apart = constant * Math.sqrt(Math.log(Math.min(components, dim)))
    const weights = Array.from({ length: components }, (_, k) => 10 ** (k / (components - 1)))
    return Mixture.of({
      means: weights.map((_, k) => Array.from({ length: dim }, (_, j) => (j === k ? apart / Math.SQRT2 : 0))),
      weights: weights.map(weight => weight / weights.reduce((a, b) => a + b))
    })
  }
  const overlapping = Mixture.of({
    means: [[-1.25], [1.25]],
    weights: [0.1, 0.9]
  })
  const rowsOf = ({ means: { shape, values } }: Mixture.Mixture): ReadonlyArray<ReadonlyArray<number>> =>
    Array.from({ length: shape[0] }, (_, k) => Array.from(values.subarray(k * shape[1], (k + 1) * shape[1])))
  const finds = (recipe: Recipe.Recipe, truth: Mixture.Mixture, rows: number): boolean => {
    const score = Score.isotropic({ components: truth.weights.length })
    const pipeline = recipe(score)(Mixture.sample(4 * rows)(Key.fromSeed(1))(truth))
    return !fails('the planted truth is found', laws.recovers(pipeline, { truth, rows }))
  }
  // Every one: a recipe that ends elsewhere is wrong on every seed.
  it.each(
    Object.entries<Recipe.Recipe>({
      twoStage: Recipe.twoStage,
      annealed: Recipe.annealed,
      spectral: Recipe.spectral,
      expectationMaximization: Recipe.expectationMaximization,
      maximumLikelihood: Recipe.maximumLikelihood,
      warmStart: Recipe.warmStart({ centres: rowsOf(overlapping) })
    })
  )('at weights .1 and .9 and overlap, %s finds the planted truth', (_, recipe) => {
    // The law allows the lighter centre 9 √(1/(0.1 · 2000)) = 0.64. Weights held at ½ lead it 0.8 astray.
    expect(finds(recipe, overlapping, 500)).toBe(true)
  })
  it('at weights 1 : 10 and C = 2, a warm start leads to the planted truth', () => {
    const truth = simplex(4, 6, 2)
    expect(finds(Recipe.warmStart({ centres: rowsOf(truth) }), truth, 500)).toBe(true)
  })

  it('the other law of the data is an option', () => {
    const name = 'centres are found though the components are others'
    const given = pipeline(Stage.expectationMaximization({ steps: 30 }))
    const elsewhere = [
      [-3, 0],
      [9, 0]
    ]
    const [truth, data] = [3, 9].map(c =>
      Mixture.of({
        means: [
          [-3, 0],
          [c, 0]
        ]
      })
    )
    expect(fails(name, laws.recovers(given, { truth, misspecified: { data, centres: elsewhere } }))).toBe(false)
    expect(fails(name, laws.recovers(given, { truth, misspecified: { data: truth, centres: elsewhere } }))).toBe(true)
  })
})
