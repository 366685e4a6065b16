/**
 * Objectives: what is minimised, as a mean over the rows of the data and over the noise.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Objective, Schedule, TimeLaw } from 'ornstein'
 *
 * const denoising = Objective.denoising(TimeLaw.at(0.3))
 * const objective = Objective.sum([denoising, pipe(Objective.regularizer({ norm: 'l2' }), Objective.weight(0.1))])
 *
 * // Its terms: those with noise levels, and those of the parameters alone.
 * const terms = Objective.terms(objective)
 * assert.deepEqual(
 *   terms.map(({ term }) => Objective.isMatching(term)),
 *   [true, false]
 * )
 * assert.deepEqual(
 *   terms.map(({ term }) => Objective.isPenalty(term)),
 *   [false, true]
 * )
 * const own = Objective.custom('mine', TimeLaw.at(0.3), ({ score }) => sum(square(score), 1))
 * const builtIn = [denoising, own].map(each =>
 *   Objective.terms(each).every(({ term }) => !Objective.isPenalty(term) && Objective.isBuiltIn(term))
 * )
 * assert.deepEqual(builtIn, [true, false])
 *
 * // A term over pairs of rows as one of rows, and others as they are: where a run looks for a row that is not finite.
 * const pairs = Objective.pairwise(
 *   'spread',
 *   TimeLaw.at(1),
 *   ({ clean }) => clean,
 *   (a, b) => sum(square(sub(a, b)), 2)
 * )
 * const [{ term }] = Objective.terms(pairs)
 * assert('pairs' in term && !('pairs' in Objective.rowByRow(term)))
 * assert.equal(Objective.rowByRow(terms[0].term), terms[0].term)
 *
 * // The same objective at another noise level; on a schedule that has no such time it says so.
 * const later = Objective.retimed(TimeLaw.at(2))(objective)
 * assert.match(Objective.formula(later), /t = 2/)
 * assert.deepEqual(Objective.incompatibilities(Schedule.ornsteinUhlenbeck)(later), [])
 * assert.equal(Objective.incompatibilities(Schedule.cosine())(later).length, 1)
 * // To an optimizer, what has the same terms is the same.
 * assert.deepEqual(
 *   Objective.subject(Schedule.cosine())(denoising),
 *   Objective.subject(Schedule.cosine())(Objective.denoising(TimeLaw.at(0.3)))
 * )
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import {
  add,
  div,
  mean,
  mul,
  neg,
  ones,
  reshape,
  slice,
  square,
  sub,
  sum as total,
  vjp,
  type NdArray,
  type Tensor
} from '../../lib/index.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../core/index.js'
import * as Limits from '../core/limits.js'
import { without } from '../core/record.js'
import * as Mixture from '../mixture/mixture.js'
import * as Parametrization from '../family/parametrization.js'
import * as Params from '../family/params.js'
import { concept as ofScore, type Score } from '../family/family.js'
import { remembered } from '../../lib/plain/remembered.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Subject } from '../optimizer/optimizer.js'
import { level, type Level, type Schedule } from '../schedule/schedule.js'
import * as Along from './along.js'
import * as Teacher from './teacher.js'
import * as TimeLaw from './timeLaw.js'
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
/** @deprecated Its name is `SeenNoise`. */
export type Seen = SeenNoise

/**
 * What an integrand may look at, for all rows at once: [rows, dim], or [rows, 1] for numbers. Only what is read is computed
 * and drawn, so that a divergence or a second noise costs nothing where nobody asks for it.
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
  /** Standard normal and independent of z, from a key of its own; drawn again at every evaluation. */
  readonly secondNoise: Tensor
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
  /** For integrands that also accept noise of which only a part is drawn. */
  readonly seen: SeenNoise
  /**
   * The same row, data, noise and level, seen by a model with other parameters where they are named: a teacher, an average of past
   * ones, or the same, to be differentiated. Its constants are these, where any are given.
   */
  readonly under: (params: Readonly<Record<string, Tensor>>, constants?: Row['constants']) => Row<P, H>
  /**
   * A row of the student's own distribution, x_t = αc_k + √u_k x_0, k the label, where rows are standard normal nodes for each of K
   * components; and Kπ_k, by which it counts. Both depend on the parameters, and gradients flow through them.
   */
  readonly overStudent: () => { readonly row: Row; readonly share: Tensor }
}

/** What an integrand without noise sees: the data alone. */
export interface Datum extends Pick<Row, 'clean' | 'label' | 'params' | 'constants'> {
  /** log p(x_0), [rows, 1]; a network, which has no density, is refused. */
  readonly logDensity: () => Tensor
  /** The same datum, seen by a model with other parameters. */
  readonly under: (params: Readonly<Record<string, Tensor>>, constants?: Row['constants']) => Datum
}

// —— what can be asked for ——

interface Written {
  /** The description that asks for it. */
  readonly of: Objective
}

/** Arrays that an integrand reads by name. A program is compiled once for all of their values; what is written into the code is not. */
interface WithConstants {
  readonly constants?: Params.Params<string>
  /** Its problems for the parameters of a score, on data of a dimension. */
  readonly unfit?: Unfit
}

type Unfit = (shapes: Params.Shapes<string>, score: string, dim: number) => ReadonlyArray<Problem.Problem>

/** What is claimed of a term; laws hold it to that. */
interface Claims {
  /** Minimised by the truth, in population, and turning with the axes. */
  readonly proper?: boolean
}

/** A mean over noise levels of a function of a row, and what that function is known to be able to do. */
export interface Matching extends Written, Claims, WithConstants {
  readonly timeLaw: TimeLaw.TimeLaw
  /** The loss of a row, [rows] or [rows, 1]. */
  readonly perRow: (row: Row) => Tensor
  /** Capability: it serves noise of which only what a mixture sees is drawn. */
  readonly spans?: true | undefined
  /** Capability: it is the same of data and mixture moved together. */
  readonly moves?: true
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
  /** The share of the denoising form is chosen from the gradients of blocks of rows. */
  readonly adaptive?: true
  /** The mixture whose score is the target. */
  readonly truth?: Mixture.Mixture
  /** Its mean is over the student's own distribution. */
  readonly overStudent?: true
  /** A loss of what all rows say together, u [rows, k] of `perRow`: a number. It then is no mean over rows. */
  readonly pairs?: (u: Tensor) => Tensor
}

