/** The algebra of mixtures: against values from covariance matrices by numpy, scipy's, and as identities between its parts. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Schedule } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import { close, list, matrixOf, mixtures, real, reference, sizes, type Rows, type Stored } from './algebra.js'

interface Case {
  readonly mixture: Stored
  readonly other: Stored
  readonly A: Rows
  readonly b: ReadonlyArray<number>
  readonly noiseFactor: Rows
  readonly y: ReadonlyArray<number>
  readonly logEvidence: number
  readonly posterior: Stored
  readonly product: Stored
  readonly logProductMass: number
  readonly T: Rows
  readonly affine: Stored
  readonly convolved: Stored
  readonly mean: ReadonlyArray<number>
  readonly momentFactor: Rows
  readonly marginal: Stored
}
const { cases } = reference as { readonly cases: ReadonlyArray<Case> }

/** Stored weights have 13 digits, and so do sums of them. */
const of = ({ weights, means, factors }: Stored): Mixture.Mixture => Mixture.of({ weights, means, factors })

/** By weights, means and covariances, which do not depend on how they are factored. */
const same = (found: Mixture.Mixture, wanted: Mixture.Mixture, tolerance: number): void => {
  expect(found.means.shape).toEqual(wanted.means.shape)
  close(found.weights, wanted.weights, tolerance)
  close(found.means.values, wanted.means.values, tolerance)
  close(Mixture.covariances(found).values, Mixture.covariances(wanted).values, tolerance)
}

/** Thirteen digits are stored, and gains of A and N of the cases multiply them by up to 20. */
const STORED = 1e-10

describe.each(cases)('case %#', stored => {
  const mixture = of(stored.mixture)

  it('given, and its evidence', () => {
    const observation = { matrix: stored.A, offset: stored.b, observed: stored.y, deviation: stored.noiseFactor }
    same(Mixture.given(observation)(mixture), of(stored.posterior), STORED)
    close([Mixture.logEvidence(observation)(mixture)], [stored.logEvidence], STORED)
    // Deviations of noise without correlations are its triangle, and one number is all of them.
    const by = (deviation: Mixture.Observation['deviation']): Mixture.Mixture =>
      Mixture.given({ ...observation, deviation })(mixture)
    const each = (of: (i: number) => number): Rows =>
      stored.y.map((_, i) => stored.y.map((_, j) => (i === j ? of(i) : 0)))
    expect(by(stored.y.map((_, i) => 0.3 + i))).toEqual(by(each(i => 0.3 + i)))
    expect(by(0.3)).toEqual(by(each(() => 0.3)))
  })

  it('product, and its integral', () => {
    const other = of(stored.other)
    // There the components of the other come first.
    const K = Mixture.components(mixture)
    const J = Mixture.components(other)
    const order = Array.from({ length: K * J }, (_, at) => (at % J) * K + Math.floor(at / J))
    same(Mixture.product(other)(mixture), Mixture.relabelled(order)(of(stored.product)), STORED)
    close([Mixture.logIntegral(other)(mixture)], [stored.logProductMass], STORED)
  })

  it('affine, convolve, marginal and moments', () => {
    const image = Mixture.affine({ matrix: stored.T, offset: stored.b })(mixture)
    same(image, of(stored.affine), STORED)
    const noise = Mixture.of({ means: [stored.b.map(() => 0)], factors: [stored.noiseFactor] })
    same(Mixture.convolve(noise)(image), of(stored.convolved), STORED)
    const { mean, factor } = Mixture.moments(mixture)
    close(mean, stored.mean, STORED)
    close(factor.values, stored.momentFactor.flat(), STORED)
    const d = Mixture.dimension(mixture)
    same(Mixture.marginal([d - 1])(mixture), Mixture.affine({ matrix: [Array.from({ length: d }, (_, j) => (j === d - 1 ? 1 : 0))] })(mixture), 1e-14) // prettier-ignore
  })
})

/** Condition numbers here are below 1e4, entries below 30: rounding of a few hundred operations. */
const ROUNDING = 1e-10

