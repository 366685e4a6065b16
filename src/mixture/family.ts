/**
 * Families of mixtures; parameters are those at time 0. A family must provide only the log-densities of its components. All else is an
 * optional capability, without which callers use a slower method or report that it is missing.
 */
import { mul, ones, zeros, type Key, type NdArray, type Tensor } from '../../lib/index.js'
import { Case, concept as Concept, argumentWithFields, type Field, type Problem } from '../core/index.js'
import type { Points } from '../data/points.js'
import type * as Components from './mixtureData.js'
import type { Mixture } from './mixtureData.js'
import type * as Schedule from '../schedule/schedule.js'
import type * as Parametrization from '../schedule/parametrization.js'
import * as Params from '../core/params.js'

/** α and σ of rows, [rows, 1] each; for a family also [1, 1] if common, so that its terms are computed once. */
export interface RowLevel extends Parametrization.Levels {
  /** Class of each row, [rows, 1], from 0; −1 for none. Absent if no row has one. */
  readonly label?: Tensor
}

// —— what a family provides ——

export interface ComponentsOf {
  /** log π_k, [K]. */
  readonly logWeights: Tensor
  /** c_k at time 0, [K, dim] */
  readonly centres: Tensor
  /** log N(x; αc_k, α²Σ_k + σ²I), normalized, [rows, K] for x [rows, dim] */
  readonly logDensity: (x: Tensor, level: RowLevel) => Tensor
}

/** Second moments of δ = x − αc_k for an M-step: none, Σ r|δ|² [K], Σ r δ∘δ [K, dim], or Σ r δδᵀ [K, dim, dim]. */
export type Second = 'none' | 'trace' | 'diagonal' | 'full'

/** Result of an E-step: r are the responsibilities times the rows' weights, which sum to 1, and δ = x − αc_k. */
export interface Moments {
  /** Σ r, [K] */
  readonly mass: Float64Array
  /** Σ r δ, [K, dim] */
  readonly sums: Float64Array
  /** In the form of `Second`, row-major; empty for 'none'. */
  readonly second: Float64Array
  /** E[log g] − E[g] over a component's rows, [K], g the precision of a row relative to Σ_k. Present with tails. */
  readonly meanLogPrecision?: Float64Array
  /** Σ r of the background, not part of `mass`. */
  readonly backgroundCount?: number
  /** Present if these are moments of rows without noise. */
  readonly isDenoised?: true
}

export interface MStepContext {
  readonly level: Schedule.Level
  /** Lower bound on the eigenvalues of Σ_k, at time 0. */
  readonly floor: number
  readonly dim: number
}

/** Second moments for estimating covariances. */
export interface Learned {
  readonly second: Second
  readonly isShared?: boolean
  /** True if components share the volume, but not the covariance. */
  readonly isVolumeShared?: boolean
  /** Present if log-densities rotate all rows to common axes, which triangles do not show. */
  readonly hasCommonAxes?: true
}

type ComponentParams<P extends string> = { readonly [K in P]: Float64Array }

/** Sufficient statistics of a custom M-step, which maximizes the likelihood given them for all components at once or one at a time. */
export type Sufficient<P extends string> = SufficientStatistics<P> &
  (JointMaximization<P> | PerComponentMaximization<P>)

interface SufficientStatistics<P extends string> {
  /** Returns statistics s by name, [rows, K] or [rows, K, …]; [rows, 1, …] if equal for all components. `params` are the last step's. */
  readonly statistics: (params: Params.Tensors<P>, x: Tensor) => Readonly<Record<string, Tensor>>
}

interface JointMaximization<P extends string> {
  /**
   * Returns the maximizing parameters from the sums Σ r s by name, [K] or [K, …], and `mass`, Σ r, [K], with responsibilities r; row
   * weights sum to 1.
   */
  readonly maximise: (
    params: Params.Params<P>,
    sums: Readonly<Record<string, NdArray>> & { readonly mass: NdArray },
    dim: number
  ) => Params.Params<P>
  readonly each?: undefined
}

