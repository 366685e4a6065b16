/** The cut of rows into chunks, and sums over them. */
import { describe, expect, it } from 'vitest'
import * as Reductions from '../../../lib/rows/reduction.js'

const sizes = [1, 2, 63, 64, 512, 513, 4096, 40_961, 1e6, 8_388_608, 8_388_609, 1e9]

describe('the partition', () => {
  it.each(sizes)('of %d rows holds every row once, in chunks of a multiple of 64 rows of bounded size', rows => {
    const cut = Reductions.partitionRows(rows)
    expect(cut.chunkRows % 64).toBe(0)
    expect(cut.chunkRows).toBeGreaterThanOrEqual(512)
    expect(cut.chunkRows).toBeLessThanOrEqual(131_072)
    expect(rows > 8_388_608 || cut.chunks <= 64).toBe(true)
    let next = 0
    for (let s = 0; s < cut.chunks; s++) {
      const { first, count } = Reductions.rowsOfChunks(cut, s, s + 1)
      expect(first).toBe(next)
      expect(count).toBeGreaterThan(0)
      next = first + count
    }
    expect(next).toBe(rows)
  })
})

/** Σ x_i and Σ x_i², of numbers that no order of adding leaves alone. */
const sum = (rows: number, asked: [number, number][] = []): Reductions.Reduction<Float64Array> => ({
  rows,
  width: 2,
  chunks: (from, to) => {
    asked.push([from, to])
    return Reductions.chunksByRow(rows, 2, (first, count, into) => {
      for (let i = first; i < first + count; i++) {
        const x = Math.fround(Math.sin(i)) * 10 ** (i % 9)
        into[0] += x
        into[1] += x * x
      }
    })(from, to)
  },
  finish: sums => sums
})

describe('a reduction', () => {
  it('has the same bits however its chunks are grouped', () => {
    const rows = 70_000
    const whole = Reductions.evaluate(sum(rows))
    const { chunks } = Reductions.partitionRows(rows)
    expect(chunks).toBe(61)
    const apart = new Float64Array(2)
    for (const [from, to] of [
      [0, 7],
      [7, 8],
      [8, 61]
    ])
      Reductions.addChunkSums(apart, sum(rows).chunks(from, to))
    expect(apart).toEqual(whole)
    // In another order it has not: so the order is what keeps them.
    const turned = new Float64Array(2)
    for (let s = chunks; s > 0; s--) Reductions.addChunkSums(turned, sum(rows).chunks(s - 1, s))
    expect(turned).not.toEqual(whole)
  })

  it('requests a bounded number of chunks at a time, and each once', () => {
    const asked: [number, number][] = []
    Reductions.evaluate({
      ...sum(20_000_000, asked),
      chunks: (from, to) => (asked.push([from, to]), new Float64Array(2 * (to - from)))
    })
    expect(asked).toEqual([
      [0, 64],
      [64, 128],
      [128, 153]
    ])
  })

  it('is joined with others over the same rows', () => {
    const rows = 5000
    const first = sum(rows)
    const second = Reductions.mapReduction((sums: Float64Array) => sums.map(x => -x))(sum(rows))
    const both = Reductions.evaluate(Reductions.all(rows, [first, second]))
    expect(both).toEqual([Reductions.evaluate(first), Reductions.evaluate(second)])
  })
})

describe('batched computations', () => {
  const asking = (of: number, ahead: boolean, log: Array<string>, isWorth = true): Reductions.Reduction<number> => {
    const kind = log
    const own: Reductions.Prefetch = {
      kind,
      isWorth: count => isWorth && count > 1,
      compute: all => {
        log.push(`${all.length} ahead`)
      }
    }
    return {
      rows: 3,
      width: 1,
      chunks: () => Float64Array.of(of),
      finish: ([x]) => x,
      ...(ahead && { prefetch: [own] })
    }
  }
  it('keep memoized values, and evaluate simultaneous reductions together', () => {
    const log: Array<string> = []
    const counted = (name: string) => (): number => {
      const own = Reductions.memoized(() => log.push(`${name} begins`) && 2)
      const first = Reductions.evaluate(asking(own, true, log))
      return first + Reductions.evaluate(asking(3, false, log))
    }
    expect(Reductions.evaluateBatched([counted('a'), counted('b')])).toEqual([5, 5])
    expect(log).toEqual(['a begins', 'b begins', '2 ahead'])
  })
  it('evaluate a cheap reduction directly, without a re-run', () => {
    const log: Array<string> = []
    const one = (name: string) => (): number => {
      log.push(name)
      return Reductions.evaluate(asking(2, true, log, false))
    }
    expect(Reductions.evaluateBatched([one('a'), one('b')])).toEqual([2, 2])
    expect(log).toEqual(['a', 'b'])
  })
  it('are suspended even if they catch what evaluate throws', () => {
    const own: Array<string> = []
    const careless = (): number => {
      try {
        return Reductions.evaluate(asking(1, true, own))
      } catch {
        return -1
      }
    }
    expect(Reductions.evaluateBatched([careless, careless])).toEqual([1, 1])
  })
  it('rethrow the error of one of them, and leave no state behind', () => {
    expect(() =>
      Reductions.evaluateBatched([
        () => {
          throw new RangeError('own')
        }
      ])
    ).toThrow('own')
    expect(Reductions.evaluate(asking(4, true, []))).toBe(4)
  })
})
