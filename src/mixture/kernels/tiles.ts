/**
 * Where the data of the SIMD passes lie: tiles of 64 rows, in the memory of a crew. They stay there from their first use on while
 * there is room, those that are too many are copied in a segment at a time, and what a step needs beside them lies above.
 */
import * as Elementary from '../../../lib/elementary.js'
import { type Crew } from '../../../lib/simd/crew.js'
import { scratch, type Scratch } from '../../../lib/scratch.js'
import * as Strands from '../../../lib/strands.js'
import { column, type Numbers } from '../../../lib/stretches.js'
import { type Rows } from './pass.js'

export const DOUBLE = 8
export const ROWS = 64
/** Bytes of a number a row. */
export const TILE = ROWS * DOUBLE
/** Data stay in memory up to this, or as long as they are the last that were used. */
const KEPT = Elementary.powerOfTwo(28)
/** Data larger than this are copied in by segments at each step. */
const MOST = 3 * Elementary.powerOfTwo(30)
const SEGMENT = Elementary.powerOfTwo(26)
/** So many tiles are read at once. */
const READ = 64

export const even = (n: number): number => n + (n % 2)
export const aligned = (address: number): number => Math.ceil(address / 64) * 64

/** How a pass cuts its rows, in tiles. */
export const cut = (rows: number): { readonly tiles: number; readonly strandTiles: number } => ({
  tiles: Math.ceil(rows / ROWS),
  strandTiles: Strands.cut(rows).strandRows / ROWS
})

/** A memory that is taken from the bottom up. */
export interface Memory {
  readonly crew: Crew
  readonly doubles: () => Float64Array
  readonly words: () => Int32Array
  /** Reserves bytes at the top. */
  readonly place: (bytes: number) => number
  readonly write: (values: Float64Array) => number
  readonly top: () => number
  /** Frees what lies above. */
  readonly back: (top: number) => void
}

const memoryOf = (crew: Crew): Memory => {
  let doubles = new Float64Array(crew.memory.buffer)
  let words = new Int32Array(crew.memory.buffer)
  let top = aligned(crew.start)
  const place = (bytes: number): number => {
    const at = aligned(top)
    top = at + bytes
    // Products read up to a tile of rows beyond the last.
    const missing = top + 4096 - crew.memory.buffer.byteLength
    if (missing > 0) crew.memory.grow(Math.ceil(missing / 65536))
    if (doubles.buffer !== crew.memory.buffer) {
      doubles = new Float64Array(crew.memory.buffer)
      words = new Int32Array(crew.memory.buffer)
    }
    return at
  }
  return {
    crew,
    doubles: () => doubles,
    words: () => words,
    place,
    write: values => {
      const at = place(values.byteLength)
      doubles.set(values, at / DOUBLE)
      return at
    },
    top: () => top,
    back: to => {
      top = to
    }
  }
}

// —— rows as tiles ——

/** Where tiles are, and the squared norms and weights of their rows. */
interface Packed {
  readonly tiles: number
  readonly norms: number
  readonly weights: number
}

/** What the first pass has made of data that are not in memory: later ones read it straight into it. */
interface Made {
  readonly kept: Scratch
  /** Where so many tiles, from a row on, begin. */
  readonly places: Map<string, number>
}

/** Copies the rows from `first` on to `tiles` tiles. */
const pack = (
  { crew, doubles, place }: Memory,
  values: Numbers,
  { rows, dim }: Pick<Rows, 'rows' | 'dim'>,
  first: number,
  tiles: number,
  to: number,
  norms: number
): void => {
  const width = even(dim)
  const staging = place(ROWS * dim * DOUBLE) / DOUBLE
  const all = doubles()
  const read = values instanceof Float64Array ? null : new Float64Array(Math.min(tiles, READ) * ROWS * dim)
  for (let tile = 0; tile < tiles; tile++) {
    const from = first + tile * ROWS
    const count = Math.max(0, Math.min(ROWS, rows - from))
    if (values instanceof Float64Array) all.set(values.subarray(from * dim, (from + count) * dim), staging)
    else if (read !== null) {
      if (tile % READ === 0)
        values.read(from, read.subarray(0, Math.max(0, Math.min(read.length, (rows - from) * dim))))
      const at = (tile % READ) * ROWS * dim
      all.set(read.subarray(at, at + count * dim), staging)
    }
    if (count < ROWS) all.fill(0, staging + count * dim, staging + ROWS * dim)
    crew.exports.pack(staging * DOUBLE, dim, to + tile * TILE * width, width, norms === 0 ? 0 : norms + tile * TILE)
  }
}

const packNoise = (memory: Memory, values: Numbers, rows: Rows, first: number, tiles: number): number => {
  const at = memory.place(tiles * TILE * even(rows.dim))
  pack(memory, values, rows, first, tiles, at, 0)
  return at
}

const packRows = (memory: Memory, data: Rows, first: number, tiles: number, made: Made | null): Packed => {
  const { place } = memory
  const { rows, dim, x, weights } = data
  const at = {
    tiles: place(tiles * TILE * even(dim)),
    norms: place(tiles * TILE),
    weights: place(tiles * TILE)
  }
  const whole = [at.tiles / DOUBLE, (at.weights + tiles * TILE) / DOUBLE] as const
  const name = `${first} ${tiles}`
  const known = made?.places.get(name)
  if (known !== undefined) {
    made?.kept.read(known, memory.doubles().subarray(...whole))
    return at
  }
  pack(memory, x, data, first, tiles, at.tiles, at.norms)
  const doubles = memory.doubles()
  const start = at.weights / DOUBLE
  const count = Math.min(tiles * ROWS, rows - first)
  if (weights === null) doubles.fill(1 / rows, start, start + count)
  else doubles.set(column(weights, first, count), start)
  doubles.fill(0, start + count, start + tiles * ROWS)
  if (made !== null) {
    made.places.set(name, made.kept.length())
    made.kept.write(doubles.subarray(...whole))
  }
  return at
}

