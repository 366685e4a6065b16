/** Divergences, entropies and overlaps: against numpy, scipy's quadrature and linear programs, and as identities. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Divergence, Key } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import { list, matrixOf, mixtures, real, reference, regular, sizes, type Rows, type Stored } from './algebra.js'

interface Case {
  readonly mixture: Stored
  readonly kl: number
  readonly bhattacharyya: number
  readonly hellingerSquared: number
  readonly w2Squared: number
  readonly entropy: Readonly<Record<'jensen' | 'bhattacharyya' | 'kl' | 'monteCarlo' | 'standardError', number>>
  readonly misclassified0as1: number
}
const { cases } = reference as { readonly cases: ReadonlyArray<Case> }

const near = (found: number, wanted: number, tolerance: number): void => {
  expect(Math.abs(found - wanted), `${found} for ${wanted}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted)))
}

/** Thirteen digits are stored of all that numbers are made of. */
const STORED = 1e-11

describe.each(cases)('case %#: the first two components', ({ mixture: { weights, means, factors }, ...wanted }) => {
  const [p, q] = [0, 1].map(k => Mixture.of({ means: [means[k]], factors: [factors[k]] }))
  const all = Mixture.of({ weights, means, factors })

  it('are so far apart', () => {
    expect(Divergence.kl(q)(p).standardError).toBe(0)
    near(Divergence.kl(q)(p).value, wanted.kl, STORED)
    near(Mixture.distance(p, 0)(q, 0), wanted.bhattacharyya, STORED)
    near(Divergence.hellinger(q)(p).value ** 2, wanted.hellingerSquared, STORED)
    const { value, lower } = Divergence.bures(q)(p)
    near(value ** 2, wanted.w2Squared, STORED)
    near(lower, value, 1e-14)
  })

  it('overlap, and the entropy of all has these bounds', () => {
    // The stored one is of an integral that was cut off.
    near(Mixture.overlap(all).values[1] / wanted.misclassified0as1, 1, 1e-6)
    const { lower, upper } = Mixture.entropyBounds(all)
    const { jensen, bhattacharyya, kl, monteCarlo, standardError } = wanted.entropy
    near(lower, Math.max(jensen, bhattacharyya), STORED)
    near(upper, kl, STORED)
    expect(lower).toBeLessThan(monteCarlo + 4 * standardError)
    expect(upper).toBeGreaterThan(monteCarlo - 4 * standardError)
  })
})

const p = Mixture.of({ weights: [0.2, 0.5, 0.3], means: [[-3], [0], [4]], variances: [0.25, 1, 9] })
const q = Mixture.of({ weights: [0.6, 0.4], means: [[-1], [3]], variances: [4, 2] })

