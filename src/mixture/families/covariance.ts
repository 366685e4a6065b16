/** Covariance structures of a mixture as values. */
import type * as t from 'io-ts'
import { refuse } from '../../../lib/plain/refuse.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../../core/index.js'
import type * as Params from '../../core/params.js'
import type { CovarianceModel } from './covariances.js'
import { modelOfDefinition, type CovarianceDefinition } from './defined.js'
import * as Analysers from './analysers.js'
import * as Diagonal from './diagonal.js'
import * as Full from './full.js'
import * as Round from './round.js'
import {
  mclustName as nameOfParts,
  spectralCovariance,
  type SpectralParameter as Spectral,
  type SpectralParts
} from './spectral.js'

export type { CovarianceModel } from './covariances.js'
export type { Scatters } from './defined.js'

/** Invariant in the parameter names, which `interpret` restores. */
export interface Meaning<Q extends string> {
  readonly name: string
  readonly formula: string
  readonly shapes: (components: number, dim: number) => Params.Shapes<Q>
  readonly model: unknown
}

/** Covariances whose parameters are named `Q`. */
export interface Covariance<Q extends string> extends Case.Value<'Covariance', Meaning<Q>> {}

export const concept = Concept<Covariance<string>>(
  'Covariance',
  'the covariances of a mixture: what is common to its components, and what is their own'
)

/** Returns the model, typed by its parameter names. */
export const interpret = <Q extends string>(covariance: Covariance<Q>): CovarianceModel<Q> =>
  // Only this module creates meanings, from models with the names Q.
  concept.meaning(covariance).model as CovarianceModel<Q>

const covarianceMeaning = <Q extends string>(model: CovarianceModel<Q>): Meaning<Q> => {
  const { name, formula, shapes } = model
  return { name, formula, shapes, model }
}

// —— by volume, shape and orientation ——

/** Volume |Σ_k|^{1/d}, shape (eigenvalues over the volume; none: isotropic) and orientation (eigenvectors; none: diagonal). */
export interface Parts {
  readonly volume: 'common' | 'own'
  readonly shape: 'none' | 'common' | 'own'
  readonly orientation?: 'none' | 'common' | 'own'
}

/** mclust's fourteen: volume, shape and orientation, each E (equal), V (varying) or I (identity). */
export const names = [
  ...(['EII', 'VII', 'EEI', 'VEI', 'EVI', 'VVI'] as const),
  ...(['EEE', 'VEE', 'EVE', 'VVE', 'EEV', 'VEV', 'EVV', 'VVV'] as const)
] as const

export type Name = (typeof names)[number]

/** Six structures keep the names of their older families. */
type NamesOf<V, S, O> = S extends 'none'
  ? V extends 'common'
    ? 'logVariance'
    : 'logVariances'
  : O extends 'none'
    ? [V, S] extends ['common', 'common'] | ['own', 'own']
      ? 'logVariances'
      : 'logVolumes' | 'shapes'
    : [V, S, O] extends ['common', 'common', 'common'] | ['own', 'own', 'own']
      ? 'logScales' | 'lower'
      : Spectral

interface LetterMeaning {
  readonly E: 'common'
  readonly V: 'own'
  readonly I: 'none'
}

/** Parameter names of a structure, given as a value or by name. */
export type ParametersOf<C> =
  C extends Covariance<infer Q>
    ? Q
    : C extends `${infer V extends keyof LetterMeaning}${infer S extends keyof LetterMeaning}${infer O extends keyof LetterMeaning}`
      ? NamesOf<LetterMeaning[V], LetterMeaning[S], LetterMeaning[O]>
      : C extends FactorName
        ? Analysers.AnalyserParameter
        : never

/** Structures without constraints, or with closed-form M-steps. */
const closedFormModels: Readonly<Record<string, Meaning<string>>> = {
  EII: covarianceMeaning(Round.commonIsotropic),
  VII: covarianceMeaning(Round.ownIsotropic),
  EEI: covarianceMeaning(Diagonal.commonVariances),
  VVI: covarianceMeaning(Diagonal.ownVariances),
  EEE: covarianceMeaning(Full.commonTriangle),
  VVV: covarianceMeaning(Full.ownTriangles)
}

