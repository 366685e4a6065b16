/** What an objective is: what an integrand sees of a row, what may be asked for, and an objective as a weighted sum of such terms. */
import type { Tensor } from '../../lib/index.js'
import { Case, conceptModule, type Problem } from '../core/index.js'
import type { Mixture } from '../mixture/mixtureData.js'
import type * as Parametrization from '../schedule/parametrization.js'
import type * as Params from '../core/params.js'
import { remembered } from '../../lib/plain/remembered.js'
import type { Schedule } from '../schedule/schedule.js'
import type * as NoiseLevels from './law.js'
import * as Weighting from './weighting.js'

// —— what an integrand sees ——

/** A time: one number for all rows, or a function of each row's own. */
export type Time = number | ((time: number, schedule: Schedule) => number)

/** A noise level, α and σ [rows, 1], with the label of each row where the data have labels. */
export interface RowLevel {
  readonly alpha: Tensor
  readonly sigma: Tensor
  readonly label?: Tensor
  /** The same numbers as [1, 1], where one level is that of all rows: what depends on it alone is then computed once. */
  readonly common?: { readonly alpha: Tensor; readonly sigma: Tensor }
}

/** Random directions v, E vvᵀ = I: entries ±1, or standard normal. */
export interface Estimate {
  /** How many for each row. */
  readonly probes: number
  readonly law: 'rademacher' | 'normal'
}

/** What is known where an expectation draws only the noise that a mixture sees: `z` without the part that is integrated in closed form. */
export interface SeenNoise {
  /** c, the share of the denoising form where both forms are mixed, [rows, 1]; null where there is no other form. */
  readonly share: Tensor | null
  /** |z|², with the mean of the part that was not drawn, [rows, 1] */
  readonly squaredNoise: () => Tensor
  /** |s|² + 2 div s, [rows, 1] */
  readonly implicit: () => Tensor
  /** |s|² + 2(1 − c) div s + 2c⟨s, z⟩/σ, [rows, 1] */
  readonly mixed: (share: Tensor) => Tensor
}

/**
 * What an integrand may look at, for all rows at once: [rows, dim], or [rows, 1] for numbers. Only what is read is computed
 * and drawn, so that a divergence or more noise costs nothing where nobody asks for it.
 */
export interface Row<P extends string = string, H extends string = string> {
  /** s(x_t) */
  readonly score: Tensor
  /** −z/σ, what the score is to match in the mean */
  readonly target: Tensor
  /** What the network itself says of x_t, in the parametrization that it predicts. */
  readonly output: Tensor
  /** What `output` is to match in the mean: z of one that predicts the noise, x_0 of one that predicts the data. */
  readonly outputTarget: Tensor
  /** Of a score with several heads what each says of x_t, by name, [rows, any]; another name is refused. */
  readonly heads: Readonly<Record<H, Tensor>>
  /** x_0 */
  readonly clean: Tensor
  /** x_t = α x_0 + σ z */
  readonly noisy: Tensor
  /** z */
  readonly noise: Tensor
  readonly level: RowLevel
  /** t, [rows, 1] */
  readonly time: Tensor
  /** The class of each row, [rows, 1]; −1 where it has none. */
  readonly label: Tensor
  /** The row that belongs to each row, of paired data, [rows, dim]. */
  readonly partner: Tensor
  /** The parameters by name, to be differentiated like all else. */
  readonly params: Readonly<Record<P, Tensor>>
  /** The constants of the term by name, as `Matching.constants` has them. */
  readonly constants: Readonly<Record<string, Tensor>>
  /** f(t) for each row, [rows, 1]; f is called on numbers, and counts as constant. */
  readonly ofTime: (f: (time: number, schedule: Schedule) => number) => Tensor
  /** The noise level at another time. */
  readonly levelAt: (time: Time) => RowLevel
  /** s(x) at any points [rows, dim], at a level or a time; gradients flow to x and to the parameters. */
  readonly scoreAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** What the network itself says there. */
  readonly outputAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** What its heads say there. */
  readonly headsAt: (x: Tensor, at: RowLevel | Time) => Readonly<Record<H, Tensor>>
  /** log p(x) of a mixture at a level or a time, [rows, 1]; a network, which has no density, is refused. */
  readonly logDensityAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** div s(x_t), [rows, 1]: exact, which takes a gradient for each dimension, or by random directions (Hutchinson 1990). */
  readonly divergence: (estimate?: Partial<Estimate>) => Tensor
  /** Random directions, each [rows, dim]; those of `divergence`. */
  readonly directions: (estimate: Estimate) => ReadonlyArray<Tensor>
  /**
   * So many draws, each standard normal, [rows, dim], and independent of z, of directions and of each other; drawn again at every
   * evaluation. The first of more are those of fewer.
   */
  readonly noises: (count: number) => ReadonlyArray<Tensor>
  /** For integrands that also accept noise of which only a part is drawn. */
  readonly projectedNoise: SeenNoise
  /**
   * The same row, data, noise and level, seen by a model with other parameters where they are named: a teacher, an average of past
   * ones, or the same, to be differentiated. Its constants are these, where any are given.
   */
  readonly under: (params: { readonly [N in P]?: Tensor }, constants?: Row['constants']) => Row<P, H>
  /**
   * A row of the student's own distribution, x_t = αc_k + √u_k x_0, k the label, where rows are standard normal nodes for each of K
   * components; and Kπ_k, by which it counts. Both depend on the parameters, and gradients flow through them.
   */
  readonly underModel: () => { readonly row: Row<P, H>; readonly share: Tensor }
}

