import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignment } from '../../../lib/arrays/assignment.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'

/** The least cost, by trying everything. */
const least = ({ shape: [m, n], values }: NdArray, row = 0, taken: ReadonlyArray<number> = []): number =>
  row === m
    ? 0
    : Math.min(
        ...Array.from({ length: n }, (_, j) =>
          taken.includes(j) ? Infinity : values[row * n + j] + least({ shape: [m, n], values }, row + 1, [...taken, j])
        )
      )

const total = ({ shape: [, n], values }: NdArray, columns: ReadonlyArray<number>): number =>
  columns.reduce((sum, j, i) => sum + values[i * n + j], 0)

const costs = (entry: fc.Arbitrary<number>): fc.Arbitrary<NdArray> =>
  fc
    .record({ m: fc.integer({ min: 0, max: 5 }), more: fc.integer({ min: 0, max: 2 }) })
    .chain(({ m, more }) =>
      fc
        .array(entry, { minLength: m * (m + more), maxLength: m * (m + more) })
        .map(list => ({ shape: [m, m + more], values: Float64Array.from(list) }))
    )

describe('assignment', () => {
  it('is injective and of minimum cost, with ties and negative costs', () => {
    fc.assert(
      fc.property(costs(fc.integer({ min: -3, max: 3 })), cost => {
        const columns = assignment(cost)
        expect(columns).toHaveLength(cost.shape[0])
        expect(new Set(columns).size).toBe(cost.shape[0])
        // whole numbers: exact
        expect(total(cost, columns)).toBe(least(cost))
      })
    )
  })

  it('is of minimum cost for doubles of all magnitudes', () => {
    fc.assert(
      fc.property(costs(fc.double({ min: 0, max: 1e12, noNaN: true })), cost => {
        // Prices are sums of at most m costs of at most 1e12, each rounded.
        const rounding = 50 * 2 ** -52 * 1e12
        expect(total(cost, assignment(cost)) - least(cost)).toBeLessThanOrEqual(rounding)
      })
    )
  })

  it('finds a permutation hidden among 300 rows', () => {
    const n = 300
    const hidden = (i: number): number => (i * 7 + 3) % n
    const values = Float64Array.from({ length: n * n }, (_, k) => {
      const i = Math.floor(k / n)
      const j = k % n
      return hidden(i) === j ? 0 : 1 + ((i * 31 + j * 17) % 13)
    })
    expect(assignment({ shape: [n, n], values })).toEqual(Array.from({ length: n }, (_, i) => hidden(i)))
  })

  it('rejects more rows than columns, and costs that are not finite', () => {
    expect(() => assignment({ shape: [2, 1], values: Float64Array.of(1, 2) })).toThrow('transpose')
    expect(() => assignment({ shape: [1, 1], values: Float64Array.of(NaN) })).toThrow('finite')
  })
})
