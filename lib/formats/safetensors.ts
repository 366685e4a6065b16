/**
 * Named arrays in the format safetensors (huggingface/safetensors): the length of the header in eight bytes, the header as JSON, and
 * little-endian numbers without gaps. Files are untrusted, so all claims of the header are checked.
 */
import { isRecord } from '../plain/object.js'
import { QUOTED_LETTERS, quotedJson, shortened } from '../plain/said.js'
import { shapeSize } from '../arrays/ndarray.js'
import { entriesIn, parsedJson } from './declared.js'
import * as Elementary from '../numbers/elementary.js'

export interface Entry {
  readonly shape: ReadonlyArray<number>
  /** Float32Array if single precision represents the numbers exactly, otherwise doubles. */
  readonly values: Float64Array | Float32Array
}

export interface Archive {
  readonly arrays: Readonly<Record<string, Entry>>
  readonly metadata: Readonly<Record<string, string>>
}

type ReadNumber = (data: DataView, at: number) => number

/** Value of an IEEE 754 half-precision float. */
const halfFromBits = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0
    ? sign * fraction * Elementary.powerOfTwo(-24)
    : sign * (1024 + fraction) * Elementary.powerOfTwo(exponent - 25)
}

const upper = new DataView(new ArrayBuffer(4))

/** Number types: bytes, reader, and true if single precision represents all values. */
const NUMBER_READERS: Readonly<
  Partial<Record<string, { readonly bytes: number; readonly get: ReadNumber; readonly isSingle: boolean }>>
> = {
  F64: { bytes: 8, get: (data, at) => data.getFloat64(at, true), isSingle: false },
  F32: { bytes: 4, get: (data, at) => data.getFloat32(at, true), isSingle: true },
  F16: { bytes: 2, get: (data, at) => halfFromBits(data.getUint16(at, true)), isSingle: true },
  BF16: {
    bytes: 2,
    get: (data, at) => {
      upper.setUint32(0, data.getUint16(at, true) << 16)
      return upper.getFloat32(0)
    },
    isSingle: true
  },
  I64: { bytes: 8, get: (data, at) => Number(data.getBigInt64(at, true)), isSingle: false },
  I32: { bytes: 4, get: (data, at) => data.getInt32(at, true), isSingle: false },
  U8: { bytes: 1, get: (data, at) => data.getUint8(at), isSingle: true },
  BOOL: { bytes: 1, get: (data, at) => data.getUint8(at), isSingle: true }
}

/** Maximum length of a header in bytes, as in the reference reader. */
const MAX_HEADER_BYTES = 100_000_000

const METADATA_KEY = '__metadata__'

/**
 * Bytes of named arrays: doubles as F64, single precision as F32, sorted by name, so equal arrays give equal bytes.
 *
 * @throws RangeError if the number of values is not that of the shape, or an array is named `__metadata__`
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Safetensors } from 'ornstein/float64'
 *
 * const bytes = Safetensors.write({ x: { shape: [1, 2], values: Float64Array.of(1, 2) } }, { layout: 'rows' })
 * assert.deepEqual(Safetensors.read(bytes), {
 *   arrays: { x: { shape: [1, 2], values: Float64Array.of(1, 2) } },
 *   metadata: { layout: 'rows' }
 * })
 */
export const write = (
  arrays: Readonly<Record<string, Entry>>,
  metadata: Readonly<Record<string, string>> = {}
): Uint8Array => {
  const names = Object.keys(arrays).sort()
  const wrong = names.find(
    name => name === METADATA_KEY || shapeSize(arrays[name].shape) !== arrays[name].values.length
  )
  if (wrong !== undefined)
    throw new RangeError(`Safetensors.write: ${wrong} is not filled by its values, or has that name`)
  let at = 0
  const places = names.map(name => {
    const from = at
    at += arrays[name].values.byteLength
    return [from, at] as const
  })
  const about = JSON.stringify({
    ...(Object.keys(metadata).length > 0 && { [METADATA_KEY]: metadata }),
    ...Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          dtype: arrays[name].values instanceof Float64Array ? 'F64' : 'F32',
          shape: arrays[name].shape,
          data_offsets: places[i]
        }
      ])
    )
  })
  const text = new TextEncoder().encode(about)
  // Numbers begin at a multiple of eight bytes; the header is padded with blanks.
  const length = 8 * Math.ceil(text.length / 8)
  const out = new Uint8Array(8 + length + at).fill(32, 8, 8 + length)
  const data = new DataView(out.buffer)
  data.setBigUint64(0, BigInt(length), true)
  out.set(text, 8)
  names.forEach((name, i) => {
    const { values } = arrays[name]
    const from = 8 + length + places[i][0]
    values.forEach((value, j) => {
      if (values instanceof Float64Array) data.setFloat64(from + 8 * j, value, true)
      else data.setFloat32(from + 4 * j, value, true)
    })
  })
  return out
}