/** A mean over the data, without noise. */
export interface Noiseless extends Written, Claims, WithConstants {
  readonly perDatum: (datum: Datum) => Tensor
  /** Capability: it is the same of data and mixture moved together. */
  readonly moves?: true
}

/** A function of the parameters alone. */
export interface Penalty extends Written {
  readonly penalty: (params: Params.Params<string>) => {
    readonly value: number
    readonly gradient: Params.Params<string>
  }
  /** Capability: the diagonal of its Hessian, where that is all there is of it. */
  readonly curvature?: (params: Params.Params<string>) => Params.Params<string>
  /** Its problems for the parameters of a score. */
  readonly unfit?: Unfit
  /** It is not symmetric in the components. */
  readonly singles?: true
  /** Its gradient has corners, which differences see. */
  readonly cornered?: true
}

/** A term that is not made of others. The rest of the program asks what it can do, never what it is called. */
export type Term = Matching | Noiseless | Penalty

type Bare<T> = T extends unknown ? Omit<T, 'of'> : never

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

export interface Meaning {
  readonly form: Form | Parts
}

export interface Objective extends Case.Value<'Objective', Meaning> {}

export const concept = Concept<Objective>('Objective', 'what is minimised')

export type Spec<N extends string, F extends Field.Fields, A extends Case.Call, On extends string | null = null> = Omit<
  Case.Spec<N, F, never, A, On>,
  'meaning'
> & {
  /** What it asks for: a function of a row, of a row without noise, of the parameters, or others that it is the sum of. */
  readonly meaning: (fields: Field.Of<F>) => Form | Parts
}

/**
 * An objective of one's own, with fields: its integrand is a function of a row in the tensor vocabulary, [rows] or
 * [rows, 1] out, differentiated and compiled like the built-in ones. `Row` says what it may look at.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Field, Objective, TimeLaw } from 'ornstein'
 *
 * const power = Objective.define({
 *   name: 'power',
 *   about: 'a power of the error of the score',
 *   fields: { timeLaw: TimeLaw.field, squarings: Field.count({ default: 2 }) },
 *   formula: ({ squarings }) => `E |s(x_t) + z/σ|^${2 ** squarings}`,
 *   meaning: ({ timeLaw, squarings }) => ({
 *     timeLaw,
 *     perRow: ({ score, target }) =>
 *       Array.from({ length: squarings - 1 }).reduce(square, sum(square(sub(score, target)), 1))
 *   })
 * })
 * assert.equal(
 *   Objective.show(Objective.weight(0.5)(power({ timeLaw: TimeLaw.at(0.3) }))),
 *   'Objective.weight(0.5)(Objective.power({ timeLaw: TimeLaw.at(0.3), squarings: 2 }))'
 * )
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const On extends string | null = null
>({ meaning, ...spec }: Spec<N, F, A, On>): Case.Constructor<Objective, N, F, A, On> {
  return Case.define('Objective', { ...spec, meaning: (fields: Field.Of<F>): Meaning => ({ form: meaning(fields) }) })
}

// —— objectives ——

const rowSum = (x: Tensor): Tensor => total(x, 1, true)

/**
 * |y − target|² of the output where all noise is drawn: another parametrization only weighs it. Else what has the mean of
 * |s + z/σ|² whatever the share c of the denoising form (Stein): |s|² + 2(1 − c) div s + 2c⟨s, z⟩/σ + (c|z|² + (1 − c)d)/σ².
 */
const denoisingRow = (row: Row): Tensor => {
  const { seen, noisy, level } = row
  const { share } = seen
  if (share === null) return rowSum(square(sub(row.output, row.outputTarget)))
  const squares = add(mul(share, seen.squaredNoise()), mul(sub(1, share), noisy.shape[1] ?? 1))
  return add(seen.mixed(share), div(squares, square(level.sigma)))
}

const implicitRow = ({ seen }: Row): Tensor => seen.implicit()

/** The square of s, or of s along v, and 2 vᵀ(∂s/∂x)v, in the mean over directions v. */
const estimatedRow =
  (along: boolean, estimate: Estimate) =>
  ({ score, noisy, level, scoreAt, directions }: Row): Tensor => {
    const all = directions(estimate).map(v => {
      const curvature = mul(2, rowSum(mul(vjp(x => scoreAt(x, level))(noisy, v), v)))
      return add(along ? square(rowSum(mul(v, score))) : rowSum(square(score)), curvature)
    })
    return div(all.reduce(add), estimate.probes)
  }

const inParametrization = {
  /** Over which noise levels. */
  timeLaw: TimeLaw.field,
  /** In which the loss is measured; null for the score. */
  parametrization: Field.optional(Field.of(Parametrization.concept))
}

/** The loss as it is written, and as the score form with its weight. */
const form = (given: Parametrization.Parametrization | null): string => {
  const parametrization = given ?? Parametrization.score
  const weight = Parametrization.weightFormula(Parametrization.score, parametrization)
  const own = `E ${Parametrization.lossFormula(parametrization)}`
  return weight === '1'
    ? own
    : `${own} = E ${weight.includes('/') ? `[${weight}]` : weight} ${Parametrization.lossFormula(Parametrization.score)}`
}

