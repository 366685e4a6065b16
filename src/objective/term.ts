/** Types of objectives: inputs of an integrand, and weighted sums of terms. */
import type { Tensor } from '../../lib/index.js'
import { Case, conceptModule, type Problem } from '../core/index.js'
import type { Mixture } from '../mixture/mixtureData.js'
import type * as Parametrization from '../schedule/parametrization.js'
import type * as Params from '../core/params.js'
import { remembered } from '../../lib/plain/remembered.js'
import type { Schedule } from '../schedule/schedule.js'
import type * as NoiseLevels from './law.js'
import * as Weighting from './weighting.js'

/** A time: one number for all rows, or a function of each row's time. */
export type Time = number | ((time: number, schedule: Schedule) => number)

/** α and σ, each [rows, 1], and the label of each row if the data have labels. */
export interface RowLevel {
  readonly alpha: Tensor
  readonly sigma: Tensor
  readonly label?: Tensor
  /** α and σ as [1, 1] if all rows share one level. */
  readonly common?: { readonly alpha: Tensor; readonly sigma: Tensor }
}

/** Random directions v with E vvᵀ = I: entries ±1, or standard normal. */
export interface Estimate {
  readonly probes: number
  readonly law: 'rademacher' | 'normal'
}

/** Quantities for noise drawn only in the projection on which a mixture depends; `z` lacks the part integrated in closed form. */
export interface SeenNoise {
  /** c, the share of the denoising form, [rows, 1]; null if all noise is drawn. */
  readonly share: Tensor | null
  /** |z|², including the mean over the part that was not drawn, [rows, 1]. */
  readonly squaredNoise: () => Tensor
  /** |s|² + 2 div s, [rows, 1]. */
  readonly implicit: () => Tensor
  /** |s|² + 2(1 − c) div s + 2c⟨s, z⟩/σ, [rows, 1]. */
  readonly mixed: (share: Tensor) => Tensor
}

/** Inputs of an integrand, for all rows at once: vectors [rows, dim], numbers [rows, 1]. Each is computed or drawn only if it is read. */
export interface Row<P extends string = string, H extends string = string> {
  /** s(x_t). */
  readonly score: Tensor
  /** −z/σ, whose conditional mean given x_t the score matches. */
  readonly target: Tensor
  /** Output of the network at x_t, in its parametrization. */
  readonly output: Tensor
  /** Regression target of `output`: z if it predicts the noise, x_0 if it predicts the data. */
  readonly outputTarget: Tensor
  /** Outputs of the heads at x_t, by name, [rows, any]. Throws for an unknown name. */
  readonly heads: Readonly<Record<H, Tensor>>
  /** x_0. */
  readonly clean: Tensor
  /** x_t = α x_0 + σ z. */
  readonly noisy: Tensor
  /** z. */
  readonly noise: Tensor
  readonly level: RowLevel
  /** t, [rows, 1]. */
  readonly time: Tensor
  /** Class of each row, [rows, 1]; −1 if it has none. */
  readonly label: Tensor
  /** Row paired with each row, [rows, dim]. */
  readonly partner: Tensor
  /** Parameters by name; gradients flow through them. */
  readonly params: Readonly<Record<P, Tensor>>
  /** Constants by name, from `Matching.constants`. */
  readonly constants: Readonly<Record<string, Tensor>>
  /** f(t) for each row, [rows, 1], evaluated on numbers; constant for autodiff. */
  readonly ofTime: (f: (time: number, schedule: Schedule) => number) => Tensor
  /** Noise level at another time. */
  readonly levelAt: (time: Time) => RowLevel
  /** s(x) at any points [rows, dim], differentiable in x and the parameters. */
  readonly scoreAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** Output of the network at any points [rows, dim]. */
  readonly outputAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** Outputs of the heads at any points [rows, dim], by name. */
  readonly headsAt: (x: Tensor, at: RowLevel | Time) => Readonly<Record<H, Tensor>>
  /** log p(x) of a mixture, [rows, 1]. Throws for a network. */
  readonly logDensityAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** div s(x_t), [rows, 1]: exact, by a gradient for each dimension, or an estimate by random directions (Hutchinson 1990). */
  readonly divergence: (estimate?: Partial<Estimate>) => Tensor
  /** Random directions, each [rows, dim], those of `divergence`. */
  readonly directions: (estimate: Estimate) => ReadonlyArray<Tensor>
  /** Independent standard normal draws, `count` arrays of [rows, dim], new at every evaluation. The first do not depend on `count`. */
  readonly noises: (count: number) => ReadonlyArray<Tensor>
  /** Inputs for integrands that support projected noise. */
  readonly projectedNoise: SeenNoise
  /**
   * Row with equal data, noise and level, and some parameters replaced, such as a teacher's. Default for `constants`: those of this row.
   */
  readonly under: (params: { readonly [N in P]?: Tensor }, constants?: Row['constants']) => Row<P, H>
  /**
   * A row of the student's own distribution, x_t = αc_k + √u_k x_0 with k the label, if the data are standard normal nodes for each of K
   * components, and its importance share, Kπ_k. Gradients flow through both.
   */
  readonly underModel: () => { readonly row: Row<P, H>; readonly share: Tensor }
}

