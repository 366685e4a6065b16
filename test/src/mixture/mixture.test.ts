/** Mixtures: what is taken and what is refused, normalization, noise, sampling, densities and the codec. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { describe, expect, it } from 'vitest'
import { Key, Points } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import { componentsAndBackground } from '../../../src/mixture/component.js'
import { rowResponsibilities } from '../../../src/mixture/em/eStepLoops.js'
import { isSlow, once } from '../../cases.js'
import { answers } from '../../golden/golden.js'
import { said } from '../../said.js'

/** [a b; b d] */
const symmetric = (a: number, b: number, d: number): ReadonlyArray<ReadonlyArray<number>> => [
  [a, b],
  [b, d]
]

const mixture = Mixture.of({
  means: [[-2, 0, 1], [3, 1, 0]], // prettier-ignore
  weights: [1, 3],
  variances: [0.25, 4]
})

describe('of', () => {
  once('has equal weights and unit variances unless given', () => {
    expect(Mixture.of({ means: [[1], [2], [3], [4]] })).toEqual({
      means: { shape: [4, 1], values: Float64Array.of(1, 2, 3, 4) },
      weights: Float64Array.of(0.25, 0.25, 0.25, 0.25),
      variances: Float64Array.of(1, 1, 1, 1),
      factors: null
    })
  })

  once('normalizes weights, and leaves those that sum to 1 but for rounding', () => {
    expect(mixture.weights).toEqual(Float64Array.of(0.25, 0.75))
    const almost = [0.1, 0.2, 0.3, 0.4, 1e-17].map(w => w)
    const rounded = [0.1, 0.7, 0.2 - 2 ** -54]
    for (const weights of [almost, rounded])
      expect(Array.from(Mixture.of({ means: weights.map(w => [w]), weights }).weights)).toEqual(weights)
    expect(Array.from(Mixture.of({ means: [[0], [1]], weights: [0.5, 0.5 - 1e-15] }).weights)).not.toEqual([
      0.5,
      0.5 - 1e-15
    ])
  })

  once('takes a weight of 0 beside another, and of the pair is ±c', () => {
    expect(Mixture.of({ means: [[0], [1]], weights: [0, 2] }).weights).toEqual(Float64Array.of(0, 1))
    expect(Array.from(Mixture.symmetricPair([1, -2]).means.values)).toEqual([1, -2, -1, 2])
  })

  once('throws for a wrong literal, with the remedy', () => {
    expect(() => Mixture.of({ means: [[0]], variances: [0] })).toThrow(
      new RangeError('Mixture.of: variances[0]: 0 is not > 0 and finite; try 1')
    )
  })
})

once('parse refuses what is no mixture, all at once, with a remedy', () => {
  const means = [[0], [1]]
  const refused: ReadonlyArray<Mixture.Description> = [
    { means: [[0], [1, 2]] },
    { means: [[NaN]] },
    { means: [[0, Infinity]] },
    { means: [] },
    { means: [[], []] },
    // A list of numbers, as an untyped caller may give.
    { means: [1, 2] as unknown as ReadonlyArray<ReadonlyArray<number>> },
    { means, weights: [1], variances: [] },
    { means, weights: [0, 0] },
    { means, weights: [-1, 2] },
    { means, weights: [Infinity, 1] },
    { means, variances: [1, Infinity] },
    { means: [[0]], variances: [1], covariances: [[[1]]] },
    { means: [[0, 0]], covariances: [[[1]]] },
    { means: [[0, 0]], covariances: [[[1, 0.5], [0.4, 1]]] }, // prettier-ignore
    { means: [[0, 0]], covariances: [symmetric(1, 2, 1)] }
  ]
  return answers(
    'mixture',
    refused.map(given => [given, said(Mixture.parse(given))])
  )
})

once('has components, a dimension, and centres as points', () => {
  expect([Mixture.components(mixture), Mixture.dimension(mixture)]).toEqual([2, 3])
  expect(Mixture.centres(mixture)).toEqual({ rows: 2, dim: 3, values: Float64Array.of(-2, 0, 1, 3, 1, 0) })
})

once('diffuses to means αc and variances α²v + σ²', () => {
  expect(Mixture.diffuse({ alpha: 0.5, sigma: 3 })(mixture)).toEqual({
    means: { shape: [2, 3], values: Float64Array.of(-1, 0, 0.5, 1.5, 0.5, 0) },
    weights: mixture.weights,
    variances: Float64Array.of(9.0625, 10),
    factors: null
  })
})

