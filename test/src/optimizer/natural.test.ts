/** The natural gradient of a mixture's likelihood: expectation–maximization from a gradient, damped where the rate is less than 1. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  ExpectationMaximization,
  Initializer,
  Key,
  Mixture,
  NaturalGradient,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  Vocabulary
} from '../../../src/index.js'

const truth = Mixture.of({
  means: [
    [-2, 0, 1],
    [2, 1, 0],
    [0, -3, 1]
  ],
  weights: [0.5, 0.3, 0.2],
  covariances: [
    [
      [1, 0.5, 0.1],
      [0.5, 1, 0.2],
      [0.1, 0.2, 2]
    ],
    [
      [1, -0.3, 0],
      [-0.3, 0.5, 0.1],
      [0, 0.1, 1]
    ],
    [
      [0.3, 0, 0],
      [0, 2, 0.5],
      [0, 0.5, 1]
    ]
  ]
})
const drawn = Mixture.sample(300)(Key.fromSeed(1))(truth)
const points: Points.Points = { ...drawn, weights: Float64Array.from({ length: 300 }, (_, i) => 1 + (i % 3)) }
const components = 3
const floor = 1e-6

const scores: ReadonlyArray<Score.Score<string>> = [
  Score.full({ components }),
  Score.tied({ components }),
  Score.diagonal({ components }),
  Score.tiedDiagonal({ components }),
  Score.isotropic({ components }),
  Score.tiedIsotropic({ components })
]

const familyOf = (score: Score.Score<string>): Score.Family<string> =>
  pipe(
    Score.interpret(score).family,
    O.getOrElse((): Score.Family<string> => {
      throw new Error('no family')
    })
  )

const start = (score: Score.Score<string>): Params.Params<string> =>
  Problem.orThrow(pipe(Initializer.kMeansPlusPlus, Initializer.interpret(score, points)))(Key.fromSeed(2))

const descent = (score: Score.Score<string>, rate: number, steps: number): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(start(score)),
    stages: [
      Stage.descend({
        objective: Objective.likelihood,
        optimizer: Optimizer.chain(
          NaturalGradient.natural({ score, varianceFloor: floor }),
          Optimizer.scaleByRate(rate)
        ),
        steps
      })
    ]
  })

const reached = (pipeline: Pipeline.Pipeline<string>): Params.Params<string> =>
  Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(3)).params

describe('NaturalGradient.natural', () => {
  it.each(scores.map(score => [score._tag, score] as const))(
    '%s: at rate 1 it is expectation–maximization',
    (_, score) => {
      const step = ExpectationMaximization.step(familyOf(score), floor, points)
      const em = Array.from({ length: 10 }).reduce<Params.Params<string>>(params => step(params).params, start(score))
      const natural = reached(descent(score, 1, 10))
      Params.names(em).forEach(name => {
        // Logits say the same whatever is added to all of them.
        const shift = name === 'logits' ? natural[name].values[0] - em[name].values[0] : 0
        em[name].values.forEach((x, at) => {
          // Sums of 300 rows, and ten steps that hand their rounding on.
          expect(Math.abs(natural[name].values[at] - shift - x)).toBeLessThan(1e-10 * Math.max(1, Math.abs(x)))
        })
      })
    }
  )

  it.each(scores.map(score => [score._tag, score] as const))(
    '%s: a smaller rate goes that part of the way, and there',
    (_, score) => {
      const from = start(score)
      const [whole, half] = [1, 0.5].map(rate => reached(descent(score, rate, 1)))
      Params.names(from).forEach(name => {
        from[name].values.forEach((x, at) => {
          expect(half[name].values[at]).toBeCloseTo((x + whole[name].values[at]) / 2, 12)
        })
      })
      const loss = ExpectationMaximization.loss(familyOf(score), points)
      const path = [0, 1, 2, 4, 8, 200].map(steps => loss(reached(descent(score, 0.5, steps))))
      path.slice(1).forEach((value, i) => {
        expect(value).toBeLessThanOrEqual(path[i] + 1e-12)
      })
      // Half the rate is about twice the steps: 200 of them are further than 50 whole ones, and no further than 200.
      const [some, most] = [50, 200].map(steps => loss(reached(descent(score, 1, steps))))
      expect(path[5]).toBeLessThanOrEqual(some + 1e-9)
      expect(path[5]).toBeGreaterThanOrEqual(most - 1e-9)
    }
  )

  it('is refused for a family that a gradient does not say, and for parameters of another score', () => {
    const refused = (score: Score.Score<string>, of: Score.Score<string>): string =>
      pipe(
        Compile.pipeline({
          ...descent(score, 1, 1),
          stages: [
            Stage.descend({
              objective: Objective.likelihood,
              optimizer: Optimizer.chain(NaturalGradient.natural({ score: of }), Optimizer.scaleByRate(1)),
              steps: 1
            })
          ]
        })(points),
        E.match(
          problems => problems.map(Problem.show).join('; '),
          () => ''
        )
      )
    const lowRank = Score.lowRank({ components, rank: 1 })
    expect(refused(lowRank, lowRank)).toMatch(/of a family whose M-step a gradient says/)
    expect(refused(scores[0], scores[1])).toMatch(/of the score that is learned; give it the same score/)
  })

  it('is stored and read in the words of a vocabulary', () => {
    const pipeline = descent(scores[0], 0.5, 3)
    const codec = Pipeline.codec(Vocabulary.extend(Vocabulary.standard, [NaturalGradient.natural]))
    const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(pipeline))))
    expect(E.isRight(read) && Pipeline.show(read.right)).toBe(Pipeline.show(pipeline))
  })
})
