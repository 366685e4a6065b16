/**
 * What the rows gain by a component, each row left out of the component's own estimate: whether few rows vouch for more than
 * themselves. Left out with the responsibility r, of n rows in all, a row sees
 *
 *     δ' = gδ,    Σ' = g (Σ − r/(n − r) δδᵀ),    π' = π/g,    g = n/(n − r),
 *
 * or what the family keeps of Σ'; with q = δᵀΣ⁻¹δ and t = 1 − r q/(n − r), log|Σ'| = log|Σ| + d log g + log t and δ'ᵀΣ'⁻¹δ' = g q/t
 * (Sherman & Morrison 1950). Where t ≤ 0 the row alone keeps Σ from being singular, and without it nothing is left.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import type * as Points from '../../data/points.js'
import * as Source from '../../data/source/source.js'
import type { MStep } from '../family.js'
import { componentsAndBackground } from '../component.js'
import type { Mixture } from '../mixtureData.js'
import { rowResponsibilities, whitened } from './moments.js'

/** A component that is probably only outliers may be. */
export interface Unsupported {
  /** From 0. */
  readonly component: number
  /** Σ p(k | x) */
  readonly rows: number
  /** Its own: those of its mean, of its covariance where it has one of its own, and its weight. */
  readonly parameters: number
  /** What the log-likelihood of all rows gains by it, each row left out of its estimate; and what its parameters ask for. */
  readonly gain: number
  readonly due: number
}

/** How the covariance of a component is estimated: `second` is 'none' where it is given, or is that of others too. */
export interface CovarianceEstimate extends Pick<MStep<string>, 'second'> {
  readonly parameters: number
}

/**
 * From so many times d + 2 rows on, likelihoods are too high by what parameters are counted as, except for a ninth, n/(n − d − 2): criteria
 * say what is to be said.
 */
const AMPLE_ROWS_PER_PARAMETER = 10

const logAddExp = (a: number, b: number): number => {
  const top = Math.max(a, b)
  const least = Math.min(a, b)
  return least === -Infinity ? top : top + Elementary.log1p(Elementary.exp(least - top))
}

/** −∞ is told elsewhere. */
const finiteLog = (t: number): number => (t > 0 ? Elementary.log(t) : 0)

/** log N' − log N of so many dimensions that share a scale, without the logarithm of t: of the sum of their squares and the mean that a row has. */
const sharedScaleChange = (q: number, mean: number, dims: number, g: number, part: number): number => {
  const t = 1 - part * mean
  return t > 0 ? (q - (g * q) / t - dims * Elementary.log(g)) / 2 : -Infinity
}

/** log N' − log N of a row left out, from its whitened deviation. */
const leaveOneOutChange = (
  second: CovarianceEstimate['second'],
  white: Float64Array,
  at: number,
  dim: number,
  r: number,
  n: number
): number => {
  const g = n / (n - r)
  const part = r / (n - r)
  let q = 0
  for (let j = at; j < at + dim; j++) q += white[j] * white[j]
  if (second === 'none') return ((1 - g * g) * q) / 2
  if (second === 'trace')
    return sharedScaleChange(q, q / dim, dim, g, part) - (dim * finiteLog(1 - (part * q) / dim)) / 2
  if (second === 'full') return sharedScaleChange(q, q, dim, g, part) - finiteLog(1 - part * q) / 2
  let sum = 0
  for (let j = at; j < at + dim; j++) {
    const square = white[j] * white[j]
    sum = sum + sharedScaleChange(square, square, 1, g, part) - finiteLog(1 - part * square) / 2
  }
  return sum
}

/** What a component says of rows: log π N, that of the others together, and whitened deviations. */
interface RowLogDensities {
  readonly own: Float64Array
  readonly rest: Float64Array
  readonly white: Float64Array
}

// Loops over rows, each a function of arrays and numbers alone: so they are compiled once.

