/** Initial centres: random rows, k-means++, Lloyd's algorithm, eigenvectors, hierarchical clustering. */
import { pipe } from 'fp-ts/lib/function.js'
import { updateNearestDistances } from '../../../lib/rows/byColumn.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  add,
  argMax,
  compute,
  concat,
  fromNdArray,
  Key,
  matMul,
  mul,
  neg,
  oneHot,
  reshape,
  squaredDistances,
  sub,
  sum,
  tensor,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import * as Factor from '../../../lib/arrays/factor.js'
import * as Hierarchy from '../../../lib/rows/hierarchy.js'
import { concatenated, shapeSize } from '../../../lib/arrays/ndarray.js'
import { principalComponents, type WeightedRowTable } from '../../../lib/rows/principal.js'
import { scatterWithin } from '../../../lib/rows/spread.js'
import type { Mixture } from '../mixture.js'
import { snapshotOfData, weightedRowsOf, rowWeights } from '../dataRows.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import type * as Params from '../../core/params.js'
import type { EMStepResult } from './emStepResult.js'
import type { CentreConversion } from '../family.js'
import type * as Points from '../../data/points.js'
import * as Source from '../../data/source/source.js'
import * as Stretches from '../../../lib/rows/stretches.js'
import { remembered } from '../../../lib/plain/remembered.js'

export type DrawArray = (key: Key.Key) => NdArray

/** Draws from N(0, scale² I). */
export const drawNormals =
  (shape: ReadonlyArray<number>, scale: number): DrawArray =>
  key => ({ shape, values: Key.normal(shapeSize(shape))(key).map(z => scale * z) })

const chosenRows = (data: Source.Data, chosen: ArrayLike<number>): NdArray => ({
  shape: [chosen.length, data.dim],
  values: pipe(data, Source.selectedRows(chosen)).values
})

interface WeightedSource {
  /** Returns `count` rows from `first` on. */
  readonly x: (first: number, count: number) => Float64Array
  readonly weights: Stretches.Stretches
  /** Stores one number per row, in memory or a file as the rows. */
  readonly held: (numbers: Stretches.Stretches) => Stretches.Stretches
}

const weightedSource = (data: Source.Data): WeightedSource => {
  const source = Source.asSource(data)
  const shares = Source.sourceShares(source)
  return {
    x: (first, count) => Stretches.stretch(Source.isSource(data) ? data : data.values, data.dim, first, count),
    weights: typeof shares === 'number' ? Stretches.constantStretches(source.rows, shares) : shares,
    held: Source.isSource(data)
      ? Stretches.storedStretches
      : numbers => {
          const out = new Float64Array(numbers.rows * numbers.dim)
          Stretches.visitStretches(numbers, (values, first) => {
            out.set(values, first * numbers.dim)
          })
          return Stretches.ofArray(out, numbers.dim)
        }
  }
}

/** Draws rows without replacement: the smallest exponential clocks, weights as rates. */
export const differentRows =
  (data: Source.Data, count: number): DrawArray =>
  key => {
    const { weights } = weightedSource(data)
    const draws = Stretches.computedStretches(data.rows, (first, out) => {
      Key.fillUniform(first, out)(key)
    })
    const clocks = Stretches.zipStretches(draws, weights, (u, w) => (w > 0 ? -Elementary.log1p(-u) / w : Infinity))
    return chosenRows(data, Stretches.leastRows(clocks, count))
  }

/** Each row's squared distance to the nearest of these centres, or `before` if less. */
const nearestDistances = (
  { rows, dim }: Pick<Source.Source, 'rows' | 'dim'>,
  x: WeightedSource['x'],
  centres: Float64Array,
  before = Stretches.constantStretches(rows, Infinity)
): Stretches.Stretches =>
  Stretches.computedStretches(rows, (first, out) => {
    before.read(first, out)
    updateNearestDistances(x(first, out.length), dim, centres, out)
  })

/**
 * Relative difference below which two starts are tied, and the first drawn wins, since rounding errors change if the data are shifted or
 * rotated.
 */
export const TIE_TOLERANCE = 1e-9

