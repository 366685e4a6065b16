import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factorGram, factorSymmetric, rowSpace, singular, symmetricEigen } from '../../../lib/arrays/linalg.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'

const EPSILON = 2 ** -52

const largest = (values: ArrayLike<number>): number => Math.max(0, ...Array.from(values, Math.abs))
const at = ({ shape: [, n], values }: NdArray, i: number, j: number): number => values[i * n + j]
const array = (m: number, n: number, entry: (i: number, j: number) => number): NdArray => ({
  shape: [m, n],
  values: Float64Array.from({ length: m * n }, (_, k) => entry(Math.floor(k / n), k % n))
})
/** a bᵀ. */
const timesTransposed = (a: NdArray, b: NdArray): NdArray =>
  array(a.shape[0], b.shape[0], (i, j) => {
    let sum = 0
    for (let k = 0; k < a.shape[1]; k++) sum += at(a, i, k) * at(b, j, k)
    return sum
  })
const identity = (n: number): NdArray => array(n, n, (i, j) => (i === j ? 1 : 0))
const apart = (a: NdArray, b: NdArray): number => {
  expect(a.shape).toEqual(b.shape)
  return largest(a.values.map((x, k) => x - b.values[k]))
}
/** Entries of size 1 that look like none in particular, without a random number. */
const scrambled = (n: number): NdArray =>
  array(n, n, (i, j) => ((Math.min(i, j) * 7919 + Math.max(i, j) * 104729) % 1009) / 504.5 - 1)

/** What an eigendecomposition is: V A Vᵀ = Λ falling, V Vᵀ = I. Householder and QL make an error of order n ε |A| (Wilkinson). */
const isDecomposition = (a: NdArray): void => {
  const n = a.shape[0]
  const { values, vectors } = symmetricEigen(a)
  // |A|₂ is at most n times the largest entry; 4 covers the constants of the two stages.
  const tolerance = 4 * n * EPSILON * Math.max(1, n)
  expect(apart(timesTransposed(vectors, vectors), identity(n))).toBeLessThanOrEqual(tolerance)
  const image = timesTransposed(vectors, a)
  const scale = largest(a.values)
  const residuals = image.values.map((x, k) => x - values[Math.floor(k / n)] * vectors.values[k])
  // The last term: what is subnormal is rounded to a multiple of 2⁻¹⁰⁷⁴.
  expect(largest(residuals)).toBeLessThanOrEqual(tolerance * scale + 4 * n * 2 ** -1074)
  expect([...values]).toEqual([...values].sort((x, y) => y - x))
}

