import {
  BLOCK_DEPTH,
  BLOCK_DOUBLES,
  BLOCK_WIDTH,
  copyDoubles,
  DOUBLE_BYTES,
  visitBlocks,
  type KernelMemory
} from '../kernelMemory.js'
import type { Kernels, ProductShape } from './kernels.js'

/** Maximum number of rows of A for which B is not packed, since packing would cost as much as the product. */
const MAX_UNPACKED_ROWS = 16
/** Maximum number of rows of a transposed A that is read in place, since it is read across its rows. */
const MAX_IN_PLACE_TRANSPOSED_ROWS = 64

/** Block of a row-major matrix with `length` columns, from row `top` and column `left` on. */
interface MatrixBlock {
  readonly length: number
  readonly top: number
  readonly rows: number
  readonly left: number
  readonly columns: number
}

// No helper functions: small products come by the thousand, and each function would be compiled too.

const copyIn = (
  matrix: Float64Array,
  { length, top, rows, left, columns }: MatrixBlock,
  packed: Float64Array
): void => {
  if (columns === length) copyDoubles(matrix, top * length, packed, 0, rows * length)
  else for (let i = 0; i < rows; i++) copyDoubles(matrix, (top + i) * length + left, packed, i * columns, columns)
}

const copyFromPacked = (
  packed: Float64Array,
  matrix: Float64Array,
  { length, top, rows, left, columns }: MatrixBlock
): void => {
  if (columns === length) copyDoubles(packed, 0, matrix, top * length, rows * length)
  else for (let i = 0; i < rows; i++) copyDoubles(packed, i * columns, matrix, (top + i) * length + left, columns)
}

interface ProductAddresses {
  readonly a: number
  readonly b: number
  readonly c: number
}

/** C = A·B in place: rows of C in groups of four, the last up to three through a buffer. */
const multiplyInPlace = (
  { wasm, buffer, fixed: { panels, blockC } }: KernelMemory,
  { a, b, c }: ProductAddresses,
  { m, k, n, transposeA = false, transposeB = false }: ProductShape
): void => {
  const [down, along] = transposeA ? [DOUBLE_BYTES, m * DOUBLE_BYTES] : [k * DOUBLE_BYTES, DOUBLE_BYTES]
  const rowB = (transposeB ? k : n) * DOUBLE_BYTES
  const rowC = n * DOUBLE_BYTES
  const isPacked = transposeB || m > MAX_UNPACKED_ROWS
  const whole = m & -4
  const doubles = m === whole ? null : new Float64Array(buffer())
  visitBlocks(n, BLOCK_WIDTH, (j, columns) => {
    visitBlocks(k, BLOCK_DEPTH, (p, inner) => {
      const block = b + (transposeB ? j * k + p : p * n + j) * DOUBLE_BYTES
      if (isPacked) wasm.pack(block, rowB, transposeB, inner, columns, panels.at)
      const from = isPacked ? panels.at : block
      const panel = isPacked ? inner * 4 * DOUBLE_BYTES : 4 * DOUBLE_BYTES
      const step = isPacked ? 4 * DOUBLE_BYTES : rowB
      const start = a + p * along
      const to = c + j * DOUBLE_BYTES
      if (whole > 0) wasm.multiply(start, down, along, from, panel, step, to, rowC, whole, inner, columns, p > 0)
      if (doubles === null) return
      const width = columns * DOUBLE_BYTES
      const rest = to + whole * rowC
      const move = (target: number, source: number): void => {
        doubles.copyWithin(target / DOUBLE_BYTES, source / DOUBLE_BYTES, source / DOUBLE_BYTES + columns)
      }
      if (p > 0) for (let i = 0; i < m - whole; i++) move(blockC.at + i * width, rest + i * rowC)
      const last = start + whole * down
      wasm.multiply(last, down, along, from, panel, step, blockC.at, width, m - whole, inner, columns, p > 0)
      for (let i = 0; i < m - whole; i++) move(rest + i * rowC, blockC.at + i * width)
    })
  })
}

interface ProductArrays {
  readonly a: Float64Array
  readonly b: Float64Array
  readonly out: Float64Array
}

/** C = A·B for operands anywhere, by blocks that are copied into the memory and stay in the cache. */
const multiplyByBlocks = (
  { wasm, fixed: { blockA, blockB, panels, blockC } }: KernelMemory,
  { a, b, out }: ProductArrays,
  { m, k, n, transposeA = false, transposeB = false }: ProductShape
): void => {
  const depth = Math.min(k, BLOCK_DEPTH)
  const width = Math.min(n, BLOCK_WIDTH)
  const height = Math.max(4, Math.floor(BLOCK_DOUBLES / Math.max(depth, width) / 4) * 4)
  for (let j = 0; j < n; j += width) {
    const columns = Math.min(width, n - j)
    for (let p = 0; p < k; p += depth) {
      const inner = Math.min(depth, k - p)
      const blockOfB = transposeB
        ? { length: k, top: j, rows: columns, left: p, columns: inner }
        : { length: n, top: p, rows: inner, left: j, columns }
      copyIn(b, blockOfB, blockB.view)
      wasm.pack(blockB.at, blockOfB.columns * DOUBLE_BYTES, transposeB, inner, columns, panels.at)
      for (let i = 0; i < m; i += height) {
        const rows = Math.min(height, m - i)
        const blockOfA = transposeA
          ? { length: m, top: p, rows: inner, left: i, columns: rows }
          : { length: k, top: i, rows, left: p, columns: inner }
        const blockOfC = { length: n, top: i, rows, left: j, columns }
        // A single block of rows stays in the memory from one p to the next.
        const isResident = rows === m
        copyIn(a, blockOfA, blockA.view)
        if (p > 0 && !isResident) copyIn(out, blockOfC, blockC.view)
        wasm.multiply(
          blockA.at,
          (transposeA ? 1 : inner) * DOUBLE_BYTES,
          (transposeA ? rows : 1) * DOUBLE_BYTES,
          panels.at,
          inner * 4 * DOUBLE_BYTES,
          4 * DOUBLE_BYTES,
          blockC.at,
          columns * DOUBLE_BYTES,
          rows,
          inner,
          columns,
          p > 0
        )
        if (!isResident || p + inner === k) copyFromPacked(blockC.view, out, blockOfC)
      }
    }
  }
}

/** Kernel of the matrix product. */
export const matMulKernel =
  (memory: KernelMemory): Kernels['matMul'] =>
  (a, b, shape, out = new Float64Array(shape.m * shape.n)) => {
    const { buffer, isInside, addressOf } = memory
    const { m, k, n, transposeA = false } = shape
    if (k === 0) return out.fill(0, 0, m * n)
    // Operands are read up to three rows or columns beyond their end.
    const isReadable = (at: number, length: number): boolean =>
      at > 0 && at + (length + 3 * k + 4) * DOUBLE_BYTES <= buffer().byteLength
    if (isInside(out) && !(transposeA && m > MAX_IN_PLACE_TRANSPOSED_ROWS)) {
      const addresses = { a: addressOf(a), b: addressOf(b), c: out.byteOffset }
      if (isReadable(addresses.a, a.length) && isReadable(addresses.b, b.length)) {
        multiplyInPlace(memory, addresses, shape)
        return out
      }
    }
    multiplyByBlocks(memory, { a, b, out }, shape)
    return out
  }
