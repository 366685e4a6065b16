/**
 * The families whose components are isotropic: the pair ½N(c, I) + ½N(−c, I), equal components of variance 1, and free weights
 * with one variance a component.
 */
import * as Elementary from '../../lib/elementary.js'
import { exp, fill, logSoftmax, type NdArray, type Tensor } from '../../lib/index.js'
import { Field } from '../core/index.js'
import * as Components from '../mixture/Components.js'
import * as Gaussian from '../mixture/families/gaussian.js'
import * as FromGradient from '../mixture/kernels/fromGradient.js'
import * as Mixture from '../mixture/Mixture.js'
import * as Projection from '../mixture/Projection.js'
import { family, type At, type ComponentsOf, type Level, type Moments, type Symmetries } from './family.js'
import * as Params from './Params.js'

const vector = (values: Float64Array): NdArray => ({ shape: [values.length], values })

const mapRows = (
  map: (row: ReadonlyArray<number>) => ReadonlyArray<number>,
  { shape, values }: NdArray,
  dim: number
): NdArray => ({
  shape,
  values: Float64Array.from(
    Array.from({ length: values.length / dim }, (_, k) =>
      map(Array.from(values.subarray(k * dim, (k + 1) * dim)))
    ).flat()
  )
})

// —— what follows from the components ——

type ComponentsFor<P extends string> = (params: Params.Tensors<P>) => Components.Components

/** What `family` asks for of what is isotropic. */
const told = <P extends string>(of: ComponentsFor<P>) => ({
  components: (params: Params.Tensors<P>): ComponentsOf => {
    const components = of(params)
    const { centres, logits } = components
    return {
      logWeights: logits === null ? fill([centres.shape[0]], -Elementary.log(centres.shape[0])) : logSoftmax(logits),
      centres,
      logDensity: (x, level) => Components.logDensities(components, x, level)
    }
  },
  score: (params: Params.Tensors<P>, x: Tensor, level: Level): Tensor => Components.score(of(params), x, level),
  divergence: (params: Params.Tensors<P>, x: Tensor, level: Level): Tensor =>
    Components.divergence(of(params), x, level),
  logDensity: (params: Params.Tensors<P>, x: Tensor, level: Level): Tensor =>
    Components.logDensity(of(params), x, level)
})

const softmax = (logits: Float64Array): Float64Array => {
  const top = logits.reduce((most, logit) => Math.max(most, logit), -Infinity)
  const shares = logits.map(logit => Elementary.exp(logit - top))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return shares.map(share => share / total)
}

/** The mixture that arrays are. */
const mixtureOf = ({ components, centres, logits, variances }: Projection.Arrays): Mixture.Mixture => ({
  means: { shape: [components, centres.length / components], values: centres },
  weights: softmax(logits),
  variances,
  factors: null
})

// —— M-steps ——

/** c + E[r δ]/(α E r); one without mass stays where it is. */
const movedMeans = ({ shape, values }: NdArray, { mass, sums }: Moments, { level }: At): NdArray => ({
  shape,
  values: values.map((old, at) => {
    const total = mass[Math.floor(at / shape[1])]
    return total > 0 ? old + sums[at] / (level.alpha * total) : old
  })
})

const logShare = (mass: Float64Array): NdArray => {
  const total = mass.reduce((sum, m) => sum + m, 0)
  return vector(Mixture.logWeights(mass.map(m => m / total)))
}

// —— distances ——

/** Σ_k π_k |δ_k|²/v_k of two lists of centres. */
const squaredShift = (
  a: NdArray,
  b: NdArray,
  share: (component: number) => number,
  variance: (component: number) => number
): number => {
  const dim = a.shape[1]
  return a.values.reduce((sum, from, at) => {
    const k = Math.floor(at / dim)
    const [part, delta] = [share(k), b.values[at] - from]
    return part > 0 ? sum + (part * delta * delta) / variance(k) : sum
  }, 0)
}

const unit = (): number => 1

// —— the families ——

const pairComponents = ({ mean }: Params.Tensors<'mean'>): Components.Components => Components.pair(mean)

const pairArrays = ({ mean: { values } }: Params.Params<'mean'>): Projection.Arrays => ({
  components: 2,
  centres: Float64Array.from([...values, ...values.map(value => -value)]),
  logits: new Float64Array(2),
  variances: Float64Array.of(1, 1),
  free: false
})

const pair = told(pairComponents)

