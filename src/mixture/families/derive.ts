/** Families with free means, from models of covariances and weights. */
import { shapeSize } from '../../../lib/arrays/ndarray.js'
import { Field, type Case } from '../../core/index.js'
import { CLEAN } from '../../schedule/dynamics.js'
import type { Capabilities, FamilyParts, MStep, Score, CentreConversion, Symmetries } from '../family.js'
import type * as Params from '../../core/params.js'
import * as FromGradient from '../em/fromGradient.js'
import type { Mixture } from '../mixtureData.js'
import type { CovarianceModel } from './covariances.js'
import { family } from './define.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'

export type MixtureParameter<Q extends string> = 'means' | 'logits' | Q

export interface MixtureParts<Q extends string> extends Gaussian.ComponentCount {
  readonly covariance: CovarianceModel<Q>
  readonly weights: 'free' | 'equal'
}

/** Joins parameters; equal weights have no logits. */
const joinParams = <A, Q extends string>(
  means: A,
  logits: A | null,
  own: { readonly [K in Q]: A }
): { readonly [K in MixtureParameter<Q>]: A } => ({ means, ...(logits !== null && { logits }), ...own })

/** Returns the mixture with these parameters. */
export const paramsToMixture =
  <Q extends string>({ covariance, weights }: Pick<MixtureParts<Q>, 'covariance' | 'weights'>) =>
  (params: Params.Params<MixtureParameter<Q>>): Mixture => {
    const { means, logits } = params
    const [count, dim] = means.shape
    return {
      means,
      weights: weights === 'free' ? Gaussian.softmaxWeights(logits) : new Float64Array(count).fill(1 / count),
      ...covariance.factors(params, count, dim)
    }
  }

/** Weight that lets an empty component keep its covariance. */
const MIN_COMPONENT_WEIGHT = 1e-200

/** Fits to Σ_k as moments, with the weights as masses if pooled. */
const nearestCovarianceParams = <Q extends string>(
  { second, isShared, isVolumeShared = isShared, ofGradient, fit, ofMixture }: CovarianceModel<Q>,
  mixture: Mixture
): Params.Params<Q> => {
  if (ofMixture) return ofMixture(mixture)
  const [count, dim] = mixture.means.shape
  const isApart = ofGradient !== undefined && !isVolumeShared
  const mass = isShared
    ? mixture.weights
    : isApart
      ? new Float64Array(count).fill(1)
      : mixture.weights.map(w => Math.max(w, MIN_COMPONENT_WEIGHT))
  const own = Maps.secondMomentsOf(second, mixture)
  const moments = own.map((s, at) => mass[Math.floor((at * count) / own.length)] * s)
  return fit(mass, moments, { level: CLEAN, floor: 0, dim }, null)
}

const parameterShapes = <Q extends string>(
  { covariance, weights }: MixtureParts<Q>,
  count: number,
  dim: number
): Params.Shapes<MixtureParameter<Q>> =>
  joinParams<ReadonlyArray<number>, Q>([count, dim], weights === 'free' ? [count] : null, covariance.shapes(count, dim))

/** M-step about the new means. */
const mixtureMStep = <Q extends string>({ covariance, weights }: MixtureParts<Q>): MStep<MixtureParameter<Q>> => {
  type P = MixtureParameter<Q>
  const { second, isShared, isVolumeShared, hasCommonAxes, isGeneralized, ofGradient, fit, multistart } = covariance
  const isFree = weights === 'free'
  const maximiseBy =
    (fit: CovarianceModel<Q>['fit']): MStep<P>['maximise'] =>
    (params, moments, at) => {
      const { means, logits } = Gaussian.maximizingCentres(params, moments, at)
      const found = fit(moments.mass, Maps.scatterAboutNewMeans(second, moments, at.dim), at, params)
      return joinParams(means, isFree ? logits : null, found)
    }
  return {
    second,
    ...(isShared && { isShared }),
    ...(isVolumeShared && !isShared && { isVolumeShared }),
    ...(hasCommonAxes && { hasCommonAxes }),
    ...(isGeneralized && { isGeneralized }),
    maximise: maximiseBy(fit),
    ...(multistart && { multistart: maximiseBy(multistart) }),
    ...(ofGradient &&
      isFree && {
        fromGradient: (params, gradient) => {
          const [, dim] = params.means.shape
          const found = FromGradient.firstMoments(paramsToMixture({ covariance, weights })(params), gradient)
          return { ...found, second: ofGradient(params, gradient, found.mass, dim) }
        }
      })
  }
}

