/**
 * Scores made from scores: sums, guidance by a label, and posteriors of linear measurements with Gaussian noise. Results have divergences
 * and vector products, so samplers, likelihoods and further guidance accept them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Guidance, Mixture, Sampler, Schedule } from 'ornstein'
 *
 * // The score of a product of densities is the sum of theirs, and with weights of sum 1 a guided one.
 * const schedule = Schedule.ornsteinUhlenbeck
 * const [left, right] = [-1, 3].map(mean => Sampler.exact(Mixture.of({ means: [[mean]] }), schedule))
 * const product = Guidance.combine([1, left], [1, right])
 * const at = { rows: 1, dim: 1, values: Float64Array.of(0.5) }
 * assert.equal(product(at, 0.3).values[0], left(at, 0.3).values[0] + right(at, 0.3).values[0])
 */
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import {
  add,
  compute,
  concat,
  div,
  expandDims,
  fill,
  fromNdArray,
  matMul,
  mul,
  oneHot,
  reshape,
  rowDivergence,
  rowwise,
  slice,
  square,
  sub,
  sum,
  tensor,
  transpose,
  vjp,
  type NdArray,
  type Tensor
} from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { listRecorder } from '../../lib/plain/recorder.js'
import { refuseWith } from '../../lib/plain/refuse.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Params from '../core/params.js'
import type * as Schedule from '../schedule/schedule.js'
import { levelOf, smoothScore, type Field, type OfTime, type Smooth } from './scores.js'

const throwGuidanceProblem = (field: string, value: string, domain: string, remedy: string): never => {
  const problem = Problem.of(field, value, domain, remedy)
  return refuseWith(problem, Problem.show(problem))
}

type NamedTensors = Readonly<Record<string, Tensor>>

/** Estimated operations of the interpreter for a row, with second derivatives. */
const ROW_OPERATIONS = 25_000

type Timed = Parameters<OfTime>[0]
type WriteGuidance = (x: Tensor, ofTime: OfTime, beside: NamedTensors) => Tensor

/** Functions of time that a field reads, in order, found by evaluating it on a dummy row. */
const timedReads = remembered((write: WriteGuidance) =>
  remembered(
    ({ dim, names }: { readonly dim: number; readonly names: ReadonlyArray<string> }): ReadonlyArray<Timed> => {
      const times = listRecorder<Timed>()
      const half = (): Tensor => fill([1, dim], 0.5)
      const ofTime: OfTime = f => {
        times.add(f)
        return fill([1, 1], 0.5)
      }
      compute(() => write(half(), ofTime, Object.fromEntries(names.map(name => [name, half()]))))
      return times.all()
    },
    ({ dim }) => dim
  )
)

/** Evaluates a function of points, a time and vectors as arrays. Functions of time are inputs, so one program serves all times. */
const evaluateGuidance =
  (
    write: WriteGuidance
  ): ((points: Points.Points, time: number, beside?: Readonly<Record<string, Float64Array>>) => Float64Array) =>
  ({ rows, dim, values }, time, beside = {}) =>
    rowwise(write, ({ rows: { x, ...others }, constants }) => {
      const times = listRecorder<Timed>()
      return { found: write(x, f => constants[`of${times.add(f)}`], others) }
    })({
      params: {},
      row: ROW_OPERATIONS,
      rows: RR.map((values: Float64Array) => ({ shape: [rows, dim], values }))({ ...beside, x: values }),
      constants: Object.fromEntries(
        timedReads(write)({ dim, names: Object.keys(beside) }).map((f, i) => [
          `of${i}`,
          { shape: [1, 1], values: Float64Array.of(f(time)) }
        ])
      )
    }).found.values

/**
 * Score from a field in the tensor vocabulary, x ↦ s(x, t); divergence and vᵀ∂s/∂x follow by autodiff. Time enters through `ofTime(t => 1 +
 * t)`, or as α and σ through `Sampler.levelOf(schedule)(ofTime)`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { mul, neg, square } from 'ornstein/float64'
 * import { Guidance } from 'ornstein'
 *
 * const score = Guidance.of(x => neg(mul(x, square(x))))
 * const at = { rows: 1, dim: 2, values: Float64Array.of(1, 2) }
 * assert.deepEqual([...score(at, 0.5).values], [-1, -8])
 * assert.deepEqual([...score.divergence(at, 0.5)], [-3 - 12])
 * assert.deepEqual([...score.vjp(at, 0.5, Float64Array.of(1, 10)).values], [-3, -120])
 *
 * const pulled = Guidance.of((x, ofTime) => mul(ofTime(t => t - 1), x))
 * assert.deepEqual([...pulled(at, 0.5).values], [-0.5, -1])
 */
