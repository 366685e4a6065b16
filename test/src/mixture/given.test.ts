/** The posterior of a mixture given a linear observation, against Bayes' rule by plain numbers and against closed forms at condition 1e16. */
import { describe, expect, it } from 'vitest'
import { Mixture } from '../../../src/index.js'

const close = (found: ArrayLike<number>, wanted: ReadonlyArray<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  wanted.forEach((x, i) => {
    expect(Math.abs(found[i] - x), `${found[i]} for ${x}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(x)))
  })
}
const normal = (x: number, variance: number): number => Math.exp((-x * x) / (2 * variance)) / Math.sqrt(variance)

describe('Mixture.given', () => {
  it('of one coordinate of round components, by conjugacy', () => {
    const [means, weights, variances, y, r] = [[[-2, 0], [2, 0], [0, 3]], [0.25, 0.5, 0.25], [0.1, 0.2, 0.3], 0.6, 0.4] as const // prettier-ignore
    const found = Mixture.given({ matrix: [[1, 0]], observed: [y], deviation: r })(
      Mixture.of({ means: means.map(row => [...row]), weights: [...weights], variances: [...variances] })
    )
    const likelihoods = weights.map((p, k) => p * normal(y - means[k][0], variances[k] + r * r))
    const total = likelihoods.reduce((a, b) => a + b)
    close(
      found.weights,
      likelihoods.map(l => l / total),
      1e-14
    )
    close(
      found.means.values,
      means.flatMap(([a, b], k) => [(a * r * r + y * variances[k]) / (variances[k] + r * r), b]),
      1e-14
    )
    close(
      found.variances,
      variances.flatMap(v => [(v * r * r) / (v + r * r), v]),
      1e-14
    )
  })

  it('of sums of correlated columns, with an offset and noise of two sizes, by the gain', () => {
    const covariance = [
      [2, 0.5],
      [0.5, 1]
    ]
    const centre = [1, -1] // prettier-ignore
    const matrix = [[1, 1], [2, -1]] // prettier-ignore
    const observed = [0.7, 2]
    const deviation = [0.3, 0.5]
    const offset = [0.1, -0.2]
    const found = Mixture.given({ matrix, observed, deviation, offset })(
      Mixture.of({ means: [centre], covariances: [covariance] })
    )
    // K = ΣAᵀ(AΣAᵀ + Γ)⁻¹, c + K(y − Ac − b), Σ − KAΣ.
    const sa = covariance.map(row => matrix.map(a => row[0] * a[0] + row[1] * a[1]))
    const s = matrix.map((a, i) =>
      matrix.map((_, j) => a[0] * sa[0][j] + a[1] * sa[1][j] + (i === j ? deviation[i] ** 2 : 0))
    )
    const det = s[0][0] * s[1][1] - s[0][1] * s[1][0]
    const inverse = [
      [s[1][1] / det, -s[0][1] / det],
      [-s[1][0] / det, s[0][0] / det]
    ]
    const gain = sa.map(row => [0, 1].map(j => row[0] * inverse[0][j] + row[1] * inverse[1][j]))
    const residual = observed.map((y, i) => y - matrix[i][0] * centre[0] - matrix[i][1] * centre[1] - offset[i])
    close(
      found.means.values,
      centre.map((c, j) => c + gain[j][0] * residual[0] + gain[j][1] * residual[1]),
      1e-14
    )
    close(
      Mixture.covariances(found).values,
      covariance.flatMap((row, i) => row.map((v, j) => v - gain[i][0] * sa[j][0] - gain[i][1] * sa[j][1])),
      1e-14
    )
  })

  // x_1 ~ N(0, 1), x_2 = x_1 + εz: of condition 4/ε² = 4e16.
  const thin = 1e-8
  const narrow = Mixture.of({ means: [[0, 0]], factors: [[[1, 0], [1, thin]]] }) // prettier-ignore
  const r = 1e-7

  it('at condition 1e16 keeps the thin direction where the wide one is seen', () => {
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

  it.each([
    [
      { matrix: [[1]], observed: [0], deviation: 1 },
      /^Mixture.given: matrix: \[\[1\]\] is not a matrix of 1 rows.* of 2 finite/
    ],
    [{ matrix: [[1, 0]], observed: [0], deviation: 0 }, /deviation: 0 is not > 0 and finite/],
    [{ matrix: [[1, 0]], observed: [NaN], deviation: 1 }, /observed: .* is not finite/]
  ])('refuses %j', (observation, message) => {
    expect(() => Mixture.given(observation)(narrow)).toThrow(message)
  })
})
