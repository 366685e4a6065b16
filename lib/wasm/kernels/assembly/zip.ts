/** Entrywise binary operations, with broadcasting of rows. Each rounds once, with the bits of a plain loop. */
/** Indices of the operations in ZIPS of `../kernels.ts`. */
const enum Operation {
  Add,
  Sub,
  Multiply,
  Divide,
  Maximum,
  Minimum
}

/** `operation` is a constant when inlined, so one branch is left. */
@inline
function applyOperation(operation: Operation, a: v128, b: v128): v128 {
  if (operation == Operation.Add) return f64x2.add(a, b)
  if (operation == Operation.Sub) return f64x2.sub(a, b)
  if (operation == Operation.Multiply) return f64x2.mul(a, b)
  if (operation == Operation.Divide) return f64x2.div(a, b)
  if (operation == Operation.Maximum) return f64x2.max(a, b)
  return f64x2.min(a, b)
}

/** Two entries of an operand, equal if it is constant along the row. */
@inline
function loadPair(stretched: bool, at: usize): v128 {
  return stretched ? v128.load_splat<f64>(at) : v128.load(at)
}

@inline
function zipLine(operation: Operation, a: usize, stretchA: bool, b: usize, stretchB: bool, out: usize, n: i32): void {
  const end = out + (<usize>n << 3)
  for (const whole = out + (<usize>(n & ~7) << 3); out < whole; out += 64) {
    const a0 = loadPair(stretchA, a)
    const b0 = loadPair(stretchB, b)
    const a1 = stretchA ? a0 : v128.load(a, 16)
    const b1 = stretchB ? b0 : v128.load(b, 16)
    const a2 = stretchA ? a0 : v128.load(a, 32)
    const b2 = stretchB ? b0 : v128.load(b, 32)
    const a3 = stretchA ? a0 : v128.load(a, 48)
    const b3 = stretchB ? b0 : v128.load(b, 48)
    v128.store(out, applyOperation(operation, a0, b0))
    v128.store(out, applyOperation(operation, a1, b1), 16)
    v128.store(out, applyOperation(operation, a2, b2), 32)
    v128.store(out, applyOperation(operation, a3, b3), 48)
    if (!stretchA) a += 64
    if (!stretchB) b += 64
  }
  for (; out + 16 <= end; out += 16) {
    v128.store(out, applyOperation(operation, loadPair(stretchA, a), loadPair(stretchB, b)))
    if (!stretchA) a += 16
    if (!stretchB) b += 16
  }
  // The last entry of an odd number alone: the memory after it may belong to another array.
  if (out < end) v128.store64_lane(out, applyOperation(operation, v128.load_splat<f64>(a), v128.load_splat<f64>(b)), 0)
}

@inline
function zipLines(
  operation: Operation,
  a: usize,
  downA: usize,
  stretchA: bool,
  b: usize,
  downB: usize,
  stretchB: bool,
  out: usize,
  rows: i32,
  columns: i32
): void {
  for (const row = <usize>columns << 3; rows > 0; rows--, a += downA, b += downB, out += row) {
    if (stretchA) zipLine(operation, a, true, b, false, out, columns)
    else if (stretchB) zipLine(operation, a, false, b, true, out, columns)
    else zipLine(operation, a, false, b, false, out, columns)
  }
}

/** Writes `rows` lines of `columns` entries to `out`; the operands' lines are `downA` and `downB` bytes apart. */
export function zip(
  operation: Operation,
  a: usize,
  downA: usize,
  stretchA: bool,
  b: usize,
  downB: usize,
  stretchB: bool,
  out: usize,
  rows: i32,
  columns: i32
): void {
  // Constant operations, each with loops of its own.
  switch (operation) {
    case Operation.Add:
      return zipLines(Operation.Add, a, downA, stretchA, b, downB, stretchB, out, rows, columns)
    case Operation.Sub:
      return zipLines(Operation.Sub, a, downA, stretchA, b, downB, stretchB, out, rows, columns)
    case Operation.Multiply:
      return zipLines(Operation.Multiply, a, downA, stretchA, b, downB, stretchB, out, rows, columns)
    case Operation.Divide:
      return zipLines(Operation.Divide, a, downA, stretchA, b, downB, stretchB, out, rows, columns)
    case Operation.Maximum:
      return zipLines(Operation.Maximum, a, downA, stretchA, b, downB, stretchB, out, rows, columns)
    default:
      return zipLines(Operation.Minimum, a, downA, stretchA, b, downB, stretchB, out, rows, columns)
  }
}

/** out[i, j] = x[i], [rows, columns]. */
export function stretch(x: usize, rows: i32, columns: i32, out: usize): void {
  for (; rows > 0; rows--, x += 8) {
    const entry = v128.load_splat<f64>(x)
    const end = out + (<usize>columns << 3)
    for (; out + 16 <= end; out += 16) v128.store(out, entry)
    if (out < end) {
      v128.store64_lane(out, entry, 0)
      out += 8
    }
  }
}
