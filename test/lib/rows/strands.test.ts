/** The cut of rows into strands, and sums over them. */
import { describe, expect, it } from 'vitest'
import * as Strands from '../../../lib/rows/strands.js'

const sizes = [1, 2, 63, 64, 512, 513, 4096, 40_961, 1e6, 8_388_608, 8_388_609, 1e9]

describe('the cut', () => {
  it.each(sizes)('of %d rows holds every row once, in strands of whole sixty-fours that memory can hold', rows => {
    const cut = Strands.cut(rows)
    expect(cut.strandRows % 64).toBe(0)
    expect(cut.strandRows).toBeGreaterThanOrEqual(512)
    expect(cut.strandRows).toBeLessThanOrEqual(131_072)
    expect(rows > 8_388_608 || cut.strands <= 64).toBe(true)
    let next = 0
    for (let s = 0; s < cut.strands; s++) {
      const { first, count } = Strands.rowsOf(cut, s, s + 1)
      expect(first).toBe(next)
      expect(count).toBeGreaterThan(0)
      next = first + count
    }
    expect(next).toBe(rows)
  })
})

/** Σ x_i and Σ x_i², of numbers that no order of adding leaves alone. */
const sum = (rows: number, asked: [number, number][] = []): Strands.Sum<Float64Array> => ({
  rows,
  width: 2,
  strands: (from, to) => {
    asked.push([from, to])
    return Strands.each(rows, 2, (first, count, into) => {
      for (let i = first; i < first + count; i++) {
        const x = Math.fround(Math.sin(i)) * 10 ** (i % 9)
        into[0] += x
        into[1] += x * x
      }
    })(from, to)
  },
  found: sums => sums
})

describe('a sum', () => {
  it('has the same bits whoever takes its strands', () => {
    const rows = 70_000
    const whole = Strands.taken(sum(rows))
    const { strands } = Strands.cut(rows)
    expect(strands).toBe(61)
    const apart = new Float64Array(2)
    for (const [from, to] of [
      [0, 7],
      [7, 8],
      [8, 61]
    ])
      Strands.add(apart, sum(rows).strands(from, to))
    expect(apart).toEqual(whole)
    // In another order it has not: so the order is what keeps them.
    const turned = new Float64Array(2)
    for (let s = strands; s > 0; s--) Strands.add(turned, sum(rows).strands(s - 1, s))
    expect(turned).not.toEqual(whole)
  })

  it('is asked for no more strands at a time than are held, and for none twice', () => {
    const asked: [number, number][] = []
    Strands.taken({
      ...sum(20_000_000, asked),
      strands: (from, to) => (asked.push([from, to]), new Float64Array(2 * (to - from)))
    })
    expect(asked).toEqual([
      [0, 64],
      [64, 128],
      [128, 153]
    ])
  })

  it('goes with others over the same rows', () => {
    const rows = 5000
    const first = sum(rows)
    const second = Strands.map((sums: Float64Array) => sums.map(x => -x))(sum(rows))
    const both = Strands.taken(Strands.all(rows, [first, second]))
    expect(both).toEqual([Strands.taken(first), Strands.taken(second)])
  })
})
