/*
 * Data by tiles of 64 rows, a tile by quads of 4: a quad holds its rows' first entries, then their second ones, and so
 * on, so that rows lie along the lanes in every loop and no product needs packing or a horizontal sum. Widths are even
 * numbers of columns, the last of which may be a zero that fills up; rows that fill up the last tile are zeros too.
 */

@inline export const ROWS: i32 = 64
@inline export const QUADS: i32 = 16
/** Bytes of a number for each row of a tile. */
@inline export const TILE: usize = 512

@inline
export function madd(c: v128, a: v128, b: v128): v128 {
  return f64x2.add(c, f64x2.mul(a, b))
}

@inline
export function sum(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1)
}

/** Quads of a tile from its rows of `columns` doubles, one after the other. */
export function transpose(rows: usize, columns: i32, tile: usize, width: i32): void {
  const row = <usize>columns << 3
  for (let quad: i32 = 0; quad < QUADS; quad++, rows += row << 2) {
    let from = rows
    let j: i32 = 0
    for (; j + 2 <= columns; j += 2, from += 16, tile += 64) {
      const a = v128.load(from)
      const b = v128.load(from + row)
      const c = v128.load(from + 2 * row)
      const d = v128.load(from + 3 * row)
      v128.store(tile, v128.shuffle<f64>(a, b, 0, 2))
      v128.store(tile, v128.shuffle<f64>(c, d, 0, 2), 16)
      v128.store(tile, v128.shuffle<f64>(a, b, 1, 3), 32)
      v128.store(tile, v128.shuffle<f64>(c, d, 1, 3), 48)
    }
    if (j < columns) {
      store<f64>(tile, load<f64>(from))
      store<f64>(tile, load<f64>(from + row), 8)
      store<f64>(tile, load<f64>(from + 2 * row), 16)
      store<f64>(tile, load<f64>(from + 3 * row), 24)
      tile += 32
    }
    if (width > columns) {
      v128.store(tile, f64x2.splat(0))
      v128.store(tile, f64x2.splat(0), 16)
      tile += 32
    }
  }
}

/** The rows of a tile less one row of `width` doubles. */
export function less(x: usize, row: usize, width: i32, out: usize): void {
  const rowEnd = row + (<usize>width << 3)
  for (let quad: i32 = 0; quad < QUADS; quad++)
    for (let a = row; a < rowEnd; a += 8, x += 32, out += 32) {
      const s = v128.load_splat<f64>(a)
      v128.store(out, f64x2.sub(v128.load(x), s))
      v128.store(out, f64x2.sub(v128.load(x, 16), s), 16)
    }
}

/** Σ_j x_j y_j of each row. */
export function rowDots(x: usize, y: usize, width: i32, out: usize): void {
  for (let quad: i32 = 0; quad < QUADS; quad++, out += 32) {
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    for (const end = x + (<usize>width << 5); x < end; x += 32, y += 32) {
      low = madd(low, v128.load(x), v128.load(y))
      high = madd(high, v128.load(x, 16), v128.load(y, 16))
    }
    v128.store(out, low)
    v128.store(out, high, 16)
  }
}

/** A product's term, or with `distance` that of a squared distance. */
@inline
function term(distance: bool, sum: v128, a: v128, x: v128): v128 {
  if (!distance) return madd(sum, a, x)
  const difference = f64x2.sub(x, a)
  return madd(sum, difference, difference)
}

/** Four entries of a quad, with eight sums in registers. */
@inline
function four(distance: bool, a: usize, row: usize, x: usize, columns: i32, y: usize): void {
  let s00 = f64x2.splat(0)
  let s01 = f64x2.splat(0)
  let s10 = f64x2.splat(0)
  let s11 = f64x2.splat(0)
  let s20 = f64x2.splat(0)
  let s21 = f64x2.splat(0)
  let s30 = f64x2.splat(0)
  let s31 = f64x2.splat(0)
  let a1 = a + row
  let a2 = a1 + row
  let a3 = a2 + row
  for (const end = x + (<usize>columns << 5); x < end; x += 32, a += 8, a1 += 8, a2 += 8, a3 += 8) {
    const low = v128.load(x)
    const high = v128.load(x, 16)
    let s = v128.load_splat<f64>(a)
    s00 = term(distance, s00, s, low)
    s01 = term(distance, s01, s, high)
    s = v128.load_splat<f64>(a1)
    s10 = term(distance, s10, s, low)
    s11 = term(distance, s11, s, high)
    s = v128.load_splat<f64>(a2)
    s20 = term(distance, s20, s, low)
    s21 = term(distance, s21, s, high)
    s = v128.load_splat<f64>(a3)
    s30 = term(distance, s30, s, low)
    s31 = term(distance, s31, s, high)
  }
  v128.store(y, s00)
  v128.store(y, s01, 16)
  v128.store(y, s10, 32)
  v128.store(y, s11, 48)
  v128.store(y, s20, 64)
  v128.store(y, s21, 80)
  v128.store(y, s30, 96)
  v128.store(y, s31, 112)
}

