/** Projection pursuit: which two groups one Gaussian hides, where most directions say nothing of them. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Fit, Key, Mixture, Problem, type Points } from '../../../../src/index.js'
import { pairs, type Cloud } from '../../../../src/mixture/kernels/pursuit.js'

const ROWS = 180
const DIM = 12

/** Two pancakes, a quarter of the rows in the first, that lie side by side along a direction in which they are thin. */
const pancakes = (seed: number): { readonly points: Points.Points; readonly isFirst: ReadonlyArray<boolean> } => {
  const z = Key.normal(ROWS * DIM)(Key.fromSeed(seed))
  const slant = Key.normal(DIM)(Key.fromSeed(1000 + seed))
  const length = Math.hypot(...slant)
  const isFirst = Array.from({ length: ROWS }, (_, i) => i % 4 === 0)
  const values = new Float64Array(ROWS * DIM)
  isFirst.forEach((first, i) => {
    const own = z.subarray(i * DIM, (i + 1) * DIM)
    const along = own.reduce((sum, x, j) => sum + (x * slant[j]) / length, 0)
    const moved = 0.2 * along + (first ? 0.5 : -0.5) - along
    own.forEach((x, j) => {
      values[i * DIM + j] = x + (moved * slant[j]) / length
    })
  })
  return { points: { rows: ROWS, dim: DIM, values }, isFirst }
}

describe('two pancakes side by side in many dimensions', () => {
  it.each([1, 2, 3, 4, 5, 6])('are told apart in one run, sample %d', seed => {
    const { points, isFirst } = pancakes(seed)
    const { mixture } = Problem.orThrow(pipe(points, Fit.mixture({ components: 2, family: 'tied', seed })))
    const { values } = Mixture.responsibilities(points)(mixture)
    const agree = isFirst.filter((first, i) => first === values[2 * i] > 0.5).length
    // Five standard deviations apart 0.6 % of the rows are on the wrong side, and the fit's own error doubles that at most.
    expect(Math.max(agree, ROWS - agree)).toBeGreaterThan(ROWS - 12)
  })
})

describe('a pair’s gain', () => {
  it.each(['full', 'diagonal', 'trace'] as const)('is that of its two Gaussians over one, %s', second => {
    const z = Array.from(Key.normal(90)(Key.fromSeed(8)), (x, i) => x + (i % 3 === 0 ? 5 : 0))
    const middle = z.reduce((sum, x) => sum + x, 0) / z.length
    const deviation = Math.sqrt(z.reduce((sum, x) => sum + (x - middle) ** 2, 0) / z.length)
    const y = z.map(x => (x - middle) / deviation)
    const cloud: Cloud = {
      rows: y.length,
      dim: 1,
      values: Float64Array.from(y),
      weights: new Float64Array(y.length).fill(1 / y.length)
    }
    const [{ share, centres, e, gain }] = pairs(cloud, cloud, { second, common: 0, least: 0.05, narrowest: 1e-4 })
    const [first, other] = centres.map(([c]) => c)
    const variance = 1 - e * (first - other) ** 2
    const normal = (x: number, c: number, v: number): number => Math.exp(-((x - c) ** 2) / 2 / v) / Math.sqrt(v)
    const expected =
      y
        .map(x =>
          Math.log((share * normal(x, first, variance) + (1 - share) * normal(x, other, variance)) / normal(x, 0, 1))
        )
        .reduce((sum, log) => sum + log, 0) / y.length
    expect(Math.abs(gain - expected)).toBeLessThan(1e-13)
    expect(Math.min(share, 1 - share)).toBeCloseTo(1 / 3, 1)
  })
})
