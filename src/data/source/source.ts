/**
 * Rows that need not be in memory: n rows of d finite numbers, read a block at a time, as often as needed. Results have the bits of those
 * of `Points`, for any block length and number of threads.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Key from '../../../lib/random/key.js'
import { assignment } from '../../../lib/arrays/assignment.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import { hasNaN } from '../../../lib/rows/byColumn.js'
import { hashNumbers as bitsOf } from '../../../lib/rows/fingerprint.js'
import { gatherPieces } from '../../../lib/plain/gather.js'
import { mapIterable } from '../../../lib/plain/iterate.js'
import { refuse } from '../../../lib/plain/refuse.js'
import { numberStore, type NumberStore } from '../../../lib/rows/scratch.js'
import * as Stretches from '../../../lib/rows/stretches.js'
import { remembered } from '../../../lib/plain/remembered.js'
import * as Problem from '../../core/problem.js'
import * as Points from '../points.js'
import { pointsHaveMissing, rememberedIfOwned } from '../snapshot.js'

export interface Source extends Stretches.Stretches {
  /** Number ≥ 0 for each row, not all 0. Null: every row counts once. */
  readonly weights: Stretches.Stretches | null
  /** Class of each row, a whole number ≥ 0; −1 for none. Null: no row has one. */
  readonly labels: Stretches.Stretches | null
  /** Partner of each row. Absent: none has one. */
  readonly partner?: Stretches.Stretches
  /** Permutes the partners in each batch. Absent: unchanged. */
  readonly coupling?: Coupling
  /** Σ wᵢ; the number of rows if there are no weights. */
  readonly total: number
  /** Present if some cells are missing, NaN. */
  readonly misses?: true
  /** Draws new rows for a batch. Absent: batches are subsets of the rows. */
  readonly draw?: Draw
  /** Releases the storage of the rows; the source cannot be read any more. */
  readonly close: () => void
}

/** Draws `rows` rows; equal keys give equal rows. */
export type Draw = (rows: number) => (key: Key.Key) => Points.Points

/** Permutation of the partners within each batch. */
export interface Coupling {
  /** Maximum number of rows of a batch. */
  readonly most: number
  /** Permutation: for each row, the index of the row whose partner it receives. The key is that of the batch. */
  readonly places: (points: Points.Points, partners: Points.Points) => (key: Key.Key) => ArrayLike<number>
}

/**
 * Returns the source of the rows of points.
 *
 * @throws RangeError if rows have errors, which only fits in memory support
 */
export const of = (points: Points.Points): Source =>
  points.errors === undefined
    ? sourceOfPoints(points)
    : refuse('Source.of: rows with errors are learned from in memory; give the points themselves')

const sourceOfPoints = (points: Points.Points): Source => ({
  ...Stretches.ofArray(points.values, points.dim),
  rows: points.rows,
  weights: points.weights === undefined ? null : Stretches.ofArray(points.weights, 1),
  labels: points.labels === undefined ? null : Stretches.ofArray(Float64Array.from(points.labels), 1),
  ...(points.partner && { partner: Stretches.ofArray(points.partner, points.dim) }),
  total: Points.totalWeight(points),
  ...(pointsHaveMissing(points) && { misses: true as const }),
  close: () => undefined
})

/**
 * Endless data: a stage with a `batch` draws new rows at every step by `draw` from the step's key, so descent never repeats a row, and is
 * reproducible, also when resumed. Initializers, changes of units, expectation–maximization, and stages without a batch or by epochs use
 * `rows` rows drawn from `key`.
 *
 * @throws RangeError if `draw` does not return the requested number of finite rows, with equal columns each time
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Initializer, Key, Mixture, Objective, Optimizer, Params, Pipeline, Problem, Run } from 'ornstein'
 * import { Schedule, Score, Source, Stage, NoiseLevels } from 'ornstein'
 *
 * const truth = Mixture.symmetricPair([2])
 * const endless = Source.drawn({ rows: 100, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
 * const online = Pipeline.of({
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   initializer: Initializer.values(Params.of({ mean: [1] })),
 *   stages: [
 *     Stage.descend({
 *       objective: Objective.denoising(NoiseLevels.at(0.3)),
 *       optimizer: Optimizer.adam({ rate: 0.02 }),
 *       steps: 500,
 *       batch: 256
 *     })
 *   ]
 * })
 * const { params } = Run.last(Problem.orThrow(Compile.pipeline(online)(endless)))(Key.fromSeed(2))
 * assert.ok(Math.abs(params.mean.values[0] - 2) < 0.1)
 */
