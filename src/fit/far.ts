/**
 * Rows that are so far from most that one cell alone makes the unit of its column. It is told by the middle of the column and by how wide the middle
 * half of it is, which less than a quarter of the rows, however far, hardly move: what was learned is moved by a single one.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { column, type Points } from '../data/points.js'

/** A row and its furthest column, from 0, and between which numbers the middle half of that column is. */
export interface Far {
  readonly row: number
  readonly column: number
  readonly value: number
  readonly middle: readonly [number, number]
  /** How many times as far as it may be. */
  readonly times: number
}

/** A Gaussian's standard deviation is three quarters of the width of its middle half: one of so many widths is made by few cells. */
const WIDTHS = 10

/**
 * Rows with a cell of which (x − median)² / n > (10 width)², so that it alone makes a standard deviation of ten widths of the middle half; the
 * furthest first. Cells that are missing, NaN, are left out, and a column of which half the numbers are equal has no width, and tells of none.
 */
export const of = (points: Points): ReadonlyArray<Far> => {
  const { rows, dim, values } = points
  const columns = RA.makeBy(dim, j => {
    const cells = column(j)(points)
    const sorted = cells.filter(x => !Number.isNaN(x)).sort()
    const [low, median, high] = [1, 2, 3].map(quarter => sorted[Math.floor((quarter / 4) * (sorted.length - 1))])
    const most = WIDTHS * (high - low) * Math.sqrt(sorted.length)
    const isReached = sorted.length > 0 && Math.max(median - sorted[0], sorted[sorted.length - 1] - median) > most
    return { low, median, high, most, isReached: most > 0 && isReached }
  })
  if (!columns.some(({ isReached }) => isReached)) return []
  const furthest = (row: number): Far =>
    columns
      .map(({ low, median, high, most }, column): Far => {
        const value = values[row * dim + column]
        const times = most > 0 ? Math.abs(value - median) / most : 0
        return { row, column, value, middle: [low, high], times }
      })
      .reduce((far, one) => (one.times > far.times || Number.isNaN(far.times) ? one : far))
  return RA.makeBy(rows, furthest)
    .filter(({ times }) => times > 1)
    .sort((a, b) => b.times - a.times)
}
