import { coefficient, every, polynomial, step } from './lanes'

/**
 * sin x and cos x for |x| < 10⁶: x minus the nearest multiple of π/2, as a sum of two doubles, and minimax polynomials. Operations and
 * their order are those of lib/numbers/elementary/trigonometric.ts, so bits are equal. If an |x| is larger, the functions return 1, and the
 * caller must compute the results.
 */

/** Bound on |x| for the argument reduction. */
const REACH: f64 = 1e6

/** Constants of the reduction; from index 8 on coefficients of cos, from 14 on of sin. */
const NUMBERS = memory.data<f64>([
  0.6366197723675814, 0.5, 1.57079632673412561417, 6.0771005063039659766e-11, 2.0222662487111664558e-21,
  8.47842766036889956997e-32, 6755399441055744, 1,
  //
  2.48015872894767294178e-5, -1.38888888888741095749e-3, 4.16666666666666019037e-2, -1.13596475577881948265e-11,
  2.0875723212981748279e-9, -2.75573143513906633035e-7,
  //
  2.75573137070700676789e-6, -1.98412698298579493134e-4, 8.33333333332248946124e-3, 1.58969099521155010221e-10,
  -2.50507602534068634195e-8, -1.66666666666666324348e-1
])

@inline
function constantAt(i: usize): v128 {
  return coefficient<f64>(NUMBERS, i)
}

@inline
function horner(p: v128, z: v128, i: usize): v128 {
  return step<f64>(p, z, NUMBERS, i)
}

/** (cos a − 1 + z/2)/z for small a, z = a². */
@inline
export function cosineRest(z: v128): v128 {
  const w = f64x2.mul(z, z)
  return f64x2.add(
    f64x2.mul(z, horner(horner(constantAt(8), z, 9), z, 10)),
    f64x2.mul(f64x2.mul(w, w), horner(horner(constantAt(11), z, 12), z, 13))
  )
}

/** (sin a − a)/(z a) for small a, z = a². */
@inline
export function sineRest(z: v128): v128 {
  const w = f64x2.mul(z, z)
  const rest = f64x2.add(
    horner(horner(constantAt(14), z, 15), z, 16),
    f64x2.mul(f64x2.mul(z, w), horner(constantAt(17), z, 18))
  )
  return horner(rest, z, 19)
}

/** Rounding error of sum = a + b (Knuth). */
@inline
function sumError(a: v128, b: v128, sum: v128): v128 {
  const part = f64x2.sub(sum, a)
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, part)), f64x2.sub(b, part))
}

/** Sine of x plus `more` quarter turns. */
@inline
function sineAfterTurns(x: v128, more: i64): v128 {
  const isNear = f64x2.le(f64x2.abs(x), f64x2.splat(0.7853981633974483))
  const n = v128.andnot(f64x2.floor(f64x2.add(f64x2.mul(x, constantAt(0)), constantAt(1))), isNear)
  const minus = f64x2.neg(n)
  const first = f64x2.sub(x, f64x2.mul(n, constantAt(2)))
  const byFirst = f64x2.mul(minus, constantAt(3))
  const second = f64x2.add(first, byFirst)
  const bySecond = f64x2.mul(minus, constantAt(4))
  const third = f64x2.add(second, bySecond)
  const rest = f64x2.sub(
    f64x2.add(sumError(first, byFirst, second), sumError(second, bySecond, third)),
    f64x2.mul(n, constantAt(5))
  )
  const a = f64x2.add(third, rest)
  const tail = f64x2.add(f64x2.sub(third, a), rest)
  const z = f64x2.mul(a, a)
  const half = f64x2.mul(constantAt(1), z)

  const sin = f64x2.add(
    a,
    f64x2.add(
      f64x2.mul(f64x2.mul(z, a), sineRest(z)),
      f64x2.sub(tail, f64x2.mul(half, tail))
    )
  )

  const whole = f64x2.sub(constantAt(7), half)
  const cos = f64x2.add(
    whole,
    f64x2.add(
      f64x2.sub(f64x2.sub(constantAt(7), whole), half),
      f64x2.sub(f64x2.mul(z, cosineRest(z)), f64x2.mul(a, tail))
    )
  )

  const quarter = i64x2.add(f64x2.add(n, constantAt(6)), i64x2.splat(more))
  const isOdd = i64x2.shr_s(i64x2.shl(quarter, 63), 63)
  const sign = i64x2.shl(i64x2.shr_u(quarter, 1), 63)
  return v128.xor(v128.bitselect(cos, sin, isOdd), sign)
}

