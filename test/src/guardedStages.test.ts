/** Guarded stages: kept where they end likelier and lose no component; and the default, which is never below plain EM. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
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
  Stage
} from '../../src/index.js'
import { spread } from '../cases.js'

const end = <P extends string>(pipeline: Pipeline.Pipeline<P>, points: Points.Points, seed = 3): Params.Params<P> => {
  const program = Compile.pipeline(pipeline)(points)
  if (E.isLeft(program)) throw new Error(Problem.show(program.left[0]))
  return Run.last(program.right)(Key.fromSeed(seed)).params
}

const likelihood = <P extends string>(score: Score.Score<P>, params: Params.Params<P>, points: Points.Points): number =>
  pipe(
    params,
    Score.toMixture(score),
    O.fold(
      () => NaN,
      mixture => Mixture.meanLogDensity(points)(mixture)
    )
  )

const of = <P extends string>(
  score: Score.Score<P>,
  initializer: Initializer.Initializer,
  ...stages: ReadonlyArray<Stage.Stage>
): Pipeline.Pipeline<P> => Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer, stages })

const score = Score.isotropic({ components: 3 })
const points = Mixture.sample(600)(Key.fromSeed(1))(Mixture.of({ means: [[-10], [6], [14]] }))
const em = (steps: number): Stage.Stage => Stage.expectationMaximization({ steps })

describe('a guarded stage', () => {
  it('ends where the stage does, if that is likelier', () => {
    const from = Initializer.values([[-9], [5], [12]])
    expect(end(of(score, from, Stage.guarded(em(5))), points)).toEqual(end(of(score, from, em(5)), points))
  })

  it('leaves the parameters as they are, if it is not', () => {
    const from = Initializer.values([[-9], [5], [12]])
    const blur = Stage.expectationMaximization({ steps: 1, time: 3 })
    const settled = of(score, from, em(200))
    const blurred = of(score, from, em(200), blur)
    expect(likelihood(score, end(blurred, points), points)).toBeLessThan(
      likelihood(score, end(settled, points), points)
    )
    expect(end(of(score, from, em(200), Stage.guarded(blur)), points)).toEqual(end(settled, points))
    // Nothing gained is nothing kept.
    expect(end(of(score, from, em(200), Stage.guarded(Stage.sequence([]))), points)).toEqual(end(settled, points))
  })

  it('keeps no mixture that has lost a component to a single row', () => {
    const rows = [-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 12]
    const few = { rows: rows.length, dim: 1, values: Float64Array.from(rows) }
    const two = Score.isotropic({ components: 2 })
    const from = Initializer.values(Params.of({ means: [[0], [3]], logits: [0, 2], logVariances: [0, 4] }))
    const ended = end(of(two, from, em(100)), few)
    // Without a guard one of them ends on the row far out, as narrow as it may be, and likelier for that.
    expect(Math.exp(Math.min(...ended.logVariances.values))).toBeCloseTo(1e-6, 12)
    const start = end(of(two, from), few)
    expect(likelihood(two, ended, few)).toBeGreaterThan(likelihood(two, start, few))
    expect(end(of(two, from, Stage.guarded(em(100))), few)).toEqual(start)
  })

  it('leaves the parameters as they are, if it fails', () => {
    const start = of(score, Initializer.values([[-9], [5], [12]]))
    const diverges = Stage.descend({
      objective: Objective.likelihood,
      optimizer: Optimizer.gradientDescent({ rate: 1e300 }),
      steps: 5
    })
    const run = (stage: Stage.Stage): Run.State<'means' | 'logits' | 'logVariances'> => {
      const program = Compile.pipeline({ ...start, stages: [stage] })(points)
      if (E.isLeft(program)) throw new Error('refused')
      return Run.last(program.right)(Key.fromSeed(0))
    }
    expect(run(diverges).status).toMatchObject({ _tag: 'Failed' })
    expect(run(Stage.guarded(diverges))).toMatchObject({
      status: { _tag: 'Finished', rule: 'steps' },
      params: end(start, points)
    })
  })

  it('is refused where there is no likelihood, and names what is wrong inside', () => {
    const custom = Score.custom({ name: 'zero', shapes: () => ({ a: [1] }), apply: ({ a }) => a })
    const refused = (pipeline: Pipeline.Pipeline<string>): ReadonlyArray<string> => {
      const program = Compile.pipeline(pipeline)(points)
      return E.isLeft(program) ? program.left.map(Problem.show) : []
    }
    const anywhere = Initializer.gaussian({ scale: 1 })
    expect(refused(of(custom, anywhere, Stage.guarded(Stage.sequence([]))) as never)).toEqual([
      'stages[0].score: Score.custom({ name: "zero", shapes: …, apply: … }) is not the score of a mixture, whose likelihood is known; use the stage alone'
    ])
    expect(refused(of(score, anywhere, Stage.guarded(Stage.powerIteration({ steps: 1 }))) as never)[0]).toMatch(
      /^stages\[0\]\.stage\.score: /
    )
  })
})

describe('the default', () => {
  const crowded = (seed: number): Points.Points => {
    const z = Key.normal(40)(Key.fromSeed(500 + seed))
    const means = Array.from({ length: 20 }, (_, k) => [4 * z[2 * k], 4 * z[2 * k + 1]])
    return Mixture.sample(200)(Key.fromSeed(seed))(Mixture.of({ means }))
  }
  it.each(spread(12)(Array.from({ length: 12 }, (_, seed) => seed)))(
    'is never less likely than expectation–maximization from the same start, seed %i',
    seed => {
      const many = Score.isotropic({ components: 12 })
      const data = crowded(seed)
      const pipeline = Recipe.annealed(many)(data)
      const last = pipeline.stages.at(-1)
      if (last === undefined) throw new Error('no stages')
      const plain = end({ ...pipeline, stages: [last] }, data, seed)
      // Not even by rounding: a mean of 200 logarithms of the order of 10.
      expect(likelihood(many, end(pipeline, data, seed), data)).toBeGreaterThan(likelihood(many, plain, data) - 1e-12)
    }
  )

  it.each(spread(12)([0, 1, 2, 3, 4, 5]))('has no dead component among more than there are clusters, seed %i', seed => {
    // As many rows and columns as a well-known table of wines; its three kinds are asked for in twelve parts.
    const kinds = Key.normal(39)(Key.fromSeed(9))
    const means = [0, 1, 2].map(k => Array.from({ length: 13 }, (_, j) => kinds[13 * k + j]))
    const data = Mixture.sample(178)(Key.fromSeed(7))(Mixture.of({ means, variances: [0.5, 1, 0.4] }))
    const { logits } = end(Recipe.annealed(Score.isotropic({ components: 12 }))(data), data, seed)
    const total = logits.values.reduce((sum, l) => sum + Math.exp(l), 0)
    // A row of its own at least, but for rounding.
    expect((178 * Math.exp(Math.min(...logits.values))) / total).toBeGreaterThan(1 - 1e-9)
  })
})