const meaningOfParts = (parts: SpectralParts): Meaning<string> => {
  const name = nameOfParts(parts)
  return Object.hasOwn(closedFormModels, name) ? closedFormModels[name] : covarianceMeaning(spectralCovariance(parts))
}

const covarianceOfParts = Case.define('Covariance', {
  name: 'of',
  about: 'volume, shape and orientation, each common to the components or their own (Celeux & Govaert 1995)',
  fields: {
    /** Volume |Σ_k|: common to all components, or their own. */
    volume: Field.oneOf(['own', 'common']),
    /** Ratios of the eigenvalues: common, own, or none if isotropic. */
    shape: Field.oneOf(['own', 'common', 'none']),
    /** Eigenvectors: common, own, or none if along the columns. */
    orientation: Field.oneOf(['own', 'common', 'none'])
  },
  formula: parts => `Σ_i = ${meaningOfParts(parts).formula}`,
  check: ({ shape, orientation }) =>
    Problem.unless(
      shape !== 'none' || orientation === 'none',
      'orientation',
      `'${orientation}'`,
      "'none' where there is no shape: what is round has no axes",
      "give orientation: 'none'"
    ),
  meaning: meaningOfParts
})

/**
 * Returns Σ_k = λ_k D_k A_k D_kᵀ (Banfield & Raftery 1993; Celeux & Govaert 1995): the volume λ_k, the shape A_k, diagonal with |A_k| = 1,
 * and the orientation D_k are each common, own, or none: mclust's fourteen structures.
 *
 * Parameters are `logVariance` (EII), `logVariances` (VII, EEI, VVI), or `logScales` and `lower` (EEE, VVV); otherwise log λ as
 * `logVolumes`, [K] or []; log A by Helmert's contrasts as `shapes`, [K, d − 1] or [d − 1]; and Dᵀ, whose rows are the axes, by Cayley's
 * map (I − S)⁻¹(I + S) of S = (low − lowᵀ)/2, low with `turns`, [K, d(d − 1)/2] or [d(d − 1)/2], below its diagonal.
 *
 * The M-step is exact at time 0, with a lower bound on the eigenvalues, except for VEE, EVE and VVE, whose axes are iterated until the
 * predicted gain is negligible. The likelihood never decreases, at any level.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Covariance, Score } from 'ornstein'
 *
 * // One orientation for all, volume and shape of each: VVE.
 * const covariance = Covariance.of({ volume: 'own', shape: 'own', orientation: 'common' })
 * const score = Score.mixture({ components: 3, covariance })
 * assert.deepEqual(Score.shapes(4)(score), {
 *   means: [3, 4],
 *   logits: [3],
 *   logVolumes: [3],
 *   shapes: [3, 3],
 *   turns: [6]
 * })
 * assert.equal(Score.degreesOfFreedom(4)(score), 12 + 2 + 3 + 9 + 6)
 */
export const of = Case.caseCalledBy(
  covarianceOfParts,
  <
    const V extends Parts['volume'],
    const S extends Parts['shape'],
    const O extends NonNullable<Parts['orientation']> = 'none'
  >(parts: {
    readonly volume: V
    readonly shape: S
    readonly orientation?: O
  }): Covariance<NamesOf<V, S, O>> & Required<Parts> & { readonly _tag: 'of' } =>
    // Its names are those of its model.
    covarianceOfParts({ orientation: 'none', ...parts }) as Covariance<NamesOf<V, S, O>> &
      Required<Parts> & { readonly _tag: 'of' }
)

// —— by factors ——

const factorFields = {
  /** Number of factors. */
  rank: Field.count({ suggestion: 1 }),
  /** Loadings F: each component's own, or common. */
  loadings: Field.oneOf(['own', 'common']),
  /** Noise Ψ: each component's own, or common. */
  noise: Field.oneOf(['own', 'common']),
  /** True if the noise is equal in all columns. */
  isotropic: Field.boolean({ default: false })
}

