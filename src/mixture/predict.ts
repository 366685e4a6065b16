/** Conditional distributions of some columns given the others, row by row. */
import * as Factor from '../../lib/arrays/factor.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as Problem from '../core/problem.js'
import type { Points } from '../data/points.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import type { Mixture } from './mixtureData.js'
import { checkedMixture, columnProblems, throwProblems } from './calculus.js'
import { probabilityProblems, mixtureQuantile, standardDistributionOf, type StandardDistribution } from './oneColumn.js'
import { componentsOf, ofComponents, componentsAndBackground, withoutBackground } from './component.js'
import { assignmentShares } from './outsideBox.js'
import * as Moments from './em/eStepLoops.js'
import { patternsOf, conditionOnPattern, type Pattern, type ConditionedComponents } from './em/patterns.js'

/** Conditional distribution of the target columns, for each row. */
export interface Prediction {
  /** E[x_j | the rest], [rows, targets] */
  readonly mean: Points
  /** Standard deviation of x_j given the rest, [rows, targets]; ∞ if ν plus the number of observed cells is ≤ 2 for a component. */
  readonly sd: Points
  /** Returns the p-quantiles of each target, [rows, targets]. */
  readonly quantile: (p: number) => Points
  /** Joint distribution of the targets of a row. */
  readonly at: (row: number) => Mixture
  /** log p(the rest), [rows]; if low, the prediction is unreliable. */
  readonly logDensity: Float64Array
  /** p(background | the rest), [rows]; the prediction is for rows of components. */
  readonly background: Float64Array
}

/** `means`: of the missing columns, [K, m]. */
interface ConditionedRow {
  readonly shares: Float64Array
  readonly means: Float64Array
  /** Factors of the squared scales, [K]: (ν + q)/(ν + o) for a t, 1 for a Gaussian. */
  readonly widening: Float64Array
  /** ν + o, [K]; ∞ for a Gaussian. */
  readonly degrees: Float64Array
  readonly logDensity: number
}

/** c_m + G(x_o − c_o), [K, m]. */
const conditionalMeans = (
  { constants, centres, isTriangular, gains }: ConditionedComponents,
  { order, observed: o }: Pattern,
  row: Float64Array
): Float64Array => {
  const dim = order.length
  const m = dim - o
  const means = new Float64Array(constants.length * m)
  for (let k = 0; k < constants.length; k++)
    for (let i = 0; i < m; i++) {
      let mean = centres[k * dim + o + i]
      if (isTriangular)
        for (let j = 0; j < o; j++) mean += gains[(k * m + i) * o + j] * (row[order[j]] - centres[k * dim + j])
      means[k * m + i] = mean
    }
  return means
}

/** Entry i of diag(L_mm L_mmᵀ) of component k, for m missing columns. */
const conditionalVariance = (rests: Float64Array, m: number, k: number, i: number): number => {
  let sum = 0
  for (let j = 0; j <= i; j++) sum += rests[(k * m + i) * m + j] * rests[(k * m + i) * m + j]
  return sum
}

/** Calls `act` for each row with its pattern, conditioned components and distribution. */
const forEachRow = (
  mixture: Mixture,
  values: Float64Array,
  act: (row: number, pattern: Pattern, seen: ConditionedComponents, found: ConditionedRow) => void
): void => {
  const [count, dim] = mixture.means.shape
  const components = componentsOf(withoutBackground(mixture))
  const nus = Float64Array.from(components, ({ nu = Infinity }) => nu)
  const rows = values.length / dim
  const all = Moments.rowResponsibilities(components, { rows, dim, values })
  for (const pattern of patternsOf(values, dim)) {
    const o = pattern.observed
    const seen = conditionOnPattern(components, pattern)
    for (const row of pattern.rows ?? Int32Array.from({ length: rows }, (_, i) => i)) {
      const own = (values: Float64Array): Float64Array => values.subarray(row * count, (row + 1) * count)
      const squared = own(all.squared)
      act(row, pattern, seen, {
        // Prior weights if all densities have underflowed.
        shares: all.logDensity[row] === -Infinity ? mixture.weights : own(all.shares),
        means: conditionalMeans(seen, pattern, values.subarray(row * dim, (row + 1) * dim)),
        widening: nus.map((nu, k) => (nu < Infinity ? (nu + squared[k]) / (nu + o) : 1)),
        degrees: nus.map(nu => nu + o),
        logDensity: all.logDensity[row]
      })
    }
  }
}

const PREDICT_CALL = 'Mixture.predict(columns)(points)(mixture)'

/** All columns, with NaN in the targets. */
const rowsWithMissingTargets = (
  targets: ReadonlyArray<number>,
  { rows, dim, values }: Points,
  all: number
): Float64Array => {
  const others = Array.from({ length: all }, (_, j) => j).filter(j => !targets.includes(j))
  const out = new Float64Array(rows * all).fill(NaN)
  for (let i = 0; i < rows; i++)
    others.forEach((j, at) => {
      out[i * all + j] = values[i * dim + (dim === all ? j : at)]
    })
  return out
}

