/** Decompression of LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). */

const LZ4_MAGIC = 0x184d2204

const damaged = (): Error => new Error('packed by LZ4, and damaged')

interface GrowingBytes {
  bytes: Uint8Array
  length: number
}

const reserve = (out: GrowingBytes, more: number): void => {
  if (out.length + more <= out.bytes.length) return
  const larger = new Uint8Array(2 * (out.length + more))
  larger.set(out.bytes.subarray(0, out.length))
  out.bytes = larger
}

const append = (out: GrowingBytes, bytes: Uint8Array): void => {
  reserve(out, bytes.length)
  out.bytes.set(bytes, out.length)
  out.length += bytes.length
}

/** Decompresses a block: literals and matches in turn, ending in literals. */
const unpackBlock = (block: Uint8Array, out: GrowingBytes): void => {
  let at = 0
  const lengthOf = (nibble: number): number => {
    let count = nibble
    if (nibble < 15) return count
    for (let byte = 255; byte === 255; count += byte) {
      if (at >= block.length) throw damaged()
      byte = block[at++]
    }
    return count
  }
  while (at < block.length) {
    const token = block[at++]
    const literals = lengthOf(token >> 4)
    if (at + literals > block.length) throw damaged()
    append(out, block.subarray(at, at + literals))
    at += literals
    if (at >= block.length) return
    if (at + 2 > block.length) throw damaged()
    const back = block[at] | (block[at + 1] << 8)
    at += 2
    const matched = lengthOf(token & 15) + 4
    if (back === 0 || back > out.length) throw damaged()
    reserve(out, matched)
    const { bytes } = out
    // Byte by byte, since a match may overlap its own output.
    for (let i = 0, to = out.length; i < matched; i++, to++) bytes[to] = bytes[to - back]
    out.length += matched
  }
}

/** Content of a frame. Checksums are not verified; throws if the frame is damaged. */
export const unpackedLz4 = (packed: Uint8Array): Uint8Array => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  if (packed.length < 7 || view.getUint32(0, true) !== LZ4_MAGIC || packed[4] >> 6 !== 1) throw damaged()
  const flags = packed[4]
  const hasBlockSums = flags & 16
  const hasSize = flags & 8
  const hasDictionary = flags & 1
  if (hasDictionary !== 0) throw new Error('packed by LZ4 with a dictionary, which is not here')
  const size = hasSize === 0 ? 4 * packed.length : Number(view.getBigUint64(6, true))
  // One byte expands to 255 bytes at most.
  if (size > 255 * packed.length) throw damaged()
  const out: GrowingBytes = { bytes: new Uint8Array(size), length: 0 }
  for (let at = hasSize === 0 ? 7 : 15; ;) {
    if (at + 4 > packed.length) throw damaged()
    const size = view.getUint32(at, true)
    at += 4
    if (size === 0) return out.bytes.subarray(0, out.length)
    const count = size % 0x80000000
    const isStored = size >= 0x80000000
    if (at + count > packed.length) throw damaged()
    const block = packed.subarray(at, at + count)
    if (isStored) append(out, block)
    else unpackBlock(block, out)
    at += count + (hasBlockSums === 0 ? 0 : 4)
  }
}
