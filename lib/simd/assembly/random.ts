import { exp } from './exponential'
import { ln } from './logarithm'
import { coefficient } from './polynomial'
import { cosineRest, sineRest } from './trigonometric'

/*
 * The draws of lib/key.ts, sixteen counters at a time: Threefry-2x32-20 (Salmon, Moraes, Dror, Shaw, SC 2011), 53 bits of a
 * block as a uniform number, Box–Muller on pairs. Every operation and its order are those of lib/key.ts and
 * lib/elementary.ts, so the bits are the same; nothing here may be reassociated.
 */

@inline const PI_HALF: f64 = 1.5707963267948966
@inline const TWO_26: f64 = 67108864
@inline const TWO_MINUS_53: f64 = 1.1102230246251565e-16

/** A rotation by whole bytes is one shuffle; of another, there is no instruction. */
@inline
function rotateXor(x0: v128, x1: v128, by: i32): v128 {
  if (by == 16) return v128.xor(v128.shuffle<i8>(x1, x1, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13), x0)
  if (by == 24) return v128.xor(v128.shuffle<i8>(x1, x1, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12), x0)
  return v128.xor(v128.or(i32x4.shl(x1, by), i32x4.shr_u(x1, 32 - by)), x0)
}

/**
 * The draws for the sixteen counters from `first`, in fours as `lanes` orders them, as [0, 1) doubles at `out`: four chains of
 * operations, each of which waits for its last, side by side, as an engine does not lay out by itself what is written in turn.
 */
@inline
function drawSixteen(k0: v128, k1: v128, k2: v128, first: u64, lanes: v128, out: usize): void {
  const low = i32x4.splat(<i32>first)
  const high = i32x4.splat(<i32>(first >> 32))
  let a0 = i32x4.add(low, lanes)
  let b0 = i32x4.add(a0, i32x4.splat(4))
  let c0 = i32x4.add(a0, i32x4.splat(8))
  let d0 = i32x4.add(a0, i32x4.splat(12))
  // A comparison is −1 where true: the high word's carry.
  let a1 = i32x4.add(i32x4.sub(high, i32x4.lt_u(a0, low)), k1)
  let b1 = i32x4.add(i32x4.sub(high, i32x4.lt_u(b0, low)), k1)
  let c1 = i32x4.add(i32x4.sub(high, i32x4.lt_u(c0, low)), k1)
  let d1 = i32x4.add(i32x4.sub(high, i32x4.lt_u(d0, low)), k1)
  a0 = i32x4.add(a0, k0)
  b0 = i32x4.add(b0, k0)
  c0 = i32x4.add(c0, k0)
  d0 = i32x4.add(d0, k0)
  // The key's words take turns: 1 2, 2 0, 0 1, …
  let ka = k1
  let kb = k2
  let kc = k0
  for (let group: i32 = 1; group <= 5; group++) {
    if (group & 1) {
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 13)
      b1 = rotateXor(b0, b1, 13)
      c1 = rotateXor(c0, c1, 13)
      d1 = rotateXor(d0, d1, 13)
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 15)
      b1 = rotateXor(b0, b1, 15)
      c1 = rotateXor(c0, c1, 15)
      d1 = rotateXor(d0, d1, 15)
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 26)
      b1 = rotateXor(b0, b1, 26)
      c1 = rotateXor(c0, c1, 26)
      d1 = rotateXor(d0, d1, 26)
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 6)
      b1 = rotateXor(b0, b1, 6)
      c1 = rotateXor(c0, c1, 6)
      d1 = rotateXor(d0, d1, 6)
    } else {
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 17)
      b1 = rotateXor(b0, b1, 17)
      c1 = rotateXor(c0, c1, 17)
      d1 = rotateXor(d0, d1, 17)
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 29)
      b1 = rotateXor(b0, b1, 29)
      c1 = rotateXor(c0, c1, 29)
      d1 = rotateXor(d0, d1, 29)
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 16)
      b1 = rotateXor(b0, b1, 16)
      c1 = rotateXor(c0, c1, 16)
      d1 = rotateXor(d0, d1, 16)
      a0 = i32x4.add(a0, a1)
      b0 = i32x4.add(b0, b1)
      c0 = i32x4.add(c0, c1)
      d0 = i32x4.add(d0, d1)
      a1 = rotateXor(a0, a1, 24)
      b1 = rotateXor(b0, b1, 24)
      c1 = rotateXor(c0, c1, 24)
      d1 = rotateXor(d0, d1, 24)
    }
    const second = i32x4.add(kb, i32x4.splat(group))
    a0 = i32x4.add(a0, ka)
    b0 = i32x4.add(b0, ka)
    c0 = i32x4.add(c0, ka)
    d0 = i32x4.add(d0, ka)
    a1 = i32x4.add(a1, second)
    b1 = i32x4.add(b1, second)
    c1 = i32x4.add(c1, second)
    d1 = i32x4.add(d1, second)
    const last = ka
    ka = kb
    kb = kc
    kc = last
  }
  storeFour(a0, a1, out)
  storeFour(b0, b1, out + 32)
  storeFour(c0, c1, out + 64)
  storeFour(d0, d1, out + 96)
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

