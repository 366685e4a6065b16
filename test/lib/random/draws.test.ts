import { describe, expect, it } from 'vitest'
import { drawsOfKey } from '../../../lib/random/draws.js'
import * as Key from '../../../lib/random/key.js'
import * as Normal from '../../../lib/numbers/normal.js'
import * as Simd from '../../../lib/wasm/index.js'
import { block64, keyWords } from '../../../lib/random/threefry.js'
import { SEED } from '../../cases.js'

/** Each claim about chance below is false with at most this probability when the code is right. */
const FAULT = 1e-9
/** P(|Z| > SIGMAS) < FAULT / 100 for a standard normal Z: up to a hundred such claims are made at a time. */
const SIGMAS = 6.9

const key = Key.fromSeed(SEED)
const { k0, k1 } = key

// —— the generator said again, in whole numbers of any size and by other functions ——

const WORD = 2n ** 64n
const ROTATIONS = [16n, 42n, 12n, 31n, 16n, 32n, 24n, 21n]
const threefry = (
  words: readonly [bigint, bigint],
  counter: readonly [bigint, bigint],
  rounds: number
): readonly [bigint, bigint] => {
  const parts = [...words, words[0] ^ words[1] ^ 0x1bd11bdaa9fc1a22n]
  let x = (counter[0] + parts[0]) % WORD
  let y = (counter[1] + parts[1]) % WORD
  for (let round = 0; round < rounds; round++) {
    x = (x + y) % WORD
    const by = ROTATIONS[round % 8]
    y = (((y << by) | (y >> (64n - by))) % WORD) ^ x
    if (round % 4 < 3) continue
    const group = (round + 1) / 4
    x = (x + parts[group % 3]) % WORD
    y = (y + parts[(group + 1) % 3] + BigInt(group)) % WORD
  }
  return [x, y]
}
/** The constant that begins the generator's key: 64 bits of π after the point. */
const PI = 0x243f6a8885a308d3n
const blockOf = (of: Key.Key, use: number, i: number): readonly [bigint, bigint] =>
  threefry([PI, (BigInt(of.k1) << 32n) | BigInt(of.k0)], [(BigInt(use) << 53n) + BigInt(i), 0n], 13)
const wordOf = (of: Key.Key, use: number, i: number): bigint =>
  blockOf(of, use, 2 * Math.floor(i / 4) + (i % 2))[Math.floor(i / 2) % 2]
const uniformOf = (word: bigint): number => Number(word >> 11n) / 2 ** 53

/** 256 layers of one area below exp(−x²/2): where the curve is as high as their lower edges, from the tail's edge inwards. */
const edge = 3.6541528853610088
const area = edge * Math.exp(-(edge ** 2) / 2) + Math.sqrt(2 * Math.PI) * Normal.normalCdf(-edge)
const widths = [area / Math.exp(-(edge ** 2) / 2), edge]
while (widths.length < 256) {
  const width = widths[widths.length - 1]
  widths.push(Math.sqrt(-2 * Math.log(Math.exp(-(width ** 2) / 2) + area / width)))
}
widths.push(0)
const heightOf = (width: number): number => Math.exp(-(width ** 2) / 2)

const normalOf = (of: Key.Key, i: number): number => {
  let word = wordOf(of, 1, i)
  for (let use = 2; ; use++) {
    const layer = Number(word % 256n)
    const sign = (word >> 8n) % 2n === 0n ? 1 : -1
    const x = uniformOf(word) * widths[layer]
    if (x < widths[layer + 1]) return sign * x
    const [first, second] = blockOf(of, use, i)
    if (layer === 0) {
      const beyond = -Math.log1p(-uniformOf(first)) / edge
      // The next attempt is another block's: this test meets the first attempts alone.
      return -2 * Math.log1p(-uniformOf(second)) > beyond ** 2 ? sign * (edge + beyond) : NaN
    }
    const low = heightOf(widths[layer])
    const high = heightOf(widths[layer + 1])
    if (low + uniformOf(first) * (high - low) < heightOf(x)) return sign * x
    word = second
  }
}

