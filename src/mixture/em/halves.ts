/**
 * Split proposals: two halves of a component. In whitened coordinates y = L⁻¹(x − c) they start at ±a u with covariance I − a²uuᵀ, which
 * keeps the mean and covariance. Directions u are the widest, and eigenvectors of E[|y|²yyᵀ], which separate bimodal (low) from
 * heavy-tailed (high) directions. EM is linear in products of y, y and 1, so a step for all pairs is two matrix products.
 */
import { weightedSquares, weightedSums } from '../../../lib/rows/byColumn.js'
import { principalComponents } from '../../../lib/rows/principal.js'
import { fromCoordinates, rowSpan, type RowSpan } from '../../../lib/rows/rowSpan.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Factor from '../../../lib/arrays/factor.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { mapIterable } from '../../../lib/plain/iterate.js'
import * as Linalg from '../../../lib/arrays/linalg.js'
import { concatenated, type NdArray, scalarArray } from '../../../lib/arrays/ndarray.js'
import { simdOrPlainKernels } from '../../../lib/wasm/index.js'
import type { Points } from '../../data/points.js'
import { select, weightsOf } from '../../data/points.js'
import type { MStep, Second } from '../family.js'
import {
  componentsOf,
  isGaussian,
  isRound,
  ofComponents,
  componentsAndBackground,
  type Component
} from '../component.js'
import { symmetrizeLower, momentReduction, rowResponsibilities, whitened } from './eStepLoops.js'
import type { WeightedRows } from '../dataRows.js'
import { likeliestPairs, type Cloud, type HalfPair as Pursued } from './pursuit.js'
import type { Mixture } from '../mixtureData.js'

/** Initial offset a, in standard deviations: the halves of a uniform density lie at ±√(3/4). */
const SPLIT_OFFSET = 0.87

/** Up to this dimension all eigenvectors are tried; above it the three lowest and the widest direction. */
const MAX_EXHAUSTIVE_DIRECTIONS = 4

const MIN_RESPONSIBILITY = 0.01

const SCREENING_STEPS = 3

/** Number of pairs that take further steps. */
const KEPT_SPLITS = 4

const FINAL_SPLIT_STEPS = 5

/** Lower bound, in whitened coordinates. */
const MIN_HALF_VARIANCE = 1e-4

/** Maximum number of rows for coordinates in their span, which take O(rows² dim). */
const MAX_SPANNED_ROWS = 256

/** Maximum size of cached products, in numbers. */
const MAX_HELD_NUMBERS = 1 << 22
const NUMBERS_PER_BLOCK = 1 << 18

type ComponentPair = readonly [Component, Component]

export interface ComponentSplit {
  /** Gain of the mean log-likelihood, other components fixed. */
  readonly gain: number
  readonly halves: ComponentPair
}

export interface SplitCandidates {
  /** Loss of the mean log-likelihood without the component: −(Σ w log(1 − r) − log(1 − π)). */
  readonly cost: Float64Array
  /** The best first; empty if halves have too few rows. */
  readonly splits: ReadonlyArray<ReadonlyArray<ComponentSplit>>
}

export interface SplitKind extends Pick<MStep<string>, 'second' | 'isShared'> {
  /** Number of rows that determine a component's parameters. */
  readonly leastRows: number
  /** Pursuit with many starts also proposes directions. Default: false. */
  readonly isThorough?: boolean
}

const UNIT_FACTOR: NdArray = scalarArray(1)

// Loops of arrays and numbers alone, compiled once each.

const fourthMoment = ({ rows, dim, values, weights }: Cloud): Float64Array => {
  const fourth = new Float64Array(dim * dim)
  for (let row = 0; row < rows; row++) {
    let squared = 0
    for (let i = 0; i < dim; i++) squared += Elementary.square(values[row * dim + i])
    for (let i = 0; i < dim; i++)
      for (let j = 0; j <= i; j++)
        fourth[i * dim + j] += weights[row] * squared * values[row * dim + i] * values[row * dim + j]
  }
  symmetrizeLower(fourth, dim)
  return fourth
}

const weightedValues = ({ rows, dim, values, weights }: Cloud): Float64Array => {
  const out = new Float64Array(values.length)
  for (let row = 0, at = 0; row < rows; row++) for (let j = 0; j < dim; j++, at++) out[at] = weights[row] * values[at]
  return out
}

/** Multiplies blocks of one number per row by `weights`, in place. */
const weighColumns = (all: Float64Array, weights: Float64Array): void => {
  for (let at = 0; at < all.length; at += weights.length)
    for (let row = 0; row < weights.length; row++) all[at + row] *= weights[row]
}