export const of = (field: Field): Smooth => {
  const value = evaluateGuidance(field)
  const divergences = evaluateGuidance((x, ofTime) => rowDivergence(x => field(x, ofTime))(x))
  const products = evaluateGuidance((x, ofTime, { v }) => vjp(x => field(x, ofTime))(x, v))
  const like = ({ rows, dim }: Points.Points, values: Float64Array): Points.Points => ({ rows, dim, values })
  return smoothScore({
    score: (points, time) => like(points, value(points, time)),
    divergence: divergences,
    vjp: (points, time, v) => like(points, products(points, time, { v })),
    field
  })
}

export type Weighted = readonly [weight: number, score: Smooth]

const weightedArraySum = (parts: ReadonlyArray<readonly [number, Float64Array]>, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => parts.reduce((sum, [w, values]) => sum + w * values[i], 0))

/**
 * Weighted sum of scores, Σ w_i s_i: with weights 1 the score of a product of densities (Liu et al. 2022, arXiv 2206.01714, at each level
 * alone), with weights of sum 1 a guided one. A score of weight 0 is not evaluated.
 */
export const combine = (...scores: readonly [Weighted, ...ReadonlyArray<Weighted>]): Smooth => {
  const parts = scores.filter(([weight]) => weight !== 0)
  const each = (of: (score: Smooth) => Float64Array, count: number): Float64Array =>
    weightedArraySum(
      parts.map(([weight, score]): readonly [number, Float64Array] => [weight, of(score)]),
      count
    )
  const made = (points: Points.Points, of: (score: Smooth) => Points.Points): Points.Points => ({
    rows: points.rows,
    dim: points.dim,
    values: each(score => of(score).values, points.values.length)
  })
  return smoothScore({
    score: (points, time) => made(points, score => score(points, time)),
    divergence: (points, time) => each(score => score.divergence(points, time), points.rows),
    vjp: (points, time, v) => made(points, score => score.vjp(points, time, v)),
    field: (x: Tensor, ofTime: OfTime): Tensor =>
      parts.reduce((total, [weight, { field }]) => add(total, mul(weight, field(x, ofTime))), mul(0, x))
  })
}

/**
 * Classifier-free guidance, s = (1 − w) s_free + w s_given: the score without the label for w = 0, with it for w = 1, extrapolated for w >
 * 1 (Ho & Salimans 2022, arXiv 2207.12598, whose w is ours − 1).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Guidance, Mixture, Sampler, Schedule } from 'ornstein'
 *
 * const schedule = Schedule.ornsteinUhlenbeck
 * const free = Sampler.exact(Mixture.of({ means: [[-3], [3]] }), schedule)
 * const given = Sampler.exact(Mixture.of({ means: [[3]] }), schedule)
 * const at = { rows: 1, dim: 1, values: Float64Array.of(0.5) }
 * const guided = (weight: number) => Guidance.classifierFree({ free, given, weight })(at, 0.3).values[0]
 * assert.equal(guided(0), free(at, 0.3).values[0])
 * assert.equal(guided(1), given(at, 0.3).values[0])
 */
export const classifierFree = ({
  free,
  given,
  weight
}: {
  readonly free: Smooth
  readonly given: Smooth
  readonly weight: number
}): Smooth => combine([1 - weight, free], [weight, given])

/** Linear measurement y = A x_0 + N(0, Γ). */
export interface Measurement {
  /** A, a row for each measured number. */
  readonly matrix: ReadonlyArray<ReadonlyArray<number>>
  /** y. */
  readonly observed: ReadonlyArray<number>
  /** Standard deviation of the noise, > 0, for all measured numbers or for each. */
  readonly deviation: number | ReadonlyArray<number>
}