// —— ——

describe('the block function is Threefry-2x64 with 13 rounds', () => {
  const halves = (word: bigint): readonly [number, number] => [Number(word % 2n ** 32n), Number(word >> 32n)]
  const block = (words: readonly [bigint, bigint], counter: readonly [bigint, bigint]): ReadonlyArray<bigint> => {
    const out = new Uint32Array(4)
    block64(keyWords(...halves(words[0]), ...halves(words[1])), ...halves(counter[0]), ...halves(counter[1]), out)
    return [0, 2].map(at => (BigInt(out[at + 1]) << 32n) | BigInt(out[at]))
  }
  const full = WORD - 1n
  // Random123's kat_vectors
  it.each([
    [
      [0n, 0n],
      [0n, 0n],
      [0xf167b032c3b480bdn, 0xe91f9fee4b7a6fb5n]
    ],
    [
      [full, full],
      [full, full],
      [0xccdec5c917a874b1n, 0x4df53abca26ceb01n]
    ],
    [
      [0xa4093822299f31d0n, 0x082efa98ec4e6c89n],
      [0x243f6a8885a308d3n, 0x13198a2e03707344n],
      [0xc3aac71561042993n, 0x3fe7ae8801aff316n]
    ]
  ] as const)('known answer %#', (words, counter, expected) => {
    expect(block(words, counter)).toEqual(expected)
    expect(threefry(words, counter, 13)).toEqual(expected)
  })
})

describe('a draw is a function of its key and its index', () => {
  /** Within four draws of two blocks and over many, and past a stretch of the kernels. */
  const lengths = [...Array.from({ length: 20 }, (_, n) => n), 511, 512, 513, 1030]
  const fills = [
    ['uniforms', Key.fillUniform, 0, (i: number) => uniformOf(wordOf(key, 0, i))],
    ['normals', Key.fillNormal, 1, (i: number) => normalOf(key, i)]
  ] as const

  const isSame = (xs: Float64Array, ys: Float64Array): boolean =>
    xs.length === ys.length && xs.every((x, i) => Object.is(x, ys[i]))

  it.each(fills)('%s: for every first index and length, in the kernels and in plain loops', (name, fill) => {
    expect(Simd.hasSimd()).toBe(true)
    const wrong: string[] = []
    for (const from of [0, 1024, 2 ** 33 - 8, 2 ** 52]) {
      const all = new Float64Array(1040)
      drawsOfKey(k0, k1)[name](from, all)
      for (let first = from; first < from + 8; first++)
        for (const length of lengths) {
          const expected = all.subarray(first - from, first - from + length)
          const out = new Float64Array(length + 1).fill(7)
          fill(first, out.subarray(0, length))(key)
          const place = Simd.allocateDoubles(length + 8).subarray(0, length)
          fill(first, place)(key)
          const plain = new Float64Array(length)
          if (length < 20) drawsOfKey(k0, k1)[name](first, plain)
          const holds =
            isSame(out.subarray(0, length), expected) &&
            out[length] === 7 &&
            isSame(place, expected) &&
            (length >= 20 || isSame(plain, expected))
          if (!holds) wrong.push(`${length} from ${first}`)
        }
      Simd.releaseUnkept()
    }
    expect(wrong).toEqual([])
  })

  it('in a million draws of the kernels none differs from those of plain loops', () => {
    const n = 500_000
    for (const [name, fill] of fills) {
      const ours = new Float64Array(n)
      const plain = new Float64Array(n)
      fill(3, ours)(key)
      drawsOfKey(k0, k1)[name](3, plain)
      expect(ours.findIndex((x, i) => !Object.is(x, plain[i]))).toBe(-1)
    }
  })

  it('uniform draws are the high bits of the words', () => {
    for (const first of [0, 2 ** 33 - 5, 2 ** 53 - 12])
      expect(Array.from(draw(Key.fillUniform, first, 12))).toEqual(
        Array.from({ length: 12 }, (_, i) => uniformOf(wordOf(key, 0, first + i)))
      )
  })

  it('normal draws are the ziggurat of the words', () => {
    // The widths are sums of 256 terms and their logarithms, each right to 2⁻⁵²; the area of the tail, to 1e-13 by Φ.
    const z = draw(Key.fillNormal, 0, 300_000)
    const far = Array.from(z.keys()).filter(i => Math.abs(z[i]) > edge)
    const numbers = [...Array.from({ length: 3000 }, (_, i) => i), ...far]
    const beside = numbers.filter(i => {
      const word = wordOf(key, 1, i)
      const expected = normalOf(key, i)
      if (!Number.isNaN(expected)) expect(Math.abs(z[i] - expected)).toBeLessThan(1e-10)
      const layer = Number(word % 256n)
      return layer > 0 && uniformOf(word) * widths[layer] > widths[layer + 1]
    })
    // Means of 79 and 37.
    expect(far.length).toBeGreaterThan(25)
    expect(beside.length).toBeGreaterThan(3)
  })
})