interface PerComponentMaximization<P extends string> {
  /**
   * Returns the parameters of one component from its last ones and its sums, `mass` among them: `({ logNu: [logNu] }, { mass: [n], g: [g]
   * }) => …`. Every parameter's first axis is the components. Default of `logits`: log Σ r.
   */
  readonly each: (
    params: ComponentParams<P>,
    sums: Readonly<Record<string, Float64Array>>,
    dim: number
  ) => { readonly [K in Exclude<P, 'logits'>]: number | ArrayLike<number> } & { readonly logits?: number }
  readonly maximise?: undefined
}

export interface MStep<P extends string> extends Learned {
  /**
   * Returns parameters that maximize (or raise, if `isGeneralized`) the expected log-likelihood, with variances above the lower bound. A
   * component without mass keeps its mean and its own covariance.
   */
  readonly maximise: (params: Params.Params<P>, moments: Moments, at: MStepContext) => Params.Params<P>
  /** Components with fixed means, about which covariances are estimated. */
  readonly fixedMeans?: ReadonlyArray<number>
  /** Present if inner iterations only raise the expected log-likelihood. */
  readonly isGeneralized?: true
  /** Present if moments must be those of rows without noise. */
  readonly onlyClean?: true
  readonly multistart?: MStep<P>['maximise']
  /** Moments at time 0 from the gradient of −E log p: see `Optimizer.natural`. */
  readonly fromGradient?: (params: Params.Params<P>, gradient: Params.Params<P>) => Moments
}

/** Symmetries of the problem as maps of parameters and gradients. */
export interface Symmetries<P extends string> {
  /** The new k-th component is the old `order[k]`-th. */
  readonly relabel?: (order: ReadonlyArray<number>) => (params: Params.Params<P>) => Params.Params<P>
  /** Applies an orthogonal map of points to the mixture. */
  readonly rotate?: (
    map: (row: ReadonlyArray<number>) => ReadonlyArray<number>
  ) => (params: Params.Params<P>) => Params.Params<P>
  /** True if s(−x) = −s(x) for all parameters. */
  readonly odd?: boolean
}

/** Directions of noise that affect a family: its centres' span, and |z|² if variances are unequal, as `Expectation.projected` draws. */
export interface Projection<P extends string> {
  /** Rows that span these directions, [any, dim]. */
  readonly span: (params: Params.Params<P>) => NdArray
  /** Common projection of the centres on the complement of the span, [dim], from which |x|² is measured. */
  readonly origin: (params: Params.Params<P>) => Float64Array
  /** True if |x|² has an effect. */
  readonly seesNorm: boolean
  /** Slope b of tanh(a + bζ), ζ the noise along the only direction; null if there are several, and quadrature is rejected. */
  readonly slope: ((params: Params.Params<P>) => (level: Schedule.Level) => number) | null
  /** Share c of the denoising form in the loss, beside the implicit form's 1 − c, for the least variance of the gradient. */
  readonly denoisingShare: (
    params: Params.Params<P>,
    drawn: { readonly dim: number; readonly rank: number; readonly antithetic: boolean }
  ) => (level: Schedule.Level) => number
  /** |s|² + 2 div s, [rows, 1]; `orthogonal` is the squared length of x outside its coordinates. */
  readonly implicit: (
    params: Params.Tensors<P>,
    x: Tensor,
    level: RowLevel,
    orthogonal: Components.ComponentNoise['orthogonal']
  ) => Tensor
  /** |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ at x_t = αx_0 + σz, [rows, 1]; `denoising` is 1 − h. */
  readonly mixed: (
    params: Params.Tensors<P>,
    clean: Tensor,
    level: RowLevel,
    noise: Components.ComponentNoise & { readonly denoising: Tensor }
  ) => Tensor
}

