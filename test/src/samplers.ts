/** What the tests of samplers compare with: laws in closed form, and the bounds of samples of them. */
import { pipe } from 'fp-ts/lib/function.js'
import { erf } from '../../lib/numbers/elementary.js'
import { Problem, Sampler, Schedule, type Key, type Points } from '../../src/index.js'
import * as Mixture from '../../src/mixture/index.js'

const cosine = Schedule.custom({
  name: 'cosine',
  alpha: t => Math.cos((Math.PI / 2) * t),
  sigma: t => Math.sin((Math.PI / 2) * t),
  until: 1
})
const straight = Schedule.custom({ name: 'straight', alpha: t => 1 - t, sigma: t => t, until: 1 })
const exploding = Schedule.custom({ name: 'exploding', alpha: () => 1, sigma: t => t, until: 80 })

/** Schedules that keep the variance and that do not, each with a time of much noise. */
export const schedules: ReadonlyArray<{
  readonly name: string
  readonly schedule: Schedule.Schedule
  readonly from: number
}> = [
  { name: 'Ornstein–Uhlenbeck', schedule: Schedule.ornsteinUhlenbeck, from: 2 },
  { name: 'cosine', schedule: cosine, from: 0.9 },
  { name: 'straight', schedule: straight, from: 0.9 },
  { name: 'exploding', schedule: exploding, from: 8 }
]

/** The law of ⟨direction, x⟩, direction of length 1, as a mixture on the line. */
const along = (direction: ReadonlyArray<number>, { means, weights, variances }: Mixture.Mixture): Mixture.Mixture => ({
  means: {
    shape: [weights.length, 1],
    values: Float64Array.from(weights, (_, k) =>
      direction.reduce((sum, u, j) => sum + u * means.values[k * direction.length + j], 0)
    )
  },
  weights,
  variances,
  factors: null
})

/** P(X ≤ x) of a mixture on the line. */
export const cdf =
  ({ means, weights, variances }: Mixture.Mixture) =>
  (x: number): number =>
    weights.reduce((sum, w, k) => sum + (w * (1 + erf((x - means.values[k]) / Math.sqrt(2 * variances[k])))) / 2, 0)

/** The density of a mixture on the line. */
export const density =
  ({ means, weights, variances }: Mixture.Mixture) =>
  (x: number): number =>
    weights.reduce((sum, w, k) => {
      const v = variances[k]
      return sum + (w * Math.exp(-((x - means.values[k]) ** 2) / (2 * v))) / Math.sqrt(2 * Math.PI * v)
    }, 0)

/** The x with P(X ≤ x) = p, by halving. */
const quantile =
  (mixture: Mixture.Mixture) =>
  (p: number): number => {
    const below = cdf(mixture)
    let lo = -1e3
    let hi = 1e3
    for (let middle = 0; middle !== lo && middle !== hi; middle = lo + (hi - lo) / 2)
      if (below(middle) < p) lo = middle
      else hi = middle
    return lo
  }

/**
 * Where the probability flow of a mixture on the line carries a point: a flow on the line keeps the order of points, and
 * so the share of the mass to the left of each.
 */
export const carried =
  (from: Mixture.Mixture, to: Mixture.Mixture) =>
  (x: number): number =>
    quantile(to)(cdf(from)(x))

/** The mean and the covariance of a mixture, [dim] and [dim · dim]. */
const moments = (mixture: Mixture.Mixture): { readonly mean: Float64Array; readonly covariance: Float64Array } => {
  const { means, weights, variances } = mixture
  const d = Mixture.dimension(mixture)
  const sum = (f: (k: number) => number): number => weights.reduce((total, w, k) => total + w * f(k), 0)
  const mean = Float64Array.from({ length: d }, (_, j) => sum(k => means.values[k * d + j]))
  const covariance = Float64Array.from({ length: d * d }, (_, at) => {
    const i = Math.floor(at / d)
    const j = at % d
    return sum(
      k => (i === j ? variances[k] : 0) + (means.values[k * d + i] - mean[i]) * (means.values[k * d + j] - mean[j])
    )
  })
  return { mean, covariance }
}

const directions = [
  [1, 0],
  [0, 1],
  [Math.SQRT1_2, -Math.SQRT1_2]
]

/** Two-sided, of a normal number: exceeded with probability 2e-9. */
export const DEVIATIONS = 6

