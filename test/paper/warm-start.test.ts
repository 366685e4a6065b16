/** K Gaussians from a warm start: descent at constant noise ends near maximum likelihood. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  type Params,
  Pipeline,
  Rate,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../src/index.js'

/** Centres at the corners of a simplex, `separation` apart, in as many dimensions as components. */
const simplex = (components: number, separation: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: components }, (_, k) =>
    Array.from({ length: components }, (_, j) => (j === k ? separation / Math.SQRT2 : 0))
  )

const TIME = 0.1

describe.each([4, 8])('%i components', components => {
  const centres = simplex(components, 4)
  const truth = Mixture.of({ means: centres })
  const { data, run } = pipe(Key.fromSeed(5), Key.named('data', 'run'))
  const points = Mixture.sample(20_000)(data)(truth)
  const { alpha } = Schedule.level(TIME)(Schedule.ornsteinUhlenbeck)

  const learned = (initializer: Initializer.Initializer, stage: Stage.Stage): Params.Params<'means'> =>
    pipe(
      points,
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.spherical({ components }),
          initializer,
          stages: [stage]
        })
      ),
      E.match(
        () => {
          throw new Error('refused')
        },
        program => Run.last(program)(run).params
      )
    )

  it('ends within 1.1 times the error of maximum likelihood', () => {
    const descent = learned(
      Initializer.warmStart({ centres, radius: 1.6 }),
      Stage.descend({
        objective: Objective.denoising(TimeLaw.at(TIME)),
        expectation: Expectation.projected({ antithetic: true }),
        // In m = α · mean the step of expectation–maximization is K/2; falling, it averages the last steps' noise.
        optimizer: Optimizer.gradientDescent({
          rate: Rate.cosine({ rate: components / 2 / alpha ** 2, steps: 150 })
        }),
        steps: 150
      })
    )
    const likeliest = learned(
      Initializer.values(centres),
      Stage.expectationMaximization({ steps: 1000, relativeChange: 1e-12 })
    )
    const error = (params: Params.Params<'means'>): number => Metric.centreError(params, truth)
    expect(error(descent)).toBeLessThanOrEqual(1.1 * error(likeliest))
  })
})
