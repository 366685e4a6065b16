/** The passes of pass.ts in WebAssembly SIMD (assembly/), by threads where that pays: a step writes parameters and levels, and reads sums. */
import * as Elementary from '../../../lib/elementary.js'
import { crew as crewOf } from '../../../lib/simd/crew.js'
import type * as Key from '../../../lib/key.js'
import type * as Strands from '../../../lib/strands.js'
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
import { aligned, cut, DOUBLE, even, ROWS, TILE, tilesIn, type Given, type Segment, type Tiles } from './tiles.js'

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

/** Steps that take the caller alone less than this, in rows × operations, a quarter of a millisecond, gain nothing by another thread. */
const WORTH_THREADS = 3e5

/** What a component costs a row in the softmax, in the products' multiplications. */
const COMPONENT = 20

/** Whether a pass over so many rows is worth more than one thread. */
export const worthThreads = ({ rows, dim }: Pick<Rows, 'rows' | 'dim'>, components: number): boolean =>
  rows * components * (dim + COMPONENT) >= WORTH_THREADS
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

// —— a job ——

type Fields = ReadonlyArray<readonly [Job, number]>

/** A pass over the rows: its kernel, what its strands sum, the tiles of scratch space that one needs, operations a row. */
interface Pass {
  readonly name: 'score' | 'pair' | 'expectation'
  readonly width: number
  readonly scratchTiles: number
  readonly work: number
}

/** Runs a job on a segment, and hands on the doubles that each of its strands sums. */
const run = (
  tiles: Tiles,
  { name, width, scratchTiles, work }: Pass,
  segment: Segment,
  { rows, dim }: Rows,
  fields: Fields,
  visit: (strand: number, sums: Float64Array) => void
): void => {
  const { crew, place } = tiles
  const { from, to, data } = segment
  const job = place(Job.Fields * 4)
  const stride = aligned(width * DOUBLE)
  const sums = place((to - from) * stride)
  const bytes = aligned(scratchTiles * TILE)
  const scratch = { at: place(bytes * crew.spaces()), bytes }
  const common: Fields = [
    [Job.X, data.tiles],
    [Job.Norms, data.norms],
    [Job.Weights, data.weights],
    [Job.Tiles, segment.tiles],
    [Job.StrandTiles, cut(rows).strandTiles],
    [Job.FirstRow, segment.first],
    [Job.Dim, dim],
    [Job.Width, even(dim)],
    [Job.Out, sums],
    [Job.OutStride, stride]
  ]
  const words = tiles.words()
  for (const [field, value] of [...common, ...fields]) words[job / 4 + field] = value
  crew.run(name, job, to - from, scratch, segment.tiles * ROWS * work < WORTH_THREADS)
  for (let strand = from; strand < to; strand++) {
    const at = (sums + (strand - from) * stride) / DOUBLE
    visit(strand, tiles.doubles().subarray(at, at + width))
  }
}

/** A sum whose strands are taken a segment at a time, each with the fields that are written for it. */
const summed = <A>(
  tiles: Tiles,
  pass: Pass,
  data: Rows,
  given: ReadonlyArray<Given>,
  fieldsOf: (segment: Segment) => Fields,
  found: (read: Reader) => A
): Strands.Sum<A> => ({
  rows: data.rows,
  width: pass.width,
  strands: (from, to) => {
    const numbers = new Float64Array((to - from) * pass.width)
    tiles.segments(data, given, { from, to }, segment => {
      run(tiles, pass, segment, data, fieldsOf(segment), (strand, sums) => {
        numbers.set(sums, (strand - from) * pass.width)
      })
    })
    return numbers
  },
  found: sums => found(reader(sums))
})

/** Reads sums one after the other. */
interface Reader {
  /** Without the columns that fill up. */
  readonly matrix: (rows: number, columns: number) => Float64Array
  /** Lanes joined. */
  readonly lanes: (count: number) => Float64Array
}

const reader = (sums: Float64Array): Reader => {
  let at = 0
  return {
    matrix: (rows, columns) => {
      const width = even(columns)
      const out = new Float64Array(rows * columns)
      for (let i = 0; i < rows; i++) out.set(sums.subarray(at + i * width, at + i * width + columns), i * columns)
      at += rows * width
      return out
    },
    lanes: count => {
      const from = at
      at += 2 * count
      const out = new Float64Array(count)
      for (let k = 0; k < count; k++) out[k] = sums[from + 2 * k] + sums[from + 2 * k + 1]
      return out
    }
  }
}

// —— parts of a score ——

/** A number for each row of a segment as the tiles read it: its address, and bytes from a tile to the next. */
const perRow = (memory: Tiles, values: Float64Array, sign: number, { tiles }: Segment): readonly [number, number] => {
  const isOne = values.length === 1
  const length = isOne ? ROWS : tiles * ROWS
  const at = memory.place(length * DOUBLE)
  const start = at / DOUBLE
  const doubles = memory.doubles()
  // Rows that fill up have weight 0, and any level that is one.
  doubles.fill(values[0], start, start + length)
  doubles.set(values, start)
  if (sign < 0) for (let i = start; i < start + length; i++) doubles[i] = -doubles[i]
  return [at, isOne ? 0 : TILE]
}

