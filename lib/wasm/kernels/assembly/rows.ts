import { mapExp } from '../../math/assembly/map'

/** Sums by rows or columns, and softmax by rows, in the order and so with the bits of the plain loops. */

/** out[i] = Σ_j x[i, j], in eight running sums, exact enough for short rows. */
export function rowSums(x: usize, rows: i32, n: i32, out: usize): void {
  const row = <usize>n << 3
  const whole = <usize>(n & ~7) << 3
  for (; rows > 0; rows--, out += 8) {
    const end = x + row
    const stop = x + whole
    let s0 = f64x2.splat(0)
    let s1 = f64x2.splat(0)
    let s2 = f64x2.splat(0)
    let s3 = f64x2.splat(0)
    for (; x < stop; x += 64) {
      s0 = f64x2.add(s0, v128.load(x))
      s1 = f64x2.add(s1, v128.load(x, 16))
      s2 = f64x2.add(s2, v128.load(x, 32))
      s3 = f64x2.add(s3, v128.load(x, 48))
    }
    let rest: f64 = 0
    for (; x < end; x += 8) rest += load<f64>(x)
    // ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)), in the lanes' numbers
    const low = f64x2.add(v128.shuffle<f64>(s0, s1, 0, 2), v128.shuffle<f64>(s0, s1, 1, 3))
    const high = f64x2.add(v128.shuffle<f64>(s2, s3, 0, 2), v128.shuffle<f64>(s2, s3, 1, 3))
    const sums = f64x2.add(v128.shuffle<f64>(low, high, 0, 2), v128.shuffle<f64>(low, high, 1, 3))
    store<f64>(out, f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1) + rest)
  }
}

/** to[j] = a[j] + b[j], j < width. */
@inline
function addRow(a: usize, b: usize, width: i32, to: usize): void {
  const end = to + (<usize>width << 3)
  for (; to + 16 <= end; to += 16, a += 16, b += 16) v128.store(to, f64x2.add(v128.load(a), v128.load(b)))
  if (to < end) store<f64>(to, load<f64>(a) + load<f64>(b))
}

/** out[j] = Σ_i x[i, j] over n > 0 rows, by pairwise summation; `scratch` holds a row for each halving. */
export function columnSums(x: usize, n: i32, width: i32, out: usize, scratch: usize): void {
  const row = <usize>width << 3
  if (n <= 16) {
    if (n == 1) {
      memory.copy(out, x, row)
      return
    }
    addRow(x, x + row, width, out)
    for (let i: i32 = 2; i < n; i++) addRow(out, x + <usize>i * row, width, out)
    return
  }
  const half = n >> 1
  columnSums(x, half, width, out, scratch + row)
  columnSums(x + <usize>half * row, n - half, width, scratch, scratch + row)
  addRow(out, scratch, width, out)
}

/** y[i, j] = e^x[i, j]/Σ_k e^x[i, k]; y must have room for a multiple of 8 doubles. */
export function softmaxRows(x: usize, rows: i32, n: i32, y: usize): void {
  const row = <usize>n << 3
  let to = y
  for (const end = y + <usize>rows * row; to < end; ) {
    const last = x + row
    let top: f64 = -Infinity
    for (let at = x; at < last; at += 8) top = max<f64>(top, load<f64>(at))
    for (; x < last; x += 8, to += 8) store<f64>(to, load<f64>(x) - top)
  }
  mapExp(y, y, (rows * n + 7) & ~7)
  for (const end = to; y < end; ) {
    const last = y + row
    let total: f64 = 0
    for (let at = y; at < last; at += 8) total += load<f64>(at)
    for (; y < last; y += 8) store<f64>(y, load<f64>(y) / total)
  }
}
