/**
 * E-step of Gaussian, Student-t and uniform components in plain loops: for families with `toMixture` if there are few rows, or rows with
 * missing cells. On a few hundred rows the tensor vocabulary takes ten to a hundred times as long; a law checks that both agree. If rows have
 * missing cells the likelihood is that of the observed ones, and the missing ones enter by their conditional moments; this is valid if cells
 * are missing at random (Rubin 1976).
 */
import * as Elementary from '../../../lib/numbers/elementary.js'
import { boundedCache } from '../../../lib/plain/iterate.js'
import * as Chunks from '../../../lib/rows/reduction.js'
import { stretch, type RowNumbers } from '../../../lib/rows/stretches.js'
import { simdEStep, simdOrPlainKernels } from '../../../lib/wasm/index.js'
import type { Moments, Second } from '../family.js'
import type { Component } from '../component.js'
import { CLEAN, type Level } from '../../schedule/dynamics.js'
import * as Student from '../student.js'
import { rowWeights, type WeightedRows as Data } from '../dataRows.js'
import * as Errors from './errors.js'
import * as Loops from './loops.js'
import {
  patternsOf,
  conditionOnPattern,
  completePattern,
  type Pattern,
  type ConditionedComponents
} from './patterns.js'

export type RowPosteriors = Loops.RowPosteriors

export interface PointRows {
  readonly rows: number
  readonly dim: number
  readonly values: Float64Array
  /** See `Points.errors`. */
  readonly errors?: Float64Array | undefined
}

/** Copies the lower triangles of [K, d, d] to the upper ones, in place. */
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

/** Codes in the order of lib/wasm/kernels/assembly/expectation.ts. */
const SECOND_MOMENT_CODES: ReadonlyArray<Second> = ['none', 'trace', 'diagonal', 'full']

/** Maximum size of the cached conditioned components, in numbers; further patterns are recomputed at each use. */
const MAX_PATTERN_NUMBERS = 1 << 22

/** Description of the components that are not Gaussian. */
interface NonGaussianParts {
  /** Degrees of freedom ν, ∞ for Gaussian components; null if all are Gaussian. */
  readonly nu: Float64Array | null
  /** Index of the uniform background; −1 if there is none. */
  readonly box: number
  /** Number of components with moments: all except a background. */
  readonly learned: number
}

/** E[log g | x] − log E[g | x] for each component, if rows have `columns` observed columns; empty if all are Gaussian. */
const logPrecisionGaps = (nu: Float64Array | null, columns: number): Float64Array =>
  nu === null ? new Float64Array(0) : nu.map(nu => (nu < Infinity ? Student.meanLogPrecisionGap(nu, columns) : 0))

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

/** Moment sums in which rows of Student-t components are weighted by their expected precisions. */
export interface PrecisionWeightedMoments extends Moments {
  /** Σ r E[g | x], [K] */
  readonly weighed: Float64Array
  /** Σ r (E[log g | x] − E[g | x]), [K] */
  readonly logs: Float64Array
}

/**
 * Moments from which a Gaussian M-step computes the Student-t one: with n = Σ r, ω = Σ r g and Δ = Σ r g δ/ω the sums are nΔ and the second
 * moments Σ r g δδᵀ + (n − ω)ΔΔᵀ, so that about the new mean they are Σ r g (δ − Δ)(δ − Δ)ᵀ.
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

/** Separates the background, which is last, from the moments of the components. */
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

/** Returns moments for an M-step from the sums over all components and, if some are Student-t, their sums of precisions. */
const mStepMoments = (
  { nu, learned }: Pick<NonGaussianParts, 'nu' | 'learned'>,
  second: Second,
  dim: number,
  all: Moments,
  ofTails: Float64Array
): Moments => {
  const count = all.mass.length
  const own = learned < count ? withoutBackground(all) : all
  if (nu === null || nu.subarray(0, learned).every(nu => nu === Infinity)) return own
  const weighed = ofTails.slice(0, learned)
  const logs = ofTails.slice(count, count + learned)
  return { ...own, ...asGaussian(second, dim, { ...own, weighed, logs }) }
}

