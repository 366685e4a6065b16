import { describe, expect, it } from 'vitest'
import { chiSquaredQuantile, chiSquaredTail } from '../../../lib/numbers/chiSquared.js'
import { exp } from '../../../lib/numbers/elementary.js'

/** P(|z|² > q) by Simpson's rule on the density in r = |z|, r^{d−1} e^{−r²/2} over its own integral. */
const byQuadrature = (d: number, q: number): number => {
  const simpson = (from: number, to: number): number => {
    const n = 20_000
    const h = (to - from) / n
    const density = (r: number): number =>
      r === 0 ? (d === 1 ? exp(1 / 2) : 0) : exp((d - 1) * Math.log(r / Math.sqrt(d)) - (r * r - d) / 2)
    return (
      (h / 3) *
      Array.from(
        { length: n + 1 },
        (_, i) => (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2) * density(from + i * h)
      ).reduce((a, b) => a + b)
    )
  }
  const far = Math.sqrt(d) + 12
  return simpson(Math.sqrt(q), far) / simpson(0, far)
}

describe('tail', () => {
  it('is the integral of the density', () => {
    for (const d of [1, 2, 3, 4, 5, 8, 17, 100])
      for (const share of [0.1, 0.7, 1, 1.5, 3])
        expect(chiSquaredTail(d, share * d)).toBeCloseTo(byQuadrature(d, share * d), 10)
  })
  it('equals its closed form if there is one', () => {
    // d = 2: e^{−q/2}; d = 4: e^{−q/2}(1 + q/2).
    for (const q of [0.01, 1, 10, 60]) {
      expect(chiSquaredTail(2, q)).toBeCloseTo(exp(-q / 2), 15)
      expect(chiSquaredTail(4, q)).toBeCloseTo(exp(-q / 2) * (1 + q / 2), 15)
    }
    expect(chiSquaredTail(3, 0)).toBe(1)
    expect(chiSquaredTail(3, Infinity)).toBe(0)
  })
  it('is accurate in many dimensions, in which e^{−q/2} underflows', () => {
    // The median of χ²_d is about d(1 − 2/9d)³ (Wilson & Hilferty 1931).
    const d = 5001
    const root = 1 - 2 / (9 * d)
    expect(chiSquaredTail(d, d * root * root * root)).toBeCloseTo(0.5, 5)
  })
})

describe('quantile', () => {
  it('has the given tail probability', () => {
    for (const d of [1, 2, 5, 40])
      for (const p of [0.5, 0.05, 1e-3]) expect(chiSquaredTail(d, chiSquaredQuantile(d, p))).toBeCloseTo(p, 14)
    // Tables of χ²: 95 % of one degree of freedom, 99.9 % of two.
    expect(chiSquaredQuantile(1, 0.05)).toBeCloseTo(3.841458820694124, 12)
    expect(chiSquaredQuantile(2, 1e-3)).toBeCloseTo(-2 * Math.log(1e-3), 12)
  })
})
