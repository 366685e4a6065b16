/**
 * Rows that need not be in memory: n rows of d finite numbers, read a stretch at a time, as often as asked. What is computed from
 * a source is, bit for bit, what is computed from the same rows as `Points`, however long the stretches and however many threads.
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
  /** A number ≥ 0 for each row, not all 0: a row of weight 2 counts as two rows. Null: every row counts once. */
  readonly weights: Stretches.Stretches | null
  /** A whole number ≥ 0 for each row, its class; −1 of a row without one. Null: no row has one. */
  readonly labels: Stretches.Stretches | null
  /** A row that belongs to each row. Absent: none does. */
  readonly partner?: Stretches.Stretches
  /** How rows and partners of a batch are joined again. Absent: as they are. */
  readonly coupling?: Coupling
  /** Σ wᵢ; the number of rows where there are no weights. */
  readonly total: number
  /** That some cells are missing, and hold NaN. Absent: all numbers are finite. */
  readonly misses?: true
  /** New rows for a key, for whoever takes a batch. Absent: batches are of the rows that are there. */
  readonly draw?: Draw
  /** Gives back what the rows are kept in; the source cannot be read any more. */
  readonly close: () => void
}

/** So many rows for a key: the same key gives the same rows. */
export type Draw = (rows: number) => (key: Key.Key) => Points.Points

/** Another choice of who is whose partner among the rows of a batch. */
export interface Coupling {
  /** So many rows at most. */
  readonly most: number
  /** For each row the place of the row whose partner becomes its own; a permutation. The key is that of the batch. */
  readonly places: (points: Points.Points, partners: Points.Points) => (key: Key.Key) => ArrayLike<number>
}

/**
 * The rows of points, as a source.
 *
 * @throws RangeError of rows with errors, which are learned from in memory
 */
export const of = (points: Points.Points): Source =>
  points.errors === undefined
    ? sourceOfPoints(points)
    : refuse('Source.of: rows with errors are learned from in memory; give the points themselves')

/** The numbers of points, whatever their errors. */
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
 * Data without end: a stage with a `batch` meets new rows at every step, which `draw` makes from the step's key. So descent is
 * online, never meets a row again, and is the same bit for bit from the same seed, also when a run is resumed. Who needs rows that
 * stay (initializers, a change of units, expectation–maximization, stages without a batch or by epochs) meets the `rows` of `key`.
 *
 * @throws RangeError with the remedy, where what is drawn are not as many finite rows as asked for, of as many columns each time
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

/** What is drawn, where it is what was asked for. */
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

/** How rows that are drawn again change where all rows do. */
const mapDraw = ({ draw }: Source, change: (points: Points.Points) => Points.Points): Pick<Source, 'draw'> =>
  draw === undefined ? {} : { draw: rows => key => change(draw(rows)(key)) }

/** The problems of the numbers of a source for whom asks for whole rows; what else could be was looked at when they came. */
export const problems = ({ misses }: Source): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    misses !== true,
    'rows',
    'some with missing cells',
    'whole',
    "leave them out, or learn from them by Fit.mixture({ missing: 'em' }) or ornstein fit --missing em, without a queue"
  )

/** Weights that sum to 1: a number for all rows, or rows of one number. */
export const sourceShares = ({ rows, weights, total }: Source): number | Stretches.Stretches =>
  weights === null ? 1 / rows : Stretches.mapStretches(weights, w => w / total)

/** The weights scaled to sum 1, as rows of one number; null where every row counts once. */
export const normalizedRowWeights = (source: Source): Stretches.Stretches | null => {
  const p = sourceShares(source)
  return typeof p === 'number' ? null : p
}

/** Σ_i p_i f(x_ij) for each column of either, p the weights that sum to 1. */
const weightedAverages =
  <A>(of: (rows: Stretches.Stretches, p: number | Stretches.Stretches) => A): ((data: Data) => A) =>
  data => {
    const source = asSource(data)
    return of(source, sourceShares(source))
  }

/** The weighted mean of either, as `Points.mean` has it. */
export const mean = weightedAverages(Stretches.columnMeans)

/** The weighted mean of x² for each column. */
export const meanSquares = weightedAverages((rows, p) => Stretches.weightedColumnSums(rows, p, x => x * x))

/**
 * The weighted variance Σᵢ wᵢ (x_ij − m_j)² / Σ wᵢ of each column of either, [d]: the diagonal of the covariance. Infinity where a square
 * overflows, beyond 1e154 from the mean; `standardize` has the scale of such columns too.
 */
export const variances = weightedAverages(Stretches.columnVariances)

/** Mean and standard deviation of each column of either, as `Points.standardize` has them. */
export const dataScaling = weightedAverages((rows, p): Points.Scaling => {
  const { centre, scale } = Stretches.standardOfColumns(rows, p)
  return { centre, scale }
})

/** max_i |x_ij| for each column. */
export const largestMagnitudes = (data: Data): Float64Array => Stretches.largestByColumn(asSource(data))

