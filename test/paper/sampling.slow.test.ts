/** Reverse diffusion along a learned score, and the distances by which it is judged. */
import { describe, expect, it } from 'vitest'
import { Key, type Points } from '../../src/index.js'
import { energyDistance, main, slicedWasserstein } from '../../examples/paper/sampling.js'

const { sizes, exact, samplers } = main('quick').measured

describe('what is generated', () => {
  const [few, many] = sizes

  it('comes nearer to held-out data with the rows that were learned from', () => {
    expect(few.excess.low).toBeGreaterThan(0)
    expect(many.excess.high).toBeLessThan(few.excess.low)
    expect(many.wasserstein.high).toBeLessThan(few.wasserstein.low)
  })

  it('from many rows is as near as an exact sample, at 95 % confidence and within a tenth of the few rows’ distance', () => {
    expect(many.excess.low).toBeLessThan(0)
    expect(Math.abs(many.excess.value)).toBeLessThan(0.1 * few.excess.value)
  })

  it('an exact sample has distance 0 in the mean', () => {
    expect(exact.energy.low).toBeLessThan(0)
    expect(exact.energy.high).toBeGreaterThan(0)
  })
})

describe('samplers', () => {
  const of = (name: string, steps: number): (typeof samplers)[number]['excess'] =>
    samplers.find(each => each.sampler === name && each.steps === steps)?.excess ?? exact.energy

  it('of the second order need fewer steps', () => {
    for (const second of ['Heun', 'DPM-Solver++(2M)'])
      for (const first of ['ancestral', 'DDIM']) expect(of(second, 5).high).toBeLessThan(of(first, 5).low)
  })

  it.each(['ancestral', 'DDIM', 'predictor and corrector'])('do better with more steps: %s', name => {
    expect(of(name, 20).high).toBeLessThan(of(name, 5).low)
  })

  // Heun's five steps are so near that these samples hardly tell them from an exact one.
  it('are as near as an exact sample with twenty steps of Heun, at 95 % confidence', () => {
    expect(of('Heun', 20).low).toBeLessThan(0)
  })
})

describe('distances', () => {
  const line = (...values: ReadonlyArray<number>): Points.Points => ({
    rows: values.length,
    dim: 1,
    values: Float64Array.from(values)
  })

  it('energy distance of {0, 2} and {1, 3}: 2 · 6/4 − 2 − 2', () => {
    expect(energyDistance(line(0, 2), line(1, 3))).toBe(-1)
    expect(energyDistance(line(0, 0), line(5, 5))).toBe(10)
  })

  it('sliced Wasserstein distance of a shifted sample is the shift on the line, whatever the order', () => {
    expect(slicedWasserstein(3, Key.fromSeed(1))(line(0, 5, 1), line(3, 2, 7))).toBeCloseTo(2, 14)
  })

  it('and in d dimensions, in the mean over directions, the shift over √d', () => {
    const zero = { rows: 1, dim: 3, values: Float64Array.of(0, 0, 0) }
    const shifted = { rows: 1, dim: 3, values: Float64Array.of(3, 0, 4) }
    // ⟨δ, θ⟩² has mean |δ|²/3 and variance 4|δ|⁴/45: 4 standard errors of the mean over 10 000 directions are 0.012 |δ|².
    const found = slicedWasserstein(10_000, Key.fromSeed(2))(zero, shifted) ** 2
    expect(Math.abs(found - 25 / 3)).toBeLessThan(0.012 * 25)
  })
})
