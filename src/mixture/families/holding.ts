/** Mixtures in which some components are known, in whole or in part. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import { assignment } from '../../../lib/arrays/assignment.js'
import * as Factor from '../../../lib/arrays/factor.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { refuse } from '../../../lib/plain/refuse.js'
import { add, compute, fromNdArray, logSoftmax, where, type NdArray, type Tensor } from '../../../lib/index.js'
import { Case, Field, Problem } from '../../core/index.js'
import { concept, type Model, type Moments, type MStep, type Score } from '../family.js'
import type { Mixture } from '../mixtureData.js'
import * as Params from '../../core/params.js'
import { factorsOf } from '../component.js'
import { relabelled } from '../mixture.js'
import * as Known from './known.js'
import { modelOfFamily } from './define.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'
import { full } from './full.js'
import {
  modelBuiltOn,
  unsupportedProblems,
  learnableGaussians,
  learnedBy,
  type LearnableGaussians,
  type GaussianParameter
} from './tails.js'

type FixedComponents = ReadonlyArray<Known.Fixed>
type FixedParams = Params.Params<GaussianParameter>

/** `mask` is 1 where a value is known. */
interface KnownValues {
  readonly mask: NdArray
  readonly values: NdArray
}

/** `rest`: total weight of the other components. */
interface FixedWeights {
  readonly mask: NdArray
  readonly weights: Float64Array
  readonly rest: number
  readonly isWhole: boolean
}

const fixedWeights = (known: FixedComponents, count: number): FixedWeights => {
  const weights = new Float64Array(count).map((_, k) => known[k]?.weight ?? 0)
  const isHeld = (k: number): boolean => weights[k] > 0
  return {
    mask: { shape: [count], values: weights.map((_, k) => (isHeld(k) ? 1 : 0)) },
    weights,
    rest: 1 - Gaussian.sumValues(weights),
    isWhole: weights.every((_, k) => isHeld(k))
  }
}

const hasOwnCovariances = ({ model, family }: LearnableGaussians): boolean => {
  const count = family.count(1)
  return [count + 1, count + 2].every(dim =>
    Object.entries<ReadonlyArray<number>>(model.shapes(dim)).every(
      ([name, shape]) => name === 'means' || name === 'logits' || shape[0] === count
    )
  )
}

/** Isotropic where unknown. */
const knownMixture = (known: FixedComponents, count: number, dim: number): Mixture =>
  Maps.mixtureOfTriangles(
    {
      means: {
        shape: [count, dim],
        values: concatenated(RA.makeBy(count, k => Known.fixedMean(known[k]?.mean ?? 0, dim)))
      },
      weights: new Float64Array(count).fill(1 / count)
    },
    RA.makeBy(count, k => {
      const found = Known.fixedTriangle(known[k]?.covariance ?? 1, dim)
      return found ?? refuse('a known covariance is not positive definite; give one that is')
    })
  )

/** Known values by parameter name, except weights. */
const knownValues = (
  gaussians: LearnableGaussians,
  known: FixedComponents,
  dim: number
): Readonly<Record<string, KnownValues>> => {
  const wrong = Known.requirements(known, dim)
  if (wrong.length > 0) return refuse(wrong.map(Problem.show).join('; '))
  const count = gaussians.family.count(dim)
  const isKnown = (part: 'mean' | 'covariance', k: number): boolean => (known[k]?.[part] ?? null) !== null
  const held =
    (part: 'mean' | 'covariance') =>
    ({ shape, values }: NdArray): KnownValues => {
      const width = values.length / count
      return {
        mask: { shape, values: values.map((_, at) => (isKnown(part, Math.floor(at / width)) ? 1 : 0)) },
        values: { shape, values }
      }
    }
  const mixture = knownMixture(known, count, dim)
  const own = known.some(({ covariance }) => covariance !== null) ? gaussians.fromMixture(mixture) : {}
  return {
    ...(known.some(({ mean }) => mean !== null) && { means: held('mean')(mixture.means) }),
    ...Object.fromEntries(
      Object.entries<NdArray>(own).flatMap(([name, values]) =>
        name === 'means' || name === 'logits' ? [] : [[name, held('covariance')(values)]]
      )
    )
  }
}

