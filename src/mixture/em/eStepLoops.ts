/**
 * E-step in plain loops: ten to a hundred times as fast as the tensor vocabulary on a few hundred rows. Missing cells enter by their
 * conditional moments, which is valid if they are missing at random (Rubin 1976).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { boundedCache, lazy } from '../../../lib/plain/iterate.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { stretch, type RowNumbers } from '../../../lib/rows/stretches.js'
import { simdEStep } from '../../../lib/wasm/index.js'
import type { Moments, Second } from '../family.js'
import type { Component } from '../component.js'
import { CLEAN, type Level } from '../../schedule/dynamics.js'
import * as Student from '../student.js'
import { rowWeights, type WeightedRows as Data } from '../dataRows.js'
import * as Errors from './errors.js'
import * as Kernels from './rowKernels.js'
import {
  patternsOf,
  conditionOnPattern,
  completePattern,
  type Pattern,
  type ConditionedComponents
} from './patterns.js'

export type RowPosteriors = Kernels.RowPosteriors

export interface PointRows {
  readonly rows: number
  readonly dim: number
  readonly values: Float64Array
  /** See `Points.errors`. */
  readonly errors?: Float64Array | undefined
}

/** Copies lower triangles [K, d, d] to the upper, in place. */
export const symmetrizeLower = (matrices: Float64Array, dim: number): void => {
  for (let at = 0; at < matrices.length; at += dim * dim)
    for (let i = 0; i < dim; i++) for (let j = 0; j < i; j++) matrices[at + j * dim + i] = matrices[at + i * dim + j]
}

export interface MomentSums extends Moments {
  /** −Σ w log p(x) */
  readonly value: number
}

export interface MomentsAndEntropy extends MomentSums {
  /** −Σ w log max_k p(k | x); with a background −Σ w (1 − b) log max_k p(k | x, not background), b the probability of the background. */
  readonly assignmentEntropy: number
}

/** Codes in lib/wasm/kernels/assembly/expectation.ts. */
const SECOND_MOMENT_CODES: ReadonlyArray<Second> = ['none', 'trace', 'diagonal', 'full']

/** Maximum size of `conditionedCache`, in numbers. */
const MAX_PATTERN_NUMBERS = 1 << 22

interface NonGaussianParts {
  /** ν, ∞ for Gaussian components; null if all are Gaussian. */
  readonly nu: Float64Array | null
  /** Index of a uniform background, or −1. */
  readonly box: number
  /** Number of components, the background not counted. */
  readonly learned: number
}

const nonGaussianParts = (components: ReadonlyArray<Component>): NonGaussianParts => {
  let hasTails = false
  let box = -1
  let learned = 0
  for (let k = 0; k < components.length; k++) {
    const { nu, background } = components[k]
    if (nu !== undefined) hasTails = true
    if (background === undefined) learned++
    else if (background === 'box') box = k
  }
  return { nu: hasTails ? Float64Array.from(components, ({ nu = Infinity }) => nu) : null, box, learned }
}

/** Rows of Student-t components are weighted by their expected precision. */
export interface PrecisionWeightedMoments extends Moments {
  /** Σ r E[g | x], [K]. */
  readonly weighed: Float64Array
  /** Σ r (E[log g | x] − E[g | x]), [K] */
  readonly logs: Float64Array
}

/**
 * Moments for a Gaussian M-step that gives the Student-t one. With n = Σ r, ω = Σ r g, Δ = Σ r g δ/ω the sums are nΔ and the second moments
 * Σ r g δδᵀ + (n − ω)ΔΔᵀ, which about the new mean are Σ r g (δ − Δ)(δ − Δ)ᵀ.
 */
export const asGaussian = (
  second: Second,
  dim: number,
  { mass, sums, second: about, weighed, logs }: PrecisionWeightedMoments
): Moments => {
  const steps = sums.map((s, at) => {
    const all = weighed[Math.floor(at / dim)]
    return all > 0 ? s / all : 0
  })
  const less = mass.map((m, k) => m - weighed[k])
  const per = about.length / mass.length
  return {
    mass,
    sums: steps.map((step, at) => mass[Math.floor(at / dim)] * step),
    second: about.map((s, at) => {
      const k = Math.floor(at / per)
      const step = (j: number): number => steps[k * dim + j]
      const entry = at % per
      if (second === 'trace') {
        let squared = 0
        for (let j = 0; j < dim; j++) squared += Elementary.square(step(j))
        return s + less[k] * squared
      }
      const [i, j] = second === 'full' ? [Math.floor(entry / dim), entry % dim] : [entry, entry]
      return s + less[k] * step(i) * step(j)
    }),
    meanLogPrecision: logs.map((sum, k) => (mass[k] > 0 ? sum / mass[k] : 0))
  }
}

