/**
 * Algebra of mixtures. Student-t components keep ν under marginals and affine maps; otherwise they become scale mixtures of Gaussians.
 * Operations triangularize stacks of factors, never a covariance, so a condition number of 1e16 leaves half of the digits.
 */
import * as Factor from '../../lib/arrays/factor.js'
import { concatenated, type NdArray } from '../../lib/arrays/ndarray.js'
import { largestEntry, transposed } from '../../lib/arrays/linalg.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { logSumExpOf, sumOfNumbers } from '../../lib/numbers/mean.js'
import { refuse } from '../../lib/plain/refuse.js'
import { argumentWithFields as checked } from '../core/index.js'
import * as Problem from '../core/problem.js'
import type { Background, Mixture } from './mixtureData.js'
import * as Pairs from './pairs.js'
import {
  componentsOf,
  gaussianComponents,
  isGaussian,
  logWeight,
  normalizedWeights,
  ofComponents,
  componentsAndBackground,
  withoutBackground,
  type Component
} from './component.js'
import * as Student from './student.js'

type NestedRows = ReadonlyArray<ReadonlyArray<number>>

/** Returns the argument; throws, naming the call, if it is no mixture. */
export const checkedMixture = (mixture: Mixture, call: string): Mixture =>
  checked(mixture, ['means', 'weights'], 'a mixture', call)

/** Number of columns. */
export const mixtureDim = ({ means }: Mixture): number => means.shape[1]

/** Throws a RangeError if there are problems. */
export const throwProblems = (where: string, problems: ReadonlyArray<Problem.Problem>): void => {
  if (problems.length > 0) refuse(`${where}: ${problems.map(Problem.show).join('\n')}`)
}

/** Σ_j a_j of(j). */
const weightedSum = (row: ArrayLike<number>, of: (j: number) => number): number =>
  Array.from(row).reduce((sum, a, j) => sum + a * of(j), 0)

/** Log weights are up to a constant. */
const mixtureFromLogWeights = (
  components: ReadonlyArray<Omit<Component, 'weight'>>,
  logs: ReadonlyArray<number>
): Mixture => {
  const most = Math.max(...logs)
  const weights = normalizedWeights(logs.map(log => Elementary.exp(log - most)))
  return ofComponents(components.map((component, k) => ({ ...component, weight: weights[k] })))
}

// —— affine maps ——

/** x ↦ Ax + b */
export interface Affine {
  /** A, of full row rank; one row per output column. */
  readonly matrix: NestedRows
  /** b. Default: 0. */
  readonly offset?: ReadonlyArray<number>
}

/** True if the matrix has this shape, at least one row, and finite entries. */
const isMatrixOfShape = (matrix: NestedRows, rows: number, columns: number): boolean =>
  rows > 0 && matrix.length === rows && matrix.every(row => row.length === columns && row.every(Number.isFinite))

/** Triangle of A F Fᵀ Aᵀ, from the rows Fᵀ Aᵀ. */
const mappedFactor = (matrix: NestedRows, factor: NdArray, d: number): NdArray => {
  const m = matrix.length
  const { values } = Factor.triangleOfFactor(factor, d)
  return Factor.triangleOfRows(
    new Float64Array(d * m).map((_, at) => {
      const j = Math.floor(at / m)
      return weightedSum(matrix[at % m], l => values[l * d + j])
    }),
    m
  )
}

/** A diagonal entry of L counts as 0 below this share of its row's norm, times the number of columns. */
const DIAGONAL_ROUNDING = 8 * Number.EPSILON

const isSingular = ({ values }: NdArray, m: number): boolean =>
  Array.from({ length: m }, (_, i) => i).some(i => {
    const row = values.subarray(i * m, i * m + i + 1)
    return !(row[i] > DIAGONAL_ROUNDING * m * Elementary.norm(row))
  })

