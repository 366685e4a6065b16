/**
 * Gaussian mixtures, Σ_k π_k N(c_k, Σ_k), as plain data. Computations use a factor F of Σ = F Fᵀ, whose condition number is the square root
 * of Σ's.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as ChiSquared from '../../lib/numbers/chiSquared.js'
import * as Factor from '../../lib/arrays/factor.js'
import { type Key, type NdArray, type Tensor } from '../../lib/index.js'
import { rowwise, rowwisePlan, type RowwiseInputs, type RowwisePlan } from '../../lib/compiler/rowwise.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import { concatenated, nestedRows, scalarArray } from '../../lib/arrays/ndarray.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Missing from './em/missing.js'
import { assignmentShares } from './outsideBox.js'
import * as Moments from './em/eStepLoops.js'
import * as Draw from './draw.js'
import * as Maps from './families/maps.js'
import * as Tensors from './families/tensors.js'
import {
  factorsOf,
  isGaussian,
  ofComponents,
  componentsAndBackground,
  LOG_STORAGE_ROUNDING,
  withoutEmpty
} from './component.js'
import * as Scaled from './em/scaled.js'
import * as Student from './student.js'
import { argumentWithFields as checked } from '../core/index.js'
import { typeAndValue } from '../core/spelling.js'
import { pluralized } from '../data/dataProblems.js'
import type { Points } from '../data/points.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import { of } from './description.js'
import type { Mixture } from './mixtureData.js'
import type { Level } from '../schedule/schedule.js'

export { logWeights, withoutBackground } from './component.js'
export * from './description.js'
export type { Mixture }

type NestedRows = ReadonlyArray<ReadonlyArray<number>>

/** Number of components, K. */
export const components = (mixture: Mixture): number =>
  mixtureArgument(mixture, 'Mixture.components(mixture)').means.shape[0]
/** Number of columns, d. */
export const dimension = (mixture: Mixture): number =>
  mixtureArgument(mixture, 'Mixture.dimension(mixture)').means.shape[1]

/** Centres as points, one row per component. */
export const centres = (mixture: Mixture): Points => ({
  rows: components(mixture),
  dim: dimension(mixture),
  values: mixture.means.values
})

/** Returns Σ_k, [K, dim, dim]. */
export const covariances = (mixture: Mixture): NdArray => {
  const d = dimension(mixture)
  return {
    shape: [components(mixture), d, d],
    values: concatenated(factorsOf(mixture).map(factor => Factor.covarianceOfFactor(factor, d).values))
  }
}

/** Returns ½N(c, I) + ½N(−c, I). */
export const symmetricPair = (centre: ReadonlyArray<number>): Mixture =>
  (Array.isArray(centre) || ArrayBuffer.isView(centre)) && centre.every(x => typeof x === 'number')
    ? of({ means: [centre, centre.map(value => -value)] })
    : refuse(`centre: ${typeAndValue(centre)} is not a list of numbers; try [3, 0]`)

/**
 * Returns the distribution of αx + σz, x from the mixture and z standard normal: means αc_k, covariances α²Σ_k + σ²I. Student-t components
 * become scale mixtures of Gaussians.
 */
export const diffuse =
  ({ alpha, sigma }: Level) =>
  (mixture: Mixture): Mixture => {
    const { means, weights, variances, factors } = mixtureArgument(mixture, 'Mixture.diffuse(level)(mixture)')
    if (!isGaussian(mixture))
      return ofComponents(Scaled.gaussiansAt(mixture, { alpha, sigma }).map(({ there }) => there))
    const there = { means: { shape: means.shape, values: means.values.map(value => alpha * value) }, weights }
    if (factors === null) return { ...there, variances: variances.map(v => alpha * alpha * v + sigma * sigma), factors }
    const noise: NdArray = scalarArray(sigma)
    const shrunk = (factor: NdArray): NdArray => ({ ...factor, values: factor.values.map(x => alpha * x) })
    return Maps.mixtureOfTriangles(
      there,
      factorsOf(mixture).map(factor => Factor.sumOfFactors([shrunk(factor), noise], dimension(mixture)).values)
    )
  }