/** The same rows and weights, each number x of column j as f(x, j). */
export const map =
  (f: (x: number, column: number) => number) =>
  (source: Source): Source => ({
    ...source,
    ...Stretches.mapStretches(source, f),
    ...mapDraw(source, points => ({ ...points, values: points.values.map((x, at) => f(x, at % points.dim)) }))
  })

/** The rows less a vector. */
export const shiftRows =
  (by: Float64Array) =>
  (source: Source): Source =>
    pipe(
      source,
      map((x, j) => x - by[j])
    )

/** Either in given units, z = (x − centre)/scale: those of `standardize` bring it there bit for bit. */
export const dataInUnits = (scaling: Points.Scaling): (<D extends Data>(data: D) => D) =>
  onPointsOrSource(
    Points.pointsInUnits(scaling),
    map((x, j) => (x - scaling.centre[j]) / scaling.scale[j])
  )

/** The source in units of its own spread, as `Points.standardize` has it. */
export const standardize = (source: Source): Points.Scaling & { readonly source: Source } => {
  const { centre, scale, of } = Stretches.standardOfColumns(source, sourceShares(source))
  return { source: map(of)(source), centre, scale }
}

/** The rows at these places, from 0, of either, in memory. */
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

/** What a source carries beside its rows, of some of them. */
const rowAttributes = (
  { weights, labels, partner }: Source,
  of: (numbers: Stretches.Stretches) => Float64Array
): Pick<Points.Points, 'weights' | 'labels' | 'partner'> => ({
  ...(weights !== null && { weights: of(weights) }),
  ...(labels !== null && { labels: Int32Array.from(of(labels)) }),
  ...(partner && { partner: of(partner) })
})

/** So many rows from `first` on, in memory. */
const sourcePart = (source: Source, first: number, rows: number): Points.Points => ({
  rows,
  dim: source.dim,
  values: Stretches.numbersFrom(source, first, rows),
  ...rowAttributes(source, numbers => Stretches.numbersFrom(numbers, first, rows))
})

/** All rows in order, a stretch of them in memory at a time, each read when it is asked for. */
export const pieces = (source: Source, count?: number): Iterable<Points.Points> =>
  mapIterable(Stretches.cuts(source, count), ({ first, count }) => sourcePart(source, first, count))

/** Visits all rows in order as points, so many at a time; what is visited is filled again for the next. */
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

/**
 * The same rows, written down as they are now: what was computed of each is not computed again at every pass. To close them leaves
 * the source open that they came from.
 */
export const storedSource =
  (folder?: string) =>
  (source: Source): Source => ({ ...source, ...Stretches.storedStretches(source, folder) })

/** Reads rows. It stands alone: what it closes over lives as long as the source, and no piece is to. */
const readFromScratch =
  (place: NumberStore, dim: number): Source['read'] =>
  (first, out) => {
    place.read(first * dim, out)
  }

/** Rows written down beside memory: `add` makes a source of those before and a piece with weights and labels where those have any. */
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
        read: readFromScratch(places.values, dim),
        close,
        weights: weights === undefined ? null : perRow(places.weights),
        labels: labels === undefined ? null : perRow(places.labels),
        // as Points adds them up, from the first on
        total: weights === undefined ? all : weights.reduce((sum, w) => sum + w, before?.total ?? 0),
        ...((before?.misses === true || hasNaN(values)) && { misses: true as const })
      }
    }
  }
}

/** Says of a row of points, by its number from 0, whether it is to be kept. */
type KeepRow = (points: Points.Points, row: number) => boolean

/** The rows of points that are to be kept. */
const selectRowsWhere =
  (keep: KeepRow) =>
  (points: Points.Points): Points.Points =>
    pipe(points, Points.select(RA.makeBy(points.rows, i => i).filter(i => keep(points, i))))

/** The same rows of a source, of which there is one, written down beside memory. To close them leaves the source open. */
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

/** Rows in memory, or not. */
export type Data = Points.Points | Source

/** Whether data are a source. */
export const isSource = (data: Data): data is Source => 'read' in data

/** Either as a source: points are one of a single piece, which is read from memory. */
export const asSource = (data: Data): Source => (isSource(data) ? data : sourceOfPoints(data))

/**
 * Either as points. Of a source only rows, dim and what is read are known: whoever looks at its values, which are not in memory, is
 * refused.
 */
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

/** 64 bits, in hexadecimal digits, that tell the data from others: those of the same rows in memory (see `Points.pointsFingerprint`). */
export const dataFingerprint = (data: Data): string =>
  isSource(data) ? sourceFingerprint(data) : Points.pointsFingerprint(data)

const sourceFingerprint = remembered((data: Source) =>
  bitsOf(Points.fingerprintParts(data.rows, data.dim, data, data.weights, data.labels, data.partner ?? null))
)

/** Whether all rows are in memory. */
export const isInMemory = (data: Data): data is Points.Points => !isSource(data)

/** These columns of either, by their places, from 0. */
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