describe('triangular factors', () => {
  const size = fc.integer({ min: 1, max: 8 })
  const entries = (n: number): fc.Arbitrary<number[]> =>
    fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n })
  const stacks = fc
    .tuple(size, fc.integer({ min: 0, max: 4 }))
    .chain(([n, more]) =>
      entries((n + more) * n).map(values => ({ shape: [n + more, n], values: Float64Array.from(values) }))
    )

  it('of rows A: L Lᵀ = AᵀA, to a small multiple of the rounding of its entries, at any scale', () => {
    fc.assert(
      fc.property(stacks, fc.constantFrom(1, 2 ** -900, 2 ** 500), (a, scale) => {
        const [m, n] = a.shape
        const l = array(n, n, () => 0)
        factorGram(
          a.values.map(x => scale * x),
          0,
          m,
          n,
          l.values,
          0
        )
        const scaled = { ...l, values: l.values.map(x => x / scale) }
        const turned = array(n, m, (i, j) => at(a, j, i))
        // Householder's QR is backward stable: |δA| ≤ c m n ε |A| (Higham 2002, theorem 19.4)
        expect(apart(timesTransposed(scaled, scaled), timesTransposed(turned, turned))).toBeLessThanOrEqual(
          8 * m * n * EPSILON * Math.max(1, largest(a.values) ** 2) * m
        )
        for (let i = 0; i < n; i++) expect(at(l, i, i)).toBeGreaterThanOrEqual(0)
      }),
      { seed: 1 }
    )
  })

  it('of rows A keeps the digits that AᵀA loses: the factor of [αL σI] with L of condition 1e10', () => {
    // L = [[1, 0], [1, 1e-10]]: its own factor, exactly
    const l = new Float64Array(4)
    factorGram(Float64Array.of(1, 1, 0, 1e-10, 0, 0, 0, 0), 0, 4, 2, l, 0)
    expect([...l]).toEqual([1, 0, 1, 1e-10])
    const formed = new Float64Array(4)
    expect(factorSymmetric(Float64Array.of(1, 1, 1, 1 + 1e-20), 0, 2, formed, 0)).toBe(false)
  })

  it('of a symmetric matrix equals that of the rows if it is well conditioned; none if it is not positive definite', () => {
    fc.assert(
      fc.property(stacks, a => {
        const [m, n] = a.shape
        // AᵀA + I: condition at most 1 + n m
        const stacked = array(m + n, n, (i, j) => (i < m ? at(a, i, j) : i - m === j ? 1 : 0))
        const turned = array(n, m + n, (i, j) => at(stacked, j, i))
        const l = array(n, n, () => 0)
        const wanted = array(n, n, () => 0)
        factorGram(stacked.values, 0, m + n, n, wanted.values, 0)
        const formed = timesTransposed(turned, turned)
        expect(factorSymmetric(formed.values, 0, n, l.values, 0)).toBe(true)
        expect(apart(l, wanted)).toBeLessThanOrEqual(16 * n * EPSILON * (1 + n * m) * m)
        const less = { ...formed, values: formed.values.map((x, k) => (k === n * n - 1 ? -1 : x)) }
        expect(factorSymmetric(less.values, 0, n, l.values, 0)).toBe(false)
      }),
      { seed: 2 }
    )
  })
})

