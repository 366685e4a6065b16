/**
 * What a mixture says of some columns given others, row by row: regression, and cells that are missing. A row's cells that are there
 * leave a mixture over those that are not, of the same components: see `patterns.ts`.
 */
import * as Factor from '../../lib/arrays/factor.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { remembered } from '../../lib/plain/remembered.js'
import { argumentWithFields as checked } from '../core/index.js'
import * as Problem from '../core/problem.js'
import type { Points } from '../data/points.js'
import type { Mixture } from './mixtureData.js'
import { checkedMixture, columnProblems, throwProblems } from './calculus.js'
import { probabilityProblems, mixtureQuantile, standardOf, type StandardDistribution } from './oneColumn.js'
import { componentsOf, ofComponents, componentsAndBackground, withoutBackground } from './component.js'
import { assignmentShares } from './outsideBox.js'
import * as Moments from './em/moments.js'
import { patternsOf, conditionOnPattern, type Pattern, type SeenByPattern } from './em/patterns.js'

/** Columns as rows of the others leave them. */
export interface Prediction {
  /** E[x_j | the rest], [rows, targets] */
  readonly mean: Points
  /** The standard deviation of x_j given the rest, [rows, targets]; ∞ where a component with tails has ν + the number of cells ≤ 2. */
  readonly sd: Points
  /** The p-quantiles of each target given the rest, [rows, targets]. */
  readonly quantile: (p: number) => Points
  /** The distribution of all targets together, given the rest of a row. */
  readonly at: (row: number) => Mixture
  /** log p(the rest), [rows]: a row that is far from all others has little to be predicted by. */
  readonly logDensity: Float64Array
  /** p(background | the rest), [rows]: how likely a row is of no component, and nothing is predicted of it; 0 without a background. */
  readonly background: Float64Array
}

/** A row as its pattern sees it: shares of components, and means of what it misses, [K, m]. */
interface SeenRow {
  readonly shares: Float64Array
  readonly means: Float64Array
  /** By what its cells widen scales, (ν + q)/(ν + o) of a t and 1 of a Gaussian, [K]; and their ν + o, ∞ of a Gaussian. */
  readonly widening: Float64Array
  readonly degrees: Float64Array
  readonly logDensity: number
}

