/**
 * Leave-one-out test of a component: its gain in log-likelihood, each row left out of the component's own estimate. Without a row of
 * responsibility r, of n effective rows,
 *
 *     δ' = gδ,    Σ' = g (Σ − r/(n − r) δδᵀ),    π' = π/g,    g = n/(n − r),
 *
 * or the part of Σ' that the covariance model keeps. With q = δᵀΣ⁻¹δ and t = 1 − r q/(n − r), log|Σ'| = log|Σ| + d log g + log t and
 * δ'ᵀΣ'⁻¹δ' = g q/t (Sherman & Morrison 1950). If t ≤ 0, Σ' is singular, and the density becomes 0.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import type * as Points from '../../data/points.js'
import * as Source from '../../data/source/source.js'
import type { MStep } from '../family.js'
import { componentsAndBackground } from '../component.js'
import type { Mixture } from '../mixtureData.js'
import { rowResponsibilities, whitened } from './eStepLoops.js'

export interface Unsupported {
  readonly component: number
  /** Effective count Σ p(k | x). */
  readonly rows: number
  /** Mean, weight, and covariance if not shared. */
  readonly parameters: number
  /** Leave-one-out gain of the total log-likelihood. `due`: the gain required for its parameters. */
  readonly gain: number
  readonly due: number
}

/** `second` is 'none' if the covariance is fixed or shared. */
export interface CovarianceEstimate extends Pick<MStep<string>, 'second'> {
  readonly parameters: number
}

/** Components with at least this many rows for each of d + 2 parameters are not tested: BIC suffices for them. */
const AMPLE_ROWS_PER_PARAMETER = 10

const logAddExp = (a: number, b: number): number => {
  const top = Math.max(a, b)
  const least = Math.min(a, b)
  return least === -Infinity ? top : top + Elementary.log1p(Elementary.exp(least - top))
}

/** log t; 0 if t ≤ 0, for which `sharedScaleChange` returns −∞. */
const finiteLog = (t: number): number => (t > 0 ? Elementary.log(t) : 0)

/** log N' − log N without log t, over `dims` dimensions with one scale and the sum of squares q; −∞ if t ≤ 0. */
const sharedScaleChange = (q: number, dims: number, t: number, g: number): number =>
  t > 0 ? (q - (g * q) / t - dims * Elementary.log(g)) / 2 : -Infinity

/** `n`: effective rows. */
interface TestedComponent {
  readonly second: CovarianceEstimate['second']
  readonly n: number
  readonly dim: number
}

/** log N' − log N of a left-out row of responsibility r; its whitened deviation begins at index `at`. */
const leaveOneOutChange = ({ second, n, dim }: TestedComponent, white: Float64Array, at: number, r: number): number => {
  const g = n / (n - r)
  const part = r / (n - r)
  let q = 0
  for (let j = at; j < at + dim; j++) q += white[j] * white[j]
  if (second === 'none') return ((1 - g * g) * q) / 2
  if (second === 'trace')
    return sharedScaleChange(q, dim, 1 - part * (q / dim), g) - (dim * finiteLog(1 - (part * q) / dim)) / 2
  if (second === 'full') return sharedScaleChange(q, dim, 1 - part * q, g) - finiteLog(1 - part * q) / 2
  let sum = 0
  for (let j = at; j < at + dim; j++) {
    const square = white[j] * white[j]
    const t = 1 - part * square
    sum = sum + sharedScaleChange(square, 1, t, g) - finiteLog(t) / 2
  }
  return sum
}

/** log π N of the component (`own`) and of all others together (`rest`), and whitened deviations. */
interface RowLogDensities {
  readonly own: Float64Array
  readonly rest: Float64Array
  readonly white: Float64Array
}

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

/** Returns `before` plus Σ w p(k | x) over a block. */
const addSize = (before: number, { own, rest }: RowLogDensities, weights: Float64Array): number => {
  let size = before
  for (let i = 0; i < own.length; i++) size += weights[i] * posteriorShare(own[i], rest[i])
  return size
}

/** Returns `before` plus the leave-one-out gain over a block. */
const addGain = (
  before: number,
  { own, rest, white }: RowLogDensities,
  weights: Float64Array,
  tested: TestedComponent
): number => {
  const { n, dim } = tested
  let gain = before
  for (let i = 0; i < own.length; i++) {
    if (weights[i] === 0) continue
    // If a row has a weight above 1, one of its copies is left out.
    const r = posteriorShare(own[i], rest[i]) * Math.min(1, weights[i])
    const without = r < n ? own[i] + leaveOneOutChange(tested, white, i * dim, r) + Elementary.log1p(-r / n) : -Infinity
    gain += weights[i] * (logAddExp(rest[i], without) - rest[i])
  }
  return gain
}

/**
 * Returns components whose leave-one-out gain is below ½ p log n − p, with p the number of parameters of the component: BIC's threshold
 * ½ p log n less p, the expected cost of leaving rows out (Stone 1977). Only components with few rows are tested, and none if there is just one.
 */
export const unsupportedComponents = (
  data: Source.Data,
  mixture: Mixture,
  { second, parameters }: CovarianceEstimate
): ReadonlyArray<Unsupported> => {
  const { dim } = data
  const total = Source.sumOfWeights(data)
  const components = componentsAndBackground(mixture)
  const count = components.length
  const few = Array.from(mixture.weights.keys()).filter(
    k => components[k].weight * total < AMPLE_ROWS_PER_PARAMETER * (dim + 2)
  )
  if (mixture.weights.length < 2 || few.length === 0) return []
  const source = Source.asSource(data)
  const logDensitiesOf = (points: Points.Points): ReadonlyArray<RowLogDensities> => {
    const all = Array.from({ length: points.rows }, (_, i) => i)
    const { logs } = rowResponsibilities(components, points)
    return few.map(k => ({ ...splitLogDensities(k, logs, count), white: whitened(components[k], points, all) }))
  }
  /** Log-densities of one block, for both passes. */
  let alone: ReadonlyArray<RowLogDensities> | null = null
  const visitBlocks = (visit: (densities: RowLogDensities, which: number, weights: Float64Array) => void): void => {
    pipe(
      source,
      Source.visitRows(points => {
        const { rows, weights = new Float64Array(rows).fill(1) } = points
        const found = alone ?? logDensitiesOf(points)
        if (rows === source.rows) alone = found
        found.forEach((one, which) => {
          visit(one, which, weights)
        })
      })
    )
  }
  const sizes = new Float64Array(few.length)
  visitBlocks((densities, which, weights) => {
    sizes[which] = addSize(sizes[which], densities, weights)
  })
  const gains = Float64Array.from(few, component => total * Elementary.log1p(-components[component].weight))
  visitBlocks((densities, which, weights) => {
    gains[which] = addGain(gains[which], densities, weights, { second, n: sizes[which], dim })
  })
  const due = (parameters / 2) * Elementary.log(total) - parameters
  return few.flatMap((component, which) =>
    gains[which] < due ? [{ component, rows: sizes[which], parameters, gain: gains[which], due }] : []
  )
}
