/** The normal distribution against mpmath in 40 digits. */
import { expect, it } from 'vitest'
import * as Normal from '../../../lib/numbers/normal.js'

it.each([
  [1e-310, -37.66306033194952],
  [2 ** -53, -8.209536151601387],
  [1e-10, -6.361340902404057],
  [0.001, -3.0902323061678136],
  [0.075, -1.439531470938456],
  [0.0751, -1.43882539275254],
  [0.3, -0.5244005127080408],
  [0.7, 0.5244005127080407],
  [0.925, 1.4395314709384561],
  [0.99, 2.3263478740408408],
  [1 - 2 ** -53, 8.209536151601387]
])('quantile of %d is %d', (u, wanted) => {
  expect(Math.abs(Normal.normalQuantile(u) / wanted - 1)).toBeLessThan(2e-15)
})

it('has its middle at 0 and its ends at infinity', () => {
  expect([0, 0.5, 1].map(Normal.normalQuantile)).toEqual([-Infinity, 0, Infinity])
})

it.each([
  [-7, 1.279812543885835e-12],
  [-3, 0.0013498980316300946],
  [-0.5, 0.3085375387259869],
  [0, 0.5],
  [0.1, 0.539827837277029],
  [2, 0.9772498680518208],
  [9, 1]
])('Φ(%d) is %d', (x, wanted) => {
  expect(Math.abs(Normal.normalCdf(x) - wanted)).toBeLessThan(2e-16)
})

// scipy.stats.norm.sf
it.each([
  [-1, 0.8413447460685429],
  [2.999, 0.0013543365337271057],
  [3, 0.0013498980316300933],
  [3.0001, 0.0013494549132607172],
  [5, 2.866515718791933e-7],
  [8, 6.22096057427174e-16],
  [20, 2.7536241186061556e-89],
  [37, 5.7255712225239266e-300],
  [50, 0]
])('P(Z > %d) is %d', (x, wanted) => {
  // exp(−x²/2) has the rounding of x²/2 as its relative error.
  expect(Math.abs(Normal.normalTail(x) - wanted)).toBeLessThanOrEqual(wanted * (2e-13 + x * x * 2 ** -53))
})