function draw(fill: typeof Key.fillNormal, first: number, n: number): Float64Array {
  const out = new Float64Array(n)
  fill(first, out)(key)
  return out
}

/** q with P(χ² of k degrees > q) ≤ p (Laurent & Massart 2000). */
const mostChiSquared = (k: number, p: number): number => k + 2 * Math.sqrt(-k * Math.log(p)) - 2 * Math.log(p)

describe('normal draws', () => {
  const N = 2 ** 22
  const z = Key.normal(N)(key)
  /** Cells of one probability, by their inner bounds. */
  const cells = 1024
  const bounds = Float64Array.from({ length: cells - 1 }, (_, i) => Normal.normalQuantile((i + 1) / cells))
  const cellOf = (x: number): number => {
    let low = 0
    let high = cells - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (x < bounds[middle]) high = middle
      else low = middle + 1
    }
    return low
  }
  // Loops: callbacks for four million numbers take seconds.
  const cell = new Int32Array(N)
  const tail: number[] = []
  for (let i = 0; i < N; i++) {
    const x = z[i]
    cell[i] = cellOf(x)
    const size = Math.abs(x)
    if (size > edge) tail.push(size)
  }

  it('fall into 1024 cells of equal probability equally often', () => {
    const counts = new Float64Array(cells)
    for (let i = 0; i < N; i++) counts[cell[i]] += 1
    const chiSquared = counts.reduce((sum, n) => sum + (n - N / cells) ** 2 / (N / cells), 0)
    expect(chiSquared).toBeLessThan(mostChiSquared(cells - 1, FAULT))
  })

  it('have the tail of N(0, 1) beyond the ziggurat, by its distribution function', () => {
    // sup |F_n − F| > ε with probability at most 2 exp(−2nε²) (Dvoretzky, Kiefer, Wolfowitz; Massart).
    const n = tail.length
    const cdf = (x: number): number => 1 - Normal.normalCdf(-x) / Normal.normalCdf(-edge)
    const worst = tail
      .sort((x, y) => x - y)
      .reduce((most, x, i) => Math.max(most, cdf(x) - i / n, (i + 1) / n - cdf(x)), 0)
    expect(n).toBeGreaterThan(800)
    expect(worst).toBeLessThan(Math.sqrt(Math.log(2 / FAULT) / (2 * n)))
  })

  /** χ² of n pairs in 64 cells of one probability. */
  const ofPairs = (n: number, x: (i: number) => number, y: (i: number) => number): number => {
    const counts = new Float64Array(64)
    for (let i = 0; i < n; i++) counts[(x(i) >> 7) * 8 + (y(i) >> 7)] += 1
    return counts.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0)
  }

  it.each([1, 2, 4, 2048])('are independent at lag %i', lag => {
    // Each draw is in one pair.
    const first = (i: number): number => 2 * i - (i % lag)
    const found = ofPairs(
      N / 2,
      i => cell[first(i)],
      i => cell[first(i) + lag]
    )
    expect(found).toBeLessThan(mostChiSquared(63, FAULT))
  })

  it('are independent between keys that differ in one bit', () => {
    const n = 2 ** 14
    for (let bit = 0; bit < 64; bit++) {
      const other = bit < 32 ? { ...key, k0: (k0 ^ (2 ** bit)) >>> 0 } : { ...key, k1: (k1 ^ (2 ** (bit - 32))) >>> 0 }
      const theirs = Key.normal(n)(other)
      const found = ofPairs(
        n,
        i => cell[i],
        i => cellOf(theirs[i])
      )
      expect(found).toBeLessThan(mostChiSquared(63, FAULT / 64))
    }
  })

  it('are independent of the uniform and gamma draws of their key', () => {
    const n = 2 ** 18
    const u = Key.uniform(n)(key)
    const gamma = Key.gamma(1)(n)(key)
    const ofNormal = (i: number): number => cell[i]
    const ofUniform = (i: number): number => Math.floor(cells * u[i])
    const ofGamma = (i: number): number => Math.min(cells - 1, Math.floor(-cells * Math.expm1(-gamma[i])))
    const most = mostChiSquared(63, FAULT)
    expect(ofPairs(n, ofNormal, ofUniform)).toBeLessThan(most)
    expect(ofPairs(n, ofNormal, ofGamma)).toBeLessThan(most)
    expect(ofPairs(n, ofUniform, ofGamma)).toBeLessThan(most)
  })
})

