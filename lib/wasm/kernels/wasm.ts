/** The SIMD path: the module of assembly/ over a memory, and the copies in and out of it. */
import { reason } from '../../plain/said.js'
import { arena as arenaOf } from '../arena.js'
import { binary, memoryFlags } from '../binary.js'
import { MAPS, ZIPS, type Elementwise, type Kernels, type MapName, type Zip, type ZipName } from './kernels.js'
import { halvingCount, plainKernels, SHORT_ROW } from './plain.js'

type Map = (x: number, y: number, n: number) => void

/** Operations by their number in ZIPS; lines down each operand are so many bytes apart. */
type ZipLines = (
  operation: number,
  a: number,
  downA: number,
  stretchA: boolean,
  b: number,
  downB: number,
  stretchB: boolean,
  out: number,
  rows: number,
  columns: number
) => void

type WasmMaps = { readonly [Name in MapName as `map${Capitalize<Name>}`]: Map }

/** What is called from here of assembly/index.ts: addresses in bytes, lengths in doubles. */
export interface Module extends WasmMaps {
  readonly start: () => number
  readonly zip: ZipLines
  readonly stretch: (x: number, rows: number, columns: number, out: number) => void
  readonly rowSums: (x: number, rows: number, n: number, out: number) => void
  readonly columnSums: (x: number, n: number, width: number, out: number, scratch: number) => void
  readonly softmaxRows: (x: number, rows: number, n: number, out: number) => void
  readonly addSum: (x: number, n: number, state: number) => void
  readonly total: (state: number) => number
  readonly pack: (b: number, stride: number, transposed: boolean, k: number, n: number, panels: number) => void
  readonly multiply: (
    a: number,
    down: number,
    along: number,
    panels: number,
    panel: number,
    step: number,
    c: number,
    row: number,
    m: number,
    k: number,
    n: number,
    adding: boolean
  ) => void
  readonly uniforms: FillDraws
  readonly normals: FillDraws
  readonly expectation: (
    x: number,
    w: number,
    n: number,
    dim: number,
    count: number,
    learned: number,
    second: number,
    triangular: boolean,
    components: number,
    scratch: number,
    sums: number,
    tell: number
  ) => void
}

/** The key's words as signed integers; first, n and out as in assembly/random.ts. */
type FillDraws = (k0: number, k1: number, first: number, n: number, out: number) => void

export interface SimdKernels extends Kernels {
  readonly room: Room
  readonly uniforms: FillDrawsOfKey
  readonly normals: FillDrawsOfKey
  readonly expectation: SimdExpectation
}

/** Gaussian components, and which moments of them are summed: as in assembly/expectation.ts. */
export interface SimdComponents {
  readonly dim: number
  readonly count: number
  readonly learned: number
  readonly second: number
  readonly triangular: boolean
  /** Constants, centres and roots. */
  readonly numbers: ReadonlyArray<Float64Array>
}

/**
 * Writes what rows with weights sum to `lanes`, [2, numbers]: of rows at even places, and of the others; where `tell` is given, writes logs,
 * squares and shares [rows, K] and log p(x) [rows] to its arrays. False, and nothing is done, where there is no room.
 */
export type SimdExpectation = (
  components: SimdComponents,
  x: Float64Array,
  weights: Float64Array,
  lanes: Float64Array,
  tell: ReadonlyArray<Float64Array> | null
) => boolean

/** Writes draws first … first + count − 1 of the key (k0, k1) to the beginning of `out`. */
export type FillDrawsOfKey = (k0: number, k1: number, first: number, count: number, out: Float64Array) => void

/** Arrays in the memory, on which kernels work without copies. */
export interface Room {
  /** One of so many doubles, anything in it; null where there is no room now. It is the caller's until `settle`. */
  readonly take: (length: number) => Float64Array | null
  /** Where an array that was taken is, which is then the caller's for good; 0 for one of elsewhere. */
  readonly keep: (values: Float64Array) => number
  /** The array at an address: after the memory grew, earlier ones are empty. */
  readonly view: (at: number, length: number) => Float64Array
  readonly give: (at: number, length: number) => void
  /** How many are taken. */
  readonly held: () => number
  /** Takes back what was not kept, and makes room. */
  readonly settle: () => void
}

/** A module as lib/build/wasm.mjs embeds it. */
export interface Embedded {
  readonly binary: string
  readonly memoryFlags: number
}

const embeddedKernels: Embedded = { binary, memoryFlags }

