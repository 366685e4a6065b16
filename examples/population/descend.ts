/** A population stands where points stand: the same pipeline on a sample, and on what it is a sample of. */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'

const truth = Mixture.of({ means: [[-2], [2]], weights: [0.3, 0.7] })
const pipeline = Pipeline.of({
  schedule: Schedule.ornsteinUhlenbeck,
  score: Score.isotropic({ components: 2 }),
  initializer: Initializer.values(Params.of({ means: [[-1], [1]], logits: [0, 0], logVariances: [0, 0] })),
  stages: [
    Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(0.3)),
      optimizer: Optimizer.adam({ rate: 0.05 }),
      steps: 600
    })
  ]
})
export const centres = [Mixture.sample(2000)(Key.fromSeed(1))(truth), Population.of(truth)].map(data => {
  const program = pipe(data, Compile.pipeline(pipeline), Problem.orThrow)
  const { params } = Run.last(program)(Key.fromSeed(0))
  return [...params.means.values].sort((a, b) => a - b)
})
console.log(`on 2000 points: ${centres[0].map(c => c.toFixed(4)).join(' ')}`)
console.log(`on the population: ${centres[1].map(c => c.toFixed(4)).join(' ')}`)
