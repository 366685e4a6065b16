import fc from 'fast-check'
import * as Either from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import * as Key from '../../../lib/random/key.js'
import * as Points from '../../../src/data/index.js'
import { answers } from '../../golden/golden.js'
import { finite, matrix, message, points, right } from './drawn.js'

const moderate = fc.double({ min: -1e6, max: 1e6, noNaN: true })

const weighted = (rows: ReadonlyArray<ReadonlyArray<number>>, weights: ReadonlyArray<number>): Points.Points =>
  right(Either.chain(Points.weighted(weights))(Points.fromRows(rows)))

describe('fromRows', () => {
  it('keeps every number, the sign of 0 included', () => {
    fc.assert(
      fc.property(matrix(finite), rows => {
        expect(Points.toRows(right(Points.fromRows(rows)))).toEqual(rows)
      })
    )
  })
})

describe('what is no points', () => {
  const two = right(Points.fromRows([[1], [2]]))
  // The last as JSON may hold it in spite of the types.
  const rows = [[], [[], []], [[1, 2], [3]], [[1], [2, 3], [4], []], [[1, NaN]], [[1, 2], [-Infinity, NaN], [NaN, 1]], JSON.parse('[[1],[null]]') as number[][]] // prettier-ignore
  const weights = [[1], [1, -1], [NaN, Infinity], [0, 0], [1e308, 1e308]]
  const others: ReadonlyArray<Points.Points> = [
    { ...two, rows: 0 },
    { ...two, dim: 0.5 },
    { ...two, dim: 3 },
    { rows: 2, dim: 2, values: Float64Array.of(0, 0, 0, Infinity) }
  ]
  const validated = (points: Points.Points): string => message(Points.validate(points))

  it('is refused by row and column, with a remedy', () =>
    answers('points', [
      ...rows.map(given => [given, message(Points.fromRows(given))] as const),
      ...weights.map(given => [{ weights: given }, message(Points.weighted(given)(two))] as const),
      ...others.map(given => [given, validated(given)] as const)
    ]))

  it('is refused alike where weights are given in points', () => {
    for (const given of weights)
      expect(validated({ ...two, weights: Float64Array.from(given) })).toBe(message(Points.weighted(given)(two)))
  })

  it('validate accepts what the constructors return', () => {
    fc.assert(
      fc.property(points(finite), xs => {
        expect(Points.validate(xs)).toEqual(Either.right(xs))
      })
    )
  })
})

describe('moments', () => {
  const near = (actual: Float64Array, expected: ReadonlyArray<number>, tolerance: number): void => {
    expect(actual.length).toBe(expected.length)
    expected.forEach((x, k) => {
      expect(Math.abs(actual[k] - x)).toBeLessThanOrEqual(tolerance)
    })
  }

  it('of integer weights are those of repeated rows', () => {
    const weights = fc.array(fc.nat(4), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(matrix(moderate), weights, (rows, counts) => {
        const used = counts.slice(0, rows.length)
        fc.pre(used.some(c => c > 0))
        const one = weighted(rows, used)
        const other = right(Points.fromRows(rows.flatMap((row, i) => Array<number[]>(used[i]).fill(row))))
        expect(Points.totalWeight(one)).toBe(Points.totalWeight(other))
        // Sums of at most 48 terms of size 1e6 and 1e12.
        near(Points.mean(one), Array.from(Points.mean(other)), 1e-8)
        near(Points.covariance(one), Array.from(Points.covariance(other)), 4e12 * 100 * 2 ** -52)
      })
    )
  })

  it('weightsOf sums to 1, uniform where there are no weights', () => {
    fc.assert(
      fc.property(points(moderate), xs => {
        const p = Points.weightsOf(xs)
        expect(p.length).toBe(xs.rows)
        expect(p.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12)
        if (xs.weights === undefined) expect(p).toEqual(new Float64Array(xs.rows).fill(1 / xs.rows))
      })
    )
  })

  it('covariance keeps its digits under a large offset, and is symmetric', () => {
    const z = Key.normal(3000)(Key.fromSeed(3))
    const xs = { rows: 1000, dim: 3, values: z }
    const shifted = { ...xs, values: z.map(x => x + 2 ** 30) }
    const covariance = Points.covariance(xs)
    // Adding 2^30 rounds each value to 2^-22, and a variance of 1000 such values by no more than twice that.
    near(Points.covariance(shifted), Array.from(covariance), 2 ** -21)
    expect([covariance[1], covariance[2], covariance[5]]).toEqual([covariance[3], covariance[6], covariance[7]])
  })

  it('of a hand-worked case', () => {
    const xs = weighted([[0, 1], [4, 1], [9, 9]], [3, 1, 0]) // prettier-ignore
    expect(Points.mean(xs)).toEqual(Float64Array.of(1, 1))
    expect(Points.covariance(xs)).toEqual(Float64Array.of(3, 0, 0, 0))
    expect(Points.totalWeight(xs)).toBe(4)
  })
})