/** Bytes by the letters that stand for them: one from ( to [, or two from ] to ~. */
const decodedBytes = ({ binary, memoryFlags }: Embedded, shared: boolean): Uint8Array<ArrayBuffer> => {
  const decoded = new Uint8Array(binary.length)
  let count = 0
  for (let at = 0; at < binary.length; at++) {
    const letter = binary.charCodeAt(at)
    const n = letter < 93 ? letter - 40 : 52 + 34 * (letter - 93) + binary.charCodeAt(++at) - 93
    decoded[count++] = n - 16
  }
  // Shared and unshared memories differ in this byte of the import only, as no kernel uses atomics.
  if (shared) decoded[memoryFlags] = 3
  return decoded.slice(0, count)
}

/** @internal Compiles at once; throws where the engine has no SIMD, or refuses to compile in this place. */
export const compileKernels = (shared = false, embedded = embeddedKernels): WebAssembly.Module =>
  new WebAssembly.Module(decodedBytes(embedded, shared))

/** The module of nothing, and one that fills a vector. */
const [EMPTY, VECTOR] = [
  [0, 97, 115, 109, 1, 0, 0, 0],
  [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]
].map(bytes => Uint8Array.from(bytes))

/** Why nothing compiles here, in words, where this error was met. */
export const obstacle = (error: unknown): string => {
  if (typeof WebAssembly === 'undefined') return 'this engine has no WebAssembly'
  try {
    new WebAssembly.Module(EMPTY)
  } catch {
    return "WebAssembly is forbidden here: a page's content security policy needs 'wasm-unsafe-eval' in its script-src"
  }
  if (!WebAssembly.validate(VECTOR)) return 'this engine has no SIMD'
  return `this engine refuses WebAssembly: ${reason(error)}`
}

/** @internal The kernels over a memory of the caller's, which is shared if the module was compiled so. */
export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Module =>
  // An instance's exports have no type of their own; assembly/index.ts is what this module exports.
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Module

const BYTES_PER_DOUBLE = 8
/** Doubles that an elementwise kernel handles at a time: 8 kB, half of a small L1 cache. */
const CHUNK_DOUBLES = 1024
/**
 * Doubles of a block of A and of C, and of B: rows of A and a panel of B stay in L1, all of B's block in L2. Depth and
 * width are the most columns and rows a block of B has.
 */
const BLOCK_DOUBLES = 16384
const DEPTH = 256
const BLOCK_WIDTH = 256
/** Tiles and panels reach up to three rows or columns over a block's end, each of at most DEPTH or WIDTH doubles. */
const OVERHANG = 3 * 256 + 8

/** 64 kB each; fixed places take 21 of them. */
const PAGES = 24
/** The memory grows as arrays need, up to 1 GB. */
const MAX_WASM_PAGES = 16384
/** For so few rows of A, B is read where it lies: packing it would cost as much as the product. */
const MAX_UNPACKED_ROWS = 16

/** Blocks of consecutive indices below n, `step` at a time: calls visit(first, size). */
const visitBlocks = (n: number, step: number, visit: (first: number, size: number) => void): void => {
  for (let first = 0; first < n; first += step) visit(first, Math.min(step, n - first))
}

/** Below this length, a loop is faster than a view to copy from. */
const MIN_COPIED_LENGTH = 24

/** Copies source[from], …, source[from + count − 1] to target[to], … */
const copy = (source: Float64Array, from: number, target: Float64Array, to: number, count: number): void => {
  if (count < MIN_COPIED_LENGTH) for (let i = 0; i < count; i++) target[to + i] = source[from + i]
  else target.set(count === source.length ? source : source.subarray(from, from + count), to)
}

/** A block of a row-major matrix with `length` columns: `rows` from `top`, `columns` from `left`. */
interface MatrixBlock {
  readonly length: number
  readonly top: number
  readonly rows: number
  readonly left: number
  readonly columns: number
}

// Loops without functions of their own: small products come by the thousand, and each such function would be compiled too.

/** Packs a block, row after row. */
const copyIn = (
  matrix: Float64Array,
  { length, top, rows, left, columns }: MatrixBlock,
  packed: Float64Array
): void => {
  if (columns === length) copy(matrix, top * length, packed, 0, rows * length)
  else for (let i = 0; i < rows; i++) copy(matrix, (top + i) * length + left, packed, i * columns, columns)
}

