/** What the floor of the variances holds up, and in which columns. */
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

/** Up to so many components are compared unless others are asked for. */
export const MOST = 9

/**
 * The floor of the variances of all candidates with up to so many components: that of a recipe for the most. Were it lower for more
 * components, as that of a recipe is, their likelihoods would differ by it in a direction in which the data have no width.
 */
export const common = (points: Points.Points, most: number): number =>
  // Of rows many of which are equal a recipe knows no length, and takes 1.
  halves(Math.max(most, MOST))
    .flatMap(components => {
      const floor = Pipeline.varianceFloor(Recipe.annealed(Score.isotropic({ components }))(points))
      return O.isSome(floor) ? [floor.value] : []
    })
    .reduce((least, floor) => Math.min(least, floor))

/**
 * The floor above which what was learned is taken further: its own; where it had none, that of a recipe for its score, or less where it is narrower.
 */
export const above = (
  minimumVariance: number | null,
  score: Score.Score<string>,
  points: Source.Data,
  mixture: Mixture.Mixture
): number =>
  minimumVariance ??
  pipe(
    Pipeline.varianceFloor(Recipe.annealed(score)(points)),
    O.getOrElse(() => Number.MIN_VALUE),
    floor => mixture.variances.reduce((least, v) => Math.min(least, v), floor)
  )

const halves = (most: number): ReadonlyArray<number> => (most <= 1 ? [1] : [most, ...halves(Math.floor(most / 2))])

/** Components whose variance is no more than the floor in some direction. */
export interface Held {
  /** From 0. */
  readonly floored: ReadonlyArray<number>
  /** Those of them that are so in more directions than the data themselves, except for few rows: without the floor their likelihood would have no bound. */
  readonly collapsed: ReadonlyArray<number>
  /** The columns of these directions, from 0; none of components that are so in all of them. */
  readonly narrow: ReadonlyArray<number>
}

/** Of components that no floor holds up. */
export const none: Held = { floored: [], collapsed: [], narrow: [] }

/** Of a unit vector in such directions, a column takes part from this share of its length squared on. */
const SHARE = 0.05

/** Directions of a covariance, [d, d], in which the variance is no more than given; rounding as `symmetricEigen` has it. */
const within = (covariance: Float64Array, dim: number, most: number): ReadonlyArray<Float64Array> => {
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: covariance })
  return RA.makeBy(dim, a => a)
    .filter(a => values[a] <= most + dim * Number.EPSILON * values[0])
    .map(a => vectors.values.subarray(a * dim, (a + 1) * dim))
}

/** All but so small a share of the rows say whether the data themselves have no width in a direction. */
const FEW = 0.05

/** The largest components, which answer for all rows but few. */
const most = (weights: Float64Array): ReadonlyArray<number> =>
  Array.from(weights, (_, k) => k)
    .sort((a, b) => weights[b] - weights[a])
    .reduce<{ readonly taken: ReadonlyArray<number>; readonly share: number }>(
      ({ taken, share }, k) =>
        share >= 1 - FEW ? { taken, share } : { taken: [...taken, k], share: share + weights[k] },
      { taken: [], share: 0 }
    ).taken

/** Means over some components by their weights, and how far each component is from the mean of all of these. */
const about = ({ weights, means: { shape, values } }: Mixture.Mixture, of: ReadonlyArray<number>) => {
  const [, dim] = shape
  const share = of.reduce((sum, k) => sum + weights[k], 0)
  const mean = (part: (k: number) => number): number => of.reduce((sum, k) => sum + (weights[k] / share) * part(k), 0)
  const middle = new Float64Array(dim).map((_, j) => mean(k => values[k * dim + j]))
  return { share, mean, step: (k: number, j: number): number => values[k * dim + j] - middle[j] }
}

/** Σ π_k (Σ_k + δ_k δ_kᵀ) / Σ π_k over some components, δ_k from the mean of all of these. */
const total = (mixture: Mixture.Mixture, covariances: Float64Array, of: ReadonlyArray<number>): Float64Array => {
  const dim = Mixture.dim(mixture)
  const { mean, step } = about(mixture, of)
  return new Float64Array(dim * dim).map((_, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    return mean(k => covariances[k * dim * dim + at] + step(k, i) * step(k, j))
  })
}

