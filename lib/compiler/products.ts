/** Code of matrix products in panels: rows times a shared matrix, and products over the rows. */
import { Code } from './assembler.js'
import { type Lanes } from './lanes.js'

/** Number of registers, each a vector of sums. */
const SUM_REGISTERS = 8

/** Operands of rows times a matrix: pointers are locals, offsets are in bytes. */
interface MatrixProductOperands {
  readonly from: number
  readonly fromOffset: number
  readonly to: number
  readonly toOffset: number
  readonly matrix: number
  readonly matrixOffset: number
  readonly k: number
  readonly columns: number
  readonly transposed: boolean
  /** True for Σ (xᵢ − mᵢ)² instead of Σ xᵢ mᵢ. */
  readonly isDistance: boolean
  /** True if a column has terms up to its own index only. */
  readonly isUpper: boolean
}

interface MatrixProductCode extends MatrixProductOperands {
  readonly code: Code
  /** Bytes between terms of the matrix. */
  readonly down: number
  /** Bytes between columns of the matrix. */
  readonly along: number
  readonly sums: ReadonlyArray<number>
  readonly xs: ReadonlyArray<number>
  readonly difference: number
  readonly entry: number
  /** Pointer to the current column. */
  readonly column: number
  /** Pointer to the current term of the column. */
  readonly b: number
  /** Pointer to the row's entry. */
  readonly a: number
  /** Pointer to the result. */
  readonly out: number
}

/** Adds term i of `count` columns to their sums, or sets the sums to it. */
const emitTerm = (
  product: MatrixProductCode,
  count: number,
  { i, isFirst }: { readonly i: number; readonly isFirst: boolean }
): void => {
  const { code, sums, xs, a, b, entry, difference, fromOffset, matrixOffset, down, along, isDistance } = product
  const { line } = code.lanes
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
      const sum = sums[c * xs.length + v]
      if (!isFirst) code.get(sum)
      code.get(x).get(entry)
      if (isDistance) code.op('sub').tee(difference).get(difference)
      code.op('mul')
      if (!isFirst) code.op('add')
      code.set(sum)
    })
  }
}

const storeSums = ({ code, sums, out, toOffset }: MatrixProductCode, count: number): void => {
  const { line, vectors } = code.lanes
  for (let s = 0; s < count * vectors; s++)
    code
      .get(out)
      .get(sums[s])
      .store(toOffset + Math.floor(s / vectors) * line + (s % vectors) * 16)
}

const emitColumns = (product: MatrixProductCode, count: number): void => {
  const { code, sums, from, a, b, column, k, down } = product
  code.get(from).set(a).get(column).set(b)
  // unrolling more terms would keep too few sums in registers
  if (k <= 2) for (let i = 0; i < k; i++) emitTerm(product, count, { i, isFirst: i === 0 })
  else {
    for (let s = 0; s < count * code.lanes.vectors; s++) code.every(0).set(sums[s])
    code.times(k, () => {
      emitTerm(product, count, { i: 0, isFirst: false })
      code.advance(a, code.lanes.line).advance(b, down)
    })
  }
  storeSums(product, count)
}

/**
 * Computes the columns of an upper triangular matrix, last to first, in blocks of `most`, without terms that are 0. If the last column,
 * which has all terms, is not finite, the others become NaN.
 */
const emitUpperColumns = (product: MatrixProductCode, most: number): void => {
  const { code, sums, xs, from, a, b, column, out, columns, down, along } = product
  const { line, vectors } = code.lanes
  const [high, left] = [code.local('i32'), code.local('i32')]
  /** 0, or NaN if the last column is not finite. */
  const nanOrZero = xs.map(() => code.local('v128'))
  const last = columns % most || most
  code.advance(column, (columns - last) * along).advance(out, (columns - last) * line)
  emitColumns(product, last)
  nanOrZero.forEach((local, v) =>
    code
      .get(sums[(last - 1) * vectors + v])
      .every(0)
      .op('mul')
      .op('abs')
      .set(local)
  )
  code.i32(columns - last).set(high)
  code.times((columns - last) / most, () => {
    code.advance(column, -most * along).advance(out, -most * line)
    code.get(from).set(a).get(column).set(b)
    for (let s = 0; s < most * vectors; s++) code.get(nanOrZero[s % vectors]).set(sums[s])
    code
      .get(high)
      .set(left)
      .loop(() => {
        emitTerm(product, most, { i: 0, isFirst: false })
        code.advance(a, line).advance(b, down)
        code.countDown(left)
      })
    storeSums(product, most)
    code.get(high).plus(-most).set(high)
  })
}

