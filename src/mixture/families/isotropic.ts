/** Mixtures of round Gaussians of one size: Σ = v I. */
import * as Elementary from '../../../lib/elementary.js'
import {
  add,
  div,
  exp,
  log,
  matMul,
  mul,
  ones,
  square,
  squaredDistances,
  sub,
  sum,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { Field } from '../../core/index.js'
import { family, type At } from '../../score/family.js'
import type * as Params from '../../score/Params.js'
import type * as Components from '../Components.js'
import * as FromGradient from '../kernels/fromGradient.js'
import * as Gaussian from './gaussian.js'
import type * as Mixture from '../Mixture.js'
import * as Projection from '../Projection.js'

interface Tensors {
  readonly means: Tensor
  readonly logits: Tensor
  readonly logVariance: Tensor
}

/** P = I/u: δ_k = (α/u)(c_k − Σ w_l c_l), so that |δ_k|² is a distance between points that know nothing of x. */
const common = Gaussian.evaluated(({ means, logVariance }: Tensors, x, { alpha, sigma }) => {
  const dim = x.shape[1] ?? 0
  const u = add(mul(square(alpha), exp(logVariance)), square(sigma))
  return {
    logDensity: Gaussian.logNormal(dim, div(squaredDistances(x, means, alpha), u), mul(-dim / 2, log(u))),
    pull: shares => div(sub(x, mul(alpha, matMul(shares, means))), u),
    curvature: shares => {
      const apart = sum(mul(shares, squaredDistances(matMul(shares, means), means)), 1, true)
      return sub(mul(square(div(alpha, u)), apart), div(dim, u))
    }
  }
})

const scalar = (x: number): NdArray => ({ shape: [], values: Float64Array.of(x) })

const repeated = (count: number, { values }: NdArray): Float64Array =>
  new Float64Array(count).fill(Elementary.exp(values[0]))

const componentsOf = ({ means, logits, logVariance }: Tensors): Components.Components => ({
  centres: means,
  logits,
  variances: mul(exp(logVariance), ones([means.shape[0]]))
})

const arraysOf = ({
  means: { shape, values },
  logits,
  logVariance
}: Params.Params<'means' | 'logits' | 'logVariance'>): Projection.Arrays => ({
  components: shape[0],
  centres: values,
  logits: logits.values,
  variances: repeated(shape[0], logVariance),
  free: true
})

const mixtureOf = (
  { means, logits }: { readonly means: NdArray; readonly logits: NdArray },
  variances: Float64Array
): Mixture.Mixture => ({ means, weights: Gaussian.weightsOf(logits), variances, factors: null })

/**
 * Free weights and one variance, common to the components and columns: Σ = exp(logVariance) I.
 *
 * s(x) = (Σ w_k αc_k − x)/u, u = α²v + σ², w = softmax(log π_k − |x − αc_k|²/(2u)). Its M-step at a noise level is exact: the pooled
 * variance is clipped, max(Σ_k W_k tr S_k/d, α²φ + σ²), and taken back to time 0.
 */
export const tiedIsotropic = family({
  name: 'tiedIsotropic',
  about: 'round Gaussians with free weights and one variance, common to them',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }: Gaussian.Count) =>
    (dim: number) => ({ means: [components, dim], logits: [components], logVariance: [] }),
  formula: ({ components }) =>
    `s(x) = (Σ w_i m_i − x)/u over ${components} components, u = α² exp(logVariance) + σ², ` +
    'w = softmax(logits_i − |x − m_i|²/(2u)), m_i = α means_i',
  components: () => common.components,
  score: () => common.score,
  divergence: () => common.divergence,
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components * (dim + 1),
  mStep: () => ({
    second: 'trace',
    isShared: true,
    fromGradient: (params, gradient) => {
      const [count, dim] = params.means.shape
      const variances = repeated(count, params.logVariance)
      const found = FromGradient.first(mixtureOf(params, variances), gradient)
      const [derivative] = gradient.logVariance.values
      const whole = FromGradient.ofVariance(variances[0], derivative, Gaussian.total(found.mass), dim)
      return { ...found, second: FromGradient.shared(found.mass, Float64Array.of(whole)) }
    },
    maximise: (params, moments, at: At) => {
      const { mass, second } = moments
      const moved = Gaussian.steps(moments, at.dim)
      const between = moved.reduce((sum, s, entry) => sum + mass[Math.floor(entry / at.dim)] * s * s, 0)
      return {
        ...Gaussian.recentred(params, moments, at),
        logVariance: scalar(
          Elementary.log(Gaussian.varianceOf(at)((Gaussian.total(second) - between) / (Gaussian.total(mass) * at.dim)))
        )
      }
    }
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => ({
      means,
      logits: Gaussian.vector(new Float64Array(components)),
      logVariance: scalar(Elementary.log(variance))
    })
  }),
  fromMixture: () => mixture => {
    const [, dim] = mixture.means.shape
    const variances = Gaussian.pooled(mixture.weights, Gaussian.diagonalsOf(mixture), dim)
    return {
      means: mixture.means,
      logits: Gaussian.logShares(mixture.weights),
      logVariance: scalar(Elementary.log(Gaussian.total(variances) / dim))
    }
  },
  toMixture:
    ({ components }) =>
    params =>
      mixtureOf(params, repeated(components, params.logVariance)),
  shifted: () => Gaussian.shifted,
  distance: () => (from, to) => {
    const [, dim] = from.means.shape
    const [before, after] = [from, to].map(({ logVariance }) => logVariance.values[0])
    const spread = (dim / 2) * Elementary.square(after - before)
    return Gaussian.fisher(
      from.logits,
      to.logits,
      k =>
        spread +
        Elementary.exp(-before) *
          Gaussian.overColumns(dim, j =>
            Elementary.square(to.means.values[k * dim + j] - from.means.values[k * dim + j])
          )
    )
  },
  symmetries: () => ({
    relabel: Gaussian.relabelledCentres,
    rotate: map => params => ({ ...params, means: Gaussian.mapRows(map)(params.means) })
  }),
  // Lengths are common to the components, so that responsibilities do not see them.
  projection: () => ({ ...Projection.isotropic(false, componentsOf, arraysOf), slope: null })
})
