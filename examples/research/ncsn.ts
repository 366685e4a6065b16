/**
 * A noise-conditional score and annealed Langevin dynamics: one network for ten geometric noise levels, and moves at each of them in turn (Song &
 * Ermon 2019, arXiv 1907.05600).
 */
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Picture,
  Pipeline,
  type Points,
  Problem,
  Rate,
  Run,
  Sampler,
  Schedule,
  Score,
  Source,
  Stage,
  TimeGrid,
  NoiseLevels
} from 'ornstein'
import { fromTruth, type Program } from './program.js'

/** σ_t = t: a time is the level itself. */
const schedule = Schedule.edm
const levels = Array.from({ length: 10 }, (_, i) => 10 * 0.01 ** (i / 9))
const score = Score.network(Net.mlp({ hidden: [64, 64] }), { predicts: Parametrization.noise })
/** Σ σ² E|s + z/σ|² over the levels. */
const objective = Objective.denoising(NoiseLevels.oneOf(levels), Parametrization.noise)
const pipelineOf = (steps: number) => {
  const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 5e-3, steps }) })
  const stages = [Stage.descend({ objective, optimizer, steps, batch: 256 })]
  return Pipeline.of({ schedule, score, initializer: Initializer.networkDefault, stages })
}
const sampler = Problem.orThrow(
  Sampler.compile({
    sampler: Sampler.annealedLangevin({ moves: 30, snr: 0.16 }),
    grid: TimeGrid.listed(levels),
    schedule
  })
)

// —— check: a sample of the truth, and the score of the truth itself by the same moves ——

const means = [
  [-4, 0],
  [3, 3],
  [2, -4]
]
const truth = Mixture.of({ means, weights: [0.5, 0.3, 0.2], variances: [0.5, 0.3, 1] })

export const program: Program = {
  title: 'A noise-conditional score and annealed Langevin dynamics (arXiv 1907.05600)',
  run: effort => {
    const rows = Math.round(1000 * Math.sqrt(effort))
    const data = Source.drawn({ rows: 256, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
    const compiled = Problem.orThrow(Compile.pipeline(pipelineOf(Math.round(3000 * effort)))(data))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    const truly = [3, 4].map(seed => Mixture.sample(rows)(Key.fromSeed(seed))(truth))
    const sampled = (by: Sampler.ScoreFunction): Points.Points => Sampler.sample(sampler)(by)(rows, 2)(Key.fromSeed(5))
    const learned = sampled(Sampler.learned(score, schedule, params))
    const exact = sampled(Sampler.exact(truth, schedule))
    return {
      plan: Compile.explain(compiled),
      checks: [
        fromTruth('energy distance of samples by the learned score', learned, truly, effort < 1 ? 0.4 : 0.03),
        fromTruth('energy distance of samples by the true score', exact, truly, effort < 1 ? 0.1 : 0.03)
      ],
      picture: Picture.samples(truly[0], learned)
    }
  }
}
