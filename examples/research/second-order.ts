/** The score and the trace of its derivative, by two heads: second-order denoising score matching (Lu et al. 2022, arXiv 2206.08265). */
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
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels
} from 'ornstein'
import { square, stopGradient, sub, sum } from 'ornstein/float64'
import type { Program } from './program.js'

export const schedule = Schedule.ornsteinUhlenbeck
const times = NoiseLevels.uniform(0.1, 2)
const net = Net.mlp({ hidden: [64, 64], heads: { noise: Net.output(), trace: Net.linear(1) } })
export const score = Score.network(net, { heads: { noise: Parametrization.noise } })

/** σ² tr ∇²log p(x_t) = E[|z − ẑ|² | x_t] − d, where ẑ = E[z | x_t] is what the other head says, and counts as constant. */
export const trace = Objective.custom(
  'trace',
  times,
  Objective.seeing(score)(({ heads, noise }) => {
    const unknown = square(sub(noise, stopGradient(heads.noise)))
    return square(sub(heads.trace, sum(sub(unknown, 1), 1, true)))
  }),
  { holdsConstant: true }
)
const both = Objective.sum([Objective.denoising(times, Parametrization.noise), Objective.weight(0.1)(trace)])
const optimizer = (steps: number) => Optimizer.adam({ rate: Rate.cosine({ rate: 5e-3, steps }) })

const pipelineOf = (steps: number) =>
  Pipeline.of({
    schedule,
    score,
    initializer: Initializer.networkDefault,
    stages: [Stage.descend({ objective: both, optimizer: optimizer(steps), steps, batch: 256 })]
  })

// —— check: of a mixture the trace is known, and with it the likelihood along the probability flow ——

const truth = Mixture.of({
  means: [
    [-1.5, 0],
    [1.5, 0.5]
  ],
  weights: [0.4, 0.6],
  variances: [
    [0.3, 1],
    [0.5, 0.2]
  ]
})
const at = (time: number): Mixture.Mixture => Mixture.diffuse(Schedule.level(time)(schedule))(truth)

export const program: Program = {
  title: 'The score and its trace by two heads: second-order score matching (arXiv 2206.08265)',
  run: effort => {
    const data = Source.drawn({ rows: 256, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
    const compiled = Problem.orThrow(Compile.pipeline(pipelineOf(Math.round(3000 * effort)))(data))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    const heads = Score.heads(score, schedule)(params)
    const traces = (time: number, points: Points.Points): Float64Array => {
      const { sigma } = Schedule.level(time)(schedule)
      return heads(time)(points).trace.values.map(trace => trace / sigma ** 2)
    }
    /** dx/dt = −x − s and d log p/dt = d + tr ∇²log p on the way, by the midpoint. */
    const flow = (points: Points.Points, [from, to]: readonly [number, number], steps: number) => {
      const h = (to - from) / steps
      const moved = (points: Points.Points, by: number, time: number, seen: Points.Points) => {
        const { sigma } = Schedule.level(time)(schedule)
        const { noise } = heads(time)(seen)
        return { ...points, values: points.values.map((x, i) => x - by * (seen.values[i] - noise.values[i] / sigma)) }
      }
      return Array.from({ length: steps }, (_, i) => from + i * h).reduce(
        ({ points, gained }, t) => {
          const middle = moved(points, h / 2, t, points)
          const grows = traces(t + h / 2, middle)
          return { points: moved(points, h, t + h / 2, middle), gained: gained.map((g, i) => g + h * (2 + grows[i])) }
        },
        { points, gained: new Float64Array(points.rows) }
      )
    }
    const start = Mixture.sample(1000)(Key.fromSeed(3))(at(0.1))
    const { points: end, gained } = flow(start, [0.1, 2], 40)
    const meanOf = (values: Float64Array): number => values.reduce((sum, v) => sum + v / values.length, 0)
    const found = Mixture.meanLogDensity(end)(at(2)) - meanOf(gained)
    const rows = [0.3, 0.6].map(time => {
      const points = Mixture.sample(1000)(Key.fromSeed(4))(at(time))
      const own = traces(time, points)
      const wanted = Mixture.divergence(points)(at(time))
      const spread = meanOf(wanted.map(w => (w - meanOf(wanted)) ** 2))
      return {
        what: `relative error of tr ∇²log p, as a share of its variance, t = ${time}`,
        found: meanOf(own.map((v, i) => (v - wanted[i]) ** 2)) / spread,
        wanted: 0,
        within: effort < 1 ? 0.95 : 0.25,
        by: 'closed form'
      }
    })
    return {
      plan: Compile.explain(compiled),
      checks: [
        ...rows,
        {
          what: 'mean log-likelihood along the flow by both heads',
          found,
          wanted: Mixture.meanLogDensity(start)(at(0.1)),
          within: effort < 1 ? 0.3 : 0.05,
          by: 'closed form'
        }
      ],
      picture: Picture.field(
        points => heads(0.2)(points).noise.values.map(z => -z / Schedule.level(0.2)(schedule).sigma),
        {
          x: [-3, 3],
          y: [-2.5, 2.5],
          title: 'The score that was learned, t = 0.2'
        }
      )
    }
  }
}