export interface CentreConversion<P extends string> {
  /** Number of centres; the mixture may have more components. */
  readonly count: number
  /** [count, dim] */
  readonly centres: (params: Params.Params<P>) => NdArray
  /** Returns parameters with these centres, equal weights, and covariances `variance` · I. */
  readonly fromCentres: (centres: NdArray, variance: number) => Params.Params<P>
}

export interface Capabilities<P extends string> {
  /** ∇ log p(x), [rows, dim]. Default: by differentiation. */
  readonly score?: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** div ∇ log p(x), [rows, 1]. Default: by differentiation, dim times. */
  readonly divergence?: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** log p(x), [rows, 1]. Default: log-sum-exp over the components. */
  readonly logDensity?: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Default: derived from `toMixture` and `fromMixture`; without these, EM is not supported. */
  readonly mStep?: MStep<P>
  /** Capability: EM at time 0 by custom sufficient statistics, for an M-step that needs more than moments. */
  readonly sufficient?: Sufficient<P>
  /** Reason for supporting time 0 only, worded to follow "…, since". */
  readonly onlyClean?: string
  /** Moments for the M-step's covariances. Default: full; none with unit variances. */
  readonly moments?: Learned
  /** Initialization from centres. Default: parameters are drawn at random, or given by the caller. */
  readonly start?: CentreConversion<P>
  /**
   * Returns the parameters of a mixture with as many components, or the nearest ones by Σ_k π_k KL(N_k ‖ ·), which are the
   * maximum-likelihood ones for an E-step's moments.
   */
  readonly fromMixture?: (mixture: Mixture) => Params.Params<P>
  /** Returns the mixture if its components are Gaussian. */
  readonly toMixture?: (params: Params.Params<P>) => Mixture
  /** Maps of columns under which the family is closed; `shifted` and `scaled` are then derived. */
  readonly closedUnder?: ReadonlyArray<'shift' | 'scale'>
  /** Parameters of the mixture shifted by a vector [dim]. */
  readonly shifted?: (by: Float64Array) => (params: Params.Params<P>) => Params.Params<P>
  /** Parameters on columns times `by`, [dim], each > 0. */
  readonly scaled?: (by: Float64Array) => (params: Params.Params<P>) => Params.Params<P>
  /**
   * Distance by Fisher's metric: to second order √2 times the root of the relative entropy of row and component. Default: that of the
   * mixtures, otherwise the parameters' relative change.
   */
  readonly distance?: (from: Params.Params<P>, to: Params.Params<P>) => number
  /** Number of components without a background. Default: the length of the log weights. */
  readonly count?: (dim: number) => number
  /** Rows of a component below which its likelihood is unbounded. Default: 1. */
  readonly leastRows?: (dim: number) => number
  /** Present if all variances are 1 and none is estimated. */
  readonly unitVariance?: true
  /** Present if the components are ±c with unit variances, so the loss depends only on the noise along c. */
  readonly mirrored?: true
  /** Present if the last component is a background. */
  readonly hasBackground?: true
  /** Components with fixed parameters, which split and merge leaves unchanged. */
  readonly fixedComponents?: ReadonlyArray<number>
  /** Present if components have tails; moments are then weighted by precisions, and not pooled. */
  readonly hasTails?: true
  /** Parameters with entries computed from rows, which may miss cells, such as a background's location. */
  readonly placed?: (points: Points) => (params: Params.Params<P>) => Params.Params<P>
  readonly projection?: Projection<P>
  readonly symmetries?: Symmetries<P>
}

/** A family for given fields. */
export interface FamilyParts<P extends string> extends Capabilities<P> {
  /**
   * Names and shapes. Call the centres `means` and the log weights `logits`: recipes scale the steps of `means` to the data, and keep
   * `logits` fixed at high noise.
   */
  readonly parameters: (dim: number) => Params.Shapes<P>
  readonly components: (params: Params.Tensors<P>, dim: number) => ComponentsOf
  /** Number of free parameters. Default: the number of entries, less one if there are `logits`. */
  readonly degreesOfFreedom?: (dim: number) => number
  /** Display name in fits and reports. Default: the case's name. */
  readonly called?: string | null
}

