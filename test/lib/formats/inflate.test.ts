/** DEFLATE: what zlib packs, at every level and strategy, and blocks written by hand. */
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inflated } from '../../../lib/formats/inflate.js'

/** Whether bytes are those: toEqual takes its time over long ones. */
const isSame = (found: Uint8Array, wanted: Uint8Array): boolean => Buffer.compare(found, wanted) === 0

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

describe('what zlib packs', () => {
  it('comes back, whatever the level and the strategy', () => {
    const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3000 }).map(list => Uint8Array.from(list)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 70 }), fc.integer({ min: 1, max: 1500 }))
        .map(([part, times]) => Uint8Array.from({ length: part.length * times }, (_, at) => part[at % part.length]))
    )
    const how = fc.record({
      level: fc.integer({ min: 0, max: 9 }),
      strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE)
    })
    fc.assert(
      fc.property(bytes, how, (content, options) => {
        expect(isSame(inflated(new Uint8Array(deflateRawSync(content, options)), content.length), content)).toBe(true)
      })
    )
  })

  it('comes back from farther than 32 kilobytes back, block after block', () => {
    const content = Uint8Array.from({ length: 200_000 }, (_, at) => (at * at) % 251)
    expect(isSame(inflated(new Uint8Array(deflateRawSync(content)), content.length), content)).toBe(true)
  })

  it('is refused where it is cut short, damaged, or of another length', () => {
    const packed = new Uint8Array(deflateRawSync(text('abcabcabcabc and so on and so on')))
    for (let end = 0; end < packed.length; end++) expect(() => inflated(packed.slice(0, end), 32)).toThrow(/damaged/)
    for (const length of [31, 33, 1e9]) expect(() => inflated(packed, length)).toThrow(/damaged/)
    // Whatever the bytes are, it ends with as many as it should, or is refused.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(200), (bytes, length) => {
        try {
          expect(inflated(bytes, length)).toHaveLength(length)
        } catch (error) {
          expect(String(error)).toMatch(/damaged/)
        }
      })
    )
  })
})

describe('blocks by hand', () => {
  it('are stored, or of the fixed code', () => {
    // RFC 1951, 3.2.4: 2 bytes, 0xfffd, and what they are.
    expect(inflated(Uint8Array.of(1, 2, 0, 0xfd, 0xff, 104, 105), 2)).toEqual(text('hi'))
    // 3.2.6: 'a' is 10010001, the end of the block 0000000, after the bits 1, 01.
    expect(inflated(Uint8Array.of(0b01001011, 0b00000100, 0), 1)).toEqual(text('a'))
  })

  it('of an unknown kind are refused', () => {
    expect(() => inflated(Uint8Array.of(7), 0)).toThrow(/damaged/)
  })
})
