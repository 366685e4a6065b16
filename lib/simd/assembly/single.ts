/*
 * Functions in single precision, four lanes at a time, within 2 units of the last place. Reductions are those of the double ones
 * beside this file, with the constants of fdlibm's single functions; polynomials are our own minimax ones, rounded to floats.
 */

@inline
function every(x: f32): v128 {
  return f32x4.splat(x)
}

@inline
function coefficient(table: usize, i: usize): v128 {
  return v128.load_splat<f32>(table + (i << 2))
}

/** x p + the i-th coefficient of the table: a step of Horner's rule. */
@inline
function step(p: v128, x: v128, table: usize, i: usize): v128 {
  return f32x4.add(f32x4.mul(p, x), coefficient(table, i))
}

@inline const SIGN: i32 = 0x80000000

/** x's sign, and the rest of y. */
@inline
function signed(x: v128, y: v128): v128 {
  return v128.bitselect(x, y, i32x4.splat(SIGN))
}

// —— e^x ——

@inline const LOG2_E: f32 = 1.4426950408889634
/** ln 2 as the sum of two; k times the first is exact. */
@inline const LN2_HIGH: f32 = 0.693359375
@inline const LN2_LOW: f32 = -2.12194440e-4
/** 1.5·2²³ rounds to an integer; the 254 more bias it, as in the double one. */
@inline const SHIFT: f32 = 12583166

/** q of e^r = 1 + r + r² q(r) for |r| ≤ 0.3466, within 2⁻²⁶ of e^r − 1. */
const Q = memory.data<f32>([0.0013882521, 0.008366519, 0.0416672, 0.16666543, 0.49999997])

@inline
function shifted(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, every(LOG2_E)), every(SHIFT))
}

/** r² q(r) = e^r − 1 − r. */
@inline
function rest(r: v128): v128 {
  let q = step(coefficient(Q, 0), r, Q, 1)
  q = step(q, r, Q, 2)
  q = step(q, r, Q, 3)
  q = step(q, r, Q, 4)
  return f32x4.mul(f32x4.mul(r, r), q)
}

@inline
function exp(x: v128): v128 {
  x = v128.pmax<f32>(v128.pmin<f32>(x, every(89)), every(-104))
  const t = shifted(x)
  const k = f32x4.sub(t, every(SHIFT))
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(k, every(LN2_HIGH))), f32x4.mul(k, every(LN2_LOW)))
  const y = f32x4.add(every(1), f32x4.add(r, rest(r)))
  const half = i32x4.shr_u(t, 1)
  return f32x4.mul(f32x4.mul(y, i32x4.shl(half, 23)), i32x4.shl(i32x4.sub(t, half), 23))
}

@inline
function expm1(x: v128): v128 {
  const clamped = v128.pmax<f32>(v128.pmin<f32>(x, every(89)), every(-20))
  const t = shifted(clamped)
  const k = f32x4.sub(t, every(SHIFT))
  const h = f32x4.sub(clamped, f32x4.mul(k, every(LN2_HIGH)))
  const l = f32x4.mul(k, every(LN2_LOW))
  const r = f32x4.sub(h, l)
  const s = f32x4.add(rest(r), f32x4.sub(f32x4.sub(h, r), l))
  const power = i32x4.shl(i32x4.sub(t, i32x4.splat(128)), 23)
  const sum = f32x4.add(f32x4.sub(power, every(0.5)), f32x4.mul(power, r))
  const y = f32x4.add(sum, f32x4.mul(power, s))
  return v128.bitselect(x, f32x4.add(y, y), f32x4.lt(f32x4.abs(x), every(2.9802322e-8)))
}

// —— tanh ——

/** p of tanh x = x + x³ p(x²) for |x| ≤ 0.625. */
const TANH = memory.data<f32>([-0.0057049873, 0.020639088, -0.053739715, 0.13331442, -0.3333328])

/** Beyond 0.625 1 − 2/(e^{2|x|} + 1), and beyond 10 ±1. */
@inline
function tanh(x: v128): v128 {
  const z = f32x4.mul(x, x)
  let p = step(coefficient(TANH, 0), z, TANH, 1)
  p = step(p, z, TANH, 2)
  p = step(p, z, TANH, 3)
  p = step(p, z, TANH, 4)
  const small = f32x4.add(x, f32x4.mul(f32x4.mul(x, z), p))
  const a = v128.pmin<f32>(f32x4.abs(x), every(10))
  const large = f32x4.sub(every(1), f32x4.div(every(2), f32x4.add(exp(f32x4.add(a, a)), every(1))))
  return signed(x, v128.bitselect(small, large, f32x4.lt(a, every(0.625))))
}

// —— ln x ——

/** P of ln(1 + f) = f − f²/2 + f³ P(f) for √½ ≤ 1 + f ≤ √2. */
const LN = memory.data<f32>([
  0.0674664, -0.11675652, 0.11888162, -0.12405589, 0.14219552, -0.16667996, 0.20002119, -0.2500001, 0.33333313
])