/** c_m + G(x_o − c_o) of each component, [K, m], for a row with the columns o. */
const conditionalMeans = (
  { constants, centres, isTriangular, gains }: SeenByPattern,
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

/** The variance of the i-th missing column in the k-th component. */
const conditionalVariance = (rests: Float64Array, m: number, k: number, i: number): number => {
  let sum = 0
  for (let j = 0; j <= i; j++) sum += rests[(k * m + i) * m + j] * rests[(k * m + i) * m + j]
  return sum
}

/** Each row of each pattern. */
const eachRow = (
  mixture: Mixture,
  values: Float64Array,
  act: (row: number, pattern: Pattern, seen: SeenByPattern, found: SeenRow) => void
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
        // Beyond the reach of all components their weights are all that is known.
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

/** Rows of all columns, in which the targets hold NaN. */
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
 * Predicts columns, by number, from all others: E[x_j | the rest] and how far it may be off. Points have all columns of the mixture, of
 * which those of the targets are not looked at, or the others alone, in order. A cell that holds NaN is missing: a row is predicted by the
 * cells that it has, and by none as the mixture has it.
 *
 * Each component is a linear regression, and p(k | the rest) says how much it counts, so that the whole bends, and its noise depends on
 * where the row is (Ghahramani & Jordan 1994). A multivariate t given o of its columns is a t again, with ν + o degrees of freedom and scales that are
 * (ν + q)/(ν + o) times a Gaussian's, q the squared distance of what there is: a row far off is predicted less surely. Predictions are of
 * rows that are of a component: of a background, whose mean says nothing, `background` tells how likely each row is. It is not the best predictor where few rows have many columns: the mixture was learned
 * to describe all columns, and not these targets.
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
  (points: Points) =>
  (mixture: Mixture): Prediction => {
    checked(points, ['rows', 'dim', 'values'], 'points', PREDICT_CALL)
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
    const { rows } = points
    const values = rowsWithMissingTargets(columns, points, dim)
    const width = columns.length
    const shares = new Float64Array(rows * count)
    const logDensity = new Float64Array(rows)
    // of each row, target and component
    const centres = new Float64Array(rows * width * count)
    const variances = new Float64Array(rows * width * count)
    const degrees = new Float64Array(rows * count)
    eachRow(mixture, values, (row, { order, observed: o }, { rests }, found) => {
      const m = dim - o
      shares.set(found.shares, row * count)
      degrees.set(found.degrees, row * count)
      logDensity[row] = found.logDensity
      columns.forEach((column, t) => {
        const i = order.indexOf(column, o) - o
        for (let k = 0; k < count; k++) {
          const at = (row * width + t) * count + k
          centres[at] = found.means[k * m + i]
          variances[at] = conditionalVariance(rests, m, k, i) * found.widening[k]
        }
      })
    })
    const perCell = (of: (row: number, at: number) => number): Points => ({
      rows,
      dim: width,
      values: new Float64Array(rows * width).map((_, cell) => of(Math.floor(cell / width), cell * count))
    })
    const meanAt = (row: number, at: number): number => {
      let mean = 0
      for (let k = 0; k < count; k++) mean += shares[row * count + k] * centres[at + k]
      return mean
    }
    const { background } = mixture
    const seen = { rows, dim, values }
    const whole = background === undefined ? null : Moments.rowResponsibilities(componentsAndBackground(mixture), seen)
    const assigned =
      whole && assignmentShares(mixture, seen, { shares: whole.shares, logDensity: () => whole.logDensity })
    return {
      mean: perCell(meanAt),
      sd: perCell((row, at) => {
        const mean = meanAt(row, at)
        let sum = 0
        for (let k = 0; k < count; k++) {
          const share = shares[row * count + k]
          const nu = degrees[row * count + k]
          const wide = nu === Infinity ? 1 : nu > 2 ? nu / (nu - 2) : Infinity
          if (share > 0) sum += share * (wide * variances[at + k] + Elementary.square(centres[at + k] - mean))
        }
        return Math.sqrt(sum)
      }),
      quantile: p => {
        throwProblems('Mixture.predict', probabilityProblems(p))
        /** Rows of a pattern share ν, and the quantile of a component in its units. */
        const ofNu = remembered((nu: number): StandardDistribution => {
          const own = standardOf(nu)
          const at = own.quantile(p)
          return { ...own, quantile: () => at }
        })
        return perCell((row, at) =>
          mixtureQuantile(
            Array.from({ length: count }, (_, k) => ({
              weight: shares[row * count + k],
              mean: centres[at + k],
              deviation: Math.sqrt(variances[at + k]),
              standard: ofNu(degrees[row * count + k])
            })).filter(({ weight }) => weight > 0),
            p
          )
        )
      },
      at: row => targetsOf(mixture, columns, values.subarray(row * dim, (row + 1) * dim)),
      logDensity: whole?.logDensity ?? logDensity,
      background: new Float64Array(rows).map((_, row) => assigned?.[row * (count + 1) + count] ?? 0)
    }
  }

/** p(targets | the cells that a row has). */
const targetsOf = (mixture: Mixture, columns: ReadonlyArray<number>, row: Float64Array): Mixture => {
  const found: Mixture[] = []
  const [count, dim] = mixture.means.shape
  eachRow(mixture, row, (_, { order, observed: o }, { rests }, { shares, means, widening, degrees }) => {
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
 * The rows with each missing cell, which holds NaN, at its mean given the cells that the row has, as a row of a component. The best guess of a cell, and not a
 * sample of it: means and covariances of such rows are narrower than those of whole ones (Little & Rubin, Statistical Analysis with
 * Missing Data, §4.2). To learn from rows with missing cells, give them to `fit` as they are.
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
  (points: Points) =>
  (mixture: Mixture): Points => {
    const call = 'Mixture.impute(points)(mixture)'
    const { dim, values, errors } = checked(points, ['rows', 'dim', 'values'], 'points', call)
    const [count, d] = checkedMixture(mixture, call).means.shape
    throwProblems('Mixture.impute', [
      ...Problem.unless(errors === undefined, 'points', 'rows with errors', 'exact rows', 'leave the errors out'),
      ...Problem.unless(dim === d, 'points', `of ${dim} columns`, `of ${d}, as the mixture is`, 'give all columns')
    ])
    const out = values.slice()
    eachRow(mixture, values, (row, { order, observed: o }, _, { shares, means }) => {
      const m = dim - o
      for (let i = 0; i < m; i++) {
        let mean = 0
        for (let k = 0; k < count; k++) mean += shares[k] * means[k * m + i]
        out[row * dim + order[o + i]] = mean
      }
    })
    return { ...points, values: out }
  }
