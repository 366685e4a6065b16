/** Vectors of T: two doubles or four floats. Generic functions are specialized at compile time. */

/** Vector with a number in all lanes. */
@inline
export function every<T>(x: f64): v128 {
  return v128.splat<T>(<T>x)
}

/** Vector with a number for doubles or another for floats in all lanes. */
@inline
export function either<T>(double: f64, single: f64): v128 {
  return every<T>(sizeof<T>() == 8 ? double : single)
}

/** y with the sign of x. */
@inline
export function signed<T>(x: v128, y: v128): v128 {
  return v128.bitselect(x, y, sizeof<T>() == 8 ? i64x2.splat(0x8000000000000000) : i32x4.splat(0x80000000))
}

// —— bits as integers ——

@inline
export function plusBits<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.add(a, b) : i32x4.add(a, b)
}

@inline
export function minusBits<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.sub(a, b) : i32x4.sub(a, b)
}

@inline
export function shiftRight<T>(x: v128, by: i32): v128 {
  return sizeof<T>() == 8 ? i64x2.shr_u(x, by) : i32x4.shr_u(x, by)
}

/** Number of stored bits of the significand. */
@inline
export function places<T>(): i32 {
  return sizeof<T>() == 8 ? 52 : 23
}

/** 2 to the power of an integer that includes the exponent bias. */
@inline
export function powerOfTwo<T>(biased: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.shl(biased, places<T>()) : i32x4.shl(biased, places<T>())
}

/** Exponent bias plus `less`, to be subtracted from the twofold bias of `shifted`. */
@inline
export function bias<T>(less: i32): v128 {
  return sizeof<T>() == 8 ? i64x2.splat(1023 + less) : i32x4.splat(127 + less)
}

// —— polynomials ——

/** Coefficients are in memory: a vector constant would cost three instructions and 18 bytes. */

@inline
export function coefficient<T>(table: usize, i: usize): v128 {
  return v128.load_splat<T>(table + i * sizeof<T>())
}

/** Step of Horner's rule: x p + coefficient i. */
@inline
export function step<T>(p: v128, x: v128, table: usize, i: usize): v128 {
  return v128.add<T>(v128.mul<T>(p, x), coefficient<T>(table, i))
}

/** Polynomial with the coefficients of a table, leading one first; the degree is a constant when inlined. */
@inline
export function polynomial<T>(x: v128, table: usize, degree: i32): v128 {
  let p = coefficient<T>(table, 0)
  if (degree > 0) p = step<T>(p, x, table, 1)
  if (degree > 1) p = step<T>(p, x, table, 2)
  if (degree > 2) p = step<T>(p, x, table, 3)
  if (degree > 3) p = step<T>(p, x, table, 4)
  if (degree > 4) p = step<T>(p, x, table, 5)
  if (degree > 5) p = step<T>(p, x, table, 6)
  if (degree > 6) p = step<T>(p, x, table, 7)
  if (degree > 7) p = step<T>(p, x, table, 8)
  if (degree > 8) p = step<T>(p, x, table, 9)
  if (degree > 9) p = step<T>(p, x, table, 10)
  if (degree > 10) p = step<T>(p, x, table, 11)
  if (degree > 11) p = step<T>(p, x, table, 12)
  if (degree > 12) p = step<T>(p, x, table, 13)
  if (degree > 13) p = step<T>(p, x, table, 14)
  if (degree > 14) p = step<T>(p, x, table, 15)
  if (degree > 15) p = step<T>(p, x, table, 16)
  if (degree > 16) p = step<T>(p, x, table, 17)
  if (degree > 17) p = step<T>(p, x, table, 18)
  return p
}
