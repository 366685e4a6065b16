/** Objectives: what is minimised, as a mean over the rows of the data and over the noise. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { type Tensor } from '../../lib/index.js'
import * as Limits from '../core/Limits.js'
import * as Parametrization from '../score/Parametrization.js'
import { Vocabulary } from '../core/index.js'
import * as Params from '../score/Params.js'
import * as Problem from '../core/Problem.js'
import { level, type Level, type Schedule } from '../schedule/Schedule.js'
import * as Tagged from '../core/Tagged.js'
import * as TimeLaw from './TimeLaw.js'
import * as Weighting from './Weighting.js'

export interface Denoising {
  readonly _tag: 'Denoising'
  readonly timeLaw: TimeLaw.TimeLaw
  /** In which the error is measured; the score unless given. */
  readonly parametrization?: Parametrization.Parametrization
}

/** An estimate of the divergence from random directions v. */
export interface Estimate {
  readonly _tag: 'Hutchinson' | 'Sliced'
  /** How many directions for each row. */
  readonly probes: number
  /** Entries ±1, or standard normal. */
  readonly law: 'rademacher' | 'normal'
}

export interface Implicit {
  readonly _tag: 'Implicit'
  readonly timeLaw: TimeLaw.TimeLaw
  /** Exact unless given. */
  readonly divergence?: Estimate
}

export interface ControlVariate {
  readonly _tag: 'ControlVariate'
  readonly timeLaw: TimeLaw.TimeLaw
  readonly parametrization?: Parametrization.Parametrization
}

export interface Regularizer {
  readonly _tag: 'Regularizer'
  readonly norm: 'l2' | 'l1'
  /** How near to 0 the absolute value is rounded off; 0 for not at all. */
  readonly smoothing: number
  /** Names of parameters; null for all, or for all that `towards` names. */
  readonly parameters: ReadonlyArray<string> | null
  /** Where parameters are pulled to; null for 0. */
  readonly towards: Params.Params<string> | null
}

export interface Likelihood {
  readonly _tag: 'Likelihood'
}

export interface Weight {
  readonly _tag: 'Weight'
  readonly weight: number | Weighting.Weighting
  readonly objective: Objective
}

export interface Sum {
  readonly _tag: 'Sum'
  readonly objectives: ReadonlyArray<Objective>
}

/** What a row-wise objective may look at. All are [rows, dim], the level [rows, 1]. */
export interface Row {
  /** s(x_t) */
  readonly score: Tensor
  /** −z/σ, what the score is to match in the mean */
  readonly target: Tensor
  /** x_0 */
  readonly clean: Tensor
  /** x_t = α x_0 + σ z */
  readonly noisy: Tensor
  /** z */
  readonly noise: Tensor
  readonly level: { readonly alpha: Tensor; readonly sigma: Tensor }
}

export interface Custom {
  readonly _tag: 'Custom'
  readonly name: string
  readonly timeLaw: TimeLaw.TimeLaw
  readonly perRow: (row: Row) => Tensor
}

export type Objective = Denoising | Implicit | ControlVariate | Likelihood | Regularizer | Weight | Sum | Custom

/** An objective that is neither a sum nor a weighted one. */
export type Term = Exclude<Objective, Weight | Sum>

/** A term that matches the score at noise levels. */
export type Matching = Denoising | Implicit | ControlVariate | Custom

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
export const denoising = (timeLaw: TimeLaw.TimeLaw, parametrization?: Parametrization.Parametrization): Objective => ({
  _tag: 'Denoising',
  timeLaw,
  ...(parametrization && { parametrization })
})

/**
 * Implicit score matching: L = E[|s(x_t)|² + 2 div s(x_t)], the denoising objective less d/σ², with no noise target
 * (Hyvärinen 2005). The form to integrate over time: it stays finite as t → 0.
 *
 * The divergence of a custom score takes a gradient for each dimension. With random v, E vvᵀ = I, one for each of
 * `probes` has the same mean: 'hutchinson' takes |s|² + 2 vᵀ(∂s/∂x)v (Hutchinson 1990), 'sliced' takes
 * (v·s)² + 2 vᵀ(∂s/∂x)v (Song et al. 2019, arXiv 1905.07088, equation 7).
 */