/** Multiplies rows [k] by a matrix [k, columns], or computes squared distances from its columns. */
export const emitRowsTimesMatrix = (code: Code, operands: MatrixProductOperands): void => {
  const { bytes, vectors, line } = code.lanes
  const { k, columns, transposed, isUpper } = operands
  const most = SUM_REGISTERS / vectors
  const [down, along] = transposed ? [bytes, bytes * k] : [bytes * columns, bytes]
  const sums = Array.from({ length: SUM_REGISTERS }, () => code.local('v128'))
  const xs = Array.from({ length: vectors }, () => code.local('v128'))
  const [difference, entry] = [code.local('v128'), code.local('v128')]
  const [column, b, a, out] = Array.from({ length: 4 }, () => code.local('i32'))
  const product: MatrixProductCode = { ...operands, code, down, along, sums, xs, difference, entry, column, b, a, out }
  code.get(operands.matrix).set(column).get(operands.to).set(out)
  if (isUpper && columns > most && k > 2) {
    emitUpperColumns(product, most)
    return
  }
  const blocks = Math.floor(columns / most)
  if (blocks > 0)
    code.times(blocks, () => {
      emitColumns(product, most)
      code.advance(column, most * along).advance(out, most * line)
    })
  if (columns % most > 0) emitColumns(product, columns % most)
}

// parameters of the function `productBlockCode`
const A_LOCAL = 0
const B_LOCAL = 1
const A_PANEL_BYTES_LOCAL = 2
const B_PANEL_BYTES_LOCAL = 3
const PANELS_LOCAL = 4
const SUMS_LOCAL = 5
const SUMS_ROW_BYTES_LOCAL = 6

/** Adds the products of a panel's m and n columns to m × n registers; advances both pointers by a line. */
const emitPanelProducts = (code: Code, sums: ReadonlyArray<number>, m: number, n: number): void => {
  const { line } = code.lanes
  // the side with fewer columns stays in registers
  const isTall = m > n
  const [kept, others, few, many] = isTall ? [B_LOCAL, A_LOCAL, n, m] : [A_LOCAL, B_LOCAL, m, n]
  const held = Array.from({ length: few }, () => code.local('v128'))
  const one = code.local('v128')
  code.times(code.lanes.vectors, () => {
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
    code.advance(A_LOCAL, 16).advance(B_LOCAL, 16)
  })
}

/**
 * Function (a, b, bytes between panels of a and of b, panels, sums, bytes between rows of sums) that adds products of m columns at a with n
 * columns at b to m × n pairs of doubles. In float32 the panels of one call are summed in floats.
 */
export const productBlockCode = (lanes: Lanes, m: number, n: number): Code => {
  const { line, precision } = lanes
  const code = new Code(lanes, 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32')
  const sums = Array.from({ length: m * n }, () => code.local('v128'))
  const rows = Array.from({ length: m }, (_, i) => (i === 0 ? SUMS_LOCAL : code.local('i32')))
  for (let i = 1; i < m; i++)
    code
      .get(rows[i - 1])
      .get(SUMS_ROW_BYTES_LOCAL)
      .op('plus')
      .set(rows[i])
  const forEachSum = (visit: (sum: number, row: number, j: number) => void): void => {
    sums.forEach((sum, at) => {
      visit(sum, rows[Math.floor(at / n)], at % n)
    })
  }
  forEachSum((sum, row, j) => {
    if (precision === 'float64') code.get(row).load(j * 16)
    else code.every(0)
    code.set(sum)
  })
  code.loop(() => {
    emitPanelProducts(code, sums, m, n)
    for (const [pointer, down] of [
      [A_LOCAL, A_PANEL_BYTES_LOCAL],
      [B_LOCAL, B_PANEL_BYTES_LOCAL]
    ])
      code.get(pointer).get(down).op('plus').i32(line).op('minus').set(pointer)
    code.countDown(PANELS_LOCAL)
  })
  forEachSum((sum, row, j) => {
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

/** Adds the vector on the stack to the pair of doubles below it; each double gets one double or two floats. */
export const addDoubles = (code: Code): Code => {
  if (code.lanes.precision === 'float64') return code.op('add')
  const floats = code.local('v128')
  code.tee(floats).promote('low').get(floats).promote('high').op('add', 'float64')
  return code.op('add', 'float64')
}

/** Size [m, n] of the blocks of a product over the rows, whose sums fit the registers. */
export const productBlockSize = (m: number, n: number): readonly [number, number] => [
  n === 1 ? Math.min(m, 8) : m < 4 ? Math.min(m, 3) : 4,
  Math.min(n, m === 1 ? 8 : m === 2 ? 4 : m === 3 ? 3 : 2)
]

/** Function (from, to) that packs a panel: doubles row after row become columns. */
export const panelTransposeCode = (lanes: Lanes, width: number): Code => {
  const { bytes, line, precision } = lanes
  const code = new Code(lanes, 'i32', 'i32')
  const from = 0
  const to = 1
  const loaded = Array.from({ length: 16 / bytes }, () => code.local('v128'))
  const pair = (x: number, y: number, half: 'low' | 'high'): Code => code.get(x).get(y).pair(half)
  const copyColumns = (halves: ReadonlyArray<'low' | 'high'>): void => {
    for (let row = 0; row < 8; row += loaded.length) {
      loaded.forEach((x, i) =>
        code
          .get(from)
          .load((row + i) * width * 8)
          .set(x)
      )
      for (const half of halves) {
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
      copyColumns(['low', 'high'])
      code.advance(from, 16).advance(to, 2 * line)
    })
  if (width % 2 > 0) copyColumns(['low'])
  return code
}
