/** Cells that alone determine the scale of their column, found by its quartiles. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { columnOfPoints, type Points } from '../data/points.js'

/** Most distant cell of a row; indices from 0. */
export interface DistantCell {
  readonly row: number
  readonly column: number
  readonly value: number
  /** Quartiles of the column. */
  readonly middle: readonly [number, number]
  /** Distance from the median, in units of the threshold. */
  readonly times: number
}

/** In interquartile ranges; the range of a Gaussian is 4/3 standard deviations. */
const MAX_INTERQUARTILE_RANGES = 10

/**
 * Returns the cells with |x − median| > 10 √n interquartile ranges, farthest first, at most one per row. Such a cell alone makes the
 * standard deviation ten ranges. Missing cells and columns with range 0 have none.
 */
export const distantCells = (points: Points): ReadonlyArray<DistantCell> => {
  const { rows, dim, values } = points
  const columns = RA.makeBy(dim, j => {
    const cells = columnOfPoints(j)(points)
    const sorted = cells.filter(x => !Number.isNaN(x)).sort()
    const [low, median, high] = [1, 2, 3].map(quarter => sorted[Math.floor((quarter / 4) * (sorted.length - 1))])
    const threshold = MAX_INTERQUARTILE_RANGES * (high - low) * Math.sqrt(sorted.length)
    const largest = Math.max(median - sorted[0], sorted[sorted.length - 1] - median)
    return { low, median, high, threshold, isExceeded: sorted.length > 0 && threshold > 0 && largest > threshold }
  })
  if (!columns.some(({ isExceeded }) => isExceeded)) return []
  const mostDistant = (row: number): DistantCell =>
    columns
      .map(({ low, median, high, threshold }, column): DistantCell => {
        const value = values[row * dim + column]
        const times = threshold > 0 ? Math.abs(value - median) / threshold : 0
        return { row, column, value, middle: [low, high], times }
      })
      .reduce((farthest, cell) => (cell.times > farthest.times || Number.isNaN(farthest.times) ? cell : farthest))
  return RA.makeBy(rows, mostDistant)
    .filter(({ times }) => times > 1)
    .sort((a, b) => b.times - a.times)
}
