/** The spectral connection: next to 0 descent is power iteration, and it sees what the top eigenvector sees. */
import { describe, expect, it } from 'vitest'
import { main, theory } from '../../examples/paper/spectral.js'

const { spectrum, deviations, sights } = main('quick').measured
const at = (length: number): typeof deviations => deviations.filter(each => each.length === length)

describe('the map mean ↦ −½∂L/∂mean', () => {
  it('has the eigenvalues of 2α⁴(Ĉ − I) next to 0, at every noise level', () => {
    // The next term is of order |mean|² E|x|⁴: at |mean| = 1e-3 and moments below 10 that is 1e-5 of the eigenvalues.
    for (const { relative } of at(1e-3)) expect(relative).toBeLessThan(1e-5)
    expect(spectrum).toHaveLength(16)
    expect(at(1e-3).length).toBeGreaterThan(5)
  })

  it('has them further away too, up to a multiple of the mean: the difference falls as α²', () => {
    // The next terms, a correction of relative order α² ≤ e^{−4} = 0.02 with a factor below 10, from t = 2 on.
    for (const length of [0.5, 1]) {
      const [sooner, later] = at(length).slice(-2)
      const fall = Math.log(later.relative / sooner.relative) / (2 * (later.time - sooner.time))
      expect(fall).toBeGreaterThan(-1.2)
      expect(fall).toBeLessThan(-0.8)
    }
  })

  it('is linear up to |mean|², so that half the length has a quarter of the difference', () => {
    const [half, whole] = [0.5, 1].map(length => at(length).slice(-1)[0].relative)
    // Terms of sixth order in the loss are |mean|⁴ of the eigenvalues beside |mean|²: between quadratic and quartic.
    expect(whole / half).toBeGreaterThan(4)
    expect(whole / half).toBeLessThan(16)
  })
})

describe('descent at high noise', () => {
  it('finds the line of the top eigenvector', () => {
    for (const { angles } of sights) {
      const [top, high] = angles
      // At t = 2.5 the loss is that of the second moment up to α² = 0.007 of itself, and a top eigenvalue apart from the
      // next by a tenth at least turns by less than 0.07 rad: in the mean over 10 seeds, 4°.
      expect(Math.abs(high.value - top.value)).toBeLessThan(4)
    }
  })

  it('sees the centre above the threshold, and not below', () => {
    for (const { multiple, angles, theory } of sights) {
      const [, high] = angles
      // The theory is that of d → ∞; here d = 16, where cos² of a random line is 1/16 and fluctuates by as much.
      if (multiple > 1) {
        expect(high.low - 4).toBeLessThan(theory)
        expect(high.high + 4).toBeGreaterThan(theory)
      }
      if (multiple < 1) expect(high.high).toBeGreaterThan(70)
    }
  })
})

it('the theory has its known values', () => {
  // At the threshold nothing is seen; with infinitely many rows everything; cos² = ½ at γ = r⁴/2 as r → 0.
  expect(theory(1, 1)).toBe(90)
  expect(theory(1, 1e12)).toBeLessThan(1e-3)
  expect(theory(1e-6, 2)).toBeCloseTo(45, 6)
})