describe('a bit of the key flips each bit of a block with probability ½', () => {
  /** Of N pairs of keys with this difference, how often each bit of the words differs; the counter stays, or the sum of both. */
  const flips = (N: number, bit: number, isSumKept: boolean): Float64Array => {
    const counts = new Float64Array(128)
    const one = new Uint32Array(4)
    const other = new Uint32Array(4)
    // Counts of four bits in one number, until one of them may be full.
    const fours = new Uint32Array(32)
    const [flipLow, flipHigh] = bit < 32 ? [2 ** bit, 0] : [0, 2 ** (bit - 32)]
    for (let i = 0; i < N; i++) {
      const low = (Math.imul(i + 1, 0x9e3779b1) ^ k0) >>> 0
      const high = (Math.imul(i + 1, 0x85ebca6b) ^ k1) >>> 0
      const otherLow = (low ^ flipLow) >>> 0
      const otherHigh = (high ^ flipHigh) >>> 0
      // The other counter is this one and the difference of the keys.
      const counter = isSumKept ? i + low - otherLow : i
      const carried = isSumKept ? high - otherHigh + Math.floor(counter / 2 ** 32) : 0
      block64(keyWords(0x85a308d3, 0x243f6a88, low, high), i, 0, 0, 0, one)
      block64(keyWords(0x85a308d3, 0x243f6a88, otherLow, otherHigh), counter >>> 0, carried >>> 0, 0, 0, other)
      for (let word = 0; word < 4; word++)
        for (let at = 0; at < 8; at++) fours[8 * word + at] += ((one[word] ^ other[word]) >>> at) & 0x01010101
      if (i % 255 < 254 && i < N - 1) continue
      for (let at = 0; at < 128; at++) counts[at] += (fours[8 * (at >> 5) + (at & 7)] >>> (at & 24)) & 255
      fours.fill(0)
    }
    return counts
  }
  // With counters added to the word of the key, bit 11 flips the second bit with a chance of 0.5036 where the sum stays: 10
  // deviations in 2²¹ pairs.
  it.each([
    [2 ** 17, 'and the counter stays', SEED % 64, false],
    [2 ** 17, 'and the sum of key and counter stays', SEED % 64, true],
    [2 ** 21, 'and the sum of key and counter stays', 11, true]
  ])('in %i pairs, %s: bit %i', (N, _, bit, isSumKept) => {
    const z = flips(N, bit, isSumKept).map(count => (count - N / 2) / Math.sqrt(N / 4))
    expect(Math.max(...z.map(Math.abs))).toBeLessThan(SIGMAS)
    // Of all 128 together.
    expect(z.reduce((sum, x) => sum + x * x, 0)).toBeLessThan(mostChiSquared(128, FAULT))
  })
})