@inline const SMALLEST_NORMAL: f32 = 1.1754944e-38
@inline const TWO_23: f32 = 8388608

/** ln x + correction for a positive, normal, finite x; `offset` is added to its exponent. */
@inline
function reduced(x: v128, correction: v128, offset: v128): v128 {
  // the exponent carries where the significand passes √2: the difference of 1 and √½
  const bits = i32x4.add(x, i32x4.splat(0x004afb0d))
  const k = f32x4.add(f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(127))), offset)
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3))
  const f = f32x4.sub(m, every(1))
  const square = f32x4.mul(f, f)
  let p = step(coefficient(LN, 0), f, LN, 1)
  p = step(p, f, LN, 2)
  p = step(p, f, LN, 3)
  p = step(p, f, LN, 4)
  p = step(p, f, LN, 5)
  p = step(p, f, LN, 6)
  p = step(p, f, LN, 7)
  p = step(p, f, LN, 8)
  const low = f32x4.add(f32x4.mul(k, every(LN2_LOW)), correction)
  const tail = f32x4.add(f32x4.mul(f32x4.mul(f, square), p), low)
  const sum = f32x4.add(f, f32x4.sub(tail, f32x4.mul(every(0.5), square)))
  return f32x4.add(sum, f32x4.mul(k, every(LN2_HIGH)))
}

/** y, ln of a positive x, or what ln is of x at the edges. */
@inline
function atEdges(x: v128, y: v128): v128 {
  y = v128.bitselect(every(-Infinity), y, f32x4.eq(x, every(0)))
  y = v128.bitselect(every(NaN), y, v128.or(f32x4.lt(x, every(0)), f32x4.ne(x, x)))
  return v128.bitselect(x, y, f32x4.eq(x, every(Infinity)))
}

@inline
function ln(x: v128): v128 {
  const small = f32x4.lt(x, every(SMALLEST_NORMAL))
  const scaled = v128.bitselect(f32x4.mul(x, every(TWO_23)), x, small)
  return atEdges(x, reduced(scaled, every(0), v128.and(every(-23), small)))
}

/** ln u + c/u for the float u nearest 1 + x, and the c that rounding took: ln(1 + x) to first order in c. */
@inline
function lnOfSum(u: v128, x: v128): v128 {
  const c = f32x4.sub(x, f32x4.sub(u, every(1)))
  return reduced(u, f32x4.div(c, u), every(0))
}

@inline
function log1p(x: v128): v128 {
  const u = f32x4.add(every(1), x)
  // −0 stays −0, which 1 + x forgets
  return v128.or(atEdges(u, lnOfSum(u, x)), v128.and(x, f32x4.eq(x, every(0))))
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^{−|x|}) */
@inline
function softplus(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)))
  return f32x4.add(v128.pmax<f32>(x, every(0)), lnOfSum(f32x4.add(every(1), e), e))
}

// —— erf ——

/** p of erf x = x + x p(x²) for |x| ≤ 1. */
const ERF = memory.data<f32>([
  7.853876e-5, -0.00080101984, 0.005188328, -0.026853813, 0.112835854, -0.37612626, 0.12837917
])
/** Q of erf |x| = 1 − e^{−Q} for |x| ≥ 1, in |x| − 1. From 3.92 on erf is 1. */
const ERFC = memory.data<f32>([
  2.1697608e-5, -0.0002895893, 0.0020120987, -0.010046589, 0.041563552, 0.84310704, 2.6389675, 1.8496056
])

@inline
function erf(x: v128): v128 {
  const z = f32x4.mul(x, x)
  let p = step(coefficient(ERF, 0), z, ERF, 1)
  p = step(p, z, ERF, 2)
  p = step(p, z, ERF, 3)
  p = step(p, z, ERF, 4)
  p = step(p, z, ERF, 5)
  p = step(p, z, ERF, 6)
  const central = f32x4.add(x, f32x4.mul(x, p))
  const a = v128.pmin<f32>(f32x4.abs(x), every(4))
  const t = f32x4.sub(a, every(1))
  let q = step(coefficient(ERFC, 0), t, ERFC, 1)
  q = step(q, t, ERFC, 2)
  q = step(q, t, ERFC, 3)
  q = step(q, t, ERFC, 4)
  q = step(q, t, ERFC, 5)
  q = step(q, t, ERFC, 6)
  q = step(q, t, ERFC, 7)
  const outer = f32x4.sub(every(1), exp(f32x4.neg(q)))
  return signed(x, v128.bitselect(central, outer, f32x4.lt(a, every(1))))
}

// —— sine and cosine ——

/** S of sin r = r + r³ S(r²), C of cos r = 1 − r²/2 + r⁴ C(r²) for |r| ≤ π/4. */
const SIN = memory.data<f32>([-0.00019515201, 0.00833216, -0.16666655])
const COS = memory.data<f32>([2.4433062e-5, -0.0013887315, 0.041666646])

