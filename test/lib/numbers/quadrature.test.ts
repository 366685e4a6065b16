import fc from 'fast-check'
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { describe, expect, it } from 'vitest'
import { gaussHermite, gaussLegendre, type Rule } from '../../../lib/numbers/quadrature.js'

const EPSILON = 2 ** -52
const orders = [1, 2, 3, 4, 5, 8, 13, 16, 31, 32, 64, 101, 200]

/** Squared off-diagonals of the Jacobi matrix, rule of weight 1, for each family. */
const families: ReadonlyArray<[string, (n: number) => Rule, (k: number) => number]> = [
  ['Hermite', gaussHermite, k => k],
  [
    'Legendre',
    n => {
      const { nodes, weights } = gaussLegendre(n)(-1, 1)
      return { nodes, weights: weights.map(w => w / 2) }
    },
    k => (k * k) / (4 * k * k - 1)
  ]
]

const integrate = ({ nodes, weights }: Rule, f: (x: number) => number): number =>
  nodes.reduce((sum, x, i) => sum + weights[i] * f(x), 0)
const worst = (errors: ReadonlyArray<number>): number => errors.reduce((a, b) => Math.max(a, Math.abs(b)), 0)

describe.each(families)('Gauss–%s', (_, rule, b) => {
  it.each(orders)('integrates the orthonormal polynomials to degree 2n − 1 (n = %i)', n => {
    const { nodes, weights } = rule(n)
    // p[k][i] = p_k(x_i) √w_i for k < n: an orthogonal matrix, exactly when every product of degree ≤ 2n − 2 is exact;
    // and p_n vanishes at the nodes, which gives the degree 2n − 1.
    const p: Array<Float64Array> = [nodes.map((_x, i) => Math.sqrt(weights[i]))]
    for (let k = 0; k < n; k++) {
      const below = k === 0 ? nodes.map(() => 0) : p[k - 1]
      p.push(nodes.map((x, i) => (x * p[k][i] - Math.sqrt(k === 0 ? 0 : b(k)) * below[i]) / Math.sqrt(b(k + 1))))
    }
    const dot = (j: number, k: number): number => p[j].reduce((sum, y, i) => sum + y * p[k][i], 0)
    const errors = Array.from({ length: n * n }, (_x, at) => {
      const j = Math.floor(at / n)
      const k = at % n
      return dot(j, k) - (j === k ? 1 : 0)
    })
    // The recurrence loses a few ulps a step; a sum of terms whose sizes sum to at most 1 (Cauchy–Schwarz) loses no more.
    expect(worst(errors)).toBeLessThan(10 * (n + 2) * EPSILON)
    expect(worst(Array.from({ length: n }, (_x, k) => dot(n, k)))).toBeLessThan(10 * (n + 2) ** 1.5 * EPSILON)
  })

  it.each(orders)('agrees with the eigenvectors of the Jacobi matrix (n = %i)', n => {
    const jacobi = Matrix.zeros(n, n)
    for (let k = 1; k < n; k++) {
      jacobi.set(k - 1, k, Math.sqrt(b(k)))
      jacobi.set(k, k - 1, Math.sqrt(b(k)))
    }
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(jacobi, { assumeSymmetric: true })
    const oracle = realEigenvalues
      .map((node, i): [number, number] => [node, eigenvectorMatrix.get(0, i) ** 2])
      .sort(([x], [y]) => x - y)
    const { nodes, weights } = rule(n)
    // The decomposition is backward stable: eigenvalues to about nε‖J‖, vectors to that over the gap.
    const norm = 2 * Math.sqrt(b(Math.max(1, n - 1)))
    expect(worst(oracle.map(([node], i) => node - nodes[i]))).toBeLessThan((20 + n) * norm * EPSILON)
    expect(worst(oracle.map(([, weight], i) => weight - weights[i]))).toBeLessThan(1e-13)
  })

  it.each(orders)('is symmetric, ascending, positive, of weight 1 (n = %i)', n => {
    const { nodes, weights } = rule(n)
    expect(Array.from(nodes).reverse()).toEqual(Array.from(nodes, x => 0 - x))
    expect(Array.from(weights).reverse()).toEqual(Array.from(weights))
    expect(nodes.every((x, i) => i === 0 || nodes[i - 1] < x)).toBe(true)
    expect(weights.every(w => w > 0)).toBe(true)
    expect(Math.abs(integrate({ nodes, weights }, () => 1) - 1)).toBeLessThan(n * EPSILON)
  })

  it('rejects an order that is not an integer ≥ 1', () => {
    for (const n of [0, -1, 2.5, NaN, Infinity])
      expect(() => rule(n)).toThrow(/nodes: .* is not a whole number >= 1; try/)
  })
})

describe('gaussHermite', () => {
  it('has the outermost node and weight of order 20 that Abramowitz & Stegun print (table 25.10)', () => {
    const { nodes, weights } = gaussHermite(20)
    expect(nodes[19] / Math.SQRT2).toBeCloseTo(5.3874808900112, 12)
    expect((weights[19] * Math.sqrt(Math.PI)) / 2.22939364553415e-13).toBeCloseTo(1, 12)
  })

  it('keeps the outermost weights through the scaling: w Σ p_k² = 1 at each node of order 300', () => {
    const { nodes, weights } = gaussHermite(300)
    const relative = Array.from(nodes, (x, i) => {
      let previous = 0
      let current = 1
      let squares = 0
      for (let k = 0; k < 300; k++) {
        squares += current * current
        ;[previous, current] = [current, (x * current - Math.sqrt(k) * previous) / Math.sqrt(k + 1)]
      }
      return weights[i] * squares - 1
    })
    expect(weights[0]).toBeLessThan(1e-240)
    expect(worst(relative)).toBeLessThan(1e-12)
  })

  it('neither overflows nor loses mass at order 1000', () => {
    const rule = gaussHermite(1000)
    expect(integrate(rule, x => x ** 6)).toBeCloseTo(15, 10)
    expect(integrate(rule, Math.cos)).toBeCloseTo(Math.exp(-0.5), 12)
    expect(rule.nodes.every(Number.isFinite) && rule.weights.every(Number.isFinite)).toBe(true)
  })
})

describe('gaussLegendre', () => {
  it('gives ∫ x^k over any interval, k < 2n', () => {
    const ends = fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true }))
    fc.assert(
      fc.property(ends, fc.integer({ min: 1, max: 12 }), ([lo, hi], n) => {
        const rule = gaussLegendre(n)(lo, hi)
        for (let k = 0; k < 2 * n; k++) {
          const exact = (hi ** (k + 1) - lo ** (k + 1)) / (k + 1)
          const size = 4 * Math.max(Math.abs(lo), Math.abs(hi)) ** k
          expect(Math.abs(integrate(rule, x => x ** k) - exact)).toBeLessThanOrEqual(8 * (k + n) * EPSILON * size)
        }
      })
    )
  })
})