const ZERO_WEIGHT_LOGIT = -1e300

/** log π_k, unknown weights sharing the rest; known logits have gradient 0. */
const knownLogWeights = ({ mask, weights, rest, isWhole }: FixedWeights, logits: Tensor): Tensor => {
  const isHeld = fromNdArray(mask)
  const logs = fromNdArray(Gaussian.vectorArray(weights.map((w, k) => (mask.values[k] === 1 ? Elementary.log(w) : 0))))
  return isWhole
    ? logs
    : where(isHeld, logs, add(logSoftmax(where(isHeld, ZERO_WEIGHT_LOGIT, logits)), Elementary.log(rest)))
}

/** Puts the components nearest to known means in their places. */
const orderWithKnownPlaces = (known: FixedComponents, means: NdArray): ReadonlyArray<number> => {
  const [count, dim] = means.shape
  const row = (k: number): Float64Array => means.values.subarray(k * dim, (k + 1) * dim)
  const places = known.flatMap(({ mean }, k) => (mean === null ? [] : [{ k, mean: Known.fixedMean(mean, dim) }]))
  const costs = places.flatMap(({ mean }) => RA.makeBy(count, k => Known.squaredVectorDistance(mean, row(k))))
  const stand = places.every(({ k, mean }) => row(k).every((x, j) => x === mean[j]))
  if (stand || !costs.every(Number.isFinite)) return RA.makeBy(count, k => k)
  const nearest = assignment({ shape: [places.length, count], values: Float64Array.from(costs) })
  const others = RA.makeBy(count, k => k).filter(k => !nearest.includes(k))
  const taken = RA.makeBy(count, k => places.findIndex(place => place.k === k))
  return taken.map((place, k) =>
    place < 0 ? others[k - taken.slice(0, k).filter(at => at >= 0).length] : nearest[place]
  )
}

interface Replacement {
  readonly inTensors: (params: Params.Tensors<GaussianParameter>, dim: number) => Params.Tensors<GaussianParameter>
  readonly inArrays: (params: FixedParams) => FixedParams
}

const replacementBy = (gaussians: LearnableGaussians, known: FixedComponents, weights: FixedWeights): Replacement => {
  const holdsWeights = weights.mask.values.includes(1)
  const replaced = (values: Readonly<Record<string, KnownValues>>, name: string, of: Tensor): Tensor =>
    name === 'logits' && holdsWeights
      ? knownLogWeights(weights, of)
      : name in values
        ? where(fromNdArray(values[name].mask), fromNdArray(values[name].values), of)
        : of
  return {
    inTensors: (params, dim) => {
      const values = knownValues(gaussians, known, dim)
      return Params.map<Tensor, Tensor>((of, name) => replaced(values, name, of))(params)
    },
    inArrays: params => {
      const values = knownValues(gaussians, known, params.means.shape[1])
      return Params.map<NdArray, NdArray>((of, name) => compute(() => replaced(values, name, fromNdArray(of))))(params)
    }
  }
}

const mStepWithFixed = (
  mStep: MStep<GaussianParameter>,
  known: FixedComponents,
  { inArrays }: Replacement
): MStep<GaussianParameter> => {
  /** Sets the displacement of known means to 0. */
  const withoutDisplacement = (moments: Moments, dim: number): Moments => ({
    ...moments,
    sums: moments.sums.map((s, at) => ((known[Math.floor(at / dim)]?.mean ?? null) === null ? s : 0))
  })
  const withKnown =
    (maximise: MStep<GaussianParameter>['maximise']): MStep<GaussianParameter>['maximise'] =>
    (params, moments, at) =>
      inArrays(maximise(inArrays(params), withoutDisplacement(moments, at.dim), at))
  return {
    ...learnedBy(mStep),
    ...(mStep.isGeneralized && { isGeneralized: true }),
    fixedMeans: known.flatMap(({ mean }, k) => (mean === null ? [] : [k])),
    maximise: withKnown(mStep.maximise),
    ...(mStep.multistart && { multistart: withKnown(mStep.multistart) })
  }
}

