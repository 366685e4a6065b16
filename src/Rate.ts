/** Learning rates, as functions of the number of steps already taken. */
import * as t from 'io-ts'
import * as Problem from './Problem.js'
import * as Tagged from './Tagged.js'

export interface Constant {
  readonly _tag: 'Constant'
  readonly rate: number
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

export interface InverseSquareRoot {
  readonly _tag: 'InverseSquareRoot'
  readonly rate: number
  readonly after: number
}

export type Rate = Constant | Exponential | Cosine | InverseSquareRoot

export const constant = (rate: number): Rate => ({ _tag: 'Constant', rate })

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

/** rate / √(1 + step/after) */
export const inverseSquareRoot = ({ rate, after }: Omit<InverseSquareRoot, '_tag'>): Rate => ({
  _tag: 'InverseSquareRoot',
  rate,
  after
})

/** A plain number is a constant rate. */
export const from = (rate: number | Rate): Rate => (typeof rate === 'number' ? constant(rate) : rate)

export const fold = Tagged.fold<Rate>()

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
    Exponential: ({ rate, factor, every }) => rate * factor ** (step / every),
    Cosine: ({ rate, steps, warmUp, final }) =>
      step < warmUp
        ? (rate * (step + 1)) / warmUp
        : step >= steps
          ? final
          : final + ((rate - final) * (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp)))) / 2,
    InverseSquareRoot: ({ rate, after }) => rate / Math.sqrt(1 + step / after)
  })

export const show = fold<string>({
  Constant: ({ rate }) => String(rate),
  Exponential: ({ rate, factor, every }) => `Rate.exponential({ rate: ${rate}, factor: ${factor}, every: ${every} })`,
  Cosine: ({ rate, steps, warmUp, final }) =>
    `Rate.cosine({ rate: ${rate}, steps: ${steps}, warmUp: ${warmUp}, final: ${final} })`,
  InverseSquareRoot: ({ rate, after }) => `Rate.inverseSquareRoot({ rate: ${rate}, after: ${after} })`
})

export const problems = fold<ReadonlyArray<Problem.Problem>>({
  Constant: ({ rate }) => Problem.positive('', rate, 0.1),
  Exponential: ({ rate, factor, every }) => [
    ...Problem.positive('rate', rate, 0.1),
    ...Problem.positive('factor', factor, 0.5),
    ...Problem.positive('every', every, 100)
  ],
  Cosine: ({ rate, steps, warmUp, final }) => [
    ...Problem.positive('rate', rate, 0.1),
    ...Problem.count('steps', steps, 1, 100),
    ...Problem.unless(warmUp >= 0 && warmUp < steps, 'warmUp', warmUp, `≥ 0 and < steps = ${steps}`, 'try 0'),
    ...Problem.unless(final >= 0 && final < Infinity, 'final', final, '≥ 0 and finite', 'try 0')
  ],
  InverseSquareRoot: ({ rate, after }) => [
    ...Problem.positive('rate', rate, 0.1),
    ...Problem.positive('after', after, 100)
  ]
})

export const codec: t.Type<Rate, unknown> = t.union([
  t.type({ _tag: t.literal('Constant'), rate: t.number }),
  t.type({ _tag: t.literal('Exponential'), rate: t.number, factor: t.number, every: t.number }),
  t.type({ _tag: t.literal('Cosine'), rate: t.number, steps: t.number, warmUp: t.number, final: t.number }),
  t.type({ _tag: t.literal('InverseSquareRoot'), rate: t.number, after: t.number })
])
