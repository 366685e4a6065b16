/** Columns of a table, in one pass: the same bits as column by column. */
import { describe, expect, it } from 'vitest'
import * as ByColumn from '../../../lib/rows/byColumn.js'
import { compute, Key, square, sub, sum, tensor } from '../../../lib/index.js'

describe.each([
  [7, 1],
  [200, 3],
  [40, 11],
  [3, 150]
])('%d rows of %d columns', (rows, dim) => {
  const values = Key.normal(rows * dim)(Key.fromSeed(1)).map((x, at) => (at % 5 === 0 ? 1e9 * x : x))
  const p = Key.uniform(rows)(Key.fromSeed(2))
  const by = Key.uniform(dim)(Key.fromSeed(3))
  const column = (j: number): Float64Array => values.filter((_, at) => at % dim === j)
  const eachColumn = (of: (column: Float64Array, j: number) => number): Float64Array =>
    Float64Array.from({ length: dim }, (_, j) => of(column(j), j))

  it('are summed and shifted with the same bits', () => {
    expect(ByColumn.weightedSums(p, values, dim)).toEqual(eachColumn(xs => xs.reduce((sum, x, i) => sum + p[i] * x, 0)))
    expect(ByColumn.weightedSquares(p, values, dim)).toEqual(
      eachColumn(xs => xs.reduce((sum, x, i) => sum + p[i] * (x * x), 0))
    )
    expect(ByColumn.subtractColumns(values, by)).toEqual(values.map((x, at) => x - by[at % dim]))
  })

  it('have the distances of the vocabulary, with the same bits', () => {
    const { values: wanted } = compute(() => sum(square(sub(tensor(values, [rows, dim]), tensor(by, [1, dim]))), 1))
    const before = wanted.map((distance, i) => [distance / 2, 2 * distance, Infinity][i % 3])
    const out = before.slice()
    ByColumn.updateNearestDistances(values, dim, by, out)
    expect(out).toEqual(wanted.map((distance, i) => Math.min(distance, before[i])))
  })

  it('are searched for NaN and infinities', () => {
    const put = (x: number): Float64Array => values.map((value, at) => (at === rows * dim - 2 ? x : value))
    expect([values, put(NaN), put(Infinity)].map(ByColumn.hasNaN)).toEqual([false, true, false])
    expect([values, put(NaN), put(-Infinity)].map(ByColumn.firstNotFinite)).toEqual([
      -1,
      rows * dim - 2,
      rows * dim - 2
    ])
  })
})

it('compares numbers by identity: NaN equals NaN, and −0 differs from 0', () => {
  const same = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
    ByColumn.sameNumbers(Float64Array.from(a), Float64Array.from(b))
  expect(same([1, NaN, -0, Infinity], [1, NaN, -0, Infinity])).toBe(true)
  const others = [
    [1, 2],
    [1, 2, -0, Infinity],
    [1, NaN, 0, Infinity],
    [1, NaN, -0, -Infinity],
    [1.5, NaN, -0, Infinity]
  ]
  for (const other of others) expect(same([1, NaN, -0, Infinity], other)).toBe(false)
})