/**
 * Returns a mixture of Gaussians with the same density: a multivariate t becomes about a hundred N(c, Σ/g_j), accurate to ten digits up to
 * 1000 deviations from its centre and to 1e-300 of the density there. A Cauchy background is a t with ν = 1.
 * @throws RangeError if the background is a box
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Points, Problem } from 'ornstein'
 *
 * const wide = Mixture.of({ means: [[-2, 0], [2, 0]], tails: [3, 3] })
 * const rows = Problem.orThrow(Points.fromRows([[0, 0], [30, -4]]))
 * const [one, other] = [wide, Mixture.gaussians(wide)].map(Mixture.logDensity(rows))
 * assert.ok(one.every((log, i) => Math.abs(log - other[i]) < 1e-9))
 */
export const gaussians = Student.asGaussians

/** Returns the distribution of centre + scale · z by columns, z from the mixture. */
export const rescaled =
  ({ centre, scale }: { readonly centre: Float64Array; readonly scale: Float64Array }) =>
  (mixture: Mixture): Mixture => {
    const there = Maps.scaledMixture(scale, mixture)
    const { shape, values } = there.means
    const { tails, background } = mixture
    return {
      ...there,
      means: { shape, values: values.map((z, at) => centre[at % centre.length] + z) },
      ...(tails && { tails }),
      ...(background && {
        background: {
          ...background,
          centre: background.centre.map((z, j) => centre[j] + scale[j] * z),
          scale: background.scale.map((s, j) => scale[j] * s)
        }
      })
    }
  }

const compareRows = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const j = a.findIndex((x, j) => x !== b[j])
  return j < 0 ? 0 : a[j] - b[j]
}

/** Indices of the components sorted by their means, first column first. */
export const order = (mixture: Mixture): ReadonlyArray<number> => {
  const { shape, values } = mixtureArgument(mixture, 'Mixture.order(mixture)').means
  const means = nestedRows(values, shape[1])
  return means.map((_, k) => k).sort((k, l) => compareRows(means[k], means[l]))
}

/** Returns the mixture with its components in the order of these indices. */
export const relabelled =
  (order: ReadonlyArray<number>) =>
  ({ means, weights, variances, factors, tails, background }: Mixture): Mixture => {
    const picked = (values: Float64Array): Float64Array => {
      const width = values.length / weights.length
      return values.map((_, at) => values[order[Math.floor(at / width)] * width + (at % width)])
    }
    return {
      means: { shape: means.shape, values: picked(means.values) },
      weights: picked(weights),
      variances: picked(variances),
      factors: factors === null ? null : { shape: factors.shape, values: picked(factors.values) },
      ...(tails && { tails: picked(tails) }),
      ...(background && { background })
    }
  }

/** Draws independent rows from the mixture. */
export const sample =
  (rows: number) =>
  (key: Key.Key) =>
  (mixture: Mixture): Points =>
    Draw.sample(rows)(key)(mixtureArgument(mixture, 'Mixture.sample(rows)(key)(mixture)'))

// —— densities ——

const mixtureArgument = (mixture: Mixture, call: string): Mixture =>
  checked(mixture, ['means', 'weights'], 'a mixture', call)

/** Throws if the points do not have the mixture's columns. */
const requireColumns = (points: Points, mixture: Mixture): Points => {
  const wanted = dimension(mixture)
  return points.dim === wanted
    ? points
    : refuse(
        `points: ${pluralized(points.dim, 'column')}, and the mixture has ${wanted}; give points of the columns of the mixture`
      )
}

/** Adds the checks of a user's rows and mixture; errors begin with the name of the function. */
const withCheckedRows = <A>(
  name: string,
  of: (points: Points) => (mixture: Mixture) => A
): ((points: PointsLike) => (mixture: Mixture) => A) => {
  const call = `Mixture.${name}(points)(mixture)`
  return given => {
    const points = pointsArgument(given, call)
    return mixture => of(requireColumns(points, mixtureArgument(mixture, call)))(mixture)
  }
}

type RowQuantity = (seen: Tensors.RowFunctions, x: Tensor) => Tensor

const rowProgram =
  (quantity: RowQuantity): Parameters<typeof rowwise>[1] =>
  ({ params, rows: { x } }) => ({ found: quantity(Tensors.functionsOfArrays(params), x) })

