/**
 * The passes of pass.ts in WebAssembly SIMD (assembly/), by threads where that pays. Data lie in the module's memory as
 * tiles of 64 rows from their first use on; a step writes parameters and levels, and reads sums.
 */
import * as Elementary from '../../../lib/elementary.js'
import { crew as crewOf, type Crew } from '../../../lib/simd/crew.js'
import type * as Key from '../../../lib/key.js'
import { scratch, type Scratch } from '../../../lib/scratch.js'
import * as Strands from '../../../lib/strands.js'
import { column, type Numbers } from '../../../lib/stretches.js'
import * as Embedded from './binary.js'
import {
  assembled,
  isGiven,
  logSumExp,
  pairAssembled,
  pairNodes,
  type Arrays,
  type Basis,
  type Gradient,
  type Noise,
  type Part,
  type Rows,
  type Statistics
} from './pass.js'

export interface Passes {
  readonly scorePass: (data: Rows, mixture: Arrays, basis: Basis, parts: ReadonlyArray<Part>) => Strands.Sum<Gradient>
  readonly pairPass: (data: Rows, mixture: Arrays, basis: Basis, parts: ReadonlyArray<Part>) => Strands.Sum<Gradient>
  readonly expectationPass: (data: Rows, mixture: Arrays) => Strands.Sum<Statistics>
}

// assembly/job.ts, word for word.
const enum Job {
  X,
  Norms,
  Weights,
  Tiles,
  StrandTiles,
  FirstRow,
  Dim,
  Width,
  K,
  WidthK,
  Rank,
  WidthRank,
  Left,
  Origin,
  BasisGram,
  Gram,
  Lengths,
  Variances,
  Logits,
  Parts,
  PartCount,
  Full,
  Along,
  Free,
  Out,
  OutStride,
  LogMass,
  Fields = 28
}

const enum Field {
  Alpha,
  AlphaStep,
  Sigma,
  SigmaStep,
  Weight,
  WeightStep,
  Key0,
  Key1,
  Along0,
  Along1,
  Rest0,
  Rest1,
  Flags,
  Inverse,
  Prior,
  Given,
  Rest,
  Degrees = 18,
  Denoising = 20,
  DenoisingStep,
  Fields
}

const enum Flag {
  Denoising = 1,
  Completed = 2,
  Law = 4,
  PerRow = 8,
  Given = 16,
  Same = 32,
  Along = 64
}

const DOUBLE = 8
const ROWS = 64
const TILE = ROWS * DOUBLE
/** Steps that take the caller alone less than this, in rows × operations, a quarter of a millisecond, gain nothing by another thread. */
const WORTH_THREADS = 3e5

/** What a component costs a row in the softmax, in the products' multiplications. */
const COMPONENT = 20

/** Whether a pass over so many rows is worth more than one thread. */
export const worthThreads = ({ rows, dim }: Pick<Rows, 'rows' | 'dim'>, components: number): boolean =>
  rows * components * (dim + COMPONENT) >= WORTH_THREADS
/** Data stay in memory up to this, or as long as they are the last that were used. */
const KEPT = Elementary.powerOfTwo(28)
/** Data larger than this are copied in by segments at each step. */
const MOST = 3 * Elementary.powerOfTwo(30)
const SEGMENT = Elementary.powerOfTwo(26)

const even = (n: number): number => n + (n % 2)
const aligned = (address: number): number => Math.ceil(address / 64) * 64

/** Doubles a matrix row takes up, and its columns. */
const padded = (values: Float64Array, rows: number, columns: number, width: number): Float64Array => {
  if (columns === width) return values.subarray(0, rows * columns)
  const out = new Float64Array(rows * width)
  for (let i = 0; i < rows; i++) out.set(values.subarray(i * columns, (i + 1) * columns), i * width)
  return out
}

const times = (a: Float64Array, m: number, b: Float64Array, n: number, dim: number, width: number): Float64Array => {
  const out = new Float64Array(m * width)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let k = 0; k < dim; k++) sum += a[i * dim + k] * b[j * dim + k]
      out[i * width + j] = sum
    }
  return out
}

const quadruple = (values: Float64Array): Float64Array => {
  const out = new Float64Array(values.length * 4)
  for (let at = 0; at < out.length; at++) out[at] = values[at >> 2]
  return out
}