describe('sample', () => {
  const points = pipe(mixture, Mixture.sample(20_000)(Key.fromSeed(5)))
  const rows = Array.from({ length: points.rows }, (_, i) => Array.from(points.values.subarray(3 * i, 3 * i + 3)))
  const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

  // Five standard errors of 20 000 rows: a chance of 6e-7 each, and the seed is fixed.
  const close = (found: number, wanted: number, deviation: number): void =>
    expect(Math.abs(found - wanted)).toBeLessThan((5 * deviation) / Math.sqrt(points.rows))

  once('has the mean and the second moments of the mixture, and the third in its skewed direction', () => {
    // x₀ is −2 + ½z with probability ¼, else 3 + 2z: its mean is 1.75, E x₀² = 1.0625 + 9.75, E x₀³ = −2.375 + 47.25
    const first = rows.map(([x]) => x)
    close(mean(first), 1.75, 3)
    close(mean(first.map(x => x ** 2)), 10.8125, 14)
    close(mean(first.map(x => x ** 3)), 44.875, 150)
    close(mean(rows.map(([, y]) => y)), 0.75, 2)
    close(mean(rows.map(([x, , z]) => x * z)), -0.5, 6)
  })

  once('has noise of its own in each coordinate', () => {
    close(mean(rows.map(([x, y]) => (x - 1.75) * (y - 0.75))), 0.1875 * 5, 8)
    close(mean(rows.map(([, y, z]) => (y - 0.75) * (z - 0.25))), -0.1875, 5)
  })

  once('is the same for the same key, and of as many rows as asked', () => {
    const drawn = (rows: number, seed: number) => Mixture.sample(rows)(Key.fromSeed(seed))(mixture)
    expect(drawn(3, 5)).toEqual(drawn(3, 5))
    expect(drawn(3, 5).values).not.toEqual(drawn(3, 6).values)
    expect(drawn(0, 5)).toEqual({ rows: 0, dim: 3, values: new Float64Array(0) })
  })
})

describe('densities', () => {
  const points = { rows: 2, dim: 3, values: Float64Array.of(-1, 0.5, 0, 2, 2, -1) }
  const gaussian = (x: ReadonlyArray<number>, c: ReadonlyArray<number>, v: number): number =>
    Math.exp(-x.reduce((sum, xj, j) => sum + (xj - c[j]) ** 2, 0) / (2 * v)) / (2 * Math.PI * v) ** 1.5
  const joint = [[-1, 0.5, 0], [2, 2, -1]].map(x => [0.25 * gaussian(x, [-2, 0, 1], 0.25), 0.75 * gaussian(x, [3, 1, 0], 4)]) // prettier-ignore
  const logs = joint.map(([p, q]) => Math.log(p + q))

  once('log p, p(i | x), and the mean of log p', () => {
    Array.from(pipe(mixture, Mixture.logDensity(points))).forEach((found, i) => expect(found).toBeCloseTo(logs[i], 13))
    const { shape, values } = pipe(mixture, Mixture.responsibilities(points))
    expect(shape).toEqual([2, 2])
    joint.flatMap(([p, q]) => [p / (p + q), q / (p + q)]).forEach((w, i) => expect(values[i]).toBeCloseTo(w, 13))
    expect(pipe(mixture, Mixture.meanLogDensity(points))).toBeCloseTo((logs[0] + logs[1]) / 2, 13)
  })

  once('the mean is weighted where the points are', () => {
    const weighted = { ...points, weights: Float64Array.of(1, 5) }
    expect(pipe(mixture, Mixture.meanLogDensity(weighted))).toBeCloseTo((logs[0] + 5 * logs[1]) / 6, 13)
  })

  once('the score, where only one component is near', () => {
    const far = { rows: 1, dim: 3, values: Float64Array.of(103, 1, -40), weights: Float64Array.of(2) }
    const score = pipe(mixture, Mixture.score(far))
    expect(score).toEqual({ rows: 1, dim: 3, values: Float64Array.of(-25, 0, 10), weights: Float64Array.of(2) })
  })
})

describe('as code and as JSON', () => {
  once('is printed as the code that builds it', () => {
    expect(Mixture.show(mixture)).toBe(
      'Mixture.of({ means: [[-2,0,1],[3,1,0]], weights: [0.25,0.75], variances: [0.25,4] })'
    )
    expect(Mixture.of(Mixture.toDescription(mixture))).toEqual(mixture)
  })

  once('survives JSON', () => {
    expect(Mixture.codec.name).toBe('Mixture')
    expect(Mixture.codec.decode(JSON.parse(JSON.stringify(Mixture.codec.encode(mixture))))).toEqual(E.right(mixture))
  })

  once('says what is wrong, all of it', () => {
    expect(PathReporter.report(Mixture.codec.decode({ means: [[0]], weights: [0], variances: [-1] }))).toEqual([
      'weights: [0] is not ≥ 0 and finite, some > 0; leave them out for equal weights\n' +
        'variances[0]: -1 is not > 0 and finite; try 1'
    ])
    for (const json of [{}, { means: [0] }, { means: [[0]], weights: ['1'] }, { means: [[0]], variances: 1 }, null])
      expect(E.isLeft(Mixture.codec.decode(json))).toBe(true)
  })

  once('knows a mixture from what is none', () => {
    expect(Mixture.codec.is(mixture)).toBe(true)
    const { means, weights, variances } = mixture
    for (const other of [null, undefined, 1, 'means', { means, weights }, { means, variances }, { weights, variances }])
      expect(Mixture.codec.is(other)).toBe(false)
  })
})