describe('of one column', () => {
  // scipy.integrate.quad, scipy.optimize.linprog
  it('kl and hellinger are those of quadrature, within their errors', () => {
    for (const seed of [1, 2]) {
      const options = { key: Key.fromSeed(seed) }
      const all = [
        [Divergence.kl(q, options)(p), 0.44957919934399765],
        [Divergence.kl(p, options)(q), 0.313019855982901],
        [Divergence.hellinger(q, options)(p), 0.2776777149923868]
      ] as const
      for (const [{ value, standardError }, wanted] of all) {
        expect(Math.abs(value - wanted)).toBeLessThan(4 * standardError)
        expect(standardError).toBeLessThan(0.01 * wanted)
      }
    }
  })

  it('says its error truly: of forty seeds the deviations are as wide as it says', () => {
    const found = Array.from({ length: 40 }, (_, i) => Divergence.kl(q, { rows: 1600, key: Key.fromSeed(i) })(p))
    const squares = found.map(({ value, standardError }) => ((value - 0.44957919934399765) / standardError) ** 2)
    // χ² of 40 degrees over 40, beyond [0.48, 1.75] with probability 0.002, times 15/13 of Student's t of 15 degrees
    const mean = squares.reduce((a, b) => a + b) / 40
    expect(mean).toBeGreaterThan(0.48)
    expect(mean).toBeLessThan(2.1)
  })

  it('mmd and bures', () => {
    near(Divergence.mmd(q, { bandwidth: 1.5 })(p).value, 0.20053892012392233, 1e-12)
    const { value, lower } = Divergence.bures(q)(p)
    near(value, 2.005385966654252, 1e-12)
    // W₂ by quantiles lies between.
    expect(lower).toBeLessThan(1.0318940950900752)
    expect(value).toBeGreaterThan(1.0318940950900752)
  })

  it('the overlap of each pair is the share between the roots', () => {
    const { values, shape } = Mixture.overlap(p)
    expect(shape).toEqual([3, 3])
    const pairs = [[0, 1], [1, 0], [0, 2], [2, 0], [1, 2], [2, 1]] // prettier-ignore
    for (const [k, l] of pairs) {
      const m = p.means.values[k]
      const n = p.means.values[l]
      const v = p.variances[k]
      const u = p.variances[l]
      // log π_k N_k − log π_l N_l = a x² + b x + c
      const a = (1 / u - 1 / v) / 2
      const b = m / v - n / u
      const c = Math.log(p.weights[k] / p.weights[l]) + Math.log(u / v) / 2 + ((n * n) / u - (m * m) / v) / 2
      const root = Math.sqrt(b * b - 4 * a * c)
      const one = Mixture.of({ means: [[m]], variances: [v] })
      const [low, high] = [(-b - root) / (2 * a), (-b + root) / (2 * a)]
        .sort((x, y) => x - y)
        .map(x => Mixture.cdf(x)(one))
      const inside = high - low
      near(values[3 * k + l], a > 0 ? inside : 1 - inside, 1e-12)
    }
  })
})

const pairs = sizes.chain(([d, K]) => fc.tuple(mixtures(d, K), mixtures(d, 2), matrixOf(d, d), list(real, d)))
const fewRuns = { numRuns: 5, endOnFailure: true }