/** How many columns, and which, are no wider than given of a component without correlations; rounding as `within` has it. */
const columnsWithin = (variances: Float64Array, most: number): ReadonlyArray<number> => {
  const bound = most + variances.length * Number.EPSILON * variances.reduce((a, b) => Math.max(a, b), 0)
  return Array.from(variances.keys()).filter(j => variances[j] <= bound)
}

/**
 * In how many directions D + Σ π δδᵀ, D the mean of the components' diagonals, is no wider than given: by the signs of its eigenvalues
 * less that, which those of D less that and of a [K, K] array tell (Sylvester; Haynsworth 1968).
 */
const widthsWithin = (mixture: Mixture.Mixture, of: ReadonlyArray<number>, most: number): number => {
  const { weights } = mixture
  const dim = Mixture.dim(mixture)
  const { share, mean, step } = about(mixture, of)
  const diagonal = new Float64Array(dim).map((_, j) => mean(k => varianceOf(mixture, k, j)))
  const widest = diagonal.reduce((most, v, j) => Math.max(most, v + mean(k => step(k, j) * step(k, j))), 0)
  const bound = (most + dim * Number.EPSILON * widest) * (1 + 4 * Number.EPSILON)
  const narrow = diagonal.filter(v => v <= bound).length
  // What is added is in no direction negative.
  if (narrow === 0) return 0
  const count = of.length
  const signs = new Float64Array(count * count).map((_, at) => {
    const k = Math.floor(at / count)
    const l = at % count
    const root = Math.sqrt(weights[of[k]] * weights[of[l]]) / share
    const sum = diagonal.reduce(
      (sum, v, j) => sum + (step(of[k], j) * step(of[l], j)) / (v === bound ? -Number.MIN_VALUE : v - bound),
      0
    )
    return root * sum + (k === l ? 1 : 0)
  })
  const { values } = symmetricEigen({ shape: [count, count], values: signs })
  return narrow + values.filter(v => v > 0).length - count
}

const varianceOf = ({ variances, means: { shape } }: Mixture.Mixture, k: number, j: number): number =>
  variances.length === shape[0] ? variances[k] : variances[k * shape[1] + j]

/** How narrow a mixture is by a floor. */
interface Widths {
  /** In how many directions the data themselves are: a common width of two floors is one that the floor makes. */
  readonly own: number
  /** In how many a component is, and the columns that take part in these. */
  readonly of: (k: number) => { readonly count: number; readonly columns: ReadonlyArray<number> }
}

const alongAxes = (floor: number, mixture: Mixture.Mixture): Widths => {
  const dim = Mixture.dim(mixture)
  const { values } = Mixture.covariances(mixture)
  return {
    own: within(total(mixture, values, most(mixture.weights)), dim, 2 * floor).length,
    of: k => {
      const found = within(values.subarray(k * dim * dim, (k + 1) * dim * dim), dim, floor * (1 + STORED))
      const share = (j: number): number => found.reduce((sum, direction) => sum + direction[j] * direction[j], 0)
      return { count: found.length, columns: RA.makeBy(dim, j => j).filter(j => share(j) >= SHARE) }
    }
  }
}

/** The same of components without correlations: their directions are columns. */
const alongColumns = (floor: number, mixture: Mixture.Mixture): Widths => ({
  own: widthsWithin(mixture, most(mixture.weights), 2 * floor),
  of: k => {
    const variances = new Float64Array(Mixture.dim(mixture)).map((_, j) => varianceOf(mixture, k, j))
    const columns = columnsWithin(variances, floor * (1 + STORED))
    return { count: columns.length, columns }
  }
})

/** What a floor holds up of a mixture of so many rows; components without rows are not told of. */
export const held =
  (floor: number, rows: number) =>
  (mixture: Mixture.Mixture): Held => {
    const floored = Mixture.atMinimumVariance(floor)(mixture).filter(k => mixture.weights[k] * rows >= 1 - STORED)
    if (floored.length === 0) return none
    const { own, of } = (mixture.factors === null ? alongColumns : alongAxes)(floor, mixture)
    const found = floored.map(k => ({ k, ...of(k) }))
    const collapsed = found.filter(({ count }) => count > own)
    const told = (collapsed.length > 0 ? collapsed : found).filter(({ count }) => count < Mixture.dim(mixture))
    return {
      floored,
      collapsed: collapsed.map(({ k }) => k),
      narrow: [...new Set(told.flatMap(({ columns }) => columns))].sort((a, b) => a - b)
    }
  }

/** Rounding of a number that was stored as its logarithm. */
const STORED = 1e-12