describe('identities', () => {
  it('a mixture with noise added is the one of the schedule', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) => mixtures(d, K)),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (mixture, time) => {
          const level = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
          const d = Mixture.dimension(mixture)
          const matrix = Array.from({ length: d }, (_, i) =>
            Array.from({ length: d }, (_, j) => (i === j ? level.alpha : 0))
          )
          const noise = Mixture.of({ means: [matrix.map(() => 0)], variances: [level.sigma ** 2] })
          same(
            pipe(mixture, Mixture.affine({ matrix }), Mixture.convolve(noise)),
            Mixture.diffuse(level)(mixture),
            ROUNDING
          )
        }
      )
    )
  })

  it('densities multiply, up to the integral', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) => fc.tuple(mixtures(d, K), mixtures(d, 2), list(real, d))),
        ([p, q, x]) => {
          const points = { rows: 1, dim: x.length, values: Float64Array.from(x) }
          const [log] = Mixture.logDensity(points)(Mixture.product(q)(p))
          const [a] = Mixture.logDensity(points)(p)
          const [b] = Mixture.logDensity(points)(q)
          close([log], [a + b - Mixture.logIntegral(q)(p)], 1e-9)
        }
      )
    )
  })

  it('observations one after another are one', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) => fc.tuple(mixtures(d, K), matrixOf(2, d), real, real)),
        ([mixture, matrix, y, z]) => {
          const first = Mixture.given({ matrix: [matrix[0]], observed: [y], deviation: 0.8 })(mixture)
          const second = { matrix: [matrix[1]], observed: [z], deviation: 0.5 }
          const both = { matrix, observed: [y, z], deviation: [0.8, 0.5] }
          same(Mixture.given(second)(first), Mixture.given(both)(mixture), 1e-9)
          // p(y, z) = p(y) p(z | y)
          const logs = Mixture.logEvidence({ matrix: [matrix[0]], observed: [y], deviation: 0.8 })(mixture) + Mixture.logEvidence(second)(first) // prettier-ignore
          close([Mixture.logEvidence(both)(mixture)], [logs], 1e-9)
        }
      )
    )
  })
})

const three = Mixture.of({ means: [[-3], [0], [4]], weights: [0.2, 0.5, 0.3], variances: [0.25, 1, 9] })

describe('cdf and quantile', () => {
  // scipy.stats.norm.cdf and scipy.optimize.brentq, scipy 1.15
  it.each([
    [-40, 1.580955460249376e-49],
    [-9, 2.203027151068463e-6],
    [-3, 0.10361954760440865],
    [0.5, 0.5822329820090649],
    [4, 0.8499841643790834],
    [20, 0.9999999855360898]
  ])('P(X ≤ %d) is %d', (x, wanted) => {
    expect(Math.abs(Mixture.cdf(x)(three) / wanted - 1)).toBeLessThan(1e-12)
  })

  it.each([
    [1e-12, -16.593871640435133],
    [0.001, -4.485556470025021],
    [0.3, -0.9526645408392793],
    [0.5, 0.10485168010707803],
    [0.9, 5.29218272891716],
    [0.999, 12.139155665418192]
  ])('the quantile of %d is %d', (p, wanted) => {
    expect(Math.abs(Mixture.quantile(p)(three) - wanted)).toBeLessThan(1e-9)
  })

  it('are inverse, from 1e-300 on, in a translated and stretched mixture too', () => {
    fc.assert(
      fc.property(
        mixtures(1, 3),
        fc.double({ min: -300, max: -0.31, noNaN: true }),
        fc.constantFrom(1e-6, 1, 1e6),
        (mixture, log, scale) => {
          const p = 10 ** log
          const moved = Mixture.affine({ matrix: [[scale]], offset: [scale] })(mixture)
          // A step of x by its rounding changes the share by up to |x| 2⁻⁵² times the slope of log P, below 100 σ/σ² here.
          expect(Math.abs(Mixture.cdf(Mixture.quantile(p)(moved))(moved) / p - 1)).toBeLessThan(1e-9)
        }
      )
    )
    expect([0, 1].map(p => Mixture.quantile(p)(three))).toEqual([-Infinity, Infinity])
  })
})