/** Puts a packed block back. */
const copyOut = (
  packed: Float64Array,
  matrix: Float64Array,
  { length, top, rows, left, columns }: MatrixBlock
): void => {
  if (columns === length) copy(packed, 0, matrix, top * length, rows * length)
  else for (let i = 0; i < rows; i++) copy(packed, i * columns, matrix, (top + i) * length + left, columns)
}

/** Where the engine cannot reserve as much as wanted. */
const reserved = (most: number): WebAssembly.Memory => {
  try {
    return new WebAssembly.Memory({ initial: PAGES, maximum: most })
  } catch {
    return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES })
  }
}

/** A fixed place for operands, laid out once and used by every call. */
interface Address {
  readonly at: number
  readonly length: number
  view: Float64Array
}

/** A module over its memory: what its kernels work on, be it there or copied. */
interface Ground {
  readonly wasm: Module
  readonly room: Room
  readonly buffer: () => ArrayBuffer
  readonly isInside: (values: Float64Array) => boolean
  /** Where an operand is, or a copy of it that lasts until the next settling; 0 where there is no room for one. */
  readonly addressOf: (values: Float64Array) => number
  /** For a chunk, the state of a sum, and blocks of a product's operands. */
  readonly places: Readonly<Record<'chunk' | 'state' | 'blockA' | 'blockB' | 'panels' | 'blockC', Address>>
}

const groundOf = (module: WebAssembly.Module, most: number): Ground => {
  const memory = reserved(most)
  const wasm = instantiate(module, memory)
  let next = wasm.start()
  const place = (length: number): Address => {
    const at = next
    next += length * BYTES_PER_DOUBLE
    return { at, length, view: new Float64Array(memory.buffer, at, length) }
  }
  const places = {
    chunk: place(CHUNK_DOUBLES),
    state: place(16),
    blockA: place(BLOCK_DOUBLES + OVERHANG),
    blockB: place(DEPTH * BLOCK_WIDTH + OVERHANG),
    panels: place(DEPTH * BLOCK_WIDTH),
    blockC: place(BLOCK_DOUBLES + OVERHANG)
  }
  const arena = arenaOf(memory, Math.ceil(next / 64) * 64, most * 65536, () => {
    for (const fixed of Object.values(places)) fixed.view = view(fixed.at, fixed.length)
  })
  const view = (at: number, length: number): Float64Array => new Float64Array(arena.buffer(), at, length)
  // A short array of its own has no buffer until it is asked for, and begins at 0, where nothing of the memory's does.
  const isInside = (values: Float64Array): boolean => values.byteOffset > 0 && values.buffer === arena.buffer()
  /** Taken and not kept since the last settling. */
  const borrowed: { readonly at: number; readonly length: number }[] = []
  const room: Room = {
    take: length => {
      const at = length === 0 ? 0 : arena.take(length)
      if (at === 0) return null
      borrowed.push({ at, length })
      return view(at, length)
    },
    view,
    keep: values => {
      const index = isInside(values) ? borrowed.findIndex(({ at }) => at === values.byteOffset) : -1
      if (index < 0) return 0
      borrowed.splice(index, 1)
      return values.byteOffset
    },
    give: arena.give,
    held: arena.held,
    settle: () => {
      for (const { at, length } of borrowed) arena.give(at, length)
      borrowed.length = 0
      arena.settle()
    }
  }
  const addressOf = (values: Float64Array): number => {
    if (isInside(values)) return values.byteOffset
    const copied = room.take(values.length)
    copied?.set(values)
    return copied?.byteOffset ?? 0
  }
  return { wasm, room, buffer: arena.buffer, isInside, addressOf, places }
}

// —— entry by entry ——

/** Copies elements [from, from + count) to a chunk, and zeros after them to a multiple of 8, which is returned. */
const loadChunk = (source: Float64Array, from: number, count: number, chunk: Float64Array): number => {
  copy(source, from, chunk, 0, count)
  const padded = (count + 7) & -8
  if (padded > count) chunk.fill(0, count, padded)
  return padded
}

const wasmElementwise =
  ({ isInside, places: { chunk } }: Ground, map: Map): Elementwise =>
  (source, out = new Float64Array(source.length)) => {
    let done = 0
    if (isInside(out)) {
      // What follows the last multiple of 8 in `out` may be another's.
      done = source.length & -8
      if (!isInside(source)) copy(source, 0, out, 0, done)
      map(isInside(source) ? source.byteOffset : out.byteOffset, out.byteOffset, done)
    }
    for (let from = done; from < source.length; from += CHUNK_DOUBLES) {
      const count = Math.min(CHUNK_DOUBLES, source.length - from)
      map(chunk.at, chunk.at, loadChunk(source, from, count, chunk.view))
      copy(chunk.view, 0, out, from, count)
    }
    return out
  }

