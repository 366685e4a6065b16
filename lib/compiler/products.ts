/** Code of matrix products in panels: rows times a matrix that all share, and columns against columns over the rows. */
import { Code } from './assembler.js'
import { type Lanes } from './lanes.js'

/** Vectors of sums that are kept in registers at a time, all that there are. */
const SUMS = 8

/** Rows [k] times a matrix [k, columns], or their squared distances from its columns, into [columns]: both in panels at a pointer and an offset, the matrix at `matrix`. */
export const emitRowsTimesMatrix = (
  code: Code,
  {
    from,
    fromOffset,
    to,
    toOffset,
    matrix,
    matrixOffset,
    k,
    columns,
    transposed,
    isDistance,
    isUpper
  }: {
    readonly from: number
    readonly fromOffset: number
    readonly to: number
    readonly toOffset: number
    readonly matrix: number
    readonly matrixOffset: number
    readonly k: number
    readonly columns: number
    readonly transposed: boolean
    /** Σ (xᵢ − mᵢ)² in the place of Σ xᵢ mᵢ. */
    readonly isDistance: boolean
    /** A column takes terms up to its own number only. */
    readonly isUpper: boolean
  }
): void => {
  const { bytes, vectors, line } = code.lanes
  /** Entries of the result at a time. */
  const most = SUMS / vectors
  const [down, along] = transposed ? [bytes, bytes * k] : [bytes * columns, bytes]
  const sums = Array.from({ length: SUMS }, () => code.local('v128'))
  const xs = Array.from({ length: vectors }, () => code.local('v128'))
  const apart = code.local('v128')
  const [entry, column, b, a, out] = [code.local('v128'), ...Array.from({ length: 4 }, () => code.local('i32'))]
  const [high, left] = isUpper ? [code.local('i32'), code.local('i32')] : [0, 0]
  /** 0, or NaN where the last column, which takes all terms, is not finite: so that terms left out hide nothing. */
  const doubts = isUpper ? xs.map(() => code.local('v128')) : []
  const term = (i: number, count: number, isFirst: boolean): void => {
    xs.forEach((x, v) =>
      code
        .get(a)
        .load(fromOffset + i * line + v * 16)
        .set(x)
    )
    for (let c = 0; c < count; c++) {
      code
        .get(b)
        .loadEvery(matrixOffset + i * down + c * along)
        .set(entry)
      xs.forEach((x, v) => {
        const sum = sums[c * vectors + v]
        if (!isFirst) code.get(sum)
        code.get(x).get(entry)
        if (isDistance) code.op('sub').tee(apart).get(apart)
        code.op('mul')
        if (!isFirst) code.op('add')
        code.set(sum)
      })
    }
  }
  /** Columns from `column` on, of terms up to `high` if it is upper. */
  const block = (count: number, isFirst = true): void => {
    code.get(from).set(a).get(column).set(b)
    // a term at a time: of terms written out one after another, engines keep too few sums in registers
    if (k <= 2) for (let i = 0; i < k; i++) term(i, count, i === 0)
    else {
      for (let s = 0; s < count * vectors; s++) (isFirst ? code.every(0) : code.get(doubts[s % vectors])).set(sums[s])
      const terms = (): void => {
        term(0, count, false)
        code.advance(a, line).advance(b, down)
      }
      if (!isFirst)
        code
          .get(high)
          .set(left)
          .loop(() => {
            terms()
            code.countDown(left)
          })
      else code.times(k, terms)
    }
    for (let s = 0; s < count * vectors; s++)
      code
        .get(out)
        .get(sums[s])
        .store(toOffset + Math.floor(s / vectors) * line + (s % vectors) * 16)
  }
  code.get(matrix).set(column).get(to).set(out)
  if (isUpper && columns > most && k > 2) {
    // the last columns first, and from there to the first
    const last = columns % most || most
    code.advance(column, (columns - last) * along).advance(out, (columns - last) * line)
    block(last)
    doubts.forEach((doubt, v) =>
      code
        .get(sums[(last - 1) * vectors + v])
        .every(0)
        .op('mul')
        .op('abs')
        .set(doubt)
    )
    code.i32(columns - last).set(high)
    code.times((columns - last) / most, () => {
      code.advance(column, -most * along).advance(out, -most * line)
      block(most, false)
      code.get(high).plus(-most).set(high)
    })
    return
  }
  const blocks = Math.floor(columns / most)
  if (blocks > 0)
    code.times(blocks, () => {
      block(most)
      code.advance(column, most * along).advance(out, most * line)
    })
  if (columns % most > 0) block(columns % most)
}

