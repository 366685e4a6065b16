/** Types of objectives: the inputs of an integrand, and an objective as a weighted sum of terms. */
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

/** A time: one number for all rows, or a function of each row's time. */
export type Time = number | ((time: number, schedule: Schedule) => number)

/** A noise level, α and σ, each [rows, 1], with the label of each row if the data have labels. */
export interface RowLevel {
  readonly alpha: Tensor
  readonly sigma: Tensor
  readonly label?: Tensor
  /**
   * α and σ as [1, 1] if all rows share one level: quantities that depend on the level alone are then computed once.
   */
  readonly common?: { readonly alpha: Tensor; readonly sigma: Tensor }
}

/** Random directions v with E vvᵀ = I: entries ±1, or standard normal. */
export interface Estimate {
  /** Number of directions for each row. */
  readonly probes: number
  readonly law: 'rademacher' | 'normal'
}

/**
 * Quantities available if an expectation draws only the projection of the noise on which a mixture depends. `z` lacks
 * the part that is integrated in closed form.
 */
export interface SeenNoise {
  /** c, the share of the denoising form if both forms are mixed, [rows, 1]; null if all noise is drawn. */
  readonly share: Tensor | null
  /** |z|², including the mean over the part that was not drawn, [rows, 1]. */
  readonly squaredNoise: () => Tensor
  /** |s|² + 2 div s, [rows, 1]. */
  readonly implicit: () => Tensor
  /** |s|² + 2(1 − c) div s + 2c⟨s, z⟩/σ, [rows, 1]. */
  readonly mixed: (share: Tensor) => Tensor
}

/**
 * Inputs of an integrand, for all rows at once: vectors [rows, dim], numbers [rows, 1]. Each is computed or drawn only
 * if it is read, so an unused divergence or noise costs nothing.
 */
export interface Row<P extends string = string, H extends string = string> {
  /** s(x_t). */
  readonly score: Tensor
  /** −z/σ, whose conditional mean given x_t the score matches. */
  readonly target: Tensor
  /** Output of the network at x_t, in the parametrization that it predicts. */
  readonly output: Tensor
  /** Regression target of `output`: z if the network predicts the noise, x_0 if it predicts the data. */
  readonly outputTarget: Tensor
  /** Outputs of the score's heads at x_t, by name, [rows, any]. Throws if no head has the name. */
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
  /** Row paired with each row, for paired data, [rows, dim]. */
  readonly partner: Tensor
  /** Parameters by name; gradients flow through them. */
  readonly params: Readonly<Record<P, Tensor>>
  /** Constants of the term by name, from `Matching.constants`. */
  readonly constants: Readonly<Record<string, Tensor>>
  /** f(t) for each row, [rows, 1]. f is evaluated on numbers, and autodiff treats the result as constant. */
  readonly ofTime: (f: (time: number, schedule: Schedule) => number) => Tensor
  /** Noise level at another time. */
  readonly levelAt: (time: Time) => RowLevel
  /** s(x) at any points [rows, dim], at a level or a time. Gradients flow to x and to the parameters. */
  readonly scoreAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** Output of the network at any points, as `scoreAt`. */
  readonly outputAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /** Outputs of the heads at any points, by name, as `scoreAt`. */
  readonly headsAt: (x: Tensor, at: RowLevel | Time) => Readonly<Record<H, Tensor>>
  /** log p(x) of a mixture at a level or a time, [rows, 1]. Throws for a network, which has no density. */
  readonly logDensityAt: (x: Tensor, at: RowLevel | Time) => Tensor
  /**
   * div s(x_t), [rows, 1]. Exact by default, which takes a gradient for each dimension; estimated by random directions
   * if `estimate` is given (Hutchinson 1990).
   */
  readonly divergence: (estimate?: Partial<Estimate>) => Tensor
  /** Random directions, each [rows, dim]. `divergence` uses these same directions. */
  readonly directions: (estimate: Estimate) => ReadonlyArray<Tensor>
  /**
   * Standard normal draws, `count` arrays of [rows, dim], independent of z, of the directions and of each other, and
   * drawn again at every evaluation. A larger count returns the draws of a smaller one first.
   */
  readonly noises: (count: number) => ReadonlyArray<Tensor>
  /** Inputs for integrands that also support noise of which only a projection is drawn. */
  readonly projectedNoise: SeenNoise
  /**
   * The same row, data, noise and level with some parameters replaced: those of a teacher, a moving average, or the
   * model's own, to be differentiated. Default for `constants`: those of the row.
   */
  readonly under: (params: { readonly [N in P]?: Tensor }, constants?: Row['constants']) => Row<P, H>
  /**
   * A row of the student's own distribution and its importance share. Row: x_t = αc_k + √u_k x_0 with k the label, if
   * the data are standard normal nodes for each of K components. Share: Kπ_k. Both depend on the parameters, and
   * gradients flow through them.
   */
  readonly underModel: () => { readonly row: Row<P, H>; readonly share: Tensor }
}

