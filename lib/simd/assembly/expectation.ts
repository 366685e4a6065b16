import { exp } from './exponential'
import { ln } from './logarithm'

/*
 * The E-step of Gaussian components over rows, two of them at a time. Numbers of a component that rows share stand once and are
 * loaded into both lanes; what rows sum has a vector each, of which the lanes are added at the end.
 */

@inline
function both(at: usize): v128 {
  return v128.load64_splat(at)
}

@inline
function added(at: usize, x: v128): void {
  v128.store(at, f64x2.add(v128.load(at), x))
}

/** Writes two lanes, the second where there is a second row. */
@inline
function told(at: usize, down: usize, isPair: bool, x: v128): void {
  store<f64>(at, f64x2.extract_lane(x, 0))
  if (isPair) store<f64>(at + down, f64x2.extract_lane(x, 1))
}

/**
 * Of n rows x [n, dim] with weights w adds to `sums`, a vector for each number [2 + K + K dim + K per], what src/mixture/em/moments.ts sums, of
 * the first `learned` components also Σ r δ and second moments: none, δ'δ, those of each column, or the lower triangles of δδ' (0 to 3): rows of
 * even places in the first lane, others in the second. Components are constants [K], centres [K, dim] and roots, [K, dim, dim] if triangular,
 * else [K, dim], one after another. `scratch` has room for 2 (dim + K (dim + 2)) numbers. Where `tell` is not 0, logs, squares and shares
 * [n, K] are written there, and log p(x) [n]. Every number is computed as src/mixture/em/loops.ts does, in its order.
 */
export function expectation(
  x: usize,
  w: usize,
  n: i32,
  dim: i32,
  count: i32,
  learned: i32,
  second: i32,
  triangular: bool,
  components: usize,
  scratch: usize,
  sums: usize,
  tell: usize
): void {
  const row = <usize>dim << 3
  const vectors = <usize>dim << 4
  const perRow = <usize>count << 3
  const centres = components + perRow
  const roots = centres + <usize>count * row
  const pair = scratch
  const delta = pair + vectors
  const logs = delta + <usize>count * vectors
  const squares = logs + (<usize>count << 4)
  const masses = sums + 32
  const firsts = masses + (<usize>count << 4)
  const seconds = firsts + <usize>count * vectors
  const infinite = f64x2.splat(-Infinity)
  const zero = f64x2.splat(0)
  for (let i: i32 = 0; i < n; i += 2, x += row + row, w += 16) {
    const isPair = i + 1 < n
    const other = isPair ? x + row : x
    const weight = isPair ? v128.load(w) : f64x2.replace_lane(zero, 0, load<f64>(w))
    for (let j: usize = 0; j < row; j += 8)
      v128.store(pair + j + j, f64x2.replace_lane(both(x + j), 1, load<f64>(other + j)))
    let top = infinite
    for (let k: i32 = 0, c = centres, d = delta, r = roots; k < count; k++, c += row) {
      let squared = zero
      const from = d
      for (let j: usize = 0; j < row; j += 8, d += 16) {
        const e = f64x2.sub(v128.load(pair + j + j), both(c + j))
        v128.store(d, e)
        if (triangular) {
          let y = zero
          for (let a = from; a <= d; a += 16, r += 8) y = f64x2.add(y, f64x2.mul(both(r), v128.load(a)))
          squared = f64x2.add(squared, f64x2.mul(y, y))
          r += row - j - 8
        } else {
          const y = f64x2.mul(both(r), e)
          squared = f64x2.add(squared, f64x2.mul(y, y))
          r += 8
        }
      }
      const log = f64x2.sub(both(components + (<usize>k << 3)), f64x2.mul(squared, f64x2.splat(0.5)))
      v128.store(logs + (<usize>k << 4), log)
      v128.store(squares + (<usize>k << 4), squared)
      top = f64x2.pmax(top, log)
    }
    // A row beyond the reach of all components: nobody answers for it.
    const isReached = f64x2.gt(top, infinite)
    let total = zero
    for (let k: usize = 0; k < perRow; k += 8) {
      const log = v128.load(logs + k + k)
      const part = exp<f64>(v128.bitselect(f64x2.sub(log, top), zero, isReached))
      if (tell != 0) {
        const at = tell + <usize>i * perRow + k
        told(at, perRow, isPair, log)
        told(at + <usize>n * perRow, perRow, isPair, v128.load(squares + k + k))
      }
      v128.store(logs + k + k, part)
      total = f64x2.add(total, part)
    }
    const length = f64x2.add(ln<f64>(total), f64x2.sub(total, total))
    const density = f64x2.add(top, length)
    const counts = f64x2.gt(weight, zero)
    added(sums, v128.and(counts, f64x2.neg(f64x2.mul(weight, density))))
    added(sums + 16, v128.and(isReached, f64x2.mul(weight, length)))
    if (tell != 0) {
      for (let k: usize = 0; k < perRow; k += 8)
        told(
          tell + <usize>(n + n + i) * perRow + k,
          perRow,
          isPair,
          v128.and(isReached, f64x2.div(v128.load(logs + k + k), total))
        )
      told(tell + 3 * <usize>n * perRow + (<usize>i << 3), 8, isPair, density)
    }
    const scale = v128.and(isReached, f64x2.div(weight, total))
    for (let k: i32 = 0, d = delta, first = firsts, at = seconds; k < count; k++) {
      const r = f64x2.mul(v128.load(logs + (<usize>k << 4)), scale)
      added(masses + (<usize>k << 4), r)
      if (k >= learned) break
      const from = d
      for (const end = d + vectors; d < end; d += 16, first += 16) {
        const e = v128.load(d)
        const pulled = f64x2.mul(r, e)
        added(first, pulled)
        if (second == 3) {
          for (let a = from; a <= d; a += 16, at += 16) added(at, f64x2.mul(pulled, v128.load(a)))
          at += vectors - (d - from) - 16
        } else if (second != 0) {
          added(at, f64x2.mul(pulled, e))
          if (second == 2) at += 16
        }
      }
      if (second == 1) at += 16
    }
  }
}
