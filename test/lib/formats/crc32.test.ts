/** The checksum of archives, against published values and a second implementation. */
import { crc32 as zlibCrc32 } from 'node:zlib'
import { expect, it } from 'vitest'
import { crc32 } from '../../../lib/formats/crc32.js'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

it('of the check string equals the value of the catalogue of CRCs', () => {
  // https://reveng.sourceforge.io/crc-catalogue/all.htm, CRC-32/ISO-HDLC
  expect(crc32(text('123456789'))).toBe(0xcbf43926)
  expect(crc32(new Uint8Array(0))).toBe(0)
})

// Node 20 has no crc32 of its own.
it.runIf(typeof zlibCrc32 === 'function')('is that of zlib for bytes of every length and value', () => {
  for (let length = 1; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + length * 31) & 255)
    expect(crc32(bytes)).toBe(zlibCrc32(bytes))
  }
})
