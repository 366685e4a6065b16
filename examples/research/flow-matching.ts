/** Flow matching between rows and noise that optimal transport joins, batch by batch: its paths are nearly straight (Tong et al. 2023, arXiv 2302.00482). */
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
  NoiseLevels
} from 'ornstein'
import { add, mul, square, sub, sum } from 'ornstein/float64'
import { fromTruth, type Program } from './program.js'

export const schedule = Schedule.rectifiedFlow
const embedding = Net.sinusoidal(4, { of: 'angle' })
const net = Net.mlp({ hidden: [64, 64], embedding, heads: { velocity: Net.output() } })
export const score = Score.network(net, { heads: { velocity: Parametrization.flow } })

/** E|u(x_t, t) − (y − x)|² on the line from a row to its partner. */
const straight = Objective.seeing(score)(({ clean, partner, level, headsAt }) => {
  const between = add(mul(level.alpha, clean), mul(level.sigma, partner))
  return sum(square(sub(headsAt(between, level).velocity, sub(partner, clean))), 1)
})
export const objective = Objective.custom('flow matching', NoiseLevels.uniform(0, 1), straight, { bounded: true })
const pipelineOf = (steps: number) => {
  const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 5e-3, steps }) })
  const stages = [Stage.descend({ objective, optimizer, steps, batch: 128 })]
  return Pipeline.of({ schedule, score, initializer: Initializer.networkDefault, stages })
}
const coupled = Source.coupled(Source.optimalTransport)

// —— check: of columns that are independent optimal transport is a map of quantiles, column by column ——

const columns = [
  Mixture.of({ means: [[-2], [2]], weights: [0.4, 0.6], variances: [0.1, 0.3] }),
  Mixture.of({ means: [[-1], [1.5]], weights: [0.5, 0.5], variances: [0.2, 0.1] })
]
const pairs = [0, 1].flatMap(i => [0, 1].map(j => [i, j]))
const truth = Mixture.of({
  means: pairs.map(pair => pair.map((k, j) => columns[j].means.values[k])),
  weights: pairs.map(([i, j]) => [0.4, 0.6][i] * [0.5, 0.5][j]),
  variances: pairs.map(pair => pair.map((k, j) => columns[j].variances[k]))
})
const standard = Mixture.of({ means: [[0]] })
const normal = (rows: number, seed: number): Points.Points => ({
  rows,
  dim: 2,
  values: Key.normal(2 * rows)(Key.fromSeed(seed))
})
const levels = Array.from({ length: 500 }, (_, i) => (i + 0.5) / 500)
/** W₂², the least mean of |y − x|². */
const least = columns
  .map(column => levels.reduce((sum, q) => sum + (Mixture.quantile(q)(column) - Mixture.quantile(q)(standard)) ** 2, 0))
  .reduce((sum, all) => sum + all / levels.length, 0)

export const program: Program = {
  title: 'Flow matching by optimal transport (arXiv 2302.00482)',
  run: effort => {
    const paired = Source.drawn({ rows: 128, key: Key.fromSeed(1) })(rows => key => {
      const keys = Key.named('rows', 'noise')(key)
      return { ...Mixture.sample(rows)(keys.rows)(truth), partner: Key.normal(2 * rows)(keys.noise) }
    })
    const compiled = Problem.orThrow(Compile.pipeline(pipelineOf(Math.round(2000 * effort)))(coupled(paired)))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    /** From noise to rows: where each step leads. */
    const path = (noise: Points.Points, steps: number): ReadonlyArray<Points.Points> => {
      const along = Problem.orThrow(Sampler.integrateVelocity({ by: Sampler.heun, from: 1, to: 0, steps }))
      return Array.from(along(Sampler.headVelocity(score, schedule, params, 'velocity'))(noise), ({ points }) => points)
    }
    const noise = normal(2000, 3)
    const truly = [4, 5].map(seed => Mixture.sample(2000)(Key.fromSeed(seed))(truth))
    const one = path(noise, 1)[1]
    const many = path(noise, 20)
    /** ∫|dx/dt|² dt, the mean over the points. */
    const energy = many.slice(1).reduce((sum, { values }, i) => {
      const before = many[i].values
      return sum + (20 * values.reduce((all, x, k) => all + (x - before[k]) ** 2, 0)) / noise.rows
    }, 0)
    return {
      plan: Compile.explain(compiled),
      checks: [
        {
          what: 'energy of the paths, at least W₂²',
          found: energy,
          wanted: least,
          within: (effort < 1 ? 0.3 : 0.1) * least,
          by: 'quantiles'
        },
        fromTruth('energy distance after one step', one, truly, effort < 1 ? 0.5 : 0.05),
        fromTruth('energy distance after 20 steps', many[20], truly, effort < 1 ? 0.5 : 0.03)
      ],
      picture: Picture.samples(truly[0], many[20])
    }
  }
}
