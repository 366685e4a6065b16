/** Mixtures: what is taken and what is refused, normalization, noise, sampling, densities and the codec. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { describe, expect, it } from 'vitest'
import { Key, Points, Problem } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import { partsOf } from '../../../src/mixture/component.js'
import { responsibilities } from '../../../src/mixture/em/moments.js'
import { isSlow } from '../../cases.js'

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
  it('has equal weights and unit variances unless given', () => {
    expect(Mixture.of({ means: [[1], [2], [3], [4]] })).toEqual({
      means: { shape: [4, 1], values: Float64Array.of(1, 2, 3, 4) },
      weights: Float64Array.of(0.25, 0.25, 0.25, 0.25),
      variances: Float64Array.of(1, 1, 1, 1),
      factors: null
    })
  })

  it('normalizes weights, and leaves those that sum to 1 but for rounding', () => {
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

  it('takes a weight of 0 beside another', () => {
    expect(Mixture.of({ means: [[0], [1]], weights: [0, 2] }).weights).toEqual(Float64Array.of(0, 1))
  })

  it('of the pair is ±c', () => {
    expect(Array.from(Mixture.symmetricPair([1, -2]).means.values)).toEqual([1, -2, -1, 2])
  })

  it('throws for a wrong literal, with the remedy', () => {
    expect(() => Mixture.of({ means: [[0]], variances: [0] })).toThrow(
      new RangeError('Mixture.of: variances[0]: 0 is not > 0 and finite; try 1')
    )
  })
})

describe('parse', () => {
  const means = [[0], [1]]
  const ragged = (means: string): ReadonlyArray<string> => [
    `means: ${means} is not a rectangular list of finite centres; give each component the same number of coordinates`
  ]
  const unweighable = (weights: string): ReadonlyArray<string> => [
    `weights: ${weights} is not ≥ 0 and finite, some > 0; leave them out for equal weights`
  ]
  it.each<readonly [Mixture.Description, ReadonlyArray<string>]>([
    [{ means: [[0], [1, 2]] }, ragged('[[0],[1,2]]')],
    [{ means: [[NaN]] }, ragged('[[null]]')],
    [{ means: [[0, Infinity]] }, ragged('[[0,null]]')],
    [{ means: [] }, ragged('[]')],
    [{ means: [[], []] }, ragged('[[],[]]')],
    // A list of numbers, as an untyped caller may give.
    [{ means: [1, 2] as unknown as ReadonlyArray<ReadonlyArray<number>> }, ragged('[1,2]')],
    [
      { means, weights: [1], variances: [] },
      [
        'weights: a list of 1 is not a list of 2, one for each mean; give one for each component',
        'variances: a list of 0 is not a list of 2, one for each mean; give one for each component'
      ]
    ],
    [{ means, weights: [0, 0] }, unweighable('[0,0]')],
    [{ means, weights: [-1, 2] }, unweighable('[-1,2]')],
    [{ means, weights: [Infinity, 1] }, unweighable('[null,1]')],
    [{ means, variances: [1, Infinity] }, ['variances[1]: Infinity is not > 0 and finite; try 1']]
  ])('refuses %j', (description, messages) => {
    expect(
      pipe(
        Mixture.parse(description),
        E.mapLeft(problems => problems.map(Problem.show))
      )
    ).toEqual(E.left(messages))
  })
})

it('has components, a dimension, and centres as points', () => {
  expect([Mixture.components(mixture), Mixture.dim(mixture)]).toEqual([2, 3])
  expect(Mixture.centres(mixture)).toEqual({ rows: 2, dim: 3, values: Float64Array.of(-2, 0, 1, 3, 1, 0) })
})

it('diffuses to means αc and variances α²v + σ²', () => {
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

  it('has the mean and the second moments of the mixture, and the third in its skewed direction', () => {
    // x₀ is −2 + ½z with probability ¼, else 3 + 2z: its mean is 1.75, E x₀² = 1.0625 + 9.75, E x₀³ = −2.375 + 47.25
    const first = rows.map(([x]) => x)
    close(mean(first), 1.75, 3)
    close(mean(first.map(x => x ** 2)), 10.8125, 14)
    close(mean(first.map(x => x ** 3)), 44.875, 150)
    close(mean(rows.map(([, y]) => y)), 0.75, 2)
    close(mean(rows.map(([x, , z]) => x * z)), -0.5, 6)
  })

  it('has noise of its own in each coordinate', () => {
    close(mean(rows.map(([x, y]) => (x - 1.75) * (y - 0.75))), 0.1875 * 5, 8)
    close(mean(rows.map(([, y, z]) => (y - 0.75) * (z - 0.25))), -0.1875, 5)
  })

  it('is the same for the same key, and of as many rows as asked', () => {
    expect(pipe(mixture, Mixture.sample(3)(Key.fromSeed(5)))).toEqual(pipe(mixture, Mixture.sample(3)(Key.fromSeed(5))))
    expect(pipe(mixture, Mixture.sample(3)(Key.fromSeed(5))).values).not.toEqual(
      pipe(mixture, Mixture.sample(3)(Key.fromSeed(6))).values
    )
    expect(pipe(mixture, Mixture.sample(0)(Key.fromSeed(5)))).toEqual({ rows: 0, dim: 3, values: new Float64Array(0) })
  })
})

describe('densities', () => {
  const points = { rows: 2, dim: 3, values: Float64Array.of(-1, 0.5, 0, 2, 2, -1) }
  const gaussian = (x: ReadonlyArray<number>, c: ReadonlyArray<number>, v: number): number =>
    Math.exp(-x.reduce((sum, xj, j) => sum + (xj - c[j]) ** 2, 0) / (2 * v)) / (2 * Math.PI * v) ** 1.5
  const joint = [[-1, 0.5, 0], [2, 2, -1]].map(x => [0.25 * gaussian(x, [-2, 0, 1], 0.25), 0.75 * gaussian(x, [3, 1, 0], 4)]) // prettier-ignore
  const logs = joint.map(([p, q]) => Math.log(p + q))

  it('log p, p(i | x), and the mean of log p', () => {
    Array.from(pipe(mixture, Mixture.logDensity(points))).forEach((found, i) => expect(found).toBeCloseTo(logs[i], 13))
    const { shape, values } = pipe(mixture, Mixture.responsibilities(points))
    expect(shape).toEqual([2, 2])
    joint.flatMap(([p, q]) => [p / (p + q), q / (p + q)]).forEach((w, i) => expect(values[i]).toBeCloseTo(w, 13))
    expect(pipe(mixture, Mixture.meanLogDensity(points))).toBeCloseTo((logs[0] + logs[1]) / 2, 13)
  })

  it('the mean is weighted where the points are', () => {
    const weighted = { ...points, weights: Float64Array.of(1, 5) }
    expect(pipe(mixture, Mixture.meanLogDensity(weighted))).toBeCloseTo((logs[0] + 5 * logs[1]) / 6, 13)
  })

  it('the score, where only one component is near', () => {
    const far = { rows: 1, dim: 3, values: Float64Array.of(103, 1, -40), weights: Float64Array.of(2) }
    const score = pipe(mixture, Mixture.score(far))
    expect(score).toEqual({ rows: 1, dim: 3, values: Float64Array.of(-25, 0, 10), weights: Float64Array.of(2) })
  })
})

describe('as code and as JSON', () => {
  it('is printed as the code that builds it', () => {
    expect(Mixture.show(mixture)).toBe(
      'Mixture.of({ means: [[-2,0,1],[3,1,0]], weights: [0.25,0.75], variances: [0.25,4] })'
    )
    expect(Mixture.of(Mixture.toDescription(mixture))).toEqual(mixture)
  })

  it('survives JSON', () => {
    expect(Mixture.codec.name).toBe('Mixture')
    expect(Mixture.codec.decode(JSON.parse(JSON.stringify(Mixture.codec.encode(mixture))))).toEqual(E.right(mixture))
  })

  it('is read with its defaults', () => {
    expect(Mixture.codec.decode({ means: [[0], [1]] })).toEqual(E.right(Mixture.of({ means: [[0], [1]] })))
  })

  it('says what is wrong, all of it', () => {
    expect(PathReporter.report(Mixture.codec.decode({ means: [[0]], weights: [0], variances: [-1] }))).toEqual([
      'weights: [0] is not ≥ 0 and finite, some > 0; leave them out for equal weights\n' +
        'variances[0]: -1 is not > 0 and finite; try 1'
    ])
    for (const json of [{}, { means: [0] }, { means: [[0]], weights: ['1'] }, { means: [[0]], variances: 1 }, null])
      expect(E.isLeft(Mixture.codec.decode(json))).toBe(true)
  })

  it('knows a mixture from what is none', () => {
    expect(Mixture.codec.is(mixture)).toBe(true)
    const { means, weights, variances } = mixture
    for (const other of [null, undefined, 1, 'means', { means, weights }, { means, variances }, { weights, variances }])
      expect(Mixture.codec.is(other)).toBe(false)
  })
})

it('is weighted as its sample is: the mean of a large one is near', () => {
  const mean = Points.mean(pipe(mixture, Mixture.sample(4_000)(Key.fromSeed(11))))
  ;[1.75, 0.75, 0.25].forEach((wanted, j) =>
    expect(Math.abs(mean[j] - wanted)).toBeLessThan((5 * 3) / Math.sqrt(4_000))
  )
})

describe('redundancies', () => {
  /** ∫∫ √(p q) by the trapezium rule, which for Gaussians converges faster than any power. */
  const overlap = (a: ReadonlyArray<number>, v: number, b: ReadonlyArray<number>, w: number): number => {
    const grid = Array.from({ length: 81 }, (_, i) => -8 + i / 5)
    const density = (x: number, y: number, [c, d]: ReadonlyArray<number>, u: number): number =>
      Math.exp(-((x - c) ** 2 + (y - d) ** 2) / (2 * u)) / (2 * Math.PI * u)
    return grid.reduce(
      (sum, x) => grid.reduce((sum, y) => sum + Math.sqrt(density(x, y, a, v) * density(x, y, b, w)) / 25, sum),
      0
    )
  }

  it('are the components with less than a row, and the pairs that overlap all but wholly', () => {
    const found = pipe(
      Mixture.of({
        means: [[0, 0], [4, 0], [0.3, 0.2], [4, 0.1], [9, 9], [0, 0]], // prettier-ignore
        weights: [0.3, 0.3, 0.2, 0.1, 0.1, 0.0009],
        variances: [1, 0.8, 1.2, 0.9, 1, 1]
      }),
      Mixture.redundancies(1000)
    )
    expect(found.map(each => (each._tag === 'Empty' ? each.component : each.components))).toEqual([5, [0, 2], [1, 3]])
    const [empty, near, nearer] = found
    expect(empty._tag === 'Empty' && empty.rows).toBeCloseTo(0.9 / 1.0009, 12)
    expect(near._tag === 'Merged' && near.overlap).toBeCloseTo(overlap([0, 0], 1, [0.3, 0.2], 1.2), 12)
    expect(nearer._tag === 'Merged' && nearer.overlap).toBeCloseTo(overlap([0, 0], 0.8, [0, 0.1], 0.9), 12)
  })

  it('a whole row is a component, and centres that overlap by less than 0.95 are two', () => {
    expect(Mixture.redundancies(4)(Mixture.of({ means: [[0], [9]], weights: [0.25, 0.75] }))).toEqual([])
    // exp(−δ²/8) is 0.95 at δ = √(8 log 1/0.95)
    const apart = Math.sqrt(-8 * Math.log(0.95))
    const tags = (distance: number): ReadonlyArray<string> =>
      Mixture.redundancies(100)(Mixture.of({ means: [[0], [distance]] })).map(({ _tag }) => _tag)
    expect([tags(apart * 1.001), tags(apart * 0.999)]).toEqual([[], ['Merged']])
  })
})

