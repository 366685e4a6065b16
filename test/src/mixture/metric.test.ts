/** The error of centres, against every permutation tried in turn. */
import { describe, expect, it } from 'vitest'
import { Metric, Mixture, Params } from '../../../src/index.js'

type Rows = ReadonlyArray<ReadonlyArray<number>>

const permutations = (rows: Rows): ReadonlyArray<Rows> =>
  rows.length === 0
    ? [[]]
    : rows.flatMap((first, i) => permutations(rows.filter((_, j) => j !== i)).map(rest => [first, ...rest]))

const distance = (a: Rows, b: Rows): number =>
  Math.sqrt(a.flatMap((row, i) => row.map((x, j) => (x - b[i][j]) ** 2)).reduce((s, x) => s + x, 0) / a.length)

const exhaustive = (a: Rows, b: Rows): number => Math.min(...permutations(a).map(rows => distance(rows, b)))

// Where each centre takes the nearest that is left, the first two take each other's.
const crossing: Rows = [[0], [1.1], [-3]]
const wanted: Rows = [[-1.5], [0.4], [2]]

describe('centreError', () => {
  it('is that of the best matching, which taking the nearest in turn misses', () => {
    expect(Metric.centreError(crossing, wanted)).toBeCloseTo(exhaustive(crossing, wanted), 14)
    expect(Metric.centreError(wanted, crossing)).toBeCloseTo(exhaustive(wanted, crossing), 14)
  })

  it('is 0 of the same centres in any order, and a matching, not a cheapest pair, of others', () => {
    const square: Rows = [[0, 0], [0, 3], [4, 0], [4, 3]] // prettier-ignore
    for (const order of permutations(square)) expect(Metric.centreError(order, square)).toBe(0)
    expect(Metric.centreError([[0], [0]], [[0], [6]])).toBe(Math.sqrt(18))
  })

  it('takes mixtures, parameters of scores and lists alike', () => {
    const means = [[0, 1, 2], [5, 5, 5]] // prettier-ignore
    const forms: ReadonlyArray<Metric.Centred> = [means, Params.of({ means }), Mixture.of({ means })]
    for (const form of forms) expect(Metric.centreError(form, [[5, 5, 7], [0, 1, 2]])).toBe(Math.SQRT2) // prettier-ignore
  })

  it('of the pair is up to sign', () => {
    const truth = Mixture.symmetricPair([3, 4])
    expect(Metric.centreError(Params.of({ mean: [-3, -4] }), truth)).toBe(0)
    expect(Metric.centreError(Params.of({ mean: [-3, -2] }), truth)).toBe(2)
    expect(Metric.centreError(truth, Params.of({ mean: [3, 2] }))).toBe(2)
  })

  it('is NaN where the numbers of centres differ', () => {
    expect(Metric.centreError([[0], [1]], [[0]])).toBeNaN()
    expect(Metric.centreError([[0]], [[0], [1]])).toBeNaN()
  })
})

describe('the adjusted Rand index', () => {
  // (Σ pairs in cells − ab/p)/((a + b)/2 − ab/p), a and b the pairs in the parts of each, p all pairs.
  it('is that of its formula', () => {
    // Cells 2, 1, 1: 1 pair; a = 1, b = 2, p = 6: (1 − 1/3)/(3/2 − 1/3) = 4/7.
    expect(Metric.adjustedRand([0, 0, 1, 2], ['x', 'x', 'y', 'y'])).toBeCloseTo(4 / 7, 12)
    // Cells of one: none; a = b = 2: (0 − 2/3)/(2 − 2/3) = −1/2.
    expect(Metric.adjustedRand([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(-0.5, 12)
  })

  it('is 1 for the same parts by other names, and nothing for rows of other numbers', () => {
    expect(Metric.adjustedRand([0, 0, 1, 1, 1], ['b', 'b', 'a', 'a', 'a'])).toBe(1)
    expect(Metric.adjustedRand([1, 1, 1], [2, 2, 2])).toBe(1)
    expect(Metric.adjustedRand([1, 2, 3], [3, 2, 1])).toBe(1)
    expect(Metric.adjustedRand([1], [1, 2])).toBeNaN()
    expect(Metric.adjustedRand([1, 2], [1, 2], [1])).toBeNaN()
  })

  it('takes a row of weight 2 as two rows, and equal weights as none', () => {
    const one = [0, 0, 0, 1, 1, 2, 2, 2]
    const other = [1, 1, 0, 0, 2, 2, 2, 1] // prettier-ignore
    const times = [3, 1, 0, 2, 1, 4, 1, 2]
    const repeated = (all: ReadonlyArray<number>): ReadonlyArray<number> => all.flatMap((part, i) => Array.from({ length: times[i] }, () => part)) // prettier-ignore
    expect(Metric.adjustedRand(one, other, times)).toBe(Metric.adjustedRand(repeated(one), repeated(other)))
    for (const weight of [1, 0.01, 1 / one.length, 1e-9]) {
      const equal = Metric.adjustedRand(one, other, one.map(() => weight)) // prettier-ignore
      expect(equal).toBeCloseTo(Metric.adjustedRand(one, other), 12)
    }
    // Sizes 1.5 + 2 and 1.5 + 2.5 of all 7.5: pairs w(w − 1)/2.
    const pairs = (w: number): number => (w * (w - 1)) / 2
    const both = pairs(1.5) + pairs(2) + pairs(4)
    const left = pairs(3.5) + pairs(4)
    const right = pairs(1.5) + pairs(6)
    const all = pairs(7.5) // prettier-ignore
    const chance = (left * right) / all
    expect(Metric.adjustedRand([0, 0, 1, 1], [0, 1, 1, 1], [1.5, 2, 1.5, 2.5])).toBeCloseTo((both - chance) / ((left + right) / 2 - chance), 12) // prettier-ignore
  })
})