export const drawn =
  ({ rows, key }: { readonly rows: number; readonly key: Key.Key }) =>
  (draw: Draw): Source => {
    const first = checkedDraw(draw, rows, key)
    return { ...of(first), draw: rows => key => checkedDraw(draw, rows, key, first.dim) }
  }

const checkedDraw = (draw: Draw, rows: number, key: Key.Key, dim?: number): Points.Points => {
  const points = draw(rows)(key)
  return pipe(
    Points.validate(points),
    Either.filterOrElse(
      points => points.rows === rows && points.dim === (dim ?? points.dim),
      points =>
        Problem.of(
          'draw',
          `${points.rows} × ${points.dim} numbers`,
          `${rows} rows${dim === undefined ? '' : ` of ${dim}`}`,
          'draw as many rows as asked for, of as many columns each time'
        )
    ),
    Either.getOrElseW((problem): never => refuse(`Source.drawn: ${Problem.show(problem)}`))
  )
}

/** Applies `change` to the rows that `draw` returns; empty for a source that draws none. */
const mapDraw = ({ draw }: Source, change: (points: Points.Points) => Points.Points): Pick<Source, 'draw'> =>
  draw === undefined ? {} : { draw: rows => key => change(draw(rows)(key)) }

/** Problems of a source with missing cells for methods that need whole rows. */
export const problems = ({ misses }: Source): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    misses !== true,
    'rows',
    'some with missing cells',
    'whole',
    "leave them out, or learn from them by Fit.mixture({ missing: 'em' }) or ornstein fit --missing em, without a queue"
  )

/** Returns weights that sum to 1: one number for all rows, or one for each. */
export const sourceShares = ({ rows, weights, total }: Source): number | Stretches.Stretches =>
  weights === null ? 1 / rows : Stretches.mapStretches(weights, w => w / total)

/** Returns weights that sum to 1, one for each row; null if there are none. */
export const normalizedRowWeights = (source: Source): Stretches.Stretches | null => {
  const p = sourceShares(source)
  return typeof p === 'number' ? null : p
}

/** Applies `of` to the rows of points or of a source, and their weights p of sum 1. */
const weightedAverages =
  <A>(of: (rows: Stretches.Stretches, p: number | Stretches.Stretches) => A): ((data: Data) => A) =>
  data => {
    const source = asSource(data)
    return of(source, sourceShares(source))
  }

/** Returns the weighted mean of each column, [d]; see `Points.mean`. */
export const mean = weightedAverages(Stretches.columnMeans)

/** Returns the weighted mean of x² of each column, [d]. */
export const meanSquares = weightedAverages((rows, p) => Stretches.weightedColumnSums(rows, p, x => x * x))

/**
 * Returns the weighted variance Σᵢ wᵢ (x_ij − m_j)² / Σ wᵢ of each column, [d]; Infinity beyond 1e154 from the mean, which `standardize`
 * supports.
 */
export const variances = weightedAverages(Stretches.columnVariances)

/** Returns the mean and standard deviation of each column; see `Points.standardize`. */
export const dataScaling = weightedAverages((rows, p): Points.Scaling => {
  const { centre, scale } = Stretches.standardOfColumns(rows, p)
  return { centre, scale }
})

/** max_i |x_ij| of each column. */
export const largestMagnitudes = (data: Data): Float64Array => Stretches.largestByColumn(asSource(data))

/** Replaces each number x of column j by f(x, j). */
export const map =
  (f: (x: number, column: number) => number) =>
  (source: Source): Source => ({
    ...source,
    ...Stretches.mapStretches(source, f),
    ...mapDraw(source, points => ({ ...points, values: points.values.map((x, at) => f(x, at % points.dim)) }))
  })

/** Subtracts a vector from each row. */
export const shiftRows =
  (by: Float64Array) =>
  (source: Source): Source =>
    pipe(
      source,
      map((x, j) => x - by[j])
    )

/** Returns the data in the units of a scaling, z = (x − centre)/scale, with the bits of `standardize` for its scaling. */
export const dataInUnits = (scaling: Points.Scaling): (<D extends Data>(data: D) => D) =>
  onPointsOrSource(
    Points.pointsInUnits(scaling),
    map((x, j) => (x - scaling.centre[j]) / scaling.scale[j])
  )

/** Returns the source in units of its spread; see `Points.standardize`. */
export const standardize = (source: Source): Points.Scaling & { readonly source: Source } => {
  const { centre, scale, of } = Stretches.standardOfColumns(source, sourceShares(source))
  return { source: map(of)(source), centre, scale }
}

