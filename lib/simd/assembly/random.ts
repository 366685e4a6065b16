import { exp } from './exponential'
import { ln } from './logarithm'
import { coefficient } from './polynomial'
import { cosineRest, sineRest } from './trigonometric'

/*
 * The draws of lib/random/key.ts, sixteen counters at a time: Threefry-2x32-20 (Salmon, Moraes, Dror, Shaw, SC 2011), 53 bits of a
 * block as a uniform number, Box–Muller on pairs. Every operation and its order are those of lib/random/key.ts and
 * lib/numbers/elementary.ts, so the bits are the same; nothing here may be reassociated.
 *
 * A round waits for the last, and so does most of Box–Muller. An engine writes such chains out one after another, in whatever
 * order they stand, and a processor looks ahead some two hundred instructions: so a loop does a few rounds of many counters,
 * whose two words lie where their draws will.
 */

@inline const PI_HALF: f64 = 1.5707963267948966
@inline const TWO_26: f64 = 67108864
@inline const TWO_MINUS_53: f64 = 1.1102230246251565e-16

/** Sixteen bits are a shuffle, in two instructions for three. */
@inline
function rotateXor(x0: v128, x1: v128, by: i32): v128 {
  if (by == 16) return v128.xor(v128.shuffle<i16>(x1, x1, 1, 0, 3, 2, 5, 4, 7, 6), x0)
  return v128.xor(v128.or(i32x4.shl(x1, by), i32x4.shr_u(x1, 32 - by)), x0)
}

/** Words of the key and of four counters: those that lie at `lanes` from the one whose words are low and high. */
@inline
function begin(low: v128, high: v128, lanes: v128, k0: v128, k1: v128, at: usize): void {
  const x0 = i32x4.add(low, lanes)
  v128.store(at, i32x4.add(x0, k0))
  // A comparison is −1 where true: the high word's carry.
  v128.store(at, i32x4.add(i32x4.sub(high, i32x4.lt_u(x0, low)), k1), 16)
}

/** Four rounds of four counters, and words of the key. */
@inline
function mix(at: usize, odd: bool, ka: v128, kb: v128): void {
  let x0 = v128.load(at)
  let x1 = v128.load(at, 16)
  x0 = i32x4.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 13 : 17)
  x0 = i32x4.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 15 : 29)
  x0 = i32x4.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 26 : 16)
  x0 = i32x4.add(x0, x1)
  x1 = rotateXor(x0, x1, odd ? 6 : 24)
  v128.store(at, i32x4.add(x0, ka))
  v128.store(at, i32x4.add(x1, kb), 16)
}

@inline
function mixAll(start: usize, stop: usize, odd: bool, ka: v128, kb: v128, group: i32): void {
  const second = i32x4.add(kb, i32x4.splat(group))
  for (let at = start; at < stop; at += 128) {
    mix(at, odd, ka, second)
    mix(at + 32, odd, ka, second)
    mix(at + 64, odd, ka, second)
    mix(at + 96, odd, ka, second)
  }
}

/** The draws for the counters from `first`, in fours as `lanes` orders them, as [0, 1) doubles: sixteens from start to stop. */
function draw(key0: i32, key1: i32, first: u64, lanes: v128, start: usize, stop: usize): void {
  const k0 = i32x4.splat(key0)
  const k1 = i32x4.splat(key1)
  const k2 = i32x4.splat(key0 ^ key1 ^ 0x1bd11bda)
  const next = i32x4.add(lanes, i32x4.splat(4))
  for (let at = start; at < stop; at += 64, first += 8) {
    const low = i32x4.splat(<i32>first)
    const high = i32x4.splat(<i32>(first >> 32))
    begin(low, high, lanes, k0, k1, at)
    begin(low, high, next, k0, k1, at + 32)
  }
  mixAll(start, stop, true, k1, k2, 1)
  mixAll(start, stop, false, k2, k0, 2)
  mixAll(start, stop, true, k0, k1, 3)
  mixAll(start, stop, false, k1, k2, 4)
  mixAll(start, stop, true, k2, k0, 5)
  for (let at = start; at < stop; at += 32) storeFour(v128.load(at), v128.load(at, 16), at)
}

@inline
function storeFour(x0: v128, x1: v128, out: usize): void {
  const high = i32x4.shr_u(x0, 5)
  const low = i32x4.shr_u(x1, 6)
  v128.store(out, unit(high, low))
  v128.store(out, unit(upper(high), upper(low)), 16)
}

@inline
function upper(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 1)
}

