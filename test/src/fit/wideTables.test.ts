/**
 * Fits of tables with far more columns than rows. Isotropic and diagonal families need O(rows · columns) numbers. A single array of
 * columns × columns numbers would take 7 GB here, and the time of a fit would rise with the square or the cube of the columns: no such fit ends.
 */
import { describe, expect, it } from 'vitest'
import { isSlow } from '../../cases.js'
import { fit, Key, type Points } from '../../../src/index.js'

const ROWS = 12
const COLUMNS = 30_000

const isFirstGroup = (row: number): boolean => row % 3 === 0

/** Two groups of rows, 0.7 · √30 000 = 121 standard deviations apart. */
const points: Points.Points = {
  rows: ROWS,
  dim: COLUMNS,
  values: Key.normal(ROWS * COLUMNS)(Key.fromSeed(5)).map((z, at) =>
    isFirstGroup(Math.floor(at / COLUMNS)) ? z + (at % 2 === 0 ? 0.7 : -0.7) : z
  )
}

describe('a table of 12 rows and 30 000 columns', () => {
  it.each(isSlow ? (['isotropic', 'tiedIsotropic', 'diagonal'] as const) : (['tiedDiagonal'] as const))(
    'is fitted by the family %s',
    family => {
      const { assign } = fit(points, { components: 2, family })
      const labels = assign(points).map(({ component }) => component)
      expect(labels.map(label => label === labels[0])).toEqual(labels.map((_, row) => isFirstGroup(row)))
    },
    120_000
  )
})
