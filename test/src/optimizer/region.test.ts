/** Regions: the projection is the nearest point, by the inequality that characterises it, and does nothing inside. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Problem, Region, Vocabulary } from '../../../src/index.js'

interface Row {
  readonly region: Region.Region
  readonly show: string
  /** A point of the region, from any numbers. */
  readonly inside: (x: ReadonlyArray<number>) => ReadonlyArray<number>
  /** How far numbers are from keeping its definition; 0 inside. */
  readonly violation: (x: ReadonlyArray<number>) => number
}

const sum = (x: ReadonlyArray<number>): number => x.reduce((a, b) => a + b, 0)

const above = (x: ReadonlyArray<number>, least: number): number => Math.max(0, ...x.map(entry => least - entry))
const below = (x: ReadonlyArray<number>, most: number): number => Math.max(0, ...x.map(entry => entry - most))

const table: ReadonlyArray<Row> = [
  {
    region: Region.ball({ radius: 2 }),
    show: 'Region.ball({ radius: 2 })',
    inside: x => x.map(entry => (2 * entry) / (1 + Math.hypot(...x))),
    violation: x => Math.max(0, Math.hypot(...x) - 2)
  },
  {
    region: Region.box({ least: -0.5, most: 1 }),
    show: 'Region.box({ least: -0.5, most: 1 })',
    inside: x => x.map(entry => 0.25 + 0.75 * Math.tanh(entry)),
    violation: x => above(x, -0.5) + below(x, 1)
  },
  {
    region: Region.box({ most: 1 }),
    show: 'Region.box({ least: -Infinity, most: 1 })',
    inside: x => x.map(entry => 1 - Math.abs(entry)),
    violation: x => below(x, 1)
  },
  {
    region: Region.simplex(),
    show: 'Region.simplex({ total: 1 })',
    inside: x => x.map(entry => Math.exp(entry) / sum(x.map(Math.exp))),
    violation: x => above(x, 0) + Math.abs(sum(x) - 1)
  },
  {
    region: Region.simplex({ total: 3 }),
    show: 'Region.simplex({ total: 3 })',
    inside: x => x.map(entry => (3 * Math.exp(entry)) / sum(x.map(Math.exp))),
    violation: x => above(x, 0) + Math.abs(sum(x) - 3)
  },
  {
    region: Region.nonNegative,
    show: 'Region.nonNegative',
    inside: x => x.map(Math.abs),
    violation: x => above(x, 0)
  }
]

const pairs = fc.integer({ min: 1, max: 5 }).chain(n => {
  const vector = fc.array(
    fc.integer({ min: -500, max: 500 }).map(k => k / 100),
    { minLength: n, maxLength: n }
  )
  return fc.tuple(vector, vector)
})

describe.each(table)('$show', ({ region, show, inside, violation }) => {
  const project = (x: ReadonlyArray<number>): ReadonlyArray<number> => [
    ...pipe(Float64Array.from(x), Region.project(region))
  ]

  it('projects to the nearest point: ⟨x − Πx, y − Πx⟩ ≤ 0 for every y inside', () => {
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        const nearest = project(x)
        // Rounding of five products of numbers below 10.
        expect(sum(x.map((entry, i) => (entry - nearest[i]) * (inside(y)[i] - nearest[i])))).toBeLessThan(1e-13)
      }),
      { seed: 1 }
    )
  })

  it('projects into the region, and leaves what is inside', () => {
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        const again = (z: ReadonlyArray<number>): void =>
          project(z).forEach((entry, i) => expect(Math.abs(entry - z[i])).toBeLessThan(1e-14))
        again(project(x))
        again(inside(y))
        // Five numbers below 10.
        expect(violation(project(x))).toBeLessThan(1e-14)
      }),
      { seed: 1 }
    )
  })

  it('prints as the code that builds it, and goes through JSON', () => {
    expect(Region.show(region)).toBe(show)
    expect(
      Region.codec(Vocabulary.standard).decode(
        JSON.parse(JSON.stringify(Region.codec(Vocabulary.standard).encode(region)))
      )
    ).toEqual(E.right(region))
    expect(Region.problems(region)).toEqual([])
  })
})

it.each<readonly [Region.Region, ReadonlyArray<number>, ReadonlyArray<number>]>([
  [Region.ball({ radius: 2.5 }), [3, 4], [1.5, 2]],
  [Region.ball({ radius: 5 }), [3, 4], [3, 4]],
  [Region.ball({ radius: 9 }), [3, 4], [3, 4]],
  [Region.box({ least: -1, most: 2 }), [-3, 0, 5], [-1, 0, 2]],
  [Region.simplex(), [1, 0.5, -1], [0.75, 0.25, 0]],
  [Region.simplex({ total: 6 }), [1, 1, 1], [2, 2, 2]],
  [Region.nonNegative, [-1, 0, 2], [0, 0, 2]]
])('%j: the point nearest to %j is %j', (region, x, wanted) => {
  expect([...pipe(Float64Array.from(x), Region.project(region))]).toEqual(wanted)
})

it('a box of one point is a box', () => {
  expect(Region.problems(Region.box({ least: 1, most: 1 }))).toEqual([])
})

it.each([
  { _tag: 'Ball' },
  { _tag: 'Box', least: 'x' },
  { _tag: 'Simplex', total: null },
  { _tag: 'Sphere', radius: 1 },
  null
])('%j is no region', json => expect(E.isLeft(Region.codec(Vocabulary.standard).decode(json))).toBe(true))

it.each<readonly [Region.Region, string]>([
  [Region.ball({ radius: 0 }), 'radius: 0 is not > 0 and finite; try 1'],
  [Region.box({ least: 1, most: 0 }), 'least: 1 is not ≤ most = 0; swap the two'],
  [Region.simplex({ total: -1 }), 'total: -1 is not > 0 and finite; try 1']
])('%j is refused', (region, message) => {
  expect(Region.problems(region).map(Problem.show)).toEqual([message])
})