const inputsOf = ({ rows, dim, values }: Points, mixture: Mixture): RowwiseInputs => {
  return {
    params: Tensors.mixtureArrays(withoutEmpty(mixture)),
    rows: { x: { shape: [rows, dim], values } },
    constants: {}
  }
}

/** Evaluates a function of each row, compiled if there are many, without components of weight 0. */
const evaluateRows =
  (quantity: RowQuantity) =>
  (points: Points) =>
  (mixture: Mixture): Float64Array =>
    rowwise(quantity, rowProgram(quantity))(inputsOf(points, mixture)).found.values

/** Evaluates by `of` if rows are complete and without measurement errors; otherwise by `ofSeen`, from their posteriors. */
const unlessCellsMissing =
  (of: ReturnType<typeof evaluateRows>, ofSeen: (posteriors: Moments.RowPosteriors) => Float64Array) =>
  (points: Points) =>
  (mixture: Mixture): Float64Array =>
    Missing.hasMissingCells(points) || points.errors !== undefined
      ? ofSeen(Moments.rowResponsibilities(componentsAndBackground(mixture), points))
      : of(points)(mixture)

/** Returns log p(x) of each row, of its observed columns if cells are missing (NaN), [rows]. */
export const logDensity: (points: PointsLike) => (mixture: Mixture) => Float64Array = withCheckedRows(
  'logDensity',
  points => unlessCellsMissing(rowLogDensities, ({ logDensity }) => logDensity)(points)
)

/** Throws a RangeError if a finite row overflows. */
const refuseOverflow =
  (of: ReturnType<typeof evaluateRows>, isOverflow: (mixture: Mixture, value: number) => boolean) =>
  (points: Points) =>
  (mixture: Mixture): Float64Array => {
    const found = of(points)(mixture)
    const { rows, dim, values } = points
    const width = found.length / rows
    const at = found.findIndex(
      (value, i) =>
        isOverflow(mixture, value) &&
        values.subarray(Math.floor(i / width) * dim, (Math.floor(i / width) + 1) * dim).every(Number.isFinite)
    )
    return at < 0
      ? found
      : refuse(
          `points: row ${Math.floor(at / width)} is more than 1e150 scales from a component, or a component with tails has scales below 1e-75, so that squares overflow; check the units, or take Mixture.rescaled`
        )
  }

const hasHeavyTails = ({ tails, background }: Mixture): boolean => tails !== undefined || background?.shape === 'cauchy'

const rowLogDensities = refuseOverflow(
  evaluateRows((seen, x) => seen.logDensity(x)),
  // With heavy tails −∞ is an error; a Gaussian log-density of a distant row overflows to it, as documented.
  (mixture, value) => hasHeavyTails(mixture) && !Number.isFinite(value)
)

const scoreQuantity: RowQuantity = (seen, x) => seen.score(x)
const scores = refuseOverflow(
  evaluateRows(scoreQuantity),
  (mixture, value) => hasHeavyTails(mixture) && !Number.isFinite(value)
)

/** Describes how `score` is evaluated: compiled or interpreted. */
export const scorePlan =
  (points: Points) =>
  (mixture: Mixture): RowwisePlan =>
    rowwisePlan(scoreQuantity, rowProgram(scoreQuantity))(inputsOf(points, mixture))

/** Returns ∇ log p(x), [rows, dim]. */
export const score: (points: PointsLike) => (mixture: Mixture) => Points = withCheckedRows(
  'score',
  points => mixture => ({
    ...points,
    values: pipe(mixture, scores(points))
  })
)

/** Returns Δ log p(x) = div ∇ log p(x) = Σ_k r_k (|s_k − s|² − tr Σ_k⁻¹), s_k the score of component k, [rows]. */
export const divergence: (points: PointsLike) => (mixture: Mixture) => Float64Array = withCheckedRows(
  'divergence',
  refuseOverflow(
    evaluateRows((seen, x) => seen.divergence(x)),
    (_, value) => !Number.isFinite(value)
  )
)

const completeRowPosteriors = evaluateRows((seen, x) => Tensors.tensorPosterior(seen.logJoint(x)).q)