/** Inputs of an integrand without noise: the data alone. */
export interface Datum extends Pick<Row, 'clean' | 'label' | 'params' | 'constants'> {
  /** log p(x_0), [rows, 1]. Throws for a network, which has no density. */
  readonly logDensity: () => Tensor
  /** The same datum with other parameters. */
  readonly under: (params: Readonly<Record<string, Tensor>>, constants?: Row['constants']) => Datum
}

// —— what can be asked for ——

interface DescribedBy {
  /** The objective that the term comes from. */
  readonly of: Objective
}

/**
 * Arrays that an integrand reads by name. A program is compiled once for all their values, but again for every number
 * that is written into the code.
 */
interface WithConstants {
  readonly constants?: Params.Params<string>
  /** Problems with a score's parameters and the dimension of the data. */
  readonly unfit?: Unfit
}

export type Unfit = (shapes: Params.Shapes<string>, score: string, dim: number) => ReadonlyArray<Problem.Problem>

/** Claims of a term, each checked by laws. */
interface TermClaims {
  /** Minimised by the true distribution, in population, and invariant under rotation. */
  readonly proper?: boolean
  /**
   * A part, such as a weight, is held constant by `stopGradient`: the gradient is then not the derivative of the value.
   */
  readonly holdsConstant?: boolean
}

/** A mean over noise levels of a function of a row, with the capabilities of that function. */
export interface Matching extends DescribedBy, TermClaims, WithConstants {
  readonly noiseLevels: NoiseLevels.NoiseLevels
  /** Loss of each row, [rows] or [rows, 1]. */
  readonly perRow: (row: Row) => Tensor
  /** Capability: the integrand supports projected noise, of which only the part that a mixture depends on is drawn. */
  readonly supportsProjectedNoise?: true | undefined
  /** Capability: the value does not change if data and mixture are translated together. */
  readonly translationInvariant?: true
  /** Capability: the loss stays finite as the noise vanishes. */
  readonly bounded?: true
  /**
   * Capability: single precision is enough, because no row's loss is a small difference of large numbers, if the
   * network itself allows it.
   */
  readonly float32?: true
  /**
   * Parametrization of the squared error. `perRow` returns the error of the network's output if all noise is drawn,
   * otherwise a loss of the score with the same mean, mixed by `projectedNoise.share`.
   */
  readonly measuredIn?: Parametrization.Parametrization
  /** Objective of which this is an unbiased estimate, over the draws that it makes beyond the noise. */
  readonly exact?: Objective
  /** The mixture whose score is the target. */
  readonly truth?: Mixture
  /** The mean is taken over the student's own distribution. */
  readonly underModel?: true
  /** Loss over all rows jointly: a number, from u = `perRow`, [rows, k]. The objective is then not a mean over rows. */
  readonly pairs?: (u: Tensor) => Tensor
}

/** A mean over the data, without noise. */
export interface Noiseless extends DescribedBy, TermClaims, WithConstants {
  readonly perDatum: (datum: Datum) => Tensor
  /** Capability: the value does not change if data and mixture are translated together. */
  readonly translationInvariant?: true
}

/** A function of the parameters alone. */
export interface Penalty extends DescribedBy {
  readonly penalty: (params: Params.Params<string>) => {
    readonly value: number
    readonly gradient: Params.Params<string>
  }
  /** Capability: the diagonal of the Hessian, if the Hessian is diagonal. */
  readonly curvature?: (params: Params.Params<string>) => Params.Params<string>
  /** Problems with a score's parameters. */
  readonly unfit?: Unfit
  /** The gradient is discontinuous, so finite differences disagree with it near a corner. */
  readonly cornered?: true
}

/** A term that is not composed of others. Other rooms branch on its capabilities, never on its name. */
export type Term = Matching | Noiseless | Penalty

export type Bare<T> = T extends unknown ? Omit<T, 'of'> : never

/** A term without the objective it comes from. */
export type Form = Bare<Term>

/** An objective inside another, and its weight. */
export interface Part {
  /** Path into the fields, such as `objectives[0]`. */
  readonly at: string
  readonly objective: Objective
  /** Default: 1. */
  readonly weight?: Weighting.Weighting
  /** Probability that a row's label is left out, drawn again at every evaluation. Default: 0. */
  readonly labelDropout?: number
}

/** An objective that is a sum of others. */
export interface Parts {
  readonly parts: ReadonlyArray<Part>
}

/**
 * Meaning of an objective: a function of a row, of a row without noise, of the parameters, or a sum of other
 * objectives.
 */
export type Meaning = Form | Parts

export interface Objective extends Case.Value<'Objective', Meaning> {}

/**
 * Defines a custom objective with fields. Its integrand is a function of a row in the tensor vocabulary that returns
 * [rows] or [rows, 1], differentiated and compiled like the built-in ones. `Row` lists its inputs.
 *
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

/** A term, its path in the objective, and its weight: a number times the weightings of its noise levels. */
export interface WeightedTerm {
  readonly path: string
  readonly weight: number
  readonly weightings: ReadonlyArray<Weighting.Weighting>
  /** Probability that a row's label is left out. */
  readonly labelDropout: number
  readonly term: Term
}

/** Meaning of an objective. Equal objectives return the same object, so a compiled program is found again. */
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
