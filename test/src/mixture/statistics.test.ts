/** What statistics say of a mixture; and that in the data's units it says of data what the learned one says of scaled data. */
import { pipe } from 'fp-ts/lib/function.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Points } from '../../../src/index.js'
import * as Statistics from '../../../src/mixture/statistics.js'
import * as Mixture from '../../../src/mixture/index.js'
import { two } from '../report/fits.js'

const real = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true })

const cases = fc
  .record({ components: fc.integer({ min: 1, max: 4 }), dim: fc.integer({ min: 1, max: 3 }) })
  .chain(({ components, dim }) =>
    fc.record({
      mixture: fc
        .record({
          means: fc.array(fc.array(real(-3, 3), { minLength: dim, maxLength: dim }), {
            minLength: components,
            maxLength: components
          }),
          weights: fc.array(real(0.1, 1), { minLength: components, maxLength: components }),
          variances: fc.array(real(0.1, 4), { minLength: components, maxLength: components })
        })
        .map(Mixture.of),
      scaling: fc.record({
        centre: fc.array(real(-5, 5), { minLength: dim, maxLength: dim }).map(xs => Float64Array.from(xs)),
        scale: fc.array(real(0.01, 100), { minLength: dim, maxLength: dim }).map(xs => Float64Array.from(xs))
      }),
      points: fc
        .array(fc.array(real(-4, 4), { minLength: dim, maxLength: dim }), { minLength: 1, maxLength: 5 })
        .map(rows => ({ rows: rows.length, dim, values: Float64Array.from(rows.flat()) }))
    })
  )

describe('a mixture in the units of the data', () => {
  it('has the density of the learned mixture, divided by the units', () => {
    fc.assert(
      fc.property(cases, ({ mixture, scaling, points }) => {
        const inUnits = Points.unstandardize(scaling)(points)
        const { logLikelihood } = pipe(mixture, Mixture.rescaled(scaling), Statistics.of(inUnits, 0))
        const jacobian = scaling.scale.reduce((sum, scale) => sum + Math.log(scale), 0)
        const wanted = pipe(mixture, Mixture.meanLogDensity(points)) - jacobian
        // A mean and a row agree to 2⁻⁵³ of up to 400; over a scale of 0.01 that is 4e-12 standard deviations of up to
        // 10, so that squares of up to 500 differ by some 1e-10.
        expect(Math.abs(logLikelihood - wanted)).toBeLessThan(1e-9)
      })
    )
  })

  it('has the responsibilities of the learned mixture, in the order of the means', () => {
    fc.assert(
      fc.property(cases, ({ mixture, scaling, points }) => {
        const own = pipe(mixture, Mixture.rescaled(scaling))
        const fitted = pipe(own, Mixture.relabelled(Mixture.order(own)))
        const firsts = Mixture.marginals(fitted).means.map(([x]) => x)
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
        const found = pipe(fitted, Mixture.responsibilities(Points.unstandardize(scaling)(points)))
        const learned = pipe(mixture, Mixture.responsibilities(points))
        const sorted = (values: Float64Array, i: number): ReadonlyArray<number> =>
          Array.from(values.subarray(i * found.shape[1], (i + 1) * found.shape[1])).sort((a, b) => a - b)
        for (let i = 0; i < points.rows; i++)
          sorted(found.values, i).forEach((p, k) => {
            expect(Math.abs(p - sorted(learned.values, i)[k])).toBeLessThan(1e-9)
          })
      })
    )
  })

  it('counts rows of integer weight as often as they weigh', () => {
    const rows = [[0, 1], [1, 0], [99, 10], [101, 12]] // prettier-ignore
    const weights = [1, 3, 2, 1]
    const table = (rows: ReadonlyArray<ReadonlyArray<number>>): Points.Points => ({
      rows: rows.length,
      dim: 2,
      values: Float64Array.from(rows.flat())
    })
    const weighted = Statistics.of({ ...table(rows), weights: Float64Array.from(weights) }, 5)(two)
    const repeated = Statistics.of(table(rows.flatMap((row, i) => Array<number[]>(weights[i]).fill(row))), 5)(two)
    expect(weighted.logLikelihood).toBeCloseTo(repeated.logLikelihood, 12)
    expect(weighted.bic).toBeCloseTo(repeated.bic, 10)
    weighted.sizes.forEach((size, k) => {
      expect(size).toBeCloseTo(repeated.sizes[k], 12)
    })
    expect([weighted.rows, repeated.rows]).toEqual([4, 7])
  })
})

describe('ICL', () => {
  it.each(['cauchy', 'box'] as const)(
    'has the doubt about components alone, beside a background that is a %s',
    shape => {
      const values = Float64Array.of(-1, 0.3, 0.7, 1.9, 6, -4)
      const weights = [0.3, 0.7]
      const ends = { centre: Float64Array.of(0), scale: Float64Array.of(9) }
      const mixture: Mixture.Mixture = { ...Mixture.of({ means: [[0], [1.5]], weights }), background: { share: 0.2, shape, ...ends } } // prettier-ignore
      const points = { rows: values.length, dim: 1, values, weights: Float64Array.of(1, 2, 1, 3, 1, 1) }
      const { icl, bic } = Statistics.of(points, 3)(mixture)
      const density = (x: number): number =>
        shape === 'box' ? Number(Math.abs(x) <= 9) / 18 : 9 / (Math.PI * (81 + x * x))
      const doubt = Array.from(values, (x, i) => {
        const parts = [0, 1.5].map(
          (m, k) => (0.8 * weights[k] * Math.exp(-((x - m) ** 2) / 2)) / Math.sqrt(2 * Math.PI)
        )
        const sum = parts[0] + parts[1]
        return (-points.weights[i] * sum * Math.log(Math.max(...parts) / sum)) / (sum + 0.2 * density(x))
      }).reduce((a, b) => a + b)
      // A difference of criteria of some 50.
      expect(icl - bic).toBeCloseTo(2 * doubt, 11)
      expect(doubt).toBeGreaterThan(0.5)
    }
  )
})
