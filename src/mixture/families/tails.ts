/** Mixtures of multivariate t, derived from a family of Gaussians. */
import { flow, identity } from 'fp-ts/lib/function.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import {
  exp,
  expandDims,
  add,
  fill,
  min,
  mul,
  neg,
  reciprocal,
  reshape,
  softmax,
  stopGradient,
  zeros,
  zerosLike,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { Case, Field, Problem } from '../../core/index.js'
import { withoutField as omitted } from '../../core/record.js'
import {
  cleanLevel,
  concept,
  interpret,
  meaningOfModel,
  nameOf,
  type Family,
  type Learned,
  type Meaning,
  type Model,
  type Moments,
  type MStep,
  type RowLevel,
  type Score,
  type CentreConversion,
  type Symmetries,
  type Capabilities
} from '../family.js'
import { CLEAN } from '../../schedule/dynamics.js'
import type { Mixture } from '../mixtureData.js'
import type * as Params from '../../core/params.js'
import * as Student from '../student.js'
import { modelOfFamily } from './define.js'
import * as Gaussian from './gaussian.js'
import { diagonal } from './diagonal.js'
import * as Terms from './precisions.js'

export type Nu = 'own' | 'common' | number

const INITIAL_DEGREES = 10

export type GaussianParameter = 'means' | 'logits'

/** Parts that a family built on Gaussians needs. */
export interface LearnableGaussians {
  readonly model: Model<GaussianParameter>
  readonly family: Family<GaussianParameter>
  readonly mStep: MStep<GaussianParameter>
  readonly start: CentreConversion<GaussianParameter>
  readonly toMixture: (params: Params.Params<GaussianParameter>) => Mixture
  readonly fromMixture: (mixture: Mixture) => Params.Params<GaussianParameter>
}

/** Treats denoised moments as those at time 0. */
const mStepOfCleanMoments = (mStep: MStep<GaussianParameter>): MStep<GaussianParameter> => ({
  ...mStep,
  maximise: (params, moments, at) =>
    mStep.maximise(params, moments, moments.isDenoised === true ? { ...at, level: CLEAN } : at)
})

/** Returns the family if centres and covariances are estimated; otherwise null. */
export const learnableGaussians = (score: Score<string>): LearnableGaussians | null => {
  // Other parameter names are not accessed.
  const model = interpret(score) as unknown as Model<GaussianParameter>
  const { family } = model
  if (family === undefined || !Object.hasOwn(model.shapes(1), 'means')) return null
  const { hasBackground, mirrored, unitVariance, fixedComponents, mStep, start, toMixture, fromMixture } = family
  const isLearned = !hasBackground && !mirrored && !unitVariance && fixedComponents.length === 0
  return isLearned && mStep && start && toMixture && fromMixture
    ? { family, model, mStep: mStepOfCleanMoments(mStep), start, toMixture, fromMixture }
    : null
}

/** Returns the model built on a score; if unsupported, the score's own meaning, whose `check` reports the problems. */
export const modelBuiltOn = (
  score: Score<string>,
  supports: (gaussians: LearnableGaussians) => boolean,
  build: (gaussians: LearnableGaussians) => Model<GaussianParameter>
): Meaning<string> => {
  const gaussians = learnableGaussians(score)
  return gaussians === null || !supports(gaussians)
    ? meaningOfModel(interpret(score))
    : (meaningOfModel(build({ ...gaussians, model: { ...gaussians.model, called: nameOf(score) } })) as Meaning<string>)
}

type MapParams<P extends string> = (params: Params.Params<P>) => Params.Params<P>

/** Maps of additional parameters. Default: unchanged. */
export interface ExtraParameterMaps<P extends string> {
  readonly shifted?: (by: Float64Array) => MapParams<P>
  readonly scaled?: (by: Float64Array) => MapParams<P>
  readonly relabel?: (order: ReadonlyArray<number>) => MapParams<P>
  /** True if they are rotation invariant. Default: true. */
  readonly turns?: boolean
}

