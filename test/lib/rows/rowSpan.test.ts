/** The basis and the coordinates of rows in their span reproduce the rows. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../lib/index.js'
import { dot } from '../../../lib/arrays/linalg.js'
import { fromCoordinates, rowSpan } from '../../../lib/rows/rowSpan.js'

/** Standard normal rows of which row 3 is the sum of two others, and row 4 is nearly a copy of row 0. */
const dependent = (rows: number, dim: number): Float64Array => {
  const values = Key.normal(rows * dim)(Key.fromSeed(rows * dim))
  const row = (i: number): Float64Array => values.subarray(i * dim, (i + 1) * dim)
  row(3).set(row(0).map((x, j) => x + row(1)[j]))
  row(4).set(row(0).map((x, j) => x + 1e-6 * row(2)[j]))
  return values
}

describe('the span of rows', () => {
  it.each([
    [6, 200, 4],
    [40, 100, 38],
    [9, 3, 3]
  ])('of %d rows in %d columns has %d vectors, is orthonormal, and reproduces the rows', (rows, dim, rank) => {
    const values = dependent(rows, dim)
    const span = rowSpan(values, dim)
    expect(span.rank).toBe(rank)
    // Each product is a sum of `dim` terms; after two passes a row is orthogonal to the basis up to a few roundings.
    const rounding = 8 * dim * Number.EPSILON
    for (let k = 0; k < span.rank; k++)
      for (let l = 0; l <= k; l++)
        expect(Math.abs(dot(span.basis, k * dim, span.basis, l * dim, dim) - (k === l ? 1 : 0))).toBeLessThan(rounding)
    for (let i = 0; i < rows; i++) {
      const rebuilt = fromCoordinates(span, span.coordinates.subarray(i * rank, (i + 1) * rank))
      const length = Math.sqrt(dot(values, i * dim, values, i * dim, dim))
      rebuilt.forEach((x, j) => expect(Math.abs(x - values[i * dim + j])).toBeLessThan(rounding * length))
    }
  })

  it('of zero rows is empty', () => {
    expect(rowSpan(new Float64Array(12), 4)).toMatchObject({ rank: 0, coordinates: new Float64Array(0) })
  })
})