/** Copies would cost more than these do. */
const CHEAP: ReadonlySet<MapName> = new Set<MapName>(['neg', 'abs', 'square', 'sqrt', 'reciprocal', 'rsqrt'])

const wasmMap = (ground: Ground, name: MapName): Elementwise => {
  // TypeScript's capital and ours are the same
  const fast = wasmElementwise(ground, ground.wasm[`map${name[0].toUpperCase()}${name.slice(1)}` as keyof WasmMaps])
  return CHEAP.has(name)
    ? (source, out) => (out !== undefined && ground.isInside(out) ? fast : plainKernels[name])(source, out)
    : fast
}

const zipOf =
  ({ wasm, isInside, addressOf }: Ground, name: ZipName, operation: number): Zip =>
  (a, b, out, grid) => {
    const { rows, columns, ra, ca, rb, cb, pa, pb, at } = grid
    const isByLines = ca + cb > 0 && ca <= 1 && cb <= 1 && isInside(out)
    const first = isByLines ? addressOf(a) : 0
    const second = first === 0 ? 0 : a === b ? first : addressOf(b)
    if (second === 0) plainKernels[name](a, b, out, grid)
    else
      wasm.zip(
        operation,
        first + pa * BYTES_PER_DOUBLE,
        ra * BYTES_PER_DOUBLE,
        ca === 0,
        second + pb * BYTES_PER_DOUBLE,
        rb * BYTES_PER_DOUBLE,
        cb === 0,
        out.byteOffset + at * BYTES_PER_DOUBLE,
        rows,
        columns
      )
  }

const wasmFill =
  ({ isInside, places: { chunk } }: Ground, draws: FillDraws): FillDrawsOfKey =>
  (k0, k1, first, count, out) => {
    const skip = first % 4
    // In the memory, as many as there are in sixteens are drawn where they belong.
    const whole = skip === 0 && isInside(out) ? count & -16 : 0
    if (whole > 0) draws(k0 | 0, k1 | 0, first, whole, out.byteOffset)
    visitBlocks(count + skip - whole, CHUNK_DOUBLES, (from, size) => {
      draws(k0 | 0, k1 | 0, first - skip + whole + from, (size + 15) & -16, chunk.at)
      const before = from === 0 ? skip : 0
      copy(chunk.view, before, out, whole + from + before - skip, size - before)
    })
  }

// —— the E-step ——

const expectationOf =
  ({ wasm, places: { blockA, blockB, panels, blockC } }: Ground): SimdExpectation =>
  ({ dim, count, learned, second, triangular, numbers }, x, weights, lanes, tell) => {
    const room = tell === null ? Infinity : Math.floor(blockB.length / (3 * count + 1))
    const most = Math.min(room, Math.floor(blockA.length / (dim + 1))) & -4
    const length = numbers.reduce((sum, { length }) => sum + length, 0)
    const scratch = 4 * (dim + count * (dim + 2))
    if (most < 4 || length > panels.length || scratch + lanes.length > blockC.length) return false
    let at = 0
    for (const own of numbers) {
      copy(own, 0, panels.view, at, own.length)
      at += own.length
    }
    const sums = blockC.view.subarray(scratch, scratch + lanes.length)
    sums.fill(0)
    visitBlocks(weights.length, most, (first, n) => {
      // Rows of weight 0 make fours of them.
      const whole = (n + 3) & -4
      copy(x, first * dim, blockA.view, 0, n * dim)
      blockA.view.fill(0, n * dim, whole * dim)
      copy(weights, first, blockA.view, whole * dim, n)
      blockA.view.fill(0, whole * dim + n, whole * (dim + 1))
      wasm.expectation(
        blockA.at,
        blockA.at + whole * dim * BYTES_PER_DOUBLE,
        whole,
        dim,
        count,
        learned,
        second,
        triangular,
        panels.at,
        blockC.at,
        blockC.at + scratch * BYTES_PER_DOUBLE,
        tell === null ? 0 : blockB.at
      )
      tell?.forEach((out, i) => {
        const width = i < 3 ? count : 1
        copy(blockB.view, i * whole * count, out, first * width, n * width)
      })
    })
    const half = lanes.length / 2
    for (let at = 0; at < half; at++) {
      lanes[at] = sums[2 * at]
      lanes[half + at] = sums[2 * at + 1]
    }
    return true
  }