/** Rows of Aᵀ, each with a largest entry of 1. */
const scaledColumns = (matrix: NestedRows): Float64Array =>
  concatenated(
    matrix[0].map((_, j) => {
      const column = Float64Array.from(matrix, row => row[j])
      const most = largestEntry(column)
      return most === 0 ? column : column.map(x => x / most)
    })
  )

const simplifiedFactor = (factor: NdArray): NdArray => (factor.values.length === 1 ? { ...factor, shape: [] } : factor)

/** Source column and coefficient of each output column; null if an output combines columns, or two share one. */
const singleColumnEntries = (
  matrix: NestedRows
): ReadonlyArray<{ readonly column: number; readonly by: number }> | null => {
  const found = matrix.map(row => row.flatMap((by, column) => (by === 0 ? [] : [{ column, by }])))
  const isOfOne = found.every(entries => entries.length === 1)
  return isOfOne && new Set(found.map(([{ column }]) => column)).size === matrix.length
    ? found.map(([entry]) => entry)
    : null
}

const mapComponents = (
  { matrix, offset }: Affine,
  mixture: Mixture,
  components: ReadonlyArray<Component>
): ReadonlyArray<Component> =>
  components.map(component => ({
    ...component,
    mean: Float64Array.from(matrix, (row, i) => weightedSum(row, j => component.mean[j]) + (offset?.[i] ?? 0)),
    factor: simplifiedFactor(mappedFactor(matrix, component.factor, mixtureDim(mixture)))
  }))

/** Background of Ax + b; null if there is none, or A combines columns. */
const mapBackground = ({ matrix, offset }: Affine, { background }: Mixture): Background | null => {
  const entries = singleColumnEntries(matrix)
  return background === undefined || entries === null
    ? null
    : {
        ...background,
        centre: Float64Array.from(entries, ({ column, by }, i) => by * background.centre[column] + (offset?.[i] ?? 0)),
        scale: Float64Array.from(entries, ({ column, by }) => Math.abs(by) * background.scale[column])
      }
}

const imageUnderMap = (map: Affine, mixture: Mixture): Mixture => {
  const background = mapBackground(map, mixture)
  // A combined Cauchy background becomes a component with ν = 1.
  const parts = background === null ? componentsAndBackground(mixture) : componentsOf(withoutBackground(mixture))
  const found = ofComponents(mapComponents(map, mixture, parts))
  return background === null ? found : { ...found, background }
}

/**
 * Returns the distribution of Ax + b: means Ac + b, covariances AΣAᵀ. Throws a RangeError unless A has full row rank: the image has no
 * density. To add noise, use `convolve`.
 *
 * A multivariate t keeps its ν, and a background remains one if each output is a multiple of one column and no two share it; otherwise a
 * Cauchy becomes the last component, with ν = 1, and a box is rejected.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * // the sum and the difference of two columns
 * const turned = Mixture.affine({ matrix: [[1, 1], [1, -1]] })(Mixture.of({ means: [[3, 1]], variances: [[4, 1]] }))
 * assert.deepEqual([...turned.means.values], [4, 2])
 * assert.ok(turned.variances.every(v => Math.abs(v - 5) < 1e-14))
 */
