/** NumPy's archives: what it wrote is read, and what is damaged is told. */
import { describe, expect, it } from 'vitest'
import { Npz } from '../../../lib/index.js'

const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'))

// numpy.savez('k.npz', i=arange(6).reshape(2, 3), j=arange(6, dtype='<i4').reshape(2, 3, order='F'), f=float32([0.5, 1.5]),
//   s=array(['a', 'βé𝕏']), e=zeros((0, 2)), z=float64(3)), NumPy 2.2.4
const savez =
  'UEsDBC0AAAAAAAAAIQBZm9p9//////////8FABQAaS5ucHkBABAAsAAAAAAAAACwAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxpOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAAAABAAAAAAAAAAIAAAAAAAAAAwAAAAAAAAAEAAAAAAAAAAUAAAAAAAAAUEsDBC0AAAAAAAAAIQC8RoWz//////////8FABQAai5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxpNCcsICdmb3J0cmFuX29yZGVyJzogVHJ1ZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAEAAAACAAAAAwAAAAQAAAAFAAAAUEsDBC0AAAAAAAAAIQChZVvy//////////8FABQAZi5ucHkBABAAiAAAAAAAAACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAPwAAwD9QSwMELQAAAAAAAAAhAARSujD//////////wUAFABzLm5weQEAEACYAAAAAAAAAJgAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPFUzJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAphAAAAAAAAAAAAAACyAwAA6QAAAE/VAQBQSwMELQAAAAAAAAAhAM3WVXf//////////wUAFABlLm5weQEAEACAAAAAAAAAAIAAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIApQSwMELQAAAAAAAAAhADn7jz///////////wUAFAB6Lm5weQEAEACIAAAAAAAAAIgAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAIQFBLAQItAy0AAAAAAAAAIQBZm9p9sAAAALAAAAAFAAAAAAAAAAAAAACAAQAAAABpLm5weVBLAQItAy0AAAAAAAAAIQC8RoWzmAAAAJgAAAAFAAAAAAAAAAAAAACAAecAAABqLm5weVBLAQItAy0AAAAAAAAAIQChZVvyiAAAAIgAAAAFAAAAAAAAAAAAAACAAbYBAABmLm5weVBLAQItAy0AAAAAAAAAIQAEUrowmAAAAJgAAAAFAAAAAAAAAAAAAACAAXUCAABzLm5weVBLAQItAy0AAAAAAAAAIQDN1lV3gAAAAIAAAAAFAAAAAAAAAAAAAACAAUQDAABlLm5weVBLAQItAy0AAAAAAAAAIQA5+48/iAAAAIgAAAAFAAAAAAAAAAAAAACAAfsDAAB6Lm5weVBLBQYAAAAABgAGADIBAAC6BAAAAAA='
// numpy.savez_compressed('c.npz', a=zeros(3))
const compressed =
  'UEsDBC0AAAAIAAAAIQAu4/m8//////////8FABQAYS5ucHkBABAAmAAAAAAAAABHAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GHAAAUEsBAi0DLQAAAAgAAAAhAC7j+bxHAAAAmAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsFBgAAAAABAAEAMwAAAH4AAAAAAA=='

const numbers = (shape: ReadonlyArray<number>, ...values: ReadonlyArray<number>): Npz.Entry => ({
  shape,
  values: Float64Array.from(values)
})

describe('npz', () => {
  it('reads files of numpy.savez: integers, single precision, column-major, texts, empty arrays, a scalar', () => {
    expect(Npz.read(bytes(savez))).toEqual({
      i: numbers([2, 3], 0, 1, 2, 3, 4, 5),
      j: numbers([2, 3], 0, 2, 4, 1, 3, 5),
      f: numbers([2], 0.5, 1.5),
      s: { shape: [2], texts: ['a', 'βé𝕏'] },
      e: numbers([0, 2]),
      z: numbers([], 3)
    })
  })

  it('reads back what it writes, to the bit', () => {
    const arrays = {
      x: numbers([2, 2], 1 / 3, -0, 5e-324, Infinity),
      empty: numbers([0]),
      scalar: numbers([], Math.PI),
      words: { shape: [1, 2], texts: ['', 'né'] }
    }
    const written = Npz.write(arrays)
    expect(Npz.read(written)).toEqual(arrays)
    // Where an array begins, as numpy.lib.format asks.
    const text = Buffer.from(written).toString('latin1')
    const at = text.indexOf('\x93NUMPY')
    expect((text.indexOf('\n', at) + 1 - at) % 64).toBe(0)
  })

  it('reads files of numpy.savez_compressed', () => {
    expect(Npz.read(bytes(compressed))).toEqual({ a: numbers([3], 0, 0, 0) })
  })

  it('returns the problem of an invalid file', () => {
    const bzip = bytes(compressed).map((byte, at) => (at === 126 + 10 ? 12 : byte))
    expect(Npz.read(bzip)).toBe('a damaged archive (unknown compression type 12)')
    const whole = bytes(savez)
    expect(Npz.read(whole.subarray(0, 900))).toMatch(/cut short/)
    expect(Npz.read(new Uint8Array(3))).toMatch(/no zip/)
  })

  it.each([
    ['stored', savez],
    ['compressed', compressed]
  ])('never reads other numbers than were written when a bit of a member flips: %s', (_, base64) => {
    const whole = bytes(base64)
    const expected = Npz.read(whole)
    // Local headers and data end where the directory begins.
    const end = Buffer.from(whole).indexOf('PK\x01\x02', 'latin1')
    const read = Array.from({ length: 8 * end }, (_, bit) =>
      Npz.read(whole.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)))
    )
    expect(read.filter(found => typeof found === 'string').length).toBeGreaterThan(end)
    for (const found of read) if (typeof found !== 'string') expect(found).toEqual(expected)
  })

  it('names the member whose checksum differs', () => {
    const written = Npz.write({ a: numbers([1], 1), b: numbers([1], 2) })
    const at = Buffer.from(written).indexOf(Buffer.from(Float64Array.of(2).buffer))
    expect(Npz.read(written.map((byte, i) => (i === at ? 1 : byte)))).toBe(
      'a damaged archive (the bytes of b do not have their CRC-32)'
    )
  })
})
