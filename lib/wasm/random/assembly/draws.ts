import { exp } from '../../math/assembly/exponential'
import { ln } from '../../math/assembly/logarithm'
import { coefficient } from '../../math/assembly/lanes'

/**
 * The draws of lib/random/draws.ts, with operations on doubles in equal order, so bits are equal; nothing may be reassociated.
 *
 * Two blocks make four draws: their first words, then their second ones. Each round depends on the last, and a processor looks ahead about
 * two hundred instructions only, so each loop computes a few rounds for many counters, whose words are stored in the place of the draws.
 */

/** First word of the generator's key; the second is the caller's. */
@inline const FIRST: u64 = 0x243f6a8885a308d3
@inline const PARITY: u64 = 0x1bd11bdaa9fc1a22

/** Uses of blocks, in the bits above the 53 bits of the index. */
@inline const USE: u64 = 1 << 53
@inline const NORMALS: u64 = USE
@inline const GAMMAS: u64 = 1024 * USE
/** Uses of each attempt at a gamma draw: its block, and those of its normal number. */
@inline const ATTEMPT: u64 = 32 * USE
@inline const BOOST: u64 = 2047 * USE

@inline
function keyOf(k0: i32, k1: i32): u64 {
  return (<u64><u32>k1 << 32) | <u64><u32>k0
}

// —— words ——

/** Rotation of x1 and exclusive or with x0; rotations by whole bytes are one shuffle instead of three instructions. */
@inline
function rotateXor(x0: v128, x1: v128, by: i32): v128 {
  if (by == 16) return v128.xor(v128.swizzle(x1, i8x16(6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9, 10, 11, 12, 13)), x0)
  if (by == 24) return v128.xor(v128.swizzle(x1, i8x16(5, 6, 7, 0, 1, 2, 3, 4, 13, 14, 15, 8, 9, 10, 11, 12)), x0)
  if (by == 32) return v128.xor(v128.shuffle<i32>(x1, x1, 1, 0, 3, 2), x0)
  return v128.xor(v128.or(i64x2.shl(x1, by), i64x2.shr_u(x1, 64 - by)), x0)
}

/** Four rounds of two counters, and addition of words of the key; `last` adds the thirteenth round. */
@inline
function mixFourRounds(at: usize, x0: v128, x1: v128, odd: bool, ka: v128, kb: v128, last: bool): void {
  x0 = i64x2.add(x0, x1)
  x1 = rotateXor(x0, x1, 16)
  x0 = i64x2.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 42 : 32)
  x0 = i64x2.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 12 : 24)
  x0 = i64x2.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 31 : 21)
  x0 = i64x2.add(x0, ka)
  x1 = i64x2.add(x1, kb)
  if (last) {
    x0 = i64x2.add(x0, x1)
    x1 = rotateXor(x0, x1, 16)
  }
  v128.store(at, x0)
  v128.store(at, x1, 16)
}

@inline
function mixAll(start: usize, stop: usize, odd: bool, ka: v128, kb: v128, last: bool): void {
  for (let at = start; at < stop; at += 128) {
    mixFourRounds(at, v128.load(at), v128.load(at, 16), odd, ka, kb, last)
    mixFourRounds(at + 32, v128.load(at, 32), v128.load(at, 48), odd, ka, kb, last)
    mixFourRounds(at + 64, v128.load(at, 64), v128.load(at, 80), odd, ka, kb, last)
    mixFourRounds(at + 96, v128.load(at, 96), v128.load(at, 112), odd, ka, kb, last)
  }
}

/** Fills the memory from start to stop, a multiple of 128 bytes, with words of the blocks from `first` on, two blocks in each 32 bytes. */
function draw(key: u64, first: u64, start: usize, stop: usize): void {
  const k0 = i64x2.splat(FIRST)
  const k1 = i64x2.splat(key)
  const k2 = i64x2.splat(FIRST ^ key ^ PARITY)
  const k3 = i64x2.splat((FIRST ^ key ^ PARITY) + 1)
  const two = i64x2.splat(2)
  let counter = i64x2.add(i64x2.splat(first + FIRST), i64x2(0, 1))
  for (let at = start; at < stop; at += 128) {
    mixFourRounds(at, counter, k1, true, k1, k3, false)
    counter = i64x2.add(counter, two)
    mixFourRounds(at + 32, counter, k1, true, k1, k3, false)
    counter = i64x2.add(counter, two)
    mixFourRounds(at + 64, counter, k1, true, k1, k3, false)
    counter = i64x2.add(counter, two)
    mixFourRounds(at + 96, counter, k1, true, k1, k3, false)
    counter = i64x2.add(counter, two)
  }
  mixAll(start, stop, false, k2, i64x2.splat(FIRST + 2), false)
  mixAll(start, stop, true, k0, i64x2.splat(key + 3), true)
}

