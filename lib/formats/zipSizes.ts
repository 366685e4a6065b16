/** Size of what comes out of a zip archive (PKWARE's APPNOTE 6.3), measured by inflating it, because its own entries may lie. */
import { Inflate } from 'fflate'

const END_SIGNATURE = 0x06054b50
const ENTRY_SIGNATURE = 0x02014b50
const STORED = 0
const DEFLATED = 8
/** Packed bytes inflated at once: they give at most a thousand times as many. */
const PIECE_BYTES = 1 << 14

/** Offset of the record that ends an archive; −1 if there is none. */
const endRecordOffset = (data: DataView): number => {
  const least = Math.max(0, data.byteLength - 22 - 0xffff)
  for (let at = data.byteLength - 22; at >= least; at--) if (data.getUint32(at, true) === END_SIGNATURE) return at
  return -1
}

/** Inflated bytes of a member, at most a little more than `most`. */
const memberSize = (packed: Uint8Array, most: number): number => {
  let size = 0
  const stream = new Inflate(piece => {
    size += piece.length
  })
  for (let from = 0; from < packed.length && size <= most; from += PIECE_BYTES)
    stream.push(packed.subarray(from, from + PIECE_BYTES), from + PIECE_BYTES >= packed.length)
  return size
}

/**
 * Total size of an archive's members in bytes, counted until above `most`. Returns the fault if the archive is damaged, encrypted or
 * packed in another way than by deflation.
 */
export const inflatedSize = (bytes: Uint8Array, most: number): number | string => {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = endRecordOffset(data)
  if (end < 0) return 'it is damaged or cut short'
  let total = 0
  try {
    let at = data.getUint32(end + 16, true)
    for (let left = data.getUint16(end + 10, true); left > 0 && total <= most; left--) {
      if (data.getUint32(at, true) !== ENTRY_SIGNATURE) return 'its directory is damaged'
      if ((data.getUint16(at + 8, true) & 1) === 1) return 'it is encrypted'
      const method = data.getUint16(at + 10, true)
      const packedSize = data.getUint32(at + 20, true)
      const local = data.getUint32(at + 42, true)
      const from = local + 30 + data.getUint16(local + 26, true) + data.getUint16(local + 28, true)
      if (method !== STORED && method !== DEFLATED) return 'it is packed by another method than deflation'
      total += method === STORED ? packedSize : memberSize(bytes.subarray(from, from + packedSize), most - total)
      at += 46 + data.getUint16(at + 28, true) + data.getUint16(at + 30, true) + data.getUint16(at + 32, true)
    }
  } catch {
    return 'it is damaged or cut short'
  }
  return total
}