const mixtureParameterCount = <Q extends string>(
  { components, covariance, weights }: MixtureParts<Q>,
  dim: number
): number =>
  (covariance.freedom?.(components, dim) ??
    Object.values<ReadonlyArray<number>>(covariance.shapes(components, dim)).reduce(
      (sum, shape) => sum + shapeSize(shape),
      0
    )) +
  components * dim +
  (weights === 'free' ? components - 1 : 0)

/** Returns the parts of a family. */
export const deriveFamily = <Q extends string>(parts: MixtureParts<Q>): FamilyParts<MixtureParameter<Q>> => {
  type P = MixtureParameter<Q>
  const { components, covariance, weights } = parts
  const { second, isShared, isScalable, densities, projection } = covariance
  const isFree = weights === 'free'
  const isRound = second === 'trace'
  const toMixture = paramsToMixture(parts)
  const start: CentreConversion<P> = {
    count: components,
    centres: ({ means }) => means,
    fromCentres: (means, variance) => {
      const logits = isFree ? Gaussian.vectorArray(new Float64Array(components)) : null
      return joinParams(means, logits, nearestCovarianceParams(covariance, Maps.isotropicMixture(means, variance)))
    }
  }
  // Logits to weights and back would round.
  const scaled: NonNullable<Capabilities<P>['scaled']> = by => params => {
    const there = Maps.scaledMixture(by, toMixture(params))
    const own = covariance.scaled?.(by, params) ?? nearestCovarianceParams(covariance, there)
    return joinParams(there.means, isFree ? params.logits : null, own)
  }
  const symmetries: Symmetries<P> = {
    // Applied to gradients too, which cannot be converted to a mixture.
    relabel: order => params => {
      const [, dim] = params.means.shape
      const shapes = (count: number): Params.Shapes<P> => parameterShapes(parts, count, dim)
      return Gaussian.relabelledAs(shapes(components), shapes(components + 1))(order)(params)
    },
    ...(isRound && { rotate: map => params => ({ ...params, means: Gaussian.mapMeanRows(map)(params.means) }) })
  }
  return {
    parameters: dim => parameterShapes(parts, components, dim),
    degreesOfFreedom: dim => mixtureParameterCount(parts, dim),
    count: () => components,
    ...densities,
    leastRows: covariance.leastRows,
    toMixture,
    fromMixture: mixture =>
      joinParams(
        mixture.means,
        isFree ? Gaussian.logShares(mixture.weights) : null,
        nearestCovarianceParams(covariance, mixture)
      ),
    mStep: mixtureMStep(parts),
    start,
    shifted: Gaussian.shiftMeans,
    ...(isScalable && { scaled }),
    distance: Maps.paramsDistance({ toMixture }, { isShared }),
    ...(isFree && projection && { projection }),
    symmetries
  }
}

const componentCountFields = {
  /** Number of components. */
  components: Field.count({ suggestion: 2 })
}

type ComponentCountFields = typeof componentCountFields

interface CovarianceRecipe<N extends string, Q extends string> {
  readonly name: N
  readonly about: string
  readonly formula: (fields: Gaussian.ComponentCount) => string
  readonly covariance: CovarianceModel<Q>
}

/** A named family with free weights. */
export const mixtureCase = <const N extends string, Q extends string>({
  covariance,
  ...recipe
}: CovarianceRecipe<N, Q>): Case.Constructor<Score<MixtureParameter<Q>>, N, ComponentCountFields, null, null> =>
  family<N, MixtureParameter<Q>, ComponentCountFields>({
    ...recipe,
    fields: componentCountFields,
    made: ({ components }) => deriveFamily({ components, covariance, weights: 'free' })
  })
