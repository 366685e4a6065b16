/**
 * Models of a table without groups: one cluster that is Gaussian, log-normal, Student-t, or uniform in a box or an ellipsoid. Several
 * Gaussian components also fit the tails, the skew or the edges of one such cluster, so they are evidence for groups only if their criterion
 * is below that of each of these models.
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import { logGamma } from '../../lib/numbers/gamma.js'
import { logGammaRatio } from '../../lib/numbers/gammaRatio.js'
import { factorSymmetric, solveLower } from '../../lib/arrays/linalg.js'
import { Key } from '../../lib/index.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Missing from '../mixture/em/missing.js'
import { smallSampleCorrection } from '../mixture/statistics.js'
import { likeliestNu, meanLogPrecisionGap } from '../mixture/student.js'

export type ClusterShape = 'normal' | 'log-normal' | 'Student-t' | 'box' | 'ellipsoid'

/** One cluster fitted by maximum likelihood, in the original units. */
export interface SingleCluster {
  readonly shape: ClusterShape
  /** Weighted mean of log p(x) over the rows. */
  readonly logLikelihood: number
  readonly parameters: number
  /** ICLc (see `Statistics`); the assignment entropy of one cluster is 0. */
  readonly value: number
}

interface ClusterModel extends Pick<SingleCluster, 'logLikelihood' | 'parameters'> {
  /** Parameters on which the range of the rows depends: estimated at rate 1/n, they count twice in log n. Default: 0. */
  readonly boundaryParameters?: number
}

/** Complete rows of positive weight. */
interface Rows {
  readonly count: number
  readonly dim: number
  /** [count, dim]. */
  readonly values: Float64Array
  /** Normalized to sum 1, [count]. */
  readonly weights: Float64Array
}

/** Mean [d], Cholesky factor [d, d] of the covariance and its log-determinant. */
interface Location {
  readonly mean: Float64Array
  readonly factor: Float64Array
  readonly logDeterminant: number
}

type Shape = 'full' | 'diagonal'

const MAX_ROWS = 4000

/**
 * Returns the model of one cluster with the lowest ICLc, from at most 4000 rows; null if cells are missing, if there are fewer than two rows
 * or a column is constant.
 */
export const bestSingleCluster = (data: Source.Data, key: Key.Key): SingleCluster | null => {
  if (Missing.hasMissingCells(data)) return null
  const rows = countedRows(sampledPoints(data, key))
  const total = Source.sumOfWeights(data)
  const logTotal = Elementary.log(total)
  const fitted = clusterModels(rows).map(([shape, model]): SingleCluster => {
    const { logLikelihood, parameters, boundaryParameters = 0 } = model
    const correction = smallSampleCorrection({ parameters, total, cells: total * rows.dim })
    const value = -2 * total * logLikelihood + (parameters + boundaryParameters) * logTotal + correction
    return { shape, logLikelihood, parameters, value }
  })
  const finite = fitted.filter(({ value }) => Number.isFinite(value))
  return finite.length === 0 ? null : finite.reduce((best, one) => (one.value < best.value ? one : best))
}

const sampledPoints = (data: Source.Data, key: Key.Key): Points.Points => {
  if (data.rows > MAX_ROWS) return Source.selectedRows(Key.subset(data.rows, MAX_ROWS)(key))(data)
  return Source.isInMemory(data) ? data : Source.selectedRows(Array.from({ length: data.rows }, (_, i) => i))(data)
}

const countedRows = ({ rows, dim, values, weights }: Points.Points): Rows => {
  const kept = Array.from({ length: rows }, (_, i) => i).filter(i => weights?.[i] !== 0)
  const total = kept.reduce((sum, i) => sum + (weights?.[i] ?? 1), 0)
  return {
    count: kept.length,
    dim,
    values: Float64Array.from(
      { length: kept.length * dim },
      (_, at) => values[kept[Math.floor(at / dim)] * dim + (at % dim)]
    ),
    weights: Float64Array.from(kept, i => (weights?.[i] ?? 1) / total)
  }
}

