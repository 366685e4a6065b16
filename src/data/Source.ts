/**
 * Rows that need not be in memory: n rows of d finite numbers, read a stretch at a time, as often as asked. What is computed from
 * a source is, to the bit, what is computed from the same rows as `Points`, however long the stretches and however many threads.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { fingerprint as bitsOf } from '../../lib/fingerprint.js'
import { gathered as gather, gatheredAsync, type Gathering } from '../../lib/gather.js'
import { refuse } from '../../lib/refuse.js'
import { scratch, type Scratch } from '../../lib/scratch.js'
import * as Stretches from '../../lib/stretches.js'
import * as Problem from '../core/Problem.js'
import { fail, numbered, plural } from './parts.js'
import { type CsvOptions, type Table } from './grid.js'
import * as Points from './Points.js'
import { arrowTables, parquetTables, type Slices } from './typed.js'

export interface Source extends Stretches.Stretches {
  /** A number ≥ 0 for each row, not all 0: a row of weight 2 counts as two rows. Null: every row counts once. */
  readonly weights: Stretches.Stretches | null
  /** A whole number ≥ 0 for each row, its class; −1 of a row without one. Null: no row has one. */
  readonly labels: Stretches.Stretches | null
  /** Σ wᵢ; the number of rows where there are no weights. */
  readonly total: number
  /** Gives back what the rows are kept in; the source cannot be read any more. */
  readonly close: () => void
}

/** The rows of points, as a source. */
export const of = (points: Points.Points): Source => ({
  ...Stretches.ofArray(points.values, points.dim),
  rows: points.rows,
  weights: points.weights === undefined ? null : Stretches.ofArray(points.weights, 1),
  labels: points.labels === undefined ? null : Stretches.ofArray(Float64Array.from(points.labels), 1),
  total: Points.totalWeight(points),
  close: () => undefined
})

/** What comes piece after piece, all of one width, with weights all or none, and so with labels. */
const gathering = (folder: string | undefined): Gathering<Points.Points, Problem.Problem, Source> => {
  const places = { values: scratch(folder), weights: scratch(folder), labels: scratch(folder) }
  const close = (): void => {
    Object.values(places).forEach(place => {
      place.close()
    })
  }
  const perRow = (rows: number, place: Scratch): Stretches.Stretches => ({ rows, dim: 1, read: place.read })
  return {
    close,
    add: (piece, before) => {
      const { rows, dim, weights, labels } = piece
      const firstRow = before === null ? 0 : before.rows
      const found = Points.validate(piece)
      const isOdd = (own: unknown, kept: unknown): boolean => before !== null && (own === undefined) !== (kept === null)
      const misfit =
        before !== null && dim !== before.dim
          ? fail(
              'row 1',
              plural(dim, 'number'),
              `${plural(before.dim, 'number')}, as in row 1`,
              'give every row the same length'
            )
          : isOdd(weights, before?.weights)
            ? fail('weights', 'those of some rows', 'those of all', 'give every row a weight, or none')
            : isOdd(labels, before?.labels)
              ? fail('labels', 'those of some rows', 'those of all', 'give every row a label, -1 for none')
              : found
      return pipe(
        misfit,
        Either.mapLeft(numbered(firstRow)),
        Either.map(() => {
          places.values.write(piece.values)
          if (weights !== undefined) places.weights.write(weights)
          if (labels !== undefined) places.labels.write(Float64Array.from(labels))
          const own = {
            dim,
            close,
            read: (first: number, out: Float64Array): void => {
              places.values.read(first * dim, out)
            }
          }
          const total = firstRow + rows
          return {
            ...own,
            rows: total,
            weights: weights === undefined ? null : perRow(total, places.weights),
            labels: labels === undefined ? null : perRow(total, places.labels),
            // as Points adds them up, from the first on
            total: weights === undefined ? total : weights.reduce((sum, w) => sum + w, before?.total ?? 0)
          }
        })
      )
    }
  }
}

const none = Problem.of('rows', 'none', 'at least one row', 'give at least one piece with rows')

/**
 * The rows of all pieces, one after another, kept in a file of doubles that nobody else sees and that is gone with the program (see
 * `lib/scratch`; in a browser, in memory). Pieces may be of any number of rows. What is wrong with a row is said by its number
 * among all, from 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Source } from 'ornstein'
 *
 * const pieces = [
 *   { rows: 2, dim: 1, values: Float64Array.of(1, 2) },
 *   { rows: 1, dim: 1, values: Float64Array.of(6) }
 * ]
 * const source = Source.gathered(pieces)
 * assert.deepEqual(pipe(source, Either.map(Source.mean)), Either.right(Float64Array.of(3)))
 */
export const gathered = (pieces: Iterable<Points.Points>, folder?: string): Either.Either<Problem.Problem, Source> =>
  pipe(gather(pieces, gathering(folder)), Either.flatMap(Either.fromNullable(none)))