describe('covariances', () => {
  const correlated = Mixture.of({
    means: [[0, 0], [3, -1]], // prettier-ignore
    weights: [0.4, 0.6],
    covariances: [symmetric(2, 1.2, 1), symmetric(0.5, -0.3, 0.7)]
  })
  const points: Points.Points = { rows: 4, dim: 2, values: Float64Array.of(0.3, -0.2, 3.5, -1.5, 40, -60, 1.4, -0.4) }

  once('are α²Σ + σ²I with noise, and D Σ D in other units', () => {
    const { values } = Mixture.covariances(correlated)
    const noisy = Mixture.covariances(Mixture.diffuse({ alpha: 0.6, sigma: 0.8 })(correlated)).values
    values.forEach((c, at) => {
      expect(noisy[at]).toBeCloseTo(0.36 * c + ([0, 3].includes(at % 4) ? 0.64 : 0), 14)
    })
    const scaling = { centre: Float64Array.of(5, -7), scale: Float64Array.of(10, 0.1) }
    const own = Mixture.rescaled(scaling)(correlated)
    const [a, b, , d] = values
    const found = Mixture.covariances(own).values
    ;[100 * a, b, b, 0.01 * d].forEach((c, at) => {
      expect(found[at]).toBeCloseTo(c, 12)
    })
    // The same rows in other units have the same shares.
    const there = Mixture.responsibilities(Points.unstandardize(scaling)(points))(own)
    const here = Mixture.responsibilities(points)(correlated)
    here.values.forEach((p, at) => {
      expect(there.values[at]).toBeCloseTo(p, 11)
    })
  })

  once('are those of its samples', () => {
    const n = 40_000
    const one = Mixture.of({ means: [[1, 2]], covariances: [symmetric(2, 1.2, 1)] })
    const found = Points.covariance(Mixture.sample(n)(Key.fromSeed(5))(one))
    // Var of a sample covariance: (Σ_ii Σ_jj + Σ_ij²)/n; five standard errors.
    ;[2, 1.2, 1.2, 1].forEach((c, at) => {
      const i = [2, 1][Math.floor(at / 2)]
      const j = [2, 1][at % 2]
      expect(Math.abs(found[at] - c)).toBeLessThan(5 * Math.sqrt((i * j + c * c) / n))
    })
  })

  once('one diagonal or round is the same whichever way it is said', () => {
    const means = [[0, 1], [2, -1]] // prettier-ignore
    const ways = [
      Mixture.of({ means, variances: [2, 0.5] }),
      Mixture.of({ means, variances: [[2, 2], [0.5, 0.5]] }), // prettier-ignore
      Mixture.of({ means, covariances: [symmetric(2, 0, 2), symmetric(0.5, 0, 0.5)] })
    ]
    const [first, ...others] = ways.map(way => ({
      density: Mixture.logDensity(points)(way),
      score: Mixture.score(points)(way).values,
      divergence: Mixture.divergence(points)(way),
      overlaps: Mixture.redundancies(1)(Mixture.of({ ...Mixture.toDescription(way), weights: [1, 0] })).length
    }))
    others.forEach(other => {
      expect(other.overlaps).toBe(first.overlaps)
      ;(['density', 'score', 'divergence'] as const).forEach(name => {
        first[name].forEach((x, at) => {
          expect(Math.abs(other[name][at] - x)).toBeLessThan(1e-12 * (1 + Math.abs(x)))
        })
      })
    })
  })

  once('are written as code and JSON, and read back', () => {
    const read = Mixture.codec.decode(JSON.parse(JSON.stringify(Mixture.codec.encode(correlated))))
    expect(E.isRight(read) && Mixture.show(read.right)).toBe(Mixture.show(correlated))
    expect(E.isRight(read) && read.right).toEqual(correlated)
  })

  once('stop at the floor whatever the rounding of that direction, which goes with the widest', () => {
    // Of columns that are nearly one another's multiples: a unit vector, and 1e-7 across. Rounding is 3 · 2⁻⁵² · 1e3, 1e-5 of that.
    const across = (by: number, from: number): Mixture.Mixture => {
      const along = Array.from({ length: 3 }, (_, i) => i + from)
      const u = along.map(x => x / Math.hypot(...along))
      const of = (i: number, j: number): number => 1e3 * u[i] * u[j] + by * ((i === j ? 1 : 0) - u[i] * u[j])
      return Mixture.of({ means: [[0, 0, 0]], covariances: [u.map((_, i) => u.map((_, j) => of(i, j)))] })
    }
    for (let from = 1; from <= 20; from++) {
      expect(Mixture.atMinimumVariance(1e-7)(across(1e-7, from))).toEqual([0])
      expect(Mixture.atMinimumVariance(1e-7)(across(1.1e-7, from))).toEqual([])
    }
  })
})

