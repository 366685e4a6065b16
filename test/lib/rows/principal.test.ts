/** Principal directions against the d × d eigendecomposition, by each of the three ways; and what memory they take. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../lib/index.js'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import { principalComponents, type WeightedRowTable } from '../../../lib/rows/principal.js'

/** Normal rows stretched so that direction j has variance like 4^{−j}: all gaps are wide. */
const stretched = (rows: number, dim: number, offset: number): WeightedRowTable<Float64Array> => {
  const z = Key.normal(rows * dim)(Key.fromSeed(rows + dim))
  const mix = Key.normal(8 * dim)(Key.fromSeed(7))
  const values = z.map((noise, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    const along = [0, 1, 2, 3].reduce((sum, k) => sum + 2 ** (3 - k) * z[i * dim + k] * mix[k * dim + j], 0)
    return offset + along + 0.1 * noise
  })
  const weights = new Float64Array(rows).map((_, i) => (1 + (i % 3)) / rows)
  return { rows, dim, values, weights }
}

const dense = (
  { rows, dim, values, weights }: WeightedRowTable<Float64Array>,
  centre: Float64Array
): ReturnType<typeof symmetricEigen> => {
  const product = new Float64Array(dim * dim)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < dim; j++)
      for (let k = 0; k < dim; k++)
        product[j * dim + k] += weights[i] * (values[i * dim + j] - centre[j]) * (values[i * dim + k] - centre[k])
  return symmetricEigen({ shape: [dim, dim], values: product })
}

describe.each([
  { by: 'columns', rows: 300, dim: 12 },
  { by: 'rows', rows: 20, dim: 150 },
  { by: 'Lanczos iteration', rows: 160, dim: 140 },
  { by: 'Lanczos iteration, wide', rows: 140, dim: 200 }
])('by $by', ({ rows, dim }) => {
  const table = stretched(rows, dim, 5)
  const centre = new Float64Array(dim).fill(4.5)
  const found = principalComponents(table, centre, 4)
  const wanted = dense(table, centre)

  it('finds the largest eigenvalues', () => {
    // 140 sums of products each, of relative rounding 2⁻⁵³ a term, and the eigensolver's own few.
    found.values.forEach((value, k) => {
      expect(Math.abs(value / wanted.values[k] - 1)).toBeLessThan((1000 * 2 ** -52 * wanted.values[0]) / value)
    })
  })

  it('and their vectors, orthonormal', () => {
    for (let k = 0; k < 4; k++)
      for (let l = 0; l < 4; l++) {
        const product = (a: Float64Array, b: Float64Array): number =>
          a.subarray(k * dim, (k + 1) * dim).reduce((sum, v, j) => sum + v * b[l * dim + j], 0)
        expect(Math.abs(product(found.vectors, found.vectors) - (k === l ? 1 : 0))).toBeLessThan(1e-14)
        // A vector is off by the rounding of the products over the gap; the least gap is a hundredth of the greatest value or more.
        expect(Math.abs(Math.abs(product(found.vectors, wanted.vectors.values)) - (k === l ? 1 : 0))).toBeLessThan(1e-9)
      }
  })
})

it('returns orthonormal directions even if eigenvalues are 0', () => {
  const dim = 200
  for (const rows of [2, 150]) {
    const table = {
      rows,
      dim,
      values: new Float64Array(rows * dim).fill(3),
      weights: new Float64Array(rows).fill(1 / rows)
    }
    const { values, vectors } = principalComponents(table, new Float64Array(dim).fill(1), 3)
    expect(values[0]).toBeCloseTo(4 * dim, 9)
    expect([...values.subarray(1)]).toEqual([0, 0])
    for (let k = 0; k < 3; k++)
      for (let l = 0; l < 3; l++) {
        const product = vectors
          .subarray(k * dim, (k + 1) * dim)
          .reduce((sum, v, j) => sum + v * vectors[l * dim + j], 0)
        expect(product).toBeCloseTo(k === l ? 1 : 0, 13)
      }
    expect([...principalComponents(table, new Float64Array(dim).fill(3), 2).values]).toEqual([0, 0])
  }
})

it('finds each copy of an eigenvalue', () => {
  // ± e_j for j < 150: the second moment is the identity over 150.
  const dim = 150
  const values = new Float64Array(2 * dim * dim)
  for (let j = 0; j < dim; j++) {
    values[2 * j * dim + j] = 1
    values[(2 * j + 1) * dim + j] = -1
  }
  const table = { rows: 2 * dim, dim, values, weights: new Float64Array(2 * dim).fill(1 / (2 * dim)) }
  for (const value of principalComponents(table, new Float64Array(dim), 5).values)
    expect(value * dim).toBeCloseTo(1, 12)
})
