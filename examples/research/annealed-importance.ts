/**
 * Annealed importance sampling of a normalising constant (Neal 1998, arXiv physics/9803008) by Langevin moves, whose kernels' ratio makes up
 * for that they are not adjusted (Thin et al. 2021, arXiv 2106.15921): the mean of the weights is Z, however few the levels.
 */
import { Guidance, Key, Mixture, Picture, type Points, Sampler, Schedule } from 'ornstein'
import type { Program } from './program.js'

const means = [
  [-4, 0],
  [3, 3],
  [2, -4]
]
const truth = Mixture.of({ means, weights: [0.5, 0.3, 0.2], variances: [0.5, 0.3, 1] })
/** What is known is f₁ = e³ p, and points come from f₀, wide. */
const LOG_Z = 3
const wide = Mixture.of({ means: [[0, 0]], variances: [9] })
const [first, last] = [wide, truth].map(mixture => Sampler.exact(mixture, Schedule.ornsteinUhlenbeck))

interface Walk {
  readonly points: Points.Points
  readonly log: Float64Array
}

/** x ← x + δ ∇log f₀^{1−β} f₁^β + √(2δ) z, and log of how likely the step is back, less how likely it was forth. */
const step =
  (beta: number, delta: number, key: Key.Key) =>
  ({ points, log }: Walk): Walk => {
    const score = Guidance.combine([1 - beta, first], [beta, last])
    const z = Key.normal(points.values.length)(key)
    const moves = score(points, 0).values.map((s, i) => delta * s + Math.sqrt(2 * delta) * z[i])
    const next = { ...points, values: points.values.map((x, i) => x + moves[i]) }
    const ahead = score(next, 0).values
    const ratio = moves.map((d, i) => z[i] ** 2 / 2 - (d + delta * ahead[i]) ** 2 / (4 * delta))
    return { points: next, log: log.map((l, i) => l + ratio[2 * i] + ratio[2 * i + 1]) }
  }
/** log f₁(x_K) − log f₀(x_0) + Σ_k the ratios of the steps. */
const walk = (rows: number, levels: number, key: Key.Key): Walk => {
  const points = Mixture.sample(rows)(Key.child(0)(key))(wide)
  const log = Mixture.logDensity(points)(wide).map(l => LOG_Z - l)
  const end = Array.from({ length: levels }, (_, k) => k + 1).reduce<Walk>(
    (at, k) => step(k / levels, 0.1, Key.child(k)(key))(at),
    { points, log }
  )
  const after = Mixture.logDensity(end.points)(truth)
  return { points: end.points, log: end.log.map((l, i) => l + after[i]) }
}

// —— check ——

/** The logarithm of the mean of the weights, its standard error, and the share of the rows that count. */
const summary = (logs: Float64Array) => {
  const top = Math.max(...logs)
  const weights = logs.map(l => Math.exp(l - top))
  const [sum, squares] = [1, 2].map(p => weights.reduce((all, w) => all + w ** p, 0))
  const share = (sum * sum) / squares / logs.length
  return { logZ: top + Math.log(sum / logs.length), error: Math.sqrt((1 / share - 1) / logs.length), share }
}

export const program: Program = {
  title: 'Annealed importance sampling of a normalising constant (arXiv physics/9803008)',
  run: effort => {
    const rows = Math.round(4000 * effort)
    const levels = [0, 16, 128].map(count => Math.ceil(count * Math.sqrt(effort)))
    const [none, few, many] = levels.map((count, i) => walk(rows, count, Key.fromSeed(i)))
    const [plain, coarse, fine] = [none, few, many].map(({ log }) => summary(log))
    return {
      plan: 'by closed form: scores and densities of mixtures',
      checks: [
        ...[plain, coarse, fine].map(({ logZ, error }, i) => ({
          what: `log Z by ${levels[i]} levels`,
          found: logZ,
          wanted: LOG_Z,
          within: 4 * error,
          by: 'closed form'
        })),
        {
          what: 'min(0, effective sample size of the most levels − that of the fewest)',
          found: Math.min(0, fine.share - plain.share),
          wanted: 0,
          within: 0,
          by: 'it rises with the levels'
        }
      ],
      picture: Picture.samples(Mixture.sample(rows)(Key.fromSeed(9))(truth), many.points)
    }
  }
}
