/** Objectives: what is minimised, as a mean over the rows of the data and over the noise. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { mean, square, sub, type Tensor } from '../../lib/index.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../core/index.js'
import * as Limits from '../core/Limits.js'
import * as Parametrization from '../score/Parametrization.js'
import * as Params from '../score/Params.js'
import { level, type Level, type Schedule } from '../schedule/Schedule.js'
import * as TimeLaw from './TimeLaw.js'
import * as Weighting from './Weighting.js'

// —— what can be asked for ——

interface Written {
  /** The description that asks for it. */
  readonly of: Objective
}

/** E |s + z/σ|² in a parametrization, which has a closed form for mixtures, and an implicit form of the same mean. */
export interface Denoising extends Written {
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

/** E[|s|² + 2 div s], which has a closed form for mixtures where the divergence is exact. */
export interface Implicit extends Written {
  readonly _tag: 'Implicit'
  readonly timeLaw: TimeLaw.TimeLaw
  /** Exact unless given. */
  readonly divergence?: Estimate
}

/** Both forms, mixed by what blocks of rows tell. */
export interface ControlVariate extends Written {
  readonly _tag: 'ControlVariate'
  readonly timeLaw: TimeLaw.TimeLaw
  readonly parametrization?: Parametrization.Parametrization
}

/** A penalty on parameters. */
export interface Regularizer extends Written {
  readonly _tag: 'Regularizer'
  readonly norm: 'l2' | 'l1'
  /** How near to 0 the absolute value is rounded off; 0 for not at all. */
  readonly smoothing: number
  /** Names of parameters; null for all, or for all that `towards` names. */
  readonly parameters: ReadonlyArray<string> | null
  /** Where parameters are pulled to; null for 0. */
  readonly towards: Params.Params<string> | null
}

/** −E log p(x_0): it needs a density. */
export interface Likelihood extends Written {
  readonly _tag: 'Likelihood'
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

/** A function of a row, at the levels of a time law: no closed form, so programs and the interpreter compute it. */
export interface Integrand extends Written {
  readonly _tag: 'Integrand'
  readonly timeLaw: TimeLaw.TimeLaw
  readonly perRow: (row: Row) => Tensor
}

/** A part of the whole that cannot be taken apart further. */
export type Term = Denoising | Implicit | ControlVariate | Likelihood | Regularizer | Integrand

/** A term that matches the score at noise levels. */
export type Matching = Denoising | Implicit | ControlVariate | Integrand

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
}

/** An objective that is the sum of others. */
export interface Parts {
  readonly _tag: 'Parts'
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
  /** What it asks for: a function of a row, a form that is known in closed form, or others that it is the sum of. */
  readonly meaning: (fields: Field.Of<F>) => Form | Parts
}

/**
 * An objective of one's own, with fields: its integrand is a function of a row in the tensor vocabulary, [rows] or
 * [rows, 1] out, differentiated and compiled like the built-in ones.
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
 *     _tag: 'Integrand',
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

const inParametrization = { timeLaw: TimeLaw.field, parametrization: Field.optional(Field.of(Parametrization.concept)) }

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
    _tag: 'Denoising',
    timeLaw,
    ...(parametrization && { parametrization })
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
  hutchinson: { _tag: 'Hutchinson', formula: '|s(x_t)|² + 2 v·∂s(x_t)v' },
  sliced: { _tag: 'Sliced', formula: '(v·s(x_t))² + 2 v·∂s(x_t)v' }
} as const

const implicitCase = define({
  name: 'implicit',
  about: 'implicit score matching, with the exact divergence (Hyvärinen 2005)',
  fields: {
    timeLaw: TimeLaw.field,
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
        : `${estimates[estimate.divergence].formula}], ${estimate.probes} ${estimate.law} v`
    }, ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, estimate }) => ({
    _tag: 'Implicit',
    timeLaw,
    ...(estimate && {
      divergence: { _tag: estimates[estimate.divergence]._tag, probes: estimate.probes, law: estimate.law }
    })
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
  meaning: ({ timeLaw, parametrization }) => ({
    _tag: 'ControlVariate',
    timeLaw,
    ...(parametrization && { parametrization })
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

/** The mean negative log-likelihood of the data at time 0, −E log p(x_0), constants included. */
export const likelihood = define({
  name: 'likelihood',
  about: 'the mean negative log-likelihood, for mixtures',
  formula: () => '−E log p(x_0)',
  meaning: () => ({ _tag: 'Likelihood' })
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
    norm: Field.oneOf(['l2', 'l1']),
    smoothing: Field.quiet(Field.notNegative({ default: 0 })),
    parameters: Field.optional(namesField),
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
  meaning: ({ norm, smoothing, parameters, towards }) => ({
    _tag: 'Regularizer',
    norm,
    smoothing,
    parameters,
    towards
  })
})

/** w · L; a weighting multiplies the loss of each noise level by its own weight. */
export const weight = define({
  name: 'weight',
  about: 'times a number or a Weighting',
  fields: { weight: Weighting.field, objective: Field.of(concept) },
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
  meaning: ({ weight, objective }) => ({ _tag: 'Parts', parts: [{ at: 'objective', weight, objective }] }),
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
  fields: { objectives: some },
  call: ['objectives'],
  example: { objectives: [denoising(TimeLaw.at(0.3)), implicit(TimeLaw.at(0.3))] },
  formula: ({ objectives }) => objectives.map(objective => Case.formula(objective)).join(' + '),
  meaning: ({ objectives }) => ({
    _tag: 'Parts',
    parts: objectives.map((objective, i) => ({ at: `objectives[${i}]`, objective }))
  })
})

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
export const custom = define({
  name: 'custom',
  about: 'your own, row by row in the tensor vocabulary',
  fields: {
    name: Field.text({ remedy: 'name it' }),
    timeLaw: TimeLaw.field,
    perRow: Field.code(({ score, target }: Row): Tensor => mean(square(sub(score, target)), 1))
  },
  call: ['name', 'timeLaw', 'perRow'],
  example: { timeLaw: TimeLaw.at(0.3) },
  formula: ({ name, timeLaw }) => `E ${name}(s(x_t), −z/σ), ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, perRow }) => ({ _tag: 'Integrand', timeLaw, perRow })
})

// —— meaning ——

/** A term, where it stands, and how much it counts: a number, and the weightings of its noise levels. */
export interface Weighted {
  readonly path: string
  readonly weight: number
  readonly weightings: ReadonlyArray<Weighting.Weighting>
  readonly term: Term
}

/** The objective as a weighted sum of terms. */
export function terms(objective: Objective): ReadonlyArray<Weighted> {
  const { form } = Case.meaning(objective)
  if (form._tag !== 'Parts') return [{ path: '', weight: 1, weightings: [], term: { ...form, of: objective } }]
  return form.parts.flatMap(({ at, objective, weight }) => {
    const constant = weight === undefined ? O.some(1) : Weighting.everywhere(weight)
    return terms(objective).map(inner => ({
      ...inner,
      path: inner.path === '' ? at : `${at}.${inner.path}`,
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

/** Whether an objective and all that stand in it have a meaning. */
function isSound(objective: Objective): boolean {
  return Case.isSound(objective) && Case.parts(objective).every(Case.isSound)
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

/** What is wrong with the objective on a schedule that its fields alone do not show. */
export const misfits =
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
    const size = (term: Matching): ((time: number) => number) =>
      term._tag === 'Implicit'
        ? () => 1
        : // What a user's own row does with its target is not known: it is taken to be as large.
          sizeOf(term._tag === 'Integrand' ? undefined : term.parametrization)
    /**
     * A mean over every time from 0 on is finite where t · weight · size falls towards t = 0, by a power of t: here over
     * four decades.
     */
    const inTimeLaw = (
      term: Matching,
      weightings: ReadonlyArray<Weighting.Weighting>
    ): ReadonlyArray<Problem.Problem> => {
      const inLaw = pipe(term.timeLaw, TimeLaw.misfits(schedule)).map(Problem.within('timeLaw'))
      const until = TimeLaw.fromClean(term.timeLaw)
      // What is itself wrong has no size.
      if (inLaw.length > 0 || O.isNone(until) || Case.problems(term.of).length > 0) return inLaw
      const weights = weightings
        .filter(weighting => Weighting.problems(weighting).length === 0)
        .map(Weighting.interpret(schedule))
      const sizeAt = size(term)
      const mass = (time: number): number => weights.reduce((all, weight) => all * weight(time), time * sizeAt(time))
      const [outer, inner] = [1e-4, 1e-8].map(share => Math.abs(mass(share * until.value)))
      return Problem.unless(
        inner <= outer / 2,
        'timeLaw',
        TimeLaw.show(term.timeLaw),
        'a law over which this loss has a finite mean: towards time 0 it grows too fast',
        'begin at 0.001, or take the loss of Parametrization.noise'
      )
    }
    return terms(objective).flatMap(({ path, term, weightings }) =>
      isMatching(term)
        ? inTimeLaw(term, weightings).map(problem => (path === '' ? problem : Problem.within(path)(problem)))
        : []
    )
  }

/** What is wrong with the objective on a schedule, wherever in the description it stands. */
export const problems =
  (schedule: Schedule) =>
  (objective: Objective): ReadonlyArray<Problem.Problem> => [
    ...Case.problems(objective),
    ...misfits(schedule)(objective)
  ]

export const all: ReadonlyArray<Vocabulary.Entry> = [
  denoisingCase,
  implicitCase,
  controlVariateCase,
  likelihood,
  regularizer,
  weight,
  sum,
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