/** Returns p(k | x), [rows, K]; 0 for components of weight 0. */
const posteriors =
  (points: Points) =>
  (mixture: Mixture): Float64Array => {
    const found = completeRowPosteriors(points)(mixture)
    const { weights } = mixture
    const count = partCount(mixture)
    const columns = RA.makeBy(count, k => k).filter(k => k >= weights.length || weights[k] > 0)
    if (columns.length === count) return found
    return new Float64Array((found.length / columns.length) * count).map((_, at) => {
      const column = columns.indexOf(at % count)
      return column < 0 ? 0 : found[Math.floor(at / count) * columns.length + column]
    })
  }

const posteriorsOfObserved = unlessCellsMissing(posteriors, ({ shares }) => shares)

/** Number of components, with the background. */
const partCount = (mixture: Mixture): number => components(mixture) + (mixture.background === undefined ? 0 : 1)

/**
 * Returns p(k | x) given the observed columns, [rows, K]; [rows, K + 1] with a background, which is last. A box background has the density
 * 1/V outside the box too, as in mclust; in `logDensity` it is 0 there.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture } from 'ornstein'
 *
 * const background = { share: 0.1, shape: 'box', centre: [0], scale: [5] } as const
 * const mixture = Mixture.of({ means: [[0]], background })
 * assert.deepEqual(Mixture.assign({ rows: 3, dim: 1, values: Float64Array.of(1, 4, 40) })(mixture), [0, -1, -1])
 */
export const responsibilities: (points: PointsLike) => (mixture: Mixture) => NdArray = withCheckedRows(
  'responsibilities',
  points => mixture => ({
    shape: [points.rows, partCount(mixture)],
    values: assignmentShares(mixture, points, {
      shares: pipe(mixture, posteriorsOfObserved(points)),
      logDensity: () => pipe(mixture, logDensity(points))
    })
  })
)

export interface Membership {
  /** Most probable component, from 0; −1 for the background: see `responsibilities`. */
  readonly component: number
  /** p(k | x) of that component. */
  readonly probability: number
  /** 1 − probability, computed without cancellation. */
  readonly uncertainty: number
  /** log p(x) */
  readonly logDensity: number
  /** True if the row is farther from each component than all but a thousandth of its own rows. */
  readonly isOutlier: boolean
}

const mostProbable = (shares: Float64Array): number => shares.reduce((best, p, k) => (p > shares[best] ? k : best), 0)

const OUTLIER_PROBABILITY = 1e-3

const membershipsOf = (
  { shares, logDensity, squared, columns }: Moments.RowPosteriors,
  { tails, weights }: Mixture
): ReadonlyArray<Membership> => {
  const count = shares.length / logDensity.length
  const perRow = (values: Float64Array, i: number): Float64Array => values.subarray(i * count, (i + 1) * count)
  // A row without observed cells is not an outlier.
  const limits = new Map(
    Array.from(
      new Set(columns),
      d =>
        [
          d,
          Array.from(weights, (_, k) =>
            d === 0
              ? Infinity
              : tails
                ? Student.studentQuantile(tails[k], d, OUTLIER_PROBABILITY)
                : ChiSquared.chiSquaredQuantile(d, OUTLIER_PROBABILITY)
          )
        ] as const
    )
  )
  return RA.makeBy(logDensity.length, i => {
    const row = perRow(shares, i)
    const component = mostProbable(row)
    const limit = limits.get(columns[i])
    return {
      component: component < weights.length ? component : -1,
      probability: row[component],
      // 1 − probability has no digits if the row is almost certain.
      uncertainty: row[component] === 0 ? 1 : row.reduce((sum, p, k) => (k === component ? sum : sum + p), 0),
      logDensity: logDensity[i],
      isOutlier: perRow(squared, i).every(
        (squared, k) => k >= weights.length || weights[k] === 0 || squared > (limit?.[k] ?? Infinity)
      )
    }
  })
}

/**
 * Assigns each row to a component, with its probability, and detects outliers: rows with P(χ²_d > |L_k⁻¹(x − c_k)|²) < 10⁻³ for every
 * component. Missing cells (NaN) are left out. A row's result does not depend on the others.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Points } from 'ornstein'
 *
 * const mixture = Mixture.of({ means: [[-2], [2]] })
 * const points = { rows: 2, dim: 1, values: Float64Array.of(-2, 9) }
 * const [left, far] = Mixture.memberships(points)(mixture)
 * assert.equal(left.component, 0)
 * // 1/(1 + e⁻⁸)
 * assert.ok(Math.abs(left.probability - 1 / (1 + Math.exp(-8))) < 1e-15)
 * assert.deepEqual([left.isOutlier, far.isOutlier], [false, true])
 * assert.deepEqual(Mixture.memberships(Points.select([1])(points))(mixture), [far])
 */
