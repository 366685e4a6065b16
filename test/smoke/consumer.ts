/** A program of a user: type-checked and run against the packed package, in plain Node. */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Expectation, Mixture, Objective, Params, type Points, Schedule, Score, NoiseLevels } from 'ornstein'
import { add, Key, mean, sqrt, square, sub } from 'ornstein/float64'

const key: Key.Key = Key.fromSeed(7)
const points: Points.Points = pipe(Mixture.symmetricPair([0.6, 0.8]), Mixture.sample(100)(key))
const params = Params.of({ mean: [1, 0] })

const pseudoHuber = Objective.custom('pseudo-Huber', NoiseLevels.at(0.3), ({ score, target }) =>
  mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
)

for (const objective of [Objective.denoising(NoiseLevels.at(0.3)), pseudoHuber]) {
  const value: number = pipe(
    points,
    Compile.valueAndGrad({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.symmetricPair,
      objective,
      expectation: Expectation.monteCarlo({})
    }),
    Either.match(
      () => NaN,
      valueAndGrad => valueAndGrad(params, key).value
    )
  )
  if (!Number.isFinite(value)) throw new Error('no value')
}
