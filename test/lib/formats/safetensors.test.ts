/** safetensors, against Debian's python3-safetensors; files of others are untrusted. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Safetensors } from '../../../lib/index.js'

interface Oracle {
  readonly doubles: string
  readonly mixed: string
  readonly values: Readonly<Record<string, ReadonlyArray<number | 'Infinity'>>>
  readonly shapes: Readonly<Record<string, ReadonlyArray<number>>>
}

const oracle = JSON.parse(readFileSync('test/oracle/safetensors.json', 'utf8')) as Oracle
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

const arrays = {
  weight: { shape: [2, 2], values: Float64Array.of(1.5, -2, 3, 4e-300) },
  bias: { shape: [2], values: Float64Array.of(0.1, -0) }
}

describe('safetensors', () => {
  it('are written with the bytes of the reference library', () => {
    expect(Safetensors.write(arrays, { layout: 'rows' })).toEqual(bytesOf(oracle.doubles))
  })

  it('are read of every type, half precision and integers too', () => {
    const read = Safetensors.read(bytesOf(oracle.mixed))
    if (typeof read === 'string') throw new Error(read)
    expect(Object.keys(read.arrays).sort()).toEqual(Object.keys(oracle.values).sort())
    Object.entries(read.arrays).forEach(([name, { shape, values }]) => {
      expect(shape).toEqual(oracle.shapes[name])
      expect([...values]).toEqual(oracle.values[name].map(Number))
    })
    expect(read.arrays.single.values).toBeInstanceOf(Float32Array)
    expect(read.arrays.whole.values).toBeInstanceOf(Float64Array)
  })

  it('are read as they were written, from a part of a buffer too', () => {
    const single = { x: { shape: [], values: Float32Array.of(0.1) } }
    const bytes = Safetensors.write({ x: single.x, ...arrays })
    const longer = new Uint8Array(bytes.length + 3)
    longer.set(bytes, 3)
    expect(Safetensors.read(longer.subarray(3))).toEqual({ arrays: { x: single.x, ...arrays }, metadata: {} })
    expect(() => Safetensors.write({ x: { shape: [3], values: Float64Array.of(1) } })).toThrow(/x is not filled/)
  })

  const file = (header: string, numbers = 8): Uint8Array => {
    const text = new TextEncoder().encode(header)
    const bytes = new Uint8Array(8 + text.length + numbers)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
    bytes.set(text, 8)
    return bytes
  }
  const one = (more: string): Uint8Array => file(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]${more}}`)

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(3), /too short/],
    ['a header longer than the file', one('}').subarray(0, 30), /a header of \d+ bytes/],
    ['a length of 2⁶³', new Uint8Array(16).fill(255), /a header of/],
    ['no JSON', file('{"x":'), /no JSON/],
    ['blanks before', file(' {}', 0), /no JSON/],
    ['bytes that are no text', new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff]), /no JSON/],
    ['a list', file('[]', 0), /no JSON/],
    ['another type', file('{"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}'), /x: dtype "C64"/],
    [
      'a type of the prototype',
      file('{"x":{"dtype":"toString","shape":[1],"data_offsets":[0,8]}}'),
      /x: dtype "toString"/
    ],
    ['a shape below 0', file('{"x":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}}'), /x: an axis of -1 in/],
    [
      'a shape that overflows',
      file('{"x":{"dtype":"F64","shape":[9007199254740991,1024],"data_offsets":[0,8]}}'),
      /x: an axis of 9007199254740991 in/
    ],
    [
      'other bytes than its shape',
      file('{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}'),
      /x: 8 bytes for 2 of 8/
    ],
    ['an end beyond the file', file('{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}'), /x: cut short/],
    ['a gap', file('{"x":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}', 16), /x: begins at byte 8/],
    [
      'an overlap',
      file(
        '{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"y":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}'
      ),
      /y: begins at byte 0/
    ],
    [
      'bytes of nobody',
      file('{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 9),
      /1 bytes that belong to no array/
    ],
    ['words that are none', file('{"__metadata__":{"a":1}}', 0), /__metadata__/],
    ['no description', file('{"x":null}', 0), /x: no description/]
  ])('with %s are rejected', (_, bytes, message) => {
    expect(Safetensors.read(bytes)).toMatch(message)
  })

  it('that are valid are read', () => {
    expect(Safetensors.read(one('}'))).toEqual({
      arrays: { x: { shape: [1], values: Float64Array.of(0) } },
      metadata: {}
    })
  })
})
