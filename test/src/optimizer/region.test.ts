/** Regions: the projection is the nearest point, by the inequality that characterises it, and does nothing inside. */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Params, Problem } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import * as Region from '../../../src/optimizer/region.js'
import * as Optimizer from '../../../src/optimizer/index.js'
import { allHold } from '../../laws/holds.js'

const sum = (x: ReadonlyArray<number>): number => x.reduce((a, b) => a + b, 0)

const MATRICES = [
  [[3, 4, 0, 0, 0, 0], 2],
  [[0, 0, 0, 0], 2],
  [[1, 2, 2, 4, -3, 1], 2]
] as const

describe('orthonormal columns', () => {
  const project = (x: ReadonlyArray<number>, columns: number): ReadonlyArray<number> => [
    ...Region.project(Region.orthonormal)(Float64Array.from(x), columns)
  ]
  const gram = (x: ReadonlyArray<number>, columns: number): ReadonlyArray<number> =>
    Array.from({ length: columns * columns }, (_, at) =>
      sum(x.map((a, k) => (k % columns === at % columns ? a * x[k - (k % columns) + Math.floor(at / columns)] : 0)))
    )

  it.each(MATRICES)('%j in %i columns has MᵀM = I', (x, columns) => {
    gram(project(x, columns), columns).forEach((g, at) =>
      expect(Math.abs(g - (at % (columns + 1) === 0 ? 1 : 0))).toBeLessThan(1e-14)
    )
  })

  it('is what scipy.linalg.polar gives', () => {
    // scipy 1.17.1: polar([[1, 2], [2, 4.5], [-3, 1]])[0]
    const wanted = [
      0.18032552412481082, 0.3709495969121478, 0.33318825181621964, 0.8483679912690337, -0.9254557224420643,
      0.3777143734898897
    ]
    project([1, 2, 2, 4.5, -3, 1], 2).forEach((m, at) => expect(Math.abs(m - wanted[at])).toBeLessThan(1e-14))
  })

  it('takes a vector as one column: the unit sphere', () => {
    expect(pipe(Float64Array.of(3, 4), Region.project(Region.orthonormal))).toEqual(Float64Array.of(0.6, 0.8))
  })

  it('refuses wide matrices', () => {
    expect(() => project([1, 2, 3, 4, 5, 6], 3)).toThrow(
      'Region.project: 6 numbers in 3 columns are no tall matrix, as Region.orthonormal asks; say its columns'
    )
  })
})

describe('an optimizer that holds matrices', () => {
  const held = (region: Region.Region) => Optimizer.chain(Optimizer.scale(-1), Optimizer.project(region))

  it('projects each matrix of the last two axes', () => {
    const [step] = Optimizer.interpret(held(Region.positiveDefinite({ least: 1 })))<'x'>().update(
      Params.of({
        x: [
          [
            [0, 0],
            [0, 0]
          ],
          [
            [0, -1],
            [-1, 0]
          ]
        ]
      }),
      [null, null],
      Params.of({
        x: [
          [
            [2, 0],
            [0, 3]
          ],
          [
            [1, 1],
            [1, 1]
          ]
        ]
      })
    )
    // The second goes to [[1, 2], [2, 1]], of eigenvalues 3 and −1, and from there to 3 and 1.
    const wanted = [0, 0, 0, 0, 1, 0, 0, 1]
    step.x.values.forEach((x, at) => expect(Math.abs(x - wanted[at])).toBeLessThan(4e-15))
  })

  it('says of which parameters it is none', () => {
    const shapes = { means: [2, 3], factors: [2, 3, 2] }
    const found = Optimizer.optimizerIncompatibilities({ shapes, random: null })(held(Region.orthonormal))
    expect(found.map(Problem.show)).toEqual([
      'optimizer: Optimizer.project(Region.orthonormal) on means [2, 3] is not on matrices of at least as many rows as ' +
        'columns; hold them alone: Optimizer.only(["factors"], Optimizer.project(Region.orthonormal))'
    ])
    const only = Optimizer.chain(
      Optimizer.scaleByRate(1),
      Optimizer.only('factors', Optimizer.project(Region.orthonormal))
    )
    expect(Optimizer.optimizerIncompatibilities({ shapes, random: null })(only)).toEqual([])
  })
})

describe('positive definite', () => {
  const project = Region.project(Region.positiveDefinite({ least: 0.5 }))
  it.each([
    [
      [2, 1, 1, 3],
      [2, 1, 1, 3]
    ],
    // λ = 3, −1 along (1, ±1)/√2
    [
      [1, 2, 2, 1],
      [1.75, 1.25, 1.25, 1.75]
    ],
    // the antisymmetric part goes
    [
      [2, 5, -5, 2],
      [2, 0, 0, 2]
    ],
    [[-4], [0.5]]
  ])('%j: the nearest is %j', (x, wanted) => {
    project(Float64Array.from(x)).forEach((m, at) => expect(Math.abs(m - wanted[at])).toBeLessThan(1e-15 * 4))
  })
})

type Vector = ReadonlyArray<number>
const above = (x: Vector, least: number): number => Math.max(...x.map(entry => least - entry))
const below = (x: Vector, most: number): number => Math.max(...x.map(entry => entry - most))
const share = (x: Vector): Vector => {
  const all = x.map(entry => Math.exp(entry - Math.max(...x)))
  return all.map(entry => entry / sum(all))
}

/** How far out a vector is, and a vector of the region made of any other. */
it.each<[Region.Region, excess: (x: Vector) => number, member: (x: Vector) => Vector]>([
  [Region.ball({ radius: 2 }), x => Math.hypot(...x) - 2, x => x.map(entry => (2 * entry) / (1 + Math.hypot(...x)))],
  [
    Region.box({ least: -0.5, most: 1 }),
    x => Math.max(above(x, -0.5), below(x, 1)),
    x => x.map(entry => 0.25 + 0.75 * Math.tanh(entry))
  ],
  [Region.box({ most: 1 }), x => below(x, 1), x => x.map(entry => 1 - Math.abs(entry))],
  [Region.simplex(), x => Math.max(above(x, 0), Math.abs(sum(x) - 1)), share],
  [
    Region.simplex({ total: 3 }),
    x => Math.max(above(x, 0), Math.abs(sum(x) - 3)),
    x => share(x).map(entry => 3 * entry)
  ],
  [Region.nonNegative, x => above(x, 0), x => x.map(Math.abs)]
])('%j: projections are the nearest points of what its definition says', (region, excess, member) => {
  allHold(laws.region(region, { excess, member }), ({ property }) => fc.assert(property, { seed: 1 }))
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
