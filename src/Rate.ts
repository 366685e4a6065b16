/** Learning rates, as functions of the number of steps already taken. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Problem from './Problem.js'
import * as Tagged from './Tagged.js'

export interface Constant {
  readonly _tag: 'Constant'
  readonly rate: number
}

export interface Linear {
  readonly _tag: 'Linear'
  readonly rate: number
  readonly final: number
  readonly steps: number
}

export interface Step {
  readonly _tag: 'Step'
  readonly rate: number
  readonly factor: number
  readonly every: number
}

/** A rate, and the step from which it holds; it counts its own steps from there. */
export interface Piece {
  readonly from: number
  readonly rate: Rate
}

export interface Piecewise {
  readonly _tag: 'Piecewise'
  readonly pieces: ReadonlyArray<Piece>
}

export interface Exponential {
  readonly _tag: 'Exponential'
  readonly rate: number
  readonly factor: number
  readonly every: number
}

export interface Cosine {
  readonly _tag: 'Cosine'
  readonly rate: number
  readonly steps: number
  readonly warmUp: number
  readonly final: number
}

export interface OneCycle {
  readonly _tag: 'OneCycle'
  readonly rate: number
  readonly steps: number
  readonly rise: number
  readonly start: number
  readonly final: number
}

export interface InverseSquareRoot {
  readonly _tag: 'InverseSquareRoot'
  readonly rate: number
  readonly after: number
}

export type Rate = Constant | Linear | Step | Piecewise | Exponential | Cosine | OneCycle | InverseSquareRoot

/** The same at every step. */
export const constant = (rate: number): Rate => ({ _tag: 'Constant', rate })

/** rate + (final − rate) · step/steps, and `final` after `steps`: a decay, or a warm-up from 0. */
export const linear = ({ rate, final, steps }: Omit<Linear, '_tag'>): Rate => ({ _tag: 'Linear', rate, final, steps })

/** rate · factor^⌊step/every⌋: a staircase. */
export const step = ({ rate, factor, every }: Omit<Step, '_tag'>): Rate => ({ _tag: 'Step', rate, factor, every })

/**
 * One rate after another: `first`, then each piece from its step on, counting from there.
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
export const piecewise = (
  first: number | Rate,
  later: ReadonlyArray<{ readonly from: number; readonly rate: number | Rate }>
): Rate => ({
  _tag: 'Piecewise',
  pieces: [{ from: 0, rate: first }, ...later].map(piece => ({ from: piece.from, rate: from(piece.rate) }))
})

/** rate · factor^(step/every) */
export const exponential = ({ rate, factor, every }: Omit<Exponential, '_tag'>): Rate => ({
  _tag: 'Exponential',
  rate,
  factor,
  every
})

/** A linear rise over `warmUp` steps, then half a cosine from `rate` down to `final` at `steps`, and `final` after. */
export const cosine = ({
  rate,
  steps,
  warmUp = 0,
  final = 0
}: Pick<Cosine, 'rate' | 'steps'> & Partial<Pick<Cosine, 'warmUp' | 'final'>>): Rate => ({
  _tag: 'Cosine',
  rate,
  steps,
  warmUp,
  final
})

/**
 * One cycle: half a cosine up from `start` to `rate` over the share `rise` of the steps, half a cosine down to `final` at
 * `steps`, and `final` after (Smith & Topin 2018). It starts at rate/25 and ends at rate/250000, as is usual.
 */
export const oneCycle = ({
  rate,
  steps,
  rise = 0.3,
  start = rate / 25,
  final = rate / 250_000
}: Pick<OneCycle, 'rate' | 'steps'> & Partial<Omit<OneCycle, '_tag'>>): Rate => ({
  _tag: 'OneCycle',
  rate,
  steps,
  rise,
  start,
  final
})

/** rate / √(1 + step/after) */
export const inverseSquareRoot = ({ rate, after }: Omit<InverseSquareRoot, '_tag'>): Rate => ({
  _tag: 'InverseSquareRoot',
  rate,
  after
})

/** A plain number is a constant rate. */
export const from = (rate: number | Rate): Rate => (typeof rate === 'number' ? constant(rate) : rate)

export const fold = Tagged.fold<Rate>()

/** Half a cosine from `a` to `b` as `share` goes from 0 to 1. */
const halfCosine = (a: number, b: number, share: number): number => b + ((a - b) * (1 + Math.cos(Math.PI * share))) / 2

/**
 * The rate after `step` steps.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Rate } from 'ornstein'
 *
 * assert.equal(pipe(Rate.exponential({ rate: 0.8, factor: 0.5, every: 10 }), Rate.at(20)), 0.2)
 */
export const at = (step: number): ((rate: Rate) => number) =>
  fold<number>({
    Constant: ({ rate }) => rate,
    Linear: ({ rate, final, steps }) => (step >= steps ? final : rate + (final - rate) * (step / steps)),
    Step: ({ rate, factor, every }) => rate * factor ** Math.floor(step / every),
    Piecewise: ({ pieces }) =>
      pipe(
        pieces,
        RA.findLast(({ from }) => from <= step),
        // `problems` sees to it that the first piece begins at 0.
        O.match(
          () => NaN,
          ({ from, rate }) => at(step - from)(rate)
        )
      ),
    Exponential: ({ rate, factor, every }) => rate * factor ** (step / every),
    Cosine: ({ rate, steps, warmUp, final }) =>
      step < warmUp
        ? (rate * (step + 1)) / warmUp
        : step >= steps
          ? final
          : halfCosine(rate, final, (step - warmUp) / (steps - warmUp)),
    OneCycle: ({ rate, steps, rise, start, final }) => {
      const peak = rise * steps
      return step < peak
        ? halfCosine(start, rate, step / peak)
        : step >= steps
          ? final
          : halfCosine(rate, final, (step - peak) / (steps - peak))
    },
    InverseSquareRoot: ({ rate, after }) => rate / Math.sqrt(1 + step / after)
  })