type FieldlessPart =
  | 'unitVariance'
  | 'mirrored'
  | 'closedUnder'
  | 'hasBackground'
  | 'hasTails'
  | 'fixedComponents'
  | 'onlyClean'

/** Functions of the fields; undefined if these fields lack a part. */
type DescribedFamily<N extends string, F extends Field.Fields, P extends string, A extends Case.Call> = Omit<
  Case.Spec<N, F, never, A, null>,
  'meaning'
> & {
  readonly [K in Exclude<keyof FamilyParts<P>, FieldlessPart | 'parameters' | 'components'>]?: (
    fields: Field.Of<F>
  ) => FamilyParts<NoInfer<P>>[K] | undefined
} & Pick<FamilyParts<P>, FieldlessPart> & { readonly parameters: (fields: Field.Of<F>) => FamilyParts<P>['parameters'] }

export type Spec<N extends string, F extends Field.Fields, P extends string, A extends Case.Call> = DescribedFamily<
  N,
  F,
  P,
  A
> & {
  readonly components: (fields: Field.Of<F>) => FamilyParts<NoInfer<P>>['components']
}

/** A family with log weights `logits` and centres `means`. */
export type ByDensities<
  N extends string,
  F extends Field.Fields,
  P extends string,
  A extends Case.Call
> = DescribedFamily<N, F, P, A> & {
  /** Normalized log p_k(x), [rows, K] for x [rows, dim] */
  readonly logDensities: (
    fields: Field.Of<F>
  ) => (params: Params.Tensors<NoInfer<P>>, x: Tensor, level: RowLevel) => Tensor
}

/** A family defined by one function of the fields. */
export type FamilyOfFields<N extends string, F extends Field.Fields, P extends string, A extends Case.Call> = Omit<
  Case.Spec<N, F, never, A, null>,
  'meaning'
> & { readonly made: (fields: Field.Of<F>) => FamilyParts<P> }

// —— what is derived ——

type OptionalCapability =
  | ('placed' | 'onlyClean' | 'mStep' | 'sufficient' | 'start' | 'fromMixture')
  | ('toMixture' | 'shifted' | 'scaled' | 'distance' | 'projection' | 'symmetries')

/** A family with all derived parts. */
export type Family<P extends string> = Required<
  Pick<Capabilities<P>, 'logDensity' | 'count' | 'leastRows' | 'fixedComponents'>
> &
  Pick<FamilyParts<P>, 'components'> & {
    readonly [K in 'unitVariance' | 'mirrored' | 'hasBackground' | 'hasTails']: boolean
  } & {
    /** Maps in `closedUnder` for which conversions are absent. */
    readonly unclosed?: NonNullable<Capabilities<P>['closedUnder']>
  } & { readonly [K in OptionalCapability]?: Capabilities<P>[K] | undefined } & {
    /** p(k | x), [rows, K] */
    readonly responsibilities: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  }

/** Named outputs at rows x, [rows, any] each. */
export type NamedOutputs<P extends string, H extends string = string> = (
  params: Params.Tensors<P>,
  x: Tensor,
  level: RowLevel
) => Readonly<Record<H, Tensor>>

/** Meaning of a score: a family of mixtures, or a network. */
export interface Model<P extends string> {
  /** Display name. Default: the case's name. */
  readonly called?: string
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly degreesOfFreedom: (dim: number) => number
  /** Problems with data of this number of columns. */
  readonly requirements?: (dim: number) => ReadonlyArray<Problem.Problem>
  /** Quantity that `output` predicts. */
  readonly predicts: Parametrization.Parametrization
  /** Output before conversion to a score, [rows, dim] */
  readonly output: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** [rows, any] each; the output is one of them. */
  readonly heads?: NamedOutputs<P> | undefined
  /** Present if no head is the score: `output`, `score` and `divergence` then throw. */
  readonly scoreless?: true
  /** s(x), [rows, dim] */
  readonly score: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** div s(x), [rows, 1] */
  readonly divergence: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Absent for a network. */
  readonly family?: Family<P>
  /** Initial parameters of a network; absent if an initializer draws them. */
  readonly initial?: ((dim: number) => (key: Key.Key) => Params.Params<P>) | undefined
}

