/** Objectives: what is minimised, as a mean over the rows of the data and over the noise. */
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { type Tensor } from '../lib/index.js'
import * as Params from './Params.js'
import * as Problem from './Problem.js'
import type { Schedule } from './Schedule.js'
import * as Tagged from './Tagged.js'
import * as TimeLaw from './TimeLaw.js'

export interface Denoising {
  readonly _tag: 'Denoising'
  readonly timeLaw: TimeLaw.TimeLaw
}

export interface Implicit {
  readonly _tag: 'Implicit'
  readonly timeLaw: TimeLaw.TimeLaw
}

export interface Likelihood {
  readonly _tag: 'Likelihood'
}

export interface Weight {
  readonly _tag: 'Weight'
  readonly weight: number
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

export type Objective = Denoising | Implicit | Likelihood | Weight | Sum | Custom

/** An objective that is neither a sum nor a weighted one. */
export type Term = Exclude<Objective, Weight | Sum>

/**
 * The DDPM objective in score form: L = E |s(x_t) + z/σ|², minimised by the score of x_t. (Not ½L; the gradient is with
 * respect to the parameters at time 0, not α times them.)
 */
export const denoising = (timeLaw: TimeLaw.TimeLaw): Objective => ({ _tag: 'Denoising', timeLaw })

/**
 * Implicit score matching: L = E[|s(x_t)|² + 2 div s(x_t)], the denoising objective less d/σ², with no noise target
 * (Hyvärinen 2005). The form to integrate over time: it stays finite as t → 0.
 */
export const implicit = (timeLaw: TimeLaw.TimeLaw): Objective => ({ _tag: 'Implicit', timeLaw })

/** The mean negative log-likelihood of the data at time 0, −E log p(x_0), constants included. */
export const likelihood: Objective = { _tag: 'Likelihood' }

/** w · L */
export const weight =
  (weight: number) =>
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

/** The objective as a weighted sum of terms. */
export const terms: (objective: Objective) => ReadonlyArray<{ readonly weight: number; readonly term: Term }> = fold<
  ReadonlyArray<{ readonly weight: number; readonly term: Term }>
>({
  Denoising: term => [{ weight: 1, term }],
  Implicit: term => [{ weight: 1, term }],
  Likelihood: term => [{ weight: 1, term }],
  Weight: ({ weight, objective }) => terms(objective).map(inner => ({ ...inner, weight: weight * inner.weight })),
  Sum: ({ objectives }) => objectives.flatMap(terms),
  Custom: term => [{ weight: 1, term }]
})

/** The objective with another time law in the place of each of its own. */
export const retimed = (timeLaw: TimeLaw.TimeLaw): ((objective: Objective) => Objective) => {
  const inner: (objective: Objective) => Objective = fold<Objective>({
    Denoising: objective => ({ ...objective, timeLaw }),
    Implicit: objective => ({ ...objective, timeLaw }),
    Likelihood: objective => objective,
    Weight: objective => ({ ...objective, objective: inner(objective.objective) }),
    Sum: objective => ({ ...objective, objectives: objective.objectives.map(inner) }),
    Custom: objective => ({ ...objective, timeLaw })
  })
  return inner
}

export const show: (objective: Objective) => string = fold<string>({
  Denoising: ({ timeLaw }) => `Objective.denoising(${TimeLaw.show(timeLaw)})`,
  Implicit: ({ timeLaw }) => `Objective.implicit(${TimeLaw.show(timeLaw)})`,
  Likelihood: () => 'Objective.likelihood',
  Weight: ({ weight, objective }) => `Objective.weight(${weight})(${show(objective)})`,
  Sum: ({ objectives }) => `Objective.sum([${objectives.map(show).join(', ')}])`,
  Custom: ({ name, timeLaw }) => `Objective.custom(${JSON.stringify(name)}, ${TimeLaw.show(timeLaw)}, …)`
})

export const formula: (objective: Objective) => string = fold<string>({
  Denoising: ({ timeLaw }) => `E |s(x_t) + z/σ|², ${TimeLaw.formula(timeLaw)}`,
  Implicit: ({ timeLaw }) => `E [|s(x_t)|² + 2 div s(x_t)], ${TimeLaw.formula(timeLaw)}`,
  Likelihood: () => '−E log p(x_0)',
  Weight: ({ weight, objective }) => `${weight} · (${formula(objective)})`,
  Sum: ({ objectives }) => objectives.map(formula).join(' + '),
  Custom: ({ name, timeLaw }) => `E ${name}(s(x_t), −z/σ), ${TimeLaw.formula(timeLaw)}`
})

/** What is wrong with the objective on a schedule, wherever in the description it stands. */
export const problems = (schedule: Schedule): ((objective: Objective) => ReadonlyArray<Problem.Problem>) => {
  const inTimeLaw = ({ timeLaw }: { readonly timeLaw: TimeLaw.TimeLaw }): ReadonlyArray<Problem.Problem> =>
    pipe(timeLaw, TimeLaw.problems(schedule)).map(Problem.within('timeLaw'))
  const all: (objective: Objective) => ReadonlyArray<Problem.Problem> = fold<ReadonlyArray<Problem.Problem>>({
    Denoising: inTimeLaw,
    Implicit: inTimeLaw,
    Likelihood: () => [],
    Weight: ({ weight, objective }) => [
      ...Problem.unless(Number.isFinite(weight), 'weight', weight, 'finite', 'try 1'),
      ...all(objective).map(Problem.within('objective'))
    ],
    Sum: ({ objectives }) => [
      ...Problem.unless(objectives.length > 0, 'objectives', '[]', 'a list with at least one objective', 'add one'),
      ...objectives.flatMap((objective, i) => all(objective).map(Problem.within(`objectives[${i}]`)))
    ],
    Custom: inTimeLaw
  })
  return all
}

export const codec: t.Type<Objective, unknown> = t.recursion('Objective', () =>
  t.union([
    t.type({ _tag: t.literal('Denoising'), timeLaw: TimeLaw.codec }),
    t.type({ _tag: t.literal('Implicit'), timeLaw: TimeLaw.codec }),
    t.type({ _tag: t.literal('Likelihood') }),
    t.type({ _tag: t.literal('Weight'), weight: Params.numberCodec, objective: codec }),
    t.type({ _tag: t.literal('Sum'), objectives: t.readonlyArray(codec) }),
    Tagged.code<Custom>('Custom', 'objective')
  ])
)