/** Inputs of an integrand without noise. */
export interface Datum extends Pick<Row, 'clean' | 'label' | 'params' | 'constants'> {
  /** log p(x_0), [rows, 1]. Throws for a network. */
  readonly logDensity: () => Tensor
  /** Datum with other parameters. */
  readonly under: (params: Readonly<Record<string, Tensor>>, constants?: Row['constants']) => Datum
}

interface DescribedBy {
  readonly of: Objective
}

/** Arrays that an integrand reads by name. All their values share a compiled program; numbers in the code do not. */
interface WithConstants {
  readonly constants?: Params.Params<string>
  /** Problems with a score's parameters and the dimension of the data. */
  readonly unfit?: Unfit
}

export type Unfit = (shapes: Params.Shapes<string>, score: string, dim: number) => ReadonlyArray<Problem.Problem>

interface TermClaims {
  /** True if the true distribution is the minimum in population, and rotations change nothing. */
  readonly proper?: boolean
  /** True if a part is held constant by `stopGradient`, so that the gradient is not the derivative of the value. */
  readonly holdsConstant?: boolean
}

/** Mean over noise levels of a function of a row, with that function's capabilities. */
export interface Matching extends DescribedBy, TermClaims, WithConstants {
  readonly noiseLevels: NoiseLevels.NoiseLevels
  /** Loss of each row, [rows] or [rows, 1]. */
  readonly perRow: (row: Row) => Tensor
  /** Capability: supports noise drawn only in the projection on which a mixture depends. */
  readonly supportsProjectedNoise?: true | undefined
  /** Capability: translating data and mixture together changes nothing. */
  readonly translationInvariant?: true
  /** Capability: the loss stays finite as the noise vanishes. */
  readonly bounded?: true
  /** Capability: float32 is enough if it is for the network. */
  readonly float32?: true
  /**
   * Parametrization of the squared error. `perRow` is the error of the network's output if all noise is drawn, otherwise a loss of the
   * score of equal mean, mixed by `projectedNoise.share`.
   */
  readonly measuredIn?: Parametrization.Parametrization
  /** Objective of which this is an unbiased estimate over its draws beyond the noise. */
  readonly exact?: Objective
  /** Mixture whose score is the target. */
  readonly truth?: Mixture
  /** True if the mean is over the student's own distribution. */
  readonly underModel?: true
  /** Loss over all rows jointly, from u = `perRow`, [rows, k]. */
  readonly pairs?: (u: Tensor) => Tensor
}

/** Mean over the data, without noise. */
export interface Noiseless extends DescribedBy, TermClaims, WithConstants {
  readonly perDatum: (datum: Datum) => Tensor
  /** Capability: translating data and mixture together changes nothing. */
  readonly translationInvariant?: true
}