export const memberships: (points: PointsLike) => (mixture: Mixture) => ReadonlyArray<Membership> = withCheckedRows(
  'memberships',
  points => mixture => {
    const found = Moments.rowResponsibilities(componentsAndBackground(mixture), points)
    const shares = assignmentShares(mixture, points, { shares: found.shares, logDensity: () => found.logDensity })
    return membershipsOf({ ...found, shares }, mixture)
  }
)

/** Returns each row's most probable component, from 0; −1 for the background. */
export const assign: (points: PointsLike) => (mixture: Mixture) => ReadonlyArray<number> = withCheckedRows(
  'assign',
  points => mixture => {
    const count = partCount(mixture)
    const { values } = pipe(mixture, responsibilities(points))
    return RA.makeBy(points.rows, i => mostProbable(values.subarray(i * count, (i + 1) * count))).map(k =>
      k < components(mixture) ? k : -1
    )
  }
)

/** Returns the mean of log p(x), weighted if the points have weights. */
export const meanLogDensity: (points: PointsLike) => (mixture: Mixture) => number = withCheckedRows(
  'meanLogDensity',
  points => mixture => {
    const { rows, weights } = points
    const densities = pipe(mixture, logDensity(points))
    return weights === undefined
      ? densities.reduce((sum, value) => sum + value, 0) / rows
      : densities.reduce((sum, value, i) => sum + weights[i] * value, 0) / weights.reduce((sum, w) => sum + w, 0)
  }
)

/**
 * Returns the components whose smallest variance is at the lower bound of their stages (`Pipeline.varianceFloor`), which alone limits their
 * likelihood, in increasing order. Components without rows are among them.
 */
export const atMinimumVariance =
  (varianceFloor: number) =>
  (mixture: Mixture): ReadonlyArray<number> => {
    const { variances, factors } = mixture
    const count = components(mixture)
    const d = dimension(mixture)
    const width = variances.length / count
    /** Smallest eigenvalue and its rounding error; Infinity if the covariance less the bound and its rounding is positive definite. */
    const leastOf = (covariance: NdArray): readonly [least: number, rounding: number] => {
      const trace = covariance.values.reduce((sum, x, at) => (at % (d + 1) === 0 ? sum + x : sum), 0)
      const below = varianceFloor * (1 + LOG_STORAGE_ROUNDING) + 4 * d * Number.EPSILON * trace
      const rest = covariance.values.map((x, at) => (at % (d + 1) === 0 ? x - below : x))
      if (Factor.choleskyOfCovariance(rest, d) !== null) return [Infinity, 0]
      const { values } = symmetricEigen(covariance)
      return [values[d - 1], d * Number.EPSILON * values[0]]
    }
    const leasts =
      factors === null
        ? RA.makeBy(count, k => [variances.subarray(k * width, (k + 1) * width).reduce((a, b) => Math.min(a, b)), 0])
        : factorsOf(mixture).reduce<ReadonlyArray<readonly [least: number, rounding: number]>>(
            (before, factor, k, all) => {
              // A common covariance is evaluated once.
              const isCommon = k > 0 && factor.values.every((x, at) => x === all[k - 1].values[at])
              return [...before, isCommon ? before[k - 1] : leastOf(Factor.covarianceOfFactor(factor, d))]
            },
            []
          )
    return RA.makeBy(count, k => k).filter(k => {
      const [variance, rounding] = leasts[k]
      return variance <= varianceFloor * (1 + LOG_STORAGE_ROUNDING) + rounding
    })
  }

/** Columns of a table: weight, and mean and variance of each column, by component. */
export const marginals = ({
  means: { shape, values },
  weights,
  variances
}: Mixture): {
  readonly weights: ReadonlyArray<number>
  readonly means: NestedRows
  readonly variances: NestedRows
} => {
  const [count, d] = shape
  return {
    weights: Array.from(weights),
    means: nestedRows(values, d),
    variances: variances.length === count ? Array.from(variances, v => RA.replicate(d, v)) : nestedRows(variances, d)
  }
}