/** Separates the background, the last component. */
const withoutBackground = <M extends Moments>(moments: M): M & { readonly backgroundCount: number } => {
  const count = moments.mass.length
  const first = (values: Float64Array): Float64Array => values.slice(0, (values.length / count) * (count - 1))
  return {
    ...moments,
    mass: first(moments.mass),
    sums: first(moments.sums),
    second: first(moments.second),
    backgroundCount: moments.mass[count - 1]
  }
}

/** Offsets of the sums in one array: −Σ w log p(x), the assignment entropy, then the arrays of `LaneSums`. */
interface MomentLayout {
  readonly width: number
  readonly viewsOf: (sums: Float64Array, lane: number) => Kernels.LaneSums
}

interface MomentShape {
  readonly second: Second
  readonly count: number
  readonly dim: number
  readonly hasTails: boolean
}

const momentLayout = ({ second, count, dim, hasTails }: MomentShape): MomentLayout => {
  const sums = 2 + count
  const seconds = sums + count * dim
  const weighed = seconds + count * Kernels.secondMomentWidth(second, dim)
  const logs = weighed + (hasTails ? count : 0)
  const width = logs + (hasTails ? count : 0)
  return {
    width,
    viewsOf: (all, lane) => ({
      lane,
      values: all.subarray(0, 2),
      mass: all.subarray(2, sums),
      sums: all.subarray(sums, seconds),
      second: all.subarray(seconds, weighed),
      weighed: all.subarray(weighed, logs),
      logs: all.subarray(logs, width)
    })
  }
}

interface LoopEStep {
  readonly parts: NonGaussianParts
  readonly second: Second
  readonly count: number
  readonly dim: number
  /** null without measurement errors. */
  readonly errors: Errors.ErrorStatistics | null
  readonly conditioned: (pattern: Pattern) => ConditionedComponents
  readonly layout: MomentLayout
  /** [LANES, width] */
  readonly patternSums: Float64Array
  /** Views of `patternSums`. */
  readonly lanes: () => ReadonlyArray<Kernels.LaneSums>
}

/** `errorLevel`: noise level of rows with errors; if null, the components are already at the rows' level. */
const loopEStep = (
  components: ReadonlyArray<Component>,
  second: Second,
  dim: number,
  errorLevel: Level | null
): LoopEStep => {
  const count = components.length
  const parts = nonGaussianParts(components)
  const errors = errorLevel && Errors.errorStatistics(components, second, dim, errorLevel)
  const layout = momentLayout({ second, count, dim, hasTails: parts.nu !== null })
  const { width } = layout
  const patternSums = new Float64Array(Kernels.LANES * width)
  return {
    parts,
    second,
    count,
    dim,
    errors,
    conditioned: errors?.centresAt ?? conditionedCache(components),
    layout,
    patternSums,
    lanes: lazy(() =>
      Array.from({ length: Kernels.LANES }, (_, lane) =>
        layout.viewsOf(patternSums.subarray(lane * width, (lane + 1) * width), lane)
      )
    )
  }
}

/** Caches components conditioned on patterns, up to `MAX_PATTERN_NUMBERS`. */
const conditionedCache = (components: ReadonlyArray<Component>): LoopEStep['conditioned'] => {
  const cache = new Map<string, ConditionedComponents>()
  let size = 0
  return pattern => {
    const { order, observed } = pattern
    const missing = observed === order.length ? '' : order.subarray(observed).join()
    const cached = cache.get(missing)
    if (cached !== undefined) return cached
    const conditioned = conditionOnPattern(components, pattern)
    if (size < MAX_PATTERN_NUMBERS) {
      const { centres, roots, gains, rests } = conditioned
      size += centres.length + roots.length + gains.length + rests.length
      cache.set(missing, conditioned)
    }
    return conditioned
  }
}

/** Adds sums over the rows of a pattern to `into`; writes posteriors if given. */
const addPatternSums = (
  eStep: LoopEStep,
  rows: Kernels.PatternRows,
  posteriors: RowPosteriors | null,
  into: Float64Array
): void => {
  const { second, dim, errors, layout, patternSums } = eStep
  const { pattern } = rows
  const components = eStep.conditioned(pattern)
  if (!sumBySimd(eStep, components, rows, posteriors)) sumByKernels(eStep, components, rows, posteriors)
  for (let at = 0; at < layout.width; at++)
    for (let lane = 1; lane < Kernels.LANES; lane++) patternSums[at] += patternSums[lane * layout.width + at]
  if (pattern.observed === dim) {
    // The columns are in their original order.
    for (let at = 0; at < layout.width; at++) into[at] += patternSums[at]
    return
  }
  const [total] = eStep.lanes()
  if (errors === null) Kernels.addMissingCovariances[second](pattern, components, eStep.parts.learned, total)
  const to = layout.viewsOf(into, 0)
  Reductions.addChunkSums(to.values, total.values)
  Reductions.addChunkSums(to.weighed, total.weighed)
  Reductions.addChunkSums(to.logs, total.logs)
  Kernels.addReorderedMoments(pattern.order, second, total, to)
}