describe('what is wrong', () => {
  const two = Mixture.of({ means: [[0, 0]] })
  const row = { rows: 1, dim: 3, values: new Float64Array(3) }
  it.each<readonly [() => unknown, string | RegExp]>([
    [() => Mixture.cdf(0)(two), 'Mixture.cdf: mixture: of 2 columns is not of one; take the Mixture.marginal'],
    [() => Mixture.quantile(2)(three), 'Mixture.quantile: p: 2 is not between 0 and 1'],
    [
      () => Mixture.marginal([0, 0])(two),
      'Mixture.marginal: columns: [0,0] is not a list of different columns, from 0'
    ],
    [() => Mixture.marginal([2])(two), 'columns: [2]'],
    [() => Mixture.affine({ matrix: [[1]] })(two), 'Mixture.affine: matrix: [[1]] is not a list of rows of 2 finite'],
    [() => Mixture.affine({ matrix: [[1, 1], [2, 2]] })(two), 'of full row rank'], // prettier-ignore
    [() => Mixture.affine({ matrix: [[1, 0], [0, 1], [1, 1]] })(two), 'of full row rank'], // prettier-ignore
    [() => Mixture.affine({ matrix: [[1, 1], [1, -1]] })(Mixture.of({ means: [[0, 0], [0, 0]], variances: [[1, 1], [1, 1e-40]] })), 'mixture: with component 1, whose image is so narrow'], // prettier-ignore
    [() => Mixture.affine({ matrix: [[1, 0]], offset: [1, 2] })(two), 'offset: [1,2] is not 1 finite numbers'],
    [() => Mixture.convolve(Mixture.of({ means: [[0]] }))(two), 'Mixture.convolve: mixture: of 1 columns is not of 2'],
    [() => Mixture.given({ matrix: [[1, 0]], observed: [0], deviation: [[1, 0]] })(two), 'deviation: [[1,0]] is not'],
    [() => Mixture.predict([0])(row)(two), 'Mixture.predict: points: of 3'],
    [() => Mixture.impute(row)(two), 'Mixture.impute: points: of 3'],
    [() => Mixture.given({ matrix: [[1]], observed: [0], deviation: 1 })(two), /^Mixture.given: matrix: \[\[1\]\] is not a matrix of 1 rows.* of 2 finite/], // prettier-ignore
    [() => Mixture.given({ matrix: [[1, 0]], observed: [0], deviation: 0 })(two), /deviation: 0 is not > 0 and finite/],
    [() => Mixture.given({ matrix: [[1, 0]], observed: [NaN], deviation: 1 })(two), /observed: .* is not finite/]
  ])('is said: %#', (call, message) => {
    expect(call).toThrow(message)
  })
})

describe('predict', () => {
  const problem = fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 })).chain(([d, K]) =>
    fc.record({
      mixture: mixtures(d, K),
      target: fc.integer({ min: 0, max: d - 1 }),
      row: list(real, d)
    })
  )

  it('is what is given of the others with all but no noise', () => {
    fc.assert(
      fc.property(problem, ({ mixture, target, row }) => {
        const d = row.length
        const others = row.map((_, j) => j).filter(j => j !== target)
        const matrix = others.map(j => row.map((_, l) => (l === j ? 1 : 0)))
        const found = Mixture.given({ matrix, observed: others.map(j => row[j]), deviation: 1e-9 })(mixture)
        const wanted = Mixture.marginal([target])(found)
        const { mean, covariance } = Mixture.moments(wanted)
        const all = Mixture.predict([target])({ rows: 1, dim: d, values: Float64Array.from(row) })(mixture)
        const few = { rows: 1, dim: d - 1, values: Float64Array.from(others, j => row[j]) }
        const { mean: m, sd, quantile, at, logDensity } = Mixture.predict([target])(few)(mixture)
        expect(all.mean.values).toEqual(m.values)
        // Noise of 1e-9 beside variances from 0.03 on.
        close(m.values, mean, 1e-6)
        close(sd.values, [Math.sqrt(covariance.values[0])], 1e-6)
        same(at(0), wanted, 1e-6)
        for (const p of [0.01, 0.5, 0.8]) close(quantile(p).values, [Mixture.quantile(p)(at(0))], 1e-12)
        close(logDensity, Mixture.logDensity(few)(Mixture.marginal(others)(mixture)), ROUNDING)
      })
    )
  })

  it('of a single Gaussian is the linear regression of its covariance', () => {
    const covariance = [[2, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 0.5]] // prettier-ignore
    const mixture = Mixture.of({ means: [[1, 2, 3]], covariances: [covariance] })
    const { mean, sd } = Mixture.predict([1])({ rows: 2, dim: 2, values: Float64Array.of(1, 3, 2, 2) })(mixture)
    // Σ_10 Σ_00⁻¹ with Σ_00 = [[2, −.3], [−.3, .5]], whose determinant is .91: (.36, .58)/.91
    const slope = [0.36 / 0.91, 0.58 / 0.91]
    close(mean.values, [2, 2 + slope[0] - slope[1]], 1e-14)
    close(sd.values, [0, 0].fill(Math.sqrt(1 - 0.6 * slope[0] - 0.2 * slope[1])), 1e-14)
  })

  it('takes rows with missing cells, and rows of none', () => {
    fc.assert(
      fc.property(problem, ({ mixture, target, row }) => {
        const d = row.length
        const gone = (target + 1) % d
        const holes = Float64Array.from(row, (x, j) => (j === gone ? NaN : x))
        const points = { rows: 2, dim: d, values: Float64Array.of(...holes, ...row.map(() => NaN)) }
        const found = Mixture.predict([target])(points)(mixture)
        const rest = row.map((_, j) => j).filter(j => j !== gone)
        const alone = Mixture.predict([rest.indexOf(target)])({ rows: 1, dim: d - 1, values: Float64Array.from(rest, j => row[j]) })(Mixture.marginal(rest)(mixture)) // prettier-ignore
        close([found.mean.values[0]], alone.mean.values, ROUNDING)
        close([found.sd.values[0]], alone.sd.values, ROUNDING)
        const { mean, covariance } = Mixture.moments(Mixture.marginal([target])(mixture))
        close([found.mean.values[1]], mean, ROUNDING)
        close([found.sd.values[1]], [Math.sqrt(covariance.values[0])], ROUNDING)
        // and the two cells that this row has not are put where they are expected
        const imputed = Mixture.impute({ rows: 1, dim: d, values: Float64Array.from(holes, (x, j) => (j === target ? NaN : x)) })(mixture) // prettier-ignore
        close([imputed.values[target]], [found.mean.values[0]], ROUNDING)
        expect(Array.from(imputed.values).every(Number.isFinite)).toBe(true)
      })
    )
  })

  it('of rows beyond the reach of all is finite', () => {
    const { mean, sd } = Mixture.predict([1])({ rows: 1, dim: 1, values: Float64Array.of(1e200) })(
      Mixture.of({ means: [[0, 1], [1, 3]] }) // prettier-ignore
    )
    expect([...mean.values, ...sd.values].every(Number.isFinite)).toBe(true)
  })
})