describe('identities', () => {
  it('kl and hellinger do not depend on units, shears and origins; none is negative; of the same mixture all are 0', () => {
    fc.assert(
      fc.property(pairs, ([p, q, rows, offset]) => {
        const matrix = regular(rows)
        const map = Mixture.affine({ matrix, offset })
        // Rows are drawn of each mixture: the same where triangles are, as those of a first component that is mapped by a triangle.
        const lower = matrix.map((row, i) => row.map((a, j) => (j <= i ? a : 0)))
        const triangular = Mixture.affine({ matrix: lower, offset })
        const options = { rows: 64 }
        for (const divergence of [Divergence.kl, Divergence.hellinger]) {
          const { value, standardError } = divergence(q, options)(p)
          expect(value).toBeGreaterThanOrEqual(-1e-15)
          near(divergence(triangular(q), options)(triangular(p)).value, value, 1e-9)
          const other = divergence(map(q), options)(map(p))
          expect(Math.abs(other.value - value)).toBeLessThanOrEqual(1e-9 + 6 * (standardError + other.standardError))
          near(divergence(p, options)(p).value, 0, 1e-12)
        }
        const single = [p, q].map(m => Mixture.of({ means: [Array.from(Mixture.moments(m).mean)], factors: [squareOf(Mixture.moments(m).factor.values, Mixture.dimension(m))] })) // prettier-ignore
        for (const divergence of [Divergence.kl, Divergence.hellinger]) near(divergence(map(single[1]))(map(single[0])).value, divergence(single[1])(single[0]).value, 1e-8) // prettier-ignore
      }),
      fewRuns
    )
  })

  it('bures and mmd are distances: symmetric, 0 of the same, in a triangle, moved by no rotation', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: -3, max: 3, noNaN: true }), ([p, q, [row]], angle) => {
        const d = Mixture.dimension(p)
        const r = Mixture.of({ means: [row] })
        const cos = Math.cos(angle)
        const sin = Math.sin(angle)
        const matrix = Array.from({ length: d }, (_, i) =>
          Array.from({ length: d }, (_, j) =>
            d > 1 && i < 2 && j < 2 ? (i === j ? cos : i === 0 ? -sin : sin) : i === j ? 1 : 0
          )
        )
        const turn = Mixture.affine({ matrix })
        const distances = [
          (p: Mixture.Mixture, q: Mixture.Mixture) => Divergence.bures(q)(p).value,
          (p: Mixture.Mixture, q: Mixture.Mixture) => Divergence.mmd(q, { bandwidth: 1 })(p).value
        ]
        for (const distance of distances) {
          near(distance(q, p), distance(p, q), 1e-7)
          // the root of a rounding
          near(distance(p, p), 0, 3e-8)
          expect(distance(p, q)).toBeLessThanOrEqual(distance(p, r) + distance(r, q) + 1e-7)
          near(distance(turn(p), turn(q)), distance(p, q), 1e-7)
        }
        const { value, lower } = Divergence.bures(q)(p)
        expect(lower).toBeLessThanOrEqual(value + 1e-7)
      }),
      fewRuns
    )
  })

  it('keep their digits where Gaussians agree to 1e-8', () => {
    const narrow = [[1, 0], [1, 1e-4]] // prettier-ignore
    const [a, b] = [0, 1e-8].map(e =>
      Mixture.of({ means: [[e, e]], factors: [narrow.map((row, i) => row.map((x, j) => (i === j ? x * (1 + e) : x)))] })
    )
    // E has the diagonal 1e-8, and below it (1 − (1 + e))/… of the first column: −1e4 e; Δ = (e, e) gives e(1, 0).
    near(Divergence.kl(a)(b).value / 1e-16, 0.5 + 2 * 1 + 0.5 * 1e8, 1e-6)
    expect(Divergence.bures(a)(b).value).toBeGreaterThan(1e-8)
    expect(Divergence.bures(a)(b).value).toBeLessThan(1e-7)
  })

  it('overlaps are those of rows drawn, and of affine images', () => {
    fc.assert(
      fc.property(mixtures(3, 2), matrixOf(3, 3), (mixture, rows) => {
        const matrix = regular(rows)
        // Of components that are one a rounding says which a row is taken for.
        fc.pre(Mixture.distance(mixture, 0)(mixture, 1) > 1e-3)
        const { values } = Mixture.overlap(mixture)
        const image = Mixture.overlap(Mixture.affine({ matrix })(mixture)).values
        ;[1, 2].forEach(at => {
          near(image[at], values[at], 1e-8)
          const k = at - 1
          const own = Mixture.sample(1000)(Key.fromSeed(k))(
            Mixture.of({
              means: [Array.from(mixture.means.values.subarray(3 * k, 3 * k + 3))],
              covariances: [squareOf(Mixture.covariances(mixture).values.subarray(9 * k, 9 * k + 9), 3)]
            })
          )
          const lost = Mixture.assign(own)(mixture).filter(found => found !== k).length / 1000
          expect(Math.abs(lost - values[at])).toBeLessThan(
            5 * Math.sqrt((values[at] * (1 - values[at])) / 1000) + 0.005
          )
        })
      }),
      fewRuns
    )
  })
})

it('refuses what does not go together', () => {
  const two = Mixture.of({ means: [[0, 0]] })
  expect(() => Divergence.kl(two)(p)).toThrow('Divergence.kl: mixture: of 2 columns is not of 1')
  expect(() => Divergence.mmd(q, { bandwidth: 0 })(p)).toThrow('Divergence.mmd: bandwidth: 0 is not > 0')
})

function squareOf(values: Float64Array, d: number): Rows {
  return Array.from({ length: d }, (_, i) => Array.from(values.subarray(i * d, (i + 1) * d)))
}