/** `carried` applies a map to the Gaussians' parameters alone. */
export const carriedCapabilities = <P extends string>(
  { family: { count, leastRows, shifted: shift, scaled: scale, symmetries }, start }: LearnableGaussians,
  started: (params: Params.Params<GaussianParameter>) => Params.Params<P>,
  carried: (move: MapParams<GaussianParameter>) => MapParams<P>,
  {
    shifted = () => identity,
    scaled = () => identity,
    relabel = () => identity,
    turns = true
  }: ExtraParameterMaps<P> = {}
): Pick<Capabilities<P>, 'count' | 'leastRows' | 'start' | 'shifted' | 'scaled' | 'symmetries'> => {
  const carriedSymmetries = ({ relabel: inOrder, rotate }: Symmetries<GaussianParameter>): Symmetries<P> => ({
    ...(inOrder && { relabel: order => flow(relabel(order), carried(inOrder(order))) }),
    ...(turns && rotate && { rotate: map => carried(rotate(map)) })
  })
  return {
    count,
    leastRows,
    start: {
      count: start.count,
      // The parameters include those of the Gaussians.
      centres: start.centres as unknown as CentreConversion<P>['centres'],
      fromCentres: (centres, variance) => started(start.fromCentres(centres, variance))
    },
    ...(shift && { shifted: by => flow(shifted(by), carried(shift(by))) }),
    ...(scale && { scaled: by => flow(scaled(by), carried(scale(by))) }),
    ...(symmetries && { symmetries: carriedSymmetries(symmetries) })
  }
}

/** Moments that an M-step needs, and parts that components share. */
export const learnedBy = ({ second, isShared, isVolumeShared }: MStep<GaussianParameter>): Learned => ({
  second,
  ...(isShared && { isShared }),
  ...(isVolumeShared && { isVolumeShared })
})

/** Problems of a score that cannot be built on; `word` names the model. */
export const unsupportedProblems = (
  word: string,
  score: Score<string>,
  { isSupported }: { readonly isSupported: boolean }
): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    isSupported,
    'score',
    Case.show(score),
    `a family of Gaussians whose covariances are learned, for ${word}`,
    "take Score.full, or Score.mixture({ components: 2, covariance: 'VVE' })"
  )

const studentGaussians = (
  { model, family }: LearnableGaussians,
  params: Params.Tensors<GaussianParameter>,
  dim: number
): Terms.PrecisionGaussians => {
  const middle: Params.Tensors<GaussianParameter> = { ...params, means: zerosLike(params.means) }
  const atCentre = (rows: number, level: RowLevel): Tensor =>
    family.components(middle, dim).logDensity(zeros([rows, dim]), level)
  return {
    logDensity: family.components(params, dim).logDensity,
    atCentre,
    // At a common centre, div ∇ log p of the components is −Σ w_k tr Σ_k⁻¹.
    least: () => {
      const peak = atCentre(1, cleanLevel())
      const even: Params.Tensors<GaussianParameter> = Object.hasOwn(params, 'logits')
        ? { ...middle, logits: neg(reshape(peak, [-1])) }
        : middle
      const shares = softmax(add(peak, expandDims(family.components(even, dim).logWeights, 0)))
      return stopGradient(mul(min(shares), reciprocal(neg(model.divergence(even, zeros([1, dim]), cleanLevel())))))
    }
  }
}

/** Mean log precisions, pooled if ν is common. */
const precisionMoments = ({ mass, meanLogPrecision: tails }: Moments, nu: Nu): Float64Array | null =>
  tails === undefined
    ? null
    : nu === 'common'
      ? Float64Array.of(mass.reduce((sum, m, k) => sum + m * tails[k], 0) / Gaussian.sumValues(mass))
      : tails

const logCappedNu = (nu: number): number => Elementary.log(Math.min(nu, Student.MAX_DEGREES))

/** `logNu` is absent if ν is fixed. */
type StudentParameter = GaussianParameter | 'logNu'

interface NuConversions {
  readonly shapeOf: (components: number) => ReadonlyArray<number>
  readonly logNuOf: (components: number, values: (k: number) => number) => NdArray
  readonly withNu: (params: Params.Params<GaussianParameter>, logNu: NdArray) => Params.Params<StudentParameter>
  readonly withoutNu: (params: Params.Params<StudentParameter>) => Params.Params<GaussianParameter>
  /** ν, [K] or [1]. */
  readonly tensorOf: (params: Params.Tensors<StudentParameter>) => Tensor
  /** ν of each component, [K]. */
  readonly degreesOf: (params: Params.Params<StudentParameter>, components: number) => Float64Array
}