/** Covariances of these columns, of all. */
const selectedErrors = (errors: Float64Array, dim: number, places: ArrayLike<number>): Float64Array => {
  const few = places.length
  return new Float64Array((errors.length / (dim * dim)) * few * few).map((_, at) => {
    const row = Math.floor(at / (few * few))
    return errors[(row * dim + places[Math.floor(at / few) % few]) * dim + places[at % few]]
  })
}

/** What is done to either in its own way gives one of the same kind. */
const onPointsOrSource =
  (onPoints: (points: Points.Points) => Points.Points, onSource: (source: Source) => Source) =>
  <D extends Data>(data: D): D =>
    (isSource(data) ? onSource(data) : onPoints(data)) as D

/** Rows, and their places, from 0; new rows have none. */
interface Batch {
  readonly points: Points.Points
  readonly places: ArrayLike<number> | undefined
}

/** A batch of either: the rows at these places; new ones where rows are drawn; else so many that are there, none twice. */
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

/** Points whose partners are joined again. */
const applyCoupling =
  (coupling: Coupling | undefined, key: Key.Key) =>
  (points: Points.Points): Points.Points => {
    const partners = Points.partners(points)
    if (coupling === undefined || partners === null) return points
    const places = coupling.places(points, partners)(pipe(key, Key.named('coupling')).coupling)
    return { ...points, partner: Points.select(places)(partners).values }
  }

/**
 * The coupling of least transport within a batch: the permutation of partners that makes Σ|xᵢ − yᵢ|² least, exactly (Tong et al. 2023,
 * arXiv 2302.00482, minibatch optimal transport), of at most 2048 rows, for which it takes some seconds.
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
 * Paired data whose batches are coupled before they are used: rows of a batch get each other's partners. It composes with all that draws
 * batches, by subset, by epochs or new ones of `drawn`, and is a function of the batch's key. Stages without a batch are refused.
 *
 * @throws RangeError of data without partners
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

/** Whether a batch of so many rows exists of either. */
export const hasBatch = (size: number, data: Data): boolean =>
  size <= data.rows || (isSource(data) && data.draw !== undefined)

/** The problems of a batch, null of all rows at once, for data whose batches are coupled. */
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

/** Either out of the units of a scaling, centre + scale · z. */
export const dataInOriginalUnits = (scaling: Points.Scaling): (<D extends Data>(data: D) => D) =>
  onPointsOrSource(
    Points.unstandardize(scaling),
    map((z, j) => scaling.centre[j] + scaling.scale[j] * z)
  )

/** Either as it is, a source written down so that what was computed of a row is not computed at every pass; until it is closed. */
export const storedData = (data: Data): { readonly points: Data; readonly close: () => void } => {
  if (!isSource(data)) return { points: data, close: () => undefined }
  const points = storedSource()(data)
  return { points, close: points.close }
}

/** The rows of either for which it holds, of which there is one. */
export const filterRows =
  (keep: KeepRow) =>
  (data: Data): { readonly points: Data; readonly close: () => void } => {
    if (!isSource(data)) return { points: selectRowsWhere(keep)(data), close: () => undefined }
    const points = storeRowsWhere(keep)(data)
    return { points, close: points.close }
  }

/** Whether a row has a cell with a number: one without has density 1 under every mixture. */
const hasCells: KeepRow = ({ dim, values }, row) =>
  values.subarray(row * dim, (row + 1) * dim).some(x => !Number.isNaN(x))

/** Whether a row counts: its weight is other than 0, and it has a cell. */
export const rowCounts: KeepRow = (points, row) => points.weights?.[row] !== 0 && hasCells(points, row)

const countRowsOfPoints = (points: Points.Points): number =>
  RA.makeBy(points.rows, i => i).reduce((count, row) => (rowCounts(points, row) ? count + 1 : count), 0)

const countRowsOfSource = (source: Source): number => {
  if (source.misses !== true && (source.weights === null || !Stretches.includesNumber(source.weights, 0)))
    return source.rows
  return Array.from(mapIterable(pieces(source), countRowsOfPoints)).reduce((sum, count) => sum + count, 0)
}

/** A function of either that remembers what it found of sources, since passes over them take time. */
export const memoizedForSources = <A>(compute: (data: Data) => A): ((data: Data) => A) => {
  const known = remembered(compute)
  return data => (isSource(data) ? known(data) : compute(data))
}

const countedOfPoints = rememberedIfOwned(points => countRowsOfSource(sourceOfPoints(points)))
const countedOfSource = remembered(countRowsOfSource)

/** How many rows of either count. */
export const countedRows = (data: Data): number => (isSource(data) ? countedOfSource(data) : countedOfPoints(data))

/** The rows of either that count, those of weight 0 and those without cells left out; the data themselves where all do. */
export const onlyCountedRows = onPointsOrSource(
  points => (countedRows(points) < points.rows ? selectRowsWhere(rowCounts)(points) : points),
  source => {
    const count = countedRows(source)
    if (count === source.rows) return source
    // Of a source some rows are written down, and none are not.
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

/** Σ wᵢ of either. */
export const sumOfWeights = (data: Data): number => (isSource(data) ? data.total : Points.totalWeight(data))
