/** Columns of a table, in one pass: the same bits as column by column. */
import { describe, expect, it } from 'vitest'
import * as ByColumn from '../../lib/byColumn.js'
import { Key } from '../../lib/index.js'

describe.each([
  [7, 1],
  [200, 3]
])('%d rows of %d columns', (rows, dim) => {
  const values = Key.normal(rows * dim)(Key.fromSeed(1)).map((x, at) => (at % 5 === 0 ? 1e9 * x : x))
  const p = Key.uniform(rows)(Key.fromSeed(2))
  const by = Key.uniform(dim)(Key.fromSeed(3))
  const column = (j: number): Float64Array => values.filter((_, at) => at % dim === j)
  const eachColumn = (of: (column: Float64Array, j: number) => number): Float64Array =>
    Float64Array.from({ length: dim }, (_, j) => of(column(j), j))

  it('are summed, and looked over, to the bit', () => {
    expect(ByColumn.weightedSums(p, values, dim)).toEqual(eachColumn(xs => xs.reduce((sum, x, i) => sum + p[i] * x, 0)))
    expect(ByColumn.weightedSquares(p, values, dim)).toEqual(
      eachColumn(xs => xs.reduce((sum, x, i) => sum + p[i] * (x * x), 0))
    )
    expect(ByColumn.greatest(values, dim)).toEqual(eachColumn(xs => Math.max(...xs.map(Math.abs))))
  })

  it('are moved and scaled each by its own', () => {
    expect(ByColumn.less(values, by)).toEqual(values.map((x, at) => x - by[at % dim]))
    expect(ByColumn.over(values, by)).toEqual(values.map((x, at) => x / by[at % dim]))
  })
})