/**
 * Approximation of the covariance of x_0 given x_t in the likelihood of the measurement:
 *
 * - `tweedie`: (σ²/α) ∂x̂_0/∂x, the exact covariance (MMPS: Rozet et al. 2024, arXiv 2405.13712). The posterior is
 * exact for normal data.
 * - `isotropic`: σ²/(α² + σ²) times the identity (ΠGDM: Song et al. 2023).
 * - `none`: 0, so that a measurement of x̂_0 replaces that of x_0 (DPS: Chung et al. 2022, arXiv 2209.14687, eq. 16).
 */
export type Spread = 'tweedie' | 'isotropic' | 'none'

/** A [m, d], y [1, m] and the diagonal covariance Γ [1, m, m]; throws if the measurement is not valid. */
const measurementArrays = ({
  matrix,
  observed,
  deviation
}: Measurement): { readonly a: NdArray; readonly y: NdArray; readonly g: NdArray } => {
  const a = Params.ndArray(matrix)
  const m = observed.length
  const each = typeof deviation === 'number' ? observed.map(() => deviation) : deviation
  if (a === null || a.shape.length !== 2 || a.shape[0] !== m || m === 0)
    return throwGuidanceProblem(
      'matrix',
      JSON.stringify(matrix).slice(0, 60),
      `a matrix of ${m} rows, one for each number that is observed`,
      'give a row of coefficients for each'
    )
  const bad = each.find(d => !(d > 0 && d < Infinity))
  if (each.length !== m || bad !== undefined)
    return throwGuidanceProblem(
      'deviation',
      String(bad ?? each.length),
      `> 0 and finite, one for all or ${m}`,
      'try 0.01'
    )
  return {
    a,
    y: { shape: [1, m], values: Float64Array.from(observed) },
    g: {
      shape: [1, m, m],
      values: Float64Array.from({ length: m * m }, (_, i) => (i % (m + 1) === 0 ? Elementary.square(each[i % m]) : 0))
    }
  }
}

/**
 * S⁻¹ r for each row, S [rows, m, m] symmetric and positive definite, r [rows, m], by Gauss–Jordan elimination of (S | r), a column per
 * step.
 */
const solvePerRow = (s: Tensor, r: Tensor): Tensor => {
  const [rows, m] = r.shape
  const remains = Array.from({ length: m }).reduce<Tensor>(
    (columns, _, k) => {
      const first = slice(columns, [0, 0, 0], [rows, 1, m])
      const rest = slice(columns, [0, 1, 0], [rows, m - k, m])
      const pivots = div(slice(rest, [0, 0, k], [rows, m - k, 1]), slice(first, [0, 0, k], [rows, 1, 1]))
      return sub(rest, mul(pivots, sub(first, oneHot(fill([1, 1], k), m))))
    },
    concat([s, expandDims(r, 1)], 1)
  )
  return reshape(remains, [rows, m])
}

/**
 * Score of x_t given a measurement of x_0: s + ∇ log p(y | x_t), with p(y | x_t) ≈ N(A x̂_0, Γ + A V Aᵀ), x̂_0 by Tweedie's formula and V
 * by `spread`; the gradient through x̂_0, V held constant, is Jᵀ Aᵀ (Γ + A V Aᵀ)⁻¹ (y − A x̂_0), J = ∂x̂_0/∂x. Costs a product with J for
 * each measured number.
 *
 * With `tweedie` the samples are those of the posterior if the data are normal. Otherwise every spread is an approximation, possibly far
 * off, and none is best throughout: on three mixtures of the plane (one coordinate measured, ancestral) the energy distance from the exact
 * posterior was .02 to .68 with `tweedie`, .01 to .67 with `isotropic` and .03 to .11 with `none`; with 10 Langevin moves at each level
 * (`Sampler.predictorCorrector`) .01 to .23 with `tweedie` and at most .02 with `none`.
 *
 * The exact posterior of a mixture is `Mixture.given`, whose score is `Sampler.exact`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Guidance, Mixture, Sampler, Schedule } from 'ornstein'
 *
 * // N(0, I), of which x + y = 2 is seen with noise of variance ½: the posterior mean is 2/(2 + ½) (1, 1).
 * const schedule = Schedule.ornsteinUhlenbeck
 * const prior = Sampler.exact(Mixture.of({ means: [[0, 0]] }), schedule)
 * const seen = { matrix: [[1, 1]], observed: [2], deviation: Math.SQRT1_2 }
 * const score = Guidance.posterior(seen, schedule)(prior)
 * const { values } = score({ rows: 1, dim: 2, values: Float64Array.of(0.8, 0.8) }, 0)
 * assert.ok(values.every(s => Math.abs(s) < 1e-14))
 */