/**
 * Returns Σ_k = F_k F_kᵀ + Ψ_k, factor analysers (Ghahramani & Hinton 1996): loadings F_k [d, rank], and diagonal noise Ψ_k, equal in all
 * columns if isotropic, each own or common. These are the eight parsimonious mixtures of McNicholas & Murphy (2008).
 *
 * The parameters are `factors`, [K, d, rank] or [d, rank], and `logNoise`, log Ψ, [K, d], [d], [K] or []. F and F Q describe the same
 * covariance for orthogonal Q.
 *
 * The M-step is exact if noise is isotropic and the structure is not CUC (principal components: Tipping & Bishop 1999); otherwise it is
 * generalized, ten inner EM iterations on the factors. The likelihood never decreases. A component has d·rank − rank(rank − 1)/2 + d
 * parameters instead of d(d + 1)/2.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Covariance, Score } from 'ornstein'
 *
 * // One plane of two directions for all components, and noise that is each one's own: CUU.
 * const covariance = Covariance.factors({ rank: 2, loadings: 'common' })
 * const score = Score.mixture({ components: 3, covariance })
 * assert.deepEqual(Score.shapes(10)(score), { means: [3, 10], logits: [3], factors: [10, 2], logNoise: [3, 10] })
 * assert.equal(Score.degreesOfFreedom(10)(score), 30 + 2 + (20 - 1) + 30)
 * assert.equal(Score.nameOf(score), 'CUU2')
 */
export const factors: Case.Constructor<
  Covariance<Analysers.AnalyserParameter>,
  'factors',
  typeof factorFields,
  null,
  null
> = Case.define('Covariance', {
  name: 'factors',
  about:
    'a few factors that columns share, beside noise; each common to the components or their own (McNicholas & Murphy 2008)',
  fields: factorFields,
  formula: parts => `Σ_i = ${Analysers.factorAnalysers(parts).formula}`,
  meaning: parts => covarianceMeaning(Analysers.factorAnalysers(parts))
})

// —— by name ——

/** Factor analysers with one factor; in others the digit differs. */
export const ONE_FACTOR_NAMES = ['UUU1', 'UUC1', 'UCU1', 'UCC1', 'CUU1', 'CUC1', 'CCU1', 'CCC1'] as const

/** C (constrained) or U for loadings, noise and its columns, then the rank. */
export type FactorName = `${'C' | 'U'}${'C' | 'U'}${'C' | 'U'}${number}`

const LETTER_MEANINGS = { E: 'common', V: 'own', I: 'none' } as const

/** True for one of mclust's fourteen names. */
export const isName = (name: string): name is Name => names.some(one => one === name)

/** True for three of C or U and a rank, such as CUU2. */
export const isFactorName = (name: string): name is FactorName => /^[CU]{3}[1-9]\d{0,3}$/.test(name)

/**
 * Returns the covariance structure with this name: mclust's volume, shape and orientation, each E (equal), V (varying) or I (identity); or
 * McNicholas & Murphy's factor analysers, C (constrained) or U for loadings, noise and its columns, then the number of factors.
 *
 * @throws RangeError for any other name
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Covariance } from 'ornstein'
 *
 * assert.deepEqual(
 *   Covariance.named('VEI'),
 *   Covariance.of({ volume: 'own', shape: 'common', orientation: 'none' })
 * )
 * assert.deepEqual(
 *   Covariance.named('UCC2'),
 *   Covariance.factors({ rank: 2, loadings: 'own', noise: 'common', isotropic: true })
 * )
 */
export const named = <const N extends Name | FactorName>(name: N): Covariance<ParametersOf<N>> => {
  // Its parameters are those of its name.
  const typed = (found: Covariance<string>): Covariance<ParametersOf<N>> => found
  if (isFactorName(name)) {
    const [loadings, noise, columns] = Array.from(name, letter => (letter === 'C' ? 'common' : 'own'))
    return typed(factors({ rank: Number(name.slice(3)), loadings, noise, isotropic: columns === 'common' }))
  }
  if (!isName(name))
    return refuse(
      `Covariance.named: ${String(name)} is not one of ${[...names, ...ONE_FACTOR_NAMES].join(', ')}, nor of more factors`
    )
  const [volume, shape, orientation] = Array.from(
    name,
    letter => LETTER_MEANINGS[letter as keyof typeof LETTER_MEANINGS]
  )
  // The first letter is never I.
  return typed(covarianceOfParts({ volume: volume as 'common' | 'own', shape, orientation }))
}

