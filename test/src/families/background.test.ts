/** Where a background is: by rows with their weights, a row of weight 2 as two rows. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { fit, Key, Points, Problem, Score } from '../../../src/index.js'
import { today } from '../../today.js'

type Shape = 'cauchy' | 'box'
type Rows = ReadonlyArray<ReadonlyArray<number>>

const uniform = (of: number, count: number): ReadonlyArray<number> => Array.from(Key.uniform(count)(Key.child(of)(Key.fromSeed(today)))) // prettier-ignore

/** Numbers of which some are equal, and whole weights, some of them 0. */
const rowsOf = (seed: number, rows: number): Rows =>
  Array.from({ length: rows }, (_, i) => [0, 1].map(j => Math.round(12 * uniform(2 * seed + j, rows)[i])))
const timesOf = (seed: number, rows: number): ReadonlyArray<number> => [1, ...uniform(1000 + seed, rows - 1).map(u => Math.floor(4 * u))] // prettier-ignore
const repeated = (rows: Rows, times: ReadonlyArray<number>): Rows => rows.flatMap((row, i) => Array.from({ length: times[i] }, () => row)) // prettier-ignore

const weighted = (rows: Rows, weights?: ReadonlyArray<number>): Points.Points => {
  const points = Problem.orThrow(Points.fromRows(rows))
  return weights === undefined ? points : Problem.orThrow(Points.weighted(weights)(points))
}

const { mixture: somewhere } = fit([[0, 0], [1, 0], [0, 1], [2, 3], [4, 1]], { components: 1, family: 'full' }) // prettier-ignore

/** Its centre and scale, taken from points. */
const placed = (
  shape: Shape,
  points: Points.Points
): { readonly centre: ReadonlyArray<number>; readonly scale: ReadonlyArray<number> } => {
  const score = pipe(Score.full({ components: 1 }), Score.withBackground({ shape }))
  const { family } = Score.interpret(score)
  const found = pipe(
    O.Do,
    O.apS('own', family),
    O.bind('place', ({ own }) => own.placed),
    O.bind('start', ({ own }) => own.fromMixture),
    O.map(({ place, start }) => place(points)(start(somewhere)))
  )
  if (O.isNone(found)) throw new Error('no background')
  const params: Readonly<Record<string, { readonly values: Float64Array }>> = found.value
  return { centre: [...params['backgroundCentre'].values], scale: Array.from(params['backgroundScale'].values, Math.exp) } // prettier-ignore
}

/** The middle of the np-th and the next of sorted numbers where np is whole, else the one that np is rounded up to. */
const middleOf = (sorted: ReadonlyArray<number>, quarters: number): number => {
  const at = (quarters * sorted.length) / 4
  return Number.isInteger(at) ? (sorted[at - 1] + sorted[at]) / 2 : sorted[Math.ceil(at) - 1]
}

describe('a background is placed', () => {
  const seeds = [0, 1, 2, 3, 4, 5, 6, 7]
  const shapes = ['cauchy', 'box'] as const

  it('at medians, as wide as twice the middle half, of rows as often as they weigh', () => {
    for (const seed of seeds) {
      const [rows, times] = [rowsOf(seed, 5 + 3 * seed), timesOf(seed, 5 + 3 * seed)]
      const { centre, scale } = placed('cauchy', weighted(rows, times))
      for (const j of [0, 1]) {
        const sorted = repeated(rows, times).map(row => row[j]).sort((a, b) => a - b) // prettier-ignore
        expect(centre[j], `seed ${seed} of ${today}`).toBe(middleOf(sorted, 2))
        const width = middleOf(sorted, 3) - middleOf(sorted, 1)
        const expected = 2 * (width > 0 ? width : sorted[sorted.length - 1] - sorted[0])
        expect(Math.abs(scale[j] - (expected > 0 ? expected : 1))).toBeLessThan(1e-14 * Math.max(1, expected) * 4)
      }
    }
  })

  it.each(shapes)('by repeats as by weights, and by each row twice as once: %s', shape => {
    for (const seed of seeds) {
      const [rows, times] = [rowsOf(seed, 40), timesOf(seed, 40)]
      const expected = placed(shape, weighted(repeated(rows, times)))
      expect(placed(shape, weighted(rows, times)), `seed ${seed} of ${today}`).toEqual(expected)
      expect(placed(shape, weighted([...rows, ...rows], [...times, ...times]))).toEqual(expected)
    }
  })

  it.each([0.1, 1 / 3, 2, 1e-300])('by equal weights of %d as by none', weight => {
    for (const rows of [3, 4, 10, 100, 999, 1000]) {
      const own = rowsOf(rows, rows)
      expect(placed('cauchy', weighted(own, own.map(() => weight))), `${rows} rows of ${today}`).toEqual(placed('cauchy', weighted(own))) // prettier-ignore
    }
  })

  it.each(shapes)('in a fit of weighted rows where it is in one of repeated rows: %s', shape => {
    const near = Key.normal(40)(Key.fromSeed(today))
    const rows = [...Array.from(near, (z, i) => [i < 20 ? z : 20 + 3 * z]), [60], [-40], [80]]
    const weights = rows.map((_, i) => (i < 20 ? 9 : 1))
    const family = ({ components }: { readonly components: number }) => pipe(Score.full({ components }), Score.withBackground({ shape })) // prettier-ignore
    const [one, other] = [fit(rows, { components: 2, family, weights }), fit(repeated(rows, weights), { components: 2, family })].map(({ mixture: { background }, icl }) => [background?.centre[0], background?.scale[0], icl]) // prettier-ignore
    // Means and deviations by which columns are brought to a unit are sums in another order.
    one.forEach((x = NaN, i) => {
      expect(Math.abs(x - (other[i] ?? NaN)), `${i} of ${today}`).toBeLessThan(1e-9 * Math.abs(x) + 1e-9)
    })
  })
})
