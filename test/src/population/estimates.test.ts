/** What is estimated of losses by differences. */
import { expect, it } from 'vitest'
import { differenceJacobian } from '../../../src/population/estimates.js'

it('the Jacobian of a gradient is exact of polynomials up to the sixth degree', () => {
  // Of x⁷/7 + x²y: ∂ is (x⁶ + 2xy, x²), and its Jacobian (6x⁵ + 2y, 2x; 2x, 0).
  const x = 0.7
  const y = -1.3
  const found = differenceJacobian(([x, y]) => Float64Array.of(x ** 6 + 2 * x * y, x ** 2), Float64Array.of(x, y))
  const wanted = [6 * x ** 5 + 2 * y, 2 * x, 2 * x, 0]
  // Rounding of numbers of the order of 1, over h = 0.02.
  wanted.forEach((each, at) => expect(Math.abs(found[at] - each)).toBeLessThan(1e-12))
})