/** Splits the flat sums: −Σ w log p(x), −Σ w log max_k p(k | x), effective counts [K], sums [K, dim], second moments. */
export const splitMoments = (all: Float64Array, count: number, dim: number): Moments => ({
  mass: all.subarray(2, 2 + count),
  sums: all.subarray(2 + count, 2 + count + count * dim),
  second: all.subarray(2 + count + count * dim)
})

/** Rows of a chunk, with the covariances of their errors if they have some. */
interface MomentBlock {
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly errors: Float64Array | null
}

/** Accumulates the E-step over blocks of rows. */
interface MomentAccumulator {
  /** Number of accumulated sums. */
  readonly width: number
  /** Adds the sums over the rows of a pattern to `into`; also writes the posteriors of each row if `posteriors` is given. */
  readonly add: (pattern: Pattern, rows: MomentBlock, posteriors: RowPosteriors | null, into: Float64Array) => void
  readonly finish: (sums: Float64Array) => MomentsAndEntropy
}

const momentAccumulator = (
  components: ReadonlyArray<Component>,
  second: Second,
  dim: number,
  /** Noise level of rows with errors; null if rows have none, and the components are then already at the rows' level. */
  ofErrors: Level | null
): MomentAccumulator => {
  const count = components.length
  const per = Loops.secondMomentWidth(second, dim)
  const { nu, box, learned } = nonGaussianParts(components)
  const plain = 2 + count + count * dim + count * per
  const width = plain + (nu === null ? 0 : 2 * count)
  const parts = (all: Float64Array): Moments => splitMoments(all.subarray(0, plain), count, dim)
  const known = new Map<string, ConditionedComponents>()
  let held = 0
  const seenFrom = (pattern: Pattern): ConditionedComponents => {
    const word = pattern.observed === dim ? '' : pattern.order.subarray(pattern.observed).join()
    const seen = known.get(word) ?? conditionOnPattern(components, pattern)
    if (!known.has(word) && held < MAX_PATTERN_NUMBERS) {
      held += seen.centres.length + seen.roots.length + seen.gains.length + seen.rests.length
      known.set(word, seen)
    }
    return seen
  }
  const measured = ofErrors && Errors.errorStatistics(components, second, dim, ofErrors)
  const own = new Float64Array(Loops.LANES * width)
  const lanes = Array.from({ length: Loops.LANES }, (_, lane) => own.subarray(lane * width, (lane + 1) * width))
  const summed = lanes.map(parts)
  /** Sums the block in one SIMD call if rows are complete and components Gaussian; otherwise does nothing and returns false. */
  const addAtOnce: (...of: Parameters<typeof loop>) => boolean = (pattern, seen, { values, weights }, posteriors) => {
    if (measured !== null || nu !== null || box >= 0 || pattern.rows !== null) return false
    const { constants, centres, isTriangular, roots } = seen
    const all = { dim, count, learned, second: SECOND_MOMENT_CODES.indexOf(second), isTriangular }
    const tell = posteriors && [posteriors.logs, posteriors.squared, posteriors.shares, posteriors.logDensity]
    const isDone = simdEStep({ ...all, numbers: [constants, centres, roots] }, { values, weights }, own, tell)
    if (isDone) posteriors?.columns.fill(dim)
    return isDone
  }
  const loop = (
    pattern: Pattern,
    { constants, centres, isTriangular, roots, gains }: ConditionedComponents,
    { values, weights, errors }: MomentBlock,
    posteriors: RowPosteriors | null
  ): void => {
    const { order, observed: o, rows } = pattern
    own.fill(0)
    const below = logPrecisionGaps(nu, o)
    const whiten = isTriangular ? Loops.whitenByTriangle : Loops.whitenByDiagonal
    const length = rows === null ? weights.length : rows.length
    const most = Loops.maxBlockRows(count, dim)
    const { x: gathered, delta, squares, logs, tops, totals, lengths } = Loops.blockWorkspace(count, dim)
    const left = new Float64Array(measured === null ? 0 : Math.min(most, length) * count * per)
    for (let first = 0; first < length; first += most) {
      const n = Math.min(most, length - first)
      const x = rows === null ? values : Loops.gatherRows(values, rows, first, n, order, o, gathered)
      const from = rows === null ? first * dim : 0
      for (let k = 0; k < count; k++) {
        const at = k * n * dim
        const to = k * n
        Loops.subtractCentre(x, from, centres, k, delta, at, n, o, dim)
        if (measured !== null && errors !== null) {
          measured.see(pattern, errors, first, n, k, delta, squares, logs, left)
          continue
        }
        whiten(delta, at, roots, k, squares, to, n, o, dim)
        if (k === box) Loops.logUniform(constants[k], delta, at, roots, k, logs, to, n, o, dim, isTriangular)
        else if (nu !== null && nu[k] < Infinity) Loops.logStudent(constants[k], nu[k], o, squares, to, n, logs)
        else Loops.logGaussian(constants[k], squares, to, n, logs)
      }
      if (posteriors !== null) Loops.writePosteriors(posteriors, rows, first, n, count, o, logs, squares)
      Loops.subtractRowMax(logs, count, n, tops)
      const all = logs.subarray(0, count * n)
      simdOrPlainKernels().exp(all, all)
      Loops.sumOverComponents(logs, count, n, totals)
      simdOrPlainKernels().log(totals.subarray(0, n), lengths)
      if (posteriors !== null) Loops.writeShares(posteriors, rows, first, n, count, logs, tops, totals, lengths)
      for (let lane = 0; lane < Loops.LANES; lane++) {
        const { mass } = summed[lane]
        Loops.addLogLikelihood(logs, count, learned, weights, rows, first, lane, n, tops, totals, lengths, lanes[lane])
        for (let k = 0; k < count; k++) Loops.addResponsibilities(logs, k * n, lane, n, totals, mass, k)
      }
      for (let k = 0; k < learned; k++) {
        const at = k * n * dim
        const to = k * n
        if (isTriangular && o < dim) Loops.predictMissingDeviations(delta, at, gains, k, n, o, dim)
        for (let lane = 0; lane < Loops.LANES; lane++) {
          const { sums, second: out } = summed[lane]
          if (nu !== null)
            Loops.addPrecisionWeights(
              logs,
              to,
              lane,
              n,
              squares,
              nu[k],
              o,
              below[k],
              lanes[lane],
              plain + k,
              plain + count + k
            )
          Loops.adds[second](logs, to, delta, at, sums, k * dim, out, k * per, lane, n, dim)
          if (measured !== null) Loops.addEach(logs, to, left, lane, n, out, k * per, per)
        }
      }
    }
  }
  const add: MomentAccumulator['add'] = (pattern, block, posteriors, into) => {
    const { order, observed: o } = pattern
    const seen = measured?.seen(pattern) ?? seenFrom(pattern)
    if (!addAtOnce(pattern, seen, block, posteriors)) loop(pattern, seen, block, posteriors)
    const [all] = lanes
    for (let lane = 1; lane < Loops.LANES; lane++) for (let at = 0; at < width; at++) all[at] += lanes[lane][at]
    // Sums with the columns in the order of the pattern.
    const [{ mass, sums, second: out }] = summed
    if (o < dim && measured === null) Loops.addRests[second](mass, seen.rests, learned, o, dim, out)
    into[0] += all[0]
    into[1] += all[1]
    for (let at = plain; at < width; at++) into[at] += all[at]
    const to = parts(into)
    for (let k = 0; k < count; k++) to.mass[k] += mass[k]
    Loops.joinMoments[second](order, count, dim, sums, out, to.sums, to.second)
  }
  return {
    width,
    add,
    finish: all => {
      const { mass, sums, second: about } = parts(all)
      if (second === 'full') symmetrizeLower(about, dim)
      const [value, assignmentEntropy] = all
      const found = { value, assignmentEntropy, mass, sums, second: about }
      if (measured !== null) return { ...found, isDenoised: true }
      return nu === null && learned === count
        ? found
        : { ...found, ...mStepMoments({ nu, learned }, second, dim, found, all.subarray(plain)) }
    }
  }
}

