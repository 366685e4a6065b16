/**
 * Reductions over rows. Rows are partitioned into chunks by their number alone, chunks are summed separately, and their sums are added in
 * order, so bits are equal for any number of threads or processes, and for rows in memory or in a file.
 */

export interface RowPartition {
  readonly rows: number
  /** Rows of each chunk but the last, a multiple of 64. */
  readonly chunkRows: number
  readonly chunks: number
}

const TILE_ROWS = 64
/** Minimum number of tiles of 64 rows in a chunk. */
const MIN_CHUNK_TILES = 8
/** Number of chunks, unless their size would be out of its bounds. */
const TARGET_CHUNKS = 64
/** Maximum number of tiles of 64 rows in a chunk, which bounds the memory of a worker. */
const MAX_CHUNK_TILES = 2048

/** Partition of rows into chunks, by their number alone. */
export const partitionRows = (rows: number): RowPartition => {
  const chunkRows =
    TILE_ROWS * Math.min(MAX_CHUNK_TILES, Math.max(MIN_CHUNK_TILES, Math.ceil(rows / TILE_ROWS / TARGET_CHUNKS)))
  return { rows, chunkRows, chunks: Math.ceil(rows / chunkRows) }
}

/** First row and number of rows of chunks [from, to). */
export const rowsOfChunks = (
  { rows, chunkRows }: RowPartition,
  from: number,
  to: number
): { readonly first: number; readonly count: number } => {
  const first = Math.min(rows, from * chunkRows)
  return { first, count: Math.min(rows, to * chunkRows) - first }
}

/** A sum over rows with fixed data and parameters. No row is read before `chunks` is called. */
export interface Reduction<A> {
  readonly rows: number
  /** Number of sums. */
  readonly width: number
  /** Returns the sums of chunks [from, to), `width` numbers each. */
  readonly chunks: (from: number, to: number) => Float64Array
  /** Returns the result from the sums over all chunks, without reading rows. */
  readonly finish: (sums: Float64Array) => A
  /** Work that may be done ahead of `chunks`, together with that of other reductions. */
  readonly prefetch?: ReadonlyArray<Prefetch>
}

/** Chunks that are computed before they are requested. */
export interface Prefetch {
  /** Prefetches with the same object are computed together. */
  readonly kind: object
  /** Computes these prefetches, all of this kind. */
  readonly compute: (all: ReadonlyArray<Prefetch>) => void
  /** True if `count` of them take less time together than separately, although each computation is then re-run. Default: true. */
  readonly isWorth?: (count: number) => boolean
}

/** Adds the sums of each chunk, one after another in `numbers`, to `sums`. */
export const addChunkSums = (sums: Float64Array, numbers: Float64Array): void => {
  const width = sums.length
  for (let at = 0; at < numbers.length; at += width) for (let k = 0; k < width; k++) sums[k] += numbers[at + k]
}

/** Number of chunks whose sums are held at a time. */
const CHUNKS_AT_ONCE = 64

const evaluateNow = <A>({ rows, width, chunks, finish: found }: Reduction<A>): A => {
  const sums = new Float64Array(width)
  const count = partitionRows(rows).chunks
  for (let from = 0; from < count; from += CHUNKS_AT_ONCE)
    addChunkSums(sums, chunks(from, Math.min(count, from + CHUNKS_AT_ONCE)))
  return found(sums)
}

/** A computation of `evaluateBatched`. Each run replays the results of earlier runs in the order of its calls. */
interface ResumedComputation {
  /** Number of computations in the batch. */
  readonly count: number
  /** Results of `memoized` and of `evaluate` in earlier runs. */
  readonly kept: unknown[]
  readonly sums: unknown[]
  /** Index of the next call of each in the current run. */
  next: { kept: number; sum: number }
  /** Reduction at which the current run stopped. */
  waitsFor: Reduction<unknown> | null
}

/** The running computation of a batch; null outside `evaluateBatched`. */
let resumedComputation: ResumedComputation | null = null

/** Thrown by `evaluate` to stop a computation until its reduction has been evaluated. */
const SUSPENDED = { isSuspended: true }
/** Maximum number of re-runs of a computation, which evaluates further reductions itself. */
const MAX_RERUNS = 4

/**
 * Evaluates a reduction in this process. Inside `evaluateBatched` it may throw, and its caller is then re-run from the beginning with the
 * result (as by React's Suspense), so a caller must not have side effects or catch what it throws.
 */
