/**
 * From one distribution to another, along x_t = (1 − t) x + t y + γ z with γ² = 2t(1 − t): the drift of the flow between them and the denoiser by two heads, so that
 * samples go by an ordinary or by a stochastic differential equation (Albergo, Boffi & Vanden-Eijnden 2023, arXiv 2303.08797).
 */
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

/** Of x_t less t y: α = 1 − t and σ = γ. */
export const schedule = Schedule.define({
  name: 'between',
  about: 'what a stochastic interpolant does to its first end',
  meaning: () => ({ until: 0.99, level: t => ({ alpha: 1 - t, sigma: Math.sqrt(2 * t * (1 - t)) }) })
})
const times = NoiseLevels.uniform(0.02, 0.98)
const net = Net.mlp({ hidden: [64, 64], heads: { drift: Net.output(), denoiser: Net.output() } })
const score = Score.network(net, { heads: { denoiser: Parametrization.noise } })
const slope = (t: number): number => (1 - 2 * t) / Math.sqrt(2 * t * (1 - t))

/** E|b − (y − x + γ′ z)|² + E|η − z|²: the score of x_t is −η/γ. */
const objective = Objective.custom(
  'interpolant',
  times,
  Objective.seeing(score)(({ clean, partner, noisy, noise, level, time, ofTime, headsAt }) => {
    const { drift, denoiser } = headsAt(add(noisy, mul(time, partner)), level)
    const speed = add(sub(partner, clean), mul(ofTime(slope), noise))
    return sum(add(square(sub(drift, speed)), square(sub(denoiser, noise))), 1)
  })
)
const pipelineOf = (steps: number) => {
  const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 5e-3, steps }) })
  const stages = [Stage.descend({ objective, optimizer, steps, batch: 256 })]
  return Pipeline.of({ schedule, score, initializer: Initializer.networkDefault, stages })
}

// —— check: between mixtures drift and score are known ——

const first = Mixture.of({
  means: [
    [-2, 0],
    [0, 1.5]
  ],
  weights: [0.5, 0.5],
  variances: [
    [0.1, 0.4],
    [0.3, 0.1]
  ]
})
const second = Mixture.of({
  means: [
    [1.5, -1.5],
    [3, 0],
    [1.5, 1.5]
  ],
  variances: [
    [0.1, 0.1],
    [0.2, 0.2],
    [0.1, 0.1]
  ]
})
const scaled = (by: number) =>
  Mixture.affine({
    matrix: [
      [by, 0],
      [0, by]
    ]
  })
const noiseOf = (variance: number) => Mixture.of({ means: [[0, 0]], variances: [[variance, variance]] })

/** The distribution of x_t. */
const at = (t: number): Mixture.Mixture =>
  pipe(first, scaled(1 - t), Mixture.convolve(scaled(t)(second)), Mixture.convolve(noiseOf(2 * t * (1 - t))))

/** E[x_t′ | x_t]: of each pair of components m_j − m_i + (t v_j − (1 − t) v_i + 1 − 2t)/v (x_t − m), v and m of x_t there. */
const driftOf = (t: number, points: Points.Points): Float64Array => {
  const mixture = at(t)
  const shares = Mixture.responsibilities(points)(mixture)
  const [from, to] = [first, second].map(Mixture.components)
  return points.values.map((x, place) => {
    const row = Math.floor(place / 2)
    const j = place % 2
    return Array.from({ length: from * to }, (_, pair) => {
      const a = 2 * Math.floor(pair / to) + j
      const b = 2 * (pair % to) + j
      const own = first.variances[a]
      const other = second.variances[b]
      const variance = (1 - t) ** 2 * own + t ** 2 * other + 2 * t * (1 - t)
      const mean = (1 - t) * first.means.values[a] + t * second.means.values[b]
      const grows = t * other - (1 - t) * own + 1 - 2 * t
      const speed = second.means.values[b] - first.means.values[a] + (grows / variance) * (x - mean)
      return shares.values[row * from * to + pair] * speed
    }).reduce((sum, v) => sum + v, 0)
  })
}

/** The share of a field that is missed. */
const missed = (found: Float64Array, wanted: Float64Array): number => {
  const squares = (values: Float64Array): number => values.reduce((sum, v) => sum + v * v, 0)
  return squares(found.map((v, i) => v - wanted[i])) / squares(wanted)
}

export const program: Program = {
  title: 'A stochastic interpolant with drift and denoiser (arXiv 2303.08797)',
  run: effort => {
    const data = Source.drawn({ rows: 256, key: Key.fromSeed(1) })(rows => key => {
      const keys = Key.named('from', 'to')(key)
      return { ...Mixture.sample(rows)(keys.from)(first), partner: Mixture.sample(rows)(keys.to)(second).values }
    })
    const compiled = Problem.orThrow(Compile.pipeline(pipelineOf(Math.round(4000 * effort)))(data))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    const heads = Score.heads(score, schedule)(params)
    /** From t = 0.02 to 0.98: dx = b dt, and dx = (b + ε s) dt + √(2ε) dW of the same distributions. */
    const carried = (start: Points.Points, steps: number, epsilon: number): Points.Points => {
      const noisy = { by: Sampler.euler, diffusion: { size: () => Math.sqrt(2 * epsilon), key: Key.fromSeed(5) } }
      const way = epsilon > 0 ? noisy : { by: Sampler.heun }
      const along = Problem.orThrow(Sampler.integrateVelocity({ ...way, from: 0.02, to: 0.98, steps }))
      const velocity: Sampler.VelocityFunction = (points, t) => {
        const { drift, denoiser } = heads(t)(points)
        const share = epsilon / Schedule.level(t)(schedule).sigma
        return { values: drift.values.map((b, k) => b - share * denoiser.values[k]) }
      }
      return [...along(velocity)(start)][steps].points
    }
    const start = Mixture.sample(1000)(Key.fromSeed(3))(at(0.02))
    const ends = [4, 6].map(seed => Mixture.sample(1000)(Key.fromSeed(seed))(at(0.98)))
    const arrived = [0, 0.5].map(epsilon => carried(start, 100, epsilon))
    const times = [0.25, 0.5, 0.75]
    const on = times.map(t => Mixture.sample(1000)(Key.fromSeed(7))(at(t)))
    const worst = (of: (t: number, points: Points.Points) => number): number =>
      Math.max(...times.map((t, i) => of(t, on[i])))
    return {
      plan: Compile.explain(compiled),
      checks: [
        {
          what: 'relative error of the drift, largest of t = ¼, ½, ¾',
          found: worst((t, points) => missed(heads(t)(points).drift.values, driftOf(t, points))),
          wanted: 0,
          within: effort < 1 ? 0.3 : 0.05,
          by: 'closed form'
        },
        {
          what: 'relative error of the denoiser',
          found: worst((t, points) => {
            const { sigma } = Schedule.level(t)(schedule)
            const wanted = Mixture.score(points)(at(t)).values.map(s => -sigma * s)
            return missed(heads(t)(points).denoiser.values, wanted)
          }),
          wanted: 0,
          within: effort < 1 ? 0.3 : 0.05,
          by: 'closed form'
        },
        ...arrived.map((points, i) => {
          const how = ['by the drift alone', 'with noise, ε = ½'][i]
          return fromTruth(`energy distance of samples ${how}`, points, ends, effort < 1 ? 0.2 : 0.03)
        })
      ],
      picture: Picture.samples(ends[0], arrived[1])
    }
  }
}