const standardizedBy = (values: Float64Array, centre: Float64Array, scale: number): Float64Array => {
  const dim = centre.length
  const out = new Float64Array(values.length)
  for (let at = 0; at < values.length; at += dim)
    for (let j = 0; j < dim; j++) out[at + j] = (values[at + j] - centre[j]) / scale
  return out
}

/** r and squared distances, [rows, width], and row weights w. */
interface WeightedResponsibilities {
  readonly r: Float64Array
  readonly squared: Float64Array
  readonly width: number
  readonly w: Float64Array
}

/** −Σ w log(1 − r). */
const removalLoss = (k: number, { r, width, w }: WeightedResponsibilities): number => {
  let cost = 0
  // A row of this component only has a finite cost.
  for (let i = 0, at = k; i < w.length; i++, at += width)
    cost -= w[i] * Elementary.log1p(-Math.min(r[at], 1 - Number.EPSILON))
  return cost
}

const relevantRows = (k: number, { r, width, w }: WeightedResponsibilities): ReadonlyArray<number> => {
  const chosen: number[] = []
  for (let i = 0; i < w.length; i++) if (r[i * width + k] >= MIN_RESPONSIBILITY && w[i] > 0) chosen.push(i)
  return chosen
}

/** Weights of rows in component k, summing to 1, times precisions if it is Student-t. */
const splitRowShares = (
  chosen: ReadonlyArray<number>,
  k: number,
  { r, squared, width, w }: WeightedResponsibilities,
  { nu, mean }: Component
): Float64Array => {
  const dim = mean.length
  const out = new Float64Array(chosen.length)
  let total = 0
  for (let row = 0; row < out.length; row++) {
    const i = chosen[row]
    const own = w[i] * r[i * width + k]
    out[row] = own * (nu === undefined ? 1 : (nu + dim) / (nu + squared[i * width + k]))
    total += out[row]
  }
  for (let row = 0; row < out.length; row++) out[row] /= total
  return out
}

/** Unit vectors along which splits are tried. */
const splitDirections = (cloud: Cloud, factor: NdArray): ReadonlyArray<Float64Array> => {
  const { dim } = cloud
  if (dim === 1) return [Float64Array.of(1)]
  const axes = (matrix: Float64Array): ReadonlyArray<Float64Array> => {
    const { values } = Linalg.symmetricEigen({ shape: [dim, dim], values: matrix }).vectors
    return Array.from({ length: dim }, (_, i) => values.slice(i * dim, (i + 1) * dim))
  }
  const humped = axes(fourthMoment(cloud))
  if (dim <= MAX_EXHAUSTIVE_DIRECTIONS) return humped
  // If Σ = LLᵀ, its widest direction is Lu, u the top eigenvector of LᵀL.
  const { values: triangle } = Factor.triangleOfFactor(factor, dim)
  const gram = new Float64Array(dim * dim)
  for (let i = 0; i < dim; i++)
    for (let j = 0; j <= i; j++)
      for (let k = i; k < dim; k++) gram[i * dim + j] += triangle[k * dim + i] * triangle[k * dim + j]
  symmetrizeLower(gram, dim)
  return [...humped.slice(1 - MAX_EXHAUSTIVE_DIRECTIONS), axes(gram)[0]]
}

const widestDirection = ({ rows, dim, values, weights }: Cloud): Float64Array =>
  principalComponents({ rows, dim, values, weights }, weightedSums(weights, values, dim), 1).vectors

/** A triangle, a diagonal, or one number. */
const factorOfKind = (second: Second, covariance: Float64Array, columns: number): NdArray => {
  if (second === 'full') return Factor.ofClipped(covariance, columns, { less: 0, above: MIN_HALF_VARIANCE })
  const deviation = (variance: number): number => Math.sqrt(Math.max(variance, MIN_HALF_VARIANCE))
  if (second === 'diagonal') return { shape: [columns], values: covariance.map(deviation) }
  return scalarArray(second === 'trace' ? deviation(covariance[0] / columns) : 1)
}

/** Second moments of I − less·uuᵀ with `columns` columns; u may be in coordinates of a subspace. */
const deflatedMoments = (second: Second, u: Float64Array, less: number, columns = u.length): Float64Array => {
  const dim = u.length
  if (second === 'full')
    return Float64Array.from({ length: dim * dim }, (_, at) => {
      const i = Math.floor(at / dim)
      const j = at % dim
      return (i === j ? 1 : 0) - less * u[i] * u[j]
    })
  if (second === 'diagonal') return u.map(x => 1 - less * x * x)
  return Float64Array.of(columns - less * u.reduce((sum, x) => sum + x * x, 0))
}

