/**
 * Families of mixtures: what each says of its parameters, and what follows. Parameters are those at time 0; at level (α, σ)
 * a component N(c, Σ) has become N(αc, α²Σ + σ²I). A family need only say the log-densities of its components, in the tensor
 * vocabulary; score, divergence, objectives and likelihood follow by differentiation. What else it knows are capabilities:
 * where one is absent, whoever asks has a slower way that is right, or refuses and names it.
 */
import { mul, ones, zeros, type Key, type NdArray, type Tensor } from '../../lib/index.js'
import { Case, concept as Concept, argumentWithFields, type Field, type Problem } from '../core/index.js'
import type { Points } from '../data/points.js'
import type * as Components from './mixtureData.js'
import type { Mixture } from './mixtureData.js'
import type * as Schedule from '../schedule/schedule.js'
import type * as Parametrization from '../schedule/parametrization.js'
import * as Params from '../core/params.js'

/**
 * α and σ, each [rows, 1]; of a family also [1, 1], where all rows are at one level: what depends on it is then computed once.
 * With them comes what else a score may know of a row.
 */
export interface RowLevel extends Parametrization.Levels {
  /** The class of each row, [rows, 1], from 0; −1 of a row without one. Absent: none has. */
  readonly label?: Tensor
}

// —— what a family says ——

/** A mixture in the tensor vocabulary, for given parameters. */
export interface ComponentsOf {
  /** log π_k, [K]; Σ π_k = 1 */
  readonly logWeights: Tensor
  /** c_k at time 0, [K, dim] */
  readonly centres: Tensor
  /** log N(x; αc_k, α²Σ_k + σ²I) whole, with its −(d/2) log 2π, [rows, K] of x [rows, dim] */
  readonly logDensity: (x: Tensor, level: RowLevel) => Tensor
}

/**
 * Which second moments of δ = x − αc_k an M-step needs, Σ r over the rows: none, Σ r|δ|² [K], Σ r δ∘δ [K, dim], or
 * Σ r δδᵀ [K, dim, dim].
 */
export type Second = 'none' | 'trace' | 'diagonal' | 'full'

/** What an E-step finds, of rows whose weights sum to 1; r are responsibilities times these, δ = x − αc_k about the old centres. */
export interface Moments {
  /** Σ r, [K] */
  readonly mass: Float64Array
  /** Σ r δ, [K, dim] */
  readonly sums: Float64Array
  /** As `Second` says, row by row; empty for none. */
  readonly second: Float64Array
  /** Of components with tails: E[log g] − E[g] over a component's rows, g the precision that a row has beside Σ_k, [K]. */
  readonly tails?: Float64Array
  /** Where there is a background, Σ r of it, beyond all of `mass`. */
  readonly backgroundCount?: number
  /** That they are those of rows without noise, whatever the level of the rows. */
  readonly isDenoised?: true
}

/** Where an E-step was taken. */
export interface At {
  /** The level of the rows; 1 and 0 for the data themselves. */
  readonly level: Schedule.Level
  /** The lower bound of variances at time 0, that is of the eigenvalues of Σ_k. */
  readonly floor: number
  readonly dim: number
}

/** Of which moments covariances are learned. */
export interface Learned {
  readonly second: Second
  /** Whether all components share one covariance; a prior then counts it once. */
  readonly isShared?: boolean
  /** Whether they share one volume, and not all else; a prior then counts as many rows for all as for one. */
  readonly isVolumeShared?: boolean
  /** Whether the family's densities turn all rows at once to axes that components share: of them the triangles of a mixture know nothing. */
  readonly hasCommonAxes?: true
}

/** Numbers by name, those of one component: one or several each. */
type ComponentParams<P extends string> = { readonly [K in P]: Float64Array }

/** Sufficient statistics of a family's own, and the parameters that they lead to: of all components, or of each alone. */
export type Sufficient<P extends string> = SufficientStatistics<P> & (OfAll<P> | OfEach<P>)

interface SufficientStatistics<P extends string> {
  /** Of each row and component, [rows, K] or [rows, K, …] by name; [rows, 1, …] of what is the same for all components. Parameters are those of the last step. */
  readonly statistics: (params: Params.Tensors<P>, x: Tensor) => Readonly<Record<string, Tensor>>
}

interface OfAll<P extends string> {
  /** The parameters, from Σ r s over the rows by name, [K] or [K, …], and `mass`, Σ r [K], r the responsibilities; weights of rows sum to 1. */
  readonly maximise: (
    params: Params.Params<P>,
    sums: Readonly<Record<string, NdArray>> & { readonly mass: NdArray },
    dim: number
  ) => Params.Params<P>
  readonly each?: undefined
}