describe('energyDistance', () => {
  it('of the same rows in another order is 0 up to rounding, and never below', () => {
    for (let seed = 0; seed < 50; seed++) {
      const xs = { rows: 20, dim: 1, values: Key.normal(20)(Key.fromSeed(seed)) }
      const distance = Points.energyDistance(xs, { ...xs, values: Float64Array.from(xs.values).reverse() })
      expect(distance).toBeGreaterThanOrEqual(0)
      expect(distance).toBeLessThan(1e-14)
    }
  })
})

describe('select, standardize', () => {
  it('select takes rows with their weights', () => {
    const xs = weighted([[1, 2], [3, 4], [5, 6]], [1, 2, 3]) // prettier-ignore
    expect(Points.select([2, 0, 2])(xs)).toEqual({
      rows: 3,
      dim: 2,
      values: Float64Array.of(5, 6, 1, 2, 5, 6),
      weights: Float64Array.of(3, 1, 3)
    })
  })

  it('standardized points have mean 0 and variance 1, or 0 in a constant column', () => {
    fc.assert(
      fc.property(points(fc.integer({ min: -1000, max: 1000 })), xs => {
        const { points: z, scale } = Points.standardize(xs)
        const { dim } = xs
        const variances = Points.covariance(z).filter((_, k) => Math.floor(k / dim) === k % dim)
        Points.mean(z).forEach(m => {
          expect(Math.abs(m)).toBeLessThan(1e-9)
        })
        variances.forEach((v, j) => {
          if (v === 0) expect(scale[j]).toBe(1)
          else expect(v).toBeCloseTo(1, 9)
        })
      })
    )
  })

  it.each([1e300, 1e200, 1e154, 1e-154, 1e-200, 1e-290])('is the same in any unit: %d', unit => {
    const rows = [[1], [2], [4.5], [-7]]
    const [one, other] = [rows, rows.map(([x]) => [x * unit])].map(rows =>
      Points.standardize(right(Points.fromRows(rows)))
    )
    // Values differ by a rounding each, of size 2⁻⁵³ · 7 against a spread of 4.4; a handful of them add up.
    other.points.values.forEach((z, i) => {
      expect(Math.abs(z - one.points.values[i])).toBeLessThan(1e-14)
    })
    expect(other.scale[0] / unit / one.scale[0]).toBeCloseTo(1, 13)
    expect(other.centre[0] / unit).toBeCloseTo(one.centre[0], 13)
  })

  it('has a scale above 0 of the least numbers there are', () => {
    const { points: z, scale } = Points.standardize({ rows: 2, dim: 1, values: Float64Array.of(5e-324, 1e-323) })
    expect([...z.values, ...scale]).toEqual([-1, 1, 5e-324])
  })

  it('a constant column becomes 0 exactly, about the constant', () => {
    fc.assert(
      fc.property(moderate, fc.integer({ min: 1, max: 3000 }), fc.boolean(), (constant, rows, isWeighted) => {
        fc.pre(constant === 0 || Math.abs(constant) > 1e-300) // products with subnormal numbers round to 0
        const xs = { rows, dim: 1, values: new Float64Array(rows).fill(constant) }
        const weights = Key.uniform(rows)(Key.fromSeed(rows))
        const { points: z, centre, scale } = Points.standardize(isWeighted ? { ...xs, weights } : xs)
        expect(z.values.every(x => x === 0)).toBe(true)
        expect([centre[0] - constant, scale[0]]).toEqual([0, 1])
      })
    )
  })

  it('unstandardize undoes it', () => {
    fc.assert(
      fc.property(points(moderate), xs => {
        const { points: z, ...scaling } = Points.standardize(xs)
        const back = Points.unstandardize(scaling)(z)
        expect(back.weights).toEqual(xs.weights)
        xs.values.forEach((x, k) => {
          expect(Math.abs(back.values[k] - x)).toBeLessThanOrEqual(1e-14 * 4e6)
        })
      })
    )
  })
})
