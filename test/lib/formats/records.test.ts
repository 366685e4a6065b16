/** Texts cut between records: nothing is lost, and no record is in two pieces. */
import fc from 'fast-check'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { collectAsync } from '../../../lib/plain/gather.js'
import { recordsOfPieces, type Marks } from '../../../lib/formats/records.js'

const marks: Marks = { separator: ',', comment: '#', skip: 0 }

async function* pieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield await Promise.resolve(text.slice(at, at + length))
}
const cut = (text: string, length: number, atOnce: number, how: Marks = marks): Promise<ReadonlyArray<string>> =>
  collectAsync(recordsOfPieces(pieces(text, length), () => how, atOnce))
const cellsOf = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  Papa.parse<ReadonlyArray<string>>(text, { delimiter: ',', newline: '\n', comments: '#' }).data.filter(
    row => row.length > 1 || row[0] !== ''
  )

const quoted = fc
  .array(fc.constantFrom('a', '1', ',', '\n', '""', ' ', '#', '\r\n'), { maxLength: 6 })
  .map(parts => `"${parts.join('')}"`)
const plain = fc
  .array(fc.constantFrom('a', '1', ' ', '#', 'b"', '"'), { maxLength: 4 })
  .map(parts => `x${parts.join('')}`)
const comment = fc.constantFrom('#', '# it,"says', '#"')
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(fc.oneof(quoted, plain), { minLength: 1, maxLength: 4 }).map(cells => cells.join(','))
  },
  { weight: 1, arbitrary: comment }
)
const table = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 12 }), fc.constantFrom('\n', '\r\n', '\r'), fc.boolean())
  .map(([lines, end, isEnded]) => lines.join(end) + (isEnded ? end : ''))

describe('records', () => {
  it('are those of the whole text, for all pieces', () =>
    fc.assert(
      fc.asyncProperty(
        table,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 20 }),
        async (text, length, atOnce) => {
          const found = await cut(text, length, atOnce)
          expect(found.join('')).toBe(text.replace(/\r\n?/g, '\n'))
          expect(found.flatMap(cellsOf)).toEqual(cellsOf(found.join('')))
        }
      ),
      { numRuns: 63 }
    ))

  it('come in pieces of about the requested length', async () => {
    const text = 'a,"b\nc"\n'.repeat(100)
    const found = await cut(text, 7, 50)
    expect(found.length).toBeGreaterThan(10)
    expect(Math.max(...found.map(({ length }) => length))).toBeLessThanOrEqual(64)
  })

  it('begin after the lines to skip', async () => {
    const found = await cut('a " quote, "here\nand "\n1,2\n3,4\n5,6\n', 3, 4, { ...marks, skip: 2 })
    expect(found).toEqual(['a " quote, "here\nand "\n1,2\n', '3,4\n5,6\n'])
  })
})
