/** Checksums are those of zlib, whatever the bytes and where they lie. */
import { crc32 as ofZlib } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32 } from '../../../lib/formats/crc.js'
import { runs } from '../../today.js'

it('is that of zlib, of any number of bytes, from any place in a buffer', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(9), (bytes, from) => {
      const part = bytes.subarray(from)
      expect(crc32(part)).toBe(ofZlib(part))
    }),
    { numRuns: runs(400) }
  )
})