/** Second word of the last block. */
let second: u64 = 0

/** Computes a block; returns its first word and sets `second`. */
function block(key: u64, counter: u64): u64 {
  let ka = key
  let kb = FIRST ^ key ^ PARITY
  let kc = FIRST
  let x0 = counter + FIRST
  let x1 = key
  for (let i: u64 = 1; ; i++) {
    const odd = (i & 1) != 0
    x0 += x1
    x1 = rotl<u64>(x1, 16) ^ x0
    if (i == 4) break
    x0 += x1
    x1 = rotl<u64>(x1, odd ? 42 : 32) ^ x0
    x0 += x1
    x1 = rotl<u64>(x1, odd ? 12 : 24) ^ x0
    x0 += x1
    x1 = rotl<u64>(x1, odd ? 31 : 21) ^ x0
    x0 += ka
    x1 += kb + i
    // The words of the key alternate: 1 2, 2 0, 0 1.
    const last = ka
    ka = kb
    kb = kc
    kc = last
  }
  second = x1
  return x0
}

// —— uniform numbers ——

/** Bytes that each loop processes at a time, in the L1 cache. */
const STRETCH: usize = 4096

/** 2⁵², 2⁸⁴ and their sum as doubles, and 2⁻⁵³: see lanes.ts. */
const NUMBERS = memory.data<f64>([
  4503599627370496, 1.9342813113834067e25, 1.9342813118337666e25, 1.1102230246251565e-16, 1, 0.5
])

/** The highest 53 bits of each word as doubles, exactly, from two halves. */
@inline
function highest53Bits(words: v128): v128 {
  const low = v128.or(v128.and(i64x2.shr_u(words, 11), i64x2.splat(0xffffffff)), coefficient<f64>(NUMBERS, 0))
  const high = v128.or(i64x2.shr_u(words, 43), coefficient<f64>(NUMBERS, 1))
  return f64x2.add(f64x2.sub(high, coefficient<f64>(NUMBERS, 2)), low)
}

/** The highest 53 bits of each word times 2⁻⁵³. */
@inline
function uniformsOfWords(words: v128): v128 {
  return f64x2.mul(highest53Bits(words), coefficient<f64>(NUMBERS, 3))
}

@inline
function uniformOfWord(word: u64): f64 {
  return <f64>(<i64>(word >> 11)) * 1.1102230246251565e-16
}

/** Writes n uniform draws, and up to a multiple of sixteen, from `first` on, a multiple of 4. */
export function uniforms(k0: i32, k1: i32, first: f64, n: i32, out: usize): void {
  const key = keyOf(k0, k1)
  let at = <u64>first >> 1
  for (const end = out + (<usize>n << 3); out < end; out += STRETCH, at += STRETCH >> 4) {
    const stop = min<usize>(out + STRETCH, end)
    draw(key, at, out, stop)
    for (let to = out; to < stop; to += 32) {
      v128.store(to, uniformsOfWords(v128.load(to)))
      v128.store(to, uniformsOfWords(v128.load(to, 16)), 16)
    }
  }
}

// —— normal numbers ——

@inline
function lnOf(x: f64): f64 {
  return f64x2.extract_lane(ln<f64>(f64x2.splat(x)), 0)
}

@inline
function expOf(x: f64): f64 {
  return f64x2.extract_lane(exp<f64>(f64x2.splat(x)), 0)
}

/** Start of the ziggurat's tail, and area of each layer below the curve exp(−x²/2). */
@inline const EDGE: f64 = 3.654152885361009
@inline const AREA: f64 = 0.004928673233974655

/** Layers: width times 2⁻⁵³ and width of the next; then the heights. All instances write equal numbers. */
@inline
function layers(): usize {
  return (__heap_base + 63) & ~63
}
@inline const HEIGHTS: usize = 256 << 4

/** First address after the layers. */
export function afterLayers(): usize {
  return layers() + HEIGHTS + (264 << 3)
}

function build(): void {
  let height = expOf(-0.5 * EDGE * EDGE)
  let width = AREA / height
  let next = EDGE
  for (let layer: usize = 0; layer < 256; layer++) {
    const at = layers() + (layer << 4)
    store<f64>(at, width * 1.1102230246251565e-16)
    store<f64>(at, next, 8)
    const heights = layers() + HEIGHTS + (layer << 3)
    store<f64>(heights, height, 8)
    width = next
    height = layer == 254 ? 1 : height + AREA / width
    next = layer == 254 ? 0 : Math.sqrt(-2 * lnOf(height))
  }
}
build()