const denoisingCase = define({
  name: 'denoising',
  about: 'the DDPM objective, in any parametrization (arXiv 2006.11239)',
  fields: inParametrization,
  call: ['timeLaw', 'parametrization'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ timeLaw, parametrization }) => `${form(parametrization)}, ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, parametrization }) => ({
    timeLaw,
    perRow: denoisingRow,
    measuredIn: parametrization ?? Parametrization.score,
    spans: true,
    moves: true,
    float32: true,
    proper: true
  })
})

/**
 * The DDPM objective: L = E |s(x_t) + z/σ|², minimised by the score of x_t. (Not ½L; the gradient is with respect to the
 * parameters at time 0, not α times them.) In another parametrization y = p x_0 + q z it is E |y(x_t) − (p x_0 + q z)|²,
 * which is the same loss with another weight at each level: σ² for the noise, σ⁴/α² for the data,
 * σ²(α² + σ²)²/α² for the velocity (`Parametrization.weight`).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, Parametrization, TimeLaw } from 'ornstein'
 *
 * assert.equal(
 *   Objective.formula(Objective.denoising(TimeLaw.at(0.3), Parametrization.noise)),
 *   'E |ε(x_t) − z|² = E σ² |s(x_t) + z/σ|², at t = 0.3'
 * )
 */
export const denoising = Case.called(
  denoisingCase,
  (timeLaw: TimeLaw.TimeLaw, parametrization?: Parametrization.Parametrization) =>
    denoisingCase(timeLaw, parametrization ?? null)
)

const estimates = {
  hutchinson: '|s(x_t)|² + 2 v·∂s(x_t)v',
  sliced: '(v·s(x_t))² + 2 v·∂s(x_t)v'
} as const

const implicitCase = define({
  name: 'implicit',
  about: 'implicit score matching, with the exact divergence (Hyvärinen 2005)',
  fields: {
    /** Over which noise levels. */
    timeLaw: TimeLaw.field,
    /** How the divergence is taken; exactly unless given. */
    estimate: Field.optional(
      Field.record({
        divergence: Field.oneOf(['hutchinson', 'sliced']),
        probes: Field.count({ default: 1, most: Limits.draws }),
        law: Field.oneOf(['rademacher', 'normal'])
      })
    )
  },
  call: ['timeLaw', 'estimate'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ timeLaw, estimate }) =>
    `E [${
      estimate === null
        ? '|s(x_t)|² + 2 div s(x_t)]'
        : `${estimates[estimate.divergence]}], ${estimate.probes} ${estimate.law} v`
    }, ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, estimate }): Form => ({
    timeLaw,
    bounded: true,
    moves: true,
    proper: true,
    ...(estimate === null
      ? { perRow: implicitRow, spans: true }
      : { perRow: estimatedRow(estimate.divergence === 'sliced', estimate), exact: implicit(timeLaw) })
  }),
  // The first version wrote the estimate by a tag of its own.
  earlier: json => {
    const divergence = Case.field(json, 'divergence')
    const tag = Case.field(divergence, '_tag')
    return typeof tag === 'string'
      ? {
          _tag: Case.field(json, '_tag'),
          timeLaw: Case.field(json, 'timeLaw'),
          estimate: {
            divergence: tag.toLowerCase(),
            probes: Case.field(divergence, 'probes'),
            law: Case.field(divergence, 'law')
          }
        }
      : json
  }
})

/**
 * Implicit score matching: L = E[|s(x_t)|² + 2 div s(x_t)], the denoising objective less d/σ², with no noise target
 * (Hyvärinen 2005). The form to integrate over time: it stays finite as t → 0.
 *
 * The divergence of a custom score takes a gradient for each dimension. With random v, E vvᵀ = I, one for each of
 * `probes` has the same mean: 'hutchinson' takes |s|² + 2 vᵀ(∂s/∂x)v (Hutchinson 1990), 'sliced' takes
 * (v·s)² + 2 vᵀ(∂s/∂x)v (Song et al. 2019, arXiv 1905.07088, equation 7).
 */
export const implicit = Case.called(
  implicitCase,
  (
    timeLaw: TimeLaw.TimeLaw,
    {
      divergence = 'exact',
      probes = 1,
      law = 'rademacher'
    }: {
      readonly divergence?: 'exact' | 'hutchinson' | 'sliced'
      readonly probes?: number
      readonly law?: Estimate['law']
    } = {}
  ) => implicitCase(timeLaw, divergence === 'exact' ? null : { divergence, probes, law })
)

const controlVariateCase = define({
  name: 'controlVariate',
  about: 'denoising and implicit mixed for the least variance',
  fields: inParametrization,
  call: ['timeLaw', 'parametrization'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ timeLaw, parametrization }) =>
    `${form(parametrization)}, less its implicit form, ${TimeLaw.formula(timeLaw)}`,
  // Both of its forms are those of the denoising loss.
  meaning: ({ timeLaw, parametrization }): Form => ({
    timeLaw,
    perRow: denoisingRow,
    measuredIn: parametrization ?? Parametrization.score,
    moves: true,
    proper: true,
    exact: denoising(timeLaw, parametrization ?? undefined),
    adaptive: true
  })
})

/**
 * The denoising objective, its mean unchanged and its gradient with less variance: at each level
 * (1 − c) D + c (I + d/σ²), D the denoising and I the implicit form, which have the same mean whatever c.
 *
 * The c of least variance of the gradient is Cov(∂D, ∂D − ∂I)/Var(∂D − ∂I), traces over all parameters. It is estimated
 * from blocks of rows, crosswise: c for one half of the rows is taken from the other half, whose noise is independent,
 * so the estimate stays unbiased. Fewer than four rows leave nothing to estimate from, and take c = 1. c is held in
 * [−1, 2], and counts as constant: the gradient is not the derivative of the value.
 *
 * Costs both forms. For plain noise only: projected noise mixes the forms too, by a share that is known before the draw and needs
 * one pass (`Expectation.projected`).
 */
export const controlVariate = Case.called(
  controlVariateCase,
  (timeLaw: TimeLaw.TimeLaw, parametrization?: Parametrization.Parametrization) =>
    controlVariateCase(timeLaw, parametrization ?? null)
)

const mixtureField: Field.Field<Mixture.Mixture> = Field.codec(Mixture.codec, {
  domain: 'a mixture',
  remedy: 'give Mixture.of({ means: … })',
  show: Mixture.show,
  arbitrary: fc =>
    fc.constantFrom(
      Mixture.of({ means: [[-1], [2]], weights: [1, 3], variances: [0.5, 2] }),
      Mixture.of({ means: [[0]] })
    ),
  sample: Mixture.of({ means: [[-2], [2]] })
})

