/**
 * Where a mixture has a component too many, and where one too few: what split and merge moves are chosen by. One pass of
 * responsibilities, and for each component a few steps of expectation–maximization of two halves on the rows it answers
 * for; work of the order of a few dozen such steps on the whole.
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { concatenated, single } from '../../../lib/arrays/ndarray.js'
import type { Mixture } from '../mixtureData.js'
import type { Rows } from '../passRows.js'
import { responsibilities } from './moments.js'

/** A component whose two halves describe its rows better than it does. */
export interface Split {
  /** What the mean log-likelihood would gain, were the rows the component's own. */
  readonly gain: number
  /** The shares of the halves, their centres and variances. */
  readonly halves: readonly [Half, Half]
}

export interface Half {
  readonly share: number
  readonly centre: Float64Array
  readonly variance: number
}

export interface Survey {
  readonly mass: Float64Array
  /** What the mean log-likelihood loses without the component, the others as they are: Σ w log(1 − r) − log(1 − π). */
  readonly cost: Float64Array
  /** Null for a component whose halves would hold fewer rows than fix their parameters. */
  readonly splits: ReadonlyArray<Split | null>
}

/** A mixture with one variance a component, and whether weights and variances are learned. */
interface Round {
  readonly mixture: Mixture
  readonly free: boolean
}

/** Rows that a component answers for less than this matter little to its halves. */
const LEAST_RESPONSIBILITY = 0.01
const POWER_STEPS = 20
const HALVING_STEPS = 12
/** Halves of a uniform density on an interval lie at ±√(3/4) standard deviations. */
const APART = 0.87

const squaredDistance = (x: Float64Array, at: number, centre: Float64Array, from: number, dim: number): number => {
  let sum = 0
  for (let j = 0; j < dim; j++) sum += Elementary.square(x[at + j] - centre[from + j])
  return sum
}

/** Rows with weights, as one component sees them. */
interface Cloud {
  readonly at: ReadonlyArray<number>
  readonly weights: ReadonlyArray<number>
  readonly mass: number
  readonly mean: Float64Array
}

const cloud = ({ rows, dim, x, weights }: Rows<Float64Array>, r: Float64Array, K: number, k: number): Cloud => {
  const at: number[] = []
  const own: number[] = []
  const mean = new Float64Array(dim)
  let mass = 0
  for (let i = 0; i < rows; i++) {
    if (r[i * K + k] < LEAST_RESPONSIBILITY) continue
    const weight = r[i * K + k] * (weights === null ? 1 / rows : weights[i])
    at.push(i * dim)
    own.push(weight)
    mass += weight
    for (let j = 0; j < dim; j++) mean[j] += weight * x[i * dim + j]
  }
  return { at, weights: own, mass, mean: mean.map(sum => sum / mass) }
}

/** The standard deviation of a cloud along its widest direction, times that direction; by power iteration. */
const widest = ({ at, weights, mass, mean }: Cloud, { dim, x }: Rows<Float64Array>): Float64Array => {
  let direction = Float64Array.from({ length: dim }, (_, j) => 1 + j / dim)
  for (let step = 0; step < POWER_STEPS; step++) {
    const next = new Float64Array(dim)
    at.forEach((from, i) => {
      let along = 0
      for (let j = 0; j < dim; j++) along += (x[from + j] - mean[j]) * direction[j]
      for (let j = 0; j < dim; j++) next[j] += (weights[i] / mass) * along * (x[from + j] - mean[j])
    })
    const length = Math.sqrt(next.reduce((sum, c) => sum + c * c, 0))
    if (length === 0) return next
    // The last step keeps the length √λ.
    direction = next.map(c => c / (step === POWER_STEPS - 1 ? Math.sqrt(length) : length))
  }
  return direction
}

