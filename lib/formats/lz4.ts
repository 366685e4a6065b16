/** What was packed by LZ4, in frames: the format of https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. */

const LZ4_MAGIC = 0x184d2204

const damaged = (): Error => new Error('packed by LZ4, and damaged')

/** The content of a frame; checksums are passed over. */
export const unpackedLz4 = (packed: Uint8Array): Uint8Array => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  if (packed.length < 7 || view.getUint32(0, true) !== LZ4_MAGIC || packed[4] >> 6 !== 1) throw damaged()
  const flags = packed[4]
  const hasBlockSums = flags & 16
  const hasSize = flags & 8
  const hasDictionary = flags & 1
  if (hasDictionary !== 0) throw new Error('packed by LZ4 with a dictionary, which is not here')
  const size = hasSize === 0 ? 4 * packed.length : Number(view.getBigUint64(6, true))
  // A byte makes 255 at most.
  if (size > 255 * packed.length) throw damaged()
  let out = new Uint8Array(size)
  let length = 0
  const room = (more: number): void => {
    if (length + more <= out.length) return
    const larger = new Uint8Array(2 * (length + more))
    larger.set(out.subarray(0, length))
    out = larger
  }

  /** Literals and matches, in turn; the last are literals. */
  const block = (from: number, end: number): void => {
    let at = from
    const counted = (nibble: number): number => {
      let count = nibble
      if (nibble < 15) return count
      for (let byte = 255; byte === 255; count += byte) {
        if (at >= end) throw damaged()
        byte = packed[at++]
      }
      return count
    }
    while (at < end) {
      const token = packed[at++]
      const literals = counted(token >> 4)
      if (at + literals > end) throw damaged()
      room(literals)
      out.set(packed.subarray(at, at + literals), length)
      at += literals
      length += literals
      if (at >= end) return
      if (at + 2 > end) throw damaged()
      const back = packed[at] | (packed[at + 1] << 8)
      at += 2
      const matched = counted(token & 15) + 4
      if (back === 0 || back > length) throw damaged()
      room(matched)
      // Byte by byte: a match may reach into what it writes.
      for (let i = 0; i < matched; i++, length++) out[length] = out[length - back]
    }
  }

  for (let at = hasSize === 0 ? 7 : 15; ;) {
    if (at + 4 > packed.length) throw damaged()
    const size = view.getUint32(at, true)
    at += 4
    if (size === 0) return out.subarray(0, length)
    const count = size % 0x80000000
    const isPlain = size >= 0x80000000
    if (at + count > packed.length) throw damaged()
    if (isPlain) {
      room(count)
      out.set(packed.subarray(at, at + count), length)
      length += count
    } else block(at, at + count)
    at += count + (hasBlockSums === 0 ? 0 : 4)
  }
}