const againstCase = define({
  name: 'against',
  about: 'the squared distance from the score of a known mixture (the Fisher divergence)',
  fields: {
    /** The mixture whose score is matched. */
    truth: mixtureField,
    /** Over which noise levels. */
    timeLaw: TimeLaw.field
  },
  call: ['truth', 'timeLaw'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ timeLaw }) => `E |s(x_t) − s*(x_t)|², ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ truth, timeLaw }) => ({
    timeLaw,
    truth,
    bounded: true,
    constants: Teacher.constants(truth),
    unfit: (_, __, dim) =>
      Problem.unless(
        Mixture.dim(truth) === dim,
        'objective.truth',
        `a mixture in ${Mixture.dim(truth)} dimensions`,
        `one in ${dim}, as the data are`,
        'give the truth as many columns as the data'
      ),
    perRow: Teacher.perRow(truth)
  })
})

/**
 * The Fisher divergence from a known mixture: L = E|s(x_t) − s*(x_t)|², s* its score at the level. On rows of that mixture, or on
 * `Population.of` it, this has the gradient and the Hessian of `implicit`, and is 0 at the truth: where `implicit` less its
 * minimum has lost all digits, at a distance of 1e-8, this has eight.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Mixture, Objective, Params, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.against(Mixture.symmetricPair([2]), TimeLaw.at(0.3)),
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)({ rows: 2, dim: 1, values: Float64Array.of(-2.5, 1) }))
 * assert.ok(evaluate(Params.of({ mean: [2] }), Key.fromSeed(0)).value < 1e-30)
 */
export const against = Case.called(
  againstCase,
  (truth: Mixture.Mixture | { readonly mixture: Mixture.Mixture }, timeLaw: TimeLaw.TimeLaw) =>
    againstCase('mixture' in truth ? truth.mixture : truth, timeLaw)
)

const unlikelihood: Noiseless['perDatum'] = ({ logDensity }) => neg(logDensity())

/** The mean negative log-likelihood of the data at time 0, −E log p(x_0), constants included. */
export const likelihood = define({
  name: 'likelihood',
  about: 'the mean negative log-likelihood, for mixtures',
  formula: () => '−E log p(x_0)',
  meaning: () => ({ perDatum: unlikelihood, moves: true, proper: true })
})

const namesField = Field.codec(t.readonlyArray(t.string), {
  domain: 'a list of names of parameters',
  remedy: "write ['means']",
  show: names => `[${names.map(name => `'${name}'`).join(', ')}]`,
  arbitrary: fc => fc.constant(['means']),
  sample: ['means']
})

const paramsField: Field.Field<Params.Params<string>> = Field.codec(Params.codec, {
  domain: 'parameters by name',
  remedy: 'give Params.of({ … })',
  show: Params.show,
  arbitrary: fc => fc.constant(Params.of({ logits: [0, 0] })),
  sample: Params.of({ logits: [0, 0] })
})

interface Penalized {
  readonly norm: 'l2' | 'l1'
  readonly smoothing: number
  readonly parameters: ReadonlyArray<string> | null
  readonly towards: Params.Params<string> | null
}

/** A penalty entry by entry. */
const penaltyOf = ({
  norm,
  smoothing,
  parameters,
  towards
}: Penalized): Required<Pick<Penalty, 'penalty' | 'curvature'>> => {
  const isWanted = (params: Params.Params<string>, name: string): boolean =>
    (parameters ?? Params.names(towards ?? params)).includes(name)
  const difference = (name: string, { values }: NdArray): Float64Array =>
    towards !== null && name in towards ? values.map((value, i) => value - towards[name].values[i]) : values
  // √(δ² + ε²) − ε without cancellation, and 0 where both are.
  const size = (delta: number): number => Elementary.hypot(delta, smoothing)
  const one = (delta: number): number =>
    norm === 'l2' ? delta * delta : delta === 0 ? 0 : (delta * delta) / (size(delta) + smoothing)
  const slope = (delta: number): number => (norm === 'l2' ? 2 * delta : delta === 0 ? 0 : delta / size(delta))
  const bend = (delta: number): number =>
    norm === 'l2' ? 2 : smoothing === 0 ? 0 : ((smoothing / size(delta)) * (smoothing / size(delta))) / size(delta)
  const entrywise =
    (of: (delta: number) => number) =>
    (params: Params.Params<string>): Params.Params<string> =>
      Params.map<NdArray, NdArray>((array, name) => ({
        shape: array.shape,
        values: isWanted(params, name) ? difference(name, array).map(of) : new Float64Array(array.values.length)
      }))(params)
  return {
    penalty: params => ({
      value: Object.entries<NdArray>(params).reduce(
        (sum, [name, array]) =>
          isWanted(params, name) ? difference(name, array).reduce((sum, delta) => sum + one(delta), sum) : sum,
        0
      ),
      gradient: entrywise(slope)(params)
    }),
    curvature: entrywise(bend)
  }
}

const unfitIn =
  (
    { parameters = null, towards }: Partial<Penalized> & Pick<Penalized, 'towards'>,
    field = 'objective.towards'
  ): Unfit =>
  (shapes, score) => {
    const names = Params.names(shapes)
    const named: ReadonlyArray<readonly [field: string, name: string]> = [
      ...(parameters ?? []).map((name): readonly [string, string] => ['objective.parameters', name]),
      ...(towards === null ? [] : Params.names(towards)).map((name): readonly [string, string] => [field, name])
    ]
    return named.flatMap(([at, name]) => {
      if (!names.includes(name))
        return [Problem.of(at, name, `a parameter of ${score}, which has ${names.join(', ')}`, 'leave it out')]
      const wanted = `[${shapes[name].join(', ')}]`
      const given = at === field && towards !== null ? `[${towards[name].shape.join(', ')}]` : wanted
      return Problem.unless(
        given === wanted,
        `${at}.${name}`,
        `shape ${given}`,
        `of shape ${wanted}`,
        'reshape it to fit the score and the data'
      )
    })
  }

/**
 * A penalty on parameters: Σ (θ − θ_0)² (l2) or Σ √((θ − θ_0)² + ε²) − ε (l1, ε = `smoothing`), over the entries of the
 * named parameters; θ_0 is 0 unless given. (Not half of it; `weight` says how much.)
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, Params, TimeLaw } from 'ornstein'
 *
 * const pulled = Objective.sum([
 *   Objective.denoising(TimeLaw.at(0.3)),
 *   Objective.weight(0.01)(Objective.regularizer({ norm: 'l2', towards: Params.of({ logVariances: [0, 0] }) }))
 * ])
 * assert.match(Objective.formula(pulled), /0.01 · \(\|logVariances − θ_0\|²\)/)
 */
export const regularizer = define({
  name: 'regularizer',
  about: 'a penalty on parameters: l2 or l1',
  fields: {
    /** 'l2' for squares, 'l1' for sizes. */
    norm: Field.oneOf(['l2', 'l1']),
    /** ε, which rounds off the corner of l1. */
    smoothing: Field.quiet(Field.notNegative({ default: 0 })),
    /** Which are penalised; all unless given. */
    parameters: Field.optional(namesField),
    /** θ_0; 0 unless given. */
    towards: Field.optional({
      ...paramsField,
      problems: (name, u) =>
        !paramsField.is(u)
          ? paramsField.problems(name, u)
          : Params.names(u).flatMap(own =>
              Problem.unless(
                u[own].values.every(Number.isFinite),
                `${name}.${own}`,
                'NaN or infinite somewhere',
                'finite throughout',
                'give finite numbers'
              )
            )
    } satisfies Field.Field<Params.Params<string>>)
  },
  formula: ({ norm, smoothing, parameters, towards }) => {
    const of = (parameters ?? (towards === null ? ['θ'] : Params.names(towards))).join(', ')
    const difference = towards === null ? of : `${of} − θ_0`
    return norm === 'l2'
      ? `|${difference}|²`
      : smoothing === 0
        ? `|${difference}|_1`
        : `Σ √((${difference})² + ${smoothing}²) − ${smoothing}`
  },
  meaning: fields => ({
    ...penaltyOf(fields),
    unfit: unfitIn(fields),
    ...(fields.towards !== null && { singles: true }),
    // Differences see the corner of |θ| unless it is rounded off.
    ...(fields.norm === 'l1' && fields.smoothing < 0.1 && { cornered: true })
  })
})

/** w · L; a weighting multiplies the loss of each noise level by its own weight. */
export const weight = define({
  name: 'weight',
  about: 'times a number or a Weighting',
  fields: {
    /** A number, or a `Weighting` by noise level. */
    weight: Weighting.field,
    /** What counts so much. */
    objective: Field.of(concept)
  },
  call: ['weight'],
  on: 'objective',
  example: { weight: Weighting.minSnr(), objective: denoising(TimeLaw.at(0.3)) },
  formula: ({ weight, objective }) => `${Weighting.formula(weight)} · (${Case.formula(objective)})`,
  // A weighting needs noise levels to weigh.
  check: ({ weight, objective }) =>
    O.isSome(Weighting.everywhere(weight)) || !isSound(objective)
      ? []
      : terms(objective)
          .filter(({ term }) => !isMatching(term))
          .map(({ term }) =>
            Problem.of(
              'weight',
              `${Weighting.show(weight)} of ${show(term.of)}`,
              'a number, as a term without noise levels needs',
              'weight it by a number of its own'
            )
          ),
  meaning: ({ weight, objective }) => ({ parts: [{ at: 'objective', weight, objective }] }),
  // The first version wrote a number as such.
  earlier: json => {
    const given = Case.field(json, 'weight')
    return typeof json === 'object' && (typeof given === 'number' || typeof given === 'string')
      ? { ...json, weight: { _tag: 'constant', value: given } }
      : json
  }
})

const each = Field.list(concept)
const some: typeof each = {
  ...each,
  problems: (name, given) =>
    Array.isArray(given) && given.length === 0
      ? [Problem.of(name, '[]', 'a list with at least one objective', 'add one')]
      : each.problems(name, given)
}

/** L_1 + L_2 + … */
export const sum = define({
  name: 'sum',
  about: 'several at once',
  fields: {
    /** The terms. */
    objectives: some
  },
  call: ['objectives'],
  example: { objectives: [denoising(TimeLaw.at(0.3)), implicit(TimeLaw.at(0.3))] },
  formula: ({ objectives }) => objectives.map(objective => Case.formula(objective)).join(' + '),
  meaning: ({ objectives }) => ({
    parts: objectives.map((objective, i) => ({ at: `objectives[${i}]`, objective }))
  })
})

/**
 * An objective of one's own: a function of a row in the tensor vocabulary, [rows] or [rows, 1] out, differentiated like
 * the built-in ones. `Row` says what it may look at: the model at other points and times, its divergence, its parameters, a
 * second noise; only what is read is computed. docs/objectives.md shows six that are in the literature.
 * `{ float32: true }` says that single precision is enough for it: that its rows are no small differences of large numbers.
 * `{ bounded: true }` says that it stays finite as the noise vanishes, so that a time law may begin at 0: one that reads its
 * target, −z/σ, does not.
 *
 * @example
 * import { mean, sqrt, square, sub, add } from 'ornstein/float64'
 * import { Objective, TimeLaw } from 'ornstein'
 *
 * export const pseudoHuber = Objective.custom('pseudo-Huber', TimeLaw.at(0.3), ({ score, target }) =>
 *   mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
 * )
 */
export const custom = define({
  name: 'custom',
  about: 'your own, row by row in the tensor vocabulary',
  fields: {
    /** How it is printed. */
    name: Field.text({ remedy: 'name it' }),
    /** Over which noise levels. */
    timeLaw: TimeLaw.field,
    /** The loss of each row, [rows] or [rows, 1]. */
    perRow: Field.code(({ score, target }: Row): Tensor => mean(square(sub(score, target)), 1)),
    /** Whether single precision is enough for it. */
    float32: Field.quiet(Field.boolean({ default: false })),
    /** Whether it stays finite as the noise vanishes, so that times may begin at 0. */
    bounded: Field.quiet(Field.boolean({ default: false }))
  },
  call: ['name', 'timeLaw', 'perRow', '{}'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ name, timeLaw }) => `E ${name}(s(x_t), −z/σ), ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, perRow, float32, bounded }) => ({
    timeLaw,
    perRow,
    ...(float32 && { float32 }),
    ...(bounded && { bounded })
  })
})