interface OfEach<P extends string> {
  /**
   * The parameters of a component, from what they were and its sums, `mass` among them: `({ logNu: [logNu] }, { mass: [n], g: [g] }) => …`. Every
   * parameter has the components along its first axis. `logits` unless given are log Σ r.
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
   * The parameters that maximise the expected log-likelihood of the rows, exactly unless generalized, above the floor. A component
   * without mass keeps its mean and its own covariance, of which the rows say nothing.
   */
  readonly maximise: (params: Params.Params<P>, moments: Moments, at: At) => Params.Params<P>
  /** Components whose means are known, about which their covariances are then learned. */
  readonly fixedMeans?: ReadonlyArray<number>
  /** It raises the expected log-likelihood by inner steps, and need not be at its maximum: generalized expectation–maximization. */
  readonly isGeneralized?: true
  /** Its moments are of rows without noise alone. */
  readonly onlyClean?: true
  /** Where there are several maxima, the best that many starts lead to: a way out of a lesser one. */
  readonly multistart?: MStep<P>['maximise']
  /**
   * The moments of the E-step at time 0 from the gradient of −E log p there, where they follow from it: see
   * `Optimizer.natural`.
   */
  readonly fromGradient?: (params: Params.Params<P>, gradient: Params.Params<P>) => Moments
}

/** How parameters change under symmetries of the problem; gradients change as they do. */
export interface Symmetries<P extends string> {
  /** The components in another order: the new k-th is the old `order[k]`-th. */
  readonly relabel?: (order: ReadonlyArray<number>) => (params: Params.Params<P>) => Params.Params<P>
  /** The mixture moved by an orthogonal map of points. */
  readonly rotate?: (
    map: (row: ReadonlyArray<number>) => ReadonlyArray<number>
  ) => (params: Params.Params<P>) => Params.Params<P>
  /** Whether s(−x) = −s(x) for all parameters. */
  readonly odd?: boolean
}

/**
 * Noise as a family sees it: through ⟨c, z⟩ for what spans its centres, and perhaps |z|². `Expectation.projected` and
 * `Expectation.quadrature` draw that alone.
 */
export interface Projection<P extends string> {
  /** Rows whose span holds all directions that are seen, [any, dim]. */
  readonly span: (params: Params.Params<P>) => NdArray
  /** A point that all centres share outside the span, [dim]: from there |x|² is seen. */
  readonly origin: (params: Params.Params<P>) => Float64Array
  /** Whether |x|² is seen too, as it is with unequal variances. */
  readonly seesNorm: boolean
  /** Where there is but one direction, b of tanh(a + bζ), ζ the noise along it; else a quadrature is refused. */
  readonly slope: ((params: Params.Params<P>) => (level: Schedule.Level) => number) | null
  /** c = 1 − h, the share of the denoising form with which such noise makes the gradient vary least. */
  readonly denoisingShare: (
    params: Params.Params<P>,
    drawn: { readonly dim: number; readonly rank: number; readonly antithetic: boolean }
  ) => (level: Schedule.Level) => number
  /** |s|² + 2 div s, [rows, 1]; `orthogonal` is |x|² beyond that of `x` itself. */
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
    noise: Components.ComponentNoise,
    denoising: Tensor
  ) => Tensor
}

/** How parameters are made of centres. */
export interface Start<P extends string> {
  /** How many centres the parameters hold; the components of the mixture may be more. */
  readonly count: number
  /** The centres that the parameters hold, [count, dim]. */
  readonly centres: (params: Params.Params<P>) => NdArray
  /** Parameters with these centres, equal weights, and each covariance `variance` times the identity. */
  readonly fromCentres: (centres: NdArray, variance: number) => Params.Params<P>
}