export const implicit = (
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
): Objective => ({
  _tag: 'Implicit',
  timeLaw,
  ...(divergence !== 'exact' && {
    divergence: { _tag: divergence === 'hutchinson' ? 'Hutchinson' : 'Sliced', probes, law }
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
export const controlVariate = (
  timeLaw: TimeLaw.TimeLaw,
  parametrization?: Parametrization.Parametrization
): Objective => ({ _tag: 'ControlVariate', timeLaw, ...(parametrization && { parametrization }) })

/** The mean negative log-likelihood of the data at time 0, −E log p(x_0), constants included. */
export const likelihood: Objective = { _tag: 'Likelihood' }

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
export const regularizer = ({
  norm,
  smoothing = 0,
  parameters,
  towards
}: {
  readonly norm: Regularizer['norm']
  readonly smoothing?: number
  readonly parameters?: ReadonlyArray<string>
  readonly towards?: Params.Params<string>
}): Objective => ({
  _tag: 'Regularizer',
  norm,
  smoothing,
  parameters: parameters ?? null,
  towards: towards ?? null
})

/** w · L; a weighting multiplies the loss of each noise level by its own weight. */
export const weight =
  (weight: number | Weighting.Weighting) =>
  (objective: Objective): Objective => ({ _tag: 'Weight', weight, objective })

/** L_1 + L_2 + … */
export const sum = (objectives: ReadonlyArray<Objective>): Objective => ({ _tag: 'Sum', objectives })

/**
 * An objective of one's own: a function of a row in the tensor vocabulary, [rows] or [rows, 1] out, differentiated like
 * the built-in ones.
 *
 * @example
 * import { mean, sqrt, square, sub, add } from 'ornstein/float64'
 * import { Objective, TimeLaw } from 'ornstein'
 *
 * export const pseudoHuber = Objective.custom('pseudo-Huber', TimeLaw.at(0.3), ({ score, target }) =>
 *   mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
 * )
 */
export const custom = (name: string, timeLaw: TimeLaw.TimeLaw, perRow: (row: Row) => Tensor): Objective => ({
  _tag: 'Custom',
  name,
  timeLaw,
  perRow
})

export const fold = Tagged.fold<Objective>()

/** A term and how much it counts: a number, and the weightings of its noise levels. */
export interface Weighted {
  readonly weight: number
  readonly weightings: ReadonlyArray<Weighting.Weighting>
  readonly term: Term
}

const plain = (term: Term): ReadonlyArray<Weighted> => [{ weight: 1, weightings: [], term }]

/** The objective as a weighted sum of terms. */
export const terms: (objective: Objective) => ReadonlyArray<Weighted> = fold<ReadonlyArray<Weighted>>({
  Denoising: plain,
  Implicit: plain,
  ControlVariate: plain,
  Likelihood: plain,
  Regularizer: plain,
  Weight: ({ weight, objective }) =>
    terms(objective).map(inner => {
      const constant = typeof weight === 'number' ? weight : O.toNullable(Weighting.everywhere(weight))
      return constant === null
        ? { ...inner, weightings: [Weighting.from(weight), ...inner.weightings] }
        : { ...inner, weight: constant * inner.weight }
    }),
  Sum: ({ objectives }) => objectives.flatMap(terms),
  Custom: plain
})

const matches = Tagged.fold<Term>()<boolean>({
  Denoising: () => true,
  Implicit: () => true,
  ControlVariate: () => true,
  Likelihood: () => false,
  Regularizer: () => false,
  Custom: () => true
})

/** Whether a term has noise levels. */
export const isMatching = (term: Term): term is Matching => matches(term)

/** The objective with another time law in the place of each of its own. */
export const retimed = (timeLaw: TimeLaw.TimeLaw): ((objective: Objective) => Objective) => {
  const inner: (objective: Objective) => Objective = fold<Objective>({
    Denoising: objective => ({ ...objective, timeLaw }),
    Implicit: objective => ({ ...objective, timeLaw }),
    ControlVariate: objective => ({ ...objective, timeLaw }),
    Likelihood: objective => objective,
    Regularizer: objective => objective,
    Weight: objective => ({ ...objective, objective: inner(objective.objective) }),
    Sum: objective => ({ ...objective, objectives: objective.objectives.map(inner) }),
    Custom: objective => ({ ...objective, timeLaw })
  })
  return inner
}

const showForm = (name: string, { timeLaw, parametrization }: Denoising | ControlVariate): string =>
  `Objective.${name}(${TimeLaw.show(timeLaw)}${parametrization ? `, ${Parametrization.show(parametrization)}` : ''})`

const showWeight = (weight: number | Weighting.Weighting): string =>
  typeof weight === 'number' ? String(weight) : Weighting.show(weight)

export const show: (objective: Objective) => string = fold<string>({
  Denoising: objective => showForm('denoising', objective),
  Implicit: ({ timeLaw, divergence }) =>
    `Objective.implicit(${TimeLaw.show(timeLaw)}${
      divergence
        ? `, { divergence: '${divergence._tag.toLowerCase()}', probes: ${divergence.probes}, law: '${divergence.law}' }`
        : ''
    })`,
  ControlVariate: objective => showForm('controlVariate', objective),
  Likelihood: () => 'Objective.likelihood',
  Regularizer: ({ norm, smoothing, parameters, towards }) =>
    `Objective.regularizer({ norm: '${norm}'${smoothing === 0 ? '' : `, smoothing: ${smoothing}`}${
      parameters === null ? '' : `, parameters: [${parameters.map(name => `'${name}'`).join(', ')}]`
    }${towards === null ? '' : `, towards: ${Params.show(towards)}`} })`,
  Weight: ({ weight, objective }) => `Objective.weight(${showWeight(weight)})(${show(objective)})`,
  Sum: ({ objectives }) => `Objective.sum([${objectives.map(show).join(', ')}])`,
  Custom: ({ name, timeLaw }) => `Objective.custom(${JSON.stringify(name)}, ${TimeLaw.show(timeLaw)}, …)`
})

/** The loss as it is written, and as the score form with its weight. */
const form = ({ parametrization = Parametrization.score }: Denoising | ControlVariate): string => {
  const weight = Parametrization.weightFormula(Parametrization.score, parametrization)
  const own = `E ${Parametrization.lossFormula(parametrization)}`
  return weight === '1'
    ? own
    : `${own} = E ${weight.includes('/') ? `[${weight}]` : weight} ${Parametrization.lossFormula(Parametrization.score)}`
}

const estimates = {
  Hutchinson: '|s(x_t)|² + 2 v·∂s(x_t)v',
  Sliced: '(v·s(x_t))² + 2 v·∂s(x_t)v'
} as const

export const formula: (objective: Objective) => string = fold<string>({
  Denoising: objective => `${form(objective)}, ${TimeLaw.formula(objective.timeLaw)}`,
  Implicit: ({ timeLaw, divergence }) =>
    `E [${
      divergence
        ? `${estimates[divergence._tag]}], ${divergence.probes} ${divergence.law} v`
        : '|s(x_t)|² + 2 div s(x_t)]'
    }, ${TimeLaw.formula(timeLaw)}`,
  ControlVariate: objective => `${form(objective)}, less its implicit form, ${TimeLaw.formula(objective.timeLaw)}`,
  Likelihood: () => '−E log p(x_0)',
  Regularizer: ({ norm, smoothing, parameters, towards }) => {
    const of = (parameters ?? (towards === null ? ['θ'] : Params.names(towards))).join(', ')
    const difference = towards === null ? of : `${of} − θ_0`
    return norm === 'l2'
      ? `|${difference}|²`
      : smoothing === 0
        ? `|${difference}|_1`
        : `Σ √((${difference})² + ${smoothing}²) − ${smoothing}`
  },
  Weight: ({ weight, objective }) =>
    `${typeof weight === 'number' ? weight : Weighting.formula(weight)} · (${formula(objective)})`,
  Sum: ({ objectives }) => objectives.map(formula).join(' + '),
  Custom: ({ name, timeLaw }) => `E ${name}(s(x_t), −z/σ), ${TimeLaw.formula(timeLaw)}`
})

/** What is wrong with the objective on a schedule, wherever in the description it stands. */
export const problems = (schedule: Schedule): ((objective: Objective) => ReadonlyArray<Problem.Problem>) => {
  const levelAt = (time: number): Level => pipe(schedule, level(time))
  /** Near the clean end, the loss is of the size of its target: 1/σ² for the score. */
  const sizeOf =
    (parametrization: Parametrization.Parametrization = Parametrization.score) =>
    (time: number): number => {
      const { alpha, sigma } = levelAt(time)
      return Parametrization.weight(Parametrization.score, parametrization)({ alpha, sigma }) / (sigma * sigma)
    }
  /**
   * A mean over every time from 0 on is finite where t · weight · size falls towards t = 0, by a power of t: here over
   * four decades.
   */
  const inTimeLaw = (
    { timeLaw }: { readonly timeLaw: TimeLaw.TimeLaw },
    weightings: ReadonlyArray<Weighting.Weighting>,
    size: (time: number) => number
  ): ReadonlyArray<Problem.Problem> => {
    const own = pipe(timeLaw, TimeLaw.problems(schedule)).map(Problem.within('timeLaw'))
    const until = TimeLaw.fromClean(timeLaw)
    if (own.length > 0 || O.isNone(until)) return own
    const weights = weightings.map(Weighting.interpret(schedule))
    const mass = (time: number): number => weights.reduce((all, weight) => all * weight(time), time * size(time))
    const [outer, inner] = [1e-4, 1e-8].map(share => Math.abs(mass(share * until.value)))
    return Problem.unless(
      inner <= outer / 2,
      'timeLaw',
      TimeLaw.show(timeLaw),
      'a law over which this loss has a finite mean: towards time 0 it grows too fast',
      'begin at 0.001, or take the loss of Parametrization.noise'
    )
  }
  const inForm = (
    objective: Denoising | ControlVariate,
    weightings: ReadonlyArray<Weighting.Weighting>
  ): ReadonlyArray<Problem.Problem> => {
    const own =
      objective.parametrization === undefined
        ? []
        : Parametrization.problems(objective.parametrization).map(Problem.within('parametrization'))
    // One that is itself wrong has no size.
    return [...inTimeLaw(objective, weightings, own.length > 0 ? () => 0 : sizeOf(objective.parametrization)), ...own]
  }
  /** A weighting needs noise levels to weigh. */
  const timeless = (weighting: Weighting.Weighting, objective: Objective): ReadonlyArray<Problem.Problem> =>
    O.isSome(Weighting.everywhere(weighting))
      ? []
      : terms(objective)
          .filter(({ term }) => !isMatching(term))
          .map(({ term }) =>
            Problem.of(
              'weight',
              `${Weighting.show(weighting)} of ${show(term)}`,
              'a number, as a term without noise levels needs',
              'weight it by a number of its own'
            )
          )
  /** A weighting that can be asked for its weights; a number makes no mean infinite. */
  const inOrder = (weight: number | Weighting.Weighting): weight is Weighting.Weighting =>
    typeof weight !== 'number' && Weighting.problems(weight).length === 0
  const all = (
    weightings: ReadonlyArray<Weighting.Weighting>
  ): ((objective: Objective) => ReadonlyArray<Problem.Problem>) =>
    fold<ReadonlyArray<Problem.Problem>>({
      Denoising: objective => inForm(objective, weightings),
      Implicit: objective => [
        ...inTimeLaw(objective, weightings, () => 1),
        ...(objective.divergence
          ? Problem.count('divergence.probes', objective.divergence.probes, 1, 1, Limits.draws)
          : [])
      ],
      ControlVariate: objective => inForm(objective, weightings),
      Likelihood: () => [],
      Regularizer: ({ smoothing, towards }) => [
        ...Problem.unless(smoothing >= 0 && smoothing < Infinity, 'smoothing', smoothing, '≥ 0 and finite', 'try 1e-3'),
        ...(towards === null ? [] : Params.names(towards)).flatMap(name =>
          Problem.unless(
            towards?.[name].values.every(Number.isFinite) ?? true,
            `towards.${name}`,
            'NaN or infinite somewhere',
            'finite throughout',
            'give finite numbers'
          )
        )
      ],
      Weight: ({ weight, objective }) => [
        ...(typeof weight === 'number'
          ? Problem.unless(Number.isFinite(weight), 'weight', weight, 'finite', 'try 1')
          : [...Weighting.problems(weight).map(Problem.within('weight')), ...timeless(weight, objective)]),
        ...all(inOrder(weight) ? [weight, ...weightings] : weightings)(objective).map(Problem.within('objective'))
      ],
      Sum: ({ objectives }) => [
        ...Problem.unless(objectives.length > 0, 'objectives', '[]', 'a list with at least one objective', 'add one'),
        ...objectives.flatMap((objective, i) => all(weightings)(objective).map(Problem.within(`objectives[${i}]`)))
      ],
      // What a user's own row does with its target is not known: it is taken to be as large.
      Custom: objective => inTimeLaw(objective, weightings, sizeOf())
    })
  return all([])
}

/** Fields that must be there, and fields that may be left out. */
const withOptional = <T extends Objective>(required: t.Props, optional: t.Props): t.Type<T, unknown> =>
  // io-ts lets an optional field be undefined, which JSON cannot say: one that is left out stays absent.
  t.intersection([t.type(required), t.partial(optional)]) as unknown as t.Type<T, unknown>

const estimateCodec: t.Type<Estimate, unknown> = t.type({
  _tag: t.union([t.literal('Hutchinson'), t.literal('Sliced')]),
  probes: t.number,
  law: t.union([t.literal('rademacher'), t.literal('normal')])
})

const words = Vocabulary.of([...TimeLaw.all, ...Weighting.all, ...Parametrization.all])
const timeLaw = TimeLaw.codec(words)

export const codec: t.Type<Objective, unknown> = t.recursion('Objective', () =>
  t.union([
    withOptional<Denoising>(
      { _tag: t.literal('Denoising'), timeLaw },
      { parametrization: Parametrization.codec(words) }
    ),
    withOptional<Implicit>({ _tag: t.literal('Implicit'), timeLaw }, { divergence: estimateCodec }),
    withOptional<ControlVariate>(
      { _tag: t.literal('ControlVariate'), timeLaw },
      { parametrization: Parametrization.codec(words) }
    ),
    t.type({ _tag: t.literal('Likelihood') }),
    t.type({
      _tag: t.literal('Regularizer'),
      norm: t.union([t.literal('l2'), t.literal('l1')]),
      smoothing: Params.numberCodec,
      parameters: t.union([t.readonlyArray(t.string), t.null]),
      towards: t.union([Params.codec, t.null])
    }),
    t.type({
      _tag: t.literal('Weight'),
      weight: t.union([Params.numberCodec, Weighting.codec(words)]),
      objective: codec
    }),
    t.type({ _tag: t.literal('Sum'), objectives: t.readonlyArray(codec) }),
    Tagged.code<Custom>('Custom', 'objective')
  ])
)
