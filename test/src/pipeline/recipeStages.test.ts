/** What recipes choose, on four rows whose second moment is diag(4, 1): each choice by its formula, worked out by hand. */
import { describe, expect, it } from 'vitest'
import {
  Expectation,
  Initializer,
  Objective,
  Optimizer,
  Pipeline,
  type Points,
  Rate,
  Recipe,
  Schedule,
  Score,
  Stage,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'

const a = 2 * Math.SQRT2
const b = Math.SQRT2
const points: Points.Points = { rows: 4, dim: 2, values: Float64Array.of(a, 0, -a, 0, 0, b, 0, -b) }

/** A pipeline as JSON, numbers to ten digits. */
const told = <P extends string>(pipeline: Pipeline.Pipeline<P>): unknown =>
  JSON.parse(
    JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline), (_, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(10)) : value
    )
  )

const pair = Score.symmetricPair
const spherical = Score.spherical({ components: 2 })
const isotropic = Score.isotropic({ components: 2 })

const chooses = <P extends string>(
  recipe: Recipe.Recipe,
  score: Score.Score<P>,
  initializer: Initializer.Initializer,
  stages: ReadonlyArray<Stage.Stage>,
  data = points
): void => {
  const expected = Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer, stages })
  expect(told(recipe(score)(data))).toEqual(told(expected))
}

/** The step of expectation–maximization for the pair is ½ in m = αc: ½ e^{2t} in c. */
const pairStage = (time: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(TimeLaw.at(time)),
    expectation: Expectation.quadrature(),
    optimizer: Optimizer.gradientDescent({ rate: Math.exp(2 * time) / 2 }),
    steps,
    relativeChange: 1e-7
  })

/** Noise of variance v beside the signal has e^{2t} = 1 + v. */
const adamStage = (variance: number, steps: number, ...parts: ReadonlyArray<Optimizer.Optimizer>): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(TimeLaw.at(Math.log1p(variance) / 2)),
    expectation: Expectation.projected({ antithetic: true }),
    optimizer: Optimizer.chain(
      Optimizer.scaleByAdam(),
      ...parts,
      Optimizer.scaleByRate(Rate.cosine({ rate: 0.05, steps, final: 0.0005 }))
    ),
    steps
  })

/** e^{2t} = e^{1.4} · 4 */
const high = Math.log(4) / 2 + 0.7
/** √((4 + 1)/2) */
const unit = Math.sqrt(2.5)
const inUnit = Optimizer.only(['means'], Optimizer.scale(unit))
const clustered = Initializer.bestOf(10)(Initializer.kMeans({ steps: 10 }))
/**
 * Squared distances between the rows are 8, 10 four times, and 32: the quantile at ¼, half the share that two components leave
 * to pairs of one, is 10. It is 2v times the median of χ²_2, which is about 2(1 − 1/9)³.
 */
const variance = 10 / (4 * (8 / 9) ** 3)
/** A hundredth of the standard deviation. */
const varianceFloor = Number((1e-4 * variance).toPrecision(3))
const weighing = Stage.expectationMaximization({ steps: 1, varianceFloor })
const closing = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, varianceFloor })

describe('two stages', () => {
  it('of the pair', () => {
    chooses(Recipe.twoStage, pair, Initializer.gaussian({ scale: 1 }), [pairStage(high, 300), pairStage(0.1, 200)])
  })
  it('of the pair, on data without spread beyond the components', () => {
    const small = { ...points, values: points.values.map(x => x / 100) }
    const stages = [pairStage(0.3, 300), pairStage(0.1, 200)]
    chooses(Recipe.twoStage, pair, Initializer.gaussian({ scale: 1 }), stages, small)
  })
  it('of spherical components', () => {
    chooses(Recipe.twoStage, spherical, clustered, [adamStage(2, 150), adamStage(0.2, 300)])
  })
  it('of isotropic components, in the unit of the data', () => {
    chooses(Recipe.twoStage, isotropic, clustered, [
      adamStage(2 * 2.5, 150, inUnit),
      weighing,
      adamStage(0.2 * 2.5, 300, inUnit, Optimizer.freeze('logits')),
      closing
    ])
  })
})

