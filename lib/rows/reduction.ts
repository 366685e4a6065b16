/**
 * Sums over rows. Rows are cut into chunks by their number alone; what a chunk sums is its own, and chunks are added from the
 * first on. So a sum has the same bits whoever takes its chunks, and however many at a time: one thread or many, from memory or
 * from a file, in this process or in others.
 */

export interface Cut {
  readonly rows: number
  /** Rows of a chunk, whole sixty-fours; the last has what is left. */
  readonly chunkRows: number
  readonly chunks: number
}

const TILE = 64
/** Chunks have 512 rows at least: the sums of more would be slow to join. */
const MIN_TILES = 8
/** There are 64 of them, until they have 131 072 rows: whoever takes one holds no more than that. */
const MIN_CHUNKS = 64
const MAX_TILES = 2048

/** How rows are cut. */
export const partitionRows = (rows: number): Cut => {
  const chunkRows = TILE * Math.min(MAX_TILES, Math.max(MIN_TILES, Math.ceil(rows / TILE / MIN_CHUNKS)))
  return { rows, chunkRows, chunks: Math.ceil(rows / chunkRows) }
}

/** The rows of chunks [from, to): the first, and how many. */
export const rowsOfChunks = (
  { rows, chunkRows }: Cut,
  from: number,
  to: number
): { readonly first: number; readonly count: number } => {
  const first = Math.min(rows, from * chunkRows)
  return { first, count: Math.min(rows, to * chunkRows) - first }
}

/** A sum over rows: of which data and at which parameters, it knows. Nothing is read before chunks are asked for. */
export interface Reduction<A> {
  readonly rows: number
  /** Numbers that a chunk sums. */
  readonly width: number
  /** What chunks [from, to) sum, `width` numbers each, one chunk after another. */
  readonly chunks: (from: number, to: number) => Float64Array
  /** What the numbers come to, added over all chunks from the first on. It looks at no row. */
  readonly finish: (sums: Float64Array) => A
  /** What may be computed ahead together with that of other sums. */
  readonly prefetch?: ReadonlyArray<Prefetch>
}

/** Chunks that are computed before they are asked for, with others of one kind at a time. */
export interface Prefetch {
  /** The same object of those that go together. */
  readonly kind: object
  readonly compute: (all: ReadonlyArray<Prefetch>) => void
  /** Whether that of so many takes less than each alone, with the beginnings that it costs; so unless said otherwise. */
  readonly isWorth?: (count: number) => boolean
}

/** Adds what chunks have summed, one after another. */
export const addChunkSums = (sums: Float64Array, numbers: Float64Array): void => {
  const width = sums.length
  for (let at = 0; at < numbers.length; at += width) for (let k = 0; k < width; k++) sums[k] += numbers[at + k]
}

/** Chunks are taken so many at a time: what they sum need not be held for all. */
const AT_ONCE = 64

const evaluateHere = <A>({ rows, width, chunks, finish: found }: Reduction<A>): A => {
  const sums = new Float64Array(width)
  const count = partitionRows(rows).chunks
  for (let from = 0; from < count; from += AT_ONCE) addChunkSums(sums, chunks(from, Math.min(count, from + AT_ONCE)))
  return found(sums)
}

/** A computation that is begun again with what it has come to so far: what it has kept, and its sums, in the order in which it asks. */
interface ResumedComputation {
  /** Of how many it is one. */
  readonly count: number
  readonly kept: unknown[]
  readonly sums: unknown[]
  next: { kept: number; sum: number }
  waitsFor: Reduction<unknown> | null
}

/** The one of several that is being computed, if any. */
let resumedComputation: ResumedComputation | null = null

/** Thrown where a computation waits for a sum. */
const WAITS = { waits: true }
/** One that asks for more sums takes the others itself: each costs a new beginning. */
const MOST_SUMS = 4

/** A sum, in this process. */
export const evaluate = <A>(sum: Reduction<A>): A => {
  if (resumedComputation === null) return evaluateHere(sum)
  const at = resumedComputation.next.sum++
  // Its sums are those that it asked for in this order before.
  if (at < resumedComputation.sums.length) return resumedComputation.sums[at] as A
  const { count } = resumedComputation
  if (at >= MOST_SUMS || sum.prefetch?.some(({ isWorth }) => isWorth?.(count) ?? true) !== true) {
    const found = evaluateHere(sum)
    resumedComputation.sums.push(found)
    return found
  }
  resumedComputation.waitsFor = sum
  throw WAITS // oxlint-disable-line @typescript-eslint/only-throw-error -- no error: it has no stack to be told
}

/** What a computation comes to on its way to a sum, and need not compute again when it is begun again; no sum is asked for in it. */
export const memoized = <A>(compute: () => A): A => {
  if (resumedComputation === null) return compute()
  const at = resumedComputation.next.kept++
  if (at >= resumedComputation.kept.length) resumedComputation.kept.push(compute())
  // Its values are those that it kept in this order before.
  return resumedComputation.kept[at] as A
}

const waits = ({ waitsFor }: ResumedComputation): boolean => waitsFor !== null

/** Computes what it can; false where it waits, also where it caught what was thrown and went on without the sum. */
const goesOn = <A>(own: ResumedComputation, compute: () => A, tell: (found: A) => void): boolean => {
  const before = resumedComputation
  resumedComputation = own
  own.next = { kept: 0, sum: 0 }
  own.waitsFor = null
  try {
    const found = compute()
    if (waits(own)) return false
    tell(found)
    return true
  } catch (error) {
    if (error !== WAITS) throw error
    return false
  } finally {
    resumedComputation = before
  }
}

/**
 * Several computations without effects, each with the result that it has alone: they go on side by side from sum to sum, and sums over
 * rows by one program are taken as one. Each is begun again after a sum.
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
        !goesOn(own, compute, found => {
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
    for (const { own } of left) if (own.waitsFor !== null) own.sums.push(evaluateHere(own.waitsFor))
  }
  return results
}

/** What is made of what a sum comes to. */
export const mapReduction =
  <A, B>(f: (a: A) => B) =>
  (sum: Reduction<A>): Reduction<B> => ({ ...sum, finish: sums => f(sum.finish(sums)) })

/** Several sums over the same rows as one. */
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

/** Chunks one by one, each by what sums so many rows from the first on. */
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