/** x, or −x if the ninth bit of the word is set. */
@inline
function withSign(x: f64, word: u64): f64 {
  return reinterpret<f64>(reinterpret<u64>(x) ^ ((word & 256) << 55))
}

/** Distance of a draw in the tail from its start (Marsaglia 1964), by the blocks counter, counter + USE, … */
function tail(key: u64, counter: u64): f64 {
  let beyond: f64
  for (;;) {
    beyond = -lnOf(1 - uniformOfWord(block(key, counter))) / EDGE
    if (-2 * lnOf(1 - uniformOfWord(second)) > beyond * beyond) break
    counter += USE
  }
  return beyond
}

/**
 * True if a point in the corner of a layer lies below the curve: at x between the inner and the outer edge, at height low + u (high − low).
 * Beyond 1 the curve is below its chords and above its tangents, before 1 the other way round; if chord and tangent do not decide with a
 * margin for rounding, an exponential does. Branches could not be predicted, so there are none.
 */
@inline
function isBelow(x: f64, inner: f64, outer: f64, low: f64, high: f64, u: f64): bool {
  const width = outer - inner
  const beyond = x - inner
  const y = low + u * (high - low)
  const isConvex = <i32>(inner > 1)
  const bend = <f64>(isConvex - <i32>(outer < 1))
  const isBeyondChord = <i32>(bend * (u * width + beyond - width) > 1e-9)
  const isBeyondTangent = <i32>(bend * (high * (1 - inner * beyond) - y) > 1e-9)
  if ((isBeyondChord | isBeyondTangent) == 0) return y < expOf(-0.5 * x * x)
  return (isConvex ? isBeyondTangent : isBeyondChord) != 0
}

/** Normal draw of a word, which may be outside the rectangle of its layer; then by the blocks counter + USE, counter + 2 USE, … */
function normal(key: u64, counter: u64, word: u64): f64 {
  let x: f64
  for (;;) {
    const layer = <usize>(word & 255)
    x = <f64>(<i64>(word >> 11)) * load<f64>(layers() + (layer << 4))
    if (x < load<f64>(layers() + (layer << 4), 8)) break
    counter += USE
    if (layer == 0) {
      x = EDGE + tail(key, counter)
      break
    }
    const outer = load<f64>(layers() + (layer << 4)) * 9007199254740992
    const inner = load<f64>(layers() + (layer << 4), 8)
    const low = load<f64>(layers() + HEIGHTS + (layer << 3))
    const high = load<f64>(layers() + HEIGHTS + (layer << 3), 8)
    const u = uniformOfWord(block(key, counter))
    if (isBelow(x, inner, outer, low, high, u)) break
    word = second
  }
  return withSign(x, word)
}

/** Replaces the word at an address by its normal draw. */
@inline
function replaceByNormal(key: u64, counter: u64, at: usize): void {
  const word = load<u64>(at)
  const layer = layers() + (<usize>(word & 255) << 4)
  const x = <f64>(<i64>(word >> 11)) * load<f64>(layer)
  store<f64>(at, x < load<f64>(layer, 8) ? withSign(x, word) : normal(key, counter, word))
}

/** Widths of the word's layer and of the next. */
@inline
function layerWidths(at: usize): v128 {
  return v128.load(layers() + (<usize>load<u8>(at) << 4))
}

/** Magnitudes of the draws of two words in the rectangles of their layers. */
@inline
function magnitudes(words: v128, one: v128, other: v128): v128 {
  return f64x2.mul(highest53Bits(words), v128.shuffle<f64>(one, other, 0, 2))
}

@inline
function withSigns(x: v128, words: v128): v128 {
  return v128.xor(x, i64x2.shl(v128.and(words, i64x2.splat(256)), 55))
}

/** Replaces four words by their normal draws; in 19 of 20 cases all are inside the rectangles of their layers. */
@inline
function replaceFourByNormals(key: u64, counter: u64, at: usize): void {
  const words = v128.load(at)
  const others = v128.load(at, 16)
  const l0 = layerWidths(at)
  const l1 = layerWidths(at + 8)
  const l2 = layerWidths(at + 16)
  const l3 = layerWidths(at + 24)
  const x = magnitudes(words, l0, l1)
  const y = magnitudes(others, l2, l3)
  const beyondX = f64x2.ge(x, v128.shuffle<f64>(l0, l1, 1, 3))
  const beyondY = f64x2.ge(y, v128.shuffle<f64>(l2, l3, 1, 3))
  if (!v128.any_true(v128.or(beyondX, beyondY))) {
    v128.store(at, withSigns(x, words))
    v128.store(at, withSigns(y, others), 16)
    return
  }
  // No branches, which could not be predicted.
  v128.store(at, v128.bitselect(words, withSigns(x, words), beyondX))
  v128.store(at, v128.bitselect(others, withSigns(y, others), beyondY), 16)
  for (let left = i64x2.bitmask(beyondX) | (i64x2.bitmask(beyondY) << 2); left != 0; left &= left - 1) {
    const i = <usize>ctz(left)
    const one = at + (i << 3)
    store<f64>(one, normal(key, counter + <u64>i, load<u64>(one)))
  }
}

