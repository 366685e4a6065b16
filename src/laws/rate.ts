/** Laws of learning rates: of every one, and the equation that each is the solution of. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case as Of, Optimizer, Params, Rate } from '../index.js'
import { over, ofRows, is, isAtMost, isBelow } from './lawRows.js'
import type { Laws } from './law.js'

export interface RateOptions {
  /** What is believed to be the rate after so many steps; by default `Rate.at`. */
  readonly at?: (rate: Rate.Rate, step: number) => number
  /** Steps taken; by default up to 200, and some far beyond. */
  readonly steps?: fc.Arbitrary<number>
  /** How a step is computed; by default `Optimizer.anyInterpret`. */
  readonly interpret?: typeof Optimizer.anyInterpret
}

interface Example {
  readonly step: number
}

/** The greatest rate that a description names, where its case is known; infinite where it grows without end. */
const most: (rate: Rate.Rate) => O.Option<number> = Of.known(
  Of.when(Rate.constant, ({ rate }) => rate),
  Of.when(Rate.linear, ({ rate, final }) => Math.max(rate, final)),
  Of.when(Rate.step, ({ rate, factor }) => (factor > 1 ? Infinity : rate)),
  Of.when(Rate.piecewise, ({ first, later }) => Math.max(...[first, ...later.map(({ rate }) => rate)].map(bound))),
  Of.when(Rate.exponential, ({ rate, factor }) => (factor > 1 ? Infinity : rate)),
  Of.when(Rate.cosine, ({ rate, final }) => Math.max(rate, final)),
  Of.when(Rate.oneCycle, ({ rate, start, final }) => Math.max(rate, start, final)),
  Of.when(Rate.inverseSquareRoot, ({ rate }) => rate)
)

const bound = (rate: Rate.Rate): number => O.getOrElse(() => Infinity)(most(rate))

/** Every rate that a description names times a factor, where all its cases are known. */
const scaled = (by: number): ((rate: Rate.Rate) => O.Option<Rate.Rate>) => {
  const times: (rate: Rate.Rate) => O.Option<Rate.Rate> = rate =>
    Of.isMadeBy(Rate.piecewise)(rate)
      ? pipe(
          [rate.first, ...rate.later.map(({ rate }) => rate)],
          O.traverseArray(times),
          O.map(([first, ...rest]) => ({
            ...rate,
            first,
            later: rate.later.map((piece, i) => ({ ...piece, rate: rest[i] }))
          }))
        )
      : alone(rate)
  const alone = Of.known<Rate.Rate>(
    Of.when(Rate.constant, rate => ({ ...rate, rate: by * rate.rate })),
    Of.when(Rate.linear, rate => ({ ...rate, rate: by * rate.rate, final: by * rate.final })),
    Of.when(Rate.step, rate => ({ ...rate, rate: by * rate.rate })),
    Of.when(Rate.exponential, rate => ({ ...rate, rate: by * rate.rate })),
    Of.when(Rate.cosine, rate => ({ ...rate, rate: by * rate.rate, final: by * rate.final })),
    Of.when(Rate.oneCycle, rate => ({
      ...rate,
      rate: by * rate.rate,
      start: by * rate.start,
      final: by * rate.final
    })),
    Of.when(Rate.inverseSquareRoot, rate => ({ ...rate, rate: by * rate.rate }))
  )
  return times
}

/** An equation between two numbers of the size of the rate. */
type Equation = readonly [what: string, found: number, wanted: number]

/** Half a cosine from `a` at `lo` to `b` at `hi`: its ends, its symmetry about the middle, and its height at a third. */
const halfCosine = (
  at: (step: number) => number,
  { lo, hi, a, b }: { readonly lo: number; readonly hi: number; readonly a: number; readonly b: number },
  step: number
): ReadonlyArray<Equation> => {
  const along = step % (hi - lo)
  return [
    ['at its begin', at(lo), a],
    // cos(π/3) = ½
    ['after a third', at(lo + (hi - lo) / 3), b + 0.75 * (a - b)],
    ['on both sides of its middle', along === 0 ? a + b : at(lo + along) + at(hi - along), a + b]
  ]
}

