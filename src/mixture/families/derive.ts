/** Families of mixtures with free means and weights, by their `Covariance`: two maps, and what is exact beyond what follows of these. */
import { size, type NdArray } from '../../../lib/arrays/ndarray.js'
import { Field, type Case } from '../../core/index.js'
import type { Capabilities, MStep, Score, Start, Symmetries } from '../../family/family.js'
import { family } from './define.js'
import * as Params from '../../family/params.js'
import type { Covariance } from '../covariance.js'
import * as FromGradient from '../em/fromGradient.js'
import type { Mixture } from '../mixture.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'

type Named<Q extends string> = 'means' | 'logits' | Q

const fields = { components: Field.count({ suggestion: 2 }) }

type Fields = typeof fields

interface Recipe<N extends string, Q extends string> {
  readonly name: N
  readonly about: string
  readonly formula: (fields: Gaussian.Count) => string
  readonly covariance: Covariance<Q>
  /** What a row sees of it. */
  readonly seen: Gaussian.Evaluated<Params.Tensors<Named<Q>>>
  readonly projection?: NonNullable<Capabilities<Named<Q>>['projection']>
}

const joined = <A, Q extends string>(
  means: A,
  logits: A,
  own: { readonly [K in Q]: A }
): { readonly [K in Named<Q>]: A } => ({ means, logits, ...own })

/** The first map. */
export const toMixture =
  <Q extends string>(covariance: Covariance<Q>) =>
  (params: Params.Params<Named<Q>>): Mixture => ({
    means: params.means,
    weights: Gaussian.weightsOf(params.logits),
    ...covariance.factors(params, params.means.shape[0])
  })

/** The second on a mixture: its own moments, Σ_k, whose masses are the weights where they are pooled. */
const nearest = <Q extends string>(
  { second, isShared, fit, ofMixture }: Covariance<Q>,
  mixture: Mixture
): Params.Params<Q> => {
  if (ofMixture) return ofMixture(mixture)
  const [count, dim] = mixture.means.shape
  const mass = isShared ? mixture.weights : new Float64Array(count).fill(1)
  const own = Maps.secondOf(second, mixture)
  const moments = own.map((s, at) => mass[Math.floor((at * count) / own.length)] * s)
  return fit(mass, moments, { level: { alpha: 1, sigma: 0 }, floor: 0, dim })
}

/** A component without mass keeps its covariance. */
const kept = <Q extends string>(mass: Float64Array, old: Params.Params<Q>, found: Params.Params<Q>): Params.Params<Q> =>
  Params.map<NdArray, NdArray>(({ shape, values }, name) => {
    const width = values.length / mass.length
    // `found` has these names alone.
    const before = old[name as Q].values
    return { shape, values: values.map((x, at) => (mass[Math.floor(at / width)] > 0 ? x : before[at])) }
  })(found)

/** A family of mixtures by its covariance. */
export const mixture = <const N extends string, Q extends string>({
  name,
  about,
  formula,
  covariance,
  seen,
  projection
}: Recipe<N, Q>): Case.Constructor<Score<Named<Q>>, N, Fields, null, null> => {
  type P = Named<Q>
  const { second, isShared } = covariance
  const isRound = second === 'trace'
  const { logDensity } = seen
  const to = toMixture(covariance)
  const from = (given: Mixture): Params.Params<P> =>
    joined(given.means, Gaussian.logShares(given.weights), nearest(covariance, given))
  const mStep: MStep<P> = {
    second,
    ...(isShared && { isShared }),
    maximise: (params, moments, at) => {
      const { means, logits } = Gaussian.recentred(params, moments, at)
      const found = covariance.fit(moments.mass, Maps.scatter(second, moments, at.dim), at)
      return joined(means, logits, isShared ? found : kept(moments.mass, params, found))
    },
    fromGradient: (params, gradient) => {
      const [, dim] = params.means.shape
      const found = FromGradient.first(to(params), gradient)
      return { ...found, second: covariance.ofGradient(params, gradient, found.mass, dim) }
    }
  }
  const start = (count: number): Start<P> => ({
    count,
    centres: ({ means }) => means,
    // Of equal weights logits are 0.
    fromCentres: (means, variance) => {
      const logits = Gaussian.vector(new Float64Array(count))
      return joined(means, logits, nearest(covariance, Maps.round(means, variance)))
    }
  })
  // Logits stay, which a mixture's weights would round.
  const scaled: NonNullable<Capabilities<P>['scaled']> = by => params => {
    const there = Maps.inUnits(by, to(params))
    return joined(there.means, params.logits, nearest(covariance, there))
  }
  const shifted: NonNullable<Capabilities<P>['shifted']> = by => params => Gaussian.shifted(by)(params)
  const symmetries: Symmetries<P> = {
    // Gradients go with their parameters, and are no mixtures.
    relabel: order => params =>
      isShared ? Gaussian.relabelledCentres(order)(params) : Gaussian.relabelled(order)(params),
    ...(isRound && { rotate: map => params => ({ ...params, means: Gaussian.mapRows(map)(params.means) }) })
  }
  return family<N, P, Fields>({
    name,
    about,
    fields,
    formula,
    parameters:
      ({ components }: Gaussian.Count) =>
      (dim: number) =>
        joined<ReadonlyArray<number>, Q>([components, dim], [components], covariance.shapes(components, dim)),
    // Weights sum to 1.
    degreesOfFreedom:
      ({ components }) =>
      dim =>
        Object.values<ReadonlyArray<number>>(covariance.shapes(components, dim)).reduce(
          (sum, shape) => sum + size(shape),
          components - 1 + components * dim
        ),
    components: () => seen.components,
    score: () => seen.score,
    divergence: () => seen.divergence,
    ...(logDensity && { logDensity: () => logDensity }),
    leastRows: () => dim => (isShared ? 1 : second === 'full' ? dim + 1 : 2),
    toMixture: () => to,
    fromMixture: () => from,
    mStep: () => mStep,
    start: ({ components }) => start(components),
    shifted: () => shifted,
    ...(!isRound && { scaled: () => scaled }),
    distance: () => Maps.distance({ toMixture: to }, isShared),
    ...(projection && { projection: () => projection }),
    symmetries: () => symmetries
  })
}
