/** What was packed by DEFLATE (RFC 1951): the content of the members of compressed zip archives. */

const damaged = (): Error => new Error('packed by DEFLATE, and damaged')

/** Each byte of a packed file gives so many bytes at most: 258 for two bits. */
const MOST = 1032

/** A Huffman code by how many codes there are of each length, and its symbols in order of code (RFC 1951, 3.2.2). */
interface Code {
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
}

const codeOf = (lengths: ArrayLike<number>): Code => {
  const counts = new Uint16Array(16)
  for (let symbol = 0; symbol < lengths.length; symbol++) counts[lengths[symbol]]++
  counts[0] = 0
  const next = new Uint16Array(16)
  for (let bits = 1; bits < 16; bits++) next[bits] = next[bits - 1] + counts[bits - 1]
  const symbols = new Uint16Array(lengths.length)
  for (let symbol = 0; symbol < lengths.length; symbol++)
    if (lengths[symbol] !== 0) symbols[next[lengths[symbol]]++] = symbol
  return { counts, symbols }
}

const FIXED = codeOf(Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)))
const FIXED_DISTANCES = codeOf(new Uint8Array(30).fill(5))

/** Where each length, or distance, of 3.2.5 begins, by how many more bits tell it. */
const begins = (first: number, more: ReadonlyArray<number>): ReadonlyArray<number> =>
  more.map((_, i) => more.slice(0, i).reduce((sum, bits) => sum + (1 << bits), first))

const LENGTH_BITS = Array.from({ length: 28 }, (_, i) => (i < 4 ? 0 : (i - 4) >> 2)).concat(0)
const LENGTHS = begins(3, LENGTH_BITS.slice(0, 28)).concat(258)
const DISTANCE_BITS = Array.from({ length: 30 }, (_, i) => (i < 2 ? 0 : (i - 2) >> 1))
const DISTANCES = begins(1, DISTANCE_BITS)

/** In which order the lengths of the code of lengths are told. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/**
 * The content, of so many bytes.
 *
 * @throws Error where it is damaged, or of another length
 */
export const inflated = (packed: Uint8Array, length: number): Uint8Array => {
  if (length > MOST * packed.length) throw damaged()
  const out = new Uint8Array(length)
  let [at, held, count, made] = [0, 0, 0, 0]
  const bits = (wanted: number): number => {
    for (; count < wanted; count += 8) {
      if (at >= packed.length) throw damaged()
      held |= packed[at++] << count
    }
    const found = held & ((1 << wanted) - 1)
    held >>>= wanted
    count -= wanted
    return found
  }
  /** Bit by bit: codes of a length are consecutive, and those of the next begin at twice what follows them. */
  const symbol = ({ counts, symbols }: Code): number => {
    let [code, first, index] = [0, 0, 0]
    for (let length = 1; length < 16; length++) {
      code |= bits(1)
      if (code - first < counts[length]) return symbols[index + code - first]
      index += counts[length]
      first = (first + counts[length]) << 1
      code <<= 1
    }
    throw damaged()
  }
  const stored = (): void => {
    held = count = 0
    const size = packed[at] | (packed[at + 1] << 8)
    const inverse = packed[at + 2] | (packed[at + 3] << 8)
    at += 4
    if (at + size > packed.length || size !== (inverse ^ 0xffff) || made + size > length) throw damaged()
    out.set(packed.subarray(at, at + size), made)
    at += size
    made += size
  }
  const block = (literals: Code, distances: Code): void => {
    for (;;) {
      const found = symbol(literals)
      if (found === 256) return
      if (found < 256) {
        if (made >= length) throw damaged()
        out[made++] = found
        continue
      }
      if (found > 285) throw damaged()
      const run = LENGTHS[found - 257] + bits(LENGTH_BITS[found - 257])
      const place = symbol(distances)
      if (place > 29) throw damaged()
      const back = DISTANCES[place] + bits(DISTANCE_BITS[place])
      if (back > made || made + run > length) throw damaged()
      // Byte by byte: a match may reach into what it writes.
      for (let i = 0; i < run; i++, made++) out[made] = out[made - back]
    }
  }
  const dynamic = (): void => {
    const [literals, distances, told] = [bits(5) + 257, bits(5) + 1, bits(4) + 4]
    const lengths = new Uint8Array(19)
    for (let i = 0; i < told; i++) lengths[ORDER[i]] = bits(3)
    const code = codeOf(lengths)
    const all = new Uint8Array(literals + distances)
    for (let i = 0; i < all.length;) {
      const found = symbol(code)
      if (found < 16) {
        all[i++] = found
        continue
      }
      if (found === 16 && i === 0) throw damaged()
      const repeated = found === 16 ? all[i - 1] : 0
      const times = found === 16 ? 3 + bits(2) : found === 17 ? 3 + bits(3) : 11 + bits(7)
      if (i + times > all.length) throw damaged()
      all.fill(repeated, i, i + times)
      i += times
    }
    block(codeOf(all.subarray(0, literals)), codeOf(all.subarray(literals)))
  }
  for (let isLast = false; !isLast;) {
    isLast = bits(1) === 1
    const kind = bits(2)
    if (kind === 0) stored()
    else if (kind === 1) block(FIXED, FIXED_DISTANCES)
    else if (kind === 2) dynamic()
    else throw damaged()
  }
  if (made !== length) throw damaged()
  return out
}
