/**
 * Pieces of a blocked matrix product (Goto & van de Geijn, *Anatomy of high-performance matrix multiplication*, 2008): blocks of B are
 * packed in panels of four columns, and a 4 × 4 tile of C stays in registers while k runs. A is read by strides, so its transpose needs no
 * packing. Each entry of C is summed in the order of k.
 */

/**
 * Packs a k × n block of B for `multiply`: panel j holds columns 4j … 4j + 3 of all k rows, row after row; columns beyond n are arbitrary.
 * Rows (with `transposed`, columns) of the block at `b` are `stride` bytes apart, and up to three columns beyond its end are read.
 */
export function pack(b: usize, stride: usize, transposed: bool, k: i32, n: i32, panels: usize): void {
  for (let j: i32 = 0; j < n; j += 4, b += transposed ? stride << 2 : 32) {
    let from = b
    for (const end = panels + (<usize>k << 5); panels < end; panels += 32) {
      if (transposed) {
        store<f64>(panels, load<f64>(from))
        store<f64>(panels, load<f64>(from + stride), 8)
        store<f64>(panels, load<f64>(from + 2 * stride), 16)
        store<f64>(panels, load<f64>(from + 3 * stride), 24)
        from += 8
      } else {
        v128.store(panels, v128.load(from))
        v128.store(panels, v128.load(from, 16), 16)
        from += stride
      }
    }
  }
}

@inline
function multiplyAdd(c: v128, a: v128, b: v128): v128 {
  return f64x2.add(c, f64x2.mul(a, b))
}

/** Stores the first min(columns, 4) entries of a tile's row. */
@inline
function storeRow(to: usize, left: v128, right: v128, columns: i32): void {
  if (columns >= 4) {
    v128.store(to, left)
    v128.store(to, right, 16)
  } else if (columns == 1) {
    v128.store64_lane(to, left, 0)
  } else {
    v128.store(to, left)
    if (columns == 3) v128.store64_lane(to, right, 0, 16)
  }
}

/**
 * C = A·B, or C += A·B with `adding`, for an m × k block of A, a k × n block of B, and a block of C with rows `row` bytes apart. A's entry
 * (i, p) is at a + i·down + p·along. B's panels of four columns are `panel` bytes apart, and their rows `step`: 32 k and 32 if packed,
 * otherwise 32 and its row. Up to three rows beyond the m-th are read in A and overwritten in C; up to three columns beyond the n-th are
 * read in B.
 */
export function multiply(
  a: usize,
  down: usize,
  along: usize,
  panels: usize,
  panel: usize,
  step: usize,
  c: usize,
  row: usize,
  m: i32,
  k: i32,
  n: i32,
  adding: bool
): void {
  const depth = <usize>k * step
  for (let j: i32 = 0; j < n; j += 4, panels += panel, c += 32) {
    let r0 = c
    let rows = a
    for (let i: i32 = 0; i < m; i += 4, rows += down << 2, r0 += row << 2) {
      const r1 = r0 + row
      const r2 = r1 + row
      const r3 = r2 + row
      let c00 = f64x2.splat(0)
      let c01 = f64x2.splat(0)
      let c10 = f64x2.splat(0)
      let c11 = f64x2.splat(0)
      let c20 = f64x2.splat(0)
      let c21 = f64x2.splat(0)
      let c30 = f64x2.splat(0)
      let c31 = f64x2.splat(0)
      if (adding) {
        c00 = v128.load(r0)
        c01 = v128.load(r0, 16)
        c10 = v128.load(r1)
        c11 = v128.load(r1, 16)
        c20 = v128.load(r2)
        c21 = v128.load(r2, 16)
        c30 = v128.load(r3)
        c31 = v128.load(r3, 16)
      }
      let a0 = rows
      let a1 = a0 + down
      let a2 = a1 + down
      let a3 = a2 + down
      let b = panels
      for (const end = b + depth; b != end; b += step) {
        const b0 = v128.load(b)
        const b1 = v128.load(b, 16)
        let s = v128.load_splat<f64>(a0)
        c00 = multiplyAdd(c00, s, b0)
        c01 = multiplyAdd(c01, s, b1)
        s = v128.load_splat<f64>(a1)
        c10 = multiplyAdd(c10, s, b0)
        c11 = multiplyAdd(c11, s, b1)
        s = v128.load_splat<f64>(a2)
        c20 = multiplyAdd(c20, s, b0)
        c21 = multiplyAdd(c21, s, b1)
        s = v128.load_splat<f64>(a3)
        c30 = multiplyAdd(c30, s, b0)
        c31 = multiplyAdd(c31, s, b1)
        a0 += along
        a1 += along
        a2 += along
        a3 += along
      }
      storeRow(r0, c00, c01, n - j)
      storeRow(r1, c10, c11, n - j)
      storeRow(r2, c20, c21, n - j)
      storeRow(r3, c30, c31, n - j)
    }
  }
}
