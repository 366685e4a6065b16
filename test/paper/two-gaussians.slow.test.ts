/** Two Gaussians from a random start: the first theorem, and what it says of the two stages. */
import { describe, expect, it } from 'vitest'
import { share } from '../../examples/paper/frame.js'
import { CLOSE, main } from '../../examples/paper/two-gaussians.js'

const { outcomes, stageOne, stageTwo, others } = main('quick').measured

describe('two Gaussians from a random start', () => {
  it('end near maximum likelihood in more than 9 of 10 runs, at 97.5 % confidence', () => {
    const seeds = outcomes.reduce((sum, outcome) => sum + outcome.seeds, 0)
    const successes = outcomes.reduce((sum, outcome) => sum + Math.round(outcome.success.value * outcome.seeds), 0)
    expect(share(successes, seeds).low).toBeGreaterThan(0.9)
  })

  it('in leaps, stage one turns as power iteration does', () => {
    const [power, leaps] = stageOne
    // A leap multiplies by Ĉ − I + λ/100: of a component whose eigenvalue is ρλ, six of them change the share by at most
    // 6 |ρ|⁵ (1 − ρ) 0.01, below 0.004 for 0 ≤ ρ ≤ 1. (Noise of n = 8 d/|μ|⁴ rows has |ρ| ≤ 0.71, rare below −0.5, where it
    // is below 0.003.) From 80° that changes the angle by at most 0.004 · tan 80° = 1.3°.
    leaps.steps.forEach(({ value }, step) => {
      expect(Math.abs(value - power.steps[step].value)).toBeLessThan(1.3)
    })
    // And that is a turn worth following.
    expect(leaps.steps[0].value - leaps.steps[leaps.steps.length - 1].value).toBeGreaterThan(30)
  })

  it('stage one ends at the direction of power iteration', () => {
    const [power, , steady] = stageOne
    // The ratio of the second eigenvalue’s growth to the first’s is 1.35/1.5 a step: after 60 steps 2e-3 of tan 80°, 0.7°.
    expect(Math.abs(steady.steps[60].value - power.steps[30].value)).toBeLessThan(0.7)
  })

  it('stage two ends where expectation–maximization does', () => {
    const [descent, em] = stageTwo
    const last = em.steps.length - 1
    expect(descent.steps[last].value).toBeLessThanOrEqual(CLOSE * em.steps[last].value)
    expect(descent.steps[last].value).toBeLessThan(0.5 * descent.steps[0].value)
  })

  it('far apart, either stage alone ends near maximum likelihood, as both do', () => {
    for (const { apart } of others.slice(0, 3)) {
      expect(apart.median).toBeLessThanOrEqual(CLOSE)
      expect(apart.success.value).toBe(1)
    }
  })

  it('where noise is drawn, its level matters', () => {
    const at = (name: string): number => others.find(other => other.name.startsWith(name))?.plain.median ?? NaN
    // The variance of the gradient is as 1/σ² at low noise: 10 times that at 0.1 at 0.01, a sixth of it at 0.5.
    expect(at('t₁, then 0.01')).toBeGreaterThan(at('t₁, then t₂'))
    expect(at('t₁, then 0.5')).toBeLessThan(at('t₁, then 0.01'))
    expect(at('t₁ + 1')).toBeGreaterThan(10 * at('t₁, then t₂'))
  })
})
