/** Expectations as data: defaults, printer, domains, codec. What they compute is held by the laws. */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { Expectation, Problem, Vocabulary } from '../../../src/index.js'

const codec = Expectation.codec(Vocabulary.standard)

const noise = (value: number): Expectation.Expectation =>
  Expectation.fixed({ rows: 2, dim: 3, values: Float64Array.of(0, 1, 2, 3, 4, value) })

const rows: ReadonlyArray<{
  readonly expectation: Expectation.Expectation
  readonly data: object
  readonly code: string
  readonly deterministic: boolean
}> = [
  {
    expectation: Expectation.monteCarlo(),
    data: { _tag: 'monteCarlo', draws: 1, antithetic: false },
    code: 'Expectation.monteCarlo()',
    deterministic: false
  },
  {
    expectation: Expectation.monteCarlo({ draws: 3 }),
    data: { _tag: 'monteCarlo', draws: 3, antithetic: false },
    code: 'Expectation.monteCarlo({ draws: 3 })',
    deterministic: false
  },
  {
    expectation: Expectation.projected(),
    data: { _tag: 'projected', draws: 1, antithetic: false },
    code: 'Expectation.projected()',
    deterministic: false
  },
  {
    expectation: Expectation.projected({ antithetic: true }),
    data: { _tag: 'projected', draws: 1, antithetic: true },
    code: 'Expectation.projected({ antithetic: true })',
    deterministic: false
  },
  {
    expectation: Expectation.quadrature(),
    data: { _tag: 'quadrature', nodes: null },
    code: 'Expectation.quadrature()',
    deterministic: true
  },
  {
    expectation: Expectation.quadrature({ nodes: 16 }),
    data: { _tag: 'quadrature', nodes: 16 },
    code: 'Expectation.quadrature({ nodes: 16 })',
    deterministic: true
  },
  {
    expectation: noise(5),
    data: { _tag: 'fixed', noise: { shape: [2, 3], values: Float64Array.of(0, 1, 2, 3, 4, 5) } },
    code: 'Expectation.fixed(2 × 3 noise)',
    deterministic: true
  }
]

it.each(rows)('$code', ({ expectation, data, code, deterministic }) => {
  expect(Object.fromEntries(Object.entries(expectation))).toEqual(data)
  expect(Expectation.show(expectation)).toBe(code)
  expect(Expectation.isDeterministic(expectation)).toBe(deterministic)
  expect(Expectation.problems(expectation)).toEqual([])
  expect(codec.decode(JSON.parse(JSON.stringify(codec.encode(expectation))))).toEqual(E.right(expectation))
})

it.each([
  [Expectation.monteCarlo({ draws: 0 }), 'draws: 0 is not a whole number ≥ 1; try 1'],
  [Expectation.projected({ draws: 1.5 }), 'draws: 1.5 is not a whole number ≥ 1; try 1'],
  [Expectation.quadrature({ nodes: 1 }), 'nodes: 1 is not a whole number ≥ 2; try 16'],
  [noise(NaN), 'noise: NaN or infinite somewhere is not finite throughout; draw it with Key.normal']
])('refused %#: %s', (expectation, message) => {
  expect(Expectation.problems(expectation).map(Problem.show)).toEqual([message])
})

it('two nodes are enough', () => expect(Expectation.problems(Expectation.quadrature({ nodes: 2 }))).toEqual([]))

it.each([
  { _tag: 'MonteCarlo', draws: '1', antithetic: false },
  { _tag: 'Projected', draws: 1, antithetic: 0 },
  { _tag: 'Quadrature', nodes: '16' },
  { _tag: 'Fixed' },
  { _tag: 'Fixed', noise: { shape: [2], values: [1] } },
  { _tag: 'Exact' },
  null
])('%j is no expectation', json => expect(E.isLeft(codec.decode(json))).toBe(true))
