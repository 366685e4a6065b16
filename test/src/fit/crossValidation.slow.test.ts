/** Cross-validated likelihood: its value against Gaussians by hand, and what it does not depend on. */
import { describe, expect, it } from 'vitest'
import { type Fit, fit, Key, Mixture, Points, Source } from '../../../src/index.js'
import { MAX_FOLDS, assignFolds } from '../../../src/fit/crossValidation.js'

const truth = Mixture.of({
  means: [[-4, 0], [4, 1], [0, 7]], // prettier-ignore
  weights: [0.5, 0.3, 0.2],
  variances: [1, 0.5, 2]
})
const points = Mixture.sample(100)(Key.fromSeed(11))(truth)

/** The folds that a fit with the seed 0 makes. */
const folds = assignFolds(MAX_FOLDS, Key.child(1)(Key.fromSeed(0)))
const partsOf = (data: Points.Points): ReadonlyArray<number> => {
  const { of } = folds(data)
  return Array.from({ length: data.rows }, (_, i) => of(data, i))
}

const valueOf = (data: Source.Data, options: Fit.Options): number =>
  fit(data, { components: 1, family: 'full', ...options, criterion: 'crossValidated' }).crossValidated ?? NaN

describe('folds', () => {
  it('are as large as each other, to one row', () => {
    const parts = partsOf(points)
    expect(Array.from({ length: MAX_FOLDS }, (_, f) => parts.filter(part => part === f).length)).toEqual([
      20, 20, 20, 20, 20
    ])
  })

  it('follow the rows, not their order; equal rows are in one', () => {
    const order = Key.permutation(points.rows)(Key.fromSeed(3))
    const parts = partsOf(points)
    expect(partsOf(Points.select(order)(points))).toEqual(Array.from(order, i => parts[i]))
    const twice = partsOf(Points.select([...order, ...order])(points))
    expect(twice.slice(points.rows)).toEqual(twice.slice(0, points.rows))
  })

  it('are no more than rows differ', () => {
    expect(folds({ rows: 4, dim: 1, values: Float64Array.of(1, 2, 2, 1) }).count).toBe(2)
  })
})

describe('the cross-validated deviance', () => {
  it('is that of Gaussians by their own means and covariances without each part', () => {
    const parts = partsOf(points)
    const rows = Points.toRows(points)
    const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, x) => sum + x, 0) / values.length
    const deviance = Array.from({ length: MAX_FOLDS }, (_, f) => {
      const inside = rows.filter((_, i) => parts[i] !== f)
      const [a, b] = [0, 1].map(j => mean(inside.map(row => row[j])))
      const about = (i: number, j: number): number =>
        mean(inside.map(row => (row[i] - [a, b][i]) * (row[j] - [a, b][j])))
      const xx = about(0, 0)
      const xy = about(0, 1)
      const yy = about(1, 1)
      const determinant = xx * yy - xy * xy
      return rows
        .filter((_, i) => parts[i] === f)
        .map(([x, y]) => {
          const u = x - a
          const v = y - b
          return (
            2 * Math.log(2 * Math.PI) + Math.log(determinant) + (yy * u * u - 2 * xy * u * v + xx * v * v) / determinant
          )
        })
        .reduce((sum, x) => sum + x, 0)
    }).reduce((sum, x) => sum + x, 0)
    // One step of expectation–maximization is exact; sums of 100 rows.
    expect(Math.abs(valueOf(points, {}) / deviance - 1)).toBeLessThan(1e-11)
  })

  it('does not depend on the order of the rows, nor on whether they are in memory; a weight of two is two rows', () => {
    const value = valueOf(points, {})
    const order = Key.permutation(points.rows)(Key.fromSeed(5))
    expect(Math.abs(valueOf(Points.select(order)(points), {}) / value - 1)).toBeLessThan(1e-11)
    expect(valueOf(Source.of(points), {})).toBe(value)
    const rows = Points.toRows(points)
    const doubled = valueOf(Points.select([...rows.keys(), 0, 1, 2])(points), {})
    const weights = rows.map((_, i) => (i < 3 ? 2 : 1))
    expect(Math.abs(valueOf(points, { weights }) / doubled - 1)).toBeLessThan(1e-11)
    expect(Math.abs(doubled / value - 1)).toBeGreaterThan(1e-3)
  })

  it('chooses the three clusters that there are, tells how far it has come, and ranks by it', () => {
    const done: Fit.Progress[] = []
    const model = fit(points, {
      components: [2, 3, 4],
      family: ['isotropic', 'full'],
      criterion: 'crossValidated',
      onProgress: progress => done.push(progress)
    })
    expect([model.components, model.family]).toEqual([3, 'isotropic'])
    expect(done.map(({ done }) => done)).toEqual(Array.from({ length: 6 * (MAX_FOLDS + 1) }, (_, i) => i))
    expect(new Set(done.map(({ of }) => of))).toEqual(new Set([6 * (MAX_FOLDS + 1)]))
    const values = model.candidates
      .filter(({ isSelectable }) => isSelectable)
      .map(({ statistics }) => statistics.crossValidated ?? NaN)
    expect(values.length).toBeGreaterThan(3)
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(model.table()).toContain('cross-validated deviance')
  })

  it('refuses what cannot be learned without a part, and tells why', () => {
    const few = Points.select([0, 1, 2, 3, 4, 5, 6])(points)
    const { refused } = fit(few, { components: [1, 2], family: ['full', 'isotropic'], criterion: 'crossValidated' })
    // Seven rows are enough for both numbers, and five or six are not.
    expect(refused.map(({ family, components, problem }) => `${components} ${family}: ${problem.domain}`)).toEqual([
      '2 full: learnable from the rows without a part of them, which cross-validation asks'
    ])
  })
})