/** Two entries, or one, of two quads. */
@inline
function few(
  distance: bool,
  both: bool,
  a: usize,
  row: usize,
  x: usize,
  columns: i32,
  nextX: usize,
  y: usize,
  nextY: usize
): void {
  let s00 = f64x2.splat(0)
  let s01 = f64x2.splat(0)
  let s10 = f64x2.splat(0)
  let s11 = f64x2.splat(0)
  let t00 = f64x2.splat(0)
  let t01 = f64x2.splat(0)
  let t10 = f64x2.splat(0)
  let t11 = f64x2.splat(0)
  for (const end = x + (<usize>columns << 5); x < end; x += 32, nextX += 32, a += 8) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(nextX)
    const x3 = v128.load(nextX, 16)
    let s = v128.load_splat<f64>(a)
    s00 = term(distance, s00, s, x0)
    s01 = term(distance, s01, s, x1)
    t00 = term(distance, t00, s, x2)
    t01 = term(distance, t01, s, x3)
    if (both) {
      s = v128.load_splat<f64>(a + row)
      s10 = term(distance, s10, s, x0)
      s11 = term(distance, s11, s, x1)
      t10 = term(distance, t10, s, x2)
      t11 = term(distance, t11, s, x3)
    }
  }
  v128.store(y, s00)
  v128.store(y, s01, 16)
  v128.store(nextY, t00)
  v128.store(nextY, t01, 16)
  if (both) {
    v128.store(y, s10, 32)
    v128.store(y, s11, 48)
    v128.store(nextY, t10, 32)
    v128.store(nextY, t11, 48)
  }
}

@inline
function eachRow(
  distance: bool,
  a: usize,
  row: usize,
  count: i32,
  x: usize,
  columns: i32,
  width: i32,
  y: usize,
  widthY: i32
): void {
  const quadX = <usize>width << 5
  const quadY = <usize>widthY << 5
  for (let quad: i32 = 0; quad < QUADS; quad += 2, x += quadX << 1, y += quadY << 1) {
    let i: i32 = 0
    for (; i + 4 <= count; i += 4) {
      const to = y + (<usize>i << 5)
      four(distance, a + <usize>i * row, row, x, columns, to)
      four(distance, a + <usize>i * row, row, x + quadX, columns, to + quadY)
    }
    if (i + 2 <= count) {
      const to = y + (<usize>i << 5)
      few(distance, true, a + <usize>i * row, row, x, columns, x + quadX, to, to + quadY)
      i += 2
    }
    if (i < count) {
      const to = y + (<usize>i << 5)
      few(distance, false, a + <usize>i * row, row, x, columns, x + quadX, to, to + quadY)
    }
  }
}

/** y_i = Σ_j a_ij x_j for each row, i < count; a's rows are `row` bytes apart. */
export function products(
  a: usize,
  row: usize,
  count: i32,
  x: usize,
  columns: i32,
  width: i32,
  y: usize,
  widthY: i32
): void {
  eachRow(false, a, row, count, x, columns, width, y, widthY)
}

/** y_i = Σ_j (x_j − a_ij)² for each row. */
export function distances(
  a: usize,
  row: usize,
  count: i32,
  x: usize,
  columns: i32,
  width: i32,
  y: usize,
  widthY: i32
): void {
  eachRow(true, a, row, count, x, columns, width, y, widthY)
}

/** Adds the two sums of lanes to two neighbours. */
@inline
function addPair(to: usize, a: v128, b: v128): void {
  const both = f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3))
  v128.store(to, f64x2.add(v128.load(to), both))
}

/** Adds a 4 × 2 block of Σ_rows w_i x_j. */
@inline
function outer42(w: usize, quadW: usize, x: usize, quadX: usize, f: usize, row: usize): void {
  let s00 = f64x2.splat(0)
  let s01 = f64x2.splat(0)
  let s10 = f64x2.splat(0)
  let s11 = f64x2.splat(0)
  let s20 = f64x2.splat(0)
  let s21 = f64x2.splat(0)
  let s30 = f64x2.splat(0)
  let s31 = f64x2.splat(0)
  // One half of a quad at a time: engines load all that a turn reads before they compute, and have registers for so much.
  let onW: usize = 16
  let onX: usize = 16
  for (let half: i32 = 0; half < 2 * QUADS; half++) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 32)
    let s = v128.load(w)
    s00 = madd(s00, s, x0)
    s01 = madd(s01, s, x1)
    s = v128.load(w, 32)
    s10 = madd(s10, s, x0)
    s11 = madd(s11, s, x1)
    s = v128.load(w, 64)
    s20 = madd(s20, s, x0)
    s21 = madd(s21, s, x1)
    s = v128.load(w, 96)
    s30 = madd(s30, s, x0)
    s31 = madd(s31, s, x1)
    w += onW
    x += onX
    onW = quadW - onW
    onX = quadX - onX
  }
  addPair(f, s00, s01)
  addPair(f + row, s10, s11)
  addPair(f + 2 * row, s20, s21)
  addPair(f + 3 * row, s30, s31)
}

