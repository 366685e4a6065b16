import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case, Field, Problem, Vocabulary, conceptModule } from '../core/index.js'

/** Function from the number of steps taken to a number ≥ 0. */
export interface Rate extends Case.Value<'Rate', (step: number) => number> {}

/**
 * Defines a custom rate: a function from the number of steps taken to a number ≥ 0.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Rate, Field } from 'ornstein'
 *
 * const alternating = Rate.define({
 *   name: 'alternating',
 *   about: 'one rate, then the other',
 *   fields: { even: Field.positive({ default: 0.2 }), odd: Field.positive({ default: 0.1 }) },
 *   meaning: ({ even, odd }) => step => (step % 2 === 0 ? even : odd)
 * })
 * assert.equal(pipe(alternating({ odd: 0.05 }), Rate.at(3)), 0.05)
 */
export const { concept, define, show } = conceptModule<Rate>('Rate', 'the learning rate, step by step')

const peakField = Field.positive({ suggestion: 0.1 })
const rateStepsField = Field.count({ suggestion: 100 })

/** Same rate at every step. */
export const constant = define({
  name: 'constant',
  about: 'the same at every step; a plain number does',
  fields: {
    /** Rate of every step. */
    rate: peakField
  },
  call: ['rate'],
  formula: ({ rate }) => String(rate),
  meaning:
    ({ rate }) =>
    () =>
      rate
})

/** Converts a number to a constant rate. */
export const asRate = (rate: number | Rate): Rate => (typeof rate === 'number' ? constant(rate) : rate)

/** Field of a rate; a plain number is a constant rate. */
export const field: Field.Field<Rate, number | Rate> = Field.of<Rate, number>(concept, {
  from: asRate,
  show: rate => (Case.isMadeBy(constant)(rate) ? String(rate.rate) : null)
})

/** rate + (final − rate) · step/steps, and `final` after `steps`: a decay, or a warm-up if it starts at 0. */
export const linear = define({
  name: 'linear',
  about: 'a straight line, up or down',
  fields: {
    /** Rate of the first step. */
    rate: Field.notNegative({ suggestion: 0.1 }),
    /** Rate after `steps` steps. */
    final: Field.notNegative({ suggestion: 0.01 }),
    /** Number of steps until `final` is reached. */
    steps: rateStepsField
  },
  check: ({ rate, final }) =>
    Problem.unless(rate !== 0 || final !== 0, 'final', final, '> 0 where the rate starts at 0', 'try 0.1'),
  meaning:
    ({ rate, final, steps }) =>
    step =>
      step >= steps ? final : rate + (final - rate) * (step / steps)
})

const DECAY_FIELDS = {
  /** Rate of the first step. */
  rate: peakField,
  /** Factor per period. */
  factor: Field.positive({ suggestion: 0.5 }),
  /** Period, in steps. */
  every: Field.positive({ suggestion: 100 })
}

/** Staircase: rate · factor^⌊step/every⌋ */
export const step = define({
  name: 'step',
  about: 'a staircase',
  fields: DECAY_FIELDS,
  meaning:
    ({ rate, factor, every }) =>
    step =>
      rate * Elementary.pow(factor, Math.floor(step / every))
})

/** rate · factor^(step/every) */
export const exponential = define({
  name: 'exponential',
  about: 'a smooth geometric decay',
  fields: DECAY_FIELDS,
  meaning:
    ({ rate, factor, every }) =>
    step =>
      rate * Elementary.pow(factor, step / every)
})

/** Half a cosine from `a` to `b` as `share` increases from 0 to 1. */
const halfCosine = (a: number, b: number, share: number): number =>
  b + ((a - b) * (1 + Elementary.cos(Math.PI * share))) / 2

/** Linear warm-up over `warmUp` steps, then half a cosine from `rate` to `final` at `steps`, and `final` afterwards. */
export const cosine = define({
  name: 'cosine',
  about: 'half a cosine, after a linear rise (arXiv 1608.03983)',
  fields: {
    /** Maximum rate. */
    rate: peakField,
    /** Number of steps until `final` is reached, including the warm-up. */
    steps: rateStepsField,
    /** Number of warm-up steps, from 0. Default: 0. */
    warmUp: Field.notNegative({ default: 0 }),
    /** Rate after `steps` steps. */
    final: Field.notNegative({ default: 0 })
  },
  check: ({ warmUp, steps }) => Problem.unless(warmUp < steps, 'warmUp', warmUp, `≥ 0 and < steps = ${steps}`, 'try 0'),
  meaning:
    ({ rate, steps, warmUp, final }) =>
    step =>
      step < warmUp
        ? (rate * (step + 1)) / warmUp
        : step >= steps
          ? final
          : halfCosine(rate, final, (step - warmUp) / (steps - warmUp))
})

