import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { bufferCache, type BufferCache } from '../../../lib/compiler/bufferCache.js'

/** Places that are never the same twice; those that are taken, with their lengths. */
const places = () => {
  const taken = new Map<number, number>()
  let next = 64
  return {
    taken,
    take: (length: number): number => {
      next += 64
      taken.set(next, length)
      return next
    },
    give: (at: number, length: number): void => {
      expect(taken.get(at)).toBe(length)
      taken.delete(at)
    }
  }
}
const total = ({ taken }: ReturnType<typeof places>): number => [...taken.values()].reduce((a, b) => a + b, 0)

/** Asks for arrays in one call; those that were written. */
const call = (stay: BufferCache, ...arrays: ReadonlyArray<Float64Array>): ReadonlyArray<number> => {
  stay.begin()
  const written: number[] = []
  arrays.forEach((values, i) => {
    stay.at(values, { precision: 'float64', length: values.length }, () => {
      written.push(i)
    })
  })
  return written
}
const array = (length: number): Float64Array => new Float64Array(length)

describe('cached data', () => {
  it('are written once, and the least recently used are dropped', () => {
    const memory = places()
    const stay = bufferCache(memory, 100)
    const [a, b, c] = [40, 40, 40].map(array)
    expect(call(stay, a)).toEqual([0])
    expect(call(stay, b)).toEqual([0])
    expect(call(stay, a)).toEqual([])
    expect(call(stay, c)).toEqual([0])
    expect(total(memory)).toBe(80)
    expect(call(stay, a)).toEqual([])
    expect(call(stay, b)).toEqual([0])
  })
  it('are kept while a call uses them, whatever their size', () => {
    const memory = places()
    const stay = bufferCache(memory, 100)
    const [a, b, c] = [80, 80, 80].map(array)
    stay.begin()
    const at = [a, b, c].map(values => stay.at(values, { precision: 'float64', length: 80 }, () => undefined))
    expect(at.map(one => memory.taken.get(one))).toEqual([80, 80, 80])
    // and make room for the next
    expect(call(stay, array(30))).toEqual([0])
    expect(total(memory)).toBe(30)
  })
  it('are stored separately as doubles and as floats', () => {
    const stay = bufferCache(places(), 100)
    const a = array(10)
    stay.begin()
    expect(stay.at(a, { precision: 'float64', length: 10 }, () => undefined)).not.toBe(
      stay.at(a, { precision: 'float32', length: 5 }, () => undefined)
    )
  })
  it('are freed if memory is short, except for those in use', () => {
    const memory = places()
    const stay = bufferCache(memory, 100)
    call(stay, array(10), array(20))
    const c = array(30)
    stay.begin()
    stay.at(c, { precision: 'float64', length: 30 }, () => undefined)
    expect(stay.clear()).toBe(true)
    expect(stay.clear()).toBe(false)
    expect(total(memory)).toBe(30)
  })
  it('are freed with the arrays of the caller', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const memory = places()
    const stay = bufferCache(memory, 1e6)
    const kept = array(7)
    call(stay, kept)
    for (let i = 0; i < 1000; i++) call(stay, array(100))
    expect(total(memory)).toBe(100_007)
    // collected in one turn of the event loop, and told of in another
    for (let turn = 0; turn < 100 && total(memory) > 7; turn++) {
      await new Promise(resolve => setTimeout(resolve, 5))
      gc()
    }
    expect(total(memory)).toBe(7)
    expect(call(stay, kept)).toEqual([])
  })
})