/** `Rate.name({ … })` with the fields of a description. */
const call =
  (name: string) =>
  (rate: Exclude<Rate, Piecewise>): string => {
    const fields = Object.entries(rate).flatMap(([field, value]) => (field === '_tag' ? [] : [`${field}: ${value}`]))
    return `Rate.${name}({ ${fields.join(', ')} })`
  }

/** The rate as the code that builds it; a constant one is its number. */
export const show: (rate: Rate) => string = fold<string>({
  Constant: ({ rate }) => String(rate),
  Linear: call('linear'),
  Step: call('step'),
  Piecewise: ({ pieces: [first, ...later] }) =>
    `Rate.piecewise(${show(first.rate)}, [${later
      .map(({ from, rate }) => `{ from: ${from}, rate: ${show(rate)} }`)
      .join(', ')}])`,
  Exponential: call('exponential'),
  Cosine: call('cosine'),
  OneCycle: call('oneCycle'),
  InverseSquareRoot: call('inverseSquareRoot')
})

const notNegative = (field: string, value: number): ReadonlyArray<Problem.Problem> =>
  Problem.unless(value >= 0 && value < Infinity, field, value, '≥ 0 and finite', 'try 0')

const decay = ({ rate, factor, every }: Omit<Step, '_tag'>): ReadonlyArray<Problem.Problem> => [
  ...Problem.positive('rate', rate, 0.1),
  ...Problem.positive('factor', factor, 0.5),
  ...Problem.positive('every', every, 100)
]

/** What is wrong with a rate. */
export const problems: (rate: Rate) => ReadonlyArray<Problem.Problem> = fold<ReadonlyArray<Problem.Problem>>({
  Constant: ({ rate }) => Problem.positive('', rate, 0.1),
  Linear: ({ rate, final, steps }) => [
    ...notNegative('rate', rate),
    ...notNegative('final', final),
    ...Problem.unless(rate !== 0 || final !== 0, 'final', final, '> 0 where the rate starts at 0', 'try 0.1'),
    ...Problem.count('steps', steps, 1, 100)
  ],
  Step: decay,
  Piecewise: ({ pieces }) => [
    ...Problem.unless(pieces.length > 0, 'pieces', '[]', 'a list of at least one piece', 'give a first rate'),
    ...pieces.flatMap(({ from, rate }, i) => [
      ...(i === 0
        ? Problem.unless(from === 0, 'pieces[0].from', from, '0, where a run begins', 'let the first piece begin at 0')
        : Problem.unless(
            Number.isSafeInteger(from) && from > pieces[i - 1].from,
            `pieces[${i}].from`,
            from,
            `a whole number > ${pieces[i - 1].from}, where the piece before it begins`,
            'give the pieces in order'
          )),
      ...problems(rate).map(Problem.within(`pieces[${i}].rate`))
    ])
  ],
  Exponential: decay,
  Cosine: ({ rate, steps, warmUp, final }) => [
    ...Problem.positive('rate', rate, 0.1),
    ...Problem.count('steps', steps, 1, 100),
    ...Problem.unless(warmUp >= 0 && warmUp < steps, 'warmUp', warmUp, `≥ 0 and < steps = ${steps}`, 'try 0'),
    ...notNegative('final', final)
  ],
  OneCycle: ({ rate, steps, rise, start, final }) => [
    ...Problem.positive('rate', rate, 0.1),
    ...Problem.count('steps', steps, 1, 100),
    ...Problem.unless(rise >= 0 && rise < 1, 'rise', rise, 'in [0, 1), a share of the steps', 'try 0.3'),
    ...notNegative('start', start),
    ...notNegative('final', final)
  ],
  InverseSquareRoot: ({ rate, after }) => [
    ...Problem.positive('rate', rate, 0.1),
    ...Problem.positive('after', after, 100)
  ]
})

const decayed = { rate: t.number, factor: t.number, every: t.number }

/** The JSON codec. */
export const codec: t.Type<Rate, unknown> = t.recursion('Rate', () =>
  t.union([
    t.type({ _tag: t.literal('Constant'), rate: t.number }),
    t.type({ _tag: t.literal('Linear'), rate: t.number, final: t.number, steps: t.number }),
    t.type({ _tag: t.literal('Step'), ...decayed }),
    t.type({ _tag: t.literal('Piecewise'), pieces: t.readonlyArray(t.type({ from: t.number, rate: codec })) }),
    t.type({ _tag: t.literal('Exponential'), ...decayed }),
    t.type({ _tag: t.literal('Cosine'), rate: t.number, steps: t.number, warmUp: t.number, final: t.number }),
    t.type({
      _tag: t.literal('OneCycle'),
      rate: t.number,
      steps: t.number,
      rise: t.number,
      start: t.number,
      final: t.number
    }),
    t.type({ _tag: t.literal('InverseSquareRoot'), rate: t.number, after: t.number })
  ])
)