const nuConversions = (nu: Nu): NuConversions => {
  const isFixed = typeof nu === 'number'
  const shapeOf = (components: number): ReadonlyArray<number> => (nu === 'own' ? [components] : [])
  return {
    shapeOf,
    logNuOf: (components, values) => {
      const shape = shapeOf(components)
      return { shape, values: Float64Array.from({ length: nu === 'own' ? components : 1 }, (_, k) => values(k)) }
    },
    // A fixed ν has no parameter.
    withNu: (params, logNu) => (isFixed ? params : { ...params, logNu }) as Params.Params<StudentParameter>,
    withoutNu: params => omitted(params, 'logNu') as Params.Params<GaussianParameter>,
    tensorOf: ({ logNu }) => (isFixed ? fill([1], nu) : exp(logNu)),
    degreesOf: ({ logNu }, components) =>
      new Float64Array(components).map((_, k) => (isFixed ? nu : Elementary.exp(logNu.values[nu === 'own' ? k : 0])))
  }
}

/** The Gaussians' M-step on weighted moments, and ν by root finding. */
const studentMStep = (
  mStep: MStep<GaussianParameter>,
  nu: Nu,
  { logNuOf, withNu }: NuConversions
): MStep<StudentParameter> => ({
  ...learnedBy(mStep),
  // The Gaussians' M-step may be generalized; row checks of components hold for Gaussians alone.
  isGeneralized: true,
  maximise: (params, moments, at): Params.Params<StudentParameter> => {
    const { mass } = moments
    const found = mStep.maximise(params, moments, at)
    const means = precisionMoments(moments, nu)
    const isFixed = typeof nu === 'number'
    const before = isFixed ? logNuOf(0, () => 0) : params.logNu
    if (means === null || isFixed) return withNu(found, before)
    const estimate = (k: number): number =>
      nu === 'common' || mass[k] > 0 ? logCappedNu(Student.likeliestNu(means[k])) : before.values[k]
    return withNu(found, logNuOf(mass.length, estimate))
  }
})

const studentModel = (gaussians: LearnableGaussians, nu: Nu): Model<GaussianParameter> => {
  type P = StudentParameter
  const { model, family, mStep, toMixture, fromMixture } = gaussians
  const isFixed = typeof nu === 'number'
  const conversions = nuConversions(nu)
  const { shapeOf, logNuOf, withNu, withoutNu, tensorOf, degreesOf } = conversions
  const started = (params: Params.Params<GaussianParameter>): Params.Params<P> =>
    withNu(
      params,
      logNuOf(params.means.shape[0], () => logCappedNu(INITIAL_DEGREES))
    )
  return modelOfFamily<P>({
    called: `${model.called ?? ''} with tails`,
    parameters: dim => {
      const shapes = model.shapes(dim)
      return { ...shapes, ...(!isFixed && { logNu: shapeOf(shapes.means[0]) }) } as Params.Shapes<P>
    },
    degreesOfFreedom: dim => model.degreesOfFreedom(dim) + (nu === 'own' ? family.count(dim) : isFixed ? 0 : 1),
    components: (params, dim) => {
      const parts = studentGaussians(gaussians, params, dim)
      const { logWeights, centres } = family.components(params, dim)
      return { logWeights, centres, logDensity: Terms.studentLogDensity(parts, tensorOf(params)) }
    },
    ...carriedCapabilities<P>(gaussians, started, move => params => withNu(move(withoutNu(params)), params.logNu), {
      relabel: order => params =>
        nu === 'own' ? { ...params, logNu: Gaussian.permuteFirstAxis(order)(params.logNu) } : params
    }),
    hasTails: true,
    toMixture: params => {
      const mixture = toMixture(params)
      return { ...mixture, tails: degreesOf(params, mixture.weights.length) }
    },
    fromMixture: mixture => {
      const { tails, weights } = mixture
      const of = (k: number): number => logCappedNu(tails === undefined ? INITIAL_DEGREES : tails[k])
      const mean = (): number => weights.reduce((sum, w, k) => sum + w * of(k), 0)
      return withNu(fromMixture(mixture), logNuOf(weights.length, nu === 'own' ? of : mean))
    },
    mStep: studentMStep(mStep, nu, conversions),
    distance: (from, to) => {
      const own = family.distance?.(from, to) ?? 0
      const apart = isFixed
        ? 0
        : from.logNu.values.reduce((sum, l, k) => sum + Elementary.square(l - to.logNu.values[k]), 0)
      return Math.sqrt(own * own + apart)
    }
  }) as unknown as Model<GaussianParameter>
}

