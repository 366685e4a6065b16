/** Rates: each against numbers worked out by hand, without jumps where pieces meet, and refused where two numbers do not go together. */
import { pipe } from 'fp-ts/lib/function.js'
import { expect, it } from 'vitest'
import { Field, Problem } from '../../../src/index.js'
import * as Rate from '../../../src/optimizer/rate.js'

const { constant, cosine, exponential, inverseSquareRoot, linear, oneCycle, piecewise, step } = Rate
const at = (rate: Rate.Rate) => (n: number) => pipe(rate, Rate.at(n))
const pieces = piecewise(linear({ rate: 0, final: 1, steps: 4 }), [
  { from: 4, rate: step({ rate: 1, factor: 0.5, every: 2 }) },
  { from: 8, rate: 0.01 }
])

/** Steps, and the rates there. */
it.each<[Rate.Rate, ReadonlyArray<number>, ReadonlyArray<number>]>([
  [constant(0.1), [0, 1e6], [0.1, 0.1]],
  [linear({ rate: 0.4, final: 0.2, steps: 4 }), [0, 1, 2, 4, 100], [0.4, 0.35, 0.3, 0.2, 0.2]],
  [step({ rate: 0.8, factor: 0.5, every: 10 }), [0, 9, 10, 29], [0.8, 0.8, 0.4, 0.2]],
  [exponential({ rate: 0.8, factor: 0.5, every: 10 }), [0, 5, 10, 20], [0.8, 0.8 * Math.SQRT1_2, 0.4, 0.2]],
  // Four steps up, then 0.6 + 0.4 cos(π k/6).
  [
    cosine({ rate: 1, steps: 10, warmUp: 4, final: 0.2 }),
    [0, 3, 4, 6, 7, 8, 10, 99],
    [0.25, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2]
  ],
  // 0.75 − 0.25 cos(π k/4) up, then 0.5 + 0.5 cos(π k/6) down.
  [
    oneCycle({ rate: 1, steps: 10, rise: 0.4, start: 0.5, final: 0 }),
    [0, 2, 4, 6, 7, 8, 10, 11],
    [0.5, 0.75, 1, 0.75, 0.5, 0.25, 0, 0]
  ],
  [oneCycle({ rate: 0.5, steps: 100 }), [0, 30, 100], [0.02, 0.5, 0.000002]],
  [inverseSquareRoot({ rate: 0.6, after: 5 }), [0, 15, 40], [0.6, 0.3, 0.2]],
  [pieces, [0, 2, 4, 5, 6, 8, 1000], [0, 0.5, 1, 1, 0.5, 0.01, 0.01]]
])('%j at steps %j', (rate, steps, wanted) => {
  // Half a cosine rounds a few times near 1.
  steps.map(at(rate)).forEach((found, i) => {
    expect(Math.abs(found - wanted[i])).toBeLessThanOrEqual(4 * Number.EPSILON)
  })
  expect(Rate.problems(rate)).toEqual([])
})

it.each([oneCycle({ rate: 1, steps: 1000, rise: 0.3 }), cosine({ rate: 1, steps: 1000, warmUp: 300 })])(
  '%j takes no jump where its pieces meet',
  rate => {
    const rates = Array.from({ length: 1100 }, (_, i) => at(rate)(i))
    // The steepest: half a cosine over 300 steps, π/2/300 a step.
    rates.slice(1).forEach((value, i) => {
      expect(Math.abs(value - rates[i])).toBeLessThan(Math.PI / 2 / 299)
    })
  }
)

/** Of single numbers test/golden/words.txt says what is refused. */
it.each<[Rate.Rate, ReadonlyArray<string>]>([
  [oneCycle({ rate: 1, steps: 9, rise: 0, start: 0, final: 0 }), []],
  [linear({ rate: 0.1, final: 0, steps: 9 }), []],
  [cosine({ rate: 1, steps: 10, warmUp: 10 }), ['warmUp: 10 is not ≥ 0 and < steps = 10; try 0']],
  [linear({ rate: 0, final: 0, steps: 1 }), ['final: 0 is not > 0 where the rate starts at 0; try 0.1']],
  [
    piecewise(0.1, [
      { from: 10, rate: 0.2 },
      { from: 10, rate: cosine({ rate: 0, steps: 1 }) }
    ]),
    [
      'later[1].from: 10 is not > 10, where the piece before it begins; give the pieces in order',
      'later[1].rate.rate: 0 is not > 0 and finite; try 0.1'
    ]
  ]
])('%j: what is wrong with it', (rate, messages) => {
  expect(Rate.problems(rate).map(Problem.show)).toEqual(messages)
})

it("a rate of one's own stands in others", () => {
  const alternating = Rate.define({
    name: 'alternating',
    about: 'one rate, then the other',
    fields: { even: Field.positive({ default: 0.2 }), odd: Field.positive({ default: 0.1 }) },
    meaning:
      ({ even, odd }) =>
      n =>
        n % 2 === 0 ? even : odd
  })
  const rate = piecewise(0.5, [{ from: 2, rate: alternating({ odd: 0 }) }])
  expect(Rate.show(rate)).toBe('Rate.piecewise(0.5, [{ from: 2, rate: Rate.alternating({ even: 0.2, odd: 0 }) }])')
  expect([1, 2, 3].map(at(rate))).toEqual([0.5, 0.2, 0])
  expect(Rate.problems(rate).map(Problem.show)).toEqual(['later[0].rate.odd: 0 is not > 0 and finite; try 0.1'])
})
