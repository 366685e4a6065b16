/** Mixtures of round Gaussians: Σ_k = v_k I, one v for all, or 1. */
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

/** What a row sees of round components. */
export const told = <T>(of: (params: T) => Components.Components): Required<Gaussian.Evaluated<T>> => ({
  components: params => {
    const components = of(params)
    const { centres, logits } = components
    return {
      logWeights: logits === null ? fill([centres.shape[0]], -Elementary.log(centres.shape[0])) : logSoftmax(logits),
      centres,
      logDensity: (x, level) => Components.logDensities(components, x, level)
    }
  },
  score: (params, x, level) => Components.score(of(params), x, level),
  divergence: (params, x, level) => Components.divergence(of(params), x, level),
  logDensity: (params, x, level) => Components.logDensity(of(params), x, level)
})

// —— variance 1: two maps, and nothing else that an M-step needs ——

/** What noise shows of weights and variances that are given, and equal. */
const GIVEN = { free: false, seesNorm: false }

const sphericalComponents = ({ means }: Params.Tensors<'means'>): Components.Components => ({
  centres: means,
  logits: null,
  variances: null
})

const equal = told(sphericalComponents)

const meansOf = ({ means }: Mixture): Params.Params<'means'> => ({ means })

/** Equal weights and unit variances: s(x) = Σ w_i m_i − x, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α · means_i. */
export const spherical = family({
  name: 'spherical',
  about: 'equal weights, unit variances: s = Σ w_i m_i − x',
  fields: {
    /** How many. */
    components: Field.count({ suggestion: 2 })
  },
  formula: ({ components }) =>
    `s(x) = Σ w_i m_i − x over ${components} components, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α means_i`,
  made: ({ components }) => ({
    parameters: dim => ({ means: [components, dim] }),
    degreesOfFreedom: dim => components * dim,
    unitVariance: true,
    count: () => components,
    ...equal,
    toMixture: ({ means }) => Maps.round(means, 1),
    fromMixture: meansOf,
    start: Maps.start({ fromMixture: meansOf }, components, ({ means }) => means),
    shifted: Gaussian.shifted,
    projection: {
      ...Projection.isotropic(GIVEN, sphericalComponents, ({ means }) => Maps.round(means, 1)),
      slope: null
    },
    symmetries: {
      relabel: Gaussian.relabelled,
      rotate:
        map =>
        ({ means }) => ({ means: Gaussian.mapRows(map)(means) })
    }
  })
})

const pairComponents = ({ mean }: Params.Tensors<'mean'>): Components.Components => Components.pair(mean)

const pair = told(pairComponents)

const mirrored = ({ mean: { values } }: Params.Params<'mean'>): Mixture =>
  Maps.round({ shape: [2, values.length], values: concatenated([values, values.map(c => -c)]) }, 1)

/** The family ½N(c, I) + ½N(−c, I): s(x) = tanh(⟨m, x⟩) m − x, m = α · mean. */
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
    ...pair,
    toMixture: mirrored,
    // Σ_k π_k |c_k ∓ c|² is least at π_1 c_1 − π_2 c_2.
    fromMixture: ({ means: { shape, values }, weights: [first, second] }) => {
      const [, dim] = shape
      return { mean: Gaussian.vector(values.slice(0, dim).map((c, j) => first * c - second * values[dim + j])) }
    },
    start: {
      count: 1,
      centres: ({ mean: { values } }) => ({ shape: [1, values.length], values }),
      fromCentres: ({ shape, values }) => ({ mean: Gaussian.vector(values.slice(0, shape[1])) })
    },
    projection: {
      ...Projection.isotropic(GIVEN, pairComponents, mirrored),
      slope: params => Projection.pairSlope(mirrored(params))
    },
    symmetries: {
      relabel: order => params => (order[0] === 0 ? params : Params.mapValues(c => -c)(params)),
      rotate:
        map =>
        ({ mean }) => ({ mean: Gaussian.mapRows(map)(mean) }),
      odd: true
    }
  })
})