/** Halves along a direction that keep the mean and covariance. */
const halvesAlong =
  (second: Second, columns: number) =>
  (u: Float64Array): ComponentPair => {
    const factor = factorOfKind(second, deflatedMoments(second, u, SPLIT_OFFSET * SPLIT_OFFSET, columns), columns)
    const half = (sign: 1 | -1): Component => ({ weight: 0.5, mean: u.map(x => sign * SPLIT_OFFSET * x), factor })
    return [half(1), half(-1)]
  }

const pursuedHalves =
  (second: Second, columns: number) =>
  ({ share, centres: [mean, other], e }: Pursued): ComponentPair => {
    const apart = mean.map((c, j) => c - other[j])
    const factor = factorOfKind(second, deflatedMoments(second, apart, e, columns), columns)
    return [
      { weight: share, mean, factor },
      { weight: 1 - share, mean: other, factor }
    ]
  }

const transientRows = ({ rows, dim, values, weights }: Omit<Cloud, 'columns'>): WeightedRows => ({
  rows,
  dim,
  x: values,
  weights,
  passing: true
})

/** Number of products of y: lower triangle, squares, or their sum. */
const productCount = (second: Second, dim: number): number =>
  second === 'full' ? (dim * (dim + 1)) / 2 : second === 'diagonal' ? dim : 1

/** Rows of products of y (optional), y, and 1. */
interface RowProducts {
  readonly weights: Float64Array
  /** [rows, width] */
  readonly values: Float64Array
}

const rowProducts =
  ({ dim, values, weights }: Cloud, products: Second | null, width: number) =>
  ([first, rows]: readonly [number, number]): RowProducts => {
    const out = new Float64Array(rows * width)
    for (let row = first * dim, to = 0; to < out.length; row += dim) {
      if (products === 'full')
        for (let i = row; i < row + dim; i++) for (let j = row; j <= i; j++) out[to++] = values[i] * values[j]
      else if (products === 'diagonal') for (let i = row; i < row + dim; i++) out[to++] = values[i] * values[i]
      else if (products !== null) {
        for (let i = row; i < row + dim; i++) out[to] += values[i] * values[i]
        to++
      }
      for (let i = row; i < row + dim; i++) out[to++] = values[i]
      out[to++] = 1
    }
    return { weights: weights.subarray(first, first + rows), values: out }
  }

const dotProduct = (a: Float64Array, b: Float64Array): number => Linalg.dot(a, 0, b, 0, a.length)

/** Coefficients of log π N(y; c, FFᵀ) in the features (yyᵀ, y, 1). */
const logDensityCoefficients = (second: Second, { weight, mean, factor }: Component, columns: number): Float64Array => {
  const dim = mean.length
  const isFull = second === 'full' && factor.values.length > dim
  const inverse = isFull ? Factor.solve(factor, dim, Factor.triangleOfFactor(UNIT_FACTOR, dim).values) : null
  const { values } = factor
  const count = productCount(second, dim)
  const out = new Float64Array(count + dim + 1)
  const slope = out.subarray(count, count + dim)
  for (let i = 0, at = 0; i < dim; i++)
    for (let j = second === 'full' ? 0 : i; j <= i; j++) {
      let precision = 0
      if (inverse === null) precision = i === j ? 1 / Elementary.square(values[values.length === 1 ? 0 : i]) : 0
      else for (let k = i; k < dim; k++) precision += inverse[i * dim + k] * inverse[j * dim + k]
      if (at < count) out[at++] = i === j ? -precision / 2 : -precision
      slope[i] += precision * mean[j]
      if (i !== j) slope[j] += precision * mean[i]
    }
  out[count + dim] = Factor.logNormalDensity(factor, columns, Elementary.log(weight), dotProduct(slope, mean))
  return out
}

/** Differences of the halves' log-density coefficients `from` … `from + width` − 1, [pairs, width]. */
const logOddsCoefficients = (
  all: ReadonlyArray<readonly Float64Array[]>,
  from: number,
  width: number
): Float64Array => {
  const odds = new Float64Array(all.length * width)
  for (let s = 0, at = 0; s < all.length; s++) {
    const [first, other] = all[s]
    for (let e = from; e < from + width; e++, at++) odds[at] = first[e] - other[e]
  }
  return odds
}