const patternsByValues = new WeakMap<Float64Array, Map<number, ReadonlyArray<Pattern>>>()

/** Returns the patterns of a chunk, cached if the rows are in memory. */
const patternsIn = ({ dim, x, misses, passing }: Data, first: number, values: Float64Array): ReadonlyArray<Pattern> => {
  if (misses !== true) return [completePattern(dim)]
  if (!(x instanceof Float64Array) || passing === true) return patternsOf(values, dim)
  const ofRows = patternsByValues.get(x) ?? new Map<number, ReadonlyArray<Pattern>>()
  const found = ofRows.get(first) ?? patternsOf(values, dim)
  ofRows.set(first, found)
  patternsByValues.set(x, ofRows)
  return found
}

/** Allocates the posteriors of `rows` rows. */
const allocatePosteriors = (rows: number, count: number): RowPosteriors => ({
  logs: new Float64Array(rows * count),
  squared: new Float64Array(rows * count),
  shares: new Float64Array(rows * count),
  logDensity: new Float64Array(rows),
  columns: new Uint32Array(rows)
})

/** Maximum number of rows whose equal weights are cached between steps. */
const MAX_KEPT_WEIGHTS = 4096
const equalWeightsCache = boundedCache<Float64Array>(4)

/**
 * E-step as a reduction: −Σ w log p(x) and the moments of δ = x − c_k. If `measured` is given, rows have errors at a noise level, the
 * components are at time 0, and the moments are those of x_0. Errors are ignored otherwise.
 */
