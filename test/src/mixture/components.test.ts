/** The algebra of a mixture at a noise level, against sums over components written with plain numbers. */
import { describe, expect, it } from 'vitest'
import { compute, tensor, type Tensor } from '../../../lib/index.js'
import * as Components from '../../../src/mixture/components.js'

type Rows = ReadonlyArray<ReadonlyArray<number>>

interface Gaussian {
  readonly mass: number
  readonly centre: ReadonlyArray<number>
  readonly variance: number
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

/** What is computed, of the point x, for components that have already been moved by the noise. */
const oracle = (gaussians: ReadonlyArray<Gaussian>, x: ReadonlyArray<number>) => {
  const distances = gaussians.map(({ centre }) => sum(centre.map((c, j) => (x[j] - c) ** 2)))
  const joint = gaussians.map(
    ({ mass, variance: u }, i) => (mass * Math.exp(-distances[i] / (2 * u))) / (2 * Math.PI * u) ** (x.length / 2)
  )
  const density = sum(joint)
  const w = joint.map(p => p / density)
  const score = x.map((xj, j) => sum(gaussians.map(({ centre, variance: u }, i) => (-w[i] * (xj - centre[j])) / u)))
  const squared = sum(score.map(s => s * s))
  // div s = Δp/p − |s|²
  const divergence = sum(gaussians.map(({ variance: u }, i) => w[i] * (distances[i] / u ** 2 - x.length / u))) - squared
  return { w, distances, logDensity: Math.log(density), score, divergence, implicit: squared + 2 * divergence }
}

const matrix = (rows: Rows): Tensor => tensor(rows.flat(), [rows.length, rows[0].length])

const points: Rows = [[0.3, -1.2], [2, 1], [0, 0]] // prettier-ignore
const centres: Rows = [[1, -0.5], [-2, 0.25], [0.5, 1.5]] // prettier-ignore
const logits = [0.2, -1, 3]
const variances = [0.5, 1.7, 0.9]

const softmax = logits.map(l => Math.exp(l) / sum(logits.map(Math.exp)))

// One level for all rows, and one for each: the latter is what noise level distributions draw.
const levels = [
  { name: 'one level', alpha: [0.8, 0.8, 0.8], sigma: [0.7, 0.7, 0.7] },
  { name: 'a level a row', alpha: [0.8, 1.1, 0.2], sigma: [0.7, 0.3, 2] },
  { name: 'one signal, a noise a row', alpha: [0.8, 0.8, 0.8], sigma: [0.7, 0.3, 2] },
  { name: 'a signal a row, one noise', alpha: [0.8, 1.1, 0.2], sigma: [0.7, 0.7, 0.7] }
]
const perRow = (values: ReadonlyArray<number>): number | Tensor =>
  new Set(values).size === 1 ? values[0] : tensor(values, [3, 1])
const cases = levels.flatMap(level =>
  [false, true].flatMap(weighted => [false, true].map(spread => ({ ...level, weighted, spread })))
)

describe.each(cases)('$name, weights $weighted, variances $spread', ({ alpha, sigma, weighted, spread }) => {
  const wanted = points.map((x, row) =>
    oracle(
      centres.map((centre, i) => ({
        mass: weighted ? softmax[i] : 1 / centres.length,
        centre: centre.map(c => alpha[row] * c),
        variance: alpha[row] ** 2 * (spread ? variances[i] : 1) + sigma[row] ** 2
      })),
      x
    )
  )
  const components = (): Components.IsotropicComponents => ({
    centres: matrix(centres),
    logits: weighted ? tensor(logits, [3]) : null,
    variances: spread ? tensor(variances, [3]) : null
  })

  it.each([
    ['responsibilities', Components.componentResponsibilities, wanted.flatMap(({ w }) => w)],
    ['the score', Components.isotropicScore, wanted.flatMap(({ score }) => score)],
    ['the divergence', Components.isotropicDivergence, wanted.map(({ divergence }) => divergence)],
    ['the implicit loss', Components.implicitLoss, wanted.map(({ implicit }) => implicit)],
    ['the log-density', Components.isotropicLogDensity, wanted.map(({ logDensity }) => logDensity)]
  ] as const)('%s', (_, of, expected) => {
    const { values } = compute(() => of(components(), matrix(points), { alpha: perRow(alpha), sigma: perRow(sigma) }))
    expect(values.length).toBe(expected.length)
    // Sums of a dozen terms of size 50 at most, each right to 2⁻⁵².
    values.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-13))
  })
})

it('|x|² beyond that of x is a coordinate in which all centres are 0', () => {
  const beyond = [0.5, 2, 0]
  const further = (rows: Rows, last: ReadonlyArray<number>): Rows => rows.map((row, i) => [...row, last[i]])
  const value = (centres: Rows, x: Rows, orthogonal?: ReadonlyArray<number>): ReadonlyArray<number> =>
    Array.from(
      compute(() =>
        Components.implicitLoss(
          { centres: matrix(centres), logits: null, variances: tensor(variances, [3]) },
          matrix(x),
          { alpha: 0.8, sigma: 0.7 },
          orthogonal && tensor(orthogonal, [3, 1])
        )
      ).values
    )
  const none = [0, 0, 0]
  const squared = beyond.map(b => b * b)
  const given = value(further(centres, none), further(points, none), squared)
  const inside = value(further(centres, none), further(points, beyond))
  given.forEach((found, i) => expect(Math.abs(found - inside[i])).toBeLessThan(1e-13))
})

it('the pair is ±c', () => {
  const { values, shape } = compute(() => Components.symmetricComponents(tensor([1, -2, 3], [3])).centres)
  expect([shape, Array.from(values)]).toEqual([
    [2, 3],
    [1, -2, 3, -1, 2, -3]
  ])
})

it('far from 0, equal variances cost no precision', () => {
  // w = softmax(0, 1e8 − ½ 1e8² + …): at x = ½(0 + 2e8) both components are equal, whatever is common to them.
  const w = compute(() =>
    Components.componentResponsibilities(
      { centres: matrix([[0], [2e8]]), logits: null, variances: null },
      matrix([[1e8]]),
      {
        alpha: 1,
        sigma: 0
      }
    )
  )
  expect(Array.from(w.values)).toEqual([0.5, 0.5])
})
