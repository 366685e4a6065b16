/**
 * Threefry block functions (Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as 1, 2, 3*, SC 2011): for each key a bijection
 * of counters, by additions, rotations and exclusive ors. They write to arrays of the caller, without an allocation per draw.
 */

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

/** Words of a key and their parity; shared by all calls, to avoid an allocation. */
const threefryWords = new Int32Array(3)

/** Threefry-2x32 with 20 rounds and the key added after every four: writes the two words for the counter (c0, c1) to `out`. */
export const block32 = (k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void => {
  threefryWords[0] = k0
  threefryWords[1] = k1
  threefryWords[2] = k0 ^ k1 ^ 0x1bd11bda
  let x0 = (c0 + k0) | 0
  let x1 = (c1 + k1) | 0
  for (let group = 1; group <= 5; group++) {
    const isOdd = group % 2 === 1
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, isOdd ? 13 : 17) ^ x0
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, isOdd ? 15 : 29) ^ x0
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, isOdd ? 26 : 16) ^ x0
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, isOdd ? 6 : 24) ^ x0
    x0 = (x0 + threefryWords[group % 3]) | 0
    x1 = (x1 + threefryWords[(group + 1) % 3] + group) | 0
  }
  out[0] = x0
  out[1] = x1
}

const PARITY_LOW = 0xa9fc1a22
const PARITY_HIGH = 0x1bd11bda
const ROTATIONS = Int32Array.of(16, 42, 12, 31, 16, 32, 24, 21)

/** The two words of a key of `block64` and their parity, each as its low and its high 32 bits. */
export const keyWords = (low0: number, high0: number, low1: number, high1: number): Int32Array =>
  Int32Array.of(low0, high0, low1, high1, low0 ^ low1 ^ PARITY_LOW, high0 ^ high1 ^ PARITY_HIGH)

/** Carry of the sum of two low halves. */
const carry = (sum: number, part: number): number => (sum >>> 0 < part >>> 0 ? 1 : 0)

/**
 * Threefry-2x64 with 13 rounds: writes the two words for a counter of two words to `out`, at indices `at` and `second`. A word of 64 bits
 * is two numbers, the low half first.
 */
export const block64 = (
  key: Int32Array,
  low0: number,
  high0: number,
  low1: number,
  high1: number,
  out: Uint32Array,
  at = 0,
  second = at + 2
): void => {
  let xl = (low0 + key[0]) | 0
  let xh = (high0 + key[1] + carry(xl, key[0])) | 0
  let yl = (low1 + key[2]) | 0
  let yh = (high1 + key[3] + carry(yl, key[2])) | 0
  for (let round = 1; ; round++) {
    xl = (xl + yl) | 0
    xh = (xh + yh + carry(xl, yl)) | 0
    const by = ROTATIONS[(round - 1) & 7]
    const low = by < 32 ? yl : yh
    const high = by < 32 ? yh : yl
    // JavaScript shifts by 32 as by 0; shifts by 1 and by 31 − by together shift by 32 if `by` is 32.
    yl = ((low << (by & 31)) | ((high >>> 1) >>> (31 - (by & 31)))) ^ xl
    yh = ((high << (by & 31)) | ((low >>> 1) >>> (31 - (by & 31)))) ^ xh
    if (round === 13) break
    if (round % 4 > 0) continue
    const group = round / 4
    const a = 2 * (group % 3)
    const b = 2 * ((group + 1) % 3)
    xl = (xl + key[a]) | 0
    xh = (xh + key[a + 1] + carry(xl, key[a])) | 0
    yl = (yl + group) | 0
    yh = (yh + carry(yl, group)) | 0
    yl = (yl + key[b]) | 0
    yh = (yh + key[b + 1] + carry(yl, key[b])) | 0
  }
  out[at] = xl
  out[at + 1] = xh
  out[second] = yl
  out[second + 1] = yh
}
