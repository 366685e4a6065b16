/**
 * The checksums that pages of a file of Parquet may carry, and whether they are those of their bytes. A page is a header in Thrift's
 * compact protocol and, after it, so many bytes as the header says.
 */
import { crc32 } from './crc.js'

/** A column's part of a group of rows: where its pages lie in the file, and what it is called where it is damaged. */
export interface Chunk {
  readonly name: string
  readonly from: number
  readonly to: number
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

const byte = (reader: Reader): number => {
  if (reader.at >= reader.bytes.length) throw new Error('a header of a page has no end')
  return reader.bytes[reader.at++]
}

/** Passes over so many bytes, which must be there. */
const pass = (reader: Reader, count: number): void => {
  if (!(count >= 0 && reader.at + count <= reader.bytes.length)) throw new Error('a page ends beyond its column')
  reader.at += count
}

/** Seven bits a byte, the lowest first; of 32 bits. */
const varint = (reader: Reader): number => {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const next = byte(reader)
    if (shift < 32) value |= (next & 127) << shift
    if ((next & 128) === 0) return value >>> 0
  }
}

const zigzag = (reader: Reader): number => {
  const value = varint(reader)
  return (value >>> 1) ^ -(value & 1)
}

const [STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT] = [0, 1, 2, 3, 7, 8, 9, 10, 12]

/** A value of a type: the number that it is, where it is a whole one. */
const value = (reader: Reader, type: number): number => {
  switch (type) {
    case TRUE:
    case FALSE:
      return 0
    case BYTE:
      return byte(reader)
    case DOUBLE:
      pass(reader, 8)
      return 0
    case BINARY:
      // its length comes first
      pass(reader, varint(reader))
      return 0
    case LIST:
    case SET: {
      const head = byte(reader)
      const count = head >> 4 === 15 ? varint(reader) : head >> 4
      const of = head & 15
      for (let i = 0; i < count; i++) value(reader, of === TRUE || of === FALSE ? BYTE : of)
      return 0
    }
    case STRUCT:
      fields(reader)
      return 0
    default:
      return zigzag(reader)
  }
}

/** The whole numbers of a record, by the numbers of their fields. */
const fields = (reader: Reader): ReadonlyMap<number, number> => {
  const found = new Map<number, number>()
  for (let id = 0; ;) {
    const head = byte(reader)
    if (head === STOP) return found
    id = head >> 4 === 0 ? zigzag(reader) : id + (head >> 4)
    found.set(id, value(reader, head & 15))
  }
}

/** `PageHeader` of parquet.thrift: 3 is the number of bytes after it, 4 their checksum. */
const [LENGTH, CHECKSUM] = [3, 4]

/** Throws where a page's bytes have another checksum than the page carries. */
const sound = ({ name }: Chunk, bytes: Uint8Array): void => {
  const reader = { bytes, at: 0 }
  for (let page = 1; reader.at < bytes.length - 1; page++) {
    const header = fields(reader)
    const start = reader.at
    pass(reader, header.get(LENGTH) ?? 0)
    const own = bytes.subarray(start, reader.at)
    const carried = header.get(CHECKSUM)
    if (carried !== undefined && crc32(own) !== carried >>> 0)
      throw new Error(`${name}: page ${page} has another checksum than it carries`)
  }
}

/** Bytes from anywhere, those of the chunks looked at when they are read. */
export const looked =
  (chunks: ReadonlyArray<Chunk>) =>
  (slice: (from: number, to?: number) => ArrayBuffer | Promise<ArrayBuffer>) =>
  async (from: number, to?: number): Promise<ArrayBuffer> => {
    const read = await slice(from, to)
    const end = from + read.byteLength
    for (const chunk of chunks)
      if (from <= chunk.from && chunk.to <= end)
        sound(chunk, new Uint8Array(read, chunk.from - from, chunk.to - chunk.from))
    return read
  }