/** The family ½N(c, I) + ½N(−c, I): s(x) = tanh(⟨m, x⟩) m − x, m = α · mean. */
export const symmetricPair = family({
  name: 'symmetricPair',
  about: '½N(c, I) + ½N(−c, I): s = tanh(⟨m, x⟩) m − x, m = αc',
  formula: () => 's(x) = tanh(⟨m, x⟩) m − x, m = α mean',
  parameters: () => dim => ({ mean: [dim] }),
  degreesOfFreedom: () => dim => dim,
  unitVariance: true,
  mirrored: true,
  components: () => pair.components,
  score: () => pair.score,
  divergence: () => pair.divergence,
  logDensity: () => pair.logDensity,
  toMixture: () => params => mixtureOf(pairArrays(params)),
  // Half of what parts the two.
  fromMixture:
    () =>
    ({ means: { shape, values } }) => ({
      mean: vector(Float64Array.from({ length: shape[1] }, (_, j) => (values[j] - values[shape[1] + j]) / 2))
    }),
  mStep: () => ({
    second: 'none',
    // E[T x]/α, T the difference of the responsibilities
    maximise: ({ mean: { shape, values } }, { mass, sums }, { level: { alpha } }) => ({
      mean: {
        shape,
        values: values.map((c, j) => (mass[0] + mass[1]) * c + (sums[j] - sums[values.length + j]) / alpha)
      }
    })
  }),
  start: () => ({
    count: 1,
    centres: ({ mean: { values } }) => ({ shape: [1, values.length], values }),
    fromCentres: ({ shape, values }) => ({ mean: vector(values.slice(0, shape[1])) })
  }),
  distance:
    () =>
    ({ mean: from }, { mean: to }) =>
      Math.sqrt(from.values.reduce((sum, c, j) => sum + (to.values[j] - c) * (to.values[j] - c), 0)),
  projection: () => ({
    ...Projection.isotropic(false, pairComponents, pairArrays),
    slope: params => Projection.pairSlope(pairArrays(params))
  }),
  symmetries: (): Symmetries<'mean'> => ({
    relabel: order => params => (order[0] === 0 ? params : Params.mapValues(c => -c)(params)),
    rotate:
      map =>
      ({ mean }) => ({ mean: mapRows(map, mean, mean.values.length) }),
    odd: true
  })
})

const components = Field.count({ suggestion: 2 })

const sphericalComponents = ({ means }: Params.Tensors<'means'>): Components.Components => ({
  centres: means,
  logits: null,
  variances: null
})

const sphericalArrays = ({ means: { shape, values } }: Params.Params<'means'>): Projection.Arrays => ({
  components: shape[0],
  centres: values,
  logits: new Float64Array(shape[0]),
  variances: new Float64Array(shape[0]).fill(1),
  free: false
})

const equal = told(sphericalComponents)

/** Equal weights and unit variances: s(x) = Σ w_i m_i − x, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α · means_i. */
export const spherical = family({
  name: 'spherical',
  about: 'equal weights, unit variances: s = Σ w_i m_i − x',
  fields: { components },
  formula: ({ components }) =>
    `s(x) = Σ w_i m_i − x over ${components} components, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α means_i`,
  parameters:
    ({ components }) =>
    dim => ({ means: [components, dim] }),
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components * dim,
  unitVariance: true,
  components: () => equal.components,
  score: () => equal.score,
  divergence: () => equal.divergence,
  logDensity: () => equal.logDensity,
  toMixture: () => params => mixtureOf(sphericalArrays(params)),
  fromMixture:
    () =>
    ({ means }) => ({ means }),
  mStep: () => ({
    second: 'none',
    maximise: ({ means }, moments, at) => ({ means: movedMeans(means, moments, at) })
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: means => ({ means })
  }),
  shifted: () => by => params => Gaussian.shifted(by)(params),
  distance:
    ({ components }) =>
    (from, to) =>
      Math.sqrt(squaredShift(from.means, to.means, () => 1 / components, unit)),
  projection: () => ({ ...Projection.isotropic(false, sphericalComponents, sphericalArrays), slope: null }),
  symmetries: (): Symmetries<'means'> => ({
    relabel: Gaussian.relabelled,
    rotate:
      map =>
      ({ means }) => ({ means: mapRows(map, means, means.shape[1]) })
  })
})

type Free = 'means' | 'logits' | 'logVariances'

const isotropicComponents = ({ means, logits, logVariances }: Params.Tensors<Free>): Components.Components => ({
  centres: means,
  logits,
  variances: exp(logVariances)
})