export const affine =
  ({ matrix, offset }: Affine) =>
  (mixture: Mixture): Mixture => {
    const d = mixtureDim(checkedMixture(mixture, 'Mixture.affine(map)(mixture)'))
    const m = matrix.length
    const isRight = isMatrixOfShape(matrix, m, d)
    const images = isRight ? mapComponents({ matrix }, mixture, componentsOf(mixture)) : []
    const narrow = images.findIndex(({ factor }) => isSingular(factor, m))
    const isDeficient = narrow !== -1 && (m > d || isSingular(Factor.triangleOfRows(scaledColumns(matrix), m), m))
    throwProblems('Mixture.affine', [
      ...Problem.unless(
        isRight,
        'matrix',
        JSON.stringify(matrix),
        `a list of rows of ${d} finite numbers`,
        'give a row of coefficients for each column that comes out'
      ),
      ...Problem.unless(
        offset === undefined || (offset.length === m && offset.every(Number.isFinite)),
        'offset',
        JSON.stringify(offset ?? null),
        `${m} finite numbers`,
        'give one for each row of the matrix'
      ),
      ...Problem.unless(
        !isDeficient,
        'matrix',
        JSON.stringify(matrix),
        'of full row rank: what comes out has no density',
        'leave out rows that are sums of others'
      ),
      ...Problem.unless(
        narrow === -1 || isDeficient,
        'mixture',
        `with component ${narrow}, whose image is so narrow in one direction that rounding leaves no width`,
        'one with standard deviations within 1e15 of each other where columns are added',
        'leave out rows of the matrix, or columns of next to no variance'
      ),
      ...Problem.unless(
        !isRight || mixture.background?.shape !== 'box' || singleColumnEntries(matrix) !== null,
        'mixture',
        'with a background that is a box',
        'one that has an image where columns are added',
        'give Mixture.withoutBackground(mixture), or learn it with a Cauchy'
      )
    ])
    return imageUnderMap({ matrix, ...(offset && { offset }) }, mixture)
  }

/** Problems unless columns are distinct, in 0 … d − 1, and at least one. */
export const columnProblems = (
  field: string,
  columns: ReadonlyArray<number>,
  d: number
): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    columns.length > 0 &&
      columns.every(j => Number.isInteger(j) && j >= 0 && j < d) &&
      new Set(columns).size === columns.length,
    field,
    JSON.stringify(columns),
    `a list of different columns, from 0 to ${d - 1}`,
    'name each column once, by its number from 0'
  )

/**
 * Returns the distribution of the given columns, in the given order. Student-t components keep ν; a background is restricted to the
 * columns.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[1, 2, 3]], variances: [[4, 5, 6]] })
 * assert.deepEqual(Mixture.marginal([2, 0])(mixture), Mixture.of({ means: [[3, 1]], variances: [[6, 4]] }))
 */
export const marginal =
  (columns: ReadonlyArray<number>) =>
  (mixture: Mixture): Mixture => {
    const d = mixtureDim(checkedMixture(mixture, 'Mixture.marginal(columns)(mixture)'))
    throwProblems('Mixture.marginal', columnProblems('columns', columns, d))
    const { means, weights, variances, factors } = mixture
    const matrix = columns.map(j => Array.from({ length: d }, (_, l) => (l === j ? 1 : 0)))
    if (factors !== null) return imageUnderMap({ matrix }, mixture)
    const picked = (values: Float64Array): Float64Array =>
      Float64Array.from({ length: weights.length * columns.length }, (_, at) => {
        const k = Math.floor(at / columns.length)
        const column = columns[at % columns.length]
        return values[k * d + column]
      })
    const background = mapBackground({ matrix }, mixture)
    return {
      means: { shape: [weights.length, columns.length], values: picked(means.values) },
      weights,
      variances: variances.length === weights.length ? variances : picked(variances),
      factors,
      ...(mixture.tails && { tails: mixture.tails }),
      ...(background && { background })
    }
  }

/** Throws a RangeError if the numbers of columns differ. */
export const requireSameDim = (where: string, one: Mixture, other: Mixture): void => {
  throwProblems(
    where,
    Problem.unless(
      mixtureDim(one) === mixtureDim(other),
      'mixture',
      `of ${mixtureDim(other)} columns`,
      `of ${mixtureDim(one)}, as the other is`,
      'give both the same columns'
    )
  )
}

/**
 * Returns the distribution of x + n, x from the mixture and n, independent of x, from `noise`: one component N(c + c′, Σ + Σ′) for each
 * pair.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[-1], [1]], variances: [1, 2] })
 * const noise = Mixture.of({ means: [[0]], variances: [3] })
 * const { variances } = Mixture.convolve(noise)(mixture)
 * assert.ok([4, 5].every((v, k) => Math.abs(variances[k] - v) < 1e-14))
 */