export const posterior = (
  measurement: Measurement,
  schedule: Schedule.Schedule,
  { spread = 'tweedie' }: { readonly spread?: Spread } = {}
): ((prior: Smooth) => Smooth) => {
  const { a, y, g } = measurementArrays(measurement)
  const [m, dim] = a.shape
  return prior =>
    of((x, ofTime) => {
      if (x.shape[1] !== dim)
        throwGuidanceProblem(
          'matrix',
          `${dim} columns`,
          `${x.shape[1]}, the dimension of the points`,
          'give one for each coordinate'
        )
      const [rows] = x.shape
      const { alpha, sigma } = levelOf(schedule)(ofTime)
      const variance = square(sigma)
      const score = prior.field(x, ofTime)
      const predicted = (x: Tensor): Tensor => div(add(x, mul(variance, prior.field(x, ofTime))), alpha)
      const A = fromNdArray(a)
      const centre = div(add(x, mul(variance, score)), alpha)
      const residual = sub(fromNdArray(y), matMul(centre, A, { transposeB: true }))
      // Rows of A J, each [rows, 1, dim].
      const products = Array.from({ length: m }, (_, i) => {
        const row = mul(tensor(a.values.slice(i * dim, (i + 1) * dim), [1, dim]), add(mul(0, x), 1))
        return expandDims(vjp(predicted)(x, row), 1)
      })
      const AJ = concat(products, 1)
      const spreads = (): Tensor => {
        const flat = reshape(AJ, [rows * m, dim])
        const own = reshape(matMul(flat, A, { transposeB: true }), [rows, m, m])
        // Symmetrized, since J of a network need not be symmetric.
        return mul(expandDims(div(mul(0.5, variance), alpha), 2), add(own, transpose(own, [0, 2, 1])))
      }
      const covariance =
        spread === 'tweedie'
          ? add(fromNdArray(g), spreads())
          : spread === 'isotropic'
            ? add(
                fromNdArray(g),
                mul(
                  expandDims(div(variance, add(square(alpha), variance)), 2),
                  expandDims(matMul(A, A, { transposeB: true }), 0)
                )
              )
            : fromNdArray(g)
      const weights = solvePerRow(add(covariance, mul(0, reshape(residual, [rows, 1, m]))), residual)
      return add(score, sum(mul(expandDims(weights, 2), AJ), 1))
    })
}

/**
 * Inpainting: a `posterior` given some coordinates, up to noise of a small deviation.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Guidance, Mixture, Sampler, Schedule } from 'ornstein'
 *
 * // Of a pair on a diagonal, the second coordinate is seen near 3: the first is drawn there.
 * const schedule = Schedule.ornsteinUhlenbeck
 * const prior = Sampler.exact(Mixture.of({ means: [[3, 3], [-3, -3]] }), schedule)
 * const score = Guidance.inpaint({ known: [1], values: [3], dim: 2, deviation: 0.1 }, schedule)(prior)
 * const { values } = score({ rows: 1, dim: 2, values: Float64Array.of(0, 0) }, 1)
 * assert.ok(values[0] > 0.5)
 */
export const inpaint = (
  {
    known,
    values,
    dim,
    deviation
  }: {
    readonly known: ReadonlyArray<number>
    readonly values: ReadonlyArray<number>
    readonly dim: number
    readonly deviation: number
  },
  schedule: Schedule.Schedule,
  options: { readonly spread?: Spread } = {}
): ((prior: Smooth) => Smooth) => {
  const outside = known.find(at => !(Number.isInteger(at) && at >= 0 && at < dim))
  return outside === undefined
    ? posterior(
        {
          matrix: known.map(at => Array.from({ length: dim }, (_, j) => (j === at ? 1 : 0))),
          observed: values,
          deviation
        },
        schedule,
        options
      )
    : throwGuidanceProblem('known', String(outside), `a coordinate from 0 to ${dim - 1}`, 'count coordinates from 0')
}