/** Draws first … first + n − 1 of the key, and as many more as make sixteens. */
export function uniforms(k0: i32, k1: i32, first: f64, n: i32, out: usize): void {
  const key0 = i32x4.splat(k0)
  const key1 = i32x4.splat(k1)
  const key2 = i32x4.splat(k0 ^ k1 ^ 0x1bd11bda)
  const lanes = i32x4(0, 1, 2, 3)
  let at = <u64>first
  for (const end = out + (<usize>n << 3); out < end; out += 128, at += 16)
    drawSixteen(key0, key1, key2, at, lanes, out)
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
  const odd = i64x2.shr_s(i64x2.shl(quarter, 63), 63)
  const above = i64x2.shr_u(quarter, 1)
  const x = v128.xor(f64x2.mul(r, v128.bitselect(sin, cos, odd)), i64x2.shl(v128.xor(above, quarter), 63))
  const y = v128.xor(f64x2.mul(r, v128.bitselect(cos, sin, odd)), i64x2.shl(above, 63))
  v128.store(out, v128.shuffle<f64>(x, y, 0, 2))
  v128.store(out, v128.shuffle<f64>(x, y, 1, 3), 16)
}

/** Four pairs of normals at `out`, of the eight uniforms there: of even counters two, of odd ones two, and again. */
@inline
function polar(out: usize): void {
  const u0 = v128.load(out)
  const v0 = v128.load(out, 16)
  const u1 = v128.load(out, 32)
  const v1 = v128.load(out, 48)
  const r0 = radius(u0)
  const r1 = radius(u1)
  const turns0 = f64x2.mul(coefficient(NUMBERS, 5), v0)
  const turns1 = f64x2.mul(coefficient(NUMBERS, 5), v1)
  const q0 = f64x2.floor(f64x2.add(turns0, coefficient(NUMBERS, 3)))
  const q1 = f64x2.floor(f64x2.add(turns1, coefficient(NUMBERS, 3)))
  const a0 = f64x2.mul(f64x2.sub(turns0, q0), coefficient(NUMBERS, 6))
  const a1 = f64x2.mul(f64x2.sub(turns1, q1), coefficient(NUMBERS, 6))
  const z0 = f64x2.mul(a0, a0)
  const z1 = f64x2.mul(a1, a1)
  const cos0 = cosine(z0)
  const cos1 = cosine(z1)
  const sin0 = sine(a0, z0)
  const sin1 = sine(a1, z1)
  storePairs(r0, q0, sin0, cos0, out)
  storePairs(r1, q1, sin1, cos1, out + 32)
}

/** Bytes of uniforms that are drawn before they are made normals: loops of one kind are short, and keep an engine busy. */
const STRETCH: usize = 4096

/** Normals first … first + n − 1 of the key, and as many more as make sixteens; `first` is even. */
export function normals(k0: i32, k1: i32, first: f64, n: i32, out: usize): void {
  const key0 = i32x4.splat(k0)
  const key1 = i32x4.splat(k1)
  const key2 = i32x4.splat(k0 ^ k1 ^ 0x1bd11bda)
  const lanes = i32x4(0, 2, 1, 3)
  let at = <u64>first
  for (const end = out + (<usize>n << 3); out < end; out += STRETCH) {
    const stop = min<usize>(out + STRETCH, end)
    for (let to = out; to < stop; to += 128, at += 16)
      drawSixteen(key0, key1, key2, at, lanes, to)
    for (let to = out; to < stop; to += 64) polar(to)
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

/** The first of the pair of normals of two uniforms: `polar` of lib/key.ts. */
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

/** χ² draws first … first + n − 1 of the key: twice `gamma` of half the degrees in lib/key.ts, attempt by attempt. */
export function chiSquared(k0: i32, k1: i32, first: f64, n: i32, degrees: f64, out: usize): void {
  const shape = degrees / 2
  const boosted = shape < 1
  const d = shape + (boosted ? 1 : 0) - 1.0 / 3.0
  const c = 1 / Math.sqrt(9 * d)
  let at = <u64>first
  for (const end = out + (<usize>n << 3); out < end; out += 8, at++) {
    if (degrees == 0) {
      store<f64>(out, 0)
      continue
    }
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
    if (boosted) x *= expOf(lnOf(1 - uniform(key, 0)) / shape)
    store<f64>(out, 2 * x)
  }
}