describe('symmetricEigen', () => {
  it('returns the eigenvalues of small matrices', () => {
    expect([...symmetricEigen({ shape: [0, 0], values: new Float64Array(0) }).values]).toEqual([])
    expect([...symmetricEigen({ shape: [1, 1], values: Float64Array.of(-3) }).values]).toEqual([-3])
    expect([...symmetricEigen({ shape: [2, 2], values: new Float64Array(4) }).values]).toEqual([0, 0])
    const { values, vectors } = symmetricEigen({ shape: [2, 2], values: Float64Array.of(2, 1, 1, 2) })
    expect(values[0]).toBeCloseTo(3, 14)
    expect(values[1]).toBeCloseTo(1, 14)
    expect(Math.abs(vectors.values[0])).toBeCloseTo(Math.SQRT1_2, 14)
    expect(vectors.values[0]).toBeCloseTo(vectors.values[1], 14)
  })

  it.each([2, 3, 10, 50, 100])(
    'returns the eigenvalues of the second difference, 2 − 2 cos(πk / (n + 1)) (n = %i)',
    n => {
      const a = array(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0))
      const expected = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((Math.PI * (n - k)) / (n + 1)))
      expect(largest(symmetricEigen(a).values.map((x, k) => x - expected[k]))).toBeLessThan(8 * n * EPSILON)
      isDecomposition(a)
    }
  )

  it.each([1, 2, 3, 7, 30, 100])('decomposes full matrices, and agrees with another implementation (n = %i)', n => {
    const a = scrambled(n)
    isDecomposition(a)
    const { realEigenvalues } = new EigenvalueDecomposition(Matrix.from1DArray(n, n, a.values), {
      assumeSymmetric: true
    })
    const expected = realEigenvalues.sort((x, y) => y - x)
    expect(largest(symmetricEigen(a).values.map((x, k) => x - expected[k]))).toBeLessThan(8 * n * n * EPSILON)
  })

  it('decomposes hard cases: repeated, graded, tiny, huge, of low rank, in blocks', () => {
    const vector = Float64Array.from({ length: 9 }, (_, i) => ((i * 37) % 11) - 5)
    isDecomposition(identity(9))
    isDecomposition(array(9, 9, (i, j) => vector[i] * vector[j]))
    isDecomposition(array(9, 9, () => 1))
    isDecomposition(array(9, 9, (i, j) => 10 ** (-i - j) * (i === j ? 2 : 1)))
    isDecomposition(array(9, 9, (i, j) => (Math.abs(i - j) > 1 ? 1e-9 : i === j ? i : 1)))
    isDecomposition(array(9, 9, (i, j) => (i === j ? 0 : 1e-155 ** ((i + j) % 3))))
    // A row whose squares underflow.
    isDecomposition(array(5, 5, (i, j) => (i === 3 && j === 3 ? 1 : i + j === 4 && i * j === 0 ? 1.6e-162 : 0)))
    isDecomposition(array(9, 9, (i, j) => 1e-300 * vector[i] * vector[j]))
    isDecomposition(array(9, 9, (i, j) => 1e300 * (i === j ? 1 : 0.1)))
    isDecomposition(array(9, 9, (i, j) => (Math.floor(i / 3) === Math.floor(j / 3) ? 1 + Math.min(i, j) : 0)))
  })

  it('decomposes arbitrary symmetric matrices', () => {
    // Zeros and repeats are likely, so that rows which need no reflection, and blocks which fall apart, are met.
    const entry = fc.oneof(fc.constantFrom(0, 1, -1), fc.double({ min: -1, max: 1, noNaN: true }))
    const arrays = fc
      .integer({ min: 1, max: 8 })
      .chain(n => fc.array(entry, { minLength: n * n, maxLength: n * n }).map(list => ({ n, list })))
    fc.assert(
      fc.property(arrays, ({ n, list }) =>
        isDecomposition(array(n, n, (i, j) => list[Math.min(i, j) * n + Math.max(i, j)]))
      )
    )
  })

  it('returns NaN if an entry is not finite, and terminates', () => {
    for (const x of [NaN, Infinity, -Infinity])
      expect([...symmetricEigen({ shape: [2, 2], values: Float64Array.of(1, x, x, 1) }).values]).toEqual([NaN, NaN])
  })
})

describe('rowSpace', () => {
  /** The basis is orthonormal, spans every row, and has the rank that singular values tell. */
  const isBasis = (rows: NdArray, rank: number): void => {
    const [m, n] = rows.shape
    const basis = rowSpace(rows)
    expect(basis.shape).toEqual([rank, n])
    // Two passes of Gram–Schmidt leave a few units in the last place of each of n products.
    expect(apart(timesTransposed(basis, basis), identity(rank))).toBeLessThanOrEqual(4 * n * EPSILON)
    const coordinates = timesTransposed(rows, basis)
    const back = array(m, n, (i, j) => {
      let sum = 0
      for (let k = 0; k < rank; k++) sum += at(coordinates, i, k) * at(basis, k, j)
      return sum
    })
    // What is left of a row is below the tolerance of the rank.
    expect(apart(back, rows)).toBeLessThanOrEqual(8 * Math.max(m, n) * EPSILON * n * largest(rows.values))
  }

  it.each([
    ['nothing', array(2, 3, () => 0), 0],
    ['one row', array(1, 4, (_, j) => j + 1), 1],
    ['a row and its opposite', array(2, 3, (i, j) => (i === 0 ? 1 : -1) * [0.1, 0.7, -0.3][j]), 1],
    ['more rows than columns', array(7, 2, (i, j) => (i + 1) ** (j + 1) / 7), 2],
    ['three rows in a plane', array(3, 5, (i, j) => [0.1, 0.3, 0.7][i] * j + [1, 2, 5][i]), 2],
    ['unlike sizes', array(3, 3, (i, j) => (i === j ? [1e8, 1, 1e-3][i] : 0)), 3],
    ['tiny', array(2, 2, (i, j) => 1e-300 * (i + 2 * j)), 2],
    ['huge', array(2, 2, (i, j) => 1e300 * (i + j === 0 ? 1 : 0.5)), 2]
  ])('is a basis: %s', (_, rows, rank) => isBasis(rows, rank))

  it('has the rank given by singular values', () => {
    const entry = fc.constantFrom(-2, -1, 0, 0, 1, 3)
    const shapes = fc.record({ m: fc.integer({ min: 1, max: 6 }), n: fc.integer({ min: 1, max: 6 }) })
    const arrays = shapes.chain(({ m, n }) =>
      fc.array(entry, { minLength: m * n, maxLength: m * n }).map(list => array(m, n, (i, j) => list[i * n + j]))
    )
    fc.assert(
      fc.property(arrays, rows => {
        const [m, n] = rows.shape
        const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(m, n, rows.values), {
          autoTranspose: true
        })
        // Whole numbers this small have singular values that are 0 or far from it.
        isBasis(rows, diagonal.filter(value => value > 1e-9).length)
      })
    )
  })

  it('is empty if an entry is not finite', () => {
    expect(rowSpace({ shape: [1, 2], values: Float64Array.of(NaN, 1) }).shape).toEqual([0, 2])
    expect(rowSpace({ shape: [1, 2], values: Float64Array.of(Infinity, 1) }).shape).toEqual([0, 2])
  })
})

