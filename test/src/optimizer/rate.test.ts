/** Rates: each against its definition written out, continuous where it should be, refused where it makes no sense. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Case, Field, Problem, Rate, Vocabulary } from '../../../src/index.js'

const codec = Rate.codec(Vocabulary.standard)

const along = (rate: Rate.Rate, steps: ReadonlyArray<number>): ReadonlyArray<number> =>
  steps.map(step => pipe(rate, Rate.at(step)))

interface Row {
  readonly rate: Rate.Rate
  readonly show: string
  /** Steps and the rates there, computed by hand. */
  readonly at: ReadonlyArray<readonly [step: number, rate: number]>
}

const table: ReadonlyArray<Row> = [
  {
    rate: Rate.constant(0.1),
    show: 'Rate.constant(0.1)',
    at: [
      [0, 0.1],
      [1e6, 0.1]
    ]
  },
  {
    rate: Rate.linear({ rate: 0.4, final: 0.2, steps: 4 }),
    show: 'Rate.linear({ rate: 0.4, final: 0.2, steps: 4 })',
    at: [
      [0, 0.4],
      [1, 0.35],
      [2, 0.3],
      [4, 0.2],
      [100, 0.2]
    ]
  },
  {
    rate: Rate.step({ rate: 0.8, factor: 0.5, every: 10 }),
    show: 'Rate.step({ rate: 0.8, factor: 0.5, every: 10 })',
    at: [
      [0, 0.8],
      [9, 0.8],
      [10, 0.4],
      [29, 0.2]
    ]
  },
  {
    rate: Rate.exponential({ rate: 0.8, factor: 0.5, every: 10 }),
    show: 'Rate.exponential({ rate: 0.8, factor: 0.5, every: 10 })',
    at: [
      [0, 0.8],
      [5, 0.8 * Math.SQRT1_2],
      [10, 0.4],
      [20, 0.2]
    ]
  },
  {
    rate: Rate.cosine({ rate: 1, steps: 10, warmUp: 4, final: 0.2 }),
    show: 'Rate.cosine({ rate: 1, steps: 10, warmUp: 4, final: 0.2 })',
    // Four steps up, then 0.6 + 0.4 cos(π k/6).
    at: [
      [0, 0.25],
      [3, 1],
      [4, 1],
      [6, 0.8],
      [7, 0.6],
      [8, 0.4],
      [10, 0.2],
      [99, 0.2]
    ]
  },
  {
    rate: Rate.oneCycle({ rate: 1, steps: 10, rise: 0.4, start: 0.5, final: 0 }),
    show: 'Rate.oneCycle({ rate: 1, steps: 10, rise: 0.4, start: 0.5, final: 0 })',
    // 0.75 − 0.25 cos(π k/4) up, then 0.5 + 0.5 cos(π k/6) down.
    at: [
      [0, 0.5],
      [2, 0.75],
      [4, 1],
      [6, 0.75],
      [7, 0.5],
      [8, 0.25],
      [10, 0],
      [11, 0]
    ]
  },
  {
    rate: Rate.oneCycle({ rate: 0.5, steps: 100 }),
    show: 'Rate.oneCycle({ rate: 0.5, steps: 100, rise: 0.3, start: 0.02, final: 0.000002 })',
    at: [
      [0, 0.02],
      [30, 0.5],
      [100, 0.000002]
    ]
  },
  {
    rate: Rate.inverseSquareRoot({ rate: 0.6, after: 5 }),
    show: 'Rate.inverseSquareRoot({ rate: 0.6, after: 5 })',
    at: [
      [0, 0.6],
      [15, 0.3],
      [40, 0.2]
    ]
  },
  {
    rate: Rate.piecewise(Rate.linear({ rate: 0, final: 1, steps: 4 }), [
      { from: 4, rate: Rate.step({ rate: 1, factor: 0.5, every: 2 }) },
      { from: 8, rate: 0.01 }
    ]),
    show:
      'Rate.piecewise(Rate.linear({ rate: 0, final: 1, steps: 4 }), ' +
      '[{ from: 4, rate: Rate.step({ rate: 1, factor: 0.5, every: 2 }) }, { from: 8, rate: 0.01 }])',
    at: [
      [0, 0],
      [2, 0.5],
      [4, 1],
      [5, 1],
      [6, 0.5],
      [8, 0.01],
      [1000, 0.01]
    ]
  }
]

describe.each(table)('$show', ({ rate, show, at }) => {
  it('has the rates of its definition', () => {
    along(
      rate,
      at.map(([step]) => step)
    ).forEach((found, i) => {
      // Half a cosine rounds a few times near 1.
      expect(Math.abs(found - at[i][1])).toBeLessThanOrEqual(4 * Number.EPSILON)
    })
  })

  it('prints as the code that builds it, goes through JSON unchanged, and is in order', () => {
    expect(Rate.show(rate)).toBe(show)
    expect(codec.decode(JSON.parse(JSON.stringify(codec.encode(rate))))).toEqual(E.right(rate))
    expect(Rate.problems(rate)).toEqual([])
  })
})

it('a smooth rate takes no jump where its pieces meet', () => {
  const cycle = Rate.oneCycle({ rate: 1, steps: 1000, rise: 0.3 })
  const cosine = Rate.cosine({ rate: 1, steps: 1000, warmUp: 300 })
  for (const rate of [cycle, cosine]) {
    const rates = along(
      rate,
      Array.from({ length: 1100 }, (_, i) => i)
    )
    // The steepest: half a cosine over 300 steps, π/2/300 a step.
    rates.slice(1).forEach((value, i) => expect(Math.abs(value - rates[i])).toBeLessThan(Math.PI / 2 / 299))
  }
})