const halve = (
  seen: Cloud,
  data: Rows<Float64Array>,
  { mixture: { variances }, free }: Round,
  k: number,
  varianceFloor: number,
  leastRows: number
): Split | null => {
  const { dim, x, rows } = data
  const { at, weights, mass, mean } = seen
  if (!(mass * rows >= 2 * leastRows)) return null
  let scatter = 0
  at.forEach((from, i) => (scatter += weights[i] * squaredDistance(x, from, mean, 0, dim)))
  const floored = (variance: number): number => (free ? Math.max(variance, varianceFloor) : variances[k])
  const whole = floored(scatter / mass / dim)
  const before = -(dim / 2) * Elementary.log(whole) - scatter / mass / (2 * whole)
  const step = widest(seen, data).map(c => APART * c)
  const left = floored((scatter / mass - step.reduce((sum, c) => sum + c * c, 0)) / dim)
  let halves: readonly [Half, Half] = [
    { share: 0.5, centre: mean.map((c, j) => c - step[j]), variance: left },
    { share: 0.5, centre: mean.map((c, j) => c + step[j]), variance: left }
  ]
  let after = -Infinity
  for (let round = 0; round < HALVING_STEPS; round++) {
    const masses = [0, 0]
    const sums = [new Float64Array(dim), new Float64Array(dim)]
    const scatters = [0, 0]
    const offsets = halves.map(({ share, variance }) => Elementary.log(share) - (dim / 2) * Elementary.log(variance))
    after = 0
    at.forEach((from, i) => {
      const q = halves.map(({ centre }) => squaredDistance(x, from, centre, 0, dim))
      const logs = halves.map(({ variance }, h) => offsets[h] - q[h] / (2 * variance))
      const greatest = Math.max(logs[0], logs[1])
      const total = Elementary.exp(logs[0] - greatest) + Elementary.exp(logs[1] - greatest)
      after += (weights[i] / mass) * (greatest + Elementary.log(total))
      for (let h = 0; h < 2; h++) {
        const part = (weights[i] * Elementary.exp(logs[h] - greatest)) / total
        masses[h] += part
        scatters[h] += part * q[h]
        for (let j = 0; j < dim; j++) sums[h][j] += part * x[from + j]
      }
    })
    if (Math.min(...masses) * rows < leastRows) return null
    const half = (h: 0 | 1): Half => {
      const centre = sums[h].map(sum => sum / masses[h])
      const moved = squaredDistance(centre, 0, halves[h].centre, 0, dim)
      return {
        share: free ? masses[h] / mass : 0.5,
        centre,
        variance: floored((scatters[h] / masses[h] - moved) / dim)
      }
    }
    halves = [half(0), half(1)]
  }
  return { gain: mass * (after - before), halves }
}

/** p(k | x), [rows, K] */
const shares = ({ rows, dim, x, weights }: Rows<Float64Array>, mixture: Mixture): Float64Array => {
  const components = Array.from(mixture.variances, (v, k) => ({
    weight: mixture.weights[k],
    mean: mixture.means.values.subarray(k * dim, (k + 1) * dim),
    factor: single(Math.sqrt(v))
  }))
  return responsibilities(components, { rows, dim, values: x }, weights ?? new Float64Array(rows).fill(1 / rows)).shares
}

/** What each component costs, and what its halves would gain. A half holds at least `leastRows` rows. */
export const survey = (data: Rows<Float64Array>, round: Round, varianceFloor: number, leastRows: number): Survey => {
  const { rows } = data
  const K = round.mixture.weights.length
  const r = shares(data, round.mixture)
  const mass = new Float64Array(K)
  const cost = new Float64Array(K)
  for (let i = 0; i < rows; i++) {
    const weight = data.weights === null ? 1 / rows : data.weights[i]
    for (let k = 0; k < K; k++) {
      mass[k] += weight * r[i * K + k]
      // A row that no other component answers for is lost at a price that is high, and finite.
      cost[k] -= weight * Elementary.log1p(-Math.min(r[i * K + k], 1 - Number.EPSILON))
    }
  }
  return {
    mass,
    cost: cost.map((sum, k) => sum + Elementary.log1p(-Math.min(mass[k], 1 - Number.EPSILON))),
    splits: Array.from({ length: K }, (_, k) => halve(cloud(data, r, K, k), data, round, k, varianceFloor, leastRows))
  }
}

/** The mixture with `removed` put to halve `split`; variances that are learned, above the floor. */
export const moved = (
  { mass }: Pick<Survey, 'mass'>,
  { mixture: { means, weights, variances }, free }: Round,
  { removed, split, halves }: Pick<Split, 'halves'> & { readonly removed: number; readonly split: number },
  varianceFloor: number
): Mixture => {
  const K = weights.length
  const dim = means.shape[1]
  const parts = Array.from({ length: K }, (_, k) => {
    const half = k === split ? halves[0] : k === removed ? halves[1] : null
    return half === null
      ? { mass: mass[k], centre: means.values.subarray(k * dim, (k + 1) * dim), variance: variances[k] }
      : { mass: mass[split] * half.share, centre: half.centre, variance: half.variance }
  })
  const total = parts.reduce((sum, part) => sum + part.mass, 0)
  return {
    means: { shape: [K, dim], values: concatenated(parts.map(({ centre }) => centre)) },
    weights: Float64Array.from(parts, part => part.mass / total),
    variances: free ? Float64Array.from(parts, ({ variance }) => Math.max(variance, varianceFloor)) : variances,
    factors: null
  }
}