describe('memberships', () => {
  const skewed = Mixture.of({
    means: [[0, 0], [6, 6]], // prettier-ignore
    weights: [0.7, 0.3],
    covariances: [symmetric(2, 1.5, 2), symmetric(1, 0, 4)]
  })

  once('measures distances by the inverse of the covariance', () => {
    const points = { rows: 2, dim: 2, values: Float64Array.of(1, -1, 7, 8) }
    // By hand: Σ⁻¹ = [2, −1.5; −1.5, 2]/1.75 and diag(1, ¼).
    const byHand = [(2 + 2 * 1.5 + 2) / 1.75, 25 + 49 / 4, (2 * 49 - 3 * 56 + 2 * 64) / 1.75, 1 + 1]
    rowResponsibilities(componentsAndBackground(skewed), points).squared.forEach((x, at) => {
      expect(x).toBeCloseTo(byHand[at], 12)
    })
  })

  once('is sure of nothing about a row whose squared distance overflows', () => {
    const [far] = Mixture.memberships({ rows: 1, dim: 2, values: Float64Array.of(1e160, 0) })(skewed)
    expect([far.probability, far.uncertainty, far.isOutlier]).toEqual([0, 1, true])
  })

  once('takes points of its own columns alone', () => {
    const line = { rows: 2, dim: 1, values: Float64Array.of(1, 2) }
    for (const of of [
      Mixture.logDensity,
      Mixture.score,
      Mixture.divergence,
      Mixture.responsibilities,
      Mixture.memberships
    ])
      expect(() => of(line)(skewed)).toThrow(
        new RangeError('points: 1 column, and the mixture has 2; give points of the columns of the mixture')
      )
  })

  it.runIf(isSlow)('tells a thousandth of the rows of a component as outliers, and every row far away', () => {
    const single = Mixture.of({
      means: [[1, 2, 3]],
      covariances: [[[2, 1, 0], [1, 2, 0.5], [0, 0.5, 1]]] // prettier-ignore
    })
    const rows = 40_000
    for (const seed of [1, 2, 3, 4, 5]) {
      const told = Mixture.memberships(Mixture.sample(rows)(Key.fromSeed(seed))(single))(single)
      const share = told.filter(({ isOutlier }) => isOutlier).length
      // Of 40 ± √40 rows: four standard deviations.
      expect(Math.abs(share - rows / 1000)).toBeLessThan(4 * Math.sqrt(rows / 1000))
    }
    const far = { rows: 1, dim: 2, values: Float64Array.of(-1e3, 1e3) }
    expect(Mixture.memberships(far)(skewed)[0].isOutlier).toBe(true)
  })

  once('are of a stretch what they are of all rows, beside rows with missing cells too', () => {
    const rows = 6000
    const points = Mixture.sample(rows)(Key.fromSeed(3))(skewed)
    const gaps = { ...points, values: points.values.map((x, at) => (at % 7 === 0 && at % 5 === 2 ? NaN : x)) }
    const all = Mixture.memberships(points)(skewed)
    const stretch = Array.from({ length: 300 }, (_, i) => 5000 + i)
    const expected = stretch.map(i => all[i])
    expect(Mixture.memberships(Points.select(stretch)(points))(skewed)).toEqual(expected)
    const beside = Mixture.memberships(gaps)(skewed)
    expect(Mixture.memberships(Points.select(stretch)(gaps))(skewed)).toEqual(stretch.map(i => beside[i]))
    beside.forEach((found, i) => {
      if (!gaps.values.subarray(2 * i, 2 * i + 2).some(Number.isNaN)) expect(found).toEqual(all[i])
    })
  })

  once('keeps the digits of what is all but certain', () => {
    const apart = Mixture.of({ means: [[-10], [10]] })
    const [{ probability, uncertainty }] = Mixture.memberships({ rows: 1, dim: 1, values: Float64Array.of(-10) })(apart)
    expect(probability).toBe(1)
    // e^{−200}
    expect(uncertainty / Math.exp(-200)).toBeCloseTo(1, 12)
  })
})
