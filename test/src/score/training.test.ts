/** The programs of examples/networks. */
import { describe, expect, it } from 'vitest'
import { checkerboard, eightGaussians, swissRoll, twoMoons } from '../../../examples/networks/data.js'
import { astray, errors, learn, sample, schedule } from '../../../examples/networks/experiment.js'
import { Key, Mixture, Points, Sampler } from '../../../src/index.js'
import { isSlow, once } from '../../cases.js'

describe('examples/networks', () => {
  const near = (points: Points.Points): boolean => points.values.every(x => Math.abs(x) < 2.6)

  once('draws its laws where the pictures are', () => {
    ;[twoMoons, swissRoll, checkerboard].forEach(law => {
      const points = law(300)(Key.fromSeed(4))
      expect(points.values).toHaveLength(600)
      expect(near(points)).toBe(true)
    })
    // Squares of one colour: floor x + floor y is even.
    const { values } = checkerboard(300)(Key.fromSeed(5))
    for (let i = 0; i < 300; i++)
      expect(Math.abs(Math.floor(values[2 * i]) + Math.floor(values[2 * i + 1])) % 2).toBe(0)
  })

  once('measures: an exact score has no error and samples of its law, one of another law has not', () => {
    const exact = Sampler.exact(eightGaussians, schedule)
    const test = Mixture.sample(200)(Key.fromSeed(6))(eightGaussians)
    expect(errors(exact, test)(exact).every(error => error === 0)).toBe(true)
    const other = Sampler.exact(Mixture.of({ means: [[1, 1]], variances: [0.3] }), schedule)
    expect(errors(exact, test)(other).every(error => error > 1e-4)).toBe(true)
    // Of 200 points of two equal laws the mean is E|X − X′|/100, below 0.02 here.
    expect(Points.energyDistance(sample(200, 2)(exact), test)).toBeLessThan(0.06)
    expect(Points.energyDistance(sample(200, 2)(other), test)).toBeGreaterThan(0.3)
    // A hundredth of the law's own points are astray, here of 500: at most 3 % but for a probability of 1e-5.
    const [law, bound, own] = [9, 10, 11].map(seed => Mixture.sample(500)(Key.fromSeed(seed))(eightGaussians))
    expect(astray(own, law, bound)).toBeLessThan(0.03)
    expect(astray(sample(200, 2)(other), law, bound)).toBeGreaterThan(0.3)
  })

  it.runIf(isSlow)('learns: a few steps lower the error at every level', () => {
    const exact = Sampler.exact(eightGaussians, schedule)
    const data = Mixture.sample(300)(Key.fromSeed(7))(eightGaussians)
    const before = errors(
      exact,
      data
    )(learn({ steps: 2, batch: 32, hidden: [24], withWaves: true })(data)(Key.fromSeed(8)))
    const after = errors(
      exact,
      data
    )(learn({ steps: 150, batch: 64, hidden: [24], withWaves: true })(data)(Key.fromSeed(8)))
    const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, x) => sum + x, 0) / values.length
    expect(mean(after)).toBeLessThan(0.9 * mean(before))
  })
})