/** A function of the parameters alone. */
export interface Penalty extends DescribedBy {
  readonly penalty: (params: Params.Params<string>) => {
    readonly value: number
    readonly gradient: Params.Params<string>
  }
  /** Capability: the diagonal of a diagonal Hessian. */
  readonly curvature?: (params: Params.Params<string>) => Params.Params<string>
  /** Problems with a score's parameters. */
  readonly unfit?: Unfit
  /** True if the gradient is discontinuous, so that finite differences disagree near a corner. */
  readonly cornered?: true
}

/** A term that is not composed of others; branch on its capabilities, never on its name. */
export type Term = Matching | Noiseless | Penalty

export type Bare<T> = T extends unknown ? Omit<T, 'of'> : never

/** A term without its objective. */
export type Form = Bare<Term>

export interface Part {
  /** Path into the fields, such as `objectives[0]`. */
  readonly at: string
  readonly objective: Objective
  /** Default: 1. */
  readonly weight?: Weighting.Weighting
  /** Probability of leaving out a row's label. Default: 0. */
  readonly labelDropout?: number
}

export interface Parts {
  readonly parts: ReadonlyArray<Part>
}

export type Meaning = Form | Parts

export interface Objective extends Case.Value<'Objective', Meaning> {}

/**
 * Defines a custom objective with fields. Its integrand is a function of a `Row` in the tensor vocabulary that returns [rows] or [rows, 1],
 * differentiated and compiled like the built-in ones.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Field, Objective, NoiseLevels } from 'ornstein'
 *
 * const power = Objective.define({
 *   name: 'power',
 *   about: 'a power of the error of the score',
 *   fields: { noiseLevels: NoiseLevels.field, squarings: Field.count({ default: 2 }) },
 *   formula: ({ squarings }) => `E |s(x_t) + z/σ|^${2 ** squarings}`,
 *   meaning: ({ noiseLevels, squarings }) => ({
 *     noiseLevels,
 *     perRow: ({ score, target }) =>
 *       Array.from({ length: squarings - 1 }).reduce(square, sum(square(sub(score, target)), 1))
 *   })
 * })
 * assert.equal(
 *   Objective.show(Objective.weight(0.5)(power({ noiseLevels: NoiseLevels.at(0.3) }))),
 *   'Objective.weight(0.5)(Objective.power({ noiseLevels: NoiseLevels.at(0.3), squarings: 2 }))'
 * )
 */
export const { concept, define } = conceptModule<Objective>('Objective', 'what is minimised')

/** A term, its path in the objective, and its weight: a number times weightings. */
export interface WeightedTerm {
  readonly path: string
  readonly weight: number
  readonly weightings: ReadonlyArray<Weighting.Weighting>
  /** Probability of leaving out a row's label. */
  readonly labelDropout: number
  readonly term: Term
}

/** Meaning of an objective; the same object for equal objectives, so that compiled programs are found again. */
export const objectiveForm = remembered((objective: Objective) => concept.meaning(objective))

/** Flattens the objective into a weighted sum of terms. */
export function terms(objective: Objective): ReadonlyArray<WeightedTerm> {
  const form = objectiveForm(objective)
  if (!('parts' in form))
    return [{ path: '', weight: 1, weightings: [], labelDropout: 0, term: { ...form, of: objective } }]
  return form.parts.flatMap(({ at, objective, weight, labelDropout = 0 }) => {
    const constant = weight === undefined ? 1 : Weighting.everywhere(weight)
    return terms(objective).map(inner => ({
      ...inner,
      path: inner.path === '' ? at : `${at}.${inner.path}`,
      labelDropout: labelDropout + inner.labelDropout - labelDropout * inner.labelDropout,
      ...(constant !== undefined
        ? { weight: constant * inner.weight }
        : { weightings: [...(weight === undefined ? [] : [weight]), ...inner.weightings] })
    }))
  })
}

/** True if a term has noise levels. */
export function isMatching(term: Term): term is Matching {
  return 'noiseLevels' in term
}

/** True if a term depends on the parameters alone. */
export const isPenalty = (term: Term): term is Penalty => 'penalty' in term

/** True if an objective and all its parts are valid. */
export function isValidObjective(objective: Objective): boolean {
  return Case.isSound(objective) && Case.parts(objective).every(Case.isSound)
}