/** The low lanes of (x0·2²⁶ + x1)·2⁻⁵³, exact throughout. */
@inline
function unit(x0: v128, x1: v128): v128 {
  const wide = f64x2.mul(f64x2.convert_low_i32x4_s(x0), coefficient(NUMBERS, 0))
  return f64x2.mul(f64x2.add(wide, f64x2.convert_low_i32x4_s(x1)), coefficient(NUMBERS, 1))
}

/** Bytes that a loop passes over before the next does: they stay in the first cache. */
const STRETCH: usize = 4096

/** Draws first … first + n − 1 of the key, and as many more as make sixteens. */
export function uniforms(k0: i32, k1: i32, first: f64, n: i32, out: usize): void {
  const lanes = i32x4(0, 1, 2, 3)
  let at = <u64>first
  for (const end = out + (<usize>n << 3); out < end; out += STRETCH, at += STRETCH >> 3)
    draw(k0, k1, at, lanes, out, min<usize>(out + STRETCH, end))
}

/** Numbers as they are needed, in the order of `NUMBERS`: see polynomial.ts. */
const NUMBERS = memory.data<f64>([
  67108864, 1.1102230246251565e-16, 1, 0.5, -2, 4, 1.5707963267948966, 4503599627370496
])

/** √(−2 ln(1 − u)) */
@inline
function radius(u: v128): v128 {
  return f64x2.sqrt(f64x2.mul(coefficient(NUMBERS, 4), ln(f64x2.sub(coefficient(NUMBERS, 2), u))))
}

/** cos a, z = a² */
@inline
function cosine(z: v128): v128 {
  const one = coefficient(NUMBERS, 2)
  const hz = f64x2.mul(coefficient(NUMBERS, 3), z)
  const whole = f64x2.sub(one, hz)
  return f64x2.add(whole, f64x2.add(f64x2.sub(f64x2.sub(one, whole), hz), f64x2.mul(z, cosineRest(z))))
}

/** sin a, z = a² */
@inline
function sine(a: v128, z: v128): v128 {
  return f64x2.add(a, f64x2.mul(f64x2.mul(z, a), sineRest(z)))
}

/** Two pairs of normals at `out`, at radii r and the angle whose quarter turns are q and whose rest has these functions. */
@inline
function storePairs(r: v128, q: v128, sin: v128, cos: v128, out: usize): void {
  // An odd number of quarter turns swaps, and the signs are (q + 1) & 2 and q & 2.
  const quarter = f64x2.add(q, coefficient(NUMBERS, 7))
  const low = i64x2.shl(quarter, 63)
  const high = i64x2.shl(i64x2.shr_u(quarter, 1), 63)
  const swap = v128.and(v128.xor(sin, cos), i64x2.lt_s(low, i64x2.splat(0)))
  const x = v128.xor(f64x2.mul(r, v128.xor(cos, swap)), v128.xor(high, low))
  const y = v128.xor(f64x2.mul(r, v128.xor(sin, swap)), high)
  v128.store(out, v128.shuffle<f64>(x, y, 0, 2))
  v128.store(out, v128.shuffle<f64>(x, y, 1, 3), 16)
}

/** Two pairs of normals at `out`, of the four uniforms there: of even counters two, of odd ones two. */
@inline
function polar(out: usize): void {
  const r = radius(v128.load(out))
  const turns = f64x2.mul(coefficient(NUMBERS, 5), v128.load(out, 16))
  const q = f64x2.floor(f64x2.add(turns, coefficient(NUMBERS, 3)))
  const a = f64x2.mul(f64x2.sub(turns, q), coefficient(NUMBERS, 6))
  const z = f64x2.mul(a, a)
  storePairs(r, q, sine(a, z), cosine(z), out)
}

/** Normals first … first + n − 1 of the key, and as many more as make sixteens; `first` is even. */
export function normals(k0: i32, k1: i32, first: f64, n: i32, out: usize): void {
  const lanes = i32x4(0, 2, 1, 3)
  let at = <u64>first
  for (const end = out + (<usize>n << 3); out < end; out += STRETCH, at += STRETCH >> 3) {
    const stop = min<usize>(out + STRETCH, end)
    draw(k0, k1, at, lanes, out, stop)
    for (let to = out; to < stop; to += 128) {
      polar(to)
      polar(to + 32)
      polar(to + 64)
      polar(to + 96)
    }
  }
}

