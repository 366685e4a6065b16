/** The algebra of mixtures: against values from covariance matrices by numpy, scipy's, and as identities between its parts. */
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Key, Schedule } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'

type Rows = ReadonlyArray<ReadonlyArray<number>>
interface Stored {
  readonly weights: ReadonlyArray<number>
  readonly means: Rows
  readonly factors: ReadonlyArray<Rows>
}
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
const { cases } = JSON.parse(readFileSync('test/oracle/algebra.json', 'utf8')) as {
  readonly cases: ReadonlyArray<Case>
}

/** Stored weights have 13 digits, and so do sums of them. */
const of = ({ weights, means, factors }: Stored): Mixture.Mixture => Mixture.of({ weights, means, factors })

const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  const size = Array.from(wanted).reduce((most, x) => Math.max(most, Math.abs(x)), 1)
  Array.from(wanted).forEach((x, i) => {
    expect(Math.abs(found[i] - x), `${found[i]} for ${x}`).toBeLessThanOrEqual(tolerance * size)
  })
}

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
    const d = Mixture.dim(mixture)
    same(Mixture.marginal([d - 1])(mixture), Mixture.affine({ matrix: [Array.from({ length: d }, (_, j) => (j === d - 1 ? 1 : 0))] })(mixture), 1e-14) // prettier-ignore
  })
})

const real = fc.double({ min: -3, max: 3, noNaN: true })
const positive = fc.double({ min: 0.3, max: 2, noNaN: true })
const matrixOf = (rows: number, columns: number): fc.Arbitrary<ReadonlyArray<ReadonlyArray<number>>> =>
  fc.array(fc.array(real, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows })

/** Mixtures of round, diagonal and full components. */
const mixtures = (d: number, K: number): fc.Arbitrary<Mixture.Mixture> => {
  const first = {
    means: matrixOf(K, d),
    weights: fc.array(positive, { minLength: K, maxLength: K })
  }
  const perK = <A>(of: fc.Arbitrary<A>): fc.Arbitrary<A[]> => fc.array(of, { minLength: K, maxLength: K })
  return fc.oneof(
    fc.record({ ...first, variances: perK(positive) }).map(Mixture.of),
    fc.record({ ...first, variances: perK(fc.array(positive, { minLength: d, maxLength: d })) }).map(Mixture.of),
    fc
      .record({
        ...first,
        factors: perK(
          fc
            .tuple(matrixOf(d, d), fc.array(positive, { minLength: d, maxLength: d }))
            .map(([rows, diagonal]) => rows.map((row, i) => row.map((x, j) => (i === j ? diagonal[i] : j < i ? x : 0))))
        )
      })
      .map(Mixture.of)
  )
}

const sizes = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))

/** Condition numbers here are below 1e4, entries below 30: rounding of a few hundred operations. */
const ROUNDING = 1e-10

