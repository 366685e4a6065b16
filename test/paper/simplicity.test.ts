/** Mean, covariance, fourth cumulant: in this order, the farther apart the higher the noise. */
import { describe, expect, it } from 'vitest'
import { cumulants, main } from '../../examples/paper/simplicity.js'

const { outcomes, courses } = main('quick').measured

describe('statistics on the way from a small start', () => {
  it.each(outcomes)(
    'are learned in the order of their degree at t = $time',
    ({ inOrder, mean, covariance, fourth }) => {
      expect(inOrder.value).toBe(1)
      expect(mean.high).toBeLessThan(covariance.low)
      expect(covariance.value).toBeLessThan(fourth.value)
    }
  )

  it('are learned farther apart at higher noise', () => {
    const [quiet, noisy] = outcomes
    expect(noisy.lag.value).toBeGreaterThan(quiet.lag.value)
    expect(noisy.fourthLeft.value).toBeGreaterThan(quiet.fourthLeft.value)
  })

  it('up to the covariance the Gaussian of the same covariance teaches the same', () => {
    // The loss differs by terms in the fourth cumulant, of relative order α²|m|² of those in the covariance; at half of the
    // covariance that is α² in m: less at higher noise, and not yet of the size of the parameters.
    for (const { apart } of outcomes) expect(apart.high).toBeLessThan(0.2)
    expect(outcomes[1].apart.high).toBeLessThan(outcomes[0].apart.low)
    // At the end they do differ.
    for (const { moments } of courses) expect(moments[moments.length - 1].apart).toBeGreaterThan(0.2)
  })
})

describe('cumulants of centres', () => {
  it('of ±a on the line are a² and −2a⁴, of the fourth', () => {
    const { mean, covariance, fourth } = cumulants([[3], [-1]])
    expect(mean).toEqual([1])
    expect(covariance).toEqual([4])
    expect(fourth).toEqual([-32])
  })

  it('add for independent coordinates: no mixed fourth one', () => {
    const square = [
      [1, 2],
      [1, -2],
      [-1, 2],
      [-1, -2]
    ]
    const { fourth } = cumulants(square)
    const at = (i: number, j: number, k: number, l: number): number => fourth[8 * i + 4 * j + 2 * k + l]
    expect(at(0, 0, 0, 0)).toBe(-2)
    expect(at(1, 1, 1, 1)).toBe(-32)
    expect([at(0, 0, 1, 1), at(0, 1, 0, 1), at(0, 0, 0, 1)]).toEqual([0, 0, 0])
  })

  it('are multilinear: of (y + z, z), those of y and z where they share an index', () => {
    const { fourth } = cumulants([
      [3, 2],
      [-1, -2],
      [1, 2],
      [-3, -2]
    ])
    // κ(y) = −2 and κ(z) = −32, as above.
    expect(fourth).toEqual([-34, ...new Array<number>(15).fill(-32)])
  })
})
