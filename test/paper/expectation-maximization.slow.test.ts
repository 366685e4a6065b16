/** The connection to expectation–maximization: the correction G, its decay, and the fixed points. */
import { describe, expect, it } from 'vitest'
import { BEYOND, main } from '../../examples/paper/expectation-maximization.js'

const { corrections, decay, fixed, planes } = main('quick').measured

/** E f(x) over ½N(s, 1) + ½N(−s, 1), by Simpson's rule. */
const mean = (s: number, f: (x: number) => number): number => {
  const reach = s + 10
  const count = 4000
  const h = (2 * reach) / count
  return Array.from({ length: count + 1 }, (_, i) => {
    const x = -reach + i * h
    const density = (Math.exp(-((x - s) ** 2) / 2) + Math.exp(-((x + s) ** 2) / 2)) / (2 * Math.sqrt(2 * Math.PI))
    return (i === 0 || i === count ? 1 : i % 2 === 1 ? 4 : 2) * density * f(x)
  }).reduce((sum, value) => sum + (value * h) / 3, 0)
}

describe('the direction of descent', () => {
  it('is the step of expectation–maximization and G = E[uT′x] + |m|² E[TT′x] − m E[T′]', () => {
    for (const { length, time, step, correction } of corrections) {
      const s = Math.exp(-time) * length
      const m = BEYOND * s
      const T = (x: number): number => Math.tanh(m * x)
      const slope = (x: number): number => 1 - T(x) ** 2
      expect(step).toBeCloseTo(mean(s, x => T(x) * x) - m, 9)
      const G = mean(s, x => m * x * slope(x) * x) + m ** 2 * mean(s, x => T(x) * slope(x) * x) - m * mean(s, slope)
      // Gauss–Hermite of 96 nodes against the poles of tanh(m z) at π/2m: below 1e-6 up to m = 7.
      expect(Math.abs(correction - G)).toBeLessThan(1e-6)
    }
  })

  it('is that of expectation–maximization up to a tenth where the separation after noise is above 2', () => {
    for (const { length, time, step, correction } of corrections)
      if (Math.exp(-time) * length > 2) expect(Math.abs(correction)).toBeLessThan(0.1 * Math.abs(step))
    // And it is not where they are near: else nothing was to be shown.
    const [nearest] = corrections
    expect(Math.abs(nearest.correction)).toBeGreaterThan(0.1 * Math.abs(nearest.step))
  })

  it('differs by what falls as exp(−α²|μ|²/2), up to the logarithm of a polynomial', () => {
    expect(decay).toBeGreaterThan(-0.6)
    expect(decay).toBeLessThan(-0.4)
  })

  it('points as expectation–maximization does in the plane, where the centres are apart', () => {
    const [, apart] = planes
    const cosines = apart.arrows
      .filter(({ step }) => Math.hypot(...step) > 1e-9)
      .map(
        ({ step, descent }) =>
          (step[0] * descent[0] + step[1] * descent[1]) / Math.hypot(...step) / Math.hypot(...descent)
      )
    expect(cosines.length).toBeGreaterThan(20)
    for (const cosine of cosines) expect(cosine).toBeGreaterThan(Math.cos(Math.PI / 6))
  })
})

describe('runs from a grid of starts', () => {
  it('all end in one pair of points up to sign, of each algorithm', () => {
    for (const { endings } of fixed) {
      expect(endings).toHaveLength(1)
      expect(endings[0].runs).toBe(8)
    }
  })

  it('end within half the error of expectation–maximization of it', () => {
    // Single noise levels have 1.01 to 1.05 times the error of maximum likelihood: √(1.05² − 1) = 0.32 of it apart.
    const em = fixed.filter(({ name }) => name === 'expectation–maximization')
    for (const { length, apart } of fixed)
      expect(apart).toBeLessThan(0.5 * (em.find(each => each.length === length)?.error ?? 0))
    expect(em).toHaveLength(2)
  })
})