/** uᵢ as [n, 1, k] and all others of each row as [n, n − 1, k]: of a row i those of i + 1, i + 2, … */
const pairsOf = (u: Tensor): { readonly one: Tensor; readonly others: Tensor } => {
  const [n, k] = u.shape
  // All rows n + 1 times, cut into n pieces of n + 1: piece i begins and ends with row i.
  const again = reshape(mul(ones([n + 1, 1, 1]), reshape(u, [1, n, k])), [n, n + 1, k])
  return { one: reshape(u, [n, 1, k]), others: slice(again, [0, 1, 0], [n, n - 1, k]) }
}

const squaredDistance = (a: Tensor, b: Tensor): Tensor => total(square(sub(a, b)), 2)

/**
 * An objective over pairs of rows, 1/(n(n − 1)) Σ_{i ≠ j} h(uᵢ, uⱼ): `perRow` gives what a row says, u [rows, k], and `between` h of
 * u [n, 1, k] and of the others [n, n − 1, k], as [n, n − 1] (the last axis summed). On all rows of independent data, or on batches of them,
 * it is an unbiased estimate of E h(u, u′) (Hoeffding 1948). `over` takes the place of the mean over the others: it is given
 * the pairs [n, n − 1] and u, and gives [n], as contrastive losses need.
 *
 * What rows say is compiled, with its gradient; the pairs are of numbers alone. All n(n − 1)k of them are in memory: more than 4 194 304
 * are refused, so that of k = 2 a batch has at most 1448 rows. One noise level, rows without weights.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * // E|x − x′|² is twice the variance, by the divisor n − 1.
 * const spread = Objective.pairwise('spread', TimeLaw.at(1), ({ clean }) => clean, (a, b) => sum(square(sub(a, b)), 2))
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: spread,
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)({ rows: 3, dim: 1, values: Float64Array.of(1, 2, 6) }))
 * assert.ok(Math.abs(evaluate(Params.of({ mean: [1] }), Key.fromSeed(0)).value - 2 * 7) < 1e-14)
 */