/** Known values replace parameters. */
const modelWithFixed = (gaussians: LearnableGaussians, known: FixedComponents): Model<GaussianParameter> => {
  const { model, family, mStep, start, toMixture, fromMixture } = gaussians
  const count = family.count(1)
  const weights = fixedWeights(known, count)
  const holdsWeights = weights.mask.values.includes(1)
  const replacement = replacementBy(gaussians, known, weights)
  const { inTensors, inArrays } = replacement
  const fixedCount = (part: keyof Known.Fixed): number => known.filter(one => one[part] !== null).length
  const dimOf = (x: Tensor): number => x.shape[1] ?? 0
  return {
    ...modelOfFamily<GaussianParameter>({
      called: `${model.called ?? ''} with known components`,
      parameters: model.shapes,
      degreesOfFreedom: dim => {
        const all = model.degreesOfFreedom(dim)
        const learned = Object.hasOwn(model.shapes(dim), 'logits') ? count - 1 : 0
        const each = (all - count * dim - learned) / count
        const left = holdsWeights ? Math.max(count - fixedCount('weight') - 1, 0) : learned
        return all - fixedCount('mean') * dim - fixedCount('covariance') * each - learned + left
      },
      components: (params, dim) => family.components(inTensors(params, dim), dim),
      score: (params, x, level) => model.score(inTensors(params, dimOf(x)), x, level),
      divergence: (params, x, level) => model.divergence(inTensors(params, dimOf(x)), x, level),
      logDensity: (params, x, level) => family.logDensity(inTensors(params, dimOf(x)), x, level),
      count: family.count,
      leastRows: family.leastRows,
      fixedComponents: RA.makeBy(known.length, k => k),
      placed: () => inArrays,
      toMixture: params => {
        const mixture = toMixture(inArrays(params))
        // Sets known weights to the last bit.
        return {
          ...mixture,
          weights: mixture.weights.map((w, k) => (weights.mask.values[k] === 1 ? weights.weights[k] : w))
        }
      },
      fromMixture: mixture => inArrays(fromMixture(relabelled(orderWithKnownPlaces(known, mixture.means))(mixture))),
      mStep: mStepWithFixed(mStep, known, replacement),
      start: {
        count: start.count,
        centres: params => start.centres(inArrays(params)),
        fromCentres: (centres, variance) =>
          inArrays(
            start.fromCentres(Gaussian.permuteFirstAxis(orderWithKnownPlaces(known, centres))(centres), variance)
          )
      },
      distance: (from, to) => family.distance?.(inArrays(from), inArrays(to)) ?? 0
    }),
    requirements: dim => Known.requirements(known, dim)
  }
}