/** The largest distance of an empirical CDF of n points from the true one, exceeded with probability ≤ 2e-9 (Massart 1990). */
export const dkw = (n: number): number => Math.sqrt(Math.log(2 / 2e-9) / (2 * n))

/** 48 numbers over six deviations about the mean of a mixture on the line. */
const thresholds = (mixture: Mixture.Mixture): ReadonlyArray<number> => {
  const { mean, covariance } = moments(mixture)
  return Array.from({ length: 48 }, (_, i) => mean[0] + Math.sqrt(covariance[0]) * ((6 * (i + 0.5)) / 48 - 3))
}

/** How many of rising numbers are ≤ x. */
const count = (sorted: Float64Array, x: number): number => {
  let lo = 0
  let hi = sorted.length
  while (lo < hi) {
    const middle = (lo + hi) >> 1
    if (sorted[middle] <= x) lo = middle + 1
    else hi = middle
  }
  return lo
}

/** How far an empirical CDF is from the true one, at the thresholds. */
export const kolmogorov = (values: Float64Array, mixture: Mixture.Mixture): number => {
  const sorted = values.slice().sort()
  const below = cdf(mixture)
  return Math.max(...thresholds(mixture).map(x => Math.abs(count(sorted, x) / sorted.length - below(x))))
}

export interface Deviation {
  /** The worst |mean − truth| beyond the bound of sampling, as a share of the standard deviation. */
  readonly mean: number
  /** The worst |covariance − truth| beyond the bound of sampling, as a share of the product of standard deviations. */
  readonly covariance: number
  /** The worst distance of CDFs beyond the bound of sampling, along three directions. */
  readonly cdf: number
}

/** How far points in the plane are from a law, beyond what sampling explains: none is above 0 but for a bias. */
export const deviation = (points: Points.Points, law: Mixture.Mixture): Deviation => {
  const { rows, dim, values } = points
  const truth = moments(law)
  const deviations = truth.mean.map((_, j) => Math.sqrt(truth.covariance[j * dim + j]))
  const column = ([u, v]: ReadonlyArray<number>): Float64Array =>
    new Float64Array(rows).map((_, i) => u * values[i * dim] + v * values[i * dim + 1])
  const beyond = (xs: Float64Array, wanted: number): number => {
    const mean = xs.reduce((sum, x) => sum + x, 0) / rows
    const variance = xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (rows - 1)
    return Math.abs(mean - wanted) - DEVIATIONS * Math.sqrt(variance / rows)
  }
  return {
    mean: Math.max(...Array.from(truth.mean, (m, j) => beyond(column(directions[j]), m) / deviations[j])),
    covariance: Math.max(
      ...Array.from(truth.covariance, (c, at) => {
        const i = Math.floor(at / dim)
        const j = at % dim
        const products = new Float64Array(rows).map(
          (_, r) => (values[r * dim + i] - truth.mean[i]) * (values[r * dim + j] - truth.mean[j])
        )
        return beyond(products, c) / (deviations[i] * deviations[j])
      })
    ),
    cdf: Math.max(...directions.map(direction => kolmogorov(column(direction), along(direction, law)) - dkw(rows)))
  }
}

/** The points at the end of a program that starts at given points. */
export const end = (
  description: Sampler.Description,
  score: Sampler.ScoreFunction,
  points: Points.Points,
  key: Key.Key
): Points.Points =>
  [...pipe(key, Sampler.transport(Problem.orThrow(Sampler.compile(description)))(score)(points))].reduce(
    (_, state) => state
  ).points

/** The slope of log error against log steps, by least squares, with its sign turned: the order. */
export const order = (steps: ReadonlyArray<number>, errors: ReadonlyArray<number>): number => {
  const xs = steps.map(Math.log)
  const ys = errors.map(Math.log)
  const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, v) => sum + v, 0) / values.length
  const x = mean(xs)
  const y = mean(ys)
  return -xs.reduce((sum, v, i) => sum + (v - x) * (ys[i] - y), 0) / xs.reduce((sum, v) => sum + (v - x) ** 2, 0)
}

export const at = (mixture: Mixture.Mixture, schedule: Schedule.Schedule, time: number): Mixture.Mixture =>
  pipe(mixture, Mixture.diffuse(pipe(schedule, Schedule.level(time))))

export const largest = (a: Float64Array, b: Float64Array): number =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0)
