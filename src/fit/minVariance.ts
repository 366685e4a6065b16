/** Lower bound on component variances, and the components of a fit that are at it. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import type * as Points from '../data/points.js'
import type * as Source from '../data/source/source.js'
import * as Mixture from '../mixture/mixture.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Recipe from '../pipeline/recipe.js'
import * as Score from '../score/score.js'

/** Default upper end of the range of component counts. */
export const DEFAULT_MAX_COMPONENTS = 9

/**
 * Returns one minimum variance for up to n = max(`maxComponents`, 9) components: the smallest of a recipe's for n, n/2, n/4, …, 1. The
 * recipe's own falls with the number of components, which alone would change likelihoods in a direction without width.
 */
export const commonMinVariance = (points: Points.Points, maxComponents: number): number =>
  // Several counts, because a recipe falls back to 1 if it finds no length scale.
  halvedCounts(Math.max(maxComponents, DEFAULT_MAX_COMPONENTS))
    .flatMap(components =>
      RA.fromOption(Pipeline.varianceFloor(Recipe.annealed(Score.isotropic({ components }))(points)))
    )
    .reduce((least, bound) => Math.min(least, bound))

/** n, ⌊n/2⌋, ⌊n/4⌋, …, 1 */
const halvedCounts = (n: number): ReadonlyArray<number> => (n <= 1 ? [1] : [n, ...halvedCounts(Math.floor(n / 2))])

/** Mixture in the units of its fit, its score, and any minimum variance. */
interface EarlierFit {
  readonly minVariance: number | null
  readonly score: Score.Score<string>
  readonly mixture: Mixture.Mixture
}

/**
 * Returns the minimum variance with which EM continues: the fit's, otherwise the smaller of the recipe's and the fit's smallest variance.
 */
export const minVarianceForContinuing = ({ minVariance, score, mixture }: EarlierFit, data: Source.Data): number =>
  minVariance ??
  pipe(
    Pipeline.varianceFloor(Recipe.annealed(score)(data)),
    O.getOrElse(() => Number.MIN_VALUE),
    bound => mixture.variances.reduce((least, v) => Math.min(least, v), bound)
  )

/** Components with a variance at the minimum in some direction, from 0. */
export interface MinVarianceDiagnostics {
  readonly atMinVariance: ReadonlyArray<number>
  /** Those at the minimum in more directions than the data (95 % of their weight), so that it alone bounds their likelihood. */
  readonly collapsed: ReadonlyArray<number>
  /** Columns that these directions involve; none from components at the minimum in all. */
  readonly minVarianceColumns: ReadonlyArray<number>
}

export const noneAtMinVariance: MinVarianceDiagnostics = { atMinVariance: [], collapsed: [], minVarianceColumns: [] }

/** Relative rounding error of a variance stored as its logarithm. */
const LOG_ROUNDING = 1e-12

/** Finds the components at the minimum variance, in the units of the fit; ignores those with less than one row. */
export const diagnoseMinVariance = (
  mixture: Mixture.Mixture,
  { minVariance, rows }: { readonly minVariance: number; readonly rows: number }
): MinVarianceDiagnostics => {
  const atMinVariance = Mixture.atMinimumVariance(minVariance)(mixture).filter(
    k => mixture.weights[k] * rows >= 1 - LOG_ROUNDING
  )
  if (atMinVariance.length === 0) return noneAtMinVariance
  const { ofData, ofComponent } = (mixture.factors === null ? narrownessByColumn : narrownessByEigenvector)(
    mixture,
    minVariance
  )
  const found = atMinVariance.map(k => ({ k, ...ofComponent(k) }))
  const collapsed = found.filter(({ directions }) => directions > ofData)
  const reported = (collapsed.length > 0 ? collapsed : found).filter(
    ({ directions }) => directions < Mixture.dimension(mixture)
  )
  return {
    atMinVariance,
    collapsed: collapsed.map(({ k }) => k),
    minVarianceColumns: [...new Set(reported.flatMap(({ columns }) => columns))].sort((a, b) => a - b)
  }
}

interface Narrowness {
  readonly ofData: number
  /** Number of directions of component k at the minimum, and the columns involved. */
  readonly ofComponent: (k: number) => { readonly directions: number; readonly columns: ReadonlyArray<number> }
}

/** Minimum sum of a column's squared coordinates over the directions that involve it. */
const MIN_SQUARED_COORDINATE = 0.05

/** Finds eigenvectors, by a d × d decomposition per component. */
const narrownessByEigenvector = (mixture: Mixture.Mixture, minVariance: number): Narrowness => {
  const dim = Mixture.dimension(mixture)
  const { values } = Mixture.covariances(mixture)
  const main = largestComponents(mixture.weights)
  return {
    ofData: narrowEigenvectors(totalCovariance(mixture, main), dim, 2 * minVariance).length,
    ofComponent: k => {
      const covariance = values.subarray(k * dim * dim, (k + 1) * dim * dim)
      const directions = narrowEigenvectors(covariance, dim, minVariance * (1 + LOG_ROUNDING))
      const squared = (j: number): number => directions.reduce((sum, vector) => sum + vector[j] * vector[j], 0)
      return {
        directions: directions.length,
        columns: RA.makeBy(dim, j => j).filter(j => squared(j) >= MIN_SQUARED_COORDINATE)
      }
    }
  }
}

