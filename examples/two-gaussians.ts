/**
 * Two Gaussians from a random start, the first theorem of Shah, Chen & Klivans (2023): at high noise, gradient descent on
 * the DDPM objective finds the direction; at low noise, the length.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'

export const truth = Mixture.symmetricPair([0.6, 0.8, 0, 0])
const { data, run } = pipe(Key.fromSeed(7), Key.named('data', 'run'))

const stage = (time: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation: Expectation.quadrature(),
    optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
    steps
  })

export const points = Mixture.sample(20_000)(data)(truth)

export const learned = pipe(
  points,
  Compile.pipeline(
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.symmetricPair,
      initializer: Initializer.gaussian({ scale: 1 }),
      stages: [stage(1.5, 300), stage(0.1, 100)] // high noise finds the direction, low noise the length
    })
  ),
  E.map(program => Run.last(program)(run))
)

pipe(
  learned,
  E.match(
    problems => {
      console.error(problems.map(Problem.show).join('\n'))
    },
    ({ params }) => {
      console.log(`learned centre  ${Array.from(params.mean.values, value => value.toFixed(4)).join('  ')}`)
      console.log(`error           ${Metric.centreError(params, truth).toFixed(4)}`)
    }
  )
)