/**
 * A function (a, b, bytes from a panel to the next of each, panels, sums, bytes from a row of sums to the next): adds
 * the products of m columns at a with n columns at b to m × n pairs of sums, which are of doubles: floats are summed in floats
 * over the panels of one call, as many in a lane as there are vectors of them.
 */
export const productBlockCode = (lanes: Lanes, m: number, n: number): Code => {
  const { vectors, line, precision } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const a = 0
  const b = 1
  const downA = 2
  const downB = 3
  const panels = 4
  const first = 5
  const stride = 6
  const sums = Array.from({ length: m * n }, () => code.local('v128'))
  // the fewer are kept, and the others come in turn
  const isTall = m > n
  const [kept, others, few, many] = isTall ? [b, a, n, m] : [a, b, m, n]
  const held = Array.from({ length: few }, () => code.local('v128'))
  const one = code.local('v128')
  const rows = Array.from({ length: m }, (_, i) => (i === 0 ? first : code.local('i32')))
  for (let i = 1; i < m; i++)
    code
      .get(rows[i - 1])
      .get(stride)
      .op('plus')
      .set(rows[i])
  const each = (visit: (sum: number, row: number, j: number) => void): void => {
    sums.forEach((sum, at) => {
      visit(sum, rows[Math.floor(at / n)], at % n)
    })
  }
  each((sum, row, j) => {
    if (precision === 'float64') code.get(row).load(j * 16)
    else code.every(0)
    code.set(sum)
  })
  code.loop(() => {
    code.times(vectors, () => {
      held.forEach((x, i) =>
        code
          .get(kept)
          .load(i * line)
          .set(x)
      )
      for (let j = 0; j < many; j++) {
        code
          .get(others)
          .load(j * line)
          .set(one)
        held.forEach((x, i) => {
          const sum = sums[isTall ? j * n + i : i * n + j]
          code.get(sum).get(x).get(one).op('mul').op('add').set(sum)
        })
      }
      code.advance(a, 16).advance(b, 16)
    })
    for (const [pointer, down] of [
      [a, downA],
      [b, downB]
    ])
      code.get(pointer).get(down).op('plus').i32(line).op('minus').set(pointer)
    code.countDown(panels)
  })
  each((sum, row, j) => {
    code.get(row)
    if (precision === 'float64') code.get(sum)
    else {
      code.get(row).load(j * 16)
      addDoubles(code.get(sum))
    }
    code.store(j * 16)
  })
  return code
}

/** Of a pair of doubles and a vector on the stack their sum, a pair of doubles: a vector of floats adds its four. */
export const addDoubles = (code: Code): Code => {
  if (code.lanes.precision === 'float64') return code.op('add')
  const floats = code.local('v128')
  code.tee(floats).promote('low').get(floats).promote('high').op('add', 'float64')
  return code.op('add', 'float64')
}

/** How a product over rows of m and n columns is cut into blocks that fit the registers. */
export const productBlockSize = (m: number, n: number): readonly [number, number] => [
  n === 1 ? Math.min(m, 8) : m < 4 ? Math.min(m, 3) : 4,
  Math.min(n, m === 1 ? 8 : m === 2 ? 4 : m === 3 ? 3 : 2)
]

/** Copies the rows of a panel, doubles row after row at `from`, to columns at `to`: both advance. */
export const panelTransposeCode = (lanes: Lanes, width: number): Code => {
  const { bytes, line, precision } = lanes
  const code = new Code(lanes, 'i32', 'i32')
  const from = 0
  const to = 1
  const loaded = Array.from({ length: 16 / bytes }, () => code.local('v128'))
  /** The low or the high halves of two vectors of doubles. */
  const pair = (x: number, y: number, half: 'low' | 'high'): Code => code.get(x).get(y).pair(half)
  const columns = (isSingle: boolean): void => {
    for (let row = 0; row < 8; row += loaded.length) {
      loaded.forEach((x, i) =>
        code
          .get(from)
          .load((row + i) * width * 8)
          .set(x)
      )
      for (const half of isSingle ? (['low'] as const) : (['low', 'high'] as const)) {
        code.get(to)
        pair(loaded[0], loaded[1], half)
        if (precision === 'float32') pair(loaded[2], loaded[3], half).demote()
        code.store((half === 'low' ? 0 : line) + row * bytes)
      }
    }
  }
  const pairs = Math.floor(width / 2)
  if (pairs > 0)
    code.times(pairs, () => {
      columns(false)
      code.advance(from, 16).advance(to, 2 * line)
    })
  if (width % 2 > 0) columns(true)
  return code
}