/** Sums all rows in one SIMD call if they are complete and Gaussian; otherwise returns false and changes nothing. */
const sumBySimd = (
  { second, count, dim, parts: { learned, nu, box }, errors, patternSums }: LoopEStep,
  { constants, centres, isTriangular, roots }: ConditionedComponents,
  { pattern, values, weights }: Kernels.PatternRows,
  posteriors: RowPosteriors | null
): boolean => {
  if (errors !== null || nu !== null || box >= 0 || pattern.rows !== null) return false
  const shape = { dim, count, learned, second: SECOND_MOMENT_CODES.indexOf(second), isTriangular }
  const out = posteriors && [posteriors.logs, posteriors.squared, posteriors.shares, posteriors.logDensity]
  const isDone = simdEStep({ ...shape, numbers: [constants, centres, roots] }, { values, weights }, patternSums, out)
  if (isDone) posteriors?.columns.fill(dim)
  return isDone
}

const NO_NUMBERS = new Float64Array(0)

/** Sums the rows of a pattern into `patternSums`; writes posteriors if given. */
const sumByKernels = (
  eStep: LoopEStep,
  components: ConditionedComponents,
  rows: Kernels.PatternRows,
  posteriors: RowPosteriors | null
): void => {
  const { second, count, dim, errors, patternSums } = eStep
  const { learned, nu } = eStep.parts
  const lanes = eStep.lanes()
  const { observed } = rows.pattern
  const tails = nu && { nu, logGaps: logPrecisionGaps(nu, observed) }
  patternSums.fill(0)
  const length = rows.pattern.rows?.length ?? rows.weights.length
  const most = Kernels.maxBlockRows(count, dim)
  const buffers = Kernels.blockBuffers(count, dim)
  const per = Kernels.secondMomentWidth(second, dim)
  const rowCovariances = errors === null ? NO_NUMBERS : new Float64Array(Math.min(most, length) * count * per)
  for (let first = 0; first < length; first += most) {
    const n = Math.min(most, length - first)
    const block: Kernels.RowBlock = { source: rows, buffers, first, n, count, learned, dim, rowCovariances }
    writeLogJoint(eStep, components, block)
    if (posteriors !== null) Kernels.copyLogJoint(block, posteriors)
    Kernels.exponentiateJoint(block)
    if (posteriors !== null) Kernels.writeShares(block, posteriors)
    for (const sums of lanes) {
      Kernels.addLogLikelihood(block, sums)
      for (let k = 0; k < count; k++) Kernels.addResponsibilities(block, k, sums)
    }
    for (let k = 0; k < learned; k++) {
      if (components.isTriangular && observed < dim) Kernels.predictMissingDeviations(block, components, k)
      for (const sums of lanes) {
        if (tails !== null) Kernels.addPrecisionWeights(block, k, tails, sums)
        Kernels.addMoments[second](block, k, sums)
        if (errors !== null) Kernels.addRowCovariances(block, k, sums)
      }
    }
  }
}

/** E[log g | x] − log E[g | x] of each component for `columns` observed columns; 0 for Gaussian components. */
const logPrecisionGaps = (nu: Float64Array, columns: number): Float64Array =>
  nu.map(nu => (nu < Infinity ? Student.meanLogPrecisionGap(nu, columns) : 0))

/** Writes the deviations from each component, and log π_k p(x | k). */
const writeLogJoint = (
  { count, parts: { nu, box }, errors }: LoopEStep,
  components: ConditionedComponents,
  block: Kernels.RowBlock
): void => {
  Kernels.gatherRows(block)
  for (let k = 0; k < count; k++) {
    Kernels.subtractCentre(block, components, k)
    if (errors !== null) {
      errors.conditionRows(block, k)
      continue
    }
    Kernels.whiten(block, components, k)
    if (k === box) Kernels.logUniform(block, components, k)
    else if (nu !== null && nu[k] < Infinity) Kernels.logStudent(block, components, k, nu[k])
    else Kernels.logGaussian(block, components, k)
  }
}

