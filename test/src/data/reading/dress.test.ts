/** The dresses themselves: what is written holds the numbers that are said, and nothing else is needed to take them back. */
import fc from 'fast-check'
import * as Either from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { readCsv } from '../../../../src/data/csv.js'
import { SEED } from '../../../cases.js'
import { dressed, dressesOf, encoded, PLAIN_DRESS, trueTables, type Encoding } from './dress.js'
import { verdict, type ReadColumns } from './roundTrip.js'

const readPlain = (text: string): ReadColumns => {
  const found = readCsv(text, { missing: 'keep' })
  if (Either.isLeft(found)) return null
  const { points, columns } = found.right
  return {
    names: columns,
    columns: columns.map((_, j) =>
      Float64Array.from({ length: points.rows }, (_, i) => points.values[i * points.dim + j])
    )
  }
}

it('a plain dress is read by the reader of plain tables, number for number', () => {
  fc.assert(
    fc.property(trueTables, table => {
      const plain = dressed(table, PLAIN_DRESS)
      expect(verdict(plain, readPlain(plain.text))).toBe('read')
    }),
    { seed: SEED, numRuns: 100 }
  )
})

it('bytes of an encoding are decoded by the platform to the text', () => {
  fc.assert(
    fc.property(trueTables, dressesOf({ minLength: 1, maxLength: 3 }), (table, { dress }) => {
      const { text } = dressed(table, dress)
      for (const encoding of ['utf-8', 'utf-16le', 'utf-16be'] as ReadonlyArray<Encoding>)
        for (const hasBom of [false, true])
          expect(new TextDecoder(encoding).decode(encoded(text, { encoding, hasBom }))).toBe(text)
      // Without `stream`, Node 20 decodes windows-1252 as Latin-1, so that € becomes U+0080.
      const bytes = encoded(text, { encoding: 'windows-1252', hasBom: false })
      if (!/[\u202f\u2212]/.test(text))
        expect(new TextDecoder('windows-1252').decode(bytes, { stream: true })).toBe(text)
    }),
    { seed: SEED, numRuns: 100 }
  )
})

it('a changed number, name or missing cell is wrong', () => {
  const [table] = fc.sample(trueTables, { seed: SEED, numRuns: 1 })
  const { names, columns, ...rest } = dressed(table, PLAIN_DRESS)
  const expected = { names, columns, ...rest }
  const changed = (x: number): ReadonlyArray<ReadonlyArray<number>> => [
    [x, ...columns[0].slice(1)],
    ...columns.slice(1)
  ]
  expect(verdict(expected, { names, columns })).toBe('read')
  expect(verdict(expected, { names, columns: changed(columns[0][0] * 1000) })).toBe('wrong')
  expect(verdict(expected, { names, columns: changed(NaN) })).toBe('wrong')
  expect(verdict(expected, { names, columns: columns.map(column => column.slice(1)) })).toBe('wrong')
  expect(verdict(expected, { names: names.map(() => 'other'), columns })).toBe('wrong')
  expect(verdict(expected, null)).toBe('refused')
})

it('a table whose only commas and points are followed by three digits is ambiguous', () => {
  const column = { name: 'a', decimals: 3, isGrouped: true, mantissas: [1234, 5678, 9012] }
  const table = { columns: [column], places: null }
  expect(dressed(table, PLAIN_DRESS).isAmbiguous).toBe(true)
  const other = { ...column, name: 'b', decimals: 2 }
  expect(dressed({ columns: [column, other], places: null }, PLAIN_DRESS).isAmbiguous).toBe(false)
})
