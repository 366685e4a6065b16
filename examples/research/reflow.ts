/** Rectified flow, and reflow on the pairs that it makes: one step then goes as far (Liu et al. 2022, arXiv 2209.03003). */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  type Params,
  Picture,
  Pipeline,
  Points,
  Problem,
  Rate,
  Run,
  Sampler,
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels
} from 'ornstein'
import { add, mul, square, sub, sum } from 'ornstein/float64'
import type { Program } from './program.js'

export const schedule = Schedule.rectifiedFlow
const embedding = Net.sinusoidal(4, { of: 'angle' })
const net = Net.mlp({ hidden: [32, 32], embedding, heads: { velocity: Net.output() } })
export const score = Score.network(net, { heads: { velocity: Parametrization.flow } })
const times = NoiseLevels.uniform(0, 1)

/** E|u(x_t, t) − (z − x)|² on the line between a sample x and the noise z that it came from. */
const straight = Objective.seeing(score)(({ clean, partner, level, headsAt }) => {
  const between = add(mul(level.alpha, clean), mul(level.sigma, partner))
  return sum(square(sub(headsAt(between, level).velocity, sub(partner, clean))), 1)
})
const rectified = Objective.denoising(times, Parametrization.flow)
export const again = Objective.custom('reflow', times, straight, { bounded: true })
const pipelineOf = (objective: Objective.Objective, initializer: Initializer.Initializer, steps: number) => {
  const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 5e-3, steps }) })
  return Pipeline.of({
    schedule,
    score,
    initializer,
    stages: [Stage.descend({ objective, optimizer, steps, batch: 256 })]
  })
}
/** From noise at t = 1 to data at 0 along the velocity, in so many steps of Euler's. */
const carried = (params: Weights, noise: Points.Points, steps: number): Points.Points => {
  const along = Problem.orThrow(Sampler.integrateVelocity({ by: Sampler.euler, from: 1, to: 0, steps }))
  return [...along(Sampler.headVelocity(score, schedule, params, 'velocity'))(noise)][steps].points
}

// —— check: in one dimension the flow is the map of quantiles, F⁻¹(Φ(z)) ——

type Weights = typeof score extends Score.Score<infer P> ? Params.Params<P> : never

const truth = Mixture.of({ means: [[-2], [1]], weights: [0.4, 0.6], variances: [0.25, 0.5] })
const noiseOf = (rows: number, seed: number): Points.Points => ({
  rows,
  dim: 1,
  values: Key.normal(rows)(Key.fromSeed(seed))
})
const standard = Mixture.of({ means: [[0]] })
const levels = Array.from({ length: 41 }, (_, i) => 0.02 + (0.96 * i) / 40)
const quantiles = (mixture: Mixture.Mixture): Points.Points => ({
  rows: levels.length,
  dim: 1,
  values: Float64Array.from(levels, q => Mixture.quantile(q)(mixture))
})

export const program: Program = {
  title: 'Rectified flow and reflow (arXiv 2209.03003)',
  run: effort => {
    const steps = Math.round(2000 * effort)
    const data = Source.drawn({ rows: 256, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
    const flow = Problem.orThrow(Compile.pipeline(pipelineOf(rectified, Initializer.networkDefault, steps))(data))
    const first = Run.last(flow)(Key.fromSeed(2)).params
    const noise = noiseOf(4000, 3)
    const pairs = Problem.orThrow(pipe(carried(first, noise, 100), Points.paired(noise)))
    const reflow = Problem.orThrow(Compile.pipeline(pipelineOf(again, Initializer.values(first), steps))(pairs))
    const second = Run.last(reflow)(Key.fromSeed(3)).params
    const from = quantiles(standard)
    const wanted = quantiles(truth)
    const off = (found: Points.Points): number =>
      Math.sqrt(found.values.reduce((total, x, i) => total + (x - wanted.values[i]) ** 2, 0) / levels.length)
    const spread = Math.sqrt(wanted.values.reduce((total, x) => total + (x - -0.2) ** 2, 0) / levels.length)
    return {
      plan: Compile.explain(reflow),
      checks: [
        {
          what: 'error of 100 steps of the first flow',
          found: off(carried(first, from, 100)),
          wanted: 0,
          within: effort < 1 ? 0.6 : 0.15,
          by: 'quantiles'
        },
        {
          what: 'error of one step of the first flow, which leads to the mean',
          found: off(carried(first, from, 1)),
          wanted: spread,
          within: effort < 1 ? 0.4 : 0.1,
          by: 'quantiles'
        },
        {
          what: 'error of one step after reflow',
          found: off(carried(second, from, 1)),
          wanted: 0,
          within: effort < 1 ? 0.8 : 0.2,
          by: 'quantiles'
        }
      ],
      picture: Picture.samples(Mixture.sample(2000)(Key.fromSeed(4))(truth), carried(second, noiseOf(2000, 5), 1))
    }
  }
}
