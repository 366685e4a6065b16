/** Warnings about copied rows, tails that look like clusters, and tables of a few rows; and remedies that are not proposed untried. */
import { describe, expect, it } from 'vitest'
import { fit, Key, Mixture, type Points } from '../../../src/index.js'
import { asText } from '../../../src/report/document.js'
import { findProbableTails } from '../../../src/report/probableTails.js'
import { findRepeatedRows } from '../../../src/report/repeatedRows.js'
import { fitDocument } from '../../../src/report/report.js'
import { trust } from '../../../src/report/trust.js'
import { rowsOf } from '../../tables.js'
import { planted, two } from './fits.js'

const rounded = (points: Points.Points, units: ReadonlyArray<number>): Points.Points => ({
  ...points,
  values: points.values.map((x, at) => Math.round(x / units[at % points.dim]) * units[at % points.dim])
})

const textOf = (points: Points.Points, mixture: Mixture.Mixture): string =>
  asText(fitDocument(planted(mixture, points.rows, { points })), 200)

describe('repeated rows', () => {
  const sample = Mixture.sample(135)(Key.fromSeed(3))(two)
  const copied = Array.from({ length: 338 }, (_, i) => (i < 135 ? i : (i * i) % 135))
  const points = { rows: 338, dim: 2, values: Float64Array.from(copied.flatMap(i => [sample.values[2 * i], sample.values[2 * i + 1]])) } // prettier-ignore

  it('are counted if many are copies, and reported', () => {
    expect(findRepeatedRows(points)).toMatchObject({ rows: 338, distinct: 135 })
    expect(textOf(points, two)).toContain('203 of 338 rows repeat another row in every column')
  })

  it('are counted if the copied rows are rounded too', () => {
    // 0.001 is 1/1000 of the standard deviations, so two separate rows hardly agree in both columns.
    expect(findRepeatedRows(rounded(points, [1e-3, 0.5]))?.rows).toBe(338)
  })

  // Units from coarse to fine: many rows are equal in the first, few in the last.
  it.each([0.03, 0.1, 0.3, 1])('are none in a table rounded to %d standard deviations', unit => {
    for (const seed of [1, 2, 3]) {
      const large = Mixture.sample(2000)(Key.fromSeed(seed))(two)
      expect(findRepeatedRows(rounded(large, [unit, unit]))).toBe(null)
      expect(findRepeatedRows(rounded(large, [unit, 10]))).toBe(null)
      expect(findRepeatedRows(rounded(large, [unit, 1000]))).toBe(null)
    }
  })

  it.each(['faithful', 'iris', 'penguins', 'wine'])('are none in %s, whose cells have few decimals', name => {
    const rows = rowsOf(name)
    const points = { rows: rows.length, dim: rows[0].length, values: Float64Array.from(rows.flat()) }
    expect(findRepeatedRows(points)).toBe(null)
  })
})

describe('a probable tail', () => {
  const mixture = Mixture.of({
    means: [[0, 0], [0.4, 0.3], [9, 0]],
    weights: [0.5, 0.1, 0.4],
    variances: [[1, 1], [1.2, 25], [1, 1]]
  }) // prettier-ignore

  it('has the centre of a heavier component and is several times as wide', () => {
    expect(findProbableTails(mixture)).toEqual([{ tail: 1, core: 0, column: 1, ratio: 5 }])
    expect(textOf(Mixture.sample(300)(Key.fromSeed(1))(mixture), mixture)).toContain(
      'Component 2 has the centre of component 1 and is 5.0 times as wide in x2: it is probably the tail of component 1, not a cluster.'
    )
  })

  it('is found in a fit of t(2) with two components', () => {
    const heavy = { ...Mixture.of({ means: [[0]] }), tails: Float64Array.of(2) }
    for (const seed of [1, 2, 3]) {
      const found = fit(Mixture.sample(400)(Key.fromSeed(seed))(heavy), { components: 2, family: 'isotropic' })
      expect(findProbableTails(found.mixture)).toHaveLength(1)
    }
  })

  it('is no component with another centre, of nearly the same width, of more weight, or narrower in a column', () => {
    const pair = (mean: number, variances: ReadonlyArray<number>, weight: number): Mixture.Mixture =>
      Mixture.of({ means: [[0, 0], [mean, 0]], weights: [1 - weight, weight], variances: [[1, 1], variances] }) // prettier-ignore
    expect(findProbableTails(pair(0, [25, 25], 0.2))).toHaveLength(1)
    expect(findProbableTails(pair(4, [25, 25], 0.2))).toEqual([])
    expect(findProbableTails(pair(0, [4, 4], 0.2))).toEqual([])
    expect(findProbableTails(pair(0, [25, 25], 0.6))).toEqual([])
    expect(findProbableTails(pair(0, [25, 0.2], 0.2))).toEqual([])
  })
})

it('a table of two rows does not pass', () => {
  const points = { rows: 2, dim: 2, values: Float64Array.of(1, 2, 3, 5) }
  const found = fit(points, { components: 1, family: 'isotropic' })
  const text = textOf(points, found.mixture)
  expect(text).toContain('2 rows are too few to check a fit')
  expect(textOf(Mixture.sample(40)(Key.fromSeed(1))(two), two)).not.toContain('too few to check')
})

it('confusion beside a background is that of the components: rows sum to 1, and separate components are not confused', () => {
  const background = { share: 0.1, shape: 'cauchy', centre: [0, 0], scale: [1, 1] } as const
  const mixture = Mixture.of({ means: [[-20, 0], [20, 0]], background }) // prettier-ignore
  const points = Mixture.sample(50)(Key.fromSeed(1))(Mixture.withoutBackground(mixture))
  const { mistaken } = trust(planted(mixture, 50, { points }))
  mistaken.forEach((row, k) => expect(row[k]).toBeCloseTo(1, 6))
})
