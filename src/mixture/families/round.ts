/** Mixtures of isotropic Gaussians: Σ_k = v_k I, one v for all, or 1. */
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  add,
  div,
  exp,
  fill,
  log,
  logSoftmax,
  matMul,
  mul,
  ones,
  square,
  squaredDistances,
  sub,
  sum,
  type Tensor
} from '../../../lib/index.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { Field } from '../../core/index.js'
import type { Capabilities } from '../family.js'
import { family } from './define.js'
import * as Params from '../../core/params.js'
import * as Components from '../components.js'
import type { Mixture } from '../mixtureData.js'
import * as Projection from '../projection.js'
import * as Covariances from './covariances.js'
import * as Derive from './derive.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'

/** Evaluates isotropic components at rows. */
export const isotropicEvaluated = <T>(
  of: (params: T) => Components.IsotropicComponents
): Required<Gaussian.Evaluated<T>> => ({
  components: params => {
    const components = of(params)
    const { centres, logits } = components
    return {
      logWeights: logits === null ? fill([centres.shape[0]], -Elementary.log(centres.shape[0])) : logSoftmax(logits),
      centres,
      logDensity: (x, level) => Components.componentLogDensities(components, x, level)
    }
  },
  score: (params, x, level) => Components.isotropicScore(of(params), x, level),
  divergence: (params, x, level) => Components.isotropicDivergence(of(params), x, level),
  logDensity: (params, x, level) => Components.isotropicLogDensity(of(params), x, level)
})

const FIXED_PROJECTION = { free: false, seesNorm: false }

const sphericalComponents = ({ means }: Params.Tensors<'means'>): Components.IsotropicComponents => ({
  centres: means,
  logits: null,
  variances: null
})

const equalIsotropic = isotropicEvaluated(sphericalComponents)

const meansParams = ({ means }: Mixture): Params.Params<'means'> => ({ means })

/** A mixture with equal weights and unit variances: s(x) = Σ w_i m_i − x, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α · means_i. */
export const spherical = family({
  name: 'spherical',
  about: 'equal weights, unit variances: s = Σ w_i m_i − x',
  fields: {
    /** Number of components. */
    components: Field.count({ suggestion: 2 })
  },
  formula: ({ components }) =>
    `s(x) = Σ w_i m_i − x over ${components} components, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α means_i`,
  made: ({ components }) => ({
    parameters: dim => ({ means: [components, dim] }),
    degreesOfFreedom: dim => components * dim,
    unitVariance: true,
    count: () => components,
    ...equalIsotropic,
    toMixture: ({ means }) => Maps.isotropicMixture(means, 1),
    fromMixture: meansParams,
    start: Maps.startFromMaps({ fromMixture: meansParams }, components, ({ means }) => means),
    shifted: Gaussian.shiftMeans,
    projection: {
      ...Projection.isotropicProjection(FIXED_PROJECTION, sphericalComponents, ({ means }) =>
        Maps.isotropicMixture(means, 1)
      ),
      slope: null
    },
    symmetries: {
      relabel: Gaussian.permuteComponents,
      rotate:
        map =>
        ({ means }) => ({ means: Gaussian.mapMeanRows(map)(means) })
    }
  })
})

const pairComponents = ({ mean }: Params.Tensors<'mean'>): Components.IsotropicComponents =>
  Components.symmetricComponents(mean)

const symmetricPairEvaluated = isotropicEvaluated(pairComponents)

const mirrored = ({ mean: { values } }: Params.Params<'mean'>): Mixture =>
  Maps.isotropicMixture({ shape: [2, values.length], values: concatenated([values, values.map(c => -c)]) }, 1)

/** The symmetric pair ½N(c, I) + ½N(−c, I): s(x) = tanh(⟨m, x⟩) m − x, m = α · mean. */
export const symmetricPair = family({
  name: 'symmetricPair',
  about: '½N(c, I) + ½N(−c, I): s = tanh(⟨m, x⟩) m − x, m = αc',
  formula: () => 's(x) = tanh(⟨m, x⟩) m − x, m = α mean',
  made: () => ({
    parameters: dim => ({ mean: [dim] }),
    degreesOfFreedom: dim => dim,
    unitVariance: true,
    mirrored: true,
    count: () => 2,
    ...symmetricPairEvaluated,
    toMixture: mirrored,
    // Σ_k π_k |c_k ∓ c|² is minimal at π_1 c_1 − π_2 c_2.
    fromMixture: ({ means: { shape, values }, weights: [first, second] }) => {
      const [, dim] = shape
      return { mean: Gaussian.vectorArray(values.slice(0, dim).map((c, j) => first * c - second * values[dim + j])) }
    },
    start: {
      count: 1,
      centres: ({ mean: { values } }) => ({ shape: [1, values.length], values }),
      fromCentres: ({ shape, values }) => ({ mean: Gaussian.vectorArray(values.slice(0, shape[1])) })
    },
    projection: {
      ...Projection.isotropicProjection(FIXED_PROJECTION, pairComponents, mirrored),
      slope: params => Projection.pairSlope(mirrored(params))
    },
    symmetries: {
      relabel: order => params => (order[0] === 0 ? params : Params.mapValues(c => -c)(params)),
      rotate:
        map =>
        ({ mean }) => ({ mean: Gaussian.mapMeanRows(map)(mean) }),
      odd: true
    }
  })
})

