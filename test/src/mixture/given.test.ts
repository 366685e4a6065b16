/** The posterior of a mixture given a linear observation, against closed forms at condition 1e16; reference values stand in `calculus`. */
import { describe, expect, it } from 'vitest'
import { Mixture } from '../../../src/index.js'

const close = (found: ArrayLike<number>, wanted: ReadonlyArray<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  wanted.forEach((x, i) => {
    expect(Math.abs(found[i] - x), `${found[i]} for ${x}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(x)))
  })
}
describe('Mixture.given', () => {
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
