/** Factors of covariances: found again where there are some, and the nearest where there are none. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../../lib/index.js'
import { nearestAnalyses, type Analysis, type AnalyserKind } from '../../../../src/mixture/families/factorAnalysis.js'

type Numbers = ArrayLike<number>

/** FFᵀ + diag ψ of F [d, q]. */
const covarianceOf = (factors: Numbers, noise: Numbers): Float64Array => {
  const d = noise.length
  const q = factors.length / d
  return new Float64Array(d * d).map((_, at) => {
    const i = Math.floor(at / d)
    const j = at % d
    return Array.from({ length: q }, (_, a) => factors[i * q + a] * factors[j * q + a]).reduce(
      (sum, x) => sum + x,
      i === j ? noise[i] : 0
    )
  })
}

const own: AnalyserKind = { loadings: 'own', noise: 'own', isotropic: false }

const foundOf = (covariance: Float64Array, rank: number): Analysis =>
  nearestAnalyses(own, [{ mass: 1, s: covariance }], rank, 0)[0]

/** The largest entry of ψ^{−½}(Σ̂ − Σ)ψ^{−½}, ψ the noise that is found, beside what rounding of the largest eigenvalue may make it. */
const error = (
  covariance: Float64Array,
  { loads, noise }: Analysis
): { readonly found: number; readonly most: number } => {
  const d = noise.length
  const again = covarianceOf(loads, noise)
  const over = (of: (at: number) => number): number =>
    Math.max(
      ...Array.from(covariance, (_, at) => Math.abs(of(at)) / Math.sqrt(noise[Math.floor(at / d)] * noise[at % d]))
    )
  // Eigenvalues are known to some d 2⁻⁵² of the largest, which is at most d of the largest entry; as is what is taken for 1, √(2d) of that.
  return {
    found: over(at => again[at] - covariance[at]),
    most: (16 + Math.sqrt(2 * d)) * d * d * Number.EPSILON * over(at => covariance[at])
  }
}
const isAgain = (covariance: Float64Array, analysis: Analysis, known = 1): void => {
  const { found, most } = error(covariance, analysis)
  expect(found).toBeLessThan(most / known)
}

describe('factors of a covariance that has some', () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [4, 2],
    [5, 2],
    [8, 3],
    [8, 5],
    [3, 4]
  ])('are found again, of %i columns and rank %i: noise of all sizes', (d, rank) => {
    const missed = Array.from({ length: 40 }, (_, seed) => {
      const factors = Key.normal(d * rank)(Key.fromSeed(seed))
      // Of as many factors as d columns tell at most, one in a hundred is not found beside noise of all sizes.
      const width = 2 * rank > d ? 1 : 2
      const noise = Key.normal(d)(Key.fromSeed(100 + seed)).map(z => Math.exp(width * z))
      const covariance = covarianceOf(factors, noise)
      const { found, most } = error(covariance, foundOf(covariance, rank))
      return !(found < most)
    }).filter(isMissed => isMissed)
    // More than three of forty with a chance of one in a hundred each: 6e-4.
    expect(missed.length).toBeLessThanOrEqual(2 * rank < d - 1 ? 0 : 3)
  })

  it.each([1, 1e-2, 1e-3, 1e-5, 1e-8, 0])('are found again where one of three columns has hardly any: %f', small => {
    // What is known of ψ_1 and ψ_3 apart comes from entries of this size.
    for (const factors of [
      [0.9, small, 1.7],
      [-1.3, 0.4 * small, 0.2],
      [small, small, 1]
    ]) {
      const noise = [0.4, 0.43, 0.375]
      const covariance = covarianceOf(factors, noise)
      // An entry that is less than its rounding over it is found as well as it is small.
      isAgain(covariance, foundOf(covariance, 1), small === 0 ? 1 : Math.max(small, Number.EPSILON / small))
    }
  })

  it('are found again where noise is next to none', () => {
    const factors = [1, 0.5, -0.7, 0.8]
    const noise = [1e-6, 0.3, 2e-6, 1]
    const covariance = covarianceOf(factors, noise)
    isAgain(covariance, foundOf(covariance, 1))
  })
})

describe('factors of a covariance that has none', () => {
  const d = 4
  /** 2 KL, but for what does not depend on Σ̂: tr Σ̂⁻¹Σ + log|Σ̂|, by elimination. */
  const apart = (covariance: Float64Array, { loads, noise }: Analysis): number => {
    const own = covarianceOf(loads, noise)
    const rows = Array.from({ length: d }, (_, i) => [
      ...own.slice(i * d, (i + 1) * d),
      ...covariance.slice(i * d, (i + 1) * d)
    ])
    let logDet = 0
    rows.forEach((row, p) => {
      logDet += Math.log(row[p])
      rows[p] = row.map(x => x / row[p])
      rows.forEach((other, i) => {
        if (i !== p) rows[i] = other.map((x, j) => x - other[p] * rows[p][j])
      })
    })
    return logDet + rows.reduce((sum, row, i) => sum + row[d + i], 0)
  }

  it('are of the least relative entropy to it, or at the least noise', () => {
    let inside = 0
    for (let seed = 0; seed < 20; seed++) {
      // A scatter of 30 rows with one factor in common.
      const [z, f] = [30 * d, 30].map((n, which) => Key.normal(n)(Key.child(which)(Key.fromSeed(seed))))
      const common = [1.5, -0.8, 0.9, 0.7]
      const covariance = covarianceOf(
        Float64Array.from({ length: d * 30 }, (_, at) => {
          const j = Math.floor(at / 30)
          const row = at % 30
          return (common[j] * f[row] + z[row * d + j]) / Math.sqrt(30)
        }),
        new Float64Array(d)
      )
      const found = foundOf(covariance, 1)
      const best = apart(covariance, found)
      const again = covarianceOf(found.loads, found.noise)
      for (let i = 0; i < d * d; i += d + 1) expect(Math.abs(again[i] / covariance[i] - 1)).toBeLessThan(1e-13)
      // 1/(Σ⁻¹)_jj ≥ ψ_j for all of the family; a noise at its hundredth is held there.
      const isHeld = found.noise.some((v, i) => v < 0.0101 * unshared(covariance, i))
      if (!isHeld) inside++
      for (let trial = 0; trial < 30; trial++) {
        const step = 10 ** -(trial % 3)
        const [f, n] = [d, d].map((n, which) => Key.normal(n)(Key.child(trial * 2 + which)(Key.fromSeed(seed))))
        const other = {
          loads: found.loads.map((v, i) => v + step * f[i]),
          noise: found.noise.map((v, i) => v * Math.exp(step * n[i]))
        }
        if (!isHeld) expect(apart(covariance, other)).toBeGreaterThan(best - 1e-12)
      }
      found.noise.forEach((v, i) => expect(v).toBeGreaterThan(0.005 * unshared(covariance, i)))
    }
    expect(inside).toBeGreaterThan(10)
  })

  /** Variance of column i given the others, by elimination of these. */
  function unshared(covariance: Float64Array, column: number): number {
    const rows = Array.from({ length: d }, (_, i) => Array.from(covariance.slice(i * d, (i + 1) * d)))
    for (let p = 0; p < d; p++)
      if (p !== column)
        for (let i = 0; i < d; i++)
          if (i !== p) {
            const by = rows[i][p] / rows[p][p]
            rows[i] = rows[i].map((x, j) => x - by * rows[p][j])
          }
    return rows[column][column]
  }
})