describe('annealed', () => {
  it('of the pair: from high noise to low, by halves', () => {
    const times = [1, 0.5, 0.25, 0].map(share => 0.1 + share * (high - 0.1))
    chooses(
      Recipe.annealed,
      pair,
      Initializer.nearZero,
      times.map(time => pairStage(time, 200))
    )
  })

  /** What is done where the components' standard deviation is about s, learned where a floor is given. */
  const stages = (s: number, floor: Partial<{ readonly varianceFloor: number }>): ReadonlyArray<Stage.Stage> => [
    Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, ...floor }),
    Stage.guarded(
      Stage.sequence([
        Stage.anneal([4, 2, 1, 0.5].map(n => Number((Math.log1p((n * s) ** 2) / 2).toPrecision(3))))(
          Stage.expectationMaximization({ steps: 5, ...floor })
        ),
        Stage.expectationMaximization({ steps: 100, relativeChange: 1e-4, ...floor })
      ])
    ),
    Stage.splitAndMerge({ steps: 1000, attempts: 10, polish: 20, ...floor }),
    Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, ...floor })
  ]
  const learned = (variance: number): ReadonlyArray<Stage.Stage> =>
    stages(Math.sqrt(variance), { varianceFloor: Number((1e-4 * variance).toPrecision(3)) })

  it('judges moves among more than 16 components after 40 steps', () => {
    const moves = (components: number): ReadonlyArray<string> =>
      Recipe.annealed(Score.spherical({ components }))(points)
        .stages.map(Stage.show)
        .filter(code => code.includes('splitAndMerge'))
    expect(moves(16)).toEqual([
      'Stage.splitAndMerge({ steps: 1000, attempts: 10, polish: 20, varianceFloor: 0.000001 })'
    ])
    expect(moves(17)).toEqual([
      'Stage.splitAndMerge({ steps: 1000, attempts: 10, polish: 40, varianceFloor: 0.000001 })'
    ])
  })

  it('of isotropic components: of two, a quarter of all pairs are nearer than the median of those in one', () => {
    chooses(Recipe.annealed, isotropic, Initializer.kMeansPlusPlus, learned(variance))
    const larger = { ...points, values: points.values.map(x => 3 * x) }
    chooses(Recipe.annealed, isotropic, Initializer.kMeansPlusPlus, learned(9 * variance), larger)
  })
  it('of four isotropic components: an eighth', () => {
    const score = Score.isotropic({ components: 4 })
    chooses(Recipe.annealed, score, Initializer.kMeansPlusPlus, learned((8 / 10) * variance))
  })
  it('far from 0, and with one row far away', () => {
    const elsewhere = { ...points, values: points.values.map(x => x + 1e6) }
    chooses(Recipe.annealed, isotropic, Initializer.kMeansPlusPlus, learned(variance), elsewhere)
    const wild = { rows: 5, dim: 2, values: Float64Array.of(...points.values, 1e9, 1e9) }
    chooses(Recipe.annealed, isotropic, Initializer.kMeansPlusPlus, learned(variance), wild)
  })
  it('of spherical components: in the unit 1, without a floor of its own', () => {
    chooses(Recipe.annealed, spherical, Initializer.kMeansPlusPlus, stages(1, {}))
  })
  it('of rows without spread: in the unit 1', () => {
    const same = { ...points, values: new Float64Array(8) }
    chooses(Recipe.annealed, isotropic, Initializer.kMeansPlusPlus, learned(1), same)
  })
})

describe('from a warm start', () => {
  const centres = [
    [-1, 0],
    [1, 0]
  ]
  const recipe = Recipe.warmStart({ centres, radius: 0.5 })
  const start = Initializer.warmStart({ centres, radius: 0.5 })

  it('of the pair', () => {
    const one = Initializer.warmStart({ centres: [[1, 0]], radius: 0 })
    chooses(Recipe.warmStart({ centres: [[1, 0]] }), pair, one, [pairStage(0.1, 200)])
  })
  it('of spherical components: the step of expectation–maximization is K/2 in m = αc', () => {
    chooses(recipe, spherical, start, [
      Stage.descend({
        objective: Objective.denoising(TimeLaw.at(0.1)),
        expectation: Expectation.projected({ antithetic: true }),
        optimizer: Optimizer.gradientDescent({ rate: Rate.cosine({ rate: Math.exp(0.2), steps: 150 }) }),
        steps: 150
      })
    ])
  })
  it('of isotropic components', () => {
    chooses(recipe, isotropic, start, [
      weighing,
      adamStage(0.2 * 2.5, 300, inUnit, Optimizer.freeze('logits')),
      closing
    ])
  })
})

describe('spectral, expectation–maximization, maximum likelihood', () => {
  const em = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8 })
  const floored = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, varianceFloor })
  const likelihood = (...parts: ReadonlyArray<Optimizer.Optimizer>): Stage.Stage =>
    Stage.descend({
      objective: Objective.likelihood,
      optimizer: Optimizer.chain(
        Optimizer.scaleByAdam(),
        ...parts,
        Optimizer.scaleByRate(Rate.cosine({ rate: 0.1, steps: 500, final: 1e-4 }))
      ),
      steps: 500,
      relativeChange: 1e-8
    })

  it('of the pair', () => {
    chooses(Recipe.spectral, pair, Initializer.gaussian({ scale: 1 }), [
      Stage.powerIteration({ steps: 500, relativeChange: 1e-10 }),
      em
    ])
    chooses(Recipe.expectationMaximization, pair, Initializer.spectral, [em])
    chooses(Recipe.maximumLikelihood, pair, Initializer.spectral, [likelihood()])
  })
  it('of components', () => {
    chooses(Recipe.spectral, isotropic, Initializer.spectral, [floored])
    chooses(Recipe.expectationMaximization, isotropic, clustered, [floored])
    chooses(Recipe.expectationMaximization, spherical, clustered, [em])
    chooses(Recipe.maximumLikelihood, spherical, clustered, [likelihood()])
    chooses(Recipe.maximumLikelihood, isotropic, clustered, [likelihood(inUnit)])
    const same = { ...points, values: new Float64Array(8) }
    chooses(Recipe.maximumLikelihood, isotropic, clustered, [likelihood()], same)
  })
})
