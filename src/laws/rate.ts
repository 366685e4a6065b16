/** Laws of learning rates. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Optimizer, Params, Rate } from '../index.js'
import { ofRates } from './capability.js'
import { over, ofRows, is, isAtMost, isBelow } from './lawRows.js'
import type { Laws } from './law.js'

export interface RateOptions {
  /** What is believed to be the rate after so many steps; by default `Rate.at`. */
  readonly at?: (rate: Rate.Rate, step: number) => number
  /** The greatest that it comes to. */
  readonly most?: number
  /** Steps taken; by default up to 200, and some far beyond. */
  readonly steps?: fc.Arbitrary<number>
  /** How a step is computed; by default `Optimizer.anyInterpret`. */
  readonly interpret?: typeof Optimizer.anyInterpret
}

interface Example {
  readonly step: number
}

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
    steps = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 200 }) }, fc.constant(0), fc.nat({ max: 1_000_000 })),
    interpret = Optimizer.anyInterpret,
    ...given
  }: RateOptions = {}
): Laws => {
  const cases: fc.Arbitrary<Example> = fc.record({ step: steps })
  const code = Rate.show(rate)
  const optimizer = Optimizer.scaleByRate(rate)

  const lawOf = over(cases)
  return ofRows(
    code,
    [
      lawOf({
        name: 'is no less than 0',
        statement: '∀ n: 0 ≤ rate(n) < ∞. Exactly.',
        source: 'definition of a learning rate',
        says: ({ step }) => [isAtMost(0, at(rate, step)), isBelow(at(rate, step), Infinity)]
      }),
      lawOf({
        claim: given.most,
        option: 'most',
        name: 'is no more than it names',
        statement: most => `∀ n: rate(n) ≤ ${most}. Up to 2⁻⁵² of it.`,
        source: 'definition of the rate',
        says: ({ step }, most) => isAtMost(at(rate, step), most * (1 + Elementary.powerOfTwo(-52)))
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
      }),
      ofRates(rate)
    ],
    given
  )
}