/** Returns mclust's name; null if it has none. */
export const nameOfMclust = (covariance: Covariance<string>): Name | null => {
  const { name } = concept.meaning(covariance)
  return isName(name) && Case.isMadeBy(of)(covariance) ? name : null
}

/** mclust's or McNicholas & Murphy's name; null for a custom structure. */
export const covarianceName = (covariance: Covariance<string>): Name | FactorName | null => {
  const { name } = concept.meaning(covariance)
  return nameOfMclust(covariance) ?? (isFactorName(name) && Case.isMadeBy(factors)(covariance) ? name : null)
}

/** Covariance structure, also by name. */
export const field: Field.Field<Covariance<string>, Covariance<string> | Name | FactorName> = Field.of<
  Covariance<string>,
  Name | FactorName
>(concept, {
  from: given => (typeof given === 'string' && (isName(given) || isFactorName(given)) ? named(given) : given),
  show: covariance => {
    const name = covarianceName(covariance)
    return name === null ? null : `'${name}'`
  }
})

// —— custom ——

export interface Spec<N extends string, F extends Field.Fields, Q extends string>
  extends Omit<Case.Spec<N, F, never, null, null>, 'meaning' | 'call' | 'on'>, CovarianceDefinition<F, Q> {}

/**
 * Defines a custom covariance structure from its triangles and a fit to scatter matrices, for every objective, and for EM at any level,
 * under priors and with missing cells.
 *
 * At a noise level the scatters are those expected of the noiseless rows under the old parameters, so a fit that raises the likelihood at
 * time 0 does so there too, in more iterations. Their eigenvalues are clipped at the lower bound before `fit` is called; a `fit` that does
 * not preserve the spectrum has to apply the bound to Σ_k.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { mul, eye, exp, reshape } from 'ornstein/float64'
 * import { Covariance, Score } from 'ornstein'
 *
 * // Σ_k = v_k I once more
 * const round = Covariance.define({
 *   name: 'round',
 *   about: 'multiples of the identity',
 *   shapes: () => components => ({ logSpread: [components] }),
 *   triangles: () => ({ logSpread }, dim) => mul(exp(reshape(logSpread, [-1, 1, 1])), eye(dim)),
 *   fit: () => ({ scatters, dim }) => ({
 *     logSpread: {
 *       shape: [scatters.length],
 *       values: Float64Array.from(scatters, scatter => {
 *         const trace = scatter.reduce((sum, s, at) => (at % (dim + 1) === 0 ? sum + s : sum), 0)
 *         return Math.log(trace / dim) / 2
 *       })
 *     }
 *   })
 * })
 * assert.deepEqual(Score.shapes(2)(Score.mixture({ components: 3, covariance: round })), {
 *   means: [3, 2],
 *   logits: [3],
 *   logSpread: [3]
 * })
 */
export function define<const N extends string, Q extends string, const F extends Field.Fields = Field.NoFields>(
  spec: Spec<N, F, Q>
): Case.Constructor<Covariance<Q>, N, F, null, null> {
  return Case.define('Covariance', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning<Q> => covarianceMeaning(modelOfDefinition(spec.name, spec, fields))
  })
}

/** Returns code that builds the structure. */
export const show = (covariance: Covariance<string>): string => Case.show(covariance)

/** Returns the structure as a formula. */
export const formula = (covariance: Covariance<string>): string => Case.formula(covariance)

/** Problems of a covariance structure. */
export const problems = (covariance: Covariance<string>): ReadonlyArray<Problem.Problem> => Case.problems(covariance)

export const all: ReadonlyArray<Vocabulary.Entry> = [of, factors]

/** JSON codec of covariance structures in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Covariance<string>, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