/** Greedy k-means++: for each centre draws `trials` rows and keeps the one that leaves the least total distance. */
export const greedyKMeansPlusPlus =
  (data: Source.Data, count: number, trials = 2 + Math.floor(Elementary.log(count))): DrawArray =>
  key => {
    const { x, weights, held } = weightedSource(data)
    const keys = Key.split(count)(key)
    const total = (distances: Stretches.Stretches): number => Stretches.weightedColumnSums(distances, weights)[0]
    const drawn = (mass: Stretches.Stretches, n: number, key: Key.Key): ReadonlyArray<number> =>
      Array.from(Stretches.atParts(mass, Key.uniform(n)(key)))
    const from = (row: number, before?: Stretches.Stretches): Stretches.Stretches =>
      held(nearestDistances(data, x, x(row, 1), before))
    const [first] = drawn(weights, 1, keys[0])
    const { chosen } = keys.slice(1).reduce<{
      readonly chosen: ReadonlyArray<number>
      readonly distances: Stretches.Stretches
      readonly left: number
    }>(
      ({ chosen, distances, left }, key) => {
        const mass = left > 0 ? Stretches.zipStretches(distances, weights, (d, w) => w * d) : weights
        const best = drawn(mass, trials, key)
          .map(i => {
            const closest = from(i, distances)
            return { i, distances: closest, left: total(closest) }
          })
          .reduce((best, next) => (next.left < best.left - TIE_TOLERANCE * best.left ? next : best))
        return { chosen: [...chosen, best.i], distances: best.distances, left: best.left }
      },
      (distances => ({ chosen: [first], distances, left: total(distances) }))(from(first))
    )
    return chosenRows(data, chosen)
  }

/** Sums `of`, `width` numbers, over chunks x [count, dim] with weights [count, 1]. */
const sumOverChunks = (data: Source.Data, width: number, of: (x: Tensor, weights: Tensor) => Tensor): Float64Array => {
  const own = weightedRowsOf(data)
  const weights = rowWeights(own)
  const { rows, dim, x } = own
  return Reductions.evaluate({
    rows,
    width,
    chunks: Reductions.chunksByRow(rows, width, (first, count, into) => {
      const found = compute(() =>
        of(
          tensor(Stretches.stretch(x, dim, first, count), [count, dim]),
          tensor(Stretches.stretch(weights, 1, first, count), [count, 1])
        )
      )
      into.set(found.values)
    }),
    finish: sums => sums
  })
}

/** Lloyd's step: moves each centre to the mean of its nearest rows; without rows it stays. */
export const lloyd =
  (data: Source.Data) =>
  (centres: NdArray): NdArray => {
    const [count, dim] = centres.shape
    // Weight and sum of the rows of each centre.
    const sums = sumOverChunks(data, count * (1 + dim), (x, weights) => {
      const closeness = neg(squaredDistances(x, fromNdArray(centres)))
      const belongs = mul(oneHot(argMax(closeness, 1), count), weights)
      return concat([sum(belongs, 0), reshape(matMul(belongs, x, { transposeA: true }), [-1])], 0)
    })
    return {
      shape: [count, dim],
      values: centres.values.map((c, at) => {
        const mass = sums[Math.floor(at / dim)]
        return mass > 0 ? sums[count + at] / mass : c
      })
    }
  }

/**
 * Step of power iteration on Ĉ − I, Ĉ the second moment of the data, the high-noise limit of gradient descent for the symmetric pair: c ←
 * √λ v/|v|, v = (Ĉ − I)c, λ = ⟨c, v⟩/|c|². The loss is −λ.
 */
export const powerIteration = <P extends string>(
  { centres, fromCentres }: CentreConversion<P>,
  data: Source.Data
): ((params: Params.Params<P>) => EMStepResult<P>) => {
  const { rows, dim } = data
  return params => {
    const { shape, values: centre } = centres(params)
    // By two products, since Ĉ would be dim × dim.
    const moved = sumOverChunks(data, dim, (x, weights) =>
      matMul(x, mul(weights, matMul(x, tensor(centre, [dim, 1]))), { transposeA: true })
    ).map((product, i) => product - centre[i])
    const squared = (v: Float64Array): number => v.reduce((sum, x) => sum + x * x, 0)
    const along = centre.reduce((sum, c, i) => sum + c * moved[i], 0) / squared(centre)
    const length = Math.sqrt(Math.max(along, 1 / rows) / squared(moved))
    return { value: -along, params: fromCentres({ shape, values: moved.map(v => length * v) }, 1) }
  }
}

const principalTable = (data: Source.Data): WeightedRowTable => {
  const own = weightedRowsOf(data)
  return { rows: own.rows, dim: own.dim, values: own.x, weights: rowWeights(own) }
}

/** Sign of an eigenvector's longest entry, the first of several equal up to rounding, which makes eigenvectors unique. */
const longestEntrySign = (vector: Float64Array): number => {
  const longest = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return (vector.find(x => Math.abs(x) >= (1 - 1e-6) * longest) ?? 1) < 0 ? -1 : 1
}