export const pairwise = define({
  name: 'pairwise',
  about: 'your own, over pairs of rows of a batch: MMD, energy scores, contrastive losses',
  fields: {
    /** What it is called where it is printed. */
    name: Field.text({ remedy: 'name it' }),
    /** Over which noise levels: one. */
    timeLaw: TimeLaw.field,
    /** What each row says, u. */
    perRow: Field.code(({ score }: Row): Tensor => score),
    /** What two rows say, h(u, u′). */
    between: Field.code(squaredDistance),
    /** How the pairs of a row make one number; their mean unless given. */
    over: Field.optional(Field.code<(pairs: Tensor, others: Tensor) => Tensor>(pairs => mean(pairs, 1)))
  },
  call: ['name', 'timeLaw', 'perRow', 'between', '{}'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ name, timeLaw }) => `E ${name}(uᵢ, uⱼ), i ≠ j, ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, perRow, between, over }) => ({
    timeLaw,
    perRow,
    pairs: (u: Tensor) => {
      const { one, others } = pairsOf(u)
      const pairs = reshape(between(one, others), [u.shape[0], u.shape[0] - 1])
      return mean(over === null ? mean(pairs, 1) : over(pairs, u))
    }
  })
})

/**
 * A function of a row of this score: its parameters and heads are known by name. It is the function itself, whose names the compiler then
 * checks.
 *
 * @example
 * import { square, sub, sum } from 'ornstein/float64'
 * import { Net, Objective, Parametrization, Score, TimeLaw } from 'ornstein'
 *
 * // One head learns the noise, the other the square of the error of the first.
 * const heads = { noise: Net.output(), error: Net.output() }
 * const score = Score.network(Net.mlp({ hidden: [16], heads }), { heads: { noise: Parametrization.noise } })
 * export const both = Objective.custom(
 *   'noise and error',
 *   TimeLaw.uniform(0.01, 1),
 *   Objective.seeing(score)(({ heads: { noise: found, error }, noise }) => {
 *     const off = square(sub(found, noise))
 *     return sum(sub(off, square(sub(error, off))), 1)
 *   })
 * )
 */
export const seeing =
  <P extends string, H extends string>(score: Score<P, H>) =>
  (perRow: (row: Row<P, H>) => Tensor): Matching['perRow'] =>
    // A row has what the score has; of another score names that are not there are refused.
    ofScore.is(score) ? perRow : refuse('Objective.seeing: give the score whose rows it sees')

/**
 * The objective with the label of some rows left out: each row alone with probability `share`, drawn again at every
 * evaluation. A network that is trained so learns the score of each class and that of all together (classifier-free guidance,
 * Ho & Salimans 2022, arXiv 2207.12598).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, TimeLaw } from 'ornstein'
 *
 * const trained = Objective.labelDropout(0.1)(Objective.denoising(TimeLaw.uniform(0.01, 3)))
 * assert.equal(Objective.terms(trained)[0].labelDropout, 0.1)
 */
export const labelDropout = define({
  name: 'labelDropout',
  about: 'without the label of some rows, for guidance (arXiv 2207.12598)',
  fields: {
    /** The chance that the label of a row is left out. */
    share: Field.fraction({ suggestion: 0.1 }),
    /** What is trained so. */
    objective: Field.of(concept)
  },
  call: ['share'],
  on: 'objective',
  example: { share: 0.1, objective: denoising(TimeLaw.at(0.3)) },
  formula: ({ share, objective }) => `${Case.formula(objective)}, without the label of ${share} of the rows`,
  meaning: ({ share, objective }) => ({ parts: [{ at: 'objective', objective, labelDropout: share }] })
})

/**
 * The objective of one that takes few of them. Those at random are no sums and weigh no others: of these the chance that each part
 * is taken falls with the number of parts.
 */
const ofFew: Field.Field<Objective, Objective> = {
  ...Field.of(concept),
  arbitrary: (_, any) => any(concept.name, 3)
}

/** ⟨∇p, v⟩ of a penalty p, and the product of its Hessian with v. */
const penaltyAlong = (direction: Params.Params<string>, { penalty, curvature, ...rest }: Bare<Penalty>): Form => ({
  ...rest,
  // A direction has entries for each component.
  singles: true,
  penalty: params => ({
    value: Object.entries<NdArray>(penalty(params).gradient).reduce(
      (sum, [name, { values }]) => values.reduce((sum, g, i) => sum + g * direction[name].values[i], sum),
      0
    ),
    gradient: Params.zipWith((a, b) => a * b)(curvature?.(params) ?? Params.mapValues(() => NaN)(params), direction)
  })
})

const alongCase = define({
  name: 'along',
  about: 'the derivative of an objective along a direction of the parameters',
  fields: {
    /** v, of the names and shapes of the parameters. */
    direction: paramsField,
    /** Whose derivative it is. */
    objective: ofFew
  },
  call: ['direction'],
  on: 'objective',
  example: { direction: Params.of({ means: [[1], [0]] }), objective: implicit(TimeLaw.at(0.3)) },
  formula: ({ objective }) => `∂/∂θ · v (${Case.formula(objective)})`,
  check: ({ objective }) =>
    !isSound(objective)
      ? []
      : terms(objective).flatMap(({ term }) =>
          Problem.unless(
            !(isPenalty(term) && term.curvature === undefined) &&
              !(isMatching(term) && (term.adaptive === true || term.pairs !== undefined)),
            'objective',
            show(term.of),
            'a mean over rows whose gradient is the derivative of its value, or a penalty that says its curvature',
            'use Objective.denoising in place of controlVariate, and leave other penalties out'
          )
        ),
  meaning: ({ direction, objective }): Form | Parts => {
    const form = formOf(objective)
    if ('parts' in form)
      return { parts: form.parts.map(part => ({ ...part, objective: alongCase(direction)(part.objective) })) }
    if ('penalty' in form) return penaltyAlong(direction, form)
    // Noise of the centres' span is not all that a direction sees: of a second derivative its mean would be another.
    const rest = { ...form, proper: false, ...('spans' in form && { spans: undefined }) }
    const constants = Along.constants(direction, rest.constants)
    const unfit: Unfit = (shapes, score, dim) => [
      ...(rest.unfit?.(shapes, score, dim) ?? []),
      ...unfitIn({ towards: direction }, 'objective.direction')(shapes, score, dim)
    ]
    if (!('timeLaw' in rest)) return { ...rest, constants, unfit, perDatum: Along.of(rest.perDatum) }
    const { exact, ...own } = rest
    return {
      ...own,
      constants,
      unfit,
      perRow: Along.of(rest.perRow),
      ...(exact !== undefined && { exact: alongCase(direction)(exact) })
    }
  }
})

/**
 * The derivative of an objective along v, ℓ′ = Σ ∂ℓ/∂θ · v row by row: an objective again, whose value is ⟨∇L, v⟩ and whose gradient
 * is the product of the Hessian with v, exact to rounding. One program serves all directions.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * // L′ and L″ of the pair's one centre, L″ beside differences of L′.
 * const of = (objective: Objective.Objective) => {
 *   const evaluate = Problem.orThrow(
 *     Compile.valueAndGrad({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       objective,
 *       expectation: Expectation.monteCarlo()
 *     })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 *   )
 *   return (mean: number) => evaluate(Params.of({ mean: [mean] }), Key.fromSeed(0))
 * }
 * const implicit = Objective.implicit(TimeLaw.at(0.5))
 * const slope = (mean: number): number => of(implicit)(mean).gradient.mean.values[0]
 * const along = of(Objective.along(Params.of({ mean: [1] }))(implicit))(0.7)
 * assert.ok(Math.abs(along.value - slope(0.7)) < 1e-14)
 * assert.ok(Math.abs(along.gradient.mean.values[0] - (slope(0.701) - slope(0.699)) / 0.002) < 1e-5)
 */
export const along = alongCase

/** The integrand at rows of the student's distribution; the same function for the same integrand. */
const overOf = remembered((integrand: Matching['perRow']): Matching['perRow'] => row => {
  const { row: there, share } = row.overStudent()
  return mul(share, reshape(integrand(there), [row.noisy.shape[0], 1]))
})

/**
 * An objective with its mean over the student's own distribution at each level in place of the data's: of `against` this is the
 * reverse Fisher divergence. It is pathwise, exact in means, weights and variances, for round components on a `Population`.
 *
 * A dropped mode costs it almost nothing (1.6e-3 for components at ±4): judge a fit by its centres, never by this value.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, TimeLaw } from 'ornstein'
 *
 * const reverse = Objective.overStudent(Objective.against(Mixture.of({ means: [[-2], [2]] }), TimeLaw.at(0.1)))
 * const loss = Population.loss({ score: Score.spherical({ components: 2 }), objective: reverse })
 * assert.ok(loss.evaluate(Params.of({ means: [[-2], [2]] })).value < 1e-28)
 */
export const overStudent = define({
  name: 'overStudent',
  about: 'with the mean over the student’s own distribution (reverse divergences)',
  fields: {
    /** Whose mean is taken over the student’s own distribution. */
    objective: ofFew
  },
  call: ['objective'],
  example: { objective: againstCase(Mixture.of({ means: [[-2], [2]] }), TimeLaw.at(0.3)) },
  formula: ({ objective }) => `over the student (${Case.formula(objective)})`,
  check: ({ objective }) =>
    !isSound(objective)
      ? []
      : terms(objective).flatMap(({ term }) =>
          Problem.unless(
            isMatching(term) &&
              term.measuredIn === undefined &&
              term.exact === undefined &&
              term.overStudent !== true &&
              term.pairs === undefined,
            'objective',
            show(term.of),
            'a function of x_t at noise levels',
            'use Objective.against, or Objective.custom of score and noisy'
          )
        ),
  meaning: ({ objective }): Form | Parts => {
    const form = formOf(objective)
    if ('parts' in form) return { parts: form.parts.map(part => ({ ...part, objective: overStudent(part.objective) })) }
    if (!('timeLaw' in form)) return form
    return { ...form, proper: false, overStudent: true, perRow: overOf(form.perRow) }
  }
})

// —— meaning ——

/** A term, where it stands, and how much it counts: a number, and the weightings of its noise levels. */
export interface Weighted {
  readonly path: string
  readonly weight: number
  readonly weightings: ReadonlyArray<Weighting.Weighting>
  /** The share of rows that it sees without their label. */
  readonly labelDropout: number
  readonly term: Term
}

/** What an objective asks for: the same for the same objective, so that a program of it is found again. */
const formOf = remembered((objective: Objective) => concept.meaning(objective).form)

/** The objective as a weighted sum of terms. */
export function terms(objective: Objective): ReadonlyArray<Weighted> {
  const form = formOf(objective)
  if (!('parts' in form))
    return [{ path: '', weight: 1, weightings: [], labelDropout: 0, term: { ...form, of: objective } }]
  return form.parts.flatMap(({ at, objective, weight, labelDropout = 0 }) => {
    const constant = weight === undefined ? O.some(1) : Weighting.everywhere(weight)
    return terms(objective).map(inner => ({
      ...inner,
      path: inner.path === '' ? at : `${at}.${inner.path}`,
      labelDropout: labelDropout + inner.labelDropout - labelDropout * inner.labelDropout,
      ...(O.isSome(constant)
        ? { weight: constant.value * inner.weight }
        : { weightings: [...(weight === undefined ? [] : [weight]), ...inner.weightings] })
    }))
  })
}

/** Whether a term has noise levels. */
export function isMatching(term: Term): term is Matching {
  return 'timeLaw' in term
}

/** Whether a term is of the parameters alone. */
export const isPenalty = (term: Term): term is Penalty => 'penalty' in term

const summed = remembered(
  (perRow: Matching['perRow']): Matching['perRow'] =>
    row =>
      total(reshape(perRow(row), [row.noisy.shape[0], -1]), 1)
)

/** A term over pairs as one of rows, of all that each says: where to look for a row that is not finite. Other terms as they are. */
export const rowByRow = (term: Term): Term => {
  if (!isMatching(term) || term.pairs === undefined) return term
  return { ...without(term, 'pairs'), perRow: summed(term.perRow) }
}

/** Whether an objective and all that stand in it have a meaning. */
function isSound(objective: Objective): boolean {
  return Case.isSound(objective) && Case.parts(objective).every(Case.isSound)
}

/** Whether what a term computes of a row is of the language itself, and not code of the user's. */
export const isBuiltIn = (term: Matching | Noiseless): boolean =>
  isMatching(term) ? term.perRow === denoisingRow || term.perRow === implicitRow : term.perDatum === unlikelihood

/** What the objective is to an optimizer: by its meaning, so that what has the same mean is the same. */
export const subject =
  (schedule: Schedule) =>
  (objective: Objective): Subject => {
    const all = terms(objective)
    if (all.length !== 1) return 'another'
    const [{ weight, weightings, labelDropout, term }] = all
    if (weight !== 1 || weightings.length > 0 || labelDropout > 0 || isPenalty(term)) return 'another'
    if (!isMatching(term)) return isBuiltIn(term) ? 'likelihood' : 'another'
    if (term.exact !== undefined) return subject(schedule)(term.exact)
    const { measuredIn = Parametrization.score, timeLaw } = term
    const isOfScore = Parametrization.weightFormula(Parametrization.score, measuredIn) === '1'
    const time = TimeLaw.only(schedule)(timeLaw)
    return !isBuiltIn(term) || !isOfScore || O.isNone(time) ? 'another' : level(time.value)(schedule)
  }

/** The objective with another time law in the place of each of its own. */
export const retimed = (timeLaw: TimeLaw.TimeLaw): ((objective: Objective) => Objective) =>
  Case.mapInner(inner => (TimeLaw.concept.is(inner) ? timeLaw : concept.is(inner) ? retimed(timeLaw)(inner) : inner))

/** The objective as the code that builds it. */
export function show(objective: Objective): string {
  return Case.show(objective)
}

/** The objective in mathematics. */
export const formula = (objective: Objective): string => Case.formula(objective)

/** The problems of the objective on a schedule that its fields alone do not show. */
export const incompatibilities =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => {
    if (!isSound(objective)) return []
    const levelAt = (time: number): Level => pipe(schedule, level(time))
    /** Near the clean end, the loss is of the size of its target: 1/σ² for the score. */
    const sizeOf =
      (parametrization: Parametrization.Parametrization = Parametrization.score) =>
      (time: number): number => {
        const { alpha, sigma } = levelAt(time)
        return Parametrization.weight(Parametrization.score, parametrization)({ alpha, sigma }) / (sigma * sigma)
      }
    const size = ({ bounded, measuredIn }: Matching): ((time: number) => number) =>
      // What a user's own row does with its target is not known: it is taken to be as large.
      bounded === true ? () => 1 : sizeOf(measuredIn)
    /**
     * A mean over every time from 0 on is finite where t · weight · size falls towards t = 0, by a power of t: here over
     * four decades.
     */
    const inTimeLaw = (
      term: Matching,
      weightings: ReadonlyArray<Weighting.Weighting>
    ): ReadonlyArray<Problem.Problem> => {
      const inLaw = pipe(term.timeLaw, TimeLaw.incompatibilities(schedule)).map(Problem.within('timeLaw'))
      const until = TimeLaw.fromClean(term.timeLaw)
      // A term with problems of its own cannot be judged further.
      if (inLaw.length > 0 || O.isNone(until) || Case.problems(term.of).length > 0) return inLaw
      const weights = weightings
        .filter(weighting => Weighting.problems(weighting).length === 0)
        .map(Weighting.interpret(schedule))
      const sizeAt = size(term)
      const mass = (time: number): number => weights.reduce((all, weight) => all * weight(time), time * sizeAt(time))
      const [outer, inner] = [1e-4, 1e-8].map(share => Math.abs(mass(share * until.value)))
      const isKnown = isBuiltIn(term) || term.measuredIn !== undefined || term.bounded === true
      return Problem.unless(
        inner <= outer / 2,
        'timeLaw',
        TimeLaw.show(term.timeLaw),
        isKnown
          ? 'a law over which this loss has a finite mean: towards time 0 it grows too fast'
          : 'a law over which this loss is known to have a finite mean: towards time 0 it is taken to grow as its target, −z/σ, does',
        isKnown
          ? 'begin at 0.001, or take the loss of Parametrization.noise'
          : 'begin at 0.001, or say bounded: true of a loss that stays finite as the noise vanishes'
      )
    }
    return terms(objective).flatMap(({ path, term, weightings }) =>
      isMatching(term)
        ? inTimeLaw(term, weightings).map(problem => (path === '' ? problem : Problem.within(path)(problem)))
        : []
    )
  }

/** @deprecated It is `incompatibilities`. */
export const misfits = incompatibilities

/** The problems of the objective on a schedule, wherever in the description it stands. */
export const problems =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => [
    ...Case.problems(objective),
    ...incompatibilities(schedule)(objective)
  ]

export const all: ReadonlyArray<Vocabulary.Entry> = [
  denoisingCase,
  implicitCase,
  controlVariateCase,
  likelihood,
  regularizer,
  weight,
  sum,
  labelDropout,
  pairwise,
  againstCase,
  along,
  overStudent,
  custom
]

/** The estimates of the divergence, by which `implicit` may go. */
export const recipes: ReadonlyArray<Vocabulary.Recipe<Objective>> = (
  [
    ['hutchinson', 'the divergence from random directions v (Hutchinson 1990)'],
    ['sliced', 'the score along them too: sliced (arXiv 1905.07088)']
  ] as const
).map(([divergence, about]) => {
  const example = implicit(TimeLaw.at(0.3), { divergence })
  return { name: 'Objective.implicit', about, example, code: show(example) }
})

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Objective, unknown> =>
  Vocabulary.codec(vocabulary)(concept)
