/**
 * A learned noise schedule (Kingma et al. 2021, arXiv 2107.00630): the mean of the diffusion loss is the same by every way from one
 * signal-to-noise ratio to another, its variance is not, and the way is learned by which it is least.
 */
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Rate,
  Run,
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels
} from 'ornstein'
import {
  add,
  concat,
  div,
  Elementary,
  exp,
  matMul,
  mul,
  neg,
  reshape,
  softmax,
  sqrt,
  square,
  sum,
  type Tensor
} from 'ornstein/float64'
import type { Program } from './program.js'

const schedule = Schedule.ornsteinUhlenbeck
const pieces = 16
const FROM = -6
const TO = 6
const known = Score.isotropic({ components: 2 })
const start = Params.of({ logits: Array.from({ length: pieces }, () => 0) })
/** The denoiser is known, and the schedule alone has parameters. */
const scoreOf = (model: Params.Params<'means' | 'logits' | 'logVariances'>) =>
  Score.custom({
    name: 'known',
    shapes: () => ({ logits: [pieces] }),
    apply: (_, x, level) => Score.interpret(known).score(Score.tensors(model), x, level)
  })
type Row = Objective.Row<'logits'>

/** γ = −log(α²/σ²), which rises from t = 0 to 1 along so many lines, each as steep as its share says, and dγ/dt. */
const way = ({ params, ofTime }: Row) => {
  const shares = mul(TO - FROM, reshape(softmax(params.logits), [pieces, 1]))
  const each = (f: (along: number) => number): Tensor =>
    concat(
      Array.from(start.logits.values, (_, k) => ofTime(t => f(pieces * t - k))),
      1
    )
  const passed = each(along => Math.min(1, Math.max(0, along)))
  const within = each(along => (along >= 0 && along < 1 ? pieces : 0))
  return { gamma: add(FROM, matMul(passed, shares)), slope: matMul(within, shares) }
}
/** ℓ = ½ γ′ |z − ẑ(x_t)|² */
const loss = (row: Row): Tensor => {
  const { gamma, slope } = way(row)
  const alpha = sqrt(div(1, add(1, exp(gamma))))
  const sigma = sqrt(div(1, add(1, exp(neg(gamma)))))
  const noisy = add(mul(alpha, row.clean), mul(sigma, row.noise))
  const off = add(row.noise, mul(sigma, row.scoreAt(noisy, { alpha, sigma })))
  return mul(mul(0.5, slope), sum(square(off), 1, true))
}
const times = NoiseLevels.uniform(0, 1)
const bound = Objective.custom('diffusion loss', times, loss, { bounded: true })
/** E ℓ², which is Var ℓ and what no schedule changes. */
const second = Objective.custom('its square', times, (row: Row) => square(loss(row)), { bounded: true })

// —— check: the mean is a difference of entropies, and the least second moment that of slopes as 1/√q ——

const truth = Mixture.of({ means: [[-1], [2]], weights: [0.4, 0.6], variances: [0.05, 0.2] })
const model = Problem.orThrow(Score.fromMixture(known)(truth))
const levelOf = (gamma: number): Schedule.Level => ({
  alpha: 1 / Math.sqrt(1 + Elementary.exp(gamma)),
  sigma: 1 / Math.sqrt(1 + Elementary.exp(-gamma))
})
const spacing = 0.005
const grid = { rows: 3201, dim: 1, values: Float64Array.from({ length: 3201 }, (_, i) => spacing * (i - 1600)) }
const integral = (f: (row: number) => number): number => spacing * grid.values.reduce((sum, _, i) => sum + f(i), 0)
/** What x_t tells of x_0: h(x_t) − h(σz), of which ½ E|z − ẑ|² is the slope in −γ (Guo, Shamai & Verdú 2005). */
const information = (gamma: number): number => {
  const log = Mixture.logDensity(grid)(Mixture.diffuse(levelOf(gamma))(truth))
  const gaussian = (1 + Elementary.log(2 * Math.PI * levelOf(gamma).sigma ** 2)) / 2
  return -integral(i => Elementary.exp(log[i]) * log[i]) - gaussian
}
/** q = ¼ E|z − ẑ|⁴: of a component z is normal where x_t is known. */
const fourth = (gamma: number): number => {
  const { alpha, sigma } = levelOf(gamma)
  const noised = Mixture.diffuse({ alpha, sigma })(truth)
  const log = Mixture.logDensity(grid)(noised)
  const shares = Mixture.responsibilities(grid)(noised).values
  const score = Mixture.score(grid)(noised).values
  return integral(i => {
    const each = [0, 1].map(k => {
      const variance = noised.variances[k]
      const off = (sigma * (grid.values[i] - noised.means.values[k])) / variance + sigma * score[i]
      const rest = 1 - sigma ** 2 / variance
      return shares[2 * i + k] * (off ** 4 + 6 * off ** 2 * rest + 3 * rest ** 2)
    })
    return (Elementary.exp(log[i]) * (each[0] + each[1])) / 4
  })
}
const mean = information(FROM) - information(TO)
const gammas = Array.from({ length: 200 }, (_, i) => FROM + ((TO - FROM) * (i + 0.5)) / 200)
const quarters = gammas.map(fourth)
const average = (values: ReadonlyArray<number>): number => values.reduce((sum, v) => sum + v / values.length, 0)
/** Var ℓ of a line, and the least of all ways: E ℓ² = ∫ γ′² q dt is at least (∫ √q dγ)². */
const straight = (TO - FROM) ** 2 * average(quarters) - mean ** 2
const least = ((TO - FROM) * average(quarters.map(Math.sqrt))) ** 2 - mean ** 2

export const program: Program = {
  title: 'A learned noise schedule against its quadrature (arXiv 2107.00630)',
  run: effort => {
    const score = scoreOf(model)
    const steps = Math.round(1000 * Math.sqrt(effort))
    const optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 0.1, steps }) })
    const stages = [Stage.descend({ objective: second, optimizer, steps, batch: 512 })]
    const data = Source.drawn({ rows: 512, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
    const pipeline = Pipeline.of({ schedule, score, initializer: Initializer.values(start), stages })
    const compiled = Problem.orThrow(Compile.pipeline(pipeline)(data))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    const rows = 160_000
    const points = Mixture.sample(rows)(Key.fromSeed(3))(truth)
    const [first, squares] = [bound, second].map(objective =>
      Problem.orThrow(
        Compile.valueAndGrad({ schedule, score, objective, expectation: Expectation.monteCarlo() })(points)
      )
    )
    return {
      plan: Compile.explain(compiled),
      checks: [start, params].flatMap((at, i) => {
        const found = first(at, Key.fromSeed(4)).value
        const variance = squares(at, Key.fromSeed(4)).value - found ** 2
        const by = ['a line', 'the learned schedule'][i]
        return [
          {
            what: `mean of the loss by ${by}`,
            found,
            wanted: mean,
            within: 4 * Math.sqrt(straight / rows),
            by: 'entropies'
          },
          {
            what: `its variance relative to that of a line, by ${by}`,
            found: variance / straight,
            wanted: [1, least / straight][i],
            within: effort < 1 ? 0.15 : 0.1,
            by: 'quadrature'
          }
        ]
      })
    }
  }
}