// —— floats ——

/** S of sin r = r + r³ S(r²), C of cos r = 1 − r²/2 + r⁴ C(r²) for |r| ≤ π/4. */
const SIN = memory.data<f32>([-0.00019515201, 0.00833216, -0.16666655])
const COS = memory.data<f32>([2.4433062e-5, -0.0013887315, 0.041666646])

/** Nearest number of quarter turns of two x. */
@inline
function nearestTurns(x: v128): v128 {
  return f64x2.floor(f64x2.add(f64x2.mul(x, f64x2.splat(0.6366197723675814)), f64x2.splat(0.5)))
}

/** x minus n quarter turns; n times the first part of π/2 is exact. */
@inline
function remainder(x: v128, n: v128): v128 {
  const first = f64x2.sub(x, f64x2.mul(n, f64x2.splat(1.57079632673412561417)))
  return f64x2.sub(first, f64x2.mul(n, f64x2.splat(6.0771005065061922e-11)))
}

/** Low halves of two vectors. */
@inline
function joinLowHalves(low: v128, high: v128): v128 {
  return v128.shuffle<f64>(low, high, 0, 2)
}

/** Sine of floats plus `more` quarter turns, which are counted in doubles. */
@inline
function sineAfterTurnsSingle(x: v128, more: i32): v128 {
  const low = f64x2.promote_low_f32x4(x)
  const high = f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1))
  const lowTurns = nearestTurns(low)
  const highTurns = nearestTurns(high)
  const r = joinLowHalves(
    f32x4.demote_f64x2_zero(remainder(low, lowTurns)),
    f32x4.demote_f64x2_zero(remainder(high, highTurns))
  )
  const z = f32x4.mul(r, r)
  const s = polynomial<f32>(z, SIN, 2)
  const sin = f32x4.add(r, f32x4.mul(f32x4.mul(r, z), s))
  const c = polynomial<f32>(z, COS, 2)
  const cos = f32x4.add(f32x4.sub(every<f32>(1), f32x4.mul(every<f32>(0.5), z)), f32x4.mul(f32x4.mul(z, z), c))
  const quarter = i32x4.add(
    joinLowHalves(i32x4.trunc_sat_f64x2_s_zero(lowTurns), i32x4.trunc_sat_f64x2_s_zero(highTurns)),
    i32x4.splat(more)
  )
  const isOdd = i32x4.shr_s(i32x4.shl(quarter, 31), 31)
  return v128.xor(v128.bitselect(cos, sin, isOdd), i32x4.shl(i32x4.shr_u(quarter, 1), 31))
}

// —— maps ——

/**
 * y[i] = f(x[i]) for i < n, a multiple of the vector length; returns 1 if a finite |x| was too large, whose y is arbitrary, otherwise 0.
 */
@inline
function map<T>(x: usize, y: usize, n: i32, more: i32): i32 {
  let beyond = i64x2.splat(0)
  for (const end = x + <usize>n * sizeof<T>(); x < end; x += 16, y += 16) {
    const one = v128.load(x)
    const size = v128.abs<T>(one)
    beyond = v128.or(beyond, v128.and(v128.ge<T>(size, every<T>(REACH)), v128.lt<T>(size, every<T>(Infinity))))
    const result = sizeof<T>() == 8 ? sineAfterTurns(one, more) : sineAfterTurnsSingle(one, more)
    // sin(−0) = −0
    v128.store(y, more == 0 ? v128.or(result, v128.and(one, v128.eq<T>(one, i64x2.splat(0)))) : result)
  }
  return v128.any_true(beyond) ? 1 : 0
}

export function mapSin(x: usize, y: usize, n: i32): i32 {
  return map<f64>(x, y, n, 0)
}
export function mapCos(x: usize, y: usize, n: i32): i32 {
  return map<f64>(x, y, n, 1)
}
export function mapSinSingle(x: usize, y: usize, n: i32): i32 {
  return map<f32>(x, y, n, 0)
}
export function mapCosSingle(x: usize, y: usize, n: i32): i32 {
  return map<f32>(x, y, n, 1)
}
