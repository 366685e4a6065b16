/** What is asked of pairs of components, against closed forms of diagonals: in a few columns, in many, and turned into full triangles. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../src/index.js'
import * as Pairs from '../../../src/mixture/pairs.js'
import { diagnoseMinVariance, noneAtMinVariance } from '../../../src/fit/minVariance.js'
import { countParameters } from '../../../src/fit/evaluation.js'
import * as Covariance from '../../../src/mixture/families/covariance.js'
import * as Mixture from '../../../src/mixture/mixture.js'
import * as Score from '../../../src/score/score.js'
import { SEED } from '../../cases.js'

const uniform = (seed: number, count: number): Float64Array => Key.uniform(count)(Key.child(seed)(Key.fromSeed(SEED)))

interface Diagonal {
  readonly mean: Float64Array
  readonly deviations: Float64Array
}
const drawn = (seed: number, d: number, spread = 1): Diagonal => ({
  mean: uniform(seed, d).map(u => u / Math.sqrt(d)),
  deviations: uniform(seed + 1, d).map(u => Math.exp(spread * (u - 0.5)))
})
const gaussian = ({ mean, deviations }: Diagonal): Pairs.GaussianComponent => ({
  mean,
  factor: { shape: [mean.length], values: deviations }
})
/** A x of a Gaussian, A a lower triangle with a diagonal of ones: entropies do not change. */
const mapped = (a: Float64Array, { mean, deviations }: Diagonal): Pairs.GaussianComponent => {
  const d = mean.length
  return {
    mean: mean.map((_, i) => mean.reduce((sum, m, j) => sum + (j <= i ? a[i * d + j] * m : 0), 0)),
    factor: { shape: [d, d], values: a.map((x, at) => x * deviations[at % d]) }
  }
}
const unitTriangle = (seed: number, d: number): Float64Array =>
  uniform(seed, d * d).map((u, at) => {
    const i = Math.floor(at / d)
    const j = at % d
    return i === j ? 1 : j < i ? (u - 0.5) / d : 0
  })

/** Sums over columns, each of terms that are none negative. */
const closed = (p: Diagonal, q: Diagonal) => {
  const sum = (term: (v: number, w: number, apart: number) => number): number =>
    p.mean.reduce((s, m, j) => s + term(p.deviations[j] ** 2, q.deviations[j] ** 2, m - q.mean[j]), 0)
  return {
    relativeEntropy: sum((v, w, apart) => (v / w - 1 - Math.log(v / w) + apart ** 2 / w) / 2),
    bhattacharyya: sum((v, w, apart) => apart ** 2 / (4 * (v + w)) + Math.log((v + w) / (2 * Math.sqrt(v * w))) / 2),
    transport: sum((v, w, apart) => apart ** 2 + (Math.sqrt(v) - Math.sqrt(w)) ** 2)
  }
}

describe('a pair of components', () => {
  // Sums of d terms with a few roundings each; a triangle has d roundings in each entry of its solutions.
  it.each([1, 2, 5, 16, 17, 40, 60])('in %d columns is that of columns one by one, and of full triangles', d => {
    for (const [seed, spread] of [
      [10, 1],
      [20, 4],
      [30, 1e-3]
    ] as const) {
      // prettier-ignore
      const p = drawn(seed, d, spread)
      const q = drawn(seed + 2, d, spread)
      const wanted = closed(p, q)
      const one = gaussian(p)
      const other = gaussian(q)
      const a = unitTriangle(seed + 5, d)
      const full = mapped(a, p)
      const turned = mapped(a, q)
      // The closed form of nearly equal ones has cancelled: 1 − v/w + log(v/w).
      const rounding = 2 ** -50 * d
      const near = (found: number, wanted: number, times = 1): void => {
        expect(Math.abs(found - wanted), `${d} columns, seed ${seed} of ${SEED}`).toBeLessThan(times * rounding * (1 + Math.abs(wanted))) // prettier-ignore
      }
      near(Pairs.relativeEntropy(one, other), wanted.relativeEntropy)
      near(Pairs.bhattacharyya(one, other), wanted.bhattacharyya)
      near(Pairs.squaredWasserstein(one, other), wanted.transport)
      near(Pairs.relativeEntropy(full, turned), wanted.relativeEntropy, 16 * d)
      near(Pairs.bhattacharyya(full, turned), wanted.bhattacharyya, 16 * d)
      expect(Pairs.leastBhattacharyya(one, other)).toBeLessThanOrEqual(wanted.bhattacharyya * (1 + rounding))
      expect(Pairs.leastBhattacharyya(full, turned)).toBeLessThanOrEqual(wanted.bhattacharyya * (1 + 16 * d * rounding)) // prettier-ignore
      const [asOne, asFull] = [[one, other] as const, [full, turned] as const].map(
        ([p, q]) => Pairs.misclassified({ ...p, weight: 0.4 }, { ...q, weight: 0.6 }) ?? NaN
      )
      // An inversion integral to 1e-12 of itself.
      expect(Math.abs(asOne - asFull)).toBeLessThan(1e-10 * (1e-3 + asOne))
    }
  })

  it('without correlations costs what its columns do: of 50 000 a matrix would not fit', () => {
    const p = drawn(1, 50_000, 0.01)
    const q = drawn(3, 50_000, 0.01)
    const wanted = closed(p, q)
    expect(Pairs.relativeEntropy(gaussian(p), gaussian(q)) / wanted.relativeEntropy).toBeCloseTo(1, 9)
    expect(Pairs.bhattacharyya(gaussian(p), gaussian(q)) / wanted.bhattacharyya).toBeCloseTo(1, 9)
    expect(Pairs.squaredWasserstein(gaussian(p), gaussian(q)) / wanted.transport).toBeCloseTo(1, 9)
    const mixture = Mixture.of({ means: [[...p.mean], [...q.mean]], variances: [[...p.deviations], [...q.deviations]] }) // prettier-ignore
    expect(diagnoseMinVariance(mixture, { minVariance: 1e-3, rows: 100 })).toEqual(noneAtMinVariance)
  })
})