/** Writes a part to its block, and what it points to. */
const writePart = (
  memory: Tiles,
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
  const set = (field: Field, value: number): void => {
    memory.words()[at / 4 + field] = value
  }
  const setPair = (field: Field, [first, second]: readonly [number, number]): void => {
    const words = memory.words()
    words[at / 4 + field] = first
    words[at / 4 + field + 1] = second
  }
  const setKey = (field: Field, { k0, k1 }: Key.Key): void => {
    setPair(field, [k0, k1])
  }
  const setNumber = (field: Field, value: number): void => {
    memory.doubles()[(at + field * 4) / DOUBLE] = value
  }
  setPair(Field.Alpha, perRow(memory, alpha, 1, segment))
  setPair(Field.Sigma, perRow(memory, sigma, noise._tag === 'Node' ? 1 : noise.sign, segment))
  setPair(Field.Weight, perRow(memory, weight, 1, segment))
  setPair(Field.Denoising, perRow(memory, denoising, 1, segment))
  const u = variances.map(v => alpha[0] * alpha[0] * v + sigma[0] * sigma[0])
  const prior = Float64Array.from({ length: components }, (_, k) => logits[k] - (dim / 2) * Elementary.log(u[k]))
  set(Field.Inverse, memory.write(quadruple(u.map(u => 1 / u))))
  set(Field.Prior, memory.write(quadruple(prior)))
  let flags = alpha.length > 1 || sigma.length > 1 ? Flag.PerRow : 0
  if (denoising.some(share => share !== 0)) flags |= Flag.Denoising
  if (completed) flags |= Flag.Completed
  if (before !== undefined && sameDraw(before.noise, noise)) flags |= Flag.Same
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

// —— the passes ——

const scorePass =
  (tiles: Tiles): Passes['scorePass'] =>
  (data, mixture, basis, parts) => {
    const { write } = tiles
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
    const perComponent = K + parts.length * (full ? K : K + rank)
    const pass: Pass = {
      name: 'score',
      width: 2 + K * width + K * widthRank + K * widthK + 6 * K,
      scratchTiles: 13 + 10 * widthK + (full ? widthK + 4 * width : 5 * widthRank + width),
      work: dim * K + COMPONENT * perComponent + (full ? parts.length * dim * (K + 10) : 0)
    }
    const fieldsOf = (segment: Segment): Fields => {
      const gram = times(centres, K, centres, K, dim, widthK)
      const block = tiles.place(parts.length * Field.Fields * 4)
      parts.forEach((part, i) => {
        writePart(tiles, block + i * Field.Fields * 4, part, parts[i - 1], mixture, data, segment)
      })
      return [
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
      ]
    }
    return summed(tiles, pass, data, [...given.values()], fieldsOf, ({ lanes, matrix }) =>
      assembled(data, { ...mixture, centres }, basis, {
        value: lanes(1),
        F: matrix(K, dim),
        Fb: matrix(K, rank),
        PP: matrix(K, K),
        Q: lanes(K),
        logits: lanes(K),
        variances: lanes(K)
      })
    )
  }

const pairPass =
  (tiles: Tiles): Passes['pairPass'] =>
  (data, { centres }, _, parts) => {
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
    const work = dim + COMPONENT * parts.length
    const fieldsOf = (): Fields => [
      [Job.Left, tiles.write(mean)],
      [Job.Parts, tiles.write(nodes)],
      [Job.PartCount, parts.length]
    ]
    return summed(
      tiles,
      { name: 'pair', width: 4 + even(dim), scratchTiles: 4, work },
      data,
      [],
      fieldsOf,
      ({ lanes, matrix }) => pairAssembled(mean, { value: lanes(1), onMean: lanes(1), onData: matrix(1, dim) })
    )
  }

const expectationPass =
  (tiles: Tiles): Passes['expectationPass'] =>
  (data, { components: K, centres, logits, variances }) => {
    const { write } = tiles
    const { dim } = data
    const [width, widthK] = [even(dim), even(K)]
    const pass: Pass = {
      name: 'expectation',
      width: 2 + K * width + 4 * K,
      scratchTiles: 4 + 2 * widthK,
      work: (dim + COMPONENT) * K
    }
    const fieldsOf = (): Fields => {
      const prior = logits.map((logit, k) => logit - (dim / 2) * Elementary.log(2 * Math.PI * variances[k]))
      return [
        [Job.K, K],
        [Job.WidthK, widthK],
        [Job.Left, write(padded(centres, K, dim, width))],
        [Job.Logits, write(quadruple(prior))],
        [Job.Variances, write(quadruple(variances.map(v => 1 / (2 * v))))],
        [Job.LogMass, write(Float64Array.of(logSumExp(logits)))]
      ]
    }
    return summed(tiles, pass, data, [], fieldsOf, ({ lanes, matrix }) => {
      const [value] = lanes(1)
      return { value, sums: matrix(K, dim), mass: lanes(K), scatter: lanes(K) }
    })
  }

/** Passes on a memory of their own; throws where there is no SIMD. Data over `most` bytes are streamed. */
export const passes = (most?: number): Passes => {
  const tiles = tilesIn(crewOf({ binary: Embedded.binary, memoryFlags: Embedded.memoryFlags }), most)
  return { scorePass: scorePass(tiles), pairPass: pairPass(tiles), expectationPass: expectationPass(tiles) }
}
