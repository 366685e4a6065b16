/** Optimal transport, against a linear program by scipy and against all permutations. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { transportPlan } from '../../../lib/arrays/transport.js'

const valueOf = (moved: Float64Array, cost: ReadonlyArray<number>): number =>
  moved.reduce((sum, x, at) => sum + x * cost[at], 0)

it('equals the solution of scipy.optimize.linprog', () => {
  const cost = [4, 1, 3, 9, 2, 0, 5, 1, 3, 2, 2, 7]
  const from = Float64Array.of(0.2, 0.5, 0.3)
  const to = Float64Array.of(0.1, 0.4, 0.3, 0.2)
  const moved = transportPlan({ shape: [3, 4], values: Float64Array.from(cost) }, from, to)
  expect(valueOf(moved, cost)).toBeCloseTo(1.2, 12)
})

it('has the given row and column sums, and for equal weights no permutation is better', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 4 })
        .chain(n =>
          fc.tuple(
            fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: n * n, maxLength: n * n }),
            fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: n, maxLength: n }),
            fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: n, maxLength: n })
          )
        ),
      ([cost, some, others]) => {
        const n = some.length
        const normalized = (list: ReadonlyArray<number>): Float64Array => {
          const sum = list.reduce((a, b) => a + b, 0)
          return Float64Array.from(list, x => (sum === 0 ? 1 / n : x / sum))
        }
        const from = normalized(some)
        const to = normalized(others)
        const moved = transportPlan({ shape: [n, n], values: Float64Array.from(cost) }, from, to)
        for (let i = 0; i < n; i++) {
          const row = moved.subarray(i * n, (i + 1) * n).reduce((a, b) => a + b, 0)
          const column = Array.from(from, (_, k) => moved[k * n + i]).reduce((a, b) => a + b, 0)
          expect(Math.abs(row - from[i])).toBeLessThan(1e-14)
          expect(Math.abs(column - to[i])).toBeLessThan(1e-14)
        }
        expect(moved.every(x => x >= 0)).toBe(true)
        const even = new Float64Array(n).fill(1 / n)
        const permutations = (rest: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
          rest.length === 0 ? [[]] : rest.flatMap(j => permutations(rest.filter(k => k !== j)).map(p => [j, ...p]))
        const best = Math.min(
          ...permutations(Array.from(even.keys())).map(p => p.reduce((sum, j, i) => sum + cost[i * n + j] / n, 0))
        )
        const found = valueOf(transportPlan({ shape: [n, n], values: Float64Array.from(cost) }, even, even), cost)
        expect(Math.abs(found - best)).toBeLessThan(1e-12)
      }
    )
  )
})