interface IsotropicTensors {
  readonly means: Tensor
  readonly logits?: Tensor
  readonly logVariances: Tensor
}

const isotropicComponents = ({ means, logits, logVariances }: IsotropicTensors): Components.IsotropicComponents => ({
  centres: means,
  logits: logits ?? null,
  variances: exp(logVariances)
})

const projection = <P extends string>(
  { seesNorm }: { readonly seesNorm: boolean },
  componentsOf: (params: Params.Tensors<P>) => Components.IsotropicComponents,
  mixtureOf: (params: Params.Params<P>) => Mixture
): NonNullable<Capabilities<P>['projection']> => ({
  ...Projection.isotropicProjection({ free: true, seesNorm }, componentsOf, mixtureOf),
  slope: null
})

/** One variance per component (VII). */
export const ownIsotropic: Covariances.CovarianceModel<'logVariances'> = Covariances.diagonalModel({
  name: 'logVariances',
  isShared: false,
  isRound: true,
  densities: isotropicEvaluated(isotropicComponents),
  projection: projection({ seesNorm: true }, isotropicComponents, params =>
    Derive.paramsToMixture({ covariance: ownIsotropic, weights: 'free' })(params)
  )
})

/**
 * A mixture with free weights and one variance per component: s(x) = −Σ w_i (x − m_i)/u_i, u_i = α²v_i + σ², w = softmax(log π_i − (d/2)
 * log u_i − |x − m_i|²/(2u_i)). `logits` are up to a constant, `logVariances` log v.
 */
export const isotropic = Derive.mixtureCase({
  name: 'isotropic',
  about: 'free weights and variances: s = −Σ w_i (x − m_i)/(α²v_i + σ²)',
  formula: ({ components }) =>
    `s(x) = −Σ w_i (x − m_i)/u_i over ${components} components, u_i = α² exp(logVariances_i) + σ², ` +
    'w = softmax(logits_i − (d/2) log u_i − |x − m_i|²/(2u_i)), m_i = α means_i',
  covariance: ownIsotropic
})

interface CommonIsotropicTensors {
  readonly means: Tensor
  readonly logits?: Tensor
  readonly logVariance: Tensor
}

/** With P = I/u, δ_k = (α/u)(c_k − Σ w_l c_l), so |δ_k|² is a distance between points independent of x. */
const evaluatedCommonIsotropic = Gaussian.evaluatedGaussians(
  ({ means, logVariance }: CommonIsotropicTensors, x, { alpha, sigma }) => {
    const dim = x.shape[1] ?? 0
    const u = add(mul(square(alpha), exp(logVariance)), square(sigma))
    return {
      logDensity: Gaussian.logNormalTensor(dim, div(squaredDistances(x, means, alpha), u), mul(-dim / 2, log(u))),
      pull: shares => div(sub(x, mul(alpha, matMul(shares, means))), u),
      curvature: shares => {
        const apart = sum(mul(shares, squaredDistances(matMul(shares, means), means)), 1, true)
        return sub(mul(square(div(alpha, u)), apart), div(dim, u))
      }
    }
  }
)

const tiedComponents = ({ means, logits, logVariance }: CommonIsotropicTensors): Components.IsotropicComponents => ({
  centres: means,
  logits: logits ?? null,
  variances: mul(exp(logVariance), ones([means.shape[0]]))
})

/** One variance for all (EII). */
export const commonIsotropic: Covariances.CovarianceModel<'logVariance'> = Covariances.diagonalModel({
  name: 'logVariance',
  isShared: true,
  isRound: true,
  densities: evaluatedCommonIsotropic,
  // |x|² is common to the components.
  projection: projection({ seesNorm: false }, tiedComponents, params =>
    Derive.paramsToMixture({ covariance: commonIsotropic, weights: 'free' })(params)
  )
})

/**
 * A mixture with free weights and one variance: Σ = exp(logVariance) I.
 *
 * s(x) = (Σ w_k αc_k − x)/u, u = α²v + σ², w = softmax(log π_k − |x − αc_k|²/(2u)). The M-step is exact at any level, with the variance
 * above a lower bound.
 */
export const tiedIsotropic = Derive.mixtureCase({
  name: 'tiedIsotropic',
  about: 'round Gaussians with free weights and one variance, common to them',
  formula: ({ components }) =>
    `s(x) = (Σ w_i m_i − x)/u over ${components} components, u = α² exp(logVariance) + σ², ` +
    'w = softmax(logits_i − |x − m_i|²/(2u)), m_i = α means_i',
  covariance: commonIsotropic
})