const sameKey = (a: Key.Key | null, b: Key.Key | null): boolean =>
  a === b || (a !== null && b !== null && a.k0 === b.k0 && a.k1 === b.k1)

/** Whether two parts draw the same normals, sign aside. */
const sameDraw = (a: Noise, b: Noise): boolean => {
  if (a._tag === 'Full' && b._tag === 'Full')
    return !(isGiven(a.values) || isGiven(b.values)) && sameKey(a.values, b.values)
  return (
    a._tag === 'Span' &&
    b._tag === 'Span' &&
    sameKey(a.coordinates, b.coordinates) &&
    sameKey(a.along, b.along) &&
    typeof a.rest === typeof b.rest
  )
}

interface Tiles {
  readonly kept: Scratch
  /** Where so many of them, from a row on, begin. */
  readonly places: Map<string, number>
}

interface Resident {
  readonly epoch: number
  readonly tiles: number
  readonly norms: number
  readonly weights: number
}

/** How a pass cuts its rows, in tiles. */
const cut = (rows: number): { readonly tiles: number; readonly strandTiles: number } => ({
  tiles: Math.ceil(rows / ROWS),
  strandTiles: Strands.cut(rows).strandRows / ROWS
})

/** The strands that are asked for. */
interface Asked {
  readonly from: number
  readonly to: number
}