export const convolve =
  (noise: Mixture) =>
  (mixture: Mixture): Mixture => {
    const d = mixtureDim(checkedMixture(mixture, 'Mixture.convolve(noise)(mixture)'))
    requireSameDim('Mixture.convolve', mixture, noise)
    const others = gaussianComponents(noise)
    const pairs = gaussianComponents(mixture).flatMap(one =>
      others.map(other => ({
        weight: one.weight * other.weight,
        mean: one.mean.map((c, j) => c + other.mean[j]),
        factor: Factor.sumOfFactors([one.factor, other.factor], d)
      }))
    )
    const weights = normalizedWeights(pairs.map(({ weight }) => weight))
    return ofComponents(pairs.map((pair, at) => ({ ...pair, weight: weights[at] })))
  }

// —— conditioning on observations ——

/** y = Ax + b + Gaussian noise. */
export interface Observation extends Affine {
  /** y */
  readonly observed: ReadonlyArray<number>
  /** One standard deviation > 0, one per entry of y, or the lower triangle N of the noise covariance NNᵀ. */
  readonly deviation: number | ReadonlyArray<number> | NestedRows
}

/** Component conditioned on y = Ax + b + Nε. */
interface Conditioned {
  readonly mean: Float64Array
  readonly factor: NdArray
  /** log π N(y; Ac + b, L_yL_yᵀ) */
  readonly logJoint: number
}

/** Smaller posterior weights, relative to the largest, change no digit. */
const NEGLIGIBLE_LOG_SHARE = 40

/** Conditions a component by the triangle of [N, AL; 0, L]: see `given`. */
const conditionComponent = (
  { weight, mean, factor }: Component,
  {
    matrix,
    noise,
    observed
  }: { readonly matrix: NestedRows; readonly noise: Float64Array; readonly observed: Float64Array }
): Conditioned => {
  const m = observed.length
  const d = mean.length
  const n = m + d
  const { values: lower } = Factor.triangleOfFactor(factor, d)
  const joint = new Float64Array(n * n).map((_, at) => {
    const i = Math.floor(at / n)
    const j = at % n
    if (j < m) return i < m ? noise[i * m + j] : 0
    return i < m ? weightedSum(matrix[i], l => lower[l * d + j - m]) : lower[(i - m) * d + j - m]
  })
  const { values } = Factor.sumOfFactors([{ shape: [n, n], values: joint }], n)
  const block = (from: number, to: number, size: number, width: number): NdArray => ({
    shape: [size, width],
    values: new Float64Array(size * width).map(
      (_, at) => values[(from + Math.floor(at / width)) * n + to + (at % width)]
    )
  })
  const seen = block(0, 0, m, m)
  const residual = observed.map((y, i) => y - weightedSum(matrix[i], l => mean[l]))
  const white = Factor.solve(seen, m, residual)
  const gain = block(m, 0, d, m).values
  return {
    mean: mean.map((c, j) => white.reduce((sum, e, i) => sum + gain[j * m + i] * e, c)),
    factor: block(m, m, d, d),
    logJoint: Factor.logNormalDensity(
      seen,
      m,
      logWeight(weight),
      white.reduce((sum, e) => sum + e * e, 0)
    )
  }
}

const isNestedRows = (list: ReadonlyArray<number> | NestedRows): list is NestedRows => list.every(Array.isArray)

/** N, [m, m]; null if the deviation is not valid. */
const noiseTriangle = (deviation: Observation['deviation'], m: number): Float64Array | null => {
  const rows =
    typeof deviation === 'number'
      ? new Float64Array(m * m).map((_, at) => (at % (m + 1) === 0 ? deviation : 0))
      : isNestedRows(deviation)
        ? Float64Array.from(deviation.flat())
        : Float64Array.from(deviation.flatMap((r, i) => deviation.map((_, j) => (i === j ? r : 0))))
  const isRight = rows.every((x, at) => {
    const i = Math.floor(at / m)
    const j = at % m
    return i === j ? x > 0 && x < Infinity : j < i ? Number.isFinite(x) : x === 0
  })
  return isRight && rows.length === m * m ? rows : null
}