/**
 * Predicts columns, by index, from all others. Points have all columns of the mixture, of which the targets are ignored, or the others
 * alone, in order. Missing cells (NaN) are left out.
 *
 * Each component is a linear regression, weighted by p(k | the rest), so the prediction is nonlinear and its noise depends on the row
 * (Ghahramani & Jordan 1994). A multivariate t given o of its columns is a t with ν + o degrees of freedom and squared scales (ν + q)/(ν +
 * o) times a Gaussian's, q the squared distance of the observed cells. Predictions assume that the row is of a component; `background` is
 * the probability that it is not.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Mixture } from 'ornstein'
 *
 * // y = x on the left, y = −x on the right
 * const covariances = [[[1, 0.9], [0.9, 1]], [[1, -0.9], [-0.9, 1]]]
 * const mixture = Mixture.of({ means: [[-4, 0], [4, 0]], covariances })
 * const rows = { rows: 2, dim: 1, values: Float64Array.of(-3, 5) }
 * const { mean, sd, quantile } = pipe(mixture, Mixture.predict([1])(rows))
 * assert.deepEqual(Array.from(mean.values, y => y.toFixed(6)), ['0.900000', '-0.900000'])
 * assert.ok(Math.abs(sd.values[0] - Math.sqrt(0.19)) < 1e-6)
 * assert.ok(quantile(0.9).values[0] > mean.values[0])
 */
export const predict =
  (columns: ReadonlyArray<number>) =>
  (given: PointsLike) =>
  (mixture: Mixture): Prediction => {
    const points = pointsArgument(given, PREDICT_CALL)
    const [count, dim] = checkedMixture(mixture, PREDICT_CALL).means.shape
    throwProblems('Mixture.predict', [
      ...columnProblems('columns', columns, dim),
      ...Problem.unless(
        points.dim === dim || points.dim === dim - columns.length,
        'points',
        `of ${points.dim} columns`,
        `of all ${dim} columns, or of the ${dim - columns.length} others`,
        'give rows of those that the mixture has'
      ),
      ...Problem.unless(points.errors === undefined, 'points', 'rows with errors', 'exact rows', 'leave the errors out')
    ])
    const values = rowsWithMissingTargets(columns, points, dim)
    const conditionals = conditionalMoments(mixture, columns, values)
    const rows = { rows: points.rows, dim, values }
    const whole = mixture.background && Moments.rowResponsibilities(componentsAndBackground(mixture), rows)
    const assigned =
      whole && assignmentShares(mixture, rows, { shares: whole.shares, logDensity: () => whole.logDensity })
    return {
      mean: mapTargets(conditionals, (row, at) => mixtureMean(conditionals, row, at)),
      sd: mapTargets(conditionals, (row, at) => mixtureDeviation(conditionals, row, at)),
      quantile: p => {
        throwProblems('Mixture.predict', probabilityProblems(p))
        return targetQuantiles(conditionals, p)
      },
      at: row => targetDistribution(mixture, columns, values.subarray(row * dim, (row + 1) * dim)),
      logDensity: whole?.logDensity ?? conditionals.logDensity,
      background: new Float64Array(rows.rows).map((_, row) => assigned?.[row * (count + 1) + count] ?? 0)
    }
  }

interface ConditionalMoments {
  readonly rows: number
  readonly targets: number
  readonly count: number
  /** p(k | the rest), [rows, K] */
  readonly shares: Float64Array
  /** log p(the rest), [rows] */
  readonly logDensity: Float64Array
  /** Conditional means, [rows, targets, K] */
  readonly means: Float64Array
  /** Squared conditional scales, [rows, targets, K] */
  readonly variances: Float64Array
  /** Degrees of freedom, [rows, K]; ∞ if Gaussian */
  readonly degrees: Float64Array
}

const conditionalMoments = (
  mixture: Mixture,
  columns: ReadonlyArray<number>,
  values: Float64Array
): ConditionalMoments => {
  const [count, dim] = mixture.means.shape
  const rows = values.length / dim
  const targets = columns.length
  const shares = new Float64Array(rows * count)
  const logDensity = new Float64Array(rows)
  const means = new Float64Array(rows * targets * count)
  const variances = new Float64Array(rows * targets * count)
  const degrees = new Float64Array(rows * count)
  forEachRow(mixture, values, (row, { order, observed: o }, { rests }, found) => {
    const m = dim - o
    shares.set(found.shares, row * count)
    degrees.set(found.degrees, row * count)
    logDensity[row] = found.logDensity
    columns.forEach((column, t) => {
      const i = order.indexOf(column, o) - o
      for (let k = 0; k < count; k++) {
        const at = (row * targets + t) * count + k
        means[at] = found.means[k * m + i]
        variances[at] = conditionalVariance(rests, m, k, i) * found.widening[k]
      }
    })
  })
  return { rows, targets, count, shares, logDensity, means, variances, degrees }
}

