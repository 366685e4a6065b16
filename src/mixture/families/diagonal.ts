/** Mixtures of Gaussians whose columns are independent within a component: Σ_k = diag v_k, or one diag v for all. */
import * as Elementary from '../../../lib/elementary.js'
import {
  add,
  div,
  exp,
  expandDims,
  log,
  mul,
  reciprocal,
  rsqrt,
  square,
  squaredDistances,
  sum,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { Field } from '../../core/index.js'
import { family, type At, type Level, type Moments } from '../../score/family.js'
import * as FromGradient from '../kernels/fromGradient.js'
import type * as Mixture from '../Mixture.js'
import * as Gaussian from './gaussian.js'

/** u = α²v + σ², [rows | 1, …, dim]. */
const at = (logVariances: Tensor, level: Level): Tensor => {
  const { alpha, sigma } = Gaussian.spreadOver(level, logVariances.rank)
  return add(mul(square(alpha), expandDims(exp(logVariances), 0)), square(sigma))
}

interface Tensors {
  readonly means: Tensor
  readonly logits: Tensor
  readonly logVariances: Tensor
}

/** What is seen of diagonal covariances u [rows | 1, K | 1, dim]. */
const apart = (means: Tensor, u: Tensor, x: Tensor, level: Level): Gaussian.Seen => {
  const r = Gaussian.residuals(x, means, level)
  const pulls = div(r, u)
  return Gaussian.seenApart(
    Gaussian.logNormal(x.shape[1] ?? 0, sum(mul(r, pulls), 2), mul(-0.5, sum(log(u), 2))),
    pulls,
    sum(reciprocal(u), 2)
  )
}

const own = Gaussian.evaluated(({ means, logVariances }: Tensors, x, level) =>
  apart(means, at(logVariances, level), x, level)
)

/** Of one covariance: rows and centres are scaled once, and their distances are plain. */
const common = Gaussian.evaluated(({ means, logVariances }: Tensors, x, level) => {
  const u = at(logVariances, level)
  if (!Gaussian.isCommon(level)) return apart(means, expandDims(u, 1), x, level)
  const root = rsqrt(u)
  const squared = squaredDistances(mul(x, root), mul(means, root), level.alpha)
  return Gaussian.seenTogether(
    Gaussian.logNormal(x.shape[1] ?? 0, squared, mul(-0.5, sum(log(u), 1, true))),
    div(x, u),
    div(mul(level.alpha, means), u),
    sum(reciprocal(u), 1, true)
  )
})

type Parameters = Readonly<Record<'means' | 'logits' | 'logVariances', NdArray>>

const scaled =
  (by: Float64Array) =>
  ({ means, logits, logVariances }: Parameters): Parameters => ({
    means: Gaussian.scaleRows(by)(means),
    logits,
    logVariances: Gaussian.scaleLogVariances(by)(logVariances)
  })

/** Σ r δ² about the new centres, [K · dim]; rounding may leave it below 0. */
const scatter = (moments: Moments, dim: number): Float64Array => {
  const moved = Gaussian.steps(moments, dim)
  return moments.second.map((s, k) => s - moments.mass[Math.floor(k / dim)] * Elementary.square(moved[k]))
}

const logs = (shape: ReadonlyArray<number>, variances: Float64Array): NdArray => ({
  shape,
  values: variances.map(Elementary.log)
})

/** ρ of one component whose variances are entries of `logVariances`, from `first` on. */
const distance =
  (first: (component: number, dim: number) => number) =>
  (from: Parameters, to: Parameters): number => {
    const dim = from.means.shape[1]
    return Gaussian.fisher(from.logits, to.logits, k =>
      Gaussian.overColumns(dim, j => {
        const entry = first(k, dim) + j
        const [before, after] = [from, to].map(({ logVariances }) => logVariances.values[entry])
        const step = to.means.values[k * dim + j] - from.means.values[k * dim + j]
        return Elementary.square(step) * Elementary.exp(-before) + Elementary.square(after - before) / 2
      })
    )
  }

const ownMixture = ({ means, logits, logVariances: { values } }: Parameters): Mixture.Mixture => ({
  means,
  weights: Gaussian.weightsOf(logits),
  variances: values.map(Elementary.exp),
  factors: null
})

/** Every component has the same. */
const commonMixture = ({ means, logits, logVariances: { values } }: Parameters): Mixture.Mixture => ({
  means,
  weights: Gaussian.weightsOf(logits),
  variances: means.values.map((_, entry) => Elementary.exp(values[entry % values.length])),
  factors: null
})

/**
 * Free weights and one variance a component and column: Σ_k = diag exp(logVariances_k), [K, dim].
 *
 * s(x) = −Σ w_k (x − αc_k)/u_k by columns, u_k = α²v_k + σ², w = softmax(log π_k − ½Σ_j(log u_kj + (x − αc_k)_j²/u_kj)). Its
 * M-step at a noise level is exact: variances are clipped, max(S_jj, α²φ + σ²), and taken back to time 0.
 */
export const diagonal = family({
  name: 'diagonal',
  about: 'Gaussians with free weights and a variance for each column, their columns independent',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }: Gaussian.Count) =>
    (dim: number) => ({ means: [components, dim], logits: [components], logVariances: [components, dim] }),
  formula: ({ components }) =>
    `s(x) = −Σ w_i (x − m_i)/u_i by columns over ${components} components, u_i = α² exp(logVariances_i) + σ², ` +
    'w = softmax(logits_i − ½Σ_j(log u_ij + (x − m_i)_j²/u_ij)), m_i = α means_i',
  components: () => own.components,
  score: () => own.score,
  divergence: () => own.divergence,
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components - 1 + 2 * components * dim,
  leastRows: () => () => 2,
  mStep: () => ({
    second: 'diagonal',
    fromGradient: (params, gradient) => {
      const mixture = ownMixture(params)
      const [, dim] = params.means.shape
      const found = FromGradient.first(mixture, gradient)
      return {
        ...found,
        second: gradient.logVariances.values.map((g, at) =>
          FromGradient.ofVariance(mixture.variances[at], g, found.mass[Math.floor(at / dim)])
        )
      }
    },
    maximise: (params, moments, at: At) => {
      const { mass } = moments
      const squares = scatter(moments, at.dim)
      const ofVariance = Gaussian.varianceOf(at)
      const { shape, values } = params.logVariances
      return {
        ...Gaussian.recentred(params, moments, at),
        logVariances: {
          shape,
          values: values.map((old, entry) => {
            const m = mass[Math.floor(entry / at.dim)]
            return m > 0 ? Elementary.log(ofVariance(squares[entry] / m)) : old
          })
        }
      }
    }
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => ({
      means,
      logits: Gaussian.vector(new Float64Array(components)),
      logVariances: logs(means.shape, new Float64Array(means.values.length).fill(variance))
    })
  }),
  fromMixture: () => mixture => ({
    means: mixture.means,
    logits: Gaussian.logShares(mixture.weights),
    logVariances: logs(mixture.means.shape, Gaussian.diagonalsOf(mixture))
  }),
  toMixture: () => ownMixture,
  shifted: () => Gaussian.shifted,
  scaled: () => scaled,
  distance: () => distance((k, dim) => k * dim),
  symmetries: () => ({ relabel: Gaussian.relabelled })
})