const bytesOf = (tiles: number, dim: number): number => tiles * TILE * (even(dim) + 2)

// —— what stays, and what is streamed ——

/** The strands that are asked for. */
interface Asked {
  readonly from: number
  readonly to: number
}

/** Noise in full. */
export interface Given {
  readonly values: Numbers
  readonly passing?: true | undefined
}

/** Strands whose rows are in memory. */
export interface Segment extends Asked {
  readonly first: number
  readonly tiles: number
  readonly data: Packed
  readonly given: ReadonlyMap<Numbers, number>
}

type Whole = Pick<Segment, 'data' | 'given'>

/**
 * All of some data, in memory: to stay, unless they are passing, which lie above what stays until the step is over; null where
 * the engine has no memory for them.
 */
const residence = (memory: Memory) => {
  const base = memory.top()
  /** What stays ends here, and is of this epoch: in the next all is put in place anew. */
  let kept = base
  let epoch = 0
  const residents = new WeakMap<object, Packed & { readonly epoch: number }>()
  const resident = (owner: object, copy: () => Packed): Packed => {
    const old = residents.get(owner)
    if (old?.epoch === epoch) return old
    memory.back(kept)
    const fresh = { ...copy(), epoch }
    kept = aligned(memory.top())
    residents.set(owner, fresh)
    return fresh
  }
  const inMemory = (data: Rows, given: ReadonlyArray<Given>, needed: number): Whole | null => {
    const { tiles } = cut(data.rows)
    const all = [
      { owner: data, passing: data.passing, copy: () => packRows(memory, data, 0, tiles, null) },
      ...given.map(({ values, passing }) => ({
        owner: values,
        passing,
        copy: () => ({ tiles: packNoise(memory, values, data, 0, tiles), norms: 0, weights: 0 })
      }))
    ]
    const staying = all.filter(({ passing }) => !passing)
    const isMissing = staying.some(({ owner }) => residents.get(owner)?.epoch !== epoch)
    if (isMissing && kept + needed > Math.max(base + needed, KEPT)) {
      epoch++
      kept = base
    }
    try {
      // What stays is put in place first, and passing data above it.
      for (const { owner, copy } of staying) resident(owner, copy)
      memory.back(kept)
      const [whole, ...noises] = all.map(({ owner, passing, copy }) => (passing ? copy() : resident(owner, copy)))
      return { data: whole, given: new Map(noises.map(({ tiles }, i) => [given[i].values, tiles])) }
    } catch (error) {
      if (error instanceof RangeError) return null
      throw error
    }
  }
  const free = (): void => {
    memory.back(kept)
  }
  return { inMemory, free }
}

export interface Tiles extends Memory {
  /**
   * Calls visit for all strands that are asked for at once where the rows can stay in memory, else for a segment of them at a
   * time, with the space at the top free for the step.
   */
  readonly segments: (data: Rows, given: ReadonlyArray<Given>, asked: Asked, visit: (segment: Segment) => void) => void
}

/** Data over `most` bytes are streamed. */
export const tilesIn = (crew: Crew, most = MOST): Tiles => {
  const memory = memoryOf(crew)
  const { inMemory, free } = residence(memory)
  const made = new WeakMap<Rows, Made>()
  const madeOf = (data: Rows): Made | null => {
    if (data.x instanceof Float64Array || data.passing) return null
    const found = made.get(data) ?? { kept: scratch(), places: new Map<string, number>() }
    made.set(data, found)
    return found
  }
  const streamed: Tiles['segments'] = (data, given, { from, to }, visit) => {
    const { tiles, strandTiles } = cut(data.rows)
    const strandBytes = bytesOf(strandTiles, data.dim) * (1 + given.length)
    const atOnce = Math.max(1, Math.floor(Math.min(SEGMENT, most) / strandBytes))
    for (let strand = from; strand < to; strand += atOnce) {
      const end = Math.min(to, strand + atOnce)
      const first = strand * strandTiles * ROWS
      const count = Math.min(tiles, end * strandTiles) - strand * strandTiles
      free()
      visit({
        from: strand,
        to: end,
        first,
        tiles: count,
        data: packRows(memory, data, first, count, madeOf(data)),
        given: new Map(given.map(({ values }) => [values, packNoise(memory, values, data, first, count)]))
      })
    }
  }
  return {
    ...memory,
    segments: (data, given, asked, visit) => {
      const { from, to } = asked
      const { rows, dim, x } = data
      const { tiles, strandTiles } = cut(rows)
      const needed = bytesOf(tiles, dim) * (1 + given.length)
      const isHere =
        needed <= most && [x, ...given.map(({ values }) => values)].every(all => all instanceof Float64Array)
      const whole = isHere ? inMemory(data, given, needed) : null
      if (whole === null) {
        streamed(data, given, asked, visit)
        return
      }
      const before = from * strandTiles
      const width = TILE * even(dim)
      visit({
        from,
        to,
        first: before * ROWS,
        tiles: Math.min(tiles, to * strandTiles) - before,
        data: {
          tiles: whole.data.tiles + before * width,
          norms: whole.data.norms + before * TILE,
          weights: whole.data.weights + before * TILE
        },
        given: new Map(Array.from(whole.given, ([values, at]) => [values, at + before * width]))
      })
    }
  }
}
