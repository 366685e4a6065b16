import { expect, it } from 'vitest'
import { bisect } from '../../../lib/numbers/bisect.js'

it('returns the last double at which the condition holds, or the next', () => {
  for (const [least, most] of [
    [0, 2],
    [-1e300, 1e300],
    [1, 1.5]
  ] as const)
    expect(Math.abs(bisect(x => x < 1.25, least, most) - 1.25)).toBeLessThanOrEqual(2 ** -52)
})

it('returns an end if the condition holds everywhere, or nowhere', () => {
  expect(bisect(() => true, 0, 1)).toBeCloseTo(1, 15)
  expect(bisect(() => false, 1, 2)).toBeCloseTo(1, 15)
  expect(bisect(() => true, 3, 3)).toBe(3)
})