/** Draws centres from the normal with the data's mean and the positive part of covariance − I. */
export const momentMatchedCentres =
  (data: Source.Data, count: number): DrawArray =>
  key => {
    const { dim, rows } = data
    const mean = Source.mean(data)
    // All directions with nonzero variance.
    const { values, vectors } = principalComponents(principalTable(data), mean, Math.min(dim, rows))
    const deviations = values.map(
      (value, i) => longestEntrySign(vectors.subarray(i * dim, (i + 1) * dim)) * Math.sqrt(Math.max(value - 1, 0))
    )
    const coordinates = Key.normal(count * dim)(key)
    return {
      shape: [count, dim],
      values: Float64Array.from({ length: count * dim }, (_, at) => {
        const k = Math.floor(at / dim)
        const j = at % dim
        return deviations.reduce(
          (sum, deviation, i) => sum + deviation * coordinates[k * dim + i] * vectors[i * dim + j],
          mean[j]
        )
      })
    }
  }

/** Top eigenvector of the data's second moment, with length √(λ − 1), [1, dim]. */
export const topOfSecondMoment = (data: Source.Data): NdArray => {
  const { dim } = data
  const { values, vectors } = principalComponents(principalTable(data), new Float64Array(dim), 1)
  // At least the spectral threshold 1/√n keeps the start off the saddle at 0.
  const length = Math.sqrt(Math.max(values[0] - 1, 1 / data.rows))
  return { shape: [1, dim], values: vectors.map(v => length * v) }
}

/** Projects the data on leading principal directions, about their mean. */
export const projectOnPrincipal = (data: Source.Data, directions: number): Source.Data => {
  const { dim } = data
  const centre = Source.mean(data)
  const { values, vectors } = principalComponents(principalTable(data), centre, directions)
  const projected = (rows: Float64Array): Float64Array =>
    compute(() => {
      const mean = tensor(centre, [1, dim])
      const basis = tensor(vectors, [values.length, dim])
      const coordinates = matMul(sub(tensor(rows, [rows.length / dim, dim]), mean), basis, { transposeB: true })
      return add(mean, matMul(coordinates, basis))
    }).values
  if (!Source.isSource(data)) return { ...data, values: projected(data.values) }
  return {
    ...data,
    read: (first, out) => {
      out.set(projected(Stretches.numbersFrom(data, first, out.length / dim)))
    }
  }
}

/** Moves each centre by `radius` in a random direction. */
export const displaceCentres =
  (centres: NdArray, radius: number): DrawArray =>
  key => {
    const dim = centres.shape[1]
    const directions = Key.normal(centres.values.length)(key)
    const norms = Array.from({ length: centres.shape[0] }, (_, k) =>
      Elementary.norm(directions.subarray(k * dim, (k + 1) * dim))
    )
    return {
      shape: centres.shape,
      values: centres.values.map((c, at) => c + (radius * directions[at]) / norms[Math.floor(at / dim)])
    }
  }

/** Mean variance per coordinate of the data about their nearest centres. */
const varianceAbout = (data: Source.Data, centres: NdArray): number => {
  const { x, weights } = weightedSource(data)
  const [total] = Stretches.weightedColumnSums(nearestDistances(data, x, centres.values), weights)
  return total > 0 ? total / data.dim : 1
}

/** Lower bound on a start's variance in any direction, relative to the mean. */
const MIN_DIRECTION_SHARE = 1e-4

/**
 * Cholesky factor [dim, dim], or diagonal [dim], of the covariance about the means of rows that share a nearest centre; null if rows are
 * too few or do not vary.
 */
const factorAbout = (
  data: Source.Data,
  centres: NdArray,
  { isDiagonal }: { readonly isDiagonal: boolean }
): NdArray | null => {
  const { dim, rows } = data
  const [count] = centres.shape
  if (!isDiagonal && rows - count < dim) return null
  const { weights } = weightedSource(data)
  const within = scatterWithin(Source.asSource(data), weights, centres.values, { isDiagonal })
  const step = isDiagonal ? 1 : dim + 1
  const mean = within.reduce((sum, v, at) => (at % step === 0 ? sum + v : sum), 0) / dim
  if (!(mean > 0)) return null
  const above = MIN_DIRECTION_SHARE * mean
  return isDiagonal
    ? { shape: [dim], values: within.map(v => Math.sqrt(Math.max(v, above))) }
    : Factor.ofClipped(within, dim, { less: 0, above })
}

