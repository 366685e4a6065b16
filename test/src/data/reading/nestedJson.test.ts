/** Tables inside JSON. */
import * as Either from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { readCsv } from '../../../../src/data/csv.js'
import { tableOfNestedJson } from '../../../../src/data/reading/nestedJson.js'
import { message, right } from '../drawn.js'

const rows = [{ x: 1, y: 2.5 }, { x: 3, y: null }] // prettier-ignore
const records = [['x', 'y'], ['1', '2.5'], ['3', '']] // prettier-ignore
const read = (value: unknown, path?: string): unknown => {
  const found = tableOfNestedJson(JSON.stringify(value), path)
  return Either.isLeft(found) ? message(found) : [found.right.place, found.right.records]
}

describe('a table inside JSON', () => {
  it.each<[string, unknown, string]>([
    ['a list of records', rows, ''],
    ['in a record', { source: 'lab', data: rows }, 'data'],
    ['at depth four', { a: { b: { c: { d: rows } } } }, 'a.b.c.d'],
    ['equally long lists', { x: [1, 3], y: [2.5, null], note: 'two' }, ''],
    ['equally long lists in a record', { meta: { n: 2 }, table: { x: [1, 3], y: [2.5, null] } }, 'table'],
    ['beside a list of texts', { tags: [{ tag: 'a' }, { tag: 'b' }], data: rows }, 'data']
  ])('is found: %s', (_, value, place) => expect(read(value)).toEqual([place, records]))

  it('names the entries of a record inside a record by both keys', () => {
    expect(read([{ id: 7, at: { lat: 1, lon: 2 } }])).toEqual(['', [['id', 'at.lat', 'at.lon'], ['7', '1', '2']]]) // prettier-ignore
  })

  it('is not found below depth four', () => {
    expect(read({ a: { b: { c: { d: { e: rows } } } } })).toContain('without a list of records')
  })

  it('is refused if there are several, and each that is listed can be chosen', () => {
    const several = { first: rows, second: { x: [9, 8], z: [7, 6] } }
    expect(read(several)).toBe(
      'text: a file of 2 tables ("first" (3 × 2), "second" (3 × 2)) is not one table; ' +
        "set 'path' to 'first', or the name of another"
    )
    expect(read(several, 'first')).toEqual(['first', records])
    expect(read(several, 'second')).toEqual(['second', [['x', 'z'], ['9', '7'], ['8', '6']]]) // prettier-ignore
    expect(read(several, 'third')).toContain('choose one of "first"')
  })

  it('is refused if it is cut short or has lists of unequal lengths', () => {
    expect(message(tableOfNestedJson('{"data": [{"x": 1}'))).toContain('whole JSON')
    expect(read({ x: [1, 2], y: [1, 2, 3] })).toContain('without a list of records')
  })

  it('is read by the reader of tables, number for number', () => {
    const { points, columns } = right(readCsv(JSON.stringify({ data: rows }, null, 2), { missing: 'keep' }))
    expect(columns).toEqual(['x', 'y'])
    expect([...points.values]).toEqual([1, 2.5, 3, NaN])
  })
})