/** Quarter turns end here, as in double precision. */
@inline const REACH: f32 = 1e6

/** How many quarter turns two x are from 0. */
@inline
function turns(x: v128): v128 {
  return f64x2.floor(f64x2.add(f64x2.mul(x, f64x2.splat(0.6366197723675814)), f64x2.splat(0.5)))
}

/** And what is left of x: n times the first part of π/2 is exact. */
@inline
function remainder(x: v128, n: v128): v128 {
  const first = f64x2.sub(x, f64x2.mul(n, f64x2.splat(1.57079632673412561417)))
  return f64x2.sub(first, f64x2.mul(n, f64x2.splat(6.0771005065061922e-11)))
}

/** The low halves of two vectors as one. */
@inline
function joined(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(low, high, 0, 2)
}

/** The sine of x, or that of so many quarter turns more. Turns are counted in doubles, which have the digits. */
@inline
function turned(x: v128, more: i32): v128 {
  const low = f64x2.promote_low_f32x4(x)
  const high = f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1))
  const lowTurns = turns(low)
  const highTurns = turns(high)
  const r = joined(
    f32x4.demote_f64x2_zero(remainder(low, lowTurns)),
    f32x4.demote_f64x2_zero(remainder(high, highTurns))
  )
  const z = f32x4.mul(r, r)
  const s = step(step(coefficient(SIN, 0), z, SIN, 1), z, SIN, 2)
  const sin = f32x4.add(r, f32x4.mul(f32x4.mul(r, z), s))
  const c = step(step(coefficient(COS, 0), z, COS, 1), z, COS, 2)
  const cos = f32x4.add(f32x4.sub(every(1), f32x4.mul(every(0.5), z)), f32x4.mul(f32x4.mul(z, z), c))
  const quarter = i32x4.add(
    joined(i32x4.trunc_sat_f64x2_s_zero(lowTurns), i32x4.trunc_sat_f64x2_s_zero(highTurns)),
    i32x4.splat(more)
  )
  const isOdd = i32x4.shr_s(i32x4.shl(quarter, 31), 31)
  return v128.xor(v128.bitselect(cos, sin, isOdd), i32x4.shl(i32x4.shr_u(quarter, 1), 31))
}

// —— maps ——

const enum Function {
  Erf,
  Expm1,
  Log,
  Log1p,
  Softplus,
  Tanh
}

/** `f` is constant wherever this is inlined, so one branch is left of it. */
@inline
function apply(f: Function, x: v128): v128 {
  if (f == Function.Erf) return erf(x)
  if (f == Function.Expm1) return expm1(x)
  if (f == Function.Log) return ln(x)
  if (f == Function.Log1p) return log1p(x)
  if (f == Function.Softplus) return softplus(x)
  return tanh(x)
}

/** y[i] = f(x[i]) for i < n, a multiple of 8; y may be x. */
@inline
function map(f: Function, x: usize, y: usize, n: i32): void {
  for (const end = x + (<usize>n << 2); x < end; x += 32, y += 32) {
    const y0 = apply(f, v128.load(x))
    const y1 = apply(f, v128.load(x, 16))
    v128.store(y, y0)
    v128.store(y, y1, 16)
  }
}

export function mapErfSingle(x: usize, y: usize, n: i32): void {
  map(Function.Erf, x, y, n)
}
export function mapExpm1Single(x: usize, y: usize, n: i32): void {
  map(Function.Expm1, x, y, n)
}
export function mapLogSingle(x: usize, y: usize, n: i32): void {
  map(Function.Log, x, y, n)
}
export function mapLog1pSingle(x: usize, y: usize, n: i32): void {
  map(Function.Log1p, x, y, n)
}
export function mapSoftplusSingle(x: usize, y: usize, n: i32): void {
  map(Function.Softplus, x, y, n)
}
export function mapTanhSingle(x: usize, y: usize, n: i32): void {
  map(Function.Tanh, x, y, n)
}

/** As the map above, of sines; whether some finite x was out of reach, whose y is anything. */
@inline
function mapTurned(x: usize, y: usize, n: i32, more: i32): i32 {
  let beyond = i32x4.splat(0)
  for (const end = x + (<usize>n << 2); x < end; x += 16, y += 16) {
    const one = v128.load(x)
    const size = f32x4.abs(one)
    beyond = v128.or(beyond, v128.and(f32x4.ge(size, every(REACH)), f32x4.lt(size, every(Infinity))))
    const result = turned(one, more)
    // −0 is its own sine
    v128.store(y, more == 0 ? v128.or(result, v128.and(one, f32x4.eq(one, i32x4.splat(0)))) : result)
  }
  return v128.any_true(beyond) ? 1 : 0
}

export function mapSinSingle(x: usize, y: usize, n: i32): i32 {
  return mapTurned(x, y, n, 0)
}
export function mapCosSingle(x: usize, y: usize, n: i32): i32 {
  return mapTurned(x, y, n, 1)
}