/** Spread of data about centres [K, dim]. */
export interface StartingSpread {
  /** Mean per coordinate. */
  readonly variance: (centres: NdArray) => number
  /** Diagonal or Cholesky factor of the covariance; null if there are too few rows. */
  readonly factor: (centres: NdArray, second: 'diagonal' | 'full') => NdArray | null
}

/** Spread of data, computed at each call. */
export const startingSpread = (data: Source.Data): StartingSpread => ({
  variance: centres => varianceAbout(data, centres),
  factor: (centres, second) => factorAbout(data, centres, { isDiagonal: second === 'diagonal' })
})

/** Spread of data, computed once for each array of centres; neither may change. Full factors, of dim² numbers, are not cached. */
export const cachedStartingSpread = (data: Source.Data): StartingSpread => {
  const { variance, factor } = startingSpread(data)
  const diagonal = remembered((centres: NdArray) => factor(centres, 'diagonal'))
  return {
    variance: remembered(variance),
    factor: (centres, second) => (second === 'diagonal' ? diagonal(centres) : factor(centres, second))
  }
}

interface Joined {
  readonly rows: Hierarchy.CountedRows
  readonly hierarchy: Hierarchy.Hierarchy
}

/** Maximum number of principal directions for clustering, which takes their cube in time. */
const MAX_LINKAGE_DIMENSIONS = 16

const agglomeratedRows = remembered(({ values, dim, weights }: Points.Points) =>
  remembered((most: number): Joined => {
    const rows = Hierarchy.thinnedRows(values, dim, weights ?? null, most)
    return {
      rows,
      hierarchy: Hierarchy.agglomerated({ ...rows, ...Hierarchy.halfWhitened(rows, MAX_LINKAGE_DIMENSIONS) })
    }
  })
)

/**
 * Mixture of `count` clusters of a hierarchical clustering of at most `maxRows` rows, covariances shrunk towards the pooled one as by d + 1
 * rows. With fewer rows than clusters some coincide.
 */
export const hierarchicalMixture = (
  points: Points.Points,
  maxRows: number,
  count: number,
  second: 'none' | 'trace' | 'diagonal' | 'full'
): Mixture => {
  const { dim } = points
  const { rows, hierarchy } = agglomeratedRows(snapshotOfData(points))(Math.max(maxRows, count))
  const found = Math.min(count, rows.rows)
  const isDiagonal = second !== 'full'
  const width = isDiagonal ? 1 : dim
  const { mass, means, scatters } = Hierarchy.clusterMoments(rows, Hierarchy.clustersAt(hierarchy, found), {
    count: found,
    isDiagonal
  })
  const total = mass.reduce((sum, n) => sum + n, 0)
  const common = new Float64Array(dim * width).map(
    (_, at) => mass.reduce((sum, _, k) => sum + scatters[k * dim * width + at], 0) / total
  )
  const isVariance = (at: number): boolean => isDiagonal || at % (dim + 1) === 0
  const mean = common.reduce((sum, v, at) => (isVariance(at) ? sum + v : sum), 0) / dim
  // Rows in separate clusters, or all equal, determine no covariance.
  const pooled = mean > 0 ? common : common.map((_, at) => (isVariance(at) ? 1 : 0))
  const above = mean > 0 ? MIN_DIRECTION_SHARE * mean : 1
  const own = (k: number): Float64Array =>
    pooled.map((v, at) => (scatters[k * dim * width + at] + (dim + 1) * v) / (mass[k] + dim + 1))
  const places = Array.from({ length: count }, (_, k) => k % found)
  const weights = Float64Array.from(places, place => mass[place] / total)
  const shares = weights.reduce((sum, w) => sum + w, 0)
  const factors = isDiagonal ? null : places.map(place => Factor.ofClipped(own(place), dim, { less: 0, above }))
  const diagonals = concatenated(
    places.map((place, k) =>
      factors === null
        ? own(place).map(v => Math.max(v, above))
        : Factor.covarianceOfFactor(factors[k], dim).values.filter((_, at) => isVariance(at))
    )
  )
  return {
    means: { shape: [count, dim], values: concatenated(places.map(k => means.subarray(k * dim, (k + 1) * dim))) },
    weights: weights.map(w => w / shares),
    variances:
      second === 'diagonal' || second === 'full'
        ? diagonals
        : Float64Array.from(places, (_, k) =>
            diagonals.subarray(k * dim, (k + 1) * dim).reduce((sum, v) => sum + v / dim, 0)
          ),
    factors:
      factors === null ? null : { shape: [count, dim, dim], values: concatenated(factors.map(({ values }) => values)) }
  }
}