const oneCycleCase = define({
  name: 'oneCycle',
  about: 'half a cosine up, half a cosine down (Smith & Topin 2018)',
  fields: {
    /** Maximum rate. */
    rate: peakField,
    /** Number of steps of the cycle. */
    steps: rateStepsField,
    /** Fraction of the steps in which the rate rises. */
    rise: Field.fraction({ suggestion: 0.3 }),
    /** Rate of the first step. */
    start: Field.notNegative({ suggestion: 0 }),
    /** Rate after `steps` steps. */
    final: Field.notNegative({ suggestion: 0 })
  },
  meaning: ({ rate, steps, rise, start, final }) => {
    const top = rise * steps
    return step =>
      step < top
        ? halfCosine(start, rate, step / top)
        : step >= steps
          ? final
          : halfCosine(rate, final, (step - top) / (steps - top))
  }
})

/**
 * One cycle: half a cosine from `start` up to `rate` over the fraction `rise` of the steps, half a cosine down to
 * `final` at `steps`, and `final` afterwards (Smith & Topin 2018). Defaults: `start` is rate/25 and `final` is
 * rate/250000.
 */
export const oneCycle = Case.caseCalledBy(
  oneCycleCase,
  (options: {
    readonly rate: number
    readonly steps: number
    readonly rise?: number
    readonly start?: number
    readonly final?: number
  }) => oneCycleCase({ rise: 0.3, start: options.rate / 25, final: options.rate / 250_000, ...options })
)

/** rate / √(1 + step/after) */
export const inverseSquareRoot = define({
  name: 'inverseSquareRoot',
  about: 'rate/√(1 + step/after)',
  fields: {
    /** Rate of the first step. */
    rate: peakField,
    /** Number of steps that sets the scale of the decay. */
    after: Field.positive({ suggestion: 100 })
  },
  meaning:
    ({ rate, after }) =>
    step =>
      rate / Math.sqrt(1 + step / after)
})

/** Rate from a step on, from which it counts its own steps. */
interface RatePiece {
  readonly from: number
  readonly rate: number | Rate
}

const inTurn = define({
  name: 'piecewise',
  about: 'one rate after another',
  fields: {
    /** Rate of the first steps. */
    first: field,
    /** Later rates, each with the step from which it holds. */
    later: Field.array(Field.record({ from: Field.count({ suggestion: 100 }), rate: field }))
  },
  call: ['first', 'later'],
  check: ({ later }) =>
    later.flatMap(({ from }, i) =>
      i === 0
        ? []
        : Problem.unless(
            from > later[i - 1].from,
            `later[${i}].from`,
            from,
            `> ${later[i - 1].from}, where the piece before it begins`,
            'give the pieces in order'
          )
    ),
  meaning: ({ first, later }) => {
    const pieces = [{ from: 0, rate: first }, ...later].map(({ from, rate }) => ({ from, at: concept.meaning(rate) }))
    return step => pieces.reduce((value, { from, at }) => (from <= step ? at(step - from) : value), NaN)
  }
})

/**
 * Piecewise rate: `first`, then each piece from its step on, counting steps from there.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Rate } from 'ornstein'
 *
 * const warm = Rate.piecewise(Rate.linear({ rate: 0, final: 0.1, steps: 10 }), [
 *   { from: 10, rate: Rate.inverseSquareRoot({ rate: 0.1, after: 100 }) },
 *   { from: 500, rate: 0.001 }
 * ])
 * assert.deepEqual([5, 10, 310, 600].map(step => pipe(warm, Rate.at(step))), [0.05, 0.1, 0.05, 0.001])
 */
export const piecewise = Case.caseCalledBy(inTurn, (first: number | Rate, later: ReadonlyArray<RatePiece>) =>
  inTurn(first, later)
)

/**
 * Returns the rate after `step` steps.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Rate } from 'ornstein'
 *
 * assert.equal(pipe(Rate.exponential({ rate: 0.8, factor: 0.5, every: 10 }), Rate.at(20)), 0.2)
 */
export const at =
  (step: number) =>
  (rate: Rate): number =>
    concept.meaning(rate)(step)

/** Returns the problems of a rate. */
export const problems = (rate: Rate): ReadonlyArray<Problem.Problem> =>
  Case.problems(rate, { bare: Case.isMadeBy(constant)(rate) })

export const all: ReadonlyArray<Vocabulary.Entry> = [
  constant,
  linear,
  step,
  piecewise,
  exponential,
  cosine,
  oneCycle,
  inverseSquareRoot
]

/** Returns the JSON codec of rates in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Rate, unknown> => Vocabulary.codec(vocabulary)(concept)