const conditionedComponents = (
  { matrix, observed, deviation, offset }: Observation,
  mixture: Mixture,
  where: string
): ReadonlyArray<Conditioned> => {
  const d = mixtureDim(checkedMixture(mixture, `${where}(observation)(mixture)`))
  const m = observed.length
  const noise = noiseTriangle(deviation, m)
  throwProblems(where, [
    ...Problem.unless(
      isMatrixOfShape(matrix, m, d),
      'matrix',
      JSON.stringify(matrix),
      `a matrix of ${m} rows, one for each number that is observed, of ${d} finite numbers`,
      'give a row of coefficients for each'
    ),
    ...Problem.unless(
      noise !== null,
      'deviation',
      JSON.stringify(deviation),
      `> 0 and finite, one for all or ${m}, or a lower triangle of as many rows`,
      'try 0.01'
    ),
    ...Problem.unless(
      [...observed, ...(offset ?? [])].every(Number.isFinite) && (offset ?? observed).length === m,
      'observed',
      JSON.stringify({ observed, offset }),
      'finite, and of one length',
      'give a number for each row of the matrix'
    )
  ])
  const seen = {
    matrix,
    noise: noise ?? new Float64Array(0),
    observed: Float64Array.from(observed, (y, i) => y - (offset?.[i] ?? 0))
  }
  const all = componentsOf(Student.asGaussians(mixture)).map(component => conditionComponent(component, seen))
  throwProblems(
    where,
    Problem.unless(
      isWithinReach(mixture, all),
      'observed',
      JSON.stringify(observed),
      'within the range of the Gaussians that stand for components with tails: some 1000 deviations, fewer for large ν',
      'check the units of what is observed, or give a larger deviation'
    )
  )
  return all
}

/** Minimum of −log of the relative weight of a t's widest Gaussian. */
const MIN_EDGE_LOG_RATIO = 16

/** False if an observation is so distant that a t's widest Gaussians, which are inaccurate, dominate. */
const isWithinReach = (mixture: Mixture, all: ReadonlyArray<Conditioned>): boolean => {
  if (isGaussian(mixture)) return true
  const most = Math.max(...all.map(({ logJoint }) => logJoint))
  const parts = componentsAndBackground(mixture).map(part => ({
    hasTails: part.nu !== undefined,
    gaussians: Student.componentAsGaussians(part)
  }))
  const starts = parts.reduce<ReadonlyArray<number>>(
    (before, { gaussians }) => [...before, before[before.length - 1] + gaussians.length],
    [0]
  )
  return (
    most > -Infinity &&
    parts.every(({ hasTails, gaussians }, k) => {
      const widest = gaussians.findIndex(({ weight }) => weight > 0)
      return !hasTails || widest === -1 || all[starts[k] + widest].logJoint < most - MIN_EDGE_LOG_RATIO
    })
  )
}

/**
 * Returns the posterior p(x | y) for y = Ax + b + noise. With Σ = LLᵀ and noise covariance NNᵀ, the triangle of [N, AL; 0, L] is [L_y, 0;
 * G, L_x], and with e = L_y⁻¹(y − Ac − b) a component becomes N(c + Ge, L_xL_xᵀ), with a weight proportional to π N(y; Ac + b, L_yL_yᵀ). To
 * condition on columns without noise, use `predict`.
 *
 * Student-t components and a Cauchy background are replaced by `gaussians`, accurate to ten digits. A box background is rejected.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * // Of a pair on a diagonal, the second coordinate is seen near 3.
 * const prior = Mixture.of({ means: [[3, 3], [-3, -3]] })
 * const found = Mixture.given({ matrix: [[0, 1]], observed: [3], deviation: 0.1 })(prior)
 * assert.ok(found.weights[0] > 0.999)
 * assert.ok(Math.abs(found.means.values[0] - 3) < 1e-12) // the first coordinate, which hangs on the second by the component alone
 */
