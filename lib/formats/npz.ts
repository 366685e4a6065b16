/**
 * NumPy's files of named arrays: a zip archive (PKWARE's APPNOTE 6.3) of arrays in the form .npy (NumPy's format 1.0), little-endian doubles and
 * text in rows. What `numpy.savez` and `numpy.savez_compressed` write is read, integers and single precision as doubles; what is written is stored.
 */
import { crc32 } from './crc.js'
import { inflated } from './inflate.js'
import * as Elementary from '../numbers/elementary.js'
import { size } from '../arrays/ndarray.js'

/** An array of numbers or of words, row by row. */
export type Entry =
  | { readonly shape: ReadonlyArray<number>; readonly values: Float64Array }
  | { readonly shape: ReadonlyArray<number>; readonly texts: ReadonlyArray<string> }

export type Arrays = Readonly<Record<string, Entry>>

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Little-endian whole numbers, each of 2 or 4 bytes. */
const header = (fields: ReadonlyArray<readonly [bytes: 2 | 4, value: number]>): Uint8Array =>
  joined(
    fields.map(([bytes, value]) =>
      Uint8Array.from({ length: bytes }, (_, i) => (value / Elementary.powerOfTwo(8 * i)) & 255)
    )
  )

const ascii = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0))

// —— .npy ——

const MAGIC = ascii('\x93NUMPY\x01\x00')

const tuple = (shape: ReadonlyArray<number>): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`

const npy = (entry: Entry): Uint8Array => {
  const wide = 'texts' in entry ? Math.max(1, ...entry.texts.map(text => Array.from(text).length)) : 0
  const descr = 'texts' in entry ? `<U${wide}` : '<f8'
  const about = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple(entry.shape)}, }`
  // The numbers begin at a multiple of 64, and the header ends with a line.
  const filled = about.padEnd(64 * Math.ceil((about.length + 11) / 64) - 11) + '\n'
  const data = new DataView(new ArrayBuffer('texts' in entry ? 4 * wide * entry.texts.length : 8 * entry.values.length))
  if ('texts' in entry)
    entry.texts.forEach((text, i) => {
      Array.from(text).forEach((character, j) => {
        data.setUint32(4 * (i * wide + j), character.codePointAt(0) ?? 0, true)
      })
    })
  else
    entry.values.forEach((value, i) => {
      data.setFloat64(8 * i, value, true)
    })
  return joined([MAGIC, header([[2, filled.length]]), ascii(filled), new Uint8Array(data.buffer)])
}

type Get = (data: DataView, at: number) => number

/** How a number is read, and its bytes. */
const numbers: Readonly<Partial<Record<string, readonly [bytes: number, get: Get]>>> = {
  '<f8': [8, (data, at) => data.getFloat64(at, true)],
  '<f4': [4, (data, at) => data.getFloat32(at, true)],
  '<i8': [8, (data, at) => Number(data.getBigInt64(at, true))],
  '<i4': [4, (data, at) => data.getInt32(at, true)]
}

/** Values column by column, as Fortran has them, row by row. */
const byRows = <A>(columns: ReadonlyArray<A>, shape: ReadonlyArray<number>): ReadonlyArray<A> =>
  columns.map((_, at) => {
    let [rest, from, stride] = [at, 0, columns.length]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      stride /= shape[axis]
      from += (rest % shape[axis]) * stride
      rest = Math.floor(rest / shape[axis])
    }
    return columns[from]
  })