const isNonNegativeInteger = (u: unknown): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= 0

const areCounts = (u: unknown): u is ReadonlyArray<number> => Array.isArray(u) && u.every(isNonNegativeInteger)

interface PlacedEntry extends Entry {
  readonly from: number
  readonly to: number
}

/** Array that the header declares; the problem as a short text if it is invalid. */
const entryOf = (data: DataView, start: number, key: string, about: unknown): PlacedEntry | string => {
  const name = shortened(key, QUOTED_LETTERS)
  if (!isRecord(about)) return `${name}: no description`
  const { dtype, shape, data_offsets: offsets } = about
  const type = typeof dtype === 'string' && Object.hasOwn(NUMBER_READERS, dtype) ? NUMBER_READERS[dtype] : undefined
  if (type === undefined)
    return `${name}: dtype ${quotedJson(dtype)}, and not one of ${Object.keys(NUMBER_READERS).join(', ')}`
  if (!Array.isArray(shape)) return `${name}: shape ${quotedJson(shape)}, and not a list of counts`
  const count = entriesIn(shape, type.bytes, data.byteLength)
  if (typeof count === 'string') return `${name}: ${count}`
  if (!areCounts(offsets) || offsets.length !== 2) return `${name}: data_offsets ${quotedJson(offsets)}, and not two`
  const [from, to] = offsets
  if (to - from !== count * type.bytes)
    return `${name}: ${to - from} bytes for ${shape.join(' × ') || 'one'} of ${type.bytes}`
  if (start + to > data.byteLength) return `${name}: cut short`
  const values = new (type.isSingle ? Float32Array : Float64Array)(count)
  for (let i = 0; i < count; i++) values[i] = type.get(data, start + from + type.bytes * i)
  return dtype === 'I64' && !values.every(Number.isSafeInteger)
    ? `${name}: whole numbers beyond 2⁵³`
    : { shape, values, from, to }
}

/**
 * Arrays of a file; the problem as a short text if the header is invalid, or if arrays do not match their shapes, overlap, leave gaps or do
 * not end with the file.
 */
export const read = (bytes: Uint8Array): Archive | string => {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 8) return 'too short for a header'
  const length = Number(data.getBigUint64(0, true))
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length)
    return `a header of ${length} bytes in a file of ${bytes.length}`
  const header = parsedHeader(bytes.subarray(8, 8 + length))
  if (!isRecord(header)) return 'a header that is no JSON object'
  const { [METADATA_KEY]: metadata = {}, ...rest } = header
  if (!isRecord(metadata) || !Object.values(metadata).every(word => typeof word === 'string'))
    return `${METADATA_KEY} that is not of words`
  const start = 8 + length
  const found = Object.entries(rest).map(([name, about]) => [name, entryOf(data, start, name, about)] as const)
  const wrong = found.map(([, entry]) => entry).find((entry): entry is string => typeof entry === 'string')
  if (wrong !== undefined) return wrong
  const entries = found.flatMap(([name, entry]) => (typeof entry === 'string' ? [] : [[name, entry] as const]))
  let end = 0
  for (const [name, { from, to }] of entries.slice().sort(([, a], [, b]) => a.from - b.from || a.to - b.to)) {
    if (from !== end)
      return `${shortened(name, QUOTED_LETTERS)}: begins at byte ${from}, and the one before ends at ${end}`
    end = to
  }
  if (start + end !== bytes.length) return `${bytes.length - start - end} bytes that belong to no array`
  return {
    arrays: Object.fromEntries(entries.map(([name, { shape, values }]) => [name, { shape, values }])),
    metadata: metadata as Readonly<Record<string, string>>
  }
}

const parsedHeader = (bytes: Uint8Array): unknown => {
  // The format forbids blanks before the header.
  if (bytes[0] !== 0x7b) return undefined
  try {
    return parsedJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}