/** Returns the rows at these indices, from 0, in memory. */
export const selectedRows =
  (places: ArrayLike<number>) =>
  (data: Data): Points.Points =>
    isSource(data)
      ? {
          rows: places.length,
          dim: data.dim,
          values: Stretches.selected(data, places),
          ...rowAttributes(data, numbers => Stretches.selected(numbers, places))
        }
      : Points.select(places)(data)

const rowAttributes = (
  { weights, labels, partner }: Source,
  of: (numbers: Stretches.Stretches) => Float64Array
): Pick<Points.Points, 'weights' | 'labels' | 'partner'> => ({
  ...(weights !== null && { weights: of(weights) }),
  ...(labels !== null && { labels: Int32Array.from(of(labels)) }),
  ...(partner && { partner: of(partner) })
})

const sourcePart = (source: Source, first: number, rows: number): Points.Points => ({
  rows,
  dim: source.dim,
  values: Stretches.numbersFrom(source, first, rows),
  ...rowAttributes(source, numbers => Stretches.numbersFrom(numbers, first, rows))
})

/** Returns all rows in order, as points of at most `count` rows that are read on demand. */
export const pieces = (source: Source, count?: number): Iterable<Points.Points> =>
  mapIterable(Stretches.blockRanges(source, count), ({ first, count }) => sourcePart(source, first, count))

/** Visits all rows in order, as points of at most `count` rows, whose buffer is reused. */
export const visitRows =
  (visit: (points: Points.Points, first: number) => void, count?: number) =>
  (source: Source): void => {
    Stretches.visitStretches(
      source,
      (values, first, rows) => {
        const also = rowAttributes(source, numbers => Stretches.numbersFrom(numbers, first, rows))
        visit({ rows, dim: source.dim, values, ...also }, first)
      },
      count
    )
  }

/** Stores the rows, so that computed columns are not recomputed at every pass. Closing the result leaves the original open. */
export const storedSource =
  (folder?: string) =>
  (source: Source): Source => ({ ...source, ...Stretches.storedStretches(source, folder) })

/** Reads stored rows. Not an inner function, since its closure would retain a piece as long as the source lives. */
const storedRowReader =
  (place: NumberStore, dim: number): Source['read'] =>
  (first, out) => {
    place.read(first * dim, out)
  }

/** Stores rows outside memory: `add` returns a source of the rows of `before` and of a piece, with its weights and labels. */
export const sourceWriter = (
  folder?: string
): { readonly add: (piece: Points.Points, before: Source | null) => Source; readonly close: () => void } => {
  const places = { values: numberStore(folder), weights: numberStore(folder), labels: numberStore(folder) }
  const close = (): void => {
    Object.values(places).forEach(place => {
      place.close()
    })
  }
  return {
    close,
    add: ({ rows, dim, values, weights, labels }, before) => {
      const all = rows + (before?.rows ?? 0)
      const perRow = (place: NumberStore): Stretches.Stretches => ({ rows: all, dim: 1, read: place.read })
      places.values.write(values)
      if (weights !== undefined) places.weights.write(weights)
      if (labels !== undefined) places.labels.write(Float64Array.from(labels))
      return {
        rows: all,
        dim,
        read: storedRowReader(places.values, dim),
        close,
        weights: weights === undefined ? null : perRow(places.weights),
        labels: labels === undefined ? null : perRow(places.labels),
        // added in the order of `Points`, from the first row on
        total: weights === undefined ? all : weights.reduce((sum, w) => sum + w, before?.total ?? 0),
        ...((before?.misses === true || hasNaN(values)) && { misses: true as const })
      }
    }
  }
}

type KeepRow = (points: Points.Points, row: number) => boolean

const selectRowsWhere =
  (keep: KeepRow) =>
  (points: Points.Points): Points.Points =>
    pipe(points, Points.select(RA.makeBy(points.rows, i => i).filter(i => keep(points, i))))

/** Stores the rows that are kept, at least one. Closing the result leaves the original open. */
const storeRowsWhere =
  (keep: KeepRow) =>
  (source: Source): Source => {
    const { add, close } = sourceWriter()
    const rows = mapIterable(pieces(source), selectRowsWhere(keep))
    const found = gatherPieces<Points.Points, never, Source>(rows, {
      close,
      add: (piece, before) => Either.right(add(piece, before))
    })
    return Either.toUnion(found) ?? refuse('rows: none is to be kept; keep one')
  }

export type Data = Points.Points | Source

/** True for a source, false for points. */
export const isSource = (data: Data): data is Source => 'read' in data

/** Converts data to a source; points are read from memory. */
export const asSource = (data: Data): Source => (isSource(data) ? data : sourceOfPoints(data))