// —— sums ——

const wasmSum =
  ({ wasm, isInside, places: { chunk, state } }: Ground): Kernels['sum'] =>
  (source, first = 0, end = source.length) => {
    state.view.fill(0)
    let from = first
    if (isInside(source)) {
      const whole = (end - first) & -8
      wasm.addSum(source.byteOffset + first * BYTES_PER_DOUBLE, whole, state.at)
      from += whole
    }
    visitBlocks(end - from, CHUNK_DOUBLES, (at, count) => {
      wasm.addSum(chunk.at, loadChunk(source, from + at, count, chunk.view), state.at)
    })
    return wasm.total(state.at)
  }

const columnSums =
  ({ wasm, room, isInside }: Ground): Kernels['columnSums'] =>
  (source, count, n, width, out) => {
    const scratch = isInside(source) && isInside(out) ? room.take(Math.max(1, halvingCount(n) * width)) : null
    if (scratch === null || n === 0) plainKernels.columnSums(source, count, n, width, out)
    else
      for (let b = 0; b < count; b++)
        wasm.columnSums(
          source.byteOffset + b * n * width * BYTES_PER_DOUBLE,
          n,
          width,
          out.byteOffset + b * width * BYTES_PER_DOUBLE,
          scratch.byteOffset
        )
  }

// —— products of matrices ——

/** The product of operands in the memory, where they lie: C's rows in fours, and up to three alone. */
const multiplyInPlace = (
  { wasm, buffer, places: { panels, blockC } }: Ground,
  a: number,
  b: number,
  c: number,
  m: number,
  k: number,
  n: number,
  transposeA: boolean,
  transposeB: boolean
): void => {
  const [down, along] = transposeA ? [BYTES_PER_DOUBLE, m * BYTES_PER_DOUBLE] : [k * BYTES_PER_DOUBLE, BYTES_PER_DOUBLE]
  const rowB = (transposeB ? k : n) * BYTES_PER_DOUBLE
  const rowC = n * BYTES_PER_DOUBLE
  const isPacked = transposeB || m > MAX_UNPACKED_ROWS
  const whole = m & -4
  const doubles = m === whole ? null : new Float64Array(buffer())
  visitBlocks(n, BLOCK_WIDTH, (j, columns) => {
    visitBlocks(k, DEPTH, (p, inner) => {
      const block = b + (transposeB ? j * k + p : p * n + j) * BYTES_PER_DOUBLE
      if (isPacked) wasm.pack(block, rowB, transposeB, inner, columns, panels.at)
      const from = isPacked ? panels.at : block
      const panel = isPacked ? inner * 4 * BYTES_PER_DOUBLE : 4 * BYTES_PER_DOUBLE
      const step = isPacked ? 4 * BYTES_PER_DOUBLE : rowB
      const start = a + p * along
      const to = c + j * BYTES_PER_DOUBLE
      if (whole > 0) wasm.multiply(start, down, along, from, panel, step, to, rowC, whole, inner, columns, p > 0)
      if (doubles === null) return
      const width = columns * BYTES_PER_DOUBLE
      const rest = to + whole * rowC
      const move = (target: number, source: number): void => {
        doubles.copyWithin(target / BYTES_PER_DOUBLE, source / BYTES_PER_DOUBLE, source / BYTES_PER_DOUBLE + columns)
      }
      if (p > 0) for (let i = 0; i < m - whole; i++) move(blockC.at + i * width, rest + i * rowC)
      const last = start + whole * down
      wasm.multiply(last, down, along, from, panel, step, blockC.at, width, m - whole, inner, columns, p > 0)
      for (let i = 0; i < m - whole; i++) move(rest + i * rowC, blockC.at + i * width)
    })
  })
}