/** The block of a counter: its two words, the second in the high half. */
function block(k0: u32, k1: u32, c0: u32, c1: u32): u64 {
  const k2 = k0 ^ k1 ^ 0x1bd11bda
  let x0 = c0 + k0
  let x1 = c1 + k1
  let a = k1
  let b = k2
  for (let i: u32 = 1; i <= 5; i++) {
    const odd = (i & 1) != 0
    x0 += x1
    x1 = rotl<u32>(x1, odd ? 13 : 17) ^ x0
    x0 += x1
    x1 = rotl<u32>(x1, odd ? 15 : 29) ^ x0
    x0 += x1
    x1 = rotl<u32>(x1, odd ? 26 : 16) ^ x0
    x0 += x1
    x1 = rotl<u32>(x1, odd ? 6 : 24) ^ x0
    x0 += a
    x1 += b + i
    // The key's words take turns: 1 2, 2 0, 0 1, …
    const c = k0 ^ k1 ^ k2 ^ a ^ b
    a = b
    b = c
  }
  return (<u64>x1 << 32) | x0
}

@inline
function uniform(key: u64, counter: u32): f64 {
  const words = block(<u32>key, <u32>(key >> 32), counter, 0)
  return (<f64>(<u32>words >> 5) * TWO_26 + <f64>(<u32>(words >> 32) >> 6)) * TWO_MINUS_53
}

@inline
function lnOf(x: f64): f64 {
  return f64x2.extract_lane(ln(f64x2.splat(x)), 0)
}

@inline
function expOf(x: f64): f64 {
  return f64x2.extract_lane(exp(f64x2.splat(x)), 0)
}

/** The first of the pair of normals of two uniforms: `polar` of lib/random/key.ts. */
function normal(u: f64, v: f64): f64 {
  const r = Math.sqrt(-2 * lnOf(1 - u))
  const turns = 4 * v
  const q = Math.floor(turns + 0.5)
  const a = (turns - q) * PI_HALF
  const z = a * a
  const w = z * z
  const quarter = <i32>q
  let x: f64
  if (quarter & 1) {
    const s =
      8.33333333332248946124e-3 +
      z * (-1.98412698298579493134e-4 + z * 2.75573137070700676789e-6) +
      z * w * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)
    x = a + z * a * (-1.66666666666666324348e-1 + z * s)
  } else {
    const c =
      z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * 2.48015872894767294178e-5)) +
      w * w * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11))
    const half = 0.5 * z
    const rest = 1 - half
    x = rest + (1 - rest - half + z * c)
  }
  return r * x * <f64>(1 - ((quarter + 1) & 2))
}

/** The first words of four blocks, each of its own key and counter; the second ones are left at `out`. */
function fourBlocks(k0: v128, k1: v128, c0: v128, c1: v128, out: usize): v128 {
  let ka = k1
  let kb = v128.xor(v128.xor(k0, k1), i32x4.splat(0x1bd11bda))
  let kc = k0
  let x0 = i32x4.add(c0, k0)
  let x1 = i32x4.add(c1, k1)
  for (let i: i32 = 1; ; i += 2) {
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 13)
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 15)
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 26)
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 6)
    x0 = i32x4.add(x0, ka)
    x1 = i32x4.add(x1, i32x4.add(kb, i32x4.splat(i)))
    if (i == 5) break
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 17)
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 29)
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 16)
    x0 = i32x4.add(x0, x1)
    x1 = rotateXor(x0, x1, 24)
    x0 = i32x4.add(x0, kb)
    x1 = i32x4.add(x1, i32x4.add(kc, i32x4.splat(i + 1)))
    // The key's words take turns: 1 2, 2 0, 0 1, …
    const last = kb
    kb = ka
    ka = kc
    kc = last
  }
  v128.store(out, x1)
  return x0
}

/** Two normals of two uniforms each: of each pair that these give, the first. */
@inline
function firsts(u: v128, v: v128): v128 {
  const turns = f64x2.mul(coefficient(NUMBERS, 5), v)
  const q = f64x2.floor(f64x2.add(turns, coefficient(NUMBERS, 3)))
  const a = f64x2.mul(f64x2.sub(turns, q), coefficient(NUMBERS, 6))
  const z = f64x2.mul(a, a)
  const quarter = f64x2.add(q, coefficient(NUMBERS, 7))
  const low = i64x2.shl(quarter, 63)
  const high = i64x2.shl(i64x2.shr_u(quarter, 1), 63)
  const sin = sine(a, z)
  const cos = cosine(z)
  const swap = v128.and(v128.xor(sin, cos), i64x2.lt_s(low, i64x2.splat(0)))
  return v128.xor(f64x2.mul(radius(u), v128.xor(cos, swap)), v128.xor(high, low))
}

