import { describe, expect, it } from 'vitest'
import { fit, Fit, Key, Mixture, Problem, type Points } from '../../../src/index.js'
import { bestSingleCluster } from '../../../src/fit/singleCluster.js'
import { smallSampleCorrection, of as statisticsOf } from '../../../src/mixture/statistics.js'

const key = Key.fromSeed(0)
const column = (values: ReadonlyArray<number>): Points.Points => ({
  rows: values.length,
  dim: 1,
  values: Float64Array.from(values)
})
const skewed = [0.3, 0.5, 0.7, 1.1, 1.3, 2.2, 2.9, 4.5, 9, 31]
const normal = (rows: number, dim: number, seed: number): Points.Points =>
  Mixture.sample(rows)(Key.fromSeed(seed))(Mixture.of({ means: [Array.from({ length: dim }, () => 0)] }))
const mapped = (points: Points.Points, map: (x: number) => number): Points.Points => ({
  ...points,
  values: points.values.map(map)
})

describe('one cluster', () => {
  it('has the maximum likelihood of its shape, as scipy has it', () => {
    // scipy.stats of these ten numbers: the mean and standard deviation of their logarithms
    const lognormal = bestSingleCluster(column(skewed), key)
    expect(lognormal?.shape).toBe('log-normal')
    expect(lognormal?.logLikelihood).toBeCloseTo(-2.414863991817879, 12)
    // Negated, no logarithm is possible: Student-t by Nelder–Mead, location 1.0778, scale .8226, ν .7140
    const student = bestSingleCluster(column(skewed.map(x => -x)), key)
    expect(student?.shape).toBe('Student-t')
    // EM stops at a gain of 1e-7 per row.
    expect(student?.logLikelihood).toBeCloseTo(-2.7932879139559685, 5)
    expect(student?.parameters).toBe(3)
  })

  it('is uniform in a box, or in an ellipsoid, for rows that are', () => {
    const uniform = Key.uniform(600)(Key.fromSeed(3))
    const box = bestSingleCluster({ rows: 200, dim: 3, values: uniform }, key)
    expect(box?.shape).toBe('box')
    // The volume is 1.
    expect(Math.abs(box?.logLikelihood ?? NaN)).toBeLessThan(0.05)
  })

  it('does not depend on units, on the order of the rows, or on how often they are listed', () => {
    const points = mapped(normal(40, 2, 5), x => Math.exp(x))
    const found = bestSingleCluster(points, key)
    const scaled = bestSingleCluster(
      mapped(points, x => 1000 * x),
      key
    )
    const reversed = { ...points, values: points.values.slice().reverse() }
    expect(scaled?.shape).toBe(found?.shape)
    // log p changes by −log 1000 a column; rounding of 80 terms of size 10.
    expect((scaled?.logLikelihood ?? NaN) + 2 * Math.log(1000)).toBeCloseTo(found?.logLikelihood ?? NaN, 10)
    expect(bestSingleCluster(reversed, key)?.value).toBeCloseTo(found?.value ?? NaN, 9)
    const doubled = { rows: 80, dim: 2, values: Float64Array.of(...points.values, ...points.values) }
    const weighted = { ...points, weights: new Float64Array(40).fill(2) }
    expect(bestSingleCluster(weighted, key)?.value).toBeCloseTo(bestSingleCluster(doubled, key)?.value ?? NaN, 8)
  })

  it('does not collapse on equal numbers, which a Student-t of any size could take', () => {
    const ties = column([...Array<number>(30).fill(7), 6.9, 7.2, 8])
    expect(bestSingleCluster(ties, key)?.shape).not.toBe('Student-t')
  })

  it('is not compared where cells are missing', () => {
    expect(bestSingleCluster(column([1, 2, NaN, 3]), key)).toBe(null)
  })
})

describe('ICLc', () => {
  it('adds half of the correction of AICc, with cells for observations, to ICL', () => {
    const points = normal(20, 3, 1)
    const { icl, iclc, cells } = statisticsOf(points, 9)(Mixture.of({ means: [[0, 0, 0]] }))
    expect(cells).toBe(60)
    // ½ · 9 log 20 · 10/50
    expect(iclc - icl).toBeCloseTo(0.9 * Math.log(20), 10)
    expect(smallSampleCorrection({ parameters: 59, total: 20, cells: 60 })).toBe(Infinity)
  })

  it('counts the cells that are observed, each with the weight of its row', () => {
    const points = { ...column([1, NaN, 3]), weights: Float64Array.of(2, 5, 1) }
    expect(statisticsOf(points, 2)(Mixture.of({ means: [[2]] })).cells).toBe(3)
  })
})

describe('the default choice', () => {
  const counts = (tables: ReadonlyArray<Points.Points>): ReadonlyArray<number> =>
    tables.map(points => fit(points).components)
  const seeds = [1, 2, 3, 4]

  it('reports one group of a table that has one, whatever its shape', () => {
    // By ICL, all log-normal and most of the small ones are divided.
    expect(counts(seeds.map(seed => mapped(normal(60, 2, seed), x => Math.exp(x))))).toEqual([1, 1, 1, 1])
    expect(counts(seeds.map(seed => normal(12, 5, 10 + seed)))).toEqual([1, 1, 1, 1])
    expect(
      counts(seeds.map(seed => ({ rows: 100, dim: 2, values: Key.uniform(200)(Key.fromSeed(20 + seed)) })))
    ).toEqual([1, 1, 1, 1])
  })

  it('reports groups that are 8 standard deviations apart, in 24 rows', () => {
    const truth = Mixture.of({ means: [[-4, 0], [4, 0]] }) // prettier-ignore
    const found = seeds.map(seed => fit(Mixture.sample(24)(Key.fromSeed(30 + seed))(truth)))
    expect(found.map(({ components }) => components)).toEqual([2, 2, 2, 2])
    for (const { evidence } of found) expect(evidence?.difference).toBeGreaterThan(0)
  })

  it('says what it rests on', () => {
    const few = fit(normal(8, 2, 1))
    expect([few.components, few.table()]).toEqual([
      1,
      expect.stringContaining('8 rows are too few to tell groups from chance; shown is one group.')
    ])
    const skewedTable = fit(mapped(normal(60, 2, 1), x => Math.exp(x)))
    expect(skewedTable.table()).toContain('one log-normal cluster describes the rows better than several groups do')
    expect(skewedTable.candidates.filter(({ components }) => components > 1).every(one => !one.isSelectable)).toBe(true)
  })

  it('takes no component of fewer than three rows, nor two cells per parameter or less, unless that is asked for', () => {
    for (const seed of seeds) {
      const { candidates } = fit(normal(14, 4, 50 + seed), { components: [1, 2, 3, 4], criterion: 'icl' })
      const [{ statistics }] = candidates
      expect(Math.min(...statistics.sizes)).toBeGreaterThanOrEqual(3)
      expect(statistics.parameters).toBeLessThan(14 * 2)
    }
    const asked = Problem.orThrow(Fit.mixture({ components: 5, family: 'isotropic' })(normal(10, 2, 1)))
    expect(asked.components).toBe(5)
  })
})