/** The product of operands anywhere: by blocks, which are copied, and stay in the cache. */
const multipliedByBlocks = (
  { wasm, places: { blockA, blockB, panels, blockC } }: Ground,
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  m: number,
  k: number,
  n: number,
  transposeA: boolean,
  transposeB: boolean
): void => {
  const depth = Math.min(k, DEPTH)
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
      wasm.pack(blockB.at, blockOfB.columns * BYTES_PER_DOUBLE, transposeB, inner, columns, panels.at)
      for (let i = 0; i < m; i += height) {
        const rows = Math.min(height, m - i)
        const blockOfA = transposeA
          ? { length: m, top: p, rows: inner, left: i, columns: rows }
          : { length: k, top: i, rows, left: p, columns: inner }
        const blockOfC = { length: n, top: i, rows, left: j, columns }
        // A single block of rows stays in the memory from one p to the next; several go to `out` and back.
        const stays = rows === m
        copyIn(a, blockOfA, blockA.view)
        if (p > 0 && !stays) copyIn(out, blockOfC, blockC.view)
        wasm.multiply(
          blockA.at,
          (transposeA ? 1 : inner) * BYTES_PER_DOUBLE,
          (transposeA ? rows : 1) * BYTES_PER_DOUBLE,
          panels.at,
          inner * 4 * BYTES_PER_DOUBLE,
          4 * BYTES_PER_DOUBLE,
          blockC.at,
          columns * BYTES_PER_DOUBLE,
          rows,
          inner,
          columns,
          p > 0
        )
        if (!stays || p + inner === k) copyOut(blockC.view, out, blockOfC)
      }
    }
  }
}

const wasmMatMul =
  (ground: Ground): Kernels['matMul'] =>
  (a, b, m, k, n, transposeA = false, transposeB = false, out = new Float64Array(m * n)) => {
    const { buffer, isInside, addressOf } = ground
    if (k === 0) return out.fill(0, 0, m * n)
    // Operands are read up to three rows or columns beyond their end.
    const isReadable = (at: number, length: number): boolean =>
      at > 0 && at + (length + 3 * k + 4) * BYTES_PER_DOUBLE <= buffer().byteLength
    // A transpose of many rows is read across them.
    if (isInside(out) && !(transposeA && m > 64)) {
      const first = addressOf(a)
      const second = addressOf(b)
      if (isReadable(first, a.length) && isReadable(second, b.length)) {
        multiplyInPlace(ground, first, second, out.byteOffset, m, k, n, transposeA, transposeB)
        return out
      }
    }
    multipliedByBlocks(ground, a, b, out, m, k, n, transposeA, transposeB)
    return out
  }

/** Values by their names, all of which are there. */
const recordByName = <N extends string, A>(
  names: ReadonlyArray<N>,
  of: (name: N, i: number) => A
): Readonly<Record<N, A>> =>
  // fromEntries forgets the names
  Object.fromEntries(names.map((name, i) => [name, of(name, i)])) as Record<N, A>

/**
 * @internal
 * The kernels. Arrays in the memory are worked on where they lie. Of others, operands are copied in a chunk or block at a
 * time, to a place that stays in the cache, and results copied out.
 */
export const simd = (module: WebAssembly.Module, most = MAX_WASM_PAGES): SimdKernels => {
  const ground = groundOf(module, most)
  const { wasm, room, isInside, addressOf } = ground
  const sum = wasmSum(ground)
  return {
    room,
    ...recordByName(MAPS, name => wasmMap(ground, name)),
    ...recordByName(ZIPS, (name, i) => zipOf(ground, name, i)),
    stretch: (source, from, out, at, rows, columns) => {
      const address = isInside(out) ? addressOf(source) : 0
      if (address === 0) plainKernels.stretch(source, from, out, at, rows, columns)
      else wasm.stretch(address + from * BYTES_PER_DOUBLE, rows, columns, out.byteOffset + at * BYTES_PER_DOUBLE)
    },
    sum,
    rowSums: (source, rows, n, out) => {
      if (n > SHORT_ROW) for (let i = 0; i < rows; i++) out[i] = sum(source, i * n, (i + 1) * n)
      else if (isInside(source) && isInside(out)) wasm.rowSums(source.byteOffset, rows, n, out.byteOffset)
      else plainKernels.rowSums(source, rows, n, out)
    },
    columnSums: columnSums(ground),
    softmaxRows: (source, rows, n, out) => {
      // Places end at a multiple of 8 doubles, as does what the kernel writes, if `out` is a whole one.
      const address = isInside(out) && out.length === rows * n ? addressOf(source) : 0
      if (address === 0) plainKernels.softmaxRows(source, rows, n, out)
      else wasm.softmaxRows(address, rows, n, out.byteOffset)
    },
    matMul: wasmMatMul(ground),
    uniforms: wasmFill(ground, wasm.uniforms),
    normals: wasmFill(ground, wasm.normals),
    expectation: expectationOf(ground)
  }
}