const clusterModels = (rows: Rows): ReadonlyArray<readonly [ClusterShape, ClusterModel]> => {
  const standardized = standardizedRows(rows)
  if (standardized === null) return []
  const { rows: scaled, logScale } = standardized
  const logged = logarithmicRows(rows)
  const named = (shape: ClusterShape, logJacobian: number) => (model: ClusterModel | null) =>
    model === null ? [] : [[shape, { ...model, logLikelihood: model.logLikelihood + logJacobian }] as const]
  const shapes: ReadonlyArray<Shape> = ['full', 'diagonal']
  return [
    ...shapes.flatMap(shape => [
      ...named('normal', -logScale)(gaussianModel(scaled, shape)),
      ...named('Student-t', -logScale)(studentModel(scaled, shape)),
      ...named('ellipsoid', -logScale)(ellipsoidModel(scaled, shape)),
      ...(logged === null ? [] : named('log-normal', logged.logJacobian)(gaussianModel(logged.rows, shape)))
    ]),
    ...named('box', -logScale)(boxModel(scaled))
  ]
}

/** Columns scaled to mean 0 and standard deviation 1, and the sum of the logarithms of their scales; null if a column is constant. */
const standardizedRows = (rows: Rows): { readonly rows: Rows; readonly logScale: number } | null => {
  const { dim, values } = rows
  const { mean, factor } = moments(rows, rows.weights, 'diagonal')
  const scales = Array.from({ length: dim }, (_, j) => factor[j * dim + j])
  if (scales.some(scale => !(scale > 0 && scale < Infinity))) return null
  return {
    rows: { ...rows, values: values.map((x, at) => (x - mean[at % dim]) / scales[at % dim]) },
    logScale: scales.reduce((sum, scale) => sum + Elementary.log(scale), 0)
  }
}

/**
 * Standardized rows with the logarithm of each positive column that is likelier log-normal than normal, and the mean log-Jacobian; null if
 * there is none.
 */
const logarithmicRows = (rows: Rows): { readonly rows: Rows; readonly logJacobian: number } | null => {
  const { dim, values, weights } = rows
  const isPositive = Array.from({ length: dim }, (_, j) => columnOf(rows, j).every(x => x > 0))
  const logs = values.map((x, at) => (isPositive[at % dim] ? Elementary.log(x) : x))
  const before = moments(rows, weights, 'diagonal').factor
  const { mean, factor: after } = moments({ ...rows, values: logs }, weights, 'diagonal')
  const isLogged = isPositive.map((positive, j) => {
    const at = j * dim + j
    return positive && Elementary.log(after[at]) + mean[j] < Elementary.log(before[at])
  })
  if (!isLogged.includes(true)) return null
  const chosen = values.map((x, at) => (isLogged[at % dim] ? logs[at] : x))
  const standardized = standardizedRows({ ...rows, values: chosen })
  if (standardized === null) return null
  const logJacobian = isLogged.reduce((sum, is, j) => (is ? sum - mean[j] : sum), -standardized.logScale)
  return { rows: standardized.rows, logJacobian }
}

const columnOf = ({ values, dim, count }: Rows, j: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => values[i * dim + j])

/** Mean Σ s x / Σ s, and covariance Σ s (x − mean)(x − mean)ᵀ, for the weights s of the rows. */
const moments = ({ values, dim, count }: Rows, shares: Float64Array, shape: Shape): Location => {
  const mean = new Float64Array(dim)
  let total = 0
  for (let i = 0; i < count; i++) {
    total += shares[i]
    for (let j = 0; j < dim; j++) mean[j] += shares[i] * values[i * dim + j]
  }
  for (let j = 0; j < dim; j++) mean[j] /= total
  const covariance = new Float64Array(dim * dim)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < dim; j++) {
      const difference = values[i * dim + j] - mean[j]
      const first = shape === 'full' ? 0 : j
      for (let k = first; k <= j; k++)
        covariance[j * dim + k] += shares[i] * difference * (values[i * dim + k] - mean[k])
    }
  const factor = new Float64Array(dim * dim)
  const isDefinite = factorSymmetric(covariance, 0, dim, factor, 0)
  let logDeterminant = 0
  for (let j = 0; j < dim; j++) logDeterminant += 2 * Elementary.log(factor[j * dim + j])
  return { mean, factor, logDeterminant: isDefinite ? logDeterminant : NaN }
}

/** Squared Mahalanobis distances (x − m)ᵀΣ⁻¹(x − m), [count]. */
const squaredDistances = ({ values, dim, count }: Rows, { mean, factor }: Location): Float64Array => {
  const difference = new Float64Array(dim)
  const distances = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < dim; j++) difference[j] = values[i * dim + j] - mean[j]
    solveLower(factor, 0, dim, difference, 0, 1)
    for (let j = 0; j < dim; j++) distances[i] += difference[j] * difference[j]
  }
  return distances
}

