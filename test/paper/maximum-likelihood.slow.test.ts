/** All noise levels at once are maximum likelihood; a single level is as good as theory says. */
import { describe, expect, it } from 'vitest'
import { errorRatio, levelVariance, likelihoodVariance, main } from '../../examples/paper/maximum-likelihood.js'

const { outcomes } = main('quick').measured
const [pair, three] = outcomes

describe('all levels at once', () => {
  it.each(outcomes)('have the error of maximum likelihood: $name', ({ all }) => {
    // A tenth of the 2 % that a level of its own choosing loses at least; what is left is the noise's nodes.
    expect(Math.abs(all.value - 1)).toBeLessThan(2e-3)
    expect(all.high - all.low).toBeLessThan(4e-3)
  })
})

describe('a single level', () => {
  it('is as good as the theory for large n says', () => {
    // Twice the half-width of 95 % is 4.0 standard errors at 50 samples: 8 false alarms in 1e4 over all levels.
    for (const { ratio, predicted } of pair.levels) {
      const half = Math.max(ratio.high - ratio.value, ratio.value - ratio.low)
      expect(predicted).not.toBeNull()
      expect(Math.abs(ratio.value - (predicted ?? NaN))).toBeLessThan(2 * half)
      expect(half).toBeLessThan(0.04)
    }
  })

  it('loses most at the ends, for two Gaussians', () => {
    const predicted = pair.levels.map(({ predicted }) => predicted ?? NaN)
    const middle = pair.levels.findIndex(({ time }) => time === 0.3)
    expect(predicted[middle]).toBeLessThan(1.01)
    expect(predicted[0]).toBeGreaterThan(1.03)
    expect(predicted[predicted.length - 1]).toBeGreaterThan(1.03)
  })

  it('has all levels tried for three Gaussians too', () => {
    expect(three.levels.map(({ time }) => time)).toEqual(pair.levels.map(({ time }) => time))
    expect(three.levels[0].predicted).toBeNull()
  })
})

describe('the theory', () => {
  it.each([0.5, 1, 2])('is that of the top eigenvector at high noise, |μ| = %d', c => {
    // ĉ = √(λ̂ − 1) v̂: along the centre Var(x²)/(4c²) = (4c² + 2)/(4c²), across it Var(x y)/c² = (1 + c²)/c². The next term
    // is of relative order α² = e^{−14} with moments below 100.
    const dim = 16
    const moments = 1 + 1 / (2 * c * c) + ((dim - 1) * (1 + c * c)) / (c * c)
    expect(Math.abs(levelVariance(dim, c, 7) / moments - 1)).toBeLessThan(1e-4)
  })

  it('is that of known labels where the Gaussians are apart', () => {
    // The labels are unsure with probability of order e^{−c²/2}, 2e-8 at 6: times polynomials in c below 1e4.
    expect(Math.abs(likelihoodVariance(16, 6) / 16 - 1)).toBeLessThan(2e-4)
    expect(Math.abs(levelVariance(16, 6, 0.1) / 16 - 1)).toBeLessThan(2e-4)
  })

  it('lets no level be better than maximum likelihood', () => {
    for (const c of [0.5, 1, 2])
      for (const time of [0.003, 0.1, 0.3, 1, 3])
        // Cramér and Rao, and rounding and the nodes of two quadratures.
        expect(levelVariance(16, c, time)).toBeGreaterThan(likelihoodVariance(16, c) * (1 - 1e-6))
  })
})

it('the ratio of errors is that of their root mean squares', () => {
  const { value, low, high } = errorRatio([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])
  expect([value, low, high]).toEqual([2, 2, 2])
  expect(errorRatio([3, 4, 0, 0, 0], [0, 0, 5, 0, 0]).value).toBe(1)
})