/**
 * Meaning of a score, invariant in the parameter names P, so that scores with other names are other types. `interpret` restores the names.
 */
export interface Meaning<P extends string, H extends string = string> {
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly names: (dim: number) => ReadonlyArray<P>
  /** Phantom type. */
  readonly headed?: H
  readonly model: unknown
}

/** A score with parameters named `P`, and heads `H` if it has several. */
export interface Score<P extends string, H extends string = string> extends Case.Value<'Score', Meaning<P, H>> {}

export const concept = Concept<Score<string>>(
  'Score',
  'what is learned, s(x) ≈ ∇ log p_t(x): a family of mixtures, or a network'
)

/** Returns the model of a score. */
export const interpret = <P extends string>(score: Score<P>): Model<P> =>
  // Only `meaningOfModel` creates meanings, from models with the names P.
  concept.meaning(score).model as Model<P>

/** Returns the meaning, whose type erases the parameter names. */
export const meaningOfModel = <P extends string, H extends string = string>(model: Model<P>): Meaning<P, H> => ({
  shapes: model.shapes,
  names: dim => Params.names(model.shapes(dim)),
  model
})

/** Display name of a score in fits and reports. */
export const nameOf = (score: Score<string>): string => interpret(score).called ?? Case.caseOf(score).name

export interface FamilyWithConversions {
  readonly family: Family<string>
  readonly fromMixture: (mixture: Mixture) => Params.Params<string>
  readonly toMixture: (params: Params.Params<string>) => Mixture
}

/** Returns the family and both conversions; null if it lacks one. */
export const familyWithConversions = (score: Score<string>): FamilyWithConversions | null => {
  const { family } = interpret(score)
  return family?.fromMixture && family.toMixture
    ? { family, fromMixture: family.fromMixture, toMixture: family.toMixture }
    : null
}

/** Returns the number of centres in the parameters. */
export const centreCount = <P extends string>(family: Family<P>, dim: number): number => {
  const { start, count } = checkedFamily(family, 'Score.centreCount(family, dim)')
  return start?.count ?? count(dim)
}

/** Returns the argument; throws if it is no family. */
export const checkedFamily = <P extends string>(family: Family<P>, call: string): Family<P> =>
  argumentWithFields(
    family,
    ['components', 'count'],
    'what a family can do, the family of Score.interpret(score),',
    call
  )

/** α = 1 and σ = 0, [1, 1] each. */
export const cleanLevel = (): RowLevel => ({ alpha: ones([1, 1]), sigma: zeros([1, 1]) })

/** Shapes a level, [] or [1, 1], as [1, 1] for a family and [rows, 1] for a network. */
export const levelFor = <P extends string>(
  model: Pick<Model<P>, 'family'>,
  rows: number,
  level: Parametrization.Levels
): RowLevel => {
  const call = 'Score.levelFor(model, rows, level)'
  const { family } = argumentWithFields(model, ['shapes', 'output'], 'a model made by Score.interpret', call)
  const { alpha, sigma } = argumentWithFields(level, ['alpha', 'sigma'], 'a level, { alpha, sigma }', call)
  const column = (value: Tensor): Tensor => mul(value, ones([family === undefined ? rows : 1, 1]))
  return { alpha: column(alpha), sigma: column(sigma) }
}

/** Repeats a level for repeated rows. */
export const repeatLevel = ({ alpha, sigma, label }: RowLevel, again: (ofRows: Tensor) => Tensor): RowLevel => ({
  alpha: again(alpha),
  sigma: again(sigma),
  ...(label && { label: again(label) })
})
