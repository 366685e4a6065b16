/** LZ4 frames: what the reference program packs, where it is there, and frames written by hand from the format. */
import { execFileSync, spawnSync } from 'node:child_process'
import { compressionRegistry, CompressionType, makeVector, RecordBatchFileWriter, Table } from 'apache-arrow'
import * as Either from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { unpackedLz4 } from '../../../lib/formats/lz4.js'
import { Key, Points } from '../../../src/index.js'
import { pipe } from 'fp-ts/lib/function.js'

const isHere = spawnSync('lz4', ['--version']).status === 0
const packed = (content: Uint8Array, ...how: string[]): Uint8Array =>
  new Uint8Array(execFileSync('lz4', ['-q', '-z', '-c', ...how], { input: content, maxBuffer: 1 << 28 }))

const text = (words: string): number[] => Array.from(words, letter => letter.charCodeAt(0))
const header = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
const end = [0, 0, 0, 0]
const frame = (...block: number[]): Uint8Array => Uint8Array.from([...header, block.length, 0, 0, 0, ...block, ...end])

describe('a frame by hand', () => {
  it('has literals, and matches that overlap their output', () => {
    // 'abc', then 9 from 3 back, then 'z'; and 'a' 25 times, whose count takes a byte more
    expect(unpackedLz4(frame(0x35, ...text('abc'), 3, 0, 0x10, ...text('z')))).toEqual(
      Uint8Array.from(text('abcabcabcabcz'))
    )
    expect(unpackedLz4(frame(0x1f, ...text('a'), 1, 0, 5, 0x00))).toEqual(new Uint8Array(25).fill(97))
  })

  it('has stored blocks', () => {
    expect(unpackedLz4(Uint8Array.from([...header, 2, 0, 0, 0x80, ...text('hi'), ...end]))).toEqual(
      Uint8Array.from(text('hi'))
    )
  })

  it('is rejected if it is damaged', () => {
    const good = frame(0x35, ...text('abc'), 3, 0, 0x10, ...text('z'))
    for (let length = 0; length < good.length; length++) expect(() => unpackedLz4(good.slice(0, length))).toThrow()
    expect(() => unpackedLz4(frame(0x35, ...text('abc'), 4, 0, 0x10, ...text('z')))).toThrow(/damaged/)
    expect(() => unpackedLz4(frame(0x35, ...text('abc'), 0, 0, 0x10, ...text('z')))).toThrow(/damaged/)
  })
})

describe.skipIf(!isHere && process.env.CI === undefined)('what the program lz4 packs', () => {
  const few = pipe(Key.fromSeed(1), Key.uniform(300_000)).map(x => Math.floor(4 * x))
  const contents = {
    nothing: new Uint8Array(0),
    'one byte': Uint8Array.of(7),
    'the same again and again': new Uint8Array(200_000).fill(1),
    'few values': Uint8Array.from(few),
    noise: new Uint8Array(pipe(Key.fromSeed(2), Key.uniform(30_000)).buffer)
  }
  it('is rejected if its declared length exceeds what its bytes can hold', () => {
    const frame = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x48, 0x40, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    expect(() => unpackedLz4(frame)).toThrow('packed by LZ4, and damaged')
  })

  it.each(Object.entries(contents))('decompresses to the original: %s', (_, content) => {
    for (const how of [['-1'], ['-9', '-BD'], ['-B4', '-BX'], ['-B4', '-BD', '--content-size'], ['--no-frame-crc']])
      expect(Buffer.compare(unpackedLz4(packed(content, ...how)), content)).toBe(0)
  })

  it('is read in batches of Arrow', async () => {
    const before = compressionRegistry.get(CompressionType.LZ4_FRAME)
    compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: content => packed(content), decode: unpackedLz4 })
    const x = Float64Array.from({ length: 3000 }, (_, i) => i % 7)
    const writer = new RecordBatchFileWriter({ compressionType: CompressionType.LZ4_FRAME })
    writer.write(new Table({ x: makeVector(x) }))
    writer.finish()
    const bytes = await writer.toUint8Array()
    expect(bytes.length).toBeLessThan(x.byteLength / 4)
    if (before !== null) compressionRegistry.set(CompressionType.LZ4_FRAME, before)
    const read = await Points.readArrow(
      (async function* () {
        yield await Promise.resolve(bytes)
      })()
    )
    expect(Either.isRight(read) && Array.from(read.right.points.values)).toEqual(Array.from(x))
  })
})
