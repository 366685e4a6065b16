/** The quantile of distances against all of them, and what moves it. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../lib/index.js'
import { squaredDistanceQuantile } from '../../../lib/rows/spread.js'

const table = (values: ReadonlyArray<number> | Float64Array, dim = 1, weights?: ReadonlyArray<number>) => {
  const rows = values.length / dim
  return {
    rows,
    dim,
    values: Float64Array.from(values),
    weights: Float64Array.from(weights ?? new Array<number>(rows).fill(1 / rows))
  }
}

describe('of all pairs', () => {
  it('is the smallest distance with the share at or below it', () => {
    // Squares 1, 4, 9 between 0, 1, 3: one third each.
    const line = table([0, 1, 3])
    expect([0.3, 0.5, 0.9].map(share => squaredDistanceQuantile(line)(share, 10))).toEqual([1, 4, 9])
  })

  it('counts a row of weight 2 twice, and leaves out pairs of equal rows', () => {
    const repeated = table([0, 1, 3, 3])
    const weighted = table([0, 1, 3], 1, [0.25, 0.25, 0.5])
    for (const share of [0.1, 0.19, 0.21, 0.5, 0.59, 0.61, 0.9])
      expect(squaredDistanceQuantile(weighted)(share, 10)).toBe(squaredDistanceQuantile(repeated)(share, 10))
    expect(squaredDistanceQuantile(table([2, 2, 2]))(0.5, 10)).toBe(0)
    // The same number reached by two ways is one number.
    expect(squaredDistanceQuantile(table([0.1 + 0.2, 0.3]))(0.5, 10)).toBe(0)
  })
})

it('of drawn pairs: the quantile of the distribution, within its standard error', () => {
  // |x − y|² of two normals is 2χ²_2, an exponential of mean 4.
  const normals = table(Key.normal(20_000)(Key.fromSeed(1)), 2)
  for (const share of [0.1, 0.5]) {
    const found = squaredDistanceQuantile(normals)(share, 4096)
    // The share below what was found has a deviation of √(s(1 − s)/4096); five of them, and as many for 10 000 rows.
    expect(Math.abs(1 - Math.exp(-found / 4) - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / 2048))
  }
})

it('is invariant to the origin, scales with the unit, and is robust to distant rows', () => {
  const rows = Key.normal(400)(Key.fromSeed(2))
  const at = (values: Float64Array): number => squaredDistanceQuantile(table(values, 2))(0.25, 4096)
  const plain = at(rows)
  // Coordinates of 1e8 are rounded to 2⁻²⁷, and so is a difference; of the square that is 2⁻²⁵ and the least of gaps.
  expect(Math.abs(at(rows.map(x => x + 1e8)) / plain - 1)).toBeLessThan(1e-6)
  expect(at(rows.map(x => 1024 * x))).toBe(1024 ** 2 * plain)
  // Ten of two hundred rows: the share of pairs without them is 0.9.
  const wild = at(rows.map((x, k) => (k < 20 ? x * 1e6 : x)))
  expect(wild / plain).toBeGreaterThan(1)
  expect(wild / plain).toBeLessThan(1.5)
})