const refusals: ReadonlyArray<readonly [Rate.Rate, ReadonlyArray<string>]> = [
  [Rate.linear({ rate: 0.1, final: Infinity, steps: 1 }), ['final: Infinity is not ≥ 0 and finite; try 0.01']],
  [
    Rate.cosine({ rate: 0, steps: 1.5, warmUp: -1 }),
    [
      'rate: 0 is not > 0 and finite; try 0.1',
      'steps: 1.5 is not a whole number ≥ 1; try 100',
      'warmUp: -1 is not ≥ 0 and finite; try 0'
    ]
  ],
  [
    Rate.oneCycle({ rate: 0, steps: 9, rise: -0.1, start: 0, final: -1 }),
    [
      'rate: 0 is not > 0 and finite; try 0.1',
      'rise: -0.1 is not in [0, 1); try 0.3',
      'final: -1 is not ≥ 0 and finite; try 0'
    ]
  ],
  [Rate.oneCycle({ rate: 1, steps: 9, rise: 0, start: 0, final: 0 }), []],
  [Rate.linear({ rate: 0.1, final: 0, steps: 9 }), []],
  [
    Rate.inverseSquareRoot({ rate: 0, after: 0 }),
    ['rate: 0 is not > 0 and finite; try 0.1', 'after: 0 is not > 0 and finite; try 100']
  ],
  [Rate.constant(-1), [': -1 is not > 0 and finite; try 0.1']],
  [Rate.linear({ rate: 0, final: 0, steps: 0 }), ['steps: 0 is not a whole number ≥ 1; try 100']],
  [
    Rate.linear({ rate: -1, final: NaN, steps: 1 }),
    ['rate: -1 is not ≥ 0 and finite; try 0.1', 'final: NaN is not ≥ 0 and finite; try 0.01']
  ],
  [
    Rate.step({ rate: 0, factor: 0, every: 0 }),
    [
      'rate: 0 is not > 0 and finite; try 0.1',
      'factor: 0 is not > 0 and finite; try 0.5',
      'every: 0 is not > 0 and finite; try 100'
    ]
  ],
  [Rate.cosine({ rate: 1, steps: 10, warmUp: 10, final: -1 }), ['final: -1 is not ≥ 0 and finite; try 0']],
  [Rate.cosine({ rate: 1, steps: 10, warmUp: 10 }), ['warmUp: 10 is not ≥ 0 and < steps = 10; try 0']],
  [Rate.linear({ rate: 0, final: 0, steps: 1 }), ['final: 0 is not > 0 where the rate starts at 0; try 0.1']],
  [
    Rate.oneCycle({ rate: 1, steps: 1.5, rise: 1, start: -1 }),
    [
      'steps: 1.5 is not a whole number ≥ 1; try 100',
      'rise: 1 is not in [0, 1); try 0.3',
      'start: -1 is not ≥ 0 and finite; try 0'
    ]
  ],
  [Rate.inverseSquareRoot({ rate: 1, after: 0 }), ['after: 0 is not > 0 and finite; try 100']],
  [
    Rate.piecewise(0.1, [
      { from: 10, rate: 0.2 },
      { from: 20, rate: -1 }
    ]),
    ['later[1].rate: -1 is not > 0 and finite; try 0.1']
  ],
  [
    Rate.piecewise(0.1, [
      { from: 10, rate: 0.2 },
      { from: 10, rate: Rate.cosine({ rate: 0, steps: 1 }) }
    ]),
    [
      'later[1].from: 10 is not > 10, where the piece before it begins; give the pieces in order',
      'later[1].rate.rate: 0 is not > 0 and finite; try 0.1'
    ]
  ]
]

it.each(refusals)('%j: what is wrong with it', (rate, messages) => {
  expect(Rate.problems(rate).map(Problem.show)).toEqual(messages)
})

it('reads the JSON of the first version', () => {
  const first = {
    _tag: 'Piecewise',
    pieces: [
      { from: 0, rate: { _tag: 'Constant', rate: 0.1 } },
      { from: 9, rate: { _tag: 'OneCycle', rate: 1, steps: 9, rise: 0.3, start: 0, final: 0 } }
    ]
  }
  expect(codec.decode(first)).toEqual(
    E.right(Rate.piecewise(0.1, [{ from: 9, rate: Rate.oneCycle({ rate: 1, steps: 9, start: 0, final: 0 }) }]))
  )
})

it("a rate of one's own is nowhere second", () => {
  const alternating = Rate.define({
    name: 'alternating',
    about: 'one rate, then the other',
    fields: { even: Field.positive({ default: 0.2 }), odd: Field.positive({ default: 0.1 }) },
    meaning:
      ({ even, odd }) =>
      step =>
        step % 2 === 0 ? even : odd
  })
  const rate = Rate.piecewise(0.5, [{ from: 2, rate: alternating({ odd: 0 }) }])
  expect(Rate.show(rate)).toBe('Rate.piecewise(0.5, [{ from: 2, rate: Rate.alternating({ even: 0.2, odd: 0 }) }])')
  expect(along(rate, [1, 2, 3])).toEqual([0.5, 0.2, 0])
  expect(Rate.problems(rate).map(Problem.show)).toEqual(['later[0].rate.odd: 0 is not > 0 and finite; try 0.1'])
  const mine = Rate.codec(Vocabulary.of([...Rate.all, alternating]))
  const json: unknown = JSON.parse(JSON.stringify(mine.encode(rate)))
  expect(mine.decode(json)).toEqual(E.right(rate))
  expect(E.isLeft(codec.decode(json))).toBe(true)
  expect(Case.isMadeBy(alternating)(rate)).toBe(false)
})