const fromNpy = (bytes: Uint8Array): Entry | string => {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 12 || MAGIC.slice(0, 6).some((byte, i) => bytes[i] !== byte)) return 'no array'
  const isFirst = bytes[6] === 1
  const start = isFirst ? 10 : 12
  const length = isFirst ? data.getUint16(8, true) : data.getUint32(8, true)
  const about = new TextDecoder('latin1').decode(bytes.subarray(start, start + length))
  const descr = /'descr': '([^']*)'/.exec(about)?.[1]
  const dims = /'shape': \(([^)]*)\)/.exec(about)?.[1]
  if (descr === undefined || dims === undefined) return 'an array of records'
  const shape = dims
    .split(',')
    .filter(part => part.trim() !== '')
    .map(Number)
  const count = size(shape)
  const at = start + length
  const isFortran = about.includes("'fortran_order': True")
  const ordered = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => (isFortran ? byRows(all, shape) : all)
  const wide = /^<U(\d+)$/.exec(descr)
  const [width, get] = wide === null ? (numbers[descr] ?? [0, null]) : [4 * Number(wide[1]), null]
  if (wide === null && get === null) return `an array of ${descr}, and neither numbers nor text`
  if (at + width * count > bytes.length) return 'cut short'
  if (get !== null)
    return {
      shape,
      values: Float64Array.from(ordered(Array.from({ length: count }, (_, i) => get(data, at + width * i))))
    }
  const texts = Array.from({ length: count }, (_, i) =>
    Array.from({ length: width / 4 }, (_, j) => data.getUint32(at + width * i + 4 * j, true))
      .filter(point => point > 0 && point <= 0x10ffff)
      .map(point => String.fromCodePoint(point))
      .join('')
  )
  return { shape, texts: ordered(texts) }
}

// —— .zip ——

/** 1 January 1980: the same arrays are the same bytes. */
const DATE = 0x21

/**
 * The archive of named arrays.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Npz } from 'ornstein/float64'
 *
 * const bytes = Npz.write({ x: { shape: [1, 2], values: Float64Array.of(1, 2) } })
 * assert.deepEqual(Npz.read(bytes), { x: { shape: [1, 2], values: Float64Array.of(1, 2) } })
 */
export const write = (arrays: Arrays): Uint8Array => {
  let at = 0
  const files = Object.entries(arrays).map(([name, entry]) => {
    const [path, bytes] = [ascii(`${name}.npy`), npy(entry)]
    const common = header([
      [2, 20],
      [2, 0],
      [2, 0],
      [2, 0],
      [2, DATE],
      [4, crc32(bytes)],
      [4, bytes.length],
      [4, bytes.length],
      [2, path.length],
      [2, 0]
    ])
    const local = joined([header([[4, 0x04034b50]]), common, path, bytes])
    const central = joined([
      header([
        [4, 0x02014b50],
        [2, 20]
      ]),
      common,
      header([
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, at]
      ]),
      path
    ])
    at += local.length
    return { local, central }
  })
  const central = joined(files.map(({ central }) => central))
  return joined([
    ...files.map(({ local }) => local),
    central,
    header([
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, files.length],
      [2, files.length],
      [4, central.length],
      [4, at],
      [2, 0]
    ])
  ])
}

/** The arrays of an archive, or its problems, in a few words. */
export const read = (bytes: Uint8Array): Arrays | string => {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // A comment of up to 65535 bytes may follow the end.
  let end = bytes.length - 22
  while (end >= 0 && end >= bytes.length - 65557 && data.getUint32(end, true) !== 0x06054b50) end--
  if (end < 0 || data.getUint32(end, true) !== 0x06054b50) return 'no zip archive, or one that is cut short'
  const found: Record<string, Entry> = {}
  let at = data.getUint32(end + 16, true)
  for (let left = data.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > end || data.getUint32(at, true) !== 0x02014b50) return 'a damaged archive'
    const [method, sum] = [data.getUint16(at + 10, true), data.getUint32(at + 16, true)]
    const [length, whole, from] = [20, 24, 42].map(place => data.getUint32(at + place, true))
    const [path, extra, comment] = [28, 30, 32].map(place => data.getUint16(at + place, true))
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + path)).replace(/\.npy$/, '')
    if (method !== 0 && method !== 8) return `compressed by something else than deflate: ${name}`
    if (from + 30 > end) return 'a damaged archive'
    const start = from + 30 + data.getUint16(from + 26, true) + data.getUint16(from + 28, true)
    const stored = bytes.subarray(start, start + length)
    const content = method === 0 ? stored : unpacked(stored, whole)
    if (stored.length < length || content === null || crc32(content) !== sum) return `damaged: ${name}`
    const entry = fromNpy(content)
    if (typeof entry === 'string') return `${entry}: ${name}`
    found[name] = entry
    at += 46 + path + extra + comment
  }
  return found
}

/** A compressed member, whole; null of a damaged one. */
const unpacked = (stored: Uint8Array, length: number): Uint8Array | null => {
  try {
    return inflated(stored, length)
  } catch {
    return null
  }
}