export interface Capabilities<P extends string> {
  /** ∇ log p(x), [rows, dim]; else by differentiation. */
  readonly score?: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** div ∇ log p(x), [rows, 1]; else by differentiation, dim times. */
  readonly divergence?: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** log p(x), [rows, 1]; else of the components. */
  readonly logDensity?: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Expectation–maximization; else what follows of `toMixture` and `fromMixture`, and without these two it is refused. */
  readonly mStep?: MStep<P>
  /** Capability: expectation–maximization at time 0 by statistics of its own, which a program sums, where moments are not enough. */
  readonly sufficient?: Sufficient<P>
  /**
   * Why it is of time 0 only, as the end of "…, since": its components know of no noise, and what noises rows refuses it with this
   * reason.
   */
  readonly onlyClean?: string
  /** Of which moments such an M-step learns covariances; else of all, each component of its own. Of unit variances it is of none. */
  readonly moments?: Learned
  /** Starts from centres: k-means and its kin; else parameters are drawn at random, or given. */
  readonly start?: Start<P>
  /**
   * Parameters for a mixture of as many components: those themselves where the family has them, else the nearest, of which
   * Σ_k π_k KL(N_k ‖ ·) is least. Those of the mixture that moments are, are then the likeliest.
   */
  readonly fromMixture?: (mixture: Mixture) => Params.Params<P>
  /** The mixture that parameters are, where its components are Gaussian: for samplers, reports and files. */
  readonly toMixture?: (params: Params.Params<P>) => Mixture
  /**
   * Under which changes of every mixture of the family it is one still: `shifted` and `scaled` then follow of the two maps, where
   * they are not given.
   */
  readonly closedUnder?: ReadonlyArray<'shift' | 'scale'>
  /** Parameters of the mixture shifted by a vector [dim]: the data are then looked at about their own middle. */
  readonly shifted?: (by: Float64Array) => (params: Params.Params<P>) => Params.Params<P>
  /** Parameters of the mixture on columns times `by`, [dim], each > 0. */
  readonly scaled?: (by: Float64Array) => (params: Params.Params<P>) => Params.Params<P>
  /**
   * How far two parameters are apart, in units of the components: to second order √2 times the root of the relative entropy of
   * row and component together (Fisher's metric). Else that of the mixtures which parameters are, or a share of their length.
   */
  readonly distance?: (from: Params.Params<P>, to: Params.Params<P>) => number
  /** How many components there are, without a background; else their log weights are counted, for which tensors are made. */
  readonly count?: (dim: number) => number
  /** Rows of one component below which its likelihood has no bound; else 1, a row of its own. */
  readonly leastRows?: (dim: number) => number
  /** All variances are 1, in every direction, and none is learned. Without it they count as learned. */
  readonly unitVariance?: true
  /** The components are ±c with unit variances: its centre is an eigenvector, and noise along it is all that a loss sees. */
  readonly mirrored?: true
  /** The last component is a background: moments are those of the others, and `Moments.backgroundCount` is what is its own. */
  readonly hasBackground?: true
  /** Components of which something is known and not learned: split and merge leaves them alone. */
  readonly fixedComponents?: ReadonlyArray<number>
  /** Components have tails, by whose precisions moments are weighed; those of all together are then not asked for. */
  readonly hasTails?: true
  /** Parameters with what is taken from rows and not learned, such as where a background is; cells may be missing. */
  readonly placed?: (points: Points) => (params: Params.Params<P>) => Params.Params<P>
  readonly projection?: Projection<P>
  readonly symmetries?: Symmetries<P>
}

/** What a family of given fields is: its parameters, its components, and what it can do beside. */
export interface FamilyParts<P extends string> extends Capabilities<P> {
  /**
   * Names and shapes. Where there are such, call the centres `means` and the log weights `logits`: recipes take steps of the
   * first in the unit of the data, and hold the second while noise hides them.
   */
  readonly parameters: (dim: number) => Params.Shapes<P>
  readonly components: (params: Params.Tensors<P>, dim: number) => ComponentsOf
  /**
   * Free parameters, as information criteria count them: weights sum to 1, and rotations of factors are not counted. All entries but one of
   * `logits` unless given.
   */
  readonly degreesOfFreedom?: (dim: number) => number
  /** What fits and reports call it, of fields that say more than the name; the name unless given, or null. */
  readonly called?: string | null
}

/** What is said without the fields. */
type FieldlessPart =
  | 'unitVariance'
  | 'mirrored'
  | 'closedUnder'
  | 'hasBackground'
  | 'hasTails'
  | 'fixedComponents'
  | 'onlyClean'

/** Each part alone, of the fields; undefined of fields for which there is none. */
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

/** A family whose weights are its `logits` and whose centres are its `means`. */
export type ByDensities<
  N extends string,
  F extends Field.Fields,
  P extends string,
  A extends Case.Call
> = DescribedFamily<N, F, P, A> & {
  /** log p_k(x) at a level, whole, [rows, K] of x [rows, dim] */
  readonly logDensities: (
    fields: Field.Of<F>
  ) => (params: Params.Tensors<NoInfer<P>>, x: Tensor, level: RowLevel) => Tensor
}

/** A family said at once, of the fields. */
export type FamilyOfFields<N extends string, F extends Field.Fields, P extends string, A extends Case.Call> = Omit<
  Case.Spec<N, F, never, A, null>,
  'meaning'
> & { readonly made: (fields: Field.Of<F>) => FamilyParts<P> }

// —— what follows ——

/** What a family may be without: who needs it decides what to do then. */
type OptionalCapability =
  | ('placed' | 'onlyClean' | 'mStep' | 'sufficient' | 'start' | 'fromMixture')
  | ('toMixture' | 'shifted' | 'scaled' | 'distance' | 'projection' | 'symmetries')

/** What a mixture can do. */
export type Family<P extends string> = Required<
  Pick<Capabilities<P>, 'logDensity' | 'count' | 'leastRows' | 'fixedComponents'>