/** What a rate after so many steps is to be, from its description alone: no closed form is used twice. */
const equations = (
  at: (rate: Rate.Rate, step: number) => number,
  step: number
): ((rate: Rate.Rate) => O.Option<ReadonlyArray<Equation>>) =>
  Of.known<ReadonlyArray<Equation>>(
    Of.when(Rate.constant, (rate): ReadonlyArray<Equation> => [['at any step', at(rate, step), rate.rate]]),
    Of.when(Rate.linear, (rate): ReadonlyArray<Equation> => [
      ['at first', at(rate, 0), rate.rate],
      ['after its steps', at(rate, rate.steps + step), rate.final],
      [
        'from one step to the next',
        at(rate, (step % rate.steps) + 1) - at(rate, step % rate.steps),
        (rate.final - rate.rate) / rate.steps
      ]
    ]),
    Of.when(Rate.step, (rate): ReadonlyArray<Equation> => [
      ['before it falls', at(rate, (step % 1000) * (rate.every / 1000)), rate.rate],
      ['once more', at(rate, step + rate.every), rate.factor * at(rate, step)]
    ]),
    Of.when(Rate.piecewise, (rate): ReadonlyArray<Equation> =>
      [{ from: 0, rate: rate.first }, ...rate.later]
        .filter(({ from }, i) => from <= step && (i === rate.later.length || rate.later[i].from > step))
        .map(({ from, rate: inner }): Equation => [
          `of the piece from ${from} on`,
          at(rate, step),
          at(inner, step - from)
        ])
    ),
    Of.when(Rate.exponential, (rate): ReadonlyArray<Equation> => [
      ['at first', at(rate, 0), rate.rate],
      ['once more', at(rate, step + rate.every), rate.factor * at(rate, step)],
      ['between its neighbours', at(rate, step + 1), Math.sqrt(at(rate, step) * at(rate, step + 2))]
    ]),
    Of.when(Rate.cosine, (rate): ReadonlyArray<Equation> => [
      ['after its steps', at(rate, rate.steps + step), rate.final],
      ...(rate.warmUp >= 1
        ? [
            [
              'on its way up',
              at(rate, step % Math.floor(rate.warmUp)),
              (rate.rate * ((step % Math.floor(rate.warmUp)) + 1)) / rate.warmUp
            ] as const
          ]
        : []),
      ...halfCosine(n => at(rate, n), { lo: rate.warmUp, hi: rate.steps, a: rate.rate, b: rate.final }, step)
    ]),
    Of.when(Rate.oneCycle, (rate): ReadonlyArray<Equation> => {
      const peak = rate.rise * rate.steps
      const [up, down] = [
        { lo: 0, hi: peak, a: rate.start, b: rate.rate },
        { lo: peak, hi: rate.steps, a: rate.rate, b: rate.final }
      ]
      return [
        ['after its steps', at(rate, rate.steps + step), rate.final],
        ...(peak > 0 ? halfCosine(n => at(rate, n), up, step) : []),
        ...halfCosine(n => at(rate, n), down, step)
      ]
    }),
    Of.when(Rate.inverseSquareRoot, (rate): ReadonlyArray<Equation> => [
      ['at first', at(rate, 0), rate.rate],
      ['squared', at(rate, step) * Math.sqrt(1 + step / rate.after), rate.rate]
    ])
  )

/**
 * The laws of a learning rate: it stays within what it names, grows with it, is what its description says, and is what
 * the optimizer takes.
 *
 * @example
 * import fc from 'fast-check'
 * import { Rate } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.rate(Rate.cosine({ rate: 0.1, steps: 100, warmUp: 10 })).forEach(({ property }) => {
 *   fc.assert(property)
 * })
 */
export const rate = (
  rate: Rate.Rate,
  {
    at = (rate, step) => Rate.at(step)(rate),
    steps = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 200 }) }, fc.nat({ max: 1_000_000 })),
    interpret = Optimizer.anyInterpret
  }: RateOptions = {}
): Laws => {
  const cases: fc.Arbitrary<Example> = fc.record({ step: steps })
  const code = Rate.show(rate)
  const optimizer = Optimizer.scaleByRate(rate)

  const lawOf = over(cases)
  return ofRows(code, [
    lawOf({
      name: 'is no less than 0 and no more than it names',
      statement: '∀ n: 0 ≤ rate(n) ≤ the greatest rate of its description, and finite. Up to 2⁻⁵² of the latter.',
      source: 'definition of a learning rate',
      says: ({ step }) => {
        const found = at(rate, step)
        return [
          isAtMost(0, found),
          isBelow(found, Infinity),
          isAtMost(found, bound(rate) * (1 + Elementary.powerOfTwo(-52)))
        ]
      }
    }),
    lawOf({
      name: 'is what its description says',
      statement:
        '∀ n: its equation holds, where its case is known: its ends; equal differences, or equal ratios, of its steps; half a cosine, symmetric about its middle and at ¾ after a third; rate(n)² (1 + n/after) = rate²; the piece that n falls in. To 1e-13 of the rates.',
      source: 'definition of each',
      says: ({ step }) =>
        O.getOrElse((): ReadonlyArray<Equation> => [])(equations(at, step)(rate)).flatMap(([what, found, wanted]) => {
          const size = Math.max(Math.abs(found), Math.abs(wanted), Number.isFinite(bound(rate)) ? bound(rate) : 0)
          return is({ [what]: found }, { [what]: wanted }, 1e-13 * size)
        })
    }),
    lawOf({
      name: 'grows with the rates it names',
      statement:
        '∀ n, c = 2^k: with every rate of its description, where its case is known, c times as great it is c times as great. Exactly.',
      source: 'rates are of one unit',
      says: ({ step }) => {
        const by = Elementary.powerOfTwo((step % 7) - 3)
        const other = O.toNullable(scaled(by)(rate))
        return other !== null && is(at(other, step), by * at(rate, step))
      }
    }),
    lawOf({
      name: 'is what an optimizer takes',
      statement:
        '∀ n ≤ 20: step n of scaleByRate on a gradient of 1 is −rate(n), and rateInForce says so before it. Exactly.',
      source: 'definition of gradient descent',
      says: ({ step }) => {
        const { init, update } = interpret<string>(optimizer)
        const [params, gradient] = [Params.of({ x: 0 }), Params.of({ x: 1 })]
        const before = Array.from({ length: step % 21 }).reduce<ReturnType<typeof init>>(
          state => update(gradient, state, params)[1],
          init(params)
        )
        const [taken] = update(gradient, before, params)
        return is(
          { step: taken.x.values, 'rate in force': Optimizer.rateInForce(optimizer, before) },
          { step: [-at(rate, step % 21)], 'rate in force': at(rate, step % 21) }
        )
      }
    })
  ])
}