/** `value`: minus the mean log-likelihood before the last step. */
interface HalvesState {
  readonly value: number
  readonly halves: ComponentPair
}

interface HalvesProblem {
  readonly cloud: Cloud
  readonly second: Second
  /** Share of the other components' covariance, I in these coordinates; null if each half has its own. */
  readonly common: number | null
  /** Lower bound on the weight of each half. */
  readonly least: number
}

interface HalvesTotals {
  /** Means of the products of y, of y, and of 1. */
  readonly totals: Float64Array
  readonly middle: Float64Array
  readonly products: number
  /** First feature in the log-odds: no products if the covariance is shared. */
  readonly from: number
  readonly width: number
}

/**
 * Returns a function that runs `steps` EM steps of each pair and returns the pairs, the best first, without those whose halves have fewer
 * rows than `least`. `single`: minus the mean log-likelihood without a split.
 */
const emOnHalves = (
  problem: HalvesProblem
): {
  readonly single: number
  readonly after: (starts: ReadonlyArray<HalvesState['halves']>, steps: number) => ReadonlyArray<HalvesState>
} => {
  const { cloud, second } = problem
  const { dim, columns } = cloud
  const sums = halvesTotals(problem)
  const features = rowFeatures(problem, sums)
  return {
    single: -dotProduct(
      logDensityCoefficients(second, { weight: 1, mean: new Float64Array(dim), factor: UNIT_FACTOR }, columns),
      sums.totals
    ),
    after: (starts, steps) => {
      let halved: ReadonlyArray<HalvesState> = starts.map(halves => ({ value: Infinity, halves }))
      for (let i = 0; i < steps; i++) {
        const all = halved.map(({ halves }) => halves)
        halved = stepHalves(problem, sums, features, all)
      }
      return [...halved].sort((a, b) => a.value - b.value)
    }
  }
}

const halvesTotals = ({ cloud, second, common }: HalvesProblem): HalvesTotals => {
  const { rows, dim, values, weights } = cloud
  const middle = weightedSums(weights, values, dim)
  const squares = weightedSquares(weights, values, dim)
  const own =
    second === 'full'
      ? simdOrPlainKernels()
          .matMul(weightedValues(cloud), values, { m: dim, k: rows, n: dim, transposeA: true })
          .filter((_, at) => at % dim <= Math.floor(at / dim))
      : second === 'diagonal'
        ? squares
        : Float64Array.of(squares.reduce((sum, x) => sum + x, 0))
  const totals = concatenated([own, middle, Float64Array.of(1)])
  const products = productCount(second, dim)
  const from = common === null ? 0 : products
  return { totals, middle, products, from, width: totals.length - from }
}

/** Features in blocks, cached if rows are few. */
const rowFeatures = ({ cloud, second, common }: HalvesProblem, { width }: HalvesTotals): Iterable<RowProducts> => {
  const { rows } = cloud
  const length = Math.max(1, Math.floor(NUMBERS_PER_BLOCK / width))
  const blocks = Array.from({ length: Math.ceil(rows / length) }, (_, b): readonly [number, number] => [
    b * length,
    Math.min(length, rows - b * length)
  ])
  const computed = mapIterable(blocks, rowProducts(cloud, common === null ? second : null, width))
  return rows * width <= MAX_HELD_NUMBERS ? [...computed] : computed
}

const stepHalves = (
  problem: HalvesProblem,
  allSums: HalvesTotals,
  features: Iterable<RowProducts>,
  all: ReadonlyArray<HalvesState['halves']>
): ReadonlyArray<HalvesState> => {
  const { second, cloud } = problem
  const { totals, from, width } = allSums
  const both = all.map(halves => halves.map(own => logDensityCoefficients(second, own, cloud.columns)))
  const odds = logOddsCoefficients(both, from, width)
  const sums = new Float64Array(all.length * width)
  const means = new Float64Array(all.length)
  for (const { weights, values } of features) {
    const rows = weights.length
    const logits = simdOrPlainKernels().matMul(odds, values, { m: all.length, k: width, n: rows, transposeB: true })
    Reductions.addChunkSums(
      means,
      simdOrPlainKernels().matMul(simdOrPlainKernels().softplus(logits), weights, { m: all.length, k: rows, n: 1 })
    )
    const shares = simdOrPlainKernels().sigmoid(logits, logits)
    weighColumns(shares, weights)
    Reductions.addChunkSums(sums, simdOrPlainKernels().matMul(shares, values, { m: all.length, k: rows, n: width }))
  }
  return all.flatMap((_, s) => {
    const halves = maximizeHalves(problem, allSums, sums.subarray(s * width, (s + 1) * width))
    return halves === null ? [] : [{ value: -(dotProduct(both[s][1], totals) + means[s]), halves }]
  })
}