describe('given at condition 1e16, against closed forms', () => {
  // x_1 ~ N(0, 1), x_2 = x_1 + εz: of condition 4/ε² = 4e16.
  const thin = 1e-8
  const narrow = Mixture.of({ means: [[0, 0]], factors: [[[1, 0], [1, thin]]] }) // prettier-ignore
  const r = 1e-7

  it('keeps the thin direction where the wide one is seen', () => {
    const found = Mixture.given({ matrix: [[1, 0]], observed: [0.5], deviation: r })(narrow)
    // Both coordinates are N(y/(1 + r²), r²/(1 + r²)); the second differs by ε.
    const deviation = r / Math.sqrt(1 + r * r)
    const [a, , b, c] = found.factors?.values ?? []
    // Rounding of entries of size 1 is 2e-16: 2e-9 of r, 2e-8 of ε.
    for (const mean of found.means.values) expect(Math.abs(mean - 0.5 / (1 + r * r)) / deviation).toBeLessThan(1e-8)
    for (const found of [a, b]) expect(Math.abs(found / deviation - 1)).toBeLessThan(1e-8)
    expect(Math.abs(c / thin - 1)).toBeLessThan(1e-7)
  })

  it('and learns it where only that is seen', () => {
    const y = 2e-8
    const found = Mixture.given({ matrix: [[-1, 1]], observed: [y], deviation: r })(narrow)
    // z given εz + noise = y: mean εy/(ε² + r²), variance r²/(ε² + r²); x_1 knows nothing of it.
    const total = thin * thin + r * r
    const [a, , b, c] = found.factors?.values ?? []
    expect([a, b]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)])
    expect(Math.abs(c / ((thin * r) / Math.sqrt(total)) - 1)).toBeLessThan(1e-7)
    const [first, second] = found.means.values
    expect(Math.abs(second - first - (thin * thin * y) / total) / thin).toBeLessThan(1e-7)
  })

  it('does not lose a component that is far from what is seen, nor weigh by it', () => {
    const found = Mixture.given({ matrix: [[1]], observed: [0], deviation: 1 })(
      Mixture.of({ means: [[0], [100]], variances: [1, 1] })
    )
    // e^{−100²/4} is 0 in doubles.
    expect(Array.from(found.weights)).toEqual([1, 0])
    close(found.means.values, [0, 50], 1e-14)
  })
})
