/** Families of mixtures with free means, by their covariances and weights: two maps, and what is exact beyond what follows of these. */
import { size } from '../../../lib/arrays/ndarray.js'
import { Field, type Case } from '../../core/index.js'
import { clean } from '../../schedule/dynamics.js'
import type { Capabilities, Made, MStep, Score, Start, Symmetries } from '../family.js'
import type * as Params from '../../core/params.js'
import * as FromGradient from '../em/fromGradient.js'
import type { Mixture } from '../mixtureData.js'
import type { Model } from './covariances.js'
import { family } from './define.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'

export type Named<Q extends string> = 'means' | 'logits' | Q

/** A mixture by its parts. */
export interface Parts<Q extends string> extends Gaussian.Count {
  readonly covariance: Model<Q>
  readonly weights: 'free' | 'equal'
}

/** Of equal weights there are no logits, and nothing asks for them. */
const joined = <A, Q extends string>(
  means: A,
  logits: A | null,
  own: { readonly [K in Q]: A }
): { readonly [K in Named<Q>]: A } => ({ means, ...(logits !== null && { logits }), ...own })

/** The first map. */
export const toMixture =
  <Q extends string>({ covariance, weights }: Pick<Parts<Q>, 'covariance' | 'weights'>) =>
  (params: Params.Params<Named<Q>>): Mixture => {
    const { means, logits } = params
    const [count, dim] = means.shape
    return {
      means,
      weights: weights === 'free' ? Gaussian.weightsOf(logits) : new Float64Array(count).fill(1 / count),
      ...covariance.factors(params, count, dim)
    }
  }

/** A component of weight 0 counts as so much, and so keeps its covariance. */
const LEAST = 1e-200

/** The second on a mixture: its own moments, Σ_k, whose masses are the weights where they are pooled. */
const nearest = <Q extends string>(
  { second, isShared, isVolumeShared = isShared, ofGradient, fit, ofMixture }: Model<Q>,
  mixture: Mixture
): Params.Params<Q> => {
  if (ofMixture) return ofMixture(mixture)
  const [count, dim] = mixture.means.shape
  // Of each on its own.
  const isApart = ofGradient !== undefined && !isVolumeShared
  const mass = isShared
    ? mixture.weights
    : isApart
      ? new Float64Array(count).fill(1)
      : mixture.weights.map(w => Math.max(w, LEAST))
  const own = Maps.secondOf(second, mixture)
  const moments = own.map((s, at) => mass[Math.floor((at * count) / own.length)] * s)
  return fit(mass, moments, { level: clean, floor: 0, dim }, null)
}

/** What follows of the parts of a mixture. */
export const following = <Q extends string>({ components, covariance, weights }: Parts<Q>): Made<Named<Q>> => {
  type P = Named<Q>
  const { second, isShared, isVolumeShared, hasCommonAxes, isGeneralized, isScalable } = covariance
  const { ofGradient, seen, projection, fit, anew } = covariance
  const isFree = weights === 'free'
  const isRound = second === 'trace'
  const to = toMixture({ covariance, weights })
  const parameters = (count: number, dim: number): Params.Shapes<P> =>
    joined<ReadonlyArray<number>, Q>([count, dim], isFree ? [count] : null, covariance.shapes(count, dim))
  const from = (given: Mixture): Params.Params<P> =>
    joined(given.means, isFree ? Gaussian.logShares(given.weights) : null, nearest(covariance, given))
  const fitted =
    (fit: Model<Q>['fit']): MStep<P>['maximise'] =>
    (params, moments, at) => {
      const { means, logits } = Gaussian.recentred(params, moments, at)
      const found = fit(moments.mass, Maps.scatter(second, moments, at.dim), at, params)
      return joined(means, isFree ? logits : null, found)
    }
  const mStep: MStep<P> = {
    second,
    ...(isShared && { isShared }),
    ...(isVolumeShared && !isShared && { isVolumeShared }),
    ...(hasCommonAxes && { hasCommonAxes }),
    ...(isGeneralized && { isGeneralized }),
    maximise: fitted(fit),
    ...(anew && { anew: fitted(anew) }),
    ...(ofGradient &&
      isFree && {
        fromGradient: (params, gradient) => {
          const [, dim] = params.means.shape
          const found = FromGradient.first(to(params), gradient)
          return { ...found, second: ofGradient(params, gradient, found.mass, dim) }
        }
      })
  }
  const start: Start<P> = {
    count: components,
    centres: ({ means }) => means,
    // Of equal weights logits are 0.
    fromCentres: (means, variance) => {
      const logits = isFree ? Gaussian.vector(new Float64Array(components)) : null
      return joined(means, logits, nearest(covariance, Maps.round(means, variance)))
    }
  }
  // Logits stay, which a mixture's weights would round.
  const scaled: NonNullable<Capabilities<P>['scaled']> = by => params => {
    const there = Maps.inUnits(by, to(params))
    const own = covariance.scaled?.(by, params) ?? nearest(covariance, there)
    return joined(there.means, isFree ? params.logits : null, own)
  }
  const symmetries: Symmetries<P> = {
    // Gradients go with their parameters, and are no mixtures.
    relabel: order => params => {
      const [, dim] = params.means.shape
      return Gaussian.relabelledAs(parameters(components, dim), parameters(components + 1, dim))(order)(params)
    },
    ...(isRound && { rotate: map => params => ({ ...params, means: Gaussian.mapRows(map)(params.means) }) })
  }
  return {
    parameters: dim => parameters(components, dim),
    // Weights sum to 1.
    degreesOfFreedom: dim =>
      (covariance.freedom?.(components, dim) ??
        Object.values<ReadonlyArray<number>>(covariance.shapes(components, dim)).reduce(
          (sum, shape) => sum + size(shape),
          0
        )) +
      components * dim +
      (isFree ? components - 1 : 0),
    count: () => components,
    ...seen,
    leastRows: covariance.leastRows,
    toMixture: to,
    fromMixture: from,
    mStep,
    start,
    shifted: Gaussian.shifted,
    ...(isScalable && { scaled }),
    distance: Maps.distance({ toMixture: to }, isShared),
    ...(isFree && projection && { projection }),
    symmetries
  }
}

const fields = {
  /** How many. */
  components: Field.count({ suggestion: 2 })
}

type Fields = typeof fields

interface Recipe<N extends string, Q extends string> {
  readonly name: N
  readonly about: string
  readonly formula: (fields: Gaussian.Count) => string
  readonly covariance: Model<Q>
}

/** A family with free weights, under a name of its own. */
export const mixture = <const N extends string, Q extends string>({
  covariance,
  ...recipe
}: Recipe<N, Q>): Case.Constructor<Score<Named<Q>>, N, Fields, null, null> =>
  family<N, Named<Q>, Fields>({
    ...recipe,
    fields,
    made: ({ components }) => following({ components, covariance, weights: 'free' })
  })