/** The same of pieces that come in time, such as those of a file or a network. */
export const gatheredFrom = async (
  pieces: AsyncIterable<Points.Points>,
  folder?: string
): Promise<Either.Either<Problem.Problem, Source>> =>
  pipe(await gatheredAsync(pieces, gathering(folder)), Either.flatMap(Either.fromNullable(none)))

/** A table whose rows are a source, and what was left behind: as `Points.Table` has it of the first of its rows. */
export interface SourceTable extends Pick<Table, 'columns' | 'ignored' | 'doubtful' | 'dropped'> {
  readonly source: Source
}

/**
 * The rows of the parts of a table, such as `Points.csvTables`, `parquetTables` and `arrowTables` give; without holding more than
 * one at a time.
 */
export const fromTables = async (
  tables: AsyncIterable<Either.Either<Problem.Problem, Table>>,
  folder?: string
): Promise<Either.Either<Problem.Problem, SourceTable>> => {
  const rows = gathering(folder)
  return pipe(
    await gatheredAsync(tables, {
      close: rows.close,
      add: (read, before: SourceTable | null) =>
        pipe(
          read,
          Either.flatMap(table =>
            pipe(
              before !== null && table.points.rows === 0
                ? Either.right(before.source)
                : rows.add(table.points, before?.source ?? null),
              Either.map(source => ({
                source,
                columns: table.columns,
                ignored: before?.ignored ?? table.ignored,
                doubtful: before?.doubtful ?? table.doubtful,
                dropped: (before?.dropped ?? 0) + table.dropped
              }))
            )
          )
        )
    }),
    Either.flatMap(Either.fromNullable(none))
  )
}

/**
 * The rows of a CSV table from its bytes, of any length (see `Points.csvTables`).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { Source } from 'ornstein'
 *
 * async function* bytes() {
 *   for (const piece of ['x,y\n1,', '2\n3,4\n']) yield new TextEncoder().encode(piece)
 * }
 * const read = await Source.fromCsv()(bytes())
 * assert.ok(Either.isRight(read))
 * assert.deepEqual(Source.mean(read.right.source), Float64Array.of(2, 3))
 */
export const fromCsv =
  (options: CsvOptions = {}, folder?: string) =>
  async (bytes: AsyncIterable<Uint8Array>): Promise<Either.Either<Problem.Problem, SourceTable>> => {
    // Who reads no text does not load its reader.
    const { csvTables } = await import('./csv.js')
    return fromTables(csvTables(options)(bytes), folder)
  }

/**
 * The rows of a file of Parquet, read a group of rows at a time (see `Points.readParquet`): the file may be larger than memory.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as Either from 'fp-ts/lib/Either.js'
 * import { parquetWriteBuffer } from 'hyparquet-writer'
 * import { Source } from 'ornstein'
 *
 * const file = parquetWriteBuffer({ columnData: [{ name: 'x', data: [1, 2, 6], type: 'DOUBLE' }], rowGroupSize: 2 })
 * const read = await Source.fromParquet()(file)
 * assert.ok(Either.isRight(read))
 * assert.deepEqual(Source.mean(read.right.source), Float64Array.of(3))
 */
export const fromParquet =
  (options: CsvOptions = {}, folder?: string) =>
  (file: Slices): Promise<Either.Either<Problem.Problem, SourceTable>> =>
    fromTables(parquetTables(options)(file), folder)

/** The rows of a file or a stream of Arrow, read a batch at a time (see `Points.readArrow`). */
export const fromArrow =
  (options: CsvOptions = {}, folder?: string) =>
  (bytes: AsyncIterable<Uint8Array>): Promise<Either.Either<Problem.Problem, SourceTable>> =>
    fromTables(arrowTables(options)(bytes), folder)

/** Weights that sum to 1: a number for all rows, or rows of one number. */
export const shares = ({ rows, weights, total }: Source): number | Stretches.Stretches =>
  weights === null ? 1 / rows : Stretches.mapped(weights, w => w / total)

/** The weights scaled to sum 1, as rows of one number; null where every row counts once. */
export const weightsOf = (source: Source): Stretches.Stretches | null => {
  const p = shares(source)
  return typeof p === 'number' ? null : p
}

/** The weighted mean, as `Points.mean` has it. */
export const mean = (source: Source): Float64Array => meanOf(source, shares(source))

const meanOf = (rows: Stretches.Stretches, p: number | Stretches.Stretches): Float64Array => {
  const first = Stretches.average(rows, p)
  const rest = Stretches.average(rows, p, (x, j) => x - first[j])
  return first.map((m, j) => m + rest[j])
}

/** The weighted mean of x² for each column. */
export const meanSquares = (source: Source): Float64Array => Stretches.average(source, shares(source), x => x * x)