const isNu = (u: unknown): u is Nu =>
  u === 'own' || u === 'common' || (typeof u === 'number' && u >= Student.MIN_DEGREES && u <= Student.MAX_DEGREES)

const nuField = Field.withDefault(
  Field.leaf<Nu>({
    is: (u): u is Nu => u === 'own' || u === 'common' || typeof u === 'number',
    holds: isNu,
    domain: `'own', 'common' or a number in [${Student.MIN_DEGREES}, ${Student.MAX_DEGREES}]`,
    remedy: "try 'own', or 4",
    show: nu => (typeof nu === 'string' ? `'${nu}'` : String(nu)),
    arbitrary: fc => fc.oneof(fc.constantFrom<Nu>('own', 'common'), fc.double({ min: 1, max: 50, noNaN: true })),
    sample: 'own'
  }),
  'own'
)

const withTailsCase = Case.define('Score', {
  name: 'withTails',
  about:
    'a mixture whose components are multivariate t, with the covariances of another as scales (Peel & McLachlan 2000)',
  fields: {
    /** Degrees of freedom: a fixed number, or 'common' or 'own' if estimated. */
    nu: nuField,
    /** The mixture whose components become multivariate t. */
    score: Field.of(concept)
  },
  on: 'score',
  example: { score: diagonal({ components: 2 }) },
  formula: ({ nu, score }) =>
    `s = ∇ log Σ π_i ∫ N(x; m_i, α²Σ_i/g + σ²I) Gamma(g; ν/2, ν/2) dg, ${typeof nu === 'number' ? `ν = ${nu}` : nu === 'own' ? 'ν_i = exp(logNu_i)' : 'ν = exp(logNu)'}, of ${Case.formula(score)}`,
  check: ({ score }) =>
    unsupportedProblems('tails', score, { isSupported: learnableGaussians(score)?.family.hasTails === false }),
  meaning: ({ nu, score }) =>
    modelBuiltOn(
      score,
      ({ family }) => !family.hasTails,
      gaussians => studentModel(gaussians, nu)
    )
})

export interface Options<N extends Nu> {
  /** 'own': one for each component; 'common': one for all; or a number in [½, 300], which is fixed. Default: 'own'. */
  readonly nu?: N
}

/**
 * Returns a mixture of multivariate t with scale matrices Σ_k and ν degrees of freedom. A row has the weight (ν + d)/(ν + q) in its
 * component's moments, q its squared distance (Lange, Little & Taylor 1989).
 *
 * At a level the density is ∫ N(x; αc, α²Σ/g + σ²I) Gamma(g; ν/2, ν/2) dg, by a trapezoid rule with 128 nodes, each as costly as a row of
 * Gaussians, to about 1e-14 of log p and two derivatives; fewer digits for ν ≥ 100 and rows beyond 20 σ with σ far above α√Σ. EM is exact,
 * with ν in [½, 300]. Covariances are νΣ/(ν − 2), for ν > 2. The parameter `logNu`, log ν, is [K], or [] if common.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Score } from 'ornstein'
 *
 * const score = pipe(Score.mixture({ components: 2, covariance: 'VVE' }), Score.withTails({ nu: 'common' }))
 * assert.deepEqual(Score.shapes(3)(score).logNu, [])
 * assert.equal(
 *   Score.show(score),
 *   "Score.withTails({ nu: 'common' })(Score.mixture({ components: 2, covariance: 'VVE' }))"
 * )
 */
export const withTails = Case.caseCalledBy(
  withTailsCase,
  <const N extends Nu = 'own'>(options: Options<N> = {}) =>
    <P extends string>(score: Score<P>) =>
      // Its parameters are those of the given score, and ν.
      withTailsCase({ ...options })(score) as Score<string> as unknown as Score<
        P | (N extends number ? never : 'logNu')
      >
)
