/**
 * NumPy's archives of named arrays (.npz): a zip archive (PKWARE's APPNOTE 6.3) of .npy arrays (NumPy's format 1.0). Reads the files of
 * `numpy.savez` and `numpy.savez_compressed`, numbers as doubles; writes little-endian doubles and texts in row-major order, not
 * compressed.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Npz } from 'ornstein/float64'
 *
 * const bytes = Npz.write({ means: { shape: [2, 1], values: Float64Array.of(-1, 1) } })
 * assert.deepEqual(Npz.read(bytes), { means: { shape: [2, 1], values: Float64Array.of(-1, 1) } })
 */
import { unzipSync, zipSync } from 'fflate'
import { QUOTED_LETTERS, shortened } from '../plain/said.js'
import { joinedBytes } from './joinedBytes.js'
import { crc32 } from './crc32.js'
import { entriesIn } from './declared.js'

/** An array of numbers or of texts, row-major. */
export type Entry =
  | { readonly shape: ReadonlyArray<number>; readonly values: Float64Array }
  | { readonly shape: ReadonlyArray<number>; readonly texts: ReadonlyArray<string> }

export type Arrays = Readonly<Record<string, Entry>>

const ascii = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0))

const NPY_MAGIC = ascii('\x93NUMPY\x01\x00')

const tuple = (shape: ReadonlyArray<number>): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`

const npy = (entry: Entry): Uint8Array => {
  const wide = 'texts' in entry ? Math.max(1, ...entry.texts.map(text => Array.from(text).length)) : 0
  const descr = 'texts' in entry ? `<U${wide}` : '<f8'
  const about = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple(entry.shape)}, }`
  // Numbers begin at a multiple of 64 bytes, and the header ends with a line feed.
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
  return joinedBytes([
    NPY_MAGIC,
    Uint8Array.of(filled.length & 255, filled.length >> 8),
    ascii(filled),
    new Uint8Array(data.buffer)
  ])
}

type ReadNumber = (data: DataView, at: number) => number

/** Size and reader of each number type. */
const NUMBER_TYPES = new Map<string, readonly [bytes: number, get: ReadNumber]>([
  ['<f8', [8, (data, at) => data.getFloat64(at, true)]],
  ['<f4', [4, (data, at) => data.getFloat32(at, true)]],
  ['<i8', [8, (data, at) => Number(data.getBigInt64(at, true))]],
  ['<i4', [4, (data, at) => data.getInt32(at, true)]]
])

/** Column-major (Fortran) index of an entry, given its row-major index. */
const placeByColumns = (at: number, shape: ReadonlyArray<number>, count: number): number => {
  let rest = at
  let from = 0
  let stride = count
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride /= shape[axis]
    from += (rest % shape[axis]) * stride
    rest = Math.floor(rest / shape[axis])
  }
  return from
}

const fromNpy = (bytes: Uint8Array): Entry | string => {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 12 || NPY_MAGIC.slice(0, 6).some((byte, i) => bytes[i] !== byte)) return 'no array'
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
  const at = start + length
  const isFortran = about.includes("'fortran_order': True")
  const wide = /^<U(\d+)$/.exec(descr)
  const [width, get] = wide === null ? (NUMBER_TYPES.get(descr) ?? [0, null]) : [4 * Number(wide[1]), null]
  if (wide === null && get === null) return `an array of ${descr}, and neither numbers nor text`
  const count = entriesIn(shape, width, bytes.length)
  if (typeof count === 'string') return count
  if (at + width * count > bytes.length) return 'cut short'
  const placeOf = (i: number): number => at + width * (isFortran ? placeByColumns(i, shape, count) : i)
  if (get !== null) return { shape, values: new Float64Array(count).map((_, i) => get(data, placeOf(i))) }
  const texts = Array.from({ length: count }, (_, i) =>
    Array.from({ length: width / 4 }, (_, j) => data.getUint32(placeOf(i) + 4 * j, true))
      .filter(point => point > 0 && point <= 0x10ffff)
      .map(point => String.fromCodePoint(point))
      .join('')
  )
  return { shape, texts }
}

/** Bytes of an uncompressed archive of arrays by name. */
export const write = (arrays: Arrays): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, entry]) => [`${name}.npy`, npy(entry)])), {
    level: 0,
    // The first date of the format, so equal arrays give equal bytes.
    mtime: new Date(1980, 0, 1)
  })

/** Maximum expansion of DEFLATE. */
const MAX_DEFLATE_RATIO = 1032

/**
 * CRC-32 of each member, in the order of the central directory, which fflate does not verify; empty if there is none. Bytes beyond the end
 * count as 0.
 */
const declaredCrcs = (bytes: Uint8Array): ReadonlyArray<number> => {
  const word = (at: number): number => short(at) + 65536 * short(at + 2)
  const short = (at: number): number => (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
  let end = bytes.length - 22
  while (end > 0 && word(end) !== 0x06054b50) end -= 1
  // A large archive has a second end record, of 64 bits; a locator before the first has its position.
  const large = word(end - 20) === 0x07064b50 ? word(end - 12) : null
  const isLarge = large !== null && word(large) === 0x06064b50
  const crcs: number[] = []
  let at = isLarge ? word(large + 48) : word(end + 16)
  while (crcs.length < (isLarge ? word(large + 32) : short(end + 8)) && word(at) === 0x02014b50) {
    crcs.push(word(at + 16))
    at += 46 + short(at + 28) + short(at + 30) + short(at + 32)
  }
  return crcs
}

/** Files of an archive by path; throws if it is damaged. */
const unzip = (bytes: Uint8Array): Readonly<Record<string, Uint8Array>> => {
  const crcs = declaredCrcs(bytes)
  const declared = new Map<string, number>()
  let packed = 0
  let member = 0
  const files = unzipSync(bytes, {
    filter: ({ name, size, originalSize }) => {
      // Overlapping members would be decompressed repeatedly.
      packed += size
      if (packed > bytes.length) throw new Error('members that overlap')
      if (originalSize > MAX_DEFLATE_RATIO * size) throw new Error(`${size} bytes that unpack to ${originalSize}`)
      declared.set(name, crcs[member])
      member += 1
      return true
    }
  })
  const wrong = Object.keys(files).find(path => crc32(files[path]) !== declared.get(path))
  if (wrong !== undefined) throw new Error(`the bytes of ${quotedName(wrong)} do not have their CRC-32`)
  return files
}

const nameOf = (path: string): string => path.replace(/\.npy$/, '')

/** Name of a member for a message. */
const quotedName = (path: string): string => shortened(nameOf(path), QUOTED_LETTERS)

/** Arrays of an archive by name; the problem as a text if it is invalid. */
export const read = (bytes: Uint8Array): Arrays | string => {
  let files: Readonly<Record<string, Uint8Array>>
  try {
    files = unzip(bytes)
  } catch (error) {
    return (error as Error).message.startsWith('invalid zip')
      ? 'no zip archive, or one that is cut short'
      : `a damaged archive (${(error as Error).message})`
  }
  const found: Array<readonly [name: string, entry: Entry]> = []
  for (const [path, content] of Object.entries(files)) {
    const name = nameOf(path)
    const entry = fromNpy(content)
    if (typeof entry === 'string') return `${shortened(entry, QUOTED_LETTERS)}: ${quotedName(path)}`
    found.push([name, entry])
  }
  return Object.fromEntries(found)
}