/** max_i |x_ij| for each column. */
export const largest: (source: Source) => Float64Array = Stretches.largest

/** The same rows and weights, each number x of column j as f(x, j). */
export const map =
  (f: (x: number, column: number) => number) =>
  (source: Source): Source => ({ ...source, ...Stretches.mapped(source, f) })

/** The rows less a vector. */
export const shifted =
  (by: Float64Array) =>
  (source: Source): Source =>
    pipe(
      source,
      map((x, j) => x - by[j])
    )

/** The source in given units, z = (x − centre)/scale: those of `standardize` bring it there to the bit. */
export const inUnits =
  ({ centre, scale }: Points.Scaling) =>
  (source: Source): Source =>
    pipe(
      source,
      map((x, j) => (x - centre[j]) / scale[j])
    )

/** The source in units of its own spread, as `Points.standardize` has it. */
export const standardize = (source: Source): Points.Scaling & { readonly source: Source } => {
  const p = shares(source)
  const unit = Stretches.largest(source).map(Points.unitOf)
  const inUnits = Stretches.mapped(source, (x, j) => x / unit[j])
  const middle = meanOf(inUnits, p)
  const rest = Stretches.mapped(inUnits, (x, j) => x - middle[j])
  const reach = Stretches.largest(rest).map(Points.unitOf)
  const deviation = Stretches.average(rest, p, (x, j) => (x / reach[j]) * (x / reach[j])).map(Math.sqrt)
  return {
    source: pipe(
      source,
      map((x, j) => {
        const z = (x / unit[j] - middle[j]) / reach[j]
        return deviation[j] === 0 ? z * reach[j] * unit[j] : z / deviation[j]
      })
    ),
    centre: middle.map((m, j) => m * unit[j]),
    scale: deviation.map((s, j) => (s === 0 ? 1 : s * reach[j] * unit[j]))
  }
}

/** The rows at these places, from 0, in memory. */
export const select =
  (places: ArrayLike<number>) =>
  (source: Source): Points.Points => ({
    rows: places.length,
    dim: source.dim,
    values: Stretches.selected(source, places),
    ...(source.weights !== null && { weights: Stretches.selected(source.weights, places) }),
    ...(source.labels !== null && { labels: Int32Array.from(Stretches.selected(source.labels, places)) })
  })

/** Visits all rows in order as points, so many at a time; what is visited is filled anew for the next. */
export const each =
  (visit: (points: Points.Points, first: number) => void, count?: number) =>
  (source: Source): void => {
    Stretches.each(
      source,
      (values, first, rows) => {
        const { dim, weights, labels } = source
        visit(
          {
            rows,
            dim,
            values,
            ...(weights !== null && { weights: Stretches.part(weights, first, rows) }),
            ...(labels !== null && { labels: Int32Array.from(Stretches.part(labels, first, rows)) })
          },
          first
        )
      },
      count
    )
  }

/**
 * The same rows, written down as they are now: what was computed of each is not computed again at every pass. To close them leaves
 * the source open that they came from.
 */
export const kept =
  (folder?: string) =>
  (source: Source): Source => {
    const place = scratch(folder)
    Stretches.each(source, place.write)
    const { dim } = source
    return {
      ...source,
      read: (first, out) => {
        place.read(first * dim, out)
      },
      close: place.close
    }
  }

/** Rows in memory, or not. */
export type Data = Points.Points | Source

/** Whether data are a source. */
export const isSource = (data: Data): data is Source => 'read' in data

/**
 * Either as points. Of a source only rows, dim and what is read are known: whoever looks at its values, which are not in memory, is
 * refused.
 */
export const asPoints = (data: Data): Points.Points =>
  isSource(data)
    ? {
        rows: data.rows,
        dim: data.dim,
        get values(): never {
          return refuse('values: the rows of a source are not in memory; ask for data, and read them')
        }
      }
    : data

/** 64 bits, in hexadecimal digits, that tell the data from others: those of the same rows in memory (see `Points.fingerprint`). */
export const fingerprint = (data: Data): string => {
  if (!isSource(data)) return Points.fingerprint(data)
  const mark = marks.get(data) ?? bitsOf(Points.marked(data.rows, data.dim, data, data.weights, data.labels))
  marks.set(data, mark)
  return mark
}

const marks = new WeakMap<Source, string>()

/** The rows at these places, from 0, of either. */
export const chosen =
  (places: ArrayLike<number>) =>
  (data: Data): Points.Points =>
    isSource(data) ? select(places)(data) : Points.select(places)(data)

/** Σ wᵢ of either. */
export const totalOf = (data: Data): number => (isSource(data) ? data.total : Points.totalWeight(data))

/** The mean of either. */
export const middle = (data: Data): Float64Array => (isSource(data) ? mean(data) : Points.mean(data))