export const given =
  (observation: Observation) =>
  (mixture: Mixture): Mixture => {
    const all = conditionedComponents(observation, mixture, 'Mixture.given')
    const most = Math.max(...all.map(({ logJoint }) => logJoint))
    // The widest Gaussians of a t have lost their digits.
    const parts = isGaussian(mixture) ? all : all.filter(({ logJoint }) => logJoint > most - NEGLIGIBLE_LOG_SHARE)
    return mixtureFromLogWeights(
      parts,
      parts.map(({ logJoint }) => logJoint)
    )
  }

/**
 * Returns log p(y) = log Σ π N(y; Ac + b, AΣAᵀ + NNᵀ) for y = Ax + b + noise. Student-t components are replaced by `gaussians`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * // x + noise, of variances 1 and 3: N(0, 4) at 2
 * const found = Mixture.logEvidence({ matrix: [[1]], observed: [2], deviation: Math.sqrt(3) })(Mixture.of({ means: [[0]] }))
 * assert.ok(Math.abs(found - (-0.5 - Math.log(2) - Math.log(2 * Math.PI) / 2)) < 1e-14)
 */
export const logEvidence =
  (observation: Observation) =>
  (mixture: Mixture): number =>
    logSumExpOf(conditionedComponents(observation, mixture, 'Mixture.logEvidence').map(({ logJoint }) => logJoint))

/** Conditions components of `mixture` on each N(c′, Σ′) of `other`: an observation c′ with noise covariance Σ′. */
const productComponents = (other: Mixture, mixture: Mixture, where: string): ReadonlyArray<Conditioned> => {
  const d = mixtureDim(checkedMixture(mixture, `${where}(other)(mixture)`))
  requireSameDim(where, mixture, other)
  const matrix = Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => (i === j ? 1 : 0)))
  const others = gaussianComponents(other)
  return gaussianComponents(mixture).flatMap(component =>
    others.map(({ weight, mean, factor }) => {
      const noise = Factor.triangleOfFactor(factor, d).values
      const found = conditionComponent(component, { matrix, noise, observed: mean })
      return { ...found, logJoint: found.logJoint + logWeight(weight) }
    })
  )
}

/**
 * Returns p q / ∫ p q, one component for each pair: the posterior that combines two independent sources about x. `logIntegral` is the log
 * normalizer.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const [p, q] = [-1, 1].map(c => Mixture.of({ means: [[c]], variances: [2] }))
 * const both = Mixture.product(q)(p)
 * assert.ok(Math.abs(both.means.values[0]) < 1e-15)
 * assert.ok(Math.abs(both.variances[0] - 1) < 1e-15)
 */
export const product =
  (other: Mixture) =>
  (mixture: Mixture): Mixture => {
    const d = mixtureDim(mixture)
    const parts = productComponents(other, mixture, 'Mixture.product')
    const isDiagonal = mixture.factors === null && other.factors === null
    return mixtureFromLogWeights(
      parts.map(({ mean, factor: { shape, values } }) => ({
        mean,
        factor: isDiagonal ? { shape: [d], values: values.filter((_, at) => at % (d + 1) === 0) } : { shape, values }
      })),
      parts.map(({ logJoint }) => logJoint)
    )
  }

/**
 * Returns log ∫ p q = log Σ π ρ N(c; c′, Σ + Σ′). For a mixture with itself it is minus Rényi's entropy of order 2.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * // Of a standard normal with itself, ∫ p² = 1/(2√π).
 * const one = Mixture.of({ means: [[0]] })
 * assert.ok(Math.abs(Mixture.logIntegral(one)(one) + Math.log(2 * Math.sqrt(Math.PI))) < 1e-12)
 */
