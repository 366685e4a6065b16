/** The variance of each reverse step is learned beside the noise: iDDPM (Nichol & Dhariwal 2021, arXiv 2102.09672). */
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
import { add, div, Elementary, exp, mul, square, stopGradient, sub, sum } from 'ornstein/float64'
import type { Program } from './program.js'

export const schedule = Schedule.ornsteinUhlenbeck
const stride = 0.1
const times = NoiseLevels.uniform(0.2, 2)
const net = Net.mlp({ hidden: [32, 32], heads: { noise: Net.output(), share: Net.output() } })
export const score = Score.network(net, { heads: { noise: Parametrization.noise } })

/** Of the step from t to t − stride: log β̃ and log β, between which its variance lies, and how far a unit of noise moves its mean. */
const step = (time: number) => {
  const [now, then] = [time, time - stride].map(t => Schedule.level(t)(schedule))
  const beta = now.sigma ** 2 - ((now.alpha / then.alpha) * then.sigma) ** 2
  const least = (beta * then.sigma ** 2) / now.sigma ** 2
  const reach = (then.alpha * beta) / (now.sigma * now.alpha)
  return { least: Elementary.log(least), most: Elementary.log(beta), reach }
}

/** KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t)) of the variance alone: the mean counts as constant. */
const variational = Objective.seeing(score)(({ heads, noise, ofTime }) => {
  const [least, most, reach] = (['least', 'most', 'reach'] as const).map(name => ofTime(t => step(t)[name]))
  const logVariance = add(mul(heads.share, most), mul(sub(1, heads.share), least))
  const off = square(mul(reach, sub(stopGradient(heads.noise), noise)))
  return mul(0.5, sum(sub(add(sub(logVariance, least), div(add(exp(least), off), exp(logVariance))), 1), 1))
})
export const vlb = Objective.custom('L_vlb', times, variational, { holdsConstant: true })
const hybrid = Objective.sum([Objective.denoising(times, Parametrization.noise), Objective.weight(1e-3)(vlb)])

const pipelineOf = (steps: number) => {
  const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 3e-3, steps }) })
  const stages = [Stage.descend({ objective: hybrid, optimizer, steps, batch: 256 })]
  return Pipeline.of({ schedule, score, initializer: Initializer.networkDefault, stages })
}

// —— check: of normal data the variance of a reverse step is known ——

type Names = typeof score extends Score.Score<infer P> ? P : never

const variances = [0.04, 1]
const truth = Mixture.of({ means: [[0, 0]], variances: [variances] })

/** (log Var − log β̃)/(log β − log β̃) of data of a variance: β̃ + (how far the data behind x_t are known). */
const shareOf = (time: number, variance: number): number => {
  const { least, most, reach } = step(time)
  const { alpha, sigma } = Schedule.level(time)(schedule)
  // Var(z | x_t)
  const noise = (alpha ** 2 * variance) / (alpha ** 2 * variance + sigma ** 2)
  return (Elementary.log(Elementary.exp(least) + reach ** 2 * noise) - least) / (most - least)
}

/** Ancestral steps from noise with the learned mean and variance, or with the least. */
const descended = (params: Params.Params<Names>, learned: boolean): Points.Points => {
  const rows = 4000
  const start: Points.Points = { rows, dim: 2, values: Key.normal(2 * rows)(Key.fromSeed(5)) }
  return Array.from({ length: 18 }, (_, i) => 2 - i * stride).reduce((points, time, i) => {
    const { noise, share } = Score.heads(score, schedule)(params)(time)(points)
    const { least, most } = step(time)
    const [now, then] = [time, time - stride].map(t => Schedule.level(t)(schedule))
    const fresh = Key.normal(2 * rows)(pipe(Key.fromSeed(6), Key.child(i)))
    const values = points.values.map((x, at) => {
      const clean = (x - now.sigma * noise.values[at]) / now.alpha
      const mean =
        then.alpha * clean + ((now.alpha / then.alpha) * then.sigma ** 2 * (x - now.alpha * clean)) / now.sigma ** 2
      const ofMost = learned ? share.values[at] : 0
      return mean + Elementary.exp((ofMost * most + (1 - ofMost) * least) / 2) * fresh[at]
    })
    return { ...points, values }
  }, start)
}

export const program: Program = {
  title: 'A learned variance beside the noise: iDDPM (arXiv 2102.09672)',
  run: effort => {
    const data = Source.drawn({ rows: 256, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
    const compiled = Problem.orThrow(Compile.pipeline(pipelineOf(Math.round(2000 * effort)))(data))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    const at = [0.3, 0.6]
    const found = at.map(time => {
      const { alpha, sigma } = Schedule.level(time)(schedule)
      const noisy = pipe(truth, Mixture.diffuse({ alpha, sigma }), Mixture.sample(1000)(Key.fromSeed(3)))
      const { values } = Score.heads(score, schedule)(params)(time)(noisy).share
      return [0, 1].map(j => values.reduce((sum, v, i) => (i % 2 === j ? sum + v / 1000 : sum), 0))
    })
    return {
      plan: Compile.explain(compiled),
      checks: at.flatMap((time, i) =>
        variances.map((variance, j) => ({
          what: `share of log β at t = ${time}, variance ${variance}`,
          found: found[i][j],
          wanted: shareOf(time, variance),
          within: effort < 1 ? 0.3 : 0.05,
          by: 'closed form'
        }))
      ),
      picture: Picture.samples(descended(params, true), descended(params, false))
    }
  }
}