const splitLogDensities = (
  component: number,
  logs: Float64Array,
  count: number
): Pick<RowLogDensities, 'own' | 'rest'> => {
  const rows = logs.length / count
  const own = new Float64Array(rows)
  const rest = new Float64Array(rows).fill(-Infinity)
  for (let i = 0, at = 0; i < rows; i++)
    for (let k = 0; k < count; k++, at++) {
      if (k === component) own[i] = logs[at]
      else rest[i] = logAddExp(rest[i], logs[at])
    }
  return { own, rest }
}

const posteriorShare = (own: number, rest: number): number =>
  own === -Infinity ? 0 : Elementary.exp(own - logAddExp(own, rest))

/** Σ p(k | x), beside that of rows before. */
const addSize = (before: number, { own, rest }: RowLogDensities, weights: Float64Array): number => {
  let size = before
  for (let i = 0; i < own.length; i++) size += weights[i] * posteriorShare(own[i], rest[i])
  return size
}

/** What rows gain by a component of so many, each left out of it, beside the gain of rows before. */
const addGain = (
  before: number,
  { own, rest, white }: RowLogDensities,
  weights: Float64Array,
  second: CovarianceEstimate['second'],
  n: number
): number => {
  const dim = white.length / own.length
  let gain = before
  for (let i = 0; i < own.length; i++) {
    if (weights[i] === 0) continue
    // of a row that counts as several one is left out
    const r = posteriorShare(own[i], rest[i]) * Math.min(1, weights[i])
    const without =
      r < n ? own[i] + leaveOneOutChange(second, white, i * dim, dim, r, n) + Elementary.log1p(-r / n) : -Infinity
    gain += weights[i] * (logAddExp(rest[i], without) - rest[i])
  }
  return gain
}

/**
 * Components whose gain is less than the ½ p log n that BIC asks for their p parameters. Where rows are many a row left out takes p
 * from the gain (Stone 1977), which is given back: there this is BIC's own question. Where they are few it takes more, and all where they do
 * not fix the component. A component alone is held against none.
 */
export const unsupportedComponents = (
  data: Source.Data,
  mixture: Mixture,
  { second, parameters }: CovarianceEstimate
): ReadonlyArray<Unsupported> => {
  const { dim } = data
  const total = Source.sumOfWeights(data)
  // A background is among the others.
  const components = componentsAndBackground(mixture)
  const count = components.length
  const few = Array.from(mixture.weights.keys()).filter(
    k => components[k].weight * total < AMPLE_ROWS_PER_PARAMETER * (dim + 2)
  )
  if (mixture.weights.length < 2 || few.length === 0) return []
  const source = Source.asSource(data)
  const said = (points: Points.Points): ReadonlyArray<RowLogDensities> => {
    const all = Array.from({ length: points.rows }, (_, i) => i)
    const { logs } = rowResponsibilities(components, points)
    return few.map(k => ({ ...splitLogDensities(k, logs, count), white: whitened(components[k], points, all) }))
  }
  /** Of rows that are read at once it is said once. */
  let alone: ReadonlyArray<RowLogDensities> | null = null
  const visited = (visit: (said: RowLogDensities, which: number, weights: Float64Array) => void): void => {
    pipe(
      source,
      Source.visitRows(points => {
        const { rows, weights = new Float64Array(rows).fill(1) } = points
        const found = alone ?? said(points)
        if (rows === source.rows) alone = found
        found.forEach((one, which) => {
          visit(one, which, weights)
        })
      })
    )
  }
  const sizes = new Float64Array(few.length)
  visited((said, which, weights) => {
    sizes[which] = addSize(sizes[which], said, weights)
  })
  const gains = Float64Array.from(few, component => total * Elementary.log1p(-components[component].weight))
  visited((said, which, weights) => {
    gains[which] = addGain(gains[which], said, weights, second, sizes[which])
  })
  const due = (parameters / 2) * Elementary.log(total) - parameters
  return few.flatMap((component, which) =>
    gains[which] < due ? [{ component, rows: sizes[which], parameters, gain: gains[which], due }] : []
  )
}