describe('at the minimum variance', () => {
  const floor = 1e-4
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('components without correlations are told as their full matrices are: %d', seed => {
    const count = 2 + (seed % 3)
    const d = 1 + (seed % 5)
    const at = uniform(seed, count * d)
    const variances = Array.from({ length: count }, (_, k) => Array.from({ length: d }, (_, j) => (at[k * d + j] < 0.4 ? floor : at[k * d + j]))) // prettier-ignore
    const apart = uniform(seed + 100, count * d).map(u => (seed % 2 === 0 ? u : 1e-3 * u))
    const means = variances.map((row, k) => row.map((_, j) => apart[k * d + j]))
    const weights = Array.from(uniform(seed + 200, count), u => 0.2 + u).map((u, _, all) => u / all.reduce((a, b) => a + b)) // prettier-ignore
    const covariances = variances.map(row => row.map((v, i) => row.map((_, j) => (i === j ? v : 0))))
    const settings = { minVariance: floor, rows: 100 }
    const found = diagnoseMinVariance(Mixture.of({ means, weights, variances }), settings)
    const ofMatrices = diagnoseMinVariance(Mixture.of({ means, weights, covariances }), settings)
    expect(found, `seed ${SEED}`).toEqual(ofMatrices)
    expect(found.atMinVariance).toEqual(variances.flatMap((row, k) => (row.includes(floor) ? [k] : [])))
  })

  it('is a direction that no column shows, of a common covariance too', () => {
    // v along (1, 1)/√2 and w along (1, −1)/√2
    const along = (v: number, w: number): ReadonlyArray<ReadonlyArray<number>> => [[(v + w) / 2, (v - w) / 2], [(v - w) / 2, (v + w) / 2]] // prettier-ignore
    const of = (...covariances: ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>): ReadonlyArray<number> =>
      Mixture.atMinimumVariance(floor)(Mixture.of({ means: covariances.map((_, k) => [k, 0]), covariances }))
    expect(of(along(1, floor), along(1, 2 * floor), along(1, floor))).toEqual([0, 2])
    expect(of(along(1, floor), along(1, floor), along(1, floor))).toEqual([0, 1, 2])
    expect(of(along(1, 1.001 * floor), along(1, 1.001 * floor))).toEqual([])
  })
})

describe('parameters', () => {
  const scaling = { centre: [0, 0, 0], scale: [1, 10, 0.1] }
  const unit = { centre: [5, 0, 0], scale: [2, 2, 2] }
  const count = 2
  const d = 3
  const mixture = (scale: ReadonlyArray<number>, covariances: ReadonlyArray<ReadonlyArray<number>>) =>
    Mixture.of({
      means: covariances.map((_, k) => scale.map(s => k * s)),
      covariances: covariances.map(row => row.map((v, i) => row.map((_, j) => (i === j ? v * scale[i] ** 2 : 0))))
    })
  const round = [[1, 1, 1], [2, 2, 2]] // prettier-ignore
  const long = [[1, 2, 3], [2, 1, 4]] // prettier-ignore
  const vev = Covariance.named('VEV')
  it.each([
    ['round, of columns in other units', Score.isotropic({ components: count }), scaling, round, d - 1],
    ['round, of columns in one unit', Score.isotropic({ components: count }), unit, round, 0],
    ['round, as the data are', Score.isotropic({ components: count }), null, round, 0],
    ['along columns', Score.diagonal({ components: count }), scaling, long, 0],
    ['full', Score.full({ components: count }), scaling, long, 0],
    ['of one shape on axes of their own', Score.mixture({ components: 1, covariance: vev }), scaling, [long[0]], 0]
  ] as const)('count the scales of columns that a family would not have: %s', (_, score, units, rows, more) => {
    const found = mixture(units?.scale ?? [1, 1, 1], rows)
    const scaled = units === null ? null : { centre: Float64Array.from(units.centre), scale: Float64Array.from(units.scale) } // prettier-ignore
    expect(countParameters(score, found, scaled)).toBe(Score.degreesOfFreedom(d)(score) + more)
  })
})