const finishSums = (
  { second, count, dim, parts: { learned, nu }, errors, layout }: LoopEStep,
  sums: Float64Array
): MomentsAndEntropy => {
  const { values, mass, sums: first, second: about, weighed, logs } = layout.viewsOf(sums, 0)
  if (second === 'full') symmetrizeLower(about, dim)
  const [value, assignmentEntropy] = values
  const all: MomentsAndEntropy = { value, assignmentEntropy, mass, sums: first, second: about }
  if (errors !== null) return { ...all, isDenoised: true }
  const own = learned < count ? withoutBackground(all) : all
  if (nu === null || nu.subarray(0, learned).every(nu => nu === Infinity)) return own
  const tails = { weighed: weighed.slice(0, learned), logs: logs.slice(0, learned) }
  return { ...own, ...asGaussian(second, dim, { ...own, ...tails }) }
}

const patternsByValues = new WeakMap<Float64Array, Map<number, ReadonlyArray<Pattern>>>()

const patternsIn = ({ dim, x, misses, passing }: Data, first: number, values: Float64Array): ReadonlyArray<Pattern> => {
  if (misses !== true) return [completePattern(dim)]
  if (!(x instanceof Float64Array) || passing === true) return patternsOf(values, dim)
  const ofRows = patternsByValues.get(x) ?? new Map<number, ReadonlyArray<Pattern>>()
  const found = ofRows.get(first) ?? patternsOf(values, dim)
  ofRows.set(first, found)
  patternsByValues.set(x, ofRows)
  return found
}

const allocatePosteriors = (rows: number, count: number): RowPosteriors => ({
  logs: new Float64Array(rows * count),
  squared: new Float64Array(rows * count),
  shares: new Float64Array(rows * count),
  logDensity: new Float64Array(rows),
  columns: new Uint32Array(rows)
})

/** Maximum number of rows whose equal weights are cached. */
const MAX_KEPT_WEIGHTS = 4096
const equalWeightsCache = boundedCache<Float64Array>(4)

/**
 * E-step as a reduction: −Σ w log p(x) and the moments of δ = x − c_k. If `measured` is given, components are at time 0 and the moments are
 * those of x_0; otherwise errors are ignored.
 */
export const momentReduction = (
  components: ReadonlyArray<Component>,
  second: Second,
  data: Data,
  measured: { readonly errors: RowNumbers; readonly level: Level } | null = null
): Reductions.Reduction<MomentsAndEntropy> => {
  const { rows, dim, x } = data
  const weights =
    data.weights ??
    (rows <= MAX_KEPT_WEIGHTS ? equalWeightsCache(rows, () => new Float64Array(rows).fill(1 / rows)) : rowWeights(data))
  const eStep = loopEStep(components, second, dim, measured && measured.level)
  const { width } = eStep.layout
  return {
    rows,
    width,
    chunks: Reductions.chunksByRow(rows, width, (first, count, into) => {
      const values = stretch(x, dim, first, count)
      const own = stretch(weights, 1, first, count)
      const errors = measured && stretch(measured.errors, dim * dim, first, count)
      for (const pattern of patternsIn(data, first, values))
        addPatternSums(eStep, { pattern, values, weights: own, errors }, null, into)
    }),
    finish: sums => finishSums(eStep, sums)
  }
}

/** Returns log-densities, responsibilities, and sums without second moments; takes errors into account. */
export const rowResponsibilities = (
  components: ReadonlyArray<Component>,
  { rows, dim, values, errors }: PointRows,
  weights: Float64Array = new Float64Array(rows).fill(1 / rows)
): MomentSums & RowPosteriors => {
  const eStep = loopEStep(components, 'none', dim, errors ? CLEAN : null)
  const posteriors = allocatePosteriors(rows, components.length)
  const sums = new Float64Array(eStep.layout.width)
  const own = weights.subarray(0, rows)
  for (const pattern of patternsOf(values, dim))
    addPatternSums(eStep, { pattern, values, weights: own, errors: errors ?? null }, posteriors, sums)
  return { ...finishSums(eStep, sums), ...posteriors }
}

/** Returns y = L⁻¹(x − c) of the chosen rows, [chosen, dim]. */
export const whitened = (
  component: Component,
  { dim, values }: PointRows,
  chosen: ReadonlyArray<number>
): Float64Array => {
  const { isTriangular, roots } = conditionOnPattern([component], completePattern(dim))
  const { mean } = component
  const out = new Float64Array(chosen.length * dim)
  for (let i = 0, at = 0; i < chosen.length; i++) {
    const from = chosen[i] * dim
    for (let a = 0; a < dim; a++, at++) {
      let y = 0
      if (isTriangular) for (let j = 0; j <= a; j++) y += roots[a * dim + j] * (values[from + j] - mean[j])
      else y = roots[a] * (values[from + a] - mean[a])
      out[at] = y
    }
  }
  return out
}