/** Passes on a memory of their own; throws where there is no SIMD. Data over `most` bytes are streamed. */
export const passes = (most = MOST): Passes => {
  const crew: Crew = crewOf({ binary: Embedded.binary, memoryFlags: Embedded.memoryFlags })
  const base = aligned(crew.start)
  let doubles = new Float64Array(crew.memory.buffer)
  let words = new Int32Array(crew.memory.buffer)
  /** Data kept from earlier steps end here; what a step writes begins. */
  let kept = base
  let top = base
  let epoch = 0
  const residents = new WeakMap<object, Resident>()
  const tiled = new WeakMap<Rows, Tiles>()

  /** Reserves bytes at the top, until the step is over. */
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

  const write = (values: Float64Array): number => {
    const at = place(values.byteLength)
    doubles.set(values, at / DOUBLE)
    return at
  }

  const filled = (value: number): number => {
    const at = place(TILE)
    doubles.fill(value, at / DOUBLE, at / DOUBLE + ROWS)
    return at
  }

  /** So many tiles are read at once. */
  const READ = 64

  /** Copies the rows from `first` on to `tiles` tiles. */
  const pack = (
    values: Numbers,
    rows: number,
    dim: number,
    first: number,
    tiles: number,
    to: number,
    norms: number
  ): void => {
    const width = even(dim)
    const staging = place(ROWS * dim * DOUBLE) / DOUBLE
    const read = values instanceof Float64Array ? null : new Float64Array(Math.min(tiles, READ) * ROWS * dim)
    for (let tile = 0; tile < tiles; tile++) {
      const from = first + tile * ROWS
      const count = Math.max(0, Math.min(ROWS, rows - from))
      if (values instanceof Float64Array) doubles.set(values.subarray(from * dim, (from + count) * dim), staging)
      else if (read !== null) {
        if (tile % READ === 0)
          values.read(from, read.subarray(0, Math.max(0, Math.min(read.length, (rows - from) * dim))))
        const at = (tile % READ) * ROWS * dim
        doubles.set(read.subarray(at, at + count * dim), staging)
      }
      if (count < ROWS) doubles.fill(0, staging + count * dim, staging + ROWS * dim)
      crew.exports.pack(staging * DOUBLE, dim, to + tile * TILE * width, width, norms === 0 ? 0 : norms + tile * TILE)
    }
  }

  /** Tiles of data that are not in memory, as the first pass has made them: later ones read them straight into it. */
  const tilesOf = (data: Rows): Tiles => {
    const found = tiled.get(data) ?? { kept: scratch(), places: new Map<string, number>() }
    tiled.set(data, found)
    return found
  }

  const packRows = (data: Rows, first: number, tiles: number): Omit<Resident, 'epoch'> => {
    const { rows, dim, x, weights } = data
    const at = {
      tiles: place(tiles * TILE * even(dim)),
      norms: place(tiles * TILE),
      weights: place(tiles * TILE)
    }
    const whole = [at.tiles / DOUBLE, (at.weights + tiles * TILE) / DOUBLE] as const
    const before = x instanceof Float64Array || data.passing ? null : tilesOf(data)
    const name = `${first} ${tiles}`
    const known = before?.places.get(name)
    if (known !== undefined) {
      before?.kept.read(known, doubles.subarray(...whole))
      return at
    }
    pack(x, rows, dim, first, tiles, at.tiles, at.norms)
    const start = at.weights / DOUBLE
    const count = Math.min(tiles * ROWS, rows - first)
    if (weights === null) doubles.fill(1 / rows, start, start + count)
    else doubles.set(column(weights, first, count), start)
    doubles.fill(0, start + count, start + tiles * ROWS)
    if (before !== null) {
      before.places.set(name, before.kept.length())
      before.kept.write(doubles.subarray(...whole))
    }
    return at
  }

  const packNoise = (values: Numbers, rows: number, dim: number, first: number, tiles: number): number => {
    const at = place(tiles * TILE * even(dim))
    pack(values, rows, dim, first, tiles, at, 0)
    return at
  }

  const bytesOf = (tiles: number, dim: number): number => tiles * TILE * (even(dim) + 2)

  /** What is in memory already, or put there to stay. */
  const resident = (owner: object, copy: () => Omit<Resident, 'epoch'>): Resident => {
    const old = residents.get(owner)
    if (old?.epoch === epoch) return old
    top = kept
    const fresh = { ...copy(), epoch }
    kept = aligned(top)
    residents.set(owner, fresh)
    return fresh
  }

  /** Noise in full. */
  interface Given {
    readonly values: Numbers
    readonly passing?: true | undefined
  }

  interface Segment extends Asked {
    readonly first: number
    readonly tiles: number
    readonly data: Omit<Resident, 'epoch'>
    readonly given: ReadonlyMap<Numbers, number>
  }

  /**
   * All of the data, in memory: to stay, unless they are passing, which lie above what stays until the step is over; null
   * where the engine has no memory for them.
   */
  const inMemory = (
    data: Rows,
    given: ReadonlyArray<Given>,
    needed: number
  ): Pick<Segment, 'data' | 'given'> | null => {
    const { rows, dim } = data
    const { tiles } = cut(rows)
    const owners = [
      ...(data.passing ? [] : [data]),
      ...given.flatMap(({ values, passing }) => (passing ? [] : [values]))
    ]
    const missing = owners.some(owner => residents.get(owner)?.epoch !== epoch)
    if (missing && kept + needed > Math.max(base + needed, KEPT)) {
      epoch++
      kept = base
    }
    const packData = (): Omit<Resident, 'epoch'> => packRows(data, 0, tiles)
    const packGiven = (values: Numbers) => (): Omit<Resident, 'epoch'> => ({
      tiles: packNoise(values, rows, dim, 0, tiles),
      norms: 0,
      weights: 0
    })
    try {
      // What stays is put in place first, and `top` is then where it ends.
      if (!data.passing) resident(data, packData)
      for (const { values, passing } of given) if (!passing) resident(values, packGiven(values))
      top = kept
      return {
        data: data.passing ? packData() : resident(data, packData),
        given: new Map(
          given.map(({ values, passing }) => {
            const pack = packGiven(values)
            return [values, (passing ? pack() : resident(values, pack)).tiles] as const
          })
        )
      }
    } catch (error) {
      if (error instanceof RangeError) return null
      throw error
    }
  }

  /**
   * Calls visit for all strands that are asked for at once where the rows can stay in memory, else for a segment of them at a
   * time, with the space above `top` free for the step.
   */
  const segments = (
    data: Rows,
    given: ReadonlyArray<Given>,
    { from, to }: Asked,
    visit: (segment: Segment) => void
  ): void => {
    const { rows, dim, x } = data
    const { tiles, strandTiles } = cut(rows)
    const needed = bytesOf(tiles, dim) * (1 + given.length)
    const isHere = needed <= most && [x, ...given.map(({ values }) => values)].every(all => all instanceof Float64Array)
    const whole = isHere ? inMemory(data, given, needed) : null
    if (whole !== null) {
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
      return
    }
    const strandBytes = bytesOf(strandTiles, dim) * (1 + given.length)
    const atOnce = Math.max(1, Math.floor(Math.min(SEGMENT, most) / strandBytes))
    for (let strand = from; strand < to; strand += atOnce) {
      const first = strand * strandTiles
      const end = Math.min(to, strand + atOnce)
      const count = Math.min(tiles, end * strandTiles) - first
      top = kept
      const copied = packRows(data, first * ROWS, count)
      visit({
        from: strand,
        to: end,
        first: first * ROWS,
        tiles: count,
        data: copied,
        given: new Map(given.map(({ values }) => [values, packNoise(values, rows, dim, first * ROWS, count)]))
      })
    }
  }

  /** Runs a job, and gives the doubles that its strands sum, strand after strand. */
  const run = (
    name: 'score' | 'pair' | 'expectation',
    { from, to, first, tiles, data }: Segment,
    rows: Pick<Rows, 'rows' | 'dim'>,
    fields: ReadonlyArray<readonly [Job, number]>,
    scratchTiles: number,
    work: number,
    out: (strand: number) => Float64Array,
    width: number
  ): void => {
    const job = place(Job.Fields * 4)
    const stride = aligned(width * DOUBLE)
    const strands = to - from
    const sums = place(strands * stride)
    const bytes = aligned(scratchTiles * TILE)
    const scratch = { at: place(bytes * crew.spaces()), bytes }
    const common: ReadonlyArray<readonly [Job, number]> = [
      [Job.X, data.tiles],
      [Job.Norms, data.norms],
      [Job.Weights, data.weights],
      [Job.Tiles, tiles],
      [Job.StrandTiles, cut(rows.rows).strandTiles],
      [Job.FirstRow, first],
      [Job.Dim, rows.dim],
      [Job.Width, even(rows.dim)],
      [Job.Out, sums],
      [Job.OutStride, stride]
    ]
    for (const [field, value] of [...common, ...fields]) words[job / 4 + field] = value
    crew.run(name, job, strands, scratch, tiles * ROWS * work < WORTH_THREADS)
    for (let strand = 0; strand < strands; strand++) {
      const at = (sums + strand * stride) / DOUBLE
      out(from + strand).set(doubles.subarray(at, at + width))
    }
  }

  /** A sum whose strands are taken a segment at a time. */
  const summed = <A>(
    data: Rows,
    given: ReadonlyArray<Given>,
    width: number,
    visit: (segment: Segment, out: (strand: number) => Float64Array) => void,
    found: (sums: Float64Array) => A
  ): Strands.Sum<A> => ({
    rows: data.rows,
    width,
    strands: (from, to) => {
      const numbers = new Float64Array((to - from) * width)
      segments(data, given, { from, to }, segment => {
        visit(segment, strand => numbers.subarray((strand - from) * width, (strand - from + 1) * width))
      })
      return numbers
    },
    found
  })

  /** Reads sums one after the other: a matrix without the columns that fill up, or lanes joined. */
  const reader = (sums: Float64Array) => {
    let at = 0
    return {
      matrix: (rows: number, columns: number): Float64Array => {
        const width = even(columns)
        const out = new Float64Array(rows * columns)
        for (let i = 0; i < rows; i++) out.set(sums.subarray(at + i * width, at + i * width + columns), i * columns)
        at += rows * width
        return out
      },
      lanes: (count: number): Float64Array => {
        const from = at
        at += 2 * count
        const out = new Float64Array(count)
        for (let k = 0; k < count; k++) out[k] = sums[from + 2 * k] + sums[from + 2 * k + 1]
        return out
      }
    }
  }

  /** A number for each row of a segment as the tiles read it: its address, and bytes from a tile to the next. */
  const perRow = (values: Float64Array, sign: number, { tiles }: Segment): readonly [number, number] => {
    if (values.length === 1) return [filled(sign * values[0]), 0]
    const at = place(tiles * TILE)
    const start = at / DOUBLE
    const count = values.length
    doubles.set(values, start)
    // Rows that fill up have weight 0, and any level that is one.
    doubles.fill(values[0], start + count, start + tiles * ROWS)
    if (sign < 0) for (let i = start; i < start + tiles * ROWS; i++) doubles[i] = -doubles[i]
    return [at, TILE]
  }

  const writePart = (
    at: number,
    part: Part,
    before: Part | undefined,
    { components, logits, variances }: Arrays,
    { rows, dim }: Rows,
    segment: Segment
  ): void => {
    const { noise, completed } = part
    const own = (numbers: Numbers): Float64Array =>
      column(numbers, segment.first, Math.min(segment.tiles * ROWS, rows - segment.first))
    const [weight, alpha, sigma, denoising] = [part.weight, part.alpha, part.sigma, part.denoising].map(own)
    const isPerRow = alpha.length > 1 || sigma.length > 1
    const sign = noise._tag === 'Node' ? 1 : noise.sign
    const [alphaAt, alphaStep] = perRow(alpha, 1, segment)
    const [sigmaAt, sigmaStep] = perRow(sigma, sign, segment)
    const [weightAt, weightStep] = perRow(weight, 1, segment)
    const [denoisingAt, denoisingStep] = perRow(denoising, 1, segment)
    const u = variances.map(v => alpha[0] * alpha[0] * v + sigma[0] * sigma[0])
    const inverse = write(quadruple(u.map(u => 1 / u)))
    const prior = write(
      quadruple(Float64Array.from({ length: components }, (_, k) => logits[k] - (dim / 2) * Elementary.log(u[k])))
    )
    const set = (field: Field, value: number): void => {
      words[at / 4 + field] = value
    }
    const setKey = (field: Field, { k0, k1 }: Key.Key): void => {
      words[at / 4 + field] = k0
      words[at / 4 + field + 1] = k1
    }
    const setNumber = (field: Field, value: number): void => {
      doubles[(at + field * 4) / DOUBLE] = value
    }
    let flags = isPerRow ? Flag.PerRow : 0
    if (denoising.some(share => share !== 0)) flags |= Flag.Denoising
    if (completed) flags |= Flag.Completed
    if (before !== undefined && sameDraw(before.noise, noise)) flags |= Flag.Same
    set(Field.Alpha, alphaAt)
    set(Field.AlphaStep, alphaStep)
    set(Field.Sigma, sigmaAt)
    set(Field.SigmaStep, sigmaStep)
    set(Field.Weight, weightAt)
    set(Field.WeightStep, weightStep)
    set(Field.Denoising, denoisingAt)
    set(Field.DenoisingStep, denoisingStep)
    set(Field.Inverse, inverse)
    set(Field.Prior, prior)
    setNumber(Field.Rest, 0)
    if (noise._tag === 'Full') {
      if (isGiven(noise.values)) {
        flags |= Flag.Given
        set(Field.Given, segment.given.get(noise.values) ?? 0)
      } else setKey(Field.Key0, noise.values)
    } else if (noise._tag === 'Span') {
      setKey(Field.Key0, noise.coordinates)
      if (noise.along !== null) {
        flags |= Flag.Along
        setKey(Field.Along0, noise.along)
      }
      if (typeof noise.rest === 'number') setNumber(Field.Rest, noise.rest)
      else {
        flags |= Flag.Law
        setKey(Field.Rest0, noise.rest.key)
        setNumber(Field.Degrees, noise.rest.degrees)
      }
    }
    set(Field.Flags, flags)
  }

  const scorePass: Passes['scorePass'] = (data, mixture, basis, parts) => {
    const { dim } = data
    const { components: K, logits, variances, free } = mixture
    const { rank, vectors, origin } = basis
    const [width, widthK, widthRank] = [even(dim), even(K), even(rank)]
    const full = parts.some(({ noise }) => noise._tag === 'Full')
    // About the origin of the span: there all centres are in it.
    const centres = full ? mixture.centres : mixture.centres.map((c, at) => c - origin[at % dim])
    const given = new Map(
      parts.flatMap(({ noise }) =>
        noise._tag === 'Full' && isGiven(noise.values)
          ? [[noise.values, { values: noise.values, passing: noise.passing }] as const]
          : []
      )
    )
    const length = 2 + K * width + K * widthRank + K * widthK + 6 * K
    const visit = (segment: Segment, out: (strand: number) => Float64Array): void => {
      const gram = times(centres, K, centres, K, dim, widthK)
      const block = place(parts.length * Field.Fields * 4)
      parts.forEach((part, i) => {
        writePart(block + i * Field.Fields * 4, part, parts[i - 1], mixture, data, segment)
      })
      const perComponent = K + parts.length * (full ? K : K + rank)
      run(
        'score',
        segment,
        data,
        [
          [Job.K, K],
          [Job.WidthK, widthK],
          [Job.Rank, rank],
          [Job.WidthRank, widthRank],
          [Job.Left, write(full ? padded(centres, K, dim, width) : padded(vectors, rank, dim, width))],
          [Job.Origin, full ? 0 : write(padded(origin, 1, dim, width))],
          [Job.BasisGram, write(times(centres, K, vectors, rank, dim, widthRank))],
          [Job.Gram, write(gram)],
          [Job.Lengths, write(quadruple(Float64Array.from({ length: K }, (_, k) => gram[k * widthK + k])))],
          [Job.Variances, write(quadruple(variances))],
          [Job.Logits, write(quadruple(logits))],
          [Job.Parts, block],
          [Job.PartCount, parts.length],
          [Job.Full, full ? 1 : 0],
          [Job.Along, parts.some(({ noise }) => noise._tag === 'Span' && noise.along !== null) ? 1 : 0],
          [Job.Free, free ? 1 : 0]
        ],
        14 + 10 * widthK + (full ? widthK + 4 * width : 5 * widthRank + width),
        dim * K + COMPONENT * perComponent + (full ? parts.length * dim * (K + 10) : 0),
        out,
        length
      )
    }
    return summed(data, [...given.values()], length, visit, sums => {
      const read = reader(sums)
      return assembled(data, { ...mixture, centres }, basis, {
        value: read.lanes(1),
        F: read.matrix(K, dim),
        Fb: read.matrix(K, rank),
        PP: read.matrix(K, K),
        Q: read.lanes(K),
        logits: read.lanes(K),
        variances: read.lanes(K)
      })
    })
  }

  const pairPass: Passes['pairPass'] = (data, { centres }, _, parts) => {
    const { dim } = data
    const mean = centres.subarray(0, dim)
    const nodes = Float64Array.from(
      pairNodes(dim, mean, parts).flatMap(({ weight, alpha, offset, inverse, g, constant, cross, share }) => [
        weight,
        alpha,
        offset,
        inverse,
        g,
        constant,
        cross,
        share
      ])
    )
    const length = 4 + even(dim)
    const visit = (segment: Segment, out: (strand: number) => Float64Array): void => {
      run(
        'pair',
        segment,
        data,
        [
          [Job.Left, write(mean)],
          [Job.Parts, write(nodes)],
          [Job.PartCount, parts.length]
        ],
        4,
        dim + COMPONENT * parts.length,
        out,
        length
      )
    }
    return summed(data, [], length, visit, sums => {
      const read = reader(sums)
      return pairAssembled(mean, { value: read.lanes(1), onMean: read.lanes(1), onData: read.matrix(1, dim) })
    })
  }

  const expectationPass: Passes['expectationPass'] = (data, { components: K, centres, logits, variances }) => {
    const { dim } = data
    const [width, widthK] = [even(dim), even(K)]
    const length = 2 + K * width + 4 * K
    const visit = (segment: Segment, out: (strand: number) => Float64Array): void => {
      const logMass = write(Float64Array.of(logSumExp(logits)))
      const prior = logits.map((logit, k) => logit - (dim / 2) * Elementary.log(2 * Math.PI * variances[k]))
      run(
        'expectation',
        segment,
        data,
        [
          [Job.K, K],
          [Job.WidthK, widthK],
          [Job.Left, write(padded(centres, K, dim, width))],
          [Job.Logits, write(quadruple(prior))],
          [Job.Variances, write(quadruple(variances.map(v => 1 / (2 * v))))],
          [Job.LogMass, logMass]
        ],
        4 + 2 * widthK,
        (dim + COMPONENT) * K,
        out,
        length
      )
    }
    return summed(data, [], length, visit, sums => {
      const read = reader(sums)
      const [value] = read.lanes(1)
      return { value, sums: read.matrix(K, dim), mass: read.lanes(K), scatter: read.lanes(K) }
    })
  }

  return { scorePass, pairPass, expectationPass }
}
