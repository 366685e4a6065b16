/** Swapping parts is a loop over values: every cell of the table runs, or says precisely why not. */
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
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'

const truth = Mixture.symmetricPair([1.2, 0.9, 0])
const { data, run } = pipe(Key.fromSeed(3), Key.named('data', 'run'))
const points = Mixture.sample(2000)(data)(truth)

const objective = Objective.denoising(NoiseLevels.at(0.5))
const wrongShape = Initializer.values(Params.of({ mean: [1, 2] }))

for (const expectation of [Expectation.quadrature(), Expectation.projected({ antithetic: true })])
  for (const optimizer of [Optimizer.gradientDescent({ rate: 0.5 }), Optimizer.adam({ rate: 0.05 })])
    for (const initializer of [Initializer.gaussian({ scale: 1 }), Initializer.spectral, wrongShape]) {
      const outcome = pipe(
        points,
        Compile.pipeline(
          Pipeline.of({
            schedule: Schedule.ornsteinUhlenbeck,
            score: Score.symmetricPair,
            initializer,
            stages: [Stage.descend({ objective, expectation, optimizer, steps: 200 })]
          })
        ),
        E.match(
          problems => problems.map(Problem.show).join('\n'),
          program => `error ${Metric.centreError(Run.last(program)(run).params, truth).toFixed(3)}`
        )
      )
      const cell = [Expectation.show(expectation), Optimizer.show(optimizer), Initializer.show(initializer)]
      console.log(`${cell.join('\n  ')}\n    ${outcome}`)
    }