const countMoments = (dim: number, shape: Shape): number => dim + (shape === 'full' ? (dim * (dim + 1)) / 2 : dim)

/** True if the covariance of the rows is regular in general, and not trivially the same as the diagonal one. */
const isEstimable = ({ count, dim }: Rows, shape: Shape): boolean =>
  shape === 'diagonal' || (dim > 1 && count > dim + 1)

const gaussianModel = (rows: Rows, shape: Shape): ClusterModel | null => {
  if (!isEstimable(rows, shape)) return null
  const { dim, weights } = rows
  const { logDeterminant } = moments(rows, weights, shape)
  return {
    logLikelihood: -(dim * (Elementary.log(2 * Math.PI) + 1) + logDeterminant) / 2,
    parameters: countMoments(dim, shape)
  }
}

/** Volume π^{d/2} R^d |Σ|^{1/2} / Γ(d/2 + 1), R the largest Mahalanobis distance. */
const ellipsoidModel = (rows: Rows, shape: Shape): ClusterModel | null => {
  if (!isEstimable(rows, shape)) return null
  const { dim, weights } = rows
  const location = moments(rows, weights, shape)
  const radius = squaredDistances(rows, location).reduce((most, q) => Math.max(most, q), 0)
  const logVolume = (dim / 2) * Elementary.log(Math.PI * radius) - logGamma(dim / 2 + 1) + location.logDeterminant / 2
  return { logLikelihood: -logVolume, parameters: countMoments(dim, shape), boundaryParameters: 1 }
}

/** Uniform between unbiased ends: the range of n uniform numbers is (n − 1)/(n + 1) of the whole on average. */
const boxModel = (rows: Rows): ClusterModel => {
  const { dim, count } = rows
  const logLikelihood = Array.from({ length: dim }, (_, j) => columnOf(rows, j)).reduce((sum, column) => {
    const range = column.reduce((a, b) => Math.max(a, b)) - column.reduce((a, b) => Math.min(a, b))
    return sum - Elementary.log((range * (count + 1)) / (count - 1))
  }, 0)
  return { logLikelihood, parameters: 2 * dim, boundaryParameters: 2 * dim }
}

const STUDENT_EM = { maxIterations: 200, minGain: 1e-7, startDegrees: 8 }

/** Scale, in standard deviations of a column, below which a fit has collapsed on equal numbers: its likelihood has no bound. */
const MIN_STUDENT_SCALE = 0.02

/** Fits by ECM (Liu & Rubin 1995), until the log-likelihood gains less than `minGain` per row; null if it collapses. */
const studentModel = (rows: Rows, shape: Shape): ClusterModel | null => {
  if (!isEstimable(rows, shape)) return null
  const { dim, weights } = rows
  let nu = STUDENT_EM.startDegrees
  let location = moments(rows, weights, shape)
  let logLikelihood = -Infinity
  for (let iteration = 0; iteration < STUDENT_EM.maxIterations; iteration++) {
    const distances = squaredDistances(rows, location)
    const current = studentLogLikelihood(rows, location, { nu, distances })
    const gain = current - logLikelihood
    logLikelihood = current
    if (!(gain > STUDENT_EM.minGain)) break
    const precisions = distances.map(q => (nu + dim) / (nu + q))
    location = moments(
      rows,
      precisions.map((g, i) => g * weights[i]),
      shape
    )
    if (hasCollapsed(location, dim)) return null
    const gap = meanLogPrecisionGap(nu, dim)
    nu = likeliestNu(precisions.reduce((sum, g, i) => sum + weights[i] * (gap + Elementary.log(g) - g), 0))
  }
  return { logLikelihood, parameters: countMoments(dim, shape) + 1 }
}

const hasCollapsed = ({ factor }: Location, dim: number): boolean => {
  for (let j = 0; j < dim; j++) if (!(factor[j * dim + j] >= MIN_STUDENT_SCALE)) return true
  return false
}

const studentLogLikelihood = (
  { dim, weights }: Rows,
  { logDeterminant }: Location,
  { nu, distances }: { readonly nu: number; readonly distances: Float64Array }
): number => {
  const constant = logGammaRatio(nu / 2, dim / 2) - (dim * Elementary.log(2 * Math.PI) + logDeterminant) / 2
  return distances.reduce((sum, q, i) => sum + weights[i] * (constant - ((nu + dim) / 2) * Elementary.log1p(q / nu)), 0)
}