/**
 * Free weights and one variance a column, common to the components: Σ = diag exp(logVariances), [dim].
 *
 * s(x) = Σ w_k αc_k/u − x/u by columns, u = α²v + σ², w = softmax(log π_k − ½Σ_j (x − αc_k)_j²/u_j). Its M-step at a noise level is
 * exact: the pooled variances are clipped, max(Σ_k W_k S_k,jj, α²φ + σ²), and taken back to time 0.
 */
export const tiedDiagonal = family({
  name: 'tiedDiagonal',
  about: 'Gaussians with free weights and one variance for each column, common to them, their columns independent',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }: Gaussian.Count) =>
    (dim: number) => ({ means: [components, dim], logits: [components], logVariances: [dim] }),
  formula: ({ components }) =>
    `s(x) = (Σ w_i m_i − x)/u by columns over ${components} components, u = α² exp(logVariances) + σ², ` +
    'w = softmax(logits_i − ½Σ_j (x − m_i)_j²/u_j), m_i = α means_i',
  components: () => common.components,
  score: () => common.score,
  divergence: () => common.divergence,
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components - 1 + components * dim + dim,
  mStep: () => ({
    second: 'diagonal',
    isShared: true,
    fromGradient: (params, gradient) => {
      const mixture = commonMixture(params)
      const found = FromGradient.first(mixture, gradient)
      const all = Gaussian.total(found.mass)
      const whole = gradient.logVariances.values.map((g, j) => FromGradient.ofVariance(mixture.variances[j], g, all))
      return { ...found, second: FromGradient.shared(found.mass, whole) }
    },
    maximise: (params, moments, at: At) => {
      const squares = scatter(moments, at.dim)
      const all = Gaussian.total(moments.mass)
      const ofVariance = Gaussian.varianceOf(at)
      const column = (j: number): number => squares.reduce((sum, s, entry) => (entry % at.dim === j ? sum + s : sum), 0)
      const { shape, values } = params.logVariances
      return {
        ...Gaussian.recentred(params, moments, at),
        logVariances: { shape, values: values.map((_, j) => Elementary.log(ofVariance(column(j) / all))) }
      }
    }
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => ({
      means,
      logits: Gaussian.vector(new Float64Array(components)),
      logVariances: logs([means.shape[1]], new Float64Array(means.shape[1]).fill(variance))
    })
  }),
  fromMixture: () => mixture => {
    const dim = mixture.means.shape[1]
    return {
      means: mixture.means,
      logits: Gaussian.logShares(mixture.weights),
      logVariances: logs([dim], Gaussian.pooled(mixture.weights, Gaussian.diagonalsOf(mixture), dim))
    }
  },
  toMixture: () => commonMixture,
  shifted: () => Gaussian.shifted,
  scaled: () => scaled,
  distance: () => distance(() => 0),
  symmetries: () => ({ relabel: Gaussian.relabelledCentres })
})