/** Two χ² draws by their first attempts; NaN where these are rejected. */
@inline
function attempts(u: v128, v: v128, w: v128, d: f64, c: f64): v128 {
  const one = coefficient(NUMBERS, 2)
  const z = firsts(u, v)
  const root = f64x2.add(one, f64x2.mul(f64x2.splat(c), z))
  const cube = f64x2.mul(f64x2.mul(root, root), root)
  const bound = f64x2.add(
    f64x2.mul(f64x2.mul(coefficient(NUMBERS, 3), z), z),
    f64x2.mul(f64x2.splat(d), f64x2.add(f64x2.sub(one, cube), ln(cube)))
  )
  const good = v128.and(f64x2.gt(cube, f64x2.splat(0)), f64x2.lt(ln(f64x2.sub(one, w)), bound))
  const x = f64x2.mul(f64x2.splat(d), cube)
  return v128.or(f64x2.add(x, x), v128.not(good))
}

/** Draws at … at + 3 by their first attempts. */
function fourAttempts(k0: i32, k1: i32, at: u64, d: f64, c: f64, out: usize): void {
  const low = i32x4.splat(<i32>at)
  const lows = i32x4.add(low, i32x4(0, 1, 2, 3))
  // A comparison is −1 where true: the high word's carry.
  const highs = i32x4.sub(i32x4.splat(<i32>(at >> 32) + <i32>0xc0000000), i32x4.lt_u(lows, low))
  const key0 = fourBlocks(i32x4.splat(k0), i32x4.splat(k1), lows, highs, out)
  const key1 = v128.load(out)
  const none = i32x4.splat(0)
  const u0 = i32x4.shr_u(fourBlocks(key0, key1, i32x4.splat(1), none, out), 5)
  const u1 = i32x4.shr_u(v128.load(out), 6)
  const v0 = i32x4.shr_u(fourBlocks(key0, key1, i32x4.splat(2), none, out), 5)
  const v1 = i32x4.shr_u(v128.load(out), 6)
  const w0 = i32x4.shr_u(fourBlocks(key0, key1, i32x4.splat(3), none, out), 5)
  const w1 = i32x4.shr_u(v128.load(out), 6)
  v128.store(out, attempts(unit(u0, u1), unit(v0, v1), unit(w0, w1), d, c))
  v128.store(out, attempts(unit(upper(u0), upper(u1)), unit(upper(v0), upper(v1)), unit(upper(w0), upper(w1)), d, c), 16)
}

/** A χ² draw, attempt by attempt: twice `gamma` of half the degrees in lib/random/key.ts. */
function oneChiSquared(k0: i32, k1: i32, at: u64, d: f64, c: f64, shape: f64): f64 {
  const key = block(k0, k1, <u32>at, 0xc0000000 + <u32>(at >> 32))
  let counter: u32 = 1
  let x: f64
  for (;;) {
    const z = normal(uniform(key, counter), uniform(key, counter + 1))
    const root = 1 + c * z
    const v = root * root * root
    x = d * v
    if (v > 0 && lnOf(1 - uniform(key, counter + 2)) < 0.5 * z * z + d * (1 - v + lnOf(v))) break
    counter += 3
  }
  if (shape < 1) x *= expOf(lnOf(1 - uniform(key, 0)) / shape)
  return 2 * x
}

/** χ² draws first … first + n − 1 of the key; of two degrees or more, four first attempts at a time. */
export function chiSquared(k0: i32, k1: i32, first: f64, n: i32, degrees: f64, out: usize): void {
  if (degrees == 0) {
    memory.fill(out, 0, <usize>n << 3)
    return
  }
  const shape = degrees / 2
  const d = shape + (shape < 1 ? 1 : 0) - 1.0 / 3.0
  const c = 1 / Math.sqrt(9 * d)
  let at = <u64>first
  const end = out + (<usize>n << 3)
  if (shape >= 1)
    for (; out + 32 <= end; out += 32, at += 4) {
      fourAttempts(k0, k1, at, d, c, out)
      for (let i: i32 = 0; i < 4; i++) {
        const to = out + (<usize>i << 3)
        if (isNaN(load<f64>(to))) store<f64>(to, oneChiSquared(k0, k1, at + i, d, c, shape))
      }
    }
  for (; out < end; out += 8, at++) store<f64>(out, oneChiSquared(k0, k1, at, d, c, shape))
}