/** Writes n normal draws, and up to a multiple of sixteen, from `first` on, a multiple of 4. */
export function normals(k0: i32, k1: i32, first: f64, n: i32, out: usize): void {
  const key = keyOf(k0, k1)
  let at = NORMALS + <u64>first
  let blocks = NORMALS + (<u64>first >> 1)
  for (const end = out + (<usize>n << 3); out < end; out += STRETCH, blocks += STRETCH >> 4) {
    const stop = min<usize>(out + STRETCH, end)
    draw(key, blocks, out, stop)
    for (let to = out; to < stop; to += 32, at += 4) replaceFourByNormals(key, at, to)
  }
}

// —— χ² ——

/** Two χ² draws from normal and uniform numbers of one attempt each; NaN if it is rejected. */
@inline
function attemptPair(z: v128, u: v128, d: f64, c: f64): v128 {
  const one = coefficient<f64>(NUMBERS, 4)
  const root = f64x2.add(one, f64x2.mul(f64x2.splat(c), z))
  const cube = f64x2.mul(f64x2.mul(root, root), root)
  const bound = f64x2.add(
    f64x2.mul(f64x2.mul(coefficient<f64>(NUMBERS, 5), z), z),
    f64x2.mul(f64x2.splat(d), f64x2.add(f64x2.sub(one, cube), ln<f64>(cube)))
  )
  const good = v128.and(f64x2.gt(cube, f64x2.splat(0)), f64x2.lt(ln<f64>(f64x2.sub(one, u)), bound))
  const x = f64x2.mul(f64x2.splat(d), cube)
  return v128.or(f64x2.add(x, x), v128.not(good))
}

/** One χ² draw, attempt by attempt: twice a gamma draw with shape degrees/2, as in lib/random/draws.ts. */
function oneChiSquared(key: u64, at: u64, d: f64, c: f64, shape: f64): f64 {
  let counter = GAMMAS + at
  let x: f64
  for (;;) {
    const word = block(key, counter)
    const u = uniformOfWord(second)
    const z = normal(key, counter, word)
    const root = 1 + c * z
    const v = root * root * root
    x = d * v
    if (v > 0 && lnOf(1 - u) < 0.5 * z * z + d * (1 - v + lnOf(v))) break
    counter += ATTEMPT
  }
  if (shape < 1) x *= expOf(lnOf(1 - uniformOfWord(block(key, BOOST + at))) / shape)
  return 2 * x
}

/** Writes n χ² draws from `first` on; for two degrees or more, eight first attempts at a time. */
export function chiSquared(k0: i32, k1: i32, first: f64, n: i32, degrees: f64, out: usize): void {
  if (degrees == 0) {
    memory.fill(out, 0, <usize>n << 3)
    return
  }
  const key = keyOf(k0, k1)
  const shape = degrees / 2
  const d = shape + (shape < 1 ? 1 : 0) - 1.0 / 3.0
  const c = 1 / Math.sqrt(9 * d)
  let at = <u64>first
  const end = out + (<usize>n << 3)
  if (shape >= 1)
    for (; out + 128 <= end; out += 64, at += 8) {
      // Eight blocks take twice the memory of their draws; that of later draws is overwritten later.
      draw(key, GAMMAS + at, out, out + 128)
      for (let i: usize = 0; i < 4; i++) {
        const from = out + (i << 5)
        const counter = GAMMAS + at + (i << 1)
        replaceByNormal(key, counter, from)
        replaceByNormal(key, counter + 1, from + 8)
        v128.store(out + (i << 4), attemptPair(v128.load(from), uniformsOfWords(v128.load(from, 16)), d, c))
      }
      for (let i: usize = 0; i < 8; i++) {
        const to = out + (i << 3)
        if (isNaN(load<f64>(to))) store<f64>(to, oneChiSquared(key, at + i, d, c, shape))
      }
    }
  for (; out < end; out += 8, at++) store<f64>(out, oneChiSquared(key, at, d, c, shape))
}