describe('identities', () => {
  it('of maps one after another: A₂(A₁x + b₁) + b₂, and columns of what comes out', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) =>
          fc.tuple(mixtures(d, K), matrixOf(d, d), fc.array(real, { minLength: d, maxLength: d }))
        ),
        ([mixture, rows, offset]) => {
          const d = offset.length
          // 10 on the diagonal: of full rank
          const matrix = rows.map((row, i) => row.map((a, j) => (i === j ? 10 + a : a)))
          const mapped = Mixture.affine({ matrix, offset })(mixture)
          const squared = matrix.map(row =>
            Array.from({ length: d }, (_, j) => row.reduce((s, a, l) => s + a * matrix[l][j], 0))
          )
          const moved = matrix.map((row, i) => row.reduce((s, a, l) => s + a * offset[l], offset[i]))
          same(
            Mixture.affine({ matrix, offset })(mapped),
            Mixture.affine({ matrix: squared, offset: moved })(mixture),
            ROUNDING
          )
          same(
            Mixture.marginal([d - 1])(mapped),
            Mixture.affine({ matrix: [matrix[d - 1]], offset: [offset[d - 1]] })(mixture),
            ROUNDING
          )
        }
      )
    )
  })

  it('a mixture with noise added is the one of the schedule', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) => mixtures(d, K)),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (mixture, time) => {
          const level = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
          const d = Mixture.dim(mixture)
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
        sizes.chain(([d, K]) =>
          fc.tuple(mixtures(d, K), mixtures(d, 2), fc.array(real, { minLength: d, maxLength: d }))
        ),
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

  it('what is seen of an image is seen of what it is the image of', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) => fc.tuple(mixtures(d, K), matrixOf(d, d), matrixOf(1, d), real)),
        ([mixture, rows, seen, y]) => {
          const matrix = rows.map((row, i) => row.map((a, j) => (i === j ? 10 + a : a)))
          const image = Mixture.affine({ matrix })
          const pulled = seen.map(row => matrix[0].map((_, j) => row.reduce((s, a, l) => s + a * matrix[l][j], 0)))
          const observed = [y]
          const deviation = 0.7
          same(
            Mixture.given({ matrix: seen, observed, deviation })(image(mixture)),
            image(Mixture.given({ matrix: pulled, observed, deviation })(mixture)),
            1e-9
          )
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

  it('moments are those of a sum over components', () => {
    fc.assert(
      fc.property(
        sizes.chain(([d, K]) => mixtures(d, K)),
        mixture => {
          const d = Mixture.dim(mixture)
          const { mean, covariance } = Mixture.moments(mixture)
          const { values } = Mixture.covariances(mixture)
          const wanted = Array.from({ length: d * d }, (_, at) => {
            const i = Math.floor(at / d)
            const j = at % d
            return Array.from(mixture.weights).reduce((sum, w, k) => sum + w * (values[k * d * d + at] + (mixture.means.values[k * d + i] - mean[i]) * (mixture.means.values[k * d + j] - mean[j])), 0) // prettier-ignore
          })
          close(covariance.values, wanted, ROUNDING)
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

  it('of more columns are refused', () => {
    const two = Mixture.of({ means: [[0, 0]] })
    expect(() => Mixture.cdf(0)(two)).toThrow(
      'Mixture.cdf: mixture: of 2 columns is not of one; take the Mixture.marginal'
    )
    expect(() => Mixture.quantile(2)(three)).toThrow('Mixture.quantile: p: 2 is not between 0 and 1')
  })
})

describe('what is wrong', () => {
  const two = Mixture.of({ means: [[0, 0]] })
  it.each([
    [
      () => Mixture.marginal([0, 0])(two),
      'Mixture.marginal: columns: [0,0] is not a list of different columns, from 0 to 1'
    ],
    [() => Mixture.marginal([2])(two), 'columns: [2]'],
    [() => Mixture.affine({ matrix: [[1]] })(two), 'Mixture.affine: matrix: [[1]] is not a list of rows of 2 finite'],
    [() => Mixture.affine({ matrix: [[1, 1], [2, 2]] })(two), 'of full row rank'], // prettier-ignore
    [() => Mixture.affine({ matrix: [[1, 0], [0, 1], [1, 1]] })(two), 'of full row rank'], // prettier-ignore
    [() => Mixture.affine({ matrix: [[1, 1], [1, -1]] })(Mixture.of({ means: [[0, 0], [0, 0]], variances: [[1, 1], [1, 1e-40]] })), 'mixture: with component 1, whose image is so narrow'], // prettier-ignore
    [() => Mixture.affine({ matrix: [[1, 0]], offset: [1, 2] })(two), 'offset: [1,2] is not 1 finite numbers'],
    [() => Mixture.convolve(Mixture.of({ means: [[0]] }))(two), 'Mixture.convolve: mixture: of 1 columns is not of 2'],
    [() => Mixture.given({ matrix: [[1, 0]], observed: [0], deviation: [[1, 0]] })(two), 'deviation: [[1,0]] is not'],
    [
      () => Mixture.predict([0])({ rows: 1, dim: 3, values: new Float64Array(3) })(two),
      'Mixture.predict: points: of 3'
    ],
    [() => Mixture.impute({ rows: 1, dim: 3, values: new Float64Array(3) })(two), 'Mixture.impute: points: of 3']
  ])('is said: %#', (call, message) => {
    expect(call).toThrow(message)
  })
})

describe('predict', () => {
  const problem = fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 })).chain(([d, K]) =>
    fc.record({
      mixture: mixtures(d, K),
      target: fc.integer({ min: 0, max: d - 1 }),
      row: fc.array(real, { minLength: d, maxLength: d })
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

  it('covers as often as it says: 80 % of rows drawn lie between the quantiles of 10 % and 90 %', () => {
    const mixture = Mixture.of({
      means: [[-2, 0], [2, 1]], // prettier-ignore
      covariances: [[[1, 0.8], [0.8, 1]], [[1, -0.5], [-0.5, 2]]] // prettier-ignore
    })
    const points = Mixture.sample(4000)(Key.fromSeed(3))(mixture)
    const { mean, quantile } = Mixture.predict([1])(points)(mixture)
    const low = quantile(0.1).values
    const high = quantile(0.9).values
    const y = Array.from(low, (_, i) => points.values[2 * i + 1])
    const inside = y.filter((y, i) => low[i] <= y && y <= high[i]).length
    // four standard errors, √(.8 · .2/4000)
    expect(Math.abs(inside / 4000 - 0.8)).toBeLessThan(4 * 0.0064)
    // The mean leaves residuals of mean 0, on either side of x = 0.
    const left = y.map((y, i) => y - mean.values[i]).filter((_, i) => points.values[2 * i] < 0)
    expect(Math.abs(left.reduce((a, b) => a + b, 0) / left.length)).toBeLessThan(0.1)
  })

  it('of rows beyond the reach of all is finite', () => {
    const { mean, sd } = Mixture.predict([1])({ rows: 1, dim: 1, values: Float64Array.of(1e200) })(
      Mixture.of({ means: [[0, 1], [1, 3]] }) // prettier-ignore
    )
    expect([...mean.values, ...sd.values].every(Number.isFinite)).toBe(true)
  })
})