const knownProblems = (known: FixedComponents, gaussians: LearnableGaussians): ReadonlyArray<Problem.Problem> => {
  const { model, family, toMixture, fromMixture } = gaussians
  const count = family.count(1)
  const [dim = 1] = Known.possibleDims(known)
  const weights = fixedWeights(known, count)
  const isFree = Object.hasOwn(model.shapes(dim), 'logits')
  const holdsWeights = weights.mask.values.includes(1)
  const first = [
    ...Problem.unless(
      known.length > 0 && known.length <= count,
      'known',
      `a list of ${known.length}`,
      `a list of 1 to ${count}, as many as the mixture has`,
      'ask the mixture for more components'
    ),
    ...Known.requirements(known, dim),
    ...Problem.unless(
      !holdsWeights || isFree,
      'known',
      'one with a known weight',
      'that of a mixture whose weights are learned',
      "take weights: 'free', or leave the weight out"
    ),
    ...Problem.unless(
      !holdsWeights || (weights.isWhole ? Math.abs(weights.rest) <= count * Number.EPSILON : weights.rest > 0),
      'known',
      `weights that sum to ${1 - weights.rest}`,
      weights.isWhole ? '1 in all' : 'below 1 in all, so that others have a share',
      weights.isWhole ? 'leave one out, which is then what is left' : 'give less of them'
    ),
    ...Problem.unless(
      known.every(({ covariance }) => covariance === null) || hasOwnCovariances(gaussians),
      'known',
      'one with a known covariance',
      'that of a mixture in which each component has a covariance of its own',
      "take Score.full, Score.diagonal, Score.isotropic, or covariance: 'VVV'; of others hold means and weights"
    )
  ]
  if (first.length > 0) return first
  const factors = factorsOf(toMixture(fromMixture(knownMixture(known, count, dim))))
  return known.flatMap(({ covariance }, k) => {
    const triangle = covariance === null ? null : Known.fixedTriangle(covariance, dim)
    return Problem.unless(
      triangle === null || Known.matchesTriangle(triangle, Factor.covarianceOfFactor(factors[k], dim).values, dim),
      `known[${k}].covariance`,
      JSON.stringify(covariance),
      `one that the mixture has`,
      'take Score.full, which has all'
    )
  })
}

const withFixedCase = Case.define('Score', {
  name: 'withFixed',
  about: 'a mixture whose first components are known, whole or in part, and held while the rest is learned',
  fields: {
    /** Known values of the first components, each a `Component.fixed`. */
    known: Field.array(Known.field),
    /** The mixture. */
    score: Field.of(concept)
  },
  call: ['known'],
  on: 'score',
  example: { known: [Known.fixed({ mean: 0, covariance: 4 })], score: full({ components: 2 }) },
  formula: ({ known, score }) => `${Case.formula(score)}, where ${Known.formula(known)}`,
  check: ({ known, score }) => {
    const gaussians = learnableGaussians(score)
    return gaussians === null || gaussians.family.hasTails
      ? unsupportedProblems('known components', score, { isSupported: false })
      : knownProblems(known, gaussians)
  },
  meaning: ({ known, score }) =>
    modelBuiltOn(
      score,
      ({ family }) => !family.hasTails && known.length <= family.count(1),
      gaussians => modelWithFixed(gaussians, known)
    )
})

/**
 * Returns a mixture whose first components are known, in whole or in part: a `Component.fixed` for each lists which of its mean, covariance
 * and weight are fixed; the rest is estimated.
 *
 * Parameters have entries for known values, with gradient 0: means and weights are exactly those given, covariances up to rounding. EM is
 * exact at any level. Of an initializer's centres, those nearest to known means are replaced. Covariances can be known only if each
 * component has its own: `isotropic`, `diagonal`, `full`, and 'VII', 'VVI', 'VVV'. Mixtures with tails or a background are rejected. The
 * data are not centred: centre columns that are far from 0.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Component, Score } from 'ornstein'
 *
 * const score = pipe(
 *   Score.full({ components: 3 }),
 *   Score.withFixed([Component.fixed({ mean: [0, 0], covariance: [[9, 1], [1, 9]] }), Component.fixed({ weight: 0.5 })])
 * )
 * assert.equal(
 *   Score.show(score),
 *   'Score.withFixed([Component.fixed({ mean: [0, 0], covariance: [[9, 1], [1, 9]] }), ' +
 *     'Component.fixed({ weight: 0.5 })])(Score.full({ components: 3 }))'
 * )
 * assert.equal(Score.degreesOfFreedom(2)(score), Score.degreesOfFreedom(2)(Score.full({ components: 3 })) - 2 - 3 - 1)
 */
export const withFixed = Case.caseCalledBy(
  withFixedCase,
  (known: FixedComponents) =>
    <P extends string>(score: Score<P>) =>
      // Its parameters are those of the given score.
      withFixedCase(known)(score) as Score<string> as unknown as Score<P>
)
