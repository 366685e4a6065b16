/** Factors of covariances, held against the covariances themselves. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Factor from '../../../lib/arrays/factor.js'
import type { NdArray } from '../../../lib/index.js'

const entry = fc.double({ min: -2, max: 2, noNaN: true })
const pivot = fc.double({ min: 0.5, max: 3, noNaN: true })

const factors = (dim: number): fc.Arbitrary<NdArray> =>
  fc.oneof(
    pivot.map(f => ({ shape: [], values: Float64Array.of(f) })),
    fc.array(pivot, { minLength: dim, maxLength: dim }).map(fs => ({ shape: [dim], values: Float64Array.from(fs) })),
    fc
      .record({
        below: fc.array(entry, { minLength: dim * dim, maxLength: dim * dim }),
        diagonal: fc.array(pivot, { minLength: dim, maxLength: dim })
      })
      .map(({ below, diagonal }) => ({
        shape: [dim, dim],
        values: Float64Array.from(below, (x, at) => {
          const i = Math.floor(at / dim)
          const j = at % dim
          return i === j ? diagonal[i] : i > j ? x : 0
        })
      }))
  )

const cases = fc.integer({ min: 1, max: 5 }).chain(dim =>
  fc.record({
    dim: fc.constant(dim),
    f: factors(dim),
    g: factors(dim),
    rows: fc.array(entry, { minLength: 3 * dim, maxLength: 3 * dim }).map(xs => Float64Array.from(xs))
  })
)

/** Entries of F⁻¹ are at most (1 + 2/0.5)⁴/0.5 = 1250 here, and rounding is that many units in the last place of a few terms. */
const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-11): void => {
  Array.from(wanted).forEach((x, at) => {
    expect(Math.abs(found[at] - x)).toBeLessThan(tolerance * (1 + Math.abs(x)))
  })
}

describe('a factor', () => {
  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(cases, ({ dim, f, rows }) => {
        close(Factor.solve(f, dim, Factor.multiplyFactor(f, dim, rows)), rows)
      })
    )
  })

  it('maps a row to c + F r, and has the trace of its covariance', () => {
    fc.assert(
      fc.property(cases, ({ dim, f, rows }) => {
        const [centre, row] = [rows.subarray(0, dim), rows.subarray(dim, 2 * dim)]
        close(Factor.applyAffine(f, centre, row), Factor.multiplyFactor(f, dim, row).map((x, j) => centre[j] + x)) // prettier-ignore
        const { values } = Factor.covarianceOfFactor(f, dim)
        close(
          [Factor.covarianceTrace(f, dim)],
          [values.reduce((sum, x, at) => (at % (dim + 1) === 0 ? sum + x : sum), 0)]
        )
      })
    )
  })

  it('times another maps rows as one after the other, in the more compact form that holds it', () => {
    fc.assert(
      fc.property(cases, ({ dim, f, g, rows }) => {
        const both = Factor.multiplyFactors(f, g, dim)
        close(
          Factor.multiplyFactor(both, dim, rows),
          Factor.multiplyFactor(f, dim, Factor.multiplyFactor(g, dim, rows))
        )
        expect(both.shape).toHaveLength(Math.max(f.shape.length, g.shape.length))
      })
    )
  })

  it('has Σ⁻¹ as F⁻ᵀ F⁻¹: ⟨F⁻¹r, F⁻¹Σr⟩ is |r|², and the trace |F⁻¹|²', () => {
    fc.assert(
      fc.property(cases, ({ dim, f, rows }) => {
        const { values } = Factor.covarianceOfFactor(f, dim)
        const moved = rows.map((_, at) => {
          const row = Math.floor(at / dim)
          const i = at % dim
          return rows.subarray(row * dim, (row + 1) * dim).reduce((sum, x, j) => sum + values[i * dim + j] * x, 0)
        })
        const white = Factor.solve(f, dim, rows)
        const back = Factor.solve(f, dim, moved)
        const squares = (a: Float64Array, b: Float64Array): Float64Array =>
          Float64Array.from({ length: rows.length / dim }, (_, row) =>
            a.subarray(row * dim, (row + 1) * dim).reduce((sum, x, j) => sum + x * b[row * dim + j], 0)
          )
        // The condition of Σ is at most that of F squared.
        close(squares(white, back), squares(rows, rows), 1e-8)
        const identity = new Float64Array(dim * dim).map((_, at) => (at % (dim + 1) === 0 ? 1 : 0))
        const trace = Factor.solve(f, dim, identity).reduce((sum, x) => sum + x * x, 0)
        close([Factor.tracePrecision(f, dim)], [trace], 1e-10)
      })
    )
  })

  it('of a sum of covariances is as compact as the summands', () => {
    fc.assert(
      fc.property(cases, ({ dim, f, g }) => {
        const sum = Factor.sumOfFactors([f, g], dim)
        const a = Factor.covarianceOfFactor(f, dim).values
        const b = Factor.covarianceOfFactor(g, dim).values
        close(
          Factor.covarianceOfFactor(sum, dim).values,
          a.map((x, at) => x + b[at]),
          1e-13
        )
        expect(sum.shape.length).toBe(Math.max(f.shape.length, g.shape.length))
      })
    )
  })

  it('is recovered from its covariance, with its determinant', () => {
    fc.assert(
      fc.property(cases, ({ dim, f }) => {
        const again = Factor.choleskyOfCovariance(Factor.covarianceOfFactor(f, dim).values, dim)
        expect(again).not.toBeNull()
        if (again === null) return
        close(again.values, Factor.triangleOfFactor(f, dim).values, 1e-7)
        close([Factor.logDeterminant(again, dim)], [Factor.logDeterminant(f, dim)], 1e-9)
      })
    )
  })

  it('is null if the covariance is not positive definite', () => {
    expect(Factor.choleskyOfCovariance(Float64Array.of(1, 2, 2, 1), 2)).toBeNull()
    expect(Factor.choleskyOfCovariance(Float64Array.of(1, 1, 1, 1), 2)).toBeNull()
    expect(Factor.choleskyOfCovariance(Float64Array.of(NaN), 1)).toBeNull()
  })

  it('in other units is that of D Σ D', () => {
    fc.assert(
      fc.property(cases, ({ dim, f, rows }) => {
        const scale = rows.slice(0, dim).map(x => 1 + Math.abs(x))
        const { values } = Factor.covarianceOfFactor(f, dim)
        close(
          Factor.covarianceOfFactor(Factor.scaledFactor(f, scale), dim).values,
          values.map((x, at) => scale[Math.floor(at / dim)] * x * scale[at % dim]),
          1e-13
        )
      })
    )
  })
})
