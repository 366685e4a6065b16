/** Which of mclust's fourteen covariances a file has: built as λ D A Dᵀ, and written with as many digits as `dput` and `jsonlite` write. */
import { describe, expect, it } from 'vitest'
import { type Covariance, Exchange, type Mixture, Problem, Score } from '../../../src/index.js'

type Rows = ReadonlyArray<ReadonlyArray<number>>

/** Turned in two planes. */
const axes = (first: number, second: number): Rows => {
  const c = Math.cos(first)
  const s = Math.sin(first)
  const b = Math.cos(second)
  const t = Math.sin(second)
  return [
    [c, -s * b, s * t],
    [s, c * b, -c * t],
    [0, t, b]
  ]
}
const parts = [
  { volume: 0.8, shape: [4, 0.5, 0.5], axes: axes(0.4, 1.1) },
  { volume: 0.3, shape: [0.25, 8, 0.5], axes: axes(-0.7, 0.3) },
  { volume: 2.5, shape: [10, 0.2, 0.5], axes: axes(2, -0.5) }
] as const
const identity: Rows = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1]
]

/** Σ_k of a model, [3, 3] each. */
const covariances = (name: string): ReadonlyArray<Rows> => {
  const [volume, shape, orientation] = name
  return parts.map(own => {
    const of = (letter: string): (typeof parts)[number] => (letter === 'V' ? own : parts[0])
    const a = shape === 'I' ? [1, 1, 1] : of(shape).shape
    const d = orientation === 'I' ? identity : of(orientation).axes
    return d.map(row => d.map(other => of(volume).volume * row.reduce((sum, x, l) => sum + x * a[l] * other[l], 0)))
  })
}

const read = (name: string, sigma: ReadonlyArray<Rows>, digits: (x: number) => string): Exchange.Found => {
  const by = (i: number, j: number): ReadonlyArray<number> => sigma.map(matrix => Number(digits(matrix[i][j])))
  const file = {
    pro: [0.5, 0.3, 0.2],
    mean: [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 9]
    ],
    variance: { modelName: [name], sigma: [0, 1, 2].map(i => [0, 1, 2].map(j => by(i, j))) }
  }
  return Problem.orThrow(Exchange.read(new TextEncoder().encode(JSON.stringify(file))))
}
const byDput = (x: number): string => x.toPrecision(15)

describe.each([
  // Parameters of three components in three columns, by mclust's nMclustParams(name, 3, 3), 6.1.1.
  ['EII', 12],
  ['VII', 14],
  ['EEI', 14],
  ['VEI', 16],
  ['EVI', 18],
  ['VVI', 20],
  ['EEE', 17],
  ['VEE', 19],
  ['EVE', 21],
  ['VVE', 23],
  ['EEV', 23],
  ['VEV', 25],
  ['EVV', 27],
  ['VVV', 29]
])('%s', (name, parameters) => {
  it('has as many parameters as in mclust, whether its name is said or not', () => {
    for (const said of [name, '']) {
      const { covariance } = read(said, covariances(name), byDput)
      expect(covariance).toBe(name)
      expect(Score.degreesOfFreedom(3)(Score.mixture({ components: 3, covariance }))).toBe(parameters)
    }
  })

  it('is believed in a file of four decimals, and not where it is not so', () => {
    expect(read(name, covariances(name), x => x.toFixed(4)).covariance).toBe(name)
    // What is most general has no part of its own less than VVV.
    expect(read(name, covariances('VVV'), byDput).covariance).toBe('VVV')
  })

  it('is not what differs from it by 10⁻⁵', () => {
    const near = covariances(name).map((matrix, k) =>
      matrix.map((row, i) => row.map((x, j) => x + 1e-5 * Math.cos(3 * k + (i + 1) * (j + 1))))
    )
    expect(read('', near, byDput).covariance).toBe('VVV')
  })
})

it('of one component, and of one column, the plainest is meant', () => {
  const of = (description: Mixture.Description): Covariance.Name =>
    Problem.orThrow(Exchange.read(new TextEncoder().encode(JSON.stringify(description)))).covariance
  const weights = [1]
  const means = [[0, 0]]
  expect(of({ weights, means, variances: [2] })).toBe('VII')
  expect(of({ weights, means, variances: [[2, 3]] })).toBe('VVI')
  const covariance = [
    [2, 1],
    [1, 3]
  ]
  expect(of({ weights, means, covariances: [covariance] })).toBe('VVV')
  expect(of({ weights: [1, 1], means: [[0], [1]], variances: [2, 2] })).toBe('EII')
  expect(of({ weights: [1, 1], means: [[0], [1]], variances: [2, 3] })).toBe('VII')
  // A weight of nothing is no matter.
  expect(
    of({
      weights: [1, 0],
      means: [
        [0, 0],
        [1, 1]
      ],
      covariances: [covariance, covariance]
    })
  ).toBe('EEE')
})