/** `of` takes the row and the first component's index in [rows, targets, K]. */
const mapTargets = ({ rows, targets, count }: ConditionalMoments, of: (row: number, at: number) => number): Points => ({
  rows,
  dim: targets,
  values: new Float64Array(rows * targets).map((_, cell) => of(Math.floor(cell / targets), cell * count))
})

const mixtureMean = ({ count, shares, means }: ConditionalMoments, row: number, at: number): number => {
  let mean = 0
  for (let k = 0; k < count; k++) mean += shares[row * count + k] * means[at + k]
  return mean
}

/** ∞ if a component with a positive share has at most 2 degrees of freedom. */
const mixtureDeviation = (conditionals: ConditionalMoments, row: number, at: number): number => {
  const { count, shares, means, variances, degrees } = conditionals
  const mean = mixtureMean(conditionals, row, at)
  let sum = 0
  for (let k = 0; k < count; k++) {
    const share = shares[row * count + k]
    const nu = degrees[row * count + k]
    const wide = nu === Infinity ? 1 : nu > 2 ? nu / (nu - 2) : Infinity
    if (share > 0) sum += share * (wide * variances[at + k] + Elementary.square(means[at + k] - mean))
  }
  return Math.sqrt(sum)
}

const targetQuantiles = (conditionals: ConditionalMoments, p: number): Points => {
  const { count, shares, means, variances, degrees } = conditionals
  /** The rows of a pattern share ν, so quantiles are cached by ν. */
  const ofNu = remembered((nu: number): StandardDistribution => {
    const own = standardDistributionOf(nu)
    const at = own.quantile(p)
    return { ...own, quantile: (_, scale = 1) => (Number.isFinite(at) ? at * scale : own.quantile(p, scale)) }
  })
  return mapTargets(conditionals, (row, at) =>
    mixtureQuantile(
      Array.from({ length: count }, (_, k) => ({
        weight: shares[row * count + k],
        mean: means[at + k],
        deviation: Math.sqrt(variances[at + k]),
        standard: ofNu(degrees[row * count + k])
      })).filter(({ weight }) => weight > 0),
      p
    )
  )
}

const targetDistribution = (mixture: Mixture, columns: ReadonlyArray<number>, row: Float64Array): Mixture => {
  const found: Mixture[] = []
  const [count, dim] = mixture.means.shape
  forEachRow(mixture, row, (_, { order, observed: o }, { rests }, { shares, means, widening, degrees }) => {
    const m = dim - o
    const places = columns.map(column => order.indexOf(column, o) - o)
    found.push(
      ofComponents(
        Array.from({ length: count }, (_, k) => ({
          weight: shares[k],
          mean: Float64Array.from(places, i => means[k * m + i]),
          factor: Factor.triangleOfRows(
            new Float64Array(m * places.length).map((_, at) => {
              const j = Math.floor(at / places.length)
              const t = at % places.length
              return rests[(k * m + places[t]) * m + j] * Math.sqrt(widening[k])
            }),
            places.length
          ),
          ...(degrees[k] < Infinity && { nu: degrees[k] })
        }))
      )
    )
  })
  return found[0]
}

/**
 * Returns the rows with each missing cell (NaN) replaced by its conditional mean given the observed cells, for a row of a component.
 * Variances and covariances of such rows are too small (Little & Rubin, Statistical Analysis with Missing Data, §4.2): to fit a model, pass rows
 * with missing cells to `fit`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[0, 10]], covariances: [[[1, 0.5], [0.5, 1]]] })
 * const rows = { rows: 2, dim: 2, values: Float64Array.of(2, NaN, 1, 1) }
 * assert.deepEqual([...Mixture.impute(rows)(mixture).values], [2, 11, 1, 1])
 */
export const impute =
  (given: PointsLike) =>
  (mixture: Mixture): Points => {
    const call = 'Mixture.impute(points)(mixture)'
    const points = pointsArgument(given, call)
    const { dim, values, errors } = points
    const [count, d] = checkedMixture(mixture, call).means.shape
    throwProblems('Mixture.impute', [
      ...Problem.unless(errors === undefined, 'points', 'rows with errors', 'exact rows', 'leave the errors out'),
      ...Problem.unless(dim === d, 'points', `of ${dim} columns`, `of ${d}, as the mixture is`, 'give all columns')
    ])
    const out = values.slice()
    forEachRow(mixture, values, (row, { order, observed: o }, _, { shares, means }) => {
      const m = dim - o
      for (let i = 0; i < m; i++) {
        let mean = 0
        for (let k = 0; k < count; k++) mean += shares[k] * means[k * m + i]
        out[row * dim + order[o + i]] = mean
      }
    })
    return { ...points, values: out }
  }
