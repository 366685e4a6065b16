/** `Stage.onSample`: a stage that sees a sample of the rows, and what follows it, that sees all. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Case,
  Compile,
  Initializer,
  Key,
  Mixture,
  Pipeline,
  Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score
} from '../../../src/index.js'
import * as Stage from '../../../src/pipeline/stage.js'

const truth = Mixture.of({ means: [[-5], [0], [6]] })
const points = Mixture.sample(400)(Key.fromSeed(1))(truth)
const score = Score.isotropic({ components: 3 })
const em = Stage.expectationMaximization({ steps: 7 })

const of = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<'means' | 'logits' | 'logVariances'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values([[-2], [1], [2]]),
    stages
  })

const means = (pipeline: Pipeline.Pipeline<string>, data = points, seed = 0): Float64Array =>
  Run.last(Problem.orThrow(Compile.pipeline(pipeline)(data)))(Key.fromSeed(seed)).params.means.values

const refused = (stage: Stage.Stage): ReadonlyArray<string> => {
  const program = Compile.pipeline(of(stage))(points)
  return E.isLeft(program) ? program.left.map(Problem.show) : []
}

describe('a stage on a sample', () => {
  it('is the stage itself where the sample is all rows', () => {
    for (const stage of [Stage.onSample()(em), Stage.onSample({ rows: 400 })(em), Stage.onSample({ rows: 9999 })(em)])
      expect(means(of(stage))).toEqual(means(of(em)))
  })

  it('ends where the stage does on some so many rows, others by another key', () => {
    const on = (rows: number, seed: number): Float64Array => means(of(Stage.onSample({ rows })(em)), points, seed)
    expect(on(60, 1)).toEqual(on(60, 1))
    expect(on(60, 1)).not.toEqual(on(60, 2))
    expect(on(60, 1)).not.toEqual(means(of(em)))
    // The fewer of both.
    expect(means(of(Stage.onSample({ rows: 60, fraction: 0.5 })(em)), points, 1)).toEqual(on(60, 1))
    expect(means(of(Stage.onSample({ rows: 300, fraction: 0.15 })(em)), points, 1)).toEqual(on(60, 1))
    // Of one step on one component it is the mean of so many rows, none of them twice.
    const single = Stage.onSample({ rows: 399 })(Stage.expectationMaximization({ steps: 1 }))
    const [mean] = means({
      ...of(single),
      score: Score.isotropic({ components: 1 }),
      initializer: Initializer.values([[0]])
    })
    const all = points.values.reduce((sum, x) => sum + x, 0)
    expect(Math.min(...points.values.map(x => Math.abs((all - x) / 399 - mean)))).toBeLessThan(1e-12)
  })

  it('hands on what it led to, and the next sees all rows', () => {
    const settle = Stage.expectationMaximization({ steps: 2000, relativeChange: 1e-12 })
    const both = means(of(Stage.onSample({ rows: 100 })(em), settle))
    const alone = means(of(settle))
    // Both stand still by 1e-12 of the components at the one maximum that is near.
    both.forEach((x, k) => {
      expect(x).toBeCloseTo(alone[k], 8)
    })
  })

  it('is annealed as what stands in it is', () => {
    const times = [1, 0.1]
    const noisy = Stage.onSample({ rows: 100 })(Stage.expectationMaximization({ steps: 1 }))
    const written = Stage.simple(Stage.anneal(times)(noisy)).map(({ stage }) => Stage.formula(stage))
    expect(written.map(line => /t = ([\d.]+)/.exec(line)?.[1])).toEqual(['1', '0.1'])
  })

  it('says what is wrong on so few rows, and inside', () => {
    expect(refused(Stage.onSample({ rows: 2 })(em))).toEqual([
      'stages[0].stage.score.components: 3 exceeds the 2 rows of the table; ask for fewer components or give more data'
    ])
    expect(refused(Stage.onSample({ rows: 50 })(Stage.powerIteration({ steps: 1 })))[0]).toMatch(
      /^stages\[0\]\.stage\.score: .* is not Score\.symmetricPair/
    )
    expect(refused(Stage.onSample({ fraction: 2 })(em))).toEqual(['stages[0].fraction: 2 is not in (0, 1]; try 0.1'])
  })
})

describe('the recipe of large tables', () => {
  it('finds its way on a sample, and ends on all rows', () => {
    const large = Mixture.sample(21_000)(Key.fromSeed(2))(truth)
    const pipeline = Recipe.annealed(score)(large)
    expect(pipeline.stages.map(stage => Case.isMadeBy(Stage.onSample)(stage))).toEqual([true, false])
    const found = [...means(pipeline, large)].sort((a, b) => a - b)
    // Five standard errors of the mean of the rows of a third.
    ;[-5, 0, 6].forEach((centre, k) => {
      expect(Math.abs(found[k] - centre)).toBeLessThan(5 / Math.sqrt(7000))
    })
    // Up to 20 000 all is done on all.
    const fewer = pipe(large, Points.select(Array.from({ length: 20_000 }, (_, i) => i)))
    expect(Recipe.annealed(score)(fewer).stages.some(stage => Case.isMadeBy(Stage.onSample)(stage))).toBe(false)
  })
})