/** Finds columns, the eigenvectors of diagonal covariances: O(K d). */
const narrownessByColumn = (mixture: Mixture.Mixture, minVariance: number): Narrowness => ({
  ofData: countNarrowDirections(mixture, largestComponents(mixture.weights), 2 * minVariance),
  ofComponent: k => {
    const variances = new Float64Array(Mixture.dimension(mixture)).map((_, j) => varianceAt(mixture, k, j))
    const columns = narrowColumns(variances, minVariance * (1 + LOG_ROUNDING))
    return { directions: columns.length, columns }
  }
})

/** Eigenvectors, each [d], with eigenvalue ≤ `bound` up to rounding. */
const narrowEigenvectors = (covariance: Float64Array, dim: number, bound: number): ReadonlyArray<Float64Array> => {
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: covariance })
  return RA.makeBy(dim, a => a)
    .filter(a => values[a] <= bound + dim * Number.EPSILON * values[0])
    .map(a => vectors.values.subarray(a * dim, (a + 1) * dim))
}

/** Columns with variance ≤ `bound` up to rounding. */
const narrowColumns = (variances: Float64Array, bound: number): ReadonlyArray<number> => {
  const rounded = bound + variances.length * Number.EPSILON * variances.reduce((a, b) => Math.max(a, b), 0)
  return Array.from(variances.keys()).filter(j => variances[j] <= rounded)
}

/** Share of rows ignored as outliers in the width of the data. */
const OUTLIER_SHARE = 0.05

/** Returns the fewest components, largest first, with weights of at least 1 − `OUTLIER_SHARE`. */
const largestComponents = (weights: Float64Array): ReadonlyArray<number> =>
  Array.from(weights, (_, k) => k)
    .sort((a, b) => weights[b] - weights[a])
    .reduce<{ readonly selected: ReadonlyArray<number>; readonly share: number }>(
      ({ selected, share }, k) =>
        share >= 1 - OUTLIER_SHARE ? { selected, share } : { selected: [...selected, k], share: share + weights[k] },
      { selected: [], share: 0 }
    ).selected

/** Total weight of some components, weighted averages over them, and deviations δ from their common mean. */
const momentsOver = ({ weights, means: { shape, values } }: Mixture.Mixture, components: ReadonlyArray<number>) => {
  const [, dim] = shape
  const share = components.reduce((sum, k) => sum + weights[k], 0)
  const average = (f: (k: number) => number): number =>
    components.reduce((sum, k) => sum + (weights[k] / share) * f(k), 0)
  const centre = new Float64Array(dim).map((_, j) => average(k => values[k * dim + j]))
  return { share, average, deviation: (k: number, j: number): number => values[k * dim + j] - centre[j] }
}

/** Σ π_k (Σ_k + δ_k δ_kᵀ) / Σ π_k over some components, [d, d]. */
const totalCovariance = (mixture: Mixture.Mixture, components: ReadonlyArray<number>): Float64Array => {
  const dim = Mixture.dimension(mixture)
  const covariances = Mixture.covariances(mixture).values
  const { average, deviation } = momentsOver(mixture, components)
  return new Float64Array(dim * dim).map((_, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    return average(k => covariances[k * dim * dim + at] + deviation(k, i) * deviation(k, j))
  })
}

/**
 * Counts the eigenvalues ≤ `bound` of D + Σ π δδᵀ, D the mean diagonal, by the inertia of D − bound and of a [K, K] matrix (Sylvester;
 * Haynsworth 1968).
 */
const countNarrowDirections = (mixture: Mixture.Mixture, components: ReadonlyArray<number>, bound: number): number => {
  const { weights } = mixture
  const dim = Mixture.dimension(mixture)
  const { share, average, deviation } = momentsOver(mixture, components)
  const diagonal = new Float64Array(dim).map((_, j) => average(k => varianceAt(mixture, k, j)))
  const largest = diagonal.reduce((max, v, j) => Math.max(max, v + average(k => deviation(k, j) * deviation(k, j))), 0)
  const rounded = (bound + dim * Number.EPSILON * largest) * (1 + 4 * Number.EPSILON)
  const minVarianceColumns = diagonal.filter(v => v <= rounded).length
  // Σ π δδᵀ only raises eigenvalues of D.
  if (minVarianceColumns === 0) return 0
  const count = components.length
  const schur = new Float64Array(count * count).map((_, at) => {
    const k = Math.floor(at / count)
    const l = at % count
    const [a, b] = [components[k], components[l]]
    const root = Math.sqrt(weights[a] * weights[b]) / share
    const sum = diagonal.reduce(
      (sum, v, j) => sum + (deviation(a, j) * deviation(b, j)) / (v === rounded ? -Number.MIN_VALUE : v - rounded),
      0
    )
    return root * sum + (k === l ? 1 : 0)
  })
  const { values } = symmetricEigen({ shape: [count, count], values: schur })
  return minVarianceColumns + values.filter(v => v > 0).length - count
}

const varianceAt = ({ variances, means: { shape } }: Mixture.Mixture, k: number, j: number): number =>
  variances.length === shape[0] ? variances[k] : variances[k * shape[1] + j]