/** Views data as points. For a source only rows and dim are available: its values throw. */
export const pointsView = (data: Data): Points.Points =>
  isSource(data)
    ? {
        rows: data.rows,
        dim: data.dim,
        get values(): never {
          return refuse('values: the rows of a source are not in memory; ask for data, and read them')
        }
      }
    : data

/** Returns a hash of the data, 64 bits in hexadecimal digits; equal for the same rows in memory (see `Points.pointsFingerprint`). */
export const dataFingerprint = (data: Data): string =>
  isSource(data) ? sourceFingerprint(data) : Points.pointsFingerprint(data)

const sourceFingerprint = remembered((data: Source) =>
  bitsOf(Points.fingerprintParts({ ...data, values: data, partner: data.partner ?? null, errors: null }))
)

/** True if all rows are in memory. */
export const isInMemory = (data: Data): data is Points.Points => !isSource(data)

/** Selects columns by index, from 0. */
export const columns =
  (places: ArrayLike<number>) =>
  <D extends Data>(data: D): D => {
    if (isSource(data))
      return {
        ...data,
        ...Stretches.selectColumns(data, places),
        ...(data.partner && { partner: Stretches.selectColumns(data.partner, places) }),
        ...mapDraw(data, columns(places))
      }
    const held = (values: Float64Array): Float64Array =>
      Stretches.numbersFrom(Stretches.selectColumns(Stretches.ofArray(values, data.dim), places), 0, data.rows)
    return {
      ...data,
      dim: places.length,
      values: held(data.values),
      ...(data.partner && { partner: held(data.partner) }),
      ...(data.errors && { errors: selectedErrors(data.errors, data.dim, places) })
    }
  }

/** Rows and columns `places` of each d × d covariance. */
const selectedErrors = (errors: Float64Array, dim: number, places: ArrayLike<number>): Float64Array => {
  const few = places.length
  return new Float64Array((errors.length / (dim * dim)) * few * few).map((_, at) => {
    const row = Math.floor(at / (few * few))
    return errors[(row * dim + places[Math.floor(at / few) % few]) * dim + places[at % few]]
  })
}

const onPointsOrSource =
  (onPoints: (points: Points.Points) => Points.Points, onSource: (source: Source) => Source) =>
  <D extends Data>(data: D): D =>
    (isSource(data) ? onSource(data) : onPoints(data)) as D

/** Rows, and their indices from 0; undefined for new rows. */
interface Batch {
  readonly points: Points.Points
  readonly places: ArrayLike<number> | undefined
}

/** Returns the rows `chosen`; otherwise new rows if the data are drawn, or `size` random rows without repeats. */
export const batch =
  (size: number, chosen?: ArrayLike<number>) =>
  (key: Key.Key) =>
  (data: Data): Batch => {
    const coupled = isSource(data) ? applyCoupling(data.coupling, key) : (points: Points.Points) => points
    if (chosen === undefined && isSource(data) && data.draw !== undefined)
      return { points: coupled(data.draw(size)(key)), places: undefined }
    const places = chosen ?? Key.subset(data.rows, size)(key)
    return { points: coupled(selectedRows(places)(data)), places }
  }

const applyCoupling =
  (coupling: Coupling | undefined, key: Key.Key) =>
  (points: Points.Points): Points.Points => {
    const partners = Points.partners(points)
    if (coupling === undefined || partners === null) return points
    const places = coupling.places(points, partners)(pipe(key, Key.named('coupling')).coupling)
    return { ...points, partner: Points.select(places)(partners).values }
  }

/**
 * Optimal transport coupling within a batch: the permutation of partners that minimizes Σ|xᵢ − yᵢ|², exactly (Tong et al. 2023, arXiv
 * 2302.00482). At most 2048 rows, which take some seconds.
 */
export const optimalTransport: Coupling = {
  most: 2048,
  places: (points, partners) => () => {
    const { rows, dim } = points
    const values = new Float64Array(rows * rows).map((_, at) => {
      const i = Math.floor(at / rows)
      const j = at % rows
      return points.values
        .subarray(i * dim, (i + 1) * dim)
        .reduce((sum, x, k) => sum + Elementary.square(x - partners.values[j * dim + k]), 0)
    })
    return assignment({ shape: [rows, rows], values })
  }
}