> &
  Pick<FamilyParts<P>, 'components'> & {
    readonly [K in 'unitVariance' | 'mirrored' | 'hasBackground' | 'hasTails']: boolean
  } & {
    /** What it says that it is closed under, and has no map to follow. */
    readonly unclosed?: NonNullable<Capabilities<P>['closedUnder']>
  } & { readonly [K in OptionalCapability]?: Capabilities<P>[K] | undefined } & {
    /** p(k | x), [rows, K] */
    readonly responsibilities: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  }

/** What is said of rows x by name, each [rows, any]. */
export type Said<P extends string, H extends string = string> = (
  params: Params.Tensors<P>,
  x: Tensor,
  level: RowLevel
) => Readonly<Record<H, Tensor>>

/** What a score means. */
export interface Model<P extends string> {
  /** What fits and reports call it; absent where that is the name of its case. */
  readonly called?: string
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly degreesOfFreedom: (dim: number) => number
  /** Its problems for data of so many columns, where it has any of its own. */
  readonly requirements?: (dim: number) => ReadonlyArray<Problem.Problem>
  /** What `output` is. */
  readonly predicts: Parametrization.Parametrization
  /** What the network itself says of x, [rows, dim] */
  readonly output: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Of a score with several heads all of them by name, each [rows, any]; the output is one. */
  readonly heads?: Said<P> | undefined
  /** No head is the score: `output`, `score` and `divergence` refuse. */
  readonly scoreless?: true
  /** s(x), [rows, dim] */
  readonly score: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** div s(x), [rows, 1] */
  readonly divergence: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Absent of a network, which has no density. */
  readonly family?: Family<P>
  /** Parameters as a network says that it begins, for data of a dimension. */
  readonly initial?: ((dim: number) => (key: Key.Key) => Params.Params<P>) | undefined
}

/**
 * The meaning of a score, as its case holds it: tied to the names P both ways, so that a score with other parameters, fewer or
 * more, is another type; any is a `Score<string>`. `interpret` gives the model its names back.
 */
export interface Meaning<P extends string, H extends string = string> {
  readonly shapes: (dim: number) => Params.Shapes<P>
  readonly names: (dim: number) => ReadonlyArray<P>
  /** Only there for the compiler: what its heads are called. */
  readonly headed?: H
  readonly model: unknown
}

/** A score whose parameters are named `P`, and its heads `H` where it has several. */
export interface Score<P extends string, H extends string = string> extends Case.Value<'Score', Meaning<P, H>> {}

export const concept = Concept<Score<string>>(
  'Score',
  'what is learned, s(x) ≈ ∇ log p_t(x): a family of mixtures, or a network'
)

/** The meaning of a score. */
export const interpret = <P extends string>(score: Score<P>): Model<P> =>
  // `meaningOfModel` alone makes meanings, of models whose names are P.
  concept.meaning(score).model as Model<P>

/** A model as the meaning of a case, which does not know the names of its parameters. */
export const meaningOfModel = <P extends string, H extends string = string>(model: Model<P>): Meaning<P, H> => ({
  shapes: model.shapes,
  names: dim => Params.names(model.shapes(dim)),
  model
})

/** What fits and reports call a score: the name of its case, or one that says more. */
export const nameOf = (score: Score<string>): string => interpret(score).called ?? Case.caseOf(score).name

/** A family with its ways from and to mixtures. */
export interface BothMaps {
  readonly family: Family<string>
  readonly fromMixture: (mixture: Mixture) => Params.Params<string>
  readonly toMixture: (params: Params.Params<string>) => Mixture
}

/** Both, where a score has a family that knows both; else null. */
export const bothMaps = (score: Score<string>): BothMaps | null => {
  const { family } = interpret(score)
  return family?.fromMixture && family.toMixture
    ? { family, fromMixture: family.fromMixture, toMixture: family.toMixture }
    : null
}

/** How many centres parameters hold. */
export const centreCount = <P extends string>(family: Family<P>, dim: number): number => {
  const { start, count } = aFamily(family, 'Score.centreCount(family, dim)')
  return start?.count ?? count(dim)
}

/** What a score can do, and not the score. */
export const aFamily = <P extends string>(family: Family<P>, call: string): Family<P> =>
  argumentWithFields(
    family,
    ['components', 'count'],
    'what a family can do, the family of Score.interpret(score),',
    call
  )

/** Without noise. */
export const cleanRow = (): RowLevel => ({ alpha: ones([1, 1]), sigma: zeros([1, 1]) })

/** One level for all rows, its numbers [] or [1, 1], as a model takes it: a network has it row by row. */
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

/** A level that goes with rows which are repeated. */
export const levelAgain = ({ alpha, sigma, label }: RowLevel, again: (ofRows: Tensor) => Tensor): RowLevel => ({
  alpha: again(alpha),
  sigma: again(sigma),
  ...(label && { label: again(label) })
})
