/**
 * Compensated sums (Neumaier's, by Knuth's TwoSum), with an error of about 1 ulp of the sum of absolute values for any length. Element i is
 * added in lane i mod 8, so the result does not depend on splits into multiples of 8.
 *
 * The state is 16 doubles, eight sums and eight errors, zeroed by the caller.
 */

/** Rounding error of sum = a + b. */
@inline
function sumError(a: v128, b: v128, sum: v128): v128 {
  const bb = f64x2.sub(sum, a)
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, bb)), f64x2.sub(b, bb))
}

/** Adds the n doubles at x, n a multiple of 8. */
export function addSum(x: usize, n: i32, state: usize): void {
  let s0 = v128.load(state)
  let s1 = v128.load(state, 16)
  let s2 = v128.load(state, 32)
  let s3 = v128.load(state, 48)
  let e0 = v128.load(state, 64)
  let e1 = v128.load(state, 80)
  let e2 = v128.load(state, 96)
  let e3 = v128.load(state, 112)
  for (const end = x + (<usize>n << 3); x < end; x += 64) {
    const a = v128.load(x)
    const b = v128.load(x, 16)
    const c = v128.load(x, 32)
    const d = v128.load(x, 48)
    const t0 = f64x2.add(s0, a)
    const t1 = f64x2.add(s1, b)
    const t2 = f64x2.add(s2, c)
    const t3 = f64x2.add(s3, d)
    e0 = f64x2.add(e0, sumError(s0, a, t0))
    e1 = f64x2.add(e1, sumError(s1, b, t1))
    e2 = f64x2.add(e2, sumError(s2, c, t2))
    e3 = f64x2.add(e3, sumError(s3, d, t3))
    s0 = t0
    s1 = t1
    s2 = t2
    s3 = t3
  }
  v128.store(state, s0)
  v128.store(state, s1, 16)
  v128.store(state, s2, 32)
  v128.store(state, s3, 48)
  v128.store(state, e0, 64)
  v128.store(state, e1, 80)
  v128.store(state, e2, 96)
  v128.store(state, e3, 112)
}

/** Sum of a state. If it is not finite, its errors are NaN and the rounded sum is returned. */
export function total(state: usize): f64 {
  let sum: f64 = 0
  let error: f64 = 0
  for (let i: usize = 0; i < 64; i += 8) {
    const a = sum
    const b = load<f64>(state + i)
    sum = a + b
    const bb = sum - a
    error += a - (sum - bb) + (b - bb) + load<f64>(state + i, 64)
  }
  const corrected = sum + error
  return corrected == corrected ? corrected : sum
}