export const logIntegral =
  (other: Mixture) =>
  (mixture: Mixture): number => {
    requireSameDim('Mixture.logIntegral', checkedMixture(mixture, 'Mixture.logIntegral(other)(mixture)'), other)
    const others = gaussianComponents(other)
    return logSumExpOf(
      gaussianComponents(mixture).flatMap(one =>
        others.map(two => logWeight(one.weight) + logWeight(two.weight) + Pairs.logGaussianProductIntegral(one, two))
      )
    )
  }

// —— moments and mixing ——

export interface TwoMoments {
  /** [d] */
  readonly mean: Float64Array
  /** Triangle L of the covariance LLᵀ, [d, d]. */
  readonly factor: NdArray
  /** [d, d] */
  readonly covariance: NdArray
}

/**
 * Returns the mean m = Σ π c and covariance Σ π (Σ_k + (c − m)(c − m)ᵀ), whose triangle is that of [√π L, √π (c − m)]. A multivariate t has
 * the covariance νΣ/(ν − 2), a box s²/3. Throws a RangeError for a t with ν ≤ 2, or a Cauchy background.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const { mean, covariance } = Mixture.moments(Mixture.of({ means: [[-2, 1], [2, 1]] }))
 * assert.deepEqual([...mean], [0, 1])
 * assert.ok([5, 0, 0, 1].every((v, at) => Math.abs(covariance.values[at] - v) < 1e-14))
 */
export const moments = (mixture: Mixture): TwoMoments => {
  const d = mixtureDim(checkedMixture(mixture, 'Mixture.moments(mixture)'))
  const components = componentsAndBackground(mixture)
  throwProblems(
    'Mixture.moments',
    Problem.unless(
      components.every(({ weight, nu = Infinity }) => nu > 2 || weight === 0),
      'mixture',
      'with a component of ν ≤ 2, or a Cauchy background',
      'one that has a covariance',
      'take Mixture.withoutBackground(mixture), or quantiles'
    )
  )
  const [{ mean: origin }] = components // prettier-ignore
  // About a centre: a distant origin costs no digits.
  const mean = origin.map((o, j) => o + sumOfNumbers(components.map(({ weight, mean }) => weight * (mean[j] - o))))
  const rows = components.flatMap(({ weight, mean: c, factor, nu, background }) => {
    const { values } = Factor.triangleOfFactor(factor, d)
    const root = Math.sqrt(weight)
    const wide =
      weight === 0 ? 0 : root * Math.sqrt(background === 'box' ? 1 / 3 : nu === undefined ? 1 : nu / (nu - 2))
    return [transposed(values, d).map(x => wide * x), c.map((x, j) => root * (x - mean[j]))]
  })
  const factor = Factor.triangleOfRows(concatenated(rows), d)
  return { mean, factor, covariance: Factor.covarianceOfFactor(factor, d) }
}

/**
 * Returns Σ_c p_c, the mixture of mixtures with weights p that sum to 1. Mixtures with a background are rejected.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const two = Mixture.mix([0.25, 0.75])([Mixture.of({ means: [[0]] }), Mixture.of({ means: [[1]], variances: [4] })])
 * assert.deepEqual([...two.weights, ...two.variances], [0.25, 0.75, 1, 4])
 */
export const mix =
  (weights: ReadonlyArray<number>) =>
  (mixtures: ReadonlyArray<Mixture>): Mixture => {
    throwProblems(
      'Mixture.mix',
      Problem.unless(
        mixtures.every(({ background }) => background === undefined),
        'mixtures',
        'one with a background',
        'of components alone',
        'take Mixture.withoutBackground of each'
      )
    )
    return ofComponents(
      mixtures.flatMap((mixture, c) =>
        componentsOf(mixture).map(component => ({ ...component, weight: weights[c] * component.weight }))
      )
    )
  }