const isotropicArrays = ({
  means: { shape, values },
  logits,
  logVariances
}: Params.Params<Free>): Projection.Arrays => ({
  components: shape[0],
  centres: values,
  logits: logits.values,
  variances: logVariances.values.map(Elementary.exp),
  free: true
})

const free = told(isotropicComponents)

/**
 * Free weights and one variance a component: s(x) = −Σ w_i (x − m_i)/u_i, u_i = α²v_i + σ²,
 * w = softmax(log π_i − (d/2) log u_i − |x − m_i|²/(2u_i)). Weights are given by `logits` up to a constant, variances by
 * their logarithms.
 */
export const isotropic = family({
  name: 'isotropic',
  about: 'free weights and variances: s = −Σ w_i (x − m_i)/(α²v_i + σ²)',
  fields: { components },
  formula: ({ components }) =>
    `s(x) = −Σ w_i (x − m_i)/u_i over ${components} components, u_i = α² exp(logVariances_i) + σ², ` +
    'w = softmax(logits_i − (d/2) log u_i − |x − m_i|²/(2u_i)), m_i = α means_i',
  parameters:
    ({ components }) =>
    dim => ({ means: [components, dim], logits: [components], logVariances: [components] }),
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components * (dim + 2) - 1,
  components: () => free.components,
  score: () => free.score,
  divergence: () => free.divergence,
  logDensity: () => free.logDensity,
  toMixture: () => params => mixtureOf(isotropicArrays(params)),
  // Of the isotropic components that of the same mean variance is nearest.
  fromMixture: () => mixture => {
    const { means, weights } = mixture
    const [count, dim] = means.shape
    const { values } = Mixture.covariances(mixture)
    const trace = (k: number): number =>
      Array.from({ length: dim }, (_, j) => values[(k * dim + j) * dim + j]).reduce((sum, v) => sum + v, 0)
    return {
      means,
      logits: logShare(weights),
      logVariances: vector(Float64Array.from({ length: count }, (_, k) => Elementary.log(trace(k) / dim)))
    }
  },
  mStep: () => ({
    second: 'trace',
    fromGradient: (params, gradient) => {
      const mixture = mixtureOf(isotropicArrays(params))
      const [, dim] = params.means.shape
      const found = FromGradient.first(mixture, gradient)
      return {
        ...found,
        second: gradient.logVariances.values.map((g, k) =>
          FromGradient.ofVariance(mixture.variances[k], g, found.mass[k], dim)
        )
      }
    },
    maximise: ({ means: old }, moments, at) => {
      const { level, floor, dim } = at
      const { mass, sums, second } = moments
      const squared = (k: number): number =>
        sums.subarray(k * dim, (k + 1) * dim).reduce((sum, value) => sum + Elementary.square(value / mass[k]), 0)
      return {
        means: movedMeans(old, moments, at),
        logits: logShare(mass),
        // That of x_t about the new mean, less that of the noise.
        logVariances: vector(
          mass.map((m, k) => {
            const found =
              m > 0
                ? ((second[k] / m - squared(k)) / dim - Elementary.square(level.sigma)) / Elementary.square(level.alpha)
                : 0
            return Elementary.log(Math.max(found, floor))
          })
        )
      }
    }
  }),
  start: ({ components }) => ({
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => ({
      means,
      logits: vector(new Float64Array(components)),
      logVariances: vector(new Float64Array(components).fill(Elementary.log(variance)))
    })
  }),
  shifted: () => by => params => Gaussian.shifted(by)(params),
  leastRows: () => () => 2,
  // √Σπ_k(|δc_k|²/v_k + (d/2)(δ log v_k)² + (δ log π_k)²)
  distance: () => (from, to) => {
    const [logs, next] = [Gaussian.logsOf(from.logits), Gaussian.logsOf(to.logits)]
    const shares = logs.map(Elementary.exp)
    const moved = squaredShift(
      from.means,
      to.means,
      k => shares[k],
      k => Elementary.exp(from.logVariances.values[k])
    )
    const dim = from.means.shape[1]
    return Math.sqrt(
      shares.reduce((sum, share, k) => {
        const [spread, weight] = [to.logVariances.values[k] - from.logVariances.values[k], next[k] - logs[k]]
        return share > 0 ? sum + share * ((dim / 2) * spread * spread + weight * weight) : sum
      }, moved)
    )
  },
  projection: () => ({ ...Projection.isotropic(true, isotropicComponents, isotropicArrays), slope: null }),
  symmetries: (): Symmetries<Free> => ({
    relabel: Gaussian.relabelled,
    rotate: map => params => ({ ...params, means: mapRows(map, params.means, params.means.shape[1]) })
  })
})