export const momentReduction = (
  components: ReadonlyArray<Component>,
  second: Second,
  data: Data,
  measured: { readonly errors: RowNumbers; readonly level: Level } | null = null
): Chunks.Reduction<MomentsAndEntropy> => {
  const { rows, dim, x } = data
  const weights =
    data.weights ??
    (rows <= MAX_KEPT_WEIGHTS ? equalWeightsCache(rows, () => new Float64Array(rows).fill(1 / rows)) : rowWeights(data))
  const { width, add, finish: found } = momentAccumulator(components, second, dim, measured && measured.level)
  return {
    rows,
    width,
    chunks: Chunks.chunksByRow(rows, width, (first, count, into) => {
      const values = stretch(x, dim, first, count)
      const own = stretch(weights, 1, first, count)
      const errors = measured && stretch(measured.errors, dim * dim, first, count)
      for (const pattern of patternsIn(data, first, values)) add(pattern, { values, weights: own, errors }, null, into)
    }),
    finish: found
  }
}

/** Log-densities and responsibilities of each row in memory, and their sums without second moments; takes errors of rows into account. */
export const rowResponsibilities = (
  components: ReadonlyArray<Component>,
  { rows, dim, values, errors }: PointRows,
  weights: Float64Array = new Float64Array(rows).fill(1 / rows)
): MomentSums & RowPosteriors => {
  const { width, add, finish: found } = momentAccumulator(components, 'none', dim, errors ? CLEAN : null)
  const posteriors = allocatePosteriors(rows, components.length)
  const sums = new Float64Array(width)
  const block = { values, weights: weights.subarray(0, rows), errors: errors ?? null }
  for (const pattern of patternsOf(values, dim)) add(pattern, block, posteriors, sums)
  return { ...found(sums), ...posteriors }
}

/** Whitened deviations y = L⁻¹(x − c) of the chosen rows from a component, [chosen, dim]. */
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