export const evaluate = <A>(sum: Reduction<A>): A => {
  if (resumedComputation === null) return evaluateNow(sum)
  const at = resumedComputation.next.sum++
  // Replayed in the order of the calls, so of the type of this call.
  if (at < resumedComputation.sums.length) return resumedComputation.sums[at] as A
  const { count } = resumedComputation
  if (at >= MAX_RERUNS || sum.prefetch?.some(({ isWorth }) => isWorth?.(count) ?? true) !== true) {
    const found = evaluateNow(sum)
    resumedComputation.sums.push(found)
    return found
  }
  resumedComputation.waitsFor = sum
  throw SUSPENDED // oxlint-disable-line @typescript-eslint/only-throw-error -- not an error: nobody reads its stack
}

/** Result of `compute`, kept if the surrounding computation of `evaluateBatched` is re-run. `compute` must not evaluate reductions. */
export const memoized = <A>(compute: () => A): A => {
  if (resumedComputation === null) return compute()
  const at = resumedComputation.next.kept++
  if (at >= resumedComputation.kept.length) resumedComputation.kept.push(compute())
  return resumedComputation.kept[at] as A
}

const isSuspended = ({ waitsFor }: ResumedComputation): boolean => waitsFor !== null

/** Runs a computation and passes on its result; returns false if it stopped at a reduction, even if it caught that error. */
const runComputation = <A>(own: ResumedComputation, compute: () => A, onResult: (result: A) => void): boolean => {
  const before = resumedComputation
  resumedComputation = own
  own.next = { kept: 0, sum: 0 }
  own.waitsFor = null
  try {
    const found = compute()
    if (isSuspended(own)) return false
    onResult(found)
    return true
  } catch (error) {
    if (error !== SUSPENDED) throw error
    return false
  } finally {
    resumedComputation = before
  }
}

/**
 * Results of several computations without side effects. Each runs until its next reduction; these are evaluated, those of one program
 * together; then each is re-run from its beginning with the results.
 */
export const evaluateBatched = <A>(computations: ReadonlyArray<() => A>): ReadonlyArray<A> => {
  const results = new Array<A>(computations.length)
  let left = computations.map((compute, i) => ({
    i,
    compute,
    own: {
      count: computations.length,
      kept: [],
      sums: [],
      next: { kept: 0, sum: 0 },
      waitsFor: null
    } as ResumedComputation
  }))
  while (left.length > 0) {
    left = left.filter(
      ({ i, own, compute }) =>
        !runComputation(own, compute, found => {
          results[i] = found
        })
    )
    const kinds = new Map<object, Prefetch[]>()
    for (const { own } of left)
      for (const ahead of own.waitsFor?.prefetch ?? []) {
        const found = kinds.get(ahead.kind)
        if (found === undefined) kinds.set(ahead.kind, [ahead])
        else found.push(ahead)
      }
    for (const all of kinds.values()) if (all.length > 1) all[0].compute(all)
    for (const { own } of left) if (own.waitsFor !== null) own.sums.push(evaluateNow(own.waitsFor))
  }
  return results
}

/** Maps the result of a reduction. */
export const mapReduction =
  <A, B>(f: (a: A) => B) =>
  (sum: Reduction<A>): Reduction<B> => ({ ...sum, finish: sums => f(sum.finish(sums)) })

/** Joins several reductions over the same rows into one. */
export const all = <A>(rows: number, sums: ReadonlyArray<Reduction<A>>): Reduction<ReadonlyArray<A>> => {
  const width = sums.reduce((total, one) => total + one.width, 0)
  const places = sums.map((_, i) => sums.slice(0, i).reduce((at, one) => at + one.width, 0))
  const ahead = sums.flatMap(one => one.prefetch ?? [])
  return {
    rows,
    width,
    ...(ahead.length > 0 && { prefetch: ahead }),
    chunks: (from, to) => {
      const numbers = new Float64Array((to - from) * width)
      sums.forEach((one, i) => {
        const own = one.chunks(from, to)
        for (let s = 0; s < to - from; s++)
          numbers.set(own.subarray(s * one.width, (s + 1) * one.width), s * width + places[i])
      })
      return numbers
    },
    finish: numbers => sums.map((one, i) => one.finish(numbers.subarray(places[i], places[i] + one.width)))
  }
}

/** `chunks` of a reduction, given a function that adds the sums of rows first, …, first + count − 1 to `into`. */
export const chunksByRow =
  (
    rows: number,
    width: number,
    sum: (first: number, count: number, into: Float64Array) => void
  ): Reduction<unknown>['chunks'] =>
  (from, to) => {
    const own = partitionRows(rows)
    const numbers = new Float64Array((to - from) * width)
    for (let s = from; s < to; s++) {
      const { first, count } = rowsOfChunks(own, s, s + 1)
      sum(first, count, numbers.subarray((s - from) * width, (s - from + 1) * width))
    }
    return numbers
  }