describe('singular', () => {
  const isSvd = (a: NdArray): ReadonlyArray<number> => {
    const [n] = a.shape
    const { values, left, right } = singular(a)
    const size = largest(a.values)
    // A = Σ s u vᵀ, and both orthonormal
    const whole = array(n, n, (i, j) => {
      let sum = 0
      for (let k = 0; k < n; k++) sum += values[k] * at(left, k, i) * at(right, k, j)
      return sum
    })
    expect(apart(whole, a)).toBeLessThanOrEqual(20 * n * EPSILON * size)
    expect(apart(timesTransposed(right, right), identity(n))).toBeLessThanOrEqual(20 * n * EPSILON)
    expect([...values]).toEqual([...values].sort((x, y) => y - x))
    return [...values]
  }

  it.each([1, 2, 3, 7, 12])('decomposes a matrix of %d rows, in agreement with the eigenvalues of AᵀA', n => {
    const a = array(n, n, (i, j) => ((i * 7919 + j * 104729 + i * j * 31) % 1009) / 504.5 - 1)
    const values = isSvd(a)
    const { values: squares } = symmetricEigen(
      timesTransposed(
        array(n, n, (i, j) => at(a, j, i)),
        array(n, n, (i, j) => at(a, j, i))
      )
    )
    values.forEach((s, k) => {
      expect(Math.abs(s * s - squares[k])).toBeLessThan(1e-13 * squares[0])
    })
  })

  it('has a small relative error if columns differ in scale', () => {
    // Q diag(1, 1e-8, 1e-16) with a rotation Q: where AᵀA has lost the two
    const c = 0.8
    const s = 0.6
    const q = [[c, -s, 0], [s * c, c * c, -s], [s * s, c * s, c]] // prettier-ignore
    const scales = [1, 1e-8, 1e-16]
    const values = isSvd(array(3, 3, (i, j) => q[i][j] * scales[j]))
    values.forEach((found, k) => {
      expect(Math.abs(found / scales[k] - 1)).toBeLessThan(1e-14)
    })
  })

  it('decomposes a matrix of rank one, and 0', () => {
    expect(isSvd(array(3, 3, () => 1)).map(s => s.toFixed(12))).toEqual([
      '3.000000000000',
      '0.000000000000',
      '0.000000000000'
    ])
    expect(isSvd(array(2, 2, () => 0))).toEqual([0, 0])
  })
})
