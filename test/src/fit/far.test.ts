/** Rows that are far from most are told by medians and quartiles, and named with what is far of them. */
import { afterAll, describe, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../src/index.js'
import { distantCells } from '../../../src/fit/distantCells.js'
import { isSlow, SEED, once } from '../../cases.js'
import { place } from '../cli/harness.js'

const here = place()
afterAll(here.remove)

type Rows = ReadonlyArray<ReadonlyArray<number>>

const pointsOf = (rows: Rows): Points.Points => ({ rows: rows.length, dim: rows[0].length, values: Float64Array.from(rows.flat()) }) // prettier-ignore
const column = (...values: ReadonlyArray<number>): Points.Points => pointsOf(values.map(x => [x]))
const clusters = Points.toRows(
  Mixture.sample(60)(Key.fromSeed(SEED))(Mixture.of({ means: [[0, 0], [5, -3]] })) // prettier-ignore
)
/** The clusters with other numbers in the first column of some rows, by their places. */
const withCells = (cells: Readonly<Record<number, number>>): Rows =>
  clusters.map(([x, y], i) => [i in cells ? cells[i] : x, y])

describe('rows far from most', () => {
  once('are those of which a cell alone makes a standard deviation of ten widths of the middle half', () => {
    // Quartiles −1 and 1 about 0: of nine rows a cell is far from 10 · 2 · √9 = 60 on.
    const rows = [-3, -2, -1, -0.5, 0, 0.5, 1, 2]
    expect(distantCells(column(...rows, 60))).toEqual([])
    expect(distantCells(column(...rows, 60.1))).toEqual([{ row: 8, column: 0, value: 60.1, middle: [-1, 1], times: 60.1 / 60 }]) // prettier-ignore
    expect(distantCells(column(...rows, NaN, 60.1))).toHaveLength(1)
  })

  once('are none of clusters, of two levels, or of a column that is mostly one number', () => {
    expect(distantCells(pointsOf(clusters))).toEqual([])
    expect(distantCells(column(...clusters.map((_, i) => (i % 2) * 1e9)))).toEqual([])
    expect(distantCells(column(...clusters.map((_, i) => (i % 20 === 0 ? 50 + i : 0))))).toEqual([])
    expect(distantCells(column(7, 7, 7))).toEqual([])
    expect(distantCells(column(1))).toEqual([])
  })

  once('are told alike however far they are, the furthest first, in any unit', () => {
    const told = (by: number): unknown =>
      distantCells(pointsOf(withCells({ 40: 1e9 * by, 3: -1e7, 50: 1e6 }))).map(({ row, column, middle }) => [row, column, middle]) // prettier-ignore
    const found = distantCells(pointsOf(withCells({ 40: 1e9, 3: -1e7, 50: 1e6 })))
    expect(found.map(({ row, column }) => [row, column])).toEqual([[40, 0], [3, 0], [50, 0]]) // prettier-ignore
    expect(told(1e9)).toEqual(told(1))
    const inOther = pointsOf(withCells({ 40: 1e9, 3: -1e7, 50: 1e6 }))
    expect(distantCells({ ...inOther, values: inOther.values.map(x => 2 ** -20 * x) }).map(({ times }) => times)).toEqual(found.map(({ times }) => times)) // prettier-ignore
  })
})

describe('ornstein fit', () => {
  const said = async (rows: Rows, flags: string): Promise<string> => {
    here.write('far.csv', `x,y\n${rows.map(row => row.join(',')).join('\n')}\n`)
    const { stdout } = await here.ornstein(`fit @far.csv ${flags} --report @far.html`)
    return stdout.replace(/\s+/g, ' ')
  }

  once.each(['--family tied-diagonal,full -k 1..3', '-k 3 --family tied-diagonal', '-k 2 --family tied --stream'])(
    'names the row and the cell, whether they hold the fit at its minimum variance or widen a component, and leaves no column out for them: %s',
    async flags => {
      const told = await said(withCells({ 40: 1e9 }), flags)
      expect(told).toMatch(/Far from most rows: row 41, whose x is 1000000000 where half of all rows are between \S+ and \S+\. What was learned depends on it\. Check the row: remove it if wrong, and fit again\./) // prettier-ignore
      expect(here.read('far.html')).toContain('row 41, whose x is 1000000000')
      expect(told).not.toContain('--exclude x')
    }
  )

  it.runIf(isSlow)('names none that a background takes, that is a component, or that is not there', async () => {
    const taken = await said(withCells({ 40: 1e3 }), '-k 2 --family tied --robust')
    // Of sixty rows of Gaussians one more may be far enough.
    expect(taken).toMatch(/rows? belongs? to it, and to no component: [^.]*\b41\b/)
    expect(taken).not.toContain('Far from')
    const own = await said(withCells({ 40: 1e3 }), '-k 3 --family tied-diagonal')
    expect(own).toContain('rests on row 41 alone')
    expect(own).not.toContain('Far from')
    expect(await said(clusters, '-k 2 --family tied')).not.toContain('Far from')
  })

  once('names three at most', async () => {
    const told = await said(withCells({ 1: 1e7, 20: 4e6, 40: 2e6, 50: 1e6, 55: 8e6 }), '-k 2 --family tied-diagonal')
    expect(told).toMatch(/Far from most rows: row 2, [^;]*; row 56, [^;]*; row 21, [^;]*; and 2 more\. What was learned depends on them\. Check the rows: remove them if wrong/) // prettier-ignore
  })
})
