/** Stages made of stages: what they come to, and what they do. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  TimeLaw
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import * as Stage from '../../../src/pipeline/stage.js'

const points = Mixture.sample(400)(Key.fromSeed(3))(
  Mixture.of({
    means: [
      [-4, 0],
      [4, 0],
      [0, 5]
    ]
  })
)

const score = Score.spherical({ components: 3 })

const pipeline = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<'means'> =>
  Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer: Initializer.fromData, stages })

const run = <P extends string>(pipeline: Pipeline.Pipeline<P>, data: Points.Points = points, seed = 1): Run.State<P> =>
  pipe(
    data,
    Compile.pipeline(pipeline),
    E.match(
      problems => {
        throw new Error(problems.map(Problem.show).join('\n'))
      },
      program => Run.last(program)(Key.fromSeed(seed))
    )
  )

const em = (steps: number): Stage.Stage => Stage.expectationMaximization({ steps })

const descend = (time: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.implicit(TimeLaw.at(time)),
    expectation: Expectation.projected(),
    optimizer: Optimizer.adam({ rate: 0.1 }),
    steps: 4
  })

const values = <P extends string>({ params }: Run.State<P>): ReadonlyArray<number> =>
  Params.names(params).flatMap(name => Array.from(params[name].values))

describe('sequence', () => {
  const a = em(2)
  const b = descend(0.3)
  const c = em(3)
  it('is a monoid', () => {
    const { concat, empty } = Stage.Monoid
    const flat = values(run(pipeline(a, b, c)))
    for (const same of [
      concat(concat(a, b), c),
      concat(a, concat(b, c)),
      concat(empty, Stage.sequence([a, b, c, empty]))
    ])
      expect(values(run(pipeline(same)))).toEqual(flat)
  })
})

describe('repeat', () => {
  it('alternates, each optimizer begun anew', () => {
    const a = descend(0.3)
    const b = em(1)
    expect(values(run(pipeline(Stage.repeat(2)(Stage.sequence([a, b])))))).toEqual(values(run(pipeline(a, b, a, b))))
    expect(values(run(pipeline(Stage.repeat(0)(a))))).toEqual(values(run(pipeline())))
  })
})

describe('anneal', () => {
  it('puts each time in the place of the objectives’ own', () => {
    expect(values(run(pipeline(Stage.anneal([1, 0.5, 0.1])(descend(7)))))).toEqual(
      values(run(pipeline(descend(1), descend(0.5), descend(0.1))))
    )
  })
})

describe('restart', () => {
  const bad = Initializer.values([
    [0, 0],
    [0, 0],
    [0, 0]
  ])
  const likelihood = <P extends string>({ params }: Run.State<P>): number =>
    pipe(Mixture.of({ means: Params.nested(params['means' as P]) as number[][] }), Mixture.meanLogDensity(points))

  it('keeps the likeliest attempt, and the more attempts the likelier', () => {
    const best = [1, 2, 4, 8].map(times => likelihood(run(pipeline(Stage.restart(times)(em(30))))))
    best.forEach((value, i) => {
      if (i > 0) expect(value).toBeGreaterThanOrEqual(best[i - 1])
    })
    expect(best[3]).toBeGreaterThan(likelihood(run({ ...pipeline(em(30)), initializer: bad })) + 0.1)
  })

  it('starts its first attempt where the pipeline stands', () => {
    expect(values(run(pipeline(em(2), Stage.restart(1)(em(3)))))).toEqual(values(run(pipeline(em(5)))))
  })

  it('refuses what its stage cannot do, with the path to it', () => {
    const compiled = Compile.pipeline(
      pipeline(
        Stage.restart(2)(
          Stage.sequence([
            Stage.descend({
              objective: Objective.likelihood,
              expectation: Expectation.quadrature({ nodes: 4 }),
              optimizer: Optimizer.gradientDescent({ rate: 1 }),
              steps: 1
            })
          ])
        )
      )
    )(points)
    expect(E.isLeft(compiled) && compiled.left.map(({ field }) => field)).toEqual([
      'stages[0].stage.stages[0].expectation'
    ])
  })
})

describe('powerIteration', () => {
  const pair = Mixture.sample(3000)(Key.fromSeed(8))(Mixture.symmetricPair([1.5, -1, 0.5]))
  it('ends at the top eigenvector of Ĉ − I with its length from the eigenvalue', () => {
    const { params } = run(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.symmetricPair,
        initializer: Initializer.gaussian({ scale: 1 }),
        stages: [Stage.powerIteration({ steps: 500, relativeChange: 1e-15 })]
      }),
      pair
    )
    const { values: eigenvalues, vectors } = symmetricEigen({ shape: [3, 3], values: Points.secondMoment(pair) })
    const length = Math.sqrt(eigenvalues[0] - 1)
    const sign = Math.sign(params.mean.values[0] * vectors.values[0])
    params.mean.values.forEach((value, j) => {
      expect(Math.abs(value - sign * length * vectors.values[j])).toBeLessThan(1e-12)
    })
  })

  it('is refused for other scores', () => {
    const compiled = Compile.pipeline(pipeline(Stage.powerIteration({ steps: 1 })))(points)
    expect(E.isLeft(compiled) && compiled.left.map(Problem.show)).toEqual([
      'stages[0].score: Score.spherical({ components: 3 }) is not Score.symmetricPair, whose centre is an eigenvector; start with Initializer.spectral'
    ])
  })
})
