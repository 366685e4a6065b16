/** Projection pursuit: which two groups one Gaussian hides, where most directions say nothing of them. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Fit, Key, Mixture, Problem, type Points } from '../../../../src/index.js'
import { rowSpan } from '../../../../lib/rows/rowSpan.js'
import * as Halves from '../../../../src/mixture/em/halves.js'
import { likeliestPairs, type Cloud } from '../../../../src/mixture/em/pursuit.js'

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
      columns: 1,
      values: Float64Array.from(y),
      weights: new Float64Array(y.length).fill(1 / y.length)
    }
    const [{ share, centres, e, gain }] = likeliestPairs(cloud, cloud, {
      second,
      common: 0,
      least: 0.05,
      narrowest: 1e-4
    })
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

describe('halves', () => {
  const ROWS = 600
  // A third of the rows in the first group, of another shape than the second, eight or nine standard deviations away.
  const z = Key.normal(2 * ROWS)(Key.fromSeed(3))
  const values = z.map((x, at) => {
    const isFirst = at % 6 < 2
    if (at % 2 === 0) return isFirst ? x : 2 * x + 12
    return isFirst ? 0.5 * x + 0.4 * z[at - 1] : x - 0.7 * z[at - 1] + 3
  })
  const points = { rows: ROWS, dim: 2, values }
  const moment = (i: number, j: number): number =>
    values.reduce((sum, _, at) => (at % 2 === 0 ? sum + values[at + i] * values[at + j] : sum), 0) / ROWS
  const mean = [0, 1].map(j => values.reduce((sum, x, at) => (at % 2 === j ? sum + x : sum), 0) / ROWS)
  const covariance = [0, 1].map(i => [0, 1].map(j => moment(i, j) - mean[i] * mean[j]))
  it.each([
    ['full', false, covariance],
    ['full', true, covariance],
    ['diagonal', false, covariance.map((row, i) => row.map((x, j) => (i === j ? x : 0)))],
    [
      'trace',
      false,
      covariance.map((_, i) => [0, 1].map(j => (i === j ? (covariance[0][0] + covariance[1][1]) / 2 : 0)))
    ]
  ] as const)('gain what they say, %s, one covariance: %s', (second, isShared, whole) => {
    const single = Mixture.of({ means: [mean], covariances: [whole.map(row => [...row])] })
    const { splits } = Halves.splitCandidates(points, single, { second, isShared, leastRows: 3, isThorough: true })
    const [{ gain, halves }] = splits[0]
    const density = Mixture.meanLogDensity(points)
    // The gain is that before the last step, which moves no more: a row in 10⁴ is doubtful, and steps shrink by as much.
    expect(Math.abs(density(Halves.mixtureWithSplit(single, 0, halves)) - density(single) - gain)).toBeLessThan(1e-9)
    expect(gain).toBeGreaterThan(0.1)
    const weights = halves.map(({ weight }) => weight)
    expect(Math.abs(Math.min(...weights) - 1 / 3)).toBeLessThan(0.01)
  })
})

describe('halves of few rows in many columns', () => {
  const rows = 30
  const dim = 400
  // Two groups, 0.25 apart in each column: 5 standard deviations together.
  const noise = Key.normal(rows * dim)(Key.fromSeed(11))
  const values = noise.map((z, at) => z + (Math.floor(at / dim) % 3 === 0 ? 0.25 : 0) * (at % 2 === 0 ? 1 : -1))
  const points = { rows, dim, values }
  const mean = Array.from({ length: dim }, (_, j) => values.reduce((sum, x, at) => (at % dim === j ? sum + x / rows : sum), 0)) // prettier-ignore
  const variance = values.reduce((sum, x, at) => sum + (x - mean[at % dim]) ** 2 / rows / dim, 0)
  const single = Mixture.of({ means: [mean], variances: [variance] })

  it.each([false, true])(
    'have the stated gain, and a single number as covariance factor; shared covariance: %s',
    isShared => {
      const { splits } = Halves.splitCandidates(points, single, {
        second: 'trace',
        isShared,
        leastRows: 2,
        isThorough: true
      })
      const [{ gain, halves }] = splits[0]
      const density = Mixture.meanLogDensity(points)
      // The groups are so far apart that responsibilities are 0 or 1 and EM has converged: the gain is exact up to rounding.
      expect(Math.abs(density(Halves.mixtureWithSplit(single, 0, halves)) - density(single) - gain)).toBeLessThan(1e-9)
      expect(gain).toBeGreaterThan(0)
      // With a triangle of 400² numbers for each half the time of a fit would rise with the cube of the columns.
      halves.forEach(({ factor }) => expect(factor.values).toHaveLength(1))
    }
  )

  it('are the same as those found in all columns', () => {
    const { splits } = Halves.splitCandidates(points, single, { second: 'trace', leastRows: 2, isThorough: true })
    const turned = rowSpan(values.map((x, at) => x - mean[at % dim]), dim) // prettier-ignore
    const { coordinates } = turned
    const few = { rows, dim: turned.rank, columns: dim, values: coordinates.map(x => x / Math.sqrt(variance)), weights: new Float64Array(rows).fill(1 / rows) } // prettier-ignore
    const all = { ...few, dim, values: values.map((x, at) => (x - mean[at % dim]) / Math.sqrt(variance)) }
    const how = { second: 'trace', common: 0, least: 2 / rows, narrowest: 1e-4 } as const
    const [inSpan, inAll] = [likeliestPairs(few, few, how), likeliestPairs(all, all, how)]
    expect(inSpan.length).toBe(inAll.length)
    // Rounding of sums of 400 terms; EM contracts it.
    inSpan.forEach(({ gain, share }, i) => {
      expect(Math.abs(gain - inAll[i].gain)).toBeLessThan(1e-10)
      expect(Math.abs(share - inAll[i].share)).toBeLessThan(1e-10)
    })
    expect(splits[0][0].gain).toBeGreaterThan(inAll[0].gain - 1e-9)
  })
})