/**
 * Paired data whose batches are coupled: rows of a batch exchange partners, as a function of the batch's key. Supports batches by subset,
 * by epochs, and new rows of `drawn`; stages without a batch are a problem.
 *
 * @throws RangeError if the data have no partners
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key, Source } from 'ornstein'
 *
 * const points = { rows: 2, dim: 1, values: Float64Array.of(0, 10), partner: Float64Array.of(9, 1) }
 * const coupled = Source.coupled(Source.optimalTransport)(points)
 * const { values, partner = [] } = Source.batch(2)(Key.fromSeed(1))(coupled).points
 * assert.deepEqual([...partner].map((y, i) => Math.abs(y - values[i])), [1, 1])
 */
export const coupled =
  (coupling: Coupling) =>
  (data: Data): Source =>
    data.partner === undefined
      ? refuse('Source.coupled: rows without partners; give Points.paired')
      : { ...asSource(data), coupling }

/** True if a batch can have `size` rows: at most all, or any number of drawn rows. */
export const hasBatch = (size: number, data: Data): boolean =>
  size <= data.rows || (isSource(data) && data.draw !== undefined)

/** Problem of a batch that has more rows than the data's coupling supports; `size` null is all rows. */
export const couplingProblems = (size: number | null, data: Data): ReadonlyArray<Problem.Problem> => {
  const most = isSource(data) && data.coupling !== undefined ? data.coupling.most : Infinity
  return Problem.unless(
    most === Infinity || (size !== null && size <= most),
    'batch',
    size === null ? `all ${data.rows} rows` : size,
    `at most ${most} rows of data that are coupled batch by batch`,
    size === null ? 'give the stage a batch' : 'give a smaller one'
  )
}

/** Returns the data in the original units, centre + scale · z. */
export const dataInOriginalUnits = (scaling: Points.Scaling): (<D extends Data>(data: D) => D) =>
  onPointsOrSource(
    Points.unstandardize(scaling),
    map((z, j) => scaling.centre[j] + scaling.scale[j] * z)
  )

/** Returns points unchanged, or a source stored until it is closed (see `storedSource`). */
export const storedData = (data: Data): { readonly points: Data; readonly close: () => void } => {
  if (!isSource(data)) return { points: data, close: () => undefined }
  const points = storedSource()(data)
  return { points, close: points.close }
}

/** Returns the rows for which `keep` is true, at least one; those of a source are stored until `close`. */
export const filterRows =
  (keep: KeepRow) =>
  (data: Data): { readonly points: Data; readonly close: () => void } => {
    if (!isSource(data)) return { points: selectRowsWhere(keep)(data), close: () => undefined }
    const points = storeRowsWhere(keep)(data)
    return { points, close: points.close }
  }

const hasObservedCell: KeepRow = ({ dim, values }, row) =>
  values.subarray(row * dim, (row + 1) * dim).some(x => !Number.isNaN(x))

/** True if a row has a weight other than 0 and an observed cell; without one its density is 1 under every mixture. */
export const rowCounts: KeepRow = (points, row) => points.weights?.[row] !== 0 && hasObservedCell(points, row)

const countRowsOfPoints = (points: Points.Points): number =>
  RA.makeBy(points.rows, i => i).reduce((count, row) => (rowCounts(points, row) ? count + 1 : count), 0)

const countRowsOfSource = (source: Source): number => {
  if (source.misses !== true && (source.weights === null || !Stretches.includesNumber(source.weights, 0)))
    return source.rows
  return Array.from(mapIterable(pieces(source), countRowsOfPoints)).reduce((sum, count) => sum + count, 0)
}

/** Caches a function for sources only, since a pass over their rows takes time. */
export const memoizedForSources = <A>(compute: (data: Data) => A): ((data: Data) => A) => {
  const known = remembered(compute)
  return data => (isSource(data) ? known(data) : compute(data))
}

const cachedCountOfPoints = rememberedIfOwned(points => countRowsOfSource(sourceOfPoints(points)))
const cachedCountOfSource = remembered(countRowsOfSource)

/** Returns the number of rows that have a positive weight and an observed cell. */
export const countedRows = (data: Data): number =>
  isSource(data) ? cachedCountOfSource(data) : cachedCountOfPoints(data)

/** Returns the rows that have a positive weight and an observed cell; the data themselves if all do. */
export const onlyCountedRows = onPointsOrSource(
  points => (countedRows(points) < points.rows ? selectRowsWhere(rowCounts)(points) : points),
  source => {
    const count = countedRows(source)
    if (count === source.rows) return source
    // a store needs at least one row
    const left = count === 0 ? sourceOfPoints(selectedRows([])(source)) : storeRowsWhere(rowCounts)(source)
    return {
      ...left,
      close: () => {
        left.close()
        source.close()
      }
    }
  }
)

/** Σ wᵢ of points or a source. */
export const sumOfWeights = (data: Data): number => (isSource(data) ? data.total : Points.totalWeight(data))