// —— variances that are learned ——

interface Sizes {
  readonly means: Tensor
  readonly logits?: Tensor
  readonly logVariances: Tensor
}

const isotropicComponents = ({ means, logits, logVariances }: Sizes): Components.Components => ({
  centres: means,
  logits: logits ?? null,
  variances: exp(logVariances)
})

/** What noise shows of a family with free weights. */
const projection = <P extends string>(
  seesNorm: boolean,
  componentsOf: (params: Params.Tensors<P>) => Components.Components,
  mixtureOf: (params: Params.Params<P>) => Mixture
): NonNullable<Capabilities<P>['projection']> => ({
  ...Projection.isotropic({ free: true, seesNorm }, componentsOf, mixtureOf),
  slope: null
})

/** One variance a component. */
export const sizes: Covariances.Model<'logVariances'> = Covariances.variances({
  name: 'logVariances',
  isShared: false,
  isRound: true,
  seen: told(isotropicComponents),
  projection: projection(true, isotropicComponents, params =>
    Derive.toMixture({ covariance: sizes, weights: 'free' })(params)
  )
})

/**
 * Free weights and one variance a component: s(x) = −Σ w_i (x − m_i)/u_i, u_i = α²v_i + σ²,
 * w = softmax(log π_i − (d/2) log u_i − |x − m_i|²/(2u_i)). Weights are given by `logits` up to a constant, variances by
 * their logarithms.
 */
export const isotropic = Derive.mixture({
  name: 'isotropic',
  about: 'free weights and variances: s = −Σ w_i (x − m_i)/(α²v_i + σ²)',
  formula: ({ components }) =>
    `s(x) = −Σ w_i (x − m_i)/u_i over ${components} components, u_i = α² exp(logVariances_i) + σ², ` +
    'w = softmax(logits_i − (d/2) log u_i − |x − m_i|²/(2u_i)), m_i = α means_i',
  covariance: sizes
})

interface Tensors {
  readonly means: Tensor
  readonly logits?: Tensor
  readonly logVariance: Tensor
}

/** P = I/u: δ_k = (α/u)(c_k − Σ w_l c_l), so that |δ_k|² is a distance between points that know nothing of x. */
const commonSeen = Gaussian.evaluated(({ means, logVariance }: Tensors, x, { alpha, sigma }) => {
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

const tiedComponents = ({ means, logits, logVariance }: Tensors): Components.Components => ({
  centres: means,
  logits: logits ?? null,
  variances: mul(exp(logVariance), ones([means.shape[0]]))
})

/** One variance. */
export const oneSize: Covariances.Model<'logVariance'> = Covariances.variances({
  name: 'logVariance',
  isShared: true,
  isRound: true,
  seen: commonSeen,
  // Lengths are common to the components, so that responsibilities do not see them.
  projection: projection(false, tiedComponents, params =>
    Derive.toMixture({ covariance: oneSize, weights: 'free' })(params)
  )
})

/**
 * Free weights and one variance, common to the components and columns: Σ = exp(logVariance) I.
 *
 * s(x) = (Σ w_k αc_k − x)/u, u = α²v + σ², w = softmax(log π_k − |x − αc_k|²/(2u)). Its M-step at a noise level is exact: the pooled
 * variance is clipped, max(Σ_k W_k tr S_k/d, α²φ + σ²), and taken back to time 0.
 */
export const tiedIsotropic = Derive.mixture({
  name: 'tiedIsotropic',
  about: 'round Gaussians with free weights and one variance, common to them',
  formula: ({ components }) =>
    `s(x) = (Σ w_i m_i − x)/u over ${components} components, u = α² exp(logVariance) + σ², ` +
    'w = softmax(logits_i − |x − m_i|²/(2u)), m_i = α means_i',
  covariance: oneSize
})