/** What an integrand without noise sees: the data alone. */
export interface Datum extends Pick<Row, 'clean' | 'label' | 'params' | 'constants'> {
  /** log p(x_0), [rows, 1]; a network, which has no density, is refused. */
  readonly logDensity: () => Tensor
  /** The same datum, seen by a model with other parameters. */
  readonly under: (params: Readonly<Record<string, Tensor>>, constants?: Row['constants']) => Datum
}

// —— what can be asked for ——

interface DescribedBy {
  /** The description that asks for it. */
  readonly of: Objective
}

/** Arrays that an integrand reads by name. A program is compiled once for all of their values; what is written into the code is not. */
interface WithConstants {
  readonly constants?: Params.Params<string>
  /** Its problems for the parameters of a score, on data of a dimension. */
  readonly unfit?: Unfit
}

export type Unfit = (shapes: Params.Shapes<string>, score: string, dim: number) => ReadonlyArray<Problem.Problem>

/** What is claimed of a term; laws hold it to that. */
interface TermClaims {
  /** Minimised by the truth, in population, and turning with the axes. */
  readonly proper?: boolean
  /** A part of it is held constant by `stopGradient`, such as a weight: its gradient is then not the derivative of its value. */
  readonly holdsConstant?: boolean
}

/** A mean over noise levels of a function of a row, and what that function is known to be able to do. */
export interface Matching extends DescribedBy, TermClaims, WithConstants {
  readonly noiseLevels: NoiseLevels.NoiseLevels
  /** The loss of a row, [rows] or [rows, 1]. */
  readonly perRow: (row: Row) => Tensor
  /** Capability: it serves noise of which only what a mixture sees is drawn. */
  readonly supportsProjectedNoise?: true | undefined
  /** Capability: it is the same of data and mixture moved together. */
  readonly translationInvariant?: true
  /** Capability: it stays finite as the noise vanishes. */
  readonly bounded?: true
  /**
   * Capability: single precision is enough for its rows, whose losses are no small differences of large numbers, for networks
   * whose own numbers allow it.
   */
  readonly float32?: true
  /** An error in this parametrization: `perRow` gives that of the output, or what has its mean in the score, by `seen.share`. */
  readonly measuredIn?: Parametrization.Parametrization
  /** What it is an unbiased estimate of, by what it draws beside the noise. */
  readonly exact?: Objective
  /** The mixture whose score is the target. */
  readonly truth?: Mixture
  /** Its mean is over the student's own distribution. */
  readonly underModel?: true
  /** A loss of what all rows say together, u [rows, k] of `perRow`: a number. It then is no mean over rows. */
  readonly pairs?: (u: Tensor) => Tensor
}

/** A mean over the data, without noise. */
export interface Noiseless extends DescribedBy, TermClaims, WithConstants {
  readonly perDatum: (datum: Datum) => Tensor
  /** Capability: it is the same of data and mixture moved together. */
  readonly translationInvariant?: true
}

/** A function of the parameters alone. */
export interface Penalty extends DescribedBy {
  readonly penalty: (params: Params.Params<string>) => {
    readonly value: number
    readonly gradient: Params.Params<string>
  }
  /** Capability: the diagonal of its Hessian, where that is all there is of it. */
  readonly curvature?: (params: Params.Params<string>) => Params.Params<string>
  /** Its problems for the parameters of a score. */
  readonly unfit?: Unfit
  /** Its gradient has corners, which differences see. */
  readonly cornered?: true
}

/** A term that is not made of others. The rest of the program asks what it can do, never what it is called. */
export type Term = Matching | Noiseless | Penalty

export type Bare<T> = T extends unknown ? Omit<T, 'of'> : never

/** What an objective asks for itself. */
export type Form = Bare<Term>

/** An objective inside another, and how much it counts there. */
export interface Part {
  /** Where it stands, as a path into the fields: `objectives[0]`. */
  readonly at: string
  readonly objective: Objective
  /** 1 unless given. */
  readonly weight?: Weighting.Weighting
  /** The share of rows whose label is left out, drawn again at every evaluation; 0 unless given. */
  readonly labelDropout?: number
}

/** An objective that is the sum of others. */
export interface Parts {
  readonly parts: ReadonlyArray<Part>
}

/** What it asks for: a function of a row, of a row without noise, of the parameters, or others that it is the sum of. */
export type Meaning = Form | Parts

export interface Objective extends Case.Value<'Objective', Meaning> {}

/**
 * An objective of one's own, with fields: its integrand is a function of a row in the tensor vocabulary, [rows] or
 * [rows, 1] out, differentiated and compiled like the built-in ones. `Row` says what it may look at.
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

// —— an objective as terms ——

/** A term, where it stands, and how much it counts: a number, and the weightings of its noise levels. */
export interface WeightedTerm {
  readonly path: string
  readonly weight: number
  readonly weightings: ReadonlyArray<Weighting.Weighting>
  /** The share of rows that it sees without their label. */
  readonly labelDropout: number
  readonly term: Term
}

/** What an objective asks for: the same for the same objective, so that a program of it is found again. */
export const objectiveForm = remembered((objective: Objective) => concept.meaning(objective))

/** The objective as a weighted sum of terms. */
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

/** Whether a term has noise levels. */
export function isMatching(term: Term): term is Matching {
  return 'noiseLevels' in term
}

/** Whether a term is of the parameters alone. */
export const isPenalty = (term: Term): term is Penalty => 'penalty' in term

/** Whether an objective and all that stand in it have a meaning. */
export function isSoundObjective(objective: Objective): boolean {
  return Case.isSound(objective) && Case.parts(objective).every(Case.isSound)
}