/** A 2 × 4 block, or, not `wide`, a 2 × 2 one; of one row if not `both`. */
@inline
function outerFew(both: bool, wide: bool, w: usize, quadW: usize, x: usize, quadX: usize, f: usize, row: usize): void {
  let s0 = f64x2.splat(0)
  let s1 = f64x2.splat(0)
  let s2 = f64x2.splat(0)
  let s3 = f64x2.splat(0)
  let t0 = f64x2.splat(0)
  let t1 = f64x2.splat(0)
  let t2 = f64x2.splat(0)
  let t3 = f64x2.splat(0)
  for (let quad: i32 = 0; quad < QUADS; quad++, w += quadW, x += quadX) {
    for (let half: usize = 0; half < 32; half += 16) {
      const s = v128.load(w + half)
      const x0 = v128.load(x + half)
      const x1 = v128.load(x + half, 32)
      s0 = madd(s0, s, x0)
      s1 = madd(s1, s, x1)
      if (both) {
        const t = v128.load(w + half, 32)
        t0 = madd(t0, t, x0)
        t1 = madd(t1, t, x1)
      }
      if (wide) {
        const x2 = v128.load(x + half, 64)
        const x3 = v128.load(x + half, 96)
        s2 = madd(s2, s, x2)
        s3 = madd(s3, s, x3)
        if (both) {
          const t = v128.load(w + half, 32)
          t2 = madd(t2, t, x2)
          t3 = madd(t3, t, x3)
        }
      }
    }
  }
  addPair(f, s0, s1)
  if (wide) addPair(f + 16, s2, s3)
  if (both) {
    addPair(f + row, t0, t1)
    if (wide) addPair(f + row + 16, t2, t3)
  }
}

/** f_ij += Σ_rows w_i x_j, i < count, j < width; f has rows of `width` doubles. */
export function outer(w: usize, count: i32, widthW: i32, x: usize, width: i32, f: usize): void {
  const quadW = <usize>widthW << 5
  const quadX = <usize>width << 5
  const row = <usize>width << 3
  let i: i32 = 0
  for (let j: i32 = 0; j < width; j += 2) {
    for (i = 0; i + 4 <= count; i += 4)
      outer42(w + (<usize>i << 5), quadW, x + (<usize>j << 5), quadX, f + <usize>i * row + (<usize>j << 3), row)
  }
  i = count & ~3
  if (i == count) return
  w += <usize>i << 5
  f += <usize>i * row
  for (; i < count; i += 2, w += 64, f += row << 1) {
    const both = i + 1 < count
    let j: i32 = 0
    for (; j + 4 <= width; j += 4) {
      if (both) outerFew(true, true, w, quadW, x + (<usize>j << 5), quadX, f + (<usize>j << 3), row)
      else outerFew(false, true, w, quadW, x + (<usize>j << 5), quadX, f + (<usize>j << 3), row)
    }
    if (j < width) {
      if (both) outerFew(true, false, w, quadW, x + (<usize>j << 5), quadX, f + (<usize>j << 3), row)
      else outerFew(false, false, w, quadW, x + (<usize>j << 5), quadX, f + (<usize>j << 3), row)
    }
  }
}

/** |x − Σ_j y_j b_j| of each row: by the difference itself, as that of the squares would lose the small ones. */
export function distancesFrom(b: usize, rank: i32, x: usize, width: i32, y: usize, widthY: i32, out: usize): void {
  const row = <usize>width << 3
  const end = out + TILE
  for (; out < end; out += 32, x += <usize>width << 5, y += <usize>widthY << 5) {
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    for (let p: i32 = 0; p < width; p += 2) {
      const at = x + (<usize>p << 5)
      let r00 = v128.load(at)
      let r01 = v128.load(at, 16)
      let r10 = v128.load(at, 32)
      let r11 = v128.load(at, 48)
      let vector = b + (<usize>p << 3)
      let coordinate = y
      for (let j: i32 = 0; j < rank; j++, vector += row, coordinate += 32) {
        const c0 = v128.load(coordinate)
        const c1 = v128.load(coordinate, 16)
        let s = v128.load_splat<f64>(vector)
        r00 = f64x2.sub(r00, f64x2.mul(c0, s))
        r01 = f64x2.sub(r01, f64x2.mul(c1, s))
        s = v128.load_splat<f64>(vector, 8)
        r10 = f64x2.sub(r10, f64x2.mul(c0, s))
        r11 = f64x2.sub(r11, f64x2.mul(c1, s))
      }
      low = madd(madd(low, r00, r00), r10, r10)
      high = madd(madd(high, r01, r01), r11, r11)
    }
    v128.store(out, f64x2.sqrt(low))
    v128.store(out, f64x2.sqrt(high), 16)
  }
}