describe('covariances', () => {
  const correlated = Mixture.of({
    means: [[0, 0], [3, -1]], // prettier-ignore
    weights: [0.4, 0.6],
    covariances: [symmetric(2, 1.2, 1), symmetric(0.5, -0.3, 0.7)]
  })
  const points: Points.Points = { rows: 4, dim: 2, values: Float64Array.of(0.3, -0.2, 3.5, -1.5, 40, -60, 1.4, -0.4) }

  /** log p by the inverse and the determinant of a 2 × 2 matrix, written out. */
  const logDensity = (x: number, y: number): number => {
    const { means, weights } = Mixture.marginals(correlated)
    const { values } = Mixture.covariances(correlated)
    const logs = means.map(([cx, cy], k) => {
      const [a, b, , d] = values.subarray(4 * k, 4 * k + 4)
      const u = x - cx
      const v = y - cy
      const det = a * d - b * b
      return (
        Math.log(weights[k]) -
        Math.log(2 * Math.PI) -
        Math.log(det) / 2 -
        (d * u * u - 2 * b * u * v + a * v * v) / det / 2
      )
    })
    const top = Math.max(...logs)
    return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0))
  }
  const rows = pipe(
    Array.from({ length: points.rows }, (_, i) => [points.values[2 * i], points.values[2 * i + 1]] as const)
  )

  it('have the density of the formula, also far out', () => {
    const found = Mixture.logDensity(points)(correlated)
    // Squares of up to 10⁴ standard deviations, in two ways, to a few units in the last place.
    rows.forEach(([x, y], i) => {
      expect(Math.abs(found[i] / logDensity(x, y) - 1)).toBeLessThan(1e-13)
    })
  })

  it('have as score the gradient of the density, and as divergence its Laplacian', () => {
    const h = 1e-3
    const score = Mixture.score(points)(correlated)
    const divergence = Mixture.divergence(points)(correlated)
    rows.forEach(([x, y], i) => {
      const slope = (f: (s: number) => number): number => (8 * (f(h) - f(-h)) - f(2 * h) + f(-2 * h)) / (12 * h)
      const bend = (f: (s: number) => number): number =>
        (16 * (f(h) + f(-h)) - f(2 * h) - f(-2 * h) - 30 * f(0)) / (12 * h * h)
      const along = (s: number) => logDensity(x + s, y)
      const across = (s: number) => logDensity(x, y + s)
      const size = Math.abs(logDensity(x, y))
      // Differences of fourth order: h⁴ times a sixth derivative of order 1 to 10, and rounding of the density over h, h².
      expect(Math.abs(score.values[2 * i] - slope(along))).toBeLessThan(1e-10 + (size * 1e-15) / h)
      expect(Math.abs(score.values[2 * i + 1] - slope(across))).toBeLessThan(1e-10 + (size * 1e-15) / h)
      expect(Math.abs(divergence[i] - bend(along) - bend(across))).toBeLessThan(1e-8 + (size * 1e-14) / h / h)
    })
  })

  it('are α²Σ + σ²I with noise, and D Σ D in other units', () => {
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

  it('are those of its samples', () => {
    const n = 40_000
    const one = Mixture.of({
      means: [[1, 2]],
      covariances: [symmetric(2, 1.2, 1)]
    })
    const found = Points.covariance(Mixture.sample(n)(Key.fromSeed(5))(one))
    // Var of a sample covariance: (Σ_ii Σ_jj + Σ_ij²)/n; five standard errors.
    ;[2, 1.2, 1.2, 1].forEach((c, at) => {
      const i = [2, 1][Math.floor(at / 2)]
      const j = [2, 1][at % 2]
      expect(Math.abs(found[at] - c)).toBeLessThan(5 * Math.sqrt((i * j + c * c) / n))
    })
  })

  it('one diagonal or round is the same whichever way it is said', () => {
    const means = [[0, 1], [2, -1]] // prettier-ignore
    const ways = [
      Mixture.of({ means, variances: [2, 0.5] }),
      Mixture.of({
        means,
        variances: [[2, 2], [0.5, 0.5]] // prettier-ignore
      }),
      Mixture.of({
        means,
        covariances: [symmetric(2, 0, 2), symmetric(0.5, 0, 0.5)]
      })
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

  it('two of the same overlap wholly, and less the further they are apart or the more they turn', () => {
    const turned = (b: number, shift = 0): ReadonlyArray<Mixture.Redundancy> =>
      Mixture.redundancies(1000)(
        Mixture.of({
          means: [
            [0, 0],
            [shift, 0]
          ],
          covariances: [symmetric(1, 0.9, 1), symmetric(1, b, 1)]
        })
      )
    expect(turned(0.9)).toEqual([{ _tag: 'Merged', components: [0, 1], overlap: expect.closeTo(1, 12) as number }])
    // ∫√(pq) of equal means: (|Σ₁||Σ₂|)^¼/|½(Σ₁ + Σ₂)|^½ = √0.19 for the opposite correlation.
    expect(turned(-0.9)).toEqual([])
    expect(turned(0.9, 1)).toEqual([])
  })

  it('are written as code and JSON, and read back', () => {
    const read = Mixture.codec.decode(JSON.parse(JSON.stringify(Mixture.codec.encode(correlated))))
    expect(E.isRight(read) && Mixture.show(read.right)).toBe(Mixture.show(correlated))
    expect(E.isRight(read) && read.right).toEqual(correlated)
  })

  it.each<readonly [string, ReadonlyArray<ReadonlyArray<number>>, string]>([
    ['of another size', [[1]], 'a 2 × 2 matrix of finite numbers'],
    [
      'not symmetric',
      [
        [1, 0.5],
        [0.4, 1]
      ],
      'symmetric'
    ],
    ['not positive definite', symmetric(1, 2, 1), 'positive definite']
  ])('that are %s are refused', (_, covariance, domain) => {
    const problems = Mixture.parse({ means: [[0, 0]], covariances: [covariance] })
    expect(E.isLeft(problems) && problems.left.map(problem => problem.domain)).toEqual([domain])
  })

  it('beside variances are refused', () => {
    const problems = Mixture.parse({ means: [[0]], variances: [1], covariances: [[[1]]] })
    expect(E.isLeft(problems) && problems.left.map(Problem.show)).toEqual([
      'variances, covariances, factors: more than one of them is not one; say once how wide the components are'
    ])
  })

  it('stop at the floor by their least direction', () => {
    const thin = Mixture.of({
      means: [[0, 0]],
      covariances: [symmetric(1, 0.9999, 1)]
    })
    expect(Mixture.atMinimumVariance(1e-4)(thin)).toEqual([0])
    expect(Mixture.atMinimumVariance(0.9e-4)(thin)).toEqual([])
  })

  it('stop at the floor whatever the rounding of that direction, which goes with the widest', () => {
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

  it('measures distances by the inverse of the covariance', () => {
    const points = { rows: 2, dim: 2, values: Float64Array.of(1, -1, 7, 8) }
    // By hand: Σ⁻¹ = [2, −1.5; −1.5, 2]/1.75 and diag(1, ¼).
    const byHand = [(2 + 2 * 1.5 + 2) / 1.75, 25 + 49 / 4, (2 * 49 - 3 * 56 + 2 * 64) / 1.75, 1 + 1]
    responsibilities(partsOf(skewed), points).squared.forEach((x, at) => {
      expect(x).toBeCloseTo(byHand[at], 12)
    })
  })

  it('is sure of nothing about a row whose squared distance overflows', () => {
    const [far] = Mixture.memberships({ rows: 1, dim: 2, values: Float64Array.of(1e160, 0) })(skewed)
    expect([far.probability, far.uncertainty, far.isOutlier]).toEqual([0, 1, true])
  })

  it('takes points of its own columns alone', () => {
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

  it('are of a stretch what they are of all rows, beside rows with missing cells too', () => {
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

  it('keeps the digits of what is all but certain', () => {
    const apart = Mixture.of({ means: [[-10], [10]] })
    const [{ probability, uncertainty }] = Mixture.memberships({ rows: 1, dim: 1, values: Float64Array.of(-10) })(apart)
    expect(probability).toBe(1)
    // e^{−200}
    expect(uncertainty / Math.exp(-200)).toBeCloseTo(1, 12)
  })
})