/** M-step of a pair from the sums of the first half's features; null if a half has too few rows. */
const maximizeHalves = (
  { cloud, second, common, least }: HalvesProblem,
  { totals, middle, products, from, width }: HalvesTotals,
  sums: Float64Array
): HalvesState['halves'] | null => {
  const { dim, columns } = cloud
  const p = sums[width - 1]
  const q = 1 - p
  if (!(p >= least && q >= least)) return null
  const mean = new Float64Array(dim)
  const other = new Float64Array(dim)
  for (let j = 0; j < dim; j++) {
    mean[j] = sums[products - from + j] / p
    other[j] = (middle[j] - p * mean[j]) / q
  }
  if (common !== null) {
    const unit = deflatedMoments(second, mean, 0, columns)
    const difference = mean.map((m, j) => m - other[j])
    const apart = deflatedMoments(second, difference, 1, columns)
    const covariance = secondMomentsAbout(second, totals, 1, middle).map(
      (s, at) => common * unit[at] + (1 - common) * (s - p * q * (unit[at] - apart[at]))
    )
    const factor = factorOfKind(second, covariance, columns)
    return [
      { weight: p, mean, factor },
      { weight: q, mean: other, factor }
    ]
  }
  const rest = totals.map((total, at) => total - sums[at])
  return [
    { weight: p, mean, factor: factorOfKind(second, secondMomentsAbout(second, sums, p, mean), columns) },
    { weight: q, mean: other, factor: factorOfKind(second, secondMomentsAbout(second, rest, q, other), columns) }
  ]
}

/** Second moments about the mean for a share `mass` of the rows. */
const secondMomentsAbout = (second: Second, sums: Float64Array, mass: number, mean: Float64Array): Float64Array => {
  const dim = mean.length
  if (second === 'full') {
    const out = new Float64Array(dim * dim)
    for (let i = 0, at = 0; i < dim; i++)
      for (let j = 0; j <= i; j++, at++) out[i * dim + j] = out[j * dim + i] = sums[at] / mass - mean[i] * mean[j]
    return out
  }
  if (second === 'diagonal') return mean.map((m, j) => sums[j] / mass - m * m)
  return Float64Array.of(sums[0] / mass - dotProduct(mean, mean))
}

/** Returns c + L m and L F. */
const toDataCoordinates = (half: Component, mass: number, component: Component): Component => {
  const { factor, nu } = component
  return {
    weight: mass * half.weight,
    mean: Factor.applyAffine(factor, component.mean, half.mean),
    factor: Factor.multiplyFactors(factor, half.factor, half.mean.length),
    ...(nu !== undefined && { nu })
  }
}

/** Component with the mean and full covariance of its rows. */
const likeliestGaussian = (
  component: Component,
  points: Points,
  chosen: ReadonlyArray<number>,
  weights: Float64Array
): Component => {
  const { dim } = points
  const rows = { ...select(chosen)(points), weights }
  const { sums, second } = Reductions.evaluate(momentReduction([component], 'full', transientRows(rows)))
  const covariance = second.map((s, at) => s - sums[Math.floor(at / dim)] * sums[at % dim])
  const variance = sums.reduce((sum, _, j) => sum + covariance[j * (dim + 1)], 0) / dim
  return {
    ...component,
    mean: component.mean.map((c, j) => c + sums[j]),
    factor: Factor.ofClipped(covariance, dim, { less: 0, above: MIN_HALF_VARIANCE * MIN_HALF_VARIANCE * variance })
  }
}

/** Deviations from the centre over one standard deviation for all directions. */
const whitenedCloud = (
  points: Points,
  chosen: ReadonlyArray<number>,
  weights: Float64Array,
  { mean, factor }: Component
): Cloud => {
  const { rows, dim, values } = select(chosen)(points)
  return {
    rows,
    dim,
    columns: dim,
    weights,
    values: standardizedBy(values, mean, Math.sqrt(Factor.covarianceTrace(factor, dim) / dim))
  }
}

/**
 * Coordinates of an isotropic component's rows in their span; null if it is not isotropic, or rows exceed `MAX_SPANNED_ROWS` or half the
 * columns.
 */
