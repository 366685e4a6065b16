/** The intervals of the paper's programs, and how their numbers are shown. */
import { describe, expect, it } from 'vitest'
import { geometricMean, mean, median, share, show, showEstimate, studentQuantile } from '../../examples/paper/frame.js'

describe('intervals', () => {
  it('of a share are those of Wilson', () => {
    // Newcombe 1998, Statistics in Medicine 17:857–872, table I: to four decimals.
    const cases = [
      { successes: 81, trials: 263, low: 0.2553, high: 0.3662 },
      { successes: 15, trials: 148, low: 0.0624, high: 0.1605 },
      { successes: 0, trials: 20, low: 0, high: 0.1611 },
      { successes: 1, trials: 29, low: 0.0061, high: 0.1718 }
    ]
    for (const { successes, trials, low, high } of cases) {
      const interval = share(successes, trials)
      expect(interval.low).toBeCloseTo(low, 4)
      expect(interval.high).toBeCloseTo(high, 4)
      expect(interval.value).toBe(successes / trials)
    }
  })

  it('of a mean have the quantiles of the tables of Student', () => {
    // The tables' third decimal is rounded; the expansion is right to 3e-4 relative at 4 degrees, and better beyond.
    for (const [degrees, quantile] of [
      [4, 2.776],
      [9, 2.262],
      [19, 2.093],
      [29, 2.045],
      [99, 1.984]
    ])
      expect(Math.abs(studentQuantile(degrees) - quantile)).toBeLessThan(5e-4 + 3e-4 * quantile)
    const { value, low, high } = mean([1, 2, 3, 4, 5])
    expect(value).toBe(3)
    // The variance of 1 to 5 is 5/2, that of their mean 1/2.
    expect(high - 3).toBeCloseTo(2.7764 * Math.SQRT1_2, 2)
    expect(3 - low).toBe(high - 3)
  })

  it('of ratios are symmetric about 1 where the ratios are', () => {
    const { value, low, high } = geometricMean([1 / 4, 1 / 2, 1, 2, 4])
    expect(value).toBe(1)
    expect(low * high).toBeCloseTo(1, 12)
  })
})

it('numbers are shown as people read them', () => {
  expect([0, 12, 0.12345, 1234.5, 1e-5, 0.1].map(x => show(x))).toEqual([
    '0',
    '12',
    '0.123',
    '1235',
    '1.00e-5',
    '0.100'
  ])
  expect(showEstimate({ value: 1.0123, low: 0.991, high: 1.034, trials: 5 })).toBe('1.01 [0.99, 1.03]')
  expect(showEstimate({ value: 0, low: 0, high: 0.16, trials: 20 })).toBe('0.000 [0.000, 0.160]')
})

it('the median is the middle value, or halfway between the two', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(median([5, 1, 4, 2])).toBe(3)
  expect(median([7])).toBe(7)
})