const isotropicRowSpan = ({ rows, dim, values }: Cloud, second: Second, { factor }: Component): RowSpan | null => {
  const isIsotropic = factor.shape.length === 0 && (second === 'trace' || second === 'none')
  if (!isIsotropic || rows > MAX_SPANNED_ROWS || 2 * rows > dim) return null
  const span = rowSpan(values, dim)
  return span.rank > 0 ? span : null
}

/** Returns the costs of removals and the gains of splits. */
export const splitCandidates = (
  points: Points,
  mixture: Mixture,
  { second, isShared = false, leastRows, isThorough = false }: SplitKind
): SplitCandidates => {
  const { rows, dim } = points
  const all = componentsOf(mixture)
  const count = all.length
  const w = weightsOf(points)
  const parts = componentsAndBackground(mixture)
  const width = parts.length
  const { shares, mass, squared } = rowResponsibilities(parts, points, w)
  const responsibilities: WeightedResponsibilities = { r: shares, squared, width, w }
  const cost = new Float64Array(count)
  for (let k = 0; k < count; k++)
    cost[k] = removalLoss(k, responsibilities) + Elementary.log1p(-Math.min(mass[k], 1 - Number.EPSILON))
  /**
   * True if isotropic components have few rows for the columns, so fourth moments are uninformative and splits are along the widest
   * direction.
   */
  const isWide = isRound(mixture) && isGaussian(mixture) && rows < count * dim
  // With fewer rows, free covariances find spurious maxima.
  const most = second === 'full' && leastRows > 1 ? 2 * (dim + 1) : Math.max(2 * leastRows, dim + 2)
  const least = isWide ? leastRows : most
  const splitsOf = (component: Component, k: number): ReadonlyArray<ComponentSplit> => {
    if (!(mass[k] * rows >= 2 * least)) return []
    const chosen = relevantRows(k, responsibilities)
    const weights = splitRowShares(chosen, k, responsibilities, component)
    const own = second === 'full' && !isShared ? likeliestGaussian(component, points, chosen, weights) : component
    const values = whitened(own, points, chosen)
    const whole: Cloud = { rows: chosen.length, dim, columns: dim, values, weights }
    const span = isotropicRowSpan(whole, second, own)
    const cloud = span === null ? whole : { ...whole, dim: span.rank, values: span.coordinates }
    const common = isShared ? 1 - mass[k] : null
    const share = least / (mass[k] * rows)
    const seen = (): Cloud => (span === null ? whitenedCloud(points, chosen, weights, own) : cloud)
    const found = !isThorough
      ? []
      : likeliestPairs(cloud, seen(), { second, common: common ?? 0, least: share, narrowest: MIN_HALF_VARIANCE })
    const { single, after } = emOnHalves({ cloud, second, common, least: share })
    const ways = isWide ? [widestDirection(cloud)] : splitDirections(cloud, own.factor)
    const starts = [...ways.map(halvesAlong(second, dim)), ...found.map(pursuedHalves(second, dim))]
    const first = after(starts, SCREENING_STEPS).slice(0, KEPT_SPLITS)
    const inData = (half: Component): Component =>
      toDataCoordinates(span === null ? half : { ...half, mean: fromCoordinates(span, half.mean) }, all[k].weight, own)
    return after(
      first.map(({ halves }) => halves),
      FINAL_SPLIT_STEPS
    ).map(({ value, halves: [first, other] }) => ({
      gain: mass[k] * (single - value),
      halves: [inData(first), inData(other)]
    }))
  }
  return { cost, splits: all.map(splitsOf) }
}

const renormalizedMixture = (components: ReadonlyArray<Component>, { background }: Mixture): Mixture => {
  const total = components.reduce((sum, { weight }) => sum + weight, 0)
  const found = ofComponents(components.map(({ weight, ...rest }) => ({ weight: weight / total, ...rest })))
  return background === undefined ? found : { ...found, background }
}

/** Returns the mixture without component `removed`, and with component `split` in two halves. */
export const mixtureAfterMove = (
  mixture: Mixture,
  removed: number,
  split: number,
  [first, second]: ComponentSplit['halves']
): Mixture =>
  renormalizedMixture(
    componentsOf(mixture).map((part, k) => (k === split ? first : k === removed ? second : part)),
    mixture
  )

/** Replaces component `split` by two halves. */
export const mixtureWithSplit = (mixture: Mixture, split: number, [first, second]: ComponentSplit['halves']): Mixture =>
  renormalizedMixture([...componentsOf(mixture).map((part, k) => (k === split ? first : part)), second], mixture)
